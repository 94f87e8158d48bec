/* The settings of the hierarchy's solvers, with defaults filled in. */
#ifndef HS_THEORY_SETTINGS_H
#define HS_THEORY_SETTINGS_H

#include "theory/saddle.h"

/* A copy of settings (NULL: all defaults) in which the resolution is chosen. */
hs_theory_settings hs_theory_settings_filled(const hs_theory_settings *settings);

/* What is minimised under these settings: the capacity, or the energy at alpha. */
hs_objective hs_theory_objective(bool capacity, double alpha, const hs_theory_settings *settings);

bool hs_theory_interrupted(const hs_theory_settings *settings);

#endif
