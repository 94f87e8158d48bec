/* One batch: sixteen runs of relaxed-reflect-reflect that share every product with the matrix.
 *
 * The method looks for a point of the range of Q (the pre-activations that a z can produce) at
 * which all but `budget` soft rows are at most -1 and the hard rows lie inside the cone. With
 * a = projection of x onto the range, u = 2a - x and P the projection that keeps the `budget`
 * largest values of u and lowers the others to -1,   x += beta (P(u) - a).
 * The range is a linear space, so the size of a says how small the margin 1 is in comparison: it
 * grows over the first steps of a run up to `reach` and is free afterwards. */
#ifndef HS_ENGINE_SEARCH_BATCH_H
#define HS_ENGINE_SEARCH_BATCH_H

#include "engine/search_hunt.h"

/* Runs one batch with `team` threads until the hunt ends or the batch has made `steps` steps (0: no
 * limit). Thread 0 of batch 0 polls. */
hs_status hs_search_batch_run(hs_search_hunt *hunt, const hs_search_space *space, unsigned batch,
                              unsigned team, uint64_t steps, hs_error *error);

#endif
