# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real applet, in a window under Xvfb, against real daemons."""

import os
import subprocess

import desktop
from desktop import Desktop, harness, wait_for
from harness import Cluster, HttpTarget, free_port

FAST = ("--interval", "1s", "--timeout", "500ms")
TIMING = "confirm-delay=200ms,round-slack=200ms"


def on_a_desktop(test):
    """What cannot run here says so."""
    def run():
        reason = desktop.missing()
        if reason:
            return reason
        with Desktop() as d:
            test(d)
        return None
    run.__name__ = test.__name__
    return run


@on_a_desktop
def test_shows_checks_notifies_and_finds_the_daemon_again(d):
    with Cluster(1, timing=TIMING) as cluster:
        node = cluster.up().nodes[0]
        web = HttpTarget().start()
        node.quctl("check", "add", "http", "<b>web</b> & co", web.url, *FAST)
        node.quctl("check", "add", "tcp", "absent", f"127.0.0.1:{free_port()}", *FAST)
        cluster.all_see("<b>web</b> & co", "up")
        cluster.all_see("absent", "down")

        d.start(f"--address={node.socket}")
        wait_for("both rows, down first", lambda: d.names() == ["absent", "<b>web</b> & co"])
        wait_for("no problem", lambda: d.line("problem") == "")
        wait_for("live values", lambda: [row[5] for row in d.rows()] == ["0/1", "1/1"])
        assert "2 checks, 1 down" in d.line("summary") and f"master {node.advertise}" in d.line("summary"), d.shown()
        assert "quorum yes (1 of 1 live, need 1)" in d.line("summary"), d.shown()
        assert "refused" in d.rows()[0][6], d.rows()
        assert len({row for row in d.screen()[2]}) > 50, "nothing is drawn"
        assert d.told() == [], "what was so before is no news"

        # a flip, there and back
        web.status = 500
        wait_for("web is shown down", lambda: d.names("down") == ["<b>web</b> & co", "absent"], 40)
        down = wait_for("a notification", d.told)[0]
        assert down[0] == "‹b›web‹/b› ＆ co is DOWN" and "500" in down[1] and down[2] == 2, down
        web.status = 200
        wait_for("web is shown up", lambda: d.names("up") == ["<b>web</b> & co"], 40)
        up = wait_for("another", lambda: d.told()[1:])[0]
        assert up[0].endswith("is up again") and up[2] == 1, up

        # what appears and goes is followed
        node.quctl("check", "add", "tcp", "one more", f"127.0.0.1:{free_port()}", *FAST)
        wait_for("it appears", lambda: "one more" in d.names())
        node.quctl("check", "remove", "one more")
        wait_for("it goes", lambda: "one more" not in d.names())

        # without the daemon, and what flips meanwhile
        before = len(d.told())
        node.stop()
        wait_for("it says so", lambda: "No connection to the daemon" in d.line("problem"))
        assert len(d.names()) == 2, "what was known stays"
        web.status = 500
        node.start()
        wait_for("it is back", lambda: d.line("problem") == "", 60)
        wait_for("web is down", lambda: len(d.names("down")) == 2, 40)
        assert wait_for("notified once", lambda: d.told()[before:])[0][0].endswith("is DOWN")
        web.stop()


@on_a_desktop
def test_on_the_system_bus(d):
    d.system.start()
    d.start()
    wait_for("no daemon", lambda: d.line("problem") == "The daemon does not run")
    with Cluster(1, timing=TIMING) as cluster:
        node = cluster.nodes[0]
        command = [str(harness.QUPTIMED)]

        def start():
            with open(node.log, "ab") as log:
                node.process = subprocess.Popen(
                    command, env={**node.env(), "DBUS_SYSTEM_BUS_ADDRESS": d.system.address}, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, preexec_fn=harness.die_with_parent)

        start()
        wait_for("it waits for init", lambda: "quctl init" in d.line("summary"))
        wait_for("no problem", lambda: d.line("problem") == "")
        node.init(cluster.secret)
        node.quctl("check", "add", "tcp", "absent", f"127.0.0.1:{free_port()}", *FAST)
        wait_for("down", lambda: d.names("down") == ["absent"], 40)
        node.stop()
        wait_for("no daemon", lambda: d.line("problem") == "The daemon does not run")
        start()
        wait_for("again", lambda: d.line("problem") == "", 40)
        d.system.stop()
        wait_for("no bus", lambda: "No connection to the system bus" in d.line("problem"))
        d.system.start()
        wait_for("both again", lambda: d.line("problem") == "" and d.names() == ["absent"], 90)


@on_a_desktop
def test_keys_alone_are_enough(d):
    with Cluster(1, timing=TIMING) as cluster:
        node = cluster.up().nodes[0]
        for name in ("alpha", "beta", "gamma"):
            node.quctl("check", "add", "tcp", name, f"127.0.0.1:{free_port()}", *FAST)
        d.start(f"--address={node.socket}")
        wait_for("three rows", lambda: d.names("down") == ["alpha", "beta", "gamma"], 40)
        wait_for("arrows choose at once", lambda: d.keys("Down") or d.line("detail"))
        d.keys("End")
        wait_for("the last", lambda: d.line("detail").startswith("gamma · tcp "))
        assert "0 of 1 say up" in d.line("detail"), d.shown()
        d.keys("ctrl+f")
        d.keys("b", "e", "t")
        wait_for("those that were searched for", lambda: d.names() == ["beta"])
        d.keys("Escape")
        wait_for("all again", lambda: len(d.names()) == 3)
        wait_for("arrows work again", lambda: d.keys("Home") or d.line("detail").startswith("alpha"))
        d.keys("F5")
        d.keys("ctrl+q")
        d.applet.wait(timeout=30 * harness.PATIENCE)
        assert d.applet.returncode == 0, (d.applet.returncode, d.said())


@on_a_desktop
def test_arrows_work_in_a_table_that_was_empty(d):
    with Cluster(1, timing=TIMING) as cluster:
        node = cluster.up().nodes[0]
        d.start(f"--address={node.socket}")
        wait_for("an empty table", lambda: "0 checks" in d.line("summary") and d.line("problem") == "")
        node.quctl("check", "add", "tcp", "alpha", f"127.0.0.1:{free_port()}", *FAST)
        wait_for("a row", lambda: d.names() == ["alpha"])
        wait_for("arrows choose at once", lambda: d.keys("Down") or d.line("detail").startswith("alpha"))


@on_a_desktop
def test_options_and_one_instance(d):
    version = d.run("--version")
    assert version.returncode == 0 and version.stdout.startswith("quptime-applet "), version
    text = d.run("--help")
    assert text.returncode == 0 and "--address=ADDRESS" in text.stdout and "--dump" not in text.stdout, text
    assert d.run("--session", "--address=/nowhere").returncode == 2
    assert d.run("--nonsense").returncode == 1
    assert d.run("--quit").returncode == 0, "nothing to end"

    d.start("--background", "--address=/nowhere/at/all", wait=False)
    d.wait_for_name()
    refused = d.run("--session")
    assert refused.returncode == 1 and "runs already" in refused.stderr, refused
    assert d.window() is None
    assert d.run().returncode == 0
    wait_for("the first one shows its window", d.window)
    assert "No connection" in wait_for("it says so", lambda: d.line("problem"))
    d.keys("ctrl+w")
    wait_for("it hides", lambda: d.window() is None)
    d.alive()
    assert d.run("--quit").returncode == 0
    d.applet.wait(timeout=30 * harness.PATIENCE)
    assert d.applet.returncode == 0, d.said()


@on_a_desktop
def test_is_dark_where_the_desktop_prefers_it(d):
    portal = d.spawn([os.environ.get("QUPTIME_FAKE_PORTAL", str(harness.BUILD / "tests/applet/applet-fake-portal"))],
                     env=d.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert portal.stdout.readline()
    d.start("--address=/nowhere")
    wait_for("a dark window", lambda: d.brightness() < 90)
    portal.stdin.write(b"light\n")
    portal.stdin.close()
    wait_for("a light window", lambda: d.brightness() > 150)
    portal.stdout.close()


@on_a_desktop
def test_the_session_bus_starts_it(d):
    (d.base / "services" / f"{desktop.ID}.service").write_text(
        f"[D-BUS Service]\nName={desktop.ID}\nExec={desktop.APPLET} --gapplication-service\n")
    subprocess.run(["gdbus", "call", "--session", "--dest", desktop.ID, "--object-path", "/org/quptime/Applet1",
                    "--method", "org.freedesktop.Application.Activate", "{}"], env=d.env, check=True, stdout=subprocess.DEVNULL,
                   timeout=60 * harness.PATIENCE)
    wait_for("a window", lambda: d.window(alive=False))
    assert d.run("--quit").returncode == 0
    wait_for("no window", lambda: not d.window(alive=False))


@on_a_desktop
def test_thousands_of_rows(d):
    fake = os.environ.get("QUPTIME_FAKE_DAEMON", str(harness.BUILD / "tests/unit/ctl/ctl-fake-daemon"))
    d.system.start()
    daemon = d.spawn([fake, f"--bus={d.system.address}", f"--log={d.base}/calls", "--checks=5000", "--evil"],
                     stdout=subprocess.PIPE)
    assert daemon.stdout.readline()
    d.start()
    wait_for("all of them", lambda: d.line("rows") == "5000", 60)
    assert "4999 down" in d.line("summary"), d.shown()[:300]
    assert not {c for c in d.shown() if ord(c) in (0x1b, 0x9b, 0x202e)}, "harmful characters"
    # widgets are made for what is in sight alone
    assert harness.rss_kib(d.applet.pid) < 400 * 1024 * harness.PATIENCE, harness.rss_kib(d.applet.pid)
    daemon.stdout.close()


if __name__ == "__main__":
    harness.main(globals())
