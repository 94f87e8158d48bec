/* Files that are complete or untouched: written next to their place under another name, flushed to
 * the disk, then renamed. A path that is a device or a pipe is written directly. */
#ifndef HS_SUPPORT_OUTPUT_FILE_H
#define HS_SUPPORT_OUTPUT_FILE_H

#include "halfspan/halfspan.h"

#include <stdio.h>

typedef struct hs_output_file {
    FILE *stream;    /* write here; a failed write is noticed by hs_output_file_commit */
    char *path;      /* the final place, symbolic links followed */
    char *temporary; /* what is written to until then; NULL for a device */
} hs_output_file;

/* HS_CANNOT_WRITE when the place cannot be written. */
hs_status hs_output_file_open(const char *path, hs_output_file *file, hs_error *error);

/* Puts the file in its place, or removes what was written and reports why. Ends the use of file. */
hs_status hs_output_file_commit(hs_output_file *file, hs_error *error);

/* Gives up: the place is as it was before. Does nothing after a commit or a failed open. */
void hs_output_file_abandon(hs_output_file *file);

#endif
