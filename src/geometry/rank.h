/* Exact ranks of sets of rows.
 *
 * The rank of the residues modulo a prime never exceeds the rank over the rationals: "full rank"
 * found there is a proof. A deficient rank is proven by exact null vectors (null_space.h); where
 * they are not orthogonal to all rows, the prime was unlucky and another one is taken. A minor has
 * only so many prime factors, so this ends. */
#ifndef HS_GEOMETRY_RANK_H
#define HS_GEOMETRY_RANK_H

#include "geometry/residue.h"
#include "halfspan/halfspan.h"

/* Rows reduced so far, for asking "does this row leave the span?" one row after the other. */
typedef struct hs_modular_basis {
    size_t d;
    size_t rank;
    uint64_t *rows;    /* rank x d, row k has its first non-zero at pivot[k] */
    size_t *pivot;     /* d */
    uint64_t *inverse; /* d: of these non-zeros; 0 until it is needed */
    uint64_t *reduced; /* d, scratch */
    uint64_t prime;    /* 2^61 - 1; another may be set while the rank is 0 */
} hs_modular_basis;
hs_status hs_modular_basis_create(size_t d, hs_modular_basis *basis, hs_error *error);
void hs_modular_basis_clear(hs_modular_basis *basis);
/* Adds a row of residues; true when it raised the rank. */
bool hs_modular_basis_add(hs_modular_basis *basis, const uint64_t *row);

/* The exact rank of the chosen rows of a (rows of d doubles); which may be NULL for rows
 * 0..count-1. null_vector, when not NULL and the rank is below d, receives d doubles: a non-zero
 * vector orthogonal to all of them: small integers where there are such (null_exact), otherwise the
 * rational one rounded, with a largest entry of 1. */
hs_status hs_rank_exact(const double *a, size_t d, const size_t *which, size_t count, size_t *rank,
                        double *null_vector, bool *null_exact, hs_error *error);

/* Are the d chosen rows (of d doubles) proven to be independent by floating point? Many times
 * faster than residues where d is large. false: not proven. */
bool hs_rows_independent_in_floating_point(const double *a, size_t d, const size_t *which);

#endif
