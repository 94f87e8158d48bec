/* The proof that rows span R^n, whichever row of each part is taken; a row that is known to be
 * active is a part of its own. Modulo a prime: rows that are independent modulo a prime are
 * independent. Rows that are not prove nothing: then the next prime is tried. */
#include "certificate/verify.h"

/* Residues are whole numbers from about -p/2 to p/2, kept as doubles. With p below 1.09e8 sums of
 * three products stay below 2^53 and are exact. */
static const double primes[] = {108999983.0, 108999977.0, 108999911.0, 108999901.0,
                                108999899.0, 108999889.0, 108999871.0, 108999851.0,
                                108999841.0, 108999823.0, 108999811.0, 108999791.0};

enum { MOST_LEVELS = 40, MOST_ENTRIES = 1 << 26 /* numbers in the rows of all groups */ };

/* The rest of a sum of products, or of a block of them, is zero only for multiples of the prime:
 * adding and subtracting 1.5 2^52 rounds to a whole number. */
#define QUOTIENT(sum) (((sum)*inverse + 6755399441055744.0) - 6755399441055744.0)
#define REST(sum) ((sum)-QUOTIENT(sum) * prime)
#define BLOCK(at) (*(hs_block *)(at))
#define PADDED(count) (((count) + HS_LANES - 1) / HS_LANES * HS_LANES)

/* Coordinate j of row r is at[j pitch + r]. Row a is eliminated from rows 0..end-1. Coordinate p,
 * not zero in row a, gives its place to the last one. The result may replace the rows. */
HS_FAST static void eliminate(double *from, double *to, size_t pitch, size_t dims, size_t a,
                              size_t p, size_t end, double prime) {
    double *factor = from + p * pitch, pivot = factor[a], inverse = 1.0 / prime;
    for (size_t j = 0; j < dims; j++) {
        double *x = from + j * pitch, *result = to + (j + 1 < dims ? j : p) * pitch, entry = x[a];
        for (size_t r = 0; r < end && j != p; r += HS_LANES) {
            hs_block sum = BLOCK(x + r) * pivot - BLOCK(factor + r) * entry;
            BLOCK(result + r) = REST(sum);
        }
    }
}

/* Three dimensions and three parts: is the determinant of every choice of one row from each not
 * zero? The vector products of parts 1 and 2 meet the rows of part 0. */
HS_FAST static bool triples_span(double *rows, size_t pitch, const size_t *edge, double prime,
                                 double *products, size_t most) {
    double inverse = 1.0 / prime, *u = products, *v = u + most, *w = v + most;
    size_t count = edge[2] - edge[1], pairs = 0;
    for (double *y = rows + edge[2]; y < rows + edge[3]; y++, pairs += count)
        for (size_t r = 0; r < count; r += HS_LANES)
            for (size_t j = 0; j < 3; j++) {
                size_t k = (j + 1) % 3 * pitch, l = (j + 2) % 3 * pitch;
                double *x = rows + edge[1] + r;
                hs_block sum = BLOCK(x + k) * y[l] - BLOCK(x + l) * y[k];
                BLOCK(products + j * most + pairs + r) = REST(sum);
            }
    for (size_t k = pairs; k < PADDED(pairs); k++) /* the last block is filled with the first */
        for (size_t j = 0; j < 3; j++)
            products[j * most + k] = products[j * most];
    hs_block zero = {0};
    __typeof__(zero == zero) dependent = zero != zero;
    for (size_t k = 0; k < pairs; k += HS_LANES)
        for (double *x = rows; x < rows + edge[1]; x++) {
            hs_block sum = BLOCK(u + k) * x[0] + BLOCK(v + k) * x[pitch];
            sum += BLOCK(w + k) * x[2 * pitch];
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

/* All choices of one row of each of these parts, the last part first; of parallel rows of a part
 * one counts. Without a choice the level stays: so this calls itself less than MOST_LEVELS deep. */
static bool choices_span(hs_checker *c, size_t level, size_t dims, size_t parts) {
    bool *done = hs_memory(c, &c->rooms.done, c->pitch, sizeof *done);
    const size_t *edge = c->edge, pitch = c->pitch;
    while (dims > 0) {
        double *rows = c->rooms.level[level].at, *to;
        bool triples = dims == 3 && parts == 3, useless = false, choice = false;
        size_t pairs = triples ? (edge[2] - edge[1]) * (edge[3] - edge[2]) : level > 0;
        c->span_steps += edge[triples ? 1 : parts] * pairs;
        bool few = c->span_steps <= HS_TRANSVERSAL_STEPS && level < MOST_LEVELS - 1;
        few = few && level * pitch <= MOST_ENTRIES / c->n;
        hs_affordable(c, few, "the groups allow too many choices");
        c->open_dims = dims;
        if (triples) {
            to = hs_memory(c, &c->rooms.products, 3 * (pairs + HS_LANES), sizeof *to);
            return triples_span(rows, pitch, edge, c->prime, to, pairs + HS_LANES);
        }
        if (parts-- == 0)
            return false;
        for (size_t r = edge[parts]; r < edge[parts + 1]; r++) {
            done[r] = false;
            useless = useless || first_entry(rows + r, pitch, dims) == dims;
        }
        for (size_t r = edge[parts]; r < edge[parts + 1] && !useless; r++) {
            if (done[r])
                continue;
            to = hs_memory(c, &c->rooms.level[level + 1], dims * pitch, sizeof *to);
            eliminate(rows, to, pitch, dims, r, first_entry(rows + r, pitch, dims), edge[parts + 1],
                      c->prime);
            for (size_t s = r + 1; s < edge[parts + 1]; s++) {
                done[s] = done[s] || first_entry(to + s, pitch, dims - 1) == dims - 1;
                choice = choice || !done[s];
            }
            if (choice && (parts + 1 < dims || !choices_span(c, level + 1, dims - 1, parts)))
                return false;
        }
        if (choice)
            return true;
        if (!useless) {
            hs_room result = c->rooms.level[level + 1];
            c->rooms.level[level + 1] = c->rooms.level[level];
            c->rooms.level[level] = result;
            dims--;
        }
    }
    return true;
}

/* Makes level 0: residues of the rows times powers of two, the largest parts first. */
static void load(hs_checker *c, double prime) {
    size_t n = c->n, at = 0, parts = 0;
    double *residues = hs_memory(c, &c->rooms.residues, c->m * n, sizeof *residues);
    for (size_t k = 0; k < c->m * n && fabs(c->prime - prime) > 0.0; k++) {
        const double *row = c->rows + k / n * (n + 1);
        hs_exact(c->integers[0], row[k % n], hs_unit(row, n));
        residues[k] = (double)mpz_fdiv_ui(c->integers[0], (unsigned long)prime);
        residues[k] -= residues[k] > prime / 2.0 ? prime : 0.0;
    }
    c->prime = prime;
    c->edge = hs_memory(c, &c->rooms.edge, c->parts + 1, sizeof *c->edge);
    c->pitch = PADDED(c->span_count) + HS_LANES;
    double *to = hs_memory(c, &c->rooms.level[0], n * c->pitch, sizeof *to);
    for (size_t size = c->span_count, smaller = 0; size > 0; size = smaller, smaller = 0)
        for (size_t g = 0; g < c->parts; g++) {
            size_t own = c->part[g + 1] - c->part[g];
            smaller = own < size && own > smaller ? own : smaller;
            for (size_t r = c->part[g]; r < c->part[g + 1] && own == size; r++, at++)
                for (size_t j = 0; j < n; j++)
                    to[j * c->pitch + at] = residues[c->span[r] * n + j];
            parts += own == size;
            c->edge[parts] = at;
        }
}

void hs_check_span(hs_checker *c) {
    bool good = hs_others_turn(c);
    hs_affordable(c, c->span_count <= MOST_ENTRIES / c->n + c->m, "the groups have too many rows");
    for (size_t p = 0; p < sizeof primes / sizeof primes[0] && !good; p++) {
        load(c, primes[p]);
        c->span_steps = 0;
        good = choices_span(c, 0, c->n, c->parts);
        c->found->choices += c->span_steps;
    }
    hs_require(c, good, "rows need not span: %zu of %zu dimensions are open", c->open_dims, c->n);
}
