/* Comma-separated text, one row per line, 17 significant digits: it reads back to the same bits. */
#include "layer/write.h"

#include "support/number.h"

void hs_text_write(const hs_array *array, FILE *stream) {
    char text[HS_NUMBER_TEXT];
    for (size_t i = 0; i < array->rows; i++)
        for (size_t j = 0; j < array->columns; j++) {
            hs_number_print(text, array->data[i * array->columns + j]);
            fputs(text, stream);
            fputc(j + 1 < array->columns ? ',' : '\n', stream);
        }
}
