#include "testing.h"

#include "geometry/null_space.h"
#include "geometry/rank.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRIME ((UINT64_C(1) << 61) - 1)

static uint64_t residue_of(double value) {
    uint64_t residue;
    hs_residues(&value, 1, &residue);
    return residue;
}

static uint64_t power_of_two(int exponent) {
    return UINT64_C(1) << ((exponent % 61 + 61) % 61);
}

static void residues_of_integers_are_the_integers(void **state) {
    (void)state;
    assert_int_equal(residue_of(0.0), 0);
    assert_int_equal(residue_of(-0.0), 0);
    assert_int_equal(residue_of(1.0), 1);
    assert_int_equal(residue_of(-1.0), PRIME - 1);
    assert_int_equal(residue_of(9007199254740991.0), UINT64_C(9007199254740991));
    assert_int_equal(residue_of(0x1p60), UINT64_C(1) << 60);
    assert_int_equal(residue_of(0x1p61), 1);
}

static void residues_at_the_ends_of_the_exponent_range(void **state) {
    (void)state;
    assert_int_equal(residue_of(0x1p-1074), power_of_two(-1074));
    assert_int_equal(residue_of(DBL_MIN), power_of_two(-1022));
    assert_int_equal(residue_of(0x1p1023), power_of_two(1023));
    /* DBL_MAX = 2^1024 - 2^971 */
    assert_int_equal(residue_of(DBL_MAX),
                     hs_residue_subtract(power_of_two(1024), power_of_two(971)));
    assert_int_equal(residue_of(0.5), hs_residue_inverse(2));
}

static void residues_add_and_multiply_like_the_numbers(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int k = 0; k < 2000; k++) { /* products and differences of 26-bit numbers are exact */
        double x = ldexp((double)(chance_bits(&seed) >> 38), (int)chance_below(&seed, 90) - 45);
        double y = ldexp((double)(chance_bits(&seed) >> 38), (int)chance_below(&seed, 90) - 45);
        assert_int_equal(residue_of(x * y), hs_residue_multiply(residue_of(x), residue_of(y)));
        double near = x * (1.0 + 0x1p-20);
        assert_int_equal(residue_of(x - near),
                         hs_residue_subtract(residue_of(x), residue_of(near)));
    }
}

static void inverse_times_number_is_one(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int k = 0; k < 200; k++) {
        uint64_t x = 1 + chance_bits(&seed) % (PRIME - 1);
        assert_int_equal(hs_residue_multiply(x, hs_residue_inverse(x)), 1);
    }
    assert_int_equal(hs_residue_multiply(PRIME - 1, PRIME - 1), 1);
}

static void other_primes_do_the_same_arithmetic(void **state) {
    (void)state;
    uint64_t seed = 5, prime = HS_MERSENNE_PRIME;
    for (int k = 0; k < 20; k++) {
        prime = hs_next_prime(prime);
        assert_in_range(prime, UINT64_C(1) << 60, PRIME - 1);
        for (int trial = 0; trial < 20; trial++) {
            const double values[4] = {chance_normal(&seed), 0x1p-1074, 0x1p1023, -1.0};
            const double scaled[4] = {values[0] * 0x1p-80, 0x1p-1000, 0x1p949, 1.0};
            uint64_t x[4], y[4], a = 1 + chance_bits(&seed) % (prime - 1);
            hs_residues_modulo(values, 4, prime, x);
            hs_residues_modulo(scaled, 4, prime, y);
            assert_int_equal(x[3], prime - 1);
            assert_int_equal(hs_multiply_modulo(a, hs_inverse_modulo(a, prime), prime), 1);
            uint64_t shift = 1; /* 2^80, 2^-74, 2^74 */
            for (int i = 0; i < 80; i++)
                shift = hs_multiply_modulo(shift, 2, prime);
            assert_int_equal(hs_multiply_modulo(y[0], shift, prime), x[0]);
            shift = hs_multiply_modulo(shift, hs_inverse_modulo(64, prime), prime);
            assert_int_equal(hs_multiply_modulo(x[1], shift, prime), y[1]);
            assert_int_equal(hs_multiply_modulo(y[2], shift, prime), x[2]);
        }
    }
}

static void long_sums_of_products_do_not_overflow(void **state) {
    (void)state;
    uint64_t x[100], primes[2] = {PRIME, hs_next_prime(PRIME)};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 100; i++)
            x[i] = primes[k] - 1; /* -1 */
        assert_int_equal(hs_product_modulo(x, x, 100, primes[k]), 100);
    }
}

static size_t rank_of(const double *a, size_t d, size_t count, double *null_vector, bool *exact) {
    size_t rank = SIZE_MAX;
    hs_error error;
    assert_int_equal(hs_rank_exact(a, d, NULL, count, &rank, null_vector, exact, &error), HS_OK);
    return rank;
}

static void basis_counts_independent_rows(void **state) {
    (void)state;
    const double rows[5][3] = {{1, 2, 3}, {2, 4, 6}, {0, 0, 0}, {1, 2, 4}, {0, 1, 0}};
    const bool raises[5] = {true, false, false, true, true};
    hs_modular_basis basis;
    uint64_t residues[3];
    assert_int_equal(hs_modular_basis_create(3, &basis, NULL), HS_OK);
    for (int i = 0; i < 5; i++) {
        hs_residues(rows[i], 3, residues);
        assert_int_equal(hs_modular_basis_add(&basis, residues), raises[i]);
    }
    assert_int_equal(basis.rank, 3);
    hs_residues(rows[0], 3, residues);
    assert_false(hs_modular_basis_add(&basis, residues));
    hs_modular_basis_clear(&basis);
}

static void basis_can_be_cut_back(void **state) {
    (void)state;
    const double rows[3][2] = {{0, 1}, {1, 1}, {3, 0}};
    hs_modular_basis basis;
    uint64_t residues[2];
    assert_int_equal(hs_modular_basis_create(2, &basis, NULL), HS_OK);
    hs_residues(rows[0], 2, residues);
    assert_true(hs_modular_basis_add(&basis, residues));
    hs_residues(rows[1], 2, residues);
    assert_true(hs_modular_basis_add(&basis, residues));
    basis.rank = 1;
    hs_residues(rows[2], 2, residues);
    assert_true(hs_modular_basis_add(&basis, residues));
    hs_modular_basis_clear(&basis);
}

static void rank_zero(void **state) {
    (void)state;
    const double zeros[6] = {0};
    double v[3] = {0};
    bool exact = false;
    assert_int_equal(rank_of(zeros, 3, 2, v, &exact), 0);
    assert_true(v[0] != 0.0 || v[1] != 0.0 || v[2] != 0.0);
    assert_int_equal(rank_of(zeros, 3, 0, v, &exact), 0);
    assert_true(exact);
}

static void one_ulp_decides_the_rank(void **state) {
    (void)state;
    double rows[4] = {1.0 / 3.0, 0.1, 2.0 / 3.0, 0.2};
    assert_int_equal(rank_of(rows, 2, 2, NULL, NULL), 1);
    rows[3] = nextafter(rows[3], 1.0);
    assert_int_equal(rank_of(rows, 2, 2, NULL, NULL), 2);
}

static void exponents_far_apart_do_not_matter(void **state) {
    (void)state;
    const double full[4] = {0x1p-1074, 0x1p1000, 0x1p-1074, 0x1.8p1000};
    assert_int_equal(rank_of(full, 2, 2, NULL, NULL), 2);
    const double deficient[4] = {0x1p-1074, 0x1p900, 0x1p-1000, 0x1p974};
    assert_int_equal(rank_of(deficient, 2, 2, NULL, NULL), 1);
}

/* det = 2^61 - 1: deficient modulo the prime, full over the rationals. */
static void rank_is_right_where_the_prime_is_not(void **state) {
    (void)state;
    const double rows[4] = {0x1p61, 1.0, 1.0, 1.0};
    double v[2];
    bool exact;
    assert_int_equal(rank_of(rows, 2, 2, v, &exact), 2);
}

/* Three such blocks and a zero column: four columns less modulo the prime, one over the rationals.
 */
static void rank_deficient_where_the_prime_is_worse(void **state) {
    (void)state;
    double rows[6 * 7] = {0}, v[7];
    for (size_t block = 0; block < 3; block++) {
        double *first = rows + 2 * block * 7 + block, *second = first + 7;
        first[0] = 0x1p61;
        first[4] = first[7] = 1.0;
        second[4] = 1.0;
    }
    bool exact = false;
    assert_int_equal(rank_of(rows, 7, 6, v, &exact), 6);
    for (size_t j = 0; j < 7; j++)
        assert_true(v[j] == (j == 3 ? 1.0 : 0.0));
    assert_true(exact);
    for (size_t i = 0; i < 6; i++)
        rows[7 * i + 3] = rows[7 * i]; /* columns 0 and 3 are now equal */
    assert_int_equal(rank_of(rows, 7, 6, v, &exact), 6);
    for (size_t j = 0; j < 7; j++)
        assert_true(v[j] == (j == 3 ? 1.0 : j == 0 ? -1.0 : 0.0));
}

enum { PRODUCT_ROWS = 20, PRODUCT_MOST = 12 };

static double small_integer(uint64_t *seed) {
    return (double)chance_below(seed, 5) - 2.0;
}

/* PRODUCT_ROWS x d integers of rank r: a unit lower triangular factor times an upper triangular
 * one, the columns in another order (d: no multiple of 5). */
static void fill_product(uint64_t *seed, size_t d, size_t r, double *a) {
    double left[PRODUCT_ROWS][PRODUCT_MOST], right[PRODUCT_MOST][PRODUCT_MOST];
    for (size_t t = 0; t < r; t++) {
        for (size_t i = 0; i < PRODUCT_ROWS; i++)
            left[i][t] = i == t ? 1.0 : i < t ? 0.0 : small_integer(seed);
        for (size_t j = 0; j < d; j++)
            right[t][j] = j == d - r + t ? 1.0 : j < d - r + t ? 0.0 : small_integer(seed);
    }
    for (size_t i = 0; i < PRODUCT_ROWS; i++)
        for (size_t j = 0; j < d; j++) {
            a[i * d + j] = 0.0;
            for (size_t t = 0; t < r; t++)
                a[i * d + j] += left[i][t] * right[t][(j * 5) % d];
        }
}

/* Scaling rows by powers of two changes nothing at all, scaling columns leaves the rank. */
static void ranks_of_products_of_integers(void **state) {
    (void)state;
    uint64_t seed = 6;
    for (int k = 0; k < 300; k++) {
        size_t d = 1 + chance_below(&seed, PRODUCT_MOST), r = chance_below(&seed, d + 1);
        double a[PRODUCT_ROWS * PRODUCT_MOST], v[PRODUCT_MOST] = {0}, again[PRODUCT_MOST] = {0};
        bool exact = false, same = false;
        if (d % 5 == 0)
            continue;
        fill_product(&seed, d, r, a);
        assert_int_equal(rank_of(a, d, PRODUCT_ROWS, v, &exact), r);
        for (size_t i = 0; i < PRODUCT_ROWS; i++) {
            double product = 0.0, factor = ldexp(1.0, (int)chance_below(&seed, 2000) - 1000);
            for (size_t j = 0; j < d; j++) {
                product += a[i * d + j] * v[j];
                a[i * d + j] *= factor;
            }
            assert_true(exact ? product == 0.0 : fabs(product) < 1e-9);
        }
        assert_int_equal(rank_of(a, d, PRODUCT_ROWS, again, &same), r);
        assert_true(same == exact && memcmp(v, again, sizeof v) == 0);
        for (size_t i = 0; i < PRODUCT_ROWS; i++)
            for (size_t j = 0; j < d; j++)
                a[i * d + j] = ldexp(a[i * d + j], (int)j);
        assert_int_equal(rank_of(a, d, PRODUCT_ROWS, NULL, NULL), r);
    }
}

/* Rows e_i 2^80 - e_(i+1): the null vector is 1, 2^80, 2^160, ... */
static void null_vectors_may_be_long(void **state) {
    (void)state;
    enum { D = 9 };
    double a[(D - 1) * D] = {0}, v[D];
    for (size_t i = 0; i + 1 < D; i++) {
        a[i * D + i] = 0x1p80;
        a[i * D + i + 1] = -1.0;
    }
    hs_null_space space;
    assert_int_equal(hs_null_space_create(a, D, NULL, D - 1, PRIME, &space, NULL), HS_OK);
    assert_int_equal(space.basis.rank, D - 1);
    assert_int_equal(hs_null_space_vector(&space, 0, NULL), HS_OK);
    for (size_t j = 0; j < D; j++) {
        assert_int_equal(mpz_sizeinbase(space.vector[j], 2), 80 * j + 1);
        assert_int_equal(mpz_scan1(space.vector[j], 0), 80 * j);
        assert_int_equal(mpz_sgn(space.vector[j]), 1);
    }
    assert_true(hs_null_space_orthogonal(&space));
    assert_false(hs_null_space_round(&space, v));
    for (size_t j = 0; j < D; j++)
        assert_true(v[j] == ldexp(1.0, 80 * ((int)j - D + 1)));
    hs_null_space_clear(&space);
}

/* Equal neighbours, and a sum over all of them: more than 512 products. */
static void sums_over_many_rows(void **state) {
    (void)state;
    enum { D = 600 };
    double *a = calloc((D - 1) * D, sizeof *a), v[D];
    bool exact = false;
    assert_non_null(a);
    for (size_t i = 0; i + 1 < D; i++) {
        a[i * D + i] = 1.0;
        a[i * D + i + 1] = i + 2 < D ? -1.0 : 1.0 - D;
    }
    for (size_t j = 0; j + 1 < D; j++)
        a[(D - 2) * D + j] = 1.0;
    assert_int_equal(rank_of(a, D, D - 1, v, &exact), D - 1);
    assert_true(exact);
    for (size_t j = 0; j < D; j++)
        assert_true(v[j] == 1.0);
    free(a);
}

static void each_free_column_has_its_null_vector(void **state) {
    (void)state;
    const double rows[10] = {0, 3, 1, 0, 0, 0, 0, 0, 2, -1}; /* free: columns 0, 2, 4 */
    const long expected[3][5] = {{1, 0, 0, 0, 0}, {0, -1, 3, 0, 0}, {0, 0, 0, 1, 2}};
    hs_null_space space;
    assert_int_equal(hs_null_space_create(rows, 5, NULL, 2, PRIME, &space, NULL), HS_OK);
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(hs_null_space_vector(&space, k, NULL), HS_OK);
        for (size_t j = 0; j < 5; j++)
            assert_int_equal(mpz_cmp_si(space.vector[j], expected[k][j]), 0);
        assert_true(hs_null_space_orthogonal(&space));
    }
    hs_null_space_clear(&space);
}

static void many_real_rows(void **state) {
    (void)state;
    enum { D = 70, R = 69, ROWS = 150 };
    uint64_t seed = 7;
    double *a = calloc(ROWS * D, sizeof *a), v[D], largest = 0.0;
    bool exact = true;
    assert_non_null(a);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < D; j++)
            a[i * D + j] = i < R ? chance_normal(&seed) : -0.5 * a[i % R * D + j];
    assert_int_equal(rank_of(a, D, ROWS, v, &exact), R);
    assert_false(exact);
    for (size_t j = 0; j < D; j++)
        largest = fmax(largest, fabs(v[j]));
    assert_true(largest == 1.0);
    for (size_t i = 0; i < ROWS; i++) {
        double product = 0.0;
        for (size_t j = 0; j < D; j++)
            product += a[i * D + j] * v[j];
        assert_true(fabs(product) < 1e-13);
    }
    a[(ROWS - 1) * D] = nextafter(a[(ROWS - 1) * D], 9.0);
    assert_int_equal(rank_of(a, D, ROWS, v, &exact), D);
    free(a);
}

static void chosen_rows_only(void **state) {
    (void)state;
    const double rows[6] = {1, 0, 0, 1, 2, 0};
    const size_t which[2] = {0, 2};
    size_t rank;
    double v[2];
    bool exact;
    assert_int_equal(hs_rank_exact(rows, 2, which, 2, &rank, v, &exact, NULL), HS_OK);
    assert_int_equal(rank, 1);
    assert_true(v[0] == 0.0 && v[1] == 1.0 && exact);
}

/* Rows of small integers: the null vector is orthogonal without any rounding. */
static void null_vectors_of_integer_rows_are_orthogonal(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (int k = 0; k < 300; k++) {
        size_t d = 2 + chance_below(&seed, 5), independent = 1 + chance_below(&seed, d - 1);
        double rows[8][6] = {{0}}, packed[8 * 6], v[6];
        for (size_t i = 0; i < 8; i++)
            for (size_t j = 0; j < d; j++)
                rows[i][j] = i < independent
                                 ? (double)chance_below(&seed, 7) - 3.0
                                 : rows[i % independent][j] - 2.0 * rows[(i + 1) % independent][j];
        for (size_t i = 0; i < 8; i++)
            for (size_t j = 0; j < d; j++)
                packed[i * d + j] = rows[i][j];
        bool exact = false;
        size_t rank = rank_of(packed, d, 8, v, &exact);
        assert_true(rank <= independent);
        double largest = 0.0;
        for (size_t j = 0; j < d; j++)
            largest = fmax(largest, fabs(v[j]));
        assert_true(largest > 0.0);
        for (size_t i = 0; i < 8; i++) {
            double product = 0.0;
            for (size_t j = 0; j < d; j++)
                product += packed[i * d + j] * v[j];
            assert_true(exact ? product == 0.0 : fabs(product) <= 1e-14 * largest);
        }
    }
}

static void null_vector_of_real_rows(void **state) {
    (void)state;
    uint64_t seed = 4;
    for (int k = 0; k < 100; k++) {
        double rows[6], v[3], size = 0.0;
        bool exact;
        for (int j = 0; j < 6; j++)
            rows[j] = chance_normal(&seed);
        assert_int_equal(rank_of(rows, 3, 2, v, &exact), 2);
        for (int j = 0; j < 3; j++)
            size = fmax(size, fabs(v[j]));
        assert_true(size == 1.0);
        for (int i = 0; i < 2; i++)
            assert_true(fabs(rows[3 * i] * v[0] + rows[3 * i + 1] * v[1] + rows[3 * i + 2] * v[2]) <
                        1e-14);
    }
}

static void independence_in_floating_point(void **state) {
    (void)state;
    enum { D = 40 };
    uint64_t seed = 9;
    double a[D * D];
    size_t all[D];
    for (size_t k = 0; k < D * D; k++)
        a[k] = chance_normal(&seed) * ldexp(1.0, (int)(k / D) * 20 - 400);
    for (size_t k = 0; k < D; k++)
        all[k] = D - 1 - k;
    assert_true(hs_rows_independent_in_floating_point(a, D, all));
    for (size_t j = 0; j < D; j++) /* dependent, but for the rounding */
        a[3 * D + j] = a[5 * D + j] + a[7 * D + j] * 0x1p-40;
    assert_false(hs_rows_independent_in_floating_point(a, D, all));
    all[3] = all[9];
    assert_false(hs_rows_independent_in_floating_point(a, D, all));
    const double tiny[] = {0x1p-1074, 0, 0, 0x1p-1074}, large[] = {DBL_MAX, 0, 0, DBL_MAX};
    const double one[] = {-3.0}, none[] = {0.0};
    const size_t two[] = {0, 1};
    assert_false(hs_rows_independent_in_floating_point(tiny, 2, two)); /* the inverse overflows */
    (void)hs_rows_independent_in_floating_point(large, 2, two);
    assert_true(hs_rows_independent_in_floating_point(one, 1, two));
    assert_false(hs_rows_independent_in_floating_point(none, 1, two));
}

/* Exactly dependent rows so small that the inverse overflows: sums of its products are no numbers,
 * wherever in the matrix they are. */
static void independence_where_the_inverse_overflows(void **state) {
    (void)state;
    enum { D = 6, S = 3 };
    const double small[S * S] = {-0x1.4e4cp-971,    -0x1.eb30p-972,  0x1.708cp-971,
                                 -0x1.1c5cp-971,    0x1.6f0ep-970,   -0x1.4d08p-971,
                                 -0x1.7e34320p-961, -0x1.fba04p-964, 0x1.105bc6p-961};
    const size_t all[D] = {0, 1, 2, 3, 4, 5};
    for (size_t at = 0; at + S <= D; at++) {
        double a[D * D] = {0};
        for (size_t k = 0; k < D; k++)
            a[k * D + k] = 1.0;
        for (size_t k = 0; k < S * S; k++)
            a[(at + k / S) * D + at + k % S] = small[k];
        assert_false(hs_rows_independent_in_floating_point(a, D, all));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residues_of_integers_are_the_integers),
        cmocka_unit_test(residues_at_the_ends_of_the_exponent_range),
        cmocka_unit_test(residues_add_and_multiply_like_the_numbers),
        cmocka_unit_test(inverse_times_number_is_one),
        cmocka_unit_test(other_primes_do_the_same_arithmetic),
        cmocka_unit_test(long_sums_of_products_do_not_overflow),
        cmocka_unit_test(basis_counts_independent_rows),
        cmocka_unit_test(basis_can_be_cut_back),
        cmocka_unit_test(rank_zero),
        cmocka_unit_test(one_ulp_decides_the_rank),
        cmocka_unit_test(exponents_far_apart_do_not_matter),
        cmocka_unit_test(rank_is_right_where_the_prime_is_not),
        cmocka_unit_test(rank_deficient_where_the_prime_is_worse),
        cmocka_unit_test(ranks_of_products_of_integers),
        cmocka_unit_test(null_vectors_may_be_long),
        cmocka_unit_test(sums_over_many_rows),
        cmocka_unit_test(each_free_column_has_its_null_vector),
        cmocka_unit_test(many_real_rows),
        cmocka_unit_test(chosen_rows_only),
        cmocka_unit_test(null_vectors_of_integer_rows_are_orthogonal),
        cmocka_unit_test(null_vector_of_real_rows),
        cmocka_unit_test(independence_in_floating_point),
        cmocka_unit_test(independence_where_the_inverse_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
