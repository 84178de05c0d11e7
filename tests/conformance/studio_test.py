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
import tempfile
import threading
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from support import run, skip

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "examples" / "studio" / "pictures"
STUDIO = Path(os.environ.get("ORFEAS_BIN", ROOT / "build" / "dev" / "bin")) / "studio"
CAMERA = (PICTURES / "camera.png").read_bytes()


class Studio:
    """A running studio on a port of the system's choice."""

    def __init__(self, arguments: tuple[str, ...] = (), **variables: str):
        environment = {**os.environ, **variables}
        self.process = subprocess.Popen([STUDIO, "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
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
        self.assertEqual(generate["attributes"]["batch_size"], 1)
        self.assertEqual(generate["parent_id"], spans["POST /api/v1/generate"]["span_id"])

    def test_the_memory_report_names_the_stages(self):
        self.studio.generate(CAMERA, "?resolution=51")
        pool = json.loads(self.studio.ask("GET", "/api/v1/memory/report?tags=100").content)["pools"][0]
        self.assertEqual(pool["name"], "pool")
        self.assertEqual(pool["profile"]["pressure"], "low")
        tags = {tag["name"]: tag for tag in pool["tags"]}
        for stage in ("decode", "relief", "triangulate", "encode"):
            self.assertGreater(tags[stage]["peak_bytes"], 0)
        self.assertGreater(tags["encode"]["current_bytes"], 0)  # the cached meshes
        self.assertNotIn("untagged", tags)
        picture = self.studio.ask("GET", "/api/v1/memory/timeline.svg?pool=pool")
        self.assertEqual(picture.headers["content-type"], "image/svg+xml")
        drawn = ElementTree.fromstring(picture.content)
        self.assertEqual(drawn.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertIn("encode, peak", " ".join(drawn.itertext()))
        self.problem(self.studio.ask("GET", "/api/v1/memory/report?pool=none"), 404)

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


def together(studio: Studio, queries: list[str]) -> list:
    """The answers to requests that are made at the same time."""
    answers = [None] * len(queries)

    def ask(i: int):
        answers[i] = studio.generate(CAMERA, queries[i])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(queries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


class BatchTest(unittest.TestCase):
    def batch_sizes(self, studio: Studio) -> tuple[int, int]:
        """How many batches there were, and how many meshes were made in them."""
        text = studio.ask("GET", "/metrics").content.decode()
        return tuple(int(float(re.search(rf"^studio_batch_size_{part} (\S+)$", text, re.MULTILINE)[1])) for part in ("count", "sum"))

    def test_requests_that_wait_are_taken_together(self):
        studio = Studio(STUDIO_SERVICE_WORKERS="1", STUDIO_SERVICE_BATCH="2")
        queries = [f"?resolution=256&width_mm={40 + i}" for i in range(12)]
        meshes = [answer.content for answer in together(studio, queries)]
        batches, made = self.batch_sizes(studio)
        self.assertEqual(made, 12)
        self.assertLess(batches, 12)
        self.assertGreaterEqual(batches, 1 + 11 // 4)  # twice the base while memory is plenty
        traces = json.loads(studio.ask("GET", "/api/v1/traces?limit=20").content)["traces"]
        sizes = set()
        for trace in traces:
            spans = json.loads(studio.ask("GET", f"/api/v1/traces/{trace['trace_id']}").content)["spans"]
            self.assertEqual([span["status"] == "error" for span in spans], [False] * len(spans))
            self.assertEqual({span["name"] for span in spans} & {"decode", "upload", "relief", "triangulate", "encode"},
                             {"decode", "upload", "relief", "triangulate", "encode"})
            sizes |= {span["attributes"]["batch_size"] for span in spans if span["name"] == "generate"}
        self.assertTrue(max(sizes) > 1 and max(sizes) <= 4, sizes)
        self.assertEqual(studio.end()[0], 0)
        alone = Studio(STUDIO_SERVICE_BATCH="1", ORFEAS_MEMORY_MEDIUM_MARK="0")  # the same meshes as one by one
        self.assertEqual([alone.generate(CAMERA, query).content for query in queries], meshes)
        self.assertEqual(self.batch_sizes(alone), (12, 12))
        self.assertEqual(alone.end()[0], 0)

    def test_a_bad_picture_among_others_fails_alone(self):
        studio = Studio(STUDIO_SERVICE_WORKERS="1")
        answers = []

        def ask(body: bytes, query: str):
            answers.append((body is CAMERA, studio.generate(body, query).status))

        threads = [threading.Thread(target=ask, args=(CAMERA if i % 2 else CAMERA[:5000 + i], f"?resolution=256&width_mm={40 + i}"))
                   for i in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answers), [(False, 422)] * 5 + [(True, 200)] * 5)
        self.assertEqual(studio.end()[0], 0)


class MemoryTest(unittest.TestCase):
    def test_memory_is_cleaned_up_ahead_of_need_and_reported(self):
        # with a mark of nothing, every step is said to need more
        studio = Studio(ORFEAS_CLEANUP_FORECAST_MARK="0", ORFEAS_CLEANUP_LEAST_GAIN="0")
        for i in range(4):
            self.assertEqual(studio.generate(CAMERA, f"?resolution=256&width_mm={50 + i}").status, 200)
        pool = json.loads(studio.ask("GET", "/api/v1/memory/report").content)["pools"][0]
        self.assertGreaterEqual(pool["cleanups_total"], 1)
        self.assertGreater(pool["total_freed_bytes"], 0)
        self.assertEqual(pool["total_freed_bytes"], sum(each["report"]["freed_bytes"] for each in pool["cleanups"]))
        self.assertEqual(studio.end(), (0, ""))

    def test_a_pool_that_is_nearly_full_still_answers(self):
        studio = Studio(ORFEAS_MEMORY_LIMIT_BYTES="48MiB", STUDIO_SERVICE_CACHE_BYTES="256MiB")
        for i in range(20):
            self.assertEqual(studio.generate(CAMERA, f"?resolution=256&width_mm={50 + i}").status, 200)
        pool = json.loads(studio.ask("GET", "/api/v1/memory/report").content)["pools"][0]
        self.assertEqual(pool["profile"]["total_bytes"], 48 << 20)
        self.assertLessEqual(pool["profile"]["reserved_bytes"], 48 << 20)
        self.assertEqual(studio.end()[0], 0)


    def test_pictures_that_are_large_for_the_pool_come_in_batches_that_fit(self):
        studio = Studio(ORFEAS_MEMORY_LIMIT_BYTES="32MiB", STUDIO_SERVICE_CACHE_BYTES="8MiB")
        picture = b"P5 2000 1500 255\n" + bytes(2000 * 1500)
        statuses = [studio.generate(picture, "?resolution=64&width_mm=200").status]  # by which batches are measured

        def ask(i: int):
            statuses.append(studio.generate(picture, f"?resolution=64&width_mm={40 + i}").status)

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 41)
        self.assertEqual(studio.end()[0], 0)


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


class SharedCacheTest(unittest.TestCase):
    """Two studios that share a Redis server."""

    def setUp(self):
        if shutil.which("redis-server") is None:
            self.skipTest("redis-server is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.redis = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder.name],
                                      stdout=subprocess.DEVNULL)
        self.addCleanup(self.end_redis)
        self.wait_for(lambda: self.accepts(port))
        url = f"redis://127.0.0.1:{port}"
        self.studios = [Studio(arguments=("--l2", url, "--l1-bytes", "32MiB")) for _ in range(2)]
        self.addCleanup(lambda: [studio.end() for studio in self.studios if studio.process.returncode is None])
        for studio in self.studios:
            self.wait_for(lambda studio=studio: "connected to" in self.detail(studio))

    def end_redis(self):
        self.redis.kill()
        self.redis.wait()

    @staticmethod
    def accepts(port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def wait_for(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, "waited in vain")
            time.sleep(0.02)

    @staticmethod
    def detail(studio) -> str:
        components = json.loads(studio.ask("GET", "/api/v1/status").content)["components"]
        return next(each["detail"] for each in components if each["name"] == "meshes")

    @staticmethod
    def figures(studio) -> dict:
        return json.loads(studio.ask("GET", "/api/v1/cache/stats?name=meshes").content)["caches"][0]

    def test_what_one_has_made_the_other_finds(self):
        one, other = self.studios
        made = one.generate(CAMERA, "?resolution=48")
        self.assertEqual(made.headers["cache-status"], "studio; fwd=miss; stored")
        found = other.generate(CAMERA, "?resolution=48")
        self.assertEqual(found.headers["cache-status"], "studio; hit")
        self.assertEqual(found.content, made.content)
        figures = self.figures(other)
        self.assertEqual((figures["tiers"], figures["l2_hits"], figures["loads"]), (["l1", "l2"], 1, 0))
        self.assertEqual(figures["l1"]["capacity_bytes"], 32 * 2**20)

    def test_clearing_reaches_the_server_and_the_other_process(self):
        one, other = self.studios
        where = one.generate(CAMERA, "?resolution=32").headers["content-location"]
        self.assertEqual(other.ask("GET", where).status, 200)
        cleared = json.loads(one.ask("POST", "/api/v1/cache/clear?name=meshes").content)
        self.assertTrue(cleared["complete"])
        self.assertEqual((cleared["caches"][0]["l1_entries"], cleared["caches"][0]["l2_entries"]), (1, 1))
        self.assertEqual(one.ask("GET", where).status, 404)
        self.wait_for(lambda: other.ask("GET", where).status == 404)

    def test_it_works_without_its_server_and_says_so(self):
        one = self.studios[0]
        self.end_redis()
        self.wait_for(lambda: self.detail(one).startswith("works without 127.0.0.1:"))
        self.assertEqual(one.generate(CAMERA, "?resolution=32").status, 200)
        self.assertFalse(self.figures(one)["nodes"][0]["connected"])
        code, _ = one.end()
        self.assertEqual(code, 0)


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
        self.refused(self.run_studio(STUDIO_SERVICE_BATCH="0"), "STUDIO_SERVICE_BATCH", "256")
        self.refused(self.run_studio(STUDIO_SERVICE_BATCH_DELAY="2h"), "STUDIO_SERVICE_BATCH_DELAY")
        self.refused(self.run_studio(ORFEAS_CLEANUP_FORECAST_MARK="2"), "ORFEAS_CLEANUP_FORECAST_MARK")
        self.refused(self.run_studio("--address", "0.0.0.0"), "token")


if __name__ == "__main__":
    if not STUDIO.is_file():
        skip(__file__, "the studio was not built")
    run()
