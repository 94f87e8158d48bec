#include "engine/search_plan.h"

#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double norm(const double *w, size_t n) {
    double largest = 0.0, square = 0.0;
    for (size_t j = 0; j < n; j++)
        largest = fabs(w[j]) > largest ? fabs(w[j]) : largest;
    if (!(largest > 0.0))
        return 0.0;
    for (size_t j = 0; j < n; j++)
        square += (w[j] / largest) * (w[j] / largest);
    return largest * sqrt(square);
}

static void ball_range(const hs_search_source *source, const double *w, double *low, double *high) {
    bool nonneg = source->domain.kind == HS_DOMAIN_NONNEG_BALL;
    double down = 0.0, up = 0.0;
    for (size_t j = 0; j < source->n; j++) {
        down += !nonneg || w[j] < 0.0 ? w[j] * w[j] : 0.0;
        up += !nonneg || w[j] > 0.0 ? w[j] * w[j] : 0.0;
    }
    *low = -source->domain.radius * sqrt(down);
    *high = source->domain.radius * sqrt(up);
}

static void box_range(const hs_search_source *source, const double *w, double *low, double *high) {
    *low = *high = 0.0;
    for (size_t j = 0; j < source->n; j++) {
        double lower = source->domain.lower[j], upper = source->domain.upper[j];
        if (w[j] == 0.0)
            continue;
        *low += w[j] * (w[j] > 0.0 ? lower : upper);
        *high += w[j] * (w[j] > 0.0 ? upper : lower);
    }
}

void hs_search_row_range(const hs_search_source *source, size_t row, double *least, double *most) {
    const double *w = source->weight + row * source->n;
    double bias = source->bias != NULL ? source->bias[row] : 0.0;
    *least = -INFINITY;
    *most = INFINITY;
    if (source->domain.kind == HS_DOMAIN_BOX)
        box_range(source, w, least, most);
    else if (source->domain.kind != HS_DOMAIN_SPACE)
        ball_range(source, w, least, most);
    *least += bias;
    *most += bias;
}

/* ---- parallel rows ------------------------------------------------------------------------ */

typedef struct ray {
    double key;    /* |r.w| / |w| for one random direction r: equal for parallel rows */
    double offset; /* b / |w| */
    double length; /* |w| */
    size_t row;
    bool keep, always;
} ray;

static int by_key(const void *left, const void *right) {
    const ray *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int by_row(const void *left, const void *right) {
    const ray *a = left, *b = right;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* 1: the same direction, -1: opposite ones, 0: neither (to rounding: the witness is checked). */
static int parallel(const hs_search_source *source, const ray *left, const ray *right) {
    const double *u = source->weight + left->row * source->n;
    const double *w = source->weight + right->row * source->n;
    double same = 0.0, opposite = 0.0;
    for (size_t j = 0; j < source->n; j++) {
        double x = u[j] / left->length, y = w[j] / right->length;
        same = fmax(same, fabs(x - y));
        opposite = fmax(opposite, fabs(x + y));
        if (same > 1e-12 && opposite > 1e-12)
            return 0;
    }
    return same <= 1e-12 ? 1 : -1;
}

/* Of rows with the same direction the one with the largest offset stays. */
static void merge(const hs_search_source *source, ray *rays, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count && rays[k].key <= rays[i].key + 1e-11; k++) {
            if (!rays[i].keep || !rays[k].keep)
                continue;
            int direction = parallel(source, &rays[i], &rays[k]);
            if (direction > 0)
                *(rays[i].offset < rays[k].offset ? &rays[i].keep : &rays[k].keep) = false;
            else if (direction < 0 && rays[i].offset + rays[k].offset >= 0.0)
                rays[i].always = rays[k].always = true; /* always one of the two */
        }
}

/* direction: n numbers without symmetries. */
static size_t collect_rays(const hs_search_source *source, const double *direction, ray *rays) {
    size_t count = 0, n = source->n;
    for (size_t i = 0; i < source->m; i++) {
        const double *w = source->weight + i * n;
        double length = norm(w, n), key = 0.0, least, most;
        hs_search_row_range(source, i, &least, &most);
        if (!(length > 0.0) || most < 0.0)
            continue; /* spans nothing, or is never active */
        for (size_t j = 0; j < n; j++)
            key += w[j] / length * direction[j];
        double bias = source->bias != NULL ? source->bias[i] : 0.0;
        rays[count++] = (ray){fabs(key), bias / length, length, i, true, least >= 0.0};
    }
    return count;
}

/* ---- the space S -------------------------------------------------------------------------- */

/* Subtracts from v its components along the orthonormal basis, twice; returns what is left. */
static double remainder_norm(const double *basis, size_t rank, size_t n, double *v) {
    for (int twice = 0; twice < 2; twice++)
        for (size_t k = 0; k < rank; k++) {
            double along = 0.0;
            for (size_t j = 0; j < n; j++)
                along += basis[k * n + j] * v[j];
            for (size_t j = 0; j < n; j++)
                v[j] -= along * basis[k * n + j];
        }
    return norm(v, n);
}

static void unit_row(const hs_search_source *source, const ray *from, double *v) {
    for (size_t j = 0; j < source->n; j++)
        v[j] = source->weight[from->row * source->n + j] / from->length;
}

/* Drops the rows in the span of the rows that are always active; returns its dimension. */
static size_t contract(const hs_search_source *source, ray *rays, size_t count, double *basis,
                       double *v) {
    const double zero = 1e-10;
    size_t n = source->n, rank = 0;
    for (size_t i = 0; i < count && rank < n; i++) {
        if (!rays[i].always)
            continue;
        unit_row(source, &rays[i], v);
        double left = remainder_norm(basis, rank, n, v);
        for (size_t j = 0; left > zero && j < n; j++)
            basis[rank * n + j] = v[j] / left;
        rank += left > zero;
    }
    for (size_t i = 0; i < count && rank > 0; i++) {
        unit_row(source, &rays[i], v);
        if (rays[i].always || remainder_norm(basis, rank, n, v) <= zero)
            rays[i].keep = false;
    }
    return rank;
}

static size_t count_always(const ray *rays, size_t count) {
    size_t always = 0;
    for (size_t i = 0; i < count; i++)
        always += rays[i].always;
    return always;
}

static hs_status reduce(const hs_search_source *source, ray *rays, size_t *count, size_t *rank,
                        hs_error *error) {
    double *direction = hs_allocate(source->n, sizeof *direction);
    if (direction == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the structure of a layer");
    for (size_t j = 0; j < source->n; j++)
        direction[j] = cos(1.0 + 1.7 * (double)j + 0.3 * (double)j * (double)j);
    *count = collect_rays(source, direction, rays);
    free(direction);
    qsort(rays, *count, sizeof *rays, by_key);
    merge(source, rays, *count);
    size_t always = count_always(rays, *count), n = source->n;
    if (always == 0)
        return HS_OK;
    double *basis = hs_allocate_matrix(always < n ? always : n, n, sizeof *basis);
    double *v = hs_allocate(n, sizeof *v);
    hs_status status = HS_OK;
    if (basis == NULL || v == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the structure of a layer");
    else
        *rank = contract(source, rays, *count, basis, v);
    free(basis);
    free(v);
    return status;
}

hs_status hs_search_plan_reduce(const hs_search_source *source, hs_search_plan *plan,
                                hs_error *error) {
    *plan = (hs_search_plan){0};
    plan->rows = hs_allocate(source->m, sizeof *plan->rows);
    ray *rays = hs_allocate(source->m, sizeof *rays);
    size_t count = 0;
    hs_status status = HS_OK;
    if (plan->rows == NULL || rays == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the rows of a search");
    else
        status = reduce(source, rays, &count, &plan->base, error);
    if (status == HS_OK) {
        qsort(rays, count, sizeof *rays, by_row);
        for (size_t i = 0; i < count; i++)
            if (rays[i].keep)
                plan->rows[plan->count++] = rays[i].row;
        plan->budget = plan->base < source->n ? source->n - 1 - plan->base : 0;
    } else {
        hs_search_plan_clear(plan);
    }
    free(rays);
    return status;
}

hs_status hs_search_plan_count(const hs_search_source *source, size_t limit, hs_search_plan *plan,
                               hs_error *error) {
    *plan = (hs_search_plan){0};
    size_t always = 0;
    plan->rows = hs_allocate(source->m, sizeof *plan->rows);
    if (plan->rows == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the rows of a search");
    for (size_t i = 0; i < source->m; i++) {
        double least, most;
        hs_search_row_range(source, i, &least, &most);
        bool zero = !(norm(source->weight + i * source->n, source->n) > 0.0);
        if (zero)
            always += source->bias == NULL || source->bias[i] >= 0.0;
        else if (least >= 0.0)
            always++;
        else if (most >= 0.0)
            plan->rows[plan->count++] = i;
    }
    if (always > limit)
        plan->count = 0;
    else
        plan->budget = limit - always;
    return HS_OK;
}

void hs_search_plan_clear(hs_search_plan *plan) {
    free(plan->rows);
    *plan = (hs_search_plan){0};
}
