#include "geometry/null_space.h"

#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

static const unsigned long exact_size = 1 << 20; /* larger entries are rounded */

/* With pieces of 56 bits and digits of 61 bits, 512 products add up to less than 2^127. */
enum { PIECE_BITS = 56, SUM_LENGTH = 512 };

static mpz_t *integers(size_t rows, size_t columns) {
    mpz_t *values = hs_allocate_matrix(rows, columns, sizeof *values);
    for (size_t i = 0; values != NULL && i < rows * columns; i++)
        mpz_init(values[i]);
    return values;
}

static void clear_integers(mpz_t *values, size_t count) {
    for (size_t i = 0; values != NULL && i < count; i++)
        mpz_clear(values[i]);
    free(values);
}

static const double *chosen_row(const hs_null_space *space, size_t i) {
    return space->rows + (space->which != NULL ? space->which[i] : i) * space->d;
}

/* ---- pivots ------------------------------------------------------------------------------- */

static void find_pivots(hs_null_space *space, uint64_t *row, bool *taken) {
    hs_modular_basis *basis = &space->basis;
    size_t free_count = 0;
    for (size_t i = 0; i < space->count && basis->rank < space->d; i++) {
        hs_residues_modulo(chosen_row(space, i), space->d, basis->prime, row);
        if (hs_modular_basis_add(basis, row))
            space->pivot_row[basis->rank - 1] = i;
    }
    for (size_t k = 0; k < basis->rank; k++)
        taken[basis->pivot[k]] = true;
    for (size_t j = 0; j < space->d; j++)
        if (!taken[j])
            space->free_column[free_count++] = j;
}

hs_status hs_null_space_create(const double *a, size_t d, const size_t *which, size_t count,
                               uint64_t prime, hs_null_space *space, hs_error *error) {
    *space = (hs_null_space){.rows = a, .which = which, .d = d, .count = count};
    mpz_inits(space->modulus, space->bound, space->s, space->t, space->u, space->v, NULL);
    hs_status status = hs_modular_basis_create(d, &space->basis, error);
    uint64_t *row = hs_allocate(d, sizeof *row);
    bool *taken = hs_allocate(d, sizeof *taken);
    space->pivot_row = hs_allocate(d, sizeof *space->pivot_row);
    space->free_column = hs_allocate(d, sizeof *space->free_column);
    if (status == HS_OK &&
        (row == NULL || taken == NULL || space->pivot_row == NULL || space->free_column == NULL))
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a rank in dimension %zu", d);
    if (status == HS_OK) {
        space->basis.prime = prime;
        find_pivots(space, row, taken);
    } else {
        hs_null_space_clear(space);
    }
    free(row);
    free(taken);
    return status;
}

void hs_null_space_clear(hs_null_space *space) {
    size_t d = space->d, rank = space->basis.rank;
    clear_integers(space->vector, d);
    clear_integers(space->a, rank * d);
    clear_integers(space->rest, d);
    clear_integers(space->solution, d);
    mpz_clears(space->modulus, space->bound, space->s, space->t, space->u, space->v, NULL);
    free(space->piece);
    free(space->inverse);
    free(space->digit);
    free(space->pivot_row);
    free(space->free_column);
    hs_modular_basis_clear(&space->basis);
}

/* ---- the pivot block ---------------------------------------------------------------------- */

/* The row times the power of two that makes it a row of integers, not all of them even. */
static void load_row(const double *row, size_t d, mpz_t *integer) {
    uint64_t odd;
    int exponent, least = INT32_MAX;
    for (size_t j = 0; j < d; j++)
        if (hs_split_double(row[j], &odd, &exponent) && exponent < least)
            least = exponent;
    for (size_t j = 0; j < d; j++) {
        mpz_set_ui(integer[j], 0);
        if (!hs_split_double(row[j], &odd, &exponent))
            continue;
        mpz_set_ui(integer[j], odd);
        mpz_mul_2exp(integer[j], integer[j], (mp_bitcnt_t)(exponent - least));
        if (row[j] < 0.0)
            mpz_neg(integer[j], integer[j]);
    }
}

/* Cramer: numerators and denominators are determinants, bounded by the product B of the norms of
 * the rows. They can be told from their quotient modulo any number above 2 B^2. */
static size_t count_digits(hs_null_space *space) {
    size_t bits = 0;
    for (size_t i = 0; i < space->basis.rank; i++) {
        mpz_set_ui(space->s, 0);
        for (size_t j = 0; j < space->d; j++)
            mpz_addmul(space->s, space->a[i * space->d + j], space->a[i * space->d + j]);
        bits += mpz_sizeinbase(space->s, 2);
    }
    return (bits + 2) / 60 + 1; /* the prime is above 2^60 */
}

/* Gauss-Jordan in place. The pivots were found in this order, so none of them is zero. */
static void invert(uint64_t *m, size_t size, uint64_t prime) {
    for (size_t k = 0; k < size; k++) {
        uint64_t *row = m + k * size, inverse = hs_inverse_modulo(row[k], prime);
        row[k] = 1;
        hs_scale_modulo(row, inverse, size, prime);
        for (size_t i = 0; i < size; i++) {
            uint64_t factor = m[i * size + k];
            if (i == k || factor == 0)
                continue;
            m[i * size + k] = 0;
            hs_subtract_multiple_modulo(m + i * size, row, factor, size, prime);
        }
    }
}

/* The pivot block in words: what the digits are multiplied with. */
static hs_status cut_block(hs_null_space *space, hs_error *error) {
    size_t d = space->d, rank = space->basis.rank, bits = 0;
    for (size_t i = 0; i < rank * d; i++)
        if (mpz_sizeinbase(space->a[i], 2) > bits)
            bits = mpz_sizeinbase(space->a[i], 2);
    space->pieces = (bits + PIECE_BITS - 1) / PIECE_BITS;
    space->inverse = hs_allocate_matrix(rank, rank, sizeof *space->inverse);
    space->piece = hs_allocate_matrix(rank * rank, space->pieces, sizeof *space->piece);
    if (space->inverse == NULL || space->piece == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for an inverse of %zu rows", rank);
    for (size_t e = 0; e < rank * rank; e++) {
        mpz_t *entry = space->a + e / rank * d + space->basis.pivot[e % rank];
        space->inverse[e] = mpz_fdiv_ui(*entry, space->basis.prime);
        mpz_set(space->s, *entry);
        for (size_t l = 0; mpz_sgn(space->s) != 0; l++) {
            mpz_tdiv_r_2exp(space->t, space->s, PIECE_BITS);
            mpz_tdiv_q_2exp(space->s, space->s, PIECE_BITS);
            space->piece[l * rank * rank + e] = mpz_get_si(space->t);
        }
    }
    return HS_OK;
}

static hs_status prepare(hs_null_space *space, hs_error *error) {
    size_t d = space->d, rank = space->basis.rank;
    space->a = integers(rank, d);
    space->digit = hs_allocate(2 * d, sizeof *space->digit);
    space->rest = integers(1, d);
    space->solution = integers(1, d);
    space->vector = integers(1, d);
    if (space->a == NULL || space->digit == NULL || space->rest == NULL ||
        space->solution == NULL || space->vector == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a null vector of %zu x %zu integers",
                       rank, d);
    for (size_t i = 0; i < rank; i++)
        load_row(chosen_row(space, space->pivot_row[i]), d, space->a + i * d);
    hs_status status = cut_block(space, error);
    if (status == HS_OK)
        invert(space->inverse, rank, space->basis.prime);
    space->digits = count_digits(space);
    return status;
}

/* ---- digits ------------------------------------------------------------------------------- */

static void begin(hs_null_space *space, size_t free_column) {
    for (size_t i = 0; i < space->basis.rank; i++) {
        mpz_neg(space->rest[i], space->a[i * space->d + free_column]);
        mpz_set_ui(space->solution[i], 0);
    }
    mpz_set_ui(space->modulus, 1);
}

/* result += value 2^shift */
static void add_wide(mpz_t result, wide value, size_t shift, mpz_t scratch) {
    bool negative = value < 0;
    if (negative)
        value = -value;
    mpz_set_ui(scratch, (uint64_t)(value >> 64));
    mpz_mul_2exp(scratch, scratch, 64);
    mpz_add_ui(scratch, scratch, (uint64_t)value);
    mpz_mul_2exp(scratch, scratch, shift);
    if (negative)
        mpz_sub(result, result, scratch);
    else
        mpz_add(result, result, scratch);
}

/* rest -= row of the block times digits */
static void explain(hs_null_space *space, size_t row) {
    size_t rank = space->basis.rank;
    for (size_t l = 0; l < space->pieces; l++) {
        const int64_t *piece = space->piece + (l * rank + row) * rank;
        for (size_t from = 0; from < rank; from += SUM_LENGTH) {
            size_t to = rank - from > SUM_LENGTH ? from + SUM_LENGTH : rank;
            wide sum = 0;
            for (size_t k = from; k < to; k++)
                sum -= (wide)piece[k] * (int64_t)space->digit[k];
            if (sum != 0)
                add_wide(space->rest[row], sum, l * PIECE_BITS, space->s);
        }
    }
}

/* block solution + modulus rest = - free column: one digit more. */
static void add_digit(hs_null_space *space) {
    size_t rank = space->basis.rank;
    uint64_t prime = space->basis.prime, *digit = space->digit, *image = digit + space->d;
    for (size_t i = 0; i < rank; i++)
        image[i] = mpz_fdiv_ui(space->rest[i], prime);
    for (size_t i = 0; i < rank; i++) {
        digit[i] = hs_product_modulo(space->inverse + i * rank, image, rank, prime);
        mpz_addmul_ui(space->solution[i], space->modulus, digit[i]);
    }
    for (size_t i = 0; i < rank; i++) {
        explain(space, i);
        mpz_divexact_ui(space->rest[i], space->rest[i], prime);
    }
    mpz_mul_ui(space->modulus, space->modulus, prime);
}

/* ---- rational reconstruction -------------------------------------------------------------- */

/* t = number times multiplier, reduced to the residue of least absolute value. */
static void reduce(hs_null_space *space, mpz_t number, mpz_t multiplier) {
    mpz_mul(space->t, number, multiplier);
    mpz_fdiv_r(space->t, space->t, space->modulus);
    mpz_mul_2exp(space->s, space->t, 1);
    if (mpz_cmp(space->s, space->modulus) > 0)
        mpz_sub(space->t, space->t, space->modulus);
}

/* Euclid's algorithm on modulus and t, until the remainder is within the bound: t becomes the
 * cofactor, the denominator of the fraction that t stands for. */
static void find_denominator(hs_null_space *space) {
    mpz_t previous, remainder, cofactor, next;
    mpz_init_set(previous, space->modulus);
    mpz_init(remainder);
    mpz_abs(remainder, space->t);
    mpz_init_set_ui(cofactor, 0);
    mpz_init_set_ui(next, 1);
    while (mpz_cmp(remainder, space->bound) > 0) {
        mpz_tdiv_qr(space->s, previous, previous, remainder);
        mpz_swap(previous, remainder);
        mpz_addmul(cofactor, space->s, next);
        mpz_swap(cofactor, next);
    }
    mpz_set(space->t, next);
    mpz_clears(previous, remainder, cofactor, next, NULL);
}

/* Makes solution / modulus a vector of integers; false when there is none within the bound. */
static bool reconstruct(hs_null_space *space, size_t free_column) {
    size_t rank = space->basis.rank;
    mpz_t *denominator = &space->u;
    mpz_tdiv_q_2exp(space->bound, space->modulus, 1);
    mpz_sqrt(space->bound, space->bound);
    mpz_set_ui(*denominator, 1);
    for (size_t k = 0; k < rank; k++) {
        reduce(space, space->solution[k], *denominator);
        if (mpz_cmpabs(space->t, space->bound) <= 0)
            continue;
        find_denominator(space);
        mpz_mul(*denominator, *denominator, space->t);
        if (mpz_cmp(*denominator, space->bound) > 0)
            return false;
    }
    for (size_t j = 0; j < space->d; j++)
        mpz_set_ui(space->vector[j], 0);
    mpz_set(space->vector[free_column], *denominator);
    for (size_t k = 0; k < rank; k++) {
        reduce(space, space->solution[k], *denominator);
        mpz_set(space->vector[space->basis.pivot[k]], space->t);
    }
    return true;
}

/* ---- checks ------------------------------------------------------------------------------- */

static bool solves_pivot_rows(hs_null_space *space) {
    for (size_t i = 0; i < space->basis.rank; i++) {
        mpz_t *row = space->a + i * space->d;
        mpz_set_ui(space->s, 0);
        for (size_t j = 0; j < space->d; j++)
            mpz_addmul(space->s, row[j], space->vector[j]);
        if (mpz_sgn(space->s) != 0)
            return false;
    }
    return true;
}

static bool orthogonal(hs_null_space *space, const double *row) {
    uint64_t odd;
    int exponent, least = INT32_MAX;
    for (size_t j = 0; j < space->d; j++)
        if (mpz_sgn(space->vector[j]) != 0 && hs_split_double(row[j], &odd, &exponent) &&
            exponent < least)
            least = exponent;
    mpz_set_ui(space->s, 0);
    for (size_t j = 0; j < space->d; j++) {
        if (mpz_sgn(space->vector[j]) == 0 || !hs_split_double(row[j], &odd, &exponent))
            continue;
        mpz_mul_2exp(space->t, space->vector[j], (mp_bitcnt_t)(exponent - least));
        if (row[j] > 0.0)
            mpz_addmul_ui(space->s, space->t, odd);
        else
            mpz_submul_ui(space->s, space->t, odd);
    }
    return mpz_sgn(space->s) == 0;
}

bool hs_null_space_orthogonal(hs_null_space *space) {
    size_t pivots = 0;
    for (size_t i = 0; i < space->count; i++) {
        if (pivots < space->basis.rank && space->pivot_row[pivots] == i)
            pivots++; /* checked already */
        else if (!orthogonal(space, chosen_row(space, i)))
            return false;
    }
    return true;
}

static void divide_by_common_factor(hs_null_space *space, size_t free_column) {
    mpz_set(space->s, space->vector[free_column]);
    for (size_t j = 0; j < space->d && mpz_cmp_ui(space->s, 1) != 0; j++)
        mpz_gcd(space->s, space->s, space->vector[j]);
    for (size_t j = 0; j < space->d && mpz_cmp_ui(space->s, 1) != 0; j++)
        mpz_divexact(space->vector[j], space->vector[j], space->s);
}

hs_status hs_null_space_vector(hs_null_space *space, size_t k, hs_error *error) {
    size_t free_column = space->free_column[k], attempt = 1;
    hs_status status = space->vector == NULL ? prepare(space, error) : HS_OK;
    if (status != HS_OK)
        return status;
    begin(space, free_column);
    for (size_t digits = 1; digits <= space->digits; digits++) {
        add_digit(space);
        if (digits != attempt && digits != space->digits)
            continue;
        if (reconstruct(space, free_column) && solves_pivot_rows(space)) {
            divide_by_common_factor(space, free_column);
            return HS_OK;
        }
        attempt = 8 * attempt > space->digits ? space->digits : 4 * attempt;
    }
    return hs_fail(error, HS_INTERNAL, "no null vector of %zu rows found where there is one",
                   space->basis.rank);
}

bool hs_null_space_round(hs_null_space *space, double *vector) {
    mpz_set_ui(space->u, 0);
    for (size_t j = 0; j < space->d; j++)
        if (mpz_cmpabs(space->vector[j], space->u) > 0)
            mpz_abs(space->u, space->vector[j]);
    bool exact = mpz_cmp_ui(space->u, exact_size) <= 0;
    for (size_t j = 0; j < space->d; j++) {
        mpz_t *entry = space->vector + j;
        if (exact || mpz_sgn(*entry) == 0) {
            vector[j] = mpz_get_d(*entry);
            continue;
        }
        size_t shift = mpz_sizeinbase(space->u, 2) - mpz_sizeinbase(*entry, 2) + 64;
        mpz_mul_2exp(space->t, *entry, shift);
        mpz_tdiv_q(space->t, space->t, space->u);
        vector[j] = shift < 2000 ? ldexp(mpz_get_d(space->t), -(int)shift) : 0.0;
    }
    return exact;
}
