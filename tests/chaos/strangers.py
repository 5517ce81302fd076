# SPDX-License-Identifier: LGPL-2.1-or-later
"""strangers ADDRESS PORT SEED - connects to a peer port, again and again, with nothing to say that it should hear:
noise, silence, half a TLS handshake, a TLS session with a key that nobody knows, frames without a right."""

import random
import select
import socket
import ssl
import sys
import time

OPEN_MAX = 60


def connect(address, port):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex((address, port))
    return s


def tls(address, port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    s = socket.create_connection((address, port), timeout=1)
    s = context.wrap_socket(s)
    body = b'{"jsonrpc":"2.0","method":"cluster.vote","params":{"term":999999}}'
    s.sendall(len(body).to_bytes(4, "big") + body)
    return s


def main(address, port, seed):
    chance = random.Random(seed)
    opened = []
    while True:
        try:
            if chance.random() < 0.1:
                opened.append(tls(address, port))
            else:
                s = connect(address, port)
                opened.append(s)
                if chance.random() < 0.7 and select.select([], [s], [], 0.02)[1]:
                    s.send(chance.choice((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/1.0\r\n\r\n",
                                          chance.randbytes(300), b"\x00\x00\x10\x00" + b"{" * 4096)))
        except OSError:
            pass
        while len(opened) > OPEN_MAX:
            opened.pop(chance.randrange(len(opened))).close()
        time.sleep(0.005)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
