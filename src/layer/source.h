/* The bytes of one file (or of standard input), and the name that messages give it. */
#ifndef HS_LAYER_SOURCE_H
#define HS_LAYER_SOURCE_H

#include "halfspan/halfspan.h"

typedef struct hs_source {
    const char *name; /* FILE as the user wrote it, for messages */
    const unsigned char *bytes;
    size_t size;
    bool infinite; /* infinity counts as a number: bounds of a box */
} hs_source;

/* FILE[:NAME] taken apart. A file whose own name has a colon wins over FILE:NAME. */
typedef struct hs_location {
    char *file;
    char *name; /* what to take from the file, or NULL */
} hs_location;

hs_status hs_location_split(const char *text, hs_location *location, hs_error *error);
void hs_location_clear(hs_location *location);

/* An open file; take the bytes from .source. Regular files are mapped, so that a large file takes
 * no memory before its content has been checked; "-" reads standard input to its end. */
typedef struct hs_input {
    hs_source source;
    void *mapped; /* what to unmap, or NULL */
    void *heap;   /* what to free, or NULL */
} hs_input;

hs_status hs_input_open(const char *file, hs_input *input, hs_error *error);
void hs_input_close(hs_input *input);

#endif
