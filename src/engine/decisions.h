/* Many injectivity questions under one set of limits, and the search for the critical value of a
 * parameter by such questions. */
#ifndef HS_ENGINE_DECISIONS_H
#define HS_ENGINE_DECISIONS_H

#include "engine/engine.h"

typedef struct hs_decisions {
    const hs_settings *settings; /* the caller's */
    const char *phase;           /* for progress */
    double start;
    double share; /* of what is left of the limits, for one question; 0: all */
    uint64_t count, nodes;
    bool stopped;             /* a limit was met or the caller interrupted */
    hs_arithmetic arithmetic; /* the weakest behind any verdict */
    char reason[256];         /* of the last undecided question */
} hs_decisions;

void hs_decisions_begin(hs_decisions *decisions, const hs_settings *settings, const char *phase);

/* hs_check with what is left of the limits. */
hs_status hs_decide(hs_decisions *decisions, const hs_layer *layer, const hs_domain *domain,
                    hs_result **result, hs_error *error);

/* The largest value of a parameter at which a layer is injective, when smaller values never harm.
 */
typedef struct hs_critical {
    hs_decisions *decisions;
    void *subject;
    /* Is the layer injective at this value? */
    hs_status (*decide)(void *subject, double at, hs_result **result, hs_error *error);
    /* Lowers *upper to a proven bound from the witness, as far as its cell allows. */
    hs_status (*improve)(void *subject, const hs_witness *witness, double *upper, hs_error *error);
    double tolerance;
    double scale;    /* the tolerance is relative to this; 0: to upper */
    double floor;    /* give up below this value */
    double lower;    /* proven injective; -INFINITY: not known */
    double upper;    /* proven not injective above; finite */
    bool unresolved; /* a value in between could not be decided */
} hs_critical;

/* Is the bracket as narrow as was asked for? */
bool hs_critical_closed(const hs_critical *critical);

/* Narrows the bracket until it is closed, or something cannot be decided, or the limits are met. */
hs_status hs_critical_search(hs_critical *critical, hs_error *error);

/* ---- bad flats ------------------------------------------------------------------------------ */

/* Rows of which no combination of the given active rows can make up: while all of `off` are
 * inactive the active rows do not span, whatever the others do. off: room for m. *proven: the rank
 * of the rows outside off is exactly known to be below n. */
hs_status hs_off_rows(const hs_layer *layer, const size_t *active, size_t active_count, size_t *off,
                      size_t *off_count, bool *proven, hs_error *error);

#endif
