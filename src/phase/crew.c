#include "phase/crew.h"

#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Between ranks; the ranks run the same program, so structures travel as they are. */
enum tag {
    TAG_THREADS, /* to 0: a rank is ready, with so many threads */
    TAG_RESULTS, /* to 0: hs_message[] */
    TAG_FAILURE, /* to 0: hs_error */
    TAG_HOME,    /* to 0: the last message of a rank */
    TAG_TASKS,   /* from 0: hs_task[] */
    TAG_LAST,    /* from 0: bool */
    TAG_ENOUGH   /* from 0: end, and say so */
};

/* Messages of ranks are looked for at least so often: seldom enough to cost nothing. */
static const double poll_seconds = 0.001;

/* ---- rank 0 --------------------------------------------------------------------------------- */

hs_status hs_crew_start(const hs_phase_plan *plan, const hs_phase_run *run, hs_crew *crew,
                        hs_error *error) {
    *crew = (hs_crew){.ranks = run->ranks, .count = run->ranks != NULL ? run->ranks->count : 1};
    crew->members = hs_allocate(crew->count, sizeof *crew->members);
    if (crew->members == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for %u ranks", crew->count);
    crew->members[0].threads = run->threads;
    return hs_team_start(plan, run->threads, run->interrupted, run->data, &crew->team, error);
}

/* Waits until every other rank has sent its last message. */
static void wait_for_home(hs_ranks *ranks, unsigned home) {
    const struct timespec pause = {.tv_nsec = 1000000};
    while (home + 1 < ranks->count) {
        bool arrived;
        unsigned from;
        int tag;
        void *bytes = NULL;
        size_t size;
        if (ranks->receive(ranks, &arrived, &from, &tag, &bytes, &size, NULL) != HS_OK)
            return;
        home += arrived && tag == TAG_HOME;
        free(bytes);
        if (!arrived)
            nanosleep(&pause, NULL);
    }
}

static hs_status send_home(hs_ranks *ranks, hs_error *error) {
    hs_status status = HS_OK;
    for (unsigned to = 1; status == HS_OK && to < ranks->count; to++)
        status = ranks->send(ranks, to, TAG_ENOUGH, "", 0, error);
    return status;
}

void hs_phase_dismiss(hs_ranks *ranks) {
    if (send_home(ranks, NULL) == HS_OK)
        wait_for_home(ranks, 0);
}

hs_status hs_crew_dismiss(hs_crew *crew, hs_error *error) {
    if (crew->dismissed)
        return HS_OK;
    crew->dismissed = true;
    return crew->ranks != NULL ? send_home(crew->ranks, error) : HS_OK;
}

bool hs_crew_is_home(const hs_crew *crew) {
    return crew->members[0].tasks == 0 && crew->home + 1 == crew->count;
}

void hs_crew_stop(hs_crew *crew) {
    hs_team_stop(crew->team);
    if (crew->members != NULL && hs_crew_dismiss(crew, NULL) == HS_OK && crew->ranks != NULL)
        wait_for_home(crew->ranks, crew->home);
    free(crew->members);
    free(crew->heard);
    *crew = (hs_crew){0};
}

hs_status hs_crew_give(hs_crew *crew, unsigned member, const hs_task *tasks, size_t count,
                       hs_error *error) {
    crew->members[member].tasks += count;
    if (member == 0)
        return hs_team_give(crew->team, tasks, count, error);
    return crew->ranks->send(crew->ranks, member, TAG_TASKS, tasks, count * sizeof *tasks, error);
}

hs_status hs_crew_last_tasks(hs_crew *crew, bool last, hs_error *error) {
    hs_status status = HS_OK;
    if (crew->last == last)
        return HS_OK;
    crew->last = last;
    hs_team_last_tasks(crew->team, last);
    for (unsigned to = 1; status == HS_OK && to < crew->count; to++)
        status = crew->ranks->send(crew->ranks, to, TAG_LAST, &last, sizeof last, error);
    return status;
}

static void count_ends(hs_crew *crew, unsigned member, const hs_message *messages, size_t count) {
    for (size_t k = 0; k < count; k++)
        crew->members[member].tasks -= messages[k].end && crew->members[member].tasks > 0;
}

/* Appends to what was heard. */
static hs_status hear_results(hs_crew *crew, unsigned from, const void *bytes, size_t count,
                              hs_error *error) {
    hs_message *all = realloc(crew->heard, (crew->heard_count + count) * sizeof *all);
    if (all == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the results of rank %u", from);
    memcpy(all + crew->heard_count, bytes, count * sizeof *all);
    count_ends(crew, from, all + crew->heard_count, count);
    crew->heard = all;
    crew->heard_count += count;
    return HS_OK;
}

static hs_status hear(hs_crew *crew, unsigned from, int tag, const void *bytes, size_t size,
                      hs_error *error) {
    hs_error failure;
    if (tag == TAG_RESULTS && size > 0 && size % sizeof(hs_message) == 0)
        return hear_results(crew, from, bytes, size / sizeof(hs_message), error);
    if (tag == TAG_THREADS && size == sizeof(unsigned)) {
        memcpy(&crew->members[from].threads, bytes, size);
    } else if (tag == TAG_HOME) {
        crew->home++;
    } else if (tag == TAG_FAILURE && size == sizeof failure) {
        memcpy(&failure, bytes, size);
        return hs_fail(error, failure.status, "rank %u: %s", from, failure.message);
    } else {
        return hs_fail(error, HS_INTERNAL, "a message of rank %u was not understood", from);
    }
    return HS_OK;
}

static hs_status listen(hs_crew *crew, hs_error *error) {
    hs_status status = HS_OK;
    bool arrived = crew->ranks != NULL;
    while (status == HS_OK && arrived) {
        unsigned from;
        int tag;
        void *bytes = NULL;
        size_t size;
        status = crew->ranks->receive(crew->ranks, &arrived, &from, &tag, &bytes, &size, error);
        if (status == HS_OK && arrived)
            status = hear(crew, from, tag, bytes, size, error);
        free(bytes);
    }
    return status;
}

static hs_status look(hs_crew *crew, hs_error *error) {
    free(crew->heard);
    crew->heard = NULL;
    crew->heard_count = 0;
    hs_status status = hs_team_take(crew->team, &crew->heard, &crew->heard_count, error);
    if (status == HS_OK)
        count_ends(crew, 0, crew->heard, crew->heard_count);
    return status == HS_OK ? listen(crew, error) : status;
}

hs_status hs_crew_take(hs_crew *crew, double patience, const hs_message **messages, size_t *count,
                       hs_error *error) {
    bool polls = crew->ranks != NULL && crew->count > 1;
    double until = hs_clock_seconds() + patience, left = patience;
    hs_status status = look(crew, error);
    while (status == HS_OK && crew->heard_count == 0 && left > 0.0) {
        hs_team_wait(crew->team, polls && left > poll_seconds ? poll_seconds : left);
        status = look(crew, error);
        left = polls ? until - hs_clock_seconds() : 0.0;
    }
    *messages = crew->heard;
    *count = crew->heard_count;
    return status;
}

unsigned hs_crew_threads(const hs_crew *crew) {
    unsigned threads = 0;
    for (unsigned k = 0; k < crew->count; k++)
        threads += crew->members[k].threads;
    return threads;
}

size_t hs_crew_tasks(const hs_crew *crew) {
    size_t tasks = 0;
    for (unsigned k = 0; k < crew->count; k++)
        tasks += crew->members[k].tasks;
    return tasks;
}

/* ---- the other ranks ------------------------------------------------------------------------ */

typedef struct server {
    hs_team *team;
    hs_ranks *ranks;
    atomic_bool enough;
    bool (*interrupted)(void *data);
    void *data;
} server;

/* Running trials end when rank 0 has had enough. */
static bool server_interrupted(void *data) {
    const server *this = data;
    return atomic_load(&this->enough) ||
           (this->interrupted != NULL && this->interrupted(this->data));
}

static hs_status obey(server *this, int tag, const void *bytes, size_t size, hs_error *error) {
    bool last = false;
    switch (tag) {
    case TAG_TASKS:
        if (this->team == NULL)
            return HS_OK;
        return hs_team_give(this->team, bytes, size / sizeof(hs_task), error);
    case TAG_LAST:
        memcpy(&last, bytes, size < sizeof last ? size : sizeof last);
        if (this->team != NULL)
            hs_team_last_tasks(this->team, last);
        return HS_OK;
    case TAG_ENOUGH:
        atomic_store(&this->enough, true);
        return HS_OK;
    default:
        return hs_fail(error, HS_INTERNAL, "a message of rank 0 was not understood");
    }
}

static hs_status listen_to_first(server *this, hs_error *error) {
    hs_status status = HS_OK;
    bool arrived = true;
    while (status == HS_OK && arrived && !atomic_load(&this->enough)) {
        unsigned from;
        int tag;
        void *bytes = NULL;
        size_t size;
        status = this->ranks->receive(this->ranks, &arrived, &from, &tag, &bytes, &size, error);
        if (status == HS_OK && arrived)
            status = obey(this, tag, bytes, size, error);
        free(bytes);
    }
    return status;
}

static hs_status report(server *this, size_t *count, hs_error *error) {
    hs_message *messages = NULL;
    hs_status status = hs_team_take(this->team, &messages, count, error);
    if (status == HS_OK && *count > 0)
        status = this->ranks->send(this->ranks, 0, TAG_RESULTS, messages, *count * sizeof *messages,
                                   error);
    free(messages);
    return status;
}

static hs_status serve(server *this, hs_error *error) {
    hs_status status = HS_OK;
    size_t count;
    while (status == HS_OK && !atomic_load(&this->enough)) {
        status = listen_to_first(this, error);
        if (status == HS_OK)
            status = report(this, &count, error);
        if (status == HS_OK)
            hs_team_wait(this->team, poll_seconds);
    }
    hs_team_end(this->team);
    return status == HS_OK ? report(this, &count, error) : status;
}

/* After a failure nothing is done but to wait for the end. */
static void wait_for_enough(server *this) {
    const struct timespec pause = {.tv_nsec = 1000000};
    while (!atomic_load(&this->enough) && listen_to_first(this, NULL) == HS_OK)
        nanosleep(&pause, NULL);
}

hs_status hs_phase_serve(const hs_phase_plan *plan, const hs_phase_run *run, hs_error *error) {
    server this = {.ranks = run->ranks, .interrupted = run->interrupted, .data = run->data};
    hs_ranks *ranks = run->ranks;
    hs_error failure = {0};
    atomic_init(&this.enough, false);
    hs_status status =
        hs_team_start(plan, run->threads, server_interrupted, &this, &this.team, &failure);
    if (status == HS_OK)
        status = ranks->send(ranks, 0, TAG_THREADS, &run->threads, sizeof run->threads, &failure);
    if (status == HS_OK)
        status = serve(&this, &failure);
    hs_team_stop(this.team);
    this.team = NULL;
    if (status != HS_OK)
        (void)ranks->send(ranks, 0, TAG_FAILURE, &failure, sizeof failure, NULL);
    wait_for_enough(&this);
    (void)ranks->send(ranks, 0, TAG_HOME, "", 0, NULL);
    return status == HS_OK ? HS_OK : hs_fail(error, status, "%s", failure.message);
}
