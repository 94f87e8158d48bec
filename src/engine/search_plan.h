/* Which rows a search has to count, when rows depend on each other.
 *
 * A witness needs active rows of rank below n, not few of them. Rows that point the same way count
 * once: only the one with the largest bias matters, because the others are inactive with it. Rows
 * that are active everywhere (and of two opposite rows one often is) span a space S in every cell;
 * further rows in S cost nothing, so they are left out, and a point with at most n - 1 - dim S
 * active rows among the others is a witness. */
#ifndef HS_ENGINE_SEARCH_PLAN_H
#define HS_ENGINE_SEARCH_PLAN_H

#include "engine/search_space.h"

/* Rows reduced as described. base == n: the rows that are active everywhere span. */
hs_status hs_search_plan_reduce(const hs_search_source *source, hs_search_plan *plan,
                                hs_error *error);

/* All rows that can be inactive somewhere; at most `limit` active rows in all make a witness. The
 * plan has no rows when that is impossible. */
hs_status hs_search_plan_count(const hs_search_source *source, size_t limit, hs_search_plan *plan,
                               hs_error *error);

void hs_search_plan_clear(hs_search_plan *plan);

/* Bounds on w.z + b over the domain (not sharp for every domain). */
void hs_search_row_range(const hs_search_source *source, size_t row, double *least, double *most);

#endif
