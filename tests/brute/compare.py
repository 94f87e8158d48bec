"""usage: compare.py PROGRAM [--count N] [--seed S] [--engines auto,cells] [--keep DIRECTORY]

Random small layers of every awkward kind, on every domain: `PROGRAM check` with each engine against
the exact judge of brute.py, exit code, witness and certificate included; "classes" is the engine branch where it
looks at classes modulo 3, which it does not do in so few dimensions unless told to. Each witness is judged in rational
arithmetic from the layer as stored, and once more in floating point. Layer k depends on (S, k) alone.

A layer may be undecided only when double precision holds no witness: its bad cells are too thin. Where
its numbers are far apart exact arithmetic may take long: then an answer may be missing after some seconds, or
its certificate, but not be wrong.
One line for each disagreement, then "N passed, N failed". The files of a disagreement are kept in
DIRECTORY (default: a new one under the temporary directory, named in the line). With the environment
variable HALFSPAN_TEST_QUICKLY only a quarter of the layers.
"""
import argparse
import json
import math
import os
import pathlib
import random
import shlex
import struct
import subprocess
import sys
import tempfile
import zipfile
from fractions import Fraction

import brute
import layers

TOLERANCE = 1e-9  # outputs of x and y may differ by this much, relative to |w_i| |x - y|
ROUNDING = 1e-15  # or by this much, relative to sum_j |w_ij x_j| + |b_i|: x and y are rounded
TINY = 2.0 ** -1070  # products below the range
THIN = 1e-11      # |x - y| / |z| below which a bad cell need not be found
CELLS_EVERY = 7   # the second method of brute.py judges every seventh layer too
CODES = {"injective": 0, "not-injective": 1, "undecided": 2}


# ---- writing a layer, without NumPy -------------------------------------------------------------

def npy(numbers, shape):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
            + struct.pack(f"<{len(numbers)}d", *numbers))


def write_layer(folder, rng, rows, bias):
    """Returns the arguments that name the layer."""
    flat = [x for row in rows for x in row]
    shape = (len(rows), len(rows[0]))
    style = rng.choice(("npz", "npy", "csv", "transposed"))
    if style == "npz":
        with zipfile.ZipFile(folder / "layer.npz", "w") as archive:
            archive.writestr("weight.npy", npy(flat, shape))
            if bias is not None:
                archive.writestr("bias.npy", npy(bias, (len(bias),)))
        return [str(folder / "layer.npz")]
    if style == "npy":
        (folder / "layer.npy").write_bytes(npy(flat, shape))
        arguments = [str(folder / "layer.npy")]
    elif style == "transposed":
        (folder / "layer.npy").write_bytes(npy([x for column in zip(*rows) for x in column], shape[::-1]))
        arguments = [str(folder / "layer.npy"), "--transpose"]
    else:
        text = "".join(",".join(repr(x) for x in row) + "\n" for row in rows)
        (folder / "layer.csv").write_text(text)
        arguments = [str(folder / "layer.csv")]
    if bias is not None:
        (folder / "bias.npy").write_bytes(npy(bias, (len(bias),)))
        arguments += ["--bias", str(folder / "bias.npy")]
    return arguments


def write_domain(folder, domain):
    if domain["kind"] == "box":
        arguments = ["--domain", "box"]
        for side in ("lower", "upper"):
            bounds = domain[side]
            if len(set(bounds)) == 1:
                arguments.append(f"--{side}={bounds[0]!r}")
            else:
                (folder / f"{side}.npy").write_bytes(npy(bounds, (len(bounds),)))
                arguments += [f"--{side}", str(folder / f"{side}.npy")]
        return arguments
    if "radius" in domain:
        return ["--domain", domain["kind"], "--radius", repr(domain["radius"])]
    return ["--domain", domain["kind"]]


# ---- judging a witness --------------------------------------------------------------------------

def root(square):
    """The square root of a fraction as a float, also where the fraction is beyond the range."""
    if square == 0:
        return 0.0
    shift = 128 + square.denominator.bit_length() - square.numerator.bit_length()
    shift += shift % 2
    whole = math.isqrt(int(square * Fraction(2) ** shift))
    try:
        return float(whole * Fraction(2) ** (-shift // 2))
    except OverflowError:
        return math.inf


def witness_faults(rows, bias, domain, witness):
    """What is wrong with a witness: a list of texts."""
    n = len(rows[0])
    z, x, y = (witness[name] for name in "zxy")
    if not all(len(v) == n and all(isinstance(t, (int, float)) for t in v) for v in (z, x, y)):
        return ["z, x, y are not vectors of n numbers"]
    faults = []
    exact = {name: [Fraction(t) for t in witness[name]] for name in "zxy"}
    if exact["x"] == exact["y"]:
        return ["x = y"]
    for name in "xy":
        if not domain.holds(exact[name]):
            faults.append(f"{name} is outside the domain")
    if not domain.holds(exact["z"], closed=False):
        faults.append("z is not inside the domain")

    active = brute.active_rows(rows, bias, exact["z"])
    rank = brute.rank([brute.integer_row(rows[i]) for i in active])
    if active != witness["active"]:
        faults.append(f"the active rows at z are {active}, reported {witness['active']}")
    if rank != witness["rank"]:
        faults.append(f"the rank at z is {rank}, reported {witness['rank']}")
    if rank >= n:
        faults.append("the active rows at z span")

    difference = [s - t for s, t in zip(exact["x"], exact["y"])]
    separation = root(brute.dot(difference, difference))
    for i, row in enumerate(rows):
        weight, offset = [Fraction(t) for t in row], Fraction(bias[i])
        outputs = [max(Fraction(0), brute.dot(weight, exact[name]) + offset) for name in "xy"]
        size = sum(abs(s) * max(abs(t), abs(u)) for s, t, u in zip(row, x, y)) + abs(bias[i])
        allowed = max(TOLERANCE * root(brute.dot(weight, weight)) * separation, ROUNDING * size, TINY)
        if abs(outputs[0] - outputs[1]) > allowed:
            faults.append(f"outputs of row {i} differ by {float(abs(outputs[0] - outputs[1])):.3g}")
        try:
            computed = [max(0.0, math.fsum([s * t for s, t in zip(row, v)] + [bias[i]])) for v in (x, y)]
        except (OverflowError, ValueError):  # sums of numbers beyond the range
            continue
        if abs(computed[0] - computed[1]) > allowed + ROUNDING * size:
            faults.append(f"outputs of row {i} differ in floating point: {computed}")
    if separation < 100 * ROUNDING * root(brute.dot(exact["z"], exact["z"])):
        faults.append(f"x and y differ by rounding error: {separation:.3g}")
    if not math.isclose(separation, witness["separation"], rel_tol=1e-9):
        faults.append(f"|x - y| is {separation!r}, reported {witness['separation']!r}")
    return faults


def answer_faults(completed, expected, rows, bias, domain, far):
    try:
        answer = json.loads(completed.stdout)
    except ValueError:
        return [f"exit code {completed.returncode}, no JSON: {completed.stderr.strip()}"]
    verdict = answer["verdict"]
    faults = []
    if completed.returncode != CODES[verdict]:
        faults.append(f"exit code {completed.returncode} with verdict {verdict}")
    if verdict == "undecided" and far:
        pass
    elif verdict == "undecided" and expected == "not-injective":
        room = brute.widest_room(rows, bias, domain)
        if room > THIN:
            faults.append(f"undecided ({answer['reason']}), but a bad cell has room {room:.1e}")
    elif verdict != expected:
        faults.append(f"{verdict} ({answer['reason']}), the judge says {expected}")
    if answer["engine"] not in ("auto", "branch", "cells", "milp", "search"):
        faults.append(f"engine {answer['engine']}")
    if verdict == "not-injective":
        faults += witness_faults(rows, bias, domain, answer["witness"])
    elif answer["witness"] is not None:
        faults.append("a witness without a verdict for it")
    if completed.stderr and verdict != "undecided" and not far:  # then it says that there is no certificate
        faults.append(f"on standard error: {completed.stderr.strip()}")
    return faults


def certificate_faults(program, completed, layer, certificate, far):
    """Every verdict comes with a certificate that `verify` accepts."""
    if far and not certificate.exists():
        return []
    if completed.returncode == CODES["undecided"]:
        return ["a certificate without a verdict"] if certificate.exists() else []
    if not certificate.exists():
        return [f"no certificate: {completed.stderr.strip()}"]
    answer = json.loads(completed.stdout)
    faults = [] if answer["arithmetic"] == "exact" else ["a certificate, and the verdict is not exact"]
    checked = subprocess.run([program, "verify", str(certificate), *layer], capture_output=True, text=True, timeout=60)
    if checked.returncode != 0:
        faults.append(f"the certificate is refused: {checked.stdout.strip()}{checked.stderr.strip()}")
    certificate.unlink()
    return faults


# ---- one layer, many layers ---------------------------------------------------------------------

def compare_layer(program, engines, seed, number, keep):
    """Yields a list of faults for each engine."""
    rng = random.Random(f"{seed}/{number}")
    name, rows, bias, keywords = layers.random_layer(rng)
    stored = bias if bias is not None else [0.0] * len(rows)
    n = len(rows[0])
    domain = brute.Domain(n=n, **keywords)
    far = layers.far_apart(rows, bias, keywords)
    bad = brute.judge(rows, stored, domain)
    if number % CELLS_EVERY == 0:
        assert (brute.judge(rows, stored, domain, "cells") is None) == (bad is None), (seed, number)
    expected = "injective" if bad is None else "not-injective"
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        layer = write_layer(folder, rng, rows, bias)
        arguments = layer + write_domain(folder, keywords)
        certificate = folder / "certificate"
        for engine in engines:
            classes = engine == "classes"
            command = [program, "check", *arguments, "--json", "--engine", "branch" if classes else engine,
                       "--threads", "1", "--certificate", str(certificate), *(["--time-limit", "3"] if far else [])]
            try:
                completed = subprocess.run(command, capture_output=True, text=True, timeout=60,
                                           env={**os.environ, "HALFSPAN_CLASSES": "always"} if classes else None)
                if engine == "milp" and completed.returncode == CODES["undecided"]:
                    continue  # knows general position only, and no ball with a bias
                faults = answer_faults(completed, expected, rows, stored, domain, far)
                faults += certificate_faults(program, completed, layer, certificate, far)
            except subprocess.TimeoutExpired:
                faults = ["no answer in 60 s"]
            if faults:
                place = keep / f"{seed}-{number}"
                place.mkdir(parents=True, exist_ok=True)
                for file in folder.iterdir():
                    (place / file.name).write_bytes(file.read_bytes())
                line = shlex.join(command).replace(scratch, str(place))
                line = f"HALFSPAN_CLASSES=always {line}" if classes else line
                print(f"layer {seed}/{number} ({name}, {len(rows)} x {n}, {keywords['kind']}): "
                      f"{'; '.join(faults)}: {line}", flush=True)
            yield expected, faults


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", default="auto,cells")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    if os.environ.get("HALFSPAN_TEST_QUICKLY"):
        options.count = (options.count + 3) // 4
    keep = options.keep or pathlib.Path(tempfile.gettempdir()) / "halfspan-disagreements"
    passed = failed = 0
    seen = {"injective": 0, "not-injective": 0}
    for number in range(options.first, options.first + options.count):
        for expected, faults in compare_layer(options.program, options.engines.split(","), options.seed,
                                              number, keep):
            seen[expected] += 1
            passed += not faults
            failed += bool(faults)
    print(f"answers expected: {seen['injective']} injective, {seen['not-injective']} not injective")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
