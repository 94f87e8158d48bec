/* The de Almeida-Thouless point on the line of replica-symmetric energy one.
 *
 * With x = q / (1-q) and t = 1 - exp(-beta), alpha is explicit in (x, t), so two nested root
 * searches remain: beta where the energy is one, and x where stability is lost. */
#include "theory/root.h"

#include "support/error.h"

#include <gsl/gsl_integration.h>
#include <math.h>

enum { NODES = 64, PANELS = 8 };
static const double cutoff = 12.0; /* the Gaussian measure beyond is below 1e-32 */

typedef struct replica_symmetric {
    const gsl_integration_glfixed_table *nodes;
    hs_error *error;
    hs_status status;
    double x, beta; /* the point */
    double alpha, energy;
    double stability; /* alpha Int Dxi g^2: below one while replica symmetry is stable */
} replica_symmetric;

static double gaussian(double y) {
    return 0.39894228040143267794 * exp(-0.5 * y * y);
}

static double gaussian_tail(double y) {
    return 0.5 * erfc(0.70710678118654752440 * y);
}

/* The three integrals of the equations at (x, beta). */
static void evaluate(replica_symmetric *at) {
    double root = sqrt(at->x), t = -expm1(-at->beta);
    double overlap = 0.0, violated = 0.0, squares = 0.0;
    for (size_t panel = 0; panel < PANELS; panel++)
        for (size_t i = 0; i < NODES; i++) {
            double width = 2.0 * cutoff / PANELS, left = -cutoff + (double)panel * width;
            double xi, weight;
            gsl_integration_glfixed_point(left, left + width, i, &xi, &weight, at->nodes);
            weight *= gaussian(xi);
            double y = xi * root, density = 1.0 - t * gaussian_tail(y);
            double slope = t * gaussian(y) / density;
            double bend = slope * (y + slope); /* -(d/dy)^2 ln(1 - t Q(y)) */
            overlap += weight * xi * slope;
            violated += weight * gaussian_tail(y) / density;
            squares += weight * bend * bend;
        }
    double q = at->x / (1.0 + at->x);
    at->alpha = -q * root / overlap;
    at->energy = at->alpha * exp(-at->beta) * violated;
    at->stability = at->alpha * squares;
}

static double energy_defect(double beta, void *data) {
    replica_symmetric *at = data;
    at->beta = beta;
    evaluate(at);
    return at->energy - 1.0;
}

static double stability_defect(double x, void *data) {
    replica_symmetric *at = data;
    at->x = x;
    double beta;
    hs_status status =
        hs_find_root(energy_defect, at, 0.05, 30.0, 60, "energy one", &beta, at->error);
    if (status != HS_OK)
        return NAN;
    energy_defect(beta, at);
    return at->stability - 1.0;
}

hs_status hs_theory_at_point_compute(hs_theory_at_point *point, hs_error *error) {
    gsl_integration_glfixed_table *nodes = gsl_integration_glfixed_table_alloc(NODES);
    if (nodes == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for %d quadrature nodes", NODES);
    replica_symmetric at = {.nodes = nodes, .error = error};
    double x;
    hs_status status = hs_find_root(stability_defect, &at, 0.1, 12.0, 60,
                                    "the de Almeida-Thouless point", &x, error);
    if (status == HS_OK) {
        double unstable = stability_defect(x, &at);
        *point = (hs_theory_at_point){
            .alpha = at.alpha,
            .beta = at.beta,
            .q = x / (1.0 + x),
            .residual = fmax(fabs(unstable), fabs(at.energy - 1.0)),
        };
    }
    gsl_integration_glfixed_table_free(nodes);
    return status;
}
