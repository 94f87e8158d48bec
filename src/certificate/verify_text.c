/* The text of a certificate: what it claims, and two inputs with the same output. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- words and numbers ---------------------------------------------------------------------- */

typedef struct word {
    char *text; /* a word of the line, without the blank or newline after it */
    size_t capacity;
    int after; /* ' ' or '\n' */
} word;

static bool read_word(hs_checker *checker, word *w) {
    for (size_t length = 0;; length++) {
        if (length + 1 >= w->capacity) {
            size_t capacity = 2 * w->capacity + 128;
            char *text = realloc(w->text, capacity);
            if (text == NULL)
                return hs_checker_no_memory(checker);
            w->text = text;
            w->capacity = capacity;
        }
        int c = hs_input_byte(&checker->input);
        if (c == ' ' || c == '\n') {
            w->text[length] = '\0';
            w->after = c;
            return length > 0 || hs_checker_damaged(checker, "a word was expected");
        }
        if (c == EOF)
            return hs_checker_damaged(checker, "the file is cut");
        if (c <= ' ' || c > '~' || length > HS_CERTIFICATE_NUMBER)
            return hs_checker_damaged(checker, "not a certificate: a line of words was expected");
        w->text[length] = (char)c;
    }
}

/* The next word has to be this one, with a blank or a newline after it. */
static bool expect(hs_checker *checker, word *w, const char *text, int after) {
    return read_word(checker, w) &&
           ((strcmp(w->text, text) == 0 && w->after == after) ||
            hs_checker_damaged(checker, "not a certificate of this version: '%s' was expected",
                               text));
}

static bool whole(const char *text, size_t *value) {
    char *end;
    if (!isdigit((unsigned char)text[0]) || strlen(text) > 18)
        return false;
    *value = (size_t)strtoull(text, &end, 10);
    return *end == '\0';
}

/* [-]HEX, then p[-]DECIMAL for a power of two. */
static bool parse_number(char *text, mpz_t mantissa, long *exponent) {
    char *power = strchr(text, 'p'), *digits = text + (text[0] == '-');
    size_t shift = 0;
    bool down = power != NULL && power[1] == '-';
    if (power != NULL)
        *power = '\0';
    if ((power != NULL && (!whole(power + 1 + down, &shift) || shift > HS_CERTIFICATE_NUMBER)) ||
        digits[0] == '\0' || strspn(digits, "0123456789abcdef") != strlen(digits))
        return false;
    *exponent = down ? -(long)shift : (long)shift;
    return mpz_set_str(mantissa, text, 16) == 0;
}

/* A number that is a double; with infinite, also inf and -inf. */
static bool read_double(hs_checker *checker, word *w, bool infinite, double *value) {
    mpz_t mantissa;
    long exponent;
    if (!read_word(checker, w))
        return false;
    if (infinite && (strcmp(w->text, "inf") == 0 || strcmp(w->text, "-inf") == 0)) {
        *value = w->text[0] == '-' ? -INFINITY : INFINITY;
        return true;
    }
    mpz_init(mantissa);
    bool good = parse_number(w->text, mantissa, &exponent) && mpz_sizeinbase(mantissa, 2) <= 53;
    double whole_part = good ? mpz_get_d(mantissa) : 0.0;
    mpz_clear(mantissa);
    *value = good ? ldexp(whole_part, (int)exponent) : 0.0;
    double back = good ? ldexp(*value, (int)-exponent) : 0.0;
    return (good && isfinite(*value) && !(back < whole_part) && !(back > whole_part)) ||
           hs_checker_damaged(checker, "a number in double precision was expected");
}

/* ---- the header ------------------------------------------------------------------------------ */

static bool read_size(hs_checker *checker, word *w, const char *name, size_t *value) {
    return expect(checker, w, name, ' ') && read_word(checker, w) &&
           ((w->after == '\n' && whole(w->text, value)) ||
            hs_checker_damaged(checker, "the number of %s was expected", name));
}

/* The layer has to be the one that was read: nothing below depends on sizes that a file claims. */
static bool check_layer(hs_checker *checker, word *w) {
    hs_verification *found = checker->found;
    uint8_t digest[SHA256_DIGEST_SIZE];
    if (!read_size(checker, w, "rows", &found->m) || !read_size(checker, w, "columns", &found->n) ||
        !expect(checker, w, "layer", ' ') || !read_word(checker, w))
        return false;
    if (strlen(w->text) + 1 != sizeof found->layer || w->after != '\n')
        return hs_checker_damaged(checker, "the SHA-256 of the layer was expected");
    memcpy(found->layer, w->text, sizeof found->layer);
    if (found->m != checker->m || found->n != checker->n)
        return hs_checker_refuse(checker, "it is for a layer of %zu x %zu, not of %zu x %zu",
                                 found->m, found->n, checker->m, checker->n);
    char text[HS_DIGEST_TEXT];
    hs_layer_digest(checker->layer, digest);
    hs_digest_print(digest, text);
    return strcmp(found->layer, text) == 0 ||
           hs_checker_refuse(checker, "it is for another layer: SHA-256 %s, not %s", found->layer,
                             text);
}

static bool read_bounds(hs_checker *checker, word *w, const char *name, double *bounds) {
    if (!expect(checker, w, name, ' '))
        return false;
    for (size_t j = 0; j < checker->n; j++) {
        if (!read_double(checker, w, true, &bounds[j]))
            return false;
        if (w->after != (j + 1 < checker->n ? ' ' : '\n'))
            return hs_checker_damaged(checker, "%zu bounds were expected", checker->n);
    }
    return true;
}

static bool read_box(hs_checker *checker, word *w) {
    double *lower = hs_allocate(checker->n, sizeof *lower);
    double *upper = hs_allocate(checker->n, sizeof *upper);
    checker->found->domain.lower = lower;
    checker->found->domain.upper = upper;
    if (lower == NULL || upper == NULL)
        return hs_checker_no_memory(checker);
    if (!read_bounds(checker, w, "lower", lower) || !read_bounds(checker, w, "upper", upper))
        return false;
    for (size_t j = 0; j < checker->n; j++)
        if (!(lower[j] < upper[j]))
            return hs_checker_damaged(checker, "the box is empty");
    return true;
}

static bool read_domain(hs_checker *checker, word *w) {
    hs_domain *domain = &checker->found->domain;
    if (!expect(checker, w, "domain", ' ') || !read_word(checker, w))
        return false;
    bool ball = strcmp(w->text, "ball") == 0, nonneg = strcmp(w->text, "nonneg-ball") == 0;
    if ((ball || nonneg) && w->after == ' ') {
        domain->kind = ball ? HS_DOMAIN_BALL : HS_DOMAIN_NONNEG_BALL;
        return read_double(checker, w, false, &domain->radius) &&
               ((domain->radius > 0.0 && w->after == '\n') ||
                hs_checker_damaged(checker, "a positive radius was expected"));
    }
    if (strcmp(w->text, "space") == 0 && w->after == '\n') {
        domain->kind = HS_DOMAIN_SPACE;
        return true;
    }
    if (strcmp(w->text, "box") != 0 || w->after != '\n')
        return hs_checker_damaged(checker, "a domain was expected");
    domain->kind = HS_DOMAIN_BOX;
    return read_box(checker, w);
}

static bool read_verdict(hs_checker *checker, word *w) {
    if (!expect(checker, w, "verdict", ' ') || !read_word(checker, w))
        return false;
    bool injective = strcmp(w->text, "injective") == 0;
    checker->found->verdict = injective ? HS_INJECTIVE : HS_NOT_INJECTIVE;
    return ((injective || strcmp(w->text, "not-injective") == 0) && w->after == '\n') ||
           hs_checker_damaged(checker, "a verdict was expected");
}

bool hs_checker_header(hs_checker *checker) {
    word w = {0};
    bool good = true;
    for (const char *c = HS_CERTIFICATE_MAGIC "\n"; good && *c != '\0'; c++)
        good = hs_input_byte(&checker->input) == *c ||
               hs_checker_damaged(checker, "not a certificate of this version: its first line is "
                                           "not '" HS_CERTIFICATE_MAGIC "'");
    good = good && read_verdict(checker, &w) && check_layer(checker, &w) &&
           read_domain(checker, &w) &&
           (checker->found->verdict != HS_INJECTIVE || expect(checker, &w, "steps", '\n'));
    free(w.text);
    return good;
}

/* The last line: the digest of everything before it. Nothing may follow. */
bool hs_checker_trailer(hs_checker *checker) {
    uint8_t digest[SHA256_DIGEST_SIZE];
    char text[HS_DIGEST_TEXT];
    word w = {0};
    hs_input_digest(&checker->input, digest);
    hs_digest_print(digest, text);
    bool good = expect(checker, &w, "end", ' ') && read_word(checker, &w) &&
                ((strcmp(w.text, text) == 0 && w.after == '\n') ||
                 hs_checker_damaged(checker, "the digest of the file is not the one at its end")) &&
                (hs_input_peek(&checker->input) == EOF ||
                 hs_checker_damaged(checker, "something follows the end of the certificate"));
    free(w.text);
    return good;
}

/* ---- two inputs with the same output ----------------------------------------------------------
 */

/* z, v, x, y: all their coordinates as whole multiples of 2^least. */
enum { Z, V, X, Y, POINTS };

typedef struct points {
    mpz_t *entry; /* POINTS x n */
    long *exponent;
    long least; /* at most 0, and below the units of the domain's numbers */
} points;

static int unit_of(double value) {
    int exponent;
    frexp(value, &exponent);
    return exponent - 53;
}

/* value 2^-least, a whole number. */
static void set_scaled(mpz_t to, double value, long least) {
    int exponent;
    mpz_set_si(to, (long)ldexp(frexp(value, &exponent), 53));
    mpz_mul_2exp(to, to, (mp_bitcnt_t)(exponent - 53 - least));
}

static bool read_points(hs_checker *checker, points *p) {
    static const char *const names[POINTS] = {"z", "v", "x", "y"};
    size_t n = checker->n;
    word w = {0};
    bool good = true;
    for (size_t k = 0; k < POINTS && good; k++) {
        good = expect(checker, &w, names[k], ' ');
        for (size_t j = k * n; j < (k + 1) * n && good; j++)
            good = read_word(checker, &w) &&
                   ((w.after == (j + 1 < (k + 1) * n ? ' ' : '\n') &&
                     parse_number(w.text, p->entry[j], &p->exponent[j])) ||
                    hs_checker_damaged(checker, "%zu numbers were expected", n));
    }
    free(w.text);
    return good;
}

static bool scale_points(hs_checker *checker, points *p) {
    const hs_domain *domain = &checker->found->domain;
    size_t n = checker->n, longest = 0;
    p->least = unit_of(domain->radius) < 0 ? unit_of(domain->radius) : 0;
    for (size_t j = 0; j < n && domain->kind == HS_DOMAIN_BOX; j++)
        for (int side = 0; side < 2; side++) {
            double bound = side == 0 ? domain->lower[j] : domain->upper[j];
            if (isfinite(bound) && unit_of(bound) < p->least)
                p->least = unit_of(bound);
        }
    for (size_t j = 0; j < POINTS * n; j++)
        if (p->exponent[j] < p->least)
            p->least = p->exponent[j];
    for (size_t j = 0; j < POINTS * n; j++) {
        size_t bits = mpz_sizeinbase(p->entry[j], 2) + (size_t)(p->exponent[j] - p->least);
        longest = bits > longest ? bits : longest;
    }
    if (longest > (UINT64_C(1) << 31) / (POINTS * n))
        return hs_checker_damaged(checker, "the numbers are too long");
    for (size_t j = 0; j < POINTS * n; j++)
        mpz_mul_2exp(p->entry[j], p->entry[j], (mp_bitcnt_t)(p->exponent[j] - p->least));
    return true;
}

/* x = z + v and y = z - v, and v is not zero. */
static bool check_pair(hs_checker *checker, const points *p) {
    size_t n = checker->n, j = 0;
    bool moved = false, good = true;
    mpz_t sum;
    mpz_init(sum);
    for (; j < n && good; j++) {
        moved = moved || mpz_sgn(p->entry[V * n + j]) != 0;
        mpz_add(sum, p->entry[Z * n + j], p->entry[V * n + j]);
        good = mpz_cmp(sum, p->entry[X * n + j]) == 0;
        mpz_sub(sum, p->entry[Z * n + j], p->entry[V * n + j]);
        good = good && mpz_cmp(sum, p->entry[Y * n + j]) == 0;
    }
    mpz_clear(sum);
    if (!good)
        return hs_checker_refuse(checker,
                                 "coordinate %zu of x and y is not that of z + v and z - v", j);
    return moved || hs_checker_refuse(checker, "x and y are equal");
}

static bool check_domain(hs_checker *checker, const points *p, size_t which, const char *name) {
    const hs_domain *domain = &checker->found->domain;
    const mpz_t *x = (const mpz_t *)(p->entry + which * checker->n);
    bool ball = domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL;
    bool good = true;
    mpz_t bound, square;
    mpz_inits(bound, square, NULL);
    for (size_t j = 0; j < checker->n && good; j++) {
        mpz_addmul(square, x[j], x[j]);
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            good = mpz_sgn(x[j]) >= 0;
        if (domain->kind == HS_DOMAIN_BOX && isfinite(domain->lower[j])) {
            set_scaled(bound, domain->lower[j], p->least);
            good = mpz_cmp(x[j], bound) >= 0;
        }
        if (domain->kind == HS_DOMAIN_BOX && isfinite(domain->upper[j])) {
            set_scaled(bound, domain->upper[j], p->least);
            good = good && mpz_cmp(x[j], bound) <= 0;
        }
    }
    if (ball) {
        set_scaled(bound, domain->radius, p->least);
        mpz_mul(bound, bound, bound);
        good = good && mpz_cmp(square, bound) <= 0;
    }
    mpz_clears(bound, square, NULL);
    return good || hs_checker_refuse(checker, "%s is outside the domain", name);
}

/* sum = w.x + bias, as a multiple of 2^(unit + least). */
static void product(const double *w, double bias, size_t n, int unit, const mpz_t *x, long least,
                    mpz_t sum) {
    mpz_t term;
    mpz_init(term);
    set_scaled(sum, bias, unit + least);
    for (size_t j = 0; j < n; j++) {
        set_scaled(term, w[j], unit);
        mpz_addmul(sum, term, x[j]);
    }
    mpz_clear(term);
}

/* Every row has the same output at z + v and z - v: w.v = 0, or both sides are at most 0, which is
 * w.z + b + |w.v| <= 0. */
static bool check_outputs(hs_checker *checker, const points *p) {
    size_t n = checker->n;
    const double *weight = hs_layer_weight(checker->layer), *bias = hs_layer_bias(checker->layer);
    const mpz_t *entry = (const mpz_t *)p->entry;
    mpz_t at, slope;
    bool good = true;
    mpz_inits(at, slope, NULL);
    for (size_t i = 0; i < checker->m && good; i++) {
        const double *w = weight + i * n;
        int unit = unit_of(bias[i]);
        for (size_t j = 0; j < n; j++)
            unit = unit_of(w[j]) < unit ? unit_of(w[j]) : unit;
        product(w, 0.0, n, unit, entry + V * n, p->least, slope);
        if (mpz_sgn(slope) == 0)
            continue;
        product(w, bias[i], n, unit, entry + Z * n, p->least, at);
        mpz_abs(slope, slope);
        mpz_add(at, at, slope);
        good = mpz_sgn(at) <= 0 ||
               hs_checker_refuse(checker, "row %zu has different outputs at x and y", i);
    }
    mpz_clears(at, slope, NULL);
    return good;
}

bool hs_checker_witness(hs_checker *checker) {
    size_t count = POINTS * checker->n;
    points p = {.entry = hs_allocate(count, sizeof *p.entry),
                .exponent = hs_allocate(count, sizeof *p.exponent)};
    bool made = p.entry != NULL && p.exponent != NULL;
    for (size_t j = 0; j < count && made; j++)
        mpz_init(p.entry[j]);
    bool good = made ? read_points(checker, &p) && scale_points(checker, &p) &&
                           check_pair(checker, &p) && check_domain(checker, &p, X, "x") &&
                           check_domain(checker, &p, Y, "y") && check_outputs(checker, &p)
                     : hs_checker_no_memory(checker);
    for (size_t j = 0; j < count && made; j++)
        mpz_clear(p.entry[j]);
    free(p.entry);
    free(p.exponent);
    return good;
}
