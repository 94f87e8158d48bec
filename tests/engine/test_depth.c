/* Halfspace depths known by hand, bounds of runs that are stopped, bad data. */
#include "engine/fixture.h"

#include <stdlib.h>

static hs_depth_result *depth_of(const double *points, size_t k, size_t n, const double *q,
                                 const hs_settings *settings) {
    hs_depth_result *result;
    hs_error error;
    if (hs_depth(points, k, n, q, settings, &result, &error) != HS_OK)
        fail_msg("%s", error.message);
    assert_true(result->lower <= result->upper && result->upper <= k);
    assert_true(result->reason[0] != '\0');
    return result;
}

static void expect_depth(const double *points, size_t k, size_t n, const double *q,
                         size_t expected) {
    hs_depth_result *result = depth_of(points, k, n, q, NULL);
    assert_true(result->complete);
    assert_int_equal(result->lower, expected);
    assert_int_equal(result->upper, expected);
    assert_int_equal(result->arithmetic, HS_ARITHMETIC_EXACT);
    size_t counted = 0;
    for (size_t i = 0; i < k; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < n; j++)
            sum += result->direction[j] * (points[i * n + j] - q[j]);
        counted += sum >= 0.0;
    }
    assert_int_equal(counted, expected); /* these data leave room for rounding */
    hs_depth_result_free(result);
}

static void on_a_line_it_is_the_smaller_rank(void **state) {
    (void)state;
    const double points[] = {5, 1, 4, 2, 3};
    const size_t expected[] = {0, 1, 2, 3, 2, 1, 0};
    for (size_t at = 0; at < 7; at++) {
        const double q = (double)at;
        expect_depth(points, 5, 1, &q, expected[at]);
    }
    const double between = 2.5;
    expect_depth(points, 5, 1, &between, 2);
}

static void of_a_square(void **state) {
    (void)state;
    const double points[] = {1, 1, 1, -1, -1, 1, -1, -1};
    const double centre[] = {0, 0}, edge[] = {1, 0}, off_diagonal[] = {0.5, 0.25};
    const double corner[] = {1, 1}, outside[] = {1, 2};
    expect_depth(points, 4, 2, centre, 2);
    expect_depth(points, 4, 2, edge, 1);
    expect_depth(points, 4, 2, off_diagonal, 1);
    expect_depth(points, 4, 2, corner, 1);
    expect_depth(points, 4, 2, outside, 0);
}

static void points_equal_to_q_always_count(void **state) {
    (void)state;
    const double points[] = {2, 3, 2, 3, 2, 3};
    const double q[] = {2, 3}, other[] = {2, 4};
    expect_depth(points, 3, 2, q, 3);
    expect_depth(points, 3, 2, other, 0);
    const double mixed[] = {0, 0, 0, 0, 1, 1, -1, -1};
    const double origin[] = {0, 0};
    expect_depth(mixed, 4, 2, origin, 3);
}

static void of_dependent_points(void **state) {
    (void)state;
    const double line[] = {-2, -2, -2, -1, -1, -1, 0, 0, 0, 1, 1, 1, 2, 2, 2};
    const double on[] = {1, 1, 1}, off[] = {0, 0, 1};
    expect_depth(line, 5, 3, on, 2);
    expect_depth(line, 5, 3, off, 0);
    const double few[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const double origin[] = {0, 0, 0, 0};
    expect_depth(few, 2, 4, origin, 0);
}

static void of_a_cross_polytope(void **state) {
    (void)state;
    enum { N = 7 };
    double points[2 * N * N] = {0}, origin[N] = {0};
    for (size_t j = 0; j < N; j++) {
        points[2 * j * N + j] = 1.0;
        points[(2 * j + 1) * N + j] = -1.0;
    }
    expect_depth(points, 2 * N, N, origin, N);
}

/* x - q is not a double here: the rows (-1 + e, 1) and (1, -1) would be opposite after rounding. */
static void differences_are_not_rounded(void **state) {
    (void)state;
    const double points[] = {0x1p-60, 1, 2, -1, 0, 0}, q[] = {1, 0};
    hs_depth_result *result = depth_of(points, 3, 2, q, NULL);
    assert_true(result->complete);
    assert_int_equal(result->upper, 1); /* 0 = first + second + e third */
    hs_depth_result_free(result);

    const double other[] = {0x1p-60, 1, 2,
                            -1,      2, 0}; /* depth 0, but no double direction shows it */
    result = depth_of(other, 3, 2, q, NULL);
    assert_int_equal(result->lower, 0);
    assert_true(!result->complete || result->upper == 0);
    hs_depth_result_free(result);
}

static double *random_points(uint64_t *seed, size_t k, size_t n) {
    double *points = malloc(k * n * sizeof *points);
    assert_non_null(points);
    for (size_t i = 0; i < k * n; i++)
        points[i] = chance_normal(seed);
    return points;
}

static void the_number_of_threads_does_not_matter(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (size_t trial = 0; trial < 20; trial++) {
        size_t k = 20 + chance_below(&seed, 20), n = 2 + chance_below(&seed, 4);
        double *points = random_points(&seed, k, n), *q = random_points(&seed, 1, n);
        for (size_t j = 0; j < n; j++)
            q[j] *= 0.2;
        size_t found[3];
        for (unsigned threads = 1; threads <= 3; threads++) {
            hs_settings settings = hs_settings_default();
            settings.threads = threads;
            hs_depth_result *result = depth_of(points, k, n, q, &settings);
            assert_true(result->complete);
            found[threads - 1] = result->upper;
            hs_depth_result_free(result);
        }
        assert_int_equal(found[0], found[1]);
        assert_int_equal(found[0], found[2]);
        free(points);
        free(q);
    }
}

static void a_stopped_run_has_bounds(void **state) {
    (void)state;
    uint64_t seed = 9;
    const double origin[8] = {0};
    double *points = random_points(&seed, 60, 8);
    hs_depth_result *whole = depth_of(points, 60, 8, origin, NULL);
    assert_true(whole->complete);
    hs_settings settings = hs_settings_default();
    settings.node_limit = 5;
    hs_depth_result *part = depth_of(points, 60, 8, origin, &settings);
    assert_false(part->complete);
    assert_true(part->lower >= 1);
    assert_true(part->lower <= whole->upper && whole->upper <= part->upper);
    hs_depth_result_free(part);
    hs_depth_result_free(whole);
    free(points);
}

/* Decimals are not collinear or symmetric as doubles: cells of the fewest points may hold no
 * double, which is no reason not to know how many points that are. */
static void cells_that_hold_no_double_count(void **state) {
    (void)state;
    const double square[] = {0.4, 0.6, 1.4, 0.2, 1.2, 0.7, 0.6, 0.1}, centre[] = {0.9, 0.4};
    expect_depth(square, 4, 2, centre, 1);
    const size_t expected[] = {1, 2, 1, 1, 2, 3, 3, 2, 1, 1, 1};
    double line[22];
    for (size_t i = 0; i < 11; i++) {
        line[2 * i] = (double)i / 10.0;
        line[2 * i + 1] = (double)(2 * i + 3) / 10.0;
    }
    for (size_t i = 0; i < 11; i++) {
        hs_depth_result *result = depth_of(line, 11, 2, line + 2 * i, NULL);
        assert_true(result->complete);
        assert_int_equal(result->upper, expected[i]);
        hs_depth_result_free(result);
    }
    const double thin[] = {-1, 0, -1, 1, 1,  -1, 1,  1, 1,  -1, -1, 1,  -1, -1,
                           1,  1, 1,  0, -1, 1,  -1, 0, -1, -1, -1, -1, 1};
    const double near[] = {1e-17, -2e-17, 0};
    hs_depth_result *result = depth_of(thin, 9, 3, near, NULL);
    assert_true(result->complete);
    assert_int_equal(result->upper, 1);
    assert_int_equal(result->shown, 1); /* in a direction of small integers */
    hs_depth_result_free(result);
}

static void differences_beyond_the_range(void **state) {
    (void)state;
    const double points[] = {1.7e308, -1.7e308, 0};
    const size_t expected[] = {1, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        hs_depth_result *result = depth_of(points, 3, 1, points + i, NULL);
        assert_true(result->complete);
        assert_int_equal(result->upper, expected[i]);
        hs_depth_result_free(result);
    }
}

static void bad_data_is_refused(void **state) {
    (void)state;
    hs_depth_result *result;
    hs_error error;
    const double points[] = {1, INFINITY}, good[] = {1, 2}, none[] = {NAN};
    const double far[] = {-1.7e308, 5e-324}, q[] = {1.7e308, 0};
    assert_int_equal(hs_depth(points, 2, 1, good, NULL, &result, &error), HS_BAD_DATA);
    assert_int_equal(hs_depth(good, 2, 1, none, NULL, &result, &error), HS_BAD_DATA);
    assert_int_equal(hs_depth(far, 1, 2, q, NULL, &result, &error), HS_BAD_DATA);
    assert_int_equal(hs_depth(good, 0, 1, good, NULL, &result, &error), HS_INVALID_ARGUMENT);
    assert_null(result);
    hs_depth_result_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_line_it_is_the_smaller_rank),
        cmocka_unit_test(of_a_square),
        cmocka_unit_test(points_equal_to_q_always_count),
        cmocka_unit_test(of_dependent_points),
        cmocka_unit_test(of_a_cross_polytope),
        cmocka_unit_test(differences_are_not_rounded),
        cmocka_unit_test(the_number_of_threads_does_not_matter),
        cmocka_unit_test(a_stopped_run_has_bounds),
        cmocka_unit_test(cells_that_hold_no_double_count),
        cmocka_unit_test(differences_beyond_the_range),
        cmocka_unit_test(bad_data_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
