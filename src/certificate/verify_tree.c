/* The proof that a layer is injective: a tree of assumptions about one bad point, walked depth
 * first. Nothing is believed: a step either follows from what is known in its branch, or the proof
 * is refused. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a row. */
enum { OPEN = 0, INACTIVE = 1, ACTIVE = 2 };

enum {
    POLL_STEPS = 256,       /* between two looks at the caller */
    PENDING_BYTES = 1 << 28 /* states of segments that are not settled */
};

/* A subtree with a number: where another one left it to be proved, and where it is proved. */
typedef struct segment {
    uint8_t *states; /* m: what may be assumed; NULL once it is both left and proved */
    bool left, proved;
} segment;

static void learn(hs_checker *c, size_t row, int state) {
    c->states[row] = (uint8_t)state;
    c->known[c->known_count++] = (uint32_t)row;
}

/* The branch is closed: goes on with the other side of the last decision that has one. */
static void close_branch(hs_checker *c) {
    c->found->branches++;
    c->inside = c->depth > 0;
    size_t known = c->inside ? c->decisions[--c->depth] : 0;
    size_t row = c->known[known];
    while (c->known_count > known)
        c->states[c->known[--c->known_count]] = OPEN;
    if (c->inside)
        learn(c, row, INACTIVE);
}

/* A row about which something is about to be learnt. */
static size_t read_open_row(hs_checker *c) {
    size_t row = hs_number(c, c->m, "row");
    hs_require(c, c->states[row] == OPEN && c->usable[row], "row %zu is not open", row);
    return row;
}

static void branch(hs_checker *c) {
    size_t row = read_open_row(c);
    c->decisions[c->depth++] = c->known_count;
    learn(c, row, ACTIVE);
}

/* Once as it is left and once as it is proved, with the same states. */
static void settle(hs_checker *c, uint64_t number, bool left) {
    segment *s = (segment *)hs_memory(c, HS_OF_SEGMENTS, number + 1, sizeof *s) + number;
    hs_require(c, !(left ? s->left : s->proved), "a segment is %s twice", left ? "left" : "proved");
    *(left ? &s->left : &s->proved) = true;
    if (s->states == NULL) {
        c->segments++;
        hs_require(c, ++c->unsettled * c->m <= PENDING_BYTES, "too many segments wait");
        s->states = hs_copy(c->states, c->m, 1);
        hs_enough(c, s->states != NULL);
        return;
    }
    hs_require(c, memcmp(s->states, c->states, c->m) == 0,
               "a segment assumes other states than those with which it was left");
    free(s->states);
    s->states = NULL;
    c->unsettled--;
}

static void begin_segment(hs_checker *c) {
    c->number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    for (int state = INACTIVE; state <= ACTIVE; state++)
        for (uint64_t left = hs_number(c, c->m + 1, "number of rows"); left > 0; left--)
            learn(c, read_open_row(c), state);
    hs_require(c, c->number > 0 || c->known_count == 0,
               "segment 0 is the whole domain and assumes nothing");
    c->inside = true;
    settle(c, c->number, false);
}

/* A subtree is left to a segment of a higher number, so no proof rests on itself. */
static void detach(hs_checker *c) {
    uint64_t number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    hs_require(c, number > c->number, "segment %" PRIu64 " may not rest on segment %" PRIu64,
               c->number, number);
    settle(c, number, true);
    close_branch(c);
}

/* Everything has to be settled: segment 0, which nobody leaves, and every segment that was left. */
static void finish(hs_checker *c) {
    const segment *first = hs_memory(c, HS_OF_SEGMENTS, 1, sizeof *first);
    uint64_t count = hs_number(c, HS_CERTIFICATE_SEGMENTS + 1, "number of segments");
    hs_require(c, first->proved, "segment 0, the whole domain, is missing");
    hs_require(c, c->unsettled == 1 && count == c->segments, "a segment is missing");
    hs_undamaged(c, hs_step_byte(c) == EOF, "steps follow the end of the proof");
    c->finished = true;
}

void hs_free_segments(hs_checker *c) {
    segment *s = c->memory[HS_OF_SEGMENTS];
    for (size_t k = 0; k < c->size_of[HS_OF_SEGMENTS] / sizeof *s; k++)
        free(s[k].states);
}

/* A core is its number of rows, 0 when there is none, and its signed rows. */
static void define_core(hs_checker *c) {
    size_t slot = hs_number(c, HS_CORE_SLOTS, "slot"), width = c->n + 3;
    uint32_t *cores = hs_memory(c, HS_OF_CORES, (slot + 1) * width, sizeof *cores);
    hs_check_core(c, cores + slot * width);
}

/* The rows of a core whose state is not known; all others must be in the core's states. */
static size_t read_core(hs_checker *c) {
    size_t slot = hs_number(c, HS_CORE_SLOTS, "slot"), width = c->n + 3, count = 0;
    const uint32_t *cores = hs_memory(c, HS_OF_CORES, (slot + 1) * width, sizeof *cores);
    const uint32_t *core = cores + slot * width;
    hs_require(c, core[0] > 0, "there is no core in slot %zu", slot);
    for (size_t k = 1; k <= core[0]; k++) {
        size_t row = core[k] / 2, wanted = core[k] % 2 != 0 ? ACTIVE : INACTIVE;
        if (row >= c->m) /* a face: inactive everywhere inside the domain */
            continue;
        if (c->states[row] == OPEN)
            c->open[count++] = core[k];
        else
            hs_require(c, c->states[row] == wanted, "the core does not apply: row %zu is %s", row,
                       wanted == ACTIVE ? "inactive" : "active");
    }
    return count;
}

/* All rows but one are in the core's states: so that one is not. */
static void unit(hs_checker *c) {
    size_t count = read_core(c);
    hs_require(c, count == 1, "%zu rows of the core are open, not one", count);
    learn(c, c->open[0] / 2, c->open[0] % 2 != 0 ? INACTIVE : ACTIVE);
}

static void dead(hs_checker *c) {
    size_t count = read_core(c);
    hs_require(c, count == 0, "%zu rows of the core are open, not none", count);
    close_branch(c);
}

/* Of the open rows of each core, which ask to be inactive, one is active; the rows known to be
 * active are a part each. */
static void read_groups(hs_checker *c) {
    hs_span_begin(c);
    for (uint64_t left = hs_number(c, c->n + 1, "number of groups"); left > 0; left--) {
        size_t count = read_core(c);
        hs_require(c, count > 0, "no row of the core is open");
        for (size_t k = 0; k < count; k++) {
            hs_require(c, c->open[k] % 2 == 0, "row %zu of the core asks to be active",
                       (size_t)c->open[k] / 2);
            hs_span_row(c, c->open[k] / 2);
        }
        hs_span_part(c);
    }
    for (size_t k = 0; k < c->known_count; k++)
        if (c->states[c->known[k]] == ACTIVE) {
            hs_span_row(c, c->known[k]);
            hs_span_part(c);
        }
}

static void span(hs_checker *c) {
    read_groups(c);
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
        learn(c, row, INACTIVE);
    }
    hs_span_part(c);
    hs_check_span(c);
}

static void (*const steps[HS_STEP_END + 1])(hs_checker *c) = {[HS_STEP_SEGMENT] = begin_segment,
                                                              [HS_STEP_CORE] = define_core,
                                                              [HS_STEP_UNIT] = unit,
                                                              [HS_STEP_DEAD] = dead,
                                                              [HS_STEP_SPAN] = span,
                                                              [HS_STEP_FIX] = fix,
                                                              [HS_STEP_BRANCH] = branch,
                                                              [HS_STEP_DETACH] = detach,
                                                              [HS_STEP_END] = finish};

void hs_check_tree(hs_checker *c) {
    const hs_settings *settings = c->settings;
    c->states = hs_memory(c, HS_OF_STATES, c->m, sizeof *c->states);
    c->known = hs_memory(c, HS_OF_KNOWN, c->m, sizeof *c->known);
    c->decisions = hs_memory(c, HS_OF_DECISIONS, c->m, sizeof *c->decisions);
    c->open = hs_memory(c, HS_OF_OPEN, c->n + 2, sizeof *c->open);
    hs_expect(c, "steps\n");
    c->in_steps = true;
    while (!c->finished) {
        uint64_t code = hs_number(c, HS_STEP_END + 1, "step");
        bool outside = code == HS_STEP_SEGMENT || code == HS_STEP_END;
        hs_undamaged(c, code != 0, "there is no step 0");
        hs_require(c, code == HS_STEP_CORE || outside != c->inside,
                   c->inside ? "the segment is not closed" : "a step outside every segment");
        hs_require(c,
                   c->found->steps++ % POLL_STEPS != 0 || settings == NULL ||
                       settings->interrupted == NULL || !settings->interrupted(settings->data),
                   "stopped before the end of the proof");
        steps[code](c);
    }
    c->in_steps = false;
}
