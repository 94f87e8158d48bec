#include "engine/search_threshold.h"

#include <math.h>

void hs_search_threshold_reset(hs_search_threshold *threshold, size_t lane) {
    threshold->value[lane] = 0.0f;
    threshold->width[lane] = 1.0f;
}

static void propose(hs_search_threshold *threshold, size_t lane, float low, float middle,
                    float high) {
    threshold->candidates[lane] = low;
    threshold->candidates[HS_LANES + lane] = middle;
    threshold->candidates[2 * HS_LANES + lane] = high;
}

void hs_search_threshold_begin(hs_search_threshold *threshold, int32_t rows) {
    for (size_t l = 0; l < HS_LANES; l++) {
        float value = threshold->value[l], width = threshold->width[l];
        threshold->low[l] = -INFINITY;
        threshold->high[l] = INFINITY;
        threshold->low_count[l] = rows;
        threshold->high_count[l] = 0;
        propose(threshold, l, value - width, value, value + width);
    }
}

static void narrow(hs_search_threshold *threshold, const int32_t *counts, int32_t keep,
                   size_t lane) {
    for (size_t k = 0; k < 3; k++) {
        float candidate = threshold->candidates[k * HS_LANES + lane];
        int32_t count = counts[k * HS_LANES + lane];
        if (count > keep && candidate > threshold->low[lane]) {
            threshold->low[lane] = candidate;
            threshold->low_count[lane] = count;
        } else if (count <= keep && candidate < threshold->high[lane]) {
            threshold->high[lane] = candidate;
            threshold->high_count[lane] = count;
        }
    }
}

static void settle(hs_search_threshold *threshold, size_t lane) {
    float high = threshold->high[lane], moved = fabsf(high - threshold->value[lane]);
    threshold->width[lane] =
        fmaxf(0.5f * moved + 0.3f * fminf(threshold->width[lane], 1.0f), 1e-4f);
    threshold->value[lane] = high;
}

/* Three candidates around where the count should be right if the values were evenly spread. */
static void interpolate(hs_search_threshold *threshold, int32_t keep, unsigned round, size_t lane) {
    float low = threshold->low[lane], high = threshold->high[lane], length = high - low;
    int32_t above = threshold->low_count[lane], below = threshold->high_count[lane];
    float share = (float)(above - keep) / (float)(above - below), spread = 0.1f;
    if (round > 5) { /* an uneven spread: bisect */
        share = 0.5f;
        spread = 0.25f;
    }
    propose(threshold, lane, low + fmaxf(share - spread, 0.5f * share) * length,
            low + share * length,
            low + fminf(share + spread, share + 0.5f * (1.0f - share)) * length);
}

bool hs_search_threshold_learn(hs_search_threshold *threshold, const int32_t *counts, int32_t keep,
                               unsigned round) {
    enum { ROUNDS = 60 };
    bool done = true;
    for (size_t l = 0; l < HS_LANES; l++) {
        narrow(threshold, counts, keep, l);
        float low = threshold->low[l], high = threshold->high[l];
        float width = threshold->width[l] * ldexpf(1.0f, 3 * (int)round);
        bool equal_values =
            isfinite(low) && isfinite(high) && high - low <= 2e-7f * (fabsf(low) + fabsf(high));
        bool settled = equal_values || (isfinite(high) && threshold->high_count[l] == keep);
        if (settled || round >= ROUNDS) {
            propose(threshold, l, high, high, high);
            continue;
        }
        done = false;
        if (!isfinite(low))
            propose(threshold, l, high - 16.0f * width, high - 4.0f * width, high - width);
        else if (!isfinite(high))
            propose(threshold, l, low + width, low + 4.0f * width, low + 16.0f * width);
        else
            interpolate(threshold, keep, round, l);
    }
    for (size_t l = 0; done && l < HS_LANES; l++)
        settle(threshold, l);
    return done;
}
