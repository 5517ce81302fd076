# SPDX-License-Identifier: LGPL-2.1-or-later
"""Alerts that name a credential which systemd itself gives the service: one node has the right one from a file, one a
wrong one from its unit, one none; and a relay that wants STARTTLS and the password."""

import contextlib
import json
import pathlib
import ssl
import subprocess
import tempfile

import bed
from bed import Failure, harness, wait_for

WHY = bed.available()
PASSWORD = "the right one, of 33 characters"
WRONG = "a wrong one, of 28 characters"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
ALERT = ("--host", bed.WORLD, "--port", 587, "--from", "quptime@example.com", "--to", "oncall@example.com",
         "--user", "mailbot", "--password-credential", "smtp-ops", "--default")
PEER_DOWN = "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a08"
DELIVERED = "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a12"


@contextlib.contextmanager
def a_relay(b):
    """With a certificate that the nodes trust from now on."""
    with tempfile.TemporaryDirectory() as place:
        cert, key = pathlib.Path(place) / "cert.pem", pathlib.Path(place) / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=relay.test", "-addext", f"subjectAltName=IP:{bed.WORLD}",
                        "-out", cert, "-keyout", key], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        for node in b.nodes:
            node.sh(f"cat >>{BUNDLE}", input=cert.read_text())
    relay = harness.SmtpReceiver(bed.WORLD, 587, b.world, context, {"mailbot": PASSWORD}).start()
    try:
        yield relay
    finally:
        relay.stop()


def give(node, line):
    """One more line for its service, as `systemctl edit` writes it, and a restart: systemd reads it then."""
    node.drop_in("quptime.service", f"[Service]\n{line}\n" if line else None)
    node.systemctl("restart", "quptime")


def row(node, name="oncall"):
    return next(row for row in json.loads(node.quctl("--json=short", "alert", "list").stdout) if row["name"] == name)


def is_lacking(b, *nodes):
    """Every node says of all three that these lack it, in the list and in `status`."""
    wanted = sorted(node.node_id for node in nodes)

    def said(node):
        found = row(node).get("lacking", [])
        if found != wanted or (wanted and "the credential smtp-ops is not on " + ", ".join(wanted)
                               not in node.quctl("status").stdout):
            raise Failure(f"{node.name} says {found}, not {wanted}: {node.quctl('status').stdout}")
        return True
    for node in b.nodes:
        wait_for(f"{node.name} says who lacks it", lambda node=node: said(node))


def leaves_no_trace(node):
    """The password is where root put it, where systemd puts it, and nowhere else."""
    for secret in (PASSWORD, WRONG):
        assert node.sh(f"grep -rlF '{secret}' /etc/quptime /var/lib/quptime /run/quptime || :") == ""
        assert secret not in node.log(2000) + node.quctl("--json=short", "alert", "list").stdout
        assert secret not in node.sh(f"tr '\\0' '\\n' </proc/{node.pid()}/environ; cat /proc/{node.pid()}/cmdline")
    assert "credential: smtp-ops" in node.sh("cat /etc/quptime/cluster.yaml")


def told(relay, word, sender):
    mails = wait_for(f"{word.strip()} is told", lambda: [m for m in list(relay.mails) if word in m.subject], 60)
    assert [mail.peer for mail in mails] == [sender.address], [(mail.subject, mail.peer) for mail in mails]


def test_the_node_that_systemd_gave_it_sends():
    if WHY:
        return WHY
    shared = bed.shared()
    master = shared.cluster()
    holder, third = [node for node in shared.nodes if node is not master]
    with a_relay(shared.bed) as relay:
        try:
            # as the manual page says: a file of root's, which the daemon's own user cannot read
            holder.sh("install -d -m700 /etc/credstore; umask 077; cat >/etc/credstore/smtp-ops", input=PASSWORD + "\n")
            give(holder, "LoadCredential=smtp-ops:/etc/credstore/smtp-ops")
            assert holder.run("runuser", "-u", "quptime", "--", "cat", "/etc/credstore/smtp-ops",
                              check=False).returncode != 0
            master = shared.bed.settled()
            third = next(node for node in shared.nodes if node not in (master, holder))
            third.quctl("alert", "add", "smtp", "oncall", *ALERT)
            assert row(master)["smtp_password"] == {"credential": "smtp-ops"}
            is_lacking(shared.bed, *[node for node in shared.nodes if node is not holder])
            for node in shared.nodes:  # whoever is asked, and whoever leads
                before = len(relay.mails)
                node.quctl("alert", "test", "oncall")
                assert [mail.peer for mail in relay.mails[before:]] == [holder.address]
            assert set(relay.logins) == {(holder.address, "mailbot", True)}, relay.logins
            relay.mails.clear()
            shared.goes("down")
            told(relay, " DOWN ", holder)
            for node in shared.nodes:
                entry = wait_for("delivered, says its journal", lambda node=node: node.sh(
                    f"journalctl --sync; journalctl -q -o cat MESSAGE_ID={DELIVERED} QUPTIME_ALERT_NAME=oncall"))
                assert "DOWN of homepage to oncall@example.com was delivered" in entry, entry
            a_wrong_one_is_passed_over(shared, relay, holder, third)
            the_leader_is_lost_at_the_last_moment(shared, relay, holder)
            for node in shared.nodes:
                leaves_no_trace(node)
        finally:
            shared.bed.testbed("heal")
            shared.http.status = 200
            for node in (holder, third):
                give(node, None)
            shared.bed.settled(seconds=60)
            shared.nodes[0].quctl("alert", "remove", "oncall", check=False)
            shared.bed.all_see("homepage", "up", seconds=60)


def a_wrong_one_is_passed_over(shared, relay, holder, third):
    """Another node has one of that name, in its unit; what the relay says to it is not the last word."""
    give(third, f"SetCredential=smtp-ops:{WRONG}")
    shared.bed.settled()
    is_lacking(shared.bed, *[node for node in shared.nodes if node not in (holder, third)])
    shared.goes("up")
    told(relay, " RECOVERED ", holder)
    wait_for("nothing is owed", lambda: row(holder)["owed"] == 0)
    assert {login for login in relay.logins if not login[2]} <= {(third.address, "mailbot", False)}, relay.logins
    give(third, None)
    shared.bed.settled()
    is_lacking(shared.bed, *[node for node in shared.nodes if node is not holder])


def losses(node, peer):
    return len(node.sh(
        f"journalctl --sync; journalctl -q -o cat MESSAGE_ID={PEER_DOWN} QUPTIME_NODE={peer.node_id}").splitlines())


def the_leader_is_lost_at_the_last_moment(shared, relay, holder):
    """The holder has begun; before the relay lets it go on, it hears its leader no more, and so sends nothing. When it
    does again the message is sent, once."""
    master = shared.bed.settled()
    if master is holder:  # on a busy machine it may lead by now, and asks nobody
        print("# the holder leads: nothing is handed over")
        return
    relay.mode = "silent"
    begun, asked = relay.connections, relay.attempts
    downs = len(relay.subjects(" DOWN "))
    shared.goes("down")
    wait_for("it is on its way", lambda: relay.connections > begun, 60)
    before = losses(holder, master)
    shared.bed.testbed("partition", master.name, holder.name)
    wait_for("the holder has lost it", lambda: losses(holder, master) > before)
    relay.mode = "accept"
    wait_for("it gets as far as that", lambda: relay.attempts > asked)
    wait_for("it is owed still", lambda: row(master)["owed"] >= 1)
    assert len(relay.subjects(" DOWN ")) == downs, "sent for a leader that was not heard"
    shared.bed.testbed("heal")
    wait_for("it is told at last", lambda: len(relay.subjects(" DOWN ")) > downs, 90)
    wait_for("nothing is owed", lambda: row(master)["owed"] == 0, 60)
    assert len(relay.subjects(" DOWN ")) == downs + 1, relay.subjects()


if __name__ == "__main__":
    bed.main_of(globals())
