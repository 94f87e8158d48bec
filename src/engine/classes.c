#include "engine/classes.h"

#include "engine/bits.h"
#include "geometry/residue.h"
#include "support/allocate.h"

#include <stdlib.h>
#include <string.h>

static size_t power_of_3(size_t exponent) {
    size_t result = 1;
    while (exponent-- > 0)
        result *= 3;
    return result;
}

/* ---- rows modulo 3 --------------------------------------------------------------------------- */

/* A double is an integer times a power of 2, and 2 is -1 modulo 3. */
static uint8_t residue(double value) {
    uint64_t odd;
    int exponent;
    if (!hs_split_double(value, &odd, &exponent))
        return 0;
    bool negative = (value < 0.0) != (exponent % 2 != 0);
    uint8_t rest = (uint8_t)(odd % 3);
    return negative ? (uint8_t)((3 - rest) % 3) : rest;
}

/* x += factor y modulo 3 */
static void add(uint8_t *x, const uint8_t *y, unsigned factor, size_t n) {
    for (size_t j = 0; j < n; j++)
        x[j] = (uint8_t)((x[j] + factor * y[j]) % 3);
}

/* The basis as it grows: reduced rows with a leading 1 each, and what they are of the basis. */
typedef struct reduced {
    size_t rank;
    uint8_t *row, *part; /* n x n */
    size_t *leading;
} reduced;

/* row (n numbers) minus what the basis has of it; part: that, in terms of the basis rows. Returns
 * the first coordinate that is left, or n. */
static size_t reduce(const reduced *basis, size_t n, uint8_t *row, uint8_t *part) {
    for (size_t k = 0; k < basis->rank; k++) {
        unsigned factor = row[basis->leading[k]];
        add(row, basis->row + k * n, 3 - factor, n);
        add(part, basis->part + k * n, factor, n);
    }
    size_t j = 0;
    while (j < n && row[j] == 0)
        j++;
    return j;
}

static void append(reduced *basis, size_t n, const uint8_t *row, const uint8_t *part, size_t at) {
    uint8_t *to = basis->row + basis->rank * n, *own = basis->part + basis->rank * n;
    unsigned inverse = row[at]; /* 1 or 2, its own inverse */
    memset(own, 0, n);
    add(to, row, inverse, n);
    add(own, part, 2 * inverse, n); /* the reduced row is the new one minus its part */
    own[basis->rank] = (uint8_t)((own[basis->rank] + inverse) % 3);
    basis->leading[basis->rank++] = at;
}

/* Active rows first. */
static bool find_basis(hs_classes *classes, const uint8_t *residues, const uint64_t *active,
                       reduced *basis, uint8_t *row, uint8_t *part) {
    size_t n = classes->n;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < classes->count && basis->rank < n; i++) {
            if (hs_bits_test(active, i) != (pass == 0))
                continue;
            memcpy(row, residues + i * n, n);
            memset(part, 0, n);
            size_t at = reduce(basis, n, row, part);
            if (at == n)
                continue;
            classes->basis[basis->rank] = i;
            append(basis, n, row, part, at);
        }
        if (pass == 0)
            classes->active = basis->rank;
    }
    return basis->rank == n;
}

hs_status hs_classes_create(const double *weight, const size_t *row_of, size_t count, size_t n,
                            const uint64_t *active, size_t words, size_t inner, hs_classes *classes,
                            bool *made) {
    *classes = (hs_classes){.n = n, .count = count, .words = words};
    *made = false;
    classes->basis = hs_allocate(n, sizeof *classes->basis);
    classes->one = hs_allocate_matrix(2 * n, words, sizeof *classes->one);
    uint8_t *residues = hs_allocate_matrix(count, n, 1);
    uint8_t *memory = hs_allocate_matrix(2 * n + 2, n, 1);
    size_t *leading = hs_allocate(n, sizeof *leading);
    if (classes->basis != NULL && classes->one != NULL && residues != NULL && memory != NULL &&
        leading != NULL) {
        reduced basis = {.row = memory, .part = memory + n * n, .leading = leading};
        uint8_t *row = memory + 2 * n * n;
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < n; j++)
                residues[i * n + j] = residue(weight[row_of[i] * n + j]);
        *made = find_basis(classes, residues, active, &basis, row, row + n);
        classes->two = classes->one + n * words;
        for (size_t i = 0; *made && i < count; i++) {
            memset(row, 0, n);
            reduce(&basis, n, residues + i * n, row);
            for (size_t k = 0; k < n; k++)
                if (row[k] != 0)
                    hs_bits_set((row[k] == 1 ? classes->one : classes->two) + k * words, i);
        }
        size_t open = n - classes->active;
        classes->inner = open < inner ? open : inner;
        classes->outer = open - classes->inner;
        classes->chunks = (power_of_3(classes->outer) + 1) / 2;
    }
    bool enough = leading != NULL && memory != NULL && residues != NULL && classes->one != NULL &&
                  classes->basis != NULL;
    free(residues);
    free(memory);
    free(leading);
    return enough ? HS_OK : HS_NO_MEMORY;
}

void hs_classes_clear(hs_classes *classes) {
    free(classes->basis);
    free(classes->one);
}

/* The first digit that is not 0 is 1; chunks are in the order of its place. */
void hs_classes_digits(const hs_classes *classes, uint64_t chunk, uint8_t *digits) {
    size_t outer = classes->outer;
    memset(digits, 0, outer);
    if (chunk-- == 0)
        return;
    size_t first = 0;
    uint64_t size = power_of_3(outer - 1);
    for (; chunk >= size; size /= 3) {
        chunk -= size;
        first++;
    }
    digits[first] = 1;
    for (size_t k = outer; --k > first; chunk /= 3)
        digits[k] = (uint8_t)(chunk % 3);
}

/* ---- classes --------------------------------------------------------------------------------- */

size_t hs_classes_most(const hs_classes *classes) {
    return power_of_3(classes->inner);
}

/* to = from + digit times basis row k, modulo 3: bits of the rows that are 1, then of those that
 * are 2. */
static void add_digit(const hs_classes *classes, const uint64_t *from, size_t k, unsigned digit,
                      uint64_t *to) {
    size_t words = classes->words;
    const uint64_t *one = (digit == 2 ? classes->two : classes->one) + k * words;
    const uint64_t *two = (digit == 2 ? classes->one : classes->two) + k * words;
    for (size_t w = 0; w < words; w++) {
        uint64_t a = from[w], b = from[words + w], c = digit != 0 ? one[w] : 0,
                 d = digit != 0 ? two[w] : 0;
        to[w] = (a & ~(c | d)) | (c & ~(a | b)) | (b & d);
        to[words + w] = (b & ~(c | d)) | (d & ~(a | b)) | (a & c);
    }
}

/* The digits from k on; none: all before were 0, and the first that is not has to be 1. */
static uint64_t *enumerate(const hs_classes *classes, size_t k, bool none, uint64_t *sum,
                           uint64_t *to) {
    size_t words = classes->words;
    if (k == classes->n) {
        for (size_t w = 0; w < words; w++)
            to[w] = sum[w] | sum[words + w];
        return none ? to : to + words;
    }
    for (unsigned digit = 0; digit < (none ? 2 : 3); digit++) {
        add_digit(classes, sum, k, digit, sum + 2 * words);
        to = enumerate(classes, k + 1, none && digit == 0, sum + 2 * words, to);
    }
    return to;
}

size_t hs_classes_load(const hs_classes *classes, uint64_t chunk, const uint8_t *digits,
                       uint64_t *nonzero, uint64_t *scratch) {
    size_t words = classes->words, first = classes->active;
    memset(scratch, 0, 2 * words * sizeof *scratch);
    for (size_t k = 0; k < classes->outer; k++)
        add_digit(classes, scratch, first + k, digits[k], scratch);
    uint64_t *end = enumerate(classes, first + classes->outer, chunk == 0, scratch, nonzero);
    return (size_t)(end - nonzero) / words;
}

/* 64 x 64 bits: blocks off the diagonal are exchanged, of 32 x 32 bits, then 16 x 16, ... */
static void transpose(uint64_t *bits) {
    uint64_t low = UINT64_C(0xffffffff);
    for (unsigned size = 32; size > 0; size /= 2, low ^= low << size)
        for (size_t k = 0; k < 64; k = (k + size + 1) & ~(size_t)size) {
            uint64_t other = (bits[k] >> size ^ bits[k + size]) & low;
            bits[k] ^= other << size;
            bits[k + size] ^= other;
        }
}

void hs_classes_transpose(const uint64_t *nonzero, size_t words, size_t count, size_t width,
                          uint64_t *masks) {
    uint64_t bits[64];
    for (size_t g = 0; g < width; g++) {
        size_t here = count < 64 * g ? 0 : count - 64 * g < 64 ? count - 64 * g : 64;
        for (size_t w = 0; w < words; w++) {
            for (size_t k = 0; k < here; k++)
                bits[k] = nonzero[(64 * g + k) * words + w];
            memset(bits + here, 0, (64 - here) * sizeof *bits);
            if (here > 0)
                transpose(bits);
            for (size_t k = 0; k < 64; k++)
                masks[(64 * w + k) * width + g] = bits[k];
        }
    }
}
