/* halfspan theory: the lifting hierarchy, its limit, energy curves and reference lines. */
#include "cli/theory.h"

#include "support/error.h"
#include "support/gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LEVELS = 3, FULL_CAPACITY_LEVELS = 10, POINTS_MAX = 10000 };
static const uint64_t not_given = UINT64_MAX;

typedef struct request {
    cli_common common;
    uint64_t level, max_level, digits;
    bool full, partial, bounds;
    const char *alpha, *plot;
    cli_range range;
    cli_progress progress;
} request;

static int parse_options(int argc, char **argv, request *asked, theory_report *report) {
    const cli_option options[] = {
        {"level", 0, CLI_COUNT, "R", "this level only", &asked->level},
        {"max-level", 0, CLI_COUNT, "R", "levels 1 to R (default 3, at most 20)",
         &asked->max_level},
        {"full", 0, CLI_FLAG, NULL, "the limit of infinitely many levels, with its error",
         &asked->full},
        {"partial", 0, CLI_FLAG, NULL, "partially lifted levels: q_0 = 0 is held fixed",
         &asked->partial},
        {"alpha", 0, CLI_TEXT, "A:B:STEP", "energies per level at these alpha, or at one A",
         &asked->alpha},
        {"bounds", 0, CLI_FLAG, NULL, "all reference lines, with status and source",
         &asked->bounds},
        {"m", 'm', CLI_COUNT, "M", "with --bounds: rows of a layer of finite size", &report->m},
        {"n", 'n', CLI_COUNT, "N", "with --bounds: its columns", &report->n},
        {"digits", 0, CLI_COUNT, "D", "digits after the point in the table (default 8)",
         &asked->digits},
        {"plot", 0, CLI_TEXT, "FILE", "draw energies and overlaps: .svg, .png or .pdf",
         &asked->plot},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        .usage = "theory [--level R | --max-level R] [--full] [--alpha A:B:STEP] [options]",
        .summary =
            "What theory says about Gaussian layers without bias, m = alpha n, n to infinity:\n"
            "the capacity at levels of fully lifted random duality theory (level r is replica\n"
            "symmetry breaking in r - 1 steps), its limit, and the reference lines.",
        .options = options,
    };
    return cli_parse(argc, argv, &command, &asked->common, NULL);
}

static int check_request(request *asked, const theory_report *report, hs_error *error) {
    bool single = asked->level != not_given, several = asked->max_level != not_given;
    if (single && several)
        return cli_usage_error("--level and --max-level exclude each other");
    uint64_t level = single ? asked->level : several ? asked->max_level : DEFAULT_LEVELS;
    if (level < 1 || level > HS_THEORY_LEVEL_MAX)
        return cli_usage_error("levels 1 to %d are supported", HS_THEORY_LEVEL_MAX);
    if (asked->full && asked->partial)
        return cli_usage_error("--full is the limit of fully lifted levels; drop --partial");
    if (asked->digits < 1 || asked->digits > 15)
        return cli_usage_error("--digits: from 1 to 15");
    if (!asked->bounds && (report->m > 0 || report->n > 0))
        return cli_usage_error("--m and --n belong to --bounds");
    if (report->m > 0 && report->n == 0)
        return cli_usage_error("--m needs --n");
    int code = -1;
    if (asked->alpha != NULL)
        code = cli_range_parse(asked->alpha, "alpha", POINTS_MAX, &asked->range);
    if (code >= 0)
        return code;
    if (asked->plot != NULL && hs_gnuplot_check_path(asked->plot, error) != HS_OK)
        return cli_fail(error);
    return -1;
}

static int parse(int argc, char **argv, request *asked, theory_report *report, hs_error *error) {
    int code = parse_options(argc, argv, asked, report);
    if (code < 0)
        code = check_request(asked, report, error);
    if (code >= 0)
        return code;
    report->partial = asked->partial;
    report->digits = (int)asked->digits;
    report->wants_full = asked->full;
    report->wants_bounds = asked->bounds;
    report->wants_curve = asked->alpha != NULL || asked->plot != NULL;
    bool bounds_only = asked->bounds && !asked->full && !report->wants_curve;
    if (asked->level != not_given)
        report->first = report->last = asked->level;
    else if (asked->max_level != not_given || !bounds_only) {
        report->first = 1;
        report->last = asked->max_level != not_given ? asked->max_level : DEFAULT_LEVELS;
    }
    return -1;
}

static void show_progress(const char *text, void *data) {
    request *asked = data;
    char line[120];
    snprintf(line, sizeof line, "theory: %s", text);
    cli_progress_show(&asked->progress, line);
}

static bool interrupted(void *unused) {
    return cli_interrupted(unused);
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static hs_status solve_capacity(const hs_theory_settings *settings, theory_report *report,
                                hs_error *error) {
    size_t wanted = larger(report->last, report->wants_full ? FULL_CAPACITY_LEVELS : 0);
    if (wanted == 0)
        return HS_OK;
    hs_status status = hs_theory_capacity(wanted, settings, report->levels, &report->count, error);
    if (status == HS_OK && report->wants_full && report->count == wanted)
        status =
            hs_theory_full_limit(report->levels, report->count, settings, &report->full, error);
    return status;
}

static hs_status solve_point(const hs_theory_settings *settings, const theory_report *report,
                             theory_point *point, hs_error *error) {
    size_t wanted = larger(report->last, report->wants_full ? HS_THEORY_FULL_LEVELS : 0);
    hs_theory_settings quick = *settings;
    quick.levels_only = true;
    hs_status status =
        hs_theory_energy(point->alpha, wanted, settings, point->levels, &point->count, error);
    if (status == HS_OK && report->wants_full && point->count == wanted)
        status = hs_theory_full_limit(point->levels, wanted, &quick, &point->full, error);
    return status;
}

static hs_status solve_curve(const request *asked, const hs_theory_settings *settings,
                             theory_report *report, hs_error *error) {
    if (!report->wants_curve)
        return HS_OK;
    size_t count = asked->range.count;
    report->points = calloc(count, sizeof *report->points);
    if (report->points == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for %zu points of a curve", count);
    for (size_t i = 0; i < count; i++) {
        theory_point *point = &report->points[i];
        point->alpha = asked->range.first + (double)i * asked->range.step;
        hs_status status = solve_point(settings, report, point, error);
        if (status != HS_OK)
            return status;
        if (cli_interrupted(NULL))
            return HS_OK;
        report->point_count++;
    }
    return HS_OK;
}

static hs_status solve(request *asked, theory_report *report, hs_error *error) {
    const hs_theory_settings settings = {
        .partial = asked->partial,
        .interrupted = interrupted,
        .progress = show_progress,
        .data = asked,
    };
    cli_catch_interrupts();
    cli_progress_begin(&asked->progress, &asked->common);
    hs_status status = HS_OK;
    if (report->wants_bounds)
        status = hs_theory_at_point_compute(&report->at_point, error);
    if (status == HS_OK)
        status = solve_capacity(&settings, report, error);
    if (status == HS_OK && !cli_interrupted(NULL))
        status = solve_curve(asked, &settings, report, error);
    cli_progress_end(&asked->progress);
    report->interrupted = cli_interrupted(NULL);
    return status;
}

int cli_theory(int argc, char **argv) {
    request asked = {.level = not_given,
                     .max_level = not_given,
                     .digits = 8,
                     .range = {.first = 3.0, .step = 0.25, .count = 29}};
    theory_report report = {0};
    hs_error error = {0};
    int code = parse(argc, argv, &asked, &report, &error);
    if (code >= 0)
        return code;
    hs_status status = solve(&asked, &report, &error);
    if (status == HS_OK && asked.plot != NULL && !report.interrupted)
        status = theory_plot(&report, asked.plot, &error);
    if (status != HS_OK)
        code = cli_fail(&error);
    else if (asked.common.json)
        code = cli_print_json(theory_json(&report));
    else {
        theory_print(&report);
        code = cli_finish_output();
    }
    free(report.points);
    return code;
}
