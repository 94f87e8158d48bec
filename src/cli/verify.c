#include "cli/cli.h"

static json_t *verification_json(const hs_verification *found, const char *certificate) {
    return json_pack("{s:b, s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:I, s:I, s:I, s:I, s:o}", "proven",
                     found->proven, "reason", found->reason, "certificate", certificate, "verdict",
                     found->verdict == HS_INJECTIVE ? "injective" : "not-injective", "m",
                     (json_int_t)found->m, "n", (json_int_t)found->n, "layer_sha256", found->layer,
                     "domain",
                     found->proven ? cli_json_domain(&found->domain, found->n) : json_null(),
                     "steps", (json_int_t)found->steps, "cores", (json_int_t)found->cores,
                     "branches", (json_int_t)found->branches, "choices", (json_int_t)found->choices,
                     "seconds", cli_json_number(found->seconds));
}

static void print_verification(const hs_verification *found, const char *layer,
                               const char *certificate) {
    if (!found->proven) {
        printf("%s: refused: it proves nothing about %s\n  %s\n", certificate, layer,
               found->reason);
        return;
    }
    printf("%s: proved: %s is %s\n  because %s\n  layer of %zu rows and %zu columns on ",
           certificate, layer, found->verdict == HS_INJECTIVE ? "injective" : "not injective",
           found->reason, found->m, found->n);
    cli_print_domain(&found->domain, found->n);
    printf("\n  SHA-256 of the layer (weights, then biases, little-endian doubles): %s\n",
           found->layer);
    printf("  checked in exact arithmetic in %.3f s\n", found->seconds);
}

int cli_verify(int argc, char **argv) {
    cli_common common = {0};
    hs_read_options read = {0};
    const cli_option own[] = {
        CLI_LAYER_OPTIONS(read),
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        "verify CERTIFICATE LAYER [options]",
        "Does the certificate prove the verdict it states, for this layer? Checked in exact\n"
        "arithmetic by code that shares nothing with the engines that wrote it.\n"
        "Exit code: 0 proved, 1 refused, 65 not a certificate or damaged, 66 cannot open.",
        own, 2, 2};
    const char *operands[2];
    hs_settings settings = hs_settings_default();
    hs_verification *found = NULL;
    hs_layer *layer = NULL;
    hs_error error;
    int code = cli_parse(argc, argv, &command, &common, operands);
    if (code >= 0)
        return code;
    settings.threads = (unsigned)common.threads;
    settings.interrupted = cli_interrupted;
    cli_catch_interrupts();
    hs_status status = hs_layer_read(operands[1], &read, &layer, &error);
    if (status == HS_OK)
        status = hs_verify(operands[0], layer, &settings, &found, &error);
    hs_layer_free(layer);
    if (status != HS_OK)
        return cli_fail(&error);
    code = found->proven ? 0 : 1;
    int printed = 0;
    if (common.json) {
        printed = cli_print_json(verification_json(found, operands[0]));
    } else {
        print_verification(found, operands[1], operands[0]);
        printed = cli_finish_output();
    }
    hs_verification_free(found);
    return printed != 0 ? printed : code;
}
