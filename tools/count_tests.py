"""usage: count_tests.py TESTLOG.json

Counts the tests in the log that `meson test` leaves: a cmocka program counts test by test, a
program that ends with "N passed, N failed" counts as it says, any other program counts as one test.
A program that fails without a failed test (a crash, a sanitizer) counts as one failure more.
Prints "N passed, N failed"; exit code 1 when a test failed or none ran.
"""
import json
import re
import sys


def count(record):
    output = record.get("stdout", "") + "\n" + record.get("stderr", "")
    started = len(re.findall(r"^\[ RUN +\] ", output, re.M))
    good = len(re.findall(r"^\[ +OK \] ", output, re.M))
    skipped = len(re.findall(r"^\[ +SKIPPED \] [^0-9]", output, re.M))
    if started:
        passed, failed = good, started - good - skipped
    elif summaries := re.findall(r"^(\d+) passed, (\d+) failed$", output, re.M):
        passed, failed = (int(number) for number in summaries[-1])
    else:
        passed, failed = int(record["result"] == "OK"), 0
    if record["result"] not in ("OK", "SKIP") and failed == 0:
        failed = 1
    return passed, failed, skipped + (record["result"] == "SKIP")


def main(path):
    try:
        with open(path) as log:
            records = [json.loads(line) for line in log]
    except FileNotFoundError:
        records = []
    passed, failed, skipped = (sum(column) for column in zip((0, 0, 0), *map(count, records)))
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
