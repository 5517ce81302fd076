# SPDX-License-Identifier: LGPL-2.1-or-later
"""The first minute of a node: init that is interrupted at any instant, and joins with keys of both kinds."""

import signal
import subprocess
import time

import harness
from harness import Cluster, HttpTarget, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")
DELAYS_MS = (0, 5, 20, 60, 120, 200, 300, 450)


def initialize(node, key_type):
    return subprocess.Popen(
        [harness.QUCTL, "init", "--advertise", node.advertise, "--bind", node.address, "--port", str(node.port),
         "--secret", Cluster.secret, "--key-type", key_type],
        env=node.env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def interrupt(sig, key_type, delay_ms):
    """What stands after it: a node that has not begun, or one that has; never one in between."""
    with Cluster(1) as cluster:
        node = cluster.nodes[0].start()
        call = initialize(node, key_type)
        time.sleep(delay_ms / 1000)
        node.kill(sig)
        if sig == signal.SIGTERM:
            assert node.process.returncode == 0, node.text()
        out, err = call.communicate(timeout=60 * harness.PATIENCE)
        assert call.returncode in (0, 1, 3), (call.returncode, out, err)
        node.start()
        begun = node.quctl("status", check=False).returncode != 1
        assert begun or call.returncode != 0, f"init was answered, and is gone:\n{out}{err}{node.text()}"
        assert begun == (node.dir / "node.yaml").exists()
        again = initialize(node, key_type)
        out, err = again.communicate(timeout=60 * harness.PATIENCE)
        assert again.returncode == (1 if begun else 0), (begun, out, err)
        wait_for("it leads itself", lambda: node.status()["master"] == node.status()["node"])
        node.quctl("check", "add", "tcp", "db", "127.0.0.1:1", *FAST)
        node.stop()
        return begun


def test_init_is_interrupted_by_sigterm():
    begun = [interrupt(signal.SIGTERM, "ed25519", delay) for delay in DELAYS_MS]
    print(f"# initialized after SIGTERM at {DELAYS_MS} ms: {begun}", flush=True)


def test_init_is_interrupted_by_kill():
    begun = [interrupt(signal.SIGKILL, "rsa3072", delay) for delay in DELAYS_MS]
    print(f"# initialized after kill -9 at {DELAYS_MS} ms: {begun}", flush=True)


def test_nodes_with_rsa_keys_join():
    """Two with the original's kind of key and one with the default kind: they invite each other, agree, go on after
    a restart, and one of them leaves and comes back with another key."""
    http = HttpTarget().start()
    with Cluster(3) as cluster:
        for node, key_type in zip(cluster.nodes, ("rsa3072", "ed25519", "rsa3072")):
            node.start()
            node.init(cluster.secret, "--key-type", key_type)
        rsa, plain, third = cluster.nodes
        rsa.quctl("node", "add", plain.advertise, "--yes")
        plain.quctl("node", "add", third.advertise, "--yes")
        pem = [(node.dir / "keys" / "cert.pem").read_text() for node in cluster.nodes]
        assert len(pem[0]) > 2 * len(pem[1]) / 1.5 and abs(len(pem[0]) - len(pem[2])) < 50, [len(p) for p in pem]
        cluster.settled()
        third.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        wait_for("all three vote", lambda: rsa.check_state("homepage")["ok"] == 3)
        for node in cluster.nodes:
            node.stop()
            node.start()
        cluster.settled()
        http.status = 500
        cluster.all_see("homepage", "down")
        gone = third.node_id
        plain.quctl("node", "remove", gone)
        third.quctl("node", "reset", "--yes")
        third.init(cluster.secret, "--key-type", "rsa3072")
        rsa.quctl("node", "add", third.advertise, "--yes")
        cluster.settled()
        cluster.all_see("homepage", "down")
        assert third.node_id != gone and len(rsa.status()["peers"]) == 3
    http.stop()


if __name__ == "__main__":
    harness.main(globals())
