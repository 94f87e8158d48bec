"""usage: bench_phase.py PROGRAM [TRIALS_8 TRIALS_12]

Critical widths of Gaussian layers, by `halfspan phase` with a ledger: how many a second at n = 8 and
n = 12, and two ranks of mpirun against one. Seconds of processor time are the command's own; the
others are wall clock and need a quiet machine.
"""
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
TRIALS = {8: sys.argv[2] if len(sys.argv) > 2 else "1000",
          12: sys.argv[3] if len(sys.argv) > 3 else "40"}
CORES = os.cpu_count()


def measure(n, *arguments, launcher=()):
    """The document, and seconds of wall clock and processor of the whole command."""
    with tempfile.TemporaryDirectory() as folder:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([*launcher, PROGRAM, "phase", "--n", str(n), "--trials", TRIALS[n],
                               "--ledger", os.path.join(folder, "bench.db"), "--json", *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                              env={**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1",
                                   "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
        wall = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), wall, processor


def report(n):
    found, wall, processor = measure(n)
    trials = found["points"][0]["trials"]
    print(f"n {n:2}: {trials} critical widths in {wall:.2f} s on {CORES} cores: "
          f"{trials / wall:.1f} a second; {1e3 * processor / trials:.2f} ms of processor time each, "
          f"{found['decisions'] / trials:.1f} decisions", flush=True)


def report_ranks(n):
    if shutil.which("mpirun") is None:
        print("ranks: mpirun is not installed: skipped")
        return
    launch = ("mpirun", "--oversubscribe", "-np")
    one, two = (measure(n, "--threads", "1", launcher=(*launch, str(k)))[0]["seconds"]
                for k in (1, 2))
    print(f"n {n:2}: {one:.2f} s with one rank, {two:.2f} s with two: {one / two:.2f} times as fast",
          flush=True)


for SIZE in (8, 12):
    report(SIZE)
    report_ranks(SIZE)
