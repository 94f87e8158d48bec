/* The proof that rows span R^n, whichever row of each part is taken; a row that is known to be
 * active is a part of its own.
 *
 * Everything is done modulo a prime: doubles are integers times powers of two, so they have exact
 * residues (a row may be multiplied by a power of two), and rows that are independent modulo a
 * prime are independent. Rows that are dependent modulo one prime prove nothing: then the next one
 * is tried, and in the end the proof is refused.
 *
 * Parts of one row are eliminated first. A part with a row that vanishes is useless, because this
 * row may be the one that is taken: it is dropped. Of parallel rows of a part one is kept. What is
 * left is enumerated: level after level one row of the smallest part is taken and eliminated from
 * all others. The last three parts live in three dimensions, where the vector products of the rows
 * of two of them meet the rows of the third. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A residue is a whole number between about -p/2 and p/2, kept as a double. With p below 1.09e8
 * sums of three products stay below 2^53 and are exact. */
static const double primes[] = {108999983.0, 108999977.0, 108999911.0, 108999901.0,
                                108999899.0, 108999889.0, 108999871.0, 108999851.0,
                                108999841.0, 108999823.0, 108999811.0, 108999791.0,
                                108999763.0, 108999757.0, 108999703.0, 108999677.0};

enum {
    PRIMES = sizeof primes / sizeof primes[0],
    LEVELS = 40,           /* parts of two rows and more: 2^40 choices are too many anyway */
    MOST_ENTRIES = 1 << 26 /* numbers in the rows of all groups */
};

/* Numbers by coordinate: that of row r is at[coordinate x pitch + r]. */
typedef struct matrix {
    double *at;
    size_t capacity;
} matrix;

typedef struct hs_ranks {
    double prime;     /* in use */
    double *residues; /* m x n: of the layer's rows */
    uint32_t *row;    /* as given: the rows of the parts, one part after the other */
    size_t *first;    /* where each part begins, and where the last one ends */
    size_t count, given, capacity;

    uint32_t *kept;
    size_t *edge, *size; /* as first, of what is left; how many rows of a part, and which */
    size_t parts, dims, pitch;
    matrix level[LEVELS + 1], products;
    uint64_t steps;
} hs_ranks;

/* ---- arithmetic ---- */

/* A sum of products, of doubles or blocks, modulo the prime: zero only for multiples of it. Adding
 * and subtracting 1.5 2^52 rounds to a whole number. */
#define REDUCED(sum) ((sum) - (((sum)*inverse + 6755399441055744.0) - 6755399441055744.0) * prime)

/* Row a is eliminated from rows 0..end-1, and coordinate p, not zero in row a, is dropped. */
HS_FOR_EACH_MACHINE static void eliminate(const double *from, double *to, size_t pitch, size_t dims,
                                          size_t a, size_t p, size_t end, double prime) {
    const double *factor = from + p * pitch;
    double pivot = factor[a], inverse = 1.0 / prime;
    for (size_t j = 0; j < dims; j++) {
        const double *x = from + j * pitch;
        double entry = x[a];
        if (j == p)
            continue;
        for (size_t r = 0; r < end; r += HS_LANES) {
            hs_block sum =
                *(const hs_block *)(x + r) * pivot - *(const hs_block *)(factor + r) * entry;
            *(hs_block *)(to + r) = REDUCED(sum);
        }
        to += pitch;
    }
}

/* In three dimensions: the vector products of rows 0..count-1 with one row. */
static inline void multiply(const double *rows, size_t pitch, size_t count, const double *one,
                            double prime, double *products, size_t product_pitch) {
    double a = one[0], b = one[pitch], c = one[2 * pitch], inverse = 1.0 / prime;
    for (size_t r = 0; r < count; r += HS_LANES) {
        hs_block x = *(const hs_block *)(rows + r), y = *(const hs_block *)(rows + pitch + r);
        hs_block z = *(const hs_block *)(rows + 2 * pitch + r);
        hs_block yz = y * c - z * b, zx = z * a - x * c, xy = x * b - y * a;
        *(hs_block *)(products + r) = REDUCED(yz);
        *(hs_block *)(products + product_pitch + r) = REDUCED(zx);
        *(hs_block *)(products + 2 * product_pitch + r) = REDUCED(xy);
    }
}

/* Is the determinant of every choice of one row from each of the parts 0, 1 and 2, in three
 * dimensions, not zero? products: room for 3 x product_pitch, the pairs of parts 1 and 2 and a
 * block. */
HS_FOR_EACH_MACHINE static bool triples_span(const double *rows, size_t pitch, const size_t *edge,
                                             double prime, double *products, size_t product_pitch) {
    size_t count = edge[2] - edge[1], pairs = 0;
    double inverse = 1.0 / prime;
    for (size_t r = edge[2]; r < edge[3]; r++, pairs += count)
        multiply(rows + edge[1], pitch, count, rows + r, prime, products + pairs, product_pitch);
    for (size_t pad = pairs; pad < pairs + HS_LANES; pad++) /* the last block may go beyond */
        for (size_t j = 0; j < 3; j++)
            products[j * product_pitch + pad] = products[j * product_pitch];
    hs_block zero = {0};
    __typeof__(zero == zero) dependent = zero != zero;
    for (size_t k = 0; k < pairs; k += HS_LANES) {
        hs_block x = *(const hs_block *)(products + k);
        hs_block y = *(const hs_block *)(products + product_pitch + k);
        hs_block z = *(const hs_block *)(products + 2 * product_pitch + k);
        for (const double *row = rows; row < rows + edge[1]; row++) {
            hs_block sum = x * row[0] + y * row[pitch] + z * row[2 * pitch];
            dependent |= REDUCED(sum) == zero;
        }
    }
    return (dependent[0] | dependent[1] | dependent[2] | dependent[3]) == 0;
}

/* 2^-unit value. */
static double residue(double value, int unit, double prime) {
    int exponent;
    uint64_t p = (uint64_t)prime, rest = (uint64_t)ldexp(frexp(fabs(value), &exponent), 53) % p;
    for (exponent -= 53 + unit; rest > 0 && exponent > 0; exponent -= 32)
        rest = (rest << (exponent < 32 ? exponent : 32)) % p;
    double balanced = rest > p / 2 ? (double)rest - prime : (double)rest;
    return value < 0.0 ? -balanced : balanced;
}

static void use_prime(hs_checker *c, double prime) {
    hs_ranks *k = c->ranks;
    const double *weight = hs_layer_weight(c->layer);
    for (size_t i = 0; i < c->m * c->n && fabs(k->prime - prime) > 0.0; i++) {
        const double *row = weight + i / c->n * c->n;
        k->residues[i] = residue(weight[i], hs_unit(row, c->n), prime);
    }
    k->prime = prime;
}

static size_t padded(size_t count) {
    return (count + HS_LANES - 1) / HS_LANES * HS_LANES;
}

static double *room(hs_checker *c, matrix *m, size_t rows, size_t columns) {
    if (rows * columns > m->capacity) {
        free(m->at);
        m->capacity = 0;
        m->at = NULL;
        m->at = hs_got(c, hs_allocate_matrix(rows, columns, sizeof *m->at));
        m->capacity = rows * columns;
    }
    return m->at;
}

/* ---- parts of one row, useless and parallel rows ---- */

/* The first coordinate in which a row is not zero, or dims. */
static size_t pivot(const hs_ranks *k, const double *rows, size_t dims, size_t r) {
    size_t p = 0;
    while (p < dims && !(fabs(rows[p * k->pitch + r]) > 0.0))
        p++;
    return p;
}

static bool parallel(const hs_ranks *k, size_t r, size_t s) {
    const double *x = k->level[0].at + r, *y = k->level[0].at + s;
    size_t p = pivot(k, k->level[0].at, k->dims, r) * k->pitch;
    double prime = k->prime, inverse = 1.0 / prime;
    for (size_t j = 0; j < k->dims * k->pitch; j += k->pitch) {
        double sum = x[p] * y[j] - x[j] * y[p];
        if (fabs(REDUCED(sum)) > 0.0)
            return false;
    }
    return true;
}

/* Which rows of a part count: none when one of them vanishes; one of several that are parallel. */
static size_t thin(hs_ranks *k, size_t part, uint32_t *kept) {
    size_t count = 0;
    for (size_t r = k->edge[part]; r < k->edge[part + 1]; r++) {
        size_t other = 0;
        if (pivot(k, k->level[0].at, k->dims, r) == k->dims)
            return 0;
        while (other < count && !parallel(k, kept[other], r))
            other++;
        if (other == count)
            kept[count++] = (uint32_t)r;
    }
    return count;
}

static void exchange(hs_ranks *k) {
    matrix first = k->level[0];
    k->level[0] = k->level[1];
    k->level[1] = first;
}

/* Only the rows that count, the largest parts first. */
static void arrange(hs_ranks *k) {
    size_t at = 0, parts = 0, pitch = padded(k->edge[k->parts]) + HS_LANES;
    for (size_t g = 0; g < k->parts; g++)
        k->size[g] = thin(k, g, k->kept + k->edge[g]);
    for (size_t size = k->edge[k->parts]; size > 0; size--)
        for (size_t g = 0; g < k->parts; g++) {
            if (k->size[g] != size)
                continue;
            for (size_t r = 0; r < size; r++, at++)
                for (size_t j = 0; j < k->dims; j++)
                    k->level[1].at[j * pitch + at] =
                        k->level[0].at[j * k->pitch + k->kept[k->edge[g] + r]];
            k->size[k->parts + parts++] = at;
        }
    for (size_t g = 0; g < parts; g++)
        k->edge[g + 1] = k->size[k->parts + g];
    k->parts = parts;
    k->pitch = pitch;
    exchange(k);
}

static bool has_single(const hs_ranks *k) {
    return k->parts > 0 && k->edge[k->parts] - k->edge[k->parts - 1] == 1;
}

/* Until no part has one row. */
static void simplify(hs_ranks *k) {
    do {
        for (; has_single(k) && k->dims > 0; k->parts--) {
            size_t row = k->edge[k->parts - 1], p = pivot(k, k->level[0].at, k->dims, row);
            if (p == k->dims)
                continue;
            eliminate(k->level[0].at, k->level[1].at, k->pitch, k->dims--, row, p, row, k->prime);
            exchange(k);
        }
        if (k->dims > 0)
            arrange(k);
    } while (k->dims > 0 && has_single(k));
}

/* ---- the choices ---- */

static void count_steps(hs_checker *c, uint64_t steps) {
    c->ranks->steps += steps;
    hs_require(c, c->ranks->steps <= HS_TRANSVERSAL_STEPS, "the groups allow too many choices");
}

static bool useless(const hs_ranks *k, const double *rows, size_t dims, size_t part) {
    for (size_t r = k->edge[part]; r < k->edge[part + 1]; r++)
        if (pivot(k, rows, dims, r) == dims)
            return true;
    return false;
}

/* All choices of one row of each of these parts. Goes at most LEVELS deep. */
static bool choices_span(hs_checker *c, size_t level, size_t parts) {
    hs_ranks *k = c->ranks;
    size_t dims = k->dims - level;
    const double *rows = k->level[level].at;
    if (dims == 3 && parts == 3) {
        size_t pairs = (k->edge[2] - k->edge[1]) * (k->edge[3] - k->edge[2]),
               most = pairs + HS_LANES;
        count_steps(c, k->edge[1] * pairs);
        return triples_span(rows, k->pitch, k->edge, k->prime, room(c, &k->products, 3, most),
                            most);
    }
    while (dims > 0 && parts >= dims && useless(k, rows, dims, parts - 1))
        parts--;
    if (dims <= 1 || parts < dims)
        return parts >= dims;
    double *to = room(c, &k->level[level + 1], dims, k->pitch);
    size_t left = k->edge[parts - 1];
    for (size_t row = left; row < k->edge[parts]; row++) {
        count_steps(c, left + 1);
        eliminate(rows, to, k->pitch, dims, row, pivot(k, rows, dims, row), left, k->prime);
        if (!choices_span(c, level + 1, parts - 1))
            return false;
    }
    return true;
}

/* ---- a proof ---- */

static hs_ranks *create(hs_checker *c) {
    hs_ranks *k = c->ranks = hs_memory(c, 1, 1, sizeof *k);
    size_t n = c->n, m = c->m, parts = n + m + 2;
    k->capacity = (n + 1) * (n + 2) + 2 * m; /* groups of cores, rows to be fixed, active rows */
    k->residues = hs_memory(c, m, n, sizeof *k->residues);
    k->row = hs_memory(c, k->capacity, 1, sizeof *k->row);
    k->kept = hs_memory(c, k->capacity, 1, sizeof *k->kept);
    k->first = hs_memory(c, parts, 1, sizeof *k->first);
    k->edge = hs_memory(c, parts, 1, sizeof *k->edge);
    k->size = hs_memory(c, parts, 2, sizeof *k->size);
    return k;
}

void hs_span_begin(hs_checker *c) {
    hs_ranks *k = c->ranks != NULL ? c->ranks : create(c);
    k->given = k->count = 0;
}

void hs_span_row(hs_checker *c, size_t row) {
    c->ranks->row[c->ranks->count++] = (uint32_t)row;
}

void hs_span_part(hs_checker *c) {
    c->ranks->first[++c->ranks->given] = c->ranks->count;
}

static void load(hs_checker *c) {
    hs_ranks *k = c->ranks;
    size_t n = c->n;
    k->dims = n;
    k->parts = k->given;
    k->pitch = padded(k->count) + HS_LANES;
    memcpy(k->edge, k->first, (k->given + 1) * sizeof *k->edge);
    double *to = room(c, &k->level[0], n, k->pitch);
    room(c, &k->level[1], n, k->pitch);
    for (size_t r = 0; r < k->count; r++)
        for (size_t j = 0; j < n; j++)
            to[j * k->pitch + r] = k->residues[k->row[r] * n + j];
}

static bool holds(hs_checker *c) {
    hs_ranks *k = c->ranks;
    load(c);
    simplify(k);
    if (k->dims == 0 || k->parts < k->dims)
        return k->dims == 0;
    hs_require(c, k->dims <= LEVELS, "the groups allow too many choices");
    return choices_span(c, 0, k->parts);
}

void hs_check_span(hs_checker *c) {
    hs_ranks *k = c->ranks;
    bool good = false;
    hs_require(c, k->count <= MOST_ENTRIES / c->n + c->m, "the groups have too many rows");
    for (size_t p = 0; p < PRIMES && !good; p++) {
        k->steps = 0;
        use_prime(c, primes[p]);
        good = holds(c);
        c->found->choices += k->steps;
    }
    hs_require(c, good,
               "the active rows with one row of each group need not span (%zu of %zu dimensions "
               "are open, with %zu groups)",
               k->dims, c->n, k->parts);
}

void hs_ranks_free(hs_checker *c) {
    hs_ranks *k = c->ranks;
    for (size_t level = 0; k != NULL && level <= LEVELS; level++)
        free(k->level[level].at);
    if (k != NULL)
        free(k->products.at);
}
