#include "bytes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect(const hs_array *array, size_t rows, size_t columns, const double *values) {
    assert_int_equal(array->rows, rows);
    assert_int_equal(array->columns, columns);
    for (size_t k = 0; k < rows * columns; k++)
        if (bits_of(array->data[k]) != bits_of(values[k]))
            fail_msg("number %zu is %.17g, expected %.17g", k, array->data[k], values[k]);
}

static void dictionary(char text[128], const char *type, const char *order, const char *shape) {
    snprintf(text, 128, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", type, order, shape);
}

/* The same 2 x 3 matrix of six stored patterns in both byte orders and both layouts. */
static void read_type(const char *code, size_t size, const uint64_t bits[6],
                      const double values[6]) {
    static const char *const shapes[] = {"(2, 3)", "(3, 2)"};
    for (int big = 0; big < 2; big++)
        for (int fortran = 0; fortran < 2; fortran++)
            for (unsigned version = 1; version <= 3; version++) {
                bytes file = {0};
                char type[16], text[128];
                snprintf(type, sizeof type, "%c%s", size == 1 ? '|' : big ? '>' : '<', code);
                dictionary(text, type, fortran ? "True" : "False", shapes[fortran]);
                bytes_npy(&file, version, text);
                for (size_t k = 0; k < 6; k++)
                    (big ? bytes_big : bytes_little)(&file, bits[k], size);
                hs_array array = parse_array("a.npy", &file);
                assert_int_equal(array.rank, 2);
                if (fortran) {
                    const double turned[6] = {values[0], values[3], values[1],
                                              values[4], values[2], values[5]};
                    expect(&array, 3, 2, turned);
                } else {
                    expect(&array, 2, 3, values);
                }
                hs_array_clear(&array);
                bytes_clear(&file);
            }
}

static void test_every_type(void **state) {
    (void)state;
    const double doubles[6] = {1.0, -0.5, 0.1, 1e-310, -1e300, 0.0};
    uint64_t bits[6];
    for (size_t k = 0; k < 6; k++)
        bits[k] = bits_of(doubles[k]);
    read_type("f8", 8, bits, doubles);
    read_type("f4", 4,
              (const uint64_t[6]){0x3f800000, 0xbf000000, 0x3dcccccd, 0x00000001, 0x7f7fffff, 0},
              (const double[6]){1.0, -0.5, (double)0.1f, 0x1p-149, 0x1.fffffep127, 0.0});
    read_type("f2", 2, (const uint64_t[6]){0x3c00, 0xb800, 0x2e66, 0x0001, 0x7bff, 0x03ff},
              (const double[6]){1.0, -0.5, 0x1.998p-4, 0x1p-24, 65504.0, 0x1.ff8p-15});
    read_type("i1", 1, (const uint64_t[6]){0, 1, 0x7f, 0x80, 0xff, 2},
              (const double[6]){0, 1, 127, -128, -1, 2});
    read_type("u1", 1, (const uint64_t[6]){0, 1, 0x7f, 0x80, 0xff, 2},
              (const double[6]){0, 1, 127, 128, 255, 2});
    read_type("i2", 2, (const uint64_t[6]){0, 1, 0x7fff, 0x8000, 0xffff, 2},
              (const double[6]){0, 1, 32767, -32768, -1, 2});
    read_type("u2", 2, (const uint64_t[6]){0, 1, 0x7fff, 0x8000, 0xffff, 2},
              (const double[6]){0, 1, 32767, 32768, 65535, 2});
    read_type("i4", 4, (const uint64_t[6]){0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 2},
              (const double[6]){0, 1, 2147483647, -2147483648.0, -1, 2});
    read_type("u4", 4, (const uint64_t[6]){0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 2},
              (const double[6]){0, 1, 2147483647, 2147483648.0, 4294967295.0, 2});
    read_type("i8", 8,
              (const uint64_t[6]){0, 1, 1ULL << 53, 1ULL << 63, UINT64_MAX, (1ULL << 53) + 2},
              (const double[6]){0, 1, 0x1p53, -0x1p63, -1, 0x1p53 + 2});
    read_type("u8", 8,
              (const uint64_t[6]){0, 1, 1ULL << 53, 1ULL << 63, UINT64_MAX << 11, (1ULL << 53) + 2},
              (const double[6]){0, 1, 0x1p53, 0x1p63, 0x1.fffffffffffffp63, 0x1p53 + 2});
    read_type("b1", 1, (const uint64_t[6]){0, 1, 1, 0, 0, 1}, (const double[6]){0, 1, 1, 0, 0, 1});
}

static void test_vector_and_spellings(void **state) {
    static const char *const headers[] = {
        "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }",
        "{\"shape\": (3L,), \"fortran_order\": True, \"descr\": \"<i2\"}   ",
        "{'shape':(3,),'descr':'<i2','fortran_order':False}",
    };
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        bytes file = {0};
        bytes_npy(&file, 1, headers[k]);
        for (uint64_t j = 0; j < 3; j++)
            bytes_little(&file, j, 2);
        hs_array array = parse_array("folder.d/A.NPY", &file);
        assert_int_equal(array.rank, 1);
        expect(&array, 1, 3, (const double[3]){0, 1, 2});
        hs_array_clear(&array);
        bytes_clear(&file);
    }
}

typedef struct bad_header {
    const char *type, *order, *shape;
    size_t numbers; /* bytes after the header */
    const char *piece;
} bad_header;

static void test_bad_headers(void **state) {
    static const bad_header cases[] = {
        {"<f8", "False", "(2, 3)", 47, "promises 48 bytes of numbers, but 47 follow: truncated"},
        {"<f8", "False", "(2, 3)", 0, "truncated"},
        {"<f8", "False", "(2, 3)", 49, "1 bytes too many"},
        {"<f8", "False", "(1000000000000000000, 3)", 48, "more bytes than there can be"},
        {"<f8", "False", "(1000000000000000000000000, 3)", 48, "cannot read the entry 'shape'"},
        {"<f8", "False", "(100000000, 1000000)", 48, "truncated"},
        {"<f8", "False", "(0, 3)", 0, "empty: 0 x 3"},
        {"<f8", "False", "(3, 0)", 0, "empty: 3 x 0"},
        {"<f8", "False", "(0,)", 0, "empty"},
        {"<f8", "False", "()", 8, "wrong rank: 0 dimensions"},
        {"<f8", "False", "(1, 2, 3)", 48, "wrong rank: 3 dimensions"},
        {"<f8", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 6)", 48, "wrong rank: 11 dimensions"},
        {"<f8", "False", "(-2, 3)", 48, "cannot read the entry 'shape'"},
        {"<f8", "False", "(2.0, 3)", 48, "cannot read the entry 'shape'"},
        {"<f8", "False", "(6)", 48, "cannot read the entry 'shape'"},
        {"<f8", "False", "[2, 3]", 48, "cannot read the entry 'shape'"},
        {"<f8", "False", "(2, 3", 48, "cannot read the entry 'shape'"},
        {"<f8", "maybe", "(2, 3)", 48, "cannot read the entry 'fortran_order'"},
        {"<c16", "False", "(2, 3)", 96, "type '<c16' is not supported"},
        {"<f16", "False", "(2, 3)", 96, "type '<f16' is not supported"},
        {"|O", "False", "(2, 3)", 48, "type '|O' is not supported"},
        {"<U8", "False", "(2, 3)", 48, "is not supported"},
        {"|f8", "False", "(2, 3)", 48, "is not supported"},
        {"", "False", "(2, 3)", 48, "is not supported"},
        {"<f8888888888888888888888888888888888888888", "False", "(2, 3)", 48, "not a plain type"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        char text[192];
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }",
                 cases[k].type, cases[k].order, cases[k].shape);
        bytes_npy(&file, 1, text);
        for (size_t j = 0; j < cases[k].numbers; j++)
            bytes_add(&file, "", 1);
        expect_refused("bad.npy", NULL, &file, cases[k].piece);
        bytes_clear(&file);
    }
}

static void test_bad_dictionaries(void **state) {
    static const char *const cases[][2] = {
        {"", "expected a Python dictionary"},
        {"{}", "descr is missing"},
        {"{'descr': '<f8'}", "fortran_order is missing"},
        {"{'descr': '<f8', 'fortran_order': False}", "shape is missing"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)", "expected ',' or '}'"},
        {"{'descr': '<f8', 'fortran_order': False 'shape': (1, 1)}", "expected ',' or '}'"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)} x", "text after"},
        {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}", "'descr'"},
        {"{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1, 1)}", "not a plain type"},
        {"{'extra': 1, 'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}", "'extra'"},
        {"{descr: '<f8'}", "cannot read"},
        {"{'descr", "cannot read"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        bytes_npy(&file, 2, cases[k][0]);
        bytes_little(&file, 0, 8);
        expect_refused("bad.npy", NULL, &file, cases[k][1]);
        bytes_clear(&file);
    }
}

static void test_bad_beginnings(void **state) {
    (void)state;
    static const struct {
        const char *start;
        size_t size;
        const char *piece;
    } cases[] = {
        {"\x93NUM", 4, "magic"},
        {"1,2,3\n4,5,6\n", 12, "magic"},
        {"\x93NUMPY\1", 7, "truncated in the header"},
        {"\x93NUMPY\1\0\xff\xff{'descr'", 18, "header of 65535 bytes, but only 8 bytes follow"},
        {"\x93NUMPY\2\0\xff\xff\xff\xff{'descr'", 20, "header of 4294967295 bytes"},
        {"\x93NUMPY\4\0\1\0{}", 12, ".npy version 4.0"},
        {"\x93NUMPY\0\0\1\0{}", 12, ".npy version 0.0"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        bytes_add(&file, cases[k].start, cases[k].size);
        expect_refused("bad.npy", NULL, &file, cases[k].piece);
        bytes_clear(&file);
    }
}

static void test_bad_numbers(void **state) {
    static const struct {
        const char *type, *shape;
        size_t size;
        uint64_t bad;
        const char *piece;
    } cases[] = {
        {"<f8", "(2, 2)", 8, 0x7ff8000000000000, "row 2, column 1 is NaN"},
        {"<f8", "(2, 2)", 8, 0xfff0000000000000, "row 2, column 1 is infinite"},
        {"<f4", "(2, 2)", 4, 0x7fc00000, "row 2, column 1 is NaN"},
        {"<f2", "(2, 2)", 2, 0x7c00, "row 2, column 1 is infinite"},
        {"<f2", "(2, 2)", 2, 0x7e00, "row 2, column 1 is NaN"},
        {"<i8", "(2, 2)", 8, (1ULL << 53) + 1, "row 2, column 1 is not exactly representable"},
        {"<i8", "(2, 2)", 8, ~(1ULL << 53), "row 2, column 1 is not exactly representable"},
        {"<u8", "(2, 2)", 8, UINT64_MAX, "row 2, column 1 is not exactly representable"},
        {"|b1", "(2, 2)", 1, 2, "row 2, column 1 is neither true nor false"},
        {"<f8", "(4,)", 8, 0x7ff8000000000000, "number 3 is NaN"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        char text[128];
        dictionary(text, cases[k].type, "False", cases[k].shape);
        bytes_npy(&file, 1, text);
        for (size_t j = 0; j < 4; j++)
            bytes_little(&file, j == 2 ? cases[k].bad : 0, cases[k].size);
        expect_refused("bad.npy", NULL, &file, cases[k].piece);
        bytes_clear(&file);
    }
}

/* The place in a file stored column by column is named by row and column all the same. */
static void test_bad_number_in_fortran_order(void **state) {
    bytes file = {0};
    char text[128];
    (void)state;
    dictionary(text, "<f8", "True", "(2, 3)");
    bytes_npy(&file, 1, text);
    for (size_t j = 0; j < 6; j++)
        bytes_little(&file, bits_of(j == 2 ? (double)NAN : 0.0), 8);
    expect_refused("bad.npy", NULL, &file, "row 1, column 2 is NaN");
    bytes_clear(&file);
}

static void test_every_prefix_is_refused(void **state) {
    bytes file = {0};
    (void)state;
    bytes_npy(&file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }");
    for (size_t j = 0; j < 4; j++)
        bytes_little(&file, 0x3f800000, 4);
    for (size_t size = 0; size < file.size; size++) {
        bytes part = {0};
        bytes_add(&part, file.data, size);
        expect_refused("part.npy", NULL, &part, "");
        bytes_clear(&part);
    }
    bytes_clear(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_vector_and_spellings),
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_bad_dictionaries),
        cmocka_unit_test(test_bad_beginnings),
        cmocka_unit_test(test_bad_numbers),
        cmocka_unit_test(test_bad_number_in_fortran_order),
        cmocka_unit_test(test_every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
