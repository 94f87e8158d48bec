/* hs_cone_solve for one vector unit; included by kernels.c once for each, with
 *   KERNEL(name)        the function's name
 *   TARGET              the attribute that lets the compiler use the unit
 *   narrow, NARROW      its vector of floats and how many it holds: 4, 8 or 16
 *   brief, BRIEF        the same, at most 8
 *   NARROW_INDEX        0, 1, 2, ...
 *   FIND_MOST, FIND_BLOCK, LESSER_F, LARGEST  see kernels.c */

#define LOAD_F KERNEL(load_narrow)
#define STORE_F KERNEL(store_narrow)

TARGET static inline narrow LOAD_F(const float *from) {
    narrow value;
    memcpy(&value, from, sizeof value);
    return value;
}

TARGET static inline void STORE_F(float *to, narrow value) {
    memcpy(to, &value, sizeof value);
}

/* The row with the largest want value + slack above zero, or `padded`. */
TARGET static inline size_t KERNEL(violated)(const hs_cone_rows *rows, const float *z,
                                             const float *want, const float *slack, float *value) {
    narrow best = {0};
    narrow_mask place = {0}, index = NARROW_INDEX;
    size_t padded = rows->padded, d = rows->d;
    for (size_t i = 0; i < padded; i += 32) {
        narrow s[32 / NARROW];
        for (size_t k = 0; k < 32 / NARROW; k++)
            s[k] = z[0] * LOAD_F(rows->column + i + k * NARROW);
        for (size_t j = 1; j < d; j++)
            for (size_t k = 0; k < 32 / NARROW; k++)
                s[k] += z[j] * LOAD_F(rows->column + j * padded + i + k * NARROW);
        for (size_t k = 0; k < 32 / NARROW; k++) {
            STORE_F(value + i + k * NARROW, s[k]);
            narrow violation =
                LOAD_F(want + i + k * NARROW) * s[k] + LOAD_F(slack + i + k * NARROW);
            narrow_mask better = violation > best;
            best = CHOOSE(narrow, narrow_mask, better, violation, best);
            place = CHOOSE(narrow_mask, narrow_mask, better, index, place);
            index += NARROW;
        }
    }
    size_t lane = FIND_MOST(best);
    return lane < NARROW ? (size_t)place[lane] : padded;
}

/* Row i, `room` (stride) is for where it is not at hand. */
TARGET static inline const float *KERNEL(cone_row)(const hs_cone_rows *rows, size_t i,
                                                   float *room) {
    if (rows->row != NULL)
        return rows->row + i * rows->stride;
    for (size_t j = 0; j < rows->stride; j++)
        room[j] = j < rows->d ? (float)rows->a[i * rows->d + j] : 0.0f;
    return room;
}

/* image = [H | N*] a, or the part of it that begins at `basis`: `columns` in steps of 16, so up to
 * 8 more are read, which belong to the solver, and written. */
TARGET static inline void KERNEL(cone_image)(const float *basis, size_t d, size_t width,
                                             size_t columns, const float *a, float *image) {
    for (size_t c = 0; c < columns; c += 16) {
        narrow even[16 / NARROW], odd[16 / NARROW];
        size_t j = 0;
        for (size_t k = 0; k < 16 / NARROW; k++)
            even[k] = odd[k] = (narrow){0};
        for (; j + 2 <= d; j += 2)
            for (size_t k = 0; k < 16 / NARROW; k++) {
                even[k] += a[j] * LOAD_F(basis + j * width + c + k * NARROW);
                odd[k] += a[j + 1] * LOAD_F(basis + (j + 1) * width + c + k * NARROW);
            }
        for (size_t k = 0; k < 16 / NARROW; k++) {
            if (j < d)
                even[k] += a[j] * LOAD_F(basis + j * width + c + k * NARROW);
            STORE_F(image + c + k * NARROW, even[k] + odd[k]);
        }
    }
}

/* basis_j += scale column_j image */
TARGET static inline void KERNEL(cone_update)(float *basis, size_t d, size_t width,
                                              const float *column, float scale,
                                              const float *image) {
    for (size_t c = 0; c < width; c += 16) {
        narrow step[16 / NARROW];
        for (size_t k = 0; k < 16 / NARROW; k++)
            step[k] = scale * LOAD_F(image + c + k * NARROW);
        for (size_t j = 0; j < d; j++)
            for (size_t k = 0; k < 16 / NARROW; k++) {
                float *at = basis + j * width + c + k * NARROW;
                STORE_F(at, LOAD_F(at) + column[j] * step[k]);
            }
    }
}

TARGET static inline float KERNEL(cone_dot)(const float *x, const float *y, size_t count) {
    brief sum = {0};
    for (size_t j = 0; j < count; j += BRIEF) {
        brief a, b;
        memcpy(&a, x + j, sizeof a);
        memcpy(&b, y + j, sizeof b);
        sum += a * b;
    }
    float total = 0.0f;
    for (size_t k = 0; k < BRIEF / 2; k++)
        total += sum[k] + sum[k + BRIEF / 2];
    return total;
}

/* x += scale y; negative results become zero when `positive`. */
TARGET static inline void KERNEL(cone_shift)(float *x, const float *y, size_t count, float scale,
                                             bool positive) {
    for (size_t j = 0; j < count; j += BRIEF) {
        brief a, b;
        memcpy(&a, x + j, sizeof a);
        memcpy(&b, y + j, sizeof b);
        a += scale * b;
        if (positive)
            a = (brief)((a > 0.0f) & (brief_mask)a);
        memcpy(x + j, &a, sizeof a);
    }
}

/* Drops the row in the slot; image, [H | N*] of the row to be added, follows. */
TARGET static inline void KERNEL(cone_leave)(hs_cone *solver, size_t slot, float *image) {
    size_t d = solver->d, stride = solver->stride, width = 2 * stride;
    float p[HS_CONE_STRIDE], u[2 * HS_CONE_STRIDE], square = 0.0f;
    for (size_t j = 0; j < stride; j++)
        p[j] = j < d ? solver->basis[j * width + stride + slot] : 0.0f;
    square = KERNEL(cone_dot)(p, p, stride);
    KERNEL(cone_image)(solver->basis, d, width, width, p, u);
    for (size_t c = 0; c < stride; c++) {
        u[c] = p[c];
        u[stride + c] = -u[stride + c];
    }
    KERNEL(cone_update)(solver->basis, d, width, p, 1.0f / square, u);
    KERNEL(cone_shift)(image, u, width, image[stride + slot] / square, false);
    for (size_t j = 0; j < d; j++)
        solver->basis[j * width + stride + slot] = 0.0f;
    image[stride + slot] = 0.0f;
    solver->slot_row[slot] = HS_CONE_FREE;
    solver->lambda[slot] = 0.0f;
    solver->count[0]--;
    solver->count[1]++;
}

TARGET static inline void KERNEL(cone_enter)(hs_cone *solver, uint32_t row, float multiplier,
                                             float square, float *image) {
    size_t stride = solver->stride, slot = 0;
    float column[HS_CONE_STRIDE];
    while (solver->slot_row[slot] != HS_CONE_FREE)
        slot++;
    memcpy(column, image, stride * sizeof *column);
    image[stride + slot] = -1.0f; /* so that N*_slot becomes H a / square */
    KERNEL(cone_update)(solver->basis, solver->d, 2 * stride, column, -1.0f / square, image);
    solver->slot_row[slot] = row;
    solver->lambda[slot] = multiplier;
    solver->count[0]++;
    solver->count[1]++;
}

/* In a combination that is zero the row, of which the slots have these rates, takes the slot. */
TARGET static inline void KERNEL(cone_swap)(hs_cone *solver, uint32_t row, size_t slot,
                                            float multiplier, float *rate) {
    size_t d = solver->d, stride = solver->stride;
    float pivot = 1.0f / rate[slot];
    KERNEL(cone_shift)(solver->lambda, rate, stride, -multiplier, true);
    rate[slot] -= 1.0f;
    for (size_t j = 0; j < d; j++) {
        float *at = solver->basis + (2 * j + 1) * stride;
        KERNEL(cone_shift)(at, rate, stride, -pivot * at[slot], false);
    }
    solver->lambda[slot] = multiplier;
    solver->slot_row[slot] = row;
}

/* d rows in the slots and one more cannot hold together: wherever a row of priority above 1 can
 * take the place of one of priority 1 or less, it does (a step of the simplex method). */
TARGET static __attribute__((noinline)) void
KERNEL(cone_exchange)(hs_cone *solver, const hs_cone_rows *rows, const float *want) {
    enum { LIST = 128 };
    size_t d = solver->d, stride = solver->stride, m = rows->rows;
    float rate[HS_CONE_STRIDE], room[HS_CONE_STRIDE];
    bool spare[LIST];
    if (solver->count[0] < d)
        return;
    for (size_t from = 0; from < m; from += LIST) {
        size_t count = m - from < LIST ? m - from : LIST;
        bool any = false;
        for (size_t k = 0; k < count; k++) {
            spare[k] = fabsf(want[from + k]) > 1.0f;
            any |= spare[k];
        }
        if (!any)
            continue;
        for (size_t slot = 0; slot < d; slot++) {
            size_t k = solver->slot_row[slot] % m - from;
            if (k < count)
                spare[k] = false;
        }
        for (size_t i = from; i < from + count; i++) {
            float multiplier;
            if (!spare[i - from])
                continue;
            KERNEL(cone_image)
            (solver->basis + stride, d, 2 * stride, stride, KERNEL(cone_row)(rows, i, room), rate);
            for (size_t slot = 0; want[i] < 0.0f && slot < stride; slot++)
                rate[slot] = -rate[slot];
            size_t slot = FIND_BLOCK(solver->lambda, rate, stride, &multiplier);
            if (slot < stride && fabsf(want[solver->slot_row[slot] % m]) <= 1.0f &&
                rate[slot] > least_exchange)
                KERNEL(cone_swap)
            (solver, (uint32_t)(want[i] < 0.0f ? i + m : i), slot, multiplier, rate);
        }
    }
}

/* Adds one violated row; excess: a.z + 1. A function of its own, so that its instructions can be
 * counted. */
TARGET static __attribute__((noinline)) hs_cone_answer KERNEL(cone_add)(hs_cone *solver,
                                                                        const float *a, float sign,
                                                                        float excess, uint32_t row,
                                                                        float *multiplier) {
    size_t d = solver->d, stride = solver->stride, width = 2 * stride;
    float image[2 * HS_CONE_STRIDE], *rate = image + stride;
    float size = KERNEL(cone_dot)(a, a, stride);
    KERNEL(cone_image)(solver->basis, d, width, width, a, image);
    if (sign < 0.0f)
        for (size_t c = 0; c < width; c++)
            image[c] = -image[c];
    *multiplier = 0.0f;
    for (size_t rounds = 0; rounds <= 4 * d; rounds++) {
        float square = KERNEL(cone_dot)(image, image, stride), blocked;
        bool moves = solver->count[0] < d && square > dependent_share * dependent_share * size;
        size_t block = FIND_BLOCK(solver->lambda, rate, stride, &blocked);
        float full = moves ? excess / square : INFINITY;
        if (full != full)
            return HS_CONE_LOST;
        solver->pivots++;
        if (!moves && block == stride) {
            for (size_t slot = 0; slot < stride; slot++)
                solver->lambda[slot] = rate[slot] < 0.0f ? -rate[slot] : 0.0f;
            *multiplier = 1.0f;
            return HS_CONE_EMPTY;
        }
        float length = full <= blocked ? (full > 0.0f ? full : 0.0f) : blocked;
        if (moves) {
            KERNEL(cone_shift)(solver->z, image, stride, -length, false);
            excess -= length * square;
        }
        KERNEL(cone_shift)(solver->lambda, rate, stride, -length, true);
        *multiplier += length;
        if (full <= blocked) {
            KERNEL(cone_enter)(solver, row, *multiplier, square, image);
            return HS_CONE_POINT;
        }
        KERNEL(cone_leave)(solver, block, image);
    }
    return HS_CONE_LOST;
}

TARGET static hs_cone_answer KERNEL(cone)(hs_cone *solver, const hs_cone_rows *rows,
                                          const float *want, const float *slack, float *value,
                                          uint32_t *row, float *multiplier) {
    float room[HS_CONE_STRIDE];
    for (size_t steps = 0; steps < 40 * solver->d + 400; steps++) {
        size_t i = KERNEL(violated)(rows, solver->z, want, slack, value);
        if (i == rows->padded)
            return KERNEL(cone_dot)(solver->z, solver->z, solver->stride) < INFINITY ? HS_CONE_POINT
                                                                                     : HS_CONE_LOST;
        float sign = want[i] < 0.0f ? -1.0f : 1.0f;
        *row = (uint32_t)(sign < 0.0f ? i + rows->rows : i);
        hs_cone_answer answer = KERNEL(cone_add)(solver, KERNEL(cone_row)(rows, i, room), sign,
                                                 sign * value[i] + 1.0f, *row, multiplier);
        if (answer == HS_CONE_EMPTY)
            KERNEL(cone_exchange)(solver, rows, want);
        if (answer != HS_CONE_POINT)
            return answer;
    }
    return HS_CONE_LOST;
}
