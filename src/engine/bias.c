/* The largest uniform bias shift t: from the witness at one t follows the smallest t for which its
 * cell is bad; then the t just below is decided.
 *
 * Every decision is about biases rounded down from b_i - t, so "injective" holds for the real
 * numbers: a larger bias never harms. Every bad t comes from pre-activations at one point, bounded
 * from above. */
#include "engine/bias_domain.h"
#include "engine/decisions.h"

#include "geometry/positive_span.h"
#include "geometry/rank.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double default_tolerance = 1e-9;

typedef struct subject {
    const hs_layer *layer;
    const hs_domain *domain;
    hs_decisions *decisions;
    double width;              /* tolerance times scale */
    double *z, *trial, *start; /* n */
    double *bias;              /* m: shifted */
    size_t *off;               /* m */
    size_t off_count;
} subject;

static double shifted_down(double b, double t) {
    double high = b - t, back = high - b;
    double low = (b - (high - back)) - (t + back); /* Knuth's two-sum */
    return low < 0.0 ? nextafter(high, -INFINITY) : high;
}

static hs_status decide_shifted(void *data, double t, hs_result **result, hs_error *error) {
    subject *about = data;
    const hs_layer *layer = about->layer;
    hs_layer *shifted = NULL;
    for (size_t i = 0; i < layer->m; i++)
        about->bias[i] = shifted_down(layer->bias[i], t);
    hs_status status =
        hs_layer_create(layer->m, layer->n, layer->weight, about->bias, &shifted, error);
    if (status == HS_OK)
        status = hs_decide(about->decisions, shifted, about->domain, result, error);
    hs_layer_free(shifted);
    return status;
}

/* An upper bound of the largest pre-activation of the rows that must be inactive, or infinity:
 * every larger t makes z a bad point. */
static double value_above(const subject *about, const double *z) {
    const hs_layer *layer = about->layer;
    size_t n = layer->n;
    double value = -INFINITY;
    for (size_t k = 0; k < about->off_count; k++) {
        const double *row = layer->weight + about->off[k] * n;
        double sum = layer->bias[about->off[k]], size = fabs(sum);
        for (size_t j = 0; j < n; j++) {
            sum += row[j] * z[j];
            size += fabs(row[j] * z[j]);
        }
        sum += ((double)n + 6.0) * DBL_EPSILON * size + ((double)n + 2.0) * DBL_MIN;
        if (!isfinite(sum)) /* comparisons pass over NaN */
            return INFINITY;
        value = sum > value ? sum : value;
    }
    return value;
}

/* Is there a point of the closed domain where all rows of the cell are at most t? Floating point.
 */
static bool reaches(const subject *about, hs_polyhedron *cell, double t) {
    bool ball =
        about->domain->kind == HS_DOMAIN_BALL || about->domain->kind == HS_DOMAIN_NONNEG_BALL;
    for (size_t k = 0; k < about->off_count; k++)
        cell->t[k] = (t - about->layer->bias[about->off[k]]) / cell->size[k];
    return hs_polyhedron_nearest(cell, ball ? about->domain->radius : INFINITY) == HS_NEAREST_FOUND;
}

/* The lowest t of the cell by bisection from a t that is reached; z: where. */
static void lowest(const subject *about, hs_polyhedron *cell, double high, double *z) {
    size_t n = about->layer->n;
    double step = about->width, low = high - step;
    memcpy(z, about->start, n * sizeof *z);
    for (int k = 0; k < 64 && reaches(about, cell, low); k++) {
        memcpy(z, cell->solver.z, n * sizeof *z);
        high = low;
        step *= 2.0;
        low -= step;
    }
    while (high - low > 1e-3 * about->width) {
        double middle = low + 0.5 * (high - low);
        if (!(middle > low && middle < high))
            break;
        if (reaches(about, cell, middle)) {
            memcpy(z, cell->solver.z, n * sizeof *z);
            high = middle;
        } else {
            low = middle;
        }
    }
}

static void take(subject *about, const double *z, double *upper) {
    size_t n = about->layer->n;
    if (!hs_domain_contains(about->domain, n, z, false))
        return;
    double value = value_above(about, z);
    if (value < *upper) {
        *upper = value;
        memcpy(about->z, z, n * sizeof *z);
    }
}

/* From a point in the open domain (about->start) whose cell the rows in about->off make up. */
static hs_status improve_from_start(subject *about, double *upper, hs_error *error) {
    const hs_layer *layer = about->layer;
    size_t n = layer->n;
    hs_polyhedron cell;
    double *low = hs_allocate(n, sizeof *low);
    hs_status status = hs_polyhedron_create(n, about->off_count + 2 * n, &cell, error);
    if (status == HS_OK && low == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a bad point");
    take(about, about->start, upper);
    double value = value_above(about, about->start);
    if (status == HS_OK && isfinite(value)) {
        for (size_t k = 0; k < about->off_count; k++)
            hs_polyhedron_append(&cell, layer->weight + about->off[k] * n, 0.0);
        hs_domain_append_faces(about->domain, &cell);
        lowest(about, &cell, value, low);
        for (double share = 1e-13; share < 1.0; share *= 4.0) {
            for (size_t j = 0; j < n; j++)
                about->trial[j] = low[j] + share * (about->start[j] - low[j]);
            if (hs_domain_contains(about->domain, n, about->trial, false))
                break;
        }
        take(about, about->trial, upper);
    }
    hs_polyhedron_clear(&cell);
    free(low);
    return status;
}

static hs_status improve(void *data, const hs_witness *witness, double *upper, hs_error *error) {
    subject *about = data;
    bool proven = false;
    hs_status status = hs_off_rows(about->layer, witness->active, witness->active_count, about->off,
                                   &about->off_count, &proven, error);
    if (status != HS_OK || !proven)
        return status;
    memcpy(about->start, witness->z, about->layer->n * sizeof *about->start);
    return improve_from_start(about, upper, error);
}

/* With all rows inactive nothing spans: a first upper bound. */
static hs_status first_upper(subject *about, double *upper, hs_error *error) {
    bool proven = false;
    hs_status status =
        hs_off_rows(about->layer, NULL, 0, about->off, &about->off_count, &proven, error);
    hs_domain_inner_point(about->domain, about->layer->n, about->start);
    *upper = INFINITY;
    return status == HS_OK ? improve_from_start(about, upper, error) : status;
}

/* ---- before the search ---------------------------------------------------------------------- */

/* A proven lower bound, or -INFINITY. */
static hs_status first_lower_bounded(subject *about, double *lower, hs_error *error) {
    hs_result *result = NULL;
    double low = hs_domain_low_shift(about->domain, about->layer);
    if (!isfinite(low))
        return HS_OK;
    hs_status status = decide_shifted(about, low, &result, error);
    if (status == HS_OK && result->verdict == HS_INJECTIVE)
        *lower = low;
    hs_result_free(result);
    return status;
}

/* Far out the bias does not count: where the layer without it is not injective no shift helps, and
 * where it is, shifts below the pre-activations at the corner are safe. */
static hs_status first_lower_unbounded(subject *about, double *lower, hs_bias_result *found,
                                       hs_error *error) {
    const hs_layer *layer = about->layer;
    size_t n = layer->n;
    hs_layer *plain = NULL;
    hs_result *result = NULL;
    double *bounds = hs_allocate(2 * n, sizeof *bounds);
    hs_status status = bounds != NULL
                           ? hs_layer_create(layer->m, n, layer->weight, NULL, &plain, error)
                           : hs_fail(error, HS_NO_MEMORY, "no memory for a domain");
    if (status == HS_OK) {
        const hs_domain far = hs_domain_recession(about->domain, n, bounds);
        status = hs_decide(about->decisions, plain, &far, &result, error);
    }
    if (status == HS_OK && result->verdict == HS_INJECTIVE)
        *lower = hs_domain_low_shift(about->domain, layer);
    found->never = status == HS_OK && result->verdict == HS_NOT_INJECTIVE;
    hs_result_free(result);
    hs_layer_free(plain);
    free(bounds);
    return status;
}

static hs_status first_lower(subject *about, double *lower, double *floor, hs_bias_result *found,
                             hs_error *error) {
    *lower = *floor = -INFINITY;
    switch (hs_domain_reach(about->domain, about->layer->n)) {
    case HS_REACH_BOUNDED:
        return first_lower_bounded(about, lower, error);
    case HS_REACH_FULL:
        return first_lower_unbounded(about, lower, found, error);
    case HS_REACH_FLAT:
        *floor = -0x1p40 * found->scale;
        break;
    }
    return HS_OK;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void explain(const subject *about, hs_bias_result *result) {
    const hs_decisions *decisions = about->decisions;
    char *text = result->reason;
    size_t size = sizeof result->reason;
    if (result->never)
        snprintf(text, size,
                 "far out in the domain the bias does not matter, and there the layer "
                 "is not injective");
    else if (result->complete)
        snprintf(text, size,
                 "injective at the lower shift; one point is bad for every shift above the upper");
    else if (decisions->stopped)
        snprintf(text, size, "stopped after %llu nodes", (unsigned long long)decisions->nodes);
    else if (decisions->reason[0] == '\0')
        snprintf(text, size,
                 "no shift was found at which the layer is injective; there may be "
                 "none on this unbounded domain");
    else
        snprintf(text, size, "a decision was left open: %.200s", decisions->reason);
}

static hs_status search(subject *about, hs_bias_result *result, hs_error *error) {
    hs_critical critical = {.decisions = about->decisions,
                            .subject = about,
                            .decide = decide_shifted,
                            .improve = improve,
                            .tolerance = result->tolerance,
                            .scale = result->scale};
    hs_status status = first_lower(about, &critical.lower, &critical.floor, result, error);
    if (status == HS_OK && !result->never)
        status = first_upper(about, &critical.upper, error);
    bool bounded = status == HS_OK && !result->never && isfinite(critical.upper);
    if (bounded)
        status = hs_critical_search(&critical, error);
    result->lower = critical.lower;
    result->upper = critical.upper;
    result->has_lower = !result->never && isfinite(critical.lower);
    result->has_upper = bounded;
    result->complete = result->never || (bounded && hs_critical_closed(&critical));
    explain(about, result);
    return status;
}

static hs_status find(subject *about, hs_bias_result *result, hs_error *error) {
    const hs_layer *layer = about->layer;
    size_t rank = 0;
    hs_status status =
        hs_positive_span(layer->weight, layer->m, layer->n, &result->omnidirectional_known,
                         &result->omnidirectional, error);
    if (status == HS_OK)
        status = hs_rank_exact(layer->weight, layer->n, NULL, layer->m, &rank, NULL, NULL, error);
    if (status != HS_OK)
        return status;
    result->scale = hs_domain_scale(about->domain, layer);
    about->width = result->tolerance * result->scale;
    if (rank < layer->n) {
        result->never = result->complete = true;
        snprintf(result->reason, sizeof result->reason,
                 "all rows together have rank %zu, below the %zu columns: no shift helps", rank,
                 layer->n);
        return HS_OK;
    }
    if (!isfinite(result->scale) || !(about->width > 0.0))
        return hs_fail(error, HS_UNSUPPORTED,
                       "the layer's numbers are too large or too small for a shift of the bias");
    return search(about, result, error);
}

static hs_status check_arguments(const hs_layer *layer, const hs_domain *domain, double *tolerance,
                                 hs_error *error) {
    hs_problem problem; /* checks the domain */
    hs_status status = hs_problem_create(layer, domain, &problem, error);
    if (status != HS_OK)
        return status;
    hs_problem_clear(&problem);
    if (*tolerance == 0.0)
        *tolerance = default_tolerance;
    if (!(*tolerance >= 1e-12 && *tolerance < 1.0))
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "the tolerance is %g, expected a number from 1e-12 and below 1", *tolerance);
    return HS_OK;
}

static void finish(subject *about, hs_bias_result *result) {
    const hs_decisions *decisions = about->decisions;
    if (result->has_upper) {
        result->z = about->z;
        about->z = NULL;
    }
    result->arithmetic = decisions->arithmetic;
    result->decisions = decisions->count;
    result->nodes = decisions->nodes;
    result->seconds = hs_clock_seconds() - decisions->start;
}

static bool allocate(subject *about) {
    size_t m = about->layer->m, n = about->layer->n;
    about->z = hs_allocate(n, sizeof *about->z);
    about->trial = hs_allocate(n, sizeof *about->trial);
    about->start = hs_allocate(n, sizeof *about->start);
    about->bias = hs_allocate(m, sizeof *about->bias);
    about->off = hs_allocate(m, sizeof *about->off);
    return about->z != NULL && about->trial != NULL && about->start != NULL &&
           about->bias != NULL && about->off != NULL;
}

hs_status hs_uniform_bias(const hs_layer *layer, const hs_domain *domain, double tolerance,
                          const hs_settings *settings, hs_bias_result **result, hs_error *error) {
    const hs_settings defaults = hs_settings_default();
    hs_decisions decisions;
    *result = NULL;
    hs_status status = check_arguments(layer, domain, &tolerance, error);
    if (status != HS_OK)
        return status;
    hs_decisions_begin(&decisions, settings != NULL ? settings : &defaults, "bias");
    subject about = {.layer = layer, .domain = domain, .decisions = &decisions};
    hs_bias_result *made = hs_allocate(1, sizeof *made);
    if (!allocate(&about) || made == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a shift of the bias");
    if (status == HS_OK) {
        made->tolerance = tolerance;
        status = find(&about, made, error);
    }
    if (status == HS_OK) {
        finish(&about, made);
        *result = made;
        made = NULL;
    }
    hs_bias_result_free(made);
    free(about.z);
    free(about.trial);
    free(about.start);
    free(about.bias);
    free(about.off);
    return status;
}

void hs_bias_result_free(hs_bias_result *result) {
    if (result == NULL)
        return;
    free(result->z);
    free(result);
}
