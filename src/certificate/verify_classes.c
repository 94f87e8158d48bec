/* Classes modulo 3. Where the active rows do not span, an integer vector v without a common divisor
 * is orthogonal to them: a row whose product with v is not 0 modulo 3 is inactive. A chunk is all
 * v != 0 modulo 3 with given products, its digits, with some rows; it is proved by ruling its
 * classes out, set by set (README.md). */
#include "certificate/verify.h"

enum { MOST_WORDS = 1 << 23, MOST_PARTS = 1 << 16 }; /* of the classes of a chunk; to come */

/* Numbers modulo 3 for all rows: bits of those that are 1, then of those that are 2. to = x + y. */
static void add(const uint64_t *x, const uint64_t *y, size_t words, uint64_t *to) {
    for (size_t w = 0; w < words; w++) {
        uint64_t x1 = x[w], x2 = x[words + w], y1 = y[w], y2 = y[words + w];
        uint64_t x0 = ~(x1 | x2), y0 = ~(y1 | y2);
        to[w] = (x1 & y0) | (x0 & y1) | (x2 & y2);
        to[words + w] = (x2 & y0) | (x0 & y2) | (x1 & y1);
    }
}

/* The rows modulo 3, where 2 is -1. */
static const uint8_t *find_thirds(hs_checker *c) {
    size_t n = c->n;
    bool made = c->rooms.thirds.at != NULL;
    uint8_t *thirds = hs_memory(c, &c->rooms.thirds, c->m * n, 1);
    for (size_t k = 0; k < c->m * n && !made; k++) {
        const double *row = c->rows + k / n * (n + 1);
        int unit = hs_unit(row, n);
        hs_exact(c->integers[0], row[k % n], unit);
        if (unit % 2 != 0)
            mpz_neg(c->integers[0], c->integers[0]);
        thirds[k] = (uint8_t)mpz_fdiv_ui(c->integers[0], 3);
    }
    return thirds;
}

/* The digits of the rows of c->states as equations for v, reduced: n coefficients and the digit, a
 * leading 1 that no other one has, in column[k]. Returns how many are left, or n + 1 when they
 * contradict each other. */
static size_t reduce(hs_checker *c, const uint8_t *thirds, uint8_t *equation, size_t *column) {
    size_t n = c->n, rank = 0;
    for (size_t i = 0; i < c->m; i++) {
        if (c->states[i] < HS_DIGIT)
            continue;
        uint8_t *row = equation + rank * (n + 1);
        memcpy(row, thirds + i * n, n);
        row[n] = (uint8_t)(c->states[i] - HS_DIGIT);
        for (size_t k = 0; k < rank; k++)
            for (size_t j = 0, f = 3u - row[column[k]]; j <= n; j++)
                row[j] = (uint8_t)((row[j] + f * equation[k * (n + 1) + j]) % 3);
        size_t p = 0;
        while (p < n && row[p] == 0)
            p++;
        if (p == n && row[n] != 0)
            return n + 1;
        if (p == n)
            continue;
        for (size_t j = 0, f = row[p]; j <= n; j++) /* 1 and 2 are their own inverses */
            row[j] = (uint8_t)(row[j] * f % 3);
        for (size_t k = 0; k < rank; k++)
            for (size_t j = 0, f = 3u - equation[k * (n + 1) + p]; j <= n; j++)
                equation[k * (n + 1) + j] = (uint8_t)((equation[k * (n + 1) + j] + f * row[j]) % 3);
        column[rank++] = p;
    }
    return rank;
}

/* The products with a vector v, which has n numbers, of all rows that are looked at. */
static void products(const hs_checker *c, const uint8_t *thirds, const uint8_t *v, uint64_t *to) {
    const uint32_t *bit = c->rooms.bits.at;
    memset(to, 0, 2 * c->class_words * sizeof *to);
    for (size_t i = 0; i < c->m; i++) {
        unsigned sum = 0;
        for (size_t j = 0; j < c->n && bit[i] < c->class_rows; j++)
            sum += (unsigned)thirds[i * c->n + j] * v[j];
        if (sum % 3 != 0)
            to[(sum % 3 - 1) * c->class_words + bit[i] / 64] |= UINT64_C(1) << (bit[i] % 64);
    }
}

/* All classes of the chunk: for each the rows with products that are not 0. */
static void make_classes(hs_checker *c) {
    size_t n = c->n, words = c->class_words = (c->class_rows + 63) / 64, count = 1;
    const uint8_t *thirds = find_thirds(c);
    uint8_t *equation = hs_memory(c, &c->rooms.equations, (c->m + 2) * (n + 1), 1);
    size_t *column = hs_memory(c, &c->rooms.columns, n + 1, sizeof *column);
    size_t rank = reduce(c, thirds, equation, column);
    c->class_begin = c->class_end = 0;
    if (rank > n || hs_others_turn(c)) /* to them the set has no class from the start */
        return;
    uint64_t *level = hs_memory(c, &c->rooms.levels, 4 * (n + 2) * words, sizeof *level);
    uint64_t *steps = level + 2 * (n + 2) * words; /* what one more of a free coordinate adds */
    uint8_t *v = equation + (c->m + 1) * (n + 1);
    bool none = true;
    memset(v, 0, n);
    for (size_t k = 0; k < rank; k++) {
        v[column[k]] = equation[k * (n + 1) + n];
        none = none && v[column[k]] == 0;
    }
    products(c, thirds, v, level);
    size_t free_count = 0;
    for (size_t p = 0; p < n; p++) {
        bool pivot = false;
        for (size_t k = 0; k < rank; k++)
            pivot = pivot || column[k] == p;
        if (pivot)
            continue;
        memset(v, 0, n);
        v[p] = 1;
        for (size_t k = 0; k < rank; k++)
            v[column[k]] = (uint8_t)((3 - equation[k * (n + 1) + p]) % 3);
        products(c, thirds, v, steps + 2 * words * free_count++);
        hs_affordable(c, count <= MOST_WORDS / 3 / words, "a chunk has too many classes");
        count *= 3;
    }
    uint64_t *classes = hs_memory(c, &c->rooms.classes, count * words, sizeof *classes);
    uint8_t *digit = v;
    memset(digit, 0, n);
    for (size_t k = 0, at = 0;; at++) {
        for (; k < free_count; k++)
            memcpy(level + 2 * words * (k + 1), level + 2 * words * k, 2 * words * sizeof *level);
        const uint64_t *sum = level + 2 * words * free_count;
        for (size_t w = 0; w < words; w++)
            classes[at * words + w] = sum[w] | sum[words + w];
        while (k > 0 && digit[k - 1] == 2)
            digit[--k] = 0;
        if (k == 0)
            break;
        digit[k - 1]++;
        add(level + 2 * words * k, steps + 2 * words * (k - 1), words, level + 2 * words * k);
    }
    c->class_begin = none ? 1 : 0; /* the first one is v = 0 */
    c->class_end = count;
}

/* Classes of the set for which all these rows are not zero come last; where they begin. */
static size_t sort_out(hs_checker *c, const uint64_t *rows) {
    uint64_t *classes = c->rooms.classes.at;
    size_t words = c->class_words, at = c->class_begin, end = c->class_end;
    while (at < end) {
        uint64_t *class = classes + at * words, *last = classes + (end - 1) * words;
        size_t w = 0;
        while (w < words && (rows[w] & ~class[w]) == 0)
            w++;
        if (w < words) { /* nearly always the first one says so */
            at++;
            continue;
        }
        for (end--; w-- > 0;) {
            uint64_t other = class[w];
            class[w] = last[w];
            last[w] = other;
        }
    }
    return end;
}

static uint64_t *no_rows(hs_checker *c) {
    uint64_t *rows = hs_memory(c, &c->rooms.row_set, c->class_words, sizeof *rows);
    memset(rows, 0, c->class_words * sizeof *rows);
    return rows;
}

/* Puts a row into a set of rows of which the classes know something. */
static void put_row(hs_checker *c, uint64_t *rows, size_t row) {
    const uint32_t *bit = c->rooms.bits.at;
    hs_require(c, bit[row] < c->class_rows, "row %zu is not looked at in chunks", row);
    rows[bit[row] / 64] |= UINT64_C(1) << (bit[row] % 64);
}

static void look_at_all_rows(hs_checker *c) {
    uint32_t *bit = hs_memory(c, &c->rooms.bits, c->m, sizeof *bit);
    for (; c->class_rows < c->m; c->class_rows++)
        bit[c->class_rows] = (uint32_t)c->class_rows;
}

/* Only these rows are looked at in the chunks that follow. */
void hs_look_at_rows(hs_checker *c) {
    uint32_t *bit = hs_memory(c, &c->rooms.bits, c->m, sizeof *bit);
    memset(bit, 0xff, c->m * sizeof *bit);
    c->class_rows = 0;
    for (uint64_t left = hs_number(c, c->m + 1, "number of rows"); left > 0; left--) {
        size_t row = hs_number(c, c->m, "row");
        hs_require(c, bit[row] == UINT32_MAX, "row %zu is looked at twice", row);
        bit[row] = (uint32_t)c->class_rows++;
    }
    hs_require(c, c->class_rows > 0, "no row is looked at");
}

/* A row, for the first time, and its digit. */
static size_t read_digit(hs_checker *c, int digit) {
    size_t row = hs_number(c, c->m, "row");
    bool good = c->usable[row] && c->states[row] < HS_DIGIT;
    hs_require(c, good, "row %zu has no digit here", row);
    c->states[row] = (uint8_t)(HS_DIGIT + digit);
    return row;
}

/* Digits 0 for rows that are active, all others up to the sign: chunk 0 has no other digit, then
 * come those whose first one that is not 0 is the first, the second, ..., and is 1. */
void hs_leave_classes(hs_checker *c) {
    uint64_t first = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment"), count = 1;
    uint8_t *branch = hs_memory(c, &c->rooms.branch, c->m, 1);
    size_t *open = hs_memory(c, &c->rooms.columns, c->m + 1, sizeof *open), open_count = 0;
    hs_require(c, first > c->number, "a chunk may not rest on segment %" PRIu64, first);
    memcpy(branch, c->states, c->m);
    memset(c->states, 0, c->m);
    for (uint64_t left = hs_number(c, c->m + 1, "number of rows"); left > 0; left--) {
        size_t row = read_digit(c, 0);
        if (branch[row] == HS_ACTIVE)
            continue;
        open[open_count++] = row;
        hs_affordable(c, count < HS_CERTIFICATE_SEGMENTS, "there are too many chunks");
        count *= 3;
    }
    hs_affordable(c, first + count / 2 < HS_CERTIFICATE_SEGMENTS, "there are too many chunks");
    hs_settle(c, first, true);
    for (size_t k = 0, chunk = 1; k < open_count; k++) {
        count /= 3;
        for (uint64_t digits = 0; digits < count; digits++) {
            uint64_t rest = digits;
            for (size_t i = open_count; i-- > 0; rest /= 3)
                c->states[open[i]] = (uint8_t)(HS_DIGIT + (i > k ? rest % 3 : i == k));
            hs_settle(c, first + chunk++, true);
        }
    }
    memcpy(c->states, branch, c->m);
    hs_close_branch(c);
}

void hs_begin_chunk(hs_checker *c) {
    c->number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment");
    memset(c->states, 0, c->m);
    for (int digit = 0; digit < 3; digit++)
        for (uint64_t left = hs_number(c, c->m + 1, "number of rows"); left > 0; left--)
            read_digit(c, digit);
    hs_require(c, c->number > 0, "segment 0, the domain, assumes nothing");
    if (c->class_rows == 0)
        look_at_all_rows(c);
    hs_settle(c, c->number, false);
    make_classes(c);
    memset(c->states, 0, c->m);
    c->pending = 0;
    c->in_chunk = true;
}

/* No class for which all rows of the core are not zero: they would be inactive. */
void hs_sieve(hs_checker *c) {
    const uint32_t *core = hs_read_slot(c);
    uint64_t *rows = no_rows(c);
    hs_require(c, core[0] > 0, "there is no core in slot %zu", c->slot);
    for (size_t k = 1; k <= core[0]; k++) {
        hs_require(c, core[k] % 2 == 0, "a row of the core asks to be active");
        if (core[k] / 2 < c->m)
            put_row(c, rows, core[k] / 2);
    }
    c->class_end = sort_out(c, rows);
}

/* The same for rows of which a segment proves that they are not all inactive at a bad point. */
void hs_leave_rows(hs_checker *c) {
    uint64_t number = hs_number(c, HS_CERTIFICATE_SEGMENTS, "segment"), *rows = no_rows(c);
    hs_require(c, number > c->number, "a chunk may not rest on segment %" PRIu64, number);
    for (uint64_t left = hs_number(c, c->m + 1, "number of rows"); left > 0; left--) {
        size_t row = hs_number(c, c->m, "row");
        put_row(c, rows, row);
        c->states[row] = HS_INACTIVE;
    }
    hs_settle(c, number, true);
    memset(c->states, 0, c->m);
    c->class_end = sort_out(c, rows);
}

/* Classes for which the row is 0 and those for which it is not: one after the other. */
void hs_divide(hs_checker *c) {
    uint64_t value = hs_number(c, 2 * (uint64_t)c->m, "row"), *rows = no_rows(c);
    put_row(c, rows, value / 2);
    hs_affordable(c, c->pending < MOST_PARTS, "there are too many parts of the set");
    size_t middle = sort_out(c, rows), *parts;
    parts = hs_memory(c, &c->rooms.parts, 2 * (c->pending + 1), sizeof *parts);
    parts += 2 * c->pending++;
    bool zero_first = value % 2 == 0;
    parts[0] = zero_first ? middle : c->class_begin;
    parts[1] = zero_first ? c->class_end : middle;
    *(zero_first ? &c->class_end : &c->class_begin) = middle;
}

/* No class is left of the set: on with the part that was divided off last. */
void hs_close_set(hs_checker *c) {
    hs_require(c, c->class_begin == c->class_end, "classes of the set are left");
    c->found->branches++;
    c->in_chunk = c->pending > 0;
    if (!c->in_chunk)
        return;
    const size_t *parts = (const size_t *)c->rooms.parts.at + 2 * --c->pending;
    c->class_begin = parts[0];
    c->class_end = parts[1];
}
