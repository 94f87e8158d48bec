/* One table of decisions, one of settings, and two by which processes share the work. In the mode
 * "write-ahead log" a transaction is on its way to the file when it is committed: a process that is
 * killed loses nothing; a power cut may lose the last seconds, never the file. */
#include "phase/ledger.h"

#include "phase/known.h"
#include "phase/owner.h"
#include "support/allocate.h"
#include "support/error.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    APPLICATION = 0x48535048, /* "HSPH" */
    FORMAT = 1,
    BUSY_MILLISECONDS = 60000,
    SILENCE_SECONDS = 60
};

static const char schema[] =
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE decision ("
    " ensemble TEXT NOT NULL, bias_ensemble TEXT NOT NULL, domain TEXT NOT NULL,"
    " engine TEXT NOT NULL, version TEXT NOT NULL,"
    " n INTEGER NOT NULL, seed INTEGER NOT NULL, m INTEGER NOT NULL,"
    " verdict TEXT NOT NULL, source TEXT NOT NULL, arithmetic TEXT,"
    " nodes INTEGER NOT NULL, seconds REAL NOT NULL,"
    " time_limit REAL NOT NULL, node_limit INTEGER NOT NULL,"
    " PRIMARY KEY (ensemble, bias_ensemble, domain, engine, version, n, seed, m)) WITHOUT ROWID;"
    "CREATE TABLE claim (n INTEGER NOT NULL, seed INTEGER NOT NULL, owner TEXT NOT NULL,"
    " PRIMARY KEY (n, seed)) WITHOUT ROWID;"
    "CREATE TABLE process (owner TEXT PRIMARY KEY, heartbeat INTEGER NOT NULL) WITHOUT ROWID;";

static const char *const verdict_names[] = {
    [HS_INJECTIVE] = "injective",
    [HS_NOT_INJECTIVE] = "not-injective",
    [HS_UNDECIDED] = "undecided",
};

typedef enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    INSERT_DECISION,
    SELECT_TRIAL,
    SELECT_SIZE,
    INSERT_CLAIM,
    DELETE_CLAIM,
    BEAT,
    STATEMENTS
} statement;

#define KEY "ensemble = ?1 AND bias_ensemble = ?2 AND domain = ?3 AND engine = ?4 AND version = ?5"
#define COLUMNS "seed, m, verdict, time_limit, node_limit"

static const char *const statement_text[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [INSERT_DECISION] =
        "INSERT INTO decision VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
        "?15) ON CONFLICT DO UPDATE SET verdict = excluded.verdict, source = excluded.source, "
        "arithmetic = excluded.arithmetic, nodes = excluded.nodes, seconds = excluded.seconds, "
        "time_limit = excluded.time_limit, node_limit = excluded.node_limit "
        "WHERE verdict = 'undecided'",
    [SELECT_TRIAL] = "SELECT " COLUMNS " FROM decision WHERE " KEY " AND n = ?6 AND seed = ?7",
    [SELECT_SIZE] =
        "SELECT " COLUMNS " FROM decision WHERE " KEY " AND n = ?6 AND seed BETWEEN ?7 AND ?8",
    [INSERT_CLAIM] = "INSERT OR IGNORE INTO claim VALUES (?1, ?2, ?3)",
    [DELETE_CLAIM] = "DELETE FROM claim WHERE n = ?1 AND seed = ?2 AND owner = ?3",
    [BEAT] = "INSERT OR REPLACE INTO process VALUES (?1, ?2)",
};

struct hs_ledger {
    sqlite3 *base;
    sqlite3_stmt *statements[STATEMENTS];
    const hs_phase_plan *plan;
    char *path; /* for messages */
    char owner[HS_OWNER_NAME];
};

/* ---- SQLite --------------------------------------------------------------------------------- */

static hs_status status_of(int code) {
    switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return HS_BAD_DATA;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return HS_CANNOT_OPEN;
    case SQLITE_READONLY:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return HS_CANNOT_WRITE;
    case SQLITE_NOMEM:
        return HS_NO_MEMORY;
    default:
        return HS_INTERNAL;
    }
}

static hs_status fail(hs_ledger *ledger, hs_error *error) {
    int code = sqlite3_extended_errcode(ledger->base);
    hs_status status = status_of(code);
    const char *what = status == HS_BAD_DATA      ? "not a ledger"
                       : status == HS_CANNOT_OPEN ? "cannot open the ledger"
                       : status == HS_NO_MEMORY   ? "no memory for the ledger"
                       : status == HS_INTERNAL    ? "the ledger failed"
                                                  : "cannot write the ledger";
    const char *kept = status == HS_CANNOT_WRITE ? "; what it holds is kept" : "";
    return hs_fail(error, status, "%s: %s: %s%s", ledger->path, what, sqlite3_errmsg(ledger->base),
                   kept);
}

static hs_status execute(hs_ledger *ledger, const char *text, hs_error *error) {
    return sqlite3_exec(ledger->base, text, NULL, NULL, NULL) == SQLITE_OK ? HS_OK
                                                                           : fail(ledger, error);
}

/* Runs a statement that returns no rows, with what was bound to it. */
static hs_status run(hs_ledger *ledger, statement which, hs_error *error) {
    sqlite3_stmt *prepared = ledger->statements[which];
    int code = sqlite3_step(prepared);
    hs_status status = code == SQLITE_DONE || code == SQLITE_ROW ? HS_OK : fail(ledger, error);
    sqlite3_reset(prepared);
    return status;
}

/* Ends the transaction that `run(BEGIN)` began. */
static hs_status finish(hs_ledger *ledger, hs_status status, hs_error *error) {
    if (status == HS_OK)
        status = run(ledger, COMMIT, error);
    if (status != HS_OK)
        (void)run(ledger, ROLLBACK, NULL);
    return status;
}

/* The first column of the first row, or -1 when there is none. */
static hs_status ask_number(hs_ledger *ledger, const char *text, sqlite3_int64 *number,
                            hs_error *error) {
    sqlite3_stmt *prepared = NULL;
    *number = -1;
    if (sqlite3_prepare_v2(ledger->base, text, -1, &prepared, NULL) != SQLITE_OK)
        return fail(ledger, error);
    int code = sqlite3_step(prepared);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(prepared, 0);
    hs_status status = code == SQLITE_ROW || code == SQLITE_DONE ? HS_OK : fail(ledger, error);
    sqlite3_finalize(prepared);
    return status;
}

static void bind_text(sqlite3_stmt *prepared, int index, const char *text) {
    sqlite3_bind_text(prepared, index, text, -1, SQLITE_STATIC);
}

static void bind_key(const hs_phase_plan *plan, sqlite3_stmt *prepared) {
    bind_text(prepared, 1, plan->weight_name);
    bind_text(prepared, 2, plan->bias_name);
    bind_text(prepared, 3, plan->domain_name);
    bind_text(prepared, 4, hs_phase_engine_name(plan->engine));
    bind_text(prepared, 5, hs_version());
}

/* ---- settings ------------------------------------------------------------------------------- */

enum { SETTINGS = 5 };

static void list_settings(const hs_phase_plan *plan, const char *names[SETTINGS],
                          const char *values[SETTINGS]) {
    const char *const name[SETTINGS] = {"ensemble", "bias-ensemble", "domain", "engine", "version"};
    memcpy(names, name, sizeof name);
    values[0] = plan->weight_name;
    values[1] = plan->bias_name;
    values[2] = plan->domain_name;
    values[3] = hs_phase_engine_name(plan->engine);
    values[4] = hs_version();
}

static hs_status store_settings(hs_ledger *ledger, hs_error *error) {
    const char *names[SETTINGS], *values[SETTINGS];
    sqlite3_stmt *prepared = NULL;
    list_settings(ledger->plan, names, values);
    if (sqlite3_prepare_v2(ledger->base, "INSERT OR REPLACE INTO setting VALUES (?1, ?2)", -1,
                           &prepared, NULL) != SQLITE_OK)
        return fail(ledger, error);
    hs_status status = HS_OK;
    for (int k = 0; status == HS_OK && k < SETTINGS; k++) {
        bind_text(prepared, 1, names[k]);
        bind_text(prepared, 2, values[k]);
        status = sqlite3_step(prepared) == SQLITE_DONE ? HS_OK : fail(ledger, error);
        sqlite3_reset(prepared);
    }
    sqlite3_finalize(prepared);
    return status;
}

static hs_status compare_settings(hs_ledger *ledger, hs_error *error) {
    const char *names[SETTINGS], *values[SETTINGS];
    sqlite3_stmt *prepared = NULL;
    list_settings(ledger->plan, names, values);
    if (sqlite3_prepare_v2(ledger->base, "SELECT value FROM setting WHERE name = ?1", -1, &prepared,
                           NULL) != SQLITE_OK)
        return fail(ledger, error);
    hs_status status = HS_OK;
    for (int k = 0; status == HS_OK && k < SETTINGS; k++) {
        bind_text(prepared, 1, names[k]);
        const char *there = sqlite3_step(prepared) == SQLITE_ROW
                                ? (const char *)sqlite3_column_text(prepared, 0)
                                : NULL;
        if (there == NULL || strcmp(there, values[k]) != 0)
            status = hs_fail(error, HS_INVALID_ARGUMENT,
                             "%s: holds an experiment with %s %s, this one has %s", ledger->path,
                             names[k], there != NULL ? there : "(none)", values[k]);
        sqlite3_reset(prepared);
    }
    sqlite3_finalize(prepared);
    return status;
}

/* ---- opening -------------------------------------------------------------------------------- */

static hs_status create_tables(hs_ledger *ledger, hs_error *error) {
    char text[80];
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION,
             FORMAT);
    hs_status status = execute(ledger, schema, error);
    if (status == HS_OK)
        status = execute(ledger, text, error);
    return status == HS_OK ? store_settings(ledger, error) : status;
}

/* Before anything is written: is the file empty, or a ledger? */
static hs_status check_format(hs_ledger *ledger, bool *empty, hs_error *error) {
    sqlite3_int64 application = 0, format = 0, objects = 0;
    hs_status status = ask_number(ledger, "SELECT count(*) FROM sqlite_master", &objects, error);
    if (status == HS_OK)
        status = ask_number(ledger, "PRAGMA application_id", &application, error);
    if (status == HS_OK)
        status = ask_number(ledger, "PRAGMA user_version", &format, error);
    *empty = objects == 0;
    if (status != HS_OK || *empty)
        return status;
    if (application != APPLICATION)
        return hs_fail(error, HS_BAD_DATA, "%s: not a ledger but another SQLite database",
                       ledger->path);
    return format == FORMAT
               ? HS_OK
               : hs_fail(error, HS_BAD_DATA, "%s: a ledger of format %lld, expected %d",
                         ledger->path, (long long)format, FORMAT);
}

static hs_status prepare(hs_ledger *ledger, hs_error *error) {
    for (int k = 0; k < STATEMENTS; k++)
        if (sqlite3_prepare_v3(ledger->base, statement_text[k], -1, SQLITE_PREPARE_PERSISTENT,
                               &ledger->statements[k], NULL) != SQLITE_OK)
            return fail(ledger, error);
    bind_key(ledger->plan, ledger->statements[INSERT_DECISION]);
    bind_key(ledger->plan, ledger->statements[SELECT_TRIAL]);
    bind_key(ledger->plan, ledger->statements[SELECT_SIZE]);
    bind_text(ledger->statements[INSERT_CLAIM], 3, ledger->owner);
    bind_text(ledger->statements[DELETE_CLAIM], 3, ledger->owner);
    bind_text(ledger->statements[BEAT], 1, ledger->owner);
    return HS_OK;
}

static hs_status forget_process(hs_ledger *ledger, const char *owner, hs_error *error) {
    static const char *const texts[] = {"DELETE FROM claim WHERE owner = ?1",
                                        "DELETE FROM process WHERE owner = ?1"};
    for (int k = 0; k < 2; k++) {
        sqlite3_stmt *prepared = NULL;
        if (sqlite3_prepare_v2(ledger->base, texts[k], -1, &prepared, NULL) != SQLITE_OK)
            return fail(ledger, error);
        bind_text(prepared, 1, owner);
        int code = sqlite3_step(prepared);
        sqlite3_finalize(prepared);
        if (code != SQLITE_DONE)
            return fail(ledger, error);
    }
    return HS_OK;
}

/* Within a transaction. *others: processes that seem to run. */
static hs_status forget_the_dead(hs_ledger *ledger, size_t *others, hs_error *error) {
    sqlite3_stmt *prepared = NULL;
    sqlite3_int64 now = (sqlite3_int64)time(NULL);
    *others = 0;
    if (sqlite3_prepare_v2(ledger->base, "SELECT owner, heartbeat FROM process WHERE owner <> ?1",
                           -1, &prepared, NULL) != SQLITE_OK)
        return fail(ledger, error);
    bind_text(prepared, 1, ledger->owner);
    hs_status status = HS_OK;
    char dead[HS_OWNER_NAME];
    int code;
    do { /* one at a time: a table is not changed while it is read */
        dead[0] = '\0';
        *others = 0;
        while (dead[0] == '\0' && (code = sqlite3_step(prepared)) == SQLITE_ROW) {
            const char *owner = (const char *)sqlite3_column_text(prepared, 0);
            sqlite3_int64 beat = sqlite3_column_int64(prepared, 1);
            if (hs_owner_is_gone(owner) || now > beat + SILENCE_SECONDS)
                snprintf(dead, sizeof dead, "%s", owner);
            else
                ++*others;
        }
        if (dead[0] == '\0' && code != SQLITE_DONE)
            status = fail(ledger, error);
        sqlite3_reset(prepared);
        if (status == HS_OK && dead[0] != '\0')
            status = forget_process(ledger, dead, error);
    } while (status == HS_OK && dead[0] != '\0');
    sqlite3_finalize(prepared);
    return status;
}

static hs_status may_be_used(hs_ledger *ledger, bool resume, hs_error *error) {
    sqlite3_int64 decisions;
    size_t others;
    hs_status status = ask_number(ledger, "SELECT count(*) FROM decision", &decisions, error);
    if (status == HS_OK)
        status = forget_the_dead(ledger, &others, error);
    if (status != HS_OK)
        return status;
    if (decisions == 0 && others == 0)
        return store_settings(ledger, error);
    if (!resume && others == 0)
        return hs_fail(error, HS_INVALID_ARGUMENT,
                       "%s: holds %lld decisions already; --resume goes on with them", ledger->path,
                       (long long)decisions);
    return compare_settings(ledger, error);
}

static hs_status beat(hs_ledger *ledger, hs_error *error) {
    sqlite3_bind_int64(ledger->statements[BEAT], 2, (sqlite3_int64)time(NULL));
    return run(ledger, BEAT, error);
}

/* All in one transaction, so that two processes may begin at the same time. */
static hs_status begin_use(hs_ledger *ledger, bool resume, hs_error *error) {
    hs_status status = execute(ledger, "BEGIN IMMEDIATE", error);
    if (status != HS_OK)
        return status;
    bool empty = false;
    status = check_format(ledger, &empty, error);
    if (status == HS_OK && empty)
        status = create_tables(ledger, error);
    if (status == HS_OK)
        status = may_be_used(ledger, resume, error);
    if (status == HS_OK)
        status = prepare(ledger, error);
    if (status == HS_OK)
        status = beat(ledger, error);
    if (status == HS_OK)
        return execute(ledger, "COMMIT", error);
    (void)execute(ledger, "ROLLBACK", NULL);
    return status;
}

hs_status hs_ledger_open(const char *path, const hs_phase_plan *plan, bool resume,
                         hs_ledger **result, hs_error *error) {
    hs_ledger *ledger = hs_allocate(1, sizeof *ledger);
    const char *shown = path != NULL ? path : "the results in memory";
    *result = NULL;
    if (ledger != NULL)
        ledger->path = hs_copy(shown, strlen(shown) + 1, 1);
    if (ledger == NULL || ledger->path == NULL) {
        free(ledger);
        return hs_fail(error, HS_NO_MEMORY, "no memory for the ledger");
    }
    ledger->plan = plan;
    hs_owner_name(ledger->owner);
    hs_status status = HS_OK;
    if (sqlite3_open_v2(path != NULL ? path : ":memory:", &ledger->base,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        status = fail(ledger, error);
    bool empty;
    if (status == HS_OK) {
        sqlite3_busy_timeout(ledger->base, BUSY_MILLISECONDS);
        status = check_format(ledger, &empty, error);
    }
    if (status == HS_OK)
        status = execute(ledger, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", error);
    if (status == HS_OK)
        status = begin_use(ledger, resume, error);
    if (status == HS_OK)
        *result = ledger;
    else
        hs_ledger_close(ledger);
    return status;
}

void hs_ledger_close(hs_ledger *ledger) {
    if (ledger == NULL)
        return;
    if (ledger->statements[BEAT] != NULL)
        (void)forget_process(ledger, ledger->owner, NULL);
    for (int k = 0; k < STATEMENTS; k++)
        sqlite3_finalize(ledger->statements[k]);
    sqlite3_close(ledger->base);
    free(ledger->path);
    free(ledger);
}

/* ---- decisions ------------------------------------------------------------------------------ */

static hs_status insert(hs_ledger *ledger, const hs_phase_row *row, hs_error *error) {
    sqlite3_stmt *prepared = ledger->statements[INSERT_DECISION];
    bool decided = row->verdict != HS_UNDECIDED;
    sqlite3_bind_int64(prepared, 6, row->n);
    sqlite3_bind_int64(prepared, 7, (sqlite3_int64)row->seed);
    sqlite3_bind_int64(prepared, 8, row->m);
    bind_text(prepared, 9, verdict_names[row->verdict]);
    bind_text(prepared, 10, hs_phase_source_name(row->source));
    bind_text(prepared, 11,
              !decided                                 ? NULL
              : row->arithmetic == HS_ARITHMETIC_EXACT ? "exact"
                                                       : "floating-point");
    sqlite3_bind_int64(prepared, 12, (sqlite3_int64)row->nodes);
    sqlite3_bind_double(prepared, 13, row->seconds);
    sqlite3_bind_double(prepared, 14, row->time_limit);
    sqlite3_bind_int64(prepared, 15, (sqlite3_int64)row->node_limit);
    return run(ledger, INSERT_DECISION, error);
}

static hs_status end_claim(hs_ledger *ledger, const hs_ledger_trial *trial, hs_error *error) {
    sqlite3_stmt *prepared = ledger->statements[DELETE_CLAIM];
    sqlite3_bind_int64(prepared, 1, (sqlite3_int64)trial->n);
    sqlite3_bind_int64(prepared, 2, (sqlite3_int64)trial->seed);
    return run(ledger, DELETE_CLAIM, error);
}

hs_status hs_ledger_write(hs_ledger *ledger, const hs_phase_row *rows, size_t row_count,
                          const hs_ledger_trial *done, size_t done_count, hs_error *error) {
    hs_status status = run(ledger, BEGIN, error);
    if (status != HS_OK)
        return status;
    for (size_t k = 0; status == HS_OK && k < row_count; k++)
        status = insert(ledger, &rows[k], error);
    for (size_t k = 0; status == HS_OK && k < done_count; k++)
        status = end_claim(ledger, &done[k], error);
    return finish(ledger, status, error);
}

static hs_verdict verdict_of(const char *name) {
    for (int k = 0; name != NULL && k < HS_UNDECIDED; k++)
        if (strcmp(name, verdict_names[k]) == 0)
            return (hs_verdict)k;
    return HS_UNDECIDED;
}

/* Reads a row of COLUMNS. */
static hs_phase_row row_of(sqlite3_stmt *prepared) {
    return (hs_phase_row){
        .seed = (uint64_t)sqlite3_column_int64(prepared, 0),
        .m = (uint32_t)sqlite3_column_int64(prepared, 1),
        .verdict = verdict_of((const char *)sqlite3_column_text(prepared, 2)),
        .time_limit = sqlite3_column_double(prepared, 3),
        .node_limit = (uint64_t)sqlite3_column_int64(prepared, 4),
    };
}

static hs_status check_bracket(hs_ledger *ledger, size_t lower, size_t upper, size_t n,
                               uint64_t seed, hs_error *error) {
    if (lower < upper)
        return HS_OK;
    return hs_fail(error, HS_INTERNAL,
                   "%s: n = %zu, seed %llu: injective with %zu rows, but not with %zu",
                   ledger->path, n, (unsigned long long)seed, upper, lower);
}

static hs_status read_trial(hs_ledger *ledger, const hs_phase_size *size, uint64_t seed,
                            hs_known *known, hs_error *error) {
    sqlite3_stmt *prepared = ledger->statements[SELECT_TRIAL];
    hs_known_begin(known, size->n);
    sqlite3_bind_int64(prepared, 6, (sqlite3_int64)size->n);
    sqlite3_bind_int64(prepared, 7, (sqlite3_int64)seed);
    int code;
    while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
        hs_phase_row row = row_of(prepared);
        hs_known_add(known, ledger->plan, &row);
    }
    hs_status status = code == SQLITE_DONE ? HS_OK : fail(ledger, error);
    sqlite3_reset(prepared);
    return status == HS_OK ? check_bracket(ledger, known->lower, known->upper, size->n, seed, error)
                           : status;
}

hs_status hs_ledger_read(hs_ledger *ledger, const hs_phase_size *size, hs_bracket *brackets,
                         hs_error *error) {
    const hs_phase_plan *plan = ledger->plan;
    sqlite3_stmt *prepared = ledger->statements[SELECT_SIZE];
    for (size_t k = 0; k < size->trials; k++)
        brackets[k] = (hs_bracket){.lower = size->n - 1, .upper = SIZE_MAX};
    sqlite3_bind_int64(prepared, 6, (sqlite3_int64)size->n);
    sqlite3_bind_int64(prepared, 7, (sqlite3_int64)plan->first_seed);
    sqlite3_bind_int64(prepared, 8, (sqlite3_int64)(plan->first_seed + size->trials - 1));
    int code;
    while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
        hs_phase_row row = row_of(prepared);
        hs_bracket *bracket = &brackets[row.seed - plan->first_seed];
        bracket->started = true;
        if (row.verdict == HS_NOT_INJECTIVE && row.m > bracket->lower)
            bracket->lower = row.m;
        if (row.verdict == HS_INJECTIVE && row.m < bracket->upper)
            bracket->upper = row.m;
    }
    hs_status status = code == SQLITE_DONE ? HS_OK : fail(ledger, error);
    sqlite3_reset(prepared);
    for (size_t k = 0; status == HS_OK && k < size->trials; k++)
        status = check_bracket(ledger, brackets[k].lower, brackets[k].upper, size->n,
                               plan->first_seed + k, error);
    return status;
}

hs_status hs_ledger_count(hs_ledger *ledger, uint64_t *decisions, hs_error *error) {
    sqlite3_int64 count;
    hs_status status = ask_number(
        ledger, "SELECT count(*) FROM decision WHERE verdict <> 'undecided'", &count, error);
    *decisions = status == HS_OK ? (uint64_t)count : 0;
    return status;
}

/* ---- sharing the work ----------------------------------------------------------------------- */

/* Within a transaction. */
static hs_status claim_one(hs_ledger *ledger, const hs_phase_size *size, uint64_t seed,
                           hs_claim *answer, hs_known *known, hs_error *error) {
    sqlite3_stmt *prepared = ledger->statements[INSERT_CLAIM];
    const hs_ledger_trial trial = {size->n, seed};
    sqlite3_bind_int64(prepared, 1, (sqlite3_int64)size->n);
    sqlite3_bind_int64(prepared, 2, (sqlite3_int64)seed);
    hs_status status = run(ledger, INSERT_CLAIM, error);
    *answer = HS_CLAIM_ELSEWHERE;
    if (status != HS_OK || sqlite3_changes(ledger->base) == 0)
        return status;
    *answer = HS_CLAIM_GRANTED;
    status = read_trial(ledger, size, seed, known, error);
    if (status != HS_OK || hs_known_next(known, ledger->plan, size) > 0)
        return status;
    *answer = HS_CLAIM_FINISHED;
    return end_claim(ledger, &trial, error);
}

hs_status hs_ledger_claim(hs_ledger *ledger, const hs_phase_size *size, const uint64_t *seeds,
                          size_t count, size_t most, hs_claim *answers, hs_known *known,
                          size_t *asked, hs_error *error) {
    size_t granted = 0;
    *asked = 0;
    hs_status status = run(ledger, BEGIN, error);
    if (status != HS_OK)
        return status;
    while (status == HS_OK && *asked < count && granted < most) {
        status = claim_one(ledger, size, seeds[*asked], &answers[*asked], &known[*asked], error);
        granted += status == HS_OK && answers[*asked] == HS_CLAIM_GRANTED;
        ++*asked;
    }
    return finish(ledger, status, error);
}

hs_status hs_ledger_beat(hs_ledger *ledger, hs_error *error) {
    size_t others;
    hs_status status = run(ledger, BEGIN, error);
    if (status != HS_OK)
        return status;
    status = beat(ledger, error);
    if (status == HS_OK)
        status = forget_the_dead(ledger, &others, error);
    return finish(ledger, status, error);
}
