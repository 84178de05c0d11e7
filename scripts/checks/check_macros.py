#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Macro hygiene: headers define ORFEAS_ macros only, and are guarded by #pragma once."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree

DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
UNDEFINE = re.compile(r"^[ \t]*#[ \t]*undef[ \t]+(\w+)", re.MULTILINE)
ONCE = re.compile(r"^#pragma once$", re.MULTILINE)


def main() -> int:
    options = tree.arguments(__doc__)
    report = tree.Report("macros", options.root)
    headers = tree.headers(options.root)
    for header in headers:
        code = tree.code_of(header.read_text())
        if not ONCE.search(code):
            report.problem(header, 1, "no include guard: write #pragma once after the licence line")
        for match in DEFINE.finditer(code):
            if not match[1].startswith("ORFEAS_"):
                report.problem(header, tree.line_of(code, match.start(1)),
                               f"macro {match[1]}: a header defines only macros that start with ORFEAS_")
        for match in UNDEFINE.finditer(code):
            if not match[1].startswith("ORFEAS_"):
                report.problem(header, tree.line_of(code, match.start(1)),
                               f"#undef {match[1]}: a header leaves other people's macros alone")
    return report.end(f"{len(headers)} headers")


if __name__ == "__main__":
    sys.exit(main())
