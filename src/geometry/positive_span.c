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

/* Is exactly one combination of the rows zero, up to a factor, and are its coefficients positive?
 */
static hs_status is_minimal_core(const hs_system *system, const size_t *which, size_t count,
                                 bool *answer, hs_error *error) {
    bool holds = false, unique = false;
    *answer = hs_core_holds_in_floating_point(system, which, count, NULL); /* d + 1 rows */
    if (*answer)
        return HS_OK;
    mpz_t *multipliers = hs_allocate(count, sizeof *multipliers);
    if (multipliers == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a core");
    for (size_t k = 0; k < count; k++)
        mpz_init(multipliers[k]);
    hs_status status =
        hs_core_multipliers(system, which, count, multipliers, &holds, &unique, error);
    *answer = status == HS_OK && holds && unique;
    for (size_t k = 0; k < count; k++) {
        *answer = *answer && mpz_sgn(multipliers[k]) > 0;
        mpz_clear(multipliers[k]);
    }
    free(multipliers);
    return status;
}

/* The rows as a cone, and those that minimal cores have combined to 0 so far. */
typedef struct packing {
    const hs_system *system;
    const size_t *nonzero; /* the system's rows that are not zero */
    hs_polyhedron cone;    /* of them */
    hs_modular_basis basis;
    size_t *which; /* a core */
    uint64_t *row; /* d */
} packing;

static hs_status packing_create(const hs_system *system, const size_t *nonzero, size_t count,
                                packing *p, hs_error *error) {
    *p = (packing){.system = system, .nonzero = nonzero};
    p->which = hs_allocate(system->d + 9, sizeof *p->which);
    p->row = hs_allocate(system->d, sizeof *p->row);
    hs_status status = hs_polyhedron_create(system->d, count, &p->cone, error);
    if (status == HS_OK)
        status = hs_modular_basis_create(system->d, &p->basis, error);
    if (status == HS_OK && (p->which == NULL || p->row == NULL))
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a simplex");
    for (size_t k = 0; status == HS_OK && k < count; k++) {
        hs_polyhedron_append(&p->cone, system->a + nonzero[k] * system->d, 0.0);
        p->cone.t[k] = -1.0;
    }
    return status;
}

static void packing_clear(packing *p) {
    hs_polyhedron_clear(&p->cone);
    hs_modular_basis_clear(&p->basis);
    free(p->which);
    free(p->row);
}

/* Takes the cone's core away, if it is a minimal one; *taken: it is. */
static hs_status take_core(packing *p, bool *taken, hs_error *error) {
    size_t count = p->cone.core_count, d = p->system->d;
    for (size_t k = 0; k < count; k++)
        p->which[k] = p->nonzero[p->cone.core[k]];
    hs_status status = is_minimal_core(p->system, p->which, count, taken, error);
    for (size_t k = 0; status == HS_OK && *taken && k < count; k++) {
        p->cone.t[p->cone.core[k]] = INFINITY;
        hs_residues(p->system->a + p->which[k] * d, d, p->row);
        hs_modular_basis_add(&p->basis, p->row);
    }
    return status;
}

/* Floating point finds a halfspace, or cores whose rows span: the sum of their dependences is one
 * with positive coefficients of rows that span. Exact arithmetic confirms it. */
static hs_status try_quickly(const hs_system *system, const size_t *nonzero, size_t count,
                             bool *known, bool *answer, hs_error *error) {
    packing p;
    hs_status status = packing_create(system, nonzero, count, &p, error);
    bool more = status == HS_OK;
    *known = false;
    while (more && !*known) {
        hs_nearest_answer found = hs_polyhedron_nearest(&p.cone, INFINITY);
        more = found == HS_NEAREST_EMPTY;
        if (more)
            status = take_core(&p, &more, error);
        more = more && status == HS_OK;
        *known = *answer = more && p.basis.rank == system->d;
        if (found == HS_NEAREST_FOUND && p.basis.rank == 0)
            *known = hs_system_contains(system, nonzero, count, p.cone.solver.z);
    }
    packing_clear(&p);
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
