#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The webhooks of the tests: the path says what is answered.

    webhook-server.py FOLDER     FOLDER holds good.pem, foreign.pem (key and chain) and gets the bodies, post.N

Prints one line `NAME PORT …` and serves until standard input closes.
"""

import asyncio
import os
import ssl
import sys

folder = sys.argv[1]
n_posts = 0
n_now = 0
most = 0

ANSWERS = {
    "ok": (204, "", b""),
    "wait": (429, "Retry-After: 7\r\n", b'{"message": "You are being rate limited.", "retry_after": 1.5}'),
    "waitbody": (429, "", b'{"retry_after": 2.5}'),
    "waitforever": (429, "Retry-After: 99999999999\r\n", b""),
    "gone": (404, "", b'{"message": "Unknown Webhook", "code": 10015}'),
    "echo": (400, "", b'{"message": "bad token s3cr3t-t0ken at /hooks/echo/s3cr3t-t0ken"}'),
    "timeout": (408, "", b""),
    "early": (425, "", b""),
    "broken": (500, "", b"<html>oops</html>"),
    "busy": (503, "Retry-After: 3\r\n", b""),
    "moved": (302, "Location: /hooks/ok\r\n", b""),
    "deep": (400, "", b"[" * 100000),
    "huge": (400, "", b"x" * 1000000),
    "slow": (204, "", b""),
}


async def serve(reader, writer):
    global n_posts, n_now, most
    n_now += 1
    most = max(most, n_now)
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        length = next(int(l.split(":")[1]) for l in head.split("\r\n") if l.lower().startswith("content-length:"))
        body = await reader.readexactly(length)
        verb = path.split("/")[2]
        if verb == "mute":
            await asyncio.sleep(3600)
        if verb == "close":
            return
        if verb == "slow":
            await asyncio.sleep(0.1)
        n_posts += 1
        with open(f"{folder}/post.{n_posts}", "wb") as f:
            f.write(f"{most} ".encode() + head.encode() + body)
        status, fields, answer = ANSWERS[verb]
        writer.write(f"HTTP/1.1 {status} Reason\r\n{fields}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        n_now -= 1
        writer.close()


def context(name):
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    result.load_cert_chain(f"{folder}/{name}.pem")
    return result


async def main():
    async def listen(name, tls=None):
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        return f"{name} {server.sockets[0].getsockname()[1]}"

    print(await listen("http"), await listen("good", context("good")), await listen("foreign", context("foreign")),
          flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
