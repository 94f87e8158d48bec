/* Names of the random ensembles. */
#ifndef HS_LAYER_ENSEMBLE_H
#define HS_LAYER_ENSEMBLE_H

#include "halfspan/halfspan.h"

/* "gaussian", ...; "sparse" without its chance. */
const char *hs_ensemble_name(hs_ensemble_kind kind);

#endif
