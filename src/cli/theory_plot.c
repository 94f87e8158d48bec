/* The figure of `theory`: a gnuplot script with the numbers inside. */
#include "cli/theory.h"

#include "support/error.h"
#include "support/gnuplot.h"

#include <math.h>
#include <stdlib.h>

static bool selected(const theory_report *report, size_t level) {
    return level >= report->first && level <= report->last;
}

/* Colours from dark to light along the levels, readable in print. */
static void print_style(FILE *out) {
    fputs("set encoding utf8\n"
          "array colour[8] = ['#1b1b3a', '#c1272d', '#0072b2', '#e69f00', '#009e73', '#8e44ad',"
          " '#56b4e9', '#666666']\n"
          "shade(level) = colour[(level - 1) % 8 + 1]\n"
          "set border 3 linecolor '#444444'\nset tics nomirror out scale 0.6\n"
          "set grid linecolor '#dddddd' linewidth 0.6\n"
          "set key spacing 1.15 samplen 2.2\n",
          out);
}

static void print_curve_data(const theory_report *report, FILE *out) {
    for (size_t level = report->first; level <= report->last; level++) {
        fprintf(out, "$energy%zu << EOD\n", level);
        for (size_t i = 0; i < report->point_count; i++)
            if (level <= report->points[i].count)
                fprintf(out, "%.10g %.10g\n", report->points[i].alpha,
                        report->points[i].levels[level - 1].energy);
        fputs("EOD\n", out);
    }
    if (!report->wants_full)
        return;
    fputs("$energyfull << EOD\n", out);
    for (size_t i = 0; i < report->point_count; i++)
        fprintf(out, "%.10g %.10g\n", report->points[i].alpha, report->points[i].full.energy);
    fputs("EOD\n", out);
}

/* x runs to the right, q(x) upwards; one stair per step and the last one at q = 1. */
static void print_overlap_data(const theory_report *report, double x_last, FILE *out) {
    for (size_t i = 0; i < report->count; i++) {
        const hs_theory_level *level = &report->levels[i];
        if (!selected(report, level->level))
            continue;
        double x = 0.0;
        fprintf(out, "$overlap%zu << EOD\n", level->level);
        for (size_t j = 0; j <= level->steps; j++) {
            double q = j < level->steps ? level->q[j] : 1.0;
            double end = j < level->steps ? level->x[j] : x_last;
            fprintf(out, "%.10g %.10g\n%.10g %.10g\n", x, q, end, q);
            x = end;
        }
        fputs("EOD\n", out);
    }
}

static void print_energy_panel(const theory_report *report, FILE *out) {
    fputs("set title 'Ground-state energy'\nset xlabel 'α = m/n'\nset ylabel 'e(α)'\n"
          "set key top left reverse Left\nset autoscale\nset offsets 0, 0, 0, 0\n"
          "plot 1 with lines linecolor '#999999' dashtype 2 notitle",
          out);
    for (size_t level = report->first; level <= report->last; level++)
        fprintf(out,
                ", \\\n $energy%zu using 1:2 with lines linewidth 2 linecolor rgb shade(%zu) "
                "title 'level %zu'",
                level, level, level);
    if (report->wants_full)
        fputs(", \\\n $energyfull using 1:2 with lines linewidth 2 dashtype 3 linecolor 'black' "
              "title 'full limit'",
              out);
    for (size_t level = report->first; level <= report->last; level++)
        fprintf(out,
                ", \\\n '+' using (%.10g):(1) every ::0::0 with points pointtype 7 pointsize 0.9 "
                "linecolor rgb shade(%zu) notitle",
                report->levels[level - 1].alpha, level);
    fputc('\n', out);
}

/* Around the capacities of all levels but the first, whose curve is far away. */
static void print_crossing_panel(const theory_report *report, FILE *out) {
    size_t from = report->last > 1 && report->first == 1 ? 2 : report->first;
    double low = report->levels[report->last - 1].alpha, high = report->levels[from - 1].alpha;
    if (report->full.complete)
        low = report->full.alpha;
    double margin = fmax(0.35 * (high - low), 0.004);
    fprintf(out,
            "set title 'Crossing e = 1'\nset xlabel 'α'\nset ylabel 'e(α)'\n"
            "set xrange [%.8g:%.8g]\nset key top left reverse Left\nset xtics %g\n"
            "plot 1 with lines linecolor '#999999' dashtype 2 notitle",
            low - margin, high + margin, high - low > 0.005 ? 0.01 : 0.002);
    for (size_t level = from; level <= report->last; level++) {
        const hs_theory_level *at = &report->levels[level - 1];
        fprintf(out,
                ", \\\n 1 + %.10g * (x - %.10g) with lines linewidth 2 linecolor rgb shade(%zu) "
                "title 'level %zu: %.6f', \\\n '+' using (%.10g):(1) every ::0::0 with points "
                "pointtype 7 pointsize 1 linecolor rgb shade(%zu) notitle",
                at->slope, at->alpha, level, level, at->alpha, at->alpha, level);
    }
    if (report->full.complete)
        fprintf(out,
                ", \\\n '+' using (%.10g):(1) every ::0::0 with points pointtype 2 pointsize 1 "
                "linewidth 2 linecolor 'black' title 'limit: %.6f'",
                report->full.alpha, report->full.alpha);
    fputs("\nunset xrange\nset xtics autofreq\n", out);
}

static void print_overlap_panel(const theory_report *report, double x_last, FILE *out) {
    fprintf(out,
            "set title 'Overlaps at the capacity'\nset xlabel 'x'\nset ylabel 'q(x)'\n"
            "set xrange [0:%.6g]\nset yrange [*:1.02]\nset key bottom right noreverse Right\nplot ",
            x_last);
    for (size_t level = report->first; level <= report->last; level++)
        fprintf(out,
                "%s$overlap%zu using 1:2 with lines linewidth 2 linecolor rgb shade(%zu) "
                "title 'level %zu'",
                level > report->first ? ", \\\n " : "", level, level, level);
    fputc('\n', out);
}

static double last_x(const theory_report *report) {
    double largest = 1.0;
    for (size_t i = 0; i < report->count; i++)
        if (selected(report, report->levels[i].level) && report->levels[i].steps > 0)
            largest = fmax(largest, report->levels[i].x[report->levels[i].steps - 1]);
    return 1.15 * largest;
}

hs_status theory_plot(const theory_report *report, const char *path, hs_error *error) {
    char *script = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&script, &size);
    if (out == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a figure");
    double x_last = last_x(report);
    print_style(out);
    print_curve_data(report, out);
    print_overlap_data(report, x_last, out);
    fputs("set multiplot layout 1, 3\n", out);
    print_energy_panel(report, out);
    print_crossing_panel(report, out);
    print_overlap_panel(report, x_last, out);
    fputs("unset multiplot\n", out);
    hs_status status = fclose(out) == 0 ? hs_gnuplot_draw(path, 1260, 420, script, error)
                                        : hs_fail(error, HS_NO_MEMORY, "no memory for a figure");
    free(script);
    return status;
}
