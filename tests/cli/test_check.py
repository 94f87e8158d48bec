"""`halfspan check` from the command line: exit codes, JSON, limits, Ctrl-C, the progress line.

Usage: test_check.py PROGRAM
"""

import json
import math
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "halfspan"
VERDICTS = {0: "injective", 1: "not-injective", 2: "undecided"}
ENGINES = {"auto", "branch", "cells", "milp", "search"}
FOLDER = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(FOLDER.name, name)


def write(name, rows):
    with open(path(name), "w", encoding="ascii") as out:
        for row in rows:
            print(",".join(repr(float(v)) for v in row), file=out)
    return path(name)


def run(*arguments, **keywords):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=keywords.pop("stdin", subprocess.DEVNULL),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **keywords)


def generate(name, m, n, **options):
    extra = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    done = run("generate", "--m", m, "--n", n, "--ensemble", "gaussian", "--seed", 5, *extra, "-o", path(name))
    assert done.returncode == 0, done.stderr
    return path(name)


IDENTITY = [[1, 0], [0, 1]]
CRELU = [[1, 0], [0, 1], [-1, 0], [0, -1]]
MERCEDES = [[0, 1], [-0.8660254, -0.5], [0.8660254, -0.5]]


def outputs(weight, bias, x):
    return [max(0.0, sum(w * v for w, v in zip(row, x)) + b) for row, b in zip(weight, bias)]


class Case(unittest.TestCase):
    def document(self, done):
        """The JSON document of a run, with every field of the contract checked."""
        self.assertIn(done.returncode, VERDICTS, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["verdict"], VERDICTS[done.returncode])
        self.assertIsInstance(document["reason"], str)
        self.assertNotIn("\n", document["reason"])
        self.assertTrue(document["reason"])
        for key in ("m", "n", "nodes"):
            self.assertIs(type(document[key]), int, key)
        self.assertIsInstance(document["domain"], dict)
        self.assertIn(document["domain"]["kind"], ("ball", "space", "box", "nonneg-ball"))
        self.assertIn(document["engine"], ENGINES)
        self.assertIn(document["arithmetic"], ("exact", "floating-point"))
        self.assertIs(type(document["seconds"]), float)
        self.assertGreaterEqual(document["seconds"], document["confirm_seconds"])
        self.assertGreaterEqual(document["confirm_seconds"], 0.0)
        self.assertTrue(document["certificate"] is None or isinstance(document["certificate"], str))
        self.assertTrue(document["domain_note"] is None or isinstance(document["domain_note"], str))
        for key in ("active_lower_bound", "active_upper_bound"):
            self.assertIn(type(document[key]), (int, type(None)), key)
        self.check_theory(document)
        if document["verdict"] == "not-injective":
            self.check_witness(document)
        else:
            self.assertIsNone(document["witness"])
        return document

    def check_theory(self, document):
        theory = document["theory"]
        self.assertEqual(theory["alpha"], document["m"] / document["n"])
        self.assertIsInstance(theory["prediction"], str)
        alphas = [line["alpha"] for line in theory["thresholds"]]
        self.assertEqual(alphas, sorted(alphas))
        self.assertTrue(any(abs(alpha - 6.698) < 1e-3 for alpha in alphas))

    def check_witness(self, document):
        witness, n = document["witness"], document["n"]
        for key in "zxy":
            self.assertEqual(len(witness[key]), n)
            self.assertTrue(all(isinstance(v, float) and math.isfinite(v) for v in witness[key]))
        self.assertNotEqual(witness["x"], witness["y"])
        self.assertTrue(all(type(i) is int and 0 <= i < document["m"] for i in witness["active"]))
        self.assertEqual(witness["active"], sorted(set(witness["active"])))
        self.assertIs(type(witness["rank"]), int)
        self.assertLess(witness["rank"], n)
        self.assertGreater(witness["separation"], 0.0)
        self.assertLessEqual(witness["rank"], len(witness["active"]))

    def check_outputs(self, document, weight, bias):
        witness = document["witness"]
        left, right = outputs(weight, bias, witness["x"]), outputs(weight, bias, witness["y"])
        scale = max(1e-300, *(abs(v) for v in left + right)) if left else 1.0
        for a, b in zip(left, right):
            self.assertLessEqual(abs(a - b), 1e-9 * scale)
        at_z = [sum(w * v for w, v in zip(row, witness["z"])) + b for row, b in zip(weight, bias)]
        self.assertEqual(witness["active"], [i for i, v in enumerate(at_z) if v >= 0])

    def refused(self, code, piece, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        self.assertEqual(done.stdout, b"", arguments)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, (arguments, lines))
        self.assertTrue(lines[0].startswith("halfspan: "), lines)
        self.assertIn(piece, lines[0])


class Verdicts(Case):
    def test_injective(self):
        layer = write("crelu.csv", CRELU)
        for engine in ("auto", "cells"):
            document = self.document(run("check", layer, "--json", "--engine", engine))
            self.assertEqual(document["verdict"], "injective")
            self.assertEqual((document["m"], document["n"]), (4, 2))
            self.assertGreaterEqual(document["active_lower_bound"], 2)
            self.assertEqual(document["arithmetic"], "exact")

    def test_not_injective(self):
        layer = write("mercedes.csv", MERCEDES)
        for engine in ("auto", "cells", "milp"):
            document = self.document(run("check", layer, "--json", "--engine", engine))
            self.assertEqual(document["verdict"], "not-injective")
            self.check_outputs(document, MERCEDES, [0.0] * 3)
            self.assertEqual(document["active_upper_bound"], len(document["witness"]["active"]))
            self.assertGreater(document["witness"]["separation"], 0.1)

    def test_undecided(self):
        layer = write("crelu.csv", CRELU)
        document = self.document(run("check", layer, "--json", "--engine", "milp"))
        self.assertEqual(document["verdict"], "undecided")
        self.assertIn("general position", document["reason"])

    def test_every_engine_finds_the_witness(self):
        layer = write("mercedes.csv", MERCEDES)
        for engine in sorted(ENGINES):
            document = self.document(run("check", layer, "--json", "--engine", engine))
            self.assertEqual(document["verdict"], "not-injective", engine)
            self.check_outputs(document, MERCEDES, [0.0] * 3)

    def test_the_text_says_what_the_json_says(self):
        layer = write("mercedes.csv", MERCEDES)
        done = run("check", layer)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, b"")
        self.assertTrue(text.startswith(f"{layer}: not-injective\n"))
        self.assertRegex(text, r"x = \(")
        self.assertRegex(text, r"y = \(")
        self.assertRegex(text, r"alpha = m/n = 1\.5")
        self.assertIn("the same on every ball and on the whole space", text)

    def test_from_standard_input(self):
        with open(write("crelu.csv", CRELU), "rb") as layer:
            self.assertEqual(self.document(run("check", "-", "--json", stdin=layer))["m"], 4)

    def test_a_full_device_is_not_a_verdict(self):
        layer = write("crelu.csv", CRELU)
        for extra in ([], ["--json"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, "check", layer, *extra], stdout=full,
                                      stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.returncode, 73)
            self.assertIn(b"standard output", done.stderr)

    def test_help(self):
        done = run("check", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for option in ("--engine", "--time-limit", "--node-limit", "--json", "--domain"):
            self.assertIn(option, done.stdout.decode())


class Domains(Case):
    def verdict(self, layer, *arguments):
        return self.document(run("check", layer, "--json", *arguments))

    def test_with_scalars(self):
        layer, bias = write("identity.csv", IDENTITY), write("ones.csv", [[1, 1]])
        biased = ("--bias", bias)
        self.assertEqual(self.verdict(layer, *biased)["verdict"], "injective")
        self.assertEqual(self.verdict(layer, *biased, "--radius", 1.5)["verdict"], "not-injective")
        self.assertEqual(self.verdict(layer, "--no-bias")["verdict"], "not-injective")
        self.assertEqual(self.verdict(layer, *biased, "--domain", "space")["verdict"], "not-injective")
        document = self.verdict(layer, "--domain", "nonneg-ball", "--radius", 7)
        self.assertEqual(document["verdict"], "injective")
        self.assertEqual(document["domain"], {"kind": "nonneg-ball", "radius": 7.0})
        document = self.verdict(layer, *biased, "--domain=box", "--lower=-1", "--upper", "inf")
        self.assertEqual(document["verdict"], "injective")
        self.assertEqual(document["domain"], {"kind": "box", "lower": [-1.0, -1.0], "upper": [None, None]})
        document = self.verdict(layer, *biased, "--domain=box", "--lower=-1.01", "--upper", "1e3")
        self.assertEqual(document["verdict"], "not-injective")
        self.check_outputs(document, IDENTITY, [1.0, 1.0])
        for key in "xy":
            self.assertTrue(all(-1.01 <= v <= 1e3 for v in document["witness"][key]))

    def test_with_files(self):
        layer = write("identity.csv", IDENTITY)
        low, high = write("low.csv", [[0, 0]]), write("high.csv", [[1, 2]])
        below = write("below.csv", [[0], [-0.5]])
        document = self.verdict(layer, "--domain", "box", "--lower", low, "--upper", high)
        self.assertEqual(document["verdict"], "injective")
        self.assertEqual(document["domain"], {"kind": "box", "lower": [0.0, 0.0], "upper": [1.0, 2.0]})
        document = self.verdict(layer, "--domain", "box", "--lower", below, "--upper", high)
        self.assertEqual(document["verdict"], "not-injective")
        unbounded = write("unbounded.csv", [["inf"], ["Infinity"]])
        document = self.verdict(layer, "--domain", "box", "--lower", low, "--upper", unbounded)
        self.assertEqual(document["verdict"], "injective")
        self.assertEqual(document["domain"]["upper"], [None, None])
        half = write("half.csv", [[0, "-inf"]])
        document = self.verdict(layer, "--domain", "box", "--lower", half, "--upper", high)
        self.assertEqual(document["verdict"], "not-injective")

    def test_without_bias_ball_and_space_agree(self):
        layer = write("mercedes.csv", MERCEDES)
        for domain in (["--radius", "1e-3"], ["--radius", "1e3"], ["--domain", "space"]):
            document = self.verdict(layer, *domain)
            self.assertEqual(document["verdict"], "not-injective")
            self.assertIn("zero bias", document["domain_note"])
            self.assertIn("zero bias", run("check", layer, *domain).stdout.decode())
        ones = write("ones3.csv", [[1, 1, 1]])
        self.assertIsNone(self.verdict(layer, "--bias", ones)["domain_note"])
        self.assertNotIn("zero bias", run("check", layer, "--bias", ones).stdout.decode().split("alpha")[0])
        around = ("--domain", "box", "--lower", "-1", "--upper", "2")
        self.assertIn("every ball", self.verdict(layer, *around)["domain_note"])
        beside = ("--domain", "box", "--lower", "0", "--upper", "2")
        self.assertIsNone(self.verdict(layer, *beside)["domain_note"])


class Errors(Case):
    def test_usage(self):
        layer = write("identity.csv", IDENTITY)
        self.refused(64, "operand", "check")
        self.refused(64, "operand", "check", layer, layer)
        self.refused(64, "unknown option", "check", layer, "--fast")
        self.refused(64, "--engine", "check", layer, "--engine", "magic")
        self.refused(64, "--engine", "check", layer, "--engine")
        self.refused(64, "--time-limit", "check", layer, "--time-limit", "-1")
        self.refused(64, "--time-limit", "check", layer, "--time-limit", "soon")
        self.refused(64, "--node-limit", "check", layer, "--node-limit", "-3")
        self.refused(64, "--node-limit", "check", layer, "--node-limit", "1e3")
        self.refused(64, "--json", "check", layer, "--json=yes")
        self.refused(64, "bias", "check", layer, "--no-bias", "--bias", layer)
        self.refused(64, "command", "chekc", layer)

    def test_domains(self):
        layer = write("identity.csv", IDENTITY)
        for radius in ("0", "-1", "nan", "inf", "1e999", "x"):
            self.refused(64, "radius", "check", layer, "--radius", radius, "--json")
        self.refused(64, "--domain", "check", layer, "--domain", "cube")
        self.refused(64, "--lower", "check", layer, "--domain", "box", "--upper", "1")
        self.refused(64, "--upper", "check", layer, "--domain", "box", "--lower", "1")
        self.refused(64, "--lower", "check", layer, "--lower", "1")
        self.refused(64, "below", "check", layer, "--domain", "box", "--lower", "2", "--upper", "1")
        self.refused(64, "below", "check", layer, "--domain", "box", "--lower", "1", "--upper", "1")
        self.refused(64, "--lower", "check", layer, "--domain", "box", "--lower", "nan", "--upper", "1")
        self.refused(64, "--lower", "check", layer, "--domain", "box", "--lower=-1e999", "--upper", "1")
        for kind in (["space"], ["box", "--lower=-1", "--upper=1"]):
            self.refused(64, "--radius", "check", layer, "--radius", "2", "--domain", *kind)
        nans = write("nans.csv", [["nan", 0]])
        self.refused(65, "NaN", "check", layer, "--domain", "box", "--lower", nans, "--upper", "1")
        above = write("above.csv", [["inf", "inf"]])
        self.refused(64, "below", "check", layer, "--domain", "box", "--lower", above, "--upper", "inf")
        three = write("three.csv", [[0, 0, 0]])
        self.refused(65, "three.csv", "check", layer, "--domain", "box", "--lower", three, "--upper", "1")
        self.refused(66, "none.csv", "check", layer, "--domain", "box", "--lower", path("none.csv"),
                     "--upper", "1")

    def test_files(self):
        layer = write("identity.csv", IDENTITY)
        self.refused(66, "none.csv", "check", path("none.csv"))
        self.refused(66, "none.csv", "check", path("none.csv"), "--json")
        self.refused(66, "none.npz", "check", layer, "--bias", path("none.npz"))
        three = write("three.csv", [[0, 0, 0]])
        self.refused(65, "bias", "check", layer, "--bias", three)
        with open(path("ragged.csv"), "w", encoding="ascii") as out:
            out.write("1,2\n3\n")
        self.refused(65, "ragged.csv", "check", path("ragged.csv"), "--json")
        with open(path("nan.csv"), "w", encoding="ascii") as out:
            out.write("1,nan\n")
        self.refused(65, "nan.csv", "check", path("nan.csv"))
        done = run("check", FOLDER.name)
        self.assertIn(done.returncode, (65, 66))
        self.assertEqual(done.stdout, b"")


class Energy(Case):
    """--target K: the fewest active rows beside the limit of theory."""

    def test_reached(self):
        layer = generate("target.npy", 60, 12)
        document = self.document(run("check", layer, "--target", 10, "--json", "--time-limit", 60))
        self.assertEqual((document["verdict"], document["engine"]), ("not-injective", "search"))
        energy, active = document["energy"], document["active_upper_bound"]
        self.assertLessEqual(active, 10)
        self.assertEqual((energy["target"], energy["reached"]), (10, active / 12))
        if energy["theory_level"] is None:
            self.assertAlmostEqual(energy["theory"], 0.5442329, delta=1e-5)
        else:  # a slow machine
            self.assertTrue(0.5438 < energy["theory"] <= 0.54424)
        self.assertRegex(run("check", layer, "--target", 10).stdout.decode(),
                         r"#active/n = 0\.\d+; e\*\(alpha\) (=|>=) 0\.54[34]")

    def test_not_reached(self):
        layer = generate("target.npy", 60, 12)
        document = self.document(run("check", layer, "--target", 1, "--json", "--time-limit", 0.3))
        self.assertEqual(document["verdict"], "not-injective")
        self.assertEqual(document["energy"]["reached"], document["active_upper_bound"] / 12)
        self.assertGreater(document["active_upper_bound"], 1)

    def test_only_for_the_search(self):
        layer = write("crelu.csv", CRELU)
        self.refused(64, "--target", "check", layer, "--target", "1", "--engine", "branch")
        self.refused(64, "--target", "check", layer, "--target", "-1")
        self.assertIsNone(self.document(run("check", layer, "--json"))["energy"])


class Limits(Case):
    def test_node_limit(self):
        layer = generate("small.npy", 48, 6)
        document = self.document(run("check", layer, "--json", "--engine", "cells", "--node-limit", 5))
        self.assertEqual(document["verdict"], "undecided")
        self.assertLessEqual(document["nodes"], 5)
        self.assertIs(type(document["active_upper_bound"]), int)

    def test_time_limit(self):
        layer = generate("large.npy", 268, 40)
        for engine in ("auto", "cells", "search"):
            document = self.document(run("check", layer, "--json", "--engine", engine, "--time-limit", 0.2))
            self.assertEqual(document["verdict"], "undecided")
            self.assertTrue(0 < document["active_lower_bound"] < document["active_upper_bound"])
            self.assertIn("expected", document["theory"]["prediction"])
        done = run("check", layer, "--time-limit", 0.2).stdout.decode()
        self.assertRegex(done, r"active rows at the worst point: between \d+ and \d+")
        self.assertRegex(done, r"alpha = m/n = 6\.7; random Gaussian layers .*: expected")

    def test_no_progress_line_without_a_terminal(self):
        layer = generate("large.npy", 268, 40)
        done = run("check", layer, "--engine", "cells", "--time-limit", 1.3)
        self.assertEqual((done.returncode, done.stderr), (2, b""))


def catches(process, number):
    """Has the process installed its own handler for the signal?"""
    try:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            mask = re.search(r"^SigCgt:\s*([0-9a-f]+)", status.read(), re.MULTILINE)
    except OSError:
        return False
    return mask is not None and int(mask.group(1), 16) >> (number - 1) & 1


class Interruption(Case):
    def interrupted(self, number, *arguments):
        layer = generate("large.npy", 268, 40)
        process = subprocess.Popen([PROGRAM, "check", layer, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while process.poll() is None and not catches(process, number):
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(number)
        out, err = process.communicate()
        self.assertEqual(err, b"")
        return subprocess.CompletedProcess([], process.returncode, out, err)

    def test_interrupts_end_with_the_best_so_far(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            document = self.document(self.interrupted(number, "--json", "--engine", "cells"))
            self.assertEqual(document["verdict"], "undecided")
            self.assertIs(type(document["active_upper_bound"]), int)

    def test_default_engine(self):
        self.assertEqual(self.document(self.interrupted(signal.SIGINT, "--json"))["verdict"], "undecided")

    def test_text(self):
        done = self.interrupted(signal.SIGINT, "--engine", "cells")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"undecided", done.stdout)


class Terminal(Case):
    """Standard error is a pseudo-terminal."""

    def on_terminal(self, until, *arguments):
        """Runs until the pattern shows on the terminal, then interrupts; returns what was shown."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([PROGRAM, "check", *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown, sent = b"", False
        while True:
            ready, _, _ = select.select([ours], [], [], 0.05)
            try:
                piece = os.read(ours, 4096) if ready else b""
            except OSError:  # the other side is closed
                break
            shown += piece
            if until is not None and not sent and re.search(until, shown):
                process.send_signal(signal.SIGINT)
                sent = True
        os.close(ours)
        out, _ = process.communicate()
        return subprocess.CompletedProcess([], process.returncode, out, shown)

    def test_the_progress_line_appears_and_goes(self):
        layer = generate("large.npy", 268, 40)
        done = self.on_terminal(rb"nodes", layer, "--engine", "cells", "--json")
        self.assertEqual(self.document(done)["verdict"], "undecided")
        self.assertRegex(done.stderr, rb"cells: [0-9.]+ s, [0-9]+ nodes")
        self.assertTrue(done.stderr.endswith(b"\r\x1b[K"))
        self.assertNotIn(b"\n", done.stderr)

    def test_quiet_shows_nothing(self):
        layer = generate("large.npy", 268, 40)
        done = self.on_terminal(None, layer, "--engine", "cells", "--quiet", "--time-limit", "1.3")
        self.assertEqual((done.returncode, done.stderr), (2, b""))

    def test_short_work_shows_nothing(self):
        done = self.on_terminal(None, write("crelu.csv", CRELU))
        self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    outcome = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False).result
    wrong = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - wrong} passed, {wrong} failed")
    sys.exit(0 if outcome.wasSuccessful() and outcome.testsRun > 0 else 1)
