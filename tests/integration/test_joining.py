# SPDX-License-Identifier: LGPL-2.1-or-later
"""Joins that cross each other, are interrupted, or come to nothing: nobody is stuck, nobody is barred without need."""

import contextlib
import signal
import socket
import subprocess
import threading
import time

import harness
from harness import Cluster, Failure, wait_for


# what cannot come to a good end need not wait for a minute
TIMING = f"invite={int(15 * harness.PATIENCE)}s"


def begin(node, *words):
    """quctl in the background."""
    return subprocess.Popen([str(harness.QUCTL), *map(str, words)], env=node.env(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def invite(node, address, fingerprint):
    """AddNode, without quctl's look at the address before it."""
    return subprocess.Popen(
        ["busctl", "--no-pager", "--timeout=100", f"--address=unix:path={node.socket}", "call", "org.quptime1",
         "/org/quptime1", "org.quptime1.Manager", "AddNode", "ss", address, fingerprint],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process, seconds=90):
    out, err = process.communicate(timeout=seconds * harness.PATIENCE)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextlib.contextmanager
def silence():
    """A port that takes connections and says nothing."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(16)
        yield f"127.0.0.1:{s.getsockname()[1]}"


def wait_until_dialled(address):
    """The kernel has a connection to that silent port, so the invitation is under way."""
    port = f":{int(address.rsplit(':', 1)[1]):04X}"
    wait_for("the invitation is under way", lambda: any(
        fields[1].endswith(port) and fields[3] == "01"  # ESTABLISHED, on the port's side
        for fields in (line.split() for line in open("/proc/net/tcp").readlines()[1:])))


def started(cluster, initialized=True):
    for node in cluster.nodes:
        node.start()
        if initialized:
            node.init(cluster.secret)
    return cluster.nodes


def members(node):
    return sorted(p["node_id"] for p in node.status()["peers"])


def all_know(nodes, expected):
    wait_for("all know the same members", lambda: all(
        members(n) == sorted(e.node_id for e in expected) for n in nodes), 40)


def fingerprint(node):
    return node.quctl("fingerprint").stdout.strip().split()[-1]


SOME_KEY = "sha256:" + "1" * 64


def test_stopping_in_the_middle_of_inviting_and_being_invited():
    for delay in (0.02, 0.05, 0.1, 0.2):
        with Cluster(2, timing=TIMING) as cluster, silence() as nowhere:
            a, b = started(cluster)
            waiting = [invite(a, b.advertise, fingerprint(b)), invite(a, nowhere, SOME_KEY),
                       begin(a, "node", "probe", nowhere)]
            time.sleep(delay)
            a.stop()
            b.stop()
            for process in waiting:
                end(process, 20)
            a.start()
            b.start()
            if len(members(b)) == 1:
                a.quctl("node", "add", b.advertise, "--yes")
            all_know((a, b), (a, b))
            b.stop()
            a.stop()


def test_resetting_in_the_middle_of_inviting():
    with Cluster(2, timing=TIMING) as cluster, silence() as nowhere:
        a, b = started(cluster)
        waiting = [invite(a, nowhere, SOME_KEY)]
        wait_until_dialled(nowhere)  # what comes now waits behind it
        waiting += [invite(a, b.advertise, fingerprint(b)), begin(a, "node", "add", nowhere, "--yes")]
        time.sleep(0.5)
        a.quctl("node", "reset", "--yes")
        for process in waiting:
            done = end(process, 20)
            assert done.returncode != 0 and done.stderr, done
        a.init(cluster.secret)
        b.quctl("node", "add", a.advertise, "--yes")
        all_know((a, b), (a, b))
        a.stop()
        b.stop()


def test_two_that_invite_each_other():
    with Cluster(2, timing=TIMING) as cluster, silence() as nowhere:
        a, b = started(cluster)
        # both have an invitation under way when they are invited, and another one behind it
        both = [invite(a, b.advertise, fingerprint(b)), invite(b, a.advertise, fingerprint(a))]
        stuck = [invite(a, nowhere, SOME_KEY), invite(b, nowhere, SOME_KEY)]
        for process in both:
            end(process)
        if len(members(a)) == 1:  # each found the other busy
            a.quctl("node", "add", b.advertise, "--yes")
        all_know((a, b), (a, b))
        cluster.settled()
        for process in stuck:
            assert end(process).returncode != 0
        a.stop()
        b.stop()


def test_two_members_invite_at_once():
    """Two nodes: the second waits its turn. One node: it comes once."""
    with Cluster(5, timing=TIMING) as cluster:
        a, b, c, d, e = started(cluster)
        a.quctl("node", "add", b.advertise, "--yes")
        both = [begin(a, "node", "add", c.advertise, "--yes"), begin(b, "node", "add", d.advertise, "--yes")]
        for process in both:
            done = end(process)
            assert done.returncode == 0, done
        all_know((a, b, c, d), (a, b, c, d))
        both = [begin(n, "node", "add", e.advertise, "--yes") for n in (a, b, c, d)]
        done = [end(process) for process in both]
        assert any(p.returncode == 0 for p in done), done
        all_know(cluster.nodes, cluster.nodes)
        for node in cluster.nodes:
            assert "was removed" not in node.text()


def interrupted(victim, delay):
    with Cluster(3, timing=TIMING) as cluster:
        a, b, c = started(cluster)
        a.quctl("node", "add", b.advertise, "--yes")
        inviter = b
        words = ("node", "add", c.advertise, "--fingerprint", fingerprint(c))
        joining = begin(inviter, *words)
        time.sleep(delay)
        hit = {"inviter": b, "invited": c, "leader": cluster.settled()}[victim]
        hit.kill(signal.SIGKILL)
        if victim != "inviter":
            time.sleep(0.5)
            hit.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            end(joining, 70)
        if victim == "inviter":
            hit.start()
        cluster.settled()
        # whatever it came to: it is a member now, or can be made one
        with contextlib.suppress(Failure):
            wait_for("it came by itself", lambda: len(members(c)) == 3 and len(members(a)) == 3, 3)
        if len(members(c)) < 3 or len(members(a)) < 3:
            done = a.quctl(*words, check=False)
            assert done.returncode == 0, (victim, delay, done, a.text()[-3000:], c.text()[-3000:])
        all_know(cluster.nodes, cluster.nodes)
        wait_for("three voters", lambda: cluster.settled().status()["quorum"]["need"] == 2)


def test_kill_9_at_every_step_of_a_join():
    for victim in ("inviter", "invited", "leader"):
        for delay in (0.02, 0.08, 0.15, 0.25):
            interrupted(victim, delay)


def test_a_node_that_nobody_reaches_is_taken_out_again():
    with Cluster(3, timing=TIMING) as cluster:
        a, b, c = started(cluster)
        a.quctl("node", "add", b.advertise, "--yes")
        # reached by the inviter through a door that shuts when it is a peer: here, a forwarder
        with Forwarder(c.port) as door:
            joining = begin(a, "node", "add", door.address, "--fingerprint", fingerprint(c))
            wait_for("it is joining", lambda: "joining cluster" in c.text())
            c.kill(signal.SIGSTOP)
            done = end(joining, 100)
            assert done.returncode == 1 and "advertised addresses" in done.stderr, done
            c.kill(signal.SIGCONT)
            all_know((a, b), (a, b))
            cluster.nodes = [a, b]
            cluster.settled()
            wait_for("it is told", lambda: "removed from its cluster" in c.text())
            c.kill()


class Forwarder:
    """A port that leads to another one."""

    def __init__(self, port):
        self.port = port

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _serve(self):
        while True:
            try:
                there = socket.create_connection(("127.0.0.1", self.port))
                here, _ = self.socket.accept()
            except OSError:
                return
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for s in (one, other):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    harness.main(globals())
