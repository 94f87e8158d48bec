/* Feeds bytes to the reader of one format. FUZZ_NAME, a file name whose extension chooses the
 * format, is set by the build; nothing touches the disk. */
#include "layer/read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

/* What every reader promises about an array. */
static void check_array(const hs_array *array) {
    require(array->rank == 1 || array->rank == 2);
    require(array->rank == 2 || array->rows == 1);
    require(array->rows > 0 && array->columns > 0);
    for (size_t k = 0; k < array->rows * array->columns; k++)
        require(isfinite(array->data[k]));
}

static void check_error(hs_status status, const hs_error *error) {
    require(status == HS_BAD_DATA || status == HS_NO_MEMORY);
    require(error->status == status);
    require(error->message[0] != '\0' && strchr(error->message, '\n') == NULL);
}

static void read_layer(const hs_source *source, const char *name) {
    hs_stored_layer stored;
    hs_error error = {0};
    hs_status status = hs_stored_layer_parse(source, name, true, &stored, &error);
    if (status == HS_OK) {
        check_array(&stored.weight);
        if (stored.bias.data != NULL)
            check_array(&stored.bias);
    } else {
        check_error(status, &error);
        require(stored.weight.data == NULL && stored.bias.data == NULL);
    }
    hs_stored_layer_clear(&stored);
}

static void read_array(const hs_source *source, const char *name, hs_array_role role) {
    hs_array array;
    hs_error error = {0};
    hs_status status = hs_array_parse(source, name, role, &array, &error);
    if (status == HS_OK)
        check_array(&array);
    else
        check_error(status, &error);
    hs_array_clear(&array);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const hs_source source = {.name = FUZZ_NAME, .bytes = data, .size = size};
    read_layer(&source, NULL);
    read_layer(&source, "fc1");
    read_array(&source, NULL, HS_ROLE_BIAS);
    read_array(&source, "fc1.weight", HS_ROLE_ARRAY);
    return 0;
}
