/* Writes src/theory/line_values.h on standard output:
 *     build/tools/theory-lines > src/theory/line_values.h
 * A test compares the values in use with a new computation. */
#include "halfspan/halfspan.h"

#include <ctype.h>
#include <stdio.h>

static void print_macro(const hs_theory_line *line) {
    printf("#define HS_");
    for (const char *c = line->name; *c != '\0'; c++)
        putchar(*c == '-' ? '_' : toupper((unsigned char)*c));
    printf(" %.11g\n", line->alpha);
}

int main(void) {
    enum { LINES_MAX = 32 };
    static const char *const computed[] = {"almeida-thouless", "full-rsb", "level-3",     "level-2",
                                           "level-1",          "euler",    "first-moment"};
    const hs_theory_line *known;
    hs_theory_line lines[LINES_MAX];
    size_t count;
    hs_error error;
    hs_theory_lines(&known, &count);
    if (count > LINES_MAX || hs_theory_lines_compute(NULL, lines, &error) != HS_OK) {
        fprintf(stderr, "theory-lines: %s\n", count > LINES_MAX ? "too many" : error.message);
        return 1;
    }
    printf("/* Written by tools/theory-lines.c; do not edit. */\n"
           "#ifndef HS_THEORY_LINE_VALUES_H\n#define HS_THEORY_LINE_VALUES_H\n\n");
    for (size_t i = 0; i < sizeof computed / sizeof *computed; i++)
        print_macro(&lines[hs_theory_line_find(computed[i]) - known]);
    printf("\n#endif\n");
    return 0;
}
