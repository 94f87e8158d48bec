#include "cli/cli.h"

#include <string.h>

typedef struct check_options {
    cli_common common;
    cli_domain domain;
    hs_read_options read;
    const char *engine;
    double time_limit;
    uint64_t node_limit;
} check_options;

static const char *const engine_names[] = {
    [HS_ENGINE_AUTO] = "auto", [HS_ENGINE_BRANCH] = "branch", [HS_ENGINE_CELLS] = "cells",
    [HS_ENGINE_MILP] = "milp", [HS_ENGINE_SEARCH] = "search",
};
static const char *const verdict_names[] = {
    [HS_INJECTIVE] = "injective",
    [HS_NOT_INJECTIVE] = "not-injective",
    [HS_UNDECIDED] = "undecided",
};
static const char *const arithmetic_names[] = {
    [HS_ARITHMETIC_EXACT] = "exact",
    [HS_ARITHMETIC_FLOATING] = "floating-point",
};

static bool find_engine(const char *name, hs_engine_kind *engine) {
    for (size_t k = 0; k < sizeof engine_names / sizeof engine_names[0]; k++)
        if (strcmp(name, engine_names[k]) == 0) {
            *engine = (hs_engine_kind)k;
            return true;
        }
    return false;
}

static void show_progress(const hs_progress *now, void *data) {
    char line[160];
    int used = snprintf(line, sizeof line, "%s: %.1f s, %llu nodes", now->phase, now->seconds,
                        (unsigned long long)now->nodes);
    if (now->fraction >= 0.0)
        used += snprintf(line + used, sizeof line - (size_t)used, ", %.1f%% done",
                         100.0 * now->fraction);
    if (now->active_upper > 0)
        snprintf(line + used, sizeof line - (size_t)used, ", active rows between %zu and %zu",
                 now->active_lower, now->active_upper);
    cli_progress_show(data, line);
}

static json_t *witness_json(const hs_witness *witness, size_t n) {
    if (witness == NULL)
        return json_null();
    json_t *active = json_array();
    for (size_t k = 0; k < witness->active_count; k++)
        json_array_append_new(active, json_integer((json_int_t)witness->active[k]));
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "z", cli_json_numbers(witness->z, n),
                     "x", cli_json_numbers(witness->x, n), "y", cli_json_numbers(witness->y, n),
                     "active", active, "rank", (json_int_t)witness->rank, "separation",
                     cli_json_number(witness->separation), "residual",
                     cli_json_number(witness->residual));
}

static json_t *bound_json(bool known, size_t value) {
    return known ? json_integer((json_int_t)value) : json_null();
}

static json_t *result_json(const hs_layer *layer, const hs_domain *domain,
                           const hs_result *result) {
    size_t n = hs_layer_columns(layer);
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:o, s:s, s:o, s:o, s:o, s:I, s:o, s:n, s:s}", "verdict",
        verdict_names[result->verdict], "reason", result->reason, "m",
        (json_int_t)hs_layer_rows(layer), "n", (json_int_t)n, "domain", cli_json_domain(domain, n),
        "engine", engine_names[result->engine], "witness", witness_json(result->witness, n),
        "active_lower_bound", bound_json(result->has_active_lower, result->active_lower),
        "active_upper_bound", bound_json(result->has_active_upper, result->active_upper), "nodes",
        (json_int_t)result->nodes, "seconds", cli_json_number(result->seconds), "certificate",
        "arithmetic", arithmetic_names[result->arithmetic]);
}

static void print_vector(const char *name, const double *values, size_t n) {
    printf("  %s = (", name);
    for (size_t j = 0; j < n && j < 12; j++)
        printf("%s%.10g", j > 0 ? ", " : "", values[j]);
    printf("%s)\n", n > 12 ? ", ...  (--json shows all)" : "");
}

static void print_domain(const hs_layer *layer, const hs_domain *domain) {
    switch (domain->kind) {
    case HS_DOMAIN_BALL:
        printf("the ball of radius %g", domain->radius);
        break;
    case HS_DOMAIN_SPACE:
        printf("the whole space");
        break;
    case HS_DOMAIN_BOX:
        printf("the box");
        break;
    case HS_DOMAIN_NONNEG_BALL:
        printf("the non-negative part of the ball of radius %g", domain->radius);
        break;
    }
    if (hs_layer_has_zero_bias(layer) && domain->kind == HS_DOMAIN_BALL)
        printf(" (zero bias: the same on every ball and on the whole space)");
    if (hs_layer_has_zero_bias(layer) && domain->kind == HS_DOMAIN_SPACE)
        printf(" (zero bias: the same on every ball)");
}

static void print_result(const char *name, const hs_layer *layer, const hs_domain *domain,
                         const hs_result *result) {
    size_t n = hs_layer_columns(layer);
    printf("%s: %s\n", name, verdict_names[result->verdict]);
    printf("  because %s\n", result->reason);
    printf("  layer of %zu rows and %zu columns on ", hs_layer_rows(layer), n);
    print_domain(layer, domain);
    printf("\n  decided by %s, %llu nodes, %.3f s, %s arithmetic\n",
           result->engine == HS_ENGINE_AUTO ? "a cheap fact" : engine_names[result->engine],
           (unsigned long long)result->nodes, result->seconds,
           arithmetic_names[result->arithmetic]);
    if (result->witness == NULL)
        return;
    printf("  x and y have the same output (recomputed: they differ by at most %.2g; |x - y| = "
           "%.3g):\n",
           result->witness->residual, result->witness->separation);
    print_vector("x", result->witness->x, n);
    print_vector("y", result->witness->y, n);
    printf("  at their midpoint %zu rows are active, of rank %zu\n", result->witness->active_count,
           result->witness->rank);
}

static int check_layer(const char *name, const hs_layer *layer, check_options *options,
                       hs_settings *settings) {
    hs_error error;
    hs_domain domain;
    hs_result *result = NULL;
    cli_progress progress;
    hs_status status = cli_domain_make(&options->domain, hs_layer_columns(layer), &domain, &error);
    cli_progress_begin(&progress, &options->common);
    settings->data = &progress;
    if (status == HS_OK)
        status = hs_check(layer, &domain, settings, &result, &error);
    cli_progress_end(&progress);
    int code = status == HS_OK ? (int)result->verdict : cli_fail(&error);
    if (status == HS_OK && options->common.json) {
        int printed = cli_print_json(result_json(layer, &domain, result));
        code = printed != 0 ? printed : code;
    } else if (status == HS_OK) {
        print_result(name, layer, &domain, result);
    }
    hs_result_free(result);
    return code;
}

int cli_check(int argc, char **argv) {
    check_options options = {.domain = CLI_DOMAIN_DEFAULT, .engine = "auto"};
    const cli_option own[] = {
        CLI_DOMAIN_OPTIONS(options.domain),
        CLI_LAYER_OPTIONS(options.read),
        {"engine", 0, CLI_TEXT, "NAME", "auto (default), branch, cells, milp", &options.engine},
        {"time-limit", 0, CLI_NUMBER, "S", "stop after S seconds: undecided", &options.time_limit},
        {"node-limit", 0, CLI_COUNT, "N", "stop after N nodes: undecided", &options.node_limit},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        "check LAYER [options]",
        "Is the layer x -> ReLU(Wx + b) injective on the domain?\n"
        "LAYER is FILE or FILE:NAME (.npy .npz .safetensors .csv .txt .mtx), or - for text.\n"
        "Exit code: 0 injective, 1 not injective, 2 undecided.",
        own, 1, 1};
    const char *source = NULL;
    int code = cli_parse(argc, argv, &command, &options.common, &source);
    if (code >= 0)
        return code;
    hs_settings settings = hs_settings_default();
    if (!find_engine(options.engine, &settings.engine))
        return cli_usage_error("--engine: '%s' is none of auto, branch, cells, milp, search",
                               options.engine);
    if (options.time_limit < 0.0)
        return cli_usage_error("--time-limit: %g is negative", options.time_limit);
    settings.time_limit = options.time_limit;
    settings.node_limit = options.node_limit;
    settings.threads = (unsigned)options.common.threads;
    settings.seed = options.common.seed;
    settings.interrupted = cli_interrupted;
    settings.progress = show_progress;
    hs_layer *layer = NULL;
    hs_error error;
    cli_catch_interrupts();
    if (hs_layer_read(source, &options.read, &layer, &error) != HS_OK)
        return cli_fail(&error);
    code = check_layer(source, layer, &options, &settings);
    cli_domain_clear(&options.domain);
    hs_layer_free(layer);
    return code;
}
