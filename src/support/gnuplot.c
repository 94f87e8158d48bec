#include "support/gnuplot.h"

#include "support/error.h"
#include "support/output_file.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

hs_status hs_gnuplot_check_path(const char *path, hs_error *error) {
    if (ends_with(path, ".svg") || ends_with(path, ".png") || ends_with(path, ".pdf"))
        return HS_OK;
    return hs_fail(error, HS_INVALID_ARGUMENT, "%s: a figure is .svg, .png or .pdf", path);
}

static void print_terminal(const char *path, unsigned width, unsigned height, FILE *out) {
    if (ends_with(path, ".svg"))
        fprintf(out, "set terminal svg size %u,%u font 'Helvetica,14' background 'white'\n", width,
                height);
    else if (ends_with(path, ".png"))
        fprintf(out, "set terminal pngcairo size %u,%u font 'Helvetica,21' linewidth 1.7\n",
                2 * width, 2 * height);
    else
        fprintf(out, "set terminal pdfcairo size %.3fin,%.3fin font 'Helvetica,14'\n", width / 72.0,
                height / 72.0);
}

/* In a single-quoted string of gnuplot, a quote is written twice. */
static void print_quoted(const char *text, FILE *out) {
    fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputc('\'', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

/* gnuplot with the script as its standard input. */
static hs_status run(FILE *script, hs_error *error) {
    char *const arguments[] = {"gnuplot", "-", NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return hs_fail(error, HS_NO_MEMORY, "no memory to start gnuplot");
    pid_t child;
    int code = posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
    if (code == 0)
        code = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0)
        return hs_fail(error, HS_UNSUPPORTED, "gnuplot, which draws figures, cannot be started: %s",
                       strerror(code));
    int state;
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return hs_fail(error, HS_UNSUPPORTED, "gnuplot: %s", strerror(errno));
    if (!WIFEXITED(state) || WEXITSTATUS(state) != 0)
        return hs_fail(error, HS_UNSUPPORTED, "gnuplot could not draw the figure");
    return HS_OK;
}

/* head: the lines that choose terminal and output. */
static hs_status write_and_run(const char *head, const char *script, hs_error *error) {
    FILE *input = tmpfile();
    if (input == NULL)
        return hs_fail(error, HS_CANNOT_WRITE, "a temporary file for gnuplot: %s", strerror(errno));
    fprintf(input, "%s%s\nset output\n", head, script);
    bool written = fflush(input) == 0 && !ferror(input) && lseek(fileno(input), 0, SEEK_SET) == 0;
    hs_status status = written ? run(input, error)
                               : hs_fail(error, HS_CANNOT_WRITE, "a temporary file for gnuplot: %s",
                                         strerror(errno));
    fclose(input);
    return status;
}

static hs_status draw(const char *path, const char *target, unsigned width, unsigned height,
                      const char *script, hs_error *error) {
    char *head = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&head, &size);
    if (out == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a figure");
    print_terminal(path, width, height, out);
    fputs("set output ", out);
    print_quoted(target, out);
    fputc('\n', out);
    hs_status status = fclose(out) == 0 ? write_and_run(head, script, error)
                                        : hs_fail(error, HS_NO_MEMORY, "no memory for a figure");
    free(head);
    return status;
}

hs_status hs_gnuplot_print(unsigned columns, unsigned lines, const char *script, hs_error *error) {
    char head[80];
    snprintf(head, sizeof head, "set terminal dumb size %u,%u\n", columns, lines);
    fflush(stdout); /* gnuplot writes to the same place */
    return write_and_run(head, script, error);
}

hs_status hs_gnuplot_draw(const char *path, unsigned width, unsigned height, const char *script,
                          hs_error *error) {
    hs_status status = hs_gnuplot_check_path(path, error);
    hs_output_file file;
    if (status == HS_OK)
        status = hs_output_file_open(path, &file, error);
    if (status != HS_OK)
        return status;
    const char *target = file.temporary != NULL ? file.temporary : file.path;
    status = draw(path, target, width, height, script, error);
    if (status == HS_OK)
        return hs_output_file_commit(&file, error);
    hs_output_file_abandon(&file);
    return status;
}
