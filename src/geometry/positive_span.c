#include "geometry/positive_span.h"

#include "geometry/nearest.h"
#include "geometry/rank.h"
#include "geometry/system.h"
#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>

enum { EXACT_COLUMNS = 32 }; /* more: rational arithmetic takes too long */

static bool is_zero(const double *row, size_t d) {
    for (size_t j = 0; j < d; j++)
        if (row[j] != 0.0)
            return false;
    return true;
}

/* Are the chosen rows without row `skipped` independent, for certain? */
static hs_status independent(const double *a, size_t d, const size_t *which, size_t count,
                             size_t skipped, bool *answer, hs_error *error) {
    hs_modular_basis basis;
    uint64_t *row = hs_allocate(d, sizeof *row);
    hs_status status = hs_modular_basis_create(d, &basis, error);
    if (status == HS_OK && row == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a rank");
    for (size_t k = 0; status == HS_OK && k < count; k++) {
        if (k == skipped)
            continue;
        hs_residues(a + which[k] * d, d, row);
        hs_modular_basis_add(&basis, row);
    }
    *answer = status == HS_OK && basis.rank + 1 == count;
    hs_modular_basis_clear(&basis);
    free(row);
    return status;
}

/* d + 1 rows of which any d are independent and which have no common open halfspace: the only
 * dependence among them has positive coefficients, so 0 is inside their simplex. */
static hs_status is_simplex_around_origin(const hs_system *system, const size_t *which,
                                          size_t count, bool *answer, hs_error *error) {
    *answer = false;
    if (count != system->d + 1)
        return HS_OK;
    hs_status status = hs_core_holds(system, which, count, NULL, answer, error);
    for (size_t k = 0; status == HS_OK && *answer && k < count; k++)
        status = independent(system->a, system->d, which, count, k, answer, error);
    return status;
}

/* Floating point finds a simplex about 0 or a halfspace; exact arithmetic confirms it. */
static hs_status try_quickly(const hs_system *system, const size_t *nonzero, size_t count,
                             bool *known, bool *answer, hs_error *error) {
    hs_polyhedron cone;
    size_t d = system->d;
    size_t *which = hs_allocate(d + 9, sizeof *which);
    hs_status status = hs_polyhedron_create(d, count, &cone, error);
    *known = false;
    if (status == HS_OK && which == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a simplex");
    for (size_t k = 0; status == HS_OK && k < count; k++) {
        hs_polyhedron_append(&cone, system->a + nonzero[k] * d, 0.0);
        cone.t[k] = -1.0;
    }
    if (status == HS_OK) {
        hs_nearest_answer found = hs_polyhedron_nearest(&cone, INFINITY);
        for (size_t k = 0; found == HS_NEAREST_EMPTY && k < cone.core_count; k++)
            which[k] = nonzero[cone.core[k]];
        if (found == HS_NEAREST_FOUND &&
            hs_system_contains(system, nonzero, count, cone.solver.z)) {
            *known = true;
            *answer = false;
        } else if (found == HS_NEAREST_EMPTY) {
            status = is_simplex_around_origin(system, which, cone.core_count, answer, error);
            *known = *answer;
        }
    }
    hs_polyhedron_clear(&cone);
    free(which);
    return status;
}

hs_status hs_positive_span(const double *a, size_t rows, size_t d, bool *known, bool *answer,
                           hs_error *error) {
    const hs_system system = {.d = d, .rows = rows, .a = a, .radius = INFINITY};
    size_t *nonzero = hs_allocate(rows, sizeof *nonzero), count = 0, rank = 0;
    hs_status status = HS_OK;
    if (nonzero == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for %zu rows", rows);
    for (size_t i = 0; i < rows; i++)
        if (!is_zero(a + i * d, d))
            nonzero[count++] = i;
    *known = *answer = false;
    status = hs_rank_exact(a, d, nonzero, count, &rank, NULL, NULL, error);
    if (status == HS_OK && rank < d)
        *known = true;
    if (status == HS_OK && !*known)
        status = try_quickly(&system, nonzero, count, known, answer, error);
    if (status == HS_OK && !*known && d <= EXACT_COLUMNS) {
        bool exists = false;
        status = hs_closed_halfspace_exact(&system, nonzero, count, &exists, error);
        *known = status == HS_OK;
        *answer = !exists;
    }
    free(nonzero);
    return status;
}
