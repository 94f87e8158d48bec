/* Per lane, a threshold above which exactly `keep` of many values lie: a bracket that shrinks by
 * counting three candidates at a time, started from where it was a step ago. */
#ifndef HS_ENGINE_SEARCH_THRESHOLD_H
#define HS_ENGINE_SEARCH_THRESHOLD_H

#include "engine/search_kernel.h"

typedef struct hs_search_threshold {
    float value[HS_LANES]; /* the answer of the last search, the guess for the next */
    float width[HS_LANES]; /* how far it may have moved */
    float low[HS_LANES], high[HS_LANES];
    int32_t low_count[HS_LANES], high_count[HS_LANES];
    float candidates[3 * HS_LANES];
} hs_search_threshold;

/* A new run starts in this lane. */
void hs_search_threshold_reset(hs_search_threshold *threshold, size_t lane);

/* Starts a search among `rows` values per lane and fills candidates. */
void hs_search_threshold_begin(hs_search_threshold *threshold, int32_t rows);

/* Learns how many values lie above each candidate. True: every lane has its threshold in value (at
 * most `keep` values lie above it; fewer only between equal values). False: new candidates. */
bool hs_search_threshold_learn(hs_search_threshold *threshold, const int32_t *counts, int32_t keep,
                               unsigned round);

#endif
