# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scripting by busctl(1) and gdbus(1): what docs/dbus.md shows is what works, and what is announced is announced once."""

import json
import re
import shlex

import bed
from bed import Failure, harness, wait_for

WHY = bed.available()
PAGE = (bed.ROOT / "docs" / "dbus.md").read_text()
MANAGER = "org.quptime1.Manager"
QUPTIME = f"org.quptime1 /org/quptime1 {MANAGER}"


def section(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def call(node, member, *args):
    """The answer's values, by busctl."""
    out = node.run("busctl", "--json=short", "call", *QUPTIME.split(), member, *args).stdout
    return json.loads(out)["data"] if out.strip() else None


def plain(value):
    """What busctl prints as JSON, without the types of variants."""
    if isinstance(value, dict) and set(value) == {"type", "data"}:
        return plain(value["data"])
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


# ---- every verb ----

def rows():
    """(what follows quctl, the calls) in the page's order."""
    table = section("Every verb of quctl").partition("|---|")[2]
    for words, text in re.findall(r"(?m)^\| `([^`]+)` \| (.+) \|$", table):
        yield words, re.findall(r"`(busctl [^`]+)`", text)


def names(node, kind):
    return [row["name"] for row in json.loads(node.quctl("--json=short", kind, "list").stdout)]


def row_of(node, kind, name):
    return next(row for row in json.loads(node.quctl("--json=short", kind, "list").stdout) if row["name"] == name)


def same_as_quctl(node, words, rows_, fields):
    """What busctl got is what quctl shows."""
    shown = json.loads(node.quctl("--json=short", *words).stdout)
    mine = [{field: row.get(field) for field in fields} for row in rows_]
    assert mine == [{field: row.get(field) for field in fields} for row in shown], (mine, shown)


def has_status(node, properties):
    status = node.status()
    assert properties["NodeID"] == status["node"] and properties["Quorum"] is status["quorum"]["met"] is True, properties
    assert set(properties) >= {"Master", "Term", "ConfigVersion", "QuorumLive", "QuorumNeed", "Version", "Hint"}


def was_told(node, word):
    return lambda: any(word in mail.subject for mail in bed.shared().smtp.mails)


def expectations(node, other):
    """Verb -> what must be true when its calls have answered, given the last one's answer."""
    return {
        "init": lambda a: node.status()["node"] == a[0]["node_id"] and "secret" not in a[0],
        "status": lambda a: has_status(node, a[0]) or True,
        "fingerprint": lambda a: a == node.quctl("fingerprint").stdout.strip(),
        "node add": lambda a: a[0] == other.node_id and len(node.status()["peers"]) == 2,
        "node list": lambda a: same_as_quctl(node, ("node", "list"), a[0], ("node_id", "advertise", "self")) or True,
        "check add http": lambda a: row_of(node, "check", "homepage")["id"] == a[0],
        "check add tcp": lambda a: row_of(node, "check", "relay")["id"] == a[0],
        "check add icmp": lambda a: row_of(node, "check", "router")["id"] == a[0],
        "check list": lambda a: a[1] == 3 and (
            same_as_quctl(node, ("check", "list"), a[0], ("id", "name", "type", "target", "revision")) or True),
        "alert add smtp": lambda a: row_of(node, "alert", "ops")["id"] == a[0],
        "alert add discord": lambda a: row_of(node, "alert", "chat")["id"] == a[0],
        "alert list": lambda a: [row["name"] for row in a[0]] == ["ops", "chat"]
        and a[0][1]["discord_webhook"] == {"kept": True},
        "check disable": lambda a: row_of(node, "check", "router")["disabled"] is True,
        "check enable": lambda a: row_of(node, "check", "router")["disabled"] is False,
        "alert disable": lambda a: row_of(node, "alert", "chat")["disabled"] is True,
        "alert enable": lambda a: row_of(node, "alert", "chat")["disabled"] is False,
        "alert edit": lambda a: "boss@example.org" in json.dumps(row_of(node, "alert", "ops")),
        "alert test": lambda a: "250" in a[0] and wait_for("the mail", was_told(node, "")),
        "why": lambda a: (a[0]["name"], a[0]["voters"], a[0]["source"]) == ("router", 2, "master")
        and {vote["node_id"] for vote in a[0]["votes"]} <= {node.node_id, other.node_id},
        "check test": lambda a: a[0].startswith("1 alert delivered") and "250" in a[0],
        "alert default": lambda a: row_of(node, "alert", "ops")["default"] is True,
        "alert remove": lambda a: names(node, "alert") == ["ops"] and a[1] == [],
        "check edit": lambda a: row_of(node, "check", "router")["interval"] == "1m0s",
        "check remove": lambda a: names(node, "check") == ["homepage", "relay"],
        "doctor": lambda a: {"cluster", "icmp", "disk", "watchdog"} <= {row["name"] for row in a[0]},
        "config show": lambda a: a[1] == node.status()["version"] and "{kept: true}" in node.quctl("config", "show").stdout,
        "config diff": lambda a: [(row["kind"], row["field"], row["to"]) for row in a[0]]
        == [("changed", "interval", "45s")] and a[1] == [],
        "config apply": lambda a: row_of(node, "check", "relay")["interval"] == "45s" and a[0] == node.status()["version"],
        "trust list": lambda a: [row["node_id"] for row in a[0]].count(other.node_id) == 1,
        "node edit": lambda a: "192.0.2.2:9901" in node.quctl("node", "list").stdout,
        "node remove": lambda a: wait_for("it is gone", lambda: len(node.status()["peers"]) == 1),
        "trust remove": lambda a: other.node_id not in node.quctl("trust", "list").stdout,
        "node reset": lambda a: "quctl init" in node.quctl("status", check=False).stderr,
    }


def test_every_verb_as_a_plain_call():
    if WHY:
        return WHY
    node, other, _ = sorted(bed.shared().fresh(), key=lambda node: node.name)  # the page's addresses
    for each in (node, other):
        each.sh(f"grep -q mail.example.org /etc/hosts || echo '{bed.WORLD} mail.example.org example.org' >>/etc/hosts")
    # one has its sockets alone, the other nothing but the bus, and that is enough for the first call and the first peer
    other.systemctl("start", "quptime.socket", "quptime-control.socket")
    other.quctl("init", "--advertise", f"{other.address}:9901", "--secret", bed.SECRET, socket=True)
    other.node_id = other.status()["node"]
    assert not node.is_active() and not node.is_active("quptime.socket")
    expected, done = expectations(node, other), set()
    for words, calls in rows():
        verb = next((verb for verb in expected if f"{words} ".startswith(f"{verb} ")), None)
        if not calls:
            continue
        assert verb, f"nothing is expected of '{words}'"
        about = node.node_id if verb == "node reset" else other.node_id
        answer = None
        for command in calls:
            script = "\n".join((f"quptime='{QUPTIME}'", f"SECRET='{bed.SECRET}'", f"NODE_ID={about}",
                                f"FINGERPRINT={other.quctl('fingerprint').stdout.strip()}",
                                "FILE=/tmp/document.yaml",
                                "quctl config show 2>/dev/null | sed 's/interval: 10s/interval: 45s/' >$FILE",
                                command.replace("busctl ", "busctl --json=short ", 1)))
            print(f"# {words}: {command}", flush=True)
            ran = node.run("sh", "-c", script, check=False, timeout=150)
            if ran.returncode != 0 and not (verb == "trust remove" and "no trust entry" in ran.stderr):
                raise Failure(f"{words}: {ran.stdout}{ran.stderr}")  # a removed node's pin went with it
            answer = plain(json.loads(ran.stdout)["data"]) if ran.stdout.strip() else None
        if not expected[verb](answer):
            raise Failure(f"{words}: {answer}")
        if verb == "init":
            node.node_id = node.status()["node"]
        done.add(verb)
    assert done == set(expected), set(expected) - done


def test_what_the_page_shows():
    if WHY:
        return WHY
    node = bed.shared().cluster()
    node.quctl("check", "remove", "homepage")  # the page adds its own
    ran = []
    for block in re.findall(r"(?s)```console\n(.*?)```", PAGE):
        for command in re.findall(r"(?m)^[$#] ((?:.*\\\n)*.*)", block):
            if "monitor" in command:
                continue
            node.sh(command)
            ran.append(command)
    assert len(ran) >= 8, ran
    assert any("gdbus call" in command for command in ran) and any("--address" in command for command in ran), ran
    wait_for("all as before", lambda: "homepage" not in names(node, "check"))


# ---- what tools show ----

def members_in(xml):
    return set(re.findall(r'<(?:method|signal|property) name="(\w+)"', xml))


def test_introspection_reads_well():
    if WHY:
        return WHY
    node = bed.shared().cluster()
    tree = node.sh("busctl tree --list org.quptime1").splitlines()
    objects = plain(json.loads(node.sh(
        "busctl --json=short call org.quptime1 /org/quptime1 org.freedesktop.DBus.ObjectManager GetManagedObjects"))["data"])[0]
    assert set(objects) <= set(tree) and "/org/quptime1" in tree and "/org/freedesktop/LogControl1" in tree, tree
    assert sum(path.startswith("/org/quptime1/peer/") for path in objects) == 3, objects
    for kind, path in [(next(i for i in interfaces if i.startswith("org.quptime1.")), path)
                       for path, interfaces in objects.items()] + [(MANAGER, "/org/quptime1")]:
        documented = members_in((bed.ROOT / "dbus" / f"{kind}.xml").read_text())
        text = node.sh(f"busctl introspect org.quptime1 {path} {kind}")
        assert set(re.findall(r"(?m)^\.(\w+)", text)) == documented, text
        assert "error" not in text.lower().replace("terror", ""), text
        text = node.sh(f"gdbus introspect --system --dest org.quptime1 --object-path {path}")
        for name in documented:
            assert re.search(rf"\b{name}\b", text), (name, text)
    # arguments have names, values are there
    text = node.sh("gdbus introspect --system --dest org.quptime1 --object-path /org/quptime1")
    assert re.search(r"AddNode\(in +s address,\s+in +s fingerprint,\s+out s node_id,\s+out t version\)", text), text
    assert "readonly b Quorum = true;" in text, text


# ---- what is announced ----

def announced(node):
    """(path, interface, changed properties) of each PropertiesChanged since the monitor was started; signals, too."""
    found, signals = [], []
    for line in node.sh("cat /tmp/monitor.json").splitlines():
        if not line.startswith("{"):
            continue
        message = json.loads(line)
        if message.get("member") == "PropertiesChanged":
            interface, changed, _ = message["payload"]["data"]
            found.append((message["path"], interface, plain(changed)))
        elif message.get("type") == "signal":
            signals.append((message["member"], message["payload"]["data"]))
    return found, signals


def monitor(node):
    node.sh("systemctl stop test-monitor 2>/dev/null; rm -f /tmp/monitor.json;"
            "systemd-run -q --collect --unit test-monitor -p StandardOutput=file:/tmp/monitor.json "
            "busctl --json=short monitor org.quptime1")
    wait_for(f"{node.name} is monitored", lambda: node.run(
        "busctl", "--json=short", "call", *QUPTIME.split(), "ListPeers") and '"ListPeers"' in node.sh("cat /tmp/monitor.json"))


def test_one_announcement_for_each_flip_on_each_node():
    if WHY:
        return WHY
    shared = bed.shared()
    shared.cluster()
    wait_for("it was told", lambda: shared.smtp.subjects(" UP "))
    path = "/org/quptime1/check/" + node_path(shared.nodes[0])
    for node in shared.nodes:
        monitor(node)
    try:
        for state in ("down", "up"):
            shared.goes(state)
        for node in shared.nodes:
            wait_for("both transitions were told", lambda node=node: len(
                [s for s in announced(node)[1] if s[0] == "CheckTransition"]) == 2)
            found, signals = announced(node)
            flips = [changed["State"] for where, _, changed in found if where == path and "State" in changed]
            assert flips == ["down", "up"], found
            # and nothing besides, of this or any other object
            assert [where for where, _, _ in found] == [path, path], found
            for _, interface, changed in found:
                assert interface == "org.quptime1.Check" and set(changed) == {"State", "Since"}, found
            told = [data[1:4] for member, data in signals if member == "CheckTransition"]
            assert told == [["homepage", "up", "down"], ["homepage", "down", "up"]], told
    finally:
        for node in shared.nodes:
            node.systemctl("stop", "test-monitor", check=False)


def node_path(node):
    """The last word of homepage's path, from the tree itself."""
    objects = node.sh("busctl tree --list org.quptime1").splitlines()
    for path in objects:
        if path.startswith("/org/quptime1/check/"):
            name = node.sh(f"busctl get-property org.quptime1 {shlex.quote(path)} org.quptime1.Check Name")
            if name == 's "homepage"':
                return path.rpartition("/")[2]
    raise Failure(f"no homepage among {objects}")


if __name__ == "__main__":
    bed.main_of(globals())
