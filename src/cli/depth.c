#include "cli/cli.h"

#include "support/error.h"

#include <stdlib.h>

typedef struct depth_options {
    cli_common common;
    const char *at;
    bool all;
    cli_limits limits;
} depth_options;

static json_t *result_json(const hs_depth_result *result, size_t k, size_t n) {
    json_t *depth = result->complete ? json_integer((json_int_t)result->upper) : json_null();
    json_t *fraction =
        result->complete ? json_real((double)result->upper / (double)k) : json_null();
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:o, s:s}", "depth", depth,
                     "fraction", fraction, "direction", cli_json_numbers(result->direction, n),
                     "direction_points", (json_int_t)result->shown, "depth_lower",
                     (json_int_t)result->lower, "depth_upper", (json_int_t)result->upper, "reason",
                     result->reason, "points", (json_int_t)k, "n", (json_int_t)n, "nodes",
                     (json_int_t)result->nodes, "seconds", cli_json_number(result->seconds),
                     "arithmetic", cli_arithmetic_name(result->arithmetic));
}

static void print_result(const char *name, const hs_depth_result *result, size_t k, size_t n) {
    if (result->complete)
        printf("%s: depth %zu of %zu points (%.4g)\n", name, result->upper, k,
               (double)result->upper / (double)k);
    else
        printf("%s: depth between %zu and %zu of %zu points\n", name, result->lower, result->upper,
               k);
    printf("  because %s\n", result->reason);
    printf("  %llu nodes, %.3f s, %s arithmetic\n", (unsigned long long)result->nodes,
           result->seconds, cli_arithmetic_name(result->arithmetic));
    printf("  %zu points have u.(x - q) >= 0:\n", result->shown);
    cli_print_vector("u", result->direction, n);
}

static int depth_of_one(const char *name, const hs_array *points, const depth_options *options,
                        const hs_settings *settings) {
    hs_error error;
    hs_array q = {0};
    hs_depth_result *result = NULL;
    hs_status status = cli_vector_read(options->at, "at", points->columns, &q, &error);
    if (status == HS_OK) {
        hs_error why;
        status =
            hs_depth(points->data, points->rows, points->columns, q.data, settings, &result, &why);
        if (status != HS_OK)
            hs_fail(&error, status, "%s: %s", name, why.message);
    }
    cli_progress_end(settings->data);
    int code = 0;
    if (status != HS_OK)
        code = cli_fail(&error);
    else if (options->common.json)
        code = cli_print_json(result_json(result, points->rows, points->columns));
    else {
        print_result(name, result, points->rows, points->columns);
        code = cli_finish_output();
    }
    hs_depth_result_free(result);
    hs_array_clear(&q);
    return code;
}

/* ---- every point's own depth ---------------------------------------------------------------- */

typedef struct totals {
    json_t *depths, *lower, *upper;
    size_t undecided;
    uint64_t nodes;
    double seconds;
} totals;

static void add(totals *all, const hs_depth_result *result) {
    json_t *depth = result->complete ? json_integer((json_int_t)result->upper) : json_null();
    json_array_append_new(all->depths, depth);
    json_array_append_new(all->lower, json_integer((json_int_t)result->lower));
    json_array_append_new(all->upper, json_integer((json_int_t)result->upper));
    all->undecided += !result->complete;
    all->nodes += result->nodes;
    all->seconds += result->seconds;
}

static hs_status depths_of_all(const char *name, const hs_array *points, hs_settings settings,
                               totals *all, hs_error *error) {
    size_t k = points->rows, n = points->columns;
    double limit = settings.time_limit;
    for (size_t i = 0; i < k; i++) {
        hs_depth_result *result = NULL;
        char line[80];
        bool late = limit > 0.0 && all->seconds >= limit;
        if (late || cli_interrupted(NULL)) { /* it is one of the points of its halfspaces */
            add(all, &(hs_depth_result){.lower = 1, .upper = k});
            continue;
        }
        if (limit > 0.0)
            settings.time_limit = limit - all->seconds;
        hs_error why;
        hs_status status =
            hs_depth(points->data, k, n, points->data + i * n, &settings, &result, &why);
        if (status != HS_OK)
            return hs_fail(error, status, "%s: point %zu: %s", name, i, why.message);
        add(all, result);
        hs_depth_result_free(result);
        snprintf(line, sizeof line, "depth: point %zu of %zu, %.1f s", i + 1, k, all->seconds);
        cli_progress_show(settings.data, line);
    }
    return HS_OK;
}

static int depth_of_all(const char *name, const hs_array *points, const depth_options *options,
                        const hs_settings *settings) {
    hs_error error;
    totals all = {.depths = json_array(), .lower = json_array(), .upper = json_array()};
    hs_status status = depths_of_all(name, points, *settings, &all, &error);
    cli_progress_end(settings->data);
    if (status == HS_OK && !options->common.json) {
        printf("%s: depths of %zu points in %zu dimensions, %llu nodes, %.3f s\n", name,
               points->rows, points->columns, (unsigned long long)all.nodes, all.seconds);
        for (size_t i = 0; i < points->rows; i++) {
            long long lower = json_integer_value(json_array_get(all.lower, i));
            long long upper = json_integer_value(json_array_get(all.upper, i));
            if (lower == upper)
                printf("  %zu: %lld\n", i, lower);
            else
                printf("  %zu: between %lld and %lld\n", i, lower, upper);
        }
    }
    if (status == HS_OK && options->common.json)
        return cli_print_json(json_pack(
            "{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o}", "depths", all.depths, "depths_lower",
            all.lower, "depths_upper", all.upper, "undecided", (json_int_t)all.undecided, "points",
            (json_int_t)points->rows, "n", (json_int_t)points->columns, "nodes",
            (json_int_t)all.nodes, "seconds", cli_json_number(all.seconds)));
    json_decref(all.depths);
    json_decref(all.lower);
    json_decref(all.upper);
    return status == HS_OK ? cli_finish_output() : cli_fail(&error);
}

static int run(const char *source, const depth_options *options) {
    hs_array points = {0};
    hs_error error;
    cli_progress progress;
    if (hs_array_read(source, &points, &error) != HS_OK)
        return cli_fail(&error);
    if (points.rank == 1) { /* one coordinate each */
        points.rows = points.columns;
        points.columns = 1;
    }
    hs_settings settings = cli_settings(&options->common, &options->limits, &progress);
    if (options->all)
        settings.progress = NULL; /* the points are counted instead */
    int code = options->all ? depth_of_all(source, &points, options, &settings)
                            : depth_of_one(source, &points, options, &settings);
    hs_array_clear(&points);
    return code;
}

int cli_depth(int argc, char **argv) {
    depth_options options = {0};
    const cli_option own[] = {
        {"at", 0, CLI_TEXT, "Q", "the point: comma-separated numbers or a file", &options.at},
        {"all", 0, CLI_FLAG, NULL, "the depth of every point of the file", &options.all},
        CLI_LIMIT_OPTIONS(options.limits, "bounds"),
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        "depth POINTS (--at Q | --all) [options]",
        "Exact halfspace (Tukey) depth: the smallest number of points in a closed halfspace with "
        "Q\n"
        "on its boundary. POINTS is FILE or FILE:NAME, an array of k points in n dimensions.",
        own, 1, 1};
    const char *source = NULL;
    int code = cli_parse(argc, argv, &command, &options.common, &source);
    if (code >= 0)
        return code;
    if ((options.at != NULL) == options.all)
        return cli_usage_error("depth needs either --at Q or --all");
    return run(source, &options);
}
