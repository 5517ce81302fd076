# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three hosts of our own, and cuts between them: who leads, what is said, who is paged."""

import signal
import time

import harness
import netns
from harness import Cluster, HttpTarget, SmtpReceiver, Failure, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")
WHY = netns.available()


class Bed:
    """Three nodes, each a host; targets and relay on a fourth, the world."""

    def __enter__(self):
        self.network = netns.Network(3).__enter__()
        self.http = HttpTarget(self.network.world_address, 80, self.network.world).start()
        self.smtp = SmtpReceiver(self.network.world_address, 25, self.network.world).start()
        self.cluster = Cluster(3, addresses=self.network.addresses, namespaces=self.network.names)
        self.cluster.up()
        node = self.cluster.nodes[-1]
        node.quctl("alert", "add", "smtp", "ops", "--host", self.network.world_address, "--port", 25, "--from",
                   "quptime@example.com", "--to", "ops@example.com", "--starttls=false", "--default")
        node.quctl("check", "add", "http", "homepage", self.http.url, *FAST)
        self.cluster.all_see("homepage", "up")
        wait_for("the first UP is told", lambda: self.smtp.subjects(" UP "))
        return self

    def __exit__(self, *exc):
        self.cluster.__exit__(*exc)
        self.http.stop()
        self.smtp.stop()
        self.network.__exit__(*exc)

    def cut(self, a, b):
        """a, b: nodes, or "world"."""
        self.network.cut(*(x if x == "world" else x.namespace for x in (a, b)))


def steady(what, condition, seconds):
    """True now and for so long: the time is the thing that is tested here."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not condition():
            raise Failure(f"{what}: no longer")
        time.sleep(0.2)


def test_a_link_cut_between_two_has_one_master_and_no_alert():
    if WHY:
        return WHY
    with Bed() as bed:
        a, b, c = bed.cluster.nodes
        bed.cut(a, b)
        # of a and b at most one leads; the other hears of it through c
        def one_master():
            seen = [n.status()["master"] for n in (a, b, c)]
            return seen[0] if len(set(seen)) == 1 and seen[0] else None
        # give the cut time to be noticed everywhere, whichever way the lead goes
        wait_for("the cut is noticed", lambda: "lost the connection" in b.text())
        master = wait_for("one master, shown by all three", one_master)
        steady("one master", one_master, 6)
        text = wait_for("one of them shows it via the third", lambda: next(
            (n.quctl("status", check=False).stdout for n in (a, b) if f"{master} via {c.node_id}" in n.quctl("status", check=False).stdout), None))
        assert text
        # its user can change things all the same
        far = b if master == a.node_id else a
        far.quctl("check", "add", "tcp", "db", f"{bed.network.world_address}:25", *FAST)
        wait_for("all three have it", lambda: all(n.check_state("db") for n in (a, b, c)))
        assert not bed.smtp.subjects("DOWN"), bed.smtp.subjects()
        bed.network.heal()
        bed.cluster.settled()
        assert not bed.smtp.subjects("DOWN"), bed.smtp.subjects()


def test_uplinks_to_the_target():
    if WHY:
        return WHY
    with Bed() as bed:
        a, b, c = bed.cluster.nodes
        # one uplink: the vote shows as failing, the state stays, nobody is paged
        bed.cut(c, "world")
        wait_for("its vote shows as failing", lambda: all(n.check_state("homepage")["ok"] == 2 for n in (a, b, c)))
        steady("up", lambda: a.check_state("homepage")["state"] == "up", 8)
        assert not bed.smtp.subjects("DOWN")
        # two uplinks: DOWN, one mail (from a, the master, which still reaches the relay)
        bed.cut(b, "world")
        bed.cluster.all_see("homepage", "down")
        wait_for("one mail", lambda: bed.smtp.subjects("DOWN"))
        # until that is committed the outcome of the attempt is unknown, and the next master would repeat it
        wait_for("the others know", lambda: "DOWN of homepage to ops@example.com was delivered" in c.text())
        # the master dies between DOWN and RECOVERED
        a.kill(signal.SIGKILL)
        bed.network.heal()
        bed.cluster.all_see("homepage", "up")
        wait_for("the mail for RECOVERED", lambda: bed.smtp.subjects("RECOVERED"))
        assert len(bed.smtp.subjects("DOWN")) == 1 and len(bed.smtp.subjects("RECOVERED")) == 1, bed.smtp.subjects()


def test_a_node_alone_in_its_network_flips_nothing():
    if WHY:
        return WHY
    with Bed() as bed:
        a, b, c = bed.cluster.nodes
        for other in (b, c, "world"):
            bed.cut(a, other)
        wait_for("the two others have a master", lambda: b.status()["master"] == b.node_id
                 and c.status()["master"] == b.node_id)
        wait_for("a has none", lambda: not a.status()["master"] and not a.status()["quorum"]["met"])
        assert a.check_state("homepage")["state"] == "up"
        wait_for("its state is called stale", lambda: "up (stale " in a.quctl("status", check=False).stdout)
        assert a.quctl("status", check=False).returncode == 4
        assert not bed.smtp.subjects("DOWN")
        bed.network.heal()
        bed.cluster.settled()
        assert not bed.smtp.subjects("DOWN"), bed.smtp.subjects()


if __name__ == "__main__":
    harness.main(globals())
