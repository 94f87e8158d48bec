"""usage: test_data.py PROGRAM DATA

Runs `PROGRAM check` on every line of the first table of DATA/README.md and compares the verdict and
the exit code. Ends with "N passed, N failed".
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys

CODES = {"injective": 0, "not-injective": 1}


def main(program, folder):
    program = str(pathlib.Path(program).resolve())
    counts = [0, 0]
    table = re.findall(r"^\| `(.*?)` \|.*\| (injective|not-injective) \|$",
                       (pathlib.Path(folder) / "README.md").read_text(), re.M)
    for arguments, verdict in table:
        command = [program, "check", *shlex.split(arguments), "--json"]
        completed = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        answer = json.loads(completed.stdout or "{}").get("verdict")
        good = answer == verdict and completed.returncode == CODES[verdict]
        counts[not good] += 1
        if not good:
            print(f"FAILED: {shlex.join(command)}: {answer}, exit code {completed.returncode}, "
                  f"expected {verdict} {completed.stderr}")
    print(f"{counts[0]} passed, {counts[1]} failed")
    return 0 if counts[1] == 0 and counts[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
