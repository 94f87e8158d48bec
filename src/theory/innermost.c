#include "theory/innermost.h"

#include <math.h>

static const double inverse_sqrt_two_pi = 0.39894228040143267794;

/* Gaussian measure of [a, b], a < b, without cancellation in the tails. */
static double gaussian_mass(double a, double b) {
    const double root_half = 0.70710678118654752440;
    if (a > 0.0)
        return 0.5 * (erfc(a * root_half) - erfc(b * root_half));
    if (b < 0.0)
        return 0.5 * (erfc(-b * root_half) - erfc(-a * root_half));
    return 0.5 * (erf(b * root_half) - erf(a * root_half));
}

/* Three pieces: f = 0 for y < 0, -y^2 on [0, 1], -1 beyond. On the middle one the weight is a
 * Gaussian again, of mean h / (1 + 2 x variance); its moments follow by integrating by parts. */
hs_innermost hs_innermost_at(double h, double variance, double x) {
    double width = sqrt(variance);
    double stretch = 1.0 + 2.0 * x * variance;
    double mean = h / stretch, middle_variance = variance / stretch;
    double middle_width = sqrt(middle_variance);
    double density = inverse_sqrt_two_pi / width;
    double half = 0.5 * x; /* all weights are multiplied by exp(x / 2), to stay in range */

    double below = exp(half) * gaussian_mass(-INFINITY, -h / width);
    double above = exp(-half) * gaussian_mass((1.0 - h) / width, INFINITY);
    double edge_0 = density * exp(half - 0.5 * h * h / variance);
    double edge_1 = density * exp(-0.5 * (1.0 - h) * (1.0 - h) / variance - half);
    double m0 = exp(half - x * h * mean) / sqrt(stretch) *
                gaussian_mass(-mean / middle_width, (1.0 - mean) / middle_width);
    double m1 = mean * m0 + middle_variance * (edge_0 - edge_1);
    double m2 = mean * m1 + middle_variance * (m0 - edge_1);

    double u = below + m0 + above;
    hs_innermost result = {
        .slope = -2.0 * m1 / u,
        .bend = (4.0 * x * m2 - 2.0 * m0 + 2.0 * edge_1) / u,
        .mean = -(m2 + above) / u,
        .square = 4.0 * m2 / u,
    };
    result.value = x > 0.0 ? log(u) / x - 0.5 : result.mean;
    return result;
}
