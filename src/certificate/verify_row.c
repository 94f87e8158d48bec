/* Rows, faces of the domain, and cores: sets of rows that cannot have their states together.
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

/* ---- rows and faces ---------------------------------------------------------------------------
 */

static bool has_faces(const hs_checker *checker) {
    hs_domain_kind kind = checker->found->domain.kind;
    return kind == HS_DOMAIN_BOX || kind == HS_DOMAIN_NONNEG_BALL;
}

size_t hs_checker_rows(const hs_checker *checker) {
    return checker->m + (has_faces(checker) ? 2 * checker->n : 0);
}

bool hs_checker_has_row(const hs_checker *checker, size_t row) {
    const hs_domain *domain = &checker->found->domain;
    if (row >= hs_checker_rows(checker))
        return false;
    if (row >= checker->m) {
        size_t j = (row - checker->m) / 2;
        bool above = (row - checker->m) % 2 != 0;
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            return !above;
        return isfinite(above ? domain->upper[j] : domain->lower[j]);
    }
    const double *weight = hs_layer_weight(checker->layer) + row * checker->n;
    for (size_t j = 0; j < checker->n; j++)
        if (fabs(weight[j]) > 0.0)
            return true;
    return false;
}

/* Face m + 2j is lower_j - z_j < 0, face m + 2j + 1 is z_j - upper_j < 0: always inactive. */
double hs_checker_row(const hs_checker *checker, size_t row, double *weight) {
    size_t m = checker->m, n = checker->n;
    const hs_domain *domain = &checker->found->domain;
    if (row < m) {
        memcpy(weight, hs_layer_weight(checker->layer) + row * n, n * sizeof *weight);
        return hs_layer_bias(checker->layer)[row];
    }
    size_t j = (row - m) / 2;
    bool above = (row - m) % 2 != 0;
    memset(weight, 0, n * sizeof *weight);
    weight[j] = above ? 1.0 : -1.0;
    if (domain->kind == HS_DOMAIN_NONNEG_BALL)
        return 0.0;
    return above ? -domain->upper[j] : domain->lower[j];
}

/* ---- a core being proved ----------------------------------------------------------------------
 */

typedef struct claim {
    size_t n, count;
    double radius; /* of the ball; 0 in other domains */
    double *rows;  /* count x (n + 1): signed weights, then the signed bias */
} claim;

static bool claim_create(const hs_checker *checker, const hs_core *core, claim *s) {
    const hs_domain *domain = &checker->found->domain;
    size_t n = checker->n;
    bool ball = domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL;
    *s = (claim){.n = n, .count = core->count, .radius = ball ? domain->radius : 0.0};
    s->rows = hs_allocate_matrix(s->count, n + 1, sizeof *s->rows);
    for (size_t k = 0; s->rows != NULL && k < s->count; k++) {
        double *row = s->rows + k * (n + 1);
        row[n] = hs_checker_row(checker, core->rows[k] / 2, row);
        for (size_t j = 0; j <= n && core->rows[k] % 2 != 0; j++)
            row[j] = -row[j];
    }
    return s->rows != NULL;
}

/* ---- floating point with error bounds, where that is enough ------------------------------------
 */

/* Of a computed sum of `terms` products whose sizes add up to `size`, underflow included. */
static double rounding(double size, size_t terms) {
    return ((double)terms + 4.0) * DBL_EPSILON * size + ((double)terms + 4.0) * DBL_MIN;
}

/* r = an approximate inverse of b (d x d, destroyed), by Gauss-Jordan with row pivoting. */
static bool invert(size_t d, double *b, double *r) {
    for (size_t i = 0; i < d * d; i++)
        r[i] = i % (d + 1) == 0 ? 1.0 : 0.0;
    for (size_t k = 0; k < d; k++) {
        size_t pivot = k;
        for (size_t i = k + 1; i < d; i++)
            if (fabs(b[i * d + k]) > fabs(b[pivot * d + k]))
                pivot = i;
        double inverse = 1.0 / b[pivot * d + k];
        if (!isfinite(inverse))
            return false;
        for (size_t j = 0; j < d; j++) {
            double x = b[pivot * d + j], y = r[pivot * d + j];
            b[pivot * d + j] = b[k * d + j];
            r[pivot * d + j] = r[k * d + j];
            b[k * d + j] = x * inverse;
            r[k * d + j] = y * inverse;
        }
        for (size_t i = 0; i < d; i++) {
            double factor = b[i * d + k];
            for (size_t j = 0; i != k && j < d; j++) {
                b[i * d + j] -= factor * b[k * d + j];
                r[i * d + j] -= factor * r[k * d + j];
            }
        }
    }
    return true;
}

/* d + 1 rows in d dimensions (d = n, or n + 1 with the bias as the last coordinate). With B the
 * first d rows as columns, c minus the last row, R near the inverse of B and |I - R B| < 1, B is
 * invertible and the multipliers L with B L = c, that of the last row being 1, satisfy |L - l| <=
 * max_i (|R| |B l - c|)_i / (1 - |I - R B|)     for any l, in the maximum norm (Rump, Verification
 * methods, Acta Numerica 2010, section 10). Rows are first scaled by powers of two. Proves that all
 * multipliers are positive, and with d = n that h = sum L b is not negative. */
static bool holds_in_floating_point(const claim *s, size_t d) {
    size_t n = s->n;
    double *work = hs_allocate(3 * d * d + 4 * (d + 1), sizeof *work);
    if (work == NULL)
        return false;
    double *b = work, *r = b + d * d, *copy = r + d * d, *l = copy + d * d, *c = l + d,
           *residual = c + d, *bias = residual + d;
    bool good = true;
    for (size_t k = 0; k <= d; k++) {
        const double *row = s->rows + k * (n + 1);
        double largest = 0.0;
        int exponent;
        for (size_t j = 0; j < d; j++)
            largest = fmax(largest, fabs(row[j]));
        frexp(largest, &exponent);
        bias[k] = ldexp(row[n], -exponent);
        good = good && !(fabs(bias[k]) < DBL_MIN && fabs(row[n]) > 0.0);
        for (size_t j = 0; j < d; j++) {
            double value = ldexp(row[j], -exponent);
            good = good && !(fabs(value) < DBL_MIN && fabs(row[j]) > 0.0);
            if (k < d)
                b[j * d + k] = copy[j * d + k] = value;
            else
                c[j] = -value;
        }
    }
    good = good && invert(d, copy, r);
    double correction = 0.0, smallest = INFINITY;
    for (size_t i = 0; i < d && good; i++) {
        double sum = 0.0, row_defect = 0.0;
        for (size_t k = 0; k < d; k++)
            sum += r[i * d + k] * c[k];
        l[i] = sum;
        for (size_t j = 0; j < d; j++) {
            double entry = i == j ? -1.0 : 0.0, size = 1.0;
            for (size_t k = 0; k < d; k++) {
                entry += r[i * d + k] * b[k * d + j];
                size += fabs(r[i * d + k] * b[k * d + j]);
            }
            row_defect += fabs(entry) + rounding(size, d + 1);
        }
        good = row_defect < 0.25; /* false for NaN */
    }
    for (size_t i = 0; i < d && good; i++) {
        double sum = -c[i], size = fabs(c[i]);
        for (size_t k = 0; k < d; k++) {
            sum += b[i * d + k] * l[k];
            size += fabs(b[i * d + k] * l[k]);
        }
        residual[i] = fabs(sum) + rounding(size, d + 1);
    }
    for (size_t i = 0; i < d && good; i++) {
        double size = 0.0;
        for (size_t k = 0; k < d; k++)
            size += fabs(r[i * d + k]) * residual[k];
        good = isfinite(size);
        correction = fmax(correction, size + rounding(size, d));
        smallest = fmin(smallest, l[i]);
    }
    correction *= 1.5; /* 1 / (1 - 0.25), and the rounding of these sums */
    good = good && smallest > correction;
    if (good && d == n) {
        double h = bias[n], size = fabs(bias[n]), spread = 0.0;
        for (size_t k = 0; k < n; k++) {
            h += l[k] * bias[k];
            size += fabs(l[k] * bias[k]);
            spread += fabs(bias[k]);
        }
        bool zero = !(size > 0.0) && !(spread > 0.0);
        good = zero || h > rounding(size, n + 1) + 1.1 * correction * spread;
    }
    free(work);
    return good;
}

/* ---- exact arithmetic -------------------------------------------------------------------------
 */

static mpz_t *integers(size_t count) {
    mpz_t *values = hs_allocate(count, sizeof *values);
    for (size_t k = 0; values != NULL && k < count; k++)
        mpz_init(values[k]);
    return values;
}

static void integers_free(mpz_t *values, size_t count) {
    for (size_t k = 0; values != NULL && k < count; k++)
        mpz_clear(values[k]);
    free(values);
}

/* All rows as integers, times one power of two. matrix[j * count + k] is entry j of row k. */
static mpz_t *load_integers(const claim *s) {
    size_t count = s->count, width = s->n + 1;
    int exponent, least = DBL_MAX_EXP;
    mpz_t *matrix = integers(count * width);
    for (size_t i = 0; i < count * width; i++) {
        double value = frexp(s->rows[i], &exponent);
        if (fabs(value) > 0.0 && exponent - 53 < least)
            least = exponent - 53;
    }
    for (size_t k = 0; matrix != NULL && k < count; k++)
        for (size_t j = 0; j < width; j++) {
            double value = frexp(s->rows[k * width + j], &exponent);
            if (!(fabs(value) > 0.0))
                continue;
            mpz_set_si(matrix[j * count + k], (long)ldexp(value, 53));
            mpz_mul_2exp(matrix[j * count + k], matrix[j * count + k],
                         (mp_bitcnt_t)(exponent - 53 - least));
        }
    return matrix;
}

/* g and h of the integer multipliers against each other; both are scaled by one power of two. */
static bool combination_holds(const claim *s, mpz_t *matrix, mpz_t *multipliers) {
    size_t n = s->n, count = s->count;
    mpz_t sum, square;
    mpq_t radius, left, right;
    mpz_inits(sum, square, NULL);
    mpq_inits(radius, left, right, NULL);
    for (size_t j = 0; j <= n; j++) {
        mpz_set_ui(sum, 0);
        for (size_t k = 0; k < count; k++)
            mpz_addmul(sum, matrix[j * count + k], multipliers[k]);
        if (j < n)
            mpz_addmul(square, sum, sum);
    }
    bool holds = mpz_sgn(sum) >= 0; /* h */
    if (holds && mpz_sgn(square) != 0) {
        mpq_set_d(radius, s->radius);
        mpq_mul(radius, radius, radius);
        mpq_set_z(left, square);
        mpq_mul(left, left, radius);
        mpz_mul(sum, sum, sum);
        mpq_set_z(right, sum);
        holds = s->radius > 0.0 && mpq_cmp(left, right) <= 0;
    }
    mpz_clears(sum, square, NULL);
    mpq_clears(radius, left, right, NULL);
    return holds;
}

/* Gauss-Jordan without fractions (Bareiss 1968) on the first `equations` rows of the matrix. When
 * exactly one combination of the columns is zero, up to a factor, it becomes the multipliers. */
static bool find_combination(mpz_t *matrix, size_t equations, size_t count, mpz_t *multipliers) {
    mpz_t *a = integers(equations * count);
    size_t *pivot_column = hs_allocate(count, sizeof *pivot_column), rank = 0, open = count;
    mpz_t last, x;
    mpz_init_set_ui(last, 1);
    mpz_init(x);
    bool good = a != NULL && pivot_column != NULL;
    for (size_t i = 0; good && i < equations * count; i++)
        mpz_set(a[i], matrix[i]);
    for (size_t column = 0; good && column < count; column++) {
        size_t pivot = rank;
        while (pivot < equations && mpz_sgn(a[pivot * count + column]) == 0)
            pivot++;
        if (pivot == equations) {
            good = open == count; /* only one column may depend on others */
            open = column;
            continue;
        }
        for (size_t j = 0; j < count; j++)
            mpz_swap(a[pivot * count + j], a[rank * count + j]);
        for (size_t i = 0; i < equations; i++) {
            if (i == rank)
                continue;
            for (size_t j = 0; j < count; j++) {
                if (j == column)
                    continue;
                mpz_mul(x, a[i * count + j], a[rank * count + column]);
                mpz_submul(x, a[i * count + column], a[rank * count + j]);
                mpz_divexact(a[i * count + j], x, last);
            }
            mpz_set_ui(a[i * count + column], 0);
        }
        mpz_set(last, a[rank * count + column]);
        pivot_column[rank++] = column;
    }
    good = good && open < count;
    for (size_t i = 0; good && i < rank; i++)
        mpz_neg(multipliers[pivot_column[i]], a[i * count + open]);
    if (good)
        mpz_set(multipliers[open], last);
    integers_free(a, equations * count);
    free(pivot_column);
    mpz_clears(last, x, NULL);
    return good;
}

/* The multipliers themselves, or their negatives, are not negative. */
static bool make_positive(mpz_t *multipliers, size_t count) {
    bool above = false, below = false;
    for (size_t k = 0; k < count; k++) {
        above = above || mpz_sgn(multipliers[k]) > 0;
        below = below || mpz_sgn(multipliers[k]) < 0;
    }
    for (size_t k = 0; below && k < count; k++)
        mpz_neg(multipliers[k], multipliers[k]);
    return above != below;
}

static bool read_multipliers(hs_checker *checker, mpz_t *multipliers, size_t count) {
    uint64_t length, left = HS_MULTIPLIER_BYTES;
    bool any = false;
    for (size_t k = 0; k < count; k++) {
        if (!hs_checker_number(checker, left, "a multiplier's length", &length))
            return false;
        left -= length;
        uint8_t *bytes = hs_allocate(length, 1);
        if (bytes == NULL)
            return hs_checker_no_memory(checker);
        int c = 0;
        for (size_t b = 0; b < length && c != EOF; b++)
            bytes[b] = (uint8_t)(c = hs_input_step_byte(&checker->input));
        mpz_import(multipliers[k], length, -1, 1, 0, 0, bytes);
        free(bytes);
        if (c == EOF)
            return hs_checker_damaged(checker, "a multiplier is cut");
        any = any || mpz_sgn(multipliers[k]) != 0;
    }
    return any || hs_checker_refuse(checker, "all multipliers are zero");
}

static bool prove(hs_checker *checker, const claim *s, uint64_t kind) {
    size_t d = s->n + (kind == HS_CORE_ROWS ? 1 : 0), count = s->count;
    if (kind != HS_CORE_STORED && count == d + 1 && holds_in_floating_point(s, d))
        return true;
    mpz_t *matrix = load_integers(s), *multipliers = integers(count);
    bool good = true;
    if (matrix == NULL || multipliers == NULL)
        good = hs_checker_no_memory(checker);
    else if (kind == HS_CORE_STORED)
        good = read_multipliers(checker, multipliers, count);
    else
        good = (find_combination(matrix, d, count, multipliers) &&
                make_positive(multipliers, count)) ||
               hs_checker_refuse(checker, "the core's rows have no unique positive combination");
    good = good && (combination_holds(s, matrix, multipliers) ||
                    hs_checker_refuse(checker, "the core's multipliers prove nothing"));
    integers_free(matrix, count * (s->n + 1));
    integers_free(multipliers, count);
    return good;
}

static bool repeats(const hs_core *core, size_t k) {
    for (size_t i = 0; i < k; i++)
        if (core->rows[i] / 2 == core->rows[k] / 2)
            return true;
    return false;
}

bool hs_checker_core(hs_checker *checker, hs_core *core) {
    uint64_t kind, count, row;
    if (!hs_checker_number(checker, HS_CORE_STORED + 1, "kind of core", &kind) ||
        !hs_checker_number(checker, checker->n + 3, "number of rows", &count))
        return false;
    if (count == 0)
        return hs_checker_refuse(checker, "the core is empty");
    *core = (hs_core){hs_allocate(count, sizeof *core->rows), (uint32_t)count};
    if (core->rows == NULL)
        return hs_checker_no_memory(checker);
    for (size_t k = 0; k < count; k++) {
        if (!hs_checker_number(checker, UINT32_MAX, "row", &row))
            return false;
        core->rows[k] = (uint32_t)row;
        if (!hs_checker_has_row(checker, row / 2) || repeats(core, k) ||
            (row / 2 >= checker->m && row % 2 != 0))
            return hs_checker_refuse(checker, "row %zu cannot be in a core here", (size_t)row / 2);
    }
    claim s;
    bool good =
        claim_create(checker, core, &s) ? prove(checker, &s, kind) : hs_checker_no_memory(checker);
    free(s.rows);
    checker->found->cores += good;
    return good;
}
