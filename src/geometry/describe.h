/* What can be said about a layer without deciding anything. */
#ifndef HS_GEOMETRY_DESCRIBE_H
#define HS_GEOMETRY_DESCRIBE_H

#include "geometry/directions.h"

typedef struct hs_spread {
    double least, median, greatest;
} hs_spread;

typedef struct hs_description {
    size_t rank;      /* of the weight, exact */
    double frobenius; /* norm of the weight */
    hs_spread row_norms;
    hs_spread biases;
    double sigma_least, sigma_greatest; /* singular values; NaN when they did not converge */
    hs_groups zero_rows;                /* one group, or none */
    hs_groups parallel;                 /* groups of two rows and more that point the same way */
    hs_groups antiparallel;             /* lines with rows both ways */
    bool *against;                      /* m: points the other way than the first row on its line */
    hs_groups duplicate;                /* groups of two equal rows and more */
    bool *same_bias; /* for every group of duplicate: their biases are equal too */
} hs_description;

hs_status hs_describe(const hs_layer *layer, hs_description *description, hs_error *error);
void hs_description_clear(hs_description *description);

#endif
