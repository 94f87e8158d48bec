/* The witness search as an engine: every domain, structured layers, every kernel, limits. Every
 * witness is verified anew by result_of. */
#include "engine/fixture.h"

#include "engine/search.h"

#include <stdlib.h>
#include <string.h>

static hs_settings search_settings(void) {
    hs_settings settings = hs_settings_default();
    settings.engine = HS_ENGINE_SEARCH;
    settings.threads = 2;
    return settings;
}

/* The layer is not injective and the search finds a witness of the expected kind. Freed. */
static void expect_witness(hs_layer *layer, hs_domain domain) {
    hs_settings settings = search_settings();
    settings.node_limit = 20000; /* runs; a few dozen are enough */
    hs_result *result = result_of(layer, domain, &settings);
    if (result->verdict != HS_NOT_INJECTIVE)
        fail_msg("%zu x %zu: %s", hs_layer_rows(layer), hs_layer_columns(layer), result->reason);
    assert_int_equal(result->engine, HS_ENGINE_SEARCH);
    assert_non_null(result->witness);
    assert_true(result->witness->rank < hs_layer_columns(layer));
    hs_result_free(result);
    hs_layer_free(layer);
}

/* ---- domains ------------------------------------------------------------------------------- */

static void zero_bias_on_the_whole_space(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (size_t n = 2; n <= 50; n += 12)
        expect_witness(random_layer(&seed, 7 * n / 2 - 2, n, 0.0), space());
}

static void bias_on_the_whole_space(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (size_t n = 2; n <= 50; n += 12)
        expect_witness(random_layer(&seed, 7 * n / 2 - 2, n, 1.0), space());
}

static void bias_on_balls(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (size_t n = 5; n <= 35; n += 10)
        for (double radius = 0.1; radius < 2000.0; radius *= 100.0)
            expect_witness(random_layer(&seed, 3 * n, n, 0.2 * radius), ball(radius));
}

static void bias_on_boxes(void **state) {
    (void)state;
    uint64_t seed = 4;
    for (size_t n = 4; n <= 16; n += 6) {
        expect_witness(random_layer(&seed, 3 * n, n, 0.3), box(-1.0, 1.0));
        expect_witness(random_layer(&seed, 2 * n, n, 0.3), box(0.0, 1.0));
        expect_witness(random_layer(&seed, 2 * n, n, 0.0), box(0.0, INFINITY));
        expect_witness(random_layer(&seed, 2 * n, n, 0.3), box(-INFINITY, 5.0));
        expect_witness(random_layer(&seed, 2 * n, n, 1.0), box(-0.2, 1.0));
        expect_witness(random_layer(&seed, 3 * n, n, 0.0), box(-0.1, 2.0));
    }
}

static void layers_on_the_nonnegative_ball(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (size_t n = 4; n <= 34; n += 10) {
        expect_witness(random_layer(&seed, 2 * n, n, 0.0), nonneg_ball(3.0));
        expect_witness(random_layer(&seed, 2 * n, n, 0.3), nonneg_ball(3.0));
    }
}

/* Rows and columns of very different sizes. */
static void badly_scaled_layers(void **state) {
    (void)state;
    uint64_t seed = 6;
    for (size_t n = 4; n <= 24; n += 10) {
        hs_layer *layer = random_layer(&seed, 4 * n, n, 0.0);
        double *weight = malloc(4 * n * n * sizeof *weight);
        assert_non_null(weight);
        memcpy(weight, hs_layer_weight(layer), 4 * n * n * sizeof *weight);
        for (size_t k = 0; k < 4 * n * n; k++)
            weight[k] *= pow(10.0, (double)(k % n % 5) - 2.0) * pow(10.0, (double)(k / n % 7));
        expect_witness(layer_of(4 * n, n, weight, NULL), space());
        hs_layer_free(layer);
        free(weight);
    }
}

/* No witness exists: [I; -I], and a layer with a spanning set active everywhere. */
static void injective_layers_stay_undecided(void **state) {
    (void)state;
    const double mirror[] = {1, 0, 0, 1, -1, 0, 0, -1};
    const double weight[] = {1, 0, 0, 1}, bias[] = {5, 5};
    hs_settings settings = search_settings();
    settings.node_limit = 50;
    hs_layer *layers[] = {layer_of(4, 2, mirror, NULL), layer_of(2, 2, weight, bias)};
    for (size_t k = 0; k < 2; k++) {
        hs_result *result = result_of(layers[k], ball(1.0), &settings);
        assert_int_equal(result->verdict, HS_UNDECIDED);
        assert_null(result->witness);
        hs_result_free(result);
        hs_layer_free(layers[k]);
    }
}

/* ---- structure: the rank decides, not the count --------------------------------------------- */

/* [B; -B] with one opposite row turned away: only that pair can be inactive together. */
static void opposite_pairs_with_one_broken(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (size_t n = 3; n <= 60; n += 19) {
        hs_layer *half = random_layer(&seed, n, n, 0.0);
        double *weight = malloc(2 * n * n * sizeof *weight);
        assert_non_null(weight);
        for (size_t k = 0; k < n * n; k++) {
            weight[k] = hs_layer_weight(half)[k];
            weight[n * n + k] = -weight[k];
        }
        weight[n * n + 1] += 0.25;
        expect_witness(layer_of(2 * n, n, weight, NULL), space());
        hs_layer_free(half);
        free(weight);
    }
}

/* Every row five times, scaled: five times as many active rows as they are worth. */
static void repeated_rows(void **state) {
    (void)state;
    uint64_t seed = 8;
    const size_t n = 20, m = 70, copies = 5;
    hs_layer *once = random_layer(&seed, m, n, 0.0);
    double *weight = malloc(copies * m * n * sizeof *weight);
    assert_non_null(weight);
    for (size_t k = 0; k < copies * m * n; k++)
        weight[k] = hs_layer_weight(once)[k % (m * n)] * ldexp(1.0, (int)(k / (m * n)));
    expect_witness(layer_of(copies * m, n, weight, NULL), ball(1.0));
    hs_layer_free(once);
    free(weight);
}

/* Many rows in a subspace of low dimension: at every point more than n of them are active, but they
 * are worth only the dimension. */
static void a_block_of_low_rank(void **state) {
    (void)state;
    enum { N = 30, RANK = 12, BLOCK = 400, OTHERS = 70 };
    uint64_t seed = 18;
    hs_layer *small = integer_layer(&seed, BLOCK, RANK, false); /* products without rounding */
    hs_layer *frame = integer_layer(&seed, RANK, N, false);
    hs_layer *others = random_layer(&seed, OTHERS, N, 0);
    double *weight = calloc((BLOCK + OTHERS) * N, sizeof *weight);
    assert_non_null(weight);
    for (size_t i = 0; i < BLOCK; i++)
        for (size_t k = 0; k < RANK; k++)
            for (size_t j = 0; j < N; j++)
                weight[i * N + j] +=
                    hs_layer_weight(small)[i * RANK + k] * hs_layer_weight(frame)[k * N + j];
    memcpy(weight + BLOCK * N, hs_layer_weight(others), OTHERS * N * sizeof *weight);
    for (int biased = 0; biased < 2; biased++) {
        double bias[BLOCK + OTHERS];
        for (size_t i = 0; i < BLOCK + OTHERS; i++)
            bias[i] = 0.1 * (double)(i % 5);
        expect_witness(layer_of(BLOCK + OTHERS, N, weight, biased ? bias : NULL), ball(2.0));
    }
    hs_layer_free(small);
    hs_layer_free(frame);
    hs_layer_free(others);
    free(weight);
}

/* A block that is of low rank to rounding, but not exactly: the claims that rest on it do not hold,
 * and the search goes on until its limit. */
static void a_dependence_that_is_none(void **state) {
    (void)state;
    enum { N = 6, RANK = 3, BLOCK = 30, OTHERS = 14, RUNS = 500 };
    uint64_t seed = 21;
    hs_layer *small = random_layer(&seed, BLOCK, RANK, 0);
    hs_layer *others = random_layer(&seed, OTHERS, N, 0);
    double weight[(BLOCK + OTHERS) * N];
    for (size_t i = 0; i < BLOCK; i++)
        for (size_t j = 0; j < N; j++)
            weight[i * N + j] = hs_layer_weight(small)[i * RANK + j % RANK] * (j < RANK ? 1 : 3) +
                                1e-13 * chance_normal(&seed);
    memcpy(weight + BLOCK * N, hs_layer_weight(others), OTHERS * N * sizeof *weight);
    hs_layer *layer = layer_of(BLOCK + OTHERS, N, weight, NULL);
    hs_settings settings = search_settings();
    settings.node_limit = RUNS;
    hs_result *result = result_of(layer, ball(1.0), &settings);
    assert_int_equal(result->verdict, HS_UNDECIDED);
    assert_true(result->nodes >= RUNS);
    hs_result_free(result);
    hs_layer_free(layer);
    hs_layer_free(small);
    hs_layer_free(others);
}

/* Inputs that were always 0 in training leave columns of nearly nothing. */
static void columns_of_nearly_nothing(void **state) {
    (void)state;
    uint64_t seed = 22;
    const size_t n = 24, m = 120;
    hs_layer *whole = random_layer(&seed, m, n, 0.5);
    double *weight = malloc(m * n * sizeof *weight);
    assert_non_null(weight);
    for (size_t k = 0; k < m * n; k++)
        weight[k] = hs_layer_weight(whole)[k] * (k % n < 3 ? 1e-30 : k % n < 6 ? 1e-11 : 1.0);
    expect_witness(layer_of(m, n, weight, NULL), space());
    expect_witness(layer_of(m, n, weight, NULL), nonneg_ball(1.0));
    expect_witness(layer_of(m, n, weight, hs_layer_bias(whole)), space());
    hs_layer_free(whole);
    free(weight);
}

/* Two layers side by side: one is injective, the other is not. */
static void blocks_on_the_diagonal(void **state) {
    (void)state;
    enum { LEFT = 6, RIGHT = 14, N = LEFT + RIGHT, M_LEFT = 120, M_RIGHT = 45 };
    uint64_t seed = 19;
    hs_layer *left = random_layer(&seed, M_LEFT, LEFT, 0.0);
    hs_layer *right = random_layer(&seed, M_RIGHT, RIGHT, 0.0);
    double *weight = calloc((M_LEFT + M_RIGHT) * N, sizeof *weight);
    assert_non_null(weight);
    for (size_t i = 0; i < M_LEFT; i++)
        memcpy(weight + i * N, hs_layer_weight(left) + i * LEFT, LEFT * sizeof *weight);
    for (size_t i = 0; i < M_RIGHT; i++)
        memcpy(weight + (M_LEFT + i) * N + LEFT, hs_layer_weight(right) + i * RIGHT,
               RIGHT * sizeof *weight);
    assert_int_equal(verdict_of(left, space(), HS_ENGINE_BRANCH), HS_INJECTIVE);
    expect_witness(layer_of(M_LEFT + M_RIGHT, N, weight, NULL), space());
    hs_layer_free(left);
    hs_layer_free(right);
    free(weight);
}

/* ---- kernels, seeds, limits ------------------------------------------------------------------ */

static bool never(const hs_search_now *now, void *data) {
    (void)now;
    (void)data;
    return false;
}

static bool at_once(const hs_search_now *now, void *data) {
    (void)now;
    ++*(int *)data;
    return true;
}

static hs_search_input input_of(const hs_layer *layer, const char *kernel) {
    return (hs_search_input){.m = hs_layer_rows(layer),
                             .n = hs_layer_columns(layer),
                             .weight = hs_layer_weight(layer),
                             .domain = space(),
                             .target = hs_layer_columns(layer) - 1,
                             .seed = 3,
                             .threads = 1,
                             .kernel = kernel,
                             .stop = never};
}

static size_t active_at(const hs_layer *layer, const double *z) {
    size_t active = 0, n = hs_layer_columns(layer);
    for (size_t i = 0; i < hs_layer_rows(layer); i++) {
        double sum = hs_layer_bias(layer)[i];
        for (size_t j = 0; j < n; j++)
            sum += hs_layer_weight(layer)[i * n + j] * z[j];
        active += sum >= 0.0;
    }
    return active;
}

static void every_kernel_finds_witnesses(void **state) {
    (void)state;
    const char *const kernels[] = {"plain", "avx2", "avx512"};
    uint64_t seed = 9;
    unsigned ran = 0;
    for (size_t k = 0; k < 3; k++)
        for (size_t n = 3; n <= 43; n += 20) {
            hs_layer *layer = random_layer(&seed, 7 * n / 2 - 2, n, 0.0);
            const hs_search_input input = input_of(layer, kernels[k]);
            hs_search_output found;
            hs_error error;
            hs_status status = hs_search_run(&input, &found, &error);
            assert_true(status == HS_OK || (k > 0 && status == HS_INVALID_ARGUMENT));
            if (status == HS_OK) {
                ran++;
                assert_true(found.witness);
                assert_string_equal(found.kernel, kernels[k]);
                assert_true(found.active < n);
                assert_int_equal(active_at(layer, found.z), found.active);
                hs_search_output_clear(&found);
            }
            hs_layer_free(layer);
        }
    assert_true(ran >= 3);
}

static void an_unknown_kernel_is_an_error(void **state) {
    (void)state;
    uint64_t seed = 10;
    hs_layer *layer = random_layer(&seed, 6, 2, 0.0);
    const hs_search_input input = input_of(layer, "abacus");
    hs_search_output found;
    hs_error error;
    assert_int_equal(hs_search_run(&input, &found, &error), HS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "abacus"));
    hs_layer_free(layer);
}

static void one_thread_repeats_itself(void **state) {
    (void)state;
    uint64_t seed = 11;
    hs_layer *layer = random_layer(&seed, 60, 15, 0.0);
    const hs_search_input input = input_of(layer, NULL);
    hs_search_output first, second;
    assert_int_equal(hs_search_run(&input, &first, NULL), HS_OK);
    assert_int_equal(hs_search_run(&input, &second, NULL), HS_OK);
    assert_int_equal(first.steps, second.steps);
    assert_int_equal(first.runs, second.runs);
    assert_true(first.witness && second.witness);
    assert_memory_equal(first.z, second.z, 15 * sizeof *first.z);
    hs_search_output_clear(&first);
    hs_search_output_clear(&second);
    hs_layer_free(layer);
}

static void a_step_limit_is_kept(void **state) {
    (void)state;
    uint64_t seed = 12;
    hs_layer *layer = random_layer(&seed, 200, 10, 0.0); /* far beyond the threshold */
    hs_search_input input = input_of(layer, NULL);
    hs_search_output found;
    input.max_steps = 777;
    assert_int_equal(hs_search_run(&input, &found, NULL), HS_OK);
    assert_false(found.witness);
    assert_true(found.steps >= 777 && found.steps < 777 + 2000);
    assert_non_null(found.z); /* the best point so far */
    assert_int_equal(active_at(layer, found.z), found.active);
    hs_search_output_clear(&found);
    hs_layer_free(layer);
}

static void the_caller_can_stop_it(void **state) {
    (void)state;
    uint64_t seed = 13;
    for (unsigned threads = 1; threads <= 3; threads++) {
        hs_layer *layer = random_layer(&seed, 3000, 100, 0.0);
        hs_search_input input = input_of(layer, NULL);
        hs_search_output found;
        int asked = 0;
        input.threads = threads;
        input.stop = at_once;
        input.data = &asked;
        assert_int_equal(hs_search_run(&input, &found, NULL), HS_OK);
        assert_true(asked >= 1);
        assert_false(found.witness);
        hs_search_output_clear(&found);
        hs_layer_free(layer);
    }
}

static void limits_end_in_undecided(void **state) {
    (void)state;
    uint64_t seed = 14;
    hs_layer *layer = random_layer(&seed, 150, 10, 0.0);
    hs_settings by_time = search_settings(), by_runs = search_settings();
    by_time.time_limit = 0.05;
    by_runs.node_limit = 100;
    const hs_settings *limits[] = {&by_time, &by_runs};
    for (size_t k = 0; k < 2; k++) {
        hs_result *result = result_of(layer, ball(1.0), limits[k]);
        assert_int_equal(result->verdict, HS_UNDECIDED);
        assert_true(result->has_active_upper && result->active_upper >= 10);
        assert_true(result->nodes > 0);
        hs_result_free(result);
    }
    hs_layer_free(layer);
}

static void a_target_goes_on_below_n(void **state) {
    (void)state;
    uint64_t seed = 15;
    const size_t n = 40, m = 160, target = 30;
    hs_layer *layer = random_layer(&seed, m, n, 0.0);
    hs_settings settings = search_settings();
    settings.target = target;
    hs_result *result = result_of(layer, ball(1.0), &settings);
    assert_int_equal(result->verdict, HS_NOT_INJECTIVE);
    assert_true(result->witness->active_count <= target);
    assert_true(result->active_upper <= target);
    hs_result_free(result);
    settings.target = 1; /* cannot be reached, but what is found on the way is a witness */
    settings.node_limit = 200;
    result = result_of(layer, ball(1.0), &settings);
    assert_int_equal(result->verdict, HS_NOT_INJECTIVE);
    assert_true(result->witness->active_count > 1);
    hs_result_free(result);
    hs_layer_free(layer);
}

/* A batch that several threads share gives true witnesses too. */
static void threads_share_a_batch(void **state) {
    (void)state;
    uint64_t seed = 16;
    for (unsigned threads = 1; threads <= 3; threads++) {
        hs_layer *layer = random_layer(&seed, 2520, 600, 0.0);
        hs_settings settings = search_settings();
        settings.threads = threads;
        hs_result *result = result_of(layer, space(), &settings);
        assert_int_equal(result->verdict, HS_NOT_INJECTIVE);
        hs_result_free(result);
        hs_layer_free(layer);
    }
}

static void count_note(const char *line, void *data) {
    assert_non_null(strstr(line, "search"));
    ++*(int *)data;
}

static void notes_say_what_was_chosen(void **state) {
    (void)state;
    uint64_t seed = 17;
    int notes = 0;
    hs_layer *layer = random_layer(&seed, 30, 10, 0.0);
    hs_settings settings = search_settings();
    settings.note = count_note;
    settings.data = &notes;
    hs_result_free(result_of(layer, space(), &settings));
    assert_int_equal(notes, 2);
    hs_layer_free(layer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_bias_on_the_whole_space),
        cmocka_unit_test(bias_on_the_whole_space),
        cmocka_unit_test(bias_on_balls),
        cmocka_unit_test(bias_on_boxes),
        cmocka_unit_test(layers_on_the_nonnegative_ball),
        cmocka_unit_test(badly_scaled_layers),
        cmocka_unit_test(injective_layers_stay_undecided),
        cmocka_unit_test(opposite_pairs_with_one_broken),
        cmocka_unit_test(repeated_rows),
        cmocka_unit_test(a_block_of_low_rank),
        cmocka_unit_test(a_dependence_that_is_none),
        cmocka_unit_test(columns_of_nearly_nothing),
        cmocka_unit_test(blocks_on_the_diagonal),
        cmocka_unit_test(every_kernel_finds_witnesses),
        cmocka_unit_test(an_unknown_kernel_is_an_error),
        cmocka_unit_test(one_thread_repeats_itself),
        cmocka_unit_test(a_step_limit_is_kept),
        cmocka_unit_test(the_caller_can_stop_it),
        cmocka_unit_test(limits_end_in_undecided),
        cmocka_unit_test(a_target_goes_on_below_n),
        cmocka_unit_test(threads_share_a_batch),
        cmocka_unit_test(notes_say_what_was_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
