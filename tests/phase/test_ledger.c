/* The ledger: what is written is there, what contradicts is refused, claims are exclusive. */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include "phase/known.h"
#include "phase/ledger.h"
#include "phase/owner.h"
#include "testing.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static hs_phase_size size = {
    .n = 4, .trials = 3, .domain = {.kind = HS_DOMAIN_BALL, .radius = 1.0}};
static hs_phase_plan plan = {.weight = {.kind = HS_ENSEMBLE_GAUSSIAN, .p = 1.0},
                             .bias = {.kind = HS_ENSEMBLE_NONE, .p = 1.0},
                             .weight_name = "gaussian",
                             .bias_name = "none",
                             .domain_name = "ball:1",
                             .sizes = &size,
                             .size_count = 1,
                             .first_seed = 10};

static const char *place(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static hs_ledger *must_open(const char *name, bool resume) {
    hs_ledger *ledger = NULL;
    hs_error error = {0};
    if (hs_ledger_open(name != NULL ? place(name) : NULL, &plan, resume, &ledger, &error) != HS_OK)
        fail_msg("%s", error.message);
    return ledger;
}

static hs_status open_fails(const char *name, bool resume, const char *piece) {
    hs_ledger *ledger = NULL;
    hs_error error = {0};
    hs_status status = hs_ledger_open(place(name), &plan, resume, &ledger, &error);
    assert_null(ledger);
    if (strstr(error.message, piece) == NULL)
        fail_msg("'%s' is not in: %s", piece, error.message);
    return status;
}

static void write_row(hs_ledger *ledger, uint64_t seed, uint32_t m, hs_verdict verdict) {
    hs_error error;
    const hs_phase_row row = {.seed = seed, .n = 4, .m = m, .verdict = verdict};
    assert_int_equal(hs_ledger_write(ledger, &row, 1, NULL, 0, &error), HS_OK);
}

static void rows_come_back(void **state) {
    (void)state;
    hs_bracket brackets[3];
    hs_error error;
    uint64_t count;
    hs_ledger *ledger = must_open("rows.db", false);
    write_row(ledger, 10, 18, HS_NOT_INJECTIVE);
    write_row(ledger, 10, 16, HS_NOT_INJECTIVE);
    write_row(ledger, 10, 21, HS_INJECTIVE);
    write_row(ledger, 12, 20, HS_UNDECIDED);
    hs_ledger_close(ledger);
    ledger = must_open("rows.db", true);
    assert_int_equal(hs_ledger_read(ledger, &size, brackets, &error), HS_OK);
    assert_true(brackets[0].started && !brackets[1].started && brackets[2].started);
    assert_int_equal(brackets[0].lower, 18);
    assert_int_equal(brackets[0].upper, 21);
    assert_int_equal(brackets[2].lower, 3);
    assert_true(brackets[2].upper == SIZE_MAX);
    assert_int_equal(hs_ledger_count(ledger, &count, &error), HS_OK);
    assert_int_equal(count, 3);
    hs_ledger_close(ledger);
}

static void only_the_undecided_is_replaced(void **state) {
    (void)state;
    hs_bracket brackets[3];
    hs_error error;
    hs_ledger *ledger = must_open(NULL, false);
    write_row(ledger, 10, 20, HS_UNDECIDED);
    write_row(ledger, 10, 20, HS_INJECTIVE);
    write_row(ledger, 10, 20, HS_UNDECIDED);
    write_row(ledger, 11, 20, HS_NOT_INJECTIVE);
    write_row(ledger, 11, 20, HS_UNDECIDED);
    assert_int_equal(hs_ledger_read(ledger, &size, brackets, &error), HS_OK);
    assert_int_equal(brackets[0].upper, 20);
    assert_int_equal(brackets[1].lower, 20);
    hs_ledger_close(ledger);
}

static void contradictions_are_reported(void **state) {
    (void)state;
    hs_bracket brackets[3];
    hs_error error;
    hs_ledger *ledger = must_open(NULL, false);
    write_row(ledger, 11, 20, HS_INJECTIVE);
    write_row(ledger, 11, 22, HS_NOT_INJECTIVE);
    assert_int_equal(hs_ledger_read(ledger, &size, brackets, &error), HS_INTERNAL);
    assert_non_null(strstr(error.message, "seed 11: injective with 20 rows, but not with 22"));
    hs_ledger_close(ledger);
}

static void other_settings_are_refused(void **state) {
    (void)state;
    const hs_phase_plan before = plan;
    hs_ledger *ledger = must_open("settings.db", false);
    write_row(ledger, 10, 18, HS_NOT_INJECTIVE);
    hs_ledger_close(ledger);
    assert_int_equal(open_fails("settings.db", false, "--resume"), HS_INVALID_ARGUMENT);
    snprintf(plan.weight_name, sizeof plan.weight_name, "sphere");
    assert_int_equal(open_fails("settings.db", true, "ensemble gaussian, this one has sphere"),
                     HS_INVALID_ARGUMENT);
    plan = before;
    plan.engine = HS_ENGINE_CELLS;
    assert_int_equal(open_fails("settings.db", true, "engine auto, this one has cells"),
                     HS_INVALID_ARGUMENT);
    plan = before;
    size.trials = 7; /* more of the same */
    hs_ledger_close(must_open("settings.db", true));
    size.trials = 3;
}

/* A ledger without decisions holds nothing to protect. */
static void empty_ledger_takes_new_settings(void **state) {
    (void)state;
    const hs_phase_plan before = plan;
    hs_ledger_close(must_open("empty.db", false));
    snprintf(plan.domain_name, sizeof plan.domain_name, "space");
    hs_ledger_close(must_open("empty.db", false));
    plan = before;
}

static hs_claim claim(hs_ledger *ledger, uint64_t seed) {
    hs_claim answer = HS_CLAIM_ELSEWHERE;
    hs_known known;
    hs_error error;
    size_t asked;
    assert_int_equal(hs_ledger_claim(ledger, &size, &seed, 1, 1, &answer, &known, &asked, &error),
                     HS_OK);
    assert_int_equal(asked, 1);
    return answer;
}

static void claims_end_with_the_trial(void **state) {
    (void)state;
    const hs_phase_row rows[] = {
        {.seed = 10, .n = 4, .m = 19, .verdict = HS_NOT_INJECTIVE},
        {.seed = 10, .n = 4, .m = 20, .verdict = HS_INJECTIVE},
    };
    const hs_ledger_trial done = {4, 10};
    hs_error error;
    hs_ledger *ledger = must_open("claims.db", false);
    assert_int_equal(claim(ledger, 10), HS_CLAIM_GRANTED);
    assert_int_equal(claim(ledger, 10), HS_CLAIM_ELSEWHERE);
    assert_int_equal(hs_ledger_write(ledger, rows, 2, &done, 1, &error), HS_OK);
    assert_int_equal(claim(ledger, 10), HS_CLAIM_FINISHED);
    assert_int_equal(claim(ledger, 10), HS_CLAIM_FINISHED);
    hs_ledger_close(ledger);
}

/* In a child process: claims a trial and does as it is told, without closing the ledger. */
static pid_t claim_elsewhere(int ready[2], int go[2]) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    char byte = 'x';
    hs_ledger *ledger = must_open("shared.db", true);
    bool good = claim(ledger, 11) == HS_CLAIM_GRANTED && write(ready[1], &byte, 1) == 1 &&
                read(go[0], &byte, 1) == 1;
    _exit(good ? 0 : 1);
}

static void claim_of_a_dead_process_is_void(void **state) {
    (void)state;
    int ready[2], go[2], code;
    char byte = 'x';
    hs_error error;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = claim_elsewhere(ready, go);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    hs_ledger *ledger = must_open("shared.db", false); /* joins a running process */
    assert_int_equal(hs_ledger_beat(ledger, &error), HS_OK);
    assert_int_equal(claim(ledger, 11), HS_CLAIM_ELSEWHERE);
    assert_int_equal(claim(ledger, 12), HS_CLAIM_GRANTED);
    assert_int_equal(write(go[1], &byte, 1), 1);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
    assert_int_equal(hs_ledger_beat(ledger, &error), HS_OK);
    assert_int_equal(claim(ledger, 11), HS_CLAIM_GRANTED);
    hs_ledger_close(ledger);
    for (int k = 0; k < 2; k++) {
        close(ready[k]);
        close(go[k]);
    }
}

/* A process that cannot be seen is given up after a minute of silence. */
static void silent_process_is_given_up(void **state) {
    (void)state;
    sqlite3 *base;
    hs_error error;
    hs_ledger *ledger = must_open("silent.db", false);
    assert_int_equal(sqlite3_open(place("silent.db"), &base), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(base,
                     "INSERT INTO process VALUES ('far/1/1', strftime('%s', 'now') - 30),"
                     " ('farther/1/1', strftime('%s', 'now') - 90);"
                     "INSERT INTO claim VALUES (4, 10, 'far/1/1'), (4, 11, 'farther/1/1')",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(base);
    assert_int_equal(hs_ledger_beat(ledger, &error), HS_OK);
    assert_int_equal(claim(ledger, 10), HS_CLAIM_ELSEWHERE);
    assert_int_equal(claim(ledger, 11), HS_CLAIM_GRANTED);
    hs_ledger_close(ledger);
}

static void owners_know_each_other(void **state) {
    (void)state;
    char name[HS_OWNER_NAME], other[HS_OWNER_NAME];
    hs_owner_name(name);
    assert_false(hs_owner_is_gone(name));
    assert_false(hs_owner_is_gone("somewhere else/1/1")); /* cannot be seen */
    char *slash = strrchr(name, '/');
    *slash = '\0';
    snprintf(other, sizeof other, "%.390s/7", name); /* this pid, started at another time */
    assert_true(hs_owner_is_gone(other));
}

static void foreign_files_are_refused(void **state) {
    (void)state;
    FILE *file = fopen(place("text.db"), "w");
    assert_non_null(file);
    for (int k = 0; k < 200; k++)
        fputs("not a database\n", file);
    fclose(file);
    assert_int_equal(open_fails("text.db", true, "not a ledger"), HS_BAD_DATA);
    sqlite3 *base;
    assert_int_equal(sqlite3_open(place("other.db"), &base), SQLITE_OK);
    assert_int_equal(sqlite3_exec(base, "CREATE TABLE mine (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(base);
    assert_int_equal(open_fails("other.db", true, "another SQLite database"), HS_BAD_DATA);
    assert_int_equal(open_fails("no/place.db", false, "cannot open"), HS_CANNOT_OPEN);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/halfspan-ledger-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(only_the_undecided_is_replaced),
        cmocka_unit_test(contradictions_are_reported),
        cmocka_unit_test(other_settings_are_refused),
        cmocka_unit_test(empty_ledger_takes_new_settings),
        cmocka_unit_test(claims_end_with_the_trial),
        cmocka_unit_test(claim_of_a_dead_process_is_void),
        cmocka_unit_test(silent_process_is_given_up),
        cmocka_unit_test(owners_know_each_other),
        cmocka_unit_test(foreign_files_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
