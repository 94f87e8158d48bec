#include "engine/search_kernel.h"

#include <string.h>

const hs_search_kernel *hs_search_kernel_find(const char *name) {
    const hs_search_kernel *kernels[] = {hs_search_kernel_avx512(), hs_search_kernel_avx2(),
                                         hs_search_kernel_plain()};
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++)
        if (kernels[k] != NULL &&
            (name == NULL || *name == '\0' || strcmp(name, kernels[k]->name) == 0))
            return kernels[k];
    return NULL;
}
