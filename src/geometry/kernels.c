#include "geometry/kernels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Eight doubles; the compiler splits them where the machine has shorter registers. */
typedef double lanes __attribute__((vector_size(64)));

/* Four, for what compares: compilers take comparisons of eight apart. */
typedef double quad __attribute__((vector_size(32)));
typedef long long quad_masks __attribute__((vector_size(32)));
enum { QUAD = 4 };

#define INLINE static inline __attribute__((always_inline))

INLINE lanes load(const double *from) {
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void store(double *to, lanes value) {
    memcpy(to, &value, sizeof value);
}

INLINE quad load_quad(const double *from) {
    quad value;
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void store_quad(double *to, quad value) {
    memcpy(to, &value, sizeof value);
}

INLINE quad choose(quad_masks mask, quad yes, quad no) {
    return (quad)((mask & (quad_masks)yes) | (~mask & (quad_masks)no));
}

INLINE void image_body(const double *basis, size_t d, size_t pitch, size_t columns, const double *a,
                       double *image) {
    size_t c = 0;
    for (; c + 4 * HS_LANES <= columns; c += 4 * HS_LANES) {
        lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        for (size_t j = 0; j < d; j++) {
            const double *row = basis + j * pitch + c;
            s0 += a[j] * load(row);
            s1 += a[j] * load(row + HS_LANES);
            s2 += a[j] * load(row + 2 * HS_LANES);
            s3 += a[j] * load(row + 3 * HS_LANES);
        }
        store(image + c, s0);
        store(image + c + HS_LANES, s1);
        store(image + c + 2 * HS_LANES, s2);
        store(image + c + 3 * HS_LANES, s3);
    }
    for (; c < columns; c += HS_LANES) {
        lanes sum = {0};
        for (size_t j = 0; j < d; j++)
            sum += a[j] * load(basis + j * pitch + c);
        store(image + c, sum);
    }
}

INLINE void rank_one_body(double *basis, size_t d, size_t width, const double *column, double scale,
                          const double *image) {
    for (size_t j = 0; j < d; j++) {
        double factor = scale * column[j];
        double *row = basis + j * width;
        for (size_t c = 0; c < width; c += HS_LANES)
            store(row + c, load(row + c) + factor * load(image + c));
    }
}

INLINE size_t price_body(const double *columns, size_t d, size_t padded, const double *z,
                         const double *offset, const double *want, const double *slack,
                         double *value, double *largest) {
    for (size_t i = 0; i < padded; i += HS_PRICING_BLOCK) {
        lanes s[4];
        for (size_t k = 0; k < 4; k++)
            s[k] = load(offset + i + k * HS_LANES);
        for (size_t j = 0; j < d; j++) {
            const double *column = columns + j * padded + i;
            s[0] += z[j] * load(column);
            s[1] += z[j] * load(column + HS_LANES);
            s[2] += z[j] * load(column + 2 * HS_LANES);
            s[3] += z[j] * load(column + 3 * HS_LANES);
        }
        for (size_t k = 0; k < 4; k++)
            store(value + i + k * HS_LANES, s[k]);
    }
    quad best = {-1, -1, -1, -1}, index = {0, 1, 2, 3}, best_index = index;
    for (size_t i = 0; i < padded; i += QUAD) {
        quad violation = load_quad(want + i) * load_quad(value + i) + load_quad(slack + i);
        quad_masks better = violation > best;
        best = choose(better, violation, best);
        best_index = choose(better, index, best_index);
        index += (double)QUAD;
    }
    size_t winner = 0;
    *largest = -1.0;
    for (size_t k = 0; k < QUAD; k++)
        if (best[k] > *largest) {
            *largest = best[k];
            winner = (size_t)best_index[k];
        }
    return winner;
}

INLINE void reflect_body(const double *from, size_t dims, size_t pitch, size_t columns,
                         const double *u, double beta, double *to) {
    for (size_t r = 0; r < columns; r += HS_LANES) {
        lanes sum = {0};
        for (size_t k = 0; k < dims; k++)
            sum += u[k] * load(from + k * pitch + r);
        sum *= beta;
        for (size_t k = 1; k < dims; k++)
            store(to + (k - 1) * pitch + r, load(from + k * pitch + r) - u[k] * sum);
    }
}

INLINE void lower_body(const double *c, size_t pitch, size_t columns, const double *x, size_t count,
                       double *low) {
    for (size_t r = 0; r < columns; r += QUAD) {
        quad c0 = load_quad(c + r), c1 = load_quad(c + pitch + r),
             c2 = load_quad(c + 2 * pitch + r), least = load_quad(low + r);
        for (size_t k = 0; k < 3 * count; k += 3) {
            quad value = x[k] * c0 + x[k + 1] * c1 + x[k + 2] * c2;
            value = choose(value < 0.0, -value, value);
            least = choose(value < least, value, least);
        }
        store_quad(low + r, least);
    }
}

INLINE void filter_body(const uint64_t *restrict inactive, const uint64_t *restrict active,
                        size_t capacity, size_t count, size_t words, const uint64_t *allowed,
                        const uint64_t *fixed, const uint64_t *free_rows, uint64_t *restrict size) {
    for (size_t k = 0; k < count; k++)
        size[k] = 0;
    for (size_t w = 0; w < words; w++) {
        const uint64_t *restrict in = inactive + w * capacity, *restrict on = active + w * capacity;
        uint64_t outside = ~allowed[w], missing = ~fixed[w], open = free_rows[w];
        for (size_t k = 0; k < count; k++) {
            uint64_t conflict = (in[k] & outside) | (on[k] & missing);
            size[k] += (uint64_t)__builtin_popcountll(in[k] & open);
            size[k] |= conflict != 0 ? HS_UNUSABLE : 0;
        }
    }
}

#define DEFINE_KERNELS(NAME, ATTRIBUTE)                                                            \
    ATTRIBUTE static void image_##NAME(const double *basis, size_t d, size_t pitch,                \
                                       size_t columns, const double *a, double *image) {           \
        image_body(basis, d, pitch, columns, a, image);                                            \
    }                                                                                              \
    ATTRIBUTE static void rank_one_##NAME(double *basis, size_t d, size_t width,                   \
                                          const double *column, double scale,                      \
                                          const double *image) {                                   \
        rank_one_body(basis, d, width, column, scale, image);                                      \
    }                                                                                              \
    ATTRIBUTE static size_t price_##NAME(                                                          \
        const double *columns, size_t d, size_t padded, const double *z, const double *offset,     \
        const double *want, const double *slack, double *value, double *largest) {                 \
        return price_body(columns, d, padded, z, offset, want, slack, value, largest);             \
    }                                                                                              \
    ATTRIBUTE static void reflect_##NAME(const double *from, size_t dims, size_t pitch,            \
                                         size_t columns, const double *u, double beta,             \
                                         double *to) {                                             \
        reflect_body(from, dims, pitch, columns, u, beta, to);                                     \
    }                                                                                              \
    ATTRIBUTE static void lower_##NAME(const double *c, size_t pitch, size_t columns,              \
                                       const double *x, size_t count, double *low) {               \
        lower_body(c, pitch, columns, x, count, low);                                              \
    }                                                                                              \
    ATTRIBUTE static void filter_##NAME(const uint64_t *inactive, const uint64_t *active,          \
                                        size_t capacity, size_t count, size_t words,               \
                                        const uint64_t *allowed, const uint64_t *fixed,            \
                                        const uint64_t *free_rows, uint64_t *size) {               \
        filter_body(inactive, active, capacity, count, words, allowed, fixed, free_rows, size);    \
    }                                                                                              \
    static const hs_kernels kernels_##NAME = {#NAME,        image_##NAME,   rank_one_##NAME,       \
                                              price_##NAME, reflect_##NAME, lower_##NAME,          \
                                              filter_##NAME};

DEFINE_KERNELS(plain, )
#if defined(__x86_64__)
DEFINE_KERNELS(avx2, __attribute__((target("avx2,fma,popcnt"))))
DEFINE_KERNELS(avx512,
               __attribute__((target("avx512f,avx512dq,avx512vl,avx512vpopcntdq,avx2,fma,popcnt"))))
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
        return &kernels_avx512;
    if (!plain && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &kernels_avx2;
#endif
    return &kernels_plain;
}
