#include "cli/cli.h"

json_t *cli_json_theory(size_t m, size_t n) {
    const hs_theory_line *lines = NULL;
    size_t count = 0;
    double alpha = (double)m / (double)n;
    json_t *thresholds = json_array();
    hs_theory_lines(&lines, &count);
    for (size_t k = 0; k < count; k++)
        json_array_append_new(thresholds,
                              json_pack("{s:s, s:s, s:f, s:s, s:s, s:b}", "name", lines[k].name,
                                        "title", lines[k].title, "alpha", lines[k].alpha, "status",
                                        hs_theory_status_name(lines[k].status), "meaning",
                                        lines[k].meaning, "above", alpha > lines[k].alpha));
    return json_pack("{s:f, s:o, s:s}", "alpha", alpha, "thresholds", thresholds, "prediction",
                     hs_theory_prediction(alpha));
}
