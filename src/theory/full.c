/* The limit of infinitely many levels, twice: by extrapolating the levels, and by solving the
 * continuous equations on finer and finer meshes. */
#include "halfspan/halfspan.h"

#include "support/error.h"
#include "theory/continuum.h"
#include "theory/extrapolate.h"
#include "theory/settings.h"

#include <math.h>
#include <stdio.h>

enum { TERMS = 8, FIRST_TERMS = 4, MESHES = 4 };
static const size_t mesh_sizes[MESHES] = {10, 14, 18, 24};
static const double mesh_resolution = 4.0;
static const double largest_slope = 1e-6; /* a derivative left over this counts as not solved */

/* A number that converges, and how far it may still be off. */
typedef struct estimate {
    double value, error;
} estimate;

/* Optimal staircases of k steps approach the limit like k^-4; corrections of relative order 1/k
 * and 1/k^2 are fitted. The error is the change against one term less and one level less. */
static estimate from_levels(const hs_theory_level *levels, size_t count, bool capacity) {
    double size[HS_THEORY_LEVEL_MAX], value[HS_THEORY_LEVEL_MAX];
    for (size_t i = 0; i < count; i++) {
        size[i] = (double)levels[i].level;
        value[i] = capacity ? levels[i].alpha : levels[i].energy;
    }
    double best = hs_extrapolate(size + count - 4, value + count - 4, 4, 4.0);
    double simpler = hs_extrapolate(size + count - 3, value + count - 3, 3, 4.0);
    double earlier = hs_extrapolate(size + count - 5, value + count - 5, 4, 4.0);
    return (estimate){best, fmax(fabs(best - simpler), fabs(best - earlier))};
}

static void tell_mesh(const hs_theory_settings *settings, size_t mesh) {
    char text[80];
    if (settings->progress == NULL)
        return;
    snprintf(text, sizeof text, "continuous equations, mesh of %zu", mesh);
    settings->progress(text, settings->data);
}

/* More and more terms on the coarsest mesh, from the staircase of a level. */
static hs_status first_mesh(const hs_objective *objective, const hs_parameters *staircase,
                            hs_workspace *workspace, hs_continuum *trial, double *fewer_terms,
                            hs_error *error) {
    hs_status status = hs_continuum_fit(staircase, FIRST_TERMS, trial, error);
    for (; status == HS_OK && trial->terms <= TERMS; trial->terms += 2) {
        *fewer_terms = trial->value;
        trial->hessian_known = false;
        status = hs_continuum_minimise(objective, mesh_sizes[0], workspace, trial, error);
    }
    trial->terms = TERMS;
    return status;
}

static hs_status from_continuum(const hs_objective *objective, const hs_parameters *staircase,
                                const hs_theory_settings *settings, estimate *result,
                                hs_error *error) {
    hs_workspace workspace = hs_workspace_make(fmin(settings->resolution, mesh_resolution));
    hs_continuum trial;
    double size[MESHES], value[MESHES], fewer_terms = 0.0;
    tell_mesh(settings, mesh_sizes[0]);
    hs_status status = first_mesh(objective, staircase, &workspace, &trial, &fewer_terms, error);
    double by_terms = fabs(trial.value - fewer_terms);
    for (size_t i = 0; i < MESHES && status == HS_OK && !hs_theory_interrupted(settings); i++) {
        tell_mesh(settings, mesh_sizes[i]);
        if (i > 0)
            status = hs_continuum_minimise(objective, mesh_sizes[i], &workspace, &trial, error);
        size[i] = (double)mesh_sizes[i];
        value[i] = trial.value;
        if (status == HS_OK && !(trial.slope < largest_slope) && !hs_theory_interrupted(settings))
            status = hs_fail(error, HS_NOT_CONVERGED,
                             "continuous equations, mesh of %zu: a derivative of %.2g is left",
                             mesh_sizes[i], trial.slope);
    }
    hs_workspace_clear(&workspace);
    if (status != HS_OK || hs_theory_interrupted(settings))
        return status;
    result->value = hs_extrapolate(size + 1, value + 1, MESHES - 1, 4.0);
    double simpler = hs_extrapolate(size + 2, value + 2, MESHES - 2, 4.0);
    result->error = fabs(result->value - simpler) + by_terms;
    return HS_OK;
}

static hs_parameters staircase_of(const hs_theory_level *level) {
    hs_parameters at = {.steps = level->steps};
    double previous = 0.0;
    for (size_t j = 0; j <= at.steps; j++) {
        double q = j < at.steps ? level->q[j] : 1.0;
        at.width[j] = (q - previous) / (2.0 * level->chi);
        previous = q;
        if (j < at.steps)
            at.x[j] = level->x[j];
    }
    return at;
}

static hs_status check_levels(const hs_theory_level *levels, size_t count, hs_error *error) {
    if (count < HS_THEORY_FULL_LEVELS)
        return hs_fail(error, HS_INVALID_ARGUMENT, "the full limit needs levels 1 to %d or more",
                       HS_THEORY_FULL_LEVELS);
    for (size_t i = 0; i < count; i++) {
        if (levels[i].level != i + 1 || levels[i].partial)
            return hs_fail(error, HS_INVALID_ARGUMENT,
                           "the full limit needs fully lifted levels 1, 2, 3, ...");
        if (levels[i].effective_level != i + 1 && isfinite(levels[i].chi))
            return hs_fail(error, HS_NOT_CONVERGED,
                           "level %zu adds nothing: there is no sequence to extrapolate", i + 1);
    }
    return HS_OK;
}

hs_status hs_theory_full_limit(const hs_theory_level *levels, size_t count,
                               const hs_theory_settings *settings, hs_theory_full *full,
                               hs_error *error) {
    hs_theory_settings chosen = hs_theory_settings_filled(settings);
    *full = (hs_theory_full){0};
    hs_status status = check_levels(levels, count, error);
    if (status != HS_OK)
        return status;
    full->alpha = levels[0].alpha;
    if (!isfinite(levels[0].chi)) {
        full->complete = true;
        return HS_OK;
    }
    /* levels at their capacity have energy one and different alphas */
    bool capacity = levels[0].alpha != levels[1].alpha;
    hs_objective objective = hs_theory_objective(capacity, levels[0].alpha, &chosen);
    hs_parameters staircase = staircase_of(&levels[HS_THEORY_FULL_LEVELS - 1]);
    estimate stairs = from_levels(levels, count, capacity), smooth = {NAN, NAN};
    if (!chosen.levels_only)
        status = from_continuum(&objective, &staircase, &chosen, &smooth, error);
    if (status != HS_OK || hs_theory_interrupted(&chosen))
        return status;
    if (!capacity)
        smooth.value = -smooth.value;
    full->alpha = capacity ? stairs.value : levels[0].alpha;
    full->energy = capacity ? 1.0 : stairs.value;
    full->from_levels = stairs.value;
    full->from_continuum = smooth.value;
    full->error = fmax(stairs.error, fabs(stairs.value - smooth.value)); /* fmax skips NaN */
    full->complete = true;
    if (full->error > stairs.error + 2.0 * smooth.error + 1e-6 * fabs(stairs.value))
        return hs_fail(error, HS_NOT_CONVERGED,
                       "the levels extrapolate to %.9g, the continuous equations to %.9g",
                       stairs.value, smooth.value);
    return HS_OK;
}
