/* Asking rows for a state, solving for a point, offering what was found. */
#include "engine/branch.h"

#include "engine/witness.h"
#include "geometry/rank.h"
#include "support/allocate.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- asking rows for a state ---------------------------------------------------------------- */

void hs_ask(hs_worker *worker, size_t row, double want) {
    const hs_tree *tree = worker->tree;
    double slack =
        tree->problem->beta != NULL ? 5e-10 : 1e-3; /* half the margin; see branch_tree.c */
    worker->want[row] = (float)want;
    worker->slack[row] = want != 0.0 ? (float)(fabs(want) * slack) : -1.0f;
}

void hs_ask_nothing(hs_worker *worker) {
    for (size_t i = 0; i < worker->tree->padded; i++) {
        worker->want[i] = 0.0f;
        worker->slack[i] = -1.0f;
    }
}

void hs_ask_fixed(hs_worker *worker, const hs_node *node) {
    const hs_tree *tree = worker->tree;
    hs_ask_nothing(worker);
    HS_BITS_EACH(i, node->inactive, tree->words) hs_ask(worker, i, HS_FIXED_PRIORITY);
    HS_BITS_EACH(i, node->active, tree->words) hs_ask(worker, i, -HS_FIXED_PRIORITY);
    HS_BITS_EACH(i, node->ignored, tree->words) hs_ask(worker, i, 0.0);
}

/* ---- solving --------------------------------------------------------------------------------- */

hs_status hs_solver_create(const hs_tree *tree, hs_solver *solver) {
    *solver = (hs_solver){0};
    return tree->narrow ? hs_cone_create(tree->d, tree->kernels, &solver->cone)
                        : hs_minnorm_create(tree->d, &solver->ball, NULL);
}

void hs_solver_clear(hs_solver *solver) {
    hs_cone_clear(&solver->cone);
    hs_minnorm_clear(&solver->ball);
}

void hs_solver_reset(const hs_tree *tree, hs_solver *solver) {
    if (tree->narrow)
        hs_cone_reset(&solver->cone);
    else
        hs_minnorm_reset(&solver->ball);
}

void hs_solver_copy(const hs_tree *tree, hs_solver *to, const hs_solver *from) {
    if (tree->narrow)
        hs_cone_copy(&to->cone, &from->cone);
    else
        hs_minnorm_copy(&to->ball, &from->ball);
}

uint64_t hs_solver_pivots(const hs_solver *solver) {
    return solver->cone.pivots + solver->ball.pivots;
}

static hs_solve_answer from_core(hs_core_answer taken) {
    return taken == HS_CORE_PROVEN    ? HS_SOLVE_CORE
           : taken == HS_CORE_REFUTED ? HS_SOLVE_TROUBLE
                                      : HS_SOLVE_STOPPED;
}

static hs_solve_answer solve_narrow(hs_worker *worker, hs_cone *solver) {
    const hs_tree *tree = worker->tree;
    uint64_t pivots = solver->pivots;
    uint32_t row;
    float multiplier;
    hs_cone_answer answer = hs_cone_solve(solver, &tree->cone_rows, worker->want, worker->slack,
                                          worker->value, &row, &multiplier);
    worker->effort += (solver->pivots - pivots + 1) * tree->d * (tree->padded + 4 * tree->stride);
    if (answer == HS_CONE_EMPTY)
        return from_core(hs_core_take_narrow(worker, solver, row, multiplier));
    for (size_t j = 0; j < tree->d; j++)
        worker->z[j] = (double)solver->z[j];
    return answer == HS_CONE_POINT ? HS_SOLVE_FEASIBLE : HS_SOLVE_TROUBLE;
}

size_t hs_price(hs_worker *worker, const double *z, double *largest) {
    const hs_tree *tree = worker->tree;
    double *want = worker->wide_values, *slack = want + tree->padded, *value = slack + tree->padded;
    if (tree->columns != NULL)
        return tree->kernels->price(tree->columns, tree->d, tree->padded, z, tree->offset, want,
                                    slack, value, largest);
    size_t row = 0;
    int d = (int)tree->d;
    memset(value, 0, tree->padded * sizeof *value); /* some libraries add even with a factor of 0 */
    *largest = -INFINITY;
    for (size_t from = 0; from < tree->total; from += HS_PRICED_ROWS) {
        size_t left = tree->total - from, count = left < HS_PRICED_ROWS ? left : HS_PRICED_ROWS;
        cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)count, d, 1.0,
                    tree->signed_rows.a + from * tree->d, d, z, 1, 0.0, value + from, 1);
        for (size_t i = from; i < from + count; i++) {
            double violation = want[i] * value[i] + slack[i];
            row = violation > *largest ? i : row;
            *largest = violation > *largest ? violation : *largest;
        }
    }
    return row;
}

static hs_solve_answer solve_wide(hs_worker *worker, hs_minnorm *solver) {
    const hs_tree *tree = worker->tree;
    double *want = worker->wide_values, *slack = want + tree->padded, *value = slack + tree->padded;
    for (size_t i = 0; i < tree->padded; i++) {
        want[i] = (double)worker->want[i];
        slack[i] = (double)worker->slack[i];
    }
    for (size_t steps = 0; steps < 40 * tree->d + 400; steps++) {
        double largest, multiplier = 0.0;
        worker->effort += tree->d * (tree->padded + 4 * tree->stride);
        size_t row = hs_price(worker, solver->z, &largest);
        if (!(largest > 0.0)) {
            memcpy(worker->z, solver->z, tree->d * sizeof *worker->z);
            for (size_t i = 0; i < tree->padded; i++)
                worker->value[i] = (float)value[i];
            return isfinite(solver->squared_norm) ? HS_SOLVE_FEASIBLE : HS_SOLVE_TROUBLE;
        }
        bool active = want[row] < 0.0;
        uint32_t signed_row = (uint32_t)(active ? row + tree->total : row);
        double beta = tree->offset != NULL ? tree->offset[row] : 0.0;
        double target = (active ? beta : -beta) - tree->margin;
        hs_minnorm_answer answer =
            hs_minnorm_add(solver, tree->signed_rows.a + row * tree->d, active ? -1.0 : 1.0, target,
                           signed_row, &multiplier);
        if (answer == HS_MINNORM_GIVEN_UP)
            return HS_SOLVE_TROUBLE;
        if (answer == HS_MINNORM_ADDED && solver->squared_norm < tree->limit)
            continue;
        if (answer == HS_MINNORM_ADDED)
            multiplier = 0.0; /* the slots hold all multipliers */
        return from_core(hs_core_take(worker, solver, signed_row, multiplier));
    }
    return HS_SOLVE_TROUBLE;
}

hs_solve_answer hs_solve(hs_worker *worker, hs_solver *solver) {
    hs_tree *tree = worker->tree;
    worker->refuted = 0;
    if (worker->effort > HS_POLL_EFFORT)
        hs_worker_poll(worker);
    if (hs_tree_stopped(tree))
        return HS_SOLVE_STOPPED;
    if (!tree->narrow)
        return solve_wide(worker, &solver->ball);
    hs_solve_answer answer = solve_narrow(worker, &solver->cone);
    if (answer != HS_SOLVE_TROUBLE)
        return answer;
    hs_cone_reset(&solver->cone);
    hs_minnorm_reset(&worker->wide);
    return solve_wide(worker, &worker->wide);
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

bool hs_rows_span(hs_worker *worker, const uint64_t *rows) {
    const hs_tree *tree = worker->tree;
    worker->basis.rank = 0;
    HS_BITS_EACH(i, rows, tree->words)
    hs_modular_basis_add(&worker->basis, tree->residues + i * tree->n);
    return worker->basis.rank == tree->n;
}

size_t hs_exact_rank(hs_worker *worker, const uint64_t *rows) {
    hs_tree *tree = worker->tree;
    size_t count = 0, rank = 0;
    HS_BITS_EACH(i, rows, tree->words) worker->core_rows[count++] = tree->row_of[i];
    hs_status status = hs_rank_exact(tree->problem->layer->weight, tree->n, worker->core_rows,
                                     count, &rank, NULL, NULL, NULL);
    if (status != HS_OK)
        hs_tree_fail(tree, status);
    return rank;
}

/* Two inputs for the point. Where double precision holds none although the active rows do not span,
 * the search goes on, and will not end in "injective". */
static bool has_witness(hs_worker *worker, const double *u) {
    hs_tree *tree = worker->tree;
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
    if (found)
        return true;
    uint64_t *active = worker->scratch_bits;
    memset(active, 0, tree->words * sizeof *active);
    for (size_t i = 0; i < tree->count; i++)
        if (hs_system_sign(&tree->signed_rows, i, u) >= 0)
            hs_bits_set(active, i);
    if (!hs_rows_span(worker, active) &&
        (tree->n > HS_EXACT_DIMENSIONS || hs_exact_rank(worker, active) < tree->n))
        hs_tree_doubt(tree);
    return false;
}

/* By the values in floating point: can the point be an answer? */
static bool seems_an_answer(hs_worker *worker, size_t limit, bool by_rank) {
    const hs_tree *tree = worker->tree;
    hs_modular_basis *basis = &worker->basis;
    size_t count = 0;
    basis->rank = 0;
    for (size_t i = 0; i < tree->count; i++) {
        if (worker->value[i] < 0.0f)
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
    size_t limit = atomic_load_explicit(&tree->wanted, memory_order_relaxed);
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
