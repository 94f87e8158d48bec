/* The linear program behind "is this open cell non-empty?", over GLPK with warm starts:
 *     maximise t   subject to   a_i.u + weight_i t <= bound_i for the rows switched on,
 *                               -reach <= u_j <= reach,  t <= 1.
 * Floating point: its answers are hints, to be confirmed by geometry/system.h. */
#ifndef HS_GEOMETRY_MARGIN_LP_H
#define HS_GEOMETRY_MARGIN_LP_H

#include "halfspan/halfspan.h"

typedef struct hs_margin_lp hs_margin_lp;

hs_status hs_margin_lp_create(size_t d, size_t rows, double reach, hs_margin_lp **lp,
                              hs_error *error);
void hs_margin_lp_free(hs_margin_lp *lp);

/* Sets the coefficients of a row; it stays switched off. sign is +1 or -1 and multiplies a. */
void hs_margin_lp_set(hs_margin_lp *lp, size_t row, const double *a, double sign, double weight);

void hs_margin_lp_switch(hs_margin_lp *lp, size_t row, bool on, double bound);

/* Appends one row, switched on; returns its number. */
size_t hs_margin_lp_append(hs_margin_lp *lp, const double *a, double weight, double bound);

/* Solves from the last basis. False when GLPK found no optimum. point: d doubles; margin: t.
 * multipliers (one per row, or NULL): the dual values, >= 0. */
bool hs_margin_lp_solve(hs_margin_lp *lp, double *point, double *margin, double *multipliers);

#endif
