# SPDX-License-Identifier: MIT
"""The command line of `./dev`."""

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import bench
import check
import demo
import setup
import test
from common import Stop


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="./dev", description="Builds, tests, checks, measures and shows orfeas.")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    verb = verbs.add_parser("demo", help="the studio service with its live page, fed with real pictures")
    verb.add_argument("--seconds", type=float, metavar="N", help="stop after N seconds; without it, run until Ctrl-C")
    verb.add_argument("--port", type=int, default=5000, metavar="P", help="the port of the service (default 5000)")
    verb.add_argument("images", nargs="*", type=Path, metavar="IMAGE", help="pictures to send")
    verb.set_defaults(run=demo.run)

    verb = verbs.add_parser("test", help="install what is missing, build, run the tests")
    verb.add_argument("--quick", action="store_true", help="what differs from HEAD, and what includes it")
    verb.add_argument("--long", action="store_true", help="the hours-long parts too (fuzzing, endurance)")
    leg = verb.add_mutually_exclusive_group()
    leg.add_argument("--asan", action="store_true", help="AddressSanitizer: clang 19 with UBSan, then g++")
    leg.add_argument("--tsan", action="store_true", help="ThreadSanitizer, clang 19")
    leg.add_argument("--clang", action="store_true", help="clang 19 instead of g++")
    leg.add_argument("--cuda-only", action="store_true", help="only the CUDA tests; installs nothing")
    verb.add_argument("-R", dest="regex", metavar="REGEX", help="only the ctest tests whose name matches")
    verb.set_defaults(run=test.run)

    verb = verbs.add_parser("bench", help="the benchmark suite against its peers")
    verb.add_argument("names", nargs="*", metavar="NAME", help="which benches; all without")
    verb.add_argument("--quick", action="store_true", help="at most two minutes a bench")
    verb.add_argument("--data", type=Path, metavar="DIR", help="recorded data (default $ORFEAS_DATA, ../shared/data)")
    verb.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    verb.set_defaults(run=bench.run)

    verb = verbs.add_parser("check", help="format, include rule, self-containment, hygiene, docs, versions")
    verb.add_argument("names", nargs="*", metavar="NAME", help="which checks (includes, docs, …); all without")
    verb.add_argument("--fix", action="store_true", help="let the checks that can (format, docs, …) rewrite what they complain about")
    verb.set_defaults(run=check.run)

    verb = verbs.add_parser("setup", help="install what is missing; safe to repeat")
    verb.set_defaults(run=setup.run)
    return top


def main() -> int:
    options = parser().parse_args()
    try:
        return options.run(options)
    except Stop as reason:
        print(f"dev {options.verb}: {reason}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"dev {options.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"dev {options.verb}: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
