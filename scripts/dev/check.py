# SPDX-License-Identifier: MIT
"""`./dev check`: runs every scripts/checks/check_*.py, found and not listed."""

import subprocess
import sys
import time

import setup
import tree
from common import ROOT, Stop, say



def run(options) -> int:
    setup.ensure(["build", "check"])
    scripts = sorted((ROOT / "scripts" / "checks").glob("check_*.py"))
    known = {script.stem.removeprefix("check_"): script for script in scripts}
    if unknown := [name for name in options.names if name not in known]:
        raise Stop(f"no check is called {' or '.join(unknown)}: there are {', '.join(known)}")
    passed = failed = skipped = 0
    for name in options.names or known:
        script = known[name]
        fix = ["--fix"] if options.fix and "fixable=True" in script.read_text() else []
        begin = time.monotonic()
        code = subprocess.run([sys.executable, str(script), *fix], cwd=ROOT).returncode
        if time.monotonic() - begin > 10:
            say(f"check {name}: {time.monotonic() - begin:.0f} s")
        passed += code == 0
        skipped += code == tree.SKIPPED
        failed += code not in (0, tree.SKIPPED)
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
