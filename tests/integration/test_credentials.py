# SPDX-License-Identifier: LGPL-2.1-or-later
"""Alerts that name a systemd credential: each node has its own $CREDENTIALS_DIRECTORY, or none, and the message
leaves from a node that holds the secret. The webhook's path tells which node that was."""

import json

import harness
from harness import Cluster, HttpTarget, Webhook, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")
ALERT = ("alert", "add", "discord", "oncall", "--webhook-credential", "hook", "--default")


def up(credentials, secrets):
    """A cluster of three; credentials: of its nodes in the order of their NodeIDs, so the first is the
    master's. They are read at the start, so the nodes are started again with them, the master last."""
    cluster = Cluster(3)
    cluster.__enter__()
    cluster.up()
    for node, own in reversed(list(zip(cluster.nodes, credentials))):
        if own is None:
            continue
        node.set_credentials(hook=own)
        secrets.append(own.rsplit("/", 1)[1])
        node.stop()
        node.start()
        cluster.settled()
    return cluster


def leaves_no_trace(cluster, secrets):
    for node in cluster.nodes:
        for path in node.dir.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                for secret in secrets:
                    assert secret.encode() not in content, f"{secret} is in {path}"
    for node in cluster.running():
        for command in (["alert", "list"], ["status"], ["config", "show"]):
            done = node.quctl("--json=short", *command, check=False)
            assert not any(secret in done.stdout + done.stderr for secret in secrets), command


def said(node):
    return node.quctl("status").stdout


def alert_row(node):
    return json.loads(node.quctl("--json=short", "alert", "list").stdout)[0]


def others_than(cluster, *nodes):
    return [node for node in cluster.nodes if node not in nodes]


def test_the_one_holder_sends_whoever_leads():
    http, hook = HttpTarget().start(), Webhook().start()
    secrets = []
    base = hook.url.rsplit("/", 1)[0]
    cluster = up([None, f"{base}/token-of-the-holder", None], secrets)
    try:
        master, holder = cluster.settled(), cluster.nodes[1]
        asker = next(n for n in cluster.nodes if n not in (master, holder))
        asker.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        asker.quctl(*ALERT)
        for node in cluster.nodes:
            lacking = sorted(n.node_id for n in others_than(cluster, holder))
            wait_for(f"{node.name} says who lacks it",
                     lambda node=node, lacking=lacking: alert_row(node).get("lacking") == lacking)
            assert "the credential hook is not on " + ", ".join(lacking) in said(node)
            assert alert_row(node)["discord_webhook"] == {"credential": "hook"}
        assert "{credential: hook}" in (asker.dir / "cluster.yaml").read_text()

        asker.quctl("alert", "test", "oncall")
        assert len(hook.requests) == 1
        http.status = 500
        cluster.all_see("homepage", "down")
        wait_for("DOWN", lambda: len(hook.requests) >= 2, 40)

        # no live holder: owed, said, and delivered as soon as there is one
        holder.kill()
        cluster.settled()
        witness = cluster.settled()
        wait_for("it is said that nobody has it", lambda: "so its messages stay owed" in said(witness))
        http.status = 200
        cluster.all_see("homepage", "up")
        wait_for("it is owed", lambda: alert_row(witness)["owed"] == 1)
        wait_for("the journal says why", lambda: 'no live node has the credential "hook"' in witness.text())
        tested = witness.quctl("alert", "test", "oncall", check=False)
        assert tested.returncode != 0 and "no live node has the credential" in tested.stderr, tested
        assert len(hook.requests) == 2
        holder.start()
        wait_for("RECOVERED", lambda: len(hook.requests) >= 3, 60)
        wait_for("nothing is owed", lambda: alert_row(witness)["owed"] == 0)
        leaves_no_trace(cluster, secrets)
        cluster.__exit__(None, None, None)
    except BaseException as error:
        cluster.__exit__(type(error), error, error.__traceback__)
        raise
    hook.stop()
    http.stop()


def test_the_master_s_own_comes_first_and_a_bad_one_is_passed_over():
    http, hook, broken = HttpTarget().start(), Webhook().start(), Webhook().start()
    secrets = []
    good, bad = (h.url.rsplit("/", 1)[0] for h in (hook, broken))
    cluster = up([f"{bad}/token-of-the-master", None, f"{good}/token-of-another"], secrets)
    try:
        first, _, third = cluster.nodes
        master = cluster.settled()
        master.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        master.quctl(*ALERT)
        wait_for("both are known to hold it", lambda: alert_row(master).get("lacking") == [cluster.nodes[1].node_id])
        broken.script = [(404, {})] * 100  # for good, where another node could not be asked
        http.status = 500
        cluster.all_see("homepage", "down")
        wait_for("it arrives through the good one", lambda: len(hook.requests) >= 1, 60)
        if master is first:
            assert broken.requests, "the master's own was not tried first"
        wait_for("nothing is owed", lambda: alert_row(master)["owed"] == 0)
        # a secret that is no webhook: said without repeating it
        third.set_credentials(hook="not-a-url-but-hush")
        secrets.append("not-a-url-but-hush")
        first.kill()
        master = cluster.settled(60)
        tested = master.quctl("alert", "test", "oncall", check=False)
        assert tested.returncode != 0 and 'the credential "hook": the URL' in tested.stderr, tested
        leaves_no_trace(cluster, secrets)
        cluster.__exit__(None, None, None)
    except BaseException as error:
        cluster.__exit__(type(error), error, error.__traceback__)
        raise
    for server in (http, hook, broken):
        server.stop()


def test_a_lost_answer_is_an_unknown_outcome():
    http, hook = HttpTarget().start(), Webhook().start()
    secrets = []
    base = hook.url.rsplit("/", 1)[0]
    cluster = up([None, f"{base}/token-of-the-first", f"{base}/token-of-the-second"], secrets)
    try:
        # the second and the third hold it; on a busy machine one of them may lead by now, and comes first
        master = cluster.settled()
        first = master if master in cluster.nodes[1:] else cluster.nodes[1]
        master.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        master.quctl(*ALERT)
        wait_for("both are known to hold it", lambda: alert_row(master).get("lacking") == [cluster.nodes[0].node_id])
        hook.delay = 5
        http.status = 500
        wait_for("the first holder is posting", lambda: hook.begun == 1, 60)
        first.kill()
        hook.delay = 0
        delegated, witness = master is not first, cluster.nodes[0]
        wait_for("the other one sends it again", lambda: len(hook.requests) >= 2, 60)
        wait_for("nothing is owed", lambda: alert_row(witness)["owed"] == 0)
        assert {request[1].rsplit("/", 1)[1] for request in hook.requests} == set(secrets)
        assert hook.requests[0][2] == hook.requests[1][2], "a repeat has the same content and notice id"
        assert not delegated or "gave no answer" in master.text()
        leaves_no_trace(cluster, secrets)
    except BaseException as error:
        cluster.__exit__(type(error), error, error.__traceback__)
        raise
    cluster.__exit__(None, None, None)
    hook.stop()
    http.stop()


if __name__ == "__main__":
    harness.main(globals())
