/* A point deep inside an open cell: the centre of its largest inscribed ball, nearly. */
#ifndef HS_GEOMETRY_CENTRE_H
#define HS_GEOMETRY_CENTRE_H

#include "halfspan/halfspan.h"

/* Maximises s with w_i.z + b_i + s |w_i| <= 0 for the chosen rows of w (rows of n doubles), the
 * ball of radius s about z inside the domain, and, for unbounded domains, |z_j| <= reach.
 * z: in, a starting point (kept when nothing better is found); out, the centre. A hint only. */
void hs_cell_centre(size_t n, const double *w, const double *b, const size_t *which, size_t count,
                    const hs_domain *domain, double reach, double *z);

#endif
