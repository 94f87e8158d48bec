/* The question as a linear system, and which domains make sense. */
#include "engine/fixture.h"

#include "engine/problem.h"

#include <float.h>

static hs_status create(const double *bounds, hs_domain domain, hs_error *error) {
    const double weight[2] = {1, 1};
    hs_layer *layer = layer_of(1, 2, weight, NULL);
    hs_problem problem;
    if (bounds != NULL) {
        domain.lower = bounds;
        domain.upper = bounds + 2;
    }
    hs_status status = hs_problem_create(layer, &domain, &problem, error);
    if (status == HS_OK)
        hs_problem_clear(&problem);
    hs_layer_free(layer);
    return status;
}

static void a_radius_is_positive_and_finite(void **state) {
    (void)state;
    const double bad[] = {0.0, -0.0, -1.0, INFINITY, -INFINITY, NAN};
    hs_error error;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        assert_int_equal(create(NULL, ball(bad[k]), &error), HS_INVALID_ARGUMENT);
        assert_true(error.message[0] != '\0');
        assert_int_equal(create(NULL, nonneg_ball(bad[k]), &error), HS_INVALID_ARGUMENT);
    }
    assert_int_equal(create(NULL, ball(0x1p-1074), NULL), HS_OK);
    assert_int_equal(create(NULL, ball(DBL_MAX), NULL), HS_OK);
    assert_int_equal(create(NULL, space(), NULL), HS_OK);
}

static void the_bounds_of_a_box_are_in_order(void **state) {
    (void)state;
    const double bad[][4] = {{0, 1, 1, 1},
                             {0, 2, 1, 1},
                             {0, NAN, 1, 1},
                             {0, 0, 1, NAN},
                             {INFINITY, 0, NAN, 1},
                             {0, INFINITY, 1, INFINITY},
                             {0, -INFINITY, 1, -INFINITY}};
    const hs_domain cuboid = {.kind = HS_DOMAIN_BOX};
    hs_error error;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
        assert_int_equal(create(bad[k], cuboid, &error), HS_INVALID_ARGUMENT);
    assert_int_equal(create(NULL, cuboid, &error), HS_INVALID_ARGUMENT);
    const double good[4] = {-INFINITY, 0, INFINITY, DBL_MIN};
    assert_int_equal(create(good, cuboid, NULL), HS_OK);
    const hs_domain unknown = {.kind = (hs_domain_kind)17};
    assert_int_equal(create(NULL, unknown, &error), HS_INVALID_ARGUMENT);
}

/* At random points the system's rows have the signs of the layer's rows, whatever the domain. */
static void assert_same_signs(const hs_layer *layer, const hs_domain *domain, uint64_t *seed) {
    hs_problem problem;
    size_t n = hs_layer_columns(layer), m = hs_layer_rows(layer);
    double u[9], z[8];
    assert_int_equal(hs_problem_create(layer, domain, &problem, NULL), HS_OK);
    const hs_system rows = {
        .d = n, .rows = m, .a = hs_layer_weight(layer), .beta = hs_layer_bias(layer)};
    for (int k = 0; k < 200; k++) {
        for (size_t j = 0; j < problem.system.d; j++)
            u[j] = chance_normal(seed);
        if (problem.homogenised)
            u[n] = ldexp(1.0, (int)chance_below(seed, 8) - 4); /* the division is exact */
        hs_problem_point(&problem, u, z);
        for (size_t i = 0; i < m; i++)
            if (problem.beta != NULL || problem.homogenised)
                assert_int_equal(hs_system_sign(&problem.system, i, u),
                                 hs_system_sign(&rows, i, z));
        if (!problem.homogenised && problem.beta == NULL)
            continue;
        bool inside = hs_system_contains(&problem.system, NULL, 0, u);
        for (size_t f = 0; f < problem.faces; f++)
            inside = inside && hs_system_sign(&problem.system, m + f, u) < 0;
        assert_int_equal(inside, hs_domain_contains(domain, n, z, false));
    }
    hs_problem_clear(&problem);
}

static void the_system_says_what_the_layer_says(void **state) {
    (void)state;
    uint64_t seed = 10;
    for (int k = 0; k < 20; k++) {
        size_t n = 1 + chance_below(&seed, 4);
        hs_layer *layer = random_layer(&seed, 6, n, 0.7), *plain = random_layer(&seed, 6, n, 0.0);
        const hs_domain domains[] = {ball(1.0),        ball(3.7e-9),      ball(5.1e40),
                                     nonneg_ball(2.5), nonneg_ball(1e-3), space()};
        for (size_t d = 0; d < sizeof domains / sizeof domains[0]; d++)
            assert_same_signs(layer, &domains[d], &seed);
        const double bounds[][2] = {
            {-1.0, 2.0}, {0.5, INFINITY}, {-INFINITY, 3.0}, {-INFINITY, INFINITY}, {0.0, 1.0}};
        for (size_t d = 0; d < sizeof bounds / sizeof bounds[0]; d++) {
            const hs_domain cube = box(bounds[d][0], bounds[d][1]);
            assert_same_signs(layer, &cube, &seed);
            assert_same_signs(plain, &cube, &seed);
        }
        hs_layer_free(layer);
        hs_layer_free(plain);
    }
}

/* A row near the end of the exponent range loses its place or its bits when the ball's radius is
 * multiplied into it: the radius stays then. */
static void rows_near_the_end_of_the_range_keep_their_meaning(void **state) {
    (void)state;
    uint64_t seed = 11;
    const double weight[][2] = {{1e308, 1e300}, {0x1p-1074, 0x1p-1070}, {1e308, 0x1p-1074}};
    const double bias[] = {1.5e308, 0x1p-1074, -1e308};
    const double radii[] = {4.0, 1.0 / 64.0, 1e5, 1e-5};
    for (size_t k = 0; k < 3; k++)
        for (size_t r = 0; r < 4; r++) {
            hs_layer *layer = layer_of(1, 2, weight[k], bias + k);
            const hs_domain domain = ball(radii[r]);
            assert_same_signs(layer, &domain, &seed);
            hs_layer_free(layer);
        }
}

static void points_of_cones_fit_into_bounded_domains(void **state) {
    (void)state;
    const double weight[2] = {1, 1}, u[2] = {0.75, 0.5};
    hs_layer *layer = layer_of(1, 2, weight, NULL);
    const hs_domain domains[] = {ball(1e-300), ball(1e300), nonneg_ball(1.0), box(-1e-20, 1e-30),
                                 space()};
    for (size_t k = 0; k < sizeof domains / sizeof domains[0]; k++) {
        hs_problem problem;
        double z[2];
        assert_int_equal(hs_problem_create(layer, &domains[k], &problem, NULL), HS_OK);
        hs_problem_point(&problem, u, z);
        assert_true(hs_domain_contains(&domains[k], 2, z, false));
        assert_true(fabs(z[1] - z[0] / 1.5) <= 1e-15 * z[0]);
        hs_problem_clear(&problem);
    }
    hs_layer_free(layer);
}

static void interior_and_boundary_are_told_apart(void **state) {
    (void)state;
    const double corner[2] = {0.6, 0.8}, edge[2] = {0.0, 0.5}, inside[2] = {0.25, 0.5};
    const double bad[2] = {NAN, 0.5};
    hs_domain round = ball(1.0), part = nonneg_ball(1.0), cube = box(0.0, 0.5), all = space();
    assert_true(hs_domain_contains(&round, 2, edge, false));
    /* 0.6^2 + 0.8^2 as doubles is a little more than 1 */
    assert_int_equal(hs_domain_contains(&round, 2, corner, false),
                     hs_norm_below(corner, 2, 1.0, false));
    assert_false(hs_domain_contains(&part, 2, edge, false));
    assert_true(hs_domain_contains(&part, 2, edge, true));
    assert_true(hs_domain_contains(&part, 2, inside, false));
    assert_false(hs_domain_contains(&cube, 2, inside, false));
    assert_true(hs_domain_contains(&cube, 2, inside, true));
    assert_false(hs_domain_contains(&all, 2, bad, true));
    assert_true(hs_domain_contains(&all, 2, corner, false));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_radius_is_positive_and_finite),
        cmocka_unit_test(the_bounds_of_a_box_are_in_order),
        cmocka_unit_test(the_system_says_what_the_layer_says),
        cmocka_unit_test(rows_near_the_end_of_the_range_keep_their_meaning),
        cmocka_unit_test(points_of_cones_fit_into_bounded_domains),
        cmocka_unit_test(interior_and_boundary_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
