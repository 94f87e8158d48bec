#include "testing.h"

#include "geometry/general_position.h"
#include "geometry/rank.h"

#include <math.h>

static hs_position position_of(const double *a, size_t d, size_t count, uint64_t budget) {
    size_t which[32];
    hs_position position;
    for (size_t i = 0; i < count; i++)
        which[i] = i;
    const hs_position_effort effort = {.subsets = budget};
    assert_int_equal(hs_general_position(a, d, which, count, effort, &position, NULL), HS_OK);
    return position;
}

static void small_sets(void **state) {
    (void)state;
    const double axes[6] = {1, 0, 0, 1, 1, 1};
    assert_int_equal(position_of(axes, 2, 3, 100), HS_POSITION_GENERAL);
    const double parallel[6] = {1, 2, 0, 1, -2, -4};
    assert_int_equal(position_of(parallel, 2, 3, 100), HS_POSITION_DEPENDENT);
    const double plane[12] = {1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1}; /* three rows in a plane */
    assert_int_equal(position_of(plane, 3, 4, 100), HS_POSITION_DEPENDENT);
    const double zero[4] = {1, 1, 0, 0};
    assert_int_equal(position_of(zero, 2, 2, 100), HS_POSITION_DEPENDENT);
    const double few[6] = {1, 0, 0, 2, 0, 0}; /* fewer rows than dimensions */
    assert_int_equal(position_of(few, 3, 2, 100), HS_POSITION_DEPENDENT);
    assert_int_equal(position_of(few, 3, 1, 100), HS_POSITION_GENERAL);
    assert_int_equal(position_of(few, 3, 0, 100), HS_POSITION_GENERAL);
}

static void more_subsets_than_the_budget_are_unknown(void **state) {
    (void)state;
    double rows[30];
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < 3; j++)
            rows[3 * i + j] = pow(i + 1, j);
    assert_int_equal(position_of(rows, 3, 10, 120), HS_POSITION_GENERAL); /* Vandermonde */
    assert_int_equal(position_of(rows, 3, 10, 119), HS_POSITION_UNKNOWN);
}

static bool at_once(void *data) {
    ++*(int *)data;
    return true;
}

static void work_can_be_stopped(void **state) {
    (void)state;
    enum { ROWS = 40 };
    double rows[4 * ROWS];
    size_t which[ROWS];
    uint64_t seed = 19;
    int asked = 0;
    const hs_position_effort effort = {1000000, at_once, &asked};
    hs_position position;
    for (size_t i = 0; i < ROWS; i++) {
        which[i] = i;
        for (int j = 0; j < 4; j++)
            rows[4 * i + (size_t)j] = chance_normal(&seed);
    }
    assert_int_equal(hs_general_position(rows, 4, which, ROWS, effort, &position, NULL), HS_OK);
    assert_int_equal(position, HS_POSITION_UNKNOWN);
    assert_int_equal(asked, 1);
    assert_int_equal(position_of(rows, 4, 20, 1000000), HS_POSITION_GENERAL);
}

/* Against the rank of every pair and triple. */
static void integer_rows_against_every_subset(void **state) {
    (void)state;
    uint64_t seed = 9;
    size_t general = 0;
    for (int k = 0; k < 400; k++) {
        double a[18];
        bool expected = true;
        for (int j = 0; j < 18; j++)
            a[j] = (double)chance_below(&seed, 13) - 6.0;
        for (size_t i = 0; i < 6; i++)
            for (size_t p = i + 1; p < 6; p++)
                for (size_t q = p + 1; q < 6; q++) {
                    const size_t which[3] = {i, p, q};
                    size_t rank;
                    assert_int_equal(hs_rank_exact(a, 3, which, 3, &rank, NULL, NULL, NULL), HS_OK);
                    expected = expected && rank == 3;
                }
        assert_int_equal(position_of(a, 3, 6, 1000),
                         expected ? HS_POSITION_GENERAL : HS_POSITION_DEPENDENT);
        general += expected;
    }
    assert_in_range(general, 50, 350);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_sets),
        cmocka_unit_test(more_subsets_than_the_budget_are_unknown),
        cmocka_unit_test(work_can_be_stopped),
        cmocka_unit_test(integer_rows_against_every_subset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
