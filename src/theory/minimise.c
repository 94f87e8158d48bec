#include "theory/minimise.h"

#include "support/error.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

enum { ITERATIONS_MAX = 150 };

static const double longest_step = 1.0;
static const double difference = 1e-4; /* of a coordinate, for second derivatives */

typedef struct point {
    double at[HS_COORDINATES_MAX];
    double gradient[HS_COORDINATES_MAX]; /* zero where a bound holds the coordinate */
    bool held[HS_COORDINATES_MAX];
    double value, slope;
} point;

static hs_status evaluate(const hs_minimisation *problem, hs_minimum *minimum, point *here,
                          hs_error *error) {
    minimum->evaluations++;
    hs_status status =
        problem->evaluate(problem->data, here->at, &here->value, here->gradient, error);
    if (status != HS_OK)
        return status;
    here->slope = 0.0;
    for (size_t i = 0; i < problem->n; i++) {
        here->held[i] = (here->at[i] <= problem->lower[i] && here->gradient[i] > 0.0) ||
                        (here->at[i] >= problem->upper[i] && here->gradient[i] < 0.0);
        if (here->held[i])
            here->gradient[i] = 0.0;
        here->slope = fmax(here->slope, fabs(here->gradient[i]));
    }
    if (!isfinite(here->value) || !isfinite(here->slope))
        here->value = here->slope = INFINITY;
    return HS_OK;
}

/* Central differences of the exact gradient; coordinates held by a bound are decoupled. */
static hs_status fill_hessian(const hs_minimisation *problem, hs_minimum *minimum,
                              const point *here, double *hessian, hs_error *error) {
    size_t n = problem->n;
    for (size_t i = 0; i < n; i++) {
        point ahead = *here, behind = *here;
        ahead.at[i] += difference;
        behind.at[i] -= difference;
        hs_status status = evaluate(problem, minimum, &ahead, error);
        if (status == HS_OK)
            status = evaluate(problem, minimum, &behind, error);
        if (status != HS_OK)
            return status;
        for (size_t j = 0; j < n; j++)
            hessian[i * n + j] = (ahead.gradient[j] - behind.gradient[j]) / (2.0 * difference);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            hessian[i * n + j] = hessian[j * n + i] =
                here->held[i] || here->held[j] ? 0.0
                                               : 0.5 * (hessian[i * n + j] + hessian[j * n + i]);
    return HS_OK;
}

/* step = -|H|^-1 gradient: negative curvature is turned around, so that the step descends. */
static hs_status newton_step(size_t n, const double *hessian, const double *gradient, double *step,
                             hs_error *error) {
    double vectors[HS_COORDINATES_MAX * HS_COORDINATES_MAX], eigenvalue[HS_COORDINATES_MAX];
    memcpy(vectors, hessian, n * n * sizeof *vectors);
    lapack_int size = (lapack_int)n;
    lapack_int info = LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'U', size, vectors, size, eigenvalue);
    if (info != 0)
        return hs_fail(error, HS_NOT_CONVERGED, "the second derivatives are not finite");
    double floor = 1e-12 * fmax(fabs(eigenvalue[0]), fabs(eigenvalue[n - 1]));
    memset(step, 0, n * sizeof *step);
    for (size_t k = 0; k < n; k++) {
        double along = 0.0;
        for (size_t i = 0; i < n; i++)
            along += vectors[i * n + k] * gradient[i];
        along /= fmax(fabs(eigenvalue[k]), floor);
        for (size_t i = 0; i < n; i++)
            step[i] -= along * vectors[i * n + k];
    }
    double longest = 0.0;
    for (size_t i = 0; i < n; i++)
        longest = fmax(longest, fabs(step[i]));
    for (size_t i = 0; i < n && longest > longest_step; i++)
        step[i] *= longest_step / longest;
    return HS_OK;
}

/* Backtracks along step to a better point: lower, or as low within rounding and flatter. Returns
 * the length used, or 0 with here unchanged. */
static hs_status move(const hs_minimisation *problem, hs_minimum *minimum, point *here,
                      const double *step, double *used, hs_error *error) {
    double rounding = 1e-13 * (1.0 + fabs(here->value));
    *used = 0.0;
    for (double length = 1.0; length > 1e-4 && *used == 0.0; length *= 0.4) {
        point there = *here;
        for (size_t i = 0; i < problem->n; i++)
            there.at[i] =
                fmin(fmax(here->at[i] + length * step[i], problem->lower[i]), problem->upper[i]);
        hs_status status = evaluate(problem, minimum, &there, error);
        if (status != HS_OK)
            return status;
        bool lower = there.value < here->value - rounding;
        bool flatter = there.value < here->value + rounding && there.slope < 0.9 * here->slope;
        if (lower || flatter) {
            *used = length;
            *here = there;
        } else if (fabs(there.value - here->value) <= rounding) {
            break; /* at the level of rounding: a shorter step shows nothing new */
        }
    }
    return HS_OK;
}

static bool is_interrupted(const hs_minimisation *problem) {
    return problem->interrupted != NULL && problem->interrupted(problem->interrupted_data);
}

hs_status hs_minimise(hs_minimisation *problem, double *at, hs_minimum *minimum, hs_error *error) {
    double own[HS_COORDINATES_MAX * HS_COORDINATES_MAX], step[HS_COORDINATES_MAX];
    double *hessian = problem->hessian != NULL ? problem->hessian : own;
    bool known = problem->hessian != NULL && problem->hessian_known;
    *minimum = (hs_minimum){0};
    point here = {0};
    memcpy(here.at, at, problem->n * sizeof *at);
    hs_status status = evaluate(problem, minimum, &here, error);
    if (status == HS_OK && !isfinite(here.slope))
        return hs_fail(error, HS_NOT_CONVERGED, "the start is out of range of double precision");
    while (status == HS_OK && here.slope > problem->slope_goal &&
           minimum->iterations < ITERATIONS_MAX && !is_interrupted(problem)) {
        double before = here.slope, length = 0.0;
        bool fresh = !known;
        if (fresh)
            status = fill_hessian(problem, minimum, &here, hessian, error);
        if (status == HS_OK)
            status = newton_step(problem->n, hessian, here.gradient, step, error);
        if (status == HS_OK)
            status = move(problem, minimum, &here, step, &length, error);
        minimum->iterations++;
        if (length == 0.0 && fresh)
            break;
        /* second derivatives serve again for as long as they make good progress */
        known = length == 1.0 && here.slope < 0.4 * before;
    }
    memcpy(at, here.at, problem->n * sizeof *at);
    minimum->value = here.value;
    minimum->slope = here.slope;
    return status;
}
