#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every source, build file, unit and script names its licence in its first lines.

    spdx.py ROOT
"""

import os
import sys

from rooms import report, walk

LINE = "SPDX-License-Identifier: LGPL-2.1-or-later"
SUFFIXES = (".c", ".h", ".py", ".sh", ".in", "meson.build", "meson_options.txt", ".service", ".socket", ".conf",
            ".policy", ".xml")


def needs_line(path, head):
    return path.endswith(SUFFIXES) or head.startswith("#!")


def main():
    root = sys.argv[1]
    complaints = []
    files = walk(root, [])
    for path in files:
        with open(os.path.join(root, path), "rb") as f:
            head = f.read(1024).decode(errors="replace")
        if needs_line(path, head) and LINE not in "\n".join(head.splitlines()[:5]):
            complaints.append(f"{path}:1: no line '{LINE}'")
    return report(complaints, f"licence lines of {len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
