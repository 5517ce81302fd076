# SPDX-License-Identifier: LGPL-2.1-or-later
"""Promise 2: what was acknowledged is there, in order; what was refused never happened; all nodes tell one story."""

import re

LEDGER = re.compile(r"- id: .*\n(?:    .*\n)*?    name: ledger\n(?:    .*\n)*?    body_template: (?:\|-?\n((?:      .*\n)+)|(.*)\n)")
DISK_RECOVERED = "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a1e"
VERSION = re.compile(r"^version: (\d+)$", re.MULTILINE)
CHECKS = re.compile(r"^  - id: (\S+)\n(?:    .*\n)*?    name: (\S+)$", re.MULTILINE)


def version_of(line):
    found = VERSION.search(line["text"])
    return line.get("version") or (int(found.group(1)) if found else None)


def ledger_of(text):
    """The tokens of the ledger, in order; None where there is no ledger."""
    found = LEDGER.search(text)
    if not found:
        return None
    return (found.group(1) or found.group(2)).split()


def names_of(text):
    return dict(CHECKS.findall(text))


def documents(records):
    """The committed documents: version -> text, as the registers kept them (a file may hold anybody's edit)."""
    kept = {}
    for line in records.document:
        if line["source"] == "register" and version_of(line) >= records.run["version"]:
            kept.setdefault(version_of(line), line["text"])
    return kept


def final_alert(final, name):
    return next(a for a in final["alerts"] if a["name"] == name)


def done(records):
    return [op for op in records.client if op["result"] == "done" and op["what"] != "wrong"]


# ---- rules ----

def all_nodes_end_alike(records, verdict):
    first = records.final[0]
    if len(records.final) != records.run["nodes"]:
        yield f"only {len(records.final)} nodes could be asked at the end"
    for other in records.final[1:]:
        if other["version"] != first["version"] or other["term"] != first["term"]:
            yield f"{other['node']} ends at version {other['version']}, term {other['term']}; {first['node']} at " \
                  f"version {first['version']}, term {first['term']}"
        for what, fields in (("alerts", ("id", "name", "body_template", "revision")),
                             ("checks", ("id", "name", "revision", "state", "since"))):
            mine, others = ([[row.get(f) for f in fields] for row in final[what]] for final in (first, other))
            if mine != others:
                yield f"{what} of {first['node']} and {other['node']} differ at the end"


def one_version_is_one_document(records, verdict):
    kept = {}
    for line in records.document:
        version, text = version_of(line), line["text"]
        # a node that joins shows the peers it was told of under the version that it joins at
        if line["source"] != "register" or version < records.run["version"]:
            continue
        node, before = kept.setdefault(version, (line["node"], text))
        if before != text:
            yield f"version {version} is one text on {node} and another on {line['node']}"
        found = VERSION.search(text)
        if found and int(found.group(1)) != version:
            yield f"{line['node']} kept under version {version} a text of version {found.group(1)}"
    verdict.count("committed documents seen", len(kept))
    if not kept:
        yield "no register has kept a document"


def versions_are_given_once_and_in_order(records, verdict):
    changes = sorted(done(records), key=lambda op: op["version"])
    for a, b in zip(changes, changes[1:]):
        if a["version"] == b["version"]:
            yield f"{a['token']} and {b['token']} were both acknowledged as version {a['version']}"
    # in real time: what was answered before another was asked for comes before it
    latest_begin = 0.0, None
    for op in changes:
        if op["end"] < latest_begin[0] - 0.001:
            other = latest_begin[1]
            yield f"{op['token']} (version {op['version']}) was acknowledged before {other['token']} " \
                  f"(version {other['version']}) was asked for"
        if op["begin"] > latest_begin[0]:
            latest_begin = op["begin"], op
    verdict.count("changes acknowledged", len(changes))
    for result in ("refused", "unknown"):
        verdict.count(f"changes {result}", sum(op["result"] == result for op in records.client))


def acknowledged_appends_are_in_the_ledger(records, verdict):
    final = final_alert(records.final[0], "ledger")["body_template"].split()
    place = {token: i for i, token in enumerate(final)}
    if len(place) != len(final):
        yield f"the ledger has a token twice: {final}"
    before = None
    for op in sorted((op for op in done(records) if op["what"] == "append"), key=lambda op: op["version"]):
        if op["token"] not in place:
            yield f"{op['token']} was acknowledged as version {op['version']} and is not in the ledger"
            continue
        if before and place[op["token"]] < place[before["token"]]:
            yield f"{op['token']} (version {op['version']}) stands before {before['token']} " \
                  f"(version {before['version']})"
        before = op
    asked = {op["token"] for op in records.client if op["what"] == "append"} | {"begin"}
    for token in final:
        if token not in asked:
            yield f"nobody asked for {token}, which is in the ledger"


def every_document_continues_the_one_before(records, verdict):
    last = None
    for version, text in sorted(documents(records).items()):
        ledger = ledger_of(text)
        if ledger is None:
            if last is not None:
                yield f"version {version} has no ledger"
            continue
        if last is not None and ledger[:len(last[1])] != last[1]:
            yield f"the ledger of version {version} does not continue that of version {last[0]}"
        last = version, ledger


def acknowledged_changes_are_in_their_document(records, verdict):
    """The document of exactly the version that was answered, where a register has kept it, shows the change."""
    kept = documents(records)
    for op in done(records):
        text = kept.get(op["version"])
        if text is None:
            continue
        verdict.count("answers compared with their very document")
        shown = op["token"] in (ledger_of(text) or []) if op["what"] == "append" else \
            op["token"] in names_of(text).values()
        if shown == (op["what"] == "remove"):
            yield f"{op['what']} {op['token']} was answered with version {op['version']}, whose document does not " \
                  f"show it"


def what_was_refused_never_shows(records, verdict):
    refused = {op["token"] for op in records.client if op["result"] == "refused" and op["what"] != "remove"}
    refused |= {op["token"] for op in records.client if op["what"] == "wrong"}
    for op in records.client:
        if op["what"] == "wrong" and op["result"] == "done":
            yield f"{op['token']}, which is wrong, was acknowledged"
    # a token that was refused through one node may not come by another way: each is asked for once
    texts = [(f"version {v}", set(ledger_of(t) or []) | set(names_of(t).values())) for v, t in documents(records).items()]
    for final in records.final:
        texts.append((f"the end on {final['node']}", set(final_alert(final, "ledger")["body_template"].split()) |
                      {check["name"] for check in final["checks"]}))
    for where, tokens in texts:
        for token in sorted(refused & tokens):
            yield f"{token} was refused and shows in {where}"


def checks_are_there_that_were_added(records, verdict):
    there = {check["name"] for check in records.final[0]["checks"]}
    removed = {op["token"]: op["result"] for op in records.client
               if op["what"] == "remove" and op["result"] != "refused"}
    for op in records.client:
        if op["what"] != "add":
            continue
        name = op["token"]
        if name in there and removed.get(name) == "done":
            yield f"{name} was removed and is there"
        elif op["result"] == "done" and name not in there and name not in removed:
            yield f"{name} was added and is not there"


def the_last_setting_of_a_register_stands(records, verdict):
    names = {check["id"]: check["name"] for check in records.final[0]["checks"]}
    for register in range(3):
        ops = {op["token"]: op for op in records.client if op["what"] == "set" and op["register"] == register}
        last = max((op for op in ops.values() if op["result"] == "done"), key=lambda op: op["version"], default=None)
        name = names.get(f"register-{register}")
        stands = ops.get(name)
        if stands and stands["result"] == "unknown":
            continue  # an unknown one that came last
        if last and name != last["token"]:
            yield f"register-{register} is {name}, but {last['token']} was acknowledged last (version {last['version']})"


def edits_by_hand_are_whole_or_nothing(records, verdict):
    tokens = {line["token"] for line in records.fault if line.get("kind") == "edit" and line.get("token")}
    verdict.count("good edits by hand", len(tokens))
    shown = set()
    for text in documents(records).values():
        names = names_of(text)
        shown |= tokens & set(names.values())
        if any(name.startswith("bad-") for name in names.values()) or "00000000-0000-4000-8000-000000000000" in text:
            yield "a bad edit was committed"
    verdict.count("of them committed", len(shown))


def versions_are_accounted_for(records, verdict):
    """version grows by exactly one per change: what was answered, and what may have happened unanswered."""
    begin = min((line["version"] for line in records.snapshot), default=None)
    if begin is None:
        yield "no snapshot"
        return
    grown = records.final[0]["version"] - begin
    after = [op for op in done(records) if op["version"] > begin]
    unknown = [op for op in records.client if op["result"] == "unknown"]
    edits = [line for line in records.fault if line.get("kind") in ("edit", "bad-edit")]
    # an edit that was in a file when its daemon was killed may be taken once more when it starts
    if not len(after) <= grown <= len(after) + len(unknown) + 2 * len(edits):
        yield f"the version grew by {grown}, with {len(after)} changes acknowledged, {len(unknown)} unknown and " \
              f"{len(edits)} edits by hand"


def died(records, node, begin, end):
    return any(fault["kind"] in ("kill", "kill-all", "ended") and fault.get("node") in (None, node) and
               fault["what"] != "end" and begin <= fault["done" if "done" in fault else "t"] and fault["t"] <= end
               for fault in records.fault)


def wrote_again(records, node, begin, end):
    return any(line.get("MESSAGE_ID") == DISK_RECOVERED and line["node"] == node and begin <= line["t"] <= end
               for line in records.journal)


def no_node_goes_back(records, verdict):
    last = {}
    for line in records.snapshot:
        before = last.get(line["node"])
        for what in ("term", "version"):
            if not before or line[what] >= before[what]:
                continue
            # that a value is committed is marked with the next write: a node that was killed before holds the value, but
            # shows the one before until a leader commits it again
            if what == "version" and died(records, line["node"], before["begin"], line["t"]):
                verdict.count("older versions shown after a crash")
            # a node that does not hear the leader, or cannot write, shows whom others hear leading, in their term; and its
            # own again when it hears of nobody any more, or takes part again
            elif what == "term" and before["master"] != line["id"] and (
                    before["via"] or not line["master"] or wrote_again(records, line["node"], before["begin"], line["t"])):
                verdict.count("terms heard of and not taken over")
            else:
                yield f"{line['node']} went back from {what} {before[what]} to {line[what]}"
        last[line["node"]] = line
    verdict.count("snapshots", len(records.snapshot))


RULES = (
    all_nodes_end_alike, one_version_is_one_document, versions_are_given_once_and_in_order,
    acknowledged_appends_are_in_the_ledger, every_document_continues_the_one_before,
    acknowledged_changes_are_in_their_document, what_was_refused_never_shows, checks_are_there_that_were_added,
    the_last_setting_of_a_register_stands, edits_by_hand_are_whole_or_nothing, versions_are_accounted_for,
    no_node_goes_back)
