/* The results of `theory`, as JSON and as a table. */
#include "cli/theory.h"

#include <math.h>

bool theory_remark(const hs_theory_level *level, char *text, size_t size) {
    text[0] = '\0';
    if (level->effective_level == level->level)
        return false;
    if (isinf(level->chi))
        snprintf(text, size, "the energy is zero up to alpha = 2");
    else if (level->partial)
        snprintf(text, size, "x_0 runs to 0: partially lifted, it equals the full level %zu",
                 level->effective_level);
    else
        snprintf(text, size, "parameters merge: no gain over level %zu", level->effective_level);
    return true;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static json_t *level_object(const hs_theory_level *level) {
    char remark[120];
    bool remarkable = theory_remark(level, remark, sizeof remark);
    json_t *object =
        json_pack("{s:I, s:I, s:b}", "level", (json_int_t)level->level, "effective_level",
                  (json_int_t)level->effective_level, "partial", level->partial);
    json_object_set_new(object, "chi", cli_json_number(level->chi));
    json_object_set_new(object, "q", cli_json_numbers(level->q, level->steps));
    json_object_set_new(object, "x", cli_json_numbers(level->x, level->steps));
    json_object_set_new(object, "d", cli_json_numbers(level->dual, level->steps));
    json_object_set_new(object, "slope", cli_json_number(level->slope));
    json_object_set_new(object, "residual", cli_json_number(level->residual));
    json_object_set_new(object, "remark", remarkable ? json_string(remark) : json_null());
    return object;
}

static json_t *levels_array(const theory_report *report) {
    json_t *array = json_array();
    for (size_t i = 0; i < report->count; i++)
        if (theory_selects(report, report->levels[i].level)) {
            json_t *object = level_object(&report->levels[i]);
            json_object_set_new(object, "alpha_c", cli_json_number(report->levels[i].alpha));
            json_array_append_new(array, object);
        }
    return array;
}

static json_t *full_object(const hs_theory_full *full) {
    if (!full->complete)
        return json_null();
    json_t *object = json_object();
    json_object_set_new(object, "alpha_c", cli_json_number(full->alpha));
    json_object_set_new(object, "error", cli_json_number(full->error));
    json_object_set_new(object, "from_levels", cli_json_number(full->from_levels));
    json_object_set_new(object, "from_continuum", cli_json_number(full->from_continuum));
    return object;
}

static void append_point(json_t *array, const theory_report *report, const theory_point *point) {
    for (size_t i = 0; i < point->count; i++)
        if (theory_selects(report, point->levels[i].level)) {
            json_t *object = level_object(&point->levels[i]);
            json_object_set_new(object, "alpha", cli_json_number(point->alpha));
            json_object_set_new(object, "energy", cli_json_number(point->levels[i].energy));
            json_array_append_new(array, object);
        }
    if (!point->full.complete)
        return;
    json_t *object = json_pack("{s:s}", "level", "full");
    json_object_set_new(object, "alpha", cli_json_number(point->alpha));
    json_object_set_new(object, "energy", cli_json_number(point->full.energy));
    json_object_set_new(object, "error", cli_json_number(point->full.error));
    json_array_append_new(array, object);
}

static json_t *bounds_array(void) {
    const hs_theory_line *lines;
    size_t count;
    hs_theory_lines(&lines, &count);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", lines[i].name, "title",
                                   lines[i].title, "status", hs_theory_status_name(lines[i].status),
                                   "meaning", lines[i].meaning, "source", lines[i].source);
        json_object_set_new(object, "alpha", cli_json_number(lines[i].alpha));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *at_point_object(const hs_theory_at_point *point) {
    json_t *object = json_object();
    json_object_set_new(object, "alpha", cli_json_number(point->alpha));
    json_object_set_new(object, "beta", cli_json_number(point->beta));
    json_object_set_new(object, "q", cli_json_number(point->q));
    json_object_set_new(object, "residual", cli_json_number(point->residual));
    return object;
}

static double probability_bound(const theory_report *report) {
    return fmin(1.0, exp(hs_theory_first_moment_log((size_t)report->m, (size_t)report->n)));
}

static json_t *finite_object(const theory_report *report) {
    json_t *object = json_pack("{s:I}", "n", (json_int_t)report->n);
    json_object_set_new(object, "general_position",
                        cli_json_number(hs_theory_general_position_bound((size_t)report->n)));
    if (report->m == 0)
        return object;
    double log_moment = hs_theory_first_moment_log((size_t)report->m, (size_t)report->n);
    double alpha = (double)report->m / (double)report->n;
    json_object_set_new(object, "m", json_integer((json_int_t)report->m));
    json_object_set_new(object, "alpha", cli_json_number(alpha));
    json_object_set_new(object, "first_moment_log", cli_json_number(log_moment));
    json_object_set_new(object, "probability_bound", cli_json_number(probability_bound(report)));
    json_object_set_new(object, "prediction", json_string(hs_theory_prediction(alpha)));
    return object;
}

json_t *theory_json(const theory_report *report) {
    json_t *document = json_object(), *curve = json_array();
    for (size_t i = 0; i < report->point_count; i++)
        append_point(curve, report, &report->points[i]);
    json_object_set_new(document, "levels", levels_array(report));
    json_object_set_new(document, "full", full_object(&report->full));
    json_object_set_new(document, "curve", curve);
    if (report->wants_bounds) {
        json_object_set_new(document, "bounds", bounds_array());
        json_object_set_new(document, "at_point", at_point_object(&report->at_point));
    }
    if (report->n > 0)
        json_object_set_new(document, "finite", finite_object(report));
    json_object_set_new(document, "interrupted", json_boolean(report->interrupted));
    return document;
}

/* ---- table -------------------------------------------------------------------------------- */

static void print_numbers(const char *name, const double *values, size_t count, int digits) {
    if (count == 0)
        return;
    printf("           %s", name);
    for (size_t i = 0; i < count; i++)
        printf("  %.*f", digits, values[i]);
    putchar('\n');
}

static void print_levels(const theory_report *report) {
    int digits = report->digits;
    printf("%5s  %*s  %*s  %s\n", "level", digits + 3, "alpha_c", digits + 3, "chi", "residual");
    for (size_t i = 0; i < report->count; i++) {
        const hs_theory_level *level = &report->levels[i];
        char remark[120];
        if (!theory_selects(report, level->level))
            continue;
        printf("%5zu  %*.*f  %*.*f  %.1e\n", level->level, digits + 3, digits, level->alpha,
               digits + 3, digits, level->chi, level->residual);
        print_numbers("q", level->q, level->steps, digits);
        print_numbers("x", level->x, level->steps, digits);
        print_numbers("d", level->dual, level->steps, digits);
        if (theory_remark(level, remark, sizeof remark))
            printf("           %s\n", remark);
    }
}

static void print_full(const theory_report *report) {
    const hs_theory_full *full = &report->full;
    int digits = report->digits;
    if (!full->complete)
        return;
    printf("\nlimit of infinitely many levels: alpha_c = %.*f, error at most about %.0e\n", digits,
           full->alpha, full->error);
    printf("    levels 1 to %zu extrapolated   %.*f\n", report->count, digits, full->from_levels);
    printf("    continuous equations solved  %.*f\n", digits, full->from_continuum);
}

static void print_curve(const theory_report *report) {
    int digits = report->digits;
    if (report->point_count == 0)
        return;
    printf("\n%*s  %5s  %*s\n", digits > 6 ? 9 : digits + 3, "alpha", "level", digits + 3,
           "energy");
    for (size_t i = 0; i < report->point_count; i++) {
        const theory_point *point = &report->points[i];
        for (size_t j = 0; j < point->count; j++) {
            char remark[120];
            const hs_theory_level *level = &point->levels[j];
            if (!theory_selects(report, level->level))
                continue;
            theory_remark(level, remark, sizeof remark);
            printf("%9.6g  %5zu  %*.*f%s%s\n", point->alpha, level->level, digits + 3, digits,
                   level->energy, remark[0] != '\0' ? "  " : "", remark);
        }
        if (point->full.complete)
            printf("%9.6g  %5s  %*.*f  error %.0e\n", point->alpha, "full", digits + 3, digits,
                   point->full.energy, point->full.error);
    }
}

static void print_bounds(const theory_report *report) {
    const hs_theory_line *lines;
    size_t count;
    hs_theory_lines(&lines, &count);
    printf("%s%10s  %-10s  %s\n", report->count > 0 ? "\n" : "", "alpha", "status", "line");
    for (size_t i = 0; i < count; i++)
        printf("%10.6f  %-10s  %s: %s\n%24s[%s]\n", lines[i].alpha,
               hs_theory_status_name(lines[i].status), lines[i].title, lines[i].meaning, "",
               lines[i].source);
    printf("\nde Almeida-Thouless point on the line of energy one: alpha %.*f, beta %.*f, q %.*f\n",
           report->digits, report->at_point.alpha, report->digits, report->at_point.beta,
           report->digits, report->at_point.q);
}

static void print_finite(const theory_report *report) {
    if (report->n == 0)
        return;
    printf("\nn = %llu: no layer in general position with m/n <= %.*g is injective\n",
           (unsigned long long)report->n, report->digits,
           hs_theory_general_position_bound((size_t)report->n));
    if (report->m == 0)
        return;
    double log_moment = hs_theory_first_moment_log((size_t)report->m, (size_t)report->n);
    printf("m = %llu, m/n = %.*g: ln E[bad cells] = %.*f, P(not injective) <= %.*g\n",
           (unsigned long long)report->m, report->digits, (double)report->m / (double)report->n,
           report->digits, log_moment, report->digits, probability_bound(report));
}

void theory_print(const theory_report *report) {
    if (report->last > 0)
        print_levels(report);
    print_full(report);
    print_curve(report);
    if (report->wants_bounds)
        print_bounds(report);
    print_finite(report);
    if (report->interrupted)
        printf("\ninterrupted: what was finished is shown\n");
}
