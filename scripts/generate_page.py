#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes include/orfeas/serve/detail/page.hpp from dashboard/: one HTML document with its style and modules inlined.

Modules are concatenated in the order of their imports, so top-level names are unique over all of them. Comment lines,
blank lines and indentation are left out; nothing else is rewritten.

  generate_page.py           writes the header
  generate_page.py --json    prints {"html", "content_security_policy", "etag"}: what the development server serves
"""

import base64
import gzip
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = "include/orfeas/serve/detail/page.hpp"

PIECE_LIMIT = 15_000  # bytes in one literal: some compilers take no more than 16 KB
TEXT_LIMIT = 90 * 1024
GZIP_LIMIT = 25 * 1024
DELIMITER = "page"

IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+\.js)";$')
DECLARATION = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (?:(\w+)|[\[{])")


class PageError(Exception):
    """The sources break a rule that the generator relies on."""


def slim_lines(text, comment=None):
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not (comment and line.startswith(comment))]


class Bundle:
    """The modules under one entry as one script."""

    def __init__(self, folder, entry):
        self.folder = folder
        self.lines = []
        self.exports = {}
        self.owners = {}
        self.add(entry, ())

    def add(self, name, importers):
        if name in importers:
            raise PageError(f"{name}: imports itself through {' -> '.join(importers)}")
        if name in self.exports:
            return
        body = []
        for number, line in enumerate((self.folder / name).read_text(encoding="utf-8").splitlines(), 1):
            where = f"dashboard/src/{name}:{number}"
            if line.startswith("import"):
                self.follow(line, where, (*importers, name))
                continue
            if line.count("`") % 2:
                raise PageError(f"{where}: a template literal over several lines would lose its indentation")
            self.declare(name, line, where)
            body.append(line.removeprefix("export "))
        self.exports.setdefault(name, set())
        self.lines += slim_lines("\n".join(body), "//")

    def follow(self, line, where, importers):
        match = IMPORT.match(line)
        if not match:
            raise PageError(f'{where}: write imports as import {{ a, b }} from "./module.js";')
        names, module = match.groups()
        self.add(module, importers)
        missing = {name.strip() for name in names.split(",")} - self.exports[module]
        if missing:
            raise PageError(f"{where}: {module} does not export {', '.join(sorted(missing))}")

    def declare(self, module, line, where):
        match = DECLARATION.match(line)
        if not match:
            if line.startswith("export"):
                raise PageError(f"{where}: export only functions, classes and constants")
            return
        name = match.group(1)
        if name is None:
            raise PageError(f"{where}: a top-level declaration needs one plain name")
        if name in self.owners:
            raise PageError(f"{where}: {name} is already declared in {self.owners[name]}")
        self.owners[name] = module
        if line.startswith("export"):
            self.exports.setdefault(module, set()).add(name)


def style(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return "\n".join(re.sub(r": ", ":", line, count=1) if line.endswith(";") else line for line in slim_lines(text))


def inline(html, pattern, open_tag, text, close_tag):
    if close_tag in text:
        raise PageError(f"{close_tag} inside its own text")
    result, count = re.subn(pattern, lambda _: f"{open_tag}{text}{close_tag}", html)
    if count != 1:
        raise PageError(f"index.html: {count} places match {pattern}")
    return result


def source_hash(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def build(root=ROOT):
    """The document, its Content-Security-Policy and its entity tag without quotes."""
    def read(name):
        return (root / "dashboard" / name).read_text(encoding="utf-8")

    theme = "\n".join(slim_lines(read("src/theme.js"), "//"))
    script = "\n".join(Bundle(root / "dashboard/src", "main.js").lines)
    css = style(read("src/style.css"))
    html = "\n".join(slim_lines(read("index.html"))) + "\n"
    html = inline(html, r'<script src="src/theme\.js"></script>', "<script>", theme, "</script>")
    html = inline(html, r'<link rel="stylesheet" href="src/style\.css">', "<style>", css, "</style>")
    html = inline(html, r'<script type="module" src="src/main\.js"></script>', '<script type="module">', script, "</script>")
    policy = "; ".join([
        "default-src 'none'",
        f"script-src {source_hash(theme)} {source_hash(script)}",
        f"style-src {source_hash(css)}",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ])
    return {"html": html, "content_security_policy": policy, "etag": hashlib.sha256(html.encode()).hexdigest()[:20]}


def raw_pieces(text):
    """`text` as adjacent raw string literals, split between lines."""
    if f"){DELIMITER}\"" in text:
        raise PageError("the page contains the raw string delimiter")
    pieces, size = [""], 0
    for line in text.splitlines(keepends=True):
        if size + len(line.encode()) > PIECE_LIMIT:
            pieces.append("")
            size = 0
        pieces[-1] += line
        size += len(line.encode())
    if max(len(piece.encode()) for piece in pieces) > PIECE_LIMIT:
        raise PageError(f"a line of the page is longer than {PIECE_LIMIT} bytes")
    return "\n".join(f'    R"{DELIMITER}({piece}){DELIMITER}"' for piece in pieces)


def escaped_pieces(data, width=110):
    """`data` as adjacent string literals: printable characters as they are, the rest in octal."""
    plain = set(map(ord, "".join(map(chr, range(32, 127))))) - set(map(ord, '"\\?'))
    lines, line = [], ""
    for byte in data:
        line += chr(byte) if byte in plain else f"\\{byte:03o}"
        if len(line) >= width:
            lines.append(line)
            line = ""
    return "\n".join(f'    "{text}"' for text in [*lines, line] if text)


def unescape(literals):
    """The bytes that escaped_pieces() wrote."""
    text = "".join(re.findall(r'"(.*)"', literals))
    return re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), text).encode("latin-1")


def pack(text):
    """`text` compressed: by zopfli (Debian: zopfli), which leaves 5 % less than gzip, where that is installed."""
    if not shutil.which("zopfli"):
        return gzip.compress(text, 9, mtime=0)
    with tempfile.NamedTemporaryFile() as file:
        file.write(text)
        file.flush()
        return subprocess.run(["zopfli", "--i30", "-c", file.name], check=True, capture_output=True).stdout


def check_sizes(text, packed):
    """Raises PageError for a page that has outgrown its limits."""
    for what, size, limit in [("page", len(text), TEXT_LIMIT), ("compressed page", len(packed), GZIP_LIMIT)]:
        if size > limit:
            hint = "" if shutil.which("zopfli") else "; install zopfli, which compresses better"
            raise PageError(f"{what}: {size} bytes, more than {limit}{hint}")


def header(root=ROOT, pack=pack):
    """The text of page.hpp."""
    page = build(root)
    text = page["html"].encode()
    packed = pack(text)
    check_sizes(text, packed)
    return f"""\
// SPDX-License-Identifier: MIT
// Generated by scripts/generate_page.py from dashboard/. Change those files, not this one.
#pragma once

#include <string_view>

// clang-format off
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
namespace orfeas::inline v0::serve::detail {{

/// Media type of the page.
inline constexpr std::string_view page_content_type = "text/html; charset=utf-8";

/// Entity tags of the two representations, with their quotes.
inline constexpr std::string_view page_etag = "\\"{page["etag"]}\\"";
inline constexpr std::string_view page_gzip_etag = "\\"{page["etag"]}-gzip\\"";

/// Value of the Content-Security-Policy header: only the scripts and the style of this page run.
inline constexpr std::string_view page_content_security_policy =
    "{page["content_security_policy"]}";

/// The page as it is: {len(text)} bytes.
inline constexpr std::string_view page_text{{
{raw_pieces(page["html"])},
    {len(text)}}};

/// The page with Content-Encoding gzip: {len(packed)} bytes.
inline constexpr std::string_view page_gzip{{
{escaped_pieces(packed)},
    {len(packed)}}};

}} // namespace orfeas::inline v0::serve::detail
#pragma GCC diagnostic pop
// clang-format on
"""


def main():
    if sys.argv[1:] == ["--json"]:
        json.dump(build(), sys.stdout)
    elif len(sys.argv) > 1:
        sys.exit(__doc__)
    else:
        text = header()
        (ROOT / HEADER).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / HEADER).write_text(text, encoding="utf-8")
        print(f"{HEADER}: {', '.join(re.findall(r'/// The page (.*)[.]', text))}")


if __name__ == "__main__":
    try:
        main()
    except PageError as problem:
        sys.exit(f"generate_page: {problem}")
