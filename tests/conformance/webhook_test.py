#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A webhook of a service of ours against Python's HTTP server, which checks the signatures with its own HMAC, answers 500 and 503
before it takes anything, ends connections, and stalls."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from support import eventually, run, skip

HERE = Path(__file__).resolve().parent
SERVICE = Path(os.environ.get("ORFEAS_BIN", HERE.parent.parent / "build" / "dev" / "bin")) / "alerting_service"
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def is_signed(headers, body: bytes) -> bool:
    content = b"%s.%s.%s" % (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
    code = "v1," + base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(code, headers["webhook-signature"])


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *peer):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a sender that was killed is no error
            super().handle_error(*peer)


class Receiver:
    """Takes notifications once its list of answers is used up: a status, "close" or "stall"."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.taken = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender was killed
                    self.close_connection = True
                    return
                receiver.requests.append((dict(self.headers.items()), body))
                answer = receiver.answers.pop(0) if receiver.answers else 204
                if answer == "stall":
                    time.sleep(5)
                if answer in ("stall", "close"):
                    self.close_connection = True
                    return
                if answer == 204:
                    receiver.taken.append(json.loads(body))
                self.send_response(answer)
                if answer == 503:
                    self.send_header("retry-after", "0")
                if answer != 204:
                    self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class WebhookTest(unittest.TestCase):
    def start_service(self, receiver: Receiver) -> subprocess.Popen:
        self.addCleanup(receiver.close)
        known = {key: value for key, value in os.environ.items() if not key.startswith("ORFEAS_")}
        made = subprocess.Popen(
            [SERVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**known, "ORFEAS_WEBHOOK_URL": receiver.url, "ORFEAS_WEBHOOK_SECRETS": SECRET,
                 "ORFEAS_WEBHOOK_TIMEOUT": "1s", "ORFEAS_WEBHOOK_RETRY_FIRST": "10ms",
                 "ORFEAS_WEBHOOK_RETRY_MOST": "50ms"})
        self.addCleanup(lambda: made.poll() is None and made.kill())
        return made

    def told(self, service: subprocess.Popen, lines: list[str], receiver: Receiver, count: int):
        """What is taken after some lines, and what the service says at its end."""
        for line in lines:
            service.stdin.write(line + "\n")
            service.stdin.flush()
        eventually(f"{count} notifications", lambda: len(receiver.taken) >= count, lambda: service.poll() is None)
        output, log = service.communicate(timeout=60)
        self.assertEqual(service.returncode, 0, log)
        self.assertNotIn(SECRET, log)
        return json.loads(output)["webhook"], log

    def test_signed_in_order_and_as_it_is_documented(self):
        receiver = Receiver()
        service = self.start_service(receiver)
        stats, log = self.told(service, ["x 84", "x 96"], receiver, 2)
        self.assertEqual((stats["delivered_total"], stats["given_up_total"], stats["retries_total"]), (2, 0, 0), log)
        for headers, body in receiver.requests:
            self.assertTrue(is_signed(headers, body))
            self.assertEqual(headers["content-type"], "application/json")
            self.assertEqual(headers["idempotency-key"], json.loads(body)["id"])
            self.assertLess(abs(time.time() - int(headers["webhook-timestamp"])), 60)
        slow, full = receiver.taken
        self.assertEqual((slow["version"], slow["group"], slow["left_out"]), (1, {"alertname": "slow"}, 0))
        news = full["news"][0]
        self.assertEqual((news["kind"], news["reason"]), ("fired", "96 is above 95"))
        alert = news["alert"]
        self.assertEqual(set(alert), {"id", "rule", "labels", "annotations", "state", "severity", "value", "threshold",
                                      "active_at", "fired_at", "ended_at"})
        self.assertEqual(alert["labels"], {"alertname": "full", "pool": "main", "severity": "critical"})
        self.assertEqual((alert["state"], alert["severity"], alert["value"], alert["threshold"], alert["ended_at"]),
                         ("firing", "critical", 96, 95, None))

    def test_what_fails_is_sent_again_until_it_is_taken(self):
        receiver = Receiver(500, "close", 503, "stall", 429, 408)
        service = self.start_service(receiver)
        stats, log = self.told(service, ["x 84", "x 96"], receiver, 2)
        ids = [headers["webhook-id"] for headers, _ in receiver.requests]
        self.assertEqual([each["group"]["alertname"] for each in receiver.taken], ["slow", "full"])
        self.assertEqual(ids.count(ids[-1]), 1, "what waits overtakes nothing")
        self.assertTrue(all(is_signed(*each) for each in receiver.requests))
        self.assertEqual((stats["delivered_total"], stats["given_up_total"]), (2, 0), log)
        self.assertGreaterEqual(stats["retries_total"], 5)

    def test_what_is_refused_is_given_up_and_the_next_one_is_sent(self):
        receiver = Receiver(410)
        service = self.start_service(receiver)
        stats, log = self.told(service, ["x 84", "x 96"], receiver, 1)
        self.assertEqual([each["group"]["alertname"] for each in receiver.taken], ["full"])
        self.assertEqual((stats["delivered_total"], stats["given_up_total"]), (1, 1), log)
        self.assertIn("status 410", log)


if __name__ == "__main__":
    if not SERVICE.is_file():
        skip(__file__, "alerting_service was not built")
    run()
