/* A layer on a domain, prepared for the engines.
 *
 * The question "is there a point of the open domain at which all rows of a set are strictly
 * inactive?" becomes a strict linear system (geometry/system.h):
 *  - zero bias on a ball, the whole space, or a box around 0: a cone in n dimensions, because the
 *    set of bad points is a cone;
 *  - zero bias on the non-negative ball: the same with n faces -z_j < 0;
 *  - bias on the whole space, any layer on another box: a cone in n + 1 dimensions, (z, tau) with
 *    the faces -tau < 0 and, for a box, l_j tau < z_j < u_j tau; scale-free, so no tolerance is
 *    needed for "open";
 *  - bias on a ball: the ball itself.
 * Rows are scaled by powers of two, which loses nothing (a row that would lose bits is kept as it
 * is); the ball's radius is brought near 1 the same way, unless a row would lose bits by it. Rows
 * with zero weight never matter: they span nothing and their sign is that of the bias. */
#ifndef HS_ENGINE_PROBLEM_H
#define HS_ENGINE_PROBLEM_H

#include "geometry/system.h"
#include "layer/layer.h"

typedef struct hs_problem {
    const hs_layer *layer;
    hs_domain domain;
    size_t m, n;
    hs_system system; /* rows 0..m-1: the layer's; then the faces of the domain */
    size_t faces;
    bool homogenised; /* the last coordinate of the system is tau */
    int exponent;     /* ball with bias: z = 2^exponent times the system's point */
    bool *zero_row;   /* m: the weight of this row is zero */
    double *a;        /* owned by the problem: system.a; NULL: the layer's weight is */
    double *beta;     /* owned: system.beta, or NULL */
} hs_problem;

/* Checks the domain (HS_INVALID_ARGUMENT). The layer must outlive the problem. */
hs_status hs_problem_create(const hs_layer *layer, const hs_domain *domain, hs_problem *problem,
                            hs_error *error);
/* The whole space and no bias, with the layer's rows as they are: system.a is the layer's weight.
 * For rows that have been scaled. */
hs_status hs_problem_of_rows(const hs_layer *layer, hs_problem *problem, hs_error *error);
void hs_problem_clear(hs_problem *problem);

/* Turns a point u of the system into an input z (n doubles); for a cone that came from a bounded
 * domain the point is scaled into its interior. */
void hs_problem_point(const hs_problem *problem, const double *u, double *z);

/* Multiplies values by 2^exponent; does nothing and returns false when a bit would be lost. */
bool hs_scale_if_lossless(double *values, size_t count, int exponent);
/* The smallest e with all |values| < 2^e; 0 where all are zero. */
int hs_largest_exponent(const double *values, size_t count);

/* Is z in the interior (closed: in the domain), exactly? */
bool hs_domain_contains(const hs_domain *domain, size_t n, const double *z, bool closed);

#endif
