#include "layer/encode.h"

#include <stdint.h>
#include <string.h>

enum { CHUNK = 512 };

void hs_doubles_encode(const double *values, size_t count, unsigned char *bytes) {
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (size_t k = 0; k < 8; k++)
            bytes[8 * i + k] = (unsigned char)(bits >> 8 * k);
    }
}

void hs_doubles_write(const double *values, size_t count, FILE *stream) {
    unsigned char bytes[8 * CHUNK];
    for (size_t at = 0; at < count; at += CHUNK) {
        size_t part = count - at < CHUNK ? count - at : CHUNK;
        hs_doubles_encode(values + at, part, bytes);
        fwrite(bytes, 8, part, stream);
    }
}
