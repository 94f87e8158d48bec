#include "cli/phase.h"

#include "support/error.h"

hs_status phase_plot(const phase_report *report, const char *path, hs_error *error) {
    (void)report;
    return hs_fail(error, HS_UNSUPPORTED, "%s: no figure yet", path);
}
