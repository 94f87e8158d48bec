/* x86-64 with AVX-512F: one register holds the sixteen lanes of a row. */
#include "engine/search_kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define HS_TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq")))
#include "engine/search_kernel_rows.h"

HS_TARGET static void product(const float *panels, size_t stride, size_t count, size_t columns,
                              const float *y, float *a) {
    for (size_t p = 0; p < count; p++) {
        const float *q = panels + p * stride;
        __m512 sum[HS_PANEL];
#pragma GCC unroll 16
        for (int r = 0; r < HS_PANEL; r++)
            sum[r] = _mm512_setzero_ps();
        for (size_t j = 0; j < columns; j++) {
            __m512 value = _mm512_loadu_ps(y + j * HS_LANES);
#pragma GCC unroll 16
            for (int r = 0; r < HS_PANEL; r++)
                sum[r] =
                    _mm512_fmadd_ps(_mm512_set1_ps(q[j * HS_PANEL + (size_t)r]), value, sum[r]);
        }
#pragma GCC unroll 16
        for (int r = 0; r < HS_PANEL; r++)
            _mm512_storeu_ps(a + (p * HS_PANEL + (size_t)r) * HS_LANES, sum[r]);
    }
}

HS_TARGET static void gather(const float *panels, size_t stride, size_t count, size_t columns,
                             const float *c, float *y) {
    for (size_t p = 0; p < count; p++) {
        const float *q = panels + p * stride;
        __m512 value[HS_PANEL];
#pragma GCC unroll 16
        for (int r = 0; r < HS_PANEL; r++)
            value[r] = _mm512_loadu_ps(c + (p * HS_PANEL + (size_t)r) * HS_LANES);
        for (size_t j = 0; j < columns; j++) {
            __m512 even = _mm512_loadu_ps(y + j * HS_LANES), odd = _mm512_setzero_ps();
#pragma GCC unroll 8
            for (int r = 0; r < HS_PANEL; r += 2) {
                const float *factor = q + j * HS_PANEL + (size_t)r;
                even = _mm512_fmadd_ps(_mm512_set1_ps(factor[0]), value[r], even);
                odd = _mm512_fmadd_ps(_mm512_set1_ps(factor[1]), value[r + 1], odd);
            }
            _mm512_storeu_ps(y + j * HS_LANES, _mm512_add_ps(even, odd));
        }
    }
}

const hs_search_kernel *hs_search_kernel_avx512(void) {
    static const hs_search_kernel kernel = {"avx512",    product, gather, reflect,
                                            count_above, advance, scale};
    bool runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    return runs ? &kernel : NULL;
}

#else

const hs_search_kernel *hs_search_kernel_avx512(void) {
    return NULL;
}

#endif
