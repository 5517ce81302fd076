# SPDX-License-Identifier: LGPL-2.1-or-later
"""The questions of quptime-journal(7), as the page has them, asked of a journal in which each has an answer."""

import json
import re

import bed
from bed import Failure, harness, wait_for

WHY = bed.available()
MANUAL = (bed.ROOT / "man" / "quptime-journal.7").read_text()
CATALOG = (bed.ROOT / "units" / "quptime.catalog").read_text()
POST_INSTALL = (bed.ROOT / "units" / "post-install").read_text()


def questions():
    """(question, command) in the page's order."""
    text = MANUAL.partition(".SH QUESTIONS\n")[2].partition("\n.SH ")[0].replace("\\-", "-")
    return re.findall(r"(?m)^\.B ([^\n]+\?)\n\.nf\n(journalctl [^\n]+)\n\.fi$", text)


def subjects():
    """Message id -> what its explanation begins with."""
    return dict(re.findall(r"(?m)^-- ([0-9a-f]{32})\nSubject: (.+)$", CATALOG))


def log(node):
    return node.sh("journalctl --sync; journalctl -q -o cat -t quptimed")


def event(node, last_digits):
    """How many entries there are with the message id that ends so."""
    return len(node.sh(f"journalctl --sync; journalctl -q -o cat MESSAGE_ID=2f1c6f0c3b5d4c1ea3a4a7b0cf1e7{last_digits}")
               .splitlines())


# ---- what happens ----

def a_join_fails_and_then_goes_well(shared):
    first, last = shared.nodes[0], shared.nodes[-1]
    first.quctl("node", "remove", last.node_id)
    wait_for("it knows", lambda: "quctl node reset" in last.quctl("status", check=False).stdout)
    last.quctl("node", "reset", "--yes")
    last.quctl("init", "--advertise", f"{last.address}:9901", "--secret", "another secret of twenty characters")
    done = first.quctl("node", "add", f"{last.address}:9901", "--yes", check=False, timeout=120)
    assert done.returncode == 1, done
    last.quctl("node", "reset", "--yes")
    last.init()
    first.quctl("node", "add", f"{last.address}:9901", "--yes", timeout=120)
    shared.bed.settled()


def a_relay_makes_us_wait_and_then_refuses(shared):
    told = len(shared.smtp.subjects(" DOWN "))
    first = shared.nodes[0]
    shared.smtp.mode = "busy"
    shared.goes("down")
    wait_for("it was put off", lambda: event(first, "a13"))
    shared.smtp.mode = "accept"
    wait_for("it was told at last", lambda: len(shared.smtp.subjects(" DOWN ")) > told, 90)
    shared.smtp.mode = "refuse"
    shared.goes("up")
    wait_for("it was refused", lambda: event(first, "a14"))
    shared.smtp.mode = "accept"


def a_node_cannot_probe(shared):
    first = shared.nodes[0]

    def pings(groups):
        shared.bed.testbed("world", "ip", "netns", "exec", first.name, "sysctl", "-qw",
                           f"net.ipv4.ping_group_range={groups}")
    pings("1 0")
    try:
        first.quctl("check", "add", "icmp", "router", bed.WORLD, *bed.FAST)
        wait_for("it abstains", lambda: event(first, "a1a"))
    finally:
        pings("0 2147483647")
    wait_for("it probes again", lambda: event(first, "a1f"))


def scenario(shared):
    shared.cluster()
    first, second = shared.nodes[:2]
    a_join_fails_and_then_goes_well(shared)
    first.run("busctl", "call", "org.quptime1", "/org/quptime1", "org.quptime1.Manager", "EditCheck", "sa{sv}", "homepage",
              1, "body_match", "s", "hello")
    edited = first.status()["version"]
    a_node_cannot_probe(shared)
    second.systemctl("restart", "quptime")
    wait_for("the cut is noticed", lambda: event(first, "a08"))
    shared.bed.settled()
    first.sh("echo 'checks: [' >/etc/quptime/cluster.yaml")
    wait_for("the edit is refused", lambda: event(first, "a18"))
    a_relay_makes_us_wait_and_then_refuses(shared)
    return edited


# ---- what is asked ----

def answers(shared):
    """Question -> words that its answer must have, and words that it must not."""
    first, second, last = shared.nodes
    return {
        "When was the check homepage down in the last month?": (
            ["check homepage: up -> down"], ["-> up"]),
        "What happened to any check today?": (
            ["check homepage: up -> down", "check homepage: down -> up", "check router: unknown -> up"], ["was added"]),
        "Who changed this check, and what?": (
            ["check homepage was added", "check homepage was changed: body_match"], ["-> down", "router"]),
        "Which alerts were not delivered?": (
            ["alert ops: RECOVERED of homepage to ops@example.com", "550"], ["was delivered", "451"]),
        "Which relay made us wait, and what did it say?": (
            ["QUPTIME_ALERT_NAME=ops", "QUPTIME_RECIPIENT=ops@example.com", "QUPTIME_DETAIL=", "451"], ["550"]),
        "Was ops@example.com told that homepage was down?": (
            ["alert ops: DOWN of homepage to ops@example.com was delivered"], ["RECOVERED", " UP "]),
        "Who was the master, and when?": (
            [f"{first.node_id} leads"], ["check homepage"]),
        "Which peers were lost since yesterday?": (
            [second.node_id], ["connected to"]),
        "What can this node not probe, and why?": (
            ["check router", "cannot probe", "again"], ["homepage: up"]),
        "Who tried to join, from where, without success?": (
            [f'"QUPTIME_ADDRESS":"{last.address}:9901"'], []),
        "Which edits of cluster.yaml were not accepted?": (
            ["cluster.yaml"], ["check homepage"]),
        "What came with version 42 of the configuration?": (
            ["check homepage was changed: body_match", "asked for EditCheck of homepage: done"], ["router"]),
    }


def test_each_question_has_its_answer():
    if WHY:
        return WHY
    shared = bed.shared()
    edited = scenario(shared)
    node, expected = shared.nodes[0], answers(shared)
    asked = questions()
    assert len(asked) >= 10 and {question for question, _ in asked} == set(expected), asked
    wrong = []
    for question, command in asked:
        out = node.sh(command.replace("QUPTIME_VERSION=42", f"QUPTIME_VERSION={edited}"))
        out = re.sub(r'"(\w+)" : ', r'"\1":', out)
        there, absent = expected[question]
        missing = [word for word in there if word not in out] + [f"not {word}" for word in absent if word in out]
        print(f"# {question} {len(out.splitlines())} lines", flush=True)
        if missing:
            wrong.append(f"{question}\n{command}\nwants {missing}:\n{out[-3000:]}")
    if wrong:
        raise Failure("\n".join(wrong))
    # who it was, as the page says
    out = node.sh("journalctl QUPTIME_CHECK_NAME=homepage QUPTIME_MEMBER=EditCheck")
    assert "uid 0" in out and f"version {edited}" in out, out


def test_every_node_tells_what_was_agreed():
    if WHY:
        return WHY
    shared = bed.shared()
    shared.cluster()
    for node in shared.nodes:
        text = log(node)
        for words in ("check homepage: up -> down", "RECOVERED of homepage to ops@example.com"):
            assert words in text, (node.name, words, text[-3000:])


def test_every_entry_is_explained():
    if WHY:
        return WHY
    shared = bed.shared()
    shared.cluster()
    known, seen = subjects(), set()
    for node in shared.nodes:
        node.sh("journalctl --sync")
        for line in node.sh("journalctl -q -t quptimed -o json --output-fields=MESSAGE_ID").splitlines():
            seen.add(json.loads(line)["MESSAGE_ID"])
        text = node.sh("journalctl -q -x -t quptimed")
        for one in {json.loads(line)["MESSAGE_ID"] for line in node.sh(
                "journalctl -q -t quptimed -o json --output-fields=MESSAGE_ID").splitlines()}:
            subject = re.sub(r"@\w+@", "", known[one]).strip()
            assert f"Subject: {subject}"[:40] in text, (node.name, one, subject)
        left = set(re.findall(r"@QUPTIME_\w+@", text))
        assert not left, f"{node.name}: fields that the entries have not: {left}"
    print(f"# {len(seen)} of {len(known)} events were seen")
    assert len(seen) >= 15, seen


def test_the_installation_brings_the_catalog():
    if WHY:
        return WHY
    node = bed.shared().nodes[0]
    node.sh("rm -f /var/lib/systemd/catalog/database")
    node.run("sh", "-s", input=POST_INSTALL)
    listed = node.sh("journalctl --list-catalog")
    for one, subject in subjects().items():
        assert f"{one} quptime: {subject}" in listed, (one, subject)


if __name__ == "__main__":
    bed.main_of(globals())
