#include "engine/decisions.h"

#include "geometry/rank.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A short value is tried at the end when the last decision took at most so many nodes. */
static const uint64_t cheap_decision = 5000;

void hs_decisions_begin(hs_decisions *decisions, const hs_settings *settings, const char *phase) {
    *decisions = (hs_decisions){.settings = settings,
                                .phase = phase,
                                .start = hs_clock_seconds(),
                                .arithmetic = HS_ARITHMETIC_EXACT};
}

static bool forward_interrupted(void *data) {
    const hs_decisions *decisions = data;
    const hs_settings *settings = decisions->settings;
    return settings->interrupted != NULL && settings->interrupted(settings->data);
}

static void forward_note(const char *line, void *data) {
    const hs_decisions *decisions = data;
    decisions->settings->note(line, decisions->settings->data);
}

static void forward_progress(const hs_progress *now, void *data) {
    const hs_decisions *decisions = data;
    const hs_settings *settings = decisions->settings;
    hs_progress all = *now;
    all.seconds = hs_clock_seconds() - decisions->start;
    all.nodes += decisions->nodes;
    all.phase = decisions->phase;
    all.fraction = -1.0;
    if (settings->progress != NULL)
        settings->progress(&all, settings->data);
}

/* The caller's settings less what was used; false when nothing is left. */
static bool remaining(hs_decisions *decisions, hs_settings *settings) {
    *settings = *decisions->settings;
    settings->interrupted = forward_interrupted;
    settings->progress = forward_progress;
    settings->note = settings->note != NULL ? forward_note : NULL;
    settings->data = decisions;
    if (settings->time_limit > 0.0)
        settings->time_limit -= hs_clock_seconds() - decisions->start;
    if (settings->node_limit > 0)
        settings->node_limit -=
            decisions->nodes < settings->node_limit ? decisions->nodes : settings->node_limit;
    return !(decisions->settings->time_limit > 0.0 && settings->time_limit <= 0.0) &&
           !(decisions->settings->node_limit > 0 && settings->node_limit == 0) &&
           !forward_interrupted(decisions);
}

hs_status hs_decide(hs_decisions *decisions, const hs_layer *layer, const hs_domain *domain,
                    hs_result **result, hs_error *error) {
    hs_settings settings;
    bool may = remaining(decisions, &settings);
    if (decisions->share > 0.0) {
        settings.time_limit *= decisions->share;
        if (settings.node_limit > 0)
            settings.node_limit = 1 + (uint64_t)(decisions->share * (double)settings.node_limit);
    }
    if (!may) /* asks all the same: what needs no search is then still answered */
        settings.node_limit = 1;
    if (!may)
        settings.time_limit = 1e-9;
    hs_status status = hs_check(layer, domain, &settings, result, error);
    if (status != HS_OK)
        return status;
    decisions->count++;
    decisions->nodes += (*result)->nodes;
    if ((*result)->verdict == HS_UNDECIDED) {
        decisions->stopped = !remaining(decisions, &settings);
        memcpy(decisions->reason, (*result)->reason, sizeof decisions->reason);
    } else if ((*result)->arithmetic == HS_ARITHMETIC_FLOATING) {
        decisions->arithmetic = HS_ARITHMETIC_FLOATING;
    }
    return HS_OK;
}

/* ---- the bracket ---------------------------------------------------------------------------- */

static double width(const hs_critical *critical) {
    return critical->tolerance * (critical->scale > 0.0 ? critical->scale : critical->upper);
}

bool hs_critical_closed(const hs_critical *critical) {
    return critical->upper - critical->lower <= width(critical);
}

/* Asks at one value and moves an end of the bracket. */
static hs_status ask(hs_critical *critical, double at, hs_verdict *verdict, uint64_t *nodes,
                     hs_error *error) {
    hs_result *result = NULL;
    hs_status status = critical->decide(critical->subject, at, &result, error);
    if (status != HS_OK)
        return status;
    double before = critical->upper;
    *verdict = result->verdict;
    *nodes = result->nodes;
    if (result->verdict == HS_INJECTIVE)
        critical->lower = at;
    if (result->verdict == HS_NOT_INJECTIVE) {
        status = critical->improve(critical->subject, result->witness, &critical->upper, error);
        if (!(critical->upper < before))
            *verdict = HS_UNDECIDED;
    }
    hs_result_free(result);
    return status;
}

/* A number with few bits inside the bracket, often the true value of a layer made by hand. */
static hs_status try_short_value(hs_critical *critical, hs_error *error) {
    double scale = critical->scale > 0.0 ? critical->scale : critical->upper;
    int exponent;
    frexp(scale, &exponent);
    double grid = ldexp(1.0, exponent - 20), at = rint(critical->upper / grid) * grid;
    if (!(at > critical->lower && at < critical->upper))
        return HS_OK;
    hs_verdict verdict;
    uint64_t nodes;
    return ask(critical, at, &verdict, &nodes, error);
}

/* One question far from the end: cheap, and a lower bound for runs that are stopped early. */
static hs_status probe(hs_critical *critical, hs_error *error) {
    double at = critical->lower + 0.5 * (critical->upper - critical->lower);
    if (!isfinite(critical->lower) || !(at < critical->upper) || !(at > critical->lower))
        return HS_OK;
    hs_verdict verdict;
    uint64_t nodes;
    return ask(critical, at, &verdict, &nodes, error);
}

hs_status hs_critical_search(hs_critical *critical, hs_error *error) {
    hs_status status = hs_critical_closed(critical) ? HS_OK : probe(critical, error);
    double step = 0.5 * width(critical);
    uint64_t nodes = 0;
    if (critical->decisions->stopped)
        return status;
    while (status == HS_OK && !hs_critical_closed(critical) && critical->upper > critical->floor) {
        double at = critical->upper - step, before = critical->upper;
        if (!(at > critical->lower)) {
            if (critical->unresolved)
                break;
            at = critical->lower + 0.5 * (critical->upper - critical->lower);
            step = critical->upper - at;
        }
        hs_verdict verdict = HS_UNDECIDED;
        status = ask(critical, at, &verdict, &nodes, error);
        if (status != HS_OK || critical->decisions->stopped)
            break;
        bool little = before - critical->upper < 4.0 * step;
        if (verdict == HS_NOT_INJECTIVE)
            step = little ? 4.0 * step : 0.5 * width(critical);
        if (verdict == HS_UNDECIDED) { /* the critical value is too near: leave it more room */
            critical->unresolved = true;
            step *= 8.0;
        }
        if (verdict == HS_INJECTIVE && critical->unresolved)
            break;
        if (verdict == HS_INJECTIVE)
            step *= 0.5;
    }
    if (status == HS_OK && hs_critical_closed(critical) && nodes <= cheap_decision &&
        !critical->decisions->stopped)
        status = try_short_value(critical, error);
    return status;
}

/* ---- bad flats ------------------------------------------------------------------------------ */

hs_status hs_off_rows(const hs_layer *layer, const size_t *active, size_t active_count, size_t *off,
                      size_t *off_count, bool *proven, hs_error *error) {
    size_t n = layer->n, on_count = 0, rank = 0;
    uint64_t *row = hs_allocate(n, sizeof *row);
    size_t *on = hs_allocate(layer->m, sizeof *on);
    hs_modular_basis basis = {0};
    hs_status status = hs_modular_basis_create(n, &basis, error);
    if (status == HS_OK && (row == NULL || on == NULL))
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the active rows");
    for (size_t k = 0; status == HS_OK && k < active_count; k++) {
        hs_residues(layer->weight + active[k] * n, n, row);
        hs_modular_basis_add(&basis, row);
    }
    size_t before = basis.rank;
    *off_count = 0;
    for (size_t i = 0; status == HS_OK && i < layer->m; i++) {
        hs_residues(layer->weight + i * n, n, row);
        if (hs_modular_basis_add(&basis, row))
            off[(*off_count)++] = i;
        else
            on[on_count++] = i;
        basis.rank = before;
    }
    *proven = false;
    if (status == HS_OK && before < n)
        status = hs_rank_exact(layer->weight, n, on, on_count, &rank, NULL, NULL, error);
    *proven = status == HS_OK && before < n && rank < n;
    hs_modular_basis_clear(&basis);
    free(row);
    free(on);
    return status;
}
