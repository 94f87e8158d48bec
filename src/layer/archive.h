/* What a reader makes of the bytes of a file. A format holds either one array without a name (.npy,
 * text, Matrix Market) or named arrays (.npz, .safetensors); a new format adds one line to the
 * table in format.c. Every reader checks the sizes a header claims against the bytes that are there
 * before it takes memory, and returns finite numbers only. */
#ifndef HS_LAYER_ARCHIVE_H
#define HS_LAYER_ARCHIVE_H

#include "layer/source.h"

typedef struct hs_archive hs_archive;

struct hs_archive {
    const hs_source *source; /* borrowed: outlives the archive */
    size_t count;
    char **names; /* count names, no two the same */
    void *state;  /* what the format remembers */
    hs_status (*read)(const hs_archive *archive, size_t index, hs_array *array, hs_error *error);
    void (*release)(void *state);
};

void hs_archive_clear(hs_archive *archive);

/* "FILE:NAME" of one array, for messages; freed by the caller; NULL without memory. */
char *hs_archive_place(const hs_archive *archive, size_t index);

typedef struct hs_format {
    const char *extensions[4]; /* lower case, with the dot */
    /* one of the two; a failed call leaves nothing to clear */
    hs_status (*parse)(const hs_source *source, hs_array *array, hs_error *error);
    hs_status (*open)(const hs_source *source, hs_archive *archive, hs_error *error);
} hs_format;

/* The format by the extension of source->name, or else by the first bytes. */
hs_status hs_format_choose(const hs_source *source, const hs_format **format, hs_error *error);

hs_status hs_npy_parse(const hs_source *source, hs_array *array, hs_error *error);
hs_status hs_text_parse(const hs_source *source, hs_array *array, hs_error *error);
hs_status hs_matrix_market_parse(const hs_source *source, hs_array *array, hs_error *error);
hs_status hs_npz_open(const hs_source *source, hs_archive *archive, hs_error *error);
hs_status hs_safetensors_open(const hs_source *source, hs_archive *archive, hs_error *error);

/* Sets rank, rows and columns, and takes zeroed memory. dimensions: rank numbers; a rank other than
 * 1 or 2 and empty arrays are refused. */
hs_status hs_array_make(const char *name, const size_t *dimensions, size_t rank, hs_array *array,
                        hs_error *error);

#endif
