/* The functional of the lifting hierarchy at one point of its parameters, with all derivatives.
 *
 * Parameters. With k steps, the variances width_0 = q_0 / (2 chi) and
 * width_j = (q_j - q_(j-1)) / (2 chi), j = 1..k, q_k = 1, replace chi and q: they are free positive
 * numbers (sum width_j = 1 / (2 chi)), and chi drops out of everything else. Then
 *
 *     E_k(alpha) = max  - alpha energy(width, x) - entropy(width, x)
 *     energy     = Int N(h; 0, width_0) f_0(h) dh
 *     entropy    = 1/2 [ width_0 / lambda_0 + sum_j (1/x_j) ln(lambda_j / lambda_(j+1)) ]
 *     lambda_j   = 1/2 + sum_(i>=j) x_i width_(i+1)
 */
#ifndef HS_THEORY_FUNCTIONAL_H
#define HS_THEORY_FUNCTIONAL_H

#include "theory/grid.h"
#include "theory/innermost.h"

enum { HS_STEPS_MAX = 64 };

typedef struct hs_parameters {
    size_t steps;                   /* k = level - 1 */
    double width[HS_STEPS_MAX + 1]; /* k + 1 variances > 0; width_0 = 0 when partially lifted */
    double x[HS_STEPS_MAX];         /* k increasing numbers > 0 */
} hs_parameters;

typedef struct hs_functional {
    double energy, entropy;
    double energy_by_width[HS_STEPS_MAX + 1], entropy_by_width[HS_STEPS_MAX + 1];
    double energy_by_x[HS_STEPS_MAX], entropy_by_x[HS_STEPS_MAX];
    double slope_square[HS_STEPS_MAX + 1]; /* mean of f_j'^2 under the level-j field */
    double dual[HS_STEPS_MAX + 1]; /* Int_0^(t_j) dt / lambda(t)^2: alpha slope_square_j at a
                                      saddle, for j < k; d_j = 2 chi times sum of widths... */
} hs_functional;

/* Reusable memory of an evaluation. */
typedef struct hs_workspace {
    double resolution; /* grid steps per smallest width, at least 2.5 */
    hs_grid grid;
    size_t capacity;             /* points the arrays hold */
    double *value[HS_STEPS_MAX]; /* f_j on the grid, j < k */
    double *slope[HS_STEPS_MAX]; /* f_j' */
    double *field;               /* density of the field at level j */
    hs_innermost *innermost;     /* the innermost integral on the grid */
} hs_workspace;

/* Sets up an empty workspace; hs_workspace_clear releases what evaluations allocated. */
hs_workspace hs_workspace_make(double resolution);
void hs_workspace_clear(hs_workspace *workspace);

/* Everything in hs_functional, from one sweep inwards to outwards (f_j and f_j') and one back (the
 * density of the field). Costs about 6 k transforms. */
hs_status hs_functional_at(const hs_parameters *at, hs_workspace *workspace, hs_functional *result,
                           hs_error *error);

#endif
