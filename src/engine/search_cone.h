/* The domain as the witness search sees it: a cone in coordinates zeta.
 *
 * Bounded domains and layers with bias get a last coordinate tau > 0; an input is then
 *     z_j = centre_j + scale_j zeta_j / tau.
 * A ball is |zeta| < tau, a bounded box |zeta_j| < tau, a half-bounded coordinate zeta_j > 0.
 * Where the bad points themselves form a cone (zero bias on a ball, on the whole space, on a box
 * around 0) there is no tau, and z_j = scale_j zeta_j. */
#ifndef HS_ENGINE_SEARCH_CONE_H
#define HS_ENGINE_SEARCH_CONE_H

#include "halfspan/halfspan.h"

typedef enum hs_cone_face {
    HS_CONE_FREE,
    HS_CONE_POSITIVE, /* zeta_j > 0 */
    HS_CONE_BELOW_TAU /* |zeta_j| < tau */
} hs_cone_face;

typedef struct hs_search_cone {
    size_t n;           /* inputs */
    size_t d;           /* coordinates: n, or n + 1 with tau */
    bool tau;           /* the last coordinate is tau > 0 */
    bool ball;          /* |zeta| < tau */
    size_t hard;        /* constrained coordinates, tau among them */
    size_t *which;      /* hard: their indices, ascending, tau last */
    double *centre;     /* n */
    double *scale;      /* n, not 0 */
    hs_cone_face *face; /* n */
} hs_search_cone;

/* zero_bias: every bias of the layer is 0. */
hs_status hs_search_cone_create(const hs_domain *domain, size_t n, bool zero_bias,
                                hs_search_cone *cone, hs_error *error);
void hs_search_cone_clear(hs_search_cone *cone);

/* Scales the coordinates without a bound by powers of two, so that the columns of the m x n matrix
 * are of about one size: a network's inputs that were always 0 leave columns of nearly nothing. */
void hs_search_cone_equilibrate(hs_search_cone *cone, size_t m, const double *weight);

/* The row (w, b) in the coordinates zeta: d numbers. */
void hs_search_cone_row(const hs_search_cone *cone, const double *w, double b, double *row);

/* Moves zeta into the cone, coordinate by coordinate, where it is outside. */
void hs_search_cone_pull(const hs_search_cone *cone, double *zeta);

/* The input of a point zeta, inside the open domain, or false when zeta is not inside the cone. */
bool hs_search_cone_point(const hs_search_cone *cone, const hs_domain *domain, const double *zeta,
                          double *z);

/* Moves the constrained coordinates v (hard x HS_LANES) to the nearest point of the cone that keeps
 * a distance of 1 from its boundary (nearly the nearest where several kinds of face meet). */
void hs_search_cone_project(const hs_search_cone *cone, float *v);

#endif
