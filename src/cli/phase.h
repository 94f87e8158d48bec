/* What the parts of the command `phase` share. */
#ifndef HS_CLI_PHASE_H
#define HS_CLI_PHASE_H

#include "cli/cli.h"
#include "phase/extrapolation.h"
#include "phase/run.h"

/* The fits of alpha_50 to n -> infinity. */
enum {
    PHASE_FREE,
    PHASE_FIXED,
    PHASE_CORRECTED,
    PHASE_FREE_TAIL, /* the same without the smallest n */
    PHASE_FIXED_TAIL,
    PHASE_CORRECTED_TAIL,
    PHASE_FITS
};

typedef struct phase_report {
    hs_phase_plan plan;
    bool grid;          /* fixed widths instead of critical ones */
    const char *ledger; /* path, or NULL */
    hs_point *points;   /* plan.size_count, ascending in n */
    hs_extrapolation fits[PHASE_FITS];
    hs_phase_totals totals;
} phase_report;

/* The search proves one side only: its points bound P(not injective) from below. */
static inline bool phase_one_sided(const phase_report *report) {
    return report->plan.engine == HS_ENGINE_SEARCH;
}

/* The fit to quote: with a free exponent where there are sizes enough. */
static inline const hs_extrapolation *phase_best_fit(const phase_report *report) {
    return &report->fits[report->fits[PHASE_FREE].known ? PHASE_FREE : PHASE_FIXED];
}

/* As text. */
const char *phase_formula(hs_fit_kind kind);

/* Do the theory lines speak of this ensemble? */
bool phase_theory_applies(const phase_report *report);

/* Lines to compare with and to draw: levels 1 to 3 and the full-RSB limit, ascending. */
enum { PHASE_LINES = 4 };
const hs_theory_line *phase_line(size_t index);

json_t *phase_json(const phase_report *report);
void phase_print(const phase_report *report);
hs_status phase_write_csv(const phase_report *report, const char *path, hs_error *error);

/* path: .svg, .png, .pdf, or "-": on the terminal, with characters. */
hs_status phase_plot(const phase_report *report, const char *path, hs_error *error);

#endif
