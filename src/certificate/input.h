/* A certificate as a stream of bytes: text, then compressed steps. Everything read is hashed. */
#ifndef HS_CERTIFICATE_INPUT_H
#define HS_CERTIFICATE_INPUT_H

#include "halfspan/halfspan.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <zlib.h>

enum { HS_INPUT_BUFFER = 1 << 16 };

typedef struct hs_input {
    FILE *stream; /* borrowed */
    uint8_t bytes[HS_INPUT_BUFFER];
    size_t at, hashed, end;
    uint64_t before; /* bytes of the file before this buffer */
    struct sha256_ctx digest;
    z_stream inflater;
    bool inflating;
    uint8_t steps[HS_INPUT_BUFFER]; /* what the inflater made */
    size_t step_at, step_end;
    uint64_t steps_before;
    const char *damage; /* what is wrong with the compressed data, or NULL */
} hs_input;

void hs_input_begin(hs_input *input, FILE *stream);
void hs_input_end(hs_input *input);

/* The next byte of the file, or EOF. */
int hs_input_byte(hs_input *input);
int hs_input_peek(hs_input *input);
uint64_t hs_input_offset(const hs_input *input);

/* The digest of all bytes up to here. */
void hs_input_digest(hs_input *input, uint8_t digest[SHA256_DIGEST_SIZE]);

/* The next byte of the steps, or EOF: at their end, or with damage set. Steps are one or more gzip
 * members, one after the other. */
int hs_input_step_byte(hs_input *input);
uint64_t hs_input_step_offset(const hs_input *input);

#endif
