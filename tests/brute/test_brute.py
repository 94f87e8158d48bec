"""Layers whose answer follows by hand, for both methods of brute.py, and the methods against each
other and against random points. Ends with "N passed, N failed"."""
import math
import random
import sys
from fractions import Fraction

import brute
import layers

UNIT = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
OPPOSITE = [[-x for x in row] for row in UNIT]
TETRAHEDRON = [[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]
GOLDEN = (1 + math.sqrt(5)) / 2
ICOSAHEDRON = [row for s in (1.0, -1.0) for t in (GOLDEN, -GOLDEN)
               for row in ([0.0, s, t], [s, t, 0.0], [t, 0.0, s])]
MERCEDES_BENZ = [[0.0, 1.0], [-math.sqrt(0.75), -0.5], [math.sqrt(0.75), -0.5]]
BALL = {"kind": "ball"}
SPACE = {"kind": "space"}


def box(low, high, n=3):
    return {"kind": "box", "lower": [float(low)] * n, "upper": [float(high)] * n}


# name, weight, bias (a number stands for all rows), domain, injective
KNOWN = [
    ("I alone", UNIT, 0, BALL, False),
    ("I on the positive orthant", UNIT, 0, {"kind": "nonneg-ball"}, True),
    ("I on a box of positive numbers", UNIT, 0, box(0, 1), True),
    ("I on a box that reaches below 0", UNIT, 0, box(-0.001, 1), False),
    ("I with a bias that just keeps the box active", UNIT, 1, box(-1, 1), True),
    ("I with a bias just too small for the box", UNIT, math.nextafter(1, 0), box(-1, 1), False),
    ("I with bias 1 on the unit ball", UNIT, 1, BALL, True),
    ("I with bias 1 on a larger ball", UNIT, 1, {"kind": "ball", "radius": math.nextafter(1, 2)}, False),
    ("[I; -I]", UNIT + OPPOSITE, 0, BALL, True),
    ("[I; -I] everywhere", UNIT + OPPOSITE, 0, SPACE, True),
    ("[I; -I] with a positive bias", UNIT + OPPOSITE, 0.5, SPACE, True),
    ("[I; -I] with a negative bias", UNIT + OPPOSITE, -1e-300, BALL, False),
    ("[I; -I] with a negative bias, far from its gap", UNIT + OPPOSITE, -1, box(1, 2), True),
    ("[I; -I] without one row", UNIT + OPPOSITE[:2], 0, BALL, False),
    ("[I; -I] without one row on the positive orthant", UNIT + OPPOSITE[:2], 0,
     {"kind": "nonneg-ball"}, True),
    ("the tetrahedron: m <= 3n - 2", TETRAHEDRON, 0, BALL, False),
    # two rows at a time: (1,1,1) and (1,-1,-1) are both inactive beyond (-1, 0, 0)
    ("the tetrahedron with bias 1 on the unit ball", TETRAHEDRON, 1, BALL, True),
    ("the tetrahedron with bias 1 on a larger ball", TETRAHEDRON, 1,
     {"kind": "ball", "radius": math.nextafter(1, 2)}, False),
    ("the icosahedron: six antipodal pairs", ICOSAHEDRON, 0, BALL, True),
    ("the icosahedron everywhere", ICOSAHEDRON, 0, SPACE, True),
    ("half of the icosahedron", ICOSAHEDRON[:6], 0, BALL, False),
    ("the Mercedes-Benz frame: m <= 3n - 2", MERCEDES_BENZ, 0, BALL, False),
    ("the Mercedes-Benz frame with bias 0.51", MERCEDES_BENZ, 0.51, BALL, True),
    ("the Mercedes-Benz frame with bias 0.49", MERCEDES_BENZ, 0.49, BALL, False),
    ("rank 2 in three dimensions, everything active", [[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0],
                                                       [2.0, 1.0, 0.0]], 100, BALL, False),
    ("zero rows span nothing", [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]], 1, BALL, False),
    ("one input, both signs", [[3.0], [-1e-30]], 0, SPACE, True),
    ("one input, one sign", [[3.0], [1.0]], 0, BALL, False),
    ("one input, a gap", [[1.0], [-1.0]], -0.5, BALL, False),
    ("one input, a gap outside the box", [[1.0], [-1.0]], -0.5, box(0.5, 1, 1), True),
]


def known_answers(check):
    for name, weight, bias, keywords, injective in KNOWN:
        domain = brute.Domain(n=len(weight[0]), **keywords)
        for method in brute.METHODS:
            bad = brute.judge(weight, [float(bias)] * len(weight), domain, method)
            check((bad is None) == injective, f"{name}, by {method}: {bad}")


def generic_rows_up_to_3n_minus_2(check):
    for n in (1, 2, 3, 4):
        for seed in range(5):
            weight = layers.gaussian(random.Random(f"{n} {seed}"), n, 3 * n - 2)
            for kind in ("ball", "space"):
                bad = brute.judge(weight, [0.0] * len(weight), brute.Domain(kind, n))
                check(bad is not None, f"{3 * n - 2} generic rows, n = {n}, {kind}")


def smallest_norm(check):
    """A case solved by hand, an empty case, and optimality against random feasible points."""
    point, below = brute.min_norm([(1, 1), (1, 0)], [2, -5], 2)
    check([Fraction(x, below) for x in point] == [1, 1], "nearest point of x + y >= 2")
    check(brute.min_norm([(1, 0), (-1, 0)], [1, 0], 2) is None, "x >= 1 and x <= 0")
    check(brute.min_norm([(1, 0), (-1, 0)], [1, -1], 2) is not None, "x >= 1 and x <= 1")
    rng = random.Random(7)
    for _ in range(60):
        rows = [tuple(rng.randint(-4, 4) for _ in range(3)) for _ in range(7)]
        right = [rng.randint(-9, 4) for _ in rows]
        best = brute.min_norm(rows, right, 3)
        feasible = []
        for _ in range(300):
            z = [Fraction(rng.randint(-40, 40), 8) for _ in range(3)]
            if all(brute.dot(a, z) >= c for a, c in zip(rows, right)):
                feasible.append(brute.dot(z, z))
        if best is None:
            check(not feasible, "called empty, but a point was found")
        else:
            square = Fraction(brute.dot(best[0], best[0]), best[1] ** 2)
            check(all(square <= other for other in feasible), "a smaller point was found")


def methods_agree(check):
    """Two methods that share only min_norm(), and random points that may refute "injective"."""
    for number in range(150):
        rng = random.Random(f"agree {number}")
        name, weight, bias, keywords = layers.random_layer(rng)
        if len(weight) > 12:
            continue
        bias = bias or [0.0] * len(weight)
        n = len(weight[0])
        domain = brute.Domain(n=n, **keywords)
        answers = [brute.judge(weight, bias, domain, method) for method in brute.METHODS]
        check((answers[0] is None) == (answers[1] is None), f"layer {number} ({name}): {answers}")
        bounds = layers.finite_bounds(keywords, n)
        for _ in range(20):
            z = [Fraction(low) + (Fraction(high) - Fraction(low)) * Fraction(rng.random())
                 for low, high in bounds]
            if answers[0] is None and brute.is_bad(weight, bias, domain, z):
                check(False, f"layer {number} ({name}): called injective, bad at {z}")


def main():
    counts = [0, 0]

    def check(good, name):
        counts[not good] += 1
        if not good:
            print(f"FAILED: {name}")

    for test in (known_answers, generic_rows_up_to_3n_minus_2, smallest_norm, methods_agree):
        test(check)
    print(f"{counts[0]} passed, {counts[1]} failed")
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
