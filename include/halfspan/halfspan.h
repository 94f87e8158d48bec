/* halfspan: can the input of a ReLU layer be recovered from its output?
 *
 * A layer is x -> ReLU(Wx + b): W has m rows (neurons) and n columns (inputs), stored row by row in
 * double precision. A layer is injective on a convex domain K with non-empty interior if and only
 * if, for every z in the interior of K, the active rows { i : w_i.z + b_i >= 0 } span R^n.
 *
 * Conventions of this header:
 *  - every function that can fail returns an hs_status; the optional hs_error receives one line
 *    that says what is wrong, where, and what was expected (pass NULL when it is not wanted);
 *  - the library never prints, never exits and keeps no global state: two threads may use two
 *    objects at once;
 *  - handles are opaque and freed by the matching _free function, which accepts NULL;
 *  - weights, points and radii are plain numbers without units; angles do not occur.
 */
#ifndef HALFSPAN_H
#define HALFSPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* ---- status and errors ------------------------------------------------------------------- */

typedef enum hs_status {
    HS_OK = 0,
    HS_INVALID_ARGUMENT, /* the caller asked for something that makes no sense */
    HS_BAD_DATA,         /* a file or an array is damaged or not what was expected */
    HS_CANNOT_OPEN,      /* a file cannot be opened or read */
    HS_CANNOT_WRITE,     /* a file cannot be written; what was there before is untouched */
    HS_NO_MEMORY,        /* memory could not be had */
    HS_UNSUPPORTED,      /* a meaningful request that this engine or build cannot answer */
    HS_INTERNAL,         /* a check inside the library failed: a defect, please report */
    HS_NOT_CONVERGED     /* an iteration ended away from a solution; the message has the residual */
} hs_status;

#define HS_ERROR_LENGTH 512

typedef struct hs_error {
    hs_status status;
    char message[HS_ERROR_LENGTH]; /* one line, no trailing newline */
} hs_error;

/* A short constant text for a status. */
const char *hs_status_message(hs_status status);

/* The version of the library, for example "0.1.0". */
const char *hs_version(void);

/* ---- layers ------------------------------------------------------------------------------ */

typedef struct hs_layer hs_layer;

/* A layer from arrays. weight: m*n numbers, row by row; bias: m numbers, or NULL for zero bias.
 * The numbers are copied. HS_BAD_DATA when m or n is 0 or a number is not finite. */
hs_status hs_layer_create(size_t m, size_t n, const double *weight, const double *bias,
                          hs_layer **layer, hs_error *error);
void hs_layer_free(hs_layer *layer);

size_t hs_layer_rows(const hs_layer *layer);          /* m */
size_t hs_layer_columns(const hs_layer *layer);       /* n */
const double *hs_layer_weight(const hs_layer *layer); /* m x n, row by row */
const double *hs_layer_bias(const hs_layer *layer);   /* m numbers; zeros for a layer without */
bool hs_layer_has_zero_bias(const hs_layer *layer);   /* true when every b_i is 0 */

/* y = ReLU(Wx + b), in double precision. x: n numbers, y: m numbers. */
void hs_layer_apply(const hs_layer *layer, const double *x, double *y);

typedef struct hs_read_options {
    bool transpose;   /* the stored array is n x m (Keras, ONNX MatMul) */
    bool no_bias;     /* drop the bias */
    const char *bias; /* read the bias from this FILE[:NAME], or NULL */
} hs_read_options;

/* Reads a layer from SOURCE = FILE[:NAME]; "-" reads text from standard input. Formats: .npy, .npz,
 * .safetensors, .csv, .txt, .mtx. options may be NULL. HS_CANNOT_OPEN, HS_BAD_DATA. */
hs_status hs_layer_read(const char *source, const hs_read_options *options, hs_layer **layer,
                        hs_error *error);

/* Writes a layer; the extension of path chooses .npy (weight only: zero bias is required), .npz,
 * .safetensors or .csv. The file is complete or untouched. */
hs_status hs_layer_write(const hs_layer *layer, const char *path, hs_error *error);

/* A dense array of one or two dimensions, row by row; a vector has rows = 1 and rank = 1. */
typedef struct hs_array {
    size_t rank;    /* 1 or 2 */
    size_t rows;    /* 1 when rank is 1 */
    size_t columns; /* numbers in a row */
    double *data;   /* rows x columns */
} hs_array;

/* Reads one array from FILE[:NAME] (same formats as a layer); free it with hs_array_clear. */
hs_status hs_array_read(const char *source, hs_array *array, hs_error *error);
/* As hs_array_read, for the bounds of a box: numbers may be infinite. */
hs_status hs_bounds_read(const char *source, hs_array *array, hs_error *error);
hs_status hs_array_write(const hs_array *array, const char *path, hs_error *error);
void hs_array_clear(hs_array *array);

/* ---- random layers ----------------------------------------------------------------------- */

typedef enum hs_ensemble_kind {
    HS_ENSEMBLE_NONE,       /* zeros: a bias ensemble only */
    HS_ENSEMBLE_GAUSSIAN,   /* N(0, 1) */
    HS_ENSEMBLE_SPHERE,     /* rows uniform on the unit sphere */
    HS_ENSEMBLE_UNIFORM,    /* uniform on [-1/sqrt(n), 1/sqrt(n)], PyTorch's nn.Linear default */
    HS_ENSEMBLE_RADEMACHER, /* +1 or -1 with equal chance */
    HS_ENSEMBLE_SPARSE      /* N(0, 1) with chance p, else 0 */
} hs_ensemble_kind;

typedef struct hs_ensemble {
    hs_ensemble_kind kind;
    double p; /* HS_ENSEMBLE_SPARSE: chance that an entry is not zero, in (0, 1] */
} hs_ensemble;

/* "gaussian", "sphere", "uniform", "rademacher", "sparse:P", "none". */
hs_status hs_ensemble_parse(const char *text, hs_ensemble *ensemble, hs_error *error);

/* A random m x n layer. Row i depends on (seed, i, n, ensemble) alone: the first rows do not depend
 * on m, and the same seed gives the same bits on every machine (Philox 4x32-10 of Salmon, Moraes,
 * Dror, Shaw, SC 2011, counted by row and column; only correctly rounded operations after it). */
hs_status hs_layer_generate(size_t m, size_t n, hs_ensemble weight, hs_ensemble bias, uint64_t seed,
                            hs_layer **layer, hs_error *error);

/* ---- domains ----------------------------------------------------------------------------- */

typedef enum hs_domain_kind {
    HS_DOMAIN_BALL,        /* |z| <= radius */
    HS_DOMAIN_SPACE,       /* R^n */
    HS_DOMAIN_BOX,         /* lower_j <= z_j <= upper_j */
    HS_DOMAIN_NONNEG_BALL, /* z_j >= 0 and |z| <= radius */
} hs_domain_kind;

typedef struct hs_domain {
    hs_domain_kind kind;
    double radius;       /* ball and nonneg-ball: > 0, finite */
    const double *lower; /* box: n numbers, may be -INFINITY; borrowed */
    const double *upper; /* box: n numbers, may be INFINITY, lower_j < upper_j; borrowed */
} hs_domain;

/* ---- deciding injectivity ---------------------------------------------------------------- */

typedef enum hs_engine_kind {
    HS_ENGINE_AUTO,   /* cheap facts, then a witness search, then the exact engine */
    HS_ENGINE_BRANCH, /* exact and fast */
    HS_ENGINE_CELLS,  /* reference: every cell by linear programming */
    HS_ENGINE_MILP,   /* cross-check: mixed-integer program, generic layers only */
    HS_ENGINE_SEARCH  /* witnesses only: answers not injective or undecided */
} hs_engine_kind;

typedef enum hs_verdict {
    HS_INJECTIVE = 0,
    HS_NOT_INJECTIVE = 1,
    HS_UNDECIDED = 2 /* the numbers are the exit codes of `halfspan check` */
} hs_verdict;

/* What stands behind a verdict: every step in exact rational arithmetic (or in floating point with
 * a rigorous error bound), or plain floating point. */
typedef enum hs_arithmetic { HS_ARITHMETIC_EXACT, HS_ARITHMETIC_FLOATING } hs_arithmetic;

/* A snapshot of running work, for a progress line. */
typedef struct hs_progress {
    double seconds;      /* since the start */
    uint64_t nodes;      /* nodes of the search tree (or cells, or restarts) so far */
    double fraction;     /* estimated share of the work that is done, or negative if unknown */
    size_t active_lower; /* proven lower bound on the smallest number of active rows */
    size_t active_upper; /* smallest number of active rows seen */
    const char *phase;   /* what is running, a constant text */
} hs_progress;

typedef struct hs_settings {
    hs_engine_kind engine;
    double time_limit;   /* seconds of wall clock; 0: none */
    uint64_t node_limit; /* nodes; 0: none */
    unsigned threads;    /* 0: all cores */
    uint64_t seed;       /* for the parts that use chance; the verdict does not depend on it */
    bool (*interrupted)(void *data);                      /* polled; true stops; or NULL */
    void (*progress)(const hs_progress *now, void *data); /* called now and then; or NULL */
    void (*note)(const char *line, void *data); /* what an engine chose, by lines; or NULL */
    void *data;                                 /* handed to all three */
    bool confirm; /* confirm the verdict by a certificate where that costs less than about a second
                   * or a third of the run; see hs_result.arithmetic */
    const char *certificate; /* keep the certificate in this file; or NULL */
    size_t target; /* HS_ENGINE_SEARCH: go on until at most this many rows are active; 0: any
                    * witness will do */
} hs_settings;

/* engine auto, no limits, all cores, seed 0, no callbacks, no certificate. */
hs_settings hs_settings_default(void);

/* Two inputs with the same output. */
typedef struct hs_witness {
    double *z;      /* n numbers: the midpoint, whose active rows do not span */
    double *x;      /* n numbers, in the domain */
    double *y;      /* n numbers, in the domain, x != y */
    size_t *active; /* the active rows at z, ascending */
    size_t active_count;
    size_t rank;       /* their rank, < n */
    double residual;   /* max_i |ReLU(Wx+b)_i - ReLU(Wy+b)_i| as recomputed in double precision */
    double separation; /* |x - y| */
} hs_witness;

typedef struct hs_result {
    hs_verdict verdict;
    hs_engine_kind engine;    /* the engine that decided; HS_ENGINE_AUTO: a cheap fact */
    hs_arithmetic arithmetic; /* exact: hs_verify's checker confirmed the verdict. When neither
                               * confirm nor certificate was asked for: what the engine used. What
                               * the checker refutes is no verdict: undecided */
    bool certified;           /* the certificate asked for was checked and kept */
    char uncertified[256];    /* in one line: why the verdict has no certificate */
    char reason[256];         /* one sentence */
    hs_witness *witness;      /* only when not injective */
    bool has_active_lower;    /* proven bounds on the smallest number of active rows, where known */
    bool has_active_upper;
    size_t active_lower;
    size_t active_upper;
    uint64_t nodes;
    double seconds;
    double confirm_seconds; /* ... of these, for confirming the verdict by a certificate */
} hs_result;

/* Is the layer injective on the domain? settings may be NULL. HS_INVALID_ARGUMENT for a domain that
 * makes no sense, HS_UNSUPPORTED when the chosen engine cannot answer for this layer. Limits and
 * interruption are not errors: the verdict is then HS_UNDECIDED. */
hs_status hs_check(const hs_layer *layer, const hs_domain *domain, const hs_settings *settings,
                   hs_result **result, hs_error *error);
void hs_result_free(hs_result *result);

/* ---- certificates ------------------------------------------------------------------------- */

/* What a certificate (src/certificate/README.md) claims, and whether that was proved. */
typedef struct hs_verification {
    bool proven;        /* complete: the verdict holds for this layer on this domain */
    hs_verdict verdict; /* HS_INJECTIVE or HS_NOT_INJECTIVE */
    size_t m, n;
    char layer[65];   /* SHA-256 of the layer: weights, then biases, as little-endian doubles */
    hs_domain domain; /* lower and upper belong to the verification */
    char reason[256]; /* what was proved; or where and why the proof is refused */
    bool stopped;     /* it is refused at a limit of the checker, or by interruption: what was read
                       * until there is right */
    uint64_t steps, cores, branches; /* checked */
    uint64_t choices;                /* rows reduced in proofs that choices of rows span */
    double seconds;
} hs_verification;

/* Checks a certificate for the layer in exact arithmetic, with code of its own. Of the settings
 * only threads and the callback interrupted are looked at; they may be NULL. A certificate that
 * proves nothing, or belongs to another layer, is not an error: proven is then false.
 * HS_CANNOT_OPEN, HS_BAD_DATA when the file is no certificate or damaged. */
hs_status hs_verify(const char *path, const hs_layer *layer, const hs_settings *settings,
                    hs_verification **verification, hs_error *error);
void hs_verification_free(hs_verification *verification);

/* ---- critical radius ---------------------------------------------------------------------- */

/* The largest radius of a ball (or non-negative part of a ball) about 0 on which a layer is
 * injective. "Proven" below: lower by an injective verdict on the domain of that radius, upper by
 * the bad point z, checked in exact arithmetic. */
typedef struct hs_radius_result {
    bool everywhere;  /* injective on every ball: no critical radius; upper is infinite, z NULL */
    bool complete;    /* everywhere, or upper - lower <= tolerance * upper, or both are 0 */
    double lower;     /* proven: injective on the domain of this radius (or 0) */
    double upper;     /* proven: not injective on any larger one; infinite: not known */
    double tolerance; /* what was asked for */
    double *z; /* n numbers, |z| <= upper: a point of the open domain at which the active rows
                  do not span; NULL when upper is infinite, or 0 and 0 is no such point */
    hs_arithmetic arithmetic; /* what stands behind lower and upper */
    char reason[256];         /* one sentence */
    uint64_t decisions;       /* injectivity questions asked */
    uint64_t nodes;
    double seconds;
} hs_radius_result;

/* kind: HS_DOMAIN_BALL or HS_DOMAIN_NONNEG_BALL. tolerance: relative, in [1e-12, 1); 0: 1e-9.
 * settings as for hs_check, the limits for all decisions together, or NULL. When stopped early,
 * lower and upper still hold. HS_INVALID_ARGUMENT, HS_UNSUPPORTED. */
hs_status hs_critical_radius(const hs_layer *layer, hs_domain_kind kind, double tolerance,
                             const hs_settings *settings, hs_radius_result **result,
                             hs_error *error);
void hs_radius_result_free(hs_radius_result *result);

/* ---- tolerated bias ----------------------------------------------------------------------- */

/* The largest t for which x -> ReLU(Wx + b - t) is injective on a domain. Proven means: for the
 * real numbers b_i - t, not for their rounded values. */
typedef struct hs_bias_result {
    bool has_lower; /* lower is proven: injective for every t up to it */
    bool has_upper; /* upper is proven: not injective for any t above it */
    bool never;     /* not injective for any t; has_lower and has_upper are false */
    bool complete;  /* never, or upper - lower <= tolerance * scale */
    double lower, upper;
    double tolerance; /* what was asked for, relative to scale */
    double scale;     /* a size of the pre-activations on the domain */
    double *z;        /* n numbers: a point of the open domain that is bad for every t above upper;
                         NULL without upper */
    bool omnidirectional_known;
    bool omnidirectional; /* 0 is in the interior of the convex hull of the rows; exact */
    hs_arithmetic arithmetic;
    char reason[256]; /* one sentence */
    uint64_t decisions, nodes;
    double seconds;
} hs_bias_result;

/* tolerance: in [1e-12, 1), relative to scale; 0: 1e-9. settings as for hs_critical_radius. */
hs_status hs_uniform_bias(const hs_layer *layer, const hs_domain *domain, double tolerance,
                          const hs_settings *settings, hs_bias_result **result, hs_error *error);
void hs_bias_result_free(hs_bias_result *result);

/* ---- halfspace depth ---------------------------------------------------------------------- */

/* The halfspace (Tukey) depth of a point q among points x_1..x_k: the smallest number of points in
 * a closed halfspace with q on its boundary, min over u != 0 of #{ i : u.(x_i - q) >= 0 }. */
typedef struct hs_depth_result {
    size_t lower, upper; /* proven bounds; equal when complete */
    bool complete;       /* the depth is upper */
    double *direction;   /* n numbers: exactly `shown` points have direction.(x_i - q) >= 0 */
    size_t shown;        /* upper; more where no doubles are a direction with so few points */
    hs_arithmetic arithmetic;
    char reason[256]; /* one sentence */
    uint64_t nodes;
    double seconds;
} hs_depth_result;

/* points: k x n numbers, row by row; q: n numbers. The numbers are taken as the doubles they are
 * and nothing is rounded. settings as for hs_check, or NULL. HS_BAD_DATA for numbers that are not
 * finite, or where a difference is beyond the range and the numbers are not exact at a quarter of
 * their size. */
hs_status hs_depth(const double *points, size_t k, size_t n, const double *q,
                   const hs_settings *settings, hs_depth_result **result, hs_error *error);
void hs_depth_result_free(hs_depth_result *result);

/* ---- theory: random Gaussian layers without bias ------------------------------------------ */

/* Everything here is about W with independent N(0, 1) entries and b = 0, at alpha = m / n, n to
 * infinity unless a function takes m and n. e(alpha) is the smallest possible number of active rows
 * divided by n; the layer is injective where e(alpha) > 1. */

typedef enum hs_theory_status {
    HS_THEORY_RIGOROUS, /* proved */
    HS_THEORY_REPLICA,  /* replica method, or random duality theory where it is not proved */
    HS_THEORY_HEURISTIC /* an argument known to be neither a bound nor exact */
} hs_theory_status;

/* "rigorous", "replica", "heuristic". */
const char *hs_theory_status_name(hs_theory_status status);

/* A reference value of alpha, for plots and reports. All texts are constant. */
typedef struct hs_theory_line {
    const char *name;  /* an identifier: "trivial", "full-rsb", "level-1", ... */
    const char *title; /* a few words */
    double alpha;
    hs_theory_status status;
    const char *meaning; /* what holds below or above alpha, one clause */
    const char *source;  /* who, where */
} hs_theory_line;

/* The table of reference lines, ascending in alpha, kept in the library: nothing is computed. */
void hs_theory_lines(const hs_theory_line **lines, size_t *count);

/* One of these lines by name, or NULL. */
const hs_theory_line *hs_theory_line_find(const char *name);

/* What to expect from a Gaussian layer without bias, n large. */
typedef enum hs_theory_regime {
    HS_THEORY_NEVER_INJECTIVE,  /* below 3: no layer in general position is */
    HS_THEORY_NOT_INJECTIVE,    /* below 3.3: proved, with probability tending to one */
    HS_THEORY_LIKELY_NOT,       /* below the full-RSB capacity: predicted by the replica method */
    HS_THEORY_LIKELY_INJECTIVE, /* above it: predicted by the replica method */
    HS_THEORY_INJECTIVE /* above level 1: proved (Gordon), with probability tending to one */
} hs_theory_regime;

hs_theory_regime hs_theory_regime_at(double alpha);

/* One sentence for the regime of alpha. */
const char *hs_theory_prediction(double alpha);

/* The deterministic bound 3 - 2/n: a layer of m x n, b = 0, rows in general position, is not
 * injective when m/n <= 3 - 2/n (put n-1 rows on a boundary, take the better side). n >= 1. */
double hs_theory_general_position_bound(size_t n);

/* ln of the expected number of cells with fewer than n active rows,
 * 2^-(m-1) (sum_(j<n) C(m-1,j)) (sum_(p<n) C(m,p)), exact for Gaussian rows (Wendel 1962); never
 * overflows. min(1, exp of it) bounds P(not injective) from above. m, n >= 1. Costs about n terms.
 */
double hs_theory_first_moment_log(size_t m, size_t n);

/* ---- theory: the lifting hierarchy -------------------------------------------------------- */

enum { HS_THEORY_LEVEL_MAX = 20 };

/* Level r of fully lifted random duality theory (Stojnic, arXiv 2410.20646), which is (r-1)-step
 * replica symmetry breaking, at its saddle point. k = effective_level - 1 steps. */
typedef struct hs_theory_level {
    size_t level;           /* r */
    size_t effective_level; /* r; less when parameters merge or run to a boundary: this level adds
                               nothing to the full one of that number, whose parameters follow;
                               0 where the energy is zero and there are none */
    bool partial;           /* q_0 = 0 was held fixed (partially lifted) */
    double alpha;           /* the capacity, where energy = 1; or the alpha that was asked for */
    double energy;          /* a prediction for e(alpha), increasing with the level */
    double slope;           /* d energy / d alpha along this level (envelope theorem) */
    double chi;             /* infinite where the energy is zero */
    size_t steps;           /* k */
    double q[HS_THEORY_LEVEL_MAX];    /* k overlaps, q_0 < q_1 < ... < 1 */
    double x[HS_THEORY_LEVEL_MAX];    /* k breaking parameters, ascending */
    double dual[HS_THEORY_LEVEL_MAX]; /* k overlaps of the other family, d_j / d_k */
    double residual;    /* largest relative defect of the 3k + 2 stationarity conditions */
    size_t evaluations; /* of the functional */
} hs_theory_level;

typedef struct hs_theory_settings {
    bool partial;      /* hold q_0 = 0 (level 1 has no q_0 and is the same either way) */
    double resolution; /* grid points per smallest width, from 2; 0: the default, 6 */
    bool levels_only;  /* hs_theory_full_limit: trust the extrapolation, skip the continuum */
    bool (*interrupted)(void *data);            /* polled; true stops; or NULL */
    void (*progress)(const char *, void *data); /* told what is running; or NULL */
    void *data;                                 /* handed to both */
} hs_theory_settings;

/* Levels 1..max_level (at most HS_THEORY_LEVEL_MAX) at their capacity. levels: room for max_level;
 * *count: how many were finished: all, unless interrupted. settings may be NULL.
 * HS_INVALID_ARGUMENT; HS_NOT_CONVERGED when a saddle is not found (count levels are good). */
hs_status hs_theory_capacity(size_t max_level, const hs_theory_settings *settings,
                             hs_theory_level *levels, size_t *count, hs_error *error);

/* As hs_theory_capacity, for the energies at a given alpha in (0, 1000]; up to alpha = 2 the energy
 * is zero at every level. */
hs_status hs_theory_energy(double alpha, size_t max_level, const hs_theory_settings *settings,
                           hs_theory_level *levels, size_t *count, hs_error *error);

/* The limit of infinitely many levels: full replica symmetry breaking. */
typedef struct hs_theory_full {
    double alpha;
    double energy;
    double error;          /* of alpha for a capacity, of energy otherwise */
    double from_levels;    /* the same number by extrapolating the levels */
    double from_continuum; /* and by solving the continuous equations; NaN when skipped */
    bool complete;         /* false when interrupted: nothing else is then valid */
} hs_theory_full;

enum { HS_THEORY_FULL_LEVELS = 8 };

/* The limit, from fully lifted levels 1..count of one call of hs_theory_capacity or
 * hs_theory_energy, count >= HS_THEORY_FULL_LEVELS: the levels are extrapolated, and the continuous
 * equations solved independently (see src/theory/README.md); the error covers the distance of the
 * two. Below alpha = 2 the limit is 0 at once. HS_NOT_CONVERGED, HS_INVALID_ARGUMENT. */
hs_status hs_theory_full_limit(const hs_theory_level *levels, size_t count,
                               const hs_theory_settings *settings, hs_theory_full *full,
                               hs_error *error);

/* The table of hs_theory_lines computed from its formulas where there is one (the rest is copied).
 * lines: room for as many entries as hs_theory_lines returns. settings: as for
 * hs_theory_full_limit, or NULL. Takes seconds. HS_NOT_CONVERGED. */
hs_status hs_theory_lines_compute(const hs_theory_settings *settings, hs_theory_line *lines,
                                  hs_error *error);

/* The de Almeida-Thouless point: where, on the line of replica-symmetric energy one, replica
 * symmetry becomes unstable (Maillard et al., arXiv 2302.14112). */
typedef struct hs_theory_at_point {
    double alpha;
    double beta;     /* inverse temperature */
    double q;        /* overlap */
    double residual; /* largest defect of its equations */
} hs_theory_at_point;

hs_status hs_theory_at_point_compute(hs_theory_at_point *point, hs_error *error);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
