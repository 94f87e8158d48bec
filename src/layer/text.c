/* Dense text: one row per line; commas, semicolons or white space between the numbers (the same in
 * the whole file); '#' begins a comment; the first line may hold column names instead of numbers,
 * when none of them could be meant as a number and commas, semicolons or tabs set them apart. */
#include "layer/archive.h"
#include "layer/lines.h"

#include "support/error.h"
#include "support/number.h"

#include <stdlib.h>
#include <string.h>

typedef struct table {
    hs_lines lines;
    char separator;  /* ',' or ';', or ' ' for white space; 0 before it is known */
    size_t columns;  /* 0 before the first row */
    size_t rows;     /* rows of numbers so far */
    bool has_header; /* the first row was names */
    bool infinite;   /* infinity counts as a number */
    hs_numbers numbers;
} table;

/* One field of the current line. */
typedef struct field {
    const char *text;
    size_t length;
    size_t column; /* from 1 */
} field;

static void trim(const char **text, size_t *length) {
    while (*length > 0 && hs_is_blank((*text)[*length - 1]))
        --*length;
    while (*length > 0 && hs_is_blank(**text)) {
        ++*text;
        --*length;
    }
}

/* The separator that a line uses; 0 when it holds a single field. */
static char find_separator(const char *text, size_t length) {
    const char *comma = memchr(text, ',', length);
    const char *semicolon = memchr(text, ';', length);
    if (comma != NULL || semicolon != NULL)
        return semicolon != NULL ? ';' : ',';
    for (size_t at = 0; at < length; at++)
        if (hs_is_blank(text[at]))
            return ' ';
    return 0;
}

static hs_status fail_at(const table *in, const field *at, const char *problem, hs_error *error) {
    char excerpt[HS_EXCERPT];
    return hs_fail(error, HS_BAD_DATA, "%s: line %zu, column %zu: %s %s", in->lines.name,
                   in->lines.number, at->column, hs_excerpt(excerpt, at->text, at->length),
                   problem);
}

/* Takes the next field off the line; false at its end. Two tabs in a row enclose an empty field. */
static bool next_field(const table *in, const char **text, size_t *length, field *next) {
    if (*text == NULL)
        return false;
    size_t used = 0, tabs = 0, skip = 0;
    next->column++;
    next->text = *text;
    if (in->separator == ',' || in->separator == ';') {
        while (used < *length && (*text)[used] != in->separator)
            used++;
        skip = used < *length ? 1 : 0;
    } else {
        while (used < *length && !hs_is_blank((*text)[used]))
            used++;
        for (; used + skip < *length && hs_is_blank((*text)[used + skip]) && tabs < 2; skip++)
            tabs += (*text)[used + skip] == '\t';
        skip -= tabs == 2; /* leave the second tab: an empty field precedes it */
    }
    next->length = used;
    trim(&next->text, &next->length);
    *length -= used + skip;
    *text = skip > 0 ? *text + used + skip : NULL;
    return true;
}

/* What nobody means as a number: not 1,5 and not "1" in quotes either. */
static bool is_name(const field *next) {
    static const char marks[] = "\"'+-.";
    double value;
    size_t at = 0;
    while (at < next->length && memchr(marks, next->text[at], sizeof marks - 1) != NULL)
        at++;
    if (at == next->length || (next->text[at] >= '0' && next->text[at] <= '9'))
        return false;
    return memchr(next->text, '\0', next->length) == NULL &&
           hs_number_parse(next->text, next->length, &value) == HS_NUMBER_NONE;
}

static bool is_header(const table *in, const char *text, size_t length) {
    field next = {NULL, 0, 0};
    while (next_field(in, &text, &length, &next))
        if (!is_name(&next))
            return false;
    return true;
}

static hs_status check_width(table *in, size_t columns, hs_error *error) {
    if (in->columns == 0)
        in->columns = columns;
    if (in->columns == columns)
        return HS_OK;
    return hs_fail(error, HS_BAD_DATA,
                   "%s: line %zu: %zu numbers, expected %zu as in the lines before", in->lines.name,
                   in->lines.number, columns, in->columns);
}

static hs_status read_row(table *in, const char *text, size_t length, hs_error *error) {
    field next = {NULL, 0, 0};
    while (next_field(in, &text, &length, &next)) {
        double value = 0.0;
        if (next.length == 0)
            return fail_at(in, &next, "is an empty field, expected a number", error);
        hs_number_outcome outcome = hs_number_parse(next.text, next.length, &value);
        if (outcome != HS_NUMBER_GOOD && !(outcome == HS_NUMBER_INFINITE && in->infinite))
            return fail_at(in, &next, hs_number_problem(outcome), error);
        if (!hs_numbers_add(&in->numbers, value))
            return hs_fail(error, HS_NO_MEMORY, "%s: no memory for its numbers", in->lines.name);
    }
    in->rows++;
    return check_width(in, next.column, error);
}

static size_t count_fields(const table *in, const char *text, size_t length) {
    field next = {NULL, 0, 0};
    while (next_field(in, &text, &length, &next))
        continue;
    return next.column;
}

/* A line that is neither blank nor a comment. */
static hs_status read_line(table *in, const char *text, size_t length, hs_error *error) {
    char separator = find_separator(text, length);
    if (in->separator == 0)
        in->separator = separator;
    else if (separator != 0 && separator != in->separator &&
             !(separator == ' ' && in->separator != ' '))
        return hs_fail(error, HS_BAD_DATA,
                       "%s: line %zu: '%c' between the numbers, but another separator before",
                       in->lines.name, in->lines.number, separator);
    bool first = in->rows == 0 && !in->has_header;
    if (first && is_header(in, text, length) &&
        (in->separator != ' ' || memchr(text, '\t', length) != NULL)) {
        in->has_header = true;
        return check_width(in, count_fields(in, text, length), error);
    }
    return read_row(in, text, length, error);
}

static hs_status read_lines(table *in, hs_error *error) {
    hs_status status = HS_OK;
    while (status == HS_OK && hs_lines_next(&in->lines)) {
        const char *text = in->lines.text;
        size_t length = in->lines.length;
        const char *comment = memchr(text, '#', length);
        if (comment != NULL)
            length = (size_t)(comment - text);
        trim(&text, &length);
        if (length > 0)
            status = read_line(in, text, length, error);
    }
    if (status == HS_OK && in->rows == 0)
        status = hs_fail(error, HS_BAD_DATA, "%s: no numbers in it", in->lines.name);
    return status;
}

hs_status hs_text_parse(const hs_source *source, hs_array *array, hs_error *error) {
    table in = {.lines = hs_lines_begin(source), .infinite = source->infinite};
    *array = (hs_array){0};
    hs_status status = read_lines(&in, error);
    if (status != HS_OK) {
        free(in.numbers.data);
        return status;
    }
    *array = (hs_array){.rank = 2, .rows = in.rows, .columns = in.columns, .data = in.numbers.data};
    return HS_OK;
}
