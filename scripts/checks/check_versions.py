#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One version everywhere: core/version.hpp is the source; CHANGELOG and the packages agree with it."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree


def main() -> int:
    options = tree.arguments(__doc__)
    root = options.root
    report = tree.Report("versions", root)
    source = root / "include" / "orfeas" / "core" / "version.hpp"
    text = source.read_text()
    numbers = [re.search(rf"#define ORFEAS_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR", "PATCH")]
    if not all(numbers):
        report.problem(source, 1, "define ORFEAS_VERSION_MAJOR, _MINOR and _PATCH as plain numbers")
        return report.end("")
    version = ".".join(match[1] for match in numbers)

    changelog = root / "CHANGELOG.md"
    heading = re.search(r"^## \[?(\d+\.\d+\.\d+)", changelog.read_text(), re.MULTILINE) if changelog.is_file() else None
    if not heading or heading[1] != version:
        report.problem(changelog, 1, f'its first version must be "## {version}", as in core/version.hpp')
    for manifest in root.glob("packaging/**/vcpkg.json"):
        values = json.loads(manifest.read_text())
        stated = values.get("version-semver") or values.get("version")
        if stated != version:
            report.problem(manifest, 1, f"version {stated}, but core/version.hpp says {version}")
    namespaces = set()
    for header in tree.headers(root):
        namespaces |= set(re.findall(r"\binline (v\d+)\b", tree.code_of(header.read_text())))
    if len(namespaces) > 1:
        report.problem(source, 1, f"inline namespaces {', '.join(sorted(namespaces))}: one per ABI")
    return report.end(version)


if __name__ == "__main__":
    sys.exit(main())
