/* A verdict goes with its proof. The checker never refutes what the engines prove, so it is
 * replaced here by one that says what the tests want (linked with --wrap). */
#include "fixture.h"

#include "engine/certificate.h"

#include <stdlib.h>
#include <string.h>

static struct {
    bool proven, stopped;
    int asked;
} checker;

hs_status __wrap_hs_certificate_check(hs_certificate *certificate, const hs_problem *problem,
                                      const hs_settings *settings, hs_verification **verification,
                                      hs_error *error);

hs_status __wrap_hs_certificate_check(hs_certificate *certificate, const hs_problem *problem,
                                      const hs_settings *settings, hs_verification **verification,
                                      hs_error *error) {
    (void)certificate;
    (void)problem;
    (void)settings;
    (void)error;
    hs_verification *found = calloc(1, sizeof *found);
    assert_non_null(found);
    found->proven = checker.proven;
    found->stopped = checker.stopped;
    strcpy(found->reason, "for a test");
    checker.asked++;
    *verification = found;
    return HS_OK;
}

static const double crelu[] = {1, 0, 0, 1, -1, 0, 0, -1}, half[] = {1, 0, 0, 1, 1, 1};

/* What is said of the layer once the checker has said this. */
static hs_result *told(size_t m, const double *weight, bool proven, bool stopped) {
    hs_settings settings = hs_settings_default();
    hs_layer *layer = layer_of(m, 2, weight, NULL);
    const hs_domain domain = ball(1.0);
    hs_result *result = NULL;
    checker.proven = proven;
    checker.stopped = stopped;
    checker.asked = 0;
    settings.confirm = true;
    assert_int_equal(hs_check(layer, &domain, &settings, &result, NULL), HS_OK);
    assert_int_equal(checker.asked, 1);
    hs_layer_free(layer);
    return result;
}

static void what_is_confirmed_is_exact(void **state) {
    (void)state;
    hs_result *result = told(4, crelu, true, false);
    assert_int_equal(result->verdict, HS_INJECTIVE);
    assert_int_equal(result->arithmetic, HS_ARITHMETIC_EXACT);
    hs_result_free(result);
}

static void what_is_refuted_is_undecided(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        hs_result *result = k == 0 ? told(4, crelu, false, false) : told(3, half, false, false);
        assert_int_equal(result->verdict, HS_UNDECIDED);
        assert_null(result->witness);
        assert_true(!result->has_active_lower && !result->has_active_upper);
        assert_non_null(strstr(result->reason, "refutes"));
        assert_string_equal(result->uncertified, "the checker refuses it: for a test");
        hs_result_free(result);
    }
}

static void a_checker_that_stops_refutes_nothing(void **state) {
    (void)state;
    hs_result *result = told(3, half, false, true);
    assert_int_equal(result->verdict, HS_NOT_INJECTIVE);
    assert_non_null(result->witness);
    assert_int_equal(result->arithmetic, HS_ARITHMETIC_FLOATING);
    hs_result_free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_confirmed_is_exact),
        cmocka_unit_test(what_is_refuted_is_undecided),
        cmocka_unit_test(a_checker_that_stops_refutes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
