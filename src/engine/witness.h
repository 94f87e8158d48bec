/* Evidence for "not injective": from a claimed point to two inputs with equal outputs. */
#ifndef HS_ENGINE_WITNESS_H
#define HS_ENGINE_WITNESS_H

#include "engine/problem.h"

/* Checks the claim that the active rows at z do not span, from the layer as read: z lies in the
 * open domain and the signs of all rows are decided exactly; the rank is exact (a count below n, or
 * rational elimination; for more than `HS_WITNESS_EXACT_SIZE` columns a dependent active set is
 * judged by singular values and *arithmetic says so). Then moves z towards the centre of its cell,
 * builds x = z + t v and y = z - t v and recomputes both outputs. *witness is NULL and *reason (a
 * constant text) says why when the claim does not hold. */
hs_status hs_witness_build(const hs_problem *problem, const double *z, hs_witness **witness,
                           hs_arithmetic *arithmetic, const char **reason, hs_error *error);
void hs_witness_free(hs_witness *witness);

enum { HS_WITNESS_EXACT_SIZE = 200 };

#endif
