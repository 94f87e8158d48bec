/* What may not change a verdict, or may change it in one direction only: random layers, generic and
 * degenerate, on every domain. */
#include "engine/fixture.h"

#include <stdlib.h>
#include <string.h>

static hs_domain some_domain(uint64_t *seed) {
    switch (chance_below(seed, 6)) {
    case 0:
        return ball(0.3 + chance(seed));
    case 1:
        return space();
    case 2:
        return box(-1.0, 0.5 + chance(seed));
    case 3:
        return box(0.0, INFINITY);
    case 4:
        return box(-0.25, 1.0);
    default:
        return nonneg_ball(0.5 + 2.0 * chance(seed));
    }
}

/* Generic or with ties, with or without bias, up to 4 columns, near the critical width. */
static hs_layer *some_layer(uint64_t *seed) {
    size_t n = 1 + chance_below(seed, 4), m = n + chance_below(seed, 3 * n + 1);
    bool bias = chance(seed) < 0.6;
    if (chance(seed) < 0.5)
        return integer_layer(seed, m, n, bias);
    return random_layer(seed, m, n, bias ? 0.5 : 0.0);
}

static hs_verdict decided(const hs_layer *layer, hs_domain domain) {
    hs_result *result = result_of(layer, domain, NULL);
    hs_verdict verdict = result->verdict;
    if (verdict == HS_UNDECIDED)
        fail_msg("%zu x %zu on domain %d: %s", hs_layer_rows(layer), hs_layer_columns(layer),
                 (int)domain.kind, result->reason);
    hs_result_free(result);
    return verdict;
}

/* The layer with row i moved to order[i] and multiplied, bias and all, by factor[i]. */
static hs_layer *rearranged(const hs_layer *layer, const size_t *order, const double *factor) {
    size_t m = hs_layer_rows(layer), n = hs_layer_columns(layer);
    double *weight = malloc(m * n * sizeof *weight), *bias = malloc(m * sizeof *bias);
    assert_non_null(weight);
    assert_non_null(bias);
    for (size_t i = 0; i < m; i++) {
        size_t to = order != NULL ? order[i] : i;
        bias[to] = factor[i] * hs_layer_bias(layer)[i];
        for (size_t j = 0; j < n; j++)
            weight[to * n + j] = factor[i] * hs_layer_weight(layer)[i * n + j];
    }
    hs_layer *result = layer_of(m, n, weight, bias);
    free(weight);
    free(bias);
    return result;
}

static void shuffle(uint64_t *seed, size_t *order, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t other = chance_below(seed, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
}

/* Powers of two lose nothing, so this holds for layers with ties too. */
static void scaling_and_order_of_rows(void **state) {
    (void)state;
    uint64_t seed = 20;
    size_t injective = 0;
    for (int k = 0; k < 300; k++) {
        hs_layer *layer = some_layer(&seed);
        hs_domain domain = some_domain(&seed);
        size_t order[32], m = hs_layer_rows(layer);
        double factor[32];
        for (size_t i = 0; i < m; i++)
            factor[i] = ldexp(1.0, (int)chance_below(&seed, 60) - 30);
        shuffle(&seed, order, m);
        hs_layer *other = rearranged(layer, order, factor);
        hs_verdict verdict = decided(layer, domain);
        assert_int_equal(decided(other, domain), verdict);
        assert_int_equal(verdict_of(other, domain, HS_ENGINE_CELLS), verdict);
        injective += verdict == HS_INJECTIVE;
        hs_layer_free(layer);
        hs_layer_free(other);
    }
    assert_in_range(injective, 60, 240);
}

static void any_positive_scaling_of_generic_rows(void **state) {
    (void)state;
    uint64_t seed = 21;
    size_t injective = 0;
    for (int k = 0; k < 100; k++) {
        size_t n = 2 + chance_below(&seed, 3);
        hs_layer *layer = random_layer(&seed, 5 * n, n, k % 2 == 0 ? 0.3 : 0.0);
        hs_domain domain = some_domain(&seed);
        double factor[32];
        for (size_t i = 0; i < 5 * n; i++)
            factor[i] = exp(10.0 * chance(&seed) - 5.0);
        hs_layer *other = rearranged(layer, NULL, factor);
        hs_verdict verdict = decided(layer, domain);
        assert_int_equal(decided(other, domain), verdict);
        injective += verdict == HS_INJECTIVE;
        hs_layer_free(layer);
        hs_layer_free(other);
    }
    assert_in_range(injective, 20, 80);
}

/* A product of n reflections, I - 2 u u'/u'u. */
static void rotate(uint64_t *seed, size_t m, size_t n, double *weight) {
    for (size_t k = 0; k < n; k++) {
        double u[8], square = 0.0;
        for (size_t j = 0; j < n; j++) {
            u[j] = chance_normal(seed);
            square += u[j] * u[j];
        }
        for (size_t i = 0; i < m; i++) {
            double along = 0.0;
            for (size_t j = 0; j < n; j++)
                along += weight[i * n + j] * u[j];
            for (size_t j = 0; j < n; j++)
                weight[i * n + j] -= 2.0 * along / square * u[j];
        }
    }
}

static void rotation_of_the_ball(void **state) {
    (void)state;
    uint64_t seed = 22;
    size_t injective = 0;
    for (int k = 0; k < 100; k++) {
        size_t n = 2 + chance_below(&seed, 3), m = 4 * n + chance_below(&seed, n + 1);
        hs_layer *layer = random_layer(&seed, m, n, k % 3 == 0 ? 0.0 : 0.4);
        hs_domain domain = k % 2 == 0 ? space() : ball(0.5 + 0.5 * chance(&seed));
        double *weight = malloc(m * n * sizeof *weight);
        assert_non_null(weight);
        memcpy(weight, hs_layer_weight(layer), m * n * sizeof *weight);
        rotate(&seed, m, n, weight);
        hs_layer *other = layer_of(m, n, weight, hs_layer_bias(layer));
        hs_verdict verdict = decided(layer, domain);
        assert_int_equal(decided(other, domain), verdict);
        injective += verdict == HS_INJECTIVE;
        free(weight);
        hs_layer_free(layer);
        hs_layer_free(other);
    }
    assert_in_range(injective, 20, 80);
}

/* Once injective, more rows keep it so. */
static void adding_rows_keeps_injective(void **state) {
    (void)state;
    uint64_t seed = 23;
    size_t changes = 0;
    for (int k = 0; k < 60; k++) {
        size_t n = 1 + chance_below(&seed, 3), m = 7 * n;
        bool bias = chance(&seed) < 0.5;
        hs_layer *layer = k % 2 == 0 ? integer_layer(&seed, m, n, bias)
                                     : random_layer(&seed, m, n, bias ? 0.4 : 0.0);
        hs_domain domain = some_domain(&seed);
        hs_verdict before = HS_NOT_INJECTIVE;
        for (size_t rows = 1; rows <= m; rows++) {
            hs_layer *part = first_rows(layer, rows);
            hs_verdict verdict = decided(part, domain);
            if (before == HS_INJECTIVE)
                assert_int_equal(verdict, HS_INJECTIVE);
            changes += verdict != before;
            before = verdict;
            hs_layer_free(part);
        }
        hs_layer_free(layer);
    }
    assert_in_range(changes, 25, 60);
}

static void assert_shrinking_keeps(const hs_layer *layer, hs_domain larger, hs_domain smaller,
                                   size_t *changes) {
    hs_verdict before = decided(layer, larger), after = decided(layer, smaller);
    if (before == HS_INJECTIVE)
        assert_int_equal(after, HS_INJECTIVE);
    *changes += before != after;
}

static void shrinking_the_domain_keeps_injective(void **state) {
    (void)state;
    uint64_t seed = 24;
    size_t changes = 0;
    for (int k = 0; k < 120; k++) {
        hs_layer *layer = some_layer(&seed);
        double n = (double)hs_layer_columns(layer), r = 0.5 + chance(&seed);
        double low[4] = {-r, -r, -r, -r}, high[4] = {r, r, r, r};
        const hs_domain around = {.kind = HS_DOMAIN_BOX, .lower = low, .upper = high};
        assert_shrinking_keeps(layer, space(), around, &changes);
        assert_shrinking_keeps(layer, around, ball(r), &changes);
        assert_shrinking_keeps(layer, ball(r), ball(0.5 * r), &changes);
        assert_shrinking_keeps(layer, ball(r), nonneg_ball(r), &changes);
        assert_shrinking_keeps(layer, nonneg_ball(r), nonneg_ball(0.25 * r), &changes);
        assert_shrinking_keeps(layer, nonneg_ball(r), box(0.0, 0.999 * r / sqrt(n)), &changes);
        hs_layer_free(layer);
    }
    assert_true(changes > 30);
}

/* Without a bias the ball's radius does not matter, and neither does a box around 0. */
static void without_bias_the_size_does_not_matter(void **state) {
    (void)state;
    uint64_t seed = 25;
    for (int k = 0; k < 60; k++) {
        size_t n = 2 + chance_below(&seed, 2);
        hs_layer *layer =
            k % 2 == 0 ? integer_layer(&seed, 5 * n, n, false) : random_layer(&seed, 5 * n, n, 0.0);
        hs_verdict verdict = decided(layer, space());
        assert_int_equal(decided(layer, ball(1e-20)), verdict);
        assert_int_equal(decided(layer, ball(1e20)), verdict);
        assert_int_equal(decided(layer, box(-1e-3, 1e3)), verdict);
        assert_int_equal(decided(layer, nonneg_ball(1e-9)), decided(layer, box(0.0, INFINITY)));
        hs_layer_free(layer);
    }
}

/* An antiparallel copy of every row makes any spanning layer injective on any domain. */
static void antiparallel_copies_make_injective(void **state) {
    (void)state;
    uint64_t seed = 26;
    for (int k = 0; k < 60; k++) {
        size_t n = 1 + chance_below(&seed, 4);
        hs_layer *half = random_layer(&seed, n, n, 0.5);
        double weight[32], bias[8];
        for (size_t i = 0; i < n; i++) {
            bias[i] = hs_layer_bias(half)[i];
            bias[n + i] = -bias[i];
            for (size_t j = 0; j < n; j++) {
                weight[i * n + j] = hs_layer_weight(half)[i * n + j];
                weight[(n + i) * n + j] = -weight[i * n + j];
            }
        }
        hs_layer *layer = layer_of(2 * n, n, weight, bias);
        assert_int_equal(verdict_of(layer, space(), HS_ENGINE_CELLS), HS_INJECTIVE);
        assert_int_equal(decided(layer, some_domain(&seed)), HS_INJECTIVE);
        hs_layer_free(half);
        hs_layer_free(layer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scaling_and_order_of_rows),
        cmocka_unit_test(any_positive_scaling_of_generic_rows),
        cmocka_unit_test(rotation_of_the_ball),
        cmocka_unit_test(adding_rows_keeps_injective),
        cmocka_unit_test(shrinking_the_domain_keeps_injective),
        cmocka_unit_test(without_bias_the_size_does_not_matter),
        cmocka_unit_test(antiparallel_copies_make_injective),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
