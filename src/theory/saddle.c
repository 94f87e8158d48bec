#include "theory/saddle.h"

#include "theory/minimise.h"

#include <math.h>

static const double coarse_resolution = 2.0, coarse_slope = 1e-7, fine_slope = 1e-14;
static const double smallest_x = 1e-3;  /* below, (1/x) ln(1 + x ...) loses its digits */
static const double largest_log = 14.0; /* width and x increments stay within e^-14 .. e^14 */

/* Coordinates: ln width_0 (unless partial), ..., ln width_k, ln x_0, ln(x_1 - x_0), ... */
static size_t coordinate_count(const hs_objective *objective, size_t steps) {
    return 2 * steps + (objective->partial ? 0 : 1);
}

static void to_coordinates(const hs_objective *objective, const hs_parameters *at, double *c) {
    for (size_t j = objective->partial ? 1 : 0; j <= at->steps; j++)
        *c++ = log(at->width[j]);
    for (size_t j = 0; j < at->steps; j++)
        *c++ = log(at->x[j] - (j > 0 ? at->x[j - 1] : 0.0));
}

static void from_coordinates(const hs_objective *objective, const double *c, hs_parameters *at) {
    at->width[0] = 0.0;
    for (size_t j = objective->partial ? 1 : 0; j <= at->steps; j++)
        at->width[j] = exp(*c++);
    for (size_t j = 0; j < at->steps; j++)
        at->x[j] = exp(*c++) + (j > 0 ? at->x[j - 1] : 0.0);
}

static void fill_bounds(const hs_objective *objective, size_t steps, double *lower, double *upper) {
    size_t widths = steps + (objective->partial ? 0 : 1);
    for (size_t i = 0; i < widths + steps; i++) {
        lower[i] = i == widths ? log(smallest_x) : -largest_log;
        upper[i] = largest_log;
    }
}

double hs_objective_value(const hs_objective *objective, const hs_functional *functional) {
    if (objective->capacity)
        return (1.0 + functional->entropy) / -functional->energy;
    return objective->alpha * functional->energy + functional->entropy;
}

void hs_objective_gradient(const hs_objective *objective, const hs_functional *functional,
                           size_t steps, double *by_width, double *by_x) {
    double alpha =
        objective->capacity ? hs_objective_value(objective, functional) : objective->alpha;
    double scale = objective->capacity ? -1.0 / functional->energy : 1.0;
    for (size_t j = 0; j <= steps; j++)
        by_width[j] =
            scale * (alpha * functional->energy_by_width[j] + functional->entropy_by_width[j]);
    for (size_t j = 0; j < steps; j++)
        by_x[j] = scale * (alpha * functional->energy_by_x[j] + functional->entropy_by_x[j]);
}

/* The gradient of the objective in the coordinates. */
static void differentiate(const hs_objective *objective, const hs_parameters *at,
                          const hs_functional *functional, double *gradient) {
    double by_width[HS_STEPS_MAX + 1], by_x[HS_STEPS_MAX];
    hs_objective_gradient(objective, functional, at->steps, by_width, by_x);
    for (size_t j = objective->partial ? 1 : 0; j <= at->steps; j++)
        *gradient++ = at->width[j] * by_width[j];
    double tail = 0.0; /* an increment moves its own x and all later ones */
    for (size_t j = at->steps; j-- > 0;) {
        tail += by_x[j];
        gradient[j] = tail * (at->x[j] - (j > 0 ? at->x[j - 1] : 0.0));
    }
}

typedef struct search {
    const hs_objective *objective;
    hs_workspace *workspace;
    hs_parameters at;
    hs_functional functional;
} search;

static hs_status evaluate(void *data, const double *coordinates, double *value, double *gradient,
                          hs_error *error) {
    search *task = data;
    from_coordinates(task->objective, coordinates, &task->at);
    hs_status status = hs_functional_at(&task->at, task->workspace, &task->functional, error);
    if (status != HS_OK)
        return status;
    *value = hs_objective_value(task->objective, &task->functional);
    differentiate(task->objective, &task->at, &task->functional, gradient);
    return HS_OK;
}

/* Most of the way on a coarse grid, the rest on the fine one with the coarse second derivatives. */
static hs_status descend(hs_minimisation *problem, search *task, double *coordinates,
                         hs_saddle *saddle, hs_error *error) {
    const double fine = task->workspace->resolution;
    hs_minimum rough = {0}, minimum = {0};
    problem->slope_goal = coarse_slope;
    task->workspace->resolution = fmin(fine, coarse_resolution);
    hs_status status = hs_minimise(problem, coordinates, &rough, error);
    task->workspace->resolution = fine;
    problem->slope_goal = fine_slope;
    problem->hessian_known = rough.iterations > 0;
    if (status == HS_OK)
        status = hs_minimise(problem, coordinates, &minimum, error);
    saddle->iterations = rough.iterations + minimum.iterations;
    saddle->evaluations = rough.evaluations + minimum.evaluations;
    return status;
}

hs_status hs_saddle_minimise(const hs_objective *objective, hs_workspace *workspace,
                             hs_saddle *saddle, hs_error *error) {
    double coordinates[HS_COORDINATES_MAX], lower[HS_COORDINATES_MAX], upper[HS_COORDINATES_MAX];
    double hessian[HS_COORDINATES_MAX * HS_COORDINATES_MAX];
    search task = {.objective = objective, .workspace = workspace, .at.steps = saddle->at.steps};
    hs_minimisation problem = {
        .n = coordinate_count(objective, saddle->at.steps),
        .lower = lower,
        .upper = upper,
        .evaluate = evaluate,
        .data = &task,
        .interrupted = objective->interrupted,
        .interrupted_data = objective->data,
        .hessian = hessian,
    };
    to_coordinates(objective, &saddle->at, coordinates);
    fill_bounds(objective, saddle->at.steps, lower, upper);
    hs_status status = descend(&problem, &task, coordinates, saddle, error);
    if (status != HS_OK)
        return status;
    from_coordinates(objective, coordinates, &saddle->at);
    status = hs_functional_at(&saddle->at, workspace, &saddle->functional, error);
    hs_saddle_measure(objective, saddle);
    return status;
}

bool hs_saddle_at_smallest_x(const hs_parameters *at) {
    return at->steps > 0 && at->x[0] <= 1.01 * smallest_x;
}

static double relative_defect(double a, double b) {
    return fabs(a - b) / fmax(fabs(a), fabs(b));
}

void hs_saddle_measure(const hs_objective *objective, hs_saddle *saddle) {
    const hs_functional *f = &saddle->functional;
    const hs_parameters *at = &saddle->at;
    double alpha = objective->capacity ? hs_objective_value(objective, f) : objective->alpha;
    saddle->alpha = alpha;
    saddle->energy = -alpha * f->energy - f->entropy;
    saddle->residual = 0.0;
    for (size_t j = 0; j <= at->steps; j++) {
        if (at->width[j] == 0.0)
            continue;
        double defect = relative_defect(alpha * f->slope_square[j], f->dual[j]);
        double flat = relative_defect(-alpha * f->energy_by_width[j], f->entropy_by_width[j]);
        saddle->residual = fmax(saddle->residual, fmax(defect, flat));
    }
    for (size_t j = 0; j < at->steps; j++)
        saddle->residual =
            fmax(saddle->residual, relative_defect(-alpha * f->energy_by_x[j], f->entropy_by_x[j]));
}
