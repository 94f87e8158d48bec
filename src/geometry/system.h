/* Strict linear systems: is there a z with a_i.z + beta_i < 0 for all chosen rows, and |z| <
 * radius?
 *
 * Two forms. A cone: beta is NULL and radius infinite, every row is homogeneous; whole spaces and
 * boxes with bias are cones in one dimension more. A ball: beta is given and radius is finite.
 *
 * A set of rows whose system has no solution is a core. Its proof is a vector of multipliers
 * lambda >= 0, not all zero, with
 *     cone: sum lambda_i a_i = 0            ball: radius |sum lambda_i a_i| <= sum lambda_i beta_i
 * (Farkas; for the ball the right side follows from max over |z| < radius of the weighted sum). */
#ifndef HS_GEOMETRY_SYSTEM_H
#define HS_GEOMETRY_SYSTEM_H

#include "halfspan/halfspan.h"

#include <gmp.h>

typedef struct hs_system {
    size_t d; /* dimension of z */
    size_t rows;
    const double *a;    /* rows x d */
    const double *beta; /* rows, or NULL: a cone */
    double radius;      /* with beta */
    const double *low; /* cone only: rows x d, the exact rows are a + low; or NULL. Each entry is at
                          most half a unit in the last place of its entry of a */
    size_t mirrored;   /* or 0: so many rows of a and low are stored, and row mirrored + i is row i
                          negated (its beta is stored) */
} hs_system;

/* Entry j of row `row` in a or in low. */
static inline double hs_system_entry(const hs_system *system, const double *part, size_t row,
                                     size_t j) {
    bool negated = system->mirrored > 0 && row >= system->mirrored;
    double entry = part[(negated ? row - system->mirrored : row) * system->d + j];
    return negated ? -entry : entry;
}

typedef enum hs_feasibility { HS_EMPTY, HS_NONEMPTY } hs_feasibility;

/* Decides the system of the chosen rows in rational arithmetic. point (d doubles, or NULL) receives
 * an interior point when there is one; point_strict tells whether the rounded point still satisfies
 * every strict inequality exactly. */
hs_status hs_system_decide_exact(const hs_system *system, const size_t *which, size_t count,
                                 hs_feasibility *answer, double *point, bool *point_strict,
                                 hs_error *error);

/* Is the system of the chosen rows empty? If so, multipliers (count of them) receives integers that
 * prove it. low is not looked at. */
hs_status hs_system_refute_exact(const hs_system *system, const size_t *which, size_t count,
                                 mpz_t *multipliers, bool *empty, hs_error *error);

/* Is there a u with a_i.u <= 0 for all chosen rows of a cone, and < 0 for at least one? Rational
 * arithmetic; low is not looked at. */
hs_status hs_closed_halfspace_exact(const hs_system *system, const size_t *which, size_t count,
                                    bool *exists, hs_error *error);

/* The exact sign (-1, 0, 1) of a_i.z + beta_i: floating point with an error bound first. */
int hs_system_sign(const hs_system *system, size_t row, const double *z);

/* Does z satisfy all chosen rows strictly, and |z| < radius, exactly? */
bool hs_system_contains(const hs_system *system, const size_t *which, size_t count,
                        const double *z);

/* Is |z| < radius, exactly? (<= with closed) */
bool hs_norm_below(const double *z, size_t d, double radius, bool closed);

/* As hs_core_holds, without the rational arithmetic: false when the error bound cannot tell. */
bool hs_core_holds_in_floating_point(const hs_system *system, const size_t *which, size_t count,
                                     const double *multipliers);

/* Is the chosen set of rows proven to be a core? multipliers (count doubles, or NULL) are a hint
 * from floating point. A rigorous error bound is tried first, rational arithmetic after it. */
hs_status hs_core_holds(const hs_system *system, const size_t *which, size_t count,
                        const double *multipliers, bool *holds, hs_error *error);

/* As hs_core_holds, in exact arithmetic throughout: multipliers (count of them) receives integers
 * that prove it; unique says that, up to a factor, no other combination of the rows is zero. low is
 * not looked at. */
hs_status hs_core_multipliers(const hs_system *system, const size_t *which, size_t count,
                              mpz_t *multipliers, bool *holds, bool *unique, hs_error *error);

#endif
