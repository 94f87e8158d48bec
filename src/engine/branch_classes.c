/* Classes modulo 3 instead of a tree: which of them can a vector have that is orthogonal to all
 * active rows? See README.md. */
#include "engine/branch.h"

#include "support/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    INNER = 10,             /* digits of the classes that are looked at together */
    MOST_RECORDS = 1 << 21, /* words for these, in all threads together */
    MOST_ROWS = 4096,       /* in larger layers a part of the rows answers, or the tree */
    MOST_SETS = 32,         /* divided at a time: each has at most half of the one before */
    CLASS_WORDS = 32,       /* of the classes of a set in which known cores are used */
    GROUP = 64,             /* cores that are used before what is left is brought together */
    RECENT = 512,           /* new cores that are used in sets that wait */
    GENERAL = 2,            /* divisions ago: rows that were not zero then are better in a core */
    MOST_LEFT = 4096,       /* classes of a chunk that are left to trees */
    SOLVED_SHARE = 3,       /* gives up where one class in so many has to be solved for */
    NODES_SHARE = 100,      /* ... or takes a node of a tree */
    ALWAYS_ALLOWED = 1000   /* of either */
};

/* What the workers share. */
struct hs_class_search {
    hs_classes classes;
    uint64_t first; /* number of chunk 0 in the proof */
    uint64_t solve_limit;
    _Atomic uint64_t next, solves;
};

/* Some living classes of the chunk: records begin..end-1. */
typedef struct class_set {
    size_t begin, end;
    uint64_t *all, *some; /* words: rows that are not zero for all of them, for some of them */
    uint64_t seen;        /* sieve->found when cores were last used in it */
    hs_solver base;       /* smallest point with the rows of `all` inactive */
} class_set;

/* What a worker has of its own. */
struct hs_sieve {
    bool on;          /* cores are put into this pool */
    uint64_t *core;   /* HS_CLASS_POOL x words: their rows */
    uint16_t *member; /* HS_CLASS_POOL x size: the same one by one, then 64 words */
    size_t size;
    uint16_t *list;           /* HS_CLASS_POOL: cores that may be of use in a set */
    uint16_t *hits;           /* GROUP */
    bool *useful;             /* HS_CLASS_POOL: since the hand passed */
    size_t count, hand, last; /* cores; the next to forget; the newest */
    uint64_t *record;         /* classes x words: the rows that are not zero */
    uint64_t *spare;          /* as many */
    uint64_t *masks; /* of a set's classes: (64 words + 1) x their words; the last is of all */
    uint64_t *alive; /* of a set's classes */
    class_set set[MOST_SETS];
    size_t depth;     /* of sets */
    uint64_t *left;   /* MOST_LEFT x 3 words: classes left to trees, as sets of tasks */
    uint64_t *number; /* MOST_LEFT: their numbers in the proof */
    size_t left_count;
    uint64_t *scratch; /* (n + 1) x 2 words */
    uint64_t solves;
    uint64_t found;          /* cores so far */
    uint16_t recent[RECENT]; /* the newest: core k at k modulo RECENT */
};

/* ---- cores ----------------------------------------------------------------------------------- */

bool hs_sieve_keeps(const hs_worker *worker) {
    return worker->sieve != NULL && worker->sieve->on;
}

size_t hs_sieve_keep(hs_worker *worker, size_t count) {
    const hs_tree *tree = worker->tree;
    hs_sieve *sieve = worker->sieve;
    size_t words = tree->words, slot = sieve->count;
    if (sieve->count < HS_CLASS_POOL) {
        sieve->count++;
    } else {
        while (sieve->useful[sieve->hand]) {
            sieve->useful[sieve->hand] = false;
            sieve->hand = (sieve->hand + 1) % HS_CLASS_POOL;
        }
        slot = sieve->hand;
        sieve->hand = (sieve->hand + 1) % HS_CLASS_POOL;
    }
    uint64_t *core = sieve->core + slot * words;
    uint16_t *member = sieve->member + slot * sieve->size;
    size_t members = 0;
    memset(core, 0, words * sizeof *core);
    for (size_t k = 0; k < count; k++) {
        size_t row = worker->core_rows[k];
        if (row >= tree->count) /* a face: no row is ever asked to be active */
            continue;
        hs_bits_set(core, row);
        member[members++] = (uint16_t)row;
    }
    while (members < sieve->size)
        member[members++] = (uint16_t)(64 * words);
    memcpy(worker->last_core, core, words * sizeof *core);
    sieve->useful[slot] = true;
    sieve->last = slot;
    sieve->recent[sieve->found++ % RECENT] = (uint16_t)slot;
    return HS_POOL_SIZE + 1 + slot;
}

/* Are all of these rows in the set? Without a branch that cannot be foreseen, as hs_bits_within has
 * one. */
static bool has_all(const uint64_t *set, const uint64_t *rows, size_t words) {
    uint64_t missing = 0;
    for (size_t w = 0; w < words; w++)
        missing |= rows[w] & ~set[w];
    return missing == 0;
}

/* The cores without rows that are zero for all of the set, the newest first; returns how many. */
static size_t list_cores(const hs_worker *worker, const class_set *set) {
    const hs_sieve *sieve = worker->sieve;
    size_t words = worker->tree->words, count = 0, slot = sieve->last;
    for (size_t k = 0; k < sieve->count; k++) {
        sieve->list[count] = (uint16_t)slot;
        count += has_all(set->some, sieve->core + slot * words, words);
        slot = slot == 0 ? sieve->count - 1 : slot - 1;
    }
    return count;
}

/* ---- sets of classes ------------------------------------------------------------------------- */

static void swap_records(const hs_worker *worker, size_t i, size_t j) {
    size_t words = worker->tree->words;
    uint64_t *a = worker->sieve->record + i * words, *b = worker->sieve->record + j * words;
    for (size_t w = 0; w < words; w++) {
        uint64_t other = a[w];
        a[w] = b[w];
        b[w] = other;
    }
}

static void look_at_rows(const hs_worker *worker, class_set *set) {
    size_t words = worker->tree->words;
    const uint64_t *record = worker->sieve->record;
    for (size_t w = 0; w < words; w++) {
        uint64_t all = ~UINT64_C(0), some = 0;
        for (size_t k = set->begin; k < set->end; k++) {
            all &= record[k * words + w];
            some |= record[k * words + w];
        }
        set->all[w] = all;
        set->some[w] = some;
    }
}

/* ---- solving --------------------------------------------------------------------------------- */

/* Asks for these rows and the faces to be inactive; cores should rather have rows of `general`. */
static void ask_all(hs_worker *worker, const uint64_t *rows, const uint64_t *general) {
    const hs_tree *tree = worker->tree;
    hs_ask_nothing(worker);
    for (size_t i = tree->count; i < tree->total; i++)
        hs_ask(worker, i, 1.0);
    HS_BITS_EACH(i, rows, tree->words)
    hs_ask(worker, i, general != NULL && hs_bits_test(general, i) ? HS_FIXED_PRIORITY : 1.0);
}

/* Classes for which none of these rows is zero are left to a tree. */
static void leave(hs_worker *worker, const uint64_t *rows) {
    hs_sieve *sieve = worker->sieve;
    size_t words = worker->tree->words;
    if (sieve->left_count == MOST_LEFT) {
        hs_tree_give_up(worker->tree);
        return;
    }
    const hs_tree *tree = worker->tree;
    uint64_t number = hs_proof_numbers(tree->proof, 1);
    uint64_t *inactive = sieve->left + sieve->left_count * 3 * words;
    memset(inactive, 0, 3 * words * sizeof *inactive);
    for (size_t i = 0; i < tree->total; i++)
        hs_bits_set(i >= tree->count || hs_bits_test(rows, i) ? inactive : inactive + 2 * words, i);
    sieve->number[sieve->left_count++] = number;
    hs_proof_leave(worker->part, number, rows);
}

/* False: all classes of the set are dead, or left to a tree, or the search stops. */
static bool solve_base(hs_worker *worker, class_set *set) {
    hs_sieve *sieve = worker->sieve;
    size_t before = sieve->depth > GENERAL ? sieve->depth - GENERAL : 0;
    ask_all(worker, set->all, sieve->set[before].all);
    sieve->solves++;
    switch (hs_solve(worker, &set->base)) {
    case HS_SOLVE_FEASIBLE:
        return true;
    case HS_SOLVE_CORE:
        hs_proof_sieve(worker->part, worker->last_slot);
        return false;
    case HS_SOLVE_TROUBLE:
        leave(worker, set->all);
        return false;
    default:
        return false;
    }
}

static void all_alive(hs_sieve *sieve, size_t count) {
    memset(sieve->alive, 0, CLASS_WORDS * sizeof *sieve->alive);
    for (size_t k = 0; k < count; k++)
        hs_bits_set(sieve->alive, k);
}

/* Only the living classes of the set are left in it. */
static void drop_dead(hs_worker *worker, class_set *set) {
    hs_sieve *sieve = worker->sieve;
    size_t words = worker->tree->words, kept = 0;
    uint64_t *record = sieve->record + set->begin * words;
    HS_BITS_EACH(k, sieve->alive, CLASS_WORDS)
    memmove(record + kept++ * words, record + k * words, words * sizeof *record);
    set->end = set->begin + kept;
    all_alive(sieve, kept);
}

/* What the rows are for the set's classes. Returns the words of a row. */
static size_t make_masks(hs_worker *worker, const class_set *set) {
    hs_sieve *sieve = worker->sieve;
    size_t words = worker->tree->words, count = set->end - set->begin;
    size_t width = hs_padded((count + 63) / 64, HS_LANES);
    hs_classes_transpose(sieve->record + set->begin * words, words, count, width, sieve->masks);
    memset(sieve->masks + 64 * words * width, 0xff, width * sizeof *sieve->masks);
    return width;
}

/* Takes classes out for which a core is known that has none of their zero rows. */
static void use_cores(hs_worker *worker, class_set *set) {
    const hs_kernels *kernels = worker->tree->kernels;
    hs_sieve *sieve = worker->sieve;
    size_t count = list_cores(worker, set), left = set->end - set->begin;
    all_alive(sieve, left);
    size_t width = make_masks(worker, set);
    for (size_t at = 0; at < count && left > 0; at += GROUP) {
        size_t group = count - at < GROUP ? count - at : GROUP;
        size_t hits = kernels->strike(sieve->masks, width, sieve->member, sieve->size,
                                      sieve->list + at, group, sieve->alive, sieve->hits);
        for (size_t k = 0; k < hits; k++) {
            sieve->useful[sieve->hits[k]] = true;
            hs_proof_sieve(worker->part, HS_POOL_SIZE + 1 + sieve->hits[k]);
        }
        left = hits > 0 ? hs_bits_count(sieve->alive, width) : left;
        if (left + 64 * HS_LANES <= 64 * width) {
            drop_dead(worker, set);
            width = make_masks(worker, set);
        }
    }
    drop_dead(worker, set);
    look_at_rows(worker, set);
}

/* Takes classes out for which none of the core's rows is zero. Were there any? */
static bool sort_out(const hs_worker *worker, class_set *set, const uint64_t *core) {
    size_t words = worker->tree->words, end = set->end;
    const uint64_t *record = worker->sieve->record;
    for (size_t at = set->begin; at < set->end;) {
        if (has_all(record + at * words, core, words))
            swap_records(worker, at, --set->end);
        else
            at++;
    }
    return set->end < end;
}

/* The cores that have been found since. */
static void use_new_cores(hs_worker *worker, class_set *set) {
    hs_sieve *sieve = worker->sieve;
    bool any = false;
    for (uint64_t k = sieve->found - set->seen > RECENT ? sieve->found - RECENT : set->seen;
         k < sieve->found; k++) {
        size_t slot = sieve->recent[k % RECENT];
        if (!sort_out(worker, set, sieve->core + slot * worker->tree->words))
            continue;
        hs_proof_sieve(worker->part, HS_POOL_SIZE + 1 + slot);
        any = true;
    }
    set->seen = sieve->found;
    if (any)
        look_at_rows(worker, set);
}

/* The row to divide by: the one that is farthest from inactive at the point of those that are not
 * zero for all. */
static size_t dividing_row(const hs_worker *worker, const class_set *set) {
    size_t row = SIZE_MAX;
    float most = -INFINITY;
    for (size_t w = 0; w < worker->tree->words; w++)
        for (uint64_t rest = set->some[w] & ~set->all[w]; rest != 0; rest &= rest - 1) {
            size_t i = 64 * w + (size_t)__builtin_ctzll(rest);
            if (worker->value[i] > most) {
                most = worker->value[i];
                row = i;
            }
        }
    return row;
}

/* Classes with the row not zero come last; returns how many come first. No branch depends on a
 * class: it could not be foreseen. */
static inline __attribute__((always_inline)) size_t
sort_by_row(uint64_t *record, size_t count, size_t words, size_t row, uint64_t *spare) {
    size_t zeros = 0, others = 0;
    for (size_t k = 0; k < count; k++) {
        const uint64_t *from = record + k * words;
        size_t other = from[row / 64] >> (row % 64) & 1;
        for (size_t w = 0; w < words; w++) {
            uint64_t bits = from[w];
            spare[others * words + w] = bits;
            record[zeros * words + w] = bits;
        }
        others += other;
        zeros += 1 - other;
    }
    memcpy(record + zeros * words, spare, others * words * sizeof *record);
    return zeros;
}

/* Divides the set at sieve->depth by whether the row is zero: the smaller part into a set of its
 * own, the rest stays. */
static void divide(hs_worker *worker, size_t row) {
    const hs_tree *tree = worker->tree;
    hs_sieve *sieve = worker->sieve;
    class_set *set = &sieve->set[sieve->depth], *part = set + 1;
    size_t words = tree->words, count = set->end - set->begin;
    uint64_t *record = sieve->record + set->begin * words;
    size_t middle =
        set->begin + (words == 1   ? sort_by_row(record, count, 1, row, sieve->spare)
                      : words == 2 ? sort_by_row(record, count, 2, row, sieve->spare)
                                   : sort_by_row(record, count, words, row, sieve->spare));
    bool zero_first = middle - set->begin < set->end - middle;
    hs_proof_divide(worker->part, row, zero_first);
    part->begin = zero_first ? set->begin : middle;
    part->end = zero_first ? middle : set->end;
    part->seen = set->seen;
    *(zero_first ? &set->begin : &set->end) = middle;
    look_at_rows(worker, part);
    look_at_rows(worker, set);
    hs_solver_copy(tree, &part->base, &set->base);
}

/* Proves all classes of the set at sieve->depth, or leaves them to trees. A node is a set until
 * cores have been used in it; what they leave is divided until new cores close it. */
static void close_set(hs_worker *worker, bool cores_used) {
    hs_sieve *sieve = worker->sieve;
    class_set *set = &sieve->set[sieve->depth];
    while (!hs_tree_stopped(worker->tree)) {
        if (!cores_used) {
            hs_worker_count(worker);
            cores_used = set->end - set->begin <= 64 * CLASS_WORDS;
            if (cores_used)
                use_cores(worker, set);
            set->seen = sieve->found;
        } else if (set->seen < sieve->found) {
            use_new_cores(worker, set);
        }
        if (set->begin == set->end || !solve_base(worker, set))
            break;
        size_t row = dividing_row(worker, set);
        if (row == SIZE_MAX) { /* one class */
            leave(worker, set->all);
            break;
        }
        divide(worker, row);
        sieve->depth++;
        close_set(worker, cores_used);
        sieve->depth--;
    }
    hs_proof_close(worker->part);
}

static void close_chunk(hs_worker *worker, uint64_t chunk, uint8_t *digits) {
    hs_tree *tree = worker->tree;
    hs_sieve *sieve = worker->sieve;
    class_set *set = &sieve->set[0];
    const hs_classes *classes = &tree->classes->classes;
    hs_classes_digits(classes, chunk, digits);
    set->begin = 0;
    set->end = hs_classes_load(classes, chunk, digits, sieve->record, sieve->scratch);
    hs_proof_chunk(worker->part, tree->classes->first + chunk, classes->basis, classes->active,
                   classes->outer, digits);
    look_at_rows(worker, set);
    hs_solver_reset(tree, &set->base);
    sieve->depth = sieve->left_count = 0;
    sieve->on = true;
    close_set(worker, false);
    sieve->on = false;
    for (size_t k = 0; k < sieve->left_count && !hs_tree_stopped(tree); k++)
        hs_worker_search(worker, sieve->number[k], 0, sieve->left + k * 3 * tree->words);
}

static hs_status create_sieve(hs_worker *worker) {
    const hs_tree *tree = worker->tree;
    const hs_classes *classes = &tree->classes->classes;
    hs_sieve *sieve = worker->sieve = hs_allocate(1, sizeof *sieve);
    size_t words = tree->words;
    if (sieve == NULL)
        return HS_NO_MEMORY;
    sieve->core = hs_allocate_matrix(HS_CLASS_POOL, words, sizeof *sieve->core);
    sieve->size = tree->d + 2;
    sieve->member = hs_allocate_matrix(HS_CLASS_POOL, sieve->size, sizeof *sieve->member);
    sieve->list = hs_allocate(HS_CLASS_POOL, sizeof *sieve->list);
    sieve->hits = hs_allocate(GROUP, sizeof *sieve->hits);
    sieve->alive = hs_allocate(CLASS_WORDS, sizeof *sieve->alive);
    sieve->useful = hs_allocate(HS_CLASS_POOL, sizeof *sieve->useful);
    sieve->record = hs_allocate_matrix(hs_classes_most(classes), words, sizeof *sieve->record);
    sieve->spare = hs_allocate_matrix(hs_classes_most(classes), words, sizeof *sieve->spare);
    sieve->masks = hs_allocate_matrix(64 * words + 1, CLASS_WORDS, sizeof *sieve->masks);
    sieve->left = hs_allocate_matrix(MOST_LEFT, 3 * words, sizeof *sieve->left);
    sieve->number = hs_allocate(MOST_LEFT, sizeof *sieve->number);
    sieve->scratch = hs_allocate_matrix(2 * (tree->n + 1), words, sizeof *sieve->scratch);
    bool enough = sieve->core != NULL && sieve->member != NULL && sieve->list != NULL &&
                  sieve->hits != NULL && sieve->alive != NULL && sieve->useful != NULL &&
                  sieve->record != NULL && sieve->spare != NULL && sieve->masks != NULL &&
                  sieve->left != NULL && sieve->number != NULL && sieve->scratch != NULL;
    for (class_set *set = sieve->set; set < sieve->set + MOST_SETS && enough; set++) {
        set->all = hs_allocate(2 * words, sizeof *set->all);
        enough = set->all != NULL && hs_solver_create(tree, &set->base) == HS_OK;
        set->some = enough ? set->all + words : NULL;
    }
    return enough ? HS_OK : HS_NO_MEMORY;
}

void hs_sieve_free(hs_sieve *sieve) {
    if (sieve == NULL)
        return;
    for (class_set *set = sieve->set; set < sieve->set + MOST_SETS; set++) {
        free(set->all);
        hs_solver_clear(&set->base);
    }
    free(sieve->core);
    free(sieve->member);
    free(sieve->list);
    free(sieve->hits);
    free(sieve->alive);
    free(sieve->useful);
    free(sieve->record);
    free(sieve->spare);
    free(sieve->masks);
    free(sieve->left);
    free(sieve->number);
    free(sieve->scratch);
    free(sieve);
}

uint64_t hs_sieve_pivots(const hs_sieve *sieve) {
    uint64_t pivots = 0;
    for (size_t k = 0; sieve != NULL && k < MOST_SETS; k++)
        pivots += hs_solver_pivots(&sieve->set[k].base);
    return pivots;
}

void hs_classes_work(hs_worker *worker) {
    hs_tree *tree = worker->tree;
    hs_class_search *search = tree->classes;
    uint8_t *digits = hs_allocate(search->classes.outer, 1);
    hs_status status = digits == NULL ? HS_NO_MEMORY : create_sieve(worker);
    if (status != HS_OK)
        hs_tree_fail(tree, status);
    hs_proof_rows(worker->part);
    while (!hs_tree_stopped(tree)) {
        uint64_t chunk = atomic_fetch_add(&search->next, 1);
        if (chunk >= search->classes.chunks)
            break;
        close_chunk(worker, chunk, digits);
        uint64_t solves = atomic_fetch_add(&search->solves, worker->sieve->solves);
        if (solves + worker->sieve->solves > search->solve_limit)
            hs_tree_give_up(tree);
        worker->sieve->solves = 0;
    }
    if (hs_tree_stopped(tree))
        hs_tree_leave_open(tree, search->classes.active);
    free(digits);
}

double hs_classes_fraction(const hs_tree *tree) {
    const hs_class_search *search = tree->classes;
    if (search == NULL || search->classes.chunks == 0)
        return -1.0;
    double share = (double)atomic_load(&search->next) / (double)search->classes.chunks;
    return share < 1.0 ? share : 1.0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Rows that cannot be inactive by themselves are active everywhere. */
static void find_active(hs_worker *worker, uint64_t *active) {
    hs_tree *tree = worker->tree;
    ask_all(worker, active, NULL);
    for (size_t i = 0; i < tree->count && !hs_tree_stopped(tree); i++) {
        hs_ask(worker, i, 1.0);
        hs_solver_reset(tree, &worker->work);
        if (hs_solve(worker, &worker->work) == HS_SOLVE_CORE) {
            hs_proof_unit(worker->part, worker->last_slot);
            hs_bits_set(active, i);
        }
        hs_ask(worker, i, 0.0);
    }
}

/* Chunks of as many classes as memory allows. */
static size_t inner_digits(const hs_tree *tree) {
    size_t inner = 0, records = tree->words * hs_thread_count(tree);
    while (inner < INNER && 3 * records <= MOST_RECORDS) {
        records *= 3;
        inner++;
    }
    return inner;
}

static hs_status begin(hs_tree *tree, hs_worker *worker, uint64_t *active, bool *made) {
    hs_class_search *search = tree->classes;
    const hs_classes *classes = &search->classes;
    bool cone = tree->total == tree->count && tree->problem->beta == NULL;
    hs_proof_segment(worker->part, hs_proof_numbers(tree->proof, 1), active, active);
    if (!cone)
        find_active(worker, active);
    hs_status status =
        hs_classes_create(tree->problem->layer->weight, tree->row_of, tree->count, tree->n, active,
                          tree->words, inner_digits(tree), &search->classes, made);
    *made = *made && classes->outer + classes->inner <= HS_CLASS_COLUMNS;
    if (status != HS_OK || !*made)
        return status;
    double all = (double)classes->chunks * (double)hs_classes_most(classes);
    search->solve_limit = ALWAYS_ALLOWED + (uint64_t)(all / SOLVED_SHARE);
    tree->node_cap =
        atomic_load(&tree->node_count) + ALWAYS_ALLOWED + (uint64_t)(all / NODES_SHARE);
    search->first = hs_proof_numbers(tree->proof, classes->chunks);
    hs_proof_classes(worker->part, classes->basis, classes->active + classes->outer, search->first);
    return HS_OK;
}

hs_status hs_classes_begin(hs_tree *tree, bool *made) {
    hs_worker worker;
    uint64_t *active = hs_allocate(tree->words, sizeof *active);
    tree->classes = hs_allocate(1, sizeof *tree->classes);
    hs_status status = tree->classes != NULL && active != NULL ? HS_OK : HS_NO_MEMORY;
    *made = false;
    if (status == HS_OK && tree->count <= MOST_ROWS) {
        status = hs_worker_create(tree, &worker);
        if (status == HS_OK)
            status = begin(tree, &worker, active, made);
        tree->pivots += hs_worker_pivots(&worker);
        hs_worker_clear(&worker);
    }
    free(active);
    return status == HS_OK ? tree->status : status;
}

void hs_classes_end(hs_tree *tree) {
    if (tree->classes != NULL)
        hs_classes_clear(&tree->classes->classes);
    free(tree->classes);
    tree->classes = NULL;
}
