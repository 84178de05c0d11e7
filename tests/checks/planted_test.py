#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The checks find what they are for: each fault is planted into a copy of the tree, and named by the check."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LICENCE = "// SPDX-License-Identifier: MIT\n"
HEADER = LICENCE + "#pragma once\n\n"


class Planted(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name) / "orfeas"
        for name in ("include", "scripts", "cmake"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "dev", self.root / "dev")
        shutil.copy(ROOT / ".clang-format", self.root / ".clang-format")

    def tearDown(self):
        self.folder.cleanup()

    def plant(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def append_include(self, header, line):
        path = self.root / "include" / "orfeas" / header
        path.write_text(path.read_text().replace("#pragma once\n", f"#pragma once\n{line}\n", 1))

    def check(self, name, *files):
        script = self.root / "scripts" / "checks" / f"check_{name}.py"
        done = subprocess.run([sys.executable, str(script), "--root", str(self.root), *files], capture_output=True,
                              text=True)
        return done.returncode, done.stdout + done.stderr

    def assert_clean(self, name, *files):
        code, text = self.check(name, *files)
        self.assertEqual(code, 0, text)

    def assert_found(self, name, *words, files=()):
        code, text = self.check(name, *files)
        self.assertEqual(code, 1, text)
        for word in words:
            self.assertIn(word, text)


class IncludeRule(Planted):
    def test_clean(self):
        self.assert_clean("includes")

    def test_upward_include(self):
        self.append_include("core/window.hpp", "#include <orfeas/memory/fwd.hpp>")
        self.assert_found("includes", "include/orfeas/core/window.hpp:3:", "upward include", "core is in layer 0")

    def test_same_layer(self):
        self.plant("include/orfeas/metrics/planted.hpp", HEADER + "#include <orfeas/memory/fwd.hpp>\n")
        self.assert_found("includes", "include/orfeas/metrics/planted.hpp:4:", "include of the same layer")

    def test_cache_never_includes_metrics(self):
        self.plant("include/orfeas/metrics/planted.hpp", HEADER)
        self.append_include("cache/local.hpp", "#include <orfeas/metrics/planted.hpp>")
        self.assert_found("includes", "cache never includes metrics")

    def test_third_party(self):
        self.append_include("memory/heap_resource.hpp", "#include <boost/asio/post.hpp>")
        self.assert_found("includes", "include/orfeas/memory/heap_resource.hpp:3:", "must not include asio")

    def test_asio_from_cuda(self):
        self.plant("tests/memory/planted_test.cu", LICENCE + "#include <orfeas/cache/asio.hpp>\n")
        self.assert_found("includes", "is reached from tests/memory/planted_test.cu")

    def test_folder_outside_the_table(self):
        self.plant("include/orfeas/unknown/planted.hpp", HEADER)
        self.assert_found("includes", "belongs to no module")

    def test_table_that_turns_upward(self):
        table = self.root / "cmake" / "modules.cmake"
        table.write_text(table.read_text().replace("orfeas_module(memory LAYER 1 USES core",
                                                   "orfeas_module(memory LAYER 1 USES cache core"))
        self.assert_found("includes", "memory (layer 1) must not use cache (layer 2)")

    def test_the_command_fails_too(self):
        self.append_include("core/window.hpp", "#include <orfeas/memory/fwd.hpp>")
        done = subprocess.run([str(self.root / "dev"), "check", "includes", "macros"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "1 passed, 1 failed, 0 skipped")


class SelfContainment(Planted):
    def test_clean(self):
        self.assert_clean("self_contained", "include/orfeas/core/window.hpp")

    def test_header_that_does_not_compile_alone(self):
        self.plant("include/orfeas/core/planted.hpp", HEADER + "inline std::vector<int> planted() { return {}; }\n")
        self.assert_found("self_contained", "include/orfeas/core/planted.hpp:1: does not compile alone", "vector",
                          files=("include/orfeas/core/planted.hpp",))

    def test_a_change_below_is_seen(self):
        self.plant("include/orfeas/core/lower.hpp", HEADER + "struct lower {};\n")
        self.plant("include/orfeas/core/planted.hpp", HEADER + "#include <orfeas/core/lower.hpp>\ninline lower l;\n")
        self.assert_clean("self_contained", "include/orfeas/core/planted.hpp")
        self.plant("include/orfeas/core/lower.hpp", HEADER + "struct other {};\n")
        self.assert_found("self_contained", "planted.hpp:1:", files=("include/orfeas/core/planted.hpp",))


class Macros(Planted):
    def test_clean(self):
        self.assert_clean("macros")

    def test_foreign_macro(self):
        self.plant("include/orfeas/core/planted.hpp", HEADER + "#define PLANTED 1\n")
        self.assert_found("macros", "include/orfeas/core/planted.hpp:4:", "macro PLANTED", "start with ORFEAS_")

    def test_missing_guard(self):
        self.plant("include/orfeas/core/planted.hpp", LICENCE)
        self.assert_found("macros", "no include guard")

    def test_macro_in_a_comment(self):
        self.plant("include/orfeas/core/planted.hpp", HEADER + "/* for example\n#define PLANTED 1\n*/\n")
        self.assert_clean("macros")


class Coroutines(Planted):
    def found(self, statement):
        self.plant("examples/planted.cpp", LICENCE + "void f() {\n    " + statement + "\n}\n")
        code, text = self.check("coroutines", "examples/planted.cpp")
        self.assertIn(code, (0, 1), text)
        return text if code else ""

    def test_forbidden(self):
        for statement, word in (
                ("co_await run([p] { return *p; });", "captures by value"),
                ("auto x = co_await run(1, [&a, b = std::move(c)]() mutable { return b; });", "captures by value"),
                ("co_return co_await run([=] { return 1; });", "captures by value"),
                ('co_await connect({.host = "a", .port = 1});', "braces"),
                ("co_await connect(options{});", "braces"),
                ('consume(co_await read(), options{.name = "a"});', "braces"),
                ("auto x = ready ? co_await get() : 0;", "?:"),
                ("if (co_await run([p] { return *p; })) {}", "captures by value")):
            self.assertIn(word, self.found(statement), statement)

    def test_allowed(self):
        for statement in (
                "auto load = [p] { return *p; };\n    co_await run(std::move(load));",
                "co_await run([&p] { return p; });",
                "co_await run([&p] { options o{1}; return o ? 1 : 2; });",
                "options o{.n = 1};\n    co_await run(std::move(o));",
                "co_spawn(ex, [p]() -> task<void> { co_await p->run(); }, detached);",
                "co_await timer.async_wait(std::chrono::seconds{1});",
                "timer pause{co_await this_coro::executor};",
                "// co_await run([p] { return *p; });",
                "if (ready) { co_await run(values[i]); } else { x = y ? 1 : 2; }"):
            self.assertEqual("", self.found(statement), statement)

    def test_fence_in_documentation(self):
        self.plant("docs/planted.md", "# A page\n\n```cpp\nco_await connect({.port = 1});\n```\n")
        self.assert_found("coroutines", "docs/planted.md:4:", "braces")


class Headers(Planted):
    def test_faults(self):
        for text, word in (
                ("#pragma once\n", "the first line must be"),
                (HEADER + "namespace orfeas::inline v0 {\nstruct planted {};\n} // namespace\n", "/// sentence"),
                (HEADER + "/// A thing.\nclass planted {};\n", "exactly one of"),
                (HEADER + "inline std::thread planted;\n", "starts no thread"),
                (HEADER + "inline thread_local int planted;\n", "thread_local: only in"),
                (HEADER + "\n" * 800, "split it by responsibility")):
            self.plant("include/orfeas/core/planted.hpp", text)
            self.assert_found("headers", "include/orfeas/core/planted.hpp:", word)

    def test_names(self):
        for text, word in (
                ("using namespace std;\n", "using namespace"),
                ("struct PlantedThing {};\n", "PlantedThing: write it in snake_case"),
                ("inline void plantedThing();\n", "plantedThing: write it in snake_case"),
                ("template<class value>\nstruct planted {};\n", "template parameter value")):
            self.plant("include/orfeas/core/planted.hpp", HEADER + text)
            self.assert_found("names", "include/orfeas/core/planted.hpp:", word)
        self.plant("include/orfeas/core/planted.hpp",
                   HEADER + "inline constexpr auto digits = 0xffff'ffffU + 0x1'0000U + 0xdead'beefULL;\n")
        self.assert_clean("names")

    def test_test_mirror(self):
        self.plant("include/orfeas/core/planted.hpp", HEADER)
        self.assert_found("test_mirror", "no tests/core/planted_test.cpp")
        self.plant("tests/covered_elsewhere.txt", "core/planted.hpp core/nowhere_test.cpp\n")
        self.assert_found("test_mirror", "tests/covered_elsewhere.txt:1:", "name the test file")


class Docs(Planted):
    EXAMPLE = LICENCE + "int main() {\n    // docs: begin body\n    return 0;\n    // docs: end body\n}\n"
    PAGE = "# Orfeas\n\n<!-- from: examples/planted.cpp#body -->\n```cpp\n%s\n```\n"

    def test_fences(self):
        self.plant("examples/planted.cpp", self.EXAMPLE)
        self.plant("README.md", self.PAGE % "return 0;")
        self.assert_clean("docs")
        self.plant("README.md", self.PAGE % "return 1;")
        self.assert_found("docs", "README.md:4:", "differs from examples/planted.cpp")
        self.assert_clean("docs", "--fix")
        self.assertEqual((self.root / "README.md").read_text(), self.PAGE % "return 0;")

    def test_faults(self):
        for text, word in (
                ("```cpp\nint x;\n```\n", "a code fence without"),
                ("[a page](docs/nowhere.md)\n", "no such file"),
                ("<!-- from: examples/nowhere.cpp -->\n```cpp\n```\n", "no such file or region"),
                ("line\n" * 201, "201 lines")):
            self.plant("README.md", text)
            self.assert_found("docs", "README.md:", word)

    def test_versions(self):
        self.plant("CHANGELOG.md", "# Changes\n\n## 99.0.0\n")
        self.assert_found("versions", "CHANGELOG.md:1:")


class Format(Planted):
    @unittest.skipUnless(shutil.which("clang-format-19"), "clang-format-19 is not installed")
    def test_format(self):
        self.plant("examples/planted.cpp", LICENCE + "int  main( ) { return 0; }\n")
        self.assert_found("format", "examples/planted.cpp:2:", "--fix", files=("examples/planted.cpp",))
        self.assert_clean("format", "--fix", "examples/planted.cpp")
        self.assert_clean("format", "examples/planted.cpp")


if __name__ == "__main__":
    run = unittest.main(exit=False, verbosity=1).result
    failed, skipped = len(run.failures) + len(run.errors), len(run.skipped)
    for case, reason in run.skipped:
        print(f"skipped: {case.id()}: {reason}")
    print(f"test cases: {run.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)
