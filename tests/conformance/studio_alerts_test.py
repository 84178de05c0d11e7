#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The studio under memory pressure: its alert about GPU memory is raised, acknowledged and cleared, seen through its own API, in
Debian's Alertmanager and by a webhook."""

import http.client
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from support import eventually, free_port, get, run, skip

ROOT = Path(__file__).resolve().parent.parent.parent
STUDIO = Path(os.environ.get("ORFEAS_BIN", ROOT / "build" / "dev" / "bin")) / "studio"
CAMERA = (ROOT / "examples" / "studio" / "pictures" / "camera.png").read_bytes()
ALERT = "gpu_memory_high"


class Webhook:
    """Takes what the studio posts."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["content-length"])))
                told.extend((news["kind"], news["alert"]["rule"], news["alert"]["severity"]) for news in message["news"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class PressureTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.webhook = Webhook()
        self.addCleanup(self.webhook.close)
        self.manager_port = free_port()
        self.start_alertmanager()
        self.start_studio()

    def start_alertmanager(self):
        config = self.folder / "alertmanager.yml"
        config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        log = open(self.folder / "log", "wb")
        self.addCleanup(log.close)
        self.manager = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={self.folder}/data",
             f"--web.listen-address=127.0.0.1:{self.manager_port}", "--cluster.listen-address="], stdout=log, stderr=log)
        self.addCleanup(self.manager.wait, 30)
        self.addCleanup(self.manager.terminate)
        eventually("Alertmanager", lambda: get(self.manager_port, "/-/ready"), lambda: self.manager.poll() is None)

    def start_studio(self):
        variables = {"ORFEAS_MEMORY_LIMIT_BYTES": "64MiB", "STUDIO_SERVICE_CACHE_BYTES": "40MiB",
                     "ORFEAS_DEFAULT_ALERT_GPU_MEMORY_WARNING": "0.2", "ORFEAS_DEFAULT_ALERT_GPU_MEMORY_CRITICAL": "0.4",
                     "ORFEAS_OBSERVATORY_STATE_FILE": str(self.folder / "state")}
        self.studio = subprocess.Popen([STUDIO, "--port", "0", "--alertmanager", f"http://127.0.0.1:{self.manager_port}",
                                        "--webhook", self.webhook.url],
                                       stdout=subprocess.PIPE, text=True, env={**os.environ, **variables})
        self.addCleanup(self.end_studio)
        self.port = int(re.search(r":(\d+)/", self.studio.stdout.readline())[1])

    def end_studio(self):
        if self.studio.poll() is None:
            self.studio.send_signal(signal.SIGTERM)
        self.assertEqual(self.studio.wait(timeout=60), 0)
        self.studio.stdout.close()

    def ask(self, method: str, path: str, body: bytes = b"", **fields: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def alerts(self) -> dict[str, dict]:
        """Those that fire, by rule."""
        status, content = self.ask("GET", "/api/v1/alerts/active")
        self.assertEqual(status, 200)
        return {each["rule"]: each for each in json.loads(content)["active"] if each["state"] == "firing"}

    def in_alertmanager(self) -> dict[str, str]:
        """Severities of what fires there, by name."""
        all_of_them = json.loads(get(self.manager_port, "/api/v2/alerts?active=true")[1])
        return {each["labels"]["alertname"]: each["labels"]["severity"] for each in all_of_them}

    def press(self, pictures: int, first: int):
        """The script that presses on memory: meshes that all differ stay in the cache."""
        for i in range(first, first + pictures):
            status, _ = self.ask("POST", f"/api/v1/generate?resolution=128&width_mm={50 + i}", CAMERA)
            self.assertEqual(status, 200)

    def eventually(self, what: str, look):
        return eventually(what, look, lambda: self.studio.poll() is None)

    def test_pressure_is_told_of_acknowledged_and_over(self):
        self.assertNotIn(ALERT, self.alerts())
        self.press(12, 0)
        self.eventually("the alert", lambda: self.alerts().get(ALERT))
        self.eventually("the alert in Alertmanager", lambda: self.in_alertmanager().get(ALERT))
        self.eventually("the webhook is told", lambda: ("fired", ALERT, "warning") in self.webhook.told)

        identity = self.alerts()[ALERT]["id"]
        body = json.dumps({"author": "ann", "comment": "more is ordered"}).encode()
        status, content = self.ask("POST", f"/api/v1/alerts/{identity}/acknowledge", body,
                                   **{"content-type": "application/json"})
        self.assertIn(status, (200, 204), content)
        self.assertEqual(self.alerts()[ALERT]["acknowledged"]["author"], "ann")

        self.press(16, 12)  # it gets worse: the acknowledgement is void
        self.eventually("it is critical", lambda: self.alerts().get(ALERT, {}).get("severity") == "critical")
        self.assertIsNone(self.alerts()[ALERT].get("acknowledged"))
        self.eventually("it is critical in Alertmanager", lambda: self.in_alertmanager().get(ALERT) == "critical")
        self.eventually("the webhook is told", lambda: ("worsened", ALERT, "critical") in self.webhook.told)

        status, _ = self.ask("POST", "/api/v1/cache/clear")
        self.assertEqual(status, 200)
        deadline = time.monotonic() + 60  # it is kept firing for 30 s
        while ALERT in self.alerts() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertNotIn(ALERT, self.alerts())
        self.eventually("it is over in Alertmanager", lambda: ALERT not in self.in_alertmanager())
        self.eventually("the webhook is told", lambda: ("resolved", ALERT, "critical") in self.webhook.told)
        history = json.loads(self.ask("GET", "/api/v1/alerts/history")[1])["events"]
        kinds = [each["kind"] for each in history if each["alert"]["rule"] == ALERT]
        self.assertEqual(kinds, ["fired", "acknowledged", "worsened", "acknowledgement_over", "resolved"])

    def test_an_alert_outlives_the_process(self):
        self.press(12, 0)
        self.eventually("the alert", lambda: self.alerts().get(ALERT))
        since = self.alerts()[ALERT]["fired_at"]
        self.eventually("the webhook is told", lambda: ("fired", ALERT, "warning") in self.webhook.told)
        self.studio.kill()
        self.studio.wait(timeout=30)
        self.studio.stdout.close()
        self._cleanups = [each for each in self._cleanups if each[0] != self.end_studio]
        self.start_studio()
        self.assertTrue((self.folder / "state.alerts").is_file())
        history = json.loads(self.ask("GET", "/api/v1/alerts/history")[1])["events"]
        self.assertEqual([each["alert"]["fired_at"] for each in history if each["kind"] == "fired"], [since])
        # the new process holds nothing: the alert is over, and that is told
        self.eventually("the webhook is told", lambda: ("resolved", ALERT, "warning") in self.webhook.told)
        self.assertEqual(self.webhook.told.count(("fired", ALERT, "warning")), 1)


if __name__ == "__main__":
    if not STUDIO.is_file():
        skip(__file__, f"{STUDIO} is not built")
    if shutil.which("prometheus-alertmanager") is None:
        skip(__file__, "prometheus-alertmanager is not installed")
    run()
