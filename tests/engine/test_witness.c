/* From a claimed point to evidence: false claims are refused, true ones give two inputs. */
#include "engine/fixture.h"

#include "engine/witness.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* NULL when the claim is refused. */
static hs_witness *build(const hs_layer *layer, hs_domain domain, const double *z,
                         hs_arithmetic *arithmetic) {
    hs_problem problem;
    hs_witness *witness;
    const char *reason = NULL;
    assert_int_equal(hs_problem_create(layer, &domain, &problem, NULL), HS_OK);
    assert_int_equal(hs_witness_build(&problem, z, &witness, arithmetic, &reason, NULL), HS_OK);
    assert_true(witness != NULL || reason != NULL);
    hs_problem_clear(&problem);
    return witness;
}

static bool accepted(const hs_layer *layer, hs_domain domain, const double *z) {
    hs_arithmetic arithmetic;
    hs_witness *witness = build(layer, domain, z, &arithmetic);
    bool result = witness != NULL;
    if (result)
        assert_int_equal(arithmetic, HS_ARITHMETIC_EXACT);
    hs_witness_free(witness);
    return result;
}

static void false_claims_are_refused(void **state) {
    (void)state;
    const double weight[8] = {1, 0, 0, 1, -1, 0, 0, -1};
    hs_layer *layer = layer_of(4, 2, weight, NULL), *three = first_rows(layer, 3);
    const double down[2] = {0.1, -0.1}, up[2] = {0.1, 0.1};
    assert_false(accepted(layer, ball(1.0), down));
    assert_false(accepted(layer, ball(1.0), up));
    assert_true(accepted(three, ball(1.0), down));
    assert_false(accepted(three, ball(1.0), up));
    const double centre[2] = {0.0, 0.0}, tie[2] = {0.1, 0.0}; /* a row at zero is active */
    assert_false(accepted(three, ball(1.0), centre));
    assert_false(accepted(three, ball(1.0), tie));
    const double barely[2] = {0.1, -0x1p-1074};
    hs_layer *two = first_rows(layer, 2);
    assert_false(accepted(two, ball(1.0), tie));
    (void)accepted(two, ball(1.0),
                   barely); /* true; whether doubles can show it is another matter */
    hs_layer_free(layer);
    hs_layer_free(three);
    hs_layer_free(two);
}

static void a_point_outside_the_open_domain_is_refused(void **state) {
    (void)state;
    const double weight[2] = {1, 0}; /* one row in the plane: deficient everywhere */
    hs_layer *layer = layer_of(1, 2, weight, NULL);
    const double inside[2] = {0.25, 0.25}, edge[2] = {0.0, 0.5}, sphere[2] = {1.0, 0.0};
    const double negative[2] = {-0.25, 0.25}, bad[2] = {NAN, 0.0}, far[2] = {INFINITY, 0.0};
    assert_true(accepted(layer, ball(1.0), inside));
    assert_true(accepted(layer, ball(1.0), edge));
    assert_false(accepted(layer, ball(1.0), sphere));
    assert_false(accepted(layer, nonneg_ball(1.0), edge));
    assert_false(accepted(layer, nonneg_ball(1.0), negative));
    assert_true(accepted(layer, nonneg_ball(1.0), inside));
    assert_false(accepted(layer, box(0.0, 1.0), edge));
    assert_true(accepted(layer, box(0.0, 1.0), inside));
    assert_false(accepted(layer, space(), bad));
    assert_false(accepted(layer, space(), far));
    hs_layer_free(layer);
}

/* Integer rows: z is short, so the outputs of x and y are the same to the last bit. */
static void integer_layers_give_exactly_equal_outputs(void **state) {
    (void)state;
    uint64_t seed = 12;
    size_t found = 0;
    for (int k = 0; k < 300; k++) {
        size_t n = 2 + chance_below(&seed, 3), m = n + chance_below(&seed, 2 * n);
        hs_layer *layer = integer_layer(&seed, m, n, k % 2 == 0);
        hs_result *result = result_of(layer, k % 3 == 0 ? space() : ball(2.0), NULL);
        assert_int_not_equal(result->verdict, HS_UNDECIDED);
        if (result->witness != NULL) {
            double x[16], y[16];
            hs_layer_apply(layer, result->witness->x, x);
            hs_layer_apply(layer, result->witness->y, y);
            for (size_t i = 0; i < m; i++)
                assert_true(x[i] == y[i]);
            assert_true(result->witness->residual == 0.0);
            assert_int_equal(result->arithmetic, HS_ARITHMETIC_EXACT);
            found++;
        }
        hs_result_free(result);
        hs_layer_free(layer);
    }
    assert_true(found > 100);
}

/* The cell is the half-ball z_1 < 0 with a free second coordinate: x and y can be far apart. */
static void inputs_are_well_separated(void **state) {
    (void)state;
    const double weight[4] = {1, 0, 2, 0};
    const hs_domain domains[] = {ball(1e-200), ball(1e-9),        ball(1.0),        ball(1e200),
                                 space(),      nonneg_ball(1e-9), nonneg_ball(3.0), box(-4.0, 4.0)};
    const double sizes[] = {1e-200, 1e-9, 1.0, 1e200, 1.0, 1e-9, 3.0, 4.0};
    hs_layer *layer = layer_of(2, 2, weight, NULL);
    for (size_t k = 0; k < sizeof domains / sizeof domains[0]; k++) {
        hs_result *result = result_of(layer, domains[k], NULL);
        if (result->verdict != HS_NOT_INJECTIVE)
            fail_msg("domain %zu: %s", k, result->reason);
        assert_true(result->witness->separation > 0.2 * sizes[k]);
        hs_result_free(result);
    }
    hs_layer_free(layer);
}

/* At z = 0 all rows without bias are active; nearby some fall asleep. */
static void the_origin_is_not_left_by_rounding(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (size_t n = 2; n <= 60; n += n / 2) {
        hs_layer *layer = random_layer(&seed, n - 1, n, 0.0);
        hs_result *result = result_of(layer, ball(1.0), NULL);
        assert_int_equal(result->verdict, HS_NOT_INJECTIVE);
        assert_true(result->witness->separation > 0.2);
        hs_result_free(result);
        hs_layer_free(layer);
    }
}

/* A claim close to the border of its cell is moved to the middle of it. */
static void the_witness_moves_away_from_the_border(void **state) {
    (void)state;
    const double weight[6] = {1, 0, 0, 1, -1, 2}, z[2] = {-1e-13, -1e-12};
    hs_arithmetic arithmetic;
    hs_layer *layer = layer_of(3, 2, weight, NULL);
    hs_witness *witness = build(layer, ball(1.0), z, &arithmetic);
    assert_non_null(witness);
    assert_true(witness->separation > 0.05);
    hs_witness_free(witness);
    hs_layer_free(layer);
}

/* A claim in a narrow strip far away: little room, and the evidence still holds. */
static void a_thin_cell_far_away(void **state) {
    (void)state;
    const double weight[6] = {1, 0, -1, 0, 0, 1}, bias[3] = {-1e6, 1e6 - 1e-3, 2e6};
    hs_layer *layer = layer_of(3, 2, weight, bias); /* 1e6 - 1e-3 < z_1 < 1e6: rows 1, 2 asleep */
    hs_result *result = result_of(layer, box(-2e6, 2e6), NULL);
    assert_int_equal(result->verdict, HS_NOT_INJECTIVE);
    assert_int_equal(result->witness->rank, 1);
    assert_true(result->witness->separation > 1e-4);
    hs_result_free(result);
    hs_layer_free(layer);
}

/* More columns than are eliminated exactly. Fewer than n active rows are exact all the same;
 * dependent ones are judged by singular values, and the result says so. */
static void many_columns(void **state) {
    (void)state;
    enum { N = HS_WITNESS_EXACT_SIZE + 5 };
    double *weight = calloc(3 * N * N, sizeof *weight), z[N];
    uint64_t seed = 13;
    hs_arithmetic arithmetic;
    assert_non_null(weight);
    for (size_t j = 0; j < N; j++)
        z[j] = chance_normal(&seed) / N;
    for (size_t k = 0; k < (N - 1) * N; k++)
        weight[k] = chance_normal(&seed);
    hs_layer *few = layer_of(N - 1, N, weight, NULL);
    hs_witness *witness = build(few, ball(1.0), z, &arithmetic);
    assert_non_null(witness);
    assert_int_equal(arithmetic, HS_ARITHMETIC_EXACT);
    hs_witness_free(witness);
    /* sums of neighbouring rows: 3 N rows of rank N - 1, all active */
    for (size_t i = N - 1; i < 3 * N; i++)
        for (size_t j = 0; j < N; j++)
            weight[i * N + j] = weight[(i - N + 1) * N + j] - weight[(i - N + 2) * N + j];
    double *bias = malloc(3 * N * sizeof *bias);
    assert_non_null(bias);
    for (size_t i = 0; i < 3 * N; i++)
        bias[i] = 100.0;
    hs_layer *dependent = layer_of(3 * N, N, weight, bias);
    witness = build(dependent, ball(1.0), z, &arithmetic);
    assert_non_null(witness);
    assert_int_equal(arithmetic, HS_ARITHMETIC_FLOATING);
    assert_int_equal(witness->rank, N - 1);
    hs_witness_free(witness);
    for (size_t j = 0; j < N; j++) /* one more direction: the claim is false now */
        weight[j] = chance_normal(&seed);
    hs_layer *full = layer_of(3 * N, N, weight, bias);
    assert_null(build(full, ball(1.0), z, &arithmetic));
    hs_layer_free(few);
    hs_layer_free(dependent);
    hs_layer_free(full);
    free(weight);
    free(bias);
}

static void results_and_witnesses_may_be_null(void **state) {
    (void)state;
    hs_witness_free(NULL);
    hs_result_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(false_claims_are_refused),
        cmocka_unit_test(a_point_outside_the_open_domain_is_refused),
        cmocka_unit_test(integer_layers_give_exactly_equal_outputs),
        cmocka_unit_test(inputs_are_well_separated),
        cmocka_unit_test(the_origin_is_not_left_by_rounding),
        cmocka_unit_test(the_witness_moves_away_from_the_border),
        cmocka_unit_test(a_thin_cell_far_away),
        cmocka_unit_test(many_columns),
        cmocka_unit_test(results_and_witnesses_may_be_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
