# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may what over the system bus: root, those whom a polkit rule allows it, and nobody else; and who it was."""

import json
import re
import time

import bed
from bed import Failure, wait_for

WHY = bed.available()
MANAGER = ("org.quptime1", "/org/quptime1", "org.quptime1.Manager")
EXAMPLE = "find /usr -name 50-quptime-operators.rules -path '*/doc/*'"
# what an administrator might write for one trusted person, and for one who is to be asked for a password
RULES = """
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.quptime1.") == 0 && subject.user == "carol")
        return polkit.Result.YES;
});
"""
CALLED = "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7ac1"
REFUSED = "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a10"


class User:
    """Somebody on a node, without a session, as from cron or a service."""

    def __init__(self, node, name):
        self.node, self.name = node, name

    def run(self, *command, **more):
        return self.node.run("runuser", "-u", self.name, "--", *map(str, command), **more)

    def quctl(self, *args, **more):
        return self.run("quctl", "--system", *args, **more)

    def busctl(self, member, *args, **more):
        return self.run("busctl", "--timeout=2min", "call", *MANAGER, member, *args, **more)

    def gdbus(self, member, *args, **more):
        name, path, interface = MANAGER
        return self.run("gdbus", "call", "--system", "--dest", name, "--object-path", path, "--timeout", "120",
                        "--method", f"{interface}.{member}", *args, **more)


def people(node):
    """alice, an operator by the example rule; bob, whom nothing allows anything; carol, whom all is allowed."""
    if node.run("id", "carol", check=False).returncode != 0:
        node.sh("groupadd quptime-operators; useradd -m alice -G quptime-operators; useradd -m bob; useradd -m carol;"
                f"install -m644 $({EXAMPLE}) /etc/polkit-1/rules.d/; cat >/etc/polkit-1/rules.d/60-test.rules;"
                "systemctl restart polkit", input=RULES)
    return [User(node, name) for name in ("alice", "bob", "carol")]


def uid(user):
    return user.node.sh(f"id -u {user.name}")


def refused(done):
    """It was refused, by name; quctl says what to do."""
    text = done.stdout + done.stderr
    if done.returncode == 0 or not re.search("AccessDenied|Access denied|Authentication is required|may do this", text):
        raise Failure(f"not refused: {done.args[-4:]}: {text}")


def version(node):
    return node.status()["version"]


def entries(node, **fields):
    """The journal's entries of the daemon with these fields, newest last."""
    out = node.sh("journalctl --sync; journalctl -q -o json -t quptimed "
                  + " ".join(f"{key}={value}" for key, value in fields.items()))
    return [json.loads(line) for line in out.splitlines()]


# ---- a cluster, by those who may ----

def test_a_cluster_is_formed_by_those_who_may():
    if WHY:
        return WHY
    shared = bed.shared()
    first, second, third = nodes = shared.fresh()
    for node in nodes:
        people(node)
        node.systemctl("enable", "--now", "quptime")
    alice, bob, carol = people(second)
    # manage-trust: not even operators
    for user in (alice, bob):
        refused(user.quctl("init", "--advertise", "192.0.2.2:9901", check=False))
        refused(user.busctl("Init", "a{sv}", 0, check=False))
        refused(user.gdbus("Init", "{}", check=False))
    assert second.quctl("status", check=False).returncode == 1
    first.init()
    carol.quctl("init", "--advertise", f"{second.address}:9901", "--secret", bed.SECRET)
    people(third)[2].busctl("Init", "a{sv}", 2, "advertise", "s", f"{third.address}:9901", "secret", "s", bed.SECRET)
    for node in nodes:
        node.node_id = node.status()["node"]
    # manage-peers, on whichever node
    alice, bob, carol = people(first)
    fingerprints = {node: node.quctl("fingerprint").stdout.strip() for node in nodes}
    for user in (alice, bob):
        refused(user.quctl("node", "add", f"{second.address}:9901", "--yes", check=False))
        refused(user.busctl("AddNode", "ss", f"{second.address}:9901", fingerprints[second], check=False))
        refused(user.gdbus("AddNode", f"{second.address}:9901", fingerprints[second], check=False))
    assert len(first.status()["peers"]) == 1
    carol.quctl("node", "add", f"{second.address}:9901", "--yes", timeout=120)
    answer = carol.gdbus("ProbeNode", f"{third.address}:9901").stdout
    assert fingerprints[third] in answer, answer
    answer = people(second)[2].busctl("AddNode", "ss", f"{third.address}:9901", fingerprints[third], timeout=150).stdout
    assert third.node_id in answer, answer
    shared.nodes.sort(key=lambda node: node.node_id)
    shared.bed.settled()
    shared.formed = True


def test_it_is_used_by_those_who_may():
    if WHY:
        return WHY
    shared = bed.shared()
    shared.cluster()
    node, other = shared.nodes[0], shared.nodes[-1]
    for each in shared.nodes:
        people(each)
    alice, bob, carol = people(other)  # whichever node it is, also one that does not lead
    row = ("a{sv}", 3, "name", "s", "of-busctl", "type", "s", "tcp", "target", "s", f"{bed.WORLD}:25")
    alice.quctl("check", "add", "tcp", "of-quctl", f"{bed.WORLD}:25")
    alice.busctl("AddCheck", *row)
    alice.gdbus("AddCheck", f"{{'name': <'of-gdbus'>, 'type': <'tcp'>, 'target': <'{bed.WORLD}:25'>}}")
    wait_for("everywhere", lambda: all(
        {"of-quctl", "of-busctl", "of-gdbus"} <= {check["name"] for check in each.status()["checks"]}
        for each in shared.nodes))
    alice.quctl("alert", "test", "ops")  # "configure" contains "test"
    before = version(other)
    for done in (bob.quctl("check", "remove", "of-quctl", check=False),
                 bob.busctl("RemoveCheck", "s", "of-busctl", check=False),
                 bob.gdbus("RemoveCheck", "of-gdbus", check=False),
                 bob.quctl("alert", "test", "ops", check=False),
                 # and operators do not everything
                 alice.quctl("node", "remove", node.node_id, check=False),
                 alice.busctl("RemoveTrust", "s", node.node_id, check=False),
                 alice.gdbus("ResetNode", other.node_id, check=False)):
        refused(done)
    assert version(other) == before
    # reading is open, in all three ways
    assert "homepage" in bob.quctl("status").stdout
    assert "homepage" in bob.busctl("ListChecks", "uu", 0, 0).stdout
    assert "homepage" in bob.gdbus("ListChecks", 0, 0).stdout
    # the log level is a property that can be set
    level = ("org.quptime1", "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", "LogLevel")
    refused(bob.run("busctl", "set-property", *level, "s", "debug", check=False))
    assert alice.run("busctl", "get-property", *level).stdout.strip() == 's "info"'
    alice.run("busctl", "set-property", *level, "s", "debug")
    other.systemctl("service-log-level", "quptime.service", "info")
    carol.quctl("check", "remove", "of-quctl")
    alice.busctl("RemoveCheck", "s", "of-busctl")
    alice.gdbus("RemoveCheck", "of-gdbus")
    assert version(other) == before + 3


def test_without_polkit_root_alone():
    if WHY:
        return WHY
    shared = bed.shared()
    shared.cluster()
    node = shared.nodes[1]
    alice, bob, _ = people(node)
    before = version(node)
    node.sh("systemctl mask --runtime polkit; systemctl stop polkit")
    try:
        for user in (alice, bob):
            done = user.quctl("check", "add", "tcp", "not-now", f"{bed.WORLD}:25", check=False)
            refused(done)
            assert "Without polkit only root" in done.stderr, done
        assert version(node) == before
        node.quctl("--system", "check", "add", "tcp", "by-root", f"{bed.WORLD}:25")
        node.run("busctl", "call", *MANAGER, "RemoveCheck", "s", "by-root")
        assert "homepage" in bob.quctl("status").stdout
    finally:
        node.systemctl("unmask", "--runtime", "polkit")
    # stopped only: the bus starts it when it is asked
    alice.quctl("check", "add", "tcp", "again", f"{bed.WORLD}:25")
    alice.quctl("check", "remove", "again")
    assert node.is_active("polkit.service")


def test_a_caller_that_is_killed_while_polkit_thinks():
    if WHY:
        return WHY
    shared = bed.shared()
    shared.cluster()
    node = shared.nodes[1]
    people(node)
    node.systemctl("start", "polkit")
    before, n_calls = version(node), len(entries(node, MESSAGE_ID=CALLED))
    node.systemctl("kill", "-s", "STOP", "polkit")
    try:
        node.sh("systemd-run -q --collect --uid alice --unit waits quctl check remove homepage")
        # it is asked, and waits; everybody else is served meanwhile
        wait_for("it waits", lambda: node.is_active("waits.service"))
        begin = time.monotonic()
        assert node.quctl("--system", "status").returncode == 0
        assert time.monotonic() - begin < 5 * bed.PATIENCE
        time.sleep(1)
        assert node.is_active("waits.service"), "it was answered without polkit"
        node.systemctl("kill", "-s", "KILL", "waits.service")
        wait_for("it is gone", lambda: not node.is_active("waits.service"))
    finally:
        node.systemctl("kill", "-s", "CONT", "polkit")
    # an answer that comes too late changes nothing; the next question is answered as ever
    people(node)[0].quctl("check", "add", "tcp", "next", f"{bed.WORLD}:25")
    people(node)[0].quctl("check", "remove", "next")
    assert version(node) == before + 2 and "homepage" in node.quctl("status").stdout
    assert len(entries(node, MESSAGE_ID=CALLED)) == n_calls + 2


# ---- who it was ----

def last_call(node, **fields):
    return wait_for("the journal has it", lambda: entries(node, MESSAGE_ID=CALLED, **fields)[-1:])[0]


def test_the_journal_tells_who_asked():
    if WHY:
        return WHY
    shared = bed.shared()
    shared.cluster()
    node = shared.nodes[1]
    alice, bob, _ = people(node)
    # a service of hers
    node.sh("systemd-run -q --wait --collect --uid alice --unit deploy quctl check add tcp audited 192.0.2.254:25")
    entry = last_call(node, QUPTIME_CALLER_UNIT="deploy.service")
    assert entry["QUPTIME_CALLER_UID"] == uid(alice) and entry["QUPTIME_MEMBER"] == "AddCheck", entry
    assert entry["QUPTIME_OUTCOME"] == "done" and entry["QUPTIME_CHECK_NAME"] == "audited", entry
    assert int(entry["QUPTIME_VERSION"]) == version(node) and int(entry["QUPTIME_CALLER_PID"]) > 1, entry
    assert "QUPTIME_CALLER_SESSION" not in entry, entry
    assert entry["MESSAGE"].startswith(f"uid {uid(alice)} (deploy.service) asked for AddCheck of audited: done"), entry
    # a session of hers
    node.sh("systemd-run -q --wait --collect -p PAMName=login -p User=alice quctl check remove audited")
    entry = last_call(node, QUPTIME_MEMBER="RemoveCheck")
    session = entry["QUPTIME_CALLER_SESSION"]
    assert entry["QUPTIME_CALLER_UNIT"] == f"session-{session}.scope" and session in entry["MESSAGE"], entry
    # whoever calls without either still has a uid, and what was not done is told, too
    alice.busctl("RemoveCheck", "s", "never-was", check=False)
    entry = last_call(node, QUPTIME_CHECK_NAME="never-was")
    assert entry["QUPTIME_OUTCOME"] == "not-found" and entry["QUPTIME_CALLER_UID"] == uid(alice), entry
    # root, over the private socket
    node.sh("systemd-run -q --wait --collect --unit by-root -E QUPTIME_SOCKET=/run/quptime/quptime.sock "
            "sh -c 'quctl alert default ops off && quctl alert default ops on'")
    entry = last_call(node, QUPTIME_CALLER_UNIT="by-root.service")
    assert entry["QUPTIME_CALLER_UID"] == "0" and entry["QUPTIME_ALERT_NAME"] == "ops", entry
    refused(bob.quctl("check", "remove", "homepage", check=False))
    entry = wait_for("the refusal", lambda: entries(node, MESSAGE_ID=REFUSED, QUPTIME_CALLER_UID=uid(bob))[-1:])[0]
    assert entry["QUPTIME_MEMBER"] == "RemoveCheck", entry


if __name__ == "__main__":
    bed.main_of(globals())
