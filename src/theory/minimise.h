/* Newton's method for a smooth function whose gradient is exact, with second derivatives from
 * differences of the gradient: for few coordinates and costly evaluations. */
#ifndef HS_THEORY_MINIMISE_H
#define HS_THEORY_MINIMISE_H

#include "halfspan/halfspan.h"

enum { HS_COORDINATES_MAX = 64 };

typedef struct hs_minimisation {
    size_t n;            /* coordinates, at most HS_COORDINATES_MAX */
    const double *lower; /* n bounds */
    const double *upper; /* n bounds */
    hs_status (*evaluate)(void *data, const double *at, double *value, double *gradient,
                          hs_error *error);
    void *data;
    bool (*interrupted)(void *data); /* or NULL */
    void *interrupted_data;
    double *hessian;    /* n x n; kept from call to call when hessian_known, else NULL or scratch */
    double slope_goal;  /* flat enough to stop */
    bool hessian_known; /* hessian holds that of a similar problem: tried before a new one */
} hs_minimisation;

typedef struct hs_minimum {
    double value;
    double slope; /* largest component of the gradient that is not held by a bound */
    size_t iterations, evaluations;
} hs_minimum;

/* Moves at (n numbers) from a start to a local minimum, as closely as rounding allows. Ending early
 * (interruption, too many iterations) is no error: the slope tells. */
hs_status hs_minimise(hs_minimisation *problem, double *at, hs_minimum *minimum, hs_error *error);

#endif
