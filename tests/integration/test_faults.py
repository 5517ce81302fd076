# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults that a monitor of this kind has had (docs/faults.md), each provoked end to end where no other suite does."""

import contextlib
import signal
import socket
import threading
import time

import harness
from harness import Cluster, Failure, HttpTarget, SmtpReceiver, TcpTarget, Webhook, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")


def add_mail(node, smtp):
    node.quctl("alert", "add", "smtp", "ops", "--host", "127.0.0.1", "--port", smtp.port, "--from", "q@example.com",
               "--to", "ops@example.com", "--starttls=false", "--default")


@contextlib.contextmanager
def closing(*receivers):
    try:
        yield receivers
    finally:
        for receiver in receivers:
            receiver.stop()


def transitions(cluster, name):
    """What any journal says of this check's state, without the first `up`."""
    return [line for node in cluster.nodes for line in node.text().splitlines()
            if name in line and (" down" in line or "RECOVERED" in line)]


class Watch:
    """Asks a node for its status all the time, on a thread of its own."""

    def __init__(self, node):
        self.node, self.seen, self.ended = node, [], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.ended.is_set():
            with contextlib.suppress(Failure):
                begin = time.monotonic()
                status = self.node.status()
                self.seen.append((begin, time.monotonic(), status))
            self.ended.wait(0.02)

    def stop(self):
        self.ended.set()
        self.thread.join(30 * harness.PATIENCE)
        return self.seen


def test_editing_a_slow_but_healthy_check_pages_nobody():
    """A probe that an edit has cut off is no answer; neither is one that the daemon's stop has cut off."""
    with closing(HttpTarget().start(), SmtpReceiver().start()) as (http, smtp), Cluster(3) as cluster:
        http.delay = 0.7
        cluster.up()
        add_mail(cluster.nodes[0], smtp)
        cluster.nodes[0].quctl("check", "add", "http", "slow", http.url, *FAST)
        cluster.all_see("slow", "up")
        shown = http.url
        for i in range(8):  # an edit of what is probed cuts off the probe in flight on every node
            editor, wanted = cluster.nodes[i % 3], f"{http.url}?{i}"
            file = editor.dir / "cluster.yaml"
            wait_for("the file is current", lambda: f"target: {shown}\n" in file.read_text())
            requests = http.requests
            wait_for("a probe is in flight", lambda: http.requests > requests)
            edited = editor.dir / "edited"
            edited.write_text(file.read_text().replace(f"target: {shown}\n", f"target: {wanted}\n"))
            edited.rename(file)
            for node in cluster.nodes:
                wait_for(f"{node.name} has edit {i}", lambda: node.check_state("slow")["target"] == wanted)
            shown = wanted
        cluster.nodes[2].stop()
        requests = http.requests
        wait_for("the others go on", lambda: http.requests > requests + 4)
        cluster.all_see("slow", "up")
        assert not transitions(cluster, "slow"), transitions(cluster, "slow")
        assert all(" UP " in subject for subject in smtp.subjects()), smtp.subjects()


def test_the_smallest_node_id_restarted_is_no_second_master():
    """No instant with two masters, one term for all, no DOWN again for what is down, no UP for what is up."""
    with closing(TcpTarget().start(), SmtpReceiver().start()) as (tcp, smtp), Cluster(3) as cluster:
        cluster.up()
        first = cluster.settled()
        add_mail(first, smtp)
        first.quctl("check", "add", "tcp", "healthy", f"127.0.0.1:{tcp.port}", *FAST)
        first.quctl("check", "add", "tcp", "broken", "127.0.0.1:1", *FAST)
        cluster.all_see("healthy", "up")
        cluster.all_see("broken", "down")
        wait_for("both mails", lambda: len(smtp.mails) == 2)
        wait_for("their delivery is known", lambda: all(
            n.text().count("ops@example.com was delivered") == 2 for n in cluster.nodes))

        watches = [Watch(node) for node in cluster.nodes]
        for sig in (signal.SIGTERM, signal.SIGKILL):
            first.kill(sig)
            first.start()
            cluster.settled()
        seen = [watch.stop() for watch in watches]

        claims = {}  # who called itself master in which term
        for node, answers in zip(cluster.nodes, seen):
            assert answers, node.name
            for _, _, status in answers:
                if status["master"] == node.node_id:
                    claims.setdefault(status["term"], set()).add(node.node_id)
        assert claims and all(len(who) == 1 for who in claims.values()), claims
        terms = wait_for("one term", lambda: (lambda t: t if len(t) == 1 else None)(
            {n.status()["term"] for n in cluster.nodes}))
        assert terms
        wait_for("probing goes on", lambda: all(n.check_state("healthy")["ok"] == 3 for n in cluster.nodes))
        assert len(smtp.mails) == 2, smtp.subjects()


def test_bound_to_every_address():
    """`::` means both families; so does a name in brackets or an address of either."""
    for bind, reached in (("::", ("127.0.0.1", "::1")), ("0.0.0.0", ("127.0.0.1",)), ("::1", ("::1",)),
                          ("[::1]", ("::1",))):
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            node.start()
            node.quctl("init", "--advertise", f"127.0.0.1:{node.port}", "--bind", bind, "--port", node.port,
                       "--secret", cluster.secret)
            for address in reached:
                with socket.create_connection((address, node.port), timeout=5):
                    pass


def test_no_secret_is_no_secret():
    with Cluster(1) as cluster:
        node = cluster.nodes[0].start()
        for secret in ("short", "nineteen characters"):
            refused = node.quctl("init", "--advertise", node.advertise, "--port", node.port, "--secret", secret,
                                 check=False)
            assert refused.returncode in (1, 2) and "20" in refused.stderr, refused
            assert not (node.dir / "node.yaml").exists()
        # as of an unset variable in a script: one of 32 random bytes is made, and printed
        made = node.quctl("init", "--advertise", node.advertise, "--port", node.port, "--secret", "")
        secret = made.stdout.split("secret", 1)[1].split()[0]
        assert len(secret) >= 43, made
        assert secret in (node.dir / "node.yaml").read_text()


def test_a_hook_of_eight_seconds_loses_no_report_of_others():
    """While the webhook is silent, every vote of every check keeps coming in."""
    with closing(TcpTarget().start(), Webhook().start()) as (tcp, hook), Cluster(3) as cluster:
        cluster.up()
        master = cluster.settled()
        hook.delay = 8
        master.quctl("alert", "add", "discord", "oncall", "--webhook", hook.url, "--default")
        master.quctl("check", "add", "tcp", "healthy", f"127.0.0.1:{tcp.port}", *FAST)
        master.quctl("check", "add", "tcp", "broken", "127.0.0.1:1", *FAST)
        cluster.all_see("healthy", "up")
        cluster.all_see("broken", "down")
        while not hook.delivered("DOWN"):
            state = master.check_state("healthy")
            assert (state["state"], state["ok"]) == ("up", 3), state
            time.sleep(0.2)


if __name__ == "__main__":
    harness.main(globals())
