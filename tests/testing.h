/* What every test program includes: cmocka, and numbers by chance from a fixed seed. */
#ifndef HS_TESTS_TESTING_H
#define HS_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t chance_bits(uint64_t *state) {
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* Uniform in [0, 1). */
static inline double chance(uint64_t *state) {
    return (double)(chance_bits(state) >> 11) * 0x1p-53;
}

static inline size_t chance_below(uint64_t *state, size_t end) {
    return (size_t)(chance_bits(state) % end);
}

/* About N(0, 1): a sum of twelve uniform numbers. */
static inline double chance_normal(uint64_t *state) {
    double sum = -6.0;
    for (int k = 0; k < 12; k++)
        sum += chance(state);
    return sum;
}

#endif
