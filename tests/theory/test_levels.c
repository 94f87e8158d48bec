#include "halfspan/halfspan.h"

#include "testing.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

enum { MAX = HS_THEORY_LEVEL_MAX };

/* Computed independently with another discretisation, gradients below 1e-8. */
static const struct {
    double alpha, chi, q[3], x[3];
} known[4] = {
    {7.64769494, 0.63035509, {0}, {0}},
    {6.71569684, 0.0533008, {0.777231}, {3.28666}},
    {6.70039195, 0.0356731, {0.741098, 0.976634}, {2.66733, 5.35332}},
    {6.69868784, 0.0307728, {0.731421, 0.950609, 0.993057}, {2.48653, 3.83814, 7.29498}},
};

static void levels_agree_with_known_saddles(void **state) {
    (void)state;
    hs_theory_level levels[MAX];
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(4, NULL, levels, &count, &error), HS_OK);
    assert_int_equal(count, 4);
    for (size_t r = 0; r < 4; r++) {
        assert_int_equal(levels[r].level, r + 1);
        assert_int_equal(levels[r].effective_level, r + 1);
        assert_int_equal(levels[r].steps, r);
        assert_float_equal(levels[r].alpha, known[r].alpha, 6e-9);
        assert_float_equal(levels[r].chi, known[r].chi, 6e-8);
        assert_float_equal(levels[r].energy, 1.0, 1e-14);
        assert_true(levels[r].residual < 1e-10);
        for (size_t j = 0; j < r; j++) {
            assert_float_equal(levels[r].q[j], known[r].q[j], 6e-7);
            assert_float_equal(levels[r].x[j], known[r].x[j], 6e-6);
        }
    }
}

/* alpha (erf(sqrt chi) / 2 - exp(-chi) sqrt(chi / pi)) = 1 and e = alpha Q(sqrt(2 chi)). */
static void level_one_solves_its_closed_form(void **state) {
    (void)state;
    for (double alpha = 2.2; alpha < 30.0; alpha *= 1.5) {
        hs_theory_level level;
        size_t count;
        hs_error error;
        assert_int_equal(hs_theory_energy(alpha, 1, NULL, &level, &count, &error), HS_OK);
        double root = sqrt(level.chi), pi = acos(-1.0);
        assert_float_equal(alpha * (0.5 * erf(root) - exp(-level.chi) * root / sqrt(pi)), 1.0,
                           1e-12);
        assert_float_equal(level.energy, alpha * 0.5 * erfc(root), 1e-13);
    }
}

/* The closed relations of the overlaps: d_0 = q_0 / (chi + S_0)^2,
 * d_(j+1) = d_j + (q_(j+1) - q_j) / ((chi + S_j)(chi + S_(j+1))), given normalised by d_k. */
static void dual_overlaps_follow_from_the_overlaps(void **state) {
    (void)state;
    hs_theory_level levels[MAX];
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(5, NULL, levels, &count, &error), HS_OK);
    for (size_t r = 1; r < 5; r++) {
        const hs_theory_level *at = &levels[r];
        double s[MAX + 1], d[MAX + 1], q[MAX + 1];
        size_t k = at->steps;
        s[k] = at->chi;
        q[k] = 1.0;
        for (size_t j = k; j-- > 0;) {
            q[j] = at->q[j];
            s[j] = s[j + 1] + at->x[j] * (q[j + 1] - q[j]);
        }
        d[0] = q[0] / (s[0] * s[0]);
        for (size_t j = 0; j < k; j++)
            d[j + 1] = d[j] + (q[j + 1] - q[j]) / (s[j] * s[j + 1]);
        for (size_t j = 0; j < k; j++)
            assert_float_equal(at->dual[j], d[j] / d[k], 1e-12);
    }
}

static void energies_increase_and_cross_one_at_the_capacity(void **state) {
    (void)state;
    hs_theory_level capacity[MAX], at[MAX];
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(3, NULL, capacity, &count, &error), HS_OK);
    for (double alpha = 3.0; alpha <= 10.0; alpha += 1.0) {
        assert_int_equal(hs_theory_energy(alpha, 3, NULL, at, &count, &error), HS_OK);
        assert_true(at[0].energy < at[1].energy && at[1].energy < at[2].energy);
    }
    for (size_t r = 0; r < 3; r++) {
        double alpha = capacity[r].alpha;
        assert_int_equal(hs_theory_energy(alpha, r + 1, NULL, at, &count, &error), HS_OK);
        assert_float_equal(at[r].energy, 1.0, 1e-12);
        assert_float_equal(at[r].chi, capacity[r].chi, 1e-9);
        hs_theory_level ahead[MAX], behind[MAX];
        assert_int_equal(hs_theory_energy(alpha + 1e-4, r + 1, NULL, ahead, &count, &error), 0);
        assert_int_equal(hs_theory_energy(alpha - 1e-4, r + 1, NULL, behind, &count, &error), 0);
        double slope = (ahead[r].energy - behind[r].energy) / 2e-4;
        assert_float_equal(capacity[r].slope, slope, 1e-7);
    }
}

static void partial_level_two_holds_q_at_zero(void **state) {
    (void)state;
    const hs_theory_settings partial = {.partial = true};
    hs_theory_level levels[MAX], full[MAX];
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(4, &partial, levels, &count, &error), HS_OK);
    assert_int_equal(hs_theory_capacity(3, NULL, full, &count, &error), HS_OK);
    assert_float_equal(levels[0].alpha, full[0].alpha, 1e-12);
    assert_int_equal(levels[1].effective_level, 2);
    assert_float_equal(levels[1].q[0], 0.0, 0.0);
    assert_true(levels[1].alpha < full[0].alpha && levels[1].alpha > full[1].alpha);
    assert_true(levels[1].residual < 1e-10);
    /* with x_0 running to 0, level r + 1 partially lifted is level r fully lifted */
    for (size_t r = 2; r < 4; r++) {
        assert_int_equal(levels[r].effective_level, r);
        assert_float_equal(levels[r].alpha, full[r - 1].alpha, 1e-11);
    }
}

static void energy_is_zero_up_to_two(void **state) {
    (void)state;
    hs_theory_level levels[3];
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_energy(2.0, 3, NULL, levels, &count, &error), HS_OK);
    for (size_t r = 0; r < 3; r++) {
        assert_true(levels[r].energy == 0.0 && isinf(levels[r].chi));
        assert_int_equal(levels[r].effective_level, 0);
    }
    assert_int_equal(hs_theory_energy(2.1, 3, NULL, levels, &count, &error), HS_OK);
    assert_true(levels[0].energy > 0.0 && levels[2].energy > levels[0].energy);
    assert_true(levels[2].energy < 0.01);
}

static void coarser_grid_gives_the_same_capacity(void **state) {
    (void)state;
    const hs_theory_settings coarse = {.resolution = 4.0}, fine = {.resolution = 12.0};
    hs_theory_level a[MAX], b[MAX];
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(4, &coarse, a, &count, &error), HS_OK);
    assert_int_equal(hs_theory_capacity(4, &fine, b, &count, &error), HS_OK);
    for (size_t r = 0; r < 4; r++)
        assert_float_equal(a[r].alpha, b[r].alpha, 1e-10);
}

static void limit_lies_below_every_level(void **state) {
    (void)state;
    const hs_theory_settings quick = {.levels_only = true};
    hs_theory_level levels[MAX];
    hs_theory_full full;
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(8, NULL, levels, &count, &error), HS_OK);
    for (size_t r = 1; r < 8; r++)
        assert_true(levels[r].alpha < levels[r - 1].alpha);
    assert_int_equal(hs_theory_full_limit(levels, 8, &quick, &full, &error), HS_OK);
    assert_true(full.complete && isnan(full.from_continuum));
    assert_true(full.alpha < levels[7].alpha);
    assert_true(full.error > 0.0 && full.error < 5e-6);
    /* the continuous equations, as kept in the table */
    assert_float_equal(full.alpha, hs_theory_line_find("full-rsb")->alpha, full.error);
    assert_int_equal(hs_theory_full_limit(levels, 5, &quick, &full, &error), HS_INVALID_ARGUMENT);
}

static void requests_without_sense_are_refused(void **state) {
    (void)state;
    const hs_theory_settings rough = {.resolution = 0.5};
    hs_theory_level levels[MAX];
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(0, NULL, levels, &count, &error), HS_INVALID_ARGUMENT);
    assert_int_equal(hs_theory_capacity(MAX + 1, NULL, levels, &count, &error),
                     HS_INVALID_ARGUMENT);
    assert_int_equal(hs_theory_capacity(2, &rough, levels, &count, &error), HS_INVALID_ARGUMENT);
    assert_int_equal(hs_theory_energy(-1.0, 2, NULL, levels, &count, &error), HS_INVALID_ARGUMENT);
    assert_int_equal(hs_theory_energy(NAN, 2, NULL, levels, &count, &error), HS_INVALID_ARGUMENT);
    assert_int_equal(hs_theory_energy(1e4, 2, NULL, levels, &count, &error), HS_INVALID_ARGUMENT);
}

static bool stop_at_level_three(void *data) {
    return *(int *)data >= 3;
}

static void count_levels(const char *text, void *data) {
    (void)text;
    ++*(int *)data;
}

static void interruption_keeps_finished_levels(void **state) {
    (void)state;
    int started = 0;
    const hs_theory_settings settings = {
        .interrupted = stop_at_level_three, .progress = count_levels, .data = &started};
    hs_theory_level levels[MAX];
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(6, &settings, levels, &count, &error), HS_OK);
    assert_int_equal(count, 2);
    assert_float_equal(levels[1].alpha, known[1].alpha, 6e-9);
}

static bool stop_now(void *data) {
    (void)data;
    return true;
}

static void interrupted_limit_is_no_number(void **state) {
    (void)state;
    const hs_theory_settings settings = {.interrupted = stop_now};
    hs_theory_level levels[MAX];
    hs_theory_full full;
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(8, NULL, levels, &count, &error), HS_OK);
    assert_int_equal(hs_theory_full_limit(levels, 8, &settings, &full, &error), HS_OK);
    assert_false(full.complete);
}

/* Levels that are not a sequence of saddles must not be extrapolated into a number. */
static void damaged_levels_have_no_limit(void **state) {
    (void)state;
    const hs_theory_settings quick = {.levels_only = true};
    hs_theory_level levels[MAX];
    hs_theory_full full;
    size_t count;
    hs_error error;
    assert_int_equal(hs_theory_capacity(8, NULL, levels, &count, &error), HS_OK);
    levels[5].effective_level = 5;
    assert_int_equal(hs_theory_full_limit(levels, 8, &quick, &full, &error), HS_NOT_CONVERGED);
    assert_false(full.complete);
}

static void *solve_in_a_thread(void *result) {
    hs_theory_level levels[MAX];
    size_t count;
    hs_status status = hs_theory_capacity(4, NULL, levels, &count, NULL);
    *(double *)result = status == HS_OK ? levels[3].alpha : NAN;
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state) {
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    double alpha[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, solve_in_a_thread, &alpha[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (size_t i = 0; i < THREADS; i++)
        assert_float_equal(alpha[i], alpha[0], 0.0);
    assert_float_equal(alpha[0], known[3].alpha, 6e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_agree_with_known_saddles),
        cmocka_unit_test(level_one_solves_its_closed_form),
        cmocka_unit_test(dual_overlaps_follow_from_the_overlaps),
        cmocka_unit_test(energies_increase_and_cross_one_at_the_capacity),
        cmocka_unit_test(partial_level_two_holds_q_at_zero),
        cmocka_unit_test(energy_is_zero_up_to_two),
        cmocka_unit_test(coarser_grid_gives_the_same_capacity),
        cmocka_unit_test(limit_lies_below_every_level),
        cmocka_unit_test(requests_without_sense_are_refused),
        cmocka_unit_test(interruption_keeps_finished_levels),
        cmocka_unit_test(interrupted_limit_is_no_number),
        cmocka_unit_test(damaged_levels_have_no_limit),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
