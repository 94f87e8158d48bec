/* The numbers of the certificate format (README.md): all that its writer, in the engine, and the
 * checker here have in common. */
#ifndef HS_CERTIFICATE_FORMAT_H
#define HS_CERTIFICATE_FORMAT_H

#define HS_CERTIFICATE_MAGIC "halfspan-certificate 1"

/* The first byte of a step of a proof that a layer is injective. */
enum {
    HS_STEP_SEGMENT = 1,  /* number, inactive rows, active rows */
    HS_STEP_CORE = 2,     /* slot, kind, signed rows, multipliers of kind HS_CORE_STORED */
    HS_STEP_UNIT = 3,     /* slot */
    HS_STEP_DEAD = 4,     /* slot */
    HS_STEP_SPAN = 5,     /* slots */
    HS_STEP_FIX = 6,      /* slots, rows */
    HS_STEP_BRANCH = 7,   /* row */
    HS_STEP_DETACH = 8,   /* number of a segment */
    HS_STEP_END = 9,      /* how many segments */
    HS_STEP_CLASSES = 10, /* number of the first chunk, rows */
    HS_STEP_CHUNK = 11,   /* number, rows with digit 0, 1, 2 */
    HS_STEP_SIEVE = 12,   /* slot */
    HS_STEP_LEAVE = 13,   /* number of a segment, rows */
    HS_STEP_DIVIDE = 14,  /* 2 row, or 2 row + 1 where classes with the row not zero come first */
    HS_STEP_CLOSE = 15,   /* a set without classes */
    HS_STEP_ROWS = 16     /* rows that are looked at in chunks */
};

/* Where the multipliers of a core come from. */
enum {
    HS_CORE_WEIGHTS = 0, /* the one combination of the weights that is zero */
    HS_CORE_ROWS = 1,    /* the one combination of weights and biases together that is zero */
    HS_CORE_STORED = 2   /* they are integers in the certificate */
};

enum {
    HS_CORE_SLOTS = 65536,             /* cores that can be referred to at a time */
    HS_MULTIPLIER_BYTES = 1 << 24,     /* of the stored multipliers of a core */
    HS_TRANSVERSAL_STEPS = 100000000,  /* rows and choices looked at for one span or fix step */
    HS_CERTIFICATE_SEGMENTS = 1 << 24, /* in one certificate */
    HS_CERTIFICATE_NUMBER = 1 << 22    /* characters of a rational number */
};

#endif
