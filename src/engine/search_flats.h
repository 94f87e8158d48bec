/* Subspaces that hold more rows than their dimension: where counting active rows misleads.
 *
 * With a subspace F given away, the rows in F cost nothing, and a point with at most n - 1 - dim F
 * active rows among the others is a witness: all its active rows then lie in the hyperplane spanned
 * by F and those few. Blocks of low rank, sparse and quantised layers have such subspaces; rows in
 * general position have none. */
#ifndef HS_ENGINE_SEARCH_FLATS_H
#define HS_ENGINE_SEARCH_FLATS_H

#include "engine/search_space.h"

enum { HS_SEARCH_FLATS = 8 };

/* Looks for subspaces that hold many rows of `plan` (beside what it takes for granted, which must
 * be nothing) and fills plans[0 .. *count - 1], the most promising first, each with its rows left
 * out. Gives up, with none, where the elimination would take longer than a search: large layers. */
hs_status hs_search_flats_find(const hs_search_source *source, const hs_search_plan *plan,
                               uint64_t seed, hs_search_plan *plans, size_t *count,
                               hs_error *error);

#endif
