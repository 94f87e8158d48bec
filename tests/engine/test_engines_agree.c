/* The engines against each other and against points drawn by chance. In general position counting
 * active rows is their rank, so the mixed-integer program, which counts, must agree. */
#include "engine/fixture.h"

#include "geometry/rank.h"

#include <stdlib.h>

static void assert_agreement(const hs_layer *layer, hs_domain domain, size_t *injective) {
    hs_verdict cells = verdict_of(layer, domain, HS_ENGINE_CELLS);
    hs_verdict counted = verdict_of(layer, domain, HS_ENGINE_MILP);
    hs_verdict automatic = verdict_of(layer, domain, HS_ENGINE_AUTO);
    if (cells != counted || cells != automatic)
        fail_msg("%zu x %zu on domain %d: cells %s, milp %s, auto %s", hs_layer_rows(layer),
                 hs_layer_columns(layer), (int)domain.kind, verdict_name(cells),
                 verdict_name(counted), verdict_name(automatic));
    assert_int_not_equal(cells, HS_UNDECIDED);
    *injective += cells == HS_INJECTIVE;
}

static void without_bias(void **state) {
    (void)state;
    uint64_t seed = 30;
    size_t injective = 0;
    for (int k = 0; k < 200; k++) {
        size_t n = 2 + chance_below(&seed, 3), m = 3 * n - 1 + chance_below(&seed, 2 * n + 2);
        hs_layer *layer = random_layer(&seed, m, n, 0.0);
        assert_agreement(layer,
                         k % 4 == 0   ? nonneg_ball(1.0)
                         : k % 4 == 1 ? space()
                                      : ball(1.0),
                         &injective);
        hs_layer_free(layer);
    }
    assert_in_range(injective, 40, 160);
}

static void with_bias_on_a_box_and_on_the_space(void **state) {
    (void)state;
    uint64_t seed = 31;
    size_t injective = 0;
    for (int k = 0; k < 200; k++) {
        size_t n = 1 + chance_below(&seed, 3), m = 2 * n + chance_below(&seed, 3 * n);
        hs_layer *layer = random_layer(&seed, m, n, 0.4);
        hs_domain domain = k % 3 == 0 ? space() : k % 3 == 1 ? box(-0.5, 0.75) : box(0.0, 2.0);
        assert_agreement(layer, domain, &injective);
        hs_layer_free(layer);
    }
    assert_in_range(injective, 40, 160);
}

static void counting_is_refused_where_it_is_not_rank(void **state) {
    (void)state;
    const double pairs[8] = {1, 0, 0, 1, -1, 0, 0, -1};
    hs_layer *layer = layer_of(4, 2, pairs, NULL);
    assert_int_equal(verdict_of(layer, ball(1.0), HS_ENGINE_MILP), HS_UNDECIDED);
    assert_int_equal(verdict_of(layer, ball(1.0), HS_ENGINE_CELLS), HS_INJECTIVE);
    hs_layer_free(layer);
    const double bias[4] = {1, 1, 1, 1};
    const double generic[8] = {1, 0, 0, 1, -1, 1, 2, -1};
    layer = layer_of(4, 2, generic, bias); /* a ball with bias is not linear */
    assert_int_equal(verdict_of(layer, ball(1.0), HS_ENGINE_MILP), HS_UNDECIDED);
    hs_layer_free(layer);
}

/* Rows that are asleep at a random point leave a rank; below n it refutes "injective". */
static size_t rank_at(const hs_layer *layer, const double *z) {
    size_t which[32], count = 0, rank, n = hs_layer_columns(layer);
    for (size_t i = 0; i < hs_layer_rows(layer); i++) {
        double sum = hs_layer_bias(layer)[i];
        for (size_t j = 0; j < n; j++)
            sum += hs_layer_weight(layer)[i * n + j] * z[j];
        if (sum > -1e-9)
            which[count++] = i;
    }
    assert_int_equal(
        hs_rank_exact(hs_layer_weight(layer), n, which, count, &rank, NULL, NULL, NULL), HS_OK);
    return rank;
}

static void no_point_refutes_a_verdict(void **state) {
    (void)state;
    uint64_t seed = 32;
    size_t refutable = 0, missed = 0;
    for (int k = 0; k < 250; k++) {
        size_t n = 2 + chance_below(&seed, 2), m = 2 * n + chance_below(&seed, 3 * n);
        hs_layer *layer = k % 2 == 0 ? integer_layer(&seed, m, n, k % 4 == 0)
                                     : random_layer(&seed, m, n, k % 4 == 1 ? 0.5 : 0.0);
        bool deficient = false;
        for (int p = 0; p < 300 && !deficient; p++) {
            double z[3];
            for (size_t j = 0; j < n; j++)
                z[j] = 2.0 * chance(&seed) - 1.0;
            deficient = rank_at(layer, z) < n;
        }
        hs_verdict verdict = verdict_of(layer, box(-1.0, 1.0), HS_ENGINE_AUTO);
        if (deficient)
            assert_int_equal(verdict, HS_NOT_INJECTIVE);
        refutable += deficient;
        missed += !deficient && verdict == HS_NOT_INJECTIVE;
        hs_layer_free(layer);
    }
    assert_true(refutable > 50);
    assert_true(missed < 50); /* chance finds nearly all bad cells of layers this small */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_bias),
        cmocka_unit_test(with_bias_on_a_box_and_on_the_space),
        cmocka_unit_test(counting_is_refused_where_it_is_not_rank),
        cmocka_unit_test(no_point_refutes_a_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
