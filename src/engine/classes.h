/* Integer vectors modulo 3, for proofs that active rows span (README.md, "Classes").
 *
 * Where active rows do not span, an integer vector v with no common divisor is orthogonal to all of
 * them. v modulo 3 is not 0, and a row whose product with it is not 0 modulo 3 is inactive. v and
 * -v say the same, so there are (3^n - 1) / 2 classes. A class is given by its products with n rows
 * that are independent modulo 3, the basis: those known to be active, where they are 0, `outer`
 * digits, which number chunks of classes, and `inner` digits, which are enumerated. */
#ifndef HS_ENGINE_CLASSES_H
#define HS_ENGINE_CLASSES_H

#include "halfspan/halfspan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hs_classes {
    size_t n, count; /* columns; rows */
    size_t words;    /* of a set of rows */
    size_t active, outer, inner;
    size_t *basis;       /* n rows */
    uint64_t *one, *two; /* n x words: the rows that have 1, 2 times the basis row in them */
    uint64_t chunks;
} hs_classes;

/* Of rows row_of[0..count-1] (n columns) those of `active` (words) are known to be active. At most
 * `inner` digits are enumerated at a time. *made: false when the rows do not span modulo 3. */
hs_status hs_classes_create(const double *weight, const size_t *row_of, size_t count, size_t n,
                            const uint64_t *active, size_t words, size_t inner, hs_classes *classes,
                            bool *made);
void hs_classes_clear(hs_classes *classes);

/* The most classes of a chunk: 3^inner. */
size_t hs_classes_most(const hs_classes *classes);
/* The outer digits of a chunk below classes->chunks: 0, 1 or 2. Chunk 0 has none but 0. */
void hs_classes_digits(const hs_classes *classes, uint64_t chunk, uint8_t *digits);
/* The classes of a chunk: for each the rows that are not 0, `words` words. scratch: (n + 1) x 2
 * words. Returns how many. */
size_t hs_classes_load(const hs_classes *classes, uint64_t chunk, const uint8_t *digits,
                       uint64_t *nonzero, uint64_t *scratch);

/* For each row the classes, of `count` at nonzero, that it is not 0 for: masks has 64 words x width
 * words, width at least count / 64. */
void hs_classes_transpose(const uint64_t *nonzero, size_t words, size_t count, size_t width,
                          uint64_t *masks);

#endif
