# SPDX-License-Identifier: LGPL-2.1-or-later
"""Relays that refuse, stay silent, or ask for patience."""

import os
import time

import harness
from harness import Cluster, HttpTarget, SmtpReceiver, Webhook, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")
# how long the relay refuses; 60 s by hand (QUPTIME_LONG=1), less in the normal run
REFUSING = 60 if os.environ.get("QUPTIME_LONG") else 15


def add_smtp(node, smtp, name="ops"):
    node.quctl("alert", "add", "smtp", name, "--host", "127.0.0.1", "--port", smtp.port, "--from",
               "quptime@example.com", "--to", "ops@example.com", "--starttls=false", "--default")


def flip(cluster, http, times):
    for _ in range(times):
        http.status = 500
        cluster.all_see("homepage", "down")
        http.status = 200
        cluster.all_see("homepage", "up")


def test_a_relay_that_refuses_for_a_while_gets_every_message_in_order():
    http, smtp = HttpTarget().start(), SmtpReceiver().start()
    with Cluster(3) as cluster:
        cluster.up()
        node = cluster.nodes[1]
        node.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        smtp.mode = "busy"
        add_smtp(node, smtp)
        begin = time.monotonic()
        flip(cluster, http, 2)
        wait_for("it was tried meanwhile", lambda: smtp.attempts >= 2)
        wait_for("the time has passed", lambda: time.monotonic() - begin > REFUSING, REFUSING + 5)
        assert not smtp.mails
        smtp.mode = "accept"
        wait_for("all four", lambda: len(smtp.mails) >= 4, 150)
        verbs = [next(v for v in ("DOWN", "RECOVERED") if v in s) for s in smtp.subjects()]
        assert verbs == ["DOWN", "RECOVERED", "DOWN", "RECOVERED"], verbs
        assert len({m.message_id for m in smtp.mails}) == 4
    smtp.stop()
    http.stop()


def test_a_silent_relay_delays_no_probe():
    http, other, smtp = HttpTarget().start(), HttpTarget().start(), SmtpReceiver().start()
    smtp.mode = "silent"
    with Cluster(3) as cluster:
        cluster.up()
        node = cluster.nodes[0]
        add_smtp(node, smtp)
        node.quctl("check", "add", "http", "homepage", http.url, *FAST)
        node.quctl("check", "add", "http", "other", other.url, *FAST)
        cluster.all_see("homepage", "up")
        cluster.all_see("other", "up")
        http.status = 500
        cluster.all_see("homepage", "down")
        wait_for("the relay is being talked to", lambda: smtp.connections >= 1)
        # three nodes probe once a second: over ten seconds no probe of the other target is missed
        before, begin = other.requests, time.monotonic()
        wait_for("ten seconds of probes", lambda: time.monotonic() - begin >= 10, 15)
        seen, expected = other.requests - before, 3 * (time.monotonic() - begin)
        assert seen >= expected * 0.8, (seen, expected)
        http.status = 200
        cluster.all_see("homepage", "up")
        smtp.mode = "accept"
        wait_for("all of it arrives in the end", lambda: smtp.subjects("RECOVERED"), 150)
    for server in (http, other, smtp):
        server.stop()


def test_a_webhook_that_answers_429_is_obeyed():
    http, hook = HttpTarget().start(), Webhook().start()
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        node.quctl("alert", "add", "discord", "oncall", "--webhook", hook.url, "--default")
        hook.script = [(429, {"Retry-After": "8"})]
        http.status = 500
        cluster.all_see("homepage", "down")
        wait_for("the second try", lambda: len(hook.requests) >= 2, 40)
        first, second = hook.requests[:2]
        assert second[0] - first[0] >= 7.9, f"after {second[0] - first[0]:.1f} s"
        assert first[2] == second[2], "a repeat has the same content and notice id"
        # refused for good: said, not tried again
        hook.script = [(404, {})]
        http.status = 200
        cluster.all_see("homepage", "up")
        wait_for("it is said", lambda: "refused for good" in node.text())
        assert len(hook.requests) == 3
    hook.stop()
    http.stop()


if __name__ == "__main__":
    harness.main(globals())
