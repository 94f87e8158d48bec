#include "engine/auto.h"

#include "support/clock.h"

#include <math.h>

/* From these sizes on an exact answer within minutes, or at all, is luck: the layer must be thin or
 * structured. */
enum { EXACT_SIZE = 24, HOPELESS_SIZE = 60 };

enum { INSTANT_SIZE = 8 }; /* up to here the exact engine needs milliseconds */

bool hs_auto_searches_first(const hs_problem *problem) {
    return problem->n > INSTANT_SIZE;
}

double hs_auto_exact_seconds(const hs_problem *problem, const hs_run *run) {
    double left = run->deadline - hs_clock_seconds(); /* INFINITY without a limit */
    if (problem->n <= EXACT_SIZE)
        return INFINITY;
    if (problem->n <= HOPELESS_SIZE)
        return isfinite(left) ? 0.3 * left : 60.0;
    return isfinite(left) ? 0.05 * left : 5.0;
}

double hs_auto_shorten(hs_run *run, double seconds) {
    double deadline = run->deadline;
    run->deadline = fmin(deadline, hs_clock_seconds() + seconds);
    return deadline;
}

bool hs_auto_restore(hs_run *run, double deadline, uint64_t nodes) {
    bool cut_short = atomic_load(&run->stopped);
    run->deadline = deadline;
    atomic_store(&run->stopped, false);
    hs_run_should_stop(run, nodes, NULL); /* the run's own limits, and an interruption that lasts */
    return cut_short;
}
