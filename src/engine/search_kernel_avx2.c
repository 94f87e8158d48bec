/* x86-64 with AVX2 and FMA: two registers hold the sixteen lanes of a row. */
#include "engine/search_kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define HS_TARGET __attribute__((target("avx2,fma")))
#include "engine/search_kernel_rows.h"

enum { BLOCK = 4 }; /* 8 sums, 2 registers of y and a broadcast: 11 of the 16 registers */

HS_TARGET static void product_block(const float *q, size_t columns, const float *y, float *a) {
    __m256 left[BLOCK], right[BLOCK];
    for (int r = 0; r < BLOCK; r++)
        left[r] = right[r] = _mm256_setzero_ps();
    for (size_t j = 0; j < columns; j++) {
        __m256 y_left = _mm256_loadu_ps(y + j * HS_LANES);
        __m256 y_right = _mm256_loadu_ps(y + j * HS_LANES + 8);
        for (int r = 0; r < BLOCK; r++) {
            __m256 factor = _mm256_broadcast_ss(q + j * HS_PANEL + r);
            left[r] = _mm256_fmadd_ps(factor, y_left, left[r]);
            right[r] = _mm256_fmadd_ps(factor, y_right, right[r]);
        }
    }
    for (int r = 0; r < BLOCK; r++) {
        _mm256_storeu_ps(a + r * HS_LANES, left[r]);
        _mm256_storeu_ps(a + r * HS_LANES + 8, right[r]);
    }
}

HS_TARGET static void product(const float *panels, size_t stride, size_t count, size_t columns,
                              const float *y, float *a) {
    for (size_t p = 0; p < count; p++)
        for (size_t r = 0; r < HS_PANEL; r += BLOCK)
            product_block(panels + p * stride + r, columns, y, a + (p * HS_PANEL + r) * HS_LANES);
}

HS_TARGET static void gather_block(const float *q, size_t columns, const float *c, float *y) {
    __m256 left[BLOCK], right[BLOCK];
    for (int r = 0; r < BLOCK; r++) {
        left[r] = _mm256_loadu_ps(c + r * HS_LANES);
        right[r] = _mm256_loadu_ps(c + r * HS_LANES + 8);
    }
    for (size_t j = 0; j < columns; j++) {
        __m256 y_left = _mm256_loadu_ps(y + j * HS_LANES);
        __m256 y_right = _mm256_loadu_ps(y + j * HS_LANES + 8);
        for (int r = 0; r < BLOCK; r++) {
            __m256 factor = _mm256_broadcast_ss(q + j * HS_PANEL + r);
            y_left = _mm256_fmadd_ps(factor, left[r], y_left);
            y_right = _mm256_fmadd_ps(factor, right[r], y_right);
        }
        _mm256_storeu_ps(y + j * HS_LANES, y_left);
        _mm256_storeu_ps(y + j * HS_LANES + 8, y_right);
    }
}

HS_TARGET static void gather(const float *panels, size_t stride, size_t count, size_t columns,
                             const float *c, float *y) {
    for (size_t p = 0; p < count; p++)
        for (size_t r = 0; r < HS_PANEL; r += BLOCK)
            gather_block(panels + p * stride + r, columns, c + (p * HS_PANEL + r) * HS_LANES, y);
}

const hs_search_kernel *hs_search_kernel_avx2(void) {
    static const hs_search_kernel kernel = {"avx2",      product, gather, reflect,
                                            count_above, advance, scale};
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernel : NULL;
}

#else

const hs_search_kernel *hs_search_kernel_avx2(void) {
    return NULL;
}

#endif
