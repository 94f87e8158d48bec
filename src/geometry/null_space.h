/* Exact null vectors of rows of doubles.
 *
 * The rows are reduced modulo a prime: the rows that raise the rank there are independent, and the
 * square block of these rows and their pivot columns is invertible modulo the prime, hence over the
 * rationals. With one free column set to 1 and the others to 0 the pivot columns follow from this
 * block: digit after digit to the base of the prime (Dixon, Numer. Math. 40, 1982), then rational
 * reconstruction. Every vector is checked in integers, so nothing rests on the prime.
 *
 * The vectors are orthogonal to the pivot rows; to the others only if the rank modulo the prime is
 * the rank over the rationals. */
#ifndef HS_GEOMETRY_NULL_SPACE_H
#define HS_GEOMETRY_NULL_SPACE_H

#include "geometry/rank.h"

#include <gmp.h>

typedef struct hs_null_space {
    const double *rows; /* borrowed, as is which */
    const size_t *which;
    size_t d, count;
    hs_modular_basis basis; /* rank and pivot columns */
    size_t *pivot_row;      /* basis.rank of them, in the order of the pivot columns */
    size_t *free_column;    /* d - basis.rank, ascending */
    mpz_t *vector;          /* d: the null vector asked for last; NULL before the first */

    mpz_t *a;          /* rank x d: the pivot rows as integers */
    size_t pieces;     /* of 56 bits, in an entry of the pivot block */
    int64_t *piece;    /* pieces x rank x rank: the pivot block, lowest piece first */
    uint64_t *inverse; /* rank x rank: of the pivot block, modulo the prime */
    uint64_t *digit;   /* 2 d: scratch */
    mpz_t *rest;       /* d: what the digits so far do not explain */
    mpz_t *solution;   /* d: from the digits so far */
    mpz_t modulus, bound, s, t, u, v;
    size_t digits; /* enough for every null vector, by Hadamard's inequality */
} hs_null_space;

/* Finds the pivots of the chosen rows of a (which: NULL for rows 0..count-1). */
hs_status hs_null_space_create(const double *a, size_t d, const size_t *which, size_t count,
                               uint64_t prime, hs_null_space *space, hs_error *error);
void hs_null_space_clear(hs_null_space *space);

/* The null vector with its only free non-zero in free column k: integers without a common factor,
 * that one positive. */
hs_status hs_null_space_vector(hs_null_space *space, size_t k, hs_error *error);

/* Is the vector orthogonal to every chosen row? */
bool hs_null_space_orthogonal(hs_null_space *space);

/* The vector itself if no entry exceeds 2^20, which is exact; otherwise with a largest entry of 1,
 * rounded. Returns whether it is exact. */
bool hs_null_space_round(hs_null_space *space, double *vector);

#endif
