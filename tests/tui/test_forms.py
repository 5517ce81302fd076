# SPDX-License-Identifier: LGPL-2.1-or-later
"""The forms and questions of `quctl tui`, filled in by hand on one node of a running cluster, and their effect seen
from another one."""

import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from tmux import Terminal  # noqa: E402  pylint: disable=wrong-import-position
import harness  # noqa: E402  pylint: disable=wrong-import-position
from harness import Cluster, Node, TcpTarget, wait_for  # noqa: E402  pylint: disable=wrong-import-position

MAIL = ("--host", "127.0.0.1", "--from", "q@example.org", "--to", "ops@example.org", "--starttls=false")
PASSWORD = "correct-horse-battery"


def rows(node, family):
    return json.loads(node.quctl(family, "list", "--json=short").stdout)


def row(node, family, name):
    return next((row for row in rows(node, family) if row.get("name") == name), None)


def seen(node, family, name, **fields):
    """The object, once it is there on that node with these values."""
    def look():
        found = row(node, family, name)
        assert found and all(found[key] == value for key, value in fields.items()), found
        return found

    def patient():
        try:
            return look()
        except AssertionError as error:
            raise harness.Failure(str(error)) from error
    return wait_for(f"{name} with {fields} on {node.name}", patient)


def save(terminal, title):
    """Again and again, until the form closes."""
    def closed():
        if title not in terminal.screen():
            return True
        terminal.keys("C-s")
        return False
    wait_for(f"{title} is saved", closed, seconds=60, every=1)


def test_check_forms():
    tcp = TcpTarget().start()
    with Cluster(3) as cluster:
        first, second, third = cluster.up().nodes
        for name in ("oncall", "chat", "night"):
            first.quctl("alert", "add", "smtp", name, *MAIL, *(["--default"] if name == "night" else []))
        seen(second, "alert", "night")

        with Terminal(second) as terminal:
            terminal.wait("Checks (0)", "Alerts (3)")
            terminal.keys("2", "a").wait("Add a check", "> http")
            terminal.keys("Down").wait("> tcp")
            terminal.keys("Escape").gone("Add a check")
            terminal.keys("a").wait("> http")
            terminal.keys("t").wait("Add tcp check", "what people call it", "[ ] oncall", "[ ] night")
            # nothing typed: it closes without a question
            terminal.keys("Escape").gone("Add tcp check")
            terminal.keys("a", "t").wait("Add tcp check")
            terminal.keys("C-c").gone("Add tcp check")
            terminal.wait("q quit")

            # what is wrong is said beside the field, and nothing is sent
            terminal.keys("a", "t").wait("Add tcp check")
            terminal.type("データ base").keys("Tab").type("127.0.0.1").keys("Tab").wait("host:port")
            terminal.keys("BTab").type(f":{tcp.port}").keys("Tab").gone("host:port")
            terminal.type("1x").keys("Enter").wait("not a duration; write it like 30s or 1m30s")
            terminal.keys("C-s").wait("not a duration")
            assert not rows(third, "check")
            terminal.keys("BSpace").type("s").keys("Tab", "Tab").wait("[ ] oncall")
            terminal.keys(" ").wait("[x] oncall")
            terminal.keys("Tab").wait("default alerts that do not hear of it")
            terminal.keys(" ").wait("[x] night")
            terminal.keys("Tab").wait("[ Save ]")
            terminal.keys("Enter").wait("check データ base is added", "Checks (1")
            added = seen(third, "check", "データ base", target=f"127.0.0.1:{tcp.port}", interval="1s")
            assert [alert["name"] for alert in added["alerts"]] == ["oncall"], added

            # a name that is taken: refused by the daemon, and nothing that was typed is lost
            terminal.keys("a", "i").wait("Add icmp check")
            terminal.type("データ base").keys("Tab").type("127.0.0.1").keys("C-s")
            terminal.wait("there is already a check named", "127.0.0.1")
            terminal.keys("Escape").wait("Throw away what was typed? [y/N]")
            terminal.keys("n").gone("Throw away")
            # so does Ctrl-C, which leaves the question as well
            terminal.keys("C-c").wait("Throw away what was typed? [y/N]")
            terminal.keys("C-c").gone("Throw away")
            terminal.keys("BTab").wait("Add icmp check")
            terminal.keys("C-u").type("ping").keys("C-s").wait("check ping is added")
            seen(first, "check", "ping", type="icmp")

            # an edit sends what was changed, and somebody else's edit meanwhile stays
            terminal.keys("Home", "e").wait("Edit tcp check", "データ base")
            third.quctl("check", "edit", "データ base", "--interval", "3s")
            terminal.wait("somebody else has changed it meanwhile", "3s")
            terminal.keys("C-u").type("db").keys("C-s").wait("check db is changed")
            seen(third, "check", "db", interval="3s")

            # both change the same: it is said, and only saved when it is meant
            terminal.keys("e").wait("Edit tcp check")
            third.quctl("check", "edit", "db", "--name", "theirs")
            terminal.wait("somebody else has changed it meanwhile")
            terminal.keys("C-u").type("mine")
            third.quctl("check", "edit", "theirs", "--name", "theirs again")
            terminal.wait("somebody else has made it \"theirs again\"")
            terminal.keys("C-s").wait("save once more to overwrite it")
            assert row(third, "check", "theirs again")
            terminal.keys("C-s").wait("check mine is changed")
            seen(third, "check", "mine", interval="3s")

            # removing: only y is a yes
            for key in ("n", "Enter", "Escape"):
                terminal.keys("d").wait("Remove the check mine? [y/N]")
                terminal.keys("x", key).gone("[y/N]")
            assert row(third, "check", "mine")
            terminal.keys("d").wait("Remove the check mine? [y/N]")
            terminal.keys("y").wait("check mine is removed")
            wait_for("the third knows", lambda: not row(third, "check", "mine"))

            # one that is removed while it is edited
            terminal.wait("Checks (1")
            terminal.keys("e").wait("Edit icmp check", "ping")
            first.quctl("check", "remove", "ping")
            terminal.wait("somebody has removed it meanwhile")
            terminal.type("x").keys("C-s").wait("no check")
            terminal.keys("Escape", "y").gone("Edit icmp check")
            terminal.quit()
    tcp.stop()


def test_alert_forms():
    with Cluster(3) as cluster:
        first, second, third = cluster.up().nodes
        with Terminal(second) as terminal:
            terminal.wait("Alerts (0)")
            terminal.keys("3", "a").wait("> smtp")
            # there are more fields than lines, but how to save is seen from all of them
            terminal.keys("Enter").wait("Add smtp alert", "Password             not set", "[x] yes", "[ Save ]", "│↓")
            terminal.type("oncall").keys("Tab").type("mail.example.org").keys("Tab", "Tab")
            terminal.type("quptime").keys("Tab").type(PASSWORD).wait("•" * len(PASSWORD))
            terminal.keys("Tab", "Tab").type("q@example.org").keys("Tab").type("ops@example.org, boss@example")
            terminal.keys("Tab", "Tab", "Tab").wait(".Snapshot.OKCount", ".VerbLower", ".When")
            terminal.type("{{.Check.Name}}: {{.Verb}}").keys("Tab").wait(".Snapshot.OKCount")
            terminal.type("{{if eq .To \"down\"}}").keys("Enter").type("it is down").keys("Enter")
            terminal.keys("C-s").wait("line 3, column 1: unexpected EOF")
            terminal.type("{{end}}").wait("{{end}}")
            terminal.keys("C-p").wait("What it would say", "Subject: homepage: DOWN", "it is down")
            terminal.keys("Escape").gone("What it would say")
            terminal.keys("C-s").wait("alert oncall is added", "Alerts (1)")
            added = seen(third, "alert", "oncall", smtp_to=["ops@example.org", "boss@example"], smtp_port=587,
                         smtp_starttls=True, subject_template="{{.Check.Name}}: {{.Verb}}",
                         body_template="{{if eq .To \"down\"}}\nit is down\n{{end}}")
            assert added["smtp_password"] == {"kept": True}, added

            # the secret is set; an edit of something else keeps it, but not for another relay
            terminal.keys("e").wait("Edit smtp alert", "Password             set")
            terminal.keys("Tab").type(".net").keys("C-s").wait("there is no password to keep")
            terminal.keys("Escape", "y").gone("Edit smtp alert")
            terminal.keys("e").wait("Edit smtp alert", "Password             set")
            terminal.keys("Tab", "Tab", "Tab").type(".net").keys("C-s").wait("alert oncall is changed")
            assert seen(third, "alert", "oncall", smtp_user="quptime.net")["smtp_password"] == {"kept": True}
            # named instead of typed
            terminal.keys("e").wait("Edit smtp alert")
            terminal.keys("Tab", "Tab", "Tab", "Tab", "Tab").type("mail.password").keys("C-s").wait("is changed")
            seen(third, "alert", "oncall", smtp_password={"credential": "mail.password"})
            # removed
            terminal.keys("e").wait("mail.password")
            terminal.keys("Tab", "Tab", "Tab", "Tab", "Tab", "C-u", "C-s").wait("is changed")
            seen(third, "alert", "oncall", smtp_password=None)

            # a Discord one; its webhook is a secret, too
            terminal.keys("a", "d").wait("Add discord alert", "not set", "Body")
            # its messages have no subject, and so it has no field for one
            assert "Subject" not in terminal.screen(), terminal.screen()
            terminal.type("chat").keys("Tab").type("http://example.org/x").keys("Tab").wait("https")
            terminal.keys("BTab", "C-u").type(f"https://discord.com/api/webhooks/1/{PASSWORD}")
            terminal.keys("C-s").wait("alert chat is added", "Alerts (2)")
            assert seen(third, "alert", "chat", type="discord")["discord_webhook"] == {"kept": True}

            # pasted: lines and tabs stay where there may be some, and become blanks where not
            terminal.keys("End", "e").wait("Edit discord alert", "chat")
            terminal.paste(" two\nlines")
            terminal.wait("chat two lines")
            terminal.keys("Tab", "Tab", "Tab", "Tab").wait("the body's template", ".Snapshot.OKCount")
            terminal.paste("{{if .Check}}\n\tyes\n{{end}}").wait("→ yes")
            # a terminal that does not mark what is pasted
            terminal.paste("\nas\ntyped", bracketed=False).wait("typed")
            terminal.keys("C-s").wait("alert chat two lines is changed")
            seen(third, "alert", "chat two lines", body_template="{{if .Check}}\n\tyes\n{{end}}\nas\ntyped")

            # more than there may be is left out, and that is said
            terminal.keys("e").wait("Edit discord alert")
            terminal.keys("Tab", "Tab", "Tab", "Tab").wait("the body's template", ".Snapshot.OKCount")
            terminal.paste("x" * 70000).wait("at most 65536 bytes; what is longer was left out", seconds=60)
            terminal.keys("Escape", "y").gone("Edit discord alert")

            terminal.keys("Home", "d").wait("Remove the alert oncall? [y/N]", "detached from all checks")
            terminal.keys("y").wait("alert oncall is removed", "Alerts (1)")
            wait_for("the third knows", lambda: not row(third, "alert", "oncall"))
            terminal.quit()
            assert PASSWORD not in terminal.everything
            assert PASSWORD not in second.text()
        assert len(rows(first, "alert")) == 1


def test_node_forms():
    with Cluster(2) as cluster:
        first, second = cluster.up().nodes
        third = Node(cluster.base, "third")
        cluster.nodes.append(third)
        third.start()
        third.init(Cluster.secret)
        fingerprint = third.quctl("fingerprint").stdout.split()[-1]

        with Terminal(second) as terminal:
            terminal.wait("Peers (2)")
            terminal.keys("1", "a").wait("Add a node", "HOST:PORT")
            terminal.keys("C-s").wait("missing; host:port")
            terminal.type("localhost").keys("Tab").wait("is not host:port")
            # nobody is there
            terminal.keys("BTab").type(f":{harness.free_port()}").keys("C-s").wait("Connection refused")
            terminal.keys("C-u").type(third.advertise).keys("C-s")
            terminal.wait(third.node_id, fingerprint, "quctl fingerprint", "[y/N]")
            terminal.keys("n").wait("aborted: nothing was changed")
            assert len(first.status()["peers"]) == 2
            terminal.keys("C-s").wait(fingerprint, "[y/N]")
            terminal.keys("y").wait("is added", "Peers (3)", seconds=60)
            wait_for("the first sees it", lambda: len(first.status()["peers"]) == 3)
            assert third.node_id in {peer["node_id"] for peer in first.status()["peers"]}

            # where it has moved to
            terminal.keys("Home", "/").type(third.node_id[:12]).keys("Enter").wait("1 of 3")
            port = third.advertise.rpartition(":")[2]
            terminal.keys("e").wait("Edit a node", third.advertise)
            terminal.keys("C-u").type(f"localhost:{port}").keys("C-s").wait(f"at localhost:{port}")
            wait_for("the first sees it", lambda: any(peer["advertise"] == f"localhost:{port}"
                                                      for peer in first.status()["peers"]))
            # and out again
            terminal.keys("d").wait(f"Remove the node {third.node_id}? [y/N]", "barred for good")
            terminal.keys("n").gone("[y/N]")
            terminal.keys("d").wait("[y/N]")
            terminal.keys("y").wait("is removed")
            wait_for("the first sees it", lambda: len(first.status()["peers"]) == 2)
            terminal.quit()


def test_refusals_and_waiting():
    """Without a quorum, and with a daemon that is slow, nothing that was typed is lost, and nothing blocks."""
    with Cluster(3) as cluster:
        first, second, third = cluster.up().nodes
        with Terminal(second) as terminal:
            terminal.wait("Checks (0)")
            terminal.keys("2", "a", "t").wait("Add tcp check")
            terminal.type("db").keys("Tab").type("127.0.0.1:5432").wait("127.0.0.1:5432")
            first.stop()
            third.stop()
            wait_for("no quorum", lambda: second.quctl("-q", "status", check=False).returncode == 4)
            terminal.keys("C-s").wait("too few nodes of the cluster", "127.0.0.1:5432", "Add tcp check")
            first.start()
            third.start()
            cluster.settled()
            # the refusal stays until something else is tried
            save(terminal, "Add tcp check")
            seen(third, "check", "db")

            # keys that come while the daemon thinks are not lost on it, and Escape leaves it thinking
            terminal.keys("a", "t").wait("Add tcp check")
            terminal.type("slow").keys("Tab").type("127.0.0.1:1").wait("127.0.0.1:1")
            second.kill(signal.SIGSTOP)
            terminal.keys("C-s").wait("saving …", "Esc close, and do not wait")
            terminal.resize(100, 30).wait("saving …")
            terminal.keys("Escape").gone("Add tcp check")
            second.kill(signal.SIGCONT)
            terminal.wait("check slow is added", "Checks (2")

            # a daemon that is gone is said in the form
            terminal.keys("a", "t").wait("Add tcp check")
            terminal.type("later").keys("Tab").type("127.0.0.1:2").wait("127.0.0.1:2")
            second.kill()
            terminal.keys("C-s").wait("daemon", "127.0.0.1:2")
            second.start()
            cluster.settled()
            save(terminal, "Add tcp check")
            seen(third, "check", "later")
            terminal.quit()


def test_messages():
    """Test messages of a check and of an alert, and what a relay refuses; a dashboard that is left meanwhile."""
    relay = harness.SmtpReceiver().start()
    with Cluster(2) as cluster:
        first, second = cluster.up().nodes
        first.quctl("alert", "add", "smtp", "oncall", *MAIL, "--port", relay.port)
        first.quctl("check", "add", "tcp", "db", "127.0.0.1:1", "--alerts", "oncall")
        first.quctl("check", "add", "tcp", "silent", "127.0.0.1:1")
        seen(second, "check", "silent")
        with Terminal(second) as terminal:
            terminal.wait("Checks (2", "Alerts (1)")
            terminal.keys("2", "Home", "t").wait("Tell its alerts, as a test, that it is", "> down", "recovered")
            terminal.keys("Down", "Enter").wait("test of db sent")
            wait_for("the mail", lambda: [s for s in relay.subjects("db") if "RECOVERED" in s])
            terminal.keys("Escape", "t").wait("Tell its alerts, as a test, that it is")
            terminal.keys("Escape").gone("Tell its alerts")
            terminal.keys("End", "t").wait("Tell its alerts, as a test, that it is")
            terminal.keys("u").wait("no alert")
            terminal.keys("Escape", "3", "t").wait("test message sent by oncall")
            wait_for("the mail", lambda: len(relay.mails) >= 2)
            relay.mode = "refuse"
            terminal.keys("Escape", "t").wait("550")
            # nobody waits for an answer to leave
            relay.mode = "silent"
            terminal.keys("Escape", "t").wait("sending a test message by oncall")
            terminal.quit()
    relay.stop()


def test_small_and_large():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        for number in range(12):
            node.quctl("alert", "add", "smtp", f"alert {number:02}", *MAIL)
        with Terminal(node, 80, 24) as terminal:
            terminal.wait("Alerts (12)")
            terminal.keys("2", "a", "h").wait("Add http check", "alert 04 ↓")
            for size in ((40, 12), (20, 6), (10, 3), (200, 60), (80, 24)):
                terminal.resize(*size)
                wait_for("it is drawn", lambda size=size: len(terminal.screen().splitlines()) >= size[1] - 1)
            terminal.wait("Add http check", "alert 04 ↓")
            # from the set of alerts to one that is not seen yet, and back
            terminal.type("web").keys("Tab").type("http://127.0.0.1/").keys("Tab", "Tab", "Tab")
            terminal.keys("End").wait("alert 11")
            terminal.keys(" ").wait("[x] alert 11")
            terminal.keys("Home", " ", "C-s").wait("check web is added")
            assert {alert["name"] for alert in seen(node, "check", "web")["alerts"]} == {"alert 00", "alert 11"}
            terminal.quit()
        # a terminal with neither colour nor anything but ASCII
        with Terminal(node, env={"LC_ALL": "C", "TERM": "vt100"}) as terminal:
            terminal.wait("Alerts (12)")
            terminal.keys("3", "Home", "e").wait("Edit smtp alert", "+- Edit", "|v  ")
            terminal.keys("Tab", "Tab", "Tab", "Tab").type("secret").wait("******")
            terminal.keys("Escape", "y").gone("Edit smtp alert")
            terminal.quit()


if __name__ == "__main__":
    harness.main(globals())
