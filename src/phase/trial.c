#include "phase/trial.h"

#include "phase/carry.h"
#include "phase/known.h"
#include "support/allocate.h"
#include "support/error.h"

#include <stdlib.h>

typedef struct trial {
    const hs_phase_plan *plan;
    const hs_phase_size *size;
    uint64_t seed;
    hs_known *known;
    const hs_trial_calls *calls;
    hs_layer *layer; /* the widest that was needed so far */
    size_t row_count;
    hs_phase_row rows[HS_PHASE_GRID_MAX + 2]; /* a decision, its witness carried on, the grid */
} trial;

/* Makes sure that the layer has at least so many rows. */
static hs_status widen(trial *this, size_t m, hs_error *error) {
    if (this->layer != NULL && hs_layer_rows(this->layer) >= m)
        return HS_OK;
    size_t ahead = this->size->grid != NULL ? this->size->grid[this->size->grid_count - 1]
                                            : m + m / 4 + 2 * this->size->n;
    hs_layer_free(this->layer);
    return hs_layer_generate(ahead > m ? ahead : m, this->size->n, this->plan->weight,
                             this->plan->bias, this->seed, &this->layer, error);
}

static void add_row(trial *this, size_t m, hs_verdict verdict, hs_phase_source source,
                    hs_arithmetic arithmetic, const hs_result *result) {
    hs_phase_row *row = &this->rows[this->row_count++];
    *row = (hs_phase_row){
        .seed = this->seed,
        .n = (uint32_t)this->size->n,
        .m = (uint32_t)m,
        .verdict = verdict,
        .source = source,
        .arithmetic = arithmetic,
        .nodes = result != NULL ? result->nodes : 0,
        .seconds = result != NULL ? result->seconds : 0.0,
        .time_limit = this->plan->time_limit,
        .node_limit = this->plan->node_limit,
    };
    hs_known_add(this->known, this->plan, row);
}

/* The widths up to which a witness is worth carrying: the first and the last one. */
static void carry_range(const trial *this, size_t m, size_t *least, size_t *most) {
    const hs_phase_size *size = this->size;
    *least = m + 1;
    *most = this->known->upper == SIZE_MAX ? m + m / 4 + size->n : this->known->upper - 1;
    if (size->grid == NULL)
        return;
    *least = SIZE_MAX;
    for (size_t k = 0; k < size->grid_count; k++)
        if (size->grid[k] > m && size->grid[k] < this->known->upper) {
            *least = *least == SIZE_MAX ? size->grid[k] : *least;
            *most = size->grid[k];
        }
}

/* Rounds down to a width of the grid. */
static size_t on_grid(const hs_phase_size *size, size_t m) {
    if (size->grid == NULL)
        return m;
    size_t below = 0;
    for (size_t k = 0; k < size->grid_count && size->grid[k] <= m; k++)
        below = size->grid[k];
    return below;
}

/* A witness for m rows stays one for more rows while those that are active at it do not span. */
static hs_status carry(trial *this, size_t m, const hs_result *result, hs_error *error) {
    size_t least, most, reached = m;
    carry_range(this, m, &least, &most);
    if (least > most)
        return HS_OK;
    hs_status status = widen(this, most, error);
    if (status == HS_OK)
        status = hs_carry_reach(this->layer, result->witness, m, most, &reached, error);
    reached = on_grid(this->size, reached);
    if (status == HS_OK && reached >= least)
        add_row(this, reached, HS_NOT_INJECTIVE, HS_SOURCE_WITNESS, result->arithmetic, NULL);
    return status;
}

/* Other widths of the grid follow from what has just become known. */
static void fill_grid(trial *this, size_t lower, size_t upper) {
    hs_arithmetic arithmetic = this->rows[this->row_count - 1].arithmetic;
    for (size_t k = 0; k < this->size->grid_count; k++) {
        size_t m = this->size->grid[k];
        if (m > lower && m < this->known->lower && m != this->rows[0].m)
            add_row(this, m, HS_NOT_INJECTIVE, HS_SOURCE_NESTED, arithmetic, NULL);
        if (m > this->known->upper && m < upper)
            add_row(this, m, HS_INJECTIVE, HS_SOURCE_NESTED, arithmetic, NULL);
    }
}

static hs_status ask(trial *this, size_t m, hs_result **result, hs_error *error) {
    hs_settings settings = hs_settings_default();
    settings.engine = this->plan->engine;
    settings.time_limit = this->plan->time_limit;
    settings.node_limit = this->plan->node_limit;
    settings.threads = this->calls->threads(this->calls->data);
    settings.interrupted = this->calls->interrupted;
    settings.data = this->calls->data;
    hs_status status = widen(this, m, error);
    if (status != HS_OK)
        return status;
    hs_layer view = hs_carry_first_rows(this->layer, m);
    return hs_check(&view, &this->size->domain, &settings, result, error);
}

static hs_status decide(trial *this, size_t m, bool *stopped, hs_error *error) {
    hs_result *result = NULL;
    size_t lower = this->known->lower, upper = this->known->upper;
    hs_status status = ask(this, m, &result, error);
    if (status != HS_OK)
        return status;
    *stopped = result->verdict == HS_UNDECIDED && this->calls->interrupted(this->calls->data);
    if (!*stopped) {
        this->row_count = 0;
        add_row(this, m, result->verdict, (hs_phase_source)result->engine, result->arithmetic,
                result);
        if (result->verdict == HS_NOT_INJECTIVE)
            status = carry(this, m, result, error);
        if (status == HS_OK) {
            fill_grid(this, lower, upper);
            status = this->calls->record(this->rows, this->row_count, this->calls->data, error);
        }
    }
    hs_result_free(result);
    return status;
}

hs_status hs_trial_run(const hs_phase_plan *plan, const hs_phase_size *size, uint64_t seed,
                       hs_known *known, const hs_trial_calls *calls, hs_error *error) {
    hs_status status = HS_OK;
    bool stopped = false;
    size_t m;
    trial *this = hs_allocate(1, sizeof *this);
    if (this == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a trial");
    this->plan = plan;
    this->size = size;
    this->seed = seed;
    this->known = known;
    this->calls = calls;
    while (status == HS_OK && !stopped && (m = hs_known_next(known, plan, size)) > 0) {
        stopped = calls->interrupted(calls->data);
        if (!stopped)
            status = decide(this, m, &stopped, error);
    }
    hs_layer_free(this->layer);
    free(this);
    return status;
}
