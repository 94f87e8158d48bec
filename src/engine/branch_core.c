/* Cores: taken from the solver, proven, remembered, packed. */
#include "engine/branch.h"

#include <string.h>

/* Multipliers below this share of the largest are rounding; leaving a needed row out is harmless,
 * because the proof of the core would then fail. */
static const double negligible = 1e-10;

/* Collects the signed rows with positive multipliers; returns how many. */
static size_t collect(hs_worker *worker, const hs_minnorm *solver, uint32_t row,
                      double multiplier) {
    size_t count = 0;
    double largest = multiplier;
    for (size_t slot = 0; slot < solver->stride; slot++)
        if (solver->lambda[slot] > largest)
            largest = solver->lambda[slot];
    for (size_t slot = 0; slot < solver->stride; slot++) {
        if (solver->slot_row[slot] == HS_MINNORM_FREE ||
            solver->lambda[slot] <= negligible * largest)
            continue;
        worker->core_rows[count] = solver->slot_row[slot];
        worker->core_weights[count++] = solver->lambda[slot];
    }
    if (multiplier > 0.0) {
        worker->core_rows[count] = row;
        worker->core_weights[count++] = multiplier;
    }
    return count;
}

/* A slot of the pool: a free one, or that of the core that was not of use for longest. */
static hs_core *pool_slot(hs_worker *worker) {
    if (worker->pool_count < HS_POOL_SIZE)
        return &worker->pool[worker->pool_count++];
    hs_core *oldest = &worker->pool[0];
    for (size_t k = 1; k < HS_POOL_SIZE; k++)
        if (worker->pool[k].age < oldest->age)
            oldest = &worker->pool[k];
    return oldest;
}

static hs_core *remember(hs_worker *worker, size_t count) {
    hs_tree *tree = worker->tree;
    size_t bytes = tree->words * sizeof(uint64_t);
    hs_core *core = pool_slot(worker);
    memset(core->inactive, 0, bytes);
    memset(core->active, 0, bytes);
    for (size_t k = 0; k < count; k++) {
        size_t row = worker->core_rows[k];
        if (row < tree->total)
            hs_bits_set(core->inactive, row);
        else
            hs_bits_set(core->active, row - tree->total);
    }
    core->age = ++worker->clock;
    return core;
}

hs_core_answer hs_core_take(hs_worker *worker, const hs_minnorm *solver, uint32_t row,
                            double multiplier, hs_core **core) {
    hs_tree *tree = worker->tree;
    size_t count = collect(worker, solver, row, multiplier);
    bool holds = false;
    hs_status status = hs_core_holds(&tree->signed_rows, worker->core_rows, count,
                                     worker->core_weights, &holds, NULL);
    if (status != HS_OK) {
        hs_tree_fail(tree, status);
        return HS_CORE_FAILED;
    }
    if (!holds)
        return HS_CORE_REFUTED;
    *core = remember(worker, count);
    return HS_CORE_PROVEN;
}

size_t hs_pool_filter(hs_worker *worker, const hs_frame *frame) {
    size_t words = worker->tree->words, found = 0;
    size_t by_size[HS_POOL_FREE + 2] = {0};
    for (size_t k = 0; k < worker->pool_count; k++) {
        hs_core *core = &worker->pool[k];
        bool valid = true;
        core->free_count = HS_POOL_FREE + 1;
        for (size_t w = 0; w < words && valid; w++) {
            valid = (core->inactive[w] & ~(frame->inactive[w] | frame->free[w])) == 0 &&
                    (core->active[w] & ~frame->active[w]) == 0;
            core->open[w] = core->inactive[w] & frame->free[w];
        }
        if (!valid)
            continue;
        size_t size = hs_bits_count(core->open, words);
        if (size > HS_POOL_FREE)
            continue;
        core->free_count = size;
        by_size[size + 1]++;
        found++;
    }
    for (size_t size = 1; size <= HS_POOL_FREE + 1; size++)
        by_size[size] += by_size[size - 1];
    for (size_t k = 0; k < worker->pool_count; k++)
        if (worker->pool[k].free_count <= HS_POOL_FREE)
            worker->usable[by_size[worker->pool[k].free_count]++] = &worker->pool[k];
    return found;
}

void hs_pool_pack(hs_worker *worker, size_t usable) {
    size_t words = worker->tree->words;
    memset(worker->union_bits, 0, words * sizeof(uint64_t));
    worker->packed_count = 0;
    for (size_t k = 0; k < usable; k++) {
        hs_core *core = worker->usable[k];
        if (hs_bits_meet(core->open, worker->union_bits, words))
            continue;
        memcpy(worker->packed + words * worker->packed_count++, core->open,
               words * sizeof(uint64_t));
        for (size_t w = 0; w < words; w++)
            worker->union_bits[w] |= core->open[w];
        core->age = ++worker->clock;
    }
}
