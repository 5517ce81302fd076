# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job: three real daemons over real TLS, real targets, a real relay and webhook."""

import signal
import subprocess

import harness
from harness import Cluster, HttpTarget, SmtpReceiver, TcpTarget, Webhook, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")


def add_alerts(node, smtp, hook):
    node.quctl("alert", "add", "smtp", "ops", "--host", "127.0.0.1", "--port", smtp.port, "--from",
               "quptime@example.com", "--to", "ops@example.com", "--starttls=false", "--default")
    node.quctl("alert", "add", "discord", "oncall", "--webhook", hook.url, "--default")


def test_down_recovered_and_failover():
    http, tcp, smtp, hook = HttpTarget().start(), TcpTarget().start(), SmtpReceiver().start(), Webhook().start()
    with Cluster(3) as cluster:
        cluster.up()
        last = cluster.nodes[-1]
        add_alerts(last, smtp, hook)
        last.quctl("check", "add", "http", "homepage", http.url, *FAST)
        last.quctl("check", "add", "tcp", "db", f"127.0.0.1:{tcp.port}", *FAST)
        last.quctl("check", "add", "icmp", "gateway", "127.0.0.1", *FAST)
        for check in ("homepage", "db"):
            cluster.all_see(check, "up")
        wait_for("the first UP of both", lambda: len(smtp.subjects(" UP ")) >= 2)

        http.stop()
        cluster.all_see("homepage", "down")
        wait_for("one mail", lambda: smtp.subjects("DOWN"))
        wait_for("one webhook message", lambda: hook.delivered("DOWN"))
        # until that is committed the outcome of the attempt is unknown, and the next master would repeat it
        for to in ("ops@example.com", "webhook"):
            wait_for("the others know", lambda to=to: all(
                f"DOWN of homepage to {to} was delivered" in n.text() for n in cluster.nodes))

        # between DOWN and RECOVERED the master dies
        master = cluster.settled()
        master.kill(signal.SIGKILL)
        new = wait_for("another master", lambda: (lambda m: m if m is not master else None)(cluster._one_master()))
        assert new is cluster.running()[0], "the smallest living NodeID leads"
        http.start()
        cluster.all_see("homepage", "up")
        wait_for("the mail for RECOVERED", lambda: smtp.subjects("RECOVERED"))
        wait_for("the webhook message for RECOVERED", lambda: hook.delivered("RECOVERED"))
        assert len(smtp.subjects("DOWN")) == 1, smtp.subjects()
        assert len(smtp.subjects("RECOVERED")) == 1, smtp.subjects()
        assert len(hook.delivered("DOWN")) == 1 and len(hook.delivered("RECOVERED")) == 1

        # the dead one comes back and knows everything
        master.start()
        wait_for("the old master knows", lambda: master.check_state("homepage")["state"] == "up")
        assert master.status()["version"] == new.status()["version"]
        for node in cluster.nodes:
            node.stop()
    for receiver in (smtp, hook, http, tcp):
        receiver.stop()


def test_every_verb_on_the_largest_node_id():
    """What is typed on the last node does the same as on the master, and every node shows the same after it."""
    http, smtp, hook = HttpTarget().start(), SmtpReceiver().start(), Webhook().start()
    with Cluster(3) as cluster:
        cluster.up()
        last = cluster.nodes[-1]
        assert last is not cluster.settled()
        add_alerts(last, smtp, hook)
        last.quctl("check", "add", "http", "homepage", http.url, *FAST)
        last.quctl("check", "add", "tcp", "db", "127.0.0.1:1", *FAST, "--alerts", "oncall")
        last.quctl("alert", "default", "oncall", "off")
        last.quctl("alert", "edit", "ops", "--to", "ops@example.com,night@example.com")
        tested = last.quctl("alert", "test", "ops")
        assert "delivered" in tested.stdout, tested.stdout
        wait_for("both test mails", lambda: len(smtp.mails) >= 2)
        hooked = last.quctl("alert", "test", "oncall")
        assert "delivered" in hooked.stdout, hooked.stdout

        removed = last.quctl("alert", "remove", "oncall")
        assert "db" in removed.stdout, "it says from which check it was detached"
        last.quctl("check", "remove", "db")
        versions = wait_for("one version everywhere", lambda: (
            lambda v: v if len(v) == 1 else None)({n.status()["version"] for n in cluster.nodes}))
        for node in cluster.nodes:
            assert [c["name"] for c in node.status()["checks"]] == ["homepage"]
            assert "oncall" not in node.quctl("alert", "list").stdout
            assert len(node.quctl("--json=short", "trust", "list").stdout) > 2
        assert versions

        # membership from there too: the middle one goes and is told so
        middle = cluster.nodes[1]
        last.quctl("node", "remove", middle.node_id)
        wait_for("it is gone everywhere", lambda: all(
            len(n.status()["peers"]) == 2 for n in (cluster.nodes[0], last)))
        wait_for("it knows", lambda: "removed from its cluster" in middle.text())
        assert "neither may die" in last.quctl("status").stdout
    for receiver in (smtp, hook, http):
        receiver.stop()


def test_nginx_as_target():
    """A real web server: stopped, back, an answer that is not the expected one, a text that is not there."""
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        port = harness.free_port()
        config = cluster.base / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; pid {cluster.base}/nginx.pid; error_log {cluster.base}/nginx.log;\n"
            "events {}\nhttp { access_log off; " + "".join(
                f"{kind}_temp_path {cluster.base}/{kind}; " for kind in
                ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) +
            f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 'all is well'; }} "
            f"location /teapot {{ return 418; }} location /moved {{ return 302 /; }} }} }}\n")

        def nginx():
            process = subprocess.Popen(["nginx", "-c", str(config), "-e", str(cluster.base / "nginx.log")],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            cluster.cleanup.callback(lambda: (process.kill(), process.wait()))
            return process

        process = nginx()
        url = f"http://127.0.0.1:{port}"
        for name, path, more in (("well", "/", ("--body-match", "is well")), ("ill", "/", ("--body-match", "is ill")),
                                 ("teapot", "/teapot", ("--expect", "418")), ("tea", "/teapot", ()),
                                 ("moved", "/moved", ())):
            node.quctl("check", "add", "http", name, url + path, *FAST, *more)
        for name, state in (("well", "up"), ("ill", "down"), ("teapot", "up"), ("tea", "down"), ("moved", "up")):
            cluster.all_see(name, state)
        assert "body match miss" in node.check_state("ill")["detail"]
        assert "418" in node.check_state("tea")["detail"]
        process.terminate()
        process.wait()
        cluster.all_see("well", "down")
        nginx()
        cluster.all_see("well", "up")


def test_the_leader_can_be_removed():
    with Cluster(3) as cluster:
        cluster.up()
        master = cluster.settled()
        rest = [n for n in cluster.nodes if n is not master]
        rest[0].quctl("node", "remove", master.node_id)

        def led():
            """By one of them: a smaller NodeID takes over later, after two minutes of unbroken life."""
            seen = {n.status()["master"] for n in rest}
            return seen <= {n.node_id for n in rest} and len(seen) == 1 and all(
                len(n.status()["peers"]) == 2 for n in rest)

        wait_for("another leads the two others", led)
        wait_for("it knows", lambda: "removed from its cluster" in master.text())


def test_a_leader_removes_itself():
    """Asked on the very node that goes: it hands over, and its last answer is that it was done."""
    with Cluster(3) as cluster:
        cluster.up()
        master = cluster.settled()
        done = master.quctl("node", "remove", master.node_id)
        assert "removed" in done.stdout, done
        rest = [n for n in cluster.nodes if n is not master]
        wait_for("the two others have a master", lambda: all(
            n.status()["master"] in {r.node_id for r in rest} and len(n.status()["peers"]) == 2 for n in rest))


def test_secrets_stay_put():
    """In no log, no argument vector of a running process, no property."""
    smtp, hook = SmtpReceiver().start(), Webhook().start()
    with Cluster(2) as cluster:
        cluster.up()
        node = cluster.nodes[1]
        node.quctl("alert", "add", "smtp", "ops", "--host", "127.0.0.1", "--port", smtp.port, "--from", "q@example.com",
                   "--to", "o@example.com", "--starttls=false", "--user", "mailbot", "--password-file", "-",
                   input="the-very-secret-password\n")
        node.quctl("alert", "add", "discord", "oncall", "--webhook", hook.url)
        shown = [node.quctl("alert", "list").stdout, node.quctl("--json=pretty", "alert", "list").stdout,
                 node.quctl("--json=pretty", "status").stdout, *(n.text() for n in cluster.nodes)]
        for text in shown:
            for secret in ("the-very-secret-password", "token-of-the-webhook", cluster.secret):
                assert secret not in text, text
    smtp.stop()
    hook.stop()


if __name__ == "__main__":
    harness.main(globals())
