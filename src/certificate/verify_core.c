/* Cores: sets of rows that cannot have their states together.
 *
 * "Row i is inactive" says w_i.z + b_i < 0, "row i is active" says -w_i.z - b_i < 0 (only points
 * off the boundaries matter; README.md). With multipliers l >= 0, not all zero, g = sum l s w and
 * h = sum l s b (s the sign), every point with these states has g.z + h < 0. The states exclude
 * each other if h >= 0 and g = 0, or, in a ball, if h >= radius |g|. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct hs_prover {
    double *scale;   /* of each row: a power of two that makes its numbers at most 1 */
    size_t width;    /* n + 1, rounded up: the numbers of a row below, zeros at the end */
    double *rows;    /* of the core, signed and, unless multipliers are stored, scaled */
    bool small;      /* all their numbers are at most 1 */
    double *inverse; /* n + 1 rows */
    double *work;    /* WORK rows */
    size_t *order;   /* of pivots */
} hs_prover;

/* ---- floating point with error bounds, where that is enough ---- */

enum { L, REST, DEFECT, SIZE, ENTRY, WORK };

static inline void add_multiple(size_t width, double factor, const double *x, double *sum) {
    for (size_t j = 0; j < width; j += HS_LANES)
        *(hs_block *)(sum + j) += factor * *(const hs_block *)(x + j);
}

static inline void add_sizes(size_t width, const double *x, double *sum) {
    for (size_t j = 0; j < width; j++)
        sum[j] += fabs(x[j]);
}

static void swap(double *x, double *y) {
    double z = *x;
    *x = *y;
    *y = z;
}

/* The d x d matrix becomes something near its inverse: Gauss-Jordan with row pivoting. */
static inline bool invert(double *a, size_t d, size_t width, size_t *order) {
    for (size_t k = 0; k < d; k++) {
        size_t pivot = k;
        double *row = a + k * width;
        for (size_t i = k + 1; i < d; i++)
            if (fabs(a[i * width + k]) > fabs(a[pivot * width + k]))
                pivot = i;
        order[k] = pivot;
        for (size_t j = 0; j < d && pivot != k; j++)
            swap(&row[j], &a[pivot * width + j]);
        double inverse = 1.0 / row[k];
        if (!isfinite(inverse))
            return false;
        row[k] = 1.0;
        for (size_t j = 0; j < width; j++)
            row[j] *= inverse;
        for (size_t i = 0; i < d; i++) {
            double factor = a[i * width + k];
            if (i == k)
                continue;
            a[i * width + k] = 0.0;
            add_multiple(width, -factor, row, a + i * width);
        }
    }
    for (size_t k = d; k-- > 0;)
        for (size_t i = 0; i < d; i++)
            swap(&a[i * width + k], &a[i * width + order[k]]);
    return true;
}

/* Proves for d + 1 rows of d numbers (d = n, or n + 1 with the bias as the last one) that they have
 * one vanishing combination and that its multipliers are positive, and for d = n that h >= 0.
 *
 * Let W be the first d rows, c minus the last one and R near the inverse of W. In E = W R - I let
 * the sizes in a column add up to less than 1/4. Then W R, so W, is invertible, and the multipliers
 * L with L W = c, that of the last row being 1, satisfy for any l, with r = c - l W,
 *     (L - l) (I + E) = r R,    so    max |L - l| <= max |r R| / (1 - 1/4)
 * (Rump, Verification methods, Acta Numerica 2010, section 10). All |W_ij|, |c_j| <= 1, so that
 * rounding errors are at most `unit` times sums of sizes in R and l: a sum of k products computed
 * in any order is wrong by less than k DBL_EPSILON times the sum of their sizes. */
HS_FOR_EACH_MACHINE static bool holds_in_floating_point(hs_prover *p, size_t d, size_t n) {
    size_t width = p->width;
    const double *last = p->rows + d * width;
    double *r = p->inverse, *l = p->work + L * width, *rest = p->work + REST * width;
    double *defect = p->work + DEFECT * width, *size = p->work + SIZE * width;
    double *entry = p->work + ENTRY * width, unit = ((double)d + 4.0) * DBL_EPSILON;
    memset(p->work, 0, WORK * width * sizeof *p->work);
    memset(r, 0, d * width * sizeof *r);
    for (size_t i = 0; i < d; i++)
        memcpy(r + i * width, p->rows + i * width, d * sizeof *r);
    if (!invert(r, d, width, p->order))
        return false;
    for (size_t i = 0; i < d; i++) {
        const double *row = p->rows + i * width;
        add_sizes(width, r + i * width, size);
        add_multiple(width, -last[i], r + i * width, l);
        memset(entry, 0, width * sizeof *entry);
        entry[i] = -1.0;
        for (size_t k = 0; k < d; k++)
            add_multiple(width, row[k], r + k * width, entry);
        add_sizes(width, entry, defect);
    }
    add_multiple(width, -1.0, last, rest);
    for (size_t i = 0; i < d; i++)
        add_multiple(width, -l[i], p->rows + i * width, rest);
    double largest = 0.0, sum = 1.0, residual = 0.0;
    for (size_t j = 0; j < d; j++) {
        if (!(defect[j] + (double)d * unit * (1.0 + size[j]) < 0.25)) /* so for NaN */
            return false;
        largest = fmax(largest, size[j]);
        sum += fabs(l[j]);
        residual += fabs(rest[j]);
    }
    /* 1.5: 1 / (1 - 1/4), and the rounding of these sums */
    double error = 1.5 * largest * (residual + (double)d * unit * sum);
    double h = last[n], terms = fabs(last[n]), biases = fabs(last[n]);
    for (size_t k = 0; k < d; k++) {
        double bias = p->rows[k * width + n];
        if (!(l[k] > error))
            return false;
        h += l[k] * bias;
        terms += fabs(l[k] * bias);
        biases += fabs(bias);
    }
    return d > n || !(biases > 0.0) || h > unit * (terms + DBL_MIN) + 1.1 * error * biases;
}

/* ---- exact arithmetic ---- */

/* Gauss-Jordan without fractions (Bareiss 1968) on a matrix of `equations` rows. When exactly one
 * combination of the columns is zero, up to a factor, it becomes the multipliers. */
static bool find_combination(mpz_t *a, size_t equations, size_t count, size_t *pivot_of,
                             mpz_t *multipliers) {
    size_t rank = 0, open = count;
    mpz_t *x = &multipliers[count], *last = x + 1;
    mpz_set_ui(*last, 1);
    for (size_t column = 0; column < count; column++) {
        size_t pivot = rank;
        while (pivot < equations && mpz_sgn(a[pivot * count + column]) == 0)
            pivot++;
        if (pivot == equations && open < count)
            return false; /* only one column may depend on others */
        if (pivot == equations) {
            open = column;
            continue;
        }
        for (size_t j = 0; j < count; j++)
            mpz_swap(a[pivot * count + j], a[rank * count + j]);
        for (size_t i = 0; i < equations; i++) {
            for (size_t j = 0; j < count && i != rank; j++) {
                if (j == column)
                    continue;
                mpz_mul(*x, a[i * count + j], a[rank * count + column]);
                mpz_submul(*x, a[i * count + column], a[rank * count + j]);
                mpz_divexact(a[i * count + j], *x, *last);
            }
            if (i != rank)
                mpz_set_ui(a[i * count + column], 0);
        }
        mpz_set(*last, a[rank * count + column]);
        pivot_of[rank++] = column;
    }
    if (open == count)
        return false;
    for (size_t i = 0; i < rank; i++)
        mpz_neg(multipliers[pivot_of[i]], a[i * count + open]);
    mpz_set(multipliers[open], *last);
    return true;
}

/* The multipliers, or their negatives, are not negative and not all zero, and g and h are what they
 * have to be: this is the proof, wherever the multipliers come from. */
static bool combination_holds(const hs_checker *c, size_t count, mpz_t *multipliers) {
    const hs_prover *p = c->prover;
    size_t width = p->width;
    int unit = hs_unit(p->rows, count * width), radius_unit = hs_unit(&c->radius, 1), sign = 0;
    bool holds = true;
    mpz_t sum, square, x;
    mpz_inits(sum, square, x, NULL);
    for (size_t k = 0; k < count; k++) {
        sign = sign == 0 ? mpz_sgn(multipliers[k]) : sign;
        holds = holds && sign * mpz_sgn(multipliers[k]) >= 0;
    }
    for (size_t j = 0; j <= c->n; j++) {
        mpz_set_ui(sum, 0);
        for (size_t k = 0; k < count; k++) {
            hs_exact(x, p->rows[k * width + j], unit);
            mpz_addmul(sum, x, multipliers[k]);
        }
        if (j < c->n)
            mpz_addmul(square, sum, sum);
    }
    holds = holds && sign != 0 && sign * mpz_sgn(sum) >= 0; /* h */
    hs_exact(x, c->radius, radius_unit);                    /* is h^2 - radius^2 |g|^2 >= 0? */
    mpz_mul(x, x, x);
    mpz_mul(x, x, square);
    mpz_mul(sum, sum, sum);
    mpz_mul_2exp(sum, sum, (mp_bitcnt_t)(-2 * radius_unit));
    holds = holds && (mpz_sgn(square) == 0 || (c->radius > 0.0 && mpz_cmp(sum, x) >= 0));
    mpz_clears(sum, square, x, NULL);
    return holds;
}

static void read_multipliers(hs_checker *c, mpz_t *multipliers, size_t count) {
    uint64_t left = HS_MULTIPLIER_BYTES + 1;
    for (size_t k = 0; k < count; k++) {
        uint64_t size = hs_number(c, left, "a multiplier's length");
        left -= size;
        for (size_t b = 0; b < size; b++) {
            int byte = hs_step_byte(c);
            hs_undamaged(c, byte != EOF, "a multiplier is cut");
            c->word[b] = (char)byte;
        }
        mpz_import(multipliers[k], size, -1, 1, 0, 0, c->word);
    }
}

static void prove(hs_checker *c, uint64_t kind, size_t count) {
    hs_prover *p = c->prover;
    size_t d = c->n + (kind == HS_CORE_ROWS ? 1 : 0);
    if (kind != HS_CORE_STORED && count == d + 1 && p->small && holds_in_floating_point(p, d, c->n))
        return;
    mpz_t *multipliers = hs_integers(c, count + 2 + (kind == HS_CORE_STORED ? 0 : d * count));
    if (kind == HS_CORE_STORED) {
        read_multipliers(c, multipliers, count);
    } else {
        mpz_t *matrix = multipliers + count + 2;
        int unit = hs_unit(p->rows, count * p->width);
        for (size_t k = 0; k < d * count; k++)
            hs_exact(matrix[k], p->rows[k % count * p->width + k / count], unit);
        hs_require(c, find_combination(matrix, d, count, p->order, multipliers),
                   "the core's rows have no unique vanishing combination");
    }
    hs_require(c, combination_holds(c, count, multipliers), "the core's multipliers prove nothing");
}

/* ---- reading ---- */

/* 1 where digits would be lost in scaling. */
static double exact_scale(const double *row, size_t count) {
    double largest = 0.0;
    int exponent;
    bool exact = true;
    for (size_t j = 0; j < count; j++)
        largest = fmax(largest, fabs(row[j]));
    frexp(largest, &exponent);
    double scale = ldexp(1.0, exponent > -1000 ? -exponent : 1000);
    for (size_t j = 0; j < count; j++)
        exact = exact && !(fabs(scale * row[j] / scale - row[j]) > 0.0);
    return exact ? scale : 1.0;
}

static void create_prover(hs_checker *c) {
    size_t n = c->n;
    hs_prover *p = c->prover = hs_memory(c, 1, 1, sizeof *p);
    p->width = (n + 4) / 4 * 4;
    p->scale = hs_memory(c, c->row_count, 1, sizeof *p->scale);
    p->rows = hs_memory(c, n + 2, p->width, sizeof *p->rows);
    p->inverse = hs_memory(c, n + 1, p->width, sizeof *p->inverse);
    p->work = hs_memory(c, WORK, p->width, sizeof *p->work);
    p->order = hs_memory(c, n + 2, 1, sizeof *p->order);
    for (size_t i = 0; i < c->row_count; i++)
        p->scale[i] = exact_scale(c->rows + i * (n + 1), n + 1);
}

/* Row k of the core becomes scale times its numbers, with their sign. */
static void load(hs_checker *c, size_t k, size_t row, double scale) {
    hs_prover *p = c->prover;
    const double *from = c->rows + row * (c->n + 1);
    double *to = p->rows + k * p->width;
    for (size_t j = 0; j <= c->n; j++) {
        to[j] = scale * from[j];
        p->small = p->small && fabs(to[j]) <= 1.0;
    }
}

void hs_check_core(hs_checker *c, hs_core *core) {
    if (c->prover == NULL)
        create_prover(c);
    uint64_t kind = hs_number(c, HS_CORE_STORED + 1, "kind of core");
    core->count = hs_number(c, c->n + 3, "number of rows");
    hs_require(c, core->count > 0, "the core is empty");
    free(core->rows);
    core->rows = NULL;
    core->rows = hs_got(c, hs_allocate(core->count, sizeof *core->rows));
    c->prover->small = true;
    for (size_t k = 0; k < core->count; k++) {
        size_t row = hs_number(c, UINT32_MAX, "row"), i = 0;
        core->rows[k] = (uint32_t)row;
        while (i < k && core->rows[i] / 2 != row / 2)
            i++;
        hs_require(c,
                   i == k && row / 2 < c->row_count && c->usable[row / 2] &&
                       (row / 2 < c->m || row % 2 == 0),
                   "row %zu cannot be in a core here", row / 2);
        double scale = kind == HS_CORE_STORED ? 1.0 : c->prover->scale[row / 2];
        load(c, k, row / 2, row % 2 != 0 ? -scale : scale);
    }
    prove(c, kind, core->count);
    c->found->cores++;
}
