/* How `auto` divides its time: cheap facts, a short search, the exact engine while it can finish, a
 * long search. */
#ifndef HS_ENGINE_AUTO_H
#define HS_ENGINE_AUTO_H

#include "engine/engine.h"

/* Is a short search worth its time before the exact engine? */
bool hs_auto_searches_first(const hs_problem *problem);

/* Seconds for the exact engine before the search gets a long turn; INFINITY: all there are. */
double hs_auto_exact_seconds(const hs_problem *problem, const hs_run *run);

/* Lets the run stop after so many seconds if not earlier; returns the deadline to restore. */
double hs_auto_shorten(hs_run *run, double seconds);

/* Ends a slice: the run goes on unless its own limits or the caller stopped it. Returns whether the
 * slice was cut short: an engine that gave up on its own will not do better with more time. */
bool hs_auto_restore(hs_run *run, double deadline, uint64_t nodes);

#endif
