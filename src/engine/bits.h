/* Sets of rows as arrays of 64-bit words, and as lists. */
#ifndef HS_ENGINE_BITS_H
#define HS_ENGINE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void hs_bits_set(uint64_t *bits, size_t i) {
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void hs_bits_clear(uint64_t *bits, size_t i) {
    bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static inline bool hs_bits_test(const uint64_t *bits, size_t i) {
    return (bits[i / 64] >> (i % 64)) & 1;
}

static inline size_t hs_bits_count(const uint64_t *bits, size_t words) {
    size_t count = 0;
    for (size_t k = 0; k < words; k++)
        count += (size_t)__builtin_popcountll(bits[k]);
    return count;
}

static inline bool hs_bits_meet(const uint64_t *a, const uint64_t *b, size_t words) {
    for (size_t k = 0; k < words; k++)
        if (a[k] & b[k])
            return true;
    return false;
}

/* Is a a subset of b? */
static inline bool hs_bits_within(const uint64_t *a, const uint64_t *b, size_t words) {
    for (size_t k = 0; k < words; k++)
        if (a[k] & ~b[k])
            return false;
    return true;
}

/* The first member at or after i, or 64 words. */
static inline size_t hs_bits_next(const uint64_t *bits, size_t words, size_t i) {
    size_t k = i / 64;
    if (k >= words)
        return 64 * words;
    uint64_t word = bits[k] & (~UINT64_C(0) << (i % 64));
    while (word == 0) {
        if (++k == words)
            return 64 * words;
        word = bits[k];
    }
    return 64 * k + (size_t)__builtin_ctzll(word);
}

/* Disjoint sets: set k is row[begin[k]], ..., row[begin[k + 1] - 1], in increasing order. */
typedef struct hs_groups {
    size_t count;
    size_t *begin; /* count + 1; begin[0] = 0 */
    uint32_t *row;
} hs_groups;

static inline size_t hs_group_size(const hs_groups *groups, size_t k) {
    return groups->begin[k + 1] - groups->begin[k];
}

static inline const uint32_t *hs_group(const hs_groups *groups, size_t k) {
    return groups->row + groups->begin[k];
}

/* Every member, in order; `break` leaves the word only, so there is none. */
#define HS_BITS_EACH(i, bits, words)                                                               \
    for (size_t i = 0, i##_word = 0; i##_word < (words); i##_word++)                               \
        for (uint64_t i##_left = (bits)[i##_word];                                                 \
             i##_left != 0 && (i = 64 * i##_word + (size_t)__builtin_ctzll(i##_left), true);       \
             i##_left &= i##_left - 1)

#endif
