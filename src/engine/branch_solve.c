/* Asking rows for a state, solving for a point, offering what was found. */
#include "engine/branch.h"

#include "engine/witness.h"
#include "support/allocate.h"

#include <math.h>
#include <stdlib.h>

/* ---- asking rows for a state ---------------------------------------------------------------- */

void hs_ask(hs_worker *worker, size_t row, double want) {
    const hs_tree *tree = worker->tree;
    double slack =
        tree->problem->beta != NULL ? 5e-10 : 1e-3; /* half the margin; see branch_tree.c */
    worker->want[row] = want;
    worker->slack[row] = want != 0.0 ? fabs(want) * slack : -1.0;
}

void hs_ask_fixed(hs_worker *worker, const hs_frame *frame) {
    const hs_tree *tree = worker->tree;
    for (size_t i = 0; i < tree->padded; i++) {
        worker->want[i] = 0.0;
        worker->slack[i] = -1.0;
    }
    HS_BITS_EACH(i, frame->inactive, tree->words) hs_ask(worker, i, HS_FIXED_PRIORITY);
    HS_BITS_EACH(i, frame->active, tree->words) hs_ask(worker, i, -HS_FIXED_PRIORITY);
}

/* Adds violated rows until all that are asked for hold. */
hs_solve_answer hs_solve(hs_worker *worker, hs_minnorm *solver) {
    hs_tree *tree = worker->tree;
    for (size_t steps = 0; steps < 40 * tree->d + 400; steps++) {
        double largest, multiplier = 0.0;
        worker->effort += tree->d * (tree->padded + 4 * tree->stride);
        if (worker->effort > HS_POLL_EFFORT)
            hs_worker_poll(worker);
        if (hs_tree_stopped(tree))
            return HS_SOLVE_STOPPED;
        size_t row =
            solver->kernels->price(tree->columns, tree->d, tree->padded, solver->z, tree->offset,
                                   worker->want, worker->slack, worker->value, &largest);
        if (!(largest > 0.0))
            return isfinite(solver->squared_norm) ? HS_SOLVE_FEASIBLE : HS_SOLVE_TROUBLE;
        bool active = worker->want[row] < 0.0;
        uint32_t signed_row = (uint32_t)(active ? row + tree->total : row);
        double target = active ? tree->active_target[row] : tree->inactive_target[row];
        hs_minnorm_answer answer =
            hs_minnorm_add(solver, tree->rows + row * tree->stride, active ? -1.0 : 1.0, target,
                           signed_row, &multiplier);
        if (answer == HS_MINNORM_GIVEN_UP)
            return HS_SOLVE_TROUBLE;
        if (answer == HS_MINNORM_ADDED && solver->squared_norm < tree->limit)
            continue;
        if (answer == HS_MINNORM_ADDED)
            multiplier = 0.0; /* the slots hold all multipliers */
        hs_core_answer taken = hs_core_take(worker, solver, signed_row, multiplier);
        return taken == HS_CORE_PROVEN    ? HS_SOLVE_CORE
               : taken == HS_CORE_REFUTED ? HS_SOLVE_TROUBLE
                                          : HS_SOLVE_STOPPED;
    }
    return HS_SOLVE_TROUBLE;
}

/* The exact count of active rows at z, or SIZE_MAX when z is not in the open domain. */
static size_t exact_active(const hs_tree *tree, const double *z) {
    size_t count = 0;
    for (size_t i = 0; i < tree->total; i++) {
        bool active = hs_system_sign(&tree->signed_rows, i, z) >= 0;
        if (active && i >= tree->count)
            return SIZE_MAX;
        count += active;
    }
    bool inside = tree->problem->beta == NULL ||
                  hs_norm_below(z, tree->d, tree->problem->system.radius, false);
    return inside ? count : SIZE_MAX;
}

/* Two inputs for the point. Where double precision holds none although the active rows do not span,
 * the search goes on, and will not end in "injective". */
static bool has_witness(hs_worker *worker, const double *u) {
    hs_tree *tree = worker->tree;
    hs_modular_basis *basis = &worker->basis;
    hs_witness *witness = NULL;
    hs_arithmetic arithmetic;
    const char *reason;
    double *z = hs_allocate(tree->n, sizeof *z);
    hs_status status = HS_NO_MEMORY;
    if (z != NULL) {
        hs_problem_point(tree->problem, u, z);
        status = hs_witness_build(tree->problem, z, &witness, &arithmetic, &reason, NULL);
    }
    free(z);
    if (status != HS_OK)
        hs_tree_fail(tree, status);
    bool found = witness != NULL;
    hs_witness_free(witness);
    basis->rank = 0;
    for (size_t i = 0; !found && i < tree->count; i++)
        if (hs_system_sign(&tree->signed_rows, i, u) >= 0)
            hs_modular_basis_add(basis, tree->residues + i * tree->n);
    if (!found && basis->rank < tree->n)
        hs_tree_doubt(tree);
    return found;
}

/* By the values in floating point: can the point be an answer? */
static bool seems_an_answer(hs_worker *worker, size_t limit, bool by_rank) {
    const hs_tree *tree = worker->tree;
    hs_modular_basis *basis = &worker->basis;
    size_t count = 0;
    basis->rank = 0;
    for (size_t i = 0; i < tree->count; i++) {
        if (worker->value[i] < 0.0)
            continue;
        count++;
        if (by_rank)
            hs_modular_basis_add(basis, tree->residues + i * tree->n);
    }
    return count < limit || (by_rank && basis->rank < tree->n);
}

bool hs_offer_point(hs_worker *worker, const double *z, bool at_sight) {
    hs_tree *tree = worker->tree;
    bool by_rank = tree->goal == HS_GOAL_SPAN && (worker->degenerate || !at_sight);
    size_t limit = tree->goal == HS_GOAL_SPAN
                       ? tree->n
                       : atomic_load_explicit(&tree->target, memory_order_relaxed);
    if (at_sight && !seems_an_answer(worker, limit, by_rank))
        return false;
    size_t count = exact_active(tree, z);
    if (count == SIZE_MAX || (count >= limit && !by_rank))
        return false;
    if (tree->goal == HS_GOAL_SPAN && !has_witness(worker, z))
        return false;
    hs_tree_offer(tree, z, count);
    return true;
}
