# SPDX-License-Identifier: LGPL-2.1-or-later
"""quctl doctor against running daemons: what is wrong is found, with its remedy; what is right is not complained of."""

import json
import os
import re
import resource
import signal

import harness
from harness import Cluster, wait_for


def diagnose(node, status=None):
    """Name -> its finding; the daemon answers the same for five seconds."""
    done = node.quctl("doctor", "--json=short", check=False)
    assert status is None or done.returncode == status, done
    rows = json.loads(done.stdout)
    failed = ", ".join(row["name"] for row in rows if row["verdict"] == "fail")
    assert done.stderr == (f"error: failed: {failed}\n" if failed else ""), done
    assert all(row["verdict"] in ("ok", "warn", "fail") and row["detail"] for row in rows), rows
    assert all(bool(row["remedy"]) == (row["verdict"] != "ok") and "\n" not in row["remedy"] for row in rows), rows
    assert (done.returncode == 0) == all(row["verdict"] != "fail" for row in rows), done
    return {row["name"]: row for row in rows}


def until(node, name, verdict):
    return wait_for(f"{name} is {verdict}", lambda: (found := diagnose(node).get(name))
                    and found["verdict"] == verdict and found)


def test_one():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        # without a daemon: what can be said all the same, and how it is started
        found = diagnose(node, 3)
        assert found["daemon"]["verdict"] == "fail" and "systemctl start quptime" in found["daemon"]["remedy"]
        assert "clock" in found and "bus" in found
        text = node.quctl("doctor", check=False).stdout
        assert re.search(r"(?m)^fail  daemon .*\n +-> .*systemctl start quptime", text), text

        # before init
        node.start()
        found = diagnose(node, 0)
        assert found["cluster"]["remedy"] == "quctl init" and found["daemon"]["verdict"] == "ok", found
        node.init(cluster.secret)
        node.quctl("check", "add", "http", "web", "http://u:hunter2-in-the-target@nowhere.invalid/")
        node.quctl("check", "add", "icmp", "router", "127.0.0.1")
        until(node, "cluster", "ok")
        assert {"icmp", "ipv4", "ipv6", "files", "disk", "journal", "watchdog"} <= set(diagnose(node))
        found = wait_for("a name is looked up", lambda: "nowhere.invalid" in (all_ := diagnose(node))["resolver"]["detail"]
                         and all_)
        assert "hunter2" not in json.dumps(found)

        # an edit that was not taken; few descriptors
        (node.dir / ".draft").write_text("checks: [\n")
        os.rename(node.dir / ".draft", node.dir / "cluster.yaml")
        assert "quctl config diff" in until(node, "edit", "warn")["remedy"]
        resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (128, 128))
        assert "LimitNOFILE" in until(node, "files", "warn")["remedy"]
        assert re.search(r"(?m)^warn  files .*\n +-> .*\n", node.quctl("doctor").stdout)
        assert node.quctl("doctor", "-q").stdout == ""


def test_peers():
    with Cluster(3) as cluster:
        a, b, c = cluster.up().nodes
        names = [f"peer {other.node_id[:8]}" for other in (b, c)]
        for name in names:
            assert " ms" in until(a, name, "ok")["detail"]
        found = diagnose(a, 0)
        assert f"peer {a.node_id[:8]}" not in found and found["cluster"]["verdict"] == "ok"

        # one that hangs, one that is gone; the first answer comes in time all the same
        c.kill(signal.SIGSTOP)
        assert c.advertise in until(a, names[1], "fail")["remedy"]
        assert diagnose(a, 1)[names[0]]["verdict"] == "ok"
        b.kill(signal.SIGKILL)
        assert b.advertise in until(a, names[0], "fail")["detail"]
        assert "are needed" in until(a, "cluster", "fail")["detail"]
        c.kill(signal.SIGCONT)
        until(a, names[1], "ok")


if __name__ == "__main__":
    harness.main(globals())
