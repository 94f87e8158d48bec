#include "layer/archive.h"

#include "support/error.h"

#include <string.h>
#include <strings.h>

static const hs_format formats[] = {
    {.extensions = {".npy"}, .parse = hs_npy_parse},
    {.extensions = {".npz"}, .open = hs_npz_open},
    {.extensions = {".safetensors"}, .open = hs_safetensors_open},
    {.extensions = {".csv", ".txt", ".tsv"}, .parse = hs_text_parse},
    {.extensions = {".mtx"}, .parse = hs_matrix_market_parse},
};
enum { NPY, NPZ, SAFETENSORS, TEXT, MATRIX_MARKET, FORMATS };
static const char expected[] = ".npy, .npz, .safetensors, .csv, .txt or .mtx";

/* ".npy" of "folder/name.npy"; "" without one. */
static const char *extension_of(const char *name) {
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash != NULL ? slash : name, '.');
    return dot != NULL ? dot : "";
}

static bool begins_with(const hs_source *source, const char *magic) {
    size_t length = strlen(magic);
    return source->size >= length && memcmp(source->bytes, magic, length) == 0;
}

/* The first bytes hold nothing that text would not. */
static bool looks_like_text(const hs_source *source) {
    for (size_t k = 0; k < source->size && k < 512; k++) {
        unsigned char c = source->bytes[k];
        if (c == 0x7f || (c < 0x20 && strchr("\t\n\v\f\r", c) == NULL) || c == 0)
            return false;
    }
    return true;
}

static const hs_format *sniff(const hs_source *source) {
    if (begins_with(source, "\x93NUMPY"))
        return &formats[NPY];
    if (begins_with(source, "PK\3\4") || begins_with(source, "PK\5\6"))
        return &formats[NPZ];
    if (begins_with(source, "%%MatrixMarket"))
        return &formats[MATRIX_MARKET];
    if (source->size > 8 && source->bytes[8] == '{')
        return &formats[SAFETENSORS];
    return looks_like_text(source) ? &formats[TEXT] : NULL;
}

hs_status hs_format_choose(const hs_source *source, const hs_format **format, hs_error *error) {
    const char *extension = extension_of(source->name);
    if (strcasecmp(extension, ".onnx") == 0)
        return hs_fail(error, HS_BAD_DATA, "%s: .onnx is not supported yet, expected %s",
                       source->name, expected);
    for (size_t k = 0; k < FORMATS; k++)
        for (size_t e = 0; e < 4 && formats[k].extensions[e] != NULL; e++)
            if (strcasecmp(extension, formats[k].extensions[e]) == 0) {
                *format = &formats[k];
                return HS_OK;
            }
    *format = sniff(source);
    if (*format != NULL)
        return HS_OK;
    return hs_fail(error, HS_BAD_DATA, "%s: unknown format, expected %s", source->name, expected);
}
