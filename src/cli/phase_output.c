/* The results of `phase` as a table for people and as a table for programs. */
#include "cli/phase.h"

#include "support/output_file.h"

#include <string.h>

const hs_theory_line *phase_line(size_t index) {
    static const char *const names[PHASE_LINES] = {"full-rsb", "level-3", "level-2", "level-1"};
    return hs_theory_line_find(names[index]);
}

const char *phase_formula(hs_fit_kind kind) {
    static const char *const formulas[] = {
        [HS_FIT_FREE] = "a + c n^-w",
        [HS_FIT_FIXED] = "a + c n^(-2/3)",
        [HS_FIT_CORRECTED] = "a + c n^(-2/3) + d/n",
    };
    return formulas[kind];
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

/* What alpha_50.low says of the search; see hs_point_bound_only. */
static void print_search_bounds(const phase_report *report) {
    printf("\n");
    for (size_t k = 0; k < report->plan.size_count; k++)
        if (isfinite(report->points[k].alpha_50.low))
            printf("n = %zu: at least half of the layers are not injective up to alpha = %.4f "
                   "[95%%]\n",
                   report->points[k].n, report->points[k].alpha_50.low);
}

/* ---- the fit -------------------------------------------------------------------------------- */

static void print_fit(const hs_extrapolation *fit) {
    printf("  %-28s", phase_formula(fit->kind));
    if (!fit->known) {
        printf(" needs alpha_50 at %d sizes or more\n", fit->kind == HS_FIT_FIXED ? 2 : 3);
        return;
    }
    printf(" n >= %-3zu a =", fit->smallest);
    print_estimate(&fit->alpha, 3);
    printf("  chi2 %5.2f / %zu", fit->chi_square, fit->freedom);
    if (isfinite(fit->probability))
        printf(", p %.2f", fit->probability);
    printf("; c = %.3f", fit->coefficient);
    if (fit->kind == HS_FIT_CORRECTED)
        printf(", d = %.3f", fit->correction);
    if (fit->kind == HS_FIT_FREE) {
        printf(", w =");
        print_estimate(&fit->exponent, 3);
    }
    printf("%s\n", fit->exponent_at_end ? " (not determined)" : "");
}

/* One line of theory: where it lies with respect to each interval. */
static void print_comparison(const phase_report *report, const hs_theory_line *line) {
    const char *separator = "";
    printf("  %-28s %.4f: ", line->title, line->alpha);
    for (int k = PHASE_FREE; k <= PHASE_CORRECTED; k++) {
        const hs_estimate *interval = &report->fits[k].alpha;
        if (!report->fits[k].known || !isfinite(interval->low) || !isfinite(interval->high))
            continue;
        printf("%s%s (%s)", separator,
               line->alpha < interval->low    ? "excluded, below"
               : line->alpha > interval->high ? "excluded, above"
                                              : "not excluded",
               k == PHASE_FREE    ? "w fitted"
               : k == PHASE_FIXED ? "w = 2/3"
                                  : "corrected");
        separator = ", ";
    }
    printf("\n");
}

static void print_extrapolation(const phase_report *report) {
    printf("\nalpha_50(n), n to infinity [95%%, if the formula holds]\n");
    for (int k = 0; k < PHASE_FITS; k++)
        if (k < PHASE_FREE_TAIL || report->fits[k].known)
            print_fit(&report->fits[k]);
    if (!report->fits[PHASE_FIXED].known)
        return;
    for (size_t k = 0; k < PHASE_LINES; k++)
        print_comparison(report, phase_line(k));
    if (!phase_theory_applies(report))
        printf("  (these lines are for Gaussian rows without bias on a ball)\n");
}

void phase_print(const phase_report *report) {
    print_head(report);
    if (phase_one_sided(report)) {
        print_search(report);
        print_search_bounds(report);
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
