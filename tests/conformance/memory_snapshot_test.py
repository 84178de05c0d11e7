#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Snapshots of a pool as others read them: JSON lines by another writer, Python's unpickler, a parser of XML."""

import io
import json
import os
import pickle
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from support import run, skip

ROOT = Path(__file__).resolve().parent.parent.parent
TOOL = Path(os.environ.get("ORFEAS_BIN", ROOT / "build" / "dev" / "bin")) / "orfeas-memory"
BASE, SEGMENT, MIB = 0x7F0000000000, 0x7F8000000000, 1 << 20
SVG = "{http://www.w3.org/2000/svg}"


class NothingButData(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}")


def block(address, size, state="free", requested=0, tag=0, site=0, stream=0, allocated_ns=0):
    return {"type": "block", "address": address, "bytes": size, "requested_bytes": requested, "allocated_ns": allocated_ns,
            "state": state, "site": site, "tag": tag, "stream": stream}


def event(sequence, kind, address=0, size=0, related=0, tag=0, site=0, stream=0):
    return {"type": "event", "sequence": sequence, "time_ns": sequence * 1_000_000_000, "kind": kind, "address": address,
            "bytes": size, "related": related, "site": site, "tag": tag, "stream": stream}


def tag(number, name, current, peak):
    return {"type": "tag", "tag": number, "name": name, "current_bytes": current, "peak_bytes": peak, "allocations": 1,
            "allocations_total": 30, "byte_seconds": 1.5, "lifetimes": [0] * 20 + [29] + [0] * 27}


def snapshot(events=(), name="pool <a> & \u20ac"):
    lines = [
        {"type": "profile", "total_bytes": 1 << 30, "allocated_bytes": 3 * MIB, "reserved_bytes": 12 * MIB,
         "free_bytes": (1 << 30) - 3 * MIB, "largest_free_bytes": 4 * MIB, "peak_allocated_bytes": 6 * MIB, "allocations": 2,
         "fragmentation_ratio": 0.25, "utilization_ratio": 0.5, "pressure": "low", "time": 1700000000.25},
        {"type": "range", "address": BASE, "bytes": 8 * MIB, "stream": 0, "whole_segment": False},
        block(BASE, 2 * MIB, "used", 2 * MIB - 300, 2, 2, allocated_ns=1),
        block(BASE + 2 * MIB, 2 * MIB, "pending", stream=1),
        block(BASE + 4 * MIB, 4 * MIB),
        {"type": "range", "address": SEGMENT, "bytes": 4 * MIB, "stream": 1, "whole_segment": True},
        block(SEGMENT, MIB, "used", MIB, stream=1),
        block(SEGMENT + MIB, 3 * MIB),
        tag(2, "weights \"w\" <x>", 2 * MIB, 4 * MIB), tag(0, "untagged", MIB, MIB),
        {"type": "site", "site": 2, "file": "model.cpp", "line": 42, "function": "load(<weights>&)", "current_bytes": 2 * MIB,
         "allocations": 1, "allocations_total": 30},
        *events,
    ]
    count = {kind: sum(line["type"] == kind for line in lines) for kind in ("range", "block", "tag", "site", "event")}
    header = {"type": "header", "version": 1, "name": name, "device": "host memory", "clock_ns": 60_000_000_000,
              "remaps": True, "events_lost": 3, **{kind + "s": number for kind, number in count.items()}}
    return "".join(json.dumps(line) + "\n" for line in [header, *lines])


EVENTS = [
    event(3, "reserve", SEGMENT, 4 * MIB, stream=1),
    event(4, "allocate", BASE, 2 * MIB, 2 * MIB - 300, 2, 2),
    event(5, "allocate", BASE + 2 * MIB, 2 * MIB, 2 * MIB, 2, 2, 1),
    event(6, "deallocate", BASE + 2 * MIB, 2 * MIB, 2 * MIB, 2, 2, 1),
    event(7, "refuse", 0, 1 << 31, 4096, 0, 2),
    event(8, "move", BASE + 4 * MIB, 2 * MIB, BASE + 64 * MIB),
    event(9, "release", BASE + 64 * MIB, 2 * MIB),
    event(10, "cleanup", 0, 4096),
    event(11, "fence", BASE + 2 * MIB, 2 * MIB),
]


class MemorySnapshotTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.svg = Path(self.folder.name) / "timeline.svg"
        self.pickle = Path(self.folder.name) / "snapshot.pickle"

    def tearDown(self):
        self.folder.cleanup()

    def run_tool(self, text, *arguments):
        return subprocess.run([TOOL, "-", *arguments], input=text, capture_output=True, text=True, timeout=60)

    def unpickled(self, text):
        done = self.run_tool(text, "--pytorch", str(self.pickle))
        self.assertEqual(done.returncode, 0, done.stderr)
        return NothingButData(io.BytesIO(self.pickle.read_bytes())).load()

    def test_python_unpickles_what_pytorchs_tools_expect(self):
        data = self.unpickled(snapshot(EVENTS))
        self.assertLessEqual({"segments", "device_traces", "allocator_settings"}, data.keys())
        self.assertEqual([segment["address"] for segment in data["segments"]], [BASE, SEGMENT])
        for segment in data["segments"]:
            self.assertLessEqual({"device", "address", "total_size", "allocated_size", "active_size", "requested_size",
                                  "stream", "segment_type", "segment_pool_id", "is_expandable", "frames", "blocks"},
                                 segment.keys())
            self.assertEqual(sum(each["size"] for each in segment["blocks"]), segment["total_size"])
            at = segment["address"]
            for each in segment["blocks"]:
                self.assertEqual(each["address"], at)
                at += each["size"]
        first = data["segments"][0]
        self.assertEqual([each["state"] for each in first["blocks"]],
                         ["active_allocated", "active_pending_free", "inactive"])
        self.assertEqual((first["allocated_size"], first["active_size"], first["requested_size"]),
                         (2 * MIB, 4 * MIB, 2 * MIB - 300))
        self.assertEqual(first["blocks"][0]["frames"][0], {"filename": "model.cpp", "line": 42, "name": "load(<weights>&)"})
        self.assertTrue(data["allocator_settings"]["expandable_segments"])

    def test_the_trace_has_the_actions_of_pytorch(self):
        (trace,) = self.unpickled(snapshot(EVENTS))["device_traces"]
        self.assertEqual([each["action"] for each in trace],
                         ["segment_alloc", "alloc", "alloc", "free_requested", "free_completed", "oom", "segment_unmap",
                          "segment_map", "segment_unmap", "snapshot"])
        self.assertEqual(trace[1]["size"], 2 * MIB - 300)
        self.assertEqual(trace[1]["category"], "weights \"w\" <x>")
        self.assertEqual(trace[2]["stream"], 1)
        self.assertEqual(trace[5]["device_free"], 4096)
        self.assertNotIn("addr", trace[5])
        self.assertEqual((trace[6]["addr"], trace[7]["addr"]), (BASE + 64 * MIB, BASE + 4 * MIB))
        self.assertEqual(trace[1]["time_us"], 1_700_000_000_250_000 - 56_000_000)
        # the viewer fails when there are categories without one of this name
        self.assertIn("unknown", {each["category"] for each in trace})

    def test_memory_whose_return_was_not_noted_is_given_back_at_the_end(self):
        gone = 0x7FF000000000
        events = [event(3, "allocate", gone, MIB), event(4, "allocate", gone + MIB, MIB), event(5, "deallocate", gone, MIB),
                  event(6, "deallocate", gone + MIB, MIB), event(7, "allocate", BASE, 2 * MIB)]
        (trace,) = self.unpickled(snapshot(events))["device_traces"]
        freed = [(each["addr"], each["size"]) for each in trace if each["action"] == "segment_free"]
        self.assertEqual(freed, [(gone, 2 * MIB)])

    def test_a_long_trace_and_an_empty_one(self):
        many = [event(i, "allocate", BASE + i % 16_000 * 512, 512, 500, 2, 2) for i in range(3, 30_003)]
        (trace,) = self.unpickled(snapshot(many))["device_traces"]
        self.assertEqual(len(trace), 30_001)
        self.assertEqual([each["addr"] for each in trace[:-1]], [each["address"] for each in many])
        self.assertIs(trace[0]["frames"], trace[29_999]["frames"])  # written once
        (trace,) = self.unpickled(snapshot())["device_traces"]
        self.assertEqual(len(trace), 1)

    def test_the_picture_is_xml(self):
        done = self.run_tool(snapshot(EVENTS, name="<&\u0001\ufffe\">"), "--svg", str(self.svg))
        self.assertEqual(done.returncode, 0, done.stderr)
        root = ElementTree.parse(self.svg).getroot()
        self.assertEqual(root.tag, SVG + "svg")
        words = "\n".join(root.itertext())
        self.assertIn("weights \"w\" <x>, peak 4 MiB", words)
        self.assertIn("9 events over 57 s, 3 earlier ones lost", words)
        self.assertIn("1 refused, up to 2 GiB, at 4 s", words)
        areas = [each for each in root.iter(SVG + "polygon") if each.find(SVG + "title") is None]
        for each in areas:
            for x, y in (point.split(",") for point in each.get("points").split()):
                self.assertTrue(0 <= float(x) <= 1000 and 0 <= float(y) <= 440, each.get("points"))

    def test_the_summary_names_tags_candidates_and_fragmentation(self):
        text = self.run_tool(snapshot(EVENTS)).stdout
        self.assertIn("fragmentation: 42.9 % of 7 MiB free", text)
        self.assertIn("weights \"w\" <x>: 2 MiB in 1, peak 4 MiB", text)
        self.assertIn("events: 9, 3 lost", text)
        candidates = text[text.index("leak candidates"):]
        self.assertIn("2 MiB in 1 allocation, weights \"w\" <x>, model.cpp:42 (load(<weights>&))", candidates)

    def test_what_is_no_snapshot_is_one_clear_line(self):
        for text, reason in (("", "not complete"), ("{}", "line 1"), (snapshot(EVENTS)[:-200], "line 20"),
                             (snapshot().replace('"version": 1', '"version": 9'), "version")):
            done = self.run_tool(text)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertIn(reason, done.stderr)
        self.assertEqual(subprocess.run([TOOL], capture_output=True, timeout=60).returncode, 2)
        self.assertEqual(self.run_tool("", "--svg").returncode, 2)
        done = subprocess.run([TOOL, "/nonexistent"], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (1, "orfeas-memory: /nonexistent: cannot be read\n"))


if __name__ == "__main__":
    if not TOOL.is_file():
        skip(__file__, "orfeas-memory was not built")
    run()
