#include "theory/continuum.h"

#include "support/error.h"

#include <lapacke.h>
#include <math.h>

static const double mesh_power = 3.0;

typedef struct mesh_task {
    const hs_objective *objective;
    hs_workspace *workspace;
    size_t mesh, terms;
    double cell[HS_STEPS_MAX];                          /* widths of the cells, tau_total = 1 */
    double place[HS_STEPS_MAX];                         /* where in a cell s is taken */
    double basis[HS_STEPS_MAX][HS_CONTINUUM_TERMS_MAX]; /* Chebyshev polynomials there */
    hs_parameters at;
    hs_functional functional;
} mesh_task;

static double chebyshev(size_t m, double s) {
    return cos((double)m * acos(2.0 * s - 1.0));
}

/* Cells from the outside inwards, as the levels are. */
static void fill_mesh(mesh_task *task) {
    for (size_t j = 0; j < task->mesh; j++) {
        double outer = pow((double)(task->mesh - j) / (double)task->mesh, mesh_power);
        double inner = pow((double)(task->mesh - j - 1) / (double)task->mesh, mesh_power);
        double s = 0.5 * (sqrt(outer) + sqrt(inner)); /* 1/s is the mean of tau^(-1/2) */
        task->cell[j] = outer - inner;
        task->place[j] = s;
        for (size_t m = 0; m < task->terms; m++)
            task->basis[j][m] = chebyshev(m, s);
    }
}

static void to_parameters(mesh_task *task, const double *c) {
    task->at.steps = task->mesh;
    task->at.width[0] = exp(c[0]);
    for (size_t j = 0; j < task->mesh; j++) {
        task->at.width[j + 1] = exp(c[1]) * task->cell[j];
        double exponent = 0.0;
        for (size_t m = 0; m < task->terms; m++)
            exponent += c[m + 2] * task->basis[j][m];
        task->at.x[j] = exp(exponent) / task->place[j];
    }
}

static hs_status evaluate(void *data, const double *c, double *value, double *gradient,
                          hs_error *error) {
    mesh_task *task = data;
    to_parameters(task, c);
    const hs_functional *f = &task->functional;
    hs_status status = hs_functional_at(&task->at, task->workspace, &task->functional, error);
    if (status != HS_OK)
        return status;
    *value = hs_objective_value(task->objective, f);
    double by_width[HS_STEPS_MAX + 1], by_x[HS_STEPS_MAX];
    hs_objective_gradient(task->objective, f, task->mesh, by_width, by_x);
    gradient[0] = by_width[0] * task->at.width[0];
    gradient[1] = 0.0;
    for (size_t m = 0; m < task->terms; m++)
        gradient[m + 2] = 0.0;
    for (size_t j = 0; j < task->mesh; j++) {
        gradient[1] += by_width[j + 1] * task->at.width[j + 1];
        for (size_t m = 0; m < task->terms; m++)
            gradient[m + 2] += by_x[j] * task->at.x[j] * task->basis[j][m];
    }
    return HS_OK;
}

hs_status hs_continuum_minimise(const hs_objective *objective, size_t mesh, hs_workspace *workspace,
                                hs_continuum *trial, hs_error *error) {
    mesh_task task = {
        .objective = objective, .workspace = workspace, .mesh = mesh, .terms = trial->terms};
    fill_mesh(&task);
    double c[HS_COORDINATES_MAX], lower[HS_COORDINATES_MAX], upper[HS_COORDINATES_MAX];
    c[0] = log(trial->outer_width);
    c[1] = log(trial->tau_total);
    for (size_t m = 0; m < trial->terms; m++)
        c[m + 2] = trial->coefficient[m];
    for (size_t i = 0; i < trial->terms + 2; i++) {
        lower[i] = -INFINITY;
        upper[i] = INFINITY;
    }
    hs_minimisation problem = {
        .n = trial->terms + 2,
        .lower = lower,
        .upper = upper,
        .evaluate = evaluate,
        .data = &task,
        .interrupted = objective->interrupted,
        .interrupted_data = objective->data,
        .hessian = trial->hessian,
        .hessian_known = trial->hessian_known,
        .slope_goal = 1e-8,
    };
    hs_minimum minimum;
    hs_status status = hs_minimise(&problem, c, &minimum, error);
    if (status != HS_OK)
        return status;
    trial->outer_width = exp(c[0]);
    trial->tau_total = exp(c[1]);
    for (size_t m = 0; m < trial->terms; m++)
        trial->coefficient[m] = c[m + 2];
    trial->mesh = mesh;
    trial->value = minimum.value;
    trial->slope = minimum.slope;
    trial->hessian_known = true;
    return HS_OK;
}

/* Least squares for ln(x s) at the middle of every stair. */
hs_status hs_continuum_fit(const hs_parameters *staircase, size_t terms, hs_continuum *trial,
                           hs_error *error) {
    size_t k = staircase->steps;
    *trial = (hs_continuum){.terms = terms, .outer_width = staircase->width[0]};
    size_t fitted = terms < k ? terms : k;
    double matrix[HS_STEPS_MAX * HS_CONTINUUM_TERMS_MAX], right[HS_STEPS_MAX], tau = 0.0;
    for (size_t j = 1; j <= k; j++)
        trial->tau_total += staircase->width[j];
    for (size_t j = k; j-- > 0;) {
        double middle = sqrt((tau + 0.5 * staircase->width[j + 1]) / trial->tau_total);
        tau += staircase->width[j + 1];
        right[j] = log(staircase->x[j] * middle);
        for (size_t m = 0; m < fitted; m++)
            matrix[j * fitted + m] = chebyshev(m, middle);
    }
    lapack_int info = LAPACKE_dgels(LAPACK_ROW_MAJOR, 'N', (lapack_int)k, (lapack_int)fitted, 1,
                                    matrix, (lapack_int)fitted, right, 1);
    if (info != 0)
        return hs_fail(error, HS_INTERNAL, "the least-squares solver failed with code %d",
                       (int)info);
    for (size_t m = 0; m < fitted; m++)
        trial->coefficient[m] = right[m];
    return HS_OK;
}
