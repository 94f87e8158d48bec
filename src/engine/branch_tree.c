/* What the workers share, and the workers: set-up, threads, giving nodes away. */
#include "engine/branch.h"

#include "geometry/glpk_session.h"
#include "geometry/rank.h"
#include "support/allocate.h"
#include "support/error.h"
#include "support/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Inactive rows are held at a.z + beta <= -margin. In a cone every margin is right (scale the
 * point); in a ball it is a tolerance, and what it hides is settled in exact arithmetic. */
static const double cone_margin = 1.0;
static const double ball_margin = 1e-9;

static bool allocate_tree(hs_tree *tree) {
    bool ball = tree->problem->beta != NULL;
    bool spans = tree->goal == HS_GOAL_SPAN, low = tree->problem->system.low != NULL;
    bool turned = !tree->narrow || tree->d * tree->padded <= HS_COLUMN_SIZE;
    bool all = tree->count == tree->problem->m;
    if (turned) {
        tree->offset = aligned_alloc(64, tree->padded * sizeof *tree->offset);
        tree->columns = aligned_alloc(64, tree->d * tree->padded * sizeof *tree->columns);
    }
    if (!all)
        tree->signed_a = hs_allocate_matrix(tree->total, tree->d, sizeof *tree->signed_a);
    if (!all && low)
        tree->signed_low = hs_allocate_matrix(tree->total, tree->d, sizeof *tree->signed_low);
    tree->signed_beta = ball ? hs_allocate(2 * tree->total, sizeof *tree->signed_beta) : NULL;
    tree->unit = hs_allocate_matrix(spans ? tree->count : 0, tree->n, sizeof *tree->unit);
    tree->residues = hs_allocate_matrix(spans ? tree->count : 0, tree->n, sizeof *tree->residues);
    tree->point = hs_allocate(tree->d, sizeof *tree->point);
    return (!turned || (tree->columns != NULL && tree->offset != NULL)) &&
           (all || tree->signed_a != NULL) && (all || !low || tree->signed_low != NULL) &&
           (!ball || tree->signed_beta != NULL) && tree->unit != NULL && tree->residues != NULL &&
           tree->point != NULL;
}

static void load_row(hs_tree *tree, size_t to, size_t from) {
    const hs_system *system = &tree->problem->system;
    size_t d = tree->d;
    double beta = system->beta != NULL ? system->beta[from] : 0.0;
    const double *a = system->a + from * d;
    for (size_t j = 0; j < d; j++)
        tree->largest_entry = fmax(tree->largest_entry, fabs(a[j]));
    for (size_t j = 0; tree->columns != NULL && j < d; j++)
        tree->columns[j * tree->padded + to] = a[j];
    if (tree->signed_a != NULL)
        memcpy(tree->signed_a + to * d, a, d * sizeof *a);
    if (tree->signed_low != NULL)
        memcpy(tree->signed_low + to * d, system->low + from * d, d * sizeof *a);
    if (tree->offset != NULL)
        tree->offset[to] = beta;
    if (tree->signed_beta != NULL) {
        tree->signed_beta[to] = beta;
        tree->signed_beta[to + tree->total] = -beta;
    }
}

static void load_unit_row(hs_tree *tree, size_t to, size_t from) {
    const double *weight = tree->problem->layer->weight + from * tree->n;
    double largest = 0.0, square = 0.0;
    for (size_t j = 0; j < tree->n; j++)
        largest = fmax(largest, fabs(weight[j]));
    for (size_t j = 0; j < tree->n; j++)
        square += (weight[j] / largest) * (weight[j] / largest);
    for (size_t j = 0; j < tree->n; j++)
        tree->unit[to * tree->n + j] = weight[j] / largest / sqrt(square);
    hs_residues(weight, tree->n, tree->residues + to * tree->n);
}

hs_status hs_tree_create(const hs_problem *problem, hs_run *run, hs_goal goal, size_t target,
                         hs_tree *tree, hs_error *error) {
    *tree = (hs_tree){.problem = problem, .run = run, .goal = goal, .error = error};
    tree->by_count = goal == HS_GOAL_COUNT;
    tree->n = problem->n;
    tree->d = problem->system.d;
    tree->stride = hs_padded(tree->d, HS_LANES);
    tree->kernels = hs_kernels_choose();
    size_t base = 2 * tree->stride * tree->d * sizeof(double);
    tree->bases = base > 0 && HS_BASE_BYTES / base < HS_BASES ? HS_BASE_BYTES / base : HS_BASES;
    tree->bases = tree->bases < 2 ? 2 : tree->bases;
    tree->narrow = problem->beta == NULL && tree->d <= HS_CONE_STRIDE;
    tree->row_of = hs_allocate(problem->m, sizeof *tree->row_of);
    if (tree->row_of == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a search tree");
    for (size_t i = 0; i < problem->m; i++)
        if (!problem->zero_row[i])
            tree->row_of[tree->count++] = i;
    tree->total = tree->count + problem->faces;
    tree->padded = hs_padded(tree->total > 0 ? tree->total : 1, HS_PRICING_BLOCK);
    tree->words = (tree->total + 64) / 64;
    if (!allocate_tree(tree)) {
        hs_tree_clear(tree);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a search tree of %zu rows", problem->m);
    }
    if (tree->columns != NULL) {
        memset(tree->columns, 0, tree->d * tree->padded * sizeof *tree->columns);
        memset(tree->offset, 0, tree->padded * sizeof *tree->offset);
    }
    for (size_t k = 0; k < tree->count; k++) {
        load_row(tree, k, tree->row_of[k]);
        if (goal == HS_GOAL_SPAN)
            load_unit_row(tree, k, tree->row_of[k]);
    }
    for (size_t k = 0; k < problem->faces; k++)
        load_row(tree, tree->count + k, problem->m + k);
    double radius = problem->system.radius;
    tree->margin = problem->beta != NULL ? ball_margin : cone_margin;
    tree->limit = problem->beta != NULL ? radius * radius : INFINITY;
    tree->signed_rows =
        (hs_system){.d = tree->d,
                    .rows = 2 * tree->total,
                    .a = tree->signed_a != NULL ? tree->signed_a : problem->system.a,
                    .beta = tree->signed_beta,
                    .low = tree->signed_a != NULL ? tree->signed_low : problem->system.low,
                    .mirrored = tree->total,
                    .radius = radius};
    if (tree->narrow && hs_cone_rows_create(tree->d, tree->total, tree->signed_rows.a,
                                            tree->columns != NULL, &tree->cone_rows) != HS_OK) {
        hs_tree_clear(tree);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a search tree of %zu rows", problem->m);
    }
    atomic_init(&tree->target, target);
    atomic_init(&tree->wanted, target);
    atomic_init(&tree->found, false);
    atomic_init(&tree->hungry, false);
    atomic_init(&tree->node_count, 0);
    tree->point_active = tree->open_bound = tree->unseen = SIZE_MAX;
    pthread_mutex_init(&tree->poll, NULL);
    pthread_mutex_init(&tree->lock, NULL);
    pthread_cond_init(&tree->changed, NULL);
    return HS_OK;
}

static void forget_tasks(hs_tree *tree) {
    while (tree->tasks != NULL) {
        hs_task *next = tree->tasks->next;
        free(tree->tasks);
        tree->tasks = next;
    }
    tree->task_count = 0;
}

void hs_tree_clear(hs_tree *tree) {
    free(tree->row_of);
    free(tree->columns);
    free(tree->offset);
    free(tree->signed_a);
    free(tree->signed_beta);
    free(tree->signed_low);
    free(tree->unit);
    free(tree->residues);
    free(tree->point);
    hs_cone_rows_clear(&tree->cone_rows);
    forget_tasks(tree);
}

hs_status hs_worker_create(hs_tree *tree, hs_worker *worker) {
    size_t words = tree->words;
    *worker = (hs_worker){.tree = tree, .random = 0x9e3779b97f4a7c15u};
    size_t arrays = tree->local_solves > 0 ? 7 : 5;
    worker->want = aligned_alloc(64, arrays * tree->padded * sizeof *worker->want);
    worker->wide_values = aligned_alloc(64, 3 * tree->padded * sizeof *worker->wide_values);
    worker->z = hs_allocate(tree->stride, sizeof *worker->z);
    worker->packed.begin = hs_allocate(tree->count + 2, sizeof *worker->packed.begin);
    worker->packed.row = hs_allocate(tree->count + 1, sizeof *worker->packed.row);
    worker->open = hs_allocate(tree->stride + 2, sizeof *worker->open);
    worker->packed_slot = hs_allocate(tree->count + 2, sizeof *worker->packed_slot);
    worker->union_bits = hs_allocate_matrix(6, words, sizeof(uint64_t));
    worker->core_rows = hs_allocate(2 * tree->total + 2, sizeof *worker->core_rows);
    worker->core_weights = hs_allocate(2 * tree->total + 2, sizeof *worker->core_weights);
    worker->last_z = hs_allocate(tree->stride, sizeof *worker->last_z);
    if (worker->want == NULL || worker->wide_values == NULL || worker->z == NULL ||
        worker->packed.begin == NULL || worker->packed.row == NULL || worker->open == NULL ||
        worker->packed_slot == NULL || worker->union_bits == NULL || worker->core_rows == NULL ||
        worker->core_weights == NULL || worker->last_z == NULL)
        return HS_NO_MEMORY;
    memset(worker->want, 0, arrays * tree->padded * sizeof *worker->want);
    worker->slack = worker->want + tree->padded;
    worker->value = worker->slack + tree->padded;
    worker->base_value = worker->value + tree->padded;
    worker->score = worker->base_value + tree->padded;
    worker->local_want = arrays > 5 ? worker->score + tree->padded : NULL;
    worker->scratch_bits = worker->union_bits + words;
    worker->allowed = worker->scratch_bits + words;
    worker->outside = worker->allowed + words;
    worker->doubtful = worker->outside + words;
    worker->last_core = worker->doubtful + words;
    hs_status status = hs_stack_create(worker);
    if (status == HS_OK)
        status = hs_solver_create(tree, &worker->work);
    if (status == HS_OK && tree->narrow)
        status = hs_minnorm_create(tree->d, &worker->wide, NULL);
    if (status == HS_OK)
        status = hs_pool_create(worker);
    if (status == HS_OK)
        status = hs_modular_basis_create(tree->n, &worker->basis, NULL);
    worker->part = hs_proof_part_begin(tree->proof);
    return status == HS_OK ? hs_transversal_create(worker) : status;
}

void hs_worker_clear(hs_worker *worker) {
    hs_stack_clear(worker);
    hs_solver_clear(&worker->work);
    hs_minnorm_clear(&worker->wide);
    free(worker->want);
    free(worker->wide_values);
    free(worker->z);
    hs_pool_clear(worker);
    free(worker->packed.begin);
    free(worker->packed.row);
    free(worker->open);
    free(worker->packed_slot);
    free(worker->union_bits);
    free(worker->core_rows);
    free(worker->core_weights);
    free(worker->last_z);
    hs_modular_basis_clear(&worker->basis);
    hs_transversal_clear(worker);
    hs_sieve_free(worker->sieve);
    hs_proof_part_end(worker->part);
}

void hs_worker_search(hs_worker *worker, uint64_t number, size_t bound, const uint64_t *sets) {
    size_t words = worker->tree->words;
    hs_node *node = &worker->node;
    if (!hs_stack_start(worker))
        return;
    memcpy(node->inactive, sets, 3 * words * sizeof *sets);
    memset(node->ignored, 0, words * sizeof *sets);
    worker->stack.frame[0].bound = bound;
    hs_proof_segment(worker->part, number, node->inactive, node->active);
    hs_node_explore(worker);
}

uint64_t hs_worker_pivots(const hs_worker *worker) {
    return worker->pivots + hs_solver_pivots(&worker->work) + worker->wide.pivots +
           hs_stack_pivots(worker) + hs_sieve_pivots(worker->sieve);
}

void hs_tree_offer(hs_tree *tree, const double *z, size_t active) {
    pthread_mutex_lock(&tree->lock);
    if (!tree->has_point || active < tree->point_active) {
        memcpy(tree->point, z, tree->d * sizeof *z);
        tree->point_active = active;
        tree->has_point = true;
        if (tree->goal == HS_GOAL_COUNT) {
            atomic_store(&tree->wanted, active);
            if (active < atomic_load(&tree->target))
                atomic_store(&tree->target, active);
        }
    }
    if (tree->goal == HS_GOAL_SPAN)
        atomic_store(&tree->found, true);
    pthread_cond_broadcast(&tree->changed);
    pthread_mutex_unlock(&tree->lock);
}

void hs_tree_fail(hs_tree *tree, hs_status status) {
    pthread_mutex_lock(&tree->lock);
    if (tree->status == HS_OK)
        tree->status =
            hs_fail(tree->error, status, "the search tree: %s", hs_status_message(status));
    atomic_store(&tree->found, true);
    pthread_cond_broadcast(&tree->changed);
    pthread_mutex_unlock(&tree->lock);
}

void hs_tree_leave_open(hs_tree *tree, size_t bound) {
    pthread_mutex_lock(&tree->lock);
    if (bound < tree->open_bound)
        tree->open_bound = bound;
    pthread_mutex_unlock(&tree->lock);
}

void hs_tree_doubt(hs_tree *tree) {
    pthread_mutex_lock(&tree->lock);
    tree->unproven = true;
    pthread_mutex_unlock(&tree->lock);
}

void hs_tree_give_up(hs_tree *tree) {
    pthread_mutex_lock(&tree->lock);
    tree->capped = true;
    atomic_store(&tree->found, true);
    pthread_mutex_unlock(&tree->lock);
}

void hs_tree_unseen(hs_tree *tree, size_t active) {
    if (tree->goal == HS_GOAL_SPAN) {
        hs_tree_doubt(tree);
        return;
    }
    pthread_mutex_lock(&tree->lock);
    if (active < tree->unseen)
        tree->unseen = active;
    pthread_mutex_unlock(&tree->lock);
}

bool hs_tree_too_large(hs_tree *tree) {
    if (tree->d <= HS_EXACT_DIMENSIONS)
        return false;
    pthread_mutex_lock(&tree->lock);
    tree->too_large = tree->unproven = true;
    atomic_store(&tree->found, true);
    pthread_mutex_unlock(&tree->lock);
    return true;
}

bool hs_tree_stopped(const hs_tree *tree) {
    return atomic_load_explicit(&tree->found, memory_order_relaxed) ||
           atomic_load_explicit(&tree->run->stopped, memory_order_relaxed);
}

void hs_worker_poll(hs_worker *worker) {
    hs_tree *tree = worker->tree;
    worker->effort = 0;
    if (pthread_mutex_trylock(&tree->poll) != 0)
        return; /* somebody else is at it */
    hs_progress progress = {
        .fraction = hs_classes_fraction(tree), .phase = "branch", .active_lower = tree->proven};
    hs_run_should_stop(tree->run, atomic_load(&tree->node_count), &progress);
    pthread_mutex_unlock(&tree->poll);
}

/* ---- threads -------------------------------------------------------------------------------- */

bool hs_tree_give(hs_tree *tree, const uint64_t *inactive, const uint64_t *active,
                  const uint64_t *free_rows, size_t bound, uint64_t *number) {
    size_t words = tree->words;
    hs_task *task = malloc(sizeof *task + 3 * words * sizeof(uint64_t));
    if (task == NULL)
        return false;
    task->bound = bound;
    memcpy(task->sets, inactive, words * sizeof(uint64_t));
    memcpy(task->sets + words, active, words * sizeof(uint64_t));
    memcpy(task->sets + 2 * words, free_rows, words * sizeof(uint64_t));
    *number = task->number = hs_proof_numbers(tree->proof, 1);
    pthread_mutex_lock(&tree->lock);
    task->next = tree->tasks;
    tree->tasks = task;
    tree->task_count++;
    atomic_store(&tree->hungry, tree->waiting > tree->task_count);
    pthread_cond_signal(&tree->changed);
    pthread_mutex_unlock(&tree->lock);
    return true;
}

/* The next task, or NULL when the tree is finished or stopped. */
static hs_task *take(hs_tree *tree) {
    hs_task *task = NULL;
    pthread_mutex_lock(&tree->lock);
    tree->waiting++;
    while (tree->tasks == NULL && tree->waiting < tree->workers && !hs_tree_stopped(tree)) {
        atomic_store(&tree->hungry, true);
        pthread_cond_wait(&tree->changed, &tree->lock);
    }
    if (tree->tasks != NULL && !hs_tree_stopped(tree)) {
        task = tree->tasks;
        tree->tasks = task->next;
        tree->task_count--;
        tree->waiting--;
        atomic_store(&tree->hungry, tree->waiting > tree->task_count);
    } else {
        pthread_cond_broadcast(&tree->changed);
    }
    pthread_mutex_unlock(&tree->lock);
    return task;
}

/* Threads beyond the processors take turns: all together they do not search longer. */
static size_t own_solves(const hs_tree *tree) {
    size_t threads = hs_thread_count(tree), cores = hs_processor_count();
    return threads > cores ? tree->local_solves * cores / threads : tree->local_solves;
}

static void *work(void *argument) {
    hs_tree *tree = argument;
    hs_worker worker;
    hs_glpk_session glpk; /* witnesses are centred by linear programs */
    bool session = hs_glpk_begin(&glpk, NULL) == HS_OK;
    hs_status status = hs_worker_create(tree, &worker);
    if (status == HS_OK && !session)
        status = HS_NO_MEMORY;
    if (status != HS_OK)
        hs_tree_fail(tree, status);
    pthread_mutex_lock(&tree->lock);
    worker.random += 0x632be59bd9b4e019u * (++tree->started + tree->run->settings->seed);
    pthread_mutex_unlock(&tree->lock);
    worker.random |= 1;
    if (status == HS_OK && tree->local_solves > 0)
        hs_local_search(&worker, own_solves(tree));
    if (status == HS_OK && tree->classes != NULL)
        hs_classes_work(&worker);
    for (hs_task *task = take(tree); task != NULL; task = take(tree)) {
        if (status == HS_OK)
            hs_worker_search(&worker, task->number, task->bound, task->sets);
        free(task);
    }
    pthread_mutex_lock(&tree->lock);
    tree->nodes += worker.nodes;
    tree->pivots += hs_worker_pivots(&worker);
    pthread_mutex_unlock(&tree->lock);
    hs_worker_clear(&worker);
    if (session)
        hs_glpk_end(&glpk);
    return NULL;
}

static bool give_root(hs_tree *tree) {
    uint64_t *sets = hs_allocate_matrix(3, tree->words, sizeof *sets);
    if (sets == NULL)
        return false;
    for (size_t i = 0; i < tree->total; i++)
        hs_bits_set(i < tree->count ? sets + 2 * tree->words : sets, i);
    uint64_t number;
    bool given = hs_tree_give(tree, sets, sets + tree->words, sets + 2 * tree->words, 0, &number);
    free(sets);
    return given;
}

size_t hs_thread_count(const hs_tree *tree) {
    const hs_settings *settings = tree->run->settings;
    long cores = settings->threads > 0 ? (long)settings->threads : sysconf(_SC_NPROCESSORS_ONLN);
    size_t square = tree->stride * tree->stride * sizeof(double);
    size_t worker = square * (2 * tree->bases + 12) + 80 * tree->padded + HS_WORKER_BYTES / 128;
    size_t most = worker < HS_WORKER_BYTES ? HS_WORKER_BYTES / worker : 1; /* about as it is */
    return cores < 1 ? 1 : (size_t)cores < most ? (size_t)cores : most;
}

hs_status hs_tree_search(hs_tree *tree) {
    size_t wanted = hs_thread_count(tree), started = 0;
    pthread_t *threads = hs_allocate(wanted, sizeof *threads);
    if (threads == NULL || (tree->classes == NULL && !give_root(tree))) {
        free(threads);
        return hs_fail(tree->error, HS_NO_MEMORY, "no memory for a search tree");
    }
    tree->workers = wanted;
    for (size_t k = 1; k < wanted; k++) {
        if (pthread_create(&threads[started], NULL, work, tree) == 0) {
            started++;
        } else {
            pthread_mutex_lock(&tree->lock);
            tree->workers--;
            pthread_mutex_unlock(&tree->lock);
        }
    }
    work(tree);
    for (size_t k = 0; k < started; k++)
        pthread_join(threads[k], NULL);
    for (const hs_task *task = tree->tasks; task != NULL; task = task->next)
        hs_tree_leave_open(tree, task->bound);
    free(threads);
    return tree->status;
}

void hs_tree_restart(hs_tree *tree, bool by_count, size_t target) {
    forget_tasks(tree);
    tree->by_count = by_count;
    atomic_store(&tree->target, target);
    atomic_store(&tree->found, false);
    atomic_store(&tree->hungry, false);
    tree->waiting = tree->started = 0;
    tree->open_bound = SIZE_MAX;
    tree->unproven = tree->too_large = tree->capped = false;
}

hs_status hs_tree_raise(hs_tree *tree, size_t target) {
    bool by_count = tree->by_count, going_on = true;
    hs_status status = HS_OK;
    while (going_on && tree->proven < target && tree->proven < tree->point_active &&
           tree->proven < tree->unseen) {
        size_t next = tree->proven + 1;
        hs_tree_restart(tree, true, next);
        status = hs_tree_search(tree);
        going_on = status == HS_OK && !hs_tree_stopped(tree) && !tree->unproven;
        if (going_on && tree->point_active >= next && tree->unseen >= next)
            tree->proven = next;
    }
    if (status == HS_OK && !hs_tree_stopped(tree))
        hs_tree_restart(tree, by_count, by_count ? tree->point_active : tree->n);
    return status;
}
