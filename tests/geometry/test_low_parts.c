/* Rows with more bits than a double holds: signs, cores and systems see both parts. */
#include "testing.h"

#include "geometry/system.h"

#include <math.h>

static void the_sign_sees_both_parts(void **state) {
    (void)state;
    const double a[] = {1, -1}, z[] = {1, 1};
    double low[] = {0x1p-60, 0};
    hs_system row = {.d = 2, .rows = 1, .a = a, .low = low, .radius = INFINITY};
    assert_int_equal(hs_system_sign(&row, 0, z), 1);
    low[0] = -0x1p-60;
    assert_int_equal(hs_system_sign(&row, 0, z), -1);
    low[1] = 0x1p-60;
    assert_int_equal(hs_system_sign(&row, 0, z), 0);
}

/* (-1 + e, 1), (1, -1) and a third row; without the e the first two are opposite. */
static void expect_core(double e, double third, bool expected) {
    const double a[] = {-1, 1, 1, -1, third, 0};
    const double low[] = {e, 0, 0, 0, 0, 0};
    const hs_system rows = {.d = 2, .rows = 3, .a = a, .low = low, .radius = INFINITY};
    const size_t all[] = {0, 1, 2};
    hs_feasibility answer;
    bool holds, strict = false;
    double point[2];
    assert_int_equal(hs_core_holds(&rows, all, 3, NULL, &holds, NULL), HS_OK);
    assert_int_equal(holds, expected);
    assert_int_equal(hs_system_decide_exact(&rows, all, 3, &answer, point, &strict, NULL), HS_OK);
    assert_int_equal(answer, expected ? HS_EMPTY : HS_NONEMPTY);
    if (strict && answer == HS_NONEMPTY)
        assert_true(hs_system_contains(&rows, all, 3, point));
}

static void cores_see_both_parts(void **state) {
    (void)state;
    for (double e = 0x1p-54; e > 0x1p-200; e *= 0x1p-20) {
        expect_core(e, -1.0, true);
        expect_core(e, 1.0, false);
        expect_core(-e, 1.0, true);
        expect_core(-e, -1.0, false);
    }
    expect_core(0.0, 1.0, true);
}

/* k + 1 rows of small integers, with low parts of small multiples of 2^-60. */
static void cores_of_lower_rank_see_both_parts(void **state) {
    (void)state;
    enum { MOST = 6 };
    uint64_t seed = 9;
    size_t proven = 0;
    for (int k = 0; k < 400; k++) {
        size_t d = 2 + chance_below(&seed, MOST - 1), rank = 1 + chance_below(&seed, d - 1);
        double a[(MOST + 1) * MOST] = {0}, low[(MOST + 1) * MOST] = {0};
        size_t all[MOST + 1] = {0, 1, 2, 3, 4, 5, 6};
        for (size_t i = 0; i < rank; i++) {
            double weight = (double)chance_below(&seed, 5) - (i == 0 ? 1.0 : 0.0);
            for (size_t j = 0; j < d; j++) {
                a[i * d + j] = (double)chance_below(&seed, 7) + 1.0;
                low[i * d + j] = ldexp((double)chance_below(&seed, 7) - 3.0, -60);
                a[rank * d + j] -= weight * a[i * d + j];
                low[rank * d + j] -= weight * low[i * d + j];
            }
        }
        if (chance(&seed) < 0.3) /* the low parts no longer cancel */
            low[rank * d] += 0x1p-60;
        const hs_system rows = {.d = d, .rows = rank + 1, .a = a, .low = low, .radius = INFINITY};
        hs_feasibility answer;
        bool holds;
        assert_int_equal(hs_core_holds(&rows, all, rank + 1, NULL, &holds, NULL), HS_OK);
        assert_int_equal(hs_system_decide_exact(&rows, all, rank + 1, &answer, NULL, NULL, NULL),
                         HS_OK);
        assert_int_equal(holds, answer == HS_EMPTY);
        proven += holds;
    }
    assert_in_range(proven, 80, 320);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sign_sees_both_parts),
        cmocka_unit_test(cores_see_both_parts),
        cmocka_unit_test(cores_of_lower_rank_see_both_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
