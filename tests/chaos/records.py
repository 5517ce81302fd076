# SPDX-License-Identifier: LGPL-2.1-or-later
"""The records of a run: what the checker proves from, and what stays on disk for who doubts it.

One file of JSON lines per kind; every line has "t", CLOCK_BOOTTIME in seconds of the machine that all of it ran on
(the daemons' wall clocks are set at will, this one is not). Kinds:

  journal     each entry of each daemon as it reached the journal's socket: node, pid, and all of its fields
  client      each change that was asked for: token, what, node, begin, end, result, version
  snapshot    what a node's bus showed: term, master, version
  document    each text of cluster.yaml that a node kept or showed: node, version, text
  mail, hook  each attempt that reached a receiver: from which node, message, whether the answer went out
  fault       each fault as it was carried out: number, kind, begin and end
  target      how each target was, from when
  probe       what a look from the targets' own host found: the truth about slow answers
  final       what each node's bus showed when all had healed
"""

import json
import pathlib
import threading
import time

# message ids of the journal (quptime-journal(7))
MASTER, MASTER_NO_MORE, DELIVERED, REFUSED, GAVE_UP = (
    f"2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a{i}" for i in ("06", "1d", "12", "14", "15"))

KINDS = ("journal", "client", "snapshot", "document", "mail", "hook", "fault", "target", "probe", "final")


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Recorder:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.files = {kind: open(self.directory / f"{kind}.jsonl", "w", encoding="utf-8") for kind in KINDS}

    def add(self, kind, /, **fields):
        fields.setdefault("t", now())
        line = json.dumps(fields, ensure_ascii=False) + "\n"
        with self.lock:
            if not self.files[kind].closed:
                self.files[kind].write(line)

    def close(self):
        with self.lock:
            for file in self.files.values():
                file.close()

    def save(self, name, value):
        (self.directory / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


class Records:
    """All lines, by kind, in the order of time, and run.json as .run."""

    def __init__(self, run, lines):
        self.run = run
        self.lines = {kind: sorted(lines.get(kind, []), key=lambda x: x["t"]) for kind in KINDS}
        for line in self.lines["journal"]:  # a node has no letter before its NodeID is known
            line["node"] = run.get("letters", {}).get(line["node"], line["node"])

    def __getattr__(self, kind):
        if kind in KINDS:
            return self.lines[kind]
        raise AttributeError(kind)

    @classmethod
    def load(cls, directory):
        directory = pathlib.Path(directory)
        lines = {}
        for kind in KINDS:
            with open(directory / f"{kind}.jsonl", encoding="utf-8") as file:
                lines[kind] = [json.loads(line) for line in file if line.strip()]
        return cls(json.loads((directory / "run.json").read_text()), lines)
