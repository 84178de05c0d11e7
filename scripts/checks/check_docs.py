#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Documentation: README has at most 200 lines, links lead somewhere, and every code fence is a compiled example.

A C++ or CMake fence stands under a marker, and equals what the marker names:
    <!-- from: examples/quickstart/memory.cpp -->          the file without its licence line
    <!-- from: examples/quickstart/memory.cpp#pool -->     what stands between "docs: begin pool" and "docs: end pool"
--fix writes the fences anew.
"""

import re
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree

README_LINES = 200
COMPILED = ("cpp", "c++", "cmake", "cuda")
FENCE = re.compile(r"^```([\w+]*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"<!-- from: (\S+?)(?:#([\w-]+))? -->\n+\Z")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def region(path: Path, name: str | None) -> str | None:
    """What a marker names, without its indentation."""
    lines = path.read_text().splitlines()
    if name is None:
        kept = [line for line in lines if "SPDX-License-Identifier" not in line]
    else:
        begins = [i for i, line in enumerate(lines) if line.strip().endswith(f"docs: begin {name}")]
        ends = [i for i, line in enumerate(lines) if line.strip().endswith(f"docs: end {name}")]
        if len(begins) != 1 or len(ends) != 1:
            return None
        kept = lines[begins[0] + 1:ends[0]]
    kept = [line for line in kept if "docs: begin" not in line and "docs: end" not in line]
    return textwrap.dedent("\n".join(kept)).strip("\n") + "\n"


def check_fences(report: tree.Report, page: Path, fix: bool) -> None:
    text = page.read_text()
    new = []
    last = 0
    for fence in FENCE.finditer(text):
        line = tree.line_of(text, fence.start())
        marker = MARKER.search(text[:fence.start()])
        if not marker:
            if fence[1].lower() in COMPILED:
                report.problem(page, line, "a code fence without <!-- from: examples/… --> above it: take it from a "
                                           "compiled example")
            continue
        source = report.root / marker[1]
        wanted = region(source, marker[2]) if source.is_file() else None
        if wanted is None:
            report.problem(page, line - 1, f"{marker[1]}{'#' + marker[2] if marker[2] else ''}: no such file or region")
        elif wanted != fence[2]:
            if fix:
                new += [text[last:fence.start(2)], wanted]
                last = fence.end(2)
            else:
                report.problem(page, line, f"differs from {marker[1]}: run ./dev check --fix")
    if new:
        page.write_text("".join(new) + text[last:])


def check_links(report: tree.Report, page: Path) -> None:
    text = FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), page.read_text())
    for match in LINK.finditer(text):
        if not (page.parent / match[1]).exists():
            report.problem(page, tree.line_of(text, match.start()), f"link to {match[1]}: there is no such file")


def main() -> int:
    options = tree.arguments(__doc__, fixable=True)
    root = options.root
    report = tree.Report("docs", root)
    pages = sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])
    readme = root / "README.md"
    if not readme.is_file():
        report.problem(readme, 1, "there is no README.md")
    elif (count := len(readme.read_text().splitlines())) > README_LINES:
        report.problem(readme, README_LINES, f"{count} lines: at most {README_LINES}; move details to docs/")
    for page in pages:
        check_fences(report, page, options.fix)
        check_links(report, page)
    return report.end(f"{len(pages)} pages")


if __name__ == "__main__":
    sys.exit(main())
