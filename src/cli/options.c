#include "cli/cli.h"

#include "support/number.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { COMMON_OPTIONS = 6 };

int cli_usage_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("halfspan: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return CLI_USAGE;
}

static void print_options(const cli_option *options) {
    for (; options->name != NULL; options++) {
        char left[64];
        int used = options->letter ? snprintf(left, sizeof left, "-%c, ", options->letter)
                                   : snprintf(left, sizeof left, "    ");
        snprintf(left + used, sizeof left - (size_t)used, "--%s%s%s", options->name,
                 options->argument ? " " : "", options->argument ? options->argument : "");
        printf("  %-30s %s\n", left, options->help);
    }
}

static const cli_option *find(const cli_option *options, const char *name, size_t length) {
    for (; options->name != NULL; options++)
        if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

static const cli_option *find_letter(const cli_option *options, char letter) {
    for (; options->name != NULL; options++)
        if (options->letter == letter)
            return options;
    return NULL;
}

static int store_number(const cli_option *option, const char *value) {
    double number = 0.0;
    hs_number_outcome outcome = hs_number_parse(value, strlen(value), &number);
    if (outcome != HS_NUMBER_GOOD)
        return cli_usage_error("--%s: '%s' %s", option->name, value, hs_number_problem(outcome));
    if (option->kind == CLI_SECONDS && number < 0.0)
        return cli_usage_error("--%s: %s is negative", option->name, value);
    if (option->kind == CLI_TOLERANCE && !(number >= 1e-12 && number < 1.0))
        return cli_usage_error("--%s: %s is not between 1e-12 and 1", option->name, value);
    *(double *)option->target = number;
    return -1;
}

static int store(const cli_option *option, const char *value) {
    char *end = NULL;
    errno = 0;
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)option->target = true;
        return -1;
    case CLI_TEXT:
        *(const char **)option->target = value;
        return -1;
    case CLI_NUMBER:
    case CLI_SECONDS:
    case CLI_TOLERANCE:
        return store_number(option, value);
    case CLI_COUNT: {
        unsigned long long number = strtoull(value, &end, 10);
        if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0)
            return cli_usage_error("--%s: '%s' is not a whole number from 0", option->name, value);
        *(uint64_t *)option->target = number;
        return -1;
    }
    }
    return CLI_INTERNAL;
}

static bool is_option(const char *text) {
    return text[0] == '-' && text[1] != '\0';
}

/* Handles the option at argv[*at] and moves *at to its last word. */
static int take_option(int argc, char **argv, int *at, const cli_option *own,
                       const cli_option *common) {
    const char *word = argv[*at];
    const cli_option *option = NULL;
    const char *value = NULL;
    if (word[1] == '-') {
        const char *equals = strchr(word, '=');
        size_t length = equals ? (size_t)(equals - word - 2) : strlen(word) - 2;
        option = find(own, word + 2, length);
        if (option == NULL)
            option = find(common, word + 2, length);
        value = equals ? equals + 1 : NULL;
    } else {
        option = find_letter(own, word[1]);
        if (option == NULL)
            option = find_letter(common, word[1]);
        value = word[2] != '\0' ? word + 2 : NULL;
    }
    if (option == NULL)
        return cli_usage_error("unknown option '%s'", word);
    if (option->kind == CLI_FLAG && value != NULL)
        return cli_usage_error("option --%s takes no value", option->name);
    if (option->kind != CLI_FLAG && value == NULL) {
        if (*at + 1 >= argc)
            return cli_usage_error("option --%s needs a value: %s", option->name, option->argument);
        value = argv[++*at];
    }
    return store(option, value);
}

int cli_parse(int argc, char **argv, const cli_command *command, cli_common *common,
              const char **operands) {
    bool help = false;
    const cli_option shared[COMMON_OPTIONS + 1] = {
        {"json", 0, CLI_FLAG, NULL, "one JSON document on standard output", &common->json},
        {"threads", 0, CLI_COUNT, "N", "threads (default: all cores)", &common->threads},
        {"seed", 0, CLI_COUNT, "N", "seed of everything that uses chance", &common->seed},
        {"quiet", 0, CLI_FLAG, NULL, "no progress line, no remarks", &common->quiet},
        {"verbose", 0, CLI_FLAG, NULL, "say on standard error what was chosen", &common->verbose},
        {"help", 'h', CLI_FLAG, NULL, "this help", &help},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
    };
    size_t count = 0;
    bool only_operands = false;
    for (size_t i = 0; i < command->most; i++)
        operands[i] = NULL;
    for (int at = 1; at < argc; at++) {
        if (!only_operands && strcmp(argv[at], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && is_option(argv[at])) {
            int code = take_option(argc, argv, &at, command->options, shared);
            if (code >= 0)
                return code;
        } else if (count == command->most) {
            return cli_usage_error("one operand too many: '%s'", argv[at]);
        } else {
            operands[count++] = argv[at];
        }
    }
    if (help) {
        printf("Usage: halfspan %s\n\n%s\n\n", command->usage, command->summary);
        print_options(command->options);
        print_options(shared);
        return 0;
    }
    if (count < command->least)
        return cli_usage_error("an operand is missing; usage: halfspan %s", command->usage);
    if (common->threads > 4096)
        return cli_usage_error("--threads: at most 4096");
    return -1;
}
