#include "testing.h"

#include "geometry/rank.h"

#include <float.h>
#include <math.h>

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residues_of_integers_are_the_integers),
        cmocka_unit_test(residues_at_the_ends_of_the_exponent_range),
        cmocka_unit_test(residues_add_and_multiply_like_the_numbers),
        cmocka_unit_test(inverse_times_number_is_one),
        cmocka_unit_test(basis_counts_independent_rows),
        cmocka_unit_test(basis_can_be_cut_back),
        cmocka_unit_test(rank_zero),
        cmocka_unit_test(one_ulp_decides_the_rank),
        cmocka_unit_test(exponents_far_apart_do_not_matter),
        cmocka_unit_test(rank_is_right_where_the_prime_is_not),
        cmocka_unit_test(chosen_rows_only),
        cmocka_unit_test(null_vectors_of_integer_rows_are_orthogonal),
        cmocka_unit_test(null_vector_of_real_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
