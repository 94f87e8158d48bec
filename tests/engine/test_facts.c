/* Answers without a search: which questions the cheap facts settle, and that they settle no more.
 */
#include "engine/fixture.h"

#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

/* The verdict of the facts alone; a claim is not checked here. */
static hs_verdict facts(const hs_layer *layer, hs_domain domain) {
    hs_problem problem;
    hs_run run;
    hs_outcome outcome = {.verdict = HS_UNDECIDED};
    const hs_settings settings = hs_settings_default();
    hs_run_begin(&run, &settings);
    assert_int_equal(hs_problem_create(layer, &domain, &problem, NULL), HS_OK);
    assert_int_equal(hs_engine_facts(&problem, &run, &outcome, NULL), HS_OK);
    assert_int_equal(outcome.z != NULL, outcome.verdict == HS_NOT_INJECTIVE);
    free(outcome.z);
    hs_problem_clear(&problem);
    return outcome.verdict;
}

static void settles(hs_layer *layer, hs_domain domain, hs_verdict expected) {
    assert_int_equal(facts(layer, domain), expected);
    hs_layer_free(layer);
}

/* m <= 3n - 2 without bias, in general position: always a claim, and the claim always holds. */
static void few_generic_rows_are_settled(void **state) {
    (void)state;
    uint64_t seed = 16;
    for (int k = 0; k < 120; k++) {
        size_t n = 2 + chance_below(&seed, 9), m = 1 + chance_below(&seed, 3 * n - 2);
        hs_layer *layer = random_layer(&seed, m, n, 0.0);
        assert_int_equal(facts(layer, ball(1.0)), HS_NOT_INJECTIVE);
        hs_result *result = result_of(layer, k % 2 == 0 ? ball(1.0) : box(-2.0, 1.0), NULL);
        assert_int_equal(result->verdict, HS_NOT_INJECTIVE);
        assert_int_equal(result->engine, HS_ENGINE_AUTO);
        assert_true(result->witness->active_count < n);
        hs_result_free(result);
        hs_layer_free(layer);
    }
}

static void more_rows_are_left_to_the_engines(void **state) {
    (void)state;
    uint64_t seed = 17;
    for (size_t n = 2; n < 8; n++)
        settles(random_layer(&seed, 3 * n - 1, n, 0.0), ball(1.0), HS_UNDECIDED);
}

static void the_centre_is_tried(void **state) {
    (void)state;
    const double identity[4] = {1, 0, 0, 1};
    const double low[2] = {-1, -1}, high[2] = {2, 2}, edge[2] = {1, 1};
    settles(layer_of(2, 2, identity, low), ball(1.0), HS_NOT_INJECTIVE);
    settles(layer_of(2, 2, identity, low), box(-8.0, 8.0), HS_NOT_INJECTIVE);
    settles(layer_of(2, 2, identity, low), box(-INFINITY, 8.0), HS_UNDECIDED);
    settles(layer_of(2, 2, identity, NULL), box(-INFINITY, 0.0), HS_NOT_INJECTIVE);
    settles(layer_of(2, 2, identity, high), ball(1.0), HS_INJECTIVE);
    settles(layer_of(2, 2, identity, edge), ball(1.0), HS_INJECTIVE);
    settles(layer_of(2, 2, identity, edge), ball(1.0 + 0x1p-52), HS_UNDECIDED);
    settles(layer_of(2, 2, identity, NULL), nonneg_ball(7.0), HS_INJECTIVE);
    settles(layer_of(2, 2, identity, edge), box(-1.0, 1.0), HS_INJECTIVE);
    settles(layer_of(2, 2, identity, edge), box(-1.0 - 0x1p-52, 1.0), HS_UNDECIDED);
    settles(layer_of(2, 2, identity, edge), box(-1.0, INFINITY), HS_INJECTIVE);
    settles(layer_of(2, 2, identity, high), space(), HS_UNDECIDED);
}

static void a_mixed_row_on_the_non_negative_ball(void **state) {
    (void)state;
    const double weight[4] = {3, -4, 1, 0}; /* at least -4 r there, -5 r on the whole ball */
    settles(layer_of(2, 2, weight, (const double[]){4, 1}), nonneg_ball(1.0), HS_INJECTIVE);
    settles(layer_of(2, 2, weight, (const double[]){4, 1}), ball(1.0), HS_UNDECIDED);
    settles(layer_of(2, 2, weight, (const double[]){5, 1}), ball(1.0), HS_INJECTIVE);
    settles(layer_of(2, 2, weight, (const double[]){3.9375, 1}), nonneg_ball(1.0), HS_UNDECIDED);
}

static void antiparallel_pairs(void **state) {
    (void)state;
    const double scaled[8] = {1, 2, 3, -1, -0.1, -0.2, -3, 1};
    settles(layer_of(4, 2, scaled, NULL), space(), HS_INJECTIVE); /* 0.2 is twice 0.1 exactly */
    const double third[8] = {1, 3, 3, -1, -0.1, -0.3, -3, 1};     /* 0.3 is not three times 0.1 */
    settles(layer_of(4, 2, third, NULL), space(), HS_NOT_INJECTIVE);
    const double gap[4] = {1, 0, -0.125, 0}, covered[4] = {1, 0, -0.0625, 0};
    const double eighth[8] = {1, 2, 3, -1, -0.0625, -0.125, -3, 1};
    settles(layer_of(4, 2, eighth, gap), space(), HS_UNDECIDED);
    settles(layer_of(4, 2, eighth, covered), space(), HS_INJECTIVE);
    const double twice[8] = {1, 2, -1, -2, 2, 4, -2, -4}; /* pairs, all on one line */
    settles(layer_of(4, 2, twice, NULL), space(), HS_NOT_INJECTIVE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_generic_rows_are_settled),
        cmocka_unit_test(more_rows_are_left_to_the_engines),
        cmocka_unit_test(the_centre_is_tried),
        cmocka_unit_test(a_mixed_row_on_the_non_negative_ball),
        cmocka_unit_test(antiparallel_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
