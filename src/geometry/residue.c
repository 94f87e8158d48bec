#include "geometry/residue.h"

#include <gmp.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "residues are passed to GMP as words");

bool hs_split_double(double value, uint64_t *odd, int *exponent) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int biased = (int)(bits >> 52 & 0x7ff);
    uint64_t integer = bits & ((UINT64_C(1) << 52) - 1);
    if (biased == 0)
        biased = 1; /* subnormal */
    else
        integer |= UINT64_C(1) << 52;
    if (integer == 0)
        return false;
    int zeros = __builtin_ctzll(integer);
    *odd = integer >> zeros;
    *exponent = biased - 1075 + zeros;
    return true;
}

uint64_t hs_next_prime(uint64_t prime) {
    mpz_t next;
    mpz_init_set_ui(next, prime == HS_MERSENNE_PRIME ? UINT64_C(1) << 60 : prime);
    mpz_nextprime(next, next); /* proven below 2^64 */
    uint64_t result = mpz_get_ui(next);
    mpz_clear(next);
    return result;
}

static uint64_t mersenne_multiply(uint64_t a, uint64_t b) {
    wide product = (wide)a * b;
    uint64_t sum = ((uint64_t)product & HS_MERSENNE_PRIME) + (uint64_t)(product >> 61);
    return sum >= HS_MERSENNE_PRIME ? sum - HS_MERSENNE_PRIME : sum;
}

static uint64_t multiply(uint64_t a, uint64_t b, uint64_t prime) {
    if (prime == HS_MERSENNE_PRIME)
        return mersenne_multiply(a, b);
    return (uint64_t)((wide)a * b % prime);
}

static uint64_t subtract(uint64_t a, uint64_t b, uint64_t prime) {
    return a >= b ? a - b : a + prime - b;
}

static uint64_t power(uint64_t a, uint64_t exponent, uint64_t prime) {
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = multiply(result, a, prime);
        a = multiply(a, a, prime);
    }
    return result;
}

static uint64_t power_of_two(int exponent, uint64_t prime) {
    if (prime == HS_MERSENNE_PRIME) /* 2^61 = 1 */
        return UINT64_C(1) << ((exponent % 61 + 61) % 61);
    return exponent >= 0 ? power(2, (uint64_t)exponent, prime)
                         : power((prime + 1) / 2, (uint64_t)-exponent, prime);
}

static uint64_t residue(double value, uint64_t prime) {
    uint64_t odd;
    int exponent;
    if (!hs_split_double(value, &odd, &exponent))
        return 0;
    uint64_t result = multiply(odd, power_of_two(exponent, prime), prime);
    return value < 0.0 ? subtract(0, result, prime) : result;
}

/* Euclid's algorithm, from the smaller of a and -a: short for small integers and their negatives.
 * The signs of the cofactors alternate. */
uint64_t hs_inverse_modulo(uint64_t a, uint64_t prime) {
    bool negative = a > prime / 2;
    uint64_t before = prime, now = negative ? prime - a : a, cofactor_before = 0, cofactor = 1;
    while (now > 1) {
        uint64_t quotient = before / now, rest = before - quotient * now;
        uint64_t next = cofactor_before + quotient * cofactor;
        before = now;
        now = rest;
        cofactor_before = cofactor;
        cofactor = next;
        negative = !negative;
    }
    return negative ? prime - cofactor : cofactor;
}

void hs_residues_modulo(const double *values, size_t count, uint64_t prime, uint64_t *residues) {
    for (size_t i = 0; i < count; i++)
        residues[i] = residue(values[i], prime);
}

void hs_scale_modulo(uint64_t *x, uint64_t factor, size_t count, uint64_t prime) {
    for (size_t i = 0; i < count; i++)
        x[i] = multiply(x[i], factor, prime);
}

void hs_subtract_multiple_modulo(uint64_t *x, const uint64_t *y, uint64_t factor, size_t count,
                                 uint64_t prime) {
    if (prime == HS_MERSENNE_PRIME)
        for (size_t i = 0; i < count; i++)
            x[i] = hs_residue_subtract(x[i], mersenne_multiply(factor, y[i]));
    else
        for (size_t i = 0; i < count; i++)
            x[i] = subtract(x[i], multiply(factor, y[i], prime), prime);
}

/* 32 products of 122 bits and a remainder fit in 128 bits. */
uint64_t hs_product_modulo(const uint64_t *x, const uint64_t *y, size_t count, uint64_t prime) {
    wide sum = 0;
    for (size_t begin = 0; begin < count; begin += 32) {
        size_t end = count - begin > 32 ? begin + 32 : count;
        for (size_t i = begin; i < end; i++)
            sum += (wide)x[i] * y[i];
        sum %= prime;
    }
    return (uint64_t)sum;
}

void hs_residues(const double *values, size_t count, uint64_t *residues) {
    hs_residues_modulo(values, count, HS_MERSENNE_PRIME, residues);
}

uint64_t hs_multiply_modulo(uint64_t a, uint64_t b, uint64_t prime) {
    return multiply(a, b, prime);
}

uint64_t hs_residue_multiply(uint64_t a, uint64_t b) {
    return mersenne_multiply(a, b);
}

uint64_t hs_residue_subtract(uint64_t a, uint64_t b) {
    return subtract(a, b, HS_MERSENNE_PRIME);
}

uint64_t hs_residue_inverse(uint64_t a) {
    return hs_inverse_modulo(a, HS_MERSENNE_PRIME);
}
