# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run breaks: real daemons, each a host of its own (network, disk, wall clock), and what they watch and tell.

Everything is inside a mount namespace of the run's own, made by tools/chaos: the file systems, the named network
namespaces and the journal's socket vanish with the last process, whatever ends it.
"""

import collections
import os
import pathlib
import shutil
import struct
import subprocess
import threading
import time
import zlib

import harness
import netns
import receivers
from harness import wait_for
from journald import Journal
from plan import names_of
from records import now

BUILD = harness.BUILD / "tests" / "chaos"
SHIM, CLIENT = BUILD / "chaos-shim.so", BUILD / "chaos-client"
CA_BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
DISK_MIB = 24
TIMING = "settle=4s,confirm-delay=500ms,round-slack=500ms"
FAST = ("--interval", "1s", "--timeout", "1s")
WEB, PORT, PING = "192.0.2.101", "192.0.2.102", "192.0.2.103"
RECIPIENTS = ("ops@example.com", "night@example.com")


class Network(netns.Network):
    """A bridge whose ports can be cut apart, whose ports' frames can be late, and a world whose addresses can refuse
    or swallow."""

    def make(self):
        self.cut_by = collections.Counter()
        super().make()
        self.nft(self.switch, """
            table bridge late {
                set late { type ifname; }
                chain forward { type filter hook forward priority 1; policy accept; iifname @late drop; }
            }""")
        self.nft(self.world, """
            table inet targets {
                set refuse { type ipv4_addr . inet_service; }
                set swallow { type ipv4_addr; }
                chain input {
                    type filter hook input priority 0; policy accept;
                    iifname lo accept
                    ip daddr @swallow drop
                    ip daddr . tcp dport @refuse reject with tcp reset
                }
            }""")
        for address in (WEB, PORT, PING):
            netns.run("ip", "-n", self.world, "addr", "add", f"{address}/24", "dev", "eth0")

    def nft(self, where, text):
        netns.run("ip", "netns", "exec", where, "nft", "-f", "-", input=text + "\n")

    def cuts(self, pairs, add):
        """pairs of (from, to): numbers of nodes from 1, or "world". Cuts may overlap."""
        for a, b in pairs:
            self.cut_by[self._port(a), self._port(b)] += 1 if add else -1
        elements = ", ".join(f"{a} . {b}" for (a, b), n in self.cut_by.items() if n)
        self.nft(self.switch, "flush set bridge faults cut" +
                 (f"\nadd element bridge faults cut {{ {elements} }}" if elements else ""))

    def target(self, how, address, port, add):
        verb = "add" if add else "delete"
        element = address if how == "swallow" else f"{address} . {port}"
        self.nft(self.world, f"{verb} element inet targets {how} {{ {element} }}")

    def late(self, number, add):
        self.nft(self.switch, f"{'add' if add else 'delete'} element bridge late late {{ v{number} }}")

    @property
    def ports(self):
        return [*(f"v{i + 1}" for i in range(len(self.names))), "vw"]


class ChaosNode(harness.Node):
    """A node with a disk of its own (a small tmpfs) and a page of faults (shim.c)."""

    def __init__(self, bed, name, **words):
        disk = bed.base / name
        disk.mkdir(parents=True)
        netns.run("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", str(disk))
        super().__init__(bed.base, name, timing=TIMING, **words)
        self.bed, self.letter, self.number = bed, "", 0
        self.log = bed.records.directory / f"{name}.log"
        self.page = bed.base / f"{name}.shim"
        self.faults = {"clock": 0, "sync": 0, "write": 0, "slow": 0}
        self.write_page()

    def env(self):
        return {**super().env(), "QUPTIME_LOG_LEVEL": "debug"}

    def write_page(self):
        f = self.faults
        with open(self.page, "r+b" if self.page.exists() else "w+b") as page:
            page.write(struct.pack("=qiii", int(f["clock"] * 1e9), f["sync"], f["write"], f["slow"]).ljust(4096, b"\0"))

    def set_faults(self, **faults):
        self.faults.update(faults)
        self.write_page()

    def start(self, wait=True, **more_env):
        super().start(wait=False, LD_PRELOAD=str(SHIM), CHAOS_SHIM=str(self.page), CHAOS_DISK=str(self.dir), **more_env)
        self.bed.journal.nodes[self.process.pid] = self.letter or self.name
        if wait:
            wait_for(f"{self.name} answers", lambda: self.alive() and
                     self.quctl("--json=short", "status", check=False).returncode != 3)
        return self


class Client:
    """client.c: one call at a time, each answered by what is known of it."""

    def __init__(self):
        self.process = subprocess.Popen([str(CLIENT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=harness.die_with_parent)

    def ask(self, node, *words, timeout=12.0):
        line = "\t".join([str(node.socket), str(int(timeout * 1000)), *map(str, words)])
        self.process.stdin.write(line.replace("\n", "\\n") + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise harness.Failure("the client ended")
        return harness.json.loads(answer)

    def call(self, node, member, *words, **more):
        return self.ask(node, "call", member, *words, **more)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Bed:
    def __init__(self, n, base, recorder):
        self.n, self.base, self.records = n, pathlib.Path(base), recorder
        self.names = names_of(n)
        self.running = True
        self.threads = []
        self.older_texts = []

    def up(self):
        self.network = netns_up(self.n)
        self.journal = Journal(self.records)
        with harness.in_namespace(None):
            self.journal.start()
        self.make_world()
        self.make_cluster()
        return self

    def node_of(self, address):
        for node in self.cluster.nodes:
            if node.address == address:
                return node.letter or node.name
        return address

    def make_world(self):
        world, address = self.network.world, self.network.world_address
        key, certificate = receivers.make_certificate(self.base, address)
        if CA_BUNDLE.exists():
            netns.run("mount", "--bind", str(certificate), str(CA_BUNDLE))
        where = {"address": address, "namespace": world}
        self.mail = receivers.Relay(self.records, self.node_of, port=25, **where).start()
        self.hook = receivers.Hook(self.records, self.node_of, port=443, key=key, certificate=certificate,
                                   **where).start()
        self.web = harness.HttpTarget(WEB, 80, world).start()
        self.port = harness.TcpTarget(PORT, 7000, world).start()
        self.watch = receivers.Watch(self.records, world, (WEB, 80), (PORT, 7000)).start()

    def make_cluster(self):
        self.cluster = harness.Cluster.__new__(harness.Cluster)
        self.cluster.base = self.base
        self.cluster.nodes = [ChaosNode(self, f"node{i + 1}", address=a, port=9901, namespace=ns) for i, (a, ns) in
                              enumerate(zip(self.network.addresses, self.network.names))]
        for number, node in enumerate(self.cluster.nodes, 1):
            node.number = number
        self.cluster.up()
        self.joined = now()
        for letter, node in zip(self.names, self.cluster.nodes):
            node.letter = letter
            self.journal.nodes[node.process.pid] = letter
        # what each said before it had a letter belongs to the letter too
        self.letters = {node.name: node.letter for node in self.cluster.nodes}
        self.configure()

    def configure(self):
        first, address = self.cluster.nodes[0], self.network.world_address
        first.quctl("alert", "add", "smtp", "mail", "--host", address, "--port", 25, "--from", "quptime@example.com",
                    *(w for r in RECIPIENTS for w in ("--to", r)), "--starttls=false")
        first.quctl("alert", "add", "discord", "hook", "--webhook", self.hook.url)
        first.quctl("alert", "add", "discord", "ledger", "--webhook", "https://192.0.2.100/never",
                    "--body", "begin")
        client = Client()
        both = "alert_ids[]=mail,hook"
        for words in (
                ("AddCheck", "id=web", "name=web", "type=http", f"target=http://{WEB}/", "interval=1s", "timeout=1s", both),
                ("AddCheck", "id=port", "name=port", "type=tcp", f"target={PORT}:7000", "interval=1s", "timeout=1s", both),
                ("AddCheck", "id=ping", "name=ping", "type=icmp", f"target={PING}", "interval=1s", "timeout=1s", both),
                *(("AddCheck", f"id=register-{i}", f"name=r{i}.begin", "type=tcp", f"target={PORT}:9",
                   "interval=24h", "timeout=1s") for i in range(6))):
            answer = client.call(first, *words)
            if answer["result"] != "done":
                raise harness.Failure(f"{words}: {answer}")
        self.version = first.status()["version"]
        client.stop()
        for check in ("web", "port", "ping"):
            self.cluster.all_see(check, "up")

    # ---- what nodes show ----

    def snapshot(self, client, node, timeout=1.0):
        answer = client.ask(node, "get", timeout=timeout)
        if answer["result"] != "done":
            return None
        shown = answer["reply"][0]
        return {"node": node.letter, "master": shown["Master"], "via": shown["MasterVia"], "term": shown["Term"],
                "version": shown["ConfigVersion"], "quorum": shown["Quorum"], "id": shown["NodeID"]}

    def look(self):
        """Snapshots and documents of all nodes, again and again."""
        def work():
            client, seen = Client(), {}
            while self.running:
                for node in self.cluster.nodes:
                    begin = now()
                    shown = self.snapshot(client, node) if node.process.poll() is None else None
                    if shown:
                        self.records.add("snapshot", begin=begin, **shown)
                    self.take_document(node, seen)
                time.sleep(0.2)
            client.stop()
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.threads.append(thread)

    def take_document(self, node, seen):
        try:
            text = (node.dir / "cluster.yaml").read_text()
        except (OSError, UnicodeDecodeError):
            return
        if seen.get(node) != text:
            seen[node] = text
            self.records.add("document", node=node.letter, source="file", text=text)
            self.older_texts = self.older_texts[-19:] + [text]

    def kept_documents(self):
        """The texts that each stopped node's register has kept."""
        import sqlite3
        for node in self.cluster.nodes:
            with sqlite3.connect(f"file:{node.dir}/state/register.db?mode=ro", uri=True) as db:
                for version, text in db.execute("SELECT version, text FROM documents ORDER BY version"):
                    self.records.add("document", node=node.letter, source="register", version=version,
                                     text=text_of(text))

    # ---- the end ----

    def stop_looking(self):
        self.running = False
        for thread in self.threads:
            thread.join()

    def down(self):
        """Stops all in order; what does not stop well is told."""
        complaints = []
        for node in self.cluster.nodes:
            try:
                node.stop()
            except (harness.Failure, subprocess.SubprocessError) as error:
                complaints.append(f"{node.letter}: {str(error)[:300]}")
                node.kill()
            complaints += [f"{node.letter}: {line}" for line in node.complaints()]
        self.watch.stop()
        self.journal.stop()
        return complaints

    def close(self):
        for node in getattr(getattr(self, "cluster", None), "nodes", []):
            node.kill()
        if getattr(self, "network", None):
            self.network.close()


def text_of(blob):
    """As the register keeps a text: packed by zlib or gzip (store/documents.c)."""
    return zlib.decompress(blob, wbits=47).decode() if blob[:1] in (b"\x1f", b"\x78") else blob.decode()


def netns_up(n):
    network = Network(n)
    return network.__enter__()


def copy_registers(bed, directory):
    for node in bed.cluster.nodes:
        shutil.copytree(node.dir / "state", directory / f"{node.letter}.state", dirs_exist_ok=True,
                        ignore=lambda _, names: [n for n in names if n.startswith("fill")])


def fill(node):
    """Not a byte is left."""
    path = node.dir / "state" / "fill"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        while True:
            for size in (1 << 20, 1 << 12):
                try:
                    while os.write(fd, b"\0" * size):
                        pass
                except OSError:
                    continue
            return
    finally:
        os.close(fd)


def unfill(node):
    (node.dir / "state" / "fill").unlink(missing_ok=True)
