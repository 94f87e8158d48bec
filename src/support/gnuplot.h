/* Figures, drawn by the program gnuplot. */
#ifndef HS_SUPPORT_GNUPLOT_H
#define HS_SUPPORT_GNUPLOT_H

#include "halfspan/halfspan.h"

/* Runs a gnuplot script that draws one figure of width x height pixels (at 72 per inch in a .pdf)
 * to path, whose extension .svg, .png or .pdf chooses the kind; the script sets neither terminal
 * nor output. The file is complete or untouched. HS_INVALID_ARGUMENT for another extension,
 * HS_CANNOT_WRITE, HS_UNSUPPORTED when gnuplot cannot be run or fails. */
hs_status hs_gnuplot_draw(const char *path, unsigned width, unsigned height, const char *script,
                          hs_error *error);

/* The same on standard output, drawn with characters. */
hs_status hs_gnuplot_print(unsigned columns, unsigned lines, const char *script, hs_error *error);

/* HS_INVALID_ARGUMENT unless hs_gnuplot_draw knows the extension: to be asked before long work. */
hs_status hs_gnuplot_check_path(const char *path, hs_error *error);

#endif
