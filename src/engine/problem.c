#include "engine/problem.h"

#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static hs_status check_domain(const hs_domain *domain, size_t n, hs_error *error) {
    switch (domain->kind) {
    case HS_DOMAIN_SPACE:
        return HS_OK;
    case HS_DOMAIN_BALL:
    case HS_DOMAIN_NONNEG_BALL:
        if (!isfinite(domain->radius) || !(domain->radius > 0.0))
            return hs_fail(error, HS_INVALID_ARGUMENT,
                           "the radius of the ball is %g, expected a positive finite number",
                           domain->radius);
        return HS_OK;
    case HS_DOMAIN_BOX:
        if (domain->lower == NULL || domain->upper == NULL)
            return hs_fail(error, HS_INVALID_ARGUMENT, "the box has no bounds");
        for (size_t j = 0; j < n; j++) {
            double lower = domain->lower[j], upper = domain->upper[j];
            if (!(lower < upper) || lower == INFINITY || upper == -INFINITY)
                return hs_fail(error, HS_INVALID_ARGUMENT,
                               "box, coordinate %zu: lower bound %g is not below upper bound %g",
                               j + 1, lower, upper);
        }
        return HS_OK;
    }
    return hs_fail(error, HS_INVALID_ARGUMENT, "unknown kind of domain %d", (int)domain->kind);
}

static bool box_surrounds_origin(const hs_domain *domain, size_t n) {
    for (size_t j = 0; j < n; j++)
        if (!(domain->lower[j] < 0.0 && domain->upper[j] > 0.0))
            return false;
    return true;
}

bool hs_scale_if_lossless(double *values, size_t count, int exponent) {
    double up = ldexp(1.0, exponent), down = ldexp(1.0, -exponent);
    bool plain = fpclassify(up) == FP_NORMAL && fpclassify(down) == FP_NORMAL, lossless = true;
    for (size_t j = 0; j < count && plain; j++) /* many times faster */
        lossless = lossless && values[j] * up * down == values[j];
    for (size_t j = 0; j < count && !plain; j++)
        lossless = lossless && ldexp(ldexp(values[j], exponent), -exponent) == values[j];
    for (size_t j = 0; j < count && lossless; j++)
        values[j] = plain ? values[j] * up : ldexp(values[j], exponent);
    return lossless;
}

int hs_largest_exponent(const double *values, size_t count) {
    double largest = 0.0;
    for (size_t j = 0; j < count; j++)
        largest = fabs(values[j]) > largest ? fabs(values[j]) : largest;
    int exponent = 0;
    if (largest > 0.0)
        frexp(largest, &exponent);
    return exponent;
}

/* (2^exponent w_i, b_i) times a power of two that brings its entries to at most 1. False when bits
 * would be lost; never with exponent 0, where the row is then kept as it is. */
static bool load_row(const hs_problem *problem, size_t i, double *row) {
    const hs_layer *layer = problem->layer;
    size_t n = problem->n;
    memcpy(row, layer->weight + i * n, n * sizeof *row);
    row[n] = layer->bias[i];
    if (problem->exponent == 0) {
        hs_scale_if_lossless(row, n + 1, -hs_largest_exponent(row, n + 1));
        return true;
    }
    int weight = hs_largest_exponent(row, n) + problem->exponent;
    int bias = row[n] != 0.0 ? hs_largest_exponent(row + n, 1) : weight;
    int shift = -(weight > bias ? weight : bias);
    return hs_scale_if_lossless(row, n, problem->exponent + shift) &&
           hs_scale_if_lossless(row + n, 1, shift);
}

static bool load_rows(hs_problem *problem, double *row) {
    size_t d = problem->n + (problem->homogenised ? 1 : 0);
    for (size_t i = 0; i < problem->m; i++) {
        if (!load_row(problem, i, row))
            return false;
        memcpy(problem->a + i * d, row, d * sizeof *row);
        if (problem->beta != NULL)
            problem->beta[i] = row[problem->n];
    }
    return true;
}

static void face(hs_problem *problem, size_t j, double value) {
    problem->a[(problem->m + problem->faces++) * problem->system.d + j] = value;
}

static void load_faces(hs_problem *problem) {
    size_t n = problem->n, d = problem->system.d;
    const hs_domain *domain = &problem->domain;
    if (problem->homogenised)
        face(problem, n, -1.0); /* tau > 0 */
    for (size_t j = 0; j < n && domain->kind == HS_DOMAIN_NONNEG_BALL; j++)
        face(problem, j, -1.0);
    for (size_t j = 0; j < n && domain->kind == HS_DOMAIN_BOX && problem->homogenised; j++) {
        double *row = problem->a + (problem->m + problem->faces) * d;
        if (isfinite(domain->lower[j])) { /* l tau - z < 0 */
            face(problem, j, -1.0);
            row[n] = domain->lower[j];
            hs_scale_if_lossless(row, d, -hs_largest_exponent(row, d));
        }
        row = problem->a + (problem->m + problem->faces) * d;
        if (isfinite(domain->upper[j])) { /* z - u tau < 0 */
            face(problem, j, 1.0);
            row[n] = -domain->upper[j];
            hs_scale_if_lossless(row, d, -hs_largest_exponent(row, d));
        }
    }
}

static bool row_is_zero(const double *row, size_t n) {
    for (size_t j = 0; j < n; j++)
        if (row[j] != 0.0)
            return false;
    return true;
}

hs_status hs_problem_create(const hs_layer *layer, const hs_domain *domain, hs_problem *problem,
                            hs_error *error) {
    size_t m = layer->m, n = layer->n;
    *problem = (hs_problem){.layer = layer, .domain = *domain, .m = m, .n = n};
    hs_status status = check_domain(domain, n, error);
    if (status != HS_OK)
        return status;
    bool ball = domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL;
    bool box = domain->kind == HS_DOMAIN_BOX;
    bool biased_ball = ball && !layer->zero_bias;
    problem->homogenised =
        !ball && (!layer->zero_bias || (box && !box_surrounds_origin(domain, n)));
    size_t d = n + (problem->homogenised ? 1 : 0);
    problem->zero_row = hs_allocate(m, sizeof *problem->zero_row);
    problem->a = hs_allocate_matrix(m + 2 * n + 1, d, sizeof *problem->a);
    problem->beta = biased_ball ? hs_allocate(m + 2 * n + 1, sizeof *problem->beta) : NULL;
    double *row = hs_allocate(n + 1, sizeof *row);
    if (problem->zero_row == NULL || problem->a == NULL || row == NULL ||
        (biased_ball && problem->beta == NULL)) {
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a problem of %zu x %zu", m, n);
        goto done;
    }
    if (biased_ball)
        frexp(domain->radius, &problem->exponent);
    if (!load_rows(problem, row)) {
        problem->exponent = 0;
        load_rows(problem, row);
    }
    for (size_t i = 0; i < m; i++)
        problem->zero_row[i] = row_is_zero(layer->weight + i * n, n);
    double radius = biased_ball ? ldexp(domain->radius, -problem->exponent) : INFINITY;
    problem->system =
        (hs_system){.d = d, .rows = m, .a = problem->a, .beta = problem->beta, .radius = radius};
    load_faces(problem);
    problem->system.rows = m + problem->faces;
done:
    free(row);
    if (status != HS_OK)
        hs_problem_clear(problem);
    return status;
}

hs_status hs_problem_of_rows(const hs_layer *layer, hs_problem *problem, hs_error *error) {
    size_t m = layer->m, n = layer->n;
    *problem = (hs_problem){.layer = layer, .domain = {.kind = HS_DOMAIN_SPACE}, .m = m, .n = n};
    problem->system = (hs_system){.d = n, .rows = m, .a = layer->weight, .radius = INFINITY};
    problem->zero_row = hs_allocate(m, sizeof *problem->zero_row);
    if (problem->zero_row == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a problem of %zu x %zu", m, n);
    for (size_t i = 0; i < m; i++)
        problem->zero_row[i] = row_is_zero(layer->weight + i * n, n);
    return HS_OK;
}

void hs_problem_clear(hs_problem *problem) {
    free(problem->a);
    free(problem->beta);
    free(problem->zero_row);
    *problem = (hs_problem){0};
}

/* A power of two, which changes no sign by rounding, that brings a point of a cone into the
 * interior of the bounded domain. */
static int fitting_exponent(const hs_domain *domain, size_t n, const double *z) {
    double largest = 0.0, square = 0.0, scale = INFINITY;
    for (size_t j = 0; j < n; j++)
        largest = fmax(largest, fabs(z[j]));
    if (!(largest > 0.0))
        return 0;
    for (size_t j = 0; j < n; j++)
        square += (z[j] / largest) * (z[j] / largest);
    if (domain->kind == HS_DOMAIN_BOX) {
        for (size_t j = 0; j < n; j++) {
            if (z[j] > 0.0)
                scale = fmin(scale, domain->upper[j] / z[j]);
            if (z[j] < 0.0)
                scale = fmin(scale, domain->lower[j] / z[j]);
        }
    } else if (domain->kind != HS_DOMAIN_SPACE) {
        scale = domain->radius / (largest * sqrt(square));
    }
    int exponent;
    frexp(isfinite(scale) ? 0.5 * scale : 1.0 / largest, &exponent);
    return exponent - 1;
}

void hs_problem_point(const hs_problem *problem, const double *u, double *z) {
    size_t n = problem->n;
    for (size_t j = 0; j < n; j++)
        z[j] = problem->homogenised ? u[j] / u[n] : ldexp(u[j], problem->exponent);
    if (problem->homogenised || problem->beta != NULL)
        return;
    int exponent = fitting_exponent(&problem->domain, n, z);
    for (size_t j = 0; j < n; j++)
        z[j] = ldexp(z[j], exponent);
}

bool hs_domain_contains(const hs_domain *domain, size_t n, const double *z, bool closed) {
    for (size_t j = 0; j < n; j++) {
        if (!isfinite(z[j]))
            return false;
        if (domain->kind == HS_DOMAIN_NONNEG_BALL && (z[j] < 0.0 || (z[j] == 0.0 && !closed)))
            return false;
        if (domain->kind == HS_DOMAIN_BOX) {
            bool inside = closed ? domain->lower[j] <= z[j] && z[j] <= domain->upper[j]
                                 : domain->lower[j] < z[j] && z[j] < domain->upper[j];
            if (!inside)
                return false;
        }
    }
    if (domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL)
        return hs_norm_below(z, n, domain->radius, closed);
    return true;
}
