/* The results of `phase` as a table for people and as a table for programs. */
#include "cli/phase.h"

#include "support/output_file.h"

#include <string.h>

const hs_theory_line *phase_line(size_t index) {
    static const char *const names[PHASE_LINES] = {"full-rsb", "level-3", "level-2", "level-1"};
    return hs_theory_line_find(names[index]);
}

bool phase_theory_applies(const phase_report *report) {
    const hs_phase_plan *plan = &report->plan;
    hs_domain_kind domain = plan->sizes[0].domain.kind;
    return (plan->weight.kind == HS_ENSEMBLE_GAUSSIAN || plan->weight.kind == HS_ENSEMBLE_SPHERE) &&
           plan->bias.kind == HS_ENSEMBLE_NONE &&
           (domain == HS_DOMAIN_BALL || domain == HS_DOMAIN_SPACE);
}

/* ---- pieces --------------------------------------------------------------------------------- */

static void print_number(int width, int digits, double value) {
    if (isfinite(value))
        printf("%*.*f", width, digits, value);
    else
        printf("%*s", width, "-");
}

/* value [low, high]; a bound that is not known is shown as "-". */
static void print_estimate(const hs_estimate *of, int digits) {
    print_number(digits + 4, digits, of->value);
    printf(" [");
    print_number(digits + 3, digits, of->low);
    printf(",");
    print_number(digits + 3, digits, of->high);
    printf("]");
}

static const char *verb(const hs_estimate *interval, double alpha) {
    if (alpha < interval->low)
        return "below the interval";
    return alpha > interval->high ? "above the interval" : "within the interval";
}

/* ---- points --------------------------------------------------------------------------------- */

static void print_head(const phase_report *report) {
    const hs_phase_plan *plan = &report->plan;
    printf("rows %s, bias %s, domain %s, engine %s, seeds from %llu\n", plan->weight_name,
           plan->bias_name, plan->domain_name, hs_phase_engine_name(plan->engine),
           (unsigned long long)plan->first_seed);
    printf("%llu decisions in %.1f s", (unsigned long long)report->totals.decisions,
           report->totals.seconds);
    if (report->ledger != NULL)
        printf(", ledger %s", report->ledger);
    printf("\n");
    if (report->totals.interrupted)
        printf("interrupted: what was finished is shown; trials that were running count as "
               "undecided\n");
}

static void print_points(const phase_report *report) {
    printf("\n%5s %7s %9s   %-24s  %-24s  %-24s %7s\n", "n", "trials", "undecided",
           "alpha_50 [95%]", "width 10-90% [95%]", "mean m*/n [95%]", "sd");
    for (size_t k = 0; k < report->plan.size_count; k++) {
        const hs_point *point = &report->points[k];
        printf("%5zu %7zu %9zu  ", point->n, point->trials, point->undecided);
        print_estimate(&point->alpha_50, 4);
        printf("  ");
        print_estimate(&point->width, 4);
        printf("  ");
        print_estimate(&point->mean, 4);
        print_number(8, 4, point->sd);
        printf("\n");
    }
}

static void print_curves(const phase_report *report) {
    printf("\n%5s %6s %8s %8s %10s %9s %7s   %s\n", "n", "m", "alpha", "decided", "injective",
           "undecided", "rate", "95%");
    for (size_t k = 0; k < report->plan.size_count; k++)
        for (size_t i = 0; i < report->points[k].curve_count; i++) {
            const hs_curve_point *at = &report->points[k].curve[i];
            printf("%5zu %6zu %8.4f %8zu %10zu %9zu ", report->points[k].n, at->m, at->alpha,
                   at->injective + at->not_injective, at->injective, at->undecided);
            print_number(7, 4, at->rate);
            printf("   [%.4f, %.4f]\n", at->low, at->high);
        }
}

/* The search: not injective is proven, the rest is unknown. */
static void print_search(const phase_report *report) {
    printf("\nsuccess of the witness search, a lower bound for P(not injective): a layer without a "
           "witness is undecided\n"
           "%5s %6s %8s %7s %9s %9s %9s   %s\n",
           "n", "m", "alpha", "trials", "witness", "undecided", "success", "95%");
    for (size_t k = 0; k < report->plan.size_count; k++)
        for (size_t i = 0; i < report->points[k].curve_count; i++) {
            const hs_curve_point *at = &report->points[k].curve[i];
            size_t trials = at->not_injective + at->undecided;
            double low, high;
            hs_proportion_interval(at->not_injective, at->not_injective, trials, &low, &high);
            printf("%5zu %6zu %8.4f %7zu %9zu %9zu ", report->points[k].n, at->m, at->alpha, trials,
                   at->not_injective, at->undecided);
            print_number(9, 4,
                         trials > 0 ? (double)at->not_injective / (double)trials : (double)NAN);
            printf("   [%.4f, %.4f]\n", low, high);
        }
}

/* ---- the fit -------------------------------------------------------------------------------- */

static void print_fit(const hs_extrapolation *fit) {
    if (!fit->known) {
        printf("  %-9s needs alpha_50 at %d sizes or more\n",
               fit->free_exponent ? "w free" : "w = 2/3", fit->free_exponent ? 3 : 2);
        return;
    }
    printf("  %-9s n >= %-3zu a =", fit->free_exponent ? "w free" : "w = 2/3", fit->smallest);
    print_estimate(&fit->alpha, 3);
    if (fit->free_exponent) {
        printf(", w =");
        print_estimate(&fit->exponent, 3);
    }
    printf(", c = %.3f, chi2 = %.2f (%zu degrees of freedom", fit->coefficient, fit->chi_square,
           fit->freedom);
    if (isfinite(fit->probability))
        printf(", p = %.2f", fit->probability);
    printf(")%s\n", fit->exponent_at_end ? ", w not determined" : "");
}

static void print_comparison(const phase_report *report) {
    const hs_extrapolation *free_fit = &report->fits[PHASE_FREE];
    const hs_extrapolation *fixed_fit = &report->fits[PHASE_FIXED];
    if (!fixed_fit->known)
        return;
    for (size_t k = 0; k < PHASE_LINES; k++) {
        const hs_theory_line *line = phase_line(k);
        printf("  %-22s %.4f:", line->title, line->alpha);
        if (free_fit->known)
            printf(" %s (w free),", verb(&free_fit->alpha, line->alpha));
        printf(" %s (w = 2/3)\n", verb(&fixed_fit->alpha, line->alpha));
    }
    if (!phase_theory_applies(report))
        printf("  (these lines are for Gaussian rows without bias on a ball)\n");
}

static void print_extrapolation(const phase_report *report) {
    printf("\nalpha_50(n) = a + c n^-w, n to infinity\n");
    print_fit(&report->fits[PHASE_FREE]);
    print_fit(&report->fits[PHASE_FIXED]);
    if (report->fits[PHASE_FREE_TAIL].known)
        print_fit(&report->fits[PHASE_FREE_TAIL]);
    if (report->fits[PHASE_FIXED_TAIL].known)
        print_fit(&report->fits[PHASE_FIXED_TAIL]);
    print_comparison(report);
}

void phase_print(const phase_report *report) {
    print_head(report);
    if (phase_one_sided(report)) {
        print_search(report);
        return;
    }
    print_points(report);
    if (report->grid)
        print_curves(report);
    if (report->plan.size_count > 1)
        print_extrapolation(report);
}

/* ---- for programs --------------------------------------------------------------------------- */

static void csv_number(double value, FILE *out) {
    fputc(',', out);
    if (isfinite(value))
        fprintf(out, "%.10g", value);
}

hs_status phase_write_csv(const phase_report *report, const char *path, hs_error *error) {
    hs_output_file file;
    hs_status status = hs_output_file_open(path, &file, error);
    if (status != HS_OK)
        return status;
    fprintf(file.stream,
            "n,m,alpha,trials,decided,injective,not_injective,undecided,rate,low,high\n");
    for (size_t k = 0; k < report->plan.size_count; k++)
        for (size_t i = 0; i < report->points[k].curve_count; i++) {
            const hs_curve_point *at = &report->points[k].curve[i];
            fprintf(file.stream, "%zu,%zu", report->points[k].n, at->m);
            csv_number(at->alpha, file.stream);
            fprintf(file.stream, ",%zu,%zu,%zu,%zu,%zu", report->points[k].trials,
                    at->injective + at->not_injective, at->injective, at->not_injective,
                    at->undecided);
            csv_number(phase_one_sided(report) ? (double)NAN : at->rate, file.stream);
            csv_number(at->low, file.stream);
            csv_number(at->high, file.stream);
            fputc('\n', file.stream);
        }
    return hs_output_file_commit(&file, error);
}
