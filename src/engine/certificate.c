#include "engine/certificate.h"

#include "certificate/format.h"
#include "certificate/verify.h"
#include "geometry/null_space.h"
#include "layer/digest.h"
#include "support/allocate.h"
#include "support/error.h"
#include "support/output_file.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------------------------ */

void hs_certificate_write(hs_certificate *certificate, const void *bytes, size_t size) {
    sha256_update(&certificate->digest, size, bytes);
    fwrite(bytes, 1, size, certificate->stream); /* errors are noticed at the end */
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
print(hs_certificate *certificate, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    hs_certificate_write(certificate, text, (size_t)size);
}

/* A double as HEX p EXPONENT. */
static void print_double(hs_certificate *certificate, double value) {
    uint64_t odd = 0;
    int exponent = 0;
    const char *sign = value < 0.0 ? " -" : " ";
    if (isinf(value))
        print(certificate, "%sinf", sign);
    else if (!hs_split_double(value, &odd, &exponent) || exponent == 0)
        print(certificate, "%s%llx", sign, (unsigned long long)odd);
    else
        print(certificate, "%s%llxp%d", sign, (unsigned long long)odd, exponent);
}

static void print_doubles(hs_certificate *certificate, const char *name, const double *values,
                          size_t count) {
    print(certificate, "%s", name);
    for (size_t k = 0; k < count; k++)
        print_double(certificate, values[k]);
    print(certificate, "\n");
}

static void print_domain(hs_certificate *certificate, const hs_domain *domain, size_t n) {
    switch (domain->kind) {
    case HS_DOMAIN_SPACE:
        print(certificate, "domain space\n");
        break;
    case HS_DOMAIN_BALL:
        print_doubles(certificate, "domain ball", &domain->radius, 1);
        break;
    case HS_DOMAIN_NONNEG_BALL:
        print_doubles(certificate, "domain nonneg-ball", &domain->radius, 1);
        break;
    case HS_DOMAIN_BOX:
        print(certificate, "domain box\n");
        print_doubles(certificate, "lower", domain->lower, n);
        print_doubles(certificate, "upper", domain->upper, n);
        break;
    }
}

hs_status hs_certificate_begin(const hs_problem *problem, hs_verdict verdict,
                               hs_certificate *certificate, hs_error *error) {
    char text[HS_DIGEST_TEXT];
    *certificate = (hs_certificate){.stream = tmpfile()};
    if (certificate->stream == NULL)
        return hs_fail(error, HS_CANNOT_WRITE, "no place for a temporary file");
    sha256_init(&certificate->digest);
    hs_layer_digest(problem->layer, text);
    print(certificate, HS_CERTIFICATE_MAGIC "\nverdict %s\nrows %zu\ncolumns %zu\nlayer %s\n",
          verdict == HS_INJECTIVE ? "injective" : "not-injective", problem->m, problem->n, text);
    print_domain(certificate, &problem->domain, problem->n);
    if (verdict == HS_INJECTIVE)
        print(certificate, "steps\n");
    return HS_OK;
}

void hs_certificate_clear(hs_certificate *certificate) {
    if (certificate->stream != NULL)
        fclose(certificate->stream);
    certificate->stream = NULL;
}

hs_status hs_certificate_end(hs_certificate *certificate, hs_error *error) {
    char text[HS_DIGEST_TEXT];
    struct sha256_ctx all = certificate->digest;
    hs_digest_print(&all, text);
    print(certificate, "end %s\n", text);
    if (fflush(certificate->stream) != 0 || ferror(certificate->stream))
        return hs_fail(error, HS_CANNOT_WRITE, "a temporary file cannot be written");
    return HS_OK;
}

hs_status hs_certificate_check(hs_certificate *certificate, const hs_problem *problem,
                               const hs_settings *settings, hs_verification **verification,
                               hs_error *error) {
    rewind(certificate->stream);
    return hs_verify_stream(certificate->stream, "the certificate", problem->layer, settings,
                            verification, error);
}

hs_status hs_certificate_keep(hs_certificate *certificate, const char *path, hs_error *error) {
    char buffer[1 << 14];
    hs_output_file file;
    size_t size;
    hs_status status = hs_output_file_open(path, &file, error);
    if (status != HS_OK)
        return status;
    rewind(certificate->stream);
    while ((size = fread(buffer, 1, sizeof buffer, certificate->stream)) > 0)
        fwrite(buffer, 1, size, file.stream);
    if (ferror(certificate->stream)) {
        hs_output_file_abandon(&file);
        return hs_fail(error, HS_CANNOT_WRITE, "%s: the temporary file cannot be read", path);
    }
    return hs_output_file_commit(&file, error);
}

/* ---- two inputs with the same output -----------------------------------------------------------
 */

enum { PRIMES = 4 }; /* tried for the rank of the active rows */

/* The active rows whose weight is not zero. */
static size_t *spanning_rows(const hs_problem *problem, const hs_witness *witness, size_t *count) {
    size_t *rows = hs_allocate(witness->active_count, sizeof *rows);
    *count = 0;
    for (size_t k = 0; rows != NULL && k < witness->active_count; k++)
        if (!problem->zero_row[witness->active[k]])
            rows[(*count)++] = witness->active[k];
    return rows;
}

/* -(w_i.z + b_i), in exact arithmetic before the last rounding. */
static double room_of_row(const hs_layer *layer, size_t i, const double *z) {
    mpq_t sum, x, y;
    mpq_inits(sum, x, y, NULL);
    mpq_set_d(sum, layer->bias[i]);
    for (size_t j = 0; j < layer->n; j++) {
        mpq_set_d(x, layer->weight[i * layer->n + j]);
        mpq_set_d(y, z[j]);
        mpq_mul(x, x, y);
        mpq_add(sum, sum, x);
    }
    double room = -mpq_get_d(sum);
    mpq_clears(sum, x, y, NULL);
    return room;
}

/* 1 - |z / radius|^2 */
static double room_in_ball(double radius, const double *z, size_t n) {
    mpq_t sum, r, x;
    mpq_inits(sum, r, x, NULL);
    mpq_set_ui(sum, 1, 1);
    mpq_set_d(r, radius);
    for (size_t j = 0; j < n; j++) {
        mpq_set_d(x, z[j]);
        mpq_div(x, x, r);
        mpq_mul(x, x, x);
        mpq_sub(sum, sum, x);
    }
    double room = mpq_get_d(sum);
    mpq_clears(sum, r, x, NULL);
    return room;
}

/* A t for which z + t v and z - t v are in the domain and in the closed cell of z; not the largest:
 * every estimate is on the safe side. 0: none. */
static double safe_step(const hs_problem *problem, const hs_witness *witness, const double *v) {
    const hs_layer *layer = problem->layer;
    const hs_domain *domain = &problem->domain;
    const double *z = witness->z;
    size_t n = problem->n, active = 0;
    double t = INFINITY, vv = 0.0, zz = 0.0;
    for (size_t i = 0; i < problem->m; i++) {
        if (active < witness->active_count && witness->active[active] == i) {
            active++;
            continue;
        }
        double slope = 0.0;
        for (size_t j = 0; j < n; j++)
            slope += fabs(layer->weight[i * n + j] * v[j]);
        if (slope > 0.0)
            t = fmin(t, 0.5 * room_of_row(layer, i, z) / slope);
    }
    for (size_t j = 0; j < n; j++) {
        double size = fabs(v[j]);
        vv += size * size;
        zz += z[j] / domain->radius * (z[j] / domain->radius);
        if (!(size > 0.0))
            continue;
        if (domain->kind == HS_DOMAIN_NONNEG_BALL)
            t = fmin(t, 0.5 * z[j] / size);
        if (domain->kind == HS_DOMAIN_BOX)
            t = fmin(t, 0.5 * fmin(z[j] - domain->lower[j], domain->upper[j] - z[j]) / size);
    }
    if (domain->kind == HS_DOMAIN_BALL || domain->kind == HS_DOMAIN_NONNEG_BALL) {
        double room = room_in_ball(domain->radius, z, n); /* 2 t |z||v| + t^2 |v|^2 below it */
        double reach = fmin(0.2 * room / sqrt(zz * vv), 0.5 * sqrt(room / vv));
        t = fmin(t, reach * domain->radius);
    }
    return t > 0.0 ? (isfinite(t) ? t : 1.0) : 0.0;
}

static void print_integer(hs_certificate *certificate, const mpz_t value, long exponent) {
    char *text = mpz_get_str(NULL, 16, value);
    void (*release)(void *, size_t);
    mp_get_memory_functions(NULL, NULL, &release);
    hs_certificate_write(certificate, " ", 1);
    hs_certificate_write(certificate, text, strlen(text));
    if (exponent != 0)
        print(certificate, "p%ld", exponent);
    release(text, strlen(text) + 1);
}

/* z + sign 2^exponent v */
static void print_moved(hs_certificate *certificate, double z, mpz_t v, long exponent, int sign) {
    uint64_t odd = 0;
    int own = 0;
    mpz_t sum, other;
    mpz_inits(sum, other, NULL);
    hs_split_double(z, &odd, &own);
    mpz_set_ui(sum, odd);
    if (z < 0.0)
        mpz_neg(sum, sum);
    mpz_set(other, v);
    if (sign < 0)
        mpz_neg(other, other);
    if (own > exponent) {
        mpz_mul_2exp(sum, sum, (mp_bitcnt_t)(own - exponent));
    } else {
        mpz_mul_2exp(other, other, (mp_bitcnt_t)(exponent - own));
        exponent = own;
    }
    mpz_add(sum, sum, other);
    print_integer(certificate, sum, exponent);
    mpz_clears(sum, other, NULL);
}

/* v = 2^exponent times the null vector. */
static void print_points(hs_certificate *certificate, const hs_problem *problem, const double *z,
                         mpz_t *v, long exponent) {
    size_t n = problem->n;
    print_doubles(certificate, "z", z, n);
    print(certificate, "v");
    for (size_t j = 0; j < n; j++)
        print_integer(certificate, v[j], mpz_sgn(v[j]) != 0 ? exponent : 0);
    for (int sign = 1; sign >= -1; sign -= 2) {
        print(certificate, "\n%s", sign > 0 ? "x" : "y");
        for (size_t j = 0; j < n; j++)
            print_moved(certificate, z[j], v[j], exponent, sign);
    }
    print(certificate, "\n");
}

/* The null vector as doubles with a largest entry near 1: times 2^scale it is v. */
static long approximate(mpz_t *v, size_t n, double *values) {
    long scale = 0;
    for (size_t j = 0; j < n; j++)
        if (mpz_sgn(v[j]) != 0 && (long)mpz_sizeinbase(v[j], 2) > scale)
            scale = (long)mpz_sizeinbase(v[j], 2);
    for (size_t j = 0; j < n; j++) {
        long exponent = 0;
        double mantissa = mpz_get_d_2exp(&exponent, v[j]);
        values[j] = exponent - scale > -1000 ? ldexp(mantissa, (int)(exponent - scale)) : DBL_MIN;
        if (mpz_sgn(v[j]) == 0)
            values[j] = 0.0;
    }
    return scale;
}

hs_status hs_certificate_witness(const hs_problem *problem, const hs_witness *witness,
                                 hs_certificate *certificate, bool *made, hs_error *error) {
    size_t count, n = problem->n, *rows = spanning_rows(problem, witness, &count);
    double *v = hs_allocate(n, sizeof *v);
    uint64_t prime = HS_MERSENNE_PRIME;
    hs_status status = HS_OK;
    *made = false;
    if (rows == NULL || v == NULL)
        status = hs_fail(error, HS_NO_MEMORY, "no memory for a certificate");
    for (int attempt = 0; attempt < PRIMES && status == HS_OK && !*made; attempt++) {
        hs_null_space space;
        status = hs_null_space_create(problem->layer->weight, n, rows, count, prime, &space, error);
        if (status != HS_OK)
            break;
        if (space.basis.rank < n)
            status = hs_null_space_vector(&space, 0, error);
        if (status == HS_OK && space.basis.rank < n && hs_null_space_orthogonal(&space)) {
            long scale = approximate(space.vector, n, v);
            double step = safe_step(problem, witness, v);
            int exponent;
            frexp(step, &exponent);
            if (step > 0.0)
                print_points(certificate, problem, witness->z, space.vector, exponent - 1 - scale);
            *made = step > 0.0;
            attempt = PRIMES;
        }
        hs_null_space_clear(&space);
        prime = hs_next_prime(prime);
    }
    free(rows);
    free(v);
    return status;
}
