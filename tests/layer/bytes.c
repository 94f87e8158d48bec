#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include <cmocka.h>

void bytes_add(bytes *file, const void *data, size_t size) {
    if (size == 0)
        return;
    file->data = realloc(file->data, file->size + size);
    assert_non_null(file->data);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

void bytes_text(bytes *file, const char *text) {
    bytes_add(file, text, strlen(text));
}

void bytes_little(bytes *file, uint64_t value, size_t size) {
    for (size_t k = 0; k < size; k++)
        bytes_add(file, &(unsigned char){(unsigned char)(value >> 8 * k)}, 1);
}

void bytes_big(bytes *file, uint64_t value, size_t size) {
    for (size_t k = size; k-- > 0;)
        bytes_add(file, &(unsigned char){(unsigned char)(value >> 8 * k)}, 1);
}

void bytes_clear(bytes *file) {
    free(file->data);
    *file = (bytes){0};
}

void bytes_npy(bytes *file, unsigned version, const char *dictionary) {
    bytes_add(file, "\x93NUMPY", 6);
    bytes_little(file, version, 1);
    bytes_little(file, 0, 1);
    bytes_little(file, strlen(dictionary) + 1, version == 1 ? 2 : 4);
    bytes_text(file, dictionary);
    bytes_text(file, "\n");
}

void bytes_safetensors(bytes *file, const char *json) {
    bytes_little(file, strlen(json), 8);
    bytes_text(file, json);
}

void bytes_zip(bytes *file, const member *members, size_t count, bool deflate) {
    zip_source_t *whole = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_source_keep(whole);
    zip_t *zip = zip_open_from_source(whole, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(zip);
    for (size_t k = 0; k < count; k++) {
        zip_source_t *source =
            zip_source_buffer(zip, members[k].content.data, members[k].content.size, 0);
        zip_int64_t index = zip_file_add(zip, members[k].name, source, 0);
        assert_true(index >= 0);
        zip_set_file_compression(zip, (zip_uint64_t)index, deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE,
                                 0);
    }
    assert_int_equal(zip_close(zip), 0);
    assert_int_equal(zip_source_open(whole), 0);
    unsigned char part[512];
    zip_int64_t got;
    while ((got = zip_source_read(whole, part, sizeof part)) > 0)
        bytes_add(file, part, (size_t)got);
    zip_source_close(whole);
    zip_source_free(whole);
}

uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

hs_array parse_array(const char *name, const bytes *file) {
    const hs_source source = {.name = name, .bytes = file->data, .size = file->size};
    hs_array array = {0};
    hs_error error = {0};
    if (hs_array_parse(&source, NULL, HS_ROLE_ARRAY, &array, &error) != HS_OK)
        fail_msg("%s", error.message);
    return array;
}

void expect_refused(const char *name, const char *choice, const bytes *file, const char *piece) {
    const hs_source source = {.name = name, .bytes = file->data, .size = file->size};
    hs_stored_layer stored;
    hs_error error = {0};
    hs_status status = hs_stored_layer_parse(&source, choice, true, &stored, &error);
    if (status == HS_OK)
        fail_msg("%s was accepted, expected: %s", name, piece);
    assert_int_equal(status, HS_BAD_DATA);
    assert_int_equal(error.status, HS_BAD_DATA);
    if (strncmp(error.message, name, strlen(name)) != 0)
        fail_msg("the message does not begin with the file: %s", error.message);
    if (strstr(error.message, piece) == NULL)
        fail_msg("'%s' is not in: %s", piece, error.message);
    assert_null(strchr(error.message, '\n'));
    assert_null(stored.weight.data);
    assert_null(stored.bias.data);
}
