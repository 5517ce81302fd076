# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves the promises from the records of one run, or says which is broken and by what.

It trusts nothing but the records: no state of the daemons, no order of files. Each rule is a function that takes the
evidence and yields sentences about what is broken. What is allowed but should be known (a mail that came twice and
why) is counted. `checker.py DIRECTORY` looks at a kept run once more; test_checker.py shows that doctored records are
caught.
"""

import sys

import rules_alerts
import rules_changes
import rules_lead
import rules_verdicts
from records import Records

RULES = (*rules_changes.RULES, *rules_lead.RULES, *rules_verdicts.RULES, *rules_alerts.RULES)


class Verdict:
    def __init__(self):
        self.broken = []   # (rule, sentence)
        self.counts = {}   # what is told
        self.repeats = []  # sentences: which message came twice, and why that may be

    def count(self, what, n=1):
        self.counts[what] = self.counts.get(what, 0) + n

    def report(self):
        for rule, sentence in self.broken:
            yield f"BROKEN  {rule}: {sentence}"
        for sentence in self.repeats:
            yield f"repeat  {sentence}"
        yield "counts  " + "; ".join(f"{n} {what}" for what, n in sorted(self.counts.items()))
        yield "FAILED" if self.broken else "passed"


def run_went_well(records, _verdict):
    if records.run.get("missing"):
        yield f"after healing: {records.run['missing']}"
    for complaint in records.run.get("complaints", []):
        yield f"a daemon complains: {complaint}"
    for line in records.fault:
        if line["kind"] == "ended":
            yield f"{line['node']} ended by itself, with {line['code']}"


def check(records):
    verdict = Verdict()
    for rule in (run_went_well, *RULES):
        name = rule.__name__.replace("_", " ")
        try:
            verdict.broken += [(name, sentence) for sentence in rule(records, verdict)]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            verdict.broken.append((name, f"the records cannot be read: {error!r}"))
    for line in records.fault:
        if line["what"] in ("begin", "instant") and line["kind"] not in ("target", "relay", "healed"):
            verdict.count(f"x {line['kind']}")
    return verdict


def main():
    broken = False
    for directory in sys.argv[1:]:
        verdict = check(Records.load(directory))
        broken = broken or bool(verdict.broken)
        print(directory)
        for line in verdict.report():
            print("  " + line)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
