#include "engine/search_flats.h"

#include "engine/search_plan.h"
#include "engine/search_schedule.h"
#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 4 };                  /* random bases */
static const double work_limit = 4e8; /* multiplications, all orders together */
static const double zero = 1e-9;      /* of a coefficient, beside the largest of its column */

/* The rows of a plan as the columns of an n x k matrix in reduced echelon form: column c is the sum
 * of basis columns with the coefficients a[p][c], and its support are the p where they are not 0.
 */
typedef struct echelon {
    size_t n, k, rank;
    double *a;     /* n x k */
    size_t *order; /* k: the columns as they are offered to the basis */
    bool *used;    /* n: this line has its pivot */
    bool *support; /* n: of the subspace at hand */
    bool *inside;  /* k: the columns in it */
} echelon;

static bool echelon_create(const hs_search_source *source, const hs_search_plan *plan, echelon *e) {
    size_t n = source->n, k = plan->count;
    *e = (echelon){.n = n, .k = k};
    e->a = hs_allocate_matrix(n, k, sizeof *e->a);
    e->order = hs_allocate(k, sizeof *e->order);
    e->used = hs_allocate(n, sizeof *e->used);
    e->support = hs_allocate(n, sizeof *e->support);
    e->inside = hs_allocate(k, sizeof *e->inside);
    return e->a != NULL && e->order != NULL && e->used != NULL && e->support != NULL &&
           e->inside != NULL;
}

static void echelon_clear(echelon *e) {
    free(e->a);
    free(e->order);
    free(e->used);
    free(e->support);
    free(e->inside);
}

static void load(const hs_search_source *source, const hs_search_plan *plan, echelon *e) {
    for (size_t c = 0; c < e->k; c++) {
        const double *w = source->weight + plan->rows[c] * e->n;
        double largest = 0.0;
        for (size_t j = 0; j < e->n; j++)
            largest = fmax(largest, fabs(w[j]));
        for (size_t j = 0; j < e->n; j++)
            e->a[j * e->k + c] = w[j] / largest;
    }
    for (size_t j = 0; j < e->n; j++) { /* inputs that were always 0 have tiny weights */
        double *line = e->a + j * e->k, largest = 0.0;
        for (size_t c = 0; c < e->k; c++)
            largest = fmax(largest, fabs(line[c]));
        for (size_t c = 0; c < e->k && largest > 0.0; c++)
            line[c] /= largest;
    }
    memset(e->used, 0, e->n * sizeof *e->used);
    e->rank = 0;
}

static void shuffle(echelon *e, hs_search_random *random) {
    for (size_t i = 0; i < e->k; i++) {
        size_t other = (size_t)(hs_search_random_next(random) % (i + 1));
        e->order[i] = e->order[other];
        e->order[other] = i;
    }
}

static void eliminate(echelon *e, size_t pivot, size_t column) {
    double *line = e->a + pivot * e->k, inverse = 1.0 / line[column];
    for (size_t c = 0; c < e->k; c++)
        line[c] *= inverse;
    for (size_t p = 0; p < e->n; p++) {
        double *other = e->a + p * e->k, factor = other[column];
        if (p == pivot || factor == 0.0)
            continue;
        for (size_t c = 0; c < e->k; c++)
            other[c] -= factor * line[c];
        other[column] = 0.0;
    }
    e->used[pivot] = true;
    e->rank++;
}

static double largest_coefficient(const echelon *e, size_t column) {
    double largest = 0.0;
    for (size_t p = 0; p < e->n; p++)
        largest = fmax(largest, fabs(e->a[p * e->k + column]));
    return largest;
}

/* Takes columns into the basis in the given order, each unless it depends on those before. */
static void reduce(echelon *e) {
    for (size_t i = 0; i < e->k && e->rank < e->n; i++) {
        size_t column = e->order[i], pivot = e->n;
        for (size_t p = 0; p < e->n; p++)
            if (!e->used[p] && (pivot == e->n ||
                                fabs(e->a[p * e->k + column]) > fabs(e->a[pivot * e->k + column])))
                pivot = p;
        if (fabs(e->a[pivot * e->k + column]) > zero * largest_coefficient(e, column))
            eliminate(e, pivot, column);
    }
}

/* ---- subspaces ---------------------------------------------------------------------------- */

static bool depends(const echelon *e, size_t p, size_t column, double largest) {
    return fabs(e->a[p * e->k + column]) > zero * largest;
}

/* Adds the support of a column; returns the dimension of the subspace. */
static size_t widen(echelon *e, size_t column) {
    double largest = largest_coefficient(e, column);
    size_t dimension = 0;
    for (size_t p = 0; p < e->n; p++) {
        e->support[p] = e->support[p] || depends(e, p, column, largest);
        dimension += e->support[p];
    }
    return dimension;
}

/* Marks the columns inside the subspace; returns how many. */
static size_t close_subspace(echelon *e) {
    size_t count = 0;
    for (size_t c = 0; c < e->k; c++) {
        double largest = largest_coefficient(e, c);
        bool inside = true;
        for (size_t p = 0; p < e->n && inside; p++)
            inside = e->support[p] || !depends(e, p, c, largest);
        e->inside[c] = inside;
        count += inside;
    }
    return count;
}

static bool known(const hs_search_plan *plans, size_t count, const hs_search_plan *plan) {
    for (size_t k = 0; k < count; k++)
        if (plans[k].count == plan->count && plans[k].base == plan->base &&
            memcmp(plans[k].rows, plan->rows, plan->count * sizeof *plan->rows) == 0)
            return true;
    return false;
}

/* How many rows more than its dimension the subspace of a plan holds. */
static size_t surplus(const hs_search_plan *plan, size_t all) {
    return all - plan->count - plan->base;
}

/* Keeps the best few, the best first; plan is taken over. */
static void insert(hs_search_plan *plans, size_t *count, hs_search_plan plan, size_t all) {
    if (known(plans, *count, &plan)) {
        hs_search_plan_clear(&plan);
        return;
    }
    size_t at = *count;
    while (at > 0 && surplus(&plans[at - 1], all) < surplus(&plan, all))
        at--;
    if (*count == HS_SEARCH_FLATS)
        hs_search_plan_clear(at < *count ? &plans[*count - 1] : &plan);
    else
        ++*count;
    if (at == HS_SEARCH_FLATS)
        return;
    memmove(plans + at + 1, plans + at, (*count - at - 1) * sizeof *plans);
    plans[at] = plan;
}

/* The subspace at hand as a plan without its rows. */
static bool record(const echelon *e, const hs_search_plan *all, size_t dimension,
                   hs_search_plan *plans, size_t *count) {
    hs_search_plan plan = {.base = dimension, .budget = e->n - 1 - dimension};
    plan.rows = hs_allocate(e->k, sizeof *plan.rows);
    if (plan.rows == NULL)
        return false;
    for (size_t c = 0; c < e->k; c++)
        if (!e->inside[c])
            plan.rows[plan.count++] = all->rows[c];
    insert(plans, count, plan, e->k);
    return true;
}

/* Every column with a support below full rank spans a subspace; each is also tried on top of the
 * union of those before, as long as that is not everything. */
static bool collect(echelon *e, const hs_search_plan *all, hs_search_plan *plans, size_t *count) {
    enum { TRIES = 200 };
    size_t tries = 0;
    bool fine = true;
    for (size_t c = 0; c < e->k && fine && tries < TRIES; c++) {
        memset(e->support, 0, e->n * sizeof *e->support);
        size_t dimension = widen(e, c);
        if (dimension < 2 || dimension >= e->n || dimension >= e->rank)
            continue;
        tries++;
        size_t held = close_subspace(e);
        if (held > dimension)
            fine = record(e, all, dimension, plans, count);
    }
    return fine;
}

/* Unions of the subspaces found so far, the best first. */
static bool unite(echelon *e, const hs_search_plan *all, hs_search_plan *plans, size_t *count) {
    bool fine = true;
    memset(e->support, 0, e->n * sizeof *e->support);
    size_t last = *count;
    for (size_t k = 0; k < last && fine; k++) {
        size_t dimension = 0, next = 0;
        for (size_t c = 0; c < e->k; c++) {
            if (k < *count && next < plans[k].count && plans[k].rows[next] == all->rows[c])
                next++;
            else
                dimension = widen(e, c);
        }
        if (dimension >= e->n || dimension >= e->rank)
            return true;
        close_subspace(e);
        fine = record(e, all, dimension, plans, count);
    }
    return fine;
}

hs_status hs_search_flats_find(const hs_search_source *source, const hs_search_plan *plan,
                               uint64_t seed, hs_search_plan *plans, size_t *count,
                               hs_error *error) {
    double work = (double)source->n * (double)source->n * (double)plan->count;
    hs_search_random random = {seed};
    echelon e;
    *count = 0;
    if (work > work_limit || plan->count < 3 || plan->base > 0)
        return HS_OK;
    bool fine = echelon_create(source, plan, &e);
    for (unsigned k = 0; fine && k < ORDERS && work * (double)k <= work_limit; k++) {
        load(source, plan, &e);
        shuffle(&e, &random);
        reduce(&e);
        fine = collect(&e, plan, plans, count);
        if (fine && *count > 1)
            fine = unite(&e, plan, plans, count);
        if (*count == 0 && k > 0)
            break; /* general position, it seems */
    }
    echelon_clear(&e);
    if (fine)
        return HS_OK;
    for (size_t k = 0; k < *count; k++)
        hs_search_plan_clear(&plans[k]);
    *count = 0;
    return hs_fail(error, HS_NO_MEMORY, "no memory for the structure of a layer");
}
