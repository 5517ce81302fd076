# SPDX-License-Identifier: LGPL-2.1-or-later
"""Strangers at the peer port cost little and change nothing."""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time

import harness
from harness import Cluster, HttpTarget, rss_kib, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")
SANITIZED = "sanitize" in str(harness.BUILD) or b"__asan_init" in harness.QUPTIMED.read_bytes()


def certificate(directory, name, extra_bytes=0):
    """A self-signed one; with a comment that makes it big."""
    key, cert, config = (pathlib.Path(directory) / f"{name}.{s}" for s in ("key", "pem", "cnf"))
    config.write_text("[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=stranger\n[ext]\n"
                      + (f"nsComment=\"{'x' * extra_bytes}\"\n" if extra_bytes else "basicConstraints=CA:FALSE\n"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-config", config], check=True, capture_output=True)
    return str(cert), str(key)


def context(pair):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    c.load_cert_chain(*pair)
    return c


def stranger_of_huge_frames(port, pair):
    s = context(pair).wrap_socket(socket.create_connection(("127.0.0.1", port), 5))
    s.sendall((16 * 1024 * 1024).to_bytes(4, "big") + b"{" * 1000)
    return s


def stranger_with_a_huge_certificate(port, pair):
    raw = socket.create_connection(("127.0.0.1", port), 5)
    with contextlib.suppress(OSError):
        return context(pair).wrap_socket(raw)
    return raw


def stranger_that_stalls(port, _pair):
    s = socket.create_connection(("127.0.0.1", port), 5)
    s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # the beginning of a ClientHello
    return s


def test_twelve_strangers():
    target = HttpTarget().start()
    with Cluster(3) as cluster, tempfile.TemporaryDirectory() as directory:
        cluster.up()
        node = cluster.nodes[0]
        node.quctl("check", "add", "http", "homepage", target.url, *FAST)
        cluster.all_see("homepage", "up")
        pairs = [certificate(directory, "small"), certificate(directory, "large", 100_000), None]
        kinds = [stranger_of_huge_frames, stranger_with_a_huge_certificate, stranger_that_stalls]
        # what the first handshakes of a process cost once is no stranger's doing
        for kind, pair in zip(kinds, pairs):
            with contextlib.suppress(OSError):
                kind(node.port, pair).close()
        term = node.status()["term"]
        before = rss_kib(node.process.pid)
        peak, strangers = 0, []
        for i in range(12):
            with contextlib.suppress(OSError):
                strangers.append(kinds[i % 3](node.port, pairs[i % 3]))
            peak = max(peak, rss_kib(node.process.pid))
        begin = time.monotonic()
        while time.monotonic() - begin < 3:
            peak = max(peak, rss_kib(node.process.pid))
            time.sleep(0.05)
        print(f"# resident before {before} KiB, at most {peak} KiB with 12 strangers: +{peak - before} KiB")
        if not SANITIZED:
            assert peak - before < 1024, f"{peak - before} KiB"
        # trusted peers notice nothing
        status = node.status()
        assert status["term"] == term and all(p["live"] for p in status["peers"]), status
        assert status["checks"][0]["ok"] == 3
        for s in strangers:
            s.close()

        # a flood does not keep a peer out: the last one is restarted in the middle of it
        last = cluster.nodes[-1]
        last.stop()
        flood = []
        for _ in range(100):
            with contextlib.suppress(OSError):
                flood.append(stranger_that_stalls(node.port, None))
        last.start()
        wait_for("it is back", lambda: all(p["live"] for p in node.status()["peers"]))
        for s in flood:
            s.close()
    target.stop()


if __name__ == "__main__":
    harness.main(globals())
