#include "geometry/rank.h"

#include "support/allocate.h"
#include "support/error.h"

#include <gmp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRIME ((UINT64_C(1) << 61) - 1)

__extension__ typedef unsigned __int128 wide;

static uint64_t fold(uint64_t a) {
    return a >= PRIME ? a - PRIME : a;
}

uint64_t hs_residue_multiply(uint64_t a, uint64_t b) {
    wide product = (wide)a * b;
    return fold(((uint64_t)product & PRIME) + (uint64_t)(product >> 61));
}

uint64_t hs_residue_subtract(uint64_t a, uint64_t b) {
    return a >= b ? a - b : a + PRIME - b;
}

uint64_t hs_residue_inverse(uint64_t a) {
    uint64_t result = 1;
    for (uint64_t exponent = PRIME - 2; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = hs_residue_multiply(result, a);
        a = hs_residue_multiply(a, a);
    }
    return result;
}

static uint64_t residue(double value) {
    int exponent;
    double mantissa = frexp(fabs(value), &exponent); /* 53 bits: an integer after 2^53 */
    uint64_t integer = (uint64_t)ldexp(mantissa, 53);
    int shift = (exponent - 53) % 61; /* 2^61 = 1 */
    if (shift < 0)
        shift += 61;
    uint64_t result = hs_residue_multiply(integer, UINT64_C(1) << shift);
    return value < 0.0 ? hs_residue_subtract(0, result) : result;
}

void hs_residues(const double *values, size_t count, uint64_t *residues) {
    for (size_t i = 0; i < count; i++)
        residues[i] = residue(values[i]);
}

hs_status hs_modular_basis_create(size_t d, hs_modular_basis *basis, hs_error *error) {
    *basis = (hs_modular_basis){.d = d};
    basis->rows = hs_allocate_matrix(d, d, sizeof *basis->rows);
    basis->pivot = hs_allocate(d, sizeof *basis->pivot);
    basis->reduced = hs_allocate(d, sizeof *basis->reduced);
    if (basis->rows != NULL && basis->pivot != NULL && basis->reduced != NULL)
        return HS_OK;
    hs_modular_basis_clear(basis);
    return hs_fail(error, HS_NO_MEMORY, "no memory for a basis of dimension %zu", d);
}

void hs_modular_basis_clear(hs_modular_basis *basis) {
    free(basis->rows);
    free(basis->pivot);
    free(basis->reduced);
    *basis = (hs_modular_basis){0};
}

bool hs_modular_basis_add(hs_modular_basis *basis, const uint64_t *row) {
    size_t d = basis->d;
    uint64_t *x = basis->reduced;
    if (basis->rank == d)
        return false;
    memcpy(x, row, d * sizeof *x);
    for (size_t k = 0; k < basis->rank; k++) {
        const uint64_t *base = basis->rows + k * d;
        uint64_t factor = x[basis->pivot[k]];
        if (factor != 0)
            for (size_t j = basis->pivot[k]; j < d; j++)
                x[j] = hs_residue_subtract(x[j], hs_residue_multiply(factor, base[j]));
    }
    size_t pivot = 0;
    while (pivot < d && x[pivot] == 0)
        pivot++;
    if (pivot == d)
        return false;
    uint64_t inverse = hs_residue_inverse(x[pivot]);
    uint64_t *base = basis->rows + basis->rank * d;
    for (size_t j = 0; j < d; j++)
        base[j] = hs_residue_multiply(x[j], inverse);
    basis->pivot[basis->rank++] = pivot;
    return true;
}

/* ---- rational elimination --------------------------------------------------------------- */

typedef struct rational_matrix {
    size_t rows, columns;
    mpq_t *entry;
} rational_matrix;

static mpq_t *at(const rational_matrix *matrix, size_t row, size_t column) {
    return matrix->entry + row * matrix->columns + column;
}

static hs_status load(const double *a, size_t d, const size_t *which, size_t count,
                      rational_matrix *matrix, hs_error *error) {
    *matrix = (rational_matrix){.rows = count, .columns = d};
    matrix->entry = hs_allocate_matrix(count, d, sizeof *matrix->entry);
    if (matrix->entry == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for %zu x %zu rationals", count, d);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < d; j++) {
            mpq_init(*at(matrix, i, j));
            mpq_set_d(*at(matrix, i, j), a[(which != NULL ? which[i] : i) * d + j]);
        }
    return HS_OK;
}

static void unload(rational_matrix *matrix) {
    if (matrix->entry != NULL)
        for (size_t i = 0; i < matrix->rows * matrix->columns; i++)
            mpq_clear(matrix->entry[i]);
    free(matrix->entry);
}

static void swap_rows(rational_matrix *matrix, size_t i, size_t k) {
    for (size_t j = 0; i != k && j < matrix->columns; j++)
        mpq_swap(*at(matrix, i, j), *at(matrix, k, j));
}

/* Reduced row echelon form; pivot[k] is the column of row k's leading 1. Returns the rank. */
static size_t reduce(rational_matrix *matrix, size_t *pivot) {
    size_t rank = 0;
    mpq_t factor, product;
    mpq_init(factor);
    mpq_init(product);
    for (size_t column = 0; column < matrix->columns && rank < matrix->rows; column++) {
        size_t found = rank;
        while (found < matrix->rows && mpq_sgn(*at(matrix, found, column)) == 0)
            found++;
        if (found == matrix->rows)
            continue;
        swap_rows(matrix, rank, found);
        mpq_inv(factor, *at(matrix, rank, column));
        for (size_t j = column; j < matrix->columns; j++)
            mpq_mul(*at(matrix, rank, j), *at(matrix, rank, j), factor);
        for (size_t i = 0; i < matrix->rows; i++) {
            if (i == rank || mpq_sgn(*at(matrix, i, column)) == 0)
                continue;
            mpq_set(factor, *at(matrix, i, column));
            for (size_t j = column; j < matrix->columns; j++) {
                mpq_mul(product, factor, *at(matrix, rank, j));
                mpq_sub(*at(matrix, i, j), *at(matrix, i, j), product);
            }
        }
        pivot[rank++] = column;
    }
    mpq_clear(factor);
    mpq_clear(product);
    return rank;
}

/* Multiplies by the common denominator, if the numbers stay below 2^20: small integers are exact in
 * every later step. Other vectors are scaled to a largest entry of 1 and rounded. */
static bool round_vector(mpq_t *value, size_t d, double *vector) {
    mpz_t denominator;
    mpq_t factor, largest, size;
    mpz_init_set_ui(denominator, 1);
    mpq_inits(factor, largest, size, NULL);
    for (size_t j = 0; j < d; j++) {
        mpz_lcm(denominator, denominator, mpq_denref(value[j]));
        mpq_abs(size, value[j]);
        if (mpq_cmp(size, largest) > 0)
            mpq_set(largest, size);
    }
    mpq_set_z(factor, denominator);
    mpq_mul(size, factor, largest);
    bool exact = mpq_cmp_ui(size, 1 << 20, 1) <= 0;
    if (!exact)
        mpq_inv(factor, largest);
    for (size_t j = 0; j < d; j++) {
        mpq_mul(value[j], value[j], factor);
        vector[j] = mpq_get_d(value[j]);
    }
    mpz_clear(denominator);
    mpq_clears(factor, largest, size, NULL);
    return exact;
}

/* Sets the free column to 1 and reads the pivots off. Each free column gives one null vector; the
 * first is taken. */
static hs_status read_null_vector(const rational_matrix *matrix, const size_t *pivot, size_t rank,
                                  double *vector, bool *exact, hs_error *error) {
    size_t d = matrix->columns, free_column = 0;
    while (free_column < rank && pivot[free_column] == free_column)
        free_column++;
    mpq_t *value = hs_allocate(d, sizeof *value);
    if (value == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a null vector");
    for (size_t j = 0; j < d; j++)
        mpq_init(value[j]);
    mpq_set_si(value[free_column], 1, 1);
    for (size_t k = 0; k < rank; k++)
        mpq_neg(value[pivot[k]], *at(matrix, k, free_column));
    *exact = round_vector(value, d, vector);
    for (size_t j = 0; j < d; j++)
        mpq_clear(value[j]);
    free(value);
    return HS_OK;
}

hs_status hs_rank_exact(const double *a, size_t d, const size_t *which, size_t count, size_t *rank,
                        double *null_vector, bool *null_exact, hs_error *error) {
    hs_modular_basis basis;
    hs_status status = hs_modular_basis_create(d, &basis, error);
    uint64_t *row = hs_allocate(d, sizeof *row);
    size_t *pivot = hs_allocate(d, sizeof *pivot);
    rational_matrix matrix = {0};
    if (status == HS_OK && (row == NULL || pivot == NULL))
        status = hs_fail(error, HS_NO_MEMORY, "no memory for an exact rank");
    if (status != HS_OK)
        goto done;
    for (size_t i = 0; i < count && basis.rank < d; i++) {
        hs_residues(a + (which != NULL ? which[i] : i) * d, d, row);
        hs_modular_basis_add(&basis, row);
    }
    *rank = basis.rank;
    if (basis.rank == d || (basis.rank == count && null_vector == NULL))
        goto done; /* proven: a rank modulo a prime is a lower bound */
    status = load(a, d, which, count, &matrix, error);
    if (status != HS_OK)
        goto done;
    *rank = reduce(&matrix, pivot);
    if (null_vector != NULL && *rank < d)
        status = read_null_vector(&matrix, pivot, *rank, null_vector, null_exact, error);
done:
    unload(&matrix);
    free(row);
    free(pivot);
    hs_modular_basis_clear(&basis);
    return status;
}
