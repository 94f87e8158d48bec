/* A whole experiment: hands out trials to the threads of this process and to other ranks, and
 * writes their decisions into the ledger. */
#ifndef HS_PHASE_RUN_H
#define HS_PHASE_RUN_H

#include "phase/ledger.h"
#include "phase/ranks.h"

/* How far it has come. */
typedef struct hs_phase_progress {
    size_t n;              /* that is being worked on */
    uint64_t done, trials; /* of all n; done includes those of earlier runs */
    uint64_t elsewhere;    /* held by other processes that use the ledger */
    uint64_t decisions;    /* of this run */
    double seconds_left;   /* an estimate; NaN: not known yet */
} hs_phase_progress;

typedef struct hs_phase_run {
    unsigned threads;                /* of this process, at least 1 */
    bool (*interrupted)(void *data); /* polled by all threads; true ends the run */
    void (*progress)(const hs_phase_progress *now, void *data);
    void *data;
    hs_ranks *ranks; /* NULL: this process alone */
} hs_phase_run;

typedef struct hs_phase_totals {
    uint64_t decisions;    /* of this run, those that follow from others included */
    double engine_seconds; /* in the engines, summed over threads */
    double trial_seconds;  /* in trials, summed over threads */
    double seconds;        /* wall clock */
    bool interrupted;
} hs_phase_totals;

/* Rank 0. Ends when every trial is finished, here or by other processes, or when interrupted. */
hs_status hs_phase_run_all(const hs_phase_plan *plan, hs_ledger *ledger, const hs_phase_run *run,
                           hs_phase_totals *totals, hs_error *error);

/* The other ranks: runs trials until rank 0 says that it is enough. */
hs_status hs_phase_serve(const hs_phase_plan *plan, const hs_phase_run *run, hs_error *error);

/* Rank 0, instead of hs_phase_run_all: sends the other ranks home. */
void hs_phase_dismiss(hs_ranks *ranks);

#endif
