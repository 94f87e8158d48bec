/* Is 0 inside the convex hull? And the nearest points behind it. */
#include "testing.h"

#include "geometry/nearest.h"
#include "geometry/positive_span.h"

#include <math.h>
#include <stdlib.h>

static void expect_span(const double *a, size_t rows, size_t d, bool expected) {
    bool known, answer;
    assert_int_equal(hs_positive_span(a, rows, d, &known, &answer, NULL), HS_OK);
    assert_true(known);
    assert_int_equal(answer, expected);
}

static void simplices(void **state) {
    (void)state;
    const double around[] = {1, 0, -1, 1, -1, -1}, beside[] = {1, 0, 1, 1, 1, -1};
    const double both[] = {2, -1e-300}, one[] = {2, 1};
    expect_span(around, 3, 2, true);
    expect_span(beside, 3, 2, false);
    expect_span(both, 2, 1, true);
    expect_span(one, 2, 1, false);
}

static void zero_on_the_boundary_does_not_count(void **state) {
    (void)state;
    const double edge[] = {1, 0, -1, 0, 0, 1}, zero[] = {0, 0, 1, 0, 0, 1};
    const double nearly[] = {1, 0, -1, 0, 0, 1, 1, -0x1p-1000};
    const double line[] = {1, 1, -1, -1, 2, 2};
    expect_span(edge, 3, 2, false);
    expect_span(zero, 3, 2, false);
    expect_span(nearly, 4, 2, true);
    expect_span(line, 3, 2, false);
}

static void rows_and_their_opposites(void **state) {
    (void)state;
    enum { N = 6 };
    double a[2 * N * N] = {0};
    for (size_t j = 0; j < N; j++) {
        a[2 * j * N + j] = 1.0;
        a[(2 * j + 1) * N + j] = -3.0;
    }
    expect_span(a, 2 * N, N, true);
    expect_span(a, 2 * N - 1, N, false);
    a[(2 * N - 1) * N] = 0x1p-40; /* the last row leaves its line */
    expect_span(a, 2 * N, N, true);
}

/* Dense pairs of opposite rows, in more dimensions than rational arithmetic is tried in. */
static void many_pairs(void **state) {
    (void)state;
    enum { N = 70 };
    uint64_t seed = 3;
    double *a = malloc(2 * N * N * sizeof *a);
    assert_non_null(a);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            a[2 * i * N + j] = chance_normal(&seed);
            a[(2 * i + 1) * N + j] = -2.0 * a[2 * i * N + j];
        }
    expect_span(a, 2 * N, N, true);
    free(a);
}

static void the_nearest_point_of_a_corner(void **state) {
    (void)state;
    const double rows[] = {-1, 0, 0, -2};
    hs_polyhedron corner;
    assert_int_equal(hs_polyhedron_create(2, 3, &corner, NULL), HS_OK);
    hs_polyhedron_append(&corner, rows, -3);     /* z_1 >= 3 */
    hs_polyhedron_append(&corner, rows + 2, -8); /* z_2 >= 4 */
    assert_int_equal(hs_polyhedron_nearest(&corner, INFINITY), HS_NEAREST_FOUND);
    assert_true(fabs(corner.solver.z[0] - 3.0) < 1e-14 && fabs(corner.solver.z[1] - 4.0) < 1e-14);
    assert_int_equal(hs_polyhedron_nearest(&corner, 4.9), HS_NEAREST_FAR);
    const double wall[] = {1, 1};
    hs_polyhedron_append(&corner, wall, 6.5);
    assert_int_equal(hs_polyhedron_nearest(&corner, INFINITY), HS_NEAREST_EMPTY);
    assert_int_equal(corner.core_count, 3);
    hs_polyhedron_clear(&corner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simplices),
        cmocka_unit_test(zero_on_the_boundary_does_not_count),
        cmocka_unit_test(rows_and_their_opposites),
        cmocka_unit_test(many_pairs),
        cmocka_unit_test(the_nearest_point_of_a_corner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
