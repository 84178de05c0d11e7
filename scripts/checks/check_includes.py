#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The include rule: a header includes only what cmake/modules.cmake lets its target use.

Lower layers and the own folder; folders of one layer do not know each other; memory, cache and http never include
metrics or trace; third parties only where the table says NEEDS; no .cu reaches Asio or Beast.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree

NEVER = {("memory", "metrics"), ("memory", "trace"), ("cache", "metrics"), ("cache", "trace"), ("http", "metrics"),
         ("http", "trace")}
GROUND = {("stats", "core")}  # layer 0 inside layer 0

THIRD_PARTIES = [
    ("beast", re.compile(r"boost/beast")),
    ("asio", re.compile(r"boost/")),
    ("eigen", re.compile(r"Eigen/|unsupported/Eigen/")),
    ("json", re.compile(r"nlohmann/|boost/json")),
    ("cuda", re.compile(r"cuda|nvtx3/|nvToolsExt|nvml\.h|cub/|thrust/")),
    ("openssl", re.compile(r"openssl/")),
    ("yaml", re.compile(r"yaml-cpp/")),
    ("zlib", re.compile(r"z(lib|conf)\.h")),
    ("compress", re.compile(r"zstd\.h|lz4|brotli/")),
]
SYSTEM = re.compile(r"(sys|netinet|arpa|linux)/[a-z0-9_]+\.h$|[a-z0-9_]+(\.h)?$")


def third_party(named: str) -> str | None:
    for name, pattern in THIRD_PARTIES:
        if pattern.match(named):
            return name
    return None if SYSTEM.match(named) else named


def check_table(report: tree.Report, table: tree.Table) -> None:
    path = report.root / "cmake" / "modules.cmake"
    for target in table.targets.values():
        for use in target.uses:
            used = table.targets.get(use)
            if used is None:
                report.problem(path, 1, f"{target.name} uses {use}, which the table does not have: correct the name")
            elif used.module != target.module and used.layer >= target.layer and (target.module, use) not in GROUND:
                report.problem(path, 1, f"{target.name} (layer {target.layer}) must not use {use} (layer {used.layer}): "
                                        "only lower layers")
        for use in table.reachable(target.name):
            if (target.module, table.targets[use].module) in NEVER:
                report.problem(path, 1, f"{target.name} must never use {use}: take an observer policy instead")


def check_header(report: tree.Report, table: tree.Table, header: Path) -> None:
    name = tree.name_of(report.root, header)
    if name == "orfeas/orfeas.hpp":
        return check_umbrella(report, table, header)
    target = table.target_of(name)
    if target is None:
        report.problem(header, 1, "belongs to no module: add its folder to cmake/modules.cmake")
        return None
    may_use = table.reachable(target.name)
    for line, kind, named in tree.includes(header):
        if kind == '"':
            report.problem(header, line, f'"{named}": include the project\'s headers as <orfeas/…>')
        elif named.startswith("orfeas/"):
            check_own(report, table, target, may_use, header, line, named)
        elif (party := third_party(named)) and party not in target.needs:
            report.problem(header, line, f"<{named}>: {target.name} must not include {party}: move it to a part of the "
                                         f"module that NEEDS it, or name it in cmake/modules.cmake if the design lets it")
    return None


def check_own(report, table, target, may_use, header, line, named) -> None:
    if not (report.root / "include" / named).is_file():
        report.problem(header, line, f"<{named}>: there is no such header")
        return
    used = table.target_of(named)
    if used is None:
        report.problem(header, line, f"<{named}> belongs to no module in cmake/modules.cmake")
    elif (target.module, used.module) in NEVER:
        report.problem(header, line, f"<{named}>: {target.module} never includes {used.module}: take an observer policy; "
                                     "the adapter belongs to observe/ (for http: serve/)")
    elif used.module != target.module and used.layer >= target.layer and (target.module, used.module) not in GROUND:
        how = "upward include" if used.layer > target.layer else "include of the same layer"
        report.problem(header, line, f"<{named}>: {how}: {target.name} is in layer {target.layer}, {used.name} in layer "
                                     f"{used.layer}: include only lower layers")
    elif used.name not in may_use:
        report.problem(header, line, f"<{named}>: {target.name} does not list {used.name} under USES in "
                                     "cmake/modules.cmake: add it there or drop the include")


def check_umbrella(report: tree.Report, table: tree.Table, header: Path) -> None:
    """orfeas.hpp holds the modules without third parties, all of them."""
    wanted = {f"orfeas/{module}.hpp" for module in table.modules()
              if not table.targets[module].needs and (report.root / "include" / f"orfeas/{module}.hpp").is_file()}
    for line, _, named in tree.includes(header):
        if named.startswith("orfeas/") and named not in wanted:
            report.problem(header, line, f"<{named}>: orfeas.hpp holds the modules without third parties only")
        wanted.discard(named)
    for named in sorted(wanted):
        report.problem(header, 1, f"<{named}> is missing: orfeas.hpp includes every module without third parties")


def check_cuda(report: tree.Report, source: Path) -> None:
    for path in sorted(tree.closure(report.root, source)):
        for line, _, named in tree.includes(path):
            if third_party(named) in ("asio", "beast"):
                report.problem(path, line, f"<{named}> is reached from {source.relative_to(report.root)}: nvcc cannot "
                                           "compile Asio or Beast")


def main() -> int:
    options = tree.arguments(__doc__)
    report = tree.Report("include rule", options.root)
    table = tree.Table(options.root)
    check_table(report, table)
    headers = tree.headers(options.root)
    for header in headers:
        check_header(report, table, header)
    for source in tree.sources(options.root):
        if source.suffix in (".cu", ".cuh"):
            check_cuda(report, source)
    return report.end(f"{len(headers)} headers")


if __name__ == "__main__":
    sys.exit(main())
