#include "cli/cli.h"

#include <math.h>
#include <string.h>

typedef struct radius_options {
    cli_common common;
    hs_read_options read;
    const char *domain;
    double tolerance, time_limit;
    uint64_t node_limit;
} radius_options;

static json_t *result_json(const hs_layer *layer, const char *domain,
                           const hs_radius_result *result) {
    size_t n = hs_layer_columns(layer);
    bool known = result->complete && !result->everywhere;
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:f, s:s, s:I, s:I, s:I, s:I, s:o, s:s}",
                     "radius", known ? cli_json_number(result->lower) : json_null(), "lower",
                     cli_json_number(result->lower), "upper", cli_json_number(result->upper), "z",
                     result->z != NULL ? cli_json_numbers(result->z, n) : json_null(), "reason",
                     result->reason, "complete", result->complete, "injective_on_every_ball",
                     result->everywhere, "tolerance", result->tolerance, "domain", domain, "m",
                     (json_int_t)hs_layer_rows(layer), "n", (json_int_t)n, "decisions",
                     (json_int_t)result->decisions, "nodes", (json_int_t)result->nodes, "seconds",
                     cli_json_number(result->seconds), "arithmetic",
                     cli_arithmetic_name(result->arithmetic));
}

static void print_result(const char *name, const hs_layer *layer, const hs_radius_result *result) {
    if (result->everywhere)
        printf("%s: injective on every ball\n", name);
    else if (result->complete)
        printf("%s: critical radius %.15g\n", name, result->lower);
    else if (isfinite(result->upper))
        printf("%s: critical radius between %.15g and %.15g\n", name, result->lower, result->upper);
    else
        printf("%s: critical radius at least %.15g\n", name, result->lower);
    printf("  because %s\n", result->reason);
    if (!result->everywhere)
        printf("  injective up to %.17g, not beyond %.17g\n", result->lower, result->upper);
    printf("  %llu decisions, %llu nodes, %.3f s, %s arithmetic, relative tolerance %g\n",
           (unsigned long long)result->decisions, (unsigned long long)result->nodes,
           result->seconds, cli_arithmetic_name(result->arithmetic), result->tolerance);
    if (result->z != NULL) {
        printf("  a point of that norm whose active rows do not span:\n");
        cli_print_vector("z", result->z, hs_layer_columns(layer));
    }
}

static int run(const char *source, const radius_options *options, hs_domain_kind kind) {
    hs_layer *layer = NULL;
    hs_error error;
    cli_progress progress;
    hs_radius_result *result = NULL;
    hs_settings settings = hs_settings_default();
    settings.time_limit = options->time_limit;
    settings.node_limit = options->node_limit;
    settings.threads = (unsigned)options->common.threads;
    settings.seed = options->common.seed;
    settings.interrupted = cli_interrupted;
    settings.progress = cli_progress_engine;
    settings.data = &progress;
    cli_catch_interrupts();
    if (hs_layer_read(source, &options->read, &layer, &error) != HS_OK)
        return cli_fail(&error);
    cli_progress_begin(&progress, &options->common);
    hs_status status =
        hs_critical_radius(layer, kind, options->tolerance, &settings, &result, &error);
    cli_progress_end(&progress);
    int code = 0;
    if (status != HS_OK)
        code = cli_fail(&error);
    else if (options->common.json)
        code = cli_print_json(result_json(layer, options->domain, result));
    else
        print_result(source, layer, result);
    hs_radius_result_free(result);
    hs_layer_free(layer);
    return code;
}

int cli_radius(int argc, char **argv) {
    radius_options options = {.domain = "ball", .tolerance = 1e-9};
    const cli_option own[] = {
        {"domain", 0, CLI_TEXT, "KIND", "ball (default) or nonneg-ball", &options.domain},
        CLI_LAYER_OPTIONS(options.read),
        {"tolerance", 0, CLI_NUMBER, "T", "relative width of the bracket (default 1e-9)",
         &options.tolerance},
        {"time-limit", 0, CLI_NUMBER, "S", "stop after S seconds: bounds", &options.time_limit},
        {"node-limit", 0, CLI_COUNT, "N", "stop after N nodes: bounds", &options.node_limit},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        "radius LAYER [options]",
        "The critical radius: the largest ball about 0 on which the layer is injective.\n"
        "Between `lower` (an injective verdict) and `upper` (a bad point z, |z| <= upper).",
        own, 1, 1};
    const char *source = NULL;
    int code = cli_parse(argc, argv, &command, &options.common, &source);
    if (code >= 0)
        return code;
    bool ball = strcmp(options.domain, "ball") == 0;
    if (!ball && strcmp(options.domain, "nonneg-ball") != 0)
        return cli_usage_error("--domain: '%s' is none of ball, nonneg-ball", options.domain);
    if (options.time_limit < 0.0)
        return cli_usage_error("--time-limit: %g is negative", options.time_limit);
    if (!(options.tolerance >= 1e-12 && options.tolerance < 1.0))
        return cli_usage_error("--tolerance: %g is not between 1e-12 and 1", options.tolerance);
    return run(source, &options, ball ? HS_DOMAIN_BALL : HS_DOMAIN_NONNEG_BALL);
}
