/* From brackets of critical widths to rates, thresholds and their intervals. */
#ifndef HS_PHASE_STATISTICS_H
#define HS_PHASE_STATISTICS_H

#include "phase/phase.h"

enum { HS_RESAMPLES = 2000 }; /* of the bootstrap */

/* Clopper-Pearson: the 95% interval of a probability, `low` for `least` successes and `high` for
 * `most` successes in `trials`, least <= most: successes that are not known count both ways.
 * [0, 1] without trials. */
void hs_proportion_interval(size_t least, size_t most, size_t trials, double *low, double *high);

/* The layers of one width, over all trials of one n. */
typedef struct hs_curve_point {
    size_t m;
    double alpha;
    size_t injective, not_injective, undecided;
    double rate;      /* injective / decided; NaN when nothing is decided */
    double low, high; /* 95% for P(injective), undecided counted both ways */
} hs_curve_point;

/* A number with its 95% interval; NaN where there is none (value) or no bound (low, high). */
typedef struct hs_estimate {
    double value, low, high;
} hs_estimate;

/* All trials of one n. An estimate is from the median of what is known: where trials are undecided
 * the interval spans what they could still be. */
typedef struct hs_point {
    size_t n;
    size_t trials;        /* with at least one decision */
    size_t undecided;     /* whose critical width (or some width of the grid) stays open */
    hs_estimate alpha_50; /* where the rate, linear between widths, crosses one half */
    hs_estimate width;    /* from rate 0.1 to rate 0.9 */
    hs_estimate mean;     /* of m* / n */
    double sd;            /* of m* / n */
    double error_50;      /* bootstrap standard error of alpha_50, for fits */
    size_t curve_count;
    hs_curve_point *curve;
    double *resampled_50; /* HS_RESAMPLES values of alpha_50, for the intervals of fits; or NULL */
} hs_point;

/* brackets: one for each of `count` trials; those that were not started are left out. seed: of the
 * bootstrap. Free the result with hs_point_clear. */
hs_status hs_point_make(const hs_phase_size *size, const hs_bracket *brackets, size_t count,
                        uint64_t seed, hs_point *point, hs_error *error);
void hs_point_clear(hs_point *point);

/* For trials in which nothing can be proven injective: of the estimates only a bound remains,
 * alpha_50.low: the largest alpha at which the interval has P(injective) <= 1/2; NaN: none. Nothing
 * is interpolated, because between two widths the rate may lie anywhere. */
void hs_point_bound_only(hs_point *point);

#endif
