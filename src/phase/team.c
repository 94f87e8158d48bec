#include "phase/team.h"

#include "phase/trial.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* From this n on a single decision takes so long that idle threads are put to it. */
enum { SHARED_SIZE = 13 };

struct hs_team {
    const hs_phase_plan *plan;
    bool (*interrupted)(void *data);
    void *data;
    unsigned threads, started;
    pthread_t *handles;
    atomic_bool stopping;

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t tasks_changed, results_changed;
    hs_task *tasks; /* a ring is not needed: the queue is short */
    size_t task_count, task_room;
    hs_message *messages;
    size_t message_count, message_room;
    size_t ends; /* messages among them that end a trial */
    unsigned busy;
    bool last;
    hs_error error; /* of the first trial that failed */
};

/* Makes room for more elements; the lock is held. */
static bool grow(void **array, size_t *room, size_t wanted, size_t size) {
    if (wanted <= *room)
        return true;
    size_t larger_room = 2 * *room > wanted ? 2 * *room : wanted + 64;
    void *larger = larger_room < SIZE_MAX / size ? realloc(*array, larger_room * size) : NULL;
    if (larger == NULL)
        return false;
    *array = larger;
    *room = larger_room;
    return true;
}

/* The end of a trial, or what it recorded. */
static hs_status post(hs_team *team, const hs_message *end, const hs_phase_row *rows, size_t count,
                      hs_error *error) {
    pthread_mutex_lock(&team->lock);
    bool fits = grow((void **)&team->messages, &team->message_room, team->message_count + count,
                     sizeof *end);
    for (size_t k = 0; fits && k < count; k++)
        team->messages[team->message_count++] = end != NULL ? *end : (hs_message){.row = rows[k]};
    team->ends += end != NULL;
    if (end != NULL)
        pthread_cond_signal(&team->results_changed);
    pthread_mutex_unlock(&team->lock);
    return fits ? HS_OK : hs_fail(error, HS_NO_MEMORY, "no memory for decisions");
}

static hs_status record(const hs_phase_row *rows, size_t count, void *data, hs_error *error) {
    return post(data, NULL, rows, count, error);
}

static bool should_stop(void *data) {
    hs_team *team = data;
    return atomic_load(&team->stopping) ||
           (team->interrupted != NULL && team->interrupted(team->data));
}

/* The share of one trial in the threads, when the others have nothing to do. With a limit on nodes
 * the answer could depend on the number of threads, so there it is always one. */
static unsigned engine_threads(void *data) {
    hs_team *team = data;
    pthread_mutex_lock(&team->lock);
    bool shares = team->last && team->task_count == 0 && team->plan->node_limit == 0;
    unsigned share = shares && team->busy > 0 ? team->threads / team->busy : 1;
    pthread_mutex_unlock(&team->lock);
    return share > 1 ? share : 1;
}

static unsigned one_thread(void *data) {
    (void)data;
    return 1;
}

static void run_task(hs_team *team, hs_task *task) {
    const hs_phase_size *size = &team->plan->sizes[task->size];
    const hs_trial_calls calls = {
        .record = record,
        .interrupted = should_stop,
        .threads = size->n >= SHARED_SIZE ? engine_threads : one_thread,
        .data = team,
    };
    hs_error error = {0};
    double start = hs_clock_seconds();
    hs_status status = hs_trial_run(team->plan, size, task->seed, &task->known, &calls, &error);
    const hs_message end = {.end = true,
                            .complete = status == HS_OK && !should_stop(team),
                            .row = {.n = (uint32_t)size->n, .seed = task->seed},
                            .seconds = hs_clock_seconds() - start};
    if (status == HS_OK)
        status = post(team, &end, NULL, 1, &error);
    pthread_mutex_lock(&team->lock);
    if (status != HS_OK && team->error.status == HS_OK)
        team->error = error;
    if (status != HS_OK)
        pthread_cond_signal(&team->results_changed);
    pthread_mutex_unlock(&team->lock);
}

static void *work(void *data) {
    hs_team *team = data;
    hs_task task;
    pthread_mutex_lock(&team->lock);
    while (!atomic_load(&team->stopping)) {
        if (team->task_count == 0) {
            pthread_cond_wait(&team->tasks_changed, &team->lock);
            continue;
        }
        task = team->tasks[0];
        team->task_count--;
        memmove(team->tasks, team->tasks + 1, team->task_count * sizeof task);
        team->busy++;
        pthread_mutex_unlock(&team->lock);
        run_task(team, &task);
        pthread_mutex_lock(&team->lock);
        team->busy--;
    }
    pthread_mutex_unlock(&team->lock);
    return NULL;
}

static bool prepare(hs_team *team) {
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return false;
    bool good = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_mutex_init(&team->lock, NULL) == 0 &&
                pthread_cond_init(&team->tasks_changed, NULL) == 0 &&
                pthread_cond_init(&team->results_changed, &monotonic) == 0;
    pthread_condattr_destroy(&monotonic);
    return good;
}

hs_status hs_team_start(const hs_phase_plan *plan, unsigned threads, bool (*interrupted)(void *),
                        void *data, hs_team **result, hs_error *error) {
    hs_team *team = hs_allocate(1, sizeof *team);
    *result = NULL;
    if (team != NULL)
        team->handles = hs_allocate(threads, sizeof *team->handles);
    if (team == NULL || team->handles == NULL || !prepare(team)) {
        if (team != NULL)
            free(team->handles);
        free(team);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a team of threads");
    }
    team->plan = plan;
    team->interrupted = interrupted;
    team->data = data;
    while (team->started < threads &&
           pthread_create(&team->handles[team->started], NULL, work, team) == 0)
        team->started++;
    pthread_mutex_lock(&team->lock);
    team->threads = team->started;
    pthread_mutex_unlock(&team->lock);
    if (team->started == 0) {
        hs_team_stop(team);
        return hs_fail(error, HS_NO_MEMORY, "no thread could be started");
    }
    *result = team;
    return HS_OK;
}

void hs_team_end(hs_team *team) {
    pthread_mutex_lock(&team->lock);
    atomic_store(&team->stopping, true);
    pthread_cond_broadcast(&team->tasks_changed);
    pthread_mutex_unlock(&team->lock);
    for (unsigned k = 0; k < team->started; k++)
        pthread_join(team->handles[k], NULL);
    team->started = 0;
}

void hs_team_stop(hs_team *team) {
    if (team == NULL)
        return;
    hs_team_end(team);
    pthread_cond_destroy(&team->tasks_changed);
    pthread_cond_destroy(&team->results_changed);
    pthread_mutex_destroy(&team->lock);
    free(team->tasks);
    free(team->messages);
    free(team->handles);
    free(team);
}

hs_status hs_team_give(hs_team *team, const hs_task *tasks, size_t count, hs_error *error) {
    pthread_mutex_lock(&team->lock);
    bool fits =
        grow((void **)&team->tasks, &team->task_room, team->task_count + count, sizeof *tasks);
    for (size_t k = 0; fits && k < count; k++)
        team->tasks[team->task_count++] = tasks[k];
    pthread_cond_broadcast(&team->tasks_changed);
    pthread_mutex_unlock(&team->lock);
    return fits ? HS_OK : hs_fail(error, HS_NO_MEMORY, "no memory for tasks");
}

void hs_team_last_tasks(hs_team *team, bool last) {
    pthread_mutex_lock(&team->lock);
    team->last = last;
    pthread_mutex_unlock(&team->lock);
}

hs_status hs_team_take(hs_team *team, hs_message **messages, size_t *count, hs_error *error) {
    pthread_mutex_lock(&team->lock);
    *messages = team->message_count > 0 ? team->messages : NULL;
    *count = team->message_count;
    if (*count > 0) {
        team->messages = NULL;
        team->message_count = team->message_room = team->ends = 0;
    }
    hs_error failure = team->error;
    pthread_mutex_unlock(&team->lock);
    if (failure.status == HS_OK || *count > 0)
        return HS_OK;
    return hs_fail(error, failure.status, "%s", failure.message);
}

void hs_team_wait(hs_team *team, double seconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    double whole = floor(seconds);
    until.tv_sec += (time_t)whole;
    until.tv_nsec += (long)((seconds - whole) * 1e9);
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_mutex_lock(&team->lock);
    if (team->ends == 0 && team->error.status == HS_OK)
        (void)pthread_cond_timedwait(&team->results_changed, &team->lock, &until);
    pthread_mutex_unlock(&team->lock);
}
