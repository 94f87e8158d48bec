#include "phase/statistics.h"

#include "support/allocate.h"
#include "support/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

static const double tail = 0.025;

/* The x with P(X <= x) = tail for X ~ Beta(a, b), by bisection: gsl_cdf_beta_Pinv ends the program
 * where it does not converge. */
static double lower_quantile(double a, double b) {
    double low = 0.0, high = 1.0;
    for (int k = 0; k < 200 && high - low > 1e-15 * high; k++) {
        double middle = 0.5 * low + 0.5 * high;
        if (gsl_cdf_beta_P(middle, a, b) < tail)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void hs_proportion_interval(size_t least, size_t most, size_t trials, double *low, double *high) {
    double n = (double)trials, k = (double)least, l = (double)most;
    *low = least == 0 ? 0.0 : lower_quantile(k, n - k + 1.0);
    *high = most >= trials ? 1.0 : 1.0 - lower_quantile(n - l, l + 1.0);
}

/* ---- one sample of trials ------------------------------------------------------------------- */

/* The trials that were started, as positions on the widths m[0..count): from `early` on the layer
 * may be injective, from `late` on it is. count: never. */
typedef struct sample {
    size_t n, trials;
    size_t count;
    size_t *m;             /* ascending */
    size_t *early, *late;  /* trials */
    size_t *lower, *upper; /* trials: the brackets */
    size_t unbounded;      /* trials without a known upper end */
} sample;

static void sample_clear(sample *this) {
    free(this->m);
    free(this->early);
    free(this->late);
    free(this->lower);
    free(this->upper);
}

/* The widths to report: those of the grid, or all from the last one at which every layer is known
 * not to be injective to the first at which every bounded one is. */
static hs_status choose_widths(const hs_phase_size *size, sample *this, hs_error *error) {
    size_t first = SIZE_MAX, last = 0;
    for (size_t k = 0; k < this->trials; k++) {
        first = this->lower[k] < first ? this->lower[k] : first;
        size_t end = this->upper[k] != SIZE_MAX ? this->upper[k] : this->lower[k] + 1;
        last = end > last ? end : last;
    }
    this->count = size->grid != NULL ? size->grid_count : this->trials > 0 ? last - first + 1 : 0;
    this->m = hs_allocate(this->count, sizeof *this->m);
    if (this->m == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a curve");
    for (size_t k = 0; k < this->count; k++)
        this->m[k] = size->grid != NULL ? size->grid[k] : first + k;
    return HS_OK;
}

/* The first position with m >= value. */
static size_t position(const sample *this, size_t value) {
    size_t low = 0, high = this->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (this->m[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static hs_status sample_make(const hs_phase_size *size, const hs_bracket *brackets, size_t count,
                             sample *this, hs_error *error) {
    *this = (sample){.n = size->n};
    this->early = hs_allocate(count, sizeof(size_t));
    this->late = hs_allocate(count, sizeof(size_t));
    this->lower = hs_allocate(count, sizeof(size_t));
    this->upper = hs_allocate(count, sizeof(size_t));
    if (this->early == NULL || this->late == NULL || this->lower == NULL || this->upper == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for %zu trials", count);
    for (size_t k = 0; k < count; k++)
        if (brackets[k].started) {
            this->lower[this->trials] = brackets[k].lower;
            this->upper[this->trials++] = brackets[k].upper;
            this->unbounded += brackets[k].upper == SIZE_MAX;
        }
    hs_status status = choose_widths(size, this, error);
    for (size_t k = 0; status == HS_OK && k < this->trials; k++) {
        this->early[k] = position(this, this->lower[k] + 1);
        this->late[k] = position(this, this->upper[k]);
    }
    return status;
}

/* ---- what one sample, or a resample of it, says --------------------------------------------- */

/* At the best and at the worst for what is undecided. */
typedef struct extremes {
    double best, worst;
} extremes;

typedef struct summary {
    extremes quantile[3]; /* alpha at rates 0.1, 0.5, 0.9 */
    extremes mean;        /* of m* / n */
} summary;

static const double rates[3] = {0.1, 0.5, 0.9};

/* The alpha at which the rate, linear between the widths, reaches c; infinite when it does so
 * before the first or after the last width. at[k]: trials that turn injective at width k. */
static double crossing(const sample *this, const size_t *at, double c) {
    double target = c * (double)this->trials, sum = 0.0;
    for (size_t k = 0; k < this->count; k++) {
        double before = sum;
        sum += (double)at[k];
        if (sum < target)
            continue;
        if (k == 0)
            return sum > target ? -INFINITY : (double)this->m[0] / (double)this->n;
        double step = (double)(this->m[k] - this->m[k - 1]);
        double part = (target - before) / (sum - before);
        return ((double)this->m[k - 1] + part * step) / (double)this->n;
    }
    return INFINITY;
}

/* chosen: trials of the sample, with repetitions; NULL: all. early, late: count + 1 numbers. */
static void summarise(const sample *this, const size_t *chosen, size_t *early, size_t *late,
                      summary *result) {
    double best = 0.0, worst = 0.0, scale = (double)this->trials * (double)this->n;
    for (size_t k = 0; k <= this->count; k++)
        early[k] = late[k] = 0;
    for (size_t k = 0; k < this->trials; k++) {
        size_t i = chosen != NULL ? chosen[k] : k;
        early[this->early[i]]++;
        late[this->late[i]]++;
        best += (double)this->lower[i] + 1.0;
        worst += this->upper[i] != SIZE_MAX ? (double)this->upper[i] : INFINITY;
    }
    for (int r = 0; r < 3; r++)
        result->quantile[r] =
            (extremes){crossing(this, early, rates[r]), crossing(this, late, rates[r])};
    result->mean = (extremes){best / scale, worst / scale};
}

static double finite_or_nan(double value) {
    return isfinite(value) ? value : NAN;
}

/* Halfway between the extremes. */
static double centre(extremes value) {
    return finite_or_nan(0.5 * value.best + 0.5 * value.worst);
}

static extremes width_of(const summary *of) {
    double worst = of->quantile[2].worst - of->quantile[0].best;
    double best = of->quantile[2].best - of->quantile[0].worst;
    return (extremes){fmax(best, 0.0), worst};
}

static double rank_of(double *values, double probability) {
    gsl_sort(values, 1, HS_RESAMPLES);
    size_t k = (size_t)floor(probability * (HS_RESAMPLES - 1) + 0.5);
    return finite_or_nan(values[k]);
}

/* ---- the bootstrap -------------------------------------------------------------------------- */

typedef struct resamples {
    double *best[3], *worst[3]; /* HS_RESAMPLES of alpha_50, width, mean */
    double *memory;
} resamples;

static hs_status resample(const sample *this, uint64_t seed, resamples *all, hs_point *point,
                          hs_error *error) {
    size_t *chosen = hs_allocate(this->trials, sizeof *chosen);
    size_t *early = hs_allocate(2 * (this->count + 1), sizeof *early);
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    hs_status status = HS_OK;
    if (chosen == NULL || early == NULL || random == NULL) {
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the bootstrap");
        goto done;
    }
    gsl_rng_set(random, (unsigned long)(seed % 0xffffffffu) + 1);
    for (size_t r = 0; r < HS_RESAMPLES; r++) {
        summary of;
        for (size_t k = 0; k < this->trials; k++)
            chosen[k] = gsl_rng_uniform_int(random, (unsigned long)this->trials);
        summarise(this, chosen, early, early + this->count + 1, &of);
        const extremes values[3] = {of.quantile[1], width_of(&of), of.mean};
        for (int v = 0; v < 3; v++) {
            all->best[v][r] = isnan(values[v].best) ? -INFINITY : values[v].best;
            all->worst[v][r] = isnan(values[v].worst) ? INFINITY : values[v].worst;
        }
        point->resampled_50[r] = centre(of.quantile[1]);
    }
done:
    free(chosen);
    free(early);
    gsl_rng_free(random);
    return status;
}

static hs_status resamples_make(resamples *all, hs_error *error) {
    all->memory = hs_allocate_matrix(6, HS_RESAMPLES, sizeof(double));
    if (all->memory == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the bootstrap");
    for (size_t v = 0; v < 3; v++) {
        all->best[v] = all->memory + 2 * v * HS_RESAMPLES;
        all->worst[v] = all->best[v] + HS_RESAMPLES;
    }
    return HS_OK;
}

/* The interval contains the value, and everything the value could be. */
static hs_estimate estimate(extremes value, double *best, double *worst) {
    hs_estimate result = {centre(value), rank_of(best, tail), rank_of(worst, 1.0 - tail)};
    if (isfinite(result.value)) {
        result.low = fmin(result.low, result.value);
        result.high = fmax(result.high, result.value);
    }
    return result;
}

static hs_status estimate_all(const sample *this, uint64_t seed, hs_point *point, hs_error *error) {
    resamples all = {0};
    size_t *counts = hs_allocate(2 * (this->count + 1), sizeof *counts);
    point->resampled_50 = hs_allocate(HS_RESAMPLES, sizeof *point->resampled_50);
    hs_status status = resamples_make(&all, error);
    if (status == HS_OK && (counts == NULL || point->resampled_50 == NULL))
        status = hs_fail(error, HS_NO_MEMORY, "no memory for the bootstrap");
    if (status == HS_OK)
        status = resample(this, seed, &all, point, error);
    if (status == HS_OK) {
        summary of;
        summarise(this, NULL, counts, counts + this->count + 1, &of);
        point->alpha_50 = estimate(of.quantile[1], all.best[0], all.worst[0]);
        point->width = estimate(width_of(&of), all.best[1], all.worst[1]);
        point->mean = estimate(of.mean, all.best[2], all.worst[2]);
        point->error_50 = gsl_stats_sd(point->resampled_50, 1, HS_RESAMPLES);
        if (this->trials < 2) /* one trial says nothing of its spread */
            point->alpha_50.low = point->alpha_50.high = point->width.low = point->width.high =
                point->mean.low = point->mean.high = NAN;
    }
    free(counts);
    free(all.memory);
    return status;
}

/* ---- the curve ------------------------------------------------------------------------------ */

static void count_width(const sample *this, size_t k, hs_curve_point *point) {
    *point = (hs_curve_point){.m = this->m[k], .alpha = (double)this->m[k] / (double)this->n};
    for (size_t i = 0; i < this->trials; i++) {
        point->injective += this->late[i] <= k;
        point->not_injective += this->early[i] > k;
    }
    size_t decided = point->injective + point->not_injective;
    point->undecided = this->trials - decided;
    point->rate = decided > 0 ? (double)point->injective / (double)decided : NAN;
    hs_proportion_interval(point->injective, point->injective + point->undecided, this->trials,
                           &point->low, &point->high);
}

static double deviation(const sample *this) {
    double sum = 0.0, squares = 0.0, count = (double)this->trials;
    if (this->trials < 2 || this->unbounded > 0)
        return NAN;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < this->trials; i++) {
            double value = 0.5 * ((double)this->lower[i] + 1.0 + (double)this->upper[i]);
            value /= (double)this->n;
            if (pass == 0)
                sum += value;
            else
                squares += (value - sum / count) * (value - sum / count);
        }
    return sqrt(squares / (count - 1.0));
}

static size_t count_undecided(const hs_phase_size *size, const sample *this) {
    size_t undecided = 0;
    for (size_t i = 0; i < this->trials; i++)
        undecided += size->grid != NULL ? this->late[i] > this->early[i]
                                        : this->upper[i] != this->lower[i] + 1;
    return undecided;
}

hs_status hs_point_make(const hs_phase_size *size, const hs_bracket *brackets, size_t count,
                        uint64_t seed, hs_point *point, hs_error *error) {
    const hs_estimate unknown = {NAN, NAN, NAN};
    sample all;
    *point = (hs_point){.n = size->n,
                        .alpha_50 = unknown,
                        .width = unknown,
                        .mean = unknown,
                        .sd = NAN,
                        .error_50 = NAN};
    hs_status status = sample_make(size, brackets, count, &all, error);
    if (status == HS_OK) {
        point->trials = all.trials;
        point->undecided = count_undecided(size, &all);
        point->sd = deviation(&all);
        point->curve_count = all.count;
        point->curve = hs_allocate(all.count, sizeof *point->curve);
        if (point->curve == NULL)
            status = hs_fail(error, HS_NO_MEMORY, "no memory for a curve");
    }
    for (size_t k = 0; status == HS_OK && k < all.count; k++)
        count_width(&all, k, &point->curve[k]);
    if (status == HS_OK && all.trials > 0)
        status = estimate_all(&all, seed + size->n, point, error);
    sample_clear(&all);
    return status;
}

void hs_point_bound_only(hs_point *point) {
    const hs_estimate unknown = {NAN, NAN, NAN};
    point->alpha_50 = point->width = point->mean = unknown;
    for (size_t k = 0; k < point->curve_count && point->curve[k].high <= 0.5; k++)
        point->alpha_50.low = point->curve[k].alpha;
}

void hs_point_clear(hs_point *point) {
    free(point->curve);
    free(point->resampled_50);
    point->curve = NULL;
    point->resampled_50 = NULL;
}
