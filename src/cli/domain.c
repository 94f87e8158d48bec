#include "cli/cli.h"

#include "support/error.h"
#include "support/number.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
    [HS_DOMAIN_BALL] = "ball",
    [HS_DOMAIN_SPACE] = "space",
    [HS_DOMAIN_BOX] = "box",
    [HS_DOMAIN_NONNEG_BALL] = "nonneg-ball",
};

static bool find_kind(const char *name, hs_domain_kind *kind) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(name, kinds[k]) == 0) {
            *kind = (hs_domain_kind)k;
            return true;
        }
    return false;
}

int cli_domain_check(const cli_domain *options) {
    hs_domain_kind kind;
    if (!find_kind(options->kind, &kind))
        return cli_usage_error("--domain: '%s' is none of ball, space, box, nonneg-ball",
                               options->kind);
    bool has_radius = kind == HS_DOMAIN_BALL || kind == HS_DOMAIN_NONNEG_BALL;
    if (!has_radius && !isnan(options->radius))
        return cli_usage_error("--radius belongs to --domain ball and nonneg-ball, not to %s",
                               options->kind);
    if (kind != HS_DOMAIN_BOX && (options->lower != NULL || options->upper != NULL))
        return cli_usage_error("--lower and --upper belong to --domain box");
    if (kind == HS_DOMAIN_BOX && (options->lower == NULL || options->upper == NULL))
        return cli_usage_error("--domain box needs --%s",
                               options->lower == NULL ? "lower" : "upper");
    return -1;
}

/* A scalar ("-inf" and "inf" allowed) for every coordinate, or a file of n numbers. */
static hs_status read_bounds(const char *text, const char *option, size_t n, hs_array *values,
                             hs_error *error) {
    double number = 0.0;
    hs_number_outcome outcome = hs_number_parse(text, strlen(text), &number);
    if (outcome == HS_NUMBER_NONE) {
        hs_status status = hs_bounds_read(text, values, error);
        if (status == HS_OK && values->rows * values->columns != n)
            return hs_fail(error, HS_BAD_DATA, "%s: %zu x %zu numbers, expected %zu bounds", text,
                           values->rows, values->columns, n);
        return status;
    }
    if (outcome != HS_NUMBER_GOOD && outcome != HS_NUMBER_INFINITE)
        return hs_fail(error, HS_INVALID_ARGUMENT, "--%s: '%s' %s", option, text,
                       hs_number_problem(outcome));
    *values = (hs_array){.rank = 1, .rows = 1, .columns = n};
    values->data = malloc(n * sizeof(double));
    if (values->data == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the bounds of the box");
    for (size_t j = 0; j < n; j++)
        values->data[j] = number;
    return HS_OK;
}

hs_status cli_domain_make(cli_domain *options, size_t n, hs_domain *result, hs_error *error) {
    *result = (hs_domain){.radius = isnan(options->radius) ? 1.0 : options->radius};
    find_kind(options->kind, &result->kind);
    if (result->kind != HS_DOMAIN_BOX)
        return HS_OK;
    hs_status status = read_bounds(options->lower, "lower", n, &options->lower_values, error);
    if (status == HS_OK)
        status = read_bounds(options->upper, "upper", n, &options->upper_values, error);
    result->lower = options->lower_values.data;
    result->upper = options->upper_values.data;
    return status;
}

void cli_domain_clear(cli_domain *options) {
    hs_array_clear(&options->lower_values);
    hs_array_clear(&options->upper_values);
}

json_t *cli_json_domain(const hs_domain *domain, size_t n) {
    json_t *object = json_pack("{s:s}", "kind", kinds[domain->kind]);
    if (domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL)
        json_object_set_new(object, "radius", cli_json_number(domain->radius));
    if (domain->kind == HS_DOMAIN_BOX) {
        json_object_set_new(object, "lower", cli_json_numbers(domain->lower, n));
        json_object_set_new(object, "upper", cli_json_numbers(domain->upper, n));
    }
    return object;
}

/* With as many digits as it takes to read the same number back. */
static void print_exactly(double value) {
    char text[352];
    int digits = 6;
    do
        snprintf(text, sizeof text, "%.*g", digits++, value);
    while (strtod(text, NULL) < value || strtod(text, NULL) > value);
    fputs(text, stdout);
}

static void print_box(const hs_domain *domain, size_t n) {
    bool cube = true;
    for (size_t j = 1; j < n; j++)
        cube = cube && domain->lower[j] == domain->lower[0] && domain->upper[j] == domain->upper[0];
    fputs(cube ? "the box [" : "the box from (", stdout);
    print_exactly(domain->lower[0]);
    fputs(cube ? ", " : ", ...) to (", stdout);
    print_exactly(domain->upper[0]);
    if (cube)
        printf("]^%zu", n);
    else
        fputs(", ...)", stdout);
}

void cli_print_domain(const hs_domain *domain, size_t n) {
    switch (domain->kind) {
    case HS_DOMAIN_BALL:
        fputs("the ball of radius ", stdout);
        print_exactly(domain->radius);
        break;
    case HS_DOMAIN_SPACE:
        fputs("the whole space", stdout);
        break;
    case HS_DOMAIN_BOX:
        print_box(domain, n);
        break;
    case HS_DOMAIN_NONNEG_BALL:
        fputs("the non-negative part of the ball of radius ", stdout);
        print_exactly(domain->radius);
        break;
    }
}
