#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Alerts of a service of ours in Debian's Alertmanager: firing, sent again, inhibited, silenced, over, and what becomes of them
when the service dies; seen through Alertmanager's API v2 and a webhook of Alertmanager's own."""

import http.client
import http.server
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from support import eventually, free_port, get, run, skip

HERE = Path(__file__).resolve().parent
SERVICE = Path(os.environ.get("ORFEAS_BIN", HERE.parent.parent / "build" / "dev" / "bin")) / "alerting_service"
RESEND = 1.0  # seconds; Alertmanager ends what it does not hear of for three times as long

CONFIG = """
route: {receiver: sink, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: sink, webhook_configs: [{url: 'http://127.0.0.1:%d/', send_resolved: true}]}]
inhibit_rules:
  - source_matchers: ['severity = critical']
    target_matchers: ['severity = warning']
    equal: [pool]
"""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Sink:
    """What Alertmanager tells of, as (status, alertname, severity)."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["content-length"])))
                told.extend((each["status"], each["labels"]["alertname"], each["labels"]["severity"])
                            for each in message["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Alertmanager:
    """An Alertmanager with storage and port of its own."""

    def __init__(self, folder: Path, sink: Sink, port: int):
        self.port = port
        (folder / "alertmanager.yml").write_text(CONFIG % sink.port)
        self.log = folder / "log"
        with open(self.log, "ab") as log:
            self.server = subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="], stdout=log, stderr=log)
        self.eventually("Alertmanager", lambda: get(port, "/-/ready"))

    def close(self):
        self.server.terminate()
        self.server.wait(timeout=30)

    def alerts(self) -> dict[tuple[str, str], dict]:
        """Those that have not ended, by name and severity."""
        all_of_them = json.loads(get(self.port, "/api/v2/alerts")[1])
        return {(each["labels"]["alertname"], each["labels"]["severity"]): each for each in all_of_them}

    def states(self) -> dict[tuple[str, str], str]:
        return {key: each["status"]["state"] for key, each in self.alerts().items()}

    def ask(self, method: str, path: str, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, f"{path}: {answer.status} {text}"
        connection.close()
        return json.loads(text) if text else None

    def eventually(self, what: str, look):
        return eventually(what, look, lambda: self.server.poll() is None)


class AlertmanagerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        self.port = free_port()

    def start_alertmanager(self) -> Alertmanager:
        made = Alertmanager(Path(self.folder.name), self.sink, self.port)
        self.addCleanup(made.close)
        return made

    def start_service(self, *more_urls: str) -> subprocess.Popen:
        urls = ",".join([f"http://127.0.0.1:{self.port}", *more_urls])
        known = {key: value for key, value in os.environ.items() if not key.startswith("ORFEAS_")}
        made = subprocess.Popen(
            [SERVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**known, "ORFEAS_ALERTMANAGER_URLS": urls, "ORFEAS_ALERTMANAGER_RESEND_INTERVAL": f"{RESEND:g}s",
                 "ORFEAS_ALERTMANAGER_LABELS": "instance=studio-1", "ORFEAS_ALERTMANAGER_RETRY_MOST": "1s",
                 "ORFEAS_ALERTMANAGER_GENERATOR_URL": "http://127.0.0.1:5000/#alerts"})
        self.addCleanup(self.end, made)
        return made

    @staticmethod
    def end(service: subprocess.Popen) -> None:
        if service.poll() is None:
            service.kill()
        service.communicate()

    @staticmethod
    def tell(service: subprocess.Popen, line: str) -> None:
        service.stdin.write(line + "\n")
        service.stdin.flush()

    def become(self, manager: Alertmanager, wanted: dict[tuple[str, str], str]) -> None:
        try:
            manager.eventually(f"alerts {wanted}", lambda: manager.states() == wanted)
        except AssertionError as error:
            raise AssertionError(f"{error}; there are {manager.states()}") from None

    def hear(self, manager: Alertmanager, *wanted: tuple[str, str, str]) -> None:
        manager.eventually(f"notification of {wanted}", lambda: set(wanted) <= set(self.sink.told))

    def test_firing_worse_inhibited_silenced_and_over(self):
        manager = self.start_alertmanager()
        service = self.start_service()
        self.tell(service, "x 90")
        self.become(manager, {("full", "warning"): "active", ("slow", "warning"): "active"})
        full = manager.alerts()["full", "warning"]
        self.assertEqual(full["labels"], {"alertname": "full", "instance": "studio-1", "pool": "main",
                                          "severity": "warning"})
        self.assertEqual(full["annotations"]["summary"], "90 of 100")
        self.assertEqual(full["annotations"]["run_book"], "https://example.org/full", "a name that it would refuse")
        self.assertEqual(full["generatorURL"], "http://127.0.0.1:5000/#alerts")
        self.assertLess(abs(datetime.now(timezone.utc) - moment(full["startsAt"])), timedelta(minutes=1))
        self.hear(manager, ("firing", "full", "warning"), ("firing", "slow", "warning"))

        # sent again: it goes on beyond the three intervals after which it would end by itself
        time.sleep(4 * RESEND)
        later = manager.alerts()["full", "warning"]
        self.assertGreaterEqual(moment(later["endsAt"]) - moment(full["endsAt"]), timedelta(seconds=3 * RESEND))
        self.assertEqual(later["startsAt"], full["startsAt"])

        # worse: the warning is over, and a critical alert inhibits the warnings of its pool, by Alertmanager's own rule
        self.tell(service, "x 96")
        self.become(manager, {("full", "critical"): "active", ("slow", "warning"): "suppressed"})
        slow = manager.alerts()["slow", "warning"]
        self.assertEqual(slow["status"]["inhibitedBy"], [manager.alerts()["full", "critical"]["fingerprint"]])
        self.hear(manager, ("firing", "full", "critical"))

        # a silence of Alertmanager's own
        now = datetime.now(timezone.utc)
        silence = manager.ask("POST", "/api/v2/silences", {
            "matchers": [{"name": "alertname", "value": "full", "isRegex": False, "isEqual": True}],
            "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(), "createdBy": "test",
            "comment": "seen"})["silenceID"]
        self.become(manager, {("full", "critical"): "suppressed", ("slow", "warning"): "suppressed"})
        self.assertEqual(manager.alerts()["full", "critical"]["status"]["silencedBy"], [silence])
        manager.ask("DELETE", f"/api/v2/silence/{silence}")
        self.become(manager, {("full", "critical"): "active", ("slow", "warning"): "suppressed"})

        # a silence of ours: the alert is over there, and inhibits nothing any more
        self.tell(service, "silence full")
        self.become(manager, {("slow", "warning"): "active"})
        self.hear(manager, ("resolved", "full", "critical"))
        self.tell(service, "unsilence")
        self.become(manager, {("full", "critical"): "active", ("slow", "warning"): "suppressed"})

        self.tell(service, "x 0")
        self.become(manager, {})
        self.hear(manager, ("resolved", "slow", "warning"))
        output, log = service.communicate(timeout=60)
        self.assertEqual(service.returncode, 0, log)
        stats = json.loads(output)["alertmanager"][0]
        self.assertEqual((stats["refused_total"], stats["failures_total"], stats["firing"]), (0, 0, 0), log)
        self.assertGreaterEqual(stats["changed_texts_total"], 1)

    def test_alerts_of_a_service_that_dies_end_by_themselves(self):
        manager = self.start_alertmanager()
        service = self.start_service()
        self.tell(service, "x 90")
        self.become(manager, {("full", "warning"): "active", ("slow", "warning"): "active"})
        service.send_signal(signal.SIGKILL)
        self.become(manager, {})
        self.hear(manager, ("resolved", "full", "warning"))

    def test_an_alertmanager_that_comes_late_or_restarts_is_told_of_all(self):
        dead = f"http://127.0.0.1:{free_port()}"
        service = self.start_service(dead)
        self.tell(service, "x 90")
        time.sleep(0.5)
        manager = self.start_alertmanager()
        self.become(manager, {("full", "warning"): "active", ("slow", "warning"): "active"})
        manager.close()
        self.tell(service, "x 96")
        again = self.start_alertmanager()
        self.become(again, {("full", "critical"): "active", ("slow", "warning"): "suppressed"})
        self.tell(service, "x 0")
        self.become(again, {})
        output, log = service.communicate(timeout=60)
        self.assertEqual(service.returncode, 0, log)
        there, nowhere = json.loads(output)["alertmanager"]
        self.assertGreater(there["failures_total"], 0)
        self.assertEqual((there["works"], nowhere["works"], nowhere["sent_total"]), (True, False, 0))
        self.assertIn("receiver_fails", log)


if __name__ == "__main__":
    if not SERVICE.is_file():
        skip(__file__, "alerting_service was not built")
    if shutil.which("prometheus-alertmanager") is None:
        skip(__file__, "prometheus-alertmanager is not installed")
    run()
