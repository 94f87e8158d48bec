/* A little team work on POSIX threads: run a function on several threads, and a barrier. */
#ifndef HS_SUPPORT_PARALLEL_H
#define HS_SUPPORT_PARALLEL_H

#include "halfspan/halfspan.h"

#include <stdatomic.h>

/* The number of processors that are online, at least 1. */
unsigned hs_processor_count(void);

/* Calls work(0, data) .. work(count - 1, data), each on its own thread, 0 on the caller's; returns
 * when all have returned. Without threads they run one after the other: work must not wait for its
 * siblings. */
void hs_parallel(unsigned count, void (*work)(unsigned index, void *data), void *data);

/* Starts all calls or none: for teams that meet at barriers. False when threads could not be had.
 */
bool hs_parallel_together(unsigned count, void (*work)(unsigned index, void *data), void *data);

/* A barrier for `count` threads that meet thousands of times a second: spins briefly, then yields.
 */
typedef struct hs_barrier {
    unsigned count;
    atomic_uint arrived;
    atomic_uint round;
} hs_barrier;
void hs_barrier_init(hs_barrier *barrier, unsigned count);
void hs_barrier_wait(hs_barrier *barrier);

#endif
