# SPDX-License-Identifier: LGPL-2.1-or-later
"""delayline NAMESPACE PORT DELAY_MS JITTER_MS - carries what comes in at a port of the bridge by hand, late.

A stand-in for tc's netem, which not every kernel has. The bridge itself drops what this port brings (the caller sees
to that); frames are seen by a packet socket before, held, and sent out at the port of the node that they are for. The
last byte of a node's hardware address is the number of its port; vw is the world's. With jitter, frames can overtake
each other. Offloads travel along (PACKET_VNET_HDR), so long frames stay whole.
"""

import heapq
import os
import pathlib
import random
import select
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import harness  # noqa: E402  pylint: disable=wrong-import-position

SOL_PACKET, PACKET_VNET_HDR, PACKET_OUTGOING = 263, 15, 4
HEADER = 10


def port_socket(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    s.bind((name, 3))
    s.setblocking(False)
    return s


def main(namespace, port, delay, jitter, *ports):
    with harness.in_namespace(namespace):
        sockets = {name: port_socket(name) for name in (port, *ports)}
    others = {number: sockets[name] for number, name in enumerate(ports, 1) if name != port}
    source, queue, number = sockets[port], [], 0
    print("ready", flush=True)
    while os.getppid() != 1:
        wait = min(0.5, max(0.0, queue[0][0] - time.monotonic())) if queue else 0.5
        if select.select([source], [], [], wait)[0]:
            frame, where = source.recvfrom(128 << 10)
            if where[2] != PACKET_OUTGOING:
                number += 1
                due = time.monotonic() + (delay + random.uniform(-jitter, jitter)) / 1000
                heapq.heappush(queue, (due, number, frame))
        while queue and queue[0][0] <= time.monotonic():
            frame = heapq.heappop(queue)[2]
            for last, s in others.items():
                if frame[HEADER] & 1 or frame[HEADER + 5] == last:
                    try:
                        s.send(frame)
                    except OSError:  # its queue is full, or the node is gone: lost, as on a cable
                        pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:])
