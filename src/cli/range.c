#include "cli/cli.h"

#include "support/number.h"

#include <string.h>

/* One, or three numbers with colons between them; 0 when it is neither. */
static size_t split(const char *text, double value[3]) {
    for (size_t count = 0; count < 3; count++) {
        size_t length = strcspn(text, ":");
        if (hs_number_parse(text, length, &value[count]) != HS_NUMBER_GOOD)
            return 0;
        text += length;
        if (*text == '\0')
            return count + 1;
        text++;
    }
    return 0;
}

int cli_range_parse(const char *text, const char *option, size_t most, cli_range *range) {
    double value[3];
    size_t parts = split(text, value);
    double step = parts == 3 ? value[2] : 1.0, last = parts == 3 ? value[1] : value[0];
    if ((parts != 1 && parts != 3) || !(step > 0.0) || !(last >= value[0]))
        return cli_usage_error("--%s: '%s' is neither A nor A:B:STEP with STEP > 0 and A <= B",
                               option, text);
    double steps = floor((last - value[0]) / step + 1e-9);
    if (!(steps < (double)most))
        return cli_usage_error("--%s: more than %zu values", option, most);
    *range = (cli_range){.first = value[0], .step = step, .count = (size_t)steps + 1};
    return -1;
}
