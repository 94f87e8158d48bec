/* One interface, one problem, one verdict: what every engine is given and what it returns. */
#ifndef HS_ENGINE_ENGINE_H
#define HS_ENGINE_ENGINE_H

#include "engine/problem.h"

#include <stdatomic.h>

/* Limits and callbacks of one run, shared by its threads. */
typedef struct hs_run {
    const hs_settings *settings;
    double start; /* hs_clock_seconds() */
    double last_progress;
    double deadline;     /* INFINITY: none */
    atomic_bool stopped; /* a limit was met or the caller interrupted */
    bool record;         /* the exact engine records its proof */
} hs_run;

void hs_run_begin(hs_run *run, const hs_settings *settings);

/* Has the run to stop? Polls the clock and the caller: call it a few hundred times a second or so,
 * from one thread; the others look at run->stopped. progress may be NULL. */
bool hs_run_should_stop(hs_run *run, uint64_t nodes, hs_progress *progress);

/* What an engine found. A point is a claim only: hs_witness_build checks it. */
typedef struct hs_proof hs_proof; /* proof.h */
typedef struct hs_outcome {
    hs_verdict verdict;
    hs_engine_kind engine;
    hs_arithmetic arithmetic; /* what backs an injective verdict */
    char reason[256];
    double *z;           /* n doubles: a point whose active rows should not span, or NULL */
    hs_witness *witness; /* what hs_witness_build made of z, where the engine has asked; or NULL */
    bool has_active_lower, has_active_upper;
    size_t active_lower, active_upper;
    uint64_t nodes, pivots;
    hs_proof *proof; /* of an injective verdict, where it was recorded, or NULL */
} hs_outcome;

/* Fills verdict and reason (printf style). */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void hs_outcome_set(hs_outcome *outcome, hs_verdict verdict, const char *format, ...);

/* At least so many rows are active at every point: kept when it is more than was known. */
void hs_outcome_at_least(hs_outcome *outcome, size_t active);

/* Stores the claim that the active rows at the system's point u do not span. */
hs_status hs_outcome_claim(hs_outcome *outcome, const hs_problem *problem, const double *u,
                           hs_error *error);

/* An engine decides a problem or leaves the verdict HS_UNDECIDED with the reason. */
typedef hs_status hs_engine(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                            hs_error *error);

hs_engine hs_engine_facts;  /* what needs no search: m < n, rank, antiparallel pairs, z = 0, ... */
hs_engine hs_engine_branch; /* exact and fast: which rows are active? */
hs_engine hs_engine_cells;  /* reference: depth-first over the rows, linear programming */
hs_engine hs_engine_milp;   /* smallest number of active rows as a mixed-integer program */
hs_engine hs_engine_search; /* witnesses for layers of any size; see search.md */
hs_engine hs_engine_search_briefly; /* the same, for a fraction of a second or so */

#endif
