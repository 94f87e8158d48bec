#include "layer/read.h"

#include "layer/archive.h"
#include "layer/layer.h"
#include "layer/names.h"

#include "support/allocate.h"
#include "support/error.h"

#include <stdlib.h>

static hs_status refuse_name(const hs_source *source, const char *name, hs_error *error) {
    if (name == NULL)
        return HS_OK;
    return hs_fail(error, HS_BAD_DATA,
                   "%.300s: a single array without a name, so ':%.60s' is wrong", source->name,
                   name);
}

static hs_status read_pair(const hs_archive *archive, const char *name, bool want_bias,
                           hs_stored_layer *stored, hs_error *error) {
    size_t weight, bias;
    hs_status status = hs_names_layer(archive, name, &weight, &bias, error);
    if (status == HS_OK)
        status = archive->read(archive, weight, &stored->weight, error);
    if (status == HS_OK && want_bias && bias != HS_NO_ARRAY)
        status = archive->read(archive, bias, &stored->bias, error);
    return status;
}

hs_status hs_stored_layer_parse(const hs_source *source, const char *name, bool want_bias,
                                hs_stored_layer *stored, hs_error *error) {
    const hs_format *format = NULL;
    hs_archive archive;
    *stored = (hs_stored_layer){0};
    hs_status status = hs_format_choose(source, &format, error);
    if (status != HS_OK)
        return status;
    if (format->parse != NULL) {
        status = refuse_name(source, name, error);
        return status == HS_OK ? format->parse(source, &stored->weight, error) : status;
    }
    status = format->open(source, &archive, error);
    if (status != HS_OK)
        return status;
    status = read_pair(&archive, name, want_bias, stored, error);
    hs_archive_clear(&archive);
    if (status != HS_OK)
        hs_stored_layer_clear(stored);
    return status;
}

void hs_stored_layer_clear(hs_stored_layer *stored) {
    hs_array_clear(&stored->weight);
    hs_array_clear(&stored->bias);
}

hs_status hs_array_parse(const hs_source *source, const char *name, hs_array_role role,
                         hs_array *array, hs_error *error) {
    const hs_format *format = NULL;
    hs_archive archive;
    size_t index;
    hs_source asked = *source;
    asked.infinite = role == HS_ROLE_BOUNDS;
    *array = (hs_array){0};
    hs_status status = hs_format_choose(&asked, &format, error);
    if (status != HS_OK)
        return status;
    if (format->parse != NULL) {
        status = refuse_name(&asked, name, error);
        return status == HS_OK ? format->parse(&asked, array, error) : status;
    }
    status = format->open(&asked, &archive, error);
    if (status != HS_OK)
        return status;
    status = role == HS_ROLE_BIAS ? hs_names_bias(&archive, name, &index, error)
                                  : hs_names_array(&archive, name, &index, error);
    if (status == HS_OK)
        status = archive.read(&archive, index, array, error);
    hs_archive_clear(&archive);
    return status;
}

/* FILE[:NAME] as it was opened; closing is safe after a failure too. */
typedef struct opened {
    hs_location location;
    hs_input input;
} opened;

static hs_status open_location(const char *text, opened *file, hs_error *error) {
    *file = (opened){.input = {.mapped = NULL}};
    hs_status status = hs_location_split(text, &file->location, error);
    return status == HS_OK ? hs_input_open(file->location.file, &file->input, error) : status;
}

static void close_location(opened *file) {
    hs_input_close(&file->input);
    hs_location_clear(&file->location);
}

static hs_status read_array(const char *text, hs_array_role role, hs_array *array,
                            hs_error *error) {
    opened file;
    *array = (hs_array){0};
    hs_status status = open_location(text, &file, error);
    if (status == HS_OK)
        status = hs_array_parse(&file.input.source, file.location.name, role, array, error);
    close_location(&file);
    return status;
}

hs_status hs_array_read(const char *source, hs_array *array, hs_error *error) {
    return read_array(source, HS_ROLE_ARRAY, array, error);
}

hs_status hs_bounds_read(const char *source, hs_array *array, hs_error *error) {
    return read_array(source, HS_ROLE_BOUNDS, array, error);
}

static hs_status read_stored(const char *text, bool want_bias, hs_stored_layer *stored,
                             hs_error *error) {
    opened file;
    *stored = (hs_stored_layer){0};
    hs_status status = open_location(text, &file, error);
    if (status == HS_OK)
        status =
            hs_stored_layer_parse(&file.input.source, file.location.name, want_bias, stored, error);
    close_location(&file);
    return status;
}

static hs_status transpose(const char *name, hs_array *array, hs_error *error) {
    double *turned = hs_allocate_matrix(array->rows, array->columns, sizeof *turned);
    if (turned == NULL)
        return hs_fail(error, HS_NO_MEMORY, "%s: no memory to transpose it", name);
    for (size_t i = 0; i < array->rows; i++)
        for (size_t j = 0; j < array->columns; j++)
            turned[j * array->rows + i] = array->data[i * array->columns + j];
    free(array->data);
    *array = (hs_array){.rank = 2, .rows = array->columns, .columns = array->rows, .data = turned};
    return HS_OK;
}

static hs_status check_bias(const char *name, const hs_array *weight, const hs_array *bias,
                            hs_error *error) {
    if (bias->data == NULL)
        return HS_OK;
    if (bias->rows != 1 && bias->columns != 1)
        return hs_fail(error, HS_BAD_DATA, "%s: the bias is %zu x %zu, expected %zu numbers", name,
                       bias->rows, bias->columns, weight->rows);
    size_t count = bias->rows * bias->columns;
    if (count == weight->rows)
        return HS_OK;
    return hs_fail(error, HS_BAD_DATA,
                   "%s: the bias has %zu numbers, expected %zu: the weight is %zu x %zu%s", name,
                   count, weight->rows, weight->rows, weight->columns,
                   count == weight->columns ? " (would --transpose be right?)" : "");
}

/* Checks the parts against each other and makes the layer of them. */
static hs_status assemble(const char *source, const hs_read_options *options,
                          hs_stored_layer *stored, hs_layer **layer, hs_error *error) {
    hs_array *weight = &stored->weight;
    if (weight->rank != 2)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: wrong rank: the weight has 1 dimension (%zu numbers), expected 2",
                       source, weight->columns);
    hs_status status = options->transpose ? transpose(source, weight, error) : HS_OK;
    if (status == HS_OK)
        status = check_bias(options->bias != NULL ? options->bias : source, weight, &stored->bias,
                            error);
    if (status != HS_OK)
        return status;
    return hs_layer_create(weight->rows, weight->columns, weight->data, stored->bias.data, layer,
                           error);
}

hs_status hs_layer_read(const char *source, const hs_read_options *options, hs_layer **layer,
                        hs_error *error) {
    static const hs_read_options plain = {.transpose = false};
    hs_stored_layer stored;
    *layer = NULL;
    options = options != NULL ? options : &plain;
    if (options->no_bias && options->bias != NULL)
        return hs_fail(error, HS_INVALID_ARGUMENT, "a bias file and no bias at the same time");
    hs_status status =
        read_stored(source, !options->no_bias && options->bias == NULL, &stored, error);
    if (status == HS_OK && options->bias != NULL)
        status = read_array(options->bias, HS_ROLE_BIAS, &stored.bias, error);
    if (status == HS_OK)
        status = assemble(source, options, &stored, layer, error);
    hs_stored_layer_clear(&stored);
    return status;
}
