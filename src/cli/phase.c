/* halfspan phase: how often random layers are injective, and from which width on. */
#include "cli/phase.h"
#include "cli/phase_plan.h"
#include "cli/ranks.h"

#include "support/allocate.h"
#include "support/error.h"
#include "support/gnuplot.h"
#include "support/output_file.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static int parse(int argc, char **argv, phase_options *asked) {
    const cli_option options[] = {
        {"n", 'n', CLI_TEXT, "LIST", "columns (default 6,8,10,12)", &asked->n},
        {"trials", 0, CLI_TEXT, "N",
         "seeds from --seed on (default 200); a list: for each n in turn", &asked->trials},
        {"ensemble", 'e', CLI_TEXT, "E",
         "gaussian (default), sphere, uniform, rademacher, sparse:P", &asked->ensemble},
        {"bias-ensemble", 0, CLI_TEXT, "E",
         "none, gaussian, uniform, rademacher, sparse:P (default: none, uniform with uniform)",
         &asked->bias_ensemble},
        CLI_DOMAIN_OPTIONS(asked->domain),
        {"critical-width", 0, CLI_FLAG, NULL, "the smallest injective width of each seed (default)",
         &asked->critical_width},
        {"alpha", 0, CLI_TEXT, "A:B:STEP", "these widths m = alpha n instead", &asked->alpha},
        {"engine", 0, CLI_TEXT, "E", "auto (default), branch, cells, milp, search", &asked->engine},
        CLI_LIMIT_OPTIONS(asked->limits, "that decision stays open"),
        {"ledger", 0, CLI_TEXT, "FILE.db", "keep every decision in this file", &asked->ledger},
        {"resume", 0, CLI_FLAG, NULL, "go on with what the ledger holds", &asked->resume},
        {"csv", 0, CLI_TEXT, "FILE", "write the curves as a table", &asked->csv},
        {"plot", 0, CLI_TEXT, "FILE", "draw them: .svg, .png, .pdf; - on the terminal",
         &asked->plot},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        .usage = "phase [--n LIST] [--trials N] [--ensemble E] [--ledger FILE.db] [options]",
        .summary =
            "How often are random layers injective? Draws layers row by row and finds the width\n"
            "from which on each is injective; rates with 95% intervals, thresholds, and their\n"
            "extrapolation to n -> infinity beside the lines of theory. Under mpirun the trials\n"
            "are spread over the ranks; rank 0 keeps the ledger.",
        .options = options,
    };
    return cli_parse(argc, argv, &command, &asked->common, NULL);
}

static int check_outputs(const phase_options *asked) {
    hs_error error;
    if (asked->resume && asked->ledger == NULL)
        return cli_usage_error("--resume needs --ledger FILE.db");
    if (asked->plot == NULL)
        return -1;
    bool terminal = strcmp(asked->plot, "-") == 0;
    if (terminal && asked->common.json)
        return cli_usage_error("--plot - and --json both want standard output");
    if (!terminal && hs_gnuplot_check_path(asked->plot, &error) != HS_OK)
        return cli_fail(&error);
    return -1;
}

/* Before hours of work: can the results be written? */
static int check_places(const phase_options *asked) {
    const char *const paths[] = {asked->csv, asked->plot};
    for (size_t k = 0; k < sizeof paths / sizeof *paths; k++) {
        hs_output_file file;
        hs_error error;
        struct stat there;
        if (paths[k] == NULL || strcmp(paths[k], "-") == 0 ||
            (stat(paths[k], &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)))
            continue; /* a pipe is opened once only */
        if (hs_output_file_open(paths[k], &file, &error) != HS_OK)
            return cli_fail(&error);
        hs_output_file_abandon(&file);
    }
    return -1;
}

/* ---- the run -------------------------------------------------------------------------------- */

static void describe_time(double seconds, char *text, size_t size) {
    if (!isfinite(seconds))
        snprintf(text, size, "time left not known yet");
    else if (seconds < 90.0)
        snprintf(text, size, "about %.0f s left", ceil(seconds));
    else if (seconds < 5400.0)
        snprintf(text, size, "about %.0f min left", ceil(seconds / 60.0));
    else
        snprintf(text, size, "about %.1f h left", seconds / 3600.0);
}

static void show_progress(const hs_phase_progress *now, void *data) {
    char line[160], left[40];
    describe_time(now->seconds_left, left, sizeof left);
    int used =
        snprintf(line, sizeof line, "phase: n = %zu, %llu of %llu trials, %llu decisions, %s",
                 now->n, (unsigned long long)now->done, (unsigned long long)now->trials,
                 (unsigned long long)now->decisions, left);
    if (now->elsewhere > 0)
        snprintf(line + used, sizeof line - (size_t)used, ", %llu with other processes",
                 (unsigned long long)now->elsewhere);
    cli_progress_show(data, line);
}

/* Rank 0: opens the ledger and has everything decided. The ledger stays open. */
static hs_status decide(phase_report *report, const phase_options *asked, const hs_phase_run *run,
                        hs_ledger **ledger, hs_error *error) {
    hs_status status = hs_ledger_open(asked->ledger, &report->plan, asked->resume, ledger, error);
    if (status != HS_OK) {
        if (run->ranks != NULL)
            hs_phase_dismiss(run->ranks);
        return status;
    }
    cli_progress_begin(run->data, &asked->common);
    status = hs_phase_run_all(&report->plan, *ledger, run, &report->totals, error);
    cli_progress_end(run->data);
    return status;
}

/* ---- what it says --------------------------------------------------------------------------- */

static hs_status make_points(phase_report *report, hs_ledger *ledger, hs_error *error) {
    hs_status status = HS_OK;
    for (size_t k = 0; status == HS_OK && k < report->plan.size_count; k++) {
        const hs_phase_size *size = &report->plan.sizes[k];
        hs_bracket *brackets = hs_allocate(size->trials, sizeof *brackets);
        if (brackets == NULL)
            return hs_fail(error, HS_NO_MEMORY, "no memory for %llu trials",
                           (unsigned long long)size->trials);
        status = hs_ledger_read(ledger, size, brackets, error);
        if (status == HS_OK)
            status = hs_point_make(size, brackets, size->trials, report->plan.first_seed,
                                   &report->points[k], error);
        if (status == HS_OK && phase_one_sided(report))
            hs_point_bound_only(&report->points[k]);
        free(brackets);
    }
    return status;
}

static hs_status extrapolate(phase_report *report, hs_error *error) {
    static const hs_fit_kind kinds[] = {HS_FIT_FREE, HS_FIT_FIXED, HS_FIT_CORRECTED};
    size_t count = report->plan.size_count;
    size_t second = count > 1 ? report->points[1].n : SIZE_MAX;
    hs_status status = HS_OK;
    for (int k = 0; status == HS_OK && k < PHASE_FITS; k++)
        status = hs_extrapolate_widths(report->points, count, k < PHASE_FREE_TAIL ? 0 : second,
                                       kinds[k % PHASE_FREE_TAIL], &report->fits[k], error);
    return status;
}

/* *ranks: still joined after an interruption, when mpirun is about to end everything: then what
 * there is must be shown before anything else. */
static hs_status run(phase_report *report, const phase_options *asked, const cli_launch *launch,
                     hs_ranks **ranks, hs_error *error) {
    cli_progress progress;
    hs_ledger *ledger = NULL;
    hs_phase_run settings = {
        .threads = asked->common.threads > 0 ? (unsigned)asked->common.threads
                                             : cli_launch_threads(launch),
        .interrupted = cli_interrupted,
        .progress = show_progress,
        .data = &progress,
    };
    hs_status status = cli_ranks_begin(launch, &settings.ranks, error);
    if (status == HS_OK && launch->rank > 0)
        status = hs_phase_serve(&report->plan, &settings, error);
    else if (status == HS_OK)
        status = decide(report, asked, &settings, &ledger, error);
    *ranks = settings.ranks;
    if (!cli_interrupted(NULL)) {
        cli_ranks_end(*ranks);
        *ranks = NULL;
    }
    if (status == HS_OK && launch->rank == 0)
        status = make_points(report, ledger, error);
    hs_ledger_close(ledger);
    return status == HS_OK && launch->rank == 0 ? extrapolate(report, error) : status;
}

static int print(const phase_report *report, const phase_options *asked, hs_error *error) {
    hs_status status = HS_OK;
    int code = 0;
    if (asked->csv != NULL)
        status = phase_write_csv(report, asked->csv, error);
    if (status == HS_OK && asked->plot != NULL)
        status = phase_plot(report, asked->plot, error);
    if (asked->common.json) {
        code = cli_print_json(phase_json(report));
    } else {
        phase_print(report);
        code = cli_finish_output();
    }
    return status == HS_OK ? code : cli_fail(error);
}

/* Parses and runs; what is made is released by the caller. */
static int phase(int argc, char **argv, const cli_launch *launch, phase_parts *parts,
                 phase_report *report, hs_ranks **ranks) {
    phase_options asked = {.domain = CLI_DOMAIN_DEFAULT,
                           .n = "6,8,10,12",
                           .trials = "200",
                           .ensemble = "gaussian",
                           .engine = "auto"};
    hs_error error = {0};
    int code = parse(argc, argv, &asked);
    if (code < 0)
        code = check_outputs(&asked);
    if (code < 0 && launch->rank == 0)
        code = check_places(&asked);
    if (code < 0)
        code = phase_plan_make(&asked, parts, &report->plan, &report->grid);
    if (code >= 0)
        return code;
    report->ledger = asked.ledger;
    report->points = hs_allocate(report->plan.size_count, sizeof *report->points);
    if (report->points == NULL)
        return cli_fail(&(hs_error){HS_NO_MEMORY, "no memory for results"});
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, not the end */
    cli_catch_interrupts();
    if (run(report, &asked, launch, ranks, &error) != HS_OK)
        return cli_fail(&error);
    return launch->rank == 0 ? print(report, &asked, &error) : 0;
}

/* Rank 0 speaks for all. Another one that fails at once would have mpirun end rank 0 before it has
 * spoken. */
static bool be_quiet(void) {
    return freopen("/dev/null", "w", stdout) != NULL && freopen("/dev/null", "w", stderr) != NULL;
}

static void leave_last(void) {
    const struct timespec pause = {.tv_sec = 1};
    nanosleep(&pause, NULL);
}

int cli_phase(int argc, char **argv) {
    const cli_launch launch = cli_launch_find();
    phase_parts parts = {0};
    phase_report report = {0};
    hs_ranks *ranks = NULL;
    if (launch.rank > 0 && !be_quiet())
        return CLI_INTERNAL;
    int code = phase(argc, argv, &launch, &parts, &report, &ranks);
    if (launch.rank > 0 && code != 0)
        leave_last();
    for (size_t k = 0; report.points != NULL && k < report.plan.size_count; k++)
        hs_point_clear(&report.points[k]);
    free(report.points);
    cli_ranks_end(ranks);
    phase_parts_clear(&parts);
    return code;
}
