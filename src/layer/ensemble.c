#include "layer/ensemble.h"

#include "support/error.h"
#include "support/number.h"

#include <string.h>

static const char *const names[] = {
    [HS_ENSEMBLE_NONE] = "none",
    [HS_ENSEMBLE_GAUSSIAN] = "gaussian",
    [HS_ENSEMBLE_SPHERE] = "sphere",
    [HS_ENSEMBLE_UNIFORM] = "uniform",
    [HS_ENSEMBLE_RADEMACHER] = "rademacher",
    [HS_ENSEMBLE_SPARSE] = "sparse",
};
enum { KINDS = HS_ENSEMBLE_SPARSE + 1 };

const char *hs_ensemble_name(hs_ensemble_kind kind) {
    return names[kind];
}

hs_status hs_ensemble_parse(const char *text, hs_ensemble *ensemble, hs_error *error) {
    const char *colon = strchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : strlen(text);
    *ensemble = (hs_ensemble){.kind = HS_ENSEMBLE_NONE, .p = 1.0};
    for (int kind = 0; kind < KINDS; kind++) {
        if (strlen(names[kind]) != length || strncmp(names[kind], text, length) != 0)
            continue;
        ensemble->kind = (hs_ensemble_kind)kind;
        if ((kind == HS_ENSEMBLE_SPARSE) != (colon != NULL))
            break;
        if (colon == NULL)
            return HS_OK;
        if (hs_number_parse(colon + 1, strlen(colon + 1), &ensemble->p) == HS_NUMBER_GOOD &&
            ensemble->p > 0.0 && ensemble->p <= 1.0)
            return HS_OK;
        return hs_fail(error, HS_INVALID_ARGUMENT, "'%s': expected sparse:P with 0 < P <= 1", text);
    }
    return hs_fail(error, HS_INVALID_ARGUMENT,
                   "'%s': expected gaussian, sphere, uniform, rademacher, sparse:P or none", text);
}
