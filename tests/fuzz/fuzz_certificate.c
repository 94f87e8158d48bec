/* Feeds bytes to the checker of certificates. The first byte chooses a layer, a domain, and whether
 * the rest is a whole file, the steps of a proof, or the text of two inputs, which are then wrapped
 * and sealed as the format wants it. Whatever it is, a false statement must never count as proved.
 */
#include "certificate/format.h"
#include "certificate/verify.h"
#include "layer/digest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

typedef struct subject {
    size_t m, n;
    double weight[12], bias[6];
    const char *domain;
    bool injective;
} subject;

static const subject subjects[] = {
    {4, 2, {1, 0, 0, 1, -1, 0, 0, -1}, {0}, "domain ball 1\n", true},
    {3, 2, {0, 1, -0.8660254, -0.5, 0.8660254, -0.5}, {0}, "domain space\n", false},
    {5, 2, {1, 0, 0, 1, -1, -1, -1, 1, 1, -1}, {1, 1, 1, -0.25, -0.25}, "domain ball 1\n", true},
    {5, 2, {1, 0, 0, 1, -1, -1, -1, 1, 1, -1}, {1, 1, 1, -0.25, -0.25}, "domain ball 2\n", false},
    {4, 1, {1, -1, 2, 0}, {-0.5, 0.25, 1, 1}, "domain box\nlower -1p-2\nupper inf\n", true},
    {4, 1, {1, -1, 2, 0}, {-0.5, 0.25, -1, 1}, "domain nonneg-ball 1\n", false},
};

enum { SUBJECTS = sizeof subjects / sizeof subjects[0], MOST = 1 << 16 };

typedef struct text {
    uint8_t bytes[2 * MOST];
    size_t size;
} text;

static void put(text *to, const void *bytes, size_t size) {
    require(to->size + size <= sizeof to->bytes);
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

static void put_header(text *to, const hs_layer *layer, const char *verdict, const char *domain) {
    char name[HS_DIGEST_TEXT], line[512];
    hs_layer_digest(layer, name);
    int size = snprintf(line, sizeof line,
                        HS_CERTIFICATE_MAGIC "\nverdict %s\nrows %zu\ncolumns %zu\nlayer %s\n%s",
                        verdict, hs_layer_rows(layer), hs_layer_columns(layer), name, domain);
    put(to, line, (size_t)size);
}

static void put_compressed(text *to, const uint8_t *data, size_t size) {
    z_stream deflater = {0};
    require(deflateInit2(&deflater, Z_NO_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) ==
            Z_OK);
    put(to, "steps\n", 6);
    deflater.next_in = (uint8_t *)data;
    deflater.avail_in = (uInt)size;
    deflater.next_out = to->bytes + to->size;
    deflater.avail_out = (uInt)(sizeof to->bytes - to->size);
    require(deflate(&deflater, Z_FINISH) == Z_STREAM_END);
    to->size = sizeof to->bytes - deflater.avail_out;
    deflateEnd(&deflater);
}

static void seal(text *to) {
    char name[HS_DIGEST_TEXT];
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, to->size, to->bytes);
    hs_digest_print(&context, name);
    put(to, "end ", 4);
    put(to, name, strlen(name));
    put(to, "\n", 1);
}

static void check(const uint8_t *bytes, size_t size, const hs_layer *layer, bool injective) {
    hs_verification *found = NULL;
    hs_error error = {0};
    FILE *stream =
        fmemopen((void *)(size > 0 ? bytes : (const uint8_t *)""), size > 0 ? size : 1, "rb");
    require(stream != NULL);
    hs_status status = hs_verify_stream(stream, "input", layer, NULL, &found, &error);
    fclose(stream);
    if (status == HS_OK) {
        require(found->reason[0] != '\0' && strchr(found->reason, '\n') == NULL);
        require(!found->proven || (found->verdict == HS_INJECTIVE) == injective);
    } else {
        require(status == HS_BAD_DATA || status == HS_NO_MEMORY);
        require(error.message[0] != '\0' && strchr(error.message, '\n') == NULL);
    }
    hs_verification_free(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static text made;
    if (size == 0 || size > MOST)
        return 0;
    const subject *s = &subjects[data[0] / 3 % SUBJECTS];
    hs_layer *layer = NULL;
    require(hs_layer_create(s->m, s->n, s->weight, s->bias, &layer, NULL) == HS_OK);
    made.size = 0;
    if (data[0] % 3 == 0) {
        put(&made, data + 1, size - 1);
    } else {
        bool steps = data[0] % 3 == 1;
        put_header(&made, layer, steps ? "injective" : "not-injective", s->domain);
        if (steps)
            put_compressed(&made, data + 1, size - 1);
        else
            put(&made, data + 1, size - 1);
        seal(&made);
    }
    check(made.bytes, made.size, layer, s->injective);
    hs_layer_free(layer);
    return 0;
}
