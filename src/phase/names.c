#include "phase/phase.h"

const char *hs_phase_source_name(hs_phase_source source) {
    static const char *const names[] = {
        [HS_SOURCE_FACTS] = "facts",   [HS_SOURCE_BRANCH] = "branch",
        [HS_SOURCE_CELLS] = "cells",   [HS_SOURCE_MILP] = "milp",
        [HS_SOURCE_SEARCH] = "search", [HS_SOURCE_WITNESS] = "witness",
        [HS_SOURCE_NESTED] = "nested",
    };
    return names[source];
}

const char *hs_phase_engine_name(hs_engine_kind engine) {
    return engine == HS_ENGINE_AUTO ? "auto" : hs_phase_source_name((hs_phase_source)engine);
}
