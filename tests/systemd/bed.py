# SPDX-License-Identifier: LGPL-2.1-or-later
"""quptime on really booted systemd nodes: tools/testbed with what `meson install` installs laid over each of them.

    with Bed(3) as bed:
        bed.nodes[0].run("systemctl", "start", "quptime")
        bed.form_cluster()

A node is entered through the bed only (see tools/testbed), never by nsenter. Every test file boots its own bed, named
with this process's pid, in about a second; test_bus.py boots one for four files, which get it from shared(). What a
test changes on a node the tests after it find changed, unless they say Node.fresh(). Targets and relays run in this process, in the network `bed.world` at 192.0.2.254.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402
from harness import Failure, PATIENCE, wait_for  # noqa: E402,F401

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTBED = ROOT / "tools" / "testbed"
BUILD = harness.BUILD
SANITIZED = os.environ.get("QUPTIME_SANITIZED") == "yes"
WORLD = "192.0.2.254"
SECRET = "a secret of more than twenty characters"
FAST = ("--interval", "1s", "--timeout", "1s")


def available():
    """None, or why this machine can have no bed."""
    done = subprocess.run([str(TESTBED), "check"], capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stdout + done.stderr).strip()


def install(layer, plain=False):
    """`meson install` below `layer`, and, unless plain, what a sanitized program needs in its environment besides."""
    done = subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet", "--destdir", str(layer)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"meson install: {done.stdout}{done.stderr}")
    if SANITIZED and not plain:  # the leak detector wants to trace itself, which the unit does not allow
        for scope in ("system", "user"):
            place = layer / "etc" / "systemd" / scope / "quptime.service.d"
            place.mkdir(parents=True)
            (place / "sanitizer.conf").write_text(
                "[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0:exitcode=99 "
                "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=99\n")


class Node:
    def __init__(self, bed, number):
        self.bed = bed
        self.name = f"n{number}"
        self.address = f"192.0.2.{number}"
        self.node_id = None

    # ---- running things ----

    def run(self, *command, check=True, input=None, timeout=60):
        """A command inside, as root, with nothing but PATH and HOME in its environment."""
        done = self.bed.testbed("exec", self.name, *command, check=False, input=input, timeout=timeout)
        if check and done.returncode != 0:
            raise Failure(f"{self.name}: {' '.join(map(str, command))} -> {done.returncode}\n"
                          f"{done.stdout}{done.stderr}")
        return done

    def sh(self, script, **more):
        return self.run("sh", "-c", script, **more).stdout.strip()

    def systemctl(self, *args, **more):
        return self.run("systemctl", *args, **more)

    def quctl(self, *args, socket=False, **more):
        """By the bus, or by the private socket alone."""
        way = ("env", "QUPTIME_SOCKET=/run/quptime/quptime.sock") if socket else ()
        return self.run(*way, "quctl", *args, **more)

    def status(self, **more):
        done = self.quctl("--json=short", "status", check=False, **more)
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise Failure(f"{self.name}: status: {done.stdout}{done.stderr}") from error

    def log(self, lines=200, *args):
        self.run("journalctl", "--sync", check=False)  # fails where it is off: what is on its disk is all there is
        return self.bed.testbed("journal", self.name, "-n", lines, "-o", "short-monotonic", *args, check=False).stdout

    # ---- the unit ----

    def show(self, field, unit="quptime.service"):
        return self.systemctl("show", "-P", field, unit).stdout.strip()

    def is_active(self, unit="quptime.service"):
        return self.show("ActiveState", unit) == "active"

    def pid(self):
        return int(self.show("MainPID"))

    def drop_in(self, unit, text, name="test"):
        """A drop-in, as `systemctl edit` makes one; text None takes it away again."""
        path = f"/etc/systemd/system/{unit}.d/{name}.conf"
        if text is None:
            self.sh(f"rm -f {path}; systemctl daemon-reload")
        else:
            self.sh(f"mkdir -p $(dirname {path}); cat >{path}; systemctl daemon-reload", input=text)

    def fresh(self):
        """As after the installation: nothing runs, nothing is enabled, no state, no drop-ins of tests."""
        self.systemctl("disable", "--now", "quptime.service", check=False)
        self.systemctl("stop", "quptime.service", "quptime.socket", "quptime-control.socket")
        self.sh("rm -rf /etc/quptime/* /var/lib/quptime /run/quptime /etc/systemd/system/quptime*.d/test.conf;"
                "systemctl daemon-reload; systemctl reset-failed")
        self.node_id = None
        return self

    def init(self):
        self.quctl("init", "--advertise", f"{self.address}:9901", "--secret", SECRET)
        self.node_id = self.status()["node"]

    # ---- the node itself ----

    def power_off(self):
        self.bed.testbed("kill", self.name)

    def boot(self):
        self.bed.testbed("boot", self.name)

    def reboot(self):
        self.bed.testbed("reboot", self.name)

    def check_state(self, name):
        for check in self.status()["checks"]:
            if check["name"] == name:
                return check
        raise Failure(f"{self.name} knows no check {name}")


class Bed:
    def __init__(self, n, **environment):
        self.name = f"quptime-test-{os.getpid()}"
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="quptime-bed-"))
        self.base.chmod(0o755)
        self.nodes = [Node(self, i + 1) for i in range(n)]
        self.environment = {**os.environ, "TESTBED_NAME": self.name, "TESTBED_DIR": str(self.base / "bed"),
                            "TESTBED_LAYER": str(self.base / "layer"), **environment}

    def testbed(self, *args, check=True, input=None, timeout=120):
        done = subprocess.run([str(TESTBED), *map(str, args)], env=self.environment, capture_output=True, text=True,
                              input=input, stdin=subprocess.DEVNULL if input is None else None,
                              timeout=timeout * PATIENCE)
        if check and done.returncode != 0:
            raise Failure(f"testbed {' '.join(map(str, args))} -> {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start_exec(self, node, *command):
        """Like node.run(), without waiting for its end."""
        return subprocess.Popen([str(TESTBED), "exec", node.name, *command], env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        layer = self.base / "layer"
        layer.mkdir(mode=0o755)
        try:
            install(layer)
            self.testbed("up", len(self.nodes))
            for node in self.nodes:  # Debian does it when a package is installed, not at boot
                node.run("journalctl", "--update-catalog")
        except BaseException:
            self.close()
            raise
        # what harness.in_namespace() takes
        self.world = f"/proc/{(self.base / 'bed' / 'holder').read_text().split()[0]}/ns/net"
        return self

    def __exit__(self, kind, value, traceback):
        if kind is not None and not (kind is SystemExit and value.code == 0):
            for node in self.nodes:
                text = node.log(60, "-u", "quptime*")
                print(f"---- {node.name} ({node.node_id}) ----\n{text}", file=sys.stderr)
        self.close()

    def close(self):
        self.testbed("down", check=False)
        shutil.rmtree(self.base, ignore_errors=True)

    # ---- a cluster ----

    def form_cluster(self):
        """Starts, initializes and joins all nodes by quctl over the system bus; the smallest NodeID leads."""
        for node in self.nodes:
            node.systemctl("enable", "--now", "quptime")
            node.init()
        self.nodes.sort(key=lambda node: node.node_id)
        for node in self.nodes[1:]:
            self.nodes[0].quctl("node", "add", f"{node.address}:9901", "--yes", timeout=120)
        return self.settled()

    def settled(self, nodes=None, seconds=40):
        """All of these nodes know one and the same master, which has quorum; that node."""
        def one_master():
            masters = {node.status()["master"] for node in nodes or self.nodes}
            if len(masters) != 1 or not all(masters):
                raise Failure(f"masters: {masters}")
            master = masters.pop()
            return next(node for node in self.nodes if node.node_id == master)
        return wait_for("one master, known to all", one_master, seconds, every=0.2)

    def all_see(self, check, state, nodes=None, seconds=40):
        for node in nodes or self.nodes:
            wait_for(f"{check} is {state} on {node.name}",
                     lambda node=node: node.check_state(check)["state"] == state, seconds, every=0.2)


# ---- one bed for several files ----

class Shared:
    """Three nodes with a target and a relay in their world; the cluster is formed by whoever needs it first."""

    def __init__(self, b):
        self.bed = b
        self.nodes = b.nodes
        self.formed = False
        self.http = harness.HttpTarget(WORLD, 8080, b.world).start()
        self.smtp = harness.SmtpReceiver(WORLD, 25, b.world).start()

    def fresh(self):
        """No identity, no state, and no word of the tests before in the journal."""
        self.formed = False
        for node in self.nodes:
            node.fresh()
            node.sh("journalctl --rotate -q; journalctl --vacuum-time=1us -q")
        return self.nodes

    def cluster(self):
        """Formed, with the alert ops that mails to ops@example.com, and homepage, which is up. The master."""
        if not self.formed:
            self.fresh()
            self.bed.form_cluster()
            self.formed = True
        if "ops" not in self.names("alert"):
            self.nodes[0].quctl("alert", "add", "smtp", "ops", "--host", WORLD, "--port", 25,
                                "--from", "quptime@example.com", "--to", "ops@example.com", "--starttls=false",
                                "--default")
        if "homepage" not in self.names("check"):
            self.nodes[0].quctl("check", "add", "http", "homepage", self.http.url, *FAST)
        self.bed.all_see("homepage", "up")
        return self.bed.settled()

    def names(self, kind):
        return [row["name"] for row in json.loads(self.nodes[0].quctl("--json=short", kind, "list").stdout)]

    def goes(self, state):
        """homepage goes down or up, and all nodes know."""
        self.http.status = 500 if state == "down" else 200
        self.bed.all_see("homepage", state, seconds=60)


_shared = []


@contextlib.contextmanager
def sharing():
    with Bed(3) as b:
        _shared.append(Shared(b))
        yield _shared[0]


def shared():
    return _shared[0]


def main_of(names):
    """For a file that can share its bed: run alone it has one of its own."""
    if available():
        harness.main(names)
    with sharing():
        harness.main(names)
