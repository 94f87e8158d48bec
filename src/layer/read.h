/* Reading from bytes in memory: what hs_layer_read and hs_array_read do after opening the file. */
#ifndef HS_LAYER_READ_H
#define HS_LAYER_READ_H

#include "layer/source.h"

/* What a layer's file holds: the weight as stored, and its bias if there is one. */
typedef struct hs_stored_layer {
    hs_array weight;
    hs_array bias; /* data is NULL without a bias */
} hs_stored_layer;

/* name: the NAME of FILE:NAME, or NULL. A failed call leaves nothing to clear. */
hs_status hs_stored_layer_parse(const hs_source *source, const char *name, bool want_bias,
                                hs_stored_layer *stored, hs_error *error);
void hs_stored_layer_clear(hs_stored_layer *stored);

/* Bounds may be infinite, nothing else may. */
typedef enum hs_array_role { HS_ROLE_ARRAY, HS_ROLE_BIAS, HS_ROLE_BOUNDS } hs_array_role;

hs_status hs_array_parse(const hs_source *source, const char *name, hs_array_role role,
                         hs_array *array, hs_error *error);

#endif
