/* What is known of one trial, and which width to decide next. */
#ifndef HS_PHASE_KNOWN_H
#define HS_PHASE_KNOWN_H

#include "phase/phase.h"

/* Nothing is known, but that fewer than n rows never span. */
void hs_known_begin(hs_known *known, size_t n);

/* Takes in a decision. An open width counts only when the plan's limits grant no more than it had.
 */
void hs_known_add(hs_known *known, const hs_phase_plan *plan, const hs_phase_row *row);

/* Is a width known to be both injective and not? Then something is wrong. */
bool hs_known_contradicts(const hs_known *known);

/* The width to decide next, or 0 when the trial is finished. It depends on nothing but its
 * arguments: a trial that was interrupted goes on as if it had not been. */
size_t hs_known_next(const hs_known *known, const hs_phase_plan *plan, const hs_phase_size *size);

#endif
