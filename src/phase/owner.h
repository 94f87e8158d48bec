/* Who is writing a ledger: a name for this process that no other process has, and whether the
 * process behind such a name still runs. */
#ifndef HS_PHASE_OWNER_H
#define HS_PHASE_OWNER_H

#include <stdbool.h>

enum { HS_OWNER_NAME = 400 };

/* "place/pid/start": the boot of the machine and its process namespace, the process, and when it
 * started. */
void hs_owner_name(char name[HS_OWNER_NAME]);

/* Is that process certainly gone? False when it runs, or when it cannot be seen from here. */
bool hs_owner_is_gone(const char *name);

#endif
