/* Arithmetic modulo primes between 2^60 and 2^61; doubles as residues.
 *
 * Every finite double is an integer times a power of two, so it has an exact residue modulo an odd
 * prime. The Mersenne prime 2^61 - 1 comes first: reduction is cheap there, and powers of two are
 * shifts. */
#ifndef HS_GEOMETRY_RESIDUE_H
#define HS_GEOMETRY_RESIDUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HS_MERSENNE_PRIME ((UINT64_C(1) << 61) - 1)

/* |value| = odd 2^exponent; false for 0. The value is finite. */
bool hs_split_double(double value, uint64_t *odd, int *exponent);

/* Another prime for each call, from 2^60 upwards; prime: the one before, or HS_MERSENNE_PRIME. */
uint64_t hs_next_prime(uint64_t prime);

/* The residues of count doubles. */
void hs_residues_modulo(const double *values, size_t count, uint64_t prime, uint64_t *residues);
uint64_t hs_multiply_modulo(uint64_t a, uint64_t b, uint64_t prime);
/* Of a number that is not 0. */
uint64_t hs_inverse_modulo(uint64_t a, uint64_t prime);
/* x *= factor, x -= factor y: count residues. */
void hs_scale_modulo(uint64_t *x, uint64_t factor, size_t count, uint64_t prime);
void hs_subtract_multiple_modulo(uint64_t *x, const uint64_t *y, uint64_t factor, size_t count,
                                 uint64_t prime);
/* The sum of x_i y_i. */
uint64_t hs_product_modulo(const uint64_t *x, const uint64_t *y, size_t count, uint64_t prime);

/* The same modulo 2^61 - 1. */
void hs_residues(const double *values, size_t count, uint64_t *residues);
uint64_t hs_residue_multiply(uint64_t a, uint64_t b);
uint64_t hs_residue_subtract(uint64_t a, uint64_t b);
uint64_t hs_residue_inverse(uint64_t a);

#endif
