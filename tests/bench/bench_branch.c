/* The exact engine on random Gaussian layers without bias, one line per case: nodes, pivots, times
 * and ratios, medians over layers. Times of one thread are processor seconds, which a busy machine
 * spoils less (set OPENBLAS_NUM_THREADS=1: its idle threads count); times of two threads are of the
 * wall clock. Usage: bench_branch PART [MIN_N [MAX_N [LAYERS [THREADS]]]] growth    nodes, pivots
 * and times as n grows, m = 6n threads   two threads against one on proofs, m = 6n kernels   the
 * versions of the vector kernels against the plain one on proofs, m = 6n rank      deciding the
 * rank against counting active rows on the same proofs, m = 6n wide      n = 10 with m = 60, 200,
 * 2000 solve     200 nodes of the tree of the layer of size MIN_N with seed LAYERS, for counting
 *             instructions (bench_instructions.py) */
#include "engine/branch.h"
#include "halfspan/halfspan.h"
#include "support/clock.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_LAYERS = 64, MAX_REPEATS = 9, ROWS_PER_COLUMN = 6, SOLVE_NODES = 200 };

/* A case is repeated until it has taken so long, or MAX_REPEATS times. */
static const double enough_seconds = 0.2;

/* No single layer takes longer. */
static const double give_up_seconds = 1800.0;

/* What the times of two threads should be at most, median over layers. */
typedef struct goal {
    size_t n;
    bool proofs; /* only layers that are injective count */
    double seconds;
} goal;

static const goal goals[] = {{16, true, 3.0}, {18, false, 30.0}, {20, false, 300.0}};

typedef struct measure {
    hs_verdict verdict;
    double nodes, pivots;
    double wall, processor; /* seconds; medians when repeated */
} measure;

typedef struct range {
    size_t min_n, max_n, layers;
    unsigned threads;
} range;

static void check(hs_status status, const hs_error *error) {
    if (status == HS_OK)
        return;
    fprintf(stderr, "bench_branch: %s\n", error->message);
    exit(1);
}

static double processor_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the values. */
static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_doubles);
    return (values[(count - 1) / 2] + values[count / 2]) / 2.0;
}

/* ---- one layer ------------------------------------------------------------------------------- */

static hs_layer *gaussian(size_t m, size_t n, uint64_t seed) {
    const hs_ensemble weight = {.kind = HS_ENSEMBLE_GAUSSIAN}, bias = {.kind = HS_ENSEMBLE_NONE};
    hs_layer *layer;
    hs_error error;
    check(hs_layer_generate(m, n, weight, bias, seed, &layer, &error), &error);
    return layer;
}

static measure decide(const hs_problem *problem, const hs_settings *settings) {
    hs_outcome outcome = {.verdict = HS_UNDECIDED};
    hs_error error;
    hs_run run;
    double wall = hs_clock_seconds(), processor = processor_seconds();
    hs_run_begin(&run, settings);
    check(hs_engine_branch(problem, &run, &outcome, &error), &error);
    measure result = {.verdict = outcome.verdict,
                      .nodes = (double)outcome.nodes,
                      .pivots = (double)outcome.pivots,
                      .wall = hs_clock_seconds() - wall,
                      .processor = processor_seconds() - processor};
    free(outcome.z);
    return result;
}

/* Are at least n rows active everywhere? The tree without any question of rank. */
static measure count_rows(const hs_problem *problem, const hs_settings *settings) {
    hs_error error;
    hs_run run;
    hs_tree tree;
    double wall = hs_clock_seconds(), processor = processor_seconds();
    hs_run_begin(&run, settings);
    check(hs_tree_create(problem, &run, HS_GOAL_COUNT, problem->n, &tree, &error), &error);
    check(hs_tree_search(&tree), &error);
    measure result = {.verdict = tree.has_point ? HS_NOT_INJECTIVE : HS_INJECTIVE,
                      .nodes = (double)tree.node_count,
                      .pivots = (double)tree.pivots,
                      .wall = hs_clock_seconds() - wall,
                      .processor = processor_seconds() - processor};
    hs_tree_clear(&tree);
    return result;
}

typedef measure ask(const hs_problem *problem, const hs_settings *settings);

/* The medians of enough repetitions. */
static measure repeat(ask *question, const hs_layer *layer, unsigned threads) {
    const hs_domain ball = {.kind = HS_DOMAIN_BALL, .radius = 1.0};
    hs_settings settings = hs_settings_default();
    hs_problem problem;
    hs_error error;
    double nodes[MAX_REPEATS], pivots[MAX_REPEATS], wall[MAX_REPEATS], processor[MAX_REPEATS];
    double begin = hs_clock_seconds();
    size_t count = 0;
    measure result;
    settings.threads = threads;
    settings.time_limit = give_up_seconds;
    check(hs_problem_create(layer, &ball, &problem, &error), &error);
    do {
        result = question(&problem, &settings);
        nodes[count] = result.nodes;
        pivots[count] = result.pivots;
        wall[count] = result.wall;
        processor[count++] = result.processor;
    } while (count < MAX_REPEATS && hs_clock_seconds() - begin < enough_seconds);
    hs_problem_clear(&problem);
    result.nodes = median(nodes, count);
    result.pivots = median(pivots, count);
    result.wall = median(wall, count);
    result.processor = median(processor, count);
    return result;
}

/* The next layer after *seed that is injective, or NULL after too many; *first is how it was
 * decided. */
static hs_layer *next_injective(size_t n, uint64_t *seed, unsigned threads, measure *first) {
    for (int tries = 0; tries < 100; tries++) {
        hs_layer *layer = gaussian(ROWS_PER_COLUMN * n, n, ++*seed);
        *first = repeat(decide, layer, threads);
        if (first->verdict == HS_INJECTIVE)
            return layer;
        hs_layer_free(layer);
    }
    return NULL;
}

/* ---- medians over layers --------------------------------------------------------------------- */

typedef struct sample {
    size_t count;
    double values[MAX_LAYERS];
} sample;

static void add(sample *to, double value) {
    to->values[to->count++] = value;
}

static double middle(sample *of) {
    return of->count > 0 ? median(of->values, of->count) : NAN;
}

static double largest(sample *of) {
    return of->count > 0 ? (median(of->values, of->count), of->values[of->count - 1]) : NAN;
}

typedef struct group {
    sample nodes, pivots, wall, processor, per_node, per_pivot, pivots_per_node;
} group;

static void add_measure(group *to, const measure *from) {
    add(&to->nodes, from->nodes);
    add(&to->pivots, from->pivots);
    add(&to->wall, from->wall);
    add(&to->processor, from->processor);
    add(&to->per_node, from->processor / fmax(from->nodes, 1.0));
    add(&to->per_pivot, from->processor / fmax(from->pivots, 1.0));
    add(&to->pivots_per_node, from->pivots / fmax(from->nodes, 1.0));
}

static void print_group(const char *name, group *all) {
    printf(", %zu %s", all->nodes.count, name);
    if (all->nodes.count == 0)
        return;
    printf(": %.0f nodes, %.0f pivots (%.1f a node), %.2f us a node, %.3f us a pivot",
           middle(&all->nodes), middle(&all->pivots), middle(&all->pivots_per_node),
           1e6 * middle(&all->per_node), 1e6 * middle(&all->per_pivot));
}

/* ---- parts ------------------------------------------------------------------------------------
 */

static void print_goal(size_t n, sample *proofs, sample *decided) {
    for (size_t k = 0; k < sizeof goals / sizeof *goals; k++) {
        if (goals[k].n != n)
            continue;
        sample *of = goals[k].proofs ? proofs : decided;
        printf("goal    n %2zu: %s, wall clock: median %.3g s, largest %.3g s, goal %g s: median / "
               "goal %.2f\n",
               n, goals[k].proofs ? "proofs" : "decided layers", middle(of), largest(of),
               goals[k].seconds, middle(of) / goals[k].seconds);
    }
}

static void growth(const range *over) {
    double last_nodes = NAN, last_time = NAN;
    for (size_t n = over->min_n; n <= over->max_n; n += 2) {
        group injective = {0}, others = {0};
        sample decided = {0};
        size_t undecided = 0;
        for (uint64_t seed = 1; seed <= over->layers; seed++) {
            hs_layer *layer = gaussian(ROWS_PER_COLUMN * n, n, seed);
            measure one = repeat(decide, layer, over->threads);
            hs_layer_free(layer);
            if (one.verdict == HS_UNDECIDED) {
                undecided++;
                continue;
            }
            add_measure(one.verdict == HS_INJECTIVE ? &injective : &others, &one);
            add(&decided, one.wall);
        }
        printf("growth  n %2zu m %3zu %u thread%s", n, ROWS_PER_COLUMN * n, over->threads,
               over->threads > 1 ? "s" : "");
        print_group("injective", &injective);
        double nodes = middle(&injective.nodes), time = middle(&injective.processor);
        if (last_nodes > 0.0 && nodes > 0.0)
            printf(", against n - 2: nodes %.1fx, time %.1fx", nodes / last_nodes,
                   time / last_time);
        print_group("not injective", &others);
        if (undecided > 0)
            printf(", %zu undecided after %g s", undecided, give_up_seconds);
        putchar('\n');
        if (over->threads > 1)
            print_goal(n, &injective.wall, &decided);
        fflush(stdout);
        last_nodes = nodes;
        last_time = time;
    }
}

/* One, two, one, two threads: what others do to the machine meets both. */
static void threads(const range *over) {
    for (size_t n = over->min_n; n <= over->max_n; n += 2) {
        sample wall = {0}, processor = {0}, nodes = {0}, cores = {0};
        uint64_t seed = 0;
        measure one;
        for (size_t k = 0; k < over->layers; k++) {
            hs_layer *layer = next_injective(n, &seed, 1, &one);
            if (layer == NULL)
                break;
            measure two = repeat(decide, layer, 2);
            measure again = repeat(decide, layer, 1);
            measure two_again = repeat(decide, layer, 2);
            hs_layer_free(layer);
            add(&wall, (one.wall + again.wall) / (two.wall + two_again.wall));
            add(&processor,
                (two.processor + two_again.processor) / (one.processor + again.processor));
            add(&nodes, (two.nodes + two_again.nodes) / (one.nodes + again.nodes));
            add(&cores, (two.processor + two_again.processor) / (two.wall + two_again.wall));
        }
        printf("threads n %2zu m %3zu, %zu injective: 2 threads against 1: speed-up %.2fx, nodes "
               "%.2fx, processor time %.2fx, processors at work %.2f, on two free ones at best "
               "%.2fx; goal 1.8x at n 16\n",
               n, ROWS_PER_COLUMN * n, wall.count, middle(&wall), middle(&nodes),
               middle(&processor), middle(&cores), 2.0 / middle(&processor));
        fflush(stdout);
    }
}

static void kernels(const range *over) {
    const char *names[] = {"plain", "avx2", "avx512"};
    enum { KERNELS = sizeof names / sizeof *names };
    const char *wish = getenv("HALFSPAN_KERNEL");
    char *before = wish != NULL ? strdup(wish) : NULL;
    for (size_t n = over->min_n; n <= over->max_n; n += 2) {
        sample pivot[KERNELS] = {0}, node[KERNELS] = {0}, faster[KERNELS] = {0};
        uint64_t seed = 0;
        measure first;
        for (size_t k = 0; k < over->layers; k++) {
            double plain = NAN;
            hs_layer *layer = next_injective(n, &seed, 1, &first);
            for (size_t v = 0; v < KERNELS && layer != NULL; v++) {
                setenv("HALFSPAN_KERNEL", names[v], 1);
                if (strcmp(hs_kernels_choose()->name, names[v]) != 0)
                    continue;
                measure one = repeat(decide, layer, 1);
                plain = v == 0 ? one.processor / one.pivots : plain;
                add(&pivot[v], one.processor / one.pivots);
                add(&node[v], one.processor / one.nodes);
                add(&faster[v], plain / (one.processor / one.pivots));
            }
            if (before != NULL)
                setenv("HALFSPAN_KERNEL", before, 1);
            else
                unsetenv("HALFSPAN_KERNEL");
            hs_layer_free(layer);
        }
        printf("kernels n %2zu m %3zu, %zu injective, whole tree", n, ROWS_PER_COLUMN * n,
               pivot[0].count);
        for (size_t v = 0; v < KERNELS; v++) {
            if (pivot[v].count == 0)
                printf("; %s: not on this processor", names[v]);
            else
                printf("; %s: %.3f us a pivot, %.2f us a node, %.2fx faster a pivot", names[v],
                       1e6 * middle(&pivot[v]), 1e6 * middle(&node[v]), middle(&faster[v]));
        }
        putchar('\n');
        fflush(stdout);
    }
    free(before);
}

static void rank(const range *over) {
    for (size_t n = over->min_n; n <= over->max_n; n += 2) {
        sample nodes = {0}, time = {0}, per_node = {0};
        uint64_t seed = 0;
        measure first;
        for (size_t k = 0; k < over->layers; k++) {
            hs_layer *layer = next_injective(n, &seed, 1, &first);
            if (layer == NULL)
                break;
            measure count = repeat(count_rows, layer, 1);
            measure span = repeat(decide, layer, 1);
            measure again = repeat(count_rows, layer, 1);
            hs_layer_free(layer);
            double spanning = (first.processor + span.processor) / 2.0;
            double counting = (count.processor + again.processor) / 2.0;
            add(&nodes, span.nodes / count.nodes);
            add(&time, spanning / counting);
            add(&per_node, (spanning / span.nodes) / (counting / count.nodes));
        }
        double most_nodes = largest(&nodes), most_time = largest(&time);
        printf("rank    n %2zu m %3zu, %zu injective: rank against count: nodes %.2fx (largest "
               "%.2fx), time %.2fx (largest %.2fx), time a node %.2fx; goal 1.3x nodes and time\n",
               n, ROWS_PER_COLUMN * n, nodes.count, middle(&nodes), most_nodes, middle(&time),
               most_time, middle(&per_node));
        fflush(stdout);
    }
}

static void wide(const range *over) {
    enum { N = 10 };
    const size_t rows[] = {60, 200, 2000};
    const double goal_seconds[] = {NAN, 0.01, 0.1};
    double narrow = NAN;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        group all = {0};
        size_t injective = 0;
        for (uint64_t seed = 1; seed <= over->layers; seed++) {
            hs_layer *layer = gaussian(rows[k], N, seed);
            measure one = repeat(decide, layer, 1);
            hs_layer_free(layer);
            injective += one.verdict == HS_INJECTIVE;
            add_measure(&all, &one);
        }
        double time = middle(&all.processor);
        printf("wide    n %2d m %4zu", N, rows[k]);
        print_group("layers", &all);
        printf(", %zu injective", injective);
        if (k == 0)
            narrow = time;
        else
            printf(", time %.2fx that of m %zu, %.2f of the goal of %g ms (largest %.2f)",
                   time / narrow, rows[0], time / goal_seconds[k], 1e3 * goal_seconds[k],
                   largest(&all.processor) / goal_seconds[k]);
        putchar('\n');
        fflush(stdout);
    }
}

/* The first nodes of one tree. */
static void solve(const range *over) {
    const hs_domain ball = {.kind = HS_DOMAIN_BALL, .radius = 1.0};
    hs_settings settings = hs_settings_default();
    size_t n = over->min_n, m = ROWS_PER_COLUMN * n;
    hs_problem problem;
    hs_error error;
    hs_layer *layer = gaussian(m, n, over->layers);
    settings.threads = over->threads;
    settings.node_limit = SOLVE_NODES;
    check(hs_problem_create(layer, &ball, &problem, &error), &error);
    measure one = decide(&problem, &settings);
    printf("solve   n %zu m %zu seed %zu kernel %s nodes %.0f pivots %.0f\n", n, m, over->layers,
           hs_kernels_choose()->name, one.nodes, one.pivots);
    hs_problem_clear(&problem);
    hs_layer_free(layer);
}

typedef struct part {
    const char *name;
    void (*run)(const range *over);
    range usual;
} part;

static const part parts[] = {
    {"growth", growth, {8, 14, 5, 1}},    {"threads", threads, {10, 14, 3, 1}},
    {"kernels", kernels, {10, 14, 3, 1}}, {"rank", rank, {10, 14, 3, 1}},
    {"wide", wide, {10, 10, 5, 1}},       {"solve", solve, {12, 12, 1, 1}},
};

static size_t number(int argc, char **argv, int at, size_t otherwise) {
    return argc > at ? strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
    openblas_set_num_threads(1);
    for (size_t k = 0; argc > 1 && k < sizeof parts / sizeof *parts; k++) {
        if (strcmp(argv[1], parts[k].name) != 0)
            continue;
        range over = parts[k].usual;
        over.min_n = number(argc, argv, 2, over.min_n);
        over.max_n = number(argc, argv, 3, argc > 2 ? over.min_n : over.max_n);
        over.layers = number(argc, argv, 4, over.layers);
        over.threads = (unsigned)number(argc, argv, 5, over.threads);
        if (over.layers < 1 || over.layers > MAX_LAYERS || over.min_n < 1)
            break;
        parts[k].run(&over);
        return 0;
    }
    fprintf(stderr,
            "usage: bench_branch growth|threads|kernels|rank|wide|solve [MIN_N [MAX_N [LAYERS "
            "[THREADS]]]], at most %d layers\n",
            MAX_LAYERS);
    return 2;
}
