# SPDX-License-Identifier: LGPL-2.1-or-later
"""The README of qu, command by command, against a fresh cluster of three real daemons: who knows qu finds what it
prints and how it asks. The commands and what is expected stand in tests/data/readme/commands.txt."""

import os
import pathlib
import pty
import re
import select
import shlex
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import harness  # noqa: E402  pylint: disable=wrong-import-position
from harness import Cluster, Failure, HttpTarget, Webhook, wait_for  # noqa: E402  pylint: disable=wrong-import-position

COMMANDS = HERE.parent / "data" / "readme" / "commands.txt"
HOSTS = ["alpha", "bravo", "charlie"]
VARIABLES = ["{{.Check.Name}}", "{{.Check.Type}}", "{{.Check.Target}}", "{{.Check.ID}}", "{{.From}}", "{{.To}}",
             "{{.Verb}}", "{{.VerbLower}}", "{{.Snapshot.Reports}}", "{{.Snapshot.OKCount}}", "{{.Snapshot.NotOK}}",
             "{{.Snapshot.Detail}}", "{{.NodeID}}", "{{.When}}"]


class Step:
    def __init__(self, line, host, command):
        self.line, self.host, self.command = line, host, command
        self.typed, self.status, self.until, self.expected = "", 0, None, []

    def __str__(self):
        return f"line {self.line}: {self.host}$ {self.command}"


def steps():
    found = []
    for number, line in enumerate(COMMANDS.read_text().splitlines(), 1):
        command = re.match(r"(\w+)\$ qu (.*)", line)
        if command:
            found.append(Step(number, command[1], command[2]))
        elif line.startswith("< "):
            found[-1].typed = line[2:] + "\n"
        elif line.startswith("= "):
            found[-1].status = int(line[2:])
        elif line.startswith("until: "):
            found[-1].until = line.partition(" ")[2]
        elif line.startswith("    ") and not line.startswith("    differs: "):
            found[-1].expected.append(line[4:])
        elif not line and found and found[-1].expected:
            found[-1].expected.append("")
        else:
            assert not line or line.startswith(("#", "    differs: ")), f"line {number}: not understood: {line}"
    for step in found:
        while step.expected and not step.expected[-1]:
            step.expected.pop()
    return found


class Bed:
    """Three hosts, and what stands for the addresses that the README names."""

    def __init__(self, cluster):
        self.nodes = dict(zip(HOSTS, cluster.nodes))
        self.page, self.hook = HttpTarget().start(), Webhook().start()
        self.page.body = b"a page with str in it\n"
        self.secret = None
        closed = harness.free_port()
        hook = f"http://127.0.0.1:{self.hook.port}/api/webhooks/1/x"
        self.places = [(f"{host}.example.com:9901", node.advertise) for host, node in self.nodes.items()]
        self.typed = [
            *self.places,
            ("https://discord.com/api/webhooks/...", hook), ("--webhook https://... ", f"--webhook {hook} "),
            ("https://example.com", f"http://127.0.0.1:{self.page.port}/"), ("db.internal:5432", f"127.0.0.1:{closed}"),
            ("10.0.0.1", "127.0.0.1"), ("smtp.example.com --port 587", f"127.0.0.1 --port {closed}"),
            ("--host ... --from ... --to ...", "--host 127.0.0.1 --from a@example.com --to b@example.com"),
            ("/etc/quptime/templates/", f"{cluster.base}/"),
        ]
        for name in ("ops.subject", "ops.body"):
            (cluster.base / name).write_text("{{.Check.Name}}\n")

    def words(self, step):
        """The command as it is run here; on one machine each daemon needs a port of its own."""
        command = step.command.replace("<paste>", self.secret or "")
        for written, here in self.typed:
            command = command.replace(written, here)
        for host, node in self.nodes.items():
            command = command.replace(f"{host.upper()}-ID", node.node_id or "")
        words = [word.replace("\\n", "\n") for word in shlex.split(command)]
        if "--advertise" in words:
            words += ["--bind", "127.0.0.1", "--port", self.nodes[step.host].port]
        return words

    def learn(self, node, text):
        """What `init` has made."""
        node.node_id = re.search(r"^node id +(\S+)", text, re.M)[1]
        node.fingerprint = re.search(r"^fingerprint +(\S+)", text, re.M)[1]
        secret = re.search(r"^secret +(\S+)", text, re.M)
        self.secret = secret[1] if secret else self.secret

    def plain(self, text):
        """As the expected text has it: without what differs with each run."""
        for host, node in self.nodes.items():
            if node.node_id:
                text = text.replace(node.node_id, f"{host.upper()}-ID").replace(node.fingerprint, f"{host.upper()}-FINGERPRINT")
        for written, here in self.places:
            text = text.replace(here, written)
        for node in self.nodes.values():
            text = text.replace(str(node.dir), "DIRECTORY")
        if self.secret:
            text = text.replace(self.secret, "SECRET")
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
        text = re.sub(r"^quctl version [\d.]+$", "quctl version N.N.N", text)
        text = re.sub(r"(version(?: now)?|^term +|^config ver +)(\s*)\d+", r"\1\2N", text, flags=re.M)
        lines = [re.sub(r"^\| ", " | ", re.sub(r" {2,}", " | ", line).strip()) for line in text.splitlines()]
        return [re.sub(r"^\| ", " | ", line) for line in lines]


def in_order(lines):
    """The rows of a table in one order: ids differ with each run, and the rows stand in theirs."""
    ordered, block = [], []
    for line in [*lines, None]:
        if line is not None and re.match(r"\*? ?\|? ?(ID|\w+-ID) \| (?!NAME|TYPE)", line):
            block.append(line)
            continue
        ordered += sorted(block, key=lambda row: row.lstrip("* |"))
        block = []
        ordered.append(line)
    return ordered[:-1]


def matches(lines, expected):
    """Whether lines are the expected ones; "..." stands for any."""
    if not expected:
        return not lines
    if expected[0] == "...":
        return any(matches(lines[i:], expected[1:]) for i in range(len(lines) + 1))
    return bool(lines) and lines[0] == expected[0] and matches(lines[1:], expected[1:])


def aligned(text):
    """Each cell of a table begins below its header."""
    header = None
    for line in text.splitlines():
        if re.match(r" *(NODE_ID|ID) {2,}[A-Z]", line):
            header = [match.start() for match in re.finditer(r"\S+", line)]
        elif not line or line.startswith("("):
            header = None
        elif header:
            for start in header:
                assert len(line) <= start or line[start - 1: start] in ("", " ") and line[start] != " ", text


def in_terminal(node, *words):
    """Opens in a terminal, waits until it shows the checks, and presses q."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(str(harness.QUCTL), ["quctl", *words], {**node.env(), "TERM": "xterm"})
    shown, end, pressed = b"", time.monotonic() + 20 * harness.PATIENCE, False
    while True:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                chunk = os.read(fd, 65536)
            except OSError:  # how Linux says that the other end is closed
                chunk = b""
            if not chunk:
                break
            shown += chunk
        if not pressed and b"homepage" in shown and b"gateway" in shown:
            os.write(fd, b"q")
            pressed = True
        if time.monotonic() > end:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            raise Failure(f"quctl {words} did not {'end' if pressed else 'show the checks'}: {shown[-3000:]!r}")
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(bed, step):
    node = bed.nodes[step.host]
    if step.command == "tui":
        assert in_terminal(node, "tui") == 0, step
        return
    words = bed.words(step)

    def call():
        # one stream, in the order in which a person sees it
        done = subprocess.run([str(harness.QUCTL), *map(str, words)], env=node.env(), input=step.typed, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120 * harness.PATIENCE, check=False)
        return done if not step.until or re.search(step.until, done.stdout) else None

    done = wait_for(f"{step}: {step.until}", call, 90)
    if words[0] == "init" and done.returncode == 0:
        bed.learn(node, done.stdout)
    if "(the variables)" in step.expected:
        assert done.returncode == 0 and all(variable in done.stdout for variable in VARIABLES), done.stdout
        return
    aligned(done.stdout)
    lines = in_order(bed.plain(done.stdout))
    if done.returncode != step.status or not matches(lines, in_order(step.expected)):
        raise Failure(f"{step}: exit status {done.returncode}, expected {step.status}\n" + "\n".join(
            ["---- printed", *lines, "---- expected", *step.expected, "---- as it was", done.stdout]))


def test_every_command():
    with Cluster(3) as cluster:
        for node in cluster.nodes:
            node.start()
        bed = Bed(cluster)
        commands = steps()
        assert len(commands) > 45, len(commands)
        failures = []
        for step in commands:
            try:
                run(bed, step)
            except (Failure, AssertionError) as failure:
                if not os.environ.get("QUPTIME_ALL"):
                    raise
                failures.append(failure)
                print(failure)
        assert not failures
        print(f"# {len(commands)} commands")


if __name__ == "__main__":
    harness.main(globals())
