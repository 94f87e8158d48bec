#include "engine/engine.h"

#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void hs_run_begin(hs_run *run, const hs_settings *settings) {
    double now = hs_clock_seconds();
    *run = (hs_run){.settings = settings, .start = now, .last_progress = now};
    run->record = settings->confirm || settings->certificate != NULL;
    run->deadline = settings->time_limit > 0.0 ? now + settings->time_limit : INFINITY;
    atomic_init(&run->stopped, false);
}

bool hs_run_should_stop(hs_run *run, uint64_t nodes, hs_progress *progress) {
    const hs_settings *settings = run->settings;
    double now = hs_clock_seconds();
    if (now >= run->deadline || (settings->node_limit > 0 && nodes >= settings->node_limit) ||
        (settings->interrupted != NULL && settings->interrupted(settings->data)))
        atomic_store(&run->stopped, true);
    if (progress != NULL && settings->progress != NULL && now > run->last_progress + 0.1) {
        progress->seconds = now - run->start;
        progress->nodes = nodes;
        settings->progress(progress, settings->data);
        run->last_progress = now;
    }
    return atomic_load(&run->stopped);
}

void hs_outcome_set(hs_outcome *outcome, hs_verdict verdict, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(outcome->reason, sizeof outcome->reason, format, arguments);
    va_end(arguments);
    outcome->verdict = verdict;
}

void hs_outcome_at_least(hs_outcome *outcome, size_t active) {
    if (!outcome->has_active_lower || outcome->active_lower < active)
        outcome->active_lower = active;
    outcome->has_active_lower = true;
}

hs_status hs_outcome_claim(hs_outcome *outcome, const hs_problem *problem, const double *u,
                           hs_error *error) {
    if (outcome->z == NULL)
        outcome->z = hs_allocate(problem->n, sizeof *outcome->z);
    if (outcome->z == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a witness");
    hs_problem_point(problem, u, outcome->z);
    return HS_OK;
}
