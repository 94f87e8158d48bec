#include "geometry/minnorm.h"

#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row counts as a combination of the active rows when the orthogonal rest is below this share of
 * its norm. Nothing is decided by it: an "empty" is checked as a core, a point as a point. */
static const double dependent_share = 1e-9;

hs_status hs_minnorm_create(size_t d, hs_minnorm *solver, hs_error *error) {
    size_t stride = (d + 7) / 8 * 8;
    size_t doubles = 2 * stride * d + 5 * stride;
    *solver = (hs_minnorm){.kernels = hs_kernels_choose(), .d = d, .stride = stride};
    solver->memory = aligned_alloc(64, (doubles + stride) * sizeof(double));
    if (solver->memory == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for an active-set solver of size %zu", d);
    solver->basis = solver->memory;
    solver->image = solver->basis + 2 * stride * d;
    solver->column = solver->image + 2 * stride;
    solver->z = solver->column + stride;
    solver->lambda = solver->z + stride;
    solver->slot_row = (uint32_t *)(solver->lambda + stride);
    hs_minnorm_reset(solver);
    return HS_OK;
}

void hs_minnorm_clear(hs_minnorm *solver) {
    free(solver->memory);
    *solver = (hs_minnorm){0};
}

void hs_minnorm_reset(hs_minnorm *solver) {
    size_t width = 2 * solver->stride;
    memset(solver->memory, 0, (width * solver->d + 5 * solver->stride) * sizeof(double));
    for (size_t j = 0; j < solver->d; j++)
        solver->basis[j * width + j] = 1.0;
    for (size_t slot = 0; slot < solver->stride; slot++)
        solver->slot_row[slot] = HS_MINNORM_FREE;
    solver->active_count = 0;
    solver->squared_norm = 0.0;
}

void hs_minnorm_copy(hs_minnorm *to, const hs_minnorm *from) {
    size_t doubles = 2 * from->stride * from->d + 6 * from->stride;
    memcpy(to->memory, from->memory, doubles * sizeof(double));
    to->active_count = from->active_count;
    to->squared_norm = from->squared_norm;
}

static void enter(hs_minnorm *solver, uint32_t row, double multiplier, double square) {
    size_t width = 2 * solver->stride, slot = 0;
    while (solver->slot_row[slot] != HS_MINNORM_FREE)
        slot++;
    double *column = solver->column;
    memcpy(column, solver->image, solver->stride * sizeof(double));
    solver->kernels->rank_one(solver->basis, solver->d, width, column, -1.0 / square,
                              solver->image);
    for (size_t j = 0; j < solver->d; j++)
        solver->basis[j * width + solver->stride + slot] = column[j] / square;
    solver->slot_row[slot] = row;
    solver->lambda[slot] = multiplier;
    solver->active_count++;
}

static void leave(hs_minnorm *solver, size_t slot) {
    size_t width = 2 * solver->stride;
    double *column = solver->column, square = 0.0;
    for (size_t j = 0; j < solver->d; j++) {
        column[j] = solver->basis[j * width + solver->stride + slot];
        square += column[j] * column[j];
    }
    /* H += p p^T / |p|^2 and N*_i -= (N*_i.p / |p|^2) p */
    solver->kernels->image(solver->basis, solver->d, width, width, column, solver->image);
    for (size_t c = solver->stride; c < width; c++)
        solver->image[c] = -solver->image[c];
    for (size_t j = 0; j < solver->d; j++)
        solver->image[j] = column[j];
    solver->kernels->rank_one(solver->basis, solver->d, width, column, 1.0 / square, solver->image);
    for (size_t j = 0; j < solver->d; j++)
        solver->basis[j * width + solver->stride + slot] = 0.0;
    solver->slot_row[slot] = HS_MINNORM_FREE;
    solver->lambda[slot] = 0.0;
    solver->active_count--;
}

static void move(hs_minnorm *solver, double length, bool free_step, double *multiplier) {
    const double *q = solver->image, *r = solver->image + solver->stride;
    if (free_step)
        for (size_t j = 0; j < solver->d; j++)
            solver->z[j] -= length * q[j];
    solver->kernels->shift(solver->lambda, r, solver->stride, length);
    *multiplier += length;
}

hs_minnorm_answer hs_minnorm_add(hs_minnorm *solver, const double *a, double sign, double t,
                                 uint32_t row, double *multiplier) {
    const hs_kernels *kernels = solver->kernels;
    size_t d = solver->d, width = 2 * solver->stride;
    double size = kernels->dot(a, a, d);
    *multiplier = 0.0;
    for (size_t rounds = 0; rounds < 4 * d + 64; rounds++) {
        kernels->image(solver->basis, d, width, width, a, solver->image);
        if (sign < 0.0)
            for (size_t c = 0; c < width; c++)
                solver->image[c] = -solver->image[c];
        double square = kernels->dot(solver->image, solver->image, solver->stride), blocked;
        bool free_step =
            solver->active_count < d && square > dependent_share * dependent_share * size;
        /* the slot whose multiplier reaches zero first as that of the new row grows; free slots
         * have an image of zero */
        size_t block = kernels->blocking(solver->lambda, solver->image + solver->stride,
                                         solver->stride, &blocked);
        double full = free_step ? (sign * kernels->dot(a, solver->z, d) - t) / square : INFINITY;
        if (isnan(full))
            return HS_MINNORM_GIVEN_UP;
        solver->pivots++;
        if (!free_step && block == solver->stride) {
            for (size_t slot = 0; slot < solver->stride; slot++)
                solver->lambda[slot] = fmax(0.0, -solver->image[solver->stride + slot]);
            *multiplier = 1.0;
            return HS_MINNORM_EMPTY;
        }
        if (full <= blocked) {
            move(solver, fmax(full, 0.0), true, multiplier);
            enter(solver, row, *multiplier, square);
            solver->squared_norm = kernels->dot(solver->z, solver->z, solver->stride);
            return HS_MINNORM_ADDED;
        }
        move(solver, blocked, free_step, multiplier);
        leave(solver, block);
    }
    return HS_MINNORM_GIVEN_UP;
}
