"""A slow judge that shares nothing with the C code: is x -> ReLU(Wx + b) injective on a domain?

Everything is exact: a double is an integer times a power of two, and all that follows is integer and
rational arithmetic. The verdict is about the numbers as stored. Two methods, either of which is enough:

  cells   walks the full-dimensional cells of the arrangement { w_i.z + b_i = 0 } that meet the interior
          of the domain, row by row, and tests that the active rows of each span R^n;
  flats   the active rows at z do not span iff a vector v != 0 is orthogonal to all of them. If W has
          rank n, v may be taken orthogonal to n - 1 independent rows. So: for each such v, can all
          rows that are not orthogonal to v be inactive at once, inside the domain?

Both ask "is this open polyhedron, cut with the open ball, empty?", which min_norm() answers.

usage: brute.py FILE [--domain ball|space|box|nonneg-ball] [--radius R] [--lower L] [--upper U]
                [--method flats|cells]
FILE is .npy, .npz, .csv, .mtx or .safetensors (the command line alone needs numpy).
Exit code 0 injective, 1 not injective.
"""
import argparse
import math
import sys
from fractions import Fraction
from itertools import combinations
from operator import mul


# ---- linear algebra in integers -----------------------------------------------------------------

def dot(a, b):
    return sum(map(mul, a, b))


def integer_row(numbers):
    """The same row up to a positive factor, in integers without a common divisor."""
    fractions = [Fraction(x) for x in numbers]
    scale = math.lcm(*(f.denominator for f in fractions))
    integers = [int(f * scale) for f in fractions]
    divisor = math.gcd(*integers) or 1
    return tuple(x // divisor for x in integers)


def rank(rows):
    rows = [list(row) for row in rows]
    found = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for i in range(found + 1, len(rows)):
            if rows[i][column]:
                p, q = rows[found][column], rows[i][column]
                rows[i] = list(integer_row([p * x - q * y for x, y in zip(rows[i], rows[found])]))
        found += 1
    return found


def solve(matrix, right):
    """Cramer's solution of a square system as (numerators, determinant); (None, 0) when singular."""
    size = len(matrix)
    a = [list(row) + [c] for row, c in zip(matrix, right)]
    previous = 1
    for k in range(size):  # Gauss-Jordan without fractions (Bareiss 1968): divisions are exact
        pivot = next((i for i in range(k, size) if a[i][k]), None)
        if pivot is None:
            return None, 0
        if pivot != k:
            a[k], a[pivot] = a[pivot], [-x for x in a[k]]
        for i in range(size):
            if i != k:
                p, q = a[k][k], a[i][k]
                a[i] = [(p * x - q * y) // previous for x, y in zip(a[i], a[k])]
        previous = a[k][k]
    return [row[size] for row in a], previous


def null_vector(rows, n):
    """A vector orthogonal to n - 1 rows, by minors; None when the rows are dependent."""
    def determinant(square):
        if not square:
            return 1
        return sum((-1) ** j * x * determinant([row[:j] + row[j + 1:] for row in square[1:]])
                   for j, x in enumerate(square[0]) if x)
    v = [(-1) ** j * determinant([row[:j] + row[j + 1:] for row in rows]) for j in range(n)]
    return v if any(v) else None


# ---- the one geometric question -----------------------------------------------------------------

def min_norm(rows, right, width):
    """The point of smallest norm with row.z >= c for every row, as (numerators, denominator > 0), or
    None when there is none. Rows are taken one by one; one that the point so far violates is tight
    at the next point, which recurses into its hyperplane (Seidel 1991, Welzl 1991)."""
    order = list(range(len(rows)))

    def best(count, tight):
        gram = [[dot(rows[i], rows[j]) for j in tight] for i in tight]
        factors, below = solve(gram, [right[i] for i in tight])
        if factors is None:  # the violated row is constant on the subspace of the others
            return None
        point = [sum(f * rows[i][j] for f, i in zip(factors, tight)) for j in range(width)]
        for at in range(count):
            k = order[at]
            if dot(rows[k], point) < right[k] * below:
                answer = best(at, tight + [k])
                if answer is None:
                    return None
                point, below = answer
                order.insert(0, order.pop(at))  # tight rows first: fewer surprises later
        return point, below

    answer = best(len(rows), [])
    if answer is not None:
        point, below = answer
        assert below > 0 and all(dot(a, point) >= c * below for a, c in zip(rows, right))
    return answer


class Domain:
    """The interior of a domain: strict rows (a, c), meaning a.z + c > 0, and perhaps |z| < radius."""

    def __init__(self, kind, n, radius=1.0, lower=None, upper=None):
        self.kind, self.n = kind, n
        self.radius = Fraction(radius) if kind in ("ball", "nonneg-ball") else None
        unit = [tuple(int(i == j) for j in range(n)) for i in range(n)]
        self.lower, self.upper = [None] * n, [None] * n
        if kind == "box":
            self.lower = [None if math.isinf(x) else Fraction(x) for x in lower]
            self.upper = [None if math.isinf(x) else Fraction(x) for x in upper]
        elif kind == "nonneg-ball":
            self.lower = [Fraction(0)] * n
        self.rows = [integer_row(unit[j] + (-x,)) for j, x in enumerate(self.lower) if x is not None]
        self.rows += [integer_row(tuple(-e for e in unit[j]) + (x,))
                      for j, x in enumerate(self.upper) if x is not None]

    def holds(self, z, closed=True):
        """Is z (rational) in the domain, or (closed = False) in its interior?"""
        values = [dot(row, list(z) + [1]) for row in self.rows]
        if self.radius is not None:
            values.append(self.radius ** 2 - dot(z, z))
        return all(value >= 0 if closed else value > 0 for value in values)

    def point(self, rows):
        """A rational point of the interior with a.z + c > 0 for every integer row (a, c); or None."""
        n = self.n
        rows = rows + self.rows
        above = tuple([0] * n + [1])  # in homogeneous coordinates (z, s) with s > 0
        inner = min_norm([above] + rows, [1] * (len(rows) + 1), n + 1)
        if inner is None:
            return None
        p = [Fraction(x, inner[0][n]) for x in inner[0][:n]]
        if self.radius is not None and dot(p, p) >= self.radius ** 2:
            nearest = min_norm([row[:n] for row in rows], [-row[n] for row in rows], n)
            q = [Fraction(x, nearest[1]) for x in nearest[0]]
            if dot(q, q) >= self.radius ** 2:
                return None
            while dot(p, p) >= self.radius ** 2:  # every point between q and p is strictly inside
                p = [(x + y) / 2 for x, y in zip(p, q)]
        def good(z):
            return all(dot(row, z + [1]) > 0 for row in rows) and self.holds(z, closed=False)
        assert good(p)
        for bits in (4, 16, 52):  # a point with short numbers, if one is near
            rounded = [Fraction(round(x * 2 ** bits), 2 ** bits) for x in p]
            if good(rounded):
                return rounded
        return p


# ---- the two methods ----------------------------------------------------------------------------

def prepare(weight, bias):
    """Integer rows (w, b) without the zero rows, which never help to span."""
    rows = [integer_row(list(w) + [b]) for w, b in zip(weight, bias)]
    return sorted(set(row for row in rows if any(row[:-1])), key=lambda row: row[::-1])


def bad_points(weight, bias, domain):
    """Yields rational points inside the domain whose active rows do not span: one for each v."""
    n = domain.n
    rows = prepare(weight, bias)
    if rank([row[:n] for row in rows]) < n:
        yield domain.point([])
        return
    directions = {integer_row(row[:n]) for row in rows}
    directions = sorted({max(d, tuple(-x for x in d)) for d in directions})
    seen = set()
    for chosen in combinations(directions, n - 1):
        v = null_vector(chosen, n)
        if v is None:
            continue
        off = tuple(i for i, row in enumerate(rows) if dot(row, v))
        if off in seen:
            continue
        seen.add(off)
        z = domain.point([tuple(-x for x in rows[i]) for i in off])
        if z is not None:
            yield z


def judge_by_flats(weight, bias, domain):
    """A bad point, or None when there is none: the layer is injective."""
    return next(bad_points(weight, bias, domain), None)


def judge_by_cells(weight, bias, domain):
    """As judge_by_flats."""
    n = domain.n
    rows = prepare(weight, bias)

    def walk(count, signed, active, z):
        if rank(active) == n:
            return None
        if count == len(rows):
            return z
        row = rows[count]
        value = dot(row, z + [1])
        for sign in (-1, 1):
            side = signed + [tuple(sign * x for x in row)]
            point = z if sign * value > 0 else domain.point(side)
            if point is not None:
                bad = walk(count + 1, side, active + [row[:n]] if sign > 0 else active, point)
                if bad is not None:
                    return bad
        return None

    return walk(0, [], [], domain.point([]))


METHODS = {"flats": judge_by_flats, "cells": judge_by_cells}


def active_rows(weight, bias, z):
    """The rows with w.z + b >= 0 at a rational z, exactly."""
    return [i for i, (w, b) in enumerate(zip(weight, bias))
            if dot([Fraction(x) for x in w], z) + Fraction(b) >= 0]


def is_bad(weight, bias, domain, z):
    """Does z lie inside the domain, and do its active rows fail to span? Uses the rows as given."""
    active = active_rows(weight, bias, z)
    return (domain.holds(z, closed=False)
            and rank([integer_row(weight[i]) for i in active]) < domain.n)


def judge(weight, bias, domain, method="flats"):
    """None when injective; else a bad point, checked."""
    z = METHODS[method](weight, bias, domain)
    assert z is None or is_bad(weight, bias, domain, z)
    return z


def room(weight, bias, domain, z):
    """How far z (made of doubles) can move both ways along a direction that all its active rows
    ignore, before an inactive row wakes up or the domain ends; relative to |z|. 0 when z is not bad."""
    if not is_bad(weight, bias, domain, z):
        return 0.0
    rows = [integer_row(list(w) + [b]) for w, b in zip(weight, bias)]
    active = [rows[i][:-1] for i in active_rows(weight, bias, z)]
    others = [row for row in rows if dot(row, z + [1]) < 0]
    size = math.sqrt(dot(z, z))
    best = 0.0
    for chosen in combinations(active + [tuple(int(i == j) for j in range(domain.n))
                                         for i in range(domain.n)], domain.n - 1):
        v = null_vector(chosen, domain.n)
        if v is None or any(dot(row, v) for row in active):
            continue
        length = math.sqrt(dot(v, v))
        reach = min((Fraction(-dot(row, z + [1]), abs(slope)) for row in others
                     if (slope := dot(row[:-1], v))), default=Fraction(1))
        while reach * length > 1e-14 * size and not all(
                domain.holds([x + s * reach * y for x, y in zip(z, v)]) for s in (-1, 1)):
            reach /= 2
        best = max(best, float(reach) * length / size if size else 1.0)
    return best


def widest_room(weight, bias, domain):
    """The most room at the points of bad_points(), rounded to doubles: a lower bound."""
    return max((room(weight, bias, domain, [Fraction(float(x)) for x in z])
                for z in bad_points(weight, bias, domain)), default=0.0)


# ---- command line -------------------------------------------------------------------------------

def load(path):
    import json
    import numpy
    if path.endswith(".npz"):
        arrays = numpy.load(path)
    elif path.endswith(".safetensors"):
        with open(path, "rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            data = file.read()
        types = {"F64": "<f8", "F32": "<f4"}
        arrays = {name.rsplit(".")[-1]: numpy.frombuffer(data[slice(*entry["data_offsets"])], types[
            entry["dtype"]]).reshape(entry["shape"]) for name, entry in header.items() if "dtype" in entry}
    elif path.endswith(".npy"):
        arrays = {"weight": numpy.load(path)}
    elif path.endswith(".mtx"):
        import scipy.io
        arrays = {"weight": scipy.io.mmread(path)}
    else:
        arrays = {"weight": numpy.loadtxt(path, delimiter=",", ndmin=2)}
    weight = arrays["weight"].astype(float).tolist()
    bias = arrays["bias"].astype(float).tolist() if "bias" in arrays else [0.0] * len(weight)
    return weight, bias


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("file")
    parser.add_argument("--domain", default="ball")
    parser.add_argument("--radius", type=float, default=1.0)
    parser.add_argument("--lower", type=float)
    parser.add_argument("--upper", type=float)
    parser.add_argument("--method", default="flats", choices=METHODS)
    options = parser.parse_args()
    weight, bias = load(options.file)
    n = len(weight[0])
    domain = Domain(options.domain, n, options.radius, [options.lower] * n, [options.upper] * n)
    z = judge(weight, bias, domain, options.method)
    if z is None:
        print("injective")
        return 0
    active = active_rows(weight, bias, z)
    print(f"not injective: rows {active} are active at z = {[float(x) for x in z]}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
