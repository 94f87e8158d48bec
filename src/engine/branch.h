/* The exact engine: a search over "which rows are active". See README.md for the idea.
 *
 * A node fixes rows inactive and rows active; the others are free. A core is a set of rows that
 * cannot have these states together anywhere in the open domain: at least one of its free rows is
 * active at every point of the node. Disjoint cores count active rows; a node dies when they force
 * the active rows to span. Or, where that pays, a search over the classes modulo 3 of a vector that
 * is orthogonal to all active rows: cores rule classes out (classes.h). */
#ifndef HS_ENGINE_BRANCH_H
#define HS_ENGINE_BRANCH_H

#include "engine/bits.h"
#include "engine/classes.h"
#include "engine/engine.h"
#include "engine/proof.h"
#include "geometry/cone.h"
#include "geometry/minnorm.h"
#include "geometry/rank.h"

#include <pthread.h>

typedef struct hs_class_search hs_class_search;
typedef struct hs_sieve hs_sieve;

/* What the tree is asked. */
typedef enum hs_goal {
    HS_GOAL_SPAN, /* is there a point whose active rows do not span R^n? */
    HS_GOAL_COUNT /* the smallest number of active rows over the open domain */
} hs_goal;

/* Tunable limits; none of them can change a verdict. */
enum {
    HS_POLL_EFFORT = 2000000, /* multiplications between two looks at the clock */
    HS_EXACT_DIMENSIONS = 40, /* beyond, one exact step may take minutes */
    HS_COLUMN_SIZE = 1 << 20, /* numbers: more are not held a second time, column by column */
    HS_BASES = 8, /* at most: kept of the deepest nodes; those of the others are found again */
    HS_BASE_BYTES = 1 << 22,    /* for all of them, if there are more than two */
    HS_WORKER_BYTES = 96 << 20, /* for all workers, if there is more than one */
    HS_PRICED_ROWS = 512,       /* then so many rows are priced at a time */
    HS_POOL_SIZE = 512,         /* cores remembered by a worker */
    HS_POOL_LOOK = 64,          /* ... of which so many are looked at for one to forget */
    HS_POOL_FREE = 10,          /* a remembered core has at most this many free rows */
    HS_POOL_WORDS = 32,         /* of a set of rows: beyond, the pool has lists */
    HS_SCORED_SIZES = 3, /* the row to branch on: cores larger than the smallest by so much */
    HS_FRESH_GAP = 2,    /* spanning: rows short of the bound at which cores are sought afresh */
    HS_CLOSING_WORK = 300000, /* multiplications for one independence proof that closes a node */
    HS_FIXING_WORK = 50000,   /* ... that fixes rows */
    HS_FAR = 4,               /* times HS_CLOSING_WORK: smaller cores would not help */
    HS_CLASS_POOL = 8192,     /* cores remembered by a worker that looks at classes */
    HS_CLASS_COLUMNS = 22     /* classes modulo 3 in more dimensions are too many */
};

/* The smallest point of the rows asked for: in single precision in a cone that is not too large,
 * where every margin is right; in double precision otherwise. One of the two is in use. */
typedef struct hs_solver {
    hs_cone cone;
    hs_minnorm ball;
} hs_solver;

/* What all workers share. Rows 0..count-1 are the layer's rows with non-zero weight (row_of maps
 * back), rows count..total-1 the faces of the domain. Signed row i + total is row i negated. */
typedef struct hs_tree {
    const hs_problem *problem;
    hs_run *run;
    hs_goal goal;
    bool by_count;       /* a node closes by how many rows are active there, whatever their rank */
    size_t n, d, stride; /* stride: d padded to HS_LANES */
    size_t count, total;
    size_t padded;  /* total padded to HS_PRICING_BLOCK */
    size_t words;   /* of a set of rows */
    size_t bases;   /* of a worker */
    size_t *row_of; /* count */
    const hs_kernels *kernels;
    bool narrow;                   /* solvers use single precision */
    hs_cone_rows cone_rows;        /* total, where they do */
    double *columns;               /* d x padded; NULL: too many, see hs_price */
    double *offset;                /* padded: beta, zero for a cone; NULL as columns */
    double margin;                 /* inactive: a.z + beta <= -margin, active: >= margin */
    double largest_entry;          /* of rows: 1 at most, unless scaling would have lost bits */
    double limit;                  /* squared norm at which the ball ends, or INFINITY */
    hs_system signed_rows;         /* 2 total rows, the second half mirrored */
    double *signed_a, *signed_low; /* the problem's without its zero rows; NULL: there are none */
    double *signed_beta;
    double *unit;       /* count x n: weights scaled to norm 1 (HS_GOAL_SPAN) */
    uint64_t *residues; /* count x n: weights modulo a prime (HS_GOAL_SPAN) */

    _Atomic size_t target; /* a node with at least so many forced active rows is dead */
    _Atomic size_t wanted; /* points with fewer active rows are of use */
    atomic_bool found;     /* a witness, or a failure: everybody stops */
    pthread_mutex_t poll;  /* whoever holds it polls the clock and shows progress */
    pthread_mutex_t lock;  /* guards what follows */
    pthread_cond_t changed;
    struct hs_task *tasks; /* nodes given away, a list */
    size_t task_count;
    size_t waiting, workers, started;
    atomic_bool hungry; /* somebody waits for a task */
    double *point;      /* d: best point so far */
    size_t point_active;
    bool has_point;
    size_t unseen;     /* fewest active rows in open cells that hold no double (HS_GOAL_COUNT) */
    size_t open_bound; /* of a stopped search: active rows forced in every node left open */
    bool unproven;     /* a step could not be proven: no "injective" */
    hs_status status;
    hs_error *error;
    uint64_t node_cap;   /* give up at this node_count; 0: never */
    bool too_large;      /* a step needed exact arithmetic beyond HS_EXACT_DIMENSIONS */
    bool capped;         /* node_cap was reached */
    size_t proven;       /* so many rows are active at every point, by searches before this one */
    size_t local_solves; /* of each worker's local search; 0: none */
    uint64_t nodes, pivots;
    _Atomic uint64_t node_count; /* begins with the nodes of parts of the layer before */
    hs_proof *proof;             /* records the search, or NULL */
    hs_class_search *classes;    /* looks at classes, not at the whole tree; or NULL */
} hs_tree;

typedef struct hs_task {
    struct hs_task *next;
    size_t bound;
    uint64_t number; /* in the proof */
    uint64_t sets[]; /* inactive, active, free: words each */
} hs_task;

/* Cores remembered by a worker: rows that cannot all have these states. Set k's word w is at
 * [w * HS_POOL_SIZE + k]; where there are many rows (inactive is NULL) cores are lists. */
typedef struct hs_pool {
    size_t count, hand;
    uint64_t *inactive, *active;
    uint32_t *member; /* HS_POOL_SIZE x most: signed rows, by their rows */
    size_t most, *length;
    uint64_t *age;  /* when the core was last of use */
    uint64_t *size; /* free rows at the current node; huge where it does not fit */
    uint64_t *memory;
} hs_pool;

/* The node that a worker is at. Its sets are changed by the functions of branch_stack.c only. */
typedef struct hs_node {
    uint64_t *inactive, *active, *free; /* words each */
    uint64_t *ignored;                  /* words: fixed rows that the systems leave out */
    size_t last;                        /* the row fixed last by branching, or SIZE_MAX */
    hs_solver *base; /* smallest point of the fixed rows, as far as they were added */
} hs_node;

/* The node and those above it, from the root on. */
typedef struct hs_frame {
    size_t bound;    /* active rows forced here, as far as known */
    size_t row;      /* branched on: active in the node below, inactive when that is done */
    size_t mark;     /* changes up to there */
    bool stolen;     /* "row inactive" was given away */
    uint64_t number; /* ... under this number in the proof */
} hs_frame;

typedef struct hs_change {
    size_t word;   /* of the node's sets */
    uint64_t bits; /* what it was */
} hs_change;

typedef struct hs_stack {
    size_t depth; /* of the node; the root has 0 */
    hs_frame *frame;
    hs_change *change;
    size_t changes, frame_room, change_room;
} hs_stack;

typedef struct hs_base {
    hs_solver solver;
    bool used;
    size_t depth; /* of the node it belongs to */
} hs_base;

typedef struct hs_worker {
    hs_tree *tree;
    hs_node node;
    hs_stack stack;
    hs_base bases[HS_BASES]; /* that of a depth at depth modulo tree->bases */
    hs_solver work;
    hs_minnorm wide;     /* for what single precision cannot tell, and for balls */
    double *wide_values; /* 3 padded: want, slack and value in double precision */
    float *want; /* padded: +1 to be inactive, -1 to be active, 0 not asked; fixed rows scaled up */
    float *slack; /* padded */
    float *value; /* padded: a.z + beta of all rows at the last priced point */
    double *z;    /* stride: the point of the last solution */
    hs_pool pool;
    uint64_t clock;
    uint16_t *usable; /* pool cores usable at this node, by free rows; as many again: scratch */
    size_t usable_count;
    uint64_t *last_core; /* words: the inactive rows of the core taken last */
    size_t last_slot;    /* where it is in the pool */
    hs_groups packed;    /* free parts of disjoint cores */
    size_t *packed_slot; /* where they are in the pool */
    uint32_t *open;      /* stride + 2: the free part of a core */
    uint64_t *union_bits, *scratch_bits, *allowed, *outside; /* words each */
    uint64_t *doubtful; /* words: free rows that no core of the node should have */
    size_t *core_rows;
    double *core_weights;
    size_t refuted; /* so many of core_rows seemed to be a core and are none: nearly dependent */
    double *core_scratch; /* 4 strides, then */
    double *core_lambda;  /* stride: multipliers of the slots */
    double *core_slots;   /* stride x stride: the signed rows in them */
    double *core_inverse; /* d x stride: of these; then scratch, stride x stride */
    struct hs_transversal *transversal;
    double *last_z;    /* stride: scratch point */
    float *base_value; /* padded: value at the node's base */
    float *score;      /* padded: of the rows, to branch on one */
    float *local_want; /* 2 padded: want and slack of the best set of the local search */
    hs_modular_basis basis;
    bool degenerate;       /* a dependence was met: watch ranks at every node */
    bool forgets_nothing;  /* ... but not only modulo the prime */
    bool nearly_dependent; /* a core was refuted */
    uint64_t nodes, pivots;
    uint64_t effort; /* multiplications since the last poll, roughly */
    uint64_t random;
    hs_sieve *sieve;     /* or NULL */
    hs_proof_part *part; /* this worker's part of the proof, or NULL */
} hs_worker;

/* ---- branch_tree.c ---- */
hs_status hs_tree_create(const hs_problem *problem, hs_run *run, hs_goal goal, size_t target,
                         hs_tree *tree, hs_error *error);
void hs_tree_clear(hs_tree *tree);
hs_status hs_worker_create(hs_tree *tree, hs_worker *worker);
void hs_worker_clear(hs_worker *worker);
/* A point was found: keeps the best; stops everybody when it answers the question. */
void hs_tree_offer(hs_tree *tree, const double *z, size_t active);
void hs_tree_fail(hs_tree *tree, hs_status status);
/* Some step could not be proven: the tree will not answer "injective". */
void hs_tree_doubt(hs_tree *tree);
/* The search is given up: everybody stops, and tree->capped is set. */
void hs_tree_give_up(hs_tree *tree);
/* There is an open cell with so many active rows, and no double in it: doubtful where a witness is
 * asked for, as good as a point where the rows are only counted. */
void hs_tree_unseen(hs_tree *tree, size_t active);
/* Looks at the clock, the limits and the caller. */
void hs_worker_poll(hs_worker *worker);
/* Exact arithmetic is needed: true, and the search ends without an answer, where it would take too
 * long to be of use. */
bool hs_tree_too_large(hs_tree *tree);
bool hs_tree_stopped(const hs_tree *tree);
/* Gives a node away to a waiting worker, under a number; false when memory is short. */
bool hs_tree_give(hs_tree *tree, const uint64_t *inactive, const uint64_t *active,
                  const uint64_t *free_rows, size_t bound, uint64_t *number);
/* A node is left open because the search stops: so many active rows are forced in it. */
void hs_tree_leave_open(hs_tree *tree, size_t bound);
size_t hs_thread_count(const hs_tree *tree);
/* Searches the subtree of this number in the proof. sets: as in a task. */
void hs_worker_search(hs_worker *worker, uint64_t number, size_t bound, const uint64_t *sets);
uint64_t hs_worker_pivots(const hs_worker *worker);
/* Searches the whole tree with all threads, or all classes where tree->classes is set. */
hs_status hs_tree_search(hs_tree *tree);
/* As if it had not been searched yet. */
void hs_tree_restart(hs_tree *tree, bool by_count, size_t target);
/* Shows that at least tree->proven + 1, + 2, ... and at last `target` rows are active everywhere,
 * or as many as at the best point, as far as time allows: each takes several times as long as the
 * one before. Ends early when a step could not be proven, or, spanning, when a point was found.
 * Then the tree is ready to be searched again. Nothing of it is recorded: there must be no proof.
 */
hs_status hs_tree_raise(hs_tree *tree, size_t target);

/* ---- branch_core.c ---- */
typedef enum hs_core_answer { HS_CORE_PROVEN, HS_CORE_REFUTED, HS_CORE_FAILED } hs_core_answer;
/* Takes the core out of a solver that answered "empty" (or left the ball) when `row` was added,
 * proves it and puts it into the pool; its inactive rows are left in worker->last_core. */
hs_core_answer hs_core_take(hs_worker *worker, const hs_minnorm *solver, uint32_t row,
                            double multiplier);
hs_core_answer hs_core_take_narrow(hs_worker *worker, const hs_cone *solver, uint32_t row,
                                   float multiplier);
/* For the proof: the first `count` of worker->core_rows were decided to be empty in exact
 * arithmetic, which closes the branch. */
hs_status hs_core_record_empty(hs_worker *worker, size_t count);
hs_status hs_pool_create(hs_worker *worker);
void hs_pool_clear(hs_worker *worker);
/* Finds the pool's cores that say something at this node, smallest free part first. */
void hs_pool_filter(hs_worker *worker, const hs_node *node);
/* The free rows of usable core k, into worker->open; returns how many. */
size_t hs_pool_open(hs_worker *worker, const hs_node *node, size_t k);
/* Greedy disjoint choice from the usable cores into worker->packed. */
void hs_pool_pack(hs_worker *worker, const hs_node *node);
/* Adds worker->open, the free part of the core in this slot, to worker->packed, and the rows to
 * worker->union_bits. */
void hs_pack(hs_worker *worker, size_t slot, size_t size);

/* ---- branch_rank.c ---- */
/* Of each of worker->packed one row is active. True when the fixed active rows and every
 * transversal are proven to have rank n. */
bool hs_transversals_span(hs_worker *worker, const uint64_t *active);
/* Would the last proof have taken far too long? */
bool hs_transversals_far(const hs_worker *worker);
/* As hs_transversals_span with one row of `extra` in place of a group: removes from extra the rows
 * for which the proof fails. */
void hs_transversals_with(hs_worker *worker, const uint64_t *active, uint64_t *extra);
/* Into worker->doubtful: free rows that are nearly dependent modulo span(D), for which proofs would
 * be left to arithmetic modulo a prime: those that nearly vanish, and those nearly parallel to
 * another, which is not among them. Exactly parallel ones are left out only where both are the same
 * constraint of a cone.
 */
void hs_find_doubtful(hs_worker *worker, const hs_node *node);
/* Which groups the last successful proof used, and how many. */
const size_t *hs_transversals_used(const hs_worker *worker, size_t *count);
hs_status hs_transversal_create(hs_worker *worker);
void hs_transversal_clear(hs_worker *worker);

/* ---- branch_solve.c ---- */
typedef enum hs_solve_answer {
    HS_SOLVE_FEASIBLE,
    HS_SOLVE_CORE,    /* proven; see worker->last_core */
    HS_SOLVE_TROUBLE, /* floating point cannot tell */
    HS_SOLVE_STOPPED  /* an error was reported to the tree */
} hs_solve_answer;

/* Fixed rows are priced before free ones. */
#define HS_FIXED_PRIORITY 1e6

/* want: 1 inactive, -1 active, 0 nothing; times HS_FIXED_PRIORITY for fixed rows. */
void hs_ask(hs_worker *worker, size_t row, double want);
void hs_ask_nothing(hs_worker *worker);
/* Asks for the fixed rows of the node and for nothing else. */
void hs_ask_fixed(hs_worker *worker, const hs_node *node);
/* Adds violated rows until all that are asked for hold; worker->z is the point, worker->value what
 * the rows are there. */
hs_solve_answer hs_solve(hs_worker *worker, hs_solver *solver);
/* What the rows are at z, in double precision, into the third part of worker->wide_values; returns
 * the row most violated by the first two (kernels.h: price) and by how much. */
size_t hs_price(hs_worker *worker, const double *z, double *largest);

hs_status hs_solver_create(const hs_tree *tree, hs_solver *solver);
void hs_solver_clear(hs_solver *solver);
void hs_solver_reset(const hs_tree *tree, hs_solver *solver);
void hs_solver_copy(const hs_tree *tree, hs_solver *to, const hs_solver *from);
uint64_t hs_solver_pivots(const hs_solver *solver);
/* Is the point an answer? Checked exactly before it is offered. at_sight: not where worker->value,
 * which belongs to it, speaks against it; a thin cell can deceive it. */
bool hs_offer_point(hs_worker *worker, const double *z, bool at_sight);
/* Does a set of the tree's rows span modulo the prime? Then it does. */
bool hs_rows_span(hs_worker *worker, const uint64_t *rows);
/* The rank of such a set, not modulo a prime. Overwrites core_rows. */
size_t hs_exact_rank(hs_worker *worker, const uint64_t *rows);

/* ---- branch_stack.c ---- */
hs_status hs_stack_create(hs_worker *worker);
void hs_stack_clear(hs_worker *worker);
uint64_t hs_stack_pivots(const hs_worker *worker);
/* The functions that are false have failed, and the tree too. */
/* At a root, whose sets are for the caller to fill, with a base of no rows. */
bool hs_stack_start(hs_worker *worker);
/* Changes a word of a set of the node. */
void hs_node_change(hs_worker *worker, uint64_t *word, uint64_t bits);
/* Puts a row into a set of the node, or takes it out. */
void hs_node_set(hs_worker *worker, uint64_t *set, size_t row, bool member);
/* Moves a free row into a set of the node. */
void hs_node_fix(hs_worker *worker, uint64_t *set, size_t row);
/* To the node below, where the row is active. */
bool hs_stack_push(hs_worker *worker, size_t row);
/* Back to the node above, where the row is inactive from now on. */
void hs_stack_pop(hs_worker *worker);
/* Gives the alternative of the highest node that has one to somebody who waits. */
void hs_stack_share(hs_worker *worker);

/* ---- branch_node.c ---- */
/* Searches the subtree of the node, a root. */
void hs_node_explore(hs_worker *worker);
/* One node more. */
void hs_worker_count(hs_worker *worker);

/* ---- branch_classes.c ---- */
/* Sets tree->classes and writes the beginning of the proof. *made: false where the rows do not span
 * modulo 3 or there are too many classes. The search that follows ends with tree->capped where
 * classes do not pay. */
hs_status hs_classes_begin(hs_tree *tree, bool *made);
void hs_classes_end(hs_tree *tree);
/* Of the chunks, how many have been taken; -1 without classes. */
double hs_classes_fraction(const hs_tree *tree);
/* Takes chunks of classes until there are none. */
void hs_classes_work(hs_worker *worker);
/* Is worker->core_rows to be kept in the pool for classes? Then hs_sieve_keep does it, sets
 * worker->last_core and returns the core's slot in the proof. */
bool hs_sieve_keeps(const hs_worker *worker);
size_t hs_sieve_keep(hs_worker *worker, size_t count);
uint64_t hs_sieve_pivots(const hs_sieve *sieve);
void hs_sieve_free(hs_sieve *sieve);

/* ---- branch_local.c ---- */
/* Looks for a point with few active rows by local search over maximal sets of rows that can be
 * inactive together; solves: how many systems to solve. Its cores stay in the pool. */
void hs_local_search(hs_worker *worker, size_t solves);

#endif
