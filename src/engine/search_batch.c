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
    RECOUNT = 20,       /* steps between recounts of points that are no witnesses */
    RESYNC = 300,       /* steps after which y is recomputed from x */
    POLL_WORK = 1 << 19 /* multiplications between two polls, about */
};

/* Shared by the members of a team. Every member keeps y, the schedule and the random numbers for
 * itself and computes the same values from the same sums, so that few barriers are needed. */
typedef struct batch {
    hs_search_hunt *hunt;
    const hs_search_space *space;
    unsigned index, team;
    uint64_t steps, seed; /* steps: limit, 0: none */
    unsigned poll_every;
    hs_barrier barrier;
    float *a, *x, *u; /* rows lanes; each member works on its own rows */
    float *parts;     /* team x d lanes: each member's share of Q'c */
    int32_t *counts;  /* team x 2 x 4 lanes: what each member counted, for two rounds in turn */
    atomic_bool no_memory;
    size_t keep; /* soft rows that may stay active; this and `ended` are written by member 0 */
    bool ended;  /* between two barriers and read by all after the second */
} batch;

typedef struct member {
    batch *batch;
    unsigned index;
    size_t first, last; /* rows, whole panels */
    size_t soft_rows;   /* how many of them, from first on, are soft rows */
    bool hard_rows;     /* they include all the hard rows */
    size_t keep, known; /* known: fewest active rows offered so far */
    float *y;           /* d lanes: the points */
    double *scratch;    /* 2 d + 2 */
    hs_search_random random;
    hs_search_schedule schedule;
    hs_search_threshold threshold;
    bool fresh[HS_LANES]; /* a run starts here: x is to be set to a */
} member;

static float *lanes(float *array, size_t row) {
    return array + row * HS_LANES;
}

static bool member_init(batch *b, unsigned index, member *me) {
    const hs_search_space *space = b->space;
    size_t panels = space->rows / HS_PANEL, soft_panels = space->hard_start / HS_PANEL;
    size_t first = panels * index / b->team, last = panels * (index + 1) / b->team;
    bool end = index + 1 == b->team;
    *me = (member){.batch = b, .index = index, .keep = b->keep, .known = SIZE_MAX};
    me->first = (first < soft_panels ? first : soft_panels) * HS_PANEL;
    me->last = (end || last < soft_panels ? last : soft_panels) * HS_PANEL;
    me->hard_rows = end && space->hard > 0;
    if (me->first < space->soft)
        me->soft_rows = (me->last < space->soft ? me->last : space->soft) - me->first;
    me->random.state = b->seed;
    me->y = hs_search_floats(space->d, HS_LANES);
    me->scratch = hs_allocate(2 * space->d + 2, sizeof *me->scratch);
    return me->y != NULL && me->scratch != NULL;
}

static void member_clear(member *me) {
    free(me->y);
    free(me->scratch);
}

static void start_run(member *me, size_t lane) {
    size_t d = me->batch->space->d;
    hs_search_schedule_next(&me->schedule, lane, d, &me->random);
    for (size_t j = 0; j < d; j++)
        me->y[j * HS_LANES + lane] =
            (float)(2.0 * hs_search_random_normal(&me->random) / sqrt((double)d));
    me->fresh[lane] = true;
    if (me->index == 0)
        atomic_fetch_add(&me->batch->hunt->runs, 1);
}

/* ---- member 0: offers, the end ------------------------------------------------------------- */

static void note_settings(const member *me) {
    hs_search_hunt *hunt = me->batch->hunt;
    pthread_mutex_lock(&hunt->lock);
    for (size_t l = 0; l < HS_LANES; l++) {
        hunt->least_reach = fminf(hunt->least_reach, me->schedule.reach[l]);
        hunt->most_reach = fmaxf(hunt->most_reach, me->schedule.reach[l]);
        unsigned ramp = me->schedule.ramp[l];
        hunt->least_ramp = ramp < hunt->least_ramp ? ramp : hunt->least_ramp;
        hunt->most_ramp = ramp > hunt->most_ramp ? ramp : hunt->most_ramp;
    }
    pthread_mutex_unlock(&hunt->lock);
}

/* Every lane that looks like a witness; otherwise, now and then, the best one when it is a new
 * best: a recount in double precision costs as much as a step. */
static void offer(member *me, const int32_t *active, bool now) {
    batch *b = me->batch;
    size_t best = 0;
    for (size_t l = 0;
         l < HS_LANES && !atomic_load(&b->hunt->finished) && !atomic_load(&b->hunt->refused); l++) {
        if (active[l] < active[best])
            best = l;
        if ((size_t)active[l] <= me->keep)
            hs_search_hunt_offer(b->hunt, b->space, me->y, l, me->scratch);
    }
    size_t fewest = (size_t)active[best];
    if (now && fewest > me->keep && fewest < me->known &&
        hs_search_hunt_offer(b->hunt, b->space, me->y, best, me->scratch))
        me->known = fewest;
}

static void lead(member *me, const int32_t *active, uint64_t step) {
    batch *b = me->batch;
    hs_search_hunt *hunt = b->hunt;
    offer(me, active, step % RECOUNT == 0 || step == 1);
    atomic_fetch_add(&hunt->steps, 1);
    if (b->index == 0 && step % b->poll_every == 0 && hunt->poll(hunt, hunt->poll_data))
        atomic_store(&hunt->finished, true);
    b->ended = atomic_load(&hunt->finished) || atomic_load(&hunt->refused) ||
               (b->steps > 0 && step >= b->steps);
    b->keep = atomic_load(&hunt->slack);
}

/* ---- the parts of a step ------------------------------------------------------------------- */

enum { COUNTS = 4 * HS_LANES }; /* above three thresholds; active rows */

static int32_t *slot(batch *b, unsigned index, unsigned round) {
    return b->counts + (index * 2 + round % 2) * COUNTS;
}

/* a = Qy and u = 2a - x on this member's rows; its active rows are counted for round 0. */
static void project_onto_range(member *me) {
    batch *b = me->batch;
    const hs_search_space *space = b->space;
    const hs_search_kernel *kernel = b->hunt->kernel;
    kernel->product(space->panels + me->first / HS_PANEL * space->stride, space->stride,
                    (me->last - me->first) / HS_PANEL, space->d, me->y, lanes(b->a, me->first));
    for (size_t l = 0; l < HS_LANES; l++) {
        if (!me->fresh[l])
            continue;
        hs_search_threshold_reset(&me->threshold, l);
        for (size_t i = me->first; i < me->last; i++)
            b->x[i * HS_LANES + l] = b->a[i * HS_LANES + l];
        me->fresh[l] = false;
    }
    kernel->reflect(me->soft_rows, lanes(b->a, me->first), lanes(b->x, me->first),
                    lanes(b->u, me->first), slot(b, me->index, 0) + 3 * HS_LANES);
}

/* One barrier a round; member 0 looks at the active rows after the first. */
static void find_thresholds(member *me, uint64_t number) {
    batch *b = me->batch;
    int32_t sum[COUNTS];
    unsigned round = 0;
    hs_search_threshold_begin(&me->threshold, (int32_t)b->space->soft);
    do {
        b->hunt->kernel->count_above(me->soft_rows, lanes(b->u, me->first),
                                     me->threshold.candidates, slot(b, me->index, round));
        hs_barrier_wait(&b->barrier);
        memset(sum, 0, sizeof sum);
        for (unsigned t = 0; t < b->team; t++)
            for (size_t k = 0; k < COUNTS; k++)
                sum[k] += slot(b, t, round)[k];
        if (me->index == 0 && round == 0)
            lead(me, sum + 3 * HS_LANES, number);
    } while (!hs_search_threshold_learn(&me->threshold, sum, (int32_t)me->keep, round++));
}

/* The hard rows: v = 2a - x moves into the cone by c, x as for the other rows, u = weight c. */
static void advance_hard(member *me, const float *weight) {
    const batch *b = me->batch;
    const hs_search_space *space = b->space;
    size_t start = space->hard_start * HS_LANES, count = space->hard * HS_LANES;
    float *a = b->a + start, *x = b->x + start, *u = b->u + start;
    for (size_t k = 0; k < count; k++)
        u[k] = 2.0f * a[k] - x[k];
    hs_search_cone_project(space->cone, u);
    for (size_t k = 0; k < count; k++) {
        float c = u[k] - (2.0f * a[k] - x[k]);
        x[k] += me->schedule.beta[k % HS_LANES] * (a[k] - x[k] + c);
        u[k] = weight[k % HS_LANES] * c;
    }
}

static void gather_rows(member *me, const float *c) {
    batch *b = me->batch;
    const hs_search_space *space = b->space;
    float *part = b->parts + me->index * space->d * HS_LANES;
    memset(part, 0, space->d * HS_LANES * sizeof *part);
    b->hunt->kernel->gather(space->panels + me->first / HS_PANEL * space->stride, space->stride,
                            (me->last - me->first) / HS_PANEL, space->d, c + me->first * HS_LANES,
                            part);
    hs_barrier_wait(&b->barrier);
}

/* y += the members' shares, and |y|^2. */
static void reduce(member *me, float *square) {
    const batch *b = me->batch;
    size_t d = b->space->d;
    memset(square, 0, HS_LANES * sizeof *square);
    for (size_t j = 0; j < d; j++)
        for (size_t l = 0; l < HS_LANES; l++) {
            size_t k = j * HS_LANES + l;
            float sum = me->y[k];
            for (unsigned t = 0; t < b->team; t++)
                sum += b->parts[t * d * HS_LANES + k];
            me->y[k] = sum;
            square[l] += sum * sum;
        }
}

/* y = Q'x / rows anew, against the drift of single precision. */
static void resync(member *me, float *square) {
    const batch *b = me->batch;
    size_t d = b->space->d;
    float share[HS_LANES];
    for (size_t l = 0; l < HS_LANES; l++)
        share[l] = 1.0f / (float)(b->space->soft + b->space->hard);
    hs_barrier_wait(&me->batch->barrier); /* all have read the old parts */
    gather_rows(me, b->x);
    memset(me->y, 0, d * HS_LANES * sizeof *me->y);
    reduce(me, square);
    b->hunt->kernel->scale(d, share, me->y);
    for (size_t l = 0; l < HS_LANES; l++)
        square[l] *= share[l] * share[l];
}

/* Brings each lane to the size its schedule asks for and starts new runs where one has ended. */
static void resize_and_restart(member *me, const float *square) {
    batch *b = me->batch;
    float factor[HS_LANES];
    bool dead[HS_LANES];
    for (size_t l = 0; l < HS_LANES; l++) {
        float size = hs_search_schedule_size(&me->schedule, l);
        bool sane = square[l] > 1e-12f && square[l] < 1e20f;
        dead[l] = !sane || me->schedule.age[l]++ >= me->schedule.life[l];
        factor[l] = !sane || !(size > 0.0f) ? 1.0f : size / sqrtf(square[l]);
        me->threshold.value[l] *= factor[l];
        me->threshold.width[l] *= factor[l];
    }
    b->hunt->kernel->scale(me->last - me->first, factor, lanes(b->x, me->first));
    b->hunt->kernel->scale(b->space->d, factor, me->y);
    for (size_t l = 0; l < HS_LANES; l++)
        if (dead[l])
            start_run(me, l);
}

/* Returns whether this was the last step. Between two barriers a member writes only its own rows
 * and slots, and member 0 also what only it may write. */
static bool step(member *me, uint64_t number) {
    batch *b = me->batch;
    float weight[HS_LANES], square[HS_LANES];
    for (size_t l = 0; l < HS_LANES; l++)
        weight[l] = me->schedule.beta[l] / (float)(b->space->soft + b->space->hard);
    project_onto_range(me);
    find_thresholds(me, number);
    b->hunt->kernel->advance(me->soft_rows, me->schedule.beta, weight, me->threshold.value,
                             lanes(b->a, me->first), lanes(b->x, me->first),
                             lanes(b->u, me->first));
    if (me->hard_rows)
        advance_hard(me, weight);
    gather_rows(me, b->u);
    me->keep = b->keep;
    bool last = b->ended;
    reduce(me, square);
    if (number % RESYNC == 0 && !last)
        resync(me, square);
    resize_and_restart(me, square);
    return last;
}

static void work(unsigned index, void *data) {
    batch *b = data;
    member me;
    if (!member_init(b, index, &me))
        atomic_store(&b->no_memory, true);
    hs_barrier_wait(&b->barrier);
    if (!atomic_load(&b->no_memory)) {
        for (size_t l = 0; l < HS_LANES; l++)
            start_run(&me, l);
        bool ended = false;
        for (uint64_t number = 1; !ended; number++)
            ended = step(&me, number);
        if (index == 0)
            note_settings(&me);
    }
    member_clear(&me);
}

static bool allocate(batch *b) {
    size_t rows = b->space->rows, d = b->space->d;
    b->a = hs_search_floats(rows, HS_LANES);
    b->x = hs_search_floats(rows, HS_LANES);
    b->u = hs_search_floats(rows, HS_LANES);
    b->parts = hs_search_floats(b->team * d, HS_LANES);
    b->counts = hs_allocate_matrix(b->team, 2 * COUNTS, sizeof *b->counts);
    return b->a != NULL && b->x != NULL && b->u != NULL && b->parts != NULL && b->counts != NULL;
}

static void release(batch *b) {
    free(b->a);
    free(b->x);
    free(b->u);
    free(b->parts);
    free(b->counts);
}

hs_status hs_search_batch_run(hs_search_hunt *hunt, const hs_search_space *space, unsigned index,
                              unsigned team, uint64_t steps, hs_error *error) {
    batch b = {.hunt = hunt, .space = space, .index = index, .team = team, .steps = steps};
    size_t cost = space->rows * space->d * HS_LANES * 2;
    b.poll_every = cost < POLL_WORK ? (unsigned)(POLL_WORK / cost) : 1;
    b.keep = atomic_load(&hunt->slack);
    b.seed = hunt->seed * UINT64_C(0x9e3779b97f4a7c15) + index * UINT64_C(0x1000193) +
             atomic_load(&hunt->generation) * UINT64_C(0xd6e8feb86659fd93);
    hs_barrier_init(&b.barrier, team);
    atomic_init(&b.no_memory, !allocate(&b));
    if (!atomic_load(&b.no_memory) && !hs_parallel_together(team, work, &b)) {
        b.team = 1; /* no threads to be had: alone */
        hs_barrier_init(&b.barrier, 1);
        work(0, &b);
    }
    release(&b);
    return atomic_load(&b.no_memory)
               ? hs_fail(error, HS_NO_MEMORY, "no memory for the runs of a search")
               : HS_OK;
}
