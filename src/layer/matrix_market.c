/* Matrix Market: "%%MatrixMarket matrix array|coordinate real|integer|pattern
 * general|symmetric|skew-symmetric", comments, the sizes, the entries (array: column by column).
 * Boisvert, Pozo, Remington, The Matrix Market Exchange Formats, NISTIR 5935, 1996. */
#include "layer/archive.h"
#include "layer/lines.h"

#include "support/error.h"
#include "support/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A sparse file may be much smaller than the dense matrix, but not without limit. */
static const size_t free_entries = (size_t)1 << 23, dense_per_byte = 256;

typedef struct market {
    hs_lines lines;
    const char *rest; /* of the current line */
    size_t left;
    enum { GENERAL, SYMMETRIC, SKEW } symmetry;
    enum { REAL, INTEGER, PATTERN } field;
    bool coordinate;
    bool infinite; /* infinity counts as a number */
    size_t rows, columns;
    size_t entries; /* that the file must list */
} market;

/* Takes the next word off the line; false at its end. */
static bool next_word(market *in, const char **word, size_t *length) {
    while (in->left > 0 && hs_is_blank(*in->rest)) {
        in->rest++;
        in->left--;
    }
    *word = in->rest;
    while (in->left > 0 && !hs_is_blank(*in->rest)) {
        in->rest++;
        in->left--;
    }
    *length = (size_t)(in->rest - *word);
    return *length > 0;
}

static bool next_line(market *in) {
    if (!hs_lines_next(&in->lines))
        return false;
    in->rest = in->lines.text;
    in->left = in->lines.length;
    return true;
}

/* The next line that is neither blank nor a comment. */
static bool next_data_line(market *in) {
    while (next_line(in)) {
        size_t at = 0;
        while (at < in->left && hs_is_blank(in->rest[at]))
            at++;
        if (at < in->left && in->rest[at] != '%')
            return true;
    }
    return false;
}

static hs_status fail_line(const market *in, const char *problem, hs_error *error) {
    return hs_fail(error, HS_BAD_DATA, "%s: line %zu: %s", in->lines.name, in->lines.number,
                   problem);
}

/* The next word as one of the choices; -1 when it is none of them. */
static int choose(market *in, const char *const *choices) {
    const char *word;
    size_t length;
    if (!next_word(in, &word, &length))
        return -1;
    for (int k = 0; choices[k] != NULL; k++)
        if (strlen(choices[k]) == length && strncasecmp(choices[k], word, length) == 0)
            return k;
    return -1;
}

static hs_status read_banner(market *in, hs_error *error) {
    static const char *const banner[] = {"%%MatrixMarket", NULL};
    static const char *const object[] = {"matrix", NULL};
    static const char *const layout[] = {"array", "coordinate", NULL};
    static const char *const field[] = {"real", "integer", "pattern", "double", NULL};
    static const char *const symmetry[] = {"general", "symmetric", "skew-symmetric", NULL};
    next_line(in);
    if (choose(in, banner) < 0)
        return fail_line(in, "not a Matrix Market file: expected %%MatrixMarket", error);
    if (choose(in, object) < 0)
        return fail_line(in, "expected 'matrix'", error);
    int found = choose(in, layout);
    if (found < 0)
        return fail_line(in, "expected 'array' or 'coordinate'", error);
    in->coordinate = found == 1;
    found = choose(in, field);
    if (found < 0 || (found == 2 && !in->coordinate))
        return fail_line(in, "expected numbers that are 'real' or 'integer'", error);
    in->field = found == 1 ? INTEGER : found == 2 ? PATTERN : REAL;
    found = choose(in, symmetry);
    if (found < 0)
        return fail_line(in, "expected 'general', 'symmetric' or 'skew-symmetric'", error);
    in->symmetry = found == 1 ? SYMMETRIC : found == 2 ? SKEW : GENERAL;
    return HS_OK;
}

static hs_status read_index(market *in, const char *what, size_t least, size_t most, size_t *value,
                            hs_error *error) {
    const char *word;
    size_t length;
    double number = 0.0;
    if (!next_word(in, &word, &length))
        return hs_fail(error, HS_BAD_DATA, "%s: line %zu: the %s is missing", in->lines.name,
                       in->lines.number, what);
    char excerpt[HS_EXCERPT];
    hs_number_outcome outcome = hs_number_whole(word, length, &number);
    if (outcome != HS_NUMBER_GOOD || number < (double)least || number > (double)most)
        return hs_fail(error, HS_BAD_DATA, "%s: line %zu: the %s is %s, expected %zu to %zu",
                       in->lines.name, in->lines.number, what, hs_excerpt(excerpt, word, length),
                       least, most);
    *value = (size_t)number;
    return HS_OK;
}

static hs_status expect_line_end(market *in, hs_error *error) {
    const char *word;
    size_t length;
    char excerpt[HS_EXCERPT];
    if (!next_word(in, &word, &length))
        return HS_OK;
    return hs_fail(error, HS_BAD_DATA, "%s: line %zu: %s is one word too many", in->lines.name,
                   in->lines.number, hs_excerpt(excerpt, word, length));
}

/* How many numbers an array of this symmetry stores. */
static size_t stored_entries(const market *in) {
    size_t k = in->rows;
    if (in->symmetry == GENERAL)
        return in->rows * in->columns;
    return in->symmetry == SYMMETRIC ? k * (k + 1) / 2 : k * (k - 1) / 2;
}

static hs_status check_sizes(const market *in, size_t file_size, hs_error *error) {
    if (in->symmetry != GENERAL && in->rows != in->columns)
        return fail_line(in, "a symmetric matrix must be square", error);
    size_t dense = in->rows * in->columns; /* both below 2^31 */
    if (in->entries > file_size)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: line %zu: %zu entries promised in a file of %zu bytes: truncated",
                       in->lines.name, in->lines.number, in->entries, file_size);
    if (dense > free_entries && dense / dense_per_byte > file_size)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: line %zu: %zu x %zu is too large for a file of %zu bytes",
                       in->lines.name, in->lines.number, in->rows, in->columns, file_size);
    return HS_OK;
}

static hs_status read_sizes(market *in, size_t file_size, hs_error *error) {
    const size_t most = (size_t)1 << 31;
    if (!next_data_line(in))
        return fail_line(in, "the line with the sizes is missing", error);
    hs_status status = read_index(in, "number of rows", 1, most - 1, &in->rows, error);
    if (status == HS_OK)
        status = read_index(in, "number of columns", 1, most - 1, &in->columns, error);
    if (status == HS_OK && in->coordinate)
        status = read_index(in, "number of entries", 0, (size_t)1 << 53, &in->entries, error);
    else
        in->entries = stored_entries(in);
    if (status == HS_OK)
        status = expect_line_end(in, error);
    return status == HS_OK ? check_sizes(in, file_size, error) : status;
}

static hs_status read_value(market *in, double *value, hs_error *error) {
    const char *word;
    size_t length;
    char excerpt[HS_EXCERPT];
    if (in->field == PATTERN) {
        *value = 1.0;
        return HS_OK;
    }
    if (!next_word(in, &word, &length))
        return fail_line(in, "the value is missing", error);
    hs_number_outcome outcome = in->field == INTEGER ? hs_number_whole(word, length, value)
                                                     : hs_number_parse(word, length, value);
    if (outcome == HS_NUMBER_GOOD || (outcome == HS_NUMBER_INFINITE && in->infinite))
        return HS_OK;
    return hs_fail(error, HS_BAD_DATA, "%s: line %zu: %s %s", in->lines.name, in->lines.number,
                   hs_excerpt(excerpt, word, length), hs_number_problem(outcome));
}

/* Stores entry (i, j) and its mirror image; a place that is not NaN any more is taken. */
static hs_status store(const market *in, hs_array *array, size_t i, size_t j, double value,
                       hs_error *error) {
    double *place = &array->data[i * array->columns + j];
    if (!isnan(*place))
        return hs_fail(error, HS_BAD_DATA, "%s: line %zu: entry (%zu, %zu) occurs twice",
                       in->lines.name, in->lines.number, i + 1, j + 1);
    *place = value;
    if (in->symmetry != GENERAL && i != j)
        array->data[j * array->columns + i] = in->symmetry == SKEW ? -value : value;
    return HS_OK;
}

/* The place of the next number of an array, column by column, lower triangle if symmetric. */
static void advance(const market *in, size_t *i, size_t *j) {
    if (++*i < in->rows)
        return;
    ++*j;
    *i = in->symmetry == GENERAL ? 0 : in->symmetry == SYMMETRIC ? *j : *j + 1;
}

static hs_status read_place(market *in, size_t *i, size_t *j, hs_error *error) {
    hs_status status = read_index(in, "row", 1, in->rows, i, error);
    if (status == HS_OK)
        status = read_index(in, "column", 1, in->columns, j, error);
    if (status != HS_OK)
        return status;
    --*i;
    --*j;
    if ((in->symmetry != GENERAL && *i < *j) || (in->symmetry == SKEW && *i == *j))
        return fail_line(in, "the entry is not in the lower triangle", error);
    return HS_OK;
}

static hs_status read_entries(market *in, hs_array *array, hs_error *error) {
    size_t i = in->symmetry == SKEW && !in->coordinate ? 1 : 0, j = 0;
    for (size_t k = 0; k < in->entries; k++) {
        double value = 0.0;
        if (!next_data_line(in))
            return hs_fail(error, HS_BAD_DATA, "%s: %zu entries, expected %zu: truncated",
                           in->lines.name, k, in->entries);
        hs_status status = in->coordinate ? read_place(in, &i, &j, error) : HS_OK;
        if (status == HS_OK)
            status = read_value(in, &value, error);
        if (status == HS_OK)
            status = store(in, array, i, j, value, error);
        if (status == HS_OK)
            status = expect_line_end(in, error);
        if (status != HS_OK)
            return status;
        if (!in->coordinate)
            advance(in, &i, &j);
    }
    return next_data_line(in) ? fail_line(in, "more entries than promised", error) : HS_OK;
}

hs_status hs_matrix_market_parse(const hs_source *source, hs_array *array, hs_error *error) {
    market in = {.lines = hs_lines_begin(source), .infinite = source->infinite};
    *array = (hs_array){0};
    hs_status status = read_banner(&in, error);
    if (status == HS_OK)
        status = expect_line_end(&in, error);
    if (status == HS_OK)
        status = read_sizes(&in, source->size, error);
    size_t dimensions[2] = {in.rows, in.columns};
    if (status == HS_OK)
        status = hs_array_make(source->name, dimensions, 2, array, error);
    if (status != HS_OK)
        return status;
    size_t count = array->rows * array->columns;
    for (size_t k = 0; k < count; k++)
        array->data[k] = NAN;
    status = read_entries(&in, array, error);
    for (size_t k = 0; k < count; k++)
        if (isnan(array->data[k]))
            array->data[k] = 0.0;
    if (status != HS_OK)
        hs_array_clear(array);
    return status;
}
