#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a header looks like: licence line, a sentence before each public type, at most 800 lines, no hidden threads.

A class also says how it may be shared: "Thread-safe", "Thread-compatible (distinct objects)" or "Executor-bound".
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree

LICENCE = "// SPDX-License-Identifier: MIT"
MOST_LINES = 800
GENERATED = ("orfeas/serve/detail/page.hpp", "orfeas/serve/detail/more.hpp")
THREAD_LOCAL = ("orfeas/trace/context.hpp", "orfeas/metrics/detail/thread_cells.hpp")
TYPE = re.compile(r"^(class|struct|union|enum class|enum(?!\s+class)|concept)\s+(?:alignas\([^)]*\)\s+)?(?:\[\[\w+\]\]\s+)?"
                  r"(\w+)\b(?!<|::|\s*(?::[^{;]*)?;)")  # neither a specialisation nor a forward declaration
SHARING = re.compile(r"Thread-safe\b|Thread-compatible \(distinct objects\)|Executor-bound\b")
EXCEPTION = re.compile(r":\s*public std::\w*(?:error|exception|bad_alloc|argument)\b")  # a value that is thrown
FORBIDDEN = [
    (re.compile(r"\bstd::j?thread\b(?!::)"), "the library starts no thread: take an executor"),
    (re.compile(r"\bstd::async\b"), "the library starts no thread: take an executor"),
    (re.compile(r"\b(?:std::)?atomic_(?:thread|signal)_fence\b"),
     "no stand-alone fence (ThreadSanitizer does not model it): acquire and release on an atomic"),
]


def docstring_above(lines: list[str], at: int) -> str | None:
    """The /// block above the declaration at line index `at`, past its template and requires lines."""
    at -= 1
    while at >= 0 and not lines[at].startswith("///") and lines[at].strip() and not lines[at].startswith(("}", "#")) \
            and not lines[at].rstrip().endswith(";"):
        at -= 1
    end = at
    while at >= 0 and lines[at].startswith("///"):
        at -= 1
    return "\n".join(lines[at + 1:end + 1]) or None


def public_types(lines: list[str], code: list[str]):
    """Yields (index, kind, name) of the types defined at namespace level, outside namespaces called detail."""
    hidden = False
    for index, line in enumerate(code):
        if re.match(r"namespace\b.*\{", line):
            hidden = "detail" in line or re.match(r"namespace\s*\{", line) is not None
        elif lines[index].startswith("} // namespace") or lines[index].startswith("}  // namespace"):
            hidden = False
        elif not hidden and (match := TYPE.match(line)):
            yield index, match[1], match[2]


def check(report: tree.Report, header: Path) -> None:
    text = header.read_text()
    lines = text.splitlines()
    code_text = tree.code_of(text)
    code = code_text.splitlines()
    name = tree.name_of(report.root, header)
    if not lines or lines[0] != LICENCE:
        report.problem(header, 1, f'the first line must be "{LICENCE}"')
    if len(lines) > MOST_LINES and name not in GENERATED:
        report.problem(header, MOST_LINES, f"{len(lines)} lines: split it by responsibility, at most {MOST_LINES}")
    if "detail" not in Path(name).parts:
        for index, kind, type_name in public_types(lines, code):
            doc = docstring_above(lines, index)
            if doc is None:
                report.problem(header, index + 1, f"{type_name}: say in a /// sentence above it what it is")
            elif kind == "class" and not EXCEPTION.search(lines[index]) and len(set(SHARING.findall(doc))) != 1:
                report.problem(header, index + 1, f'{type_name}: its docstring says exactly one of "Thread-safe", '
                                                  '"Thread-compatible (distinct objects)" and "Executor-bound"')
    for pattern, text_of in FORBIDDEN:
        for match in pattern.finditer(code_text):
            report.problem(header, tree.line_of(code_text, match.start()), f"{match[0]}: {text_of}")
    if name not in THREAD_LOCAL:
        for match in re.finditer(r"\bthread_local\b", code_text):
            report.problem(header, tree.line_of(code_text, match.start()),
                           f"thread_local: only in {' and '.join(THREAD_LOCAL)}")


def main() -> int:
    options = tree.arguments(__doc__)
    report = tree.Report("headers", options.root)
    headers = tree.headers(options.root)
    for header in headers:
        check(report, header)
    for source in tree.sources(options.root):
        if source.suffix != ".hpp" or not source.is_relative_to(options.root / "include"):
            first = source.read_text().split("\n", 1)[0]
            if first != LICENCE:
                report.problem(source, 1, f'the first line must be "{LICENCE}"')
    return report.end(f"{len(headers)} headers")


if __name__ == "__main__":
    sys.exit(main())
