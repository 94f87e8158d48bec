/* One error style: fill the caller's hs_error and return the status. */
#ifndef HS_SUPPORT_ERROR_H
#define HS_SUPPORT_ERROR_H

#include "halfspan/halfspan.h"

/* Stores the formatted message (cut to fit, control characters replaced) when error is not NULL;
 * returns status, so that a failure reads `return hs_fail(error, HS_BAD_DATA, "...")`. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
hs_status
hs_fail(hs_error *error, hs_status status, const char *format, ...);

#endif
