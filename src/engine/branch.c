#include <stdlib.h>
#include "engine/branch.h"

hs_status hs_engine_branch(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                           hs_error *error) {
    hs_tree tree;
    outcome->engine = HS_ENGINE_BRANCH;
    outcome->arithmetic = HS_ARITHMETIC_EXACT;
    hs_status status = hs_tree_create(problem, run, getenv("DBGCOUNT")?HS_GOAL_COUNT:HS_GOAL_SPAN, problem->n, &tree, error);
    if (status != HS_OK)
        return status;
    status = hs_tree_search(&tree);
    outcome->nodes = atomic_load(&tree.node_count);
    outcome->pivots = tree.pivots;
    if (status == HS_OK && tree.has_point) {
        status = hs_outcome_claim(outcome, problem, tree.point, error);
        hs_outcome_set(outcome, HS_NOT_INJECTIVE,
                       "at one point of the domain the active rows do not span the space");
    } else if (status == HS_OK && atomic_load(&run->stopped)) {
        hs_outcome_set(outcome, HS_UNDECIDED, "stopped after %llu nodes of the search tree",
                       (unsigned long long)outcome->nodes);
    } else if (status == HS_OK && tree.unproven) {
        hs_outcome_set(outcome, HS_UNDECIDED,
                       "a cell thinner than double precision could not be shown");
    } else if (status == HS_OK) {
        hs_outcome_set(outcome, HS_INJECTIVE,
                       "on every cell of the domain the active rows span the space");
    }
    hs_tree_clear(&tree);
    return status;
}
