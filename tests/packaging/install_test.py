#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The package: installed to a prefix and used by find_package, and used as a subdirectory."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OPTIONS = argparse.Namespace(cmake="cmake", generator="Ninja", compiler="g++")


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.place = Path(cls.folder.name)
        cls.prefix = cls.place / "prefix"
        cls.install(cls.place / "build", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def configure(cls, source, build, *definitions):
        return run(OPTIONS.cmake, "-S", source, "-B", build, "-G", OPTIONS.generator,
                   f"-DCMAKE_CXX_COMPILER={OPTIONS.compiler}", *definitions)

    @classmethod
    def install(cls, build, prefix, *definitions):
        done = cls.configure(ROOT, build, "-DORFEAS_BUILD_TESTS=OFF", "-DORFEAS_BUILD_EXAMPLES=OFF",
                             f"-DCMAKE_INSTALL_PREFIX={prefix}", *definitions)
        assert done.returncode == 0, done.stdout + done.stderr
        done = run(OPTIONS.cmake, "--install", build)
        assert done.returncode == 0, done.stdout + done.stderr

    def consume(self, name, components, prefix=None, *definitions):
        return self.configure(HERE / "consumer", self.place / name, f"-DCMAKE_PREFIX_PATH={prefix or self.prefix}",
                              f"-DORFEAS_COMPONENTS={';'.join(components)}", *definitions)

    def build_and_run(self, name):
        done = run(OPTIONS.cmake, "--build", self.place / name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = run(self.place / name / "consumer")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def assert_configured(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def installed_components(self):
        targets = (self.prefix / "share" / "orfeas" / "orfeas-targets.cmake").read_text()
        return set(re.findall(r"add_library\(orfeas::(\w+) INTERFACE IMPORTED\)", targets))

    def test_tree(self):
        share = self.prefix / "share" / "orfeas"
        for name in ("orfeas-config.cmake", "orfeas-config-version.cmake", "orfeas-targets.cmake"):
            self.assertTrue((share / name).is_file(), name)
            self.assertNotIn(str(ROOT), (share / name).read_text(), f"{name} holds a path of this machine")
        installed = {path.relative_to(self.prefix / "include").as_posix()
                     for path in (self.prefix / "include").rglob("*.hpp")}
        self.assertIn("orfeas/core/version.hpp", installed)
        self.assertTrue((self.prefix / "share/doc/orfeas/LICENSE").is_file())
        self.assertFalse((self.prefix / "lib").exists(), "a header-only package installs no lib")

    def test_core(self):
        self.assert_configured(self.consume("core", ["core"]))
        self.assertIn("67108864", self.build_and_run("core"))

    def test_every_component_alone(self):
        components = self.installed_components() - {"orfeas"}
        self.assertIn("core", components)
        for component in sorted(components):
            with self.subTest(component=component):
                self.assert_configured(self.consume(f"one-{component}", [component]))

    def test_aggregate(self):
        self.assert_configured(self.consume("all", ["orfeas"]))
        self.build_and_run("all")

    def test_components_without_third_party_need_none(self):
        hidden = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ("Boost", "Eigen3", "CUDAToolkit",
                                                                         "nlohmann_json", "yaml-cpp", "zstd", "ZLIB")]
        wanted = sorted({"core", "stats", "memory", "cache", "detect", "forecast", "alert", "cost", "scale", "metrics", "trace"} & self.installed_components())
        self.assert_configured(self.consume("hidden", wanted, None, *hidden))
        self.build_and_run("hidden")
        if "cache_asio" in self.installed_components():
            done = self.consume("hidden-asio", ["cache_asio"], None, *hidden)
            self.assertNotEqual(done.returncode, 0, "cache_asio without Boost must not be found")

    def test_unknown_component(self):
        done = self.consume("unknown", ["nonsense"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nonsense", done.stderr)

    def test_install_without_third_parties(self):
        prefix = self.place / "bare"
        self.install(self.place / "bare-build", prefix, *[f"-DORFEAS_WITH_{name}=OFF" for name in
                                                          ("ASIO", "EIGEN", "CUDA", "JSON", "COMPRESS", "YAML")])
        self.assert_configured(self.consume("bare-core", ["core"], prefix))
        self.assertFalse((prefix / "include" / "orfeas" / "net").exists(), "net needs Boost")
        done = self.consume("bare-net", ["net"], prefix)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("net", done.stderr)

    def test_asked_for_and_missing(self):
        done = self.configure(ROOT, self.place / "asked", "-DORFEAS_BUILD_TESTS=OFF", "-DORFEAS_BUILD_EXAMPLES=OFF",
                              "-DORFEAS_WITH_EIGEN=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("ORFEAS_WITH_EIGEN is ON", done.stderr)

    def test_subdirectory(self):
        self.assert_configured(self.configure(HERE / "subdirectory", self.place / "sub", f"-DORFEAS_SOURCE={ROOT}"))
        self.build_and_run("sub")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("cmake", "generator", "compiler"):
        parser.add_argument(f"--{name}", default=getattr(OPTIONS, name))
    parser.parse_args(namespace=OPTIONS)
    if not shutil.which(OPTIONS.cmake):
        print("skipped: packaging: cmake is not installed")
        return 77
    os.environ.pop("CXXFLAGS", None)
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    failed, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"test cases: {result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
