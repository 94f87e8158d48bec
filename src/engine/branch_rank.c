/* Count is not rank: the proof that disjoint cores force the active rows to span.
 *
 * With D fixed active and one active row in each of k = n - rank(D) groups, the active rows span if
 * every transversal (one row of each group) is independent modulo span(D). All rows are scaled to
 * norm 1, so a transversal is a determinant of at most 1: orthogonal reflections take the rows of D
 * away, then one group after the other, and the last three groups are triple products; where four
 * are left, single precision is tried first, with its own bound (HS_GROUP_ERROR). Reflections are
 * backward stable: the computed determinant is that of rows changed by at most c n^(3/2) eps, and a
 * matrix with unit rows has smallest singular value >= |det| e^(-1/2) (Hong, Pan, A lower bound for
 * the smallest singular value, Linear Algebra Appl. 172, 1992). So |det| > 256 n^2 eps is a proof;
 * smaller ones are settled modulo a prime, where "independent" is a proof too, each by itself. */
#include "engine/branch.h"

#include "support/allocate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CAREFUL_ROWS = 2000,     /* reduced modulo a prime for one proof: at most so many */
    HS_TRANSVERSAL_DIMS = 64 /* larger layers are out of reach of this engine anyway */
};

/* Rows this close to zero or to another, at length 1, are nearly dependent. */
static const double nearly = 1e-8;

/* Rows of D whose part orthogonal to the others is below this are left out: fewer rows of D only
 * means that more groups are needed. */
static const double weak_row = 1e-4;

/* Two rows of a group that are parallel modulo a prime and, to this accuracy, in floating point
 * count once, the shorter one: what either arithmetic proves of it holds for the other as well. */
static const double parallel_accuracy = 1e-14;

typedef struct hs_transversal {
    size_t pitch;        /* columns of a level, padded */
    size_t columns;      /* used */
    double *level;       /* (n + 1) levels of n x pitch coordinates */
    double *fixed;       /* n: a row of D */
    double *reflections; /* n x n: those that take the rows of D away */
    double *betas;       /* n */
    double *low;         /* pitch: smallest determinants through the rows of the last group */
    uint32_t *row;       /* pitch: the row of each column */
    bool *dependent;     /* pitch: a row of the last group is in a transversal that is not proven */
    bool together;       /* one such row is as bad as all of them */
    size_t *begin, *end; /* n + 1: columns of each group; group 0 is the last in the search */
    size_t *chosen;      /* n + 1: the column chosen from each group on the way */
    size_t *held;        /* n + 1: ... and those that the basis holds after D, */
    size_t held_from;    /* from place dims - 1 down to this one */
    size_t dims;         /* groups in the search */
    double work;         /* multiplications that it would take */
    size_t *group;       /* count + 2: which packed groups, by size */
    size_t kept;         /* rows of D taken */
    uint32_t *kept_row;  /* n */
    double determinant;  /* of the rows of D */
    double threshold;
    hs_modular_basis basis; /* begins with the rows of D, where `based` */
    uint64_t *reduced;      /* pitch x n: the columns modulo these, where `columns_reduced` */
    bool based, columns_reduced;
    size_t careful_rows; /* left */
} hs_transversal;

hs_status hs_transversal_create(hs_worker *worker) {
    const hs_tree *tree = worker->tree;
    size_t n = tree->n, pitch = (tree->count + 9 * HS_LANES) / HS_LANES * HS_LANES;
    hs_transversal *t = hs_allocate(1, sizeof *t);
    worker->transversal = t;
    if (t == NULL)
        return HS_NO_MEMORY;
    t->pitch = pitch;
    t->threshold = 256.0 * (double)(n * n) * DBL_EPSILON;
    size_t dims = tree->goal == HS_GOAL_SPAN && n <= HS_TRANSVERSAL_DIMS ? n : 0;
    t->level = hs_allocate_matrix(dims + 1, dims * pitch, sizeof *t->level);
    t->fixed = hs_allocate(n, sizeof *t->fixed);
    t->reflections = hs_allocate_matrix(n + 1, n, sizeof *t->reflections);
    t->betas = hs_allocate(n, sizeof *t->betas);
    t->low = hs_allocate(pitch, sizeof *t->low);
    t->row = hs_allocate(pitch, sizeof *t->row);
    t->dependent = hs_allocate(pitch, sizeof *t->dependent);
    t->reduced = hs_allocate_matrix(dims > 0 ? pitch : 0, n, sizeof *t->reduced);
    t->begin = hs_allocate(4 * (n + 2), sizeof *t->begin);
    t->group = hs_allocate(tree->count + 2, sizeof *t->group);
    t->kept_row = hs_allocate(n + 1, sizeof *t->kept_row);
    if (t->level == NULL || t->fixed == NULL || t->reflections == NULL || t->betas == NULL ||
        t->low == NULL || t->row == NULL || t->dependent == NULL || t->reduced == NULL ||
        t->begin == NULL || t->group == NULL || t->kept_row == NULL)
        return HS_NO_MEMORY;
    t->end = t->begin + n + 2;
    t->chosen = t->end + n + 2;
    t->held = t->chosen + n + 2;
    return hs_modular_basis_create(n, &t->basis, NULL);
}

void hs_transversal_clear(hs_worker *worker) {
    hs_transversal *t = worker->transversal;
    if (t == NULL)
        return;
    free(t->level);
    free(t->fixed);
    free(t->reflections);
    free(t->betas);
    free(t->low);
    free(t->row);
    free(t->dependent);
    free(t->reduced);
    free(t->begin);
    free(t->group);
    free(t->kept_row);
    hs_modular_basis_clear(&t->basis);
    free(t);
}

/* u and beta of the reflection that maps y to a multiple of the first axis. */
static double reflection(const double *y, size_t pitch, size_t dims, double length, double *u) {
    for (size_t k = 0; k < dims; k++)
        u[k] = y[k * pitch];
    u[0] += u[0] >= 0.0 ? length : -length;
    return 1.0 / (length * fabs(u[0])); /* 2 / |u|^2 */
}

static double length_of(const double *y, size_t pitch, size_t dims) {
    double square = 0.0;
    for (size_t k = 0; k < dims; k++)
        square += y[k * pitch] * y[k * pitch];
    return sqrt(square);
}

/* ---- set-up --------------------------------------------------------------------------------- */

/* The packed groups by size, smallest first. */
static void order_groups(hs_worker *worker) {
    hs_transversal *t = worker->transversal;
    const hs_groups *packed = &worker->packed;
    for (size_t k = 0; k < packed->count; k++) {
        size_t size = hs_group_size(packed, k), at = k;
        while (at > 0 && hs_group_size(packed, t->group[at - 1]) > size) {
            t->group[at] = t->group[at - 1];
            at--;
        }
        t->group[at] = k;
    }
}

static size_t padded(size_t columns) {
    return hs_padded(columns, HS_LANES);
}

/* Columns: the last group of the search, `extra` or the largest of those needed, first, from 0,
 * padded; then the others, the first of the search last. */
static void place_groups(hs_worker *worker, const uint64_t *extra, size_t dims) {
    hs_transversal *t = worker->transversal;
    size_t column = 0;
    for (size_t place = 0; place < dims; place++) {
        t->begin[place] = column;
        column += place == 0 && extra != NULL
                      ? hs_bits_count(extra, worker->tree->words)
                      : hs_group_size(&worker->packed, t->group[dims - 1 - place]);
        t->end[place] = column;
        column = place == 0 ? padded(column) : column;
    }
    t->columns = column;
}

static void load_column(hs_worker *worker, size_t column, size_t row) {
    hs_transversal *t = worker->transversal;
    const hs_tree *tree = worker->tree;
    t->row[column] = (uint32_t)row;
    for (size_t k = 0; k < tree->n; k++)
        t->level[k * t->pitch + column] = tree->unit[row * tree->n + k];
}

/* The reflections that take the rows of D away. */
static void reflect_fixed(hs_worker *worker, const uint64_t *active) {
    hs_transversal *t = worker->transversal;
    const hs_tree *tree = worker->tree;
    size_t n = tree->n;
    t->kept = 0;
    t->based = t->columns_reduced = false;
    t->determinant = 1.0;
    HS_BITS_EACH(i, active, tree->words) {
        if (t->kept == n)
            continue;
        double *y = t->fixed;
        memcpy(y, tree->unit + i * n, n * sizeof *y);
        for (size_t k = 0; k < t->kept; k++) {
            const double *u = t->reflections + k * n;
            double sum = 0.0;
            for (size_t j = k; j < n; j++)
                sum += u[j] * y[j];
            for (size_t j = k; j < n; j++)
                y[j] -= t->betas[k] * sum * u[j];
        }
        size_t k = t->kept;
        double length = length_of(y + k, 1, n - k);
        worker->degenerate = worker->degenerate || length < nearly;
        if (length < weak_row)
            continue;
        t->betas[k] = reflection(y + k, 1, n - k, length, t->reflections + k * n + k);
        t->kept_row[k] = (uint32_t)i;
        t->determinant *= length;
        t->kept++;
    }
}

/* Applies them to the columns; leaves n - kept coordinates in level 0. */
static void project(hs_worker *worker, size_t columns) {
    hs_transversal *t = worker->transversal;
    size_t n = worker->tree->n;
    for (size_t k = 0; k < t->kept; k++)
        worker->tree->kernels->reflect(t->level, n - k, t->pitch, padded(columns),
                                       t->reflections + k * n + k, t->betas[k], t->level);
}

/* ---- modulo a prime -------------------------------------------------------------------------- */

/* Resets the basis to the rows of D; false when they are dependent modulo the prime. */
static bool begin_exactly(hs_worker *worker) {
    hs_transversal *t = worker->transversal;
    const hs_tree *tree = worker->tree;
    if (!t->based) {
        t->basis.rank = 0;
        for (size_t k = 0; k < t->kept; k++)
            hs_modular_basis_add(&t->basis, tree->residues + (size_t)t->kept_row[k] * tree->n);
        t->based = t->basis.rank == t->kept;
    }
    t->basis.rank = t->based ? t->kept : 0;
    return t->based;
}

/* Modulo span(D), neither of them zero. */
static bool parallel_exactly(hs_worker *worker, uint32_t one, uint32_t other) {
    hs_modular_basis *basis = &worker->transversal->basis;
    size_t n = worker->tree->n;
    const uint64_t *x = worker->tree->residues + one * n, *y = worker->tree->residues + other * n;
    return begin_exactly(worker) && hs_modular_basis_add(basis, y) && begin_exactly(worker) &&
           hs_modular_basis_add(basis, x) && !hs_modular_basis_add(basis, y);
}

/* D is taken from all columns once, not each time they are added. */
static bool reduce_columns(hs_worker *worker) {
    hs_transversal *t = worker->transversal;
    size_t n = worker->tree->n;
    if (t->columns_reduced)
        return true;
    for (size_t c = 0; c < t->columns && begin_exactly(worker); c++) {
        hs_modular_basis_add(&t->basis, worker->tree->residues + t->row[c] * n);
        memcpy(t->reduced + c * n, t->basis.reduced, n * sizeof *t->reduced);
    }
    t->columns_reduced = begin_exactly(worker);
    return t->columns_reduced;
}

static bool add_exactly(hs_transversal *t, size_t place) {
    return hs_modular_basis_add(&t->basis, t->reduced + t->chosen[place] * t->basis.d);
}

/* The column chosen at this place is added, and those below are chosen in every way. Marks rows of
 * the last group; false when nothing is proven. */
static bool follow_exactly(hs_worker *worker, size_t place) {
    hs_transversal *t = worker->transversal;
    size_t rank = t->basis.rank;
    if (t->careful_rows == 0)
        return false;
    t->careful_rows--;
    if (!add_exactly(t, place)) {
        worker->degenerate = true;
        if (place == 0)
            t->dependent[t->chosen[0]] = true;
        return place == 0 && !t->together;
    }
    bool good = true;
    if (place > 0)
        for (size_t a = t->begin[place - 1]; good && a < t->end[place - 1]; a++) {
            t->chosen[place - 1] = a;
            good = follow_exactly(worker, place - 1);
        }
    t->basis.rank = rank;
    return good;
}

/* Are all transversals with the columns chosen at this place and above independent? As above. */
static bool settle_exactly(hs_worker *worker, size_t place) {
    hs_transversal *t = worker->transversal;
    double choices = 1.0;
    for (size_t below = 0; below < place; below++)
        choices *= (double)(t->end[below] - t->begin[below]);
    if (choices > (double)t->careful_rows || !reduce_columns(worker))
        return false;
    size_t same = t->dims;
    while (same > place + 1 && same > t->held_from && t->held[same - 1] == t->chosen[same - 1])
        same--;
    t->basis.rank = t->kept + t->dims - same;
    for (t->held_from = same; t->held_from > place + 1; t->held_from--) {
        if (!add_exactly(t, t->held_from - 1)) {
            worker->degenerate = true;
            return false;
        }
        t->held[t->held_from - 1] = t->chosen[t->held_from - 1];
    }
    return follow_exactly(worker, place);
}

/* Keeps one of several parallel rows of a group, the shortest. */
static size_t merge_parallel(hs_worker *worker, size_t dims, size_t begin, size_t end) {
    hs_transversal *t = worker->transversal;
    for (size_t i = begin; i < end; i++) {
        double *y = t->level + i;
        double length = length_of(y, t->pitch, dims);
        for (size_t j = begin; j < i; j++) {
            double *x = t->level + j;
            double other = length_of(x, t->pitch, dims), product = 0.0, rest = 0.0;
            for (size_t k = 0; k < dims; k++)
                product += x[k * t->pitch] * y[k * t->pitch];
            if (!(length > 0.0) || !(other > 0.0))
                continue;
            for (size_t k = 0; k < dims; k++) {
                double difference = y[k * t->pitch] - product / (other * other) * x[k * t->pitch];
                rest += difference * difference;
            }
            if (sqrt(rest) > parallel_accuracy * fmin(1.0, length / other) ||
                !parallel_exactly(worker, t->row[i], t->row[j]))
                continue;
            if (length < other) {
                t->row[j] = t->row[i];
                for (size_t k = 0; k < dims; k++)
                    x[k * t->pitch] = y[k * t->pitch];
            }
            end--;
            t->row[i] = t->row[end];
            for (size_t k = 0; k < dims; k++)
                y[k * t->pitch] = t->level[k * t->pitch + end];
            i--;
            break;
        }
    }
    return end;
}

/* ---- floating point ------------------------------------------------------------------------- */

static double search_work(const hs_transversal *t, size_t dims) {
    double prefixes = 1.0, work = 0.0;
    for (size_t place = dims; place-- > 0;) {
        double size = (double)(t->end[place] - t->begin[place]);
        if (place >= 3)
            work += prefixes * size * (double)(place + 1) * 2.0 * (double)padded(t->end[place - 1]);
        prefixes *= size;
        if (place == 1)
            work += prefixes * 3.0 * (double)padded(t->end[0]);
    }
    return work;
}

/* What floating point cannot tell is settled for the transversal of the columns chosen. */
static bool proven(hs_worker *worker, double determinant, size_t row) {
    hs_transversal *t = worker->transversal;
    t->chosen[0] = row;
    return fabs(determinant) > t->threshold || settle_exactly(worker, 0);
}

/* Three groups are left, the last one at place 0. */
static bool walk_three(hs_worker *worker, const double *level, double product) {
    hs_transversal *t = worker->transversal;
    size_t pitch = t->pitch, last = padded(t->end[0]), q_count = t->end[1] - t->begin[1];
    const double *q = level + t->begin[1];
    for (size_t a = t->begin[2]; a < t->end[2]; a++) {
        double p[3] = {product * level[a], product * level[pitch + a],
                       product * level[2 * pitch + a]};
        t->chosen[2] = a;
        for (size_t r = 0; r < last; r++)
            t->low[r] = INFINITY;
        worker->tree->kernels->lower(level, pitch, last, p, q, q_count, t->low);
        for (size_t r = 0; r < t->end[0]; r++) {
            if (t->low[r] > t->threshold)
                continue;
            const double *c = level + r;
            double x = c[pitch] * p[2] - c[2 * pitch] * p[1], y = c[2 * pitch] * p[0] - c[0] * p[2],
                   z = c[0] * p[1] - c[pitch] * p[0];
            for (size_t k = 0; k < q_count; k++) {
                t->chosen[1] = t->begin[1] + k;
                if (!proven(worker, q[k] * x + q[pitch + k] * y + q[2 * pitch + k] * z, r))
                    return false;
            }
        }
    }
    return true;
}

/* Four groups are left: are all their transversals independent, as far as single precision can
 * tell? */
static bool four_hold(hs_worker *worker, const double *level, double product) {
    hs_transversal *t = worker->transversal;
    const hs_kernels *kernels = worker->tree->kernels;
    const double *column[4];
    size_t count[4];
    for (size_t k = 0; k < 4; k++) {
        column[k] = level + t->begin[k];
        count[k] = t->end[k] - t->begin[k];
    }
    if (t->together)
        return product * kernels->least(column, count, t->pitch) > t->threshold;
    for (size_t r = 0; r < count[0]; r++)
        t->low[r] = INFINITY;
    if (!kernels->least_each(column, count, t->pitch, product, t->low))
        return false;
    bool hold = true;
    for (size_t r = 0; r < count[0]; r++)
        hold = hold && t->low[r] > t->threshold;
    return hold;
}

/* Groups at places dims-1 (now), dims-2, ..., 0; product: of the lengths so far. Marks rows of the
 * last group; false when nothing is proven. */
static bool walk(hs_worker *worker, double *level, size_t dims, double product) {
    hs_transversal *t = worker->transversal;
    const hs_kernels *kernels = worker->tree->kernels;
    size_t pitch = t->pitch, place = dims - 1;
    if (dims == 3)
        return walk_three(worker, level, product);
    if (dims == 4 && four_hold(worker, level, product))
        return true;
    for (size_t a = t->begin[place]; a < t->end[place]; a++) {
        bool good = true;
        t->chosen[place] = a;
        if (dims == 1) {
            good = proven(worker, product * level[a], a);
        } else if (dims == 2) {
            for (size_t r = 0; r < t->end[0] && good; r++)
                good = proven(worker,
                              product * (level[a] * level[pitch + r] - level[pitch + a] * level[r]),
                              r);
        } else {
            double u[HS_TRANSVERSAL_DIMS], length = length_of(level + a, pitch, dims);
            if (product * length > t->threshold) {
                double beta = reflection(level + a, pitch, dims, length, u);
                double *next = level + dims * pitch;
                kernels->reflect(level, dims, pitch, padded(t->end[place - 1]), u, beta, next);
                good = walk(worker, next, place, product * length);
            } else {
                good = settle_exactly(worker, place);
            }
        }
        if (!good)
            return false;
    }
    return true;
}

/* ---- entry ----------------------------------------------------------------------------------- */

static bool too_long(hs_transversal *t, size_t dims) {
    t->work = search_work(t, dims);
    return t->work > (t->together ? HS_CLOSING_WORK : HS_FIXING_WORK);
}

/* Chooses the groups that are needed, `extra` (or NULL) the last of them, and loads them; false
 * when there are too few, or too many choices. dims: how many are needed. */
static bool load(hs_worker *worker, const uint64_t *active, const uint64_t *extra, size_t *dims) {
    hs_transversal *t = worker->transversal;
    const hs_tree *tree = worker->tree;
    size_t given = worker->packed.count + (extra != NULL ? 1 : 0),
           fixed = hs_bits_count(active, tree->words);
    *dims = SIZE_MAX;
    t->work = 0.0;
    if (tree->n > HS_TRANSVERSAL_DIMS)
        return false;
    order_groups(worker);
    if (!worker->degenerate && fixed < tree->n) { /* so many at least are needed */
        if (given < tree->n - fixed)
            return false;
        place_groups(worker, extra, tree->n - fixed);
        if (too_long(t, tree->n - fixed))
            return false;
    }
    reflect_fixed(worker, active);
    *dims = tree->n - t->kept;
    if (*dims == 0 || given < *dims)
        return false;
    place_groups(worker, extra, *dims);
    size_t place = 0, column = 0;
    if (extra != NULL) {
        HS_BITS_EACH(i, extra, tree->words) load_column(worker, column++, i);
        place = 1;
    }
    for (; place < *dims; place++) {
        const uint32_t *row = hs_group(&worker->packed, t->group[*dims - 1 - place]);
        for (column = t->begin[place]; column < t->end[place]; column++)
            load_column(worker, column, *row++);
    }
    return true;
}

/* Marks rows of the last group; false when nothing is proven. */
static bool examine(hs_worker *worker, size_t dims) {
    hs_transversal *t = worker->transversal;
    if (!worker->degenerate && too_long(t, dims))
        return false;
    project(worker, t->columns);
    t->dims = dims;
    t->held_from = dims;
    t->careful_rows = CAREFUL_ROWS;
    if (worker->degenerate) {
        for (size_t place = t->together ? 0 : 1; place < dims; place++)
            t->end[place] = merge_parallel(worker, dims, t->begin[place], t->end[place]);
        if (too_long(t, dims))
            return false;
    }
    memset(t->dependent, 0, t->end[0] * sizeof *t->dependent);
    return walk(worker, t->level, dims, t->determinant);
}

bool hs_transversals_span(hs_worker *worker, const uint64_t *active) {
    size_t dims;
    worker->transversal->together = true;
    return load(worker, active, NULL, &dims) && examine(worker, dims);
}

bool hs_transversals_far(const hs_worker *worker) {
    return worker->transversal->work > HS_FAR * (double)HS_CLOSING_WORK;
}

void hs_transversals_with(hs_worker *worker, const uint64_t *active, uint64_t *extra) {
    hs_transversal *t = worker->transversal;
    size_t dims;
    t->together = false;
    if (!load(worker, active, extra, &dims) || !examine(worker, dims)) {
        memset(extra, 0, worker->tree->words * sizeof *extra);
        return;
    }
    for (size_t r = 0; r < t->end[0]; r++)
        if (t->dependent[r])
            hs_bits_clear(extra, t->row[r]);
}

/* Do the rows ask the same of a point when they are to be inactive, but for rounding? */
static bool same_constraint(const hs_tree *tree, size_t one, size_t other) {
    const double *a = tree->signed_rows.a, *x = a + one * tree->d, *y = a + other * tree->d;
    double square = 0.0, product = 0.0, rest = 0.0;
    for (size_t j = 0; j < tree->d; j++) {
        square += x[j] * x[j];
        product += x[j] * y[j];
    }
    for (size_t j = 0; j < tree->d; j++) {
        double difference = y[j] - product / square * x[j];
        rest += difference * difference;
    }
    return tree->problem->beta == NULL && product > 0.0 && rest < nearly * nearly * square;
}

void hs_find_doubtful(hs_worker *worker, const hs_node *node) {
    hs_transversal *t = worker->transversal;
    const hs_tree *tree = worker->tree;
    size_t pitch = t->pitch, kept = 0, columns = 0;
    memset(worker->doubtful, 0, tree->words * sizeof *worker->doubtful);
    if (tree->n > HS_TRANSVERSAL_DIMS)
        return;
    reflect_fixed(worker, node->active);
    size_t dims = tree->n - t->kept;
    HS_BITS_EACH(i, node->free, tree->words) load_column(worker, columns++, i);
    project(worker, columns);
    for (size_t c = 0; c < columns; c++) { /* the others move to the front, at length 1 */
        double *x = t->level + c, *y = t->level + kept, length = length_of(x, pitch, dims);
        uint32_t row = t->row[c];
        bool good = length > nearly;
        for (size_t k = 0; k < dims && good; k++)
            y[k * pitch] = x[k * pitch] / length;
        for (size_t b = 0; b < kept && good; b++) {
            double apart = 0.0, opposed = 0.0;
            for (size_t k = 0; k < dims; k++) {
                double other = t->level[k * pitch + b];
                apart += (y[k * pitch] - other) * (y[k * pitch] - other);
                opposed += (y[k * pitch] + other) * (y[k * pitch] + other);
            }
            if (apart <= nearly * nearly || opposed <= nearly * nearly)
                good = !same_constraint(tree, row, t->row[b]) &&
                       parallel_exactly(worker, row, t->row[b]);
        }
        t->row[kept] = row;
        kept += good;
        if (!good)
            hs_bits_set(worker->doubtful, row);
    }
}

const size_t *hs_transversals_used(const hs_worker *worker, size_t *count) {
    const hs_transversal *t = worker->transversal;
    size_t dims = worker->tree->n - t->kept;
    *count = t->together || dims == 0 ? dims : dims - 1;
    return t->group;
}
