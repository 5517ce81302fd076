# SPDX-License-Identifier: LGPL-2.1-or-later
"""Carries out a plan on a bed, records what it did and when, and heals all of it at the end."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import bed as beds
import harness
import plan as plans
from records import now

HERE = os.path.dirname(os.path.abspath(__file__))


class Nemesis:
    def __init__(self, bed, seed, say):
        self.bed, self.say = bed, say
        self.random = random.Random(f"edits {seed}")
        self.nodes = {node.letter: node for node in bed.cluster.nodes}
        self.open = {}  # number: what undoes it
        self.helpers = []
        self.edits = 0

    def carry_out(self, steps):
        begin = now()
        for step in steps:
            time.sleep(max(0.0, begin + step["at"] - now()))
            self.say(f"{now() - begin:6.2f}  {plans.in_words(step)}")
            if step["do"] == "end":
                self.end(step["number"])
            elif step["do"] == "begin":
                self.begin(step)
            else:
                self.instant(step)

    # ---- what lasts ----

    def begin(self, step):
        at = now()
        undo = getattr(self, step["kind"].replace("-", "_"))(step)
        words = {k: v for k, v in step.items() if k not in ("at", "do")}
        self.bed.records.add("fault", t=at, what="begin", done=now(), **words)
        self.open[step["number"]] = (undo, words)

    def end(self, number):
        undo, words = self.open.pop(number, (None, None))
        if words:
            at = now()
            undo()
            self.bed.records.add("fault", t=at, what="end", done=now(), **words)

    def instant(self, step):
        node = self.nodes[step["node"]]
        words = {k: v for k, v in step.items() if k not in ("at", "do")}
        if step["do"] == "clock":
            node.set_faults(clock=step["by"])
            self.bed.records.add("fault", what="instant", kind="clock", **words)
            return
        try:
            words["token"] = self.edit(node, step)
        except (OSError, UnicodeDecodeError) as error:  # a full disk, most likely
            words["error"] = str(error)
        self.bed.records.add("fault", what="instant", kind=step["do"], **words)

    # ---- processes ----

    def kill(self, step):
        node = self.nodes[step["node"]]
        node.kill(signal.SIGKILL)
        return lambda: node.start(wait=False)

    def kill_all(self, step):
        for node in self.nodes.values():
            node.process.send_signal(signal.SIGKILL)
        for node in self.nodes.values():
            node.process.wait()
        return lambda: [node.start(wait=False) for node in self.nodes.values()]

    def stop(self, step):
        process = self.nodes[step["node"]].process
        process.send_signal(signal.SIGSTOP)
        return lambda: process.send_signal(signal.SIGCONT)

    # ---- disks ----

    def disk_full(self, step):
        node = self.nodes[step["node"]]
        beds.fill(node)
        return lambda: beds.unfill(node)

    def _disk(self, step, **faults):
        node = self.nodes[step["node"]]
        node.set_faults(**faults)
        return lambda: node.set_faults(**{name: 0 for name in faults})

    def disk_refuses(self, step):
        return self._disk(step, write=step["errno"], sync=step["errno"])

    def disk_sync_fails(self, step):
        return self._disk(step, sync=5)

    def disk_slow(self, step):
        return self._disk(step, slow=step["ms"] * 1000)

    # ---- the network ----

    def _cut(self, pairs):
        number = {letter: node.number for letter, node in self.nodes.items()}
        pairs = [tuple(number.get(x, x) for x in pair) for pair in pairs]
        self.bed.network.cuts(pairs, add=True)
        return lambda: self.bed.network.cuts(pairs, add=False)

    @staticmethod
    def _both(group, others):
        return [p for a in group for b in others for p in ((a, b), (b, a))]

    def cut_pair(self, step):
        return self._cut(self._both([step["node"]], [step["other"]]))

    def cut_one_way(self, step):
        return self._cut([(step["node"], step["other"])])

    def cut_from_peers(self, step):
        return self._cut(self._both([step["node"]], [x for x in self.nodes if x != step["node"]]))

    def cut_from_all(self, step):
        return self._cut(self._both([step["node"]], [*(x for x in self.nodes if x != step["node"]), "world"]))

    def cut_from_world(self, step):
        pairs = self._both([step["node"]], ["world"])
        return self._cut(pairs[:1] if step["one_way"] else pairs)

    def split(self, step):
        return self._cut(self._both(step["group"], [x for x in self.nodes if x not in step["group"]]))

    def delay(self, step):
        network, number = self.bed.network, self.nodes[step["node"]].number
        line = subprocess.Popen(
            [sys.executable, "-B", os.path.join(HERE, "delayline.py"), network.switch, f"v{number}", str(step["ms"]),
             str(step["ms"] / 2 if step.get("jitter") else 0), *network.ports],
            stdout=subprocess.PIPE, text=True, preexec_fn=harness.die_with_parent)
        line.stdout.readline()
        network.late(number, add=True)

        def undo():
            network.late(number, add=False)
            line.kill()
            line.wait()
        return undo

    def strangers(self, step):
        node = self.nodes[step["node"]]
        flood = subprocess.Popen(
            ["ip", "netns", "exec", self.bed.network.world, sys.executable, "-B", os.path.join(HERE, "strangers.py"),
             node.address, str(node.port), str(step["number"])], preexec_fn=harness.die_with_parent)

        def undo():
            flood.kill()
            flood.wait()
        return undo

    # ---- targets and relays ----

    def target(self, step):
        bed, name, how = self.bed, step["target"], step["how"]
        address, port = {"web": (beds.WEB, 80), "port": (beds.PORT, 7000), "ping": (beds.PING, 0)}[name]
        if how == "status-500":
            bed.web.status = 500
            return lambda: setattr(bed.web, "status", 200)
        if how == "slow":
            bed.web.delay = 3.0
            return lambda: setattr(bed.web, "delay", 0)
        bed.network.target(how, address, port, add=True)
        return lambda: bed.network.target(how, address, port, add=False)

    def relay(self, step):
        bed, how = self.bed, step["how"]
        if how == "refuse":
            port = 25 if step["relay"] == "mail" else 443
            bed.network.target("refuse", bed.network.world_address, port, add=True)
            return lambda: bed.network.target("refuse", bed.network.world_address, port, add=False)
        relay = bed.mail if step["relay"] == "mail" else bed.hook
        relay.how = how
        return lambda: setattr(relay, "how", None)

    # ---- cluster.yaml ----

    def edit(self, node, step):
        path = node.dir / "cluster.yaml"
        text = path.read_text()
        if step["do"] == "bad-edit":
            return self.save(node, self.spoil(text, step["how"]), in_place=step["how"] == "cut-off")
        self.edits += 1
        token = f"h{step['register']}.{self.edits}"
        changed = re.sub(rf"(- id: register-{step['register'] + 3}\n(?:\s+.*\n)*?\s+name: )\S+", rf"\g<1>{token}", text)
        if changed == text:
            raise OSError("the file does not show what is to be edited")
        self.save(node, changed, in_place=step["in_place"])
        return token

    def spoil(self, text, how):
        if how == "restore":  # some older text of some node, as it was
            return self.random.choice(self.bed.older_texts or [text])
        return {
            "typo": text.replace("interval:", "intervall:", 1).replace("name: r0", "name: bad-r0"),
            "value": text.replace("interval: 24h", "interval: 5ms", 1),
            "cut-off": text[:len(text) * 2 // 3],
            "no-yaml": text.replace("checks:", "checks: [", 1),
            "new-peer": text.replace("peers:\n", "peers:\n  - node_id: 00000000-0000-4000-8000-000000000000\n"
                                     "    advertise: 127.0.0.1:1\n", 1),
            "empty": "",
        }[how]

    def save(self, node, text, in_place):
        path = node.dir / "cluster.yaml"
        if in_place:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return None
        draft = node.dir / ".draft"
        draft.write_text(text)
        draft.chmod(0o600)
        os.rename(draft, path)
        return None

    # ---- the end ----

    def heal(self):
        for number in sorted(self.open):
            self.end(number)
        for node in self.nodes.values():
            node.set_faults(clock=0, sync=0, write=0, slow=0)
            if node.process.poll() is not None:
                node.start(wait=False)
        self.bed.records.add("fault", what="instant", kind="healed")


class Guard(threading.Thread):
    """Starts a daemon again that ended by itself, as systemd would (Restart=on-failure), and records that. The thread
    lives on when it is told to stop: a daemon dies with the thread that started it (PR_SET_PDEATHSIG)."""

    def __init__(self, bed, nemesis):
        super().__init__(daemon=True)
        self.bed, self.nemesis, self.running = bed, nemesis, True

    def run(self):
        while True:
            for node in self.bed.cluster.nodes if self.running else []:
                code = node.process.poll()
                if code is not None and code != -signal.SIGKILL:
                    self.bed.records.add("fault", what="instant", kind="ended", node=node.letter, code=code)
                    time.sleep(0.3)
                    node.start(wait=False)
            time.sleep(0.1)

    def stop(self):
        self.running = False
