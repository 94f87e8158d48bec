#include "support/parallel.h"

#include "support/allocate.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { GATE_CLOSED, GATE_OPEN, GATE_CANCELLED };

typedef struct call {
    void (*work)(unsigned index, void *data);
    void *data;
    unsigned index;
    atomic_int *gate;
    pthread_t thread;
} call;

unsigned hs_processor_count(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

static void *run_call(void *data) {
    const call *this = data;
    int gate;
    while ((gate = atomic_load(this->gate)) == GATE_CLOSED)
        sched_yield();
    if (gate == GATE_OPEN)
        this->work(this->index, this->data);
    return NULL;
}

bool hs_parallel_together(unsigned count, void (*work)(unsigned index, void *data), void *data) {
    atomic_int gate;
    atomic_init(&gate, GATE_CLOSED);
    call *calls = hs_allocate(count, sizeof *calls);
    unsigned started = 1;
    bool all = calls != NULL;
    for (; all && started < count; started++) {
        calls[started] = (call){.work = work, .data = data, .index = started, .gate = &gate};
        all = pthread_create(&calls[started].thread, NULL, run_call, &calls[started]) == 0;
        if (!all)
            break;
    }
    atomic_store(&gate, all ? GATE_OPEN : GATE_CANCELLED);
    if (all)
        work(0, data);
    for (unsigned k = 1; calls != NULL && k < started; k++)
        pthread_join(calls[k].thread, NULL);
    free(calls);
    return all;
}

void hs_parallel(unsigned count, void (*work)(unsigned index, void *data), void *data) {
    if (!hs_parallel_together(count, work, data))
        for (unsigned k = 0; k < count; k++)
            work(k, data);
}

void hs_barrier_init(hs_barrier *barrier, unsigned count) {
    barrier->count = count;
    atomic_init(&barrier->arrived, 0);
    atomic_init(&barrier->round, 0);
}

void hs_barrier_wait(hs_barrier *barrier) {
    enum { SPINS = 4000 };
    if (barrier->count < 2)
        return;
    unsigned round = atomic_load(&barrier->round);
    if (atomic_fetch_add(&barrier->arrived, 1) + 1 == barrier->count) {
        atomic_store(&barrier->arrived, 0);
        atomic_fetch_add(&barrier->round, 1);
        return;
    }
    for (unsigned spins = 0; atomic_load(&barrier->round) == round; spins++)
        if (spins > SPINS)
            sched_yield();
}
