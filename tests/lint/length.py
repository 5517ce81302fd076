#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tells how long functions and files are. A report, not a rule: it never fails.

    length.py ROOT
"""

import os
import re
import statistics
import sys

from rooms import walk

FUNCTION_START = re.compile(r"^[A-Za-z_][^;={}]*\)\s*\{$|^\)\s*\{$")
LONG_FUNCTION, LONG_FILE = 50, 600


def functions(path):
    """Yields (line, name, length); the layout puts a function's last brace alone in column 0."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    start, name = None, ""
    for number, line in enumerate(lines, 1):
        found = re.match(r"^[A-Za-z_].*?(\w+)\($|^[A-Za-z_].*?(\w+)\(", line)
        if start is None and found:
            name = found.group(1) or found.group(2)
        if start is None and FUNCTION_START.match(line):
            start = number
        elif start is not None and line == "}":
            yield start, name, number - start + 1
            start = None


def main():
    root = sys.argv[1]
    lengths, long_functions, long_files = [], [], []
    for path in walk(os.path.join(root, "src"), [".c", ".h"]):
        full = os.path.join(root, "src", path)
        with open(full, encoding="utf-8") as f:
            n_lines = sum(1 for _ in f)
        if n_lines > LONG_FILE:
            long_files.append((n_lines, path))
        for line, name, length in functions(full):
            lengths.append(length)
            if length > LONG_FUNCTION:
                long_functions.append((length, f"src/{path}:{line}", name))

    if lengths:
        print(f"{len(lengths)} functions, median {statistics.median(lengths):g} lines, longest {max(lengths)}")
    for length, place, name in sorted(long_functions, reverse=True):
        print(f"{length:5} lines  {place}  {name}()")
    for length, path in sorted(long_files, reverse=True):
        print(f"{length:5} lines  src/{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
