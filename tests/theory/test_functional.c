#include "theory/entropy.h"
#include "theory/functional.h"

#include "testing.h"

#include <math.h>
#include <stdlib.h>

/* Away from any saddle, with increasing x and one x beyond the range of transforms. */
static hs_parameters some_parameters(size_t steps) {
    hs_parameters at = {.steps = steps, .width[0] = 9.0};
    for (size_t j = 0; j < steps; j++) {
        at.width[j + 1] = 2.5 / (double)((j + 1) * (j + 1));
        at.x[j] = 1.5 + 4.0 * (double)(j * j);
    }
    return at;
}

static hs_functional evaluate(const hs_parameters *at, double resolution) {
    hs_workspace workspace = hs_workspace_make(resolution);
    hs_functional result = {0};
    hs_error error;
    assert_int_equal(hs_functional_at(at, &workspace, &result, &error), HS_OK);
    hs_workspace_clear(&workspace);
    return result;
}

/* The exact derivatives against central differences. */
static void check_width(const hs_parameters *from, size_t j, const hs_functional *f) {
    hs_parameters at = *from;
    double middle = at.width[j], h = 1e-5 * middle;
    at.width[j] = middle + h;
    hs_functional ahead = evaluate(&at, 6.0);
    at.width[j] = middle - h;
    hs_functional behind = evaluate(&at, 6.0);
    assert_float_equal(f->energy_by_width[j], (ahead.energy - behind.energy) / (2.0 * h), 2e-9);
    assert_float_equal(f->entropy_by_width[j], (ahead.entropy - behind.entropy) / (2.0 * h), 2e-9);
}

static void check_x(const hs_parameters *from, size_t j, const hs_functional *f) {
    hs_parameters at = *from;
    double middle = at.x[j], h = 1e-5 * middle;
    at.x[j] = middle + h;
    hs_functional ahead = evaluate(&at, 6.0);
    at.x[j] = middle - h;
    hs_functional behind = evaluate(&at, 6.0);
    assert_float_equal(f->energy_by_x[j], (ahead.energy - behind.energy) / (2.0 * h), 2e-9);
    assert_float_equal(f->entropy_by_x[j], (ahead.entropy - behind.entropy) / (2.0 * h), 2e-9);
}

static void gradients_are_those_of_the_functional(void **state) {
    (void)state;
    for (size_t steps = 0; steps <= 4; steps++) {
        hs_parameters at = some_parameters(steps);
        hs_functional f = evaluate(&at, 6.0);
        for (size_t j = 0; j <= steps; j++)
            check_width(&at, j, &f);
        for (size_t j = 0; j < steps; j++)
            check_x(&at, j, &f);
    }
}

static void gradients_hold_when_partially_lifted(void **state) {
    (void)state;
    for (size_t steps = 1; steps <= 3; steps++) {
        hs_parameters at = some_parameters(steps);
        at.width[0] = 0.0;
        hs_functional f = evaluate(&at, 6.0);
        for (size_t j = 1; j <= steps; j++)
            check_width(&at, j, &f);
        for (size_t j = 0; j < steps; j++)
            check_x(&at, j, &f);
    }
}

static void finer_grid_changes_nothing(void **state) {
    (void)state;
    hs_parameters at = some_parameters(3);
    hs_functional coarse = evaluate(&at, 5.0), fine = evaluate(&at, 15.0);
    assert_float_equal(coarse.energy, fine.energy, 1e-13);
    for (size_t j = 0; j <= 3; j++)
        assert_float_equal(coarse.slope_square[j], fine.slope_square[j], 1e-11);
}

/* energy = -E min(max(h, 0)^2, 1) with h of variance 1 / (2 chi). */
static void level_one_is_the_closed_form(void **state) {
    (void)state;
    for (double chi = 0.05; chi < 3.0; chi *= 1.7) {
        hs_parameters at = {.steps = 0, .width[0] = 0.5 / chi};
        hs_functional f = evaluate(&at, 6.0);
        double tail = 0.5 * erfc(sqrt(chi));
        double square = (0.5 * erf(sqrt(chi)) - exp(-chi) * sqrt(chi / acos(-1.0))) / (2.0 * chi);
        assert_float_equal(f.energy, -square - tail, 1e-14);
        assert_float_equal(f.entropy, 0.5 / chi, 1e-14);
    }
}

/* A step with x -> 0 only averages: k steps become k - 1 with the first two widths joined. */
static void small_x_joins_the_outer_widths(void **state) {
    (void)state;
    hs_parameters two = some_parameters(2), one = {.steps = 1};
    two.x[0] = 1e-3;
    one.width[0] = two.width[0] + two.width[1];
    one.width[1] = two.width[2];
    one.x[0] = two.x[1];
    double difference = evaluate(&two, 6.0).energy - evaluate(&one, 6.0).energy;
    two.x[0] = 2e-3;
    double twice = evaluate(&two, 6.0).energy - evaluate(&one, 6.0).energy;
    assert_true(fabs(difference) < 1e-3);
    assert_float_equal(twice / difference, 2.0, 1e-2); /* linear in x */
}

/* Splitting a width at equal x changes neither half. */
static void splitting_at_equal_x_changes_nothing(void **state) {
    (void)state;
    hs_parameters one = some_parameters(1), two = {.steps = 2, .width[0] = one.width[0]};
    one.x[0] = 3.0;
    two.width[1] = 0.6 * one.width[1];
    two.width[2] = 0.4 * one.width[1];
    two.x[0] = two.x[1] = 3.0;
    hs_functional a = evaluate(&one, 6.0), b = evaluate(&two, 6.0);
    assert_float_equal(a.energy, b.energy, 1e-13);
    assert_float_equal(a.entropy, b.entropy, 1e-13);
    assert_float_equal(a.slope_square[1], b.slope_square[2], 1e-12);
    assert_float_equal(a.dual[1], b.dual[2], 1e-12);
}

/* Both ways to smooth, on a function both can take. */
static void positive_sums_agree_with_transforms(void **state) {
    (void)state;
    hs_grid grid = {0};
    hs_error error;
    assert_int_equal(hs_grid_prepare(&grid, 20.0, 0.05, &error), HS_OK);
    double *in = calloc(grid.points, sizeof *in), *a = calloc(grid.points, sizeof *a),
           *b = calloc(grid.points, sizeof *b);
    assert_true(in != NULL && a != NULL && b != NULL);
    for (size_t i = 0; i < grid.points; i++)
        in[i] = exp(-0.5 * pow(hs_grid_field(&grid, i) - 1.0, 2.0));
    hs_grid_smooth(&grid, in, 0.7, a);
    hs_grid_smooth_positive(&grid, in, 0.7, 40.0, b);
    for (size_t i = 0; i < grid.points; i++) {
        double h = hs_grid_field(&grid, i) - 1.0, exact = exp(-0.5 * h * h / 1.7) / sqrt(1.7);
        assert_float_equal(a[i], exact, 1e-14);
        assert_float_equal(b[i], exact, 1e-14 + 1e-12 * exact);
    }
    free(in);
    free(a);
    free(b);
    hs_grid_clear(&grid);
}

static void grid_too_fine_is_refused(void **state) {
    (void)state;
    hs_grid grid = {0};
    hs_error error;
    assert_int_equal(hs_grid_prepare(&grid, 1.0, 1e-9, &error), HS_UNSUPPORTED);
    assert_int_equal(hs_grid_prepare(&grid, NAN, 0.1, &error), HS_UNSUPPORTED);
    hs_grid_clear(&grid);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_the_functional),
        cmocka_unit_test(gradients_hold_when_partially_lifted),
        cmocka_unit_test(finer_grid_changes_nothing),
        cmocka_unit_test(level_one_is_the_closed_form),
        cmocka_unit_test(small_x_joins_the_outer_widths),
        cmocka_unit_test(splitting_at_equal_x_changes_nothing),
        cmocka_unit_test(positive_sums_agree_with_transforms),
        cmocka_unit_test(grid_too_fine_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
