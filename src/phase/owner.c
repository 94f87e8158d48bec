#define _XOPEN_SOURCE 700 /* gethostname */

#include "phase/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLACE = 320 };

/* The first line of a small file, without the end of line; empty when there is none. */
static void first_line(const char *path, char *text, int size) {
    FILE *file = fopen(path, "r");
    text[0] = '\0';
    if (file == NULL)
        return;
    if (fgets(text, size, file) == NULL)
        text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    fclose(file);
}

/* Processes can see each other when they share a kernel and a process namespace. */
static void find_place(char place[PLACE]) {
    char host[100] = "", boot[64], space[64] = "";
    (void)gethostname(host, sizeof host - 1);
    first_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    (void)readlink("/proc/self/ns/pid", space, sizeof space - 1);
    snprintf(place, PLACE, "%s:%s:%s", host, boot, space);
}

/* Field 22 of /proc/PID/stat, in clock ticks since the boot; false when there is no such process
 * or it has ended and only waits to be collected. The name in field 2 may hold anything but is
 * followed by the last ")". */
static bool start_of(long pid, unsigned long long *start) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    first_line(path, text, sizeof text);
    const char *after = strrchr(text, ')');
    char state = 'X';
    return after != NULL &&
           sscanf(after + 1,
                  " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                  "%llu",
                  &state, start) == 2 &&
           state != 'Z' && state != 'X';
}

void hs_owner_name(char name[HS_OWNER_NAME]) {
    char place[PLACE];
    unsigned long long start = 0;
    find_place(place);
    (void)start_of((long)getpid(), &start);
    snprintf(name, HS_OWNER_NAME, "%s/%ld/%llu", place, (long)getpid(), start);
}

bool hs_owner_is_gone(const char *name) {
    char place[PLACE];
    unsigned long long started = 0, start = 0, self = 0;
    long pid = 0;
    find_place(place);
    size_t length = strlen(place);
    if (strncmp(name, place, length) != 0 ||
        sscanf(name + length, "/%ld/%llu", &pid, &started) != 2)
        return false;
    if (!start_of((long)getpid(), &self)) /* no /proc: nothing can be said */
        return false;
    return !start_of(pid, &start) || start != started;
}
