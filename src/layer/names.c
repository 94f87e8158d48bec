#include "layer/names.h"

#include "support/error.h"

#include <stdio.h>
#include <string.h>

enum { LIST = 300 };

/* The names of a weight, and of the bias that belongs to it. */
static const struct { const char *weight, *bias; } pairs[] = {{"weight", "bias"}, {"W", "b"}};
enum { PAIRS = 2 };

/* The length of "fc1." in "fc1.weight", 0 for a plain "weight"; HS_NO_ARRAY if the name does not
 * end in this word. */
static size_t prefix_length(const char *name, const char *word) {
    size_t length = strlen(name), tail = strlen(word);
    if (length < tail || strcmp(name + length - tail, word) != 0)
        return HS_NO_ARRAY;
    size_t prefix = length - tail;
    return prefix == 0 || name[prefix - 1] == '.' ? prefix : HS_NO_ARRAY;
}

static bool is_role(const char *name, bool bias, size_t pair) {
    return prefix_length(name, bias ? pairs[pair].bias : pairs[pair].weight) != HS_NO_ARRAY;
}

static size_t find(const hs_archive *archive, const char *prefix, size_t length, const char *word) {
    for (size_t k = 0; k < archive->count; k++) {
        const char *name = archive->names[k];
        if (strncmp(name, prefix, length) == 0 && strlen(name) >= length &&
            strcmp(name + length, word) == 0)
            return k;
    }
    return HS_NO_ARRAY;
}

/* The bias that belongs to a weight by its name, HS_NO_ARRAY without one. */
static size_t find_partner(const hs_archive *archive, size_t weight) {
    const char *name = archive->names[weight];
    for (size_t pair = 0; pair < PAIRS; pair++) {
        size_t length = prefix_length(name, pairs[pair].weight);
        if (length == HS_NO_ARRAY)
            continue;
        size_t usual = find(archive, name, length, pairs[pair].bias);
        return usual != HS_NO_ARRAY ? usual
                                    : find(archive, name, length, pairs[PAIRS - 1 - pair].bias);
    }
    return HS_NO_ARRAY;
}

/* "a, b, c", cut to fit: the names to choose from. */
static void list_names(const hs_archive *archive, bool layers_only, char list[LIST]) {
    size_t used = 0;
    list[0] = '\0';
    for (size_t k = 0; k < archive->count; k++) {
        const char *name = archive->names[k];
        size_t length = strlen(name);
        bool weight = is_role(name, false, 0) || is_role(name, false, 1);
        if (layers_only && !weight)
            continue;
        size_t prefix = prefix_length(name, pairs[0].weight);
        if (layers_only && prefix != HS_NO_ARRAY && prefix > 0)
            length = prefix - 1;
        if (used + length + 8 > LIST) {
            snprintf(list + used, LIST - used, "%s...", used > 0 ? ", " : "");
            return;
        }
        used += (size_t)snprintf(list + used, LIST - used, "%s%.*s", used > 0 ? ", " : "",
                                 (int)length, name);
    }
}

/* The only array in this role: *index is HS_NO_ARRAY without one; false when there are several. */
static bool find_only(const hs_archive *archive, bool bias, size_t *index) {
    *index = HS_NO_ARRAY;
    for (size_t k = 0; k < archive->count; k++) {
        if (!is_role(archive->names[k], bias, 0) && !is_role(archive->names[k], bias, 1))
            continue;
        if (*index != HS_NO_ARRAY)
            return false;
        *index = k;
    }
    return true;
}

/* The full name, or a prefix whose weight (or bias) is in the file. */
static size_t find_wanted(const hs_archive *archive, const char *wanted, bool bias) {
    size_t found = find(archive, wanted, strlen(wanted), "");
    for (size_t pair = 0; pair < PAIRS && found == HS_NO_ARRAY; pair++) {
        char word[16];
        snprintf(word, sizeof word, ".%s", bias ? pairs[pair].bias : pairs[pair].weight);
        found = find(archive, wanted, strlen(wanted), word);
    }
    return found;
}

static hs_status fail_names(const hs_archive *archive, const char *wanted, const char *what,
                            bool layers_only, hs_error *error) {
    char list[LIST];
    const char *file = archive->source->name;
    list_names(archive, layers_only, list);
    if (wanted != NULL)
        return hs_fail(error, HS_BAD_DATA, "%.120s: no %s '%.48s' in it; there is: %s", file, what,
                       wanted, list);
    return hs_fail(error, HS_BAD_DATA, "%.120s: which %s? choose one with FILE:NAME from: %s", file,
                   what, list);
}

hs_status hs_names_layer(const hs_archive *archive, const char *wanted, size_t *weight,
                         size_t *bias, hs_error *error) {
    bool clear = true;
    if (wanted != NULL)
        *weight = find_wanted(archive, wanted, false);
    else
        clear = find_only(archive, false, weight);
    if (wanted == NULL && *weight == HS_NO_ARRAY && archive->count == 1)
        *weight = 0;
    *bias = HS_NO_ARRAY;
    if (*weight == HS_NO_ARRAY || !clear)
        return fail_names(archive, wanted, "layer", !clear, error);
    *bias = find_partner(archive, *weight);
    return HS_OK;
}

hs_status hs_names_array(const hs_archive *archive, const char *wanted, size_t *index,
                         hs_error *error) {
    *index = wanted != NULL        ? find(archive, wanted, strlen(wanted), "")
             : archive->count == 1 ? 0
                                   : HS_NO_ARRAY;
    return *index != HS_NO_ARRAY ? HS_OK : fail_names(archive, wanted, "array", false, error);
}

hs_status hs_names_bias(const hs_archive *archive, const char *wanted, size_t *index,
                        hs_error *error) {
    bool clear = true;
    if (wanted != NULL)
        *index = find_wanted(archive, wanted, true);
    else
        clear = find_only(archive, true, index);
    if (wanted == NULL && *index == HS_NO_ARRAY && archive->count == 1)
        *index = 0;
    return clear && *index != HS_NO_ARRAY ? HS_OK
                                          : fail_names(archive, wanted, "bias", false, error);
}
