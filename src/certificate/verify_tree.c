/* The proof that a layer is injective: a tree of assumptions about one bad point, walked depth
 * first. Nothing is believed: a step either follows from what is known in its branch, or the proof
 * is refused. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { OPEN = 0, INACTIVE = 1, ACTIVE = 2 }; /* what is known of a row */
enum { POLL_STEPS = 256, PENDING_BYTES = 1 << 28 };

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
    size_t known = c->inside ? c->decisions[--c->depth] : 0, row = c->known[known];
    while (c->known_count > known)
        c->states[c->known[--c->known_count]] = OPEN;
    if (c->inside)
        learn(c, row, INACTIVE);
}

/* A row about which something is about to be learnt. */
static size_t read_open_row(hs_checker *c) {
    size_t row = hs_number(c, c->m, "row");
    hs_require(c, c->states[row] == OPEN && c->usable[row],
               "row %zu is not open and cannot be assumed", row);
    return row;
}

static void branch(hs_checker *c) {
    size_t row = read_open_row(c);
    c->decisions[c->depth++] = c->known_count;
    learn(c, row, ACTIVE);
}

/* Once as it is left and once as it is proved, with the same states. */
static void settle(hs_checker *c, uint64_t number, bool left) {
    segment *s = (segment *)hs_memory(c, HS_SEGMENTS, number + 1, sizeof *s) + number;
    bool *done = left ? &s->left : &s->proved, first = !s->left && !s->proved;
    hs_require(c, !*done, "a segment is %s twice", left ? "left" : "proved");
    *done = true;
    if (first) {
        c->pending += c->m;
        hs_require(c, c->pending <= PENDING_BYTES, "too many segments wait to be left or proved");
        s->states = hs_copy(c->states, c->m, 1);
        hs_enough(c, s->states != NULL);
        return;
    }
    hs_require(c, memcmp(s->states, c->states, c->m) == 0,
               "a segment assumes other states than those with which it was left");
    free(s->states);
    s->states = NULL;
    c->pending -= c->m;
}

static void begin_segment(hs_checker *c) {
    c->number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    for (int state = INACTIVE; state <= ACTIVE; state++)
        for (uint64_t left = hs_number(c, c->m + 1, "number of rows"); left > 0; left--)
            learn(c, read_open_row(c), state);
    hs_require(c, c->number > 0 || c->known_count == 0, "segment 0, the domain, assumes nothing");
    c->inside = true;
    settle(c, c->number, false);
}

/* A subtree is left to a segment of a higher number, so no proof rests on itself. */
static void detach(hs_checker *c) {
    uint64_t number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    hs_require(c, number > c->number, "a segment may not rest on segment %" PRIu64, number);
    settle(c, number, true);
    close_branch(c);
}

/* The whole domain is proved, and so is all that was left. */
static void finish(hs_checker *c) {
    uint64_t count = hs_number(c, HS_CERTIFICATE_SEGMENTS + 1, "number of segments");
    const segment *s = hs_memory(c, HS_SEGMENTS, 1, sizeof *s);
    for (size_t k = 0; k < c->size_of[HS_SEGMENTS] / sizeof *s; count -= s[k++].proved)
        hs_require(c, s[k].proved == (s[k].left || k == 0), "segment %zu is missing", k);
    hs_require(c, count == 0, "a segment is missing, or there are too many");
    hs_undamaged(c, hs_step_byte(c) == EOF, "steps follow the end of the proof");
    c->finished = true;
}

void hs_free_segments(hs_checker *c) {
    segment *s = c->memory[HS_SEGMENTS];
    for (size_t k = 0; k < c->size_of[HS_SEGMENTS] / sizeof *s; k++)
        free(s[k].states);
}

/* The number of rows of a core, 0 when there is none, and its signed rows. */
static uint32_t *find_core(hs_checker *c, size_t slot) {
    size_t width = c->n + 3;
    return (uint32_t *)hs_memory(c, HS_CORES, (slot + 1) * width, sizeof(uint32_t)) + slot * width;
}

static void core(hs_checker *c) {
    hs_check_core(c, find_core(c, hs_number(c, HS_CORE_SLOTS, "slot")));
}

/* The rows of a core whose state is not known; all others must be in the core's states. */
static size_t read_core(hs_checker *c) {
    size_t slot = hs_number(c, HS_CORE_SLOTS, "slot"), count = 0;
    const uint32_t *rows = find_core(c, slot);
    hs_require(c, rows[0] > 0, "there is no core in slot %zu", slot);
    for (size_t k = 1; k <= rows[0]; k++) {
        size_t row = rows[k] / 2, wanted = rows[k] % 2 != 0 ? ACTIVE : INACTIVE;
        if (row >= c->m) /* a face: inactive everywhere inside the domain */
            continue;
        if (c->states[row] == OPEN)
            c->open[count++] = rows[k];
        else
            hs_require(c, c->states[row] == wanted, "the core does not apply, for row %zu", row);
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

static void end_part(hs_checker *c) {
    c->part[++c->parts] = c->span_count;
}

/* Of the open rows of each core, which ask to be inactive, one is active. Each row that is known to
 * be active is a part of its own. */
static void read_groups(hs_checker *c) {
    c->parts = c->span_count = 0;
    for (uint64_t left = hs_number(c, c->n + 1, "number of groups"); left > 0; left--) {
        size_t count = read_core(c);
        hs_require(c, count > 0, "no row of the core is open");
        for (size_t k = 0; k < count; k++) {
            c->span[c->span_count++] = c->open[k] / 2;
            hs_require(c, c->open[k] % 2 == 0, "a row of the core asks to be active");
        }
        end_part(c);
    }
    for (size_t k = 0; k < c->known_count; k++)
        if (c->states[c->known[k]] == ACTIVE) {
            c->span[c->span_count++] = c->known[k];
            end_part(c);
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
        c->span[c->span_count++] = (uint32_t)read_open_row(c);
        learn(c, c->span[c->span_count - 1], INACTIVE);
    }
    end_part(c);
    hs_check_span(c);
}

static void (*const steps[HS_STEP_END + 1])(hs_checker *c) = {[HS_STEP_SEGMENT] = begin_segment,
                                                              [HS_STEP_CORE] = core,
                                                              [HS_STEP_UNIT] = unit,
                                                              [HS_STEP_DEAD] = dead,
                                                              [HS_STEP_SPAN] = span,
                                                              [HS_STEP_FIX] = fix,
                                                              [HS_STEP_BRANCH] = branch,
                                                              [HS_STEP_DETACH] = detach,
                                                              [HS_STEP_END] = finish};

void hs_check_tree(hs_checker *c) {
    const hs_settings *s = c->settings;
    c->states = hs_memory(c, HS_STATES, c->m, sizeof *c->states);
    c->known = hs_memory(c, HS_KNOWN, c->m, sizeof *c->known);
    c->decisions = hs_memory(c, HS_DECISIONS, c->m, sizeof *c->decisions);
    c->open = hs_memory(c, HS_OPEN, c->n + 2, sizeof *c->open);
    c->span = hs_memory(c, HS_SPAN, c->n * (c->n + 2) + 2 * c->m, sizeof *c->span);
    c->part = hs_memory(c, HS_PARTS, c->n + c->m + 2, sizeof *c->part);
    hs_expect(c, "steps\n");
    for (c->in_steps = true; !c->finished; c->found->steps++) {
        uint64_t step = hs_number(c, HS_STEP_END + 1, "step");
        bool outside = step == HS_STEP_SEGMENT || step == HS_STEP_END;
        hs_undamaged(c, step != 0, "there is no step 0");
        hs_require(c, step == HS_STEP_CORE || outside != c->inside,
                   c->inside ? "the segment is not closed" : "a step outside every segment");
        hs_require(c,
                   c->found->steps % POLL_STEPS != 0 || s == NULL || s->interrupted == NULL ||
                       !s->interrupted(s->data),
                   "stopped before the end of the proof");
        steps[step](c);
    }
    c->in_steps = false;
}
