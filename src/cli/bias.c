#include "cli/cli.h"

static const char *const not_computed = "not computed by this version";

typedef struct bias_question {
    cli_domain options;
    double tolerance;
    hs_domain domain;
    hs_bias_result *result;
} bias_question;

static json_t *optional(bool known, double value) {
    return known ? cli_json_number(value) : json_null();
}

static json_t *result_json(const hs_layer *layer, const void *data) {
    const bias_question *question = data;
    const hs_bias_result *result = question->result;
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
        cli_json_domain(&question->domain, n), "m", (json_int_t)hs_layer_rows(layer), "n",
        (json_int_t)n, "decisions", (json_int_t)result->decisions, "nodes",
        (json_int_t)result->nodes, "seconds", cli_json_number(result->seconds), "arithmetic",
        cli_arithmetic_name(result->arithmetic));
    if (document != NULL && rest != NULL)
        json_object_update(document, rest);
    json_decref(rest);
    return document;
}

static void print_result(const char *name, const hs_layer *layer, const void *data) {
    const hs_bias_result *result = ((const bias_question *)data)->result;
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

static hs_status ask(const hs_layer *layer, const hs_settings *settings, void *data,
                     hs_error *error) {
    bias_question *question = data;
    hs_status status =
        cli_domain_make(&question->options, hs_layer_columns(layer), &question->domain, error);
    if (status != HS_OK)
        return status;
    return hs_uniform_bias(layer, &question->domain, question->tolerance, settings,
                           &question->result, error);
}

int cli_bias(int argc, char **argv) {
    cli_asked asked = {.limits = {0}};
    bias_question question = {.options = CLI_DOMAIN_DEFAULT, .tolerance = 1e-9};
    const cli_option own[] = {
        CLI_DOMAIN_OPTIONS(question.options),
        CLI_LAYER_OPTIONS(asked.read),
        {"tolerance", 0, CLI_TOLERANCE, "T",
         "width of the bracket, relative to the pre-activations", &question.tolerance},
        CLI_LIMIT_OPTIONS(asked.limits, "bounds"),
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        "bias LAYER [options]",
        "How much bias the layer tolerates: the largest t for which ReLU(Wx + b - t) is injective\n"
        "on the domain. t is negative when the layer itself is not injective.",
        own, 1, 1};
    const char *source = NULL;
    int code = cli_parse(argc, argv, &command, &asked.common, &source);
    if (code < 0)
        code = cli_domain_check(&question.options);
    if (code >= 0)
        return code;
    code = cli_ask(source, &asked, &(cli_question){ask, result_json, print_result}, &question);
    hs_bias_result_free(question.result);
    cli_domain_clear(&question.options);
    return code;
}
