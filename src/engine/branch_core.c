/* Cores: taken from the solver, proven, remembered, packed. */
#include "engine/branch.h"

#include "support/allocate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Multipliers below this share of the largest are rounding; leaving a needed row out is harmless,
 * because the proof of the core would then fail. */
static const double negligible = 1e-10;

/* A solver that answered: its slots, the multipliers in worker->core_lambda, and an approximate
 * pseudo-inverse of the active rows, entry (slot, j) at inverse[j * pitch + slot]. */
typedef struct answer {
    const uint32_t *slot_row;
    size_t active_count;
    const double *inverse;
    size_t pitch;
    uint32_t row; /* the one that was added last */
    double multiplier;
} answer;

/* Collects the signed rows with positive multipliers; returns how many. */
static size_t collect(hs_worker *worker, const answer *from) {
    size_t count = 0;
    const double *lambda = worker->core_lambda;
    double largest = from->multiplier;
    for (size_t slot = 0; slot < worker->tree->stride; slot++)
        largest = lambda[slot] > largest ? lambda[slot] : largest;
    for (size_t slot = 0; slot < worker->tree->stride; slot++) {
        if (from->slot_row[slot] == HS_MINNORM_FREE || lambda[slot] <= negligible * largest)
            continue;
        worker->core_rows[count] = from->slot_row[slot];
        worker->core_weights[count++] = lambda[slot];
    }
    if (from->multiplier > 0.0) {
        size_t at = 0; /* in a cell thinner than rounding the row can be in a slot already */
        while (at < count && worker->core_rows[at] != from->row)
            at++;
        worker->core_rows[at] = from->row;
        worker->core_weights[at] = from->multiplier + (at < count ? worker->core_weights[at] : 0.0);
        count += at == count;
    }
    return count;
}

/* The signed rows in the slots, slot by slot, zero where there is none. */
static void load_slots(hs_worker *worker, const answer *from) {
    const hs_tree *tree = worker->tree;
    for (size_t slot = 0; slot < tree->stride; slot++) {
        double *b = worker->core_slots + slot * tree->stride;
        uint32_t row = from->slot_row[slot];
        if (row == HS_MINNORM_FREE) {
            memset(b, 0, tree->stride * sizeof *b);
            continue;
        }
        double sign = row < tree->total ? 1.0 : -1.0;
        const double *a = tree->signed_rows.a + row % tree->total * tree->d;
        for (size_t j = 0; j < tree->d; j++)
            b[j] = sign * a[j];
        for (size_t j = tree->d; j < tree->stride; j++)
            b[j] = 0.0;
    }
}

/* rest = a + B lambda: the combination that ought to vanish. */
static void residual(const hs_worker *worker, const answer *from, double *rest) {
    const hs_tree *tree = worker->tree;
    double factor = from->row < tree->total ? from->multiplier : -from->multiplier;
    const double *a = tree->signed_rows.a + from->row % tree->total * tree->d;
    worker->tree->kernels->image(worker->core_slots, tree->stride, tree->stride, tree->stride,
                                 worker->core_lambda, rest);
    for (size_t j = 0; j < tree->d; j++)
        rest[j] += factor * a[j];
}

/* lambda -= R (a + B lambda) */
static void refine(hs_worker *worker, const answer *from) {
    const hs_tree *tree = worker->tree;
    double *rest = worker->core_scratch, *step = rest + tree->stride;
    residual(worker, from, rest);
    worker->tree->kernels->image(from->inverse, tree->d, from->pitch, tree->stride, rest, step);
    for (size_t slot = 0; slot < tree->stride; slot++)
        worker->core_lambda[slot] -= step[slot];
}

/* R += (I - R B) R, Newton's step towards the inverse. */
static void improve_inverse(hs_worker *worker, double *inverse) {
    const hs_tree *tree = worker->tree;
    size_t d = tree->d, stride = tree->stride;
    const hs_kernels *kernels = worker->tree->kernels;
    double *defects = worker->core_inverse + d * stride, *step = worker->core_scratch;
    for (size_t slot = 0; slot < stride; slot++) {
        double *defect = defects + slot * stride;
        kernels->image(inverse, d, stride, stride, worker->core_slots + slot * stride, defect);
        defect[slot] -= 1.0;
    }
    for (size_t j = 0; j < d; j++) {
        kernels->image(defects, stride, stride, stride, inverse + j * stride, step);
        for (size_t slot = 0; slot < stride; slot++)
            inverse[j * stride + slot] -= step[slot];
    }
}

/* Cone, d active rows and one more: the solver's pseudo-inverse R is near the inverse of the matrix
 * B of the active rows, so the exact multipliers l of -a = B l are enclosed by
 *     |l - lambda| <= |R (B lambda + a)| / (1 - |I - R B|)   (maximum norm; Rump, Acta Numerica
 * 2010) with rounding errors bounded row by row: all entries are at most 1 in size, and what a row
 * has beyond double precision is one rounding error more. Positive enclosures prove the core. */
static bool proven_by_inverse(hs_worker *worker, const answer *from) {
    const hs_tree *tree = worker->tree;
    size_t d = tree->d, stride = tree->stride;
    double *one = worker->core_scratch, *size = one + stride, *defect = size + stride,
           *rest = defect + stride;
    double rounding = ((double)d + 5.0) * DBL_EPSILON, smallest = INFINITY, sum = 1.0;
    residual(worker, from, rest);
    for (size_t slot = 0; slot < stride; slot++) {
        one[slot] = from->slot_row[slot] == HS_MINNORM_FREE ? 0.0 : 1.0;
        if (from->slot_row[slot] == HS_MINNORM_FREE)
            continue;
        double lambda = worker->core_lambda[slot];
        smallest = lambda < smallest ? lambda : smallest;
        sum += lambda;
    }
    worker->tree->kernels->defects(from->inverse, d, from->pitch, stride, worker->core_slots, one,
                                   size, defect);
    double worst = 0.0, largest = 0.0, correction = 0.0, all = sum;
    for (size_t j = 0; j < d; j++) {
        largest = fabs(rest[j]) > largest ? fabs(rest[j]) : largest;
        all += fabs(rest[j]);
    }
    for (size_t slot = 0; slot < stride; slot++) {
        defect[slot] += (double)d * rounding * (size[slot] + 1.0);
        worst = defect[slot] > worst ? defect[slot] : worst;
        correction = size[slot] > correction ? size[slot] : correction;
        all += defect[slot] + size[slot];
    }
    if (!isfinite(all)) /* comparisons pass over NaN */
        return false;
    correction *= largest + rounding * sum;
    return worst < 0.5 && smallest > 2.1 * correction;
}

static bool fits_enclosure(const hs_tree *tree, const answer *from, size_t count) {
    return tree->problem->beta == NULL && count == tree->d + 1 && from->active_count == tree->d &&
           tree->largest_entry <= 1.0;
}

/* unique: the multipliers are the only ones, up to a factor. */
static hs_status prove(hs_worker *worker, const answer *from, size_t count, bool *holds,
                       bool *unique) {
    const hs_tree *tree = worker->tree;
    *holds = *unique = fits_enclosure(tree, from, count) && proven_by_inverse(worker, from);
    if (!*holds && tree->d > HS_EXACT_DIMENSIONS)
        *holds = hs_core_holds_in_floating_point(&tree->signed_rows, worker->core_rows, count,
                                                 worker->core_weights);
    if (*holds || hs_tree_too_large(worker->tree))
        return HS_OK;
    return hs_core_holds(&tree->signed_rows, worker->core_rows, count, worker->core_weights, holds,
                         NULL);
}

/* ---- the pool -------------------------------------------------------------------------------- */

hs_status hs_pool_create(hs_worker *worker) {
    hs_pool *pool = &worker->pool;
    size_t words = worker->tree->words, stride = worker->tree->stride;
    bool listed = words > HS_POOL_WORDS;
    pool->most = listed ? stride + 1 : 0;
    pool->member = hs_allocate_matrix(HS_POOL_SIZE, pool->most, sizeof *pool->member);
    pool->length = hs_allocate(HS_POOL_SIZE, sizeof *pool->length);
    pool->memory =
        hs_allocate_matrix(listed ? 2 : 2 * words + 2, HS_POOL_SIZE, sizeof *pool->memory);
    worker->usable = hs_allocate(2 * HS_POOL_SIZE, sizeof *worker->usable);
    worker->core_scratch = hs_allocate_matrix(5 + 2 * stride, stride, sizeof(double));
    worker->core_inverse = hs_allocate_matrix(2 * stride, stride, sizeof(double));
    if (pool->member == NULL || pool->length == NULL || pool->memory == NULL ||
        worker->usable == NULL || worker->core_scratch == NULL || worker->core_inverse == NULL)
        return HS_NO_MEMORY;
    worker->core_lambda = worker->core_scratch + 4 * stride;
    worker->core_slots = worker->core_lambda + stride;
    pool->age = pool->memory;
    pool->size = pool->age + HS_POOL_SIZE;
    if (!listed) {
        pool->inactive = pool->size + HS_POOL_SIZE;
        pool->active = pool->inactive + words * HS_POOL_SIZE;
    }
    return HS_OK;
}

void hs_pool_clear(hs_worker *worker) {
    free(worker->pool.memory);
    free(worker->pool.member);
    free(worker->pool.length);
    free(worker->usable);
    free(worker->core_scratch);
    free(worker->core_inverse);
}

/* A place in the pool: a free one, or that of the core that was not of use for longest among the
 * next few. */
static size_t place(hs_pool *pool) {
    if (pool->count < HS_POOL_SIZE)
        return pool->count++;
    size_t oldest = pool->hand;
    for (size_t k = 0; k < HS_POOL_LOOK; k++) {
        pool->hand = (pool->hand + 1) % HS_POOL_SIZE;
        if (pool->age[pool->hand] < pool->age[oldest])
            oldest = pool->hand;
    }
    return oldest;
}

/* Signed rows by their rows. */
static void list_core(hs_worker *worker, size_t k, size_t count) {
    hs_pool *pool = &worker->pool;
    size_t total = worker->tree->total;
    uint32_t *member = pool->member + k * pool->most;
    for (size_t c = 0; c < count; c++) {
        size_t at = c;
        for (; at > 0 && member[at - 1] % total > worker->core_rows[c] % total; at--)
            member[at] = member[at - 1];
        member[at] = (uint32_t)worker->core_rows[c];
    }
    pool->length[k] = count;
}

static void remember(hs_worker *worker, size_t count) {
    const hs_tree *tree = worker->tree;
    hs_pool *pool = &worker->pool;
    size_t k = place(pool);
    for (size_t w = 0; w < tree->words && pool->inactive != NULL; w++)
        pool->inactive[w * HS_POOL_SIZE + k] = pool->active[w * HS_POOL_SIZE + k] = 0;
    memset(worker->last_core, 0, tree->words * sizeof *worker->last_core);
    for (size_t c = 0; c < count; c++) {
        size_t row = worker->core_rows[c] % tree->total;
        bool active = worker->core_rows[c] >= tree->total;
        uint64_t *bits = active ? pool->active : pool->inactive;
        if (pool->inactive != NULL)
            bits[row / 64 * HS_POOL_SIZE + k] |= UINT64_C(1) << (row % 64);
        if (!active)
            hs_bits_set(worker->last_core, row);
    }
    if (pool->inactive == NULL)
        list_core(worker, k, count);
    pool->age[k] = ++worker->clock;
    worker->last_slot = k;
}

/* For the proof: how the multipliers are found again. */
static hs_status record(hs_worker *worker, size_t slot, size_t count, bool unique) {
    const hs_system *system = &worker->tree->signed_rows;
    bool ball = system->beta != NULL, holds = false;
    unique = unique || (!ball && hs_core_holds_in_floating_point(system, worker->core_rows, count,
                                                                 worker->core_weights));
    if (unique ||
        hs_core_holds_in_floating_point(system, worker->core_rows, count, worker->core_weights)) {
        hs_proof_core(worker->part, slot, worker->core_rows, count,
                      unique ? NULL : worker->core_weights);
        return HS_OK;
    }
    mpz_t *multipliers = hs_allocate(count, sizeof *multipliers);
    if (multipliers == NULL)
        return HS_NO_MEMORY;
    for (size_t k = 0; k < count; k++)
        mpz_init(multipliers[k]);
    hs_status status =
        hs_core_multipliers(system, worker->core_rows, count, multipliers, &holds, &unique, NULL);
    if (status == HS_OK && holds)
        hs_proof_core_exact(worker->part, slot, worker->core_rows, count, multipliers, unique);
    for (size_t k = 0; k < count; k++)
        mpz_clear(multipliers[k]);
    free(multipliers);
    return status;
}

hs_status hs_core_record_empty(hs_worker *worker, size_t count) {
    const hs_tree *tree = worker->tree;
    mpz_t *multipliers = hs_allocate(count, sizeof *multipliers);
    bool empty = false;
    size_t kept = 0;
    if (multipliers == NULL)
        return HS_NO_MEMORY;
    for (size_t k = 0; k < count; k++)
        mpz_init(multipliers[k]);
    hs_status status = hs_system_refute_exact(&tree->signed_rows, worker->core_rows, count,
                                              multipliers, &empty, NULL);
    for (size_t k = 0; k < count && empty; k++) {
        if (mpz_sgn(multipliers[k]) == 0)
            continue;
        mpz_swap(multipliers[kept], multipliers[k]);
        worker->core_rows[kept++] = worker->core_rows[k];
    }
    if (status == HS_OK && empty) {
        hs_proof_core_exact(worker->part, HS_POOL_SIZE, worker->core_rows, kept, multipliers,
                            false);
        hs_proof_dead(worker->part, HS_POOL_SIZE);
    }
    for (size_t k = 0; k < count; k++)
        mpz_clear(multipliers[k]);
    free(multipliers);
    return status;
}

static hs_core_answer keep(hs_worker *worker, size_t count, bool unique) {
    hs_status status = HS_OK;
    if (hs_sieve_keeps(worker))
        worker->last_slot = hs_sieve_keep(worker, count);
    else
        remember(worker, count);
    if (worker->part != NULL)
        status = record(worker, worker->last_slot, count, unique);
    if (status != HS_OK)
        hs_tree_fail(worker->tree, status);
    return status == HS_OK ? HS_CORE_PROVEN : HS_CORE_FAILED;
}

hs_core_answer hs_core_take(hs_worker *worker, const hs_minnorm *solver, uint32_t row,
                            double multiplier) {
    const answer from = {.slot_row = solver->slot_row,
                         .active_count = solver->active_count,
                         .inverse = solver->basis + solver->stride,
                         .pitch = 2 * solver->stride,
                         .row = row,
                         .multiplier = multiplier};
    bool holds = false, unique = false;
    memcpy(worker->core_lambda, solver->lambda, solver->stride * sizeof *solver->lambda);
    load_slots(worker, &from);
    size_t count = collect(worker, &from);
    hs_status status = prove(worker, &from, count, &holds, &unique);
    if (status != HS_OK) {
        hs_tree_fail(worker->tree, status);
        return HS_CORE_FAILED;
    }
    worker->refuted = holds ? 0 : count;
    worker->nearly_dependent = worker->nearly_dependent || !holds;
    return holds ? keep(worker, count, unique) : HS_CORE_REFUTED;
}

/* Multipliers and inverse are made better in double precision until the core is proven. */
hs_core_answer hs_core_take_narrow(hs_worker *worker, const hs_cone *solver, uint32_t row,
                                   float multiplier) {
    size_t stride = solver->stride;
    double *inverse = worker->core_inverse;
    for (size_t slot = 0; slot < stride; slot++)
        worker->core_lambda[slot] = (double)solver->lambda[slot];
    for (size_t j = 0; j < solver->d; j++)
        for (size_t slot = 0; slot < stride; slot++)
            inverse[j * stride + slot] = (double)solver->basis[(2 * j + 1) * stride + slot];
    const answer from = {.slot_row = solver->slot_row,
                         .active_count = solver->count[0],
                         .inverse = inverse,
                         .pitch = stride,
                         .row = row,
                         .multiplier = (double)multiplier};
    load_slots(worker, &from);
    for (int attempt = 0; attempt < 3; attempt++) {
        if (attempt > 0)
            improve_inverse(worker, inverse);
        refine(worker, &from);
        size_t count = collect(worker, &from);
        if (!fits_enclosure(worker->tree, &from, count))
            break;
        if (proven_by_inverse(worker, &from))
            return keep(worker, count, true);
    }
    return HS_CORE_REFUTED;
}

/* As the kernel's filter, for lists. */
static size_t filter_lists(hs_worker *worker, const hs_node *node, uint16_t *found) {
    hs_pool *pool = &worker->pool;
    size_t total = worker->tree->total, count = 0;
    for (size_t k = 0; k < pool->count; k++) {
        const uint32_t *member = pool->member + k * pool->most;
        bool fits = true;
        pool->size[k] = 0;
        for (size_t c = 0; c < pool->length[k] && fits; c++) {
            size_t row = member[c] % total;
            bool open = member[c] < total && hs_bits_test(node->free, row);
            fits = open || hs_bits_test(member[c] < total ? node->inactive : node->active, row);
            pool->size[k] += open;
        }
        if (fits && pool->size[k] <= HS_POOL_FREE)
            found[count++] = (uint16_t)k;
    }
    return count;
}

void hs_pool_filter(hs_worker *worker, const hs_node *node) {
    const hs_tree *tree = worker->tree;
    hs_pool *pool = &worker->pool;
    size_t begin[HS_POOL_FREE + 2] = {0};
    uint16_t *found = worker->usable + HS_POOL_SIZE;
    if (pool->inactive == NULL) {
        worker->usable_count = filter_lists(worker, node, found);
    } else {
        for (size_t w = 0; w < tree->words; w++)
            worker->scratch_bits[w] = node->inactive[w] | node->free[w];
        worker->usable_count = tree->kernels->filter(
            pool->inactive, pool->active, HS_POOL_SIZE, pool->count, tree->words,
            worker->scratch_bits, node->active, node->free, HS_POOL_FREE, pool->size, found);
    }
    for (size_t k = 0; k < worker->usable_count; k++)
        begin[pool->size[found[k]] + 1]++;
    for (size_t size = 1; size <= HS_POOL_FREE; size++)
        begin[size] += begin[size - 1];
    for (size_t k = 0; k < worker->usable_count; k++)
        worker->usable[begin[pool->size[found[k]]]++] = found[k];
}

size_t hs_pool_open(hs_worker *worker, const hs_node *node, size_t k) {
    const hs_pool *pool = &worker->pool;
    size_t count = 0, total = worker->tree->total;
    if (pool->inactive == NULL) {
        const uint32_t *member = pool->member + k * pool->most;
        for (size_t c = 0; c < pool->length[k]; c++)
            if (member[c] < total && hs_bits_test(node->free, member[c]))
                worker->open[count++] = member[c];
        return count;
    }
    for (size_t w = 0; w < worker->tree->words; w++)
        for (uint64_t bits = pool->inactive[w * HS_POOL_SIZE + k] & node->free[w]; bits != 0;
             bits &= bits - 1)
            worker->open[count++] = (uint32_t)(64 * w + (size_t)__builtin_ctzll(bits));
    return count;
}

void hs_pack(hs_worker *worker, size_t slot, size_t size) {
    hs_groups *packed = &worker->packed;
    uint32_t *row = packed->row + packed->begin[packed->count];
    for (size_t k = 0; k < size; k++) {
        row[k] = worker->open[k];
        hs_bits_set(worker->union_bits, row[k]);
    }
    worker->packed_slot[packed->count++] = slot;
    packed->begin[packed->count] = packed->begin[packed->count - 1] + size;
}

/* Does the free part of the core have a row of worker->union_bits? */
static bool meets(const hs_worker *worker, const hs_node *node, size_t k) {
    const hs_pool *pool = &worker->pool;
    const uint64_t *taken = worker->union_bits;
    if (pool->inactive == NULL) {
        const uint32_t *member = pool->member + k * pool->most;
        for (size_t c = 0; c < pool->length[k]; c++)
            if (member[c] < worker->tree->total && hs_bits_test(node->free, member[c]) &&
                hs_bits_test(taken, member[c]))
                return true;
        return false;
    }
    for (size_t w = 0; w < worker->tree->words; w++)
        if (pool->inactive[w * HS_POOL_SIZE + k] & node->free[w] & taken[w])
            return true;
    return false;
}

void hs_pool_pack(hs_worker *worker, const hs_node *node) {
    memcpy(worker->union_bits, worker->doubtful, worker->tree->words * sizeof(uint64_t));
    worker->packed.count = 0;
    for (size_t k = 0; k < worker->usable_count; k++) {
        size_t slot = worker->usable[k];
        if (meets(worker, node, slot))
            continue;
        size_t size = hs_pool_open(worker, node, slot);
        hs_pack(worker, slot, size);
        worker->pool.age[slot] = ++worker->clock;
    }
}
