/* The critical radius: every witness is pulled towards 0 as far as its cell allows, then the ball
 * just inside is decided. */
#include "engine/decisions.h"

#include "geometry/nearest.h"
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
    hs_domain_kind kind;
    double tolerance;
    hs_decisions *decisions;
    double *z, *trial; /* n */
    size_t *off;       /* m */
    size_t off_count;
} subject;

/* The smallest double proven to be at least |z|. */
static double norm_above(const double *z, size_t n) {
    double largest = 0.0, sum = 0.0;
    for (size_t j = 0; j < n; j++)
        largest = fmax(largest, fabs(z[j]));
    for (size_t j = 0; j < n && largest > 0.0; j++)
        sum += (z[j] / largest) * (z[j] / largest);
    double norm = largest * sqrt(sum) * (1.0 - ((double)n + 4.0) * DBL_EPSILON);
    while (isfinite(norm) && !hs_norm_below(z, n, norm, true))
        norm = nextafter(norm, INFINITY);
    return norm;
}

static bool is_strict(const subject *about, const double *z) {
    const hs_layer *layer = about->layer;
    const hs_system rows = {
        .d = layer->n, .rows = layer->m, .a = layer->weight, .beta = layer->bias};
    for (size_t j = 0; j < layer->n; j++)
        if (!isfinite(z[j]) || (about->kind == HS_DOMAIN_NONNEG_BALL && !(z[j] > 0.0)))
            return false;
    for (size_t k = 0; k < about->off_count; k++)
        if (hs_system_sign(&rows, about->off[k], z) >= 0)
            return false;
    return true;
}

static hs_status nearest_in_cell(const subject *about, double *z, bool *found, hs_error *error) {
    const hs_layer *layer = about->layer;
    size_t n = layer->n;
    hs_polyhedron cell;
    hs_status status = hs_polyhedron_create(n, about->off_count + n, &cell, error);
    *found = false;
    if (status == HS_OK) {
        for (size_t k = 0; k < about->off_count; k++)
            hs_polyhedron_append(&cell, layer->weight + about->off[k] * n,
                                 -layer->bias[about->off[k]]);
        memset(z, 0, n * sizeof *z);
        for (size_t j = 0; j < n && about->kind == HS_DOMAIN_NONNEG_BALL; j++) {
            z[j] = -1.0;
            hs_polyhedron_append(&cell, z, 0.0);
            z[j] = 0.0;
        }
        *found = hs_polyhedron_nearest(&cell, INFINITY) == HS_NEAREST_FOUND;
        memcpy(z, cell.solver.z, n * sizeof *z);
    }
    hs_polyhedron_clear(&cell);
    return status;
}

/* Moves from the nearest point of the closed cell towards the witness until it is strictly inside;
 * true when the point in about->trial is. */
static bool enter_cell(subject *about, const double *nearest, const double *witness) {
    size_t n = about->layer->n;
    double size = 0.0, way = 0.0;
    for (size_t j = 0; j < n; j++) {
        size = hypot(size, nearest[j]);
        way = hypot(way, witness[j] - nearest[j]);
    }
    double share = way > 0.0 ? about->tolerance / 16.0 * size / way : 1.0;
    for (share = fmax(share, 1e-15); share < 1.0; share *= 4.0) {
        for (size_t j = 0; j < n; j++)
            about->trial[j] = nearest[j] + share * (witness[j] - nearest[j]);
        if (is_strict(about, about->trial))
            return true;
    }
    return false;
}

static void take(subject *about, const double *z, double *upper) {
    double norm = norm_above(z, about->layer->n);
    if (norm < *upper) {
        *upper = norm;
        memcpy(about->z, z, about->layer->n * sizeof *z);
    }
}

static hs_status improve(void *data, const hs_witness *witness, double *upper, hs_error *error) {
    subject *about = data;
    size_t n = about->layer->n;
    bool proven = false, found = false;
    double *nearest = hs_allocate(n, sizeof *nearest);
    hs_status status = HS_OK;
    if (nearest == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a bad point");
    take(about, witness->z, upper);
    if (status == HS_OK)
        status = hs_off_rows(about->layer, witness->active, witness->active_count, about->off,
                             &about->off_count, &proven, error);
    if (status == HS_OK && proven)
        status = nearest_in_cell(about, nearest, &found, error);
    if (status == HS_OK && found && enter_cell(about, nearest, witness->z))
        take(about, about->trial, upper);
    free(nearest);
    return status;
}

static hs_status decide_ball(void *data, double radius, hs_result **result, hs_error *error) {
    subject *about = data;
    const hs_domain domain = {.kind = about->kind, .radius = radius};
    return hs_decide(about->decisions, about->layer, &domain, result, error);
}

/* Balls of every size: the whole space, or the non-negative orthant. */
static hs_status decide_everywhere(subject *about, hs_result **result, hs_error *error) {
    size_t n = about->layer->n;
    hs_domain domain = {.kind = HS_DOMAIN_SPACE};
    double *bounds = hs_allocate(2 * n, sizeof *bounds);
    if (bounds == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a domain");
    for (size_t j = 0; j < n; j++)
        bounds[n + j] = INFINITY;
    if (about->kind == HS_DOMAIN_NONNEG_BALL)
        domain = (hs_domain){.kind = HS_DOMAIN_BOX, .lower = bounds, .upper = bounds + n};
    hs_status status = hs_decide(about->decisions, about->layer, &domain, result, error);
    free(bounds);
    return status;
}

/* On small balls rows with b < 0 are inactive, rows with b > 0 active (here: the row and its
 * opposite, one of which is active wherever it matters), and rows with b = 0 decide. */
static hs_status decide_at_origin(subject *about, hs_result **result, hs_error *error) {
    const hs_layer *layer = about->layer;
    const hs_domain domain = {.kind = about->kind, .radius = 1.0};
    size_t n = layer->n, rows = 0;
    hs_layer *small = NULL;
    if (layer->zero_bias)
        return hs_decide(about->decisions, layer, &domain, result, error);
    for (size_t i = 0; i < layer->m; i++)
        rows += layer->bias[i] > 0.0 ? 2 : layer->bias[i] == 0.0;
    hs_status status = hs_layer_make(rows > 0 ? rows : 1, n, &small, error);
    if (status != HS_OK)
        return status;
    double *row = small->weight;
    for (size_t i = 0; i < layer->m; i++) {
        if (layer->bias[i] < 0.0)
            continue;
        memcpy(row, layer->weight + i * n, n * sizeof *row);
        row += n;
        for (size_t j = 0; j < n && layer->bias[i] > 0.0; j++)
            *row++ = -layer->weight[i * n + j];
    }
    status = hs_decide(about->decisions, small, &domain, result, error);
    hs_layer_free(small);
    return status;
}

static void explain(hs_radius_result *result, const hs_decisions *decisions, const char *text) {
    if (decisions->stopped)
        snprintf(result->reason, sizeof result->reason, "stopped after %llu nodes",
                 (unsigned long long)decisions->nodes);
    else if (!result->complete)
        snprintf(result->reason, sizeof result->reason, "a decision was left open: %.200s",
                 decisions->reason);
    else
        snprintf(result->reason, sizeof result->reason, "%s", text);
}

/* When the whole domain could not be decided: larger and larger balls. */
static hs_status grow(subject *about, hs_radius_result *result, hs_error *error) {
    hs_status status = HS_OK;
    for (double radius = 1.0; status == HS_OK && radius < 0x1p64; radius *= 16.0) {
        hs_result *found = NULL;
        status = decide_ball(about, radius, &found, error);
        hs_verdict verdict = status == HS_OK ? found->verdict : HS_UNDECIDED;
        if (verdict == HS_INJECTIVE)
            result->lower = radius;
        if (verdict == HS_NOT_INJECTIVE)
            status = improve(about, found->witness, &result->upper, error);
        hs_result_free(found);
        if (verdict != HS_INJECTIVE)
            break;
    }
    return status;
}

static hs_status bracket(subject *about, hs_radius_result *result, hs_error *error) {
    hs_critical critical = {.decisions = about->decisions,
                            .subject = about,
                            .decide = decide_ball,
                            .improve = improve,
                            .tolerance = about->tolerance,
                            .lower = result->lower,
                            .upper = result->upper};
    hs_status status = hs_critical_search(&critical, error);
    result->lower = critical.lower;
    result->upper = critical.upper;
    result->complete = hs_critical_closed(&critical);
    explain(result, about->decisions,
            "injective on the ball of the lower radius, and a bad point lies within the upper one");
    return status;
}

static hs_status find(subject *about, hs_radius_result *result, hs_error *error) {
    hs_result *first = NULL, *second = NULL;
    about->decisions->share = 0.5; /* the rest is for balls */
    hs_status status = decide_everywhere(about, &first, error);
    about->decisions->share = 0.0;
    if (status != HS_OK)
        return status;
    result->upper = INFINITY;
    result->everywhere = result->complete = first->verdict == HS_INJECTIVE;
    if (result->everywhere)
        result->lower = INFINITY;
    if (first->verdict == HS_NOT_INJECTIVE)
        status = improve(about, first->witness, &result->upper, error);
    explain(result, about->decisions, "injective on every ball");
    if (status == HS_OK && !result->everywhere)
        status = decide_at_origin(about, &second, error);
    if (second != NULL && second->verdict == HS_NOT_INJECTIVE) {
        result->upper = 0.0;
        result->complete = true;
        explain(result, about->decisions, "there are bad points arbitrarily near 0");
    } else if (status == HS_OK && !result->everywhere) {
        if (!isfinite(result->upper) && !about->decisions->stopped)
            status = grow(about, result, error);
        if (status == HS_OK && isfinite(result->upper))
            status = bracket(about, result, error);
    }
    hs_result_free(first);
    hs_result_free(second);
    return status;
}

static hs_status check_arguments(hs_domain_kind kind, double *tolerance, hs_error *error) {
    if (kind != HS_DOMAIN_BALL && kind != HS_DOMAIN_NONNEG_BALL)
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "a critical radius needs the domain ball or nonneg-ball");
    if (*tolerance == 0.0)
        *tolerance = default_tolerance;
    if (!(*tolerance >= 1e-12 && *tolerance < 1.0))
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "the tolerance is %g, expected a number from 1e-12 and below 1", *tolerance);
    return HS_OK;
}

/* Do the rows that are active at 0 not span? Else bad points come near, and 0 is none. */
static hs_status origin_is_bad(const subject *about, bool *bad, hs_error *error) {
    const hs_layer *layer = about->layer;
    size_t count = 0, rank = 0;
    for (size_t i = 0; i < layer->m; i++)
        if (layer->bias[i] >= 0.0)
            about->off[count++] = i;
    hs_status status =
        hs_rank_exact(layer->weight, layer->n, about->off, count, &rank, NULL, NULL, error);
    *bad = status == HS_OK && rank < layer->n;
    return status;
}

static hs_status finish(subject *about, hs_radius_result *result, hs_error *error) {
    const hs_decisions *decisions = about->decisions;
    hs_status status = HS_OK;
    bool shown = isfinite(result->upper) && result->upper > 0.0;
    if (result->upper == 0.0 && about->kind == HS_DOMAIN_BALL) { /* 0 is inside */
        memset(about->z, 0, about->layer->n * sizeof *about->z);
        status = origin_is_bad(about, &shown, error);
    }
    if (shown) {
        result->z = about->z;
        about->z = NULL;
    }
    result->tolerance = about->tolerance;
    result->arithmetic = decisions->arithmetic;
    result->decisions = decisions->count;
    result->nodes = decisions->nodes;
    result->seconds = hs_clock_seconds() - decisions->start;
    return status;
}

hs_status hs_critical_radius(const hs_layer *layer, hs_domain_kind kind, double tolerance,
                             const hs_settings *settings, hs_radius_result **result,
                             hs_error *error) {
    const hs_settings defaults = hs_settings_default();
    hs_decisions decisions;
    *result = NULL;
    hs_status status = check_arguments(kind, &tolerance, error);
    if (status != HS_OK)
        return status;
    hs_decisions_begin(&decisions, settings != NULL ? settings : &defaults, "radius");
    subject about = {.layer = layer, .kind = kind, .tolerance = tolerance, .decisions = &decisions};
    about.z = hs_allocate(layer->n, sizeof *about.z);
    about.trial = hs_allocate(layer->n, sizeof *about.trial);
    about.off = hs_allocate(layer->m, sizeof *about.off);
    hs_radius_result *made = hs_allocate(1, sizeof *made);
    if (about.z == NULL || about.trial == NULL || about.off == NULL || made == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a critical radius");
    if (status == HS_OK)
        status = find(&about, made, error);
    if (status == HS_OK)
        status = finish(&about, made, error);
    if (status == HS_OK) {
        *result = made;
        made = NULL;
    }
    hs_radius_result_free(made);
    free(about.z);
    free(about.trial);
    free(about.off);
    return status;
}

void hs_radius_result_free(hs_radius_result *result) {
    if (result == NULL)
        return;
    free(result->z);
    free(result);
}
