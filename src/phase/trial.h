/* One trial: decides widths of one random layer until nothing is left to decide. */
#ifndef HS_PHASE_TRIAL_H
#define HS_PHASE_TRIAL_H

#include "phase/phase.h"

typedef struct hs_trial_calls {
    /* Takes a decision and what follows from it, to be kept together or not at all. */
    hs_status (*record)(const hs_phase_row *rows, size_t count, void *data, hs_error *error);
    bool (*interrupted)(void *data); /* polled; true stops, and the running decision is dropped */
    unsigned (*threads)(void *data); /* for the next decision */
    void *data;
} hs_trial_calls;

/* known: what is known before; updated. */
hs_status hs_trial_run(const hs_phase_plan *plan, const hs_phase_size *size, uint64_t seed,
                       hs_known *known, const hs_trial_calls *calls, hs_error *error);

#endif
