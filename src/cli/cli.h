/* What the commands share: options, errors, JSON, progress, interruption. No mathematics. */
#ifndef HS_CLI_CLI_H
#define HS_CLI_CLI_H

#include "halfspan/halfspan.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

/* Exit codes beyond those of `check` (0, 1, 2); see README.md. */
enum {
    CLI_USAGE = 64,
    CLI_BAD_DATA = 65,
    CLI_CANNOT_OPEN = 66,
    CLI_INTERNAL = 70,
    CLI_CANNOT_WRITE = 73
};

typedef enum cli_kind {
    CLI_FLAG,      /* target: bool, set to true */
    CLI_TEXT,      /* target: const char *, borrowed from argv */
    CLI_NUMBER,    /* target: double, finite */
    CLI_SECONDS,   /* target: double, not negative */
    CLI_TOLERANCE, /* target: double, from 1e-12 to below 1 */
    CLI_COUNT      /* target: uint64_t */
} cli_kind;

typedef struct cli_option {
    const char *name; /* without the dashes */
    char letter;      /* one-letter form, or 0 */
    cli_kind kind;
    const char *argument; /* how --help shows the argument; NULL for a flag */
    const char *help;
    void *target;
} cli_option;

/* The options every command has. */
typedef struct cli_common {
    bool json;
    bool quiet;
    bool verbose;
    uint64_t threads; /* 0: all cores */
    uint64_t seed;
} cli_common;

typedef struct cli_command {
    const char *usage;         /* for example "check LAYER [options]" */
    const char *summary;       /* one or more lines */
    const cli_option *options; /* ends with a NULL name; the common options come on top */
    size_t least, most;        /* how many operands */
} cli_command;

/* Parses argv[1...]; operands[] receives up to command->most operands, the rest NULL. Returns -1 to
 * go on, or the exit code of a command that is done (--help, usage error). */
int cli_parse(int argc, char **argv, const cli_command *command, cli_common *common,
              const char **operands);

/* One line on standard error; returns CLI_USAGE. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
int cli_usage_error(const char *format, ...);

/* One line on standard error; returns the exit code that belongs to the error's status. */
int cli_fail(const hs_error *error);

/* Has everything reached standard output? Returns 0, or says so and returns the exit code. */
int cli_finish_output(void);

/* Prints one JSON document on standard output and releases it. Returns 0, or an exit code. */
int cli_print_json(json_t *document);

/* A JSON number; null when the value is not finite. */
json_t *cli_json_number(double value);
json_t *cli_json_numbers(const double *values, size_t count);

/* The `theory` member of a document: alpha = m/n, thresholds, prediction. */
json_t *cli_json_theory(size_t m, size_t n);

/* Ctrl-C and SIGTERM raise a flag instead of ending the program; a second one ends it. */
void cli_catch_interrupts(void);
bool cli_interrupted(void *unused);

/* A progress line on standard error, only on a terminal, only after about a second, at most five
 * times a second. text: the line without newline. cli_progress_end clears it. */
typedef struct cli_progress {
    bool enabled;
    double start, last;
    bool shown;
} cli_progress;
void cli_progress_begin(cli_progress *progress, const cli_common *common);
void cli_progress_show(cli_progress *progress, const char *text);
void cli_progress_end(cli_progress *progress);

/* For hs_settings.progress, with a cli_progress as data. */
void cli_progress_engine(const hs_progress *now, void *data);

/* "exact", "floating-point". */
const char *cli_arithmetic_name(hs_arithmetic arithmetic);

/* One line for people: the first dozen numbers. */
void cli_print_vector(const char *name, const double *values, size_t n);

/* n numbers, separated by commas or in a file; free them with hs_array_clear. */
hs_status cli_vector_read(const char *text, const char *option, size_t n, hs_array *values,
                          hs_error *error);

/* A or A:B:STEP on the command line: first, first + step, ... */
typedef struct cli_range {
    double first, step;
    size_t count;
} cli_range;
/* At most `most` values. Returns -1 to go on, or the exit code of a usage error. */
int cli_range_parse(const char *text, const char *option, size_t most, cli_range *range);

/* --domain, --radius, --lower, --upper, shared by the commands that take a domain. */
typedef struct cli_domain {
    const char *kind, *lower, *upper;
    double radius;                       /* NaN: not given */
    hs_array lower_values, upper_values; /* what the borrowed pointers of an hs_domain point to */
} cli_domain;
#define CLI_DOMAIN_DEFAULT                                                                         \
    { .kind = "ball", .radius = NAN }
#define CLI_DOMAIN_OPTIONS(domain)                                                                   \
    {"domain", 0, CLI_TEXT, "KIND", "ball (default), space, box, nonneg-ball", &(domain).kind},      \
        {"radius", 0, CLI_NUMBER, "R", "radius of the ball (default 1)", &(domain).radius},          \
        {"lower", 0, CLI_TEXT, "L", "lower bounds of the box: a number or a file", &(domain).lower}, \
    {                                                                                                \
        "upper", 0, CLI_TEXT, "U", "upper bounds of the box: a number or a file", &(domain).upper    \
    }
/* Do the options fit together? Returns -1 to go on, or the exit code of a usage error. */
int cli_domain_check(const cli_domain *options);
/* Fills result for an n-dimensional layer; cli_domain_clear releases what it read. */
hs_status cli_domain_make(cli_domain *options, size_t n, hs_domain *result, hs_error *error);
void cli_domain_clear(cli_domain *options);
/* A few words, without a newline: "the ball of radius 1". */
void cli_print_domain(const hs_domain *domain, size_t n);
json_t *cli_json_domain(const hs_domain *domain, size_t n);

/* --transpose, --bias, --no-bias, shared by the commands that read a layer. */
#define CLI_LAYER_OPTIONS(read)                                                                    \
    {"transpose", 0, CLI_FLAG, NULL, "the stored weight is n x m", &(read).transpose},             \
        {"bias", 0, CLI_TEXT, "FILE[:NAME]", "read the bias from here", &(read).bias}, {           \
        "no-bias", 0, CLI_FLAG, NULL, "drop the bias", &(read).no_bias                             \
    }

/* --time-limit and --node-limit, shared by the commands that run an engine. */
typedef struct cli_limits {
    double seconds; /* 0: none */
    uint64_t nodes; /* 0: none */
} cli_limits;
/* then: what the answer is when a limit is met. */
#define CLI_LIMIT_OPTIONS(limits, then)                                                            \
    {"time-limit",     0, CLI_SECONDS, "S", "stop after S seconds (0: never): " then,              \
     &(limits).seconds},                                                                           \
    {                                                                                              \
        "node-limit", 0, CLI_COUNT, "N", "stop after N nodes (0: never): " then, &(limits).nodes   \
    }

/* The settings of a run that Ctrl-C ends and that shows its progress, which begins here. */
hs_settings cli_settings(const cli_common *common, const cli_limits *limits,
                         cli_progress *progress);

/* What a command asks about one layer, and how its answer is printed. data: the command's own. */
typedef struct cli_question {
    hs_status (*ask)(const hs_layer *layer, const hs_settings *settings, void *data,
                     hs_error *error);
    json_t *(*json)(const hs_layer *layer, const void *data);
    void (*print)(const char *name, const hs_layer *layer, const void *data);
} cli_question;

typedef struct cli_asked {
    cli_common common;
    hs_read_options read;
    cli_limits limits;
} cli_asked;

/* Reads the layer, asks, prints. Returns 0 when the answer has been printed, or an exit code. */
int cli_ask(const char *source, const cli_asked *asked, const cli_question *question, void *data);

/* The fewest active rows found and what theory predicts, both divided by n; NaN: not known. */
typedef struct cli_energy {
    double reached;
    double predicted, error; /* e*(alpha) of Gaussian rows without bias, n large */
    size_t level;            /* not 0: predicted is this level of the lifting, a lower bound */
} cli_energy;
cli_energy cli_energy_find(const hs_layer *layer, const hs_result *result);
json_t *cli_energy_json(const cli_energy *energy, uint64_t target);
void cli_energy_print(const cli_energy *energy);

/* The commands: argv[0] is the command's name; each returns the exit code. */
int cli_bias(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_depth(int argc, char **argv);
int cli_generate(int argc, char **argv);
int cli_info(int argc, char **argv);
int cli_phase(int argc, char **argv);
int cli_radius(int argc, char **argv);
int cli_theory(int argc, char **argv);
int cli_verify(int argc, char **argv);

#endif
