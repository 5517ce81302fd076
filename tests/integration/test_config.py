# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole document over the bus: quctl config and quctl edit, against running daemons."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import harness
from harness import PATIENCE, Cluster, wait_for

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
        refused(node, 1, "has no version: that this node has kept", "config", "apply", base)
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


if __name__ == "__main__":
    harness.main(globals())
