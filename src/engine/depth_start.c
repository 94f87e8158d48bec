/* What is known before the search: directions with few active rows by descent from simple and
 * random ones, and disjoint cores, each of which has an active row. */
#include "engine/bracket.h"
#include "engine/depth.h"

#include "support/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RANDOM_STARTS = 20,
    ROW_STARTS = 30,
    DESCENT_STEPS = 60,
    REFLECTIONS = 8 /* active rows tried in one step */
};

typedef struct descent {
    hs_tree *tree;
    uint64_t random;
    double *u, *trial, *best; /* n */
    double *scale;            /* count: what the rows are multiplied by to have norm 1 */
    double *value;            /* count: row.u of the rows scaled so */
    double *trial_value;      /* count */
    size_t best_count;
    size_t enough; /* a lower bound of the count: nothing is better */
} descent;

static double next_number(descent *at) { /* xorshift64*: Marsaglia, Vigna; about N(0, 1) */
    double sum = -6.0;
    for (int k = 0; k < 12; k++) {
        at->random ^= at->random >> 12;
        at->random ^= at->random << 25;
        at->random ^= at->random >> 27;
        sum += (double)((at->random * UINT64_C(2685821657736338717)) >> 11) * 0x1p-53;
    }
    return sum;
}

/* How many rows have row.u >= 0, in floating point. */
static size_t evaluate(const descent *at, const double *u, double *value) {
    const hs_tree *tree = at->tree;
    const double *a = tree->signed_rows.a;
    size_t n = tree->n, count = 0;
    for (size_t i = 0; i < tree->count; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < n; j++)
            sum += a[i * n + j] * u[j];
        value[i] = at->scale[i] * sum;
        count += sum >= 0.0;
    }
    return count;
}

static bool normalise(double *u, size_t n) {
    double square = 0.0;
    for (size_t j = 0; j < n; j++)
        square += u[j] * u[j];
    for (size_t j = 0; j < n; j++)
        u[j] /= sqrt(square);
    return square > 1e-200 && isfinite(square);
}

/* The active row of smallest value above `least`, or count. */
static size_t next_active(const descent *at, double least) {
    size_t found = at->tree->count;
    for (size_t i = 0; i < at->tree->count; i++)
        if (at->value[i] >= 0.0 && at->value[i] > least &&
            (found == at->tree->count || at->value[i] < at->value[found]))
            found = i;
    return found;
}

/* One step: moves u across the plane of an active row that is near, if that lowers the count. */
static bool step(descent *at, size_t *count) {
    const hs_tree *tree = at->tree;
    size_t n = tree->n;
    double least = -1.0;
    for (int k = 0; k < REFLECTIONS; k++) {
        size_t i = next_active(at, least);
        if (i == tree->count)
            return false;
        least = at->value[i];
        double length = (1.01 * least + 1e-3) * at->scale[i];
        for (size_t j = 0; j < n; j++)
            at->trial[j] = at->u[j] - length * tree->signed_rows.a[i * n + j];
        size_t now = normalise(at->trial, n) ? evaluate(at, at->trial, at->trial_value) : SIZE_MAX;
        if (now < *count) {
            memcpy(at->u, at->trial, n * sizeof *at->u);
            memcpy(at->value, at->trial_value, tree->count * sizeof *at->value);
            *count = now;
            return true;
        }
    }
    return false;
}

static void descend(descent *at) {
    size_t n = at->tree->n;
    bool stopped = at->best_count < SIZE_MAX && atomic_load(&at->tree->run->stopped);
    if (stopped || at->best_count <= at->enough || !normalise(at->u, n))
        return;
    size_t count = evaluate(at, at->u, at->value);
    for (int k = 0; k < DESCENT_STEPS && !hs_run_should_stop(at->tree->run, 0, NULL); k++)
        if (!step(at, &count))
            break;
    if (count < at->best_count) {
        at->best_count = count;
        memcpy(at->best, at->u, n * sizeof *at->u);
    }
}

static void try_starts(descent *at) {
    const hs_tree *tree = at->tree;
    size_t n = tree->n, stride = 1 + tree->count / ROW_STARTS;
    for (size_t k = 0; k < 2 * n; k++) {
        for (size_t j = 0; j < n; j++)
            at->u[j] = j != k / 2 ? 1e-4 * next_number(at) : k % 2 ? -1.0 : 1.0;
        descend(at);
    }
    for (size_t i = 0; i < tree->count; i += stride) {
        for (size_t j = 0; j < n; j++)
            at->u[j] = 1e-4 * next_number(at) - at->scale[i] * tree->signed_rows.a[i * n + j];
        descend(at);
    }
    for (int k = 0; k < RANDOM_STARTS; k++) {
        for (size_t j = 0; j < n; j++)
            at->u[j] = next_number(at);
        descend(at);
    }
}

/* Rows that are too small or too large for it are left as they are. */
static void scale_rows(const hs_tree *tree, double *scale) {
    size_t n = tree->n;
    for (size_t i = 0; i < tree->count; i++) {
        const double *a = tree->signed_rows.a + i * n;
        double square = 0.0;
        for (size_t j = 0; j < n; j++)
            square += a[j] * a[j];
        scale[i] = square > 1e-200 && square < 1e200 ? 1.0 / sqrt(square) : 1.0;
    }
}

static hs_status offer_directions(hs_tree *tree, size_t enough) {
    size_t n = tree->n;
    descent at = {.tree = tree,
                  .random = UINT64_C(0x9e3779b97f4a7c15),
                  .best_count = SIZE_MAX,
                  .enough = enough};
    at.u = hs_allocate(3 * n, sizeof *at.u);
    at.value = hs_allocate_matrix(3, tree->count, sizeof *at.value);
    if (at.u == NULL || at.value == NULL) {
        free(at.u);
        free(at.value);
        return HS_NO_MEMORY;
    }
    at.trial_value = at.value + tree->count;
    at.scale = at.trial_value + tree->count;
    scale_rows(tree, at.scale);
    at.trial = at.u + n;
    at.best = at.trial + n;
    try_starts(&at);
    const hs_system rows = {.d = tree->d,
                            .rows = tree->count,
                            .a = tree->signed_rows.a,
                            .low = tree->signed_rows.low,
                            .radius = INFINITY};
    if (at.best_count < SIZE_MAX)
        hs_tree_offer(tree, at.best, hs_depth_count(&rows, at.best));
    free(at.u);
    free(at.value);
    return HS_OK;
}

/* ---- disjoint cores ------------------------------------------------------------------------- */

static hs_status pack_cores(hs_tree *tree, size_t *packed) {
    hs_worker worker;
    hs_status status = hs_worker_create(tree, &worker);
    *packed = status == HS_OK ? hs_pack_cores(&worker) : 0;
    hs_worker_clear(&worker);
    return status;
}

hs_status hs_depth_start(hs_tree *tree, size_t *lower) {
    hs_status status = pack_cores(tree, lower);
    return status == HS_OK ? offer_directions(tree, *lower) : status;
}
