/* Wall-clock seconds since an arbitrary start, monotonic. */
#ifndef HS_SUPPORT_CLOCK_H
#define HS_SUPPORT_CLOCK_H

double hs_clock_seconds(void);

#endif
