/* The figure of `phase`: a gnuplot script with the numbers inside. */
#include "cli/phase.h"

#include "support/error.h"
#include "support/gnuplot.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 900, HEIGHT = 600, COLUMNS = 79, LINES = 30 };

/* The left side and the top of the inset, as parts of the frame. */
#define INSET_LEFT 0.55
#define INSET_TOP 0.62

typedef struct frame {
    double left, right; /* alpha */
    bool inset;
} frame;

/* Dark to light along n, told apart in grey as well (after matplotlib's viridis). */
static void shade(size_t k, size_t count, char colour[8]) {
    static const double stops[5][3] = {
        {68, 1, 84}, {65, 68, 135}, {42, 120, 142}, {34, 168, 132}, {122, 209, 81}};
    double at = count > 1 ? 4.0 * (double)k / (double)(count - 1) : 2.0;
    size_t low = at < 4.0 ? (size_t)at : 3;
    double part = at - (double)low;
    unsigned rgb[3];
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned)lround((1.0 - part) * stops[low][c] + part * stops[low + 1][c]);
    snprintf(colour, 8, "#%02x%02x%02x", rgb[0] & 255u, rgb[1] & 255u, rgb[2] & 255u);
}

/* The rate that is drawn: of injective layers, or of successes of the search. */
static hs_estimate drawn_rate(const phase_report *report, const hs_curve_point *at) {
    if (!phase_one_sided(report))
        return (hs_estimate){at->rate, at->low, at->high};
    size_t trials = at->not_injective + at->undecided;
    hs_estimate success = {.value = (double)at->not_injective / (double)trials};
    hs_proportion_interval(at->not_injective, at->not_injective, trials, &success.low,
                           &success.high);
    return success;
}

static void print_data(const phase_report *report, FILE *out) {
    for (size_t k = 0; k < report->plan.size_count; k++) {
        const hs_point *point = &report->points[k];
        fprintf(out, "$rate%zu << EOD\n", k);
        for (size_t i = 0; i < point->curve_count; i++) {
            hs_estimate rate = drawn_rate(report, &point->curve[i]);
            if (isfinite(rate.value))
                fprintf(out, "%.8g %.8g %.8g %.8g\n", point->curve[i].alpha, rate.value, rate.low,
                        rate.high);
        }
        fputs("EOD\n", out);
    }
    fputs("$half << EOD\n", out);
    for (size_t k = 0; k < report->plan.size_count; k++) {
        const hs_estimate *half = &report->points[k].alpha_50;
        if (isfinite(half->value) && isfinite(half->low) && isfinite(half->high))
            fprintf(out, "%.8g %.8g %.8g %.8g\n",
                    pow((double)report->points[k].n, -HS_EXPONENT_THEORY), half->value, half->low,
                    half->high);
    }
    fputs("EOD\n", out);
}

/* The largest alpha at which a curve is still below the top of the inset. */
static double inset_side(const phase_report *report) {
    double side = 0.0;
    for (size_t k = 0; k < report->plan.size_count; k++)
        for (size_t i = 0; i < report->points[k].curve_count; i++)
            if (report->points[k].curve[i].low < INSET_TOP)
                side = fmax(side, report->points[k].curve[i].alpha);
    return side;
}

/* From where the curves leave 0 to where they reach 1, with room for the lines of theory, and for
 * the inset on the right of the curves. */
static frame find_frame(const phase_report *report) {
    frame found = {INFINITY, -INFINITY, report->fits[PHASE_FIXED].known};
    for (size_t k = 0; k < report->plan.size_count; k++)
        for (size_t i = 0; i < report->points[k].curve_count; i++) {
            const hs_curve_point *at = &report->points[k].curve[i];
            bool flat = !report->grid && (at->rate < 0.002 || at->rate > 0.998);
            if (flat)
                continue;
            found.left = fmin(found.left, at->alpha);
            found.right = fmax(found.right, at->alpha);
        }
    if (!isfinite(found.left))
        found.left = 3.0;
    double least = phase_one_sided(report) ? 7.0 : 8.2;
    found.right = fmax(found.right, least);
    if (found.inset)
        found.right =
            fmax(found.right, found.left + (inset_side(report) - found.left) / INSET_LEFT);
    double margin = 0.02 * (found.right - found.left);
    found.left -= margin;
    found.right += margin;
    return found;
}

static void print_style(const frame *box, FILE *out) {
    fprintf(out,
            "set encoding utf8\nset border 3 linecolor '#444444'\nset tics nomirror out scale 0.6\n"
            "set xrange [%.8g:%.8g]\nset yrange [0:1]\nset xlabel 'α = m/n'\n",
            box->left, box->right);
}

static void print_key(const phase_report *report, FILE *out) {
    fprintf(out, "set key %s left Left reverse samplen 1.6 spacing 1.15 noautotitle\n",
            phase_one_sided(report) ? "bottom" : "top");
}

static void print_arrow(double alpha, const char *style, FILE *out) {
    fprintf(out, "set arrow from %.8g, graph 0 to %.8g, graph 1 nohead %s back\n", alpha, alpha,
            style);
}

/* The limit and levels 3 and 2 lie so close together that they share a label. */
static void print_lines(const frame *box, FILE *out) {
    for (size_t k = 0; k < PHASE_LINES; k++)
        print_arrow(phase_line(k)->alpha,
                    k == 0 ? "linewidth 1.4 linecolor '#000000'"
                           : "linewidth 0.8 dashtype 2 linecolor '#c1272d'",
                    out);
    fprintf(
        out,
        "set label \"full RSB %.3f\\nfl RDT levels 3, 2: %.3f, %.3f\" at %.8g, graph 0.9 rotate "
        "by 90 right offset character 0.9, 0 font ',11' textcolor '#333333' front\n",
        phase_line(0)->alpha, phase_line(1)->alpha, phase_line(2)->alpha, phase_line(2)->alpha);
    if (phase_line(3)->alpha < box->right)
        fprintf(out,
                "set label 'fl RDT level 1: %.3f' at %.8g, graph 0.9 rotate by 90 right offset "
                "character 0.9, 0 font ',11' textcolor '#c1272d' front\n",
                phase_line(3)->alpha, phase_line(3)->alpha);
}

/* Bands first, then bars, then the curves on top of everything. */
static void print_curves(const phase_report *report, bool terminal, FILE *out) {
    static const char *const layers[] = {
        "using 1:3:4 with filledcurves fillstyle transparent solid 0.18 noborder",
        "using 1:2:3:4 with yerrorbars pointtype 0 linewidth 0.6",
        "using 1:2 with linespoints pointtype 7 pointsize 0.45 linewidth 1.6"};
    const char *separator = "plot ";
    size_t count = report->plan.size_count;
    for (int layer = terminal ? 2 : 0; layer < 3; layer++)
        for (size_t k = 0; k < count; k++) {
            char colour[8];
            shade(k, count, colour);
            fprintf(out, "%s$rate%zu %s linecolor '%s' ", separator, k, layers[layer], colour);
            if (layer == 2)
                fprintf(out, "title 'n = %zu,  %zu layers'", report->points[k].n,
                        report->points[k].trials);
            else
                fputs("notitle", out);
            separator = ", \\\n ";
        }
    fputc('\n', out);
}

/* ---- the inset ------------------------------------------------------------------------------ */

static void inset_range(const phase_report *report, double *bottom, double *top, double *right) {
    const hs_extrapolation *fit = &report->fits[PHASE_FIXED];
    *bottom = INFINITY;
    *top = phase_line(2)->alpha;
    *right = 0.0;
    for (size_t k = 0; k < report->plan.size_count; k++) {
        const hs_point *point = &report->points[k];
        if (!isfinite(point->alpha_50.low) || !isfinite(point->alpha_50.high))
            continue;
        *bottom = fmin(*bottom, point->alpha_50.low);
        *top = fmax(*top, point->alpha_50.high);
        *right = fmax(*right, pow((double)point->n, -HS_EXPONENT_THEORY));
    }
    if (fit->known && isfinite(fit->alpha.high))
        *top = fmax(*top, fmin(fit->alpha.high, phase_line(3)->alpha));
    double margin = 0.06 * (*top - *bottom);
    *bottom -= margin;
    *top += margin;
    *right *= 1.08;
}

/* In x = n^(-2/3): n^-w = x^(3 w / 2). */
static void print_fit_curve(const hs_extrapolation *fit, const char *style, FILE *out) {
    char name[24] = "w = 2/3";
    if (!fit->known)
        return;
    if (fit->kind == HS_FIT_FREE)
        snprintf(name, sizeof name, "w = %.2f fitted", fit->exponent.value);
    fprintf(out, ", \\\n %.8g + (%.8g) * (x > 0 ? x**%.8g : 0) with lines %s title '%s: %.2f'",
            fit->alpha.value, fit->coefficient, 1.5 * fit->exponent.value, style, name,
            fit->alpha.value);
}

static void print_limit(const hs_extrapolation *fit, double x, const char *colour, FILE *out) {
    if (fit->known && isfinite(fit->alpha.low) && isfinite(fit->alpha.high))
        fprintf(
            out,
            ", \\\n '+' using (%.8g):(%.8g):(%.8g):(%.8g) every ::0::0 with yerrorbars "
            "pointtype 0 linewidth 1.2 linecolor '%s' notitle, \\\n '+' using (%.8g):(%.8g) every "
            "::0::0 with points pointtype 5 pointsize 0.7 linecolor '%s' notitle",
            x, fit->alpha.value, fit->alpha.low, fit->alpha.high, colour, x, fit->alpha.value,
            colour);
}

static void print_inset(const phase_report *report, FILE *out) {
    double bottom, top, right;
    inset_range(report, &bottom, &top, &right);
    fprintf(out,
            "unset arrow\nunset label\nset lmargin at screen 0.655\nset rmargin at screen 0.962\n"
            "set bmargin at screen 0.24\nset tmargin at screen 0.595\n"
            "set object 1 rectangle from screen 0.585, 0.135 to screen 0.98, 0.61 fillcolor "
            "'#ffffff' fillstyle solid 1.0 noborder behind\n"
            "set xrange [%.8g:%.8g]\nset yrange [%.8g:%.8g]\nset xlabel 'n^{-2/3}' offset 0, 0.3 "
            "font ',13'\nset ylabel 'α_{50}' offset 1.5, 0 font ',13'\nset xtics 0.1 font ',11'\n"
            "set ytics 0.5 font ',11'\nset samples 400\n"
            "set key bottom left Left reverse samplen 1.5 spacing 1.0 font ',11'\n",
            -0.03 * right, right, bottom, top);
    fprintf(out, "plot %.8g with lines linewidth 1.4 linecolor '#000000' notitle",
            phase_line(0)->alpha);
    for (size_t k = 1; k < PHASE_LINES; k++)
        fprintf(out, ", \\\n %.8g with lines linewidth 0.8 dashtype 2 linecolor '#c1272d' notitle",
                phase_line(k)->alpha);
    print_fit_curve(&report->fits[PHASE_FREE], "linewidth 1.4 linecolor '#2a788e'", out);
    print_fit_curve(&report->fits[PHASE_FIXED], "linewidth 1.4 dashtype 3 linecolor '#7a5195'",
                    out);
    print_limit(&report->fits[PHASE_FREE], 0.0, "#2a788e", out);
    print_limit(&report->fits[PHASE_FIXED], 0.015 * right, "#7a5195", out);
    fputs(", \\\n $half using 1:2:3:4 with yerrorbars pointtype 0 linewidth 1.1 linecolor "
          "'#222222' notitle, \\\n $half using 1:2 with points pointtype 7 pointsize 0.6 "
          "linecolor '#222222' notitle\n",
          out);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void print_figure(const phase_report *report, FILE *out) {
    frame box = find_frame(report);
    print_style(&box, out);
    print_data(report, out);
    print_key(report, out);
    fprintf(out, "set ylabel '%s'\n",
            phase_one_sided(report) ? "layers with a witness found (lower bound for P_{not inj})"
                                    : "P_{inj}");
    print_lines(&box, out);
    if (box.inset)
        fputs("set multiplot\nset origin 0, 0\nset size 1, 1\n", out);
    print_curves(report, false, out);
    if (!box.inset)
        return;
    print_inset(report, out);
    fputs("unset multiplot\n", out);
}

static void print_terminal(const phase_report *report, FILE *out) {
    frame box = find_frame(report);
    fprintf(out, "set xrange [%.8g:%.8g]\nset yrange [0:1]\nset key top left\n", box.left,
            box.right);
    fprintf(out, "set xlabel 'alpha = m/n'\nset title '%s'\n",
            phase_one_sided(report) ? "witness found: lower bound for P(not injective)"
                                    : "P(injective)");
    print_data(report, out);
    print_arrow(phase_line(0)->alpha, "", out);
    print_curves(report, true, out);
}

hs_status phase_plot(const phase_report *report, const char *path, hs_error *error) {
    bool terminal = strcmp(path, "-") == 0;
    char *script = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&script, &size);
    if (out == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a figure");
    if (terminal)
        print_terminal(report, out);
    else
        print_figure(report, out);
    hs_status status = HS_OK;
    if (fclose(out) != 0)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a figure");
    else if (terminal)
        status = hs_gnuplot_print(COLUMNS, LINES, script, error);
    else
        status = hs_gnuplot_draw(path, WIDTH, HEIGHT, script, error);
    free(script);
    return status;
}
