#include "layer/decode.h"

#include "support/error.h"

#include <math.h>
#include <string.h>

static uint64_t gather(hs_number_type type, const unsigned char *bytes) {
    uint64_t bits = 0;
    for (size_t k = 0; k < type.size; k++)
        bits = bits << 8 | bytes[type.big_endian ? k : type.size - 1 - k];
    return bits;
}

static double from_single(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double from_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 1 sign bit, 5 exponent bits, 10 fraction bits. */
static double from_half(unsigned bits) {
    int exponent = (int)(bits >> 10 & 0x1f);
    double fraction = bits & 0x3ff;
    double size = exponent == 0x1f ? (fraction != 0.0 ? NAN : INFINITY)
                  : exponent == 0  ? ldexp(fraction, -24)
                                   : ldexp(fraction + 1024.0, exponent - 25);
    return bits & 0x8000 ? -size : size;
}

static double from_float(hs_number_type type, uint64_t bits) {
    if (type.kind == HS_NUMBER_BFLOAT)
        return from_single((uint32_t)bits << 16);
    return type.size == 2   ? from_half((unsigned)bits)
           : type.size == 4 ? from_single((uint32_t)bits)
                            : from_double(bits);
}

/* The magnitude as a double; *exact tells whether it is one. */
static double from_magnitude(uint64_t magnitude, bool *exact) {
    int shift = 0;
    for (; magnitude >> 53 != 0 && (magnitude & 1) == 0; shift++)
        magnitude >>= 1;
    *exact = magnitude >> 53 == 0;
    return ldexp((double)magnitude, shift);
}

static double from_whole(hs_number_type type, uint64_t bits, bool *exact) {
    uint64_t sign = (uint64_t)1 << (8 * type.size - 1);
    if (type.kind != HS_NUMBER_SIGNED || (bits & sign) == 0)
        return from_magnitude(bits, exact);
    uint64_t mask = sign | (sign - 1);
    return -from_magnitude((~bits + 1) & mask, exact);
}

/* The number, or what is wrong with it. */
static const char *decode_one(hs_storage storage, const unsigned char *bytes, double *value) {
    hs_number_type type = storage.type;
    uint64_t bits = gather(type, bytes);
    if (type.kind == HS_NUMBER_FLOAT || type.kind == HS_NUMBER_BFLOAT) {
        *value = from_float(type, bits);
        return isnan(*value) ? "NaN" : isinf(*value) && !storage.infinite ? "infinite" : NULL;
    }
    if (type.kind == HS_NUMBER_BOOL) {
        *value = (double)bits;
        return bits <= 1 ? NULL : "neither true nor false";
    }
    bool exact = true;
    *value = from_whole(type, bits, &exact);
    return exact ? NULL : "not exactly representable in double precision";
}

hs_status hs_decode(const char *name, hs_storage storage, const unsigned char *bytes,
                    hs_array *array, hs_error *error) {
    size_t size = storage.type.size;
    size_t row_step = storage.columns_first ? size : size * array->columns;
    size_t column_step = storage.columns_first ? size * array->rows : size;
    for (size_t i = 0; i < array->rows; i++)
        for (size_t j = 0; j < array->columns; j++) {
            const char *problem = decode_one(storage, bytes + i * row_step + j * column_step,
                                             &array->data[i * array->columns + j]);
            if (problem == NULL)
                continue;
            if (array->rank == 1)
                return hs_fail(error, HS_BAD_DATA, "%s: number %zu is %s, expected a finite number",
                               name, j + 1, problem);
            return hs_fail(error, HS_BAD_DATA,
                           "%s: row %zu, column %zu is %s, expected a finite number", name, i + 1,
                           j + 1, problem);
        }
    return HS_OK;
}
