/* Rows that are exact multiples of each other, found by sorting. */
#ifndef HS_GEOMETRY_DIRECTIONS_H
#define HS_GEOMETRY_DIRECTIONS_H

#include "halfspan/halfspan.h"

/* Row indices in groups: group k is member[start[k]] to member[start[k + 1] - 1], ascending; the
 * groups are in the order of their first members. */
typedef struct hs_groups {
    size_t count;
    size_t *start;  /* count + 1 */
    size_t *member; /* start[count] */
} hs_groups;

void hs_groups_clear(hs_groups *groups);

/* The lines through the origin on which rows lie. a: rows x d, finite. Every row that is not zero
 * is in one group of *lines, beside the rows that are multiples of it; against (rows long, may be
 * NULL) tells which rows point the other way than the first row of their group. Exact: two rows are
 * multiples of each other as the doubles they are, not nearly. */
hs_status hs_directions_find(const double *a, size_t rows, size_t d, hs_groups *lines,
                             bool *against, hs_error *error);

#endif
