# SPDX-License-Identifier: LGPL-2.1-or-later
"""quctl against running daemons: what changes is seen on another node; refusals and exit statuses are the promised."""

import json

import harness
from harness import Cluster, TcpTarget, wait_for

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
