#include "engine/search.h"

#include "engine/search_batch.h"
#include "engine/search_flats.h"
#include "engine/search_plan.h"
#include "support/allocate.h"
#include "support/error.h"
#include "support/parallel.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TEAM_SIZE = 1500000, /* numbers in the matrix from which all threads share one batch */
    FIRST_SLICE = 1000   /* steps before another variant of the problem is tried */
};

/* One search: variants of the problem (which rows count, weight of the domain) in turn. */
typedef struct search {
    const hs_search_input *input;
    hs_search_source source;
    hs_search_workers workers;
    hs_search_hunt hunt;
    hs_search_cone cone;
    hs_search_plan plans[1 + HS_SEARCH_FLATS]; /* all rows; without the rows of a subspace */
    size_t plan_count;
    unsigned threads;
} search;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
note(const search *s, const char *format, ...) {
    char line[256];
    if (s->input->note == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    s->input->note(line, s->input->data);
}

static bool poll(const hs_search_hunt *hunt, void *data) {
    const search *s = data;
    const hs_search_now now = {atomic_load(&hunt->runs), atomic_load(&hunt->steps),
                               atomic_load(&hunt->fewest)};
    if (s->input->max_steps > 0 && now.steps >= s->input->max_steps)
        return true;
    return s->input->stop != NULL && s->input->stop(&now, s->input->data);
}

static bool stop_whitening(void *data) {
    search *s = data;
    if (poll(&s->hunt, s))
        atomic_store(&s->hunt.finished, true);
    return atomic_load(&s->hunt.finished);
}

/* ---- one variant -------------------------------------------------------------------------- */

typedef struct flock {
    search *search;
    const hs_search_space *space;
    unsigned team;
    uint64_t steps;
    atomic_int status;
} flock;

static void run_batch(unsigned index, void *data) {
    flock *all = data;
    hs_status status =
        hs_search_batch_run(&all->search->hunt, all->space, index, all->team, all->steps, NULL);
    if (status != HS_OK) {
        atomic_store(&all->status, (int)status);
        atomic_store(&all->search->hunt.finished, true);
    }
}

static hs_status run_variant(search *s, hs_search_plan *plan, double hard_scale, uint64_t steps,
                             hs_error *error) {
    hs_search_space space;
    bool stopped;
    hs_status status = hs_search_space_create(&s->source, plan, &s->cone, hard_scale, &s->workers,
                                              &space, &stopped, error);
    if (status != HS_OK || stopped)
        return status;
    if (!s->hunt.witness)
        atomic_store(&s->hunt.slack, plan->budget);
    if (plan->base > 0)
        note(s, "search: without the rows in a subspace of dimension %zu", plan->base);
    bool together = space.rows * space.d >= TEAM_SIZE;
    unsigned batches = together ? 1 : s->threads;
    flock all = {.search = s, .space = &space, .team = together ? s->threads : 1, .steps = steps};
    note(s,
         "search: %zu rows in %zu coordinates (%zu of the domain at weight %g), %u "
         "orthogonalisation%s, %u x %d runs at a time, %u thread%s each, kernel %s",
         space.soft, space.d, space.hard, hard_scale, space.passes, space.passes > 1 ? "s" : "",
         batches, HS_LANES, all.team, all.team > 1 ? "s" : "", s->hunt.kernel->name);
    atomic_fetch_add(&s->hunt.generation, 1);
    hs_parallel(batches, run_batch, &all);
    hs_search_space_clear(&space);
    if (atomic_exchange(&s->hunt.refused, false)) {
        note(s, "search: a witness was not confirmed");
        plan->count = plan->base > 0 ? 0 : plan->count; /* a dependence that is none */
    }
    if (atomic_load(&all.status) != HS_OK)
        return hs_fail(error, (hs_status)atomic_load(&all.status),
                       "no memory for the runs of a search");
    return HS_OK;
}

static bool has_work(const search *s) {
    for (size_t k = 0; k < s->plan_count; k++)
        if (s->plans[k].count > 0)
            return !atomic_load(&s->hunt.finished);
    return false;
}

/* The variants take turns: which subspace is given away, and, where the domain has faces, their
 * weight beside the rows, which is a matter of luck. */
static hs_status run_variants(search *s, hs_error *error) {
    static const double scales[] = {1.0, 0.3, 3.0};
    bool single = s->cone.hard == 0 && s->plan_count == 1;
    uint64_t steps = single ? 0 : FIRST_SLICE;
    hs_status status = HS_OK;
    for (size_t turn = 0; status == HS_OK && has_work(s); turn++) {
        size_t round = turn / s->plan_count, which = turn % s->plan_count;
        if (s->plans[which].count > 0)
            status = run_variant(s, &s->plans[which], scales[round % 3], steps, error);
        if (which + 1 == s->plan_count && round % 3 == 2)
            steps *= 2;
    }
    return status;
}

/* ---- the whole search --------------------------------------------------------------------- */

static hs_status prepare(search *s, hs_error *error) {
    const hs_search_input *input = s->input;
    hs_status status = hs_search_hunt_create(&s->source, &s->hunt, error);
    if (status != HS_OK)
        return status;
    s->hunt.kernel = s->workers.kernel;
    s->hunt.seed = input->seed;
    s->hunt.target = input->target;
    s->hunt.poll = poll;
    s->hunt.poll_data = s;
    s->hunt.confirm = input->confirm;
    s->hunt.confirm_data = input->data;
    bool zero_bias = true;
    for (size_t i = 0; input->bias != NULL && i < input->m; i++)
        zero_bias = zero_bias && input->bias[i] == 0.0;
    status = hs_search_cone_create(&input->domain, input->n, zero_bias, &s->cone, error);
    if (status != HS_OK)
        return status;
    hs_search_cone_equilibrate(&s->cone, input->m, input->weight);
    s->plan_count = 1;
    if (input->target + 1 < input->n)
        return hs_search_plan_count(&s->source, input->n - 1, &s->plans[0], error);
    status = hs_search_plan_reduce(&s->source, &s->plans[0], error);
    size_t flats = 0;
    if (status == HS_OK)
        status = hs_search_flats_find(&s->source, &s->plans[0], input->seed, s->plans + 1, &flats,
                                      error);
    s->plan_count += flats;
    return status;
}

static void report(search *s, hs_search_output *output) {
    hs_search_hunt *hunt = &s->hunt;
    output->kernel = hunt->kernel->name;
    output->runs = atomic_load(&hunt->runs);
    output->steps = atomic_load(&hunt->steps);
    output->witness = hunt->witness;
    output->active = hunt->best_active;
    if (hunt->best_active != SIZE_MAX) {
        output->z = hunt->best;
        hunt->best = NULL;
    }
    if (output->runs > 0)
        note(s,
             "search: %llu runs in %llu steps; reach %.3g to %.3g times the margin, growing over "
             "%u to %u steps",
             (unsigned long long)output->runs, (unsigned long long)output->steps,
             (double)hunt->least_reach, (double)hunt->most_reach, hunt->least_ramp,
             hunt->most_ramp);
}

hs_status hs_search_run(const hs_search_input *input, hs_search_output *output, hs_error *error) {
    search s = {.input = input,
                .source = {input->m, input->n, input->weight, input->bias, input->domain}};
    *output = (hs_search_output){.active = SIZE_MAX};
    s.workers.kernel = hs_search_kernel_find(input->kernel);
    if (s.workers.kernel == NULL)
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "no kernel \"%s\" on this processor, expected plain, avx2 or avx512",
                       input->kernel);
    s.threads = input->threads > 0 ? input->threads : hs_processor_count();
    s.workers.threads = s.threads;
    s.workers.stop = stop_whitening;
    s.workers.data = &s;
    hs_status status = prepare(&s, error);
    if (status == HS_OK && s.plans[0].count > 0 && s.plans[0].base < input->n)
        status = run_variants(&s, error);
    if (status == HS_OK)
        report(&s, output);
    for (size_t k = 0; k < s.plan_count; k++)
        hs_search_plan_clear(&s.plans[k]);
    hs_search_cone_clear(&s.cone);
    hs_search_hunt_clear(&s.hunt);
    return status;
}

void hs_search_output_clear(hs_search_output *output) {
    free(output->z);
    output->z = NULL;
}
