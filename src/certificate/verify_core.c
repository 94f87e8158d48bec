/* Cores: sets of rows that cannot have their states together, because a combination of them with
 * multipliers that are not negative says so (README.md). */
#include "certificate/verify.h"

#include <float.h>

/* Are the multipliers of d + 1 rows unique and positive, by elimination in double precision with
 * error bounds (README.md), and is h >= 0 where there is an h besides? A row is d numbers that are
 * to vanish and h, then bounds of their errors; the factor that made a number vanish takes its
 * place (`taken`, after the rows). What overflows has a bound that fails every comparison here. */
HS_FAST static bool holds_in_floating_point(double *rows, size_t d, size_t width, bool has_h) {
    const double slack = 1.0 + 1e-9, *last = rows + d * 2 * width, *bound = last + width;
    double *taken = rows + (d + 1) * 2 * width;
    for (size_t k = 0; k < d; k++) {
        const double *a = rows + k * 2 * width, *b = a + width;
        size_t p = 0;
        for (size_t j = 1; j < d; j++)
            p = (1.0 - taken[j]) * fabs(a[j]) > (1.0 - taken[p]) * fabs(a[p]) ? j : p;
        double room = (1.0 - taken[p]) * fabs(a[p]) - b[p];
        if (!(room > DBL_MIN))
            return false;
        taken[p] = 1.0;
        for (size_t i = k + 1; i <= d; i++) {
            double *restrict x = rows + i * 2 * width, *restrict e = x + width;
            double f = x[p] / a[p], t = fabs(f);
            double off = (e[p] + t * b[p] + DBL_MIN) / room + DBL_EPSILON * t + DBL_MIN;
            for (size_t j = 0; j < width; j++) {
                double y = fabs(a[j]), rounding = DBL_EPSILON * (fabs(x[j]) + t * y);
                double underflow = y + b[j] > 0.0 ? DBL_MIN : 0.0;
                e[j] += t * b[j] + off * (y + b[j]) + rounding + underflow;
                e[j] *= slack;
                x[j] -= f * a[j];
            }
            x[p] = -f;
            e[p] = off * slack;
        }
    }
    bool good = !has_h || last[d] - bound[d] >= 0.0; /* inf - inf is NaN */
    for (size_t k = 0; k < d; k++)
        good = good && last[k] > bound[k];
    return good;
}

/* The same with integers, for any number of rows and without fractions (Bareiss 1968): a row is d
 * numbers that are to vanish, then its combination of the given rows. Is there exactly one
 * vanishing combination, up to a factor? Then it becomes the multipliers. */
static bool find_combination(mpz_t *rows, size_t d, size_t count, mpz_t *multipliers) {
    size_t width = d + count, vanished = count;
    mpz_t *x = multipliers, *last = NULL;
    for (size_t k = 0; k < count; k++) {
        mpz_t *a = rows + k * width;
        size_t p = 0;
        while (p < d && mpz_sgn(a[p]) == 0)
            p++;
        if (p == d && vanished < count)
            return false;
        for (size_t i = k + 1; i < count && p < d; i++) {
            mpz_t *row = rows + i * width;
            mpz_set(x[1], row[p]);
            for (size_t j = 0; j < width; j++) {
                mpz_mul(x[0], row[j], a[p]);
                mpz_submul(x[0], x[1], a[j]);
                if (last != NULL)
                    mpz_divexact(x[0], x[0], *last);
                mpz_swap(row[j], x[0]);
            }
        }
        last = p < d ? &a[p] : last;
        vanished = p < d ? vanished : k;
    }
    for (size_t k = 0; k < count && vanished < count; k++)
        mpz_swap(multipliers[k], rows[vanished * width + d + k]);
    return vanished < count;
}

/* The proof, wherever the multipliers come from: they have no two signs and are not all zero, h and
 * they have no two signs, and g = 0 or radius^2 |g|^2 <= h^2. */
static void check_combination(hs_checker *c, const double *rows, int unit, size_t count) {
    mpz_t *multipliers = c->integers, *sum = multipliers + count, *square = sum + 1,
          *value = sum + 2;
    int radius_unit = hs_unit(&c->radius, 1), sign = 0;
    bool holds = true;
    mpz_set_ui(*square, 0);
    for (size_t k = 0; k < count; k++) {
        sign = sign == 0 ? mpz_sgn(multipliers[k]) : sign;
        holds = holds && sign * mpz_sgn(multipliers[k]) >= 0;
    }
    for (size_t j = 0; j <= c->n; j++) { /* g, then h */
        mpz_set_ui(*sum, 0);
        for (size_t k = 0; k < count; k++) {
            hs_exact(*value, rows[k * (c->n + 1) + j], unit);
            mpz_addmul(*sum, *value, multipliers[k]);
        }
        if (j < c->n)
            mpz_addmul(*square, *sum, *sum);
    }
    holds = holds && sign != 0 && sign * mpz_sgn(*sum) >= 0;
    hs_exact(*value, c->radius, radius_unit);
    mpz_mul(*value, *value, *value);
    mpz_mul_2exp(*sum, *sum, (mp_bitcnt_t)-radius_unit);
    mpz_mul(*sum, *sum, *sum);
    mpz_submul(*sum, *value, *square); /* h^2 - radius^2 |g|^2 */
    holds = holds && (mpz_sgn(*square) == 0 || (c->radius > 0.0 && mpz_sgn(*sum) >= 0));
    hs_require(c, holds, "the core's multipliers prove nothing");
}

static void read_multipliers(hs_checker *c, mpz_t *multipliers, size_t count) {
    uint64_t size, left = HS_MULTIPLIER_BYTES + 1;
    for (size_t k = 0; k < count; k++, left -= size) {
        size = hs_number(c, left, "a multiplier's length");
        uint8_t *bytes = hs_memory(c, &c->rooms.multiplier, size + 1, 1);
        for (size_t b = 0; b < size; b++) {
            int byte = hs_step_byte(c);
            hs_undamaged(c, byte != EOF, "a multiplier is cut");
            bytes[b] = (uint8_t)byte;
        }
        mpz_import(multipliers[k], size, -1, 1, 0, 0, bytes);
    }
}

/* The signed rows of a core, each followed by zeros, and a row of zeros. */
static double *load(hs_checker *c, const uint32_t *core, size_t width) {
    double *rows = hs_memory(c, &c->rooms.claim, (core[0] + 1) * width, sizeof *rows);
    memset(rows, 0, (core[0] + 1) * width * sizeof *rows);
    for (size_t k = 0; k < core[0]; k++)
        for (size_t j = 0; j <= c->n; j++) {
            double value = c->rows[core[k + 1] / 2 * (c->n + 1) + j];
            rows[k * width + j] = core[k + 1] % 2 != 0 ? -value : value;
        }
    return rows;
}

/* Multipliers that are not stored are worked out: in integers, where floating point cannot tell. */
static void prove(hs_checker *c, const uint32_t *core, uint64_t kind) {
    size_t n = c->n, count = core[0], d = n + (kind == HS_CORE_ROWS);
    size_t width = (d + HS_LANES) / HS_LANES * HS_LANES, size = count * (d + count);
    bool stored = kind == HS_CORE_STORED;
    if (!stored && hs_others_turn(c))
        return;
    if (!stored && count == d + 1 &&
        holds_in_floating_point(load(c, core, 2 * width), d, width, kind == HS_CORE_WEIGHTS))
        return;
    double *rows = load(c, core, n + 1);
    mpz_t *multipliers = c->integers, *matrix = multipliers + count;
    int unit = hs_unit(rows, count * (n + 1));
    for (size_t k = 0; k < size; k++) {
        size_t i = k / (d + count), j = k % (d + count);
        mpz_set_ui(matrix[k], j == d + i);
        if (j < d)
            hs_exact(matrix[k], rows[i * (n + 1) + j], unit);
    }
    bool good = stored || find_combination(matrix, d, count, multipliers);
    hs_require(c, good, "the core's rows have no unique vanishing combination");
    if (stored)
        read_multipliers(c, multipliers, count);
    check_combination(c, rows, unit, count);
}

void hs_check_core(hs_checker *c) {
    uint32_t *core = hs_read_slot(c);
    uint64_t kind = hs_number(c, HS_CORE_STORED + 1, "kind of core");
    core[0] = (uint32_t)hs_number(c, c->n + 3, "number of rows");
    hs_require(c, core[0] > 0, "the core is empty");
    for (size_t k = 1; k <= core[0]; k++) {
        uint64_t row = hs_number(c, 2 * c->row_count, "row");
        bool good = c->usable[row / 2] && (row / 2 < c->m || row % 2 == 0);
        for (size_t i = 1; i < k; i++)
            good = good && core[i] / 2 != row / 2;
        hs_require(c, good, "row %zu cannot be in a core here", (size_t)row / 2);
        core[k] = (uint32_t)row;
    }
    prove(c, core, kind);
    c->found->cores++;
}
