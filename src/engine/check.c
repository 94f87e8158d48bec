#include "engine/auto.h"
#include "engine/bracket.h"
#include "engine/certificate.h"
#include "engine/engine.h"
#include "engine/proof.h"
#include "engine/witness.h"

#include "geometry/glpk_session.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hs_settings hs_settings_default(void) {
    return (hs_settings){.engine = HS_ENGINE_AUTO};
}

/* Turns the claim into evidence; a claim that does not hold leaves the question undecided. */
static hs_status settle(const hs_problem *problem, hs_outcome *outcome, hs_result *result,
                        hs_error *error) {
    if (outcome->verdict != HS_NOT_INJECTIVE)
        return HS_OK;
    if (outcome->witness != NULL) {
        result->witness = outcome->witness;
        outcome->witness = NULL;
        return HS_OK;
    }
    const char *reason = NULL;
    hs_status status = hs_witness_build(problem, outcome->z, &result->witness, &outcome->arithmetic,
                                        &reason, error);
    if (status == HS_OK && result->witness == NULL)
        hs_outcome_set(outcome, HS_UNDECIDED, "a witness could not be confirmed: %s", reason);
    return status;
}

static hs_status decide(hs_engine *engine, const hs_problem *problem, hs_run *run,
                        hs_outcome *outcome, hs_result *result, hs_error *error) {
    outcome->verdict = HS_UNDECIDED;
    hs_status status = engine(problem, run, outcome, error);
    return status == HS_OK ? settle(problem, outcome, result, error) : status;
}

static bool goes_on(hs_status status, const hs_run *run, const hs_outcome *outcome) {
    return status == HS_OK && outcome->verdict == HS_UNDECIDED && !atomic_load(&run->stopped);
}

/* branch stops at a bad cell that is too thin to hold a witness in double precision; up to so many
 * columns cells then looks for a wider one. */
enum { THIN_CELLS_COLUMNS = 8 };

/* See engine/auto.h. Every claim is checked before the next engine would be skipped for it. */
static hs_status run_auto(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                          hs_result *result, hs_error *error) {
    bool cut_short = false, too_large = problem->system.d > HS_EXACT_DIMENSIONS;
    hs_outcome_set(outcome, HS_UNDECIDED, "stopped before an answer was found");
    hs_status status = decide(hs_engine_facts, problem, run, outcome, result, error);
    if (goes_on(status, run, outcome) && hs_auto_searches_first(problem))
        status = decide(hs_engine_search_briefly, problem, run, outcome, result, error);
    if (goes_on(status, run, outcome)) {
        double deadline = hs_auto_shorten(run, hs_auto_exact_seconds(problem, run));
        status = decide(hs_engine_branch, problem, run, outcome, result, error);
        cut_short = hs_auto_restore(run, deadline, outcome->nodes);
    }
    if ((cut_short || too_large) && goes_on(status, run, outcome))
        status = decide(hs_engine_search, problem, run, outcome, result, error);
    else if (problem->n <= THIN_CELLS_COLUMNS && goes_on(status, run, outcome))
        status = decide(hs_engine_cells, problem, run, outcome, result, error);
    return status;
}

/* The mixed-integer program has a margin, which can hide a thin cell: its "injective" stands only
 * when the exact engine does not object. */
static hs_status run_milp(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                          hs_result *result, hs_error *error) {
    hs_status status = decide(hs_engine_milp, problem, run, outcome, result, error);
    if (status != HS_OK || outcome->verdict != HS_INJECTIVE)
        return status;
    hs_outcome exact = {.verdict = HS_UNDECIDED};
    status = hs_engine_branch(problem, run, &exact, error);
    free(exact.z);
    outcome->proof = exact.proof;
    if (status == HS_OK && exact.verdict != HS_INJECTIVE)
        hs_outcome_set(outcome, HS_UNDECIDED,
                       "no bad cell wider than the margin of the mixed-integer program; exact "
                       "arithmetic does not confirm that there is none");
    return status;
}

static hs_status run_engine(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                            hs_result *result, hs_error *error) {
    switch (run->settings->engine) {
    case HS_ENGINE_BRANCH:
        return decide(hs_engine_branch, problem, run, outcome, result, error);
    case HS_ENGINE_CELLS:
        return decide(hs_engine_cells, problem, run, outcome, result, error);
    case HS_ENGINE_MILP:
        return run_milp(problem, run, outcome, result, error);
    case HS_ENGINE_SEARCH:
        return decide(hs_engine_search, problem, run, outcome, result, error);
    case HS_ENGINE_AUTO:
        return run_auto(problem, run, outcome, result, error);
    default:
        return hs_fail(error, HS_UNSUPPORTED, "this engine is not part of this build");
    }
}

static hs_status run_in_session(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                                hs_result *result, hs_error *error) {
    hs_glpk_session glpk;
    hs_status status = hs_glpk_begin(&glpk, error);
    if (status != HS_OK)
        return status;
    status = run_engine(problem, run, outcome, result, error);
    hs_glpk_end(&glpk);
    return status;
}

/* Without a verdict the answer is a bracket; fewer than n rows never span. */
static hs_status complete_bracket(const hs_problem *problem, hs_outcome *outcome, hs_error *error) {
    size_t lower = problem->n;
    hs_status status = HS_OK;
    if (outcome->verdict == HS_NOT_INJECTIVE)
        return HS_OK;
    if (outcome->verdict == HS_UNDECIDED)
        status = hs_active_lower(problem, &lower, error);
    hs_outcome_at_least(outcome, lower);
    return status;
}

static void report(const hs_outcome *outcome, hs_result *result) {
    result->verdict = outcome->verdict;
    result->engine = outcome->engine;
    result->arithmetic = outcome->arithmetic;
    memcpy(result->reason, outcome->reason, sizeof result->reason);
    result->has_active_lower = outcome->has_active_lower;
    result->active_lower = outcome->active_lower;
    result->has_active_upper = outcome->has_active_upper;
    result->active_upper = outcome->active_upper;
    result->nodes = outcome->nodes;
    if (result->witness != NULL &&
        !(result->has_active_upper && result->active_upper <= result->witness->active_count)) {
        result->has_active_upper = true;
        result->active_upper = result->witness->active_count;
    }
}

/* ---- certificates ---------------------------------------------------------------------------- */

static const double confirm_seconds = 1.0; /* worth a confirmation, however short the search */
enum { CONFIRM_COLUMNS = 200 };            /* more: exact null vectors take longer than a second */

static double confirm_limit(const hs_run *run) {
    return fmax(confirm_seconds, (hs_clock_seconds() - run->start) / 3.0);
}

/* Without a file to keep it in, a certificate that cannot be made costs "exact" and no more. */
static hs_status without(hs_run *run, hs_result *result, hs_status status, const char *why,
                         hs_error *error) {
    snprintf(result->uncertified, sizeof result->uncertified, "%.255s",
             status != HS_OK && error != NULL ? error->message : why);
    bool harmless = status == HS_BAD_DATA || run->settings->certificate == NULL;
    return harmless && status != HS_NO_MEMORY ? HS_OK : status;
}

/* What the checker refutes was no proof, and nothing that came with it is known. */
static void withdraw(hs_result *result) {
    result->verdict = HS_UNDECIDED;
    hs_witness_free(result->witness);
    result->witness = NULL;
    result->has_active_lower = result->has_active_upper = false;
    snprintf(result->reason, sizeof result->reason,
             "the checker of certificates refutes the proof that was found");
}

/* The finished certificate is checked, and kept where that is asked for. */
static hs_status confirm(const hs_problem *problem, hs_run *run, hs_certificate *certificate,
                         hs_result *result, hs_error *error) {
    hs_verification *found = NULL;
    hs_status status = hs_certificate_end(certificate, error);
    if (status == HS_OK)
        status = hs_certificate_check(certificate, problem, run->settings, &found, error);
    if (status != HS_OK)
        return without(run, result, status, "", error);
    bool proven = found->proven;
    if (!proven)
        snprintf(result->uncertified, sizeof result->uncertified, "the checker refuses it: %.200s",
                 found->reason);
    if (!proven && !found->stopped)
        withdraw(result);
    hs_verification_free(found);
    if (!proven)
        return HS_OK;
    result->arithmetic = HS_ARITHMETIC_EXACT;
    if (run->settings->certificate == NULL)
        return HS_OK;
    status = hs_certificate_keep(certificate, run->settings->certificate, error);
    result->certified = status == HS_OK;
    return status;
}

static hs_status confirm_witness(const hs_problem *problem, hs_run *run, hs_result *result,
                                 hs_error *error) {
    hs_certificate certificate = {0};
    bool made = false;
    if (run->settings->certificate == NULL && problem->n > CONFIRM_COLUMNS)
        return without(run, result, HS_OK, "an exact null vector would take too long", error);
    hs_status status = hs_certificate_begin(problem, HS_NOT_INJECTIVE, &certificate, error);
    if (status == HS_OK)
        status = hs_certificate_witness(problem, result->witness, &certificate, &made, error);
    if (status == HS_OK && made)
        status = confirm(problem, run, &certificate, result, error);
    else
        status = without(run, result, status, "no exact null vector of the active rows was found",
                         error);
    hs_certificate_clear(&certificate);
    return status;
}

/* The proof that the engine recorded. */
static hs_status confirm_proof(const hs_problem *problem, hs_run *run, hs_proof *proof,
                               hs_result *result, hs_error *error) {
    hs_certificate certificate = {0};
    if (proof == NULL)
        return without(run, result, HS_OK, "the exact engine did not find a proof of its own",
                       error);
    if (!hs_proof_usable(proof) ||
        (run->settings->certificate == NULL && hs_proof_cost(proof) > confirm_limit(run)))
        return without(run, result, HS_OK,
                       run->settings->certificate != NULL
                           ? "the proof could not be written to a temporary file"
                           : "checking the proof would take too long",
                       error);
    hs_status status = hs_certificate_begin(problem, HS_INJECTIVE, &certificate, error);
    if (status == HS_OK) {
        hs_proof_write(proof, &certificate);
        status = confirm(problem, run, &certificate, result, error);
    } else {
        status = without(run, result, status, "", error);
    }
    hs_certificate_clear(&certificate);
    return status;
}

/* Another engine decided: has the exact engine prove it. */
static hs_status prove_again(const hs_problem *problem, hs_run *run, hs_proof **proof,
                             hs_error *error) {
    hs_outcome outcome = {.verdict = HS_UNDECIDED};
    double deadline = run->deadline;
    if (run->settings->certificate == NULL)
        hs_auto_shorten(run, confirm_limit(run));
    hs_status status = hs_engine_branch(problem, run, &outcome, error);
    hs_auto_restore(run, deadline, outcome.nodes);
    free(outcome.z);
    *proof = outcome.proof;
    return status;
}

/* A verdict counts as exact when the checker confirms it. */
static hs_status certify(const hs_problem *problem, hs_run *run, hs_outcome *outcome,
                         hs_result *result, hs_error *error) {
    if (!run->record)
        return HS_OK;
    result->arithmetic = HS_ARITHMETIC_FLOATING;
    if (outcome->verdict == HS_UNDECIDED)
        return without(run, result, HS_OK, "there is no verdict", error);
    if (result->witness != NULL)
        return confirm_witness(problem, run, result, error);
    hs_status status = HS_OK;
    if (outcome->proof == NULL)
        status = prove_again(problem, run, &outcome->proof, error);
    return status == HS_OK ? confirm_proof(problem, run, outcome->proof, result, error) : status;
}

hs_status hs_check(const hs_layer *layer, const hs_domain *domain, const hs_settings *settings,
                   hs_result **result, hs_error *error) {
    const hs_settings defaults = hs_settings_default();
    hs_problem problem = {0};
    hs_outcome outcome = {.verdict = HS_UNDECIDED};
    hs_run run;
    double decided = 0.0;
    hs_run_begin(&run, settings != NULL ? settings : &defaults);
    *result = NULL;
    hs_status status = hs_problem_create(layer, domain, &problem, error);
    if (status != HS_OK)
        return status;
    hs_result *made = hs_allocate(1, sizeof *made);
    if (made == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a result");
    if (status == HS_OK)
        status = run_in_session(&problem, &run, &outcome, made, error);
    if (status == HS_OK)
        status = complete_bracket(&problem, &outcome, error);
    if (status == HS_OK) {
        report(&outcome, made);
        decided = hs_clock_seconds();
        status = certify(&problem, &run, &outcome, made, error);
    }
    if (status == HS_OK) {
        double now = hs_clock_seconds();
        made->seconds = now - run.start;
        made->confirm_seconds = now - decided;
        *result = made;
        made = NULL;
    }
    free(outcome.z);
    hs_proof_free(outcome.proof);
    hs_result_free(made);
    hs_problem_clear(&problem);
    return status;
}

void hs_result_free(hs_result *result) {
    if (result == NULL)
        return;
    hs_witness_free(result->witness);
    free(result);
}
