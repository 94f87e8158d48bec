/* Files made in memory, for the tests of the readers. */
#ifndef HS_TESTS_LAYER_BYTES_H
#define HS_TESTS_LAYER_BYTES_H

#include "layer/read.h"

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

/* Appends; every failure ends the test. */
void bytes_add(bytes *file, const void *data, size_t size);
void bytes_text(bytes *file, const char *text);
void bytes_little(bytes *file, uint64_t value, size_t size);
void bytes_big(bytes *file, uint64_t value, size_t size);
void bytes_clear(bytes *file);

/* A .npy header of this version around the dictionary; the numbers come after it. */
void bytes_npy(bytes *file, unsigned version, const char *dictionary);

/* A .safetensors header. */
void bytes_safetensors(bytes *file, const char *json);

/* One member of a zip archive, stored, with the sizes it really has. */
typedef struct member {
    const char *name;
    bytes content;
} member;
void bytes_zip(bytes *file, const member *members, size_t count, bool deflate);

/* The bit pattern of a double. */
uint64_t bits_of(double value);

/* Parses bytes under a file name (its extension counts) and wants success. */
hs_array parse_array(const char *name, const bytes *file);

/* Wants failure with this status and this piece of text in a message of one line. */
void expect_refused(const char *name, const char *choice, const bytes *file, const char *piece);

#endif
