/* Halfspace depths known by hand, bounds of runs that are stopped, bad data. */
#include "engine/depth.h"
#include "engine/fixture.h"

#include <gmp.h>
#include <stdlib.h>
#include <string.h>

static hs_depth_result *depth_of(const double *points, size_t k, size_t n, const double *q,
                                 const hs_settings *settings) {
    hs_depth_result *result;
    hs_error error;
    if (hs_depth(points, k, n, q, settings, &result, &error) != HS_OK)
        fail_msg("%s", error.message);
    assert_true(result->lower <= result->upper && result->upper <= k);
    assert_true(result->reason[0] != '\0');
    return result;
}

static void expect_depth(const double *points, size_t k, size_t n, const double *q,
                         size_t expected) {
    hs_depth_result *result = depth_of(points, k, n, q, NULL);
    assert_true(result->complete);
    assert_int_equal(result->lower, expected);
    assert_int_equal(result->upper, expected);
    assert_int_equal(result->arithmetic, HS_ARITHMETIC_EXACT);
    size_t counted = 0;
    for (size_t i = 0; i < k; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < n; j++)
            sum += result->direction[j] * (points[i * n + j] - q[j]);
        counted += sum >= 0.0;
    }
    assert_int_equal(counted, expected); /* these data leave room for rounding */
    hs_depth_result_free(result);
}

static void on_a_line_it_is_the_smaller_rank(void **state) {
    (void)state;
    const double points[] = {5, 1, 4, 2, 3};
    const size_t expected[] = {0, 1, 2, 3, 2, 1, 0};
    for (size_t at = 0; at < 7; at++) {
        const double q = (double)at;
        expect_depth(points, 5, 1, &q, expected[at]);
    }
    const double between = 2.5;
    expect_depth(points, 5, 1, &between, 2);
}

static void of_a_square(void **state) {
    (void)state;
    const double points[] = {1, 1, 1, -1, -1, 1, -1, -1};
    const double centre[] = {0, 0}, edge[] = {1, 0}, off_diagonal[] = {0.5, 0.25};
    const double corner[] = {1, 1}, outside[] = {1, 2};
    expect_depth(points, 4, 2, centre, 2);
    expect_depth(points, 4, 2, edge, 1);
    expect_depth(points, 4, 2, off_diagonal, 1);
    expect_depth(points, 4, 2, corner, 1);
    expect_depth(points, 4, 2, outside, 0);
}

static void points_equal_to_q_always_count(void **state) {
    (void)state;
    const double points[] = {2, 3, 2, 3, 2, 3};
    const double q[] = {2, 3}, other[] = {2, 4};
    expect_depth(points, 3, 2, q, 3);
    expect_depth(points, 3, 2, other, 0);
    const double mixed[] = {0, 0, 0, 0, 1, 1, -1, -1};
    const double origin[] = {0, 0};
    expect_depth(mixed, 4, 2, origin, 3);
}

static void of_dependent_points(void **state) {
    (void)state;
    const double line[] = {-2, -2, -2, -1, -1, -1, 0, 0, 0, 1, 1, 1, 2, 2, 2};
    const double on[] = {1, 1, 1}, off[] = {0, 0, 1};
    expect_depth(line, 5, 3, on, 2);
    expect_depth(line, 5, 3, off, 0);
    const double few[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const double origin[] = {0, 0, 0, 0};
    expect_depth(few, 2, 4, origin, 0);
}

static void of_a_cross_polytope(void **state) {
    (void)state;
    enum { N = 7 };
    double points[2 * N * N] = {0}, origin[N] = {0};
    for (size_t j = 0; j < N; j++) {
        points[2 * j * N + j] = 1.0;
        points[(2 * j + 1) * N + j] = -1.0;
    }
    expect_depth(points, 2 * N, N, origin, N);
}

/* x - q is not a double here: the rows (-1 + e, 1) and (1, -1) would be opposite after rounding. */
static void differences_are_not_rounded(void **state) {
    (void)state;
    const double points[] = {0x1p-60, 1, 2, -1, 0, 0}, q[] = {1, 0};
    hs_depth_result *result = depth_of(points, 3, 2, q, NULL);
    assert_true(result->complete);
    assert_int_equal(result->upper, 1); /* 0 = first + second + e third */
    hs_depth_result_free(result);

    const double other[] = {0x1p-60, 1, 2,
                            -1,      2, 0}; /* depth 0, but no double direction shows it */
    result = depth_of(other, 3, 2, q, NULL);
    assert_int_equal(result->lower, 0);
    assert_true(!result->complete || result->upper == 0);
    hs_depth_result_free(result);
}

static double *random_points(uint64_t *seed, size_t k, size_t n) {
    double *points = malloc(k * n * sizeof *points);
    assert_non_null(points);
    for (size_t i = 0; i < k * n; i++)
        points[i] = chance_normal(seed);
    return points;
}

static void the_number_of_threads_does_not_matter(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (size_t trial = 0; trial < 20; trial++) {
        size_t k = 20 + chance_below(&seed, 20), n = 2 + chance_below(&seed, 4);
        double *points = random_points(&seed, k, n), *q = random_points(&seed, 1, n);
        for (size_t j = 0; j < n; j++)
            q[j] *= 0.2;
        size_t found[3];
        for (unsigned threads = 1; threads <= 3; threads++) {
            hs_settings settings = hs_settings_default();
            settings.threads = threads;
            hs_depth_result *result = depth_of(points, k, n, q, &settings);
            assert_true(result->complete);
            found[threads - 1] = result->upper;
            hs_depth_result_free(result);
        }
        assert_int_equal(found[0], found[1]);
        assert_int_equal(found[0], found[2]);
        free(points);
        free(q);
    }
}

static void a_stopped_run_has_bounds(void **state) {
    (void)state;
    uint64_t seed = 9;
    const double origin[8] = {0};
    double *points = random_points(&seed, 60, 8);
    hs_depth_result *whole = depth_of(points, 60, 8, origin, NULL);
    assert_true(whole->complete);
    hs_settings settings = hs_settings_default();
    settings.node_limit = 5;
    hs_depth_result *part = depth_of(points, 60, 8, origin, &settings);
    assert_false(part->complete);
    assert_true(part->lower >= 1);
    assert_true(part->lower <= whole->upper && whole->upper <= part->upper);
    hs_depth_result_free(part);
    hs_depth_result_free(whole);
    free(points);
}

/* Decimals are not collinear or symmetric as doubles: cells of the fewest points may hold no
 * double, which is no reason not to know how many points that are. */
static void cells_that_hold_no_double_count(void **state) {
    (void)state;
    const double square[] = {0.4, 0.6, 1.4, 0.2, 1.2, 0.7, 0.6, 0.1}, centre[] = {0.9, 0.4};
    expect_depth(square, 4, 2, centre, 1);
    const size_t expected[] = {1, 2, 1, 1, 2, 3, 3, 2, 1, 1, 1};
    double line[22];
    for (size_t i = 0; i < 11; i++) {
        line[2 * i] = (double)i / 10.0;
        line[2 * i + 1] = (double)(2 * i + 3) / 10.0;
    }
    for (size_t i = 0; i < 11; i++) {
        hs_depth_result *result = depth_of(line, 11, 2, line + 2 * i, NULL);
        assert_true(result->complete);
        assert_int_equal(result->upper, expected[i]);
        hs_depth_result_free(result);
    }
    const double thin[] = {-1, 0, -1, 1, 1,  -1, 1,  1, 1,  -1, -1, 1,  -1, -1,
                           1,  1, 1,  0, -1, 1,  -1, 0, -1, -1, -1, -1, 1};
    const double near[] = {1e-17, -2e-17, 0};
    hs_depth_result *result = depth_of(thin, 9, 3, near, NULL);
    assert_true(result->complete);
    assert_int_equal(result->upper, 1);
    assert_int_equal(result->shown, 1); /* in a direction of small integers */
    hs_depth_result_free(result);
}

static void differences_beyond_the_range(void **state) {
    (void)state;
    const double points[] = {1.7e308, -1.7e308, 0};
    const size_t expected[] = {1, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        hs_depth_result *result = depth_of(points, 3, 1, points + i, NULL);
        assert_true(result->complete);
        assert_int_equal(result->upper, expected[i]);
        hs_depth_result_free(result);
    }
}

static void bad_data_is_refused(void **state) {
    (void)state;
    hs_depth_result *result;
    hs_error error;
    const double points[] = {1, INFINITY}, good[] = {1, 2}, none[] = {NAN};
    const double far[] = {-1.7e308, 5e-324}, q[] = {1.7e308, 0};
    assert_int_equal(hs_depth(points, 2, 1, good, NULL, &result, &error), HS_BAD_DATA);
    assert_int_equal(hs_depth(good, 2, 1, none, NULL, &result, &error), HS_BAD_DATA);
    assert_int_equal(hs_depth(far, 1, 2, q, NULL, &result, &error), HS_BAD_DATA);
    assert_int_equal(hs_depth(good, 0, 1, good, NULL, &result, &error), HS_INVALID_ARGUMENT);
    assert_null(result);
    hs_depth_result_free(NULL);
}

/* ---- few dimensions, against all cells ------------------------------------------------------- */

enum { JUDGED = 12 }; /* points at most */

/* The differences x_i - q as whole numbers, each row times a power of two; n = 3, padded by 0. */
typedef struct judge {
    mpz_t row[JUDGED][3], u[3], v[3], sum, scratch;
    size_t count;
} judge;

static void judge_create(judge *j) {
    for (size_t i = 0; i < JUDGED; i++)
        mpz_inits(j->row[i][0], j->row[i][1], j->row[i][2], NULL);
    for (size_t c = 0; c < 3; c++)
        mpz_inits(j->u[c], j->v[c], NULL);
    mpz_inits(j->sum, j->scratch, NULL);
}

static void judge_clear(judge *j) {
    for (size_t i = 0; i < JUDGED; i++)
        mpz_clears(j->row[i][0], j->row[i][1], j->row[i][2], NULL);
    for (size_t c = 0; c < 3; c++)
        mpz_clears(j->u[c], j->v[c], NULL);
    mpz_clears(j->sum, j->scratch, NULL);
}

static void judge_load(judge *j, const double *points, size_t k, size_t n, const double *q) {
    mpq_t x, y;
    mpq_inits(x, y, NULL);
    j->count = k;
    for (size_t i = 0; i < k; i++) {
        mp_bitcnt_t shift = 100000;
        for (size_t c = 0; c < 3; c++) {
            mpq_set_d(x, c < n ? points[i * n + c] : 0.0);
            mpq_set_d(y, c < n ? q[c] : 0.0);
            mpq_sub(x, x, y);
            mpq_mul_2exp(x, x, 1100);
            mpz_set(j->row[i][c], mpq_numref(x));
            if (mpz_sgn(j->row[i][c]) != 0 && mpz_scan1(j->row[i][c], 0) < shift)
                shift = mpz_scan1(j->row[i][c], 0);
        }
        for (size_t c = 0; c < 3; c++)
            mpz_fdiv_q_2exp(j->row[i][c], j->row[i][c], shift);
    }
    mpq_clears(x, y, NULL);
}

static void cross(mpz_t *result, mpz_t *a, mpz_t *b) {
    for (size_t p = 0; p < 3; p++) {
        size_t q = (p + 1) % 3, r = (p + 2) % 3;
        mpz_mul(result[p], a[q], b[r]);
        mpz_submul(result[p], a[r], b[q]);
    }
}

static bool is_zero(mpz_t *a) {
    return mpz_sgn(a[0]) == 0 && mpz_sgn(a[1]) == 0 && mpz_sgn(a[2]) == 0;
}

static int side_of(judge *j, size_t i, mpz_t *u) {
    mpz_set_ui(j->sum, 0);
    for (size_t c = 0; c < 3; c++)
        mpz_addmul(j->sum, j->row[i][c], u[c]);
    return mpz_sgn(j->sum);
}

/* Of the chosen rows, as many as lie on the side of u with fewer. */
static size_t smaller_side(judge *j, const bool *chosen, mpz_t *u) {
    size_t above = 0, below = 0;
    for (size_t i = 0; i < j->count; i++) {
        int side = chosen[i] ? side_of(j, i, u) : 0;
        above += side > 0;
        below += side < 0;
    }
    return above < below ? above : below;
}

/* Keeps of the chosen rows those orthogonal to u. */
static void keep_orthogonal(judge *j, const bool *chosen, mpz_t *u, bool *kept) {
    for (size_t i = 0; i < j->count; i++)
        kept[i] = chosen[i] && side_of(j, i, u) == 0;
}

/* The depth of the chosen rows, which lie in the plane orthogonal to u. Next to the direction v of
 * the plane orthogonal to a row, the rows on its line count by one of their senses. */
static size_t depth_in_plane(judge *j, const bool *chosen) {
    size_t best = JUDGED;
    bool line[JUDGED];
    for (size_t i = 0; i < j->count; i++) {
        if (!chosen[i])
            continue;
        cross(j->v, j->u, j->row[i]);
        keep_orthogonal(j, chosen, j->v, line);
        size_t now = smaller_side(j, chosen, j->v) + smaller_side(j, line, j->row[i]);
        best = now < best ? now : best;
    }
    return best;
}

/* Every open cell has an edge at the crossing of two planes, and is next to it in the plane
 * orthogonal to it; without two independent rows there are two cells only. */
static size_t depth_over_cells(judge *j) {
    bool all[JUDGED], plane[JUDGED];
    size_t zeros = 0, best = JUDGED, some = 0;
    for (size_t i = 0; i < j->count; i++) {
        all[i] = !is_zero(j->row[i]);
        zeros += !all[i];
        some = all[i] ? i : some;
    }
    if (zeros == j->count)
        return zeros;
    for (size_t a = 0; a < j->count; a++)
        for (size_t b = a + 1; b < j->count; b++) {
            cross(j->u, j->row[a], j->row[b]);
            if (is_zero(j->u))
                continue;
            keep_orthogonal(j, all, j->u, plane);
            size_t now = smaller_side(j, all, j->u) + depth_in_plane(j, plane);
            best = now < best ? now : best;
        }
    return zeros + (best < JUDGED ? best : smaller_side(j, all, j->row[some]));
}

static size_t count_exactly(judge *j, const double *direction, size_t n) {
    mpq_t x;
    mpq_init(x);
    for (size_t c = 0; c < 3; c++) {
        mpq_set_d(x, c < n ? direction[c] : 0.0);
        mpq_mul_2exp(x, x, 1100);
        mpz_set(j->v[c], mpq_numref(x));
    }
    mpq_clear(x);
    assert_false(is_zero(j->v));
    size_t count = 0;
    for (size_t i = 0; i < j->count; i++)
        count += side_of(j, i, j->v) >= 0;
    return count;
}

/* One coordinate of a configuration, by its kind. */
static double coordinate(uint64_t *seed, size_t kind) {
    double whole = (double)chance_below(seed, 5) - 2.0;
    switch (kind) {
    case 0:
        return whole;
    case 1: /* differences are not doubles */
        return 0.1 * ((double)chance_below(seed, 21) - 10.0);
    case 2: /* one row far larger than another */
        return ldexp(whole, (int)chance_below(seed, 3) * 900 - 900);
    case 3: /* thin cells, some below double precision */
        return whole + ldexp((double)chance_below(seed, 3) - 1.0, -52);
    case 4: /* the same with differences that are not doubles */
        return whole + (chance_below(seed, 2) ? ldexp(1.0, -70) : 0.1) * whole;
    case 5: /* rows that are almost parallel, within twice double precision and a little more */
        return chance_below(seed, 3) ? whole : ldexp(whole, -90 - (int)chance_below(seed, 8));
    default:
        return chance_normal(seed);
    }
}

/* Dependent points: multiples of others as seen from q, equal points, all in a plane or line. */
static void add_dependences(uint64_t *seed, double *points, size_t k, size_t n, const double *q) {
    size_t shape = chance_below(seed, 4);
    for (size_t i = 1; i < k; i++) {
        size_t of = chance_below(seed, i), how = chance_below(seed, 6);
        double factor = how == 0 ? 1.0 : how == 1 ? -1.0 : how == 2 ? 2.0 : 0.0;
        for (size_t c = 0; c < n && factor != 0.0; c++)
            points[i * n + c] = q[c] + factor * (points[of * n + c] - q[c]);
    }
    for (size_t i = 0; i < k && n > 1 && shape < 2; i++)
        for (size_t c = shape == 0 ? 1 : n - 1; c < n; c++)
            points[i * n + c] = points[i * n];
}

static void sweeps_find_the_smallest_cell(void **state) {
    (void)state;
    uint64_t seed = 31;
    size_t open = 0;
    judge j;
    judge_create(&j);
    for (size_t trial = 0; trial < 2100; trial++) {
        size_t n = trial % 3 + 1, kind = trial / 3 % 7, k = 1 + chance_below(&seed, JUDGED);
        double points[JUDGED * 3], q[3] = {0};
        for (size_t i = 0; i < k * n; i++)
            points[i] = coordinate(&seed, kind);
        for (size_t c = 0; c < n && kind != 2; c++)
            q[c] = coordinate(&seed, kind);
        if (chance_below(&seed, 2) == 0)
            memcpy(q, points, n * sizeof *q);
        if (chance_below(&seed, 2) == 0)
            add_dependences(&seed, points, k, n, q);
        judge_load(&j, points, k, n, q);
        hs_depth_result *result = depth_of(points, k, n, q, NULL);
        assert_int_equal(result->lower, depth_over_cells(&j));
        assert_int_equal(result->shown, count_exactly(&j, result->direction, n));
        assert_true(result->complete && result->lower == result->upper);
        assert_true(result->shown == result->upper || kind > 0);
        open += result->shown > result->upper;
        hs_depth_result_free(result);
    }
    judge_clear(&j);
    assert_true(open < 40); /* cells without a direction of doubles */
}

/* In four dimensions the tree answers. */
static void a_column_of_zeros_changes_nothing(void **state) {
    (void)state;
    uint64_t seed = 32;
    for (size_t trial = 0; trial < 60; trial++) {
        size_t k = 20 + chance_below(&seed, 30), n = 2 + trial % 2;
        double *points = malloc(k * n * sizeof *points), *wide = calloc(k * 4, sizeof *wide);
        assert_non_null(points);
        assert_non_null(wide);
        const double q[4] = {0.25, 0, 0, 0};
        for (size_t i = 0; i < k; i++)
            for (size_t c = 0; c < n; c++) {
                points[i * n + c] = trial % 4 < 2 ? (double)chance_below(&seed, 9) * 0.25 - 1.0
                                                  : chance_normal(&seed);
                wide[i * 4 + c] = points[i * n + c];
            }
        hs_depth_result *swept = depth_of(points, k, n, q, NULL);
        hs_depth_result *searched = depth_of(wide, k, 4, q, NULL);
        assert_true(swept->complete && searched->complete);
        assert_int_equal(swept->upper, searched->upper);
        hs_depth_result_free(swept);
        hs_depth_result_free(searched);
        free(points);
        free(wide);
    }
}

/* The vertices of a regular polygon with an odd number of them, in columns 0 and 1. */
static void write_polygon(double *points, size_t vertices, size_t n) {
    for (size_t i = 0; i < vertices; i++) {
        double angle = 2.0 * acos(-1.0) * (double)i / (double)vertices;
        points[i * n] = cos(angle);
        points[i * n + 1] = sin(angle);
    }
}

static void of_many_points_in_the_plane(void **state) {
    (void)state;
    enum { K = 20001 };
    double *points = calloc(K, 2 * sizeof *points);
    const double centre[] = {0, 0};
    assert_non_null(points);
    write_polygon(points, K, 2);
    expect_depth(points, K, 2, centre, K / 2);
    free(points);
}

/* A polygon in a plane of space, and points on both sides of it: half of the polygon and the points
 * of one side. Then pairs of opposite points: one of each pair, and of no more than that. */
static void of_many_points_in_space(void **state) {
    (void)state;
    enum { POLYGON = 1001, ABOVE = 30, BELOW = 20, PAIRS = 600 };
    double *points = calloc(2 * POLYGON, 3 * sizeof *points);
    const double origin[] = {0, 0, 0};
    assert_non_null(points);
    write_polygon(points, POLYGON, 3);
    for (size_t i = 0; i < ABOVE + BELOW; i++)
        points[(POLYGON + i) * 3 + 2] = i < ABOVE ? 1.0 : -1.0;
    expect_depth(points, POLYGON + ABOVE + BELOW, 3, origin, POLYGON / 2 + BELOW);
    uint64_t seed = 33;
    for (size_t i = 0; i < 3 * PAIRS; i++) {
        points[i] = chance_normal(&seed);
        points[3 * PAIRS + i] = -points[i];
    }
    expect_depth(points, 2 * PAIRS, 3, origin, PAIRS);
    free(points);
}

/* The tree and the sweeps on so many points that the pool has lists, and so deep among them that
 * nodes find their bases anew. */
static void the_tree_finds_what_the_sweeps_find(void **state) {
    (void)state;
    enum { K = 64 * HS_POOL_WORDS + 200 };
    uint64_t seed = 35;
    double *points = malloc(3 * K * sizeof *points);
    assert_non_null(points);
    for (size_t trial = 0; trial < 4; trial++) {
        bool whole = trial % 2 == 1; /* then there are ties */
        for (size_t i = 0; i < K; i++) {
            for (size_t j = 0; j < 3; j++) {
                double x = chance_normal(&seed) - (j == 0 ? 1.7 : 0.0);
                points[3 * i + j] = whole ? floor(4.0 * x + 0.5) : x;
            }
        }
        hs_layer *layer;
        hs_problem problem;
        hs_tree tree;
        hs_run run;
        hs_low_depth low;
        hs_settings settings = hs_settings_default();
        settings.threads = 1 + trial / 2;
        assert_int_equal(hs_layer_create(K, 3, points, NULL, &layer, NULL), HS_OK);
        assert_int_equal(hs_problem_of_rows(layer, &problem, NULL), HS_OK);
        hs_run_begin(&run, &settings);
        assert_int_equal(hs_depth_low(&problem, &run, 0, &low, NULL), HS_OK);
        assert_true(low.finished);
        assert_int_equal(hs_tree_create(&problem, &run, HS_GOAL_COUNT, SIZE_MAX, &tree, NULL),
                         HS_OK);
        assert_int_equal(hs_depth_start(&tree, &tree.proven), HS_OK);
        assert_int_equal(hs_tree_search(&tree), HS_OK);
        assert_false(tree.unproven);
        size_t fewest = tree.unseen < tree.point_active ? tree.unseen : tree.point_active;
        assert_int_equal(fewest, low.depth);
        hs_tree_clear(&tree);
        hs_problem_clear(&problem);
        hs_layer_free(layer);
    }
    free(points);
}

/* Rows that are too many to be held a second time are priced as the others are. */
static void many_rows_are_priced(void **state) {
    (void)state;
    enum { N = 8, K = HS_COLUMN_SIZE / N + 100 };
    uint64_t seed = 36;
    double *points = malloc(sizeof(double[K][N])), z[HS_LANES] = {0}, most = -INFINITY, largest;
    assert_non_null(points);
    for (size_t i = 0; i < (size_t)K * N; i++)
        points[i] = (double)chance_below(&seed, 65) - 32.0;
    for (size_t j = 0; j < N; j++)
        z[j] = (double)chance_below(&seed, 9) - 4.0;
    hs_layer *layer;
    hs_problem problem;
    hs_tree tree;
    hs_worker worker;
    hs_run run;
    const hs_settings settings = hs_settings_default();
    assert_int_equal(hs_layer_create(K, N, points, NULL, &layer, NULL), HS_OK);
    assert_int_equal(hs_problem_of_rows(layer, &problem, NULL), HS_OK);
    hs_run_begin(&run, &settings);
    assert_int_equal(hs_tree_create(&problem, &run, HS_GOAL_COUNT, SIZE_MAX, &tree, NULL), HS_OK);
    assert_null(tree.columns);
    assert_int_equal(hs_worker_create(&tree, &worker), HS_OK);
    double *want = worker.wide_values, *slack = want + tree.padded, *value = slack + tree.padded;
    for (size_t i = 0; i < tree.padded; i++) {
        want[i] = (double)chance_below(&seed, 3) - 1.0;
        slack[i] = 1e-3 * (double)i / K;
    }
    size_t row = hs_price(&worker, z, &largest);
    for (size_t i = 0; i < K; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < N; j++)
            sum += points[N * i + j] * z[j];
        assert_true(value[i] == sum); /* whole numbers */
        most = fmax(most, want[i] * sum + slack[i]);
    }
    assert_true(most == largest && want[row] * value[row] + slack[row] == largest);
    hs_worker_clear(&worker);
    hs_tree_clear(&tree);
    hs_problem_clear(&problem);
    hs_layer_free(layer);
    free(points);
}

/* Scaled columns leave the depth as it is, but bring the rows so near to each other that floating
 * point cannot tell how they lie about the first. */
static void columns_may_be_scaled(void **state) {
    (void)state;
    uint64_t seed = 35;
    for (size_t trial = 0; trial < 2; trial++) {
        const size_t k = trial == 0 ? 700 : 300;
        const double origin[3] = {0}, range = trial == 0 ? 0.3 : 1.0;
        double *points = calloc(k, 3 * sizeof *points);
        assert_non_null(points);
        for (size_t i = 0; i < k; i++) {
            double angle = acos(-1.0) * range * (double)i / (double)k;
            double sign = chance_below(&seed, 2) ? 1.0 : -1.0;
            points[3 * i] = sign;
            points[3 * i + 1] = i == 0 ? 0.0 : sign * cos(angle);
            points[3 * i + 2] = i == 0 ? 0.0 : sign * sin(angle);
        }
        hs_depth_result *plain = depth_of(points, k, 3, origin, NULL);
        for (size_t i = 0; i < k; i++)
            for (size_t c = 1; c < 3; c++)
                points[3 * i + c] = ldexp(points[3 * i + c], -85);
        hs_depth_result *scaled = depth_of(points, k, 3, origin, NULL);
        assert_true(plain->complete);
        assert_int_equal(plain->lower, scaled->lower);
        hs_depth_result_free(plain);
        hs_depth_result_free(scaled);
        free(points);
    }
}

typedef struct patience {
    size_t polls, lines;
} patience;

static bool impatient(void *data) {
    patience *left = data;
    return left->polls-- <= 1;
}

static void count_lines(const hs_progress *now, void *data) {
    patience *seen = data;
    seen->lines += now->fraction > 0.0 && now->fraction <= 1.0;
}

static void sweeps_can_be_stopped(void **state) {
    (void)state;
    uint64_t seed = 34;
    const double origin[3] = {0};
    for (size_t n = 2; n <= 3; n++) {
        size_t k = n == 2 ? 30000 : 900;
        double *points = random_points(&seed, k, n);
        hs_settings settings = hs_settings_default();
        patience left = {.polls = 3};
        settings.data = &left;
        settings.interrupted = impatient;
        settings.progress = count_lines;
        hs_depth_result *result = depth_of(points, k, n, origin, &settings);
        assert_false(result->complete);
        assert_true(result->upper < k);
        assert_non_null(strstr(result->reason, "stopped"));
        hs_depth_result_free(result);
        left.polls = SIZE_MAX;
        result = depth_of(points, k, n, origin, &settings);
        assert_true(result->complete);
        hs_depth_result_free(result);
        free(points);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_a_line_it_is_the_smaller_rank),
        cmocka_unit_test(of_a_square),
        cmocka_unit_test(points_equal_to_q_always_count),
        cmocka_unit_test(of_dependent_points),
        cmocka_unit_test(of_a_cross_polytope),
        cmocka_unit_test(differences_are_not_rounded),
        cmocka_unit_test(the_number_of_threads_does_not_matter),
        cmocka_unit_test(a_stopped_run_has_bounds),
        cmocka_unit_test(cells_that_hold_no_double_count),
        cmocka_unit_test(differences_beyond_the_range),
        cmocka_unit_test(bad_data_is_refused),
        cmocka_unit_test(sweeps_find_the_smallest_cell),
        cmocka_unit_test(a_column_of_zeros_changes_nothing),
        cmocka_unit_test(of_many_points_in_the_plane),
        cmocka_unit_test(of_many_points_in_space),
        cmocka_unit_test(the_tree_finds_what_the_sweeps_find),
        cmocka_unit_test(many_rows_are_priced),
        cmocka_unit_test(columns_may_be_scaled),
        cmocka_unit_test(sweeps_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
