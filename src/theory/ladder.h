/* From level to level: starts, saddles, and levels that add nothing. */
#ifndef HS_THEORY_LADDER_H
#define HS_THEORY_LADDER_H

#include "theory/saddle.h"

/* A solved level. When parameters ran together or to a boundary, the saddle is the one of the
 * lower, fully lifted level `effective`, and `next` keeps the unreduced point. */
typedef struct hs_rung {
    size_t level;
    size_t effective; /* the level whose saddle this is: level, or less */
    hs_saddle saddle;
    hs_parameters next; /* where the start of the next level is derived from */
} hs_rung;

/* Solves level `level`; below: the rung of level - 1, or NULL when level is 1. HS_NOT_CONVERGED
 * names the residual when no start leads to a saddle. */
hs_status hs_ladder_climb(const hs_objective *objective, size_t level, const hs_rung *below,
                          hs_workspace *workspace, hs_rung *rung, hs_error *error);

#endif
