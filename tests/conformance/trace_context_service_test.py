#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trace context through a real process, in by the server and out by the client, as the W3C's harness asks for it."""

import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import unittest
from pathlib import Path

from support import run, skip

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICE = Path(os.environ.get("ORFEAS_BIN", ROOT / "build" / "dev" / "bin")) / "trace_context_service"
TRACE = "12345678901234567890123456789012"
PARENT = f"00-{TRACE}-1234567890123456-01"
FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


class Receiver(http.server.ThreadingHTTPServer):
    """Notes what it is sent."""

    def __init__(self):
        self.seen = []
        super().__init__(("127.0.0.1", 0), Receiver.Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.seen.append((self.headers, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass


class TraceContextTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = subprocess.Popen([SERVICE], stdout=subprocess.PIPE, text=True)
        cls.port = int(re.search(r":(\d+)/test", cls.service.stdout.readline())[1])

    @classmethod
    def tearDownClass(cls):
        cls.service.send_signal(signal.SIGTERM)
        cls.service.communicate(timeout=30)
        assert cls.service.returncode == 0, f"the service ended with {cls.service.returncode}"

    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)

    def post(self, body: bytes, fields=()) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest("POST", "/test")
        for name, value in [("content-length", str(len(body))), *fields]:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def forwarded(self, *fields, count: int = 1) -> list:
        """The fields of the requests that the service sends on for one with these fields."""
        actions = [{"url": self.receiver.url(), "arguments": []}] * count
        status, content = self.post(json.dumps(actions).encode(), fields)
        self.assertEqual((status, json.loads(content)), (200, [200] * count))
        return [headers for headers, _ in self.receiver.seen]

    def context(self, headers) -> tuple[str, str, str]:
        found = headers.get_all("traceparent")
        self.assertEqual(len(found), 1)
        match = FORM.match(found[0])
        self.assertIsNotNone(match, found[0])
        return match.groups()

    def test_a_trace_goes_on_with_its_state(self):
        sent = self.forwarded(("traceparent", PARENT), ("tracestate", "foo=1, bar=2"))[0]
        trace, span, flags = self.context(sent)
        self.assertEqual(trace, TRACE)
        self.assertNotEqual(span, "1234567890123456")
        self.assertEqual(flags, "01")
        self.assertEqual(sent.get_all("tracestate"), ["foo=1,bar=2"])

    def test_without_a_trace_one_begins(self):
        trace, span, flags = self.context(self.forwarded()[0])
        self.assertNotEqual(trace, "0" * 32)
        self.assertNotEqual(span, "0" * 16)
        self.assertTrue(int(flags, 16) & 2, "the trace id is random")

    def test_every_request_is_a_span_of_its_own(self):
        for fields in ((), (("traceparent", PARENT),)):
            self.receiver.seen.clear()
            contexts = [self.context(headers) for headers in self.forwarded(*fields, count=3)]
            self.assertEqual(len({trace for trace, _, _ in contexts}), 1)
            self.assertEqual(len({span for _, span, _ in contexts}), 3)

    def test_flags_of_a_caller_stay(self):
        for flags in ("00", "01", "02", "03"):
            self.receiver.seen.clear()
            sent = self.forwarded(("traceparent", f"{PARENT[:-2]}{flags}"))[0]
            self.assertEqual(self.context(sent)[::2], (TRACE, flags))

    def test_two_traceparents_are_none(self):
        other = PARENT.replace("12345678901234567890123456789012", "22345678901234567890123456789012")
        trace, _, _ = self.context(self.forwarded(("traceparent", PARENT), ("traceparent", other))[0])
        self.assertNotIn(trace, (TRACE, other[3:35]))

    def test_several_tracestates_are_one_list(self):
        sent = self.forwarded(("traceparent", PARENT), ("tracestate", "foo=1"), ("tracestate", ""),
                              ("TraceState", "bar=2,baz=3"))[0]
        self.assertEqual(sent.get_all("tracestate"), ["foo=1,bar=2,baz=3"])

    def test_baggage_goes_on_without_what_is_malformed(self):
        sent = self.forwarded(("traceparent", PARENT), ("baggage", "user=al%69ce;x=1, no value"), ("Baggage", "tier=gold"))[0]
        self.assertEqual(sent.get_all("baggage"), ["user=alice;x=1,tier=gold"])

    def test_malformed_context_begins_a_trace_and_leaves_the_state_out(self):
        for wrong in ("00", PARENT + "-", PARENT.upper().replace("00-", "0X-", 1), "ff" + PARENT[2:], "x" * 4000,
                      "00-" + "0" * 32 + "-1234567890123456-01"):
            self.receiver.seen.clear()
            sent = self.forwarded(("traceparent", wrong), ("tracestate", "foo=1"))[0]
            self.assertNotEqual(self.context(sent)[0], TRACE)
            self.assertIsNone(sent.get_all("tracestate"))
        self.receiver.seen.clear()
        sent = self.forwarded(("traceparent", PARENT), ("tracestate", "FOO=1"))[0]
        self.assertEqual(self.context(sent)[0], TRACE)
        self.assertIsNone(sent.get_all("tracestate"))

    def test_a_trace_goes_through_the_service_twice(self):
        inner = [{"url": self.receiver.url(), "arguments": ["deep"]}]
        actions = [{"url": f"http://127.0.0.1:{self.port}/test", "arguments": inner}]
        status, _ = self.post(json.dumps(actions).encode(), [("traceparent", PARENT)])
        self.assertEqual(status, 200)
        headers, body = self.receiver.seen[0]
        self.assertEqual(self.context(headers)[0], TRACE)
        self.assertEqual(json.loads(body), ["deep"])

    def test_what_is_no_list_of_actions_is_refused(self):
        for body in (b"", b"{}", b"[1]", b"[{}]", b'[{"url": 7}]', b'[{"url": "ftp://x/"}]', b"[" * 10_000, b"\xff"):
            self.assertEqual(self.post(body)[0], 400, body[:40])

    def test_a_server_that_is_away_is_told_of(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        status, content = self.post(json.dumps([{"url": f"http://127.0.0.1:{port}/", "arguments": []}]).encode())
        self.assertEqual(status, 200)
        self.assertIsInstance(json.loads(content)[0], str)


if __name__ == "__main__":
    if not SERVICE.is_file():
        skip(__file__, "the service was not built")
    run()
