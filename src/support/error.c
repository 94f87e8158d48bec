#include "support/error.h"

#include <stdarg.h>
#include <stdio.h>

const char *hs_status_message(hs_status status) {
    switch (status) {
    case HS_OK:
        return "success";
    case HS_INVALID_ARGUMENT:
        return "invalid argument";
    case HS_BAD_DATA:
        return "bad data";
    case HS_CANNOT_OPEN:
        return "cannot open or read";
    case HS_CANNOT_WRITE:
        return "cannot write";
    case HS_NO_MEMORY:
        return "out of memory";
    case HS_UNSUPPORTED:
        return "not supported";
    case HS_INTERNAL:
        return "internal error";
    case HS_NOT_CONVERGED:
        return "did not converge";
    }
    return "unknown status";
}

const char *hs_version(void) {
    return HS_VERSION;
}

hs_status hs_fail(hs_error *error, hs_status status, const char *format, ...) {
    if (error == NULL)
        return status;
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (char *c = error->message; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?'; /* names come from files: keep the message on one line */
    return status;
}
