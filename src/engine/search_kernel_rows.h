/* The row-wise loops of a kernel, written once in plain C and compiled in each kernel's file for
 * its instruction set: the file defines HS_TARGET and includes this once. The inner loops over the
 * lanes have a fixed length, which compilers turn into vector instructions. */
#include "engine/search_kernel.h"

HS_TARGET static void reflect(size_t rows, const float *restrict a, const float *restrict x,
                              float *restrict u, int32_t *active) {
    int32_t count[HS_LANES] = {0};
    for (size_t i = 0; i < rows; i++)
        for (size_t l = 0; l < HS_LANES; l++) {
            float value = a[i * HS_LANES + l];
            u[i * HS_LANES + l] = 2.0f * value - x[i * HS_LANES + l];
            count[l] += value >= 0.0f;
        }
    for (size_t l = 0; l < HS_LANES; l++)
        active[l] = count[l];
}

HS_TARGET static void count_above(size_t rows, const float *restrict u,
                                  const float *restrict thresholds, int32_t *restrict counts) {
    float low[HS_LANES], middle[HS_LANES], high[HS_LANES];
    int32_t low_count[HS_LANES] = {0}, middle_count[HS_LANES] = {0}, high_count[HS_LANES] = {0};
    for (size_t l = 0; l < HS_LANES; l++) {
        low[l] = thresholds[l];
        middle[l] = thresholds[HS_LANES + l];
        high[l] = thresholds[2 * HS_LANES + l];
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t l = 0; l < HS_LANES; l++) {
            float value = u[i * HS_LANES + l];
            low_count[l] += value > low[l];
            middle_count[l] += value > middle[l];
            high_count[l] += value > high[l];
        }
    for (size_t l = 0; l < HS_LANES; l++) {
        counts[l] = low_count[l];
        counts[HS_LANES + l] = middle_count[l];
        counts[2 * HS_LANES + l] = high_count[l];
    }
}

HS_TARGET static void advance(size_t rows, const float *beta, const float *weight,
                              const float *threshold, const float *restrict a, float *restrict x,
                              float *restrict u) {
    float step[HS_LANES], share[HS_LANES], limit[HS_LANES];
    for (size_t l = 0; l < HS_LANES; l++) {
        step[l] = beta[l];
        share[l] = weight[l];
        limit[l] = threshold[l];
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t l = 0; l < HS_LANES; l++) {
            size_t k = i * HS_LANES + l;
            float value = u[k] > limit[l] ? -1.0f : u[k];
            float c = value > -1.0f ? -1.0f - value : 0.0f;
            x[k] += step[l] * (a[k] - x[k] + c);
            u[k] = share[l] * c;
        }
}

HS_TARGET static void scale(size_t rows, const float *factor, float *restrict x) {
    float by[HS_LANES];
    for (size_t l = 0; l < HS_LANES; l++)
        by[l] = factor[l];
    for (size_t i = 0; i < rows; i++)
        for (size_t l = 0; l < HS_LANES; l++)
            x[i * HS_LANES + l] *= by[l];
}
