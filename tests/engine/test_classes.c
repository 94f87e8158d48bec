/* Classes modulo 3: that all of them are enumerated, and that a search through them says the same
 * as the tree. */
#include "engine/bits.h"
#include "engine/classes.h"
#include "engine/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 80, MOST_COLUMNS = 6, WORDS = 2, MOST_CLASSES = 729 };

/* A number modulo 3, by long division of its bits: 2 is -1. */
static int thirds(double value) {
    int exponent, sum = 0;
    double rest = frexp(fabs(value), &exponent);
    for (; rest > 0.0; exponent--) {
        rest *= 2.0;
        if (rest >= 1.0) {
            rest -= 1.0;
            sum += (exponent - 1) % 2 == 0 ? 1 : 2;
        }
    }
    return (value < 0.0 ? 3 - sum % 3 : sum) % 3;
}

static int compare_sets(const void *a, const void *b) {
    return memcmp(a, b, WORDS * sizeof(uint64_t));
}

/* The rows that are not 0 for each v != 0 modulo 3, up to its sign, that is orthogonal to the rows
 * in `active`. */
static size_t all_classes(const double *weight, size_t m, size_t n, const uint64_t *active,
                          uint64_t *sets) {
    size_t count = 0, vectors = (size_t)lround(pow(3.0, (double)n));
    for (size_t number = 1; number < vectors; number++) {
        int v[MOST_COLUMNS], last = 0;
        size_t rest = number;
        bool orthogonal = true;
        for (size_t j = 0; j < n; j++, rest /= 3) {
            v[j] = (int)(rest % 3);
            last = v[j] != 0 ? v[j] : last;
        }
        if (last != 1)
            continue;
        uint64_t *set = sets + count * WORDS;
        memset(set, 0, WORDS * sizeof *set);
        for (size_t i = 0; i < m; i++) {
            int sum = 0;
            for (size_t j = 0; j < n; j++)
                sum += v[j] * thirds(weight[i * n + j]);
            if (sum % 3 != 0)
                hs_bits_set(set, i);
            orthogonal = orthogonal && (sum % 3 == 0 || !hs_bits_test(active, i));
        }
        count += orthogonal;
    }
    qsort(sets, count, WORDS * sizeof *sets, compare_sets);
    return count;
}

static void every_class_is_enumerated_once(void **state) {
    (void)state;
    uint64_t seed = 31;
    size_t chunks = 0, spanning = 0, with_active = 0;
    for (size_t trial = 0; trial < 300; trial++) {
        size_t n = 1 + trial % MOST_COLUMNS, m = n + (size_t)(chance(&seed) * (MOST_ROWS - 6));
        double weight[MOST_ROWS * MOST_COLUMNS];
        size_t row_of[MOST_ROWS];
        uint64_t active[WORDS] = {0}, expected[(MOST_CLASSES + 1) * WORDS],
                 found[2 * MOST_CLASSES * WORDS], scratch[(MOST_COLUMNS + 1) * 2 * WORDS];
        for (size_t k = 0; k < m * n; k++) /* integers, multiples of powers of two, and any */
            weight[k] = trial % 3 == 0   ? floor(7.0 * chance(&seed)) - 3.0
                        : trial % 3 == 1 ? ldexp(floor(9.0 * chance(&seed)) - 4.0, (int)(k % 5) - 2)
                                         : chance(&seed) - 0.5;
        for (size_t i = 0; i < m; i++) {
            row_of[i] = i;
            if (trial % 4 == 1 && i < 3)
                hs_bits_set(active, i);
        }
        hs_classes classes;
        bool made;
        assert_int_equal(
            hs_classes_create(weight, row_of, m, n, active, WORDS, trial % 5, &classes, &made),
            HS_OK);
        if (made) {
            size_t count = 0, all = all_classes(weight, m, n, active, expected);
            for (uint64_t chunk = 0; chunk < classes.chunks; chunk++) {
                uint8_t digits[MOST_COLUMNS] = {0};
                hs_classes_digits(&classes, chunk, digits);
                count += hs_classes_load(&classes, chunk, digits, found + count * WORDS, scratch);
                assert_in_range(count, 0, MOST_CLASSES - 1);
            }
            assert_int_equal(count, all);
            qsort(found, count, WORDS * sizeof *found, compare_sets);
            assert_memory_equal(found, expected, count * WORDS * sizeof *found);
            chunks += (size_t)classes.chunks;
            spanning++;
            with_active += classes.active > 0;
        }
        hs_classes_clear(&classes);
    }
    assert_true(chunks > 1000 && spanning > 200 && with_active > 50);
}

static void rows_that_vanish_modulo_3_do_not_span(void **state) {
    (void)state;
    const double weight[] = {3.0, 1.0, -1.5, 2.0, -0.5, 2.0}; /* (0, 1), (0, 2), (1, 2) */
    const size_t row_of[] = {0, 1, 2};
    const uint64_t none = 0;
    for (size_t rows = 2; rows <= 3; rows++) {
        hs_classes classes;
        bool made;
        assert_int_equal(hs_classes_create(weight, row_of, rows, 2, &none, 1, 2, &classes, &made),
                         HS_OK);
        assert_int_equal(made, rows == 3);
        hs_classes_clear(&classes);
    }
}

static void sets_are_transposed(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (size_t trial = 0; trial < 50; trial++) {
        size_t words = 1 + trial % 3, count = 1 + (size_t)(chance(&seed) * 300.0);
        size_t width = (count + 63) / 64 + trial % 2;
        uint64_t *sets = calloc(count * words, sizeof *sets);
        uint64_t *masks = calloc(64 * words * width, sizeof *masks);
        for (size_t k = 0; k < count * words; k++)
            sets[k] = chance_bits(&seed);
        hs_classes_transpose(sets, words, count, width, masks);
        for (size_t i = 0; i < 64 * words; i++)
            for (size_t k = 0; k < 64 * width; k++)
                assert_int_equal(hs_bits_test(masks + i * width, k),
                                 k < count && hs_bits_test(sets + k * words, i));
        free(sets);
        free(masks);
    }
}

static hs_verdict asked(const char *classes, const hs_layer *layer, hs_domain domain) {
    setenv("HALFSPAN_CLASSES", classes, 1);
    hs_verdict verdict = verdict_of(layer, domain, HS_ENGINE_BRANCH);
    unsetenv("HALFSPAN_CLASSES");
    return verdict;
}

/* Small layers of every domain, where the tree alone answers too. */
static void classes_and_the_tree_agree(void **state) {
    (void)state;
    uint64_t seed = 71;
    size_t injective = 0, other = 0;
    for (size_t k = 0; k < 90; k++) {
        size_t n = 2 + k % 4, m = (3 + k % 5) * n;
        double bias = k % 3 == 0 ? 0.0 : 0.4;
        hs_layer *layer =
            k % 6 == 5 ? integer_layer(&seed, m, n, k % 4 == 1) : random_layer(&seed, m, n, bias);
        const hs_domain domains[] = {ball(0.7), nonneg_ball(2.0), space(), box(-0.5, 1.0)};
        hs_verdict verdict = asked("never", layer, domains[k % 4]);
        assert_int_equal(asked("always", layer, domains[k % 4]), verdict);
        injective += verdict == HS_INJECTIVE;
        other += verdict == HS_NOT_INJECTIVE;
        hs_layer_free(layer);
    }
    assert_true(injective > 15 && other > 15);
}

/* More classes than are looked at together, so that they are divided; classes that cores of the
 * pool do not rule out; several threads. */
static void many_classes(void **state) {
    (void)state;
    const double bias[] = {0.0, 0.0, 0.3};
    const hs_domain domains[] = {ball(1.0), nonneg_ball(1.0), ball(0.5)};
    uint64_t seed = 8;
    for (size_t k = 0; k < 3; k++) {
        hs_layer *layer = random_layer(&seed, 63, 9, bias[k]);
        hs_settings settings = hs_settings_default();
        settings.engine = HS_ENGINE_BRANCH;
        for (settings.threads = 1; settings.threads <= 3; settings.threads += 2) {
            hs_verdict verdict[2];
            for (size_t way = 0; way < 2; way++) {
                setenv("HALFSPAN_CLASSES", way == 0 ? "never" : "always", 1);
                hs_result *result = result_of(layer, domains[k], &settings);
                verdict[way] = result->verdict;
                assert_int_not_equal(result->verdict, HS_UNDECIDED);
                hs_result_free(result);
            }
            unsetenv("HALFSPAN_CLASSES");
            assert_int_equal(verdict[0], verdict[1]);
        }
        hs_layer_free(layer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_is_enumerated_once),
        cmocka_unit_test(rows_that_vanish_modulo_3_do_not_span),
        cmocka_unit_test(sets_are_transposed),
        cmocka_unit_test(classes_and_the_tree_agree),
        cmocka_unit_test(many_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
