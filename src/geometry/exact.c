/* The dual active-set method of Goldfarb and Idnani (Math. Programming 27, 1983) for
 *     minimise |z|^2 / 2   subject to   a_i.z <= t_i
 * in rational arithmetic: finite, and free of tolerances. The rows are integers times powers of
 * two: linear systems are solved in integers, and only results become fractions. */
#include "geometry/system.h"

#include "support/allocate.h"
#include "support/error.h"

#include <gmp.h>
#include <math.h>
#include <stdlib.h>

enum { NEIGHBOURS = 32 }; /* doubles tried around a point */

typedef struct quadratic {
    size_t d, rows;
    mpq_t *a;       /* rows x d */
    mpq_t *target;  /* rows */
    mpq_t *z;       /* d */
    mpq_t *lambda;  /* rows: multipliers, zero outside the active set */
    size_t *active; /* the active set, at most d of it */
    size_t active_count;
    mpz_t *integer; /* rows x d: row i times 2^shift[i] */
    mpz_t *bound;   /* rows: the targets, likewise */
    size_t *shift;  /* rows */
    mpz_t *gram;    /* d x (d + 1): scratch of the linear solve */
    mpz_t *common;  /* d: scratch */
    mpq_t *r;       /* d */
    mpq_t *step;    /* d: part of a row orthogonal to the active rows */
    mpq_t s, t, u;  /* scratch */
    mpz_t x, y;     /* scratch */
    size_t refused; /* the row that could not be added */
} quadratic;

static mpq_t *rationals(size_t count) {
    mpq_t *values = hs_allocate(count, sizeof *values);
    for (size_t i = 0; values != NULL && i < count; i++)
        mpq_init(values[i]);
    return values;
}

static void clear_rationals(mpq_t *values, size_t count) {
    for (size_t i = 0; values != NULL && i < count; i++)
        mpq_clear(values[i]);
    free(values);
}

static mpz_t *integers(size_t count) {
    mpz_t *values = hs_allocate(count, sizeof *values);
    for (size_t i = 0; values != NULL && i < count; i++)
        mpz_init(values[i]);
    return values;
}

static void clear_integers(mpz_t *values, size_t count) {
    for (size_t i = 0; values != NULL && i < count; i++)
        mpz_clear(values[i]);
    free(values);
}

static void quadratic_clear(quadratic *q) {
    clear_rationals(q->a, q->rows * q->d);
    clear_rationals(q->target, q->rows);
    clear_rationals(q->z, q->d);
    clear_rationals(q->lambda, q->rows);
    clear_integers(q->integer, q->rows * q->d);
    clear_integers(q->bound, q->rows);
    clear_integers(q->gram, q->d * (q->d + 1));
    clear_integers(q->common, q->d);
    clear_rationals(q->r, q->d);
    clear_rationals(q->step, q->d);
    free(q->active);
    free(q->shift);
    mpq_clears(q->s, q->t, q->u, NULL);
    mpz_clears(q->x, q->y, NULL);
}

static hs_status quadratic_create(size_t d, size_t rows, quadratic *q, hs_error *error) {
    *q = (quadratic){.d = d, .rows = rows};
    mpq_inits(q->s, q->t, q->u, NULL);
    mpz_inits(q->x, q->y, NULL);
    q->a = rationals(rows * d);
    q->target = rationals(rows);
    q->z = rationals(d);
    q->lambda = rationals(rows);
    q->active = hs_allocate(d, sizeof *q->active);
    q->integer = integers(rows * d);
    q->bound = integers(rows);
    q->shift = hs_allocate(rows, sizeof *q->shift);
    q->gram = integers(d * (d + 1));
    q->common = integers(d);
    q->r = rationals(d);
    q->step = rationals(d);
    if (q->a != NULL && q->target != NULL && q->z != NULL && q->lambda != NULL &&
        q->active != NULL && q->integer != NULL && q->bound != NULL && q->shift != NULL &&
        q->gram != NULL && q->common != NULL && q->r != NULL && q->step != NULL)
        return HS_OK;
    quadratic_clear(q);
    return hs_fail(error, HS_NO_MEMORY, "no memory for an exact solve of %zu rows", rows);
}

static void dot(mpq_t result, mpq_t *x, mpq_t *y, size_t d, mpq_t scratch) {
    mpq_set_ui(result, 0, 1);
    for (size_t j = 0; j < d; j++) {
        mpq_mul(scratch, x[j], y[j]);
        mpq_add(result, result, scratch);
    }
}

static void integer_dot(mpz_t result, mpz_t *x, mpz_t *y, size_t d) {
    mpz_set_ui(result, 0);
    for (size_t j = 0; j < d; j++)
        mpz_addmul(result, x[j], y[j]);
}

/* result = value 2^shift, an integer; the denominator of value is a power of two */
static void shift_to_integer(mpz_t result, mpq_t value, size_t shift) {
    size_t own = mpz_scan1(mpq_denref(value), 0);
    mpz_mul_2exp(result, mpq_numref(value), shift - own);
}

static size_t larger(size_t x, size_t y) {
    return x > y ? x : y;
}

/* Every row and its target as integers. */
static void load_integers(quadratic *q) {
    for (size_t i = 0; i < q->rows; i++) {
        size_t shift = mpz_scan1(mpq_denref(q->target[i]), 0);
        for (size_t j = 0; j < q->d; j++)
            shift = larger(shift, mpz_scan1(mpq_denref(q->a[i * q->d + j]), 0));
        q->shift[i] = shift;
        shift_to_integer(q->bound[i], q->target[i], shift);
        for (size_t j = 0; j < q->d; j++)
            shift_to_integer(q->integer[i * q->d + j], q->a[i * q->d + j], shift);
    }
}

/* common: z times its least common denominator x. */
static void find_common_denominator(quadratic *q) {
    mpz_set_ui(q->x, 1);
    for (size_t j = 0; j < q->d; j++)
        if (!mpz_divisible_p(q->x, mpq_denref(q->z[j])))
            mpz_lcm(q->x, q->x, mpq_denref(q->z[j]));
    for (size_t j = 0; j < q->d; j++) {
        mpz_divexact(q->y, q->x, mpq_denref(q->z[j]));
        mpz_mul(q->common[j], q->y, mpq_numref(q->z[j]));
    }
}

/* value: a_i.z - t_i, times 2^shift[i] x. */
static void scaled_violation(quadratic *q, size_t i, mpz_t value) {
    integer_dot(value, q->integer + i * q->d, q->common, q->d);
    mpz_submul(value, q->bound[i], q->x);
}

static void find_violation(quadratic *q, size_t i, mpq_t value) {
    find_common_denominator(q);
    scaled_violation(q, i, mpq_numref(value));
    mpz_mul_2exp(mpq_denref(value), q->x, q->shift[i]);
    mpq_canonicalize(value);
}

/* The row with the largest violation a_i.z - t_i > 0, or rows. */
static size_t most_violated(quadratic *q) {
    size_t worst = q->rows, shift = 0;
    mpz_t largest, value;
    mpz_inits(largest, value, NULL); /* violation: largest / x 2^-shift */
    find_common_denominator(q);
    for (size_t i = 0; i < q->rows; i++) {
        scaled_violation(q, i, value);
        if (mpz_sgn(value) <= 0)
            continue;
        size_t both = larger(shift, q->shift[i]);
        mpz_mul_2exp(value, value, both - q->shift[i]);
        mpz_mul_2exp(largest, largest, both - shift);
        shift = both;
        if (mpz_cmp(value, largest) > 0) {
            mpz_swap(largest, value);
            worst = i;
        }
    }
    mpz_clears(largest, value, NULL);
    return worst;
}

/* Gauss-Jordan without fractions (Bareiss, Math. Comp. 22, 1968) on the k x (k + 1) system in gram:
 * the last column becomes the solution times the determinant, x. The matrix is positive definite,
 * so a non-zero pivot exists in every column. */
static void solve_gram(quadratic *q, size_t k) {
    size_t width = k + 1;
    mpz_set_ui(q->x, 1);
    for (size_t column = 0; column < k; column++) {
        mpz_t *pivot_row = q->gram + column * width;
        for (size_t i = 0; i < k; i++) {
            mpz_t *row = q->gram + i * width;
            if (i == column)
                continue;
            for (size_t j = column + 1; j < width; j++) {
                mpz_mul(q->y, row[j], pivot_row[column]);
                mpz_submul(q->y, row[column], pivot_row[j]);
                mpz_divexact(row[j], q->y, q->x);
            }
        }
        mpz_set(q->x, pivot_row[column]);
    }
}

/* r: coefficients of row p in the active rows (least squares); step: what they do not explain. */
static void project(quadratic *q, size_t p) {
    size_t k = q->active_count, width = k + 1, d = q->d;
    mpz_t *row = q->integer + p * d;
    for (size_t i = 0; i < k; i++) {
        mpz_t *ai = q->integer + q->active[i] * d;
        for (size_t j = i; j < k; j++) {
            integer_dot(q->gram[i * width + j], ai, q->integer + q->active[j] * d, d);
            mpz_set(q->gram[j * width + i], q->gram[i * width + j]);
        }
        integer_dot(q->gram[i * width + k], ai, row, d);
    }
    solve_gram(q, k);
    for (size_t j = 0; j < d; j++) {
        mpz_mul(q->common[j], row[j], q->x);
        for (size_t i = 0; i < k; i++)
            mpz_submul(q->common[j], q->gram[i * width + k], q->integer[q->active[i] * d + j]);
        mpq_set_num(q->step[j], q->common[j]);
        mpz_mul_2exp(mpq_denref(q->step[j]), q->x, q->shift[p]);
        mpq_canonicalize(q->step[j]);
    }
    for (size_t i = 0; i < k; i++) {
        mpz_mul_2exp(mpq_numref(q->r[i]), q->gram[i * width + k], q->shift[q->active[i]]);
        mpz_mul_2exp(mpq_denref(q->r[i]), q->x, q->shift[p]);
        mpq_canonicalize(q->r[i]);
    }
}

/* step.step = step.row, from what project left in common and x. */
static void squared_step(quadratic *q, size_t p, mpq_t slope) {
    integer_dot(mpq_numref(slope), q->common, q->integer + p * q->d, q->d);
    mpz_mul_2exp(mpq_denref(slope), q->x, 2 * q->shift[p]);
    mpq_canonicalize(slope);
}

/* The active row whose multiplier reaches zero first as that of p grows; u receives the length. */
static size_t blocking(quadratic *q) {
    size_t block = q->active_count;
    for (size_t i = 0; i < q->active_count; i++) {
        if (mpq_sgn(q->r[i]) <= 0)
            continue;
        mpq_div(q->s, q->lambda[q->active[i]], q->r[i]);
        if (block == q->active_count || mpq_cmp(q->s, q->u) < 0) {
            mpq_set(q->u, q->s);
            block = i;
        }
    }
    return block;
}

static void move_multipliers(quadratic *q, size_t p, mpq_t length) {
    for (size_t i = 0; i < q->active_count; i++) {
        mpq_mul(q->t, length, q->r[i]);
        mpq_sub(q->lambda[q->active[i]], q->lambda[q->active[i]], q->t);
    }
    mpq_add(q->lambda[p], q->lambda[p], length);
}

static void drop(quadratic *q, size_t position) {
    mpq_set_ui(q->lambda[q->active[position]], 0, 1);
    q->active[position] = q->active[--q->active_count];
}

/* Adds the violated row p to the active set; false when that is impossible: no solution. */
static bool add_row(quadratic *q, size_t p) {
    mpq_t full, slope;
    mpq_inits(full, slope, NULL);
    bool possible = true, added = false;
    while (possible && !added) {
        project(q, p);
        squared_step(q, p, slope);
        bool free_step = mpq_sgn(slope) > 0;
        if (free_step) {
            find_violation(q, p, full);
            mpq_div(full, full, slope);
        }
        size_t block = blocking(q); /* sets u */
        bool blocked = block < q->active_count;
        added = free_step && (!blocked || mpq_cmp(full, q->u) <= 0);
        possible = free_step || blocked;
        if (!possible)
            break;
        if (added)
            mpq_set(q->u, full);
        for (size_t j = 0; free_step && j < q->d; j++) {
            mpq_mul(q->t, q->u, q->step[j]);
            mpq_sub(q->z[j], q->z[j], q->t);
        }
        move_multipliers(q, p, q->u);
        if (added)
            q->active[q->active_count++] = p;
        else
            drop(q, block);
    }
    mpq_clears(full, slope, NULL);
    return possible;
}

static bool quadratic_solve(quadratic *q) {
    load_integers(q);
    for (size_t p = most_violated(q); p < q->rows; p = most_violated(q))
        if (!add_row(q, p)) {
            q->refused = p;
            return false;
        }
    return true;
}

/* After a refusal, the row is a combination of the active rows with coefficients r <= 0. */
static void explain_refusal(quadratic *q) {
    for (size_t i = 0; i < q->active_count; i++)
        mpq_neg(q->lambda[q->active[i]], q->r[i]);
    mpq_set_ui(q->lambda[q->refused], 1, 1);
}

/* Without fractions: all times the least common denominator. */
static void export_multipliers(quadratic *q, size_t count, mpz_t *multipliers) {
    mpz_set_ui(q->x, 1);
    for (size_t i = 0; i < count; i++)
        mpz_lcm(q->x, q->x, mpq_denref(q->lambda[i]));
    for (size_t i = 0; i < count; i++) {
        mpz_divexact(q->y, q->x, mpq_denref(q->lambda[i]));
        mpz_mul(multipliers[i], q->y, mpq_numref(q->lambda[i]));
    }
}

/* The cone over the chosen rows: a.u <= -1. With beta, u has a last coordinate tau > 0. */
static hs_status load_cone(const hs_system *system, const size_t *which, size_t count, quadratic *q,
                           hs_error *error) {
    bool ball = system->beta != NULL;
    size_t d = system->d + (ball ? 1 : 0);
    hs_status status = quadratic_create(d, count + (ball ? 1 : 0), q, error);
    if (status != HS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < system->d; j++) {
            mpq_set_d(q->a[i * d + j], hs_system_entry(system, system->a, which[i], j));
            if (system->low != NULL) {
                mpq_set_d(q->s, hs_system_entry(system, system->low, which[i], j));
                mpq_add(q->a[i * d + j], q->a[i * d + j], q->s);
            }
        }
        if (ball)
            mpq_set_d(q->a[i * d + d - 1], system->beta[which[i]]);
    }
    if (ball)
        mpq_set_si(q->a[count * d + d - 1], -1, 1);
    for (size_t i = 0; i < q->rows; i++)
        mpq_set_si(q->target[i], -1, 1);
    return HS_OK;
}

static hs_status load_closed_cell(const hs_system *system, const size_t *which, size_t count,
                                  quadratic *q, hs_error *error) {
    hs_status status = quadratic_create(system->d, count, q, error);
    if (status != HS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < system->d; j++)
            mpq_set_d(q->a[i * system->d + j], hs_system_entry(system, system->a, which[i], j));
        mpq_set_d(q->target[i], -system->beta[which[i]]);
    }
    return HS_OK;
}

static bool inside_ball(mpq_t *z, size_t d, double radius, mpq_t s, mpq_t t) {
    dot(s, z, z, d, t);
    mpq_set_d(t, radius);
    mpq_mul(t, t, t);
    return mpq_cmp(s, t) < 0;
}

/* trial = z + towards 2^-halvings; is that inside the ball? */
static bool step_inside(const hs_system *system, quadratic *nearest, mpq_t *towards,
                        size_t halvings) {
    mpq_t *z = nearest->z, *trial = nearest->step;
    for (size_t j = 0; j < system->d; j++) {
        mpq_div_2exp(trial[j], towards[j], halvings);
        mpq_add(trial[j], trial[j], z[j]);
    }
    return inside_ball(trial, system->d, system->radius, nearest->s, nearest->t);
}

/* Moves from the nearest point of the closed cell towards the interior point by the longest step, a
 * power of two, that stays inside the open ball; every such point is interior to the cell. Of
 * numbers far apart it may be thousands of halvings. */
static void move_inwards(const hs_system *system, quadratic *cone, quadratic *nearest) {
    size_t d = system->d;
    mpq_t *towards = cone->z, *z = nearest->z;
    for (size_t j = 0; j < d; j++) {
        mpq_div(towards[j], towards[j], towards[d]); /* last coordinate: tau > 0 */
        mpq_sub(towards[j], towards[j], z[j]);
    }
    size_t few = 0, enough = 0; /* too long with `few`, unless both are 0, not with `enough` */
    while (!step_inside(system, nearest, towards, enough)) {
        few = enough;
        enough = 2 * enough + 1;
    }
    while (enough - few > 1) {
        size_t middle = few + (enough - few) / 2;
        bool inside = step_inside(system, nearest, towards, middle);
        few = inside ? few : middle;
        enough = inside ? middle : enough;
    }
    step_inside(system, nearest, towards, enough);
    for (size_t j = 0; j < d; j++)
        mpq_set(z[j], nearest->step[j]);
}

/* The direction of z in small integers, at most `size`. */
static void round_direction(mpq_t *z, size_t d, double size, double *point) {
    double largest = 0.0;
    for (size_t j = 0; j < d; j++) {
        point[j] = mpq_get_d(z[j]);
        largest = fmax(largest, fabs(point[j]));
    }
    for (size_t j = 0; j < d; j++)
        point[j] = isfinite(largest) && largest > 0.0 ? nearbyint(point[j] / largest * size) : 0.0;
}

/* Rounds z; where that leaves the cell, other doubles next to it are tried: a cell hardly thicker
 * than the distance between them has some inside. In a cone, small integers at last: many a thinner
 * cell lies about a simple direction. */
static void round_point(const hs_system *system, const size_t *which, size_t count, mpq_t *z,
                        double *point, bool *strict) {
    uint64_t random = 1;
    *strict = false;
    for (size_t tries = 0; tries < NEIGHBOURS && !*strict; tries++) {
        bool finite = true;
        for (size_t j = 0; j < system->d; j++) {
            random = random * 6364136223846793005U + 1442695040888963407U; /* Knuth's MMIX */
            point[j] = mpq_get_d(z[j]);
            if (tries > 0 && random >> 63)
                point[j] = nextafter(point[j], random >> 62 & 1 ? INFINITY : -INFINITY);
            finite = finite && isfinite(point[j]);
        }
        *strict = finite && hs_system_contains(system, which, count, point);
    }
    for (size_t size = 1; size <= NEIGHBOURS && !*strict && system->beta == NULL; size++) {
        round_direction(z, system->d, (double)size, point);
        *strict = hs_system_contains(system, which, count, point);
    }
}

hs_status hs_system_decide_exact(const hs_system *system, const size_t *which, size_t count,
                                 hs_feasibility *answer, double *point, bool *point_strict,
                                 hs_error *error) {
    quadratic cone, nearest;
    hs_status status = load_cone(system, which, count, &cone, error);
    if (status != HS_OK)
        return status;
    *answer = quadratic_solve(&cone) ? HS_NONEMPTY : HS_EMPTY;
    mpq_t *z = cone.z;
    bool ball = system->beta != NULL && *answer == HS_NONEMPTY;
    if (ball) {
        status = load_closed_cell(system, which, count, &nearest, error);
        if (status != HS_OK)
            goto done;
        if (!quadratic_solve(&nearest) ||
            !inside_ball(nearest.z, system->d, system->radius, nearest.s, nearest.t))
            *answer = HS_EMPTY;
        else
            move_inwards(system, &cone, &nearest);
        z = nearest.z;
    }
    if (*answer == HS_NONEMPTY && point != NULL)
        round_point(system, which, count, z, point, point_strict);
    if (ball)
        quadratic_clear(&nearest);
done:
    quadratic_clear(&cone);
    return status;
}

hs_status hs_system_refute_exact(const hs_system *system, const size_t *which, size_t count,
                                 mpz_t *multipliers, bool *empty, hs_error *error) {
    quadratic cone, nearest;
    hs_status status = load_cone(system, which, count, &cone, error);
    if (status != HS_OK)
        return status;
    *empty = !quadratic_solve(&cone);
    if (*empty) {
        explain_refusal(&cone);
        export_multipliers(&cone, count, multipliers);
    } else if (system->beta != NULL) {
        status = load_closed_cell(system, which, count, &nearest, error);
        if (status == HS_OK) { /* z = -sum lambda a, and |z|^2 = sum lambda beta */
            *empty = quadratic_solve(&nearest) &&
                     !inside_ball(nearest.z, system->d, system->radius, nearest.s, nearest.t);
            export_multipliers(&nearest, count, multipliers);
            quadratic_clear(&nearest);
        }
    }
    quadratic_clear(&cone);
    return status;
}

hs_status hs_closed_halfspace_exact(const hs_system *system, const size_t *which, size_t count,
                                    bool *exists, hs_error *error) {
    quadratic q;
    size_t d = system->d;
    hs_status status = quadratic_create(d, count + 1, &q, error);
    if (status != HS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < d; j++) {
            mpq_set_d(q.a[i * d + j], hs_system_entry(system, system->a, which[i], j));
            mpq_add(q.a[count * d + j], q.a[count * d + j], q.a[i * d + j]);
        }
    }
    mpq_set_si(q.target[count], -1, 1);
    *exists = quadratic_solve(&q);
    quadratic_clear(&q);
    return HS_OK;
}
