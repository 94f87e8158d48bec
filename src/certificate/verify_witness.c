/* Two inputs with the same output: x = z + v and y = z - v, in exact arithmetic. All coordinates
 * are whole multiples of 2^unit, and so are all numbers of the rows. */
#include "certificate/verify.h"

#include <string.h>

enum { Z, V, X, Y, POINTS };
static const size_t most_bits = (size_t)1 << 31; /* of all coordinates together */

typedef struct points {
    mpz_t *entry; /* POINTS x n, then three for sums */
    long unit;
    int row_unit;
} points;

/* Reads the coordinates; returns them as multiples of one power of two, which is at most 1 and
 * at most the unit of the rows. */
static points read_points(hs_checker *c) {
    static const char *const names[POINTS] = {"z", "v", "x", "y"};
    size_t n = c->n, count = POINTS * n;
    long *exponent = hs_memory(c, count, 1, sizeof *exponent);
    points p = {.entry = hs_integers(c, count + 3)};
    int radius_unit = hs_unit(&c->radius, 1);
    p.row_unit = hs_unit(c->rows, c->row_count * (n + 1));
    p.unit = p.row_unit < radius_unit ? p.row_unit : radius_unit;
    for (size_t k = 0; k < count; k++) {
        if (k % n == 0)
            hs_expect(c, names[k / n]);
        hs_expect(c, " ");
        hs_undamaged(c, hs_parse_number(hs_word(c), p.entry[k], &exponent[k]),
                     "%zu numbers were expected", n);
        if (k % n == n - 1)
            hs_expect(c, "\n");
        p.unit = exponent[k] < p.unit ? exponent[k] : p.unit;
    }
    for (size_t k = 0; k < count; k++) {
        size_t size = mpz_sizeinbase(p.entry[k], 2) + (size_t)(exponent[k] - p.unit);
        hs_undamaged(c, size <= most_bits / count, "the numbers are too long");
        mpz_mul_2exp(p.entry[k], p.entry[k], (mp_bitcnt_t)(exponent[k] - p.unit));
    }
    return p;
}

/* x = z + v and y = z - v, and v is not zero. */
static void check_pair(hs_checker *c, const points *p) {
    size_t n = c->n;
    mpz_t *z = p->entry, *v = z + n, *x = z + X * n, *y = z + Y * n, *sum = z + POINTS * n;
    bool moved = false;
    for (size_t j = 0; j < n; j++) {
        mpz_add(sum[0], z[j], v[j]);
        mpz_sub(sum[1], z[j], v[j]);
        hs_require(c, mpz_cmp(sum[0], x[j]) == 0 && mpz_cmp(sum[1], y[j]) == 0,
                   "coordinate %zu of x and y is not that of z + v and z - v", j + 1);
        moved = moved || mpz_sgn(v[j]) != 0;
    }
    hs_require(c, moved, "x and y are equal");
}

/* |point| <= radius */
static void check_ball(hs_checker *c, const points *p, size_t point, const char *name) {
    mpz_t *sum = p->entry + POINTS * c->n;
    mpz_set_ui(sum[0], 0);
    for (size_t j = 0; j < c->n; j++)
        mpz_addmul(sum[0], p->entry[point * c->n + j], p->entry[point * c->n + j]);
    hs_exact(sum[1], c->radius, p->unit);
    mpz_mul(sum[1], sum[1], sum[1]);
    hs_require(c, mpz_cmp(sum[0], sum[1]) <= 0, "%s is outside the domain", name);
}

/* sum = w.point + bias, as a multiple of 2^(row_unit + unit). */
static void evaluate(const hs_checker *c, const points *p, size_t row, size_t point, double bias,
                     mpz_t sum) {
    const double *w = c->rows + row * (c->n + 1);
    mpz_t *term = p->entry + POINTS * c->n + 2;
    hs_exact(sum, bias, p->row_unit + p->unit);
    for (size_t j = 0; j < c->n; j++) {
        hs_exact(*term, w[j], p->row_unit);
        mpz_addmul(sum, *term, p->entry[point * c->n + j]);
    }
}

void hs_check_witness(hs_checker *c) {
    size_t n = c->n;
    points p = read_points(c);
    mpz_t *slope = p.entry + POINTS * n, *at = slope + 1;
    check_pair(c, &p);
    if (c->radius > 0.0) {
        check_ball(c, &p, X, "x");
        check_ball(c, &p, Y, "y");
    }
    for (size_t i = 0; i < c->row_count; i++) {
        if (!c->usable[i])
            continue; /* the output is the bias, or there is no such face */
        evaluate(c, &p, i, V, 0.0, *slope);
        if (i < c->m && mpz_sgn(*slope) == 0)
            continue;
        /* x and y are both on the side w.z + b <= 0 */
        evaluate(c, &p, i, Z, c->rows[i * (n + 1) + n], *at);
        mpz_abs(*slope, *slope);
        mpz_add(*at, *at, *slope);
        if (i < c->m)
            hs_require(c, mpz_sgn(*at) <= 0, "row %zu has different outputs at x and y", i);
        else
            hs_require(c, mpz_sgn(*at) <= 0, "x or y is outside the domain");
    }
}
