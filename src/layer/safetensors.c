/* Safetensors: 8 bytes with the length of a header (little endian), the header (JSON: name ->
 * dtype, shape, data_offsets), the numbers. The tensors must cover the rest of the file without gap
 * or overlap. https://huggingface.co/docs/safetensors */
#include "layer/archive.h"
#include "layer/decode.h"

#include "support/allocate.h"
#include "support/error.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 8, MOST_DIMENSIONS = 8, LONGEST_HEADER = 100000000 };

typedef struct tensor {
    char *name;
    char dtype[12];
    hs_number_type type;
    bool readable; /* the type is one that hs_decode knows */
    size_t rank;
    size_t shape[MOST_DIMENSIONS];
    size_t begin, end; /* in the data */
} tensor;

typedef struct safetensors_state {
    const unsigned char *data;
    tensor *tensors; /* by place in the file */
} safetensors_state;

static void safetensors_release(void *state) {
    safetensors_state *file = state;
    if (file == NULL)
        return;
    free(file->tensors);
    free(file);
}

static bool parse_type(const char *text, hs_number_type *type) {
    static const struct {
        const char *code;
        hs_number_type type;
    } known[] = {
        {"F64", {HS_NUMBER_FLOAT, 8, false}},    {"F32", {HS_NUMBER_FLOAT, 4, false}},
        {"F16", {HS_NUMBER_FLOAT, 2, false}},    {"BF16", {HS_NUMBER_BFLOAT, 2, false}},
        {"I64", {HS_NUMBER_SIGNED, 8, false}},   {"I32", {HS_NUMBER_SIGNED, 4, false}},
        {"I16", {HS_NUMBER_SIGNED, 2, false}},   {"I8", {HS_NUMBER_SIGNED, 1, false}},
        {"U64", {HS_NUMBER_UNSIGNED, 8, false}}, {"U32", {HS_NUMBER_UNSIGNED, 4, false}},
        {"U16", {HS_NUMBER_UNSIGNED, 2, false}}, {"U8", {HS_NUMBER_UNSIGNED, 1, false}},
        {"BOOL", {HS_NUMBER_BOOL, 1, false}},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(text, known[k].code) == 0) {
            *type = known[k].type;
            return true;
        }
    return false;
}

static hs_status fail_tensor(const hs_source *source, const char *name, const char *problem,
                             hs_error *error) {
    return hs_fail(error, HS_BAD_DATA, "%s: tensor '%.80s': %s", source->name, name, problem);
}

static bool parse_size(const json_t *value, size_t *size) {
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *size = (size_t)json_integer_value(value);
    return true;
}

static bool parse_shape(const json_t *shape, tensor *made) {
    if (!json_is_array(shape))
        return false;
    made->rank = json_array_size(shape);
    for (size_t k = 0; k < made->rank; k++) {
        size_t size;
        if (!parse_size(json_array_get(shape, k), &size))
            return false;
        if (k < MOST_DIMENSIONS)
            made->shape[k] = size;
    }
    return true;
}

/* Whether the shape fills the bytes; true when type or shape are beyond what can be judged. */
static bool fills(const tensor *made) {
    if (!made->readable || made->rank > MOST_DIMENSIONS)
        return true;
    size_t bytes = made->type.size;
    for (size_t k = 0; k < made->rank; k++) {
        if (made->shape[k] == 0)
            return made->begin == made->end;
        if (bytes > (made->end - made->begin) / made->shape[k])
            return false;
        bytes *= made->shape[k];
    }
    return bytes == made->end - made->begin;
}

static hs_status parse_tensor(const hs_source *source, const char *name, const json_t *entry,
                              size_t available, tensor *made, hs_error *error) {
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    const json_t *offsets = json_object_get(entry, "data_offsets");
    if (!json_is_object(entry) || dtype == NULL)
        return fail_tensor(source, name, "dtype is missing", error);
    strncpy(made->dtype, dtype, sizeof made->dtype - 1);
    made->readable = parse_type(dtype, &made->type);
    if (!parse_shape(json_object_get(entry, "shape"), made))
        return fail_tensor(source, name, "shape is not a list of sizes", error);
    if (json_array_size(offsets) != 2 || !parse_size(json_array_get(offsets, 0), &made->begin) ||
        !parse_size(json_array_get(offsets, 1), &made->end))
        return fail_tensor(source, name, "data_offsets is not a pair of sizes", error);
    if (made->begin > made->end || made->end > available)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: tensor '%.80s': bytes %zu to %zu, but the file holds 0 to %zu",
                       source->name, name, made->begin, made->end, available);
    if (!fills(made))
        return fail_tensor(source, name, "its shape does not fill its bytes", error);
    return HS_OK;
}

static int by_place(const void *left, const void *right) {
    const tensor *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

/* The tensors, sorted, must cover 0 to available. */
static hs_status check_cover(const hs_source *source, const tensor *tensors, size_t count,
                             size_t available, hs_error *error) {
    size_t covered = 0;
    for (size_t k = 0; k < count; k++) {
        if (tensors[k].begin < covered)
            return fail_tensor(source, tensors[k].name, "it overlaps another tensor", error);
        if (tensors[k].begin > covered)
            return fail_tensor(source, tensors[k].name, "unused bytes before it", error);
        covered = tensors[k].end;
    }
    if (covered == available)
        return HS_OK;
    return hs_fail(error, HS_BAD_DATA, "%s: %zu bytes too many after the last tensor", source->name,
                   available - covered);
}

static hs_status list_tensors(const hs_source *source, json_t *header, size_t available,
                              hs_archive *archive, hs_error *error) {
    safetensors_state *file = archive->state;
    const char *name;
    json_t *entry;
    size_t count = 0;
    archive->names = hs_allocate(json_object_size(header), sizeof *archive->names);
    file->tensors = hs_allocate(json_object_size(header), sizeof *file->tensors);
    if (archive->names == NULL || file->tensors == NULL)
        return hs_fail(error, HS_NO_MEMORY, "%s: no memory for its tensors", source->name);
    json_object_foreach(header, name, entry) {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        tensor *made = &file->tensors[count];
        hs_status status = parse_tensor(source, name, entry, available, made, error);
        if (status != HS_OK)
            return status;
        made->name = hs_copy(name, strlen(name) + 1, 1);
        archive->names[count++] = made->name; /* the archive owns the names */
        archive->count = count;
        if (made->name == NULL)
            return hs_fail(error, HS_NO_MEMORY, "%s: no memory for a name", source->name);
    }
    if (count == 0)
        return hs_fail(error, HS_BAD_DATA, "%s: no tensors in it", source->name);
    qsort(file->tensors, count, sizeof *file->tensors, by_place);
    for (size_t k = 0; k < count; k++)
        archive->names[k] = file->tensors[k].name;
    return check_cover(source, file->tensors, count, available, error);
}

static hs_status tensor_read(const hs_archive *archive, size_t index, hs_array *array,
                             hs_error *error) {
    const safetensors_state *file = archive->state;
    const tensor *chosen = &file->tensors[index];
    *array = (hs_array){0};
    if (!chosen->readable)
        return hs_fail(
            error, HS_BAD_DATA,
            "%s: tensor '%.80s': dtype %s is not supported, expected F64, F32, F16, BF16",
            archive->source->name, chosen->name, chosen->dtype);
    char *name = hs_archive_place(archive, index);
    if (name == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a name");
    hs_status status = hs_array_make(name, chosen->shape, chosen->rank, array, error);
    if (status == HS_OK)
        status = hs_decode(name, (hs_storage){chosen->type, false, archive->source->infinite},
                           file->data + chosen->begin, array, error);
    if (status != HS_OK)
        hs_array_clear(array);
    free(name);
    return status;
}

static hs_status parse_header(const hs_source *source, size_t length, json_t **header,
                              hs_error *error) {
    json_error_t reason;
    const char *text = (const char *)source->bytes + PREFIX;
    *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &reason);
    if (*header == NULL)
        return hs_fail(error, HS_BAD_DATA, "%s: header: not JSON at byte %d: %s", source->name,
                       reason.position + PREFIX, reason.text);
    if (json_is_object(*header))
        return HS_OK;
    json_decref(*header);
    *header = NULL;
    return hs_fail(error, HS_BAD_DATA, "%s: header: expected a JSON object", source->name);
}

static hs_status find_header(const hs_source *source, size_t *length, hs_error *error) {
    uint64_t promised = 0;
    if (source->size < PREFIX)
        return hs_fail(error, HS_BAD_DATA, "%s: truncated: %zu bytes, a header needs 8 and more",
                       source->name, source->size);
    for (int k = PREFIX; k-- > 0;)
        promised = promised << 8 | source->bytes[k];
    if (promised > source->size - PREFIX || promised > LONGEST_HEADER)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: header of %llu bytes, but only %zu bytes follow: truncated or not "
                       "safetensors",
                       source->name, (unsigned long long)promised, source->size - PREFIX);
    *length = (size_t)promised;
    return HS_OK;
}

hs_status hs_safetensors_open(const hs_source *source, hs_archive *archive, hs_error *error) {
    json_t *header = NULL;
    size_t length = 0;
    *archive = (hs_archive){.source = source, .read = tensor_read, .release = safetensors_release};
    hs_status status = find_header(source, &length, error);
    if (status == HS_OK)
        status = parse_header(source, length, &header, error);
    if (status != HS_OK)
        return status;
    safetensors_state *file = hs_allocate(1, sizeof *file);
    archive->state = file;
    if (file == NULL) {
        status = hs_fail(error, HS_NO_MEMORY, "%s: no memory to open it", source->name);
    } else {
        file->data = source->bytes + PREFIX + length;
        status = list_tensors(source, header, source->size - PREFIX - length, archive, error);
    }
    json_decref(header);
    if (status != HS_OK)
        hs_archive_clear(archive);
    return status;
}
