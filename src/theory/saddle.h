/* The saddle point of the functional at fixed number of steps: a damped Newton method in
 * coordinates where the orderings of q and x hold by construction. */
#ifndef HS_THEORY_SADDLE_H
#define HS_THEORY_SADDLE_H

#include "theory/functional.h"
#include "theory/minimise.h"

/* Which optimum is asked for. E_k(alpha) = max(-alpha energy - entropy), so the alpha where
 * E_k(alpha) = 1 is itself the minimum of (1 + entropy) / (-energy): the capacity needs no outer
 * root search. */
typedef struct hs_objective {
    bool capacity; /* minimise (1 + entropy) / (-energy); otherwise alpha energy + entropy */
    double alpha;  /* when not capacity */
    bool partial;  /* q_0 = 0 is held fixed */
    bool (*interrupted)(void *data);
    void *data;
} hs_objective;

typedef struct hs_saddle {
    hs_parameters at;
    hs_functional functional;
    double alpha;    /* the capacity, or the alpha that was given */
    double energy;   /* E_k(alpha) */
    double residual; /* largest relative defect of the stationarity conditions, see README.md */
    size_t iterations;
    size_t evaluations;
} hs_saddle;

/* The objective at given parameters (functional filled): the number that is minimised. */
double hs_objective_value(const hs_objective *objective, const hs_functional *functional);

/* Its derivatives: steps + 1 with respect to the widths, steps with respect to the x. */
void hs_objective_gradient(const hs_objective *objective, const hs_functional *functional,
                           size_t steps, double *by_width, double *by_x);

/* Fills alpha, energy and residual of a saddle from its parameters and functional. */
void hs_saddle_measure(const hs_objective *objective, hs_saddle *saddle);

/* Whether x_0 ran to 0: to its bound, below which it is not followed. */
bool hs_saddle_at_smallest_x(const hs_parameters *at);

/* Starts from saddle->at and ends at the minimum. Not converging is no error here: the residual
 * tells. */
hs_status hs_saddle_minimise(const hs_objective *objective, hs_workspace *workspace,
                             hs_saddle *saddle, hs_error *error);

#endif
