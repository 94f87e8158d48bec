/* The threads of one process that run trials: tasks go in, decisions come out. */
#ifndef HS_PHASE_TEAM_H
#define HS_PHASE_TEAM_H

#include "phase/phase.h"

/* A trial to run. */
typedef struct hs_task {
    size_t size; /* position in plan->sizes */
    uint64_t seed;
    hs_known known;
} hs_task;

/* A decision, or the end of a trial. */
typedef struct hs_message {
    bool end;      /* the trial of row.n and row.seed ended; the rest of row is not set */
    bool complete; /* end: it was not interrupted */
    hs_phase_row row;
    double seconds; /* end: of the whole trial */
} hs_message;

typedef struct hs_team hs_team;

/* interrupted: polled by all threads; true ends the running trials. */
hs_status hs_team_start(const hs_phase_plan *plan, unsigned threads, bool (*interrupted)(void *),
                        void *data, hs_team **team, hs_error *error);

/* Ends the running trials and drops the tasks that wait; messages can still be taken. */
void hs_team_end(hs_team *team);

/* Ends the team, if that was not done, and releases it. Accepts NULL. */
void hs_team_stop(hs_team *team);

hs_status hs_team_give(hs_team *team, const hs_task *tasks, size_t count, hs_error *error);

/* No more tasks will come while these last: idle threads may help with the engine's work. */
void hs_team_last_tasks(hs_team *team, bool last);

/* Hands over all messages that are there, to be freed; what a trial recorded together is never
 * parted. Fails when a trial has failed and nothing is left to take. */
hs_status hs_team_take(hs_team *team, hs_message **messages, size_t *count, hs_error *error);

/* Sleeps until a trial has ended, or for so long. */
void hs_team_wait(hs_team *team, double seconds);

#endif
