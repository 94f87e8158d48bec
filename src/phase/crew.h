/* Everyone who runs trials: the team of this process, and the teams of other ranks, which are told
 * what to do by messages. */
#ifndef HS_PHASE_CREW_H
#define HS_PHASE_CREW_H

#include "phase/ranks.h"
#include "phase/run.h"
#include "phase/team.h"

typedef struct hs_crew_member {
    unsigned threads; /* 0: has not reported yet */
    size_t tasks;     /* that it has been given and has not finished */
} hs_crew_member;

typedef struct hs_crew {
    hs_team *team;
    hs_ranks *ranks; /* or NULL */
    unsigned count;
    hs_crew_member *members; /* count; 0 is the team of this process */
    unsigned home;           /* other ranks that have said goodbye */
    bool last, dismissed;
    hs_message *heard; /* by the last hs_crew_take */
    size_t heard_count;
} hs_crew;

hs_status hs_crew_start(const hs_phase_plan *plan, const hs_phase_run *run, hs_crew *crew,
                        hs_error *error);

/* Ends everything and drops what was not taken. */
void hs_crew_stop(hs_crew *crew);

/* Tells everyone to end. What they have decided can still be taken, until everyone is home. */
hs_status hs_crew_dismiss(hs_crew *crew, hs_error *error);
bool hs_crew_is_home(const hs_crew *crew);

hs_status hs_crew_give(hs_crew *crew, unsigned member, const hs_task *tasks, size_t count,
                       hs_error *error);
/* See hs_team_last_tasks. */
hs_status hs_crew_last_tasks(hs_crew *crew, bool last, hs_error *error);

/* Messages of anyone, with so many seconds of patience when there are none. They stay valid until
 * the next call. */
hs_status hs_crew_take(hs_crew *crew, double patience, const hs_message **messages, size_t *count,
                       hs_error *error);

unsigned hs_crew_threads(const hs_crew *crew);
size_t hs_crew_tasks(const hs_crew *crew);

#endif
