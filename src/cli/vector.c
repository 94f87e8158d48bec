#include "cli/cli.h"

#include "support/error.h"
#include "support/number.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t count_fields(const char *text) {
    size_t count = 1;
    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

/* Every comma-separated field is a number: 0, or the first that is not one and why. */
static size_t parse_fields(const char *text, double *values, const char **problem) {
    for (size_t field = 1;; field++) {
        while (*text == ' ')
            text++;
        size_t length = strcspn(text, ","), used = length;
        while (used > 0 && text[used - 1] == ' ')
            used--;
        hs_number_outcome outcome = hs_number_parse(text, used, values++);
        *problem = outcome != HS_NUMBER_NONE || used == 0 ? hs_number_problem(outcome) : NULL;
        if (outcome != HS_NUMBER_GOOD)
            return field;
        if (text[length] == '\0')
            return 0;
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
    const char *problem;
    size_t wrong = parse_fields(text, values->data, &problem);
    if (wrong > 0) {
        hs_array_clear(values);
        bool file = strchr(text, ':') != NULL || access(text, F_OK) == 0;
        if ((problem != NULL || count > 1) && !file)
            return hs_fail(error, HS_BAD_DATA, "--%s %s: number %zu %s", option, text, wrong,
                           problem != NULL ? problem : "is not a number");
        hs_status status = hs_array_read(text, values, error);
        if (status != HS_OK)
            return status;
    }
    if (values->rows * values->columns != n)
        return hs_fail(error, HS_BAD_DATA, "--%s %s: %zu numbers, expected %zu", option, text,
                       values->rows * values->columns, n);
    return HS_OK;
}
