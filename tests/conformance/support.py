# SPDX-License-Identifier: MIT
"""What the conformance tests share: ports, waiting, a Prometheus that scrapes, and how a script runs and reports."""

import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port: int, path: str, accept: str = "") -> tuple[str, bytes]:
    """The content type and the body of what is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Accept": accept} if accept else {})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, f"{path}: {answer.status} {body[:200]}"
    connection.close()
    return answer.headers["content-type"], body


def eventually(what: str, look, is_alive=lambda: True):
    """Asks for a minute until there is an answer: servers start, scrapes and exports take their time."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if not is_alive():
            raise AssertionError(f"no {what}: the server ended")
        try:
            if found := look():
                return found
        except (OSError, AssertionError):
            pass  # it is starting
        time.sleep(0.2)
    raise AssertionError(f"no {what} within a minute")


class Prometheus:
    """A Prometheus that scrapes one port of this machine once a second, for the length of a block."""

    def __init__(self, target: int, features: str):
        self.target = target
        self.features = features

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            "scrape_configs: [{job_name: subject, static_configs: [{targets: ['127.0.0.1:%d']}]}]\n" % self.target)
        self.port = free_port()
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            self.server = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", f"--enable-feature={self.features}"],
                stdout=log, stderr=log)
        return self

    def __exit__(self, error, *rest):
        self.server.terminate()
        self.server.wait(timeout=30)
        if error is not None:
            sys.stderr.write(self.log.read_text()[-3000:])
        self.folder.cleanup()

    def query(self, path: str, **parameters: str):
        return json.loads(get(self.port, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")[1])["data"]

    def eventually(self, what: str, look):
        return eventually(what, look, lambda: self.server.poll() is None)


def skip(script: str, reason: str) -> None:
    """Ends the script as one that cannot run here."""
    print(f"skipped: conformance_{Path(script).stem}: {reason}")
    sys.exit(77)


def run() -> None:
    """Runs the script's tests, says how they went in the form that `./dev test` reads, and ends."""
    result = unittest.main(exit=False, verbosity=2).result
    for test, reason in result.skipped:
        print(f"skipped: {test.id().split('.')[-1]}: {reason}")
    failed = len(result.failures) + len(result.errors)
    print(f"test cases: {result.testsRun - failed - len(result.skipped)} passed, {failed} failed, "
          f"{len(result.skipped)} skipped", flush=True)
    sys.exit(1 if failed else 0)
