#include "geometry/describe.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static hs_description describe(size_t m, size_t n, const double *weight, const double *bias) {
    hs_layer *layer = NULL;
    hs_description description;
    hs_error error = {0};
    assert_int_equal(hs_layer_create(m, n, weight, bias, &layer, NULL), HS_OK);
    if (hs_describe(layer, &description, &error) != HS_OK)
        fail_msg("%s", error.message);
    hs_layer_free(layer);
    return description;
}

static void expect_group(const hs_groups *groups, size_t k, size_t count, const size_t *members) {
    assert_true(k < groups->count);
    assert_int_equal(groups->start[k + 1] - groups->start[k], count);
    assert_memory_equal(groups->member + groups->start[k], members, count * sizeof *members);
}

static void test_every_kind_of_multiple(void **state) {
    const double weight[9][2] = {{1, 0},     {2, 0},       {-1, 0},   {0, -0.0}, {0.1, 0.3},
                                 {0.2, 0.6}, {-0.4, -1.2}, {1, -0.0}, {0.3, 0.9}};
    const double bias[9] = {5, 0, 0, 0, 0, 0, 0, 6, 0};
    (void)state;
    hs_description found = describe(9, 2, &weight[0][0], bias);
    assert_int_equal(found.rank, 2);
    assert_int_equal(found.zero_rows.count, 1);
    expect_group(&found.zero_rows, 0, 1, (const size_t[]){3});
    assert_int_equal(found.parallel.count, 2);
    expect_group(&found.parallel, 0, 3, (const size_t[]){0, 1, 7});
    expect_group(&found.parallel, 1, 2, (const size_t[]){4, 5}); /* 0.3 is not 3 x 0.1 */
    assert_int_equal(found.antiparallel.count, 2);
    expect_group(&found.antiparallel, 0, 4, (const size_t[]){0, 1, 2, 7});
    expect_group(&found.antiparallel, 1, 3, (const size_t[]){4, 5, 6});
    assert_true(found.against[2] && found.against[6] && !found.against[0] && !found.against[7]);
    assert_int_equal(found.duplicate.count, 1);
    expect_group(&found.duplicate, 0, 2, (const size_t[]){0, 7});
    assert_false(found.same_bias[0]);
    hs_description_clear(&found);
}

/* Multiples over the whole range of exponents, and rows that differ from them in the last bit. */
static void test_multiples_are_exact(void **state) {
    const double weight[5][2] = {{3.0, 1.0},
                                 {0x1.8p1000, 0x1p999},
                                 {-0x1.8p-1000, -0x1p-1001},
                                 {3.0, 1.0 + DBL_EPSILON},
                                 {3.0, 1.0 - DBL_EPSILON / 2}};
    (void)state;
    hs_description found = describe(5, 2, &weight[0][0], NULL);
    assert_int_equal(found.antiparallel.count, 1);
    expect_group(&found.antiparallel, 0, 3, (const size_t[]){0, 1, 2});
    assert_int_equal(found.parallel.count, 1);
    expect_group(&found.parallel, 0, 2, (const size_t[]){0, 1});
    hs_description_clear(&found);
}

/* Three rows with one key: the quotients are so small that they round alike. */
static void test_equal_quotients_that_are_no_multiples(void **state) {
    const double big = 2.0 - DBL_EPSILON, next = 2.0 - 2 * DBL_EPSILON;
    const double tiny = 0x1p-1074;
    const double weight[3][2] = {{big, tiny}, {next, tiny}, {2 * big, 2 * tiny}};
    (void)state;
    assert_true(tiny / big == tiny / next); /* or the test tests nothing */
    hs_description found = describe(3, 2, &weight[0][0], NULL);
    assert_int_equal(found.parallel.count, 1);
    expect_group(&found.parallel, 0, 2, (const size_t[]){0, 2});
    assert_int_equal(found.duplicate.count, 0);
    hs_description_clear(&found);
}

static void test_norms(void **state) {
    const double weight[3][2] = {{3, 4}, {0, 12}, {0, 0}}, bias[3] = {1, -2, 5};
    (void)state;
    hs_description found = describe(3, 2, &weight[0][0], bias);
    assert_true(found.row_norms.least == 0 && found.row_norms.greatest == 12);
    assert_true(found.row_norms.median == 5 && fabs(found.frobenius - 13) < 1e-14);
    assert_true(found.biases.least == -2 && found.biases.median == 1 && found.biases.greatest == 5);
    /* the product of the singular values is |det| = 36, the sum of squares 169 */
    assert_true(fabs(found.sigma_least * found.sigma_greatest - 36) < 1e-13);
    assert_true(fabs(hypot(found.sigma_least, found.sigma_greatest) - 13) < 1e-14);
    hs_description_clear(&found);
}

static void test_extreme_norms(void **state) {
    const double weight[2][2] = {{1e300, 1e300}, {1e-300, 1e-310}};
    (void)state;
    hs_description found = describe(2, 2, &weight[0][0], NULL);
    assert_true(fabs(found.row_norms.greatest / 1e300 - sqrt(2.0)) < 1e-15);
    assert_true(fabs(found.row_norms.least / 1e-300 - 1.0) < 1e-9);
    assert_int_equal(found.rank, 2);
    hs_description_clear(&found);
}

static void test_rank(void **state) {
    const double wide[2][4] = {{1, 2, 3, 4}, {2, 4, 6, 9}};
    const double flat[3][3] = {{0.1, 0.2, 0.3}, {0.4, 0.5, 0.6}, {0.5, 0.7, 0.9}};
    const double low[3][3] = {{1, 2, 3}, {4, 5, 6}, {5, 7, 9}};
    (void)state;
    hs_description found = describe(2, 4, &wide[0][0], NULL);
    assert_int_equal(found.rank, 2);
    hs_description_clear(&found);
    found = describe(3, 3, &low[0][0], NULL);
    assert_int_equal(found.rank, 2);
    hs_description_clear(&found);
    found = describe(3, 3, &flat[0][0], NULL); /* of rank 2 only before rounding */
    assert_int_equal(found.rank, 3);
    hs_description_clear(&found);
}

static int ascending(const void *left, const void *right) {
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return a < b ? -1 : a > b;
}

/* Every row of a random layer three times, one of them reversed, in a mixed order. */
static void test_many_groups(void **state) {
    enum { LINES = 200, N = 5, M = 3 * LINES };
    static double weight[M][N];
    size_t place[M];
    hs_layer *layer = NULL;
    (void)state;
    const hs_ensemble gaussian = {HS_ENSEMBLE_GAUSSIAN, 0}, none = {HS_ENSEMBLE_NONE, 0};
    assert_int_equal(hs_layer_generate(LINES, N, gaussian, none, 4, &layer, NULL), HS_OK);
    for (size_t k = 0; k < M; k++)
        place[k] = k * 7 % M; /* 7 and 600 have no common divisor */
    for (size_t k = 0; k < M; k++)
        for (size_t j = 0; j < N; j++)
            weight[place[k]][j] = hs_layer_weight(layer)[k / 3 * N + j] * (k % 3 == 0   ? 1
                                                                           : k % 3 == 1 ? 4
                                                                                        : -1);
    hs_layer_free(layer);
    hs_description found = describe(M, N, &weight[0][0], NULL);
    assert_int_equal(found.antiparallel.count, LINES);
    assert_int_equal(found.parallel.count, LINES);
    assert_int_equal(found.duplicate.count, 0);
    for (size_t k = 0; k < LINES; k++) {
        size_t want[3] = {place[3 * k], place[3 * k + 1], place[3 * k + 2]};
        qsort(want, 3, sizeof *want, ascending);
        size_t at = 0;
        while (at < LINES && found.antiparallel.member[found.antiparallel.start[at]] != want[0])
            at++;
        expect_group(&found.antiparallel, at, 3, want);
    }
    hs_description_clear(&found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_multiple),
        cmocka_unit_test(test_multiples_are_exact),
        cmocka_unit_test(test_equal_quotients_that_are_no_multiples),
        cmocka_unit_test(test_norms),
        cmocka_unit_test(test_extreme_norms),
        cmocka_unit_test(test_rank),
        cmocka_unit_test(test_many_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
