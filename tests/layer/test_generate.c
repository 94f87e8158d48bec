#include "bytes.h"

#include "layer/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const hs_ensemble none = {HS_ENSEMBLE_NONE, 0}, gaussian = {HS_ENSEMBLE_GAUSSIAN, 0},
                         sphere = {HS_ENSEMBLE_SPHERE, 0}, uniform = {HS_ENSEMBLE_UNIFORM, 0},
                         rademacher = {HS_ENSEMBLE_RADEMACHER, 0},
                         sparse = {HS_ENSEMBLE_SPARSE, 0.25};

static hs_layer *generate(size_t m, size_t n, hs_ensemble weight, hs_ensemble bias, uint64_t seed) {
    hs_layer *layer = NULL;
    hs_error error = {0};
    if (hs_layer_generate(m, n, weight, bias, seed, &layer, &error) != HS_OK)
        fail_msg("%s", error.message);
    return layer;
}

/* The known answers of the Random123 distribution for Philox 4x32-10. */
static void test_philox(void **state) {
    (void)state;
    hs_random bits = hs_random_draw(0, (uint32_t[4]){0, 0, 0, 0});
    assert_true(bits.first == 0xe169c58d6627e8d5 && bits.second == 0x9b00dbd8bc57ac4c);
    bits =
        hs_random_draw(UINT64_MAX, (uint32_t[4]){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX});
    assert_true(bits.first == 0x41c83b0e408f276d && bits.second == 0x6d5451fda20bc7c6);
    bits = hs_random_draw(0x299f31d0a4093822,
                          (uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344});
    assert_true(bits.first == 0x94fdccebd16cfe09 && bits.second == 0x24126ea15001e420);
}

/* Bits that must never change: a seed in a ledger means these numbers. */
static void test_pinned_bits(void **state) {
    static const struct {
        const hs_ensemble *weight, *bias;
        double first[3], last, last_bias;
    } cases[] = {
        {&gaussian,
         &gaussian,
         {0x1.469902d98ebb7p-1, 0x1.0151f509c11ecp+1, -0x1.9c589e49c391cp-3},
         -0x1.ef7f05f7ab0bep-4,
         0x1.04a63153b98afp+0},
        {&sphere,
         &gaussian,
         {0x1.8f558a92869c1p-2, -0x1.d5ad96419a5bfp-1, -0x1.47dc32cbc35p-4},
         0x1.8be8dadbc89c9p-1,
         0x1.04a63153b98afp+0},
        {&uniform,
         &uniform,
         {0x1.6b86b579a73bbp-3, 0x1.aad8f2289828dp-5, -0x1.b0f8f1bf14a65p-2},
         -0x1.8f058cc326d9fp-3,
         -0x1.df3f2a927fefp-2},
        {&rademacher, &rademacher, {0x1p+0, -0x1p+0, 0x1p+0}, -0x1p+0, 0x1p+0},
        {&sparse, &sparse, {0x0p+0, 0x0p+0, 0x0p+0}, 0x0p+0, 0x1.bdde4d97f7054p+0},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        hs_layer *layer = generate(1000, 3, *cases[k].weight, *cases[k].bias, 20240229);
        const double *weight = hs_layer_weight(layer);
        for (size_t j = 0; j < 3; j++)
            assert_true(bits_of(weight[j]) == bits_of(cases[k].first[j]));
        assert_true(bits_of(weight[2999]) == bits_of(cases[k].last));
        assert_true(bits_of(hs_layer_bias(layer)[999]) == bits_of(cases[k].last_bias));
        hs_layer_free(layer);
    }
}

static void test_prefix(void **state) {
    const hs_ensemble all[] = {gaussian, sphere, uniform, rademacher, sparse};
    (void)state;
    for (size_t k = 0; k < 5; k++) {
        hs_layer *few = generate(5, 7, all[k], gaussian, 42);
        hs_layer *many = generate(50, 7, all[k], gaussian, 42);
        hs_layer *other = generate(5, 7, all[k], gaussian, 43);
        assert_memory_equal(hs_layer_weight(few), hs_layer_weight(many), 35 * sizeof(double));
        assert_memory_equal(hs_layer_bias(few), hs_layer_bias(many), 5 * sizeof(double));
        assert_memory_not_equal(hs_layer_weight(few), hs_layer_weight(other), 35 * sizeof(double));
        assert_false(hs_layer_has_zero_bias(few));
        hs_layer_free(few);
        hs_layer_free(many);
        hs_layer_free(other);
    }
}

typedef struct moments {
    double mean, square, fourth;
} moments;

static moments moments_of(const double *values, size_t count) {
    moments sum = {0};
    for (size_t k = 0; k < count; k++) {
        double square = values[k] * values[k];
        sum.mean += values[k];
        sum.square += square;
        sum.fourth += square * square;
    }
    return (moments){sum.mean / (double)count, sum.square / (double)count,
                     sum.fourth / (double)count};
}

/* The tolerances are five standard errors of 200000 draws. */
static void test_moments(void **state) {
    enum { ROWS = 20000, COLUMNS = 10, COUNT = ROWS * COLUMNS };
    const struct {
        hs_ensemble ensemble;
        double square, fourth, mean_error, square_error, fourth_error;
    } cases[] = {
        {gaussian, 1.0, 3.0, 0.012, 0.016, 0.11},
        {sphere, 0.1, 3.0 / 120, 0.004, 0.0015, 0.0006},
        {uniform, 1.0 / 30, 1.0 / 500, 0.0021, 0.00034, 0.00004},
        {rademacher, 1.0, 1.0, 0.012, 1e-15, 1e-15},
        {sparse, 0.25, 0.75, 0.006, 0.01, 0.06},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        hs_layer *layer = generate(ROWS, COLUMNS, cases[k].ensemble, none, 1);
        moments got = moments_of(hs_layer_weight(layer), COUNT);
        if (fabs(got.mean) > cases[k].mean_error ||
            fabs(got.square - cases[k].square) > cases[k].square_error ||
            fabs(got.fourth - cases[k].fourth) > cases[k].fourth_error)
            fail_msg("case %zu: mean %g, square %g, fourth %g", k, got.mean, got.square,
                     got.fourth);
        hs_layer_free(layer);
    }
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* The Kolmogorov-Smirnov distance times sqrt(count); above 1.95 by chance once in a thousand. */
static double distance(double *values, size_t count, double (*distribution)(double)) {
    double worst = 0.0;
    qsort(values, count, sizeof *values, ascending);
    for (size_t k = 0; k < count; k++) {
        double f = distribution(values[k]);
        worst =
            fmax(worst, fmax(f - (double)k / (double)count, (double)(k + 1) / (double)count - f));
    }
    return worst * sqrt((double)count);
}

static double normal_distribution(double x) {
    return 0.5 * erfc(-x / sqrt(2.0));
}

static double uniform_distribution(double x) {
    return 0.5 + 0.5 * x; /* on (-1, 1): n = 1 */
}

static void test_distributions(void **state) {
    enum { COUNT = 100000 };
    (void)state;
    hs_layer *layer = generate(COUNT, 1, gaussian, uniform, 3);
    double *copy = malloc(COUNT * sizeof *copy);
    memcpy(copy, hs_layer_weight(layer), COUNT * sizeof *copy);
    assert_true(distance(copy, COUNT, normal_distribution) < 1.95);
    memcpy(copy, hs_layer_bias(layer), COUNT * sizeof *copy);
    assert_true(distance(copy, COUNT, uniform_distribution) < 1.95);
    free(copy);
    hs_layer_free(layer);
}

/* Quantiles with 17 digits, from quadruple precision; k is the tail probability times 2^64. */
static void test_normal_quantiles(void **state) {
    static const struct {
        uint64_t k;
        double quantile;
    } cases[] = {
        {0x0000000000000000, 9.1552937726860719},     {0x0000000000000001, 9.0359188485719386},
        {0x00000000000003e8, 8.295121335463298},      {0x0000000000100000, 7.4239397488634022},
        {0x0000000100000000, 6.2302601379708058},     {0x0000100000000000, 4.7630010342678082},
        {0x0020000000000000, 3.2971933456919635},     {0x0200000000000000, 2.4175590162365053},
        {0x0800000000000000, 1.8627318674216515},     {0x0a00000000000000, 1.7616704103630669},
        {0x1333333333333333, 1.4395314709384559},     {0x1400000000000000, 1.4177971379962673},
        {0x2000000000000000, 1.1503493803760081},     {0x4000000000000000, 0.67448975019608171},
        {0x7000000000000000, 0.1573106846101707},     {0x7fffffff00000000, 5.8361987451538224e-10},
        {0x7fffffffffff0000, 8.9052646166541307e-15}, {0x7fffffffffffffff, 6.7942295524213065e-20},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double z = hs_random_normal(cases[i].k);
        if (!(fabs(z / cases[i].quantile - 1.0) < 2e-15))
            fail_msg("k = %llu: %.17g, expected %.17g", (unsigned long long)cases[i].k, z,
                     cases[i].quantile);
        assert_true(hs_random_normal(cases[i].k | 1ULL << 63) == -z);
    }
}

static void test_row_norms_of_sphere(void **state) {
    (void)state;
    for (size_t n = 1; n < 40; n += 6) {
        hs_layer *layer = generate(20, n, sphere, none, 9);
        for (size_t i = 0; i < 20; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < n; j++)
                sum += hs_layer_weight(layer)[i * n + j] * hs_layer_weight(layer)[i * n + j];
            assert_true(fabs(sum - 1.0) < 1e-15 * (double)(n + 3));
        }
        hs_layer_free(layer);
    }
}

static void test_sparse_share(void **state) {
    size_t nonzero = 0;
    (void)state;
    hs_layer *layer = generate(1000, 100, sparse, none, 5);
    for (size_t k = 0; k < 100000; k++)
        nonzero += hs_layer_weight(layer)[k] != 0.0;
    assert_true(nonzero > 24300 && nonzero < 25700); /* five standard deviations around 25000 */
    hs_layer_free(layer);
    layer = generate(10, 10, (hs_ensemble){HS_ENSEMBLE_SPARSE, 1.0}, none, 5);
    for (size_t k = 0; k < 100; k++)
        assert_true(hs_layer_weight(layer)[k] != 0.0);
    hs_layer_free(layer);
}

static void test_parse(void **state) {
    static const char *const good[] = {"none",    "gaussian",   "sphere",
                                       "uniform", "rademacher", "sparse:0.25"};
    static const char *const bad[] = {"",          "Gaussian",   "gauss",    "gaussian:1",
                                      "sparse",    "sparse:",    "sparse:0", "sparse:1.5",
                                      "sparse:-1", "sparse:nan", "sparse:x", "sparse:0.5x"};
    hs_ensemble ensemble;
    (void)state;
    for (int k = 0; k < 6; k++) {
        assert_int_equal(hs_ensemble_parse(good[k], &ensemble, NULL), HS_OK);
        assert_int_equal(ensemble.kind, k);
    }
    assert_true(ensemble.p == 0.25);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_int_equal(hs_ensemble_parse(bad[k], &ensemble, NULL), HS_INVALID_ARGUMENT);
}

static void test_refused(void **state) {
    const struct {
        size_t m, n;
        hs_ensemble weight, bias;
    } cases[] = {
        {0, 3, gaussian, none},
        {3, 0, gaussian, none},
        {(size_t)1 << 32, 1, gaussian, none},
        {1, SIZE_MAX, gaussian, none},
        {UINT32_MAX, UINT32_MAX, gaussian, none},
        {3, 3, none, none},
        {3, 3, gaussian, sphere},
        {3, 3, {HS_ENSEMBLE_SPARSE, 0.0}, none},
        {3, 3, {HS_ENSEMBLE_SPARSE, NAN}, none},
        {3, 3, gaussian, {HS_ENSEMBLE_SPARSE, 1.5}},
        {3, 3, {(hs_ensemble_kind)77, 0.5}, none},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        hs_layer *layer = NULL;
        assert_int_equal(hs_layer_generate(cases[k].m, cases[k].n, cases[k].weight, cases[k].bias,
                                           1, &layer, NULL),
                         HS_INVALID_ARGUMENT);
        assert_null(layer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox),
        cmocka_unit_test(test_pinned_bits),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_normal_quantiles),
        cmocka_unit_test(test_row_norms_of_sphere),
        cmocka_unit_test(test_sparse_share),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
