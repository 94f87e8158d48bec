/* Messages between ranks over MPI. Nothing here waits inside MPI, which would keep a core busy. */
#include "cli/ranks.h"

#include "support/allocate.h"
#include "support/error.h"

#include <mpi.h>
#include <stdlib.h>
#include <time.h>

/* A message that may not have left yet. */
typedef struct parcel {
    MPI_Request request;
    void *bytes;
    struct parcel *next;
} parcel;

typedef struct post {
    hs_ranks ranks;
    parcel *leaving;
} post;

static hs_status fail(int code, hs_error *error) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return hs_fail(error, HS_INTERNAL, "MPI: %s", text);
}

/* Releases what has left. */
static hs_status clean(post *this, hs_error *error) {
    parcel **at = &this->leaving;
    while (*at != NULL) {
        parcel *first = *at;
        int left = 0, code = MPI_Test(&first->request, &left, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS)
            return fail(code, error);
        if (!left) {
            at = &first->next;
            continue;
        }
        *at = first->next;
        free(first->bytes);
        free(first);
    }
    return HS_OK;
}

static hs_status send(hs_ranks *ranks, unsigned to, int tag, const void *bytes, size_t size,
                      hs_error *error) {
    post *this = ranks->data;
    parcel *new = hs_allocate(1, sizeof *new);
    if (new != NULL)
        new->bytes = hs_copy(bytes, size, 1);
    if (new == NULL || new->bytes == NULL) {
        free(new);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a message of %zu bytes", size);
    }
    int code =
        MPI_Isend(new->bytes, (int)size, MPI_BYTE, (int)to, tag, MPI_COMM_WORLD, &new->request);
    if (code != MPI_SUCCESS) {
        free(new->bytes);
        free(new);
        return fail(code, error);
    }
    new->next = this->leaving;
    this->leaving = new;
    return clean(this, error);
}

static hs_status receive(hs_ranks *ranks, bool *arrived, unsigned *from, int *tag, void **bytes,
                         size_t *size, hs_error *error) {
    MPI_Status about;
    int there = 0, count = 0;
    *arrived = false;
    *bytes = NULL;
    hs_status status = clean(ranks->data, error);
    if (status != HS_OK)
        return status;
    int code = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &about);
    if (code == MPI_SUCCESS && there)
        code = MPI_Get_count(&about, MPI_BYTE, &count);
    if (code != MPI_SUCCESS)
        return fail(code, error);
    if (!there)
        return HS_OK;
    *bytes = hs_allocate((size_t)count, 1);
    if (*bytes == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a message of %d bytes", count);
    code = MPI_Recv(*bytes, count, MPI_BYTE, about.MPI_SOURCE, about.MPI_TAG, MPI_COMM_WORLD,
                    MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS)
        return fail(code, error);
    *arrived = true;
    *from = (unsigned)about.MPI_SOURCE;
    *tag = about.MPI_TAG;
    *size = (size_t)count;
    return HS_OK;
}

hs_status cli_mpi_begin(hs_ranks **ranks, hs_error *error) {
    int threads = 0, rank = 0, count = 1;
    *ranks = NULL;
    post *this = hs_allocate(1, sizeof *this);
    if (this == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for messages");
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &threads);
    if (code == MPI_SUCCESS)
        code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (code == MPI_SUCCESS)
        code = MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (code == MPI_SUCCESS)
        code = MPI_Comm_size(MPI_COMM_WORLD, &count);
    if (code != MPI_SUCCESS || threads < MPI_THREAD_FUNNELED) {
        free(this);
        return code != MPI_SUCCESS
                   ? fail(code, error)
                   : hs_fail(error, HS_UNSUPPORTED, "this MPI does not allow threads");
    }
    this->ranks = (hs_ranks){.rank = (unsigned)rank,
                             .count = (unsigned)count,
                             .data = this,
                             .send = send,
                             .receive = receive};
    *ranks = &this->ranks;
    return HS_OK;
}

void cli_mpi_end(hs_ranks *ranks) {
    const struct timespec pause = {.tv_nsec = 1000000};
    post *this = ranks->data;
    while (this->leaving != NULL && clean(this, NULL) == HS_OK)
        nanosleep(&pause, NULL);
    MPI_Finalize();
    free(this);
}
