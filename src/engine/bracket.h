/* What is known of the number of active rows where there is no verdict. */
#ifndef HS_ENGINE_BRACKET_H
#define HS_ENGINE_BRACKET_H

#include "engine/branch.h"

/* Packs disjoint cores of a fresh worker's tree: each has an active row of its own at every point
 * of the open domain. Returns how many; less when the run stops or a core cannot be proven. */
size_t hs_pack_cores(hs_worker *worker);

/* A proven lower bound of the number of active rows at any point of the open domain, found within a
 * fraction of a second: 0 when the layer is too large for that. */
hs_status hs_active_lower(const hs_problem *problem, size_t *lower, hs_error *error);

#endif
