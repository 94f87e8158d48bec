/* From alpha_50 at finite n to n -> infinity: alpha_50(n) = a + c n^-w by weighted least squares.
 */
#ifndef HS_PHASE_EXTRAPOLATION_H
#define HS_PHASE_EXTRAPOLATION_H

#include "phase/statistics.h"

typedef struct hs_extrapolation {
    bool known;           /* enough sizes: three with a free exponent, two with a fixed one */
    bool free_exponent;   /* w was fitted */
    size_t sizes;         /* that were used */
    size_t smallest;      /* the smallest n that was used */
    hs_estimate alpha;    /* a */
    hs_estimate exponent; /* w; low = high = value when it is fixed */
    double coefficient;   /* c */
    double chi_square;    /* sum of squared deviations over squared standard errors */
    size_t freedom;       /* sizes - parameters */
    double probability;   /* of a larger chi_square were the formula exact; NaN without freedom */
    bool exponent_at_end; /* the fitted w is an end of what was tried: it is not determined */
} hs_extrapolation;

#define HS_EXPONENT_THEORY (2.0 / 3.0)

/* points: those without a value of alpha_50 are left out, and those with n < smallest. exponent: to
 * be held fixed; 0: fitted, between HS_EXPONENT_LEAST and HS_EXPONENT_MOST. Intervals come from the
 * resamples of the points. */
#define HS_EXPONENT_LEAST 0.1
#define HS_EXPONENT_MOST 3.0
hs_status hs_extrapolate_widths(const hs_point *points, size_t count, size_t smallest,
                                double exponent, hs_extrapolation *result, hs_error *error);

#endif
