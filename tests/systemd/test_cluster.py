# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three booted hosts, one cluster, formed and used as root would: units, quctl over the system bus, faults."""

import json
import re

import bed
from bed import Failure, harness, wait_for

WHY = bed.available()


class Cluster:
    """The bed, with a target and a relay in its world."""

    def __init__(self, b):
        self.bed = b
        self.http = harness.HttpTarget(bed.WORLD, 8080, b.world).start()
        self.smtp = harness.SmtpReceiver(bed.WORLD, 25, b.world).start()
        b.form_cluster()
        last = b.nodes[-1]
        last.quctl("alert", "add", "smtp", "ops", "--host", bed.WORLD, "--port", 25, "--from", "quptime@example.com",
                   "--to", "ops@example.com", "--starttls=false", "--default")
        last.quctl("check", "add", "http", "homepage", self.http.url, *bed.FAST)
        b.all_see("homepage", "up")
        wait_for("the first UP is told", lambda: self.told(" UP "))

    def told(self, word):
        return self.smtp.subjects(word)

    def goes(self, state, nodes=None, seconds=60):
        """The target goes down or up; all of these nodes know it, and exactly one mail tells it."""
        word = {"down": " DOWN ", "up": " RECOVERED "}[state]
        before = len(self.told(word))
        self.http.status = 500 if state == "down" else 200
        self.bed.all_see("homepage", state, nodes, seconds)
        wait_for(f"{word.strip()} is told", lambda: len(self.told(word)) > before, seconds)
        if len(self.told(word)) != before + 1:
            raise Failure(f"told more than once: {self.told('')}")

    def checks_are_known(self):
        for node in self.bed.nodes:
            names = {check["name"] for check in node.status()["checks"]}
            assert "homepage" in names, names

    def kept_promises(self):
        """At the end of a fault: all three agree, nothing acknowledged is lost, and it works as before."""
        self.bed.settled(seconds=60)
        versions = {node.status()["version"] for node in self.bed.nodes}
        if len(versions) != 1:
            raise Failure(f"versions: {versions}")
        self.checks_are_known()
        self.bed.all_see("homepage", "up")


class Story:
    """What `journalctl -x` tells on each node from now on."""

    def __init__(self, nodes):
        self.cursors = {node: self.cursor(node) for node in nodes}

    @staticmethod
    def cursor(node):
        text = node.sh("journalctl --sync; journalctl -q -n 1 --show-cursor -o cat")
        return re.search(r"-- cursor: (\S+)", text).group(1)

    def of(self, node):
        return node.sh(f"journalctl --sync; journalctl -q -x --after-cursor='{self.cursors[node]}'")

    def is_told(self, node, *chapters, also=()):
        """These subjects, in this order, whatever stands between them; and these words somewhere."""
        def told():
            text = self.of(node)
            subjects, left = re.findall(r"Subject: (.+)", text), list(chapters)
            for subject in subjects:
                if left and subject == left[0]:
                    left.pop(0)
            missing = [words for words in also if words not in re.sub(r"\n\S* ", " ", text)]
            if left or missing:
                raise Failure(f"{node.name} does not tell {left + missing}, but {subjects}")
            return subjects
        return wait_for(f"the story of {node.name}", told)


WORKS = "The uptime monitor works on this host"
LOST = "A peer cannot be reached"
FOUND = "Connected to a peer"
LEADER = "Another node leads"
MASTER = "This node is the master"
CHANGED = "The configuration changed"
FLIPPED = "A check changed its state"
DELIVERED = "An alert was delivered"
GO_ON = "While more than half of all nodes are connected, nothing is lost."


def test_formed_over_the_system_bus():
    if WHY:
        return WHY
    for node in ALL.bed.nodes:
        status = json.loads(node.quctl("--json=short", "--system", "status").stdout)
        assert len(status["peers"]) == 3 and all(peer["live"] for peer in status["peers"]), status
        # and the same to whoever calls the bus himself
        rows = node.sh("busctl --json=short call org.quptime1 /org/quptime1 org.quptime1.Manager ListPeers")
        assert len(json.loads(rows)["data"][0]) == 3
        # others may look, and not touch
        assert node.run("runuser", "-u", "nobody", "--", "quctl", "status").returncode == 0
        done = node.run("runuser", "-u", "nobody", "--", "quctl", "check", "remove", "homepage", check=False)
        assert done.returncode == 1, done
        text = node.run("systemctl", "--no-pager", "status", "quptime").stdout
        assert 'quorum yes (3 of 3 live, need 2), 0 checks down"' in text, text
    ALL.goes("down")
    wait_for("the STATUS line tells it", lambda: all(
        node.show("StatusText").endswith(", 1 check down") for node in ALL.bed.nodes))
    ALL.goes("up")


def test_a_link_is_cut():
    if WHY:
        return WHY
    master = ALL.bed.settled()
    other, third = [node for node in ALL.bed.nodes if node is not master]
    before, story = len(ALL.told(" DOWN ")), Story(ALL.bed.nodes)
    ALL.bed.testbed("partition", master.name, other.name)
    try:
        wait_for("the cut is noticed", lambda: "lost the connection" in other.log(50, "-u", "quptime"))

        def one_master():
            masters = {node.status()["master"] for node in ALL.bed.nodes}
            return len(masters) == 1 and masters.pop()
        wait_for("one master, known to all", one_master, 40, every=0.2)
        # whoever does not hear the master itself is served through the third
        for node in (master, other):
            node.quctl("check", "add", "tcp", f"of-{node.name}", f"{bed.WORLD}:25", *bed.FAST)
        ALL.goes("down", [third])
        ALL.goes("up")
    finally:
        ALL.bed.testbed("heal")
    ALL.kept_promises()
    assert len(ALL.told(" DOWN ")) == before + 1
    for node, peer in ((master, other), (other, master)):
        story.is_told(node, LOST, FOUND, also=[
            f"The connection to node {peer.node_id} ended", GO_ON, f"Node {peer.node_id} at "])
        story.is_told(node, CHANGED, FLIPPED, FLIPPED)
    # the third has nothing to tell of the cut but what came of it
    assert LOST not in story.is_told(third, CHANGED, FLIPPED, DELIVERED, FLIPPED, DELIVERED)
    for node in (master, other):
        node.quctl("check", "remove", f"of-{node.name}")


def test_the_peer_port_alone_brings_a_member_back():
    if WHY:
        return WHY
    master = ALL.bed.settled()
    node = next(node for node in ALL.bed.nodes if node is not master)
    node.systemctl("stop", "quptime.service", "quptime-control.socket")
    wait_for("it is missed", lambda: next(
        peer for peer in master.status()["peers"] if peer["node_id"] == node.node_id)["live"] is False)
    assert not node.is_active() and not node.is_active("quptime.socket")
    node.systemctl("start", "quptime.socket")  # the others dial it
    wait_for("a peer has started it", node.is_active)
    ALL.kept_promises()


def test_the_master_is_killed_in_the_middle_of_an_outage():
    if WHY:
        return WHY
    master = ALL.bed.settled()
    others = [node for node in ALL.bed.nodes if node is not master]
    downs, story = len(ALL.told(" DOWN ")), Story(ALL.bed.nodes)
    ALL.http.status = 500
    wait_for("the first failure is seen", lambda: master.check_state("homepage")["ok"] < 3)
    master.systemctl("kill", "-s", "KILL", "quptime")
    ALL.bed.all_see("homepage", "down", others)
    wait_for("DOWN is told", lambda: len(ALL.told(" DOWN ")) > downs)
    wait_for("the master is back", lambda: master.show("NRestarts") != "0" and master.is_active())
    ALL.bed.all_see("homepage", "down")
    ALL.goes("up")
    assert len(ALL.told(" DOWN ")) == downs + 1, ALL.told("")
    ALL.kept_promises()
    story.is_told(master, "Unit process exited", WORKS, FOUND, LEADER, FLIPPED, DELIVERED)
    for node in others:
        story.is_told(node, LEADER, FLIPPED, DELIVERED, FLIPPED, DELIVERED)
        story.is_told(node, LOST, FOUND, also=[
            f"The connection to node {master.node_id} ended", f"Node {master.node_id} at "])


def test_a_host_loses_power_and_boots_again():
    if WHY:
        return WHY
    master = ALL.bed.settled()
    others, story = [node for node in ALL.bed.nodes if node is not master], Story(ALL.bed.nodes)
    master.power_off()
    ALL.bed.settled(others, seconds=60)
    # a change that two have acknowledged, and an outage that begins and ends without the third
    others[0].quctl("check", "add", "tcp", "while-away", f"{bed.WORLD}:25", "--interval", "10s", "--timeout", "5s")
    ALL.goes("down", others)
    master.boot()
    wait_for("it was started at boot", master.is_active)
    wait_for("it has caught up", lambda: master.check_state("while-away"), 60)
    ALL.bed.all_see("homepage", "down", [master])
    ALL.goes("up")
    ALL.kept_promises()
    assert len(ALL.told(" DOWN ")) == len(ALL.told(" RECOVERED ")), ALL.told("")
    others[0].quctl("check", "remove", "while-away")
    # no word of a stop: it had no time for one; and what it was told when it came back, as it had happened
    subjects = story.is_told(master, WORKS, FOUND, LEADER, FLIPPED, DELIVERED)
    assert "The uptime monitor stopped on this host" not in subjects, subjects
    for node in others:
        story.is_told(node, LEADER, CHANGED, FLIPPED, DELIVERED, FLIPPED, DELIVERED)
        story.is_told(node, LOST, FOUND, also=[f"The connection to node {master.node_id} ended", GO_ON])
    masters = [node for node in others if MASTER in story.is_told(node, LEADER)]
    assert masters, "nobody says that it took over"


def test_all_are_restarted_while_an_alert_is_owed():
    if WHY:
        return WHY
    ALL.bed.settled()
    downs = len(ALL.told(" DOWN "))
    tried = ALL.smtp.attempts
    ALL.smtp.mode = "busy"
    ALL.http.status = 500
    ALL.bed.all_see("homepage", "down")
    wait_for("it was tried in vain", lambda: ALL.smtp.attempts > tried)
    for node in ALL.bed.nodes:
        node.systemctl("restart", "quptime")
        # with its first answer, not with the next probe
        assert node.check_state("homepage")["state"] == "down"
    ALL.smtp.mode = "accept"
    wait_for("DOWN is told at last", lambda: len(ALL.told(" DOWN ")) == downs + 1, 90)
    ALL.goes("up")
    ALL.kept_promises()
    assert len(ALL.told(" DOWN ")) == downs + 1, ALL.told("")


if __name__ == "__main__":
    if WHY:
        harness.main(globals())
    with bed.Bed(3) as b:
        ALL = Cluster(b)
        harness.main(globals())
