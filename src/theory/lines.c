/* The reference lines: texts here, computed values in line_values.h (written by
 * tools/theory-lines.c), so that a run that shows a line pays for no solve. */
#include "halfspan/halfspan.h"

#include "theory/bounds.h"
#include "theory/line_values.h"

#include <string.h>

enum line_index {
    TRIVIAL,
    PUTHAWALA_LOWER,
    ALMEIDA_THOULESS,
    FULL_RSB,
    LEVEL_3,
    LEVEL_2,
    LEVEL_1,
    EULER,
    FIRST_MOMENT,
    PUTHAWALA_UPPER,
    LINE_COUNT
};

static const hs_theory_line lines[LINE_COUNT] = {
    [TRIVIAL] = {"trivial", "trivial, general position", 3.0, HS_THEORY_RIGOROUS,
                 "no layer with rows in general position is injective below 3 - 2/n",
                 "at most floor((m-n+1)/2) rows active beside n-1 on the boundary"},
    [PUTHAWALA_LOWER] = {"puthawala-lower", "Puthawala et al. lower bound", 3.3, HS_THEORY_RIGOROUS,
                         "not injective below, with high probability",
                         "Puthawala, Kothari, Lassas, Dokmanic, de Hoop, JMLR 2022, "
                         "arXiv 2006.08464"},
    [ALMEIDA_THOULESS] = {"almeida-thouless", "de Almeida-Thouless point", HS_ALMEIDA_THOULESS,
                          HS_THEORY_REPLICA,
                          "up to here replica symmetry is stable where it reaches energy one: a "
                          "lower line for the capacity",
                          "Maillard, Bandeira, Belius, Dokmanic, Nakajima, arXiv 2302.14112"},
    [FULL_RSB] = {"full-rsb", "full RSB (limit of fl RDT)", HS_FULL_RSB, HS_THEORY_REPLICA,
                  "the predicted threshold: not injective below, injective above",
                  "Maillard et al., arXiv 2302.14112; Stojnic, arXiv 2410.20646"},
    [LEVEL_3] = {"level-3", "fl RDT level 3 (two-step RSB)", HS_LEVEL_3, HS_THEORY_REPLICA,
                 "predicted injective above", "Stojnic, arXiv 2410.20646"},
    [LEVEL_2] = {"level-2", "fl RDT level 2 (one-step RSB)", HS_LEVEL_2, HS_THEORY_REPLICA,
                 "predicted injective above", "Stojnic, arXiv 2410.20646"},
    [LEVEL_1] = {"level-1", "fl RDT level 1 (Gordon)", HS_LEVEL_1, HS_THEORY_RIGOROUS,
                 "injective above, with high probability",
                 "Maillard et al., arXiv 2302.14112; Stojnic, arXiv 2410.20646"},
    [EULER] = {"euler", "expected Euler characteristic", HS_EULER, HS_THEORY_HEURISTIC,
               "where the expected Euler characteristic of the bad set stops growing: a threshold "
               "conjectured from it, refuted by level 1",
               "Paleka, ETH Zurich 2021; Clum, Princeton 2022"},
    [FIRST_MOMENT] = {"first-moment", "union bound (first moment)", HS_FIRST_MOMENT,
                      HS_THEORY_RIGOROUS, "injective above, with high probability",
                      "Wendel, Math. Scand. 1962; Paleka, ETH Zurich 2021; Clum, Princeton 2022"},
    [PUTHAWALA_UPPER] = {"puthawala-upper", "Puthawala et al. upper bound", 10.5,
                         HS_THEORY_RIGOROUS, "injective above, with high probability",
                         "Puthawala, Kothari, Lassas, Dokmanic, de Hoop, JMLR 2022, "
                         "arXiv 2006.08464"},
};

const char *hs_theory_status_name(hs_theory_status status) {
    switch (status) {
    case HS_THEORY_RIGOROUS:
        return "rigorous";
    case HS_THEORY_REPLICA:
        return "replica";
    case HS_THEORY_HEURISTIC:
        return "heuristic";
    }
    return "unknown";
}

void hs_theory_lines(const hs_theory_line **table, size_t *count) {
    *table = lines;
    *count = LINE_COUNT;
}

const hs_theory_line *hs_theory_line_find(const char *name) {
    for (size_t i = 0; i < LINE_COUNT; i++)
        if (strcmp(lines[i].name, name) == 0)
            return &lines[i];
    return NULL;
}

static hs_status compute_levels(const hs_theory_settings *settings, hs_theory_line *result,
                                hs_error *error) {
    enum { LEVELS = 10 };
    hs_theory_level levels[LEVELS];
    hs_theory_full full;
    size_t count;
    hs_status status = hs_theory_capacity(LEVELS, settings, levels, &count, error);
    if (status == HS_OK)
        status = hs_theory_full_limit(levels, count, settings, &full, error);
    if (status != HS_OK)
        return status;
    result[LEVEL_1].alpha = levels[0].alpha;
    result[LEVEL_2].alpha = levels[1].alpha;
    result[LEVEL_3].alpha = levels[2].alpha;
    result[FULL_RSB].alpha = full.alpha;
    return HS_OK;
}

hs_status hs_theory_lines_compute(const hs_theory_settings *settings, hs_theory_line *result,
                                  hs_error *error) {
    memcpy(result, lines, sizeof lines);
    hs_theory_at_point point;
    hs_status status = hs_theory_at_point_compute(&point, error);
    if (status == HS_OK)
        status = hs_euler_alpha(&result[EULER].alpha, error);
    if (status == HS_OK)
        status = hs_first_moment_alpha(&result[FIRST_MOMENT].alpha, error);
    if (status == HS_OK)
        status = compute_levels(settings, result, error);
    if (status == HS_OK)
        result[ALMEIDA_THOULESS].alpha = point.alpha;
    return status;
}

hs_theory_regime hs_theory_regime_at(double alpha) {
    if (alpha < lines[TRIVIAL].alpha)
        return HS_THEORY_NEVER_INJECTIVE;
    if (alpha < lines[PUTHAWALA_LOWER].alpha)
        return HS_THEORY_NOT_INJECTIVE;
    if (alpha < lines[FULL_RSB].alpha)
        return HS_THEORY_LIKELY_NOT;
    if (alpha <= lines[LEVEL_1].alpha)
        return HS_THEORY_LIKELY_INJECTIVE;
    return HS_THEORY_INJECTIVE;
}

const char *hs_theory_prediction(double alpha) {
    switch (hs_theory_regime_at(alpha)) {
    case HS_THEORY_NEVER_INJECTIVE:
        return "never injective: below three rows per column no layer in general position is";
    case HS_THEORY_NOT_INJECTIVE:
        return "not injective: proved for large n below the bound of Puthawala et al.";
    case HS_THEORY_LIKELY_NOT:
        return "expected not injective: below the full-RSB capacity (replica prediction)";
    case HS_THEORY_LIKELY_INJECTIVE:
        return "expected injective: above the full-RSB capacity (replica prediction)";
    case HS_THEORY_INJECTIVE:
        return "injective: proved for large n above level 1 (Gordon)";
    }
    return "unknown";
}
