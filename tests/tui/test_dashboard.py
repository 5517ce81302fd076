# SPDX-License-Identifier: LGPL-2.1-or-later
"""The dashboard's screens, keys and ways out, in a real terminal before running daemons."""

import contextlib
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios

import tmux

import harness
from harness import QUCTL, Cluster, Failure, TcpTarget, wait_for

class Terminal(tmux.Terminal):
    """One whose steps can stand in a row."""

    def wait(self, *texts, seconds=20):
        super().wait(*texts, seconds=seconds)
        return self

    def gone(self, text, seconds=20):
        super().gone(text, seconds)
        return self


FAST = ("--interval", "1s", "--timeout", "1s")


def normal(screen):
    """The screen without empty rows and the footer, and with ids, ports and clocks as long as they were, so that
    columns stay columns."""
    screen = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "I" * 36, screen)
    screen = re.sub(r"[0-9a-f]{8}-[0-9a-f-]*…", lambda m: "I" * len(m[0]), screen)
    screen = re.sub(r"(node|master) [0-9a-f]{8}", r"\1 NNNNNNNN", screen)
    screen = re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:PPPPP", screen)
    screen = re.sub(r"term \d+  ver \d+ .*", "term T  ver V", screen)
    screen = re.sub(r"└─ \d\d:\d\d:\d\d .*", "└─ EVENT", screen)
    screen = re.sub(r"\b\ds ago", "0s ago", screen)
    screen = re.sub(r"─{3,}", "───", screen)
    return [line.rstrip() for line in screen.splitlines()[:-1] if not re.fullmatch(r"│ +│", line)]


def shows(terminal, expected):
    def same():
        seen, wanted = normal(terminal.screen()), expected.strip("\n").splitlines()
        if seen != wanted:
            raise Failure("the screen is\n" + "\n".join(seen) + "\nand should be\n" + "\n".join(wanted))
        return True
    wait_for("the expected screen", same)


def footer(terminal):
    return terminal.screen().splitlines()[-1]


def selected(terminal):
    """The text of the row in reverse, below the header of columns."""
    lines = terminal.screen("-e").splitlines()[4:-2]
    rows = [line for line in lines if "\x1b[7m" in line or ";7m" in line]
    return re.sub(r"\x1b\[[0-9;]*m", "", rows[0]) if len(rows) == 1 else ""


def row_of(terminal, name):
    return next(line for line in terminal.screen().splitlines() if f" {name} " in line)


def on_row(terminal, text):
    """The two spaces between columns keep a name like db apart from the hex digits of ids."""
    wait_for(f"the cursor on {text}", lambda: f"  {text}" in selected(terminal))


@contextlib.contextmanager
def three_nodes():
    tcp = TcpTarget().start()
    with Cluster(3) as cluster:
        first = cluster.up().nodes[0]
        first.quctl("alert", "add", "discord", "oncall", "--webhook", "https://127.0.0.1:9/api/webhooks/1/t", "--default")
        first.quctl("alert", "add", "smtp", "ops", "--host=127.0.0.1", "--port=9", "--from=q@example.org",
                    "--to=ops@example.org", "--starttls=false", "--body", "{{.Check.Name}}")
        first.quctl("alert", "disable", "oncall")
        first.quctl("check", "add", "tcp", "homepage", f"127.0.0.1:{tcp.port}", *FAST)
        first.quctl("check", "add", "tcp", "db", "127.0.0.1:9", *FAST)
        first.quctl("check", "add", "tcp", "日本語", f"127.0.0.1:{tcp.port}", *FAST)
        first.quctl("check", "add", "tcp", "cafe\u0301", f"127.0.0.1:{tcp.port}", *FAST)
        cluster.all_see("db", "down")
        for name in ("homepage", "日本語", "cafe\u0301"):
            cluster.all_see(name, "up")
        yield cluster


TOP = """
┌─ node NNNNNNNN  master NNNNNNNN  (follower)  ● quorum 3/2  term T  ver V
│ [1] Peers (3)  [2] Checks (4, 1 down)  [3] Alerts (2)                        │
├───┤
"""
CHECKS = TOP + """\
│ ID                    NAME      STATE   OK/TOTAL  ALERTS  DETAIL             │
│ IIIIIIIIIIIIIIIIIIII  homepage  ● up    3/3       -                          │
│ IIIIIIIIIIIIIIIIIIII  db        ● down  0/3       -       connection refused │
│ IIIIIIIIIIIIIIIIIIII  日本語    ● up    3/3       -                          │
│ IIIIIIIIIIIIIIIIIIII  café      ● up    3/3       -                          │
└───┘
"""
PEERS = TOP + """\
│ NODE_ID                               ADVERTISE        LIVE    LAST SEEN     │
│ IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII  127.0.0.1:PPPPP  ● live  0s ago        │
│ IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII  127.0.0.1:PPPPP  ● live  this node     │
│ IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII  127.0.0.1:PPPPP  ● live  0s ago        │
└───┘
"""
ALERTS = TOP + """\
│ ID              NAME    TYPE     DEFAULT  ON   CUSTOM-MSG  OWED  ENDPOINT    │
│ IIIIIIIIIIIIII  oncall  discord  yes      off  -           0     127.0.0.1:9 │
│ IIIIIIIIIIIIII  ops     smtp     -        on   body        0     127.0.0.1:9 │
└───┘
"""


def test_screens_and_keys():
    with three_nodes() as cluster, Terminal(cluster.nodes[1]) as terminal:
        # tabs, by every key that changes them; they begin with the checks
        shows(terminal, CHECKS)
        for key, picture in (
            ("1", PEERS), ("3", ALERTS), ("2", CHECKS), ("Tab", ALERTS), ("Tab", PEERS), ("BTab", ALERTS),
            ("Left", CHECKS), ("Left", PEERS), ("Right", CHECKS), ("r", CHECKS),
        ):
            terminal.keys(key)
            shows(terminal, picture)

        # footers are made for the tab
        for key, keys in (
            ("2", "/ find s sort r read Enter why a add e edit d del t test x on/off ? help q quit"),
            ("3", "/ find s sort r read a add e edit d del t test D default x on/off ? help q quit"),
            ("1", "/ filter  s sort  r refresh  Tab next  a add  e edit  d remove  ? help  q quit"),
        ):
            terminal.keys(key)
            wait_for(f"{keys} in the last line", lambda keys=keys: footer(terminal) == keys)

        # the cursor
        terminal.keys("2")
        for key, name in (
            ("Down", "db"), ("Down", "日本語"), ("Up", "db"), ("End", "caf"), ("Down", "caf"), ("Home", "homepage"),
            ("Up", "homepage"), ("NPage", "caf"), ("PPage", "homepage"),
        ):
            terminal.keys(key)
            on_row(terminal, name)

        # sorting: by each column in turn, and round
        order = ["homepage", "db", "日本語", "caf"]
        for key, title, expected in (
            ("s", "ID ▲", None), ("s", "NAME ▲", ["caf", "db", "homepage", "日本語"]),
            ("S", "NAME ▼", ["日本語", "homepage", "db", "caf"]), ("s", "STATE ▲", None), ("S", "STATE ▼", None),
            ("s", "OK/TOTAL ▲", None), ("s", "ALERTS ▲", order), ("s", "DETAIL ▲", None), ("s", "ALERTS  DETAIL", order),
        ):
            terminal.keys(key).wait(title)
            if expected:
                rows = [line for line in terminal.screen().splitlines() if re.match(r"│ [0-9a-f]{8}", line)]
                assert [name for row in rows for name in order if f"  {name}" in row] == expected, (title, rows)

        # filtering
        terminal.keys("/").wait("filter:").type("DO").wait("/DO: 1 of 4")
        on_row(terminal, "db")
        assert "homepage" not in terminal.screen()
        terminal.keys("Enter").gone("filter: ")
        terminal.wait("/DO: 1 of 4")
        terminal.keys("/").type(" nothing").wait("nothing matches the filter: Esc clears it")
        terminal.keys("Escape").gone("/DO")
        terminal.wait("homepage", "日本語")
        # of an id its beginning: else a short word stood in too many
        beginning = row_of(terminal, "db").split()[1][:6]
        terminal.keys("/").type(beginning).wait(f"/{beginning}: 1 of 4").keys("C-u").type(beginning[1:])
        terminal.wait(f"/{beginning[1:]}: 0 of 4").keys("Escape").gone(f"/{beginning[1:]}")
        terminal.keys("/").type("日").wait("/日: 1 of 4").keys("BSpace").gone("/日")
        terminal.type("db").keys("C-u").wait("homepage").keys("Enter")

        # help
        terminal.keys("?").wait("Keys", "this list", "quit, as Ctrl-C").keys("Escape").gone("this list")
        terminal.keys("?").wait("this list").keys("q").gone("this list")
        shows(terminal, CHECKS)

        # Ctrl-C leaves what is open, one by one, and in the end the dashboard
        terminal.keys("/").type("homep").wait("/homep: 1 of 4").keys("C-c").gone("/homep")
        terminal.keys("?").wait("this list").keys("C-c").gone("this list")
        shows(terminal, CHECKS)
        terminal.keys("C-c").wait("ended with 0")


def test_switches_and_what_others_do():
    with three_nodes() as cluster:
        first, second = cluster.nodes[:2]
        with Terminal(second) as terminal:
            terminal.wait("3/3")
            terminal.keys("Down")
            on_row(terminal, "db")
            terminal.keys("x").wait("check db is disabled", "○ disabled")
            wait_for("the first node sees it", lambda: "disabled" in first.quctl("check", "list").stdout)
            terminal.keys("x").wait("check db is enabled").gone("○ disabled")

            # what is done elsewhere shows, and the cursor stays with its row
            first.quctl("check", "disable", "homepage")
            terminal.wait("○ disabled")
            first.quctl("check", "remove", "homepage")
            terminal.gone("homepage")
            on_row(terminal, "db")
            terminal.wait("Checks (3")

            terminal.keys("3").wait("oncall").keys("D").wait("alert oncall is no default any more")
            assert '"default":true' not in first.quctl("--json=short", "alert", "list").stdout
            terminal.keys("D").wait("alert oncall is a default now")
            terminal.keys("x").wait("alert oncall is enabled").keys("x").wait("alert oncall is disabled")
            # what the relay said, however long that is
            terminal.keys("Down")
            on_row(terminal, "ops")
            terminal.keys("t").wait("not delivered")
            terminal.keys("Escape", "q").wait("ended with 0")


def test_why_and_tests():
    with three_nodes() as cluster, Terminal(cluster.nodes[1]) as terminal:
        cluster.nodes[0].quctl("alert", "enable", "oncall")
        terminal.wait("3/3", "oncall*").keys("Down")
        on_row(terminal, "db")
        terminal.keys("Enter").wait("─ why db ─", "VOTES", "connection refused", "r ask again")
        terminal.keys("End").wait("TOLD").keys("Home").wait("target    127.0.0.1:9")
        terminal.keys("r").wait("RULE").resize(140, 40).wait("ADVERTISE", "TOLD").resize(80, 24)
        # narrow: what does not fit goes on below, and nothing is cut; once for each vote, once for the flip
        terminal.resize(60, 60)
        wait_for("all details", lambda: terminal.screen().count("refused") >= 4)
        terminal.resize(80, 24).keys("Escape").gone("why db ─")

        # a test of the check by what hears of it, and a refusal of more than a line
        terminal.keys("t").wait("recovered", "Esc cancel").keys("Escape").gone("recovered")
        terminal.keys("t", "Down", "Enter").wait("Not done", "1/1 alerts failed", "oncall: webhook: not delivered")
        terminal.keys("Enter").gone("Not done").keys("q").wait("ended with 0")


def test_transitions_show_at_once():
    tcp = TcpTarget().start()
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.quctl("check", "add", "tcp", "homepage", f"127.0.0.1:{tcp.port}", *FAST)
        with Terminal(node) as terminal:
            terminal.wait("● up")
            tcp.stop()
            terminal.wait("● down", "homepage is down (connection refused)", "Checks (1, 1 down)")
            tcp.start()
            terminal.wait("● up", "homepage is up").gone("1 down")


def test_a_daemon_that_goes_away():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.quctl("check", "add", "tcp", "db", "127.0.0.1:9", *FAST)
        cluster.all_see("db", "down")
        with Terminal(node) as terminal:
            terminal.wait("● down")
            for stop in (node.stop, node.kill):
                stop()
                terminal.wait("as it was", "the daemon is gone", "● down")
                terminal.keys("x").wait("the daemon is gone: nothing was asked of it")
                terminal.keys("3").wait("ENDPOINT").keys("2").wait("db")
                node.start()
                terminal.gone("the daemon is gone")
                terminal.keys("x").wait("○ disabled").keys("x").gone("○ disabled")
                terminal.wait("● down")
            terminal.keys("q").wait("ended with 0")


@contextlib.contextmanager
def ended(command, **more):
    process = subprocess.Popen(command, preexec_fn=harness.die_with_parent, **more)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20 * harness.PATIENCE)


def test_on_a_message_bus():
    """What goes away there is the name of the daemon, or the bus with it."""
    with Cluster(1) as cluster, tempfile.TemporaryDirectory(prefix="quptime-bus-") as folder:
        node = cluster.nodes[0]
        address = f"unix:path={folder}/bus"
        config = pathlib.Path(folder, "bus.conf")
        config.write_text(
            f"<busconfig><type>session</type><listen>{address}</listen><policy context='default'><allow user='*'/>"
            "<allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/></policy></busconfig>")
        bus = ["dbus-daemon", f"--config-file={config}", "--nofork"]
        env = {**node.env(), "DBUS_SESSION_BUS_ADDRESS": address}

        def daemon():
            return ended([harness.QUPTIMED, "--user"], env=env, stdout=log, stderr=log)

        def running(*words):
            return Terminal(node, command=["env", "-u", "QUPTIME_SOCKET", f"DBUS_SESSION_BUS_ADDRESS={address}",
                                           QUCTL, *words, "tui"])

        with open(node.log, "ab") as log, contextlib.ExitStack() as stack:
            with ended(bus):
                wait_for("the bus", lambda: os.path.exists(f"{folder}/bus"))
                with daemon():
                    wait_for("the daemon", lambda: node.quctl("fingerprint", check=False).returncode == 1)
                    node.init(cluster.secret)
                    node.quctl("check", "add", "tcp", "db", "127.0.0.1:9", *FAST)
                    wait_for("db is down", lambda: node.check_state("db")["state"] == "down")
                    terminals = [stack.enter_context(running(*words)) for words in (
                        ["--user"], [f"--address={address}"])]
                    for terminal in terminals:
                        terminal.wait("● down", "db", "quorum 1/1")
                for terminal in terminals:
                    terminal.wait("the daemon is gone", "● down")
                with daemon():
                    for terminal in terminals:
                        terminal.gone("the daemon is gone").keys("x")
                        terminal.wait("○ disabled").keys("x").gone("○ disabled")
            for terminal in terminals:
                terminal.wait("the daemon is gone")
            with daemon(), ended(bus):
                for terminal in terminals:
                    terminal.gone("the daemon is gone").keys("1").wait("this node").keys("q").wait("ended with 0")


def test_a_daemon_that_waits_for_init():
    with Cluster(1) as cluster:
        node = cluster.nodes[0].start()
        with Terminal(node) as terminal:
            terminal.wait('the daemon waits for "quctl init"')
            node.init(cluster.secret)
            terminal.gone("the daemon waits").keys("1").wait("this node", "● live")
            terminal.keys("q").wait("ended with 0")


def fills(terminal, width, height):
    lines = terminal.screen().splitlines()
    return [len(lines[2]), len(lines)] == [width, height] and lines[-2].startswith("└")


def test_every_size():
    with three_nodes() as cluster, Terminal(cluster.nodes[1]) as terminal:
        shows(terminal, CHECKS)
        for width, height in ((200, 50), (24, 8), (23, 7), (10, 3), (2, 1), (1, 1), (40, 12), (500, 100), (80, 24)):
            terminal.resize(width, height)
            if width >= 24:
                terminal.wait("quorum" if width >= 40 else "master", "q quit")
                wait_for(f"all of {width}x{height}", lambda: fills(terminal, width, height))
            elif width >= 10:
                terminal.wait("master" if width > 10 else "maste")
            terminal.keys("Down", "?", "Escape", "/", "Escape", "3", "2")
        terminal.keys("Home")
        shows(terminal, CHECKS)
        terminal.resize(200, 50).wait("quptime  node").resize(80, 24)
        shows(terminal, CHECKS)
        terminal.keys("q").wait("ended with 0")


# ---- the terminal itself ----

class Shell(Terminal):
    """A shell, in which the dashboard is started and which tells what it left behind."""

    def __init__(self, node, **more):
        super().__init__(node, command=["bash", "--norc", "--noprofile"], **more)

    def __enter__(self):
        super().__enter__()
        self.type("PS1='$ '; PS2=").keys("Enter").wait("$ ")
        self.asked = 0
        return self

    def say(self, command):
        """What a command prints."""
        self.asked += 1
        place = f"{self.folder.name}/answer-{self.asked}"
        self.type(f" {command} > {place}; echo done-$?-{self.asked}").keys("Enter")
        self.wait(f"done-0-{self.asked}")
        with open(place, encoding="utf-8") as file:
            return file.read()

    def tui(self, *words, before=""):
        self.type(f"clear; {before} {' '.join(map(str, [QUCTL, *words, 'tui']))}; echo ended with $?").keys("Enter")
        return self

    def pid(self):
        pid = int(self.tmux("display-message", "-p", "#{pane_pid}"))
        for _ in ("the shell", "the dashboard"):
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                pids = children.read().split()
            assert len(pids) == 1, pids
            pid = int(pids[0])
        return pid

    def is_as_before(self, modes):
        """Not in the other screen, with a cursor, in the modes it had."""
        state = self.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{keypad_flag}")
        assert state.split() == ["0", "1", "0"], state
        now = self.say("stty -a")
        assert now == modes, (modes, now)


def test_every_way_out():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        with Shell(node) as shell:
            modes = shell.say("stty -a")
            for name, status in (("INT", 0), ("TERM", 143), ("HUP", 129), ("QUIT", 131), ("ABRT", 134), ("SEGV", 139)):
                if name in ("ABRT", "SEGV") and harness.PATIENCE > 1:
                    continue  # the sanitizers' own
                shell.tui().wait("this node")
                os.kill(shell.pid(), getattr(signal, f"SIG{name}"))
                shell.wait(f"ended with {status}")
                shell.is_as_before(modes)
            for key in ("q", "C-c"):
                shell.tui().wait("this node").keys(key).wait("ended with 0")
                shell.is_as_before(modes)
            shell.tui().wait("this node").keys("C-\\").wait("ended with 131")
            shell.is_as_before(modes)
            # a terminal in modes of its own is given back in these
            shell.say("stty -ixon intr ^X")
            modes = shell.say("stty -a")
            shell.tui().wait("this node").keys("C-x").wait("ended with 0")
            shell.is_as_before(modes)


def test_stopped_and_continued():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        with Shell(node) as shell:
            modes = shell.say("stty -a")
            shell.tui().wait("this node")
            pid = shell.pid()
            shell.keys("C-z").wait("Stopped")
            shell.is_as_before(modes)
            shell.type("clear; fg").keys("Enter").wait("this node", "q quit")
            shell.keys("1").wait("LAST SEEN")
            # by somebody else, without a chance to tidy up
            os.kill(pid, signal.SIGSTOP)
            shell.wait("Stopped")
            shell.type("clear; fg; echo back with $?").keys("Enter").wait("LAST SEEN", "q quit")
            shell.keys("q").wait("back with 0")
            shell.is_as_before(modes)


def test_a_terminal_that_goes_away():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        with Shell(node) as shell:
            shell.tui().wait("this node")
            pid = shell.pid()
            shell.tmux("kill-server", check=False)
            shell.running = False
            wait_for("the dashboard ends", lambda: not os.path.exists(f"/proc/{pid}"))


# What terminals send that are not quite what $TERM says, and what nobody knows: no key of the dashboard.
STRANGE_KEYS = (("\033[4~", "caf"), ("\033[1~", "homepage"), ("\033[8~", "caf"), ("\033[7~", "homepage"),
                ("\033OF", "caf"), ("\033OH", "homepage"), ("\033[F", "caf"), ("\033[H", "homepage"),
                ("\033[B", "db"), ("\033OA", "homepage"), ("\033[6~", "caf"), ("\033[5~", "homepage"),
                ("\033[1;5D", "homepage"), ("\033[3;2~", "homepage"), ("\033[24;5~", "homepage"))


def test_keys_of_other_terminals():
    with three_nodes() as cluster:
        for name in ("xterm", "xterm-256color", "screen", "linux", "vt220"):
            with Terminal(cluster.nodes[1], command=["env", f"TERM={name}", QUCTL, "tui"]) as terminal:
                terminal.wait("homepage", "3/3")
                for sequence, place in STRANGE_KEYS:
                    terminal.type(sequence)
                    on_row(terminal, place)
                # neither "3" nor "x" was a key
                terminal.wait("OK/TOTAL", "● up")
                assert "disabled" not in terminal.screen(), (name, terminal.screen())
                terminal.keys("q").wait("ended with 0")


@contextlib.contextmanager
def without_tmux(node, output=None, controlling=True):
    """The dashboard on a terminal that nobody is behind but us: its process and our end. output: a second terminal's
    end, where it writes to; controlling: whether the kernel sends it SIGHUP when the terminal goes."""
    ours, its = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def prepare():
        harness.die_with_parent()
        if controlling:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen([QUCTL, "tui"], env={**node.env(), "TERM": "xterm"}, stdin=its, stdout=output or its,
                               stderr=output or its, start_new_session=True, preexec_fn=prepare)
    os.close(its)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait(20 * harness.PATIENCE)
        with contextlib.suppress(OSError):
            os.close(ours)


def drawn(fd):
    seen = b""

    def looks():
        nonlocal seen
        if select.select([fd], [], [], 0.1)[0]:
            seen += os.read(fd, 65536)
        return b"quorum" in seen
    wait_for("a picture", looks)


def test_a_terminal_that_hangs_up():
    """Whether the kernel says so or not, and whichever end of it: the dashboard ends, as SIGHUP ends a process."""
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        for controlling in (True, False):
            with without_tmux(node, controlling=controlling) as (process, ours):
                drawn(ours)
                os.close(ours)
                assert process.wait(20 * harness.PATIENCE) == -signal.SIGHUP, process.returncode
        # nothing to write to any more, though keys could still be read
        shown, output = pty.openpty()
        fcntl.ioctl(shown, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        with without_tmux(node, output=output) as (process, _):
            os.close(output)
            drawn(shown)
            os.close(shown)
            assert process.wait(20 * harness.PATIENCE) == -signal.SIGHUP, process.returncode


def test_terminals_that_will_not_do():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        with Shell(node) as shell:
            modes = shell.say("stty -a")
            for before, sentence in (
                ("TERM=", "$TERM is not set"),
                ("env -u TERM", "$TERM is not set"),
                ("TERM=no-such-terminal", '"no-such-terminal"'),
                ("TERM=dumb", "has no cursor"),
                ("true |", "needs a terminal"),
            ):
                shell.tui(before=before).wait("error: ", sentence, "ended with 1")
                shell.is_as_before(modes)
        done = node.quctl("tui", check=False)
        assert done.returncode == 1 and "needs a terminal" in done.stderr and done.stdout == "", done
        node.stop()
        with Shell(node) as shell:
            shell.tui().wait("error: no daemon answers", "ended with 3")


COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?3[0-7]m")


def test_colour_or_none():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.quctl("check", "add", "tcp", "db", "127.0.0.1:9", *FAST)
        cluster.all_see("db", "down")
        with Terminal(node) as terminal:
            terminal.wait("● down")
            assert COLOUR.search(terminal.screen("-e"))
        for setting in ("NO_COLOR=1", "SYSTEMD_COLORS=0", "TERM=vt100", "TERM=vt220", "TERM=linux"):
            with Terminal(node, command=["env", setting, QUCTL, "tui"]) as terminal:
                terminal.wait("down", "this node")
                screen = terminal.screen("-e")
                assert re.search(r"\x1b\[(?:[0-9;]*;)?7m", screen), screen
                assert bool(COLOUR.search(screen)) == (setting == "TERM=linux"), (setting, screen)
                terminal.keys("1").wait("LAST SEEN").keys("q").wait("ended with 0")


def test_a_locale_of_ascii():
    with three_nodes() as cluster:
        for locale in ("C", "POSIX", "no_SUCH.locale"):
            with Terminal(cluster.nodes[1], env={"LC_ALL": locale}) as terminal:
                terminal.wait("+- node", "* up", "* down", "? ? ?", "cafe", "q quit")
                terminal.screen().encode("ascii")
                terminal.keys("Down", "Down", "x").wait("o disabled").keys("x").gone("o disabled")
                terminal.keys("q").wait("ended with 0")


def test_thousands_of_rows():
    many = 3000
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.quctl("check", "add", "icmp", "seed", "127.0.0.1", "--interval", "1h")
        path = node.dir / "cluster.yaml"
        wait_for("the document", lambda: "checks:\n" in path.read_text())
        before, after = path.read_text().split("checks:\n", 1)
        path.write_text(before + "checks:\n" + "".join(
            f"  - name: check-{i:04}\n    type: tcp\n    target: 127.0.0.1:9\n    interval: 24h\n" for i in range(many)
        ) + after)
        wait_for("all of them", lambda: len(node.status()["checks"]) == many + 1, 60)
        with Terminal(node) as terminal:
            terminal.wait(f"Checks ({many + 1}", f"1-18 of {many + 1}").keys("s", "s").wait("NAME ▲")
            terminal.keys("Home").wait("check-0000", f"1-18 of {many + 1}")
            terminal.keys("End").wait(f"{many - 16}-{many + 1} of {many + 1}", "seed")
            terminal.keys("PPage", "PPage").wait("check-2966")
            terminal.keys("Home").wait("check-0000")
            terminal.keys("/").type("check-29").wait("/check-29: 1-18 of 100 of 3001").keys("Enter", "End").wait("check-2999")
            terminal.keys("S").wait("NAME ▼", "check-2999").keys("Escape").wait(f"of {many + 1}")
            terminal.keys("Home").wait("seed", "check-2999")
            # what changes far away changes here
            node.quctl("check", "disable", "check-2998")
            terminal.wait("○ disabled")
            terminal.keys("q").wait("ended with 0")


if __name__ == "__main__":
    harness.main(globals())
