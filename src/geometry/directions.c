#include "geometry/directions.h"

#include "support/allocate.h"
#include "support/error.h"

#include <gmp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row and what it is sorted by: the row divided by its largest entry (the first such). Exact
 * multiples have the same exact quotients, so division, correctly rounded, gives the same doubles:
 * equal keys are necessary. Whether they suffice is checked in whole numbers. */
typedef struct sorted_row {
    const double *key;
    size_t d, index, pivot;
} sorted_row;

void hs_groups_clear(hs_groups *groups) {
    free(groups->start);
    free(groups->member);
    *groups = (hs_groups){0};
}

static size_t find_pivot(const double *row, size_t d) {
    size_t pivot = 0;
    for (size_t j = 1; j < d; j++)
        if (fabs(row[j]) > fabs(row[pivot]))
            pivot = j;
    return pivot;
}

static int by_key(const void *left, const void *right) {
    const sorted_row *a = left, *b = right;
    for (size_t j = 0; j < a->d; j++)
        if (a->key[j] != b->key[j])
            return a->key[j] < b->key[j] ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static bool same_key(const sorted_row *a, const sorted_row *b) {
    return memcmp(a->key, b->key, a->d * sizeof *a->key) == 0;
}

/* Sets x to the mantissa of value as a whole number, and returns the exponent. */
static int split(double value, mpz_t x) {
    int exponent = 0;
    mpz_set_d(x, ldexp(frexp(value, &exponent), 53));
    return exponent;
}

/* a b = c d, exactly. */
static bool products_agree(double a, double b, double c, double d, mpz_t scratch[3]) {
    if (a == 0.0 || b == 0.0 || c == 0.0 || d == 0.0)
        return (a == 0.0 || b == 0.0) == (c == 0.0 || d == 0.0);
    int left = split(a, scratch[0]) + split(b, scratch[1]);
    mpz_mul(scratch[0], scratch[0], scratch[1]);
    int right = split(c, scratch[1]) + split(d, scratch[2]);
    mpz_mul(scratch[1], scratch[1], scratch[2]);
    if (left > right)
        mpz_mul_2exp(scratch[0], scratch[0], (mp_bitcnt_t)(left - right));
    else
        mpz_mul_2exp(scratch[1], scratch[1], (mp_bitcnt_t)(right - left));
    return mpz_cmp(scratch[0], scratch[1]) == 0;
}

static bool are_multiples(const double *row, const double *other, size_t pivot, size_t d) {
    mpz_t scratch[3];
    bool agree = true;
    mpz_inits(scratch[0], scratch[1], scratch[2], NULL);
    for (size_t j = 0; j < d && agree; j++)
        agree = products_agree(row[j], other[pivot], other[j], row[pivot], scratch);
    mpz_clears(scratch[0], scratch[1], scratch[2], NULL);
    return agree;
}

/* The rows that are not zero, in the order of their keys; keys: rows x d. */
static size_t sort_rows(const double *a, size_t rows, size_t d, double *keys, sorted_row *sorted) {
    size_t count = 0;
    for (size_t i = 0; i < rows; i++) {
        const double *row = a + i * d;
        double *key = keys + count * d;
        size_t pivot = find_pivot(row, d);
        if (row[pivot] == 0.0)
            continue;
        for (size_t j = 0; j < d; j++)
            key[j] = row[j] / row[pivot] + 0.0; /* -0 becomes 0 */
        sorted[count++] = (sorted_row){.key = key, .d = d, .index = i, .pivot = pivot};
    }
    qsort(sorted, count, sizeof *sorted, by_key);
    return count;
}

/* first[i]: the first row that row i is a multiple of, itself if there is none before it; rows for
 * a zero row. Within a run of equal keys the rows are ascending, so the first member leads. */
static void find_leaders(const double *a, size_t rows, size_t d, const sorted_row *sorted,
                         size_t count, size_t *first) {
    for (size_t i = 0; i < rows; i++)
        first[i] = rows;
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && same_key(&sorted[begin], &sorted[end]);)
            end++;
        for (size_t k = begin; k < end; k++) {
            size_t row = sorted[k].index;
            first[row] = row;
            for (size_t e = begin; e < k && first[row] == row; e++) {
                size_t leader = sorted[e].index;
                if (first[leader] == leader &&
                    are_multiples(a + row * d, a + leader * d, sorted[k].pivot, d))
                    first[row] = leader;
            }
        }
    }
}

/* Groups of the rows with the same first[i]; a row with first[i] = rows is in none. */
static hs_status collect(const size_t *first, size_t rows, hs_groups *groups, hs_error *error) {
    size_t *place = hs_allocate(rows, sizeof *place);
    groups->start = hs_allocate(rows + 1, sizeof *groups->start);
    groups->member = hs_allocate(rows, sizeof *groups->member);
    if (place == NULL || groups->start == NULL || groups->member == NULL) {
        free(place);
        hs_groups_clear(groups);
        return hs_fail(error, HS_NO_MEMORY, "no memory to group %zu rows", rows);
    }
    for (size_t i = 0; i < rows; i++)
        if (first[i] == i)
            place[i] = groups->count++; /* the number of the group, for now */
    for (size_t i = 0; i < rows; i++)
        if (first[i] < rows)
            groups->start[place[first[i]] + 1]++;
    for (size_t k = 0; k < groups->count; k++)
        groups->start[k + 1] += groups->start[k];
    for (size_t i = 0; i < rows; i++)
        if (first[i] == i)
            place[i] = groups->start[place[i]]; /* where the next member of the group goes */
    for (size_t i = 0; i < rows; i++)
        if (first[i] < rows)
            groups->member[place[first[i]]++] = i;
    free(place);
    return HS_OK;
}

static void find_signs(const double *a, size_t d, const hs_groups *lines, bool *against) {
    for (size_t k = 0; k < lines->count; k++) {
        const double *leader = a + lines->member[lines->start[k]] * d;
        size_t pivot = find_pivot(leader, d);
        for (size_t e = lines->start[k]; e < lines->start[k + 1]; e++) {
            double entry = a[lines->member[e] * d + pivot];
            against[lines->member[e]] = (entry < 0.0) != (leader[pivot] < 0.0);
        }
    }
}

hs_status hs_directions_find(const double *a, size_t rows, size_t d, hs_groups *lines,
                             bool *against, hs_error *error) {
    double *keys = hs_allocate_matrix(rows, d, sizeof *keys);
    sorted_row *sorted = hs_allocate(rows, sizeof *sorted);
    size_t *first = hs_allocate(rows, sizeof *first);
    hs_status status = HS_OK;
    *lines = (hs_groups){0};
    if (keys == NULL || sorted == NULL || first == NULL) {
        status = hs_fail(error, HS_NO_MEMORY, "no memory to compare %zu rows", rows);
        goto exit;
    }
    size_t count = sort_rows(a, rows, d, keys, sorted);
    find_leaders(a, rows, d, sorted, count, first);
    status = collect(first, rows, lines, error);
    if (status == HS_OK && against != NULL) {
        memset(against, 0, rows * sizeof *against);
        find_signs(a, d, lines, against);
    }
exit:
    free(keys);
    free(sorted);
    free(first);
    return status;
}
