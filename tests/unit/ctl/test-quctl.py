#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real quctl against a fake daemon: what each verb sends and prints, exit statuses, JSON, secrets, prompts.

usage: test-quctl.py QUCTL FAKE-DAEMON
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

SELF = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
FINGERPRINT = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
WAIT = 30  # seconds; a bound, never a pause

QUCTL, FAKE = (os.path.abspath(path) for path in sys.argv[1:3])


def wait_for(condition, what):
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited too long for {what}")


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="quctl-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.socket = os.path.join(self.dir, "q.sock")
        self.log = os.path.join(self.dir, "log")
        self.env = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": self.dir,
            "EDITOR": "true",
            "XDG_RUNTIME_DIR": self.dir,
            "QUPTIME_SOCKET": self.socket,
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.dir}/no-system-bus",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.dir}/no-session-bus",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def end(self, process):
        if process.poll() is None:
            process.terminate()
        process.wait(WAIT)
        if process.stdout:
            process.stdout.close()

    def daemon(self, *options, where=None):
        where = where or [f"--socket={self.socket}"]
        process = subprocess.Popen(
            [FAKE, *where, f"--log={self.log}", *options], stdout=subprocess.PIPE, env=self.env
        )
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def bus(self):
        """A message bus of our own, which everyone may use; its address."""
        config = os.path.join(self.dir, "bus.conf")
        address = f"unix:path={self.dir}/bus"
        with open(config, "w", encoding="utf-8") as file:
            file.write(
                f"<busconfig><type>session</type><listen>{address}</listen><policy context='default'>"
                "<allow user='*'/><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>"
                "<allow own='*'/></policy></busconfig>"
            )
        bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            env=self.env,
        )
        self.addCleanup(self.end, bus)
        self.assertTrue(bus.stdout.readline())
        self.env.pop("QUPTIME_SOCKET", None)
        if os.geteuid() == 0:
            self.env["RUNTIME_DIRECTORY"] = self.dir
        return address

    def run_quctl(self, *args, input="", status=0, env=None):
        done = subprocess.run(
            [QUCTL, *args],
            input=input,
            capture_output=True,
            text=True,
            timeout=WAIT,
            env={**self.env, **(env or {})},
        )
        self.assertEqual(done.returncode, status, (args, done.stdout, done.stderr))
        if status not in (0, 4, 5):
            # what goes on below is indented, so that it cannot be taken for another line of quctl's
            self.assertRegex(done.stderr, r"\Aerror: [^\n]+\n(    [^\n]*\n)*\Z", args)
        return done

    def out(self, *args, **kwargs):
        return self.run_quctl(*args, **kwargs).stdout

    def error(self, *args, **kwargs):
        return self.run_quctl(*args, **kwargs).stderr

    def calls(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def last(self, member):
        call = self.calls()[-1]
        self.assertEqual(call["member"], member)
        return call["args"]


class Status(Case):
    def test_text(self):
        self.daemon()
        self.assertEqual(
            self.out("status"),
            f"""\
node        {SELF}
term        2
master      {SELF}
quorum      true (need 2)
config ver  4

PEERS
   NODE_ID                               ADVERTISE               LIVE   LAST_SEEN
*  {SELF}  alpha.example.com:9901  true   2026-05-12T15:01:32Z
   {OTHER}  bravo:9901              false  -
(* = this node)

CHECKS
ID                                    NAME      STATE  OK/TOTAL  ALERTS       DETAIL
00000000-0000-4000-8000-000000000000  homepage  up     3/3       oncall,ops*
00000001-0000-4000-8000-000000000000  db1       down   1/3       -            dial timeout
(alerts marked * are attached as defaults)
""",
        )
        self.assertEqual(self.calls()[-1], {"member": "ListChecks", "args": [0, 1000]})

    def test_no_legend_and_quiet(self):
        self.daemon()
        text = self.out("status", "--no-legend")
        self.assertNotIn("NODE_ID", text)
        self.assertNotIn("(* =", text)
        self.assertNotIn("marked", text)
        self.assertIn("homepage", text)
        self.assertEqual(self.out("-q", "status"), "")

    def test_hint_via_stale(self):
        self.daemon("--hint=two nodes: neither may die", f"--via={OTHER}", "--stale")
        text = self.out("status")
        self.assertIn(f"\nmaster      {SELF} via {OTHER}\n", text)
        self.assertIn("\nhint        two nodes: neither may die\n", text)
        self.assertIn("up (stale 4m)  3/3", text)

    def test_json(self):
        self.daemon()
        for mode in ("short", "pretty"):
            text = self.out(f"--json={mode}", "status")
            self.assertEqual(text.count("\n") == 1, mode == "short")
            self.assertEqual(
                json.loads(text),
                {
                    "node": SELF,
                    "term": 2,
                    "master": SELF,
                    "quorum": {"met": True, "live": 3, "need": 2},
                    "version": 4,
                    "peers": [
                        {
                            "node_id": SELF,
                            "advertise": "alpha.example.com:9901",
                            "live": True,
                            "last_seen": "2026-05-12T15:01:32Z",
                        },
                        {"node_id": OTHER, "advertise": "bravo:9901", "live": False, "last_seen": None},
                    ],
                    "checks": [
                        {
                            "id": "00000000-0000-4000-8000-000000000000",
                            "name": "homepage",
                            "type": "http",
                            "target": "https://example.com",
                            "state": "up",
                            "ok": 3,
                            "total": 3,
                            "alerts": [
                                {"name": "oncall", "default": False},
                                {"name": "ops", "default": True},
                            ],
                            "detail": "",
                        },
                        {
                            "id": "00000001-0000-4000-8000-000000000000",
                            "name": "db1",
                            "type": "tcp",
                            "target": "https://example.com",
                            "state": "down",
                            "ok": 1,
                            "total": 3,
                            "alerts": [],
                            "detail": "dial timeout",
                        },
                    ],
                },
            )
        self.assertEqual(self.out("status", "--json", "off"), self.out("status"))

    def test_no_quorum(self):
        self.daemon("--no-quorum")
        text = self.out("status", status=4)
        self.assertIn("\nmaster      none — no quorum or election\n", text)
        self.assertIn("\nquorum      false (need 2)\n", text)
        document = json.loads(self.out("--json=short", "status", status=4))
        self.assertEqual(document["quorum"], {"met": False, "live": 1, "need": 2})
        self.assertEqual(document["master"], "")
        self.out("node", "list")  # a list is a list: 0

    def test_no_daemon(self):
        message = self.error("status", status=3)
        self.assertIn("systemctl start quptime", message)
        self.assertIn(self.socket, message)

    def test_uninitialized(self):
        self.daemon("--uninitialized")
        self.assertIn("quctl init", self.error("status", status=1))
        self.assertIn("quctl init", self.error("fingerprint", status=1))
        self.assertIn("quctl init", self.error("node", "list", status=1))

    def test_escapes(self):
        self.daemon("--evil")
        for args in (["status"], ["check", "list"], ["node", "list"]):
            text = self.out(*args)
            self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        text = self.out("status")
        self.assertIn(r"home\npage\x1b[2J", text)
        self.assertIn(r"503 \u009b2J\u202e", text)
        self.assertIn(r"\x1b]0;owned\x07", text)
        text = self.out("--json=short", "status")
        self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        document = json.loads(text)
        self.assertEqual(document["checks"][0]["name"], "home\npage\x1b[2J")
        self.assertEqual(document["checks"][1]["detail"], "503 \x9b2J\u202e")

    def test_pages(self):
        self.daemon("--checks=2500")
        text = self.out("check", "list", "--no-legend")
        self.assertEqual(text.count("\n"), 2500)
        self.assertEqual([call["args"][0] for call in self.calls()], [0, 1000, 2000])

    def test_wrong_answer(self):
        self.daemon("--wrong=ListPeers")
        self.assertIn("another version", self.error("status", status=1))

    def test_full_disk(self):
        """Nor a closed standard output: what nobody got is no success."""
        self.daemon()
        for words in (["status"], ["--json=short", "check", "list"], ["help"], ["--version"], ["status", "--version"],
                      ["check", "edit", "db1", "--interval", "5s"]):
            for output in (">/dev/full", ">&-"):
                done = subprocess.run(
                    ["sh", "-c", f'"$@" {output}', "sh", QUCTL, *words], capture_output=True, env=self.env, timeout=WAIT
                )
                self.assertEqual((done.returncode, done.stdout), (1, b""), (words, output))
                self.assertEqual(done.stderr, b"error: cannot write to standard output\n", (words, output))

    def test_closed_pipe(self):
        """Who has seen enough closes the pipe; we end of the signal, as programs do."""
        self.daemon()
        ours, theirs = os.pipe()
        os.close(ours)
        done = subprocess.run([QUCTL, "help"], stdout=theirs, stderr=subprocess.PIPE, env=self.env, timeout=WAIT)
        os.close(theirs)
        self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b""))


class Lists(Case):
    def test_node_list(self):
        self.daemon()
        text = self.out("node", "list")
        self.assertIn("quorum      true (need 2)", text)
        self.assertIn("PEERS", text)
        self.assertNotIn("CHECKS", text)
        rows = json.loads(self.out("--json=short", "node", "list"))
        self.assertEqual(
            rows[0],
            {
                "node_id": SELF,
                "advertise": "alpha.example.com:9901",
                "live": True,
                "last_seen": "2026-05-12T15:01:32Z",
                "fingerprint": FINGERPRINT,
                "self": True,
                "joining": False,
            },
        )

    def test_check_list(self):
        self.daemon()
        self.assertTrue(self.out("check", "list").startswith("ID  "))
        row = json.loads(self.out("check", "list", "--json=short"))[0]
        self.assertEqual(row["interval"], "30s")
        self.assertEqual(row["alert_ids"], ["oncall"])
        self.assertEqual(row["since"], "2026-05-12T15:01:32Z")
        self.assertIsNone(row["stale_since"])
        self.assertEqual(row["expect_status"], 200)

    def test_alert_list(self):
        self.daemon()
        self.assertEqual(
            self.out("alert", "list"),
            "ID    TYPE     DEFAULT  NAME\n"
            "aaaa  smtp     true     ops\n"
            "bbbb  discord  false    oncall\n",
        )
        rows = json.loads(self.out("alert", "list", "--json=pretty"))
        self.assertEqual(rows[0]["smtp_password"], {"kept": True})
        self.assertIsNone(rows[1]["smtp_password"])
        self.assertEqual(rows[0]["smtp_to"], ["a@example.com", "b@example.com"])
        self.assertEqual(rows[1]["owed"], 3)
        self.assertEqual(rows[0]["default"], True)
        self.assertEqual(rows[0].keys(), rows[1].keys())

    def test_trust(self):
        self.daemon()
        self.assertEqual(
            self.out("trust", "list").split(),
            ["NODE_ID", "ADDRESS", "FINGERPRINT", "ADDED", OTHER, "bravo:9901", FINGERPRINT, "2026-05-12T15:01:32Z"],
        )
        self.assertEqual(
            json.loads(self.out("--json=short", "trust", "list")),
            [
                {
                    "node_id": OTHER,
                    "address": "bravo:9901",
                    "fingerprint": FINGERPRINT,
                    "added_at": "2026-05-12T15:01:32Z",
                }
            ],
        )
        self.assertEqual(self.out("trust", "remove", OTHER), f"removed {OTHER}\n")
        self.assertEqual(self.last("RemoveTrust"), [OTHER])

    def test_trust_refusals(self):
        self.daemon("--fail=RemoveTrust=org.quptime1.Error.NotFound=no entry")
        self.assertEqual(self.out("trust", "remove", "x"), "no entry for x\n")

    def test_fingerprint(self):
        self.daemon()
        self.assertEqual(self.out("fingerprint"), FINGERPRINT + "\n")


class Init(Case):
    def test_made_secret(self):
        self.daemon()
        text = self.out("init", "--advertise", "alpha:9901")
        for part in (SELF, FINGERPRINT, "/etc/quptime", "alpha:9901", "made-secret-made-secret"):
            self.assertIn(part, text)
        self.assertEqual(self.last("Init"), [{"advertise": {"s": "alpha:9901"}}])

    def test_all_options(self):
        self.daemon("--given-secret")
        text = self.out(
            "init", "--advertise=a:1", "--bind=::", "--port=9902", "--secret=sss", "--key-type=rsa3072"
        )
        self.assertNotIn("secret", text)
        self.assertNotIn("sss", text)
        self.assertEqual(
            self.last("Init"),
            [
                {
                    "advertise": {"s": "a:1"},
                    "bind": {"s": "::"},
                    "port": {"t": 9902},
                    "secret": {"s": "sss"},
                    "key_type": {"s": "rsa3072"},
                }
            ],
        )

    def test_quiet(self):
        self.daemon()
        self.assertEqual(self.out("-q", "init"), "made-secret-made-secret\n")

    def test_secret_from_file_and_stdin(self):
        self.daemon("--given-secret")
        path = os.path.join(self.dir, "secret")
        with open(path, "w", encoding="utf-8") as file:
            file.write("from a file\n")
        self.out("init", "--secret-file", path)
        self.assertEqual(self.last("Init"), [{"secret": {"s": "from a file"}}])
        self.out("init", "--secret-file", "-", input="from stdin\r\n")
        self.assertEqual(self.last("Init"), [{"secret": {"s": "from stdin"}}])
        self.out("init", "--secret", "-", input="also from stdin")
        self.assertEqual(self.last("Init"), [{"secret": {"s": "also from stdin"}}])

    def test_bad_secret_sources(self):
        n = len(self.calls())
        self.error("init", "--secret", status=2)
        self.error("init", "--secret-file", os.path.join(self.dir, "absent"), status=1)
        self.error("init", "--secret-file", "-", input="", status=1)
        self.error("init", "--secret-file", "/dev/zero", status=1)
        self.assertEqual(len(self.calls()), n)

    def test_directory_warning(self):
        self.daemon()
        done = self.run_quctl("init", env={"QUPTIME_DIR": "/srv/other"})
        self.assertRegex(done.stderr, r"\Awarning: .*/srv/other.*/etc/quptime")
        done = self.run_quctl("init", env={"QUPTIME_DIR": "/etc/quptime/"})
        self.assertEqual(done.stderr, "")

    def test_no_daemon(self):
        self.assertIn("systemctl start quptime", self.error("init", status=3))

    def test_serve(self):
        text = self.out("serve")
        self.assertIn("systemctl start quptime", text)
        self.assertIn("quptimed", text)


class Node(Case):
    def test_yes_at_the_question(self):
        self.daemon()
        for answer in ("y\n", "YES\n"):
            text = self.out("node", "add", "bravo:9901", input=answer)
            self.assertIn(OTHER, text)
            self.assertIn(FINGERPRINT, text)
            self.assertIn("[y/N]", text)
            self.assertIn(f"added node {OTHER} (cluster version now 7)\n", text)
            self.assertEqual(self.last("AddNode"), ["bravo:9901", FINGERPRINT])

    def test_no(self):
        self.daemon()
        for answer in ("n\n", "\n", "", "yep\n"):
            self.assertEqual(self.error("node", "add", "bravo:9901", input=answer, status=1), "error: aborted\n")
        self.assertEqual({call["member"] for call in self.calls()}, {"ProbeNode"})

    def test_without_question(self):
        self.daemon()
        for options in (["-y"], ["--yes"], ["--fingerprint", FINGERPRINT], ["--fingerprint=" + FINGERPRINT.upper()]):
            if "SHA256" in options[0]:
                options = ["--fingerprint=sha256:" + FINGERPRINT[7:].upper()]
            text = self.out("node", "add", *options, "bravo:9901")
            self.assertNotIn("[y/N]", text)
            self.assertIn("added node", text)

    def test_fingerprint_mismatch(self):
        self.daemon()
        other = "sha256:" + "f" * 64
        message = self.error("node", "add", "bravo:9901", "--fingerprint", other, "--yes", status=1)
        self.assertIn(other, message)
        self.assertIn(FINGERPRINT, message)
        self.assertEqual([call["member"] for call in self.calls()], ["ProbeNode"])
        self.error("node", "add", "bravo:9901", "--fingerprint", "beef", status=2)

    def test_refused(self):
        self.daemon("--fail=AddNode=org.quptime1.Error.Refused=it is not alone and empty")
        self.assertEqual(
            self.error("node", "add", "-y", "bravo:9901", status=1), "error: it is not alone and empty\n"
        )

    def test_remove(self):
        self.daemon()
        self.assertEqual(self.out("node", "remove", OTHER), f"removed {OTHER} (cluster version now 8)\n")
        self.assertEqual(self.last("RemoveNode"), [OTHER])


    def test_edit(self):
        self.daemon()
        for typed in (OTHER, "2222"):
            self.assertEqual(
                self.out("node", "edit", typed, "--address", "charlie:9901"),
                f"updated node {OTHER}: charlie:9901 (cluster version now 8)\n",
            )
            self.assertEqual(self.last("EditNode"), [OTHER, "charlie:9901"])
        self.assertIn("--address is missing", self.error("node", "edit", OTHER, status=2))


class Check(Case):
    def test_add_http(self):
        self.daemon()
        text = self.out(
            *"check add http homepage https://example.com --expect 200 --alerts oncall,ops".split(),
            "--body-match", "it works", "--interval", "1m30s", "--timeout=5s", "--suppress-alerts", "night",
        )
        self.assertEqual(text, "added check homepage (http) id=new-id — cluster version 7\n")
        self.assertEqual(
            self.last("AddCheck"),
            [
                {
                    "name": {"s": "homepage"},
                    "type": {"s": "http"},
                    "target": {"s": "https://example.com"},
                    "expect_status": {"t": 200},
                    "body_match": {"s": "it works"},
                    "interval": {"s": "1m30s"},
                    "timeout": {"s": "5s"},
                    "alert_ids": {"as": ["oncall", "ops"]},
                    "suppress_alert_ids": {"as": ["night"]},
                }
            ],
        )

    def test_add_others(self):
        self.daemon()
        self.out(*"check add tcp db db.internal:5432 --interval 15s".split())
        self.assertEqual(
            self.last("AddCheck"),
            [
                {
                    "name": {"s": "db"},
                    "type": {"s": "tcp"},
                    "target": {"s": "db.internal:5432"},
                    "interval": {"s": "15s"},
                }
            ],
        )
        self.assertEqual(self.out(*"-q check add icmp gateway 10.0.0.1".split()), "")
        self.assertEqual(self.last("AddCheck")[0]["type"], {"s": "icmp"})
        self.assertIn("--expect", self.error(*"check add tcp db x:1 --expect 200".split(), status=2))

    def test_edit(self):
        self.daemon()
        text = self.out(
            *"check edit homepage --name start --target https://example.org --interval 1m --timeout 5s".split(),
            *"--alerts bbbb,ops --expect 204 --body-match".split(), "it works",
        )
        self.assertEqual(text, "updated check homepage — cluster version 8\n")
        self.assertEqual(
            self.last("EditCheck"),
            [
                "homepage",
                {
                    "name": {"s": "start"},
                    "target": {"s": "https://example.org"},
                    "interval": {"s": "1m"},
                    "timeout": {"s": "5s"},
                    "alert_ids": {"as": ["bbbb", "ops"]},
                    "expect_status": {"t": 204},
                    "body_match": {"s": "it works"},
                },
            ],
        )
        self.out("check", "edit", "db1", "--alerts", "", "--timeout=")
        self.assertEqual(self.last("EditCheck"), ["db1", {"timeout": {"s": ""}, "alert_ids": {"as": []}}])
        self.out("check", "edit", "db1", "--suppress-alerts=bbbb,ops")
        self.assertEqual(self.last("EditCheck"), ["db1", {"suppress_alert_ids": {"as": ["bbbb", "ops"]}}])
        self.out("check", "edit", "db1", "--suppress-alerts=")
        self.assertEqual(self.last("EditCheck"), ["db1", {"suppress_alert_ids": {"as": []}}])
        self.assertEqual(self.out("-q", "check", "edit", "00000001", "--name=x"), "")
        self.assertEqual(self.last("EditCheck")[0], "00000001-0000-4000-8000-000000000000")

    def test_edit_refusals(self):
        self.daemon()
        self.assertIn("nothing to change", self.error("check", "edit", "db1", status=2))
        for option in ("--expect=200", "--body-match=x"):
            self.assertIn("http checks", self.error("check", "edit", "db1", option, status=2))
        self.assertNotIn("EditCheck", [call["member"] for call in self.calls()])

    def test_daemon_says_what_is_wrong(self):
        self.daemon("--fail=AddCheck=org.quptime1.Error.Invalid=check.interval: not a duration, write 30s")
        self.assertEqual(
            self.error(*"check add tcp db x:1 --interval soon".split(), status=1),
            "error: check.interval: not a duration, write 30s\n",
        )

    def test_exists(self):
        self.daemon("--fail=AddCheck=org.quptime1.Error.Exists=a check named \"db\"\nexists\033[2J")
        self.assertEqual(
            self.error(*"check add tcp db x:1".split(), status=1),
            'error: a check named "db"\\nexists\\x1b[2J\n',
        )

    def test_remove(self):
        self.daemon()
        self.assertEqual(self.out("check", "remove", "db"), "removed check db — cluster version 8\n")
        self.assertEqual(self.last("RemoveCheck"), ["db"])


class Alert(Case):
    def test_add_smtp_as_the_original(self):
        self.daemon()
        text = self.out(
            *"alert add smtp ops --host smtp.example.com --port 587 --from monitor@example.com".split(),
            *"--to ops@example.com --user mailbot --password **** --starttls=true".split(),
        )
        self.assertEqual(text, "added alert ops (smtp) id=new-id — cluster version 7\n")
        self.assertEqual(
            self.last("AddAlert"),
            [
                {
                    "name": {"s": "ops"},
                    "type": {"s": "smtp"},
                    "smtp_host": {"s": "smtp.example.com"},
                    "smtp_port": {"t": 587},
                    "smtp_user": {"s": "mailbot"},
                    "smtp_password": {"s": "****"},
                    "smtp_from": {"s": "monitor@example.com"},
                    "smtp_to": {"as": ["ops@example.com"]},
                    "smtp_starttls": {"b": True},
                }
            ],
        )

    def test_smtp_standards(self):
        self.daemon()
        self.out(*"alert add smtp ops --host h --from f@x --to a@x,b@x --to c@x --default --starttls=false".split())
        fields = self.last("AddAlert")[0]
        self.assertEqual(fields["smtp_port"], {"t": 587})
        self.assertEqual(fields["smtp_starttls"], {"b": False})
        self.assertEqual(fields["default"], {"b": True})
        self.assertEqual(fields["smtp_to"], {"as": ["a@x", "b@x", "c@x"]})
        self.assertNotIn("smtp_password", fields)

    def test_add_discord(self):
        self.daemon()
        path = os.path.join(self.dir, "body")
        with open(path, "w", encoding="utf-8") as file:
            file.write("two\nlines\n")
        self.out("alert", "add", "discord", "oncall", "--webhook", "https://d/x", "--body-file", path)
        self.assertEqual(
            self.last("AddAlert"),
            [
                {
                    "name": {"s": "oncall"},
                    "type": {"s": "discord"},
                    "discord_webhook": {"s": "https://d/x"},
                    "body_template": {"s": "two\nlines\n"},
                }
            ],
        )
        # inline beats the file
        self.out("alert", "add", "discord", "o", "--webhook=w", "--body", "inline", "--body-file", path,
                 "--subject-file", path)
        fields = self.last("AddAlert")[0]
        self.assertEqual(fields["body_template"], {"s": "inline"})
        self.assertEqual(fields["subject_template"], {"s": "two\nlines"})
        self.out("alert", "add", "discord", "o", "--webhook-file=-", input="https://d/y\n")
        self.assertEqual(self.last("AddAlert")[0]["discord_webhook"], {"s": "https://d/y"})
        self.out("alert", "add", "discord", "o", "--webhook-credential=hook")
        self.assertEqual(self.last("AddAlert")[0]["discord_webhook"], {"a{sv}": {"credential": {"s": "hook"}}})

    def test_missing(self):
        self.assertIn("--host", self.error("alert", "add", "smtp", "ops", "--from=f", "--to=t", status=2))
        self.assertIn("--webhook", self.error("alert", "add", "discord", "o", status=2))
        self.assertIn("give only one", self.error(
            *"alert add discord o --webhook w --webhook-credential hook".split(), status=2))
        self.assertIn(
            "standard input",
            self.error(*"alert add discord o --webhook-file - --body-file -".split(), input="x", status=2),
        )

    def test_edit(self):
        self.daemon()
        text = self.out("alert", "edit", "ops", "--name", "ops2", "--subject", "", "--port", "465", "--default=false")
        self.assertEqual(text, "updated alert ops — cluster version 8\n")
        self.assertEqual(
            self.last("EditAlert"),
            [
                "ops",
                {
                    "name": {"s": "ops2"},
                    "smtp_port": {"t": 465},
                    "default": {"b": False},
                    "subject_template": {"s": ""},
                },
            ],
        )

    def test_edit_refusals(self):
        self.daemon("--fail=EditAlert=org.quptime1.Error.NotFound=no such alert \"x\"")
        self.assertIn("nothing to change", self.error("alert", "edit", "ops", status=2))
        self.assertIn("discord alerts", self.error("alert", "edit", "ops", "--webhook=x", status=2))
        self.assertIn("smtp alerts", self.error("alert", "edit", "bbbb", "--host=x", status=2))
        self.assertEqual({call["member"] for call in self.calls()}, {"ListAlerts"})
        self.assertEqual(
            self.error("alert", "edit", "x", "--host=x", status=1), 'error: no such alert "x"\n'
        )

    def test_default(self):
        self.daemon()
        for word, truth in (("on", True), ("true", True), ("yes", True), ("1", True),
                            ("off", False), ("false", False), ("no", False), ("0", False)):
            self.out("alert", "default", "oncall", word)
            self.assertEqual(self.last("EditAlert"), ["oncall", {"default": {"b": truth}}])
        self.error("alert", "default", "oncall", "perhaps", status=2)

    def test_remove(self):
        self.daemon()
        self.assertEqual(
            self.out("alert", "remove", "ops"),
            "removed alert ops — cluster version 8\ndetached from: homepage, db\\x1b\n",
        )

    def test_test(self):
        self.daemon()
        self.assertEqual(
            self.out("alert", "test", "ops"), "test message for ops sent: 250 2.0.0 Ok\\r\\nqueued\n"
        )
        self.assertEqual(self.last("TestAlert"), ["ops"])


    def data(self):
        path = os.path.join(self.dir, "data.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(
                {
                    "Check": {"Name": "db", "Type": "tcp", "Target": "db:5432", "Interval": "1m30s"},
                    "From": "down",
                    "To": "up",
                    "Snapshot": {"OKCount": 2, "NotOK": 1},
                    "NodeID": "n1",
                    "When": "2026-05-15T04:05:30Z",
                },
                file,
            )
        return path

    def render(self, *args, **kwargs):
        return self.run_quctl("alert", "render", *args, **kwargs)

    def test_render_without_daemon(self):
        body = "{{.Verb}} {{.Check.Interval}} {{.Snapshot.Reports}} {{.When}}"
        for name in [], ["ops"]:
            done = self.render(*name, "--subject", "{{.Check.Name}}\n", "--body", body, "--data", self.data())
            self.assertEqual(done.stdout, "Subject: db\n\nRECOVERED 1m30s 3 2026-05-15T04:05:30Z\n")
        done = self.render("--type=discord", "--body", body, "--data", self.data(), "--event", "down")
        self.assertEqual(done.stdout, "DOWN 1m30s 3 2026-05-15T04:05:30Z\n")
        done = self.render("--body", "{{.Check.Name}} {{.Verb}}", "--event=up", "--json=short")
        self.assertEqual(json.loads(done.stdout)["body"], "homepage UP")
        self.assertEqual(self.calls(), [])

    def test_render_what_fails(self):
        done = self.render("--body", "\n{{upper .Verb}}", "--data", self.data(), status=1)
        self.assertIn('TCP service "db" has recovered.\n', done.stdout)
        self.assertEqual(
            done.stderr,
            'error: body_template, line 2, column 3: function "upper" not defined; the default text is sent instead\n'
            "    {{upper .Verb}}\n      ^~~~~\n",
        )
        for args in (["--default", "dns"], ["--body=x", "--event=sideways"], ["--body=x", "--type=x"], [], ["a", "b"]):
            self.render(*args, status=2)
        self.render("--body=x", "--data=/nonexistent/file", status=1)

    def test_render_default(self):
        for kind in "http", "tcp", "icmp":
            text = self.render("--default", kind).stdout
            self.assertRegex(text, r"\AAs mail:\n\nSubject: \[quptime\] \S+ DOWN — ")
            self.assertIn("\nOn Discord:\n\n", text)
        self.assertIn("RECOVERED", self.render("--default=http", "--event=recovered").stdout)

    def test_render_asks_the_daemon(self):
        self.daemon()
        self.assertIn("error: no alert named", self.render("nobody", "--body=x", status=1).stderr)
        self.assertIn("ListAlerts", [call["member"] for call in self.calls()])


class Switches(Case):
    def test_calls(self):
        self.daemon()
        for noun, full in (("check", "00000001-0000-4000-8000-000000000000"), ("alert", "bbbb")):
            for verb in ("enable", "disable"):
                self.assertEqual(
                    self.out(noun, verb, full[:8]), f"{verb}d {noun} {full} — cluster version 8\n"
                )
                self.assertEqual(self.last(verb.capitalize() + noun.capitalize()), [full])

    def test_shown(self):
        self.daemon("--disabled", "--stale")
        for args in ("status", "check list"):
            self.assertRegex(self.out(*args.split()), r"homepage  disabled  3/3")
        self.assertEqual(json.loads(self.out("--json=short", "status"))["checks"][0]["state"], "disabled")
        row = json.loads(self.out("--json=short", "check", "list"))[0]
        self.assertEqual((row["disabled"], row["state"], row["stale_since"]), (True, "disabled", None))
        self.assertIn("true (disabled)  ops", self.out("alert", "list"))
        self.assertEqual(json.loads(self.out("--json=short", "alert", "list"))[0]["disabled"], True)


class Usage(Case):
    def test_help(self):
        everything = self.out("help")
        self.assertEqual(everything, self.out())
        self.assertEqual(everything, self.out("--help"))
        for verb in ("init", "serve", "status", "node add", "check add icmp", "alert default", "trust remove"):
            self.assertIn(f"\n  {verb}", everything)
            self.assertTrue(self.out(*verb.split(), "-h").startswith(f"quctl {verb}"))
            self.assertEqual(self.out("help", *verb.split()), self.out(*verb.split(), "--help"))
        self.assertEqual(self.out("node"), self.out("help", "node"))
        self.assertEqual(self.out("alert", "add"), self.out("alert", "add", "-h"))
        for verb in ("alert add smtp", "alert add discord", "alert edit"):
            self.assertIn("{{.Snapshot.OKCount}}", self.out(*verb.split(), "--help"))
        self.error("help", "frobnicate", status=2)

    def test_version(self):
        self.assertRegex(self.out("--version"), r"\Aquctl version \S+\n\Z")

    def test_wrong(self):
        for args, says in (
            (["staus"], 'did you mean "status"'),
            (["node", "ad", "x:1"], 'did you mean "node add"'),
            (["check", "add", "htp", "a", "b"], 'did you mean "check add http"'),
            (["xylophone"], "quctl help"),
            (["status", "--jsno=short"], "--json"),
            (["status", "extra"], "too many"),
            (["check", "add", "tcp", "name"], "quctl check add tcp NAME HOST:PORT"),
            (["status", "--json=xml"], "short, pretty or off"),
            (["status", "--user"], "before the verb"),
            (["--system", "--user", "status"], "exclude"),
            (["init", "--port", "http"], "number"),
        ):
            self.assertIn(says, self.error(*args, status=2), args)
        self.assertEqual(self.calls(), [])

    def test_verbs_own_options(self):
        # --host, --user and --address after the verb are the verb's own
        self.daemon()
        self.out("--address", self.socket, *"alert add smtp o --host h --user u --from f --to t".split())
        self.assertEqual(self.last("AddAlert")[0]["smtp_user"], {"s": "u"})


class Errors(Case):
    def test_named(self):
        for name, status in (
            ("NoQuorum", 4), ("Conflict", 1), ("Refused", 1), ("UnknownOutcome", 1), ("NotInitialized", 1),
            ("NotFound", 1), ("Failed", 1),
        ):
            with self.subTest(name):
                daemon = self.daemon(f"--fail=RemoveCheck=org.quptime1.Error.{name}=a sentence")
                done = self.run_quctl("check", "remove", "x", status=status)
                self.assertEqual(done.stderr, "error: a sentence\n")
                self.end(daemon)
                os.unlink(self.socket)

    def test_denied(self):
        self.daemon("--fail=RemoveCheck=org.freedesktop.DBus.Error.AccessDenied=not you")
        message = self.error("check", "remove", "x", status=1)
        self.assertIn("not you", message)
        self.assertIn("root", message)

    def test_daemon_dies(self):
        self.daemon("--die=ListPeers")
        self.assertIn("closed the connection", self.error("status", status=3))


class Connection(Case):
    def test_order(self):
        runtime = os.path.join(self.dir, "quptime")
        os.mkdir(runtime)
        place = os.path.join(runtime, "quptime.sock")
        del self.env["QUPTIME_SOCKET"]
        if os.geteuid() == 0:  # the daemon's own place is no test's to use
            self.env["RUNTIME_DIRECTORY"] = runtime
        self.error("fingerprint", status=3)
        self.daemon(where=[f"--socket={place}"])
        self.out("fingerprint")
        # a set $QUPTIME_SOCKET is obeyed, also when nobody answers there
        self.error("fingerprint", status=3, env={"QUPTIME_SOCKET": self.socket})

    def test_address(self):
        self.daemon()
        self.env["QUPTIME_SOCKET"] = "/nonexistent"
        self.out("--address", self.socket, "fingerprint")
        self.out(f"--address={os.path.relpath(self.socket)}", "fingerprint")
        self.out("--address", f"unix:path={self.socket}", "fingerprint")
        self.error("--address", "nonsense:", "fingerprint", status=3)
        self.error("--address=", "fingerprint", status=2)

    def test_no_permission(self):
        if os.geteuid() == 0:
            self.daemon()  # root may connect anywhere: nothing to refuse
            self.out("fingerprint")
            return
        self.daemon()
        os.chmod(self.socket, 0)
        self.assertIn("permission denied", self.error("fingerprint", status=1))

    def test_message_bus(self):
        address = self.bus()
        both = {"DBUS_SYSTEM_BUS_ADDRESS": address, "DBUS_SESSION_BUS_ADDRESS": address}

        # a bus where nobody owns the name
        self.error("fingerprint", status=3, env=both)
        for option in ("--system", "--user"):
            self.assertIn("systemctl start", self.error(option, "fingerprint", status=3, env=both))
        self.daemon(where=[f"--bus={address}"])
        self.out("fingerprint", env=both)
        for options in (["--system"], ["--user"], ["--address", address]):
            self.out(*options, "fingerprint", env=both)
        self.out("status", env=both)

    def program(self, name, text):
        """An executable of that name, first in $PATH."""
        place = os.path.join(self.dir, "bin")
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, name), "w", encoding="utf-8") as file:
            file.write("#!/usr/bin/python3 -B\n" + text)
            os.fchmod(file.fileno(), 0o755)
        if not self.env["PATH"].startswith(place):
            self.env["PATH"] = f"{place}:{self.env['PATH']}"

    def test_host(self):
        # an ssh that leads to a bus of ours and writes down how it was called
        address = self.bus()
        self.daemon(where=[f"--bus={address}"])
        seen = os.path.join(self.dir, "ssh")
        self.program("ssh", f"""\
import os, select, socket, sys
with open({seen!r}, "a", encoding="utf-8") as file:
    print(*sys.argv[1:], file=file)
bus = socket.socket(socket.AF_UNIX)
bus.connect({os.path.join(self.dir, "bus")!r})
while True:
    for ready in select.select([0, bus], [], [])[0]:
        data = os.read(0 if ready == 0 else bus.fileno(), 65536)
        if not data:
            sys.exit()
        os.write(bus.fileno() if ready == 0 else 1, data)
""")
        for args in (
            ["-H", "ops@bravo", "fingerprint"],
            ["--host", "ops@bravo", "fingerprint"],
            ["--host=ops@bravo", "--system", "fingerprint"],
            ["fingerprint", "-Hops@bravo"],
            ["-H", "elsewhere", "fingerprint", "-H", "ops@bravo"],
        ):
            self.assertEqual(self.out(*args, env={"QUPTIME_SOCKET": self.socket}), FINGERPRINT + "\n", args)
        # the letter is the connection's also where the long name is the verb's
        self.out(*"alert add smtp o --host relay --from f --to t -H ops@bravo".split())
        self.assertEqual(self.last("AddAlert")[0]["smtp_host"], {"s": "relay"})
        with open(seen, encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), 6)
        for line in lines:
            self.assertRegex(line, r"\bops@bravo systemd-stdio-bridge\b")

    def test_host_out_of_reach(self):
        self.program("ssh", "import sys\nsys.exit('ssh: no route')\n")
        done = subprocess.run(
            [QUCTL, "-H", "bravo", "status"], capture_output=True, text=True, timeout=WAIT, env=self.env
        )
        self.assertEqual(done.returncode, 3, done)
        self.assertIn("error: cannot reach the message bus of bravo: ", done.stderr)
        self.assertIn("cannot reach", self.error("-M", "no-such-machine", "status", status=3))

    def test_places_exclude_each_other(self):
        for args in (
            ["-H", "a", "-M", "b", "status"],
            ["-H", "a", "status", "-M", "b"],
            ["--address=/x", "status", "-Ha"],
            ["--address=/x", "-M", "b", "status"],
            ["--user", "-H", "a", "status"],
            ["-H", "", "status"],
            ["status", "-M", ""],
            ["status", "--host", "a"],
            ["status", "--machine=a"],
        ):
            self.error(*args, status=2)

    def test_agent(self):
        # on a terminal, for who is not root, an agent is started before what may need a password
        os.chmod(self.dir, 0o777)
        address = self.bus()
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = address
        self.daemon(where=[f"--bus={address}"])
        seen = os.path.join(self.dir, "agent")
        self.program("pkttyagent", f"""\
import os, signal, sys
assert sys.argv[1] == "--notify-fd" and sys.argv[3:] == ["--fallback"], sys.argv
signal.signal(signal.SIGTERM, lambda *_: sys.exit(open({seen!r}, "a").write("ended\\n") * 0))
with open({seen!r}, "a", encoding="utf-8") as file:
    print("started", file=file)
os.close(int(sys.argv[2]))
while True:
    signal.pause()
""")
        os.chmod(os.path.join(self.dir, "bin"), 0o755)

        def run(*args):
            master, slave = pty.openpty()
            try:
                done = subprocess.run(
                    [QUCTL, *args], stdin=slave, capture_output=True, text=True, timeout=WAIT, env=self.env,
                    **({"user": 65534} if os.geteuid() == 0 else {}),
                )
                self.assertEqual(done.returncode, 0, done)
            finally:
                os.close(master)
                os.close(slave)
            if not os.path.exists(seen):
                return ""
            with open(seen, encoding="utf-8") as file:
                return file.read()

        self.assertEqual(run("check", "list"), "")
        self.assertEqual(run("--no-ask-password", "check", "remove", "x"), "")
        self.assertEqual(run("check", "remove", "x", "--no-ask-password"), "")
        self.assertEqual(run("check", "remove", "x"), "started\nended\n")
        self.out("check", "remove", "x")  # nobody sits there


class Terminal(Case):
    def terminal(self, *args, pager=""):
        """quctl on a terminal: returns (process, master)."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(
            [QUCTL, *args], env={**self.env, "TERM": "xterm", "SYSTEMD_PAGER": pager}, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
        )
        self.addCleanup(self.end, process)
        self.slave = slave
        self.addCleanup(os.close, slave)
        return process, master

    def read_until(self, master, text, so_far=""):
        data = so_far
        deadline = time.monotonic() + WAIT
        while text not in data:
            self.assertGreater(deadline, time.monotonic(), data)
            if select.select([master], [], [], 0.1)[0]:
                data += os.read(master, 4096).decode()
        return data

    def echo(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)


class Secrets(Terminal):
    """Nothing in a process list; typed text is not shown."""

    def spawn(self, *args, **kwargs):
        process = subprocess.Popen(
            [QUCTL, *args], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **kwargs
        )
        self.addCleanup(self.end, process)
        return process

    def test_argv_is_blanked(self):
        self.daemon("--stall=Init", "--stall=AddAlert")
        for member, args in (
            ("Init", ["init", "--secret", "hunter2", "--port", "9901"]),
            ("AddAlert", ["alert", "add", "smtp", "o", "--host=h", "--from=f", "--to=t", "--password=hunter2"]),
            ("AddAlert", ["alert", "add", "discord", "o", "--webhook", "https://d/hunter2"]),
            ("AddCheck", ["check", "add", "http", "n", "https://u:hunter2@h/"]),
        ):
            n = len(self.calls())
            process = self.spawn(*args)
            wait_for(lambda: len(self.calls()) > n, member)
            self.assertIn("hunter2", json.dumps(self.last(member)))
            try:
                with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as file:
                    line = file.read().split("\0")
                if line != [""]:  # the last one is answered at once and may be gone
                    self.assertNotIn("hunter2", "".join(line))
                    self.assertEqual(line[1], args[0])
            except (FileNotFoundError, ProcessLookupError):
                self.assertEqual(member, "AddCheck")
            self.end(process)

    def test_hidden(self):
        self.daemon("--given-secret")
        for args, member, field in (
            (["init", "--secret"], "Init", "secret"),
            (["init", "--secret-file=-"], "Init", "secret"),
            (["alert", "add", "discord", "o"], "AddAlert", "discord_webhook"),
            (["alert", "add", "smtp", "o", "--host=h", "--from=f", "--to=t", "--user=u"], "AddAlert", "smtp_password"),
            (["alert", "edit", "ops", "--password"], "EditAlert", "smtp_password"),
        ):
            with self.subTest(args):
                process, master = self.terminal(*args)
                text = self.read_until(master, "stays hidden):")
                self.assertFalse(self.echo())
                os.write(master, b"hunter2\n")
                self.assertEqual(process.wait(WAIT), 0)
                self.assertTrue(self.echo())
                self.assertNotIn("hunter2", self.read_until(master, "\n", text))
                self.assertEqual(self.last(member)[-1][field], {"s": "hunter2"})

    def test_hidden_ended(self):
        for end, status in ((b"\x04", 1), (b"\n", 2), (b"\x03", -signal.SIGINT)):
            process, master = self.terminal("init", "--secret")
            self.read_until(master, "stays hidden):")
            if end == b"\x03":
                process.send_signal(signal.SIGINT)
            else:
                os.write(master, end)
            self.assertEqual(process.wait(WAIT), status)
            self.assertTrue(self.echo())

    def test_question_on_a_terminal(self):
        self.daemon()
        process, master = self.terminal("node", "add", "bravo:9901")
        self.read_until(master, "[y/N] ")
        os.write(master, b"y\n")
        self.read_until(master, "added node")
        self.assertEqual(process.wait(WAIT), 0)

    def test_color_only_on_a_terminal(self):
        self.daemon()
        self.assertNotIn("\x1b", self.out("status", env={"TERM": "xterm"}))
        process, master = self.terminal("status")
        self.assertIn("\x1b[0;32mtrue (need 2)\x1b[0m", self.read_until(master, "marked"))
        process.wait(WAIT)
        self.env["NO_COLOR"] = "1"
        process, master = self.terminal("status")
        self.assertNotIn("\x1b", self.read_until(master, "marked"))
        process.wait(WAIT)

    def test_width_of_a_terminal(self):
        self.daemon()
        self.env.update(NO_COLOR="1", COLUMNS="60")
        process, master = self.terminal("status")
        self.assertIn("00000001  db1       down   1/3       -            dial time…\r\n", self.read_until(master, "marked"))
        process.wait(WAIT)
        process, master = self.terminal("status", "--full")
        text = self.read_until(master, "marked")
        self.assertIn("dial timeout\r\n", text)
        self.assertRegex(text, r"00000001-[0-9a-f-]{27}  db1 ")
        process.wait(WAIT)


class Pager(Terminal):
    """Before a terminal, and only there, what may be long goes through the pager of the person's choice."""

    def setUp(self):
        super().setUp()
        self.env["NO_COLOR"] = "1"
        self.pager = os.path.join(self.dir, "my-pager")
        with open(self.pager, "w", encoding="utf-8") as file:
            file.write(
                "#!/usr/bin/python3 -B\n"
                "import os, sys\n"
                "text = sys.stdin.read()\n"
                "print('PAGER', *sys.argv[1:], os.environ.get('LESS'), os.environ.get('LESSSECURE'))\n"
                "print(text, end='')\nprint('END')\n"
            )
            os.fchmod(file.fileno(), 0o755)
        self.env["SYSTEMD_PAGERSECURE"] = "no"

    def test_chosen(self):
        self.daemon()
        for args, says in (
            (["status"], "CHECKS"),
            (["check", "list"], "homepage"),
            (["alert", "list"], "oncall"),
            (["node", "list"], "PEERS"),
            (["trust", "list"], "FINGERPRINT"),
            (["--json=short", "status"], '"quorum"'),
            (["help"], "Verbs:"),
            (["--help"], "Verbs:"),
            (["status", "-h"], "quctl status"),
        ):
            process, master = self.terminal(*args, pager=f"{self.pager} -x")
            text = self.read_until(master, "END")
            self.assertIn("PAGER -x FRSXMK None", text, args)
            self.assertIn(says, text)
            self.assertEqual(process.wait(WAIT), 0)

    def test_environment(self):
        self.env.update(PAGER=self.pager, SYSTEMD_LESS="ABC")
        self.daemon("--no-quorum")
        process, master = self.terminal("status", pager=self.pager)
        self.assertIn("PAGER ABC", self.read_until(master, "END"))
        self.assertEqual(process.wait(WAIT), 4)  # the verb's own

    def test_secure(self):
        # a pager that is not less is not trusted to run no shell
        place = os.path.join(self.dir, "bin")
        os.mkdir(place)
        shutil.copy(self.pager, os.path.join(place, "less"))
        self.env.update(PATH=f"{place}:{self.env['PATH']}", SYSTEMD_PAGERSECURE="1")
        self.daemon()
        process, master = self.terminal("check", "list", pager=f"{self.pager} -x")
        self.assertIn("PAGER FRSXMK 1", self.read_until(master, "END"))
        self.assertEqual(process.wait(WAIT), 0)

    def test_none(self):
        self.daemon()
        for args, pager in (
            (["--no-pager", "status"], self.pager),
            (["status", "--no-pager"], self.pager),
            (["status"], ""),
            (["status"], "cat"),
        ):
            process, master = self.terminal(*args, pager=pager)
            self.assertNotIn("PAGER", self.read_until(master, "marked"))
            self.assertEqual(process.wait(WAIT), 0)
        self.assertNotIn("PAGER", self.out("status", env={"SYSTEMD_PAGER": self.pager}))

    def test_quits_early(self):
        self.daemon("--checks=2000")
        process, master = self.terminal("check", "list", pager="true")
        self.assertEqual(process.wait(WAIT), 0)

    def test_color_and_width_as_without(self):
        del self.env["NO_COLOR"]
        self.env["COLUMNS"] = "60"
        self.daemon()
        process, master = self.terminal("status", pager=self.pager)
        text = self.read_until(master, "END")
        self.assertIn("\x1b[0;32mtrue (need 2)\x1b[0m", text)
        self.assertIn("dial time…", text)
        process.wait(WAIT)


class Beginnings(Case):
    """Unique beginnings of ids stand for them."""

    FULL = "00000001-0000-4000-8000-000000000000"

    def test_unique(self):
        self.daemon()
        for args, member, says in (
            (["check", "remove", "00000001"], "RemoveCheck", self.FULL),
            (["check", "remove", "00000001-0000-4"], "RemoveCheck", self.FULL),
            (["check", "remove", self.FULL], "RemoveCheck", self.FULL),
            (["node", "remove", "2222"], "RemoveNode", OTHER),
            (["trust", "remove", "222222"], "RemoveTrust", OTHER),
            (["alert", "remove", "aaaa"], "RemoveAlert", "aaaa"),
            (["check", "remove", "cafe"], "RemoveCheck", "cafe"),  # the daemon says that there is none
            (["check", "remove", "0000"[:3]], "RemoveCheck", "000"),  # too few to be meant
            (["check", "remove", "homepage"], "RemoveCheck", "homepage"),
        ):
            self.assertIn("removed ", self.out(*args))
            self.assertEqual(self.last(member), [says], args)
        self.out(*"check add tcp db x:1 --alerts bbbb,ops".split())
        self.assertEqual(self.last("AddCheck")[0]["alert_ids"], {"as": ["bbbb", "ops"]})

    def test_several(self):
        self.daemon("--checks=20")
        message = self.error("check", "remove", "0000", status=2)
        self.assertIn("several ids", message)
        self.assertIn(self.FULL, message)
        self.assertNotIn("RemoveCheck", [call["member"] for call in self.calls()])

    def test_full_off_a_terminal(self):
        self.daemon()
        for args in ("status", "check list"):
            self.assertIn(self.FULL, self.out(*args.split(), env={"COLUMNS": "40"}))


class Monitor(Case):
    """It ends when it is told to, so each test reads as many lines as it expects."""

    def monitor(self, *args, env=None):
        self.read = ""
        process = subprocess.Popen(
            [QUCTL, "monitor", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**self.env, **(env or {})}
        )
        self.addCleanup(self.end, process)
        return process

    def lines(self, process, n):
        """The next n; not by readline(), whose buffer select() does not see."""
        while self.read.count("\n") < n:
            self.assertTrue(select.select([process.stdout], [], [], WAIT)[0], self.read)
            piece = os.read(process.stdout.fileno(), 65536).decode()
            self.assertTrue(piece, "it has ended: " + self.read)
            self.read += piece
        *found, self.read = self.read.split("\n", n)
        return found

    def test_text(self):
        self.daemon("--chatter")
        connected, transition, delivery, master, quorum, config = self.lines(self.monitor(), 6)
        time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  "
        self.assertRegex(
            connected, rf"\A{time}connected   to node {SELF}: master {SELF} in term 2, quorum met, config version 4\Z"
        )
        self.assertEqual(transition, "2026-05-12T15:01:32Z  transition  homepage: up -> down: timeout")
        self.assertRegex(delivery, rf"\A{time}delivery    DOWN of db1 through ops to a@x: owed: 450 busy\Z")
        self.assertRegex(master, rf"\A{time}master      {OTHER} in term 9\Z")
        self.assertRegex(quorum, rf"\A{time}quorum      lost\Z")
        self.assertRegex(config, rf"\A{time}config      version 5\Z")

    def test_json(self):
        self.daemon("--chatter")
        for mode in ("short", "pretty"):  # one object, one line in any case
            found = [json.loads(line) for line in self.lines(self.monitor(f"--json={mode}"), 6)]
            self.assertEqual([one["event"] for one in found], ["connected", "transition", "delivery", "master", "quorum", "config"])
            self.assertEqual(
                found[1],
                {
                    "time": "2026-05-12T15:01:32Z",
                    "event": "transition",
                    "check_id": "00000000-0000-4000-8000-000000000000",
                    "check": "homepage",
                    "from": "up",
                    "to": "down",
                    "detail": "timeout",
                },
            )
            self.assertEqual((found[3]["master"], found[3]["term"]), (OTHER, 9))
            self.assertIs(found[4]["quorum"], False)

    def test_words(self):
        self.daemon("--chatter")
        connected, transition = self.lines(self.monitor("homepage"), 2)
        self.assertIn("homepage: up -> down", transition)
        connected, delivery = self.lines(self.monitor("00000001-0000"), 2)
        self.assertIn("of db1", delivery)
        connected, transition, delivery = self.lines(self.monitor("db1", "homepage"), 3)
        self.assertIn("no check named", self.error("monitor", "db1", "nothing", status=1))

    def test_evil(self):
        self.daemon("--chatter", "--evil")
        text = self.lines(self.monitor(), 2)[1]
        self.assertIn("home\\npage: up -> down: ", text)
        self.assertNotIn("\033", text)

    def test_restart(self):
        daemon = self.daemon()
        process = self.monitor()
        self.assertIn("connected", self.lines(process, 1)[0])
        self.end(daemon)
        self.assertRegex(self.lines(process, 1)[0], r" gone +the daemon; waiting for it to come back\Z")
        os.unlink(self.socket)
        self.daemon()
        self.assertIn("connected", self.lines(process, 1)[0])
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(WAIT), -signal.SIGINT)

    def test_restart_on_a_bus(self):
        bus = self.bus()
        where = [f"--bus={bus}"]
        env = {"DBUS_SYSTEM_BUS_ADDRESS": bus}
        daemon = self.daemon(where=where)
        process = self.monitor("--json=short", env=env)
        self.assertIn("connected", self.lines(process, 1)[0])
        self.end(daemon)
        self.assertIn("gone", self.lines(process, 1)[0])
        self.daemon("--chatter", where=where)
        self.assertEqual(
            [json.loads(line)["event"] for line in self.lines(process, 3)], ["connected", "transition", "delivery"]
        )

    def test_nobody_reads(self):
        daemon = self.daemon("--chatter")
        process = self.monitor()
        self.lines(process, 1)
        process.stdout.close()
        self.end(daemon)  # it says so, to nobody
        self.assertEqual(process.wait(WAIT), -signal.SIGPIPE)

    def test_no_daemon(self):
        self.assertIn("systemctl start", self.error("monitor", status=3))


class CheckTest(Case):
    def test_states(self):
        self.daemon()
        text = self.out("check", "test", "homepage")
        self.assertEqual(self.last("TestCheck"), ["homepage", "down"])
        self.assertEqual(text, "test of homepage: 2 alerts delivered\n    ops: a@x: delivered: 250\n    oncall: ok\n")
        self.out("check", "test", "homepage", "--state", "recovered")
        self.assertEqual(self.last("TestCheck"), ["homepage", "recovered"])
        self.assertEqual(self.out("check", "test", "-q", "homepage", "--state=up"), "")
        self.assertIn("down, recovered or up", self.error("check", "test", "x", "--state=sideways", status=2))

    def test_failed(self):
        self.daemon("--fail=TestCheck=org.quptime1.Error.Refused=1/2 alerts failed\n    ops: no\nerror: lie")
        self.assertEqual(
            self.error("check", "test", "x", status=1), "error: 1/2 alerts failed\n    ops: no\\nerror: lie\n"
        )


class Why(Case):
    def test_text(self):
        self.daemon()
        text = self.out("why", "homepage")
        self.assertEqual(self.last("ExplainCheck"), ["homepage"])
        self.assertRegex(text, r"(?m)^check +homepage \(http\)$")
        self.assertRegex(text, r"(?m)^state +down since 2026-05-12T15:01:32Z \(\d+d ago\)$")
        self.assertRegex(text, rf"(?m)^flipped +4 times; the last time by the master {SELF} in term 0: 0 ok, 2 failing$")
        self.assertIn("its vote counts for 1m30s", text)
        self.assertIn("each with 2 of 2 nodes", text)
        self.assertIn("0 of 1 other node answered", text)
        self.assertRegex(text, rf"(?m)^{SELF} .* ok +4s +- +12\.3ms +- ")
        self.assertRegex(text, rf"(?m)^{OTHER} .* silent +- ")
        self.assertIn("A round is open, for at most 1.500s; 0 of 2 agreed so far.", text)
        self.assertRegex(text, r"(?m)^3\.6 .*\(open\)$")
        self.assertRegex(text, r"(?m)DOWN +ops +ops@example\.com +refused .* 550 no$")

    def test_json(self):
        self.daemon()
        found = json.loads(self.out("why", "homepage", "--json=short"))
        self.assertEqual(found["since"], "2026-05-12T15:01:32Z")
        self.assertEqual(found["interval"], "30s")
        self.assertEqual([vote["result"] for vote in found["votes"]], ["ok", "silent"])
        self.assertEqual(found["votes"][0]["connect"], 12345)
        self.assertEqual(found["rounds"][0]["number"], 12884901894)
        self.assertEqual(found["deliveries"][0]["answer"], "550 no")
        self.assertIsNone(found["deliveries"][0]["at"])
        self.assertNotIn("from_the_future", found)

    def test_without_quorum(self):
        self.daemon("--no-quorum")
        text = self.out("why", "homepage")
        self.assertIn("There is no master; this is what each node within reach saw", text)
        self.assertIn("Only the master knows them, and none answers.", text)

    def test_evil(self):
        self.daemon("--evil")
        for mode in ("off", "short"):
            text = self.out("why", "homepage", f"--json={mode}")
            self.assertNotIn("\033", text)
            self.assertNotIn("home\npage", text)

    def test_wrong_answer(self):
        self.daemon("--wrong=ExplainCheck")
        self.assertIn("another form", self.error("why", "homepage", status=1))


class Config(Case):
    def file(self, text):
        path = os.path.join(self.dir, "document.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_show(self):
        self.daemon()
        text = self.out("config", "show")
        self.assertIn("{kept: true}} # \u202e", text)  # into a pipe as it is
        shown = json.loads(self.out("config", "show", "--json=pretty"))
        self.assertEqual(list(shown), ["version", "peers", "checks", "alerts"])
        self.assertEqual(shown["alerts"][0]["discord_webhook"], {"kept": True})

    def test_diff(self):
        self.daemon()
        done = self.run_quctl("config", "diff", self.file("version: 4\n"), status=5)
        self.assertEqual(
            done.stdout,
            'changed  check "db\\x1b[31m": interval: 30s -> 1m0s\n'
            'changed  alert "ops": discord_webhook: another value, which is not shown\n',
        )
        self.assertEqual(done.stderr, f"warning: {self.dir}/document.yaml:3:5: checks[0].timeout: cut\\x1b\n")
        self.assertEqual(self.last("CheckDocument")[0], "version: 4\n")
        rows = json.loads(self.run_quctl("config", "diff", "-", "--json=short", "--adopt", input="x", status=5).stdout)
        self.assertEqual([row["field"] for row in rows], ["interval", "discord_webhook"])
        self.assertEqual(self.last("CheckDocument")[1]["adopt"], {"b": True})
        self.assertEqual(self.out("config", "diff", "-"), "")
        self.run_quctl("config", "diff", "-q", self.file("version: 4\n"), status=5)

    def test_apply(self):
        self.daemon()
        self.assertTrue(self.out("config", "apply", self.file("version: 4\n")).endswith("cluster version now 8\n"))
        self.assertEqual(self.last("ApplyDocument"), ["version: 4\n", {"adopt": {"b": False}, "remove_node": {"s": ""}}])
        self.assertEqual(self.out("config", "apply", "-"), "no changes\n")
        self.assertEqual(self.calls()[-1]["member"], "CheckDocument")
        # what is removed: asked about on a terminal alone, but a peer needs a word
        self.out("config", "apply", "-q", self.file("checks: []\n"))
        self.assertEqual(self.calls()[-1]["member"], "ApplyDocument")
        n = len(self.calls())
        self.assertIn("--yes", self.error("config", "apply", self.file("peers: []\n"), status=1))
        self.assertEqual([call["member"] for call in self.calls()[n:]], ["CheckDocument"])
        self.out("config", "apply", "--yes", self.file("peers: []\n"))
        self.assertEqual(self.last("ApplyDocument")[1]["remove_node"], {"s": OTHER})

    def test_place(self):
        daemon = self.daemon("--fail=CheckDocument=org.quptime1.Error.Invalid=line 3:7: checks[0].nam: no such field")
        path = self.file("x")
        self.assertEqual(self.error("config", "diff", path, status=1), f"error: {path}:3:7: checks[0].nam: no such field\n")
        self.assertIn("(standard input):3:7: ", self.error("config", "apply", "-", input="x", status=1))
        self.end(daemon)
        os.unlink(self.socket)
        self.daemon("--fail=CheckDocument=org.quptime1.Error.Conflict=both changed it")
        self.assertIn("quctl config show", self.error("config", "diff", path, status=1))

    def test_check(self):
        good = "checks:\n  - {name: db, type: tcp, target: 'db:1'}\nalerts: []\n"
        self.assertEqual(self.out("config", "check", "-", input=good),
                         "(standard input): no mistake found: 1 check, 0 alerts\n")
        for bad, says in (
            (good.replace("type: tcp", "typ: tcp"), ":2:16: checks[0].typ: no such field; is \"type\" meant?"),
            (good.replace("db:1", "db"), ":2:35: checks[0].target: "),
            ("a: [", ":1:"),
        ):
            self.assertIn(says, self.error("config", "check", "-", input=bad, status=1))
        warned = self.run_quctl("config", "check", "--adopt", "-", input=good.replace("'db:1'", "'db:1', later: 1"))
        self.assertIn("warning: (standard input):2:", warned.stderr)


class Doctor(Case):
    def rows(self, status):
        return {row["name"]: row for row in json.loads(self.found("--json=short", status=status))}

    def found(self, *options, status):
        done = subprocess.run([QUCTL, "doctor", *options], capture_output=True, text=True, timeout=WAIT, env=self.env)
        self.assertEqual((done.returncode, done.stderr.partition(":")[0]), (status, "error" if status else ""), done)
        return done.stdout

    def test_verdicts(self):
        self.daemon()
        text = self.found(status=0)
        self.assertRegex(text, r"(?m)^ok +daemon +version \S+ answers$")
        self.assertRegex(text, r"(?m)^warn +disk +nearly\\x1b full\n +-> make room$")
        self.assertRegex(text, r"(?m)^\(0 failed, 1 to be looked at\)$")
        self.assertEqual(self.rows(0)["clock"], {"name": "clock", "verdict": "ok", "detail": "right", "remedy": ""})
        self.assertNotIn("(", self.found("--no-legend", status=0).splitlines()[-1])
        self.assertEqual(self.found("-q", status=0), "")

    def test_failure(self):
        self.daemon("--no-quorum")
        self.assertEqual(self.rows(1)["disk"]["verdict"], "fail")
        self.assertEqual(self.error("doctor", "-q", status=1), "error: failed: disk\n")

    def test_without_daemon(self):
        rows = self.rows(3)
        self.assertEqual(rows["daemon"]["verdict"], "fail")
        self.assertIn("systemctl start quptime", rows["daemon"]["remedy"])
        self.assertLessEqual({"bus", "clock"}, set(rows))

    def test_older_daemon(self):
        self.daemon("--fail=Diagnose=org.freedesktop.DBus.Error.UnknownMethod=no such method")
        self.assertIn("version", self.rows(1)["daemon"]["remedy"])


class ConfigOnTerminal(Terminal):
    def test_show_is_escaped(self):
        self.daemon()
        process, master = self.terminal("config", "show")
        text = self.read_until(master, "kept: true")
        process.wait(WAIT)
        self.assertNotIn("\u202e", text)

    def test_removing_asks(self):
        self.daemon()
        path = os.path.join(self.dir, "document.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("checks: []\n")
        for answer, member, status in ((b"n\n", "CheckDocument", 1), (b"y\n", "ApplyDocument", 0)):
            process, master = self.terminal("config", "apply", path)
            self.assertIn("Remove 1 check?", self.read_until(master, "[y/N]"))
            os.write(master, answer)
            self.assertEqual(process.wait(WAIT), status)
            self.assertEqual(self.calls()[-1]["member"], member)


class ExitStatus(Case):
    """0 done, 1 refused, 2 wrong usage, 3 no daemon, 4 no quorum: for every verb that asks the daemon."""

    # what a verb takes -> the member that may refuse it
    VERBS = {
        "init": "Init",
        "status": "ListPeers",
        "why x": "ExplainCheck",
        "fingerprint": None,
        "tui": None,
        "node add -y b:1": "AddNode",
        "node list": "ListPeers",
        "node edit x --address=h:1": "EditNode",
        "node remove x": "RemoveNode",
        "node reset -y": "ResetNode",
        "check add http n http://u": "AddCheck",
        "check add tcp n h:1": "AddCheck",
        "check add icmp n h": "AddCheck",
        "check list": "ListChecks",
        "check edit x --interval=1m": "EditCheck",
        "check enable x": "EnableCheck",
        "check disable x": "DisableCheck",
        "alert enable x": "EnableAlert",
        "alert disable x": "DisableAlert",
        "check remove x": "RemoveCheck",
        "alert add smtp n --host=h --from=f --to=t": "AddAlert",
        "alert add discord n --webhook=u": "AddAlert",
        "alert list": "ListAlerts",
        "alert edit ops --host=h": "EditAlert",
        "alert remove x": "RemoveAlert",
        "alert test x": "TestAlert",
        "check test x": "TestCheck",
        "alert render ops": "ListAlerts",
        "alert default ops on": "EditAlert",
        "trust list": "ListTrust",
        "trust remove x": "RemoveTrust",
        "config show": "GetDocument",
        "config diff /dev/null": "CheckDocument",
        "config apply /dev/null": "CheckDocument",
        "edit": "GetDocument",
    }
    WITHOUT_DAEMON = {"serve", "help", "config check", "doctor"}
    ENDLESS = {"monitor"}  # has a class of its own

    def test_table_is_whole(self):
        listed = re.findall(r"(?m)^  ([a-z][a-z ]*[a-z])(?: [A-Z\[].*)?  ", self.out("help"))
        for verb in listed:
            self.assertTrue(
                verb in self.WITHOUT_DAEMON | self.ENDLESS or any(line.startswith(verb) for line in self.VERBS), verb
            )
        self.assertGreater(len(listed), 20)

    def test_no_daemon(self):
        for line in self.VERBS:
            self.assertIn("systemctl start", self.error(*line.split(), status=3))

    def test_dashboard_needs_a_terminal(self):
        self.daemon()
        self.assertIn("needs a terminal", self.error("tui", status=1))

    def test_wrong_usage(self):
        for line in [*self.VERBS, *self.WITHOUT_DAEMON]:
            self.error(*line.split(), "--no-such-option", status=2)
            if line != "help" and not line.startswith("alert render"):
                self.error(*line.split(), "one", "too", "many", status=2)

    def test_refusals(self):
        members = {member for member in self.VERBS.values() if member}
        for name, status in (
            ("org.quptime1.Error.Refused", 1),
            ("org.quptime1.Error.NoQuorum", 4),
            ("org.freedesktop.DBus.Error.AccessDenied", 1),
        ):
            daemon = self.daemon(*(f"--fail={member}={name}=a sentence" for member in members))
            for line, member in self.VERBS.items():
                if member:
                    message = self.error(*line.split(), status=status)
                    self.assertIn("a sentence", message, line)
            self.end(daemon)
            os.unlink(self.socket)

    def test_done(self):
        self.daemon()
        for line in self.VERBS:
            if line != "tui":  # which tests/tui/ drives
                self.out(*line.split())
        self.out("serve")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
