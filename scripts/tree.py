# SPDX-License-Identifier: MIT
"""What the checks and `./dev` know of the source tree: the module table, the files, and their include lines."""

from __future__ import annotations

import argparse
import fnmatch
import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

SOURCE_FOLDERS = ("include", "tests", "examples", "benchmarks")
SOURCE_SUFFIXES = (".hpp", ".cpp", ".cu", ".cuh")
SKIPPED = 77  # the exit code by which a check says that it could not run


@dataclass
class Target:
    """One CMake target: a module, or a part of a module that needs a third party."""

    name: str
    module: str
    layer: int
    uses: list[str]
    needs: set[str]
    files: list[str] = field(default_factory=list)
    excepted: list[str] = field(default_factory=list)


class Table:
    """The module table, cmake/modules.cmake."""

    KEYWORDS = ("LAYER", "USES", "NEEDS", "FILES", "EXCEPT")

    def __init__(self, root: Path):
        self.targets: dict[str, Target] = {}
        text = re.sub(r"#.*", "", (root / "cmake" / "modules.cmake").read_text())
        for kind, arguments in re.findall(r"orfeas_(module|part)\(([^)]*)\)", text):
            words = arguments.split()
            names = [words.pop(0) for _ in range(1 if kind == "module" else 2)]
            values: dict[str, list[str]] = {key: [] for key in self.KEYWORDS}
            key = ""
            for word in words:
                if word in self.KEYWORDS:
                    key = word
                else:
                    values[key].append(word)
            self._add("_".join(names), names[0], kind, values)

    def _add(self, name: str, module: str, kind: str, values: dict[str, list[str]]) -> None:
        needs = set(values["NEEDS"])
        if "beast" in needs:
            needs.add("asio")
        if kind == "module":
            self.targets[name] = Target(name, module, int(values["LAYER"][0]), values["USES"], needs)
        else:
            layer = self.targets[module].layer
            self.targets[name] = Target(name, module, layer, [module, *values["USES"]], needs, values["FILES"],
                                        values["EXCEPT"])

    def modules(self) -> list[str]:
        return [target.name for target in self.targets.values() if target.name == target.module]

    def target_of(self, header: str) -> Target | None:
        """The target of a header named as it is included: "orfeas/cache/local.hpp"."""
        parts = header.split("/", 2)
        if len(parts) == 2:
            return self.targets.get(parts[1].removesuffix(".hpp"))
        module, rest = parts[1], parts[2]
        for target in self.targets.values():
            if target.module == module and target.files and _matches(rest, target.files) \
                    and not _matches(rest, target.excepted):
                return target
        return self.targets.get(module)

    def reachable(self, name: str) -> set[str]:
        """The target, and all that it uses, directly or not."""
        found, left = set(), [name]
        while left:
            now = left.pop()
            if now not in found and now in self.targets:
                found.add(now)
                left += self.targets[now].uses
        return found


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def headers(root: Path) -> list[Path]:
    return sorted((root / "include").rglob("*.hpp"))


def sources(root: Path) -> list[Path]:
    """All C++ and CUDA files of the project."""
    found: list[Path] = []
    for folder in SOURCE_FOLDERS:
        if (root / folder).is_dir():
            found += [path for path in (root / folder).rglob("*") if path.suffix in SOURCE_SUFFIXES and path.is_file()]
    return sorted(found)


def name_of(root: Path, header: Path) -> str:
    """A header as it is included: "orfeas/cache/local.hpp"."""
    return header.relative_to(root / "include").as_posix()


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')


@lru_cache(maxsize=None)
def includes(path: Path) -> tuple[tuple[int, str, str], ...]:
    """The include lines of a file: line number, "<" or '"', and what is named."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := INCLUDE.match(line):
            found.append((number, match[1], match[2]))
    return tuple(found)


def resolve(root: Path, source: Path, kind: str, named: str) -> Path | None:
    """The project's own file that an include line names, or None for everybody else's."""
    places = [root / "include", root / "tests", root / "benchmarks"]
    if kind == '"':
        places.insert(0, source.parent)
    for place in places:
        if (place / named).is_file():
            return (place / named).resolve()
    return None


def closure(root: Path, source: Path) -> set[Path]:
    """The file and all of the project's files that it includes, directly or not. A header of the tests' own that has a
    source of the same name stands for it, too."""
    found: set[Path] = set()
    left = [source.resolve()]
    while left:
        now = left.pop()
        if now in found:
            continue
        found.add(now)
        for _, kind, named in includes(now):
            if inner := resolve(root, now, kind, named):
                left.append(inner)
        if now.suffix == ".hpp" and now.is_relative_to(root / "tests") and now.with_suffix(".cpp").is_file():
            left.append(now.with_suffix(".cpp"))
    return found


_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def code_of(text: str) -> str:
    """The text with comments blanked and literals emptied; every line keeps its number."""

    def blank(match: re.Match[str]) -> str:
        whole = match[0]
        inside = re.sub(r"[^\n]", " ", whole)
        if whole.startswith("/") or len(whole) < 2:
            return inside
        return '"' + inside[1:-1] + '"'

    return _NOT_CODE.sub(blank, text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


class Report:
    """Collects findings and ends a check: each finding says where it is and what to do."""

    def __init__(self, name: str, root: Path):
        self.name, self.root, self.count = name, root, 0

    def problem(self, path: Path, line: int, text: str) -> None:
        self.count += 1
        place = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        print(f"{place}:{line}: {text}")

    def end(self, looked_at: str) -> int:
        if self.count:
            print(f"{self.name}: {self.count} problem{'s' if self.count > 1 else ''}")
            return 1
        print(f"{self.name}: {looked_at}, all good")
        return 0


def arguments(description: str, fixable: bool = False) -> argparse.Namespace:
    """The command line that all checks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent, help="the tree to look at")
    if fixable:
        parser.add_argument("--fix", action="store_true", help="rewrite the files instead of complaining")
    parser.add_argument("files", nargs="*", type=Path, help="only these files, where the check works by file")
    options = parser.parse_args()
    options.root = options.root.resolve()
    return options


def skip(name: str, reason: str) -> None:
    print(f"skipped: {name}: {reason}")
    sys.exit(SKIPPED)
