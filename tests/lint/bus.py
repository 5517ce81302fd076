#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus is documented: every member has its text, with the polkit action that gates it; every verb its call.

    bus.py ROOT
"""

import os
import re
import sys

from rooms import report, walk

XML = os.path.join("dbus", "org.quptime1.Manager.xml")
TABLE = os.path.join("src", "bus", "permission.c")
NAMES = os.path.join("src", "base", "names.h")
PAGE = os.path.join("docs", "dbus.md")


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as f:
        return f.read()


def members_of(root):
    """Member -> its text, "" for none; of all interfaces, by the words that the manual is made of."""
    texts = {}
    for path in walk(os.path.join(root, "dbus"), [".xml"]):
        # a comment and what follows it
        found = re.finditer(r'(?s)(?:<!--((?:(?!-->).)*)-->\s*)?<(?:method|signal|property) name="(\w+)"',
                            read(root, "dbus", path))
        for one in found:
            text = (one.group(1) or "").strip()
            name = one.group(2)
            texts[path, name] = text[len(name) + 1:].strip() if text.startswith(f"{name}:") else ""
    return texts


def gates_of(root):
    """Method -> its action, "" for none."""
    actions = dict(re.findall(r'#define (BUS_ACTION_\w+) "([^"]+)"', read(root, NAMES)))
    rows = re.findall(r'BUS_INTERFACE_MANAGER, "(\w+)", (\w+)', read(root, TABLE))
    return {name: actions.get(action, "") for name, action in rows}


def verbs_of(root):
    found = set()
    for path in walk(os.path.join(root, "src", "ctl"), [".c"]):
        found.update(re.findall(r'const Verb verb_\w+ = \{\s*\.name = "([^"]+)"', read(root, "src", "ctl", path)))
    return found


def main():
    root = sys.argv[1]
    texts, gates, verbs, page = members_of(root), gates_of(root), verbs_of(root), read(root, PAGE)
    complaints = [f"{os.path.join('dbus', path)}: {name} has no text" for (path, name), text in texts.items() if not text]
    methods = {name: text for (path, name), text in texts.items() if path == os.path.basename(XML)}
    for name, action in gates.items():
        says = re.findall(r"Gated by (org\.quptime1\.[a-z-]+)", " ".join(methods.get(name, "").split()))
        if says != ([action] if action else []):
            complaints.append(f"{XML}: {name} says that it is gated by {says}, and {TABLE} by {action or 'nothing'}")
    section = page.partition("## Every verb of quctl")[2].partition("\n## ")[0].partition("|---|")[2]
    rows = re.findall(r"(?m)^\| `([^`]+)` \| (.+) \|$", section)
    shown = {verb for verb in verbs for words, _ in rows if f"{words} ".startswith(f"{verb} ")}
    complaints += [f"{PAGE}: the verb '{verb}' has no row" for verb in sorted(verbs - shown)]
    for words, call in rows:
        if not any(f"{words} ".startswith(f"{verb} ") for verb in verbs):
            complaints.append(f"{PAGE}: quctl has no verb '{words}'")
        for name in re.findall(r"\$quptime (\w+)", call):
            if name not in methods:
                complaints.append(f"{PAGE}: '{words}': the manager has no {name}")
    return report(complaints, f"{len(texts)} members of the bus and {len(verbs)} verbs")


if __name__ == "__main__":
    sys.exit(main())
