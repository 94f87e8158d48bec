#include "phase/carry.h"

#include "engine/witness.h"
#include "geometry/glpk_session.h"
#include "geometry/rank.h"
#include "support/allocate.h"
#include "support/error.h"

#include <stdlib.h>

hs_layer hs_carry_first_rows(const hs_layer *layer, size_t m) {
    hs_layer view = *layer;
    view.m = m;
    view.zero_bias = true;
    for (size_t i = 0; i < m && view.zero_bias; i++)
        view.zero_bias = layer->bias[i] == 0.0;
    return view;
}

/* Fewer than n active rows never span; from n on their rank is followed, up to the size for which
 * a witness with so many active rows is judged exactly. */
typedef struct span {
    const hs_layer *layer;
    hs_modular_basis basis;
    uint64_t *row;
    size_t count;
} span;

static void span_add(span *this, size_t i) {
    hs_residues(this->layer->weight + i * this->layer->n, this->layer->n, this->row);
    hs_modular_basis_add(&this->basis, this->row);
}

static bool span_full(const span *this) {
    size_t n = this->layer->n;
    return n <= HS_WITNESS_EXACT_SIZE ? this->basis.rank == n : this->count >= n;
}

hs_status hs_carry_reach(const hs_layer *layer, const hs_witness *witness, size_t m, size_t most,
                         size_t *reached, hs_error *error) {
    const hs_system rows = {
        .d = layer->n, .rows = layer->m, .a = layer->weight, .beta = layer->bias};
    span active = {.layer = layer, .count = witness->active_count};
    active.row = hs_allocate(layer->n, sizeof *active.row);
    hs_status status = hs_modular_basis_create(layer->n, &active.basis, error);
    if (status == HS_OK && active.row == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the rank of the active rows");
    bool small = layer->n <= HS_WITNESS_EXACT_SIZE;
    for (size_t k = 0; status == HS_OK && small && k < witness->active_count; k++)
        span_add(&active, witness->active[k]);
    *reached = m;
    while (status == HS_OK && *reached < most) {
        if (hs_system_sign(&rows, *reached, witness->z) >= 0) {
            active.count++;
            if (small)
                span_add(&active, *reached);
            if (span_full(&active))
                break;
        }
        ++*reached;
    }
    hs_modular_basis_clear(&active.basis);
    free(active.row);
    return status;
}

hs_status hs_carry_confirm(const hs_layer *layer, size_t m, const hs_domain *domain,
                           const double *z, bool *holds, hs_arithmetic *arithmetic,
                           hs_error *error) {
    hs_layer view = hs_carry_first_rows(layer, m);
    hs_problem problem = {0};
    hs_witness *witness = NULL;
    hs_glpk_session glpk;
    const char *reason;
    *holds = false;
    hs_status status = hs_problem_create(&view, domain, &problem, error);
    if (status != HS_OK)
        return status;
    status = hs_glpk_begin(&glpk, error);
    if (status == HS_OK) {
        status = hs_witness_build(&problem, z, &witness, arithmetic, &reason, error);
        hs_glpk_end(&glpk);
    }
    *holds = status == HS_OK && witness != NULL;
    hs_witness_free(witness);
    hs_problem_clear(&problem);
    return status;
}
