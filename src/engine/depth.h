/* The parts of the halfspace depth: what is known before the search, and counting. */
#ifndef HS_ENGINE_DEPTH_H
#define HS_ENGINE_DEPTH_H

#include "engine/branch.h"

/* The exact number of rows with row.u >= 0. */
size_t hs_depth_count(const hs_system *rows, const double *u);

/* Offers good directions to a tree that counts, and finds a proven lower bound by packing disjoint
 * cores. The domain must have no faces. */
hs_status hs_depth_start(hs_tree *tree, size_t *lower);

#endif
