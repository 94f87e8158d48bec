"""`halfspan depth`, `radius` and `bias` from the command line: help, JSON, limits, errors.

Usage: test_commands.py PROGRAM
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "halfspan"
FOLDER = tempfile.TemporaryDirectory()


def write(name, rows):
    path = os.path.join(FOLDER.name, name)
    with open(path, "w", encoding="ascii") as out:
        for row in rows:
            print(",".join(repr(float(v)) for v in row), file=out)
    return path


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=120)


SQUARE = write("square.csv", [[1, 1], [1, -1], [-1, 1], [-1, -1]])
CRELU = write("crelu.csv", [[1, 0], [0, 1], [-1, 0], [0, -1]])
APART = write("apart.csv", [[1], [2], [1], [-5]])


def big_layer():
    path = os.path.join(FOLDER.name, "big.npz")
    done = run("generate", "--m", 150, "--n", 20, "--ensemble", "gaussian", "--bias-ensemble",
               "gaussian", "--seed", 3, "-o", path)
    assert done.returncode == 0, done.stderr
    return path


class Case(unittest.TestCase):
    def document(self, *arguments):
        done = run(*arguments, "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def fails(self, code, piece, *arguments):
        for more in ((), ("--json",)):
            done = run(*arguments, *more)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(piece, done.stderr)


class Depth(Case):
    def test_at_a_point(self):
        found = self.document("depth", SQUARE, "--at", "0,0")
        self.assertEqual((found["depth"], found["fraction"]), (2, 0.5))
        self.assertEqual((found["depth_lower"], found["depth_upper"]), (2, 2))
        self.assertEqual(len(found["direction"]), 2)
        self.assertEqual(found["arithmetic"], "exact")
        self.assertIsInstance(found["nodes"], int)
        self.assertIsInstance(found["seconds"], float)
        self.assertEqual(self.document("depth", SQUARE, "--at", " -1.0, 1e0 ")["depth"], 1)
        self.assertEqual(self.document("depth", SQUARE, "--at", "9,9")["depth"], 0)

    def test_at_a_point_from_a_file(self):
        row, column = write("row.csv", [[0.5, 0.25]]), write("column.csv", [[0.5], [0.25]])
        self.assertEqual(self.document("depth", SQUARE, "--at", row)["depth"], 1)
        self.assertEqual(self.document("depth", SQUARE, "--at", column)["depth"], 1)

    def test_all(self):
        points = write("line.csv", [[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]])
        found = self.document("depth", points, "--all")
        self.assertEqual(found["depths"], [1, 2, 3, 2, 1])
        self.assertEqual(found["undecided"], 0)
        self.assertIn("3 points", run("depth", write("three.csv", [[1], [2], [3]]), "--all").stdout)

    def test_a_limit_is_one_for_all_points(self):
        rng = random.Random(1)
        points = write("many.csv", [[rng.gauss(0, 1) for _ in range(6)] for _ in range(200)])
        found = self.document("depth", points, "--all", "--time-limit", "0.01")
        self.assertEqual((found["depths_lower"][-1], found["depths_upper"][-1]), (1, 200))
        self.assertTrue(all(low <= high for low, high in zip(found["depths_lower"], found["depths_upper"])))

    def test_text(self):
        done = run("depth", SQUARE, "--at", "0,0")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("depth 2 of 4 points", done.stdout)

    def test_limits_leave_bounds(self):
        points = os.path.join(FOLDER.name, "points.npy")
        run("generate", "--m", 90, "--n", 9, "--ensemble", "gaussian", "-o", points)
        found = self.document("depth", points, "--at", "0,0,0,0,0,0,0,0,0", "--node-limit", 3)
        self.assertIsNone(found["depth"])
        self.assertIsNone(found["fraction"])
        self.assertTrue(1 <= found["depth_lower"] < found["depth_upper"] <= 45)
        self.assertIn("stopped", found["reason"])

    def test_errors(self):
        self.fails(64, "either --at Q or --all", "depth", SQUARE)
        self.fails(64, "either --at Q or --all", "depth", SQUARE, "--at", "0,0", "--all")
        self.fails(65, "3 numbers, expected 2", "depth", SQUARE, "--at", "0,0,0")
        self.fails(66, "missing.csv", "depth", SQUARE, "--at", "missing.csv")
        self.fails(65, "--at nan,0: number 1 is NaN", "depth", SQUARE, "--at", "nan,0")
        self.fails(65, "--at 1,,2: number 2 is not a number", "depth", SQUARE, "--at", "1,,2")
        self.fails(65, "number 1 is not a number", "depth", SQUARE, "--at", "")
        far = write("far.csv", [[1.7e308, 5e-324], [-1.7e308, 0]])
        self.fails(65, f"{far}: point 0: row 2 is too far", "depth", far, "--all")
        self.fails(66, "missing.csv", "depth", "missing.csv", "--at", "0,0")
        nan = os.path.join(FOLDER.name, "nan.csv")
        with open(nan, "w", encoding="ascii") as out:
            out.write("1,2\nnan,3\n")
        self.fails(65, "nan.csv", "depth", nan, "--at", "0,0")


class Radius(Case):
    def test_finite(self):
        found = self.document("radius", CRELU, "--bias", APART)
        self.assertEqual(found["radius"], 2.0)
        self.assertEqual(found["lower"], 2.0)
        self.assertTrue(2.0 <= found["upper"] <= 2.0 * (1 + 1e-9))
        self.assertTrue(-2.00001 < found["z"][1] < -2.0)
        self.assertEqual((found["complete"], found["tolerance"]), (True, 1e-9))
        self.assertIn("critical radius 2\n", run("radius", CRELU, "--bias", APART).stdout)

    def test_tolerance(self):
        found = self.document("radius", CRELU, "--bias", APART, "--tolerance", 0.01)
        self.assertTrue(found["lower"] <= 2.0 <= found["upper"] <= found["lower"] * 1.011)

    def test_every_ball_and_none(self):
        found = self.document("radius", CRELU)
        self.assertIsNone(found["radius"])
        self.assertTrue(found["injective_on_every_ball"])
        self.assertIn("every ball", found["reason"])
        found = self.document("radius", write("half.csv", [[1, 0], [0, 1], [-1, 0]]))
        self.assertEqual((found["radius"], found["lower"], found["upper"]), (0, 0, 0))

    def test_limits_leave_bounds(self):
        found = self.document("radius", big_layer(), "--node-limit", 20)
        self.assertIsNone(found["radius"])
        self.assertFalse(found["complete"])

    def test_errors(self):
        self.fails(64, "--domain", "radius", CRELU, "--domain", "box")
        self.fails(64, "--tolerance", "radius", CRELU, "--tolerance", "2")
        self.fails(66, "missing.csv", "radius", "missing.csv")


class Bias(Case):
    def test_exact(self):
        found = self.document("bias", CRELU, "--radius", 2)
        self.assertEqual(found["uniform_exact"], 0.0)
        self.assertEqual(found["uniform_lower"], 0.0)
        self.assertTrue(0.0 <= found["uniform_upper"] < 1e-8)
        self.assertIs(found["omnidirectional"], True)
        for name in ("pbe", "monte_carlo"):
            self.assertIsNone(found[name])
            self.assertEqual(found[name + "_reason"], "not computed by this version")
        self.assertIn("t <= 0\n", run("bias", CRELU).stdout)

    def test_never(self):
        found = self.document("bias", write("row.csv", [[1, 0]]))
        self.assertEqual((found["uniform_exact"], found["uniform_lower"], found["uniform_upper"]),
                         (None, None, None))
        self.assertIn("rank 1", found["uniform_reason"])
        self.assertIs(found["omnidirectional"], False)

    def test_limits_leave_bounds(self):
        found = self.document("bias", big_layer(), "--node-limit", 20)
        self.assertIsNone(found["uniform_exact"])
        self.assertLess(found["uniform_lower"], found["uniform_upper"])

    def test_errors(self):
        self.fails(64, "radius", "bias", CRELU, "--radius", "-1")
        self.fails(64, "--tolerance", "bias", CRELU, "--tolerance", "0")
        self.fails(64, "--domain", "bias", CRELU, "--domain", "sphere")


class Help(Case):
    def test_help(self):
        listed = run("--help").stdout
        for command in ("depth", "radius", "bias"):
            done = run(command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("Usage: halfspan " + command, done.stdout)
            self.assertIn("  " + command, listed)


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], exit=False, verbosity=0)
    failed = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed > 0)
