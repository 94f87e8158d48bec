/* .npy version 1.0 and .npz with stored (not deflated) members, as NumPy writes them. */
#include "layer/encode.h"
#include "layer/write.h"

#include "support/allocate.h"
#include "support/error.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { CHUNK = 4096, HEADER = 128 };

/* A header of HEADER bytes; returns how many. */
static size_t make_header(const hs_array *array, unsigned char header[HEADER]) {
    static const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    char shape[64];
    if (array->rank == 1)
        snprintf(shape, sizeof shape, "(%zu,)", array->columns);
    else
        snprintf(shape, sizeof shape, "(%zu, %zu)", array->rows, array->columns);
    char *text = (char *)header + 10;
    memset(header, ' ', HEADER);
    memcpy(header, magic, sizeof magic);
    header[8] = HEADER - 10;
    header[9] = 0;
    int length = snprintf(text, HEADER - 10,
                          "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }", shape);
    text[length] = ' ';
    header[HEADER - 1] = '\n';
    return HEADER;
}

void hs_npy_write(const hs_array *array, FILE *stream) {
    unsigned char header[HEADER];
    fwrite(header, 1, make_header(array, header), stream);
    hs_doubles_write(array->data, array->rows * array->columns, stream);
}

static hs_status no_memory(hs_error *error) {
    return hs_fail(error, HS_NO_MEMORY, "no memory to write a .npz file");
}

/* Adds one member; the same layer gives the same bytes whenever it is written. */
static hs_status add_member(zip_t *zip, const hs_named_array *named, hs_error *error) {
    enum { FIRST_DAY = 1 << 5 | 1 }; /* 1 January 1980, the beginning of zip's calendar */
    const hs_array *array = &named->array;
    size_t count = array->rows * array->columns;
    char name[64];
    snprintf(name, sizeof name, "%.50s.npy", named->name);
    unsigned char *bytes = malloc(HEADER + 8 * count);
    if (bytes == NULL)
        return no_memory(error);
    size_t header = make_header(array, bytes);
    hs_doubles_encode(array->data, count, bytes + header);
    zip_source_t *source = zip_source_buffer(zip, bytes, header + 8 * count, 1);
    if (source == NULL) {
        free(bytes);
        return no_memory(error);
    }
    zip_int64_t index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return no_memory(error);
    }
    bool good = zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
                zip_file_set_dostime(zip, (zip_uint64_t)index, 0, FIRST_DAY, 0) == 0;
    return good ? HS_OK : no_memory(error);
}

static hs_status copy_out(zip_source_t *whole, FILE *stream, hs_error *error) {
    unsigned char bytes[CHUNK];
    zip_int64_t got = 0;
    if (zip_source_open(whole) != 0)
        return no_memory(error);
    while ((got = zip_source_read(whole, bytes, sizeof bytes)) > 0)
        fwrite(bytes, 1, (size_t)got, stream);
    zip_source_close(whole);
    return got == 0 ? HS_OK : no_memory(error);
}

/* The archive is built in memory, so that the file has the one way to its place that all have. */
hs_status hs_npz_write(const hs_named_array *arrays, size_t count, FILE *stream, hs_error *error) {
    hs_status status = HS_OK;
    zip_source_t *whole = zip_source_buffer_create(NULL, 0, 0, NULL);
    if (whole == NULL)
        return no_memory(error);
    zip_source_keep(whole);
    zip_t *zip = zip_open_from_source(whole, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    if (zip == NULL) {
        zip_source_free(whole);
        zip_source_free(whole);
        return no_memory(error);
    }
    for (size_t k = 0; k < count && status == HS_OK; k++)
        status = add_member(zip, &arrays[k], error);
    if (status != HS_OK || zip_close(zip) != 0) {
        zip_discard(zip);
        status = status != HS_OK ? status : no_memory(error);
    }
    if (status == HS_OK)
        status = copy_out(whole, stream, error);
    zip_source_free(whole);
    return status;
}
