/* The checker of certificates. It shares nothing with the engines but the numbers of format.h. */
#ifndef HS_CERTIFICATE_VERIFY_H
#define HS_CERTIFICATE_VERIFY_H

#include "certificate/input.h"

#include <gmp.h>

/* Signed rows: 2 row for "row is inactive", 2 row + 1 for "row is active". */
typedef struct hs_core {
    uint32_t *rows; /* signed, no row twice; NULL: the slot is empty */
    uint32_t count;
} hs_core;

typedef struct hs_checker {
    hs_input input;
    const hs_layer *layer;
    const hs_settings *settings;
    size_t m, n;
    hs_verification *found; /* what is claimed; what was checked */
    hs_status status;       /* HS_OK while the certificate is well formed */
    bool refused;           /* well formed, but it proves nothing; found->reason says why */
} hs_checker;

/* ---- verify.c: refusal, and reading steps ---- */

/* The certificate is not one: damaged, or cut. Returns false. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
bool hs_checker_damaged(hs_checker *checker, const char *format, ...);

/* The step or number read last proves nothing. Returns false. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
bool hs_checker_refuse(hs_checker *checker, const char *format, ...);

bool hs_checker_no_memory(hs_checker *checker);

/* Reads a whole number below limit from the steps (7 bits a byte, the lowest first; the highest bit
 * says that there is more). */
bool hs_checker_number(hs_checker *checker, uint64_t limit, const char *what, uint64_t *value);

/* SHA-256 of the weights, row by row, then of the biases, as doubles in little-endian order. */
void hs_layer_digest(const hs_layer *layer, uint8_t digest[SHA256_DIGEST_SIZE]);
enum { HS_DIGEST_TEXT = 2 * SHA256_DIGEST_SIZE + 1 };
void hs_digest_print(const uint8_t digest[SHA256_DIGEST_SIZE], char text[HS_DIGEST_TEXT]);

/* As hs_verify, for an open stream at its start; name: for messages. */
hs_status hs_verify_stream(FILE *stream, const char *name, const hs_layer *layer,
                           const hs_settings *settings, hs_verification **verification,
                           hs_error *error);

/* ---- verify_text.c: numbers, header, and proofs that a layer is not injective ---- */

bool hs_checker_header(hs_checker *checker);
bool hs_checker_witness(hs_checker *checker);
bool hs_checker_trailer(hs_checker *checker);

/* ---- verify_row.c: the rows and faces; cores ---- */

/* Is there a row or face of this number, with a weight that is not zero? */
bool hs_checker_has_row(const hs_checker *checker, size_t row);
/* Its n weights and its bias; row must exist. */
double hs_checker_row(const hs_checker *checker, size_t row, double *weight);
/* Rows and faces have numbers below this. */
size_t hs_checker_rows(const hs_checker *checker);

/* Reads a core and proves it: its rows cannot have their states together in the open domain. */
bool hs_checker_core(hs_checker *checker, hs_core *core);

/* ---- verify_rank.c ---- */

typedef struct hs_rank_proof hs_rank_proof;
hs_rank_proof *hs_rank_proof_create(hs_checker *checker);
void hs_rank_proof_free(hs_rank_proof *proof);
/* Starts a proof. The rows added before the first group are fixed. */
void hs_rank_proof_begin(hs_rank_proof *proof);
bool hs_rank_proof_group(hs_rank_proof *proof); /* of the rows added from now on */
bool hs_rank_proof_add(hs_rank_proof *proof, size_t row);
/* Do the fixed rows with one row of each group, however chosen, span R^n? */
bool hs_rank_proof_holds(hs_rank_proof *proof);

/* ---- verify_tree.c: proofs that a layer is injective ---- */

bool hs_checker_tree(hs_checker *checker);

#endif
