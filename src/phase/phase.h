/* What an experiment on random layers consists of: a plan, trials, what is known of each, and the
 * decisions that are recorded. A trial is one seed at one n; its layer has as many rows as are
 * asked for, and the first m of them do not depend on how many there are. */
#ifndef HS_PHASE_PHASE_H
#define HS_PHASE_PHASE_H

#include "halfspan/halfspan.h"

enum {
    HS_PHASE_GRID_MAX = 512, /* values of m in a fixed grid */
    HS_PHASE_TEXT = 160      /* names of ensembles and domains, with the final zero */
};

/* All trials of one n. */
typedef struct hs_phase_size {
    size_t n;
    uint64_t trials; /* seeds, from the plan's first_seed on */
    hs_domain domain;
    const size_t *grid; /* the values of m to decide, ascending; NULL: find the critical width */
    size_t grid_count;
} hs_phase_size;

typedef struct hs_phase_plan {
    hs_ensemble weight, bias;
    char weight_name[HS_PHASE_TEXT], bias_name[HS_PHASE_TEXT], domain_name[HS_PHASE_TEXT];
    hs_engine_kind engine;
    double time_limit;   /* seconds for one decision; 0: none */
    uint64_t node_limit; /* nodes for one decision; 0: none */
    const hs_phase_size *sizes;
    size_t size_count;
    uint64_t first_seed; /* first_seed + trials - 1 <= INT64_MAX for every size */
} hs_phase_plan;

/* What is known of one trial. Rows only ever help, so two numbers say it all, but for the widths
 * that were tried within the plan's limits and stayed open. */
typedef struct hs_known {
    size_t lower; /* not injective with this many rows or fewer */
    size_t upper; /* injective with this many rows or more; SIZE_MAX: not known */
    size_t open_count;
    uint32_t open[HS_PHASE_GRID_MAX]; /* undecided, ascending */
} hs_known;

/* The same without the open widths. */
typedef struct hs_bracket {
    size_t lower, upper; /* as above */
    bool started;        /* at least one decision was made */
} hs_bracket;

/* How a verdict was reached. */
typedef enum hs_phase_source {
    HS_SOURCE_FACTS, /* in the order of hs_engine_kind, AUTO being a cheap fact */
    HS_SOURCE_BRANCH,
    HS_SOURCE_CELLS,
    HS_SOURCE_MILP,
    HS_SOURCE_SEARCH,
    HS_SOURCE_WITNESS, /* the active rows at a witness for fewer rows still do not span */
    HS_SOURCE_NESTED   /* follows from another width of the same seed */
} hs_phase_source;

/* "facts", "branch", ... */
const char *hs_phase_source_name(hs_phase_source source);

/* "auto", "branch", ...: the engine that was asked for. */
const char *hs_phase_engine_name(hs_engine_kind engine);

/* One decision: the layer of m rows of this seed. */
typedef struct hs_phase_row {
    uint64_t seed;
    uint32_t n, m;
    hs_verdict verdict;
    hs_phase_source source;
    hs_arithmetic arithmetic;
    uint64_t nodes;
    double seconds;
    double time_limit; /* the limits it was made under */
    uint64_t node_limit;
} hs_phase_row;

#endif
