/* The proof that rows span R^n, whichever row of each group is taken.
 *
 * Everything is done modulo the prime p = 2^61 - 1: doubles are integers times powers of two, so
 * they have exact residues (a row may be multiplied by a power of two), and rows that are
 * independent modulo p are independent. Rows that are dependent modulo p prove nothing.
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

__extension__ typedef unsigned __int128 wide;

#define PRIME ((UINT64_C(1) << 61) - 1)

enum {
    LEVELS = 40,           /* groups of two rows and more: 2^40 choices are too many anyway */
    MOST_ENTRIES = 1 << 25 /* numbers in the rows of all groups */
};

typedef struct hs_rank_proof {
    hs_checker *checker;
    size_t n, dims;     /* coordinates left */
    uint64_t *residues; /* m x n: of the layer's rows */
    uint64_t *fixed;    /* n: a row that is eliminated */
    uint64_t *vectors;  /* count x n: the rows of the groups, in `dims` coordinates each */
    size_t count, capacity;
    size_t *begin; /* groups + 1: where each group begins */
    size_t groups, group_capacity;
    uint64_t *level[LEVELS]; /* the rows of later groups, one coordinate less each time */
    size_t level_capacity;
    uint64_t steps;
    uint64_t *basis; /* n x n: the fixed rows, reduced */
    size_t *pivot;   /* n */
    size_t rank;
} hs_rank_proof;

/* x a + y b modulo p. */
static uint64_t combine(uint64_t x, uint64_t a, uint64_t y, uint64_t b) {
    wide sum = (wide)x * a + (wide)y * b; /* below 2^123 */
    uint64_t folded = (uint64_t)(sum & PRIME) + (uint64_t)(sum >> 61);
    folded = (folded & PRIME) + (folded >> 61);
    return folded >= PRIME ? folded - PRIME : folded;
}

static uint64_t residue(double value) {
    int exponent;
    double mantissa = ldexp(frexp(fabs(value), &exponent), 53);
    unsigned turn = (unsigned)(((exponent - 53) % 61 + 61) % 61); /* 2^61 = 1 */
    uint64_t result = combine((uint64_t)mantissa, UINT64_C(1) << turn, 0, 0);
    return value < 0.0 && result != 0 ? PRIME - result : result;
}

hs_rank_proof *hs_rank_proof_create(hs_checker *checker) {
    size_t n = checker->n, m = checker->m;
    hs_rank_proof *proof = hs_allocate(1, sizeof *proof);
    if (proof == NULL)
        return NULL;
    *proof = (hs_rank_proof){.checker = checker, .n = n};
    proof->residues = hs_allocate_matrix(m, n, sizeof *proof->residues);
    proof->basis = hs_allocate_matrix(n, n, sizeof *proof->basis);
    proof->pivot = hs_allocate(n, sizeof *proof->pivot);
    proof->fixed = hs_allocate(n, sizeof *proof->fixed);
    proof->begin = hs_allocate(n + 3, sizeof *proof->begin);
    if (proof->residues == NULL || proof->basis == NULL || proof->pivot == NULL ||
        proof->fixed == NULL || proof->begin == NULL) {
        hs_rank_proof_free(proof);
        return NULL;
    }
    const double *weight = hs_layer_weight(checker->layer);
    for (size_t k = 0; k < m * n; k++)
        proof->residues[k] = residue(weight[k]);
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
    free(proof->fixed);
    free(proof->vectors);
    free(proof->begin);
    free(proof);
}

void hs_rank_proof_begin(hs_rank_proof *proof) {
    proof->rank = proof->count = proof->groups = 0;
    proof->dims = proof->n;
    proof->steps = 0;
}

/* x = x a_p - x_p a: coordinate p of x vanishes; a_p does not. */
static void eliminate(uint64_t *x, const uint64_t *a, size_t p, size_t size) {
    uint64_t factor = x[p] != 0 ? PRIME - x[p] : 0;
    if (factor == 0)
        return;
    for (size_t j = 0; j < size; j++)
        x[j] = combine(x[j], a[p], a[j], factor);
}

static size_t first_entry(const uint64_t *x, size_t size) {
    size_t p = 0;
    while (p < size && x[p] == 0)
        p++;
    return p;
}

/* ---- fixed rows and groups --------------------------------------------------------------------
 */

static void reduce(const hs_rank_proof *proof, uint64_t *x) {
    for (size_t k = 0; k < proof->rank; k++)
        eliminate(x, proof->basis + k * proof->n, proof->pivot[k], proof->n);
}

bool hs_rank_proof_fix(hs_rank_proof *proof, size_t row) {
    size_t n = proof->n;
    if (proof->rank == n)
        return true;
    uint64_t *x = proof->basis + proof->rank * n;
    memcpy(x, proof->residues + row * n, n * sizeof *x);
    reduce(proof, x);
    size_t p = first_entry(x, n);
    if (p < n)
        proof->pivot[proof->rank++] = p;
    return true;
}

bool hs_rank_proof_group(hs_rank_proof *proof) {
    if (proof->groups > proof->n)
        return hs_checker_refuse(proof->checker, "there are more groups than dimensions");
    proof->begin[proof->groups++] = proof->count;
    return true;
}

bool hs_rank_proof_add(hs_rank_proof *proof, size_t row) {
    size_t n = proof->n;
    if (proof->count == proof->capacity) {
        size_t capacity = 2 * proof->capacity + 64;
        if (capacity > MOST_ENTRIES / n + 64)
            return hs_checker_refuse(proof->checker, "the groups have too many rows");
        uint64_t *vectors = realloc(proof->vectors, capacity * n * sizeof *vectors);
        if (vectors == NULL)
            return hs_checker_no_memory(proof->checker);
        proof->vectors = vectors;
        proof->capacity = capacity;
    }
    memcpy(proof->vectors + proof->count++ * n, proof->residues + row * n, n * sizeof(uint64_t));
    return true;
}

/* Eliminates the fixed rows from the rows of the groups and drops their pivot coordinates. */
static bool project(hs_rank_proof *proof) {
    size_t n = proof->n;
    bool *gone = hs_allocate(n, sizeof *gone);
    if (gone == NULL)
        return hs_checker_no_memory(proof->checker);
    for (size_t k = 0; k < proof->rank; k++)
        gone[proof->pivot[k]] = true;
    proof->dims = n - proof->rank;
    for (size_t r = 0; r < proof->count; r++) {
        uint64_t *x = proof->vectors + r * n, *y = proof->vectors + r * proof->dims;
        reduce(proof, x);
        for (size_t j = 0; j < n; j++)
            if (!gone[j])
                *y++ = x[j];
    }
    free(gone);
    return true;
}

/* ---- zero and parallel rows, single rows ------------------------------------------------------
 */

static bool parallel(const uint64_t *x, const uint64_t *y, size_t dims) {
    size_t p = first_entry(x, dims);
    if (p != first_entry(y, dims))
        return false;
    for (size_t j = p + 1; j < dims; j++)
        if (combine(x[j], y[p], PRIME - x[p], y[j]) != 0)
            return false;
    return true;
}

/* Keeps one of several parallel rows of the group and drops it whole when a row of it vanishes.
 * Writes to the vectors from `to` on; returns how many rows are left. */
static size_t thin(hs_rank_proof *proof, size_t begin, size_t end, size_t to) {
    size_t dims = proof->dims, kept = 0;
    uint64_t *vectors = proof->vectors;
    for (size_t r = begin; r < end; r++) {
        const uint64_t *x = vectors + r * dims;
        bool repeated = false;
        if (first_entry(x, dims) == dims)
            return 0;
        for (size_t k = 0; k < kept && !repeated; k++)
            repeated = parallel(vectors + (to + k) * dims, x, dims);
        if (!repeated)
            memmove(vectors + (to + kept++) * dims, x, dims * sizeof *x);
    }
    return kept;
}

/* Eliminates a row from all rows of the groups and drops its coordinate. */
static void eliminate_everywhere(hs_rank_proof *proof) {
    size_t dims = proof->dims, p = first_entry(proof->fixed, dims);
    for (size_t r = 0; r < proof->count; r++) {
        uint64_t *x = proof->vectors + r * dims, *y = proof->vectors + r * (dims - 1);
        eliminate(x, proof->fixed, p, dims);
        memmove(y, x, p * sizeof *x);
        memmove(y + p, x + p + 1, (dims - 1 - p) * sizeof *x);
    }
    proof->dims--;
}

/* One pass over the groups; true when a group was a single row, which is then fixed. */
static bool simplify(hs_rank_proof *proof) {
    size_t groups = 0, count = 0;
    bool single = false;
    proof->begin[proof->groups] = proof->count;
    for (size_t g = 0; g < proof->groups; g++) {
        size_t begin = proof->begin[g], end = proof->begin[g + 1];
        size_t kept = thin(proof, begin, end, count);
        if (kept == 1 && !single) {
            single = true;
            memcpy(proof->fixed, proof->vectors + count * proof->dims,
                   proof->dims * sizeof(uint64_t));
            kept = 0;
        }
        if (kept > 0)
            proof->begin[groups++] = count;
        count += kept;
    }
    proof->groups = groups;
    proof->count = count;
    proof->begin[groups] = count;
    if (single)
        eliminate_everywhere(proof);
    return single;
}

/* ---- the choices ------------------------------------------------------------------------------
 */

/* Puts the groups in order of size, smallest first; level[0] receives their rows. */
static bool sort_groups(hs_rank_proof *proof) {
    size_t dims = proof->dims, at = 0, *begin = proof->begin, groups = proof->groups;
    if (proof->count * dims > proof->level_capacity) {
        for (size_t k = 0; k < LEVELS; k++) {
            free(proof->level[k]);
            proof->level[k] = NULL;
        }
        proof->level_capacity = proof->count * dims;
    }
    for (size_t k = 0; k < dims; k++)
        if (proof->level[k] == NULL)
            proof->level[k] = hs_allocate(proof->level_capacity, sizeof(uint64_t));
    size_t *sorted = hs_allocate(groups + 1, sizeof *sorted);
    bool good = sorted != NULL;
    for (size_t k = 0; k < dims; k++)
        good = good && proof->level[k] != NULL;
    for (size_t size = 1, g = 0; good && g < groups; size++)
        for (size_t k = 0; k < groups; k++) {
            if (begin[k + 1] - begin[k] != size)
                continue;
            memcpy(proof->level[0] + at * dims, proof->vectors + begin[k] * dims,
                   size * dims * sizeof(uint64_t));
            sorted[g++] = at;
            at += size;
        }
    if (good)
        memcpy(begin, sorted, groups * sizeof *sorted);
    free(sorted);
    return good || hs_checker_no_memory(proof->checker);
}

static bool has_zero_row(const uint64_t *rows, size_t count, size_t dims) {
    for (size_t r = 0; r < count; r++)
        if (first_entry(rows + r * dims, dims) == dims)
            return true;
    return false;
}

/* Two groups in the plane: is every pair independent? */
static bool pairs_are_independent(const uint64_t *x, size_t many, const uint64_t *y, size_t more) {
    bool good = true;
    for (size_t i = 0; i < many; i++) {
        uint64_t a = x[2 * i], b = x[2 * i + 1] != 0 ? PRIME - x[2 * i + 1] : 0;
        for (size_t k = 0; k < more; k++)
            good &= combine(a, y[2 * k + 1], b, y[2 * k]) != 0;
    }
    return good;
}

typedef struct choice {
    size_t group; /* whose rows are taken at this level */
    size_t next;  /* the row to be taken next */
    size_t spare; /* groups that may still be dropped */
} choice;

typedef enum answer { CLOSED, OPEN, FAILED } answer;

/* Looks at the rows of level k: group c->group is the first that is left. */
static answer enter(hs_rank_proof *proof, size_t k, choice *c) {
    const size_t *begin = proof->begin;
    size_t dims = proof->dims - k;
    const uint64_t *rows = proof->level[k];
    if (dims == 0)
        return CLOSED;
    if (dims == 2 && c->spare == 0) {
        size_t g = c->group, many = begin[g + 1] - begin[g], more = begin[g + 2] - begin[g + 1];
        proof->steps += many * more;
        return pairs_are_independent(rows + 2 * begin[g], many, rows + 2 * begin[g + 1], more)
                   ? CLOSED
                   : FAILED;
    }
    for (;; c->group++, c->spare--) {
        size_t size = begin[c->group + 1] - begin[c->group];
        if (!has_zero_row(rows + begin[c->group] * dims, size, dims))
            break;
        if (c->spare == 0)
            return FAILED;
    }
    c->next = begin[c->group];
    return dims == 1 ? CLOSED : OPEN;
}

/* Level k + 1: the rows of later groups without the row that is taken. */
static void take(hs_rank_proof *proof, size_t k, const choice *c) {
    size_t dims = proof->dims - k;
    const uint64_t *a = proof->level[k] + c->next * dims;
    size_t p = first_entry(a, dims);
    for (size_t r = proof->begin[c->group + 1]; r < proof->count; r++) {
        const uint64_t *x = proof->level[k] + r * dims;
        uint64_t *y = proof->level[k + 1] + r * (dims - 1);
        uint64_t factor = x[p] != 0 ? PRIME - x[p] : 0;
        for (size_t j = 0; j < p; j++)
            y[j] = combine(x[j], a[p], a[j], factor);
        for (size_t j = p + 1; j < dims; j++)
            y[j - 1] = combine(x[j], a[p], a[j], factor);
    }
    proof->steps += proof->count - proof->begin[c->group + 1];
}

/* All choices of one row from each group, depth first. */
static bool enumerate(hs_rank_proof *proof) {
    choice stack[LEVELS];
    size_t k = 0;
    stack[0] = (choice){.spare = proof->groups - proof->dims};
    answer now = enter(proof, 0, &stack[0]);
    while (now != FAILED) {
        if (now == CLOSED) { /* back to the last level with a row that was not taken */
            do
                if (k-- == 0)
                    return true;
            while (stack[k].next == proof->begin[stack[k].group + 1]);
        }
        take(proof, k, &stack[k]);
        stack[k].next++;
        stack[k + 1] = (choice){.group = stack[k].group + 1, .spare = stack[k].spare};
        k++;
        now = enter(proof, k, &stack[k]);
        if (proof->steps > HS_TRANSVERSAL_STEPS)
            return hs_checker_refuse(proof->checker, "the groups allow too many choices");
    }
    return hs_checker_refuse(proof->checker,
                             "the active rows with one row of each group need not span");
}

bool hs_rank_proof_holds(hs_rank_proof *proof) {
    if (!project(proof))
        return false;
    while (proof->dims > 0 && simplify(proof))
        ;
    if (proof->dims == 0)
        return true;
    if (proof->groups < proof->dims)
        return hs_checker_refuse(proof->checker,
                                 "the active rows and the groups leave %zu dimensions open",
                                 proof->dims - proof->groups);
    if (proof->dims >= LEVELS)
        return hs_checker_refuse(proof->checker, "the groups allow too many choices");
    bool good = sort_groups(proof) && enumerate(proof);
    proof->checker->found->choices += proof->steps;
    return good;
}
