#include "engine/search_hunt.h"

#include "support/allocate.h"
#include "support/error.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

hs_status hs_search_hunt_create(const hs_search_source *source, hs_search_hunt *hunt,
                                hs_error *error) {
    *hunt = (hs_search_hunt){.source = source, .best_active = SIZE_MAX};
    hunt->best = hs_allocate(source->n, sizeof *hunt->best);
    if (hunt->best == NULL || pthread_mutex_init(&hunt->lock, NULL) != 0) {
        free(hunt->best);
        hunt->best = NULL;
        return hs_fail(error, HS_NO_MEMORY, "no memory for a search");
    }
    hunt->ready = true;
    atomic_init(&hunt->fewest, SIZE_MAX);
    hunt->least_reach = INFINITY;
    hunt->least_ramp = UINT32_MAX;
    return HS_OK;
}

void hs_search_hunt_clear(hs_search_hunt *hunt) {
    if (!hunt->ready)
        return;
    free(hunt->best);
    pthread_mutex_destroy(&hunt->lock);
    *hunt = (hs_search_hunt){0};
}

/* w.z and a bound on the sum of the sizes; eight partial sums, for speed and accuracy. */
static double product(const double *w, const double *z, size_t n, double *size) {
    enum { PARTS = 8 };
    double sum[PARTS] = {0.0}, sizes[PARTS] = {0.0};
    size_t j = 0;
    for (; j + PARTS <= n; j += PARTS)
        for (size_t k = 0; k < PARTS; k++) {
            double term = w[j + k] * z[j + k];
            sum[k] += term;
            sizes[k] += fabs(term);
        }
    for (; j < n; j++) {
        sum[0] += w[j] * z[j];
        sizes[0] += fabs(w[j] * z[j]);
    }
    for (size_t k = 1; k < PARTS; k++) {
        sum[0] += sum[k];
        sizes[0] += sizes[k];
    }
    *size = sizes[0];
    return sum[0];
}

size_t hs_search_recount(const hs_search_source *source, const hs_search_plan *plan,
                         const double *z, size_t *soft) {
    size_t active = 0, next = 0, soft_active = 0, n = source->n;
    for (size_t i = 0; i < source->m; i++) {
        double size, value = product(source->weight + i * n, z, n, &size);
        double bias = source->bias != NULL ? source->bias[i] : 0.0;
        bool counted = plan != NULL && next < plan->count && plan->rows[next] == i;
        next += counted;
        if (value + bias < -4.0 * DBL_EPSILON * (double)(n / 8 + 16) * (size + fabs(bias)))
            continue;
        active++;
        soft_active += counted;
    }
    if (soft != NULL)
        *soft = soft_active;
    return active;
}

static bool is_last(const hs_search_hunt *hunt, size_t active) {
    return hunt->target >= hunt->source->n - 1 || active <= hunt->target;
}

/* Dependence is judged to rounding, and a cell may be too thin for two inputs: better to know
 * before the search ends. Large layers are only asked where their rows seem to depend, for speed.
 */
static bool holds(const hs_search_hunt *hunt, const hs_search_plan *plan, const double *z) {
    enum { MODERATE = 400000 }; /* weights */
    bool ask =
        hunt->confirm != NULL && (plan->base > 0 || hunt->source->m * hunt->source->n <= MODERATE);
    return !ask || hunt->confirm(z, hunt->confirm_data);
}

bool hs_search_hunt_offer(hs_search_hunt *hunt, const hs_search_space *space, const float *y,
                          size_t lane, double *scratch) {
    double *z = scratch + space->d;
    size_t soft;
    hs_search_space_point(space, y, lane, scratch);
    hs_search_cone_pull(space->cone, scratch);
    if (!hs_search_cone_point(space->cone, &hunt->source->domain, scratch, z))
        return false;
    size_t active = hs_search_recount(hunt->source, space->plan, z, &soft);
    bool witness = soft <= space->plan->budget;
    pthread_mutex_lock(&hunt->lock);
    if (atomic_load(&hunt->finished)) {
        pthread_mutex_unlock(&hunt->lock);
        return true;
    }
    if (witness && is_last(hunt, active) && !holds(hunt, space->plan, z)) {
        witness = false;
        atomic_store(&hunt->refused, true);
    }
    bool better = active < hunt->best_active && (witness || !hunt->witness);
    if (better || (witness && !hunt->witness)) {
        memcpy(hunt->best, z, hunt->source->n * sizeof *z);
        hunt->best_active = active;
        atomic_store(&hunt->fewest, active);
        hunt->witness = witness;
        if (witness && is_last(hunt, active))
            atomic_store(&hunt->finished, true);
        if (witness && soft > 0) /* go on below it, in steps that shrink towards the target */
            atomic_store(&hunt->slack, soft - 1);
    }
    pthread_mutex_unlock(&hunt->lock);
    return true;
}
