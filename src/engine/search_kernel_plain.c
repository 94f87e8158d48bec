/* The kernel every processor runs. */
#define HS_TARGET
#include "engine/search_kernel_rows.h"

enum { BLOCK = 4 }; /* rows of a panel that are worked on at a time */

static void product_block(const float *q, size_t columns, const float *restrict y,
                          float *restrict a) {
    float sum[BLOCK][HS_LANES] = {{0.0f}};
    for (size_t j = 0; j < columns; j++)
        for (size_t r = 0; r < BLOCK; r++)
            for (size_t l = 0; l < HS_LANES; l++)
                sum[r][l] += q[j * HS_PANEL + r] * y[j * HS_LANES + l];
    for (size_t r = 0; r < BLOCK; r++)
        for (size_t l = 0; l < HS_LANES; l++)
            a[r * HS_LANES + l] = sum[r][l];
}

static void product(const float *panels, size_t stride, size_t count, size_t columns,
                    const float *y, float *a) {
    for (size_t p = 0; p < count; p++)
        for (size_t r = 0; r < HS_PANEL; r += BLOCK)
            product_block(panels + p * stride + r, columns, y, a + (p * HS_PANEL + r) * HS_LANES);
}

static void gather_block(const float *q, size_t columns, const float *restrict c,
                         float *restrict y) {
    for (size_t j = 0; j < columns; j++)
        for (size_t l = 0; l < HS_LANES; l++) {
            float sum = y[j * HS_LANES + l];
            for (size_t r = 0; r < BLOCK; r++)
                sum += q[j * HS_PANEL + r] * c[r * HS_LANES + l];
            y[j * HS_LANES + l] = sum;
        }
}

static void gather(const float *panels, size_t stride, size_t count, size_t columns, const float *c,
                   float *y) {
    for (size_t p = 0; p < count; p++)
        for (size_t r = 0; r < HS_PANEL; r += BLOCK)
            gather_block(panels + p * stride + r, columns, c + (p * HS_PANEL + r) * HS_LANES, y);
}

const hs_search_kernel *hs_search_kernel_plain(void) {
    static const hs_search_kernel kernel = {"plain",     product, gather, reflect,
                                            count_above, advance, scale};
    return &kernel;
}
