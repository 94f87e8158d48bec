#include "geometry/centre.h"

#include "geometry/margin_lp.h"
#include "support/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TANGENT_CUTS = 60 };

static double norm(const double *x, size_t n) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        sum += x[j] * x[j];
    return sqrt(sum);
}

/* unit.z + s <= bound, with the LP's variables measured in units of reach; a bound that |z_j| <= 1
 * and s <= 1 imply, perhaps infinite, is left out. */
static void limit(hs_margin_lp *lp, size_t n, const double *unit, double bound) {
    if (bound < sqrt((double)n) + 1.0)
        hs_margin_lp_append(lp, unit, 1.0, bound);
}

static void limit_axis(hs_margin_lp *lp, size_t n, double *zeros, size_t j, double sign,
                       double bound) {
    zeros[j] = sign;
    limit(lp, n, zeros, bound);
    zeros[j] = 0.0;
}

static void limit_domain(hs_margin_lp *lp, const hs_domain *domain, size_t n, double reach,
                         double *zeros) {
    for (size_t j = 0; j < n; j++) {
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            limit_axis(lp, n, zeros, j, -1.0, 0.0);
        if (domain->kind == HS_DOMAIN_BOX && isfinite(domain->lower[j]))
            limit_axis(lp, n, zeros, j, -1.0, -domain->lower[j] / reach);
        if (domain->kind == HS_DOMAIN_BOX && isfinite(domain->upper[j]))
            limit_axis(lp, n, zeros, j, 1.0, domain->upper[j] / reach);
    }
}

void hs_cell_centre(size_t n, const double *w, const double *b, const size_t *which, size_t count,
                    const hs_domain *domain, double reach, double *z) {
    hs_margin_lp *lp = NULL;
    bool ball = domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL;
    double *unit = hs_allocate(n, sizeof *unit), *found = hs_allocate(n, sizeof *found);
    if (ball)
        reach = domain->radius;
    if (unit == NULL || found == NULL || hs_margin_lp_create(n, 0, 1.0, &lp, NULL) != HS_OK)
        goto done;
    limit_domain(lp, domain, n, reach, unit);
    for (size_t i = 0; i < count; i++) {
        const double *row = w + which[i] * n;
        double size = norm(row, n);
        if (!(size > 0.0) || !isfinite(size))
            continue;
        for (size_t j = 0; j < n; j++)
            unit[j] = row[j] / size;
        limit(lp, n, unit, -b[which[i]] / size / reach);
    }
    for (int cut = 0; cut < TANGENT_CUTS; cut++) {
        double margin;
        if (!hs_margin_lp_solve(lp, found, &margin, NULL) || !(margin > 0.0))
            break;
        double length = norm(found, n);
        if (!ball || length + margin <= 1.0 + 1e-3 * margin) {
            for (size_t j = 0; j < n; j++)
                z[j] = reach * found[j];
            break;
        }
        for (size_t j = 0; j < n; j++)
            unit[j] = found[j] / length;
        hs_margin_lp_append(lp, unit, 1.0, 1.0);
    }
done:
    hs_margin_lp_free(lp);
    free(unit);
    free(found);
}
