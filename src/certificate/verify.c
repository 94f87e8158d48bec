#include "certificate/verify.h"

#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- refusal --------------------------------------------------------------------------------- */

/* Where the reading is: in the steps, or in the text around them. */
static void describe_place(hs_checker *checker, char *text, size_t size) {
    uint64_t step = hs_input_step_offset(&checker->input);
    if (step > 0)
        snprintf(text, size, "byte %" PRIu64 " of the steps", step);
    else
        snprintf(text, size, "byte %" PRIu64, hs_input_offset(&checker->input));
}

static bool stop(hs_checker *checker, bool damaged, const char *format, va_list arguments) {
    char place[48], text[192];
    if (checker->status != HS_OK || checker->refused)
        return false; /* the first reason counts */
    describe_place(checker, place, sizeof place);
    vsnprintf(text, sizeof text, format, arguments);
    snprintf(checker->found->reason, sizeof checker->found->reason, "%s: %s", place, text);
    if (damaged)
        checker->status = HS_BAD_DATA;
    else
        checker->refused = true;
    return false;
}

bool hs_checker_damaged(hs_checker *checker, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    stop(checker, true, format, arguments);
    va_end(arguments);
    return false;
}

bool hs_checker_refuse(hs_checker *checker, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    stop(checker, false, format, arguments);
    va_end(arguments);
    return false;
}

bool hs_checker_no_memory(hs_checker *checker) {
    snprintf(checker->found->reason, sizeof checker->found->reason, "no memory to check it");
    checker->status = HS_NO_MEMORY;
    return false;
}

/* ---- numbers in the steps ---------------------------------------------------------------------
 */

bool hs_checker_number(hs_checker *checker, uint64_t limit, const char *what, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        int c = hs_input_step_byte(&checker->input);
        if (c == EOF)
            return hs_checker_damaged(checker, "%s",
                                      checker->input.damage != NULL
                                          ? checker->input.damage
                                          : "the steps end before the proof is complete");
        *value |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return *value < limit ||
                   hs_checker_damaged(checker, "%s %" PRIu64 " is out of range", what, *value);
    }
    return hs_checker_damaged(checker, "%s has too many digits", what);
}

/* ---- digests ----------------------------------------------------------------------------------
 */

static void hash_doubles(struct sha256_ctx *context, const double *values, size_t count) {
    for (size_t k = 0; k < count; k++) {
        uint64_t bits;
        uint8_t bytes[8];
        memcpy(&bits, &values[k], sizeof bits);
        for (unsigned b = 0; b < 8; b++)
            bytes[b] = (uint8_t)(bits >> (8 * b));
        sha256_update(context, sizeof bytes, bytes);
    }
}

void hs_layer_digest(const hs_layer *layer, uint8_t digest[SHA256_DIGEST_SIZE]) {
    size_t m = hs_layer_rows(layer), n = hs_layer_columns(layer);
    struct sha256_ctx context;
    sha256_init(&context);
    hash_doubles(&context, hs_layer_weight(layer), m * n);
    hash_doubles(&context, hs_layer_bias(layer), m);
    sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
}

void hs_digest_print(const uint8_t digest[SHA256_DIGEST_SIZE], char text[HS_DIGEST_TEXT]) {
    for (size_t k = 0; k < SHA256_DIGEST_SIZE; k++)
        snprintf(text + 2 * k, 3, "%02x", digest[k]);
}

/* ---- entry ------------------------------------------------------------------------------------
 */

static void state_what_holds(hs_verification *found) {
    found->proven = true;
    if (found->verdict == HS_NOT_INJECTIVE)
        snprintf(found->reason, sizeof found->reason,
                 "x and y lie in the domain, differ, and have the same output");
    else
        snprintf(found->reason, sizeof found->reason,
                 "at every point inside the domain the active rows span the space: %" PRIu64
                 " branches cover the domain, %" PRIu64 " sets of rows that cannot have their "
                 "states together close them",
                 found->branches, found->cores);
}

static void check(hs_checker *checker) {
    bool good = hs_checker_header(checker) &&
                (checker->found->verdict == HS_INJECTIVE ? hs_checker_tree(checker)
                                                         : hs_checker_witness(checker)) &&
                hs_checker_trailer(checker);
    if (good && checker->status == HS_OK && !checker->refused)
        state_what_holds(checker->found);
}

hs_status hs_verify_stream(FILE *stream, const char *name, const hs_layer *layer,
                           const hs_settings *settings, hs_verification **verification,
                           hs_error *error) {
    double start = hs_clock_seconds();
    hs_checker *checker = hs_allocate(1, sizeof *checker);
    hs_verification *found = hs_allocate(1, sizeof *found);
    *verification = NULL;
    if (checker == NULL || found == NULL) {
        free(checker);
        free(found);
        return hs_fail(error, HS_NO_MEMORY, "no memory to check %s", name);
    }
    checker->layer = layer;
    checker->settings = settings;
    checker->m = hs_layer_rows(layer);
    checker->n = hs_layer_columns(layer);
    checker->found = found;
    hs_input_begin(&checker->input, stream);
    check(checker);
    if (ferror(stream) && checker->status == HS_BAD_DATA)
        checker->status = HS_CANNOT_OPEN;
    hs_input_end(&checker->input);
    hs_status status = checker->status;
    found->seconds = hs_clock_seconds() - start;
    if (status != HS_OK) {
        hs_fail(error, status, "%s: %s", name, found->reason);
        hs_verification_free(found);
        found = NULL;
    }
    *verification = found;
    free(checker);
    return status;
}

hs_status hs_verify(const char *path, const hs_layer *layer, const hs_settings *settings,
                    hs_verification **verification, hs_error *error) {
    *verification = NULL;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return hs_fail(error, HS_CANNOT_OPEN, "%s: cannot open: %s", path, strerror(errno));
    hs_status status = hs_verify_stream(stream, path, layer, settings, verification, error);
    fclose(stream);
    return status;
}

void hs_verification_free(hs_verification *verification) {
    if (verification == NULL)
        return;
    free((double *)verification->domain.lower);
    free((double *)verification->domain.upper);
    free(verification);
}
