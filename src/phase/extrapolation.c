/* For a given w the formulas are linear in the rest, so only w is searched: over a grid, then by
 * Brent's method around the best of it. */
#include "phase/extrapolation.h"

#include "support/allocate.h"
#include "support/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_min.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

enum { GRID = 60, ITERATIONS = 60 };

typedef struct data {
    size_t count;
    double *n, *x, *y, *weight; /* count; x: n^-w, scratch */
    const double **resampled;   /* count: HS_RESAMPLES values of y each */
    hs_fit_kind kind;
    gsl_min_fminimizer *minimizer;         /* for HS_FIT_FREE */
    gsl_multifit_linear_workspace *linear; /* for HS_FIT_CORRECTED, with the next two */
    gsl_matrix *powers, *covariance;
} data;

typedef struct fit {
    double a, c, d, w, chi_square;
} fit;

static fit fit_at(const data *this, double w) {
    fit result = {.w = w};
    double unused[3];
    for (size_t k = 0; k < this->count; k++)
        this->x[k] = pow(this->n[k], -w);
    gsl_fit_wlinear(this->x, 1, this->weight, 1, this->y, 1, this->count, &result.a, &result.c,
                    &unused[0], &unused[1], &unused[2], &result.chi_square);
    return result;
}

static double chi_square_at(double logarithm, void *parameters) {
    return fit_at(parameters, exp(logarithm)).chi_square;
}

static double grid_value(int k) {
    double first = log(HS_EXPONENT_LEAST), last = log(HS_EXPONENT_MOST);
    return first + (last - first) * k / (GRID - 1);
}

/* The w with the least chi square. */
static double best_exponent(data *this) {
    double values[GRID];
    int best = 0;
    for (int k = 0; k < GRID; k++) {
        values[k] = chi_square_at(grid_value(k), this);
        best = values[k] < values[best] ? k : best;
    }
    if (best == 0 || best == GRID - 1 || !(values[best] < values[best - 1]) ||
        !(values[best] < values[best + 1])) /* Brent's method needs it strictly enclosed */
        return exp(grid_value(best));
    gsl_function function = {.function = chi_square_at, .params = this};
    gsl_min_fminimizer_set_with_values(this->minimizer, &function, grid_value(best), values[best],
                                       grid_value(best - 1), values[best - 1], grid_value(best + 1),
                                       values[best + 1]);
    for (int k = 0; k < ITERATIONS; k++)
        if (gsl_min_fminimizer_iterate(this->minimizer) != GSL_SUCCESS)
            break;
    return exp(gsl_min_fminimizer_x_minimum(this->minimizer));
}

static fit corrected_fit(const data *this) {
    gsl_vector_const_view weight = gsl_vector_const_view_array(this->weight, this->count);
    gsl_vector_const_view y = gsl_vector_const_view_array(this->y, this->count);
    double values[3], chi_square;
    gsl_vector_view parameters = gsl_vector_view_array(values, 3);
    gsl_multifit_wlinear(this->powers, &weight.vector, &y.vector, &parameters.vector,
                         this->covariance, &chi_square, this->linear);
    return (fit){values[0], values[1], values[2], HS_EXPONENT_THEORY, chi_square};
}

static fit best_fit(data *this) {
    if (this->kind == HS_FIT_CORRECTED)
        return corrected_fit(this);
    return fit_at(this, this->kind == HS_FIT_FREE ? best_exponent(this) : HS_EXPONENT_THEORY);
}

static size_t parameters_of(hs_fit_kind kind) {
    return kind == HS_FIT_FIXED ? 2 : 3;
}

static bool usable(const hs_point *point, size_t smallest) {
    return point->n >= smallest && isfinite(point->alpha_50.value) && point->error_50 > 0.0 &&
           isfinite(point->error_50);
}

static void data_clear(data *this) {
    free(this->n);
    free(this->resampled);
    gsl_min_fminimizer_free(this->minimizer);
    gsl_multifit_linear_free(this->linear);
    gsl_matrix_free(this->powers);
    gsl_matrix_free(this->covariance);
}

static bool prepare_linear(data *this) {
    this->linear = gsl_multifit_linear_alloc(this->count, 3);
    this->powers = gsl_matrix_alloc(this->count, 3);
    this->covariance = gsl_matrix_alloc(3, 3);
    if (this->linear == NULL || this->powers == NULL || this->covariance == NULL)
        return false;
    for (size_t k = 0; k < this->count; k++) {
        gsl_matrix_set(this->powers, k, 0, 1.0);
        gsl_matrix_set(this->powers, k, 1, pow(this->n[k], -HS_EXPONENT_THEORY));
        gsl_matrix_set(this->powers, k, 2, 1.0 / this->n[k]);
    }
    return true;
}

static hs_status data_make(const hs_point *points, size_t count, size_t smallest, hs_fit_kind kind,
                           data *this, hs_error *error) {
    *this = (data){.kind = kind};
    this->n = hs_allocate(4 * count, sizeof *this->n);
    this->resampled = hs_allocate(count, sizeof *this->resampled);
    this->minimizer = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
    if (this->n == NULL || this->resampled == NULL || this->minimizer == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a fit");
    this->x = this->n + count;
    this->y = this->x + count;
    this->weight = this->y + count;
    for (size_t k = 0; k < count; k++) {
        if (!usable(&points[k], smallest))
            continue;
        this->n[this->count] = (double)points[k].n;
        this->y[this->count] = points[k].alpha_50.value;
        this->weight[this->count] = 1.0 / (points[k].error_50 * points[k].error_50);
        this->resampled[this->count++] = points[k].resampled_50;
    }
    if (kind == HS_FIT_CORRECTED && this->count >= parameters_of(kind) && !prepare_linear(this))
        return hs_fail(error, HS_NO_MEMORY, "no memory for a fit");
    return HS_OK;
}

static hs_estimate interval(double value, double *values, size_t count) {
    size_t cut = (size_t)floor(0.025 * (double)(count - 1) + 0.5);
    gsl_sort(values, 1, count);
    return (hs_estimate){value, fmin(values[cut], value), fmax(values[count - 1 - cut], value)};
}

/* Fits every resample; `this` loses its values of y. */
static hs_status find_intervals(data *this, hs_extrapolation *result, hs_error *error) {
    double *a = hs_allocate(2 * HS_RESAMPLES, sizeof *a);
    if (a == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the resamples of a fit");
    double *w = a + HS_RESAMPLES;
    size_t count = 0;
    for (size_t r = 0; r < HS_RESAMPLES; r++) {
        bool good = true;
        for (size_t k = 0; k < this->count; k++) {
            this->y[k] = this->resampled[k][r];
            good = good && isfinite(this->y[k]);
        }
        if (!good)
            continue;
        fit found = best_fit(this);
        a[count] = found.a;
        w[count++] = found.w;
    }
    if (count >= HS_RESAMPLES / 2) {
        result->alpha = interval(result->alpha.value, a, count);
        result->exponent = interval(result->exponent.value, w, count);
    }
    free(a);
    return HS_OK;
}

static void take_fit(const fit *found, hs_extrapolation *result) {
    result->known = true;
    result->alpha.value = found->a;
    result->exponent.value = found->w;
    result->coefficient = found->c;
    result->correction = found->d;
    result->chi_square = found->chi_square;
    result->freedom = result->sizes - parameters_of(result->kind);
    if (result->freedom > 0)
        result->probability = gsl_cdf_chisq_Q(found->chi_square, (double)result->freedom);
    result->exponent_at_end =
        result->kind == HS_FIT_FREE &&
        (found->w <= HS_EXPONENT_LEAST * 1.0001 || found->w >= HS_EXPONENT_MOST * 0.9999);
}

hs_status hs_extrapolate_widths(const hs_point *points, size_t count, size_t smallest,
                                hs_fit_kind kind, hs_extrapolation *result, hs_error *error) {
    data all;
    const hs_estimate unknown = {NAN, NAN, NAN};
    *result = (hs_extrapolation){.kind = kind,
                                 .smallest = SIZE_MAX,
                                 .alpha = unknown,
                                 .exponent = unknown,
                                 .coefficient = NAN,
                                 .chi_square = NAN,
                                 .probability = NAN};
    hs_status status = data_make(points, count, smallest, kind, &all, error);
    result->sizes = all.count;
    for (size_t k = 0; k < all.count; k++)
        result->smallest =
            all.n[k] < (double)result->smallest ? (size_t)all.n[k] : result->smallest;
    if (status == HS_OK && all.count >= parameters_of(kind)) {
        fit found = best_fit(&all);
        take_fit(&found, result);
        status = find_intervals(&all, result, error);
    }
    data_clear(&all);
    return status;
}
