#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The studio's telemetry where it is meant to go: a Prometheus that scrapes it, and an OTLP receiver that takes its traces."""

import shutil
import time
import unittest

from otlp_receiver_test import NODE, RECEIVER, Receiver
from studio_test import CAMERA, STUDIO, Studio
from support import Prometheus, eventually, run, skip

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
DURATION = "http_server_request_duration_seconds"


class ReceiverTest(unittest.TestCase):
    def setUp(self):
        if not NODE.is_file() or not RECEIVER.is_file():
            self.skipTest("autotel-devtools is not installed")
        self.receiver = Receiver()
        self.addCleanup(self.receiver.end)
        self.studio = Studio(("--otlp", self.receiver.url), ORFEAS_EXPORT_SCHEDULE_DELAY="50ms",
                             ORFEAS_EXPORT_METRICS_INTERVAL="200ms")

    def test_requests_arrive_whole_and_in_the_right_tree(self):
        for resolution in range(40, 50):
            answer = self.studio.generate(CAMERA, f"?resolution={resolution}", traceparent=PARENT)
            self.assertEqual(answer.status, 200)
        self.assertEqual(self.studio.generate(b"no picture").status, 415)
        stats = eventually("metrics", lambda: (found := self.receiver.ask("GET", "/api/stats"))["metricSeriesCount"]
                           and found)
        self.assertGreater(stats["metricSeriesCount"], 50)
        code, errors = self.studio.end()  # sends what is left
        self.assertEqual((code, errors), (0, ""))
        traces = {trace["traceId"]: trace for trace in self.receiver.traces()}
        self.assertEqual(len(traces), 2)  # ten requests of one caller, and the one that was refused
        spans = traces[PARENT.split("-")[1]]["spans"]
        by_id = {span["spanId"]: span for span in spans}
        self.assertEqual(len(by_id), len(spans))
        roots = [span for span in spans if span.get("parentSpanId") == PARENT.split("-")[2]]
        self.assertEqual(len(roots), 10)
        for root in roots:
            self.assertEqual((root["name"], root["kind"]), ("POST /api/v1/generate", "SERVER"))
            self.assertEqual(root["attributes"]["http.response.status_code"], 200)
        for span in spans:
            if span in roots:
                continue
            parent = by_id[span["parentSpanId"]]  # every other span has its parent in the trace
            self.assertLessEqual(parent["startTime"], span["startTime"])
        names = {span["name"] for span in spans}
        self.assertTrue({"decode", "relief", "triangulate", "encode"} <= names, names)


class PrometheusTest(unittest.TestCase):
    def test_series_exemplars_and_native_histograms_of_the_studio(self):
        if shutil.which("prometheus") is None:
            self.skipTest("prometheus is not installed")
        studio = Studio()
        try:
            with Prometheus(studio.port, "native-histograms,exemplar-storage") as server:
                self.look(studio, server)
        finally:
            studio.end()

    def look(self, studio: Studio, server: Prometheus):
        query, eventually = server.query, server.eventually

        def request():
            answer = studio.generate(CAMERA, "?resolution=40", traceparent=PARENT)
            self.assertEqual(answer.status, 200)

        request()
        up = eventually("scrape", lambda: query("query", query="up")["result"])
        self.assertEqual(float(up[0]["value"][1]), 1)
        eventually("series of the pool", lambda: query("query", query='memory_reserved_bytes{component="pool"}')["result"])

        def exemplars():
            request()  # each scrape asks for new ones
            now = time.time()
            return query("query_exemplars", query=DURATION, start=str(now - 600), end=str(now + 60))

        found = eventually("exemplars", exemplars)
        traces = {each["labels"]["trace_id"] for series in found for each in series["exemplars"]}
        self.assertEqual(traces, {PARENT.split("-")[1]})
        median = eventually("native histogram", lambda: query(
            "query", query=f'histogram_quantile(0.5, {DURATION}{{route="/api/v1/generate"}})')["result"])
        self.assertGreater(float(median[0]["value"][1]), 0)
        self.assertEqual(query("query", query=DURATION + "_bucket")["result"], [])  # not beside the native one


if __name__ == "__main__":
    if not STUDIO.is_file():
        skip(__file__, "the studio was not built")
    run()
