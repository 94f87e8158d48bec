#include "cli/cli.h"

#include "geometry/describe.h"

#include <math.h>

typedef struct subject {
    const char *source;
    const hs_layer *layer;
    const hs_description *description;
} subject;

static size_t rows(const subject *of) {
    return hs_layer_rows(of->layer);
}

static size_t columns(const subject *of) {
    return hs_layer_columns(of->layer);
}

static json_t *index_json(const size_t *members, size_t count) {
    json_t *list = json_array();
    for (size_t k = 0; k < count; k++)
        json_array_append_new(list, json_integer((json_int_t)members[k]));
    return list;
}

static json_t *groups_json(const hs_groups *groups) {
    json_t *list = json_array();
    for (size_t k = 0; k < groups->count; k++)
        json_array_append_new(list, index_json(groups->member + groups->start[k],
                                               groups->start[k + 1] - groups->start[k]));
    return list;
}

static json_t *antiparallel_json(const hs_description *description) {
    const hs_groups *groups = &description->antiparallel;
    json_t *list = json_array();
    for (size_t k = 0; k < groups->count; k++) {
        json_t *sides[2] = {json_array(), json_array()};
        for (size_t e = groups->start[k]; e < groups->start[k + 1]; e++)
            json_array_append_new(sides[description->against[groups->member[e]]],
                                  json_integer((json_int_t)groups->member[e]));
        json_array_append_new(list, json_pack("{s:o, s:o}", "rows", sides[0], "against", sides[1]));
    }
    return list;
}

static json_t *duplicates_json(const hs_description *description) {
    const hs_groups *groups = &description->duplicate;
    json_t *list = json_array();
    for (size_t k = 0; k < groups->count; k++)
        json_array_append_new(list, json_pack("{s:o, s:b}", "rows",
                                              index_json(groups->member + groups->start[k],
                                                         groups->start[k + 1] - groups->start[k]),
                                              "same_bias", description->same_bias[k]));
    return list;
}

static json_t *spread_json(hs_spread spread) {
    return json_pack("{s:o, s:o, s:o}", "min", cli_json_number(spread.least), "median",
                     cli_json_number(spread.median), "max", cli_json_number(spread.greatest));
}

static int print_json(const subject *of) {
    const hs_description *found = of->description;
    json_t *zero =
        index_json(found->zero_rows.member, found->zero_rows.start[found->zero_rows.count]);
    return cli_print_json(json_pack(
        "{s:s, s:I, s:I, s:f, s:I, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}",
        "source", of->source, "m", (json_int_t)rows(of), "n", (json_int_t)columns(of), "alpha",
        (double)rows(of) / (double)columns(of), "rank", (json_int_t)found->rank, "frobenius_norm",
        cli_json_number(found->frobenius), "row_norms", spread_json(found->row_norms),
        "largest_singular_value", cli_json_number(found->sigma_greatest), "smallest_singular_value",
        cli_json_number(found->sigma_least), "zero_bias", hs_layer_has_zero_bias(of->layer), "bias",
        spread_json(found->biases), "zero_rows", zero, "parallel", groups_json(&found->parallel),
        "antiparallel", antiparallel_json(found), "duplicates", duplicates_json(found), "theory",
        cli_json_theory(rows(of), columns(of))));
}

/* "0 3 7", cut after a few. */
static void print_members(const size_t *members, size_t count) {
    enum { SHOWN = 12 };
    for (size_t k = 0; k < count && k < SHOWN; k++)
        printf("%s%zu", k > 0 ? " " : "", members[k]);
    if (count > SHOWN)
        printf(" ... (%zu rows)", count);
}

static void print_groups(const char *title, const hs_groups *groups,
                         const hs_description *description) {
    enum { SHOWN = 8 };
    if (groups->count == 0) {
        printf("  %-18s none\n", title);
        return;
    }
    for (size_t k = 0; k < groups->count && k < SHOWN; k++) {
        printf("  %-18s ", k == 0 ? title : "");
        print_members(groups->member + groups->start[k], groups->start[k + 1] - groups->start[k]);
        if (groups == &description->duplicate)
            printf(description->same_bias[k] ? " (equal bias)" : " (different bias)");
        putchar('\n');
    }
    if (groups->count > SHOWN)
        printf("  %-18s and %zu more groups\n", "", groups->count - SHOWN);
}

static void print_theory(double alpha) {
    const hs_theory_line *lines = NULL;
    size_t count = 0;
    bool shown = false;
    hs_theory_lines(&lines, &count);
    printf("\nGaussian layers of this shape, n large: %s\n", hs_theory_prediction(alpha));
    for (size_t k = 0; k < count; k++) {
        if (!shown && alpha <= lines[k].alpha) {
            printf("  %8.4f  <- this layer\n", alpha);
            shown = true;
        }
        printf("  %8.4f  %s (%s)\n", lines[k].alpha, lines[k].title,
               hs_theory_status_name(lines[k].status));
    }
    if (!shown)
        printf("  %8.4f  <- this layer\n", alpha);
}

static void print_text(const subject *of) {
    const hs_description *found = of->description;
    double alpha = (double)rows(of) / (double)columns(of);
    printf("%s: %zu rows (neurons), %zu columns (inputs), alpha = %.4g\n", of->source, rows(of),
           columns(of), alpha);
    printf("  %-18s %zu of %zu, exact\n", "rank", found->rank, columns(of));
    printf("  %-18s %.6g\n", "Frobenius norm", found->frobenius);
    printf("  %-18s min %.6g, median %.6g, max %.6g\n", "row norms", found->row_norms.least,
           found->row_norms.median, found->row_norms.greatest);
    if (isfinite(found->sigma_greatest))
        printf("  %-18s %.6g to %.6g\n", "singular values", found->sigma_least,
               found->sigma_greatest);
    if (hs_layer_has_zero_bias(of->layer))
        printf("  %-18s zero\n", "bias");
    else
        printf("  %-18s min %.6g, median %.6g, max %.6g\n", "bias", found->biases.least,
               found->biases.median, found->biases.greatest);
    print_groups("zero rows", &found->zero_rows, found);
    print_groups("parallel rows", &found->parallel, found);
    print_groups("antiparallel rows", &found->antiparallel, found);
    print_groups("duplicate rows", &found->duplicate, found);
    if (found->zero_rows.count + found->parallel.count + found->antiparallel.count > 0)
        printf("  (rows are counted from 0)\n");
    print_theory(alpha);
}

static int print(const char *source, const hs_layer *layer, bool json, hs_error *error) {
    hs_description description;
    if (hs_describe(layer, &description, error) != HS_OK)
        return cli_fail(error);
    const subject of = {source, layer, &description};
    int code = 0;
    if (json)
        code = print_json(&of);
    else {
        print_text(&of);
        code = cli_finish_output();
    }
    hs_description_clear(&description);
    return code;
}

int cli_info(int argc, char **argv) {
    cli_common common = {0};
    hs_read_options read = {0};
    hs_layer *layer = NULL;
    hs_error error = {0};
    const char *operands[1];
    const cli_option options[] = {CLI_LAYER_OPTIONS(read), {NULL, 0, CLI_FLAG, NULL, NULL, NULL}};
    const cli_command command = {
        .usage = "info LAYER [options]",
        .summary = "Shape, norms, rank and degeneracies of a layer, and where its alpha = m/n "
                   "stands.",
        .options = options,
        .least = 1,
        .most = 1,
    };
    int code = cli_parse(argc, argv, &command, &common, operands);
    if (code >= 0)
        return code;
    if (hs_layer_read(operands[0], &read, &layer, &error) != HS_OK)
        return cli_fail(&error);
    code = print(operands[0], layer, common.json, &error);
    hs_layer_free(layer);
    return code;
}
