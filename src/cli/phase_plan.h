/* From the options of `phase` to a plan. */
#ifndef HS_CLI_PHASE_PLAN_H
#define HS_CLI_PHASE_PLAN_H

#include "cli/cli.h"
#include "phase/phase.h"

typedef struct phase_options {
    cli_common common;
    cli_domain domain;
    cli_limits limits;
    const char *n, *trials, *ensemble, *bias_ensemble, *alpha, *engine, *ledger, *csv, *plot;
    bool critical_width, resume;
} phase_options;

enum { PHASE_SIZES_MAX = 64 };

/* What a plan borrows. */
typedef struct phase_parts {
    hs_phase_size sizes[PHASE_SIZES_MAX];
    cli_domain domains[PHASE_SIZES_MAX]; /* hold the bounds of boxes */
    size_t *grids[PHASE_SIZES_MAX];
} phase_parts;

/* Returns -1 to go on, or an exit code after one line on standard error. parts is to be cleared in
 * either case; *grid: fixed widths. */
int phase_plan_make(const phase_options *options, phase_parts *parts, hs_phase_plan *plan,
                    bool *grid);
void phase_parts_clear(phase_parts *parts);

#endif
