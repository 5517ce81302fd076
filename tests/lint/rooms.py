# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rooms of src/ in their order, as src/meson.build lists them, and what the lints share."""

import os
import re

CLIENT_ROOMS = ["ctl", "tui", "applet"]


def read_rooms(meson_build):
    """Returns (pure rooms, other rooms), each in order."""
    with open(meson_build, encoding="utf-8") as f:
        text = f.read()

    def names(variable):
        match = re.search(rf"^{variable} = \[([^]]*)\]", text, re.MULTILINE)
        if not match:
            raise SystemExit(f"{meson_build}: no list {variable}")
        return re.findall(r"'([^']+)'", match.group(1))

    return names("pure_rooms"), names("shell_rooms") + CLIENT_ROOMS


def walk(root, suffixes):
    """Paths below root with one of the suffixes, relative to it, sorted; no build folders, no bad examples."""
    found = []
    for folder, folders, files in os.walk(root):
        relative = os.path.relpath(folder, root)
        folders[:] = sorted(
            name
            for name in folders
            if name == ".ci"
            or not name.startswith((".", "build", "__pycache__"))
            and os.path.normpath(os.path.join(relative, name)) != os.path.join("tests", "lint", "bad")
        )
        found += [
            os.path.normpath(os.path.join(relative, name))
            for name in files
            if not suffixes or name.endswith(tuple(suffixes))
        ]
    return sorted(found)


def report(complaints, what):
    """Prints complaints and returns the exit code."""
    for complaint in complaints:
        print(complaint)
    print(f"{what}: {len(complaints)} complaints")
    return 1 if complaints else 0
