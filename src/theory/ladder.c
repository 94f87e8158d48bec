#include "theory/ladder.h"

#include "support/error.h"

#include <math.h>

static const double largest_residual = 1e-7; /* of an accepted saddle */
static const double smallest_gain = 1e-12;   /* of a level that adds something, relative */

/* ---- starts ------------------------------------------------------------------------------- */

static double total_width(const hs_parameters *at) {
    double total = 0.0;
    for (size_t j = 0; j <= at->steps; j++)
        total += at->width[j];
    return total;
}

/* Level 2 from level 1: the best point of a scan on a coarse grid. chi falls by an order of
 * magnitude from level 1 to level 2 near the capacity and hardly at all near alpha = 2. */
static hs_status scan(const hs_objective *objective, const hs_parameters *below,
                      hs_workspace *workspace, hs_parameters *start, hs_error *error) {
    double best = INFINITY;
    for (double total = total_width(below); total < 300.0 * total_width(below); total *= 1.4)
        for (double share = 0.03; share < 1.0; share *= 2.0)
            for (double x = 0.5; x < 60.0; x *= 1.6) {
                hs_parameters at = {.steps = 1, .x[0] = x};
                at.width[0] = objective->partial ? 0.0 : (1.0 - share) * total;
                at.width[1] = objective->partial ? total : share * total;
                hs_functional functional;
                hs_status status = hs_functional_at(&at, workspace, &functional, error);
                if (status != HS_OK)
                    return status;
                double value = hs_objective_value(objective, &functional);
                if (value < best) {
                    best = value;
                    *start = at;
                }
            }
    return isfinite(best) ? HS_OK
                          : hs_fail(error, HS_NOT_CONVERGED, "level 2: no start could be found");
}

static hs_status scan_start(const hs_objective *objective, const hs_parameters *below,
                            hs_workspace *workspace, hs_parameters *start, hs_error *error) {
    const double fine = workspace->resolution;
    workspace->resolution = 2.0;
    hs_status status = scan(objective, below, workspace, start, error);
    workspace->resolution = fine;
    return status;
}

/* The node of a staircase at a fractional place, by linear interpolation; nodes: count + 1. */
static double node_at(const double *node, size_t count, double place) {
    size_t i = place < 0.0 ? 0 : (size_t)place;
    if (i > count - 1)
        i = count - 1;
    return node[i] + (place - (double)i) * (node[i + 1] - node[i]);
}

/* One more step, by reading the staircase x(q) of the level below as a curve. Measured in
 * (1 - q)^(1/4) the nodes of an optimal staircase are nearly equally spaced. */
static hs_parameters resample_start(const hs_parameters *below) {
    size_t k = below->steps;
    double total = total_width(below), sum = 0.0;
    double node[HS_STEPS_MAX + 1], log_x[HS_STEPS_MAX];
    for (size_t j = 0; j <= k; j++) {
        sum += below->width[j];
        node[j] = j == k ? 0.0 : pow(1.0 - sum / total, 0.25);
    }
    for (size_t j = 0; j < k; j++)
        log_x[j] = log(below->x[j]);

    hs_parameters start = {.steps = k + 1, .width[0] = below->width[0]};
    double shrink = (double)k / (double)(k + 1), previous = node[0];
    for (size_t j = 1; j <= k + 1; j++) {
        double here = j == k + 1 ? 0.0 : node_at(node, k, (double)j * shrink);
        start.width[j] = total * (pow(previous, 4.0) - pow(here, 4.0));
        previous = here;
    }
    for (size_t j = 0; j <= k; j++)
        start.x[j] = k == 1 ? below->x[0] * (j == 0 ? 0.9 : 1.7)
                            : exp(node_at(log_x, k - 1, ((double)j + 0.5) * shrink - 0.5));
    return start;
}

/* One more step, by splitting the given one of the level below; the second line of starts. */
static hs_parameters split_start(const hs_parameters *below, size_t split) {
    hs_parameters start = {.steps = below->steps + 1, .width[0] = below->width[0]};
    for (size_t j = 0, to = 0; j < below->steps; j++) {
        double outer = j > 0 ? below->x[j - 1] : 0.0;
        if (j == split) {
            start.x[to] = below->x[j] - 0.2 * (below->x[j] - outer);
            start.width[++to] = 0.7 * below->width[j + 1];
            start.x[to] = below->x[j] * 1.4;
            start.width[++to] = 0.3 * below->width[j + 1];
        } else {
            start.x[to] = below->x[j] * (j > split ? 1.4 : 1.0);
            start.width[++to] = below->width[j + 1];
        }
    }
    return start;
}

static hs_status choose_start(const hs_objective *objective, const hs_rung *below, size_t attempt,
                              hs_workspace *workspace, hs_parameters *start, hs_error *error) {
    if (below == NULL) {
        *start = (hs_parameters){.steps = 0, .width[0] = 1.0};
        return HS_OK;
    }
    const hs_parameters *from = &below->next;
    if (from->steps == 0)
        return scan_start(objective, from, workspace, start, error);
    *start = attempt == 0 ? resample_start(from) : split_start(from, from->steps - attempt);
    return HS_OK;
}

/* ---- levels ------------------------------------------------------------------------------- */

/* x_0 -> 0 makes the outermost integral an average: what is left is one step less, with the first
 * width as q_0. This is how a partially lifted level falls back on the full one below it. */
static hs_status drop_outermost(const hs_objective *objective, hs_workspace *workspace,
                                hs_rung *rung, hs_error *error) {
    hs_objective full = *objective;
    full.partial = false;
    hs_saddle reduced = {.at.steps = rung->saddle.at.steps - 1};
    reduced.at.width[0] = rung->saddle.at.width[0] + rung->saddle.at.width[1];
    for (size_t j = 1; j <= reduced.at.steps; j++) {
        reduced.at.width[j] = rung->saddle.at.width[j + 1];
        reduced.at.x[j - 1] = rung->saddle.at.x[j];
    }
    hs_status status = hs_saddle_minimise(&full, workspace, &reduced, error);
    rung->saddle = reduced;
    rung->effective = reduced.at.steps + 1;
    return status;
}

static double objective_of(const hs_objective *objective, const hs_saddle *saddle) {
    return hs_objective_value(objective, &saddle->functional);
}

/* How much the new saddle improves on the one below it, relative. */
static double gain_of(const hs_objective *objective, const hs_rung *rung, const hs_rung *below) {
    if (below == NULL)
        return INFINITY;
    double before = objective_of(objective, &below->saddle);
    return (before - objective_of(objective, &rung->saddle)) / (1.0 + fabs(before));
}

/* Recognises levels that add nothing. A level cannot be worse than the one below it: a saddle that
 * is has not been found. */
static hs_status settle(const hs_objective *objective, const hs_rung *below,
                        hs_workspace *workspace, hs_rung *rung, hs_error *error) {
    rung->effective = rung->level;
    rung->next = rung->saddle.at;
    if (hs_saddle_at_smallest_x(&rung->saddle.at))
        return drop_outermost(objective, workspace, rung, error);
    double gain = gain_of(objective, rung, below);
    if (gain < -smallest_gain)
        rung->saddle.residual = INFINITY;
    else if (gain < smallest_gain) {
        size_t level = rung->level;
        *rung = *below;
        rung->level = level;
    }
    return HS_OK;
}

hs_status hs_ladder_climb(const hs_objective *asked, size_t level, const hs_rung *below,
                          hs_workspace *workspace, hs_rung *rung, hs_error *error) {
    hs_objective own = *asked, *objective = &own;
    own.partial = asked->partial && below != NULL; /* level 1 has no q_0 to hold */
    size_t attempts = below != NULL ? below->next.steps + 1 : 1;
    double residual = INFINITY;
    for (size_t attempt = 0; attempt < attempts; attempt++) {
        *rung = (hs_rung){.level = level};
        hs_status status =
            choose_start(objective, below, attempt, workspace, &rung->saddle.at, error);
        if (status == HS_OK)
            status = hs_saddle_minimise(objective, workspace, &rung->saddle, error);
        if (status == HS_OK)
            status = settle(objective, below, workspace, rung, error);
        if (status != HS_OK)
            return status;
        residual = fmin(residual, rung->saddle.residual);
        bool stopped = objective->interrupted != NULL && objective->interrupted(objective->data);
        if (rung->saddle.residual <= largest_residual || stopped)
            return HS_OK;
    }
    return hs_fail(error, HS_NOT_CONVERGED,
                   "level %zu: no saddle found, the smallest residual reached is %.2g", level,
                   residual);
}
