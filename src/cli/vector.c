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

/* Every comma-separated field is a number: 0, or the first that is not one and its outcome. */
static size_t parse_fields(const char *text, double *values, hs_number_outcome *outcome) {
    for (size_t field = 1;; field++) {
        while (*text == ' ')
            text++;
        size_t length = strcspn(text, ","), used = length;
        while (used > 0 && text[used - 1] == ' ')
            used--;
        *outcome = hs_number_parse(text, used, values++);
        if (*outcome != HS_NUMBER_GOOD)
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
    hs_number_outcome outcome;
    size_t wrong = parse_fields(text, values->data, &outcome);
    if (wrong > 0) {
        hs_array_clear(values);
        bool word = count == 1 && outcome == HS_NUMBER_NONE && text[strspn(text, " ")] != '\0';
        if (!word && strchr(text, ':') == NULL && access(text, F_OK) != 0)
            return hs_fail(error, HS_BAD_DATA, "--%s %s: number %zu %s", option, text, wrong,
                           hs_number_problem(outcome));
        hs_status status = hs_array_read(text, values, error);
        if (status != HS_OK)
            return status;
    }
    if (values->rows * values->columns != n)
        return hs_fail(error, HS_BAD_DATA, "--%s %s: %zu numbers, expected %zu", option, text,
                       values->rows * values->columns, n);
    return HS_OK;
}
