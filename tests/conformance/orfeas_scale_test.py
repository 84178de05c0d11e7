#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""orfeas-scale as its users run it: a trace in, three ways to scale compared, rows and a picture out."""

import csv
import io
import math
import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from support import run

ROOT = Path(__file__).resolve().parent.parent.parent
SCALE = Path(os.environ.get("ORFEAS_BIN", ROOT / "build" / "dev" / "bin")) / "orfeas-scale"
HEADER = ("policy,replicas_mean,replicas_max,changes,p50_ms,p95_ms,p99_ms,worst_hour_p95_ms,late_share,replica_hours,cost")


def scale(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([SCALE, *arguments], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def outcomes(*arguments: str) -> dict[str, dict[str, float]]:
    code, out, error = scale(*arguments)
    assert code == 0, error
    return {row.pop("policy"): {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(io.StringIO(out))}


class Traces(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name: str) -> Path:
        return Path(self.folder.name) / name

    def trace(self, rate, hours: float, step_s: int = 60) -> str:
        path = self.file("load.csv")
        path.write_text("timestamp,load\n" + "".join(f"{1_700_006_400 + i * step_s},{rate(i * step_s):.4f}\n"
                                                     for i in range(int(hours * 3600 / step_s))))
        return str(path)

    def test_a_steady_load_needs_what_queueing_theory_says(self):
        # 3 requests a second of 2 s keep 6 replicas busy; at 70 % of a replica 8.6 are needed, and what the busiest 15 s of the last
        # 5 minutes needed are more than on average
        said = outcomes("--trace", self.trace(lambda _: 3, 4), "--start-s", "60")
        for policy in ("reactive", "ahead"):
            self.assertTrue(8 <= said[policy]["replicas_mean"] <= 12.5, said[policy])
            self.assertLess(said[policy]["late_share"], 0.01)
        self.assertTrue(7 <= said["fixed"]["replicas_max"] <= 9, said["fixed"])
        self.assertEqual(said["fixed"]["changes"], 0)
        self.assertAlmostEqual(said["fixed"]["replica_hours"], 4 * said["fixed"]["replicas_max"], delta=0.1)
        self.assertAlmostEqual(said["fixed"]["cost"], 2.5 * said["fixed"]["replica_hours"], delta=0.3)
        self.assertTrue(1900 <= said["fixed"]["p50_ms"] <= 2600, said["fixed"])

    def test_a_rise_that_comes_each_day_is_met_ahead_of_it(self):
        def day(time):
            return 8 if 8 * 3600 <= time % 86_400 < 16 * 3600 else 1
        # replicas take ten minutes to start: who only reacts is late each morning, who predicts learns to be there
        said = outcomes("--trace", self.trace(day, 24 * 6, 300), "--start-s", "600", "--rows", str(self.file("rows.csv")))
        self.assertLess(said["ahead"]["late_share"], said["reactive"]["late_share"])
        self.assertLess(said["ahead"]["cost"], 1.05 * said["reactive"]["cost"])
        self.assertLess(said["ahead"]["cost"], said["fixed"]["cost"])
        ready, worst = {}, {}
        eight = 5 * 86_400 + 8 * 3600  # on the last day
        with open(self.file("rows.csv")) as file:
            for row in csv.DictReader(file):
                if int(row["time_s"]) == eight:
                    ready[row["policy"]] = int(row["ready"])
                if eight < int(row["time_s"]) <= eight + 1800:
                    worst[row["policy"]] = max(worst.get(row["policy"], 0), float(row["p95_ms"]))
        self.assertGreater(ready["ahead"], 2 * ready["reactive"], ready)
        self.assertLess(worst["ahead"], worst["reactive"] / 5, worst)

    def test_the_smallest_fixed_number_is_found(self):
        trace = self.trace(lambda _: 3, 2)
        best = int(outcomes("--trace", trace)["fixed"]["replicas_max"])
        less = outcomes("--trace", trace, "--max-replicas", str(best - 1))["fixed"]
        self.assertEqual(less["replicas_max"], best - 1)
        self.assertGreater(less["p95_ms"], 4000)  # none meets the target: the most that are allowed

    def test_bounds_hold(self):
        said = outcomes("--trace", self.trace(lambda time: 0 if time < 3600 else 20, 2), "--min-replicas", "2",
                        "--max-replicas", "5")
        for each in said.values():
            self.assertTrue(2 <= each["replicas_mean"] <= 5 and each["replicas_max"] <= 5, each)

    def test_rows_and_picture_show_the_runs(self):
        rows, picture = self.file("rows.csv"), self.file("out.svg")
        said = outcomes("--trace", self.trace(lambda time: 2 + math.sin(time / 3000), 6), "--rows", str(rows), "--plot", str(picture))
        with open(rows) as file:
            written = list(csv.DictReader(file))
        self.assertEqual(len(written), 3 * 6 * 12)
        last = {row["policy"]: float(row["cost"]) for row in written}
        for policy, cost in last.items():
            self.assertAlmostEqual(cost, said[policy]["cost"], delta=0.02)
        texts = [each.text for each in ElementTree.parse(picture).getroot().iter() if each.text]
        for wanted in ("reactive", "ahead", "fixed", "replicas", "load", "cost", "load.csv"):
            self.assertTrue(any(wanted in each for each in texts), wanted)

    def test_the_column_may_have_another_name_and_unit(self):
        path = self.file("counts.csv")
        path.write_text("timestamp,value\n" + "".join(f"{i * 300},{600 + i}\n" for i in range(24)))
        said = outcomes("--trace", str(path), "--column", "value", "--factor", "0.003333333333")
        path.write_text("timestamp,load\n" + "".join(f"{i * 300},{(600 + i) / 300}\n" for i in range(24)))
        self.assertEqual(said, outcomes("--trace", str(path)))

    def test_what_cannot_be_read_is_named(self):
        path = self.file("bad.csv")
        for text, said in (("", "there is no header"), ("timestamp,cpu\n", "there is no column of values 'load'"),
                           ("timestamp,load\n1,1\n", "fewer than two rows"),
                           ("timestamp,load\n2,1\n1,1\n", "the times do not advance at 1"),
                           ("timestamp,load\n1,-1\n2,1\n", "a load that is not"),
                           ("timestamp,load\n0,90000\n1000000,1\n", "more than 50 million requests")):
            path.write_text(text)
            code, out, error = scale("--trace", str(path))
            self.assertEqual((code, out), (1, ""), text)
            self.assertIn(said, error)
            self.assertTrue(error.startswith("orfeas-scale: "), error)


class MadeLoad(unittest.TestCase):
    def test_the_same_seed_says_the_same(self):
        first = scale("--days", "1")
        self.assertEqual(first, scale("--days", "1"))
        self.assertEqual(first[1].splitlines()[0], HEADER)
        self.assertEqual([line.split(",")[0] for line in first[1].splitlines()[1:]], ["reactive", "ahead", "fixed"])
        self.assertNotEqual(first, scale("--days", "1", "--seed", "2"))

    def test_scaling_is_cheaper_than_a_fixed_number_and_forecasts_lessen_what_is_late(self):
        said = outcomes("--days", "5", "--start-s", "600")
        self.assertLess(said["reactive"]["cost"], said["fixed"]["cost"])
        self.assertLess(said["ahead"]["cost"], said["fixed"]["cost"])
        self.assertLess(said["ahead"]["late_share"], said["reactive"]["late_share"])


class Mistakes(unittest.TestCase):
    def test_what_is_asked_wrongly_is_named(self):
        for arguments, said in ((["--days", "x"], "--days is 'x'"), (["--days"], "--days"), (["--speed", "1"], "--speed"),
                                (["file"], "file"), (["--seed", "1.5"], "a whole number"), (["--max-replicas", "0"], "--max-replicas"),
                                (["--min-replicas", "9", "--max-replicas", "8"], "at most --max-replicas"),
                                (["--trace", "/no/such/file"], "cannot read /no/such/file"),
                                (["--days", "0.05", "--plot", "/no/such/folder/a.svg"], "cannot write")):
            code, _, error = scale(*arguments)
            self.assertEqual(code, 1, arguments)
            self.assertIn(said, error)

    def test_help_names_every_argument(self):
        code, out, _ = scale("--help")
        self.assertEqual(code, 0)
        for each in ("--trace", "--column", "--factor", "--plot", "--rows", "--days", "--seed", "--service-ms", "--start-s", "--sync-s", "--min-replicas",
                     "--max-replicas", "--utilization", "--target-ms", "--price"):
            self.assertIn(each, out)


if __name__ == "__main__":
    run()
