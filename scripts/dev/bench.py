# SPDX-License-Identifier: MIT
"""`./dev bench`: builds the benchmarks optimised, runs them, and merges their results."""

import json
import os
import platform
import subprocess
import time
from pathlib import Path

import build
import setup
from common import ROOT, Stop, output_of, say, writable_folder


def data_folder(asked: Path | None) -> Path | None:
    """--data, else $ORFEAS_DATA, else ../shared/data where it is."""
    if asked:
        if not asked.is_dir():
            raise Stop(f"--data {asked}: there is no such folder")
        return asked.resolve()
    if named := os.environ.get("ORFEAS_DATA"):
        if not Path(named).is_dir():
            raise Stop(f"ORFEAS_DATA={named}: there is no such folder")
        return Path(named).resolve()
    shared = ROOT.parent / "shared" / "data"
    return shared if shared.is_dir() else None


def machine() -> dict:
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith(("model name", "CPU implementer"))), platform.machine())
    gpu = output_of(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]).strip()
    return {
        "cpu": cpu,
        "cores": build.jobs(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpu": gpu or None,
        "kernel": platform.release(),
        "compiler": output_of(["g++", "--version"]).split("\n", 1)[0],
        "commit": output_of(["git", "rev-parse", "--short", "HEAD"]).strip(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def run_one(name: str, options, data: Path | None, results: Path) -> list[dict] | None:
    """The results of one bench; None when it failed."""
    results.unlink(missing_ok=True)
    command = [str(build.folder("release") / "bin" / f"orfeas_bench_{name}"), "--json", str(results)]
    if options.quick:
        command.append("--quick")
    if data:
        command += ["--data", str(data)]
    say(f"bench: {name}")
    if subprocess.run(command, cwd=ROOT).returncode != 0 or not results.is_file():
        return None
    return json.loads(results.read_text()).get("results", [])


def run(options) -> int:
    data = data_folder(options.data)
    if options.json:
        writable_folder(options.json.resolve().parent)
    setup.ensure(["build", "bench"])
    build.configure("release")
    known = (build.folder("release") / "orfeas_benches.txt").read_text().split() \
        if (build.folder("release") / "orfeas_benches.txt").is_file() else []
    if unknown := [name for name in options.names if name not in known]:
        raise Stop(f"no bench is called {' or '.join(unknown)}: there are {', '.join(known) or 'none'}")
    names = options.names or known
    if not names:
        raise Stop("there are no benches here")
    build.build("release", [f"orfeas_bench_{name}" for name in names])
    say(f"bench: data from {data}" if data else "bench: no recorded data: cases that need some are skipped")

    folder = writable_folder(build.folder("release") / "bench")
    merged, broken = [], []
    for name in names:
        found = run_one(name, options, data, folder / f"{name}.json")
        if found is None:
            broken.append(name)
        else:
            merged += found
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "results": merged}, indent=1) + "\n")
        say(f"bench: wrote {options.json}")
    missed = [result for result in merged if result.get("met") is False]
    skipped = [result for result in merged if "skipped" in result]
    for result in skipped:
        say(f"skipped: {result['bench']} {result['case']}: {result['skipped']}")
    for result in missed:
        bar = result["bar"]
        say(f"missed: {result['bench']} {result['case']}: {bar['of']} {bar['op']} {bar['value']}")
    for name in broken:
        say(f"failed: {name}")
    say(f"{len(merged) - len(missed) - len(skipped)} results, {len(missed)} missed bars, {len(skipped)} skipped, "
        f"{len(broken)} failed benches")
    return 1 if missed or broken else 0
