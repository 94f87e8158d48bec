#include "support/allocate.h"
#include "support/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void error_message_stays_on_one_line(void **state) {
    (void)state;
    hs_error error;
    assert_int_equal(hs_fail(&error, HS_BAD_DATA, "a\nb\x01%d", 7), HS_BAD_DATA);
    assert_int_equal(error.status, HS_BAD_DATA);
    assert_string_equal(error.message, "a?b?7");
    assert_int_equal(hs_fail(NULL, HS_NO_MEMORY, "ignored"), HS_NO_MEMORY);
}

static void long_error_message_is_cut(void **state) {
    (void)state;
    char text[2 * HS_ERROR_LENGTH];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    hs_error error;
    hs_fail(&error, HS_INTERNAL, "%s", text);
    assert_int_equal(strlen(error.message), HS_ERROR_LENGTH - 1);
}

static void matrix_that_overflows_is_refused(void **state) {
    (void)state;
    assert_null(hs_allocate_matrix(SIZE_MAX / 2, 3, 1));
    assert_null(hs_allocate_matrix(SIZE_MAX / 4, 2, 8));
    double *data = hs_allocate_matrix(3, 4, sizeof *data);
    assert_non_null(data);
    assert_true(data[11] == 0.0);
    free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_message_stays_on_one_line),
        cmocka_unit_test(long_error_message_is_cut),
        cmocka_unit_test(matrix_that_overflows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
