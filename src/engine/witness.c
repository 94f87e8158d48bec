#include "engine/witness.h"
#include "engine/search_schedule.h"

#include "geometry/centre.h"
#include "geometry/rank.h"
#include "support/allocate.h"
#include "support/error.h"

#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIMPLE_SIZE = 40,     /* up to here null vectors of few rows are exact too: short numbers */
    CENTRE_SIZE = 100000, /* weights beyond this many are too slow for the centring LP */
    BLOCKED_SIZE = 300    /* columns beyond this many are too slow for column pivoting */
};

/* The longest step in a cell as thin as rounding, relative to z. */
static const double thin_step = 0x1p-20;

/* What is known about the layer at one point. */
typedef struct site {
    const hs_problem *problem;
    double *z;        /* n */
    size_t *active;   /* all active rows, ascending */
    size_t *spanning; /* those whose weight is not zero */
    size_t *inactive; /* the others whose weight is not zero */
    size_t active_count, spanning_count, inactive_count;
    size_t rank;
    double *v; /* n: orthogonal to the spanning rows */
    bool exact;
} site;

static hs_status site_create(const hs_problem *problem, const double *z, site *at,
                             hs_error *error) {
    *at = (site){.problem = problem};
    at->z = hs_copy(z, problem->n, sizeof *at->z);
    at->active = hs_allocate(problem->m, sizeof *at->active);
    at->spanning = hs_allocate(problem->m, sizeof *at->spanning);
    at->inactive = hs_allocate(problem->m, sizeof *at->inactive);
    at->v = hs_allocate(problem->n, sizeof *at->v);
    if (at->z != NULL && at->active != NULL && at->spanning != NULL && at->inactive != NULL &&
        at->v != NULL)
        return HS_OK;
    return hs_fail(error, HS_NO_MEMORY, "no memory for a witness");
}

static void site_clear(site *at) {
    free(at->z);
    free(at->active);
    free(at->spanning);
    free(at->inactive);
    free(at->v);
}

static void classify(site *at) {
    const hs_layer *layer = at->problem->layer;
    const hs_system rows = {
        .d = layer->n, .rows = layer->m, .a = layer->weight, .beta = layer->bias};
    at->active_count = at->spanning_count = at->inactive_count = 0;
    for (size_t i = 0; i < layer->m; i++) {
        bool active = hs_system_sign(&rows, i, at->z) >= 0;
        if (active)
            at->active[at->active_count++] = i;
        if (active && !at->problem->zero_row[i])
            at->spanning[at->spanning_count++] = i;
        if (!active && !at->problem->zero_row[i])
            at->inactive[at->inactive_count++] = i;
    }
}

/* The active rows as the columns of q, or, where they are many, 2 n sums of them: random signs,
 * each row in three sums. What is orthogonal to these is so to all rows but for bad luck, which the
 * outputs show. */
static void load_columns(const site *at, size_t columns, double *q) {
    size_t n = at->problem->n, k = at->spanning_count;
    hs_search_random random = {1};
    memset(q, 0, n * columns * sizeof *q);
    for (size_t i = 0; i < k; i++) {
        const double *row = at->problem->layer->weight + at->spanning[i] * n;
        for (int copy = 0; copy < (columns < k ? 3 : 1); copy++) {
            uint64_t bits = columns < k ? hs_search_random_next(&random) : 0;
            double *sum = q + (columns < k ? (bits >> 1) % columns : i) * n;
            for (size_t j = 0; j < n; j++)
                sum[j] += bits & 1 ? -row[j] : row[j];
        }
    }
}

/* Householder QR of the n x k matrix of the active rows: the last column of Q is orthogonal to them
 * when their numerical rank is below n, for which k < n is enough; otherwise columns are pivoted.
 */
static hs_status null_by_qr(site *at, hs_error *error) {
    size_t n = at->problem->n, k = at->spanning_count < 2 * n ? at->spanning_count : 2 * n;
    double *q = hs_allocate_matrix(n, k > 0 ? k : 1, sizeof *q);
    double *tau = hs_allocate(n + k, sizeof *tau);
    lapack_int *order = hs_allocate(k, sizeof *order);
    hs_status status = HS_OK;
    if (q == NULL || tau == NULL || order == NULL) {
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the null space of %zu rows", k);
        goto done;
    }
    load_columns(at, k, q);
    lapack_int rows = (lapack_int)n, columns = (lapack_int)k;
    lapack_int reflectors = rows < columns ? rows : columns;
    for (size_t j = 0; j < n; j++)
        at->v[j] = j + 1 == n ? 1.0 : 0.0;
    at->rank = 0;
    bool pivoting = k >= n || n <= BLOCKED_SIZE;
    if (k > 0 && ((pivoting ? LAPACKE_dgeqp3(LAPACK_COL_MAJOR, rows, columns, q, rows, order, tau)
                            : LAPACKE_dgeqrf(LAPACK_COL_MAJOR, rows, columns, q, rows, tau)) != 0 ||
                  LAPACKE_dormqr(LAPACK_COL_MAJOR, 'L', 'N', rows, 1, reflectors, q, rows, tau,
                                 at->v, rows) != 0)) {
        status = hs_fail(error, HS_INTERNAL, "LAPACK failed on the null space of %zu rows", k);
        goto done;
    }
    for (size_t j = 0; j < n; j++) /* v has norm 1: rounding in place of zeros */
        if (fabs(at->v[j]) < (double)n * 16.0 * DBL_EPSILON)
            at->v[j] = 0.0;
    double largest = 0.0;
    for (size_t i = 0; i < (size_t)reflectors; i++)
        largest = fmax(largest, fabs(q[i * n + i]));
    for (size_t i = 0; i < (size_t)reflectors; i++)
        at->rank += fabs(q[i * n + i]) > largest * (double)n * 16.0 * DBL_EPSILON;
done:
    free(q);
    free(tau);
    free(order);
    return status;
}

/* Finds rank and v. deficient is false when the active rows span. */
static hs_status find_null_vector(site *at, bool *deficient, hs_error *error) {
    size_t n = at->problem->n;
    const double *weight = at->problem->layer->weight;
    hs_status status;
    at->exact = true;
    bool few = at->spanning_count < n; /* a count below n needs no arithmetic */
    if (n <= (few ? SIMPLE_SIZE : HS_WITNESS_EXACT_SIZE)) {
        bool unrounded;
        status = hs_rank_exact(weight, n, at->spanning, at->spanning_count, &at->rank, at->v,
                               &unrounded, error);
    } else {
        status = null_by_qr(at, error);
        at->exact = few;
        if (at->rank > at->spanning_count)
            at->rank = at->spanning_count;
    }
    *deficient = status == HS_OK && at->rank < n;
    return status;
}

static double largest_entry(const double *x, size_t n) {
    double largest = 0.0;
    for (size_t j = 0; j < n; j++)
        largest = fmax(largest, fabs(x[j]));
    return largest;
}

/* |z|^2 + 2 t |z.v| + t^2 |v|^2 <= radius^2, with z and v in units that keep the squares in range.
 */
static double ball_reach(double radius, size_t n, const double *z, const double *v) {
    double zz = 0.0, zv = 0.0, vv = 0.0, unit = largest_entry(v, n);
    for (size_t j = 0; j < n; j++) {
        double position = z[j] / radius, direction = v[j] / unit;
        zz += position * position;
        zv += position * direction;
        vv += direction * direction;
    }
    double room = 1.0 - zz;
    return room > 0.0 ? room / (fabs(zv) + sqrt(zv * zv + vv * room)) * (radius / unit) : 0.0;
}

/* The largest t for which z + t v and z - t v stay in the closed domain. */
static double domain_reach(const hs_domain *domain, size_t n, const double *z, const double *v) {
    double reach = INFINITY;
    for (size_t j = 0; j < n; j++) {
        double size = fabs(v[j]);
        if (!(size > 0.0))
            continue;
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            reach = fmin(reach, z[j] / size);
        if (domain->kind == HS_DOMAIN_BOX)
            reach = fmin(reach, fmin(z[j] - domain->lower[j], domain->upper[j] - z[j]) / size);
    }
    if (domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL)
        reach = fmin(reach, ball_reach(domain->radius, n, z, v));
    return reach;
}

static double product(const double *x, const double *y, size_t n) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        sum += x[j] * y[j];
    return sum;
}

/* The largest t for which no inactive row wakes up on the way either, in floating point. */
static double cell_reach(const site *at, const double *z) {
    size_t n = at->problem->n;
    const hs_layer *layer = at->problem->layer;
    double reach = domain_reach(&at->problem->domain, n, z, at->v);
    for (size_t k = 0; k < at->inactive_count; k++) {
        size_t i = at->inactive[k];
        double slope = fabs(product(layer->weight + i * n, at->v, n));
        double room = -(product(layer->weight + i * n, z, n) + layer->bias[i]);
        if (slope > 0.0)
            reach = fmin(reach, fmax(room, 0.0) / slope);
    }
    return reach;
}

/* Rounds z to the fewest bits that keep half of its room: short numbers for people, and exact
 * outputs for layers of small integers. */
static void shorten(site *at, double *trial) {
    size_t n = at->problem->n;
    double best = cell_reach(at, at->z), largest = largest_entry(at->z, n);
    if (!(largest > 0.0) || !isfinite(best))
        return;
    int exponent;
    frexp(largest, &exponent);
    for (int bits = 3; bits < 50; bits++) {
        for (size_t j = 0; j < n; j++)
            trial[j] = ldexp(rint(ldexp(at->z[j], bits - exponent)), exponent - bits);
        if (hs_domain_contains(&at->problem->domain, n, trial, false) &&
            cell_reach(at, trial) >= 0.5 * best) {
            memcpy(at->z, trial, n * sizeof *trial);
            return;
        }
    }
}

static void move_to_centre(site *at) {
    const hs_layer *layer = at->problem->layer;
    if (layer->m * layer->n > CENTRE_SIZE || at->inactive_count == 0)
        return; /* where nothing is inactive a step by rounding could put something to sleep */
    double reach = 4.0 * largest_entry(at->z, layer->n);
    if (layer->zero_bias || !(reach > 0.0))
        reach = fmax(reach, 1.0);
    hs_cell_centre(layer->n, layer->weight, layer->bias, at->inactive, at->inactive_count,
                   &at->problem->domain, reach, at->z);
}

/* Recomputes both outputs; true when they agree, relative to the size of their terms. */
static bool outputs_agree(const hs_layer *layer, double accuracy, const hs_witness *witness,
                          double *residual) {
    *residual = 0.0;
    bool agree = true;
    for (size_t i = 0; i < layer->m; i++) {
        double left = layer->bias[i], right = left, size = fabs(left);
        for (size_t j = 0; j < layer->n; j++) {
            double w = layer->weight[i * layer->n + j];
            left += w * witness->x[j];
            right += w * witness->y[j];
            size += fabs(w) * (fabs(witness->x[j]) + fabs(witness->y[j]));
        }
        double difference = fabs(fmax(left, 0.0) - fmax(right, 0.0));
        *residual = fmax(*residual, difference);
        agree = agree && isfinite(left) && isfinite(right) &&
                difference <= accuracy * fmin(size, DBL_MAX);
    }
    return agree;
}

/* |x - y|, free of overflow and underflow. */
static double distance(const double *x, const double *y, size_t n) {
    double largest = 0.0, sum = 0.0;
    for (size_t j = 0; j < n; j++)
        largest = fmax(largest, fabs(x[j] - y[j]));
    for (size_t j = 0; j < n && largest > 0.0; j++)
        sum += (x[j] - y[j]) / largest * ((x[j] - y[j]) / largest);
    return largest * sqrt(sum);
}

/* Fills x and y with the longest step, a power of two up to `longest`, that shows the same output.
 */
static bool step_apart(const site *at, double longest, double accuracy, hs_witness *witness) {
    const hs_problem *problem = at->problem;
    size_t n = problem->n;
    int exponent;
    frexp(longest, &exponent);
    double t = ldexp(0.5, exponent); /* few bits: x and y are exact more often */
    for (int tries = 0; tries < 40 && t > 0.0; tries++, t *= 0.5) {
        for (size_t j = 0; j < n; j++) {
            witness->x[j] = at->z[j] + t * at->v[j];
            witness->y[j] = at->z[j] - t * at->v[j];
        }
        witness->separation = distance(witness->x, witness->y, n);
        if (witness->separation > 0.0 &&
            hs_domain_contains(&problem->domain, n, witness->x, true) &&
            hs_domain_contains(&problem->domain, n, witness->y, true) &&
            outputs_agree(problem->layer, accuracy, witness, &witness->residual) &&
            witness->separation > 1e3 * DBL_EPSILON * largest_entry(at->z, n))
            return true;
    }
    return false;
}

/* Chooses the step and fills x and y; false when double precision cannot show the difference. In a
 * cell as thin as the rounding of its rooms the reach says nothing: steps short enough to stay on
 * its curved side are tried then, and may wake no row by more than the rounding of x and y. */
static bool separate(const site *at, hs_witness *witness) {
    size_t n = at->problem->n;
    double reach = cell_reach(at, at->z), size = largest_entry(at->v, n);
    double scale = largest_entry(at->z, n), rounding = 4.0 * (double)(n + 4) * DBL_EPSILON;
    double room = isfinite(reach) ? 0.9 * reach : fmax(scale, 1.0) / size;
    double thin = thin_step * scale / size;
    return (reach > 0.0 && step_apart(at, room, rounding, witness)) ||
           (thin > 0.0 && step_apart(at, thin, 2.0 * DBL_EPSILON, witness));
}

static hs_status fill(const site *at, hs_witness **result, const char **reason, hs_error *error) {
    size_t n = at->problem->n;
    hs_witness *witness = hs_allocate(1, sizeof *witness);
    if (witness != NULL) {
        witness->z = hs_copy(at->z, n, sizeof *witness->z);
        witness->x = hs_allocate(n, sizeof *witness->x);
        witness->y = hs_allocate(n, sizeof *witness->y);
        witness->active = hs_copy(at->active, at->active_count, sizeof *witness->active);
        witness->active_count = at->active_count;
        witness->rank = at->rank;
    }
    if (witness == NULL || witness->z == NULL || witness->x == NULL || witness->y == NULL ||
        witness->active == NULL) {
        hs_witness_free(witness);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a witness");
    }
    if (separate(at, witness)) {
        *result = witness;
    } else {
        *reason = "the cell of the witness is too small for two inputs in double precision";
        hs_witness_free(witness);
    }
    return HS_OK;
}

hs_status hs_witness_build(const hs_problem *problem, const double *z, hs_witness **witness,
                           hs_arithmetic *arithmetic, const char **reason, hs_error *error) {
    site at;
    double *trial = hs_allocate(problem->n, sizeof *trial);
    hs_status status = site_create(problem, z, &at, error);
    bool deficient = false;
    *witness = NULL;
    *reason = "the claimed point lies outside the open domain";
    if (status == HS_OK && trial == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a witness");
    if (status != HS_OK || !hs_domain_contains(&problem->domain, problem->n, z, false))
        goto done;
    classify(&at);
    status = find_null_vector(&at, &deficient, error);
    *reason = "the active rows at the claimed point span the space";
    if (status != HS_OK || !deficient)
        goto done;
    if (problem->m * problem->n > CENTRE_SIZE) {
        status = fill(&at, witness, reason, error);
        goto judged;
    }
    move_to_centre(&at);
    shorten(&at, trial);
    if (!hs_domain_contains(&problem->domain, problem->n, at.z, false))
        memcpy(at.z, z, problem->n * sizeof *z);
    classify(&at); /* the centre keeps every inactive row inactive, and may have gained some */
    status = find_null_vector(&at, &deficient, error);
    if (status == HS_OK && !deficient) {
        memcpy(at.z, z, problem->n * sizeof *z); /* rounding left the cell: keep the claim */
        classify(&at);
        status = find_null_vector(&at, &deficient, error);
    }
    if (status == HS_OK)
        status = fill(&at, witness, reason, error);
judged:
    *arithmetic = at.exact ? HS_ARITHMETIC_EXACT : HS_ARITHMETIC_FLOATING;
done:
    site_clear(&at);
    free(trial);
    return status;
}

void hs_witness_free(hs_witness *witness) {
    if (witness == NULL)
        return;
    free(witness->z);
    free(witness->x);
    free(witness->y);
    free(witness->active);
    free(witness);
}
