#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every C++ and CUDA file reads as clang-format-19 writes it. --fix rewrites the files.

What was found good is remembered in build/check/format.json and not looked at again until the file, .clang-format or the
tool changes."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree

TOOL = "clang-format-19"  # pinned: other versions break lines elsewhere
GENERATED = ("include/orfeas/serve/detail/page.hpp", "include/orfeas/serve/detail/more.hpp")
FINDING = re.compile(r"^(.+?):(\d+):\d+: (?:error|warning): ")


class Memory:
    """Of each file that was found good, the hash of all that this depends on. Without a place to keep it, it forgets."""

    def __init__(self, root: Path):
        self.root, self.place = root, root / "build" / "check" / "format.json"
        version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
        self.start = hashlib.sha256(version + (root / ".clang-format").read_bytes())
        self.known, self.found = self.read(), {}

    def read(self) -> dict[str, str]:
        try:
            return dict(json.loads(self.place.read_text()))
        except (OSError, ValueError, TypeError):
            return {}

    def name(self, path: Path) -> str:
        return os.path.relpath(path, self.root)  # the name counts: a file's own header is included first

    def hash(self, path: Path) -> str:
        whole = self.start.copy()
        whole.update(path.read_bytes())
        return whole.hexdigest()

    def save(self) -> None:
        if not self.found:
            return
        good = {**self.read(), **self.found}  # another run may have written meanwhile
        part = self.place.with_name(f"format.{os.getpid()}")
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps({name: now for name, now in good.items() if (self.root / name).exists()}))
            part.replace(self.place)
        except OSError:
            pass


def main() -> int:
    options = tree.arguments(__doc__, fixable=True)
    root = options.root
    if not shutil.which(TOOL):
        tree.skip("check_format", f"{TOOL} is not installed")
    files = [(root / file).resolve() for file in options.files] or [
        path for path in tree.sources(root) if path.relative_to(root).as_posix() not in GENERATED]
    style = f"--style=file:{root / '.clang-format'}"
    report = tree.Report("format", root)
    memory = Memory(root)

    def look(path: Path) -> list[tuple[Path, int]]:
        if options.fix:
            subprocess.run([TOOL, style, "-i", str(path)], check=True)
            return []
        now = memory.hash(path)
        if memory.known.get(memory.name(path)) == now:
            return []
        done = subprocess.run([TOOL, style, "--dry-run", str(path)], capture_output=True, text=True)
        found = [(path, int(match[2])) for line in done.stderr.splitlines() if (match := FINDING.match(line))]
        if not found and done.returncode == 0:
            memory.found[memory.name(path)] = now
            return []
        return found or [(path, 1)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(look, files):
            if found:
                path, line = found[0]
                report.problem(path, line, f"{len(found)} place{'s' if len(found) > 1 else ''} not as {TOOL} writes them: "
                                           "run ./dev check --fix")
    memory.save()
    return report.end(f"{len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
