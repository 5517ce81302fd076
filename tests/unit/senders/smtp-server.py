#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The relays of the mail tests. What becomes of a mail is in its recipient's local part.

    smtp-server.py FOLDER     FOLDER holds good.pem, foreign.pem (key and chain) and gets the mails, mail.N

Prints one line `NAME PORT …` and serves until standard input closes.
"""

import asyncio
import logging
import os
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder = sys.argv[1]
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)
n_mails = 0


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.split("@")[0]
        refusals = {
            "refuse": "550 5.1.1 no such user",
            "later": "450 4.2.0 come back",
            "echo": "550 you said hunter22secret or aHVudGVyMjJzZWNyZXQ=\x1b[31m",
        }
        if local in refusals:
            return refusals[local]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global n_mails
        local = envelope.rcpt_tos[0].split("@")[0]
        if local == "drop":
            server.transport.abort()
            return "250 never seen"
        if local == "hang":
            await asyncio.sleep(3600)
        if local == "data550":
            return "554 5.7.1 spam"
        if local == "data450":
            return "451 4.3.0 disk full"
        n_mails += 1
        path = f"{folder}/mail.{n_mails}"
        with open(path + ".new", "wb") as f:
            f.write(f"{envelope.mail_from} {envelope.rcpt_tos[0]}\n".encode() + envelope.original_content)
        os.rename(path + ".new", path)
        return f"250 2.0.0 queued as {n_mails}"


def authenticate(server, session, envelope, mechanism, data):
    assert isinstance(data, LoginPassword)
    good = data.login == b"mailbot" and data.password == b"hunter22secret"
    return AuthResult(success=good, handled=True) if good else AuthResult(success=False, handled=False)


class NoGoodbye(SMTP):
    async def smtp_QUIT(self, arg):
        await asyncio.sleep(3600)


def context(name):
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    result.load_cert_chain(f"{folder}/{name}.pem")
    return result


async def main():
    loop = asyncio.get_running_loop()

    async def listen(name, kind=SMTP, tls=None, port=0, **options):
        try:
            server = await loop.create_server(
                lambda: kind(Handler(), hostname="relay.test", loop=loop, **options), "127.0.0.1", port, ssl=tls)
        except OSError:  # a port that is not for us
            return f"{name} 0"
        return f"{name} {server.sockets[0].getsockname()[1]}"

    auth = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": True}
    print(
        await listen("plain"),
        await listen("starttls", tls_context=context("good"), require_starttls=True, **auth),
        await listen("implicit", tls=context("good"), port=465, authenticator=authenticate, auth_required=True,
                     auth_require_tls=False),
        await listen("foreign", tls_context=context("foreign"), require_starttls=True),
        await listen("nogoodbye", NoGoodbye),
        flush=True,
    )
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


warnings.simplefilter("ignore")
asyncio.run(main())
