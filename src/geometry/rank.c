#include "geometry/rank.h"

#include "geometry/null_space.h"
#include "support/allocate.h"
#include "support/error.h"

#include <cblas.h>
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

hs_status hs_modular_basis_create(size_t d, hs_modular_basis *basis, hs_error *error) {
    *basis = (hs_modular_basis){.d = d, .prime = HS_MERSENNE_PRIME};
    basis->rows = hs_allocate_matrix(d, d, sizeof *basis->rows);
    basis->pivot = hs_allocate(d, sizeof *basis->pivot);
    basis->inverse = hs_allocate(d, sizeof *basis->inverse);
    basis->reduced = hs_allocate(d, sizeof *basis->reduced);
    if (basis->rows != NULL && basis->pivot != NULL && basis->inverse != NULL &&
        basis->reduced != NULL)
        return HS_OK;
    hs_modular_basis_clear(basis);
    return hs_fail(error, HS_NO_MEMORY, "no memory for a basis of dimension %zu", d);
}

void hs_modular_basis_clear(hs_modular_basis *basis) {
    free(basis->rows);
    free(basis->pivot);
    free(basis->inverse);
    free(basis->reduced);
    *basis = (hs_modular_basis){0};
}

/* Subtracts the multiple of row k that cancels the entry of x in its pivot column. */
static void cancel(hs_modular_basis *basis, size_t k, uint64_t *x) {
    size_t from = basis->pivot[k];
    const uint64_t *row = basis->rows + k * basis->d;
    if (x[from] == 0)
        return;
    if (basis->inverse[k] == 0)
        basis->inverse[k] = hs_inverse_modulo(row[from], basis->prime);
    uint64_t factor = hs_multiply_modulo(x[from], basis->inverse[k], basis->prime);
    hs_subtract_multiple_modulo(x + from, row + from, factor, basis->d - from, basis->prime);
}

bool hs_modular_basis_add(hs_modular_basis *basis, const uint64_t *row) {
    size_t d = basis->d, pivot = 0;
    uint64_t *x = basis->reduced;
    if (basis->rank == d)
        return false;
    memcpy(x, row, d * sizeof *x);
    for (size_t k = 0; k < basis->rank; k++)
        cancel(basis, k, x);
    while (pivot < d && x[pivot] == 0)
        pivot++;
    if (pivot == d)
        return false;
    memcpy(basis->rows + basis->rank * d, x, d * sizeof *x);
    basis->inverse[basis->rank] = 0;
    basis->pivot[basis->rank++] = pivot;
    return true;
}

/* Is the rank modulo the prime the true one? It is when every null vector of the pivot rows is
 * orthogonal to all rows. */
static hs_status settle(hs_null_space *space, double *null_vector, bool *null_exact, bool *settled,
                        hs_error *error) {
    size_t rank = space->basis.rank, wanted = rank == space->count ? 1 : space->d - rank;
    hs_status status = HS_OK;
    *settled = true;
    for (size_t k = 0; k < wanted && *settled; k++) {
        status = hs_null_space_vector(space, k, error);
        *settled = status == HS_OK && hs_null_space_orthogonal(space);
        if (*settled && k == 0 && null_vector != NULL)
            *null_exact = hs_null_space_round(space, null_vector);
    }
    return status;
}

hs_status hs_rank_exact(const double *a, size_t d, const size_t *which, size_t count, size_t *rank,
                        double *null_vector, bool *null_exact, hs_error *error) {
    hs_status status = HS_OK;
    bool settled = false;
    *rank = 0;
    for (uint64_t prime = HS_MERSENNE_PRIME;; prime = hs_next_prime(prime)) {
        hs_null_space space;
        status = hs_null_space_create(a, d, which, count, prime, &space, error);
        if (status != HS_OK)
            return status;
        if (space.basis.rank > *rank)
            *rank = space.basis.rank;
        settled = *rank == d || (*rank == count && null_vector == NULL);
        if (!settled && space.basis.rank == *rank)
            status = settle(&space, null_vector, null_exact, &settled, error);
        hs_null_space_clear(&space);
        if (status != HS_OK || settled)
            return status;
    }
}

/* An upper bound of the row sums of |I - R B|, in g = RB as computed, or infinity; room: d numbers.
 * A sum of d products is within (d + 2) epsilon of the sum of their sizes, in whatever order. */
static double product_defect(size_t d, const double *r, const double *b, const double *g,
                             double *room) {
    double worst = 0.0;
    for (size_t i = 0; i < d; i++) {
        room[i] = 0.0;
        for (size_t j = 0; j < d; j++)
            room[i] += fabs(b[i * d + j]);
    }
    for (size_t i = 0; i < d; i++) {
        double size = 0.0, defect = 0.0;
        for (size_t j = 0; j < d; j++) {
            size += fabs(r[i * d + j]) * room[j];
            defect += fabs(g[i * d + j] - (i == j ? 1.0 : 0.0));
        }
        defect += ((double)d + 2.0) * DBL_EPSILON * (size + 1.0);
        if (!isfinite(defect)) /* comparisons pass over NaN */
            return INFINITY;
        worst = defect > worst ? defect : worst;
    }
    return worst * (1.0 + 4.0 * (double)d * DBL_EPSILON);
}

/* With R near the inverse of B, |I - R B| < 1 shows that B has one (Rump, Verification methods,
 * Acta Numerica 2010, section 10). */
bool hs_rows_independent_in_floating_point(const double *a, size_t d, const size_t *which) {
    double *b = hs_allocate_matrix(3 * d + 1, d, sizeof *b);
    lapack_int *pivots = hs_allocate(d, sizeof *pivots), size = (lapack_int)d;
    bool proven = false;
    if (b != NULL && pivots != NULL) {
        double *r = b + d * d, *g = r + d * d;
        for (size_t k = 0; k < d; k++)
            memcpy(b + k * d, a + which[k] * d, d * sizeof *b);
        memcpy(r, b, d * d * sizeof *r);
        if (LAPACKE_dgetrf(LAPACK_COL_MAJOR, size, size, r, size, pivots) == 0 &&
            LAPACKE_dgetri(LAPACK_COL_MAJOR, size, r, size, pivots) == 0) {
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)d, (int)d, (int)d, 1.0, r,
                        (int)d, b, (int)d, 0.0, g, (int)d);
            proven = product_defect(d, r, b, g, g + d * d) < 0.5;
        }
    }
    free(b);
    free(pivots);
    return proven;
}
