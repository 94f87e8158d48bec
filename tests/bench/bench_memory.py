"""The memory of long runs on large data, which has to stay below 200 MB: a line for each.

usage: bench_memory.py PROGRAM [seconds for each run]
"""

import os
import subprocess
import sys
import tempfile

LIMIT = 200.0  # MB

# rows, columns, what is asked (FILE and POINT are put in)
CASES = [
    (96, 16, ["check", "FILE", "--seed", "4"]),
    (120, 20, ["check", "FILE"]),
    (120, 20, ["check", "FILE", "--threads", "64"]),
    (200000, 20, ["check", "FILE"]),
    (200000, 20, ["check", "FILE", "--engine", "branch", "--threads", "8"]),
    (200000, 20, ["radius", "FILE"]),
    (200000, 20, ["bias", "FILE"]),
    (200000, 20, ["depth", "FILE", "--at", "POINT"]),
    (200000, 20, ["depth", "FILE", "--at", "POINT", "--threads", "8"]),
    (200000, 6, ["depth", "FILE", "--at", "POINT"]),
    (300000, 3, ["depth", "FILE", "--at", "POINT"]),
    (1500000, 2, ["depth", "FILE", "--at", "POINT"]),
    (2000, 784, ["check", "FILE", "--engine", "branch"]),
    (30000, 100, ["radius", "FILE"]),
]


def peak(command):
    """Megabytes that the process held at most."""
    with open(os.devnull, "w") as nothing:
        child = subprocess.Popen(command, stdout=nothing, stderr=nothing)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1, 2):  # a verdict, or undecided
        sys.exit("%s: exit code %d" % (" ".join(command), child.returncode))
    return usage.ru_maxrss / 1024.0


def main(program, seconds):
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for rows, columns, question in CASES:
            path = os.path.join(folder, "%dx%d.npy" % (rows, columns))
            if not os.path.exists(path):
                subprocess.run([program, "generate", "--m", str(rows), "--n", str(columns), "-e",
                                "gaussian", "-o", path, "--quiet"], check=True)
            named = {"FILE": path, "POINT": ",".join(["0.1"] * columns)}
            command = [program] + [named.get(word, word) for word in question]
            used = peak(command + ["--time-limit", seconds])
            worst = max(worst, used)
            words = " ".join(word for word in question if word not in named and word != "--at")
            print("memory  %7d x %3d  %-35s %6.1f MB of %g, %4.1f times the data" %
                  (rows, columns, words, used, LIMIT, used / (rows * columns * 8e-6)), flush=True)
    print("memory  at most %.1f MB of %g" % (worst, LIMIT))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.strip())
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "10")
