/* The figure of `theory`: a gnuplot script with the numbers inside. */
#include "cli/theory.h"

#include "support/error.h"
#include "support/gnuplot.h"

#include <math.h>
#include <stdlib.h>

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
static void print_overlap_data(const theory_report *report, double x_first, double x_last,
                               FILE *out) {
    for (size_t i = 0; i < report->count; i++) {
        const hs_theory_level *level = &report->levels[i];
        if (!theory_selects(report, level->level))
            continue;
        double x = x_first;
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

/* 1, 2 or 5 times a power of ten: about four of them in a range. */
static double tic_step(double range) {
    double power = pow(10.0, floor(log10(range / 4.0))), digit = range / 4.0 / power;
    return power * (digit < 1.5 ? 1.0 : digit < 3.5 ? 2.0 : digit < 7.5 ? 5.0 : 10.0);
}

/* The part of the plane around the capacities, with room for the key in the upper left corner. */
static void print_crossing_frame(double low, double high, double slope, size_t entries, FILE *out) {
    const double key_width = 0.64, key_line = 0.066;
    double margin = fmax(0.35 * (high - low), 0.004);
    double left = low - margin, right = high + margin;
    double bottom = 1.0 - slope * (right - left), top = 1.0 + slope * (right - low);
    double under_key = 1.0 + slope * (left + key_width * (right - left) - low);
    double free_part = 1.0 - key_line * ((double)entries + 1.0);
    if (free_part > 0.2)
        top = fmax(top, bottom + (under_key - bottom) / free_part);
    fprintf(out,
            "set title 'Crossing e = 1'\nset xlabel 'α = m/n'\nset ylabel 'e(α)'\n"
            "set xrange [%.10g:%.10g]\nset yrange [%.10g:%.10g]\nset xtics %.10g\n"
            "set key top left reverse Left\n",
            left, right, bottom, top, tic_step(right - left));
}

/* Around the capacities of all levels but the first, whose curve is far away. */
static void print_crossing_panel(const theory_report *report, FILE *out) {
    size_t from = report->last > 1 && report->first == 1 ? 2 : report->first;
    const hs_theory_level *lowest = &report->levels[report->last - 1];
    double low = report->full.complete ? report->full.alpha : lowest->alpha;
    size_t entries = report->last - from + (report->full.complete ? 2 : 1);
    print_crossing_frame(low, report->levels[from - 1].alpha, lowest->slope, entries, out);
    fputs("plot 1 with lines linecolor '#999999' dashtype 2 notitle", out);
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
                ", \\\n '+' using (%.10g):(1) every ::0::0 with points pointtype 2 pointsize 1.4 "
                "linewidth 2 linecolor 'black' title 'limit: %.6f'",
                report->full.alpha, report->full.alpha);
    fputs("\nunset xrange\nunset yrange\nset xtics autofreq\n", out);
}

/* The range of x that shows every stair. */
static void x_range(const theory_report *report, double *first, double *last) {
    double smallest = INFINITY, largest = 0.0;
    for (size_t i = 0; i < report->count; i++) {
        const hs_theory_level *level = &report->levels[i];
        if (!theory_selects(report, level->level) || level->steps == 0)
            continue;
        smallest = fmin(smallest, level->x[0]);
        largest = fmax(largest, level->x[level->steps - 1]);
    }
    *first = isfinite(smallest) ? 0.6 * smallest : 1.0;
    *last = largest > 0.0 ? 1.4 * largest : 10.0;
}

static void print_overlap_panel(const theory_report *report, double first, double last, FILE *out) {
    fprintf(
        out,
        "set title 'Overlaps at the capacity'\nset xlabel 'x'\nset ylabel 'q(x)'\n"
        "set logscale x\nset xtics (0.2, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60)\n"
        "set xrange [%.6g:%.6g]\nset yrange [*<0.9:1.02]\nset key bottom right noreverse Right\n"
        "plot ",
        first, last);
    for (size_t level = report->first; level <= report->last; level++)
        fprintf(out,
                "%s$overlap%zu using 1:2 with lines linewidth 2 linecolor rgb shade(%zu) "
                "title 'level %zu'",
                level > report->first ? ", \\\n " : "", level, level, level);
    fputc('\n', out);
}

hs_status theory_plot(const theory_report *report, const char *path, hs_error *error) {
    char *script = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&script, &size);
    if (out == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a figure");
    double x_first, x_last;
    x_range(report, &x_first, &x_last);
    print_style(out);
    print_curve_data(report, out);
    print_overlap_data(report, x_first, x_last, out);
    fputs("set multiplot layout 1, 3\n", out);
    print_energy_panel(report, out);
    print_crossing_panel(report, out);
    print_overlap_panel(report, x_first, x_last, out);
    fputs("unset multiplot\n", out);
    hs_status status = fclose(out) == 0 ? hs_gnuplot_draw(path, 1260, 420, script, error)
                                        : hs_fail(error, HS_NO_MEMORY, "no memory for a figure");
    free(script);
    return status;
}
