/* Two inputs with the same output: x = z + v and y = z - v, in exact arithmetic. Coordinates are
 * whole multiples of 2^unit, numbers of the rows of 2^row_unit. */
#include "certificate/verify.h"

enum { Z, V, X, Y, POINTS };
static const size_t most_bits = (size_t)1 << 31; /* of all coordinates together */

/* Returns the coordinates and room for two sums. */
static mpz_t *read_points(hs_checker *c, long *unit) {
    static const char *const names[POINTS] = {"z ", "v ", "x ", "y "};
    size_t n = c->n, count = POINTS * n;
    mpz_t *points = hs_integers(c, count + 2);
    long *exponent = hs_memory(c, &c->rooms.exponents, count, sizeof *exponent);
    for (size_t k = 0; k < count; k++) {
        if (k % n == 0)
            hs_expect(c, names[k / n]);
        char *word = hs_word(c, k % n == n - 1 ? "\n" : " ");
        hs_undamaged(c, hs_parse_number(word, points[k], &exponent[k]), "that is no number");
        *unit = exponent[k] < *unit ? exponent[k] : *unit;
    }
    for (size_t k = 0; k < count; k++) {
        size_t shift = (size_t)(exponent[k] - *unit);
        hs_undamaged(c, mpz_sizeinbase(points[k], 2) + shift <= most_bits / count,
                     "the numbers are too long");
        mpz_mul_2exp(points[k], points[k], shift);
    }
    return points;
}

/* x = z + v and y = z - v, v is not zero, and |x|, |y| <= radius in a ball. */
static void check_points(hs_checker *c, mpz_t *points, long unit) {
    size_t n = c->n;
    mpz_t *sum = points + POINTS * n, *radius = sum + 1;
    bool moved = false;
    for (size_t j = 0; j < n; j++) {
        mpz_t *z = points + j, *v = z + V * n, *x = z + X * n, *y = z + Y * n;
        mpz_add(sum[0], *z, *v);
        mpz_sub(sum[1], *z, *v);
        hs_require(c, mpz_cmp(sum[0], *x) == 0 && mpz_cmp(sum[1], *y) == 0,
                   "coordinate %zu of x and y is not that of z + v and z - v", j + 1);
        moved = moved || mpz_sgn(*v) != 0;
    }
    hs_require(c, moved, "x and y are equal");
    hs_exact(*radius, c->radius, unit);
    mpz_mul(*radius, *radius, *radius);
    for (mpz_t *x = points + X * n; x < sum && c->radius > 0.0; x += n) {
        mpz_set_ui(*sum, 0);
        for (size_t j = 0; j < n; j++)
            mpz_addmul(*sum, x[j], x[j]);
        hs_require(c, mpz_cmp(*sum, *radius) <= 0, "x or y is outside the domain");
    }
}

void hs_check_witness(hs_checker *c) {
    size_t n = c->n;
    int row_unit = hs_unit(c->rows, c->row_count * (n + 1)), unit = hs_unit(&c->radius, 1);
    long least = row_unit < unit ? row_unit : unit;
    mpz_t *points = read_points(c, &least), *at = points + POINTS * n;
    check_points(c, points, least);
    for (size_t i = 0; i < c->row_count; i++) {
        const double *row = c->rows + i * (n + 1);
        for (size_t k = 0; k < 2; k++) { /* w.x + b and w.y + b */
            hs_exact(at[k], row[n], row_unit + least);
            hs_add_products(at[k], row, 1, row_unit, points + (X + k) * n, n);
        }
        bool inactive = mpz_sgn(at[0]) <= 0 && mpz_sgn(at[1]) <= 0;
        hs_require(c, i < c->m || inactive, "x or y is outside the domain");
        hs_require(c, inactive || mpz_cmp(at[0], at[1]) == 0,
                   "row %zu has different outputs at x and y", i);
    }
}
