/* The point of smallest norm of { z : s_i a_i.z <= -1 }, a section of an open cone, in single
 * precision: the method of minnorm.h for many small systems, with pricing and pivots in one kernel.
 * A hint like everything in floating point: what matters of an answer is proven elsewhere.
 *
 * Data layout: as in minnorm.h, a d x 2 stride array [H | N*] of floats. The rows are held
 * coordinate by coordinate for pricing and, unless they are many, row by row for the pivots. */
#ifndef HS_GEOMETRY_CONE_H
#define HS_GEOMETRY_CONE_H

#include "halfspan/halfspan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HS_CONE_FREE UINT32_MAX

enum { HS_CONE_STRIDE = 64 }; /* d is at most this */

typedef struct hs_cone_rows {
    size_t d;
    size_t stride;   /* d rounded up to a multiple of 8 */
    size_t rows;     /* row i + rows is row i negated */
    size_t padded;   /* rows rounded up to a multiple of HS_PRICING_BLOCK */
    const double *a; /* rows x d: not owned */
    float *row;      /* rows x stride, padded with zeros; NULL: they are made from `a` */
    float *column;   /* d x padded: coordinate j of row i at [j * padded + i] */
} hs_cone_rows;

typedef struct hs_cone {
    const struct hs_kernels *kernels;
    size_t d, stride;
    float *basis;       /* d x (2 stride) */
    float *z;           /* stride: the current point */
    float *lambda;      /* stride: multiplier of each slot, 0 when free */
    uint32_t *slot_row; /* stride: signed row in each slot, or HS_CONE_FREE */
    uint32_t *count;    /* slots in use, and rank-1 updates since the basis was made afresh */
    uint64_t pivots;    /* active-set changes so far */
    void *memory;
    size_t bytes;
} hs_cone;

typedef enum hs_cone_answer {
    HS_CONE_POINT, /* z seems to satisfy what is asked for */
    HS_CONE_EMPTY, /* the rows in the slots and one more seem to have no common point */
    HS_CONE_LOST   /* numerical trouble */
} hs_cone_answer;

/* a, rows x d, must outlive the rows; twice: they are held row by row too. */
hs_status hs_cone_rows_create(size_t d, size_t rows, const double *a, bool twice, hs_cone_rows *to);
void hs_cone_rows_clear(hs_cone_rows *rows);

hs_status hs_cone_create(size_t d, const struct hs_kernels *kernels, hs_cone *solver);
void hs_cone_clear(hs_cone *solver);
/* No rows, z = 0. */
void hs_cone_reset(hs_cone *solver);
/* to and from have the same d. */
void hs_cone_copy(hs_cone *to, const hs_cone *from);

/* Adds violated rows until all that are asked for hold. want: padded, the sign times the priority
 * with which a row is asked for, 0 if it is not; slack: a row counts as violated when
 * want a.z + slack > 0. value: padded, a.z at the last point priced. After HS_CONE_EMPTY, lambda of
 * the slots and *multiplier (of the signed row *row) are the coefficients of a combination of rows
 * that is zero, where rows of priority above 1 have taken the places of others as far as one look
 * at each of them tells; the solver is then good for nothing but that. */
hs_cone_answer hs_cone_solve(hs_cone *solver, const hs_cone_rows *rows, const float *want,
                             const float *slack, float *value, uint32_t *row, float *multiplier);

#endif
