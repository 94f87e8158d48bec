/* Are the chosen rows in general position: is every set of d of them independent? */
#ifndef HS_GEOMETRY_GENERAL_POSITION_H
#define HS_GEOMETRY_GENERAL_POSITION_H

#include "halfspan/halfspan.h"

typedef enum hs_position {
    HS_POSITION_GENERAL,   /* proven: every d-subset is independent (and every smaller one) */
    HS_POSITION_DEPENDENT, /* a set of at most d rows is dependent modulo a prime */
    HS_POSITION_UNKNOWN    /* more subsets than the budget, or stopped */
} hs_position;

/* How much work is allowed. */
typedef struct hs_position_effort {
    uint64_t subsets;            /* at most; more are not begun */
    bool (*stopped)(void *data); /* asked every few thousand subsets; true gives up; or NULL */
    void *data;
} hs_position_effort;

/* Elimination modulo 2^61 - 1 over all subsets, prefixes shared. */
hs_status hs_general_position(const double *a, size_t d, const size_t *which, size_t count,
                              hs_position_effort effort, hs_position *position, hs_error *error);

#endif
