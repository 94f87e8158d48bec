/* The settings of each run, chosen from the shape of the problem and spread over the lanes.
 *
 * A run starts with the root mean square of a at twice the margin, lets it grow geometrically over
 * `ramp` steps to `reach` times the margin, and is given up after `life` steps. */
#ifndef HS_ENGINE_SEARCH_SCHEDULE_H
#define HS_ENGINE_SEARCH_SCHEDULE_H

#include "engine/search_hunt.h"

typedef struct hs_search_random {
    uint64_t state;
} hs_search_random;
uint64_t hs_search_random_next(hs_search_random *random);
double hs_search_random_uniform(hs_search_random *random); /* in (0, 1) */
double hs_search_random_normal(hs_search_random *random);

typedef struct hs_search_schedule {
    unsigned age[HS_LANES];  /* steps made */
    unsigned ramp[HS_LANES]; /* steps of growth */
    unsigned life[HS_LANES]; /* steps in all */
    unsigned runs[HS_LANES]; /* runs started in this lane */
    float reach[HS_LANES];
    float beta[HS_LANES];
} hs_search_schedule;

/* The settings of the next run in a lane: run k of a lane is longer than run k - 1, until the
 * lengths start over. */
void hs_search_schedule_next(hs_search_schedule *schedule, size_t lane, size_t d,
                             hs_search_random *random);

/* The root mean square that a should have now, or 0 when it is free. */
float hs_search_schedule_size(const hs_search_schedule *schedule, size_t lane);

#endif
