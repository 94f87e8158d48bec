#include "engine/search_batch.h"

#include "engine/search_schedule.h"
#include "engine/search_threshold.h"
#include "support/allocate.h"
#include "support/error.h"
#include "support/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESYNC = 300,       /* steps after which y is recomputed from x */
    POLL_WORK = 1 << 19 /* multiplications between two polls, about */
};

typedef struct batch {
    hs_search_hunt *hunt;
    const hs_search_space *space;
    unsigned index, team;
    uint64_t steps; /* limit, 0: none */
    unsigned poll_every;
    hs_barrier barrier;
    float *y;         /* d lanes: the point */
    float *a, *x, *u; /* rows lanes */
    float *parts;     /* team x d lanes: each member's share of Q'c */
    int32_t *counts;  /* team x 2 x 3 lanes: what each member counted, for two rounds in turn */
    float *squares;   /* team lanes */
    double *scratch;  /* 2 d + 2 */
    hs_search_random random;
    hs_search_schedule schedule;
    bool fresh[HS_LANES]; /* a run starts here: x is to be set to a */
    size_t keep;          /* soft rows that may stay active, as of this step */
    bool ended;           /* written by member 0 before a barrier, read by all after it */
} batch;

/* What one member knows; all members compute the same thresholds from the same counts. */
typedef struct member {
    batch *batch;
    unsigned index;
    size_t first, last;           /* rows, whole panels */
    size_t soft_rows;             /* how many of them, from first on, are soft rows */
    size_t first_column, columns; /* of y, for the reduction */
    hs_search_threshold threshold;
} member;

static float *lanes(float *array, size_t row) {
    return array + row * HS_LANES;
}

static void member_init(batch *b, unsigned index, member *me) {
    const hs_search_space *space = b->space;
    size_t panels = space->rows / HS_PANEL, d = space->d;
    *me = (member){.batch = b, .index = index};
    me->first = panels * index / b->team * HS_PANEL;
    me->last = panels * (index + 1) / b->team * HS_PANEL;
    if (me->first < space->soft)
        me->soft_rows = (me->last < space->soft ? me->last : space->soft) - me->first;
    me->first_column = d * index / b->team;
    me->columns = d * (index + 1) / b->team - me->first_column;
}

/* ---- member 0: runs, offers, the end ------------------------------------------------------- */

static void start_run(batch *b, size_t lane) {
    hs_search_schedule *schedule = &b->schedule;
    size_t d = b->space->d;
    hs_search_schedule_next(schedule, lane, d, &b->random);
    for (size_t j = 0; j < d; j++)
        b->y[j * HS_LANES + lane] =
            (float)(2.0 * hs_search_random_normal(&b->random) / sqrt((double)d));
    b->fresh[lane] = true;
    atomic_fetch_add(&b->hunt->runs, 1);
}

static void note_settings(batch *b) {
    hs_search_hunt *hunt = b->hunt;
    pthread_mutex_lock(&hunt->lock);
    for (size_t l = 0; l < HS_LANES; l++) {
        hunt->least_reach = fminf(hunt->least_reach, b->schedule.reach[l]);
        hunt->most_reach = fmaxf(hunt->most_reach, b->schedule.reach[l]);
        unsigned ramp = b->schedule.ramp[l];
        hunt->least_ramp = ramp < hunt->least_ramp ? ramp : hunt->least_ramp;
        hunt->most_ramp = ramp > hunt->most_ramp ? ramp : hunt->most_ramp;
    }
    pthread_mutex_unlock(&hunt->lock);
}

/* Every lane that looks like a witness, and otherwise the best one when it is a new best. */
static void offer(batch *b, const int32_t *active, size_t *known) {
    size_t best = 0;
    for (size_t l = 0; l < HS_LANES && !atomic_load(&b->hunt->finished); l++) {
        if (active[l] < active[best])
            best = l;
        if ((size_t)active[l] <= b->keep)
            hs_search_hunt_offer(b->hunt, b->space, b->y, l, b->scratch);
    }
    size_t fewest = (size_t)active[best];
    if (fewest > b->keep && fewest < *known &&
        hs_search_hunt_offer(b->hunt, b->space, b->y, best, b->scratch))
        *known = fewest;
}

static void decide_end(batch *b, uint64_t step) {
    hs_search_hunt *hunt = b->hunt;
    atomic_fetch_add(&hunt->steps, 1);
    if (b->index == 0 && step % b->poll_every == 0 && hunt->poll(hunt, hunt->poll_data))
        atomic_store(&hunt->finished, true);
    b->ended = atomic_load(&hunt->finished) || (b->steps > 0 && step >= b->steps);
}

/* ---- the parts of a step ------------------------------------------------------------------- */

static int32_t *slot(batch *b, unsigned index, unsigned parity) {
    return b->counts + (index * 2 + parity) * 3 * HS_LANES;
}

static void sum_counts(batch *b, unsigned parity, size_t length, int32_t *sum) {
    memset(sum, 0, length * sizeof *sum);
    for (unsigned t = 0; t < b->team; t++)
        for (size_t k = 0; k < length; k++)
            sum[k] += slot(b, t, parity)[k];
}

static void project_onto_range(member *me) {
    batch *b = me->batch;
    const hs_search_space *space = b->space;
    const hs_search_kernel *kernel = b->hunt->kernel;
    size_t rows = me->last - me->first;
    kernel->product(space->panels + me->first / HS_PANEL * space->stride, space->stride,
                    rows / HS_PANEL, space->d, b->y, lanes(b->a, me->first));
    for (size_t l = 0; l < HS_LANES; l++) {
        if (!b->fresh[l])
            continue;
        hs_search_threshold_reset(&me->threshold, l);
        for (size_t i = me->first; i < me->last; i++)
            b->x[i * HS_LANES + l] = b->a[i * HS_LANES + l];
    }
    kernel->reflect(me->soft_rows, lanes(b->a, me->first), lanes(b->x, me->first),
                    lanes(b->u, me->first), slot(b, me->index, 0));
}

static void find_thresholds(member *me, int32_t keep) {
    batch *b = me->batch;
    int32_t sum[3 * HS_LANES];
    unsigned round = 0;
    hs_search_threshold_begin(&me->threshold, (int32_t)b->space->soft);
    do {
        b->hunt->kernel->count_above(me->soft_rows, lanes(b->u, me->first),
                                     me->threshold.candidates, slot(b, me->index, (round + 1) % 2));
        hs_barrier_wait(&b->barrier);
        sum_counts(b, (round + 1) % 2, 3 * HS_LANES, sum);
    } while (!hs_search_threshold_learn(&me->threshold, sum, keep, round++));
}

/* The hard rows: v = 2a - x moves into the cone by c, x as for the other rows, u = weight c. */
static void advance_hard(batch *b, const float *weight) {
    const hs_search_space *space = b->space;
    size_t start = space->hard_start * HS_LANES, count = space->hard * HS_LANES;
    float *a = b->a + start, *x = b->x + start, *u = b->u + start;
    if (space->hard == 0)
        return;
    for (size_t k = 0; k < count; k++)
        u[k] = 2.0f * a[k] - x[k];
    hs_search_cone_project(space->cone, u);
    for (size_t k = 0; k < count; k++) {
        float c = u[k] - (2.0f * a[k] - x[k]);
        x[k] += b->schedule.beta[k % HS_LANES] * (a[k] - x[k] + c);
        u[k] = weight[k % HS_LANES] * c;
    }
}

/* Sums the members' shares into this member's columns of y; squares: |y|^2 of these columns. */
static void reduce(member *me, bool replace) {
    batch *b = me->batch;
    size_t d = b->space->d, begin = me->first_column * HS_LANES;
    float square[HS_LANES] = {0.0f};
    for (size_t k = begin; k < begin + me->columns * HS_LANES; k++) {
        float sum = replace ? 0.0f : b->y[k];
        for (unsigned t = 0; t < b->team; t++)
            sum += b->parts[t * d * HS_LANES + k];
        b->y[k] = sum;
        square[k % HS_LANES] += sum * sum;
    }
    memcpy(lanes(b->squares, me->index), square, sizeof square);
}

static void gather_rows(member *me, const float *c) {
    batch *b = me->batch;
    const hs_search_space *space = b->space;
    float *part = b->parts + me->index * space->d * HS_LANES;
    memset(part, 0, space->d * HS_LANES * sizeof *part);
    b->hunt->kernel->gather(space->panels + me->first / HS_PANEL * space->stride, space->stride,
                            (me->last - me->first) / HS_PANEL, space->d, c + me->first * HS_LANES,
                            part);
}

/* The factor that brings each lane to the size its schedule asks for; dead lanes are marked. */
static void size_factors(const batch *b, float *factor, bool *dead) {
    for (size_t l = 0; l < HS_LANES; l++) {
        float square = 0.0f, size = hs_search_schedule_size(&b->schedule, l);
        for (unsigned t = 0; t < b->team; t++)
            square += b->squares[t * HS_LANES + l];
        dead[l] = !(square > 1e-12f && square < 1e20f) || b->schedule.age[l] >= b->schedule.life[l];
        factor[l] = dead[l] || !(size > 0.0f) ? 1.0f : size / sqrtf(square);
    }
}

static void resync(member *me) {
    batch *b = me->batch;
    float unit[HS_LANES];
    gather_rows(me, b->x);
    for (size_t l = 0; l < HS_LANES; l++)
        unit[l] = 1.0f / (float)(b->space->soft + b->space->hard);
    b->hunt->kernel->scale(b->space->d, unit, b->parts + me->index * b->space->d * HS_LANES);
    hs_barrier_wait(&b->barrier);
    reduce(me, true);
    hs_barrier_wait(&b->barrier);
}

/* One step. Between two barriers a member writes only its own rows, columns and slots, and member 0
 * also what the whole batch shares. */
static void step(member *me, uint64_t number, size_t *known) {
    batch *b = me->batch;
    const hs_search_kernel *kernel = b->hunt->kernel;
    int32_t active[HS_LANES];
    float weight[HS_LANES], factor[HS_LANES];
    bool dead[HS_LANES];
    for (size_t l = 0; l < HS_LANES; l++)
        weight[l] = b->schedule.beta[l] / (float)(b->space->soft + b->space->hard);
    project_onto_range(me);
    hs_barrier_wait(&b->barrier);
    if (me->index == 0) {
        sum_counts(b, 0, HS_LANES, active);
        offer(b, active, known);
        memset(b->fresh, 0, sizeof b->fresh);
        advance_hard(b, weight);
        decide_end(b, number);
    }
    find_thresholds(me, (int32_t)b->keep);
    kernel->advance(me->soft_rows, b->schedule.beta, weight, me->threshold.value,
                    lanes(b->a, me->first), lanes(b->x, me->first), lanes(b->u, me->first));
    gather_rows(me, b->u);
    hs_barrier_wait(&b->barrier);
    reduce(me, false);
    hs_barrier_wait(&b->barrier);
    if (number % RESYNC == 0)
        resync(me);
    size_factors(b, factor, dead);
    kernel->scale(me->last - me->first, factor, lanes(b->x, me->first));
    for (size_t l = 0; l < HS_LANES; l++) {
        me->threshold.value[l] *= factor[l];
        me->threshold.width[l] *= factor[l];
    }
    hs_barrier_wait(&b->barrier);
    if (me->index == 0) {
        kernel->scale(b->space->d, factor, b->y);
        b->keep = atomic_load(&b->hunt->slack);
        for (size_t l = 0; l < HS_LANES; l++) {
            b->schedule.age[l]++;
            if (dead[l])
                start_run(b, l);
        }
    }
    hs_barrier_wait(&b->barrier);
}

static void work(unsigned index, void *data) {
    batch *b = data;
    member me;
    size_t known = SIZE_MAX;
    member_init(b, index, &me);
    for (uint64_t number = 1; !b->ended; number++)
        step(&me, number, &known);
}

static bool allocate(batch *b) {
    size_t rows = b->space->rows, d = b->space->d;
    b->y = hs_search_floats(d, HS_LANES);
    b->a = hs_search_floats(rows, HS_LANES);
    b->x = hs_search_floats(rows, HS_LANES);
    b->u = hs_search_floats(rows, HS_LANES);
    b->parts = hs_search_floats(b->team * d, HS_LANES);
    b->counts = hs_allocate_matrix(b->team, 6 * HS_LANES, sizeof *b->counts);
    b->squares = hs_search_floats(b->team, HS_LANES);
    b->scratch = hs_allocate(2 * d + 2, sizeof *b->scratch);
    return b->y != NULL && b->a != NULL && b->x != NULL && b->u != NULL && b->parts != NULL &&
           b->counts != NULL && b->squares != NULL && b->scratch != NULL;
}

static void release(batch *b) {
    free(b->y);
    free(b->a);
    free(b->x);
    free(b->u);
    free(b->parts);
    free(b->counts);
    free(b->squares);
    free(b->scratch);
}

hs_status hs_search_batch_run(hs_search_hunt *hunt, const hs_search_space *space, unsigned index,
                              unsigned team, uint64_t steps, hs_error *error) {
    batch b = {.hunt = hunt, .space = space, .index = index, .team = team, .steps = steps};
    hs_status status = HS_OK;
    size_t cost = space->rows * space->d * HS_LANES * 2;
    b.poll_every = cost < POLL_WORK ? (unsigned)(POLL_WORK / cost) : 1;
    hs_barrier_init(&b.barrier, team);
    b.keep = atomic_load(&hunt->slack);
    b.random.state = hunt->seed * UINT64_C(0x9e3779b97f4a7c15) + index * UINT64_C(0x1000193) +
                     atomic_load(&hunt->generation) * UINT64_C(0xd6e8feb86659fd93);
    if (!allocate(&b)) {
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the runs of a search");
    } else {
        for (size_t l = 0; l < HS_LANES; l++)
            start_run(&b, l);
        if (!hs_parallel_together(team, work, &b)) {
            b.team = 1; /* no threads to be had: alone */
            hs_barrier_init(&b.barrier, 1);
            work(0, &b);
        }
        note_settings(&b);
    }
    release(&b);
    return status;
}
