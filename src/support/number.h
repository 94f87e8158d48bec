/* Decimal numbers from text, the same in every locale. */
#ifndef HS_SUPPORT_NUMBER_H
#define HS_SUPPORT_NUMBER_H

#include <stddef.h>

typedef enum hs_number_outcome {
    HS_NUMBER_GOOD,
    HS_NUMBER_NONE,      /* not a decimal number */
    HS_NUMBER_NAN,       /* "nan" in any spelling */
    HS_NUMBER_INFINITE,  /* "inf", "infinity" */
    HS_NUMBER_TOO_LARGE, /* beyond the range of double */
    HS_NUMBER_TOO_SMALL, /* not zero, but nearer to zero than any double */
    HS_NUMBER_TOO_LONG,  /* more characters than a number can need */
    HS_NUMBER_INEXACT    /* hs_number_whole: a whole number that is not a double */
} hs_number_outcome;

/* The double nearest to text[0 .. length), which must be [+-]digits[.digits][e[+-]digits] with
 * nothing before or after. *value is set when the outcome is HS_NUMBER_GOOD or, with its sign,
 * HS_NUMBER_INFINITE. */
hs_number_outcome hs_number_parse(const char *text, size_t length, double *value);

/* As hs_number_parse, for [+-]digits only, and never rounded. */
hs_number_outcome hs_number_whole(const char *text, size_t length, double *value);

/* What is wrong, as a phrase: "is not a number". */
const char *hs_number_problem(hs_number_outcome outcome);

/* The shortest length that any double needs, with the final zero. */
enum { HS_NUMBER_TEXT = 32 };

/* Writes 17 significant digits, which read back to the same bits. */
void hs_number_print(char text[HS_NUMBER_TEXT], double value);

#endif
