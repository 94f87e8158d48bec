/* The proof that a layer is injective: a tree of assumptions about one bad point, walked depth
 * first. Nothing is believed: a step either follows from what is known in its branch, or the proof
 * is refused. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef enum state { OPEN = 0, INACTIVE = 1, ACTIVE = 2 } state;

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
    POLL_STEPS = 256,       /* between two looks at the caller */
    CORE_ROWS = 1 << 24,    /* in all slots together */
    PENDING_BYTES = 1 << 28 /* states of segments that are not settled */
};

typedef struct hs_tree {
    uint8_t *states; /* m */
    size_t *known;   /* rows whose state is known, in order */
    size_t known_count;
    decision *stack; /* m */
    size_t depth;
    hs_core *slots; /* HS_CORE_SLOTS */
    size_t core_rows;
    uint32_t *open; /* signed rows of a core that are open */
    segment *segments;
    size_t segment_count, segment_capacity, unsettled;
    uint64_t number; /* of the segment being read */
    bool inside;     /* a segment is being read */
    bool finished;
} hs_tree;

/* ---- what is known in a branch ---- */

static void learn(hs_tree *t, size_t row, state s) {
    t->states[row] = (uint8_t)s;
    t->known[t->known_count++] = row;
}

static void forget(hs_tree *t, size_t known) {
    while (t->known_count > known)
        t->states[t->known[--t->known_count]] = OPEN;
}

/* The branch is closed: goes on with the other side of the last decision that has one. */
static void close_branch(hs_checker *c) {
    hs_tree *t = c->tree;
    c->found->branches++;
    t->inside = t->depth > 0;
    if (t->inside) {
        decision last = t->stack[--t->depth];
        forget(t, last.known);
        learn(t, last.row, INACTIVE);
    } else {
        forget(t, 0);
    }
}

/* A row about which something is about to be learnt. */
static size_t read_open_row(hs_checker *c) {
    size_t row = hs_number(c, c->m, "row");
    hs_require(c, c->tree->states[row] == OPEN && c->usable[row], "row %zu is not open", row);
    return row;
}

static void branch(hs_checker *c) {
    hs_tree *t = c->tree;
    size_t row = read_open_row(c);
    t->stack[t->depth++] = (decision){.known = t->known_count, .row = row};
    learn(t, row, ACTIVE);
}

/* ---- segments ---- */

static segment *find_segment(hs_checker *c, uint64_t number) {
    hs_tree *t = c->tree;
    if (number >= t->segment_capacity) {
        size_t capacity = 2 * number + 64;
        t->segments = hs_got(c, realloc(t->segments, capacity * sizeof *t->segments));
        memset(t->segments + t->segment_capacity, 0,
               (capacity - t->segment_capacity) * sizeof *t->segments);
        t->segment_capacity = capacity;
    }
    return &t->segments[number];
}

/* Once as it is left and once as it is proved, with the same states. */
static void settle(hs_checker *c, uint64_t number, bool left) {
    hs_tree *t = c->tree;
    segment *s = find_segment(c, number);
    bool *mine = left ? &s->left : &s->proved;
    hs_require(c, !*mine, "a segment is %s twice", left ? "left" : "proved");
    *mine = true;
    if (s->states != NULL) {
        hs_require(c, memcmp(s->states, t->states, c->m) == 0,
                   "a segment assumes other states than those with which it was left");
        free(s->states);
        s->states = NULL;
        t->unsettled--;
    } else {
        t->segment_count++;
        t->unsettled++;
        hs_require(c, t->unsettled * c->m <= PENDING_BYTES,
                   "too many segments wait for their other half");
        s->states = hs_got(c, hs_copy(t->states, c->m, 1));
    }
}

static void begin_segment(hs_checker *c) {
    hs_tree *t = c->tree;
    t->number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    for (state s = INACTIVE; s <= ACTIVE; s++)
        for (uint64_t left = hs_number(c, c->m + 1, "number of rows"); left > 0; left--)
            learn(t, read_open_row(c), s);
    hs_require(c, t->number > 0 || t->known_count == 0,
               "segment 0 is the whole domain and assumes nothing");
    t->inside = true;
    settle(c, t->number, false);
}

/* A subtree is left to a segment of a higher number, so no proof rests on itself. */
static void detach(hs_checker *c) {
    uint64_t number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    hs_require(c, number > c->tree->number, "segment %" PRIu64 " may not rest on segment %" PRIu64,
               c->tree->number, number);
    settle(c, number, true);
    close_branch(c);
}

/* Everything has to be settled: segment 0, which nobody leaves, and every segment that was left. */
static void finish(hs_checker *c) {
    hs_tree *t = c->tree;
    uint64_t count = hs_number(c, HS_CERTIFICATE_SEGMENTS + 1, "number of segments");
    hs_require(c, find_segment(c, 0)->proved, "segment 0, the whole domain, is missing");
    hs_require(c, t->unsettled == 1 && count == t->segment_count, "a segment is missing");
    hs_undamaged(c, hs_step_byte(c) == EOF, "steps follow the end of the proof");
    t->finished = true;
}

/* ---- cores ---- */

static void define_core(hs_checker *c) {
    hs_core *core = &c->tree->slots[hs_number(c, HS_CORE_SLOTS, "slot")];
    c->tree->core_rows -= core->count;
    hs_check_core(c, core);
    c->tree->core_rows += core->count;
    hs_require(c, c->tree->core_rows <= CORE_ROWS, "the cores have too many rows");
}

/* The rows of a core whose state is not known; all others must be in the core's states. */
static size_t read_open(hs_checker *c) {
    hs_tree *t = c->tree;
    uint64_t slot = hs_number(c, HS_CORE_SLOTS, "slot");
    const hs_core *core = &t->slots[slot];
    size_t count = 0;
    hs_require(c, core->rows != NULL, "there is no core in slot %" PRIu64, slot);
    for (size_t k = 0; k < core->count; k++) {
        size_t row = core->rows[k] / 2;
        state wanted = core->rows[k] % 2 != 0 ? ACTIVE : INACTIVE;
        if (row >= c->m) /* a face: inactive everywhere inside the domain */
            continue;
        if (t->states[row] == OPEN)
            t->open[count++] = core->rows[k];
        else if (t->states[row] != wanted)
            hs_require(c, false, "the core does not apply: row %zu is %s", row,
                       wanted == ACTIVE ? "inactive" : "active");
    }
    return count;
}

/* All rows but one are in the core's states: so that one is not. */
static void unit(hs_checker *c) {
    size_t count = read_open(c);
    hs_require(c, count == 1, "%zu rows of the core are open, not one", count);
    uint32_t last = c->tree->open[0];
    learn(c->tree, last / 2, last % 2 != 0 ? INACTIVE : ACTIVE);
}

static void dead(hs_checker *c) {
    size_t count = read_open(c);
    hs_require(c, count == 0, "%zu rows of the core are open, not none", count);
    close_branch(c);
}

/* ---- active rows that span ---- */

/* Of the open rows of each core, which ask to be inactive, one is active. */
static void read_groups(hs_checker *c) {
    const uint32_t *open = c->tree->open;
    hs_span_begin(c);
    for (uint64_t left = hs_number(c, c->n + 1, "number of groups"); left > 0; left--) {
        size_t count = read_open(c);
        hs_require(c, count > 0, "no row of the core is open");
        for (size_t k = 0; k < count; k++) {
            hs_require(c, open[k] % 2 == 0, "row %" PRIu32 " of the core asks to be active",
                       open[k] / 2);
            hs_span_row(c, open[k] / 2);
        }
        hs_span_part(c);
    }
}

/* The known active rows are a part each. */
static void add_active(hs_checker *c) {
    const hs_tree *t = c->tree;
    for (size_t k = 0; k < t->known_count; k++)
        if (t->states[t->known[k]] == ACTIVE) {
            hs_span_row(c, t->known[k]);
            hs_span_part(c);
        }
}

static void span(hs_checker *c) {
    read_groups(c);
    add_active(c);
    hs_check_span(c);
    close_branch(c);
}

/* Rows that would make the active rows span are inactive at a bad point. */
static void fix(hs_checker *c) {
    read_groups(c);
    uint64_t count = hs_number(c, c->m + 1, "number of rows");
    hs_require(c, count > 0, "no row is fixed");
    for (; count > 0; count--) {
        size_t row = read_open_row(c);
        hs_span_row(c, row);
        learn(c->tree, row, INACTIVE);
    }
    hs_span_part(c);
    add_active(c);
    hs_check_span(c);
}

/* ---- steps ---- */

typedef void step(hs_checker *c);
static step *const steps[HS_STEP_END + 1] = {[HS_STEP_SEGMENT] = begin_segment,
                                             [HS_STEP_CORE] = define_core,
                                             [HS_STEP_UNIT] = unit,
                                             [HS_STEP_DEAD] = dead,
                                             [HS_STEP_SPAN] = span,
                                             [HS_STEP_FIX] = fix,
                                             [HS_STEP_BRANCH] = branch,
                                             [HS_STEP_DETACH] = detach,
                                             [HS_STEP_END] = finish};

static void take_step(hs_checker *c) {
    const hs_settings *settings = c->settings;
    hs_tree *t = c->tree;
    uint64_t code = hs_number(c, HS_STEP_END + 1, "step");
    bool outside = code == HS_STEP_SEGMENT || code == HS_STEP_END;
    hs_undamaged(c, code != 0, "there is no step 0");
    hs_require(c, code == HS_STEP_CORE || outside != t->inside,
               t->inside ? "the segment is not closed" : "a step outside every segment");
    hs_require(c,
               c->found->steps++ % POLL_STEPS != 0 || settings == NULL ||
                   settings->interrupted == NULL || !settings->interrupted(settings->data),
               "stopped before the end of the proof");
    steps[code](c);
}

void hs_check_tree(hs_checker *c) {
    hs_tree *t = c->tree = hs_memory(c, 1, 1, sizeof *t);
    t->states = hs_memory(c, c->m, 1, sizeof *t->states);
    t->known = hs_memory(c, c->m, 1, sizeof *t->known);
    t->stack = hs_memory(c, c->m, 1, sizeof *t->stack);
    t->open = hs_memory(c, c->n + 2, 1, sizeof *t->open);
    t->slots = hs_memory(c, HS_CORE_SLOTS, 1, sizeof *t->slots);
    hs_expect(c, "steps\n");
    c->in_steps = true;
    while (!t->finished)
        take_step(c);
    c->in_steps = false;
}

void hs_tree_free(hs_checker *c) {
    hs_tree *t = c->tree;
    for (size_t k = 0; t != NULL && k < t->segment_capacity; k++)
        free(t->segments[k].states);
    for (size_t k = 0; t != NULL && t->slots != NULL && k < HS_CORE_SLOTS; k++)
        free(t->slots[k].rows);
    if (t != NULL)
        free(t->segments);
}
