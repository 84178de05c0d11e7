#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The studio as its clients see it: a real process, asked over HTTP; Debian's admesh reads its solids."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "examples" / "studio" / "pictures"
STUDIO = Path(os.environ.get("ORFEAS_BIN", ROOT / "build" / "dev" / "bin")) / "studio"
CAMERA = (PICTURES / "camera.png").read_bytes()


class Studio:
    """A running studio on a port of the system's choice."""

    def __init__(self, **variables: str):
        environment = {**os.environ, **variables}
        self.process = subprocess.Popen([STUDIO, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=environment)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)/", line)[1])

    def ask(self, method: str, path: str, body: bytes = b"", **fields: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def generate(self, body: bytes, query: str = "", **fields: str):
        return self.ask("POST", "/api/v1/generate" + query, body, **fields)

    def end(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


class StudioTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.studio = Studio()

    @classmethod
    def tearDownClass(cls):
        code, errors = cls.studio.end()
        assert code == 0, f"the studio ended with {code}: {errors}"
        assert errors == "", f"the studio complained: {errors}"

    def problem(self, answer, status: int) -> dict:
        self.assertEqual(answer.status, status, answer.content)
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        document = json.loads(answer.content)
        self.assertEqual(document["status"], status)
        return document

    def test_a_picture_becomes_a_watertight_solid_that_admesh_reads(self):
        if shutil.which("admesh") is None:
            self.skipTest("admesh is not installed")
        answer = self.studio.generate(CAMERA, "?width_mm=80&resolution=64")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], "model/stl")
        self.assertLessEqual(len(answer.content), 850_000)
        with tempfile.NamedTemporaryFile(suffix=".stl") as file:
            file.write(answer.content)
            file.flush()
            report = subprocess.run(["admesh", file.name], capture_output=True, text=True, check=True).stdout
        for line in ("Total disconnected facets        :     0", "Degenerate facets     :     0",
                     "Edges fixed           :     0", "Backwards edges       :     0", "Number of parts       :     1"):
            self.assertIn(line, report)
        self.assertIn("Max X =  80.0", report)

    def test_glb_is_answered_on_demand(self):
        answer = self.studio.generate(CAMERA, "?resolution=32&format=glb")
        self.assertEqual(answer.headers["content-type"], "model/gltf-binary")
        magic, version, length = struct.unpack_from("<4sII", answer.content)
        self.assertEqual((magic, version, length), (b"glTF", 2, len(answer.content)))

    def test_the_same_request_comes_from_the_cache(self):
        first = self.studio.generate(CAMERA, "?resolution=48&width_mm=61")
        self.assertEqual(first.headers["cache-status"], "studio; fwd=miss; stored")
        again = self.studio.generate(CAMERA, "?width_mm=61&resolution=48")
        self.assertEqual(again.headers["cache-status"], "studio; hit")
        self.assertEqual(first.content, again.content)
        by_name = self.studio.ask("GET", first.headers["content-location"])
        self.assertEqual(by_name.content, first.content)

    def test_who_has_the_mesh_is_told_so(self):
        first = self.studio.generate(CAMERA, "?resolution=40")
        tag = first.headers["etag"]
        self.assertEqual(self.studio.generate(CAMERA, "?resolution=40", If_None_Match=tag).status, 304)
        self.assertEqual(self.studio.ask("GET", first.headers["content-location"], If_None_Match=tag).status, 304)
        self.assertEqual(self.studio.generate(CAMERA, "?resolution=41", If_None_Match=tag).status, 200)

    def test_the_trace_of_a_request_shows_its_stages(self):
        parent = "4bf92f3577b34da6a3ce929d0e0e4736"
        self.studio.generate(CAMERA, "?resolution=50", traceparent=f"00-{parent}-00f067aa0ba902b7-01")
        trace = json.loads(self.studio.ask("GET", f"/api/v1/traces/{parent}").content)
        spans = {span["name"]: span for span in trace["spans"]}
        generate = spans["generate"]
        for stage in ("decode", "upload", "relief", "triangulate", "encode"):
            self.assertEqual(spans[stage]["parent_id"], generate["span_id"])
            self.assertGreaterEqual(spans[stage]["duration_us"], 0)
        self.assertEqual(generate["parent_id"], spans["POST /api/v1/generate"]["span_id"])

    def test_what_is_no_picture_is_refused(self):
        self.assertEqual(self.problem(self.studio.generate(b""), 400)["field"], "body")
        self.assertIn("PNG", self.problem(self.studio.generate(b"x" * 5000, Content_Type="image/png"), 415)["allowed"])
        self.assertEqual(self.problem(self.studio.generate(CAMERA[:5000]), 422)["field"], "body")
        damaged = bytearray(CAMERA)
        damaged[60_000] ^= 0xFF
        self.problem(self.studio.generate(bytes(damaged)), 422)
        bomb = CAMERA[:16] + struct.pack(">II", 60_000, 60_000) + CAMERA[24:]
        self.assertEqual(self.problem(self.studio.generate(bomb), 413)["field"], "body")
        self.assertIn("16777216", self.problem(self.studio.generate(b"x" * (16_777_216 + 1)), 413)["allowed"])
        self.assertEqual(self.studio.generate(CAMERA, "?resolution=33").status, 200)

    def test_wrong_parameters_are_refused_by_name_and_range(self):
        for query, field in (("?width_mm=0", "width_mm"), ("?width_mm=nan", "width_mm"), ("?resolution=15", "resolution"),
                             ("?resolution=1e3", "resolution"), ("?format=obj", "format"), ("?colour=red", "colour"),
                             ("?width_mm=80&width_mm=90", "width_mm")):
            document = self.problem(self.studio.generate(CAMERA, query), 400)
            self.assertEqual(document["field"], field)
            self.assertTrue(document["allowed"])

    def test_unknown_routes_and_methods_are_refused(self):
        self.problem(self.studio.ask("GET", "/nothing"), 404)
        self.problem(self.studio.ask("GET", "/api/v1/meshes/0123"), 404)
        answer = self.studio.ask("DELETE", "/healthz")
        self.problem(answer, 405)
        self.assertIn("GET", answer.headers["allow"])


class OverloadTest(unittest.TestCase):
    def test_a_full_queue_answers_503_with_retry_after(self):
        studio = Studio(STUDIO_SERVICE_WORKERS="1", STUDIO_SERVICE_QUEUE="1")
        answers = []

        def ask(i: int):
            answers.append(studio.generate(CAMERA, f"?resolution=512&width_mm={50 + i}"))

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refused = [answer for answer in answers if answer.status == 503]
        self.assertTrue(refused)
        self.assertTrue(all(answer.headers["retry-after"] for answer in refused))
        self.assertTrue(any(answer.status == 200 for answer in answers))
        self.assertEqual({answer.status for answer in answers}, {200, 503})
        self.assertEqual(studio.end()[0], 0)

    def test_a_request_in_flight_is_finished_when_the_service_is_told_to_end(self):
        studio = Studio(STUDIO_SERVICE_DRAIN_DEADLINE="60s")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(studio.generate(CAMERA, "?resolution=1024")))
        asking.start()
        while b'"queue_depth{' not in studio.ask("GET", "/api/v1/metrics").content:
            time.sleep(0.01)
        while "queue_depth{component=\"workers\"} 0" in studio.ask("GET", "/metrics").content.decode() and not answers:
            pass
        code, _ = studio.end()
        asking.join()
        self.assertEqual(code, 0)
        self.assertEqual(answers[0].status, 200)


class StartTest(unittest.TestCase):
    def run_studio(self, *arguments: str, **variables: str):
        return subprocess.run([STUDIO, *arguments], capture_output=True, text=True, timeout=30,
                              env={**os.environ, **variables})

    def refused(self, result, *words: str):
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_a_port_in_use_is_one_clear_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            self.refused(self.run_studio("--port", port), port, "in use")

    def test_a_mistake_in_arguments_or_environment_is_one_clear_line(self):
        self.refused(self.run_studio("--port", "http"), "--port", "65535")
        self.refused(self.run_studio("--prot", "1"), "--prot")
        self.refused(self.run_studio(ORFEAS_OBSERVE_HISTORY_SIZE="0"), "ORFEAS_OBSERVE_HISTORY_SIZE", "86400")
        self.refused(self.run_studio(STUDIO_SERVICE_WORKER="1"), "STUDIO_SERVICE_WORKER")
        self.refused(self.run_studio("--address", "0.0.0.0"), "token")


if __name__ == "__main__":
    if not STUDIO.is_file():
        print("skipped: conformance_studio_test: the studio was not built")
        sys.exit(77)
    result = unittest.main(exit=False, verbosity=2).result
    failed = len(result.failures) + len(result.errors)
    print(f"test cases: {result.testsRun - failed - len(result.skipped)} passed, {failed} failed, "
          f"{len(result.skipped)} skipped", flush=True)
    sys.exit(1 if failed else 0)
