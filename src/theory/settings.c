#include "theory/settings.h"

/* Singularities of f keep a distance of about one smallest width from the real line, so sums over
 * the grid are wrong by about exp(-2 pi resolution): 6 leaves rounding only. */
static const double default_resolution = 6.0;

hs_theory_settings hs_theory_settings_filled(const hs_theory_settings *settings) {
    hs_theory_settings filled = settings != NULL ? *settings : (hs_theory_settings){0};
    if (filled.resolution == 0.0)
        filled.resolution = default_resolution;
    return filled;
}

hs_objective hs_theory_objective(bool capacity, double alpha, const hs_theory_settings *settings) {
    return (hs_objective){
        .capacity = capacity,
        .alpha = alpha,
        .partial = settings->partial,
        .interrupted = settings->interrupted,
        .data = settings->data,
    };
}

bool hs_theory_interrupted(const hs_theory_settings *settings) {
    return settings->interrupted != NULL && settings->interrupted(settings->data);
}
