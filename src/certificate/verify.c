/* Start reading here: what a certificate claims, for which layer and domain, and who checks it. */
#include "certificate/verify.h"
#include "certificate/format.h"

#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void hs_layer_digest(const hs_layer *layer, uint8_t digest[SHA256_DIGEST_SIZE]) {
    size_t m = hs_layer_rows(layer), count = m * hs_layer_columns(layer);
    struct sha256_ctx context;
    sha256_init(&context);
    for (size_t k = 0; k < count + m; k++) {
        uint64_t bits;
        uint8_t bytes[8];
        memcpy(&bits, k < count ? hs_layer_weight(layer) + k : hs_layer_bias(layer) + k - count, 8);
        for (unsigned b = 0; b < 8; b++)
            bytes[b] = (uint8_t)(bits >> (8 * b));
        sha256_update(&context, sizeof bytes, bytes);
    }
    sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
}

void hs_digest_print(const uint8_t digest[SHA256_DIGEST_SIZE], char text[HS_DIGEST_TEXT]) {
    for (size_t k = 0; k < SHA256_DIGEST_SIZE; k++)
        snprintf(text + 2 * k, 3, "%02x", digest[k]);
}

static size_t read_size(hs_checker *c, const char *name) {
    hs_expect(c, name);
    const char *word = hs_word(c);
    size_t length = strlen(word);
    hs_undamaged(c, length < 19 && strspn(word, "0123456789") == length, "a size was expected");
    hs_expect(c, "\n");
    return (size_t)strtoull(word, NULL, 10);
}

/* The layer has to be the one that was read: nothing below depends on sizes that a file claims. */
static void read_layer(hs_checker *c) {
    hs_verification *found = c->found;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char text[HS_DIGEST_TEXT];
    found->m = read_size(c, "rows ");
    found->n = read_size(c, "columns ");
    hs_require(c, found->m == c->m && found->n == c->n,
               "it is for a layer of %zu x %zu, not of %zu x %zu", found->m, found->n, c->m, c->n);
    hs_layer_digest(c->layer, digest);
    hs_digest_print(digest, text);
    hs_expect(c, "layer ");
    snprintf(found->layer, sizeof found->layer, "%s", hs_word(c));
    hs_expect(c, "\n");
    hs_require(c, strcmp(found->layer, text) == 0, "it is for another layer: SHA-256 %s, not %s",
               found->layer, text);
}

/* A double; with infinite, also inf and -inf. */
static double read_double(hs_checker *c, bool infinite) {
    char *word = hs_word(c);
    long exponent;
    if (infinite && strcmp(word + (word[0] == '-'), "inf") == 0)
        return word[0] == '-' ? -INFINITY : INFINITY;
    mpz_t *mantissa = hs_integers(c, 1);
    bool good = hs_parse_number(word, *mantissa, &exponent) && mpz_sizeinbase(*mantissa, 2) <= 53;
    double whole = good ? mpz_get_d(*mantissa) : 0.0;
    double value = good ? ldexp(whole, (int)exponent) : INFINITY;
    hs_undamaged(c, isfinite(value) && !(fabs(ldexp(value, (int)-exponent) - whole) > 0.0),
                 "a number in double precision was expected");
    return value;
}

static const double *read_bounds(hs_checker *c, const char *name, const double **bounds) {
    double *values = hs_allocate(c->n, sizeof *values);
    *bounds = values; /* which is freed with c->found */
    hs_enough(c, values != NULL);
    hs_expect(c, name);
    for (size_t j = 0; j < c->n; j++) {
        hs_expect(c, " ");
        values[j] = read_double(c, true);
    }
    hs_expect(c, "\n");
    return values;
}

static void read_domain(hs_checker *c) {
    static const char *const kinds[] = {[HS_DOMAIN_SPACE] = "space",
                                        [HS_DOMAIN_BALL] = "ball",
                                        [HS_DOMAIN_NONNEG_BALL] = "nonneg-ball",
                                        [HS_DOMAIN_BOX] = "box"};
    hs_domain *domain = &c->found->domain;
    size_t kind = 0;
    hs_expect(c, "domain ");
    const char *word = hs_word(c);
    while (kind < 4 && strcmp(word, kinds[kind]) != 0)
        kind++;
    hs_undamaged(c, kind < 4, "a domain was expected");
    domain->kind = (hs_domain_kind)kind;
    if (kind == HS_DOMAIN_BALL || kind == HS_DOMAIN_NONNEG_BALL) {
        hs_expect(c, " ");
        domain->radius = c->radius = read_double(c, false);
        hs_undamaged(c, c->radius > 0.0, "a positive radius was expected");
    }
    hs_expect(c, "\n");
    if (kind != HS_DOMAIN_BOX)
        return;
    const double *lower = read_bounds(c, "lower", &domain->lower);
    const double *upper = read_bounds(c, "upper", &domain->upper);
    for (size_t j = 0; j < c->n; j++)
        hs_undamaged(c, lower[j] < upper[j], "the box is empty");
}

/* Face m + 2j is lower_j - z_j < 0, face m + 2j + 1 is z_j - upper_j < 0. */
static void make_face(const hs_checker *c, size_t face, double *row) {
    const hs_domain *domain = &c->found->domain;
    size_t j = face / 2;
    double sign = face % 2 != 0 ? 1.0 : -1.0, bound = face % 2 != 0 ? INFINITY : 0.0;
    if (domain->kind == HS_DOMAIN_BOX)
        bound = face % 2 != 0 ? domain->upper[j] : domain->lower[j];
    if (isfinite(bound)) {
        row[j] = sign;
        row[c->n] = -sign * bound;
    }
}

static void make_rows(hs_checker *c) {
    hs_domain_kind kind = c->found->domain.kind;
    size_t m = c->m, n = c->n;
    c->row_count = m + (kind == HS_DOMAIN_BOX || kind == HS_DOMAIN_NONNEG_BALL ? 2 * n : 0);
    c->rows = hs_memory(c, HS_ROWS, c->row_count, (n + 1) * sizeof *c->rows);
    c->usable = hs_memory(c, HS_USABLE, c->row_count, sizeof *c->usable);
    for (size_t i = 0; i < c->row_count; i++) {
        double *row = c->rows + i * (n + 1);
        if (i < m) {
            memcpy(row, hs_layer_weight(c->layer) + i * n, n * sizeof *row);
            row[n] = hs_layer_bias(c->layer)[i];
        } else {
            make_face(c, i - m, row);
        }
        for (size_t j = 0; j < n; j++)
            c->usable[i] = c->usable[i] || fabs(row[j]) > 0.0;
    }
}

/* All of the certificate; a refusal comes back here. */
static void check(hs_checker *c) {
    hs_verification *found = c->found;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char text[HS_DIGEST_TEXT];
    if (setjmp(c->leave) != 0)
        return;
    hs_expect(c, HS_CERTIFICATE_MAGIC "\n");
    hs_expect(c, "verdict ");
    bool injective = strcmp(hs_word(c), "injective") == 0;
    hs_undamaged(c, injective || strcmp(c->memory[HS_WORD], "not-injective") == 0,
                 "a verdict was expected");
    found->verdict = injective ? HS_INJECTIVE : HS_NOT_INJECTIVE;
    hs_expect(c, "\n");
    read_layer(c);
    read_domain(c);
    make_rows(c);
    if (injective)
        hs_check_tree(c);
    else
        hs_check_witness(c);
    sha256_update(&c->digest, c->at, c->bytes); /* which stay in the buffer for the last line */
    sha256_digest(&c->digest, sizeof digest, digest);
    hs_digest_print(digest, text);
    hs_expect(c, "end ");
    hs_undamaged(c, strcmp(hs_word(c), text) == 0, "that is not the digest of the file");
    hs_expect(c, "\n");
    hs_undamaged(c, hs_peek(c) == EOF, "something follows the end of the certificate");
    found->proven = true;
    if (injective)
        snprintf(found->reason, sizeof found->reason,
                 "at every point inside the domain the active rows span the space: %" PRIu64
                 " branches cover the domain, %" PRIu64 " sets of rows that cannot have their "
                 "states together close them",
                 found->branches, found->cores);
    else
        snprintf(found->reason, sizeof found->reason,
                 "x and y lie in the domain, differ, and have the same output");
}

hs_status hs_verify_stream(FILE *stream, const char *name, const hs_layer *layer,
                           const hs_settings *settings, hs_verification **verification,
                           hs_error *error) {
    double start = hs_clock_seconds();
    hs_checker *c = hs_allocate(1, sizeof *c);
    hs_verification *found = *verification = hs_allocate(1, sizeof *found);
    if (c == NULL || found == NULL) {
        free(c);
        hs_verification_free(found);
        *verification = NULL;
        return hs_fail(error, HS_NO_MEMORY, "no memory to check %s", name);
    }
    c->stream = stream;
    c->layer = layer;
    c->settings = settings;
    c->found = found;
    c->m = hs_layer_rows(layer);
    c->n = hs_layer_columns(layer);
    sha256_init(&c->digest);
    check(c);
    hs_status status = c->status == HS_BAD_DATA && ferror(stream) ? HS_CANNOT_OPEN : c->status;
    if (c->inflating)
        inflateEnd(&c->inflater);
    hs_free_segments(c);
    for (size_t k = 0; k < c->integers; k++)
        mpz_clear(((mpz_t *)c->memory[HS_INTEGERS])[k]);
    for (size_t k = 0; k < HS_MEMORIES; k++)
        free(c->memory[k]);
    free(c);
    found->seconds = hs_clock_seconds() - start;
    if (status != HS_OK) {
        hs_fail(error, status, "%s: %s", name, found->reason);
        hs_verification_free(found);
        *verification = NULL;
    }
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
