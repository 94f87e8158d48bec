/* The entropic half of the functional: closed form. */
#ifndef HS_THEORY_ENTROPY_H
#define HS_THEORY_ENTROPY_H

#include "theory/functional.h"

/* Fills entropy, entropy_by_width, entropy_by_x and dual. */
void hs_entropy_at(const hs_parameters *at, hs_functional *result);

#endif
