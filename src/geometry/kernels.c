#include "geometry/kernels.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

typedef double two __attribute__((vector_size(16)));
typedef long long two_masks __attribute__((vector_size(16)));
typedef double four __attribute__((vector_size(32)));
typedef long long four_masks __attribute__((vector_size(32)));
typedef double eight __attribute__((vector_size(64)));

/* mask ? yes : no, lane by lane */
#define CHOOSE(TYPE, MASKS, mask, yes, no)                                                         \
    ((TYPE)(((mask) & (MASKS)(yes)) | (~(mask) & (MASKS)(no))))

#define DEFINE_CHOICES(TYPE, MASKS, ON)                                                            \
    ON INLINE TYPE lesser_##TYPE(TYPE least, TYPE value) {                                         \
        value = CHOOSE(TYPE, MASKS, value < 0.0, -value, value);                                   \
        return CHOOSE(TYPE, MASKS, value < least, value, least);                                   \
    }                                                                                              \
    ON INLINE TYPE positive_##TYPE(TYPE value) {                                                   \
        return (TYPE)((value > 0.0) & (MASKS)value);                                               \
    }

DEFINE_CHOICES(two, two_masks, )

INLINE size_t most_plain(const double *want, const double *value, const double *slack,
                         size_t padded, double *largest) {
    size_t winner = 0;
    *largest = -1.0;
    for (size_t i = 0; i < padded; i++) {
        double violation = want[i] * value[i] + slack[i];
        winner = violation > *largest ? i : winner;
        *largest = violation > *largest ? violation : *largest;
    }
    return winner;
}

INLINE size_t blocking_plain(const double *lambda, const double *r, size_t stride, double *length) {
    size_t block = stride;
    *length = INFINITY;
    for (size_t slot = 0; slot < stride; slot++)
        if (r[slot] > 0.0 && lambda[slot] / r[slot] < *length) {
            *length = lambda[slot] / r[slot];
            block = slot;
        }
    return block;
}

#define UNIT_NAME "plain"
#define KERNEL(name) name##_plain_unit
#define TARGET
#define lanes two
#define WIDTH 2
#define LESSER lesser_two
#define POSITIVE positive_two
#define MOST most_plain
#define BLOCKING blocking_plain
#include "geometry/kernels_unit.h"

#if defined(__x86_64__)

#define TARGET_AVX2 __attribute__((target("avx2,fma,popcnt")))
DEFINE_CHOICES(four, four_masks, TARGET_AVX2)

TARGET_AVX2 INLINE size_t most_four(const double *want, const double *value, const double *slack,
                                    size_t padded, double *largest) {
    four best = {-1, -1, -1, -1}, index = {0, 1, 2, 3}, best_index = index;
    for (size_t i = 0; i < padded; i += 4) {
        four w, v, s;
        memcpy(&w, want + i, sizeof w);
        memcpy(&v, value + i, sizeof v);
        memcpy(&s, slack + i, sizeof s);
        v = w * v + s;
        four_masks better = v > best;
        best = CHOOSE(four, four_masks, better, v, best);
        best_index = CHOOSE(four, four_masks, better, index, best_index);
        index += 4.0;
    }
    size_t winner = 0;
    *largest = -1.0;
    for (size_t k = 0; k < 4; k++)
        if (best[k] > *largest) {
            *largest = best[k];
            winner = (size_t)best_index[k];
        }
    return winner;
}

#define UNIT_NAME "avx2"
#define KERNEL(name) name##_avx2_unit
#define TARGET TARGET_AVX2
#define lanes four
#define WIDTH 4
#define LESSER lesser_four
#define POSITIVE positive_four
#define MOST most_four
#define BLOCKING blocking_plain
#include "geometry/kernels_unit.h"

/* Compilers take comparisons of eight apart, but there are instructions for them. */
#define TARGET_512                                                                                 \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512vpopcntdq,avx2,fma,popcnt")))
#define INLINE_512 TARGET_512 __attribute__((always_inline)) static inline

INLINE_512 eight lesser_eight(eight least, eight value) {
    return (eight)_mm512_min_pd((__m512d)least, _mm512_abs_pd((__m512d)value));
}

INLINE_512 eight positive_eight(eight value) {
    return (eight)_mm512_max_pd((__m512d)value, _mm512_setzero_pd());
}

/* The first lane with this value. */
INLINE_512 size_t lane_of(__m512d values, double value) {
    return (size_t)__builtin_ctz(_mm512_cmp_pd_mask(values, _mm512_set1_pd(value), _CMP_EQ_OQ) |
                                 1U << HS_LANES);
}

INLINE_512 size_t most_eight(const double *want, const double *value, const double *slack,
                             size_t padded, double *largest) {
    __m512d best = _mm512_set1_pd(-1.0);
    __m512i blocks = _mm512_setzero_si512();
    for (size_t i = 0; i < padded; i += HS_LANES) {
        __m512d v = _mm512_fmadd_pd(_mm512_loadu_pd(want + i), _mm512_loadu_pd(value + i),
                                    _mm512_loadu_pd(slack + i));
        __mmask8 more = _mm512_cmp_pd_mask(v, best, _CMP_GT_OQ);
        best = _mm512_mask_mov_pd(best, more, v);
        blocks = _mm512_mask_mov_epi64(blocks, more, _mm512_set1_epi64((long long)i));
    }
    long long block[HS_LANES];
    _mm512_storeu_si512(block, blocks);
    *largest = _mm512_reduce_max_pd(best);
    size_t lane = lane_of(best, *largest);
    return lane < HS_LANES ? (size_t)block[lane] + lane : 0;
}

INLINE_512 size_t blocking_eight(const double *lambda, const double *r, size_t stride,
                                 double *length) {
    const __m512d infinite = _mm512_set1_pd(INFINITY);
    size_t block = stride;
    *length = INFINITY;
    for (size_t slot = 0; slot < stride; slot += HS_LANES) {
        __m512d rate = _mm512_loadu_pd(r + slot);
        __mmask8 falls = _mm512_cmp_pd_mask(rate, _mm512_setzero_pd(), _CMP_GT_OQ);
        __m512d ratio = _mm512_mask_div_pd(infinite, falls, _mm512_loadu_pd(lambda + slot), rate);
        double least = _mm512_reduce_min_pd(ratio);
        if (least < *length) {
            *length = least;
            block = slot + lane_of(ratio, least);
        }
    }
    return block;
}

#define UNIT_NAME "avx512"
#define KERNEL(name) name##_avx512_unit
#define TARGET TARGET_512
#define lanes eight
#define WIDTH 8
#define LESSER lesser_eight
#define POSITIVE positive_eight
#define MOST most_eight
#define BLOCKING blocking_eight
#include "geometry/kernels_unit.h"

#endif

const hs_kernels *hs_kernels_choose(void) {
#if defined(__x86_64__)
    const char *wish = getenv("HALFSPAN_KERNEL");
    bool plain = wish != NULL && strcmp(wish, "plain") == 0;
    bool narrow = wish != NULL && strcmp(wish, "avx2") == 0;
    __builtin_cpu_init();
    if (!plain && !narrow && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vpopcntdq"))
        return &kernels_avx512_unit;
    if (!plain && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &kernels_avx2_unit;
#endif
    return &kernels_plain_unit;
}
