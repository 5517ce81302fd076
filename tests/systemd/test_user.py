# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon of one's own: the user units, on the session bus of a user without any privilege."""

import contextlib

import bed
from bed import harness, wait_for

WHY = bed.available()
UID = 1500


class User:
    def __init__(self, node):
        self.node = node

    def run(self, *command, **more):
        return self.node.run("runuser", "-u", "alice", "--", "env", f"XDG_RUNTIME_DIR=/run/user/{UID}",
                             "HOME=/home/alice", *command, **more)

    def sh(self, script):
        return self.run("sh", "-c", script).stdout.strip()

    def show(self, field, unit="quptime.service"):
        return self.run("systemctl", "--user", "show", "-P", field, unit).stdout.strip()

    def is_active(self, unit="quptime.service"):
        return self.show("ActiveState", unit) == "active"


@contextlib.contextmanager
def a_user():
    """Logged in, so to speak, with an empty home."""
    node = ONE.nodes[0]
    if node.run("id", "alice", check=False).returncode != 0:
        node.sh(f"useradd -m -u {UID} -s /bin/sh alice")
    node.sh("loginctl disable-linger alice; systemctl stop user@1500.service; rm -rf /home/alice/.[cl]*")
    node.systemctl("start", f"user@{UID}.service")
    yield User(node)


def test_enable_now():
    if WHY:
        return WHY
    with a_user() as user:
        user.run("systemctl", "--user", "enable", "--now", "quptime")
        assert user.is_active() and user.is_active("quptime.socket") and user.is_active("quptime-control.socket")
        user.run("quctl", "--user", "init", "--advertise", f"{user.node.address}:9901")
        user.run("quctl", "--user", "check", "add", "icmp", "self", user.node.address, *bed.FAST)
        assert "quorum      true" in user.run("quctl", "--user", "status").stdout
        # also without the bus
        assert "self" in user.run("quctl", "status").stdout
        wait_for("ICMP without privileges", lambda: "1/1" in user.run("quctl", "status").stdout)
        assert "check" in user.show("StatusText")
        # systemd 252 would have put the state into ~/.config
        assert user.sh("ls ~/.local/state/quptime").startswith("register.db")
        assert user.sh("stat -c %a ~/.config/quptime ~/.local/state/quptime") == "700\n700"
        assert "register.db" not in user.sh("ls ~/.config/quptime")
        user.run("systemctl", "--user", "restart", "quptime")
        assert "self" in user.run("quctl", "status").stdout


def test_a_socket_or_the_bus_starts_it():
    if WHY:
        return WHY
    with a_user() as user:
        user.run("systemctl", "--user", "start", "quptime-control.socket")
        assert not user.is_active()
        done = user.run("quctl", "status", check=False)
        assert "quctl init" in done.stderr, done
        assert user.is_active()
        user.run("systemctl", "--user", "stop", "quptime.service", "quptime-control.socket")
        assert not user.is_active()
        done = user.run("quctl", "--user", "status", check=False)
        assert "quctl init" in done.stderr, done
        assert user.is_active()


def test_it_lives_on_its_own():
    if WHY:
        return WHY
    with a_user() as user:
        user.run("systemctl", "--user", "enable", "--now", "quptime")
        user.run("quctl", "--user", "init", "--advertise", f"{user.node.address}:9901")
        before = user.show("MainPID")
        user.run("systemctl", "--user", "kill", "-s", "KILL", "quptime")
        wait_for("another process", lambda: user.show("MainPID") not in ("0", before))
        wait_for("it works", user.is_active)
        user.node.sh("loginctl enable-linger alice")
        user.node.reboot()
        wait_for("nobody logged in, and it is there", user.is_active)
        assert "quorum" in user.run("quctl", "--user", "status").stdout


if __name__ == "__main__":
    if WHY:
        harness.main(globals())
    with bed.Bed(1) as ONE:
        harness.main(globals())
