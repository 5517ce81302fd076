#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the Spin models of the register, and each of them with a rule taken away.

    run.py            three nodes, all states at two terms; every broken variant must be caught
    run.py --long     more nodes, terms and ticks, by bit-state hashing where not all states fit; by hand
    run.py NAME…      only the runs whose model or variant has NAME in it
    --tap             one line per run, for meson
    --jobs N          processes at a time (2)

A run as the code is must find no error, look at all states (or, where it is bounded, at all that its time
allows), evaluate every CHECK and reach every WITNESS of the model. A broken variant must break the CHECK that
it is listed with: one that is not caught is a failure of the models.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODEL_TIME = 600  # seconds for a run that is not bounded, on a loaded machine
PATIENCE = float(os.environ.get("QUPTIME_PATIENCE", "1"))

ONE_LEADER = "one leader in a term"
NOT_LOST = "a committed change is in all later values"
REMOVED = "a removed node does not lead"
VOTER = "who commits is a voter"
ONE_ACTS = "no two act at one instant"


class Run:
    """A model with some settings. expected: None: it holds; else the name of the CHECK that must break."""

    def __init__(self, model, variant=None, expected=None, fence=False, depth=200_000, bounded=0, bits=0, **settings):
        self.model, self.variant, self.expected, self.fence = model, variant, expected, fence
        self.depth, self.bounded, self.bits, self.settings = depth, bounded, bits, settings

    def name(self):
        words = [f"{k}={v}" for k, v in self.settings.items() if k not in ("FIRST_VOTERS", "LEFT_REMOVES", "BEHIND")]
        what = (self.variant or "as the code is").lower().replace("_", " ")
        return what + (f" ({', '.join(words)})" if words else "")

    def wanted(self):
        if self.expected:
            return "caught"
        return "no error" if self.bounded else "holds"


# Four nodes, of which the last leader removed the fourth on its own disk alone.
FOUR = {"N": 4, "FIRST_VOTERS": 1, "LEFT_REMOVES": 3}

NORMAL = [
    Run("lease"),
    Run("membership"),
    Run("election"),

    Run("election", "VOTE_NOT_PERSISTED", ONE_LEADER),
    Run("election", "VOTE_TOLD_BEFORE_WRITTEN", ONE_LEADER),
    Run("election", "STANDS_BEFORE_WRITTEN", ONE_LEADER),
    Run("election", "TWO_VOTES_IN_A_TERM", ONE_LEADER),
    Run("election", "HALF_OF_THE_VOTES", ONE_LEADER),
    Run("election", "VOTE_FOR_AN_OLDER_VALUE", NOT_LOST),
    Run("election", "ACKNOWLEDGED_BEFORE_WRITTEN", NOT_LOST),
    Run("election", "COMMIT_BEFORE_MAJORITY", NOT_LOST),
    Run("election", "OLDER_TERM_COMMITTED", NOT_LOST),
    Run("election", "NEWEST_WINS_WHOEVER_STAMPED", NOT_LOST),

    Run("membership", "CHANGE_WITHOUT_OWN_TERM_COMMIT", NOT_LOST, depth=72, **FOUR),
    Run("membership", "TWO_VOTERS_AT_A_TIME", ONE_LEADER),
    Run("membership", "LEADER_REMOVES_ITSELF", VOTER),
    Run("membership", "NO_NEW_TERM_FOR_A_SOLE_VOTER", ONE_LEADER),
    Run("membership", "LOST_DISK_UNDER_THE_SAME_ID", ONE_LEADER),
    Run("membership", "BARRED_COMES_AGAIN_WITHOUT_ITS_DISK", REMOVED),

    Run("lease", "LEASE_FROM_THE_ANSWERS_ARRIVAL", ONE_ACTS),
    Run("lease", "LEASE_OF_A_WHOLE_E", ONE_ACTS),
    Run("lease", "LEASE_OF_ONE_AND_A_HALF_E", ONE_ACTS),
    Run("lease", "LEASE_OF_THE_LEADERS_OWN_E", ONE_ACTS),
    Run("lease", "LEASE_OF_THE_ANSWERED_E_ALONE", ONE_ACTS),
    Run("lease", "LEASE_OF_E_AS_TOLD", ONE_ACTS, BEHIND=2),
    Run("lease", "LESSER_E_IN_BETWEEN_FORGOTTEN", ONE_ACTS),
    Run("lease", "NO_SILENCE_AFTER_A_PING", ONE_ACTS),
    Run("lease", "NO_SILENCE_AFTER_A_RESTART", ONE_ACTS),
    Run("lease", "STANDS_AFTER_A_RESTART", ONE_ACTS),
    Run("lease", "SILENT_ONE_STANDS", ONE_ACTS),
    Run("lease", "HANDOVER_NOT_FINAL", ONE_ACTS),
    Run("lease", "ANY_CANDIDATE_LIFTS_THE_SILENCE", ONE_ACTS),
    Run("lease", "CLOCKS_TOO_FAR_APART", ONE_ACTS, APART=40),

    Run("election", bounded=6, bits=26, N=5),
    Run("membership", bounded=6, bits=26, N=5),
    Run("lease", bounded=6, bits=26, N=5),
]

LONG = [
    Run("lease", bounded=100, bits=30, SHORT=4),
    Run("election", bounded=100, bits=30, TERMS=3),
    Run("membership", bounded=100, bits=30, K=3),
    Run("membership", bounded=100, bits=30, TERMS=3),
    Run("membership", bounded=100, bits=30, N=4),
    Run("lease", bounded=100, bits=30, TERMS=3),
    Run("election", bounded=60, bits=30, N=5, TERMS=3),
    Run("membership", bounded=60, bits=30, N=5, TERMS=3),
    Run("lease", bounded=60, bits=30, N=5),
    # fences behind other rules: safe without them
    Run("lease", "HANDOVER_LIFTS_EVERY_SILENCE", fence=True),
    Run("lease", "LEADER_GRANTS", fence=True),
    Run("lease", "CLOCKS_A_THIRD_APART", fence=True, APART=33),
]


def spec(model, kind):
    text = (HERE / f"{model}.pml").read_text()
    return set(re.findall(rf'\b{kind}\(\d+,(?:[^"]*,)? "([^"]+)"\)', text))


def build(run, folder):
    for path in HERE.glob("*.pml"):
        shutil.copy(path, folder)
    defines = [f"-D{name}={value}" for name, value in run.settings.items()]
    if run.variant:
        defines.append(f"-D{run.variant}")
    subprocess.run(["spin", "-a", *defines, f"{run.model}.pml"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    memory = 3000 if run.bits > 28 else 1000
    flags = ["-DSAFETY", "-DNOREDUCE", f"-DMEMLIM={memory}"] + (["-DBITSTATE"] if run.bits else [])
    subprocess.run(["gcc", "-O2" if run.bits or not run.expected else "-O1", "-w", *flags, "-o", "pan", "pan.c"], cwd=folder, check=True)


def search(run, folder):
    command = ["./pan", f"-m{run.depth}", "-n"] + ([f"-w{run.bits}", "-k2"] if run.bits else ["-w22"])
    process = subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        return process.communicate(timeout=run.bounded or MODEL_TIME * PATIENCE)[0], False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # it says how far it came
        return process.communicate()[0], True


def figure(pattern, text):
    match = re.search(pattern, text)
    return int(float(match[1])) if match else 0


def judge(run, text, stopped):
    """what came out, and whether that is what should"""
    broken = re.findall(r"^broken: (.*)", text, re.M)
    if broken:
        return f"caught: {broken[0]}", broken[0] == run.expected
    if not re.search(r"errors: 0", text):
        return "failed: " + (text.strip().splitlines() or ["nothing said"])[-1][:60], False
    cut = stopped or "max search depth too small" in text or "Search not completed" in text
    if run.expected:
        return "NOT CAUGHT", False
    if cut and not run.bounded:
        return "not finished", False
    missing = [] if run.fence or run.bounded else sorted(
        (spec(run.model, "CHECK") - set(re.findall(r"^checked: (.*)", text, re.M))) |
        (spec(run.model, "WITNESS") - set(re.findall(r"^witness: (.*)", text, re.M))))
    if missing:
        return f"never reached: {missing[0]}", False
    return "no error, time is up" if cut else "holds" if not run.bits else "no error, finished", True


def perform(run):
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        try:
            build(run, folder)
            text, stopped = search(run, folder)
        except (subprocess.CalledProcessError, OSError) as error:
            text, stopped = str(error), False
    got, good = judge(run, text, stopped)
    return {
        "run": run, "got": got, "good": good, "seconds": time.monotonic() - began,
        "states": figure(r"([\d.e+]+) states, stored", text), "depth": figure(r"depth reached (\d+)", text),
        "memory": figure(r"([\d.]+)\s+total actual memory", text),
    }


def row(result):
    run = result["run"]
    mark = "ok  " if result["good"] else "FAIL"
    return (f"{mark} {run.model:<10} {run.name():<52} {result['states']:>10} {result['depth']:>6} "
            f"{result['memory']:>5} {result['seconds']:>6.1f}  {run.wanted():<8} {result['got']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--tap", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    runs = [run for run in (LONG if options.long else NORMAL)
            if not options.names or any(n.lower() in f"{run.model} {run.name()}" for n in options.names)]
    for tool in ("spin", "gcc"):
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed (tools/setup)" if options.tap else f"{tool} is missing")
            return 0 if options.tap else 1

    began = time.monotonic()
    comment = "# " if options.tap else ""
    if options.tap:
        print(f"1..{len(runs)}")
    print(f"{comment}     {'model':<10} {'variant':<52} {'states':>10} {'depth':>6} {'MiB':>5} {'s':>6}  "
          f"{'expected':<8} got", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for number, result in enumerate(pool.map(perform, runs), 1):
            failed += not result["good"]
            print(comment + row(result), flush=True)
            if options.tap:
                word = "ok" if result["good"] else "not ok"
                print(f"{word} {number} - {result['run'].model}: {result['run'].name()}: {result['got']}", flush=True)
    print(f"{comment}{len(runs) - failed} as expected, {failed} not; {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
