/* The text of a certificate: what it claims, and two inputs with the same output. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <ctype.h>
#include <float.h>
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

/* [-]HEX, then p[-]DECIMAL for a power of two, then /HEX for a denominator. */
static bool parse_number(char *text, mpq_t value) {
    char *slash = strchr(text, '/'), *power = strchr(text, 'p');
    const char *digits = text + (text[0] == '-');
    size_t shift = 0;
    bool down = false;
    if (slash != NULL)
        *slash = '\0';
    if (power != NULL) {
        *power = '\0';
        down = power[1] == '-';
        if (!whole(power + 1 + down, &shift) || shift > HS_CERTIFICATE_NUMBER)
            return false;
    }
    const char *below = slash != NULL ? slash + 1 : "1";
    if (digits[0] == '\0' || strspn(digits, "0123456789abcdef") != strlen(digits) ||
        below[0] == '\0' || strspn(below, "0123456789abcdef") != strlen(below) ||
        mpz_set_str(mpq_numref(value), text, 16) != 0 ||
        mpz_set_str(mpq_denref(value), below, 16) != 0 || mpz_sgn(mpq_denref(value)) == 0)
        return false;
    mpq_canonicalize(value);
    if (down)
        mpq_div_2exp(value, value, shift);
    else
        mpq_mul_2exp(value, value, shift);
    return true;
}

/* A number that is a double; with infinite, also inf and -inf. */
static bool read_double(hs_checker *checker, word *w, bool infinite, double *value) {
    if (!read_word(checker, w))
        return false;
    if (infinite && (strcmp(w->text, "inf") == 0 || strcmp(w->text, "-inf") == 0)) {
        *value = w->text[0] == '-' ? -INFINITY : INFINITY;
        return true;
    }
    mpq_t exact, rounded;
    mpq_inits(exact, rounded, NULL);
    bool good = strlen(w->text) < 64 && parse_number(w->text, exact);
    if (good) {
        *value = mpq_get_d(exact);
        good = isfinite(*value);
    }
    if (good) {
        mpq_set_d(rounded, *value);
        good = mpq_equal(rounded, exact) != 0;
    }
    mpq_clears(exact, rounded, NULL);
    return good || hs_checker_damaged(checker, "a number in double precision was expected");
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

/* A rational vector as integers over one denominator. */
typedef struct vector {
    mpq_t *entry; /* n */
    mpz_t *over;  /* n: entry times below */
    mpz_t below;
} vector;

static bool vector_create(size_t n, vector *v) {
    mpz_init_set_ui(v->below, 1);
    v->entry = hs_allocate(n, sizeof *v->entry);
    v->over = hs_allocate(n, sizeof *v->over);
    for (size_t j = 0; v->entry != NULL && v->over != NULL && j < n; j++) {
        mpq_init(v->entry[j]);
        mpz_init(v->over[j]);
    }
    return v->entry != NULL && v->over != NULL;
}

static void vector_clear(size_t n, vector *v) {
    for (size_t j = 0; v->entry != NULL && v->over != NULL && j < n; j++) {
        mpq_clear(v->entry[j]);
        mpz_clear(v->over[j]);
    }
    free(v->entry);
    free(v->over);
    mpz_clear(v->below);
}

/* bits: what all numbers of a certificate may take together. */
static bool read_vector(hs_checker *checker, word *w, const char *name, uint64_t *bits, vector *v) {
    size_t n = checker->n;
    if (!expect(checker, w, name, ' '))
        return false;
    for (size_t j = 0; j < n; j++) {
        if (!read_word(checker, w))
            return false;
        if (w->after != (j + 1 < n ? ' ' : '\n') || !parse_number(w->text, v->entry[j]))
            return hs_checker_damaged(checker, "%zu rational numbers were expected", n);
        uint64_t size =
            mpz_sizeinbase(mpq_numref(v->entry[j]), 2) + mpz_sizeinbase(mpq_denref(v->entry[j]), 2);
        if (size > *bits)
            return hs_checker_damaged(checker, "the numbers are too long");
        *bits -= size;
        if (!mpz_divisible_p(v->below, mpq_denref(v->entry[j])))
            mpz_lcm(v->below, v->below, mpq_denref(v->entry[j]));
        if (mpz_sizeinbase(v->below, 2) > 8 * HS_CERTIFICATE_NUMBER)
            return hs_checker_damaged(checker, "the numbers have no small common denominator");
    }
    for (size_t j = 0; j < n; j++) {
        mpz_divexact(v->over[j], v->below, mpq_denref(v->entry[j]));
        mpz_mul(v->over[j], v->over[j], mpq_numref(v->entry[j]));
    }
    return true;
}

/* x = z + v and y = z - v, and v is not zero. */
static bool check_pair(hs_checker *checker, const vector *z, const vector *v, const vector *x,
                       const vector *y) {
    bool moved = false, good = true;
    mpq_t sum;
    mpq_init(sum);
    for (size_t j = 0; j < checker->n && good; j++) {
        moved = moved || mpq_sgn(v->entry[j]) != 0;
        mpq_add(sum, z->entry[j], v->entry[j]);
        good = mpq_equal(sum, x->entry[j]) != 0;
        mpq_sub(sum, z->entry[j], v->entry[j]);
        good = good && mpq_equal(sum, y->entry[j]) != 0;
        if (!good)
            hs_checker_refuse(checker, "coordinate %zu of x and y is not that of z + v and z - v",
                              j + 1);
    }
    mpq_clear(sum);
    return good && (moved || hs_checker_refuse(checker, "x and y are equal"));
}

static int compare(const mpq_t value, double bound) {
    mpq_t exact;
    mpq_init(exact);
    mpq_set_d(exact, bound);
    int order = mpq_cmp(value, exact);
    mpq_clear(exact);
    return order;
}

/* |x|^2 <= radius^2, in integers: sum over^2 against (radius below)^2. */
static bool in_ball(hs_checker *checker, const vector *x) {
    mpq_t sum, limit;
    mpq_inits(sum, limit, NULL);
    for (size_t j = 0; j < checker->n; j++)
        mpz_addmul(mpq_numref(sum), x->over[j], x->over[j]);
    mpq_set_d(limit, checker->found->domain.radius);
    mpz_mul(mpq_numref(limit), mpq_numref(limit), x->below);
    mpq_canonicalize(limit);
    mpq_mul(limit, limit, limit);
    bool inside = mpq_cmp(sum, limit) <= 0;
    mpq_clears(sum, limit, NULL);
    return inside;
}

static bool check_domain(hs_checker *checker, const vector *x, const char *name) {
    const hs_domain *domain = &checker->found->domain;
    bool ball = domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL;
    for (size_t j = 0; j < checker->n; j++) {
        bool inside = true;
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            inside = mpq_sgn(x->entry[j]) >= 0;
        if (domain->kind == HS_DOMAIN_BOX)
            inside = (isinf(domain->lower[j]) || compare(x->entry[j], domain->lower[j]) >= 0) &&
                     (isinf(domain->upper[j]) || compare(x->entry[j], domain->upper[j]) <= 0);
        if (!inside)
            return hs_checker_refuse(checker, "%s is outside the domain: coordinate %zu", name,
                                     j + 1);
    }
    return !ball || in_ball(checker, x) ||
           hs_checker_refuse(checker, "%s is outside the ball", name);
}

/* sum = 2^-least below (w.x + bias), an integer: all numbers are multiples of 2^least. */
static void product(const double *w, double bias, size_t n, int least, const vector *x, mpz_t sum) {
    int exponent;
    mpz_t term;
    mpz_init(term);
    mpz_set_ui(sum, 0);
    for (size_t j = 0; j <= n; j++) {
        double value = frexp(j < n ? w[j] : bias, &exponent);
        if (fabs(value) > 0.0) {
            mpz_mul_si(term, j < n ? x->over[j] : x->below, (long)ldexp(value, 53));
            mpz_mul_2exp(term, term, (mp_bitcnt_t)(exponent - 53 - least));
            mpz_add(sum, sum, term);
        }
    }
    mpz_clear(term);
}

static int least_exponent(const double *w, double bias, size_t n) {
    int least = DBL_MAX_EXP, exponent;
    for (size_t j = 0; j <= n; j++) {
        double value = frexp(j < n ? w[j] : bias, &exponent);
        if (fabs(value) > 0.0 && exponent - 53 < least)
            least = exponent - 53;
    }
    return least;
}

/* Every row has the same output at z + v and z - v: w.v = 0, or both sides are at most 0, which is
 * w.z + b + |w.v| <= 0. */
static bool check_outputs(hs_checker *checker, const vector *z, const vector *v) {
    size_t n = checker->n;
    const double *weight = hs_layer_weight(checker->layer), *bias = hs_layer_bias(checker->layer);
    mpz_t at, slope;
    bool good = true;
    mpz_inits(at, slope, NULL);
    for (size_t i = 0; i < checker->m && good; i++) {
        const double *w = weight + i * n;
        int least = least_exponent(w, bias[i], n);
        product(w, 0.0, n, least, v, slope);
        if (mpz_sgn(slope) == 0)
            continue;
        product(w, bias[i], n, least, z, at);
        mpz_abs(slope, slope);
        mpz_mul(slope, slope, z->below);
        mpz_mul(at, at, v->below);
        mpz_add(at, at, slope);
        good = mpz_sgn(at) <= 0 ||
               hs_checker_refuse(checker, "row %zu has different outputs at x and y", i);
    }
    mpz_clears(at, slope, NULL);
    return good;
}

bool hs_checker_witness(hs_checker *checker) {
    static const char *const names[] = {"z", "v", "x", "y"};
    uint64_t bits = UINT64_C(1) << 31;
    vector points[4];
    word w = {0};
    bool good = true;
    for (size_t k = 0; k < 4; k++)
        good = vector_create(checker->n, &points[k]) && good;
    if (!good)
        hs_checker_no_memory(checker);
    for (size_t k = 0; k < 4 && good; k++)
        good = read_vector(checker, &w, names[k], &bits, &points[k]);
    good = good && check_pair(checker, &points[0], &points[1], &points[2], &points[3]) &&
           check_domain(checker, &points[2], "x") && check_domain(checker, &points[3], "y") &&
           check_outputs(checker, &points[0], &points[1]);
    for (size_t k = 0; k < 4; k++)
        vector_clear(checker->n, &points[k]);
    free(w.text);
    return good;
}
