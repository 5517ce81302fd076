# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a document with many new checks keeps the daemons' loops from everybody else.

Three nodes. Many checks are brought in by `quctl config apply` on the leader, removed again the same way, then the same
on a follower, and by hand edits of cluster.yaml. Meanwhile a client pings each daemon: the CPU time that the loop's
thread spends during the dearest ping is what it kept from everybody else, pings of the other nodes among them.

Aimed at are 100 ms with 10,000 checks. What holds on any machine is a ratio: bringing them in blocks the loop of leader
and follower for at most FLOORS times as long as answering GetManagedObjects once, which tells of every check.
"""

import argparse
import re
import subprocess
import sys

import bench
from bench import harness
from calls import STALL

AIM, FLOORS = 100, 1.1
CALM = 10  # milliseconds at once, with nothing to do
VERSION = re.compile(r"^version: \d+$", re.MULTILINE)
FLOOR = "floor /org/quptime1 org.freedesktop.DBus.ObjectManager GetManagedObjects\n"


class Stalls:
    """What the pings of one node find."""

    def __init__(self, node):
        self.process = subprocess.Popen([str(STALL), str(node.socket), str(node.process.pid), "watch"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def read(self):
        """Milliseconds since the last reading: blocked, longest ping, CPU time in all."""
        self.process.stdin.write("\n")
        return [int(word) / 1000 for word in self.process.stdout.readline().split()]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def floor(node):
    """Milliseconds for which GetManagedObjects blocks the loop."""
    done = subprocess.run([str(STALL), str(node.socket), str(node.process.pid), "5"], input=FLOOR,
                          capture_output=True, text=True, timeout=600 * harness.PATIENCE)
    if done.returncode != 0:
        raise harness.Failure(done.stdout + done.stderr)
    return int(done.stdout.split()[1]) / 1000


def with_more(text, count, target):
    lines = text.splitlines(True)
    place = lines.index("checks:\n") + 1
    many = [f"  - id: many-{i}\n    name: many-{i}\n    type: tcp\n    target: '127.0.0.1:{target.port}'\n"
            f"    interval: 24h\n" for i in range(count)]
    return "".join([*lines[:place], *many, *lines[place:]])


class Bench:
    def __init__(self, cluster, count):
        self.cluster, self.count, self.runs, self.floors = cluster, count, {}, []
        self.target = harness.TcpTarget().start()
        self.nodes = cluster.nodes
        self.nodes[0].quctl("check", "add", "tcp", "first", f"127.0.0.1:{self.target.port}", "--interval", "24h")
        harness.wait_for("it is everywhere", lambda: all("name: first" in self.text(n) for n in self.nodes))
        self.stalls = [Stalls(node) for node in self.nodes]
        self.draft = cluster.base / "draft.yaml"

    @staticmethod
    def text(node):
        return (node.dir / "cluster.yaml").read_text()

    def written(self, there):
        last = f"name: many-{self.count - 1}\n"
        return all((last in self.text(node)) == there for node in self.nodes)

    def read(self):
        return [stall.read() for stall in self.stalls]

    def settle(self):
        harness.wait_for("nobody is busy", lambda: all(f[0] < CALM * harness.PATIENCE for f in self.read()), 300, every=1)

    def measure(self, what, act, there):
        self.settle()
        term = self.nodes[0].status()["term"]
        self.read()
        act()
        harness.wait_for(what, lambda: self.written(there), 120, every=0.1)
        leader, *followers = self.read()
        follower = [max(figures) for figures in zip(*followers)]
        self.runs.setdefault(what, []).append([*leader, *follower, self.nodes[0].status()["term"] - term])

    def apply(self, node, text):
        def act():
            self.draft.write_text(text)
            node.quctl("config", "apply", str(self.draft), "--yes")
        return act

    @staticmethod
    def edit(node, text):
        def act():
            draft = node.dir / ".draft"
            draft.write_text(text)
            draft.chmod(0o600)
            draft.rename(node.dir / "cluster.yaml")
        return act

    def run(self, name, node, how):
        before = self.text(node)
        self.measure(f"{name}, added", how(node, with_more(before, self.count, self.target)), True)
        self.settle()
        self.floors.append(floor(self.nodes[0]))
        # the old text is no restore where it says that it is of the newest version
        now = VERSION.search(self.text(node))[0]
        self.measure(f"{name}, removed", how(node, VERSION.sub(now, before)), False)

    def stop(self):
        for stall in self.stalls:
            stall.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checks", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bounds", action="store_true", help="only the ratio, no milliseconds")
    arguments = parser.parse_args()
    rows, late = [], []
    with harness.Cluster(3) as cluster:
        b = Bench(cluster.up(), arguments.checks)
        for _ in range(arguments.rounds):
            b.run("apply, leader", b.nodes[0], b.apply)
            b.run("hand edit, leader", b.nodes[0], b.edit)
            b.run("apply, follower", b.nodes[1], b.apply)
            b.run("hand edit, follower", b.nodes[1], b.edit)
        b.stop()
    least = bench.quantile(b.floors, 50)
    for name, runs in b.runs.items():
        columns = list(zip(*runs))
        medians = [bench.quantile(column, 50) for column in columns]
        rows.append([name, medians[0], medians[3], medians[1], medians[4], medians[2], medians[5],
                     sum(1 for lost in columns[6] if lost)])
        # other work on the machine only adds to it
        for who, best, median in (("leader", min(columns[0]), medians[0]), ("follower", min(columns[3]), medians[3])):
            # a removal is announced at once, and costs by the number of clients
            if name.endswith("added") and best > FLOORS * least:
                late.append(f"{name}: {best / least:.1f} floors on the {who}")
            if not arguments.bounds and median > AIM * harness.PATIENCE:
                late.append(f"{name}: {median:.0f} ms on the {who}")
    bench.table(f"{arguments.checks} checks, {arguments.rounds} rounds, milliseconds ({bench.machine()}); "
                f"the floor: {least:.1f}",
                ["change", "leader blocks", "follower blocks", "ping, leader", "ping, follower", "CPU, leader",
                 "CPU, follower", "lead lost"], rows)
    if late:
        print("FAILED: " + ", ".join(late))
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
