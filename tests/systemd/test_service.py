# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of the service: restarts, stops, crashes, hangs, wrong ports, missing buses."""

import contextlib
import socket
import time

import bed
from bed import harness, wait_for

WHY = bed.available()


@contextlib.contextmanager
def running_node(init=True):
    node = ONE.nodes[0].fresh()
    node.systemctl("start", "quptime")
    if init:
        node.init()
    yield node


def stays_open(node):
    """Whether a crash leaves the peer port open: RestartMode=direct, which meson writes where systemd has it (254)."""
    return node.show("RestartMode") == "direct"


def quptime_answers(node):
    return node.status(socket=True)["node"] == node.node_id


def test_restart_then_status_by_the_private_socket():
    if WHY:
        return WHY
    with running_node() as node:
        node.quctl("check", "add", "tcp", "closed", "127.0.0.1:1", *bed.FAST)
        ONE.all_see("closed", "down")
        before = node.pid()
        for _ in range(3):
            node.systemctl("restart", "quptime")
            # the check's state was not forgotten: it is there with the first answer
            assert node.status(socket=True)["checks"][0]["state"] == "down"
            assert node.sh("stat -c %F /run/quptime/quptime.sock") == "socket"
        assert node.pid() != before
        assert node.sh("journalctl -u quptime -g 'closed: .*-> down' -o cat | wc -l") == "1"


def test_stop_stays_a_stop_for_the_network_and_not_for_root():
    if WHY:
        return WHY
    with running_node() as node:
        begin = time.monotonic()
        node.systemctl("stop", "quptime")
        took = time.monotonic() - begin
        assert took < 5 * bed.PATIENCE, f"stopped only after {took:.1f} s"
        assert node.show("Result") == "success"
        with harness.in_namespace(ONE.world):
            try:
                socket.create_connection((node.address, 9901), timeout=5).close()
                raise AssertionError("the peer port is open after a stop")
            except ConnectionRefusedError:
                pass
        assert not node.is_active()
        assert quptime_answers(node)  # the private socket starts it
        assert node.is_active() and node.is_active("quptime.socket")
        # stopped with the sockets, nobody answers there, and quctl says what to do
        node.systemctl("stop", "quptime.service", "quptime-control.socket")
        assert node.sh("ls /run/quptime") == ""
        done = node.quctl("status", socket=True, check=False)
        assert done.returncode == 3 and "systemctl start quptime" in done.stderr, done


def test_a_restart_loses_no_connection():
    if WHY:
        return WHY
    with running_node() as node:
        refused, tries = [], 0
        with harness.in_namespace(ONE.world):
            end = time.monotonic() + 60 * bed.PATIENCE
            process = ONE.start_exec(node, "systemctl", "restart", "quptime")
            while process.poll() is None and time.monotonic() < end:
                try:
                    socket.create_connection((node.address, 9901), timeout=10).close()
                except OSError as error:
                    refused.append(error)
                tries += 1
                time.sleep(0.002)
        assert process.returncode == 0
        print(f"# {tries} connections during the restart")
        assert tries > 3 and not refused, refused
        assert quptime_answers(node)


def test_a_killed_daemon_is_started_again():
    if WHY:
        return WHY
    with running_node() as node:
        node.quctl("check", "add", "tcp", "closed", "127.0.0.1:1", *bed.FAST)
        ONE.all_see("closed", "down")
        before = node.pid()
        node.systemctl("kill", "-s", "KILL", "quptime")
        wait_for("another process", lambda: node.pid() not in (0, before))
        wait_for("it works", node.is_active)
        assert node.show("NRestarts") == "1"
        assert node.status()["checks"][0]["state"] == "down"
        assert node.is_active("quptime.socket") and node.is_active("quptime-control.socket")


def test_a_crash_keeps_the_port_open():
    if WHY:
        return WHY
    with running_node() as node:
        node.drop_in("quptime.service", "[Service]\nRestartSec=3s\n")
        node.systemctl("restart", "quptime")
        before = node.pid()
        node.systemctl("kill", "-s", "KILL", "quptime")
        wait_for("it waits for its restart", lambda: node.show("SubState") in ("auto-restart", "running"))
        with harness.in_namespace(ONE.world):
            if stays_open(node):
                socket.create_connection((node.address, 9901), timeout=10).close()
        wait_for("another process", lambda: node.pid() not in (0, before))
        with harness.in_namespace(ONE.world):
            wait_for("the port is open", lambda: not socket.create_connection((node.address, 9901), timeout=10).close())


def test_a_hung_loop_is_noticed():
    if WHY:
        return WHY
    with running_node() as node:
        assert node.show("WatchdogUSec") == "20s"
        node.drop_in("quptime.service", f"[Service]\nWatchdogSec={round(2 * bed.PATIENCE)}s\n")
        node.systemctl("restart", "quptime")
        before = node.pid()
        # a loop that turns is left alone for longer than that
        time.sleep(3 * bed.PATIENCE)
        assert node.pid() == before and node.show("NRestarts") == "0"
        node.systemctl("kill", "-s", "STOP", "quptime")
        wait_for("another process", lambda: node.pid() not in (0, before))
        wait_for("it works", lambda: node.is_active() and quptime_answers(node))
        assert node.show("NRestarts") == "1"
        assert "watchdog" in node.sh("journalctl -u quptime -o cat --since -60s").lower()
        assert node.sh(f"sed -n 's/^Max core file size *//p' /proc/{node.pid()}/limits").split()[:2] == ["0", "0"]


def test_a_port_that_differs_is_refused_with_the_remedy():
    if WHY:
        return WHY
    with running_node() as node:
        node.systemctl("stop", "quptime")
        node.sh("sed -i 's/^bind_port: .*/bind_port: 9902/' /etc/quptime/node.yaml")
        assert node.systemctl("start", "quptime", check=False).returncode != 0
        assert node.show("ExecMainStatus") == "78"
        text = node.log(1, "-t", "quptimed")
        assert "quptime.socket listens on port 9901" in text and "port 9902" in text, text
        assert "ListenStream=9902" in text and "[Socket]" in text, text
        time.sleep(2)
        assert node.show("NRestarts") == "0", "it is tried again and again"
        # what it says is what helps
        node.drop_in("quptime.socket", "[Socket]\nListenStream=\nListenStream=9902\n")
        node.sh("systemctl stop quptime.socket quptime.service && systemctl start quptime.service")
        assert node.status()["node"] == node.node_id
        with harness.in_namespace(ONE.world):
            socket.create_connection((node.address, 9902), timeout=10).close()


def test_what_needs_a_person_is_not_tried_again_and_again():
    if WHY:
        return WHY
    with running_node() as node:
        node.systemctl("stop", "quptime")
        for damage, mends, says in (
                ("sed -i '1i nonsense: [' /etc/quptime/node.yaml", "sed -i 1d /etc/quptime/node.yaml", "node.yaml"),
                ("mv /var/lib/quptime/register.db /root", "mv /root/register.db /var/lib/quptime", "register.db"),
                ("chown root: /etc/quptime", "chown quptime: /etc/quptime", "/etc/quptime")):
            node.sh(damage)
            assert node.systemctl("start", "quptime", check=False).returncode != 0, damage
            # not by its unit: of a process that is gone by the time that it looks, the journal does not know it
            text = node.log(1, "-t", "quptimed")
            assert node.show("ExecMainStatus") == "78" and says in text, f"{damage}: {text}"
            assert says in node.show("StatusText"), node.show("StatusText")
            wait_for("it stays down", lambda: node.show("ActiveState") == "failed")
            node.sh(mends + "; systemctl reset-failed")
        node.systemctl("start", "quptime")
        assert quptime_answers(node)


def test_init_obeys_the_socket():
    if WHY:
        return WHY
    with running_node(init=False) as node:
        done = node.quctl("init", "--advertise", f"{node.address}:9903", "--port", "9903", check=False)
        assert done.returncode == 1 and "ListenStream=9903" in done.stderr, done
        done = node.quctl("init", "--advertise", f"{node.address}:9901", "--bind", "127.0.0.1", check=False)
        assert done.returncode == 1 and "ListenStream=127.0.0.1:9901" in done.stderr, done
        assert node.sh("ls /etc/quptime") == ""
        # without --port the port is the socket's
        node.systemctl("stop", "quptime")
        node.drop_in("quptime.socket", "[Socket]\nListenStream=\nListenStream=9904\n")
        node.systemctl("restart", "quptime.socket")
        node.systemctl("start", "quptime")
        node.quctl("init", "--advertise", f"{node.address}:9904")
        assert "9904" in node.sh("grep bind_port /etc/quptime/node.yaml")


def test_before_init_nobody_is_kept_waiting():
    if WHY:
        return WHY
    with running_node(init=False) as node:
        for _ in range(2):
            with harness.in_namespace(ONE.world):
                with socket.create_connection((node.address, 9901), timeout=20 * bed.PATIENCE) as visitor:
                    assert visitor.recv(1) == b""
            # and the same after an identity was given up
            node.init()
            node.quctl("node", "reset", "--yes")


def test_the_bus_may_go_and_come():
    if WHY:
        return WHY
    with running_node() as node:
        before = node.pid()
        node.systemctl("restart", "dbus.service")
        wait_for("the name is owned again", lambda: "org.quptime1" in node.sh("busctl --acquired --no-legend list"))
        assert node.pid() == before and node.show("NRestarts") == "0"
        assert node.status()["node"] == node.node_id
        # started without one: the private socket serves
        node.sh("systemctl stop quptime; systemctl stop dbus.socket dbus.service")
        node.sh("systemctl start quptime.service", timeout=90)
        assert quptime_answers(node)
        node.sh("systemctl start dbus.socket")
        wait_for("the name is owned", lambda: "org.quptime1" in node.sh("busctl --acquired --no-legend list"), 60)


def test_reload_and_log_level():
    if WHY:
        return WHY
    with running_node() as node:
        before = node.pid()
        node.systemctl("reload", "quptime")
        wait_for("it says so", lambda: "read the files again" in node.log(20, "-u", "quptime"))
        wait_for("the reload is over", lambda: node.show("ActiveState") == "active")
        assert node.pid() == before
        node.sh("sed -i 's/^advertise: .*/advertise: elsewhere.example:9901/' /etc/quptime/node.yaml")
        node.systemctl("reload", "quptime")
        wait_for("a changed node.yaml is told", lambda: "node.yaml has changed" in node.log(20, "-u", "quptime"))

        assert node.sh("systemctl service-log-level quptime") == "info"
        node.sh("systemctl service-log-level quptime debug")
        assert node.sh("systemctl service-log-level quptime") == "debug"
        assert node.run("runuser", "-u", "nobody", "--", "systemctl", "service-log-level", "quptime", "info",
                        check=False).returncode != 0
        assert node.sh("systemctl service-log-level quptime") == "debug"


if __name__ == "__main__":
    if WHY:
        harness.main(globals())
    with bed.Bed(1) as ONE:
        harness.main(globals())
