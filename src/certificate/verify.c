/* Start reading here: what a certificate claims, for which layer and domain, and who checks it. */
#include "certificate/verify.h"
#include "certificate/format.h"

#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static bool parse_decimal(const char *text, size_t *value) {
    char *end;
    if (!isdigit((unsigned char)text[0]) || strlen(text) > 18)
        return false;
    *value = (size_t)strtoull(text, &end, 10);
    return *end == '\0';
}

bool hs_parse_number(char *word, mpz_t mantissa, long *exponent) {
    char *power = strchr(word, 'p'), *digits = word + (word[0] == '-');
    size_t shift = 0;
    bool down = power != NULL && power[1] == '-', good = true;
    if (power != NULL) {
        *power = '\0';
        good = parse_decimal(power + 1 + down, &shift) && shift <= HS_CERTIFICATE_NUMBER;
    }
    *exponent = down ? -(long)shift : (long)shift;
    return good && digits[0] != '\0' && strspn(digits, "0123456789abcdef") == strlen(digits) &&
           mpz_set_str(mantissa, word, 16) == 0;
}

int hs_unit(const double *values, size_t count) {
    int exponent, unit = 0;
    for (size_t k = 0; k < count; k++)
        if (fabs(frexp(values[k], &exponent)) > 0.0 && exponent - 53 < unit)
            unit = exponent - 53;
    return unit;
}

void hs_exact(mpz_t to, double value, long unit) {
    int exponent;
    mpz_set_si(to, (long)ldexp(frexp(value, &exponent), 53));
    if (mpz_sgn(to) != 0)
        mpz_mul_2exp(to, to, (mp_bitcnt_t)(exponent - 53 - unit));
}

static size_t read_size(hs_checker *c, const char *name) {
    size_t value = 0;
    hs_expect(c, name);
    hs_undamaged(c, parse_decimal(hs_word(c), &value), "a size was expected");
    hs_expect(c, "\n");
    return value;
}

/* The next word: a double; with infinite, also inf and -inf. */
static double read_double(hs_checker *c, bool infinite) {
    char *word = hs_word(c);
    long exponent;
    if (infinite && (strcmp(word, "inf") == 0 || strcmp(word, "-inf") == 0))
        return word[0] == '-' ? -INFINITY : INFINITY;
    mpz_t *mantissa = hs_integers(c, 1);
    bool good = hs_parse_number(word, *mantissa, &exponent) && mpz_sizeinbase(*mantissa, 2) <= 53;
    double whole = good ? mpz_get_d(*mantissa) : 0.0;
    double value = good ? ldexp(whole, (int)exponent) : INFINITY;
    good = isfinite(value) && !(fabs(ldexp(value, (int)-exponent) - whole) > 0.0);
    hs_undamaged(c, good, "a number in double precision was expected");
    return value;
}

/* ---- the header ---- */

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

static void read_verdict(hs_checker *c) {
    hs_expect(c, HS_CERTIFICATE_MAGIC);
    hs_expect(c, "\n");
    hs_expect(c, "verdict ");
    const char *word = hs_word(c);
    bool injective = strcmp(word, "injective") == 0;
    hs_undamaged(c, injective || strcmp(word, "not-injective") == 0, "a verdict was expected");
    c->found->verdict = injective ? HS_INJECTIVE : HS_NOT_INJECTIVE;
    hs_expect(c, "\n");
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
    hs_expect(c, "layer ");
    hs_undamaged(c, strlen(hs_word(c)) + 1 == sizeof found->layer, "a SHA-256 was expected");
    memcpy(found->layer, c->word, sizeof found->layer);
    hs_layer_digest(c->layer, digest);
    hs_digest_print(digest, text);
    hs_require(c, strcmp(found->layer, text) == 0, "it is for another layer: SHA-256 %s, not %s",
               found->layer, text);
    hs_expect(c, "\n");
}

static void read_bounds(hs_checker *c, const char *name, double *bounds) {
    hs_expect(c, name);
    for (size_t j = 0; j < c->n; j++) {
        hs_expect(c, " ");
        bounds[j] = read_double(c, true);
    }
    hs_expect(c, "\n");
}

static void read_domain(hs_checker *c) {
    hs_domain *domain = &c->found->domain;
    hs_expect(c, "domain ");
    const char *word = hs_word(c);
    if (strcmp(word, "ball") == 0 || strcmp(word, "nonneg-ball") == 0) {
        domain->kind = word[0] == 'b' ? HS_DOMAIN_BALL : HS_DOMAIN_NONNEG_BALL;
        hs_expect(c, " ");
        domain->radius = c->radius = read_double(c, false);
        hs_undamaged(c, c->radius > 0.0, "a positive radius was expected");
        hs_expect(c, "\n");
        return;
    }
    domain->kind = strcmp(word, "box") == 0 ? HS_DOMAIN_BOX : HS_DOMAIN_SPACE;
    hs_undamaged(c, domain->kind == HS_DOMAIN_BOX || strcmp(word, "space") == 0,
                 "a domain was expected");
    hs_expect(c, "\n");
    if (domain->kind == HS_DOMAIN_SPACE)
        return;
    double *lower = hs_got(c, hs_allocate(c->n, sizeof *lower));
    domain->lower = lower;
    double *upper = hs_got(c, hs_allocate(c->n, sizeof *upper));
    domain->upper = upper;
    read_bounds(c, "lower", lower);
    read_bounds(c, "upper", upper);
    for (size_t j = 0; j < c->n; j++)
        hs_undamaged(c, lower[j] < upper[j], "the box is empty");
}

/* Face m + 2j is lower_j - z_j < 0, face m + 2j + 1 is z_j - upper_j < 0. */
static void make_rows(hs_checker *c) {
    const hs_domain *domain = &c->found->domain;
    bool box = domain->kind == HS_DOMAIN_BOX, nonneg = domain->kind == HS_DOMAIN_NONNEG_BALL;
    size_t m = c->m, n = c->n;
    c->row_count = m + (box || nonneg ? 2 * n : 0);
    c->rows = hs_memory(c, c->row_count, n + 1, sizeof *c->rows);
    c->usable = hs_memory(c, c->row_count, 1, sizeof *c->usable);
    for (size_t i = 0; i < c->row_count; i++) {
        double *row = c->rows + i * (n + 1);
        if (i < m) {
            memcpy(row, hs_layer_weight(c->layer) + i * n, n * sizeof *row);
            row[n] = hs_layer_bias(c->layer)[i];
            for (size_t j = 0; j < n; j++)
                c->usable[i] = c->usable[i] || fabs(row[j]) > 0.0;
            continue;
        }
        size_t j = (i - m) / 2;
        bool above = (i - m) % 2 != 0;
        double bound = nonneg  ? (above ? INFINITY : 0.0)
                       : above ? -domain->upper[j]
                               : domain->lower[j];
        row[j] = above ? 1.0 : -1.0;
        c->usable[i] = isfinite(bound);
        row[n] = isfinite(bound) ? bound : 0.0;
    }
}

/* ---- entry ---- */

/* Sets found->proven, or comes back before that. */
static void check(hs_checker *c) {
    hs_verification *found = c->found;
    char digest[HS_DIGEST_TEXT];
    if (setjmp(c->leave) != 0)
        return; /* refused */
    c->word = hs_memory(c, HS_MULTIPLIER_BYTES + 1, 1, 1);
    read_verdict(c);
    read_layer(c);
    read_domain(c);
    make_rows(c);
    if (found->verdict == HS_INJECTIVE)
        hs_check_tree(c);
    else
        hs_check_witness(c);
    hs_file_digest(c, digest);
    hs_expect(c, "end ");
    hs_undamaged(c, strcmp(hs_word(c), digest) == 0,
                 "the digest of the file is not the one at its end");
    hs_expect(c, "\n");
    hs_undamaged(c, hs_peek(c) == EOF, "something follows the end of the certificate");
    if (found->verdict == HS_INJECTIVE)
        snprintf(found->reason, sizeof found->reason,
                 "at every point inside the domain the active rows span the space: %" PRIu64
                 " branches cover the domain, %" PRIu64 " sets of rows that cannot have their "
                 "states together close them",
                 found->branches, found->cores);
    else
        snprintf(found->reason, sizeof found->reason,
                 "x and y lie in the domain, differ, and have the same output");
    found->proven = true;
}

static void release(hs_checker *c) {
    hs_tree_free(c);
    hs_ranks_free(c);
    if (c->inflating)
        inflateEnd(&c->inflater);
    for (size_t k = 0; k < c->integer_count; k++)
        mpz_clear(c->integers[k]);
    free(c->integers);
    for (size_t k = 0; k < c->allocation_count; k++)
        free(c->allocations[k]);
    free(c);
}

hs_status hs_verify_stream(FILE *stream, const char *name, const hs_layer *layer,
                           const hs_settings *settings, hs_verification **verification,
                           hs_error *error) {
    double start = hs_clock_seconds();
    hs_checker *c = hs_allocate(1, sizeof *c);
    hs_verification *found = hs_allocate(1, sizeof *found);
    *verification = NULL;
    if (c == NULL || found == NULL) {
        free(c);
        free(found);
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
    release(c);
    found->seconds = hs_clock_seconds() - start;
    if (status == HS_OK) {
        *verification = found;
        return HS_OK;
    }
    hs_fail(error, status, "%s: %s", name, found->reason);
    hs_verification_free(found);
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
