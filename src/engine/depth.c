/* Halfspace depth: the smallest number of active rows of the layer with rows x_i - q. */
#include "engine/depth.h"

#include "geometry/centre.h"
#include "geometry/glpk_session.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* x - q = high + low, exactly (Knuth's two-sum). */
static double two_difference(double x, double q, double *low) {
    double high = x - q, back = high - x;
    *low = (x - (high - back)) - (q + back);
    return high;
}

/* One row, times a factor, which changes no sign; false when that is not exact. */
static bool subtract_row(const double *x, const double *q, size_t n, double factor, double *high,
                         double *low) {
    bool exact = true;
    for (size_t j = 0; j < n; j++) {
        double from = factor * x[j], to = factor * q[j];
        high[j] = two_difference(from, to, &low[j]);
        exact = exact && from / factor == x[j] && to / factor == q[j] && isfinite(high[j]) &&
                isfinite(low[j]);
    }
    return exact;
}

/* Brings the entries of a row to at most 1 by a power of two, unless bits would be lost. */
static void scale_row(double *high, double *low, size_t n) {
    int exponent = hs_largest_exponent(high, n);
    if (hs_scale_if_lossless(high, n, -exponent) && !hs_scale_if_lossless(low, n, -exponent))
        hs_scale_if_lossless(high, n, exponent);
}

/* Rows as a pair of arrays, k x n each. */
static hs_status subtract(const double *points, size_t k, size_t n, const double *q, double *high,
                          double *low, bool *rounded, hs_error *error) {
    *rounded = false;
    for (size_t j = 0; j < n; j++)
        if (!isfinite(q[j]))
            return hs_fail(error, HS_BAD_DATA, "the point: coordinate %zu is not a finite number",
                           j + 1);
    for (size_t i = 0; i < k; i++) {
        const double *x = points + i * n;
        double *row = high + i * n, *rest = low + i * n;
        for (size_t j = 0; j < n; j++)
            if (!isfinite(x[j]))
                return hs_fail(error, HS_BAD_DATA, "row %zu, column %zu is not a finite number",
                               i + 1, j + 1);
        if (!subtract_row(x, q, n, 1.0, row, rest) && !subtract_row(x, q, n, 0.25, row, rest))
            return hs_fail(error, HS_BAD_DATA,
                           "row %zu is too far from the point for double precision", i + 1);
        scale_row(row, rest, n);
        for (size_t j = 0; j < n; j++)
            *rounded = *rounded || rest[j] != 0.0;
    }
    return HS_OK;
}

size_t hs_depth_count(const hs_system *rows, const double *u) {
    size_t count = 0;
    for (size_t i = 0; i < rows->rows; i++)
        count += hs_system_sign(rows, i, u) >= 0;
    return count;
}

/* ---- one question --------------------------------------------------------------------------- */

typedef struct question {
    const hs_settings *settings;
    hs_run run;
    hs_layer *layer; /* the rows x_i - q, rounded; scaled by powers of two */
    double *low;     /* k x n: what rounding took from them; NULL: nothing */
    hs_problem problem;
    size_t k, n, zeros;
    hs_depth_result *result;
} question;

static hs_status prepare(question *ask, const double *points, const double *q, hs_error *error) {
    size_t k = ask->k, n = ask->n;
    bool rounded = false;
    ask->low = hs_allocate_matrix(k, n, sizeof *ask->low);
    ask->result = hs_allocate(1, sizeof *ask->result);
    if (ask->result != NULL)
        ask->result->direction = hs_allocate(n, sizeof(double));
    hs_status status = HS_OK;
    if (ask->low == NULL || ask->result == NULL || ask->result->direction == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the depth among %zu points", k);
    if (status == HS_OK)
        status = hs_layer_make(k, n, &ask->layer, error);
    if (status == HS_OK)
        status = subtract(points, k, n, q, ask->layer->weight, ask->low, &rounded, error);
    if (status == HS_OK)
        status = hs_problem_of_rows(ask->layer, &ask->problem, error);
    if (status != HS_OK)
        return status;
    if (rounded) {
        ask->problem.system.low = ask->low;
    } else {
        free(ask->low);
        ask->low = NULL;
    }
    ask->result->direction[0] = 1.0;
    for (size_t i = 0; i < k; i++)
        ask->zeros += ask->problem.zero_row[i];
    return HS_OK;
}

/* Takes a direction with fewer points than `limit`. */
static void take(question *ask, const double *u, size_t limit) {
    hs_depth_result *result = ask->result;
    size_t count = hs_depth_count(&ask->problem.system, u);
    if (count >= limit)
        return;
    result->shown = count;
    result->upper = count < result->upper ? count : result->upper; /* or a thin cell has fewer */
    memcpy(result->direction, u, ask->n * sizeof *u);
}

/* What takes more nodes is proven step by step from below, so that there is something to tell when
 * it is stopped. */
enum { FIRST_NODES = 40000 };

/* Sweeps (depth_low.c) are faster than the tree in at most three dimensions, with one exception:
 * points of small depth among many in space, where the tree is done after a few nodes. Gaussian
 * points, tree and sweeps: 200 points, depth 69: 0.044 s, 0.004 s; 2000 points, depth 12: 0.04 s,
 * 0.3 s, depth 108: 0.3 s both, depth 680: no end, 0.3 s; 10000 points, depth 21: 0.22 s, 6 s,
 * depth 191: 2.9 s, 6 s, depth 3534: no end, 6.5 s. Then the tree goes first, for some nodes. */
enum { SWEEP_COLUMNS = 3, SHALLOW_ROWS = 1000, SHALLOW_SHARE = 50, SHALLOW_NODES = 2000 };

static hs_status sweep(question *ask, size_t lower, hs_error *error) {
    hs_depth_result *result = ask->result;
    hs_low_depth low;
    hs_status status = hs_depth_low(&ask->problem, &ask->run, lower, &low, error);
    if (status != HS_OK)
        return status;
    if (low.count < SIZE_MAX)
        take(ask, low.u, result->shown);
    result->nodes += low.planes;
    result->lower = (low.finished ? low.depth : lower) + ask->zeros;
    result->upper = low.finished ? result->lower : result->upper;
    result->complete = low.finished;
    return HS_OK;
}

static hs_status search(question *ask, hs_error *error) {
    hs_depth_result *result = ask->result;
    hs_tree tree;
    hs_status status =
        hs_tree_create(&ask->problem, &ask->run, HS_GOAL_COUNT, SIZE_MAX, &tree, error);
    if (status != HS_OK)
        return status;
    status = hs_depth_start(&tree, &tree.proven);
    bool low = ask->n <= SWEEP_COLUMNS;
    bool deep = low && tree.point_active > ask->k / SHALLOW_SHARE;
    tree.node_cap = low ? SHALLOW_NODES : FIRST_NODES;
    if (status == HS_OK && tree.proven < tree.point_active && !deep)
        status = hs_tree_search(&tree);
    bool searched = !deep && !atomic_load(&ask->run.stopped) && !tree.unproven && !tree.capped;
    tree.node_cap = 0;
    if (status == HS_OK && tree.capped && !low && !atomic_load(&ask->run.stopped))
        status = hs_tree_raise(&tree, SIZE_MAX);
    bool tight = tree.has_point && tree.proven == tree.point_active;
    tight = tight || tree.proven == tree.unseen;
    result->nodes = atomic_load(&tree.node_count);
    result->lower = tree.proven + ask->zeros;
    if (status == HS_OK && tree.has_point)
        take(ask, tree.point, result->shown);
    if (tree.unseen < SIZE_MAX && tree.unseen + ask->zeros < result->upper)
        result->upper = tree.unseen + ask->zeros;
    result->complete = status == HS_OK && (searched || tight);
    size_t proven = tree.proven;
    hs_tree_clear(&tree);
    if (status == HS_OK && low && !result->complete && !atomic_load(&ask->run.stopped))
        status = sweep(ask, proven, error);
    return status;
}

/* Moves the direction away from the boundaries of its cell. */
static void move_to_centre(question *ask) {
    size_t k = ask->k, n = ask->n;
    hs_depth_result *result = ask->result;
    const hs_domain space = {.kind = HS_DOMAIN_SPACE};
    double *rows = hs_copy(ask->layer->weight, k * n, sizeof *rows);
    double *zeros = hs_allocate(k, sizeof *zeros);
    double *u = hs_copy(result->direction, n, sizeof *u);
    size_t *all = hs_allocate(k, sizeof *all);
    if (rows != NULL && zeros != NULL && u != NULL && all != NULL) {
        for (size_t i = 0; i < k; i++) {
            all[i] = i;
            double sign = hs_system_sign(&ask->problem.system, i, u) < 0 ? 1.0 : -1.0;
            for (size_t j = 0; j < n; j++)
                rows[i * n + j] *= sign;
        }
        hs_cell_centre(n, rows, zeros, all, k, &space, 1.0, u);
        take(ask, u, ask->result->shown + 1);
    }
    free(rows);
    free(zeros);
    free(u);
    free(all);
}

enum { CENTRE_SIZE = 400000 }; /* rows times columns: beyond it the centring is too slow */

static hs_status answer(question *ask, hs_error *error) {
    hs_depth_result *result = ask->result;
    hs_status status = HS_OK;
    result->upper = result->shown = hs_depth_count(&ask->problem.system, result->direction);
    result->arithmetic = HS_ARITHMETIC_EXACT;
    if (ask->zeros == ask->k) {
        result->lower = ask->zeros;
        result->complete = true;
    } else {
        bool sweeps = ask->n < SWEEP_COLUMNS || (ask->n == SWEEP_COLUMNS && ask->k < SHALLOW_ROWS);
        status = sweeps ? sweep(ask, 0, error) : search(ask, error);
    }
    if (status != HS_OK)
        return status;
    if (ask->k * ask->n <= CENTRE_SIZE) {
        hs_glpk_session glpk;
        status = hs_glpk_begin(&glpk, error);
        if (status != HS_OK)
            return status;
        move_to_centre(ask);
        hs_glpk_end(&glpk);
    }
    if (result->complete)
        result->lower = result->upper;
    result->complete = result->lower == result->upper;
    if (result->complete)
        snprintf(result->reason, sizeof result->reason,
                 "no closed halfspace about the point holds fewer than %zu points%s", result->upper,
                 result->shown > result->upper
                     ? ", and those with so few are too thin for a direction in double precision"
                     : "");
    else if (atomic_load(&ask->run.stopped))
        snprintf(result->reason, sizeof result->reason, "stopped after %llu nodes",
                 (unsigned long long)result->nodes);
    else
        snprintf(result->reason, sizeof result->reason,
                 "a step of the search needs exact arithmetic in more than %d dimensions",
                 HS_EXACT_DIMENSIONS);
    return HS_OK;
}

hs_status hs_depth(const double *points, size_t k, size_t n, const double *q,
                   const hs_settings *settings, hs_depth_result **result, hs_error *error) {
    const hs_settings defaults = hs_settings_default();
    question ask = {.k = k, .n = n};
    *result = NULL;
    if (k == 0 || n == 0)
        return hs_fail(error, HS_INVALID_ARGUMENT, "%zu x %zu numbers: no points", k, n);
    hs_run_begin(&ask.run, settings != NULL ? settings : &defaults);
    hs_status status = prepare(&ask, points, q, error);
    if (status == HS_OK)
        status = answer(&ask, error);
    if (status == HS_OK) {
        ask.result->seconds = hs_clock_seconds() - ask.run.start;
        *result = ask.result;
        ask.result = NULL;
    }
    hs_depth_result_free(ask.result);
    hs_problem_clear(&ask.problem);
    hs_layer_free(ask.layer);
    free(ask.low);
    return status;
}

void hs_depth_result_free(hs_depth_result *result) {
    if (result == NULL)
        return;
    free(result->direction);
    free(result);
}
