/* The hot loops of the exact engine, in versions for the vector units of x86-64 and a plain one.
 * All of them are hints in floating point; nothing here decides anything.
 *
 * Data layout: rows are padded to HS_LANES doubles with zeros; the pricing array holds the rows as
 * columns (coordinate j of all rows side by side), padded to HS_PRICING_BLOCK rows. */
#ifndef HS_GEOMETRY_KERNELS_H
#define HS_GEOMETRY_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { HS_LANES = 8, HS_PRICING_BLOCK = 32 };

typedef struct hs_kernels {
    const char *name; /* "avx512", "avx2" or "plain" */

    /* image_c = sum_j a_j basis[j * pitch + c] for c < columns */
    void (*image)(const double *basis, size_t d, size_t pitch, size_t columns, const double *a,
                  double *image);

    /* basis[j] += scale column_j image */
    void (*rank_one)(double *basis, size_t d, size_t width, const double *column, double scale,
                     const double *image);

    /* value_i = offset_i + sum_j columns[j][i] z_j for i < padded; returns the index of the largest
     * want_i value_i + slack_i above -1 and that maximum. */
    size_t (*price)(const double *columns, size_t d, size_t padded, const double *z,
                    const double *offset, const double *want, const double *slack, double *value,
                    double *largest);

    /* A Householder reflection of R columns of `dims` coordinates (from[c * pitch + r]) by the
     * vector u, the first coordinate of the result left out:
     * to[(c - 1) * pitch + r] = from[c * pitch + r] - beta u_c sum_k u_k from[k * pitch + r]. */
    void (*reflect)(const double *from, size_t dims, size_t pitch, size_t columns, const double *u,
                    double beta, double *to);

    /* low_r = min(low_r, |x_0 c_0r + x_1 c_1r + x_2 c_2r|) over r < columns, for each of count
     * vectors x (c_kr at c[k * pitch + r]). */
    void (*lower)(const double *c, size_t pitch, size_t columns, const double *x, size_t count,
                  double *low);

    /* Sets of rows, set k's word w at [w * capacity + k]: size_k = how many rows of inactive_k are
     * free, or at least HS_UNUSABLE when inactive_k is not within `allowed` or active_k not within
     * `fixed`. */
    void (*filter)(const uint64_t *inactive, const uint64_t *active, size_t capacity, size_t count,
                   size_t words, const uint64_t *allowed, const uint64_t *fixed,
                   const uint64_t *free_rows, uint64_t *size);
} hs_kernels;

#define HS_UNUSABLE (UINT64_C(1) << 40)

/* The fastest version this processor runs; the environment variable HALFSPAN_KERNEL (plain, avx2,
 * avx512) can ask for a simpler one. */
const hs_kernels *hs_kernels_choose(void);

#endif
