#include "cli/cli.h"

static const char *const not_computed = "not computed by this version";

typedef struct bias_options {
    cli_common common;
    cli_domain domain;
    hs_read_options read;
    double tolerance, time_limit;
    uint64_t node_limit;
} bias_options;

static json_t *optional(bool known, double value) {
    return known ? cli_json_number(value) : json_null();
}

static json_t *result_json(const hs_layer *layer, const hs_domain *domain,
                           const hs_bias_result *result) {
    size_t n = hs_layer_columns(layer);
    bool known = result->complete && !result->never;
    json_t *document = json_pack(
        "{s:o, s:o, s:o, s:s, s:b, s:f, s:f, s:o}", "uniform_exact", optional(known, result->lower),
        "uniform_lower", optional(result->has_lower, result->lower), "uniform_upper",
        optional(result->has_upper, result->upper), "uniform_reason", result->reason, "complete",
        result->complete, "tolerance", result->tolerance, "scale", result->scale, "z",
        result->z != NULL ? cli_json_numbers(result->z, n) : json_null());
    json_t *rest = json_pack(
        "{s:o, s:n, s:s, s:n, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:s}", "omnidirectional",
        result->omnidirectional_known ? json_boolean(result->omnidirectional) : json_null(), "pbe",
        "pbe_reason", not_computed, "monte_carlo", "monte_carlo_reason", not_computed, "domain",
        cli_json_domain(domain, n), "m", (json_int_t)hs_layer_rows(layer), "n", (json_int_t)n,
        "decisions", (json_int_t)result->decisions, "nodes", (json_int_t)result->nodes, "seconds",
        cli_json_number(result->seconds), "arithmetic", cli_arithmetic_name(result->arithmetic));
    if (document != NULL && rest != NULL)
        json_object_update(document, rest);
    json_decref(rest);
    return document;
}

static void print_result(const char *name, const hs_layer *layer, const hs_bias_result *result) {
    if (result->never)
        printf("%s: not injective for any uniform shift of the bias\n", name);
    else if (result->complete)
        printf("%s: injective for every uniform shift t <= %.15g\n", name, result->lower);
    else
        printf("%s: the largest uniform shift is not known to the tolerance\n", name);
    printf("  because %s\n", result->reason);
    if (result->has_lower)
        printf("  ReLU(Wx + b - t) is injective at t = %.17g\n", result->lower);
    if (result->has_upper) {
        printf("  and not for any t above %.17g, where this point is bad:\n", result->upper);
        cli_print_vector("z", result->z, hs_layer_columns(layer));
    }
    printf("  the rows are %s\n", !result->omnidirectional_known ? "perhaps omnidirectional"
                                  : result->omnidirectional      ? "omnidirectional"
                                                                 : "not omnidirectional");
    printf("  polytope and Monte Carlo estimates: %s\n", not_computed);
    printf("  %llu decisions, %llu nodes, %.3f s, %s arithmetic, tolerance %g of %.6g\n",
           (unsigned long long)result->decisions, (unsigned long long)result->nodes,
           result->seconds, cli_arithmetic_name(result->arithmetic), result->tolerance,
           result->scale);
}

static int run(const char *source, bias_options *options) {
    hs_layer *layer = NULL;
    hs_error error;
    hs_domain domain;
    cli_progress progress;
    hs_bias_result *result = NULL;
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
    hs_status status = cli_domain_make(&options->domain, hs_layer_columns(layer), &domain, &error);
    cli_progress_begin(&progress, &options->common);
    if (status == HS_OK)
        status = hs_uniform_bias(layer, &domain, options->tolerance, &settings, &result, &error);
    cli_progress_end(&progress);
    int code = 0;
    if (status != HS_OK)
        code = cli_fail(&error);
    else if (options->common.json)
        code = cli_print_json(result_json(layer, &domain, result));
    else
        print_result(source, layer, result);
    hs_bias_result_free(result);
    cli_domain_clear(&options->domain);
    hs_layer_free(layer);
    return code;
}

int cli_bias(int argc, char **argv) {
    bias_options options = {.domain = CLI_DOMAIN_DEFAULT, .tolerance = 1e-9};
    const cli_option own[] = {
        CLI_DOMAIN_OPTIONS(options.domain),
        CLI_LAYER_OPTIONS(options.read),
        {"tolerance", 0, CLI_NUMBER, "T", "width of the bracket, relative to the pre-activations",
         &options.tolerance},
        {"time-limit", 0, CLI_NUMBER, "S", "stop after S seconds: bounds", &options.time_limit},
        {"node-limit", 0, CLI_COUNT, "N", "stop after N nodes: bounds", &options.node_limit},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        "bias LAYER [options]",
        "How much bias the layer tolerates: the largest t for which ReLU(Wx + b - t) is injective\n"
        "on the domain. t is negative when the layer itself is not injective.",
        own, 1, 1};
    const char *source = NULL;
    int code = cli_parse(argc, argv, &command, &options.common, &source);
    if (code >= 0)
        return code;
    if (options.time_limit < 0.0)
        return cli_usage_error("--time-limit: %g is negative", options.time_limit);
    if (!(options.tolerance >= 1e-12 && options.tolerance < 1.0))
        return cli_usage_error("--tolerance: %g is not between 1e-12 and 1", options.tolerance);
    return run(source, &options);
}
