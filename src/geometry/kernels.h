/* The hot loops of the exact engine, in versions for the vector units of x86-64 and a plain one.
 * Those of the solvers are hints; those of the rank proof (reflect, lower, least, least_each) have
 * the rounding errors that branch_rank.c and HS_GROUP_ERROR allow for.
 *
 * Data layout: rows are padded to HS_LANES doubles with zeros; the pricing array holds the rows as
 * columns (coordinate j of all rows side by side), padded to HS_PRICING_BLOCK rows. */
#ifndef HS_GEOMETRY_KERNELS_H
#define HS_GEOMETRY_KERNELS_H

#include "geometry/cone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hs_kernels hs_kernels;

enum { HS_LANES = 8, HS_PRICING_BLOCK = 32, HS_PAIRS = 256, HS_GROUP = 128 };

/* The next multiple of the block. */
static inline size_t hs_padded(size_t count, size_t block) {
    return (count + block - 1) / block * block;
}

/* With u = 2^-24 and vectors of length 1: rounding the four of them changes the determinant by at
 * most 4 u; the six minors of two have errors of norm 2 u, which count twice; six products of norm
 * 1 are added with an error of 6 u. By cofactors: 4 u, minors 3 u, cofactors 5 u, four products 4
 * u. Twice the larger sum is allowed. */
#define HS_GROUP_ERROR 0x1p-19

struct hs_kernels {
    const char *name; /* "avx512", "avx2" or "plain" */

    /* image_c = sum_j a_j basis[j * pitch + c] for c < columns */
    void (*image)(const double *basis, size_t d, size_t pitch, size_t columns, const double *a,
                  double *image);

    /* size_c = sum_j |inverse[j * pitch + c]| and defect_c = sum_s |sum_j row[s * columns + j]
     * inverse[j * pitch + c] - (s == c ? one[c] : 0)|, s and c < columns, a multiple of HS_LANES.
     */
    void (*defects)(const double *inverse, size_t d, size_t pitch, size_t columns,
                    const double *row, const double *one, double *size, double *defect);

    /* basis[j] += scale column_j image */
    void (*rank_one)(double *basis, size_t d, size_t width, const double *column, double scale,
                     const double *image);

    /* sum_j x_j y_j over j < d, any d */
    double (*dot)(const double *x, const double *y, size_t d);

    /* value_i = offset_i + sum_j columns[j][i] z_j for i < padded; returns the index of the largest
     * want_i value_i + slack_i above -1 and that maximum. */
    size_t (*price)(const double *columns, size_t d, size_t padded, const double *z,
                    const double *offset, const double *want, const double *slack, double *value,
                    double *largest);

    /* The smallest lambda_i / r_i over r_i > 0 and its index; INFINITY and stride where there is
     * none. */
    size_t (*blocking)(const double *lambda, const double *r, size_t stride, double *length);

    /* lambda_i = max(0, lambda_i - length r_i) */
    void (*shift)(double *lambda, const double *r, size_t stride, double length);

    /* A Householder reflection of R columns of `dims` coordinates (from[c * pitch + r]) by the
     * vector u, the first coordinate of the result left out:
     * to[(c - 1) * pitch + r] = from[c * pitch + r] - beta u_c sum_k u_k from[k * pitch + r]. */
    void (*reflect)(const double *from, size_t dims, size_t pitch, size_t columns, const double *u,
                    double beta, double *to);

    /* low_r = min(low_r, |det(p, q_k, c_r)|) over r < columns, for each of count vectors q_k, all
     * in three dimensions (coordinate i of q_k at q[i * pitch + k], that of c_r at
     * c[i * pitch + r]). */
    void (*lower)(const double *c, size_t pitch, size_t columns, const double *p, const double *q,
                  size_t count, double *low);

    /* A lower bound of |det(a, b, c, d)| over a, b, c, d out of four groups of columns in four
     * dimensions (coordinate i of column k of group g at column[g][i * pitch + k]), or a number
     * that is not positive: computed in single precision, with an error of at most HS_GROUP_ERROR
     * times the product of the greatest lengths of the groups. */
    double (*least)(const double *const column[4], const size_t count[4], size_t pitch);

    /* The same for each column of group 0, times scale, into low; false when the groups are too
     * large or a column too short. */
    bool (*least_each)(const double *const column[4], const size_t count[4], size_t pitch,
                       double scale, double *low);

    /* Sets of rows, set k's word w at [w * capacity + k]. size_k = how many rows of inactive_k are
     * free, or at least 2^40 when inactive_k is not within `allowed` or active_k not within
     * `fixed`. The sets of size at most `largest` are put into usable (room for count); returns how
     * many. */
    size_t (*filter)(const uint64_t *inactive, const uint64_t *active, size_t capacity,
                     size_t count, size_t words, const uint64_t *allowed, const uint64_t *fixed,
                     const uint64_t *free_rows, uint64_t largest, uint64_t *size, uint16_t *usable);

    /* Takes from `alive`, of `width` words, a multiple of HS_LANES, one after the other the bits
     * that all members of a set have: of the sets list[0..count-1], where set s has the members
     * member[s * size] to member[s * size + size - 1] and member i the bits at bits[i * width].
     * Those that took any are put into hits; returns how many. */
    size_t (*strike)(const uint64_t *bits, size_t width, const uint16_t *member, size_t size,
                     const uint16_t *list, size_t count, uint64_t *alive, uint16_t *hits);

    /* hs_cone_solve */
    hs_cone_answer (*cone)(hs_cone *solver, const hs_cone_rows *rows, const float *want,
                           const float *slack, float *value, uint32_t *row, float *multiplier);
};

/* The fastest version this processor runs; the environment variable HALFSPAN_KERNEL (plain, avx2,
 * avx512) can ask for a simpler one. */
const hs_kernels *hs_kernels_choose(void);

#endif
