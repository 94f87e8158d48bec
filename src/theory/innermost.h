/* The innermost integral of the recursion, in closed form. */
#ifndef HS_THEORY_INNERMOST_H
#define HS_THEORY_INNERMOST_H

/* With f(y) = -min(max(y,0)^2, 1), u(h) = Int N(y; h, variance) exp(x f(y)) dy and <.> the mean
 * over y weighted by N(y; h, variance) exp(x f(y)) / u(h): */
typedef struct hs_innermost {
    double value;  /* ln(u) / x; the plain mean <f> for x = 0 */
    double slope;  /* d value / dh = <f'> */
    double bend;   /* u'' / (x u) = <f'' + x f'^2> */
    double mean;   /* <f> */
    double square; /* <f'^2> */
} hs_innermost;

hs_innermost hs_innermost_at(double h, double variance, double x);

#endif
