#include "support/allocate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *hs_allocate(size_t count, size_t size) {
    return calloc(count > 0 ? count : 1, size);
}

void *hs_allocate_matrix(size_t rows, size_t columns, size_t size) {
    if (columns > 0 && rows > SIZE_MAX / columns)
        return NULL;
    return hs_allocate(rows * columns, size);
}

void *hs_copy(const void *from, size_t count, size_t size) {
    void *to = hs_allocate(count, size);
    if (to != NULL && count > 0)
        memcpy(to, from, count * size);
    return to;
}
