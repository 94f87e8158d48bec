/* Layers on the disk: what is written is read back to the last bit; options; files that cannot be
 * opened or written. */
#define _XOPEN_SOURCE 700 /* nftw */

#include "bytes.h"

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/halfspan-test-XXXXXX";

/* "folder/name"; the next call but three reuses the memory. */
static const char *in_folder(const char *name) {
    static char paths[4][256];
    static size_t turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int enter_folder(void **state) {
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *there, int type, struct FTW *walk) {
    (void)there;
    (void)type;
    (void)walk;
    return remove(path);
}

static int leave_folder(void **state) {
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static size_t count_files(void) {
    size_t count = 0;
    char command[300];
    snprintf(command, sizeof command, "find %s -type f | wc -l", folder);
    FILE *pipe = popen(command, "r");
    assert_int_equal(fscanf(pipe, "%zu", &count), 1);
    pclose(pipe);
    return count;
}

static const double awkward[6] = {0.1, -1e-310, 0x1.fffffffffffffp1023, -0.0, 3.0, 1.0 / 3.0};

static hs_layer *make_layer(const double *bias) {
    hs_layer *layer = NULL;
    assert_int_equal(hs_layer_create(2, 3, awkward, bias, &layer, NULL), HS_OK);
    return layer;
}

static void test_layer_round_trip(void **state) {
    static const char *const names[] = {"a.npy", "a.npz", "a.safetensors", "a.csv",
                                        "a.txt", "b.npz", "b.safetensors", "c.CSV"};
    const double bias[2] = {-0.1, 1e300};
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        bool with_bias = names[k][0] == 'b';
        hs_layer *layer = make_layer(with_bias ? bias : NULL), *back = NULL;
        hs_error error = {0};
        if (hs_layer_write(layer, in_folder(names[k]), &error) != HS_OK ||
            hs_layer_read(in_folder(names[k]), NULL, &back, &error) != HS_OK)
            fail_msg("%s", error.message);
        assert_int_equal(hs_layer_rows(back), 2);
        assert_int_equal(hs_layer_columns(back), 3);
        assert_memory_equal(hs_layer_weight(back), awkward, sizeof awkward);
        assert_int_equal(hs_layer_has_zero_bias(back), !with_bias);
        if (with_bias)
            assert_memory_equal(hs_layer_bias(back), bias, sizeof bias);
        hs_layer_free(layer);
        hs_layer_free(back);
    }
}

static void test_array_round_trip(void **state) {
    static const char *const names[] = {"v.npy", "v.npz", "v.safetensors", "v.csv"};
    (void)state;
    for (size_t rank = 1; rank <= 2; rank++)
        for (size_t k = 0; k < 4; k++) {
            const hs_array array = {rank, rank == 2 ? 3 : 1, rank == 2 ? 2 : 6, (double *)awkward};
            hs_array back = {0};
            assert_int_equal(hs_array_write(&array, in_folder(names[k]), NULL), HS_OK);
            assert_int_equal(hs_array_read(in_folder(names[k]), &back, NULL), HS_OK);
            assert_int_equal(back.rank, k == 3 ? 2 : rank); /* text has no vectors */
            assert_int_equal(back.rows, array.rows);
            assert_int_equal(back.columns, array.columns);
            assert_memory_equal(back.data, awkward, sizeof awkward);
            hs_array_clear(&back);
        }
}

/* Only the bounds of a box may be infinite, and nothing may be NaN. */
static void test_infinite_bounds(void **state) {
    static const char *const names[] = {"u.npy", "u.npz", "u.safetensors", "u.csv"};
    double bounds[3] = {-INFINITY, 2.5, INFINITY};
    hs_array array = {2, 1, 3, bounds}, back = {0};
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        assert_int_equal(hs_array_write(&array, in_folder(names[k]), NULL), HS_OK);
        assert_int_equal(hs_array_read(in_folder(names[k]), &back, NULL), HS_BAD_DATA);
        assert_int_equal(hs_bounds_read(in_folder(names[k]), &back, NULL), HS_OK);
        assert_memory_equal(back.data, bounds, sizeof bounds);
        hs_array_clear(&back);
    }
    put("u.mtx", "%%MatrixMarket matrix array real general\n1 3\n-inf\n2.5\nInf\n");
    assert_int_equal(hs_array_read(in_folder("u.mtx"), &back, NULL), HS_BAD_DATA);
    assert_int_equal(hs_bounds_read(in_folder("u.mtx"), &back, NULL), HS_OK);
    assert_memory_equal(back.data, bounds, sizeof bounds);
    hs_array_clear(&back);
    bounds[1] = NAN;
    for (size_t k = 0; k < 4; k++) {
        assert_int_equal(hs_array_write(&array, in_folder(names[k]), NULL), HS_OK);
        assert_int_equal(hs_bounds_read(in_folder(names[k]), &back, NULL), HS_BAD_DATA);
    }
}

static void test_many_numbers(void **state) {
    enum { COUNT = 3001 }; /* more than a chunk of every buffer */
    static double values[COUNT];
    static const char *const names[] = {"m.npy", "m.npz", "m.safetensors", "m.csv"};
    (void)state;
    for (size_t k = 0; k < COUNT; k++)
        values[k] = (double)k / 7.0;
    for (size_t k = 0; k < 4; k++) {
        const hs_array array = {2, 1, COUNT, values};
        hs_array back = {0};
        assert_int_equal(hs_array_write(&array, in_folder(names[k]), NULL), HS_OK);
        assert_int_equal(hs_array_read(in_folder(names[k]), &back, NULL), HS_OK);
        assert_memory_equal(back.data, values, sizeof values);
        hs_array_clear(&back);
    }
}

static void expect_layer(const char *source, const hs_read_options *options, size_t m, size_t n,
                         const double *weight, const double *bias) {
    hs_layer *layer = NULL;
    hs_error error = {0};
    if (hs_layer_read(source, options, &layer, &error) != HS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(hs_layer_rows(layer), m);
    assert_int_equal(hs_layer_columns(layer), n);
    for (size_t k = 0; k < m * n; k++)
        assert_true(hs_layer_weight(layer)[k] == weight[k]);
    for (size_t k = 0; k < m; k++)
        assert_true(hs_layer_bias(layer)[k] == (bias != NULL ? bias[k] : 0.0));
    hs_layer_free(layer);
}

static void test_options(void **state) {
    const double weight[6] = {1, 2, 3, 4, 5, 6}, turned[6] = {1, 4, 2, 5, 3, 6};
    const double two[2] = {7, 8}, three[3] = {7, 8, 9};
    char with_name[300], bias_path[300];
    hs_layer *layer = NULL;
    (void)state;
    put("w.csv", "1,2,3\n4,5,6\n");
    put("row.csv", "7,8\n");
    put("column.txt", "7\n8\n9\n");
    strcpy(bias_path, in_folder("row.csv"));
    expect_layer(in_folder("w.csv"), &(hs_read_options){.bias = bias_path}, 2, 3, weight, two);
    strcpy(bias_path, in_folder("column.txt"));
    expect_layer(in_folder("w.csv"), &(hs_read_options){.transpose = true, .bias = bias_path}, 3, 2,
                 turned, three);
    assert_int_equal(hs_layer_create(2, 3, weight, two, &layer, NULL), HS_OK);
    assert_int_equal(hs_layer_write(layer, in_folder("l.npz"), NULL), HS_OK);
    assert_int_equal(hs_layer_write(layer, in_folder("odd:name.npz"), NULL), HS_OK);
    hs_layer_free(layer);
    expect_layer(in_folder("l.npz"), NULL, 2, 3, weight, two);
    expect_layer(in_folder("l.npz"), &(hs_read_options){.no_bias = true}, 2, 3, weight, NULL);
    strcpy(with_name, in_folder("l.npz:weight"));
    expect_layer(with_name, NULL, 2, 3, weight, two);
    strcpy(with_name, in_folder("odd:name.npz"));
    expect_layer(with_name, NULL, 2, 3, weight, two);
    strcpy(with_name, in_folder("odd:name.npz:weight"));
    strcpy(bias_path, in_folder("l.npz:bias"));
    expect_layer(with_name, &(hs_read_options){.bias = bias_path}, 2, 3, weight, two);
    strcpy(bias_path, in_folder("l.npz"));
    expect_layer(in_folder("w.csv"), &(hs_read_options){.bias = bias_path}, 2, 3, weight, two);
}

static void expect_failure(const char *source, const hs_read_options *options, hs_status status,
                           const char *piece) {
    hs_layer *layer = NULL;
    hs_error error = {0};
    hs_status got = hs_layer_read(source, options, &layer, &error);
    if (got != status || strstr(error.message, piece) == NULL)
        fail_msg("%s: status %d, expected %d; '%s', expected '%s'", source, got, status,
                 error.message, piece);
    assert_null(layer);
}

static void test_bias_that_does_not_fit(void **state) {
    char bias[300];
    (void)state;
    put("w.csv", "1,2,3\n4,5,6\n");
    put("three.csv", "1,2,3\n");
    put("square.csv", "1,2\n3,4\n");
    strcpy(bias, in_folder("three.csv"));
    expect_failure(in_folder("w.csv"), &(hs_read_options){.bias = bias}, HS_BAD_DATA,
                   "three.csv: the bias has 3 numbers, expected 2: the weight is 2 x 3 (would");
    expect_failure(in_folder("w.csv"), &(hs_read_options){.bias = bias, .no_bias = true},
                   HS_INVALID_ARGUMENT, "at the same time");
    strcpy(bias, in_folder("square.csv"));
    expect_failure(in_folder("w.csv"), &(hs_read_options){.bias = bias}, HS_BAD_DATA,
                   "the bias is 2 x 2, expected 2 numbers");
    strcpy(bias, in_folder("missing.csv"));
    expect_failure(in_folder("w.csv"), &(hs_read_options){.bias = bias}, HS_CANNOT_OPEN,
                   "missing.csv: cannot open");
    const hs_array vector = {1, 1, 6, (double *)awkward};
    assert_int_equal(hs_array_write(&vector, in_folder("vector.npy"), NULL), HS_OK);
    expect_failure(in_folder("vector.npy"), NULL, HS_BAD_DATA,
                   "vector.npy: wrong rank: the weight has 1 dimension (6 numbers), expected 2");
}

static void test_files_that_cannot_be_read(void **state) {
    char long_name[600];
    (void)state;
    expect_failure(in_folder("missing.npy"), NULL, HS_CANNOT_OPEN, "No such file");
    expect_failure(in_folder("missing.npz:fc1"), NULL, HS_CANNOT_OPEN, "missing.npz: cannot open");
    expect_failure("", NULL, HS_CANNOT_OPEN, "cannot open");
    expect_failure(":", NULL, HS_CANNOT_OPEN, "cannot open");
    expect_failure(folder, NULL, HS_CANNOT_OPEN, "it is a directory");
    expect_failure("/dev/zero", NULL, HS_CANNOT_OPEN, "not a regular file");
    put("empty.npy", "");
    expect_failure(in_folder("empty.npy"), NULL, HS_BAD_DATA, "the file is empty");
    expect_failure(in_folder("empty.npy/below"), NULL, HS_CANNOT_OPEN, "Not a directory");
    assert_int_equal(mkfifo(in_folder("fifo.npy"), 0600), 0);
    expect_failure(in_folder("fifo.npy"), NULL, HS_CANNOT_OPEN, "not a regular file");
    assert_int_equal(symlink("loop.npy", in_folder("loop.npy")), 0);
    expect_failure(in_folder("loop.npy"), NULL, HS_CANNOT_OPEN, "cannot open");
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    expect_failure(long_name, NULL, HS_CANNOT_OPEN, "xxx");
    put("locked.csv", "1\n");
    assert_int_equal(chmod(in_folder("locked.csv"), 0), 0);
    if (geteuid() != 0)
        expect_failure(in_folder("locked.csv"), NULL, HS_CANNOT_OPEN, "Permission denied");
}

/* A sparse file of 16 GiB must be refused by its first bytes, not read. */
static void test_huge_sparse_files(void **state) {
    static const char *const names[] = {"huge.npy", "huge.npz", "huge.safetensors",
                                        "huge.csv", "huge.mtx", "huge"};
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        put(names[k], "");
        if (truncate(in_folder(names[k]), (off_t)1 << 34) != 0)
            skip(); /* the file system knows no such files */
        expect_failure(in_folder(names[k]), NULL, HS_BAD_DATA, names[k]);
        unlink(in_folder(names[k]));
    }
}

static void expect_unwritten(const hs_layer *layer, const char *path, hs_status status,
                             const char *piece) {
    hs_error error = {0};
    assert_int_equal(hs_layer_write(layer, path, &error), status);
    if (strstr(error.message, piece) == NULL)
        fail_msg("'%s' is not in: %s", piece, error.message);
}

static void test_complete_or_untouched(void **state) {
    const double bias[2] = {1, 2};
    hs_layer *layer = make_layer(bias);
    char text[16] = "";
    (void)state;
    put("old.npy", "old content");
    size_t before = count_files();
    expect_unwritten(layer, in_folder("old.npy"), HS_INVALID_ARGUMENT, "use .npz");
    expect_unwritten(layer, in_folder("old.csv"), HS_INVALID_ARGUMENT, "use .npz");
    expect_unwritten(layer, in_folder("old.mtx"), HS_INVALID_ARGUMENT, "unknown extension");
    expect_unwritten(layer, in_folder("none"), HS_INVALID_ARGUMENT, "unknown extension");
    expect_unwritten(layer, in_folder("no/such/folder.npz"), HS_CANNOT_WRITE, "No such file");
    mkdir(in_folder("sub.npz"), 0700);
    expect_unwritten(layer, in_folder("sub.npz"), HS_CANNOT_WRITE, "Is a directory");
    assert_int_equal(count_files(), before);
    FILE *file = fopen(in_folder("old.npy"), "rb");
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_string_equal(text, "old content");
    hs_layer_free(layer);
}

static void test_replacing_keeps_links_and_modes(void **state) {
    hs_layer *layer = make_layer(NULL);
    struct stat there;
    (void)state;
    put("target.npy", "old");
    assert_int_equal(chmod(in_folder("target.npy"), 0640), 0);
    assert_int_equal(symlink("target.npy", in_folder("link.npy")), 0);
    size_t before = count_files();
    assert_int_equal(hs_layer_write(layer, in_folder("link.npy"), NULL), HS_OK);
    assert_int_equal(lstat(in_folder("link.npy"), &there), 0);
    assert_true(S_ISLNK(there.st_mode));
    assert_int_equal(stat(in_folder("target.npy"), &there), 0);
    assert_int_equal(there.st_mode & 0777, 0640);
    assert_int_equal(there.st_size, 128 + 48);
    assert_int_equal(count_files(), before);
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(symlink("/dev/full", in_folder("full.npy")), 0);
        expect_unwritten(layer, in_folder("full.npy"), HS_CANNOT_WRITE, "No space left");
    }
    hs_layer_free(layer);
}

static void test_standard_input(void **state) {
    const double weight[4] = {1, 2, 3, 4};
    (void)state;
    put("input", "1 2\n3 4\n");
    assert_non_null(freopen(in_folder("input"), "rb", stdin));
    expect_layer("-", NULL, 2, 2, weight, NULL);
    expect_failure("-", NULL, HS_BAD_DATA, "standard input: it is empty");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layer_round_trip),
        cmocka_unit_test(test_array_round_trip),
        cmocka_unit_test(test_infinite_bounds),
        cmocka_unit_test(test_many_numbers),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_bias_that_does_not_fit),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_huge_sparse_files),
        cmocka_unit_test(test_complete_or_untouched),
        cmocka_unit_test(test_replacing_keeps_links_and_modes),
        cmocka_unit_test(test_standard_input),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
