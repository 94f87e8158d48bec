/* Which arrays of a file make a layer. The weight is called `weight` or `W` and its bias `bias` or
 * `b`, alone or after a prefix that names the layer (`fc1.weight`, `fc1.bias`). */
#ifndef HS_LAYER_NAMES_H
#define HS_LAYER_NAMES_H

#include "layer/archive.h"

#define HS_NO_ARRAY ((size_t)-1)

/* wanted: the NAME of FILE:NAME, which is a layer's prefix or an array's full name, or NULL for the
 * only layer. *bias is HS_NO_ARRAY when there is none. HS_BAD_DATA, with the names to choose from.
 */
hs_status hs_names_layer(const hs_archive *archive, const char *wanted, size_t *weight,
                         size_t *bias, hs_error *error);

/* wanted: an array's full name, or NULL for the only array. */
hs_status hs_names_array(const hs_archive *archive, const char *wanted, size_t *index,
                         hs_error *error);

/* As hs_names_array, where NULL also stands for the only bias, and a prefix for its bias. */
hs_status hs_names_bias(const hs_archive *archive, const char *wanted, size_t *index,
                        hs_error *error);

#endif
