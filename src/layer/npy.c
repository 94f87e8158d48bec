/* NumPy's .npy, versions 1.0, 2.0 and 3.0: a magic, the length of a header, the header (a Python
 * dictionary with descr, fortran_order and shape), the numbers.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#include "layer/archive.h"
#include "layer/decode.h"

#include "support/error.h"

#include <string.h>

enum { MAGIC = 6, MOST_DIMENSIONS = 8 };

typedef struct npy_header {
    hs_number_type type;
    bool columns_first;
    size_t rank;
    size_t shape[MOST_DIMENSIONS];
    bool has_type, has_order, has_shape;
} npy_header;

/* A place in the header's dictionary. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_blanks(cursor *text) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\t'))
        text->at++;
}

static bool accept(cursor *text, char expected) {
    skip_blanks(text);
    if (text->at == text->end || *text->at != expected)
        return false;
    text->at++;
    return true;
}

static bool accept_word(cursor *text, const char *word) {
    skip_blanks(text);
    size_t length = strlen(word);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
        return false;
    text->at += length;
    return true;
}

/* A quoted string without escapes. */
static bool accept_string(cursor *text, char *word, size_t size) {
    char quote = accept(text, '\'') ? '\'' : '"';
    if (quote == '"' && !accept(text, '"'))
        return false;
    const char *close = memchr(text->at, quote, (size_t)(text->end - text->at));
    if (close == NULL || (size_t)(close - text->at) >= size)
        return false;
    memcpy(word, text->at, (size_t)(close - text->at));
    word[close - text->at] = '\0';
    text->at = close + 1;
    return true;
}

static bool accept_size(cursor *text, size_t *value) {
    skip_blanks(text);
    const char *start = text->at;
    *value = 0;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++) {
        size_t digit = (size_t)(*text->at - '0');
        if (*value > (SIZE_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    bool good = text->at > start;
    accept(text, 'L'); /* Python 2 wrote long integers so */
    return good;
}

/* (2, 3), (2,) or (); the first MOST_DIMENSIONS sizes are kept. */
static bool accept_shape(cursor *text, npy_header *header) {
    if (!accept(text, '('))
        return false;
    header->rank = 0;
    while (!accept(text, ')')) {
        size_t size = 0;
        if (!accept_size(text, &size))
            return false;
        if (header->rank < MOST_DIMENSIONS)
            header->shape[header->rank] = size;
        header->rank++;
        if (accept(text, ','))
            continue;
        return accept(text, ')') && header->rank > 1;
    }
    return true;
}

/* "<f8" and its kin. */
static bool parse_type(const char *text, hs_number_type *type) {
    static const struct {
        const char *code;
        hs_number_kind kind;
        size_t size;
    } known[] = {
        {"f8", HS_NUMBER_FLOAT, 8},    {"f4", HS_NUMBER_FLOAT, 4},    {"f2", HS_NUMBER_FLOAT, 2},
        {"i1", HS_NUMBER_SIGNED, 1},   {"i2", HS_NUMBER_SIGNED, 2},   {"i4", HS_NUMBER_SIGNED, 4},
        {"i8", HS_NUMBER_SIGNED, 8},   {"u1", HS_NUMBER_UNSIGNED, 1}, {"u2", HS_NUMBER_UNSIGNED, 2},
        {"u4", HS_NUMBER_UNSIGNED, 4}, {"u8", HS_NUMBER_UNSIGNED, 8}, {"b1", HS_NUMBER_BOOL, 1},
    };
    if (text[0] == '\0' || strchr("<>|", text[0]) == NULL)
        return false;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(text + 1, known[k].code) == 0 && (text[0] != '|' || known[k].size == 1)) {
            *type = (hs_number_type){known[k].kind, known[k].size, text[0] == '>'};
            return true;
        }
    return false;
}

static hs_status parse_descr(const char *name, cursor *text, npy_header *header, hs_error *error) {
    char code[32];
    if (!accept_string(text, code, sizeof code))
        return hs_fail(error, HS_BAD_DATA,
                       "%s: header: descr is not a plain type, expected a float, integer or bool",
                       name);
    if (!parse_type(code, &header->type))
        return hs_fail(error, HS_BAD_DATA,
                       "%s: header: type '%s' is not supported, expected f8, f4, f2, i1 to i8, "
                       "u1 to u8 or b1",
                       name, code);
    header->has_type = true;
    return HS_OK;
}

static hs_status parse_entry(const char *name, cursor *text, npy_header *header, hs_error *error) {
    char key[32] = "";
    bool good = accept_string(text, key, sizeof key) && accept(text, ':');
    if (good && strcmp(key, "descr") == 0 && !header->has_type)
        return parse_descr(name, text, header, error);
    if (good && strcmp(key, "fortran_order") == 0 && !header->has_order) {
        header->columns_first = accept_word(text, "True");
        header->has_order = header->columns_first || accept_word(text, "False");
        good = header->has_order;
    } else if (good && strcmp(key, "shape") == 0 && !header->has_shape) {
        header->has_shape = accept_shape(text, header);
        good = header->has_shape;
    } else {
        good = false;
    }
    if (good)
        return HS_OK;
    return hs_fail(error, HS_BAD_DATA, "%s: header: cannot read the entry '%s'", name, key);
}

static hs_status parse_header(const char *name, cursor text, npy_header *header, hs_error *error) {
    hs_status status = HS_OK;
    if (!accept(&text, '{'))
        return hs_fail(error, HS_BAD_DATA, "%s: header: expected a Python dictionary", name);
    while (status == HS_OK && !accept(&text, '}')) {
        status = parse_entry(name, &text, header, error);
        if (status == HS_OK && !accept(&text, ',')) {
            if (accept(&text, '}'))
                break;
            status = hs_fail(error, HS_BAD_DATA, "%s: header: expected ',' or '}'", name);
        }
    }
    skip_blanks(&text);
    if (status == HS_OK && text.at != text.end)
        status = hs_fail(error, HS_BAD_DATA, "%s: header: text after the dictionary", name);
    if (status == HS_OK && !(header->has_type && header->has_order && header->has_shape))
        status = hs_fail(error, HS_BAD_DATA, "%s: header: %s is missing", name,
                         !header->has_type    ? "descr"
                         : !header->has_order ? "fortran_order"
                                              : "shape");
    return status;
}

/* Where the header's dictionary is; the numbers begin at its end. */
static hs_status find_header(const hs_source *source, cursor *text, hs_error *error) {
    const unsigned char *bytes = source->bytes;
    if (source->size < MAGIC || memcmp(bytes, "\x93NUMPY", MAGIC) != 0)
        return hs_fail(error, HS_BAD_DATA, "%s: not a .npy file: the magic bytes are missing",
                       source->name);
    if (source->size < 12)
        return hs_fail(error, HS_BAD_DATA, "%s: truncated in the header", source->name);
    unsigned version = bytes[6];
    if (version < 1 || version > 3)
        return hs_fail(error, HS_BAD_DATA, "%s: .npy version %u.%u, expected 1.0, 2.0 or 3.0",
                       source->name, version, bytes[7]);
    size_t start = version == 1 ? 10 : 12;
    size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > source->size - start)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: header of %zu bytes, but only %zu bytes follow: truncated",
                       source->name, length, source->size - start);
    text->at = (const char *)bytes + start;
    text->end = text->at + length;
    return HS_OK;
}

/* The numbers must fill the rest of the file exactly. */
static hs_status check_size(const char *name, const npy_header *header, size_t available,
                            hs_error *error) {
    size_t wanted = header->type.size;
    for (size_t k = 0; k < header->rank && k < MOST_DIMENSIONS; k++) {
        if (header->shape[k] != 0 && wanted > SIZE_MAX / header->shape[k])
            return hs_fail(error, HS_BAD_DATA,
                           "%s: header: the shape needs more bytes than there can be, %zu follow",
                           name, available);
        wanted *= header->shape[k];
    }
    if (wanted > available)
        return hs_fail(error, HS_BAD_DATA,
                       "%s: the header promises %zu bytes of numbers, but %zu follow: truncated",
                       name, wanted, available);
    if (wanted < available)
        return hs_fail(error, HS_BAD_DATA, "%s: %zu bytes too many after the array", name,
                       available - wanted);
    return HS_OK;
}

hs_status hs_npy_parse(const hs_source *source, hs_array *array, hs_error *error) {
    cursor text = {NULL, NULL};
    npy_header header = {0};
    *array = (hs_array){0};
    hs_status status = find_header(source, &text, error);
    if (status == HS_OK)
        status = parse_header(source->name, text, &header, error);
    if (status != HS_OK)
        return status;
    const unsigned char *numbers = (const unsigned char *)text.end;
    size_t available = (size_t)(source->bytes + source->size - numbers);
    if (header.rank == 1 || header.rank == 2)
        status = check_size(source->name, &header, available, error);
    if (status == HS_OK)
        status = hs_array_make(source->name, header.shape, header.rank, array, error);
    if (status == HS_OK)
        status = hs_decode(source->name,
                           (hs_storage){header.type, header.columns_first, source->infinite},
                           numbers, array, error);
    if (status != HS_OK)
        hs_array_clear(array);
    return status;
}
