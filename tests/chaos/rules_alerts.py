# SPDX-License-Identifier: LGPL-2.1-or-later
"""Promise 4: what is owed arrives, in order, each DOWN with its RECOVERED; what comes twice is the same message and
came twice because nobody could know."""

import hashlib
import re

from records import DELIVERED, GAVE_UP, MASTER_NO_MORE, REFUSED
from rules_verdicts import spans, transitions

NOTICE = re.compile(r"-# notice ([0-9a-f]{16})-(\d{10})-([0-9a-f]{16})$")
WATCHED = ("web", "port", "ping")
# what can keep an answer, or the news of it, from being known
TROUBLE = ("kill", "kill-all", "stop", "disk-full", "disk-refuses", "disk-sync-fails", "disk-slow", "cut-pair",
           "cut-one-way", "cut-from-peers", "cut-from-all", "cut-from-world", "split", "delay")
SLACK = 1.0


def prefix(check):
    return hashlib.sha256(check.encode()).hexdigest()[:16]


CHECK_OF = {prefix(check): check for check in WATCHED}


def notices(records):
    """Every notice id that a daemon ever named, by the Message-ID that belongs to it."""
    ids = {line["QUPTIME_NOTICE"] for line in records.journal if line.get("QUPTIME_NOTICE")}
    ids |= {"-".join(found.groups()) for found in (NOTICE.search(line["content"]) for line in records.hook) if found}
    return {hashlib.sha256(i.encode()).hexdigest()[:32]: i for i in ids}


def attempts(records):
    """(notice, recipient) -> what reached a receiver whole, in the order in which it did."""
    by_hash, found = notices(records), {}
    for line in records.mail:
        if line["taken"]:
            left = line["message_id"].strip("<>").split(".quptime@")[0]
            found.setdefault((by_hash.get(left, f"unknown {left}"), line["recipient"]), []).append(line)
    for line in records.hook:
        match = NOTICE.search(line["content"])
        name = "-".join(match.groups()) if match else "unknown"
        if line["taken"]:
            found.setdefault((name, "webhook"), []).append(line)
    for lines in found.values():
        lines.sort(key=lambda line: line["dot"])
    return found


def number_of(notice):
    parts = notice.split("-")
    return CHECK_OF.get(parts[0]), int(parts[1]) if len(parts) == 3 else 0


def channels(records):
    return (*records.run["recipients"], "webhook")


def received(records):
    """recipient -> check -> [(time, number)] of first arrivals."""
    firsts = {channel: {check: [] for check in WATCHED} for channel in channels(records)}
    for (notice, recipient), lines in attempts(records).items():
        check, number = number_of(notice)
        if check:
            firsts[recipient][check].append((lines[0]["dot"], number))
    for checks in firsts.values():
        for arrivals in checks.values():
            arrivals.sort()
    return firsts


def refused(records):
    """(check, number, recipient) that a relay refused for good, as the receivers' own records have it."""
    said = set()
    for line in records.journal:
        if line.get("MESSAGE_ID") == REFUSED:
            check, number = number_of(line["QUPTIME_NOTICE"])
            said.add((check, number, line["QUPTIME_RECIPIENT"]))
    return said


def event_of(line, before):
    if line["QUPTIME_TO"] == "down":
        return "DOWN"
    return "RECOVERED" if before and before["QUPTIME_TO"] == "down" else "UP"


# ---- rules ----

def every_message_is_of_a_transition(records, verdict):
    told = transitions(records)
    for (notice, recipient), lines in attempts(records).items():
        check, number = number_of(notice)
        line = told.get((check, number))
        if not line:
            yield f"{recipient} got {lines[0].get('subject') or lines[0].get('content', '')[:60]!r} ({notice}), which " \
                  f"belongs to no transition"
            continue
        event = event_of(line, told.get((check, number - 1)))
        words = {"DOWN": (" DOWN ", "is now down"), "RECOVERED": (" RECOVERED ", "has recovered"),
                 "UP": (" UP ", "is now up")}[event]
        text = lines[0].get("subject") or lines[0]["content"]
        if not any(word in text for word in words):
            yield f"{recipient} got {text[:60]!r} for transition {number} of {check}, which is {event}"
        verdict.count("messages delivered")


def every_owed_message_is_delivered(records, verdict):
    told, firsts, gone = transitions(records), received(records), refused(records)
    for (check, number), line in sorted(told.items()):
        if check not in WATCHED:
            continue
        event = event_of(line, told.get((check, number - 1)))
        for channel in channels(records):
            if any(n == number for _, n in firsts[channel][check]):
                continue
            if (check, number, channel) in gone:
                verdict.count("refused for good by a relay")
            elif event == "RECOVERED" and (check, number - 1, channel) in gone:
                verdict.count("RECOVERED not owed, its DOWN was refused")
            else:
                yield f"{channel} never got {event} of {check} (transition {number})"


def refusals_are_the_relays(records, verdict):
    """What a daemon calls refused for good was refused so, by that relay, at that time."""
    for line in records.journal:
        if line.get("MESSAGE_ID") == GAVE_UP:
            yield f"{line['node']} gave up {line['QUPTIME_NOTICE']}"
        if line.get("MESSAGE_ID") != REFUSED:
            continue
        if line["QUPTIME_RECIPIENT"] == "webhook":
            said = any(h["status"] == 404 and line["QUPTIME_NOTICE"] in h["content"] and h["begin"] < line["t"]
                       for h in records.hook)
        else:
            said = any(m["how"] == "550" and m["recipient"] == line["QUPTIME_RECIPIENT"] and not m["taken"] and
                       m["begin"] < line["t"] for m in records.mail)
        if not said:
            yield f"{line['node']} says that {line['QUPTIME_NOTICE']} to {line['QUPTIME_RECIPIENT']} was refused; the relay " \
                  f"did not"


def messages_come_in_order(records, verdict):
    for channel, checks in received(records).items():
        for check, arrivals in checks.items():
            numbers = [number for _, number in arrivals]
            if numbers != sorted(numbers):
                yield f"{channel} got the messages about {check} in the order {numbers}"


def each_down_has_its_recovered(records, verdict):
    told, gone = transitions(records), refused(records)
    for channel, checks in received(records).items():
        for check, arrivals in checks.items():
            numbers = {number for _, number in arrivals}
            for number in numbers:
                line, after = told.get((check, number)), told.get((check, number + 1))
                if not line or line["QUPTIME_TO"] != "down":
                    continue
                if not after:
                    yield f"{check} never recovered from transition {number}"
                elif number + 1 not in numbers and (check, number + 1, channel) not in gone:
                    yield f"{channel} got DOWN of {check} (transition {number}) and no RECOVERED"
                else:
                    verdict.count("DOWN with its RECOVERED")


def repeats_are_the_same_message(records, verdict):
    for (notice, recipient), lines in attempts(records).items():
        for line in lines[1:]:
            for field in ("message_id", "bytes"):
                if line.get(field) != lines[0].get(field):
                    yield f"{recipient} got {notice} again with another {field}"


def why(records, trouble, a, b):
    """Why a second attempt may have been made after a first one that the receiver took."""
    if not a["answered"]:
        return f"the receiver took it and did not answer ({a['how']})"
    for begin, end, line in trouble:
        if line.get("node") not in (None, a["node"]) and a["node"] not in (line.get("other"), *line.get("group", [])) \
                and line["kind"] != "split":
            continue
        if begin < b["dot"] and end > a["begin"]:
            return f"{a['node']} had trouble: {line['kind']}"
    for line in records.journal:
        if line.get("MESSAGE_ID") == MASTER_NO_MORE and line["node"] == a["node"] and a["begin"] <= line["t"] <= b["dot"]:
            return f"{a['node']} lost its lease"
    return None


def repeats_are_explained(records, verdict):
    trouble = spans(records.fault, lambda x: x["kind"] in TROUBLE)
    slack = SLACK * records.run.get("patience", 1)
    known = {}
    for line in records.journal:
        if line.get("MESSAGE_ID") == DELIVERED:
            key = line["QUPTIME_NOTICE"], line["QUPTIME_RECIPIENT"]
            known[key] = min(known.get(key, 1e12), line["t"])
    for key, lines in attempts(records).items():
        for a, b in zip(lines, lines[1:]):
            reason = why(records, trouble, a, b)
            what = f"{key[0]} to {key[1]}: {a['node']} at {a['dot']:.2f}, {b['node']} at {b['dot']:.2f}"
            if not reason:
                yield f"{what}: nothing explains the second one"
                continue
            late = any(t[2].get("node") in (None, b["node"]) and t[0] < b["dot"] and t[1] > b["dot"] - 8 for t in trouble)
            if known.get(key, 1e12) + slack < b["begin"] and not late:
                yield f"{what}: the first was known to all since {known[key]:.2f}"
            verdict.count("repeats, all explained")
            verdict.repeats.append(f"{what}: {reason}")


def the_outbox_is_empty(records, verdict):
    for final in records.final:
        for alert in final["alerts"]:
            if alert["owed"]:
                yield f"{final['node']} still owes {alert['owed']} to {alert['name']}"


RULES = (
    every_message_is_of_a_transition, every_owed_message_is_delivered, refusals_are_the_relays, messages_come_in_order,
    each_down_has_its_recovered, repeats_are_the_same_message, repeats_are_explained, the_outbox_is_empty)
