/* The expected number of cells with fewer than n active rows, and two bounds that follow from
 * counting: no lifting involved. */
#include "theory/bounds.h"

#include "theory/root.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>

static const double ln_2 = 0.69314718055994530942;

static double log_binomial(double m, double j) {
    return gsl_sf_lngamma(m + 1.0) - gsl_sf_lngamma(j + 1.0) - gsl_sf_lngamma(m - j + 1.0);
}

/* ln sum_(j<n) C(m, j): from the largest term downwards in both directions, until terms vanish. */
static double log_binomial_sum(double m, double n) {
    if (n > m)
        return m * ln_2;
    double peak = fmin(n - 1.0, floor(0.5 * m)), sum = 1.0, term = 1.0;
    for (double j = peak; j > 0.0 && term > 1e-18 * sum; j--) {
        term *= j / (m - j + 1.0);
        sum += term;
    }
    term = 1.0;
    for (double j = peak; j < n - 1.0 && term > 1e-18 * sum; j++) {
        term *= (m - j) / (j + 1.0);
        sum += term;
    }
    return log_binomial(m, peak) + log(sum);
}

double hs_theory_first_moment_log(size_t m, size_t n) {
    double rows = (double)m, columns = (double)n;
    return log_binomial_sum(rows - 1.0, columns) + log_binomial_sum(rows, columns) -
           (rows - 1.0) * ln_2;
}

double hs_theory_general_position_bound(size_t n) {
    return 3.0 - 2.0 / (double)n;
}

/* lim (1/n) ln C(alpha n, n) */
static double binomial_rate(double alpha) {
    return alpha * log(alpha) - (alpha - 1.0) * log(alpha - 1.0);
}

static double first_moment_rate(double alpha, void *unused) {
    (void)unused;
    return 2.0 * binomial_rate(alpha) - alpha * ln_2;
}

hs_status hs_first_moment_alpha(double *alpha, hs_error *error) {
    return hs_find_root(first_moment_rate, NULL, 3.0, 20.0, 17, "first-moment rate", alpha, error);
}

/* The bad set is a union of orthants met by a random subspace. Summing Wendel's probabilities over
 * its faces with alternating signs, the expected Euler characteristic becomes the coefficient of
 * y^(n-1) in (2+y)^(n-m) sum_(p<n) C(m,p) (1+y)^(m-p-1). For large n its rate is that of the term
 * p = n-1 at the saddle point (1+y)(2+y) = (alpha-1) y, real for alpha > 4 + 2 sqrt 2. */
static double euler_rate(double alpha, void *unused) {
    (void)unused;
    double half = 0.5 * (alpha - 4.0), y = half - sqrt(half * half - 2.0);
    return binomial_rate(alpha) + (alpha - 1.0) * log((1.0 + y) / (2.0 + y)) - log(y);
}

hs_status hs_euler_alpha(double *alpha, hs_error *error) {
    return hs_find_root(euler_rate, NULL, 6.9, 20.0, 17, "Euler characteristic rate", alpha, error);
}
