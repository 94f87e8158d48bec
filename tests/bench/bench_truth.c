/* How often the witness search finds what exists: layers that the exact engine proves not
 * injective, near the width at which witnesses become rare. bench_truth [KIND N ALPHA LAYERS
 * [SEARCH_SECONDS [BRANCH_SECONDS [FIRST_SEED]]]] KIND: space, ball, box, nonneg; all but space
 * with bias. Without arguments, a table; the last line is the total. Layers that the exact engine
 * does not decide in time are left out and counted. */
#include "halfspan/halfspan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_INPUTS = 64 };

typedef struct bench_case {
    const char *kind;
    size_t n;
    double alpha;
    unsigned layers;
    double search_seconds, branch_seconds;
    uint64_t first_seed;
} bench_case;

typedef struct tally {
    unsigned exist, found, injective, open;
    double slowest;
} tally;

static hs_domain domain_of(const bench_case *this) {
    static double lower[MOST_INPUTS], upper[MOST_INPUTS];
    for (size_t j = 0; j < MOST_INPUTS; j++) {
        lower[j] = -1.0;
        upper[j] = 1.0;
    }
    if (strcmp(this->kind, "ball") == 0)
        return (hs_domain){.kind = HS_DOMAIN_BALL, .radius = sqrt((double)this->n)};
    if (strcmp(this->kind, "nonneg") == 0)
        return (hs_domain){.kind = HS_DOMAIN_NONNEG_BALL, .radius = sqrt((double)this->n)};
    if (strcmp(this->kind, "box") == 0)
        return (hs_domain){.kind = HS_DOMAIN_BOX, .lower = lower, .upper = upper};
    return (hs_domain){.kind = HS_DOMAIN_SPACE};
}

static hs_result *decide(const bench_case *this, const hs_layer *layer, hs_engine_kind engine,
                         double seconds) {
    const hs_domain domain = domain_of(this);
    hs_settings settings = hs_settings_default();
    hs_result *result = NULL;
    hs_error error;
    settings.engine = engine;
    settings.time_limit = seconds;
    if (hs_check(layer, &domain, &settings, &result, &error) != HS_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(EXIT_FAILURE);
    }
    return result;
}

static void compare(const bench_case *this, uint64_t seed, tally *sum) {
    bool bias = strcmp(this->kind, "space") != 0;
    const hs_ensemble gaussian = {.kind = HS_ENSEMBLE_GAUSSIAN};
    const hs_ensemble offset = {.kind = bias ? HS_ENSEMBLE_GAUSSIAN : HS_ENSEMBLE_NONE};
    hs_layer *layer = NULL;
    hs_error error;
    size_t m = (size_t)lround(this->alpha * (double)this->n);
    if (hs_layer_generate(m, this->n, gaussian, offset, seed, &layer, &error) != HS_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(EXIT_FAILURE);
    }
    hs_result *truth = decide(this, layer, HS_ENGINE_BRANCH, this->branch_seconds);
    sum->injective += truth->verdict == HS_INJECTIVE;
    sum->open += truth->verdict == HS_UNDECIDED;
    if (truth->verdict == HS_NOT_INJECTIVE) {
        hs_result *found = decide(this, layer, HS_ENGINE_SEARCH, this->search_seconds);
        sum->exist++;
        if (found->verdict == HS_NOT_INJECTIVE) {
            sum->found++;
            sum->slowest = fmax(sum->slowest, found->seconds);
        } else {
            printf("  not found: %s, %zu x %zu, seed %llu\n", this->kind, m, this->n,
                   (unsigned long long)seed);
        }
        hs_result_free(found);
    }
    hs_result_free(truth);
    hs_layer_free(layer);
}

static void run(const bench_case *this, tally *total) {
    tally sum = {0};
    for (unsigned k = 0; k < this->layers; k++)
        compare(this, this->first_seed + k, &sum);
    printf("%-6s n %2zu  m/n %.2f  found %u of %u (%u injective, %u open)  slowest %.3g s\n",
           this->kind, this->n, this->alpha, sum.found, sum.exist, sum.injective, sum.open,
           sum.slowest);
    fflush(stdout);
    total->found += sum.found;
    total->exist += sum.exist;
}

int main(int argc, char **argv) {
    static const bench_case table[] = {
        {"space", 12, 5.6, 100, 2, 30, 1}, {"space", 14, 5.5, 80, 2, 30, 1},
        {"space", 16, 5.4, 60, 2, 30, 1},  {"ball", 10, 5.6, 30, 2, 30, 1},
        {"ball", 12, 5.6, 30, 2, 30, 1},   {"box", 10, 5.6, 30, 2, 30, 1},
        {"box", 12, 5.0, 30, 2, 30, 1},    {"nonneg", 10, 3.0, 30, 2, 30, 1},
        {"nonneg", 12, 3.0, 30, 2, 30, 1}};
    tally total = {0};
    if (argc > 4) {
        const bench_case one = {argv[1],
                                strtoul(argv[2], NULL, 10),
                                strtod(argv[3], NULL),
                                (unsigned)strtoul(argv[4], NULL, 10),
                                argc > 5 ? strtod(argv[5], NULL) : 2.0,
                                argc > 6 ? strtod(argv[6], NULL) : 30.0,
                                argc > 7 ? strtoull(argv[7], NULL, 10) : 1};
        if (one.n == 0 || one.n > MOST_INPUTS)
            return EXIT_FAILURE;
        run(&one, &total);
    } else {
        for (size_t k = 0; k < sizeof table / sizeof *table; k++)
            run(&table[k], &total);
    }
    printf("found %u of %u\n", total.found, total.exist);
    return EXIT_SUCCESS;
}
