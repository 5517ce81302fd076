# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where alerts go, and what is watched; each can be made ill, and records all that reaches it.

The relay speaks SMTP (aiosmtpd), the webhook HTTPS. "drop" takes the message and closes without a word, so the
sender cannot know. The source address of a connection says which node made it.
"""

import http.server
import json
import socket
import ssl
import subprocess
import threading
import time

import harness
from records import now


class Relay(harness.SmtpReceiver):
    """.how: None, "451", "550", "drop" or "slow"; "refuse" is the network's."""

    def __init__(self, recorder, node_of, **where):
        super().__init__(**where)
        self.recorder, self.node_of, self.how = recorder, node_of, None

    def start(self):
        import asyncio
        from aiosmtpd.smtp import SMTP
        relay = self

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                envelope.began = now()
                how = relay.how
                if how in ("451", "550"):
                    relay.recorder.add("mail", node=relay.node_of(session.peer[0]), recipient=address, taken=False,
                                       how=how, begin=envelope.began, end=now(), answered=True)
                    return "451 4.7.1 try again later" if how == "451" else "550 5.1.1 no such user here"
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server, session, envelope):
                how = relay.how
                mail = harness.Mail(envelope.mail_from, list(envelope.rcpt_tos), envelope.content)
                line = {"node": relay.node_of(session.peer[0]), "recipient": envelope.rcpt_tos[0], "taken": True,
                        "how": how, "begin": envelope.began, "dot": now(), "message_id": mail.message_id,
                        "subject": mail.subject, "bytes": envelope.content.decode("latin-1")}
                if how == "slow":
                    await asyncio.sleep(2.0)
                if how == "drop" or server.transport is None or server.transport.is_closing():
                    relay.recorder.add("mail", **line, end=now(), answered=False)
                    if server.transport is not None:
                        server.transport.abort()
                    raise ConnectionResetError
                relay.recorder.add("mail", **line, end=now(), answered=True)
                return "250 2.0.0 Ok: queued"

            async def handle_exception(self, error):
                return "421 4.3.0 closing"

        class Server(SMTP):
            pass

        with harness.in_namespace(self.namespace):
            listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, self.port))
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        def serve():
            asyncio.set_event_loop(self.loop)
            self.loop.set_exception_handler(lambda loop, context: None)  # a peer that was killed
            self.server = self.loop.run_until_complete(self.loop.create_server(
                lambda: Server(Handler(), hostname="relay.test", loop=self.loop), sock=listener))
            started.set()
            self.loop.run_forever()

        threading.Thread(target=serve, daemon=True).start()
        if not started.wait(10 * harness.PATIENCE):
            raise harness.Failure("the relay did not start")
        return self


def make_certificate(directory, address):
    """A certificate for an address, its own authority; the paths of key and certificate."""
    key, certificate = directory / "hook.key", directory / "hook.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-subj", "/CN=hook.test", "-addext", f"subjectAltName=IP:{address}",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return key, certificate


class ThreadingServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


class Hook:
    """.how: None, "429", "500", "404", "drop" or "slow"."""

    def __init__(self, recorder, node_of, address, port, namespace, key, certificate):
        self.recorder, self.node_of, self.how = recorder, node_of, None
        self.address, self.port, self.namespace = address, port, namespace
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)

    def start(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 20

            def setup(self):
                self.request = hook.context.wrap_socket(self.request, server_side=True)
                super().setup()

            def do_POST(self):
                begin = now()
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                how, dot = hook.how, now()
                line = {"node": hook.node_of(self.client_address[0]), "recipient": "webhook", "how": how,
                        "begin": begin, "dot": dot, "bytes": body.decode(),
                        "content": json.loads(body).get("content", "")}
                if how == "slow":
                    time.sleep(2.0)
                status = {"429": 429, "500": 500, "404": 404}.get(how, 204)
                answered = how != "drop"
                if answered:
                    try:
                        self.send_response(status)
                        if how == "429":
                            self.send_header("Retry-After", "1")
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                    except OSError:
                        answered = False
                hook.recorder.add("hook", **line, end=now(), status=status, taken=status == 204, answered=answered)
                self.close_connection = True

            def log_message(self, *_):
                pass

        with harness.in_namespace(self.namespace):
            self.server = ThreadingServer((self.address, self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    @property
    def url(self):
        return f"https://{self.address}:{self.port}/api/webhooks/1/token-of-the-webhook"


class Watch:
    """Looks at the targets from their own host all the time: a target that answers slowly because this machine is
    busy is no fault of the daemons."""

    def __init__(self, recorder, namespace, web, port):
        self.recorder, self.namespace, self.web, self.port = recorder, namespace, web, port
        self.running = True

    def start(self):
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def _look(self, where, request):
        begin = now()
        try:
            with harness.in_namespace(self.namespace):
                s = socket.socket()
            with s:
                s.settimeout(3)
                s.connect(where)
                if request:
                    s.sendall(request)
                    while s.recv(4096):
                        pass
            return begin, now()
        except OSError:
            return begin, None

    def _watch(self):
        while self.running:
            for name, where, request in (("web", self.web, b"GET / HTTP/1.0\r\n\r\n"), ("port", self.port, b"")):
                begin, end = self._look(where, request)
                if end is None or end - begin > 0.3:
                    self.recorder.add("probe", target=name, begin=begin, end=end or now(), failed=end is None)
            time.sleep(0.1)

    def stop(self):
        self.running = False
        self.thread.join()
