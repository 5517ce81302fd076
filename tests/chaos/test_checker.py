# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checker of tools/chaos catches what it is there for: records of a good run pass, and each of the same records
with one lie in them is caught by the rule that is meant for it. No daemon runs here."""

import copy
import hashlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import checker  # noqa: E402
import harness  # noqa: E402
import plan  # noqa: E402
from records import DELIVERED, MASTER, MASTER_NO_MORE, REFUSED, Records  # noqa: E402
from rules_alerts import prefix  # noqa: E402

IDS = {"id-a": "A", "id-b": "B", "id-c": "C"}
RECIPIENT = "ops@example.com"


def document(version, ledger, checks):
    text = f"# comment\nversion: {version}\nchecks:\n"
    for i, name in checks:
        text += f"  - id: {i}\n    name: {name}\n    type: tcp\n"
    text += "alerts:\n  - id: x\n    name: ledger\n    type: discord\n    body_template: |-\n"
    return text + "".join(f"      {token}\n" for token in ledger) + "...\n"


def notice(number):
    return f"{prefix('web')}-{number:010d}-{'e' * 16}"


def message_id(number):
    return f"<{hashlib.sha256(notice(number).encode()).hexdigest()[:32]}.quptime@cluster>"


class Story:
    """Three nodes; A leads term 2, then B term 3. web is up, falls at 20, is back at 40. One append, one add, one
    removal, one setting of a register; one append refused."""

    def __init__(self):
        self.lines = {kind: [] for kind in ("journal", "client", "snapshot", "document", "mail", "hook", "fault", "final",
                                            "probe")}
        self.run = {"seed": 1, "nodes": 3, "seconds": 60, "begin": 0, "end": 100, "joined": 1, "faults": 5, "version": 10,
                    "ids": IDS, "recipients": [RECIPIENT], "missing": None, "complaints": []}
        self.lead()
        self.verdict(1, "up", 6, 2, "id-a")
        self.add("fault", t=20, done=20.1, what="begin", kind="target", target="web", number=1, how="refuse", length=20)
        self.verdict(2, "down", 25, 2, "id-a")
        self.add("fault", t=30, done=30.1, what="begin", kind="kill", node="A", number=2, length=5)
        self.add("fault", t=35, done=35.1, what="end", kind="kill", node="A", number=2)
        self.add("fault", t=40, done=40.1, what="end", kind="target", target="web", number=1, how="refuse")
        self.verdict(3, "up", 45, 3, "id-b")
        self.changes()
        self.messages()
        self.end()

    def add(self, kind, /, **line):
        self.lines[kind].append(line)

    def lead(self):
        self.add("journal", t=2, node="A", pid=1, MESSAGE_ID=MASTER, QUPTIME_TERM="2", QUPTIME_NODE="id-a")
        self.add("journal", t=33, node="B", pid=2, MESSAGE_ID=MASTER, QUPTIME_TERM="3", QUPTIME_NODE="id-b")
        for t, term, master in ((6, 2, "id-a"), (34, 3, "id-b"), (90, 3, "id-b")):
            for i, node in IDS.items():
                self.add("snapshot", t=t, begin=t, node=node, id=i, term=term, master=master, via="", version=10 if t < 50 else 14)

    def verdict(self, number, to, t, term, master):
        result = {"down": "failed", "up": "ok"}[to]
        for k, at in enumerate((t - 2, t - 1)):
            r = str(term << 32 | number * 10 + k)
            self.add("journal", t=at, node=IDS[master], pid=1, QUPTIME_CHECK="web", QUPTIME_ROUND=r)
            for node in IDS.values():
                self.add("journal", t=at + 0.1, node=node, pid=1, QUPTIME_CHECK="web", QUPTIME_ROUND=r,
                         QUPTIME_RESULT=result if node != "C" else "abstained")
        for node in IDS.values():
            self.add("journal", t=t, node=node, pid=1, QUPTIME_CHECK="web", QUPTIME_TRANSITION=str(number),
                     QUPTIME_TO=to, QUPTIME_NODE=master, QUPTIME_TERM=str(term),
                     QUPTIME_OK="2" if to == "up" else "0", QUPTIME_NOT_OK="0" if to == "up" else "2")

    def changes(self):
        def op(at, what, token, result, version, **more):
            self.add("client", t=at + 0.1, begin=at, end=at + 0.1, user="u0", what=what, token=token, node="B",
                     result=result, version=version, error=None, text=None, **more)
        op(50, "append", "u0.1", "done", 11)
        op(51, "add", "a.u0.2", "done", 12)
        op(52, "set", "r0.u0.3", "done", 13, register=0)
        op(53, "append", "u0.4", "done", 14)
        op(54, "append", "u0.5", "refused", None)
        ledger, checks = ["begin"], [("register-0", "r0.begin")]
        for node in IDS.values():
            self.add("document", t=95, node=node, source="register", version=10, text=document(10, ledger, checks))
            self.add("document", t=95, node=node, source="register", version=11,
                     text=document(11, ledger + ["u0.1"], checks))
            checks2 = [("register-0", "r0.u0.3"), ("id-a.u0.2", "a.u0.2")]
            self.add("document", t=95, node=node, source="register", version=13,
                     text=document(13, ledger + ["u0.1"], checks2))
            self.add("document", t=95, node=node, source="register", version=14,
                     text=document(14, ledger + ["u0.1", "u0.4"], checks2))

    def mail(self, at, node, number, word, answered=True):
        self.add("mail", t=at, node=node, recipient=RECIPIENT, taken=True, how=None, begin=at - 0.1, dot=at, end=at,
                 message_id=message_id(number), subject=f"[quptime] HTTP {word} — web", bytes=f"mail {number}",
                 answered=answered)

    def hook(self, at, node, number, word, answered=True):
        content = f"web {word}\n-# notice {notice(number)}"
        self.add("hook", t=at, node=node, recipient="webhook", how=None, begin=at - 0.1, dot=at, end=at, bytes=content,
                 content=content, status=204, taken=True, answered=answered)

    def messages(self):
        self.mail(6.5, "A", 1, "UP")
        self.hook(6.5, "A", 1, "is now up")
        self.mail(26, "A", 2, "DOWN")
        self.hook(26, "A", 2, "is now down", answered=False)
        self.hook(36, "B", 2, "is now down")  # A was killed, and had no answer either
        self.mail(46, "B", 3, "RECOVERED")
        self.hook(46, "B", 3, "has recovered")
        for number, at in ((1, 6.6), (2, 26.1), (3, 46.1)):
            for recipient in (RECIPIENT, "webhook"):
                if (number, recipient) != (2, "webhook"):
                    self.add("journal", t=at, node="B", pid=2, MESSAGE_ID=DELIVERED, QUPTIME_NOTICE=notice(number),
                             QUPTIME_RECIPIENT=recipient)

    def end(self):
        for i, node in IDS.items():
            self.add("final", t=98, node=node, id=i, term=3, master="id-b", version=14,
                     alerts=[{"id": "x", "name": "ledger", "body_template": "begin\nu0.1\nu0.4", "revision": 14, "owed": 0}],
                     checks=[{"id": "web", "name": "web", "revision": 1, "state": "up", "since": 1},
                             {"id": "register-0", "name": "r0.u0.3", "revision": 13, "state": "down", "since": 1},
                             {"id": "id-a.u0.2", "name": "a.u0.2", "revision": 12, "state": "down", "since": 1}])

    def records(self):
        return Records(copy.deepcopy(self.run), copy.deepcopy(self.lines))

    # ---- for those who doctor it ----

    def first(self, kind, /, **fields):
        return next(line for line in self.lines[kind] if all(line.get(k) == v for k, v in fields.items()))

    def drop(self, kind, test):
        self.lines[kind] = [line for line in self.lines[kind] if not test(line)]


def broken_rules(story):
    return {rule for rule, _ in checker.check(story.records()).broken}


def caught(rule, doctor):
    story = Story()
    doctor(story)
    rules = broken_rules(story)
    assert rule in rules, f"not caught by {rule!r}: {rules or 'nothing is broken'}"


def everywhere(story, old, new):
    for line in story.lines["final"]:
        line["alerts"][0]["body_template"] = line["alerts"][0]["body_template"].replace(old, new)


# ---- tests ----

def test_a_good_run_passes():
    verdict = checker.check(Story().records())
    assert not verdict.broken, verdict.broken
    assert verdict.counts["repeats, all explained"] == 1 and verdict.counts["verdicts proved by two rounds"] == 3
    assert verdict.counts["DOWN with its RECOVERED"] == 2 and verdict.counts["changes acknowledged"] == 4


def test_changes():
    caught("acknowledged appends are in the ledger", lambda s: everywhere(s, "\nu0.1", ""))
    caught("acknowledged appends are in the ledger", lambda s: everywhere(s, "u0.1\nu0.4", "u0.4\nu0.1"))
    caught("acknowledged appends are in the ledger", lambda s: everywhere(s, "u0.4", "u0.4\nu0.4"))
    caught("what was refused never shows", lambda s: everywhere(s, "u0.4", "u0.4\nu0.5"))
    caught("all nodes end alike", lambda s: s.lines["final"][1].update(version=13))
    caught("all nodes end alike", lambda s: s.lines["final"][2]["checks"].pop())
    caught("one version is one document",
           lambda s: s.first("document", node="B", version=13).update(text=document(13, ["begin"], [])))
    caught("every document continues the one before",
           lambda s: [d.update(text=d["text"].replace("      u0.1\n", "")) for d in s.lines["document"]
                      if d["version"] == 13])
    caught("acknowledged changes are in their document",
           lambda s: s.first("client", token="u0.4").update(version=13))
    caught("versions are given once and in order", lambda s: s.first("client", token="u0.4").update(version=11))
    caught("versions are given once and in order",
           lambda s: (s.first("client", token="u0.1").update(version=12), s.first("client", token="a.u0.2").update(version=11)))
    caught("checks are there that were added", lambda s: [f["checks"].pop() for f in s.lines["final"]])
    caught("the last setting of a register stands",
           lambda s: [f["checks"][1].update(name="r0.begin") for f in s.lines["final"]])
    caught("versions are accounted for", lambda s: [f.update(version=15) for f in s.lines["final"]])
    caught("no node goes back", lambda s: s.add("snapshot", t=95, begin=95, node="A", id="id-a", term=3, master="id-b",
                                                via="", version=12))
    caught("no node goes back", lambda s: s.add("snapshot", t=95, begin=95, node="A", id="id-a", term=2, master="id-b",
                                                via="", version=14))


def test_lead():
    caught("no two masters in a term", lambda s: s.add("journal", t=50, node="C", pid=3, MESSAGE_ID=MASTER,
                                                       QUPTIME_TERM="3", QUPTIME_NODE="id-c"))
    caught("no two masters in a term", lambda s: s.first("snapshot", node="C", term=3).update(master="id-a"))
    caught("leases do not overlap", lambda s: (
        s.drop("fault", lambda f: f["kind"] == "kill"),
        s.add("journal", t=36, node="A", pid=1, MESSAGE_ID=MASTER_NO_MORE, QUPTIME_TERM="2")))


def test_verdicts():
    rule = "no verdict without a majority"
    caught(rule, lambda s: s.first("journal", node="A", QUPTIME_TRANSITION="2").update(QUPTIME_NOT_OK="1"))
    # one of two who said failed said so of itself never
    caught(rule, lambda s: s.drop("journal", lambda j: j.get("QUPTIME_RESULT") == "failed" and j["node"] == "B"))
    # the second round is missing
    caught(rule, lambda s: s.drop("journal", lambda j: j.get("QUPTIME_ROUND") == str(2 << 32 | 21)))
    # the target was up all the time
    caught(rule, lambda s: s.drop("fault", lambda f: f["kind"] == "target"))
    # and down when it was called up
    caught(rule, lambda s: s.drop("fault", lambda f: f["kind"] == "target" and f["what"] == "end"))
    caught("all tell the same transitions",
           lambda s: s.first("journal", node="C", QUPTIME_TRANSITION="2").update(QUPTIME_TO="up"))
    caught("states are true in the end", lambda s: s.lines["final"][0]["checks"][0].update(state="down"))


def test_alerts():
    caught("every owed message is delivered", lambda s: s.drop("mail", lambda m: m["bytes"] == "mail 2"))
    caught("each down has its recovered", lambda s: s.drop("mail", lambda m: m["bytes"] == "mail 3"))
    caught("each down has its recovered", lambda s: s.drop("hook", lambda m: "recovered" in m["content"]))
    caught("messages come in order", lambda s: s.first("mail", bytes="mail 2").update(dot=47))
    caught("every message is of a transition", lambda s: s.mail(70, "B", 4, "DOWN"))
    caught("every message is of a transition",
           lambda s: s.first("mail", bytes="mail 3").update(subject="[quptime] HTTP DOWN — web"))
    # repeated with other bytes, with another Message-ID, without a reason, after its delivery was known
    caught("repeats are the same message", lambda s: (
        s.mail(36, "B", 2, "DOWN"), s.lines["mail"][-1].update(bytes="mail 2, but later")))
    caught("every message is of a transition", lambda s: (
        s.mail(36, "B", 2, "DOWN"), s.lines["mail"][-1].update(message_id="<another.quptime@cluster>")))
    caught("repeats are the same message", lambda s: s.hook(37, "B", 2, "is now down (repeated)"))
    caught("repeats are explained", lambda s: s.mail(48, "B", 3, "RECOVERED"))
    caught("repeats are explained", lambda s: s.mail(45, "B", 2, "DOWN"))
    caught("refusals are the relays", lambda s: s.add(
        "journal", t=50, node="B", pid=2, MESSAGE_ID=REFUSED, QUPTIME_NOTICE=notice(3), QUPTIME_RECIPIENT=RECIPIENT))
    caught("the outbox is empty", lambda s: s.lines["final"][2]["alerts"][0].update(owed=1))


def test_a_refusal_of_the_relay_is_no_fault():
    story = Story()
    for number in (2, 3):
        story.drop("mail", lambda m, n=number: m["bytes"] == f"mail {n}")
    story.drop("journal", lambda j: j.get("MESSAGE_ID") == DELIVERED and j["QUPTIME_RECIPIENT"] == RECIPIENT)
    story.add("mail", t=26, node="A", recipient=RECIPIENT, taken=False, how="550", begin=25.9, end=26, answered=True)
    story.add("journal", t=26.1, node="A", pid=1, MESSAGE_ID=REFUSED, QUPTIME_NOTICE=notice(2), QUPTIME_RECIPIENT=RECIPIENT)
    assert not broken_rules(story), checker.check(story.records()).broken


def test_a_disk_that_works_again_shows_its_own_term():
    """A node that could not write showed whom it heard leading, in their term, and shows its own when it takes part again."""
    def goes_back(story):
        story.add("snapshot", t=91, begin=91, node="A", id="id-a", term=4, master="id-b", via="", version=14)
        story.add("snapshot", t=92, begin=92, node="A", id="id-a", term=3, master="id-b", via="", version=14)
        story.add("snapshot", t=93, begin=93, node="A", id="id-a", term=4, master="id-b", via="", version=14)
    caught("no node goes back", goes_back)
    story = Story()
    goes_back(story)
    story.add("journal", t=91.5, node="A", pid=1, MESSAGE_ID="2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a1e", MESSAGE="written again")
    assert "no node goes back" not in broken_rules(story), checker.check(story.records()).broken


def test_what_cannot_be_read_is_no_pass():
    caught("no two masters in a term", lambda s: (s.lines["journal"].clear(), s.lines["snapshot"].clear(),
                                                  s.lines["final"].clear()))
    caught("versions are accounted for", lambda s: s.lines["snapshot"].clear())
    caught("one version is one document", lambda s: s.lines["document"].clear())
    caught("run went well", lambda s: s.run.update(missing="B does not answer"))
    caught("run went well", lambda s: s.add("fault", t=50, what="instant", kind="ended", node="B", code=1))


def test_a_seed_is_a_plan():
    for nodes in (3, 5):
        one, again, other = (plan.make(seed, nodes, 30) for seed in (7, 7, 8))
        assert one == again and one != other
        kinds = {step.get("kind", step["do"]) for seed in range(40) for step in plan.make(seed, nodes, 30)}
        missing = {*plan.NODE_FAULTS, *plan.NET_FAULTS, *plan.ALL_FAULTS, "target", "relay"} - kinds
        assert not missing, missing
        assert all(plan.in_words(step) for step in one)
        begun = [s["number"] for s in one if s["do"] == "begin"]
        ended = [s["number"] for s in one if s["do"] == "end"]
        assert sorted(begun) == sorted(ended)


if __name__ == "__main__":
    harness.main(globals())
