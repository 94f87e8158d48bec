#include "engine/search_cone.h"

#include "engine/search_kernel.h"
#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>

static bool surrounds_origin(const hs_domain *domain, size_t n) {
    for (size_t j = 0; j < n; j++)
        if (!(domain->lower[j] < 0.0 && domain->upper[j] > 0.0))
            return false;
    return true;
}

static void set_box_face(hs_search_cone *cone, const hs_domain *domain, size_t j) {
    double lower = domain->lower[j], upper = domain->upper[j];
    if (isfinite(lower) && isfinite(upper)) {
        cone->centre[j] = 0.5 * lower + 0.5 * upper;
        cone->scale[j] = 0.5 * upper - 0.5 * lower;
        cone->face[j] = HS_CONE_BELOW_TAU;
    } else if (isfinite(lower) || isfinite(upper)) {
        cone->centre[j] = isfinite(lower) ? lower : upper;
        cone->scale[j] = isfinite(lower) ? 1.0 : -1.0;
        cone->face[j] = HS_CONE_POSITIVE;
    }
}

static void set_faces(hs_search_cone *cone, const hs_domain *domain) {
    bool nonneg = domain->kind == HS_DOMAIN_NONNEG_BALL;
    for (size_t j = 0; j < cone->n; j++) {
        cone->scale[j] = 1.0;
        cone->face[j] = nonneg ? HS_CONE_POSITIVE : HS_CONE_FREE;
        if (cone->tau && cone->ball)
            cone->scale[j] = domain->radius;
        if (cone->tau && domain->kind == HS_DOMAIN_BOX)
            set_box_face(cone, domain, j);
        if (cone->ball || cone->face[j] != HS_CONE_FREE)
            cone->which[cone->hard++] = j;
    }
    if (cone->tau)
        cone->which[cone->hard++] = cone->n;
}

hs_status hs_search_cone_create(const hs_domain *domain, size_t n, bool zero_bias,
                                hs_search_cone *cone, hs_error *error) {
    *cone = (hs_search_cone){.n = n};
    bool box = domain->kind == HS_DOMAIN_BOX;
    cone->tau = !zero_bias || (box && !surrounds_origin(domain, n));
    cone->ball = cone->tau && !box && domain->kind != HS_DOMAIN_SPACE;
    cone->d = n + (cone->tau ? 1 : 0);
    cone->which = hs_allocate(n + 1, sizeof *cone->which);
    cone->centre = hs_allocate(n, sizeof *cone->centre);
    cone->scale = hs_allocate(n, sizeof *cone->scale);
    cone->face = hs_allocate(n, sizeof *cone->face);
    if (cone->which == NULL || cone->centre == NULL || cone->scale == NULL || cone->face == NULL) {
        hs_search_cone_clear(cone);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a domain of %zu inputs", n);
    }
    set_faces(cone, domain);
    return HS_OK;
}

void hs_search_cone_clear(hs_search_cone *cone) {
    free(cone->which);
    free(cone->centre);
    free(cone->scale);
    free(cone->face);
    *cone = (hs_search_cone){0};
}

void hs_search_cone_equilibrate(hs_search_cone *cone, size_t m, const double *weight) {
    size_t n = cone->n;
    double *largest = cone->ball ? NULL : hs_allocate(n, sizeof *largest);
    if (largest == NULL)
        return; /* without memory: as it is */
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double size = fabs(weight[i * n + j]);
            largest[j] = size > largest[j] ? size : largest[j];
        }
    for (size_t j = 0; j < n; j++) {
        int exponent;
        frexp(largest[j], &exponent);
        if (largest[j] > 0.0 && cone->face[j] != HS_CONE_BELOW_TAU)
            cone->scale[j] = ldexp(cone->scale[j], -exponent);
    }
    free(largest);
}

void hs_search_cone_row(const hs_search_cone *cone, const double *w, double b, double *row) {
    double offset = b;
    for (size_t j = 0; j < cone->n; j++) {
        row[j] = w[j] * cone->scale[j];
        offset += w[j] * cone->centre[j];
    }
    if (cone->tau)
        row[cone->n] = offset;
}

/* Half of the way from the origin to the boundary of a domain that surrounds it. */
static void fit(const hs_domain *domain, size_t n, double *z) {
    double square = 0.0, factor = INFINITY;
    for (size_t j = 0; j < n; j++)
        square += z[j] * z[j];
    if (domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL)
        factor = 0.5 * domain->radius / sqrt(square);
    for (size_t j = 0; j < n && domain->kind == HS_DOMAIN_BOX; j++)
        if (z[j] != 0.0)
            factor = fmin(factor, 0.5 * (z[j] > 0.0 ? domain->upper[j] : domain->lower[j]) / z[j]);
    if (!isfinite(factor))
        factor = 1.0 / sqrt(square);
    for (size_t j = 0; j < n; j++)
        z[j] *= factor;
}

void hs_search_cone_pull(const hs_search_cone *cone, double *zeta) {
    const double hair = 1e-6;
    double tau = cone->tau ? zeta[cone->n] : 1.0, square = 0.0;
    for (size_t j = 0; j < cone->n; j++) {
        if (cone->face[j] == HS_CONE_POSITIVE)
            zeta[j] = fmax(zeta[j], hair * fabs(tau));
        if (cone->face[j] == HS_CONE_BELOW_TAU && fabs(zeta[j]) >= tau)
            zeta[j] = copysign((1.0 - hair) * tau, zeta[j]);
        square += zeta[j] * zeta[j];
    }
    if (!cone->ball || square < tau * tau * (1.0 - hair))
        return;
    for (size_t j = 0; j < cone->n; j++)
        zeta[j] *= (1.0 - hair) * tau / sqrt(square);
}

static bool inside(const hs_search_cone *cone, const double *zeta) {
    double tau = cone->tau ? zeta[cone->n] : 0.0, square = 0.0;
    if (cone->tau && !(tau > 0.0))
        return false;
    for (size_t j = 0; j < cone->n; j++) {
        square += zeta[j] * zeta[j];
        if (cone->face[j] == HS_CONE_POSITIVE && !(zeta[j] > 0.0))
            return false;
        if (cone->face[j] == HS_CONE_BELOW_TAU && !(fabs(zeta[j]) < tau))
            return false;
    }
    return !cone->ball || square < tau * tau * (1.0 - 1e-12);
}

bool hs_search_cone_point(const hs_search_cone *cone, const hs_domain *domain, const double *zeta,
                          double *z) {
    if (!inside(cone, zeta))
        return false;
    double square = 0.0;
    for (size_t j = 0; j < cone->n; j++) {
        double offset = cone->scale[j] * zeta[j];
        z[j] = cone->tau ? cone->centre[j] + offset / zeta[cone->n] : offset;
        square += z[j] * z[j];
    }
    if (!cone->tau && square > 0.0 && isfinite(square))
        fit(domain, cone->n, z);
    return isfinite(square) && (cone->tau || square > 0.0);
}

/* ---- projection, lane by lane ------------------------------------------------------------ */

/* |v| <= t for all coordinates together, t in place. */
static void project_ball(size_t count, float *v, float *t) {
    float square[HS_LANES] = {0.0f}, factor[HS_LANES];
    for (size_t k = 0; k < count; k++)
        for (size_t l = 0; l < HS_LANES; l++)
            square[l] += v[k * HS_LANES + l] * v[k * HS_LANES + l];
    for (size_t l = 0; l < HS_LANES; l++) {
        float norm = sqrtf(square[l]);
        float outside = norm > t[l] ? 1.0f : 0.0f;
        float onto = fmaxf(0.5f * (norm + t[l]), 0.0f);
        factor[l] = outside > 0.0f ? onto / norm : 1.0f;
        t[l] = outside > 0.0f ? onto : t[l];
    }
    for (size_t k = 0; k < count; k++)
        for (size_t l = 0; l < HS_LANES; l++)
            v[k * HS_LANES + l] *= factor[l];
}

/* |v_k| <= t for each coordinate: t minimises (t - t0)^2 + sum_k max(|v_k| - t, 0)^2. Newton's
 * method from below is monotone, because the derivative is concave. */
static void project_box(const hs_search_cone *cone, float *v, float *t) {
    enum { ROUNDS = 8 };
    size_t count = cone->hard - 1;
    float start[HS_LANES];
    for (size_t l = 0; l < HS_LANES; l++) {
        start[l] = t[l];
        t[l] = fmaxf(t[l], 0.0f);
    }
    for (int round = 0; round < ROUNDS; round++) {
        float sum[HS_LANES], number[HS_LANES];
        for (size_t l = 0; l < HS_LANES; l++) {
            sum[l] = start[l];
            number[l] = 1.0f;
        }
        for (size_t k = 0; k < count; k++) {
            if (cone->face[cone->which[k]] != HS_CONE_BELOW_TAU)
                continue;
            for (size_t l = 0; l < HS_LANES; l++) {
                float size = fabsf(v[k * HS_LANES + l]);
                sum[l] += size > t[l] ? size : 0.0f;
                number[l] += size > t[l] ? 1.0f : 0.0f;
            }
        }
        for (size_t l = 0; l < HS_LANES; l++)
            t[l] = fmaxf(t[l], sum[l] / number[l]);
    }
    for (size_t k = 0; k < count; k++)
        for (size_t l = 0; l < HS_LANES; l++)
            if (cone->face[cone->which[k]] == HS_CONE_BELOW_TAU)
                v[k * HS_LANES + l] = fminf(fmaxf(v[k * HS_LANES + l], -t[l]), t[l]);
}

static void project_positive(const hs_search_cone *cone, float least, float *v) {
    for (size_t k = 0; k < cone->hard; k++) {
        size_t j = cone->which[k];
        if (j == cone->n || cone->face[j] != HS_CONE_POSITIVE)
            continue;
        for (size_t l = 0; l < HS_LANES; l++)
            v[k * HS_LANES + l] = fmaxf(v[k * HS_LANES + l], least);
    }
}

void hs_search_cone_project(const hs_search_cone *cone, float *v) {
    project_positive(cone, cone->ball ? 0.0f : 1.0f, v);
    if (!cone->tau)
        return;
    float *tau = v + (cone->hard - 1) * HS_LANES;
    for (size_t l = 0; l < HS_LANES; l++)
        tau[l] -= 1.0f;
    if (cone->ball)
        project_ball(cone->hard - 1, v, tau);
    else
        project_box(cone, v, tau);
    for (size_t l = 0; l < HS_LANES; l++)
        tau[l] = fmaxf(tau[l], 0.0f) + 1.0f;
    if (cone->ball)
        project_positive(cone, 0.1f, v);
}
