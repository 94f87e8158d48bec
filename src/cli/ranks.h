/* Several processes under mpirun or srun. A process that was started alone never touches MPI. */
#ifndef HS_CLI_RANKS_H
#define HS_CLI_RANKS_H

#include "phase/ranks.h"

/* What the launcher says in the environment: one process alone has rank 0 of 1. */
typedef struct cli_launch {
    unsigned rank, count;
    unsigned local; /* ranks on this machine */
} cli_launch;
cli_launch cli_launch_find(void);

/* Threads for each rank: the processors it may use, shared fairly with the others here. */
unsigned cli_launch_threads(const cli_launch *launch);

/* Joins the other ranks: *ranks is NULL for one process alone. HS_UNSUPPORTED when there are
 * several and this build has no MPI. */
hs_status cli_ranks_begin(const cli_launch *launch, hs_ranks **ranks, hs_error *error);

/* All ranks together; accepts NULL. */
void cli_ranks_end(hs_ranks *ranks);

/* MPI itself, in a file of its own (ranks_mpi.c). */
hs_status cli_mpi_begin(hs_ranks **ranks, hs_error *error);
void cli_mpi_end(hs_ranks *ranks);

#endif
