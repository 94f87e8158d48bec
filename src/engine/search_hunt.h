/* What all batches of one search share: the goal, the best point so far, and when to stop. */
#ifndef HS_ENGINE_SEARCH_HUNT_H
#define HS_ENGINE_SEARCH_HUNT_H

#include "engine/search_space.h"

#include <pthread.h>
#include <stdatomic.h>

/* Fields that are not atomic are set before the batches start, or guarded by the lock. */
typedef struct hs_search_hunt {
    bool ready; /* created and not cleared */
    const hs_search_source *source;
    const hs_search_kernel *kernel;
    uint64_t seed;
    size_t target; /* done at this many active rows, or fewer */
    bool (*poll)(const struct hs_search_hunt *hunt, void *data); /* true: stop; on one thread */
    void *poll_data;
    bool (*confirm)(const double *z, void *data); /* or NULL */
    void *confirm_data;
    atomic_bool finished; /* a witness at or below the target, or stopped */
    atomic_bool refused;  /* a witness was not confirmed: this variant of the problem ends */
    atomic_size_t slack;  /* soft rows that may stay active at the points looked for now */
    atomic_uint_fast64_t steps, runs; /* batch steps; runs started */
    atomic_size_t fewest;             /* best_active, readable without the lock */
    atomic_uint generation;           /* numbers the pieces of work, so that seeds differ */

    pthread_mutex_t lock; /* for what follows */
    double *best;         /* n: an input */
    size_t best_active;   /* its active rows, of all m, in double precision; SIZE_MAX: none */
    bool witness;         /* best is a point whose active rows should not span */
    float least_reach, most_reach; /* settings of the runs, for the report */
    unsigned least_ramp, most_ramp;
} hs_search_hunt;

hs_status hs_search_hunt_create(const hs_search_source *source, hs_search_hunt *hunt,
                                hs_error *error);
void hs_search_hunt_clear(hs_search_hunt *hunt);

/* Recounts an input on the layer as it was given, in double precision with a strict margin: a row
 * counts as inactive only when its value is below what rounding could hide. soft: how many of the
 * plan's rows are active (may be NULL). Returns the number of active rows among all m. */
size_t hs_search_recount(const hs_search_source *source, const hs_search_plan *plan,
                         const double *z, size_t *soft);

/* Offers lane `lane` of y, moved into the domain; keeps it when it is better than what is known, or
 * a witness. scratch: d + n doubles. Returns whether there is such a point. */
bool hs_search_hunt_offer(hs_search_hunt *hunt, const hs_search_space *space, const float *y,
                          size_t lane, double *scratch);

#endif
