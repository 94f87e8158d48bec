#include "phase/carry.h"

#include "geometry/rank.h"
#include "geometry/system.h"
#include "support/allocate.h"
#include "support/error.h"

#include <stdlib.h>
#include <string.h>

/* Beyond so many columns dependent active rows are not followed: their rank would take too long. */
enum { RANK_SIZE = 40 };

hs_layer hs_carry_first_rows(const hs_layer *layer, size_t m) {
    hs_layer view = *layer;
    view.m = m;
    view.zero_bias = true;
    for (size_t i = 0; i < m && view.zero_bias; i++)
        view.zero_bias = layer->bias[i] == 0.0;
    return view;
}

/* Do the active rows span? Fewer than n never do. */
static hs_status spans(const hs_layer *layer, const size_t *active, size_t count, bool *full,
                       hs_error *error) {
    size_t rank = 0;
    *full = count >= layer->n;
    if (count < layer->n || layer->n > RANK_SIZE)
        return HS_OK;
    hs_status status =
        hs_rank_exact(layer->weight, layer->n, active, count, &rank, NULL, NULL, error);
    *full = rank == layer->n;
    return status;
}

hs_status hs_carry_reach(const hs_layer *layer, const hs_witness *witness, size_t m, size_t most,
                         size_t *reached, hs_error *error) {
    const hs_system rows = {
        .d = layer->n, .rows = layer->m, .a = layer->weight, .beta = layer->bias};
    size_t count = witness->active_count;
    size_t *active = hs_allocate(count + (most - m), sizeof *active);
    hs_status status = HS_OK;
    bool full = false;
    *reached = m;
    if (active == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the active rows");
    memcpy(active, witness->active, count * sizeof *active);
    while (status == HS_OK && *reached < most) {
        if (hs_system_sign(&rows, *reached, witness->z) >= 0) {
            active[count++] = *reached;
            status = spans(layer, active, count, &full, error);
            if (full)
                break;
        }
        ++*reached;
    }
    free(active);
    return status;
}
