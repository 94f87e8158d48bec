/* The checker of certificates. It shares nothing with the engines but the numbers of format.h. */
#ifndef HS_CERTIFICATE_VERIFY_H
#define HS_CERTIFICATE_VERIFY_H

#include "certificate/format.h"
#include "layer/digest.h"

#include <gmp.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* As hs_verify, for an open stream at its start; name: for messages. */
hs_status hs_verify_stream(FILE *stream, const char *name, const hs_layer *layer,
                           const hs_settings *settings, hs_verification **verification,
                           hs_error *error);

/* What follows is for the files of the checker. */
typedef struct hs_room {
    void *at;
    size_t size;
} hs_room;
typedef struct hs_checker {
    const hs_layer *layer;
    const hs_settings *settings;
    hs_verification *found;    /* what is claimed; what was checked */
    atomic_bool *stop;         /* one of those that read the same file refuses it */
    hs_status status;          /* HS_OK while the certificate is well formed */
    jmp_buf leave;             /* where a refusal goes */
    unsigned share, shares;    /* which one of how many */
    uint64_t turn;             /* things seen that only one of them proves */
    char text[HS_DIGEST_TEXT]; /* the digest of the file */
    struct hs_rooms {          /* memory, by what it is for */
        hs_room word, rows, usable, integers, exponents, states, known, open, segments;
        hs_room assumed, cores, claim, multiplier, span, part, edge, residues, done, products,
            level[40], thirds, equations, columns, levels, classes, row_set, branch, parts, bits;
    } rooms;
    mpz_t *integers; /* of any value, for one user at a time */
    size_t integer_count;

    FILE *stream; /* borrowed; all bytes before those in the buffer are in the digest */
    uint8_t bytes[1 << 14], steps[1 << 14];
    size_t at, end, step_at, step_end;
    uint64_t before, steps_before; /* bytes before those in the buffers */
    struct sha256_ctx digest;
    z_stream inflater;
    bool inflating, in_steps;
    /* The rows of the layer and, from m on, the faces of the domain: n weights and the bias. */
    size_t m, n, row_count;
    double *rows;  /* row_count x (n + 1) */
    bool *usable;  /* there is such a face; the row has a weight that is not zero */
    double radius; /* of the ball; 0 in other domains */
    /* verify_tree.c: the branch. */
    uint8_t *states;
    uint32_t *known, *open; /* rows in order (2 row + 1: assumed here); signed rows of a core */
    size_t known_count, segments;
    uint64_t step, slot, number; /* being read; the number of the segment */
    bool inside, in_chunk;       /* a segment is being read; a chunk of classes is */
    /* verify_rank.c: rows, where each part begins among them, and the same as enumerated. */
    uint32_t *span;
    size_t *part, *edge, span_count, parts, pitch, open_dims;
    uint64_t span_steps;
    double prime;
    /* verify_classes.c: the set of classes, in c->rooms.classes; parts that are still to come. */
    size_t class_rows, class_words, class_begin, class_end, pending;
} hs_checker;

/* A certificate that proves nothing (status HS_OK), or is damaged, is refused where that is found,
 * by a long jump to verify.c, so that no refusal can be overlooked. */
__attribute__((format(printf, 3, 4))) _Noreturn void hs_refuse(hs_checker *c, hs_status status,
                                                               const char *format, ...);
#define hs_require(c, holds, ...) ((holds) ? (void)0 : hs_refuse(c, HS_OK, __VA_ARGS__))
#define hs_affordable(c, holds, ...)                                                               \
    ((holds) ? (void)0 : (c->found->stopped = true, hs_refuse(c, HS_OK, __VA_ARGS__)))
#define hs_undamaged(c, holds, ...) ((holds) ? (void)0 : hs_refuse(c, HS_BAD_DATA, __VA_ARGS__))
#define hs_enough(c, made) ((made) ? (void)0 : hs_refuse(c, HS_NO_MEMORY, "no memory to check it"))

/* Cores, spans and chunks take the time: each is proved by one of the checkers. */
#define hs_others_turn(c) ((c)->turn++ % (c)->shares != (c)->share)

/* Memory for so many things, zeros at first; it may move when it grows. */
void *hs_memory(hs_checker *c, hs_room *room, size_t count, size_t size);
void hs_expect(hs_checker *c, const char *text); /* this text is next in the file */
char *hs_word(hs_checker *c, const char *after); /* the next word; then `after` is expected */
int hs_peek(hs_checker *c);                      /* the next byte of the file, or EOF */
int hs_step_byte(hs_checker *c);                 /* the next byte of the steps, or EOF */
uint64_t hs_number(hs_checker *c, uint64_t limit, const char *what); /* one below limit */
/* All these doubles are multiples of 2^unit, unit <= 0: value 2^-unit is a whole number. */
int hs_unit(const double *values, size_t count);
void hs_exact(mpz_t to, double value, long unit);

/* All of the certificate, or a share of it. Set before: layer, settings, found, stop, stream, share
 * and shares. */
void hs_check_all(hs_checker *c);
void hs_check_tree(hs_checker *c); /* branches, each of them closed */
/* Reads a core, to a slot: how many rows and, signed, which (2 row, or 2 row + 1 for "active"). Its
 * rows cannot have their states together inside the domain. */
void hs_check_core(hs_checker *c);
uint32_t *hs_read_slot(hs_checker *c);
void hs_check_span(hs_checker *c); /* one row of each part, however chosen, are a set that spans */

/* What is known of a row; HS_DIGIT + d: its digit, which is all that is known of it in a chunk. */
enum { HS_OPEN = 0, HS_INACTIVE = 1, HS_ACTIVE = 2, HS_DIGIT = 4 };
/* A segment, once as it is left and once as it is proved, with the same c->states. */
void hs_settle(hs_checker *c, uint64_t number, bool left);
void hs_close_branch(hs_checker *c);
/* Steps about classes. */
void hs_leave_classes(hs_checker *c);
void hs_begin_chunk(hs_checker *c);
void hs_sieve(hs_checker *c);
void hs_leave_rows(hs_checker *c);
void hs_divide(hs_checker *c);
void hs_close_set(hs_checker *c);
void hs_look_at_rows(hs_checker *c);

/* For the loops that take the time: numbers by fours, on whatever machine. */
enum { HS_LANES = 4 };
typedef double hs_block __attribute__((vector_size(32), aligned(8), may_alias));
#if defined(__x86_64__) && defined(__gnu_linux__)
#define HS_FAST __attribute__((target_clones("avx2", "default")))
#else
#define HS_FAST
#endif

#endif
