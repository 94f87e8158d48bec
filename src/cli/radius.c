#include "cli/cli.h"

#include <string.h>

typedef struct radius_question {
    const char *domain;
    hs_domain_kind kind;
    double tolerance;
    hs_radius_result *result;
} radius_question;

static json_t *result_json(const hs_layer *layer, const void *data) {
    const radius_question *question = data;
    const hs_radius_result *result = question->result;
    size_t n = hs_layer_columns(layer);
    bool known = result->complete && !result->everywhere;
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:f, s:s, s:I, s:I, s:I, s:I, s:o, s:s}",
                     "radius", known ? cli_json_number(result->lower) : json_null(), "lower",
                     cli_json_number(result->lower), "upper", cli_json_number(result->upper), "z",
                     result->z != NULL ? cli_json_numbers(result->z, n) : json_null(), "reason",
                     result->reason, "complete", result->complete, "injective_on_every_ball",
                     result->everywhere, "tolerance", result->tolerance, "domain", question->domain,
                     "m", (json_int_t)hs_layer_rows(layer), "n", (json_int_t)n, "decisions",
                     (json_int_t)result->decisions, "nodes", (json_int_t)result->nodes, "seconds",
                     cli_json_number(result->seconds), "arithmetic",
                     cli_arithmetic_name(result->arithmetic));
}

static void print_result(const char *name, const hs_layer *layer, const void *data) {
    const hs_radius_result *result = ((const radius_question *)data)->result;
    if (result->everywhere)
        printf("%s: injective on every ball\n", name);
    else if (result->complete)
        printf("%s: critical radius %.15g\n", name, result->lower);
    else if (isfinite(result->upper))
        printf("%s: critical radius between %.15g and %.15g\n", name, result->lower, result->upper);
    else
        printf("%s: critical radius at least %.15g\n", name, result->lower);
    printf("  because %s\n", result->reason);
    if (!result->everywhere && isinf(result->upper))
        printf("  injective up to %.17g, what is beyond is not known\n", result->lower);
    else if (!result->everywhere)
        printf("  injective up to %.17g, not beyond %.17g\n", result->lower, result->upper);
    printf("  %llu decisions, %llu nodes, %.3f s, %s arithmetic, relative tolerance %g\n",
           (unsigned long long)result->decisions, (unsigned long long)result->nodes,
           result->seconds, cli_arithmetic_name(result->arithmetic), result->tolerance);
    if (result->z != NULL) {
        printf("  a point of that norm whose active rows do not span:\n");
        cli_print_vector("z", result->z, hs_layer_columns(layer));
    }
}

static hs_status ask(const hs_layer *layer, const hs_settings *settings, void *data,
                     hs_error *error) {
    radius_question *question = data;
    return hs_critical_radius(layer, question->kind, question->tolerance, settings,
                              &question->result, error);
}

int cli_radius(int argc, char **argv) {
    cli_asked asked = {.limits = {0}};
    radius_question question = {.domain = "ball", .tolerance = 1e-9};
    const cli_option own[] = {
        {"domain", 0, CLI_TEXT, "KIND", "ball (default) or nonneg-ball", &question.domain},
        CLI_LAYER_OPTIONS(asked.read),
        {"tolerance", 0, CLI_TOLERANCE, "T", "relative width of the bracket (default 1e-9)",
         &question.tolerance},
        CLI_LIMIT_OPTIONS(asked.limits, "bounds"),
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        "radius LAYER [options]",
        "The critical radius: the largest ball about 0 on which the layer is injective.\n"
        "Between `lower` (an injective verdict) and `upper` (a bad point z, |z| <= upper).",
        own, 1, 1};
    const char *source = NULL;
    int code = cli_parse(argc, argv, &command, &asked.common, &source);
    if (code >= 0)
        return code;
    bool ball = strcmp(question.domain, "ball") == 0;
    if (!ball && strcmp(question.domain, "nonneg-ball") != 0)
        return cli_usage_error("--domain: '%s' is none of ball, nonneg-ball", question.domain);
    question.kind = ball ? HS_DOMAIN_BALL : HS_DOMAIN_NONNEG_BALL;
    code = cli_ask(source, &asked, &(cli_question){ask, result_json, print_result}, &question);
    hs_radius_result_free(question.result);
    return code;
}
