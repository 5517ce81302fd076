# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job, shown: see tools/quickstart.

Two processes: this one tells the story; a second one, the world, holds the targets and the receivers and goes on
when the cluster is left running. They talk over a socket in the folder of the quick start, a line each way.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "integration"))
import harness  # noqa: E402

# the control sockets' paths must be short (unix(7): 108 bytes), so not below the clone
BASE = pathlib.Path(tempfile.gettempdir()) / f"quptime-quickstart-{os.getuid()}"
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")


def say(text):
    print(f"\n{BOLD}=== {text}{PLAIN}", flush=True)


def waiting(what, condition, seconds):
    """wait_for() that shows it is alive."""
    print(f"    waiting until {what} ", end="", flush=True)
    begin = last = time.monotonic()

    def watched():
        nonlocal last
        if time.monotonic() - last > 1:
            last = time.monotonic()
            print(".", end="", flush=True)
        return condition()

    try:
        result = harness.wait_for(what, watched, seconds)
    except harness.Failure:
        print(" no")
        raise
    print(f" yes, after {time.monotonic() - begin:.1f} s", flush=True)
    return result


# ---- the world ----

class World:
    """Targets and receivers, served over BASE/world.sock."""

    def __init__(self):
        self.targets = {"http": harness.HttpTarget().start(), "tcp": harness.TcpTarget().start()}
        self.smtp = harness.SmtpReceiver().start()
        self.webhook = harness.Webhook().start()

    def answer(self, word, *rest):
        if word == "where":
            return {"http": self.targets["http"].url, "tcp": f"127.0.0.1:{self.targets['tcp'].port}",
                    "smtp": self.smtp.port, "webhook": self.webhook.url}
        if word == "stop":
            self.targets[rest[0]].stop()
        if word == "start":
            if not (getattr(self.targets[rest[0]], "server", None) or getattr(self.targets[rest[0]], "socket", None)):
                self.targets[rest[0]].start()
        if word == "got":
            return {"mails": [{"subject": m.subject, "to": m.recipients, "raw": m.raw.decode(errors="replace"),
                               "text": m.text} for m in self.smtp.mails],
                    "webhooks": [r[2].get("content", "") for r in self.webhook.requests]}
        return {}


def serve_world(path):
    world = World()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw") as lines:
            words = json.loads(lines.readline())
            lines.write(json.dumps(world.answer(*words)) + "\n")


def ask_world(*words):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(BASE / "world.sock"))
        with s.makefile("rw") as lines:
            lines.write(json.dumps(words) + "\n")
            lines.flush()
            return json.loads(lines.readline())


# ---- what is running ----

def started(pid):
    """When a process was started, in ticks: tells a reused pid apart."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]  # a zombie has ended: only its parent has not looked yet


def remember(processes):
    (BASE / "pids.json").write_text(json.dumps({str(p): started(p) for p in processes}))


def stop_all():
    """Ends what an earlier run left, by pid, and removes its folder. How many there were."""
    n = 0
    try:
        pids = json.loads((BASE / "pids.json").read_text())
    except (OSError, ValueError):
        pids = {}
    for pid, ticks in pids.items():
        if ticks and started(pid) == ticks:
            os.kill(int(pid), signal.SIGTERM)
            n += 1
    end = time.monotonic() + 10
    for pid, ticks in pids.items():
        while ticks and started(pid) == ticks:
            if time.monotonic() > end:
                os.kill(int(pid), signal.SIGKILL)
                break
            time.sleep(0.05)
    shutil.rmtree(BASE, ignore_errors=True)
    return n


def make_base():
    stop_all()
    BASE.mkdir(mode=0o700)
    if BASE.stat().st_uid != os.getuid():
        raise SystemExit(f"{BASE} belongs to somebody else; remove it or set TMPDIR")


# ---- the story ----

def icmp_is_closed():
    """Whether this user may neither send unprivileged pings nor raw ones."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
            return False
        except PermissionError:
            pass
    return True


def status_of_each(cluster):
    for node in cluster.running():
        print(f"--- quctl status, asked of {node.name} ({node.advertise})")
        print(node.quctl("status").stdout, flush=True)


def story(cluster, processes):
    say("Three daemons, each with its own QUPTIME_DIR and control socket")
    world = subprocess.Popen([sys.executable, "-B", __file__, "--world", str(BASE / "world.sock")],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(BASE / "world.log", "w"),
                             start_new_session=True, text=True)
    processes.append(world.pid)
    remember(processes)
    if world.stdout.readline() != "ready\n":
        raise harness.Failure(f"the targets did not start: {(BASE / 'world.log').read_text()}")
    where = ask_world("where")
    for node in cluster.nodes:
        node.outlives = True
        node.start()
        processes.append(node.process.pid)
        remember(processes)
        print(f"    {node.name}: quptimed is process {node.process.pid}, QUPTIME_DIR={node.dir}")

    say("quctl init on each: the first makes the cluster's secret, the others get it")
    first = cluster.nodes[0]
    out = first.init()
    secret = next(line.split()[-1] for line in out.stdout.splitlines() if line.startswith("secret"))
    print("    " + out.stdout.replace(secret, "<the secret>").strip().replace("\n", "\n    "))
    for node in cluster.nodes[1:]:
        node.init(secret)

    say("quctl node add: the first invites the others, which prove that they know the secret without sending it")
    for node in cluster.nodes[1:]:
        print(f"    quctl node add {node.advertise} --yes", flush=True)
        print("    " + first.quctl("node", "add", node.advertise, "--yes").stdout.strip().replace("\n", "\n    "))
    cluster.nodes.sort(key=lambda node: node.node_id)
    master = waiting("all three know one master", cluster._one_master, 40)
    print(f"    the master is {master.name}")

    say("Two alerts and three checks, typed on any node")
    other = cluster.nodes[-1]
    for args in (
            ("alert", "add", "smtp", "ops", "--host", "127.0.0.1", "--port", where["smtp"], "--from",
             "quptime@example.com", "--to", "ops@example.com", "--starttls=false", "--default"),
            ("alert", "add", "discord", "oncall", "--webhook", where["webhook"], "--default"),
            ("check", "add", "http", "homepage", where["http"], "--interval", "2s", "--timeout", "2s"),
            ("check", "add", "tcp", "db", where["tcp"], "--interval", "2s", "--timeout", "2s"),
            ("check", "add", "icmp", "gateway", "127.0.0.1", "--interval", "2s", "--timeout", "2s")):
        shown = " ".join("…" if a == where["webhook"] else str(a) for a in args)
        print(f"    quctl {shown}\n        {other.quctl(*args).stdout.strip()}", flush=True)

    closed = icmp_is_closed()
    for check in ("homepage", "db") + (() if closed else ("gateway",)):
        waiting(f"all three agree that {check} is up", lambda: all(
            n.check_state(check)["state"] == "up" for n in cluster.nodes), 40)
    if closed:
        waiting("gateway's abstentions show", lambda: "abstain" in other.check_state("gateway")["detail"], 40)
        print("    This machine closes ICMP to this user, so every node abstains: it cannot probe, which is not the\n"
              "    same as down. The remedy: sudo sysctl net.ipv4.ping_group_range='0 2147483647'")
    status_of_each(cluster)

    say("The HTTP target stops")
    ask_world("stop", "http")
    waiting("all three agree that homepage is DOWN", lambda: all(
        n.check_state("homepage")["state"] == "down" for n in cluster.nodes), 40)
    print(other.quctl("check", "list").stdout)
    waiting("the mail and the webhook message are there", lambda: received("DOWN", "homepage"), 30)
    show_received("DOWN")

    say("The HTTP target is started again")
    ask_world("start", "http")
    waiting("all three agree that homepage is up", lambda: all(
        n.check_state("homepage")["state"] == "up" for n in cluster.nodes), 40)
    waiting("RECOVERED is delivered", lambda: received("RECOVERED", "homepage"), 30)
    show_received("RECOVERED")

    say(f"kill -9 of the master ({master.name})")
    master.kill(signal.SIGKILL)
    new = waiting("the two others know a new master", lambda: (lambda m: m is not master and m)(
        cluster._one_master()), 40)
    print(f"    {new.name} leads now; it goes on watching and alerting:")
    ask_world("stop", "tcp")
    waiting("both agree that db is DOWN", lambda: all(
        n.check_state("db")["state"] == "down" for n in cluster.running()), 40)
    waiting("its mail and webhook message are there", lambda: received("DOWN", "db"), 30)
    ask_world("start", "tcp")
    waiting("both agree that db is up", lambda: all(
        n.check_state("db")["state"] == "up" for n in cluster.running()), 40)
    waiting("its RECOVERED is delivered", lambda: received("RECOVERED", "db"), 30)
    status_of_each(cluster)

    got = ask_world("got")
    for verb, check in (("DOWN", "homepage"), ("RECOVERED", "homepage"), ("DOWN", "db"), ("RECOVERED", "db")):
        mails = [m for m in got["mails"] if f" {verb} " in m["subject"] and check in m["subject"]]
        if len(mails) != 1:
            raise harness.Failure(f"{len(mails)} mails about {check} {verb}, not 1")
    print("    In all: one DOWN and one RECOVERED by mail for each of the two, nothing twice.")
    return master


def received(verb, check):
    got = ask_world("got")
    return (any(verb in m["subject"] and check in m["subject"] for m in got["mails"])
            and any(harness.SENTENCES[verb] in w and check in w for w in got["webhooks"]))


def show_received(verb):
    got = ask_world("got")
    for mail in got["mails"]:
        if verb in mail["subject"]:
            print("--- the mail, as received")
            print(f"Subject: {mail['subject']}\nTo: {', '.join(mail['to'])}\n\n{mail['text']}")
    for content in got["webhooks"]:
        if harness.SENTENCES[verb] in content:
            print(f"--- the webhook message, as received\n{content}\n", flush=True)


def run(once):
    make_base()
    cluster = harness.Cluster(3, base=BASE)
    processes = []
    try:
        killed = story(cluster, processes)
        if not once:
            say(f"{killed.name} is started again; the cluster stays")
            killed.start()
            processes.append(killed.process.pid)
            remember(processes)
    except (harness.Failure, KeyboardInterrupt) as error:
        print(f"\nquickstart: failed: {error}", file=sys.stderr)
        for node in cluster.nodes:
            print(f"--- the last lines of {node.name}'s log\n{node.text()[-1500:]}", file=sys.stderr)
        stop_all()
        return 1
    if once:
        stop_all()
        print("\nquickstart: everything shown really happened; all is torn down again")
        return 0
    node = cluster.nodes[-1]
    print(f"""
The cluster is running. Try next:
    export QUPTIME_SOCKET={node.socket}
    {harness.QUCTL} status             # and: why homepage, monitor, tui
    {harness.QUCTL} alert test ops && tools/quickstart mail
    tools/quickstart break http     # the target goes; watch `quctl status`
    tools/quickstart mend http
    {harness.QUCTL} edit               # in $EDITOR; editing {node.dir}/cluster.yaml does the same
    busctl --address=unix:path={node.socket} tree org.quptime1
    tools/quickstart stop""")
    return 0


def main(args):
    if args[:1] == ["--world"]:
        serve_world(args[1])
    if args[:1] == ["stop"]:
        print(f"quickstart: {stop_all()} processes ended")
        return 0
    if args[:1] in (["break"], ["mend"], ["mail"]):
        try:
            if args[0] == "mail":
                got = ask_world("got")
                for mail in got["mails"]:
                    print(f"mail     {mail['subject']}")
                for content in got["webhooks"]:
                    print(f"webhook  {content.splitlines()[0] if content else ''}")
            elif args[1:] in (["http"], ["tcp"]):
                ask_world({"break": "stop", "mend": "start"}[args[0]], args[1])
            else:
                print("which one: http or tcp?", file=sys.stderr)
                return 2
        except OSError:
            print("no cluster is running: tools/quickstart starts one", file=sys.stderr)
            return 1
        return 0
    return run(once=args == ["--once"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
