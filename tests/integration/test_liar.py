# SPDX-License-Identifier: LGPL-2.1-or-later
"""A member whose key has been stolen, or that has lost its mind: it may cost its own vote, nothing else."""

import json
import random
import select
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import harness
from harness import Cluster, HttpTarget, rss_kib, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")
PIECE = 65536


class Liar:
    """Speaks the peer protocol with the key of a node that is not running."""

    def __init__(self, node, to, cluster_id):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(node.dir / "keys" / "cert.pem", node.dir / "keys" / "private.pem")
        self.socket = context.wrap_socket(socket.create_connection((to.address, to.port), 3))
        self.buffer = b""
        self.send({"method": "hello", "params": {"protocol": 1, "node_id": node.node_id, "cluster_id": cluster_id,
                                                 "value_format": 1}})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_bytes(self, body):
        if len(body) <= PIECE:
            self.socket.sendall(struct.pack(">I", len(body)) + body)
            return
        for i in range(0, len(body), PIECE):
            piece = body[i:i + PIECE]
            more = 0x40000000 if i + PIECE < len(body) else 0
            self.socket.sendall(struct.pack(">I", len(piece) | 0x80000000 | more) + piece)

    def send(self, message):
        self.send_bytes(json.dumps(message, separators=(",", ":")).encode())

    def read(self, seconds=0.0):
        """What has come, decoded; pieces are thrown away."""
        messages = []
        end = time.monotonic() + seconds  # a leader never stops talking
        while self.socket.pending() or select.select([self.socket], [], [], max(0.0, end - time.monotonic()))[0]:
            if time.monotonic() > end + 1:
                break
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionResetError
            self.buffer += data
            while len(self.buffer) >= 4:
                word = struct.unpack(">I", self.buffer[:4])[0]
                size = word & 0x3FFFFFFF
                if len(self.buffer) < 4 + size:
                    break
                if not word & 0x80000000:
                    messages.append(json.loads(self.buffer[4:4 + size]))
                self.buffer = self.buffer[4 + size:]
        return messages


METHODS = {
    "register.ping": ("term", "sent", "election_timeout", "committed_term", "committed_seq", "told_term", "told_seq"),
    "register.pong": ("term", "sent", "election_timeout", "told_term", "told_seq", "durable_term", "durable_seq",
                      "held_term", "held_seq", "wants_whole"),
    "register.vote": ("term", "trial", "accepted_term", "accepted_seq", "handover"),
    "register.voted": ("term", "trial", "granted", "own_term"),
    "register.offer": ("term", "value_term", "value_seq", "base_term", "base_seq", "records", "hash"),
    "register.handover": ("term",),
    "register.change": ("change", "relayed"),
    "register.answer": ("id", "answer", "value_term", "value_seq"),
    "register.heartbeat": ("incarnation", "term", "leader", "committed_term", "committed_seq", "hears_majority"),
    "register.fetch": ("value_term", "value_seq"),
    "register.value": ("term", "value_term", "value_seq", "base_term", "base_seq", "records", "hash"),
    "observe": ("observations",),
    "round": ("term", "check_id", "revision", "round"),
    "views": ("term", "views"),
    "alert.test": ("alert",),
    "alert.deliver": ("term", "notice", "recipient", "attempt", "within", "test", "alert", "check", "event", "when"),
    "alert.credentials": ("names",),
    "check.test": ("check", "event"),
    "check.explain": ("check",),
    "check.told": ("check", "telling"),
    "node.clock": (),
    "no.such": ("x",),
}
SMALL = (0, 1, 2, 3, 7)
HUGE = (2**63 - 1, 2**63 - 2, 2**62, 2**53)
ODD = (-1, -2**63, 2**63, 2**64, 1.5, 1e400, True, False, None, "", "x", "x" * 5000, "\u0000", [], {}, [[]], [{}],
       [None], {"id": "x", "kind": "add"}, {"id": "x" * 129}, "1h", "-1s", "9999999999h",
       [{"kind": "meta", "id": "", "body": "{}"}], [{"kind": "peer", "id": "p", "body": "{\"node_id\":\"q\"}"}],
       [{"kind": "check", "id": "c", "body": "x"}], [{"check_id": "c", "result": "ok"}],
       [{"check_id": "c", "result": "failed", "round": 2**63 - 1, "revision": 2**63 - 1, "age": 2**63 - 1}])


def garbage(rng, terms):
    method = rng.choice(list(METHODS))
    params = {name: rng.choice(ODD + terms) for name in METHODS[method] if rng.random() < 0.9}
    message = {"method": method, "params": params}
    if rng.random() < 0.2:
        message["id"] = rng.choice((1, 2**63 - 1, 5))
    if rng.random() < 0.05:
        return {"id": rng.choice((1, 2**62, 99)), rng.choice(("result", "error")): rng.choice(({}, "x", None, []))}
    return message


def lie(cluster, liar_node, terms, n, seed):
    rng = random.Random(seed)
    victims = cluster.running()
    cluster_id = id_of(victims[0])
    connections = {}
    end = time.monotonic() + 20 * harness.PATIENCE  # a victim that tires of the liar lets it wait
    for _ in range(n):
        if time.monotonic() > end:
            break
        victim = rng.choice(victims)
        try:
            if victim not in connections:
                connections[victim] = Liar(liar_node, victim, cluster_id)
            connections[victim].send(garbage(rng, terms))
            connections[victim].read()
        except (OSError, ssl.SSLError):
            connections.pop(victim, None)
    for connection in connections.values():
        connection.socket.close()


def id_of(node):
    said = subprocess.run(["busctl", "--no-pager", f"--address=unix:path={node.socket}", "get-property",
                           "org.quptime1", "/org/quptime1", "org.quptime1.Manager", "ClusterID"],
                          check=True, capture_output=True, text=True).stdout
    return said.split('"')[1]


def with_a_liar(act, changes=0):
    """changes: of the document, which act makes itself."""
    http = HttpTarget().start()
    with Cluster(3) as cluster:
        cluster.up()
        liar = cluster.nodes[2]
        cluster.nodes[0].quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        version = cluster.nodes[0].status()["version"]
        liar.kill(signal.SIGKILL)
        act(cluster, liar)
        for node in cluster.running():
            node.alive()
        cluster.settled()
        for node in cluster.running():
            wait_for("the state stands", lambda node=node: node.check_state("homepage")["state"] == "up")
        assert cluster.nodes[0].status()["version"] == version + changes
        http.status = 503
        cluster.all_see("homepage", "down")
        cluster.nodes[1].quctl("check", "remove", "homepage")
        liar.start()
        wait_for("the true one is back", lambda: not liar.status()["checks"])
        for node in cluster.nodes:
            node.stop()
    http.stop()


def test_garbage_in_every_field():
    with_a_liar(lambda cluster, liar: lie(cluster, liar, SMALL, 4000, 1))


def test_huge_numbers_crash_nobody():
    http = HttpTarget().start()
    with Cluster(3) as cluster:
        cluster.up()
        liar = cluster.nodes[2]
        liar.kill(signal.SIGKILL)
        lie(cluster, liar, SMALL + HUGE, 4000, 2)
        time.sleep(2)
        for node in cluster.running():
            node.alive()
            node.status()
            node.stop()
    http.stop()


def test_a_flood_of_calls_and_a_member_that_never_reads():
    def flood(cluster, liar):
        victim = cluster.nodes[0]
        before = rss_kib(victim.process.pid)
        with Liar(liar, victim, id_of(victim)) as connection:
            connection.socket.settimeout(0.5)
            try:
                for i in range(1, 200000):
                    connection.send({"method": "register.fetch" if i % 2 else "no.such", "id": i if i % 3 else 0,
                                     "params": {}})
            except OSError:
                pass
            assert victim.status()["master"], "it answers all the same"
        assert rss_kib(victim.process.pid) < before + 300 * 1024, (before, rss_kib(victim.process.pid))

    with_a_liar(flood)


def test_messages_of_sixty_megabytes():
    def heavy(cluster, liar):
        victim = cluster.nodes[0]
        cluster_id = id_of(victim)
        bodies = (b'{"method":"views","params":{"x":"' + b"a" * (60 << 20) + b'"}}',
                  b'{"method":"register.offer","params":{"records":[' + b",".join([b"{}"] * (20 << 20)) + b"]}}",
                  b'{"method":"observe","params":{"observations":[' + b"[" * (10 << 20) + b"]}}")
        for body in bodies:
            try:
                with Liar(liar, victim, cluster_id) as connection:
                    connection.send_bytes(body)
                    connection.read(0.5)
            except (OSError, ssl.SSLError):
                pass
            assert victim.status()["peers"]

    with_a_liar(heavy)


class Gossip(threading.Thread):
    """A member that keeps in touch, and answers what it is asked about a check as answer(connection, call) does."""

    def __init__(self, connection, answer):
        super().__init__(daemon=True)
        self.connection, self.answer = connection, answer
        self.asked, self.ended, self.failed = 0, False, None

    def run(self):
        try:
            while not self.ended:
                self.connection.send({"method": "views", "params": {"term": 0, "views": []}})
                for message in self.connection.read(0.1):
                    if message.get("method") == "check.explain":
                        self.asked += 1
                        self.answer(self.connection, message)
        except (OSError, ssl.SSLError) as error:
            self.failed = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.join()


EVIL = "\u001b[2J\u009b31m\u202e\r\n\u0007"
FAR = 2**63 - 1


def lies(liar, other, check):
    """Answers to check.explain: a name, what it says, and whether it counts as an answer."""
    vote = {"node_id": liar, "advertise": EVIL, "result": EVIL, "counts": True, "detail": EVIL + "x" * 400,
            "address": EVIL, "round": FAR, "age": FAR, "total": FAR, "resolve": FAR}
    telling = {"notice": "n", "event": "DOWN", "number": FAR, "alert": EVIL, "alert_id": EVIL, "recipient": EVIL,
               "result": "delivered", "attempts": FAR, "answer": EVIL, "node_id": EVIL, "kept": True,
               "created": "9999-12-31T23:59:59Z", "at": "9999-12-31T23:59:59Z", "retry_at": "9999-12-31T23:59:59Z"}
    true = {"id": check, "node_id": liar}
    leads = {**true, "source": "master", "master": EVIL, "term": FAR, "phase": EVIL, "candidate": EVIL, "detail": EVIL,
             "ok": FAR, "agreed": FAR, "rounds_needed": FAR, "due_in": FAR, "stale": True, "stale_for": FAR,
             "fresh_for": "9223372036s", "confirm_delay": "9223372036s", "alerts": [EVIL] * 1000, "name": EVIL,
             "target": EVIL, "votes": [vote] * 64, "deliveries": [telling, {**telling, "event": "PARTY"}] * 128,
             "rounds": [{"number": FAR, "age": FAR, "ok": FAR, "said": EVIL, "open": True}] * 64}
    return (("nothing", {}, False), ("a text", "x", False), ("a list", [leads], False), ("null", None, False),
            ("a number", 5, False), ("no id", {"node_id": liar}, False), ("another check", {**leads, "id": "x"}, False),
            ("for another", {**leads, "node_id": other}, False),
            ("too many votes", {**leads, "votes": [vote] * 65}, False),
            ("a long word", {**true, "detail": "x" * 513}, False),
            ("wrong types", {**true, "votes": "x", "term": -1}, False),
            ("deep", {**true, "extra": json.loads("[" * 40 + "]" * 40)}, False),
            ("thirty megabytes", {**true, "extra": "x" * (30 << 20)}, True),
            ("bare", true, True), ("its vote", {**true, "source": "nodes", "votes": [{**vote, "result": "failed"}]}, True),
            ("it leads", leads, True))


def why(node, *args):
    text = node.quctl(*args, "why", "homepage").stdout
    assert not [c for c in text if ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160 or c == "\u202e"], repr(text)
    return text


def test_lies_about_a_check():
    def explain(cluster, liar):
        check = cluster.settled().check_state("homepage")["id"]
        for victim in cluster.running():
            other = next(n for n in cluster.running() if n is not victim)
            everybody = {n.node_id for n in cluster.nodes}
            for name, said, counts in lies(liar.node_id, other.node_id, check):
                with Liar(liar, victim, id_of(victim)) as connection, Gossip(
                        connection, lambda c, m, said=said: c.send({"id": m["id"], "result": said})) as gossip:
                    why_when_asked(victim, gossip)
                    told = json.loads(why(victim, "--json=short"))
                    assert told["answered"] == 1 + counts, (name, told)
                    assert {vote["node_id"] for vote in told["votes"]} == everybody, (name, told)
                    assert len(told["votes"]) == 3, (name, told)
                    assert told["name"] == "homepage" and told["state"] == "up", (name, told)
                    assert not any(d["event"] == "PARTY" for d in told.get("deliveries", [])), (name, told)
                    assert not gossip.failed or not counts, (name, gossip.failed)
                victim.alive()

    def why_when_asked(victim, gossip):
        def asked():
            why(victim)
            return gossip.asked or gossip.failed
        wait_for("the liar is asked", asked)

    with_a_liar(explain)


def test_answers_that_do_not_come_or_come_twice():
    def explain(cluster, liar):
        victim = cluster.settled()
        check = victim.check_state("homepage")["id"]
        true = {"id": check, "node_id": liar.node_id}
        lead = {**true, "source": "master", "term": FAR, "master": "it"}
        late = []

        def twice(connection, message):
            for result in (true, lead, lead):
                connection.send({"id": message["id"], "result": result})
            connection.send({"id": message["id"], "error": "x"})

        def elsewhere(connection, message):
            connection.send({"id": message["id"] + 1, "result": lead})
            connection.send({"id": FAR, "result": lead})

        for answer, answered in ((twice, 2), (elsewhere, 1), (lambda *_: None, 1),
                                 (lambda c, m: late.append(m["id"]), 1)):
            with Liar(liar, victim, id_of(victim)) as connection, Gossip(connection, answer) as gossip:
                wait_for("the liar is asked", lambda gossip=gossip: why(victim) and gossip.asked)
                told = json.loads(why(victim, "--json=short"))
                assert (told["answered"], told["master"]) == (answered, victim.node_id), told
                for number in late:
                    connection.send({"id": number, "result": lead})
                # what nobody may tell but who leads
                telling = {"notice": "n", "event": "DOWN", "alert": "party", "recipient": "x", "result": "delivered"}
                for params in ({"check": check, "telling": telling}, {"check": check, "telling": None},
                               {"check": check, "telling": {}}, {"check": "x" * 129, "telling": telling}, {}, None):
                    connection.send({"method": "check.told", "params": params})
                assert "party" not in why(victim)
            victim.alive()

    with_a_liar(explain)


def refusals(connection, *asked):
    """What the other side says to these calls of alert.deliver, none of which it may obey."""
    for number, params in enumerate(asked, 1):
        connection.send({"method": "alert.deliver", "id": number, "params": {
            "notice": "n", "recipient": "webhook", "attempt": 1, "within": 25000000, **params}})
    answers = {}

    def all_answered():
        answers.update((m["id"], m) for m in connection.read(0.1) if "method" not in m)
        return len(answers) == len(asked)
    wait_for("the answers", all_answered)
    assert not any("result" in answer for answer in answers.values()), answers
    return [json.dumps(answers[number + 1]) for number in range(len(asked))]


def test_who_does_not_lead_has_nothing_delivered():
    hook = harness.Webhook().start()
    with Cluster(3) as cluster:
        cluster.up()
        leader, holder, liar = cluster.nodes
        holder.set_credentials(hook=hook.url)
        holder.stop()
        holder.start()
        cluster.settled()
        leader.quctl("alert", "add", "discord", "oncall", "--webhook-credential", "hook", "--default")
        alert = json.loads(leader.quctl("--json=short", "alert", "list").stdout)[0]["id"]
        test = {"test": True, "alert": alert, "when": 1}
        wait_for("it is known who holds it", lambda: len(json.loads(
            leader.quctl("--json=short", "alert", "list").stdout)[0].get("lacking", [])) == 2)
        cluster_id = id_of(holder)
        liar.kill(signal.SIGKILL)
        assert cluster.settled() is leader
        term = holder.status()["term"]
        with Liar(liar, holder, cluster_id) as connection:
            said = refusals(connection, {**test, "term": term - 1}, {**test, "term": term}, {**test, "term": term + 1})
            for answer, words in zip(said, ("the term is over", "follows another leader", "follows another leader")):
                assert words in answer, said
        assert holder.status()["term"] == term, "a call moved the term"
        # the leader's own key, while the leader itself is not heard, and nobody is left to elect another
        leader.kill(signal.SIGKILL)
        wait_for("contact is lost", lambda: not holder.status()["master"])
        with Liar(leader, holder, cluster_id) as connection:
            said = refusals(connection, {**test, "term": term})
            assert "lost contact with the leader" in said[0] or "follows another leader, or none" in said[0], said
        assert not hook.begun, hook.requests
        for node in (leader, liar):
            node.start()
        wait_for("and whoever leads may", lambda: leader.quctl("alert", "test", "oncall", check=False).returncode == 0, 60)
        assert hook.begun == 1
    hook.stop()


def test_a_flood_of_tests():
    """Whoever may ask for test messages, and knows a relay that says nothing, takes none of the others' turns."""
    smtp, hook = harness.SmtpReceiver().start(), harness.Webhook().start()
    smtp.mode = "silent"

    def flood(cluster, liar):
        leader = cluster.settled()
        leader.quctl("alert", "add", "smtp", "slow", "--host", "127.0.0.1", "--port", smtp.port, "--from", "q@example.com",
                     "--to", "ops@example.com", "--starttls=false")
        leader.quctl("alert", "add", "discord", "hook", "--webhook", hook.url)
        leader.quctl("check", "edit", "homepage", "--alerts", "slow")
        check = leader.check_state("homepage")["id"]
        with Liar(liar, leader, id_of(leader)) as connection:
            for number in range(1, 21):
                method, params = (("check.test", {"check": check, "event": "DOWN"}) if number % 2
                                  else ("alert.test", {"alert": "slow"}))
                connection.send({"method": method, "id": number, "params": params})
            answers = {}

            def refused():
                answers.update((m["id"], m) for m in connection.read(0.1) if "method" not in m)
                return len(answers) == 12
            wait_for("the refusals", refused)
            for answer in answers.values():
                assert "wait until one has been answered" in json.dumps(answer), answer
            for node in cluster.running():
                assert "delivered" in node.quctl("alert", "test", "hook").stdout
        for name in ("slow", "hook"):
            leader.quctl("alert", "remove", name)

    with_a_liar(flood, changes=5)
    hook.stop()
    smtp.stop()


if __name__ == "__main__":
    harness.main(globals())
