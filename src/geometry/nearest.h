/* The point nearest to 0 of { z : a_i.z <= t_i }, in floating point: a hint, never a proof. */
#ifndef HS_GEOMETRY_NEAREST_H
#define HS_GEOMETRY_NEAREST_H

#include "geometry/minnorm.h"

typedef struct hs_polyhedron {
    size_t d, rows;
    size_t capacity;
    double *a;    /* capacity x d, each row of norm 1 */
    double *size; /* capacity: the norm the row had */
    double *t;    /* capacity */
    hs_minnorm solver;
    uint32_t *core; /* d + 1: after HS_NEAREST_EMPTY, rows that have no common point */
    size_t core_count;
} hs_polyhedron;

typedef enum hs_nearest_answer {
    HS_NEAREST_FOUND, /* solver.z and solver.squared_norm */
    HS_NEAREST_EMPTY,
    HS_NEAREST_FAR,    /* the distance is at least `limit` */
    HS_NEAREST_UNKNOWN /* numerical trouble */
} hs_nearest_answer;

hs_status hs_polyhedron_create(size_t d, size_t capacity, hs_polyhedron *polyhedron,
                               hs_error *error);
void hs_polyhedron_clear(hs_polyhedron *polyhedron);

/* Appends a row, scaled to norm 1; a must not be zero. */
void hs_polyhedron_append(hs_polyhedron *polyhedron, const double *a, double t);

/* Every search starts afresh, with the t of that moment. limit may be INFINITY. */
hs_nearest_answer hs_polyhedron_nearest(hs_polyhedron *polyhedron, double limit);

#endif
