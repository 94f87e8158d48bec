/* Accuracy and speed of the lifting hierarchy, one line per case. Usage: bench_theory [MAX_LEVEL]
 */
#include "halfspan/halfspan.h"

#include "theory/functional.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Of one core: the same on a busy machine. */
static double processor_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

static int fail(const hs_error *error) {
    fprintf(stderr, "bench_theory: %s\n", error->message);
    return 1;
}

/* Every level from a cold start, on three grids: the capacities must not move. */
static int refine_grid(size_t max_level, hs_error *error) {
    const double resolution[3] = {4.0, 6.0, 9.0};
    hs_theory_level levels[3][HS_THEORY_LEVEL_MAX];
    size_t count;
    for (size_t g = 0; g < 3; g++) {
        const hs_theory_settings settings = {.resolution = resolution[g]};
        double start = processor_seconds();
        if (hs_theory_capacity(max_level, &settings, levels[g], &count, error) != HS_OK)
            return fail(error);
        printf("levels 1-%zu, %g points per smallest width: %.2f s\n", max_level, resolution[g],
               processor_seconds() - start);
    }
    for (size_t r = 0; r < max_level; r++)
        printf("level %2zu: alpha_c %.12f, change 4->6 %8.1e, 6->9 %8.1e, residual %.1e\n", r + 1,
               levels[1][r].alpha, levels[1][r].alpha - levels[0][r].alpha,
               levels[2][r].alpha - levels[1][r].alpha, levels[1][r].residual);
    return 0;
}

static int time_levels(size_t max_level, hs_error *error) {
    hs_theory_level levels[HS_THEORY_LEVEL_MAX];
    size_t count;
    double start = processor_seconds();
    if (hs_theory_capacity(max_level, NULL, levels, &count, error) != HS_OK)
        return fail(error);
    printf("levels 1-%zu from a cold start: %.3f s\n", max_level, processor_seconds() - start);
    return 0;
}

static int time_limit(size_t max_level, hs_error *error) {
    hs_theory_level levels[HS_THEORY_LEVEL_MAX];
    hs_theory_full full;
    size_t count;
    double start = processor_seconds();
    if (hs_theory_capacity(max_level, NULL, levels, &count, error) != HS_OK ||
        hs_theory_full_limit(levels, count, NULL, &full, error) != HS_OK)
        return fail(error);
    printf("full limit from levels 1-%zu: %.10f, error %.1e, continuous equations %.10f: %.2f s\n",
           max_level, full.from_levels, full.error, full.from_continuum,
           processor_seconds() - start);
    return 0;
}

static int time_energy(double alpha, hs_error *error) {
    enum { LEVELS = 3 };
    hs_theory_level levels[LEVELS];
    size_t count;
    double start = processor_seconds();
    if (hs_theory_energy(alpha, LEVELS, NULL, levels, &count, error) != HS_OK)
        return fail(error);
    printf("energies at alpha %g, levels 1-3: %.10f %.10f %.10f: %.3f s\n", alpha, levels[0].energy,
           levels[1].energy, levels[2].energy, processor_seconds() - start);
    return 0;
}

/* The hot loop alone: one value with its gradient. */
static int time_functional(size_t steps, hs_error *error) {
    enum { REPEATS = 20 };
    hs_parameters at = {.steps = steps, .width[0] = 12.0};
    hs_workspace workspace = hs_workspace_make(6.0);
    hs_functional result;
    for (size_t j = 0; j < steps; j++) {
        at.width[j + 1] = 3.0 * pow(0.5, (double)j);
        at.x[j] = 2.5 * pow(1.4, (double)j);
    }
    double start = processor_seconds();
    for (int i = 0; i < REPEATS; i++)
        if (hs_functional_at(&at, &workspace, &result, error) != HS_OK)
            return fail(error);
    printf("functional and gradient, %zu steps, %zu grid points: %.3f ms\n", steps,
           workspace.grid.points, 1e3 * (processor_seconds() - start) / REPEATS);
    hs_workspace_clear(&workspace);
    return 0;
}

int main(int argc, char **argv) {
    size_t max_level = argc > 1 ? strtoul(argv[1], NULL, 10) : 8;
    hs_error error = {0};
    int code = 0;
    openblas_set_num_threads(1);
    for (size_t steps = 1; steps <= 9 && code == 0; steps += 4)
        code = time_functional(steps, &error);
    if (code == 0)
        code = time_levels(3, &error);
    if (code == 0)
        code = time_levels(6, &error);
    for (double alpha = 3.0; alpha <= 10.0 && code == 0; alpha += 3.5)
        code = time_energy(alpha, &error);
    if (code == 0)
        code = refine_grid(max_level, &error);
    return code != 0 ? code : time_limit(10, &error);
}
