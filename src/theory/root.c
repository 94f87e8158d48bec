#include "theory/root.h"

#include "support/error.h"

#include <gsl/gsl_roots.h>
#include <math.h>

static bool changes_sign(double a, double b) {
    return isfinite(a) && isfinite(b) && (a <= 0.0) != (b <= 0.0);
}

static hs_status refine(hs_real_function function, void *data, double lower, double upper,
                        double *root, hs_error *error) {
    gsl_function target = {.function = function, .params = data};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (solver == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a root search");
    gsl_root_fsolver_set(solver, &target, lower, upper);
    double width = upper - lower;
    for (int i = 0; i < 200 && width > 4e-16 * fabs(upper); i++) {
        gsl_root_fsolver_iterate(solver);
        double now = gsl_root_fsolver_x_upper(solver) - gsl_root_fsolver_x_lower(solver);
        if (now == width && function(gsl_root_fsolver_root(solver), data) == 0.0)
            break;
        width = now;
    }
    *root = gsl_root_fsolver_root(solver);
    gsl_root_fsolver_free(solver);
    return HS_OK;
}

hs_status hs_find_root(hs_real_function function, void *data, double lower, double upper,
                       size_t pieces, const char *what, double *root, hs_error *error) {
    double left = lower, left_value = function(lower, data);
    for (size_t i = 1; i <= pieces; i++) {
        double right = lower + (upper - lower) * (double)i / (double)pieces;
        double right_value = function(right, data);
        if (changes_sign(left_value, right_value))
            return refine(function, data, left, right, root, error);
        left = right;
        left_value = right_value;
    }
    return hs_fail(error, HS_NOT_CONVERGED, "%s: no sign change between %g and %g", what, lower,
                   upper);
}
