# SPDX-License-Identifier: LGPL-2.1-or-later
"""Promise 3: no state flips without a majority of the configured peers, twice; and a majority that says DOWN is
right: the records know how each target was, and which node could reach it."""

import itertools

TIMEOUT = 1.0  # of every check in a run
ALWAYS_REFUSES = ("register-", "id-a.")


def transitions(records):
    """(check, number) -> the first line about it; what each node said must be the same."""
    first = {}
    for line in records.journal:
        if "QUPTIME_TRANSITION" in line:
            first.setdefault((line["QUPTIME_CHECK"], int(line["QUPTIME_TRANSITION"])), line)
    return first


def spans(lines, test):
    """[(begin, end, line)] of faults that pass the test; a fault is over when its end is done."""
    found, open_ = [], {}
    for line in lines:
        if line["what"] == "begin" and test(line):
            open_[line["number"]] = line
        elif line["what"] == "end" and line["number"] in open_:
            found.append((open_[line["number"]]["t"], line["done"], open_.pop(line["number"])))
    return found + [(line["t"], 1e12, line) for line in open_.values()]


class Truth:
    """How each target was, and whether a node could reach it."""

    def __init__(self, records):
        self.down = {"web": [], "port": [], "ping": []}
        for begin, end, line in spans(records.fault, lambda x: x["kind"] == "target"):
            self.down[line["target"]].append((begin, end))
        self.slow = {target: [] for target in self.down}  # as a look from its own host found it
        for line in records.probe:
            self.slow[line["target"]].append((line["begin"], line["end"]))
        self.away = {}
        for begin, end, line in spans(records.fault, lambda x: x["kind"] in ("cut-from-world", "cut-from-all", "delay")):
            self.away.setdefault(line["node"], []).append((begin, end))

    def may_fail(self, check, node, begin, end):
        """Whether a probe in that time could fail because of the target or the way there."""
        if check.startswith(ALWAYS_REFUSES):
            return True
        return any(a < end and b > begin 
                   for a, b in [*self.down[check], *self.slow[check], *self.away.get(node, [])])

    def may_succeed(self, check, node, begin, end):
        """Whether it could succeed: the target was not down all that time."""
        if check.startswith(ALWAYS_REFUSES):
            return False
        return not any(a <= begin and b >= end for a, b in self.down[check])


def votes(records):
    """round -> node -> its own word about its answer."""
    rounds = {}
    for line in records.journal:
        if "QUPTIME_ROUND" in line and "QUPTIME_RESULT" in line:
            rounds.setdefault((line["QUPTIME_CHECK"], int(line["QUPTIME_ROUND"])), {}).setdefault(line["node"], line)
    return rounds


def opened(records):
    """(check, term) -> rounds that its master opened, in order."""
    rounds = {}
    for line in records.journal:
        if "QUPTIME_ROUND" in line and "QUPTIME_RESULT" not in line:
            number = int(line["QUPTIME_ROUND"])
            rounds.setdefault((line["QUPTIME_CHECK"], number >> 32), []).append((line["t"], number, line["node"]))
    return rounds


# ---- rules ----

def all_tell_the_same_transitions(records, verdict):
    first = transitions(records)
    for line in records.journal:
        if "QUPTIME_TRANSITION" not in line:
            continue
        other = first[line["QUPTIME_CHECK"], int(line["QUPTIME_TRANSITION"])]
        # whoever missed some comes from an older state
        for field in ("QUPTIME_TO", "QUPTIME_NODE", "QUPTIME_TERM", "QUPTIME_OK", "QUPTIME_NOT_OK"):
            if line.get(field) != other.get(field):
                yield f"transition {line['QUPTIME_TRANSITION']} of {line['QUPTIME_CHECK']}: {field} is " \
                      f"{other.get(field)} on {other['node']}, {line.get(field)} on {line['node']}"
    for (check, number), line in first.items():
        if check in ("web", "port", "ping"):
            verdict.count(f"transitions to {line['QUPTIME_TO']}")
            if number > 1 and (check, number - 1) not in first:
                yield f"nobody told transition {number - 1} of {check}"


def agree(check, answers, to):
    wanted = {"down": "failed", "up": "ok"}[to]
    return {node for node, line in answers.items() if line["QUPTIME_RESULT"] == wanted}


def no_verdict_without_a_majority(records, verdict):
    """Two rounds in a row, opened by the master of that term, in each of which a majority of the voters says of itself
    that it answered so; and of those who said failed, a majority could not reach the target indeed."""
    majority = records.run["nodes"] // 2 + 1
    rounds, answers, truth = opened(records), votes(records), Truth(records)
    letters = records.run["ids"]
    for (check, number), line in transitions(records).items():
        to, term, master = line["QUPTIME_TO"], int(line["QUPTIME_TERM"]), letters[line["QUPTIME_NODE"]]
        field = "QUPTIME_OK" if to == "up" else "QUPTIME_NOT_OK"
        if int(line[field]) < majority:
            yield f"transition {number} of {check} to {to} has {line[field]} votes of {records.run['nodes']}"
        mine = [r for t, r, node in rounds.get((check, term & 0x7fffffff), []) if node == master and t <= line["t"]]
        good = false = None
        for a, b in itertools.pairwise(mine):
            said = [agree(check, answers.get((check, r), {}), to) for r in (a, b)]
            if all(len(nodes) >= majority for nodes in said):
                good = a, b
                false = [(r, node) for r, nodes in zip((a, b), said) for node in nodes
                         if not is_true(truth, check, node, answers[check, r][node], to)]
                if not any(sum(r == which for r, _ in false) > len(nodes) - majority
                           for which, nodes in zip((a, b), said)):
                    break
        if not good:
            yield f"transition {number} of {check} to {to} (term {term}, {master}) has no two rounds with a majority " \
                  f"each: {[len(agree(check, answers.get((check, r), {}), to)) for r in mine]}"
        elif any(sum(r == which for r, _ in false) > len(agree(check, answers[check, which], to)) - majority
                 for which in good):
            yield f"transition {number} of {check} to {to} is false: {sorted({node for _, node in false})} had no " \
                  f"reason to say so"
        else:
            verdict.count("verdicts proved by two rounds")


def is_true(truth, check, node, line, to):
    begin, end = line["t"] - TIMEOUT - 0.6, line["t"] + 0.05
    return truth.may_fail(check, node, begin, end) if to == "down" else truth.may_succeed(check, node, begin, end)


def states_are_true_in_the_end(records, verdict):
    for final in records.final:
        for check in final["checks"]:
            wanted = "down" if check["id"].startswith(ALWAYS_REFUSES) else "up"
            if check["state"] != wanted:
                yield f"{final['node']} ends with {check['name']} {check['state']}"


RULES = (all_tell_the_same_transitions, no_verdict_without_a_majority, states_are_true_in_the_end)
