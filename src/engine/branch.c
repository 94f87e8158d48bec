#include "engine/branch.h"

#include "support/allocate.h"
#include "support/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PART_RATIO = 12,       /* rows per dimension of the first part that is tried alone */
    PART_NODES = 4000,     /* nodes it may cost */
    RAISING_COLUMNS = 15,  /* smaller layers take less than a second */
    RAISED_SHORT = 4,      /* of n rows: each step takes several times as long as the one before */
    CLASS_COLUMNS = 9,     /* fewer: a tree takes less than a millisecond */
    CLASSES_A_NODE = 3000, /* worth a node of the tree, which is tried first */
    FIRST_NODES = 10000,   /* ... at most */
    LOCAL_WEIGHTS = 2000000000 /* for the local search to go through once in each solve */
};

/* A search that takes long begins with the local search and with how many rows are active at
 * least, so that there is something to tell when it is stopped. */
static hs_status raise_first(hs_tree *tree) {
    tree->node_cap = atomic_load(&tree->node_count) + 1;
    hs_status status = hs_tree_search(tree);
    tree->node_cap = tree->local_solves = 0;
    if (status != HS_OK || tree->has_point || atomic_load(&tree->run->stopped))
        return status;
    return hs_tree_raise(tree, tree->n - RAISED_SHORT);
}

/* Solves of the local search: they grow a little slower than what the tree costs, and end where
 * they would take minutes. */
static size_t local_solves(size_t m, size_t n) {
    size_t solves = (size_t)1 << (n > 17 ? 16 : n > 9 ? n - 2 : n > 5 ? 2 * n - 10 : 0);
    size_t most = LOCAL_WEIGHTS / (m * n);
    return solves < most ? solves : most;
}

/* Are classes to be looked at, where that is possible? HALFSPAN_CLASSES says always or never. */
static bool wants_classes(size_t n, bool *at_once) {
    const char *wish = getenv("HALFSPAN_CLASSES");
    *at_once = wish != NULL && strcmp(wish, "always") == 0;
    return *at_once || (wish == NULL && n >= CLASS_COLUMNS && n <= HS_CLASS_COLUMNS);
}

/* rows, origin: for the proof (proof.h). */
typedef struct numbering {
    size_t rows;
    const size_t *origin;
} numbering;

/* One search, of classes or of the tree with so many nodes at most (0: any number). tree->capped:
 * it has no answer. */
static hs_status attempt(hs_tree *tree, const numbering *rows, bool by_classes, uint64_t nodes) {
    hs_status status = HS_OK;
    bool made = true;
    hs_proof_free(tree->proof);
    tree->proof = NULL;
    hs_tree_restart(tree, false, tree->n);
    tree->node_cap = nodes > 0 ? atomic_load(&tree->node_count) + nodes : 0;
    if (tree->run->record)
        status = hs_proof_create(tree->problem, tree->row_of, tree->count, rows->origin, rows->rows,
                                 HS_POOL_SIZE + 1 + (by_classes ? HS_CLASS_POOL : 0), tree->run,
                                 &tree->proof, tree->error);
    if (status == HS_OK && by_classes)
        status = hs_classes_begin(tree, &made);
    if (status == HS_OK && made && !hs_tree_stopped(tree))
        status = hs_tree_search(tree);
    tree->capped = tree->capped || !made;
    hs_classes_end(tree);
    tree->local_solves = 0;
    return status;
}

static bool undecided(const hs_tree *tree) {
    return tree->capped && !tree->has_point && !atomic_load(&tree->run->stopped);
}

/* A few nodes of the tree are enough where rows come in pairs or the like; then classes, as long as
 * they pay; then the tree. */
static hs_status search_all(hs_tree *tree, const numbering *rows, uint64_t node_cap) {
    bool at_once;
    size_t n = tree->n;
    hs_status status = HS_OK;
    tree->capped = true;
    if (wants_classes(n, &at_once)) {
        double nodes = pow(3.0, (double)n) / 2.0 / CLASSES_A_NODE + 1.0;
        if (!at_once)
            status = attempt(tree, rows, false, (uint64_t)fmin(nodes, FIRST_NODES));
        if (status == HS_OK && undecided(tree))
            status = attempt(tree, rows, true, 0);
    }
    return status == HS_OK && undecided(tree) ? attempt(tree, rows, false, node_cap) : status;
}

/* node_cap: 0, or how many nodes the tree may have. */
static hs_status search(const hs_problem *problem, const numbering *rows, hs_run *run,
                        uint64_t node_cap, hs_outcome *outcome, hs_error *error) {
    hs_tree tree;
    hs_status status = hs_tree_create(problem, run, HS_GOAL_SPAN, problem->n, &tree, error);
    if (status != HS_OK)
        return status;
    size_t n = problem->n;
    atomic_store(&tree.node_count, outcome->nodes); /* the limit is one for all parts */
    if (node_cap == 0)
        tree.local_solves = local_solves(problem->m, n);
    if (node_cap == 0 && n >= RAISING_COLUMNS)
        status = raise_first(&tree);
    if (status == HS_OK && !hs_tree_stopped(&tree))
        status = search_all(&tree, rows, node_cap);
    outcome->nodes = atomic_load(&tree.node_count);
    outcome->pivots += tree.pivots;
    if (status == HS_OK && tree.has_point) {
        status = hs_outcome_claim(outcome, problem, tree.point, error);
        hs_outcome_set(outcome, HS_NOT_INJECTIVE,
                       "at one point of the domain the active rows do not span the space");
    } else if (status == HS_OK && atomic_load(&run->stopped)) {
        hs_outcome_set(outcome, HS_UNDECIDED, "stopped after %llu nodes of the search tree",
                       (unsigned long long)outcome->nodes);
    } else if (status == HS_OK && tree.too_large) {
        hs_outcome_set(
            outcome, HS_UNDECIDED,
            "a step of the search tree needs exact arithmetic in more than %d dimensions",
            HS_EXACT_DIMENSIONS);
    } else if (status == HS_OK && (tree.unproven || tree.capped)) {
        hs_outcome_set(outcome, HS_UNDECIDED,
                       "a cell thinner than double precision could not be shown");
    } else if (status == HS_OK) {
        hs_outcome_set(outcome, HS_INJECTIVE,
                       "on every cell of the domain the active rows span the space");
        hs_proof_free(outcome->proof);
        outcome->proof = tree.proof;
        tree.proof = NULL;
    }
    hs_proof_free(tree.proof);
    if (tree.proven > 0)
        hs_outcome_at_least(outcome, tree.proven);
    if (tree.open_bound != SIZE_MAX) /* stopped */
        hs_outcome_at_least(outcome, tree.open_bound < n ? tree.open_bound : n);
    hs_tree_clear(&tree);
    return status;
}

/* Adding rows never destroys injectivity: a layer with many rows is often settled by a part of
 * them. Takes every k-th row; anything but "injective" leaves the question open. */
static hs_status search_part(const hs_problem *problem, hs_run *run, size_t rows,
                             hs_outcome *outcome, hs_error *error) {
    const hs_layer *layer = problem->layer;
    size_t n = problem->n;
    hs_layer *part = NULL;
    hs_problem smaller = {0};
    double *weight = hs_allocate_matrix(rows, n, sizeof *weight);
    double *bias = hs_allocate(rows, sizeof *bias);
    size_t *origin = hs_allocate(rows, sizeof *origin);
    const numbering numbers = {problem->m, origin};
    hs_status status = HS_OK;
    if (weight == NULL || bias == NULL || origin == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a part of the layer");
    for (size_t k = 0; status == HS_OK && k < rows; k++) {
        size_t row = (size_t)((double)k * (double)problem->m / (double)rows);
        memcpy(weight + k * n, layer->weight + row * n, n * sizeof *weight);
        bias[k] = layer->bias[row];
        origin[k] = row;
    }
    if (status == HS_OK)
        status = hs_layer_create(rows, n, weight, bias, &part, error);
    if (status == HS_OK)
        status = hs_problem_create(part, &problem->domain, &smaller, error);
    if (status == HS_OK)
        status = search(&smaller, &numbers, run, PART_NODES, outcome, error);
    if (status == HS_OK && outcome->verdict == HS_INJECTIVE)
        hs_outcome_set(
            outcome, HS_INJECTIVE,
            "already the active ones of %zu of the %zu rows span the space on every cell "
            "of the domain",
            rows, problem->m);
    else
        outcome->verdict = HS_UNDECIDED;
    hs_problem_clear(&smaller);
    hs_layer_free(part);
    free(weight);
    free(bias);
    free(origin);
    return status;
}

hs_status hs_engine_branch(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                           hs_error *error) {
    hs_status status = HS_OK;
    outcome->engine = HS_ENGINE_BRANCH;
    outcome->arithmetic = HS_ARITHMETIC_EXACT;
    outcome->verdict = HS_UNDECIDED;
    for (size_t rows = PART_RATIO * problem->n;
         status == HS_OK && outcome->verdict == HS_UNDECIDED && rows + rows / 4 < problem->m &&
         !atomic_load(&run->stopped);
         rows *= 2)
        status = search_part(problem, run, rows, outcome, error);
    if (status != HS_OK || outcome->verdict != HS_UNDECIDED || atomic_load(&run->stopped))
        return status;
    const numbering own = {problem->m, NULL};
    return search(problem, &own, run, 0, outcome, error);
}
