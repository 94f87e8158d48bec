#include "layer/layer.h"

#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static hs_status check_finite(const double *values, size_t rows, size_t columns, const char *what,
                              hs_error *error) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            if (!isfinite(values[i * columns + j]))
                return hs_fail(error, HS_BAD_DATA, "%s: row %zu, column %zu is not a finite number",
                               what, i + 1, j + 1);
    return HS_OK;
}

hs_status hs_layer_make(size_t m, size_t n, hs_layer **layer, hs_error *error) {
    *layer = NULL;
    if (m == 0 || n == 0)
        return hs_fail(error, HS_BAD_DATA, "weight is %zu x %zu: a layer needs rows and columns", m,
                       n);
    hs_layer *made = hs_allocate(1, sizeof *made);
    if (made == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a layer");
    made->m = m;
    made->n = n;
    made->zero_bias = true;
    made->weight = hs_allocate_matrix(m, n, sizeof(double));
    made->bias = hs_allocate(m, sizeof(double));
    if (made->weight == NULL || made->bias == NULL) {
        hs_layer_free(made);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a layer of %zu x %zu", m, n);
    }
    *layer = made;
    return HS_OK;
}

hs_status hs_layer_create(size_t m, size_t n, const double *weight, const double *bias,
                          hs_layer **layer, hs_error *error) {
    hs_status status = hs_layer_make(m, n, layer, error);
    if (status == HS_OK)
        status = check_finite(weight, m, n, "weight", error);
    if (status == HS_OK && bias != NULL)
        status = check_finite(bias, 1, m, "bias", error);
    if (status != HS_OK) {
        hs_layer_free(*layer);
        *layer = NULL;
        return status;
    }
    memcpy((*layer)->weight, weight, m * n * sizeof *weight);
    for (size_t i = 0; i < m && bias != NULL; i++) {
        (*layer)->bias[i] = bias[i];
        (*layer)->zero_bias = (*layer)->zero_bias && bias[i] == 0.0;
    }
    return HS_OK;
}

void hs_layer_free(hs_layer *layer) {
    if (layer == NULL)
        return;
    free(layer->weight);
    free(layer->bias);
    free(layer);
}

size_t hs_layer_rows(const hs_layer *layer) {
    return layer->m;
}

size_t hs_layer_columns(const hs_layer *layer) {
    return layer->n;
}

const double *hs_layer_weight(const hs_layer *layer) {
    return layer->weight;
}

const double *hs_layer_bias(const hs_layer *layer) {
    return layer->bias;
}

bool hs_layer_has_zero_bias(const hs_layer *layer) {
    return layer->zero_bias;
}

void hs_layer_apply(const hs_layer *layer, const double *x, double *y) {
    for (size_t i = 0; i < layer->m; i++) {
        double sum = layer->bias[i];
        for (size_t j = 0; j < layer->n; j++)
            sum += layer->weight[i * layer->n + j] * x[j];
        y[i] = sum > 0.0 ? sum : 0.0;
    }
}
