#include "cli/cli.h"

void cli_progress_engine(const hs_progress *now, void *data) {
    char line[160];
    int used = snprintf(line, sizeof line, "%s: %.1f s, %llu nodes", now->phase, now->seconds,
                        (unsigned long long)now->nodes);
    if (now->fraction >= 0.0)
        used += snprintf(line + used, sizeof line - (size_t)used, ", %.1f%% done",
                         100.0 * now->fraction);
    if (now->active_upper > 0)
        snprintf(line + used, sizeof line - (size_t)used, ", active rows between %zu and %zu",
                 now->active_lower, now->active_upper);
    cli_progress_show(data, line);
}
