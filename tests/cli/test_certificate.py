"""`halfspan check --certificate` and `halfspan verify`: what is proved, and what is refused.

Usage: test_certificate.py PROGRAM [DATA [CASES...]]: classes of tests, all of them by default
"""

import gzip
import hashlib
import itertools
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction
from unittest import mock

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "halfspan"
DATA = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else "data"
FOLDER = tempfile.TemporaryDirectory()

SHARE = 4 if os.environ.get("HALFSPAN_TEST_QUICKLY") else 1  # of the cases: one in so many
SEGMENT, CORE, UNIT, DEAD, SPAN, FIX, BRANCH, DETACH, END, CLASSES, CHUNK, SIEVE, LEAVE, DIVIDE, CLOSE, LOOK = range(1, 17)
WEIGHTS, ROWS, STORED = range(3)


def path(name):
    return os.path.join(FOLDER.name, name)


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


# ---- layers ------------------------------------------------------------------------------------------------


class Layer:
    """A layer in files, and the options that read it."""

    def __init__(self, name, weight, bias=None):
        self.weight = [[float(v) for v in row] for row in weight]
        self.bias = [float(v) for v in bias] if bias is not None else [0.0] * len(weight)
        self.file = path(name + ".csv")
        self.arguments = [self.file]
        write_rows(self.file, self.weight)
        if bias is not None:
            write_rows(path(name + "_bias.csv"), [[v] for v in self.bias])
            self.arguments += ["--bias", path(name + "_bias.csv")]

    def digest(self):
        numbers = [v for row in self.weight for v in row] + self.bias
        return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()


def write_rows(name, rows):
    with open(name, "w", encoding="ascii") as out:
        for row in rows:
            print(",".join(repr(v) for v in row), file=out)


# ---- certificates by hand ----------------------------------------------------------------------------------


def number(value):
    """7 bits a byte, the lowest first."""
    result = b""
    while value >= 0x80:
        result += bytes([value & 0x7F | 0x80])
        value >>= 7
    return result + bytes([value])


def listed(values):
    return number(len(values)) + b"".join(number(v) for v in values)


def segment(name, inactive=(), active=()):
    return number(SEGMENT) + number(name) + listed(inactive) + listed(active)


def core(slot, rows, kind=WEIGHTS, multipliers=()):
    stored = b""
    for value in multipliers:
        size = (value.bit_length() + 7) // 8
        stored += number(size) + value.to_bytes(size, "little")
    return number(CORE) + number(slot) + number(kind) + listed(rows) + stored


def step(code, *values):
    return number(code) + b"".join(listed(v) if isinstance(v, (list, tuple)) else number(v) for v in values)


def header(layer, domain="domain ball 1\n", verdict="injective"):
    return (f"halfspan-certificate 1\nverdict {verdict}\nrows {len(layer.weight)}\n"
            f"columns {len(layer.weight[0])}\nlayer {layer.digest()}\n{domain}").encode()


def finished(text):
    return text + f"end {hashlib.sha256(text).hexdigest()}\n".encode()


def injective(layer, *steps, domain="domain ball 1\n"):
    return finished(header(layer, domain) + b"steps\n" + gzip.compress(b"".join(steps)))


def hexadecimal(value):
    """A double or an integer as the format writes it."""
    top, bottom = value.as_integer_ratio()
    return f"{top:x}p-{bottom.bit_length() - 1}" if bottom > 1 else f"{top:x}"


def not_injective(layer, z, v, x, y, domain="domain ball 1\n"):
    text = header(layer, domain, "not-injective")
    for name, values in (("z", z), ("v", v), ("x", x), ("y", y)):
        text += (name + "".join(" " + hexadecimal(value) for value in values) + "\n").encode()
    return finished(text)


# ---- checks ------------------------------------------------------------------------------------------------


class Case(unittest.TestCase):
    threads = itertools.cycle((1, 2, 3))

    def verify(self, certificate, layer, threads=None):
        """Exit code and message of the checker, whose promises are checked on the way."""
        if isinstance(certificate, bytes):
            with open(path("by_hand"), "wb") as out:
                out.write(certificate)
            certificate = path("by_hand")
        done = run("verify", certificate, *layer.arguments, "--json", "--threads", threads or next(self.threads))
        message = done.stderr.decode()
        self.assertIn(done.returncode, (0, 1, 65, 66), (done.returncode, message))
        if done.returncode > 1:
            self.assertEqual(done.stdout, b"")
            self.assertEqual(message.count("\n"), 1, message)
            return done.returncode, message
        self.assertEqual(message, "")
        document = json.loads(done.stdout)
        self.assertEqual(document["proven"], done.returncode == 0)
        if document["proven"]:
            self.assertEqual(document["layer_sha256"], layer.digest())
        return done.returncode, document["reason"]

    def accepted(self, certificate, layer):
        code, message = self.verify(certificate, layer)
        self.assertEqual(code, 0, message)

    def refused(self, certificate, layer, piece, code=1):
        """Not accepted, for the reason that was meant."""
        found, message = self.verify(certificate, layer)
        self.assertEqual(found, code, message)
        self.assertIn(piece, message)


PAIRS = Layer("pairs", [[1, 0], [0, 1], [-1, 0], [0, -1]])
PAIR_CORES = core(0, [0, 4]) + core(1, [2, 6])
MERCEDES = Layer("mercedes", [[0, 1], [-0.8660254, -0.5], [0.8660254, -0.5]])


class Steps(Case):
    """Every rule of the format, kept and broken."""

    def check(self, *steps, layer=PAIRS, domain="domain ball 1\n"):
        return injective(layer, *steps, domain=domain)

    def test_pairs(self):
        proof = [segment(0), PAIR_CORES, step(SPAN, [0, 1]), step(END, 1)]
        for domain in ("ball 1", "space", "nonneg-ball 3p-2", "box\nlower -1 -inf\nupper 1 1p40"):
            self.accepted(self.check(*proof, domain=f"domain {domain}\n"), PAIRS)
        self.refused(self.check(*proof[:3]), PAIRS, "end before the proof is complete", 65)
        self.refused(self.check(*proof, b"\x01"), PAIRS, "follow the end", 65)
        self.refused(self.check(*proof[1:]), PAIRS, "outside every segment")
        self.refused(self.check(*proof[:2], step(END, 1)), PAIRS, "not closed")
        self.refused(self.check(*proof[:3], step(END, 2)), PAIRS, "missing")
        self.refused(self.check(step(END, 0)), PAIRS, "missing")
        self.refused(self.check(*proof[:3], step(17)), PAIRS, "out of range", 65)
        self.refused(self.check(segment(0), PAIR_CORES, step(SPAN, [0]), step(END, 1)), PAIRS, "1 of 2 dimensions are open")
        self.refused(self.check(segment(0), PAIR_CORES, step(SPAN, [0, 0]), step(END, 1)), PAIRS, "dimensions are open")
        self.refused(self.check(segment(0), PAIR_CORES, step(SPAN, [0, 2]), step(END, 1)), PAIRS, "no core in slot 2")
        self.refused(self.check(segment(1), PAIR_CORES, step(SPAN, [0, 1]), step(END, 1)), PAIRS, "segment 0")

    def test_branches(self):
        """The same by branching: row 0 is active or inactive, and so is row 1."""
        side = step(UNIT, 1) + step(SPAN, [])
        half = step(BRANCH, 1) + step(SPAN, []) + side
        whole = [segment(0), PAIR_CORES, step(BRANCH, 0), half, step(UNIT, 0), half, step(END, 1)]
        self.accepted(self.check(*whole), PAIRS)
        self.refused(self.check(*whole[:4], *whole[6:]), PAIRS, "not closed")  # a missing second child
        self.refused(self.check(*whole[:4], *whole[5:]), PAIRS, "1 of 2 dimensions are open")
        self.refused(self.check(*whole[:3], step(BRANCH, 0), *whole[3:]), PAIRS, "not open")
        self.refused(self.check(*whole[:3], step(UNIT, 0), *whole[3:]), PAIRS, "does not apply")
        self.refused(self.check(segment(0), PAIR_CORES, step(UNIT, 0)), PAIRS, "2 rows of the core are open")
        self.refused(self.check(segment(0), PAIR_CORES, step(DEAD, 0)), PAIRS, "2 rows of the core are open")
        self.refused(self.check(segment(0), step(BRANCH, 4)), PAIRS, "out of range", 65)

    def test_segments(self):
        body = step(UNIT, 0) + step(UNIT, 1) + step(SPAN, [])
        left = segment(0) + PAIR_CORES + step(BRANCH, 0) + step(SPAN, [1])
        first = left + step(BRANCH, 1) + step(UNIT, 0) + step(SPAN, []) + step(DETACH, 1)
        second = segment(1, [0, 1]) + body
        self.accepted(self.check(first, second, step(END, 2)), PAIRS)
        self.accepted(self.check(PAIR_CORES, second, first, step(END, 2)), PAIRS)
        self.refused(self.check(first, step(END, 1)), PAIRS, "missing")
        self.refused(self.check(first, second, second, step(END, 2)), PAIRS, "proved twice")
        self.refused(self.check(first, segment(1, [0, 3]), body, step(END, 2)), PAIRS, "other states")
        self.refused(self.check(first, segment(1, [0], [1]), body, step(END, 2)), PAIRS, "other states")
        self.refused(self.check(first, segment(1, [0, 1, 0])), PAIRS, "cannot be assumed")
        # a proof that rests on itself
        self.refused(self.check(segment(0), step(DETACH, 0), step(END, 1)), PAIRS, "may not rest")
        self.refused(self.check(left, step(DETACH, 2), segment(2, [0]), step(DETACH, 1), segment(1, [0]),
                                step(DETACH, 2), step(END, 3)), PAIRS, "may not rest")
        # assumptions that nobody made
        self.refused(self.check(PAIR_CORES, segment(0, [0, 1]), body, step(END, 1)), PAIRS, "assumes nothing")

    def test_groups_need_not_be_disjoint(self):
        """The three rows of a core of the plane, and a fourth: one group twice is not two rows."""
        layer = Layer("overlap", [[1, 0], [0, 1], [-1, -1], [1, 1], [-1, 0], [0, -1]])
        cores = core(0, [0, 2, 4]) + core(1, [4, 6]) + core(2, [0, 8]) + core(3, [2, 10])
        self.refused(self.check(segment(0), cores, step(SPAN, [0, 0]), step(END, 1), layer=layer), layer, "need not span")
        self.refused(self.check(segment(0), cores, step(SPAN, [0, 1]), step(END, 1), layer=layer), layer, "dimensions are open")
        self.accepted(self.check(segment(0), cores, step(SPAN, [2, 3]), step(END, 1), layer=layer), layer)
        self.accepted(self.check(segment(0), cores, step(SPAN, [2, 1]), step(END, 1), layer=layer), layer)

    def test_groups_need_states(self):
        """A core may only be used where the rows it does not offer have its states."""
        layer = Layer("states", [[1, 0], [0, 1], [-1, -1], [-1, 0], [0, -1]])
        cores = core(0, [0, 6]) + core(1, [2, 8]) + core(2, [0, 2, 4]) + core(3, [1, 7])
        begin = segment(0) + cores
        # row 0 is inactive, so its partner is active, and the triple offers rows 1 and 2 only
        self.accepted(self.check(begin, step(BRANCH, 0), step(SPAN, [1]), step(UNIT, 0), step(SPAN, [2]),
                                 step(END, 1), layer=layer), layer)
        self.refused(self.check(begin, step(BRANCH, 0), step(SPAN, [2]), layer=layer), layer, "does not apply")
        self.refused(self.check(begin, step(SPAN, [1, 3]), layer=layer), layer, "asks to be active")

    def test_fixing(self):
        pairs = Layer("fixing", [[1, 0], [-1, 0], [1, 1], [-1, -1], [0, 1], [0, -1]])
        cores = core(0, [0, 2]) + core(1, [4, 6]) + core(2, [8, 10])
        begin = segment(0) + cores
        # with one of rows 0 and 1, any of the others would span: so all of them sleep, which core 1 forbids
        self.accepted(self.check(begin, step(FIX, [0], [2, 3, 4, 5]), step(DEAD, 1), step(END, 1), layer=pairs), pairs)
        self.refused(self.check(begin, step(FIX, [0], [1, 2, 3]), layer=pairs), pairs, "dimensions are open")
        self.refused(self.check(begin, step(BRANCH, 0), step(FIX, [], [1]), layer=pairs), pairs, "dimensions are open")
        self.refused(self.check(begin, step(FIX, [], [2, 3]), layer=pairs), pairs, "1 of 2 dimensions are open")
        self.refused(self.check(begin, step(FIX, [0], []), layer=pairs), pairs, "no row is fixed")
        self.refused(self.check(begin, step(FIX, [0], [2, 2]), layer=pairs), pairs, "not open")

    def test_several_checkers(self):
        """Each thing that is wrong is wrong for one of the checkers only, whichever that is."""
        end = step(END, 1)
        other, bad = core(2, [0, 2]), step(BRANCH, 0) + step(SPAN, [])
        witness = Layer("shares", [[1, 0], [1, 1], [1, 2], [1, 3], [1, 4]])
        for place in range(7):
            cores = PAIR_CORES * (place // 2) + core(0, [0, 4]) * (place % 2)
            begin = segment(0) + cores
            wide = Layer("turned", witness.weight[:place % 5] + [[-1, 1]] + witness.weight[place % 5:])
            proofs = ((self.check(begin, other, PAIR_CORES, step(SPAN, [0, 1]), end), PAIRS, "no unique vanishing"),
                      (self.check(begin, PAIR_CORES, bad, step(UNIT, 0), step(SPAN, [1]), end), PAIRS, "1 of 2 dimensions"),
                      (not_injective(wide, [-0.5, 0], [0, 0.0625], [-0.5, 0.0625], [-0.5, -0.0625]), wide,
                       f"row {place % 5} has different outputs"))
            for proof, layer, piece in proofs:
                messages = [self.verify(proof, layer, threads) for threads in (1, 2, 3, 8)]
                self.assertEqual([message for message in messages if message != messages[0]], [])
                self.assertEqual(messages[0][0], 1)
                self.assertIn(piece, messages[0][1])
        self.accepted(not_injective(witness, [-0.5, 0], [0, 0.0625], [-0.5, 0.0625], [-0.5, -0.0625]), witness)

    def test_zero_rows(self):
        """Rows without weight span nothing and may not occur."""
        layer = Layer("zero", [[1, 0], [0, 1], [-1, 0], [0, -1], [0, 0]], [0, 0, 0, 0, 1])
        self.accepted(self.check(segment(0), PAIR_CORES, step(SPAN, [0, 1]), step(END, 1), layer=layer), layer)
        self.refused(self.check(segment(0), core(0, [8]), layer=layer), layer, "row 4 cannot be in a core")
        self.refused(self.check(segment(0), step(BRANCH, 4), layer=layer), layer, "not open")
        self.refused(self.check(segment(0, [4]), layer=layer), layer, "cannot be assumed")
        self.refused(self.check(segment(0), PAIR_CORES, step(FIX, [0], [4]), layer=layer), layer, "not open")


def chunk(name, *digits):
    return step(CHUNK, name, *(list(rows) for rows in (digits + ((), (), ()))[:3]))


class Classes(Case):
    """The rules about classes modulo 3, kept and broken."""

    BEGIN = segment(0) + PAIR_CORES

    def check(self, *steps, layer=PAIRS, domain="domain ball 1\n"):
        return injective(layer, *steps, domain=domain)

    def test_one_chunk(self):
        """v = (1, 0) dies by core 0, (0, 1) by core 1, (1, 1) and (1, 2) by either."""
        begin, end = [self.BEGIN, step(CLASSES, 1, []), chunk(1)], step(END, 2)
        both = step(SIEVE, 0) + step(SIEVE, 1)
        for domain in ("ball 1", "space", "nonneg-ball 3p-2", "box\nlower -1 -inf\nupper 1 1p40"):
            self.accepted(self.check(*begin, both, step(CLOSE), end, domain=f"domain {domain}\n"), PAIRS)
        self.accepted(self.check(*begin, step(SIEVE, 1), both, step(CLOSE), end), PAIRS)
        self.accepted(self.check(*begin[:2], both[:0], core(2, [0, 4]), begin[2], core(3, [2, 6]), step(SIEVE, 2),
                                 core(2, [4, 0]), step(SIEVE, 3), step(CLOSE), end), PAIRS)
        for left in (b"", step(SIEVE, 0), step(SIEVE, 1)):
            self.refused(self.check(*begin, left, step(CLOSE), end), PAIRS, "classes of the set are left")
        self.refused(self.check(*begin, both, end), PAIRS, "not closed")
        self.refused(self.check(*begin, both, step(CLOSE), step(CLOSE), end), PAIRS, "outside every segment")
        self.refused(self.check(*begin, both, step(CLOSE), both, end), PAIRS, "outside every segment")
        self.refused(self.check(*begin, both, step(CLOSE), step(END, 1)), PAIRS, "missing")
        self.refused(self.check(*begin, step(SIEVE, 2)), PAIRS, "no core in slot 2")
        self.refused(self.check(*begin, step(SIEVE, 65536)), PAIRS, "out of range", 65)
        self.refused(self.check(*begin, core(0, [1, 5]), step(SIEVE, 0)), PAIRS, "asks to be active")
        # a subtree that assumes nothing says what a chunk without digits says
        self.accepted(self.check(self.BEGIN, step(DETACH, 1), chunk(1), both, step(CLOSE), end), PAIRS)
        self.accepted(self.check(*begin[:2], segment(1), step(SPAN, [0, 1]), end), PAIRS)

    def test_chunks(self):
        """By the digits of some rows; those of rows 0 and 2 add up to 0."""
        proofs = {0: step(CLOSE), 1: step(SIEVE, 0) + step(CLOSE), 2: step(SIEVE, 1) + step(CLOSE)}
        cases = (([0], [([[0]], 2), ([[], [0]], 1)]),
                 ([3], [([[3]], 1), ([[], [3]], 2)]),
                 ([0, 1], [([[0, 1]], 0), ([[1], [0]], 1), ([[], [0, 1]], 1), ([[], [0], [1]], 2), ([[0], [1]], 2)]),
                 ([2, 0], [([[0, 2]], 2), ([[0], [2]], 0), ([[], [0, 2]], 0), ([[], [2], [0]], 1), ([[2], [0]], 0)]))
        for rows, parts in cases:
            begin = [self.BEGIN, step(CLASSES, 3, rows)]
            made = [(chunk(3 + k, *digits), proofs[proof]) for k, (digits, proof) in enumerate(parts)]
            count = len(parts) + 1
            # numbers 1 and 2 are not used: the numbers need not be without a gap
            self.accepted(self.check(*begin, *itertools.chain(*made), step(END, count)), PAIRS)
            self.accepted(self.check(PAIR_CORES, *itertools.chain(*made[::-1]), *begin, step(END, count)), PAIRS)
            for k, (digits, proof) in enumerate(parts):
                rest = list(itertools.chain(*made[:k], *made[k + 1:]))
                self.refused(self.check(*begin, *rest, step(END, count - 1)), PAIRS, "missing")
                self.refused(self.check(*begin, *itertools.chain(*made), *made[k]), PAIRS, "proved twice")
                for other, _ in parts[:k] + parts[k + 1:] + [([], 0)]:
                    self.refused(self.check(*begin, *rest, chunk(3 + k, *other)), PAIRS, "other states")
                self.refused(self.check(*begin, *rest, segment(3 + k, digits[0])), PAIRS, "other states")
                self.refused(self.check(*begin, *rest, segment(3 + k, [], digits[0])), PAIRS, "other states")
                if proof != 0:
                    self.refused(self.check(*begin, made[k][0], step(CLOSE)), PAIRS, "are left")
        self.refused(self.check(self.BEGIN, step(CLASSES, 1, [0]), chunk(3, [], [1])), PAIRS, "end before", 65)
        # one chunk more than there are, or one that nobody left
        self.refused(self.check(self.BEGIN, step(CLASSES, 1, [0]), chunk(1, [0]), proofs[2], chunk(2, [], [0]), proofs[1],
                                chunk(3, [], [], [0]), proofs[1], step(END, 4)), PAIRS, "segment 3 is missing")

    def test_active_rows(self):
        """Rows that are active in the branch have digit 0; others may have any."""
        close = step(SIEVE, 1) + step(CLOSE)
        sides = [self.BEGIN, step(BRANCH, 0), step(CLASSES, 1, [0]), step(UNIT, 0), step(CLASSES, 2, [2])]
        proof = [chunk(1, [0]), close, chunk(2, [2]), close]
        self.accepted(self.check(*sides, *proof, step(END, 3)), PAIRS)
        self.refused(self.check(*sides[:3], step(CLASSES, 2, [2]), *proof, step(END, 3)), PAIRS, "is missing")
        self.refused(self.check(*sides[:3], step(CLASSES, 1, [0])), PAIRS, "twice")
        # the digit of the active row is nobody's choice, nor known where it is not listed
        mixed = [self.BEGIN, step(BRANCH, 0), step(BRANCH, 1), step(SPAN, []), step(CLASSES, 1, [1, 0]), step(UNIT, 0),
                 step(CLASSES, 3, [2])]
        empty, open_row, last = chunk(1, [0, 1]) + step(CLOSE), chunk(2, [0], [1]) + close, chunk(3, [2]) + close
        self.accepted(self.check(*mixed, last, empty, open_row, step(END, 4)), PAIRS)
        for other in (chunk(2, [], [0, 1]), chunk(2, [], [1]), chunk(2, [1], [0]), chunk(2, [0])):
            self.refused(self.check(*mixed, empty, last, other), PAIRS, "other states")
        self.refused(self.check(*sides[:2], step(CLASSES, 1, []), step(UNIT, 0), step(CLASSES, 2, []), chunk(1, [0])), PAIRS,
                     "other states")
        # a row that is inactive may have any digit
        self.refused(self.check(*sides[:4], step(CLASSES, 2, [0]), *proof, step(END, 3)), PAIRS, "other states")

    def test_leaving(self):
        begin = [self.BEGIN, step(CLASSES, 1, []), chunk(1)]
        first = [step(LEAVE, 2, [0]), step(SIEVE, 1), step(CLOSE)]
        second = segment(2, [0]) + step(SPAN, [1])  # does not hold: row 2 has to be learnt
        proof = segment(2, [0]) + step(UNIT, 0) + step(SPAN, [1])
        self.accepted(self.check(*begin, *first, proof, step(END, 3)), PAIRS)
        self.accepted(self.check(PAIR_CORES, proof, *begin, *first, step(END, 3)), PAIRS)
        self.refused(self.check(*begin, *first, second), PAIRS, "dimensions are open")
        self.refused(self.check(*begin, *first, step(END, 2)), PAIRS, "missing")
        for other in (segment(2, [2]), segment(2, [], [0]), segment(2, [0, 1]), segment(2), chunk(2, [0]), chunk(2)):
            self.refused(self.check(*begin, *first, other), PAIRS, "other states")
        self.refused(self.check(*begin, step(LEAVE, 1, [0])), PAIRS, "may not rest on segment 1")
        self.refused(self.check(*begin, step(LEAVE, 0, [0])), PAIRS, "may not rest on segment 0")
        self.refused(self.check(*begin, step(LEAVE, 1 << 24, [0])), PAIRS, "out of range", 65)
        self.refused(self.check(*begin, step(LEAVE, 2, [4])), PAIRS, "out of range", 65)
        self.refused(self.check(*begin, step(LEAVE, 2, [0]), step(LEAVE, 2, [0])), PAIRS, "twice")
        self.refused(self.check(*begin, step(LEAVE, 2, [0, 1]), step(SIEVE, 1), step(CLOSE)), PAIRS, "are left")
        # two chunks that rest on each other
        self.refused(self.check(self.BEGIN, step(CLASSES, 1, []), chunk(1), step(LEAVE, 2, []), step(CLOSE), chunk(2),
                                step(LEAVE, 1, [])), PAIRS, "may not rest")
        # all classes are left to a subtree that assumes nothing, and that one to classes
        both = step(SIEVE, 0) + step(SIEVE, 1) + step(CLOSE)
        self.accepted(self.check(*begin, step(LEAVE, 2, []), step(CLOSE), segment(2), step(CLASSES, 3, []), chunk(3), both,
                                 step(END, 4)), PAIRS)
        for first in (0, 1, 2):
            self.refused(self.check(*begin, step(LEAVE, 2, []), step(CLOSE), segment(2), step(CLASSES, first, [])), PAIRS,
                         f"may not rest on segment {first}")

    def test_dividing(self):
        begin = [self.BEGIN, step(CLASSES, 1, []), chunk(1)]
        zero, other = step(SIEVE, 1) + step(CLOSE), step(SIEVE, 0) + step(CLOSE)
        self.accepted(self.check(*begin, step(DIVIDE, 0), zero, other, step(END, 2)), PAIRS)
        self.accepted(self.check(*begin, step(DIVIDE, 1), other, zero, step(END, 2)), PAIRS)
        self.refused(self.check(*begin, step(DIVIDE, 0), other), PAIRS, "are left")
        self.refused(self.check(*begin, step(DIVIDE, 1), zero), PAIRS, "are left")
        self.refused(self.check(*begin, step(DIVIDE, 0), zero, step(END, 2)), PAIRS, "not closed")
        self.refused(self.check(*begin, step(DIVIDE, 0), zero, step(SIEVE, 1), step(CLOSE)), PAIRS, "are left")
        self.refused(self.check(*begin, step(DIVIDE, 8)), PAIRS, "out of range", 65)
        # what is divided off last comes first: (0, 1), then (1, 1) and (1, 2), then (1, 0)
        self.accepted(self.check(*begin, step(DIVIDE, 3), step(DIVIDE, 4), zero, zero, other, step(END, 2)), PAIRS)
        self.refused(self.check(*begin, step(DIVIDE, 3), step(DIVIDE, 4), zero, other, zero), PAIRS, "are left")
        # a part may be empty; a core takes classes of one part only
        self.accepted(self.check(*begin, step(SIEVE, 1), step(DIVIDE, 0), step(CLOSE), other, step(END, 2)), PAIRS)
        self.refused(self.check(*begin, step(DIVIDE, 0), step(SIEVE, 0), zero, step(CLOSE)), PAIRS, "are left")
        self.refused(self.check(*begin, step(DIVIDE, 0) * (1 << 16), step(DIVIDE, 0)), PAIRS, "too many parts")

    def test_places(self):
        """Steps of trees do not occur in chunks, nor others outside, nor one kind inside the other."""
        begin = [self.BEGIN, step(CLASSES, 1, []), chunk(1)]
        of_chunks = (step(SIEVE, 0), step(LEAVE, 2, [0]), step(DIVIDE, 0), step(CLOSE))
        of_trees = (step(UNIT, 0), step(DEAD, 0), step(SPAN, [0, 1]), step(FIX, [0], [1]), step(BRANCH, 0), step(DETACH, 3),
                    step(CLASSES, 3, []))
        for made in of_chunks:
            self.refused(self.check(self.BEGIN, made), PAIRS, "another kind of segment")
            self.refused(self.check(PAIR_CORES, made), PAIRS, "outside every segment")
        for made in of_trees:
            self.refused(self.check(*begin, made), PAIRS, "another kind of segment")
            self.refused(self.check(*begin[:2], made), PAIRS, "outside every segment")
        for made in (chunk(2), segment(2), step(END, 2)):
            self.refused(self.check(*begin, made), PAIRS, "not closed")
        self.refused(self.check(self.BEGIN, chunk(1)), PAIRS, "not closed")
        self.refused(self.check(PAIR_CORES, chunk(0)), PAIRS, "assumes nothing")
        self.refused(self.check(PAIR_CORES, chunk(0, [0])), PAIRS, "assumes nothing")
        self.refused(self.check(PAIR_CORES, chunk(1), step(SIEVE, 0), step(SIEVE, 1), step(CLOSE), step(END, 1)), PAIRS,
                     "segment 0 is missing")

    def test_rows(self):
        begin = [self.BEGIN, step(CLASSES, 1, [0])]
        for digits in (([0, 0],), ([0], [0]), ([0], [], [0]), ([], [1, 1])):
            self.refused(self.check(*begin, chunk(1, *digits)), PAIRS, "has no digit here")
        for digits in (([4],), ([], [4]), ([], [], [1 << 40])):
            self.refused(self.check(*begin, chunk(1, *digits)), PAIRS, "out of range", 65)
        self.refused(self.check(self.BEGIN, step(CLASSES, 1, [0, 1, 0])), PAIRS, "has no digit here")
        self.refused(self.check(self.BEGIN, step(CLASSES, 1, [0, 4])), PAIRS, "out of range", 65)
        self.refused(self.check(self.BEGIN, step(CLASSES, 1, [0, 1, 2, 3, 0])), PAIRS, "number of rows 5 is out of range", 65)
        self.refused(self.check(self.BEGIN, step(CLASSES, 1 << 24, [])), PAIRS, "out of range", 65)
        self.refused(self.check(self.BEGIN, step(CLASSES, 0, [])), PAIRS, "may not rest on segment 0")
        self.refused(self.check(self.BEGIN, step(CLASSES, (1 << 24) - 1, [0])), PAIRS, "too many chunks")
        self.refused(self.check(*begin, chunk(1, [0]), step(LEAVE, 2, [2])), PAIRS, "left or proved twice")
        whole = begin + [chunk(1, [0]), step(SIEVE, 1) + step(CLOSE), chunk(2, [], [0]), step(SIEVE, 0) + step(CLOSE),
                         step(END, 3)]
        self.accepted(self.check(*whole), PAIRS)
        joined = b"".join(whole)
        for size in range(len(joined)):
            self.refused(self.check(joined[:size]), PAIRS, "end before the proof is complete", 65)
        for at in range(len(self.BEGIN), len(joined)):  # a digit or a number more or less
            for change in (-1, 1):
                changed = joined[:at] + bytes([joined[at] + change & 0x7F]) + joined[at + 1:]
                self.assertIn(self.verify(self.check(changed), PAIRS)[0], (1, 65), (at, change))

    def test_rows_looked_at(self):
        """Steps of chunks may have those rows only, faces apart; others may have digits."""
        begin, chunks = [self.BEGIN, step(CLASSES, 1, [1])], [chunk(1, [1]), chunk(2, [], [1])]
        proofs = [step(SIEVE, 0) + step(CLOSE), step(SIEVE, 1) + step(CLOSE)]
        whole = [*begin, step(LOOK, [2, 0]), chunks[0], proofs[0], step(LOOK, [3, 1, 0]), chunks[1], proofs[1],
                 step(END, 3)]
        self.accepted(self.check(*whole), PAIRS)
        self.accepted(self.check(*begin, step(LOOK, [0, 1, 2, 3]), chunks[0], *proofs[:1], chunks[1], *proofs[1:], step(END, 3)),
                      PAIRS)
        self.refused(self.check(*begin, step(LOOK, [2, 0]), chunks[1], proofs[1]), PAIRS, "row 1 is not looked at")
        self.refused(self.check(*begin, step(LOOK, [2, 0]), chunks[1], step(DIVIDE, 2)), PAIRS, "row 1 is not looked at")
        self.refused(self.check(*begin, step(LOOK, [2, 0]), chunks[1], step(LEAVE, 3, [3])), PAIRS, "row 3 is not looked at")
        self.refused(self.check(*begin, step(LOOK, [])), PAIRS, "no row is looked at")
        self.refused(self.check(*begin, step(LOOK, [2, 2])), PAIRS, "row 2 is looked at twice")
        self.refused(self.check(*begin, step(LOOK, [4])), PAIRS, "out of range", 65)
        self.refused(self.check(*begin, chunks[0], step(LOOK, [0])), PAIRS, "not closed")
        self.refused(self.check(self.BEGIN, step(LOOK, [0])), PAIRS, "not closed")
        self.refused(self.check(*whole[:-2], step(CLOSE)), PAIRS, "classes of the set are left")

    def test_zero_rows(self):
        """A row without weight has no digit, and is 0 for all classes."""
        layer = Layer("zero_classes", [[1, 0], [0, 1], [-1, 0], [0, -1], [0, 0]])
        begin, both = self.BEGIN + step(CLASSES, 1, []) + chunk(1), step(SIEVE, 0) + step(SIEVE, 1)
        self.accepted(self.check(begin, both, step(CLOSE), step(END, 2), layer=layer), layer)
        self.refused(self.check(self.BEGIN, step(CLASSES, 1, [4]), layer=layer), layer, "row 4 has no digit")
        self.refused(self.check(chunk(1, [4]), layer=layer), layer, "row 4 has no digit")
        self.refused(self.check(begin, step(LEAVE, 2, [4]), step(CLOSE), layer=layer), layer, "are left")
        self.accepted(self.check(begin, step(DIVIDE, 9), step(CLOSE), both, step(CLOSE), step(END, 2), layer=layer), layer)
        self.refused(self.check(begin, step(DIVIDE, 9), both, step(CLOSE), step(CLOSE), layer=layer), layer, "are left")

    def test_residues(self):
        """The digits of v = 1 and v = 2 for two numbers, of whatever size; others have no class."""
        chance = random.Random(3)
        for trial in range(40 // SHARE):
            weight = [0.0, 0.0]
            while 0.0 in weight:
                weight = [math.ldexp(chance.randint(-99, 99), chance.randint(-1074, 900)) for _ in range(2)]
            layer = Layer("residues", [[v] for v in weight] + [[-v] for v in weight])
            # the numerator over a power of two, which is 1 or -1 modulo 3
            thirds = [v.as_integer_ratio()[0] * pow(v.as_integer_ratio()[1], -1, 3) % 3 for v in weight]
            begin = segment(0) + core(0, [0, 4]) + core(1, [2, 6]) + step(CLASSES, 1, [0, 1])
            parts = [([0, 1],), ([1], [0]), ([], [0, 1]), ([], [0], [1]), ([0], [1])]
            for k, digits in enumerate(parts):
                given = [next(d for d in range(3) if row in (digits + ((), ()))[d]) for row in (0, 1)]
                some = any(all(thirds[i] * v % 3 == given[i] for i in (0, 1)) for v in (1, 2))
                proof = injective(layer, begin, chunk(1 + k, *digits), step(CLOSE))
                self.refused(proof, layer, "are left" if some else "end before", 1 if some else 65)
        layer = Layer("threes", [[3], [-3]])
        proof = [segment(0), core(0, [0, 2]), step(CLASSES, 1, []), chunk(1), step(SIEVE, 0), step(CLOSE)]
        self.refused(self.check(*proof, layer=layer), layer, "are left")

    def test_faces(self):
        layer = Layer("face", [[1]])
        proof = [segment(0), core(0, [0, 2]), step(CLASSES, 1, []), chunk(1), step(SIEVE, 0), step(CLOSE), step(END, 2)]
        self.accepted(self.check(*proof, layer=layer, domain="domain box\nlower 1p-1\nupper inf\n"), layer)
        self.refused(self.check(*proof, layer=layer, domain="domain box\nlower -1p-1\nupper inf\n"), layer, "prove nothing")

    def test_limits(self):
        wide = Layer("wide", [[1, 0], [0, 1], [-1, 0], [0, -1]] * 10)
        for count in (16, 17, 40):
            self.refused(self.check(self.BEGIN, step(CLASSES, 1, list(range(count))), layer=wide), wide, "too many chunks")
        for n, many in ((14, False), (15, True), (40, True)):
            deep = Layer("deep", [[float(i == j) for j in range(n)] for i in range(n)])
            message = self.verify(self.check(segment(0), step(CLASSES, 1, []), chunk(1), layer=deep), deep)[1]
            self.assertIn("too many classes" if many else "end before", message)
            rows = list(range(n - 8))
            message = self.verify(self.check(chunk(1, rows), layer=deep), deep)[1]
            self.assertIn("end before", message)

    def test_false_statements(self):
        """Whatever the steps, no layer is injective that is not; those that are may be proved."""
        chance = random.Random(8)
        layers = [(Layer("false0", [[1, 0], [0, 1], [-1, 0]]), [[0, 4]], False),
                  (Layer("false1", [[1, 0], [0, 1], [-1, -1]]), [[0, 2, 4]], False),
                  (Layer("false2", [[1, 0], [0, 1], [-1, -1], [1, 1]]), [[0, 2, 4], [4, 6]], False),
                  (Layer("true0", [[1, 0], [0, 1], [-1, 0], [0, -1]]), [[0, 4], [2, 6]], True)]
        seen = 0
        for trial in range(300 // SHARE):
            layer, cores, true = chance.choice(layers)
            m = len(layer.weight)
            rows = chance.sample(range(m), chance.randint(0, 2))
            steps = [segment(0), *(core(k, made) for k, made in enumerate(cores)), step(CLASSES, 1, rows)]
            number, chunks = 1 + (3 ** len(rows) + 1) // 2, []
            for digits in itertools.product(range(3), repeat=len(rows)):
                first = next((i for i, digit in enumerate(digits) if digit), len(rows))
                if first == len(rows) or digits[first] == 1:
                    chunks.append((-1 if first == len(rows) else first, digits))
            for k, (_, digits) in enumerate(sorted(chunks)):
                steps.append(chunk(1 + k, *([row for row, digit in zip(rows, digits) if digit == d] for d in range(3))))
                parts = 1
                for _ in range(chance.randint(0, 5)):
                    kind = chance.choice((SIEVE, SIEVE, SIEVE, DIVIDE, CLOSE))
                    if kind == CLOSE and parts == 1:
                        continue
                    parts += (kind == DIVIDE) - (kind == CLOSE)
                    steps.append(step(CLOSE) if kind == CLOSE else step(kind, chance.randrange(
                        len(cores) if kind == SIEVE else 2 * m)))
                steps += [step(CLOSE)] * parts
            code, message = self.verify(injective(layer, *steps, step(END, number)), layer, 1)
            self.assertIn(code, (0, 1), message)
            self.assertTrue(true or code == 1, steps)
            seen += code == 0
        self.assertGreater(seen, 4 // SHARE)


class Cores(Case):
    """One core each: accepted when the proof then fails for the missing rest only."""

    def core(self, layer, rows, kind=WEIGHTS, multipliers=(), domain="domain ball 1\n"):
        code, message = self.verify(injective(layer, core(0, rows, kind, multipliers), domain=domain), layer)
        self.assertNotEqual(code, 0)
        return "end before the proof is complete" in message

    def test_cone(self):
        layer = Layer("cone", [[1, 0.1], [-0.5, 1], [-0.5, -1], [1, 0.1000000000000001], [-2, 4]])
        self.assertTrue(self.core(layer, [0, 2, 4]))
        self.assertFalse(self.core(layer, [1, 2, 4]))
        self.assertFalse(self.core(layer, [0, 2]))
        self.assertFalse(self.core(layer, [0, 2, 8]))
        self.assertFalse(self.core(layer, []))
        self.assertFalse(self.core(layer, [0, 0, 2, 4]))
        self.assertFalse(self.core(layer, [0, 1]))
        self.assertTrue(self.core(layer, [3, 4, 2]) == self.core(layer, [2, 4, 3]))
        self.assertTrue(self.core(layer, [2, 9]))  # parallel rows: one inactive, one active
        self.assertFalse(self.core(layer, [0, 7]))  # nearly parallel rows are not
        self.assertTrue(self.core(layer, [2, 9], STORED, [4, 1]))
        self.assertFalse(self.core(layer, [2, 9], STORED, [4, 2]))
        self.assertFalse(self.core(layer, [2, 9], STORED, [0, 0]))

    def test_space_with_bias(self):
        """z < -1 and z > 0; with h = 0 the two only touch."""
        for kind in (WEIGHTS, STORED):
            stored = [1, 1] if kind == STORED else []
            domain = "domain space\n"
            self.assertTrue(self.core(Layer("apart", [[1], [-1]], [1, 0]), [0, 2], kind, stored, domain))
            self.assertTrue(self.core(Layer("touch", [[1], [-1]], [1, -1]), [0, 2], kind, stored, domain))
            self.assertFalse(self.core(Layer("meet", [[1], [-1]], [1, -1 - 2**-52]), [0, 2], kind, stored, domain))
        layer = Layer("tie", [[1], [-1], [2]], [1, -1, 0])
        self.assertTrue(self.core(layer, [0, 2], ROWS, (), "domain space\n"))
        self.assertFalse(self.core(layer, [0, 3], ROWS, (), "domain space\n"))

    def test_ball(self):
        """0.6 z1 + 0.8 z2 + 1 < 0 does not meet the unit ball: 1 >= |(0.6, 0.8)| as stored."""
        layer = Layer("tangent", [[0.6, 0.8], [3, 4]], [1.0000000000000002, 5])
        for row, radius, holds in ((0, "1", True), (1, "1", True), (1, "10000000000001p-52", False),
                                   (1, "1fffffffffffffp-53", True), (0, "2", False)):
            domain = f"domain ball {radius}\n"
            self.assertEqual(self.core(layer, [2 * row], STORED, [3], domain), holds, (row, radius))
        self.assertFalse(self.core(layer, [1], STORED, [1]))
        self.assertFalse(self.core(layer, [2], STORED, [1], "domain space\n"))

    def test_faces(self):
        layer = Layer("faces", [[1, 1], [1, 0]], [0.5, 1])
        box = "domain box\nlower 0 -1p-1\nupper inf 1\n"
        # z1 + z2 + 1/2 >= 0 in the box, with the faces -z1 < 0 and -z2 - 1/2 < 0
        self.assertTrue(self.core(layer, [0, 4, 8], domain=box))
        self.assertFalse(self.core(layer, [0, 5, 8], domain=box))
        self.assertFalse(self.core(layer, [0, 6, 8], domain=box))  # there is no upper bound of z1
        self.assertFalse(self.core(layer, [0, 4, 8], domain="domain box\nlower 0 -3p-2\nupper inf 1\n"))
        self.assertFalse(self.core(layer, [0, 4, 8]))
        self.assertTrue(self.core(layer, [0, 4, 8], domain="domain nonneg-ball 1\n"))
        self.assertFalse(self.core(layer, [0, 6], domain="domain nonneg-ball 1\n"))

    def test_overflow(self):
        """z1 < -1e308, z2 and z3 < 1.2e308 and z1 + z2 + z3 > 1e308 can be had together, but 1e308 + 1e308 is
        infinite. With one row of the false core and two directions in general position all would be spanned."""
        weight = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1], [1, 2, 4], [-1, -2, -4], [1, 3, 9], [-1, -3, -9]]
        layer = Layer("overflow", weight, [1e308, -1.2e308, -1.2e308, 1e308, 0, 0, 0, 0])
        self.assertFalse(self.core(layer, [0, 2, 4, 6], domain="domain space\n"))
        cores = core(0, [0, 2, 4, 6]) + core(1, [8, 10]) + core(2, [12, 14])
        proof = injective(layer, segment(0), cores, step(SPAN, [0, 1, 2]), step(END, 1), domain="domain space\n")
        self.refused(proof, layer, "the core's multipliers prove nothing")
        small = Layer("no_overflow", weight, [1e307, -0.9e307, -0.9e307, 1e307, 0, 0, 0, 0])
        self.accepted(injective(small, segment(0), cores, step(SPAN, [0, 1, 2]), step(END, 1), domain="domain space\n"), small)

    def test_scales(self):
        """Rows of very different sizes: the floating-point proof may not be more than the exact one."""
        chance = random.Random(8)
        seen = {True: 0, False: 0}
        for _ in range(200 // SHARE):
            n = chance.choice((1, 2, 2, 3, 4))
            rows = [[chance.randint(-4, 4) for _ in range(n)] for _ in range(n)]
            factors = [chance.choice((1, 1, 1, 2, 3)) for _ in range(n)]
            rows.append([-sum(f * row[j] for f, row in zip(factors, rows)) for j in range(n)])
            if not all(map(any, rows)):
                continue
            factors.append(1)
            bias = [chance.choice((0, 0, 1, -1, 2, -3)) for _ in rows]
            unique = rank(rows) == n
            if unique and chance.random() < 0.5:  # another row of the same cone, off by one
                bias[-1] = -sum(f * b for f, b in zip(factors[:n], bias)) + chance.choice((0, 0, -1, 1))
            powers = [chance.choice((0, 0, 40, -40, 900, -900, -1060)) for _ in rows]
            layer = Layer("scales", [[math.ldexp(v, p) for v in row] for row, p in zip(rows, powers)],
                          [math.ldexp(b, p) for b, p in zip(bias, powers)])
            order = chance.sample(range(n + 1), n + 1)
            holds = unique and sum(f * b for f, b in zip(factors, bias)) >= 0
            found = self.core(layer, [2 * k for k in order], domain="domain space\n")
            self.assertEqual(found, holds, (rows, bias, powers, order))
            seen[holds] += 1
        self.assertGreater(min(seen.values()), 40 // SHARE, seen)

    def test_near_misses(self):
        """Random cores, and the same with one weight moved across the point of degeneracy by one ulp."""
        chance = random.Random(5)
        for _ in range(60):
            n = chance.choice((1, 2, 3, 5))
            rows = [[float(chance.randint(-9, 9)) for _ in range(n)] for _ in range(n)]
            last = [-math.fsum(row[j] for row in rows) for j in range(n)]
            whole = Layer("exact", rows + [last])
            signed = [2 * k for k in range(n + 1)]
            ones = [1] * (n + 1)
            usable = all(any(row) for row in whole.weight)
            self.assertEqual(self.core(whole, signed, STORED, ones), usable)
            j = chance.randrange(n)
            last[j] = math.nextafter(last[j], math.inf) if last[j] else 5e-324
            moved = Layer("moved", rows + [last])
            self.assertFalse(self.core(moved, signed, STORED, ones))


def rank(rows):
    """Of rows of whole numbers, exactly."""
    rows, found = [[Fraction(v) for v in row] for row in rows], 0
    for j in range(len(rows[0]) if rows else 0):
        pivot = next((k for k in range(found, len(rows)) if rows[k][j]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for k in range(found + 1, len(rows)):
            factor = rows[k][j] / rows[found][j]
            rows[k] = [a - factor * b for a, b in zip(rows[k], rows[found])]
        found += 1
    return found


class Ranks(Case):
    """Groups of rows that are all active, so that any set of them is a core, against every choice."""

    def test_every_choice(self):
        chance = random.Random(3)
        seen = {True: 0, False: 0}
        for _ in range(480 // SHARE):
            n = chance.choice((1, 2, 3, 3, 4, 4, 5, 6))
            m, high = chance.randint(n, 3 * n + 3), chance.choice((1, 1, 2, 9))
            weight = [[chance.randint(-high, high) for _ in range(n)] for _ in range(m)]
            weight = [row if any(row) else [1] * n for row in weight]
            for k in range(m):  # rows that are parallel, or are so once a third one is gone
                if chance.random() < 0.4:
                    other, third = chance.choice(weight), chance.choice(weight)
                    weight[k] = [chance.choice((-3, -1, 2)) * v for v in other]
                    if chance.random() < 0.5 and any(a + b for a, b in zip(other, third)):
                        weight[k] = [a + b for a, b in zip(other, third)]
            layer = Layer("ranks", weight, [100.0 * n] * m)
            fixed = chance.sample(range(m), chance.randint(0, n - 1))
            free = [k for k in range(m) if k not in fixed]
            groups = [chance.sample(free, chance.randint(1, min(4, len(free), n + 2)))
                      for _ in range(min(n, max(0, n - len(fixed) + chance.choice((0, 0, 0, 1)))))]
            steps = [segment(0)]
            for slot, row in enumerate(fixed):
                steps += [core(slot, [2 * row], STORED, [1]), step(UNIT, slot)]
            for slot, group in enumerate(groups):
                steps.append(core(50 + slot, [2 * row for row in group], STORED, [1] * len(group)))
            slots = [50 + slot for slot in range(len(groups))]
            steps += [step(SPAN, slots), step(END, 1)]
            spans = all(rank([weight[row] for row in fixed + list(choice)]) == n for choice in itertools.product(*groups))
            code, message = self.verify(injective(layer, *steps), layer)
            self.assertEqual(code, 0 if spans else 1, (weight, fixed, groups, message))
            seen[spans] += 1
        self.assertGreater(min(seen.values()), 80 // SHARE, seen)

    def test_every_prime(self):
        """Rows that are dependent modulo the primes that are tried first."""
        primes = (108999983, 108999977, 108999911, 108999901, 108999899, 108999889,
                  108999871, 108999851, 108999841, 108999823, 108999811, 108999791)
        for n in (1, 3, 11, 12):
            layer = Layer("primes", [[primes[i] if i == j else 0 for j in range(n)] for i in range(n)], [1e12] * n)
            cores = [core(k, [2 * k], STORED, [1]) for k in range(n)]
            proof = injective(layer, segment(0), *cores, step(SPAN, list(range(n))), step(END, 1))
            if n < len(primes):
                self.accepted(proof, layer)
            else:
                self.refused(proof, layer, "need not span")

    def test_every_fix(self):
        """The same for rows that are fixed because each of them would be one too many."""
        chance = random.Random(4)
        seen = {True: 0, False: 0}
        for _ in range(240 // SHARE):
            n = chance.choice((1, 2, 3, 4))
            m = chance.randint(n + 1, 3 * n + 3)
            weight = [[chance.randint(-1, 1) for _ in range(n)] for _ in range(m)]
            weight = [row if any(row) else [1] * n for row in weight]
            layer = Layer("fixes", weight, [100.0 * n] * m)
            rows = chance.sample(range(m), m)
            active = [rows.pop() for _ in range(chance.randint(0, n - 1))]
            groups = [chance.sample(rows, chance.randint(1, min(4, len(rows), n + 2))) for _ in range(n - 1 - len(active))]
            fixed = chance.sample(rows, chance.randint(1, min(3, len(rows))))
            cores = [core(k, [2 * row for row in group], STORED, [1] * len(group)) for k, group in enumerate(groups)]
            steps = [segment(0), *cores, *(step(BRANCH, row) for row in active), step(FIX, list(range(len(groups))), fixed)]
            spans = all(rank([weight[row] for row in active + list(choice)]) == n
                        for choice in itertools.product(*groups, fixed))
            code, message = self.verify(injective(layer, *steps), layer)
            self.assertEqual("end before the proof is complete" in message, spans, (weight, active, groups, fixed, message))
            self.assertEqual(code, 65 if spans else 1, message)
            seen[spans] += 1
        self.assertGreater(min(seen.values()), 60 // SHARE, seen)


class Witnesses(Case):
    """Proofs that a layer is not injective."""

    def test_accepted(self):
        z, v = (0.0, -0.5), (0.0, 0.0)
        layer = Layer("half", [[1, 0], [-1, 0], [0, 1], [1, 1]])
        z, v = (0.25, -0.5), (0.0, 0.125)
        x, y = (0.25, -0.375), (0.25, -0.625)
        self.accepted(not_injective(layer, z, v, x, y), layer)
        self.refused(not_injective(layer, z, v, y, x), layer, "not that of z + v")
        self.refused(not_injective(layer, z, (0.0, 0.0), z, z), layer, "equal")
        self.refused(not_injective(layer, z, v, x, (0.25, -0.5)), layer, "coordinate 2")
        self.refused(not_injective(layer, z, v, x, y, "domain nonneg-ball 1\n"), layer, "is outside the domain")
        self.refused(not_injective(layer, z, v, x, y, "domain ball 1p-1\n"), layer, "is outside the domain")
        self.refused(not_injective(layer, z, v, x, y, "domain box\nlower -1 -9p-4\nupper 1 1\n"), layer, "y is outside")
        z, v, x, y = (0.25, -0.25), (0.0, 0.125), (0.25, -0.125), (0.25, -0.375)
        self.refused(not_injective(layer, z, v, x, y), layer, "row 3 has different outputs")

    def test_numbers(self):
        layer = Layer("slope", [[1, -2**-60], [-1, 2**-60], [0, 1]], [0, 0, -2.0**70])
        values = [(0, -1.0), (2.0**-60, 1), (2.0**-60, 0), (-(2.0**-60), -2)]
        good = not_injective(layer, *values, domain="domain ball 3\n")
        self.accepted(good, layer)
        self.refused(not_injective(layer, *values, domain="domain ball 2\n"), layer, "y is outside")
        text = good[:good.rindex(b"end ")]
        for number in (b"", b"-", b"g", b"1/3", b"p4", b"1p", b"1p--4", b"1p4p4", b"0x1", b"1.5", b"1p99999999", b"+1", b"1 1"):
            self.refused(finished(text.replace(b"z 0 -1", b"z 0 " + number)), layer, "", 65)
        self.accepted(finished(text.replace(b"z 0 -1", b"z -0p-4000000 -4p-2")), layer)
        code, _ = self.verify(finished(text.replace(b"z 0 -1", b"z 1p-4000000 -1p4000000")), layer)
        self.assertEqual(code, 1)

    def test_not_injective_is_not_injective(self):
        """No certificate says that a layer is injective which is not: here with every false step."""
        for steps in ([core(0, [0, 2]), step(DEAD, 0)], [core(0, [1, 2, 4])], [step(SPAN, [])],
                      [core(0, [0, 2, 4]), step(SPAN, [0])], [core(0, [0, 2, 4]), step(SPAN, [0, 0])],
                      [step(FIX, [], [0, 1, 2])], [step(BRANCH, 0), step(SPAN, [])],
                      [core(0, [0, 2, 4]), step(BRANCH, 0), step(SPAN, [0])], [core(0, [0, 2, 4]), step(UNIT, 0)],
                      [core(0, [0, 2, 4], STORED, [1, 1, 1]), step(DEAD, 0)]):
            code, message = self.verify(injective(MERCEDES, segment(0), *steps, step(END, 1)), MERCEDES)
            self.assertNotEqual(code, 0, message)


def exactly(text):
    """A number of the format, read on its own terms."""
    text, _, power = text.partition("p")
    return Fraction(int(text, 16)) * Fraction(2) ** int(power or "0")


def inside(domain, point):
    if domain["kind"] == "box":
        return all((low is None or low <= v) and (high is None or v <= high)
                   for low, v, high in zip(domain["lower"], point, domain["upper"]))
    square = sum(v * v for v in point)
    return (domain["kind"] == "space" or square <= Fraction(domain["radius"]) ** 2) and (
        domain["kind"] != "nonneg-ball" or min(point) >= 0)


class Certified(Case):
    """Runs `check` and `verify` one after the other."""

    DOMAINS = (["--radius", 0.75], ["--domain", "space"], ["--domain", "nonneg-ball", "--radius", 2.5],
               ["--domain", "box", "--lower", -0.5, "--upper", 1.5], ["--domain", "box", "--lower", 0.25, "--upper", "inf"])

    def check(self, layer, *arguments, code=None):
        """The JSON document and the place of the certificate, which `verify` has accepted."""
        place = path("certificate")
        if os.path.exists(place):
            os.remove(place)
        done = run("check", *layer.arguments, "--json", "--certificate", place, *arguments)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout)
        document = json.loads(done.stdout)
        if done.returncode == 2:
            self.assertIn(b"not written: there is no verdict", done.stderr)
            self.assertEqual(document["arithmetic"], "floating-point")
            self.assertIsNone(document["certificate"])
            self.assertFalse(os.path.exists(place))
            return document, None
        self.assertEqual((document["certificate"], document["arithmetic"]), (place, "exact"), (layer.arguments, arguments, done.stderr))
        self.accepted(place, layer)
        return document, place

    def layers(self, seed):
        chance = random.Random(seed)
        n = chance.randint(1, 4)
        m = chance.randint(n, 5 * n)
        real = [[chance.gauss(0, 1) for _ in range(n)] for _ in range(m)]
        bias = [chance.gauss(0.3, 0.5) for _ in range(m)]
        ternary = [[chance.randint(-1, 1) for _ in range(n)] for _ in range(m)]
        integers = [chance.randint(-2, 2) for _ in range(m)]
        crelu = real[:2 * n] + [[-v for v in row] for row in real[:2 * n]]
        return [Layer("gaussian", real), Layer("biased", real, bias), Layer("ternary", ternary),
                Layer("integer", ternary, integers), Layer("crelu", crelu),
                Layer("crelu_biased", crelu, [abs(v) for v in (bias + bias)[:len(crelu)]])]


def columns13():
    chance = random.Random(4)
    return Layer("columns13", [[chance.gauss(0, 1) for _ in range(13)] for _ in range(130)])


class Engine(Certified):
    """What `check` certifies, on every domain."""

    def check_witness(self, layer, document, place):
        with open(place, encoding="ascii") as text:
            lines = {line.split()[0]: line.split()[1:] for line in text.read().splitlines()[1:]}
        z, v, x, y = ([exactly(word) for word in lines[name]] for name in "zvxy")
        self.assertNotEqual(x, y)
        self.assertEqual([a + b for a, b in zip(x, y)], [2 * a for a in z])
        self.assertEqual([a - b for a, b in zip(x, y)], [2 * a for a in v])
        self.assertTrue(inside(document["domain"], x) and inside(document["domain"], y))
        for row, bias in zip(layer.weight, layer.bias):
            left, right = (max(Fraction(0), sum(Fraction(w) * a for w, a in zip(row, p)) + Fraction(bias)) for p in (x, y))
            self.assertEqual(left, right)

    def test_not_injective(self):
        found = 0
        for seed in range(12 // SHARE):
            for layer in self.layers(seed):
                for domain in self.DOMAINS:
                    if run("check", *layer.arguments, *domain).returncode != 1:
                        continue
                    document, place = self.check(layer, *domain, code=1)
                    self.check_witness(layer, document, place)
                    found += 1
        self.assertGreater(found, 100 // SHARE)

    def test_injective(self):
        found = {}
        for seed in range(12 // SHARE):
            for layer in self.layers(seed):
                for domain in self.DOMAINS:
                    if run("check", *layer.arguments, *domain).returncode != 0:
                        continue
                    for engine in ("auto", "branch"):
                        self.check(layer, *domain, "--engine", engine, code=0)
                    name = os.path.basename(layer.file)
                    found[name] = found.get(name, 0) + 1
        self.assertGreater(min(found.values()), 3 // SHARE, found)
        self.assertEqual(len(found), 6, found)

    def test_facts(self):
        """Verdicts without a search, in more dimensions than a search could do."""
        chance = random.Random(2)
        n = 48
        half = [[chance.gauss(0, 1) for _ in range(n)] for _ in range(n)]
        norms = [1.01 * math.hypot(*row) for row in half]
        low = [1.01 * math.hypot(*(min(v, 0.0) for v in row)) for row in half]
        reach = [1.01 * sum(abs(v) for v in row) for row in half]
        pairs = half + [[-2 * v for v in row] for row in half]
        spread = [chance.random() for _ in pairs]
        for layer, domain in ((Layer("pairs48", pairs), []), (Layer("biased48", pairs, spread), ["--domain", "space"]),
                              (Layer("biased48", pairs, spread), ["--domain", "box", "--lower", -1, "--upper", "inf"]),
                              (Layer("awake48", half, norms), []),
                              (Layer("awake_above48", half, low), ["--domain", "nonneg-ball"]),
                              (Layer("awake_box48", half, reach), ["--domain", "box", "--lower", -1, "--upper", 1]),
                              (Layer("mixed48", pairs[:n + 9], norms + [0.0] * 9), [])):
            document, _ = self.check(layer, *domain, code=0)
            self.assertEqual(document["engine"], "auto")

    def test_more_columns(self):
        """Enough of them that other searches come before the one that is recorded."""
        self.check(columns13(), "--engine", "branch", code=0)

    @unittest.skipIf(SHARE > 1, "takes long")
    def test_long_proof_that_nobody_keeps(self):
        """Long enough that steps are compressed from some place on."""
        done = run("check", *columns13().arguments, "--json", "--engine", "branch", "--threads", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["arithmetic"], "exact")

    def test_near_ties(self):
        """In a cell thinner than rounding the solver meets a row again that it has already."""
        weight = [[-1.0000000009313226, -0.9999999999999998, 0.0],
                   [-1.0000000009313226, -1.0, 0.9999999999999998],
                   [1.0, 0.0, -1.0],
                   [1.0000000000000009, 0.0, 0.9999999990686774],
                   [1.0000000000009095, 1.0000000000009095, 0.0],
                   [0.9999999990686774, -0.9999999999990905, 1.0000000009313226],
                   [1.0000000000009095, -0.9999999999999998, 0.0],
                   [-0.9999999999999998, 1.0, 1.0],
                   [0.0, 1.0, 0.0],
                   [-1.0000000009313226, 0.0, -1.0],
                   [-1.0, 0.9999999999990905, -0.9999999999999991],
                   [-1.0, -0.9999999990686774, 0.0],
                   [1.0000000000000009, 1.0000000009313226, -1.0000000000000002],
                   [-1.0, 0.9999999999999998, 1.0000000000000002]]
        bias = [-2.000000001862645, -2.000000001862645, 2.0, 2.0000000000000018, 2.000000000001819,
                1.9999999981373549, 2.000000000001819, -1.9999999999999996, -0.0, -2.000000001862645, -2.0,
                -2.0, 2.0000000000000018, -2.0]
        self.check(Layer("near_ties", weight, bias), "--domain", "space", "--engine", "branch", "--threads", 1, code=0)

    def test_data(self):
        """The layers of data/, on the unit ball."""
        for name in ("iris_12.npz", "iris_32.npz", "digits8_24.npz", "digits8_72.npz", "icosahedron.npy", "identity_pair.mtx",
                     "mercedes_benz.csv", "tetrahedron.csv", "tetrahedron_bias.npz", "wine13_91.npy"):
            done = run("check", os.path.join(DATA, name), "--certificate", path(name), "--json", "--time-limit", 60)
            self.assertIn(done.returncode, (0, 1), (name, done.stderr))
            self.assertEqual(json.loads(done.stdout)["arithmetic"], "exact", name)
            self.assertEqual(run("verify", path(name), os.path.join(DATA, name)).returncode, 0, name)
            self.assertEqual(run("verify", path(name), os.path.join(DATA, "iris_16.npz")).returncode, 1, name)

    def test_undecided(self):
        layer = self.layers(3)[0]
        self.check(layer, "--engine", "search", "--time-limit", "1e-9")

    def test_places(self):
        done = run("check", *MERCEDES.arguments, "--certificate", path("missing/certificate"))
        self.assertEqual(done.returncode, 73)
        done = run("check", *MERCEDES.arguments, "--json")
        self.assertIsNone(json.loads(done.stdout)["certificate"])
        self.assertEqual(json.loads(done.stdout)["arithmetic"], "exact")


def parse(certificate):
    """The text before the steps, and the steps as lists [code, numbers..., lists...]."""
    with open(certificate, "rb") as source:
        text, _, rest = source.read().partition(b"\nsteps\n")
    data = gzip.decompress(rest[:rest.rindex(b"end ")])
    at = 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def take_list():
        return [take() for _ in range(take())]

    shapes = {SEGMENT: "nll", CORE: "nnl", UNIT: "n", DEAD: "n", SPAN: "l", FIX: "ll", BRANCH: "n", DETACH: "n", END: "n",
              CLASSES: "nl", CHUNK: "nlll", SIEVE: "n", LEAVE: "nl", DIVIDE: "n", CLOSE: "", LOOK: "l"}
    steps = []
    while at < len(data):
        made = [take()]
        for kind in shapes[made[0]]:
            made.append(take() if kind == "n" else take_list())
        if made[0] == CORE and made[2] == STORED:
            for _ in made[3]:
                size = take()
                made.append(int.from_bytes(data[at:at + size], "little"))
                at += size
        steps.append(made)
    return text + b"\nsteps\n", steps


def sealed(text, steps):
    data = b"".join(core(made[1], made[3], made[2], made[4:]) if made[0] == CORE else step(*made) for made in steps)
    return finished(text + gzip.compress(data))


class Mutations(Certified):
    """Certificates of the engine, changed and sealed again: what is left proves nothing."""

    def certificates(self):
        chance = random.Random(7)
        real = [[chance.gauss(0, 1) for _ in range(5)] for _ in range(34)]
        integers = [[chance.randint(-1, 1) for _ in range(4)] for _ in range(36)]
        bias = [0.9 * math.dist(row, [0] * len(row)) * chance.random() for row in real]
        crelu = real[:7] + [[-2 * v for v in row] for row in real[:7]]
        for name, layer, domain in (("gaussian", Layer("gaussian5", real), []),
                                    ("biased", Layer("ball5", real[:26], bias[:26]), ["--radius", 0.9]),
                                    ("box", Layer("box5", real, bias), self.DOMAINS[3]),
                                    ("nonneg", Layer("nonneg5", real[:22], bias[:22]), self.DOMAINS[2]),
                                    ("ternary", Layer("ternary4", integers), ["--engine", "branch"]),
                                    ("crelu", Layer("crelu5", crelu), ["--engine", "branch"])):
            _, place = self.check(layer, *domain, code=0)
            text, steps = parse(place)
            self.accepted(sealed(text, steps), layer)
            yield name, layer, text, steps

    def test_steps(self):
        broken = dict.fromkeys(("removed", "repeated", "flipped", "shortened", "weakened", "slot"), 0)
        chance = random.Random(1)

        def change(kind, text, steps, layer, name):
            code, message = self.verify(sealed(text, steps), layer)
            self.assertIn(code, (1, 65), (name, kind, steps, message))
            broken[kind] += 1

        for name, layer, text, steps in self.certificates():
            closing = [k for k, made in enumerate(steps) if made[0] in (DEAD, SPAN, BRANCH, DETACH, SEGMENT, END)]
            cores = [k for k, made in enumerate(steps) if made[0] == CORE]
            domain = text.decode().split("domain ")[1] if any(layer.bias) else ""
            for k in chance.sample(closing, min(8, len(closing))):
                change("removed", text, steps[:k] + steps[k + 1:], layer, name)
                change("repeated", text, steps[:k] + [steps[k]] + steps[k:], layer, name)
            for k in chance.sample(cores, min(8, len(cores))):
                made, rows = steps[k], steps[k][3]
                at = next((i for i in range(len(rows)) if rows[i] < 2 * len(layer.weight)), None)
                if at is None:
                    continue
                signs = rows[:at] + [rows[at] ^ 1] + rows[at + 1:]
                change("flipped", text, steps[:k] + [made[:3] + [signs] + made[4:]] + steps[k + 1:], layer, name)
                short = made[:3] + [rows[:at] + rows[at + 1:]] + (made[4:4 + at] + made[5 + at:])
                if "ball" not in domain:
                    change("shortened", text, steps[:k] + [short] + steps[k + 1:], layer, name)
                if made[2] == STORED and len(rows) > 1:  # next to nothing is left of the others
                    weak = made[:4 + at] + [made[4 + at] << 40] + made[5 + at:]
                    change("weakened", text, steps[:k] + [weak] + steps[k + 1:], layer, name)
                if any(step[:2] == made[:2] for step in steps[:k]):
                    continue  # another thread's core is in the slot, and may serve as well
                unknown = [made[0], 60000] + made[2:]
                change("slot", text, steps[:k] + [unknown] + steps[k + 1:], layer, name)
        self.assertGreater(min(broken.values()), 5, broken)

    def test_rows_in_groups(self):
        """A fixing or a span with a group less, or with the same group twice, is refused."""
        found = 0
        for name, layer, text, steps in self.certificates():
            for k, made in enumerate(steps):
                if made[0] not in (SPAN, FIX) or len(made[1]) < 2:
                    continue
                for groups in (made[1][1:], made[1][:1] + made[1][:1] + made[1][2:]):
                    changed = steps[:k] + [[made[0], groups] + made[2:]] + steps[k + 1:]
                    code, message = self.verify(sealed(text, changed), layer)
                    self.assertEqual(code, 1, (name, message))
                    found += 1
        self.assertGreater(found, 10)

    def test_domain(self):
        """A proof for a ball does not hold for a larger one on which the layer is not injective."""
        for seed in range(100):
            layer = self.layers(seed)[1]
            n = len(layer.weight[0])
            critical = json.loads(run("radius", *layer.arguments, "--json").stdout)["upper"]
            if critical:
                break
        _, place = self.check(layer, "--radius", 0.9 * critical, code=0)
        text, steps = parse(place)
        line = next(line for line in text.split(b"\n") if line.startswith(b"domain"))
        for other in (f"domain ball {hexadecimal(1.1 * critical)}", "domain space",
                      "domain box\nlower" + " -inf" * n + "\nupper" + " inf" * n):
            self.assertEqual(self.verify(sealed(text.replace(line, other.encode()), steps), layer)[0], 1, other)
        self.accepted(sealed(text.replace(line, f"domain ball {hexadecimal(0.8 * critical)}".encode()), steps), layer)

    def test_layer(self):
        """One weight moved by one unit in the last place, rows exchanged: another layer."""
        for name, layer, text, steps in self.certificates():
            weight = [row[:] for row in layer.weight]
            weight[1][0] = math.nextafter(weight[1][0], math.inf)
            bias = layer.bias if any(layer.bias) else None
            self.refused(sealed(text, steps), Layer("ulp", weight, bias), "another layer")
            weight = layer.weight[1:2] + layer.weight[:1] + layer.weight[2:]
            self.refused(sealed(text, steps), Layer("exchanged", weight, bias), "another layer")
            exchanged = Layer("exchanged", weight, bias)
            own = text.replace(layer.digest().encode(), exchanged.digest().encode())
            code, message = self.verify(sealed(own, steps), exchanged)
            if code == 0:  # another proof, of a true statement
                self.assertEqual(run("check", *exchanged.arguments, *Mutations.DOMAINS[0]).returncode, 0, (name, message))

    def test_false_statements(self):
        """The proof of a layer, sealed for that layer with a row less that makes it not injective."""
        chance = random.Random(11)
        found = 0
        for seed in range(40 // SHARE):
            n = chance.randint(2, 4)
            weight = [[chance.gauss(0, 1) for _ in range(n)] for _ in range(7 * n)]
            layer = Layer("whole", weight)
            if run("check", *layer.arguments, "--engine", "branch").returncode != 0:
                continue
            _, place = self.check(layer, "--engine", "branch", code=0)
            text, steps = parse(place)
            for k in range(len(weight)):
                other = [[0.0] * n if i == k else row for i, row in enumerate(weight)]
                changed = Layer("silenced", other)
                if run("check", *changed.arguments).returncode != 1:
                    continue
                own = text.replace(layer.digest().encode(), changed.digest().encode())
                self.assertEqual(self.verify(sealed(own, steps), changed)[0], 1)
                found += 1
        self.assertGreater(found, 5 // SHARE)

    def test_threads(self):
        """Subtrees that were given to other threads."""
        layer = path("threads.npy")
        run("generate", "--m", 66, "--n", 10, "--ensemble", "gaussian", "--seed", 4, "-o", layer)
        place = path("threads.certificate")
        with mock.patch.dict(os.environ, HALFSPAN_CLASSES="never"):
            done = run("check", layer, "--certificate", place, "--threads", 3, "--engine", "branch")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(run("verify", place, layer).returncode, 0)
        text, steps = parse(place)
        left = [made[1] for made in steps if made[0] == DETACH]
        self.assertEqual(sorted(left), list(range(1, len(left) + 1)))
        self.assertEqual(sorted(made[1] for made in steps if made[0] == SEGMENT), list(range(len(left) + 1)))
        self.assertEqual(steps[-1], [END, len(left) + 1])
        begins = [k for k, made in enumerate(steps) if made[0] == SEGMENT] + [len(steps) - 1]
        for first, last in list(zip(begins, begins[1:]))[:4]:
            changed = steps[:first] + steps[last:-1] + [[END, len(left)]]
            with open(path("missing"), "wb") as out:
                out.write(sealed(text, changed))
            self.assertNotEqual(run("verify", path("missing"), layer).returncode, 0)


def thirds(weight):
    """Dyadic rationals modulo 3, where 2 is -1."""
    return [[v.as_integer_ratio()[0] * pow(v.as_integer_ratio()[1], -1, 3) % 3 for v in row] for row in weight]


def replay(layer, steps):
    """Do the steps about classes prove what they claim, by all vectors modulo 3? The rest is taken as it is."""
    weight, n = thirds(layer.weight), len(layer.weight[0])
    left, proved, slots, states, sets, number = {}, {}, {}, {}, [], 0

    def leave(number, claim, known):
        good = number > known and number not in left
        left.setdefault(number, claim)
        return good

    def nonzero(v, row):
        return sum(a * b for a, b in zip(weight[row], v)) % 3 != 0

    for made in steps:
        code, rest = made[0], made[1:]
        if code == CORE:
            slots[rest[0]] = rest[2]
        elif code in (SEGMENT, CHUNK, END) and sets:
            return False
        elif code == SEGMENT:
            number, states = rest[0], {row: state for state, rows in enumerate(rest[1:]) for row in rows}
            if number in proved:
                return False
            proved[number] = sorted(states.items())
        elif code == UNIT:
            rows = [row for row in slots[rest[0]] if row // 2 < len(weight) and row // 2 not in states]
            states |= {row // 2: 1 - row % 2 for row in rows if len(rows) == 1}  # classes come before any branch
        elif code == CLASSES:
            first, rows = rest
            free = [row for row in rows if states.get(row) != 1]
            choices = [d for d in itertools.product(range(3), repeat=len(free)) if [*filter(None, d), 1][0] == 1]
            choices.sort(key=lambda d: (any(d), next((k for k, digit in enumerate(d) if digit), 0), d))
            for k, digits in enumerate(choices):
                given = dict.fromkeys(rows, 0) | dict(zip(free, digits))
                if len(given) < len(rows) or not leave(first + k, ("digits", sorted(given.items())), number):
                    return False
        elif code == CHUNK:
            number, given = rest[0], {row: digit for digit, rows in enumerate(rest[1:]) for row in rows}
            if number in proved or len(given) < sum(map(len, rest[1:])):
                return False
            proved[number] = ("digits", sorted(given.items()))
            sets = [[v for v in itertools.product(range(3), repeat=n) if any(v) and all(
                sum(a * b for a, b in zip(weight[row], v)) % 3 == digit for row, digit in given.items())]]
        elif code in (SIEVE, LEAVE, DIVIDE, CLOSE) and not sets:
            return False
        elif code in (SIEVE, LEAVE):
            rows = rest[1] if code == LEAVE else [row // 2 for row in slots[rest[0]] if row // 2 < len(weight)]
            if code == LEAVE and not leave(rest[0], sorted(dict.fromkeys(rows, 0).items()), number):
                return False
            sets[-1] = [v for v in sets[-1] if not all(nonzero(v, row) for row in rows)]
        elif code == DIVIDE:
            parts = [[v for v in sets[-1] if nonzero(v, rest[0] // 2) == (side == 1)] for side in (0, 1)]
            sets[-1:] = parts if rest[0] % 2 else parts[::-1]
        elif code == CLOSE and sets.pop():
            return False
    left[0] = []
    return not sets and left == proved


class ClassesOfTheEngine(Certified):
    """Certificates with classes, replayed with all vectors modulo 3; and changed."""

    def certificates(self, count):
        chance = random.Random(12)
        for trial in range(count):
            n = chance.randint(1, 5)
            m = chance.randint(3 * n, 7 * n + 2)
            kinds = (lambda: chance.gauss(0, 1), lambda: float(chance.randint(-1, 1)), lambda: float(chance.randint(-4, 4)),
                     lambda: chance.randint(-9, 9) * 2.0**chance.randint(-3, 3))
            draw = chance.choice(kinds)
            weight = [[draw() for _ in range(n)] for _ in range(m)]
            bias = [chance.gauss(0.3, 0.4) for _ in range(m)] if chance.random() < 0.5 else None
            layer = Layer("classes", weight, bias)
            domain = chance.choice(self.DOMAINS)
            place = path("classes")
            done = run("check", *layer.arguments, *domain, "--engine", "branch", "--threads", 1, "--certificate", place)
            if done.returncode == 0:
                text, steps = parse(place)
                self.accepted(place, layer)
                yield layer, domain, text, steps

    def setUp(self):
        patch = mock.patch.dict(os.environ, HALFSPAN_CLASSES="always")
        patch.start()
        self.addCleanup(patch.stop)

    def test_replay(self):
        seen = dict.fromkeys((CLASSES, SIEVE, LEAVE, DIVIDE, CLOSE), 0)
        for layer, _, _, steps in self.certificates(240 // SHARE):
            self.assertTrue(replay(layer, steps), (layer.weight, steps))
            for made in steps:
                if made[0] in seen:
                    seen[made[0]] += 1
        self.assertGreater(min(seen.values()), 5, seen)

    def test_changes(self):
        """What is changed is accepted if and only if all vectors modulo 3 say so."""
        seen = {}
        chance = random.Random(5)

        def change(kind, layer, text, steps):
            code, message = self.verify(sealed(text, steps), layer)
            self.assertIn(code, (0, 1, 65), message)
            self.assertEqual(code == 0, replay(layer, steps), (kind, layer.weight, steps, message))
            seen.setdefault(kind, [0, 0])[code == 0] += 1

        for layer, _, text, steps in self.certificates(60 // SHARE):
            m = len(layer.weight)
            places = [k for k, made in enumerate(steps) if END < made[0] < LOOK]
            for k in chance.sample(places, min(6, len(places))):
                made, before, after = steps[k], steps[:k], steps[k + 1:]
                change(("dropped", made[0]), layer, text, before + after)
                if made[0] == SIEVE:
                    change(("later", SIEVE), layer, text, before + after[:1] + [made] + after[1:])
                elif made[0] == DIVIDE:
                    for other in (made[1] ^ 1, chance.randrange(2 * m)):
                        change(("other", DIVIDE), layer, text, before + [[DIVIDE, other]] + after)
                elif made[0] == LEAVE and made[2]:
                    number = next(j for j, step in enumerate(steps) if step[:2] == [SEGMENT, made[1]])
                    change(("fewer", LEAVE), layer, text, before + [[LEAVE, made[1], made[2][1:]]] + after)
                    self.assertEqual(sorted(steps[number][2]), sorted(made[2]))
                elif made[0] == CHUNK:
                    digits = made[2:]
                    rows = sum(digits, [])
                    for row in chance.sample(rows, min(2, len(rows))):
                        other = [[r for r in part if r != row] for part in digits]
                        change(("without", CHUNK), layer, text, before + [made[:2] + other] + after)
                        other[(next(d for d in range(3) if row in digits[d]) + 1) % 3].append(row)
                        change(("digit", CHUNK), layer, text, before + [made[:2] + other] + after)
                elif made[0] == CLASSES:
                    usable = [row for row in range(m) if any(layer.weight[row]) and row not in made[2]]
                    for rows in ([made[2][1:]] if made[2] else []) + [made[2] + usable[:1]] * bool(usable):
                        change(("rows", CLASSES), layer, text, before + [made[:2] + [rows]] + after)
        for kind in (SIEVE, LEAVE, CLOSE, CHUNK, CLASSES, DIVIDE):
            self.assertGreater(sum(seen[("dropped", kind)]), 3 // SHARE, seen)
        self.assertGreater(sum(refused for refused, _ in seen.values()), 60 // SHARE, seen)

    def test_chunks(self):
        """Several of them, from several threads."""
        layer, place = path("chunks.npy"), path("chunks.certificate")
        run("generate", "--m", 72, "--n", 11, "--ensemble", "gaussian", "--seed", 2, "-o", layer)
        done = run("check", layer, "--certificate", place, "--threads", 3, "--engine", "branch")
        self.assertEqual(done.returncode, 0, done.stderr)
        for threads in (1, 3):
            self.assertEqual(run("verify", place, layer, "--threads", threads).returncode, 0)
        text, steps = parse(place)
        begins = [k for k, made in enumerate(steps) if made[0] in (SEGMENT, CHUNK)] + [len(steps) - 1]
        chunks = [k for k in begins if steps[k][0] == CHUNK]
        self.assertEqual(len(chunks), 2)
        for first, last in zip(begins, begins[1:]):
            changed = steps[:first] + steps[last:-1] + [[END, steps[-1][1] - 1]]
            with open(path("missing"), "wb") as out:
                out.write(sealed(text, changed))
            self.assertEqual(run("verify", path("missing"), layer).returncode, 1)


class Files(Case):
    """Damage outside the proof."""

    def setUp(self):
        self.good = injective(PAIRS, segment(0), PAIR_CORES, step(SPAN, [0, 1]), step(END, 1))

    def test_text(self):
        self.accepted(self.good, PAIRS)
        body = self.good[:self.good.rindex(b"end ")]
        for old, new, code in ((b"certificate 1", b"certificate 2", 65), (b"injective", b"undecided", 65),
                               (b"rows 4", b"rows 5", 1), (b"rows 4", b"rows -4", 65), (b"rows 4", b"rows 04x", 65),
                               (b"columns 2", b"columns 3", 1), (b"columns 2", b"columns 99999999999999999999", 65),
                               (b"ball 1", b"ball 0", 65), (b"ball 1", b"ball -1", 65), (b"ball 1", b"ball 1/3", 65),
                               (b"ball 1", b"ball 1p9999", 65), (b"ball 1", b"ball", 65), (b"ball 1", b"sphere", 65),
                               (b"ball 1", b"box\nlower 0 0\nupper 1", 65), (b"ball 1", b"box\nlower 0 0\nupper 1 0", 65),
                               (b"ball 1", b"box\nlower 0 0\nupper 1 1 1", 65), (b"steps", b"step", 65),
                               (b"domain ball 1\n", b"", 65), (b"rows", b"rows ", 65)):
            self.assertIn(old, body)
            found, message = self.verify(finished(body.replace(old, new, 1)), PAIRS)
            self.assertEqual(found, code, (old, new, message))
        name = PAIRS.digest().encode()
        for other in (name + b"0", name[:-1], name.upper()):
            self.assertEqual(self.verify(finished(body.replace(name, other)), PAIRS)[0], 1)

    def test_digest(self):
        changed = self.good.replace(b"ball 1\n", b"ball 2\n")
        self.refused(changed, PAIRS, "digest", 65)
        self.refused(self.good + b"\n", PAIRS, "follows", 65)
        self.refused(self.good[:-1], PAIRS, "", 65)
        self.refused(self.good + self.good, PAIRS, "follows", 65)

    def test_every_cut_and_flip(self):
        for size in range(0, len(self.good), 3 * SHARE):
            self.refused(self.good[:size], PAIRS, "", 65)
        for at in range(0, len(self.good), 2 * SHARE):
            changed = bytearray(self.good)
            changed[at] ^= 1 << at % 8
            self.assertIn(self.verify(bytes(changed), PAIRS)[0], (1, 65), at)

    def test_other_files(self):
        self.refused(b"", PAIRS, "not a certificate", 65)
        self.refused(b"1,2\n3,4\n", PAIRS, "not a certificate", 65)
        self.assertEqual(self.verify(path("missing"), PAIRS)[0], 66)
        bomb = finished(header(PAIRS) + b"steps\n" + gzip.compress(bytes(10**7)))
        self.refused(bomb, PAIRS, "there is no step 0", 65)
        self.assertEqual(self.verify(self.good, MERCEDES)[0], 1)

    def test_members(self):
        """The steps may be cut into gzip members anywhere."""
        steps = segment(0) + PAIR_CORES + step(SPAN, [0, 1]) + step(END, 1)
        for cut in range(len(steps)):
            text = header(PAIRS) + b"steps\n" + gzip.compress(steps[:cut]) + gzip.compress(steps[cut:])
            self.accepted(finished(text), PAIRS)
        self.refused(finished(header(PAIRS) + b"steps\n" + gzip.compress(steps) + b"\x1f"), PAIRS, "damaged", 65)
        self.refused(finished(header(PAIRS) + b"steps\n" + gzip.compress(steps)[:-1]), PAIRS, "", 65)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
