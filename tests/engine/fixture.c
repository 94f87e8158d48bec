#include "engine/fixture.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDEST_BOX = 16 };

hs_domain ball(double radius) {
    return (hs_domain){.kind = HS_DOMAIN_BALL, .radius = radius};
}

hs_domain nonneg_ball(double radius) {
    return (hs_domain){.kind = HS_DOMAIN_NONNEG_BALL, .radius = radius};
}

hs_domain space(void) {
    return (hs_domain){.kind = HS_DOMAIN_SPACE};
}

hs_domain box(double lower, double upper) {
    static _Thread_local double lowers[WIDEST_BOX], uppers[WIDEST_BOX];
    for (int j = 0; j < WIDEST_BOX; j++) {
        lowers[j] = lower;
        uppers[j] = upper;
    }
    return (hs_domain){.kind = HS_DOMAIN_BOX, .lower = lowers, .upper = uppers};
}

hs_layer *layer_of(size_t m, size_t n, const double *weight, const double *bias) {
    hs_layer *layer;
    hs_error error;
    if (hs_layer_create(m, n, weight, bias, &layer, &error) != HS_OK)
        fail_msg("%s", error.message);
    return layer;
}

static hs_layer *draw(uint64_t *seed, size_t m, size_t n, double bias_size, bool integers) {
    double *weight = malloc(m * n * sizeof *weight), *bias = malloc(m * sizeof *bias);
    assert_non_null(weight);
    assert_non_null(bias);
    for (size_t k = 0; k < m * n; k++)
        weight[k] = integers ? (double)chance_below(seed, 5) - 2.0 : chance_normal(seed);
    for (size_t i = 0; i < m; i++)
        bias[i] =
            bias_size * (integers ? (double)chance_below(seed, 5) - 2.0 : chance_normal(seed));
    hs_layer *layer = layer_of(m, n, weight, bias_size > 0.0 ? bias : NULL);
    free(weight);
    free(bias);
    return layer;
}

hs_layer *random_layer(uint64_t *seed, size_t m, size_t n, double bias_size) {
    return draw(seed, m, n, bias_size, false);
}

hs_layer *integer_layer(uint64_t *seed, size_t m, size_t n, bool bias) {
    return draw(seed, m, n, bias ? 0.5 : 0.0, true);
}

hs_layer *first_rows(const hs_layer *layer, size_t m) {
    return layer_of(m, hs_layer_columns(layer), hs_layer_weight(layer), hs_layer_bias(layer));
}

const char *verdict_name(hs_verdict verdict) {
    static const char *const names[] = {"injective", "not injective", "undecided"};
    return names[verdict];
}

static double preactivation(const hs_layer *layer, size_t i, const double *x, double *size) {
    size_t n = hs_layer_columns(layer);
    const double *w = hs_layer_weight(layer) + i * n;
    double sum = hs_layer_bias(layer)[i];
    *size = fabs(sum);
    for (size_t j = 0; j < n; j++) {
        sum += w[j] * x[j];
        *size += fabs(w[j] * x[j]);
    }
    return sum;
}

static void assert_in_domain(const hs_domain *domain, size_t n, const double *x) {
    double square = 0.0;
    for (size_t j = 0; j < n; j++) {
        assert_true(isfinite(x[j]));
        if (domain->kind == HS_DOMAIN_BOX)
            assert_true(domain->lower[j] <= x[j] && x[j] <= domain->upper[j]);
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            assert_true(x[j] >= 0.0);
        double unit = x[j] / domain->radius;
        square += unit * unit;
    }
    if (domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL)
        assert_true(square <= 1.0 + 8.0 * (double)n * DBL_EPSILON);
}

static void assert_outputs_equal(const hs_layer *layer, const hs_witness *witness) {
    size_t m = hs_layer_rows(layer);
    double *left = malloc(2 * m * sizeof *left), *right = left + m, size;
    assert_non_null(left);
    hs_layer_apply(layer, witness->x, left);
    hs_layer_apply(layer, witness->y, right);
    for (size_t i = 0; i < m; i++) {
        double x = fmax(preactivation(layer, i, witness->x, &size), 0.0);
        assert_true(fabs(x - left[i]) <= 1e-12 * size);
        assert_true(fabs(left[i] - right[i]) <= 1e-12 * size);
        assert_true(fabs(left[i] - right[i]) <= 2.0 * witness->residual + 1e-12 * size);
    }
    free(left);
}

static void assert_active_rows(const hs_layer *layer, const hs_witness *witness) {
    size_t m = hs_layer_rows(layer), n = hs_layer_columns(layer), listed = 0;
    for (size_t i = 0; i < m; i++) {
        double size, value = preactivation(layer, i, witness->z, &size);
        bool active = listed < witness->active_count && witness->active[listed] == i;
        if (fabs(value) > 1e-12 * size)
            assert_int_equal(active, value > 0.0);
        listed += active;
        double along = 0.0, along_size = 0.0; /* w_i.(x - y), zero for active rows */
        for (size_t j = 0; active && j < n; j++) {
            along += hs_layer_weight(layer)[i * n + j] * (witness->x[j] - witness->y[j]);
            along_size += fabs(hs_layer_weight(layer)[i * n + j]) *
                          (fabs(witness->x[j]) + fabs(witness->y[j]));
        }
        assert_true(fabs(along) <= 1e-12 * along_size);
    }
    assert_int_equal(listed, witness->active_count);
}

static void assert_witness(const hs_layer *layer, const hs_domain *domain,
                           const hs_witness *witness) {
    size_t n = hs_layer_columns(layer);
    double square = 0.0, largest = 0.0;
    assert_true(witness->rank < n);
    assert_true(witness->rank <= witness->active_count);
    assert_in_domain(domain, n, witness->x);
    assert_in_domain(domain, n, witness->y);
    for (size_t j = 0; j < n; j++) {
        double middle = 0.5 * witness->x[j] + 0.5 * witness->y[j];
        largest = fmax(largest, fabs(witness->z[j]));
        square += (witness->x[j] - witness->y[j]) * (witness->x[j] - witness->y[j]);
        assert_true(fabs(middle - witness->z[j]) <=
                    4.0 * DBL_EPSILON * fmax(fabs(witness->x[j]), fabs(witness->y[j])));
    }
    assert_true(witness->separation > 0.0);
    assert_true(witness->separation > 100.0 * DBL_EPSILON * largest);
    if (square > 1e-280 && isfinite(square))
        assert_true(fabs(sqrt(square) - witness->separation) <= 1e-9 * witness->separation);
    assert_outputs_equal(layer, witness);
    assert_active_rows(layer, witness);
}

static void assert_bounds(const hs_layer *layer, const hs_result *result) {
    if (result->has_active_lower && result->has_active_upper)
        assert_true(result->active_lower <= result->active_upper);
    if (result->has_active_upper)
        assert_true(result->active_upper <= hs_layer_rows(layer));
    if (result->verdict == HS_INJECTIVE) {
        assert_true(result->has_active_lower);
        assert_true(result->active_lower >= hs_layer_columns(layer));
    }
}

hs_result *result_of(const hs_layer *layer, hs_domain domain, const hs_settings *settings) {
    hs_result *result;
    hs_error error;
    if (hs_check(layer, &domain, settings, &result, &error) != HS_OK)
        fail_msg("%s", error.message);
    assert_true(result->reason[0] != '\0');
    assert_true(result->seconds >= 0.0);
    assert_int_equal(result->witness != NULL, result->verdict == HS_NOT_INJECTIVE);
    if (result->witness != NULL)
        assert_witness(layer, &domain, result->witness);
    assert_bounds(layer, result);
    return result;
}

hs_verdict verdict_of(const hs_layer *layer, hs_domain domain, hs_engine_kind engine) {
    hs_settings settings = hs_settings_default();
    settings.engine = engine;
    hs_result *result = result_of(layer, domain, &settings);
    hs_verdict verdict = result->verdict;
    hs_result_free(result);
    return verdict;
}

void expect(hs_layer *layer, hs_domain domain, hs_verdict expected) {
    const hs_engine_kind engines[] = {HS_ENGINE_CELLS, HS_ENGINE_AUTO};
    for (int k = 0; k < 2; k++) {
        hs_settings settings = hs_settings_default();
        settings.engine = engines[k];
        hs_result *result = result_of(layer, domain, &settings);
        if (result->verdict != expected)
            fail_msg("%zu x %zu, %s: %s (%s), expected %s", hs_layer_rows(layer),
                     hs_layer_columns(layer), k == 0 ? "cells" : "auto",
                     verdict_name(result->verdict), result->reason, verdict_name(expected));
        hs_result_free(result);
    }
    hs_layer_free(layer);
}
