#include "geometry/describe.h"

#include "geometry/rank.h"
#include "layer/layer.h"
#include "support/allocate.h"
#include "support/error.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void hs_description_clear(hs_description *description) {
    hs_groups_clear(&description->zero_rows);
    hs_groups_clear(&description->parallel);
    hs_groups_clear(&description->antiparallel);
    hs_groups_clear(&description->duplicate);
    free(description->against);
    free(description->same_bias);
    *description = (hs_description){0};
}

static hs_status no_memory(hs_error *error) {
    return hs_fail(error, HS_NO_MEMORY, "no memory to describe the layer");
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Sorts values. */
static hs_spread spread_of(double *values, size_t count) {
    qsort(values, count, sizeof *values, ascending);
    double low = values[(count - 1) / 2], high = values[count / 2];
    return (hs_spread){values[0], 0.5 * low + 0.5 * high, values[count - 1]};
}

/* The Euclidean norm of numbers of any size: scaled so that the largest is near 1. */
static double norm_of(const double *values, size_t count) {
    double largest = 0.0, sum = 0.0;
    int exponent = 0;
    for (size_t k = 0; k < count; k++)
        largest = fmax(largest, fabs(values[k]));
    frexp(largest, &exponent);
    for (size_t k = 0; k < count; k++) {
        double scaled = ldexp(values[k], -exponent);
        sum += scaled * scaled;
    }
    return ldexp(sqrt(sum), exponent);
}

static hs_status describe_norms(const hs_layer *layer, hs_description *description,
                                hs_error *error) {
    double *norms = hs_allocate(layer->m, sizeof *norms);
    double *biases = hs_copy(layer->bias, layer->m, sizeof *biases);
    hs_status status = HS_OK;
    if (norms == NULL || biases == NULL) {
        status = no_memory(error);
    } else {
        for (size_t i = 0; i < layer->m; i++)
            norms[i] = norm_of(layer->weight + i * layer->n, layer->n);
        description->frobenius = norm_of(norms, layer->m);
        description->row_norms = spread_of(norms, layer->m);
        description->biases = spread_of(biases, layer->m);
    }
    free(norms);
    free(biases);
    return status;
}

static hs_status describe_singular_values(const hs_layer *layer, hs_description *description,
                                          hs_error *error) {
    size_t count = layer->m < layer->n ? layer->m : layer->n;
    double *copy = hs_copy(layer->weight, layer->m * layer->n, sizeof *copy);
    double *sigma = hs_allocate(count, sizeof *sigma);
    hs_status status = HS_OK;
    if (copy == NULL || sigma == NULL) {
        status = no_memory(error);
    } else {
        /* read as columns, the rows are the transposed matrix: the same singular values */
        lapack_int n = (lapack_int)layer->n, m = (lapack_int)layer->m;
        lapack_int info =
            LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'N', n, m, copy, n, sigma, NULL, 1, NULL, 1);
        description->sigma_greatest = info == 0 ? sigma[0] : (double)NAN;
        description->sigma_least = info == 0 ? sigma[count - 1] : (double)NAN;
        if (info == LAPACK_WORK_MEMORY_ERROR)
            status = no_memory(error);
    }
    free(copy);
    free(sigma);
    return status;
}

/* The rank of rows or of columns, whichever are shorter: full rank is then found at once. */
static hs_status describe_rank(const hs_layer *layer, hs_description *description,
                               hs_error *error) {
    size_t m = layer->m, n = layer->n;
    if (m >= n)
        return hs_rank_exact(layer->weight, n, NULL, m, &description->rank, NULL, NULL, error);
    double *turned = hs_allocate_matrix(m, n, sizeof *turned);
    if (turned == NULL)
        return no_memory(error);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            turned[j * m + i] = layer->weight[i * n + j];
    hs_status status = hs_rank_exact(turned, m, NULL, n, &description->rank, NULL, NULL, error);
    free(turned);
    return status;
}

/* An empty list of groups with room for every row. */
static hs_status make_groups(size_t rows, hs_groups *groups, hs_error *error) {
    groups->count = 0;
    groups->start = hs_allocate(rows + 1, sizeof *groups->start);
    groups->member = hs_allocate(rows, sizeof *groups->member);
    return groups->start != NULL && groups->member != NULL ? HS_OK : no_memory(error);
}

static void add_member(hs_groups *groups, size_t row) {
    groups->member[groups->start[groups->count + 1]++] = row;
}

/* Ends the group that add_member fills; one that is too small is dropped. */
static void end_group(hs_groups *groups, size_t least) {
    size_t begin = groups->start[groups->count], end = groups->start[groups->count + 1];
    if (end - begin < least) {
        groups->start[groups->count + 1] = begin;
        return;
    }
    groups->count++;
}

static void begin_group(hs_groups *groups) {
    groups->start[groups->count + 1] = groups->start[groups->count];
}
static bool is_zero(const double *row, size_t n) {
    for (size_t j = 0; j < n; j++)
        if (row[j] != 0.0)
            return false;
    return true;
}

static void list_zero_rows(const hs_layer *layer, hs_groups *zero) {
    begin_group(zero);
    for (size_t i = 0; i < layer->m; i++)
        if (is_zero(layer->weight + i * layer->n, layer->n))
            add_member(zero, i);
    end_group(zero, 1);
}

/* The rows on line k, of one sense of direction. */
static void list_side(const hs_groups *lines, size_t k, const bool *against, bool side,
                      hs_groups *parallel) {
    begin_group(parallel);
    for (size_t e = lines->start[k]; e < lines->start[k + 1]; e++)
        if (against[lines->member[e]] == side)
            add_member(parallel, lines->member[e]);
    end_group(parallel, 2);
}

static void list_both_ways(const hs_groups *lines, size_t k, const bool *against,
                           hs_groups *antiparallel) {
    bool any = false;
    begin_group(antiparallel);
    for (size_t e = lines->start[k]; e < lines->start[k + 1]; e++) {
        add_member(antiparallel, lines->member[e]);
        any = any || against[lines->member[e]];
    }
    end_group(antiparallel, any ? 1 : SIZE_MAX);
}

/* Multiples that agree in the first entry that is not zero are equal rows. */
static void list_duplicates(const hs_layer *layer, const hs_groups *lines, size_t k, bool *taken,
                            hs_groups *duplicate) {
    size_t n = layer->n, column = 0;
    while (layer->weight[lines->member[lines->start[k]] * n + column] == 0.0)
        column++;
    for (size_t e = lines->start[k]; e < lines->start[k + 1]; e++) {
        double value = layer->weight[lines->member[e] * n + column];
        if (taken[lines->member[e]])
            continue;
        begin_group(duplicate);
        for (size_t other = e; other < lines->start[k + 1]; other++)
            if (layer->weight[lines->member[other] * n + column] == value) {
                taken[lines->member[other]] = true;
                add_member(duplicate, lines->member[other]);
            }
        end_group(duplicate, 2);
    }
}

static void compare_biases(const hs_layer *layer, const hs_groups *duplicate, bool *same) {
    for (size_t k = 0; k < duplicate->count; k++) {
        const size_t *member = duplicate->member;
        same[k] = true;
        for (size_t e = duplicate->start[k]; e < duplicate->start[k + 1]; e++)
            same[k] = same[k] && layer->bias[member[e]] == layer->bias[member[duplicate->start[k]]];
    }
}

static hs_status describe_multiples(const hs_layer *layer, hs_description *description,
                                    hs_error *error) {
    hs_groups lines = {0};
    bool *taken = hs_allocate(layer->m, sizeof *taken);
    description->against = hs_allocate(layer->m, sizeof *description->against);
    description->same_bias = hs_allocate(layer->m, sizeof *description->same_bias);
    hs_status status = HS_OK;
    if (taken == NULL || description->against == NULL || description->same_bias == NULL)
        status = no_memory(error);
    if (status == HS_OK)
        status = make_groups(layer->m, &description->zero_rows, error);
    if (status == HS_OK)
        status = make_groups(layer->m, &description->parallel, error);
    if (status == HS_OK)
        status = make_groups(layer->m, &description->antiparallel, error);
    if (status == HS_OK)
        status = make_groups(layer->m, &description->duplicate, error);
    if (status == HS_OK)
        status = hs_directions_find(layer->weight, layer->m, layer->n, &lines, description->against,
                                    error);
    if (status == HS_OK) {
        list_zero_rows(layer, &description->zero_rows);
        for (size_t k = 0; k < lines.count; k++) {
            list_side(&lines, k, description->against, false, &description->parallel);
            list_side(&lines, k, description->against, true, &description->parallel);
            list_both_ways(&lines, k, description->against, &description->antiparallel);
            list_duplicates(layer, &lines, k, taken, &description->duplicate);
        }
        compare_biases(layer, &description->duplicate, description->same_bias);
    }
    hs_groups_clear(&lines);
    free(taken);
    return status;
}

hs_status hs_describe(const hs_layer *layer, hs_description *description, hs_error *error) {
    *description = (hs_description){0};
    if (layer->m > INT32_MAX || layer->n > INT32_MAX)
        return hs_fail(error, HS_UNSUPPORTED, "%zu x %zu is beyond the reach of the linear algebra",
                       layer->m, layer->n);
    hs_status status = describe_norms(layer, description, error);
    if (status == HS_OK)
        status = describe_singular_values(layer, description, error);
    if (status == HS_OK)
        status = describe_rank(layer, description, error);
    if (status == HS_OK)
        status = describe_multiples(layer, description, error);
    if (status != HS_OK)
        hs_description_clear(description);
    return status;
}
