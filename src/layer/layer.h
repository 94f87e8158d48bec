/* The layer as the other folders see it. */
#ifndef HS_LAYER_LAYER_H
#define HS_LAYER_LAYER_H

#include "halfspan/halfspan.h"

struct hs_layer {
    size_t m;       /* rows: neurons */
    size_t n;       /* columns: inputs */
    double *weight; /* m x n, row by row, finite */
    double *bias;   /* m numbers, finite */
    bool zero_bias; /* every bias is 0 */
};

/* A layer of zeros, to be filled; the caller then sets zero_bias. */
hs_status hs_layer_make(size_t m, size_t n, hs_layer **layer, hs_error *error);

#endif
