/* The proven lower bound of the number of active rows, which an answer without a verdict carries.
 */
#include "engine/bracket.h"
#include "engine/fixture.h"

#include <stdlib.h>

static size_t lower_of(const hs_layer *layer, hs_domain domain) {
    hs_problem problem;
    size_t lower = 0;
    assert_int_equal(hs_problem_create(layer, &domain, &problem, NULL), HS_OK);
    assert_int_equal(hs_active_lower(&problem, &lower, NULL), HS_OK);
    hs_problem_clear(&problem);
    return lower;
}

/* A point of the open domain, at random. */
static void draw(uint64_t *seed, const hs_domain *domain, size_t n, double *z) {
    double square = 0.0;
    for (size_t j = 0; j < n; j++) {
        z[j] = chance_normal(seed);
        square += z[j] * z[j];
    }
    double length = sqrt(square) / (0.999 * domain->radius * chance(seed));
    for (size_t j = 0; j < n; j++) {
        double share = chance(seed);
        if (domain->kind == HS_DOMAIN_BOX)
            z[j] = domain->lower[j] + share * (domain->upper[j] - domain->lower[j]);
        else if (domain->kind != HS_DOMAIN_SPACE)
            z[j] /= length;
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            z[j] = fabs(z[j]);
    }
}

static size_t active_at(const hs_layer *layer, const double *z) {
    size_t n = hs_layer_columns(layer), count = 0;
    for (size_t i = 0; i < hs_layer_rows(layer); i++) {
        double sum = hs_layer_bias(layer)[i];
        for (size_t j = 0; j < n; j++)
            sum += hs_layer_weight(layer)[i * n + j] * z[j];
        count += sum >= 0.0;
    }
    return count;
}

static void no_point_is_below_it(void **state) {
    (void)state;
    enum { LAYERS = 60, POINTS = 200 };
    uint64_t seed = 11;
    size_t above_zero = 0;
    for (size_t k = 0; k < LAYERS; k++) {
        size_t n = 2 + k % 5;
        hs_layer *layer = k % 3 == 0   ? integer_layer(&seed, 6 * n, n, k % 2 == 0)
                          : k % 3 == 1 ? random_layer(&seed, 6 * n, n, 0.0)
                                       : random_layer(&seed, 6 * n, n, 0.5);
        const hs_domain domains[] = {ball(1.5), nonneg_ball(2.0), space(), box(-1.0, 2.0)};
        for (size_t which = 0; which < 4; which++) {
            size_t lower = lower_of(layer, domains[which]);
            above_zero += lower > 0;
            for (size_t p = 0; p < POINTS; p++) {
                double z[8];
                draw(&seed, &domains[which], n, z);
                assert_true(active_at(layer, z) >= lower);
            }
        }
        hs_layer_free(layer);
    }
    assert_true(above_zero > LAYERS);
}

static void pairs_and_rows_that_are_always_active_count(void **state) {
    (void)state;
    const double pair[] = {1, 0, 0, 0, 1, 0, 0, 0, 1, -1, 0, 0, 0, -1, 0, 0, 0, -1};
    hs_layer *layer = layer_of(6, 3, pair, NULL);
    assert_int_equal(lower_of(layer, space()), 3);
    assert_int_equal(lower_of(layer, ball(2.0)), 3);
    assert_int_equal(lower_of(layer, nonneg_ball(1.0)), 3);
    assert_int_equal(lower_of(layer, box(0.5, 1.0)), 3);
    hs_layer_free(layer);
    const double bias[] = {9, 9, 9, 9, 9, -9};
    layer = layer_of(6, 3, pair, bias);
    assert_int_equal(lower_of(layer, ball(1.0)), 5);
    hs_layer_free(layer);
}

static void rows_of_zeros_are_active_by_their_bias(void **state) {
    (void)state;
    const double weight[] = {0, 0, 0, 0, 0, 0, 1, 0}, bias[] = {0, 2, -1, 0};
    hs_layer *layer = layer_of(4, 2, weight, bias);
    assert_int_equal(lower_of(layer, space()), 2);
    hs_layer_free(layer);
}

static void an_answer_without_verdict_is_a_bracket(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (size_t k = 0; k < 10; k++) {
        hs_layer *layer = random_layer(&seed, 48, 5, 0.0);
        const double origin[5] = {0.0};
        hs_depth_result *depth = NULL;
        assert_int_equal(hs_depth(hs_layer_weight(layer), 48, 5, origin, NULL, &depth, NULL),
                         HS_OK);
        hs_settings settings = hs_settings_default();
        settings.engine = HS_ENGINE_CELLS;
        settings.node_limit = 200;
        hs_result *result = result_of(layer, ball(1.0), &settings);
        if (result->verdict == HS_UNDECIDED) {
            assert_true(result->has_active_lower && result->has_active_upper);
            assert_in_range(result->active_lower, 1, depth->upper);
            assert_true(result->active_upper >= depth->upper);
        }
        hs_result_free(result);
        hs_depth_result_free(depth);
        hs_layer_free(layer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_point_is_below_it),
        cmocka_unit_test(pairs_and_rows_that_are_always_active_count),
        cmocka_unit_test(rows_of_zeros_are_active_by_their_bias),
        cmocka_unit_test(an_answer_without_verdict_is_a_bracket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
