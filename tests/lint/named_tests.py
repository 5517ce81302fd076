#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that the pages name exist, and the list of faults is whole.

    named_tests.py ROOT

In docs/*.md `/room/noun/case` is a case of the unit tests and `test_file.py:test_function` one of the suites that
run real daemons. docs/faults.md has a row for each of the 54 faults, in order.
"""

import os
import re
import sys

from rooms import report

FAULTS = 54
PLACES = "var|etc|run|usr|proc|sys|dev|tmp|org|home|lib"  # `/var/lib/…` in a page is a place, not a test


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as f:
        return f.read()


def files_below(folder, suffix):
    return [os.path.join(d, name) for d, _, names in os.walk(folder) for name in names if name.endswith(suffix)]


def unit_cases(root):
    cases = set()
    for path in files_below(os.path.join(root, "tests", "unit"), ".c"):
        text = read(path)
        cases.update(re.findall(r'"(/[a-z0-9/-]+)"', text))
        # the transport suite runs everything with both kinds of key
        for name in re.findall(r'harness_add\("([^"]+)"', text):
            cases.update((f"/transport/ed25519/{name}", f"/transport/rsa3072/{name}"))
    return cases


def functions(root):
    found = set()
    for path in files_below(os.path.join(root, "tests"), ".py"):
        found.update(f"{os.path.basename(path)}:{name}" for name in re.findall(r"def (test_\w+)\(", read(path)))
    return found


def main():
    root = sys.argv[1]
    cases, known = unit_cases(root), functions(root)
    complaints, named = [], 0
    for path in sorted(files_below(os.path.join(root, "docs"), ".md")):
        for number, line in enumerate(read(path).splitlines(), 1):
            where = f"{os.path.relpath(path, root)}:{number}"
            for name in re.findall(rf"`(/(?!(?:{PLACES})[/`])[a-z0-9-]+(?:/[a-z0-9-]+)+)`", line):
                named += 1
                if name not in cases:
                    complaints.append(f"{where}: no unit test has the case {name}")
            for name in re.findall(r"`(test[\w-]+\.py:test_\w+)`", line):
                named += 1
                if name not in known:
                    complaints.append(f"{where}: there is no {name}")
    rows = [int(n) for n in re.findall(r"(?m)^\| (\d+) \|", read(root, "docs", "faults.md"))]
    if rows != list(range(1, FAULTS + 1)):
        complaints.append(f"docs/faults.md: rows {rows} are not 1 to {FAULTS}")
    return report(complaints, f"{named} names of tests in docs/")


if __name__ == "__main__":
    sys.exit(main())
