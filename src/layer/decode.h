/* Stored numbers of every kind to double, exactly or not at all. */
#ifndef HS_LAYER_DECODE_H
#define HS_LAYER_DECODE_H

#include "halfspan/halfspan.h"

typedef enum hs_number_kind {
    HS_NUMBER_FLOAT,  /* IEEE 754: 2, 4 or 8 bytes */
    HS_NUMBER_BFLOAT, /* the upper half of a 4-byte float: 2 bytes */
    HS_NUMBER_SIGNED, /* two's complement: 1, 2, 4 or 8 bytes */
    HS_NUMBER_UNSIGNED,
    HS_NUMBER_BOOL /* 1 byte, 0 or 1 */
} hs_number_kind;

typedef struct hs_number_type {
    hs_number_kind kind;
    size_t size; /* bytes */
    bool big_endian;
} hs_number_type;

/* How the numbers of an array are stored. */
typedef struct hs_storage {
    hs_number_type type;
    bool columns_first; /* column by column (Fortran) */
    bool infinite;      /* infinity counts as a number */
} hs_storage;

/* Fills array->data (already made) from bytes. HS_BAD_DATA for NaN, infinity unless it counts as a
 * number, and whole numbers that double cannot hold; name: for messages. */
hs_status hs_decode(const char *name, hs_storage storage, const unsigned char *bytes,
                    hs_array *array, hs_error *error);

#endif
