/* .npz and .safetensors: which arrays make a layer, and damaged containers. */
#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A float64 array of ones; rows 0: a vector. */
static bytes ones(size_t rows, size_t columns) {
    bytes file = {0};
    char text[128];
    if (rows == 0)
        snprintf(text, sizeof text, "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu,), }",
                 columns);
    else
        snprintf(text, sizeof text,
                 "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    bytes_npy(&file, 1, text);
    for (size_t k = 0; k < (rows > 0 ? rows : 1) * columns; k++)
        bytes_little(&file, bits_of(1.0), 8);
    return file;
}

/* An archive with a weight of k+2 rows, or a bias of 2 numbers, under each name. */
static bytes archive_of(const char *const *names, bool deflate) {
    member members[8] = {{NULL, {NULL, 0}}};
    size_t count = 0;
    char inner[8][64];
    for (; names[count] != NULL; count++) {
        const char *name = names[count];
        char last = name[strlen(name) - 1];
        bool bias = last == 'b' || last == 's';
        snprintf(inner[count], sizeof inner[count], "%s.npy", name);
        members[count] = (member){inner[count], bias ? ones(0, 2) : ones(count + 2, 3)};
    }
    bytes file = {0};
    bytes_zip(&file, members, count, deflate);
    for (size_t k = 0; k < count; k++)
        bytes_clear(&members[k].content);
    return file;
}

typedef struct choice {
    const char *names[6];
    const char *wanted;
    size_t rows; /* of the weight that must be chosen; 0: refused */
    bool bias;
    const char *piece;
} choice;

static const choice choices[] = {
    {{"weight", "bias"}, NULL, 2, true, NULL},
    {{"W", "b"}, NULL, 2, true, NULL},
    {{"weight", "b"}, NULL, 2, true, NULL},
    {{"b", "W", "other"}, NULL, 3, true, NULL},
    {{"weight"}, NULL, 2, false, NULL},
    {{"arr_0"}, NULL, 2, false, NULL},
    {{"fc1.weight", "fc1.bias"}, NULL, 2, true, NULL},
    {{"fc1.weight", "fc1.bias", "fc2.weight"}, "fc1", 2, true, NULL},
    {{"fc1.weight", "fc1.bias", "fc2.weight"}, "fc2", 4, false, NULL},
    {{"fc1.weight", "fc1.bias", "fc2.weight"}, "fc1.weight", 2, true, NULL},
    {{"w1", "w2", "bias"}, "w2", 3, false, NULL},
    {{"a.b.weight", "a.weight"}, "a", 3, false, NULL},
    {{"fc1.weight", "fc2.weight", "fc1.bias"}, NULL, 0, false, "FILE:NAME from: fc1, fc2"},
    {{"weight", "W"}, NULL, 0, false, "FILE:NAME from: weight, W"},
    {{"w1", "w2"}, NULL, 0, false, "from: w1, w2"},
    {{"w1", "w2"}, "w3", 0, false, "no layer 'w3' in it; there is: w1, w2"},
    {{"myweight", "other"}, NULL, 0, false, "from: myweight, other"},
    {{"fc1.weight"}, "fc", 0, false, "no layer 'fc'"},
};

static void expect_choice(const char *name, const choice *want, const bytes *file) {
    const hs_source source = {.name = name, .bytes = file->data, .size = file->size};
    hs_stored_layer stored;
    hs_error error = {0};
    if (want->rows == 0) {
        expect_refused(name, want->wanted, file, want->piece);
        return;
    }
    if (hs_stored_layer_parse(&source, want->wanted, true, &stored, &error) != HS_OK)
        fail_msg("%s: %s", want->names[0], error.message);
    assert_int_equal(stored.weight.rank, 2);
    assert_int_equal(stored.weight.rows, want->rows);
    assert_int_equal(stored.weight.columns, 3);
    assert_int_equal(stored.bias.data != NULL, want->bias);
    hs_stored_layer_clear(&stored);
}

static void test_choices_in_npz(void **state) {
    (void)state;
    for (size_t k = 0; k < 2 * (sizeof choices / sizeof *choices); k++) {
        bytes file = archive_of(choices[k / 2].names, k % 2 == 1);
        expect_choice("file.npz", &choices[k / 2], &file);
        bytes_clear(&file);
    }
}

static void test_choices_in_safetensors(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof choices / sizeof *choices; k++) {
        char json[1024] = "{\"__metadata__\": {\"format\": \"pt\"}";
        size_t at = 0;
        bytes file = {0}, data = {0};
        for (size_t j = 0; choices[k].names[j] != NULL; j++) {
            const char *name = choices[k].names[j];
            char last = name[strlen(name) - 1], shape[32];
            bool bias = last == 'b' || last == 's';
            size_t count = bias ? 2 : 3 * (j + 2), used = strlen(json);
            snprintf(shape, sizeof shape, bias ? "[2]" : "[%zu, 3]", j + 2);
            snprintf(json + used, sizeof json - used,
                     ", \"%s\": {\"dtype\": \"F32\", \"shape\": %s, \"data_offsets\": [%zu, %zu]}",
                     name, shape, at, at + 4 * count);
            at += 4 * count;
            for (size_t i = 0; i < count; i++)
                bytes_little(&data, 0x3f800000, 4);
        }
        strcat(json, "}   ");
        bytes_safetensors(&file, json);
        bytes_add(&file, data.data, data.size);
        expect_choice("file.safetensors", &choices[k], &file);
        bytes_clear(&file);
        bytes_clear(&data);
    }
}

static void test_safetensors_types(void **state) {
    static const struct {
        const char *dtype;
        size_t size;
        uint64_t bits[2];
        double values[2];
    } cases[] = {
        {"F64", 8, {0x3fb999999999999a, 0x8000000000000001}, {0.1, -0x1p-1074}},
        {"F32", 4, {0x3dcccccd, 0xc0000000}, {(double)0.1f, -2.0}},
        {"F16", 2, {0x3c01, 0xfbff}, {0x1.004p0, -65504.0}},
        {"BF16", 2, {0x3f81, 0xff7f}, {0x1.02p0, -0x1.fep127}},
        {"I32", 4, {5, 0xffffffff}, {5, -1}},
        {"U8", 1, {5, 0xff}, {5, 255}},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        char json[128];
        snprintf(json, sizeof json,
                 "{\"a\":{\"dtype\":\"%s\",\"shape\":[1,2],\"data_offsets\":[0,%zu]}}",
                 cases[k].dtype, 2 * cases[k].size);
        bytes_safetensors(&file, json);
        bytes_little(&file, cases[k].bits[0], cases[k].size);
        bytes_little(&file, cases[k].bits[1], cases[k].size);
        hs_array array = parse_array("file.safetensors", &file);
        assert_true(bits_of(array.data[0]) == bits_of(cases[k].values[0]));
        assert_true(bits_of(array.data[1]) == bits_of(cases[k].values[1]));
        hs_array_clear(&array);
        bytes_clear(&file);
    }
}

#define TENSOR(shape, offsets)                                                                     \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void test_bad_safetensors(void **state) {
    static const char *const cases[][2] = {
        {"", "not JSON"},
        {"[]", "expected a JSON object"},
        {"{}", "no tensors"},
        {"{\"__metadata__\":{}}", "no tensors"},
        {"{\"a\":1}", "dtype is missing"},
        {"{\"a\":{}}", "dtype is missing"},
        {"{\"a\":{\"dtype\":4}}", "dtype is missing"},
        {"{\"a\":{\"dtype\":\"F32\"}}", "shape is not a list"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2]}}", "data_offsets is not a pair"},
        {TENSOR("[2,2]", "[0,16,32]"), "data_offsets is not a pair"},
        {TENSOR("[2,2]", "[-16,0]"), "data_offsets is not a pair"},
        {TENSOR("[2,2]", "[0,1.5]"), "data_offsets is not a pair"},
        {TENSOR("[2,2]", "[16,0]"), "bytes 16 to 0, but the file holds 0 to 16"},
        {TENSOR("[2,2]", "[0,17]"), "bytes 0 to 17, but the file holds 0 to 16"},
        {TENSOR("[2,2]", "[0,9223372036854775807]"), "but the file holds 0 to 16"},
        {TENSOR("[2,2]", "[0,99999999999999999999999]"), "not JSON"},
        {TENSOR("[2,2]", "[0,8]"), "does not fill"},
        {TENSOR("[2,3]", "[0,16]"), "does not fill"},
        {TENSOR("[4611686018427387904,4611686018427387904]", "[0,16]"), "does not fill"},
        {TENSOR("[-2,-2]", "[0,16]"), "shape is not a list"},
        {TENSOR("[2,2.0]", "[0,16]"), "shape is not a list"},
        {TENSOR("[2]", "[0,8]"), "8 bytes too many after the last tensor"},
        {TENSOR("[2]", "[8,16]"), "unused bytes before it"},
        {TENSOR("[1,2,2]", "[0,16]"), "wrong rank: 3 dimensions"},
        {TENSOR("[]", "[0,4]"), "too many after"},
        {TENSOR("[0,4]", "[0,0]"), "too many after"},
        {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4,4],\"data_offsets\":[0,16]}}",
         "dtype F8_E4M3 is not supported"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
         "\"c\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
         "overlaps another"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
         "not JSON"},
        {"{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "not JSON"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}", "not JSON"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0};
        bytes_safetensors(&file, cases[k][0]);
        for (size_t j = 0; j < 4; j++)
            bytes_little(&file, 0x3f800000, 4);
        expect_refused("bad.safetensors", NULL, &file, cases[k][1]);
        bytes_clear(&file);
    }
}

static void test_bad_safetensors_beginnings(void **state) {
    (void)state;
    for (size_t size = 1; size < 8; size++) {
        bytes file = {0};
        bytes_little(&file, 2, size);
        expect_refused("bad.safetensors", NULL, &file, "truncated");
        bytes_clear(&file);
    }
    bytes file = {0};
    bytes_little(&file, UINT64_MAX, 8);
    bytes_text(&file, "{}");
    expect_refused("bad.safetensors", NULL, &file,
                   "header of 18446744073709551615 bytes, but only 2");
    bytes_clear(&file);
    bytes_safetensors(&file, TENSOR("[1,2]", "[0,8]"));
    bytes_little(&file, 0x3f800000, 4);
    bytes_little(&file, 0x7fc00000, 4);
    expect_refused("bad.safetensors", NULL, &file, "bad.safetensors:a: row 1, column 2 is NaN");
    bytes_clear(&file);
}

static void test_npz_refused(void **state) {
    bytes file = {0}, weight = ones(4, 3);
    (void)state;
    bytes_text(&file, "PK\3\4 and nothing else");
    expect_refused("bad.npz", NULL, &file, "damaged .npz");
    bytes_clear(&file);
    bytes_zip(&file, &(member){"readme.txt", weight}, 1, true);
    expect_refused("bad.npz", NULL, &file, "without .npy arrays");
    bytes_clear(&file);
    bytes_zip(&file, &(member){"weight.npy", weight}, 1, false);
    for (size_t size = 1; size < file.size; size++) {
        const bytes part = {file.data, size};
        expect_refused("bad.npz", NULL, &part, "damaged .npz");
    }
    file.data[200] ^= 1; /* inside the numbers: the checksum notices */
    expect_refused("bad.npz", NULL, &file, "bad.npz:weight: damaged .npz: CRC");
    bytes_clear(&file);
    weight.size -= 8;
    bytes_zip(&file, &(member){"weight.npy", weight}, 1, true);
    expect_refused("bad.npz", NULL, &file, "bad.npz:weight: the header promises 96 bytes");
    bytes_clear(&file);
    bytes_clear(&weight);
}

/* Sets the uncompressed size, 4 bytes, in the local header and in the directory. */
static void lie_about_size(bytes *file, uint32_t size) {
    for (size_t at = 0; at + 46 < file->size; at++) {
        bool local = memcmp(file->data + at, "PK\3\4", 4) == 0;
        bool directory = memcmp(file->data + at, "PK\1\2", 4) == 0;
        for (size_t k = 0; k < 4 && (local || directory); k++)
            file->data[at + (local ? 22 : 24) + k] = (unsigned char)(size >> 8 * k);
    }
}

static void test_npz_that_lies_about_sizes(void **state) {
    static const struct {
        bool deflate;
        uint32_t size;
        const char *piece;
    } cases[] = {
        {true, 4000000000u, "damaged .npz"},
        {false, 4000000000u, "damaged .npz"},
        {true, 20000, "shorter than the 20000"},
        {true, 100, "longer than the 100"},
        {false, 100, "damaged .npz"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bytes file = {0}, weight = ones(4, 3);
        bytes_zip(&file, &(member){"weight.npy", weight}, 1, cases[k].deflate);
        lie_about_size(&file, cases[k].size);
        expect_refused("bad.npz", NULL, &file, cases[k].piece);
        bytes_clear(&file);
        bytes_clear(&weight);
    }
}

static void test_zip_bomb(void **state) {
    bytes file = {0}, zeros = {calloc(300 << 20, 1), 300 << 20};
    (void)state;
    assert_non_null(zeros.data);
    bytes_zip(&file, &(member){"weight.npy", zeros}, 1, true);
    bytes_clear(&zeros);
    assert_true(file.size < 1 << 20);
    expect_refused("bomb.npz", NULL, &file, "zip bomb");
    bytes_clear(&file);
}

static void test_npz_with_a_name_twice(void **state) {
    bytes file = archive_of((const char *const[]){"twice_weight", "other_weight", NULL}, false);
    size_t patched = 0;
    (void)state;
    for (size_t at = 0; at + 12 <= file.size; at++)
        if (memcmp(file.data + at, "other_weight", 12) == 0) {
            memcpy(file.data + at, "twice_weight", 12);
            patched++;
        }
    assert_int_equal(patched, 2); /* before the member and in the directory */
    expect_refused("bad.npz", NULL, &file, "occurs twice");
    bytes_clear(&file);
}

/* A name asked of a format without names. */
static void test_name_without_names(void **state) {
    bytes file = ones(2, 2);
    (void)state;
    expect_refused("a.npy", "fc1", &file, "a single array without a name, so ':fc1' is wrong");
    bytes_clear(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices_in_npz),
        cmocka_unit_test(test_choices_in_safetensors),
        cmocka_unit_test(test_safetensors_types),
        cmocka_unit_test(test_bad_safetensors),
        cmocka_unit_test(test_bad_safetensors_beginnings),
        cmocka_unit_test(test_npz_refused),
        cmocka_unit_test(test_npz_that_lies_about_sizes),
        cmocka_unit_test(test_zip_bomb),
        cmocka_unit_test(test_npz_with_a_name_twice),
        cmocka_unit_test(test_name_without_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
