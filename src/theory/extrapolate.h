/* The limit of a sequence with an expansion in inverse powers. */
#ifndef HS_THEORY_EXTRAPOLATE_H
#define HS_THEORY_EXTRAPOLATE_H

#include <stddef.h>

/* The constant c_0 of the interpolation value_i = c_0 + size_i^-power (c_1 + c_2 / size_i + ...)
 * through 2 to 6 points. */
double hs_extrapolate(const double *size, const double *value, size_t points, double power);

#endif
