#include "phase/known.h"

#include <math.h>
#include <string.h>

enum {
    OPEN_ABOVE = 4,   /* wider layers to try after one that stayed open */
    OPEN_BETWEEN = 8, /* open widths after which a bracket is left as it is */
    WIDEST = 4096     /* rows per column: a critical width beyond is given up */
};

void hs_known_begin(hs_known *known, size_t n) {
    known->lower = n - 1;
    known->upper = SIZE_MAX;
    known->open_count = 0;
}

bool hs_known_contradicts(const hs_known *known) {
    return known->lower >= known->upper;
}

static bool grants_more(double time_now, double time_then, uint64_t nodes_now,
                        uint64_t nodes_then) {
    double time = time_now > 0.0 ? time_now : INFINITY;
    double before = time_then > 0.0 ? time_then : INFINITY;
    uint64_t nodes = nodes_now > 0 ? nodes_now : UINT64_MAX;
    return time > before || nodes > (nodes_then > 0 ? nodes_then : UINT64_MAX);
}

static void add_open(hs_known *known, uint32_t m) {
    size_t at = known->open_count;
    while (at > 0 && known->open[at - 1] > m)
        at--;
    if ((at > 0 && known->open[at - 1] == m) || known->open_count == HS_PHASE_GRID_MAX)
        return;
    memmove(known->open + at + 1, known->open + at, (known->open_count - at) * sizeof(uint32_t));
    known->open[at] = m;
    known->open_count++;
}

void hs_known_add(hs_known *known, const hs_phase_plan *plan, const hs_phase_row *row) {
    if (row->verdict == HS_NOT_INJECTIVE && row->m > known->lower)
        known->lower = row->m;
    if (row->verdict == HS_INJECTIVE && row->m < known->upper)
        known->upper = row->m;
    if (row->verdict == HS_UNDECIDED &&
        !grants_more(plan->time_limit, row->time_limit, plan->node_limit, row->node_limit))
        add_open(known, row->m);
}

/* The open widths that later decisions have not settled: how many, and the largest. */
static size_t still_open(const hs_known *known, size_t *largest) {
    size_t count = 0;
    *largest = 0;
    for (size_t k = 0; k < known->open_count; k++)
        if (known->open[k] > known->lower && known->open[k] < known->upper) {
            *largest = known->open[k];
            count++;
        }
    return count;
}

static bool is_open(const hs_known *known, size_t m) {
    for (size_t k = 0; k < known->open_count; k++)
        if (known->open[k] == m)
            return true;
    return false;
}

/* The first undecided width of the grid: going up needs one proof of injectivity only. */
static size_t next_of_grid(const hs_known *known, const hs_phase_size *size) {
    for (size_t k = 0; k < size->grid_count; k++) {
        size_t m = size->grid[k];
        if (m > known->lower && m < known->upper && !is_open(known, m))
            return m;
    }
    return 0;
}

/* Where to begin: a proof of injectivity costs far more than a witness from n = 10 on, so begin
 * where a witness is likely, a little over one standard deviation (1.8 n^-1/2) below the typical
 * critical width of Gaussian layers without bias, 6.7 - 4.06 n^-2/3 as measured. */
static size_t first_width(const hs_phase_plan *plan, const hs_phase_size *size) {
    double n = (double)size->n, alpha = 2.0;
    bool typical = plan->bias.kind == HS_ENSEMBLE_NONE && plan->weight.kind != HS_ENSEMBLE_SPARSE &&
                   (size->domain.kind == HS_DOMAIN_BALL || size->domain.kind == HS_DOMAIN_SPACE);
    if (typical)
        alpha = 6.7 - 4.06 * pow(n, -2.0 / 3.0) - 2.1 / sqrt(n);
    size_t m = (size_t)(alpha * n);
    return m > size->n ? m : size->n;
}

/* Up from the last witness; in longer steps when the critical width is far from where it was
 * expected. */
static size_t next_above(const hs_known *known, size_t first, size_t n) {
    size_t beyond = known->lower > first ? known->lower - first : 0;
    size_t m = known->lower + 1 + beyond / (2 * n);
    return m < known->upper ? m : known->upper - 1;
}

size_t hs_known_next(const hs_known *known, const hs_phase_plan *plan, const hs_phase_size *size) {
    size_t largest, first = first_width(plan, size);
    size_t open = still_open(known, &largest);
    if (hs_known_contradicts(known))
        return 0;
    if (size->grid != NULL)
        return next_of_grid(known, size);
    if (known->upper == known->lower + 1 || known->lower >= WIDEST * size->n)
        return 0;
    if (open > 0 && known->upper == SIZE_MAX)
        return open <= OPEN_ABOVE ? largest + ((size->n / 8 + 1) << (open - 1)) : 0;
    if (open > 0)
        return open <= OPEN_BETWEEN && known->upper - largest > 1
                   ? largest + (known->upper - largest) / 2
                   : 0;
    if (known->lower == size->n - 1 && known->upper > first)
        return first;
    if (known->lower == size->n - 1) /* even there it was injective */
        return known->lower + (known->upper - known->lower) / 2;
    return next_above(known, first, size->n);
}
