/* The parts of the halfspace depth: what is known before the search, and counting. */
#ifndef HS_ENGINE_DEPTH_H
#define HS_ENGINE_DEPTH_H

#include "engine/branch.h"

/* The exact number of rows with row.u >= 0. */
size_t hs_depth_count(const hs_system *rows, const double *u);

/* Offers good directions to a tree that counts, and finds a proven lower bound by packing disjoint
 * cores. The domain must have no faces. */
hs_status hs_depth_start(hs_tree *tree, size_t *lower);

/* What the sweeps in few dimensions found, rows that are zero left out. */
typedef struct hs_low_depth {
    bool finished; /* depth is the smallest count */
    size_t depth;
    size_t count;    /* of u, by hs_depth_count; SIZE_MAX: there is no u */
    double u[3];     /* n numbers; the best direction that is exact in doubles */
    uint64_t planes; /* swept, in three dimensions */
} hs_low_depth;

/* The depth in at most three dimensions, exact in every degenerate case, in O(k), O(k log k) and
 * O(k^2 log k) steps: see depth_low.c. The domain must be the whole space. lower: a proven lower
 * bound of the count, where the search may end. Cells that are thinner than double precision count,
 * so count may be more than depth. When the run is stopped u is the best direction so far. */
hs_status hs_depth_low(const hs_problem *problem, hs_run *run, size_t lower, hs_low_depth *result,
                       hs_error *error);

#endif
