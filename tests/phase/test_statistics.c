/* Intervals, thresholds, fits. */
#include "phase/extrapolation.h"
#include "phase/statistics.h"
#include "support/allocate.h"
#include "testing.h"

#include <math.h>
#include <stdlib.h>

/* ---- Clopper-Pearson ------------------------------------------------------------------------ */

/* P(X <= k) for X ~ Binomial(n, p), summed term by term. */
static double binomial(size_t k, size_t n, double p) {
    double sum = 0.0;
    for (size_t j = 0; j <= k; j++) {
        double term = lgamma((double)n + 1.0) - lgamma((double)j + 1.0) -
                      lgamma((double)(n - j) + 1.0) + (double)j * log(p) +
                      (double)(n - j) * log1p(-p);
        sum += exp(term);
    }
    return sum;
}

static void interval_has_its_tails(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 5, 30, 200, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t k = 0; k <= sizes[s]; k += 1 + sizes[s] / 9) {
            double low, high;
            hs_proportion_interval(k, k, sizes[s], &low, &high);
            assert_true(0.0 <= low && low < high && high <= 1.0);
            if (k > 0)
                assert_float_equal(1.0 - binomial(k - 1, sizes[s], low), 0.025, 1e-9);
            if (k < sizes[s])
                assert_float_equal(binomial(k, sizes[s], high), 0.025, 1e-9);
        }
}

static void interval_at_the_ends(void **state) {
    (void)state;
    double low, high;
    hs_proportion_interval(0, 0, 10, &low, &high);
    assert_true(low == 0.0);
    assert_float_equal(high, 1.0 - pow(0.025, 0.1), 1e-12);
    hs_proportion_interval(10, 10, 10, &low, &high);
    assert_true(high == 1.0);
    assert_float_equal(low, pow(0.025, 0.1), 1e-12);
    hs_proportion_interval(0, 0, 0, &low, &high);
    assert_true(low == 0.0 && high == 1.0);
}

static void unknown_successes_count_both_ways(void **state) {
    (void)state;
    double low, high, least, most, unused;
    hs_proportion_interval(3, 7, 20, &low, &high);
    hs_proportion_interval(3, 3, 20, &least, &unused);
    hs_proportion_interval(7, 7, 20, &unused, &most);
    assert_true(low == least && high == most);
    hs_proportion_interval(0, 20, 20, &low, &high);
    assert_true(low == 0.0 && high == 1.0);
}

static void interval_survives_large_numbers(void **state) {
    (void)state;
    double low, high;
    for (size_t n = 1; n < 20000000; n = 2 * n + 1)
        for (size_t k = 0; k <= n; k += 1 + n / 5) {
            hs_proportion_interval(k, k, n, &low, &high);
            double rate = (double)k / (double)n;
            assert_true(low <= rate && rate <= high && isfinite(low) && isfinite(high));
        }
}

/* ---- points --------------------------------------------------------------------------------- */

enum { N = 10 };

static hs_bracket closed(size_t width) {
    return (hs_bracket){.lower = width - 1, .upper = width, .started = true};
}

static void make(const hs_phase_size *size, const hs_bracket *brackets, size_t count,
                 hs_point *point) {
    hs_error error;
    assert_int_equal(hs_point_make(size, brackets, count, 1, point, &error), HS_OK);
}

static void curve_counts_widths(void **state) {
    (void)state;
    const hs_phase_size size = {.n = N};
    const hs_bracket brackets[] = {closed(50), closed(52), closed(52), closed(55), {0}};
    hs_point point;
    make(&size, brackets, 5, &point);
    assert_int_equal(point.trials, 4);
    assert_int_equal(point.undecided, 0);
    assert_int_equal(point.curve_count, 7);
    static const size_t injective[] = {0, 1, 1, 3, 3, 3, 4};
    for (size_t k = 0; k < 7; k++) {
        assert_int_equal(point.curve[k].m, 49 + k);
        assert_int_equal(point.curve[k].injective, injective[k]);
        assert_int_equal(point.curve[k].not_injective, 4 - injective[k]);
    }
    assert_float_equal(point.mean.value, (50 + 52 + 52 + 55) / 40.0, 1e-12);
    assert_float_equal(point.sd, sqrt((2.25 * 2.25 + 2 * 0.25 * 0.25 + 2.75 * 2.75) / 3) / N,
                       1e-12);
    assert_float_equal(point.alpha_50.value, 5.15, 1e-12); /* from 1/4 at 51 to 3/4 at 52 */
    hs_point_clear(&point);
}

static void undecided_widens_every_interval(void **state) {
    (void)state;
    const hs_phase_size size = {.n = N};
    hs_bracket brackets[40];
    hs_point sharp, vague;
    for (size_t k = 0; k < 40; k++)
        brackets[k] = closed(50 + k % 10);
    make(&size, brackets, 40, &sharp);
    brackets[0].upper = SIZE_MAX; /* 50: still open above */
    brackets[9].lower = 40;       /* 59: still open below */
    make(&size, brackets, 40, &vague);
    assert_int_equal(vague.undecided, 2);
    assert_true(vague.alpha_50.low <= sharp.alpha_50.low);
    assert_true(vague.alpha_50.high >= sharp.alpha_50.high);
    assert_true(isnan(vague.mean.value) && isnan(vague.mean.high) && isnan(vague.sd));
    assert_true(vague.mean.low < sharp.mean.low);
    for (size_t k = 0; k < vague.curve_count; k++) {
        const hs_curve_point *at = &vague.curve[k];
        assert_int_equal(at->injective + at->not_injective + at->undecided, 40);
        for (size_t i = 0; i < sharp.curve_count; i++)
            if (sharp.curve[i].m == at->m)
                assert_true(at->low <= sharp.curve[i].low && at->high >= sharp.curve[i].high);
    }
    hs_point_clear(&sharp);
    hs_point_clear(&vague);
}

static void grid_decides_its_own_widths_only(void **state) {
    (void)state;
    static const size_t widths[] = {40, 50, 60};
    const hs_phase_size size = {.n = N, .grid = widths, .grid_count = 3};
    const hs_bracket brackets[] = {
        {.lower = 40, .upper = 50, .started = true},       /* all three known */
        {.lower = 40, .upper = 60, .started = true},       /* 50 open */
        {.lower = 60, .upper = SIZE_MAX, .started = true}, /* never */
        {.lower = 9, .upper = SIZE_MAX, .started = true}}; /* nothing known */
    hs_point point;
    make(&size, brackets, 4, &point);
    assert_int_equal(point.undecided, 2);
    static const size_t expected[3][3] = {{0, 3, 1}, {1, 1, 2}, {2, 1, 1}};
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(point.curve[k].injective, expected[k][0]);
        assert_int_equal(point.curve[k].not_injective, expected[k][1]);
        assert_int_equal(point.curve[k].undecided, expected[k][2]);
    }
    hs_point_clear(&point);
}

static void bound_is_a_width_with_a_majority(void **state) {
    (void)state;
    static const size_t widths[] = {40, 50, 60, 70};
    const hs_phase_size size = {.n = N, .grid = widths, .grid_count = 4};
    hs_bracket brackets[20];
    hs_point point;
    for (size_t k = 0; k < 20; k++) { /* 20, 18, 12 and 3 of 20 are not injective */
        size_t lower = k < 2 ? 40 : k < 8 ? 50 : k < 17 ? 60 : 70;
        brackets[k] = (hs_bracket){.lower = lower, .upper = SIZE_MAX, .started = true};
    }
    make(&size, brackets, 20, &point);
    hs_point_bound_only(&point);
    assert_true(point.alpha_50.low == 5.0); /* 12 of 20 could be chance */
    assert_true(isnan(point.alpha_50.value) && isnan(point.mean.low));
    hs_point_clear(&point);
    for (size_t k = 0; k < 20; k++)
        brackets[k].lower = 9;
    make(&size, brackets, 20, &point);
    hs_point_bound_only(&point);
    assert_true(isnan(point.alpha_50.low));
    hs_point_clear(&point);
}

static void one_trial_has_no_interval(void **state) {
    (void)state;
    const hs_phase_size size = {.n = N};
    const hs_bracket bracket = closed(50);
    hs_point point;
    make(&size, &bracket, 1, &point);
    assert_true(point.mean.value == 5.0 && isnan(point.mean.low) && isnan(point.mean.high));
    assert_true(isfinite(point.alpha_50.value) && isnan(point.alpha_50.low) && isnan(point.sd));
    hs_point_clear(&point);
}

static void nothing_started_is_nothing_known(void **state) {
    (void)state;
    const hs_phase_size size = {.n = N};
    const hs_bracket brackets[2] = {0};
    hs_point point;
    make(&size, brackets, 2, &point);
    assert_int_equal(point.trials, 0);
    assert_int_equal(point.curve_count, 0);
    assert_true(isnan(point.alpha_50.value) && isnan(point.mean.value));
    hs_point_clear(&point);
}

/* A rounded normal variable has its median at the centre less half a step: P(m* <= m) is read at
 * whole m. In repeated experiments the interval must contain it nearly always. */
static void threshold_interval_covers(void **state) {
    (void)state;
    const hs_phase_size size = {.n = N};
    uint64_t chance_state = 3;
    hs_bracket brackets[200];
    int hits = 0;
    for (int experiment = 0; experiment < 40; experiment++) {
        hs_point point;
        for (size_t k = 0; k < 200; k++)
            brackets[k] = closed((size_t)ceil(57.3 + 5.0 * chance_normal(&chance_state)));
        make(&size, brackets, 200, &point);
        hits += point.alpha_50.low <= 5.73 && 5.73 <= point.alpha_50.high;
        assert_true(fabs(point.alpha_50.value - 5.73) < 0.2);
        assert_true(fabs(point.width.value - 2.563 * 0.5) < 0.3);
        assert_true(fabs(point.sd - 0.5) < 0.1);
        hs_point_clear(&point);
    }
    assert_true(hits >= 34);
}

/* ---- extrapolation -------------------------------------------------------------------------- */

/* Points on a + c n^-w with an error of about `noise`. */
static void make_curve(hs_point *points, size_t count, double a, double c, double w, double noise) {
    uint64_t chance_state = 17;
    for (size_t k = 0; k < count; k++) {
        size_t n = 4 + 2 * k;
        double value = a + c * pow((double)n, -w) + noise * chance_normal(&chance_state);
        points[k] = (hs_point){.n = n, .alpha_50 = {value, value, value}, .error_50 = noise};
        points[k].resampled_50 = hs_allocate(HS_RESAMPLES, sizeof(double));
        assert_non_null(points[k].resampled_50);
        for (size_t r = 0; r < HS_RESAMPLES; r++)
            points[k].resampled_50[r] = value + noise * chance_normal(&chance_state);
    }
}

static void clear_curve(hs_point *points, size_t count) {
    for (size_t k = 0; k < count; k++)
        hs_point_clear(&points[k]);
}

static void fit_recovers_parameters(void **state) {
    (void)state;
    static const double exponents[] = {0.4, 2.0 / 3.0, 1.0, 1.7};
    hs_error error;
    for (size_t e = 0; e < 4; e++) {
        hs_point points[8];
        hs_extrapolation fit;
        make_curve(points, 8, 6.7, -4.0, exponents[e], 1e-7);
        assert_int_equal(hs_extrapolate_widths(points, 8, 0, HS_FIT_FREE, &fit, &error), HS_OK);
        assert_true(fit.known && !fit.exponent_at_end);
        assert_float_equal(fit.alpha.value, 6.7, 1e-4);
        assert_float_equal(fit.exponent.value, exponents[e], 1e-4);
        assert_float_equal(fit.coefficient, -4.0, 1e-3);
        assert_int_equal(fit.freedom, 5);
        clear_curve(points, 8);
    }
}

static void fit_intervals_contain_the_truth(void **state) {
    (void)state;
    hs_point points[8];
    hs_extrapolation free_fit, fixed_fit, tail;
    hs_error error;
    make_curve(points, 8, 6.7, -4.0, HS_EXPONENT_THEORY, 0.01);
    assert_int_equal(hs_extrapolate_widths(points, 8, 0, HS_FIT_FREE, &free_fit, &error), HS_OK);
    assert_int_equal(hs_extrapolate_widths(points, 8, 0, HS_FIT_FIXED, &fixed_fit, &error), HS_OK);
    assert_true(free_fit.alpha.low < 6.7 && 6.7 < free_fit.alpha.high);
    assert_true(fixed_fit.alpha.low < 6.7 && 6.7 < fixed_fit.alpha.high);
    assert_true(free_fit.exponent.low < HS_EXPONENT_THEORY &&
                HS_EXPONENT_THEORY < free_fit.exponent.high);
    /* A fixed exponent is worth something. */
    assert_true(fixed_fit.alpha.high - fixed_fit.alpha.low <
                free_fit.alpha.high - free_fit.alpha.low);
    assert_true(fixed_fit.probability > 0.001);
    assert_int_equal(hs_extrapolate_widths(points, 8, 6, HS_FIT_FREE, &tail, &error), HS_OK);
    assert_int_equal(tail.sizes, 7);
    assert_int_equal(tail.smallest, 6);
    clear_curve(points, 8);
}

static void correction_is_recovered(void **state) {
    (void)state;
    hs_point points[8];
    hs_extrapolation fit;
    hs_error error;
    make_curve(points, 8, 6.7, -4.0, HS_EXPONENT_THEORY, 1e-7);
    for (size_t k = 0; k < 8; k++) {
        points[k].alpha_50.value += 1.5 / (double)points[k].n;
        for (size_t r = 0; r < HS_RESAMPLES; r++)
            points[k].resampled_50[r] += 1.5 / (double)points[k].n;
    }
    assert_int_equal(hs_extrapolate_widths(points, 8, 0, HS_FIT_CORRECTED, &fit, &error), HS_OK);
    assert_true(fit.known);
    assert_float_equal(fit.alpha.value, 6.7, 1e-5);
    assert_float_equal(fit.coefficient, -4.0, 1e-4);
    assert_float_equal(fit.correction, 1.5, 1e-4);
    assert_true(fit.alpha.low <= fit.alpha.value && fit.alpha.value <= fit.alpha.high);
    assert_int_equal(fit.freedom, 5);
    clear_curve(points, 8);
}

static void wrong_exponent_is_noticed(void **state) {
    (void)state;
    hs_point points[8];
    hs_extrapolation fit;
    hs_error error;
    make_curve(points, 8, 6.7, -4.0, 1.6, 0.003);
    assert_int_equal(hs_extrapolate_widths(points, 8, 0, HS_FIT_FIXED, &fit, &error), HS_OK);
    assert_true(fit.probability < 1e-6);
    clear_curve(points, 8);
}

static void too_few_sizes_are_not_fitted(void **state) {
    (void)state;
    hs_point points[3];
    hs_extrapolation fit;
    hs_error error;
    make_curve(points, 3, 6.7, -4.0, 1.0, 0.01);
    points[1].alpha_50.value = NAN;
    assert_int_equal(hs_extrapolate_widths(points, 3, 0, HS_FIT_FREE, &fit, &error), HS_OK);
    assert_false(fit.known);
    assert_true(isnan(fit.alpha.value));
    assert_int_equal(hs_extrapolate_widths(points, 3, 0, HS_FIT_FIXED, &fit, &error), HS_OK);
    assert_true(fit.known);
    assert_int_equal(fit.sizes, 2);
    assert_true(isnan(fit.probability));
    clear_curve(points, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interval_has_its_tails),
        cmocka_unit_test(interval_at_the_ends),
        cmocka_unit_test(unknown_successes_count_both_ways),
        cmocka_unit_test(interval_survives_large_numbers),
        cmocka_unit_test(curve_counts_widths),
        cmocka_unit_test(undecided_widens_every_interval),
        cmocka_unit_test(grid_decides_its_own_widths_only),
        cmocka_unit_test(bound_is_a_width_with_a_majority),
        cmocka_unit_test(one_trial_has_no_interval),
        cmocka_unit_test(nothing_started_is_nothing_known),
        cmocka_unit_test(threshold_interval_covers),
        cmocka_unit_test(fit_recovers_parameters),
        cmocka_unit_test(fit_intervals_contain_the_truth),
        cmocka_unit_test(correction_is_recovered),
        cmocka_unit_test(wrong_exponent_is_noticed),
        cmocka_unit_test(too_few_sizes_are_not_fitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
