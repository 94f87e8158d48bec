#include "layer/random.h"

#include <Random123/philox.h>
#include <float.h>
#include <math.h>
#include <stddef.h>

_Static_assert(FLT_EVAL_METHOD == 0,
               "double must be rounded as double: with -msse2 -mfpmath=sse on old x86");

hs_random hs_random_draw(uint64_t seed, const uint32_t counter[4]) {
    philox4x32_ctr_t count = {{counter[0], counter[1], counter[2], counter[3]}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t bits = philox4x32(count, key);
    return (hs_random){.first = (uint64_t)bits.v[1] << 32 | bits.v[0],
                       .second = (uint64_t)bits.v[3] << 32 | bits.v[2]};
}

double hs_random_unit(uint64_t bits) {
    return ldexp((double)(bits >> 11), -53);
}

double hs_random_symmetric(uint64_t bits) {
    int64_t odd = (int64_t)(bits >> 11) * 2 + 1 - ((int64_t)1 << 53);
    return ldexp((double)odd, -53);
}

/* c[0] + c[1] x + ... + c[7] x^7 */
static double polynomial(const double c[8], double x) {
    double sum = c[7];
    for (size_t k = 7; k-- > 0;)
        sum = sum * x + c[k];
    return sum;
}

/* The natural logarithm of x in (0, 1/2), to about 1e-16 relative. The C library's differs between
 * machines. log x = e log 2 + 2 artanh(s), s = (f - 1) / (f + 1), |s| <= 0.172. */
static double logarithm(double x) {
    static const double log2_high = 0x1.62e42fefap-1, log2_low = 0x1.cf79abc9e3b3ap-40;
    int e = 0;
    double f = frexp(x, &e);
    if (f < 0.70710678118654752) {
        f *= 2.0;
        e--;
    }
    double s = (f - 1.0) / (f + 1.0), t = s * s, sum = 0.0;
    for (int k = 23; k >= 3; k -= 2)
        sum = (sum + 1.0 / k) * t;
    return e * log2_high + (2.0 * s + (2.0 * s * sum + e * log2_low));
}

/* The normal quantile by the rational functions of algorithm AS 241 (PPND16), Wichura, The
 * percentage points of the normal distribution, Applied Statistics 37 (1988): relative accuracy
 * about 1e-16. Here for the upper tail probability p in (0, 1/2), and q = 1/2 - p. */
static double upper_quantile(double p, double q) {
    static const double near_top[8] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                       1.9715909503065514427e3, 1.3731693765509461125e4,
                                       4.5921953931549871457e4, 6.7265770927008700853e4,
                                       3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double near_bottom[8] = {1.0,
                                          4.2313330701600911252e1,
                                          6.8718700749205790830e2,
                                          5.3941960214247511077e3,
                                          2.1213794301586595867e4,
                                          3.9307895800092710610e4,
                                          2.8729085735721942674e4,
                                          5.2264952788528545610e3};
    static const double middle_top[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                         5.76949722146069140550e0,  3.64784832476320460504e0,
                                         1.27045825245236838258e0,  2.41780725177450611770e-1,
                                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double middle_bottom[8] = {1.0,
                                            2.05319162663775882187e0,
                                            1.67638483018380384940e0,
                                            6.89767334985100004550e-1,
                                            1.48103976427480074590e-1,
                                            1.51986665636164571966e-2,
                                            5.47593808499534494600e-4,
                                            1.05075007164441684324e-9};
    static const double far_top[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                      1.78482653991729133580e0,  2.96560571828504891230e-1,
                                      2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                      2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double far_bottom[8] = {1.0,
                                         5.99832206555887937690e-1,
                                         1.36929880922735805310e-1,
                                         1.48753612908506148525e-2,
                                         7.86869131145613259100e-4,
                                         1.84631831751005468180e-5,
                                         1.42151175831644588870e-7,
                                         2.04426310338993978564e-15};
    if (q <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(near_top, r) / polynomial(near_bottom, r);
    }
    double r = sqrt(-logarithm(p));
    if (r <= 5.0)
        return polynomial(middle_top, r - 1.6) / polynomial(middle_bottom, r - 1.6);
    return polynomial(far_top, r - 5.0) / polynomial(far_bottom, r - 5.0);
}

/* One bit is the sign, the others are k: the upper tail probability p = (k + 1/2) / 2^64. Its
 * distance q to 1/2 is computed from k as well, so that values near 0 are as fine as those far out.
 */
double hs_random_normal(uint64_t bits) {
    int64_t k = (int64_t)(bits & INT64_MAX);
    double p = ldexp((double)k + 0.5, -64);
    double q = ldexp((double)(INT64_MAX - k) + 0.5, -64);
    double size = upper_quantile(p, q);
    return bits >> 63 != 0 ? -size : size;
}
