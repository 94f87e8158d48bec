/* margin_lp.c and centre.c: linear programs with answers known by hand. */
#include "testing.h"

#include "geometry/centre.h"
#include "geometry/margin_lp.h"

#include <math.h>

static void margin_of_an_interval(void **state) {
    (void)state;
    /* z <= 0.25 and -z <= 0.75 in [-1, 1]: the margin is 1/2 at z = -1/4 */
    hs_margin_lp *lp;
    const double one = 1.0;
    double z, margin, multipliers[2];
    assert_int_equal(hs_margin_lp_create(1, 2, 1.0, &lp, NULL), HS_OK);
    hs_margin_lp_set(lp, 0, &one, 1.0, 1.0);
    hs_margin_lp_set(lp, 1, &one, -1.0, 1.0);
    hs_margin_lp_switch(lp, 0, true, 0.25);
    hs_margin_lp_switch(lp, 1, true, 0.75);
    assert_true(hs_margin_lp_solve(lp, &z, &margin, multipliers));
    assert_true(fabs(margin - 0.5) < 1e-12 && fabs(z + 0.25) < 1e-12);
    assert_true(fabs(multipliers[0] - 0.5) < 1e-12 && fabs(multipliers[1] - 0.5) < 1e-12);
    hs_margin_lp_free(lp);
}

static void rows_are_switched_and_appended(void **state) {
    (void)state;
    hs_margin_lp *lp;
    const double right[2] = {1, 0}, up[2] = {0, 1};
    double z[2], margin;
    assert_int_equal(hs_margin_lp_create(2, 2, 1.0, &lp, NULL), HS_OK);
    hs_margin_lp_set(lp, 0, right, 1.0, 1.0);
    hs_margin_lp_set(lp, 1, right, -1.0, 1.0);
    assert_true(hs_margin_lp_solve(lp, z, &margin, NULL));
    assert_true(fabs(margin - 1.0) < 1e-12); /* nothing is on: the margin is cut at 1 */
    hs_margin_lp_switch(lp, 0, true, 0.0);
    assert_true(hs_margin_lp_solve(lp, z, &margin, NULL));
    assert_true(fabs(margin - 1.0) < 1e-12 && fabs(z[0] + 1.0) < 1e-12);
    hs_margin_lp_switch(lp, 1, true, 0.0);
    assert_true(hs_margin_lp_solve(lp, z, &margin, NULL));
    assert_true(fabs(margin) < 1e-12);
    hs_margin_lp_switch(lp, 0, false, 0.0);
    assert_int_equal(hs_margin_lp_append(lp, up, 1.0, -0.5), 2);
    assert_true(hs_margin_lp_solve(lp, z, &margin, NULL));
    assert_true(fabs(margin - 0.5) < 1e-12 && fabs(z[1] + 1.0) < 1e-12);
    hs_margin_lp_free(lp);
}

static void too_large_a_program_is_refused(void **state) {
    (void)state;
    hs_margin_lp *lp;
    assert_int_equal(hs_margin_lp_create(200000, 1, 1.0, &lp, NULL), HS_UNSUPPORTED);
    assert_null(lp);
}

static const hs_domain space = {.kind = HS_DOMAIN_SPACE};

static void centre_of_a_triangle(void **state) {
    (void)state;
    /* the right triangle with sides 3, 4, 5; rows of different length */
    const double w[6] = {-1, 0, 0, -7, 3, 4}, b[3] = {0, 0, -12};
    const size_t which[3] = {0, 1, 2};
    double z[2] = {0.1, 0.1};
    hs_cell_centre(2, w, b, which, 3, &space, 10.0, z);
    assert_true(fabs(z[0] - 1.0) < 1e-9 && fabs(z[1] - 1.0) < 1e-9);
}

static void centre_of_a_box(void **state) {
    (void)state;
    const double lower[2] = {-1.0, 2.0}, upper[2] = {3.0, 10.0};
    const hs_domain box = {.kind = HS_DOMAIN_BOX, .lower = lower, .upper = upper};
    double z[2] = {0.0, 3.0};
    hs_cell_centre(2, NULL, NULL, NULL, 0, &box, 20.0, z);
    assert_true(fabs(z[0] - 1.0) < 1e-9); /* the second coordinate is free between 4 and 8 */
    assert_true(z[1] > 4.0 - 1e-9 && z[1] < 8.0 + 1e-9);
}

static void centre_of_half_a_ball(void **state) {
    (void)state;
    const double w[3] = {2, 0, 0}, b[1] = {0};
    const size_t which[1] = {0};
    const hs_domain ball = {.kind = HS_DOMAIN_BALL, .radius = 4.0};
    double z[3] = {-0.1, 0, 0};
    hs_cell_centre(3, w, b, which, 1, &ball, 1.0, z);
    assert_true(fabs(z[0] + 2.0) < 0.01 && fabs(z[1]) < 0.2 && fabs(z[2]) < 0.2);
    const hs_domain corner = {.kind = HS_DOMAIN_NONNEG_BALL, .radius = 1.0};
    double inside[2] = {0.01, 0.01}, expected = 1.0 / (1.0 + sqrt(2.0));
    hs_cell_centre(2, w, b, NULL, 0, &corner, 1.0, inside);
    assert_true(fabs(inside[0] - expected) < 0.01 && fabs(inside[1] - expected) < 0.01);
}

static void without_a_better_point_the_start_is_kept(void **state) {
    (void)state;
    const double w[2] = {1, -1}, b[2] = {0, 0};
    const size_t which[2] = {0, 1};
    double z = 0.375;
    hs_cell_centre(1, w, b, which, 2, &space, 1.0, &z);
    assert_true(z == 0.375);
}

/* Bounds far beyond the reach never matter and must not disturb the program. */
static void bounds_out_of_reach_are_ignored(void **state) {
    (void)state;
    const double w[2] = {1, -1}, b[2] = {-1e300, 0}, lower = -1e308, upper = 1e308;
    const size_t which[2] = {0, 1};
    const hs_domain box = {.kind = HS_DOMAIN_BOX, .lower = &lower, .upper = &upper};
    double z = 1e-30;
    hs_cell_centre(1, w, b, which, 2, &box, 1e-29, &z);
    assert_true(z > 1e-30 && z <= 1e-29);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margin_of_an_interval),
        cmocka_unit_test(rows_are_switched_and_appended),
        cmocka_unit_test(too_large_a_program_is_refused),
        cmocka_unit_test(centre_of_a_triangle),
        cmocka_unit_test(centre_of_a_box),
        cmocka_unit_test(centre_of_half_a_ball),
        cmocka_unit_test(without_a_better_point_the_start_is_kept),
        cmocka_unit_test(bounds_out_of_reach_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
