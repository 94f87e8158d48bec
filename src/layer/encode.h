/* Numbers as little-endian float64, whatever the machine. */
#ifndef HS_LAYER_ENCODE_H
#define HS_LAYER_ENCODE_H

#include <stddef.h>
#include <stdio.h>

/* bytes: 8 for every number. */
void hs_doubles_encode(const double *values, size_t count, unsigned char *bytes);
void hs_doubles_write(const double *values, size_t count, FILE *stream);

#endif
