#include "geometry/glpk_session.h"

#include "support/error.h"

#include <glpk.h>

hs_status hs_glpk_begin(hs_glpk_session *session, hs_error *error) {
    int code = glp_init_env(); /* 0: made now, 1: there was one */
    if (code > 1)
        return hs_fail(error, HS_NO_MEMORY, "no memory for the linear programming library");
    session->owned = code == 0;
    session->terminal = glp_term_out(GLP_OFF);
    return HS_OK;
}

void hs_glpk_end(const hs_glpk_session *session) {
    if (session->owned)
        glp_free_env();
    else
        glp_term_out(session->terminal);
}
