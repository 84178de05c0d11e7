# SPDX-License-Identifier: MIT
"""`./dev demo`: starts the studio service and feeds it pictures, as its users would."""

import http.client
import itertools
import json
import random
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import build
import setup
from common import BUILD, ROOT, Stop, say, start, writable_folder

HOST = "127.0.0.1"
CLIENTS = 3
PAUSE_S = (0.05, 0.4)  # between two requests of one client
WIDTHS_MM = (60, 80, 120)
RESOLUTIONS = (64, 128, 256)
FORMATS = ("stl", "stl", "glb")
SAVED = 6
SUFFIXES = (".png", ".jpg", ".jpeg", ".pgm")


@dataclass
class Tally:
    """What the clients saw. Thread-safe through `guard`."""

    guard: threading.Lock = field(default_factory=threading.Lock)
    seconds: list[float] = field(default_factory=list)
    busy: int = 0  # 503: the queue was full, and said so
    errors: list[str] = field(default_factory=list)
    saved: set[str] = field(default_factory=set)
    received_bytes: int = 0


def pictures(named: list[Path]) -> list[Path]:
    folder = ROOT / "examples" / "studio" / "pictures"
    found = named or sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise Stop(f"there is no picture in {folder.relative_to(ROOT)}: name some")
    for path in found:
        if not path.is_file():
            raise Stop(f"{path}: there is no such picture")
    return found


def check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise Stop(f"--port {port}: must be between 1 and 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Stop(f"port {port} on {HOST}: {error.strerror}: choose another with --port") from None


def get(port: int, target: str) -> bytes | None:
    """The body of a successful GET, or None."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        return body if answer.status == 200 else None
    except OSError:
        return None
    finally:
        connection.close()


def wait_until_healthy(service: subprocess.Popen, port: int) -> None:
    limit = time.monotonic() + 15
    while time.monotonic() < limit:
        if service.poll() is not None:
            raise Stop(f"the studio ended at once with exit code {service.returncode}")
        if get(port, "/healthz") is not None:
            return
        time.sleep(0.1)
    raise Stop(f"the studio does not answer on {HOST}:{port}/healthz")


def client(number: int, port: int, files: list[Path], stop: threading.Event, tally: Tally, results: Path) -> None:
    """One user: sends a picture with some parameters, often the same again, and looks at the answer."""
    choose = random.Random(number)
    bodies = [(path, path.read_bytes()) for path in files]
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    for _ in itertools.count():
        if stop.wait(choose.uniform(*PAUSE_S)):
            break
        path, body = choose.choice(bodies)
        width, resolution, form = choose.choice(WIDTHS_MM), choose.choice(RESOLUTIONS), choose.choice(FORMATS)
        target = f"/api/v1/generate?width_mm={width}&resolution={resolution}&format={form}"
        begin = time.monotonic()
        try:
            connection.request("POST", target, body)
            answer = connection.getresponse()
            mesh = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            with tally.guard:
                tally.errors.append(f"{path.name}: {error!r}")
            continue
        note(tally, answer.status, time.monotonic() - begin, mesh, results / f"{path.stem}_{width}mm_{resolution}.{form}")
        if answer.status == 503 and stop.wait(1.0):
            break
    connection.close()


def note(tally: Tally, status: int, seconds: float, mesh: bytes, file: Path) -> None:
    with tally.guard:
        if status == 503:
            tally.busy += 1
            return
        if status != 200 or not mesh:
            tally.errors.append(f"{file.name}: status {status}: {mesh[:200].decode(errors='replace')}")
            return
        tally.seconds.append(seconds)
        tally.received_bytes += len(mesh)
        save = len(tally.saved) < SAVED and file.name not in tally.saved
        if save:
            tally.saved.add(file.name)
    if save:
        file.write_bytes(mesh)


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def mebibytes(value: float | None) -> str:
    return "-" if value is None else f"{value / 2**20:.1f} MiB"


def series(port: int) -> dict[str, float]:
    """The last value of each series by its bare name; the first of several label sets counts."""
    body = get(port, "/api/v1/metrics")
    found: dict[str, float] = {}
    for one in json.loads(body)["series"] if body else []:
        if one["value"] is not None:
            found.setdefault(one["name"], one["value"])
    return found


def cache_line(cache: dict) -> str:
    """The hit ratio by tier, and what the local one holds."""
    lookups = cache["l1_hits"] + cache.get("l2_hits", 0) + cache["misses"]
    tiers = [(tier.upper(), cache[f"{tier}_hits"]) for tier in cache["tiers"]]
    ratios = [f"{name} {hits / lookups:.2f}" if lookups else f"{name} -" for name, hits in tiers]
    held = f"{mebibytes(cache['l1']['bytes'])} of {mebibytes(cache['l1']['capacity_bytes'])} held"
    return f"hit ratio {', '.join(ratios)} of {lookups} lookups, {held}"


def print_summary(port: int, tally: Tally, seconds: float) -> bool:
    """The figures of the run; whether all went well."""
    values = series(port)
    status = json.loads(get(port, "/api/v1/status") or b"{}")
    count = len(tally.seconds)
    say(f"requests      {count} answered in {seconds:.0f} s, {len(tally.errors)} errors, {tally.busy} told to come back")
    if count:
        say(f"latency       p50 {quantile(tally.seconds, 0.50) * 1e3:.1f} ms, p95 {quantile(tally.seconds, 0.95) * 1e3:.1f} ms")
    for one in json.loads(get(port, "/api/v1/cache/stats") or b'{"caches": []}')["caches"]:
        say(f"cache         {one['name']}: {cache_line(one)}")
    say(f"pool          {mebibytes(values.get('memory_allocated_bytes'))} allocated, "
        f"{mebibytes(values.get('memory_reserved_bytes'))} reserved, {mebibytes(values.get('memory_free_bytes'))} free "
        f"of {mebibytes(values.get('memory_total_bytes'))}, "
        f"fragmentation {values.get('memory_fragmentation_ratio', 0.0):.2f}, "
        f"pressure {values.get('memory_pressure', 0.0):.0f} of 3")
    for component in status.get("components", []):
        if not component.get("operational", True):
            say(f"degraded      {component['name']}: {component.get('detail', '')}")
    say(f"results       {len(tally.saved)} meshes in {(BUILD / 'demo').relative_to(ROOT)}, "
        f"{mebibytes(tally.received_bytes)} received")
    for error in tally.errors[:5]:
        say(f"error         {error}")
    return count > 0 and not tally.errors and bool(values)


def feed(service: subprocess.Popen, port: int, files: list[Path], seconds: float | None, results: Path) -> bool:
    tally, stop = Tally(), threading.Event()
    clients = [threading.Thread(target=client, args=(number, port, files, stop, tally, results), daemon=True)
               for number in range(CLIENTS)]
    begin = time.monotonic()
    for one in clients:
        one.start()
    try:
        shown = begin
        while (seconds is None or time.monotonic() - begin < seconds) and service.poll() is None:
            time.sleep(0.1)
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                say(f"demo: {shown - begin:3.0f} s, {len(tally.seconds)} meshes")
    except KeyboardInterrupt:
        say("")
    stop.set()
    for one in clients:
        one.join(60)
    if service.poll() is not None:
        raise Stop(f"the studio ended by itself with exit code {service.returncode}")
    return print_summary(port, tally, time.monotonic() - begin)


def interrupt(*_) -> None:
    raise KeyboardInterrupt


def run(options) -> int:
    if options.seconds is not None and options.seconds <= 0:
        raise Stop(f"--seconds {options.seconds:g}: must be above 0")
    files = pictures(options.images)
    check_port(options.port)
    results = writable_folder(BUILD / "demo")
    setup.ensure(["build"])
    build.configure("release")
    build.build("release", ["studio"])
    program = next((path for path in build.folder("release").rglob("studio") if path.is_file()), None)
    if program is None:
        raise Stop("the build made no program called studio")

    signal.signal(signal.SIGTERM, interrupt)
    # A session of its own: Ctrl-C reaches this program alone, which then ends the service in order.
    service = start([str(program), "--port", str(options.port)], start_new_session=True)
    try:
        wait_until_healthy(service, options.port)
        say(f"demo: the page is at http://{HOST}:{options.port}/")
        until = f"for {options.seconds:g} s" if options.seconds else "until Ctrl-C"
        say(f"demo: sending {len(files)} pictures {until}")
        good = feed(service, options.port, files, options.seconds, results)
        service.send_signal(signal.SIGTERM)
        try:
            code = service.wait(15)
        except subprocess.TimeoutExpired:
            raise Stop("the studio did not end within 15 s after SIGTERM") from None
        say(f"studio        ended with exit code {code}")
        return 0 if good and code == 0 else 1
    finally:
        if service.poll() is None:
            service.kill()
            service.wait()
