/* The way from the root of a worker's subtree to its node. There is one copy of the node's sets,
 * and a list of what they were before they were changed, so that memory grows with the rows and not
 * with rows times depth. */
#include "engine/branch.h"

#include "support/allocate.h"

#include <stdlib.h>
#include <string.h>

hs_status hs_stack_create(hs_worker *worker) {
    size_t words = worker->tree->words;
    hs_node *node = &worker->node;
    node->inactive = hs_allocate_matrix(4, words, sizeof *node->inactive);
    if (node->inactive == NULL)
        return HS_NO_MEMORY;
    node->active = node->inactive + words;
    node->free = node->active + words;
    node->ignored = node->free + words;
    return HS_OK;
}

void hs_stack_clear(hs_worker *worker) {
    for (size_t k = 0; k < HS_BASES; k++)
        hs_solver_clear(&worker->bases[k].solver);
    free(worker->node.inactive);
    free(worker->stack.frame);
    free(worker->stack.change);
}

uint64_t hs_stack_pivots(const hs_worker *worker) {
    uint64_t pivots = 0;
    for (size_t k = 0; k < HS_BASES; k++)
        pivots += hs_solver_pivots(&worker->bases[k].solver);
    return pivots;
}

/* Room for one more in an array that doubles; the array as it was when there is none. */
static bool make_room(hs_worker *worker, void **array, size_t *room, size_t count, size_t size) {
    if (count < *room)
        return true;
    size_t wanted = *room < 32 ? 64 : 2 * *room;
    void *larger = wanted <= SIZE_MAX / size ? realloc(*array, wanted * size) : NULL;
    if (larger == NULL) {
        hs_tree_fail(worker->tree, HS_NO_MEMORY);
        return false;
    }
    *array = larger;
    *room = wanted;
    return true;
}

static bool frame_room(hs_worker *worker, size_t depth) {
    hs_stack *stack = &worker->stack;
    void *array = stack->frame;
    bool enough = make_room(worker, &array, &stack->frame_room, depth, sizeof *stack->frame);
    stack->frame = array;
    return enough;
}

/* The base of the node's depth: as it was left there, unless a deeper node has taken its place. */
static bool take_base(hs_worker *worker) {
    size_t depth = worker->stack.depth;
    hs_base *base = &worker->bases[depth % worker->tree->bases];
    bool kept = base->used && base->depth == depth;
    if (!base->used && hs_solver_create(worker->tree, &base->solver) != HS_OK) {
        hs_solver_clear(&base->solver);
        hs_tree_fail(worker->tree, HS_NO_MEMORY);
        return false;
    }
    base->used = true;
    base->depth = depth;
    worker->node.base = &base->solver;
    if (!kept)
        hs_solver_reset(worker->tree, &base->solver);
    return true;
}

bool hs_stack_start(hs_worker *worker) {
    worker->stack.depth = worker->stack.changes = 0;
    worker->node.last = SIZE_MAX;
    if (!frame_room(worker, 0) || !take_base(worker))
        return false;
    worker->stack.frame[0] = (hs_frame){0};
    hs_solver_reset(worker->tree, worker->node.base);
    return true;
}

void hs_node_change(hs_worker *worker, uint64_t *word, uint64_t bits) {
    hs_stack *stack = &worker->stack;
    if (*word == bits)
        return;
    void *array = stack->change;
    if (make_room(worker, &array, &stack->change_room, stack->changes, sizeof *stack->change)) {
        stack->change = array;
        stack->change[stack->changes++] =
            (hs_change){.word = (size_t)(word - worker->node.inactive), .bits = *word};
    }
    *word = bits;
}

/* Undoes what was done since the list had this length, in `sets`, a copy of the node's or these. */
static void undo(const hs_worker *worker, size_t mark, uint64_t *sets) {
    const hs_stack *stack = &worker->stack;
    for (size_t k = stack->changes; k > mark; k--)
        sets[stack->change[k - 1].word] = stack->change[k - 1].bits;
}

bool hs_stack_push(hs_worker *worker, size_t row) {
    hs_stack *stack = &worker->stack;
    const hs_solver *base = worker->node.base;
    if (!frame_room(worker, stack->depth + 1))
        return false;
    hs_frame *frame = &stack->frame[stack->depth++];
    frame->row = worker->node.last = row;
    frame->mark = stack->changes;
    frame[1] = (hs_frame){.bound = frame->bound};
    if (!take_base(worker))
        return false;
    hs_solver_copy(worker->tree, worker->node.base, base);
    hs_node_fix(worker, worker->node.active, row);
    return true;
}

void hs_stack_pop(hs_worker *worker) {
    hs_stack *stack = &worker->stack;
    hs_frame *frame = &stack->frame[--stack->depth];
    undo(worker, frame->mark, worker->node.inactive);
    stack->changes = frame->mark;
    worker->node.last = frame->row;
    hs_node_fix(worker, worker->node.inactive, frame->row);
    take_base(worker);
}

void hs_node_set(hs_worker *worker, uint64_t *set, size_t row, bool member) {
    uint64_t bit = UINT64_C(1) << (row % 64), *word = set + row / 64;
    hs_node_change(worker, word, member ? *word | bit : *word & ~bit);
}

void hs_node_fix(hs_worker *worker, uint64_t *set, size_t row) {
    hs_node_set(worker, worker->node.free, row, false);
    hs_node_set(worker, set, row, true);
}

void hs_stack_share(hs_worker *worker) {
    hs_stack *stack = &worker->stack;
    size_t words = worker->tree->words, depth = 0;
    while (depth < stack->depth && stack->frame[depth].stolen)
        depth++;
    if (depth == stack->depth)
        return;
    hs_frame *frame = &stack->frame[depth];
    uint64_t *sets = hs_copy(worker->node.inactive, 4 * words, sizeof *sets);
    if (sets == NULL)
        return;
    undo(worker, frame->mark, sets);
    hs_bits_clear(sets + 2 * words, frame->row);
    hs_bits_set(sets, frame->row);
    frame->stolen = hs_tree_give(worker->tree, sets, sets + words, sets + 2 * words, frame->bound,
                                 &frame->number);
    free(sets);
}
