/* The floating-point active-set method against the exact one. */
#include "testing.h"

#include "geometry/minnorm.h"
#include "geometry/system.h"

#include <math.h>
#include <string.h>

enum { MOST = 24, WIDEST = 12 };

typedef struct polyhedron {
    size_t d, rows;
    double a[MOST * WIDEST], t[MOST]; /* a_i.z <= t_i */
} polyhedron;

static double violation(const polyhedron *p, size_t i, const double *z) {
    double sum = -p->t[i];
    for (size_t j = 0; j < p->d; j++)
        sum += p->a[i * p->d + j] * z[j];
    return sum;
}

/* Adds the most violated row until none is; false when the solver says that there is no point. */
static bool solve(hs_minnorm *solver, const polyhedron *p) {
    hs_minnorm_reset(solver);
    for (int steps = 0; steps < 1000; steps++) {
        size_t worst = 0;
        for (size_t i = 1; i < p->rows; i++)
            if (violation(p, i, solver->z) > violation(p, worst, solver->z))
                worst = i;
        if (violation(p, worst, solver->z) <= 1e-12)
            return true;
        double multiplier;
        hs_minnorm_answer answer = hs_minnorm_add(solver, p->a + worst * p->d, 1.0, p->t[worst],
                                                  (uint32_t)worst, &multiplier);
        assert_int_not_equal(answer, HS_MINNORM_GIVEN_UP);
        if (answer == HS_MINNORM_EMPTY)
            return false;
    }
    fail_msg("the solver does not end");
    return false;
}

/* Does the open polyhedron meet the open ball, exactly? */
static hs_feasibility meets_ball(const polyhedron *p, double radius) {
    double beta[MOST];
    size_t which[MOST];
    hs_feasibility answer;
    for (size_t i = 0; i < p->rows; i++) {
        beta[i] = -p->t[i];
        which[i] = i;
    }
    const hs_system system = {
        .d = p->d, .rows = p->rows, .a = p->a, .beta = beta, .radius = radius};
    assert_int_equal(hs_system_decide_exact(&system, which, p->rows, &answer, NULL, NULL, NULL),
                     HS_OK);
    return answer;
}

static void draw(uint64_t *seed, double shift, polyhedron *p) {
    p->d = 1 + chance_below(seed, 6);
    p->rows = 1 + chance_below(seed, 3 * p->d);
    for (size_t i = 0; i < p->rows; i++) {
        for (size_t j = 0; j < p->d; j++)
            p->a[i * p->d + j] = chance_normal(seed);
        p->t[i] = chance_normal(seed) + shift;
    }
}

/* The Karush-Kuhn-Tucker conditions: z = - sum lambda_i a_i, lambda >= 0, active rows tight. */
static void check_optimality(const hs_minnorm *solver, const polyhedron *p) {
    double rest[WIDEST], square = 0.0;
    memcpy(rest, solver->z, p->d * sizeof *rest);
    size_t active = 0;
    for (size_t slot = 0; slot < solver->stride; slot++) {
        uint32_t row = solver->slot_row[slot];
        if (row == HS_MINNORM_FREE)
            continue;
        active++;
        assert_true(solver->lambda[slot] >= 0.0);
        assert_true(fabs(violation(p, row, solver->z)) < 1e-8);
        for (size_t j = 0; j < p->d; j++)
            rest[j] += solver->lambda[slot] * p->a[row * p->d + j];
    }
    assert_int_equal(active, solver->active_count);
    for (size_t j = 0; j < p->d; j++) {
        assert_true(fabs(rest[j]) < 1e-7);
        square += solver->z[j] * solver->z[j];
    }
    assert_true(fabs(square - solver->squared_norm) <= 1e-12 * (1.0 + square));
}

static void random_polyhedra_agree_with_exact_arithmetic(void **state) {
    (void)state;
    uint64_t seed = 8;
    size_t empty = 0, away = 0;
    for (int k = 0; k < 250; k++) {
        polyhedron p;
        hs_minnorm solver;
        draw(&seed, -0.3, &p);
        assert_int_equal(hs_minnorm_create(p.d, &solver, NULL), HS_OK);
        if (solve(&solver, &p)) {
            check_optimality(&solver, &p);
            double norm = sqrt(solver.squared_norm);
            assert_int_equal(meets_ball(&p, norm * (1.0 + 1e-7) + 1e-9), HS_NONEMPTY);
            if (norm > 1e-6) {
                assert_int_equal(meets_ball(&p, norm * (1.0 - 1e-7)), HS_EMPTY);
                away++;
            }
        } else {
            assert_int_equal(meets_ball(&p, 1e12), HS_EMPTY);
            empty++;
        }
        hs_minnorm_clear(&solver);
    }
    assert_true(empty > 20 && away > 60);
}

/* After "empty" the multipliers prove it: lambda >= 0, sum lambda a = 0, sum lambda t < 0. */
static void empty_comes_with_a_farkas_combination(void **state) {
    (void)state;
    const double rows[3][2] = {{1, 0}, {0, 1}, {-1, -2}}, t[3] = {-1, -1, -1};
    hs_minnorm solver;
    double multiplier = 0.0, sum[2] = {0}, right = 0.0;
    assert_int_equal(hs_minnorm_create(2, &solver, NULL), HS_OK);
    assert_int_equal(hs_minnorm_add(&solver, rows[0], 1.0, t[0], 0, &multiplier), HS_MINNORM_ADDED);
    assert_int_equal(hs_minnorm_add(&solver, rows[1], 1.0, t[1], 1, &multiplier), HS_MINNORM_ADDED);
    assert_int_equal(hs_minnorm_add(&solver, rows[2], 1.0, t[2], 2, &multiplier), HS_MINNORM_EMPTY);
    for (size_t slot = 0; slot < solver.stride; slot++) {
        uint32_t row = solver.slot_row[slot];
        if (row == HS_MINNORM_FREE)
            continue;
        right += solver.lambda[slot] * t[row];
        for (int j = 0; j < 2; j++)
            sum[j] += solver.lambda[slot] * rows[row][j];
    }
    for (int j = 0; j < 2; j++)
        assert_true(fabs(sum[j] + multiplier * rows[2][j]) < 1e-14);
    assert_true(multiplier > 0.0 && right + multiplier * t[2] < 0.0);
    hs_minnorm_clear(&solver);
}

static void a_copy_goes_on_by_itself(void **state) {
    (void)state;
    const double first[2] = {1, 0}, second[2] = {0, 1};
    hs_minnorm solver, copy;
    double multiplier;
    assert_int_equal(hs_minnorm_create(2, &solver, NULL), HS_OK);
    assert_int_equal(hs_minnorm_create(2, &copy, NULL), HS_OK);
    assert_int_equal(hs_minnorm_add(&solver, first, 1.0, -3.0, 0, &multiplier), HS_MINNORM_ADDED);
    hs_minnorm_copy(&copy, &solver);
    assert_int_equal(hs_minnorm_add(&copy, second, 1.0, -4.0, 1, &multiplier), HS_MINNORM_ADDED);
    assert_true(fabs(copy.squared_norm - 25.0) < 1e-12);
    assert_true(fabs(solver.squared_norm - 9.0) < 1e-12);
    assert_int_equal(solver.active_count, 1);
    hs_minnorm_clear(&solver);
    hs_minnorm_clear(&copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_polyhedra_agree_with_exact_arithmetic),
        cmocka_unit_test(empty_comes_with_a_farkas_combination),
        cmocka_unit_test(a_copy_goes_on_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
