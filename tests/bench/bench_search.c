/* How often and how fast the witness search succeeds on Gaussian layers with zero bias:
 *     bench_search [N ALPHA SEEDS LIMIT [THREADS [FIRST_SEED]]]
 * One line per case; without arguments, the table of src/engine/search.md. Times include the set-up
 * of the search and the construction of the witness, whose outputs are recomputed. */
#include "halfspan/halfspan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct bench_case {
    size_t n;
    double alpha;
    unsigned seeds;
    double limit; /* seconds */
    unsigned threads;
    uint64_t first_seed;
} bench_case;

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Do two different inputs really have the same output, and how many rows are active at z? */
static bool confirmed(const hs_layer *layer, const hs_witness *witness) {
    size_t m = hs_layer_rows(layer), n = hs_layer_columns(layer), active = 0;
    const double *w = hs_layer_weight(layer), *b = hs_layer_bias(layer);
    double largest = 0.0;
    for (size_t i = 0; i < m; i++) {
        double at_z = b[i], at_x = b[i], at_y = b[i];
        for (size_t j = 0; j < n; j++) {
            at_z += w[i * n + j] * witness->z[j];
            at_x += w[i * n + j] * witness->x[j];
            at_y += w[i * n + j] * witness->y[j];
        }
        active += at_z >= 0.0;
        largest = fmax(largest, fabs(fmax(at_x, 0.0) - fmax(at_y, 0.0)));
    }
    return active < n && witness->separation > 0.0 && largest < 1e-9;
}

static double decide(const bench_case *this, uint64_t seed) {
    const hs_ensemble gaussian = {.kind = HS_ENSEMBLE_GAUSSIAN}, none = {.kind = HS_ENSEMBLE_NONE};
    const hs_domain space = {.kind = HS_DOMAIN_SPACE};
    hs_settings settings = hs_settings_default();
    hs_layer *layer = NULL;
    hs_result *result = NULL;
    hs_error error;
    double seconds = INFINITY;
    settings.engine = HS_ENGINE_SEARCH;
    settings.time_limit = this->limit;
    settings.threads = this->threads;
    size_t m = (size_t)lround(this->alpha * (double)this->n);
    if (hs_layer_generate(m, this->n, gaussian, none, seed, &layer, &error) != HS_OK ||
        hs_check(layer, &space, &settings, &result, &error) != HS_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(EXIT_FAILURE);
    }
    if (result->verdict == HS_NOT_INJECTIVE) {
        seconds = result->seconds;
        if (!confirmed(layer, result->witness)) {
            fprintf(stderr, "seed %llu: the witness does not hold\n", (unsigned long long)seed);
            exit(EXIT_FAILURE);
        }
    }
    hs_result_free(result);
    hs_layer_free(layer);
    return seconds;
}

static void run(const bench_case *this) {
    double *seconds = calloc(this->seeds, sizeof *seconds);
    if (seconds == NULL)
        exit(EXIT_FAILURE);
    unsigned solved = 0;
    for (unsigned k = 0; k < this->seeds; k++) {
        seconds[k] = decide(this, this->first_seed + k);
        solved += isfinite(seconds[k]);
    }
    qsort(seconds, this->seeds, sizeof *seconds, ascending);
    printf("n %4zu  m/n %.2f  solved %2u of %u within %g s  median %.3g s  slowest %.3g s\n",
           this->n, this->alpha, solved, this->seeds, this->limit, seconds[this->seeds / 2],
           solved > 0 ? seconds[solved - 1] : INFINITY);
    fflush(stdout);
    free(seconds);
}

int main(int argc, char **argv) {
    static const bench_case table[] = {
        {30, 5.5, 20, 10, 2, 1},   {100, 6.2, 20, 10, 2, 1},  {300, 6.4, 20, 10, 2, 1},
        {300, 6.5, 20, 60, 2, 1},  {1000, 6.4, 20, 10, 2, 1}, {1000, 6.5, 20, 60, 2, 1},
        {1000, 6.6, 20, 60, 2, 1}, {2000, 6.3, 20, 10, 2, 1}, {2000, 6.5, 20, 60, 2, 1}};
    if (argc > 4) {
        const bench_case one = {strtoul(argv[1], NULL, 10),
                                strtod(argv[2], NULL),
                                (unsigned)strtoul(argv[3], NULL, 10),
                                strtod(argv[4], NULL),
                                argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 2,
                                argc > 6 ? strtoull(argv[6], NULL, 10) : 1};
        run(&one);
        return EXIT_SUCCESS;
    }
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        run(&table[k]);
    return EXIT_SUCCESS;
}
