/* One node: bound it by disjoint cores, fix what must be, branch. */
#include "engine/branch.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef enum node_answer {
    NODE_CLOSED,  /* dead, or a point was offered, or everybody stops */
    NODE_CHANGED, /* rows were fixed: look again */
    NODE_OPEN     /* branch */
} node_answer;

/* As solve; a solver in trouble is rebuilt once from nothing. */
static hs_solve_answer solve_again(hs_worker *worker, hs_solver *solver) {
    hs_solve_answer answer = hs_solve(worker, solver);
    if (answer != HS_SOLVE_TROUBLE)
        return answer;
    hs_solver_reset(worker->tree, solver);
    return hs_solve(worker, solver);
}

/* ---- moving rows between the sets ------------------------------------------------------------ */

/* Rows in the span of the fixed active rows cost nothing: they leave the free rows. Sound because
 * it only forgets constraints. */
static void forget_spanned(hs_worker *worker, hs_node *node) {
    hs_tree *tree = worker->tree;
    hs_modular_basis *basis = &worker->basis;
    basis->rank = 0;
    HS_BITS_EACH(i, node->active, tree->words)
    hs_modular_basis_add(basis, tree->residues + i * tree->n);
    size_t rank = basis->rank;
    HS_BITS_EACH(i, node->free, tree->words) {
        if (!hs_modular_basis_add(basis, tree->residues + i * tree->n))
            hs_node_set(worker, node->free, i, false);
        basis->rank = rank;
    }
}

/* ---- how much rows are asked for ------------------------------------------------------------- */

/* A core with these free rows counts for twice as much as one that has a row more. */
static void add_score(const hs_worker *worker, const uint32_t *row, size_t size) {
    static const float weight_of[HS_POOL_FREE + 2] = {1.0f,    0x1p-1f, 0x1p-2f,  0x1p-3f,
                                                      0x1p-4f, 0x1p-5f, 0x1p-6f,  0x1p-7f,
                                                      0x1p-8f, 0x1p-9f, 0x1p-10f, 0x1p-11f};
    float weight = weight_of[size <= HS_POOL_FREE ? size : HS_POOL_FREE + 1];
    for (size_t k = 0; k < size; k++)
        worker->score[row[k]] += weight;
}

/* Into worker->score: by the smallest of the cores known here. */
static void score_rows(hs_worker *worker, const hs_node *node) {
    const hs_tree *tree = worker->tree;
    size_t largest_size = SIZE_MAX;
    memset(worker->score, 0, tree->padded * sizeof *worker->score);
    for (size_t k = 0; k < worker->usable_count; k++) {
        size_t size = hs_pool_open(worker, node, worker->usable[k]);
        if (k == 0)
            largest_size = size + HS_SCORED_SIZES;
        if (size > largest_size)
            break;
        add_score(worker, worker->open, size);
    }
}

/* Asks for the allowed rows, for those in many small cores with less priority: cores that have
 * other rows tell more. Where ranks have to be proven it matters more that cores are small. */
static void ask_allowed(hs_worker *worker) {
    const hs_tree *tree = worker->tree;
    float spread = tree->by_count ? 4.0f : 1.0f, most = FLT_MIN;
    HS_BITS_EACH(i, worker->allowed, tree->words)
    most = worker->score[i] > most ? worker->score[i] : most;
    HS_BITS_EACH(i, worker->allowed, tree->words)
    hs_ask(worker, i, 1.0 / (1.0 + (double)(spread * worker->score[i] / most)));
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static size_t forced(const hs_worker *worker, const hs_node *node) {
    return hs_bits_count(node->active, worker->tree->words) + worker->packed.count;
}

/* Are there cores enough, as far as counting them tells? Among dependent rows more may be needed.
 */
static bool enough(const hs_worker *worker, const hs_node *node) {
    size_t target = atomic_load_explicit(&worker->tree->target, memory_order_relaxed);
    return !worker->degenerate && forced(worker, node) >= target;
}

/* Do the fixed active rows and the packed cores rule out every point asked for? */
static bool bound_closes(hs_worker *worker, const hs_node *node) {
    hs_tree *tree = worker->tree;
    size_t target = atomic_load_explicit(&tree->target, memory_order_relaxed);
    if (forced(worker, node) < target)
        return false;
    if (tree->by_count)
        return true;
    if (hs_bits_count(node->active, tree->words) >= target && hs_rows_span(worker, node->active)) {
        hs_proof_span(worker->part, NULL, 0, NULL, NULL);
        return true;
    }
    if (!hs_transversals_span(worker, node->active))
        return false;
    size_t used;
    const size_t *which = hs_transversals_used(worker, &used);
    hs_proof_span(worker->part, which, used, worker->packed_slot, &worker->packed);
    return true;
}

/* Fixed rows that seemed to be a core and are none, because they are nearly dependent: the systems
 * of this node and below go on without one of them. Its points are then more than there are, which
 * proves what is proved for all of them. False when there is no such row. */
static bool ignore_fixed(hs_worker *worker, hs_node *node) {
    const hs_tree *tree = worker->tree;
    size_t choice = SIZE_MAX;
    for (size_t k = 0; k < worker->refuted; k++) {
        size_t row = worker->core_rows[k] % tree->total;
        bool fixed = hs_bits_test(node->inactive, row) || hs_bits_test(node->active, row);
        if (fixed && !hs_bits_test(node->ignored, row) && choice != node->last)
            choice = row;
    }
    if (choice == SIZE_MAX)
        return false;
    hs_node_set(worker, node->ignored, choice, true);
    hs_ask(worker, choice, 0.0);
    return true;
}

/* The same for free rows that are asked to be inactive too. */
static bool ignore_free(hs_worker *worker) {
    const hs_tree *tree = worker->tree;
    for (size_t k = 0; k < worker->refuted; k++) {
        size_t row = worker->core_rows[k] % tree->total;
        if (!hs_bits_test(worker->allowed, row))
            continue;
        hs_bits_clear(worker->allowed, row);
        hs_ask(worker, row, 0.0);
        return true;
    }
    return false;
}

/* Packs disjoint cores out of worker->allowed, starting each time from the node's base. Ends with a
 * feasible point in worker->work, a fixed row, or a closed node; or when floating point cannot
 * tell, or there are cores enough, but their rank is not proven. */
static node_answer peel(hs_worker *worker, hs_node *node, bool *feasible) {
    hs_tree *tree = worker->tree;
    size_t words = tree->words;
    *feasible = false;
    hs_ask_fixed(worker, node);
    ask_allowed(worker);
    for (;;) {
        hs_solver_copy(tree, &worker->work, node->base);
        hs_solve_answer answer = hs_solve(worker, &worker->work);
        if (answer == HS_SOLVE_STOPPED)
            return NODE_CLOSED;
        if (answer == HS_SOLVE_TROUBLE && ignore_free(worker))
            continue;
        *feasible = answer == HS_SOLVE_FEASIBLE;
        if (answer != HS_SOLVE_CORE)
            return NODE_OPEN;
        size_t size = 0;
        for (size_t w = 0; w < words; w++)
            worker->scratch_bits[w] = worker->last_core[w] & node->free[w];
        HS_BITS_EACH(i, worker->scratch_bits, words) {
            worker->open[size++] = (uint32_t)i;
            hs_bits_clear(worker->allowed, i);
            hs_ask(worker, i, 0.0);
        }
        if (size == 0) {
            hs_proof_dead(worker->part, worker->last_slot);
            return NODE_CLOSED;
        }
        if (size == 1) {
            hs_proof_unit(worker->part, worker->last_slot);
            hs_node_fix(worker, node->active, worker->open[0]);
            return NODE_CHANGED;
        }
        hs_pack(worker, worker->last_slot, size);
        if (bound_closes(worker, node))
            return NODE_CLOSED;
        if (enough(worker, node))
            return NODE_OPEN;
    }
}

/* The base: the point of smallest norm of the fixed rows. */
static node_answer solve_base(hs_worker *worker, hs_node *node, bool *trouble) {
    hs_ask_fixed(worker, node);
    hs_solve_answer answer = solve_again(worker, node->base);
    while (answer == HS_SOLVE_TROUBLE && ignore_fixed(worker, node))
        answer = solve_again(worker, node->base);
    switch (answer) {
    case HS_SOLVE_FEASIBLE:
        return NODE_OPEN;
    case HS_SOLVE_TROUBLE:
        *trouble = true;
        return NODE_OPEN;
    case HS_SOLVE_CORE: /* without free rows */
        hs_proof_dead(worker->part, worker->last_slot);
        return NODE_CLOSED;
    default:
        return NODE_CLOSED; /* everybody stops */
    }
}

/* No row is free, and modulo the prime the active ones do not span. Do they? Are rows in their span
 * modulo the prime that are not in it? Those are free again. */
static node_answer settle_rank(hs_worker *worker, hs_node *node) {
    hs_tree *tree = worker->tree;
    uint64_t *rows = worker->scratch_bits;
    size_t rank = hs_exact_rank(worker, node->active);
    if (rank == tree->n) {
        hs_proof_span(worker->part, NULL, 0, NULL, NULL);
        return NODE_CLOSED;
    }
    memset(rows, 0, tree->words * sizeof *rows);
    for (size_t i = 0; i < tree->count; i++)
        if (!hs_bits_test(node->inactive, i))
            hs_bits_set(rows, i);
    if (hs_exact_rank(worker, rows) == rank)
        return NODE_OPEN;
    worker->forgets_nothing = true;
    for (size_t w = 0; w < tree->words; w++)
        hs_node_change(worker, node->free + w, rows[w] & ~node->active[w]);
    return NODE_CHANGED;
}

/* Settles the fixed rows in exact arithmetic when floating point could not. */
static node_answer settle_exactly(hs_worker *worker, hs_node *node) {
    hs_tree *tree = worker->tree;
    size_t count = 0;
    bool strict = false;
    hs_feasibility answer;
    double *z = worker->last_z;
    if (hs_tree_too_large(tree))
        return NODE_CLOSED;
    HS_BITS_EACH(i, node->inactive, tree->words) worker->core_rows[count++] = i;
    HS_BITS_EACH(i, node->active, tree->words) worker->core_rows[count++] = i + tree->total;
    hs_status status = hs_system_decide_exact(&tree->signed_rows, worker->core_rows, count, &answer,
                                              z, &strict, NULL);
    if (status == HS_OK && answer == HS_EMPTY && worker->part != NULL)
        status = hs_core_record_empty(worker, count);
    if (status != HS_OK)
        hs_tree_fail(tree, status);
    if (status != HS_OK || answer == HS_EMPTY)
        return NODE_CLOSED;
    bool complete = hs_bits_next(node->free, tree->words, 0) >= 64 * tree->words;
    worker->degenerate = worker->degenerate || complete; /* the rank decides, not the count */
    node_answer rank = complete && !tree->by_count ? settle_rank(worker, node) : NODE_OPEN;
    if (rank != NODE_OPEN)
        return rank;
    double *value = worker->wide_values + 2 * tree->padded, largest;
    memset(worker->wide_values, 0, 2 * tree->padded * sizeof *value);
    hs_price(worker, z, &largest);
    for (size_t i = 0; i < tree->count; i++)
        worker->value[i] = (float)value[i];
    /* in a complete cell nothing but the exact signs may speak against the point */
    if (strict && hs_offer_point(worker, z, !complete) && tree->goal == HS_GOAL_SPAN)
        return NODE_CLOSED;
    if (!complete)
        return NODE_OPEN;
    if (!strict)
        hs_tree_unseen(tree, hs_bits_count(node->active, tree->words));
    return NODE_CLOSED;
}

/* One active row more than the cores force would be enough: so in any cell asked for, the free rows
 * outside the cores are inactive. */
static bool fix_outside(hs_worker *worker, hs_node *node, bool base_is_fresh) {
    hs_tree *tree = worker->tree;
    size_t words = tree->words;
    bool any = false, all = true;
    for (size_t w = 0; w < words; w++)
        worker->outside[w] = node->free[w] & ~worker->union_bits[w];
    if (!tree->by_count)
        hs_transversals_with(worker, node->active, worker->outside);
    for (size_t w = 0; w < words; w++) {
        all = all && worker->outside[w] == (node->free[w] & ~worker->union_bits[w]);
        any = any || worker->outside[w] != 0;
    }
    if (any && !tree->by_count) {
        size_t used;
        const size_t *which = hs_transversals_used(worker, &used);
        hs_proof_fix(worker->part, which, used, worker->packed_slot, &worker->packed,
                     worker->outside);
    }
    for (size_t w = 0; w < words; w++) {
        hs_node_change(worker, node->inactive + w, node->inactive[w] | worker->outside[w]);
        hs_node_change(worker, node->free + w, node->free[w] & ~worker->outside[w]);
    }
    if (any && all && base_is_fresh)
        hs_solver_copy(tree, node->base, &worker->work);
    return any;
}

/* Everything that can be said about the node without branching. */
static node_answer bound(hs_worker *worker, hs_node *node, bool *trouble) {
    hs_tree *tree = worker->tree;
    size_t words = tree->words;
    size_t target = atomic_load_explicit(&tree->target, memory_order_relaxed);
    if (worker->degenerate && !worker->forgets_nothing && !tree->by_count)
        forget_spanned(worker, node);
    if (worker->nearly_dependent && !tree->by_count)
        hs_find_doubtful(worker, node);
    worker->packed.count = 0;
    if (bound_closes(worker, node))
        return NODE_CLOSED;
    node_answer answer = solve_base(worker, node, trouble);
    if (answer == NODE_CLOSED)
        return answer;
    memcpy(worker->base_value, worker->value, tree->padded * sizeof *worker->value);
    hs_pool_filter(worker, node);
    if (worker->usable_count > 0) {
        size_t size = hs_pool_open(worker, node, worker->usable[0]);
        if (size == 0) {
            hs_proof_dead(worker->part, worker->usable[0]);
            return NODE_CLOSED;
        }
        if (size == 1) {
            hs_proof_unit(worker->part, worker->usable[0]);
            hs_node_fix(worker, node->active, worker->open[0]);
            return NODE_CHANGED;
        }
    }
    hs_pool_pack(worker, node);
    if (bound_closes(worker, node))
        return NODE_CLOSED;
    score_rows(worker, node);
    if (*trouble)
        return settle_exactly(worker, node);

    bool peeled = forced(worker, node) + 4 >= target && !enough(worker, node);
    for (int attempt = peeled ? 0 : 1; attempt < 2; attempt++) {
        if (attempt == 1) { /* afresh */
            worker->packed.count = 0;
            memcpy(worker->union_bits, worker->doubtful, words * sizeof(uint64_t));
        }
        for (size_t w = 0; w < words; w++)
            worker->allowed[w] = node->free[w] & ~worker->union_bits[w];
        bool feasible;
        answer = peel(worker, node, &feasible);
        if (answer != NODE_OPEN)
            return answer;
        if (feasible && hs_offer_point(worker, worker->z, true) && tree->goal == HS_GOAL_SPAN)
            return NODE_CLOSED;
        if (worker->packed.count == 0 && !feasible)
            return settle_exactly(worker, node);
        if (attempt == 0 && forced(worker, node) >= target && !hs_transversals_far(worker))
            continue; /* smaller cores may make the proof of their rank shorter */
        if (forced(worker, node) + 1 >= target) {
            bool gap = forced(worker, node) + 1 == target;
            return gap && fix_outside(worker, node, feasible) ? NODE_CHANGED : NODE_OPEN;
        }
        if (tree->by_count || forced(worker, node) + HS_FRESH_GAP < target)
            return NODE_OPEN;
    }
    return NODE_OPEN;
}

/* The row to branch on: the one in most of the small cores known here, times how far it is violated
 * at the base. */
static size_t choose_row(const hs_worker *worker, const hs_node *node) {
    const hs_tree *tree = worker->tree;
    size_t words = tree->words, row = SIZE_MAX;
    float *score = worker->score, best = -INFINITY, largest = FLT_MIN;
    for (size_t k = 0; k < worker->packed.count; k++)
        add_score(worker, hs_group(&worker->packed, k), hs_group_size(&worker->packed, k));
    HS_BITS_EACH(i, node->free, words)
    largest = worker->base_value[i] > largest ? worker->base_value[i] : largest;
    HS_BITS_EACH(i, node->free, words) {
        float violation = fmaxf(worker->base_value[i] / largest, -1.0f);
        score[i] *= 2.0f + violation;
        score[i] -= hs_bits_test(worker->doubtful, i) ? FLT_MAX / 2.0f : 0.0f;
        if (score[i] > best || row == SIZE_MAX) {
            best = score[i];
            row = i;
        }
    }
    return row;
}

void hs_worker_count(hs_worker *worker) {
    hs_tree *tree = worker->tree;
    uint64_t limit = tree->run->settings->node_limit;
    uint64_t all = atomic_fetch_add_explicit(&tree->node_count, 1, memory_order_relaxed) + 1;
    worker->nodes++;
    if (tree->node_cap > 0 && all >= tree->node_cap)
        hs_tree_give_up(tree);
    if (limit > 0 && all >= limit)
        hs_worker_poll(worker);
}

typedef enum visit_answer { VISIT_CLOSED, VISIT_LEFT_OPEN, VISIT_BELOW } visit_answer;

/* Bounds the node until it branches, is closed or given away, or the search stops. */
static visit_answer visit(hs_worker *worker) {
    hs_tree *tree = worker->tree;
    hs_node *node = &worker->node;
    hs_frame *frame = &worker->stack.frame[worker->stack.depth];
    while (!hs_tree_stopped(tree) && !frame->stolen) {
        bool trouble = false;
        hs_worker_count(worker);
        if (atomic_load_explicit(&tree->hungry, memory_order_relaxed))
            hs_stack_share(worker);
        node_answer answer = bound(worker, node, &trouble);
        if (answer == NODE_CLOSED)
            return hs_tree_stopped(tree) ? VISIT_LEFT_OPEN : VISIT_CLOSED;
        if (forced(worker, node) > frame->bound)
            frame->bound = forced(worker, node);
        if (trouble)
            hs_solver_reset(tree, node->base);
        if (answer == NODE_CHANGED)
            continue;
        size_t row = choose_row(worker, node);
        if (row == SIZE_MAX) { /* nothing is free, the cell is open in floating point */
            answer = settle_exactly(worker, node);
            if (answer == NODE_CHANGED)
                continue;
            if (answer == NODE_OPEN)
                hs_tree_doubt(tree);
            return hs_tree_stopped(tree) ? VISIT_LEFT_OPEN : VISIT_CLOSED;
        }
        if (!hs_stack_push(worker, row))
            return VISIT_LEFT_OPEN;
        hs_proof_branch(worker->part, row);
        return VISIT_BELOW;
    }
    if (!frame->stolen)
        return VISIT_LEFT_OPEN;
    hs_proof_detach(worker->part, frame->number);
    return VISIT_CLOSED;
}

void hs_node_explore(hs_worker *worker) {
    const hs_stack *stack = &worker->stack;
    for (;;) {
        visit_answer answer = visit(worker);
        if (answer == VISIT_BELOW)
            continue;
        if (answer == VISIT_LEFT_OPEN)
            hs_tree_leave_open(worker->tree, stack->frame[stack->depth].bound);
        if (stack->depth == 0)
            return;
        hs_stack_pop(worker);
    }
}
