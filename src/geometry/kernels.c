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
typedef float quartet __attribute__((vector_size(16)));
typedef int quartet_mask __attribute__((vector_size(16)));
typedef float octet __attribute__((vector_size(32)));
typedef int octet_mask __attribute__((vector_size(32)));
typedef double double_sixteen __attribute__((vector_size(128)));
typedef float sixteen __attribute__((vector_size(64)));
typedef int sixteen_mask __attribute__((vector_size(64)));
typedef uint64_t bit_two __attribute__((vector_size(16), aligned(8), may_alias));
typedef uint64_t bit_four __attribute__((vector_size(32), aligned(8), may_alias));
typedef uint64_t bit_eight __attribute__((vector_size(64), aligned(8), may_alias));

/* A row counts as a combination of the active rows of a cone when the orthogonal rest is below this
 * share of its norm. */
static const float dependent_share = 1e-4f;

/* A row takes the place of another in a combination that is zero when it has more than this of it:
 * the basis is divided by that. */
static const float least_exchange = 0.05f;

/* mask ? yes : no, lane by lane */
#define CHOOSE(TYPE, MASKS, mask, yes, no)                                                         \
    ((TYPE)(((mask) & (MASKS)(yes)) | (~(mask) & (MASKS)(no))))

#define DEFINE_LESSER(TYPE, MASKS, ON)                                                             \
    ON INLINE TYPE lesser_##TYPE(TYPE least, TYPE value) {                                         \
        value = CHOOSE(TYPE, MASKS, value < 0, -value, value);                                     \
        return CHOOSE(TYPE, MASKS, value < least, value, least);                                   \
    }

#define DEFINE_POSITIVE(TYPE, MASKS, ON)                                                           \
    ON INLINE TYPE positive_##TYPE(TYPE value) {                                                   \
        return (TYPE)((value > 0) & (MASKS)value);                                                 \
    }

DEFINE_LESSER(two, two_masks, )
DEFINE_LESSER(quartet, quartet_mask, )
DEFINE_POSITIVE(two, two_masks, )

INLINE float largest_quartet(quartet value) {
    float largest = value[0];
    for (size_t k = 1; k < 4; k++)
        largest = value[k] > largest ? value[k] : largest;
    return largest;
}

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

#define DEFINE_BLOCKING(NAME, REAL)                                                                \
    INLINE size_t NAME(const REAL *lambda, const REAL *r, size_t stride, REAL *length) {           \
        size_t block = stride;                                                                     \
        *length = INFINITY;                                                                        \
        for (size_t slot = 0; slot < stride; slot++)                                               \
            if (r[slot] > 0 && lambda[slot] / r[slot] < *length) {                                 \
                *length = lambda[slot] / r[slot];                                                  \
                block = slot;                                                                      \
            }                                                                                      \
        return block;                                                                              \
    }

DEFINE_BLOCKING(blocking_plain, double)
DEFINE_BLOCKING(find_block_plain, float)

/* The lane of the largest value above zero, or all. */
INLINE size_t find_most_quartet(quartet value) {
    size_t winner = 4;
    float largest = 0.0f;
    for (size_t k = 0; k < 4; k++)
        if (value[k] > largest) {
            largest = value[k];
            winner = k;
        }
    return winner;
}

#define UNIT_NAME "plain"
#define KERNEL(name) name##_plain_unit
#define TARGET
#define lanes two
#define bit_lanes bit_two
#define WIDTH 2
#define LESSER lesser_two
#define POSITIVE positive_two
#define MOST most_plain
#define BLOCKING blocking_plain
#define narrow quartet
#define narrow_mask quartet_mask
#define wide_narrow four
#define NARROW 4
#define NARROW_INDEX                                                                               \
    { 0, 1, 2, 3 }
#define brief quartet
#define brief_mask quartet_mask
#define BRIEF 4
#define FIND_MOST find_most_quartet
#define FIND_BLOCK find_block_plain
#define LESSER_F lesser_quartet
#define LARGEST largest_quartet
#include "geometry/kernels_unit.h"

#if defined(__x86_64__)

#define TARGET_AVX2 __attribute__((target("avx2,fma,popcnt")))
DEFINE_LESSER(four, four_masks, TARGET_AVX2)
DEFINE_POSITIVE(four, four_masks, TARGET_AVX2)

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

TARGET_AVX2 INLINE octet lesser_octet(octet least, octet value) {
    return (octet)_mm256_min_ps((__m256)least,
                                _mm256_andnot_ps(_mm256_set1_ps(-0.0f), (__m256)value));
}

/* The largest of eight, in every lane. */
TARGET_AVX2 INLINE __m256 spread_largest(__m256 v) {
    __m256 most = _mm256_max_ps(v, _mm256_permute2f128_ps(v, v, 1));
    most = _mm256_max_ps(most, _mm256_permute_ps(most, 0x4e));
    return _mm256_max_ps(most, _mm256_permute_ps(most, 0xb1));
}

TARGET_AVX2 INLINE float largest_octet(octet value) {
    return _mm256_cvtss_f32(spread_largest((__m256)value));
}

TARGET_AVX2 INLINE size_t find_most_octet(octet value) {
    __m256 v = (__m256)value;
    __m256 found = _mm256_and_ps(_mm256_cmp_ps(v, spread_largest(v), _CMP_EQ_OQ),
                                 _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GT_OQ));
    return (size_t)__builtin_ctz((unsigned)_mm256_movemask_ps(found) | 1U << 8);
}

TARGET_AVX2 INLINE size_t find_block_octet(const float *lambda, const float *r, size_t stride,
                                           float *length) {
    const __m256 infinite = _mm256_set1_ps(INFINITY);
    size_t block = stride;
    *length = INFINITY;
    for (size_t slot = 0; slot < stride; slot += 8) {
        __m256 rate = _mm256_loadu_ps(r + slot);
        __m256 falls = _mm256_cmp_ps(rate, _mm256_setzero_ps(), _CMP_GT_OQ);
        __m256 v =
            _mm256_blendv_ps(infinite, _mm256_div_ps(_mm256_loadu_ps(lambda + slot), rate), falls);
        __m256 least = _mm256_min_ps(v, _mm256_permute2f128_ps(v, v, 1));
        least = _mm256_min_ps(least, _mm256_permute_ps(least, 0x4e));
        least = _mm256_min_ps(least, _mm256_permute_ps(least, 0xb1));
        float smallest = _mm256_cvtss_f32(least);
        if (smallest < *length) {
            *length = smallest;
            block = slot + (size_t)__builtin_ctz(
                               (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(v, least, _CMP_EQ_OQ)) |
                               1U << 8);
        }
    }
    return block < stride ? block : stride;
}

#define UNIT_NAME "avx2"
#define KERNEL(name) name##_avx2_unit
#define TARGET TARGET_AVX2
#define lanes four
#define bit_lanes bit_four
#define WIDTH 4
#define LESSER lesser_four
#define POSITIVE positive_four
#define MOST most_four
#define BLOCKING blocking_plain
#define narrow octet
#define narrow_mask octet_mask
#define wide_narrow eight
#define NARROW 8
#define brief octet
#define brief_mask octet_mask
#define BRIEF 8
#define NARROW_INDEX                                                                               \
    { 0, 1, 2, 3, 4, 5, 6, 7 }
#define FIND_MOST find_most_octet
#define FIND_BLOCK find_block_octet
#define LESSER_F lesser_octet
#define LARGEST largest_octet
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

INLINE_512 sixteen lesser_sixteen(sixteen least, sixteen value) {
    return (sixteen)_mm512_min_ps((__m512)least, _mm512_abs_ps((__m512)value));
}

INLINE_512 float largest_sixteen(sixteen value) {
    return _mm512_reduce_max_ps((__m512)value);
}

INLINE_512 size_t find_most_sixteen(sixteen value) {
    __m512 v = (__m512)value, most = _mm512_set1_ps(_mm512_reduce_max_ps(v));
    unsigned found = _mm512_cmp_ps_mask(v, most, _CMP_EQ_OQ) &
                     _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ);
    return (size_t)__builtin_ctz(found | 1U << 16);
}

#define UNIT_NAME "avx512"
#define KERNEL(name) name##_avx512_unit
#define TARGET TARGET_512
#define lanes eight
#define bit_lanes bit_eight
#define WIDTH 8
#define LESSER lesser_eight
#define POSITIVE positive_eight
#define MOST most_eight
#define BLOCKING blocking_eight
#define narrow sixteen
#define narrow_mask sixteen_mask
#define wide_narrow double_sixteen
#define NARROW 16
#define brief octet
#define brief_mask octet_mask
#define BRIEF 8
#define NARROW_INDEX                                                                               \
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }
#define FIND_MOST find_most_sixteen
#define FIND_BLOCK find_block_octet
#define LESSER_F lesser_sixteen
#define LARGEST largest_sixteen
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
