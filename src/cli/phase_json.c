#include "cli/phase.h"

/* Sets name, name_low and name_high. */
static void set_estimate(json_t *object, const char *name, const hs_estimate *of) {
    char text[40];
    json_object_set_new(object, name, cli_json_number(of->value));
    snprintf(text, sizeof text, "%s_low", name);
    json_object_set_new(object, text, cli_json_number(of->low));
    snprintf(text, sizeof text, "%s_high", name);
    json_object_set_new(object, text, cli_json_number(of->high));
}

static json_t *curve_object(const hs_curve_point *at, bool one_sided) {
    json_t *object = json_pack(
        "{s:I, s:f, s:I, s:I, s:I, s:I}", "m", (json_int_t)at->m, "alpha", at->alpha, "decided",
        (json_int_t)(at->injective + at->not_injective), "injective", (json_int_t)at->injective,
        "not_injective", (json_int_t)at->not_injective, "undecided", (json_int_t)at->undecided);
    json_object_set_new(object, "rate", one_sided ? json_null() : cli_json_number(at->rate));
    json_object_set_new(object, "low", cli_json_number(at->low));
    json_object_set_new(object, "high", cli_json_number(at->high));
    if (!one_sided)
        return object;
    size_t trials = at->not_injective + at->undecided;
    hs_estimate success = {.value = (double)at->not_injective / (double)trials};
    hs_proportion_interval(at->not_injective, at->not_injective, trials, &success.low,
                           &success.high);
    set_estimate(object, "success", &success);
    return object;
}

static json_t *point_object(const hs_point *point, bool one_sided) {
    json_t *object =
        json_pack("{s:I, s:I, s:I}", "n", (json_int_t)point->n, "trials", (json_int_t)point->trials,
                  "undecided", (json_int_t)point->undecided);
    json_t *curve = json_array();
    set_estimate(object, "alpha_50", &point->alpha_50);
    set_estimate(object, "width", &point->width);
    set_estimate(object, "mean", &point->mean);
    json_object_set_new(object, "sd", cli_json_number(point->sd));
    for (size_t k = 0; k < point->curve_count; k++)
        json_array_append_new(curve, curve_object(&point->curve[k], one_sided));
    json_object_set_new(object, "curve", curve);
    return object;
}

/* ---- extrapolation -------------------------------------------------------------------------- */

static json_t *fit_object(const hs_extrapolation *fit) {
    json_t *object = json_object();
    json_object_set_new(object, "alpha", cli_json_number(fit->alpha.value));
    json_object_set_new(object, "low", cli_json_number(fit->alpha.low));
    json_object_set_new(object, "high", cli_json_number(fit->alpha.high));
    set_estimate(object, "exponent", &fit->exponent);
    json_object_set_new(object, "formula", json_string(phase_formula(fit->kind)));
    json_object_set_new(object, "exponent_undetermined", json_boolean(fit->exponent_at_end));
    json_object_set_new(object, "coefficient", cli_json_number(fit->coefficient));
    json_object_set_new(object, "correction", cli_json_number(fit->correction));
    json_object_set_new(object, "sizes", json_integer((json_int_t)fit->sizes));
    json_object_set_new(object, "smallest_n",
                        fit->sizes > 0 ? json_integer((json_int_t)fit->smallest) : json_null());
    json_object_set_new(object, "chi_square", cli_json_number(fit->chi_square));
    json_object_set_new(object, "degrees_of_freedom", json_integer((json_int_t)fit->freedom));
    json_object_set_new(object, "p_value", cli_json_number(fit->probability));
    return object;
}

static json_t *position(const hs_extrapolation *fit, double alpha) {
    if (!fit->known || !isfinite(fit->alpha.low) || !isfinite(fit->alpha.high))
        return json_null();
    return json_string(alpha < fit->alpha.low    ? "below"
                       : alpha > fit->alpha.high ? "above"
                                                 : "within");
}

/* Where each line lies with respect to the 95% intervals: what is not within is excluded. */
static json_t *comparison(const phase_report *report) {
    json_t *array = json_array();
    for (size_t k = 0; k < PHASE_LINES; k++) {
        const hs_theory_line *line = phase_line(k);
        json_array_append_new(
            array,
            json_pack("{s:s, s:f, s:o, s:o, s:o}", "name", line->name, "alpha", line->alpha,
                      "exponent_free", position(&report->fits[PHASE_FREE], line->alpha),
                      "exponent_two_thirds", position(&report->fits[PHASE_FIXED], line->alpha),
                      "two_thirds_corrected",
                      position(&report->fits[PHASE_CORRECTED], line->alpha)));
    }
    return array;
}

static json_t *extrapolation(const phase_report *report) {
    json_t *object = fit_object(phase_best_fit(report)), *fits = json_array();
    for (int k = 0; k < PHASE_FITS; k++)
        if (report->fits[k].known)
            json_array_append_new(fits, fit_object(&report->fits[k]));
    json_object_set_new(object, "fits", fits);
    json_object_set_new(object, "comparison", comparison(report));
    return object;
}

/* ---- the document --------------------------------------------------------------------------- */

static json_t *theory(const phase_report *report) {
    const hs_theory_line *lines = NULL;
    size_t count = 0;
    json_t *thresholds = json_array();
    hs_theory_lines(&lines, &count);
    for (size_t k = 0; k < count; k++)
        json_array_append_new(thresholds,
                              json_pack("{s:s, s:s, s:f, s:s, s:s}", "name", lines[k].name, "title",
                                        lines[k].title, "alpha", lines[k].alpha, "status",
                                        hs_theory_status_name(lines[k].status), "meaning",
                                        lines[k].meaning));
    return json_pack("{s:o, s:b}", "thresholds", thresholds, "applies",
                     phase_theory_applies(report));
}

json_t *phase_json(const phase_report *report) {
    const hs_phase_plan *plan = &report->plan;
    bool one_sided = phase_one_sided(report);
    json_t *points = json_array();
    for (size_t k = 0; k < plan->size_count; k++)
        json_array_append_new(points, point_object(&report->points[k], one_sided));
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:o, s:o, s:o, s:o}", "method",
        report->grid ? "grid" : "critical-width", "ensemble", plan->weight_name, "bias_ensemble",
        plan->bias_name, "domain", plan->domain_name, "engine", hs_phase_engine_name(plan->engine),
        "version", hs_version(), "first_seed", (json_int_t)plan->first_seed,
        "lower_bound_for_not_injective", one_sided, "points", points, "extrapolation",
        extrapolation(report), "theory", theory(report), "ledger",
        report->ledger != NULL ? json_string(report->ledger) : json_null());
    json_object_set_new(document, "interrupted", json_boolean(report->totals.interrupted));
    json_object_set_new(document, "decisions", json_integer((json_int_t)report->totals.decisions));
    json_object_set_new(document, "engine_seconds", cli_json_number(report->totals.engine_seconds));
    json_object_set_new(document, "trial_seconds", cli_json_number(report->totals.trial_seconds));
    json_object_set_new(document, "seconds", cli_json_number(report->totals.seconds));
    return document;
}
