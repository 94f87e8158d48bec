/* Random numbers by counting: a number depends on its counter and the seed alone, so any entry of a
 * random layer can be had without the ones before it. Philox 4x32-10: Salmon, Moraes, Dror, Shaw,
 * Parallel random numbers: as easy as 1, 2, 3, SC 2011. */
#ifndef HS_LAYER_RANDOM_H
#define HS_LAYER_RANDOM_H

#include <stdint.h>

/* 128 random bits. */
typedef struct hs_random {
    uint64_t first, second;
} hs_random;

hs_random hs_random_draw(uint64_t seed, const uint32_t counter[4]);

/* Uniform on [0, 1): a multiple of 2^-53. */
double hs_random_unit(uint64_t bits);

/* Uniform on (-1, 1), symmetric: an odd multiple of 2^-53, never 0. */
double hs_random_symmetric(uint64_t bits);

/* N(0, 1), by inversion of the distribution function; symmetric, never 0, at most 9.3 in size. Only
 * + - * / sqrt and exact scaling: the same bits on every machine. */
double hs_random_normal(uint64_t bits);

#endif
