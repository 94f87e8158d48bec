#include "cli/cli.h"

#include "layer/write.h"

#include <string.h>

typedef struct request {
    cli_common common;
    uint64_t m, n;
    const char *weight, *bias, *output;
    hs_ensemble weight_ensemble, bias_ensemble;
} request;

static int parse(int argc, char **argv, request *asked) {
    const cli_option options[] = {
        {"m", 'm', CLI_COUNT, "M", "rows: neurons", &asked->m},
        {"n", 'n', CLI_COUNT, "N", "columns: inputs", &asked->n},
        {"ensemble", 'e', CLI_TEXT, "E", "gaussian, sphere, uniform, rademacher, sparse:P",
         &asked->weight},
        {"bias-ensemble", 0, CLI_TEXT, "E",
         "none (default), gaussian, uniform, rademacher, sparse:P", &asked->bias},
        {"output", 'o', CLI_TEXT, "FILE",
         ".npy, .npz, .safetensors, .csv; - for text on "
         "standard output",
         &asked->output},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        .usage = "generate --m M --n N --ensemble E -o FILE [options]",
        .summary =
            "Writes a random layer. The same seed gives the same numbers everywhere, and the\n"
            "first rows do not depend on M.",
        .options = options,
    };
    int code = cli_parse(argc, argv, &command, &asked->common, NULL);
    if (code >= 0)
        return code;
    if (asked->m == 0 || asked->n == 0)
        return cli_usage_error("generate needs --m and --n, from 1");
    if (asked->weight == NULL)
        return cli_usage_error("generate needs --ensemble");
    return asked->output != NULL ? -1 : cli_usage_error("generate needs -o FILE");
}

/* Text on standard output, where --json would put its document. */
static hs_status write_standard_output(const hs_layer *layer, const request *asked,
                                       hs_error *error) {
    const hs_array weight = {2, hs_layer_rows(layer), hs_layer_columns(layer),
                             (double *)hs_layer_weight(layer)}; /* only read */
    error->status = HS_INVALID_ARGUMENT;
    if (asked->common.json)
        snprintf(error->message, sizeof error->message,
                 "-o - and --json both want standard output");
    else if (!hs_layer_has_zero_bias(layer))
        snprintf(error->message, sizeof error->message, "text holds no bias; use .npz");
    else
        error->status = HS_OK;
    if (error->status != HS_OK)
        return error->status;
    hs_text_write(&weight, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return HS_OK;
    error->status = HS_CANNOT_WRITE;
    snprintf(error->message, sizeof error->message, "standard output: cannot write");
    return error->status;
}

static hs_status generate(request *asked, hs_error *error) {
    hs_layer *layer = NULL;
    hs_status status = hs_ensemble_parse(asked->weight, &asked->weight_ensemble, error);
    if (status == HS_OK)
        status = hs_ensemble_parse(asked->bias, &asked->bias_ensemble, error);
    if (status == HS_OK)
        status = hs_layer_generate(asked->m, asked->n, asked->weight_ensemble, asked->bias_ensemble,
                                   asked->common.seed, &layer, error);
    cli_catch_interrupts(); /* from here on: a file that is being written is finished */
    if (status == HS_OK)
        status = strcmp(asked->output, "-") == 0 ? write_standard_output(layer, asked, error)
                                                 : hs_layer_write(layer, asked->output, error);
    hs_layer_free(layer);
    return status;
}

/* A seed beyond the integers of JSON libraries is written as text. */
static json_t *seed_json(uint64_t seed) {
    char text[24];
    if (seed <= INT64_MAX)
        return json_integer((json_int_t)seed);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return json_string(text);
}

int cli_generate(int argc, char **argv) {
    request asked = {.bias = "none"};
    hs_error error = {0};
    int code = parse(argc, argv, &asked);
    if (code >= 0)
        return code;
    if (generate(&asked, &error) != HS_OK)
        return cli_fail(&error);
    if (!asked.common.json) {
        if (!asked.common.quiet && strcmp(asked.output, "-") != 0)
            printf("%s: %llu x %llu, %s, bias %s, seed %llu\n", asked.output,
                   (unsigned long long)asked.m, (unsigned long long)asked.n, asked.weight,
                   asked.bias, (unsigned long long)asked.common.seed);
        return 0;
    }
    return cli_print_json(json_pack("{s:I, s:I, s:s, s:s, s:o, s:s}", "m", (json_int_t)asked.m, "n",
                                    (json_int_t)asked.n, "ensemble", asked.weight, "bias_ensemble",
                                    asked.bias, "seed", seed_json(asked.common.seed), "path",
                                    asked.output));
}
