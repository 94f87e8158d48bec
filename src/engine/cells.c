/* The reference engine: depth-first over the rows. A node is a sign vector of the first rows whose
 * open cell meets the open domain; a branch ends as soon as its active rows span. Linear programs
 * only guess: a cell counts as non-empty when a point of it was checked in exact arithmetic, and as
 * empty when a core was. */
#include "engine/engine.h"
#include "engine/witness.h"

#include "geometry/margin_lp.h"
#include "geometry/minnorm.h"
#include "geometry/rank.h"
#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ROWS = 10000 /* the search is as deep as there are rows, and recursive */
};

typedef struct cells {
    const hs_problem *problem;
    hs_run *run;
    hs_outcome *outcome;
    hs_error *error;
    hs_system signed_rows; /* rows 0..m-1, their negatives m..2m-1, the faces */
    double *a, *beta;      /* owned: of signed_rows */
    size_t *order;         /* rows with non-zero weight */
    size_t order_count;
    uint64_t *residues; /* m x n */
    hs_modular_basis basis;
    hs_margin_lp *lp;
    hs_minnorm nearest;
    size_t *chosen; /* the constraints of the current node: faces, then signed rows */
    size_t chosen_count;
    double *points;      /* (m + 2) x d: an interior point at each depth */
    double *multipliers; /* of the LP's rows */
    size_t *core;        /* scratch */
    double *core_weight; /* scratch */
    uint64_t unproven;   /* deficient cells without two inputs to show for it */
    hs_status status;
    bool found;
} cells;

static void cells_clear(cells *c) {
    free(c->a);
    free(c->beta);
    free(c->order);
    free(c->residues);
    hs_modular_basis_clear(&c->basis);
    hs_margin_lp_free(c->lp);
    hs_minnorm_clear(&c->nearest);
    free(c->chosen);
    free(c->points);
    free(c->multipliers);
    free(c->core);
    free(c->core_weight);
}

static bool allocate_cells(cells *c, size_t m, size_t n, size_t d, size_t total) {
    c->a = hs_allocate_matrix(total, d, sizeof *c->a);
    c->beta = c->problem->beta != NULL ? hs_allocate(total, sizeof *c->beta) : NULL;
    c->order = hs_allocate(m, sizeof *c->order);
    c->residues = hs_allocate_matrix(m, n, sizeof *c->residues);
    c->chosen = hs_allocate(total, sizeof *c->chosen);
    c->points = hs_allocate_matrix(m + 2, d, sizeof *c->points);
    c->multipliers = hs_allocate(total, sizeof *c->multipliers);
    c->core = hs_allocate(total, sizeof *c->core);
    c->core_weight = hs_allocate(total, sizeof *c->core_weight);
    return c->a != NULL && (c->beta != NULL || c->problem->beta == NULL) && c->order != NULL &&
           c->residues != NULL && c->chosen != NULL && c->points != NULL &&
           c->multipliers != NULL && c->core != NULL && c->core_weight != NULL;
}

static void load_signed_rows(cells *c) {
    const hs_system *system = &c->problem->system;
    size_t m = c->problem->m, d = system->d;
    for (size_t i = 0; i < system->rows; i++) {
        size_t to = i < m ? i : i + m;
        for (size_t j = 0; j < d; j++) {
            double value = system->a[i * d + j];
            c->a[to * d + j] = value;
            if (i < m)
                c->a[(i + m) * d + j] = -value;
        }
        if (system->beta == NULL)
            continue;
        c->beta[to] = system->beta[i];
        if (i < m)
            c->beta[i + m] = -system->beta[i];
    }
    c->signed_rows = (hs_system){
        .d = d, .rows = m + system->rows, .a = c->a, .beta = c->beta, .radius = system->radius};
}

static double bound_of(const cells *c, size_t row) {
    return c->beta != NULL ? -c->beta[row] : 0.0;
}

static hs_status cells_create(const hs_problem *problem, cells *c) {
    size_t m = problem->m, n = problem->n, d = problem->system.d;
    size_t total = m + problem->system.rows;
    c->problem = problem;
    if (!allocate_cells(c, m, n, d, total))
        return hs_fail(c->error, HS_NO_MEMORY, "no memory for the cells of %zu rows", m);
    hs_status status = hs_modular_basis_create(n, &c->basis, c->error);
    if (status == HS_OK)
        status = hs_minnorm_create(d, &c->nearest, c->error);
    double reach = c->beta != NULL ? problem->system.radius : 1.0;
    if (status == HS_OK)
        status = hs_margin_lp_create(d, total, reach, &c->lp, c->error);
    if (status != HS_OK)
        return status;
    load_signed_rows(c);
    hs_residues(problem->layer->weight, m * n, c->residues);
    for (size_t i = 0; i < m; i++)
        if (!problem->zero_row[i])
            c->order[c->order_count++] = i;
    for (size_t i = 0; i < total; i++)
        hs_margin_lp_set(c->lp, i, c->a + i * d, 1.0, 1.0);
    for (size_t i = 2 * m; i < total; i++) {
        hs_margin_lp_switch(c->lp, i, true, bound_of(c, i));
        c->chosen[c->chosen_count++] = i;
    }
    return HS_OK;
}

/* Is the core made of the chosen rows with these multipliers proven? */
static bool core_proven(cells *c, const double *weights_by_row) {
    size_t count = 0;
    for (size_t k = 0; k < c->chosen_count; k++) {
        double weight = weights_by_row[c->chosen[k]];
        if (weight > 1e-12) {
            c->core[count] = c->chosen[k];
            c->core_weight[count++] = weight;
        }
    }
    bool holds = false;
    if (count > 0 && count < c->chosen_count + 1)
        c->status =
            hs_core_holds(&c->signed_rows, c->core, count, c->core_weight, &holds, c->error);
    return c->status == HS_OK && holds;
}

/* Ball: the nearest point of the cell with the given margin, in floating point. True when it is
 * proven to lie inside; otherwise its multipliers are left in c->multipliers. */
static bool nearest_point(cells *c, double margin, double *point) {
    hs_minnorm *nearest = &c->nearest;
    size_t d = c->signed_rows.d;
    double multiplier = 0.0, limit = c->signed_rows.radius * c->signed_rows.radius;
    bool open = true;
    hs_minnorm_reset(nearest);
    memset(c->multipliers, 0, c->signed_rows.rows * sizeof *c->multipliers);
    for (size_t steps = 0; open && steps < 50 * d + 200; steps++) {
        size_t worst = SIZE_MAX;
        double largest = 0.0;
        for (size_t k = 0; k < c->chosen_count; k++) {
            size_t row = c->chosen[k];
            double violation = margin - bound_of(c, row);
            for (size_t j = 0; j < d; j++)
                violation += c->a[row * d + j] * nearest->z[j];
            if (violation > largest) {
                largest = violation;
                worst = row;
            }
        }
        if (worst == SIZE_MAX || largest < 0.5 * margin)
            break;
        open = hs_minnorm_add(nearest, c->a + worst * d, 1.0, bound_of(c, worst) - margin,
                              (uint32_t)worst, &multiplier) == HS_MINNORM_ADDED &&
               nearest->squared_norm < limit;
        if (!open)
            c->multipliers[worst] = multiplier;
    }
    for (size_t slot = 0; slot < nearest->stride; slot++)
        if (nearest->slot_row[slot] != HS_MINNORM_FREE)
            c->multipliers[nearest->slot_row[slot]] = nearest->lambda[slot];
    memcpy(point, nearest->z, d * sizeof *point);
    return open && hs_system_contains(&c->signed_rows, c->chosen, c->chosen_count, point);
}

/* Decides the current node's cell; point receives an interior point. *has_point is false for a cell
 * so thin that no double lies in it. */
static bool cell_is_open(cells *c, double *point, bool *has_point) {
    double margin;
    *has_point = true;
    if (hs_margin_lp_solve(c->lp, point, &margin, c->multipliers)) {
        if (margin > 1e-11 &&
            hs_system_contains(&c->signed_rows, c->chosen, c->chosen_count, point))
            return true;
        if (margin < 1e-7 && core_proven(c, c->multipliers))
            return false;
        if (c->status == HS_OK && margin > 1e-11 && c->beta != NULL) {
            if (nearest_point(c, 1e-6 * margin, point))
                return true;
            if (core_proven(c, c->multipliers))
                return false;
        }
    }
    hs_feasibility answer = HS_EMPTY;
    if (c->status == HS_OK)
        c->status = hs_system_decide_exact(&c->signed_rows, c->chosen, c->chosen_count, &answer,
                                           point, has_point, c->error);
    return c->status == HS_OK && answer == HS_NONEMPTY;
}

static void visit(cells *c, size_t depth, bool has_point);

/* The child in which the next row has this sign; known: the parent's point lies there. */
static void descend(cells *c, size_t depth, bool active, bool known) {
    size_t row = c->order[depth], n = c->problem->n, d = c->signed_rows.d;
    size_t constraint = active ? row + c->problem->m : row, rank = c->basis.rank;
    double *point = c->points + (depth + 1) * d;
    if (active) {
        hs_modular_basis_add(&c->basis, c->residues + row * n);
        if (c->basis.rank == n) { /* spans: nothing below can be bad */
            c->basis.rank = rank;
            return;
        }
    }
    c->chosen[c->chosen_count++] = constraint;
    hs_margin_lp_switch(c->lp, constraint, true, bound_of(c, constraint));
    bool has_point = true;
    if (known)
        memcpy(point, c->points + depth * d, d * sizeof *point);
    if (known || cell_is_open(c, point, &has_point))
        visit(c, depth + 1, has_point);
    hs_margin_lp_switch(c->lp, constraint, false, 0.0);
    c->chosen_count--;
    c->basis.rank = rank;
}

/* The smallest number of active rows seen so far: what an interrupted search can report. */
static void count_active(cells *c, const double *point) {
    const hs_system *system = &c->problem->system;
    size_t active = 0;
    for (size_t i = 0; i < c->problem->m; i++)
        active += hs_system_sign(system, i, point) >= 0;
    if (!c->outcome->has_active_upper || active < c->outcome->active_upper)
        c->outcome->active_upper = active;
    c->outcome->has_active_upper = true;
}

/* The rows that are active on the current cell span after all: their rank modulo the prime is too
 * small by bad luck. */
static bool spans_exactly(cells *c) {
    size_t count = 0, rank = 0, m = c->problem->m;
    for (size_t k = 0; k < c->chosen_count; k++)
        if (c->chosen[k] >= m && c->chosen[k] < 2 * m)
            c->core[count++] = c->chosen[k] - m;
    if (count < c->problem->n)
        return false;
    c->status = hs_rank_exact(c->problem->layer->weight, c->problem->n, c->core, count, &rank, NULL,
                              NULL, c->error);
    return rank == c->problem->n;
}

/* A cell on which the active rows do not span. Without a witness that can be shown the search goes
 * on, but can no longer end with "injective". */
static void leaf(cells *c, size_t depth, bool has_point) {
    if (spans_exactly(c) || c->status != HS_OK)
        return;
    hs_witness *witness = NULL;
    hs_arithmetic arithmetic;
    const char *reason = NULL;
    const double *point = c->points + depth * c->signed_rows.d;
    if (has_point)
        c->status = hs_outcome_claim(c->outcome, c->problem, point, c->error);
    if (has_point && c->status == HS_OK)
        c->status =
            hs_witness_build(c->problem, c->outcome->z, &witness, &arithmetic, &reason, c->error);
    if (witness == NULL) {
        c->unproven++;
        return;
    }
    hs_witness_free(witness);
    hs_outcome_set(c->outcome, HS_NOT_INJECTIVE,
                   "on one cell the active rows have rank %zu, below n = %zu", c->basis.rank,
                   c->problem->n);
    c->found = true;
}

static void visit(cells *c, size_t depth, bool has_point) {
    if (c->status != HS_OK || c->found || atomic_load(&c->run->stopped))
        return;
    c->outcome->nodes++;
    if (has_point)
        count_active(c, c->points + depth * c->signed_rows.d);
    hs_progress progress = {
        .fraction = -1.0, .phase = "cells", .active_upper = c->outcome->active_upper};
    if (c->run->settings->node_limit > 0 || c->outcome->nodes % 16 == 0)
        hs_run_should_stop(c->run, c->outcome->nodes, &progress);
    if (depth == c->order_count) {
        leaf(c, depth, has_point);
        return;
    }
    int sign = 0;
    if (has_point)
        sign =
            hs_system_sign(&c->signed_rows, c->order[depth], c->points + depth * c->signed_rows.d);
    descend(c, depth, false, sign < 0);
    if (c->status == HS_OK && !c->found)
        descend(c, depth, true, sign > 0);
}

static void conclude(const cells *c) {
    hs_outcome *outcome = c->outcome;
    if (atomic_load(&c->run->stopped))
        hs_outcome_set(outcome, HS_UNDECIDED, "stopped after %llu cells",
                       (unsigned long long)outcome->nodes);
    else if (c->unproven > 0)
        hs_outcome_set(outcome, HS_UNDECIDED,
                       "the active rows do not span on %llu cells, each too thin for two inputs in "
                       "double precision",
                       (unsigned long long)c->unproven);
    else
        hs_outcome_set(outcome, HS_INJECTIVE,
                       "the active rows span the space on every cell of the domain");
}

hs_status hs_engine_cells(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                          hs_error *error) {
    cells c = {.run = run, .outcome = outcome, .error = error, .status = HS_OK};
    outcome->engine = HS_ENGINE_CELLS;
    outcome->arithmetic = HS_ARITHMETIC_EXACT;
    if (problem->m > MOST_ROWS) {
        hs_outcome_set(outcome, HS_UNDECIDED, "the reference engine takes at most %d rows",
                       MOST_ROWS);
        return HS_OK;
    }
    c.status = cells_create(problem, &c);
    bool has_point = true;
    if (c.status == HS_OK && cell_is_open(&c, c.points, &has_point))
        visit(&c, 0, has_point);
    if (c.status == HS_OK && !c.found)
        conclude(&c);
    cells_clear(&c);
    return c.status;
}
