#include "cli/cli.h"

#include <cblas.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

typedef struct command_entry {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} command_entry;

static const command_entry commands[] = {
    {"bias", cli_bias, "how much bias does the layer tolerate?"},
    {"check", cli_check, "is this layer injective on this domain?"},
    {"depth", cli_depth, "exact halfspace (Tukey) depth of a point"},
    {"generate", cli_generate, "write a random layer"},
    {"info", cli_info, "shape, norms, rank, degeneracies, alpha against theory"},
    {"phase", cli_phase, "random ensembles: injectivity rate, critical width, thresholds"},
    {"radius", cli_radius, "the largest ball on which the layer is injective"},
    {"theory", cli_theory, "fl RDT levels, full-RSB limit, energy curves, bounds"},
    {"verify", cli_verify, "check a certificate in exact arithmetic"},
    {NULL, NULL, NULL},
};

static void print_help(FILE *out) {
    fprintf(out,
            "Usage: halfspan COMMAND [options]\n\n"
            "Can the input of a ReLU layer x -> ReLU(Wx + b) be recovered from its output?\n\n");
    for (const command_entry *entry = commands; entry->name != NULL; entry++)
        fprintf(out, "  %-10s %s\n", entry->name, entry->summary);
    fprintf(out, "\n`halfspan COMMAND --help` shows the options of a command.\n");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("halfspan %s\n", hs_version());
        return 0;
    }
#ifdef __GLIBC__
    /* what is larger goes back to the system when it is freed */
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
    openblas_set_num_threads(1); /* the engines share out the cores themselves */
    for (const command_entry *entry = commands; entry->name != NULL; entry++)
        if (strcmp(argv[1], entry->name) == 0)
            return entry->run(argc - 1, argv + 1);
    return cli_usage_error("unknown command '%s'; `halfspan --help` lists them", argv[1]);
}
