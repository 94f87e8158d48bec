/* The cross-check: the smallest number of active rows as a mixed-integer program over GLPK,
 *     minimise sum y_i   subject to   a_i.u + margin <= (size_i + margin) y_i,   y_i in {0, 1},
 * with the faces of the domain as hard rows and |u_j| <= 1. It counts, so "injective" needs rows in
 * general position, which is proven first or refused; and it has a margin, so its "injective" is
 * floating point. Its "not injective" is a point that is checked like any other. */
#include "engine/engine.h"

#include "geometry/general_position.h"
#include "geometry/glpk_session.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <glpk.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

static const double margin = 1e-5;
static const uint64_t subset_budget = 20000000;

typedef struct model {
    const hs_problem *problem;
    hs_run *run;
    glp_prob *program;
    size_t *rows; /* layer rows with non-zero weight */
    size_t count;
    uint64_t nodes;
    bool solved, complete; /* there is a solution; it is the best, or there is none */
} model;

static void add_constraint(model *p, int number, size_t row, int indicator, int *index,
                           double *value) {
    const hs_system *system = &p->problem->system;
    double size = margin;
    int used = 0;
    for (size_t j = 0; j < system->d; j++) {
        double entry = system->a[row * system->d + j];
        if (entry == 0.0)
            continue;
        index[++used] = (int)j + 1;
        value[used] = entry;
        size += fabs(entry);
    }
    if (indicator > 0) {
        index[++used] = indicator;
        value[used] = -size;
    }
    glp_set_mat_row(p->program, number, used, index, value);
    glp_set_row_bnds(p->program, number, GLP_UP, 0.0, -margin);
}

static hs_status build(model *p, hs_error *error) {
    const hs_problem *problem = p->problem;
    size_t d = problem->system.d;
    int *index = hs_allocate(d + 2, sizeof *index);
    double *value = hs_allocate(d + 2, sizeof *value);
    if (index == NULL || value == NULL) {
        free(index);
        free(value);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a mixed-integer program");
    }
    p->program = glp_create_prob();
    glp_set_obj_dir(p->program, GLP_MIN);
    glp_add_cols(p->program, (int)(d + p->count));
    if (p->count + problem->faces > 0) /* GLPK aborts when asked for no rows */
        glp_add_rows(p->program, (int)(p->count + problem->faces));
    for (size_t j = 0; j < d; j++)
        glp_set_col_bnds(p->program, (int)j + 1, GLP_DB, -1.0, 1.0);
    for (size_t k = 0; k < p->count; k++) {
        int column = (int)(d + k) + 1;
        glp_set_col_kind(p->program, column, GLP_BV);
        glp_set_obj_coef(p->program, column, 1.0);
        add_constraint(p, (int)k + 1, p->rows[k], column, index, value);
    }
    for (size_t k = 0; k < problem->faces; k++)
        add_constraint(p, (int)(p->count + k) + 1, problem->m + k, 0, index, value);
    free(index);
    free(value);
    return HS_OK;
}

static void watch(glp_tree *tree, void *data) {
    model *p = data;
    hs_progress progress = {.fraction = -1.0, .phase = "mixed-integer program"};
    int total;
    glp_ios_tree_size(tree, NULL, NULL, &total);
    p->nodes = (uint64_t)total;
    bool enough = glp_ios_reason(tree) == GLP_IBINGO &&
                  glp_mip_obj_val(glp_ios_get_prob(tree)) < (double)p->problem->n - 0.5;
    if (hs_run_should_stop(p->run, p->nodes, &progress) || enough)
        glp_ios_terminate(tree);
}

/* Stops at the first solution with fewer than n active rows: more is not asked. */
static void solve(void *data) {
    model *p = data;
    glp_iocp parameters;
    glp_init_iocp(&parameters);
    parameters.msg_lev = GLP_MSG_OFF;
    parameters.presolve = GLP_ON;
    parameters.tol_int = 1e-9;
    parameters.cb_func = watch;
    parameters.cb_info = p;
    /* watch() is called between linear programs only, and one of them may cycle */
    double left = 1e3 * (p->run->deadline - hs_clock_seconds());
    if (left < (double)INT_MAX)
        parameters.tm_lim = left > 1.0 ? (int)left : 1;
    int code = glp_intopt(p->program, &parameters);
    int status = glp_mip_status(p->program);
    p->complete = code == 0 && (status == GLP_OPT || status == GLP_NOFEAS);
    p->solved = status == GLP_OPT || status == GLP_FEAS;
}

static hs_status claim(model *p, hs_outcome *outcome, size_t active, hs_error *error) {
    size_t d = p->problem->system.d;
    double *u = hs_allocate(d, sizeof *u);
    if (u == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a point");
    for (size_t j = 0; j < d; j++)
        u[j] = glp_mip_col_val(p->program, (int)j + 1);
    hs_status status = hs_outcome_claim(outcome, p->problem, u, error);
    free(u);
    hs_outcome_set(outcome, HS_NOT_INJECTIVE, "at one point only %zu rows are active, fewer than n",
                   active);
    return status;
}

static hs_status conclude(model *p, hs_outcome *outcome, hs_error *error) {
    size_t n = p->problem->n;
    if (!hs_glpk_attempt(solve, p))
        p->program = NULL;
    outcome->nodes = p->nodes;
    size_t active = p->solved ? (size_t)lround(glp_mip_obj_val(p->program)) : p->count;
    if (p->solved && active < n)
        return claim(p, outcome, active, error);
    if (!p->complete || !p->solved)
        hs_outcome_set(outcome, HS_UNDECIDED, "the mixed-integer program was stopped or failed");
    else
        hs_outcome_set(outcome, HS_INJECTIVE,
                       "at least %zu rows are active everywhere (margin %g) and the rows are in "
                       "general position",
                       active, margin);
    return HS_OK;
}

static bool out_of_time(void *data) {
    return hs_run_should_stop(data, 0, NULL);
}

/* Counting active rows is their rank only in general position. */
static void refuse(hs_outcome *outcome, hs_position position, hs_run *run) {
    const char *reason = "too many rows to prove general position, and without it counting active "
                         "rows is not their rank";
    if (position == HS_POSITION_DEPENDENT)
        reason = "the rows are not in general position: counting active rows is not their rank";
    else if (atomic_load(&run->stopped))
        reason = "stopped before general position was proven";
    hs_outcome_set(outcome, HS_UNDECIDED, "%s", reason);
}

hs_status hs_engine_milp(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                         hs_error *error) {
    model p = {.problem = problem, .run = run};
    hs_position position = HS_POSITION_UNKNOWN;
    outcome->engine = HS_ENGINE_MILP;
    outcome->arithmetic = HS_ARITHMETIC_FLOATING;
    if (problem->beta != NULL) {
        hs_outcome_set(outcome, HS_UNDECIDED,
                       "the mixed-integer program knows no balls: with a bias use a box or the "
                       "whole space, or another engine");
        return HS_OK;
    }
    p.rows = hs_allocate(problem->m, sizeof *p.rows);
    if (p.rows == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a mixed-integer program");
    for (size_t i = 0; i < problem->m; i++)
        if (!problem->zero_row[i])
            p.rows[p.count++] = i;
    const hs_position_effort effort = {subset_budget, out_of_time, run};
    hs_status status = hs_general_position(problem->layer->weight, problem->n, p.rows, p.count,
                                           effort, &position, error);
    if (status == HS_OK && position == HS_POSITION_GENERAL) {
        status = build(&p, error);
        if (status == HS_OK)
            status = conclude(&p, outcome, error);
        if (p.program != NULL)
            glp_delete_prob(p.program);
    } else if (status == HS_OK) {
        refuse(outcome, position, run);
    }
    free(p.rows);
    return status;
}
