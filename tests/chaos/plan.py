# SPDX-License-Identifier: LGPL-2.1-or-later
"""What will go wrong in a run: made from a seed alone, before anything runs.

A plan is a list of steps, each at a time since the faults began. Nodes are named by the rank of their NodeID ("A"
is the smallest), because the ids themselves are made anew for each cluster. A fault that lasts is two steps, begin
and end, with one number; what is still wrong at the end of the plan is healed by the bed.
"""

import random

# kind: (weight, shortest, longest) in seconds; a length of 0 is an instant
NODE_FAULTS = {
    "kill": (10, 0.1, 4.0),          # -9, and started again after so long
    "stop": (8, 0.4, 3.5),           # SIGSTOP, SIGCONT
    "disk-full": (4, 1.0, 5.0),
    "disk-refuses": (4, 0.5, 4.0),   # every write and sync fails
    "disk-sync-fails": (3, 0.5, 3.0),
    "disk-slow": (3, 1.0, 5.0),
    "clock": (6, 0, 0),              # stays until it is set again
    "strangers": (3, 1.0, 3.0),
    "edit": (8, 0, 0),
    "bad-edit": (5, 0, 0),
}
NET_FAULTS = {
    "cut-pair": (5, 0.5, 6.0),
    "cut-one-way": (5, 0.5, 6.0),
    "cut-from-peers": (4, 0.5, 6.0),
    "cut-from-all": (4, 0.5, 6.0),
    "cut-from-world": (5, 0.5, 6.0),
    "split": (4, 0.5, 6.0),
    "delay": (5, 1.0, 6.0),
}
ALL_FAULTS = {"kill-all": (1, 0.5, 2.0)}

TARGETS = {"web": ("refuse", "swallow", "status-500", "slow"), "port": ("refuse", "swallow"), "ping": ("swallow",)}
RELAYS = {
    "mail": ("refuse", "451", "550", "drop", "slow"),
    "hook": ("refuse", "429", "500", "404", "drop", "slow"),
}
FOR_GOOD = ("550", "404")  # what is refused so is not tried again
CLOCK_STEPS = (-86400.0, -3600.0, -30.0, -2.0, 2.0, 30.0, 3600.0, 86400.0, 0.0)
BAD_EDITS = ("typo", "value", "cut-off", "no-yaml", "restore", "new-peer", "empty")


def names_of(n):
    return [chr(ord("A") + i) for i in range(n)]


class Planner:
    def __init__(self, seed, nodes, seconds):
        self.random = random.Random(f"quptime chaos {nodes} {seed}")
        self.names = names_of(nodes)
        self.seconds = seconds
        self.steps = []
        self.number = 0
        self.busy = {}  # (what, node): until when

    def step(self, at, do, **words):
        self.steps.append({"at": round(at, 2), "do": do, **words})

    def lasting(self, at, length, kind, **words):
        self.number += 1
        self.step(at, "begin", kind=kind, number=self.number, length=round(length, 2), **words)
        self.step(min(at + length, self.seconds), "end", kind=kind, number=self.number, **words)

    def length(self, at, faults, kind):
        _, low, high = faults[kind]
        return min(self.random.uniform(low, high), self.seconds - at)

    def pick(self, faults):
        return self.random.choices(list(faults), [f[0] for f in faults.values()])[0]

    def idle(self, what, at):
        return [name for name in self.names if self.busy.get((what, name), 0) <= at]

    def take(self, what, names, until):
        for name in names:
            self.busy[what, name] = until + 0.3

    # ---- one fault each ----

    def node_fault(self, at):
        kind = self.pick(NODE_FAULTS)
        length = self.length(at, NODE_FAULTS, kind)
        what = "disk" if kind.startswith("disk") else "strangers" if kind == "strangers" else "process"
        idle = self.idle(what, at)
        if not idle:
            return
        node = self.random.choice(idle)
        if kind == "clock":
            self.step(at, "clock", node=node, by=self.random.choice(CLOCK_STEPS))
        elif kind == "edit":
            self.step(at, "edit", node=node, register=self.random.randrange(3), in_place=self.random.random() < 0.4)
        elif kind == "bad-edit":
            self.step(at, "bad-edit", node=node, how=self.random.choice(BAD_EDITS))
        else:
            self.take(what, [node], at + length)
            more = {"errno": self.random.choice((5, 28, 30))} if kind == "disk-refuses" else {}
            if kind == "disk-slow":
                more = {"ms": self.random.choice((20, 100, 400, 1500))}
            self.lasting(at, length, kind, node=node, **more)

    def net_fault(self, at):
        kind = self.pick(NET_FAULTS)
        length = self.length(at, NET_FAULTS, kind)
        idle = self.idle("net", at)
        if kind in ("cut-pair", "cut-one-way"):
            if len(idle) < 2:
                return
            a, b = self.random.sample(idle, 2)
            self.take("net", [a, b], at + length)
            self.lasting(at, length, kind, node=a, other=b)
        elif kind == "split":
            if len(idle) < len(self.names):
                return
            group = self.random.sample(self.names, self.random.randrange(1, len(self.names)))
            self.take("net", self.names, at + length)
            self.lasting(at, length, kind, group=sorted(group))
        elif idle:
            node = self.random.choice(idle)
            self.take("net", [node], at + length)
            more = {"ms": self.random.choice((20, 80, 250, 600)), "jitter": self.random.random() < 0.5} \
                if kind == "delay" else {}
            if kind == "cut-from-world":
                more = {"one_way": self.random.random() < 0.3}
            self.lasting(at, length, kind, node=node, **more)

    def kill_all(self, at):
        if len(self.idle("process", at)) < len(self.names):
            return
        length = self.length(at, ALL_FAULTS, "kill-all")
        self.take("process", self.names, at + length)
        self.lasting(at, length, "kill-all")

    # ---- what goes on beside ----

    def targets(self):
        for target, ways in TARGETS.items():
            at = self.random.uniform(0.5, 4.0)
            while at < self.seconds - 1:
                length = self.random.choice((self.random.uniform(0.3, 2.0), self.random.uniform(5.0, 12.0), self.random.uniform(5.0, 12.0)))
                length = min(length, self.seconds - at)
                self.lasting(at, length, "target", target=target, how=self.random.choice(ways))
                at += length + self.random.uniform(3.0, 9.0)

    def relays(self):
        for relay, ways in RELAYS.items():
            at = self.random.uniform(1.0, 8.0)
            while at < self.seconds - 2:
                how = self.random.choice(ways)
                length = self.random.uniform(0.5, 1.5) if how in FOR_GOOD else self.random.uniform(1.0, 5.0)
                length = min(length, self.seconds - at)
                self.lasting(at, length, "relay", relay=relay, how=how)
                at += length + self.random.uniform(2.0, 8.0)

    def make(self):
        at = 0.5
        while at < self.seconds - 0.5:
            self.random.choices((self.node_fault, self.net_fault, self.kill_all), (60, 38, 2))[0](at)
            at += self.random.expovariate(1.1)
        self.targets()
        self.relays()
        # an end comes before what begins at the same instant
        self.steps.sort(key=lambda s: (s["at"], s["do"] != "end"))
        return self.steps


def make(seed, nodes, seconds):
    return Planner(seed, nodes, seconds).make()


def in_words(step):
    """One line of the play."""
    node = step.get("node", "")
    words = {
        "kill": f"{node} is killed (-9)", "stop": f"{node} is stopped",
        "disk-full": f"{node}'s disk is full", "disk-refuses": f"{node}'s disk refuses writes",
        "disk-sync-fails": f"{node}'s disk fails to sync", "disk-slow": f"{node}'s disk is slow",
        "strangers": f"strangers flood {node}", "kill-all": "all are killed (-9)",
        "cut-pair": f"{node} and {step.get('other')} are cut off from each other",
        "cut-one-way": f"{step.get('other')} no longer hears {node}",
        "cut-from-peers": f"{node} is cut off from its peers",
        "cut-from-all": f"{node} is cut off from everything",
        "cut-from-world": f"{node} is cut off from the targets" + (", one way" if step.get("one_way") else ""),
        "split": f"{'+'.join(step.get('group', []))} and the others are cut off from each other",
        "delay": f"what {node} sends is late",
        "target": f"{step.get('target')} is down ({step.get('how')})",
        "relay": f"the relay of {step.get('relay')} is ill ({step.get('how')})",
    }
    if step["do"] == "begin":
        more = "".join(f", {k} {step[k]}" for k in ("ms", "jitter", "errno") if step.get(k))
        return f"{words[step['kind']]}{more}, for {step['length']:.1f} s"
    if step["do"] == "end":
        return f"no longer: {words[step['kind']]}"
    if step["do"] == "clock":
        return f"{node}'s wall clock is off by {step['by']:+.0f} s"
    if step["do"] == "edit":
        return f"{node}'s cluster.yaml is edited{', in place' if step['in_place'] else ''}"
    return f"{node}'s cluster.yaml is edited badly ({step['how']})"
