#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests mirror headers: include/orfeas/<module>/<x>.hpp has tests/<module>/<x>_test.cpp (or _net_test.cpp, _test.cu).

Exempt are fwd.hpp, detail/ and umbrellas. A header that another test covers stands in tests/covered_elsewhere.txt, one
line "<module>/<x>.hpp <test file>", the test being relative to tests/.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree


def covered_elsewhere(report: tree.Report) -> dict[str, tuple[int, str]]:
    listed = {}
    path = report.root / "tests" / "covered_elsewhere.txt"
    for number, line in enumerate(path.read_text().splitlines() if path.is_file() else [], 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        header, test = words[0], words[-1]
        if not (report.root / "include" / "orfeas" / header).is_file():
            report.problem(path, number, f"{header}: there is no such header: remove the line")
        elif len(words) != 2 or not (report.root / "tests" / test).is_file():
            report.problem(path, number, f"{header}: name the test file that covers it, relative to tests/")
        listed[header] = (number, test)
    return listed


def main() -> int:
    options = tree.arguments(__doc__)
    report = tree.Report("test mirror", options.root)
    listed = covered_elsewhere(report)
    count = 0
    for header in tree.headers(options.root):
        relative = header.relative_to(options.root / "include" / "orfeas")
        if len(relative.parts) == 1 or relative.name == "fwd.hpp" or "detail" in relative.parts:
            continue
        count += 1
        base = options.root / "tests" / relative.parent / relative.stem
        mirrors = [base.with_name(base.name + ending) for ending in ("_test.cpp", "_net_test.cpp", "_test.cu")]
        found = any(mirror.is_file() for mirror in mirrors)
        name = relative.as_posix()
        if found and name in listed:
            report.problem(options.root / "tests" / "covered_elsewhere.txt", listed[name][0],
                           f"{name} has a test of its own: remove the line")
        elif not found and name not in listed:
            report.problem(header, 1, f"no tests/{relative.with_suffix('')}_test.cpp: write it, or name the test that "
                                      "covers the header in tests/covered_elsewhere.txt")
    return report.end(f"{count} headers")


if __name__ == "__main__":
    sys.exit(main())
