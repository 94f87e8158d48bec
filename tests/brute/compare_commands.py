"""Holds `halfspan depth`, `radius` and `bias` to exact judges that share nothing with the C code.

    compare_commands.py PROGRAM [--count N] [--first K] [--seed S] [--command depth|radius|bias]

Depth: compared with the count over all normals of n - 1 points, ties settled by recursion; the direction is
recounted. Radius and bias: the layer must be injective at the lower end of the bracket and not just above
the upper end, and the bracket must be narrow. Case k depends on the seed and k alone.
"""
import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from fractions import Fraction
from itertools import combinations

from brute import Domain, active_rows, dot, integer_row, judge, null_vector, rank


def call(program, command, *arguments):
    answer = subprocess.run([program, command, *arguments, "--json"], capture_output=True, text=True,
                            check=False)
    if answer.returncode != 0 or answer.stderr:
        raise AssertionError(f"{command} {arguments}: exit {answer.returncode}: {answer.stderr}")
    return json.loads(answer.stdout)


def write(path, rows):
    with open(path, "w", encoding="ascii") as file:
        for row in rows:
            print(",".join(repr(float(x)) for x in row), file=file)


def numbers(chance):
    """A way of drawing numbers: with ties, without, decimal, of very different sizes."""
    return chance.choice([
        lambda: chance.randint(-2, 2),
        lambda: chance.gauss(0, 1),
        lambda: chance.randint(-20, 20) / 10,
        lambda: chance.choice([0.1, 0.2, 0.3, 0.4, 0.7, 1.1]),
        lambda: chance.randint(-2, 2) * 2.0 ** chance.choice([-60, 0, 0, 30]) + chance.choice([0, 1e-17, 0.1]),
    ])


# ---- depth --------------------------------------------------------------------------------------

def pivot_columns(rows):
    columns = []
    for j in range(len(rows[0])):
        if rank([[row[c] for c in columns + [j]] for row in rows]) > len(columns):
            columns.append(j)
    return columns


def depth(rows):
    """min over u != 0 of the number of rows with row.u >= 0."""
    zeros = sum(not any(row) for row in rows)
    rows = [row for row in rows if any(row)]
    if not rows:
        return zeros
    columns = pivot_columns(rows)  # an isomorphism on the span of the rows
    rows = [integer_row([row[c] for c in columns]) for row in rows]
    if len(columns) == 1:
        above = sum(row[0] > 0 for row in rows)
        return zeros + min(above, len(rows) - above)
    best, seen = len(rows), set()
    for chosen in combinations(sorted(set(rows)), len(columns) - 1):
        u = null_vector(chosen, len(columns))
        if u is None or tuple(u) in seen:
            continue
        seen.add(tuple(u))
        values = [dot(row, u) for row in rows]
        ties = depth([row for row, value in zip(rows, values) if value == 0])
        best = min(best, ties + sum(x > 0 for x in values), ties + sum(x < 0 for x in values))
    return zeros + best


def compare_depth(program, folder, chance):
    n, k, draw = chance.choice([1, 2, 2, 3, 3]), chance.randint(1, 11), numbers(chance)
    points = [[draw() for _ in range(n)] for _ in range(k)]
    if n > 1 and chance.random() < 0.2:
        for point in points:
            point[-1] = point[0]
    q = [draw() for _ in range(n)] if chance.random() < 0.6 else list(chance.choice(points))
    rows = [[Fraction(x) - Fraction(y) for x, y in zip(point, q)] for point in points]
    write(f"{folder}/points.csv", points)
    found = call(program, "depth", f"{folder}/points.csv", "--at", ",".join(repr(float(x)) for x in q))
    direction = [Fraction(x) for x in found["direction"]]
    counted = sum(dot(row, direction) >= 0 for row in rows)
    expected = depth(rows)
    assert any(direction)
    if found["depth"] is None:  # the direction is not representable
        assert "double precision" in found["reason"], found
        assert found["depth_lower"] <= expected <= found["depth_upper"] == counted, found
        return "open"
    assert found["depth"] == found["depth_lower"] == found["depth_upper"] == expected == counted, (
        f"depth {found['depth']}, expected {expected}, counted {counted}: {points} at {q}")
    assert found["arithmetic"] == "exact"
    return "exact"


# ---- radius and bias ----------------------------------------------------------------------------

def layer(chance, n, most, bias):
    draw = chance.choice([lambda: chance.randint(-2, 2), lambda: chance.gauss(0, 1),
                          lambda: chance.randint(-20, 20) / 10])
    m = chance.randint(n, most)
    weight = [[float(draw()) for _ in range(n)] for _ in range(m)]
    if chance.random() < 0.4:  # every row with its opposite: often injective
        weight = [row for w in weight[:(m + 1) // 2] for row in (w, [-x for x in w])]
    lift = chance.choice([0.0, 0.0, 0.5, 1.0, 3.0])
    return weight, [float(draw()) + lift if bias else 0.0 for _ in weight]


def save(folder, weight, bias):
    write(f"{folder}/weight.csv", weight)
    write(f"{folder}/bias.csv", [[b] for b in bias])
    return [f"{folder}/weight.csv", "--bias", f"{folder}/bias.csv"]


def compare_radius(program, folder, chance):
    n = chance.choice([1, 2, 2, 3])
    weight, bias = layer(chance, n, 8 if n == 3 else 10, chance.random() < 0.95)
    kind = chance.choice(["ball", "ball", "nonneg-ball"])
    found = call(program, "radius", *save(folder, weight, bias), "--domain", kind)
    text = f"{weight} {bias} {kind}: {found}"
    every = Domain("space", n) if kind == "ball" else Domain("box", n, 1, [0.0] * n, [math.inf] * n)
    if not found["complete"]:  # only where a bad cell cannot be shown in double precision
        assert "double precision" in found["reason"], text
        assert found["lower"] == 0 or judge(weight, bias, Domain(kind, n, found["lower"])) is None, text
        return "open"
    if found["injective_on_every_ball"]:
        assert found["radius"] is None and found["upper"] is None and found["z"] is None
        assert judge(weight, bias, every) is None, text
        return "every"
    assert found["radius"] == found["lower"] <= found["upper"] <= found["lower"] * (1 + 1.1e-9), text
    if found["lower"] > 0:
        assert judge(weight, bias, Domain(kind, n, found["lower"])) is None, text
    beyond = Fraction(found["upper"]) * (1 + Fraction(1, 10 ** 15)) if found["upper"] else Fraction(1, 10 ** 6)
    assert judge(weight, bias, Domain(kind, n, beyond)) is not None, text
    if found["z"] is not None:
        z = [Fraction(x) for x in found["z"]]
        assert dot(z, z) <= Fraction(found["upper"]) ** 2, text
        assert every.holds(z, closed=False), text
        assert rank([integer_row(weight[i]) for i in active_rows(weight, bias, z)]) < n, text
    return "zero" if found["radius"] == 0 else "finite"


def some_domain(chance, n):
    kind = chance.choice(["ball", "nonneg-ball", "space", "box", "box"])
    if kind in ("ball", "nonneg-ball"):
        radius = chance.choice([1.0, 0.5, 3.0])
        return Domain(kind, n, radius), ["--domain", kind, "--radius", repr(radius)]
    if kind == "space":
        return Domain(kind, n), ["--domain", kind]
    lower, upper = chance.choice([(-1.0, 1.0), (0.0, 2.0), (0.0, math.inf), (-math.inf, 1.0)])
    return (Domain("box", n, 1, [lower] * n, [upper] * n),
            ["--domain", "box", "--lower", str(lower), "--upper", str(upper)])


def shifted(bias, t):
    return [Fraction(b) - Fraction(t) for b in bias]


def compare_bias(program, folder, chance):
    n = chance.choice([1, 2, 2, 3])
    weight, bias = layer(chance, n, 8, chance.random() < 0.7)
    domain, arguments = some_domain(chance, n)
    found = call(program, "bias", *save(folder, weight, bias), *arguments)
    text = f"{weight} {bias} {arguments}: {found}"
    rows = [integer_row(row) for row in weight]
    around = all(any(dot(row, u) > 0 for row in rows) for u in candidates(rows, n))
    assert found["omnidirectional"] == (rank(rows) == n and around), text
    assert found["complete"], text
    if found["uniform_exact"] is None:
        for t in (0, -1000, -10 ** 9):
            assert judge(weight, shifted(bias, t), domain) is not None, text
        return "never"
    lower, upper = Fraction(found["uniform_lower"]), Fraction(found["uniform_upper"])
    assert found["uniform_exact"] == found["uniform_lower"]
    assert lower <= upper <= lower + Fraction(1.001e-9 * found["scale"]), text
    assert judge(weight, shifted(bias, lower), domain) is None, text
    assert judge(weight, shifted(bias, upper + Fraction(1, 10 ** 13)), domain) is not None, text
    return "finite"


def candidates(rows, n):
    """Every direction that has to be looked at to see whether all rows fit into a closed halfspace."""
    for chosen in combinations(sorted(set(row for row in rows if any(row))), n - 1):
        u = null_vector(chosen, n)
        if u is not None:
            yield u
            yield [-x for x in u]


COMMANDS = {"depth": compare_depth, "radius": compare_radius, "bias": compare_bias}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", choices=COMMANDS, action="append")
    options = parser.parse_args()
    failures = 0
    for command in options.command or COMMANDS:
        kinds = {}
        for case in range(options.first, options.first + options.count):
            with tempfile.TemporaryDirectory() as folder:
                chance = random.Random(f"{options.seed} {command} {case}")
                try:
                    kind = COMMANDS[command](options.program, folder, chance)
                    kinds[kind] = kinds.get(kind, 0) + 1
                except AssertionError as error:
                    failures += 1
                    print(f"{command}, case {case}: {error}", file=sys.stderr)
        print(command, kinds)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
