/* Messages between the processes of one run on several machines. The library knows the interface
 * only; src/cli/ranks.c has it over MPI. */
#ifndef HS_PHASE_RANKS_H
#define HS_PHASE_RANKS_H

#include "halfspan/halfspan.h"

typedef struct hs_ranks {
    unsigned rank, count; /* 0 owns the ledger */
    void *data;
    /* Copies the bytes and returns at once; they arrive in order. */
    hs_status (*send)(struct hs_ranks *ranks, unsigned to, int tag, const void *bytes, size_t size,
                      hs_error *error);
    /* The next message, if one has arrived: *bytes is to be freed. Never waits. */
    hs_status (*receive)(struct hs_ranks *ranks, bool *arrived, unsigned *from, int *tag,
                         void **bytes, size_t *size, hs_error *error);
} hs_ranks;

#endif
