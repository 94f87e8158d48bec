/* Carrying a witness from a layer to the same layer with more rows. */
#ifndef HS_PHASE_CARRY_H
#define HS_PHASE_CARRY_H

#include "layer/layer.h"

/* The first m rows as a layer of their own, borrowed from the whole. */
hs_layer hs_carry_first_rows(const hs_layer *layer, size_t m);

/* witness: of the first m rows. *reached: the largest width up to `most` for which its active rows
 * are proven not to span: fewer than n, or of a rank that is known exactly. */
hs_status hs_carry_reach(const hs_layer *layer, const hs_witness *witness, size_t m, size_t most,
                         size_t *reached, hs_error *error);

#endif
