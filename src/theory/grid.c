#include "theory/grid.h"

#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_GRID = 512, LARGEST_GRID = 1 << 19 };

/* FFTW's planner, unlike its transforms, may only be entered by one thread at a time. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

void hs_grid_clear(hs_grid *grid) {
    pthread_mutex_lock(&planner);
    fftw_destroy_plan(grid->forward);
    fftw_destroy_plan(grid->backward);
    pthread_mutex_unlock(&planner);
    fftw_free(grid->real);
    fftw_free(grid->spectrum);
    free(grid->kernel);
    free(grid->padded);
    *grid = (hs_grid){0};
}

/* The smallest size from `least` of the form 2^a or 3 * 2^a: few distinct sizes, so that a grid is
 * seldom planned anew while parameters move. */
static size_t fast_size(double least) {
    size_t size = SMALLEST_GRID;
    while ((double)size < least)
        size = (size & (size - 1)) == 0 ? size / 2 * 3 : size / 3 * 4;
    return size;
}

static hs_status allocate(hs_grid *grid, size_t points, hs_error *error) {
    hs_grid_clear(grid);
    grid->real = fftw_alloc_real(points);
    grid->spectrum = fftw_alloc_complex(points / 2 + 1);
    grid->kernel = hs_allocate(points, sizeof(double));
    grid->padded = hs_allocate_matrix(3, points, sizeof(double));
    if (grid->real != NULL && grid->spectrum != NULL && grid->kernel != NULL &&
        grid->padded != NULL) {
        pthread_mutex_lock(&planner);
        grid->forward =
            fftw_plan_dft_r2c_1d((int)points, grid->real, grid->spectrum, FFTW_ESTIMATE);
        grid->backward =
            fftw_plan_dft_c2r_1d((int)points, grid->spectrum, grid->real, FFTW_ESTIMATE);
        pthread_mutex_unlock(&planner);
    }
    if (grid->forward == NULL || grid->backward == NULL) {
        hs_grid_clear(grid);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a grid of %zu points", points);
    }
    grid->points = points;
    grid->origin = points / 2;
    return HS_OK;
}

hs_status hs_grid_prepare(hs_grid *grid, double reach, double step, hs_error *error) {
    double wanted = 2.0 * reach / step;
    if (!(wanted <= LARGEST_GRID))
        return hs_fail(error, HS_UNSUPPORTED,
                       "a grid of %.3g points would be needed, at most %d are supported", wanted,
                       LARGEST_GRID);
    size_t points = fast_size(wanted);
    hs_status status = HS_OK;
    if (points != grid->points)
        status = allocate(grid, points, error);
    grid->step = 2.0 * reach / (double)points;
    return status;
}

void hs_grid_smooth(hs_grid *grid, const double *in, double variance, double *out) {
    size_t points = grid->points;
    memcpy(grid->real, in, points * sizeof(double));
    fftw_execute(grid->forward);
    double unit = 2.0 * 3.14159265358979323846 / ((double)points * grid->step);
    for (size_t i = 0; i <= points / 2; i++) {
        double wave = unit * (double)i;
        double factor = exp(-0.5 * variance * wave * wave) / (double)points;
        grid->spectrum[i][0] *= factor;
        grid->spectrum[i][1] *= factor;
    }
    fftw_execute(grid->backward);
    memcpy(out, grid->real, points * sizeof(double));
}

/* Samples of the Gaussian from its centre outwards, summing to one over both sides. */
static size_t sample_kernel(hs_grid *grid, double variance, double exponent) {
    double wanted = ceil(sqrt(2.0 * exponent * variance) / grid->step);
    size_t reach = wanted < (double)(grid->points - 1) ? (size_t)wanted : grid->points - 1;
    double sum = 0.0;
    for (size_t i = 0; i <= reach; i++) {
        double h = (double)i * grid->step;
        grid->kernel[i] = exp(-0.5 * h * h / variance);
        sum += (i == 0 ? 1.0 : 2.0) * grid->kernel[i];
    }
    for (size_t i = 0; i <= reach; i++)
        grid->kernel[i] /= sum;
    return reach;
}

/* The hot loop: two kernel entries at a time over blocks of the grid that stay in the first cache;
 * everything runs over contiguous memory. in reaches `reach` points beyond both ends. */
static void smooth_blocks(const double *in, size_t points, const double *kernel, size_t reach,
                          double *out) {
    enum { BLOCK = 512 };
    for (size_t start = 0; start < points; start += BLOCK) {
        size_t length = points - start < BLOCK ? points - start : BLOCK;
        const double *centre = in + start;
        double *sum = out + start;
        for (size_t i = 0; i < length; i++)
            sum[i] = kernel[0] * centre[i];
        size_t k = 1;
        for (; k + 1 <= reach; k += 2) {
            const double first = kernel[k], second = kernel[k + 1];
            const double *left = centre - k, *right = centre + k;
            for (size_t i = 0; i < length; i++)
                sum[i] +=
                    first * (left[i] + right[i]) + second * (left[(ptrdiff_t)i - 1] + right[i + 1]);
        }
        for (; k <= reach; k++)
            for (size_t i = 0; i < length; i++)
                sum[i] += kernel[k] * (centre[(ptrdiff_t)i - (ptrdiff_t)k] + centre[i + k]);
    }
}

void hs_grid_smooth_positive(hs_grid *grid, const double *in, double variance, double exponent,
                             double *out) {
    size_t points = grid->points;
    size_t reach = sample_kernel(grid, variance, exponent);
    double *centre = grid->padded + points;
    for (size_t i = 1; i <= reach; i++) {
        centre[-(ptrdiff_t)i] = in[0];
        centre[points - 1 + i] = in[points - 1];
    }
    memcpy(centre, in, points * sizeof(double));
    smooth_blocks(centre, points, grid->kernel, reach, out);
}
