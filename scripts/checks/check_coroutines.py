#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""co_await hygiene: g++ 12 miscompiles some expressions around co_await, and they corrupt memory without a warning.

Inside the full expression of a co_await there is no lambda that captures by value, no braced aggregate and no ?:.
Name the closure, the options or the choice first, and move it in. Looks at library, tests, examples, benchmarks and the
code fences of the documentation. Also: no asio::coroutine macros and no promise type of our own.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree

FENCE = re.compile(r"^```(?:cpp|c\+\+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Braces that cannot hold an aggregate with a destructor: scalars, durations, views and completion tokens.
HARMLESS = re.compile(r"(?<!\w)(?:std::chrono::\w+|std::u?int\d+_t|std::size_t|std::string_view|std::span(?:<[^<>]*>)?|"
                      r"bool|int|double|seconds|milliseconds|microseconds|minutes|hours|use_awaitable_t(?:<[^<>]*>)?)$")
# "type name" before a brace: the object's own initialiser, which is safe unless it is a list of designators.
DECLARATION = re.compile(r"\s*(?:[\w:]+(?:<[^;(){}]*>)?[\s&*]+)+\w+$")
OPEN, CLOSE = "([{", ")]}"


def is_block(code: str, at: int) -> bool:
    """Whether the brace at `at` opens a block (after a blank, by the format) and not a braced initialiser."""
    before = code[:at].rstrip()
    if not before or before[-1] in ";{}:":
        return True
    if before[-1] in "=,([?" or re.search(r"\b(return|co_return|co_yield|co_await)$", before):
        return False
    if before[-1] == ")":
        return True
    return len(before) < at


def matching(code: str, at: int) -> int:
    """The offset after the bracket that closes the one at `at`."""
    depth = 0
    for now in range(at, len(code)):
        if code[now] in OPEN:
            depth += 1
        elif code[now] in CLOSE:
            depth -= 1
            if depth == 0:
                return now + 1
    return len(code)


def expression(code: str, at: int) -> tuple[int, int]:
    """The full expression around the co_await at `at`: from the statement's begin to its end."""
    begin, depth = at, 0
    while begin > 0:
        char = code[begin - 1]
        if char in CLOSE:
            if char == "}" and depth == 0 and not closes_initialiser(code, begin - 1):
                break
            depth += 1
        elif char in OPEN:
            if depth > 0:
                depth -= 1
            elif char == "{" and is_block(code, begin - 1):
                break
            elif char == "(" and re.search(r"\b(if|while|for|switch|if constexpr)\s*$", code[:begin - 1]):
                break
        elif char == ";" and depth == 0:
            break
        begin -= 1
    end = begin
    while end < len(code):
        char = code[end]
        if char in OPEN:
            end = matching(code, end)
            continue
        if char in CLOSE or char == ";":
            break
        end += 1
    return begin, end


def closes_initialiser(code: str, at: int) -> bool:
    """Whether the closing brace at `at` ends a braced initialiser: what follows goes on with the expression."""
    after = code[at + 1:].lstrip()
    return bool(after) and after[0] in ",.)?:|&<>=+*/-"


def lambda_at(code: str, at: int) -> tuple[str, int] | None:
    """The capture list of the lambda whose introducer is at `at`, and the offset of its body; None for a subscript."""
    before = code[:at].rstrip()
    if before and (before[-1].isalnum() or before[-1] in "_)]") and not re.search(
            r"\b(return|co_return|co_await|co_yield)$", before):
        return None
    if code.startswith("[[", at) or before.endswith("["):
        return None
    end = matching(code, at)
    rest = code[end:]
    head = re.match(r"\s*(?:<[^{;]*>\s*)?(?:\((?:[^()]|\([^()]*\))*\))?[^{};]*", rest)
    body = end + (head.end() if head else 0)
    if body >= len(code) or code[body] != "{":
        return None
    return code[at + 1:end - 1], body


def captures_value(captures: str) -> bool:
    items = [item.strip() for item in re.split(r",(?![^(<{]*[)>}])", captures) if item.strip()]
    return any(not item.startswith("&") and item not in ("this",) for item in items)


def harmless(code: str, begin: int, at: int) -> bool:
    """Whether the braces at `at` hold no temporary that g++ 12 could destroy twice."""
    if HARMLESS.search(code[:at].rstrip()):
        return True
    declared = DECLARATION.match(code[begin:at]) and not re.match(r"\s*(return|co_return|co_await|throw)\b", code[begin:at])
    return bool(declared) and not code[at + 1:].lstrip().startswith(".")


def findings(code: str):
    """Yields (offset, what to do) for each forbidden pattern around a co_await."""
    seen = set()
    for match in re.finditer(r"\bco_await\b", code):
        begin, end = expression(code, match.start())
        if begin in seen:
            continue
        seen.add(begin)
        at = begin
        while at < end:
            char = code[at]
            if char == "[" and (found := lambda_at(code, at)):
                captures, body = found
                if captures_value(captures):
                    yield at, "a lambda that captures by value inside a co_await expression: name it first and move it in"
                at = matching(code, body)  # the body's statements are expressions of their own
                continue
            if char == "{" and not is_block(code, at) and not harmless(code, begin, at):
                yield at, "braces inside a co_await expression: name the object first and move it in"
            if char == "?":
                yield at, "?: inside a co_await expression: use if"
            at += 1
    for match in re.finditer(r"\bBOOST_ASIO_CORO_\w+|<boost/asio/(?:yield|unyield|coroutine)\.hpp>", code):
        yield match.start(), f"{match[0]}: asio::coroutine breaks the one-definition rule in headers"
    for match in re.finditer(r"\bpromise_type\b", code):
        yield match.start(), "promise_type: coroutines are boost::asio::awaitable, we write no promise type"


def main() -> int:
    options = tree.arguments(__doc__)
    report = tree.Report("co_await hygiene", options.root)
    files = [(options.root / file).resolve() for file in options.files] or tree.sources(options.root)
    for path in files:
        code = tree.code_of(path.read_text())
        for offset, text in findings(code):
            report.problem(path, tree.line_of(code, offset), text)
    pages = [] if options.files else [*options.root.glob("*.md"), *options.root.glob("docs/**/*.md")]
    for page in pages:
        text = page.read_text()
        for fence in FENCE.finditer(text):
            for offset, what in findings(tree.code_of(fence[1])):
                report.problem(page, tree.line_of(text, fence.start(1) + offset), what)
    return report.end(f"{len(files)} files, {len(pages)} pages")


if __name__ == "__main__":
    sys.exit(main())
