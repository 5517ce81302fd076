# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long each call on the bus keeps the daemon's loop from everybody else, with 10,000 checks.

Promised are 150 ms for GetManagedObjects and Introspect, 50 ms for every other call: of CPU time that the loop's thread
spends during a ping of another client, which a busy machine hardly changes. On an idle one the ping takes as long.
"""

import argparse
import subprocess
import sys
import tempfile

import bench
from bench import harness

STALL = harness.BUILD / "tests" / "bench" / "bus-stall"
MANAGER = "/org/quptime1 org.quptime1.Manager"
LIMIT, LIMIT_OF_ALL = 50, 150  # milliseconds
ANNOUNCING = 2.5  # a change that is announced for every check, to one that is not
CALLS = f"""
Ping /org/quptime1 org.freedesktop.DBus.Peer Ping
GetAll,_manager /org/quptime1 org.freedesktop.DBus.Properties GetAll s org.quptime1.Manager
ListPeers {MANAGER} ListPeers
ListChecks,_1000 {MANAGER} ListChecks uu 4000 1000
ListAlerts {MANAGER} ListAlerts
ListTrust {MANAGER} ListTrust
AddCheck {MANAGER} AddCheck e id added-% name added-% type tcp target 127.0.0.1:1 interval 24h
EditCheck {MANAGER} EditCheck se bench-5000 name renamed-%
RemoveCheck {MANAGER} RemoveCheck s added-%
AddAlert,_default {MANAGER} AddAlert e id all-% name all-% type discord discord_webhook http://127.0.0.1:1/% default yes
EditAlert {MANAGER} EditAlert se all-0 body_template %
RemoveAlert,_default {MANAGER} RemoveAlert s all-%
GetManagedObjects /org/quptime1 org.freedesktop.DBus.ObjectManager GetManagedObjects
Introspect /org/quptime1/check org.freedesktop.DBus.Introspectable Introspect
"""


def with_checks(node, count, target):
    """A document of that many checks, brought in as people do, by hand."""
    path = node.dir / "cluster.yaml"
    node.quctl("check", "add", "tcp", "first", f"127.0.0.1:{target.port}", "--interval", "24h")
    harness.wait_for("it is in the document", lambda: "name: first" in path.read_text())
    lines = path.read_text().splitlines(True)
    place = lines.index("checks:\n") + 1
    many = [f"  - id: bench-{i}\n    name: bench-{i}\n    type: tcp\n    target: '127.0.0.1:{target.port}'\n    interval: 24h\n"
            for i in range(count - 1)]
    draft = node.dir / ".draft"
    draft.write_text("".join([*lines[:place], *many, *lines[place:]]))
    draft.chmod(0o600)
    draft.rename(path)
    harness.wait_for(f"{count} checks", lambda: len(node.status()["checks"]) == count, 120)
    # the first probes are over, and what they brought is on disk
    harness.wait_for("all are up", lambda: {check["state"] for check in node.status()["checks"]} == {"up"}, 300, every=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checks", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    late, rows = [], []
    with harness.Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        with_checks(node, arguments.checks, harness.TcpTarget().start())
        done = subprocess.run([str(STALL), str(node.socket), str(node.process.pid), str(arguments.rounds)],
                              input=CALLS, capture_output=True, text=True, timeout=600 * harness.PATIENCE)
        if done.returncode != 0:
            raise harness.Failure(done.stdout + done.stderr)
        for line in done.stdout.splitlines():
            name, *figures = line.split()
            blocked, used, ping, took = (int(figure) / 1000 for figure in figures)
            limit = LIMIT_OF_ALL if name in ("GetManagedObjects", "Introspect") else LIMIT
            rows.append([name.replace("_", " "), blocked, used, ping, took, limit])
            if blocked > limit * harness.PATIENCE:
                late.append(f"{name}: {blocked:.0f} ms")
    bench.table(f"{arguments.checks} checks, {arguments.rounds} rounds of each call, milliseconds ({bench.machine()})",
                ["call", "blocks the loop", "its CPU in all", "longest ping", "until answered", "limit"], rows)
    # whatever this machine can do: what concerns every check must not cost the loop much more than what concerns none
    floor = next(row[1] for row in rows if row[0] == "EditAlert")
    late += [f"{row[0]}: {row[1] / floor:.1f} times EditAlert" for row in rows
             if row[0].endswith(", default") and row[1] > ANNOUNCING * floor]
    if late:
        print("FAILED: " + ", ".join(late))
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
