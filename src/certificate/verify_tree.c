/* The proof that a layer is injective: a tree of assumptions about one bad point, walked depth
 * first. Nothing is believed: a step either follows from what is known in its branch, or the proof
 * is refused. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef enum state { FREE = 0, INACTIVE = 1, ACTIVE = 2 } state;

/* A subtree with a number: where another one left it to be proved, and where it is proved. */
typedef struct segment {
    uint8_t *states; /* m: what may be assumed; NULL once it is both left and proved */
    bool left, proved;
} segment;

typedef struct decision {
    size_t known; /* how much was known before it */
    size_t row;   /* assumed active first, inactive next */
} decision;

enum {
    POLL_STEPS = 4096,      /* between two looks at the caller */
    CORE_ROWS = 1 << 24,    /* in all slots together */
    PENDING_BYTES = 1 << 28 /* states of segments that are not settled */
};

typedef struct tree {
    hs_checker *checker;
    hs_rank_proof *rank;
    size_t m;
    uint8_t *states; /* m */
    size_t *known;   /* rows whose state is known, in order */
    size_t known_count;
    decision *stack; /* m + 1 */
    size_t depth;
    hs_core *slots; /* slot_count */
    size_t slot_count;
    size_t core_rows;
    segment *segments;
    size_t segment_count, segment_capacity, unsettled;
    size_t pending_bytes;
    uint64_t number; /* of the segment being read */
    bool inside;     /* a segment is being read */
    size_t *open;    /* n + 3: free rows of a core */
} tree;

/* ---- what is known in a branch ----------------------------------------------------------------
 */

static void learn(tree *t, size_t row, state s) {
    t->states[row] = (uint8_t)s;
    t->known[t->known_count++] = row;
}

static void forget(tree *t, size_t known) {
    while (t->known_count > known)
        t->states[t->known[--t->known_count]] = FREE;
}

/* The branch is closed: goes on with the other side of the last decision that has one. */
static void close_branch(tree *t) {
    t->checker->found->branches++;
    if (t->depth == 0) {
        forget(t, 0);
        t->inside = false;
        return;
    }
    decision last = t->stack[--t->depth];
    forget(t, last.known);
    learn(t, last.row, INACTIVE);
}

/* ---- segments ----------------------------------------------------------------------------------
 */

static bool find_segment(tree *t, uint64_t number, segment **found) {
    if (number >= t->segment_capacity) {
        size_t capacity = 2 * t->segment_capacity > number ? 2 * t->segment_capacity : number + 64;
        segment *grown = realloc(t->segments, capacity * sizeof *grown);
        if (grown == NULL)
            return hs_checker_no_memory(t->checker);
        memset(grown + t->segment_capacity, 0, (capacity - t->segment_capacity) * sizeof *grown);
        t->segments = grown;
        t->segment_capacity = capacity;
    }
    *found = &t->segments[number];
    return true;
}

/* What a segment may assume, as it was left (left) or as it proves (not left), has to agree. */
static bool settle(tree *t, segment *s, bool left) {
    bool *mine = left ? &s->left : &s->proved;
    if (*mine)
        return hs_checker_refuse(t->checker, "a segment is %s twice", left ? "left" : "proved");
    *mine = true;
    if (s->states != NULL) {
        bool equal = memcmp(s->states, t->states, t->m) == 0;
        free(s->states);
        s->states = NULL;
        t->pending_bytes -= t->m;
        t->unsettled--;
        return equal || hs_checker_refuse(t->checker, "a segment assumes other states than those "
                                                      "with which it was left");
    }
    if (t->pending_bytes + t->m > PENDING_BYTES)
        return hs_checker_refuse(t->checker, "too many segments wait for their other half");
    s->states = hs_allocate(t->m, 1);
    if (s->states == NULL)
        return hs_checker_no_memory(t->checker);
    memcpy(s->states, t->states, t->m);
    t->pending_bytes += t->m;
    t->unsettled++;
    t->segment_count++;
    return true;
}

static bool read_states(tree *t, state s) {
    uint64_t count, row;
    if (!hs_checker_number(t->checker, t->m + 1, "number of rows", &count))
        return false;
    for (uint64_t k = 0; k < count; k++) {
        if (!hs_checker_number(t->checker, t->m, "row", &row))
            return false;
        if (t->states[row] != FREE || !hs_checker_has_row(t->checker, row))
            return hs_checker_refuse(t->checker, "row %" PRIu64 " cannot be assumed", row);
        learn(t, row, s);
    }
    return true;
}

static bool begin_segment(tree *t) {
    segment *s = NULL;
    if (!hs_checker_number(t->checker, HS_CERTIFICATE_SEGMENTS, "segment", &t->number) ||
        !read_states(t, INACTIVE) || !read_states(t, ACTIVE) || !find_segment(t, t->number, &s))
        return false;
    t->inside = true;
    if (t->number == 0 && t->known_count > 0)
        return hs_checker_refuse(t->checker, "segment 0 is the whole domain and assumes nothing");
    return settle(t, s, false);
}

/* A subtree is left to a segment of a higher number, so no proof rests on itself. */
static bool detach(tree *t) {
    uint64_t number;
    segment *s = NULL;
    if (!hs_checker_number(t->checker, HS_CERTIFICATE_SEGMENTS, "segment", &number))
        return false;
    if (number <= t->number)
        return hs_checker_refuse(t->checker, "segment %" PRIu64 " may not rest on segment %" PRIu64,
                                 t->number, number);
    if (!find_segment(t, number, &s) || !settle(t, s, true))
        return false;
    close_branch(t);
    return true;
}

/* ---- cores -------------------------------------------------------------------------------------
 */

static bool make_slot(tree *t, size_t slot) {
    if (slot < t->slot_count)
        return true;
    size_t count = 2 * slot + 64;
    hs_core *slots = realloc(t->slots, count * sizeof *slots);
    if (slots == NULL)
        return hs_checker_no_memory(t->checker);
    memset(slots + t->slot_count, 0, (count - t->slot_count) * sizeof *slots);
    t->slots = slots;
    t->slot_count = count;
    return true;
}

static bool define_core(tree *t) {
    uint64_t slot;
    hs_core core = {0};
    if (!hs_checker_number(t->checker, HS_CORE_SLOTS, "slot", &slot) || !make_slot(t, slot))
        return false;
    bool good = hs_checker_core(t->checker, &core);
    t->core_rows += core.count;
    t->core_rows -= t->slots[slot].count;
    free(t->slots[slot].rows);
    t->slots[slot] = core;
    return good && (t->core_rows <= CORE_ROWS ||
                    hs_checker_refuse(t->checker, "the cores have too many rows"));
}

static bool read_core(tree *t, const hs_core **core) {
    uint64_t slot;
    if (!hs_checker_number(t->checker, HS_CORE_SLOTS, "slot", &slot))
        return false;
    if (slot >= t->slot_count || t->slots[slot].rows == NULL)
        return hs_checker_refuse(t->checker, "there is no core in slot %" PRIu64, slot);
    *core = &t->slots[slot];
    return true;
}

/* The rows of the core whose state is not known; all others must be in the core's states. */
static bool find_open(tree *t, const hs_core *core, size_t *count) {
    *count = 0;
    for (uint32_t k = 0; k < core->count; k++) {
        size_t row = core->rows[k] / 2;
        state wanted = core->rows[k] % 2 != 0 ? ACTIVE : INACTIVE;
        if (row >= t->m) /* a face: holds everywhere inside the domain */
            continue;
        if (t->states[row] == FREE)
            t->open[(*count)++] = core->rows[k];
        else if (t->states[row] != wanted)
            return hs_checker_refuse(t->checker, "the core does not apply: row %zu is %s", row,
                                     wanted == ACTIVE ? "inactive" : "active");
    }
    return true;
}

/* All rows but one are in the core's states: so that one is not. */
static bool unit(tree *t) {
    const hs_core *core = NULL;
    size_t count;
    if (!read_core(t, &core) || !find_open(t, core, &count))
        return false;
    if (count != 1)
        return hs_checker_refuse(t->checker, "%zu rows of the core are open, not one", count);
    learn(t, t->open[0] / 2, t->open[0] % 2 != 0 ? INACTIVE : ACTIVE);
    return true;
}

static bool dead(tree *t) {
    const hs_core *core = NULL;
    size_t count;
    if (!read_core(t, &core) || !find_open(t, core, &count))
        return false;
    if (count != 0)
        return hs_checker_refuse(t->checker, "%zu rows of the core are open, not none", count);
    close_branch(t);
    return true;
}

/* ---- active rows that span ---------------------------------------------------------------------
 */

/* The known active rows are fixed; of the open rows of each core, which ask to be inactive, one is
 * active. */
static bool read_groups(tree *t) {
    uint64_t groups;
    size_t count;
    const hs_core *core = NULL;
    hs_rank_proof_begin(t->rank);
    for (size_t k = 0; k < t->known_count; k++)
        if (t->states[t->known[k]] == ACTIVE && !hs_rank_proof_add(t->rank, t->known[k]))
            return false;
    if (!hs_checker_number(t->checker, t->checker->n + 1, "number of groups", &groups))
        return false;
    for (uint64_t g = 0; g < groups; g++) {
        if (!read_core(t, &core) || !find_open(t, core, &count) || !hs_rank_proof_group(t->rank))
            return false;
        if (count == 0)
            return hs_checker_refuse(t->checker, "no row of the core is open");
        for (size_t k = 0; k < count; k++) {
            if (t->open[k] % 2 != 0)
                return hs_checker_refuse(t->checker, "row %zu of the core asks to be active",
                                         t->open[k] / 2);
            if (!hs_rank_proof_add(t->rank, t->open[k] / 2))
                return false;
        }
    }
    return true;
}

static bool span(tree *t) {
    if (!read_groups(t) || !hs_rank_proof_holds(t->rank))
        return false;
    close_branch(t);
    return true;
}

/* Rows that would make the active rows span are inactive at a bad point. */
static bool fix(tree *t) {
    uint64_t count, row;
    if (!read_groups(t) || !hs_rank_proof_group(t->rank) ||
        !hs_checker_number(t->checker, t->m + 1, "number of rows", &count))
        return false;
    if (count == 0)
        return hs_checker_refuse(t->checker, "no row is fixed");
    size_t known = t->known_count;
    for (uint64_t k = 0; k < count; k++) {
        if (!hs_checker_number(t->checker, t->m, "row", &row))
            return false;
        if (t->states[row] != FREE || !hs_checker_has_row(t->checker, row))
            return hs_checker_refuse(t->checker, "row %" PRIu64 " is not open", row);
        if (!hs_rank_proof_add(t->rank, row))
            return false;
        learn(t, row, INACTIVE);
    }
    return known < t->known_count && hs_rank_proof_holds(t->rank);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static bool branch(tree *t) {
    uint64_t row;
    if (!hs_checker_number(t->checker, t->m, "row", &row))
        return false;
    if (t->states[row] != FREE || !hs_checker_has_row(t->checker, row))
        return hs_checker_refuse(t->checker, "row %" PRIu64 " is not open", row);
    t->stack[t->depth++] = (decision){.known = t->known_count, .row = row};
    learn(t, row, ACTIVE);
    return true;
}

/* Everything has to be settled: segment 0, and every segment that was left. */
static bool finish(tree *t) {
    uint64_t count;
    if (!hs_checker_number(t->checker, HS_CERTIFICATE_SEGMENTS + 1, "number of segments", &count))
        return false;
    if (t->segment_capacity == 0 || !t->segments[0].proved)
        return hs_checker_refuse(t->checker, "segment 0, the whole domain, is missing");
    if (t->unsettled != 1 || count != t->segment_count) /* nobody leaves segment 0 */
        return hs_checker_refuse(t->checker, "a segment is missing");
    return hs_input_step_byte(&t->checker->input) == EOF
               ? t->checker->input.damage == NULL ||
                     hs_checker_damaged(t->checker, "%s", t->checker->input.damage)
               : hs_checker_damaged(t->checker, "steps follow the end of the proof");
}

static bool interrupted(const hs_checker *checker) {
    const hs_settings *settings = checker->settings;
    return settings != NULL && settings->interrupted != NULL &&
           settings->interrupted(settings->data);
}

static bool walk(tree *t) {
    for (uint64_t steps = 1;; steps++) {
        uint64_t step;
        bool good = false;
        if (!hs_checker_number(t->checker, HS_STEP_END + 1, "step", &step))
            return false;
        if (step == 0)
            return hs_checker_damaged(t->checker, "there is no step 0");
        if (steps % POLL_STEPS == 0 && interrupted(t->checker))
            return hs_checker_refuse(t->checker, "stopped before the end of the proof");
        t->checker->found->steps = steps;
        if (step == HS_STEP_CORE) {
            if (!define_core(t))
                return false;
            continue;
        }
        if ((step == HS_STEP_SEGMENT || step == HS_STEP_END) == t->inside)
            return hs_checker_refuse(t->checker, t->inside ? "the segment is not closed"
                                                           : "a step outside every segment");
        switch (step) {
        case HS_STEP_SEGMENT:
            good = begin_segment(t);
            break;
        case HS_STEP_UNIT:
            good = unit(t);
            break;
        case HS_STEP_DEAD:
            good = dead(t);
            break;
        case HS_STEP_SPAN:
            good = span(t);
            break;
        case HS_STEP_FIX:
            good = fix(t);
            break;
        case HS_STEP_BRANCH:
            good = branch(t);
            break;
        case HS_STEP_DETACH:
            good = detach(t);
            break;
        case HS_STEP_END:
            return finish(t);
        }
        if (!good)
            return false;
    }
}

bool hs_checker_tree(hs_checker *checker) {
    tree t = {.checker = checker, .m = checker->m};
    t.rank = hs_rank_proof_create(checker);
    t.states = hs_allocate(t.m, sizeof *t.states);
    t.known = hs_allocate(t.m, sizeof *t.known);
    t.stack = hs_allocate(t.m + 1, sizeof *t.stack);
    t.open = hs_allocate(checker->n + 3, sizeof *t.open);
    bool good =
        t.rank != NULL && t.states != NULL && t.known != NULL && t.stack != NULL && t.open != NULL;
    good = good ? walk(&t) : hs_checker_no_memory(checker);
    for (size_t k = 0; k < t.segment_capacity; k++)
        free(t.segments[k].states);
    for (size_t k = 0; k < t.slot_count; k++)
        free(t.slots[k].rows);
    hs_rank_proof_free(t.rank);
    free(t.segments);
    free(t.states);
    free(t.known);
    free(t.stack);
    free(t.slots);
    free(t.open);
    return good;
}
