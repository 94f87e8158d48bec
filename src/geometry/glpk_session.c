#include "geometry/glpk_session.h"

#include "support/error.h"

#include <glpk.h>
#include <setjmp.h>

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

static int say_nothing(void *data, const char *text) {
    (void)data;
    (void)text;
    return 1;
}

static void leave(void *place) {
    longjmp(*(jmp_buf *)place, 1);
}

bool hs_glpk_attempt(void (*routine)(void *data), void *data) {
    jmp_buf place;
    volatile bool done = false;
    glp_error_hook(leave, &place);
    glp_term_hook(say_nothing, NULL);
    if (setjmp(place) == 0) {
        routine(data);
        done = true;
    }
    glp_error_hook(NULL, NULL);
    glp_term_hook(NULL, NULL);
    if (!done)
        glp_term_out(GLP_OFF); /* the library turned it on to say what failed */
    return done;
}
