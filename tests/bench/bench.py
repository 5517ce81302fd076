# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benches share: distributions, tables, a lasting client, and targets that can be taken away."""

import os
import pathlib
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import harness  # noqa: E402  pylint: disable=wrong-import-position

CLIENT = harness.BUILD / "tests" / "bench" / "bus-client"
# a loopback /16 of this process: a port of ours that refuses is then nobody else's that answers
HOME = f"127.{64 + os.getpid() // 250 % 128}.{os.getpid() % 250}"


# ---- figures ----

def quantile(values, q):
    """The smallest value that at least q of them do not exceed (no value is made up between two)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * q // 100) - 1)]


def distribution(values):
    return [min(values), *(quantile(values, q) for q in (50, 90, 99)), max(values)]


def table(title, head, rows):
    """Prints a Markdown table, as docs/performance.md takes it."""
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{c:.2f}" if isinstance(c, float) else str(c) for c in row) + " |")
    sys.stdout.flush()


def machine():
    """One line that says how much the figures can be trusted."""
    load = os.getloadavg()
    return f"{os.cpu_count()} cores, load {load[0]:.1f} {load[1]:.1f} {load[2]:.1f}"


# ---- the client ----

def add_checks(node, first, count, kind, target, interval, timeout):
    """Adds checks bench-FIRST and on over one connection, up to 16 calls at once."""
    words = ["add", str(first), str(count), kind, target, interval, timeout]
    done = subprocess.run([str(CLIENT), str(node.socket), *words], capture_output=True, text=True,
                          timeout=600 * harness.PATIENCE)
    if done.returncode != 0:
        raise harness.Failure(f"{node.name}: add: {done.stderr}")


def rename(node, check, count=1):
    """Changes one field of a check, count times; (begin, end) of each call in seconds of time.monotonic()."""
    done = subprocess.run([str(CLIENT), str(node.socket), "rename", check, str(count)],
                          capture_output=True, text=True, timeout=600 * harness.PATIENCE)
    if done.returncode != 0:
        raise harness.Failure(f"{node.name}: rename: {done.stderr}")
    return [tuple(int(word) / 1e6 for word in line.split()) for line in done.stdout.splitlines()]


class Watch:
    """Every CheckTransition of one node, and when a client had it: (at, name, from, to)."""

    def __init__(self, node):
        self.events = []
        self.process = subprocess.Popen([str(CLIENT), str(node.socket), "watch"],
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise harness.Failure(f"{node.name}: cannot be watched")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            at, name, old, new = line.split()
            self.events.append((int(at) / 1e6, name, old, new))

    def first(self, name, state, after):
        """When it first came into that state after that instant, or None."""
        return next((e[0] for e in list(self.events) if e[1] == name and e[3] == state and e[0] > after), None)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


# ---- targets ----

class Targets:
    """Any number of targets on one thread. Each answers a connection that asks something by HTTP's 200."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.running = True
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stop(self):
        self.running = False
        self.thread.join()

    def _serve(self):
        while self.running:
            for key, _ in self.selector.select(0.05):
                try:
                    key.data(key.fileobj)
                except OSError:
                    self.drop(key.fileobj)

    def accept(self, listener):
        connection, _ = listener.accept()
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, self._answer)

    def _answer(self, connection):
        if connection.recv(65536):  # a GET of a probe comes in one piece
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
        self.drop(connection)

    def drop(self, thing):
        try:
            self.selector.unregister(thing)
        except (KeyError, ValueError):
            pass
        thing.close()


class Target:
    """One address that answers, refuses, or is a black hole: a listener with a full backlog drops each SYN."""

    def __init__(self, targets, number):
        self.targets = targets
        self.address, self.port = f"{HOME}.{number % 250 + 1}", 8000 + number // 250
        self.listener, self.held = None, []

    def answer(self):
        for s in self.held:
            s.close()
        self.held = []
        if self.listener is None:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.setblocking(False)
            self.listener.bind((self.address, self.port))
        self.listener.listen(64)
        self.targets.selector.register(self.listener, selectors.EVENT_READ, self.targets.accept)

    def refuse(self):
        """Returns the instant from which it refused."""
        self.targets.selector.unregister(self.listener)
        self.listener.close()
        self.listener = None
        return time.monotonic()

    def swallow(self):
        """Returns the instant from which it was a black hole."""
        self.targets.selector.unregister(self.listener)
        self.listener.listen(0)
        for _ in range(200):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((self.address, self.port))
            with selectors.DefaultSelector() as connecting:
                connecting.register(s, selectors.EVENT_WRITE)
                if not connecting.select(0.05):
                    s.close()
                    return time.monotonic()
            self.held.append(s)
        raise harness.Failure("the backlog cannot be filled")
