# SPDX-License-Identifier: LGPL-2.1-or-later
"""A journal of our own: /run/systemd/journal/socket in the run's mount namespace, where every daemon believes to
find journald. What a daemon said before it died is in the socket's queue, so nothing is lost by kill -9. The format
is the native one: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/"""

import array
import os
import pathlib
import socket
import struct
import threading

from records import now

SOCKET = pathlib.Path("/run/systemd/journal/socket")


def parse(data):
    fields = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = struct.unpack("<Q", data[:8])[0]
            value, data = data[8:8 + size], data[9 + size:]
        fields[name.decode()] = value.decode(errors="replace")
    return fields


class Journal:
    def __init__(self, recorder):
        self.recorder = recorder
        self.nodes = {}  # pid: name of the node
        self.listeners = []

    def start(self):
        SOCKET.parent.mkdir(parents=True, exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(str(SOCKET))
        os.chmod(SOCKET, 0o666)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        return self

    def _read(self):
        while True:
            data, ancillary, _, _ = self.socket.recvmsg(256 << 10, socket.CMSG_SPACE(12) + socket.CMSG_SPACE(64))
            at = now()
            pid = 0
            for level, kind, payload in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                    pid = struct.unpack("=iII", payload[:12])[0]
                elif level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:  # too long for a datagram
                    fds = array.array("i")
                    fds.frombytes(payload[:len(payload) - len(payload) % fds.itemsize])
                    with open(fds[0], "rb") as file:
                        file.seek(0)
                        data = file.read()
            if data == b"end":
                return
            if pid in self.nodes:
                self.recorder.add("journal", t=at, node=self.nodes[pid], pid=pid, **parse(data))

    def stop(self):
        """All that is in the queue is read first."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(str(SOCKET))
            s.send(b"end")
        self.thread.join()
