/* The proof that rows span R^n, whichever row of each part is taken; a row that is known to be
 * active is a part of its own.
 *
 * Everything is done modulo a prime: doubles are integers times powers of two, so they have exact
 * residues (a row may be multiplied by a power of two), and rows that are independent modulo a
 * prime are independent. Rows that are dependent modulo one prime prove nothing: then the next one
 * is tried, and in the end the proof is refused. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include <math.h>

/* A residue is a whole number between about -p/2 and p/2, kept as a double. With p below 1.09e8
 * sums of three products stay below 2^53 and are exact. */
static const double primes[] = {108999983.0, 108999977.0, 108999911.0, 108999901.0,
                                108999899.0, 108999889.0, 108999871.0, 108999851.0,
                                108999841.0, 108999823.0, 108999811.0, 108999791.0};

enum {
    PRIMES = sizeof primes / sizeof primes[0],
    MOST_ENTRIES = 1 << 26 /* numbers in the rows of all groups */
};

/* A sum of products, of doubles or blocks, modulo the prime: zero only for multiples of it. Adding
 * and subtracting 1.5 2^52 rounds to a whole number. */
#define QUOTIENT(sum) (((sum)*inverse + 6755399441055744.0) - 6755399441055744.0)
#define REDUCED(sum) ((sum)-QUOTIENT(sum) * prime)

/* Rows in blocks: coordinate j of row r is at[j pitch + r]. */
static hs_block *block(const double *at) {
    return (hs_block *)at;
}

static size_t padded(size_t count) {
    return (count + HS_LANES - 1) / HS_LANES * HS_LANES;
}

/* Row a is eliminated from rows 0..end-1. Coordinate p, not zero in row a, gives its place to the
 * last one. The result may replace the rows. */
HS_FOR_EACH_MACHINE static void eliminate(const double *from, double *to, size_t pitch, size_t dims,
                                          size_t a, size_t p, size_t end, double prime) {
    const double *factor = from + p * pitch;
    double pivot = factor[a], inverse = 1.0 / prime;
    for (size_t j = 0; j < dims; j++) {
        const double *x = from + j * pitch;
        double *result = to + (j + 1 < dims ? j : p) * pitch, entry = x[a];
        for (size_t r = 0; r < end && j != p; r += HS_LANES) {
            hs_block sum = *block(x + r) * pivot - *block(factor + r) * entry;
            *block(result + r) = REDUCED(sum);
        }
    }
}

/* Three dimensions, three parts: is the determinant of every choice of one row from each not zero?
 * The vector products of parts 1 and 2 (3 x product_pitch) meet the rows of part 0. */
HS_FOR_EACH_MACHINE static bool triples_span(const double *rows, size_t pitch, const size_t *edge,
                                             double prime, double *products, size_t product_pitch) {
    double inverse = 1.0 / prime, *u = products, *v = u + product_pitch, *w = v + product_pitch;
    size_t count = edge[2] - edge[1], pairs = 0;
    for (size_t s = edge[2]; s < edge[3]; s++, pairs += count)
        for (size_t r = 0; r < count; r += HS_LANES) {
            const double *one = rows + s, *others = rows + edge[1] + r;
            hs_block x = *block(others), y = *block(others + pitch), z = *block(others + 2 * pitch);
            hs_block yz = y * one[2 * pitch] - z * one[pitch];
            hs_block zx = z * one[0] - x * one[2 * pitch], xy = x * one[pitch] - y * one[0];
            *block(u + pairs + r) = REDUCED(yz);
            *block(v + pairs + r) = REDUCED(zx);
            *block(w + pairs + r) = REDUCED(xy);
        }
    for (size_t k = pairs; k < padded(pairs); k++) { /* the last block: one that counts anyway */
        u[k] = u[0];
        v[k] = v[0];
        w[k] = w[0];
    }
    hs_block zero = {0};
    __typeof__(zero == zero) dependent = zero != zero;
    for (size_t k = 0; k < pairs; k += HS_LANES)
        for (const double *row = rows; row < rows + edge[1]; row++) {
            hs_block sum = *block(u + k) * row[0] + *block(v + k) * row[pitch];
            sum += *block(w + k) * row[2 * pitch];
            dependent |= sum == QUOTIENT(sum) * prime;
        }
    return (dependent[0] | dependent[1] | dependent[2] | dependent[3]) == 0;
}

/* The first coordinate in which a row is not zero, or dims. */
static size_t first_entry(const double *row, size_t pitch, size_t dims) {
    size_t p = 0;
    while (p < dims && !(fabs(row[p * pitch]) > 0.0))
        p++;
    return p;
}

static bool parallel(const double *x, const double *y, size_t pitch, size_t dims, double prime) {
    double inverse = 1.0 / prime;
    size_t p = first_entry(x, pitch, dims) * pitch;
    for (size_t j = 0; j < dims * pitch; j += pitch) {
        double sum = x[p] * y[j] - x[j] * y[p];
        if (fabs(REDUCED(sum)) > 0.0)
            return false;
    }
    return true;
}

/* How many rows of a part are not parallel to one before them, and which; none when a row vanishes,
 * because this may be the row that is taken: the part is useless. */
static size_t distinct(const hs_checker *c, const double *rows, size_t dims, size_t part,
                       bool *counts) {
    size_t begin = c->edge[part], found = 0;
    for (size_t r = begin; r < c->edge[part + 1]; r++, found++) {
        counts[r] = true;
        if (first_entry(rows + r, c->pitch, dims) == dims)
            return 0;
        for (size_t s = begin; s < r && counts[r]; s++)
            counts[r] = !counts[s] || !parallel(rows + s, rows + r, c->pitch, dims, c->prime);
        found -= !counts[r];
    }
    return found;
}

static void count_steps(hs_checker *c, uint64_t steps) {
    c->span_steps += steps;
    hs_require(c, c->span_steps <= HS_TRANSVERSAL_STEPS, "the groups allow too many choices");
}

/* All choices of one row of each of these parts, the last part first. As long as one row of it
 * counts there is no choice, and the level stays: there are at most HS_LEVELS of them. */
static bool choices_span(hs_checker *c, size_t level, size_t dims, size_t parts) {
    double *rows = c->memory[HS_OF_LEVELS + level];
    bool *counts = hs_memory(c, HS_OF_COUNTS, c->pitch, sizeof *counts);
    const size_t *edge = c->edge;
    size_t pitch = c->pitch, found = 0;
    for (; dims > 0 && found < 2 && !(dims == 3 && parts == 3); parts -= found < 2) {
        c->open_dims = dims;
        c->open_parts = parts;
        if (parts < dims)
            return false;
        found = distinct(c, rows, dims, parts - 1, counts);
        size_t row = edge[parts - 1];
        if (found == 1)
            eliminate(rows, rows, pitch, dims, row, first_entry(rows + row, pitch, dims), row,
                      c->prime);
        dims -= found == 1;
    }
    if (dims == 3 && parts == 3) {
        size_t pairs = (edge[2] - edge[1]) * (edge[3] - edge[2]), most = pairs + HS_LANES;
        double *products = hs_memory(c, HS_OF_PRODUCTS, 3 * most, sizeof *products);
        count_steps(c, edge[1] * pairs);
        return triples_span(rows, pitch, edge, c->prime, products, most);
    }
    hs_require(c, level + 1 < HS_LEVELS || dims == 0, "the groups allow too many choices");
    double *to = hs_memory(c, HS_OF_LEVELS + level + 1, dims * pitch, sizeof *to);
    for (size_t row = edge[parts - 1]; dims > 0 && row < edge[parts]; row++) {
        if (!counts[row])
            continue;
        count_steps(c, edge[parts - 1] + 1);
        eliminate(rows, to, pitch, dims, row, first_entry(rows + row, pitch, dims), edge[parts - 1],
                  c->prime);
        if (!choices_span(c, level + 1, dims - 1, parts - 1))
            return false;
    }
    return true;
}

/* value 2^-unit modulo the prime. */
static double residue(double value, int unit, double prime) {
    int exponent;
    uint64_t p = (uint64_t)prime, rest = (uint64_t)ldexp(frexp(fabs(value), &exponent), 53) % p;
    for (exponent -= 53 + unit; rest > 0 && exponent > 0; exponent -= 32)
        rest = (rest << (exponent < 32 ? exponent : 32)) % p;
    double balanced = rest > p / 2 ? (double)rest - prime : (double)rest;
    return value < 0.0 ? -balanced : balanced;
}

/* Makes level 0: the residues of the rows, the largest parts first. */
static void load(hs_checker *c, double prime) {
    size_t n = c->n, at = 0, parts = 0,
           *edge = hs_memory(c, HS_OF_EDGES, c->parts + 1, sizeof *edge);
    const uint32_t *span = c->memory[HS_OF_SPAN];
    double *residues = hs_memory(c, HS_OF_RESIDUES, c->m * n, sizeof *residues);
    for (size_t i = 0; i < c->m && fabs(c->prime - prime) > 0.0; i++)
        for (size_t j = 0; j < n; j++) {
            const double *row = c->rows + i * (n + 1);
            residues[i * n + j] = residue(row[j], hs_unit(row, n), prime);
        }
    c->prime = prime;
    c->edge = edge;
    c->pitch = padded(c->span_rows) + HS_LANES;
    double *to = hs_memory(c, HS_OF_LEVELS, n * c->pitch, sizeof *to);
    for (size_t size = c->span_rows; size > 0; size--)
        for (const size_t *g = c->part, *end = g + c->parts; g < end; g++) {
            for (size_t r = g[0]; r < g[1] && g[1] - g[0] == size; r++, at++)
                for (size_t j = 0; j < n; j++)
                    to[j * c->pitch + at] = residues[span[r] * n + j];
            parts += g[1] - g[0] == size;
            edge[parts] = at;
        }
}

void hs_span_begin(hs_checker *c) {
    c->span_rows = c->parts = 0;
}

void hs_span_row(hs_checker *c, size_t row) {
    uint32_t *span = hs_memory(c, HS_OF_SPAN, c->span_rows + 1, sizeof *span);
    span[c->span_rows++] = (uint32_t)row;
}

void hs_span_part(hs_checker *c) {
    c->part = hs_memory(c, HS_OF_PARTS, c->parts + 2, sizeof *c->part);
    c->part[++c->parts] = c->span_rows;
}

void hs_check_span(hs_checker *c) {
    bool good = false;
    hs_require(c, c->span_rows <= MOST_ENTRIES / c->n + c->m, "the groups have too many rows");
    for (size_t p = 0; p < PRIMES && !good; p++) {
        c->span_steps = 0;
        load(c, primes[p]);
        good = choices_span(c, 0, c->n, c->parts);
        c->found->choices += c->span_steps;
    }
    hs_require(c, good,
               "the active rows with one row of each group need not span (%zu of %zu dimensions "
               "are open, with %zu groups)",
               c->open_dims, c->n, c->open_parts);
}
