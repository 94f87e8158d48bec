/* The energy of `check --target`: the fewest active rows found, divided by n, beside what theory
 * says is possible. */
#include "cli/cli.h"

#include "support/clock.h"

static const double longest = 3.0; /* seconds */

static bool too_late(void *start) {
    return hs_clock_seconds() > *(const double *)start + longest || cli_interrupted(NULL);
}

cli_energy cli_energy_find(const hs_layer *layer, const hs_result *result) {
    enum { FEW_LEVELS = 3 }; /* a tenth of a second, within 0.1% of the limit */
    double n = (double)hs_layer_columns(layer), start = hs_clock_seconds();
    double alpha = (double)hs_layer_rows(layer) / n;
    cli_energy energy = {.reached = NAN, .predicted = NAN};
    if (result->has_active_upper)
        energy.reached = (double)result->active_upper / n;
    hs_theory_level levels[HS_THEORY_FULL_LEVELS];
    hs_theory_full full;
    size_t count = 0;
    const hs_theory_settings quick = {.levels_only = true, .interrupted = too_late, .data = &start};
    if (hs_theory_energy(alpha, HS_THEORY_FULL_LEVELS, &quick, levels, &count, NULL) == HS_OK &&
        count == HS_THEORY_FULL_LEVELS &&
        hs_theory_full_limit(levels, count, &quick, &full, NULL) == HS_OK && full.complete) {
        energy.predicted = full.energy;
        energy.error = full.error;
    } else if (count >= FEW_LEVELS ||
               hs_theory_energy(alpha, FEW_LEVELS, NULL, levels, &count, NULL) == HS_OK) {
        energy.predicted = levels[count - 1].energy;
        energy.level = levels[count - 1].level;
    }
    return energy;
}

json_t *cli_energy_json(const cli_energy *energy, uint64_t target) {
    return json_pack(
        "{s:I, s:o, s:o, s:o, s:o}", "target", (json_int_t)target, "reached",
        cli_json_number(energy->reached), "theory", cli_json_number(energy->predicted),
        "theory_error", energy->level == 0 ? cli_json_number(energy->error) : json_null(),
        "theory_level", energy->level > 0 ? json_integer((json_int_t)energy->level) : json_null());
}

void cli_energy_print(const cli_energy *energy) {
    if (isnan(energy->reached))
        printf("  energy: no point found");
    else
        printf("  energy: #active/n = %.6g", energy->reached);
    if (energy->level > 0)
        printf("; e*(alpha) >= %.6g by level %zu of the lifting", energy->predicted, energy->level);
    else if (!isnan(energy->predicted))
        printf("; e*(alpha) = %.6g, the full-RSB limit", energy->predicted);
    puts(isnan(energy->predicted) ? "" : ", for Gaussian rows without bias, n large");
}
