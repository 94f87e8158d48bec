#include "engine/search_space.h"

#include "support/allocate.h"
#include "support/error.h"
#include "support/parallel.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

float *hs_search_floats(size_t rows, size_t columns) {
    if (columns > 0 && rows > (SIZE_MAX / sizeof(float) - HS_SEARCH_ALIGNMENT) / columns)
        return NULL;
    size_t size = rows * columns * sizeof(float) + HS_SEARCH_ALIGNMENT;
    size -= size % HS_SEARCH_ALIGNMENT;
    float *values = aligned_alloc(HS_SEARCH_ALIGNMENT, size);
    if (values != NULL)
        memset(values, 0, size);
    return values;
}

/* Work on a space that several threads share: tasks are numbered and handed out one by one. */
typedef struct whitening {
    hs_search_space *space;
    const hs_search_source *source;
    const hs_search_workers *workers;
    double hard_scale;
    double *gram;     /* d x d */
    float *transform; /* the transposed triangular factor, in panels */
    atomic_size_t next;
    atomic_bool stopped, failed;
} whitening;

static bool take(whitening *work, unsigned thread, size_t count, size_t *task) {
    if (thread == 0 && work->workers->stop != NULL && work->workers->stop(work->workers->data))
        atomic_store(&work->stopped, true);
    if (atomic_load(&work->stopped) || atomic_load(&work->failed))
        return false;
    *task = atomic_fetch_add(&work->next, 1);
    return *task < count;
}

static void run(whitening *work, void (*phase)(unsigned, void *)) {
    atomic_store(&work->next, 0);
    unsigned threads = work->space->rows * work->space->d < 100000 ? 1 : work->workers->threads;
    hs_parallel(threads, phase, work);
}

/* ---- loading ------------------------------------------------------------------------------ */

static void load_soft_row(whitening *work, size_t i, double *row) {
    hs_search_space *space = work->space;
    const hs_search_source *source = work->source;
    size_t index = space->plan->rows[i];
    double bias = source->bias != NULL ? source->bias[index] : 0.0, largest = 0.0, square = 0.0;
    hs_search_cone_row(space->cone, source->weight + index * source->n, bias, row);
    for (size_t j = 0; j < space->d; j++)
        largest = fmax(largest, fabs(row[j]));
    if (!(largest > 0.0))
        return;
    for (size_t j = 0; j < space->d; j++)
        square += (row[j] / largest) * (row[j] / largest);
    float *panel = space->panels + i / HS_PANEL * space->stride + i % HS_PANEL;
    for (size_t j = 0; j < space->d; j++)
        panel[j * HS_PANEL] = (float)(row[j] / largest / sqrt(square));
}

static void load_panels(unsigned thread, void *data) {
    whitening *work = data;
    hs_search_space *space = work->space;
    double *row = hs_allocate(space->d, sizeof *row);
    if (row == NULL)
        atomic_store(&work->failed, true);
    for (size_t p; row != NULL && take(work, thread, space->rows / HS_PANEL, &p);)
        for (size_t i = p * HS_PANEL; i < (p + 1) * HS_PANEL && i < space->soft; i++)
            load_soft_row(work, i, row);
    free(row);
}

static void load_hard_rows(whitening *work) {
    hs_search_space *space = work->space;
    for (size_t k = 0; k < space->hard; k++) {
        size_t i = space->hard_start + k;
        float *panel = space->panels + i / HS_PANEL * space->stride + i % HS_PANEL;
        panel[space->cone->which[k] * HS_PANEL] = (float)work->hard_scale;
    }
}

/* ---- Gram matrix and triangular transform -------------------------------------------------- */

enum { COPIED_PANELS = 64 };

/* Columns first .. first + 15 of some panels as lanes. */
static void copy_columns(const hs_search_space *space, size_t first, size_t panel, size_t count,
                         float *c) {
    for (size_t p = 0; p < count; p++)
        for (size_t l = 0; l < HS_LANES; l++)
            for (size_t r = 0; r < HS_PANEL; r++)
                c[(p * HS_PANEL + r) * HS_LANES + l] =
                    first + l < space->d
                        ? space->panels[(panel + p) * space->stride + (first + l) * HS_PANEL + r]
                        : 0.0f;
}

static void gram_columns(unsigned thread, void *data) {
    whitening *work = data;
    const hs_search_space *space = work->space;
    size_t d = space->d, panels = space->rows / HS_PANEL;
    float *c = hs_search_floats(COPIED_PANELS * HS_PANEL, HS_LANES),
          *sum = hs_search_floats(d, HS_LANES);
    if (c == NULL || sum == NULL)
        atomic_store(&work->failed, true);
    for (size_t task;
         c != NULL && sum != NULL && take(work, thread, (d + HS_LANES - 1) / HS_LANES, &task);) {
        size_t first = task * HS_LANES;
        memset(sum, 0, d * HS_LANES * sizeof *sum);
        for (size_t p = 0; p < panels; p += COPIED_PANELS) {
            size_t count = panels - p < COPIED_PANELS ? panels - p : COPIED_PANELS;
            copy_columns(space, first, p, count, c);
            work->workers->kernel->gather(space->panels + p * space->stride + first * HS_PANEL,
                                          space->stride, count, d - first, c,
                                          sum + first * HS_LANES);
        }
        for (size_t j = first; j < d; j++)
            for (size_t l = 0; l < HS_LANES && first + l <= j; l++)
                work->gram[j * d + first + l] = sum[j * HS_LANES + l];
    }
    free(c);
    free(sum);
}

/* Each panel times the transposed inverse factor: its sixteen rows are the lanes. */
static void transform_panels(unsigned thread, void *data) {
    whitening *work = data;
    hs_search_space *space = work->space;
    size_t d = space->d, blocks = (d + HS_PANEL - 1) / HS_PANEL;
    float *out = hs_search_floats(blocks * HS_PANEL, HS_LANES);
    if (out == NULL)
        atomic_store(&work->failed, true);
    for (size_t p; out != NULL && take(work, thread, space->rows / HS_PANEL, &p);) {
        float *panel = space->panels + p * space->stride;
        for (size_t k = 0; k < blocks; k++) {
            size_t columns = (k + 1) * HS_PANEL < d ? (k + 1) * HS_PANEL : d;
            work->workers->kernel->product(work->transform + k * space->stride, space->stride, 1,
                                           columns, panel, out + k * HS_PANEL * HS_LANES);
        }
        memcpy(panel, out, d * HS_LANES * sizeof *panel);
    }
    free(out);
}

/* Inverts the Cholesky factor of the Gram matrix in place (lower triangle). The ratio of its
 * largest to its smallest diagonal entry tells how far from orthogonal the columns were. */
static bool invert_factor(whitening *work, double *ratio) {
    size_t d = work->space->d, rows = work->space->soft + work->space->hard;
    double *gram = work->gram, trace = 0.0, least = INFINITY, most = 0.0;
    for (size_t j = 0; j < d; j++) {
        for (size_t k = 0; k <= j; k++)
            gram[j * d + k] /= (double)rows;
        trace += gram[j * d + j];
    }
    for (size_t j = 0; j < d; j++) /* more than the rounding of single precision */
        gram[j * d + j] += 4e-7 * fmax(trace, 1e-30) / sqrt((double)d);
    lapack_int size = (lapack_int)d;
    if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', size, gram, size) != 0)
        return false;
    for (size_t j = 0; j < d; j++) {
        least = fmin(least, gram[j * d + j]);
        most = fmax(most, gram[j * d + j]);
    }
    *ratio = most / least;
    return LAPACKE_dtrtri_work(LAPACK_COL_MAJOR, 'U', 'N', size, gram, size) == 0;
}

/* map := map * transpose(inverse factor); row by row, in place: entry k needs entries up to k. */
static void extend_map(hs_search_space *space, const double *inverse, bool first) {
    size_t d = space->d;
    for (size_t j = 0; j < d; j++) {
        double *row = space->map + j * d;
        for (size_t k = d; k-- > 0;) {
            double sum = first ? inverse[k * d + j] : 0.0;
            if (first && j > k)
                sum = 0.0;
            for (size_t i = 0; !first && i <= k; i++)
                sum += row[i] * inverse[k * d + i];
            row[k] = sum;
        }
    }
}

static void pack_transform(whitening *work) {
    size_t d = work->space->d;
    memset(work->transform, 0, (d + HS_PANEL) * d * sizeof *work->transform);
    for (size_t k = 0; k < d; k++)
        for (size_t j = 0; j <= k; j++)
            work->transform[k / HS_PANEL * work->space->stride + j * HS_PANEL + k % HS_PANEL] =
                (float)work->gram[k * d + j];
}

/* Shifted Cholesky QR, repeated while the columns are far from orthogonal (single precision loses
 * what a condition number beyond a few thousand hides). */
static hs_status orthogonalise(whitening *work, hs_error *error) {
    enum { PASSES = 4 };
    const double acceptable = 30.0;
    for (unsigned pass = 0; pass < PASSES; pass++) {
        double ratio = 1.0;
        run(work, gram_columns);
        if (atomic_load(&work->stopped))
            return HS_OK;
        if (!invert_factor(work, &ratio))
            return hs_fail(error, HS_UNSUPPORTED,
                           "the rows of the layer are too badly scaled for the witness search");
        extend_map(work->space, work->gram, pass == 0);
        pack_transform(work);
        run(work, transform_panels);
        work->space->passes = pass + 1;
        if (ratio < acceptable || atomic_load(&work->stopped))
            break;
    }
    return HS_OK;
}

hs_status hs_search_space_create(const hs_search_source *source, const hs_search_plan *plan,
                                 const hs_search_cone *cone, double hard_scale,
                                 const hs_search_workers *workers, hs_search_space *space,
                                 bool *stopped, hs_error *error) {
    size_t d = cone->d, panel = HS_PANEL;
    *space = (hs_search_space){.plan = plan, .cone = cone, .d = d, .soft = plan->count};
    space->hard = cone->hard;
    space->hard_start = (plan->count + panel - 1) / panel * panel;
    space->rows = space->hard_start + (cone->hard + panel - 1) / panel * panel;
    space->stride = d * panel;
    space->panels = hs_search_floats(space->rows, d);
    space->map = hs_allocate_matrix(d, d, sizeof *space->map);
    whitening work = {
        .space = space, .source = source, .workers = workers, .hard_scale = hard_scale};
    work.gram = hs_allocate_matrix(d, d, sizeof *work.gram);
    work.transform = hs_search_floats(d + panel, d);
    hs_status status = HS_OK;
    if (space->panels == NULL || space->map == NULL || work.gram == NULL ||
        work.transform == NULL) {
        status = hs_fail(error, HS_NO_MEMORY, "no memory to search %zu rows of %zu columns",
                         plan->count, d);
    } else {
        run(&work, load_panels);
        load_hard_rows(&work);
        status = orthogonalise(&work, error);
    }
    if (status == HS_OK && atomic_load(&work.failed))
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the threads of the search");
    free(work.gram);
    free(work.transform);
    *stopped = atomic_load(&work.stopped);
    if (status != HS_OK || *stopped)
        hs_search_space_clear(space);
    return status;
}

void hs_search_space_clear(hs_search_space *space) {
    free(space->panels);
    free(space->map);
    *space = (hs_search_space){0};
}

void hs_search_space_point(const hs_search_space *space, const float *y, size_t lane,
                           double *zeta) {
    for (size_t j = 0; j < space->d; j++) {
        const double *row = space->map + j * space->d;
        zeta[j] = 0.0;
        for (size_t k = 0; k < space->d; k++)
            zeta[j] += row[k] * (double)y[k * HS_LANES + lane];
    }
}
