#include "cli/cli.h"

#include "support/error.h"
#include "support/number.h"

#include <stdlib.h>
#include <string.h>

static size_t count_fields(const char *text) {
    size_t count = 1;
    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

/* Every comma-separated field is a number; false when one is not. */
static bool parse_fields(const char *text, double *values) {
    for (;;) {
        while (*text == ' ')
            text++;
        size_t length = strcspn(text, ","), used = length;
        while (used > 0 && text[used - 1] == ' ')
            used--;
        if (hs_number_parse(text, used, values++) != HS_NUMBER_GOOD)
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

hs_status cli_vector_read(const char *text, const char *option, size_t n, hs_array *values,
                          hs_error *error) {
    size_t count = count_fields(text);
    *values = (hs_array){.rank = 1, .rows = 1, .columns = count};
    values->data = calloc(count, sizeof(double));
    if (values->data == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for %zu numbers", count);
    if (!parse_fields(text, values->data)) {
        hs_array_clear(values);
        hs_status status = hs_array_read(text, values, error);
        if (status != HS_OK)
            return status;
    }
    if (values->rows * values->columns != n)
        return hs_fail(error, HS_BAD_DATA, "--%s %s: %zu numbers, expected %zu", option, text,
                       values->rows * values->columns, n);
    return HS_OK;
}
