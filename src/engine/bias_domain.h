/* What the domain says about a shift of the bias before any search. */
#ifndef HS_ENGINE_BIAS_DOMAIN_H
#define HS_ENGINE_BIAS_DOMAIN_H

#include "geometry/nearest.h"
#include "layer/layer.h"

/* How far the domain goes. */
typedef enum hs_reach {
    HS_REACH_BOUNDED,
    HS_REACH_FULL, /* its directions to infinity have an interior */
    HS_REACH_FLAT  /* they do not: a box bounded in some coordinates only */
} hs_reach;

hs_reach hs_domain_reach(const hs_domain *domain, size_t n);

/* A point of the open domain. */
void hs_domain_inner_point(const hs_domain *domain, size_t n, double *z);

/* The size of the largest pre-activation on the bounded part of the domain. */
double hs_domain_scale(const hs_domain *domain, const hs_layer *layer);

/* A shift below every pre-activation (bounded domain), or (full reach) below those of the layer
 * without bias, moved to the corner of the domain. */
double hs_domain_low_shift(const hs_domain *domain, const hs_layer *layer);

/* The directions to infinity as a box; bounds: 2n doubles that must outlive it. */
hs_domain hs_domain_recession(const hs_domain *domain, size_t n, double *bounds);

/* Appends the flat faces. */
void hs_domain_append_faces(const hs_domain *domain, hs_polyhedron *polyhedron);

#endif
