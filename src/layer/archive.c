#include "layer/archive.h"

#include "support/allocate.h"
#include "support/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hs_archive_clear(hs_archive *archive) {
    if (archive->release != NULL)
        archive->release(archive->state);
    for (size_t k = 0; k < archive->count; k++)
        free(archive->names[k]);
    free(archive->names);
    *archive = (hs_archive){0};
}

char *hs_archive_place(const hs_archive *archive, size_t index) {
    const char *file = archive->source->name, *name = archive->names[index];
    size_t size = strlen(file) + strlen(name) + 2;
    char *place = hs_allocate(size, 1);
    if (place != NULL)
        snprintf(place, size, "%s:%s", file, name);
    return place;
}

hs_status hs_array_make(const char *name, const size_t *dimensions, size_t rank, hs_array *array,
                        hs_error *error) {
    if (rank != 1 && rank != 2)
        return hs_fail(error, HS_BAD_DATA, "%s: wrong rank: %zu dimensions, expected 1 or 2", name,
                       rank);
    size_t rows = rank == 2 ? dimensions[0] : 1;
    size_t columns = dimensions[rank - 1];
    if (rows == 0 || columns == 0)
        return rank == 1 ? hs_fail(error, HS_BAD_DATA, "%s: the array is empty", name)
                         : hs_fail(error, HS_BAD_DATA, "%s: the array is empty: %zu x %zu", name,
                                   rows, columns);
    *array = (hs_array){.rank = rank, .rows = rows, .columns = columns};
    array->data = hs_allocate_matrix(rows, columns, sizeof(double));
    if (array->data == NULL)
        return hs_fail(error, HS_NO_MEMORY, "%s: no memory for %zu x %zu numbers", name, rows,
                       columns);
    return HS_OK;
}

void hs_array_clear(hs_array *array) {
    free(array->data);
    *array = (hs_array){0};
}
