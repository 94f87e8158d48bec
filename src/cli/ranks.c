#define _GNU_SOURCE /* sched_getaffinity */

#include "cli/ranks.h"

#include "support/error.h"
#include "support/parallel.h"

#include <sched.h>
#include <stdlib.h>

/* The first of these variables that holds a number. */
static unsigned find_number(const char *const *names, unsigned otherwise) {
    for (; *names != NULL; names++) {
        const char *text = getenv(*names);
        char *end = NULL;
        unsigned long value = text != NULL ? strtoul(text, &end, 10) : 0;
        if (text != NULL && end != text && *end == '\0' && value <= 1000000)
            return (unsigned)value;
    }
    return otherwise;
}

cli_launch cli_launch_find(void) {
    static const char *const rank_names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", NULL};
    static const char *const count_names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                                              "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", NULL};
    static const char *const local_names[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS",
                                              "SLURM_NTASKS_PER_NODE", NULL};
    const unsigned nobody = 1000001;
    unsigned rank = find_number(rank_names, nobody), count = find_number(count_names, 1);
    if (rank == nobody || count < 2 || rank >= count)
        return (cli_launch){0, 1, 1};
    return (cli_launch){rank, count, find_number(local_names, 1)};
}

unsigned cli_launch_threads(const cli_launch *launch) {
    cpu_set_t mine;
    unsigned all = hs_processor_count(), allowed = all;
    unsigned share = launch->local > 0 && all / launch->local > 0 ? all / launch->local : 1;
    if (launch->count == 1 && getenv("OMPI_COMM_WORLD_SIZE") == NULL)
        return all;
    if (sched_getaffinity(0, sizeof mine, &mine) == 0 && CPU_COUNT(&mine) > 0)
        allowed = (unsigned)CPU_COUNT(&mine); /* mpirun binds ranks to cores */
    return allowed < share ? allowed : share;
}

hs_status cli_ranks_begin(const cli_launch *launch, hs_ranks **ranks, hs_error *error) {
    *ranks = NULL;
    if (launch->count == 1)
        return HS_OK;
#ifdef HS_HAVE_MPI
    return cli_mpi_begin(ranks, error);
#else
    return hs_fail(error, HS_UNSUPPORTED,
                   "started as one of %u ranks, but this build has no MPI (meson option mpi)",
                   launch->count);
#endif
}

void cli_ranks_end(hs_ranks *ranks) {
#ifdef HS_HAVE_MPI
    if (ranks != NULL)
        cli_mpi_end(ranks);
#else
    (void)ranks;
#endif
}
