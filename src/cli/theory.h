/* What the parts of the command `theory` share. */
#ifndef HS_CLI_THEORY_H
#define HS_CLI_THEORY_H

#include "cli/cli.h"

/* Energies at one alpha: the selected levels, and the full limit where it was asked for. */
typedef struct theory_point {
    double alpha;
    size_t count;
    hs_theory_level levels[HS_THEORY_LEVEL_MAX];
    hs_theory_full full;
} theory_point;

typedef struct theory_report {
    size_t first, last; /* the levels to show; last = 0: none */
    bool partial;
    int digits;   /* after the decimal point, in the table */
    size_t count; /* levels that are solved */
    hs_theory_level levels[HS_THEORY_LEVEL_MAX];
    bool wants_full;
    hs_theory_full full;
    bool wants_curve;
    size_t point_count; /* points that are finished */
    theory_point *points;
    bool wants_bounds;
    hs_theory_at_point at_point;
    uint64_t m, n; /* of the bounds at finite size; 0: not asked for */
    bool interrupted;
} theory_report;

/* Whether a level is one of those to show; more may have been solved on the way. */
static inline bool theory_selects(const theory_report *report, size_t level) {
    return level >= report->first && level <= report->last;
}

json_t *theory_json(const theory_report *report);
void theory_print(const theory_report *report);

/* Energy curves crossing one, a closer look at the crossing, and the overlaps of every level. */
hs_status theory_plot(const theory_report *report, const char *path, hs_error *error);

/* Why a level adds nothing, into text; false when it adds something. */
bool theory_remark(const hs_theory_level *level, char *text, size_t size);

#endif
