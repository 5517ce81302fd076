# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real daemons, real receivers, real targets for the integration suite.

Everything here waits for a condition with a bound, never for luck; talks only to loopback addresses or to
addresses inside network namespaces that it made; and ends only what it started, by pid.

A Node is one quptimed with its own QUPTIME_DIR and private control socket. It may live in a network namespace
(see netns.py). `quctl` is always run against one node's own socket, as its user would.
"""

import base64
import contextlib
import ctypes
import email
import email.policy
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

BUILD = pathlib.Path(os.environ.get("QUPTIME_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
QUPTIMED = BUILD / "src" / "quptimed"
QUCTL = BUILD / "src" / "quctl"
# how much longer everything may take than it should: for sanitizers and busy machines
PATIENCE = float(os.environ.get("QUPTIME_PATIENCE", "1"))


class Failure(AssertionError):
    pass


def wait_for(what, condition, seconds=20.0, every=0.05):
    """The condition's first true value; Failure after `seconds`, with what it said last."""
    end = time.monotonic() + seconds * PATIENCE
    last = None
    while True:
        try:
            last = condition()
        except (Failure, OSError, ValueError, subprocess.SubprocessError) as error:
            last = error
        if last and not isinstance(last, Exception):
            return last
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds * PATIENCE:.0f} s (last: {last!r})")
        time.sleep(every)


def free_port(address="127.0.0.1", kind=socket.SOCK_STREAM):
    """A port that nobody has, below those that the kernel gives to outgoing connections: one of these could take it
    before the daemon does (ip_local_port_range, 32768 and up)."""
    while True:
        port = random.randrange(16384, 32768)
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as s, \
                contextlib.suppress(OSError):
            s.bind((address, port))
            return port


@contextlib.contextmanager
def in_namespace(name):
    """Runs the body of this thread in a network namespace: a name of ip-netns(8), or a file; None: here."""
    if name is None:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(name if "/" in name else f"/run/netns/{name}", os.O_RDONLY)
    try:
        if libc.setns(there, 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(home, 0)
        os.close(there)
        os.close(home)


def die_with_parent():
    """In the child, before exec: a daemon never outlives the test that started it, whatever ends that."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Node:
    """One daemon. `name` is for people; `port` and `address` are what the others dial."""

    def __init__(self, base, name, address="127.0.0.1", port=None, namespace=None, timing=None):
        self.name = name
        self.address = address
        self.port = port or free_port(address)
        self.namespace = namespace
        self.timing = timing
        self.credentials = False  # whether it has a $CREDENTIALS_DIRECTORY
        self.outlives = False  # the quick start leaves its cluster running
        self.dir = pathlib.Path(base) / name
        self.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket = self.dir / "control.sock"
        self.log = self.dir / "log"
        self.process = None
        self.node_id = None
        self.fingerprint = None

    @property
    def advertise(self):
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def credentials_dir(self):
        # not below self.dir: what the daemon writes there is searched for secrets
        return self.dir.with_name(f"{self.name}.credentials")

    def set_credentials(self, **secrets):
        """Its own $CREDENTIALS_DIRECTORY from the next start on, as systemd would make it."""
        self.credentials = True
        self.credentials_dir.mkdir(mode=0o700, exist_ok=True)
        for name, secret in secrets.items():
            (self.credentials_dir / name).write_text(secret + "\n")

    def env(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("QUPTIME_", "DBUS_", "NOTIFY_"))}
        env.update(QUPTIME_DIR=str(self.dir), QUPTIME_SOCKET=str(self.socket), LC_ALL="C.UTF-8")
        if self.timing:
            env["QUPTIME_TIMING"] = self.timing
        env.pop("CREDENTIALS_DIRECTORY", None)
        if self.credentials:
            env["CREDENTIALS_DIRECTORY"] = str(self.credentials_dir)
        return env

    def _inside(self, command):
        return (["ip", "netns", "exec", self.namespace] if self.namespace else []) + [str(c) for c in command]

    def start(self, wait=True, **more_env):
        if self.process and self.process.poll() is None:
            raise Failure(f"{self.name} runs already")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._inside([QUPTIMED, "--private-only"]),
                env={**self.env(), **more_env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=None if self.outlives else die_with_parent)
        if wait:
            wait_for(f"{self.name} answers", lambda: self.alive() and self.quctl("--json=short", "status",
                     check=False).returncode != 3)
        return self

    def alive(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.text()[-4000:]}")
        return True

    def kill(self, sig=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            if sig in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
                self.process.wait(timeout=20 * PATIENCE)

    def stop(self):
        self.kill(signal.SIGTERM)
        if self.process and self.process.returncode not in (0, None):
            raise Failure(f"{self.name} stopped with {self.process.returncode}:\n{self.text()[-4000:]}")

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def complaints(self):
        """What the sanitizers of a sanitized build, or GLib, said."""
        return [line for line in self.text().splitlines()
                if "Sanitizer" in line or "runtime error:" in line or "-CRITICAL **" in line]

    def quctl(self, *args, input=None, check=True, timeout=100):
        done = subprocess.run([str(QUCTL), *map(str, args)], env=self.env(), input=input or "",
                              capture_output=True, text=True, timeout=timeout * PATIENCE)
        if check and done.returncode != 0:
            raise Failure(f"{self.name}: quctl {' '.join(map(str, args))} -> {done.returncode}\n"
                          f"{done.stdout}{done.stderr}")
        return done

    def init(self, secret=None, *more):
        args = ["init", "--advertise", self.advertise, "--bind", self.address, "--port", self.port, *more]
        if secret:
            args += ["--secret", secret]
        out = self.quctl(*args)
        status = self.status()
        self.node_id = status["node"]
        return out

    def status(self):
        done = self.quctl("--json=short", "status", check=False)
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise Failure(f"{self.name}: status: {done.stdout}{done.stderr}") from error

    def check_state(self, name):
        for check in self.status()["checks"]:
            if check["name"] == name:
                return check
        raise Failure(f"{self.name} knows no check {name}")


class Cluster:
    """N nodes joined by invitation, ordered by NodeID: nodes[0] is to be the master in a calm cluster."""

    secret = "a secret of more than twenty characters"

    def __init__(self, n=3, base=None, addresses=None, namespaces=None, timing=None):
        self.base = pathlib.Path(base or tempfile.mkdtemp(prefix="quptime-test-"))
        self.nodes = [
            Node(self.base, f"node{i + 1}",
                 address=addresses[i] if addresses else "127.0.0.1",
                 port=9901 if namespaces else None,
                 namespace=namespaces[i] if namespaces else None,
                 timing=timing)
            for i in range(n)]
        self.cleanup = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        for node in self.nodes:
            node.kill()
        self.cleanup.close()
        if kind is None:
            kind = next((node for node in self.nodes if node.complaints()), None)
        if kind is not None:
            for node in self.nodes:
                print(f"---- {node.name} ({node.node_id}) ----\n{node.text()[-6000:]}", file=sys.stderr)
        if kind is None and not os.environ.get("QUPTIME_KEEP"):
            shutil.rmtree(self.base, ignore_errors=True)
        if isinstance(kind, Node):
            raise Failure(f"{kind.name}: {kind.complaints()[0]}")
        return False

    def up(self):
        for node in self.nodes:
            node.start()
            node.init(self.secret)
        # the smallest NodeID invites, so it leads from the beginning: taking over takes two minutes
        self.nodes.sort(key=lambda node: node.node_id)
        first = self.nodes[0]
        for node in self.nodes[1:]:
            first.quctl("node", "add", node.advertise, "--yes")
        if len(self.nodes) > 1 and "updated_at: " not in (first.dir / "cluster.yaml").read_text():
            raise Failure(f"{first.name}: a document without a date after a node has joined")
        self.settled()
        return self

    def settled(self, seconds=40):
        """All running nodes know one and the same master, which has quorum."""
        return wait_for("one master, known to all", self._one_master, seconds)

    def _one_master(self):
        masters = {node.status()["master"] for node in self.running()}
        if len(masters) != 1 or not all(masters):
            raise Failure(f"masters: {masters}")
        return self.by_id(masters.pop())

    def running(self):
        return [n for n in self.nodes if n.process and n.process.poll() is None]

    def by_id(self, node_id):
        for node in self.nodes:
            if node.node_id == node_id:
                return node
        raise Failure(f"no node {node_id}")

    def all_see(self, check, state, seconds=40, nodes=None):
        for node in nodes or self.running():
            wait_for(f"{check} is {state} on {node.name}",
                     lambda node=node: node.check_state(check)["state"] == state, seconds)


# ---- targets ----

class HttpTarget:
    """An HTTP target on its own thread: .status, .body and .delay can be changed while it runs."""

    def __init__(self, address="127.0.0.1", port=0, namespace=None, context=None):
        self.address, self.namespace, self.context = address, namespace, context
        self.port = port or None
        self.status, self.body, self.delay = 200, b"hello\n", 0
        self.requests = 0
        self.server = None

    def start(self):
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self):
                target.requests += 1
                time.sleep(target.delay)
                self.send_response(target.status)
                self.send_header("Content-Length", str(len(target.body)))
                self.end_headers()
                self.wfile.write(target.body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            address_family = socket.AF_INET6 if ":" in self.address else socket.AF_INET

            def handle_error(self, *_):
                pass

        with in_namespace(self.namespace):
            self.server = Server((self.address, self.port or 0), Handler)
        if self.context:
            self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    @property
    def url(self):
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.context else 'http'}://{host}:{self.port}/"


class TcpTarget:
    """Accepts and closes. stop() makes the port refuse."""

    def __init__(self, address="127.0.0.1", port=0, namespace=None):
        self.address, self.port, self.namespace = address, port, namespace
        self.socket = None

    def start(self):
        with in_namespace(self.namespace):
            s = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((self.address, self.port))
        s.listen(64)
        self.port = s.getsockname()[1]
        self.socket = s
        threading.Thread(target=self._serve, args=(s,), daemon=True).start()
        return self

    def _serve(self, s):
        while True:
            try:
                connection, _ = s.accept()
            except OSError:
                return
            connection.close()

    def stop(self):
        if self.socket:
            # close() alone leaves the listener open as long as accept() is blocked in it
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
            self.socket = None


# ---- receivers ----

class Mail:
    def __init__(self, sender, recipients, raw, peer=None):
        self.sender, self.recipients, self.raw, self.at = sender, recipients, raw, time.monotonic()
        self.peer = peer  # the address that it came from
        self.message = email.message_from_bytes(raw, policy=email.policy.default)
        self.subject = str(self.message["subject"])
        self.message_id = str(self.message["message-id"])
        self.text = self.message.get_content() if not self.message.is_multipart() else ""


class SmtpReceiver:
    """A real SMTP server (aiosmtpd). .mode: "accept", "busy" (451 to RCPT), "refuse" (550), "silent" (accepts
    the connection and says nothing). With a server's TLS context and passwords it wants STARTTLS and AUTH, and
    keeps who tried to log in, in .logins: (address, user, whether the password was right)."""

    def __init__(self, address="127.0.0.1", port=0, namespace=None, context=None, passwords=None):
        self.address, self.namespace = address, namespace
        self.context, self.passwords, self.logins = context, passwords, []
        self.port = port or free_port(address)
        self.mode = "accept"
        self.mails = []
        self.attempts = 0
        self.connections = 0

    def start(self):
        import asyncio
        from aiosmtpd.smtp import SMTP, AuthResult
        receiver = self

        def authenticate(server, session, envelope, mechanism, data):
            user, password = data.login.decode(), data.password.decode()
            good = receiver.passwords.get(user) == password
            receiver.logins.append((session.peer[0], user, good))
            return AuthResult(success=good, handled=good)

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                receiver.attempts += 1
                if receiver.mode == "busy":
                    return "451 4.7.1 try again later"
                if receiver.mode == "refuse":
                    return "550 5.1.1 no such user here"
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server, session, envelope):
                receiver.mails.append(
                    Mail(envelope.mail_from, list(envelope.rcpt_tos), envelope.content, session.peer[0]))
                return "250 2.0.0 Ok: queued"

        class Server(SMTP):
            async def _handle_client(self):
                receiver.connections += 1
                while receiver.mode == "silent":
                    await asyncio.sleep(0.05)
                    if self.transport is None or self.transport.is_closing():
                        return
                await super()._handle_client()

        with in_namespace(self.namespace):
            listener = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, self.port))
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        more = {"tls_context": self.context, "require_starttls": True, "authenticator": authenticate,
                "auth_required": True} if self.context else {}

        def serve():
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(self.loop.create_server(
                lambda: Server(Handler(), hostname="receiver.test", loop=self.loop, **more), sock=listener))
            started.set()
            self.loop.run_forever()

        threading.Thread(target=serve, daemon=True).start()
        if not started.wait(10 * PATIENCE):
            raise Failure("the SMTP receiver did not start")
        return self

    def stop(self):
        self.loop.call_soon_threadsafe(self.server.close)
        self.loop.call_soon_threadsafe(self.loop.stop)

    def subjects(self, word=""):
        return [m.subject for m in list(self.mails) if word in m.subject]


# how the default text on Discord says it
SENTENCES = {"DOWN": "is now down", "RECOVERED": "has recovered", "UP": "is now up"}


class Webhook:
    """A webhook receiver. .script is a list of (status, headers) for the next requests, then 204; .delay is
    how many seconds it thinks about each."""

    def __init__(self, address="127.0.0.1", port=0, namespace=None):
        self.target = HttpTarget(address, port, namespace)
        self.requests = []  # (monotonic time, path, decoded JSON, status answered)
        self.script = []
        self.delay = 0
        self.begun = 0  # requests read, answered or not

    def start(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                hook.begun += 1
                time.sleep(hook.delay)
                status, headers = hook.script.pop(0) if hook.script else (204, {})
                hook.requests.append((time.monotonic(), self.path, json.loads(body), status))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        with in_namespace(self.target.namespace):
            self.server = Server((self.target.address, self.target.port or 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://{self.target.address}:{self.port}/api/webhooks/1/token-of-the-webhook"

    def delivered(self, verb):
        """What was taken about DOWN, RECOVERED or UP."""
        return [r for r in list(self.requests) if r[3] == 204 and SENTENCES[verb] in r[2].get("content", "")]


def rss_kib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise Failure(f"no process {pid}")


def main(names):
    """Runs every test_… function of a file, or those named as arguments, and speaks TAP. A function that returns
    a text was skipped, for that reason."""
    tests = [(n, f) for n, f in names.items() if n.startswith("test_") and callable(f)]
    if sys.argv[1:]:
        tests = [(n, f) for n, f in tests if n in sys.argv[1:]]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        begin = time.monotonic()
        try:
            skipped = function()
        except Exception:  # pylint: disable=broad-except
            import traceback
            traceback.print_exc()
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            continue
        print(f"ok {number} - {name}" + (f" # SKIP {skipped}" if skipped else ""), flush=True)
        print(f"# {name} took {time.monotonic() - begin:.1f} s", flush=True)
    sys.exit(1 if failed else 0)
