#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every manual renders without a warning of groff(1) and mandoc(1), and begins and ends as man(7) wants it.

    man.py ROOT
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

from rooms import report

MANDOC = ["mandoc", "-T", "lint", "-W", "warning"]
GROFF = ["groff", "-man", "-t", "-Tutf8", "-ww", "-z", "-rLL=100n"]


def mandoc_complaints_of(root, path):
    run = subprocess.run([*MANDOC, os.path.join(root, path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, check=False)
    # a page has no date, so that building it twice gives the same
    return [line.replace(root.rstrip("/") + "/", "") for line in run.stdout.splitlines() if "missing date" not in line]


def complaints_of(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        text = f.read()
    run = subprocess.run(
        [*GROFF, os.path.join(root, path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    found = [line.replace(root.rstrip("/") + "/", "") for line in run.stderr.splitlines()]
    found += [f"{path}: groff says {run.returncode}"] if run.returncode else []
    found += mandoc_complaints_of(root, path)
    sections = re.findall(r'(?m)^\.SH "?([A-Z &]+)', text)
    name, section = os.path.basename(path).rsplit(".", 1)
    if not re.search(rf'(?m)^\.TH "?{re.escape(name.upper())}"? {section}\b', text.replace("\\-", "-")):
        found.append(f"{path}: .TH is not {name.upper()} {section}")
    if sections[:1] != ["NAME"] or "SEE ALSO" not in sections:
        found.append(f"{path}: no NAME at the beginning, or no SEE ALSO")
    return found


def made(root, place):
    """The manual that the build makes."""
    path = os.path.join(place, "org.quptime1.5")
    sources = sorted(glob.glob(os.path.join(root, "dbus", "*.xml")))
    with open(path, "w", encoding="utf-8") as f:
        run = subprocess.run(
            ["/usr/bin/python3", "-B", os.path.join(root, "man", "interfaces.py"), "0", *sources],
            stdout=f, stderr=subprocess.PIPE, text=True, check=False,
        )
    return run.stderr.splitlines() or complaints_of(place, "org.quptime1.5")


def main():
    root = sys.argv[1]
    pages = sorted(os.path.join("man", name) for name in os.listdir(os.path.join(root, "man")) if name[-2:-1] == ".")
    complaints = [one for page in pages for one in complaints_of(root, page)]
    with tempfile.TemporaryDirectory() as place:
        complaints += made(root, place)
    return report(complaints, f"{len(pages) + 1} manuals")


if __name__ == "__main__":
    sys.exit(main())
