#include "layer/digest.h"

#include <stdio.h>
#include <string.h>

void hs_layer_digest(const hs_layer *layer, char text[HS_DIGEST_TEXT]) {
    size_t m = hs_layer_rows(layer), count = m * hs_layer_columns(layer);
    struct sha256_ctx context;
    sha256_init(&context);
    for (size_t k = 0; k < count + m; k++) {
        uint64_t bits;
        uint8_t bytes[sizeof bits];
        memcpy(&bits, k < count ? hs_layer_weight(layer) + k : hs_layer_bias(layer) + k - count,
               sizeof bits);
        for (unsigned b = 0; b < sizeof bits; b++)
            bytes[b] = (uint8_t)(bits >> (8 * b));
        sha256_update(&context, sizeof bytes, bytes);
    }
    hs_digest_print(&context, text);
}

void hs_digest_print(struct sha256_ctx *context, char text[HS_DIGEST_TEXT]) {
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(context, sizeof digest, digest);
    for (size_t k = 0; k < SHA256_DIGEST_SIZE; k++)
        snprintf(text + 2 * k, 3, "%02x", digest[k]);
}
