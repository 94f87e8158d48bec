#include "geometry/cone.h"

#include "geometry/kernels.h"
#include "support/allocate.h"

#include <stdlib.h>
#include <string.h>

/* Rank-1 updates after which the basis is made afresh: each adds a rounding error. */
enum { REFRESH = 400 };

hs_status hs_cone_rows_create(size_t d, size_t rows, const double *a, bool twice,
                              hs_cone_rows *to) {
    *to = (hs_cone_rows){.d = d,
                         .stride = hs_padded(d, HS_LANES),
                         .rows = rows,
                         .padded = hs_padded(rows > 0 ? rows : 1, HS_PRICING_BLOCK),
                         .a = a};
    size_t bytes = rows * to->stride * sizeof *to->row;
    if (twice)
        to->row = aligned_alloc(64, hs_padded(bytes + 1, 64));
    to->column = aligned_alloc(64, d * to->padded * sizeof *to->column);
    if ((twice && to->row == NULL) || to->column == NULL) {
        hs_cone_rows_clear(to);
        return HS_NO_MEMORY;
    }
    if (twice)
        memset(to->row, 0, bytes);
    memset(to->column, 0, d * to->padded * sizeof *to->column);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < d; j++) {
            float entry = (float)a[i * d + j];
            to->column[j * to->padded + i] = entry;
            if (twice)
                to->row[i * to->stride + j] = entry;
        }
    return HS_OK;
}

void hs_cone_rows_clear(hs_cone_rows *rows) {
    free(rows->row);
    free(rows->column);
    *rows = (hs_cone_rows){0};
}

hs_status hs_cone_create(size_t d, const hs_kernels *kernels, hs_cone *solver) {
    size_t stride = hs_padded(d, HS_LANES), basis = 2 * stride * d;
    *solver = (hs_cone){.kernels = kernels, .d = d, .stride = stride};
    solver->bytes = hs_padded(
        (basis + 2 * stride) * sizeof(float) + (stride + 2) * sizeof *solver->slot_row, 64);
    solver->memory = aligned_alloc(64, solver->bytes);
    if (solver->memory == NULL)
        return HS_NO_MEMORY;
    solver->basis = solver->memory;
    solver->z = solver->basis + basis;
    solver->lambda = solver->z + stride;
    solver->slot_row = (uint32_t *)(solver->lambda + stride);
    solver->count = solver->slot_row + stride;
    hs_cone_reset(solver);
    return HS_OK;
}

void hs_cone_clear(hs_cone *solver) {
    free(solver->memory);
    *solver = (hs_cone){0};
}

void hs_cone_reset(hs_cone *solver) {
    memset(solver->memory, 0, solver->bytes);
    for (size_t j = 0; j < solver->d; j++)
        solver->basis[j * 2 * solver->stride + j] = 1.0f;
    for (size_t slot = 0; slot < solver->stride; slot++)
        solver->slot_row[slot] = HS_CONE_FREE;
}

void hs_cone_copy(hs_cone *to, const hs_cone *from) {
    memcpy(to->memory, from->memory, from->bytes);
}

hs_cone_answer hs_cone_solve(hs_cone *solver, const hs_cone_rows *rows, const float *want,
                             const float *slack, float *value, uint32_t *row, float *multiplier) {
    if (solver->count[1] > REFRESH)
        hs_cone_reset(solver);
    return solver->kernels->cone(solver, rows, want, slack, value, row, multiplier);
}
