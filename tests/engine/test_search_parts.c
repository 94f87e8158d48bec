/* The parts of the witness search: kernels, thresholds, projections, coordinates, plans. */
#include "engine/search_flats.h"
#include "engine/search_plan.h"
#include "engine/search_schedule.h"
#include "engine/search_threshold.h"
#include "testing.h"

#include "support/parallel.h"

#include <math.h>
#include <stdlib.h>

static const char *const kernel_names[] = {"plain", "avx2", "avx512"};
enum { KERNELS = 3 };

static void fill(float *values, size_t count, uint64_t seed) {
    hs_search_random random = {seed};
    for (size_t k = 0; k < count; k++)
        values[k] = (float)hs_search_random_normal(&random);
}

static float entry(const float *panels, size_t stride, size_t i, size_t j) {
    return panels[i / HS_PANEL * stride + j * HS_PANEL + i % HS_PANEL];
}

static void check_products(const hs_search_kernel *kernel, size_t panels, size_t columns) {
    size_t rows = panels * HS_PANEL, stride = columns * HS_PANEL;
    float *q = hs_search_floats(rows, columns), *y = hs_search_floats(columns, HS_LANES);
    float *a = hs_search_floats(rows, HS_LANES), *back = hs_search_floats(columns, HS_LANES);
    fill(q, rows * columns, 1);
    fill(y, columns * HS_LANES, 2);
    kernel->product(q, stride, panels, columns, y, a);
    for (size_t i = 0; i < rows; i++)
        for (size_t l = 0; l < HS_LANES; l++) {
            double sum = 0.0;
            for (size_t j = 0; j < columns; j++)
                sum += (double)entry(q, stride, i, j) * (double)y[j * HS_LANES + l];
            assert_true(fabs(sum - (double)a[i * HS_LANES + l]) < 1e-4);
        }
    kernel->gather(q, stride, panels, columns, a, back);
    for (size_t j = 0; j < columns; j++)
        for (size_t l = 0; l < HS_LANES; l++) {
            double sum = 0.0;
            for (size_t i = 0; i < rows; i++)
                sum += (double)entry(q, stride, i, j) * (double)a[i * HS_LANES + l];
            assert_true(fabs(sum - (double)back[j * HS_LANES + l]) < 1e-2);
        }
    free(q);
    free(y);
    free(a);
    free(back);
}

static void check_row_loops(const hs_search_kernel *kernel, const hs_search_kernel *plain) {
    enum { ROWS = 37, COUNT = ROWS * HS_LANES };
    float a[COUNT], x[2][COUNT], u[2][COUNT], beta[HS_LANES], weight[HS_LANES];
    float thresholds[3 * HS_LANES];
    int32_t active[2][HS_LANES], counts[2][3 * HS_LANES];
    const hs_search_kernel *both[2] = {kernel, plain};
    fill(a, COUNT, 3);
    fill(beta, HS_LANES, 4);
    fill(weight, HS_LANES, 5);
    fill(thresholds, 3 * HS_LANES, 6);
    for (size_t k = 0; k < 2; k++) {
        fill(x[k], COUNT, 7);
        both[k]->reflect(ROWS, a, x[k], u[k], active[k]);
        both[k]->count_above(ROWS, u[k], thresholds, counts[k]);
        both[k]->advance(ROWS, beta, weight, thresholds, a, x[k], u[k]);
        both[k]->scale(ROWS, weight, x[k]);
    }
    assert_memory_equal(active[0], active[1], sizeof active[0]);
    assert_memory_equal(counts[0], counts[1], sizeof counts[0]);
    for (size_t k = 0; k < COUNT; k++) {
        assert_true(fabsf(x[0][k] - x[1][k]) < 1e-5f);
        assert_true(fabsf(u[0][k] - u[1][k]) < 1e-5f);
    }
}

static void test_kernels_agree_with_plain_sums(void **state) {
    (void)state;
    const hs_search_kernel *plain = hs_search_kernel_find("plain");
    assert_non_null(plain);
    for (size_t k = 0; k < KERNELS; k++) {
        const hs_search_kernel *kernel = hs_search_kernel_find(kernel_names[k]);
        if (kernel == NULL)
            continue; /* not on this processor */
        assert_string_equal(kernel->name, kernel_names[k]);
        check_products(kernel, 3, 1);
        check_products(kernel, 2, 7);
        check_products(kernel, 1, 40);
        check_row_loops(kernel, plain);
    }
}

static void test_kernel_names(void **state) {
    (void)state;
    assert_null(hs_search_kernel_find("abacus"));
    assert_non_null(hs_search_kernel_find(NULL));
    assert_ptr_equal(hs_search_kernel_find(""), hs_search_kernel_find(NULL));
}

static void test_threshold_leaves_so_many_above(void **state) {
    (void)state;
    enum { ROWS = 203 };
    const hs_search_kernel *kernel = hs_search_kernel_find(NULL);
    float *u = hs_search_floats(ROWS, HS_LANES);
    hs_search_threshold threshold = {0};
    for (size_t l = 0; l < HS_LANES; l++)
        hs_search_threshold_reset(&threshold, l);
    for (int32_t keep = 0; keep <= 20; keep += 5) {
        int32_t counts[3 * HS_LANES];
        unsigned round = 0;
        fill(u, ROWS * HS_LANES, (uint64_t)keep + 1);
        for (size_t k = 0; k < ROWS * HS_LANES; k++)
            u[k] = u[k] * u[k] * u[k] * 50.0f; /* far from evenly spread */
        hs_search_threshold_begin(&threshold, ROWS);
        do
            kernel->count_above(ROWS, u, threshold.candidates, counts);
        while (!hs_search_threshold_learn(&threshold, counts, keep, round++));
        for (size_t l = 0; l < HS_LANES; l++) {
            int32_t above = 0;
            for (size_t i = 0; i < ROWS; i++)
                above += u[i * HS_LANES + l] > threshold.value[l];
            assert_int_equal(above, keep);
        }
    }
    free(u);
}

static void test_threshold_with_equal_values(void **state) {
    (void)state;
    enum { ROWS = 40 };
    const hs_search_kernel *kernel = hs_search_kernel_find(NULL);
    float *u = hs_search_floats(ROWS, HS_LANES);
    hs_search_threshold threshold = {0};
    int32_t counts[3 * HS_LANES];
    unsigned round = 0;
    for (size_t k = 0; k < ROWS * HS_LANES; k++)
        u[k] = k / HS_LANES < 10 ? 5.0f : -3.0f;
    for (size_t l = 0; l < HS_LANES; l++)
        hs_search_threshold_reset(&threshold, l);
    hs_search_threshold_begin(&threshold, ROWS);
    do
        kernel->count_above(ROWS, u, threshold.candidates, counts);
    while (!hs_search_threshold_learn(&threshold, counts, 4, round++));
    for (size_t l = 0; l < HS_LANES; l++) /* 4 of 10 equal values cannot be told apart: 0 above */
        assert_true(threshold.value[l] >= 5.0f && threshold.value[l] < 5.001f);
    free(u);
}

/* ---- projections --------------------------------------------------------------------------- */

static double squared_distance(const float *u, const float *v, size_t count, size_t lane) {
    double sum = 0.0;
    for (size_t k = 0; k < count; k++) {
        double difference = (double)u[k * HS_LANES + lane] - (double)v[k * HS_LANES + lane];
        sum += difference * difference;
    }
    return sum;
}

/* Is the point of lane l in the cone at distance 1 (tau reduced by 1)? */
static bool in_cone(const hs_search_cone *cone, const float *v, size_t l) {
    double square = 0.0, tau = (double)v[(cone->hard - 1) * HS_LANES + l] - 1.0;
    bool inside = tau >= -1e-4;
    for (size_t k = 0; k + 1 < cone->hard; k++) {
        double value = (double)v[k * HS_LANES + l];
        square += value * value;
        if (cone->face[cone->which[k]] == HS_CONE_BELOW_TAU)
            inside = inside && fabs(value) <= tau + 1e-4;
    }
    return inside && (!cone->ball || sqrt(square) <= tau + 1e-3);
}

/* No point of the cone on the way to other points of the cone is nearer. */
static void check_projection(const hs_search_cone *cone) {
    size_t count = cone->hard * HS_LANES;
    float *u = hs_search_floats(cone->hard, HS_LANES), *v = hs_search_floats(cone->hard, HS_LANES);
    float *w = hs_search_floats(cone->hard, HS_LANES);
    for (uint64_t seed = 1; seed < 40; seed++) {
        fill(u, count, seed);
        fill(w, count, seed + 1000);
        for (size_t k = 0; k < count; k++)
            v[k] = u[k] = 6.0f * u[k];
        hs_search_cone_project(cone, v);
        hs_search_cone_project(cone, w);
        for (size_t l = 0; l < HS_LANES; l++) {
            assert_true(in_cone(cone, v, l));
            double nearest = squared_distance(u, v, cone->hard, l);
            for (size_t k = 0; k < cone->hard; k++)
                w[k * HS_LANES + l] = 0.999f * v[k * HS_LANES + l] + 0.001f * w[k * HS_LANES + l];
            assert_true(squared_distance(u, w, cone->hard, l) >= nearest * (1.0 - 1e-5) - 1e-4);
        }
    }
    free(u);
    free(v);
    free(w);
}

static void test_projection_onto_ball(void **state) {
    (void)state;
    hs_search_cone cone;
    const hs_domain ball = {.kind = HS_DOMAIN_BALL, .radius = 2.0};
    assert_int_equal(hs_search_cone_create(&ball, 5, false, &cone, NULL), HS_OK);
    assert_int_equal(cone.hard, 6);
    check_projection(&cone);
    hs_search_cone_clear(&cone);
}

static void test_projection_onto_box(void **state) {
    (void)state;
    hs_search_cone cone;
    const double lower[4] = {-1.0, 0.0, 3.0, -2.0}, upper[4] = {1.0, 1.0, 4.0, 0.5};
    const hs_domain box = {.kind = HS_DOMAIN_BOX, .lower = lower, .upper = upper};
    assert_int_equal(hs_search_cone_create(&box, 4, false, &cone, NULL), HS_OK);
    check_projection(&cone);
    hs_search_cone_clear(&cone);
}

static void test_point_and_row_agree(void **state) {
    (void)state;
    hs_search_cone cone;
    const double lower[3] = {-1.0, 2.0, -INFINITY}, upper[3] = {3.0, INFINITY, -5.0};
    const hs_domain box = {.kind = HS_DOMAIN_BOX, .lower = lower, .upper = upper};
    const double w[3] = {0.5, -2.0, 1.5}, zeta[4] = {0.3, 0.2, 1.1, 0.8}, b = 0.7;
    double row[4], z[3], value = b, image = 0.0;
    assert_int_equal(hs_search_cone_create(&box, 3, false, &cone, NULL), HS_OK);
    hs_search_cone_row(&cone, w, b, row);
    assert_true(hs_search_cone_point(&cone, &box, zeta, z));
    for (size_t j = 0; j < 3; j++) {
        assert_true(z[j] > lower[j] && z[j] < upper[j]);
        value += w[j] * z[j];
    }
    for (size_t j = 0; j < 4; j++)
        image += row[j] * zeta[j];
    assert_true(fabs(image / zeta[3] - value) < 1e-12);
    const double outside[4] = {0.9, 0.2, 1.1, 0.8};
    assert_false(hs_search_cone_point(&cone, &box, outside, z));
    hs_search_cone_clear(&cone);
}

/* ---- coordinates --------------------------------------------------------------------------- */

/* Q'Q = rows I, and Q y are the scaled rows at map y, even where columns differ by 10^5. */
static void test_coordinates_are_orthogonal(void **state) {
    (void)state;
    enum { M = 90, N = 11 };
    double weight[M * N];
    hs_search_random random = {11};
    for (size_t k = 0; k < M * N; k++)
        weight[k] = hs_search_random_normal(&random) * (k % N == 3 ? 1e-5 : 1.0);
    const hs_search_source source = {M, N, weight, NULL, {.kind = HS_DOMAIN_SPACE}};
    const hs_search_workers workers = {hs_search_kernel_find(NULL), 2, NULL, NULL};
    hs_search_plan plan;
    hs_search_cone cone;
    hs_search_space space;
    bool stopped;
    assert_int_equal(hs_search_plan_reduce(&source, &plan, NULL), HS_OK);
    assert_int_equal(plan.count, M);
    assert_int_equal(hs_search_cone_create(&source.domain, N, true, &cone, NULL), HS_OK);
    assert_int_equal(
        hs_search_space_create(&source, &plan, &cone, 1.0, &workers, &space, &stopped, NULL),
        HS_OK);
    for (size_t j = 0; j < N; j++)
        for (size_t k = 0; k <= j; k++) {
            double sum = 0.0;
            for (size_t i = 0; i < space.rows; i++)
                sum += (double)entry(space.panels, space.stride, i, j) *
                       (double)entry(space.panels, space.stride, i, k);
            assert_true(fabs(sum / M - (j == k ? 1.0 : 0.0)) < 0.02);
        }
    hs_search_space_clear(&space);
    hs_search_cone_clear(&cone);
    hs_search_plan_clear(&plan);
}

/* ---- plans --------------------------------------------------------------------------------- */

static void test_plan_merges_parallel_rows(void **state) {
    (void)state;
    const double weight[] = {1.0, 2.0, 2.0, 4.0, 0.0, 1.0, 0.0, 0.0, -3.0, 0.5};
    const double bias[] = {0.5, 3.0, 1.0, -1.0, 0.1};
    const hs_search_source source = {5, 2, weight, bias, {.kind = HS_DOMAIN_SPACE}};
    hs_search_plan plan;
    assert_int_equal(hs_search_plan_reduce(&source, &plan, NULL), HS_OK);
    assert_int_equal(plan.count, 3); /* row 1 stands for row 0, row 3 spans nothing */
    assert_int_equal(plan.rows[0], 1);
    assert_int_equal(plan.rows[1], 2);
    assert_int_equal(plan.rows[2], 4);
    assert_int_equal(plan.budget, 1);
    hs_search_plan_clear(&plan);
}

static void test_plan_knows_opposite_rows(void **state) {
    (void)state;
    /* e1 and -2 e1: one of them is always active, so their line is free, and e1 + 0 too */
    const double weight[] = {1, 0, 0, -2, 0, 0, 0, 1, 0, 0, 0, 1, 0, -1, 1, 0, -1, -1};
    const hs_search_source source = {6, 3, weight, NULL, {.kind = HS_DOMAIN_SPACE}};
    hs_search_plan plan;
    assert_int_equal(hs_search_plan_reduce(&source, &plan, NULL), HS_OK);
    assert_int_equal(plan.base, 1);
    assert_int_equal(plan.budget, 1);
    assert_int_equal(plan.count, 4);
    hs_search_plan_clear(&plan);
    const double bias[] = {1.0, -3.0, 0, 0, 0, 0}; /* both inactive in between */
    const hs_search_source apart = {6, 3, weight, bias, {.kind = HS_DOMAIN_SPACE}};
    assert_int_equal(hs_search_plan_reduce(&apart, &plan, NULL), HS_OK);
    assert_int_equal(plan.base, 0);
    assert_int_equal(plan.count, 6);
    hs_search_plan_clear(&plan);
}

/* Eight rows in a plane of R^4 among rows in general position. */
static void test_flats_are_found(void **state) {
    (void)state;
    enum { M = 12, N = 4 };
    double weight[M * N];
    hs_search_random random = {12};
    for (size_t k = 0; k < M * N; k++)
        weight[k] = hs_search_random_normal(&random);
    const hs_search_source source = {M, N, weight, NULL, {.kind = HS_DOMAIN_SPACE}};
    hs_search_plan plan, plans[HS_SEARCH_FLATS];
    size_t count;
    assert_int_equal(hs_search_plan_reduce(&source, &plan, NULL), HS_OK);
    assert_int_equal(hs_search_flats_find(&source, &plan, 1, plans, &count, NULL), HS_OK);
    assert_int_equal(count, 0); /* general position */
    hs_search_plan_clear(&plan);
    for (size_t i = 2; i < 8; i++)
        for (size_t j = 0; j < N; j++)
            weight[i * N + j] = weight[j] * (double)i + weight[N + j] * (double)(i * i % 7 + 1);
    assert_int_equal(hs_search_plan_reduce(&source, &plan, NULL), HS_OK);
    assert_int_equal(hs_search_flats_find(&source, &plan, 1, plans, &count, NULL), HS_OK);
    assert_true(count >= 1);
    assert_int_equal(plans[0].base, 2);
    assert_int_equal(plans[0].budget, 1);
    assert_int_equal(plans[0].count, 4);
    for (size_t k = 0; k < 4; k++)
        assert_int_equal(plans[0].rows[k], 8 + k);
    hs_search_plan_clear(&plan);
    for (size_t k = 0; k < count; k++)
        hs_search_plan_clear(&plans[k]);
}

static void test_row_range_is_sharp(void **state) {
    (void)state;
    const double weight[] = {3.0, -4.0}, bias[] = {0.5}, lower[] = {0.0, -1.0},
                 upper[] = {2.0, 1.0};
    hs_search_source source = {1, 2, weight, bias, {.kind = HS_DOMAIN_BALL, .radius = 2.0}};
    double least, most;
    hs_search_row_range(&source, 0, &least, &most);
    assert_true(fabs(least + 9.5) < 1e-12 && fabs(most - 10.5) < 1e-12);
    source.domain.kind = HS_DOMAIN_NONNEG_BALL;
    hs_search_row_range(&source, 0, &least, &most);
    assert_true(fabs(least + 7.5) < 1e-12 && fabs(most - 6.5) < 1e-12);
    source.domain = (hs_domain){.kind = HS_DOMAIN_BOX, .lower = lower, .upper = upper};
    hs_search_row_range(&source, 0, &least, &most);
    assert_true(fabs(least + 3.5) < 1e-12 && fabs(most - 10.5) < 1e-12);
}

/* ---- threads ------------------------------------------------------------------------------- */

typedef struct relay {
    hs_barrier barrier;
    int written[3], seen[3];
} relay;

static void pass_on(unsigned index, void *data) {
    relay *r = data;
    for (int round = 1; round <= 1000; round++) {
        r->written[index] = round;
        hs_barrier_wait(&r->barrier);
        for (int k = 0; k < 3; k++)
            r->seen[index] += r->written[k] == round;
        hs_barrier_wait(&r->barrier);
    }
}

static void test_barrier_orders_writes(void **state) {
    (void)state;
    relay r = {0};
    hs_barrier_init(&r.barrier, 3);
    if (!hs_parallel_together(3, pass_on, &r))
        skip();
    for (int k = 0; k < 3; k++)
        assert_int_equal(r.seen[k], 3000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernels_agree_with_plain_sums),
        cmocka_unit_test(test_kernel_names),
        cmocka_unit_test(test_threshold_leaves_so_many_above),
        cmocka_unit_test(test_threshold_with_equal_values),
        cmocka_unit_test(test_projection_onto_ball),
        cmocka_unit_test(test_projection_onto_box),
        cmocka_unit_test(test_point_and_row_agree),
        cmocka_unit_test(test_coordinates_are_orthogonal),
        cmocka_unit_test(test_plan_merges_parallel_rows),
        cmocka_unit_test(test_plan_knows_opposite_rows),
        cmocka_unit_test(test_flats_are_found),
        cmocka_unit_test(test_row_range_is_sharp),
        cmocka_unit_test(test_barrier_orders_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
