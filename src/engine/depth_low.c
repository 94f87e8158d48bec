/* The halfspace depth in at most three dimensions, by sweeps: Rousseeuw, Ruts, Algorithm AS 307,
 * Applied Statistics 45, 1996 (the plane); Rousseeuw, Struyf, Computing location depth and
 * regression depth in higher dimensions, Statistics and Computing 8, 1998 (space).
 *
 * Moving u off the planes on which it lies only loses rows, so the smallest count is that of an
 * open cell. In the plane these are the arcs between neighbouring critical directions. In space
 * every cell has a facet in the plane orthogonal to some row, an open arc of the sweep of that
 * plane; at its two sides are the cells that keep the row, or the rows against it, inactive.
 *
 * Rows count by lines: those that are multiples of each other change sides together. Every order is
 * exact. Floating point decides what lies beyond its error bound, whole numbers the rest. */
#include "engine/depth.h"

#include "geometry/residue.h"
#include "support/allocate.h"
#include "support/error.h"

#include <float.h>
#include <gmp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST = 3,         /* dimensions */
    POLL_WORK = 8192, /* comparisons or so between two looks at the clock */
    TRIES = 32,       /* cells of one count of which a direction is sought, in the plane */
    SPACE_TRIES = 4,  /* the same for each plane of space */
    LEVELS = 32,      /* counts above the smallest that are tried for a direction */
    EXACT_TRIES = 16, /* cells that are asked for a direction in exact arithmetic */
    EXACT_ROWS = 300, /* of a system that is asked */
    WHOLE_BITS = 16   /* 3 x 3 determinants of such whole numbers are exact in doubles */
};

/* The rows on a line through 0: multiples of `row`, by their sense. */
typedef struct line {
    size_t row;
    size_t with, against;
    bool negative; /* the first entry of the row that is not zero is negative */
} line;

/* A line in the plane that is swept, for sorting. */
typedef struct ray {
    uint32_t key; /* from 0 for -1 up to 2^32 for 3 */
    uint32_t line;
} ray;

typedef struct sweep {
    const hs_system *system;
    hs_run *run;
    hs_low_depth *result;
    uint64_t planes; /* swept so far */
    size_t lower;    /* a proven lower bound: nothing is better */
    int work;        /* since the last look at the clock */

    size_t columns[MOST], dimension; /* on these columns the rows have full rank */
    size_t *rows, *room;             /* row_count: those that are not zero, sorted by line */
    size_t row_count;
    line *lines;
    size_t line_count;
    mpz_t x, y, z; /* scratch */

    /* space only, by line */
    size_t whole_count;
    mpz_t *whole;  /* 3 each: the rows as whole numbers */
    double *small; /* 3 each: the same, where they are small; else NaN */
    double *unit;  /* 6 each: high and low parts, scaled to entries of at most 1 */

    /* the plane that is swept */
    size_t normal;   /* the line orthogonal to it, or line_count */
    size_t constant; /* the fewest rows of the normal that have to count */
    ray *rays, *ray_room;
    double margin;       /* keys that differ by more are in their order */
    double gap;          /* the same for keys of rays that are neighbours when sorted */
    double *x_of, *y_of; /* by line: its projection */
    double *key_of;      /* by line: an angle, nearly; see pseudo_angle */
    size_t *order;       /* the lines as the sweep meets them */
    size_t count;        /* of them */
    signed char *sense;  /* by line: 1 when its row is active before the sweep begins, or -1 */
    bool *tied;          /* by place in the order: met together with the one before */
    signed char *side;   /* by line: scratch */
    double u[MOST];      /* the direction that is tried */
    int exact_tries;
} sweep;

/* ---- exact signs ---------------------------------------------------------------------------- */

static const double *high_of(const sweep *s, size_t row) {
    return s->system->a + row * s->system->d;
}

static const double *low_of(const sweep *s, size_t row) {
    return s->system->low != NULL ? s->system->low + row * s->system->d : NULL;
}

/* x += value 2^-scale, a whole number. */
static void add_scaled(mpz_t x, double value, int scale, mpz_t scratch) {
    uint64_t odd;
    int exponent;
    if (!hs_split_double(value, &odd, &exponent))
        return;
    mpz_set_d(scratch, (double)odd); /* below 2^53 */
    mpz_mul_2exp(scratch, scratch, (mp_bitcnt_t)(exponent - scale));
    if (value < 0.0)
        mpz_sub(x, x, scratch);
    else
        mpz_add(x, x, scratch);
}

static int smallest_exponent(double value, int smallest) {
    uint64_t odd;
    int exponent;
    return hs_split_double(value, &odd, &exponent) && exponent < smallest ? exponent : smallest;
}

/* The entries of a row in the given columns, times a power of two, as whole numbers. */
static void load_whole(const sweep *s, size_t row, const size_t *columns, size_t count, mpz_t *x,
                       mpz_t scratch) {
    const double *high = high_of(s, row), *low = low_of(s, row);
    int scale = INT16_MAX;
    for (size_t j = 0; j < count; j++) {
        scale = smallest_exponent(high[columns[j]], scale);
        scale = low != NULL ? smallest_exponent(low[columns[j]], scale) : scale;
    }
    for (size_t j = 0; j < count; j++) {
        mpz_set_ui(x[j], 0);
        add_scaled(x[j], high[columns[j]], scale, scratch);
        if (low != NULL)
            add_scaled(x[j], low[columns[j]], scale, scratch);
    }
}

static int exact_minor(const sweep *s, size_t a, size_t b, size_t p, size_t q) {
    const size_t columns[2] = {p, q};
    mpz_t x[2], y[2], scratch;
    mpz_inits(x[0], x[1], y[0], y[1], scratch, NULL);
    load_whole(s, a, columns, 2, x, scratch);
    load_whole(s, b, columns, 2, y, scratch);
    mpz_mul(x[0], x[0], y[1]);
    mpz_mul(x[1], x[1], y[0]);
    int sign = mpz_cmp(x[0], x[1]);
    mpz_clears(x[0], x[1], y[0], y[1], scratch, NULL);
    return (sign > 0) - (sign < 0);
}

/* The sign of a_p b_q - a_q b_p for two rows. Rounding is monotone, overflow and underflow
 * included, so products of doubles that differ after rounding are in their order; where they agree,
 * what rounding took away is a double unless it underflows. With low parts each product is within
 * (2 u + u^2) of its size, u = epsilon / 2, and rounding takes it u further: less than 4 epsilon of
 * both sizes, which leaves room for the rounding of the bound; DBL_MIN covers underflow. */
static int minor_sign(const sweep *s, size_t a, size_t b, size_t p, size_t q) {
    const double *x = high_of(s, a), *y = high_of(s, b);
    double left = x[p] * y[q], right = x[q] * y[p];
    bool rounded = s->system->low != NULL;
    double bound = rounded ? 4.0 * DBL_EPSILON * (fabs(left) + fabs(right)) + 4.0 * DBL_MIN : 0.0;
    if (isfinite(bound) && fabs(left - right) > bound)
        return left > right ? 1 : -1;
    bool zero = (x[p] == 0.0 || y[q] == 0.0) && (x[q] == 0.0 || y[p] == 0.0);
    if (zero) /* low parts of zeros are zero */
        return 0;
    if (!rounded && isfinite(left) && left == right && fabs(left) > 0x1p-900) {
        double more = fma(x[p], y[q], -left), less = fma(x[q], y[p], -right);
        return (more > less) - (more < less);
    }
    return exact_minor(s, a, b, p, q);
}

/* The sign of the determinant of the rows of three lines, in space. */
static int determinant_sign(sweep *s, size_t a, size_t b, size_t c) {
    const double *f = s->small + 3 * a, *g = s->small + 3 * b, *h = s->small + 3 * c;
    double value = f[0] * (g[1] * h[2] - g[2] * h[1]) + f[1] * (g[2] * h[0] - g[0] * h[2]) +
                   f[2] * (g[0] * h[1] - g[1] * h[0]);
    if (!isnan(value)) /* below 6 2^48, exact */
        return (value > 0.0) - (value < 0.0);
    mpz_t *i = s->whole + 3 * a, *j = s->whole + 3 * b, *k = s->whole + 3 * c;
    mpz_set_ui(s->z, 0);
    for (size_t p = 0; p < 3; p++) {
        size_t q = (p + 1) % 3, r = (p + 2) % 3;
        mpz_mul(s->x, j[q], k[r]);
        mpz_submul(s->x, j[r], k[q]);
        mpz_addmul(s->z, i[p], s->x);
    }
    return mpz_sgn(s->z);
}

/* ---- sorting that can be stopped ------------------------------------------------------------ */

/* Looks at the clock when there has been enough work; true when the run has to stop. */
static bool should_stop(sweep *s, size_t work) {
    s->work += (int)(work < POLL_WORK ? work : POLL_WORK);
    if (s->work < POLL_WORK)
        return atomic_load_explicit(&s->run->stopped, memory_order_relaxed);
    s->work = 0;
    hs_progress progress = {.fraction = s->dimension == MOST && s->line_count > 0
                                            ? (double)s->planes / (double)s->line_count
                                            : -1.0,
                            .phase = "sweep",
                            .active_lower = s->lower,
                            .active_upper = s->result->count};
    return hs_run_should_stop(s->run, s->planes, &progress);
}

/* Which of two comes first (negative: a), or 0. */
typedef int compare(sweep *s, size_t a, size_t b);

/* A merge sort: unlike qsort it hands the comparison its context and can be stopped (false). */
static bool sort(sweep *s, size_t *values, size_t *room, size_t count, compare *order) {
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = begin + width < count ? begin + width : count;
            size_t end = begin + 2 * width < count ? begin + 2 * width : count;
            size_t i = begin, j = middle;
            for (size_t k = begin; k < end; k++) {
                bool left = i < middle && (j == end || order(s, values[i], values[j]) <= 0);
                room[k] = left ? values[i++] : values[j++];
            }
            if (should_stop(s, end - begin))
                return false;
        }
        memcpy(values, room, count * sizeof *values);
    }
    return true;
}

/* Rays by their keys, digit by digit (most of the time in space would go into comparisons). */
static void sort_rays(sweep *s) {
    enum { DIGITS = 4, VALUES = 256 };
    size_t start[DIGITS][VALUES] = {0};
    for (size_t k = 0; k < s->count; k++)
        for (size_t digit = 0; digit < DIGITS; digit++)
            start[digit][s->rays[k].key >> (8 * digit) & (VALUES - 1)]++;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        size_t total = 0;
        for (size_t value = 0; value < VALUES; value++) {
            size_t here = start[digit][value];
            start[digit][value] = total;
            total += here;
        }
        for (size_t k = 0; k < s->count; k++)
            s->ray_room[start[digit][s->rays[k].key >> (8 * digit) & (VALUES - 1)]++] = s->rays[k];
        ray *swap = s->rays;
        s->rays = s->ray_room;
        s->ray_room = swap;
    }
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* The place among the columns of the first entry that is not zero. */
static size_t leading_place(const sweep *s, size_t row) {
    const double *a = high_of(s, row);
    size_t j = 0;
    while (j + 1 < s->dimension && a[s->columns[j]] == 0.0)
        j++;
    return j;
}

static bool is_negative(const sweep *s, size_t row) {
    return high_of(s, row)[s->columns[leading_place(s, row)]] < 0.0;
}

/* By the line of the row: the first entry that is not zero made 1, the others in their order. In
 * the plane that is the order of the angles from -90 (excluded) to 90 degrees. */
static int compare_rows(sweep *s, size_t a, size_t b) {
    size_t lead = leading_place(s, a), other = leading_place(s, b);
    if (lead != other)
        return lead < other ? -1 : 1;
    int sense = is_negative(s, a) == is_negative(s, b) ? 1 : -1;
    for (size_t j = lead + 1; j < s->dimension; j++) {
        int sign = minor_sign(s, a, b, s->columns[lead], s->columns[j]);
        if (sign != 0)
            return -sign * sense;
    }
    return 0;
}

/* Sorts the rows into lines; false when stopped. */
static bool find_lines(sweep *s) {
    s->line_count = 0;
    if (s->dimension > 1 && !sort(s, s->rows, s->room, s->row_count, compare_rows))
        return false;
    for (size_t i = 0; i < s->row_count; i++) {
        size_t row = s->rows[i];
        bool first = i == 0 || compare_rows(s, s->rows[i - 1], row) != 0;
        if (first)
            s->lines[s->line_count++] = (line){.row = row, .negative = is_negative(s, row)};
        line *last = &s->lines[s->line_count - 1];
        if (is_negative(s, row) == last->negative)
            last->with++;
        else
            last->against++;
    }
    return true;
}

/* ---- the sweep of a plane ------------------------------------------------------------------- */

/* The rows of a line that are active before the sweep meets it, and after. */
static size_t active_before(const sweep *s, size_t k) {
    return s->sense[k] > 0 ? s->lines[k].with : s->lines[k].against;
}

static size_t active_after(const sweep *s, size_t k) {
    return s->sense[k] > 0 ? s->lines[k].against : s->lines[k].with;
}

/* Counts the rows of the direction u exactly and keeps it if it is the best. */
static void offer(sweep *s) {
    hs_low_depth *result = s->result;
    double largest = 0.0, u[MOST] = {0};
    for (size_t j = 0; j < s->dimension; j++)
        largest = fmax(largest, fabs(s->u[j]));
    if (!(largest > 0.0) || !isfinite(largest))
        return;
    for (size_t j = 0; j < s->dimension; j++)
        u[s->columns[j]] = s->u[j];
    size_t count = hs_depth_count(s->system, u) - (s->system->rows - s->row_count);
    if (count < result->count) {
        result->count = count;
        memcpy(result->u, u, s->system->d * sizeof *u);
    }
}

/* Asks exact arithmetic for a point of the cell in which every chosen line k is inactive on the
 * side of side[k] times its row. */
static hs_status offer_exact(sweep *s, const size_t *chosen, size_t count, hs_error *error) {
    size_t d = s->dimension;
    double *a = hs_allocate_matrix(2 * count, d, sizeof *a), *low = NULL;
    size_t *which = hs_allocate(count, sizeof *which);
    hs_status status = HS_OK;
    hs_feasibility answer = HS_EMPTY;
    bool strict = false;
    if (a == NULL || which == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a cell");
    for (size_t k = 0; status == HS_OK && k < count; k++) {
        size_t row = s->lines[chosen[k]].row;
        which[k] = k;
        low = s->system->low != NULL ? a + count * d : NULL;
        for (size_t j = 0; j < d; j++) {
            a[k * d + j] = -s->side[chosen[k]] * high_of(s, row)[s->columns[j]];
            if (low != NULL)
                low[k * d + j] = -s->side[chosen[k]] * low_of(s, row)[s->columns[j]];
        }
    }
    const hs_system cell = {.d = d, .rows = count, .a = a, .low = low, .radius = INFINITY};
    if (status == HS_OK)
        status = hs_system_decide_exact(&cell, which, count, &answer, s->u, &strict, error);
    if (status == HS_OK && answer == HS_NONEMPTY)
        offer(s);
    free(a);
    free(which);
    return status;
}

/* A vector of length about 1. */
static void normalise(double *v, size_t n) {
    double largest = 0.0, square = 0.0;
    for (size_t j = 0; j < n; j++)
        largest = fmax(largest, fabs(v[j]));
    for (size_t j = 0; j < n && largest > 0.0; j++) {
        v[j] /= largest;
        square += v[j] * v[j];
    }
    for (size_t j = 0; j < n && largest > 0.0; j++)
        v[j] /= sqrt(square);
}

/* a_p b_q - a_q b_p of two scaled lines: Kahan's difference of products, within 2 u (Jeannerod,
 * Louvet, Muller, Further analysis of Kahan's algorithm, 2013), plus what the low parts add to the
 * first order. Entries are at most 1 and low parts at most u: products of low parts are below
 * 2 u^2, rounding adds less than 20 u^2. Altogether within 4 u of the result plus 2^-100. */
static double minor(const double *a, const double *b, size_t p, size_t q) {
    const double *a_low = a + MOST, *b_low = b + MOST;
    double product = a[q] * b[p];
    double lost = fma(-a[q], b[p], product);
    double main = fma(a[p], b[q], -product) + lost;
    return main + ((a[p] * b_low[q] + a_low[p] * b[q]) - (a[q] * b_low[p] + a_low[q] * b[p]));
}

/* The direction in the plane that is swept at which the row of line k changes sides, before the
 * others that the sweep has yet to meet. */
static void critical_direction(const sweep *s, size_t k, double *v) {
    if (s->dimension == 2) {
        const double *a = high_of(s, s->lines[k].row);
        v[0] = a[s->columns[0]];
        v[1] = a[s->columns[1]];
        normalise(v, 2);
        double x = v[0];
        v[0] = -v[1] * s->sense[k];
        v[1] = x * s->sense[k];
        return;
    }
    const double *normal = s->unit + 6 * s->normal, *a = s->unit + 6 * k;
    for (size_t p = 0; p < 3; p++)
        v[p] = s->sense[k] * minor(normal, a, (p + 1) % 3, (p + 2) % 3);
    normalise(v, 3);
}

/* In space: moves u off the plane that is swept, to the given side of its normal, half as far as
 * the planes of other rows allow. */
static void leave_plane(sweep *s, int side) {
    const double *normal = s->unit + 6 * s->normal;
    double room = 1.0;
    for (size_t k = 0; k < s->line_count; k++) {
        if (k == s->normal)
            continue;
        const double *a = s->unit + 6 * k;
        double along = a[0] * s->u[0] + a[1] * s->u[1] + a[2] * s->u[2];
        double off = side * (a[0] * normal[0] + a[1] * normal[1] + a[2] * normal[2]);
        if ((along > 0.0) != (off > 0.0) && fabs(along) < room * fabs(off))
            room = fabs(along / off);
    }
    for (size_t j = 0; j < 3; j++)
        s->u[j] += 0.5 * room * side * normal[j];
}

/* Seeks a direction in the arc behind the given number of places of the order (opposite: in the arc
 * opposite to it), for what it is worth in floating point, then exactly. */
static hs_status try_arc(sweep *s, size_t passed, bool opposite, hs_error *error) {
    size_t before = s->order[passed > 0 ? passed - 1 : s->count - 1], after = s->order[passed];
    double v[MOST] = {0}, w[MOST] = {0};
    critical_direction(s, before, v);
    critical_direction(s, after, w);
    bool space = s->dimension == MOST;
    int normal_side = 1;
    size_t goal = s->constant;
    for (size_t k = 0; k < s->count; k++) {
        int now = (k < passed ? -1 : 1) * (opposite ? -1 : 1) * s->sense[s->order[k]];
        s->side[s->order[k]] = (signed char)now;
        goal += now > 0 ? s->lines[s->order[k]].with : s->lines[s->order[k]].against;
    }
    for (size_t j = 0; j < s->dimension; j++) {
        double sum = passed > 0 ? v[j] + w[j] : w[j] - v[j];
        s->u[j] = opposite ? -sum : sum;
    }
    if (space) {
        const line *normal = &s->lines[s->normal];
        normal_side = normal->with <= normal->against ? 1 : -1;
        s->side[s->normal] = (signed char)normal_side;
        normalise(s->u, 3);
        leave_plane(s, normal_side);
    }
    offer(s);
    if (s->result->count <= goal || s->exact_tries >= EXACT_TRIES)
        return HS_OK;
    size_t chosen[EXACT_ROWS] = {before, after}, count = space ? 0 : before == after ? 1 : 2;
    for (size_t k = 0; space && s->line_count <= EXACT_ROWS && k < s->line_count; k++)
        chosen[count++] = k;
    s->exact_tries += count > 0;
    return count > 0 ? offer_exact(s, chosen, count, error) : HS_OK;
}

/* Goes through the open arcs of the plane and returns the smallest count; tries, unless NULL, says
 * for how many arcs with the count `wanted` a direction is sought. */
static size_t sweep_arcs(sweep *s, size_t wanted, int tries, hs_status *status, hs_error *error) {
    size_t active = 0, total = 0, best = SIZE_MAX;
    for (size_t k = 0; k < s->count; k++) {
        active += active_before(s, s->order[k]);
        total += s->lines[s->order[k]].with + s->lines[s->order[k]].against;
    }
    for (size_t passed = 0; passed < s->count; passed++) {
        if (passed > 0)
            active = active + active_after(s, s->order[passed - 1]) -
                     active_before(s, s->order[passed - 1]);
        if (s->tied[passed])
            continue;
        for (int opposite = 0; opposite < 2; opposite++) {
            size_t now = s->constant + (opposite ? total - active : active);
            best = now < best ? now : best;
            if (now == wanted && tries > 0 && s->result->count > wanted && *status == HS_OK) {
                *status = try_arc(s, passed, opposite, error);
                tries--;
            }
        }
    }
    return best;
}

/* The smallest count in a sorted plane, and directions where they are better than what is known. */
static hs_status finish_plane(sweep *s, hs_error *error) {
    hs_status status = HS_OK;
    size_t best = sweep_arcs(s, SIZE_MAX, 0, &status, error);
    s->result->depth = best < s->result->depth ? best : s->result->depth;
    int levels = s->dimension == MOST ? 1 : LEVELS;
    for (size_t level = best; levels > 0 && level < s->result->count && status == HS_OK; level++) {
        sweep_arcs(s, level, s->dimension == MOST ? SPACE_TRIES : TRIES, &status, error);
        levels--;
        if (should_stop(s, POLL_WORK))
            break;
    }
    return status;
}

/* ---- at most two dimensions ----------------------------------------------------------------- */

static hs_status sweep_line(sweep *s) {
    size_t column = s->columns[0];
    const line *all = &s->lines[0];
    bool with = all->with <= all->against; /* the side that counts */
    s->u[0] = (high_of(s, all->row)[column] > 0.0) == with ? 1.0 : -1.0;
    s->result->depth = with ? all->with : all->against;
    s->result->finished = true;
    offer(s);
    return HS_OK;
}

/* find_lines has sorted the lines by angle. */
static hs_status sweep_the_plane(sweep *s, hs_error *error) {
    s->count = s->line_count;
    for (size_t k = 0; k < s->count; k++) {
        s->order[k] = k;
        s->sense[k] = s->lines[k].negative ? -1 : 1;
    }
    s->result->finished = true;
    return finish_plane(s, error);
}

/* ---- three dimensions ----------------------------------------------------------------------- */

static hs_status prepare_space(sweep *s, hs_error *error) {
    size_t count = s->line_count;
    s->whole = hs_allocate_matrix(count, 3, sizeof *s->whole);
    s->small = hs_allocate_matrix(count, 3, sizeof *s->small);
    s->unit = hs_allocate_matrix(count, 6, sizeof *s->unit);
    s->rays = hs_allocate_matrix(count, 2, sizeof *s->rays);
    s->x_of = hs_allocate_matrix(count, 3, sizeof *s->x_of);
    if (s->whole == NULL || s->small == NULL || s->unit == NULL || s->rays == NULL ||
        s->x_of == NULL) {
        free(s->whole);
        s->whole = NULL;
        return hs_fail(error, HS_NO_MEMORY, "no memory for %zu lines", count);
    }
    s->ray_room = s->rays + count;
    s->y_of = s->x_of + count;
    s->key_of = s->y_of + count;
    s->whole_count = count;
    for (size_t k = 0; k < 3 * count; k++)
        mpz_init(s->whole[k]);
    for (size_t k = 0; k < count; k++) {
        size_t row = s->lines[k].row;
        const double *high = high_of(s, row), *low = low_of(s, row);
        int exponent;
        frexp(fmax(fabs(high[0]), fmax(fabs(high[1]), fabs(high[2]))), &exponent);
        load_whole(s, row, s->columns, 3, s->whole + 3 * k, s->x);
        for (size_t j = 0; j < 3; j++) {
            s->unit[6 * k + j] = ldexp(high[j], -exponent);
            s->unit[6 * k + 3 + j] = low != NULL ? ldexp(low[j], -exponent) : 0.0;
            bool is_small = mpz_sizeinbase(s->whole[3 * k + j], 2) <= WHOLE_BITS;
            s->small[3 * k + j] = is_small ? mpz_get_d(s->whole[3 * k + j]) : NAN;
        }
    }
    return HS_OK;
}

/* Do all rows lie in a plane? */
static bool is_flat(sweep *s) {
    for (size_t k = 2; k < s->line_count; k++)
        if (determinant_sign(s, 0, 1, k) != 0)
            return false;
    return true;
}

/* The sign of the determinant of the normal and two other lines, turned so that it is that of the
 * determinant of their projections. */
static int orientation(sweep *s, size_t a, size_t b) {
    return determinant_sign(s, s->normal, a, b);
}

/* The angle of the line through (x, y), for sorting: y / x, or 2 - x / y beyond the diagonal; from
 * -1 to 3, which are the same line. */
static double pseudo_angle(double x, double y) {
    return fabs(x) >= fabs(y) ? y / x : 2.0 - x / y;
}

/* Projects the other lines along the normal, onto the plane of two coordinates. With p the largest
 * entry of the normal, the minors in the columns (p, q) and (p, r) have determinants that are those
 * of the three rows times the entry (Sylvester), so their order is that of the critical directions.
 *
 * A key is within 2^-49 + 2^-98 / B of the true one, where the computed minors are (x, y) and B, at
 * least 2^-88, is the larger of them: both are within E = 2^-51 B + 2^-100, so the quotient is
 * within 2.03 E / B (also where the true one is beyond the diagonal, because the two formulas
 * differ by the square of the distance only), and rounding adds less than 2^-51. Two keys, one of
 * which may have been turned by 4, are in their order when they differ by more than twice that and
 * the rounding of these operations: the margin, which is infinite where B is too small. */
static void project(sweep *s) {
    const double *normal = s->unit + 6 * s->normal;
    size_t p = 0;
    for (size_t j = 1; j < 3; j++)
        p = fabs(normal[j]) > fabs(normal[p]) ? j : p;
    size_t q = (p + 1) % 3, r = (p + 2) % 3;
    double sign = normal[p] < 0.0 ? -1.0 : 1.0, least = INFINITY;
    s->count = 0;
    for (size_t k = 0; k < s->line_count; k++) {
        if (k == s->normal)
            continue;
        const double *a = s->unit + 6 * k;
        /* the sign of the entry turns the plane over; mirroring it turns it back */
        double x = minor(normal, a, p, q), y = sign * minor(normal, a, p, r);
        s->x_of[k] = x;
        s->y_of[k] = y;
        least = fmin(least, fmax(fabs(x), fabs(y)));
        double key = pseudo_angle(x, y), scaled = (key + 1.0) * 0x1p30;
        s->key_of[k] = key;
        s->rays[s->count++] =
            (ray){.key = scaled < 0x1p32 ? (uint32_t)scaled : UINT32_MAX, .line = (uint32_t)k};
    }
    s->margin = least >= 0x1p-88 ? 0x1p-47 + 0x1p-96 / least : INFINITY;
    s->gap = s->margin + 0x1p-29; /* keys of rays are cut off after 2^-30 */
}

/* Two lines at angles whose difference the determinant tells from their senses. */
static int compare_exactly(sweep *s, size_t a, size_t b) {
    return -orientation(s, a, b) * s->sense[a] * s->sense[b];
}

/* Two lines of a run. */
static int compare_near(sweep *s, size_t a, size_t b) {
    if (fabs(s->key_of[a] - s->key_of[b]) > s->margin)
        return s->key_of[a] < s->key_of[b] ? -1 : 1;
    return compare_exactly(s, a, b);
}

/* Beginning with the first line of the order, which is sense[] = 1 by agreement, and those that are
 * met together with it (tied[] by line, for now). */
static int compare_all(sweep *s, size_t a, size_t b) {
    if (s->tied[a] || s->tied[b])
        return (int)s->tied[b] - (int)s->tied[a];
    return compare_exactly(s, a, b);
}

/* Sorts the plane without floating point; false when stopped. */
static bool sort_exactly(sweep *s) {
    size_t reference = s->rays[0].line, base = s->lines[s->normal].row;
    memset(s->tied, 0, s->line_count * sizeof *s->tied);
    for (size_t k = 0; k < s->count; k++) {
        size_t now = s->rays[k].line;
        int sign = now == reference ? 0 : orientation(s, reference, now);
        s->order[k] = now;
        s->tied[now] = sign == 0;
        s->sense[now] = sign < 0 ? -1 : 1;
        for (size_t p = 0; p < 3 && sign == 0; p++) {
            size_t q = (p + 1) % 3;
            int minor_now = minor_sign(s, base, s->lines[now].row, p, q);
            int minor_then = minor_sign(s, base, s->lines[reference].row, p, q);
            sign = minor_now * minor_then;
            s->sense[now] = sign < 0 ? -1 : 1;
        }
    }
    if (!sort(s, s->order, s->room, s->count, compare_all))
        return false;
    memset(s->tied, 0, s->line_count * sizeof *s->tied);
    for (size_t k = 1; k < s->count; k++)
        s->tied[k] = orientation(s, s->order[k - 1], s->order[k]) == 0;
    return true;
}

/* Where, in the sorted rays, the gap before a ray is wide enough to begin there; or count. */
static size_t find_gap(const sweep *s) {
    double last = s->key_of[s->rays[s->count - 1].line] - 4.0;
    for (size_t k = 0; k < s->count; k++) {
        double key = s->key_of[s->rays[k].line];
        if (key - last > s->gap)
            return k;
        last = fmax(last, key);
    }
    return s->count;
}

/* Sorts a run of lines whose keys are near, from place begin to end of the order, and marks those
 * that are met together. */
static bool sort_run(sweep *s, size_t begin, size_t end) {
    if (!sort(s, s->order + begin, s->room, end - begin, compare_near))
        return false;
    for (size_t k = begin + 1; k < end; k++)
        s->tied[k] = compare_near(s, s->order[k - 1], s->order[k]) == 0;
    return true;
}

/* Sorts the plane by keys, and exactly where they are near; *done tells whether the keys were good
 * enough. */
static bool sort_by_keys(sweep *s, bool *done) {
    *done = false;
    if (!isfinite(s->margin))
        return true;
    sort_rays(s);
    size_t first = find_gap(s), begin = 0;
    if (first == s->count)
        return true;
    double last = 0.0, run_key = 0.0;
    for (size_t k = 0; k < s->count; k++) {
        bool turned = first + k >= s->count;
        size_t now = s->rays[turned ? first + k - s->count : first + k].line;
        double x = s->x_of[now], y = s->y_of[now], key = s->key_of[now] + (turned ? 4.0 : 0.0);
        bool positive = (fabs(x) >= fabs(y) ? x : y) > 0.0;
        s->order[k] = now;
        s->key_of[now] = key;
        s->sense[now] = positive != turned ? 1 : -1;
        s->tied[k] = false;
        if (k == 0 || key - last > s->gap) {
            if (k > begin + 1 && !sort_run(s, begin, k))
                return false;
            begin = k;
            run_key = key;
        }
        if (key - run_key > 0.5) /* not near enough for the senses */
            return true;
        last = k == 0 ? key : fmax(last, key);
    }
    *done = true;
    return s->count <= begin + 1 || sort_run(s, begin, s->count);
}

static hs_status sweep_space(sweep *s, hs_error *error) {
    hs_status status = HS_OK;
    for (s->normal = 0; s->normal < s->line_count && status == HS_OK; s->normal++) {
        const line *normal = &s->lines[s->normal];
        bool done = false;
        s->constant = normal->with < normal->against ? normal->with : normal->against;
        project(s);
        if (should_stop(s, 2 * s->count) || !sort_by_keys(s, &done) || (!done && !sort_exactly(s)))
            return HS_OK;
        status = finish_plane(s, error);
        s->planes++;
        if (s->result->depth <= s->lower && s->result->count <= s->result->depth)
            break;
    }
    s->result->finished = status == HS_OK;
    return status;
}

/* ---- the question --------------------------------------------------------------------------- */

static void sweep_clear(sweep *s) {
    for (size_t k = 0; s->whole != NULL && k < 3 * s->whole_count; k++)
        mpz_clear(s->whole[k]);
    free(s->whole);
    free(s->small);
    free(s->unit);
    free(s->rays); /* sort_rays swaps an even number of times */
    free(s->x_of);
    free(s->rows);
    free(s->lines);
    free(s->order);
    free(s->sense);
    free(s->tied);
    mpz_clears(s->x, s->y, s->z, NULL);
}

static hs_status sweep_create(sweep *s, const hs_problem *problem, hs_error *error) {
    size_t k = problem->m;
    mpz_inits(s->x, s->y, s->z, NULL);
    s->dimension = problem->n;
    s->rows = hs_allocate_matrix(2, k, sizeof *s->rows);
    s->lines = hs_allocate(k, sizeof *s->lines);
    s->order = hs_allocate(k, sizeof *s->order);
    s->sense = hs_allocate_matrix(2, k, sizeof *s->sense);
    s->tied = hs_allocate(k, sizeof *s->tied);
    if (s->rows == NULL || s->lines == NULL || s->order == NULL || s->sense == NULL ||
        s->tied == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory to sweep %zu rows", k);
    s->room = s->rows + k;
    s->side = s->sense + k;
    for (size_t j = 0; j < s->dimension; j++)
        s->columns[j] = j;
    for (size_t i = 0; i < k; i++)
        if (!problem->zero_row[i])
            s->rows[s->row_count++] = i;
    return HS_OK;
}

/* Two columns in which the rows of the first two lines are independent: those of the largest minor,
 * where the cells are widest. */
static void choose_two_columns(sweep *s) {
    double largest = -1.0;
    for (size_t p = 0; p < 3; p++) {
        size_t q = (p + 1) % 3;
        double size = fabs(minor(s->unit, s->unit + 6, p, q));
        if (size <= largest || minor_sign(s, s->lines[0].row, s->lines[1].row, p, q) == 0)
            continue;
        largest = size;
        s->columns[0] = p < q ? p : q;
        s->columns[1] = p < q ? q : p;
    }
    s->dimension = 2;
}

/* Finds the lines, in as few columns as there have to be; false when stopped. */
static bool reduce(sweep *s, hs_status *status, hs_error *error) {
    if (!find_lines(s))
        return false;
    if (s->line_count == 1) {
        s->columns[0] = s->columns[leading_place(s, s->lines[0].row)];
        s->dimension = 1;
    }
    if (s->dimension < MOST)
        return true;
    *status = prepare_space(s, error);
    if (*status != HS_OK || !is_flat(s))
        return *status == HS_OK;
    choose_two_columns(s); /* as many lines in them */
    return find_lines(s);
}

hs_status hs_depth_low(const hs_problem *problem, hs_run *run, size_t lower, hs_low_depth *result,
                       hs_error *error) {
    sweep s = {.system = &problem->system, .run = run, .result = result, .lower = lower};
    *result = (hs_low_depth){.depth = SIZE_MAX, .count = SIZE_MAX};
    hs_status status = sweep_create(&s, problem, error);
    if (status == HS_OK && s.row_count > 0 && reduce(&s, &status, error)) {
        s.normal = s.line_count;
        if (s.dimension == 1)
            status = sweep_line(&s);
        else
            status = s.dimension == 2 ? sweep_the_plane(&s, error) : sweep_space(&s, error);
        result->planes = s.planes;
    }
    sweep_clear(&s);
    return status;
}
