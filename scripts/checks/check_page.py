#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The generated page and its later script are what dashboard/ says, and within their size limits. --fix generates them
anew.

The compressed page is compared after inflating: compressors differ in the bytes that they produce for one text.
"""

import gzip
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import generate_page
import tree

GZIP = re.compile(r"(?<=(?:page|more)_gzip\{\n)(.*?)(?=,\n    \d+\};)", re.DOTALL)
GZIP_SIZE = re.compile(r"\d+(?= bytes\.\ninline constexpr std::string_view \w+_gzip)|(?<=,\n    )\d+(?=\};\n\n\} // namespace)")


def split(text: str) -> tuple[str, bytes]:
    """The header without what depends on the zlib build, and the compressed page."""
    match = GZIP.search(text)
    packed = generate_page.unescape(match[1]) if match else b""
    return GZIP_SIZE.sub("N", GZIP.sub("", text)), packed


def look_at(name: str, options, report: tree.Report) -> str:
    """Compares one header; answers the sizes of its content."""
    path = options.root / generate_page.HEADERS[name]
    rest, packed = split(path.read_text(encoding="utf-8")) if path.is_file() else ("", b"")
    try:
        # compressed as it is committed: who only checks needs not what compresses best
        wanted = generate_page.header(name, options.root) if options.fix else generate_page.header(name, options.root, lambda _: packed)
    except generate_page.PageError as problem:
        report.problem(options.root / "dashboard", 1, str(problem))
        return ""
    try:
        same = rest == split(wanted)[0] and gzip.decompress(packed) == generate_page.content(name, generate_page.build(options.root)).encode()
    except (OSError, EOFError):
        same = False
    if not same and options.fix:
        path.write_text(wanted, encoding="utf-8")
    elif not same:
        report.problem(path, 1, "differs from dashboard/: run scripts/generate_page.py")
    return f"{name} {generate_page.sizes(wanted)}"


def main() -> int:
    options = tree.arguments(__doc__, fixable=True)
    report = tree.Report("page", options.root)
    return report.end("; ".join([look_at(name, options, report) for name in generate_page.HEADERS]))


if __name__ == "__main__":
    sys.exit(main())
