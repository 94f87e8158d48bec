/* Are the chosen rows in general position: is every set of d of them independent? */
#ifndef HS_GEOMETRY_GENERAL_POSITION_H
#define HS_GEOMETRY_GENERAL_POSITION_H

#include "halfspan/halfspan.h"

typedef enum hs_position {
    HS_POSITION_GENERAL,   /* proven: every d-subset is independent (and every smaller one) */
    HS_POSITION_DEPENDENT, /* a set of at most d rows is dependent modulo a prime */
    HS_POSITION_UNKNOWN    /* more subsets than the budget */
} hs_position;

/* Elimination modulo 2^61 - 1 over all subsets, prefixes shared. budget: subsets at most. */
hs_status hs_general_position(const double *a, size_t d, const size_t *which, size_t count,
                              uint64_t budget, hs_position *position, hs_error *error);

#endif
