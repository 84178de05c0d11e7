#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Name hygiene in headers: snake_case types and functions, PascalCase template parameters, no using namespace."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree

USING = re.compile(r"^using\s+namespace\b", re.MULTILINE)  # the format indents what stands inside a function
TYPE = re.compile(r"\b(?:class|struct|union|enum(?:\s+class)?|concept|namespace)\s+([A-Za-z_]\w*)")
ALIAS = re.compile(r"\busing\s+([A-Za-z_]\w*)\s*=")
PARAMETER = re.compile(r"\b(?:class|typename)\s*(?:\.\.\.)?\s*([A-Za-z_]\w*)")
CAMEL = re.compile(r"(?<![\w.:>'])([a-z][a-z0-9]*[A-Z]\w*)\b")
FOREIGN = re.compile(r"cu[A-Z]|cuda[A-Z]|nvml[A-Z]|nvtx[A-Z]|nvTools[A-Z]")  # others' entry points and headers
SNAKE = re.compile(r"[a-z][a-z0-9_]*$")
PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*$")
DUNDER = re.compile(r"(?<![\w\"])(_(?!SC_)[A-Z]\w*|__(?!extension__|has_include|cplusplus|linux__|CUDA|host__|device__|global__|NVCC|FILE__|"
                    r"LINE__|func__|GNUC|clang|x86_64__|aarch64__|builtin_|attribute__|VA_|SANITIZE|cpp_|SIZEOF|int128|get_cpuid|cxa_)\w*)")


def parameter_lists(code: str) -> list[tuple[int, int]]:
    """Where the lists after the word template, or after a lambda's captures, begin and end."""
    found = []
    for match in re.finditer(r"(?:\btemplate\s*|\])<", code):
        depth, at = 1, match.end()
        while at < len(code) and depth:
            depth += {"<": 1, ">": -1}.get(code[at], 0)
            at += 1
        found.append((match.end(), at))
    return found


def check(report: tree.Report, header: Path) -> None:
    code = tree.code_of(header.read_text())

    def problem(offset: int, text: str) -> None:
        report.problem(header, tree.line_of(code, offset), text)

    for match in USING.finditer(code):
        problem(match.start(), "using namespace in a header: name what you use")
    lists = parameter_lists(code)
    for begin, end in lists:
        for match in PARAMETER.finditer(code, begin, end):
            if not PASCAL.match(match[1]):
                problem(match.start(1), f"template parameter {match[1]}: write it in PascalCase")
    for pattern in (TYPE, ALIAS):
        for match in pattern.finditer(code):
            inside = any(begin <= match.start() < end for begin, end in lists)
            if not inside and not SNAKE.match(match[1]) and not FOREIGN.match(match[1]):
                problem(match.start(1), f"{match[1]}: write it in snake_case")
    for match in CAMEL.finditer(code):
        if not FOREIGN.match(match[1]):
            problem(match.start(1), f"{match[1]}: write it in snake_case")
    for match in DUNDER.finditer(code):
        problem(match.start(), f"{match[0]}: names like this one are reserved to the compiler")


def main() -> int:
    options = tree.arguments(__doc__)
    report = tree.Report("names", options.root)
    headers = tree.headers(options.root)
    for header in headers:
        check(report, header)
    return report.end(f"{len(headers)} headers")


if __name__ == "__main__":
    sys.exit(main())
