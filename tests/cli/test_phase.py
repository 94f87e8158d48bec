"""`halfspan phase` from the command line: results, ledger, kills, several processes, ranks.

Usage: test_phase.py PROGRAM
"""

import csv
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "halfspan"
FOLDER = tempfile.TemporaryDirectory()
SMALL = ("--n", "4,6", "--trials", "60")
LONG = ("--n", "7,8", "--trials", "60")  # seconds
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.startswith(("OMPI_", "PMI", "SLURM_"))}
MPIRUN = shutil.which("mpirun")


def place(name):
    return os.path.join(FOLDER.name, name)


def run(*arguments, **more):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, check=False, env=ENVIRONMENT, **more)


def start(*arguments):
    return subprocess.Popen([PROGRAM, "phase", *map(str, arguments)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=ENVIRONMENT)


def rows(ledger, columns="n, m, seed, verdict, source", where="1"):
    with sqlite3.connect(ledger) as base:
        return base.execute(f"SELECT {columns} FROM decision WHERE {where} "
                            "ORDER BY n, seed, m").fetchall()


def count_rows(ledger):
    """Of a ledger that another process may be creating or writing."""
    try:
        return len(rows(ledger)) if os.path.exists(ledger) else 0
    except sqlite3.Error:
        return 0


def wait_for_rows(ledger, count):
    while count_rows(ledger) < count:
        time.sleep(0.02)


class Case(unittest.TestCase):
    def document(self, *arguments, **more):
        done = run("phase", *arguments, "--json", **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def fails(self, code, piece, *arguments, **more):
        done = run("phase", *arguments, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(piece, done.stderr)


def comparable(document):
    """What must not depend on how a result was computed."""
    return {key: document[key] for key in ("points", "extrapolation", "ensemble", "domain")}


def recount(points):
    """Checks every curve against its own trials."""
    for point in points:
        for at in point["curve"]:
            assert at["decided"] + at["undecided"] == point["trials"]
            assert abs(at["alpha"] - at["m"] / point["n"]) < 1e-12
            assert 0 <= at["low"] <= at["high"] <= 1
            if at["rate"] is not None:
                assert at["low"] <= at["rate"] <= at["high"]


class Results(Case):
    def test_agrees_with_check_on_every_width(self):
        """m* of a few seeds, the slow way: a verdict of `check` for each width."""
        path = place("layer.npy")
        ledger = place("widths.db")
        self.document("--n", 3, "--trials", 6, "--ledger", ledger, "--seed", 11)
        for seed in range(11, 17):
            injective = {m: verdict == "injective" for _, m, s, verdict, _ in rows(ledger)
                         if s == seed}
            width = min(m for m, good in injective.items() if good)
            for m in range(3, width + 4):
                run("generate", "--m", m, "--n", 3, "--ensemble", "gaussian", "--seed", seed, "-o",
                    path)
                code = run("check", path).returncode
                self.assertEqual(code, 0 if m >= width else 1, (seed, m, width))

    def test_document(self):
        found = self.document(*SMALL)
        self.assertEqual([point["n"] for point in found["points"]], [4, 6])
        recount(found["points"])
        for point in found["points"]:
            self.assertEqual((point["trials"], point["undecided"]), (60, 0))
            self.assertLess(point["alpha_50_low"], point["alpha_50"])
            self.assertLess(point["alpha_50"], point["alpha_50_high"])
            rates = [at["rate"] for at in point["curve"]]
            self.assertEqual((rates[0], rates[-1]), (0, 1))
            self.assertEqual(rates, sorted(rates))
            # The mean of m* is the sum of P(m* > m).
            start_width = point["curve"][0]["m"]
            mean = (start_width + sum(1 - rate for rate in rates)) / point["n"]
            self.assertAlmostEqual(point["mean"], mean, places=9)
        self.assertEqual(set(found["extrapolation"]) >= {"alpha", "low", "high", "exponent"}, True)
        self.assertIsNone(found["ledger"])
        self.assertIn("thresholds", found["theory"])

    def test_mean_width_of_four_columns(self):
        """5.09 +- 0.04 (one standard error) was found by another program; 0.84 / sqrt(400) here."""
        found = self.document("--n", 4, "--trials", 400)
        self.assertLess(abs(found["points"][0]["mean"] - 5.09), 4 * (0.04**2 + 0.042**2) ** 0.5)

    def test_threads_do_not_matter(self):
        one, two = (self.document(*SMALL, "--threads", k, "--ledger", place(f"threads{k}.db"))
                    for k in (1, 2))
        self.assertEqual(comparable(one), comparable(two))
        self.assertEqual(rows(place("threads1.db")), rows(place("threads2.db")))

    def test_grid(self):
        ledger = place("grid.db")
        grid = self.document(*SMALL, "--alpha", "4:6:0.5", "--ledger", ledger)
        width = self.document(*SMALL)
        self.assertEqual((grid["method"], width["method"]), ("grid", "critical-width"))
        recount(grid["points"])
        for one, other in zip(grid["points"], width["points"]):
            self.assertEqual([at["m"] for at in one["curve"]],
                             [round(alpha / 2 * one["n"]) for alpha in range(8, 13)])
            injective = {at["m"]: at["injective"] for at in other["curve"]}
            for at in one["curve"]:
                self.assertEqual(at["decided"], 60)
                beyond = 60 if at["m"] > other["curve"][-1]["m"] else 0
                self.assertEqual(at["injective"], injective.get(at["m"], beyond))
                self.assertEqual(len(rows(ledger, where=f"n = {one['n']} AND m = {at['m']}")), 60)

    def test_grid_and_widths_share_a_ledger(self):
        ledger = place("both.db")
        self.document(*SMALL, "--alpha", "4:6:1", "--ledger", ledger)
        both = self.document(*SMALL, "--ledger", ledger, "--resume")
        self.assertEqual(comparable(both), comparable(self.document(*SMALL)))

    def test_search_is_one_sided(self):
        found = self.document("--n", 50, "--trials", 4, "--engine", "search", "--alpha", "3:9:6",
                              "--node-limit", 20)
        self.assertTrue(found["lower_bound_for_not_injective"])
        point = found["points"][0]
        recount([point])
        self.assertEqual(point["undecided"], 4)
        self.assertIsNone(point["alpha_50"])
        low, high = point["curve"]
        self.assertEqual((low["not_injective"], low["success"], low["rate"]), (4, 1, None))
        self.assertEqual((high["not_injective"], high["undecided"]), (0, 4))
        self.assertEqual((high["low"], high["high"]), (0, 1))
        self.assertIn("lower bound", run("phase", "--n", 50, "--trials", 2, "--engine", "search",
                                         "--alpha", "3").stdout)

    def test_undecided_is_counted(self):
        found = self.document("--n", 8, "--trials", 12, "--node-limit", 2)
        point = found["points"][0]
        self.assertGreater(point["undecided"], 0)
        recount([point])
        exact = self.document("--n", 8, "--trials", 12)["points"][0]
        rate = {at["m"]: at["rate"] for at in exact["curve"]}
        for at in point["curve"]:
            truth = rate.get(at["m"], float(at["m"] > exact["curve"][0]["m"]))
            self.assertLessEqual(at["low"], truth)
            self.assertGreaterEqual(at["high"], truth)
        two = self.document("--n", 8, "--trials", 12, "--node-limit", 2, "--threads", 2)
        self.assertEqual(comparable(found), comparable(two))

    def test_ensembles_and_domains(self):
        for more in (("--ensemble", "sphere"), ("--ensemble", "uniform"),
                     ("--ensemble", "rademacher"), ("--ensemble", "sparse:0.4"),
                     ("--bias-ensemble", "gaussian"), ("--domain", "space"),
                     ("--domain", "nonneg-ball", "--radius", 2),
                     ("--domain", "box", "--lower", -1, "--upper", 2)):
            point = self.document("--n", 3, "--trials", 10, *more)["points"][0]
            self.assertEqual((point["trials"], point["undecided"]), (10, 0), more)
            self.assertGreaterEqual(point["curve"][-1]["m"], 3)
        self.assertEqual(self.document("--n", 2, "--trials", 2, "--ensemble", "uniform")
                         ["bias_ensemble"], "uniform")

    def test_sphere_is_gaussian_without_bias(self):
        """Signs only depend on directions, and both draw the same ones."""
        gaussian = self.document("--n", 4, "--trials", 30, "--ensemble", "gaussian")
        space = self.document("--n", 4, "--trials", 30, "--domain", "space")
        self.assertEqual(gaussian["points"], space["points"])


class Replay(Case):
    def replay(self, ensemble, bias, domain, ledger, *more):
        path = place("replay.npz")
        kept = rows(ledger)
        for n, m, seed, verdict, _ in random.Random(5).sample(kept, 12):
            run("generate", "--m", m, "--n", n, "--ensemble", ensemble, "--bias-ensemble", bias,
                "--seed", seed, "-o", path)
            done = run("check", path, *domain, *more, "--json")
            self.assertEqual(json.loads(done.stdout)["verdict"], verdict, (n, m, seed))
        return {source for *_, source in kept}

    def test_gaussian(self):
        ledger = place("replay.db")
        self.document(*SMALL, "--ledger", ledger)
        self.assertIn("witness", self.replay("gaussian", "none", (), ledger))

    def test_bias_in_a_box(self):
        ledger = place("replay_box.db")
        domain = ("--domain", "box", "--lower", -2, "--upper", 1)
        self.document("--n", 4, "--trials", 30, "--ensemble", "uniform", "--ledger", ledger, *domain)
        self.replay("uniform", "uniform", domain, ledger)

    def test_grid(self):
        ledger = place("replay_grid.db")
        self.document("--n", 5, "--trials", 20, "--alpha", "3:8:0.4", "--ledger", ledger,
                      "--ensemble", "rademacher")
        self.assertIn("nested", self.replay("rademacher", "none", (), ledger))


class Ledger(Case):
    def test_kill_and_resume(self):
        """SIGKILL at random moments: in the end every row as without, and none made twice."""
        whole, broken = place("whole.db"), place("broken.db")
        begin = time.monotonic()
        expected = self.document(*LONG, "--ledger", whole)
        seconds = time.monotonic() - begin
        chance = random.Random(7)
        kills = 0
        for _ in range(40):
            process = start(*LONG, "--ledger", broken, "--resume", "--json")
            try:
                out, err = process.communicate(timeout=chance.uniform(0.1, 0.7) * seconds)
                break
            except subprocess.TimeoutExpired:
                before = count_rows(broken)
                process.kill()
                process.communicate()
                kills += 1
                self.assertGreaterEqual(count_rows(broken), before)
        else:
            out = run("phase", *LONG, "--ledger", broken, "--resume", "--json").stdout
            err = ""
        self.assertGreater(kills, 0)
        self.assertEqual(err, "")
        self.assertEqual(comparable(json.loads(out)), comparable(expected))
        self.assertEqual(rows(broken), rows(whole))
        again = self.document(*LONG, "--ledger", broken, "--resume")
        self.assertEqual(again["decisions"], 0)

    def test_several_processes(self):
        whole, shared = place("alone.db"), place("shared.db")
        expected = self.document(*LONG, "--ledger", whole)
        processes = [start(*LONG, "--ledger", shared, "--resume", "--json", "--threads", 1)
                     for _ in range(3)]
        time.sleep(0.3)
        processes[0].kill()  # what it had claimed goes to the others
        processes[0].communicate()
        made = 0
        for process in processes[1:]:
            out, err = process.communicate()
            self.assertEqual((process.returncode, err), (0, ""))
            found = json.loads(out)
            made += found["decisions"]
            self.assertEqual(comparable(found), comparable(expected))
        self.assertEqual(rows(shared), rows(whole))
        self.assertLessEqual(made, len(rows(shared)))

    def test_more_trials_and_other_sizes(self):
        ledger = place("grows.db")
        first = self.document("--n", 4, "--trials", 20, "--ledger", ledger)
        more = self.document("--n", "4,5", "--trials", 30, "--ledger", ledger, "--resume")
        self.assertEqual(comparable(more), comparable(self.document("--n", "4,5", "--trials", 30)))
        self.assertEqual(first["decisions"] + more["decisions"], len(rows(ledger)))

    def test_trials_for_each_size(self):
        found = self.document("--n", "5,3,4", "--trials", "7,5,6")
        self.assertEqual([(point["n"], point["trials"]) for point in found["points"]],
                         [(3, 5), (4, 6), (5, 7)])

    def test_refuses_other_settings(self):
        ledger = place("settings.db")
        base = ("--n", 3, "--trials", 3, "--ledger", ledger)
        self.document(*base)
        before = rows(ledger)
        self.fails(64, "--resume", *base)
        for piece, more in (("ensemble gaussian, this one has sphere", ("--ensemble", "sphere")),
                            ("bias-ensemble none", ("--bias-ensemble", "gaussian")),
                            ("domain ball:1, this one has ball:2", ("--radius", 2)),
                            ("domain ball:1, this one has space", ("--domain", "space")),
                            ("engine auto, this one has cells", ("--engine", "cells"))):
            self.fails(64, piece, *base, "--resume", *more)
        with sqlite3.connect(ledger) as base_file:
            base_file.execute("UPDATE setting SET value = '0.0.1' WHERE name = 'version'")
        self.fails(64, "version 0.0.1, this one has", *base, "--resume")
        self.assertEqual(rows(ledger), before)

    def test_larger_limits_try_again(self):
        ledger = place("limits.db")
        base = ("--n", 8, "--trials", 8, "--ledger", ledger)
        first = self.document(*base, "--node-limit", 2)
        self.assertGreater(first["points"][0]["undecided"], 0)
        same = self.document(*base, "--node-limit", 2, "--resume")
        self.assertEqual(same["decisions"], 0)
        self.assertEqual(comparable(same), comparable(first))
        last = self.document(*base, "--resume")
        self.assertEqual(comparable(last), comparable(self.document("--n", 8, "--trials", 8)))

    def test_not_a_ledger(self):
        text = place("text.db")
        with open(text, "w", encoding="ascii") as out:
            out.write("this is no database, but it is long enough to look at\n" * 40)
        self.fails(65, "not a", "--n", 3, "--trials", 2, "--ledger", text)
        other = place("other.db")
        with sqlite3.connect(other) as base:
            base.execute("CREATE TABLE mine (x)")
        self.fails(65, "another SQLite database", "--n", 3, "--trials", 2, "--ledger", other,
                   "--resume")
        with sqlite3.connect(other) as base:
            self.assertEqual(base.execute("PRAGMA journal_mode").fetchone(), ("delete",))
        self.fails(66, "cannot open", "--n", 3, "--trials", 2, "--ledger", place("no/such/place.db"))
        self.fails(66, "cannot open", "--n", 3, "--trials", 2, "--ledger", FOLDER.name)

    def test_empty_file_is_a_new_ledger(self):
        path = place("empty.db")
        with open(path, "w", encoding="ascii"):
            pass
        self.document("--n", 3, "--trials", 2, "--ledger", path)
        self.assertGreater(len(rows(path)), 0)

    def test_full_disk(self):
        """A limit on the size of files stands in for a full disk."""
        ledger = place("full.db")
        self.document("--n", 4, "--trials", 10, "--ledger", ledger)
        before = rows(ledger)
        size = os.path.getsize(ledger)

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, size + 8192))

        self.fails(73, "full.db", "--n", "4,6", "--trials", 200, "--ledger", ledger, "--resume",
                   preexec_fn=limit)
        kept = rows(ledger)
        self.assertTrue(set(before) <= set(kept))
        found = self.document("--n", "4,6", "--trials", 200, "--ledger", ledger, "--resume")
        self.assertEqual(comparable(found), comparable(self.document("--n", "4,6", "--trials", 200)))

    def test_read_only(self):
        """As another user when this one may write everywhere."""
        with tempfile.TemporaryDirectory() as folder:
            ledger = os.path.join(folder, "ledger.db")
            self.document("--n", 3, "--trials", 4, "--ledger", ledger)
            before = rows(ledger)
            os.chmod(ledger, 0o444)
            os.chmod(folder, 0o555)
            more = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
            try:
                usable = subprocess.run([PROGRAM, "--version"], capture_output=True, check=False,
                                        **more).returncode == 0
            except OSError:
                usable = False
            if usable:
                for piece, name in (("ledger.db", "ledger.db"), ("new.db", "new.db")):
                    done = run("phase", "--n", 3, "--trials", 8, "--ledger",
                               os.path.join(folder, name), "--resume", **more)
                    self.assertIn(done.returncode, (66, 73))
                    self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                    self.assertIn(piece, done.stderr)
            os.chmod(folder, 0o755)
            self.assertEqual(rows(ledger), before)
        if not usable:
            self.skipTest("no other user may run the program")


class Interruption(Case):
    def test_interrupt_shows_what_there_is(self):
        for sign in (signal.SIGINT, signal.SIGTERM):
            ledger = place(f"interrupt{sign}.db")
            process = start("--n", "8,30", "--trials", 100000, "--ledger", ledger, "--json")
            wait_for_rows(ledger, 5)
            process.send_signal(sign)
            out, err = process.communicate()
            self.assertEqual((process.returncode, err), (0, ""))
            found = json.loads(out)
            self.assertTrue(found["interrupted"])
            self.assertEqual(found["decisions"], len(rows(ledger)))
            with sqlite3.connect(ledger) as base:
                self.assertEqual(base.execute("SELECT count(*) FROM claim").fetchone(), (0,))
                self.assertEqual(base.execute("SELECT count(*) FROM process").fetchone(), (0,))


@unittest.skipIf(MPIRUN is None, "mpirun is not installed")
class Ranks(Case):
    def launch(self, ranks, *arguments):
        # Open MPI leaks; the program's own memory is watched in the other tests.
        address = ENVIRONMENT.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        environment = dict(ENVIRONMENT, OMPI_ALLOW_RUN_AS_ROOT="1", ASAN_OPTIONS=address,
                           OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                           OMPI_MCA_btl_vader_single_copy_mechanism="none")
        return subprocess.Popen([MPIRUN, "--oversubscribe", "-np", str(ranks), PROGRAM, "phase",
                                 *map(str, arguments)], stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)

    def mpirun(self, ranks, *arguments):
        process = self.launch(ranks, *arguments)
        out, err = process.communicate()
        if "this build has no MPI" in err:
            self.skipTest("built without MPI")
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def test_ranks_do_not_matter(self):
        expected = self.document(*LONG, "--ledger", place("ranks0.db"))
        for ranks in (1, 2, 4):
            ledger = place(f"ranks{ranks}.db")
            done = self.mpirun(ranks, *LONG, "--ledger", ledger, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(comparable(json.loads(done.stdout)), comparable(expected))
            self.assertEqual(rows(ledger), rows(place("ranks0.db")))

    def test_interrupt(self):
        self.mpirun(2, "--n", 2, "--trials", 1)
        ledger = place("ranks_interrupt.db")
        process = self.launch(2, "--n", "6,14", "--trials", 100000, "--ledger", ledger, "--json")
        wait_for_rows(ledger, 5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
        found = json.loads(out)
        self.assertTrue(found["interrupted"])
        self.assertEqual(found["decisions"], len(rows(ledger)))
        with sqlite3.connect(ledger) as base:
            self.assertEqual(base.execute("SELECT count(*) FROM claim").fetchone(), (0,))

    def test_errors_are_said_once(self):
        done = self.mpirun(2, "--n", "x")
        self.assertEqual(done.stderr.count("is not a list of numbers"), 1, done.stderr)
        ledger = place("refused.db")
        self.document("--n", 3, "--trials", 2, "--ledger", ledger)
        done = self.mpirun(2, "--n", 3, "--trials", 2, "--ledger", ledger)
        self.assertEqual(done.returncode, 64)
        self.assertEqual(done.stderr.count("--resume goes on with them"), 1, done.stderr)


class Outputs(Case):
    def test_table(self):
        done = run("phase", *SMALL)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for piece in ("alpha_50 [95%]", "w = 2/3", "full RSB", "rows gaussian, bias none"):
            self.assertIn(piece, done.stdout)

    def test_csv(self):
        path = place("curve.csv")
        found = self.document(*SMALL, "--csv", path)
        with open(path, encoding="ascii", newline="") as file:
            table = list(csv.DictReader(file))
        curves = [(point["n"], at) for point in found["points"] for at in point["curve"]]
        self.assertEqual(len(table), len(curves))
        for line, (n, at) in zip(table, curves):
            self.assertEqual((int(line["n"]), int(line["m"]), int(line["injective"])),
                             (n, at["m"], at["injective"]))
            self.assertAlmostEqual(float(line["rate"]), at["rate"])

    @unittest.skipIf(shutil.which("gnuplot") is None, "gnuplot is not installed")
    def test_plot(self):
        for extension, head in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
            path = place("figure." + extension)
            done = run("phase", *SMALL, "--plot", path)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            with open(path, "rb") as file:
                self.assertTrue(file.read().startswith(head))
        with open(place("figure.svg"), encoding="utf-8") as file:
            text = file.read()
        for piece in ("n = 4", "n = 6", "full RSB 6.698", "fl RDT level 1: 7.648"):
            self.assertIn(piece, text)
        self.assertIn("P(injective)", run("phase", *SMALL, "--plot", "-").stdout)

    def test_places_that_cannot_be_written(self):
        """Said at once: this would take days."""
        for name in ("--csv", "--plot"):
            self.fails(73, "no/such/place", "--n", 30, name, place("no/such/place.svg"))

    def test_usage(self):
        for piece, arguments in (
                ("--n", ("--n", "4,")), ("twice", ("--n", "4,4")), ("--n", ("--n", "0")),
                ("--trials", ("--trials", "0")),
                ("--trials", ("--n", "3,4", "--trials", "1,2,3")), ("--resume needs", ("--resume",)),
                ("exclude each other", ("--alpha", "5", "--critical-width")),
                ("--alpha", ("--alpha", "6:5:1")), ("--engine", ("--engine", "x")),
                ("critical width", ("--engine", "search", "--critical-width")),
                ("expected gaussian", ("--ensemble", "x")), ("'none'", ("--ensemble", "none")),
                ("'sphere'", ("--bias-ensemble", "sphere")), ("--domain", ("--domain", "x")),
                (".svg, .png", ("--plot", "figure.gif")), ("--seed", ("--seed", str(2**63))),
                ("standard output", ("--plot", "-", "--json")),
                ("operand", ("file",)), ("negative", ("--time-limit", "-1"))):
            self.fails(64, piece, *arguments)
        done = run("phase", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Usage: halfspan phase", done.stdout)
        self.assertIn("  phase", run("--help").stdout)


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], exit=False, verbosity=0)
    failed = len(program.result.failures) + len(program.result.errors)
    skipped = len(program.result.skipped)
    print(f"{program.result.testsRun - failed - skipped} passed, {failed} failed")
    sys.exit(failed > 0)
