/* Limits and interruption end in "undecided", never in a wrong verdict; threads do not meet. */
#include "engine/fixture.h"

#include <glpk.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const hs_engine_kind engines[] = {HS_ENGINE_AUTO, HS_ENGINE_CELLS, HS_ENGINE_MILP};
enum { ENGINES = sizeof engines / sizeof engines[0] };

/* An injective layer that no cheap fact settles. */
static hs_layer *hard_layer(void) {
    uint64_t seed = 41;
    return random_layer(&seed, 40, 5, 0.0);
}

static void a_node_limit_is_kept(void **state) {
    (void)state;
    hs_layer *layer = hard_layer();
    assert_int_equal(verdict_of(layer, ball(1.0), HS_ENGINE_CELLS), HS_INJECTIVE);
    const uint64_t limits[] = {1, 2, 17, 100};
    for (size_t k = 0; k < 4; k++) {
        hs_settings settings = hs_settings_default();
        settings.engine = HS_ENGINE_CELLS;
        settings.node_limit = limits[k];
        hs_result *result = result_of(layer, ball(1.0), &settings);
        assert_int_equal(result->verdict, HS_UNDECIDED);
        assert_true(result->nodes <= limits[k]);
        assert_true(result->has_active_upper); /* the best so far */
        assert_true(result->active_upper >= 5);
        hs_result_free(result);
    }
    hs_layer_free(layer);
}

static void a_time_limit_is_kept(void **state) {
    (void)state;
    hs_layer *layer = hard_layer();
    for (int k = 1; k < ENGINES; k++) {
        hs_settings settings = hs_settings_default();
        settings.engine = engines[k];
        settings.time_limit = 1e-9;
        hs_result *result = result_of(layer, ball(1.0), &settings);
        assert_int_equal(result->verdict, HS_UNDECIDED);
        hs_result_free(result);
    }
    hs_layer_free(layer);
}

typedef struct patience {
    int polls_left;
    int shown;
} patience;

static bool out_of_patience(void *data) {
    patience *p = data;
    return p->polls_left-- <= 0;
}

static void count_progress(const hs_progress *now, void *data) {
    patience *p = data;
    assert_true(now->seconds >= 0.0);
    assert_true(now->phase != NULL && now->phase[0] != '\0');
    p->shown++;
}

static void an_interruption_leaves_it_undecided(void **state) {
    (void)state;
    hs_layer *layer = hard_layer();
    for (int k = 0; k < ENGINES; k++) {
        patience none = {0};
        hs_settings settings = hs_settings_default();
        settings.engine = engines[k];
        settings.interrupted = out_of_patience;
        settings.progress = count_progress;
        settings.data = &none;
        hs_result *result = result_of(layer, ball(1.0), &settings);
        assert_int_equal(result->verdict, HS_UNDECIDED);
        hs_result_free(result);
    }
    hs_layer_free(layer);
}

/* Stopped anywhere, an engine gives its own verdict or none. */
static void no_limit_makes_a_wrong_verdict(void **state) {
    (void)state;
    uint64_t seed = 42;
    size_t undecided = 0, decided = 0;
    for (int k = 0; k < 150; k++) {
        size_t n = 2 + chance_below(&seed, 3), m = 4 * n + chance_below(&seed, 2 * n);
        hs_layer *layer = random_layer(&seed, m, n, k % 3 == 0 ? 0.2 : 0.0);
        hs_verdict truth = verdict_of(layer, ball(1.0), HS_ENGINE_CELLS);
        hs_settings settings = hs_settings_default();
        patience some = {.polls_left = (int)chance_below(&seed, 12)};
        settings.engine = engines[k % ENGINES];
        if (k % 2 == 0)
            settings.node_limit = 1 + chance_below(&seed, 80);
        else
            settings.interrupted = out_of_patience;
        settings.data = &some;
        hs_result *result = result_of(layer, ball(1.0), &settings);
        if (result->verdict != HS_UNDECIDED)
            assert_int_equal(result->verdict, truth);
        undecided += result->verdict == HS_UNDECIDED;
        decided += result->verdict != HS_UNDECIDED;
        hs_result_free(result);
        hs_layer_free(layer);
    }
    assert_true(undecided > 20 && decided > 20);
}

static void progress_is_reported(void **state) {
    (void)state;
    uint64_t seed = 43;
    hs_layer *layer = random_layer(&seed, 60, 7, 0.0);
    patience long_one = {.polls_left = 1 << 20};
    hs_settings settings = hs_settings_default();
    settings.engine = HS_ENGINE_CELLS;
    settings.time_limit = 0.5;
    settings.progress = count_progress;
    settings.data = &long_one;
    hs_result_free(result_of(layer, ball(1.0), &settings));
    assert_in_range(long_one.shown, 1, 6); /* ten times a second at most */
    hs_layer_free(layer);
}

static void bad_requests_are_errors(void **state) {
    (void)state;
    hs_layer *layer = hard_layer();
    hs_error error;
    hs_result *result = NULL;
    const hs_domain bad = ball(-1.0);
    assert_int_equal(hs_check(layer, &bad, NULL, &result, &error), HS_INVALID_ARGUMENT);
    assert_null(result);
    assert_non_null(strstr(error.message, "radius"));
    assert_int_equal(hs_check(layer, &bad, NULL, &result, NULL), HS_INVALID_ARGUMENT);
    hs_layer_free(layer);
}

/* ---- two threads, two problems --------------------------------------------------------------- */

enum { LAYERS = 24 };

typedef struct work {
    hs_layer *layers[LAYERS];
    hs_verdict serial[LAYERS], found[LAYERS];
    hs_engine_kind engine;
} work;

static void *decide_all(void *data) {
    work *w = data;
    const hs_domain domain = {.kind = HS_DOMAIN_SPACE};
    for (int k = 0; k < LAYERS; k++) {
        hs_settings settings = hs_settings_default();
        hs_result *result = NULL;
        settings.engine = w->engine;
        settings.threads = 1;
        w->found[k] = HS_UNDECIDED;
        if (hs_check(w->layers[k], &domain, &settings, &result, NULL) == HS_OK)
            w->found[k] = result->verdict;
        hs_result_free(result);
    }
    return NULL;
}

static void threads_do_not_meet(void **state) {
    (void)state;
    uint64_t seed = 44;
    work works[4];
    pthread_t threads[4];
    for (int t = 0; t < 4; t++) {
        works[t].engine = engines[t % ENGINES];
        for (int k = 0; k < LAYERS; k++) {
            size_t n = 2 + chance_below(&seed, 3);
            works[t].layers[k] = random_layer(&seed, 5 * n, n, k % 2 == 0 ? 0.3 : 0.0);
            works[t].serial[k] = verdict_of(works[t].layers[k], space(), works[t].engine);
        }
    }
    for (int t = 0; t < 4; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, decide_all, &works[t]), 0);
    for (int t = 0; t < 4; t++)
        pthread_join(threads[t], NULL);
    for (int t = 0; t < 4; t++)
        for (int k = 0; k < LAYERS; k++) {
            assert_int_equal(works[t].found[k], works[t].serial[k]);
            assert_int_not_equal(works[t].found[k], HS_UNDECIDED);
            hs_layer_free(works[t].layers[k]);
        }
}

/* A caller with linear programs of its own finds them, and its settings, as they were. */
static void the_environment_of_the_caller_is_kept(void **state) {
    (void)state;
    hs_layer *layer = hard_layer();
    glp_term_out(GLP_ON);
    glp_prob *own = glp_create_prob();
    glp_add_cols(own, 3);
    for (int k = 0; k < ENGINES; k++)
        verdict_of(layer, nonneg_ball(1.0), engines[k]);
    assert_int_equal(glp_get_num_cols(own), 3);
    assert_int_equal(glp_term_out(GLP_ON), GLP_ON);
    glp_delete_prob(own);
    glp_free_env();
    hs_layer_free(layer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_limit_is_kept),
        cmocka_unit_test(a_time_limit_is_kept),
        cmocka_unit_test(an_interruption_leaves_it_undecided),
        cmocka_unit_test(no_limit_makes_a_wrong_verdict),
        cmocka_unit_test(progress_is_reported),
        cmocka_unit_test(bad_requests_are_errors),
        cmocka_unit_test(threads_do_not_meet),
        cmocka_unit_test(the_environment_of_the_caller_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
