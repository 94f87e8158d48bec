/* NumPy's .npz: a zip archive of .npy files, stored or deflated. Sizes in a zip directory are
 * claims: memory grows with the bytes that really come out, up to the claim and to a limit. */
#include "layer/archive.h"

#include "support/allocate.h"
#include "support/error.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

/* Deflate cannot shrink by more than this; and what unpacks to more than UNPACKED_FREELY bytes must
 * not have shrunk by more than LARGE_RATIO, or it is taken for a bomb. */
enum { DEFLATE_RATIO = 1032, LARGE_RATIO = 100, UNPACKED_FREELY = 256 << 20, SLACK = 4096 };

typedef struct npz_state {
    zip_t *zip;
    zip_int64_t *places; /* of the arrays in the zip directory */
} npz_state;

static void npz_release(void *state) {
    npz_state *npz = state;
    if (npz == NULL)
        return;
    if (npz->zip != NULL)
        zip_discard(npz->zip);
    free(npz->places);
    free(npz);
}

static hs_status fail_zip(const char *name, zip_error_t *reason, hs_error *error) {
    hs_status status = zip_error_code_zip(reason) == ZIP_ER_MEMORY ? HS_NO_MEMORY : HS_BAD_DATA;
    hs_fail(error, status, "%s: damaged .npz: %s", name, zip_error_strerror(reason));
    return status;
}

static hs_status open_zip(const hs_source *source, npz_state *npz, hs_error *error) {
    zip_error_t reason;
    zip_error_init(&reason);
    zip_source_t *bytes = zip_source_buffer_create(source->bytes, source->size, 0, &reason);
    if (bytes != NULL)
        npz->zip = zip_open_from_source(bytes, ZIP_RDONLY, &reason);
    if (bytes != NULL && npz->zip == NULL)
        zip_source_free(bytes);
    hs_status status = npz->zip != NULL ? HS_OK : fail_zip(source->name, &reason, error);
    zip_error_fini(&reason);
    return status;
}

static bool is_array(const char *name) {
    size_t length = name != NULL ? strlen(name) : 0;
    return length > 4 && strcmp(name + length - 4, ".npy") == 0;
}

static hs_status list_arrays(hs_archive *archive, npz_state *npz, hs_error *error) {
    zip_int64_t entries = zip_get_num_entries(npz->zip, 0);
    archive->names = hs_allocate((size_t)entries, sizeof *archive->names);
    npz->places = hs_allocate((size_t)entries, sizeof *npz->places);
    if (archive->names == NULL || npz->places == NULL)
        return hs_fail(error, HS_NO_MEMORY, "%s: no memory for its names", archive->source->name);
    for (zip_int64_t k = 0; k < entries; k++) {
        const char *name = zip_get_name(npz->zip, (zip_uint64_t)k, ZIP_FL_ENC_GUESS);
        if (!is_array(name))
            continue;
        if (zip_name_locate(npz->zip, name, ZIP_FL_ENC_GUESS) != k)
            return hs_fail(error, HS_BAD_DATA, "%s: array '%.80s' occurs twice",
                           archive->source->name, name);
        char *copy = hs_copy(name, strlen(name) + 1, 1);
        if (copy == NULL)
            return hs_fail(error, HS_NO_MEMORY, "%s: no memory for a name", archive->source->name);
        copy[strlen(copy) - 4] = '\0';
        archive->names[archive->count] = copy;
        npz->places[archive->count++] = k;
    }
    return HS_OK;
}

static hs_status check_entry(const char *name, const zip_stat_t *entry, hs_error *error) {
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((entry->valid & needed) != needed)
        return hs_fail(error, HS_BAD_DATA, "%s: damaged .npz: the sizes are missing", name);
    if ((entry->valid & ZIP_STAT_ENCRYPTION_METHOD) && entry->encryption_method != ZIP_EM_NONE)
        return hs_fail(error, HS_BAD_DATA, "%s: encrypted, which is not supported", name);
    if (entry->comp_method != ZIP_CM_STORE && entry->comp_method != ZIP_CM_DEFLATE)
        return hs_fail(error, HS_BAD_DATA, "%s: compression method %u, expected stored or deflated",
                       name, (unsigned)entry->comp_method);
    zip_uint64_t packed = entry->comp_size;
    bool possible = entry->comp_method == ZIP_CM_STORE ? entry->size == packed
                                                       : entry->size / DEFLATE_RATIO <= packed;
    if (!possible)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: %llu bytes promised in %llu packed bytes: damaged .npz", name,
                       (unsigned long long)entry->size, (unsigned long long)packed);
    if (entry->size > UNPACKED_FREELY && entry->size / LARGE_RATIO > packed)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: %llu packed bytes would grow to %llu: refused as a zip bomb", name,
                       (unsigned long long)packed, (unsigned long long)entry->size);
    return HS_OK;
}

/* Unpacks up to `promised` bytes and one more, to notice an entry that is longer than it says. */
static hs_status unpack(const char *name, zip_file_t *file, size_t promised, unsigned char **bytes,
                        hs_error *error) {
    size_t size = 0, capacity = SLACK;
    unsigned char *unpacked = malloc(capacity);
    zip_int64_t got = 1;
    while (unpacked != NULL && got > 0 && size <= promised) {
        if (size == capacity) {
            capacity = capacity > promised / 2 ? promised + 1 : 2 * capacity;
            unsigned char *larger = realloc(unpacked, capacity);
            if (larger == NULL)
                free(unpacked);
            unpacked = larger;
            continue;
        }
        got = zip_fread(file, unpacked + size, capacity - size);
        size += got > 0 ? (size_t)got : 0;
    }
    *bytes = unpacked;
    if (unpacked == NULL)
        return hs_fail(error, HS_NO_MEMORY, "%s: no memory for %zu bytes", name, capacity);
    if (got < 0)
        return fail_zip(name, zip_file_get_error(file), error);
    if (size != promised)
        return hs_fail(error, HS_BAD_DATA, "%s: %s than the %zu bytes that the .npz promises", name,
                       size < promised ? "shorter" : "longer", promised);
    return HS_OK;
}

static hs_status read_entry(const hs_archive *archive, size_t index, const char *name,
                            hs_array *array, hs_error *error) {
    npz_state *npz = archive->state;
    zip_uint64_t place = (zip_uint64_t)npz->places[index];
    zip_stat_t entry;
    zip_stat_init(&entry);
    if (zip_stat_index(npz->zip, place, 0, &entry) != 0)
        return fail_zip(name, zip_get_error(npz->zip), error);
    hs_status status = check_entry(name, &entry, error);
    if (status != HS_OK)
        return status;
    zip_file_t *file = zip_fopen_index(npz->zip, place, 0);
    if (file == NULL)
        return fail_zip(name, zip_get_error(npz->zip), error);
    unsigned char *bytes = NULL;
    status = unpack(name, file, (size_t)entry.size, &bytes, error);
    zip_fclose(file);
    hs_source inner = {.name = name,
                       .bytes = bytes,
                       .size = (size_t)entry.size,
                       .infinite = archive->source->infinite};
    if (status == HS_OK)
        status = hs_npy_parse(&inner, array, error);
    free(bytes);
    return status;
}

static hs_status npz_read(const hs_archive *archive, size_t index, hs_array *array,
                          hs_error *error) {
    *array = (hs_array){0};
    char *name = hs_archive_place(archive, index);
    if (name == NULL)
        return hs_fail(error, HS_NO_MEMORY, "no memory for a name");
    hs_status status = read_entry(archive, index, name, array, error);
    free(name);
    return status;
}

hs_status hs_npz_open(const hs_source *source, hs_archive *archive, hs_error *error) {
    *archive = (hs_archive){.source = source, .read = npz_read, .release = npz_release};
    npz_state *npz = hs_allocate(1, sizeof *npz);
    if (npz == NULL)
        return hs_fail(error, HS_NO_MEMORY, "%s: no memory to open it", source->name);
    archive->state = npz;
    hs_status status = open_zip(source, npz, error);
    if (status == HS_OK)
        status = list_arrays(archive, npz, error);
    if (status == HS_OK && archive->count == 0)
        status = hs_fail(error, HS_BAD_DATA, "%s: a zip archive without .npy arrays in it",
                         source->name);
    if (status != HS_OK)
        hs_archive_clear(archive);
    return status;
}
