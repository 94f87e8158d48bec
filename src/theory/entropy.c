#include "theory/entropy.h"

#include <math.h>

/* entropy = 1/2 Int_0^A dt / lambda(t), lambda(t) = 1/2 + Int_t^A x(t') dt', A = sum of widths and
 * x(t) = 0 on the first width, then x_0, x_1, ...: the sums below are this integral and its
 * variations, segment by segment. */

/* Int_0^width dt / (inner + x t) */
static double reciprocal(double width, double x, double inner) {
    double ratio = x * width / inner;
    return ratio > 0.0 ? width / inner * (log1p(ratio) / ratio) : width / inner;
}

/* Int_0^width t dt / (inner + x t)^2 */
static double weighted_square(double width, double x, double inner) {
    double ratio = x * width / inner, scale = width / inner;
    if (ratio > 1e-2)
        return scale * scale * (log1p(ratio) - ratio / (1.0 + ratio)) / (ratio * ratio);
    double sum = 0.0, power = 1.0;
    for (int n = 0; n < 10; n++, power *= -ratio)
        sum += power * (n + 1.0) / (n + 2.0);
    return scale * scale * sum;
}

void hs_entropy_at(const hs_parameters *at, hs_functional *result) {
    size_t k = at->steps;
    double lambda[HS_STEPS_MAX + 1];
    lambda[k] = 0.5;
    for (size_t j = k; j-- > 0;)
        lambda[j] = lambda[j + 1] + at->x[j] * at->width[j + 1];

    double integral = at->width[0] / lambda[0];
    result->dual[0] = integral / lambda[0];
    for (size_t j = 0; j < k; j++) {
        integral += reciprocal(at->width[j + 1], at->x[j], lambda[j + 1]);
        result->dual[j + 1] = result->dual[j] + at->width[j + 1] / (lambda[j] * lambda[j + 1]);
    }
    result->entropy = 0.5 * integral;

    result->entropy_by_width[0] = 0.5 / lambda[0];
    for (size_t j = 1; j <= k; j++)
        result->entropy_by_width[j] = 0.5 * (1.0 / lambda[j] - at->x[j - 1] * result->dual[j]);
    for (size_t j = 0; j < k; j++)
        result->entropy_by_x[j] =
            -0.5 * (at->width[j + 1] * result->dual[j] +
                    weighted_square(at->width[j + 1], at->x[j], lambda[j + 1]));
}
