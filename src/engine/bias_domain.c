#include "engine/bias_domain.h"

#include <float.h>
#include <math.h>
#include <string.h>

hs_reach hs_domain_reach(const hs_domain *domain, size_t n) {
    if (domain->kind == HS_DOMAIN_SPACE)
        return HS_REACH_FULL;
    if (domain->kind != HS_DOMAIN_BOX)
        return HS_REACH_BOUNDED;
    size_t bounded = 0;
    for (size_t j = 0; j < n; j++)
        bounded += isfinite(domain->lower[j]) && isfinite(domain->upper[j]);
    return bounded == n ? HS_REACH_BOUNDED : bounded == 0 ? HS_REACH_FULL : HS_REACH_FLAT;
}

void hs_domain_inner_point(const hs_domain *domain, size_t n, double *z) {
    for (size_t j = 0; j < n; j++) {
        z[j] = 0.0;
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            z[j] = 0.5 * domain->radius / sqrt((double)n);
        if (domain->kind != HS_DOMAIN_BOX)
            continue;
        double lower = domain->lower[j], upper = domain->upper[j];
        if (isfinite(lower) && isfinite(upper))
            z[j] = 0.5 * lower + 0.5 * upper;
        else if (isfinite(lower))
            z[j] = fmin(lower + fmax(1.0, 0.5 * fabs(lower)), DBL_MAX);
        else if (isfinite(upper))
            z[j] = fmax(upper - fmax(1.0, 0.5 * fabs(upper)), -DBL_MAX);
    }
}

static double row_norm(const double *row, size_t n) {
    double norm = 0.0;
    for (size_t j = 0; j < n; j++)
        norm = hypot(norm, row[j]);
    return norm;
}

static double row_scale(const hs_domain *domain, const double *row, size_t n) {
    if (domain->kind == HS_DOMAIN_SPACE)
        return row_norm(row, n);
    if (domain->kind != HS_DOMAIN_BOX)
        return row_norm(row, n) * domain->radius;
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        double lower = domain->lower[j], upper = domain->upper[j];
        double size =
            fmax(isfinite(lower) ? fabs(lower) : 0.0, isfinite(upper) ? fabs(upper) : 0.0);
        sum += fabs(row[j]) * (isfinite(lower) && isfinite(upper) ? size : fmax(size, 1.0));
    }
    return sum;
}

double hs_domain_scale(const hs_domain *domain, const hs_layer *layer) {
    double scale = 0.0;
    for (size_t i = 0; i < layer->m; i++) {
        double size = row_scale(domain, layer->weight + i * layer->n, layer->n);
        if (size > 0.0)
            scale = fmax(scale, size + fabs(layer->bias[i]));
    }
    return scale;
}

/* The smallest w.z on the domain, or w.corner for an unbounded one; *size: of its terms. */
static double row_low(const hs_domain *domain, const double *row, size_t n, double *size) {
    double sum = 0.0;
    *size = 0.0;
    if (domain->kind == HS_DOMAIN_SPACE)
        return 0.0;
    for (size_t j = 0; j < n && domain->kind != HS_DOMAIN_BOX; j++)
        if (domain->kind == HS_DOMAIN_BALL || row[j] < 0.0)
            sum = hypot(sum, row[j]);
    if (domain->kind != HS_DOMAIN_BOX) {
        *size = sum * domain->radius;
        return -*size;
    }
    for (size_t j = 0; j < n; j++) {
        double lower = domain->lower[j], upper = domain->upper[j], term = 0.0;
        if (isfinite(lower) && isfinite(upper))
            term = fmin(row[j] * lower, row[j] * upper);
        else if (isfinite(lower))
            term = row[j] * lower;
        else if (isfinite(upper))
            term = row[j] * upper;
        sum += term;
        *size += fabs(term);
    }
    return sum;
}

double hs_domain_low_shift(const hs_domain *domain, const hs_layer *layer) {
    size_t n = layer->n;
    double least = INFINITY;
    for (size_t i = 0; i < layer->m; i++) {
        double size, low = row_low(domain, layer->weight + i * n, n, &size) + layer->bias[i];
        size += fabs(layer->bias[i]);
        low -= ((double)n + 8.0) * 2.0 * DBL_EPSILON * size + (double)n * DBL_MIN;
        if (row_norm(layer->weight + i * n, n) > 0.0)
            least = fmin(least, low);
    }
    return least;
}

hs_domain hs_domain_recession(const hs_domain *domain, size_t n, double *bounds) {
    if (domain->kind == HS_DOMAIN_SPACE)
        return *domain;
    for (size_t j = 0; j < n; j++) {
        bounds[j] = isfinite(domain->lower[j]) ? 0.0 : -INFINITY;
        bounds[n + j] = isfinite(domain->upper[j]) ? 0.0 : INFINITY;
    }
    return (hs_domain){.kind = HS_DOMAIN_BOX, .lower = bounds, .upper = bounds + n};
}

static void append_axis(hs_polyhedron *polyhedron, size_t j, double sign, double bound) {
    double *row = polyhedron->a + polyhedron->rows * polyhedron->d;
    memset(row, 0, polyhedron->d * sizeof *row);
    row[j] = sign;
    polyhedron->size[polyhedron->rows] = 1.0;
    polyhedron->t[polyhedron->rows++] = bound;
}

void hs_domain_append_faces(const hs_domain *domain, hs_polyhedron *polyhedron) {
    for (size_t j = 0; j < polyhedron->d; j++) {
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            append_axis(polyhedron, j, -1.0, 0.0);
        if (domain->kind == HS_DOMAIN_BOX && isfinite(domain->lower[j]))
            append_axis(polyhedron, j, -1.0, -domain->lower[j]);
        if (domain->kind == HS_DOMAIN_BOX && isfinite(domain->upper[j]))
            append_axis(polyhedron, j, 1.0, domain->upper[j]);
    }
}
