/* What names a layer: SHA-256 of its numbers. */
#ifndef HS_LAYER_DIGEST_H
#define HS_LAYER_DIGEST_H

#include "halfspan/halfspan.h"

#include <nettle/sha2.h>

enum { HS_DIGEST_TEXT = 2 * SHA256_DIGEST_SIZE + 1 };

/* Of the weights, row by row, then of the biases, as doubles in little-endian order; hexadecimal.
 */
void hs_layer_digest(const hs_layer *layer, char text[HS_DIGEST_TEXT]);

/* The digest of what the context was given, which then begins anew, in hexadecimal. */
void hs_digest_print(struct sha256_ctx *context, char text[HS_DIGEST_TEXT]);

#endif
