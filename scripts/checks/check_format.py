#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every C++ and CUDA file reads as clang-format-19 writes it. --fix rewrites the files."""

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
GENERATED = ("include/orfeas/serve/detail/page.hpp",)
FINDING = re.compile(r"^(.+?):(\d+):\d+: (?:error|warning): ")


def main() -> int:
    options = tree.arguments(__doc__, fixable=True)
    root = options.root
    if not shutil.which(TOOL):
        tree.skip("check_format", f"{TOOL} is not installed")
    files = [(root / file).resolve() for file in options.files] or [
        path for path in tree.sources(root) if path.relative_to(root).as_posix() not in GENERATED]
    style = f"--style=file:{root / '.clang-format'}"
    report = tree.Report("format", root)

    def look(path: Path) -> list[tuple[Path, int]]:
        if options.fix:
            subprocess.run([TOOL, style, "-i", str(path)], check=True)
            return []
        done = subprocess.run([TOOL, style, "--dry-run", str(path)], capture_output=True, text=True)
        found = [(path, int(match[2])) for line in done.stderr.splitlines() if (match := FINDING.match(line))]
        return found if found or done.returncode == 0 else [(path, 1)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(look, files):
            if found:
                path, line = found[0]
                report.problem(path, line, f"{len(found)} place{'s' if len(found) > 1 else ''} not as {TOOL} writes them: "
                                           "run ./dev check --fix")
    return report.end(f"{len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
