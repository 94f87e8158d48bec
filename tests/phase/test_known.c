/* Which width to decide next: simulated trials whose critical width is known beforehand. */
#include "phase/known.h"
#include "testing.h"

static const hs_phase_plan plan = {.weight = {.kind = HS_ENSEMBLE_GAUSSIAN, .p = 1.0},
                                   .bias = {.kind = HS_ENSEMBLE_NONE, .p = 1.0}};

static hs_phase_row decided(size_t m, hs_verdict verdict) {
    return (hs_phase_row){.m = (uint32_t)m, .verdict = verdict};
}

static hs_verdict truth(size_t m, size_t width) {
    return m >= width ? HS_INJECTIVE : HS_NOT_INJECTIVE;
}

/* Runs a trial to its end; returns the number of decisions. open[]: widths that stay undecided. */
static size_t simulate(const hs_phase_plan *of, const hs_phase_size *size, size_t width,
                       size_t open_from, size_t open_to, hs_known *known) {
    size_t m, count = 0;
    while ((m = hs_known_next(known, of, size)) > 0) {
        assert_true(m > known->lower && m < known->upper);
        bool open = m >= open_from && m < open_to;
        hs_phase_row row = decided(m, open ? HS_UNDECIDED : truth(m, width));
        hs_known_add(known, of, &row);
        assert_false(hs_known_contradicts(known));
        assert_true(++count < 2000);
    }
    return count;
}

static void every_width_is_found(void **state) {
    (void)state;
    hs_known known;
    for (size_t n = 1; n <= 16; n++) {
        const hs_phase_size size = {.n = n, .domain = {.kind = HS_DOMAIN_BALL, .radius = 1.0}};
        for (size_t width = n; width < 12 * n + 5; width++) {
            hs_known_begin(&known, n);
            simulate(&plan, &size, width, 0, 0, &known);
            assert_int_equal(known.lower, width - 1);
            assert_int_equal(known.upper, width);
        }
    }
}

static void far_widths_are_found_in_reasonable_time(void **state) {
    (void)state;
    const hs_phase_size size = {.n = 5, .domain = {.kind = HS_DOMAIN_BALL, .radius = 1.0}};
    hs_known known;
    hs_known_begin(&known, 5);
    assert_true(simulate(&plan, &size, 5000, 0, 0, &known) < 1000);
    assert_int_equal(known.upper, 5000);
}

static void open_widths_leave_a_bracket(void **state) {
    (void)state;
    const hs_phase_size size = {.n = 10, .domain = {.kind = HS_DOMAIN_BALL, .radius = 1.0}};
    hs_known known;
    for (size_t width = 50; width < 70; width++)
        for (size_t reach = 1; reach < 30; reach += 3) {
            hs_known_begin(&known, 10);
            assert_true(simulate(&plan, &size, width, width - reach / 2, width + reach, &known) <
                        60);
            assert_true(known.lower < width && width <= known.upper);
            assert_true(known.open_count > 0);
        }
}

static void goes_on_where_it_was_stopped(void **state) {
    (void)state;
    const hs_phase_size size = {.n = 8, .domain = {.kind = HS_DOMAIN_BALL, .radius = 1.0}};
    hs_known known, again;
    hs_known_begin(&known, 8);
    size_t m;
    while ((m = hs_known_next(&known, &plan, &size)) > 0) {
        hs_phase_row row = decided(m, truth(m, 47));
        again = known;
        assert_int_equal(hs_known_next(&again, &plan, &size), m);
        hs_known_add(&known, &plan, &row);
    }
    assert_int_equal(known.upper, 47);
}

static void grid_is_decided_with_one_proof(void **state) {
    (void)state;
    static const size_t widths[] = {30, 35, 40, 45, 50, 55};
    const hs_phase_size size = {.n = 8, .grid = widths, .grid_count = 6};
    hs_known known;
    for (size_t width = 28; width < 60; width++) {
        size_t m, proofs = 0;
        hs_known_begin(&known, 8);
        while ((m = hs_known_next(&known, &plan, &size)) > 0) {
            hs_phase_row row = decided(m, truth(m, width));
            proofs += row.verdict == HS_INJECTIVE;
            hs_known_add(&known, &plan, &row);
        }
        assert_int_equal(proofs, width <= 55);
        for (size_t k = 0; k < 6; k++)
            assert_true(widths[k] <= known.lower || widths[k] >= known.upper);
    }
}

static void open_counts_until_more_is_granted(void **state) {
    (void)state;
    hs_phase_plan limited = plan;
    hs_phase_row row = decided(40, HS_UNDECIDED);
    hs_known known;
    limited.time_limit = row.time_limit = 5.0;
    hs_known_begin(&known, 8);
    hs_known_add(&known, &limited, &row);
    hs_known_add(&known, &limited, &row);
    assert_int_equal(known.open_count, 1);
    limited.time_limit = 4.0;
    hs_known_begin(&known, 8);
    hs_known_add(&known, &limited, &row);
    assert_int_equal(known.open_count, 1);
    for (int k = 0; k < 2; k++) {
        limited.time_limit = k == 0 ? 6.0 : 0.0;
        hs_known_begin(&known, 8);
        hs_known_add(&known, &limited, &row);
        assert_int_equal(known.open_count, 0);
    }
    row.time_limit = limited.time_limit = 0.0;
    row.node_limit = 100;
    limited.node_limit = 200;
    hs_known_add(&known, &limited, &row);
    assert_int_equal(known.open_count, 0);
    limited.node_limit = 100;
    hs_known_add(&known, &limited, &row);
    assert_int_equal(known.open_count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_is_found),
        cmocka_unit_test(far_widths_are_found_in_reasonable_time),
        cmocka_unit_test(open_widths_leave_a_bracket),
        cmocka_unit_test(goes_on_where_it_was_stopped),
        cmocka_unit_test(grid_is_decided_with_one_proof),
        cmocka_unit_test(open_counts_until_more_is_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
