/* Critical radii and bias shifts known by hand, brackets held to independent verdicts. */
#include "engine/fixture.h"

#include <string.h>

static hs_radius_result *radius_of(const hs_layer *layer, hs_domain_kind kind,
                                   const hs_settings *settings) {
    hs_radius_result *result;
    hs_error error;
    if (hs_critical_radius(layer, kind, 0.0, settings, &result, &error) != HS_OK)
        fail_msg("%s", error.message);
    assert_true(result->lower <= result->upper);
    assert_true(result->reason[0] != '\0');
    return result;
}

static void expect_radius(size_t m, size_t n, const double *weight, const double *bias,
                          hs_domain_kind kind, double expected) {
    hs_layer *layer = layer_of(m, n, weight, bias);
    hs_radius_result *result = radius_of(layer, kind, NULL);
    assert_true(result->complete);
    assert_int_equal(result->everywhere, isinf(expected));
    if (isfinite(expected)) {
        assert_true(result->lower <= expected && expected <= result->upper);
        assert_true(result->upper - result->lower <= 1e-9 * result->upper);
    } else {
        assert_true(isinf(result->lower) && result->z == NULL);
    }
    hs_radius_result_free(result);
    hs_layer_free(layer);
}

static const double crelu[] = {1, 0, 0, 1, -1, 0, 0, -1};

static void without_bias_all_or_nothing(void **state) {
    (void)state;
    expect_radius(4, 2, crelu, NULL, HS_DOMAIN_BALL, INFINITY);
    expect_radius(3, 2, crelu, NULL, HS_DOMAIN_BALL, 0.0);
    expect_radius(2, 2, crelu, NULL, HS_DOMAIN_NONNEG_BALL, INFINITY);
}

static void radii_by_hand(void **state) {
    (void)state;
    const double up = 1, both[] = {1, -1}, one = 1, gap[] = {1, -3}, dead[] = {-1, -1};
    expect_radius(1, 1, &up, &one, HS_DOMAIN_BALL, 1.0);
    expect_radius(1, 1, &up, &one, HS_DOMAIN_NONNEG_BALL, INFINITY);
    expect_radius(2, 1, both, gap, HS_DOMAIN_BALL, 1.0);
    expect_radius(2, 1, both, dead, HS_DOMAIN_BALL, 0.0);
    const double apart[] = {1, 2, 1, -5}; /* nothing sees -5 < z_2 < -2 */
    expect_radius(4, 2, crelu, apart, HS_DOMAIN_BALL, 2.0);
    const double corner[] = {-3, -4, 0, 0, -4, -3, 1, 0, 0, 1};
    const double bias[] = {10, 10, 1, 1, 1};
    expect_radius(5, 2, corner, bias, HS_DOMAIN_NONNEG_BALL, INFINITY);
}

/* Where the radius is 0, the bad point is 0 itself, unless 0 is only a limit of them. */
static void a_radius_of_zero_has_its_point(void **state) {
    (void)state;
    const double up = 1, minus = -1, none = 0;
    for (int k = 0; k < 2; k++) {
        hs_layer *layer = layer_of(1, 1, &up, k == 0 ? &minus : &none);
        hs_radius_result *result = radius_of(layer, HS_DOMAIN_BALL, NULL);
        assert_true(result->complete && result->upper == 0.0);
        assert_int_equal(result->z != NULL, k == 0);
        assert_true(k == 1 || result->z[0] == 0.0);
        hs_radius_result_free(result);
        hs_layer_free(layer);
    }
}

/* The whole space does not use up what there is for balls. */
static void a_limit_is_left_for_balls(void **state) {
    (void)state;
    const hs_ensemble gaussian = {.kind = HS_ENSEMBLE_GAUSSIAN};
    hs_settings settings = hs_settings_default();
    hs_layer *layer = NULL;
    assert_int_equal(hs_layer_generate(120, 16, gaussian, gaussian, 1, &layer, NULL), HS_OK);
    settings.node_limit = 2000;
    hs_radius_result *result = radius_of(layer, HS_DOMAIN_BALL, &settings);
    assert_true(!result->complete);
    assert_true(result->lower >= 1.0);
    hs_radius_result_free(result);
    hs_layer_free(layer);
}

static void rows_through_the_origin(void **state) {
    (void)state;
    const double bias[] = {0, 0, 0, -1}; /* bad for z_1 > -1 ... z_2 < 0: arbitrarily near 0 */
    expect_radius(4, 2, crelu, bias, HS_DOMAIN_BALL, 0.0);
    const double helped[] = {0, 0, 0, 1}; /* 0 < z_2 < 1 is seen twice, nothing is lost */
    expect_radius(4, 2, crelu, helped, HS_DOMAIN_BALL, INFINITY);
}

/* The two verdicts that make up a bracket, asked of the reference engine. */
static void random_brackets_hold(void **state) {
    (void)state;
    uint64_t seed = 77;
    size_t finite = 0;
    for (int trial = 0; trial < 60; trial++) {
        size_t n = 2 + chance_below(&seed, 3), m = 4 * n + chance_below(&seed, 3 * n);
        hs_layer *layer = random_layer(&seed, m, n, 1.0);
        hs_domain_kind kind = trial % 3 == 0 ? HS_DOMAIN_NONNEG_BALL : HS_DOMAIN_BALL;
        hs_radius_result *result = radius_of(layer, kind, NULL);
        assert_true(result->complete);
        if (result->lower > 0.0 && !result->everywhere) {
            hs_domain inside = {.kind = kind, .radius = result->lower};
            hs_domain outside = {.kind = kind, .radius = 1.001 * result->upper};
            finite++;
            assert_int_equal(verdict_of(layer, inside, HS_ENGINE_CELLS), HS_INJECTIVE);
            assert_int_equal(verdict_of(layer, outside, HS_ENGINE_CELLS), HS_NOT_INJECTIVE);
        }
        hs_radius_result_free(result);
        hs_layer_free(layer);
    }
    assert_true(finite >= 10);
}

static void a_stopped_radius_has_bounds(void **state) {
    (void)state;
    uint64_t seed = 21;
    hs_layer *layer = random_layer(&seed, 50, 8, 0.5);
    hs_radius_result *whole = radius_of(layer, HS_DOMAIN_BALL, NULL);
    for (uint64_t limit = 1; limit < 3000; limit *= 7) {
        hs_settings settings = hs_settings_default();
        settings.node_limit = limit;
        hs_radius_result *part = radius_of(layer, HS_DOMAIN_BALL, &settings);
        assert_true(part->lower <= whole->upper && whole->lower <= part->upper);
        hs_radius_result_free(part);
    }
    hs_radius_result_free(whole);
    hs_layer_free(layer);
}

/* ---- bias ----------------------------------------------------------------------------------- */

static hs_bias_result *bias_of(const hs_layer *layer, hs_domain domain,
                               const hs_settings *settings) {
    hs_bias_result *result;
    hs_error error;
    if (hs_uniform_bias(layer, &domain, 0.0, settings, &result, &error) != HS_OK)
        fail_msg("%s", error.message);
    assert_true(result->reason[0] != '\0');
    return result;
}

/* expected: NAN when no shift helps. */
static void expect_shift(size_t m, size_t n, const double *weight, const double *bias,
                         hs_domain domain, double expected, bool omnidirectional) {
    hs_layer *layer = layer_of(m, n, weight, bias);
    hs_bias_result *result = bias_of(layer, domain, NULL);
    assert_true(result->complete);
    assert_int_equal(result->never, isnan(expected));
    assert_true(result->omnidirectional_known);
    assert_int_equal(result->omnidirectional, omnidirectional);
    if (!isnan(expected)) {
        assert_true(result->has_lower && result->has_upper);
        assert_true(result->lower <= expected && expected <= result->upper);
        assert_true(result->upper - result->lower <= 1.001e-9 * result->scale);
    }
    hs_bias_result_free(result);
    hs_layer_free(layer);
}

static void shifts_by_hand(void **state) {
    (void)state;
    const double up = 1, three = 3, level[] = {1, 1, -1, -1};
    expect_shift(4, 2, crelu, NULL, ball(1.0), 0.0, true);
    expect_shift(4, 2, crelu, NULL, space(), 0.0, true);
    expect_shift(4, 2, crelu, level, ball(5.0), 0.0, true); /* z_1 + 1 and -z_1 - 1 */
    expect_shift(2, 2, crelu, NULL, nonneg_ball(1.0), 0.0, false);
    expect_shift(1, 1, &up, &three, ball(2.0), 1.0, false);
    expect_shift(1, 1, &up, NULL, box(-1.0, 2.0), -1.0, false);
    expect_shift(1, 1, &up, &three, box(-1.0, INFINITY), 2.0, false);
}

/* Pre-activations whose terms overflow: up to 5e290 each of three pairs has an active row. */
static void a_shift_where_pre_activations_overflow(void **state) {
    (void)state;
    const double weight[] = {1e20, -1e20, -1e20, 1e20, 1, 0, -1, 0, 1, 1, -1, -1};
    const double bias[] = {5e290, 5e290, 6e290, 2e290, 9e290, 9e290};
    hs_layer *layer = layer_of(6, 2, weight, bias);
    hs_bias_result *result = bias_of(layer, space(), NULL);
    assert_true(!result->never);
    assert_true(!result->has_lower || result->lower <= 5e290);
    assert_true(!result->has_upper || result->upper >= 5e290);
    hs_bias_result_free(result);
    hs_layer_free(layer);
}

static void no_shift_helps(void **state) {
    (void)state;
    const double up = 1;
    expect_shift(1, 1, &up, NULL, space(), NAN, false);
    expect_shift(1, 2, crelu, NULL, ball(1.0), NAN, false);
    expect_shift(1, 1, &up, NULL, box(-INFINITY, 2.0), NAN, false);
}

static void around_the_origin_or_not(void **state) {
    (void)state;
    const double simplex[] = {1, 0, -1, 1, -1, -1}, flat[] = {1, 0, -1, 0, 0, 1};
    const double half[] = {1, 0, 0, 1, 1, 1};
    const hs_domain small = ball(0.5);
    const double *layers[] = {simplex, flat, half};
    for (int k = 0; k < 3; k++) {
        hs_layer *layer = layer_of(3, 2, layers[k], NULL);
        hs_bias_result *result = bias_of(layer, small, NULL);
        assert_true(result->omnidirectional_known);
        assert_int_equal(result->omnidirectional, k == 0);
        hs_bias_result_free(result);
        hs_layer_free(layer);
    }
}

static hs_layer *shifted(const hs_layer *layer, double t) {
    double bias[64];
    for (size_t i = 0; i < hs_layer_rows(layer); i++)
        bias[i] = hs_layer_bias(layer)[i] - t;
    return layer_of(hs_layer_rows(layer), hs_layer_columns(layer), hs_layer_weight(layer), bias);
}

static void random_shifts_hold(void **state) {
    (void)state;
    uint64_t seed = 31;
    for (int trial = 0; trial < 40; trial++) {
        size_t n = 2 + chance_below(&seed, 3), m = 3 * n + chance_below(&seed, 3 * n);
        hs_layer *layer = random_layer(&seed, m, n, 0.5);
        const hs_domain domains[] = {ball(1.5), nonneg_ball(1.0), box(-1.0, 0.5)};
        hs_bias_result *result = bias_of(layer, domains[trial % 3], NULL);
        assert_true(result->complete && result->has_lower && result->has_upper);
        hs_layer *below = shifted(layer, result->lower - 1e-12);
        hs_layer *above = shifted(layer, result->upper + 1e-3);
        assert_int_equal(verdict_of(below, domains[trial % 3], HS_ENGINE_CELLS), HS_INJECTIVE);
        assert_int_equal(verdict_of(above, domains[trial % 3], HS_ENGINE_CELLS), HS_NOT_INJECTIVE);
        hs_layer_free(below);
        hs_layer_free(above);
        hs_bias_result_free(result);
        hs_layer_free(layer);
    }
}

static bool at_once(void *data) {
    (void)data;
    return true;
}

static void an_interrupted_shift_has_bounds(void **state) {
    (void)state;
    uint64_t seed = 21;
    hs_layer *layer = random_layer(&seed, 50, 8, 0.5);
    hs_settings settings = hs_settings_default();
    settings.interrupted = at_once;
    hs_bias_result *whole = bias_of(layer, ball(1.0), NULL);
    hs_bias_result *part = bias_of(layer, ball(1.0), &settings);
    assert_false(part->complete);
    assert_true(!part->has_lower || part->lower <= whole->upper);
    assert_true(!part->has_upper || part->upper >= whole->lower);
    hs_bias_result_free(part);
    hs_bias_result_free(whole);
    hs_layer_free(layer);
}

static void arguments_are_checked(void **state) {
    (void)state;
    hs_error error;
    hs_radius_result *radius;
    hs_bias_result *bias;
    hs_layer *layer = layer_of(4, 2, crelu, NULL);
    const hs_domain negative = ball(-1.0), good = ball(1.0);
    assert_int_equal(hs_critical_radius(layer, HS_DOMAIN_SPACE, 0.0, NULL, &radius, &error),
                     HS_INVALID_ARGUMENT);
    assert_int_equal(hs_critical_radius(layer, HS_DOMAIN_BALL, 2.0, NULL, &radius, &error),
                     HS_INVALID_ARGUMENT);
    assert_int_equal(hs_uniform_bias(layer, &negative, 0.0, NULL, &bias, &error),
                     HS_INVALID_ARGUMENT);
    assert_int_equal(hs_uniform_bias(layer, &good, -1.0, NULL, &bias, &error), HS_INVALID_ARGUMENT);
    assert_null(radius);
    assert_null(bias);
    hs_radius_result_free(NULL);
    hs_bias_result_free(NULL);
    hs_layer_free(layer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_bias_all_or_nothing),
        cmocka_unit_test(radii_by_hand),
        cmocka_unit_test(rows_through_the_origin),
        cmocka_unit_test(a_radius_of_zero_has_its_point),
        cmocka_unit_test(a_limit_is_left_for_balls),
        cmocka_unit_test(random_brackets_hold),
        cmocka_unit_test(a_stopped_radius_has_bounds),
        cmocka_unit_test(shifts_by_hand),
        cmocka_unit_test(a_shift_where_pre_activations_overflow),
        cmocka_unit_test(no_shift_helps),
        cmocka_unit_test(around_the_origin_or_not),
        cmocka_unit_test(random_shifts_hold),
        cmocka_unit_test(an_interrupted_shift_has_bounds),
        cmocka_unit_test(arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
