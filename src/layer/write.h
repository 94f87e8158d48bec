/* Writers: each format turns a layer or an array into bytes on a stream. A failed write on the
 * stream itself is noticed by whoever closes it (hs_output_file_commit). */
#ifndef HS_LAYER_WRITE_H
#define HS_LAYER_WRITE_H

#include "halfspan/halfspan.h"

#include <stdio.h>

/* One array with the name it gets where the format has names. */
typedef struct hs_named_array {
    const char *name;
    hs_array array; /* data is borrowed */
} hs_named_array;

void hs_npy_write(const hs_array *array, FILE *stream);
void hs_text_write(const hs_array *array, FILE *stream);
hs_status hs_npz_write(const hs_named_array *arrays, size_t count, FILE *stream, hs_error *error);
hs_status hs_safetensors_write(const hs_named_array *arrays, size_t count, FILE *stream,
                               hs_error *error);

#endif
