/* The proof that rows span R^n, whichever row of each group is taken.
 *
 * Everything is done modulo a prime: doubles are integers times powers of two, so they have exact
 * residues (a row may be multiplied by a power of two), and rows that are independent modulo a
 * prime are independent. Rows that are dependent modulo one prime prove nothing: then the next one
 * is tried, and in the end the proof is refused.
 *
 * The fixed rows are eliminated first. A group with a row that vanishes is useless, because this
 * row may be the one that is taken: it is dropped. Of parallel rows of a group one is kept; a group
 * with one row is a fixed row. What is left is enumerated: level after level one row is taken and
 * eliminated from all that follow, smallest groups first, and the last two groups live in a plane,
 * where a pair of rows is a determinant. */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below 2^26.5. A residue is a whole number between about -p/2 and p/2, kept as a double: sums of
 * two products stay below 2^52 and are exact. */
static const double primes[] = {87999997.0, 87999971.0, 87999953.0, 87999941.0, 87999929.0};

enum {
    PRIMES = sizeof primes / sizeof primes[0],
    LEVELS = 40,           /* groups of two rows and more: 2^40 choices are too many anyway */
    MOST_ENTRIES = 1 << 26 /* numbers in the rows of all groups */
};

typedef struct hs_rank_proof {
    hs_checker *checker;
    size_t n;
    size_t *member, *begin; /* fixed rows, then the rows of the groups; where each group begins */
    size_t count, fixed, groups, capacity;
    double prime;     /* in use */
    double *residues; /* m x n: of the layer's rows, modulo the first prime */
    double *basis;    /* n x n: fixed rows, reduced */
    size_t *pivot, rank;

    double *vectors; /* left x dims: rows of the groups, without the pivot coordinates */
    size_t *edge;    /* parts + 1: where each part of them, a group, begins */
    size_t left, parts, dims;
    double *level[LEVELS]; /* coordinate j of row r of level k: [j pitch + r] */
    size_t pitch, level_size;
    uint64_t steps;
} hs_rank_proof;

/* ---- arithmetic -------------------------------------------------------------------------------
 */

/* x a + y b modulo the prime; zero only for zero. Adding and subtracting 1.5 2^52 rounds to the
 * nearest whole number. */
static inline double combine(double x, double a, double y, double b, double prime, double inverse) {
    const double round = 6755399441055744.0;
    double sum = x * a + y * b, quotient = (sum * inverse + round) - round;
    return sum - quotient * prime;
}

/* Rows are the same up to a power of two: this is that of 2^1200 value. */
static double residue(double value, double prime) {
    int exponent, shift;
    uint64_t p = (uint64_t)prime, rest = (uint64_t)ldexp(frexp(fabs(value), &exponent), 53) % p;
    for (exponent += 1200; exponent > 0; exponent -= shift) {
        shift = exponent < 32 ? exponent : 32;
        rest = (rest << shift) % p;
    }
    double balanced = rest > p / 2 ? (double)rest - prime : (double)rest;
    return value < 0.0 ? -balanced : balanced;
}

/* ---- the loops that take the time ---------------------------------------------------------------
 */

/* Rows come in blocks: of so many doubles, or truth values. */
enum { LANES = 8 };
typedef double block __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t flags __attribute__((vector_size(LANES * sizeof(int64_t))));

/* As combine, for the blocks at x and y. */
#define COMBINE_BLOCKS(result, x, a, y, b, prime, inverse)                                         \
    do {                                                                                           \
        block left_, right_;                                                                       \
        memcpy(&left_, (x), sizeof left_);                                                         \
        memcpy(&right_, (y), sizeof right_);                                                       \
        left_ = left_ * (a) + right_ * (b);                                                        \
        right_ = (left_ * (inverse) + 6755399441055744.0) - 6755399441055744.0;                    \
        (result) = left_ - right_ * (prime);                                                       \
    } while (0)

/* Level k to level k + 1: eliminates row a from rows 0..end-1 and drops coordinate p, which is not
 * zero in row a. dims: coordinates at level k. */
static inline void eliminate_row(const double *from, size_t pitch, size_t dims, size_t a, size_t p,
                                 size_t end, double prime, double *to) {
    const double *factor = from + p * pitch;
    double pivot = factor[a], inverse = 1.0 / prime;
    for (size_t j = 0; j < dims; j++) {
        const double *x = from + j * pitch;
        double minus = -x[a];
        if (j == p)
            continue;
        for (size_t r = 0; r < end; r += LANES) {
            block result;
            COMBINE_BLOCKS(result, x + r, pivot, factor + r, minus, prime, inverse);
            memcpy(to + r, &result, sizeof result);
        }
        to += pitch;
    }
}

/* Is every pair of a row of 0..middle-1 and one of middle..end-1, in the plane, independent? */
static inline bool pairs_span(const double *rows, size_t pitch, size_t middle, size_t end,
                              double prime) {
    const double *x = rows, *y = rows + pitch;
    double inverse = 1.0 / prime;
    flags vanishes = {0};
    int64_t any = 0;
    for (size_t a = middle; a < end; a++)
        for (size_t r = 0; r < middle; r += LANES) {
            block result;
            COMBINE_BLOCKS(result, y + r, x[a], x + r, -y[a], prime, inverse);
            vanishes |= result == 0.0;
        }
    for (size_t lane = 0; lane < LANES; lane++)
        any |= vanishes[lane];
    return any == 0;
}

#if defined(__x86_64__) /* the same with wider vectors, where there are */
#define WIDER(name, target_name)                                                                   \
    __attribute__((target(target_name), flatten)) static void eliminate_row_##name(                \
        const double *from, size_t pitch, size_t dims, size_t a, size_t p, size_t end,             \
        double prime, double *to) {                                                                \
        eliminate_row(from, pitch, dims, a, p, end, prime, to);                                    \
    }                                                                                              \
    __attribute__((target(target_name), flatten)) static bool pairs_span_##name(                   \
        const double *rows, size_t pitch, size_t middle, size_t end, double prime) {               \
        return pairs_span(rows, pitch, middle, end, prime);                                        \
    }
WIDER(avx2, "avx2")
WIDER(avx512, "avx512f")
#define BY_MACHINE(name, ...)                                                                      \
    (__builtin_cpu_supports("avx512f") ? name##_avx512(__VA_ARGS__)                                \
     : __builtin_cpu_supports("avx2")  ? name##_avx2(__VA_ARGS__)                                  \
                                       : name(__VA_ARGS__))
#else
#define BY_MACHINE(name, ...) name(__VA_ARGS__)
#endif

/* ---- fixed rows and groups --------------------------------------------------------------------
 */

hs_rank_proof *hs_rank_proof_create(hs_checker *checker) {
    size_t n = checker->n, m = checker->m;
    hs_rank_proof *proof = hs_allocate(1, sizeof *proof);
    if (proof == NULL)
        return NULL;
    *proof = (hs_rank_proof){.checker = checker, .n = n};
    proof->residues = hs_allocate_matrix(m, n, sizeof *proof->residues);
    proof->basis = hs_allocate_matrix(n, n, sizeof *proof->basis);
    proof->pivot = hs_allocate(n, sizeof *proof->pivot);
    proof->begin = hs_allocate(n + 3, sizeof *proof->begin);
    proof->edge = hs_allocate(n + 3, sizeof *proof->edge);
    if (proof->residues == NULL || proof->basis == NULL || proof->pivot == NULL ||
        proof->begin == NULL || proof->edge == NULL) {
        hs_rank_proof_free(proof);
        return NULL;
    }
    const double *weight = hs_layer_weight(checker->layer);
    for (size_t k = 0; k < m * n; k++)
        proof->residues[k] = residue(weight[k], primes[0]);
    return proof;
}

void hs_rank_proof_free(hs_rank_proof *proof) {
    if (proof == NULL)
        return;
    for (size_t k = 0; k < LEVELS; k++)
        free(proof->level[k]);
    free(proof->residues);
    free(proof->basis);
    free(proof->pivot);
    free(proof->member);
    free(proof->begin);
    free(proof->edge);
    free(proof->vectors);
    free(proof);
}

void hs_rank_proof_begin(hs_rank_proof *proof) {
    proof->count = proof->fixed = proof->groups = 0;
    proof->steps = 0;
}

bool hs_rank_proof_group(hs_rank_proof *proof) {
    if (proof->groups > proof->n)
        return hs_checker_refuse(proof->checker, "there are more groups than dimensions");
    if (proof->groups == 0)
        proof->fixed = proof->count;
    proof->begin[proof->groups++] = proof->count;
    return true;
}

bool hs_rank_proof_add(hs_rank_proof *proof, size_t row) {
    if (proof->count == proof->capacity) {
        size_t capacity = 2 * proof->capacity + 64;
        size_t *member = realloc(proof->member, capacity * sizeof *member);
        if (member == NULL)
            return hs_checker_no_memory(proof->checker);
        proof->member = member;
        proof->capacity = capacity;
    }
    proof->member[proof->count++] = row;
    return true;
}

/* x = x a_p - x_p a: coordinate p of x vanishes; a_p does not. */
static void eliminate(const hs_rank_proof *proof, double *x, const double *a, size_t p,
                      size_t size) {
    double factor = -x[p], inverse = 1.0 / proof->prime;
    for (size_t j = 0; j < size && fabs(factor) > 0.0; j++)
        x[j] = combine(x[j], a[p], a[j], factor, proof->prime, inverse);
}

static size_t first_entry(const double *x, size_t size) {
    size_t p = 0;
    while (p < size && !(fabs(x[p]) > 0.0))
        p++;
    return p;
}

/* The residues of a row, less what the fixed rows span. */
static void load(const hs_rank_proof *proof, size_t row, double *x) {
    size_t n = proof->n;
    const double *weight = hs_layer_weight(proof->checker->layer) + row * n;
    for (size_t j = 0; j < n; j++)
        x[j] = proof->prime < primes[0] ? residue(weight[j], proof->prime)
                                        : proof->residues[row * n + j];
    for (size_t k = 0; k < proof->rank; k++)
        eliminate(proof, x, proof->basis + k * n, proof->pivot[k], n);
}

/* Eliminates the fixed rows; leaves the rows of the groups in the coordinates without a pivot. */
static bool project(hs_rank_proof *proof) {
    size_t n = proof->n;
    proof->rank = 0;
    for (size_t k = 0; k < proof->fixed && proof->rank < n; k++) {
        double *x = proof->basis + proof->rank * n;
        load(proof, proof->member[k], x);
        size_t p = first_entry(x, n);
        if (p < n)
            proof->pivot[proof->rank++] = p;
    }
    proof->dims = n - proof->rank;
    proof->left = proof->count - proof->fixed;
    proof->parts = proof->groups;
    free(proof->vectors);
    proof->vectors = hs_allocate_matrix(proof->left + 1, n, sizeof *proof->vectors);
    bool *gone = hs_allocate(n, sizeof *gone);
    if (proof->vectors == NULL || gone == NULL) {
        free(gone);
        return hs_checker_no_memory(proof->checker);
    }
    for (size_t k = 0; k < proof->rank; k++)
        gone[proof->pivot[k]] = true;
    for (size_t r = 0; r < proof->left; r++) {
        double *x = proof->vectors + proof->left * n, *y = proof->vectors + r * proof->dims;
        load(proof, proof->member[proof->fixed + r], x);
        for (size_t j = 0; j < n; j++)
            if (!gone[j])
                *y++ = x[j];
    }
    for (size_t g = 0; g < proof->groups; g++)
        proof->edge[g] = proof->begin[g] - proof->fixed;
    free(gone);
    return true;
}

/* ---- zero and parallel rows, single rows ------------------------------------------------------
 */

static bool parallel(const hs_rank_proof *proof, const double *x, const double *y) {
    size_t p = first_entry(x, proof->dims);
    if (p != first_entry(y, proof->dims))
        return false;
    for (size_t j = p + 1; j < proof->dims; j++)
        if (fabs(combine(x[j], y[p], -x[p], y[j], proof->prime, 1.0 / proof->prime)) > 0.0)
            return false;
    return true;
}

/* Keeps one of several parallel rows of a part and drops it whole when a row of it vanishes. Writes
 * to the vectors from `to` on; returns how many rows are left. */
static size_t thin(hs_rank_proof *proof, size_t begin, size_t end, size_t to) {
    size_t dims = proof->dims, kept = 0;
    double *vectors = proof->vectors;
    for (size_t r = begin; r < end; r++) {
        const double *x = vectors + r * dims;
        bool repeated = false;
        if (first_entry(x, dims) == dims)
            return 0;
        for (size_t k = 0; k < kept && !repeated; k++)
            repeated = parallel(proof, vectors + (to + k) * dims, x);
        if (!repeated && to + kept++ != r)
            memmove(vectors + (to + kept - 1) * dims, x, dims * sizeof *x);
    }
    return kept;
}

/* Eliminates a row from all rows that are left and drops its coordinate. */
static void eliminate_everywhere(hs_rank_proof *proof, const double *row) {
    size_t dims = proof->dims, p = first_entry(row, dims);
    for (size_t r = 0; r < proof->left; r++) {
        double *x = proof->vectors + r * dims, *y = proof->vectors + r * (dims - 1);
        eliminate(proof, x, row, p, dims);
        memmove(y, x, p * sizeof *x);
        memmove(y + p, x + p + 1, (dims - 1 - p) * sizeof *x);
    }
    proof->dims--;
}

/* Thins all parts; one with a single row is then fixed and dropped: true when there was one. */
static bool simplify(hs_rank_proof *proof) {
    size_t parts = 0, left = 0, dims = proof->dims, single = SIZE_MAX;
    double *fixed = proof->basis; /* not needed any more */
    proof->edge[proof->parts] = proof->left;
    for (size_t g = 0; g < proof->parts; g++) {
        size_t kept = thin(proof, proof->edge[g], proof->edge[g + 1], left);
        if (kept == 1)
            single = parts;
        if (kept > 0)
            proof->edge[parts++] = left;
        left += kept;
    }
    if (single != SIZE_MAX) {
        double *row = proof->vectors + proof->edge[single] * dims;
        memcpy(fixed, row, dims * sizeof *row);
        memmove(row, row + dims, (left - proof->edge[single] - 1) * dims * sizeof *row);
        for (size_t g = single + 1; g < parts; g++)
            proof->edge[g - 1] = proof->edge[g] - 1;
        parts--;
        left--;
    }
    proof->parts = parts;
    proof->left = proof->edge[parts] = left;
    if (single != SIZE_MAX)
        eliminate_everywhere(proof, fixed);
    return single != SIZE_MAX;
}

/* ---- the choices ------------------------------------------------------------------------------
 */

static size_t padded(size_t count) {
    return (count + LANES - 1) / LANES * LANES;
}

static bool make_levels(hs_rank_proof *proof) {
    bool larger = proof->pitch * proof->dims > proof->level_size, good = true;
    if (larger)
        proof->level_size = proof->pitch * proof->dims;
    for (size_t k = 0; k < LEVELS && larger; k++) {
        free(proof->level[k]);
        proof->level[k] = NULL;
    }
    for (size_t k = 0; k < proof->dims && good; k++) {
        if (proof->level[k] == NULL)
            proof->level[k] = hs_allocate(proof->level_size, sizeof(double));
        good = proof->level[k] != NULL;
    }
    return good;
}

/* Level 0: the parts in order of size, largest first, and its last row repeated to fill a block.
 * The smallest part, at the end, is the first of which a row is taken. */
static bool begin_choices(hs_rank_proof *proof) {
    size_t dims = proof->dims, parts = proof->parts, at = 0, done = 0, *edge = proof->edge;
    size_t *sorted = hs_allocate(parts + 1, sizeof *sorted);
    proof->pitch = padded(proof->left + LANES);
    bool good = sorted != NULL && make_levels(proof);
    for (size_t size = proof->left; good && done < parts; size--)
        for (size_t g = 0; g < parts; g++) {
            if (edge[g + 1] - edge[g] != size)
                continue;
            size_t filled = done == 0 ? padded(size) : size;
            sorted[done++] = at;
            for (size_t r = 0; r < filled; r++, at++)
                for (size_t j = 0; j < dims; j++)
                    proof->level[0][j * proof->pitch + at] =
                        proof->vectors[(edge[g] + (r < size ? r : size - 1)) * dims + j];
        }
    if (good) {
        memcpy(edge, sorted, parts * sizeof *sorted);
        edge[parts] = at;
    }
    free(sorted);
    return good || hs_checker_no_memory(proof->checker);
}

typedef struct choice {
    size_t part;  /* whose rows are taken at this level; parts of lower number are left */
    size_t next;  /* the row to be taken next */
    size_t spare; /* parts that may still be dropped */
} choice;

typedef enum answer { CLOSED, OPEN, FAILED } answer;

/* The first coordinate in which row r of level k is not zero, or all. */
static size_t first_coordinate(const hs_rank_proof *proof, size_t k, size_t r) {
    size_t dims = proof->dims - k, p = 0;
    while (p < dims && !(fabs(proof->level[k][p * proof->pitch + r]) > 0.0))
        p++;
    return p;
}

/* Looks at the rows of level k: parts 0..c->part are left. */
static answer enter(hs_rank_proof *proof, size_t k, choice *c) {
    const size_t *edge = proof->edge;
    size_t dims = proof->dims - k;
    if (dims == 2 && c->spare == 0) {
        proof->steps += edge[1] * (edge[2] - edge[1]);
        return BY_MACHINE(pairs_span, proof->level[k], proof->pitch, edge[1], edge[2], proof->prime)
                   ? CLOSED
                   : FAILED;
    }
    for (;; c->part--, c->spare--) {
        bool vanishes = false;
        for (size_t r = edge[c->part]; r < edge[c->part + 1] && !vanishes; r++)
            vanishes = first_coordinate(proof, k, r) == dims;
        if (!vanishes)
            break;
        if (c->spare == 0)
            return FAILED;
    }
    c->next = edge[c->part];
    return dims == 1 ? CLOSED : OPEN;
}

/* All choices of one row from each part, depth first. */
static bool every_choice_spans(hs_rank_proof *proof) {
    choice stack[LEVELS];
    size_t k = 0;
    stack[0] = (choice){.part = proof->parts - 1, .spare = proof->parts - proof->dims};
    answer now = enter(proof, 0, &stack[0]);
    while (now != FAILED) {
        if (now == CLOSED) { /* back to the last level with a row that was not taken */
            do
                if (k-- == 0)
                    return true;
            while (stack[k].next == proof->edge[stack[k].part + 1]);
        }
        choice *c = &stack[k];
        size_t end = proof->edge[c->part], row = c->next++;
        BY_MACHINE(eliminate_row, proof->level[k], proof->pitch, proof->dims - k, row,
                   first_coordinate(proof, k, row), end, proof->prime, proof->level[k + 1]);
        proof->steps += end;
        stack[++k] = (choice){.part = c->part - 1, .spare = c->spare};
        now = enter(proof, k, &stack[k]);
        if (proof->steps > HS_TRANSVERSAL_STEPS)
            return hs_checker_refuse(proof->checker, "the groups allow too many choices");
    }
    return false;
}

/* Modulo the prime. */
static bool holds(hs_rank_proof *proof) {
    if (!project(proof))
        return false;
    while (proof->dims > 0 && simplify(proof))
        ;
    if (proof->dims == 0)
        return true;
    if (proof->parts < proof->dims)
        return false;
    if (proof->dims >= LEVELS)
        return hs_checker_refuse(proof->checker, "the groups allow too many choices");
    return begin_choices(proof) && every_choice_spans(proof);
}

bool hs_rank_proof_holds(hs_rank_proof *proof) {
    const hs_checker *checker = proof->checker;
    bool good = false;
    if (proof->groups == 0)
        proof->fixed = proof->count;
    if ((proof->count - proof->fixed) > MOST_ENTRIES / proof->n)
        return hs_checker_refuse(proof->checker, "the groups have too many rows");
    for (size_t k = 0; k < PRIMES && !good && !checker->refused && checker->status == HS_OK; k++) {
        proof->prime = primes[k];
        good = holds(proof);
    }
    proof->checker->found->choices += proof->steps;
    return good ||
           hs_checker_refuse(proof->checker,
                             "the active rows with one row of each group need not span (%zu of %zu "
                             "dimensions are open, with %zu groups)",
                             proof->dims, proof->n, proof->parts);
}
