# SPDX-License-Identifier: MIT
"""`./dev test`: builds the tests, runs them by ctest, and adds up their test cases."""

import os
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

import build
import setup
import tree
from common import ROOT, Stop, follow, say

CASES = re.compile(r"^test cases: (\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)
SKIP_LINE = re.compile(r"^skipped: (.+)$", re.MULTILINE)
CTEST_PROGRESS = re.compile(r" *Start +\d+: |Test project |Internal ctest |Total Test time|$")


@dataclass
class Test:
    """One ctest test: a line of orfeas_tests.txt."""

    name: str
    module: str
    target: str
    sources: list[str]


@dataclass
class Outcome:
    """Test cases where a test reports them, else the test itself counts as one."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons += other.reasons
        self.failures += other.failures


def known_tests(preset: str) -> list[Test]:
    lines = (build.folder(preset) / "orfeas_tests.txt").read_text().splitlines()
    return [Test(name, module, target, sources.split()) for name, module, target, sources in
            (line.split("|") for line in lines)]


def changed_files() -> set[str]:
    """What differs from HEAD, and what git does not know yet."""
    found: set[str] = set()
    for command in (["git", "diff", "--name-only", "HEAD"], ["git", "ls-files", "--others", "--exclude-standard"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise Stop(f"--quick needs git: {done.stderr.strip()}")
        found |= set(done.stdout.splitlines())
    return found


def affected(tests: list[Test], changed: set[str]) -> list[Test]:
    """The tests whose sources are among the changed files or include one of them, without conformance."""
    paths = {(ROOT / name).resolve() for name in changed}
    house = any(name.startswith(("scripts/", "cmake/", "tests/checks/", "CMake")) for name in changed)
    checked = any(name.endswith((*tree.SOURCE_SUFFIXES, ".md")) or name.startswith("dashboard/") for name in changed)
    chosen = []
    for test in tests:
        if test.module == "conformance":
            continue
        if test.module == "checks":
            # Compiling headers alone is dear: the test programs compile them too, and the full run does both.
            wanted = house or (checked and test.name.startswith("check_") and test.name != "check_self_contained")
        elif test.module == "packaging":
            wanted = house
        else:
            wanted = any(tree.closure(ROOT, ROOT / source) & paths for source in test.sources if source.endswith(
                tree.SOURCE_SUFFIXES) and (ROOT / source).is_file())
        if wanted:
            chosen.append(test)
    return chosen


def select(tests: list[Test], options) -> list[Test]:
    if options.regex:
        try:
            wanted = re.compile(options.regex)
        except re.error as error:
            raise Stop(f"-R {options.regex}: {error}") from None
        tests = [test for test in tests if wanted.search(test.name)]
    if options.quick:
        tests = affected(tests, changed_files())
    return tests


def outcome_of(case: xml.Element) -> Outcome:
    name, status = case.get("name", ""), case.get("status", "")
    output = case.findtext("system-out") or ""
    reasons = SKIP_LINE.findall(output)
    counts = [tuple(map(int, match)) for match in CASES.findall(output)]
    if counts:
        passed, failed, skipped = (sum(column) for column in zip(*counts))
        result = Outcome(passed, failed, skipped, reasons)
        if status != "run" and failed == 0:
            result.failed = 1  # it crashed or timed out after its cases, or a sanitizer spoke at exit
    elif case.find("skipped") is not None and status != "fail":
        result = Outcome(skipped=1, reasons=reasons or [f"{name}: no reason given"])
    else:
        result = Outcome(passed=1) if status == "run" else Outcome(failed=1)
    if result.failed:
        result.failures.append(name)
    return result


def run_ctest(preset: str, tests: list[Test], long: bool) -> Outcome:
    results = build.folder(preset) / "ctest.xml"
    results.unlink(missing_ok=True)
    names = "|".join(re.escape(test.name) for test in tests)
    environment = {"ORFEAS_TEST_LONG": "1"} if long else {}
    say(f"test: {preset}: {len(tests)} programs")
    command = ["ctest", "--test-dir", str(build.folder(preset)), "-R", f"^({names})$", "-j", str(build.jobs()),
               "--timeout", "86400" if long else "600",
               "--output-on-failure", "--no-label-summary", "--no-tests=error", "--output-junit", str(results),
               "--test-output-size-passed", "4000000", "--test-output-size-failed", "4000000"]
    code = follow(command, lambda line: bool(CTEST_PROGRESS.match(line)), environment)
    if not results.is_file():
        raise Stop(f"ctest ended with {code} and wrote no results")
    total = Outcome()
    for case in xml.parse(results).getroot().iter("testcase"):
        total.add(outcome_of(case))
    if code != 0 and total.failed == 0:
        total.failed = 1
        total.failures.append(f"ctest itself, exit code {code}")
    return total


def run_preset(preset: str, options) -> Outcome:
    build.configure(preset)
    tests = known_tests(preset)
    chosen = select(tests, options)
    if not chosen:
        say(f"test: {preset}: nothing to run" + (": no test is affected by what differs from HEAD" if options.quick else ""))
        return Outcome()
    if len(chosen) == len(tests):
        build.build(preset)
    elif targets := sorted({test.target for test in chosen if test.target}):
        build.build(preset, targets)
    return run_ctest(preset, chosen, options.long)


def check_cuda_tools() -> None:
    """What a CUDA-only run needs and must not install."""
    folder = os.environ.get("CATCH2_INCLUDE", "")
    if not folder:
        raise Stop("--cuda-only needs CATCH2_INCLUDE, naming the folder of catch2/catch.hpp")
    if not (Path(folder) / "catch2" / "catch.hpp").is_file():
        raise Stop(f"CATCH2_INCLUDE={folder}: there is no catch2/catch.hpp in it")
    for tool in ("g++", "cmake"):
        if not shutil.which(tool):
            raise Stop(f"--cuda-only needs {tool}")
    if not shutil.which("nvcc") and not Path("/usr/local/cuda/bin/nvcc").exists():
        raise Stop("--cuda-only needs the CUDA toolkit: no nvcc on the path, none in /usr/local/cuda/bin")


def presets_of(options) -> list[str]:
    if options.asan:
        return ["asan", "asan-gcc"]
    if options.tsan:
        return ["tsan"]
    if options.clang:
        return ["clang"]
    return ["cuda-only"] if options.cuda_only else ["dev"]


def run(options) -> int:
    begin = time.monotonic()
    if options.cuda_only:
        check_cuda_tools()
    else:
        clang = ["clang"] if options.asan or options.tsan or options.clang else []
        setup.ensure(["build", "test", "check", *clang])
    total = Outcome()
    for preset in presets_of(options):
        total.add(run_preset(preset, options))
    for reason in total.reasons:
        say(f"skipped: {reason}")
    for name in total.failures:
        say(f"failed: {name}")
    say(f"{time.monotonic() - begin:.0f} s")
    say(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0
