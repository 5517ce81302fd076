#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same seed tells the same story, byte for byte.

    test_replay.py SIMULATOR
"""

import subprocess
import sys

SEEDS = (3, 42, 271)


def play(seed):
    return subprocess.run([sys.argv[1], "--seed", str(seed)], capture_output=True, check=False).stdout


print(f"1..{len(SEEDS)}")
for number, seed in enumerate(SEEDS, 1):
    first, second = play(seed), play(seed)
    same = first == second and first.count(b"\n") > 100
    print(f"{'ok' if same else 'not ok'} {number} seed {seed}: {first.count(bytes([10]))} lines, twice the same")
