/* The proven lower bound of the number of active rows, which an answer without a verdict carries.
 */
#include "engine/bracket.h"
#include "engine/branch.h"
#include "engine/fixture.h"
#include "geometry/glpk_session.h"

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

/* Integers with and without bias, or Gaussian without and with one. */
static hs_layer *some_layer(uint64_t *seed, size_t k, size_t m, size_t n) {
    return k % 3 == 0   ? integer_layer(seed, m, n, k % 2 == 0)
           : k % 3 == 1 ? random_layer(seed, m, n, 0.0)
                        : random_layer(seed, m, n, 0.5);
}

static void no_point_is_below_it(void **state) {
    (void)state;
    enum { LAYERS = 60, POINTS = 200 };
    uint64_t seed = 11;
    size_t above_zero = 0;
    for (size_t k = 0; k < LAYERS; k++) {
        size_t n = 2 + k % 5;
        hs_layer *layer = some_layer(&seed, k, 6 * n, n);
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

/* A tree with a goal: by steps from below (the bound they reach, or SIZE_MAX where a step was not
 * proven), or at once (the smallest number of active rows). */
static size_t fewest(const hs_problem *problem, hs_goal goal, bool by_steps, bool *witness) {
    hs_settings settings = hs_settings_default();
    hs_run run;
    hs_tree tree;
    hs_run_begin(&run, &settings);
    assert_int_equal(hs_tree_create(problem, &run, goal,
                                    goal == HS_GOAL_SPAN ? problem->n : SIZE_MAX, &tree, NULL),
                     HS_OK);
    if (by_steps)
        assert_int_equal(hs_tree_raise(&tree, goal == HS_GOAL_SPAN ? problem->n : SIZE_MAX), HS_OK);
    else
        assert_int_equal(hs_tree_search(&tree), HS_OK);
    *witness = tree.has_point;
    size_t found = by_steps ? tree.proven : tree.unproven ? SIZE_MAX : tree.point_active;
    if (by_steps && goal == HS_GOAL_COUNT && found < tree.point_active)
        found = SIZE_MAX;
    hs_tree_clear(&tree);
    return found;
}

static void step_by_step_it_becomes_the_smallest_number(void **state) {
    (void)state;
    uint64_t seed = 23;
    size_t equal = 0, spanning = 0;
    for (size_t k = 0; k < 40; k++) {
        size_t n = 2 + k % 4;
        hs_layer *layer = some_layer(&seed, k, 7 * n, n);
        const hs_domain domains[] = {ball(1.5), nonneg_ball(2.0), space(), box(-1.0, 2.0)};
        for (size_t which = 0; which < 4; which++) {
            hs_problem problem;
            bool witness;
            assert_int_equal(hs_problem_create(layer, &domains[which], &problem, NULL), HS_OK);
            hs_glpk_session glpk;
            assert_int_equal(hs_glpk_begin(&glpk, NULL), HS_OK);
            size_t once = fewest(&problem, HS_GOAL_COUNT, false, &witness);
            size_t steps = fewest(&problem, HS_GOAL_COUNT, true, &witness);
            if (once != SIZE_MAX && steps != SIZE_MAX) {
                assert_int_equal(steps, once);
                equal++;
            }
            size_t bound = fewest(&problem, HS_GOAL_SPAN, true, &witness);
            if (once != SIZE_MAX && !witness)
                assert_true(bound <= once);
            if (bound == n && !witness)
                spanning++;
            hs_glpk_end(&glpk);
            hs_problem_clear(&problem);
        }
        hs_layer_free(layer);
    }
    assert_true(equal > 100 && spanning > 10);
}

static void a_stopped_search_tells_how_many_are_active_at_least(void **state) {
    (void)state;
    uint64_t seed = 3;
    hs_layer *layer = random_layer(&seed, 112, 16, 0.0);
    hs_settings settings = hs_settings_default();
    settings.engine = HS_ENGINE_BRANCH;
    settings.node_limit = 12000;
    hs_result *result = result_of(layer, ball(1.0), &settings);
    assert_int_equal(result->verdict, HS_UNDECIDED);
    assert_true(result->has_active_lower);
    assert_in_range(result->active_lower, 11, 16); /* the disjoint cores at the root are 7 */
    hs_result_free(result);
    hs_layer_free(layer);
}

static void parts_of_a_wide_layer_tell_it_too(void **state) {
    (void)state;
    uint64_t seed = 4;
    hs_layer *layer = random_layer(&seed, 20000, 24, 0.0); /* too large to pack cores of all rows */
    hs_settings settings = hs_settings_default();
    settings.engine = HS_ENGINE_BRANCH;
    settings.node_limit = 4100; /* the first part gives up after 4000 */
    hs_result *result = result_of(layer, ball(1.0), &settings);
    assert_int_equal(result->verdict, HS_UNDECIDED);
    assert_in_range(result->nodes, 4100, 4200);
    assert_true(result->has_active_lower);
    assert_in_range(result->active_lower, 8, 24);
    hs_result_free(result);
    hs_layer_free(layer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_point_is_below_it),
        cmocka_unit_test(pairs_and_rows_that_are_always_active_count),
        cmocka_unit_test(rows_of_zeros_are_active_by_their_bias),
        cmocka_unit_test(an_answer_without_verdict_is_a_bracket),
        cmocka_unit_test(step_by_step_it_becomes_the_smallest_number),
        cmocka_unit_test(a_stopped_search_tells_how_many_are_active_at_least),
        cmocka_unit_test(parts_of_a_wide_layer_tell_it_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
