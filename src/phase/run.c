#include "phase/run.h"

#include "phase/crew.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 }; /* trials to claim at once, at most */
static const double beat_seconds = 5.0;
static const double retry_seconds = 0.25; /* trials that other processes hold are asked for again */
static const double ahead_seconds = 0.05; /* of work waits for each thread */
static const double patience = 0.2;       /* the decisions of running trials are written so often */

/* What was learned about the trials of one n. */
typedef struct pace {
    uint64_t done;  /* finished, here or before */
    uint64_t here;  /* finished by this run */
    double seconds; /* that those took */
} pace;

typedef struct held {
    size_t size;
    uint64_t seed;
} held;

typedef struct run {
    const hs_phase_plan *plan;
    const hs_phase_run *settings;
    hs_ledger *ledger;
    hs_crew crew;
    size_t *order; /* sizes, the largest n first: the longest trials must not come last */
    size_t at;     /* in order */
    uint64_t next; /* trial of that size */
    held *elsewhere;
    size_t elsewhere_count, elsewhere_room;
    pace *paces; /* one for each size */
    uint64_t *seeds;
    hs_claim *answers;
    hs_known *known;
    hs_task *tasks;
    hs_phase_row *rows; /* room for as many as messages */
    hs_ledger_trial *ends;
    size_t room;
    double start, last_beat, last_retry;
    hs_phase_totals *totals;
} run;

static hs_status prepare(run *this, hs_error *error) {
    size_t sizes = this->plan->size_count;
    this->order = hs_allocate(sizes, sizeof *this->order);
    this->paces = hs_allocate(sizes, sizeof *this->paces);
    this->seeds = hs_allocate(BATCH, sizeof *this->seeds);
    this->answers = hs_allocate(BATCH, sizeof *this->answers);
    this->known = hs_allocate(BATCH, sizeof *this->known);
    this->tasks = hs_allocate(BATCH, sizeof *this->tasks);
    if (this->order == NULL || this->paces == NULL || this->seeds == NULL ||
        this->answers == NULL || this->known == NULL || this->tasks == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for an experiment");
    for (size_t k = 0; k < sizes; k++) {
        size_t at = k;
        for (; at > 0 && this->plan->sizes[this->order[at - 1]].n < this->plan->sizes[k].n; at--)
            this->order[at] = this->order[at - 1];
        this->order[at] = k;
    }
    return HS_OK;
}

static void clear(run *this) {
    free(this->order);
    free(this->elsewhere);
    free(this->paces);
    free(this->seeds);
    free(this->answers);
    free(this->known);
    free(this->tasks);
    free(this->rows);
    free(this->ends);
}

/* ---- claiming trials ------------------------------------------------------------------------ */

static hs_status remember_elsewhere(run *this, size_t size, uint64_t seed, hs_error *error) {
    if (this->elsewhere_count == this->elsewhere_room) {
        size_t room = 2 * this->elsewhere_room + BATCH;
        held *larger = realloc(this->elsewhere, room * sizeof *larger);
        if (larger == NULL)
            return hs_fail(error, HS_NO_MEMORY, "no memory for %zu trials", room);
        this->elsewhere = larger;
        this->elsewhere_room = room;
    }
    this->elsewhere[this->elsewhere_count++] = (held){size, seed};
    return HS_OK;
}

/* Asks for `count` seeds of one size; the granted ones are appended to this->tasks. */
static hs_status ask(run *this, size_t size, size_t count, size_t most, size_t *asked,
                     size_t *granted, hs_error *error) {
    hs_status status = hs_ledger_claim(this->ledger, &this->plan->sizes[size], this->seeds, count,
                                       most, this->answers, this->known, asked, error);
    for (size_t k = 0; status == HS_OK && k < *asked; k++) {
        if (this->answers[k] == HS_CLAIM_GRANTED)
            this->tasks[(*granted)++] = (hs_task){size, this->seeds[k], this->known[k]};
        else if (this->answers[k] == HS_CLAIM_FINISHED)
            this->paces[size].done++;
        else
            status = remember_elsewhere(this, size, this->seeds[k], error);
    }
    return status;
}

static bool any_unasked(const run *this) {
    return this->at < this->plan->size_count;
}

static hs_status ask_for_new(run *this, size_t most, size_t *granted, hs_error *error) {
    hs_status status = HS_OK;
    while (status == HS_OK && any_unasked(this) && *granted < most) {
        size_t count = 0, asked = 0;
        uint64_t trials = this->plan->sizes[this->order[this->at]].trials;
        for (; count < BATCH && this->next + count < trials; count++)
            this->seeds[count] = this->plan->first_seed + this->next + count;
        status = ask(this, this->order[this->at], count, most - *granted, &asked, granted, error);
        this->next += asked;
        if (this->next == trials) {
            this->next = 0;
            this->at++;
        }
    }
    return status;
}

/* Trials that another process held when they were asked for: it may have finished or died. */
static hs_status ask_again(run *this, size_t most, size_t *granted, hs_error *error) {
    double now = hs_clock_seconds();
    if (this->elsewhere_count == 0 || now < this->last_retry + retry_seconds)
        return HS_OK;
    this->last_retry = now;
    size_t left = this->elsewhere_count;
    hs_status status = HS_OK;
    while (status == HS_OK && left > 0 && *granted < most) {
        size_t size = this->elsewhere[0].size, count = 0, asked = 0;
        for (; count < BATCH && count < left && this->elsewhere[count].size == size; count++)
            this->seeds[count] = this->elsewhere[count].seed;
        status = ask(this, size, count, most - *granted, &asked, granted, error);
        left -= asked;
        this->elsewhere_count -= asked;
        memmove(this->elsewhere, this->elsewhere + asked,
                this->elsewhere_count * sizeof *this->elsewhere);
    }
    return status;
}

/* ---- handing them out ----------------------------------------------------------------------- */

/* How long a trial of this size takes: as measured, or from the nearest larger size that was. */
static double expected_seconds(const run *this, size_t size) {
    const double growth = 3.3; /* for each step of n, as measured from n = 8 to 12 */
    double best = NAN;
    size_t nearest = SIZE_MAX, n = this->plan->sizes[size].n;
    for (size_t k = 0; k < this->plan->size_count; k++) {
        size_t other = this->plan->sizes[k].n, distance = other > n ? other - n : n - other;
        if (this->paces[k].here == 0 || distance >= nearest)
            continue;
        nearest = distance;
        best = this->paces[k].seconds / (double)this->paces[k].here *
               pow(growth, (double)n - (double)other);
    }
    return best;
}

/* Short trials are handed out in advance, long ones when a thread is free. */
static size_t wanted_tasks(const run *this, const hs_crew_member *member) {
    size_t size = this->order[any_unasked(this) ? this->at : this->plan->size_count - 1];
    double seconds = expected_seconds(this, size), ahead = 0.0;
    if (seconds > 0.0)
        ahead = floor(fmin(ahead_seconds / seconds, BATCH));
    return member->threads + member->threads * (size_t)ahead;
}

static hs_status feed(run *this, unsigned who, hs_error *error) {
    hs_crew_member *member = &this->crew.members[who];
    size_t wanted = wanted_tasks(this, member), granted = 0;
    if (member->tasks > member->threads + (wanted - member->threads) / 2 || member->tasks >= wanted)
        return HS_OK;
    size_t most = wanted - member->tasks < BATCH ? wanted - member->tasks : BATCH;
    hs_status status = ask_for_new(this, most, &granted, error);
    if (status == HS_OK && granted < most)
        status = ask_again(this, most, &granted, error);
    if (status == HS_OK && granted > 0)
        status = hs_crew_give(&this->crew, who, this->tasks, granted, error);
    return status;
}

static hs_status feed_everyone(run *this, hs_error *error) {
    hs_status status = HS_OK;
    for (unsigned who = 0; status == HS_OK && who < this->crew.count; who++)
        status = feed(this, who, error);
    if (status == HS_OK)
        status = hs_crew_last_tasks(&this->crew, !any_unasked(this), error);
    return status;
}

/* ---- taking results ------------------------------------------------------------------------- */

static size_t size_of(const run *this, size_t n) {
    size_t k = 0;
    while (this->plan->sizes[k].n != n)
        k++;
    return k;
}

static void count_end(run *this, const hs_message *message) {
    pace *of = &this->paces[size_of(this, message->row.n)];
    of->done += message->complete;
    of->here += message->complete;
    of->seconds += message->complete ? message->seconds : 0.0;
    this->totals->trial_seconds += message->seconds;
}

static hs_status make_room(run *this, size_t count, hs_error *error) {
    if (count <= this->room)
        return HS_OK;
    free(this->rows);
    free(this->ends);
    this->rows = hs_allocate(count, sizeof *this->rows);
    this->ends = hs_allocate(count, sizeof *this->ends);
    this->room = this->rows != NULL && this->ends != NULL ? count : 0;
    return this->room > 0 ? HS_OK : hs_fail(error, HS_NO_MEMORY, "no memory for decisions");
}

/* Everything that has arrived goes into one transaction. */
static hs_status take(run *this, hs_error *error) {
    const hs_message *messages;
    size_t count = 0, rows = 0, ends = 0;
    hs_status status = hs_crew_take(&this->crew, patience, &messages, &count, error);
    if (status == HS_OK)
        status = make_room(this, count, error);
    if (status != HS_OK || count == 0)
        return status;
    for (size_t k = 0; k < count; k++)
        if (messages[k].end) {
            count_end(this, &messages[k]);
            this->ends[ends++] = (hs_ledger_trial){messages[k].row.n, messages[k].row.seed};
        } else {
            this->rows[rows++] = messages[k].row;
            this->totals->engine_seconds += messages[k].row.seconds;
        }
    status = hs_ledger_write(this->ledger, this->rows, rows, this->ends, ends, error);
    this->totals->decisions += status == HS_OK ? rows : 0;
    return status;
}

static double seconds_left(const run *this) {
    double sum = 0.0;
    unsigned threads = hs_crew_threads(&this->crew);
    for (size_t k = 0; k < this->plan->size_count; k++)
        if (this->paces[k].done < this->plan->sizes[k].trials)
            sum += (double)(this->plan->sizes[k].trials - this->paces[k].done) *
                   expected_seconds(this, k);
    return sum / (double)(threads > 0 ? threads : 1);
}

static void show_progress(run *this) {
    if (this->settings->progress == NULL)
        return;
    size_t at = any_unasked(this) ? this->at : this->plan->size_count - 1;
    hs_phase_progress now = {
        .n = this->plan->sizes[this->order[at]].n,
        .elsewhere = this->elsewhere_count,
        .decisions = this->totals->decisions,
        .seconds_left = seconds_left(this),
    };
    for (size_t k = 0; k < this->plan->size_count; k++) {
        now.done += this->paces[k].done;
        now.trials += this->plan->sizes[k].trials;
    }
    this->settings->progress(&now, this->settings->data);
}

static hs_status beat(run *this, hs_error *error) {
    double now = hs_clock_seconds();
    if (now < this->last_beat + beat_seconds)
        return HS_OK;
    this->last_beat = now;
    return hs_ledger_beat(this->ledger, error);
}

static bool has_finished(const run *this) {
    return !any_unasked(this) && this->elsewhere_count == 0 && hs_crew_tasks(&this->crew) == 0;
}

static bool was_interrupted(const run *this) {
    return this->settings->interrupted != NULL && this->settings->interrupted(this->settings->data);
}

static hs_status work(run *this, hs_error *error) {
    hs_status status = HS_OK;
    while (status == HS_OK) {
        if (!this->crew.dismissed && was_interrupted(this)) {
            this->totals->interrupted = true;
            status = hs_crew_dismiss(&this->crew, error);
        }
        if (status == HS_OK && !this->crew.dismissed)
            status = feed_everyone(this, error);
        if (status == HS_OK && !this->crew.dismissed && has_finished(this))
            status = hs_crew_dismiss(&this->crew, error);
        if (status == HS_OK && this->crew.dismissed && hs_crew_is_home(&this->crew))
            break;
        if (status == HS_OK)
            status = take(this, error);
        if (status == HS_OK)
            status = beat(this, error);
        show_progress(this);
    }
    return status;
}

hs_status hs_phase_run_all(const hs_phase_plan *plan, hs_ledger *ledger,
                           const hs_phase_run *settings, hs_phase_totals *totals, hs_error *error) {
    run this = {.plan = plan, .settings = settings, .ledger = ledger, .totals = totals};
    *totals = (hs_phase_totals){0};
    this.start = this.last_beat = hs_clock_seconds();
    hs_status status = prepare(&this, error);
    if (status == HS_OK)
        status = hs_crew_start(plan, settings, &this.crew, error);
    else if (settings->ranks != NULL)
        hs_phase_dismiss(settings->ranks);
    if (status == HS_OK)
        status = work(&this, error);
    hs_crew_stop(&this.crew);
    clear(&this);
    totals->seconds = hs_clock_seconds() - this.start;
    return status;
}
