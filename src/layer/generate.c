/* Random layers: entry (i, j) comes from the counter (j, i, n, what), so a row depends neither on
 * the rows before it nor on how many there are. */
#include "layer/layer.h"
#include "layer/random.h"

#include "support/error.h"

#include <math.h>

typedef enum part { WEIGHT = 0, BIAS = 1 } part;

static hs_random draw(uint64_t seed, size_t n, hs_ensemble_kind kind, part what, size_t i,
                      size_t j) {
    const uint32_t counter[4] = {(uint32_t)j, (uint32_t)i, (uint32_t)n,
                                 (uint32_t)what | (uint32_t)kind << 8};
    return hs_random_draw(seed, counter);
}

static double entry(hs_ensemble ensemble, size_t n, hs_random bits) {
    switch (ensemble.kind) {
    case HS_ENSEMBLE_GAUSSIAN:
    case HS_ENSEMBLE_SPHERE:
        return hs_random_normal(bits.first);
    case HS_ENSEMBLE_UNIFORM:
        return hs_random_symmetric(bits.first) / sqrt((double)n);
    case HS_ENSEMBLE_RADEMACHER:
        return bits.first >> 63 != 0 ? -1.0 : 1.0;
    case HS_ENSEMBLE_SPARSE:
        return hs_random_unit(bits.second) < ensemble.p ? hs_random_normal(bits.first) : 0.0;
    case HS_ENSEMBLE_NONE:
        return 0.0;
    }
    return 0.0;
}

static void normalize(double *row, size_t n) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        sum += row[j] * row[j];
    double norm = sqrt(sum); /* not 0: no entry is */
    for (size_t j = 0; j < n; j++)
        row[j] /= norm;
}

static bool is_ensemble(hs_ensemble ensemble) {
    if (ensemble.kind == HS_ENSEMBLE_SPARSE)
        return ensemble.p > 0.0 && ensemble.p <= 1.0;
    return ensemble.kind >= HS_ENSEMBLE_NONE && ensemble.kind < HS_ENSEMBLE_SPARSE;
}

static hs_status check(size_t m, size_t n, hs_ensemble weight, hs_ensemble bias, hs_error *error) {
    if (m == 0 || n == 0 || m > UINT32_MAX || n > UINT32_MAX)
        return hs_fail(error, HS_INVALID_ARGUMENT, "%zu x %zu: expected 1 to %lu rows and columns",
                       m, n, (unsigned long)UINT32_MAX);
    if (n > SIZE_MAX / 2 / sizeof(double) / m)
        return hs_fail(error, HS_INVALID_ARGUMENT, "%zu x %zu numbers fit into no memory", m, n);
    if (!is_ensemble(weight) || weight.kind == HS_ENSEMBLE_NONE)
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "the weight cannot be 'none': expected gaussian, sphere, uniform, "
                       "rademacher or sparse:P with 0 < P <= 1");
    if (!is_ensemble(bias) || bias.kind == HS_ENSEMBLE_SPHERE)
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "the bias cannot be 'sphere': expected none, gaussian, uniform, rademacher "
                       "or sparse:P with 0 < P <= 1");
    return HS_OK;
}

hs_status hs_layer_generate(size_t m, size_t n, hs_ensemble weight, hs_ensemble bias, uint64_t seed,
                            hs_layer **layer, hs_error *error) {
    *layer = NULL;
    hs_status status = check(m, n, weight, bias, error);
    if (status == HS_OK)
        status = hs_layer_make(m, n, layer, error);
    if (status != HS_OK)
        return status;
    hs_layer *made = *layer;
    for (size_t i = 0; i < m; i++) {
        double *row = made->weight + i * n;
        for (size_t j = 0; j < n; j++)
            row[j] = entry(weight, n, draw(seed, n, weight.kind, WEIGHT, i, j));
        if (weight.kind == HS_ENSEMBLE_SPHERE)
            normalize(row, n);
        made->bias[i] = entry(bias, n, draw(seed, n, bias.kind, BIAS, i, 0));
        made->zero_bias = made->zero_bias && made->bias[i] == 0.0;
    }
    return HS_OK;
}
