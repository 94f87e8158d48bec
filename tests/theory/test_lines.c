#include "halfspan/halfspan.h"

#include "testing.h"

#include <math.h>
#include <string.h>

enum { LINES_MAX = 32 };

static void table_in_use_is_what_the_formulas_give(void **state) {
    (void)state;
    const hs_theory_line *known;
    hs_theory_line lines[LINES_MAX];
    size_t count;
    hs_error error;
    hs_theory_lines(&known, &count);
    assert_true(count <= LINES_MAX);
    const hs_theory_settings quick = {.levels_only = true};
    assert_int_equal(hs_theory_lines_compute(&quick, lines, &error), HS_OK);
    for (size_t i = 0; i < count; i++) {
        double tolerance = strcmp(known[i].name, "full-rsb") == 0 ? 1e-7 : 1e-9;
        assert_string_equal(known[i].name, lines[i].name);
        assert_float_equal(known[i].alpha, lines[i].alpha, tolerance);
    }
}

static void lines_agree_with_what_was_published(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double alpha, tolerance;
    } published[] = {{"almeida-thouless", 5.3, 0.05}, {"full-rsb", 6.698, 5e-4},
                     {"level-1", 7.6477, 5e-5},       {"level-2", 6.7157, 5e-5},
                     {"level-3", 6.7004, 5e-5},       {"euler", 8.34, 0.01},
                     {"first-moment", 9.09, 0.005}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        const hs_theory_line *line = hs_theory_line_find(published[i].name);
        assert_non_null(line);
        assert_float_equal(line->alpha, published[i].alpha, published[i].tolerance);
    }
    assert_null(hs_theory_line_find("level-99"));
}

static void lines_ascend_and_are_documented(void **state) {
    (void)state;
    const hs_theory_line *lines;
    size_t count;
    hs_theory_lines(&lines, &count);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || lines[i].alpha > lines[i - 1].alpha);
        assert_true(strlen(lines[i].title) > 0 && strlen(lines[i].meaning) > 0);
        assert_true(strlen(lines[i].source) > 0);
        assert_string_not_equal(hs_theory_status_name(lines[i].status), "unknown");
    }
}

static void prediction_changes_at_the_lines(void **state) {
    (void)state;
    assert_int_equal(hs_theory_regime_at(2.9), HS_THEORY_NEVER_INJECTIVE);
    assert_int_equal(hs_theory_regime_at(3.2), HS_THEORY_NOT_INJECTIVE);
    assert_int_equal(hs_theory_regime_at(6.69), HS_THEORY_LIKELY_NOT);
    assert_int_equal(hs_theory_regime_at(6.70), HS_THEORY_LIKELY_INJECTIVE);
    assert_int_equal(hs_theory_regime_at(7.65), HS_THEORY_INJECTIVE);
    assert_non_null(strstr(hs_theory_prediction(7.65), "proved"));
    assert_non_null(strstr(hs_theory_prediction(5.0), "expected not injective"));
}

static void almeida_thouless_point_solves_its_equations(void **state) {
    (void)state;
    hs_theory_at_point point;
    hs_error error;
    assert_int_equal(hs_theory_at_point_compute(&point, &error), HS_OK);
    assert_true(point.residual < 1e-12);
    assert_true(point.q > 0.0 && point.q < 1.0 && point.beta > 0.0);
    assert_float_equal(point.alpha, hs_theory_line_find("almeida-thouless")->alpha, 1e-8);
}

/* The sums themselves, term by term in long double. */
static double first_moment_directly(size_t m, size_t n) {
    long double first = 0.0L, second = 0.0L, binomial = 1.0L;
    for (size_t j = 0; j < n && j <= m - 1; j++) {
        first += binomial;
        binomial = binomial * (long double)(m - 1 - j) / (long double)(j + 1);
    }
    binomial = 1.0L;
    for (size_t j = 0; j < n && j <= m; j++) {
        second += binomial;
        binomial = binomial * (long double)(m - j) / (long double)(j + 1);
    }
    return (double)(logl(first) + logl(second) - (long double)(m - 1) * logl(2.0L));
}

static void first_moment_is_the_sum_it_stands_for(void **state) {
    (void)state;
    for (size_t n = 1; n < 12; n++)
        for (size_t m = 1; m < 90; m++)
            assert_float_equal(hs_theory_first_moment_log(m, n), first_moment_directly(m, n),
                               1e-11);
    /* n = 1: a sign is bad when no row is active at it, two signs, chance 2^-m each */
    assert_float_equal(hs_theory_first_moment_log(10, 1), -9.0 * log(2.0), 1e-12);
}

static void first_moment_stays_finite_far_beyond_overflow(void **state) {
    (void)state;
    double below = hs_theory_first_moment_log(90000000, 10000000);
    double above = hs_theory_first_moment_log(92000000, 10000000);
    assert_true(isfinite(below) && isfinite(above));
    assert_true(below > 0.0 && above < 0.0);
    /* fewer rows than columns: every one of the 2^m cells is bad */
    assert_float_equal(hs_theory_first_moment_log(5, 100), 5.0 * log(2.0), 1e-12);
}

static void general_position_bound_is_three_minus_two_over_n(void **state) {
    (void)state;
    assert_float_equal(hs_theory_general_position_bound(1), 1.0, 0.0);
    assert_float_equal(hs_theory_general_position_bound(8), 2.75, 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_in_use_is_what_the_formulas_give),
        cmocka_unit_test(lines_agree_with_what_was_published),
        cmocka_unit_test(lines_ascend_and_are_documented),
        cmocka_unit_test(prediction_changes_at_the_lines),
        cmocka_unit_test(almeida_thouless_point_solves_its_equations),
        cmocka_unit_test(first_moment_is_the_sum_it_stands_for),
        cmocka_unit_test(first_moment_stays_finite_far_beyond_overflow),
        cmocka_unit_test(general_position_bound_is_three_minus_two_over_n),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
