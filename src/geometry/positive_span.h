/* Do the rows span R^d with positive coefficients? */
#ifndef HS_GEOMETRY_POSITIVE_SPAN_H
#define HS_GEOMETRY_POSITIVE_SPAN_H

#include "halfspan/halfspan.h"

/* *answer: 0 lies in the interior of the convex hull of the rows, or equivalently: no u != 0 has
 * a_i.u <= 0 for all i. Exact. *known is false when that would take too long (a degenerate case of
 * many columns). a: rows x d. */
hs_status hs_positive_span(const double *a, size_t rows, size_t d, bool *known, bool *answer,
                           hs_error *error);

#endif
