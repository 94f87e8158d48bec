/* Strict systems in exact arithmetic, and cores: what is proven and what is refused. */
#include "testing.h"

#include "geometry/system.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 12 };

static hs_feasibility decide(const hs_system *system, double *point, bool *strict) {
    hs_feasibility answer;
    size_t which[MOST] = {0};
    for (size_t i = 0; i < system->rows; i++)
        which[i] = i;
    assert_int_equal(
        hs_system_decide_exact(system, which, system->rows, &answer, point, strict, NULL), HS_OK);
    if (answer == HS_NONEMPTY && point != NULL && *strict)
        assert_true(hs_system_contains(system, which, system->rows, point));
    return answer;
}

static hs_feasibility feasibility(const hs_system *system) {
    double point[8];
    bool strict;
    return decide(system, point, &strict);
}

static bool core(const hs_system *system, const double *multipliers) {
    size_t which[MOST] = {0};
    bool holds;
    for (size_t i = 0; i < system->rows; i++)
        which[i] = i;
    assert_int_equal(hs_core_holds(system, which, system->rows, multipliers, &holds, NULL), HS_OK);
    return holds;
}

/* ---- signs and norms ------------------------------------------------------------------------ */

static void sign_is_exact_where_rounding_is_not(void **state) {
    (void)state;
    const double a[3] = {1.0, 1.0, 1.0}, beta = 0.0;
    const hs_system row = {.d = 3, .rows = 1, .a = a, .beta = &beta, .radius = INFINITY};
    const double cancels[3] = {1e300, 1e-300, -1e300};
    assert_int_equal(hs_system_sign(&row, 0, cancels), 1);
    const double below[3] = {1e300, -0x1p-1074, -1e300};
    assert_int_equal(hs_system_sign(&row, 0, below), -1);
    const double zero[3] = {1e300, 0.0, -1e300};
    assert_int_equal(hs_system_sign(&row, 0, zero), 0);
    const double overflows[3] = {DBL_MAX, DBL_MAX, -1.0};
    assert_int_equal(hs_system_sign(&row, 0, overflows), 1);
}

static void sign_survives_underflow(void **state) {
    (void)state;
    const double a[2] = {0x1p-600, -0x1p-600};
    const hs_system row = {.d = 2, .rows = 1, .a = a, .radius = INFINITY};
    const double z[2] = {0x1p-600, 0x1.0000000000001p-600}; /* the products are below 2^-1074 */
    assert_int_equal(hs_system_sign(&row, 0, z), -1);
}

static void norm_is_compared_exactly(void **state) {
    (void)state;
    const double z[2] = {3.0, 4.0}, tiny[2] = {3e-200, 4e-200}, huge[2] = {3e200, 4e200};
    assert_false(hs_norm_below(z, 2, 5.0, false));
    assert_true(hs_norm_below(z, 2, 5.0, true));
    assert_true(hs_norm_below(z, 2, nextafter(5.0, 6.0), false));
    assert_false(hs_norm_below(z, 2, nextafter(5.0, 4.0), true));
    assert_true(hs_norm_below(tiny, 2, 5.1e-200, false));
    assert_false(hs_norm_below(tiny, 2, 4.9e-200, true));
    assert_true(hs_norm_below(huge, 2, 5.1e200, false));
    assert_false(hs_norm_below(huge, 2, 4.9e200, true));
}

static void a_point_with_nan_is_in_no_cell(void **state) {
    (void)state;
    const double a[1] = {1.0}, bad[1] = {NAN}, infinite[1] = {-INFINITY};
    const size_t which[1] = {0};
    const hs_system row = {.d = 1, .rows = 1, .a = a, .radius = INFINITY};
    assert_false(hs_system_contains(&row, which, 1, bad));
    assert_false(hs_system_contains(&row, which, 1, infinite));
}

/* ---- cones ----------------------------------------------------------------------------------- */

static hs_feasibility cone(size_t d, size_t rows, const double *a) {
    const hs_system system = {.d = d, .rows = rows, .a = a, .radius = INFINITY};
    hs_feasibility answer = feasibility(&system);
    assert_int_equal(core(&system, NULL), answer == HS_EMPTY);
    return answer;
}

static void simple_cones(void **state) {
    (void)state;
    assert_int_equal(cone(1, 1, (const double[]){1}), HS_NONEMPTY);
    assert_int_equal(cone(1, 2, (const double[]){1, -1}), HS_EMPTY);
    assert_int_equal(cone(1, 2, (const double[]){1, 1e-300}), HS_NONEMPTY);
    assert_int_equal(cone(2, 1, (const double[]){0, 0}), HS_EMPTY);
    assert_int_equal(cone(2, 3, (const double[]){1, 0, 0, 1, -1, -1}), HS_EMPTY);
    assert_int_equal(cone(2, 3, (const double[]){1, 0, 0, 1, -1, 1}), HS_NONEMPTY);
}

static void closed_but_not_open_cones_are_empty(void **state) {
    (void)state;
    /* z_1 < 0, z_1 > 0 leaves the line z_1 = 0 of the closed cone */
    assert_int_equal(cone(2, 2, (const double[]){1, 0, -1, 0}), HS_EMPTY);
    assert_int_equal(cone(2, 2, (const double[]){3, -1, -0x1.8p-700, 0x1p-701}), HS_EMPTY);
    assert_int_equal(cone(3, 3, (const double[]){1, 1, 0, 0, -1, 1, -1, 0, -1}), HS_EMPTY);
}

static void duplicates_and_scaled_rows_change_nothing(void **state) {
    (void)state;
    assert_int_equal(cone(2, 4, (const double[]){1, 0, 1, 0, 7, 0, 0x1p-900, 0}), HS_NONEMPTY);
    assert_int_equal(cone(2, 5, (const double[]){1, 0, 0, 1, 1, 0, 0, 0x1p500, -1, -1}), HS_EMPTY);
    assert_int_equal(
        cone(2, 6, (const double[]){1, 0, 1, 0, -0x1p-60, 0x1p-1074, 0, 1, 0, 1, 1, 1}),
        HS_NONEMPTY);
}

/* The open cone of integer rows in the plane, by trying directions: if it is not empty it contains
 * the sum of its two extreme rays, or minus the row of a half-plane. */
static hs_feasibility plane_by_directions(size_t rows, int a[][2]) {
    int tried[4 * MOST * MOST + MOST][2], count = 0;
    for (size_t i = 0; i < rows; i++) {
        tried[count][0] = -a[i][0];
        tried[count++][1] = -a[i][1];
        for (size_t k = 0; k < rows; k++)
            for (int signs = 0; signs < 4; signs++) {
                int s = signs & 1 ? 1 : -1, t = signs & 2 ? 1 : -1;
                tried[count][0] = -s * a[i][1] - t * a[k][1];
                tried[count++][1] = s * a[i][0] + t * a[k][0];
            }
    }
    for (int c = 0; c < count; c++) {
        bool inside = true;
        for (size_t i = 0; i < rows; i++)
            inside = inside && a[i][0] * tried[c][0] + a[i][1] * tried[c][1] < 0;
        if (inside)
            return HS_NONEMPTY;
    }
    return HS_EMPTY;
}

static void cones_of_integer_rows_in_the_plane(void **state) {
    (void)state;
    uint64_t seed = 5;
    size_t empty = 0;
    for (int k = 0; k < 1500; k++) {
        size_t rows = 1 + chance_below(&seed, 5);
        int a[MOST][2];
        double packed[2 * MOST];
        for (size_t i = 0; i < rows; i++)
            for (int j = 0; j < 2; j++) {
                a[i][j] = (int)chance_below(&seed, 7) - 3;
                packed[2 * i + (size_t)j] = a[i][j];
            }
        hs_feasibility expected = plane_by_directions(rows, a);
        assert_int_equal(cone(2, rows, packed), expected);
        empty += expected == HS_EMPTY;
    }
    assert_in_range(empty, 250, 1250);
}

/* ---- cores of cones: the floating-point proof ------------------------------------------------ */

/* z_1 < 0, z_2 < 0, -z_1 + y z_2 < 0 is empty for y <= 0 and not for y > 0. */
static void a_core_ends_at_the_last_bit(void **state) {
    (void)state;
    const double sizes[] = {1.0, 0x1p-52, 0x1p-500, 0x1p-1074};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        assert_int_equal(cone(2, 3, (const double[]){1, 0, 0, 1, -1, -sizes[k]}), HS_EMPTY);
        assert_int_equal(cone(2, 3, (const double[]){1, 0, 0, 1, -1, sizes[k]}), HS_NONEMPTY);
    }
    assert_int_equal(cone(2, 3, (const double[]){1, 0, 0, 1, -1, 0}), HS_EMPTY);
}

/* The inverse of the first two rows overflows; the system has solutions. */
static void a_core_is_not_proven_by_infinities(void **state) {
    (void)state;
    const double t = 4e-310;
    assert_int_equal(cone(2, 3, (const double[]){1, 0, 1, t, -1, t}), HS_NONEMPTY);
    assert_int_equal(cone(2, 3, (const double[]){1, t, 1, 0, -1, t}), HS_NONEMPTY);
    assert_int_equal(cone(2, 3, (const double[]){t, 0, 0, t, -t, t}), HS_NONEMPTY);
    assert_int_equal(cone(2, 3, (const double[]){t, 0, 0, t, -t, -t}), HS_EMPTY);
}

/* d + 1 rows that nearly cancel: the last is minus a combination of the others in which one
 * multiplier is zero or of the size of an ulp. The quick proof must agree with the exact answer. */
static void nudged_cores_agree_with_exact_arithmetic(void **state) {
    (void)state;
    uint64_t seed = 6;
    size_t proven = 0, refused = 0;
    for (int k = 0; k < 500; k++) {
        size_t d = 2 + chance_below(&seed, 4);
        double a[6 * 5];
        for (size_t j = 0; j < d; j++)
            a[d * d + j] = 0.0;
        for (size_t i = 0; i < d; i++) {
            double weight =
                i == 0 ? (double)((int)chance_below(&seed, 3) - 1) * 0x1p-52 : 0.1 + chance(&seed);
            for (size_t j = 0; j < d; j++) {
                a[i * d + j] = chance_normal(&seed);
                a[d * d + j] -= weight * a[i * d + j];
            }
        }
        size_t nudged = d * d + chance_below(&seed, d);
        a[nudged] = nextafter(a[nudged], chance(&seed) < 0.5 ? -9.0 : 9.0);
        if (cone(d, d + 1, a) == HS_EMPTY)
            proven++;
        else
            refused++;
    }
    assert_true(proven > 80 && refused > 80);
}

/* k + 1 rows of rank k, in more dimensions than k: small integers, whose combination is exact. */
static void cores_of_lower_rank(void **state) {
    (void)state;
    uint64_t seed = 8;
    size_t proven = 0, refused = 0;
    for (int k = 0; k < 600; k++) {
        size_t d = 3 + chance_below(&seed, 5), rank = 1 + chance_below(&seed, d - 1);
        double a[8 * 8] = {0}, factor = ldexp(1.0, (int)chance_below(&seed, 400) - 200);
        for (size_t i = 0; i < rank; i++) {
            double weight = (double)chance_below(&seed, 9) - (i == 0 ? 3.0 : 0.0);
            for (size_t j = 0; j < d; j++) {
                a[i * d + j] = (double)chance_below(&seed, 7) - 3.0;
                a[rank * d + j] -= weight * a[i * d + j];
            }
        }
        for (size_t j = 0; j < d; j++)
            a[j] *= factor;
        if (cone(d, rank + 1, a) == HS_EMPTY)
            proven++;
        else
            refused++;
    }
    assert_true(proven > 80 && refused > 80);
}

/* Modulo 2^61 - 1 the rows are opposite. */
static void a_core_is_not_proven_by_a_prime(void **state) {
    (void)state;
    assert_int_equal(cone(2, 2, (const double[]){0x1p61, 1, -1, -1}), HS_NONEMPTY);
    assert_int_equal(cone(3, 3, (const double[]){0x1p61, 1, 0, 0, 0, 0x1p70, -1, -1, -0x1p70}),
                     HS_NONEMPTY);
    assert_int_equal(cone(2, 2, (const double[]){0x1p61, 1, -0x1p61, -1}), HS_EMPTY);
}

static void a_set_without_rows_is_no_core(void **state) {
    (void)state;
    const double a[1] = {1.0};
    const hs_system system = {.d = 1, .rows = 0, .a = a, .radius = INFINITY};
    assert_false(core(&system, NULL));
}

/* ---- balls ------------------------------------------------------------------------------------
 */

static hs_feasibility ball(size_t d, size_t rows, const double *a, const double *beta,
                           double radius) {
    const hs_system system = {.d = d, .rows = rows, .a = a, .beta = beta, .radius = radius};
    hs_feasibility answer = feasibility(&system);
    assert_int_equal(core(&system, NULL), answer == HS_EMPTY);
    return answer;
}

static void a_tangent_half_space_misses_the_open_ball(void **state) {
    (void)state;
    const double a[2] = {3.0, 4.0};
    assert_int_equal(ball(2, 1, a, (const double[]){5.0}, 1.0), HS_EMPTY);
    assert_int_equal(ball(2, 1, a, (const double[]){5.0}, nextafter(1.0, 2.0)), HS_NONEMPTY);
    assert_int_equal(ball(2, 1, a, (const double[]){nextafter(5.0, 4.0)}, 1.0), HS_NONEMPTY);
    assert_int_equal(ball(2, 1, a, (const double[]){nextafter(5.0, 6.0)}, 1.0), HS_EMPTY);
    const double scaled[2] = {0x1.8p-400, 0x1p-399};
    assert_int_equal(ball(2, 1, scaled, (const double[]){0x1.4p-399}, 1.0), HS_EMPTY);
    assert_int_equal(ball(2, 1, scaled, (const double[]){0x1.3ffffffffffffp-399}, 1.0),
                     HS_NONEMPTY);
}

static void a_corner_on_the_sphere_misses_the_open_ball(void **state) {
    (void)state;
    const double a[4] = {-1.0, 0.0, 0.0, -1.0}, beta[2] = {3.0, 4.0}; /* z > (3, 4) */
    assert_int_equal(ball(2, 2, a, beta, 5.0), HS_EMPTY);
    assert_int_equal(ball(2, 2, a, beta, nextafter(5.0, 6.0)), HS_NONEMPTY);
    const double again[12] = {-1, 0, 0, -1, -1, 0, 0, -2, -0x1p-300, 0, -1, -1};
    const double same[6] = {3.0, 4.0, 3.0, 8.0, 0x1.8p-299, 7.0};
    assert_int_equal(ball(2, 6, again, same, 5.0), HS_EMPTY);
    assert_int_equal(ball(2, 6, again, same, nextafter(5.0, 6.0)), HS_NONEMPTY);
}

static void cells_without_interior_are_empty(void **state) {
    (void)state;
    const double opposite[2] = {1.0, -1.0};
    assert_int_equal(ball(1, 2, opposite, (const double[]){-0.5, 0.5}, 1.0), HS_EMPTY);
    assert_int_equal(ball(1, 2, opposite, (const double[]){-0.5, nextafter(0.5, 0.0)}, 1.0),
                     HS_NONEMPTY);
    /* three lines through (1/2, 1/4) */
    const double lines[6] = {1, 0, 0, 1, -1, -1};
    assert_int_equal(ball(2, 3, lines, (const double[]){-0.5, -0.25, 0.75}, 1.0), HS_EMPTY);
    assert_int_equal(ball(2, 3, lines, (const double[]){-0.5, -0.25, nextafter(0.75, 0.0)}, 1.0),
                     HS_NONEMPTY);
}

/* Rows that cancel leave their offsets: a core of any ball when these add up to 0 or more. */
static void cores_of_balls_from_rows_that_cancel(void **state) {
    (void)state;
    const double opposite[6] = {3, -1, 2, -6, 2, -4}, big = 0x1p300;
    assert_int_equal(ball(3, 2, opposite, (const double[]){1.0, -2.0}, big), HS_EMPTY);
    assert_int_equal(ball(3, 2, opposite, (const double[]){nextafter(1.0, 0.0), -2.0}, big),
                     HS_NONEMPTY);
    const double lines[9] = {1, 2, 0, 2, -1, 0, -3, -1, 0}, step = 0x1p-53;
    assert_int_equal(ball(3, 3, lines, (const double[]){1, 2, -3}, big), HS_EMPTY);
    assert_int_equal(ball(3, 3, lines, (const double[]){1, 2, -3 + 4 * step}, big), HS_EMPTY);
    assert_int_equal(ball(3, 3, lines, (const double[]){1, 2 - 2 * step, -3}, big), HS_NONEMPTY);
    /* not cancelling, and a core of a small ball all the same */
    const double wide[4] = {1, 0, 0, 1};
    assert_int_equal(ball(2, 2, wide, (const double[]){1, 1}, 1.25), HS_EMPTY);
    assert_int_equal(ball(2, 2, wide, (const double[]){1, 1}, 1.5), HS_NONEMPTY);
}

static void rows_that_hold_on_the_whole_ball(void **state) {
    (void)state;
    const double a[2] = {1.0, 0.0};
    assert_int_equal(ball(2, 1, a, (const double[]){-1.0}, 1.0), HS_NONEMPTY);
    assert_int_equal(ball(2, 1, a, (const double[]){1.0}, 1.0), HS_EMPTY);
    const double zero[2] = {0.0, 0.0};
    assert_int_equal(ball(2, 1, zero, (const double[]){-1e-300}, 1.0), HS_NONEMPTY);
    assert_int_equal(ball(2, 1, zero, (const double[]){0.0}, 1.0), HS_EMPTY);
}

/* A cell thinner than the doubles that could lie in it: non-empty, without a point to show. */
static void a_cell_between_two_doubles(void **state) {
    (void)state;
    const double a[2] = {3.0, -3.0}, beta[2] = {-0x1.0000000000002p0, 0x1.0000000000001p0};
    const hs_system system = {.d = 1, .rows = 2, .a = a, .beta = beta, .radius = 1.0};
    double point;
    bool strict = true;
    assert_int_equal(decide(&system, &point, &strict), HS_NONEMPTY); /* (1 + ulp, 1 + 2 ulp) / 3 */
    const size_t which[2] = {0, 1};
    assert_int_equal(hs_system_contains(&system, which, 2, &point), strict);
}

/* ---- cores of balls: the floating-point proof -------------------------------------------------
 */

static void multipliers_of_a_ball_are_checked(void **state) {
    (void)state;
    const double a[2] = {3.0, 4.0}, good[1] = {1.0}, negative[1] = {-1.0}, nothing[1] = {0.0};
    const double inside[1] = {4.99}, outside[1] = {5.01};
    hs_system system = {.d = 2, .rows = 1, .a = a, .beta = outside, .radius = 1.0};
    assert_true(core(&system, good));
    assert_true(core(&system, negative)); /* a useless hint does not hide the truth */
    assert_true(core(&system, nothing));
    system.beta = inside;
    assert_false(core(&system, good));
    assert_false(core(&system, negative));
    assert_false(core(&system, (const double[]){NAN}));
    assert_false(core(&system, (const double[]){INFINITY}));
}

static void a_core_of_the_ball_ends_at_the_last_bit(void **state) {
    (void)state;
    const double a[2] = {3.0, 4.0};
    for (int scale = -3; scale <= 3; scale++) {
        const double multiplier[1] = {ldexp(1.0, 20 * scale)};
        double touching = 5.0, near = nextafter(5.0, 0.0);
        hs_system system = {.d = 2, .rows = 1, .a = a, .beta = &touching, .radius = 1.0};
        assert_true(core(&system, multiplier));
        system.beta = &near;
        assert_false(core(&system, multiplier));
    }
}

/* radius |a| = 5e-170 is more than beta = 1e-180, but the squares of the entries underflow. */
static void a_core_is_not_proven_by_underflow(void **state) {
    (void)state;
    const double a[2] = {3e-170, 4e-170}, beta[1] = {1e-180}, multiplier[1] = {1.0};
    const hs_system system = {.d = 2, .rows = 1, .a = a, .beta = beta, .radius = 1.0};
    assert_false(core(&system, multiplier));
}

/* Doubles are found in nearly all caps of a few ulps, too. */
static void nudged_tangents_agree_with_exact_arithmetic(void **state) {
    (void)state;
    uint64_t seed = 7;
    size_t empty = 0, caps = 0, shown = 0;
    for (int k = 0; k < 2000; k++) {
        size_t d = 1 + chance_below(&seed, 4);
        double a[8], beta, square = 0.0, multiplier = 0.5 + chance(&seed);
        double radius = 0.5 + 0.5 * chance(&seed);
        for (size_t j = 0; j < d; j++) {
            a[j] = chance_normal(&seed);
            square += a[j] * a[j];
        }
        beta = radius * sqrt(square);
        int steps = (int)chance_below(&seed, 9) - 4;
        for (int s = 0; s < abs(steps); s++)
            beta = nextafter(beta, steps < 0 ? 0.0 : INFINITY);
        const hs_system system = {.d = d, .rows = 1, .a = a, .beta = &beta, .radius = radius};
        double point[4];
        bool strict = false;
        hs_feasibility expected = decide(&system, point, &strict);
        assert_int_equal(core(&system, &multiplier), expected == HS_EMPTY);
        empty += expected == HS_EMPTY;
        caps += d > 1 && expected == HS_NONEMPTY;
        shown += d > 1 && strict;
    }
    assert_in_range(empty, 500, 1500);
    assert_in_range(shown, caps / 20 * 19, caps);
}

/* Rows that are negated rows before them, stored and not. */
static void mirrored_rows_are_as_stored_ones(void **state) {
    (void)state;
    enum { ROWS = 7, D = 3 };
    uint64_t seed = 19;
    size_t cores = 0, empty = 0;
    for (size_t trial = 0; trial < 400; trial++) {
        double a[2 * ROWS * D], low[2 * ROWS * D], z[D], weights[D + 1];
        for (size_t k = 0; k < ROWS * D; k++) {
            a[k] = trial % 2 == 0 ? chance_normal(&seed) : floor(5.0 * chance(&seed)) - 2.0;
            low[k] = 0x1p-56 * (chance(&seed) - 0.5) * a[k];
            a[ROWS * D + k] = -a[k];
            low[ROWS * D + k] = -low[k];
        }
        hs_system stored = {.d = D, .rows = 2 * ROWS, .a = a, .radius = INFINITY};
        stored.low = trial % 3 == 0 ? low : NULL;
        hs_system mirrored = stored;
        mirrored.mirrored = ROWS;
        for (size_t j = 0; j < D; j++)
            z[j] = floor(5.0 * chance(&seed)) - 2.0;
        for (size_t i = 0; i < 2 * ROWS; i++)
            assert_int_equal(hs_system_sign(&mirrored, i, z), hs_system_sign(&stored, i, z));
        size_t which[D + 1];
        for (size_t k = 0; k <= D; k++) {
            which[k] = chance_below(&seed, 2 * ROWS);
            weights[k] = 1.0;
        }
        bool holds[2];
        hs_feasibility answer[2];
        double point[2][D];
        bool strict[2];
        assert_int_equal(hs_core_holds(&stored, which, D + 1, weights, &holds[0], NULL), HS_OK);
        assert_int_equal(hs_core_holds(&mirrored, which, D + 1, weights, &holds[1], NULL), HS_OK);
        assert_int_equal(holds[0], holds[1]);
        assert_int_equal(hs_core_holds_in_floating_point(&stored, which, D + 1, weights),
                         hs_core_holds_in_floating_point(&mirrored, which, D + 1, weights));
        assert_int_equal(
            hs_system_decide_exact(&stored, which, D + 1, &answer[0], point[0], &strict[0], NULL),
            HS_OK);
        assert_int_equal(
            hs_system_decide_exact(&mirrored, which, D + 1, &answer[1], point[1], &strict[1], NULL),
            HS_OK);
        assert_int_equal(answer[0], answer[1]);
        cores += holds[0];
        empty += answer[0] == HS_EMPTY;
        if (answer[0] == HS_NONEMPTY)
            assert_memory_equal(point[0], point[1], sizeof point[0]);
    }
    assert_true(cores > 5 && empty > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign_is_exact_where_rounding_is_not),
        cmocka_unit_test(sign_survives_underflow),
        cmocka_unit_test(norm_is_compared_exactly),
        cmocka_unit_test(a_point_with_nan_is_in_no_cell),
        cmocka_unit_test(simple_cones),
        cmocka_unit_test(closed_but_not_open_cones_are_empty),
        cmocka_unit_test(duplicates_and_scaled_rows_change_nothing),
        cmocka_unit_test(cones_of_integer_rows_in_the_plane),
        cmocka_unit_test(a_core_ends_at_the_last_bit),
        cmocka_unit_test(a_core_is_not_proven_by_infinities),
        cmocka_unit_test(nudged_cores_agree_with_exact_arithmetic),
        cmocka_unit_test(cores_of_lower_rank),
        cmocka_unit_test(a_core_is_not_proven_by_a_prime),
        cmocka_unit_test(a_set_without_rows_is_no_core),
        cmocka_unit_test(a_tangent_half_space_misses_the_open_ball),
        cmocka_unit_test(a_corner_on_the_sphere_misses_the_open_ball),
        cmocka_unit_test(cells_without_interior_are_empty),
        cmocka_unit_test(cores_of_balls_from_rows_that_cancel),
        cmocka_unit_test(rows_that_hold_on_the_whole_ball),
        cmocka_unit_test(a_cell_between_two_doubles),
        cmocka_unit_test(multipliers_of_a_ball_are_checked),
        cmocka_unit_test(a_core_of_the_ball_ends_at_the_last_bit),
        cmocka_unit_test(a_core_is_not_proven_by_underflow),
        cmocka_unit_test(nudged_tangents_agree_with_exact_arithmetic),
        cmocka_unit_test(mirrored_rows_are_as_stored_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
