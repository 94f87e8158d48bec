#include "geometry/margin_lp.h"

#include "geometry/glpk_session.h"
#include "support/allocate.h"
#include "support/error.h"

#include <glpk.h>
#include <limits.h>
#include <stdlib.h>

struct hs_margin_lp {
    glp_prob *problem; /* NULL when GLPK failed on it: then it is not solved any more */
    bool optimal;
    size_t d;
    int *index;    /* d + 2, for GLPK's 1-based rows */
    double *value; /* d + 2 */
};

hs_status hs_margin_lp_create(size_t d, size_t rows, double reach, hs_margin_lp **result,
                              hs_error *error) {
    *result = NULL;
    if (d > 100000 || rows > 10000000)
        return hs_fail(error, HS_UNSUPPORTED, "%zu rows in %zu dimensions are too many for an LP",
                       rows, d);
    hs_margin_lp *lp = hs_allocate(1, sizeof *lp);
    if (lp == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for an LP");
    lp->d = d;
    lp->index = hs_allocate(d + 2, sizeof *lp->index);
    lp->value = hs_allocate(d + 2, sizeof *lp->value);
    if (lp->index == NULL || lp->value == NULL) {
        hs_margin_lp_free(lp);
        return hs_fail(error, HS_NO_MEMORY, "no memory for an LP");
    }
    lp->problem = glp_create_prob();
    glp_set_obj_dir(lp->problem, GLP_MAX);
    glp_add_cols(lp->problem, (int)d + 1);
    for (size_t j = 0; j < d; j++)
        glp_set_col_bnds(lp->problem, (int)j + 1, GLP_DB, -reach, reach);
    glp_set_col_bnds(lp->problem, (int)d + 1, GLP_UP, 0.0, 1.0);
    glp_set_obj_coef(lp->problem, (int)d + 1, 1.0);
    if (rows > 0)
        glp_add_rows(lp->problem, (int)rows);
    *result = lp;
    return HS_OK;
}

void hs_margin_lp_free(hs_margin_lp *lp) {
    if (lp == NULL)
        return;
    if (lp->problem != NULL)
        glp_delete_prob(lp->problem);
    free(lp->index);
    free(lp->value);
    free(lp);
}

void hs_margin_lp_set(hs_margin_lp *lp, size_t row, const double *a, double sign, double weight) {
    int used = 0;
    if (lp->problem == NULL)
        return;
    for (size_t j = 0; j < lp->d; j++)
        if (a[j] != 0.0) {
            lp->index[++used] = (int)j + 1;
            lp->value[used] = sign * a[j];
        }
    lp->index[++used] = (int)lp->d + 1;
    lp->value[used] = weight;
    glp_set_mat_row(lp->problem, (int)row + 1, used, lp->index, lp->value);
    glp_set_row_bnds(lp->problem, (int)row + 1, GLP_FR, 0.0, 0.0);
}

void hs_margin_lp_switch(hs_margin_lp *lp, size_t row, bool on, double bound) {
    if (lp->problem != NULL)
        glp_set_row_bnds(lp->problem, (int)row + 1, on ? GLP_UP : GLP_FR, 0.0, bound);
}

size_t hs_margin_lp_append(hs_margin_lp *lp, const double *a, double weight, double bound) {
    size_t row = lp->problem != NULL ? (size_t)glp_add_rows(lp->problem, 1) - 1 : 0;
    hs_margin_lp_set(lp, row, a, 1.0, weight);
    hs_margin_lp_switch(lp, row, true, bound);
    return row;
}

static void solve(void *data) {
    hs_margin_lp *lp = data;
    glp_smcp parameters;
    glp_init_smcp(&parameters);
    parameters.msg_lev = GLP_MSG_OFF;
    parameters.meth = GLP_DUALP;
    parameters.it_lim = 100000;
    int code = glp_simplex(lp->problem, &parameters);
    if (code != 0 && code != GLP_EITLIM) { /* a singular basis: start afresh */
        glp_adv_basis(lp->problem, 0);
        code = glp_simplex(lp->problem, &parameters);
    }
    lp->optimal = code == 0 && glp_get_status(lp->problem) == GLP_OPT;
}

bool hs_margin_lp_solve(hs_margin_lp *lp, double *point, double *margin, double *multipliers) {
    lp->optimal = false;
    if (lp->problem != NULL && !hs_glpk_attempt(solve, lp))
        lp->problem = NULL;
    if (!lp->optimal)
        return false;
    *margin = glp_get_obj_val(lp->problem);
    for (size_t j = 0; j < lp->d; j++)
        point[j] = glp_get_col_prim(lp->problem, (int)j + 1);
    int rows = glp_get_num_rows(lp->problem);
    for (int i = 0; multipliers != NULL && i < rows; i++)
        multipliers[i] = glp_get_row_dual(lp->problem, i + 1);
    return true;
}
