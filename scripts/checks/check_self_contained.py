#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every header compiles alone: one g++ -fsyntax-only each, with the project's warnings.

What passed is remembered under build/check by the content of the header and of all that it includes, so that only what
changed is compiled again. The target all_verify_interface_header_sets does the same through CMake, compiling for real.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tree

WARNINGS = ("-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wundef -Werror").split()
PROBES = {"asio": "boost/asio.hpp", "beast": "boost/beast.hpp", "eigen": "Eigen/Core", "json": "nlohmann/json.hpp",
          "cuda": "cuda_runtime_api.h", "openssl": "openssl/ssl.h", "compress": "zstd.h", "zlib": "zlib.h"}


class Compiler:
    def __init__(self, root: Path, compiler: str):
        self.root = root
        toolkit = Path("/usr/local/cuda/include")
        cuda = [folder for folder in (toolkit, toolkit / "cccl") if folder.is_dir()]  # CUDA 13 keeps CCCL apart
        self.command = [compiler, "-std=c++20", *WARNINGS, f"-I{root / 'include'}", "-isystem", "/usr/include/eigen3",
                        *(word for folder in cuda for word in ("-isystem", str(folder))), "-x", "c++", "-"]
        version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
        self.identity = version.splitlines()[0] + " ".join(WARNINGS)

    def has(self, need: str) -> bool:
        probe = f"#if !__has_include(<{PROBES[need]}>)\n#error missing\n#endif\n"
        return subprocess.run([*self.command, "-E"], input=probe, capture_output=True, text=True).returncode == 0

    def digest(self, header: Path) -> str:
        """The state on which the verdict depends: the compiler, and every file of ours that the header reads."""
        state = hashlib.sha256(self.identity.encode())
        for path in sorted(tree.closure(self.root, header)):
            state.update(path.relative_to(self.root).as_posix().encode() + path.read_bytes())
        return state.hexdigest()

    def only_includes(self, header: Path) -> bool:
        """An umbrella: it compiles alone when all that it includes does."""
        return not re.sub(r"^[ \t]*#.*", "", tree.code_of(header.read_text()), flags=re.MULTILINE).strip()

    def compile(self, header: Path) -> str:
        """The compiler's complaints; empty when the header compiles alone."""
        text = f"#include <{tree.name_of(self.root, header)}>\n"
        done = subprocess.run([*self.command, "-fsyntax-only"], input=text, capture_output=True, text=True)
        return "" if done.returncode == 0 else (done.stderr.strip() or f"{self.command[0]} failed")


def verdicts(root: Path) -> tuple[Path, dict[str, str]]:
    path = root / "build" / "check" / "self_contained.json"
    try:
        return path, json.loads(path.read_text())
    except (OSError, ValueError):
        return path, {}


def main() -> int:
    options = tree.arguments(__doc__)
    root = options.root
    report = tree.Report("self-containment", root)
    name = os.environ.get("CXX", "g++")
    if not shutil.which(name):
        tree.skip("check_self_contained", f"{name} is not installed")
    compiler = Compiler(root, name)
    table = tree.Table(root)
    absent = {need for need in PROBES if not compiler.has(need)}
    path, known = verdicts(root)

    def look(header: Path) -> tuple[Path, str, str]:
        digest = compiler.digest(header)
        if known.get(tree.name_of(root, header)) == digest or compiler.only_includes(header):
            return header, digest, ""
        return header, digest, compiler.compile(header)

    wanted = [(root / file).resolve() for file in options.files] or tree.headers(root)
    left_out = [header for header in wanted if (target := table.target_of(tree.name_of(root, header)))
                and any(table.targets[use].needs & absent for use in table.reachable(target.name))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, digest, complaint in pool.map(look, [header for header in wanted if header not in left_out]):
            if complaint:
                report.problem(header, 1, "does not compile alone: include what it uses\n    "
                               + "\n    ".join(complaint.splitlines()[:12]))
            else:
                known[tree.name_of(root, header)] = digest
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(known, indent=1, sort_keys=True))
    temporary.replace(path)
    if left_out:
        print(f"left out, for a third party that is not installed ({', '.join(sorted(absent))}): {len(left_out)} headers")
    return report.end(f"{len(wanted) - len(left_out)} headers")


if __name__ == "__main__":
    sys.exit(main())
