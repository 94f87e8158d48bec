/* The kernels for one vector unit; included by kernels.c once for each, with
 *   UNIT_NAME      what the unit is called
 *   KERNEL(name)   the function's name
 *   TARGET         the attribute that lets the compiler use the unit
 *   lanes, WIDTH   its vector of doubles and how many it holds, a divisor of HS_LANES
 *   narrow, NARROW ...  what cone_unit.h needs
 *   LESSER(a, b)   the smaller of a and |b|, lane by lane
 *   POSITIVE(a)    the larger of a and 0, lane by lane
 *   MOST, BLOCKING what `most` and `blocking` do */

#include "geometry/cone_unit.h"
#include "geometry/groups_unit.h"

TARGET static inline lanes KERNEL(load)(const double *from) {
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

TARGET static inline void KERNEL(store)(double *to, lanes value) {
    memcpy(to, &value, sizeof value);
}

TARGET static inline lanes KERNEL(absolute)(lanes value) {
    for (size_t k = 0; k < WIDTH; k++)
        value[k] = fabs(value[k]);
    return value;
}

#define LOAD KERNEL(load)
#define STORE KERNEL(store)
#define ABSOLUTE(value) KERNEL(absolute)(value)

TARGET static void KERNEL(image)(const double *basis, size_t d, size_t pitch, size_t columns,
                                 const double *a, double *image) {
    size_t c = 0;
    for (; c + 4 * WIDTH <= columns; c += 4 * WIDTH) {
        lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        for (size_t j = 0; j < d; j++) {
            const double *row = basis + j * pitch + c;
            s0 += a[j] * LOAD(row);
            s1 += a[j] * LOAD(row + WIDTH);
            s2 += a[j] * LOAD(row + 2 * WIDTH);
            s3 += a[j] * LOAD(row + 3 * WIDTH);
        }
        STORE(image + c, s0);
        STORE(image + c + WIDTH, s1);
        STORE(image + c + 2 * WIDTH, s2);
        STORE(image + c + 3 * WIDTH, s3);
    }
    for (; c < columns; c += WIDTH) {
        lanes sum = {0};
        for (size_t j = 0; j < d; j++)
            sum += a[j] * LOAD(basis + j * pitch + c);
        STORE(image + c, sum);
    }
}

TARGET static void KERNEL(defects)(const double *inverse, size_t d, size_t pitch, size_t columns,
                                   const double *row, const double *one, double *size,
                                   double *defect) {
    enum { PARTS = HS_LANES / WIDTH, ROWS = 4 };
    for (size_t c = 0; c < columns; c += HS_LANES) {
        const double *from = inverse + c;
        double image[ROWS][HS_LANES];
        lanes total[PARTS] = {{0}}, sum[PARTS] = {{0}};
        for (size_t j = 0; j < d; j++)
            for (size_t p = 0; p < PARTS; p++)
                total[p] += ABSOLUTE(LOAD(from + j * pitch + p * WIDTH));
        for (size_t s = 0; s < columns; s += ROWS) {
            lanes product[ROWS][PARTS];
            for (size_t k = 0; k < ROWS; k++)
                for (size_t p = 0; p < PARTS; p++)
                    product[k][p] = (lanes){0};
            for (size_t j = 0; j < d; j++)
                for (size_t k = 0; k < ROWS; k++)
                    for (size_t p = 0; p < PARTS; p++)
                        product[k][p] +=
                            row[(s + k) * columns + j] * LOAD(from + j * pitch + p * WIDTH);
            for (size_t k = 0; k < ROWS; k++) {
                for (size_t p = 0; p < PARTS; p++)
                    STORE(image[k] + p * WIDTH, product[k][p]);
                if (s + k >= c && s + k < c + HS_LANES)
                    image[k][s + k - c] -= one[s + k];
                for (size_t p = 0; p < PARTS; p++)
                    sum[p] += ABSOLUTE(LOAD(image[k] + p * WIDTH));
            }
        }
        for (size_t p = 0; p < PARTS; p++) {
            STORE(size + c + p * WIDTH, total[p]);
            STORE(defect + c + p * WIDTH, sum[p]);
        }
    }
}

TARGET static void KERNEL(rank_one)(double *basis, size_t d, size_t width, const double *column,
                                    double scale, const double *image) {
    for (size_t j = 0; j < d; j++) {
        double factor = scale * column[j];
        double *row = basis + j * width;
        for (size_t c = 0; c < width; c += WIDTH)
            STORE(row + c, LOAD(row + c) + factor * LOAD(image + c));
    }
}

TARGET static double KERNEL(dot)(const double *x, const double *y, size_t d) {
    lanes sum = {0};
    double total = 0.0;
    size_t j = 0;
    for (; j + WIDTH <= d; j += WIDTH)
        sum += LOAD(x + j) * LOAD(y + j);
    for (; j < d; j++)
        total += x[j] * y[j];
    for (size_t k = 0; k < WIDTH / 2; k++)
        total += sum[k] + sum[k + WIDTH / 2];
    return total;
}

TARGET static size_t KERNEL(price)(const double *columns, size_t d, size_t padded, const double *z,
                                   const double *offset, const double *want, const double *slack,
                                   double *value, double *largest) {
    for (size_t i = 0; i < padded; i += 4 * WIDTH) {
        lanes s0 = LOAD(offset + i), s1 = LOAD(offset + i + WIDTH),
              s2 = LOAD(offset + i + 2 * WIDTH), s3 = LOAD(offset + i + 3 * WIDTH);
        for (size_t j = 0; j < d; j++) {
            const double *column = columns + j * padded + i;
            s0 += z[j] * LOAD(column);
            s1 += z[j] * LOAD(column + WIDTH);
            s2 += z[j] * LOAD(column + 2 * WIDTH);
            s3 += z[j] * LOAD(column + 3 * WIDTH);
        }
        STORE(value + i, s0);
        STORE(value + i + WIDTH, s1);
        STORE(value + i + 2 * WIDTH, s2);
        STORE(value + i + 3 * WIDTH, s3);
    }
    return MOST(want, value, slack, padded, largest);
}

TARGET static size_t KERNEL(blocking)(const double *lambda, const double *r, size_t stride,
                                      double *length) {
    return BLOCKING(lambda, r, stride, length);
}

TARGET static void KERNEL(shift)(double *lambda, const double *r, size_t stride, double length) {
    for (size_t slot = 0; slot < stride; slot += WIDTH)
        STORE(lambda + slot, POSITIVE(LOAD(lambda + slot) - length * LOAD(r + slot)));
}

TARGET static void KERNEL(reflect)(const double *from, size_t dims, size_t pitch, size_t columns,
                                   const double *u, double beta, double *to) {
    for (size_t r = 0; r < columns; r += WIDTH) {
        lanes sum = {0};
        for (size_t k = 0; k < dims; k++)
            sum += u[k] * LOAD(from + k * pitch + r);
        sum *= beta;
        for (size_t k = 1; k < dims; k++)
            STORE(to + (k - 1) * pitch + r, LOAD(from + k * pitch + r) - u[k] * sum);
    }
}

TARGET static void KERNEL(lower)(const double *c, size_t pitch, size_t columns, const double *p,
                                 const double *q, size_t count, double *low) {
    for (size_t r = 0; r < columns; r += WIDTH) {
        lanes c0 = LOAD(c + r), c1 = LOAD(c + pitch + r), c2 = LOAD(c + 2 * pitch + r);
        lanes x0 = c1 * p[2] - c2 * p[1], x1 = c2 * p[0] - c0 * p[2], x2 = c0 * p[1] - c1 * p[0];
        lanes least = LOAD(low + r), other = least;
        size_t k = 0;
        for (; k + 2 <= count; k += 2) {
            const double *y = q + k;
            least = LESSER(least, y[0] * x0 + y[pitch] * x1 + y[2 * pitch] * x2);
            other = LESSER(other, y[1] * x0 + y[pitch + 1] * x1 + y[2 * pitch + 1] * x2);
        }
        if (k < count)
            least = LESSER(least, q[k] * x0 + q[pitch + k] * x1 + q[2 * pitch + k] * x2);
        STORE(low + r, LESSER(least, other));
    }
}

TARGET static size_t KERNEL(strike)(const uint64_t *bits, size_t width, const uint16_t *member,
                                    size_t size, const uint16_t *list, size_t count,
                                    uint64_t *alive, uint16_t *hits) {
    enum { PARTS = HS_LANES / WIDTH };
    size_t found = 0;
    for (size_t k = 0; k < count; k++) {
        const uint16_t *of = member + list[k] * size;
        bool any = false;
        for (size_t at = 0; at < width; at += HS_LANES) {
            bit_lanes left[PARTS], some = {0};
            for (size_t p = 0; p < PARTS; p++)
                left[p] = *(const bit_lanes *)(alive + at + p * WIDTH);
            for (size_t i = 0; i < size; i++)
                for (size_t p = 0; p < PARTS; p++)
                    left[p] &= *(const bit_lanes *)(bits + of[i] * width + at + p * WIDTH);
            for (size_t p = 0; p < PARTS; p++)
                some |= left[p];
            uint64_t sum = 0;
            for (size_t w = 0; w < WIDTH; w++)
                sum |= some[w];
            if (sum == 0)
                continue;
            any = true;
            for (size_t p = 0; p < PARTS; p++)
                *(bit_lanes *)(alive + at + p * WIDTH) &= ~left[p];
        }
        hits[found] = list[k];
        found += any;
    }
    return found;
}

TARGET static size_t KERNEL(filter)(const uint64_t *restrict inactive,
                                    const uint64_t *restrict active, size_t capacity, size_t count,
                                    size_t words, const uint64_t *allowed, const uint64_t *fixed,
                                    const uint64_t *free_rows, uint64_t largest,
                                    uint64_t *restrict size, uint16_t *restrict usable) {
    const uint64_t no = UINT64_C(1) << 40;
    for (size_t k = 0; k < count; k++)
        size[k] = ((inactive[k] & ~allowed[0]) | (active[k] & ~fixed[0])) != 0 ? no : 0;
    for (size_t w = 1; w < words; w++) {
        const uint64_t *restrict in = inactive + w * capacity, *restrict on = active + w * capacity;
        uint64_t outside = ~allowed[w], missing = ~fixed[w];
        for (size_t k = 0; k < count; k++)
            size[k] |= ((in[k] & outside) | (on[k] & missing)) != 0 ? no : 0;
    }
    size_t fitting = 0, found = 0;
    for (size_t k = 0; k < count; k++) {
        usable[fitting] = (uint16_t)k;
        fitting += size[k] == 0;
    }
    for (size_t f = 0; f < fitting; f++) {
        size_t k = usable[f];
        for (size_t w = 0; w < words; w++)
            size[k] += (uint64_t)__builtin_popcountll(inactive[w * capacity + k] & free_rows[w]);
        usable[found] = (uint16_t)k;
        found += size[k] <= largest;
    }
    return found;
}

static const hs_kernels KERNEL(kernels) = {
    .name = UNIT_NAME,
    .image = KERNEL(image),
    .defects = KERNEL(defects),
    .rank_one = KERNEL(rank_one),
    .dot = KERNEL(dot),
    .price = KERNEL(price),
    .blocking = KERNEL(blocking),
    .shift = KERNEL(shift),
    .reflect = KERNEL(reflect),
    .lower = KERNEL(lower),
    .least = KERNEL(least),
    .least_each = KERNEL(least_each),
    .filter = KERNEL(filter),
    .strike = KERNEL(strike),
    .cone = KERNEL(cone),
};

#undef LOAD
#undef STORE
#undef ABSOLUTE
#undef UNIT_NAME
#undef KERNEL
#undef TARGET
#undef WIDTH
#undef LESSER
#undef POSITIVE
#undef MOST
#undef BLOCKING
#undef lanes
#undef bit_lanes
#undef narrow
#undef narrow_mask
#undef wide_narrow
#undef NARROW
#undef brief
#undef brief_mask
#undef BRIEF
#undef NARROW_INDEX
#undef LESSER_F
#undef LARGEST
#undef LOAD_F
#undef STORE_F
#undef FIND_MOST
#undef FIND_BLOCK
