/* A certificate as a stream: text, then compressed steps. Whatever is wrong with it is said here,
 * once, with its place: a refusal goes straight back to verify.c, so that none can be overlooked.
 */
#include "certificate/format.h"
#include "certificate/verify.h"

#include "support/allocate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

enum { GZIP_WINDOW = 15 + 16, GZIP_FIRST_BYTE = 0x1f };

_Noreturn HS_PRINTS(3, 0) static void leave(hs_checker *c, hs_status status, const char *format,
                                            va_list arguments) {
    char text[192];
    vsnprintf(text, sizeof text, format, arguments);
    snprintf(c->found->reason, sizeof c->found->reason, "byte %" PRIu64 "%s: %s",
             c->in_steps ? c->steps_before + c->step_at : c->before + c->at,
             c->in_steps ? " of the steps" : "", text);
    c->status = status;
    longjmp(c->leave, 1);
}

void hs_require(hs_checker *c, bool holds, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (!holds)
        leave(c, HS_OK, format, arguments);
    va_end(arguments);
}

void hs_undamaged(hs_checker *c, bool holds, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (!holds)
        leave(c, HS_BAD_DATA, format, arguments);
    va_end(arguments);
}

/* ---- memory ---- */

void *hs_got(hs_checker *c, void *memory) {
    if (memory == NULL) {
        c->status = HS_NO_MEMORY;
        snprintf(c->found->reason, sizeof c->found->reason, "no memory to check it");
        longjmp(c->leave, 1);
    }
    return memory;
}

void *hs_memory(hs_checker *c, size_t rows, size_t columns, size_t size) {
    bool room = c->allocation_count < HS_MOST_ALLOCATIONS;
    void *memory = hs_got(c, room ? hs_allocate_matrix(rows, columns, size) : NULL);
    c->allocations[c->allocation_count++] = memory;
    return memory;
}

mpz_t *hs_integers(hs_checker *c, size_t count) {
    if (count > c->integer_count) {
        c->integers = hs_got(c, realloc(c->integers, count * sizeof *c->integers));
        while (c->integer_count < count)
            mpz_init(c->integers[c->integer_count++]);
    }
    return c->integers;
}

/* ---- text ---- */

static void hash(hs_checker *c) {
    sha256_update(&c->digest, c->at - c->hashed, c->bytes + c->hashed);
    c->hashed = c->at;
}

int hs_peek(hs_checker *c) {
    if (c->at == c->end) {
        hash(c);
        c->before += c->end;
        c->at = c->hashed = 0;
        c->end = fread(c->bytes, 1, sizeof c->bytes, c->stream);
    }
    return c->at < c->end ? c->bytes[c->at] : EOF;
}

void hs_expect(hs_checker *c, const char *text) {
    for (const char *t = text; *t != '\0'; t++) {
        hs_undamaged(c, hs_peek(c) == *t, "not a certificate of this version: expected %s%s",
                     *text == '\n' ? "the end of the line" : text, *text == ' ' ? "a blank" : "");
        c->at++;
    }
}

char *hs_word(hs_checker *c) {
    size_t length = 0;
    for (int next = hs_peek(c); next > ' ' && next <= '~'; next = hs_peek(c)) {
        hs_undamaged(c, length < HS_CERTIFICATE_NUMBER, "a word is too long");
        c->word[length++] = (char)next;
        c->at++;
    }
    hs_undamaged(c, length > 0, "not a certificate: a word was expected");
    c->word[length] = '\0';
    return c->word;
}

void hs_digest_print(const uint8_t digest[SHA256_DIGEST_SIZE], char text[HS_DIGEST_TEXT]) {
    for (size_t k = 0; k < SHA256_DIGEST_SIZE; k++)
        snprintf(text + 2 * k, 3, "%02x", digest[k]);
}

void hs_file_digest(hs_checker *c, char text[HS_DIGEST_TEXT]) {
    uint8_t digest[SHA256_DIGEST_SIZE];
    hash(c);
    struct sha256_ctx copy = c->digest;
    sha256_digest(&copy, sizeof digest, digest);
    hs_digest_print(digest, text);
}

/* ---- steps: one or more gzip members ---- */

static void inflate_some(hs_checker *c) {
    z_stream *inflater = &c->inflater;
    if (!c->inflating)
        hs_undamaged(c, inflateInit2(inflater, GZIP_WINDOW) == Z_OK, "no memory to decompress");
    c->inflating = true;
    hs_undamaged(c, hs_peek(c) != EOF, "the compressed steps are cut");
    c->steps_before += c->step_end;
    c->step_at = c->step_end = 0;
    inflater->next_in = c->bytes + c->at;
    inflater->avail_in = (uInt)(c->end - c->at);
    inflater->next_out = c->steps;
    inflater->avail_out = sizeof c->steps;
    int answer = inflate(inflater, Z_NO_FLUSH);
    hs_undamaged(c, answer == Z_OK || answer == Z_STREAM_END, "the compressed steps are damaged");
    c->at = c->end - inflater->avail_in;
    c->step_end = sizeof c->steps - inflater->avail_out;
    if (answer == Z_STREAM_END) {
        inflateEnd(inflater);
        c->inflating = false;
    }
}

int hs_step_byte(hs_checker *c) {
    while (c->step_at == c->step_end) {
        if (!c->inflating && hs_peek(c) != GZIP_FIRST_BYTE)
            return EOF; /* no further member */
        inflate_some(c);
    }
    return c->steps[c->step_at++];
}

uint64_t hs_number(hs_checker *c, uint64_t limit, const char *what) {
    uint64_t value = 0;
    int byte = 0x80;
    for (unsigned shift = 0; byte >= 0x80; shift += 7) {
        byte = hs_step_byte(c);
        hs_undamaged(c, byte != EOF, "the steps end before the proof is complete");
        hs_undamaged(c, shift < 63, "%s has too many digits", what);
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    hs_undamaged(c, value < limit, "%s %" PRIu64 " is out of range", what, value);
    return value;
}
