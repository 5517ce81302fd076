# SPDX-License-Identifier: LGPL-2.1-or-later
"""A short piece of tools/chaos: two seeds on three nodes, fifteen seconds of faults each."""

import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "integration"))

import harness  # noqa: E402
import netns  # noqa: E402


def why_not():
    """None, or why this machine cannot run it."""
    if os.geteuid() != 0:
        return "needs root"
    made = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True)
    return made.stderr.strip() or netns.available()


def test_two_seeds():
    reason = why_not()
    if reason:
        return reason
    done = subprocess.run([str(TOP / "tools" / "chaos"), "--nodes", "3", "--seeds", "1..2", "--seconds", "15", "--quiet"],
                          capture_output=True, text=True, env={**os.environ, "QUPTIME_BUILD": str(harness.BUILD)})
    if done.returncode != 0:
        raise harness.Failure(f"tools/chaos: {done.returncode}\n{done.stdout[-20000:]}{done.stderr[-4000:]}")
    for line in done.stdout.splitlines():
        print(f"# {line}")
    return None


if __name__ == "__main__":
    harness.main(globals())
