/* Local search for points with few active rows: grow a set of rows that can be inactive together
 * until it is maximal; force one of the others in, drop rows of the cores that stand against it,
 * grow again; keep what is not worse. Sets are asked for through worker->want. */
#include "engine/branch.h"

#include <string.h>

typedef struct local {
    hs_worker *worker;
    hs_solver *solver; /* a point of the rows asked for */
    hs_solver *trial;
    size_t solves; /* left */
} local;

static uint64_t next_random(hs_worker *worker) { /* xorshift64*: Marsaglia, Vigna */
    worker->random ^= worker->random >> 12;
    worker->random ^= worker->random << 25;
    worker->random ^= worker->random >> 27;
    return worker->random * UINT64_C(2685821657736338717);
}

static size_t random_below(hs_worker *worker, size_t count) {
    return (size_t)((next_random(worker) >> 11) % count);
}

static bool asked(const local *s, size_t row) {
    return s->worker->want[row] != 0.0f;
}

static hs_solve_answer solve(local *s, hs_solver *solver) {
    s->solves -= s->solves > 0;
    return hs_solve(s->worker, solver);
}

/* Rows that are inactive at the point anyway join the set. */
static void take_negative(local *s) {
    const hs_tree *tree = s->worker->tree;
    for (size_t i = 0; i < tree->count; i++)
        if (!asked(s, i) && s->worker->value[i] < 0.0f) {
            hs_ask(s->worker, i, 1.0);
            if (s->worker->value[i] + s->worker->slack[i] > 0.0f)
                hs_ask(s->worker, i, 0.0); /* inside the margin: must be tried */
        }
}

/* Tries the rows outside the set in random cyclic order; returns how many stay outside. */
static size_t grow(local *s) {
    hs_worker *worker = s->worker;
    const hs_tree *tree = worker->tree;
    size_t begin = random_below(worker, tree->count), outside = 0;
    for (size_t k = 0; k < tree->count && s->solves > 0; k++) {
        size_t row = (begin + k) % tree->count;
        if (asked(s, row))
            continue;
        hs_ask(worker, row, 1.0);
        hs_solver_copy(tree, s->trial, s->solver);
        if (solve(s, s->trial) == HS_SOLVE_FEASIBLE) {
            hs_solver_copy(tree, s->solver, s->trial);
            take_negative(s);
        } else {
            hs_ask(worker, row, 0.0);
        }
    }
    for (size_t i = 0; i < tree->count; i++)
        outside += !asked(s, i);
    return outside;
}

/* Forces the row in: rows of the cores against it leave, chosen at random. False when that fails.
 */
static bool force(local *s, size_t row) {
    hs_worker *worker = s->worker;
    const hs_tree *tree = worker->tree;
    hs_ask(worker, row, 1.0);
    while (s->solves > 0) {
        hs_solver_reset(tree, s->solver);
        hs_solve_answer answer = solve(s, s->solver);
        if (answer == HS_SOLVE_FEASIBLE)
            return true;
        if (answer != HS_SOLVE_CORE)
            return false;
        size_t candidates = 0, leaver = SIZE_MAX;
        for (size_t i = hs_bits_next(worker->last_core, tree->words, 0); i < tree->count;
             i = hs_bits_next(worker->last_core, tree->words, i + 1))
            if (i != row && random_below(worker, ++candidates) == 0)
                leaver = i;
        if (leaver == SIZE_MAX)
            return false;
        hs_ask(worker, leaver, 0.0);
    }
    return false;
}

static void ask_nothing(hs_worker *worker) {
    const hs_tree *tree = worker->tree;
    for (size_t i = 0; i < tree->padded; i++)
        hs_ask(worker, i, i >= tree->count && i < tree->total ? 1.0 : 0.0);
}

/* A first maximal set. False when not even the faces of the domain can be satisfied. */
static bool start(local *s, size_t *outside) {
    ask_nothing(s->worker);
    hs_solver_reset(s->worker->tree, s->solver);
    if (solve(s, s->solver) != HS_SOLVE_FEASIBLE)
        return false;
    take_negative(s);
    *outside = grow(s);
    return true;
}

void hs_local_search(hs_worker *worker, size_t solves) {
    hs_tree *tree = worker->tree;
    local s = {.worker = worker, .trial = &worker->work, .solves = solves};
    size_t outside = 0, row;
    if (tree->count == 0 || !hs_stack_start(worker))
        return;
    s.solver = worker->node.base;
    float *best = worker->local_want;
    size_t failures = SIZE_MAX, best_outside = 0;
    while (s.solves > 0 && !hs_tree_stopped(tree)) {
        if (failures > 4 * tree->count) {
            if (!start(&s, &outside))
                return;
            failures = best_outside = 0;
        } else {
            memcpy(worker->want, best, tree->padded * sizeof *best);
            memcpy(worker->slack, best + tree->padded, tree->padded * sizeof *best);
            do
                row = random_below(worker, tree->count);
            while (asked(&s, row) && best_outside > 0);
            outside = force(&s, row) ? grow(&s) : SIZE_MAX;
        }
        bool better = best_outside == 0 || outside < best_outside;
        if (outside != SIZE_MAX && s.solves > 0 && better) {
            if (solve(&s, s.solver) == HS_SOLVE_FEASIBLE &&
                hs_offer_point(worker, worker->z, true) && tree->goal == HS_GOAL_SPAN)
                return;
        }
        failures = better && outside != SIZE_MAX ? 0 : failures + 1;
        if (outside <= best_outside || best_outside == 0) {
            best_outside = outside;
            memcpy(best, worker->want, tree->padded * sizeof *best);
            memcpy(best + tree->padded, worker->slack, tree->padded * sizeof *best);
        }
    }
}
