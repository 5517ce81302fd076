# SPDX-License-Identifier: LGPL-2.1-or-later
"""Alerts with texts of their own: refused, rendered, sent, and given up for the default text."""

import os
import shutil

import harness
from harness import Cluster, HttpTarget, SmtpReceiver, Webhook, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")


def add_smtp(node, smtp, name, *more, check=True):
    return node.quctl("alert", "add", "smtp", name, "--host", "127.0.0.1", "--port", smtp.port, "--from",
                      "quptime@example.com", "--to", "ops@example.com", "--starttls=false", *more, check=check)


def names(node):
    return [alert["name"] for alert in harness.json.loads(node.quctl("--json=short", "alert", "list").stdout)]


def posts(hook):
    return [body for _, _, body, _ in list(hook.requests)]


def save(node, text):
    draft = node.dir / ".draft"
    draft.write_text(text)
    draft.chmod(0o600)
    os.rename(draft, node.dir / "cluster.yaml")


def test_what_does_not_parse_is_refused():
    smtp = SmtpReceiver().start()
    with Cluster(1) as cluster:
        cluster.up()
        node = cluster.nodes[0]
        body = node.dir / "body"
        body.write_text("{{.Verb}}\n  {{lower .Verb}}\n")
        done = add_smtp(node, smtp, "ops", "--body-file", body, check=False)
        assert done.returncode == 1, done
        assert done.stderr == ('error: body_template: line 2, column 5: function "lower" not defined\n'
                               "      {{lower .Verb}}\n        ^~~~~\n"), done.stderr
        assert names(node) == []

        add_smtp(node, smtp, "ops", "--subject", "{{if eq .Verb \"DOWN\"-}} P1 {{end}}{{.Check.Name}}")
        done = node.quctl("alert", "edit", "ops", "--subject", "{{end}}", check=False)
        assert done.returncode == 1 and "unexpected {{end}}" in done.stderr, done
        assert "Subject: P1 homepage\n" in node.quctl("alert", "render", "ops").stdout

        # by hand, too
        wait_for("the file shows it", lambda: "subject_template" in (node.dir / "cluster.yaml").read_text())
        text = (node.dir / "cluster.yaml").read_text()
        save(node, text.replace("{{.Check.Name}}", "{{.Check.Name"))
        rejected = node.dir / "cluster.yaml.rejected"
        wait_for("it is kept aside", rejected.exists)
        assert "# alerts[0].subject_template: line 1, column" in rejected.read_text(), rejected.read_text()
        assert "Subject: P1 homepage\n" in node.quctl("alert", "render", "ops").stdout
    smtp.stop()


def test_what_fails_falls_back():
    http, smtp, hook = HttpTarget().start(), SmtpReceiver().start(), Webhook().start()
    with Cluster(2) as cluster:
        cluster.up()
        node = cluster.nodes[1]
        add_smtp(node, smtp, "ops", "--default", "--subject", "[{{printf \"%-9s\" .Verb}}] {{.Check.Name}}\n",
                 "--body", "{{.Check.Name}} {{.Nope}}")
        node.quctl("alert", "add", "discord", "chat", "--webhook", hook.url, "--default", "--subject", "ignored",
                   "--body", "<@42> **{{.Check.Name}}** {{.VerbLower}} {{.Snapshot.NotOK}}/{{.Snapshot.Reports}}")

        done = node.quctl("alert", "test", "ops", check=False)
        assert done.returncode == 1, done
        assert ("body_template, line 1, column 19: can't evaluate field Nope in type alerts.TemplateContext; "
                "the default text was sent instead\n") in done.stderr, done.stderr
        assert "ops@example.com: delivered: " in done.stderr, done.stderr
        assert smtp.mails[0].subject == "[DOWN     ] homepage", smtp.subjects()
        assert smtp.mails[0].text.startswith('This is a test of the alert "ops"'), smtp.mails[0].text
        assert node.quctl("alert", "test", "chat").returncode == 0
        assert posts(hook)[0]["content"] == "<@42> **homepage** down 3/3", posts(hook)
        assert posts(hook)[0]["allowed_mentions"] == {"parse": [], "users": ["42"]}, posts(hook)

        node.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        http.status = 500
        wait_for("both were told", lambda: smtp.subjects("DOWN     ")[1:] and len(posts(hook)) >= 3, 40)
        mail = next(mail for mail in smtp.mails[1:] if "DOWN     " in mail.subject)
        assert mail.text.startswith('HTTP endpoint "homepage" is now down.'), mail.text
        assert posts(hook)[-1]["content"] == "<@42> **homepage** down 2/2", posts(hook)
        wait_for("the journal says why", lambda: any(
            "alert ops: body_template, line 1, column 19: can't evaluate field Nope" in n.text()
            for n in cluster.nodes))
    for server in http, smtp, hook:
        server.stop()


def test_what_an_original_has_is_kept():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.stop()
        lines = [line for line in (node.dir / "node.yaml").read_text().splitlines()
                 if not line.startswith(("state_id", "join_key"))]
        (node.dir / "node.yaml").write_text("\n".join(lines) + "\n")
        shutil.rmtree(node.dir / "state")
        (node.dir / "register.mark").unlink(missing_ok=True)
        (node.dir / "cluster.yaml").write_text(
            "version: 41\nalerts:\n- name: broken\n  type: telegraph\n- id: a1\n  name: oncall\n  type: discord\n"
            "  discord_webhook: https://example.com/x\n  body_template: 'a {{lower .Verb}}'\n")
        node.start()
        wait_for("it leads", lambda: node.status()["master"] == node.node_id)
        warning = "cluster.yaml:9:18: alerts[1].body_template: line 1, column 5: function \"lower\" not defined; it is kept"
        assert warning in node.text(), node.text()
        done = node.quctl("alert", "render", "oncall", check=False)
        assert done.returncode == 1 and 'function "lower" not defined' in done.stderr, done
        node.quctl("alert", "edit", "oncall", "--default=true")
        assert node.quctl("alert", "edit", "oncall", "--body", "{{", check=False).returncode == 1


if __name__ == "__main__":
    harness.main(globals())
