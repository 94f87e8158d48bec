/* The kernels, in every version that this processor runs, against extended precision and exact
 * arithmetic. */
#include "testing.h"

#include "geometry/cone.h"
#include "geometry/kernels.h"
#include "geometry/system.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const versions[] = {"plain", "avx2", "avx512"};
enum { VERSIONS = sizeof versions / sizeof *versions, PITCH = 256, MOST = 12 };

/* NULL where the processor cannot. */
static const hs_kernels *version(size_t v) {
    setenv("HALFSPAN_KERNEL", versions[v], 1);
    const hs_kernels *kernels = hs_kernels_choose();
    unsetenv("HALFSPAN_KERNEL");
    return strcmp(kernels->name, versions[v]) == 0 ? kernels : NULL;
}

/* ---- determinants of four groups ------------------------------------------------------------- */

typedef struct groups {
    double values[4 * PITCH];
    const double *column[4];
    size_t count[4];
    double size; /* product of the greatest lengths */
} groups;

static long double at(const groups *g, size_t group, size_t k, size_t i) {
    return (long double)g->column[group][i * PITCH + k];
}

static long double determinant(const groups *g, const size_t pick[4]) {
    static const int pairs[6][2] = {{0, 1}, {2, 0}, {0, 3}, {1, 2}, {1, 3}, {2, 3}};
    long double minor[2][6], sum = 0.0L;
    for (size_t half = 0; half < 2; half++)
        for (size_t p = 0; p < 6; p++) {
            size_t a = 2 * half, b = a + 1, i = (size_t)pairs[p][0], j = (size_t)pairs[p][1];
            minor[half][p] = at(g, a, pick[a], i) * at(g, b, pick[b], j) -
                             at(g, a, pick[a], j) * at(g, b, pick[b], i);
        }
    for (size_t p = 0; p < 6; p++)
        sum += minor[0][p] * minor[1][5 - p];
    return fabsl(sum);
}

/* The smallest determinant, for each column of group 0 and of all. */
static double smallest(const groups *g, double *each) {
    size_t pick[4];
    double least = INFINITY;
    for (pick[0] = 0; pick[0] < g->count[0]; pick[0]++) {
        each[pick[0]] = INFINITY;
        for (pick[1] = 0; pick[1] < g->count[1]; pick[1]++)
            for (pick[2] = 0; pick[2] < g->count[2]; pick[2]++)
                for (pick[3] = 0; pick[3] < g->count[3]; pick[3]++)
                    each[pick[0]] = fmin(each[pick[0]], (double)determinant(g, pick));
        least = fmin(least, each[pick[0]]);
    }
    return least;
}

/* kind 0: any columns; 1: one choice of four is dependent up to `gap`; 2: of very different
 * lengths. */
static void draw(uint64_t *seed, int kind, groups *g) {
    size_t begin = 0;
    memset(g->values, 0, sizeof g->values);
    for (size_t k = 0; k < 4; k++) {
        g->column[k] = g->values + begin;
        g->count[k] = 1 + chance_below(seed, MOST);
        for (size_t c = 0; c < g->count[k]; c++) {
            double scale = kind == 2 ? ldexp(1.0, -(int)chance_below(seed, 12)) : 0.3;
            for (size_t i = 0; i < 4; i++)
                g->values[i * PITCH + begin + c] = scale * chance_normal(seed);
        }
        begin += g->count[k];
    }
    double gap = ldexp(1.0, -(int)chance_below(seed, 50));
    for (size_t i = 0; kind == 1 && i < 4; i++)
        g->values[i * PITCH + begin - 1] =
            0.4 * g->column[0][i * PITCH] - 0.3 * g->column[1][i * PITCH] +
            0.2 * g->column[2][i * PITCH] + gap * chance_normal(seed);
    g->size = 1.0;
    for (size_t k = 0; k < 4; k++) {
        double longest = 0.0;
        for (size_t c = 0; c < g->count[k]; c++) {
            double square = 0.0;
            for (size_t i = 0; i < 4; i++)
                square += g->column[k][i * PITCH + c] * g->column[k][i * PITCH + c];
            longest = fmax(longest, sqrt(square));
        }
        g->size *= longest;
    }
}

static void determinants_are_bounded_from_below(void **state) {
    (void)state;
    size_t told = 0, open = 0;
    for (size_t v = 0; v < VERSIONS; v++) {
        const hs_kernels *kernels = version(v);
        uint64_t seed = 11;
        for (int k = 0; kernels != NULL && k < 600; k++) {
            groups g;
            double each[MOST], low[MOST], least, room;
            draw(&seed, k % 3, &g);
            least = smallest(&g, each);
            room = 2.1 * HS_GROUP_ERROR * g.size;
            double found = kernels->least(g.column, g.count, PITCH);
            assert_true(found <= least);
            assert_true(found >= least - room);
            told += found > 0.0;
            open += !(found > 0.0);
            for (size_t c = 0; c < g.count[0]; c++)
                low[c] = c % 2 == 0 ? INFINITY : -7.0;
            assert_true(kernels->least_each(g.column, g.count, PITCH, 0.5, low));
            for (size_t c = 0; c < g.count[0]; c++) {
                if (c % 2 != 0) {
                    assert_true(low[c] == -7.0 || low[c] <= 0.5 * each[c]);
                    continue;
                }
                assert_true(low[c] <= 0.5 * each[c] && low[c] >= 0.5 * each[c] - room);
            }
        }
    }
    assert_true(told > 200 && open > 50);
}

static void what_cannot_be_bounded_is_not(void **state) {
    (void)state;
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e300, 1e39};
    for (size_t v = 0; v < VERSIONS; v++) {
        const hs_kernels *kernels = version(v);
        uint64_t seed = 12;
        for (size_t k = 0; kernels != NULL && k < 40 * sizeof bad / sizeof *bad; k++) {
            groups g;
            double low[MOST] = {0.0};
            draw(&seed, 0, &g);
            size_t group = chance_below(&seed, 4), c = chance_below(&seed, g.count[group]);
            g.values[chance_below(&seed, 4) * PITCH + (size_t)(g.column[group] - g.values) + c] =
                bad[k % (sizeof bad / sizeof *bad)];
            assert_false(kernels->least(g.column, g.count, PITCH) > 0.0);
            assert_false(kernels->least_each(g.column, g.count, PITCH, 1.0, low));
        }
    }
}

static void too_many_columns_are_refused(void **state) {
    (void)state;
    double values[4 * 2 * PITCH];
    uint64_t seed = 13;
    for (size_t k = 0; k < sizeof values / sizeof *values; k++)
        values[k] = chance_normal(&seed);
    for (size_t v = 0; v < VERSIONS; v++) {
        const hs_kernels *kernels = version(v);
        for (size_t count = 90; kernels != NULL && count < PITCH; count += 5) {
            const double *const column[4] = {values, values + PITCH, values, values + PITCH};
            const size_t counts[4] = {count, count, 1, 1};
            double low[PITCH] = {0.0};
            assert_false(kernels->least(column, counts, 2 * PITCH) > 0.0);
            if (count > HS_GROUP)
                assert_false(kernels->least_each(column, counts, 2 * PITCH, 1.0, low));
        }
    }
}

/* ---- the smallest point of a cone's section -------------------------------------------------- */

enum { WIDEST = 20, ROWS = 60 };

typedef struct cone {
    size_t d, rows;
    double a[ROWS * WIDEST];
    float want[64], slack[64], value[64];
} cone;

static void ask(cone *c, size_t i, float want) {
    c->want[i] = want;
    c->slack[i] = want != 0.0f ? 1e-3f * fabsf(want) : -1.0f;
}

static void draw_cone(uint64_t *seed, cone *c) {
    c->d = 1 + chance_below(seed, WIDEST);
    c->rows = 1 + chance_below(seed, ROWS);
    bool whole = chance_below(seed, 4) == 0;
    for (size_t k = 0; k < c->rows * c->d; k++) {
        c->a[k] = 0.25 * chance_normal(seed);
        c->a[k] = whole ? rint(4.0 * c->a[k]) / 4.0 : c->a[k];
    }
    for (size_t i = 0; i < 64; i++) {
        ask(c, i, i < c->rows && chance_below(seed, 3) > 0 ? 1.0f : 0.0f);
        if (c->want[i] > 0.0f && chance_below(seed, 5) == 0)
            ask(c, i, -1e6f);
    }
}

static void load_cone(const cone *c, const hs_kernels *kernels, hs_cone_rows *rows,
                      hs_cone *solver) {
    assert_int_equal(hs_cone_rows_create(c->d, c->rows, c->a, c->rows % 2 == 0, rows), HS_OK);
    assert_int_equal(hs_cone_create(c->d, kernels, solver), HS_OK);
}

/* What is asked for, as signed rows; true when there is a point, exactly. */
static bool is_open(const cone *c) {
    double signed_rows[2 * ROWS * WIDEST];
    size_t which[ROWS], count = 0;
    hs_feasibility answer;
    for (size_t i = 0; i < c->rows; i++) {
        for (size_t j = 0; j < c->d; j++) {
            signed_rows[i * c->d + j] = c->a[i * c->d + j];
            signed_rows[(i + c->rows) * c->d + j] = -c->a[i * c->d + j];
        }
        if (c->want[i] != 0.0f)
            which[count++] = c->want[i] < 0.0f ? i + c->rows : i;
    }
    const hs_system system = {.d = c->d, .rows = 2 * c->rows, .a = signed_rows};
    assert_int_equal(hs_system_decide_exact(&system, which, count, &answer, NULL, NULL, NULL),
                     HS_OK);
    return answer == HS_NONEMPTY;
}

static void check_point(const cone *c, const hs_cone *solver) {
    double square = 0.0;
    for (size_t j = 0; j < c->d; j++)
        square += (double)solver->z[j] * (double)solver->z[j];
    for (size_t i = 0; i < c->rows; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < c->d; j++)
            sum += c->a[i * c->d + j] * (double)solver->z[j];
        assert_true(fabs(sum - (double)c->value[i]) < 1e-5 * (1.0 + sqrt(square)));
        if (c->want[i] != 0.0f)
            assert_true((c->want[i] > 0.0f ? sum : -sum) < 1e-5 * sqrt(square));
    }
}

/* lambda >= 0 and the combination of the rows vanishes. */
static void check_combination(const cone *c, const hs_cone *solver, uint32_t row,
                              float multiplier) {
    double rest[WIDEST] = {0}, size = 0.0;
    for (size_t slot = 0; slot <= solver->stride; slot++) {
        uint32_t signed_row = slot < solver->stride ? solver->slot_row[slot] : row;
        double lambda = (double)(slot < solver->stride ? solver->lambda[slot] : multiplier);
        if (signed_row == HS_CONE_FREE)
            continue;
        size_t i = signed_row % c->rows;
        assert_true(lambda >= 0.0);
        assert_true(c->want[i] * (signed_row < c->rows ? 1.0f : -1.0f) > 0.0f);
        for (size_t j = 0; j < c->d; j++)
            rest[j] += (signed_row < c->rows ? lambda : -lambda) * c->a[i * c->d + j];
        size += lambda;
    }
    for (size_t j = 0; j < c->d; j++)
        assert_true(fabs(rest[j]) < 1e-3 * size);
}

/* The kernel is a hint: it has to be right nearly always, and consistent always. */
static void cones_agree_with_exact_arithmetic(void **state) {
    (void)state;
    for (size_t v = 0; v < VERSIONS; v++) {
        const hs_kernels *kernels = version(v);
        uint64_t seed = 14;
        size_t points = 0, empty = 0, wrong = 0;
        for (int k = 0; kernels != NULL && k < 400; k++) {
            cone c;
            hs_cone solver, copy;
            hs_cone_rows rows;
            uint32_t row;
            float multiplier;
            draw_cone(&seed, &c);
            load_cone(&c, kernels, &rows, &solver);
            assert_int_equal(hs_cone_create(c.d, kernels, &copy), HS_OK);
            hs_cone_answer answer =
                hs_cone_solve(&solver, &rows, c.want, c.slack, c.value, &row, &multiplier);
            bool open = is_open(&c);
            wrong += answer == HS_CONE_LOST || (answer == HS_CONE_POINT) != open;
            if (answer == HS_CONE_POINT && open) {
                points++;
                check_point(&c, &solver);
                hs_cone_copy(&copy, &solver); /* goes on where the other one is: nothing to do */
                assert_int_equal(
                    hs_cone_solve(&copy, &rows, c.want, c.slack, c.value, &row, &multiplier),
                    HS_CONE_POINT);
                assert_int_equal(copy.pivots, 0);
            } else if (answer == HS_CONE_EMPTY && !open) {
                empty++;
                check_combination(&c, &solver, row, multiplier);
            }
            hs_cone_clear(&solver);
            hs_cone_clear(&copy);
            hs_cone_rows_clear(&rows);
        }
        if (kernels != NULL)
            assert_true(points > 100 && empty > 100 && wrong < 8);
    }
}

/* How many rows that were asked for with this priority the combination has; it has to vanish. */
static size_t combination(const cone *c, const hs_kernels *kernels, float priority, bool *empty) {
    hs_cone solver;
    hs_cone_rows rows;
    uint32_t row;
    float multiplier, value[64];
    size_t count = 0;
    load_cone(c, kernels, &rows, &solver);
    *empty =
        hs_cone_solve(&solver, &rows, c->want, c->slack, value, &row, &multiplier) == HS_CONE_EMPTY;
    if (*empty)
        check_combination(c, &solver, row, multiplier);
    for (size_t slot = 0; *empty && slot <= solver.stride; slot++) {
        uint32_t r = slot < solver.stride ? solver.slot_row[slot] : row;
        float lambda = slot < solver.stride ? solver.lambda[slot] : multiplier;
        count += r != HS_CONE_FREE && lambda > 0.0f && fabsf(c->want[r % c->rows]) == priority;
    }
    hs_cone_clear(&solver);
    hs_cone_rows_clear(&rows);
    return count;
}

/* Where all priorities are 1 at most nothing is exchanged, and the same rows are added. */
static void rows_of_high_priority_take_places(void **state) {
    (void)state;
    const float high = 0x1p20f;
    for (size_t v = 0; v < VERSIONS; v++) {
        const hs_kernels *kernels = version(v);
        uint64_t seed = 15;
        size_t fewer = 0, some = 0;
        for (int k = 0; kernels != NULL && k < 400; k++) {
            cone c;
            bool empty, as_well;
            draw_cone(&seed, &c);
            for (size_t i = 0; i < c.rows; i++) {
                float priority = chance_below(&seed, 2) == 0 ? high : 1.0f;
                ask(&c, i, c.want[i] < 0.0f ? -priority : c.want[i] > 0.0f ? priority : 0.0f);
            }
            size_t with = combination(&c, kernels, 1.0f, &empty);
            for (size_t i = 0; i < c.rows; i++)
                ask(&c, i, c.want[i] / high);
            size_t without = combination(&c, kernels, 1.0f / high, &as_well);
            assert_int_equal(empty, as_well);
            assert_true(with <= without);
            some += empty && without > 1;
            fewer += with < without;
        }
        if (kernels != NULL)
            assert_true(some > 40 && fewer > some / 10);
    }
}

/* ---- defects of an inverse ------------------------------------------------------------------- */

static void defects_of_an_inverse(void **state) {
    (void)state;
    enum { LARGEST = 24, WIDE = 2 * LARGEST };
    uint64_t seed = 12;
    for (int trial = 0; trial < 200; trial++) {
        size_t d = 1 + chance_below(&seed, LARGEST), columns = hs_padded(d, HS_LANES);
        size_t pitch = trial % 2 == 0 ? columns : 2 * columns;
        double inverse[LARGEST * WIDE] = {0}, row[LARGEST * LARGEST] = {0}, one[LARGEST] = {0};
        for (size_t j = 0; j < d; j++)
            for (size_t c = 0; c < columns; c++) {
                inverse[j * pitch + c] = chance_normal(&seed);
                row[c * columns + j] = chance_normal(&seed);
                one[c] = chance_below(&seed, 2) == 0 ? 0.0 : 1.0;
            }
        for (size_t v = 0; v < VERSIONS; v++) {
            double size[LARGEST], defect[LARGEST];
            if (version(v) == NULL)
                continue;
            version(v)->defects(inverse, d, pitch, columns, row, one, size, defect);
            for (size_t c = 0; c < columns; c++) {
                long double sizes = 0.0L, sum = 0.0L;
                for (size_t j = 0; j < d; j++)
                    sizes += fabsl((long double)inverse[j * pitch + c]);
                for (size_t s = 0; s < columns; s++) {
                    long double product = s == c ? -(long double)one[c] : 0.0L;
                    for (size_t j = 0; j < d; j++)
                        product += (long double)row[s * columns + j] * inverse[j * pitch + c];
                    sum += fabsl(product);
                }
                assert_true(fabsl(size[c] - sizes) <= 1e-13L * (1.0L + sizes));
                assert_true(fabsl(defect[c] - sum) <= 1e-12L * (1.0L + sum));
            }
        }
    }
}

/* ---- the pool -------------------------------------------------------------------------------- */

static void the_pool_is_filtered(void **state) {
    (void)state;
    enum { CAPACITY = 64, SETS = 50, COLUMNS = 3, FREE_MOST = 70 };
    uint64_t seed = 13;
    size_t usable_sets = 0;
    for (int trial = 0; trial < 200; trial++) {
        uint64_t inactive[COLUMNS * CAPACITY] = {0}, active[COLUMNS * CAPACITY] = {0};
        uint64_t allowed[COLUMNS], fixed[COLUMNS], open[COLUMNS];
        size_t words = 1 + chance_below(&seed, COLUMNS), largest = chance_below(&seed, FREE_MOST);
        for (size_t w = 0; w < words; w++) {
            fixed[w] = chance_bits(&seed) & chance_bits(&seed);
            allowed[w] = ~fixed[w];
            open[w] = allowed[w] & chance_bits(&seed);
            for (size_t k = 0; k < SETS; k++) { /* at times with a row that does not fit */
                uint64_t odd = UINT64_C(1) << chance_below(&seed, 64);
                inactive[w * CAPACITY + k] = (chance_bits(&seed) & allowed[w]) | (k % 5 ? 0 : odd);
                active[w * CAPACITY + k] = (chance_bits(&seed) & fixed[w]) | (k % 7 ? 0 : odd);
            }
        }
        for (size_t v = 0; v < VERSIONS; v++) {
            uint64_t size[CAPACITY];
            uint16_t usable[CAPACITY];
            if (version(v) == NULL)
                continue;
            size_t found = version(v)->filter(inactive, active, CAPACITY, SETS, words, allowed,
                                              fixed, open, largest, size, usable);
            size_t at = 0;
            for (size_t k = 0; k < SETS; k++) {
                bool fits = true;
                uint64_t count = 0;
                for (size_t w = 0; w < words; w++) {
                    fits = fits && (inactive[w * CAPACITY + k] & ~allowed[w]) == 0 &&
                           (active[w * CAPACITY + k] & ~fixed[w]) == 0;
                    for (size_t bit = 0; bit < 64; bit++)
                        count += inactive[w * CAPACITY + k] >> bit & open[w] >> bit & 1;
                }
                if (fits)
                    assert_int_equal(size[k], count);
                else
                    assert_true(size[k] >= UINT64_C(1) << 40);
                if (fits && count <= largest)
                    assert_int_equal(usable[at++], k);
            }
            assert_int_equal(found, at);
            usable_sets += found;
        }
    }
    assert_true(usable_sets > 1000);
}

static void sets_take_what_all_members_have(void **state) {
    (void)state;
    enum { MEMBERS = 40, SETS = 30, SIZE = 6, WIDTH_MOST = 3 * HS_LANES };
    uint64_t seed = 17;
    size_t hitting = 0, missing = 0;
    for (size_t trial = 0; trial < 60; trial++) {
        size_t width = HS_LANES * (1 + trial % 3);
        uint64_t bits[MEMBERS * WIDTH_MOST], alive[WIDTH_MOST], start[WIDTH_MOST];
        uint16_t member[SETS * SIZE], list[SETS];
        for (size_t k = 0; k < MEMBERS * width; k++)
            bits[k] = chance_bits(&seed) | (trial % 2 ? chance_bits(&seed) : 0);
        for (size_t k = 0; k < SETS * SIZE; k++)
            member[k] = (uint16_t)chance_below(&seed, MEMBERS);
        for (size_t k = 0; k < SETS; k++)
            list[k] = (uint16_t)chance_below(&seed, SETS);
        for (size_t w = 0; w < width; w++)
            start[w] = chance_bits(&seed) & (trial % 3 ? chance_bits(&seed) : ~UINT64_C(0));
        for (size_t v = 0; v < VERSIONS; v++) {
            uint64_t expected[WIDTH_MOST];
            uint16_t hits[SETS];
            size_t at = 0;
            if (version(v) == NULL)
                continue;
            memcpy(alive, start, sizeof alive);
            memcpy(expected, start, sizeof expected);
            size_t found = version(v)->strike(bits, width, member, SIZE, list, SETS, alive, hits);
            for (size_t k = 0; k < SETS; k++) {
                uint64_t any = 0;
                for (size_t w = 0; w < width; w++) {
                    uint64_t all = expected[w];
                    for (size_t i = 0; i < SIZE; i++)
                        all &= bits[member[list[k] * SIZE + i] * width + w];
                    expected[w] &= ~all;
                    any |= all;
                }
                if (any != 0 && at < found)
                    assert_int_equal(hits[at], list[k]);
                at += any != 0;
                hitting += any != 0;
                missing += any == 0;
            }
            assert_int_equal(found, at);
            assert_memory_equal(alive, expected, width * sizeof *alive);
        }
    }
    assert_true(hitting > 500 && missing > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(determinants_are_bounded_from_below),
        cmocka_unit_test(what_cannot_be_bounded_is_not),
        cmocka_unit_test(too_many_columns_are_refused),
        cmocka_unit_test(cones_agree_with_exact_arithmetic),
        cmocka_unit_test(rows_of_high_priority_take_places),
        cmocka_unit_test(defects_of_an_inverse),
        cmocka_unit_test(the_pool_is_filtered),
        cmocka_unit_test(sets_take_what_all_members_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
