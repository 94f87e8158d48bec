/* Certificates of injective Gaussian layers: what recording costs the search, how large they are
 * and how long checking takes, on one thread and on two. Usage: bench_certificate N M LAYERS
 * [FIRST-SEED] */
#include "certificate/verify.h"
#include "engine/proof.h"
#include "geometry/glpk_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void require(hs_status status, const hs_error *error) {
    if (status == HS_OK)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

/* Of this process: other work on the machine does not count. */
static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Searches; with record the proof is left in outcome. Returns the seconds it took. */
static double search(const hs_problem *problem, bool record, hs_outcome *outcome) {
    hs_settings settings = hs_settings_default();
    hs_error error;
    hs_run run;
    settings.threads = 1;
    settings.confirm = false;
    settings.certificate = record ? "kept" : NULL;
    *outcome = (hs_outcome){.verdict = HS_UNDECIDED};
    hs_run_begin(&run, &settings);
    double start = cpu_seconds();
    require(hs_engine_branch(problem, &run, outcome, &error), &error);
    return cpu_seconds() - start;
}

/* Seconds of the clock, and of the process in *cpu. */
static double check(hs_certificate *certificate, const hs_layer *layer, unsigned threads,
                    double *cpu) {
    hs_settings settings = hs_settings_default();
    hs_verification *verification = NULL;
    hs_error error;
    settings.threads = threads;
    rewind(certificate->stream);
    double start = cpu_seconds();
    require(hs_verify_stream(certificate->stream, "the certificate", layer, &settings,
                             &verification, &error),
            &error);
    *cpu = cpu_seconds() - start;
    double seconds = verification->seconds;
    if (!verification->proven) {
        fprintf(stderr, "%s\n", verification->reason);
        exit(1);
    }
    hs_verification_free(verification);
    return seconds;
}

typedef struct figures {
    double plain, recorded, expected, checked, speed_up, bytes;
    uint64_t nodes;
} figures;

static bool measure(size_t m, size_t n, uint64_t seed, figures *found) {
    const hs_domain ball = {.kind = HS_DOMAIN_BALL, .radius = 1.0};
    const hs_ensemble gaussian = {.kind = HS_ENSEMBLE_GAUSSIAN}, none = {.kind = HS_ENSEMBLE_NONE};
    hs_layer *layer = NULL;
    hs_problem problem;
    hs_outcome plain, recorded;
    hs_error error;
    require(hs_layer_generate(m, n, gaussian, none, seed, &layer, &error), &error);
    require(hs_problem_create(layer, &ball, &problem, &error), &error);
    found->plain = search(&problem, false, &plain);
    bool injective = plain.verdict == HS_INJECTIVE;
    if (injective) {
        hs_certificate certificate;
        double cpu;
        found->recorded = search(&problem, true, &recorded);
        found->nodes = recorded.nodes;
        found->expected = hs_proof_cost(recorded.proof);
        require(hs_certificate_begin(&problem, HS_INJECTIVE, &certificate, &error), &error);
        hs_proof_write(recorded.proof, &certificate);
        require(hs_certificate_end(&certificate, &error), &error);
        found->bytes = (double)ftell(certificate.stream);
        double together = check(&certificate, layer, 2, &cpu);
        found->speed_up = check(&certificate, layer, 1, &found->checked) / together;
        hs_certificate_clear(&certificate);
        hs_proof_free(recorded.proof);
    }
    free(plain.z);
    hs_problem_clear(&problem);
    hs_layer_free(layer);
    return injective;
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    size_t n = strtoul(argv[1], NULL, 10), m = strtoul(argv[2], NULL, 10);
    size_t wanted = strtoul(argv[3], NULL, 10), layers = 0;
    uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    figures all = {0};
    hs_glpk_session glpk;
    hs_error error;
    require(hs_glpk_begin(&glpk, &error), &error);
    printf("%zu x %zu, Gaussian, injective ones; seconds of one core\n", m, n);
    printf("%6s %9s %9s %9s %9s %9s %9s %9s %9s %10s\n", "seed", "nodes", "search", "recorded",
           "ratio", "expected", "check", "ratio", "2 threads", "bytes");
    for (; layers < wanted; seed++) {
        figures found;
        if (!measure(m, n, seed, &found))
            continue;
        layers++;
        printf("%6llu %9llu %9.3f %9.3f %9.3f %9.3f %9.3f %9.3f %8.2fx %10.0f\n",
               (unsigned long long)seed, (unsigned long long)found.nodes, found.plain,
               found.recorded, found.recorded / found.plain, found.expected, found.checked,
               found.checked / found.plain, found.speed_up, found.bytes);
        fflush(stdout);
        all.plain += found.plain;
        all.recorded += found.recorded;
        all.expected += found.expected;
        all.checked += found.checked;
        all.speed_up += found.speed_up;
        all.bytes += found.bytes;
    }
    double count = (double)layers;
    printf("%6s %9s %9.3f %9.3f %9.3f %9.3f %9.3f %9.3f %8.2fx %10.0f\n", "mean", "",
           all.plain / count, all.recorded / count, all.recorded / all.plain, all.expected / count,
           all.checked / count, all.checked / all.plain, all.speed_up / count, all.bytes / count);
    hs_glpk_end(&glpk);
    return 0;
}
