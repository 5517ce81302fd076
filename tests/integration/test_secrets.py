# SPDX-License-Identifier: LGPL-2.1-or-later
"""Secrets stay put: a run with all that can go wrong, and every place where a secret could have come to light.

The secrets: an SMTP password, a webhook's path, the cluster secret and what is derived from it, the private keys
(as PEM, as base64, as bytes), the user information of a target's URL.

The places: the logs of all nodes at debug level; every property, every List… answer, every reply to quctl and every
signal on the bus; all that quctl prints, errors above all; the argument vector and the environment of every process
from 100 ms after its start; messages sent (a target reads as *** there too); what files are left, and the modes of
those that hold secrets; a core after SIGABRT; the memory of a daemon as another process of its user sees it.

A node's own files (cluster.yaml, node.yaml, its key, its database) hold secrets, in mode 0600 below a 0700
directory. The cluster secret that `init` makes is printed once; one that was given is not.
"""

import base64
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

import harness
from harness import Cluster, HttpTarget, Mail, Node, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")
PASSWORD = "pa55w0rd-of-the-mailbot"
OTHER_PASSWORD = "0ther-pa55w0rd-never-taken"
WEBHOOK_PATH = "hook-t0ken-4711"
TARGET_USER, TARGET_PASSWORD = "u5er-of-target", "pa55-of-target"
CLUSTER_SECRET = "the cl0ster secret, long enough"
WRONG_SECRET = "a wr0ng secret of more than twenty"
SHORT_SECRET = "2short4secret"
ALL = {"the SMTP password": PASSWORD, "a password that was refused": OTHER_PASSWORD, "the webhook": WEBHOOK_PATH,
       "the target's user": TARGET_USER, "the target's password": TARGET_PASSWORD,
       "the cluster secret": CLUSTER_SECRET, "a wrong cluster secret": WRONG_SECRET, "a short one": SHORT_SECRET}


def why_not():
    if os.geteuid() != 0:
        return "needs root: a trust store of its own is mounted for the daemons"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    return done.stderr.strip() or None


# ---- what to look for ----

class Needles:
    """Byte strings, each with a name, in the forms in which a program may spell a secret."""

    def __init__(self):
        self.forms = {}
        for name, secret in ALL.items():
            self.add(name, secret)
        # what AUTH PLAIN and AUTH LOGIN make of it, which a protocol's log would show
        self.forms[base64.b64encode(f"\0mailbot\0{PASSWORD}".encode()).rstrip(b"=")[:-1]] = "AUTH PLAIN"

    def add(self, name, secret):
        raw = secret.encode()
        self.forms[raw] = name
        self.forms[urllib.parse.quote(secret, safe="").encode()] = name
        self.forms[json.dumps(secret)[1:-1].encode()] = name
        self.forms[base64.b64encode(raw).rstrip(b"=")[:-1]] = f"{name}, in base64"
        self.forms[raw.hex().encode()] = f"{name}, in hex"

    def add_node(self, node):
        text = (node.dir / "node.yaml").read_text()
        self.add(f"{node.name}'s join key", re.search(r"join_key: *['\"]?([^\s'\"]+)", text).group(1))
        pem = (node.dir / "keys" / "private.pem").read_text()
        body = "".join(line for line in pem.splitlines() if "-----" not in line)
        der = base64.b64decode(body)
        self.forms[pem.splitlines()[1].encode()] = f"{node.name}'s private key, PEM"
        self.forms[body[-40:].rstrip("=")[:-1].encode()] = f"{node.name}'s private key, PEM"
        self.forms[der[-32:]] = f"{node.name}'s private key, raw"
        self.forms[der[-32:].hex().encode()] = f"{node.name}'s private key, hex"

    def found_in(self, data):
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        return sorted({name for form, name in self.forms.items() if form in data})

    def must_not_be_in(self, where, data):
        found = self.found_in(data)
        if found:
            text = data if isinstance(data, str) else data.decode("utf-8", "replace")
            lines = [line for line in text.replace("\0", "\n").splitlines() if self.found_in(line)]
            raise harness.Failure(f"{where} shows {', '.join(found)}:\n" + "\n".join(lines[:5]))


class ProcessWatch(threading.Thread):
    """Reads the arguments and the environment of every process of this machine, once it is 100 ms old."""

    def __init__(self, needles):
        super().__init__(daemon=True)
        self.needles, self.leaks, self.seen, self.ended = needles, [], set(), False
        self.ticks = os.sysconf("SC_CLK_TCK")

    def look_at(self, pid):
        with open(f"/proc/{pid}/stat", "rb") as f:
            started = int(f.read().rpartition(b")")[2].split()[19])
        with open("/proc/uptime", "rb") as f:
            age = float(f.read().split()[0]) - started / self.ticks
        if age < 0.1:
            return
        for what in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{what}", "rb") as f:
                data = f.read()
            found = self.needles.found_in(data)
            if found:
                self.leaks.append((pid, what, found, data.replace(b"\0", b" ")[:300]))
            if what == "cmdline":
                self.seen.add(data.split(b"\0")[0].rpartition(b"/")[2])

    def run(self):
        while not self.ended:
            for pid in filter(str.isdigit, os.listdir("/proc")):
                with contextlib.suppress(OSError, IndexError):
                    self.look_at(pid)
            time.sleep(0.02)

    def stop(self):
        self.ended = True
        self.join()


# ---- who is talked to ----

def certificate(folder, name):
    paths = pathlib.Path(folder) / f"{name}.pem", pathlib.Path(folder) / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}.test", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


def server_context(pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    return context


class AuthRelay:
    """A relay that wants STARTTLS and AUTH, and is as suspicious as told."""

    def __init__(self, pair):
        self.pair, self.mails, self.logins, self.accepts = pair, [], 0, True
        self.port = harness.free_port()

    def start(self):
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult
        relay = self

        def authenticate(server, session, envelope, mechanism, data):
            relay.logins += 1
            good = relay.accepts and data.login == b"mailbot" and data.password == PASSWORD.encode()
            return AuthResult(success=good, handled=good)

        class Handler:
            async def handle_DATA(self, server, session, envelope):
                relay.mails.append(Mail(envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
                return "250 2.0.0 Ok: queued"

        self.controller = Controller(
            Handler(), hostname="127.0.0.1", port=self.port, require_starttls=True, authenticator=authenticate,
            auth_required=True, tls_context=server_context(self.pair))
        self.controller.start()
        return self

    def stop(self):
        self.controller.stop()


class Hook(HttpTarget):
    """A webhook that answers .status and keeps what came."""

    def __init__(self, context=None):
        super().__init__(context=context)
        self.bodies, self.status = [], 204

    def start(self):
        import http.server
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                hook.requests += 1
                hook.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if self.context:
            self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    @property
    def secret_url(self):
        return f"{self.url}api/webhooks/1/{WEBHOOK_PATH}"


class TrustingNode(Node):
    """A daemon whose system trust store is ours, and whose core files would be as large as they like."""

    bundle = None

    def _inside(self, command):
        if self.bundle is None:
            return super()._inside(command)
        return ["unshare", "--mount", "sh", "-c",
                'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && ulimit -c unlimited && cd "$1" && shift && '
                'exec "$@"', str(self.bundle), str(self.dir), *map(str, command)]


# ---- the run ----

class Run:
    """A cluster, and all that was seen of it."""

    def __init__(self, stack):
        self.needles = Needles()
        self.folder = stack.enter_context(tempfile.TemporaryDirectory())
        good, self.bad_pair = certificate(self.folder, "good"), certificate(self.folder, "bad")
        TrustingNode.bundle = good[0]
        stack.callback(setattr, TrustingNode, "bundle", None)
        self.relay = AuthRelay(good).start()
        stack.callback(self.relay.stop)
        self.bad_relay = AuthRelay(self.bad_pair).start()
        stack.callback(self.bad_relay.stop)
        self.hook = Hook(server_context(good)).start()
        stack.callback(self.hook.stop)
        self.bad_hook = Hook(server_context(self.bad_pair)).start()
        stack.callback(self.bad_hook.stop)
        self.http = HttpTarget().start()
        stack.callback(self.http.stop)

        self.temporary = set(os.listdir(tempfile.gettempdir()))
        self.cluster = stack.enter_context(Cluster(0))
        self.nodes = self.cluster.nodes = [TrustingNode(self.cluster.base, f"node{i + 1}") for i in range(3)]
        self.stranger = TrustingNode(self.cluster.base, "stranger")
        self.said = []  # all that quctl and busctl printed: (words, text)
        self.watch = ProcessWatch(self.needles)
        self.watch.start()
        stack.callback(self.watch.stop)
        self.monitors = []

    def quctl(self, node, *words, good=True, **more):
        done = node.quctl(*words, check=False, **more)
        shown = " ".join(map(str, words))
        self.said.append((shown, done.stdout + done.stderr))
        if good is not None and (done.returncode == 0) != good:
            raise harness.Failure(f"quctl {shown} -> {done.returncode}\n{done.stdout}{done.stderr}\n"
                                  f"{node.text()[-2000:]}")
        return done

    def busctl(self, node, *words):
        done = subprocess.run(["busctl", f"--address=unix:path={node.socket}", *words], capture_output=True, text=True)
        self.said.append((" ".join(words), done.stdout + done.stderr))
        return done

    def start(self, node):
        node.start()
        done = self.busctl(node, "set-property", "org.quptime1", "/org/freedesktop/LogControl1",
                           "org.freedesktop.LogControl1", "LogLevel", "s", "debug")
        assert done.returncode == 0, done

    def follow(self, node):
        """Every signal, from now on."""
        path = self.cluster.base / f"{node.name}.signals"
        with open(path, "wb") as out:
            monitor = subprocess.Popen(["gdbus", "monitor", "--address", f"unix:path={node.socket}", "--dest",
                                        "org.quptime1"], stdout=out, stderr=out,
                                       preexec_fn=harness.die_with_parent)
        self.monitors.append((monitor, path))

    def up(self):
        for node in self.nodes:
            self.start(node)
            self.follow(node)
        self.refuse_at_init(self.nodes[0])
        for node in self.nodes:
            done = self.quctl(node, "init", "--advertise", node.advertise, "--bind", node.address, "--port",
                              node.port, "--secret", CLUSTER_SECRET)
            assert "secret" not in done.stdout.lower(), "one that was given is not shown"
            node.node_id = node.status()["node"]
            self.needles.add_node(node)
        self.nodes.sort(key=lambda node: node.node_id)
        for node in self.nodes[1:]:
            self.quctl(self.nodes[0], "node", "add", node.advertise, "--yes")
        self.cluster.settled()

    def refuse_at_init(self, node):
        self.quctl(node, "init", "--secret", SHORT_SECRET, good=False)
        self.quctl(node, "init", "--secret", CLUSTER_SECRET, "--key-type", "dsa", good=False)
        self.quctl(node, "init", "--secret", CLUSTER_SECRET, "--advertise", "nowhere", good=False)

    def refuse_a_stranger(self):
        self.start(self.stranger)
        self.quctl(self.stranger, "init", "--advertise", self.stranger.advertise, "--bind", "127.0.0.1", "--port",
                   self.stranger.port, "--secret-file", "-", input=WRONG_SECRET + "\n")
        self.stranger.node_id = self.stranger.status()["node"]
        self.needles.add_node(self.stranger)
        self.quctl(self.nodes[0], "node", "add", self.stranger.advertise, "--yes", good=False)
        self.quctl(self.stranger, "node", "add", self.nodes[0].advertise, "--yes", good=False)


def target_of(run):
    return f"http://{TARGET_USER}:{TARGET_PASSWORD}@127.0.0.1:{run.http.port}/"


def smtp_words(run, name, relay, *more, password=PASSWORD):
    return ("alert", "add", "smtp", name, "--host", "127.0.0.1", "--port", relay.port, "--from", "q@example.com",
            "--to", "o@example.com", "--user", "mailbot", "--password", password, "--default", *more)


def deliver(run):
    """First everything works: with the secrets, in mail and webhook, for a target with user information."""
    node = run.nodes[1]
    run.quctl(node, *smtp_words(run, "ops", run.relay))
    run.quctl(node, "alert", "add", "discord", "oncall", "--webhook", run.hook.secret_url, "--default")
    run.quctl(node, "check", "add", "http", "homepage", target_of(run), *FAST)
    run.cluster.all_see("homepage", "up")
    run.quctl(node, "alert", "test", "ops")
    run.quctl(node, "alert", "test", "oncall")
    run.http.status = 500
    run.cluster.all_see("homepage", "down")
    run.http.status = 200
    run.cluster.all_see("homepage", "up")
    wait_for("mails", lambda: len(run.relay.mails) >= 4, 40)
    wait_for("webhook messages", lambda: len(run.hook.bodies) >= 4, 40)
    for mail in run.relay.mails:
        run.needles.must_not_be_in("a mail", mail.raw)
        run.needles.must_not_be_in("a mail's text", mail.text)
    for body in run.hook.bodies:
        run.needles.must_not_be_in("a webhook message", body)
    assert any("***" in mail.text for mail in run.relay.mails)


def fail_deliveries(run):
    """Each way in which a relay or a webhook can fail, seen to be told."""
    node, nobody = run.nodes[2], harness.free_port()
    run.quctl(node, *smtp_words(run, "no-trust", run.bad_relay))
    run.quctl(node, *smtp_words(run, "no-login", run.relay, password=OTHER_PASSWORD))
    run.quctl(node, "alert", "add", "discord", "no-hook", "--webhook",
              f"https://127.0.0.1:{nobody}/api/webhooks/1/{WEBHOOK_PATH}", "--default")
    run.quctl(node, "alert", "add", "discord", "no-tls", "--webhook", run.bad_hook.secret_url, "--default")
    for name in ("no-trust", "no-login", "no-hook", "no-tls"):
        run.quctl(node, "alert", "test", name, good=False)
    run.hook.status, run.relay.accepts = 404, False
    for name in ("oncall", "ops"):
        run.quctl(node, "alert", "test", name, good=False)
    run.http.status = 503
    run.cluster.all_see("homepage", "down")
    wait_for("the master says of each that it failed", lambda: all(
        any(name in line and "homepage" in line for n in run.nodes for line in n.text().splitlines())
        for name in ("oncall", "ops", "no-trust", "no-login", "no-hook", "no-tls")), 60)
    run.http.stop()
    wait_for("a target that is gone", lambda: "refused" in run.nodes[0].check_state("homepage")["detail"], 40)


def refuse_values(run):
    """Values that no rule allows, with secrets in them, by quctl and by hand on the bus."""
    node = run.nodes[0]
    long = PASSWORD + "x" * 5000
    for words in (
            ("alert", "add", "discord", "x", "--webhook", f"ftp://example.com/{WEBHOOK_PATH}"),
            ("alert", "add", "discord", "x", "--webhook", f"http://example.com/{WEBHOOK_PATH}"),
            ("alert", "add", "discord", "x", "--webhook", f"https://exa mple.com/{WEBHOOK_PATH}"),
            ("alert", "add", "discord", "x", "--webhook", WEBHOOK_PATH),
            ("alert", "add", "discord", "oncall", "--webhook", run.hook.secret_url),
            ("alert", "edit", "oncall", "--webhook", f"nonsense:{WEBHOOK_PATH}"),
            smtp_words(run, "x", run.relay, password=long),
            smtp_words(run, "x", run.relay, password=PASSWORD + "\nsecond line"),
            smtp_words(run, "x", run.relay, "--starttls=maybe"),
            smtp_words(run, "x", run.relay, "--unknown", PASSWORD),
            ("alert", "edit", "ops", "--port", "123456", "--password", PASSWORD),
            ("alert", "edit", "nobody", "--password", PASSWORD),
            ("check", "add", "http", "x", f"https://{TARGET_USER}:{TARGET_PASSWORD}@127.0.0.1:99999/"),
            ("check", "add", "http", "x", f"https://{TARGET_USER}:{TARGET_PASSWORD}@two words/"),
            ("check", "add", "http", "x", f"ftp://{TARGET_USER}:{TARGET_PASSWORD}@127.0.0.1/"),
            ("check", "add", "tcp", "x", f"https://{TARGET_USER}:{TARGET_PASSWORD}@127.0.0.1/"),
            ("check", "add", "icmp", "x", f"{TARGET_USER}:{TARGET_PASSWORD}@127.0.0.1"),
            ("check", "add", "tcp", "x", f"{TARGET_USER}:{TARGET_PASSWORD}@127.0.0.1:1"),
            ("check", "edit", "homepage", "--target", f"https://{TARGET_USER}:{TARGET_PASSWORD}@127.0.0.1:x/"),
            ("check", "edit", "nobody", "--target", target_of(run)),
            ("check", "add", "http", "homepage", target_of(run)),
    ):
        run.quctl(node, *words, good=False)
    manager = ("org.quptime1", "/org/quptime1", "org.quptime1.Manager")
    for call in (
            ("AddAlert", "a{sv}", "3", "name", "s", "x", "type", "s", "discord", "discord_webhook", "s",
             f"https://{WEBHOOK_PATH} x/"),
            ("AddAlert", "a{sv}", "2", "smtp_password", "u", "1", "name", "s", PASSWORD + "\t"),
            ("AddAlert", "a{sv}", "1", "smtp_pasword", "s", PASSWORD),
            ("AddAlert", "a{sv}", "1", "smtp_password", "as", "1", PASSWORD),
            ("AddCheck", "a{sv}", "3", "name", "s", "x", "type", "s", "http", "target", "s",
             f"https://{TARGET_USER}:{TARGET_PASSWORD}@/"),
            ("Init", "a{sv}", "1", "secret", "as", "1", CLUSTER_SECRET),
            ("Init", "a{sv}", "1", "secret", "s", CLUSTER_SECRET),
    ):
        done = run.busctl(node, "call", *manager, *call)
        assert done.returncode != 0, (call, done)


def save(node, text, mode=0o600, in_place=False):
    path, draft = node.dir / "cluster.yaml", node.dir / ".draft"
    if in_place:
        path.write_text(text)
        return
    draft.write_text(text)
    draft.chmod(mode)
    os.rename(draft, path)


def edit_badly(run):
    """A secret stands beside, or in, every kind of mistake."""
    node = run.nodes[1]
    path, rejected = node.dir / "cluster.yaml", node.dir / "cluster.yaml.rejected"
    run.cluster.settled()
    good = path.read_text()
    line = next(x for x in good.splitlines() if PASSWORD in x and "smtp_password" in x)
    hook = next(x for x in good.splitlines() if WEBHOOK_PATH in x)
    target = next(x for x in good.splitlines() if TARGET_PASSWORD in x and "target:" in x)
    for old, new in (
            (line, line.replace("smtp_password:", "smtp_pasword:")),
            (line, line.replace("smtp_password: ", "smtp_password:")),
            (line, line.replace("smtp_password: ", f'smtp_password: "{PASSWORD}')),
            (line, line.replace("smtp_password: ", "smtp_password: [") + "]"),
            (line, line.replace("smtp_password: ", "smtp_password: {") + ": x}"),
            (line, line.replace("smtp_password: ", "smtp_password: &") + " x"),
            (line, line.replace("smtp_password: ", "smtp_password: !")),
            (line, line.replace("smtp_password: ", "smtp_password: *")),
            (line, line + "\n" + line),
            (line, line + "\x01"),
            (line, line.replace("smtp_password: ", "smtp_port: ")),
            (line, line.replace("smtp_password: ", "smtp_starttls: ")),
            (line, line.replace("smtp_password: ", "type: ")),
            (hook, hook.replace("https:", "ftp:")),
            (hook, hook.replace("https://127.0.0.1", "http://example.com")),
            (hook, hook.replace("https://", "https:// ")),
            (target, target.replace("http://", "ftp://")),
            (target, target.replace("@127.0.0.1:", "@127.0.0.1:9")),
            (target, target.replace("http://", "ht tp://")),
            (target, target.replace("target:", "interval:")),
            (target, target.replace("target:", "type:")),
    ):
        assert new != old, old
        rejected.unlink(missing_ok=True)
        save(node, good.replace(old, new, 1), mode=0o644)
        wait_for(f"it is rejected: {new}", rejected.exists)
        head = "\n".join(x for x in rejected.read_text().splitlines() if x.startswith("#"))
        run.said.append((f"the reason why {new!r} was rejected", head))
        wait_for("the file is right again", lambda: path.read_text() == good)
        assert rejected.stat().st_mode & 0o777 == 0o600, oct(rejected.stat().st_mode)
        assert path.stat().st_mode & 0o777 == 0o600, oct(path.stat().st_mode)
    # cut off in place, and something that is no text: moved aside as it is
    rejected.unlink()
    save(node, good[:len(good) // 2], in_place=True)
    wait_for("it is rejected", rejected.exists)
    wait_for("the file is right again", lambda: path.read_text() == good)
    assert rejected.stat().st_mode & 0o777 == 0o600
    rejected.unlink()
    save(node, good + "#" * (17 << 20), mode=0o644)
    wait_for("it is moved aside", rejected.exists)
    wait_for("the file is right again", lambda: path.read_text() == good)
    assert rejected.stat().st_mode & 0o777 == 0o600, oct(rejected.stat().st_mode)
    # a good one at last, and one that meets a change of somebody else's
    rejected.unlink()
    save(node, good.replace(PASSWORD, OTHER_PASSWORD, 1))
    run.quctl(run.nodes[2], "alert", "edit", "ops", "--password", PASSWORD)


def without_quorum(run):
    """A quctl that waits for long, with secrets in its arguments."""
    one, two, three = run.nodes
    one.kill()
    two.kill()
    wait_for("no master", lambda: not three.status()["master"])
    run.quctl(three, *smtp_words(run, "late", run.relay), good=False)
    run.quctl(three, "alert", "edit", "oncall", f"--webhook={run.hook.secret_url}", good=False)
    run.quctl(three, "check", "add", "http", "late", target_of(run), good=False)
    text = (three.dir / "cluster.yaml").read_text()
    save(three, text.replace(PASSWORD, OTHER_PASSWORD))
    wait_for("it is kept aside", (three.dir / "cluster.yaml.rejected").exists)


def read_the_bus(run, node):
    manager = ("org.quptime1", "/org/quptime1")
    paths = ["/org/quptime1"] + [x for x in run.busctl(node, "tree", "--list", "org.quptime1").stdout.split()
                                 if x.startswith("/org")]
    assert len(paths) > 8, paths
    for path in sorted(set(paths)):
        run.busctl(node, "introspect", "--full", "org.quptime1", path)
        interface = "org.quptime1." + {"check": "Check", "alert": "Alert", "peer": "Peer"}.get(
            path.split("/")[3] if path.count("/") > 3 else "", "Manager")
        run.busctl(node, "call", "org.quptime1", path, "org.freedesktop.DBus.Properties", "GetAll", "s", interface)
    done = run.busctl(node, "call", *manager, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    assert "homepage" in done.stdout and "***" in done.stdout, done
    for call in (("ListPeers",), ("ListChecks", "uu", "0", "1000"), ("ListAlerts",), ("ListTrust",)):
        done = run.busctl(node, "call", *manager, "org.quptime1.Manager", *call)
        assert done.returncode == 0, done
    for words in (("status",), ("check", "list"), ("alert", "list"), ("node", "list"), ("trust", "list"),
                  ("fingerprint",)):
        run.quctl(node, *words, good=None)
        run.quctl(node, "--json=pretty", *words, good=None)


def holds_secrets(path):
    return path.name in ("node.yaml", "cluster.yaml", "cluster.yaml.rejected", "private.pem") or \
        path.name.startswith("register.db")


def look_at_files(run):
    for node in [*run.nodes, run.stranger]:
        assert node.dir.stat().st_mode & 0o777 == 0o700
        for path in node.dir.rglob("*"):
            mode = path.lstat().st_mode & 0o777
            if path.is_dir():
                assert mode == 0o700, (path, oct(mode))
            elif path.is_file() and holds_secrets(path):
                assert mode == 0o600, (path, oct(mode))
            elif path.is_file():
                run.needles.must_not_be_in(str(path), path.read_bytes())
                assert not path.name.endswith((".new", ".old")), path
    for name in set(os.listdir(tempfile.gettempdir())) - run.temporary:
        path = pathlib.Path(tempfile.gettempdir()) / name
        with contextlib.suppress(OSError):
            if path.is_file():
                run.needles.must_not_be_in(str(path), path.read_bytes())


def look_at_all(run):
    places = [(f"the answer to {words.replace(chr(10), ' ')[:200]}", text) for words, text in run.said]
    for node in [*run.nodes, run.stranger]:
        places.append((f"{node.name}'s log", node.log.read_bytes()))
        assert len(node.text()) > 500
    for monitor, path in run.monitors:
        monitor.terminate()
        monitor.wait()
        places.append(("the signals", path.read_bytes()))
    leaks = []
    for place in places:
        try:
            run.needles.must_not_be_in(*place)
        except harness.Failure as leak:
            leaks.append(str(leak))
    if leaks:
        raise harness.Failure(f"{len(leaks)} leaks:\n" + "\n".join(leaks))
    signals = "".join(path.read_text(errors="replace") for _, path in run.monitors)
    assert "PropertiesChanged" in signals and "homepage" in signals, signals[:2000]
    run.watch.stop()
    assert {b"quptimed", b"quctl"} <= run.watch.seen, run.watch.seen
    assert not run.watch.leaks, run.watch.leaks[:3]
    print(f"# {len(run.needles.forms)} spellings of secrets looked for in {len(run.said)} answers, "
          f"{sum(len(n.text()) for n in run.nodes) >> 10} KiB of logs, {len(signals) >> 10} KiB of signals and the "
          f"arguments of {len(run.watch.seen)} programs", flush=True)


def abort(run, node):
    """SIGABRT leaves no core, although the limit was lifted before the daemon started."""
    limits = pathlib.Path(f"/proc/{node.process.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0\s", limits), limits
    before = set(node.dir.rglob("*"))
    os.kill(node.process.pid, signal.SIGABRT)
    _, status = os.waitpid(node.process.pid, 0)
    node.process.returncode = -signal.SIGABRT
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status
    assert not os.WCOREDUMP(status)
    after = [p for p in set(node.dir.rglob("*")) - before if "core" in p.name]
    assert not after, after


def test_secrets_stay_put():
    reason = why_not()
    if reason:
        return reason
    with contextlib.ExitStack() as stack:
        run = Run(stack)
        run.up()
        deliver(run)
        fail_deliveries(run)
        run.refuse_a_stranger()
        refuse_values(run)
        edit_badly(run)
        for node in run.nodes:
            read_the_bus(run, node)
        without_quorum(run)
        read_the_bus(run, run.nodes[2])
        abort(run, run.nodes[2])
        look_at_files(run)
        look_at_all(run)
    return None


def drop_to_nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def test_no_other_process_reads_its_memory():
    """PR_SET_DUMPABLE: a process of the same user may neither read its memory and environment, nor trace it."""
    if os.geteuid() != 0:
        return "needs root to become another user"
    base = pathlib.Path(tempfile.mkdtemp(prefix="quptime-secret-"))
    try:
        # what an unprivileged user may run and read
        base.chmod(0o755)
        program = shutil.copy(harness.QUPTIMED, base / "quptimed")
        os.chmod(program, 0o755)
        (base / "dir").mkdir(mode=0o700)
        os.chown(base / "dir", 65534, 65534)
        env = {"QUPTIME_DIR": str(base / "dir"), "QUPTIME_SOCKET": str(base / "dir" / "s"), "PATH": "/usr/bin:/bin"}
        daemon = subprocess.Popen([program, "--private-only"], env=env, preexec_fn=drop_to_nobody,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for("it listens", (base / "dir" / "s").exists)
            for name in ("mem", "environ", "maps"):
                done = subprocess.run(["cat", f"/proc/{daemon.pid}/{name}"], preexec_fn=drop_to_nobody,
                                      capture_output=True)
                assert done.returncode != 0 and b"ermission denied" in done.stderr, (name, done.stderr)
            # and the same of a process that does not refuse, to see that the question is a good one
            other = subprocess.Popen(["sleep", "60"], preexec_fn=drop_to_nobody)
            done = subprocess.run(["cat", f"/proc/{other.pid}/environ"], preexec_fn=drop_to_nobody,
                                  capture_output=True)
            other.kill()
            other.wait()
            assert done.returncode == 0, done.stderr
        finally:
            daemon.kill()
            daemon.wait()
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return None


if __name__ == "__main__":
    harness.main(globals())
