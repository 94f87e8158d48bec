#include "cli/cli.h"

#include "support/clock.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

int cli_fail(const hs_error *error) {
    fprintf(stderr, "halfspan: %s\n", error->message);
    switch (error->status) {
    case HS_BAD_DATA:
        return CLI_BAD_DATA;
    case HS_CANNOT_OPEN:
        return CLI_CANNOT_OPEN;
    case HS_CANNOT_WRITE:
        return CLI_CANNOT_WRITE;
    case HS_INVALID_ARGUMENT:
    case HS_UNSUPPORTED:
        return CLI_USAGE;
    default:
        return CLI_INTERNAL;
    }
}

int cli_finish_output(void) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    fputs("halfspan: standard output: cannot write\n", stderr);
    return CLI_CANNOT_WRITE;
}

int cli_print_json(json_t *document) {
    if (document == NULL) {
        fputs("halfspan: no memory for the JSON document\n", stderr);
        return CLI_INTERNAL;
    }
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    json_decref(document);
    putchar('\n');
    return cli_finish_output();
}

json_t *cli_json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *cli_json_numbers(const double *values, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, cli_json_number(values[i]));
    return array;
}

const char *cli_arithmetic_name(hs_arithmetic arithmetic) {
    return arithmetic == HS_ARITHMETIC_EXACT ? "exact" : "floating-point";
}

void cli_print_vector(const char *name, const double *values, size_t n) {
    printf("  %s = (", name);
    for (size_t j = 0; j < n && j < 12; j++)
        printf("%s%.10g", j > 0 ? ", " : "", values[j]);
    printf("%s)\n", n > 12 ? ", ...  (--json shows all)" : "");
}

static atomic_int interrupt_count; /* lock-free, so fit for a handler; all threads may look */

static void on_interrupt(int signal_number) {
    if (atomic_fetch_add(&interrupt_count, 1) > 0)
        _exit(128 + signal_number);
}

void cli_catch_interrupts(void) {
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART}; /* for output */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void *unused) {
    (void)unused;
    return atomic_load(&interrupt_count) > 0;
}

void cli_progress_begin(cli_progress *progress, const cli_common *common) {
    double now = hs_clock_seconds();
    *progress = (cli_progress){
        .enabled = !common->quiet && isatty(STDERR_FILENO), .start = now, .last = now + 0.8};
}

void cli_progress_show(cli_progress *progress, const char *text) {
    double now = hs_clock_seconds();
    if (!progress->enabled || now < progress->last + 0.2)
        return;
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
    progress->last = now;
    progress->shown = true;
}

void cli_progress_end(cli_progress *progress) {
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}
