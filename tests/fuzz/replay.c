/* Runs a fuzz harness on kept files, without libFuzzer: replay FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        return -1;
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1); /* exact: reading beyond it is noticed */
    int result = -1;
    if (size >= 0 && data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size)
        result = LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    fclose(file);
    return result;
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    for (int k = 1; k < argc; k++)
        if (replay(argv[k]) != 0) {
            fprintf(stderr, "%s: cannot replay\n", argv[k]);
            return 1;
        }
    printf("%d files\n", argc - 1);
    return 0;
}
