/* From alpha_50 at finite n to n -> infinity, by weighted least squares. */
#ifndef HS_PHASE_EXTRAPOLATION_H
#define HS_PHASE_EXTRAPOLATION_H

#include "phase/statistics.h"

#define HS_EXPONENT_THEORY (2.0 / 3.0)
#define HS_EXPONENT_LEAST 0.1 /* fitted exponents lie between these */
#define HS_EXPONENT_MOST 3.0

typedef enum hs_fit_kind {
    HS_FIT_FREE,     /* a + c n^-w */
    HS_FIT_FIXED,    /* a + c n^-(2/3) */
    HS_FIT_CORRECTED /* a + c n^-(2/3) + d n^-1 */
} hs_fit_kind;

typedef struct hs_extrapolation {
    hs_fit_kind kind;
    bool known;           /* at least as many sizes as parameters */
    size_t sizes;         /* that were used */
    size_t smallest;      /* the smallest n that was used */
    hs_estimate alpha;    /* a */
    hs_estimate exponent; /* w; low = high = value when it is fixed */
    double coefficient;   /* c */
    double correction;    /* d, else 0 */
    double chi_square;    /* sum of squared deviations over squared standard errors */
    size_t freedom;       /* sizes - parameters */
    double probability;   /* of a larger chi_square were the formula exact; NaN without freedom */
    bool exponent_at_end; /* the fitted w is an end of what was tried: it is not determined */
} hs_extrapolation;

/* points: those without a value of alpha_50 are left out, and those with n < smallest. Intervals
 * come from the resamples of the points: they hold if the formula does. */
hs_status hs_extrapolate_widths(const hs_point *points, size_t count, size_t smallest,
                                hs_fit_kind kind, hs_extrapolation *result, hs_error *error);

#endif
