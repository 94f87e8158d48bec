#include "cli/cli.h"

#include <string.h>

typedef struct check_question {
    cli_domain options;
    hs_engine_kind engine;
    uint64_t target;
    const char *certificate;
    bool verbose;
    hs_domain domain;
    hs_result *result;
    cli_energy energy; /* with a target */
} check_question;

static const char *const engine_names[] = {
    [HS_ENGINE_AUTO] = "auto", [HS_ENGINE_BRANCH] = "branch", [HS_ENGINE_CELLS] = "cells",
    [HS_ENGINE_MILP] = "milp", [HS_ENGINE_SEARCH] = "search",
};
static const char *const verdict_names[] = {
    [HS_INJECTIVE] = "injective",
    [HS_NOT_INJECTIVE] = "not-injective",
    [HS_UNDECIDED] = "undecided",
};

static bool find_engine(const char *name, hs_engine_kind *engine) {
    for (size_t k = 0; k < sizeof engine_names / sizeof engine_names[0]; k++)
        if (strcmp(name, engine_names[k]) == 0) {
            *engine = (hs_engine_kind)k;
            return true;
        }
    return false;
}

static void show_note(const char *line, void *data) {
    cli_progress_end(data);
    fprintf(stderr, "%s\n", line);
}

static json_t *witness_json(const hs_witness *witness, size_t n) {
    if (witness == NULL)
        return json_null();
    json_t *active = json_array();
    for (size_t k = 0; k < witness->active_count; k++)
        json_array_append_new(active, json_integer((json_int_t)witness->active[k]));
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "z", cli_json_numbers(witness->z, n),
                     "x", cli_json_numbers(witness->x, n), "y", cli_json_numbers(witness->y, n),
                     "active", active, "rank", (json_int_t)witness->rank, "separation",
                     cli_json_number(witness->separation), "residual",
                     cli_json_number(witness->residual));
}

static json_t *bound_json(bool known, size_t value) {
    return known ? json_integer((json_int_t)value) : json_null();
}

static bool surrounds_origin(const hs_domain *domain, size_t n) {
    for (size_t j = 0; j < n; j++)
        if (!(domain->lower[j] < 0.0 && domain->upper[j] > 0.0))
            return false;
    return true;
}

/* Without a bias the bad points form a cone, so the answer holds for more than the domain asked
 * for. NULL when there is nothing to add. */
static const char *domain_note(const hs_layer *layer, const hs_domain *domain) {
    if (!hs_layer_has_zero_bias(layer))
        return NULL;
    switch (domain->kind) {
    case HS_DOMAIN_BALL:
        return "zero bias: the same on every ball and on the whole space";
    case HS_DOMAIN_SPACE:
        return "zero bias: the same on every ball";
    case HS_DOMAIN_NONNEG_BALL:
        return "zero bias: the same for every radius";
    case HS_DOMAIN_BOX:
        return surrounds_origin(domain, hs_layer_columns(layer))
                   ? "zero bias and 0 inside the box: the same on every ball and on the whole space"
                   : NULL;
    }
    return NULL;
}

static json_t *result_json(const hs_layer *layer, const void *data) {
    const check_question *question = data;
    const hs_domain *domain = &question->domain;
    const hs_result *result = question->result;
    size_t m = hs_layer_rows(layer), n = hs_layer_columns(layer);
    const char *note = domain_note(layer, domain);
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:s, s:o}",
        "verdict", verdict_names[result->verdict], "reason", result->reason, "m", (json_int_t)m,
        "n", (json_int_t)n, "domain", cli_json_domain(domain, n), "domain_note",
        note != NULL ? json_string(note) : json_null(), "engine", engine_names[result->engine],
        "witness", witness_json(result->witness, n), "active_lower_bound",
        bound_json(result->has_active_lower, result->active_lower), "active_upper_bound",
        bound_json(result->has_active_upper, result->active_upper), "energy",
        question->target > 0 ? cli_energy_json(&question->energy, question->target) : json_null(),
        "nodes", (json_int_t)result->nodes, "seconds", cli_json_number(result->seconds),
        "confirm_seconds", cli_json_number(result->confirm_seconds), "certificate",
        result->certified ? json_string(question->certificate) : json_null(), "arithmetic",
        cli_arithmetic_name(result->arithmetic), "theory", cli_json_theory(m, n));
}

static void print_domain(const hs_layer *layer, const hs_domain *domain) {
    const char *note = domain_note(layer, domain);
    cli_print_domain(domain, hs_layer_columns(layer));
    if (note != NULL)
        printf(" (%s)", note);
}

static void print_active_bounds(const hs_result *result) {
    if (result->has_active_lower && result->has_active_upper)
        printf("  active rows at the worst point: between %zu and %zu\n", result->active_lower,
               result->active_upper);
    else if (result->has_active_upper)
        printf("  active rows at the worst point: at most %zu\n", result->active_upper);
    else if (result->has_active_lower)
        printf("  active rows at the worst point: at least %zu\n", result->active_lower);
}

static void print_witness(const hs_witness *witness, size_t n) {
    printf("  x and y have the same output (recomputed: they differ by at most %.2g; |x - y| = "
           "%.3g):\n",
           witness->residual, witness->separation);
    cli_print_vector("x", witness->x, n);
    cli_print_vector("y", witness->y, n);
    printf("  at their midpoint %zu rows are active, of rank %zu\n", witness->active_count,
           witness->rank);
}

static void print_result(const char *name, const hs_layer *layer, const void *data) {
    const check_question *question = data;
    const hs_result *result = question->result;
    size_t m = hs_layer_rows(layer), n = hs_layer_columns(layer);
    double alpha = (double)m / (double)n;
    printf("%s: %s\n", name, verdict_names[result->verdict]);
    printf("  because %s\n", result->reason);
    printf("  layer of %zu rows and %zu columns on ", m, n);
    print_domain(layer, &question->domain);
    printf("\n  %s by %s, %llu nodes, %.3f s, %s arithmetic\n",
           result->verdict == HS_UNDECIDED ? "tried" : "decided",
           result->engine == HS_ENGINE_AUTO ? "a cheap fact" : engine_names[result->engine],
           (unsigned long long)result->nodes, result->seconds,
           cli_arithmetic_name(result->arithmetic));
    print_active_bounds(result);
    if (question->target > 0)
        cli_energy_print(&question->energy);
    if (result->witness != NULL)
        print_witness(result->witness, n);
    printf("  alpha = m/n = %.4g; random Gaussian layers of this alpha without bias: %s\n", alpha,
           hs_theory_prediction(alpha));
    if (result->certified)
        printf("  certificate: %s\n", question->certificate);
}

static hs_status ask(const hs_layer *layer, const hs_settings *settings, void *data,
                     hs_error *error) {
    check_question *question = data;
    hs_settings own = *settings;
    own.engine = question->engine;
    own.target = (size_t)question->target;
    own.confirm = true;
    own.certificate = question->certificate;
    own.note = question->verbose ? show_note : NULL;
    hs_status status =
        cli_domain_make(&question->options, hs_layer_columns(layer), &question->domain, error);
    if (status != HS_OK)
        return status;
    status = hs_check(layer, &question->domain, &own, &question->result, error);
    if (status == HS_OK && question->target > 0)
        question->energy = cli_energy_find(layer, question->result);
    return status;
}

int cli_check(int argc, char **argv) {
    cli_asked asked = {.limits = {0}};
    check_question question = {.options = CLI_DOMAIN_DEFAULT};
    const char *engine = NULL, *source = NULL;
    const cli_option own[] = {
        CLI_DOMAIN_OPTIONS(question.options),
        CLI_LAYER_OPTIONS(asked.read),
        {"engine", 0, CLI_TEXT, "NAME", "auto (default), branch, cells, milp, search", &engine},
        CLI_LIMIT_OPTIONS(asked.limits, "undecided"),
        {"certificate", 0, CLI_TEXT, "FILE", "keep the certificate of the verdict in FILE",
         &question.certificate},
        {"target", 0, CLI_COUNT, "K", "search: go on until at most K rows are active",
         &question.target},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    const cli_command command = {
        "check LAYER [options]",
        "Is the layer x -> ReLU(Wx + b) injective on the domain?\n"
        "LAYER is FILE or FILE:NAME (.npy .npz .safetensors .csv .txt .mtx), or - for text.\n"
        "Exact arithmetic means: the checker of `halfspan verify` confirmed the verdict. That is\n"
        "tried when it costs less than a second or a third of the run, or for --certificate.\n"
        "Exit code: 0 injective, 1 not injective, 2 undecided.",
        own, 1, 1};
    int code = cli_parse(argc, argv, &command, &asked.common, &source);
    if (code < 0)
        code = cli_domain_check(&question.options);
    if (code >= 0)
        return code;
    if (engine == NULL)
        engine = question.target > 0 ? "search" : "auto";
    if (!find_engine(engine, &question.engine))
        return cli_usage_error("--engine: '%s' is none of auto, branch, cells, milp, search",
                               engine);
    if (question.target > 0 && question.engine != HS_ENGINE_SEARCH)
        return cli_usage_error("--target belongs to --engine search");
    question.verbose = asked.common.verbose;
    code = cli_ask(source, &asked, &(cli_question){ask, result_json, print_result}, &question);
    if (code == 0)
        code = (int)question.result->verdict;
    if (question.certificate != NULL && question.result != NULL && !question.result->certified)
        fprintf(stderr, "halfspan: %s: not written: %s\n", question.certificate,
                question.result->uncertified);
    hs_result_free(question.result);
    cli_domain_clear(&question.options);
    return code;
}
