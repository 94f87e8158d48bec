/* Several checkers share the work: each of them reads the whole certificate, but proves only its
 * share of the cores and spans. A certificate is accepted when all accept it and have read the same
 * bytes. With one thread there is one checker, and this file adds nothing. */
#include "certificate/verify.h"
#include "support/allocate.h"
#include "support/clock.h"
#include "support/error.h"
#include "support/parallel.h"

#include <errno.h>
#include <sys/stat.h>

enum {
    MOST_SHARES = 8,
    MOST_WEIGHTS = 1 << 21 /* that all checkers together hold, if there is more than one */
};

static void check(unsigned share, void *checkers) {
    hs_check_all((hs_checker *)checkers + share);
}

/* So many checkers like c[0] read the same bytes, and together they prove all that is in them: what
 * they found, if they agree. */
static hs_verification *check_by(hs_checker *c, unsigned shares) {
    atomic_bool stop = false;
    bool agree = true;
    hs_verification *found = hs_allocate(shares, sizeof *found);
    for (unsigned k = 0; k < shares && found != NULL; k++)
        c[k] = (hs_checker){c->layer,   c->settings,     &found[k], &stop, .stream = c->stream,
                            .share = k, .shares = shares};
    if (found != NULL)
        hs_parallel(shares, check, c);
    for (unsigned k = 1; k < shares && found != NULL; k++) {
        agree = agree && found->proven && found[k].proven && strcmp(c[k].text, c->text) == 0;
        found->choices += found[k].choices;
        free((double *)found[k].domain.lower);
    }
    if (agree)
        return found;
    hs_verification_free(found);
    return NULL;
}

/* What several of them refuse, one refuses again, and says where. */
hs_status hs_verify_stream(FILE *stream, const char *name, const hs_layer *layer,
                           const hs_settings *settings, hs_verification **verification,
                           hs_error *error) {
    double start = hs_clock_seconds();
    struct stat file;
    bool regular = fstat(fileno(stream), &file) == 0 && S_ISREG(file.st_mode);
    unsigned threads =
        settings != NULL && settings->threads > 0 ? settings->threads : hs_processor_count();
    unsigned shares = !regular ? 1 : threads < MOST_SHARES ? threads : MOST_SHARES;
    while (shares > 1 && hs_layer_rows(layer) * hs_layer_columns(layer) > MOST_WEIGHTS / shares)
        shares--;
    hs_verification *found = NULL;
    hs_checker *c = hs_allocate(shares, sizeof *c);
    *verification = NULL;
    if (c != NULL) {
        *c = (hs_checker){layer, settings, .stream = stream};
        found = check_by(c, shares);
        if (found == NULL)
            found = check_by(c, 1);
    }
    hs_status status = found == NULL ? HS_NO_MEMORY : c->status;
    status = status == HS_BAD_DATA && ferror(stream) ? HS_CANNOT_OPEN : status;
    free(c);
    if (status != HS_OK) {
        hs_fail(error, status, "%s: %s", name,
                found != NULL ? found->reason : "no memory to check it");
        hs_verification_free(found);
        return status;
    }
    found->seconds = hs_clock_seconds() - start;
    *verification = found;
    return HS_OK;
}

hs_status hs_verify(const char *path, const hs_layer *layer, const hs_settings *settings,
                    hs_verification **verification, hs_error *error) {
    *verification = NULL;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return hs_fail(error, HS_CANNOT_OPEN, "%s: cannot open: %s", path, strerror(errno));
    hs_status status = hs_verify_stream(stream, path, layer, settings, verification, error);
    fclose(stream);
    return status;
}

void hs_verification_free(hs_verification *verification) {
    if (verification != NULL)
        free((double *)verification->domain.lower); /* and upper */
    free(verification);
}
