/* The proof that a layer is injective: a tree of assumptions about one bad point, walked depth
 * first. A step either follows from what is known in its branch, or the proof is refused. */
#include "certificate/verify.h"

enum { MOST_STATES = 1 << 28, MOST_NUMBERS = 1 << 27 }; /* in all segments, in all cores */

/* A subtree with a number: where another one left it to be proved, and where it is proved. */
typedef struct segment {
    size_t place; /* of its states in c->rooms.assumed */
    bool left, proved;
} segment;

static void learn(hs_checker *c, size_t row, int state, bool decision) {
    c->states[row] = (uint8_t)state;
    c->known[c->known_count++] = (uint32_t)(2 * row + decision);
}

/* The branch is closed: goes on with the other side of the last decision. */
void hs_close_branch(hs_checker *c) {
    uint32_t last = 0;
    c->found->branches++;
    for (c->inside = false; c->known_count > 0 && !c->inside; c->inside = last % 2 != 0) {
        last = c->known[--c->known_count];
        c->states[last / 2] = HS_OPEN;
    }
    if (c->inside)
        learn(c, last / 2, HS_INACTIVE, false);
}

/* A row about which something is about to be learnt. */
static size_t read_open_row(hs_checker *c) {
    size_t row = hs_number(c, c->m, "row");
    hs_require(c, c->states[row] == HS_OPEN && c->usable[row],
               "row %zu is not open and cannot be assumed", row);
    return row;
}

static void branch(hs_checker *c) {
    learn(c, read_open_row(c), HS_ACTIVE, true);
}

/* Once as it is left and once as it is proved, with the same states. */
void hs_settle(hs_checker *c, uint64_t number, bool left) {
    segment *s = (segment *)hs_memory(c, &c->rooms.segments, number + 1, sizeof *s) + number;
    bool again = s->left || s->proved;
    s->place = again ? s->place : c->segments++;
    hs_affordable(c, c->segments <= MOST_STATES / c->m, "there are too many segments");
    uint8_t *states = hs_memory(c, &c->rooms.assumed, c->segments * c->m, 1);
    states += s->place * c->m;
    hs_require(c, !(left ? s->left : s->proved), "a segment is left or proved twice");
    hs_require(c, !again || memcmp(states, c->states, c->m) == 0,
               "a segment assumes other states than those with which it was left");
    memcpy(states, c->states, c->m);
    *(left ? &s->left : &s->proved) = true;
}

static void begin_segment(hs_checker *c) {
    c->number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    for (int state = HS_INACTIVE; state <= HS_ACTIVE; state++)
        for (uint64_t left = hs_number(c, c->m + 1, "number of rows"); left > 0; left--)
            learn(c, read_open_row(c), state, false);
    hs_require(c, c->number > 0 || c->known_count == 0, "segment 0, the domain, assumes nothing");
    c->inside = true;
    hs_settle(c, c->number, false);
}

/* A subtree is left to a segment of a higher number, so no proof rests on itself. */
static void detach(hs_checker *c) {
    uint64_t number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    hs_require(c, number > c->number, "a segment may not rest on segment %" PRIu64, number);
    hs_settle(c, number, true);
    hs_close_branch(c);
}

/* The whole domain is proved, and so is all that was left. */
static void finish(hs_checker *c) {
    uint64_t count = hs_number(c, HS_CERTIFICATE_SEGMENTS + 1, "number of segments");
    const segment *s = hs_memory(c, &c->rooms.segments, 1, sizeof *s);
    for (size_t k = 0; k < c->rooms.segments.size / sizeof *s; count -= s[k++].proved)
        hs_require(c, s[k].proved == (s[k].left || k == 0), "segment %zu is missing", k);
    hs_require(c, count == 0, "a segment is missing, or there are too many");
    hs_undamaged(c, hs_step_byte(c) == EOF, "steps follow the end of the proof");
    c->in_steps = false;
}

/* The number of rows of a core, 0 when there is none, and its signed rows. */
uint32_t *hs_read_slot(hs_checker *c) {
    size_t slot = c->slot = hs_number(c, HS_CORE_SLOTS, "slot"), width = c->n + 3;
    hs_affordable(c, slot < MOST_NUMBERS / width, "slot %zu is too much memory", slot);
    uint32_t *cores = hs_memory(c, &c->rooms.cores, (slot + 1) * width, sizeof *cores);
    return cores + slot * width;
}

/* The rows of a core whose state is not known; all others must be in the core's states. */
static size_t read_core(hs_checker *c) {
    const uint32_t *core = hs_read_slot(c);
    size_t count = 0;
    hs_require(c, core[0] > 0, "there is no core in slot %zu", c->slot);
    for (size_t k = 1; k <= core[0]; k++) {
        size_t row = core[k] / 2, wanted = core[k] % 2 != 0 ? HS_ACTIVE : HS_INACTIVE;
        size_t state = row < c->m ? c->states[row] : HS_INACTIVE; /* a face is, inside the domain */
        if (state == HS_OPEN)
            c->open[count++] = core[k];
        else
            hs_require(c, state == wanted, "the core does not apply, for row %zu", row);
    }
    return count;
}

/* A core with one open row gives it the other state, one without closes the branch. */
static void unit_or_dead(hs_checker *c) {
    size_t count = read_core(c), wanted = c->step == HS_STEP_UNIT;
    hs_require(c, count == wanted, "%zu rows of the core are open, not %zu", count, wanted);
    if (count == 0)
        hs_close_branch(c);
    else
        learn(c, c->open[0] / 2, c->open[0] % 2 != 0 ? HS_INACTIVE : HS_ACTIVE, false);
}

static void add_row(hs_checker *c, size_t row, bool ends_part) {
    c->span[c->span_count++] = (uint32_t)row;
    if (ends_part)
        c->part[++c->parts] = c->span_count;
}

/* Of the open rows of each core, which ask to be inactive, one is active; each row that is known to
 * be active is a part of its own. If these with one more row span, that row is inactive. */
static void span_or_fix(hs_checker *c) {
    c->parts = c->span_count = 0;
    for (uint64_t groups = hs_number(c, c->n + 1, "number of groups"); groups > 0; groups--) {
        size_t count = read_core(c);
        hs_require(c, count > 0, "no row of the core is open");
        for (size_t k = 0; k < count; k++) {
            hs_require(c, c->open[k] % 2 == 0, "a row of the core asks to be active");
            add_row(c, c->open[k] / 2, k + 1 == count);
        }
    }
    for (size_t k = 0; k < c->known_count; k++)
        if (c->states[c->known[k] / 2] == HS_ACTIVE)
            add_row(c, c->known[k] / 2, true);
    bool fix = c->step == HS_STEP_FIX;
    uint64_t rows = fix ? hs_number(c, c->m + 1, "number of rows") : 0;
    hs_require(c, !fix || rows > 0, "no row is fixed");
    for (; rows > 0; rows--) {
        learn(c, read_open_row(c), HS_INACTIVE, false);
        add_row(c, c->known[c->known_count - 1] / 2, rows == 1);
    }
    hs_check_span(c);
    if (!fix)
        hs_close_branch(c);
}

/* HS_STEP_SEGMENT = 1 to HS_STEP_ROWS. */
static void (*const steps[HS_STEP_ROWS + 1])(hs_checker *c) = {
    NULL,        begin_segment, hs_check_core, unit_or_dead, unit_or_dead,     span_or_fix,
    span_or_fix, branch,        detach,        finish,       hs_leave_classes, hs_begin_chunk,
    hs_sieve,    hs_leave_rows, hs_divide,     hs_close_set, hs_look_at_rows};

void hs_check_tree(hs_checker *c) {
    const hs_settings *s = c->settings;
    hs_affordable(c, c->row_count <= UINT32_MAX / 2, "the layer has too many rows");
    c->states = hs_memory(c, &c->rooms.states, c->m, sizeof *c->states);
    c->known = hs_memory(c, &c->rooms.known, c->m, sizeof *c->known);
    c->open = hs_memory(c, &c->rooms.open, c->n + 2, sizeof *c->open);
    c->span = hs_memory(c, &c->rooms.span, c->n * (c->n + 2) + 2 * c->m, sizeof *c->span);
    c->part = hs_memory(c, &c->rooms.part, c->n + c->m + 2, sizeof *c->part);
    hs_expect(c, "steps\n");
    for (c->in_steps = true; c->in_steps; c->found->steps++) {
        c->step = hs_number(c, HS_STEP_ROWS + 1, "step");
        bool outside = c->step == HS_STEP_SEGMENT || c->step == HS_STEP_END ||
                       c->step == HS_STEP_CHUNK || c->step == HS_STEP_ROWS;
        bool of_chunk = c->step >= HS_STEP_SIEVE;
        hs_undamaged(c, c->step != 0, "there is no step 0");
        hs_require(c, c->step == HS_STEP_CORE || outside != (c->inside || c->in_chunk),
                   outside ? "the segment is not closed" : "a step outside every segment");
        hs_require(c, c->step == HS_STEP_CORE || outside || of_chunk == c->in_chunk,
                   "a step of another kind of segment");
        if (c->share == 0 && s != NULL && s->interrupted != NULL && s->interrupted(s->data))
            atomic_store(c->stop, true);
        hs_affordable(c, !atomic_load(c->stop), "stopped before the end of the proof");
        steps[c->step](c);
    }
}
