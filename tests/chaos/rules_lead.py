# SPDX-License-Identifier: LGPL-2.1-or-later
"""Promise 1: one master. From what each daemon said of its own lease, and from what all of them showed."""

from records import MASTER, MASTER_NO_MORE

SLACK = 1.0  # seconds by which a loaded machine may tell late that a lease has ended


def leases(records):
    """Each (node, term, begin, end) that a daemon claimed since the nodes were one cluster; it ends when that is said,
    or its process did. Before, each was the master of its own."""
    claimed, open_ = [], {}
    for line in records.journal:
        if line["t"] < records.run["joined"] and line["node"] != "A":
            continue
        if line.get("MESSAGE_ID") == MASTER:
            open_[line["pid"]] = [line["node"], int(line["QUPTIME_TERM"]), line["t"], None]
            claimed.append(open_[line["pid"]])
        elif line.get("MESSAGE_ID") == MASTER_NO_MORE and line["pid"] in open_:
            open_.pop(line["pid"])[3] = line["t"]
    for fault in records.fault:
        if fault["what"] != "begin" or fault["kind"] not in ("kill", "kill-all", "stop"):
            continue
        for lease in claimed:
            # one that is stopped cannot say that its lease has ended; it may not act either when it wakes
            if fault.get("node") in (None, lease[0]) and lease[2] <= fault["t"] and (lease[3] or 1e12) > fault["t"]:
                lease[3] = fault["t"]
    return claimed


def no_two_masters_in_a_term(records, verdict):
    masters = {}
    for node, term, _, _ in leases(records):
        masters.setdefault(term, set()).add(node)
    letters = records.run["ids"]
    for line in records.snapshot + records.final:
        if line.get("master"):
            masters.setdefault(line["term"], set()).add(letters[line["master"]])
    for line in records.journal:
        if line.get("QUPTIME_TRANSITION"):
            masters.setdefault(int(line["QUPTIME_TERM"]), set()).add(letters[line["QUPTIME_NODE"]])
    for term, nodes in sorted(masters.items()):
        if len(nodes) > 1:
            yield f"term {term} had the masters {', '.join(sorted(nodes))}"
    verdict.count("terms", len(masters))
    if not masters:
        yield "nobody ever led"


def leases_do_not_overlap(records, verdict):
    slack = SLACK * records.run.get("patience", 1)
    claimed = sorted(leases(records), key=lambda lease: lease[2])
    for i, (node, term, begin, end) in enumerate(claimed):
        for other, later, begin_later, _ in claimed[i + 1:]:
            if other != node and (end or records.run["end"]) > begin_later + slack:
                yield f"{node} held the lease of term {term} from {begin:.2f} to {end or 0:.2f}, {other} that of term " \
                      f"{later} from {begin_later:.2f}"
    verdict.count("leases", len(claimed))


RULES = (no_two_masters_in_a_term, leases_do_not_overlap)
