/* The continuous equations: x(t) as a smooth function instead of a staircase. */
#ifndef HS_THEORY_CONTINUUM_H
#define HS_THEORY_CONTINUUM_H

#include "theory/saddle.h"

enum { HS_CONTINUUM_TERMS_MAX = 12 };

/* A trial function. With tau the distance from the innermost end in units of tau_total (the width
 * beyond q_0) and s = sqrt(tau), x = (1/s) exp(sum_m coefficient_m T_m(2 s - 1)), T_m the
 * Chebyshev polynomials: x > 0 diverges like 1/s. Every trial function gives an upper bound on the
 * hierarchy's capacity (a lower bound on the energy); the best one is sought. */
typedef struct hs_continuum {
    size_t terms;
    double outer_width; /* width_0 = q_0 / (2 chi) */
    double tau_total;   /* (1 - q_0) / (2 chi) */
    double coefficient[HS_CONTINUUM_TERMS_MAX];
    double value; /* of the objective, on the mesh below */
    size_t mesh;  /* cells of constant x; their ends are tau_total (i / mesh)^3 */
    double slope; /* largest derivative left */
    double hessian[HS_COORDINATES_MAX * HS_COORDINATES_MAX];
    bool hessian_known;
} hs_continuum;

/* Fits a trial function to a staircase, as a start. */
hs_status hs_continuum_fit(const hs_parameters *staircase, size_t terms, hs_continuum *trial,
                           hs_error *error);

/* Minimises the objective over the trial functions, on a mesh of that many cells. */
hs_status hs_continuum_minimise(const hs_objective *objective, size_t mesh, hs_workspace *workspace,
                                hs_continuum *trial, hs_error *error);

#endif
