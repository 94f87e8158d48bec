/* Writing certificates (../certificate/README.md) and having them checked. */
#ifndef HS_ENGINE_CERTIFICATE_H
#define HS_ENGINE_CERTIFICATE_H

#include "engine/problem.h"

#include <nettle/sha2.h>
#include <stdio.h>

/* A certificate in the making, in a temporary file without a name. */
typedef struct hs_certificate {
    FILE *stream;
    struct sha256_ctx digest; /* of what was written */
} hs_certificate;

/* Writes the header. HS_CANNOT_WRITE when there is no place for temporary files. */
hs_status hs_certificate_begin(const hs_problem *problem, hs_verdict verdict,
                               hs_certificate *certificate, hs_error *error);
void hs_certificate_clear(hs_certificate *certificate);
void hs_certificate_write(hs_certificate *certificate, const void *bytes, size_t size);
/* Writes the last line; HS_CANNOT_WRITE when anything could not be written. */
hs_status hs_certificate_end(hs_certificate *certificate, hs_error *error);

/* The rest of a certificate that the layer is not injective: from the witness's z and an exact null
 * vector of its active rows to rational x and y. *made is false where there is none: double
 * precision did not show the true rank, or z is not strictly inside its cell. */
hs_status hs_certificate_witness(const hs_problem *problem, const hs_witness *witness,
                                 hs_certificate *certificate, bool *made, hs_error *error);

/* Has the finished certificate checked, from its first byte. */
hs_status hs_certificate_check(hs_certificate *certificate, const hs_problem *problem,
                               const hs_settings *settings, hs_verification **verification,
                               hs_error *error);

/* Copies the finished certificate to its place. */
hs_status hs_certificate_keep(hs_certificate *certificate, const char *path, hs_error *error);

#endif
