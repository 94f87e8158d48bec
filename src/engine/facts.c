/* Answers that need no search. Every "not injective" is a claimed point for hs_witness_build; every
 * "injective" is a set of directions proven to be active everywhere, of exact full rank. */
#include "engine/engine.h"
#include "engine/proof.h"
#include "engine/search_schedule.h"

#include "geometry/rank.h"
#include "support/allocate.h"
#include "support/error.h"

#include <float.h>
#include <gmp.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAIR_ROWS = 20000,   /* more rows: looking for antiparallel pairs takes too long */
    RECORD_COLUMNS = 300 /* more: checking that they span takes longer than a second */
};

/* A finite point of the interval, in its interior wherever doubles allow it. */
static double interval_centre(double lower, double upper) {
    if (isfinite(lower) && isfinite(upper))
        return 0.5 * lower + 0.5 * upper;
    if (isfinite(lower))
        return fmin(lower + fmax(1.0, 0.5 * fabs(lower)), DBL_MAX);
    if (isfinite(upper))
        return fmax(upper - fmax(1.0, 0.5 * fabs(upper)), -DBL_MAX);
    return 0.0;
}

static void domain_centre(const hs_problem *problem, double *z) {
    const hs_domain *domain = &problem->domain;
    for (size_t j = 0; j < problem->n; j++) {
        z[j] = 0.0;
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            z[j] = 0.5 * domain->radius / sqrt((double)problem->n);
        if (domain->kind == HS_DOMAIN_BOX)
            z[j] = interval_centre(domain->lower[j], domain->upper[j]);
    }
}

/* The rows with w_i.z + b_i >= 0, or all for NULL, without rows of zeros; returns how many. */
static size_t collect_active(const hs_problem *problem, const double *z, size_t *rows) {
    const hs_layer *layer = problem->layer;
    const hs_system system = {
        .d = layer->n, .rows = layer->m, .a = layer->weight, .beta = layer->bias};
    size_t count = 0;
    for (size_t i = 0; i < layer->m; i++)
        if (!problem->zero_row[i] && (z == NULL || hs_system_sign(&system, i, z) >= 0))
            rows[count++] = i;
    return count;
}

enum { LARGE = 64 }; /* dimensions from which ranks take their time */

/* Random combinations of residues: each row in three of 2 n of them. Their rank is at most that of
 * the rows, and the same but for bad luck. */
static hs_status add_combinations(const hs_problem *problem, hs_run *run, const size_t *rows,
                                  size_t count, hs_modular_basis *basis, uint64_t *row,
                                  hs_error *error) {
    size_t n = problem->n;
    hs_search_random random = {1};
    uint64_t *sums = hs_allocate_matrix(2 * n, n, sizeof *sums);
    if (sums == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a rank");
    for (size_t k = 0; k < count; k++) {
        hs_residues(problem->layer->weight + rows[k] * n, n, row);
        for (int copy = 0; copy < 3; copy++) {
            size_t place = (size_t)(hs_search_random_next(&random) % (2 * n));
            uint64_t factor = hs_search_random_next(&random) % basis->prime;
            hs_subtract_multiple_modulo(sums + place * n, row, factor, n, basis->prime);
        }
    }
    for (size_t k = 0; k < 2 * n && basis->rank < n && !hs_run_should_stop(run, 0, NULL); k++)
        hs_modular_basis_add(basis, sums + k * n);
    free(sums);
    return HS_OK;
}

static void add_rows(const hs_problem *problem, hs_run *run, const size_t *rows, size_t count,
                     hs_modular_basis *basis, uint64_t *row) {
    for (size_t k = 0; k < count && basis->rank < problem->n; k++) {
        if (hs_run_should_stop(run, 0, NULL))
            return;
        hs_residues(problem->layer->weight + rows[k] * problem->n, problem->n, row);
        hs_modular_basis_add(basis, row);
    }
}

/* The rank of the chosen rows: in floating point or modulo a prime, so that full means full. n when
 * the run is stopped on the way. */
static hs_status find_rank(const hs_problem *problem, hs_run *run, const size_t *rows, size_t count,
                           size_t *rank, hs_error *error) {
    size_t n = problem->n;
    hs_modular_basis basis;
    *rank = n;
    if (n >= LARGE && count >= n &&
        hs_rows_independent_in_floating_point(problem->layer->weight, n, rows))
        return HS_OK;
    uint64_t *row = hs_allocate(n, sizeof *row);
    hs_status status = hs_modular_basis_create(n, &basis, error);
    if (status == HS_OK && row == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a rank");
    if (status == HS_OK && n >= LARGE && count > 2 * n)
        status = add_combinations(problem, run, rows, count, &basis, row, error);
    else if (status == HS_OK)
        add_rows(problem, run, rows, count, &basis, row);
    if (!atomic_load(&run->stopped))
        *rank = basis.rank;
    hs_modular_basis_clear(&basis);
    free(row);
    return status;
}

/* The rank of the rows that are active at z, and of all. */
static hs_status active_rank(const hs_problem *problem, hs_run *run, const double *z, size_t *rank,
                             size_t *whole, hs_error *error) {
    size_t *rows = hs_allocate(problem->m, sizeof *rows);
    if (rows == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a rank");
    size_t active = collect_active(problem, z, rows);
    hs_status status = find_rank(problem, run, rows, active, rank, error);
    *whole = *rank;
    size_t count = *rank < problem->n ? collect_active(problem, NULL, rows) : active;
    if (status == HS_OK && count > active)
        status = find_rank(problem, run, rows, count, whole, error);
    free(rows);
    return status;
}

/* ---- directions that are active everywhere ------------------------------------------------ */

/* total += |w| restricted to its negative part (or all of it), squared */
static void add_square(mpq_t total, double value) {
    mpq_t x;
    mpq_init(x);
    mpq_set_d(x, value);
    mpq_mul(x, x, x);
    mpq_add(total, total, x);
    mpq_clear(x);
}

static bool active_on_ball(const hs_problem *problem, const double *w, double b) {
    if (b < 0.0)
        return false;
    mpq_t left, right;
    mpq_inits(left, right, NULL);
    for (size_t j = 0; j < problem->n; j++)
        if (problem->domain.kind == HS_DOMAIN_BALL || w[j] < 0.0)
            add_square(left, w[j]);
    mpq_set_d(right, problem->domain.radius);
    mpq_mul(right, right, right);
    mpq_mul(left, left, right);
    mpq_set_d(right, b);
    mpq_mul(right, right, right);
    bool active = mpq_cmp(left, right) <= 0; /* radius^2 |w|^2 <= b^2 */
    mpq_clears(left, right, NULL);
    return active;
}

static bool active_on_box(const hs_problem *problem, const double *w, double b) {
    mpq_t sum, x, y;
    bool bounded = true;
    mpq_inits(sum, x, y, NULL);
    mpq_set_d(sum, b);
    for (size_t j = 0; j < problem->n && bounded; j++) {
        double bound = w[j] > 0.0 ? problem->domain.lower[j] : problem->domain.upper[j];
        if (w[j] == 0.0)
            continue;
        bounded = isfinite(bound);
        if (!bounded)
            break;
        mpq_set_d(x, w[j]);
        mpq_set_d(y, bound);
        mpq_mul(x, x, y);
        mpq_add(sum, sum, x);
    }
    bool active = bounded && mpq_sgn(sum) >= 0;
    mpq_clears(sum, x, y, NULL);
    return active;
}

static bool active_everywhere(const hs_problem *problem, size_t i) {
    const double *w = problem->layer->weight + i * problem->n;
    double b = problem->layer->bias[i];
    switch (problem->domain.kind) {
    case HS_DOMAIN_BALL:
    case HS_DOMAIN_NONNEG_BALL:
        return active_on_ball(problem, w, b);
    case HS_DOMAIN_BOX:
        return active_on_box(problem, w, b);
    case HS_DOMAIN_SPACE:
        return false;
    }
    return false;
}

static size_t first_entry(const double *w, size_t n) {
    size_t p = 0;
    while (p < n && w[p] == 0.0)
        p++;
    return p;
}

/* w = -c u with c > 0 and b_u + b_w / c >= 0, exactly: one of the two rows is active everywhere. */
static bool covers_line(const double *u, const double *w, size_t n, double bu, double bw) {
    size_t p = first_entry(u, n);
    if (w[p] == 0.0 || (u[p] > 0.0) == (w[p] > 0.0))
        return false;
    double c = -w[p] / u[p];
    for (size_t j = 0; j < n; j++)
        if (fabs(w[j] + c * u[j]) > 1e-12 * fabs(w[j]))
            return false;
    mpq_t ratio, x, y;
    mpq_inits(ratio, x, y, NULL);
    mpq_set_d(x, w[p]);
    mpq_set_d(y, u[p]);
    mpq_div(ratio, x, y);
    mpq_neg(ratio, ratio);
    bool parallel = true;
    for (size_t j = 0; j < n && parallel; j++) {
        mpq_set_d(x, u[j]);
        mpq_mul(x, x, ratio);
        mpq_set_d(y, -w[j]);
        parallel = mpq_equal(x, y) != 0;
    }
    mpq_set_d(x, bu);
    mpq_mul(x, x, ratio);
    mpq_set_d(y, bw);
    mpq_add(x, x, y);
    bool covers = parallel && mpq_sgn(x) >= 0;
    mpq_clears(ratio, x, y, NULL);
    return covers;
}

/* other: the row that is antiparallel to row i, or i itself. */
static bool direction_is_covered(const hs_problem *problem, size_t i, size_t *other) {
    const hs_layer *layer = problem->layer;
    size_t n = layer->n;
    *other = i;
    if (active_everywhere(problem, i))
        return true;
    for (size_t k = i + 1; k < layer->m && layer->m <= PAIR_ROWS; k++)
        if (!problem->zero_row[k] && covers_line(layer->weight + i * n, layer->weight + k * n, n,
                                                 layer->bias[i], layer->bias[k])) {
            *other = k;
            return true;
        }
    return false;
}

/* The rank of the directions that are active everywhere; 0 when the run is stopped on the way.
 * rows: room for m; receives the rows, and after them, from place m on, the row that each one is
 * antiparallel to, or the row itself. */
static hs_status covered_rank(const hs_problem *problem, hs_run *run, size_t *rows, size_t *count,
                              size_t *rank, hs_error *error) {
    hs_status status = HS_OK;
    *count = *rank = 0;
    for (size_t i = 0; i < problem->m && !hs_run_should_stop(run, 0, NULL); i++)
        if (!problem->zero_row[i] && direction_is_covered(problem, i, &rows[problem->m + *count]))
            rows[(*count)++] = i;
    if (*count >= problem->n)
        status = find_rank(problem, run, rows, *count, rank, error);
    if (atomic_load(&run->stopped))
        *rank = 0;
    return status;
}

/* Keeps n independent ones of the rows that covered_rank found; false where there are none. */
static bool choose_basis(const hs_problem *problem, size_t *rows, size_t count) {
    size_t n = problem->n, m = problem->m;
    hs_modular_basis basis;
    uint64_t *row = hs_allocate(n, sizeof *row);
    bool good = hs_modular_basis_create(n, &basis, NULL) == HS_OK && row != NULL;
    for (size_t k = 0; good && k < count && basis.rank < n; k++) {
        hs_residues(problem->layer->weight + rows[k] * n, n, row);
        if (!hs_modular_basis_add(&basis, row))
            continue;
        rows[basis.rank - 1] = rows[k];
        rows[m + basis.rank - 1] = rows[m + k];
    }
    good = good && basis.rank == n;
    hs_modular_basis_clear(&basis);
    free(row);
    return good;
}

/* One branch: rows that are active everywhere are, and of each pair one is. */
static hs_status record(const hs_problem *problem, hs_run *run, size_t *rows, size_t count,
                        hs_proof **proof, hs_error *error) {
    size_t n = problem->n, m = problem->m, groups = 0;
    if ((n > RECORD_COLUMNS && run->settings->certificate == NULL) ||
        (count > n && !choose_basis(problem, rows, count)))
        return HS_OK;
    size_t *slot = hs_allocate(n, sizeof *slot), *which = hs_allocate(n, sizeof *which);
    size_t *row_of = hs_allocate(m, sizeof *row_of);
    uint64_t *none = hs_allocate((m + problem->faces) / 64 + 1, sizeof *none);
    hs_status status = HS_OK;
    if (slot == NULL || which == NULL || row_of == NULL || none == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a proof");
    for (size_t i = 0; status == HS_OK && i < m; i++)
        row_of[i] = i;
    if (status == HS_OK)
        status = hs_proof_create(problem, row_of, m, NULL, m, n, run, proof, error);
    if (status == HS_OK) {
        hs_proof_part *part = hs_proof_part_begin(*proof);
        hs_proof_segment(part, hs_proof_numbers(*proof, 1), none, none);
        for (size_t k = 0; k < n; k++) {
            hs_proof_core_fact(part, k, problem, rows[k], rows[m + k]);
            slot[k] = k;
            if (rows[k] == rows[m + k])
                hs_proof_unit(part, k);
            else
                which[groups++] = k;
        }
        hs_proof_span(part, which, groups, slot, NULL);
        hs_proof_part_end(part);
    }
    free(slot);
    free(which);
    free(row_of);
    free(none);
    return status;
}

/* ---- zero bias, few rows ------------------------------------------------------------------- */

/* A direction p with w_j.p = 1 for n - 1 rows and one u orthogonal to them, from a QR of the rows:
 * u is the last column of Q, p the minimum-norm solution. */
static bool boundary_frame(const double *rows, size_t n, double *u, double *p) {
    lapack_int size = (lapack_int)n, k = (lapack_int)n - 1;
    double *q = hs_copy(rows, n * (n - 1), sizeof *q), *tau = hs_allocate(n, sizeof *tau);
    bool good = q != NULL && tau != NULL;
    for (size_t j = 0; good && j < n; j++) {
        u[j] = j + 1 == n ? 1.0 : 0.0;
        p[j] = j + 1 == n ? 0.0 : 1.0;
    }
    if (good && k > 0) {
        good = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, size, k, q, size, tau) == 0 &&
               LAPACKE_dormqr(LAPACK_COL_MAJOR, 'L', 'N', size, 1, k, q, size, tau, u, size) == 0 &&
               LAPACKE_dtrtrs(LAPACK_COL_MAJOR, 'U', 'T', 'N', k, 1, q, size, p, size) == 0 &&
               LAPACKE_dormqr(LAPACK_COL_MAJOR, 'L', 'N', size, 1, k, q, size, tau, p, size) == 0;
    }
    free(q);
    free(tau);
    return good;
}

/* n - 1 rows from `first` on are put on the boundary and pushed inactive; of the two sides the one
 * with fewer active rows is claimed. In general position at most (m - n + 1) / 2 stay active. */
static hs_status claim_from_boundary(const hs_problem *problem, size_t first, hs_outcome *outcome,
                                     hs_error *error) {
    size_t m = problem->m, n = problem->n, above = 0, below = 0;
    double *rows = hs_allocate_matrix(n, n, sizeof *rows);
    double *u = hs_allocate(2 * n, sizeof *u), *p = u != NULL ? u + n : NULL, step = INFINITY;
    hs_status status = HS_OK;
    if (rows == NULL || u == NULL) {
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a boundary point");
        goto done;
    }
    for (size_t k = 0; k + 1 < n; k++)
        memcpy(rows + k * n, problem->a + (first + k) % m * n, n * sizeof *rows);
    if (!boundary_frame(rows, n, u, p))
        goto done;
    for (size_t i = 0; i < m; i++) {
        if ((i + m - first) % m < n - 1)
            continue;
        double at_u = 0.0, at_p = 0.0;
        for (size_t j = 0; j < n; j++) {
            at_u += problem->a[i * n + j] * u[j];
            at_p += problem->a[i * n + j] * p[j];
        }
        above += at_u > 0.0;
        below += at_u < 0.0;
        if (fabs(at_u) > 1e-12 && at_p != 0.0)
            step = fmin(step, 0.5 * fabs(at_u / at_p));
    }
    double side = above <= below ? 1.0 : -1.0;
    if ((above < below ? above : below) >= n)
        goto done;
    for (size_t j = 0; j < n; j++)
        u[j] = side * u[j] - (isfinite(step) ? step : 1.0) * p[j];
    status = hs_outcome_claim(outcome, problem, u, error);
    if (status == HS_OK)
        hs_outcome_set(
            outcome, HS_NOT_INJECTIVE,
            "%zu rows without bias in %zu dimensions: with n - 1 of them on the boundary "
            "the better side leaves fewer than n active",
            m, n);
done:
    free(rows);
    free(u);
    return status;
}

static hs_status claim_from_boundaries(const hs_problem *problem, hs_outcome *outcome,
                                       hs_error *error) {
    size_t m = problem->m, n = problem->n;
    bool plain_cone = problem->system.beta == NULL && problem->system.d == n && problem->faces == 0;
    hs_status status = HS_OK;
    if (!plain_cone || m + 2 > 3 * n)
        return HS_OK;
    for (size_t first = 0; status == HS_OK && outcome->verdict == HS_UNDECIDED && first < m;
         first += n / 2 + 1)
        status = claim_from_boundary(problem, first, outcome, error);
    return status;
}

/* ---- any point will do, or the centre does ------------------------------------------------- */

static hs_status claim_at_centre(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                                 hs_error *error) {
    size_t m = problem->m, n = problem->n, rank = 0, whole = 0;
    double *centre = hs_allocate(n, sizeof *centre);
    if (centre == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a point");
    domain_centre(problem, centre);
    hs_status status = HS_OK;
    if (m >= n)
        status = active_rank(problem, run, centre, &rank, &whole, error);
    if (status != HS_OK || rank == n) {
        free(centre);
        return status;
    }
    outcome->z = centre;
    if (m < n)
        hs_outcome_set(outcome, HS_NOT_INJECTIVE, "m = %zu rows cannot span n = %zu dimensions", m,
                       n);
    else if (whole < n)
        hs_outcome_set(outcome, HS_NOT_INJECTIVE, "the weight has rank %zu, below n = %zu", whole,
                       n);
    else
        hs_outcome_set(outcome, HS_NOT_INJECTIVE,
                       "the active rows at the centre of the domain have rank %zu, below n = %zu",
                       rank, n);
    return HS_OK;
}

hs_status hs_engine_facts(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                          hs_error *error) {
    size_t rank = 0;
    outcome->engine = HS_ENGINE_AUTO;
    outcome->arithmetic = HS_ARITHMETIC_EXACT;
    hs_status status = claim_at_centre(problem, run, outcome, error);
    if (status != HS_OK || outcome->verdict == HS_NOT_INJECTIVE)
        return status;
    size_t count, *rows = hs_allocate_matrix(problem->m, 2, sizeof *rows);
    if (rows == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the pairs of rows");
    status = covered_rank(problem, run, rows, &count, &rank, error);
    if (status == HS_OK && rank < problem->n) {
        status = claim_from_boundaries(problem, outcome, error);
    } else if (status == HS_OK) {
        hs_outcome_set(outcome, HS_INJECTIVE,
                       "antiparallel pairs and rows that are active on the whole domain span the "
                       "space");
        if (run->record)
            status = record(problem, run, rows, count, &outcome->proof, error);
    }
    free(rows);
    return status;
}
