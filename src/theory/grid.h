/* A uniform grid on a ring of fields h, and convolution with a centred Gaussian on it.
 *
 * The functions that live on the grid tend to constants (or to zero) at both ends; the grid is wide
 * enough that nothing reaches from one end to the other. When every function is smooth on the
 * scale of a few steps, sums over the grid converge faster than any power of the step. */
#ifndef HS_THEORY_GRID_H
#define HS_THEORY_GRID_H

#include "halfspan/halfspan.h"

#include <fftw3.h>

typedef struct hs_grid {
    size_t points;
    size_t origin;          /* index of h = 0 */
    double step;            /* distance of neighbouring points */
    double *real;           /* points numbers: the transform's real side */
    double *kernel;         /* points numbers: half a sampled Gaussian */
    double *padded;         /* 3 * points numbers: a copy with constant ends */
    fftw_complex *spectrum; /* points / 2 + 1 */
    fftw_plan forward, backward;
} hs_grid;

/* Makes grid cover at least [-reach, reach] with steps of at most `step`; a grid that already fits
 * exactly is kept. A grid starts as all zeros. HS_UNSUPPORTED when too many points are needed. */
hs_status hs_grid_prepare(hs_grid *grid, double reach, double step, hs_error *error);
void hs_grid_clear(hs_grid *grid);

static inline double hs_grid_field(const hs_grid *grid, size_t i) {
    return ((double)i - (double)grid->origin) * grid->step;
}

/* out = in convolved with N(0, variance); absolute error about 1e-16 max|in|. out may be in. */
void hs_grid_smooth(hs_grid *grid, const double *in, double variance, double *out);

/* As hs_grid_smooth for in >= 0 that spans many orders of magnitude: sums positive terms only, so
 * the relative error is small everywhere. Terms below exp(-exponent) of the Gaussian's peak are
 * dropped; beyond the ends, in keeps its end values. out may be in. */
void hs_grid_smooth_positive(hs_grid *grid, const double *in, double variance, double exponent,
                             double *out);

#endif
