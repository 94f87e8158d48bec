/* The counting bounds behind the reference lines. */
#ifndef HS_THEORY_BOUNDS_H
#define HS_THEORY_BOUNDS_H

#include "halfspan/halfspan.h"

/* Where the exponential rate of the first moment changes sign: 9.09. */
hs_status hs_first_moment_alpha(double *alpha, hs_error *error);

/* Where the exponential rate of the expected Euler characteristic does: 8.34. */
hs_status hs_euler_alpha(double *alpha, hs_error *error);

#endif
