# SPDX-License-Identifier: MIT
"""Configuring and building a CMake preset, with progress."""

import os
import re
import shutil
from pathlib import Path

from common import BUILD, Stop, follow, say, writable_folder

# ninja's progress, and what ccache may overlook to serve sources that use a precompiled header.
ENVIRONMENT = {"NINJA_STATUS": "[%f/%t %es] ", "CCACHE_SLOPPINESS": "pch_defines,time_macros"}
STEP = re.compile(r"\[ *\d+(?:/\d+ [\d.]+s|%)\] |(?:Consolidate|Scanning|Built target|Dependencies)|ninja: |make\[")
QUIET = re.compile(r"-- (?:The \w+ compiler|Detecting|Check for working|Found|Configuring|Generating|Build files|"
                   r"Performing)|Preset CMake variables|  [A-Z_0-9]+(?::\w+)?=|$")


def jobs() -> int:
    return len(os.sched_getaffinity(0))


def folder(preset: str) -> Path:
    return BUILD / preset


def configure(preset: str, *definitions: str) -> None:
    writable_folder(BUILD)
    for tool in ("cmake", "make" if preset == "cuda-only" else "ninja"):
        if not shutil.which(tool):
            raise Stop(f"{tool} is not installed: run ./dev setup")
    if follow(["cmake", "--preset", preset, *definitions], lambda line: bool(QUIET.match(line))) != 0:
        raise Stop(f"configuring the preset {preset} failed")


def build(preset: str, targets: list[str] | None = None) -> None:
    """Builds the targets, or everything; Stop when the compiler complains."""
    command = ["cmake", "--build", str(folder(preset)), "--parallel", str(jobs())]
    if targets:
        command += ["--target", *targets]
    say(f"build: {preset}" + (f": {' '.join(targets)}" if targets else ""))
    if follow(command, lambda line: bool(STEP.match(line)), ENVIRONMENT) != 0:
        raise Stop(f"building the preset {preset} failed")
