#include "layer/source.h"

#include "support/allocate.h"
#include "support/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_STANDARD_INPUT = 1 << 30 }; /* an endless pipe must not take all memory */

static bool exists(const char *path) {
    struct stat there;
    return stat(path, &there) == 0 ||
           (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG);
}

static hs_status no_memory(hs_error *error) {
    return hs_fail(error, HS_NO_MEMORY, "no memory for the name of a file");
}

/* The longest FILE that exists decides where NAME begins; if none does, the last colon, so that the
 * message about the missing file names the file. */
hs_status hs_location_split(const char *text, hs_location *location, hs_error *error) {
    *location = (hs_location){0};
    char *file = hs_copy(text, strlen(text) + 1, 1);
    if (file == NULL)
        return no_memory(error);
    location->file = file;
    if (strcmp(text, "-") == 0 || exists(file))
        return HS_OK;
    size_t cut = 0;
    for (size_t at = strlen(text); at-- > 1;) {
        if (text[at] != ':')
            continue;
        file[at] = '\0';
        if (cut == 0)
            cut = at;
        if (exists(file)) {
            cut = at;
            break;
        }
    }
    if (cut == 0)
        return HS_OK;
    memcpy(file, text, cut);
    file[cut] = '\0';
    location->name = hs_copy(text + cut + 1, strlen(text + cut + 1) + 1, 1);
    if (location->name != NULL)
        return HS_OK;
    hs_location_clear(location);
    return no_memory(error);
}

void hs_location_clear(hs_location *location) {
    free(location->file);
    free(location->name);
    *location = (hs_location){0};
}

static hs_status cannot_open(const char *file, const char *why, hs_error *error) {
    return hs_fail(error, HS_CANNOT_OPEN, "%s: cannot open: %s", file, why);
}

static hs_status map(const char *file, int descriptor, size_t size, hs_input *input,
                     hs_error *error) {
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED)
        return hs_fail(error, HS_CANNOT_OPEN, "%s: cannot read: %s", file, strerror(errno));
    input->mapped = bytes;
    input->source = (hs_source){.name = file, .bytes = bytes, .size = size};
    return HS_OK;
}

static hs_status open_regular(const char *file, hs_input *input, hs_error *error) {
    /* O_NONBLOCK: opening a pipe must not wait for a writer, it is refused below */
    int descriptor = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return cannot_open(file, strerror(errno), error);
    struct stat there;
    hs_status status = HS_OK;
    if (fstat(descriptor, &there) != 0)
        status = cannot_open(file, strerror(errno), error);
    else if (S_ISDIR(there.st_mode))
        status = cannot_open(file, "it is a directory, expected a file", error);
    else if (!S_ISREG(there.st_mode))
        status = cannot_open(file, "not a regular file (use - for standard input)", error);
    else if (there.st_size <= 0)
        status = hs_fail(error, HS_BAD_DATA, "%s: the file is empty", file);
    else if ((uintmax_t)there.st_size > SIZE_MAX / 2)
        status = cannot_open(file, "too large for this machine", error);
    else
        status = map(file, descriptor, (size_t)there.st_size, input, error);
    close(descriptor);
    return status;
}

static hs_status read_standard_input(hs_input *input, hs_error *error) {
    static const char name[] = "standard input";
    size_t size = 0, capacity = (size_t)1 << 16;
    unsigned char *bytes = malloc(capacity);
    hs_status status = bytes != NULL ? HS_OK : HS_NO_MEMORY;
    while (status == HS_OK) {
        size_t got = fread(bytes + size, 1, capacity - size, stdin);
        size += got;
        if (got == 0)
            break;
        if (size > LONGEST_STANDARD_INPUT)
            status = hs_fail(error, HS_BAD_DATA, "%s: longer than %d bytes", name,
                             LONGEST_STANDARD_INPUT);
        if (size < capacity || status != HS_OK)
            continue;
        unsigned char *larger = realloc(bytes, 2 * capacity);
        status = larger != NULL ? HS_OK : HS_NO_MEMORY;
        bytes = larger != NULL ? larger : bytes;
        capacity *= 2;
    }
    if (status == HS_NO_MEMORY)
        hs_fail(error, HS_NO_MEMORY, "%s: no memory for %zu bytes", name, capacity);
    else if (status == HS_OK && ferror(stdin))
        status = hs_fail(error, HS_CANNOT_OPEN, "%s: cannot read: %s", name, strerror(errno));
    else if (status == HS_OK && size == 0)
        status = hs_fail(error, HS_BAD_DATA, "%s: it is empty", name);
    if (status != HS_OK) {
        free(bytes);
        return status;
    }
    input->heap = bytes;
    input->source = (hs_source){.name = name, .bytes = bytes, .size = size};
    return HS_OK;
}

hs_status hs_input_open(const char *file, hs_input *input, hs_error *error) {
    *input = (hs_input){0};
    return strcmp(file, "-") == 0 ? read_standard_input(input, error)
                                  : open_regular(file, input, error);
}

void hs_input_close(hs_input *input) {
    if (input->mapped != NULL)
        munmap(input->mapped, input->source.size);
    free(input->heap);
    *input = (hs_input){0};
}
