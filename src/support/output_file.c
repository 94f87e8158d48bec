#define _XOPEN_SOURCE 700 /* realpath */

#include "support/output_file.h"

#include "support/allocate.h"
#include "support/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 1000 };

static hs_status fail(const char *path, int number, hs_error *error) {
    return hs_fail(error, HS_CANNOT_WRITE, "%s: cannot write: %s", path, strerror(number));
}

/* The length of "folder/" in "folder/name". */
static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

/* A new file in the folder of file->path. The umask applies, as for a file written in place. */
static int open_temporary(hs_output_file *file) {
    size_t folder = folder_length(file->path);
    size_t size = folder + 64;
    file->temporary = hs_allocate(size, 1);
    if (file->temporary == NULL) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(file->temporary, file->path, folder);
    int descriptor = -1;
    for (int attempt = 0; attempt < ATTEMPTS && descriptor < 0; attempt++) {
        snprintf(file->temporary + folder, size - folder, ".halfspan-%ld-%d.tmp", (long)getpid(),
                 attempt);
        descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno != EEXIST)
            break;
    }
    return descriptor;
}

static void forget(hs_output_file *file) {
    free(file->path);
    free(file->temporary);
    *file = (hs_output_file){0};
}

hs_status hs_output_file_open(const char *path, hs_output_file *file, hs_error *error) {
    struct stat there;
    *file = (hs_output_file){0};
    bool exists = stat(path, &there) == 0;
    if (exists && S_ISDIR(there.st_mode))
        return fail(path, EISDIR, error);
    file->path = exists && S_ISREG(there.st_mode) ? realpath(path, NULL)
                                                  : hs_copy(path, strlen(path) + 1, 1);
    if (file->path == NULL)
        return fail(path, errno, error);

    int descriptor = -1;
    if (exists && !S_ISREG(there.st_mode))
        descriptor = open(path, O_WRONLY | O_CLOEXEC);
    else if (exists && access(path, W_OK) != 0)
        descriptor = -1; /* a rename would replace a file that its owner has locked */
    else
        descriptor = open_temporary(file);
    int reason = errno;
    if (descriptor >= 0 && exists && S_ISREG(there.st_mode))
        (void)fchmod(descriptor, there.st_mode & 07777); /* a wish: not every file system can */
    file->stream = descriptor >= 0 ? fdopen(descriptor, "wb") : NULL;
    if (file->stream != NULL)
        return HS_OK;
    if (descriptor >= 0) {
        reason = errno;
        close(descriptor);
        if (file->temporary != NULL)
            unlink(file->temporary);
    }
    forget(file);
    return fail(path, reason, error);
}

/* So that the new name survives a power cut; a file system that cannot do this is not an error. */
static void flush_folder(const char *path) {
    char *folder = hs_copy(path, strlen(path) + 1, 1);
    if (folder == NULL)
        return;
    size_t length = folder_length(path);
    folder[length] = '\0';
    int descriptor = open(length > 0 ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        close(descriptor);
    }
    free(folder);
}

hs_status hs_output_file_commit(hs_output_file *file, hs_error *error) {
    bool regular = file->temporary != NULL;
    bool good = !ferror(file->stream) && fflush(file->stream) == 0 &&
                (!regular || fsync(fileno(file->stream)) == 0);
    int reason = errno;
    if (fclose(file->stream) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && regular && rename(file->temporary, file->path) != 0) {
        good = false;
        reason = errno;
    }
    if (good && regular)
        flush_folder(file->path);
    if (!good && regular)
        unlink(file->temporary);
    hs_status status = good ? HS_OK : fail(file->path, reason, error);
    forget(file);
    return status;
}

void hs_output_file_abandon(hs_output_file *file) {
    if (file->stream == NULL)
        return;
    fclose(file->stream);
    if (file->temporary != NULL)
        unlink(file->temporary);
    forget(file);
}
