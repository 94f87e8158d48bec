#include "cli/cli.h"

#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A scalar ("-inf" and "inf" allowed) for every coordinate, or a file of n numbers. */
static hs_status read_bounds(const char *text, const char *option, size_t n, hs_array *values,
                             hs_error *error) {
    if (text == NULL)
        return hs_fail(error, HS_INVALID_ARGUMENT, "--domain box needs --%s", option);
    char *end = NULL;
    double number = strtod(text, &end);
    if (end != text && *end == '\0') {
        if (isnan(number))
            return hs_fail(error, HS_INVALID_ARGUMENT, "--%s: not a number", option);
        *values = (hs_array){.rank = 1, .rows = 1, .columns = n};
        values->data = malloc(n * sizeof(double));
        if (values->data == NULL)
            return hs_fail(error, HS_NO_MEMORY, "no memory for the bounds of the box");
        for (size_t j = 0; j < n; j++)
            values->data[j] = number;
        return HS_OK;
    }
    hs_status status = hs_array_read(text, values, error);
    if (status == HS_OK && values->rows * values->columns != n)
        return hs_fail(error, HS_BAD_DATA, "%s: %zu x %zu numbers, expected %zu bounds", text,
                       values->rows, values->columns, n);
    return status;
}

hs_status cli_domain_make(cli_domain *options, size_t n, hs_domain *result, hs_error *error) {
    *result = (hs_domain){.radius = options->radius};
    if (strcmp(options->kind, "ball") == 0)
        result->kind = HS_DOMAIN_BALL;
    else if (strcmp(options->kind, "space") == 0)
        result->kind = HS_DOMAIN_SPACE;
    else if (strcmp(options->kind, "nonneg-ball") == 0)
        result->kind = HS_DOMAIN_NONNEG_BALL;
    else if (strcmp(options->kind, "box") == 0)
        result->kind = HS_DOMAIN_BOX;
    else
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "--domain: '%s' is none of ball, space, box, nonneg-ball", options->kind);
    if (result->kind != HS_DOMAIN_BOX)
        return options->lower == NULL && options->upper == NULL
                   ? HS_OK
                   : hs_fail(error, HS_INVALID_ARGUMENT,
                             "--lower and --upper belong to --domain box");
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
    static const char *const names[] = {
        [HS_DOMAIN_BALL] = "ball",
        [HS_DOMAIN_SPACE] = "space",
        [HS_DOMAIN_BOX] = "box",
        [HS_DOMAIN_NONNEG_BALL] = "nonneg-ball",
    };
    json_t *object = json_pack("{s:s}", "kind", names[domain->kind]);
    if (domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL)
        json_object_set_new(object, "radius", cli_json_number(domain->radius));
    if (domain->kind == HS_DOMAIN_BOX) {
        json_object_set_new(object, "lower", cli_json_numbers(domain->lower, n));
        json_object_set_new(object, "upper", cli_json_numbers(domain->upper, n));
    }
    return object;
}
