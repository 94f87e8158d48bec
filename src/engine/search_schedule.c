#include "engine/search_schedule.h"

#include <math.h>

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
uint64_t hs_search_random_next(hs_search_random *random) {
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double hs_search_random_uniform(hs_search_random *random) {
    return ((double)(hs_search_random_next(random) >> 11) + 0.5) * 0x1p-53;
}

double hs_search_random_normal(hs_search_random *random) {
    double radius = sqrt(-2.0 * log(hs_search_random_uniform(random)));
    return radius * cos(6.283185307179586 * hs_search_random_uniform(random));
}

void hs_search_schedule_next(hs_search_schedule *schedule, size_t lane, size_t d,
                             hs_search_random *random) {
    enum { LENGTHS = 9 }; /* then they start over */
    const double growth = 1.6, patience = 6.0;
    double shortest = 40.0 + 20.0 * log2((double)d + 1.0); /* 100 at d = 8, 240 at d = 1000 */
    unsigned turn = schedule->runs[lane]++ % LENGTHS;
    double ramp = shortest * pow(growth, turn) * (1.0 + (double)(lane % 4) / 2.0);
    schedule->age[lane] = 0;
    schedule->ramp[lane] = (unsigned)ramp;
    schedule->life[lane] = (unsigned)(ramp * patience);
    schedule->reach[lane] = (float)(80.0 * pow(10.0, hs_search_random_uniform(random)));
    schedule->beta[lane] = (float)(0.4 + 0.2 * hs_search_random_uniform(random));
}

float hs_search_schedule_size(const hs_search_schedule *schedule, size_t lane) {
    const float start = 2.0f;
    if (schedule->age[lane] > schedule->ramp[lane])
        return 0.0f;
    float share = (float)schedule->age[lane] / (float)schedule->ramp[lane];
    return start * powf(schedule->reach[lane] / start, share);
}
