/* Layers of every degenerate kind against answers derived by hand, by the reference engine and by
 * the default. */
#include "engine/fixture.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

static void one_column(void **state) {
    (void)state;
    const double one[1] = {1}, pair[2] = {1, -1}, same[3] = {1, 2, 0.5}, zero[1] = {0};
    expect(layer_of(1, 1, one, NULL), ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(2, 1, pair, NULL), space(), HS_INJECTIVE);
    expect(layer_of(3, 1, same, NULL), space(), HS_NOT_INJECTIVE);
    expect(layer_of(1, 1, zero, one), space(), HS_NOT_INJECTIVE);
    expect(layer_of(1, 1, one, NULL), nonneg_ball(1.0), HS_INJECTIVE);
    expect(layer_of(1, 1, one, NULL), box(0.0, 1.0), HS_INJECTIVE);
    expect(layer_of(1, 1, one, NULL), box(-1e-9, 1.0), HS_NOT_INJECTIVE);
    expect(layer_of(1, 1, one, NULL), box(0.0, INFINITY), HS_INJECTIVE);
    expect(layer_of(1, 1, one, NULL), box(-INFINITY, 0.0), HS_NOT_INJECTIVE);
}

static void one_column_with_bias(void **state) {
    (void)state;
    const double one[1] = {1}, pair[2] = {1, -1};
    expect(layer_of(1, 1, one, one), ball(1.0), HS_INJECTIVE); /* active up to the border */
    expect(layer_of(1, 1, one, one), ball(1.000001), HS_NOT_INJECTIVE);
    expect(layer_of(1, 1, one, one), space(), HS_NOT_INJECTIVE);
    expect(layer_of(2, 1, pair, (const double[]){0.5, -0.5}), space(), HS_INJECTIVE);
    expect(layer_of(2, 1, pair, (const double[]){0.5, -0.501}), space(), HS_NOT_INJECTIVE);
    expect(layer_of(2, 1, pair, (const double[]){0.5, -0.501}), ball(0.49), HS_INJECTIVE);
    expect(layer_of(2, 1, pair, (const double[]){-0.25, -0.25}), box(0.25, 7.0), HS_INJECTIVE);
    expect(layer_of(2, 1, pair, (const double[]){-0.25, -0.25}), nonneg_ball(9.0),
           HS_NOT_INJECTIVE);
    expect(layer_of(1, 1, (const double[]){0x1p1000}, (const double[]){0x1.8p1000}), ball(4.0),
           HS_NOT_INJECTIVE); /* asleep below -3/2; the radius cannot be multiplied in */
    expect(layer_of(1, 1, (const double[]){1e308}, (const double[]){1.5e308}), ball(4.0),
           HS_NOT_INJECTIVE);
    expect(layer_of(1, 1, (const double[]){1e308}, (const double[]){1.5e308}), ball(1.25),
           HS_INJECTIVE);
}

static void too_few_rows(void **state) {
    (void)state;
    const double one[2] = {1, 2}, always[2] = {100, 100};
    expect(layer_of(1, 2, one, NULL), ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(1, 2, one, always), nonneg_ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(2, 3, (const double[]){1, 0, 0, 0, 1, 0}, always), box(-1.0, 1.0),
           HS_NOT_INJECTIVE);
}

static void tetrahedron(void **state) {
    (void)state;
    const double rows[12] = {1, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1, 1};
    expect(layer_of(4, 3, rows, NULL), ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(4, 3, rows, NULL), nonneg_ball(1.0), HS_NOT_INJECTIVE);
    /* all four active on the unit ball: |w_i| = sqrt 3 < 2; three are enough where one sleeps */
    const double two[4] = {2, 2, 2, 2}, one[4] = {1, 1, 1, 1};
    expect(layer_of(4, 3, rows, two), ball(1.0), HS_INJECTIVE);
    /* two rows sleep together first at (-1, 0, 0) and its like, where w.z = -1 for rows 1 and 2 */
    expect(layer_of(4, 3, rows, one), ball(1.0), HS_INJECTIVE);
    expect(layer_of(4, 3, rows, one), ball(1.0001), HS_NOT_INJECTIVE);
    expect(layer_of(4, 3, rows, one), space(), HS_NOT_INJECTIVE);
}

/* Rows through the 12 corners: six antiparallel pairs, one of each active everywhere. */
static void icosahedron(void **state) {
    (void)state;
    double rows[36] = {0}, phi = (1.0 + sqrt(5.0)) / 2.0;
    for (size_t axis = 0, i = 0; axis < 3; axis++)
        for (int signs = 0; signs < 4; signs++, i++) {
            rows[3 * i + axis] = signs & 1 ? -1.0 : 1.0;
            rows[3 * i + (axis + 1) % 3] = signs & 2 ? -phi : phi;
        }
    expect(layer_of(12, 3, rows, NULL), ball(1.0), HS_INJECTIVE);
    expect(layer_of(12, 3, rows, NULL), box(-1.0, 2.0), HS_INJECTIVE);
    expect(layer_of(6, 3, rows, NULL), ball(1.0), HS_NOT_INJECTIVE);
    double bias[12];
    for (int i = 0; i < 12; i++)
        bias[i] = -0.01; /* nothing is active at 0 */
    expect(layer_of(12, 3, rows, bias), ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(12, 3, rows, bias), box(5.0, 6.0), HS_INJECTIVE);
}

/* [B; -B] with B square and invertible. */
static hs_layer *concatenated(size_t n, const double *square, double bias, size_t rows) {
    double weight[2 * 6 * 6], biases[12];
    for (size_t k = 0; k < n * n; k++) {
        weight[k] = square[k];
        weight[n * n + k] = -square[k];
    }
    for (size_t i = 0; i < 2 * n; i++)
        biases[i] = i < n ? bias : -bias;
    return layer_of(rows, n, weight, bias != 0.0 ? biases : NULL);
}

static void concatenated_relu(void **state) {
    (void)state;
    double identity[36] = {0}, random[25];
    uint64_t seed = 14;
    for (size_t j = 0; j < 6; j++)
        identity[7 * j] = 1.0;
    for (int k = 0; k < 25; k++)
        random[k] = chance_normal(&seed);
    expect(concatenated(6, identity, 0.0, 12), space(), HS_INJECTIVE);
    expect(concatenated(6, identity, 0.0, 11), space(), HS_NOT_INJECTIVE);
    expect(concatenated(6, identity, 0.25, 12), space(), HS_INJECTIVE);
    expect(concatenated(6, identity, 0.0, 6), nonneg_ball(1.0), HS_INJECTIVE);
    expect(concatenated(6, identity, 0.0, 6), box(0.0, 3.0), HS_INJECTIVE);
    expect(concatenated(5, random, 0.0, 10), ball(1.0), HS_INJECTIVE);
    expect(concatenated(5, random, 0.0, 9), ball(1.0), HS_NOT_INJECTIVE);
    expect(concatenated(5, random, 0.7, 10), ball(3.0), HS_INJECTIVE);
}

/* An antiparallel pair that opens a gap: w.z + b < 0 and -w.z - b - gap < 0 meet. */
static void broken_concatenated_relu(void **state) {
    (void)state;
    const double weight[8] = {1, 1, 1, -1, -1, -1, -1, 1};
    const double gap[4] = {0.5, 0, -0.75, 0}, closed[4] = {0.5, 0, -0.5, 0};
    const double overlap[4] = {0.5, 0, -0.25, 0};
    expect(layer_of(4, 2, weight, closed), space(), HS_INJECTIVE);
    expect(layer_of(4, 2, weight, overlap), space(), HS_INJECTIVE);
    expect(layer_of(4, 2, weight, gap), space(), HS_NOT_INJECTIVE);
    expect(layer_of(4, 2, weight, gap), ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(4, 2, weight, gap), ball(0.3), HS_INJECTIVE); /* the gap starts at 1/sqrt 8 */
    const double scaled[8] = {1, 1, 1, -1, -3, -3, -0.125, 0.125};
    expect(layer_of(4, 2, scaled, NULL), ball(1.0), HS_INJECTIVE);
    const double turned[8] = {1, 1, 1, -1, -1, -1 + 0x1p-30, -1, 1};
    expect(layer_of(4, 2, turned, NULL), ball(1.0), HS_NOT_INJECTIVE);
}

static void mercedes_benz(void **state) {
    (void)state;
    double s = sqrt(3.0) / 2.0, rows[6] = {0, 1, -s, -0.5, s, -0.5};
    const double half[3] = {0.5, 0.5, 0.5};
    expect(layer_of(3, 2, rows, NULL), ball(1.0), HS_NOT_INJECTIVE);
    /* two rows sleep together outside the triangle only, whose nearest corners have norm 1 */
    expect(layer_of(3, 2, rows, half), ball(0.999999), HS_INJECTIVE);
    expect(layer_of(3, 2, rows, half), ball(1.000001), HS_NOT_INJECTIVE);
    expect(layer_of(3, 2, rows, half), space(), HS_NOT_INJECTIVE);
}

static void duplicated_and_zero_rows(void **state) {
    (void)state;
    const double many[16] = {1, 0, 1, 0, 2, 0, 1, 0, 0, 1, 0, 1, 0, 3, 0, 1};
    expect(layer_of(8, 2, many, NULL), ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(8, 2, many, NULL), nonneg_ball(1.0), HS_INJECTIVE);
    const double zeros[12] = {0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    const double high[6] = {9, 9, 9, 9, 9, 9}, mixed[6] = {9, 9, -9, 9, 0, 9};
    expect(layer_of(6, 2, zeros, high), ball(1.0), HS_INJECTIVE);
    expect(layer_of(6, 2, zeros, mixed), ball(1.0), HS_INJECTIVE);
    expect(layer_of(6, 2, zeros, NULL), ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(3, 2, zeros, high), ball(1.0), HS_NOT_INJECTIVE);
    const double nothing[4] = {0, 0, 0, 0};
    expect(layer_of(2, 2, nothing, high), space(), HS_NOT_INJECTIVE);
}

static void low_rank(void **state) {
    (void)state;
    uint64_t seed = 15;
    double weight[60], bias[20];
    for (size_t i = 0; i < 20; i++) { /* the third column is a combination of the others */
        weight[3 * i] = (double)chance_below(&seed, 9) - 4.0;
        weight[3 * i + 1] = (double)chance_below(&seed, 9) - 4.0;
        weight[3 * i + 2] = 2.0 * weight[3 * i] - weight[3 * i + 1];
        bias[i] = 100.0;
    }
    expect(layer_of(20, 3, weight, NULL), ball(1.0), HS_NOT_INJECTIVE);
    expect(layer_of(20, 3, weight, bias), ball(1.0), HS_NOT_INJECTIVE);
    weight[59] += 0x1p-40;
    expect(layer_of(20, 3, weight, bias), ball(1.0), HS_INJECTIVE);
}

/* Determinant 2^61 - 1: the rows span, though not modulo the prime of the quick ranks. */
static void a_prime_that_divides_the_determinant(void **state) {
    (void)state;
    const double rows[8] = {0x1p61, 1, 1, 1, -0x1p61, -1, -1, -1};
    expect(layer_of(4, 2, rows, NULL), ball(1.0), HS_INJECTIVE);
    const double high[2] = {0x1p70, 0x1p70};
    expect(layer_of(2, 2, rows, high), ball(1.0), HS_INJECTIVE);
    expect(layer_of(2, 2, rows, high), space(), HS_NOT_INJECTIVE);
}

static void a_row_tangent_to_the_ball(void **state) {
    (void)state;
    const double weight[4] = {1, 0, 3, 4}, bias[2] = {1, 5}, never[2] = {1, -5};
    expect(layer_of(2, 2, weight, bias), ball(1.0), HS_INJECTIVE);
    expect(layer_of(2, 2, weight, bias), ball(1.001), HS_NOT_INJECTIVE);
    expect(layer_of(2, 2, weight, bias), nonneg_ball(50.0), HS_INJECTIVE);
    expect(layer_of(2, 2, weight, never), ball(1.0), HS_NOT_INJECTIVE);
    hs_layer *layer = layer_of(2, 2, weight, bias);
    hs_domain larger = ball(nextafter(1.0, 2.0)); /* not injective; hardly room for a witness */
    assert_int_not_equal(verdict_of(layer, larger, HS_ENGINE_CELLS), HS_INJECTIVE);
    assert_int_not_equal(verdict_of(layer, larger, HS_ENGINE_AUTO), HS_INJECTIVE);
    assert_int_equal(verdict_of(layer, ball(nextafter(1.0, 0.0)), HS_ENGINE_CELLS), HS_INJECTIVE);
    hs_layer_free(layer);
}

/* With an axis each way at distance 1/2 from 0 the bad cells are corners of a cube. */
static void corners_against_the_sphere(void **state) {
    (void)state;
    double weight[18] = {0}, bias[6];
    for (size_t j = 0; j < 3; j++) {
        weight[3 * j + j] = 1.0;
        weight[9 + 3 * j + j] = -1.0;
        bias[j] = 0.5;
        bias[3 + j] = -0.75; /* z_j in (-3/4, -1/2): both rows of the axis sleep */
    }
    expect(layer_of(6, 3, weight, bias), ball(0.5), HS_INJECTIVE);
    expect(layer_of(6, 3, weight, bias), ball(0.51), HS_NOT_INJECTIVE);
    expect(layer_of(6, 3, weight, bias), box(-0.5, 5.0), HS_INJECTIVE);
    expect(layer_of(6, 3, weight, bias), nonneg_ball(50.0), HS_INJECTIVE);
    expect(layer_of(6, 3, weight, bias), box(-9.0, -0.75), HS_INJECTIVE);
    expect(layer_of(6, 3, weight, bias), box(-9.0, -0.7), HS_NOT_INJECTIVE);
}

static void domains_at_the_end_of_the_range(void **state) {
    (void)state;
    const double pair[2] = {1, -1}, one[1] = {1};
    const double radii[] = {1e-300, 1e-160, 1e160, 1e300};
    for (size_t k = 0; k < 4; k++) {
        expect(layer_of(2, 1, pair, NULL), ball(radii[k]), HS_INJECTIVE);
        expect(layer_of(1, 1, one, NULL), ball(radii[k]), HS_NOT_INJECTIVE);
        expect(layer_of(1, 1, one, (const double[]){radii[k]}), ball(radii[k]), HS_INJECTIVE);
        expect(layer_of(1, 1, one, (const double[]){0.5 * radii[k]}), ball(radii[k]),
               HS_NOT_INJECTIVE);
    }
    expect(layer_of(1, 1, one, NULL), box(1.7e308, INFINITY), HS_INJECTIVE);
    expect(layer_of(1, 1, one, NULL), box(-INFINITY, -1e300), HS_NOT_INJECTIVE);
    hs_layer *layer =
        layer_of(1, 1, one, NULL); /* no room left for a witness, but no wrong answer */
    assert_int_not_equal(verdict_of(layer, box(-INFINITY, -1.7e308), HS_ENGINE_CELLS),
                         HS_INJECTIVE);
    assert_int_not_equal(verdict_of(layer, box(-INFINITY, -1.7e308), HS_ENGINE_AUTO), HS_INJECTIVE);
    hs_layer_free(layer);
    expect(layer_of(1, 1, one, one), box(-INFINITY, INFINITY), HS_NOT_INJECTIVE);
}

/* In caps of the ball that are one ulp high, but wide, a row is missing that the others need for
 * their third direction, which is nearly along the cap. */
static void a_bad_cell_as_flat_as_rounding(void **state) {
    (void)state;
    const double radius = nextafter(1.0, 2.0);
    for (int k = 10; k <= 60; k++) {
        const double e = ldexp(1.0, -k), weight[9] = {3, 4, 0, -3, -4, e, 4, -3, 0};
        const double bias[3] = {5, 5.001 + e, 6};
        expect(layer_of(3, 3, weight, bias), ball(1.0), HS_INJECTIVE);
        expect(layer_of(3, 3, weight, bias), ball(radius), HS_NOT_INJECTIVE);
    }
}

/* All rows but the second and the tenth sleep together in one cell only, 1e-16 wide: the signs
 * there are beyond floating point, and so are two inputs. */
static void a_bad_cell_thinner_than_rounding(void **state) {
    (void)state;
    const double e = 0x1p-40, f = 0x1p-30, u = 0x1p-53;
    const double weight[39] = {
        1,  e - 1, 2 * u - 1, -1, 0,          1 + f, -1,    1,         8 * u - 1, 1 - 8 * u,
        -1, 0,     8 * u - 1, -1, 0,          1 - f, 0,     e - 1,     -1,        1 + 2 * u,
        0,  -1,    0,         0,  0,          0,     e - 1, 1 - 8 * u, -1,        1,
        -1, e - 1, 0,         0,  -1 - 2 * u, 0,     1 - f, 1,         -1};
    hs_layer *layer = layer_of(13, 3, weight, NULL);
    for (size_t k = 0; k < 2; k++) {
        hs_domain domain = k == 0 ? ball(1.0) : space();
        assert_int_not_equal(verdict_of(layer, domain, HS_ENGINE_BRANCH), HS_INJECTIVE);
        assert_int_not_equal(verdict_of(layer, domain, HS_ENGINE_CELLS), HS_INJECTIVE);
        assert_int_not_equal(verdict_of(layer, domain, HS_ENGINE_AUTO), HS_INJECTIVE);
    }
    hs_layer_free(layer);
}

/* Rows e_2 and -e_2 - 2^-k e_1 are both inactive in a wedge only, where e_1 alone spans its plane;
 * the other coordinates have two rows each, nearly opposite. */
static void a_bad_cell_between_two_rows(void **state) {
    (void)state;
    enum { MOST = 6 };
    for (int k = 10; k <= 52; k += 3)
        for (size_t n = 2; n <= MOST; n++) {
            double weight[2 * MOST * MOST] = {0};
            weight[1] = 1.0;
            weight[n] = -ldexp(1.0, -k);
            weight[n + 1] = -1.0;
            weight[2 * n] = 1.0;
            weight[3 * n] = -1.0;
            for (size_t r = 4; r < 2 * n; r++)
                for (size_t i = 0; i < n; i++)
                    weight[r * n + i] =
                        (r % 2 == 0 ? 1.0 : -1.1) * (i == r / 2 ? 1.0 : 0.1 * (double)(i + 1));
            hs_layer *layer = layer_of(2 * n, n, weight, NULL);
            hs_verdict verdict = verdict_of(layer, ball(1.0), HS_ENGINE_BRANCH);
            assert_int_not_equal(verdict, HS_INJECTIVE);
            if (k < 40)
                assert_int_equal(verdict, HS_NOT_INJECTIVE);
            hs_layer_free(layer);
        }
}

/* A quarter of the rows are multiples of others, but for rounding: no more than a nuisance. */
static void rows_parallel_but_for_rounding(void **state) {
    (void)state;
    enum { M = 75, N = 10, MULTIPLES = 20, NODES = 5000 };
    const hs_ensemble gaussian = {.kind = HS_ENSEMBLE_GAUSSIAN}, none = {.kind = HS_ENSEMBLE_NONE};
    hs_settings settings = hs_settings_default();
    hs_layer *random = NULL;
    hs_error error;
    double weight[M * N];
    assert_int_equal(hs_layer_generate(M, N, gaussian, none, 2, &random, &error), HS_OK);
    memcpy(weight, hs_layer_weight(random), sizeof weight);
    hs_layer_free(random);
    for (size_t k = 0; k < MULTIPLES * N; k++)
        weight[M / 2 * N + k] = 1.1 * weight[k];
    hs_layer *layer = layer_of(M, N, weight, NULL);
    settings.threads = 1;
    settings.engine = HS_ENGINE_BRANCH;
    settings.node_limit = NODES;
    hs_result *result = result_of(layer, ball(1.0), &settings);
    assert_int_equal(result->verdict, HS_INJECTIVE);
    hs_result_free(result);
    hs_layer_free(layer);
}

/* Six rows of rank 5, the second to the fifth each 2^-12 from the span of those before: taken one
 * after the other in floating point, the sixth seems to be far from the span of all. They alone are
 * active at -(6, 2, 3, 10, -7, -7)/16. */
static void rows_that_depend_on_a_chain(void **state) {
    (void)state;
    enum { N = 6, CHAIN = 6, REST = 25 };
    const double chain[CHAIN][N] = {
        {0.20015397272309343, -0.716753603636902, -0.3106015086066094, 0.029292305798778173,
         0.5906509224992451, 0.0016763948690785568},
        {0.200023351602713, -0.7167453619114514, -0.31070688256677226, 0.029393148128595392,
         0.5906443611904599, 0.0018218560113512083},
        {-0.5349765675462104, 0.03374828358530735, -0.4317129885218911, 0.41286817858287783,
         -0.026947632068903715, 0.595901647016686},
        {0.1945458298448477, -0.04028364799033568, -0.4146348051645319, -0.7456102748727176,
         -0.29695264641657637, 0.3801205460584942},
        {-0.7547613481012307, -0.184685664934225, 0.3103652680318145, -0.4934535977205847,
         0.2195888196349367, -0.09046695403486638},
        {0.29137588593221153, 0.46157724141085055, 0.3343702658821712, -0.14181070656923112,
         0.5771913462122029, 0.5473337366711348}};
    const double rest[REST][N] = {
        {2.3, 0.7, -0.6, 0.6, 0.7, -0.5},   {0.2, 1.5, -0.2, 2.1, -0.5, -1.3},
        {-0.7, -0.1, 1.2, 0.7, -1.3, -1.9}, {-0.18, 1.31, -1.21, -0.68, -1.95, -0.73},
        {-0.4, 0.8, 0.6, -0.3, -0.4, -0.2}, {-1.7, 1.3, -0.4, 0.4, -0.1, -0.8},
        {0.8, -0.6, 0.2, 0, -1.7, 0.8},     {1.6, 1.4, 0.7, 0.7, 0.2, -0.5},
        {-0.4, 0.7, 0.8, 0.9, -0.7, 0.2},   {0.7, -1.1, -0.5, 0.1, -0.1, 0.1},
        {0.5, 1, -0.1, -0.2, -1.1, -1.1},   {0, -0.5, 2.3, 0, 0.5, 0.2},
        {-0.1, 0.4, -1.8, 0.8, -1.6, 0.7},  {-0.7, 0.2, 0.3, 0.9, 0.2, -0.5},
        {-0.6, 0.3, -0.2, 0.8, -0.4, 0.2},  {-2.1, -0.4, -0.6, 1, -0.1, -1.5},
        {-1.1, 0.6, 0.1, 0.1, -1.4, -0.4},  {1.5, -0.2, 1, -0.3, 0.3, 0.7},
        {1.8, 1, -1.1, -0.4, -1.3, 1.6},    {1.2, 0, 1.5, 0.2, -0.2, -1.9},
        {1.9, -1, -0.5, -0.1, 0.8, -1.2},   {0.1, 0, -1.2, -0.8, -0.2, -1.7},
        {-0.5, 0, 1, 0.2, -0.4, 0.3},       {0.8, -2.1, 1, 0.8, 1.1, -0.8},
        {-1.1, -1, 0.5, 1.4, -1.1, 0.4}};
    double weight[(CHAIN + REST) * N];
    memcpy(weight, chain, sizeof chain);
    memcpy(weight + CHAIN * N, rest, sizeof rest);
    expect(layer_of(CHAIN + REST, N, weight, NULL), ball(1.0), HS_NOT_INJECTIVE);
}

/* Modulo 2^61 - 1, where 2^61 is 1, some of these rows are dependent that are not. */
static void rows_dependent_modulo_the_prime_only(void **state) {
    (void)state;
    const double p = 0x1p61, q = 0x1p-61;
    const double weight[8][4] = {{0, p, -2 * p, 2 * p}, {p, 2 * q, -p, p},   {0, 1, p, 0},
                                 {0, 2, -2 * q, 3 * p}, {-p, -1, -q, 2 * q}, {0, -2 * p, p, -3},
                                 {p, p, 1, -1},         {0, -1, -1, 0}};
    const double bias[8] = {0, -p, 0, -0.7343002196078335, -p, 2.236067977499790 * p, 1.36, 1.41};
    hs_layer *layer = layer_of(8, 4, weight[0], bias);
    assert_int_equal(verdict_of(layer, box(0.0, 1.0), HS_ENGINE_BRANCH), HS_INJECTIVE);
    expect(layer, box(0.0, 1.0), HS_INJECTIVE);
}

/* On linear programs with such entries GLPK ends the program, if it is let. */
static void entries_at_both_ends_of_the_range(void **state) {
    (void)state;
    const double weight[6][2] = {{7.678189589599054e+270, 1.0955741169592394e+270},
                                 {0, 0},
                                 {-2, 0},
                                 {-0.9083698979778132, -1.0955741169592394e+270},
                                 {8.452712498170644e+270, -2},
                                 {7.373991797012049e+270, -0.19137159361905515}};
    const double bias[] = {-5e-324, 1e-17, -1e-300, -5e-324, 1e-300, 1e-17};
    const double lower[] = {-2, -1}, upper[] = {0.5, 1};
    const hs_domain domain = {.kind = HS_DOMAIN_BOX, .lower = lower, .upper = upper};
    const hs_engine_kind engines[] = {HS_ENGINE_AUTO, HS_ENGINE_CELLS, HS_ENGINE_MILP};
    hs_layer *layer = layer_of(6, 2, weight[0], bias);
    for (int k = 0; k < 3; k++)
        assert_int_not_equal(verdict_of(layer, domain, engines[k]), HS_INJECTIVE);
    hs_layer_free(layer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_column),
        cmocka_unit_test(one_column_with_bias),
        cmocka_unit_test(too_few_rows),
        cmocka_unit_test(tetrahedron),
        cmocka_unit_test(icosahedron),
        cmocka_unit_test(concatenated_relu),
        cmocka_unit_test(broken_concatenated_relu),
        cmocka_unit_test(mercedes_benz),
        cmocka_unit_test(duplicated_and_zero_rows),
        cmocka_unit_test(low_rank),
        cmocka_unit_test(a_prime_that_divides_the_determinant),
        cmocka_unit_test(a_row_tangent_to_the_ball),
        cmocka_unit_test(corners_against_the_sphere),
        cmocka_unit_test(domains_at_the_end_of_the_range),
        cmocka_unit_test(a_bad_cell_as_flat_as_rounding),
        cmocka_unit_test(a_bad_cell_thinner_than_rounding),
        cmocka_unit_test(a_bad_cell_between_two_rows),
        cmocka_unit_test(rows_parallel_but_for_rounding),
        cmocka_unit_test(rows_that_depend_on_a_chain),
        cmocka_unit_test(rows_dependent_modulo_the_prime_only),
        cmocka_unit_test(entries_at_both_ends_of_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
