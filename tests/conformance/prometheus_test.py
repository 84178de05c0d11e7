#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the metrics module writes, read by those who define it: Debian's promtool, protoc, the OpenMetrics parser of
python3-prometheus-client, and a Prometheus that scrapes a small program and is asked through its query API."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

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


def get(port: int, path: str, accept: str = "") -> tuple[str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Accept": accept} if accept else {})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, f"{path}: {answer.status} {body[:200]}"
    connection.close()
    return answer.headers["content-type"], body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
        with tempfile.TemporaryDirectory() as folder:
            for features, native in (("exemplar-storage", False), ("native-histograms,exemplar-storage", True)):
                with self.subTest(features=features):
                    self.scrape(Path(folder) / str(native), features, native)

    def scrape(self, folder: Path, features: str, native: bool):
        folder.mkdir()
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            "scrape_configs: [{job_name: subject, static_configs: [{targets: ['127.0.0.1:%d']}]}]\n" % self.port)
        port = free_port()
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}", f"--enable-feature={features}"], stdout=log, stderr=log)
        try:
            self.ask(port, server, native)
        except AssertionError:
            sys.stderr.write((folder / "log").read_text()[-3000:])
            raise
        finally:
            server.terminate()
            server.wait(timeout=30)

    def ask(self, port: int, server: subprocess.Popen, native: bool):
        def query(path: str, **parameters: str):
            return json.loads(get(port, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")[1])["data"]

        def eventually(what: str, look):
            """Asks until there is an answer: the scrapes take their time."""
            until = time.monotonic() + 60
            while time.monotonic() < until:
                self.assertIsNone(server.poll(), "prometheus ended")
                try:
                    if found := look():
                        return found
                except (OSError, AssertionError):
                    pass  # it is starting
                time.sleep(0.2)
            self.fail(f"no {what} within a minute")

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
        print("skipped: conformance_prometheus_test: orfeas_metrics_service was not built")
        sys.exit(77)
    result = unittest.main(exit=False, verbosity=2).result
    for test, reason in result.skipped:
        print(f"skipped: {test.id().split('.')[-1]}: {reason}")
    failed = len(result.failures) + len(result.errors)
    print(f"test cases: {result.testsRun - failed - len(result.skipped)} passed, {failed} failed, "
          f"{len(result.skipped)} skipped", flush=True)
    sys.exit(1 if failed else 0)
