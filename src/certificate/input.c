/* A certificate as a stream: text, then compressed steps. Whatever is wrong with it is said here,
 * with its place. */
#include "certificate/verify.h"

#include <stdarg.h>
#include <unistd.h>

_Noreturn void hs_refuse(hs_checker *c, hs_status status, const char *format, ...) {
    char *reason = c->found->reason, *end = reason + sizeof c->found->reason;
    reason +=
        sprintf(reason, c->in_steps ? "byte %" PRIu64 " of the steps: " : "byte %" PRIu64 ": ",
                c->in_steps ? c->steps_before + c->step_at : c->before + c->at);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, (size_t)(end - reason), format, arguments);
    va_end(arguments);
    c->status = status;
    atomic_store(c->stop, true);
    longjmp(c->leave, 1);
}

void *hs_memory(hs_checker *c, hs_room *room, size_t count, size_t size) {
    size_t old = room->size, grown = old + old / 2;
    if (count <= old / size)
        return room->at;
    hs_enough(c, count < SIZE_MAX / 2 / size);
    grown = grown > count * size ? grown : count * size;
    char *memory = realloc(room->at, grown);
    hs_enough(c, memory != NULL);
    *room = (hs_room){.at = memory, .size = grown};
    memset(memory + old, 0, grown - old);
    return memory;
}

int hs_peek(hs_checker *c) {
    if (c->at == c->end) {
        sha256_update(&c->digest, c->end, c->bytes);
        c->before += c->end;
        c->at = 0;
        if (c->shares == 1) { /* the stream need not be a file */
            c->end = fread(c->bytes, 1, sizeof c->bytes, c->stream);
        } else {
            ssize_t got = pread(fileno(c->stream), c->bytes, sizeof c->bytes, (off_t)c->before);
            c->end = got > 0 ? (size_t)got : 0;
        }
    }
    return c->at < c->end ? c->bytes[c->at] : EOF;
}

void hs_expect(hs_checker *c, const char *text) {
    for (const char *t = text; *t != '\0'; t++, c->at++)
        hs_undamaged(c, hs_peek(c) == *t, "not a certificate of this version: expected '%s'",
                     *t == '\n' ? "end of line" : text);
}

char *hs_word(hs_checker *c, const char *after) {
    size_t length = 0;
    char *word = NULL;
    for (int next = hs_peek(c); next > ' ' && next <= '~'; c->at++, next = hs_peek(c)) {
        hs_undamaged(c, length < HS_CERTIFICATE_NUMBER, "a word is too long");
        word = hs_memory(c, &c->rooms.word, length + 2, 1);
        word[length++] = (char)next;
    }
    hs_undamaged(c, length > 0, "not a certificate: a word was expected");
    word[length] = '\0';
    hs_expect(c, after);
    return word;
}

int hs_step_byte(hs_checker *c) {
    enum { GZIP_FIRST_BYTE = 0x1f, GZIP_WINDOW = 15 + 16 };
    z_stream *z = &c->inflater;
    while (c->step_at == c->step_end) {
        if (!c->inflating && hs_peek(c) != GZIP_FIRST_BYTE)
            return EOF; /* no further member */
        hs_enough(c, c->inflating || inflateInit2(z, GZIP_WINDOW) == Z_OK);
        c->inflating = true;
        hs_undamaged(c, hs_peek(c) != EOF, "the steps are cut");
        z->next_in = c->bytes + c->at;
        z->avail_in = (uInt)(c->end - c->at);
        z->next_out = c->steps;
        z->avail_out = sizeof c->steps;
        int answer = inflate(z, Z_NO_FLUSH);
        hs_undamaged(c, answer == Z_OK || answer == Z_STREAM_END, "the steps are damaged");
        c->at = c->end - z->avail_in;
        c->steps_before += c->step_end;
        c->step_at = 0;
        c->step_end = sizeof c->steps - z->avail_out;
        c->inflating = answer != Z_STREAM_END || inflateEnd(z) != Z_OK;
    }
    return c->steps[c->step_at++];
}

uint64_t hs_number(hs_checker *c, uint64_t limit, const char *what) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        int byte = hs_step_byte(c);
        hs_undamaged(c, byte != EOF, "the steps end before the proof is complete");
        hs_undamaged(c, shift < 63, "%s has too many digits", what);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80 && value < limit)
            return value;
        hs_undamaged(c, byte >= 0x80, "%s %" PRIu64 " is out of range", what, value);
    }
}

int hs_unit(const double *values, size_t count) {
    int exponent, unit = 0;
    for (size_t k = 0; k < count; k++)
        if (fabs(frexp(values[k], &exponent)) > 0.0 && exponent - 53 < unit)
            unit = exponent - 53;
    return unit;
}

void hs_exact(mpz_t to, double value, long unit) {
    int exponent;
    mpz_set_si(to, (long)ldexp(frexp(value, &exponent), 53));
    if (mpz_sgn(to) != 0)
        mpz_mul_2exp(to, to, (mp_bitcnt_t)(exponent - 53 - unit));
}
