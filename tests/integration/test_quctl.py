# SPDX-License-Identifier: LGPL-2.1-or-later
"""quctl against running daemons: what changes is seen on another node; refusals and exit statuses are the promised."""

import json
import signal
import subprocess
import threading

import harness
from harness import Cluster, SmtpReceiver, TcpTarget, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")


def rows(node, family):
    return json.loads(node.quctl(family, "list", "--json=short").stdout)


def row(node, family, name):
    return next((row for row in rows(node, family) if row.get("name") == name), None)


def refused(node, status, says, *args):
    done = node.quctl(*args, check=False)
    assert done.returncode == status, (args, done)
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done
    assert says in done.stderr, done


def test_edits_are_seen_elsewhere():
    tcp = TcpTarget().start()
    with Cluster(3) as cluster:
        first, second, third = cluster.up().nodes
        target = f"127.0.0.1:{tcp.port}"
        first.quctl("check", "add", "tcp", "db", target, *FAST)
        cluster.all_see("db", "up")
        check_id = row(first, "check", "db")["id"]

        # by the beginning of its id, on another node
        second.quctl("check", "edit", check_id[:8], "--name", "database", "--interval", "2s")
        wait_for("the third sees it", lambda: row(third, "check", "database"))
        assert row(third, "check", "database")["interval"] == "2s"
        assert row(third, "check", "database")["id"] == check_id
        cluster.all_see("database", "up")

        refused(first, 1, "there is already a check named", "check", "add", "tcp", "database", target)
        assert len(rows(first, "check")) == 1
        refused(first, 1, "is not a duration", "check", "edit", "database", "--interval", "soon")
        refused(first, 1, "no alert", "check", "edit", "database", "--alerts", "nobody")
        refused(first, 1, "no check", "check", "edit", "db", "--interval", "3s")
        refused(first, 2, "http checks", "check", "edit", "database", "--expect", "200")

        # a node that is reached under another name
        port = third.advertise.rpartition(":")[2]
        first.quctl("node", "edit", third.node_id[:12], "--address", f"localhost:{port}")
        wait_for("the second sees it", lambda: f"localhost:{port}" in second.quctl("node", "list").stdout)
        refused(first, 1, "host:port", "node", "edit", third.node_id, "--address", "localhost")
        third.stop()
        third.start()
        wait_for("all are live", lambda: all(peer["live"] for peer in first.status()["peers"]))

        second.quctl("check", "remove", check_id[:8])
        wait_for("nothing is left", lambda: not rows(third, "check"))
    tcp.stop()


def test_disabled_is_silent():
    tcp = TcpTarget().start()
    with Cluster(3) as cluster:
        first, second, third = cluster.up().nodes
        first.quctl("check", "add", "tcp", "db", f"127.0.0.1:{tcp.port}", *FAST)
        cluster.all_see("db", "up")
        second.quctl("check", "disable", "db")
        cluster.all_see("db", "disabled")
        assert second.quctl("check", "disable", "db").returncode == 0  # as it is already
        tcp.stop()
        refused(first, 1, "no check", "check", "disable", "nothing")
        # another check on the same target shows that the time for a verdict has passed
        first.quctl("check", "add", "tcp", "witness", f"127.0.0.1:{tcp.port}", *FAST)
        cluster.all_see("witness", "down")
        assert third.check_state("db")["state"] == "disabled"
        assert row(third, "check", "db")["disabled"] is True
        third.quctl("check", "enable", "db")
        cluster.all_see("db", "down")
        assert row(third, "check", "db")["disabled"] is False


def why(node, check, *more):
    return json.loads(node.quctl("why", check, "--json=short", *more).stdout)


def attach_mail(node, name, port, *more):
    node.quctl("alert", "add", "smtp", name, "--host", "127.0.0.1", "--port", port, "--from", "q@example.com",
               "--to", f"{name}@example.com", "--starttls=false", *more)


def test_why():
    tcp, smtp = TcpTarget().start(), SmtpReceiver().start()
    with Cluster(3) as cluster:
        cluster.up()
        master = cluster.by_id(cluster.nodes[0].status()["master"])
        other, another = (node for node in cluster.nodes if node is not master)
        attach_mail(other, "ops", smtp.port, "--default")
        other.quctl("check", "add", "tcp", "db", f"127.0.0.1:{tcp.port}", *FAST)
        cluster.all_see("db", "up")
        tcp.stop()
        cluster.all_see("db", "down")

        # any node tells the same: the master's votes, the rounds, and what the relay said
        for node in cluster.nodes:
            told = wait_for("it was told", lambda: [
                one for one in why(node, "db")["deliveries"] if (one["event"], one["result"]) == ("DOWN", "delivered")])
            assert [one["recipient"] for one in told] == ["ops@example.com"], told
            assert told[0]["answer"].startswith("250") and told[0]["node_id"] == master.node_id, told
            found = why(node, "db")
            assert (found["state"], found["transitions"], found["source"]) == ("down", 2, "master"), found
            assert (found["voters"], found["majority"], found["asked"], found["answered"]) == (3, 2, 2, 2), found
            assert found["decided_by"] == master.node_id and found["decided_not_ok"] >= 2, found
            assert [vote["node_id"] for vote in found["votes"]] == sorted(n.node_id for n in cluster.nodes), found
            wait_for("every vote", lambda: all((vote["result"], vote["address"]) == ("failed", "127.0.0.1")
                                               for vote in why(node, "db")["votes"]))
            assert "up" in [one["said"] for one in found["rounds"]], found["rounds"]
            assert [one["said"] for one in found["rounds"] if not one["open"]][:2] == ["down", "down"], found["rounds"]
            text = node.quctl("why", "db").stdout
            assert "2 of 2 other nodes answered" in text and "connection refused" in text and " 250 " in text, text
        refused(other, 1, "no check named", "why", "nothing")
        refused(other, 2, "too few words", "why")

        # the master goes: what its relay said has been told to the others; one that is alone still answers
        another.stop()
        master.kill()
        wait_for("it has noticed", lambda: why(other, "db")["source"] == "nodes")
        found = why(other, "db")
        assert (found["state"], found["quorum"], found["master"], found["answered"]) == ("down", False, "", 0), found
        votes = {vote["node_id"]: vote for vote in found["votes"]}
        assert votes[other.node_id]["result"] == "failed" and votes[other.node_id]["counts"], found
        assert [one["answer"][:3] for one in found["deliveries"]] == ["250", "250"], found["deliveries"]
        assert "There is no master" in other.quctl("why", "db").stdout
    smtp.stop()


def test_check_test():
    tcp, smtp = TcpTarget().start(), SmtpReceiver().start()
    with Cluster(3) as cluster:
        first, second, third = cluster.up().nodes
        first.quctl("check", "add", "tcp", "db", f"127.0.0.1:{tcp.port}", *FAST)
        refused(second, 1, "no alert hears of db", "check", "test", "db")
        refused(second, 1, "no check named", "check", "test", "nothing")
        refused(second, 2, "down, recovered or up", "check", "test", "db", "--state=sideways")
        attach_mail(first, "ops", smtp.port)
        first.quctl("check", "edit", "db", "--alerts", "ops")
        cluster.all_see("db", "up")
        wait_for("its first UP", lambda: smtp.subjects("UP"))
        for node, state, verb in ((first, "down", "DOWN"), (second, "recovered", "RECOVERED"), (third, "up", "UP")):
            before = len(smtp.mails)
            shown = node.quctl("check", "test", "db", "--state", state).stdout
            assert shown.startswith("test of db: 1 alert delivered\n    ops: ops@example.com: delivered: 250"), shown
            mail = wait_for("the mail", lambda: smtp.mails[before:])[0]
            assert f"test: TCP {verb}" in mail.subject and "db" in mail.subject and "[test] " in mail.text, mail.text
        assert why(first, "db")["transitions"] == 1  # nothing of it happened
        assert {one["event"] for one in why(first, "db")["deliveries"]} == {"UP"}

        attach_mail(first, "nobody", harness.free_port(), "--default")
        done = second.quctl("check", "test", "db", check=False)
        assert done.returncode == 1 and done.stderr.startswith("error: 1/2 alerts failed\n"), done
        assert "    ops: ops@example.com: delivered" in done.stderr, done
        assert "    nobody: nobody@example.com: not delivered" in done.stderr, done
    smtp.stop()
    tcp.stop()


class Monitor:
    """quctl monitor --json, its events gathered as they come."""

    def __init__(self, node, *words):
        self.events = []
        self.process = subprocess.Popen(
            [harness.QUCTL, "monitor", "--json=short", *words], env=node.env(), stdout=subprocess.PIPE, text=True,
            preexec_fn=harness.die_with_parent)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def saw(self, **members):
        return lambda: [one for one in self.events if members.items() <= one.items()]

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(harness.PATIENCE * 20) == -signal.SIGINT
        self.thread.join()


def test_monitor():
    tcp, smtp = TcpTarget().start(), SmtpReceiver().start()
    with Cluster(3) as cluster:
        first, second, third = cluster.up().nodes
        attach_mail(first, "ops", smtp.port, "--default")
        all_of_it = Monitor(third)
        wait_for("it listens", all_of_it.saw(event="connected", node_id=third.node_id, quorum=True))
        first.quctl("check", "add", "tcp", "db", f"127.0.0.1:{tcp.port}", *FAST)
        first.quctl("check", "add", "tcp", "cache", f"127.0.0.1:{tcp.port}", *FAST)
        version = first.status()["version"]
        wait_for("the change", all_of_it.saw(event="config", version=version))
        cluster.all_see("db", "up")
        one = Monitor(third, "db")
        wait_for("it listens", one.saw(event="connected"))
        tcp.stop()
        for name in ("db", "cache"):
            wait_for("the transition", all_of_it.saw(event="transition", check=name, **{"from": "up"}, to="down"))
            sent = wait_for("the delivery", all_of_it.saw(event="delivery", check=name, what="DOWN", result="delivered"))
            assert sent[0]["recipient"] == "ops@example.com" and sent[0]["answer"].startswith("250"), sent
        wait_for("the one", one.saw(event="delivery", check="db", what="DOWN", result="delivered"))
        assert {event.get("check", "db") for event in one.events} == {"db"}, one.events

        # who leads
        second.stop()
        first.stop()
        wait_for("no quorum", all_of_it.saw(event="quorum", quorum=False))
        wait_for("no master", all_of_it.saw(event="master", master=""))
        second.start()
        wait_for("a quorum", all_of_it.saw(event="quorum", quorum=True))
        assert all_of_it.saw(event="master", term=cluster.nodes[1].status()["term"])()

        # it goes on with the next daemon
        third.stop()
        wait_for("it says so", all_of_it.saw(event="gone"))
        third.start()
        wait_for("it is back", lambda: len(all_of_it.saw(event="connected")()) == 2)
        refused(third, 1, "no check named", "monitor", "nothing")
        all_of_it.stop()
        one.stop()
    smtp.stop()


def test_exit_statuses():
    with Cluster(3) as cluster:
        first, second, third = cluster.up().nodes
        assert first.quctl("-q", "status").returncode == 0
        second.stop()
        third.stop()
        wait_for("the first knows", lambda: first.quctl("-q", "status", check=False).returncode == 4)
        assert "quorum      false" in first.quctl("status", check=False).stdout
        assert first.quctl("check", "list").returncode == 0
        refused(first, 4, "", "check", "add", "tcp", "db", "127.0.0.1:1")
        first.stop()
        refused(first, 3, "systemctl start quptime", "status")
        refused(first, 3, "systemctl start quptime", "check", "list")


if __name__ == "__main__":
    harness.main(globals())
