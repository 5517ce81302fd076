#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""C files look as .clang-format says.

    format.py ROOT            what does not depend on a version: no tabs, no spaces at a line's end, 109 columns
    format.py ROOT --exact    clang-format 14 would change nothing; skipped (77) where only another version is,
                              because each version lays some lines out differently
"""

import os
import re
import shutil
import subprocess
import sys

from rooms import report, walk

COLUMNS = 109
SKIP = 77


def plain_complaints(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        text = f.read()
    if text and not text.endswith("\n"):
        yield f"{path}: no newline at the end"
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            yield f"{path}:{number}: a tab"
        if line != line.rstrip():
            yield f"{path}:{number}: white space at the end"
        if len(line) > COLUMNS and '"' not in line:  # a text that people search for is not broken
            yield f"{path}:{number}: {len(line)} columns, over {COLUMNS}"


def find_clang_format():
    for name in ("clang-format-14", "clang-format"):
        program = shutil.which(name)
        if program:
            version = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
            if re.search(r"version 14\.", version):
                return program
    return None


def exact_complaints(program, root, files):
    run = subprocess.run(
        [program, "--dry-run", "--ferror-limit=0", "--style=file", *files],
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    first = {}
    for path, number in re.findall(r"^(\S+?):(\d+):\d+: warning: code should be clang-formatted", run.stderr, re.M):
        first.setdefault(path, []).append(number)
    for path, numbers in sorted(first.items()):
        yield f"{path}:{numbers[0]}: laid out otherwise, {len(numbers)} places; run tools/format {path}"


def main():
    root, exact = sys.argv[1], "--exact" in sys.argv
    files = walk(root, [".c", ".h"])
    if not exact:
        return report([c for path in files for c in plain_complaints(root, path)], f"plain form of {len(files)} files")

    program = find_clang_format()
    if not program:
        print("skipped: the layout is that of clang-format 14, which is not installed")
        return SKIP
    return report(list(exact_complaints(program, root, files)), f"layout of {len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
