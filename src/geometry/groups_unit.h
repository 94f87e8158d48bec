/* Determinants of four vectors in four dimensions in single precision, for one vector unit;
 * included by kernels.c once for each, with the same macros as cone_unit.h. */

TARGET static inline narrow KERNEL(round)(const double *from) {
    wide_narrow value;
    memcpy(&value, from, sizeof value);
    return __builtin_convertvector(value, narrow);
}

/* The columns of a group in single precision, coordinate i of column k at [i * HS_GROUP + k],
 * filled up to whole vectors with the last one. Returns the square of the greatest length,
 * HUGE_VALF where there are too many columns; adds all squares to *all. Reads to the end of a
 * vector. */
TARGET static inline float KERNEL(load_group)(const double *column, size_t count, size_t pitch,
                                              float *to, narrow *all) {
    narrow most = {0};
    if (count > HS_GROUP - NARROW)
        return HUGE_VALF;
    for (size_t k = 0; k < count; k += NARROW) {
        narrow square = {0};
        narrow_mask inside = (narrow_mask)NARROW_INDEX < (int)(count - k);
        for (size_t i = 0; i < 4; i++) {
            narrow x = KERNEL(round)(column + i * pitch + k),
                   last = (narrow){0} + (float)column[i * pitch + count - 1];
            x = CHOOSE(narrow, narrow_mask, inside, x, last);
            STORE_F(to + i * HS_GROUP + k, x);
            square += x * x;
        }
        most = CHOOSE(narrow, narrow_mask, square > most, square, most);
        *all += square;
    }
    return LARGEST(most);
}

/* Four of them. Returns the square of the product of the greatest lengths, HUGE_VALF where there is
 * none. */
TARGET static inline double KERNEL(load_groups)(const double *const column[4],
                                                const size_t count[4], size_t pitch,
                                                float to[4][4 * HS_GROUP]) {
    double size = 1.0;
    float sum = 0.0f;
    narrow all = {0};
    for (size_t g = 0; g < 4; g++)
        size *= (double)KERNEL(load_group)(column[g], count[g], pitch, to[g], &all);
    for (size_t k = 0; k < NARROW; k++)
        sum += all[k]; /* maxima pass over NaN */
    return sum < HUGE_VALF ? size : (double)HUGE_VALF;
}

/* The minors of every column of one group with every column of another, coordinate i of pair k at
 * pairs[i * HS_PAIRS + k]: 01, 20, 03, 12, 13, 23, so that the determinant of two pairs is
 * the sum of coordinate i of one times coordinate 5 - i of the other. Filled up to whole
 * blocks of vectors; returns how many. */
TARGET static inline size_t KERNEL(minors)(const float *p, size_t p_count, const float *q,
                                           size_t q_count, size_t block, float *pairs) {
    const unsigned char first[6] = {0, 2, 0, 1, 1, 2}, second[6] = {1, 0, 3, 2, 3, 3};
    size_t count = p_count * q_count;
    for (size_t a = 0; a < p_count; a++)
        for (size_t b = 0; b < q_count; b += NARROW)
            for (size_t i = 0; i < 6; i++)
                STORE_F(pairs + i * HS_PAIRS + a * q_count + b,
                        p[first[i] * HS_GROUP + a] * LOAD_F(q + second[i] * HS_GROUP + b) -
                            p[second[i] * HS_GROUP + a] * LOAD_F(q + first[i] * HS_GROUP + b));
    for (size_t i = 0; i < 6; i++)
        for (size_t k = count; k < count + block * NARROW; k += NARROW)
            STORE_F(pairs + i * HS_PAIRS + k, pairs[i * HS_PAIRS] + (narrow){0});
    return count;
}

TARGET static inline float KERNEL(smallest)(narrow value) {
    return -LARGEST(-value);
}

TARGET static double KERNEL(least)(const double *const column[4], const size_t count[4],
                                   size_t pitch) {
    float group[4][4 * HS_GROUP], pairs[6 * HS_PAIRS], others[6 * HS_PAIRS];
    if (count[0] * count[1] > HS_PAIRS - 3 * NARROW || count[2] * count[3] > HS_PAIRS - 2 * NARROW)
        return 0.0;
    double size = KERNEL(load_groups)(column, count, pitch, group);
    size_t lasts = KERNEL(minors)(group[0], count[0], group[1], count[1], 2, pairs);
    size_t firsts = KERNEL(minors)(group[2], count[2], group[3], count[3], 1, others);
    narrow least = (narrow){0} + INFINITY, other = least;
    size_t r = 0;
    for (; r + NARROW < lasts; r += 2 * NARROW) {
        narrow c[6], e[6];
        for (size_t i = 0; i < 6; i++) {
            c[i] = LOAD_F(pairs + i * HS_PAIRS + r);
            e[i] = LOAD_F(pairs + i * HS_PAIRS + r + NARROW);
        }
        for (size_t k = 0; k < firsts; k++) {
            const float *m = others + k;
            narrow sum = m[0] * c[5], next = m[0] * e[5];
            for (size_t i = 1; i < 6; i++) {
                sum += m[i * HS_PAIRS] * c[5 - i];
                next += m[i * HS_PAIRS] * e[5 - i];
            }
            least = (narrow)LESSER_F(least, sum);
            other = (narrow)LESSER_F(other, next);
        }
    }
    if (r < lasts) {
        narrow c[6];
        for (size_t i = 0; i < 6; i++)
            c[i] = LOAD_F(pairs + i * HS_PAIRS + r);
        for (size_t k = 0; k < firsts; k++) {
            const float *m = others + k;
            narrow half = m[0] * c[5], rest = m[3 * HS_PAIRS] * c[2];
            half += m[HS_PAIRS] * c[4];
            rest += m[4 * HS_PAIRS] * c[1];
            half += m[2 * HS_PAIRS] * c[3];
            rest += m[5 * HS_PAIRS] * c[0];
            least = (narrow)LESSER_F(least, half + rest);
        }
    }
    return (double)KERNEL(smallest)((narrow)LESSER_F(least, other)) - HS_GROUP_ERROR * sqrt(size);
}

TARGET static bool KERNEL(least_each)(const double *const column[4], const size_t count[4],
                                      size_t pitch, double scale, double *low) {
    float group[4][4 * HS_GROUP], pairs[6 * HS_PAIRS];
    narrow least[HS_GROUP];
    if (count[2] * count[3] > HS_PAIRS - 2 * NARROW)
        return false;
    double size = KERNEL(load_groups)(column, count, pitch, group);
    if (!(size < (double)HUGE_VALF))
        return false;
    size_t firsts = KERNEL(minors)(group[2], count[2], group[3], count[3], 1, pairs);
    for (size_t x = 0; x < count[0]; x++)
        least[x] = (narrow){0} + INFINITY;
    for (size_t b = 0; b < count[1]; b++) {
        const float b0 = group[1][b], b1 = group[1][HS_GROUP + b], b2 = group[1][2 * HS_GROUP + b],
                    b3 = group[1][3 * HS_GROUP + b];
        for (size_t r = 0; r < firsts; r += NARROW) {
            narrow m01 = LOAD_F(pairs + r), m20 = LOAD_F(pairs + HS_PAIRS + r),
                   m03 = LOAD_F(pairs + 2 * HS_PAIRS + r), m12 = LOAD_F(pairs + 3 * HS_PAIRS + r),
                   m13 = LOAD_F(pairs + 4 * HS_PAIRS + r), m23 = LOAD_F(pairs + 5 * HS_PAIRS + r);
            narrow n0 = b1 * m23 - b2 * m13 + b3 * m12, n1 = -b0 * m23 - b2 * -m03 - b3 * -m20,
                   n2 = b0 * m13 - b1 * m03 + b3 * m01, n3 = -b0 * m12 - b1 * m20 - b2 * m01;
            for (size_t x = 0; x < count[0]; x++) {
                const float *at = group[0] + x;
                narrow half = at[0] * n0 + at[HS_GROUP] * n1;
                half += at[2 * HS_GROUP] * n2;
                half += at[3 * HS_GROUP] * n3;
                least[x] = (narrow)LESSER_F(least[x], half);
            }
        }
    }
    for (size_t x = 0; x < count[0]; x++) {
        double value = scale * ((double)KERNEL(smallest)(least[x]) - HS_GROUP_ERROR * sqrt(size));
        low[x] = value < low[x] ? value : low[x];
    }
    return true;
}
