/* Text, line by line, without copying: LF, CRLF and lone CR end a line; a UTF-8 mark at the very
 * beginning is skipped. A NUL ends a line as well but stays in it, so that what is not text is
 * refused where it begins, however far its "line" goes. */
#ifndef HS_LAYER_LINES_H
#define HS_LAYER_LINES_H

#include "layer/source.h"

typedef struct hs_lines {
    const char *name; /* for messages */
    const char *at, *end;
    const char *text; /* the current line, without its end */
    size_t length;
    size_t number; /* of the current line, from 1 */
} hs_lines;

hs_lines hs_lines_begin(const hs_source *source);

/* Moves to the next line; false at the end of the text. */
bool hs_lines_next(hs_lines *lines);

static inline bool hs_is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

/* A piece of text for a message: cut to fit, never empty. */
enum { HS_EXCERPT = 48 };
const char *hs_excerpt(char buffer[HS_EXCERPT], const char *text, size_t length);

/* A growing list of numbers; begins as {0}, ends with free(data). */
typedef struct hs_numbers {
    double *data;
    size_t count, capacity;
} hs_numbers;

bool hs_numbers_add(hs_numbers *numbers, double value);

#endif
