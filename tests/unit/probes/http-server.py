#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The targets of the HTTP tests: answers right, wrong, slowly, piecemeal or not at all.

    http-server.py FOLDER     FOLDER holds good.pem, expired.pem, foreign.pem, other.pem (key and chain)

Prints one line `NAME PORT …` and serves until standard input closes.
"""

import asyncio
import base64
import os
import re
import ssl
import sys
import warnings


def head(status, reason, *fields):
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *fields, "", ""]).encode("latin-1")


def full(body, status=200, reason="OK", *fields):
    return head(status, reason, f"Content-Length: {len(body)}", *fields) + body


async def dribble(writer, piece, pause):
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)


async def answer(path, fields, writer):
    words = path.strip("/").split("/", 1)
    verb, rest = words[0], words[1] if len(words) > 1 else ""
    if verb == "ok":
        writer.write(full(b"hello world"))
    elif verb == "status":
        status, _, reason = rest.partition("/")
        writer.write(full(b"", status, reason.replace("_", " ").replace("ESC", "\x1b[31m")))
    elif verb == "redirect":
        n = int(rest)
        writer.write(full(b"there") if n == 0 else full(b"", 302, "Found", f"Location: /redirect/{n - 1}"))
    elif verb == "to":
        writer.write(full(b"", 307, "Temporary Redirect", f"location:  {rest}"))
    elif verb == "early":
        writer.write(head(103, "Early Hints", "Link: </x>") + full(b"hello"))
    elif verb == "chunked":
        writer.write(head(200, "OK", "Transfer-Encoding: chunked"))
        for piece in (b"aaNE", b"ENEE", b"D", b"LE", b"zz"):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(b"0\r\nTrailer: x\r\n\r\n")
    elif verb == "at":
        writer.write(head(200, "OK") + b"x" * int(rest) + b"NEEDLE" + b"x" * 4096)
    elif verb == "endless":
        writer.write(head(200, "OK") + b"NEEDLE" * (rest == "needle"))
        await dribble(writer, b"x" * 65536, 0)
    elif verb == "slow":
        writer.write(head(200, "OK"))
        await dribble(writer, b"x", 0.02)
    elif verb == "mute":
        await asyncio.sleep(3600)
    elif verb == "cut":
        writer.write(head(200, "OK", "Content-Length: 100") + b"only this")
    elif verb == "headers":
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await dribble(writer, b"X-Filler: " + b"y" * 8000 + b"\r\n", 0)
    elif verb == "close":
        pass
    elif verb == "noise":
        writer.write(b"220 not what you think\r\n")
    elif verb == "agent":
        writer.write(full(b"") if re.match(r"quptime/\d", fields.get("user-agent", "")) else full(b"", 400, "Bad"))
    elif verb == "auth":
        right = "Basic " + base64.b64encode("us er:p@ss".encode()).decode()
        given = fields.get("authorization", "")
        writer.write(full(b"") if given == right else full(b"", 401, "Unauthorized"))
    elif verb == "noauth":
        writer.write(full(b"") if "authorization" not in fields else full(b"", 400, "Leaked"))
    else:
        writer.write(full(b"", 404, "Not Found"))


async def serve(reader, writer):
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict((k.lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines[1:] if line))
        await answer(lines[0].split(" ")[1], fields, writer)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def context(path):
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    result.load_cert_chain(path)
    return result


def old_context(path):
    result = context(path)
    result.minimum_version = ssl.TLSVersion.TLSv1
    result.maximum_version = ssl.TLSVersion.TLSv1_1
    result.set_ciphers("ALL:@SECLEVEL=0")
    return result


async def main(folder):
    async def listen(name, host, tls=None):
        server = await asyncio.start_server(serve, host, 0, ssl=tls)
        return f"{name} {server.sockets[0].getsockname()[1]}"

    print(
        await listen("http", "127.0.0.1"),
        await listen("http6", "::1"),
        *[await listen(name, "127.0.0.1", context(f"{folder}/{name}.pem"))
          for name in ("good", "expired", "foreign", "other")],
        await listen("old", "127.0.0.1", old_context(f"{folder}/good.pem")),
        flush=True,
    )
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


    os._exit(0)  # what still hangs in an answer goes down with the process


warnings.simplefilter("ignore", DeprecationWarning)  # the old protocols are meant to be old
asyncio.run(main(sys.argv[1]))
