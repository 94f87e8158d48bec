/* The ledger: every decision of an experiment in one SQLite file, written as it is made. Several
 * processes may use one ledger at the same time; a process that was killed blocks nothing. */
#ifndef HS_PHASE_LEDGER_H
#define HS_PHASE_LEDGER_H

#include "phase/phase.h"

typedef struct hs_ledger hs_ledger;

/* Opens or creates the ledger of this plan; path NULL: in memory. HS_INVALID_ARGUMENT when the file
 * holds decisions of another plan (what differs is named), or any and resume is false, unless a
 * running process of the same plan is writing it. HS_BAD_DATA: not a ledger. HS_CANNOT_OPEN,
 * HS_CANNOT_WRITE. The plan must outlive the ledger. */
hs_status hs_ledger_open(const char *path, const hs_phase_plan *plan, bool resume,
                         hs_ledger **ledger, hs_error *error);
void hs_ledger_close(hs_ledger *ledger);

/* A trial that is done, so that its claim ends. */
typedef struct hs_ledger_trial {
    size_t n;
    uint64_t seed;
} hs_ledger_trial;

/* Writes decisions and gives back claims, all or nothing. A decision that is there already is left
 * alone, unless it was undecided. */
hs_status hs_ledger_write(hs_ledger *ledger, const hs_phase_row *rows, size_t row_count,
                          const hs_ledger_trial *done, size_t done_count, hs_error *error);

typedef enum hs_claim {
    HS_CLAIM_GRANTED,  /* this process decides the trial; known says what is there already */
    HS_CLAIM_FINISHED, /* nothing is left to decide */
    HS_CLAIM_ELSEWHERE /* another process is at it */
} hs_claim;

/* Claims up to `most` of count trials for this process, in order; stops after `most` grants.
 * answers and known: one for each trial; *asked: how many were answered. */
hs_status hs_ledger_claim(hs_ledger *ledger, const hs_phase_size *size, const uint64_t *seeds,
                          size_t count, size_t most, hs_claim *answers, hs_known *known,
                          size_t *asked, hs_error *error);

/* Says that this process is alive (to be called every few seconds), and forgets the claims of
 * processes that are not: gone, or on another machine and silent for a minute. */
hs_status hs_ledger_beat(hs_ledger *ledger, hs_error *error);

/* What is known of the trials of one n: size->trials brackets. HS_INTERNAL when
 * decisions contradict each other. */
hs_status hs_ledger_read(hs_ledger *ledger, const hs_phase_size *size, hs_bracket *brackets,
                         hs_error *error);

/* Decisions in the ledger, of all trials. */
hs_status hs_ledger_count(hs_ledger *ledger, uint64_t *decisions, hs_error *error);

#endif
