/* Witness search for layers of any size: finds points whose active rows do not span, or nothing.
 * Works on plain arrays; see search.md for the method and what was measured. */
#ifndef HS_ENGINE_SEARCH_H
#define HS_ENGINE_SEARCH_H

#include "halfspan/halfspan.h"

typedef struct hs_search_now {
    uint64_t runs, steps; /* started; a step advances sixteen runs */
    size_t best_active;   /* fewest active rows at a point so far; SIZE_MAX: none yet */
} hs_search_now;

typedef struct hs_search_input {
    size_t m, n;
    const double *weight; /* m x n, row by row; borrowed */
    const double *bias;   /* m, or NULL: zero */
    hs_domain domain;
    size_t target; /* stop at a witness with at most this many active rows; n - 1: any witness */
    uint64_t seed; /* one thread: the same seed gives the same search */
    uint64_t max_steps; /* 0: no limit */
    unsigned threads;   /* 0: all cores */
    const char *kernel; /* "plain", "avx2", "avx512"; NULL: the fastest */
    bool (*stop)(const hs_search_now *now, void *data); /* polled often, on the caller's thread */
    void (*note)(const char *line, void *data); /* what was chosen, one line at a time; or NULL */
    /* Is z (n numbers) a witness indeed? Asked, on any thread, about points that rest on dependent
     * rows, and in layers of moderate size; no: the search goes on elsewhere. NULL: never asked. */
    bool (*confirm)(const double *z, void *data);
    void *data;
} hs_search_input;

typedef struct hs_search_output {
    bool witness;  /* the active rows at z should not span (to be confirmed exactly) */
    double *z;     /* n, in the open domain; NULL when no point was found */
    size_t active; /* active rows at z, recounted in double precision */
    uint64_t runs, steps;
    const char *kernel;
} hs_search_output;

/* HS_INVALID_ARGUMENT: an unknown kernel, or one this processor cannot run. */
hs_status hs_search_run(const hs_search_input *input, hs_search_output *output, hs_error *error);
void hs_search_output_clear(hs_search_output *output);

#endif
