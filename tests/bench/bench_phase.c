/* What ledger and bookkeeping of `phase` cost, in processor time:
 *     bench_phase [N TRIALS]...
 * Runs the trials with a ledger on disk and one thread, then asks the engine alone the same
 * questions again; the difference is everything else: drawing rows, carrying witnesses, handing out
 * trials, the ledger. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "phase/run.h"

#include <cblas.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const hs_ensemble gaussian = {.kind = HS_ENSEMBLE_GAUSSIAN, .p = 1.0};
static const hs_ensemble none = {.kind = HS_ENSEMBLE_NONE, .p = 1.0};
static const hs_domain ball = {.kind = HS_DOMAIN_BALL, .radius = 1.0};

static void must(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

/* Of all threads of this process. */
static double processor_seconds(void) {
    struct timespec now;
    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "no clock");
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double run_trials(const char *path, size_t n, uint64_t trials) {
    const hs_phase_size size = {.n = n, .trials = trials, .domain = ball};
    const hs_phase_plan plan = {.weight = gaussian,
                                .bias = none,
                                .weight_name = "gaussian",
                                .bias_name = "none",
                                .domain_name = "ball:1",
                                .sizes = &size,
                                .size_count = 1};
    const hs_phase_run run = {.threads = 1};
    hs_phase_totals totals;
    hs_ledger *ledger;
    hs_error error = {0};
    double start = processor_seconds();
    must(hs_ledger_open(path, &plan, false, &ledger, &error) == HS_OK &&
             hs_phase_run_all(&plan, ledger, &run, &totals, &error) == HS_OK,
         error.message);
    hs_ledger_close(ledger);
    return processor_seconds() - start;
}

/* The engine's own time for one layer. */
static double ask(size_t m, size_t n, uint64_t seed) {
    hs_settings settings = hs_settings_default();
    hs_layer *layer;
    hs_result *result;
    hs_error error = {0};
    settings.threads = 1;
    must(hs_layer_generate(m, n, gaussian, none, seed, &layer, &error) == HS_OK, error.message);
    double start = processor_seconds();
    must(hs_check(layer, &ball, &settings, &result, &error) == HS_OK, error.message);
    double seconds = processor_seconds() - start;
    hs_result_free(result);
    hs_layer_free(layer);
    return seconds;
}

static double ask_again(const char *path, size_t *questions) {
    sqlite3 *base;
    sqlite3_stmt *rows = NULL;
    double seconds = 0.0;
    must(sqlite3_open(path, &base) == SQLITE_OK &&
             sqlite3_prepare_v2(base, "SELECT m, n, seed FROM decision WHERE source <> 'witness'",
                                -1, &rows, NULL) == SQLITE_OK,
         "the ledger cannot be read");
    for (*questions = 0; sqlite3_step(rows) == SQLITE_ROW; ++*questions)
        seconds += ask((size_t)sqlite3_column_int64(rows, 0), (size_t)sqlite3_column_int64(rows, 1),
                       (uint64_t)sqlite3_column_int64(rows, 2));
    sqlite3_finalize(rows);
    sqlite3_close(base);
    return seconds;
}

static void measure(size_t n, uint64_t trials) {
    char folder[] = "/tmp/halfspan-bench-XXXXXX", path[64];
    size_t questions;
    must(mkdtemp(folder) != NULL, "no temporary folder");
    snprintf(path, sizeof path, "%s/bench.db", folder);
    double all = run_trials(path, n, trials), engine = ask_again(path, &questions);
    printf("n %2zu: %llu trials, %zu questions: %.3f s of processor time, the engine alone %.3f s: "
           "%.1f%% for everything else\n",
           n, (unsigned long long)trials, questions, all, engine, 100.0 * (all - engine) / all);
    fflush(stdout);
    unlink(path);
    rmdir(folder);
}

int main(int argc, char **argv) {
    openblas_set_num_threads(1);
    for (int k = 1; k + 1 < argc; k += 2)
        measure(strtoul(argv[k], NULL, 10), strtoull(argv[k + 1], NULL, 10));
    return EXIT_SUCCESS;
}
