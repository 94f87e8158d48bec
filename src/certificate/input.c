#include "certificate/input.h"

void hs_input_begin(hs_input *input, FILE *stream) {
    *input = (hs_input){.stream = stream};
    sha256_init(&input->digest);
}

void hs_input_end(hs_input *input) {
    if (input->inflating)
        inflateEnd(&input->inflater);
    input->inflating = false;
}

static void hash(hs_input *input) {
    sha256_update(&input->digest, input->at - input->hashed, input->bytes + input->hashed);
    input->hashed = input->at;
}

/* Makes sure that there is a byte; false at the end of the file. */
static bool fill(hs_input *input) {
    if (input->at < input->end)
        return true;
    hash(input);
    input->before += input->end;
    input->at = input->hashed = 0;
    input->end = fread(input->bytes, 1, sizeof input->bytes, input->stream);
    return input->end > 0;
}

int hs_input_peek(hs_input *input) {
    return fill(input) ? input->bytes[input->at] : EOF;
}

int hs_input_byte(hs_input *input) {
    return fill(input) ? input->bytes[input->at++] : EOF;
}

uint64_t hs_input_offset(const hs_input *input) {
    return input->before + input->at;
}

void hs_input_digest(hs_input *input, uint8_t digest[SHA256_DIGEST_SIZE]) {
    hash(input);
    struct sha256_ctx copy = input->digest;
    sha256_digest(&copy, SHA256_DIGEST_SIZE, digest);
}

enum { GZIP_WINDOW = 15 + 16, GZIP_FIRST_BYTE = 0x1f };

/* Inflates until there is a step byte, through as many members as it takes. */
static bool fill_steps(hs_input *input) {
    input->steps_before += input->step_end;
    input->step_at = input->step_end = 0;
    while (input->step_end == 0) {
        if (!input->inflating) {
            if (hs_input_peek(input) != GZIP_FIRST_BYTE)
                return false; /* no further member */
            if (inflateInit2(&input->inflater, GZIP_WINDOW) != Z_OK) {
                input->damage = "no memory to decompress";
                return false;
            }
            input->inflating = true;
        }
        if (!fill(input)) {
            input->damage = "the compressed steps are cut";
            return false;
        }
        input->inflater.next_in = input->bytes + input->at;
        input->inflater.avail_in = (uInt)(input->end - input->at);
        input->inflater.next_out = input->steps;
        input->inflater.avail_out = sizeof input->steps;
        int answer = inflate(&input->inflater, Z_NO_FLUSH);
        input->at = input->end - input->inflater.avail_in;
        input->step_end = sizeof input->steps - input->inflater.avail_out;
        if (answer == Z_STREAM_END) {
            hs_input_end(input);
        } else if (answer != Z_OK) {
            input->damage = "the compressed steps are damaged";
            input->step_end = 0;
            return false;
        }
    }
    return true;
}

int hs_input_step_byte(hs_input *input) {
    if (input->step_at == input->step_end && (input->damage != NULL || !fill_steps(input)))
        return EOF;
    return input->steps[input->step_at++];
}

uint64_t hs_input_step_offset(const hs_input *input) {
    return input->steps_before + input->step_at;
}
