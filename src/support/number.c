#include "support/number.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 1100 }; /* the exact decimal expansion of a double has up to 1075 digits */

static size_t skip_digits(const char *text, size_t length, size_t at) {
    while (at < length && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

static size_t skip_sign(const char *text, size_t length, size_t at) {
    return at < length && (text[at] == '+' || text[at] == '-') ? at + 1 : at;
}

static bool is_decimal(const char *text, size_t length) {
    size_t start = skip_sign(text, length, 0);
    size_t at = skip_digits(text, length, start);
    size_t digits = at - start;
    if (at < length && text[at] == '.') {
        size_t end = skip_digits(text, length, at + 1);
        digits += end - at - 1;
        at = end;
    }
    if (digits == 0)
        return false;
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        start = skip_sign(text, length, at + 1);
        at = skip_digits(text, length, start);
        if (at == start)
            return false;
    }
    return at == length;
}

static bool is_word(const char *text, size_t length, const char *word) {
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

static hs_number_outcome not_decimal(const char *text, size_t length, double *value) {
    size_t start = skip_sign(text, length, 0);
    double infinity = length > 0 && text[0] == '-' ? -INFINITY : INFINITY;
    text += start;
    length -= start;
    if (is_word(text, length, "inf") || is_word(text, length, "infinity")) {
        *value = infinity;
        return HS_NUMBER_INFINITE;
    }
    return is_word(text, length, "nan") ? HS_NUMBER_NAN : HS_NUMBER_NONE;
}

static bool has_nonzero_digit(const char *text) {
    for (; *text != '\0' && *text != 'e' && *text != 'E'; text++)
        if (*text >= '1' && *text <= '9')
            return true;
    return false;
}

/* strtod in the "C" locale, whatever the program around the library has chosen. */
static bool convert(const char *text, double *value) {
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return false;
    locale_t before = uselocale(plain);
    char *end = NULL;
    *value = strtod(text, &end);
    uselocale(before);
    freelocale(plain);
    return *end == '\0';
}

hs_number_outcome hs_number_parse(const char *text, size_t length, double *value) {
    char copy[LONGEST + 1];
    double number = 0.0;
    if (!is_decimal(text, length))
        return not_decimal(text, length, value);
    if (length > LONGEST)
        return HS_NUMBER_TOO_LONG;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (!convert(copy, &number))
        return HS_NUMBER_NONE;
    if (isinf(number))
        return HS_NUMBER_TOO_LARGE;
    if (number == 0.0 && has_nonzero_digit(copy))
        return HS_NUMBER_TOO_SMALL;
    *value = number;
    return HS_NUMBER_GOOD;
}

hs_number_outcome hs_number_whole(const char *text, size_t length, double *value) {
    size_t start = skip_sign(text, length, 0);
    size_t at = start;
    uint64_t whole = 0;
    if (skip_digits(text, length, start) != length || start == length)
        return not_decimal(text, length, value);
    for (; at < length; at++) {
        uint64_t digit = (uint64_t)(text[at] - '0');
        if (whole > (UINT64_MAX - digit) / 10)
            return HS_NUMBER_INEXACT;
        whole = whole * 10 + digit;
    }
    double number = (double)whole;
    if (whole > UINT64_MAX - 1024 || (uint64_t)number != whole)
        return HS_NUMBER_INEXACT;
    *value = text[0] == '-' ? -number : number;
    return HS_NUMBER_GOOD;
}

const char *hs_number_problem(hs_number_outcome outcome) {
    switch (outcome) {
    case HS_NUMBER_GOOD:
        return "is a number";
    case HS_NUMBER_NONE:
        return "is not a number";
    case HS_NUMBER_NAN:
        return "is NaN, expected a finite number";
    case HS_NUMBER_INFINITE:
        return "is infinite, expected a finite number";
    case HS_NUMBER_TOO_LARGE:
        return "is too large for double precision";
    case HS_NUMBER_TOO_SMALL:
        return "is too near to zero for double precision";
    case HS_NUMBER_TOO_LONG:
        return "has too many digits";
    case HS_NUMBER_INEXACT:
        return "is not exactly representable in double precision";
    }
    return "is not a number";
}

void hs_number_print(char text[HS_NUMBER_TEXT], double value) {
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = plain != (locale_t)0 ? uselocale(plain) : (locale_t)0;
    snprintf(text, HS_NUMBER_TEXT, "%.17g", value);
    if (plain == (locale_t)0)
        return;
    uselocale(before);
    freelocale(plain);
}
