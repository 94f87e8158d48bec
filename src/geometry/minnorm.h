/* The point of smallest norm of a polyhedron { z : a_i.z <= t_i }, by the dual active-set method of
 * Goldfarb and Idnani (Math. Programming 27, 1983) in floating point, warm: rows are added one at a
 * time and the state can be copied.
 *
 * Data layout: the projector H onto the complement of the active rows and their pseudo-inverse N*
 * stand side by side in one d x 2 stride array, row j holding H[j][0..d) and, from column stride
 * on, N*[slot][j]. One pass over the array gives both H a and N* a; adding and dropping a row are
 * rank-1 updates of the whole array. Cleared slots stay zero, so nothing is ever shifted. */
#ifndef HS_GEOMETRY_MINNORM_H
#define HS_GEOMETRY_MINNORM_H

#include "geometry/kernels.h"
#include "halfspan/halfspan.h"

typedef struct hs_minnorm {
    const hs_kernels *kernels;
    size_t d;
    size_t stride; /* d rounded up to a multiple of 8 */
    size_t active_count;
    uint32_t *slot_row;  /* stride: row in each slot, HS_MINNORM_FREE when the slot is free */
    double *lambda;      /* stride: multiplier of each slot, 0 when free */
    double *z;           /* stride: the current point */
    double *basis;       /* d x (2 stride) */
    double *image;       /* 2 stride: scratch, H a and N* a */
    double *column;      /* stride: scratch */
    double squared_norm; /* of z */
    uint64_t pivots;     /* active-set changes so far */
    void *memory;
} hs_minnorm;

#define HS_MINNORM_FREE UINT32_MAX

typedef enum hs_minnorm_answer {
    HS_MINNORM_ADDED,    /* the point now satisfies the row with equality */
    HS_MINNORM_EMPTY,    /* the active rows and this one have no common point (numerically) */
    HS_MINNORM_GIVEN_UP, /* numerical trouble: neither answer can be trusted */
} hs_minnorm_answer;

hs_status hs_minnorm_create(size_t d, hs_minnorm *solver, hs_error *error);
void hs_minnorm_clear(hs_minnorm *solver);

/* No rows, z = 0. */
void hs_minnorm_reset(hs_minnorm *solver);

/* to and from have the same d. */
void hs_minnorm_copy(hs_minnorm *to, const hs_minnorm *from);

/* Adds the violated row a.z <= t (a.z > t now), known to the caller as `row`, dropping rows whose
 * multipliers reach zero. a: d doubles. sign: +1, or -1 for the row -a. After HS_MINNORM_EMPTY,
 * lambda of the slots and *multiplier (of the new row) are the coefficients of a combination of
 * rows that is zero. */
hs_minnorm_answer hs_minnorm_add(hs_minnorm *solver, const double *a, double sign, double t,
                                 uint32_t row, double *multiplier);

#endif
