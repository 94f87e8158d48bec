/* Layers, domains and a check() whose evidence is verified anew, for the tests of the engines. */
#ifndef HS_TESTS_ENGINE_FIXTURE_H
#define HS_TESTS_ENGINE_FIXTURE_H

#include "testing.h"

#include "halfspan/halfspan.h"

#include <math.h>

hs_domain ball(double radius);
hs_domain nonneg_ball(double radius);
hs_domain space(void);

/* The cube lower <= z_j <= upper, for n up to 16; each thread has one at a time. */
hs_domain box(double lower, double upper);

/* bias may be NULL. */
hs_layer *layer_of(size_t m, size_t n, const double *weight, const double *bias);

/* Entries about N(0, 1); the bias is scaled by bias_size, which may be 0. */
hs_layer *random_layer(uint64_t *seed, size_t m, size_t n, double bias_size);

/* Small integers with ties and dependent rows. */
hs_layer *integer_layer(uint64_t *seed, size_t m, size_t n, bool bias);

/* The first m rows. */
hs_layer *first_rows(const hs_layer *layer, size_t m);

/* Asserts success; verifies the evidence in the result by plain double arithmetic, independently of
 * the library: x != y in the domain, equal outputs, z their midpoint, the active rows of z and a
 * direction orthogonal to them. */
hs_result *result_of(const hs_layer *layer, hs_domain domain, const hs_settings *settings);
hs_verdict verdict_of(const hs_layer *layer, hs_domain domain, hs_engine_kind engine);

/* Both the reference and the default engine give this verdict; the layer is freed. */
void expect(hs_layer *layer, hs_domain domain, hs_verdict expected);

const char *verdict_name(hs_verdict verdict);

#endif
