# SPDX-License-Identifier: LGPL-2.1-or-later
"""Targets that accept a connection and never begin TLS delay no probe of a healthy one, and no client.

Two daemons probe the same kind of healthy target at the same time: one has nothing else to do, the other 200
silent targets, all of whose handshakes hang at every moment. What the machine does to both is so taken out.
"""

import concurrent.futures
import contextlib
import os
import selectors
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import harness
from harness import Cluster, Node, wait_for

N_SILENT = 200
# seconds; a silent probe lasts its whole interval, so that all of them are in flight at every moment
HEALTHY, SILENT = 1.0, 5.0
WATCHED = 20
N_STATUS = 20


def can_mount():
    """A daemon that trusts a certificate of ours needs a view of /etc/ssl of its own."""
    return os.geteuid() == 0 and \
        subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


class TrustingNode(Node):
    """A daemon for which the system's trust store is another file."""

    bundle = None

    def _inside(self, command):
        if self.bundle is None:
            return super()._inside(command)
        return ["unshare", "--mount", "sh", "-c",
                'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"',
                str(self.bundle), *map(str, command)]


def certificate(folder):
    paths = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", "/CN=healthy.test", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    return paths


class Healthy:
    """Answers at once; notes when each probe's connection came and how long its request took from there."""

    def __init__(self, context=None):
        self.context = context
        self.arrivals = []  # (accepted, seconds until the request was here)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/"

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection, time.monotonic()), daemon=True).start()

    def _answer(self, connection, accepted):
        with contextlib.suppress(OSError):
            connection.settimeout(30)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            if connection.recv(65536):
                self.arrivals.append((accepted, time.monotonic() - accepted))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
        connection.close()

    def since(self, begin):
        """(arrivals, longest pause between two, slowest request), in seconds, from that instant on."""
        seen = [a for a in list(self.arrivals) if a[0] >= begin]
        if len(seen) < 2:
            raise harness.Failure(f"{len(seen)} probes came")
        return (len(seen), max(b[0] - a[0] for a, b in zip(seen, seen[1:])), max(took for _, took in seen))

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Silent:
    """Accept, keep, say nothing."""

    def __init__(self, n):
        self.selector = selectors.DefaultSelector()
        self.running = True
        self.open = 0
        self.most_open = 0
        self.addresses = []
        for i in range(n):
            listener = socket.create_server((f"127.0.{1 + i // 200}.{1 + i % 200}", 0), backlog=16)
            listener.setblocking(False)
            self.selector.register(listener, selectors.EVENT_READ, True)
            self.addresses.append("%s:%d" % listener.getsockname())
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while self.running:
            for key, _ in self.selector.select(0.1):
                with contextlib.suppress(OSError):
                    if key.data:
                        connection, _ = key.fileobj.accept()
                        connection.setblocking(False)
                        self.selector.register(connection, selectors.EVENT_READ, False)
                        self.open += 1
                        self.most_open = max(self.most_open, self.open)
                    else:
                        self._read(key.fileobj)

    def _read(self, connection):
        try:
            gone = not connection.recv(65536)
        except ConnectionError:
            gone = True
        if gone:
            self.selector.unregister(connection)
            connection.close()
            self.open -= 1

    def stop(self):
        self.running = False
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def statuses(node):
    """The seconds each of N_STATUS clients took that asked at once; every one must be answered."""
    def ask(_):
        begin = time.monotonic()
        done = node.quctl("--json=short", "status", check=False)
        assert done.returncode in (0, 4), done
        assert "healthy" in done.stdout, done
        return time.monotonic() - begin

    with concurrent.futures.ThreadPoolExecutor(N_STATUS) as pool:
        return list(pool.map(ask, range(N_STATUS)))


def add_silent(node, addresses):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda a: node.quctl(
            "check", "add", "http", f"silent {a}", f"https://{a}/", "--interval", f"{SILENT:.0f}s",
            "--timeout", f"{SILENT:.0f}s"), addresses))


def start_alone(node, healthy):
    node.start()
    node.init(Cluster.secret)
    node.quctl("check", "add", "http", "healthy", healthy.url, "--interval", "1s", "--timeout", "1s")
    wait_for("the healthy one is up", lambda: node.check_state("healthy")["state"] == "up")


def judge(busy, calm):
    """The busy daemon may be as late as the calm one was on this machine, and half an interval more."""
    for who, (n, pause, slowest) in ((f"beside {N_SILENT} silent targets", busy),
                                     ("a daemon without them, meanwhile", calm)):
        print(f"# {who}: {n} probes, longest pause {pause:.2f} s, slowest request {slowest * 1000:.0f} ms",
              flush=True)
    slack = HEALTHY / 2 * harness.PATIENCE
    assert busy[0] >= calm[0] * 0.8, "probes are missing"
    assert busy[1] <= max(calm[1], HEALTHY) + slack, "a probe came late"
    assert busy[2] <= calm[2] + slack, "a probe was slow"


def test_two_hundred_silent_targets_delay_no_healthy_probe():
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        context = None
        # without root the healthy target speaks plain HTTP; the silent ones are TLS all the same
        if can_mount() and shutil.which("openssl"):
            cert, key = certificate(folder)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            TrustingNode.bundle = cert
        silent, targets = Silent(N_SILENT), [Healthy(context), Healthy(context)]
        for server in (silent, *targets):
            stack.callback(server.stop)
        cluster = stack.enter_context(Cluster(0))
        cluster.nodes = [TrustingNode(cluster.base, name) for name in ("busy", "calm")]
        for node, target in zip(cluster.nodes, targets):
            start_alone(node, target)
        node = cluster.nodes[0]

        add_silent(node, silent.addresses)
        wait_for("all silent ones are down", lambda: sum(
            c["state"] == "down" for c in node.status()["checks"]) == N_SILENT, 90, 1)
        silent.most_open = 0
        begin = time.monotonic()
        seconds = []
        while time.monotonic() - begin < WATCHED:
            seconds += statuses(node)
            time.sleep(1)
        judge(targets[0].since(begin), targets[1].since(begin))
        print(f"# {len(seconds)} times status, {N_STATUS} at once: the slowest took {max(seconds):.2f} s; "
              f"at most {silent.most_open} silent connections at once", flush=True)
        assert silent.most_open >= N_SILENT * 0.9, f"only {silent.most_open} hung at once"
        assert node.check_state("healthy")["state"] == "up"
        assert "healthy: up -> down" not in node.text()
    TrustingNode.bundle = None


if __name__ == "__main__":
    harness.main(globals())
