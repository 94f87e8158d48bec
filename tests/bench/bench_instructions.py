"""usage: bench_instructions.py BENCH_BRANCH [N...]

Instructions of the exact engine per pivot, counted by valgrind (callgrind), so no other program can
disturb them: one line for each size and each version of the kernels that valgrind can run. Counted
are the first nodes of one tree; no node of it, nothing outside it. Exit code 77: no valgrind.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

KERNELS = ("plain", "avx2", "avx512")
PARTS = {"cone_add": "pivot", "cone": "pricing", "least": "ranks"}  # kernels


def count(bench, n, kernel, folder):
    """What the program printed, and instructions by function."""
    out = pathlib.Path(folder) / "callgrind.out"
    done = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=hs_tree_search",
                           f"--callgrind-out-file={out}", bench, "solve", str(n)], check=True,
                          env={**os.environ, "HALFSPAN_KERNEL": kernel}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    notes = subprocess.run(["callgrind_annotate", "--threshold=100", str(out)], check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
    functions = {}
    for number, name in re.findall(r"^\s*([\d,]+) \([^)]*\)\s+\S*:(\w+)", notes, re.M):
        functions[name] = functions.get(name, 0) + int(number.replace(",", ""))
    return done.stdout, functions


def report(bench, n, kernel, folder):
    printed, functions = count(bench, n, kernel, folder)
    case = re.search(r"m (\d+) seed \d+ kernel (\w+) nodes (\d+) pivots (\d+)", printed)
    m, used, nodes, pivots = case.group(1), case.group(2), case.group(3), int(case.group(4))
    if used != kernel:
        print(f"instructions n {n:2} m {m:3} {kernel}: not under valgrind")
        return
    parts = {title: functions.get(f"{name}_{kernel}_unit", 0) for name, title in PARTS.items()}
    whole = sum(functions.values())
    print(f"instructions n {n:2} m {m:3} {kernel}, {nodes} nodes, {pivots} pivots: a pivot "
          f"{parts['pivot'] / pivots:.0f}, its pricing {parts['pricing'] / pivots:.0f}, whole tree "
          f"{whole / pivots:.0f}: pivots and pricing are "
          f"{100 * (parts['pivot'] + parts['pricing']) / whole:.0f}%, determinants of four groups "
          f"{100 * parts['ranks'] / whole:.0f}%", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if shutil.which("valgrind") is None or shutil.which("callgrind_annotate") is None:
        print("instructions: there is no valgrind: skipped")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as FOLDER:
        for SIZE in [int(text) for text in sys.argv[2:]] or [8, 12, 16]:
            for KERNEL in KERNELS:
                report(os.path.abspath(sys.argv[1]), SIZE, KERNEL, FOLDER)
