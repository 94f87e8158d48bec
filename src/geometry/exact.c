/* The dual active-set method of Goldfarb and Idnani (Math. Programming 27, 1983) for
 *     minimise |z|^2 / 2   subject to   a_i.z <= t_i
 * in rational arithmetic: finite, and free of tolerances. */
#include "geometry/system.h"

#include "support/allocate.h"
#include "support/error.h"

#include <gmp.h>
#include <math.h>
#include <stdlib.h>

typedef struct quadratic {
    size_t d, rows;
    mpq_t *a;       /* rows x d */
    mpq_t *target;  /* rows */
    mpq_t *z;       /* d */
    mpq_t *lambda;  /* rows: multipliers, zero outside the active set */
    size_t *active; /* the active set, at most d of it */
    size_t active_count;
    mpq_t *gram;   /* d x (d + 1): scratch of the linear solve */
    mpq_t *r;      /* d */
    mpq_t *step;   /* d: part of a row orthogonal to the active rows */
    mpq_t s, t, u; /* scratch */
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

static void quadratic_clear(quadratic *q) {
    clear_rationals(q->a, q->rows * q->d);
    clear_rationals(q->target, q->rows);
    clear_rationals(q->z, q->d);
    clear_rationals(q->lambda, q->rows);
    clear_rationals(q->gram, q->d * (q->d + 1));
    clear_rationals(q->r, q->d);
    clear_rationals(q->step, q->d);
    free(q->active);
    mpq_clears(q->s, q->t, q->u, NULL);
}

static hs_status quadratic_create(size_t d, size_t rows, quadratic *q, hs_error *error) {
    *q = (quadratic){.d = d, .rows = rows};
    mpq_inits(q->s, q->t, q->u, NULL);
    q->a = rationals(rows * d);
    q->target = rationals(rows);
    q->z = rationals(d);
    q->lambda = rationals(rows);
    q->active = hs_allocate(d, sizeof *q->active);
    q->gram = rationals(d * (d + 1));
    q->r = rationals(d);
    q->step = rationals(d);
    if (q->a != NULL && q->target != NULL && q->z != NULL && q->lambda != NULL &&
        q->active != NULL && q->gram != NULL && q->r != NULL && q->step != NULL)
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

/* The row with the largest violation a_i.z - t_i > 0, or rows. */
static size_t most_violated(quadratic *q) {
    size_t worst = q->rows;
    mpq_t largest;
    mpq_init(largest);
    for (size_t i = 0; i < q->rows; i++) {
        dot(q->s, q->a + i * q->d, q->z, q->d, q->t);
        mpq_sub(q->s, q->s, q->target[i]);
        if (mpq_cmp(q->s, largest) > 0) {
            mpq_set(largest, q->s);
            worst = i;
        }
    }
    mpq_clear(largest);
    return worst;
}

/* Gauss-Jordan on the k x (k + 1) system in gram; the solution ends in r. The matrix is positive
 * definite, so a non-zero pivot exists in every column. */
static void solve_gram(quadratic *q, size_t k) {
    size_t width = k + 1;
    for (size_t column = 0; column < k; column++) {
        mpq_t *pivot_row = q->gram + column * width;
        mpq_inv(q->s, pivot_row[column]);
        for (size_t j = column; j < width; j++)
            mpq_mul(pivot_row[j], pivot_row[j], q->s);
        for (size_t i = 0; i < k; i++) {
            mpq_t *row = q->gram + i * width;
            if (i == column || mpq_sgn(row[column]) == 0)
                continue;
            mpq_set(q->s, row[column]);
            for (size_t j = column; j < width; j++) {
                mpq_mul(q->t, q->s, pivot_row[j]);
                mpq_sub(row[j], row[j], q->t);
            }
        }
    }
    for (size_t i = 0; i < k; i++)
        mpq_set(q->r[i], q->gram[i * width + k]);
}

/* r: coefficients of row p in the active rows (least squares); step: what they do not explain. */
static void project(quadratic *q, size_t p) {
    size_t k = q->active_count, width = k + 1, d = q->d;
    mpq_t *row = q->a + p * d;
    for (size_t i = 0; i < k; i++) {
        mpq_t *ai = q->a + q->active[i] * d;
        for (size_t j = i; j < k; j++) {
            dot(q->gram[i * width + j], ai, q->a + q->active[j] * d, d, q->t);
            mpq_set(q->gram[j * width + i], q->gram[i * width + j]);
        }
        dot(q->gram[i * width + k], ai, row, d, q->t);
    }
    solve_gram(q, k);
    for (size_t j = 0; j < d; j++) {
        mpq_set(q->step[j], row[j]);
        for (size_t i = 0; i < k; i++) {
            mpq_mul(q->t, q->r[i], q->a[q->active[i] * d + j]);
            mpq_sub(q->step[j], q->step[j], q->t);
        }
    }
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
        dot(slope, q->step, q->step, q->d, q->t);
        bool free_step = mpq_sgn(slope) > 0;
        if (free_step) {
            dot(full, q->a + p * q->d, q->z, q->d, q->t);
            mpq_sub(full, full, q->target[p]);
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
    for (size_t p = most_violated(q); p < q->rows; p = most_violated(q))
        if (!add_row(q, p))
            return false;
    return true;
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
            mpq_set_d(q->a[i * d + j], system->a[which[i] * system->d + j]);
            if (system->low != NULL) {
                mpq_set_d(q->s, system->low[which[i] * system->d + j]);
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
            mpq_set_d(q->a[i * system->d + j], system->a[which[i] * system->d + j]);
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

/* Moves from the nearest point of the closed cell towards the interior point until the step is
 * short enough to stay inside the open ball; every such point is interior to the cell. */
static void move_inwards(const hs_system *system, quadratic *cone, quadratic *nearest) {
    size_t d = system->d;
    mpq_t *towards = cone->z, *z = nearest->z;
    for (size_t j = 0; j < d; j++) {
        mpq_div(towards[j], towards[j], towards[d]); /* last coordinate: tau > 0 */
        mpq_sub(towards[j], towards[j], z[j]);
    }
    mpq_t *trial = nearest->step;
    for (size_t halvings = 0;; halvings++) {
        for (size_t j = 0; j < d; j++) {
            mpq_div_2exp(trial[j], towards[j], halvings);
            mpq_add(trial[j], trial[j], z[j]);
        }
        if (inside_ball(trial, d, system->radius, nearest->s, nearest->t))
            break;
    }
    for (size_t j = 0; j < d; j++)
        mpq_set(z[j], trial[j]);
}

static void round_point(const hs_system *system, const size_t *which, size_t count, mpq_t *z,
                        double *point, bool *strict) {
    bool finite = true;
    for (size_t j = 0; j < system->d; j++) {
        point[j] = mpq_get_d(z[j]);
        finite = finite && isfinite(point[j]);
    }
    *strict = finite && hs_system_contains(system, which, count, point);
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

hs_status hs_closed_halfspace_exact(const hs_system *system, const size_t *which, size_t count,
                                    bool *exists, hs_error *error) {
    quadratic q;
    size_t d = system->d;
    hs_status status = quadratic_create(d, count + 1, &q, error);
    if (status != HS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < d; j++) {
            mpq_set_d(q.a[i * d + j], system->a[which[i] * d + j]);
            mpq_add(q.a[count * d + j], q.a[count * d + j], q.a[i * d + j]);
        }
    }
    mpq_set_si(q.target[count], -1, 1);
    *exists = quadratic_solve(&q);
    quadratic_clear(&q);
    return HS_OK;
}
