#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the metrics module writes, read by those who define it: Debian's promtool, protoc, the OpenMetrics parser of
python3-prometheus-client, and a Prometheus that scrapes a small program and is asked through its query API."""

import json
import os
import re
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from support import Prometheus, get, run, skip

HERE = Path(__file__).resolve().parent
SERVICE = Path(os.environ.get("ORFEAS_BIN", HERE.parent.parent / "build" / "dev" / "bin")) / "orfeas_metrics_service"
DEBIAN_PYTHON = "/usr/bin/python3"  # another one before it in PATH does not see Debian's packages
TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
TRACE = "0123456789abcdeffedcba9876543210"
SPAN = "0011223344556677"

READ_OPENMETRICS = """
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    families[family.name] = {
        "type": family.type, "unit": family.unit, "help": family.documentation,
        "samples": [[s.name, s.labels, float(s.value), dict(s.exemplar.labels) if s.exemplar else None]
                    for s in family.samples]}
print(json.dumps(families))
"""


def messages(document: bytes):
    """The delimited messages of a document."""
    at = 0
    while at < len(document):
        length = shift = 0
        while True:
            byte = document[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield document[at:at + length]
        at += length


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = subprocess.Popen([SERVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.port = int(cls.service.stdout.readline())

    @classmethod
    def tearDownClass(cls):
        cls.service.communicate(timeout=30)
        assert cls.service.returncode == 0, f"the service ended with {cls.service.returncode}"

    def test_promtool_finds_nothing_wrong_with_the_text_format(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed")
        kind, body = get(self.port, "/metrics")
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"), kind)
        done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))

    def test_the_parser_of_openmetrics_reads_everything_back(self):
        known = subprocess.run([DEBIAN_PYTHON, "-c", "import prometheus_client.openmetrics.parser"], capture_output=True)
        if known.returncode != 0:
            self.skipTest("python3-prometheus-client is not installed")
        get(self.port, "/metrics", OPENMETRICS)  # the second scrape has exemplars of what came after the first
        kind, body = get(self.port, "/metrics", OPENMETRICS)
        self.assertTrue(kind.startswith("application/openmetrics-text; version=1.0.0"), kind)
        done = subprocess.run([DEBIAN_PYTHON, "-c", READ_OPENMETRICS], input=body, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        families = json.loads(done.stdout)
        requests = families["subject_requests"]
        self.assertEqual(requests["type"], "counter")
        self.assertEqual(requests["help"], 'Requests "answered"\nby \\ status.')
        statuses = {sample[1]["status"] for sample in requests["samples"]}
        self.assertEqual(statuses, {"200", '500 "bad"\\\n'})
        totals = [sample for sample in requests["samples"] if sample[0].endswith("_total")]
        self.assertTrue(all(sample[3] == {"trace_id": TRACE, "span_id": SPAN} for sample in totals), totals)
        self.assertTrue(any(sample[0] == "subject_requests_created" for sample in requests["samples"]))
        self.assertEqual(families["subject_busy_seconds"]["unit"], "seconds")
        wait = families["subject_wait_seconds"]
        self.assertEqual((wait["type"], wait["unit"]), ("histogram", "seconds"))
        self.assertTrue(any(sample[3] for sample in wait["samples"] if sample[0].endswith("_bucket")))
        self.assertEqual(families["subject_requests_held"]["type"], "gauge")
        self.assertEqual(families["pool_free_bytes"]["samples"][0][2], 4096)

    def test_protoc_decodes_the_protobuf(self):
        if shutil.which("protoc") is None:
            self.skipTest("protoc is not installed")
        kind, body = get(self.port, "/metrics", PROTOBUF)
        self.assertTrue(kind.startswith("application/vnd.google.protobuf"), kind)
        decoded = {}
        for message in messages(body):
            done = subprocess.run(["protoc", f"-I{HERE}", "--decode=io.prometheus.client.MetricFamily",
                                   HERE / "metrics.proto"], input=message, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            text = done.stdout.decode()
            self.assertIsNone(re.search(r"^\s*\d+[ :]", text, re.MULTILINE), "a field that the schema does not have")
            decoded[re.match(r'name: "(.*)"', text)[1]] = text
        wait = decoded["subject_wait_seconds"]
        self.assertIn("type: HISTOGRAM", wait)
        self.assertIn("schema: 4", wait)  # ten octaves take more than 160 buckets at schema 5
        self.assertIn("positive_span {", wait)
        count = int(re.search(r"sample_count: (\d+)", wait)[1])
        self.assertEqual(count % 1000, 0)
        self.assertEqual(count, int(re.findall(r"cumulative_count: (\d+)", wait)[-1]))
        total = before = 0
        for delta in re.findall(r"positive_delta: (-?\d+)", wait):
            before += int(delta)
            total += before
        self.assertEqual(total, count)
        self.assertIn("created_timestamp", decoded["subject_requests_total"])
        self.assertIn("pool_free_bytes", decoded)

    def test_a_prometheus_scrapes_series_exemplars_and_native_histograms(self):
        if shutil.which("prometheus") is None:
            self.skipTest("prometheus is not installed")
        for features, native in (("exemplar-storage", False), ("native-histograms,exemplar-storage", True)):
            with self.subTest(features=features), Prometheus(self.port, features) as server:
                self.ask(server, native)

    def ask(self, server: Prometheus, native: bool):
        query, eventually = server.query, server.eventually
        value = eventually("series", lambda: query("query", query='subject_requests_total{method="GET"}')["result"])
        self.assertEqual(value[0]["metric"]["status"], "200")
        self.assertEqual(float(value[0]["value"][1]) % 3, 0)
        odd = query("query", query='subject_requests_total{method="POST"}')["result"]
        self.assertEqual(odd[0]["metric"]["status"], '500 "bad"\\\n')
        self.assertEqual(float(query("query", query="up")["result"][0]["value"][1]), 1)
        # OpenMetrics also scrapes the exemplars of counters; Prometheus 2.42 takes none of those from protobuf
        metric = "subject_wait_seconds_bucket" if not native else "subject_wait_seconds"
        now = time.time()
        found = eventually("exemplars", lambda: query("query_exemplars", query=metric, start=str(now - 600),
                                                      end=str(time.time() + 60)))
        labels = found[0]["exemplars"][0]["labels"]
        self.assertEqual(labels, {"trace_id": TRACE, "span_id": SPAN})
        if native:
            median = eventually("native histogram", lambda: query(
                "query", query="histogram_quantile(0.5, subject_wait_seconds)")["result"])
            self.assertAlmostEqual(float(median[0]["value"][1]), 0.5, delta=0.5 * 0.022)
            histogram = query("query", query="subject_wait_seconds")["result"][0]["histogram"][1]
            self.assertEqual(int(histogram["count"]) % 1000, 0)
            self.assertEqual(query("query", query="subject_wait_seconds_bucket")["result"], [])
        else:
            median = query("query", query="histogram_quantile(0.5, subject_wait_seconds_bucket)")["result"]
            self.assertTrue(0.25 < float(median[0]["value"][1]) <= 0.5, median)


if __name__ == "__main__":
    if not SERVICE.is_file():
        skip(__file__, "orfeas_metrics_service was not built")
    run()
