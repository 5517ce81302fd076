# SPDX-License-Identifier: LGPL-2.1-or-later
"""A person at a terminal, whom polkit asks for an administrator's password: bob, in a session of his, with quctl, which
brings an agent along. Nothing here is answered by a rule."""

import contextlib
import fcntl
import os
import pty
import subprocess
import termios
import threading

import bed
from bed import Failure, wait_for
from test_polkit import CALLED, MANAGER, REFUSED, entries, people, uid, version

WHY = bed.available()
PASSWORD = "open sesame 17"
ASKED = "Password: "


class Terminal:
    """A terminal of ours, as of ssh: in it systemd-run has another one, of the node's own, for a session of bob."""

    def __init__(self, node, script):
        self.fd, theirs = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            [str(bed.TESTBED), "exec", node.name, "systemd-run", "--quiet", "--pty", "--wait", "--collect",
             "-p", "PAMName=login", "-p", "User=bob", "sh", "-c", script],
            env=node.bed.environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.fd, 4096):
                self.text += data.decode(errors="replace")

    def shows(self, words, times=1):
        def there():
            if self.text.count(words) < times:
                raise Failure(f"the terminal shows: {self.text!r}")
            return True
        wait_for(f"{words!r} on the terminal", there, 30)

    def types(self, text):
        os.write(self.fd, text.encode())

    def ends(self):
        """What it exits with, once the session is over."""
        code = self.process.wait(timeout=60 * bed.PATIENCE)
        self.reader.join(10)
        os.close(self.fd)
        return code


def an_administrator(node):
    """dave, whom Debian's own rule makes one: he is in the group sudo, and polkit asks for his password."""
    if node.run("id", "dave", check=False).returncode != 0:
        node.sh(f"useradd -m dave -G sudo; echo 'dave:{PASSWORD}' | chpasswd")


@contextlib.contextmanager
def a_node():
    """Where bob may ask; afterwards nobody is left who waits for an answer, and the daemon serves as before."""
    shared = bed.shared()
    shared.cluster()
    node = shared.nodes[1]
    people(node)
    an_administrator(node)
    yield node, people(node)[1]
    wait_for("no agent is left", lambda: node.run("pgrep", "-x", "pkttyagent", check=False).returncode == 1)
    node.quctl("--system", "check", "add", "tcp", "afterwards", f"{bed.WORLD}:25")
    node.quctl("--system", "check", "remove", "afterwards")


def names(node):
    return {check["name"] for check in node.status()["checks"]}


def refusals(node, user):
    return len(entries(node, MESSAGE_ID=REFUSED, QUPTIME_CALLER_UID=uid(user)))


def changes(node, user):
    return len(entries(node, MESSAGE_ID=CALLED, QUPTIME_CALLER_UID=uid(user)))


def agents_gone(node):
    """How many of those that could ask for a password have left polkitd, which ends what they asked."""
    said = node.sh("journalctl --sync; journalctl -q -o cat -u polkit")
    return said.count("Unregistered Authentication Agent") + said.count("Main process exited"), said[-2000:]


def an_agent_left(node, before):
    now, said = agents_gone(node)
    if now <= before:
        raise Failure(f"polkit says: {said}")
    return True


def test_the_right_password():
    if WHY:
        return WHY
    with a_node() as (node, bob):
        before = version(node)
        terminal = Terminal(node, f"quctl check add tcp of-bob {bed.WORLD}:25")
        terminal.shows("Authentication is required to change the checks and alerts of the uptime monitor")
        terminal.shows("Authenticating as: dave")
        terminal.shows(ASKED)
        # while he thinks about it, nothing is done, and all others are served
        assert version(node) == before and "of-bob" not in names(node)
        terminal.types(PASSWORD + "\n")
        terminal.shows("added check of-bob")
        assert terminal.ends() == 0, terminal.text
        assert PASSWORD not in terminal.text
        wait_for("it is there", lambda: "of-bob" in names(node))
        entry = wait_for("the journal has it", lambda: entries(
            node, MESSAGE_ID=CALLED, QUPTIME_CALLER_UID=uid(bob), QUPTIME_CHECK_NAME="of-bob")[-1:])[0]
        session = entry["QUPTIME_CALLER_SESSION"]
        assert entry["MESSAGE"].startswith(
            f"uid {uid(bob)} (session-{session}.scope, session {session}) asked for AddCheck of of-bob: done"), entry
        # it was for that once: the next change is asked about again
        terminal = Terminal(node, "quctl check remove of-bob")
        terminal.shows(ASKED)
        assert "of-bob" in names(node)
        terminal.types(PASSWORD + "\n")
        assert terminal.ends() == 0, terminal.text
        wait_for("it is gone", lambda: "of-bob" not in names(node))


def test_without_an_agent_nobody_can_be_asked():
    if WHY:
        return WHY
    with a_node() as (node, bob):  # busctl lets a person be asked, and brings nobody who could do it
        before, n_refused = version(node), refusals(node, bob)
        terminal = Terminal(node, f"busctl call {' '.join(MANAGER)} RemoveCheck s homepage")
        assert terminal.ends() == 1, terminal.text
        assert "no polkit agent runs that could ask the caller for it" in terminal.text, terminal.text
        assert version(node) == before
        wait_for("the journal says so", lambda: refusals(node, bob) == n_refused + 1)


def test_the_wrong_password():
    if WHY:
        return WHY
    with a_node() as (node, bob):
        before, n_refused, n_changed = version(node), refusals(node, bob), changes(node, bob)
        terminal = Terminal(node, "quctl check remove homepage")
        terminal.shows(ASKED)
        terminal.types("a guess\n")
        assert terminal.ends() == 1, terminal.text
        assert "polkit does not allow this (org.quptime1.configure); run quctl as root" in terminal.text, terminal.text
        assert version(node) == before and "homepage" in names(node)
        wait_for("the journal says so", lambda: refusals(node, bob) == n_refused + 1)
        assert changes(node, bob) == n_changed


def test_the_question_is_dismissed():
    if WHY:
        return WHY
    with a_node() as (node, bob):
        before, n_refused, n_changed = version(node), refusals(node, bob), changes(node, bob)
        terminal = Terminal(node, "quctl check remove homepage")
        terminal.shows(ASKED)
        node.sh("pkill -TERM -u bob -x pkttyagent")  # the agent goes without an answer
        assert terminal.ends() == 1, terminal.text
        print(f"# {terminal.text.strip().splitlines()[-1]}", flush=True)
        assert "org.quptime1.configure" in terminal.text, terminal.text
        assert version(node) == before and "homepage" in names(node)
        wait_for("the journal says so", lambda: refusals(node, bob) == n_refused + 1)
        assert changes(node, bob) == n_changed


def test_from_the_dashboard():
    """Which leaves the screen to the agent and comes back, whatever came of it."""
    if WHY:
        return WHY
    with a_node() as (node, bob):
        before, n_changed = version(node), changes(node, bob)
        terminal = Terminal(node, "trap : INT; stty rows 24 cols 80; TERM=xterm quctl tui; echo ended with $?; stty -a")
        terminal.shows("homepage")
        leave, come = "\x1b[?1049l", "\x1b[?1049h"
        # the right password
        terminal.types("x")
        terminal.shows(ASKED)
        assert terminal.text.count(leave) == 1, terminal.text
        terminal.types(PASSWORD + "\n")
        terminal.shows(come, times=2)
        terminal.shows("is disabled")
        wait_for("it is done", lambda: changes(node, bob) == n_changed + 1)
        # a wrong one
        terminal.types("x")
        terminal.shows(ASKED, times=2)
        terminal.types("a guess\n")
        terminal.shows(come, times=3)
        terminal.shows("polkit does not allow this")
        # Ctrl-C ends the question, not the dashboard
        terminal.types("\x1bx")
        terminal.shows(ASKED, times=3)
        terminal.types("\x03")
        terminal.shows(come, times=4)
        terminal.types("\x1b")
        # and q the dashboard
        terminal.types("q")
        terminal.shows("ended with 0")
        assert terminal.ends() == 0, terminal.text
        assert PASSWORD not in terminal.text
        assert " echo " in terminal.text and " -echo " not in terminal.text, terminal.text
        assert version(node) == before + 1
        name = next(check["name"] for check in node.status()["checks"] if check["state"] == "disabled")
        node.quctl("--system", "check", "enable", name)


def test_who_does_not_want_to_be_asked_is_not():
    if WHY:
        return WHY
    with a_node() as (node, bob):
        before, n_refused = version(node), refusals(node, bob)
        terminal = Terminal(node, "quctl --no-ask-password check remove homepage")
        assert terminal.ends() == 1, terminal.text
        assert ASKED not in terminal.text and "Authentication is required" in terminal.text, terminal.text
        assert version(node) == before
        wait_for("the journal says so", lambda: refusals(node, bob) == n_refused + 1)


def test_the_caller_is_gone_before_the_answer():
    if WHY:
        return WHY
    with a_node() as (node, bob):
        before, n_changed = version(node), changes(node, bob)
        # by Ctrl-C, as people do it: the shell goes on, and the terminal shows again what is typed
        terminal = Terminal(node, "trap : INT; quctl check remove homepage; echo ended with $?; stty -a")
        terminal.shows(ASKED)
        terminal.types("\x03")
        terminal.shows("ended with 130")
        assert terminal.ends() == 0, terminal.text
        assert " echo " in terminal.text and " -echo " not in terminal.text, terminal.text
        # and by force
        terminal = Terminal(node, "quctl check remove homepage")
        terminal.shows(ASKED)
        gone = agents_gone(node)[0]
        node.sh("pkill -KILL -u bob -x quctl")
        assert terminal.ends() != 0, terminal.text
        wait_for("polkit asks no more", lambda: an_agent_left(node, gone))
        assert version(node) == before and "homepage" in names(node)
        assert changes(node, bob) == n_changed


if __name__ == "__main__":
    bed.main_of(globals())
