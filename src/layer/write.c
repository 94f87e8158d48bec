#include "layer/write.h"

#include "support/error.h"
#include "support/output_file.h"

#include <string.h>
#include <strings.h>

typedef enum output_format { NPY, NPZ, SAFETENSORS, TEXT, UNKNOWN } output_format;

static output_format choose(const char *path) {
    static const struct {
        const char *extension;
        output_format format;
    } known[] = {{".npy", NPY},
                 {".npz", NPZ},
                 {".safetensors", SAFETENSORS},
                 {".csv", TEXT},
                 {".txt", TEXT}};
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash != NULL ? slash : path, '.');
    for (size_t k = 0; dot != NULL && k < sizeof known / sizeof *known; k++)
        if (strcasecmp(dot, known[k].extension) == 0)
            return known[k].format;
    return UNKNOWN;
}

static hs_status write_arrays(output_format format, const hs_named_array *arrays, size_t count,
                              FILE *stream, hs_error *error) {
    switch (format) {
    case NPY:
        hs_npy_write(&arrays[0].array, stream);
        return HS_OK;
    case TEXT:
        hs_text_write(&arrays[0].array, stream);
        return HS_OK;
    case NPZ:
        return hs_npz_write(arrays, count, stream, error);
    default:
        return hs_safetensors_write(arrays, count, stream, error);
    }
}

static hs_status write_file(const char *path, const hs_named_array *arrays, size_t count,
                            hs_error *error) {
    hs_output_file file;
    output_format format = choose(path);
    if (format == UNKNOWN)
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "%s: unknown extension, expected .npy, .npz, .safetensors or .csv", path);
    if (count > 1 && (format == NPY || format == TEXT))
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "%s: this format holds no bias; use .npz or .safetensors", path);
    hs_status status = hs_output_file_open(path, &file, error);
    if (status != HS_OK)
        return status;
    status = write_arrays(format, arrays, count, file.stream, error);
    if (status == HS_OK)
        return hs_output_file_commit(&file, error);
    hs_output_file_abandon(&file);
    return status;
}

hs_status hs_layer_write(const hs_layer *layer, const char *path, hs_error *error) {
    size_t m = hs_layer_rows(layer);
    /* the writers only read */
    const hs_named_array arrays[2] = {
        {"weight", {2, m, hs_layer_columns(layer), (double *)hs_layer_weight(layer)}},
        {"bias", {1, 1, m, (double *)hs_layer_bias(layer)}},
    };
    return write_file(path, arrays, hs_layer_has_zero_bias(layer) ? 1 : 2, error);
}

hs_status hs_array_write(const hs_array *array, const char *path, hs_error *error) {
    const hs_named_array named = {"array", *array};
    if ((array->rank != 1 && array->rank != 2) || array->rows == 0 || array->columns == 0)
        return hs_fail(error, HS_INVALID_ARGUMENT, "%s: cannot write an array without numbers",
                       path);
    return write_file(path, &named, 1, error);
}
