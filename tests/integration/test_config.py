# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole document over the bus: quctl config and quctl edit, against running daemons."""

import contextlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import harness
from harness import PATIENCE, Cluster, wait_for

# An editor that does what its list of steps says, one at a time: replaces texts, and runs commands meanwhile.
EDITOR = """\
#!/usr/bin/python3 -B
import json, os, pathlib, subprocess, sys
place = pathlib.Path(__file__).with_name("steps.json")
steps = json.loads(place.read_text())
step, path = steps.pop(0), pathlib.Path(sys.argv[1])
place.write_text(json.dumps(steps))
text = path.read_text()
pathlib.Path(__file__).with_name("seen").write_text(text)
assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
for command in step.get("run", []):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
for old, new in step.get("replace", []):
    assert old in text, (old, text)
    text = text.replace(old, new, 1)
path.write_text(text)
if step.get("litter"):
    path.with_name(path.name + "~").write_text(text)
if step.get("kill"):
    os.kill(os.getppid(), step["kill"])
    import time; time.sleep(60)
sys.exit(step.get("status", 0))
"""
SECRETS = ("hunter2-of-the-relay", "token-of-the-webhook", "hunter3-in-the-target")
ORIGINAL = """\
version: 12
peers:
  - node_id: somewhere-else
    advertise: 192.0.2.9:9901
checks:
  - name: old
    type: tcp
    target: 127.0.0.1:9
    interval: 5s
    timeout: 10s
    alert_ids: [nobody]
alerts: []
"""


def shown(node, *options):
    return node.quctl(*options, "config", "show").stdout


def refused(node, status, says, *args, input=None):
    done = node.quctl(*args, input=input, check=False)
    assert done.returncode == status, (args, done)
    assert done.stderr.startswith("error: "), done
    assert says in done.stderr, (says, done)
    return done


def version(node):
    return node.status()["version"]


def check(node, name):
    rows = json.loads(node.quctl("check", "list", "--json=short").stdout)
    return next((row for row in rows if row["name"] == name), None)


def furnish(node):
    """Checks and alerts with every kind of secret."""
    node.quctl("check", "add", "tcp", "db", "127.0.0.1:1", "--interval", "10s")
    node.quctl("check", "add", "http", "web", f"http://u:{SECRETS[2]}@127.0.0.1:1/", "--interval", "20s")
    node.quctl("alert", "add", "smtp", "ops", "--host", "127.0.0.1", "--port", "1", "--user", "q",
               "--from", "q@example.org", "--to", "ops@example.org", "--password-file", "-", input=SECRETS[0])
    node.quctl("alert", "add", "discord", "chat", "--webhook-file", "-",
               input=f"http://127.0.0.1:1/{SECRETS[1]}")


@contextlib.contextmanager
def cluster_of(n):
    with Cluster(n) as cluster:
        furnish(cluster.up().nodes[0])
        wait_for("all have it", lambda: len({version(node) for node in cluster.nodes}) == 1)
        yield cluster.nodes


def in_file(node, name):
    """A field of the file, where secrets stand in clear."""
    return re.search(rf"(?m)^    {name}: (.*)$", (node.dir / "cluster.yaml").read_text()).group(1)


def test_show_diff_apply():
    with cluster_of(3) as (a, b, c):
        base = a.dir.parent
        text = shown(a)
        assert all(secret not in text for secret in SECRETS), text
        assert "smtp_password: {kept: true}" in text and "http://***@127.0.0.1:1/" in text
        parsed = json.loads(shown(a, "--json=short"))
        assert parsed["version"] == version(a)
        assert parsed["alerts"][1]["discord_webhook"] == {"kept": True}
        assert parsed["checks"][0]["interval"] == "10s"

        # what was shown is as it is
        document = base / "document.yaml"
        document.write_text(text)
        assert "no mistake found: 2 checks, 2 alerts" in a.quctl("config", "check", document).stdout
        assert a.quctl("config", "diff", document).stdout == ""
        before = version(a)
        assert a.quctl("config", "apply", document).stdout == "no changes\n"
        assert version(a) == before

        # one change, on another node, of which the third hears; the secrets are kept
        changed = text.replace("interval: 10s", "interval: 15s")
        document.write_text(changed)
        done = b.quctl("config", "diff", document, check=False)
        assert (done.returncode, done.stdout) == (5, 'changed  check "db": interval: 10s -> 15s\n'), done
        assert json.loads(b.quctl("config", "diff", document, "--json=short", check=False).stdout) == [{
            "kind": "changed", "object": "check", "id": check(a, "db")["id"], "name": "db",
            "field": "interval", "from": "10s", "to": "15s"}]
        done = b.quctl("config", "apply", document)
        assert done.stdout.endswith(f"cluster version now {before + 1}\n"), done
        wait_for("the third has it", lambda: check(c, "db")["interval"] == "15s")
        wait_for("its file, too", lambda: "interval: 15s" in (c.dir / "cluster.yaml").read_text())
        assert in_file(c, "smtp_password") == SECRETS[0]
        assert SECRETS[1] in in_file(c, "discord_webhook")
        assert SECRETS[2] in (c.dir / "cluster.yaml").read_text()

        # on the old base: others' changes stand beside ours
        a.quctl("check", "edit", "web", "--interval", "25s")
        document.write_text(text.replace("name: db", "name: database"))
        a.quctl("config", "apply", document)
        assert check(a, "database")["interval"] == "15s" and check(a, "web")["interval"] == "25s"

        # the same field, differently: nothing is applied
        before = version(a)
        document.write_text(text.replace("interval: 20s", "interval: 30s"))
        for verb in ("diff", "apply"):
            done = refused(a, 1, "changed here and in the cluster", "config", verb, document)
            assert "quctl config show" in done.stderr and str(document) in done.stderr
        # and what an older version was is no wish
        document.write_text(text)
        refused(a, 1, f'write "version: {before}" into it', "config", "apply", document)
        assert version(a) == before
        # unless it is
        document.write_text(text.replace(f"version: {parsed['version']}", f"version: {before}"))
        a.quctl("config", "apply", document)
        assert check(a, "db")["interval"] == "10s" and version(a) == before + 1

        # a new secret is told as such; a real one in the text is taken
        text = shown(a)
        document.write_text(text.replace("smtp_password: {kept: true}", "smtp_password: another-secret"))
        done = a.quctl("config", "apply", document)
        assert 'changed  alert "ops": smtp_password: another value, which is not shown' in done.stdout
        assert "another-secret" not in done.stdout + done.stderr + a.text()
        assert in_file(a, "smtp_password") == "another-secret"

        # from standard input; what is removed needs no answer where nobody is
        text = shown(a)
        lines = text.split("\n")
        at = next(i for i, line in enumerate(lines) if "name: web" in line) - 1
        until = next(i for i, line in enumerate(lines) if line.startswith("alerts:"))
        done = c.quctl("config", "apply", "-", input="\n".join(lines[:at] + lines[until:]))
        assert 'removed  check "web"' in done.stdout, done
        wait_for("it is gone", lambda: check(a, "web") is None)
        assert all(secret not in node.text() for secret in SECRETS for node in (a, b, c))


def test_refusals():
    with cluster_of(1) as (node,):
        text = shown(node)
        before = version(node)
        base = node.dir.parent / "document.yaml"
        for old, new, place, says in (
            ("interval: 10s", "intervall: 10s", r":\d+:\d+: checks\[0\]\.intervall: ", "is \"interval\" meant?"),
            ("interval: 10s", "interval: 5ms", r":\d+:\d+: checks\[0\]\.interval: ", "1s"),
            ("checks:", "checks: [", r":\d+:\d+: ", ""),
            ("type: tcp", "type: udp", r":\d+:\d+: checks\[0\]\.type: ", "tcp"),
            ("name: db", "name: web", r":\d+:\d+: checks\[1\]\.name: ", "web"),
            ("name: chat", "name: chat\n    body_template: '{{.Nope'", r":\d+:\d+: alerts\[1\]\.body_template: ", ""),
        ):
            base.write_text(text.replace(old, new, 1))
            for verb in ("check", "diff", "apply"):
                if "template" in place and verb != "check":
                    continue  # the place in the template is told, without the line of the file
                done = refused(node, 1, says, "config", verb, base)
                assert re.match(rf"error: {re.escape(str(base))}{place}", done.stderr), (new, done)
        base.write_text(text.replace("name: chat", "name: chat\n    body_template: '{{.Nope'"))
        refused(node, 1, "alerts[1].body_template", "config", "apply", base)

        # peers come by invitation, and go with more than a file
        peer = re.search(r"(?ms)^  - node_id:.*?(?=^checks:)", text).group(0)
        base.write_text(text.replace(peer, peer + "  - {node_id: other, advertise: 'h:1'}\n"))
        refused(node, 1, "use quctl node add", "config", "apply", base)
        base.write_text(text.replace("peers:\n" + peer, ""))
        refused(node, 1, "leaves out peer", "config", "apply", base)
        # nothing to begin from
        base.write_text("checks: []\n")
        refused(node, 1, 'has no "version:" that this node knows', "config", "apply", base)
        refused(node, 1, "cannot read", "config", "apply", base.with_name("nowhere"))
        base.write_bytes(b"\xff\xfe")
        refused(node, 1, "UTF-8", "config", "check", base)
        base.write_bytes(b"#" * (16 * 1024 * 1024 + 1))
        refused(node, 1, "longer than 16 MiB", "config", "check", base)
        refused(node, 2, "too few words", "config", "apply")
        assert version(node) == before

        # check asks nobody, and needs no daemon
        node.stop()
        base.write_text(text)
        assert "no mistake found" in node.quctl("config", "check", base).stdout
        refused(node, 3, "no daemon", "config", "show")
        refused(node, 3, "no daemon", "config", "diff", base)


def test_adopt():
    with cluster_of(1) as (node,):
        document = node.dir.parent / "cluster-of-qu.yaml"
        document.write_text(ORIGINAL)
        refused(node, 1, "", "config", "apply", document)
        for verb, status in (("check", 0), ("diff", 5), ("apply", 0)):
            done = node.quctl("config", verb, "--adopt", document, check=False)
            assert done.returncode == status, done
            assert re.search(rf"(?m)^warning: {re.escape(str(document))}:10:\d+: checks\[0\]\.timeout: ", done.stderr)
            assert 'there is no alert "nobody"' in done.stderr, done
        assert done.stdout.startswith('added    check "old"\n'), done
        assert {c["name"] for c in node.status()["checks"]} == {"db", "web", "old"}
        assert len(node.status()["peers"]) == 1 and check(node, "old")["timeout"] == "5s"


def test_rejected_file_and_no_quorum():
    with cluster_of(3) as (a, b, c):
        # a hand edit with a mistake is kept aside, and comes in by the way that it names
        path, rejected = a.dir / "cluster.yaml", a.dir / "cluster.yaml.rejected"
        draft = a.dir / ".draft"
        draft.write_text(path.read_text().replace("interval: 10s", "intervall: 12s"))
        os.rename(draft, path)
        wait_for("it is kept aside", rejected.exists)
        head = rejected.read_text()
        assert f"# quctl config diff {rejected}" in head and f"quctl config apply {rejected}" in head, head
        assert f"quctl config apply {rejected}" in a.text()
        refused(a, 1, 'is "interval" meant?', "config", "diff", rejected)
        rejected.write_text(head.replace("intervall: 12s", "interval: 12s"))
        done = a.quctl("config", "diff", rejected, check=False)
        assert done.stdout == 'changed  check "db": interval: 10s -> 12s\n', done
        a.quctl("config", "apply", rejected)
        wait_for("the others have it", lambda: check(c, "db")["interval"] == "12s")
        assert SECRETS[0] in rejected.read_text() and SECRETS[0] not in done.stdout

        # a node leaves with the text: one at a time, and only with --yes
        text = shown(a)
        document = a.dir.parent / "document.yaml"
        peer = re.search(rf"(?ms)^  - node_id: {c.node_id}.*?(?=^  - |^checks:)", text).group(0)
        document.write_text(text.replace(peer, "").replace("interval: 12s", "interval: 14s"))
        refused(a, 1, f"leaves out peer {c.node_id}", "config", "apply", document)
        assert version(a) == json.loads(shown(a, "--json=short"))["version"]
        done = a.quctl("config", "apply", "--yes", document)
        assert f'removed  peer "{c.node_id}"' in done.stdout, done
        wait_for("it is gone", lambda: len(a.status()["peers"]) == 2)
        assert check(a, "db")["interval"] == "14s"

        # two are left; without the other one nothing can be agreed on, but compared
        text = shown(a)
        b.kill(signal.SIGKILL)
        wait_for("no quorum", lambda: not a.status()["quorum"]["met"])
        document.write_text(text.replace("interval: 14s", "interval: 16s"))
        assert a.quctl("config", "diff", document, check=False).returncode == 5
        refused(a, 4, "nothing was changed", "config", "apply", document)
        assert check(a, "db")["interval"] == "14s"


class Edit:
    """quctl edit on a terminal, with an editor that knows what to do, and answers to what it asks."""

    def __init__(self, node, *steps, answers=(), options=()):
        self.place = node.dir.parent / "edit"
        shutil.rmtree(self.place, ignore_errors=True)
        (self.place / "tmp").mkdir(parents=True)
        self.editor = self.place / "editor"
        self.editor.write_text(EDITOR)
        self.editor.chmod(0o700)
        (self.place / "steps.json").write_text(json.dumps(steps))
        self.text = ""
        master, slave = pty.openpty()
        env = {**node.env(), "TMPDIR": str(self.place / "tmp"), "EDITOR": str(self.editor), "TERM": "dumb",
               "PATH": f"{harness.QUCTL.parent}:{os.environ['PATH']}"}
        for name in ("VISUAL", "SYSTEMD_EDITOR"):
            env.pop(name, None)
        self.process = subprocess.Popen([harness.QUCTL, "edit", *options], env=env, stdin=slave, stdout=slave,
                                        stderr=slave, start_new_session=True)
        os.close(slave)
        try:
            for question, answer in answers:
                self.read(master, question)
                if isinstance(answer, str):
                    os.write(master, answer.encode())
                else:
                    self.process.send_signal(answer)
            self.read(master, None)
        finally:
            os.close(master)
            self.status = self.process.wait(30 * PATIENCE)
        self.steps_left = json.loads((self.place / "steps.json").read_text())
        self.seen = (self.place / "seen").read_text()

    def read(self, master, until):
        begin, end = len(self.text), time.monotonic() + 60 * PATIENCE
        while until is None or until not in self.text[begin:]:
            if time.monotonic() > end:
                self.process.kill()
                raise harness.Failure(f"no {until!r} in {self.text!r}")
            if select.select([master], [], [], 0.1)[0]:
                try:
                    data = os.read(master, 4096)
                except OSError:  # the other end is closed
                    data = b""
                if not data and until is not None:
                    raise harness.Failure(f"no {until!r} in {self.text!r}")
                if not data:
                    return
                self.text += data.decode().replace("\r\n", "\n")

    def left(self):
        return [path for path in (self.place / "tmp").rglob("*") if path.is_file()]


def done(edit, status, *says):
    assert edit.status == status, edit.text
    for text in says:
        assert text in edit.text, (text, edit.text)
    assert not edit.steps_left, edit.steps_left
    assert not list((edit.place / "tmp").iterdir()), list((edit.place / "tmp").rglob("*"))
    return edit


def test_edit():
    with cluster_of(3) as (a, b, c):
        slower = ["interval: 10s", "interval: 15s"]
        # nothing changed; changed, and seen elsewhere; comments alone
        before = version(a)
        assert all(secret not in done(Edit(a, {}), 0, "no changes").seen for secret in SECRETS)
        done(Edit(a, {"replace": [slower], "litter": True}), 0, 'check "db": interval: 10s -> 15s',
             f"cluster version now {before + 1}")
        wait_for("the third has it", lambda: check(c, "db")["interval"] == "15s")
        assert in_file(a, "smtp_password") == SECRETS[0]
        done(Edit(a, {"replace": [["checks:", "# a remark\nchecks:"]]}), 0, "no changes")
        assert version(a) == before + 1

        # a mistake, and again with what was typed; or not
        typo, right = ["interval: 15s", "intervall: 5s"], ["intervall: 5s", "interval: 5s"]
        edit = done(Edit(a, {"replace": [typo]}, {"replace": [right]}, answers=[("without saving:", "?\n"),
                    ("without saving:", "e\n")]), 0, 'is "interval" meant?', "edit the document again", "15s -> 5s")
        assert re.search(r"/cluster\.yaml:\d+:\d+: checks\[0\]\.intervall: ", edit.text), edit.text
        done(Edit(a, {"replace": [["interval: 5s", "intervall: 7s"]]}, answers=[("without saving:", "x\n")]), 1,
             "nothing was changed")
        # what is removed is asked about
        removed = {"replace": [[re.search(r"(?ms)^  - id: [^\n]*\n    name: web\n.*?(?=^alerts:)", shown(a)).group(0), ""]]}
        done(Edit(a, removed, answers=[("[y/N]", "n\n"), ("without saving:", "x\n")]), 1, "Remove 1 check?")
        assert check(a, "web")
        done(Edit(a, removed, answers=[("[y/N]", "y\n")]), 0, 'removed  check "web"')
        assert check(a, "web") is None

        # others change something else meanwhile: both stand
        done(Edit(b, {"run": [["quctl", "check", "edit", "db", "--timeout", "2s"]],
                      "replace": [["interval: 5s", "interval: 6s"]]}), 0, "interval: 5s -> 6s")
        assert (check(b, "db")["interval"], check(b, "db")["timeout"]) == ("6s", "2s")
        # or the same: the person sees both, and what was typed is not lost
        edit = done(Edit(b, {"run": [["quctl", "check", "edit", "db", "--interval", "7s", "--timeout", "3s"]],
                             "replace": [["interval: 6s", "interval: 8s"], ["name: chat", "name: talk"]]},
                         {}, answers=[("without saving:", "e\n")]), 0,
                    "changed here and in the cluster", "interval: 7s -> 8s", 'name: "chat" -> "talk"')
        assert '#   check "db": interval was changed here and in the cluster' in edit.seen, edit.seen
        assert (check(b, "db")["interval"], check(b, "db")["timeout"]) == ("8s", "3s")
        assert in_file(b, "smtp_password") == SECRETS[0]

        # the editor fails, or there is none; the text stays where something was typed
        done(Edit(a, {"status": 1}), 1, "failed, nothing was changed")
        before = version(a)
        for new, more, answers in (
            ("interval: 9s", {"status": 1}, ()),
            ("interval: 9s", {"kill": signal.SIGTERM}, ()),
            ("intervall: 9s", {}, [("without saving:", "\4")]),
            ("intervall: 9s", {}, [("without saving:", signal.SIGINT)]),
        ):
            edit = Edit(a, {"replace": [["interval: 8s", new]], **more}, answers=answers)
            kept = re.search(r"Your text is kept in (\S+):", edit.text)
            assert edit.status == 1 and kept and edit.left() == [pathlib.Path(kept.group(1))], (edit.text, edit.left())
            assert "9s" in edit.left()[0].read_text() and edit.left()[0].stat().st_mode & 0o777 == 0o600
        assert version(a) == before

        # without a quorum it is kept, and applied later
        b.kill(signal.SIGSTOP)
        c.kill(signal.SIGSTOP)
        wait_for("no quorum", lambda: not a.status()["quorum"]["met"])
        edit = Edit(a, {"replace": [["interval: 8s", "interval: 9s"]]})
        b.kill(signal.SIGCONT)
        c.kill(signal.SIGCONT)
        assert edit.status == 4 and f"quctl config apply {edit.left()[0]}" in edit.text, edit.text
        wait_for("a quorum", lambda: a.status()["quorum"]["met"])
        a.quctl("config", "apply", edit.left()[0])
        assert check(a, "db")["interval"] == "9s"
        a.stop()
        assert a.quctl("edit", check=False).returncode == 3


if __name__ == "__main__":
    harness.main(globals())
