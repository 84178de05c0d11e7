#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A service of ours that is killed again and again while its webhook tells Python's HTTP server of alerts."""

import os
import random
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from support import run, skip
from webhook_test import SECRET, Receiver, is_signed

HERE = Path(__file__).resolve().parent
SERVICE = Path(os.environ.get("ORFEAS_BIN", HERE.parent.parent / "build" / "dev" / "bin")) / "notifying_service"
KILLS = 1000 if os.environ.get("ORFEAS_TEST_LONG") else 60
PHASE = 6  # frames for which the value is high, then low


class WebhookCrashTest(unittest.TestCase):
    def start(self, receiver: Receiver, folder: Path) -> subprocess.Popen:
        known = {key: value for key, value in os.environ.items() if not key.startswith("ORFEAS_")}
        made = subprocess.Popen(
            [SERVICE, folder / "alerts", folder / "world"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**known, "ORFEAS_WEBHOOK_URL": receiver.url, "ORFEAS_WEBHOOK_SECRETS": SECRET,
                 "ORFEAS_WEBHOOK_POLL_INTERVAL": "1ms", "ORFEAS_WEBHOOK_RETRY_FIRST": "5ms"})
        self.addCleanup(lambda: made.poll() is None and made.kill())
        return made

    def test_no_notification_is_lost_and_a_repeat_has_the_same_id(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        pause = random.Random(7)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for _ in range(KILLS):
                service = self.start(receiver, folder)
                time.sleep(pause.uniform(0.01, 0.08))
                service.kill()
                _, log = service.communicate()
                self.assertEqual(service.returncode, -signal.SIGKILL, log)  # it did not give up by itself
            service = self.start(receiver, folder)
            _, log = service.communicate(timeout=60)  # ends its input: it tells what waits
            self.assertEqual(service.returncode, 0, log)
            frames = int.from_bytes((folder / "world").read_bytes()[:8], "little")  # that were taken to the end
        self.assertTrue(all(is_signed(*each) for each in receiver.requests))
        once, repeats = [], 0
        for told in receiver.taken:
            if once and told["id"] == once[-1]["id"]:
                repeats += 1
            else:
                once.append(told)
        ids = {told["id"] for told in once}
        self.assertEqual(len(ids), len(once), "only the last one told before a kill is told again")
        self.assertLessEqual(repeats, KILLS)
        kinds = [news["kind"] for told in once for news in told["news"]]
        self.assertEqual(kinds, (["fired", "resolved"] * len(kinds))[:len(kinds)])
        self.assertIn(len(kinds), {(frames - 1) // PHASE, frames // PHASE})  # the first is low: nothing is told of it
        self.assertGreater(frames, KILLS)  # something went on


if __name__ == "__main__":
    if not SERVICE.is_file():
        skip(__file__, "notifying_service was not built")
    run()
