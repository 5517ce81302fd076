# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clusters of one, two and five, and what a newcomer gets wrong."""

import os
import shutil
import signal
import socket
import subprocess

import harness
from harness import Cluster, HttpTarget, Node, TcpTarget, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")


def test_one_node_flips_on_its_own_two_rounds():
    http = HttpTarget().start()
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        http.status = 503
        cluster.all_see("homepage", "down")
        assert "503" in node.check_state("homepage")["detail"]
        http.status = 200
        cluster.all_see("homepage", "up")
        # a restart keeps state and document
        node.stop()
        node.start()
        wait_for("it leads again", lambda: node.status()["master"] == node.node_id)
        assert node.check_state("homepage")["state"] == "up"
    http.stop()


def test_of_two_both_must_agree():
    http = HttpTarget().start()
    with Cluster(2) as cluster:
        cluster.up()
        first, second = cluster.nodes
        assert "neither may die" in first.quctl("status").stdout
        second.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        second.kill(signal.SIGKILL)
        wait_for("no quorum", lambda: not first.status()["quorum"]["met"])
        assert first.quctl("status", check=False).returncode == 4
        http.stop()
        refused = first.quctl("check", "remove", "homepage", check=False)
        assert refused.returncode == 4 and "no master" in refused.stderr, refused
        assert first.check_state("homepage")["state"] == "up", "one of two never flips anything"
        second.start()
        cluster.all_see("homepage", "down")


def test_a_fourth_and_fifth_join_a_busy_cluster():
    target = TcpTarget().start()
    with Cluster(5) as cluster:
        for node in cluster.nodes:
            node.start()
            node.init(cluster.secret)
        first, more = cluster.nodes[0], cluster.nodes[3:]
        for node in cluster.nodes[1:3]:
            first.quctl("node", "add", node.advertise, "--yes")
        for i in range(20):
            first.quctl("check", "add", "tcp", f"check{i}", f"127.0.0.1:{target.port}", *FAST)
        wait_for("all up", lambda: all(c["state"] == "up" for c in first.status()["checks"]))
        for node in more:
            first.quctl("node", "add", node.advertise, "--yes")
        wait_for("five votes each", lambda: all(
            c["ok"] == 5 and c["total"] == 5 for c in more[-1].status()["checks"]))
        assert not [line for line in first.text().splitlines() if "-> down" in line], "nothing flipped meanwhile"
        target.stop()
        wait_for("all five agree", lambda: all(
            c["state"] == "down" for n in cluster.nodes for c in n.status()["checks"]))


def test_a_second_daemon_on_the_same_directory_is_refused():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        again = subprocess.run([str(harness.QUPTIMED), "--private-only"],
                               env={**node.env(), "QUPTIME_SOCKET": str(node.dir / "other.sock")},
                               capture_output=True, text=True, timeout=20)
        assert again.returncode != 0 and "another quptimed" in again.stderr, again
        assert node.status()["master"] == node.node_id


def test_a_port_in_use_is_said_at_init_and_at_start():
    with Cluster(1) as cluster, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        node = cluster.nodes[0]
        node.start()
        refused = node.quctl("init", "--bind", "127.0.0.1", "--port", taken.getsockname()[1], check=False)
        assert refused.returncode == 1 and "in use" in refused.stderr, refused
        assert not (node.dir / "node.yaml").exists(), "nothing is half done"
        node.init()
        node.stop()
        text = (node.dir / "node.yaml").read_text().replace(str(node.port), str(taken.getsockname()[1]))
        (node.dir / "node.yaml").write_text(text)
        node.start(wait=False)
        assert wait_for("it ends", lambda: node.process.poll()) != 0
        assert "in use" in node.text(), node.text()


def test_damaged_state_refuses_to_start():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.stop()
        database = next(node.dir.glob("state/*.db"))
        good = database.read_bytes()
        os.truncate(database, 100)
        node.start(wait=False)
        assert wait_for("it ends", lambda: node.process.poll()) != 0
        assert str(database) in node.text(), node.text()
        for leftover in database.parent.glob(database.name + "-*"):
            leftover.unlink()
        database.write_bytes(good)
        # a register that is not there is a lost disk, never an empty beginning
        database.rename(database.with_suffix(".away"))
        node.start(wait=False)
        assert wait_for("it ends", lambda: node.process.poll()) != 0


def test_another_id_than_the_clusters_refuses_to_start():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        was = node.node_id
        node.stop()
        written = node.dir / "node.yaml"
        text = written.read_text()
        assert was in text, text
        written.write_text(text.replace(was, "11111111-2222-4333-8444-555555555555"))
        node.start(wait=False)
        assert wait_for("it ends", lambda: node.process.poll()) != 0
        assert f"the cluster knows this node's key as {was}; put that back" in node.text(), node.text()
        written.write_text(text)
        node.start()


def test_a_directory_of_the_original_is_taken_over():
    """node.yaml without a state id, and a cluster.yaml that today's rules would refuse."""
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.stop()
        lines = [line for line in (node.dir / "node.yaml").read_text().splitlines()
                 if not line.startswith(("state_id", "join_key"))]
        (node.dir / "node.yaml").write_text("\n".join(lines) + "\n")
        shutil.rmtree(node.dir / "state")
        (node.dir / "register.mark").unlink(missing_ok=True)  # which the original does not write
        (node.dir / "cluster.yaml").write_text(
            "version: 41\nupdated_by: x\npeers: []\nchecks:\n"
            "- name: db\n  type: tcp\n  target: 127.0.0.1:1\n  interval: 5s\n  timeout: 30s\n  alert_ids: [gone]\n"
            "alerts:\n- id: a1\n  name: oncall\n  type: discord\n  discord_webhook: https://example.com/x\n")
        node.start()
        wait_for("it leads", lambda: node.status()["master"] == node.node_id)
        status = node.status()
        assert [c["name"] for c in status["checks"]] == ["db"] and status["version"] >= 41, status
        assert "oncall" in node.quctl("alert", "list").stdout
        assert "timeout" in node.text() and "gone" in node.text(), node.text()
        node.stop()
        node.start()
        assert [c["name"] for c in node.status()["checks"]] == ["db"]


def test_sockets_of_systemd_and_its_notifications():
    with Cluster(1) as cluster, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        node = cluster.nodes[0]
        notify.bind(str(node.dir / "notify"))
        notify.settimeout(20)
        env = {**node.env(), "NOTIFY_SOCKET": str(node.dir / "notify")}
        with open(node.log, "ab") as log:
            node.process = subprocess.Popen(
                ["systemd-socket-activate", "-l", f"127.0.0.1:{node.port}", "-l", str(node.dir / "activated.sock"),
                 "--fdname=peer:control", "-E", "QUPTIME_DIR", "-E", "QUPTIME_SOCKET", "-E", "NOTIFY_SOCKET",
                 str(harness.QUPTIMED), "--private-only"],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        node.socket = node.dir / "activated.sock"  # the first call starts the daemon
        wait_for("the socket", node.socket.exists)
        assert node.quctl("fingerprint", check=False).returncode == 1
        told = b""
        while b"READY=1" not in told or b"waiting for quctl init" not in told:
            told += notify.recv(4096) + b"\n"
        node.init()
        with socket.create_connection(("127.0.0.1", node.port), 5):
            pass  # the socket that was handed over is the one that listens
        while b"quorum yes" not in told:
            told += notify.recv(4096) + b"\n"
        node.kill(signal.SIGTERM)
        while b"STOPPING=1" not in told:
            told += notify.recv(4096) + b"\n"


def test_a_reset_node_can_be_invited_again():
    with Cluster(2) as cluster:
        cluster.up()
        first, second = cluster.nodes
        old = second.node_id
        first.quctl("node", "remove", old)
        wait_for("it knows", lambda: "removed from its cluster" in second.text())
        refused = first.quctl("node", "add", second.advertise, "--yes", check=False)
        assert refused.returncode == 1, refused
        second.quctl("node", "reset", "--yes")
        second.init(cluster.secret)
        assert second.node_id != old
        first.quctl("node", "add", second.advertise, "--yes")
        assert len(second.status()["peers"]) == 2
        # and a daemon that does not run
        second.stop()
        done = subprocess.run([str(harness.QUPTIMED), "--reset"], env=second.env(), capture_output=True, text=True,
                              timeout=20)
        assert done.returncode == 0 and "old-" in done.stdout, done
        second.start()
        assert second.quctl("status", check=False).returncode == 1


def test_bad_input_changes_nothing():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.quctl("check", "add", "tcp", "db", "127.0.0.1:1", *FAST)
        version = node.status()["version"]
        for words, expected in (
                (("check", "add", "tcp", "x", "127.0.0.1:1", "--interval", "500ms"), "1s"),
                (("check", "add", "tcp", "x", "127.0.0.1:1", "--interval", "5s", "--timeout", "6s"), "timeout"),
                (("check", "add", "tcp", "x", "127.0.0.1:1", "--interval", "soon"), "30s"),
                (("check", "add", "tcp", "x", "127.0.0.1"), "port"),
                (("check", "add", "http", "x", "ftp://example.com/"), "http"),
                (("check", "add", "http", "x", ""), ""),
                (("check", "add", "icmp", "x", "two words"), ""),
                (("check", "add", "tcp", "db", "127.0.0.1:2"), "db"),
                (("check", "add", "tcp", "two\nlines", "127.0.0.1:2"), "name"),
                (("check", "add", "tcp", "x", "127.0.0.1:1", "--alerts", "nobody"), "nobody"),
                (("check", "remove", "nothing"), "nothing"),
                (("alert", "remove", "nothing"), "nothing"),
                (("alert", "test", "nothing"), "nothing"),
                (("alert", "default", "nothing", "on"), "nothing"),
                (("node", "remove", "nothing"), "nothing"),
                (("node", "remove", node.node_id), "last"),
                (("node", "add", "nowhere"), "host:port"),
                (("init",), "already"),
        ):
            done = node.quctl(*words, check=False)
            assert done.returncode in (1, 2), (words, done)
            assert done.stderr.startswith("error: ") and expected in done.stderr, (words, done)
            assert node.status()["version"] == version, words


def test_joining_goes_wrong_in_every_way_and_leaves_both_as_they_were():
    with Cluster(3) as cluster:
        one, two, three = cluster.nodes
        for node in (one, two, three):
            node.start()
        one.init(cluster.secret)
        two.init("another secret of enough characters")
        three.init(cluster.secret)

        refused = one.quctl("node", "add", two.advertise, "--yes", check=False)
        assert refused.returncode == 1 and "secret" in refused.stderr, refused
        wrong = "sha256:" + "0" * 64
        refused = one.quctl("node", "add", three.advertise, "--fingerprint", wrong, check=False)
        assert refused.returncode == 1 and "fingerprint" in refused.stderr, refused
        three.quctl("check", "add", "tcp", "db", "127.0.0.1:1", *FAST)
        refused = one.quctl("node", "add", three.advertise, "--yes", check=False)
        assert refused.returncode == 1 and "invite from over there" in refused.stderr, refused
        refused = one.quctl("node", "add", one.advertise, "--yes", check=False)
        assert refused.returncode == 1, refused
        for node in (one, two, three):
            status = node.status()
            assert len(status["peers"]) == 1 and status["master"] == node.node_id, status
            assert "[]" in node.quctl("--json=short", "trust", "list").stdout

        three.quctl("check", "remove", "db")
        fingerprint = three.quctl("fingerprint").stdout.strip().split()[-1]
        one.quctl("node", "add", three.advertise, "--fingerprint", fingerprint)
        assert len(three.status()["peers"]) == 2


if __name__ == "__main__":
    harness.main(globals())
