/* The witness search behind the engines' common interface. */
#include "engine/engine.h"
#include "engine/search.h"
#include "engine/witness.h"
#include "geometry/glpk_session.h"

#include "support/error.h"

#include <math.h>
#include <stdlib.h>

typedef struct link {
    const hs_problem *problem;
    hs_run *run;
    bool counts;         /* runs count against the node limit */
    hs_witness *witness; /* confirmed: the search ends with its point */
    hs_arithmetic arithmetic;
} link;

static bool should_stop(const hs_search_now *now, void *data) {
    const link *this = data;
    hs_progress progress = {.phase = "search", .fraction = -1.0};
    if (now->best_active != SIZE_MAX)
        progress.active_upper = now->best_active;
    return hs_run_should_stop(this->run, this->counts ? now->runs : 0, &progress);
}

static void pass_note(const char *line, void *data) {
    const hs_settings *settings = ((const link *)data)->run->settings;
    if (settings->note != NULL)
        settings->note(line, settings->data);
}

static bool confirm(const double *z, void *data) {
    link *this = data;
    const char *reason;
    hs_glpk_session glpk; /* of this thread: witnesses are centred by linear programs */
    hs_witness_free(this->witness);
    this->witness = NULL;
    hs_status status = hs_glpk_begin(&glpk, NULL);
    if (status != HS_OK)
        return true;
    status = hs_witness_build(this->problem, z, &this->witness, &this->arithmetic, &reason, NULL);
    hs_glpk_end(&glpk);
    return status != HS_OK || this->witness != NULL; /* an error is met again, and reported */
}

static void describe(const hs_problem *problem, const hs_search_output *found,
                     hs_outcome *outcome) {
    unsigned long long runs = (unsigned long long)found->runs;
    if (found->witness)
        hs_outcome_set(outcome, HS_NOT_INJECTIVE,
                       "the search found a point where only %zu of %zu rows are active, and they "
                       "do not span",
                       found->active, problem->m);
    else if (found->z != NULL)
        hs_outcome_set(outcome, HS_UNDECIDED,
                       "the search found no witness in %llu runs; the best point has %zu active "
                       "rows, which proves nothing",
                       runs, found->active);
    else
        hs_outcome_set(outcome, HS_UNDECIDED, "the search found no witness in %llu runs", runs);
}

static hs_status search(const hs_problem *problem, hs_run *run, uint64_t max_steps,
                        hs_outcome *outcome, hs_error *error) {
    const hs_settings *settings = run->settings;
    const hs_layer *layer = problem->layer;
    bool goes_on = settings->target > 0 && settings->target < problem->n;
    link callbacks = {.problem = problem, .run = run, .counts = max_steps == 0};
    hs_search_input input = {.m = problem->m,
                             .n = problem->n,
                             .weight = layer->weight,
                             .bias = layer->zero_bias ? NULL : layer->bias,
                             .domain = problem->domain,
                             .target = goes_on ? settings->target : problem->n - 1,
                             .seed = settings->seed,
                             .max_steps = max_steps,
                             .threads = settings->threads,
                             .kernel = getenv("HALFSPAN_KERNEL"),
                             .stop = should_stop,
                             .note = pass_note,
                             .confirm = confirm,
                             .data = &callbacks};
    hs_search_output found;
    hs_status status = hs_search_run(&input, &found, error);
    if (status != HS_OK) {
        hs_witness_free(callbacks.witness);
        return status;
    }
    outcome->engine = HS_ENGINE_SEARCH;
    outcome->nodes += callbacks.counts ? found.runs : 0;
    if (found.z != NULL && !(outcome->has_active_upper && outcome->active_upper <= found.active)) {
        outcome->has_active_upper = true;
        outcome->active_upper = found.active;
    }
    describe(problem, &found, outcome);
    if (found.witness) {
        free(outcome->z);
        outcome->z = found.z;
        found.z = NULL;
        outcome->witness = callbacks.witness;
        if (callbacks.witness != NULL)
            outcome->arithmetic = callbacks.arithmetic;
    } else {
        hs_witness_free(callbacks.witness);
    }
    hs_search_output_clear(&found);
    return HS_OK;
}

hs_status hs_engine_search(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                           hs_error *error) {
    return search(problem, run, 0, outcome, error);
}

hs_status hs_engine_search_briefly(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                                   hs_error *error) {
    const double work = 2e10; /* multiplications: a fraction of a second */
    double per_step = 32.0 * (double)problem->m * (double)problem->n + 1e4;
    double steps = fmax(50.0, fmin(40.0 * (double)problem->n, work / per_step));
    return search(problem, run, (uint64_t)steps, outcome, error);
}
