# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a change costs, how long a dead leader is missed, what three nodes at rest use. Required is that a dead leader
is missed for 3 s at most, with the fast profile for 1 s.

Changes are calls of EditCheck over one lasting connection, one at a time: what `quctl` adds is its own start. A
change is acknowledged when a majority has it on disk.
"""

import argparse
import os
import signal
import sys
import time

import bench
from bench import harness

TICKS = os.sysconf("SC_CLK_TCK")


def milliseconds(calls):
    return [(end - begin) * 1000 for begin, end in calls]


def latency(cluster, count):
    master = cluster.settled()
    follower = next(node for node in cluster.nodes if node is not master)
    rows = []
    for where, node in (("the leader", master), ("a follower", follower)):
        bench.rename(node, "bench-0", 5)
        took = milliseconds(bench.rename(node, "bench-0", count))
        rows.append([f"a change through {where}", count, *bench.distribution(took)])
    took = []
    for i in range(max(1, count // 5)):
        begin = time.monotonic()
        follower.quctl("check", "add", "tcp", f"typed {i}", "127.0.0.1:1", "--interval", "24h")
        took.append((time.monotonic() - begin) * 1000)
    rows.append(["quctl check add, on a follower", len(took), *bench.distribution(took)])
    took = []
    for i in range(max(1, count // 5)):
        begin = time.monotonic()
        follower.quctl("status")
        took.append((time.monotonic() - begin) * 1000)
    rows.append(["quctl status", len(took), *bench.distribution(took)])
    bench.table(f"Milliseconds to the answer, three nodes ({bench.machine()})",
                ["", "n", "min", "median", "p90", "p99", "max"], rows)


def whole(cluster):
    """Everybody sees everybody, and one master."""
    for node in cluster.nodes:
        harness.wait_for(f"{node.name} sees all",
                         lambda node=node: all(p["live"] for p in node.status()["peers"]), 40)
    return cluster.settled()


def set_election_timeout(cluster, value):
    """As people do, by hand."""
    node = cluster.nodes[0]
    lines = [line for line in (node.dir / "cluster.yaml").read_text().splitlines(True)
             if not line.startswith("election_timeout:")]
    place = next(i for i, line in enumerate(lines) if line.startswith("version:"))
    draft = node.dir / ".draft"
    draft.write_text("".join([*lines[:place + 1], f"election_timeout: {value}\n", *lines[place + 1:]]))
    draft.chmod(0o600)
    os.rename(draft, node.dir / "cluster.yaml")
    for one in cluster.nodes:
        harness.wait_for(f"{one.name} has it", lambda one=one: f"election_timeout: {value}" in
                         (one.dir / "cluster.yaml").read_text() and "version" in one.status())


def failover(cluster, runs, title, bound):
    """kill -9 of the leader, and a change typed at the same moment on one of the others. Whether all took at most
    `bound` seconds."""
    took, tries = [], 0
    for _ in range(runs):
        master = whole(cluster)
        other = next(node for node in cluster.nodes if node is not master)
        begin = time.monotonic()
        master.kill(signal.SIGKILL)
        while True:
            tries += 1
            try:
                took.append(bench.rename(other, "bench-0")[0][1] - begin)
                break
            except harness.Failure as error:
                if time.monotonic() - begin > 60 * harness.PATIENCE:
                    raise
                print(f"refused meanwhile: {error}")
                time.sleep(0.1)
        master.start()
    bench.table(f"Seconds from kill -9 of the leader to an acknowledged change, {title} ({bench.machine()}); "
                f"{tries - runs} refused meanwhile",
                ["n", "min", "median", "p90", "p99", "max"], [[runs, *bench.distribution(took)]])
    if max(took) > bound * harness.PATIENCE:
        print(f"FAILED: more than {bound * harness.PATIENCE} s")
    return max(took) <= bound * harness.PATIENCE


def used(node):
    """Seconds of CPU, all threads."""
    fields = open(f"/proc/{node.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resting(cluster, n_checks, seconds):
    master = whole(cluster)
    before, begin = {node: used(node) for node in cluster.nodes}, time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - begin
    rows = []
    for node in cluster.nodes:
        rows.append([n_checks, "leader" if node is master else "follower",
                     100 * (used(node) - before[node]) / passed, harness.rss_kib(node.process.pid) / 1024])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--runs", type=int, default=30, help="how often the leader is killed, with either profile")
    parser.add_argument("--failover", action="store_true", help="only that")
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60, help="how long nodes at rest are looked at")
    options = parser.parse_args()

    targets = bench.Targets()
    target = bench.Target(targets, 0)
    target.answer()
    where = f"{target.address}:{target.port}"
    with harness.Cluster(3) as cluster:
        cluster.up()
        rows = [] if options.failover else resting(cluster, 0, options.seconds)

        bench.add_checks(cluster.nodes[0], 0, 1, "tcp", where, "60s", "10s")
        if not options.failover:
            latency(cluster, options.changes)
        kept = failover(cluster, options.runs, "election_timeout 1s", 3.0)
        set_election_timeout(cluster, "300ms")
        kept = failover(cluster, options.runs, "election_timeout 300ms", 1.0) and kept
        if options.failover:
            targets.stop()
            sys.exit(not kept)
        set_election_timeout(cluster, "1s")

        master = whole(cluster)
        begin = time.monotonic()
        bench.add_checks(master, 1, options.checks - 1, "tcp", where, "60s", "10s")
        print(f"\n{options.checks} checks were added one by one, 16 calls at once, "
              f"in {time.monotonic() - begin:.1f} s")
        harness.wait_for("all are up", lambda: sum(
            c["state"] == "up" for c in master.status()["checks"]) == options.checks, 120, 2)
        time.sleep(5)
        rows += resting(cluster, options.checks, options.seconds)
        bench.table(f"At rest for {options.seconds} s, checks of 60 s ({bench.machine()})",
                    ["checks", "", "CPU, % of a core", "resident, MiB"], rows)
    targets.stop()
    sys.exit(not kept)


if __name__ == "__main__":
    main()
