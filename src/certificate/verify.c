/* Start reading here: what a certificate claims, for which layer and domain, and who checks it. */
#include "certificate/verify.h"
#include "support/allocate.h"

/* The layer has to be the one that was read: nothing below depends on sizes that a file claims. */
static void read_layer(hs_checker *c) {
    hs_verification *found = c->found;
    char text[HS_DIGEST_TEXT], *word;
    for (size_t k = 0; k < 2; k++) {
        hs_expect(c, k == 0 ? "rows " : "columns ");
        word = hs_word(c, "\n");
        bool whole = strlen(word) < 19 && strspn(word, "0123456789") == strlen(word);
        hs_undamaged(c, whole, "a size was expected");
        *(k == 0 ? &found->m : &found->n) = strtoull(word, NULL, 10);
    }
    bool same = found->m == c->m && found->n == c->n;
    hs_require(c, same, "it is for another layer, of %zu x %zu", found->m, found->n);
    hs_layer_digest(c->layer, text);
    hs_expect(c, "layer ");
    word = hs_word(c, "\n");
    snprintf(found->layer, sizeof found->layer, "%s", word);
    hs_require(c, strcmp(word, text) == 0, "it is for another layer, not for %s", text);
}

/* Is the word [-]HEX, with p[-]DECIMAL for a power of two, that is, mantissa 2^exponent? */
static bool parse_number(char *word, mpz_t mantissa, long *exponent) {
    char *digits = word + (word[0] == '-'), *power = digits + strspn(digits, "0123456789abcdef");
    char *end = power; /* of the word, if it is a number */
    *exponent = *power == 'p' && power[1] != '+' ? strtol(power + 1, &end, 10) : 0;
    bool good = power > digits && *end == '\0' && end != power + 1;
    *power = '\0';
    return good && *exponent >= -HS_CERTIFICATE_NUMBER && *exponent <= HS_CERTIFICATE_NUMBER &&
           mpz_set_str(mantissa, word, 16) == 0;
}

/* A double, or inf or -inf, and what has to come after it. */
static double read_double(hs_checker *c, const char *after) {
    char *word = hs_word(c, after);
    long exponent;
    if (strcmp(word + (word[0] == '-'), "inf") == 0)
        return word[0] == '-' ? -INFINITY : INFINITY;
    bool good = parse_number(word, c->integers[0], &exponent);
    double whole = mpz_get_d(c->integers[0]), value = ldexp(whole, (int)exponent);
    good = good && mpz_sizeinbase(c->integers[0], 2) <= 53 && isfinite(value) &&
           !(fabs(ldexp(value, (int)-exponent) - whole) > 0.0);
    hs_undamaged(c, good, "a number in double precision was expected");
    return value;
}

static void read_domain(hs_checker *c) {
    static const char *const kinds[4] = {"ball", "space", "box", "nonneg-ball"}; /* by kind */
    hs_domain *domain = &c->found->domain;
    size_t n = c->n;
    hs_expect(c, "domain ");
    const char *word = hs_word(c, "");
    size_t kind = 0;
    while (kind < 4 && strcmp(word, kinds[kind]) != 0)
        kind++;
    hs_undamaged(c, kind < 4, "a domain was expected");
    domain->kind = (hs_domain_kind)kind;
    bool box = domain->kind == HS_DOMAIN_BOX, ball = !box && domain->kind != HS_DOMAIN_SPACE;
    hs_expect(c, ball ? " " : "\n");
    domain->radius = c->radius = ball ? read_double(c, "\n") : 0.0;
    bool good = !ball || (c->radius > 0.0 && isfinite(c->radius));
    hs_undamaged(c, good, "a positive radius was expected");
    double *bounds = hs_allocate(2 * n, sizeof *bounds);
    hs_enough(c, bounds != NULL);
    domain->lower = bounds; /* to be freed with c->found */
    domain->upper = bounds + n;
    for (size_t k = 0; k < 2 * n; k++) {
        double none = k >= n ? INFINITY : domain->kind == HS_DOMAIN_NONNEG_BALL ? 0.0 : -INFINITY;
        if (box && k % n == 0)
            hs_expect(c, k == 0 ? "lower " : "upper ");
        bounds[k] = box ? read_double(c, k % n == n - 1 ? "\n" : " ") : none;
        hs_undamaged(c, k < n || bounds[k - n] < bounds[k], "the box is empty");
    }
}

/* Face m + 2j is lower_j - z_j < 0, face m + 2j + 1 is z_j - upper_j < 0. */
static void make_rows(hs_checker *c) {
    size_t m = c->m, n = c->n;
    c->row_count = m + 2 * n;
    c->rows = hs_memory(c, &c->rooms.rows, c->row_count * (n + 1), sizeof *c->rows);
    c->usable = hs_memory(c, &c->rooms.usable, c->row_count, sizeof *c->usable);
    for (size_t i = 0; i < c->row_count; i++) {
        double *row = c->rows + i * (n + 1), sign = (i - m) % 2 == 0 ? -1.0 : 1.0;
        const double *bounds = sign < 0.0 ? c->found->domain.lower : c->found->domain.upper;
        size_t face = (i - m) / 2;
        if (i < m) {
            memcpy(row, hs_layer_weight(c->layer) + i * n, n * sizeof *row);
            row[n] = hs_layer_bias(c->layer)[i];
        } else if (isfinite(bounds[face])) {
            row[face] = sign;
            row[n] = -sign * bounds[face];
        }
        for (size_t j = 0; j < n; j++)
            c->usable[i] = c->usable[i] || fabs(row[j]) > 0.0;
    }
}

/* z, v, x and y, as whole multiples of 2^unit, and three numbers more. */
enum { Z, V, X, Y, POINTS };
static mpz_t *read_points(hs_checker *c, long *unit) {
    static const char *const names[POINTS] = {"z ", "v ", "x ", "y "};
    size_t n = c->n, count = POINTS * n, most_bits = ((size_t)1 << 31) / count;
    mpz_t *points = c->integers;
    long *exponent = hs_memory(c, &c->rooms.exponents, count, sizeof *exponent);
    for (size_t k = 0; k < count; k++) {
        hs_expect(c, k % n == 0 ? names[k / n] : "");
        char *word = hs_word(c, k % n == n - 1 ? "\n" : " ");
        bool good = parse_number(word, points[k], &exponent[k]);
        hs_undamaged(c, good && mpz_sizeinbase(points[k], 2) <= most_bits, "that is no number");
        *unit = exponent[k] < *unit ? exponent[k] : *unit;
    }
    for (size_t k = 0; k < count; k++) {
        size_t shift = (size_t)(exponent[k] - *unit), bits = mpz_sizeinbase(points[k], 2) + shift;
        hs_undamaged(c, bits <= most_bits, "the numbers are too long");
        mpz_mul_2exp(points[k], points[k], shift);
    }
    return points;
}

/* Two inputs with the same output: x = z + v and y = z - v, v is not zero, both lie in the domain,
 * and for every row w.x + b = w.y + b or both are at most 0. */
static void check_witness(hs_checker *c) {
    size_t n = c->n;
    int row_unit = hs_unit(c->rows, c->row_count * (n + 1)), radius_unit = hs_unit(&c->radius, 1);
    long unit = row_unit < radius_unit ? row_unit : radius_unit;
    mpz_t *z = read_points(c, &unit), *v = z + V * n, *x = z + X * n, *y = z + Y * n, *sum = y + n;
    bool moved = false;
    for (size_t j = 0; j < n; j++) {
        mpz_add(sum[0], z[j], v[j]);
        mpz_sub(sum[1], z[j], v[j]);
        hs_require(c, mpz_cmp(sum[0], x[j]) == 0 && mpz_cmp(sum[1], y[j]) == 0,
                   "coordinate %zu of x and y is not that of z + v and z - v", j + 1);
        moved = moved || mpz_sgn(v[j]) != 0;
    }
    hs_require(c, moved, "x and y are equal");
    for (mpz_t *point = x; point < sum && c->radius > 0.0; point += n) {
        hs_exact(sum[0], c->radius, unit);
        mpz_mul(sum[0], sum[0], sum[0]);
        for (size_t j = 0; j < n; j++)
            mpz_submul(sum[0], point[j], point[j]);
        hs_require(c, mpz_sgn(sum[0]) >= 0, "x or y is outside the domain");
    }
    for (size_t i = 0; i < c->row_count; i++) {
        const double *row = c->rows + i * (n + 1);
        if (hs_others_turn(c))
            continue;
        for (size_t k = 0; k <= 1; k++)
            hs_exact(sum[k], row[n], row_unit + unit);
        for (size_t j = 0; j < n; j++) {
            hs_exact(sum[2], row[j], row_unit);
            mpz_addmul(sum[0], sum[2], x[j]);
            mpz_addmul(sum[1], sum[2], y[j]);
        }
        bool inactive = mpz_sgn(sum[0]) <= 0 && mpz_sgn(sum[1]) <= 0;
        hs_require(c, i < c->m || inactive, "x or y is outside the domain");
        inactive = inactive || mpz_cmp(sum[0], sum[1]) == 0;
        hs_require(c, inactive, "row %zu has different outputs at x and y", i);
    }
}

/* All of the certificate. */
static void check(hs_checker *c) {
    hs_verification *found = c->found;
    size_t integers = (c->n + 2) * (2 * c->n + 4); /* as many as a core may take */
    c->integers = hs_memory(c, &c->rooms.integers, integers, sizeof *c->integers);
    while (c->integer_count < integers)
        mpz_init(c->integers[c->integer_count++]);
    hs_expect(c, HS_CERTIFICATE_MAGIC "\nverdict ");
    found->verdict = hs_peek(c) == 'n' ? HS_NOT_INJECTIVE : HS_INJECTIVE;
    hs_expect(c, found->verdict == HS_INJECTIVE ? "injective\n" : "not-injective\n");
    read_layer(c);
    read_domain(c);
    make_rows(c);
    if (found->verdict == HS_INJECTIVE) {
        hs_check_tree(c);
        snprintf(found->reason, sizeof found->reason,
                 "at every point inside the domain the active rows span the space: %" PRIu64
                 " branches cover the domain, %" PRIu64 " sets of rows that cannot have their "
                 "states together close them",
                 found->branches, found->cores);
    } else {
        check_witness(c);
        strcpy(found->reason, "x and y lie in the domain, differ, and have the same output");
    }
    sha256_update(&c->digest, c->at, c->bytes); /* all before the last line */
    hs_digest_print(&c->digest, c->text);
    hs_expect(c, "end ");
    hs_undamaged(c, strcmp(hs_word(c, "\n"), c->text) == 0, "that is not the digest of the file");
    hs_undamaged(c, hs_peek(c) == EOF, "something follows the end of the certificate");
    found->proven = true;
}

/* A refusal comes back here. */
void hs_check_all(hs_checker *c) {
    c->m = hs_layer_rows(c->layer);
    c->n = hs_layer_columns(c->layer);
    sha256_init(&c->digest);
    if (setjmp(c->leave) == 0)
        check(c);
    if (c->inflating)
        inflateEnd(&c->inflater);
    for (size_t k = 0; k < c->integer_count; k++)
        mpz_clear(c->integers[k]);
    for (hs_room *room = (hs_room *)&c->rooms; room < (hs_room *)(&c->rooms + 1); room++)
        free(room->at);
}
