/* Safetensors with F64 tensors; the header is padded with spaces so that the numbers are aligned.
 */
#include "layer/encode.h"
#include "layer/write.h"

#include "support/error.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 8 };

static json_t *make_header(const hs_named_array *arrays, size_t count) {
    json_t *header = json_object();
    json_int_t begin = 0;
    for (size_t k = 0; k < count; k++) {
        const hs_array *array = &arrays[k].array;
        json_int_t end = begin + 8 * (json_int_t)(array->rows * array->columns);
        json_t *shape = array->rank == 1 ? json_pack("[I]", (json_int_t)array->columns)
                                         : json_pack("[II]", (json_int_t)array->rows,
                                                     (json_int_t)array->columns);
        json_object_set_new(header, arrays[k].name,
                            json_pack("{s:s, s:o, s:[II]}", "dtype", "F64", "shape", shape,
                                      "data_offsets", begin, end));
        begin = end;
    }
    return header;
}

hs_status hs_safetensors_write(const hs_named_array *arrays, size_t count, FILE *stream,
                               hs_error *error) {
    json_t *header = make_header(arrays, count);
    char *text = json_dumps(header, JSON_COMPACT);
    json_decref(header);
    if (text == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory to write a .safetensors file");
    size_t length = strlen(text);
    size_t padded = (length + 7) / 8 * 8;
    for (size_t k = 0; k < PREFIX; k++)
        fputc((int)(padded >> 8 * k & 0xff), stream);
    fprintf(stream, "%s%*s", text, (int)(padded - length), "");
    free(text);
    for (size_t k = 0; k < count; k++)
        hs_doubles_write(arrays[k].array.data, arrays[k].array.rows * arrays[k].array.columns,
                         stream);
    return HS_OK;
}
