#include "cli/phase_plan.h"

#include "layer/ensemble.h"
#include "support/allocate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { N_MAX = 100000, TRIALS_MAX = 10000000 };
static const char search_grid[] = "5:6.7:0.1";
static const double search_seconds = 10.0;

/* ---- n and trials --------------------------------------------------------------------------- */

/* Whole numbers from 1 to `largest` with commas between them; 0 when it is something else. */
static size_t parse_list(const char *text, uint64_t largest, uint64_t values[PHASE_SIZES_MAX]) {
    for (size_t count = 0; count < PHASE_SIZES_MAX; count++) {
        char *end = NULL;
        errno = 0;
        values[count] = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
        if (values[count] < 1 || values[count] > largest || errno != 0)
            return 0;
        if (*end == '\0')
            return count + 1;
        if (*end != ',')
            return 0;
        text = end + 1;
    }
    return 0;
}

static int by_n(const void *left, const void *right) {
    size_t a = ((const hs_phase_size *)left)->n, b = ((const hs_phase_size *)right)->n;
    return (a > b) - (a < b);
}

static int parse_sizes(const phase_options *options, phase_parts *parts, hs_phase_plan *plan) {
    uint64_t n[PHASE_SIZES_MAX], trials[PHASE_SIZES_MAX];
    size_t count = parse_list(options->n, N_MAX, n);
    size_t trial_count = parse_list(options->trials, TRIALS_MAX, trials);
    if (count == 0)
        return cli_usage_error("--n: '%s' is not a list of numbers from 1 to %d (at most %d of "
                               "them), such as 6,8,10",
                               options->n, N_MAX, PHASE_SIZES_MAX);
    if (trial_count != 1 && trial_count != count)
        return cli_usage_error("--trials: '%s' is neither a number from 1 to %d nor one for each n",
                               options->trials, TRIALS_MAX);
    for (size_t k = 0; k < count; k++) {
        parts->sizes[k].n = (size_t)n[k];
        parts->sizes[k].trials = trials[trial_count == 1 ? 0 : k];
    }
    qsort(parts->sizes, count, sizeof *parts->sizes, by_n);
    for (size_t k = 1; k < count; k++)
        if (parts->sizes[k].n == parts->sizes[k - 1].n)
            return cli_usage_error("--n: %zu is there twice", parts->sizes[k].n);
    plan->sizes = parts->sizes;
    plan->size_count = count;
    return -1;
}

/* ---- names, the same however they were written ---------------------------------------------- */

/* The shortest of the usual ways to write a number that reads back to the same one. */
static void number_text(double value, char *text, size_t size) {
    snprintf(text, size, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, size, "%.17g", value);
}

static void name_ensemble(hs_ensemble ensemble, char name[HS_PHASE_TEXT]) {
    char p[40];
    number_text(ensemble.p, p, sizeof p);
    bool sparse = ensemble.kind == HS_ENSEMBLE_SPARSE;
    snprintf(name, HS_PHASE_TEXT, "%s%s%s", hs_ensemble_name(ensemble.kind), sparse ? ":" : "",
             sparse ? p : "");
}

/* One number where all bounds agree, else a fingerprint (FNV-1a) of the numbers. */
static void name_bounds(const double *bounds, size_t n, char *text, size_t size) {
    bool same = true;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const unsigned char *bytes = (const unsigned char *)bounds;
    for (size_t j = 1; j < n; j++)
        same = same && bounds[j] == bounds[0];
    for (size_t k = 0; k < n * sizeof *bounds; k++)
        hash = (hash ^ bytes[k]) * UINT64_C(0x100000001b3);
    if (same)
        number_text(bounds[0], text, size);
    else
        snprintf(text, size, "%zu-bounds-%016llx", n, (unsigned long long)hash);
}

static void name_domain(const hs_domain *domain, size_t n, char name[HS_PHASE_TEXT]) {
    char first[48] = "", second[48] = "";
    switch (domain->kind) {
    case HS_DOMAIN_SPACE:
        snprintf(name, HS_PHASE_TEXT, "space");
        return;
    case HS_DOMAIN_BOX:
        name_bounds(domain->lower, n, first, sizeof first);
        name_bounds(domain->upper, n, second, sizeof second);
        snprintf(name, HS_PHASE_TEXT, "box:%s:%s", first, second);
        return;
    case HS_DOMAIN_BALL:
    case HS_DOMAIN_NONNEG_BALL:
        number_text(domain->radius, first, sizeof first);
        snprintf(name, HS_PHASE_TEXT, "%s:%s",
                 domain->kind == HS_DOMAIN_BALL ? "ball" : "nonneg-ball", first);
    }
}

static int make_domains(const phase_options *options, phase_parts *parts, hs_phase_plan *plan) {
    hs_error error;
    int code = cli_domain_check(&options->domain);
    for (size_t k = 0; code < 0 && k < plan->size_count; k++) {
        hs_phase_size *size = &parts->sizes[k];
        parts->domains[k] = options->domain;
        if (cli_domain_make(&parts->domains[k], size->n, &size->domain, &error) != HS_OK)
            code = cli_fail(&error);
    }
    if (code < 0)
        name_domain(&parts->sizes[0].domain, parts->sizes[0].n, plan->domain_name);
    return code;
}

/* ---- widths --------------------------------------------------------------------------------- */

static int make_grid(const cli_range *range, hs_phase_size *size, size_t **grid) {
    size_t count = 0;
    *grid = hs_allocate(range->count, sizeof **grid);
    if (*grid == NULL)
        return cli_usage_error("no memory for a grid");
    for (size_t k = 0; k < range->count; k++) {
        double m = round((range->first + (double)k * range->step) * (double)size->n);
        if (!(m >= 1.0 && m <= 1e9))
            return cli_usage_error("--alpha: %g rows for n = %zu", m, size->n);
        if (count == 0 || (size_t)m > (*grid)[count - 1])
            (*grid)[count++] = (size_t)m;
    }
    size->grid = *grid;
    size->grid_count = count;
    return -1;
}

static int choose_widths(const phase_options *options, phase_parts *parts, hs_phase_plan *plan,
                         bool *is_grid) {
    const char *alpha = options->alpha;
    bool search = plan->engine == HS_ENGINE_SEARCH;
    if (alpha != NULL && options->critical_width)
        return cli_usage_error("--alpha and --critical-width exclude each other");
    if (search && options->critical_width)
        return cli_usage_error("--engine search proves no layer injective, so it finds no critical "
                               "width; use --alpha A:B:STEP");
    if (search && alpha == NULL)
        alpha = search_grid;
    *is_grid = alpha != NULL;
    if (alpha == NULL)
        return -1;
    cli_range range;
    int code = cli_range_parse(alpha, "alpha", HS_PHASE_GRID_MAX, &range);
    for (size_t k = 0; code < 0 && k < plan->size_count; k++)
        code = make_grid(&range, &parts->sizes[k], &parts->grids[k]);
    return code;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static int find_engine(const char *name, hs_engine_kind *engine) {
    for (int k = HS_ENGINE_AUTO; k <= HS_ENGINE_SEARCH; k++)
        if (strcmp(name, hs_phase_engine_name((hs_engine_kind)k)) == 0) {
            *engine = (hs_engine_kind)k;
            return -1;
        }
    return cli_usage_error("--engine: '%s' is none of auto, branch, cells, milp, search", name);
}

/* PyTorch's default initialisation draws weights and biases alike. */
static int make_ensembles(const phase_options *options, hs_phase_plan *plan) {
    const char *bias = options->bias_ensemble;
    hs_error error;
    if (bias == NULL)
        bias = strcmp(options->ensemble, "uniform") == 0 ? "uniform" : "none";
    if (hs_ensemble_parse(options->ensemble, &plan->weight, &error) != HS_OK ||
        hs_ensemble_parse(bias, &plan->bias, &error) != HS_OK)
        return cli_fail(&error);
    name_ensemble(plan->weight, plan->weight_name);
    name_ensemble(plan->bias, plan->bias_name);
    hs_layer *layer = NULL; /* a small one shows whether the two can be drawn */
    hs_status status = hs_layer_generate(1, 1, plan->weight, plan->bias, 0, &layer, &error);
    hs_layer_free(layer);
    return status == HS_OK ? -1 : cli_fail(&error);
}

int phase_plan_make(const phase_options *options, phase_parts *parts, hs_phase_plan *plan,
                    bool *grid) {
    *plan = (hs_phase_plan){.time_limit = options->limits.seconds,
                            .node_limit = options->limits.nodes,
                            .first_seed = options->common.seed};
    int code = -1;
    if (options->common.seed > (uint64_t)INT64_MAX - TRIALS_MAX)
        code = cli_usage_error("--seed: at most 2^63 - 1 - %d", TRIALS_MAX);
    if (code < 0)
        code = parse_sizes(options, parts, plan);
    if (code < 0)
        code = make_ensembles(options, plan);
    if (code < 0)
        code = find_engine(options->engine, &plan->engine);
    if (code < 0)
        code = make_domains(options, parts, plan);
    if (code < 0)
        code = choose_widths(options, parts, plan, grid);
    if (code < 0 && plan->engine == HS_ENGINE_SEARCH && plan->time_limit == 0.0 &&
        plan->node_limit == 0)
        plan->time_limit = search_seconds;
    return code;
}

void phase_parts_clear(phase_parts *parts) {
    for (size_t k = 0; k < PHASE_SIZES_MAX; k++) {
        cli_domain_clear(&parts->domains[k]);
        free(parts->grids[k]);
    }
}
