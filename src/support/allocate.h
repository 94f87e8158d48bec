/* One allocation style: arrays by count and size, with the product checked for overflow. */
#ifndef HS_SUPPORT_ALLOCATE_H
#define HS_SUPPORT_ALLOCATE_H

#include <stddef.h>

/* count * size zeroed bytes (at least one), or NULL. Freed with free(). */
void *hs_allocate(size_t count, size_t size);

/* As hs_allocate, for rows x columns things of the given size. */
void *hs_allocate_matrix(size_t rows, size_t columns, size_t size);

/* An exact copy, or NULL. */
void *hs_copy(const void *from, size_t count, size_t size);

#endif
