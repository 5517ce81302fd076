#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The journal's events, their catalog and their manual are one: no id or field stands in only one of them.

    journal.py ROOT
"""

import os
import re
import sys

from rooms import report

TABLE = os.path.join("src", "manager", "journal.c")
CATALOG = os.path.join("units", "quptime.catalog")
MANUAL = os.path.join("man", "quptime-journal.7")
NAMES = os.path.join("src", "base", "names.h")


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as f:
        return f.read()


def differ(where, what, found, expected):
    complaints = [f"{where}: {what} {one} is missing" for one in sorted(expected - found)]
    return complaints + [f"{where}: {what} {one} is known nowhere else" for one in sorted(found - expected)]


def catalog_entries(text):
    """id -> entry; the field names that a text may refer to are checked by the caller."""
    parts = re.split(r"(?m)^-- ([0-9a-f]{32})$", text)
    return dict(zip(parts[1::2], parts[2::2]))


def main():
    root = sys.argv[1]
    ids = set(re.findall(r'\{ "([0-9a-f]{32})"', read(root, TABLE)))
    events = set(re.findall(r"\bEVENT_\w+", read(root, TABLE)))
    fields = set(re.findall(r'#define JOURNAL_\w+ "(QUPTIME_\w+)"', read(root, NAMES)))
    entries = catalog_entries(read(root, CATALOG))
    manual = read(root, MANUAL).replace("\\-", "-")
    prefix = (re.findall(r"(?m)^\.IR ([0-9a-f]+) ;$", manual) or [""])[0]
    complaints = differ(CATALOG, "event", set(entries), ids)
    complaints += differ(MANUAL, "event", {prefix + row for row in re.findall(r"(?m)^([0-9a-f]{3})\t", manual)}, ids)
    complaints += differ(MANUAL, "field", set(re.findall(r"(?m)^\.I (QUPTIME_\w+)=$", manual)), fields)
    if len(ids) != len(events - {"EVENT_MAX"}):
        complaints.append(f"{TABLE}: {len(events)} events have {len(ids)} different ids")
    for one, text in entries.items():
        for line in ("Subject: ", "Defined-By: quptime\n", "Documentation: man:"):
            if f"\n{line}" not in text:
                complaints.append(f"{CATALOG}: event {one} has no '{line.strip()}'")
        for field in set(re.findall(r"QUPTIME_[A-Z_]+[A-Z]", text)) - fields:
            complaints.append(f"{CATALOG}: event {one} speaks of {field}=, which no entry has")
    for field in set(re.findall(r"(QUPTIME_[A-Z_]+[A-Z])=", manual)) - fields:
        complaints.append(f"{MANUAL}: speaks of {field}=, which no entry has")
    for one in set(re.findall(r"MESSAGE_ID=([0-9a-f]+)", manual)) - ids:
        complaints.append(f"{MANUAL}: asks for event {one}, which does not exist")
    return report(complaints, f"{len(ids)} events and {len(fields)} fields of the journal")


if __name__ == "__main__":
    sys.exit(main())
