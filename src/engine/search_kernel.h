/* The hot loops of the witness search, in one version per kind of processor.
 *
 * Sixteen independent runs ("lanes") advance together, so that every product with the matrix is a
 * product of matrices: a number of the matrix is loaded once and used sixteen times.
 *
 * Layout. A lane array holds HS_LANES floats per row, row by row, 64-byte aligned. The matrix is
 * stored in panels of HS_PANEL rows: panel p, column j, row r of the panel at
 * panels[p * stride + j * HS_PANEL + r]. Rows are padded with zeros to a full panel. */
#ifndef HS_ENGINE_SEARCH_KERNEL_H
#define HS_ENGINE_SEARCH_KERNEL_H

#include "halfspan/halfspan.h"

enum { HS_LANES = 16, HS_PANEL = 16, HS_SEARCH_ALIGNMENT = 64 };

typedef struct hs_search_kernel {
    const char *name;

    /* a = Q y for `count` panels: a has count * HS_PANEL rows, y `columns` rows. */
    void (*product)(const float *panels, size_t stride, size_t count, size_t columns,
                    const float *y, float *a);

    /* y += Q' c, the same shapes. */
    void (*gather)(const float *panels, size_t stride, size_t count, size_t columns, const float *c,
                   float *y);

    /* u = 2 a - x; active[l] = number of rows with a >= 0 in lane l. */
    void (*reflect)(size_t rows, const float *a, const float *x, float *u, int32_t *active);

    /* counts[3][HS_LANES] = number of rows with u above each of three thresholds per lane. */
    void (*count_above)(size_t rows, const float *u, const float *thresholds, int32_t *counts);

    /* Lowers the values of u in (-1, threshold] to -1: c = -1 - u there, else 0. Then
     * x += beta (a - x + c) and u = weight c. beta, weight, threshold: HS_LANES numbers. */
    void (*advance)(size_t rows, const float *beta, const float *weight, const float *threshold,
                    const float *a, float *x, float *u);

    /* x *= scale, lane by lane. */
    void (*scale)(size_t rows, const float *scale, float *x);
} hs_search_kernel;

/* The fastest kernel this processor runs, or the one of that name ("plain", "avx2", "avx512"); NULL
 * when there is no such kernel or this processor cannot run it. name NULL or "": the fastest. */
const hs_search_kernel *hs_search_kernel_find(const char *name);

/* One per file; NULL where the compiler cannot build it. */
const hs_search_kernel *hs_search_kernel_plain(void);
const hs_search_kernel *hs_search_kernel_avx2(void);
const hs_search_kernel *hs_search_kernel_avx512(void);

#endif
