#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes include/orfeas/serve/detail/page.hpp and more.hpp from dashboard/: one HTML document with its style and modules
inlined, and one script, more.js, that the page loads after its first paint.

Modules are concatenated in the order of their imports, so top-level names are unique over all of them. Comment lines,
blank lines and indentation are left out; nothing else is rewritten. What the second script imports from modules of the
page, the page hands over in one global object; the page's policy and the script's element name the script by its hash.

  generate_page.py           writes the headers
  generate_page.py --json    prints {"html", "content_security_policy", "etag", "more", "more_etag"}: what the development
                             server serves
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
HEADERS = {"page": "include/orfeas/serve/detail/page.hpp", "more": "include/orfeas/serve/detail/more.hpp"}

PIECE_LIMIT = 15_000  # bytes in one literal: some compilers take no more than 16 KB
LIMITS = {"page": (90 * 1024, 25 * 1024), "more": (32 * 1024, 8 * 1024)}  # bytes as they are and compressed
DELIMITER = "page"
SHARED = "globalThis.orfeasShared"

IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+\.js)";$')
DECLARATION = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (?:(\w+)|[\[{])")


class PageError(Exception):
    """The sources break a rule that the generator relies on."""


def slim_lines(text, comment=None):
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not (comment and line.startswith(comment))]


class Bundle:
    """The modules under one entry as one script; those of `base`, a bundle that runs before, are not repeated."""

    def __init__(self, folder, entry, base=None):
        self.folder = folder
        self.base = base
        self.lines = []
        self.exports = {}
        self.owners = dict(base.owners) if base else {}
        self.shared = set()  # names that come from the base
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
        names = {name.strip() for name in names.split(",")}
        if self.base and module in self.base.exports:
            exports = self.base.exports[module]
            self.shared |= names
        else:
            self.add(module, importers)
            exports = self.exports[module]
        missing = names - exports
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


def entity_tag(text):
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def build(root=ROOT):
    """The document, its Content-Security-Policy, the script that comes later, and their entity tags without quotes."""
    def read(name):
        return (root / "dashboard" / name).read_text(encoding="utf-8")

    theme = "\n".join(slim_lines(read("src/theme.js"), "//"))
    main = Bundle(root / "dashboard/src", "main.js")
    later = Bundle(root / "dashboard/src", "more.js", main)
    shared = "{" + ",".join(sorted(later.shared)) + "}"
    script = "\n".join([*main.lines, f"{SHARED}={shared};"])
    more = "\n".join([f"const {shared}={SHARED};", *later.lines]) + "\n"
    css = style(read("src/style.css"))
    html = "\n".join(slim_lines(read("index.html"))) + "\n"
    html = inline(html, r'data-more="src/more\.js"', 'data-more="', f"more.js {source_hash(more)[1:-1]}", '"')
    html = inline(html, r'<script src="src/theme\.js"></script>', "<script>", theme, "</script>")
    html = inline(html, r'<link rel="stylesheet" href="src/style\.css">', "<style>", css, "</style>")
    html = inline(html, r'<script type="module" src="src/main\.js"></script>', '<script type="module">', script, "</script>")
    policy = "; ".join([
        "default-src 'none'",
        f"script-src {source_hash(theme)} {source_hash(script)} {source_hash(more)}",
        f"style-src {source_hash(css)}",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ])
    return {"html": html, "content_security_policy": policy, "etag": entity_tag(html), "more": more, "more_etag": entity_tag(more)}


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


def check_sizes(name, text, packed):
    """Raises PageError for what has outgrown its limits."""
    most, most_packed = LIMITS[name]
    for what, size, limit in [(name, len(text), most), (f"compressed {name}", len(packed), most_packed)]:
        if size > limit:
            hint = "" if shutil.which("zopfli") else "; install zopfli, which compresses better"
            raise PageError(f"{what}: {size} bytes, more than {limit}{hint}")


def content(name, built):
    """The text that a header holds."""
    return built["html" if name == "page" else "more"]


ABOUT = {"page": "The page", "more": "The script that the page loads after its first paint"}
TYPES = {"page": "text/html; charset=utf-8", "more": "text/javascript; charset=utf-8"}


def header(name, root=ROOT, pack=pack):
    """The text of a header."""
    built = build(root)
    text = content(name, built).encode()
    packed = pack(text)
    check_sizes(name, text, packed)
    etag = built["etag" if name == "page" else "more_etag"]
    policy = f"""
/// Value of the Content-Security-Policy header: only the scripts and the style of this page run.
inline constexpr std::string_view page_content_security_policy =
    "{built["content_security_policy"]}";
""" if name == "page" else ""
    return f"""\
// SPDX-License-Identifier: MIT
// Generated by scripts/generate_page.py from dashboard/. Change those files, not this one.
#pragma once

#include <string_view>

// clang-format off
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
namespace orfeas::inline v0::serve::detail {{

/// Its media type.
inline constexpr std::string_view {name}_content_type = "{TYPES[name]}";

/// Entity tags of the two representations, with their quotes.
inline constexpr std::string_view {name}_etag = "\\"{etag}\\"";
inline constexpr std::string_view {name}_gzip_etag = "\\"{etag}-gzip\\"";
{policy}
/// {ABOUT[name]} as it is: {len(text)} bytes.
inline constexpr std::string_view {name}_text{{
{raw_pieces(content(name, built))},
    {len(text)}}};

/// {ABOUT[name]} with Content-Encoding gzip: {len(packed)} bytes.
inline constexpr std::string_view {name}_gzip{{
{escaped_pieces(packed)},
    {len(packed)}}};

}} // namespace orfeas::inline v0::serve::detail
#pragma GCC diagnostic pop
// clang-format on
"""


def sizes(text):
    """What a header says of how long its content is."""
    return ", ".join(re.findall(r"/// .* (as it is: .*|with Content-Encoding .*)[.]", text))


def main():
    if sys.argv[1:] == ["--json"]:
        json.dump(build(), sys.stdout)
    elif len(sys.argv) > 1:
        sys.exit(__doc__)
    else:
        for name, path in HEADERS.items():
            text = header(name)
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text, encoding="utf-8")
            print(f"{path}: {sizes(text)}")


if __name__ == "__main__":
    try:
        main()
    except PageError as problem:
        sys.exit(f"generate_page: {problem}")
