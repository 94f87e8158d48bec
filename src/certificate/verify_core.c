/* Cores: sets of rows that cannot have their states together, because a combination of them with
 * multipliers that are not negative says so (README.md). */
#include "certificate/format.h"
#include "certificate/verify.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The multipliers of d + 1 rows, by Gaussian elimination in double precision with error bounds: are
 * they unique and positive, and is h >= 0 where there is an h besides? A row is d numbers that are
 * to vanish (0), and others that go with them (1): h, and at the end, backwards, the combination of
 * the given rows that it is. For the last row that is, in the end, the multipliers.
 *
 * size and error bound the numbers x of a row and their distance to those of exact elimination, X.
 * To eliminate coordinate p with row a, numbers y, let F = X_p / Y_p and f what is computed. Then
 *     |f - F| <= (error + |f| error_a) / (|y_p| - error_a) + EPSILON |f| =: off,
 *     |(x - f y) - (X - F Y)| <= error + |f| error_a + off (size_a + error_a),
 * and rounding adds EPSILON (size + |f| size_a). The slack is for the rounding of the bounds, MIN
 * for underflow; infinity and NaN fail every comparison. */
typedef struct bounds {
    double size[2], error[2];
} bounds;

HS_FOR_EACH_MACHINE static bool holds_in_floating_point(double *rows, size_t d, size_t width,
                                                        bool has_h, bounds *bound) {
    const double slack = 1.0 + 1e-9, *last = rows + d * width;
    bool any = false, good = true;
    for (size_t i = 0; i <= d; i++) {
        double *row = rows + i * width, h = has_h ? fabs(row[d]) : 0.0;
        row[width - 1 - i] = 1.0;
        any = any || h > 0.0;
        bound[i] = (bounds){.size = {0.0, fmax(h, 1.0)}};
        for (size_t j = 0; j < d; j++)
            bound[i].size[0] = fmax(bound[i].size[0], fabs(row[j]));
    }
    for (size_t k = 0; k < d; k++) {
        const double *a = rows + k * width;
        size_t p = 0;
        for (size_t j = 1; j < d; j++)
            p = fabs(a[j]) > fabs(a[p]) ? j : p;
        double room = fabs(a[p]) - bound[k].error[0];
        if (!(room > DBL_MIN))
            return false;
        bound[k].size[0] = fabs(a[p]);
        for (size_t i = k + 1; i <= d; i++) {
            double *row = rows + i * width, f = row[p] / a[p], t = fabs(f);
            double off = (bound[i].error[0] + t * bound[k].error[0]) / room;
            off += DBL_EPSILON * t + DBL_MIN;
            for (size_t j = 0; j < width; j += HS_LANES)
                *(hs_block *)(row + j) -= f * *(const hs_block *)(a + j);
            row[p] = 0.0;
            for (int part = 0; part < 2; part++) {
                double size = bound[k].size[part], error = bound[k].error[part];
                double sizes = bound[i].size[part] + t * size;
                bound[i].error[part] += t * error + off * (size + error);
                bound[i].error[part] += DBL_EPSILON * sizes + DBL_MIN;
                bound[i].error[part] *= slack;
                bound[i].size[part] = slack * sizes;
            }
        }
    }
    for (size_t k = 0; k <= d; k++)
        good = good && last[width - 1 - k] > bound[d].error[1];
    return good && (!any || last[d] > bound[d].error[1]);
}

/* The same with integers, for any number of rows and without fractions (Bareiss 1968): a row is d
 * numbers that are to vanish, then its combination of the given rows. Is there exactly one
 * vanishing combination, up to a factor? Then it becomes the multipliers. */
static bool find_combination(mpz_t *rows, size_t d, size_t count, mpz_t *multipliers) {
    size_t width = d + count, vanished = count;
    mpz_t *x = multipliers, *last = NULL;
    for (size_t k = 0; k < count; k++) {
        mpz_t *a = rows + k * width;
        size_t p = 0;
        while (p < d && mpz_sgn(a[p]) == 0)
            p++;
        if (p == d && vanished < count)
            return false;
        for (size_t i = k + 1; i < count && p < d; i++) {
            mpz_t *row = rows + i * width;
            for (size_t j = 0; j < width; j++) {
                if (j == p)
                    continue;
                mpz_mul(*x, row[j], a[p]);
                mpz_submul(*x, row[p], a[j]);
                if (last != NULL)
                    mpz_divexact(*x, *x, *last);
                mpz_swap(row[j], *x);
            }
            mpz_set_ui(row[p], 0);
        }
        last = p < d ? &a[p] : last;
        vanished = p < d ? vanished : k;
    }
    for (size_t k = 0; k < count && vanished < count; k++)
        mpz_swap(multipliers[k], rows[vanished * width + d + k]);
    return vanished < count;
}

/* The proof, wherever the multipliers come from: they have no two signs and are not all zero, h and
 * they have no two signs, and g = 0 or radius^2 |g|^2 <= h^2. */
static bool combination_holds(const hs_checker *c, const double *rows, size_t width, size_t count,
                              mpz_t *multipliers) {
    int unit = hs_unit(rows, count * width), radius_unit = hs_unit(&c->radius, 1), sign = 0;
    bool holds = true;
    mpz_t sum, square, radius;
    mpz_inits(sum, square, radius, NULL);
    for (size_t k = 0; k < count; k++) {
        sign = sign == 0 ? mpz_sgn(multipliers[k]) : sign;
        holds = holds && sign * mpz_sgn(multipliers[k]) >= 0;
    }
    for (size_t j = 0; j <= c->n; j++) { /* g, then h */
        mpz_set_ui(sum, 0);
        hs_add_products(sum, rows + j, width, unit, multipliers, count);
        if (j < c->n)
            mpz_addmul(square, sum, sum);
    }
    holds = holds && sign != 0 && sign * mpz_sgn(sum) >= 0;
    hs_exact(radius, c->radius, radius_unit);
    mpz_mul(radius, radius, radius);
    mpz_mul(radius, radius, square);
    mpz_mul(sum, sum, sum);
    mpz_mul_2exp(sum, sum, (mp_bitcnt_t)(-2 * radius_unit));
    holds = holds && (mpz_sgn(square) == 0 || (c->radius > 0.0 && mpz_cmp(radius, sum) <= 0));
    mpz_clears(sum, square, radius, NULL);
    return holds;
}

static void read_multipliers(hs_checker *c, mpz_t *multipliers, size_t count) {
    uint64_t left = HS_MULTIPLIER_BYTES + 1;
    uint8_t *bytes = hs_memory(c, HS_OF_MULTIPLIER, HS_MULTIPLIER_BYTES, 1);
    for (size_t k = 0; k < count; k++) {
        uint64_t size = hs_number(c, left, "a multiplier's length");
        left -= size;
        for (size_t b = 0; b < size; b++) {
            int byte = hs_step_byte(c);
            hs_undamaged(c, byte != EOF, "a multiplier is cut");
            bytes[b] = (uint8_t)byte;
        }
        mpz_import(multipliers[k], size, -1, 1, 0, 0, bytes);
    }
}

/* The signed rows of a core in floating point: n weights, the bias, zeros. */
static double *load(hs_checker *c, const uint32_t *signed_rows, size_t count, size_t width) {
    double *rows = hs_memory(c, HS_OF_CLAIM, count * width, sizeof *rows);
    memset(rows, 0, count * width * sizeof *rows);
    for (size_t k = 0; k < count; k++)
        for (size_t j = 0; j <= c->n; j++) {
            double value = c->rows[signed_rows[k] / 2 * (c->n + 1) + j];
            rows[k * width + j] = signed_rows[k] % 2 != 0 ? -value : value;
        }
    return rows;
}

static void prove(hs_checker *c, const uint32_t *signed_rows, size_t count, uint64_t kind) {
    size_t d = c->n + (kind == HS_CORE_ROWS), width = (2 * d + 5) / HS_LANES * HS_LANES;
    bool stored = kind == HS_CORE_STORED;
    double *rows = load(c, signed_rows, count, width);
    bounds *bound = hs_memory(c, HS_OF_BOUNDS, count, sizeof *bound);
    if (!stored && count == d + 1 &&
        holds_in_floating_point(rows, d, width, kind == HS_CORE_WEIGHTS, bound))
        return;
    rows = load(c, signed_rows, count, width);
    int unit = hs_unit(rows, count * width);
    size_t size = stored ? 0 : count * (d + count);
    mpz_t *multipliers = hs_integers(c, count + size), *matrix = multipliers + count;
    for (size_t k = 0; k < size; k++) {
        size_t i = k / (d + count), j = k % (d + count);
        if (j < d)
            hs_exact(matrix[k], rows[i * width + j], unit);
        else
            mpz_set_ui(matrix[k], j == d + i);
    }
    if (stored)
        read_multipliers(c, multipliers, count);
    hs_require(c, stored || find_combination(matrix, d, count, multipliers),
               "the core's rows have no unique vanishing combination");
    hs_require(c, combination_holds(c, rows, width, count, multipliers),
               "the core's multipliers prove nothing");
}

void hs_check_core(hs_checker *c, uint32_t *core) {
    uint64_t kind = hs_number(c, HS_CORE_STORED + 1, "kind of core");
    size_t count = hs_number(c, c->n + 3, "number of rows");
    core[0] = 0;
    for (size_t k = 1; k <= count; k++) {
        uint64_t row = hs_number(c, UINT32_MAX, "row");
        bool good =
            row / 2 < c->row_count && c->usable[row / 2] && (row / 2 < c->m || row % 2 == 0);
        for (size_t i = 1; i < k; i++)
            good = good && core[i] / 2 != row / 2;
        hs_require(c, good, "row %zu cannot be in a core here", (size_t)row / 2);
        core[k] = (uint32_t)row;
    }
    hs_require(c, count > 0, "the core is empty");
    prove(c, core + 1, count, kind);
    core[0] = (uint32_t)count;
    c->found->cores++;
}
