#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The order of the rooms: no file of src/ includes a header of a later room, headers include each other in no
circle, the clients (ctl/, tui/, applet/) reach the daemon over the bus only, and the applet, which anybody could have
written, takes nothing but base/.

    includes.py ROOT [ORDER]    ORDER: the src/meson.build that lists the rooms, default ROOT's own
"""

import os
import re
import sys

from rooms import CLIENT_ROOMS, read_rooms, report, walk

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')

# what the client may not touch, and what it may all the same
DAEMON_ROOMS = ["store", "transport", "probes", "senders", "manager"]
CLIENT_MAY = ["store/paths.h"]
ONLY = {"applet": ["applet", "base"]}


def read_includes(source, path):
    with open(os.path.join(source, path), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1)


def room_of(path):
    return path.split("/")[0] if "/" in path else None


def check_order(source, files, order):
    for path in files:
        room = room_of(path)
        if room is not None and room not in order:
            yield f"src/{path}:1: the room {room}/ is not in the list of rooms"
            continue
        for number, target in read_includes(source, path):
            at = f"src/{path}:{number}: includes {target}"
            if not os.path.exists(os.path.join(source, target)):
                yield f"{at}, which is no path from src/"
            elif room is None:
                continue  # the mains, where everything meets
            elif room_of(target) is None:
                yield f"{at}, which belongs to no room"
            elif order.index(room_of(target)) > order.index(room):
                yield f"{at}, but {room_of(target)}/ comes after {room}/"
            elif room_of(target) not in ONLY.get(room, order):
                yield f"{at}, but {room}/ may include only {' and '.join(ONLY[room])}"
            elif room in CLIENT_ROOMS and room_of(target) in DAEMON_ROOMS and target not in CLIENT_MAY:
                yield f"{at}, but the client reaches the daemon over the bus only"


def check_cycles(source, files):
    graph = {path: [t for _, t in read_includes(source, path)] for path in files if path.endswith(".h")}
    done, trail = set(), []

    def visit(path):
        if path in trail:
            yield "src/" + " -> ".join(trail[trail.index(path) :] + [path]) + ": headers in a circle"
            return
        if path in done or path not in graph:
            return
        trail.append(path)
        for target in graph[path]:
            yield from visit(target)
        trail.pop()
        done.add(path)

    for path in sorted(graph):
        yield from visit(path)


def main():
    root = sys.argv[1]
    source = os.path.join(root, "src")
    pure, rest = read_rooms(sys.argv[2] if len(sys.argv) > 2 else os.path.join(source, "meson.build"))
    files = walk(source, [".c", ".h"])
    return report(
        [*check_order(source, files, pure + rest), *check_cycles(source, files)], f"includes of {len(files)} files"
    )


if __name__ == "__main__":
    sys.exit(main())
