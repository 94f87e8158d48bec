#include "engine/bracket.h"

enum { BRACKET_SIZE = 400000 }; /* weights beyond this many: a core takes too long */
static const double bracket_seconds = 0.3;

size_t hs_pack_cores(hs_worker *worker) {
    hs_tree *tree = worker->tree;
    size_t packed = 0;
    for (size_t i = 0; i < tree->padded; i++)
        hs_ask(worker, i, i < tree->count ? 1.0 : i < tree->total ? HS_FIXED_PRIORITY : 0.0);
    hs_solver_reset(tree, &worker->work);
    while (hs_solve(worker, &worker->work) == HS_SOLVE_CORE) {
        HS_BITS_EACH(i, worker->last_core, tree->words)
        if (i < tree->count) /* the faces of the domain stay */
            hs_ask(worker, i, 0.0);
        packed++;
        hs_solver_reset(tree, &worker->work);
    }
    return packed;
}

hs_status hs_active_lower(const hs_problem *problem, size_t *lower, hs_error *error) {
    hs_settings settings = hs_settings_default();
    hs_run run;
    hs_tree tree;
    *lower = 0;
    for (size_t i = 0; i < problem->m; i++)
        *lower += problem->zero_row[i] && problem->layer->bias[i] >= 0.0;
    if (problem->m * problem->n > BRACKET_SIZE)
        return HS_OK;
    settings.time_limit = bracket_seconds;
    hs_run_begin(&run, &settings);
    hs_status status = hs_tree_create(problem, &run, HS_GOAL_COUNT, SIZE_MAX, &tree, error);
    if (status != HS_OK)
        return status;
    if (tree.count > 0) {
        hs_worker worker;
        status = hs_worker_create(&tree, &worker);
        if (status == HS_OK)
            *lower += hs_pack_cores(&worker);
        hs_worker_clear(&worker);
    }
    hs_tree_clear(&tree);
    return status;
}
