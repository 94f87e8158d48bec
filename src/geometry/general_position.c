#include "geometry/general_position.h"

#include "geometry/rank.h"
#include "support/allocate.h"
#include "support/error.h"

#include <stdlib.h>

typedef struct walk {
    hs_modular_basis basis;
    const uint64_t *residues; /* count x d */
    size_t d, count;
    hs_position_effort effort;
    uint64_t steps;
    bool stopped;
} walk;

static bool should_stop(walk *w) {
    if (++w->steps % 4096 == 0 && w->effort.stopped != NULL)
        w->stopped = w->stopped || w->effort.stopped(w->effort.data);
    return w->stopped;
}

/* Every independent extension of the rows picked so far; false when a dependent set turns up or
 * there is no more time. */
static bool all_independent(walk *w, size_t first) {
    size_t picked = w->basis.rank;
    if (picked == w->d)
        return true;
    if (should_stop(w))
        return false;
    bool shorter = w->count < w->d;
    for (size_t i = first; i < w->count && (shorter || w->count - i >= w->d - picked); i++) {
        if (!hs_modular_basis_add(&w->basis, w->residues + i * w->d))
            return false;
        if (!all_independent(w, i + 1))
            return false;
        w->basis.rank = picked;
    }
    return true;
}

static bool within_budget(size_t d, size_t count, uint64_t budget) {
    double subsets = 1.0;
    for (size_t k = 1; k <= d && count > d; k++)
        subsets *= (double)(count - d + k) / (double)k;
    return subsets <= (double)budget;
}

hs_status hs_general_position(const double *a, size_t d, const size_t *which, size_t count,
                              hs_position_effort effort, hs_position *position, hs_error *error) {
    *position = HS_POSITION_UNKNOWN;
    if (!within_budget(d, count, effort.subsets))
        return HS_OK;
    walk w = {.d = d, .count = count, .effort = effort};
    uint64_t *residues = hs_allocate_matrix(count, d, sizeof *residues);
    hs_status status = hs_modular_basis_create(d, &w.basis, error);
    if (status == HS_OK && residues == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for %zu rows", count);
    if (status == HS_OK) {
        for (size_t i = 0; i < count; i++)
            hs_residues(a + which[i] * d, d, residues + i * d);
        w.residues = residues;
        bool independent = all_independent(&w, 0);
        if (!w.stopped)
            *position = independent ? HS_POSITION_GENERAL : HS_POSITION_DEPENDENT;
    }
    free(residues);
    hs_modular_basis_clear(&w.basis);
    return status;
}
