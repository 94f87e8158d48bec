#include "bytes.h"

#include "support/number.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const double numbers[4] = {1.5, -2.0, 3e-3, 4.0};

static void test_good_text(void **state) {
    static const char *const cases[] = {
        "1.5,-2\n3e-3,4\n",
        "1.5,-2\n3e-3,4",
        "1.5, -2\r\n.003 , +4.\r\n",
        "1.5;-2\n3E-3;4\n",
        "1.5 -2\n3e-3    4\n",
        "  1.5\t-2\t\n3e-3 \t 4\n",
        "\xef\xbb\xbf# UTF-8 with its mark\n1.5,-2\n3e-3,4\n",
        "# a comment, with commas\n\n1.5,-2 # here too\n   \n#\n3e-3,4\n\n",
        "first,second\n1.5,-2\n3e-3,4\n",
        "sepal length;sepal width\n1.5;-2\n3e-3;4\n",
        "\"a\"\t\"b\"\n1.5\t-2\n3e-3\t4\n",
        "1.5,-2\r3e-3,4\r",
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        bytes_text(&file, cases[k]);
        hs_array array = parse_array("good.csv", &file);
        assert_int_equal(array.rank, 2);
        assert_int_equal(array.rows, 2);
        assert_int_equal(array.columns, 2);
        for (size_t j = 0; j < 4; j++)
            if (bits_of(array.data[j]) != bits_of(numbers[j]))
                fail_msg("case %zu, number %zu: %.17g", k, j, array.data[j]);
        hs_array_clear(&array);
        bytes_clear(&file);
    }
}

static void test_bad_text(void **state) {
    static const char *const cases[][2] = {
        {"1,2\n3\n", "line 2: 1 numbers, expected 2"},
        {"1,2\n3,4,5\n", "line 2: 3 numbers, expected 2"},
        {"1 2\n3\n", "line 2: 1 numbers, expected 2"},
        {"1\n2 3\n", "line 2: 2 numbers, expected 1"},
        {"a,b,c\n1,2\n", "line 2: 2 numbers, expected 3"},
        {"1,,2\n", "line 1, column 2: '' is an empty field"},
        {"1,2\n3,\n", "line 2, column 2: '' is an empty field"},
        {",1\n2,3\n", "line 1, column 1: '' is an empty field"},
        {"1\t\t2\n3\t\t4\n", "line 1, column 2: '' is an empty field"},
        {",0,1\n0,1.5,2\n", "line 1, column 1: '' is an empty field"},
        {"1,2\n3,x\n", "line 2, column 2: 'x' is not a number"},
        {"1,x\n3,4\n", "line 1, column 2: 'x' is not a number"},
        {"1,2\na,b\n", "line 2, column 1: 'a' is not a number"},
        {"a,b\nc,d\n1,2\n", "line 2, column 1: 'c' is not a number"},
        {"1,nan\n3,4\n", "line 1, column 2: 'nan' is NaN"},
        {"nan,nan\n3,4\n", "line 1, column 1: 'nan' is NaN"},
        {"1,2\n3,-Infinity\n", "line 2, column 2: '-Infinity' is infinite"},
        {"1,2\n3,INF\n", "line 2, column 2: 'INF' is infinite"},
        {"1,1e400\n", "line 1, column 2: '1e400' is too large"},
        {"1,1e-400\n", "line 1, column 2: '1e-400' is too near to zero"},
        {"1,5 2,5\n3,5 4,5\n", "line 1, column 2: '5 2' is not a number"},
        {"1,5;2,5\n", "line 1, column 1: '1,5' is not a number"},
        {"1,2\n3;4\n", "line 2: ';' between the numbers, but another"},
        {"1 2\n3,4\n", "line 2: ',' between the numbers, but another"},
        {"1,2\n3 4\n", "line 2, column 1: '3 4' is not a number"},
        {"1,0x10\n", "line 1, column 2: '0x10' is not a number"},
        {"1,1e\n", "'1e' is not a number"},
        {"1,--2\n", "'--2' is not a number"},
        {"1,1.2.3\n", "'1.2.3' is not a number"},
        {"1,.\n", "'.' is not a number"},
        {"\n# nothing\n", "no numbers in it"},
        {"only,names\n", "no numbers in it"},
        {"\"1\",\"2\"\n3,4\n", "line 1, column 1: '\"1\"' is not a number"},
        {"1,\"2\"\n", "column 2: '\"2\"' is not a number"},
        {"1,12345678901234567890123456789012345678901234567x\n",
         "'1234567890123456789012345678901234567890'... is not a number"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        bytes_text(&file, cases[k][0]);
        expect_refused("bad.csv", NULL, &file, cases[k][1]);
        bytes_clear(&file);
    }
}

static void test_bytes_that_are_no_text(void **state) {
    bytes file = {0};
    (void)state;
    bytes_add(&file, "1,2\n3,\0004\n", 9);
    expect_refused("bad.csv", NULL, &file, "line 2, column 2");
    bytes_clear(&file);
    bytes_add(&file,
              "\xff\xfe"
              "1\0,\0002\0\n\0",
              10);
    expect_refused("bad.csv", NULL, &file, "line 1, column 1");
    bytes_clear(&file);
    for (int k = 0; k < 2000; k++)
        bytes_text(&file, "7");
    expect_refused("bad.csv", NULL, &file, "too many digits");
    bytes_clear(&file);
}

static void test_sniffing(void **state) {
    bytes file = {0};
    (void)state;
    bytes_text(&file, "1 2\n3 4\n");
    hs_array array = parse_array("no-extension", &file);
    assert_int_equal(array.columns, 2);
    hs_array_clear(&array);
    array = parse_array("folder.npy/plain.dat", &file);
    assert_int_equal(array.columns, 2);
    hs_array_clear(&array);
    expect_refused("layer.onnx", NULL, &file, ".onnx is not supported yet");
    bytes_clear(&file);
    bytes_add(&file, "\x1f\x8b\x08\0\0\0\0", 7);
    expect_refused("layer.csv.gz", NULL, &file, "unknown format, expected .npy");
    bytes_clear(&file);
}

/* A program around the library may have chosen a decimal comma; files keep the decimal point. */
static void test_other_locales(void **state) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "C"};
    bytes file = {0};
    char text[HS_NUMBER_TEXT];
    (void)state;
    bytes_text(&file, "1.5,-2\n3e-3,4\n");
    for (size_t k = 0; k < 4; k++) {
        if (setlocale(LC_ALL, names[k]) == NULL)
            continue;
        hs_array array = parse_array("good.csv", &file);
        assert_true(array.data[0] == 1.5 && array.data[2] == 3e-3);
        hs_array_clear(&array);
        hs_number_print(text, 0.5);
        assert_string_equal(text, "0.5");
        assert_string_equal(setlocale(LC_ALL, NULL), names[k]);
    }
    setlocale(LC_ALL, "C");
    bytes_clear(&file);
}

static void test_good_matrix_market(void **state) {
    static const struct {
        const char *text;
        double values[4];
    } cases[] = {
        {"%%MatrixMarket matrix array real general\n% remark\n\n2 2\n1\n2\n3\n4\n", {1, 3, 2, 4}},
        {"%%matrixmarket MATRIX Coordinate Real General\n2 2 3\n1 1 1.5\n2 1 -2e0\n2 2 4\n",
         {1.5, 0, -2, 4}},
        {"%%MatrixMarket matrix coordinate integer symmetric\n2 2 2\n1 1 1\n2 1 -2\n",
         {1, -2, -2, 0}},
        {"%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 3\n", {0, -3, 3, 0}},
        {"%%MatrixMarket matrix array real symmetric\n2 2\n1\n2\n3\n", {1, 2, 2, 3}},
        {"%%MatrixMarket matrix array real skew-symmetric\n2 2\n5\n", {0, -5, 5, 0}},
        {"%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n2 1\n", {0, 1, 1, 0}},
        {"%%MatrixMarket matrix coordinate real general\n2 2 0\n", {0, 0, 0, 0}},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        bytes_text(&file, cases[k].text);
        hs_array array = parse_array("good.mtx", &file);
        assert_int_equal(array.rows, 2);
        assert_int_equal(array.columns, 2);
        for (size_t j = 0; j < 4; j++)
            if (array.data[j] != cases[k].values[j])
                fail_msg("case %zu, number %zu: %.17g", k, j, array.data[j]);
        hs_array_clear(&array);
        bytes_clear(&file);
    }
}

#define COORDINATE "%%MatrixMarket matrix coordinate real general\n"
#define ARRAY "%%MatrixMarket matrix array real general\n"

static void test_bad_matrix_market(void **state) {
    static const char *const cases[][2] = {
        {"1 2\n", "line 1: not a Matrix Market file"},
        {"%%MatrixMarket vector array real general\n", "expected 'matrix'"},
        {"%%MatrixMarket matrix banded real general\n", "expected 'array' or 'coordinate'"},
        {"%%MatrixMarket matrix array complex general\n", "'real' or 'integer'"},
        {"%%MatrixMarket matrix array pattern general\n", "'real' or 'integer'"},
        {"%%MatrixMarket matrix array real hermitian\n", "'skew-symmetric'"},
        {"%%MatrixMarket matrix array real\n", "'skew-symmetric'"},
        {"%%MatrixMarket matrix array real general extra\n2 2\n", "one word too many"},
        {ARRAY, "the line with the sizes is missing"},
        {ARRAY "2\n", "line 2: the number of columns is missing"},
        {ARRAY "2 x\n", "the number of columns is 'x'"},
        {ARRAY "0 2\n", "the number of rows is '0'"},
        {ARRAY "-1 2\n", "the number of rows is '-1'"},
        {ARRAY "1000000000000000000 2\n1\n", "the number of rows is"},
        {ARRAY "99999999999999999999999 2\n1\n", "the number of rows is"},
        {ARRAY "2147483647 2147483647\n1\n", "truncated"},
        {ARRAY "2 2 4\n1\n", "one word too many"},
        {ARRAY "2 2\n1\n2\n3\n", "3 entries, expected 4: truncated"},
        {ARRAY "2 2\n1\n2\n3\n4\n5\n", "line 7: more entries than promised"},
        {ARRAY "2 2\n1\nnan\n3\n4\n", "line 4: 'nan' is NaN"},
        {ARRAY "2 2\n1\n2 3\n3\n4\n", "line 4: '3' is one word too many"},
        {COORDINATE "2 2\n", "the number of entries is missing"},
        {COORDINATE "2 2 100000\n1 1 1\n", "100000 entries promised"},
        {COORDINATE "2 2 2\n1 1 1\n", "1 entries, expected 2: truncated"},
        {COORDINATE "2000000000 2000000000 1\n1 1 1\n", "too large for a file of"},
        {COORDINATE "2 2 1\n3 1 1\n", "line 3: the row is '3', expected 1 to 2"},
        {COORDINATE "2 2 1\n0 1 1\n", "line 3: the row is '0', expected 1 to 2"},
        {COORDINATE "2 2 1\n1 3 1\n", "line 3: the column is '3', expected 1 to 2"},
        {COORDINATE "2 2 1\n1 1.5 1\n", "the column is '1.5'"},
        {COORDINATE "2 2 1\n1 1\n", "line 3: the value is missing"},
        {COORDINATE "2 2 1\n1 1 inf\n", "line 3: 'inf' is infinite"},
        {COORDINATE "2 2 2\n1 1 1\n1 1 2\n", "line 4: entry (1, 1) occurs twice"},
        {"%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 9007199254740993\n",
         "not exactly representable"},
        {"%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 1.5\n", "is not a number"},
        {"%%MatrixMarket matrix coordinate real symmetric\n2 3 1\n1 1 1\n", "must be square"},
        {"%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1\n", "lower triangle"},
        {"%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1\n", "lower triangle"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        bytes_text(&file, cases[k][0]);
        expect_refused("bad.mtx", NULL, &file, cases[k][1]);
        bytes_clear(&file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_text),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_sniffing),
        cmocka_unit_test(test_other_locales),
        cmocka_unit_test(test_good_matrix_market),
        cmocka_unit_test(test_bad_matrix_market),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
