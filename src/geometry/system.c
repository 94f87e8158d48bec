#include "geometry/system.h"

#include "geometry/null_space.h"
#include "support/allocate.h"
#include "support/error.h"

#include <float.h>
#include <gmp.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

/* Rigorous bound for the rounding error of a sum of `terms` products whose absolute values add up
 * to `size`, underflow included (Higham, Accuracy and Stability, section 3.1, with slack). */
static double rounding_bound(double size, size_t terms) {
    return ((double)terms + 4.0) * DBL_EPSILON * size + ((double)terms + 1.0) * DBL_MIN;
}

/* One term more in a bound covers the low parts of the rows: they are smaller than rounding. */
static const size_t low_terms = 1;

static int exact_sign(const double *a, const double *low, const double *z, size_t d, double beta) {
    mpq_t sum, x, y;
    mpq_inits(sum, x, y, NULL);
    mpq_set_d(sum, beta);
    for (size_t j = 0; j < d; j++) {
        mpq_set_d(x, a[j]);
        if (low != NULL) {
            mpq_set_d(y, low[j]);
            mpq_add(x, x, y);
        }
        mpq_set_d(y, z[j]);
        mpq_mul(x, x, y);
        mpq_add(sum, sum, x);
    }
    int sign = mpq_sgn(sum);
    mpq_clears(sum, x, y, NULL);
    return sign;
}

int hs_system_sign(const hs_system *system, size_t row, const double *z) {
    bool negated = system->mirrored > 0 && row >= system->mirrored;
    double beta = system->beta != NULL ? system->beta[row] : 0.0;
    if (negated) { /* the sign of the row before it, and the other one */
        row -= system->mirrored;
        beta = -beta;
    }
    const double *a = system->a + row * system->d;
    double sum = beta, size = fabs(beta);
    for (size_t j = 0; j < system->d; j++) {
        double product = a[j] * z[j];
        sum += product;
        size += fabs(product);
    }
    const double *low = system->low != NULL ? system->low + row * system->d : NULL;
    if (isfinite(size) && fabs(sum) > rounding_bound(size, system->d + 1 + low_terms))
        return (sum > 0.0) != negated ? 1 : -1;
    int sign = exact_sign(a, low, z, system->d, beta);
    return negated ? -sign : sign;
}

bool hs_norm_below(const double *z, size_t d, double radius, bool closed) {
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += z[j] * z[j];
    double square = radius * radius, bound = rounding_bound(sum + square, d + 1);
    if (isfinite(sum + square) && fabs(sum - square) > bound)
        return sum < square;
    mpq_t total, x;
    mpq_inits(total, x, NULL);
    for (size_t j = 0; j < d; j++) {
        mpq_set_d(x, z[j]);
        mpq_mul(x, x, x);
        mpq_add(total, total, x);
    }
    mpq_set_d(x, radius);
    mpq_mul(x, x, x);
    int order = mpq_cmp(total, x);
    mpq_clears(total, x, NULL);
    return order < 0 || (closed && order == 0);
}

bool hs_system_contains(const hs_system *system, const size_t *which, size_t count,
                        const double *z) {
    for (size_t j = 0; j < system->d; j++)
        if (!isfinite(z[j]))
            return false;
    for (size_t i = 0; i < count; i++)
        if (hs_system_sign(system, which[i], z) >= 0)
            return false;
    return system->beta == NULL || hs_norm_below(z, system->d, system->radius, false);
}

/* Ball: radius |sum lambda a| <= sum lambda beta, with the multipliers taken as exact numbers. */
static bool ball_core_in_floating_point(const hs_system *system, const size_t *which, size_t count,
                                        const double *lambda) {
    double right = 0.0, right_size = 0.0, square = 0.0, error_square = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (!(lambda[i] >= 0.0))
            return false;
        right += lambda[i] * system->beta[which[i]];
        right_size += fabs(lambda[i] * system->beta[which[i]]);
    }
    for (size_t j = 0; j < system->d; j++) {
        double sum = 0.0, size = 0.0;
        for (size_t i = 0; i < count; i++) {
            double product = lambda[i] * hs_system_entry(system, system->a, which[i], j);
            sum += product;
            size += fabs(product);
        }
        double bound = rounding_bound(size, count);
        square += sum * sum;
        error_square += bound * bound;
    }
    /* the last term covers squares that underflow */
    double left = system->radius *
                  (sqrt(square) + sqrt(error_square) + 2.0 * (double)system->d * sqrt(DBL_MIN)) *
                  (1.0 + ((double)system->d + 8.0) * DBL_EPSILON);
    return isfinite(left) && left + DBL_MIN < right - rounding_bound(right_size, count);
}

/* An upper bound of |I - R B| in the maximum norm; NaN or infinite when a product is. */
static double inverse_defect(size_t d, const double *b, const double *r) {
    double defect = 0.0;
    for (size_t i = 0; i < d && isfinite(defect); i++) {
        double row_defect = 0.0;
        for (size_t j = 0; j < d; j++) {
            double sum = i == j ? -1.0 : 0.0, size = fabs(sum);
            for (size_t k = 0; k < d; k++) {
                sum += r[i * d + k] * b[k * d + j];
                size += fabs(r[i * d + k] * b[k * d + j]);
            }
            row_defect += fabs(sum) + rounding_bound(size, d + 1 + low_terms);
        }
        defect = isfinite(row_defect) ? fmax(defect, row_defect) : row_defect;
    }
    return defect * (1.0 + 4.0 * (double)d * DBL_EPSILON);
}

/* Upper bounds of the entries of |B lambda + last|. */
static void bound_residual(size_t d, const double *b, const double *lambda, const double *last,
                           double *bound) {
    for (size_t i = 0; i < d; i++) {
        double sum = last[i], size = fabs(last[i]);
        for (size_t k = 0; k < d; k++) {
            sum += b[i * d + k] * lambda[k];
            size += fabs(b[i * d + k] * lambda[k]);
        }
        bound[i] = fabs(sum) + rounding_bound(size, d + 1 + low_terms);
    }
}

/* Cone, d + 1 rows: with B the matrix of the first d rows as columns and R near its inverse, the
 * multipliers are enclosed by |lambda - L| <= |R (B L + a_d)| / (1 - |I - R B|), L = -R a_d, in the
 * maximum norm (Rump, Verification methods, Acta Numerica 2010, section 10). Positive enclosures
 * prove that 0 is a positive combination of the rows. Every comparison fails on NaN. */
static bool enclosure_is_positive(size_t d, const double *b, const double *r, const double *last) {
    double *lambda = hs_allocate(2 * d, sizeof *lambda);
    if (lambda == NULL)
        return false;
    double *residual = lambda + d, smallest = INFINITY, correction = 0.0;
    for (size_t i = 0; i < d; i++) {
        for (size_t k = 0; k < d; k++)
            lambda[i] -= r[i * d + k] * last[k];
        smallest = lambda[i] > 0.0 ? fmin(smallest, lambda[i]) : 0.0;
    }
    bound_residual(d, b, lambda, last, residual);
    for (size_t i = 0; i < d; i++) {
        double size = 0.0;
        for (size_t k = 0; k < d; k++)
            size += fabs(r[i * d + k]) * residual[k];
        correction = size <= DBL_MAX ? fmax(correction, size + rounding_bound(size, d)) : INFINITY;
    }
    free(lambda);
    return inverse_defect(d, b, r) < 0.5 && isfinite(smallest) &&
           smallest > 2.0 * correction * (1.0 + 4.0 * DBL_EPSILON);
}

static bool cone_core_in_floating_point(const hs_system *system, const size_t *which) {
    size_t d = system->d;
    double *b = hs_allocate_matrix(2 * d + 1, d, sizeof *b);
    lapack_int *pivots = hs_allocate(d, sizeof *pivots);
    bool holds = false;
    if (b != NULL && pivots != NULL) {
        double *r = b + d * d, *last = r + d * d;
        for (size_t k = 0; k < d; k++)
            for (size_t j = 0; j < d; j++)
                b[j * d + k] = r[j * d + k] = hs_system_entry(system, system->a, which[k], j);
        for (size_t j = 0; j < d; j++)
            last[j] = hs_system_entry(system, system->a, which[d], j);
        lapack_int size = (lapack_int)d;
        holds = LAPACKE_dgetrf(LAPACK_ROW_MAJOR, size, size, r, size, pivots) == 0 &&
                LAPACKE_dgetri(LAPACK_ROW_MAJOR, size, r, size, pivots) == 0 &&
                enclosure_is_positive(d, b, r, last);
    }
    free(b);
    free(pivots);
    return holds;
}

/* Is sum lambda_i beta_i >= 0, exactly? */
static bool offsets_are_positive(const hs_system *system, const size_t *which, size_t count,
                                 mpz_t *lambda) {
    mpq_t sum, x, y;
    mpq_inits(sum, x, y, NULL);
    for (size_t i = 0; i < count && system->beta != NULL; i++) {
        mpq_set_d(x, system->beta[which[i]]);
        mpq_set_z(y, lambda[i]);
        mpq_mul(x, x, y);
        mpq_add(sum, sum, x);
    }
    bool positive = mpq_sgn(sum) >= 0;
    mpq_clears(sum, x, y, NULL);
    return positive;
}

/* The equations of the combinations of the chosen rows that are zero, one for each coordinate. Low
 * parts have unknowns of their own, and further equations make these equal to the others. */
static double *combination_equations(const hs_system *system, const size_t *which, size_t count,
                                     size_t *unknowns, size_t *equations) {
    size_t d = system->d;
    *unknowns = system->low != NULL ? 2 * count : count;
    *equations = system->low != NULL ? d + count : d;
    double *matrix = hs_allocate_matrix(*equations, *unknowns, sizeof *matrix);
    for (size_t i = 0; matrix != NULL && i < count; i++) {
        for (size_t j = 0; j < d; j++) {
            matrix[j * *unknowns + i] = hs_system_entry(system, system->a, which[i], j);
            if (system->low != NULL)
                matrix[j * *unknowns + count + i] =
                    hs_system_entry(system, system->low, which[i], j);
        }
        if (system->low != NULL) {
            matrix[(d + i) * *unknowns + i] = 1.0;
            matrix[(d + i) * *unknowns + count + i] = -1.0;
        }
    }
    return matrix;
}

/* Where at most one combination of the chosen rows is zero, up to a factor, it settles the question
 * on a cone: a core has one without negative coefficients. In a ball it may prove a core, and never
 * refutes one. multipliers (or NULL) receives them when the core holds. */
static hs_status look_for_combination(const hs_system *system, const size_t *which, size_t count,
                                      mpz_t *multipliers, bool *holds, bool *settled,
                                      hs_error *error) {
    hs_null_space space;
    size_t unknowns, equations;
    double *matrix = combination_equations(system, which, count, &unknowns, &equations);
    if (matrix == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a core of %zu rows", count);
    hs_status status =
        hs_null_space_create(matrix, unknowns, NULL, equations, HS_MERSENNE_PRIME, &space, error);
    if (status == HS_OK) {
        bool one = space.basis.rank + 1 == unknowns, none = space.basis.rank == unknowns;
        if (one)
            status = hs_null_space_vector(&space, 0, error);
        *holds = one && status == HS_OK;
        for (size_t i = 0; i < count && *holds; i++)
            *holds = mpz_sgn(space.vector[i]) >= 0; /* that of the free column is positive */
        *holds = *holds && hs_null_space_orthogonal(&space) &&
                 offsets_are_positive(system, which, count, space.vector);
        *settled = *holds || (system->beta == NULL && (one || none));
        for (size_t i = 0; i < count && *holds && multipliers != NULL; i++)
            mpz_set(multipliers[i], space.vector[i]);
        hs_null_space_clear(&space);
    }
    free(matrix);
    return status;
}

bool hs_core_holds_in_floating_point(const hs_system *system, const size_t *which, size_t count,
                                     const double *multipliers) {
    if (system->beta != NULL)
        return multipliers != NULL && count > 0 &&
               ball_core_in_floating_point(system, which, count, multipliers);
    return system->low == NULL && count == system->d + 1 &&
           cone_core_in_floating_point(system, which);
}

hs_status hs_core_holds(const hs_system *system, const size_t *which, size_t count,
                        const double *multipliers, bool *holds, hs_error *error) {
    *holds = false;
    if (count == 0)
        return HS_OK;
    if (hs_core_holds_in_floating_point(system, which, count, multipliers)) {
        *holds = true;
        return HS_OK;
    }
    bool settled = false;
    hs_status status = HS_OK;
    if (count <= system->d + 1)
        status = look_for_combination(system, which, count, NULL, holds, &settled, error);
    if (status != HS_OK || settled)
        return status;
    hs_feasibility answer = HS_NONEMPTY;
    status = hs_system_decide_exact(system, which, count, &answer, NULL, NULL, error);
    *holds = status == HS_OK && answer == HS_EMPTY;
    return status;
}

hs_status hs_core_multipliers(const hs_system *system, const size_t *which, size_t count,
                              mpz_t *multipliers, bool *holds, bool *unique, hs_error *error) {
    bool settled = false;
    hs_status status = HS_OK;
    *holds = *unique = false;
    if (count == 0)
        return HS_OK;
    if (count <= system->d + 1)
        status = look_for_combination(system, which, count, multipliers, holds, &settled, error);
    *unique = status == HS_OK && *holds;
    if (status != HS_OK || settled)
        return status;
    return hs_system_refute_exact(system, which, count, multipliers, holds, error);
}
