"""usage: bench_rivals.py PROGRAM glpk|cbc|ddalpha [--layers K] [--rows M] [--columns N] [--cap S]

What other programs take for the same exact answer, against PROGRAM (halfspan) in the same run.

  glpk     glpsol, and cbc with two threads: the smallest number of active rows as a mixed-integer
  cbc      program, on Gaussian layers without bias that are injective (so both have to prove it)
  ddalpha  R package, exact halfspace depth of the mean of Gaussian points, each of its methods

One line per layer and one with the medians. A rival is stopped after S processor seconds (per
thread); its ratio is then a lower bound, written ">= ". Where the machine is busy, this favours the
rival: it is charged its processor time, shared evenly among its threads, halfspan the wall clock, as
it reports it. Because machines change their speed, that is the mean of the fastest of a few runs
before the rival's and of a few runs after it. A mixed-integer program that was solved is a claim in
floating point; `halfspan check` goes on and confirms its own with an independent checker. So there
are two ratios: to the engine alone, and to the confirmed answer. Exit code 77: a program is missing.
"""
import argparse
import csv
import json
import math
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 5            # of halfspan, before a rival's and again after it
MARGIN = 1e-3       # of inactive rows in the mixed-integer program; a row's largest entry is 1
PATIENCE = 12       # wall clock allowed, in caps
METHODS = ("recursive", "plane", "line")  # of ddalpha; the first is what exact = TRUE means
GOALS = {"glpk": 3000, "cbc": 5000, "ddalpha": 1000}
SIZES = {"glpk": (48, 8), "cbc": (60, 10), "ddalpha": (30, 6)}

DEPTH_SCRIPT = """
suppressMessages(library(ddalpha))
points <- as.matrix(read.csv("points.csv", header = FALSE))
q <- matrix(as.numeric(read.csv("q.csv", header = FALSE)[1, ]), 1)
start <- proc.time()
cat("start", start[1] + start[2], "\\n")
depth <- depth.halfspace(q, points, exact = TRUE, method = "METHOD")
end <- proc.time()
cat("depth", depth * nrow(points), "seconds", end[1] + end[2] - start[1] - start[2], "\\n")
"""


def missing(what):
    print(f"{what}: skipped")
    sys.exit(77)


class Capped:
    """One run of a rival: output, processor seconds, whether it finished within the cap."""

    def __init__(self, arguments, folder, cap):
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (int(cap), int(cap) + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        with tempfile.TemporaryFile() as log:
            child = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=subprocess.STDOUT, preexec_fn=limit)
            deadline = time.monotonic() + PATIENCE * cap
            while True:
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid != 0:
                    break
                if time.monotonic() > deadline:
                    child.send_signal(signal.SIGKILL)
                time.sleep(0.01)
            child.returncode = os.waitstatus_to_exitcode(status)
            log.seek(0)
            self.output = log.read().decode(errors="replace")
        self.seconds = usage.ru_utime + usage.ru_stime
        self.finished = child.returncode == 0
        if child.returncode > 0:
            print(f"{arguments[0]} failed with exit code {child.returncode}:\n{self.output}")
            sys.exit(1)


def halfspan(*arguments):
    """The JSON of the fastest of some runs."""
    best = None
    for _ in range(RUNS):
        done = subprocess.run([PROGRAM, *map(str, arguments), "--json", "--quiet"], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        answer = json.loads(done.stdout)
        if best is None or answer["seconds"] < best["seconds"]:
            best = answer
    return best


def again(own, *arguments):
    """Makes its seconds the mean of those and of what halfspan takes now."""
    now = halfspan(*arguments)
    for key in "seconds", "confirm_seconds":
        if key in own:
            own[key] = (own[key] + now[key]) / 2


def generate(path, rows, columns, seed):
    subprocess.run([PROGRAM, "generate", "--m", str(rows), "--n", str(columns), "--ensemble",
                    "gaussian", "--seed", str(seed), "-o", str(path), "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    with open(path, newline="", encoding="ascii") as file:
        return [[float(x) for x in row] for row in csv.reader(file)]


def write_model(path, weight):
    """Minimise sum y; y_i = 0 keeps row i inactive with a margin, y_i = 1 asks nothing: the big M is
    the least that does, and |u_j| <= 1 takes nothing away because the active rows of u and of any
    multiple of it are the same."""
    lines = ["Minimize", " active: " + " + ".join(f"y{i}" for i in range(len(weight))), "Subject To"]
    for i, row in enumerate(weight):
        largest = max(map(abs, row))
        row = [x / largest for x in row]
        big = sum(map(abs, row)) + MARGIN
        terms = " ".join(f"{x:+.17g} u{j}" for j, x in enumerate(row))
        lines.append(f" r{i}: {terms} - {big:.17g} y{i} <= {-MARGIN!r}")
    lines += ["Bounds"] + [f" -1 <= u{j} <= 1" for j in range(len(weight[0]))]
    lines += ["Binaries", " " + " ".join(f"y{i}" for i in range(len(weight))), "End", ""]
    path.write_text("\n".join(lines), encoding="ascii")


class Ratios:
    """Ratios, some of them lower bounds only."""

    def __init__(self):
        self.all = []  # (ratio, is it exact?)

    def add(self, ratio, exact):
        self.all.append((ratio, exact))
        return self.show(ratio, exact)

    @staticmethod
    def show(ratio, exact):
        return ("" if exact else ">= ") + (f"{ratio:.0f}x" if ratio >= 10 else f"{ratio:.2g}x")

    def median(self):
        value = statistics.median(ratio for ratio, _ in self.all)
        return self.show(value, all(exact or ratio > value for ratio, exact in self.all))


def summary(what, ratios, goal, agreed, finished):
    print(f"{what}: median of {len(ratios.all)}: {ratios.median()}; goal {goal}x; same answer in "
          f"{agreed} of {finished} runs that finished", flush=True)


# ---- mixed-integer programs ---------------------------------------------------------------------

def solve_glpk(folder, cap):
    """The fastest of plain branch and bound and branch and cut; depth first, because with what
    glpsol does otherwise they do not finish."""
    best, found = None, None
    for choice in ("--dfs",), ("--dfs", "--mir"):
        run = Capped(["glpsol", *choice, "--lp", "model.lp", "--write", "solution"], folder, cap)
        if best is None or (run.finished and run.seconds < best.seconds) or not best.finished:
            best = run
            cap = min(cap, math.ceil(run.seconds))  # more would not be the fastest
            if run.finished:  # s mip ROWS COLUMNS STATUS OBJECTIVE
                text = (folder / "solution").read_text(encoding="ascii")
                found = re.search(r"^s mip \d+ \d+ o (\S+)", text, re.M)
    return best, found


def solve_cbc(folder, cap):
    run = Capped(["cbc", "model.lp", "threads", "2", "solve"], folder, 2 * cap)
    found = None
    if run.finished and "Result - Optimal solution found" in run.output:
        found = re.search(r"^Objective value:\s+(\S+)", run.output, re.M)
    return run, found


def against_milp(rival, options, folder):
    solve, threads, name = {"glpk": (solve_glpk, 1, "glpsol"),
                            "cbc": (solve_cbc, 2, "cbc, 2 threads")}[rival]
    program = name.split(",", maxsplit=1)[0]
    if shutil.which(program) is None:
        missing(f"{rival}: there is no program {program}")
    what = f"{rival:7} {options.columns} x {options.rows}"
    ratios, confirmed, agreed, finished, seed = Ratios(), Ratios(), 0, 0, 0
    while len(ratios.all) < options.layers:
        seed += 1
        weight = generate(folder / "layer.csv", options.rows, options.columns, seed)
        asked = "check", folder / "layer.csv", "--engine", "branch", "--threads", threads
        own = halfspan(*asked)
        if own["verdict"] != "injective":
            continue
        write_model(folder / "model.lp", weight)
        run, found = solve(folder, options.cap)
        again(own, *asked)
        finished += run.finished
        right = found is not None and round(float(found.group(1))) >= options.columns
        agreed += right
        engine = own["seconds"] - own["confirm_seconds"]
        ratio = ratios.add(run.seconds / threads / engine, run.finished)
        whole = confirmed.add(run.seconds / threads / own["seconds"], run.finished)
        answer = "stopped" if not run.finished else "injective" if right else "another answer"
        print(f"{what}, seed {seed}: {name} {run.seconds / threads:.2f} s a thread ({answer}), branch "
              f"{1e3 * engine:.2f} ms, {own['nodes']} nodes: {ratio}; confirmed after "
              f"{1e3 * own['seconds']:.2f} ms: {whole}", flush=True)
    summary(f"{what}: {name} / branch, {threads} thread{'s' * (threads > 1)}", ratios, GOALS[rival],
            agreed, finished)
    print(f"{what}: {name} / branch confirmed: median of {len(confirmed.all)}: "
          f"{confirmed.median()}", flush=True)


# ---- halfspace depth ----------------------------------------------------------------------------

def against_ddalpha(options, folder):
    if shutil.which("Rscript") is None or subprocess.run(
            ["Rscript", "-e", "library(ddalpha)"], check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        missing("ddalpha: there is no R package ddalpha")
    if subprocess.run([PROGRAM, "depth", "--help"], check=False, stdin=subprocess.DEVNULL,
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        missing("ddalpha: this halfspan has no command depth")
    what = f"ddalpha {options.columns} x {options.rows}"
    ratios = {method: Ratios() for method in METHODS}
    agreed, finished = dict.fromkeys(METHODS, 0), dict.fromkeys(METHODS, 0)
    for seed in range(1, options.layers + 1):
        points = generate(folder / "points.csv", options.rows, options.columns, seed)
        mean = [sum(column) / len(points) for column in zip(*points)]
        (folder / "q.csv").write_text(",".join(map(repr, mean)) + "\n", encoding="ascii")
        asked = "depth", folder / "points.csv", "--at", folder / "q.csv", "--threads", 1
        own = halfspan(*asked)
        line = f"{what}, seed {seed}: depth {own['depth']}, {own['nodes']} nodes"
        for method in METHODS:
            (folder / "depth.R").write_text(DEPTH_SCRIPT.replace("METHOD", method), encoding="ascii")
            run = Capped(["Rscript", "depth.R"], folder, options.cap)
            again(own, *asked)
            done = re.search(r"^depth (\S+) seconds (\S+)", run.output, re.M)
            start = re.search(r"^start (\S+)", run.output, re.M)
            if done is not None:
                seconds = float(done.group(2))
                finished[method] += 1
                agreed[method] += round(float(done.group(1))) == own["depth"]
            else:
                seconds = run.seconds - (float(start.group(1)) if start else run.seconds)
            ratio = ratios[method].add(seconds / own["seconds"], done is not None)
            line += f"; {method} {seconds:.2f} s / {1e3 * own['seconds']:.2f} ms: {ratio}"
        print(line, flush=True)
    for method in METHODS:
        usual = ", what exact = TRUE means" if method == METHODS[0] else ""
        summary(f"{what}: method {method}{usual} / depth, 1 thread", ratios[method],
                GOALS["ddalpha"], agreed[method], finished[method])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program")
    parser.add_argument("rival", choices=sorted(GOALS))
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--columns", type=int)
    parser.add_argument("--cap", type=float, default=120)
    OPTIONS = parser.parse_args()
    PROGRAM = os.path.abspath(OPTIONS.program)
    OPTIONS.rows = OPTIONS.rows or SIZES[OPTIONS.rival][0]
    OPTIONS.columns = OPTIONS.columns or SIZES[OPTIONS.rival][1]
    with tempfile.TemporaryDirectory() as FOLDER:
        if OPTIONS.rival == "ddalpha":
            against_ddalpha(OPTIONS, pathlib.Path(FOLDER))
        else:
            against_milp(OPTIONS.rival, OPTIONS, pathlib.Path(FOLDER))
