/* How `auto` divides its time: cheap facts, a short search, the exact engine while it can finish, a
 * long search. */
#ifndef HS_ENGINE_AUTO_H
#define HS_ENGINE_AUTO_H

#include "engine/engine.h"

/* Seconds for the exact engine before the search gets a long turn; INFINITY: all there are. */
double hs_auto_exact_seconds(const hs_problem *problem, const hs_run *run);

/* Lets the run stop after so many seconds if not earlier; returns the deadline to restore. */
double hs_auto_shorten(hs_run *run, double seconds);

/* Ends a slice: the run goes on unless its own limits or the caller stopped it. */
void hs_auto_restore(hs_run *run, double deadline, uint64_t nodes);

#endif
