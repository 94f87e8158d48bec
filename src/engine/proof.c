#include "engine/proof.h"

#include "certificate/format.h"
#include "geometry/residue.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    BUFFER = 1 << 15, /* steps before they are compressed */
    STORED = 1 << 19, /* steps of a part that are not, where nobody asked to keep the proof */
    GZIP_WINDOW = 15 + 16,
    SMALL_MULTIPLIERS =
        8 /* bytes of a multiplier up to which it is stored rather than found anew */
};

/* What the checker takes, measured: for each step, each one about classes, for a core by its rows,
 * for a choice of rows. */
static const double step_seconds = 1e-6, class_seconds = 4e-7, cube_seconds = 1.5e-9,
                    choice_seconds = 1.3e-9;
static const double free_seconds = 1.0; /* worth a confirmation, however short the search */

/* The bytes of a core's step, for when it is first used. */
typedef struct core_step {
    uint8_t *bytes;
    size_t size, capacity;
    bool written;
} core_step;

struct hs_proof_part {
    hs_proof_part *next;
    hs_proof *proof;
    FILE *stream;
    z_stream deflater;
    bool deflating, any;
    bool compressing; /* or else steps are only stored */
    uint8_t *buffer;  /* BUFFER */
    size_t size;
    double cost; /* since the last look */
    core_step *slots;
};

struct hs_proof {
    hs_run *run;
    size_t count, total, words, d, slot_count;
    uint32_t *row;    /* total: their numbers in the certificate */
    int *shift;       /* total: row of the system = 2^shift (2^exponent w, b) */
    bool homogenised; /* the bias is a coordinate of the system */
    size_t tau;       /* the row that says tau > 0, or SIZE_MAX */
    bool keep;        /* asked for by the caller: record whatever it costs */
    atomic_bool given_up;
    _Atomic uint64_t next_number;
    pthread_mutex_t lock; /* guards what follows */
    double cost;
    hs_proof_part *parts;
};

/* ---- rows -------------------------------------------------------------------------------------
 */

/* The exponent by which the system's row (its largest entry) differs from the layer's. */
static int shift_between(const double *to, const double *from, size_t n) {
    int upper, lower;
    size_t j = 0;
    while (j + 1 < n && !(fabs(from[j]) > 0.0))
        j++;
    frexp(to[j], &upper);
    frexp(from[j], &lower);
    return upper - lower;
}

/* The faces in the order in which problem.c makes them. */
static void map_faces(hs_proof *proof, const hs_problem *problem, size_t rows) {
    size_t at = proof->count, face = problem->m, n = problem->n, d = problem->system.d;
    if (problem->homogenised) {
        proof->tau = at;
        at++; /* certificates do without it */
        face++;
    }
    const double unit = 1.0;
    for (; at < proof->total; at++, face++) {
        const double *a = problem->a + face * d;
        size_t j = 0;
        while (j < n && !(fabs(a[j]) > 0.0))
            j++;
        proof->row[at] = (uint32_t)(rows + 2 * j + (a[j] > 0.0));
        proof->shift[at] = shift_between(&a[j], &unit, 1) - problem->exponent;
    }
}

static void map_rows(hs_proof *proof, const hs_problem *problem, const size_t *row_of,
                     const size_t *origin, size_t rows) {
    size_t n = problem->n, d = problem->system.d;
    for (size_t k = 0; k < proof->count; k++) {
        size_t i = row_of[k];
        proof->row[k] = (uint32_t)(origin != NULL ? origin[i] : i);
        proof->shift[k] = shift_between(problem->a + i * d, problem->layer->weight + i * n, n) -
                          problem->exponent;
    }
    map_faces(proof, problem, rows);
}

hs_status hs_proof_create(const hs_problem *problem, const size_t *row_of, size_t count,
                          const size_t *origin, size_t rows, size_t slots, hs_run *run,
                          hs_proof **proof, hs_error *error) {
    hs_proof *made = hs_allocate(1, sizeof *made);
    *proof = NULL;
    if (made == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a proof");
    *made = (hs_proof){.run = run, .count = count, .total = count + problem->faces};
    made->words = (made->total + 64) / 64;
    made->d = problem->system.d;
    made->slot_count = slots;
    made->homogenised = problem->homogenised;
    made->tau = SIZE_MAX;
    made->keep = run->settings->certificate != NULL;
    atomic_init(&made->given_up, false);
    atomic_init(&made->next_number, 0);
    pthread_mutex_init(&made->lock, NULL);
    made->row = hs_allocate(made->total, sizeof *made->row);
    made->shift = hs_allocate(made->total, sizeof *made->shift);
    if (made->row == NULL || made->shift == NULL) {
        hs_proof_free(made);
        return hs_fail(error, HS_NO_MEMORY, "no memory for a proof");
    }
    map_rows(made, problem, row_of, origin, rows);
    *proof = made;
    return HS_OK;
}

static void free_slots(hs_proof_part *part) {
    for (size_t k = 0; part->slots != NULL && k < part->proof->slot_count; k++)
        free(part->slots[k].bytes);
    free(part->slots);
    part->slots = NULL;
}

void hs_proof_free(hs_proof *proof) {
    if (proof == NULL)
        return;
    while (proof->parts != NULL) {
        hs_proof_part *part = proof->parts;
        proof->parts = part->next;
        if (part->deflating)
            deflateEnd(&part->deflater);
        if (part->stream != NULL)
            fclose(part->stream);
        free_slots(part);
        free(part->buffer);
        free(part);
    }
    pthread_mutex_destroy(&proof->lock);
    free(proof->row);
    free(proof->shift);
    free(proof);
}

bool hs_proof_usable(const hs_proof *proof) {
    return proof != NULL && !atomic_load(&proof->given_up);
}

double hs_proof_cost(const hs_proof *proof) {
    return proof->cost;
}

uint64_t hs_proof_numbers(hs_proof *proof, uint64_t count) {
    return proof != NULL ? atomic_fetch_add(&proof->next_number, count) : 0;
}

/* ---- bytes ------------------------------------------------------------------------------------
 */

static void give_up(hs_proof_part *part) {
    atomic_store(&part->proof->given_up, true);
}

static bool idle(const hs_proof_part *part) {
    return part == NULL || atomic_load_explicit(&part->proof->given_up, memory_order_relaxed);
}

/* What a look at the cost says: a proof that nobody keeps may take a third of the search. */
static void look_at_cost(hs_proof_part *part) {
    hs_proof *proof = part->proof;
    pthread_mutex_lock(&proof->lock);
    proof->cost += part->cost;
    double cost = proof->cost;
    pthread_mutex_unlock(&proof->lock);
    part->cost = 0.0;
    double elapsed = hs_clock_seconds() - proof->run->start;
    if (!proof->keep && cost > fmax(free_seconds, elapsed / 3.0))
        give_up(part);
}

static void compress_steps(hs_proof_part *part, int flush) {
    uint8_t out[BUFFER];
    part->deflater.next_in = part->buffer;
    part->deflater.avail_in = (uInt)part->size;
    do {
        part->deflater.next_out = out;
        part->deflater.avail_out = sizeof out;
        if (deflate(&part->deflater, flush) == Z_STREAM_ERROR)
            give_up(part);
        size_t size = sizeof out - part->deflater.avail_out;
        if (fwrite(out, 1, size, part->stream) != size)
            give_up(part);
    } while (part->deflater.avail_out == 0 && !idle(part));
    part->size = 0;
}

/* Short proofs are read again at once: compressing them would take longer than it saves. */
static void flush_buffer(hs_proof_part *part) {
    bool begins = !part->compressing && part->deflater.total_in + BUFFER >= STORED;
    look_at_cost(part);
    compress_steps(part, begins ? Z_FINISH : Z_NO_FLUSH);
    if (begins && (deflateReset(&part->deflater) != Z_OK ||
                   deflateParams(&part->deflater, Z_BEST_SPEED, Z_DEFAULT_STRATEGY) != Z_OK))
        give_up(part);
    part->compressing = part->compressing || begins;
}

static void put_byte(hs_proof_part *part, uint8_t byte) {
    if (part->size == BUFFER)
        flush_buffer(part);
    part->buffer[part->size++] = byte;
}

static void put(hs_proof_part *part, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        put_byte(part, (uint8_t)(value | 0x80));
    put_byte(part, (uint8_t)value);
}

static void put_step(hs_proof_part *part, unsigned step) {
    part->any = true;
    part->cost += step < HS_STEP_CLASSES ? step_seconds : class_seconds;
    put(part, step);
}

hs_proof_part *hs_proof_part_begin(hs_proof *proof) {
    if (!hs_proof_usable(proof))
        return NULL;
    hs_proof_part *part = hs_allocate(1, sizeof *part);
    if (part == NULL) {
        atomic_store(&proof->given_up, true);
        return NULL;
    }
    *part = (hs_proof_part){.proof = proof, .stream = tmpfile()};
    part->buffer = hs_allocate(BUFFER, 1);
    part->slots = hs_allocate(proof->slot_count, sizeof *part->slots);
    part->compressing = proof->keep;
    part->deflating =
        deflateInit2(&part->deflater, part->compressing ? Z_BEST_SPEED : Z_NO_COMPRESSION,
                     Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    if (part->stream == NULL || part->buffer == NULL || part->slots == NULL || !part->deflating)
        give_up(part);
    pthread_mutex_lock(&proof->lock);
    part->next = proof->parts;
    proof->parts = part;
    pthread_mutex_unlock(&proof->lock);
    return part;
}

void hs_proof_part_end(hs_proof_part *part) {
    if (part == NULL)
        return;
    if (!idle(part)) {
        look_at_cost(part);
        compress_steps(part, Z_FINISH);
        if (fflush(part->stream) != 0)
            give_up(part);
    }
    free_slots(part);
}

/* ---- cores ------------------------------------------------------------------------------------
 */

static void core_byte(hs_proof_part *part, core_step *core, uint8_t byte) {
    if (core->size == core->capacity) {
        size_t capacity = 2 * core->capacity + 64;
        uint8_t *bytes = realloc(core->bytes, capacity);
        if (bytes == NULL) {
            give_up(part);
            return;
        }
        core->bytes = bytes;
        core->capacity = capacity;
    }
    core->bytes[core->size++] = byte;
}

static void core_put(hs_proof_part *part, core_step *core, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        core_byte(part, core, (uint8_t)(value | 0x80));
    core_byte(part, core, (uint8_t)value);
}

/* Everything but the multipliers. */
static core_step *begin_core(hs_proof_part *part, size_t slot, unsigned kind, const size_t *rows,
                             size_t count) {
    const hs_proof *proof = part->proof;
    core_step *core = &part->slots[slot];
    size_t kept = 0;
    core->size = 0;
    core->written = false;
    for (size_t k = 0; k < count; k++)
        kept += rows[k] != proof->tau;
    core_put(part, core, HS_STEP_CORE);
    core_put(part, core, slot);
    core_put(part, core, kind);
    core_put(part, core, kept);
    for (size_t k = 0; k < count; k++)
        if (rows[k] != proof->tau)
            core_put(part, core,
                     2 * (uint64_t)proof->row[rows[k] % proof->total] + (rows[k] >= proof->total));
    return core;
}

/* In a homogenised system the multiplier of tau is what the biases add up to; without that row they
 * add up to zero, and the bias is one more coordinate. */
static unsigned unique_kind(const hs_proof *proof, const size_t *rows, size_t count) {
    bool has_tau = false;
    for (size_t k = 0; k < count; k++)
        has_tau = has_tau || rows[k] == proof->tau;
    return proof->homogenised && !has_tau ? HS_CORE_ROWS : HS_CORE_WEIGHTS;
}

static void put_multiplier(hs_proof_part *part, core_step *core, const mpz_t value) {
    size_t size = (mpz_sizeinbase(value, 2) + 7) / 8;
    uint8_t *bytes = hs_allocate(size, 1);
    if (bytes == NULL) {
        give_up(part);
        return;
    }
    mpz_export(bytes, &size, -1, 1, 0, 0, value);
    core_put(part, core, size);
    for (size_t k = 0; k < size; k++)
        core_byte(part, core, bytes[k]);
    free(bytes);
}

/* The certificate's rows are those of the system less 2^shift, so multipliers take that on. */
static void put_multipliers(hs_proof_part *part, core_step *core, const size_t *rows, size_t count,
                            mpz_t *multipliers) {
    const hs_proof *proof = part->proof;
    int least = INT_MAX;
    for (size_t k = 0; k < count; k++)
        if (rows[k] != proof->tau && proof->shift[rows[k] % proof->total] < least)
            least = proof->shift[rows[k] % proof->total];
    for (size_t k = 0; k < count; k++) {
        if (rows[k] == proof->tau)
            continue;
        mpz_mul_2exp(multipliers[k], multipliers[k],
                     (mp_bitcnt_t)(proof->shift[rows[k] % proof->total] - least));
        put_multiplier(part, core, multipliers[k]);
    }
}

void hs_proof_core(hs_proof_part *part, size_t slot, const size_t *rows, size_t count,
                   const double *weights) {
    if (idle(part))
        return;
    const hs_proof *proof = part->proof;
    if (weights == NULL) {
        begin_core(part, slot, unique_kind(proof, rows, count), rows, count);
        return;
    }
    core_step *core = begin_core(part, slot, HS_CORE_STORED, rows, count);
    mpz_t *integers = hs_allocate(count, sizeof *integers);
    int least = INT_MAX, exponent;
    uint64_t odd;
    if (integers == NULL) {
        give_up(part);
        return;
    }
    for (size_t k = 0; k < count; k++)
        if (hs_split_double(weights[k], &odd, &exponent) && exponent < least)
            least = exponent;
    for (size_t k = 0; k < count; k++) {
        mpz_init(integers[k]);
        if (!hs_split_double(weights[k], &odd, &exponent))
            continue;
        mpz_set_ui(integers[k], odd);
        mpz_mul_2exp(integers[k], integers[k], (mp_bitcnt_t)(exponent - least));
    }
    put_multipliers(part, core, rows, count, integers);
    for (size_t k = 0; k < count; k++)
        mpz_clear(integers[k]);
    free(integers);
}

void hs_proof_core_exact(hs_proof_part *part, size_t slot, const size_t *rows, size_t count,
                         mpz_t *multipliers, bool unique) {
    if (idle(part))
        return;
    size_t bits = 0;
    for (size_t k = 0; k < count; k++)
        bits = mpz_sizeinbase(multipliers[k], 2) > bits ? mpz_sizeinbase(multipliers[k], 2) : bits;
    if (unique && bits > 8 * SMALL_MULTIPLIERS) {
        hs_proof_core(part, slot, rows, count, NULL);
        return;
    }
    core_step *core = begin_core(part, slot, HS_CORE_STORED, rows, count);
    put_multipliers(part, core, rows, count, multipliers);
}

/* The face that keeps w_j z_j from below, in the domains that have faces: SIZE_MAX where w_j needs
 * none, because it is 0 or because the ball sees to it. */
static size_t face_against(const hs_problem *problem, double w, size_t j) {
    hs_domain_kind kind = problem->domain.kind;
    bool needed = kind == HS_DOMAIN_BOX ? fabs(w) > 0.0 : kind == HS_DOMAIN_NONNEG_BALL && w > 0.0;
    return needed ? problem->m + 2 * j + (w < 0.0) : SIZE_MAX;
}

/* w.z + b = (w with the faces' share taken away).z + the rest: the face of coordinate j counts
 * |w_j| times. */
static void put_everywhere(hs_proof_part *part, core_step *core, const hs_problem *problem,
                           size_t row) {
    size_t n = problem->n, count = 1;
    const double *w = problem->layer->weight + row * n;
    int least = 0, exponent;
    uint64_t odd;
    for (size_t j = 0; j < n; j++) {
        count += face_against(problem, w[j], j) != SIZE_MAX;
        if (hs_split_double(w[j], &odd, &exponent) && exponent < least)
            least = exponent;
    }
    core_put(part, core, HS_CORE_STORED);
    core_put(part, core, count);
    core_put(part, core, 2 * (uint64_t)row);
    for (size_t j = 0; j < n; j++)
        if (face_against(problem, w[j], j) != SIZE_MAX)
            core_put(part, core, 2 * (uint64_t)face_against(problem, w[j], j));
    mpz_t multiplier;
    mpz_init_set_ui(multiplier, 1);
    mpz_mul_2exp(multiplier, multiplier, (mp_bitcnt_t)-least);
    put_multiplier(part, core, multiplier);
    for (size_t j = 0; j < n; j++) {
        if (face_against(problem, w[j], j) == SIZE_MAX)
            continue;
        hs_split_double(w[j], &odd, &exponent);
        mpz_set_ui(multiplier, odd);
        mpz_mul_2exp(multiplier, multiplier, (mp_bitcnt_t)(exponent - least));
        put_multiplier(part, core, multiplier);
    }
    mpz_clear(multiplier);
}

void hs_proof_core_fact(hs_proof_part *part, size_t slot, const hs_problem *problem, size_t row,
                        size_t other) {
    if (idle(part))
        return;
    core_step *core = &part->slots[slot];
    core->size = 0;
    core->written = false;
    core_put(part, core, HS_STEP_CORE);
    core_put(part, core, slot);
    if (row == other) {
        put_everywhere(part, core, problem, row);
        return;
    }
    core_put(part, core, HS_CORE_WEIGHTS);
    core_put(part, core, 2);
    core_put(part, core, 2 * (uint64_t)row);
    core_put(part, core, 2 * (uint64_t)other);
}

/* The core's step comes before the step that refers to it. */
static void need(hs_proof_part *part, size_t slot) {
    core_step *core = &part->slots[slot];
    double d = (double)part->proof->d;
    if (core->written)
        return;
    part->cost += cube_seconds * d * d * d + step_seconds;
    for (size_t k = 0; k < core->size; k++)
        put_byte(part, core->bytes[k]);
    core->written = true;
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static void put_rows(hs_proof_part *part, const uint64_t *bits) {
    const hs_proof *proof = part->proof;
    size_t count = 0;
    HS_BITS_EACH(i, bits, proof->words)
    count += i < proof->count;
    put(part, count);
    HS_BITS_EACH(i, bits, proof->words)
    if (i < proof->count)
        put(part, proof->row[i]);
}

void hs_proof_segment(hs_proof_part *part, uint64_t number, const uint64_t *inactive,
                      const uint64_t *active) {
    if (idle(part))
        return;
    put_step(part, HS_STEP_SEGMENT);
    put(part, number);
    put_rows(part, inactive);
    put_rows(part, active);
}

void hs_proof_unit(hs_proof_part *part, size_t slot) {
    if (idle(part))
        return;
    need(part, slot);
    put_step(part, HS_STEP_UNIT);
    put(part, slot);
}

void hs_proof_dead(hs_proof_part *part, size_t slot) {
    if (idle(part))
        return;
    need(part, slot);
    put_step(part, HS_STEP_DEAD);
    put(part, slot);
}

static void put_groups(hs_proof_part *part, unsigned step, const size_t *which, size_t count,
                       const size_t *slots, const hs_groups *groups, double rows) {
    double choices = rows;
    for (size_t k = 0; k < count; k++) {
        need(part, slots[which[k]]);
        if (groups != NULL)
            choices *= (double)hs_group_size(groups, which[k]);
    }
    part->cost += choice_seconds * choices;
    put_step(part, step);
    put(part, count);
    for (size_t k = 0; k < count; k++)
        put(part, slots[which[k]]);
}

void hs_proof_span(hs_proof_part *part, const size_t *which, size_t count, const size_t *slots,
                   const hs_groups *groups) {
    if (!idle(part))
        put_groups(part, HS_STEP_SPAN, which, count, slots, groups, 1.0);
}

void hs_proof_fix(hs_proof_part *part, const size_t *which, size_t count, const size_t *slots,
                  const hs_groups *groups, const uint64_t *rows) {
    if (idle(part))
        return;
    put_groups(part, HS_STEP_FIX, which, count, slots, groups,
               (double)hs_bits_count(rows, part->proof->words));
    put_rows(part, rows);
}

void hs_proof_branch(hs_proof_part *part, size_t row) {
    if (idle(part))
        return;
    put_step(part, HS_STEP_BRANCH);
    put(part, part->proof->row[row]);
}

void hs_proof_detach(hs_proof_part *part, uint64_t number) {
    if (idle(part))
        return;
    put_step(part, HS_STEP_DETACH);
    put(part, number);
}

void hs_proof_classes(hs_proof_part *part, const size_t *rows, size_t count, uint64_t first) {
    if (idle(part))
        return;
    put_step(part, HS_STEP_CLASSES);
    put(part, first);
    put(part, count);
    for (size_t k = 0; k < count; k++)
        put(part, part->proof->row[rows[k]]);
}

void hs_proof_rows(hs_proof_part *part) {
    if (idle(part))
        return;
    const hs_proof *proof = part->proof;
    put_step(part, HS_STEP_ROWS);
    put(part, proof->count);
    for (size_t i = 0; i < proof->count; i++)
        put(part, proof->row[i]);
}

void hs_proof_chunk(hs_proof_part *part, uint64_t number, const size_t *rows, size_t zeros,
                    size_t count, const uint8_t *digits) {
    if (idle(part))
        return;
    put_step(part, HS_STEP_CHUNK);
    put(part, number);
    for (unsigned digit = 0; digit < 3; digit++) {
        size_t with = digit == 0 ? zeros : 0;
        for (size_t k = 0; k < count; k++)
            with += digits[k] == digit;
        put(part, with);
        for (size_t k = 0; k < zeros + count; k++)
            if ((k < zeros ? 0 : digits[k - zeros]) == digit)
                put(part, part->proof->row[rows[k]]);
    }
}

void hs_proof_sieve(hs_proof_part *part, size_t slot) {
    if (idle(part))
        return;
    need(part, slot);
    put_step(part, HS_STEP_SIEVE);
    put(part, slot);
}

void hs_proof_leave(hs_proof_part *part, uint64_t number, const uint64_t *rows) {
    if (idle(part))
        return;
    put_step(part, HS_STEP_LEAVE);
    put(part, number);
    put_rows(part, rows);
}

void hs_proof_divide(hs_proof_part *part, size_t row, bool zero_first) {
    if (idle(part))
        return;
    put_step(part, HS_STEP_DIVIDE);
    put(part, 2 * (uint64_t)part->proof->row[row] + !zero_first);
}

void hs_proof_close(hs_proof_part *part) {
    if (!idle(part))
        put_step(part, HS_STEP_CLOSE);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static void append(hs_proof_part *part, hs_certificate *certificate) {
    uint8_t bytes[BUFFER];
    size_t size;
    rewind(part->stream);
    while ((size = fread(bytes, 1, sizeof bytes, part->stream)) > 0)
        hs_certificate_write(certificate, bytes, size);
}

/* The end comes after the last part, compressed by itself. */
static void put_end(hs_proof_part *part, uint64_t segments) {
    if (deflateReset(&part->deflater) != Z_OK)
        give_up(part);
    put_step(part, HS_STEP_END);
    put(part, segments);
    hs_proof_part_end(part);
}

void hs_proof_write(hs_proof *proof, hs_certificate *certificate) {
    for (hs_proof_part *part = proof->parts; part != NULL; part = part->next) {
        if (part->next == NULL)
            put_end(part, atomic_load(&proof->next_number));
        if (part->any && hs_proof_usable(proof))
            append(part, certificate);
    }
}
