/* GLPK keeps an environment for each thread. A session makes it quiet and, where there was none,
 * frees it at the end, so that a thread that ends leaves nothing behind and a caller with problems
 * of its own finds its environment as it was. */
#ifndef HS_GEOMETRY_GLPK_SESSION_H
#define HS_GEOMETRY_GLPK_SESSION_H

#include "halfspan/halfspan.h"

typedef struct hs_glpk_session {
    bool owned;   /* the environment was made here */
    int terminal; /* the caller's terminal setting */
} hs_glpk_session;

/* Begin before the thread's first GLPK object, end after its last; sessions may be nested. */
hs_status hs_glpk_begin(hs_glpk_session *session, hs_error *error);
void hs_glpk_end(const hs_glpk_session *session);

/* Calls a routine of the library, which ends the program when an assertion of its own fails (in
 * linear programs at the ends of the exponent range): false instead. The objects that the routine
 * worked on are then of no use any more, not even to be deleted: the environment frees them. The
 * environment's hooks are taken for the call and left empty. */
bool hs_glpk_attempt(void (*routine)(void *data), void *data);

#endif
