/* A root of a continuous function between two points of different sign, by Brent's method. */
#ifndef HS_THEORY_ROOT_H
#define HS_THEORY_ROOT_H

#include "halfspan/halfspan.h"

typedef double (*hs_real_function)(double at, void *data);

/* Splits [lower, upper] into `pieces` equal ones and refines the first sign change to the last
 * digits. HS_NOT_CONVERGED, naming `what`, when there is none. */
hs_status hs_find_root(hs_real_function function, void *data, double lower, double upper,
                       size_t pieces, const char *what, double *root, hs_error *error);

#endif
