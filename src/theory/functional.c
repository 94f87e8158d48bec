#include "theory/functional.h"

#include "support/allocate.h"
#include "support/error.h"
#include "theory/entropy.h"
#include "theory/innermost.h"

#include <math.h>
#include <stdlib.h>

/* Above this x, exp(x f) spans too many orders of magnitude for the absolute error of a transform
 * (e^10 1e-16 = 2e-12 is still fine) and positive sums are used instead. */
static const double transform_limit = 10.0;

/* Weights below exp(-this) of the largest are dropped. */
static const double tail_exponent = 40.0;

/* Fields beyond this many standard deviations carry no weight (e^-40). */
static const double field_reach = 9.0;

hs_workspace hs_workspace_make(double resolution) {
    return (hs_workspace){.resolution = resolution};
}

static void free_arrays(hs_workspace *workspace) {
    for (size_t j = 0; j < HS_STEPS_MAX; j++) {
        free(workspace->value[j]);
        free(workspace->slope[j]);
        workspace->value[j] = workspace->slope[j] = NULL;
    }
    free(workspace->field);
    free(workspace->innermost);
    workspace->field = NULL;
    workspace->innermost = NULL;
    workspace->capacity = 0;
}

void hs_workspace_clear(hs_workspace *workspace) {
    free_arrays(workspace);
    hs_grid_clear(&workspace->grid);
}

static hs_status reserve_arrays(hs_workspace *workspace, size_t steps, hs_error *error) {
    size_t points = workspace->grid.points;
    if (points > workspace->capacity) {
        free_arrays(workspace);
        workspace->field = hs_allocate(points, sizeof(double));
        workspace->innermost = hs_allocate(points, sizeof *workspace->innermost);
        workspace->capacity = points;
    }
    bool complete = workspace->field != NULL && workspace->innermost != NULL;
    for (size_t j = 0; j < steps && complete; j++) {
        if (workspace->value[j] == NULL)
            workspace->value[j] = hs_allocate(workspace->capacity, sizeof(double));
        if (workspace->slope[j] == NULL)
            workspace->slope[j] = hs_allocate(workspace->capacity, sizeof(double));
        complete = workspace->value[j] != NULL && workspace->slope[j] != NULL;
    }
    if (complete)
        return HS_OK;
    free_arrays(workspace);
    return hs_fail(error, HS_NO_MEMORY, "no memory for %zu grid functions of %zu points",
                   2 * steps + 2, points);
}

static hs_status prepare(const hs_parameters *at, hs_workspace *workspace, hs_error *error) {
    double total = 0.0, smallest = INFINITY;
    for (size_t j = 0; j <= at->steps; j++) {
        total += at->width[j];
        if (at->width[j] > 0.0)
            smallest = fmin(smallest, at->width[j]);
    }
    /* The plateau 0 of exp(x f) invades the plateau -1 by at most about one total width. */
    double reach = (field_reach + 1.0) * sqrt(total) + 2.0;
    hs_status status =
        hs_grid_prepare(&workspace->grid, reach, sqrt(smallest) / workspace->resolution, error);
    return status == HS_OK ? reserve_arrays(workspace, at->steps, error) : status;
}

/* f and f' one step outwards: exp(x f_j) = exp(x f_(j+1)) smoothed, and f_j' is the mean of
 * f_(j+1)' under the same weights. Here by transforms of (exp(x f) - 1) / x, exact for small x. */
static void step_outwards_transform(hs_workspace *workspace, size_t j, double variance, double x) {
    hs_grid *grid = &workspace->grid;
    const double *inner_value = workspace->value[j + 1], *inner_slope = workspace->slope[j + 1];
    double *value = workspace->value[j], *slope = workspace->slope[j];
    for (size_t i = 0; i < grid->points; i++) {
        double excess = expm1(x * inner_value[i]);
        value[i] = excess / x;
        slope[i] = (1.0 + excess) * inner_slope[i];
    }
    hs_grid_smooth(grid, value, variance, value);
    hs_grid_smooth(grid, slope, variance, slope);
    for (size_t i = 0; i < grid->points; i++) {
        slope[i] /= 1.0 + x * value[i];
        value[i] = log1p(x * value[i]) / x;
    }
}

/* The same by positive sums; f + 1/2 instead of f doubles the x that fits a double's range. */
static void step_outwards_positive(hs_workspace *workspace, size_t j, double variance, double x) {
    hs_grid *grid = &workspace->grid;
    const double *inner_value = workspace->value[j + 1], *inner_slope = workspace->slope[j + 1];
    double *value = workspace->value[j], *slope = workspace->slope[j];
    for (size_t i = 0; i < grid->points; i++) {
        value[i] = exp(x * (inner_value[i] + 0.5));
        slope[i] = value[i] * -inner_slope[i];
    }
    hs_grid_smooth_positive(grid, value, variance, tail_exponent + x, value);
    hs_grid_smooth_positive(grid, slope, variance, tail_exponent + x, slope);
    for (size_t i = 0; i < grid->points; i++) {
        slope[i] /= -value[i];
        value[i] = log(value[i]) / x - 0.5;
    }
}

static void step_outwards(hs_workspace *workspace, size_t j, double variance, double x) {
    if (x <= transform_limit)
        step_outwards_transform(workspace, j, variance, x);
    else
        step_outwards_positive(workspace, j, variance, x);
}

/* The density of the field one step inwards. */
static void step_inwards(hs_workspace *workspace, size_t j, double variance, double x) {
    hs_grid *grid = &workspace->grid;
    double *field = workspace->field;
    for (size_t i = 0; i < grid->points; i++)
        field[i] *= exp(-x * (workspace->value[j][i] + 0.5));
    if (x <= transform_limit)
        hs_grid_smooth(grid, field, variance, field);
    else
        hs_grid_smooth_positive(grid, field, variance, tail_exponent + x, field);
    for (size_t i = 0; i < grid->points; i++)
        field[i] *= exp(x * (workspace->value[j + 1][i] + 0.5));
}

static void fill_gaussian(const hs_grid *grid, double variance, double *out) {
    double scale = 0.39894228040143267794 / sqrt(variance);
    for (size_t i = 0; i < grid->points; i++) {
        double h = hs_grid_field(grid, i);
        out[i] = scale * exp(-0.5 * h * h / variance);
    }
}

/* Means over the field at level j. */
static double mean_of(const hs_workspace *workspace, const double *values) {
    double sum = 0.0;
    for (size_t i = 0; i < workspace->grid.points; i++)
        sum += workspace->field[i] * values[i];
    return sum * workspace->grid.step;
}

static double mean_square_of(const hs_workspace *workspace, const double *values) {
    double sum = 0.0;
    for (size_t i = 0; i < workspace->grid.points; i++)
        sum += workspace->field[i] * values[i] * values[i];
    return sum * workspace->grid.step;
}

/* What the sweeps leave behind for the derivatives. */
typedef struct sweep {
    double value[HS_STEPS_MAX + 1]; /* mean of f_j under the level-j field, j = 0..k */
    double bend; /* mean of f_(k-1)'' + x f_(k-1)'^2 under the level-(k-1) field */
} sweep;

static void sweep_outwards(const hs_parameters *at, hs_workspace *workspace) {
    size_t last = at->steps - 1;
    for (size_t i = 0; i < workspace->grid.points; i++) {
        hs_innermost inner =
            hs_innermost_at(hs_grid_field(&workspace->grid, i), at->width[last + 1], at->x[last]);
        workspace->innermost[i] = inner;
        workspace->value[last][i] = inner.value;
        workspace->slope[last][i] = inner.slope;
    }
    for (size_t j = last; j-- > 0;)
        step_outwards(workspace, j, at->width[j + 1], at->x[j]);
}

/* The field at the first level where it has a density: level 0, or level 1 when q_0 = 0. */
static size_t start_field(const hs_parameters *at, hs_workspace *workspace, hs_functional *result,
                          sweep *means) {
    if (at->width[0] > 0.0) {
        fill_gaussian(&workspace->grid, at->width[0], workspace->field);
        return 0;
    }
    size_t origin = workspace->grid.origin;
    double value = workspace->value[0][origin], slope = workspace->slope[0][origin];
    means->value[0] = value;
    result->slope_square[0] = slope * slope;
    if (at->steps > 1) {
        fill_gaussian(&workspace->grid, at->width[1], workspace->field);
        for (size_t i = 0; i < workspace->grid.points; i++)
            workspace->field[i] *= exp(at->x[0] * (workspace->value[1][i] - value));
    }
    return 1;
}

static void finish_innermost(const hs_parameters *at, const hs_workspace *workspace,
                             hs_functional *result, sweep *means) {
    size_t k = at->steps;
    double bend = 0.0, value = 0.0, square = 0.0;
    bool point = k == 1 && at->width[0] == 0.0;
    for (size_t i = 0; i < (point ? 1 : workspace->grid.points); i++) {
        double weight = point ? 1.0 : workspace->field[i] * workspace->grid.step;
        if (weight < 1e-30)
            continue;
        const hs_innermost *inner = &workspace->innermost[point ? workspace->grid.origin : i];
        bend += weight * inner->bend;
        value += weight * inner->mean;
        square += weight * inner->square;
    }
    means->bend = bend;
    means->value[k] = value;
    result->slope_square[k] = square;
}

/* Along a segment of constant x, the mean of f'' + x f'^2 is conserved, so one second derivative
 * and the mean square slopes give the derivative with respect to every width. */
static void differentiate_energy(const hs_parameters *at, const sweep *means,
                                 hs_functional *result) {
    size_t k = at->steps;
    double bend = means->bend; /* at the start of segment j */
    for (size_t j = k; j > 0; j--) {
        result->energy_by_width[j] = 0.5 * bend;
        double outer_x = j > 1 ? at->x[j - 2] : 0.0;
        bend += (outer_x - at->x[j - 1]) * result->slope_square[j - 1];
    }
    result->energy_by_width[0] = 0.5 * bend;
    for (size_t j = 0; j < k; j++)
        result->energy_by_x[j] = (means->value[j + 1] - means->value[j]) / at->x[j];
}

/* Level 1: no grid is needed. */
static void evaluate_closed_form(const hs_parameters *at, hs_functional *result) {
    hs_innermost inner = hs_innermost_at(0.0, at->width[0], 0.0);
    result->energy = inner.mean;
    result->energy_by_width[0] = 0.5 * inner.bend;
    result->slope_square[0] = inner.square;
}

hs_status hs_functional_at(const hs_parameters *at, hs_workspace *workspace, hs_functional *result,
                           hs_error *error) {
    hs_entropy_at(at, result);
    if (at->steps == 0) {
        evaluate_closed_form(at, result);
        return HS_OK;
    }
    hs_status status = prepare(at, workspace, error);
    if (status != HS_OK)
        return status;
    sweep_outwards(at, workspace);
    sweep means = {0};
    for (size_t j = start_field(at, workspace, result, &means); j < at->steps; j++) {
        means.value[j] = mean_of(workspace, workspace->value[j]);
        result->slope_square[j] = mean_square_of(workspace, workspace->slope[j]);
        if (j + 1 < at->steps)
            step_inwards(workspace, j, at->width[j + 1], at->x[j]);
    }
    finish_innermost(at, workspace, result, &means);
    result->energy = means.value[0];
    differentiate_energy(at, &means, result);
    return HS_OK;
}
