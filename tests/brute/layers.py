"""Random small layers of every awkward kind, with a domain; used by compare.py."""
import math
import sys

MOST = sys.float_info.max

# integer vectors whose norm is an integer, by dimension: rows tangent to a ball, points on a sphere
PYTHAGOREAN = {
    1: [(1,), (2,), (3,)],
    2: [(3, 4), (4, -3), (5, 12), (-8, 15), (1, 0), (0, -2)],
    3: [(1, 2, 2), (2, -3, 6), (-1, 4, 8), (4, 4, -7), (0, 3, 4), (0, 0, 1)],
    4: [(1, 1, 1, 1), (1, -1, 3, 5), (2, 4, -5, 6), (1, 2, 0, -2), (0, 0, 3, 4), (1, 0, 0, 0)],
}


def gaussian_row(rng, n):
    return [rng.gauss(0, 1) for _ in range(n)]


def integer_row(rng, n, most):
    return [float(rng.randint(-most, most)) for _ in range(n)]


def norm(row):
    return math.sqrt(sum(x * x for x in row))


def scaled(factor, row):
    return [factor * x for x in row]


def signed_shuffle(rng, row):
    row = [x * rng.choice((-1, 1)) for x in row]
    rng.shuffle(row)
    return [float(x) for x in row]


# ---- weights: (rng, n, m) -> rows ---------------------------------------------------------------

def gaussian(rng, n, m):
    return [gaussian_row(rng, n) for _ in range(m)]


def ternary(rng, n, m):
    return [integer_row(rng, n, 1) for _ in range(m)]


def small_integers(rng, n, m):
    return [integer_row(rng, n, rng.choice((2, 3, 5))) for _ in range(m)]


def single_precision(rng, n, m):
    return [[math.ldexp(round(math.ldexp(x, 20)), -20) for x in gaussian_row(rng, n)] for _ in range(m)]


def basis_rows(rng, n):
    count = n + rng.randint(0, 2)
    if rng.random() < 0.5:
        return [integer_row(rng, n, rng.choice((1, 3))) for _ in range(count)]
    return [gaussian_row(rng, n) for _ in range(count)]


def crelu(rng, n, m):
    rows = basis_rows(rng, n)
    rows = rows + [[-x for x in row] for row in rows]
    return rows + gaussian(rng, n, rng.randint(0, 2))


def broken_crelu(rng, n, m):
    rows = basis_rows(rng, n)[:max(n, 1)]
    opposite = [[-x for x in row] for row in rows]
    k = rng.randrange(len(rows))
    damage = rng.randrange(4)
    if damage == 0:
        del opposite[k]
    elif damage == 1:  # turned a little, or in the last bit
        j = rng.randrange(n)
        step = rng.choice((0.25, 1e-6, 2.0 ** -40))
        opposite[k][j] += rng.choice((-step, step))
    elif damage == 2:
        opposite[k] = gaussian_row(rng, n)
    else:
        opposite[k] = [0.0] * n
    return rows + opposite + [integer_row(rng, n, 2) for _ in range(rng.randint(0, 2))]


def duplicated(rng, n, m):
    rows = [rng.choice((gaussian_row(rng, n), integer_row(rng, n, 2))) for _ in range(max(2, m // 2))]
    return rows + [list(rng.choice(rows)) for _ in range(m - len(rows))]


def scaled_duplicates(rng, n, m):
    rows = [integer_row(rng, n, 3) for _ in range(max(2, m // 2))]
    factors = (2.0, 0.5, 3.0, -1.0, -0.25, 7.0, 2.0 ** 30, 1.0 / 3.0)
    return rows + [[rng.choice(factors) * x for x in rng.choice(rows)] if rng.random() < 0.2 else
                   scaled(rng.choice(factors), rng.choice(rows))
                   for _ in range(m - len(rows))]


def zero_rows(rng, n, m):
    rows = rng.choice((gaussian, ternary))(rng, n, m)
    for _ in range(rng.randint(1, 3)):
        rows[rng.randrange(len(rows))] = [0.0] * n
    return rows


def sparse(rng, n, m):
    return [[x if rng.random() < 0.45 else 0.0 for x in gaussian_row(rng, n)] for _ in range(m)]


def low_rank(rng, n, m):
    """Most rows in a common subspace; sometimes all of them."""
    base = [integer_row(rng, n, 2) for _ in range(max(1, n - 1))]
    rows = []
    for _ in range(m - rng.choice((0, 1, 2, 3))):
        row = [0.0] * n
        for vector in base:
            factor = rng.randint(-2, 2)
            row = [x + factor * y for x, y in zip(row, vector)]
        rows.append(row)
    return rows + [rng.choice((gaussian_row(rng, n), integer_row(rng, n, 2)))
                   for _ in range(m - len(rows))]


def axis_planes(rng, n, m):
    """Rows along axes and diagonals: many parallel and coplanar rows."""
    rows = []
    for _ in range(m):
        row = [0.0] * n
        for j in rng.sample(range(n), min(n, rng.choice((1, 1, 2)))):
            row[j] = float(rng.choice((-1, 1)))
        rows.append(row)
    return rows


def pythagorean(rng, n, m):
    return [signed_shuffle(rng, rng.choice(PYTHAGOREAN[n])) for _ in range(m)]


def near_ties(rng, n, m):
    """Integer rows moved in the last bits."""
    return [[x * (1 + rng.choice((0, 0, 1, -1)) * 2.0 ** rng.choice((-52, -50, -40, -30))) for x in row]
            for row in ternary(rng, n, m)]


def nearly_parallel(rng, n, m):
    """Multiples of other rows, but for rounding; sometimes in both directions."""
    rows = gaussian(rng, n, max(2, m // 2))
    factors = rng.choice(((1.1, 0.3), (-1.1, -0.7), (1.1, -0.9, 1.0 / 3.0)))
    return rows + [scaled(rng.choice(factors), rng.choice(rows))
                   for _ in range(m - len(rows))]


def nearly_dependent(rng, n, m):
    """Sums of multiples of two or three other rows, but for rounding."""
    rows = gaussian(rng, n, max(2, m - rng.randint(1, 4)))
    made = []
    for _ in range(m - len(rows)):
        chosen = [(rng.choice((1.0, -1.0, 0.1, -1.3)), row)
                  for row in rng.sample(rows, min(len(rows), rng.choice((2, 2, 3))))]
        made.append([sum(f * row[j] for f, row in chosen) for j in range(n)])
    return rows + made


def wild_scales(rng, n, m):
    rows = rng.choice((gaussian, ternary))(rng, n, m)
    return [[math.ldexp(x, exponent) for x in row]
            for row, exponent in ((row, rng.choice((-60, -20, 0, 0, 20, 60))) for row in rows)]


def far_scales(rng, n, m):
    """Rows, columns or single entries at the ends of the exponent range."""
    rows = rng.choice((gaussian, ternary, crelu, broken_crelu, small_integers))(rng, n, m)
    exponents = rng.choice(((0, 0, 53, -53), (0, 61, -61), (0, 500, -550), (0, 0, -1000, 900),
                            (-1074, -1022, -500, 0, 500, 1010)))
    of_row = [rng.choice(exponents) for _ in rows]
    of_column = [rng.choice(exponents) for _ in range(n)]
    part = rng.randrange(3)
    return [[math.ldexp(x, of_row[i] if part == 0 else of_column[j] if part == 1 else
                        rng.choice(exponents)) for j, x in enumerate(row)]
            for i, row in enumerate(rows)]


def chain(rng, n, m):
    """Each of the first rows near the span of those before it."""
    step = 2.0 ** -rng.choice((8, 12, 13, 26))
    rows = [[float(i == j) + step * float(i == j + 1) for i in range(n)] for j in range(n)]
    if n > 2 and rng.random() < 0.5:  # the last in the span of the others
        rows[-1] = scaled(1 / step, [a - b for a, b in zip(rows[0], rows[-2])])
    rows += [scaled(-1.0, row) for row in rows if rng.random() < 0.5]
    return rows + rng.choice((gaussian, ternary))(rng, n, max(1, m - len(rows)))


def frame(rng, n, m):
    """Simplex, cross-polytope, cube corners, with a row or two more or less."""
    unit = [[float(i == j) for j in range(n)] for i in range(n)]
    simplex = unit + [[-1.0] * n]
    cross = unit + [[-x for x in row] for row in unit]
    cube = [[float(1 - 2 * (k >> j & 1)) for j in range(n)] for k in range(2 ** n)]
    rows = [list(row) for row in rng.choice((simplex, cross, cube, cube[::3], simplex + simplex))]
    if rng.random() < 0.4:
        rows.pop(rng.randrange(len(rows)))
    if rng.random() < 0.4:
        rows.append(integer_row(rng, n, 2))
    return rows or unit


def threshold(rng, n, m):
    """General position around the width 3n - 2, and well above it."""
    return gaussian(rng, n, max(1, rng.choice((3 * n - 3, 3 * n - 2, 3 * n - 1, 4 * n, 5 * n - 1))))


WEIGHTS = [gaussian, ternary, small_integers, single_precision, crelu, broken_crelu, duplicated,
           scaled_duplicates, zero_rows, sparse, low_rank, axis_planes, pythagorean, near_ties,
           nearly_parallel, nearly_dependent, wild_scales, far_scales, chain, frame, threshold]


# ---- domains and biases -------------------------------------------------------------------------

def random_domain(rng, n, far):
    """Keyword arguments of a domain; box bounds are lists. far: perhaps at the ends of the range."""
    kind = rng.choice(("ball", "ball", "space", "box", "nonneg-ball"))
    if kind in ("ball", "nonneg-ball"):
        radius = rng.choice((1.0, 1.0, 0.5, 3.0, 5.0, 9.0, 0.1, 1e-3, 100.0))
        if far and rng.random() < 0.2:
            radius = rng.choice((5e-324, 1e-300, 1e-160, 2.0 ** -61, 1e17, 1e160, 1e300, MOST))
        return {"kind": kind, "radius": radius}
    if kind == "box" and far and rng.random() < 0.3:
        bounds = [rng.choice(((-math.inf, 0), (-math.inf, math.inf), (1, 1 + 2.0 ** -52), (0, 5e-324),
                              (-1e300, 1e300), (-MOST, MOST), (1e300, math.inf), (-1e-300, 1), (0, 1),
                              (1e16, 1e16 + 4))) for _ in range(n)]
        return {"kind": kind, "lower": [float(low) for low, _ in bounds],
                "upper": [float(high) for _, high in bounds]}
    if kind == "box":
        bounds = rng.choice(((-1, 1), (-1, 1), (0, 1), (-2, 3), (1, 2), (-0.1, 0.1), (-math.inf, 0),
                             (0, math.inf), (-math.inf, 1), None))
        if bounds is None:
            return {"kind": kind, "lower": [float(rng.choice((-3, -2, -1, 0))) for _ in range(n)],
                    "upper": [float(rng.choice((0.5, 1, 3))) for _ in range(n)]}
        return {"kind": kind, "lower": [float(bounds[0])] * n, "upper": [float(bounds[1])] * n}
    return {"kind": "space"}


def finite_bounds(domain, n):
    if domain["kind"] == "box":
        return [(low if math.isfinite(low) else -2.0, high if math.isfinite(high) else 2.0)
                for low, high in zip(domain["lower"], domain["upper"])]
    radius = domain.get("radius", 1.0)
    return [(0.0 if domain["kind"] == "nonneg-ball" else -radius, radius)] * n


def boundary_point(rng, n, domain):
    """A point on the boundary of the domain (or an integer point): corner, face, or on the sphere
    exactly where that is possible."""
    if domain["kind"] in ("ball", "nonneg-ball"):
        vector = signed_shuffle(rng, rng.choice(PYTHAGOREAN[n]))
        if domain["kind"] == "nonneg-ball":
            vector = [abs(x) for x in vector]
        return [x * domain["radius"] / norm(vector) for x in vector]
    if domain["kind"] == "space":
        return integer_row(rng, n, 2)
    return [rng.choice((low, high, (low + high) / 2)) for low, high in finite_bounds(domain, n)]


def biases(rng, rows, domain):
    n = len(rows[0])
    mode = rng.choice(("zero", "zero", "gaussian", "integer", "uniform", "positive", "through a point",
                       "through points", "tangent", "mixed", "far"))
    scale = max(0.01, min(10.0, domain.get("radius", 1.0)))
    if mode == "zero":
        return None
    if mode == "gaussian":
        return [rng.gauss(0, 0.5) * scale * (norm(row) or 1) for row in rows]
    if mode == "far":
        sizes = rng.choice(((0.0, 1.0), (0.0, 5e-324, 1e-300, 1e-17), (0.0, 1.0, 1e300)))
        return [rng.choice((-1, 1)) * rng.choice(sizes) for _ in rows]
    if mode == "integer":
        return [float(rng.randint(-2, 2)) for _ in rows]
    if mode == "uniform":
        shift = rng.choice((0.25, 0.5, 1.0, -0.25, 3.0)) * scale
        return [shift for _ in rows]
    if mode == "positive":
        return [rng.random() * scale * (norm(row) or 1) for row in rows]
    point = boundary_point(rng, n, domain)
    result = []
    for row in rows:
        if mode == "through points":
            point = boundary_point(rng, n, domain)
        through = -sum(x * y for x, y in zip(row, point))
        tangent = rng.choice((-1, 1)) * norm(row) * domain.get("radius", 1.0)
        if mode == "tangent":
            result.append(tangent)
        elif mode == "mixed":
            result.append(rng.choice((0.0, through, tangent, rng.gauss(0, 1) * scale)))
        else:
            result.append(through)
    return result


def random_layer(rng):
    """(name, rows, bias or None, domain keywords)."""
    n = rng.choice((1, 2, 2, 3, 3, 3, 4, 4))
    m = rng.randint(max(1, n), {1: 6, 2: 10, 3: 14, 4: 14}[n])
    maker = rng.choice(WEIGHTS)
    rows = maker(rng, n, m)
    rng.shuffle(rows)
    rows = rows[:16]
    domain = random_domain(rng, n, rng.random() < 0.5)
    bias = biases(rng, rows, domain)
    if bias is not None and not all(math.isfinite(x) for x in bias):
        bias = None
    return maker.__name__, rows, bias, domain


def far_apart(rows, bias, domain):
    """Are some of the numbers more than 2^400 times as large as others?"""
    numbers = [x for row in rows for x in row] + list(bias or [])
    numbers += [domain.get("radius", 1.0), *domain.get("lower", []), *domain.get("upper", [])]
    exponents = [math.frexp(x)[1] for x in numbers if x != 0 and math.isfinite(x)]
    return max(exponents) - min(exponents) > 400
