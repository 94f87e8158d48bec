/* Recording a search tree as a proof that a layer is injective (../certificate/README.md), while it
 * is searched: every worker writes its own part, compressed, to a file without a name.
 *
 * A part that is NULL records nothing, and so does a proof that has been given up: because a file
 * could not be written, or, where nobody asked to keep it, because checking it would take longer
 * than it may. */
#ifndef HS_ENGINE_PROOF_H
#define HS_ENGINE_PROOF_H

#include "engine/bits.h"
#include "engine/certificate.h"
#include "engine/engine.h"

#include <gmp.h>

typedef struct hs_proof_part hs_proof_part;

/* The rows of a tree: 0..count-1 are rows row_of[k] of the problem's layer, then come the problem's
 * faces. The certificate is for a layer of `rows` rows, of which row i of the problem's layer is
 * row origin[i]; NULL: row i. slots: how many cores a part may refer to at a time. */
hs_status hs_proof_create(const hs_problem *problem, const size_t *row_of, size_t count,
                          const size_t *origin, size_t rows, size_t slots, hs_run *run,
                          hs_proof **proof, hs_error *error);
void hs_proof_free(hs_proof *proof);

/* Is it complete as far as it was recorded? */
bool hs_proof_usable(const hs_proof *proof);
/* What checking it will take, in seconds, roughly. */
double hs_proof_cost(const hs_proof *proof);
/* Appends it to a certificate that has its header. */
void hs_proof_write(hs_proof *proof, hs_certificate *certificate);

/* The number of the next subtree, from 0; the first of `count` that follow each other. */
uint64_t hs_proof_numbers(hs_proof *proof, uint64_t count);

/* One worker's part; NULL when proof is or memory is short. */
hs_proof_part *hs_proof_part_begin(hs_proof *proof);
/* Nothing more is to come. */
void hs_proof_part_end(hs_proof_part *part);

/* The core of these signed rows of the tree (row, or row + total: active) is in this slot from now
 * on. It is written when it is first used. Its multipliers: the only ones there are (weights NULL),
 * or these, exactly. */
void hs_proof_core(hs_proof_part *part, size_t slot, const size_t *rows, size_t count,
                   const double *weights);
/* As hs_proof_core, with integers; unique: they are the only ones. */
void hs_proof_core_exact(hs_proof_part *part, size_t slot, const size_t *rows, size_t count,
                         mpz_t *multipliers, bool unique);

/* For facts, on a layer's own rows: row `other` is antiparallel to `row`, so that one of them is
 * active everywhere; with other = row, that one is active everywhere by itself. */
void hs_proof_core_fact(hs_proof_part *part, size_t slot, const hs_problem *problem, size_t row,
                        size_t other);

/* The steps. Sets of rows are bits of `words` words each. */
void hs_proof_segment(hs_proof_part *part, uint64_t number, const uint64_t *inactive,
                      const uint64_t *active);
void hs_proof_unit(hs_proof_part *part, size_t slot);
void hs_proof_dead(hs_proof_part *part, size_t slot);
/* which: indices of the groups that count; slots and rows of the groups (NULL: not worth counting).
 */
void hs_proof_span(hs_proof_part *part, const size_t *which, size_t count, const size_t *slots,
                   const hs_groups *groups);
void hs_proof_fix(hs_proof_part *part, const size_t *which, size_t count, const size_t *slots,
                  const hs_groups *groups, const uint64_t *rows);
void hs_proof_branch(hs_proof_part *part, size_t row);
void hs_proof_detach(hs_proof_part *part, uint64_t number);
/* Classes modulo 3: the branch is left to the chunks from `first` on, by digits for these rows. */
void hs_proof_classes(hs_proof_part *part, const size_t *rows, size_t count, uint64_t first);
/* The rows of chunks: all of the tree. */
void hs_proof_rows(hs_proof_part *part);
/* A chunk: digits are 0 for `zeros` rows, then these. */
void hs_proof_chunk(hs_proof_part *part, uint64_t number, const size_t *rows, size_t zeros,
                    size_t count, const uint8_t *digits);
/* No class for which none of the core's rows is zero. */
void hs_proof_sieve(hs_proof_part *part, size_t slot);
/* ... of these rows, by a subtree. */
void hs_proof_leave(hs_proof_part *part, uint64_t number, const uint64_t *rows);
void hs_proof_divide(hs_proof_part *part, size_t row, bool zero_first);
/* The set has no classes left. */
void hs_proof_close(hs_proof_part *part);

#endif
