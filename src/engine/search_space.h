/* The rows of a layer in coordinates in which the search is well conditioned.
 *
 * Rows that count ("soft") come first, then the coordinates that the domain constrains ("hard"),
 * each padded to full panels. With rows scaled to norm 1, A = U Sigma V' is replaced by
 * Q = A M, Q'Q = rows I: the orthogonal projection onto the range of A is then QQ' / rows. */
#ifndef HS_ENGINE_SEARCH_SPACE_H
#define HS_ENGINE_SEARCH_SPACE_H

#include "engine/search_cone.h"
#include "engine/search_kernel.h"

/* Which rows count, and how many of them may be active at a witness. */
typedef struct hs_search_plan {
    size_t *rows; /* indices into the layer, ascending */
    size_t count;
    size_t budget; /* a point with at most this many of them active is a witness */
    size_t base;   /* rank that is taken for granted: the rows left out may span this much */
} hs_search_plan;

typedef struct hs_search_space {
    const hs_search_plan *plan;
    const hs_search_cone *cone;
    size_t d;          /* coordinates */
    size_t soft, hard; /* rows */
    size_t hard_start; /* first hard row: soft rounded up to a panel */
    size_t rows;       /* with padding: a multiple of HS_PANEL */
    size_t stride;     /* floats per panel: d * HS_PANEL */
    float *panels;     /* rows x d in panels */
    double *map;       /* d x d, row by row: zeta = map y */
    unsigned passes;   /* orthogonalisation passes that were needed */
} hs_search_space;

/* weight: row by row, n columns; bias may be NULL. hard_scale: the norm of the hard rows. stop is
 * polled; when it returns true the work ends early and *stopped is set (nothing to clear). */
typedef struct hs_search_source {
    size_t m, n;
    const double *weight;
    const double *bias;
    hs_domain domain;
} hs_search_source;

typedef struct hs_search_workers {
    const hs_search_kernel *kernel;
    unsigned threads;
    bool (*stop)(void *data); /* called on the first thread only */
    void *data;
} hs_search_workers;

hs_status hs_search_space_create(const hs_search_source *source, const hs_search_plan *plan,
                                 const hs_search_cone *cone, double hard_scale,
                                 const hs_search_workers *workers, hs_search_space *space,
                                 bool *stopped, hs_error *error);
void hs_search_space_clear(hs_search_space *space);

/* Lane `lane` of y (d x HS_LANES) as a point zeta (d numbers). */
void hs_search_space_point(const hs_search_space *space, const float *y, size_t lane, double *zeta);

/* 64-byte aligned zeroed floats, or NULL; freed with free(). */
float *hs_search_floats(size_t rows, size_t columns);

#endif
