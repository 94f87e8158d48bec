#include "geometry/nearest.h"

#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows count as satisfied within this share of the size of their terms. */
static const double accuracy = 2e-14;

/* Multipliers below this share of the largest are rounding. */
static const double negligible = 1e-10;

hs_status hs_polyhedron_create(size_t d, size_t capacity, hs_polyhedron *polyhedron,
                               hs_error *error) {
    *polyhedron = (hs_polyhedron){.d = d, .capacity = capacity};
    polyhedron->a = hs_allocate_matrix(capacity, d, sizeof *polyhedron->a);
    polyhedron->size = hs_allocate(capacity, sizeof *polyhedron->size);
    polyhedron->t = hs_allocate(capacity, sizeof *polyhedron->t);
    polyhedron->core = hs_allocate(d + 9, sizeof *polyhedron->core);
    if (polyhedron->a == NULL || polyhedron->size == NULL || polyhedron->t == NULL ||
        polyhedron->core == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a polyhedron of %zu rows", capacity);
    return hs_minnorm_create(d, &polyhedron->solver, error);
}

void hs_polyhedron_clear(hs_polyhedron *polyhedron) {
    free(polyhedron->a);
    free(polyhedron->size);
    free(polyhedron->t);
    free(polyhedron->core);
    hs_minnorm_clear(&polyhedron->solver);
}

void hs_polyhedron_append(hs_polyhedron *polyhedron, const double *a, double t) {
    size_t d = polyhedron->d, row = polyhedron->rows++;
    double largest = 0.0, square = 0.0;
    for (size_t j = 0; j < d; j++)
        largest = fmax(largest, fabs(a[j]));
    for (size_t j = 0; j < d; j++)
        square += (a[j] / largest) * (a[j] / largest);
    double size = largest * sqrt(square);
    for (size_t j = 0; j < d; j++)
        polyhedron->a[row * d + j] = a[j] / largest / sqrt(square);
    polyhedron->size[row] = size;
    polyhedron->t[row] = t / size;
}

/* The row with the largest excess a.z - t, or rows. */
static size_t most_violated(const hs_polyhedron *polyhedron) {
    const double *z = polyhedron->solver.z;
    size_t d = polyhedron->d, worst = polyhedron->rows;
    double largest = 0.0;
    for (size_t i = 0; i < polyhedron->rows; i++) {
        double sum = -polyhedron->t[i], size = fabs(sum);
        for (size_t j = 0; j < d; j++) {
            double term = polyhedron->a[i * d + j] * z[j];
            sum += term;
            size += fabs(term);
        }
        if (sum > largest && sum > (double)(d + 4) * accuracy * size) {
            largest = sum;
            worst = i;
        }
    }
    return worst;
}

static void keep_core(hs_polyhedron *polyhedron, size_t row, double multiplier) {
    const hs_minnorm *solver = &polyhedron->solver;
    double largest = multiplier;
    for (size_t slot = 0; slot < solver->stride; slot++)
        largest = fmax(largest, solver->lambda[slot]);
    polyhedron->core_count = 0;
    for (size_t slot = 0; slot < solver->stride; slot++)
        if (solver->slot_row[slot] != HS_MINNORM_FREE &&
            solver->lambda[slot] > negligible * largest)
            polyhedron->core[polyhedron->core_count++] = solver->slot_row[slot];
    polyhedron->core[polyhedron->core_count++] = (uint32_t)row;
}

hs_nearest_answer hs_polyhedron_nearest(hs_polyhedron *polyhedron, double limit) {
    hs_minnorm *solver = &polyhedron->solver;
    hs_minnorm_reset(solver);
    for (size_t steps = 0; steps < 40 * polyhedron->d + 400; steps++) {
        size_t row = most_violated(polyhedron);
        double multiplier = 0.0;
        if (row == polyhedron->rows)
            return isfinite(solver->squared_norm) ? HS_NEAREST_FOUND : HS_NEAREST_UNKNOWN;
        hs_minnorm_answer answer = hs_minnorm_add(solver, polyhedron->a + row * polyhedron->d, 1.0,
                                                  polyhedron->t[row], (uint32_t)row, &multiplier);
        if (answer == HS_MINNORM_GIVEN_UP)
            return HS_NEAREST_UNKNOWN;
        if (answer == HS_MINNORM_EMPTY) {
            keep_core(polyhedron, row, multiplier);
            return HS_NEAREST_EMPTY;
        }
        if (sqrt(solver->squared_norm) >= limit)
            return HS_NEAREST_FAR;
    }
    return HS_NEAREST_UNKNOWN;
}
