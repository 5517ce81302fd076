#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the picture of docs/applet.md: the real applet, under Xvfb, on a real cluster of three, with checks up and down.

    screenshot.py OUT.png
"""

import sys
import tempfile

import desktop
from desktop import Desktop, wait_for
from harness import Cluster, HttpTarget, TcpTarget, free_port

FAST = ("--interval", "1s", "--timeout", "500ms")
NODES = ("127.0.0.11", "127.0.0.12", "127.0.0.13")


def main():
    reason = desktop.missing()
    if reason:
        raise SystemExit(reason)
    with Desktop("1000x460") as d, Cluster(3, base=tempfile.mkdtemp(prefix="quptime-"), addresses=NODES,
                                           timing="confirm-delay=200ms,round-slack=200ms") as cluster:
        first = cluster.up().nodes[0]
        home, shop, broken = HttpTarget().start(), HttpTarget().start(), HttpTarget().start()
        mail, database = TcpTarget().start(), TcpTarget().start()
        broken.status = 503
        for kind, name, target in (
                ("http", "homepage", home.url), ("http", "shop", shop.url), ("http", "status page", broken.url),
                ("tcp", "mail", f"127.0.0.1:{mail.port}"), ("tcp", "database", f"127.0.0.1:{database.port}"),
                ("tcp", "backup", f"127.0.0.1:{free_port()}"), ("icmp", "gateway", "127.0.0.1")):
            first.quctl("check", "add", kind, name, target, *FAST)
        for name in ("homepage", "shop", "mail", "database"):
            cluster.all_see(name, "up", nodes=[first])
        d.start(f"--address={first.socket}")
        wait_for("two are down", lambda: d.names("down") == ["backup", "status page"], 40)
        cluster.nodes[2].stop()  # one node of three may be silent
        wait_for("it is silent", lambda: "(silent)" in d.line("peers"), 60)
        wait_for("the others do", lambda: {row[5] for row in d.rows() if row[0] == "up"} == {"2/3"}, 60)
        wait_for("no problem", lambda: d.line("problem") == "")
        wait_for("one is chosen", lambda: d.keys("Down") or d.line("detail"))
        wait_for("the first is chosen", lambda: d.keys("Home") or d.line("detail").startswith("backup"))
        d.screenshot(sys.argv[1], cut=d.geometry())
        print(d.shown())


if __name__ == "__main__":
    main()
