#include "layer/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hs_lines hs_lines_begin(const hs_source *source) {
    hs_lines lines = {.name = source->name, .at = (const char *)source->bytes};
    lines.end = lines.at + source->size;
    if (source->size >= 3 && memcmp(lines.at, "\xef\xbb\xbf", 3) == 0)
        lines.at += 3;
    return lines;
}

static bool ends_line(char c) {
    return c == '\n' || c == '\r' || c == '\0';
}

bool hs_lines_next(hs_lines *lines) {
    if (lines->at == lines->end)
        return false;
    lines->text = lines->at;
    lines->number++;
    while (lines->at < lines->end && !ends_line(*lines->at))
        lines->at++;
    if (lines->at < lines->end && *lines->at == '\0')
        lines->at++; /* belongs to the line */
    lines->length = (size_t)(lines->at - lines->text);
    if (lines->length > 0 && lines->at[-1] == '\0')
        return true;
    if (lines->at < lines->end && *lines->at++ == '\r' && lines->at < lines->end &&
        *lines->at == '\n')
        lines->at++;
    return true;
}

const char *hs_excerpt(char buffer[HS_EXCERPT], const char *text, size_t length) {
    bool cut = length > HS_EXCERPT - 8;
    snprintf(buffer, HS_EXCERPT, "'%.*s'%s", (int)(cut ? HS_EXCERPT - 8 : length), text,
             cut ? "..." : "");
    return buffer;
}

bool hs_numbers_add(hs_numbers *numbers, double value) {
    if (numbers->count == numbers->capacity) {
        size_t capacity = numbers->capacity > 0 ? 2 * numbers->capacity : 64;
        double *larger = capacity <= SIZE_MAX / sizeof *larger
                             ? realloc(numbers->data, capacity * sizeof *larger)
                             : NULL;
        if (larger == NULL)
            return false;
        numbers->data = larger;
        numbers->capacity = capacity;
    }
    numbers->data[numbers->count++] = value;
    return true;
}
