# SPDX-License-Identifier: MIT
"""What the verbs of `./dev` share: where things are, how to say something, how to run a program."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"


class Stop(Exception):
    """Ends `./dev` with one clear line and a non-zero exit code."""


def say(text: str) -> None:
    print(text, flush=True)


def writable_folder(path: Path) -> Path:
    """The folder, made if it is missing; Stop when nothing can be written there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Stop(f"cannot write to {path}: {error.strerror}") from None
    return path


def output_of(command: list[str]) -> str:
    """What a short program prints, or "" when it fails or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def start(command: list[str], **others) -> subprocess.Popen:
    """Starts a program; Stop when it is not installed."""
    try:
        return subprocess.Popen(command, cwd=ROOT, **others)
    except FileNotFoundError:
        raise Stop(f"{command[0]} is not installed: run ./dev setup") from None


class Progress:
    """One line that is rewritten on a terminal, and printed now and then elsewhere."""

    SECONDS = 10.0

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        self.last = time.monotonic()
        self.drawn = False

    def show(self, text: str) -> None:
        now = time.monotonic()
        if self.terminal and now - self.last > 0.1:
            sys.stdout.write("\r\033[K" + text[:118])
            sys.stdout.flush()
            self.drawn, self.last = True, now
        elif not self.terminal and now - self.last > self.SECONDS:
            say(text)
            self.last = now

    def clear(self) -> None:
        if self.drawn:
            sys.stdout.write("\r\033[K")
            self.drawn = False


def follow(command: list[str], is_progress: Callable[[str], bool], environment: dict[str, str] | None = None) -> int:
    """Runs a long program and shows its output; of the lines that only tell progress, some. Returns its exit code."""
    progress = Progress()
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                    env={**os.environ, **(environment or {})})
    try:
        for line in process.stdout:
            line = line.rstrip("\n")
            if is_progress(line):
                progress.show(line)
            else:
                progress.clear()
                say(line)
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        progress.clear()
