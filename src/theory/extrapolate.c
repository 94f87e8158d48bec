#include "theory/extrapolate.h"

#include <lapacke.h>
#include <math.h>

enum { POINTS_MAX = 6 };

double hs_extrapolate(const double *size, const double *value, size_t points, double power) {
    double matrix[POINTS_MAX * POINTS_MAX], right[POINTS_MAX];
    lapack_int pivot[POINTS_MAX], n = (lapack_int)points;
    if (points < 2 || points > POINTS_MAX)
        return NAN;
    /* differences to the last value, and sizes in units of the last, keep every digit */
    for (size_t i = 0; i < points; i++) {
        double ratio = size[points - 1] / size[i];
        right[i] = value[i] - value[points - 1];
        matrix[i * points] = 1.0;
        for (size_t j = 1; j < points; j++)
            matrix[i * points + j] = pow(ratio, power + (double)j - 1.0);
    }
    if (LAPACKE_dgesv(LAPACK_ROW_MAJOR, n, 1, matrix, n, pivot, right, 1) != 0)
        return NAN;
    return value[points - 1] + right[0];
}
