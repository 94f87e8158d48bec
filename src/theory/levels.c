/* Levels of the hierarchy as the library's users see them. */
#include "halfspan/halfspan.h"

#include "support/error.h"
#include "theory/ladder.h"
#include "theory/settings.h"

#include <math.h>
#include <stdio.h>

static const double zero_energy_until = 2.0; /* half the rows are active at a random point */

static void export_saddle(const hs_rung *rung, const hs_objective *objective,
                          hs_theory_level *level) {
    const hs_saddle *saddle = &rung->saddle;
    const hs_functional *f = &saddle->functional;
    size_t k = saddle->at.steps;
    *level = (hs_theory_level){
        .level = rung->level,
        .effective_level = rung->effective,
        .partial = objective->partial,
        .alpha = saddle->alpha,
        .energy = saddle->energy,
        .slope = -f->energy,
        .steps = k,
        .residual = saddle->residual,
        .evaluations = saddle->evaluations,
    };
    double total = 0.0, sum = 0.0;
    for (size_t j = 0; j <= k; j++)
        total += saddle->at.width[j];
    level->chi = 0.5 / total;
    for (size_t j = 0; j < k; j++) {
        sum += saddle->at.width[j];
        level->q[j] = sum / total;
        level->x[j] = saddle->at.x[j];
        level->dual[j] = f->dual[j] / f->dual[k];
    }
}

static void tell_level(const hs_theory_settings *settings, size_t level,
                       const hs_objective *objective) {
    char text[80];
    if (settings->progress == NULL)
        return;
    if (objective->capacity)
        snprintf(text, sizeof text, "level %zu", level);
    else
        snprintf(text, sizeof text, "level %zu at alpha = %g", level, objective->alpha);
    settings->progress(text, settings->data);
}

static hs_status solve_levels(const hs_objective *objective, size_t max_level,
                              const hs_theory_settings *settings, hs_theory_level *levels,
                              size_t *count, hs_error *error) {
    hs_workspace workspace = hs_workspace_make(settings->resolution);
    hs_rung rung[2];
    hs_status status = HS_OK;
    for (size_t level = 1; level <= max_level && status == HS_OK; level++) {
        tell_level(settings, level, objective);
        hs_rung *now = &rung[level % 2], *below = level > 1 ? &rung[(level + 1) % 2] : NULL;
        status = hs_ladder_climb(objective, level, below, &workspace, now, error);
        if (hs_theory_interrupted(settings))
            break;
        if (status == HS_OK)
            export_saddle(now, objective, &levels[(*count)++]);
    }
    hs_workspace_clear(&workspace);
    return status;
}

static hs_status check_request(size_t max_level, const hs_theory_settings *settings,
                               hs_error *error) {
    if (max_level < 1 || max_level > HS_THEORY_LEVEL_MAX)
        return hs_fail(error, HS_INVALID_ARGUMENT, "level %zu: levels 1 to %d are supported",
                       max_level, HS_THEORY_LEVEL_MAX);
    if (!(settings->resolution >= 2.0 && settings->resolution <= 100.0))
        return hs_fail(error, HS_INVALID_ARGUMENT, "resolution %g: from 2 to 100",
                       settings->resolution);
    return HS_OK;
}

hs_status hs_theory_capacity(size_t max_level, const hs_theory_settings *settings,
                             hs_theory_level *levels, size_t *count, hs_error *error) {
    hs_theory_settings chosen = hs_theory_settings_filled(settings);
    hs_objective objective = hs_theory_objective(true, 0.0, &chosen);
    *count = 0;
    hs_status status = check_request(max_level, &chosen, error);
    return status == HS_OK ? solve_levels(&objective, max_level, &chosen, levels, count, error)
                           : status;
}

hs_status hs_theory_energy(double alpha, size_t max_level, const hs_theory_settings *settings,
                           hs_theory_level *levels, size_t *count, hs_error *error) {
    hs_theory_settings chosen = hs_theory_settings_filled(settings);
    hs_objective objective = hs_theory_objective(false, alpha, &chosen);
    *count = 0;
    hs_status status = check_request(max_level, &chosen, error);
    if (status == HS_OK && !(alpha > 0.0 && alpha <= 1000.0))
        status = hs_fail(error, HS_INVALID_ARGUMENT, "alpha = %g: above 0 and at most 1000", alpha);
    if (status == HS_OK && alpha > zero_energy_until)
        return solve_levels(&objective, max_level, &chosen, levels, count, error);
    for (; status == HS_OK && *count < max_level; (*count)++)
        levels[*count] = (hs_theory_level){
            .level = *count + 1, .partial = chosen.partial, .alpha = alpha, .chi = INFINITY};
    return status;
}
