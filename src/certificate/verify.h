/* The checker of certificates. It shares nothing with the engines but the numbers of format.h. */
#ifndef HS_CERTIFICATE_VERIFY_H
#define HS_CERTIFICATE_VERIFY_H

#include "halfspan/halfspan.h"

#include <gmp.h>
#include <nettle/sha2.h>
#include <setjmp.h>
#include <stdio.h>
#include <zlib.h>

/* SHA-256 of the weights, row by row, then of the biases, as doubles in little-endian order. */
void hs_layer_digest(const hs_layer *layer, uint8_t digest[SHA256_DIGEST_SIZE]);
enum { HS_DIGEST_TEXT = 2 * SHA256_DIGEST_SIZE + 1 };
void hs_digest_print(const uint8_t digest[SHA256_DIGEST_SIZE], char text[HS_DIGEST_TEXT]);

/* As hs_verify, for an open stream at its start; name: for messages. */
hs_status hs_verify_stream(FILE *stream, const char *name, const hs_layer *layer,
                           const hs_settings *settings, hs_verification **verification,
                           hs_error *error);

/* ---- what follows is for the files of the checker ---- */

enum { HS_INPUT_BUFFER = 1 << 16, HS_MOST_ALLOCATIONS = 24 };

typedef struct hs_checker {
    const hs_layer *layer;
    const hs_settings *settings;
    hs_verification *found; /* what is claimed; what was checked */
    hs_status status;       /* HS_OK while the certificate is well formed */
    jmp_buf leave;          /* where a refusal goes */
    void *allocations[HS_MOST_ALLOCATIONS];
    size_t allocation_count;

    /* The rows of the layer and, from m on, the faces of the domain: n weights and the bias. */
    size_t m, n, row_count;
    double *rows;  /* row_count x (n + 1) */
    bool *usable;  /* there is such a face; the row has a weight that is not zero */
    double radius; /* of the ball; 0 in other domains */

    FILE *stream; /* borrowed; everything read is hashed */
    uint8_t bytes[HS_INPUT_BUFFER], steps[HS_INPUT_BUFFER];
    size_t at, hashed, end, step_at, step_end;
    uint64_t before, steps_before; /* bytes before those in the buffers */
    struct sha256_ctx digest;
    z_stream inflater;
    bool inflating, in_steps;
    char *word; /* HS_MULTIPLIER_BYTES + 1: the word or multiplier read last */

    mpz_t *integers; /* lent to one user at a time */
    size_t integer_count;
    struct hs_prover *prover; /* of verify_core.c */
    struct hs_ranks *ranks;   /* of verify_rank.c */
    struct hs_tree *tree;     /* of verify_tree.c */
} hs_checker;

/* ---- input.c: refusals, which do not return, memory, and what the file says ---- */

#if defined(__GNUC__)
#define HS_PRINTS(text, first) __attribute__((format(printf, text, first)))
#else
#define HS_PRINTS(text, first)
#endif

/* Refuses a certificate that proves nothing, or one that is damaged, unless the condition holds. */
HS_PRINTS(3, 4) void hs_require(hs_checker *c, bool holds, const char *format, ...);
HS_PRINTS(3, 4) void hs_undamaged(hs_checker *c, bool holds, const char *format, ...);

/* Zeroed memory that lives as long as the checker. */
void *hs_memory(hs_checker *c, size_t rows, size_t columns, size_t size);
/* `memory`, unless it is NULL: then checking ends. */
void *hs_got(hs_checker *c, void *memory);
/* So many integers, of any value, until the next call. */
mpz_t *hs_integers(hs_checker *c, size_t count);

int hs_peek(hs_checker *c);                      /* the next byte of the file, or EOF */
void hs_expect(hs_checker *c, const char *text); /* which is next in the file */
char *hs_word(hs_checker *c);                    /* the next word, without the blank after it */
void hs_file_digest(hs_checker *c, char text[HS_DIGEST_TEXT]); /* of all bytes up to here */
int hs_step_byte(hs_checker *c);                               /* the next of the steps, or EOF */
uint64_t hs_number(hs_checker *c, uint64_t limit, const char *what); /* one below limit */

/* ---- for the loops that take the time: numbers by fours, on whatever machine ---- */

enum { HS_LANES = 4 };
typedef double hs_block
    __attribute__((vector_size(HS_LANES * sizeof(double)), aligned(8), may_alias));
#if defined(__x86_64__) && defined(__gnu_linux__)
#define HS_FOR_EACH_MACHINE __attribute__((target_clones("avx2", "default")))
#else
#define HS_FOR_EACH_MACHINE
#endif

/* ---- verify.c ---- */

/* [-]HEX, with p[-]DECIMAL for a power of two: mantissa 2^exponent. Is the word such a number? */
bool hs_parse_number(char *word, mpz_t mantissa, long *exponent);
/* All these doubles are multiples of 2^unit; unit <= 0. */
int hs_unit(const double *values, size_t count);
/* value 2^-unit, a whole number. */
void hs_exact(mpz_t to, double value, long unit);

/* ---- proofs ---- */

/* verify_witness.c: two inputs with the same output. */
void hs_check_witness(hs_checker *c);

/* verify_tree.c: a tree of branches, each of them closed. */
void hs_check_tree(hs_checker *c);
void hs_tree_free(hs_checker *c);

/* verify_core.c: reads a core, signed rows (2 row for "row is inactive", 2 row + 1 for "active"),
 * and proves that its rows cannot have their states together inside the domain. */
typedef struct hs_core {
    uint32_t *rows; /* NULL: there is none */
    size_t count;
} hs_core;
void hs_check_core(hs_checker *c, hs_core *core);

/* verify_rank.c: one row of each part, however chosen, is a set that spans R^n. Parts are the rows
 * added between two ends. */
void hs_span_begin(hs_checker *c);
void hs_span_row(hs_checker *c, size_t row);
void hs_span_part(hs_checker *c); /* ends one */
void hs_check_span(hs_checker *c);
void hs_ranks_free(hs_checker *c);

#endif
