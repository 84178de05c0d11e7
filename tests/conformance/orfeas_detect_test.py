#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""orfeas-detect as its users run it: files and pipes in, CSV and a picture out."""

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
DETECT = Path(os.environ.get("ORFEAS_BIN", ROOT / "build" / "dev" / "bin")) / "orfeas-detect"
HEADER = "timestamp,score,anomalous,family,expected,low,high,blame"


def detect(text: str, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([DETECT, *arguments], input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def rows_of(output: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output)))


def wave(i: int) -> float:
    return 50 + 10 * math.sin(i / 40) + (i * 37 % 11) * 0.2


def table(rows: int, broken=lambda i: False, time=lambda i: str(300 * i)) -> str:
    return "timestamp,load,steady\n" + "".join(
        f"{time(i)},{wave(i) + (80 if broken(i) else 0):.3f},{wave(i + 500):.3f}\n" for i in range(rows))


class Detection(unittest.TestCase):
    def test_each_row_gets_one_row(self):
        code, out, _ = detect(table(500))
        self.assertEqual(code, 0)
        self.assertEqual(out.splitlines()[0], HEADER)
        rows = rows_of(out)
        self.assertEqual([row["timestamp"] for row in rows], [str(300 * i) for i in range(500)])
        for row in rows:
            self.assertTrue(0 <= float(row["score"]) <= 1)
            self.assertIn(row["anomalous"], ("0", "1"))
            self.assertTrue(all(math.isfinite(float(row[name])) for name in ("expected", "low", "high")))

    def test_a_break_is_found_where_it_is_and_the_column_blamed(self):
        rows = rows_of(detect(table(2000, lambda i: 1500 <= i < 1520))[1])
        found = [i for i, row in enumerate(rows) if row["anomalous"] == "1"]
        self.assertEqual(found[0], 1500)
        self.assertGreaterEqual(float(rows[1500]["score"]), 0.5)
        self.assertTrue(rows[1500]["blame"].startswith("load:"), rows[1500]["blame"])
        self.assertGreater(wave(1500) + 80, float(rows[1500]["high"]))
        only_steady = rows_of(detect(table(2000, lambda i: 1500 <= i < 1520), "--columns", "steady")[1])
        self.assertEqual([row for row in only_steady if row["anomalous"] == "1"], [])

    def test_every_detector_judges_every_row(self):
        broken = table(1200, lambda i: 1000 <= i < 1010)
        for name in ("ensemble", "spike", "drift", "outlier", "season", "correlation", "random_cut_forest", "half_space_trees"):
            code, out, error = detect(broken, "--detector", name)
            self.assertEqual((code, error), (0, ""), name)
            rows = rows_of(out)
            self.assertEqual(len(rows), 1200, name)
            self.assertTrue(all(0 <= float(row["score"]) <= 1 for row in rows), name)
        for name in ("ensemble", "spike", "outlier"):
            found = [i for i, row in enumerate(rows_of(detect(broken, "--detector", name)[1])) if row["anomalous"] == "1"]
            self.assertTrue(any(1000 <= i < 1010 for i in found), (name, found[:10]))

    def test_times_may_be_written_in_three_ways(self):
        plain = rows_of(detect(table(400, time=lambda i: f"2024-02-{1 + i // 24:02} {i % 24:02}:00:00"))[1])
        with_zone = rows_of(detect(table(400, time=lambda i: f"2024-02-{1 + i // 24:02}T{i % 24:02}:00:00Z"))[1])
        seconds = rows_of(detect(table(400, time=lambda i: f"{1706745600 + 3600 * i}.0"))[1])
        self.assertEqual(len(plain), 400)
        for a, b, c in zip(plain, with_zone, seconds):
            self.assertEqual({**a, "timestamp": ""}, {**b, "timestamp": ""})
            self.assertEqual({**a, "timestamp": ""}, {**c, "timestamp": ""})

    def test_values_may_be_missing_and_fields_quoted(self):
        text = 'timestamp,"a,b"\r\n' + "".join(f'"{60 * i}",{"" if i % 7 == 0 else wave(i)}\r\n' for i in range(600))
        code, out, error = detect(text)
        self.assertEqual(code, 0, error)
        self.assertEqual(len(rows_of(out)), 600)

    def test_rows_come_as_they_are_judged(self):
        with subprocess.Popen([DETECT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            running.stdin.write("timestamp,value\n0,1\n")
            running.stdin.flush()
            self.assertEqual(running.stdout.readline().strip(), HEADER)
            self.assertTrue(running.stdout.readline().startswith("0,"))  # though the input has not ended
            running.stdin.close()
            self.assertEqual(running.wait(timeout=30), 0)

    def test_no_row_knows_those_after_it(self):
        whole = detect(table(2000, lambda i: 1500 <= i < 1520))[1].splitlines()
        for rows in (300, 301, 1000, 1501):
            part = detect(table(rows, lambda i: 1500 <= i < 1520))[1].splitlines()
            self.assertEqual(part, whole[:rows + 1])

    def test_a_picture_is_drawn(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "a & b.csv"
            source.write_text(table(2000, lambda i: 1500 <= i < 1520))
            picture = Path(folder) / "out.svg"
            code, _, error = detect("", "--plot", str(picture), str(source))
            self.assertEqual(code, 0, error)
            texts = [each.text for each in ElementTree.parse(picture).getroot().iter() if each.text]
            for wanted in ("load", "steady", "score", "spike"):
                self.assertTrue(any(wanted in each for each in texts), wanted)


class Mistakes(unittest.TestCase):
    def refuse(self, text: str, said: str, *arguments: str):
        code, _, error = detect(text, *arguments)
        self.assertEqual(code, 1, error)
        self.assertIn(said, error)
        self.assertTrue(error.startswith("orfeas-detect: "), error)

    def test_what_cannot_be_read_is_named(self):
        self.refuse("", "standard input:0: there is no header")
        self.refuse("time,value\n", "standard input:1: the header has no column 'timestamp'")
        self.refuse("timestamp\n1\n", "standard input:1: there is no column of values")
        self.refuse("timestamp,a\n1,2\n2\n", "standard input:3: expected 2 fields, found 1")
        self.refuse("timestamp,a\nyesterday,2\n", "standard input:2: 'yesterday' is no time")
        self.refuse("timestamp,a\n2024-02-30 00:00:00,2\n", "standard input:2: '2024-02-30 00:00:00' is no time")
        self.refuse("timestamp,a\n1,two\n", "standard input:2: 'two' is no number")
        self.refuse('timestamp,a\n"1,2\n', "standard input:2: a quote without end")
        self.refuse("timestamp,a\n", "there is no column of values 'b'", "--columns", "b")

    def test_what_is_asked_wrongly_is_named(self):
        self.refuse("", "cannot read /no/such/file", "/no/such/file")
        self.refuse("timestamp,a\n", "--detector", "--detector", "oracle")
        self.refuse("", "--plot", "--plot")
        self.refuse("", "--speed", "--speed")

    def test_what_was_judged_before_a_mistake_is_written(self):
        code, out, _ = detect("timestamp,a\n1,1\n2,2\n3,x\n")
        self.assertEqual(code, 1)
        self.assertEqual(len(rows_of(out)), 2)



class Forecast(unittest.TestCase):
    @staticmethod
    def filling(rows: int = 400, rate: float = 0.05) -> str:
        noise = [(i * 7919 % 13) * 0.02 for i in range(rows)]
        return "timestamp,used\n" + "".join(
            f"{1_700_000_000 + 60 * i},{40 + noise[i] + rate * max(0, i - 150):.4f}\n" for i in range(rows))

    def test_the_time_to_critical_is_told_and_right(self):
        code, out, _ = detect(self.filling(800, 0.2), "--forecast", "used", "--critical", "90")
        self.assertEqual(code, 0)
        self.assertEqual(out.splitlines()[0], "timestamp,value,state,minutes,low,high,confidence,alert")
        rows = rows_of(out)
        self.assertEqual(len(rows), 800)
        self.assertEqual(rows[0]["state"], "warming")
        self.assertEqual(rows[0]["minutes"], "")
        reached = next(i for i, row in enumerate(rows) if row["state"] == "reached")
        self.assertEqual(reached, 400)
        early = rows[reached - 60]
        self.assertEqual(early["state"], "approaching")
        self.assertTrue(float(early["low"]) < 60 < float(early["high"]), early)
        first_alert = next(i for i, row in enumerate(rows) if row["alert"] == "1")
        self.assertTrue(150 < first_alert <= reached - 10, first_alert)

    def test_a_level_below_the_first_value_is_approached_from_above(self):
        text = "timestamp,free\n" + "".join(f"{60 * i},{100 - 0.2 * i - (i * 7919 % 13) * 0.02:.4f}\n" for i in range(480))
        rows = rows_of(detect(text, "--forecast", "free", "--critical", "10")[1])
        self.assertIn("approaching", [row["state"] for row in rows])
        self.assertEqual(rows[-1]["state"], "reached")

    def test_a_steady_column_is_no_reason_to_say_anything(self):
        rows = rows_of(detect(self.filling(400, 0), "--forecast", "used", "--critical", "90")[1])
        self.assertEqual({row["alert"] for row in rows}, {"0"})

    def test_arguments_that_do_not_go_together_are_refused(self):
        for arguments in (["--forecast", "used"], ["--critical", "1"], ["--forecast", "used", "--critical", "x"],
                          ["--forecast", "used", "--critical", "1", "--columns", "used"],
                          ["--forecast", "none", "--critical", "1"]):
            code, _, error = detect(self.filling(3), *arguments)
            self.assertEqual(code, 1, arguments)
            self.assertIn("orfeas-detect:", error)


if __name__ == "__main__":
    run()
