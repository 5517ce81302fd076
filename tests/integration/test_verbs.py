# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every verb of quctl's table against a running cluster of three: what it prints, as text and as JSON, its exit status,
and each refusal. A row is a call; the rows are played in their order. At the end the table of verbs itself is asked:
each verb has a row that succeeds and one that is refused, each that lists has one with JSON, and each exit status
occurs."""

import collections
import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import pty
import re
import shlex
import signal
import subprocess
import sys
import time

import harness
from harness import Cluster, HttpTarget, Node, Webhook, wait_for

MANUAL = pathlib.Path(__file__).resolve().parents[2] / "man" / "quctl.1"
DONE, REFUSED, USAGE, NO_DAEMON, NO_QUORUM = range(5)
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
VERSION = r"cluster version \d+\n"
NOW = r"\(cluster version now \d+\)\n"
# what prints an object or a list: each has a row with JSON
LISTS = {"status", "why", "node list", "check list", "alert list", "trust list", "config show", "alert render", "monitor",
         "doctor"}
CHECK_KEYS = ["id", "name", "type", "target", "state", "ok", "total", "alerts", "detail"]
STATUS_KEYS = ["node", "term", "master", "quorum", "version", "peers", "checks"]
ALL_CHECK_KEYS = CHECK_KEYS + ["interval", "timeout", "expect_status", "body_match", "alert_ids", "suppress_alert_ids",
                               "disabled", "revision", "since", "stale_since"]
ALERT_KEYS = ["id", "name", "type", "default", "disabled", "smtp_host", "smtp_port", "smtp_user", "smtp_password",
              "smtp_from", "smtp_to", "smtp_starttls", "discord_webhook", "subject_template", "body_template", "owed",
              "lacking", "endpoint", "revision"]


@dataclasses.dataclass
class Row:
    """`words`: as a person types them, {names} filled in. `out`, `err`: patterns for all of standard output and of
    standard error; of a refusal a part of its one line. `keys`: of the JSON object, or of each in the JSON list."""
    words: str
    status: int = DONE
    out: str = ""
    err: str = ""
    keys: list = None
    input: str = ""
    at: str = "alpha"
    env: dict = None


def ok(words, out="", **more):
    return Row(words, DONE, out, **more)


def no(status, words, err, **more):
    return Row(words, status, err=err, **more)


# ---- before there is a cluster: the daemon of `delta` has no identity ----

BEFORE = [
    no(REFUSED, "status", 'waits for "quctl init"', at="delta"),
    no(REFUSED, "--json=short status", 'waits for "quctl init"', at="delta"),
    no(REFUSED, "node list", 'waits for "quctl init"', at="delta"),
    no(REFUSED, "fingerprint", 'run "quctl init" first', at="delta"),
    no(REFUSED, "node reset", 'waits for "quctl init"', at="delta"),
    no(REFUSED, "check add tcp x 127.0.0.1:1", "quctl init", at="delta"),
    no(REFUSED, "init --advertise delta:1 --secret short", "20", at="delta"),
    no(REFUSED, "init --advertise nonsense", "host:port", at="delta"),
    no(REFUSED, "init --advertise delta:1 --port 99999", "port", at="delta"),
    no(REFUSED, "init --advertise delta:1 --key-type dsa", "ed25519", at="delta"),
    no(USAGE, "init --port http", "--port is a number", at="delta"),
    no(USAGE, "init --secret-file", "--secret-file needs a value", at="delta"),
    no(REFUSED, "init --secret-file /nonexistent", "cannot read /nonexistent", at="delta"),
    ok("-q init --advertise {delta} --bind 127.0.0.1 --port {delta_port} --secret-file -", "", at="delta",
       input="a secret of more than twenty characters\n"),
    no(REFUSED, "init", "already exists", at="delta"),
    Row("node reset", REFUSED, err="aborted", at="delta", input="n\n", out=r"Give up node " + UUID + r", .*\? \[y/N\] \n?"),
    ok("node reset --yes", r"(?s).+", at="delta"),
]

# ---- a calm cluster ----

OPTIONS = [
    ok("--version", r"quctl version [\d.]+\n"),
    ok("status --version", r"quctl version [\d.]+\n"),
    ok("--help", r"(?s)quctl \[OPTION…\] VERB.*"),
    ok("help", r"(?s)quctl \[OPTION…\] VERB.*"),
    ok("help check add", r"(?s).*check add http.*check add icmp.*"),
    ok("help check add http", r"(?s)quctl check add http NAME URL.*--expect.*"),
    no(USAGE, "help nonsense", 'no verb "nonsense"'),
    ok("serve", r"(?s).*quptimed.*systemctl start quptime.*"),
    ok("-h check add http", r"(?s)quctl check add http NAME URL.*"),
    ok("--help check add", r"(?s).*check add http.*check add icmp.*"),
    ok("check add -h", r"(?s).*check add http.*check add icmp.*"),
    ok("check list -h", r"(?s)quctl check list\n.*"),
    no(USAGE, "-h nonsense", 'unknown verb "nonsense"'),
    no(USAGE, "''", 'unknown verb ""'),
    no(USAGE, "check ''", 'unknown verb "check "'),
    no(USAGE, "node rm x", 'did you mean "node remove"'),
    no(USAGE, "checks ls", 'did you mean "check list"'),
    no(USAGE, "serve now", "one word too many"),
    no(USAGE, "list checks", 'did you mean "check list"'),
    no(USAGE, "add check http x y", 'did you mean "check add http"'),
    no(USAGE, "checks", 'did you mean "check list"'),
    no(USAGE, "version", 'did you mean "--version"'),
    no(USAGE, "chekc list", 'did you mean "check list"'),
    no(USAGE, "check lsit", 'did you mean "check list"'),
    no(USAGE, "nonsense", '"quctl help" lists all verbs'),
    no(USAGE, "status --jsn=short", "did you mean --json"),
    no(USAGE, "status -x", "unknown option -x"),
    no(USAGE, "--json=xml status", "short, pretty or off"),
    no(USAGE, "status --json", "--json needs a value: short|pretty|off"),
    no(USAGE, "--quiet=maybe status", "true or false"),
    no(USAGE, "status more", "one word too many"),
    # before the verb the connection's options, after it the verb's own; -H and -M anywhere
    no(USAGE, "status --user", "goes before the verb"),
    no(USAGE, "status --system", "goes before the verb"),
    no(USAGE, "status --address=/x", "goes before the verb"),
    no(USAGE, "status --host=x", "goes before the verb"),
    no(USAGE, "--user --system status", "exclude each other"),
    no(USAGE, "--address= status", "--address is empty"),
    no(USAGE, "--host=x --machine=y status", "exclude each other"),
    no(USAGE, "-H x --user status", "out of reach"),
    no(NO_DAEMON, "--address=/nonexistent/socket status", "no daemon answers at /nonexistent/socket"),
    no(NO_DAEMON, "--system status", "", env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}),
    no(NO_DAEMON, "--user status", "", env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}),
    no(NO_DAEMON, "-H nobody@127.0.0.1 status", "cannot reach the message bus of nobody@127.0.0.1", env={"PATH": "/nonexistent"}),
    no(NO_DAEMON, "status -H nobody@127.0.0.1", "cannot reach the message bus of", env={"PATH": "/nonexistent"}),
    no(NO_DAEMON, "check remove x -Hnobody@127.0.0.1", "cannot reach the message bus of", env={"PATH": "/nonexistent"}),
    no(NO_DAEMON, "alert add smtp x --host a --from a@b --to a@b -H nobody@127.0.0.1", "nobody@127.0.0.1",
       env={"PATH": "/nonexistent"}),
    no(NO_DAEMON, "-M nobody status", "cannot reach the message bus of nobody"),
    no(NO_DAEMON, "node list -M nobody", "cannot reach the message bus of nobody"),
    ok("--address={socket} -q status"),
    ok("-q --address {socket} status"),
]

NODES = [
    ok("status", r"(?s)node +{alpha_id}\nterm +\d+\nmaster +{master_id}\nquorum +true \(need 2\)\nconfig ver +\d+\n\n"
       r"PEERS\n +NODE_ID +ADVERTISE +LIVE +LAST_SEEN\n.*\* +{alpha_id} +{alpha} +true +" + TIME +
       r"\n.*\(\* = this node\)\n\nCHECKS\n.*\(alerts marked \* are attached as defaults\)\n"),
    ok("--no-legend status", r"(?s)node(?!.*NODE_ID)(?!.*\(\* =).*"),
    ok("--json=short status", keys=STATUS_KEYS),
    ok("status --json=pretty", keys=STATUS_KEYS, at="bravo"),
    ok("--json=off -q status"),
    ok("fingerprint", r"sha256:[0-9a-f]{64}\n"),
    no(USAGE, "fingerprint of", "one word too many"),
    ok("node list", r"(?s)node +{bravo_id}\n.*PEERS\n +NODE_ID +ADVERTISE +LIVE +LAST_SEEN\n.*\* +{bravo_id}.*\(\* = this node\)\n",
       at="bravo"),
    ok("--json=short node list", keys=["node_id", "advertise", "live", "last_seen", "fingerprint", "self", "joining"]),
    no(USAGE, "node add", "too few words, it is: quctl node add HOST:PORT"),
    no(REFUSED, "node add nonsense", "host:port"),
    no(REFUSED, "node add 127.0.0.1:1", "127.0.0.1:1"),
    no(USAGE, "node add {delta} --fingerprint sha256:12", '"sha256:" and 64 hex digits'),
    ok("init --advertise {delta} --bind 127.0.0.1 --port {delta_port} --secret-file -", at="delta",
       out=r"(?s)node id +" + UUID + r"\ndata dir +/.*\nadvertise +{delta}\nfingerprint +sha256:.*", input="{secret}\n"),
    no(REFUSED, "node add {delta} --fingerprint sha256:" + 64 * "0", "nothing was changed"),
    Row("node add {delta}", REFUSED, input="\n", err="aborted",
        out=r"(?s)remote node +" + UUID + r"\nfingerprint +sha256:.*Trust this fingerprint and add {delta} to the cluster\? .*"),
    ok("node add {delta} --yes", r"(?s)remote node.*added node " + UUID + " " + NOW, at="bravo"),
    no(REFUSED, "node add {delta} --yes", "already"),
    no(REFUSED, "node edit {delta_id} --address nonsense", "host:port"),
    no(USAGE, "node edit {delta_id}", "--address"),
    no(REFUSED, "node edit nobody --address a:1", 'no peer "nobody"'),
    ok("node edit {delta_id} --address {delta_local}", r"updated node {delta_id}: {delta_local} " + NOW),
    no(REFUSED, "trust remove {delta_id}", "is a member"),
    no(REFUSED, "node remove nobody", 'no peer "nobody"'),
    no(USAGE, "node remove", "too few words"),
    ok("node remove {delta_begin}", r"removed {delta_id} " + NOW),
    ok("trust list", r"(?s)NODE_ID +ADDRESS +FINGERPRINT +ADDED\n.*{bravo_id} +{bravo} +sha256:[0-9a-f]{64} +" + TIME + ".*"),
    ok("--json=short trust list", keys=["node_id", "address", "fingerprint", "added_at"]),
    no(USAGE, "trust list all", "one word too many"),
    ok("trust remove nobody", "no entry for nobody\n"),
    no(USAGE, "trust remove", "too few words"),
    no(REFUSED, "node list", "waits for", at="fresh"),
    no(USAGE, "tui now", "one word too many"),
    no(REFUSED, "tui", "needs a terminal"),
]

CHECKS = [
    ok("check add http page {page} --expect 200 --body-match hello --interval 1s --timeout 1s",
       r"added check page \(http\) id=" + UUID + " — " + VERSION),
    ok("check add tcp db 127.0.0.1:{closed} --interval 1s --timeout 1s", r"added check db \(tcp\) id=" + UUID + " — " + VERSION),
    ok("check add icmp gateway 127.0.0.1 --interval=1m30s", r"added check gateway \(icmp\) id=.*\n", at="charlie"),
    ok("-q check add tcp 'two words' localhost:1 --interval 1h"),
    no(REFUSED, "check add tcp db 127.0.0.1:1", 'already a check named "db"'),
    no(REFUSED, "check add http db http://127.0.0.1/", 'already a check named "db"', at="charlie"),
    no(REFUSED, "check add icmp db 127.0.0.1", 'already a check named "db"', at="bravo"),
    ok("check add", r"(?s).*check add http.*check add tcp.*check add icmp.*"),
    no(USAGE, "check add dns x y", "check add"),
    no(USAGE, "check add http x", "too few words, it is: quctl check add http NAME URL"),
    no(USAGE, "check add tcp x y z", '"z" is one word too many'),
    no(USAGE, "check add tcp x y:1 --expect 200", "unknown option --expect"),
    no(REFUSED, "check add http x gopher://x/", "http"),
    no(REFUSED, "check add tcp x nonsense", "host:port"),
    no(REFUSED, "check add icmp x 'two words'", ""),
    no(REFUSED, "check add tcp x 192.0.2.300:1", '"192.0.2.300" is no IPv4 address'),
    no(REFUSED, "check add tcp '' y:1", "name"),
    no(REFUSED, "check add tcp x y:1 --interval soon", "is not a duration"),
    no(REFUSED, "check add tcp x y:1 --interval 10ms", "1s"),
    no(REFUSED, "check add tcp x y:1 --interval 5s --timeout 6s", "interval"),
    no(REFUSED, "check add tcp x y:1 --alerts nobody", "nobody"),
    no(USAGE, "check add http x http://y/ --expect ok", "--expect is a number"),
    no(REFUSED, "check add http x http://y/ --expect 99", "100"),
    ok("check list", r"(?s)ID +NAME +STATE +OK/TOTAL +ALERTS +DETAIL\n.*" + UUID + r" +db .*\(alerts marked \* are attached as defaults\)\n"),
    ok("--no-legend check list", r"(?s)" + UUID + r" +.*"),
    ok("--json=short check list", keys=ALL_CHECK_KEYS),
    ok("--json=pretty check list", keys=ALL_CHECK_KEYS, at="bravo"),
    no(USAGE, "check list all", "one word too many"),
    ok("check edit db --name database --interval 2s", r"updated check db — " + VERSION, at="bravo"),
    ok("check edit {database_begin} --alerts=", r"updated check .* — " + VERSION),
    no(USAGE, "check edit database", "nothing to change"),
    no(USAGE, "check edit", "too few words"),
    no(USAGE, "check edit database --expect 204", "--expect is for http checks, and database is of type tcp"),
    no(REFUSED, "check edit nobody --interval 5s", 'no check "nobody"'),
    no(REFUSED, "check edit database --name page", 'already a check named "page"'),
    no(REFUSED, "check edit database --interval 1", "is not a duration"),
    ok("check disable database", "disabled check database — " + VERSION),
    ok("check disable database", "disabled check database — " + VERSION),
    no(REFUSED, "check disable nobody", 'no check "nobody"'),
    ok("check enable database", "enabled check database — " + VERSION, at="charlie"),
    no(REFUSED, "check enable nobody", 'no check "nobody"'),
    no(USAGE, "check enable", "too few words"),
    ok("why database", r"(?s)check +database \(tcp\)\n.*RULE\n.*VOTES\n.*ROUNDS\n.*TOLD\n.*"),
    ok("--json=short why database", keys=["id", "name", "state", "votes", "rounds", "deliveries", "rounds_needed"]),
    no(REFUSED, "why nobody", '"nobody"'),
    no(USAGE, "why", "too few words"),
    ok("check remove 'two words'", "removed check two words — " + VERSION),
    no(REFUSED, "check remove 'two words'", 'no check "two words"'),
]

ALERTS = [
    ok("alert add smtp ops --host 127.0.0.1 --port {closed} --from a@example.com --to b@example.com,c@example.com"
       " --user u --password-file - --subject '{{.Check.Name}}'", r"added alert ops \(smtp\) id=" + UUID + " — " + VERSION,
       input="a password\n"),
    ok("alert add discord oncall --webhook {hook} --default", r"added alert oncall \(discord\) id=" + UUID + " — " + VERSION),
    no(REFUSED, "alert add discord ops --webhook {hook}", 'already an alert named "ops"'),
    no(REFUSED, "alert add smtp oncall --host h --from a@b --to a@b", 'already an alert named "oncall"'),
    no(USAGE, "alert add smtp x", "--host"),
    no(USAGE, "alert add smtp x --host h --from a@b", "--to"),
    no(USAGE, "alert add smtp x --host h --from a@b --to a@b --port smtp", "--port is a number"),
    no(USAGE, "alert add smtp x --host h --from a@b --to a@b --starttls=perhaps", "--starttls is true or false"),
    no(USAGE, "alert add smtp x --host h --from a@b --to a@b --webhook y", "unknown option --webhook"),
    no(REFUSED, "alert add smtp x --host h --from nonsense --to a@b", "smtp_from"),
    no(REFUSED, "alert add smtp x --host h --from a@b --to a@b --body '{{nonsense}}'", "nonsense"),
    no(USAGE, "alert add discord x", "--webhook"),
    no(REFUSED, "alert add discord x --webhook http://192.0.2.1/x", "in clear"),
    no(REFUSED, "alert add discord x --webhook {hook} --body-file /nonexistent", "cannot read /nonexistent"),
    no(USAGE, "alert add discord x --webhook-file - --body-file -", "only one option can read standard input", input="x"),
    ok("alert list", r"(?s)ID +TYPE +DEFAULT +NAME\n.*" + UUID + r" +discord +true +oncall\n.*"),
    ok("--json=short alert list", keys=ALERT_KEYS),
    no(USAGE, "alert list all", "one word too many"),
    ok("alert edit oncall --body '{{.Verb}}'", "updated alert oncall — " + VERSION, at="charlie"),
    ok("alert edit oncall --body ''", "updated alert oncall — " + VERSION),
    no(USAGE, "alert edit oncall", "nothing to change"),
    no(USAGE, "alert edit oncall --host h", "--host is for smtp alerts, and oncall is of type discord"),
    no(REFUSED, "alert edit nobody --name x", 'no alert "nobody"'),
    no(REFUSED, "alert edit oncall --name ops", 'already an alert named "ops"'),
    ok("alert default ops on", "alert ops default=on — " + VERSION),
    ok("alert default ops 0", "alert ops default=off — " + VERSION),
    no(USAGE, "alert default ops maybe", '"on" or "off"'),
    no(USAGE, "alert default ops", "too few words"),
    no(REFUSED, "alert default nobody on", 'no alert "nobody"'),
    ok("alert disable ops", "disabled alert ops — " + VERSION),
    ok("alert list", r"(?s).*false \(disabled\) +ops\n.*"),
    ok("alert enable ops", "enabled alert ops — " + VERSION),
    no(REFUSED, "alert disable nobody", 'no alert "nobody"'),
    no(REFUSED, "alert enable nobody", 'no alert "nobody"'),
    ok("alert test oncall", r"test message for oncall sent: .*204.*\n", at="bravo"),
    no(REFUSED, "alert test ops", "refused"),
    no(REFUSED, "alert test nobody", 'no alert named "nobody"'),
    ok("alert render oncall", r"(?s).*homepage.*"),
    ok("alert render --default http", r"(?s)As mail:.*On Discord:.*"),
    ok("alert render oncall --event recovered --body '{{.VerbLower}}'", "recovered\n"),
    ok("--json=short alert render ops", keys=["subject", "body"]),
    no(REFUSED, "alert render nobody", 'no alert named "nobody"'),
    no(USAGE, "alert render", "name an alert"),
    no(USAGE, "alert render oncall --event never", "down, recovered or up"),
    no(USAGE, "alert render --type fax --body x", "smtp or discord"),
    no(USAGE, "alert render --default fax", "http, tcp or icmp"),
    no(REFUSED, "alert render oncall --body '{{.Nothing}}'", "the default text is sent instead", out=r"(?s).*"),
    ok("--json=short check list", keys=ALL_CHECK_KEYS),
    ok("check edit page --alerts oncall,ops", r"updated check page — " + VERSION),
    ok("status", r"(?s).*page +.*oncall,ops.*database +.*oncall\*.*|.*database +.*oncall\*.*page +.*oncall,ops.*"),
    ok("check edit database --suppress-alerts oncall", r"updated check database — " + VERSION, at="charlie"),
    ok("status", r"(?s).*database [^\n]* +\d/3 +- .*"),
    no(REFUSED, "check edit database --suppress-alerts nobody", 'no alert "nobody"'),
    ok("check edit database --suppress-alerts=", r"updated check database — " + VERSION),
    ok("status", r"(?s).*database [^\n]*oncall\*.*"),
    ok("alert remove ops", r"removed alert ops — cluster version \d+\ndetached from: page\n"),
    no(REFUSED, "alert remove ops", 'no alert "ops"'),
    ok("check test page", r"test of page: 1 alert delivered\n    oncall: webhook: delivered: .*\n"),
    ok("check test page --state recovered", r"test of page: 1 alert delivered\n    oncall: webhook: delivered: .*\n", at="bravo"),
    ok("-q check test page --state=up"),
    no(REFUSED, "check test nobody", '"nobody"'),
    no(USAGE, "check test page --state=sideways", "--state is down, recovered or up"),
    no(USAGE, "check test", "too few words"),
    no(REFUSED, "monitor nobody", '"nobody"'),
    no(USAGE, "monitor --jsn=short", "did you mean --json"),
]

DOCUMENT = [
    ok("config show", r"(?s)# .*\nversion: \d+\n.*peers:\n.*checks:\n.*alerts:\n.*"),
    ok("--json=short config show", keys=["version", "updated_at", "updated_by", "peers", "checks", "alerts"]),
    no(USAGE, "config show all", "one word too many"),
    ok("config check {document}", r"(?s).*"),
    no(REFUSED, "config check {broken}", "broken"),
    no(REFUSED, "config check /nonexistent", "cannot read /nonexistent"),
    ok("config diff {document}", ""),
    Row("config diff {smaller}", 5, out=r"(?s).*page.*"),
    no(REFUSED, "config diff {broken}", "broken"),
    ok("config apply {document}", r"(?s).*"),
    no(REFUSED, "config apply {broken}", "broken"),
    ok("config apply {smaller} --yes", r"(?s).*", err="removing 1 check that {smaller} leaves out"),
    no(USAGE, "config apply", "too few words"),
    ok("edit", "no changes\n", env={"SYSTEMD_EDITOR": "true"}),
    ok("edit --yes", r"changed  check \"databank\": name: .*\ncluster version now \d+\n",
       env={"SYSTEMD_EDITOR": "sed -i 's/name: database$/name: databank/'"}),
    ok("edit", r"changed  check \"database\": name: .*\ncluster version now \d+\n",
       env={"SYSTEMD_EDITOR": "sed -i 's/name: databank$/name: database/'"}),
    no(REFUSED, "edit", 'the editor "false" failed', env={"SYSTEMD_EDITOR": "false"}),
    no(REFUSED, "edit", 'cannot run the editor "/nonexistent"', env={"SYSTEMD_EDITOR": "/nonexistent"}),
    no(USAGE, "edit database", "one word too many"),
    ok("doctor", r"(?s)ok    daemon .*\nok    cluster .*peer .*"),
    ok("--json=short doctor", keys=["name", "verdict", "detail", "remedy"]),
    ok("-q doctor", ""),
    no(USAGE, "doctor now", "one word too many"),
]

# ---- two of three are gone, then all ----

ALONE = [
    no(NO_QUORUM, "-q status", ""),
    Row("status", NO_QUORUM, out=r"(?s).*quorum +false \(need 2\)\n.*false.*"),
    Row("--json=short status", NO_QUORUM, keys=STATUS_KEYS),
    ok("check list", r"(?s)ID.*"),
    no(NO_QUORUM, "check add tcp x 127.0.0.1:1", "nothing was changed"),
    no(NO_QUORUM, "check edit database --interval 5s", "nothing was changed"),
    no(NO_QUORUM, "check disable database", "nothing was changed"),
    no(NO_QUORUM, "check remove database", "nothing was changed"),
    no(NO_QUORUM, "alert add discord x --webhook {hook}", "nothing was changed"),
    no(NO_QUORUM, "alert default oncall on", "nothing was changed"),
    no(NO_QUORUM, "node edit {bravo_id} --address a:1", "nothing was changed"),
    no(NO_QUORUM, "node remove {bravo_id}", "nothing was changed"),
]
GONE = [
    no(NO_DAEMON, "status", "systemctl start quptime"),
    no(NO_DAEMON, "--json=short status", "systemctl start quptime"),
    no(NO_DAEMON, "-q status", "systemctl start quptime"),
    no(NO_DAEMON, "check list", "systemctl start quptime"),
    no(NO_DAEMON, "check remove x", "systemctl start quptime"),
    no(NO_DAEMON, "init", "systemctl start quptime"),
    no(NO_DAEMON, "fingerprint", "systemctl start quptime"),
    ok("serve", r"(?s).*"),
    ok("help", r"(?s).*"),
    ok("alert render --body x --data {data}", "(?s).*x\n"),
]


class Play:
    def __init__(self, cluster, base):
        self.cluster = cluster
        alpha, bravo, charlie = cluster.nodes
        self.nodes = {"alpha": alpha, "bravo": bravo, "charlie": charlie,
                      "delta": Node(base, "delta"), "fresh": Node(base, "fresh")}
        self.page, self.hook = HttpTarget().start(), Webhook().start()
        self.names = {
            "page": self.page.url, "closed": str(harness.free_port()), "secret": cluster.secret,
            "hook": f"http://127.0.0.1:{self.hook.port}/api/webhooks/1/x", "socket": str(alpha.socket),
            "delta": self.nodes["delta"].advertise, "delta_port": str(self.nodes["delta"].port),
            "delta_local": f"localhost:{self.nodes['delta'].port}",
            **{name: str(base / name) for name in ("document", "broken", "smaller", "data")},
        }
        (base / "broken").write_text("checks:\n  - name: [\n")
        (base / "data").write_text(json.dumps({"Check": {"Name": "n", "Type": "tcp", "Target": "t", "ID": "i"}}))
        self.rows = []
        self.keys = collections.defaultdict(set)  # of the JSON of each verb

    def learn(self):
        for name, node in self.nodes.items():
            if node.process and node.node_id:
                self.names |= {f"{name}_id": node.node_id, name: node.advertise}

    def fill(self, text, quote=lambda word: word):
        return re.sub(r"(?<!\{)\{([a-z_]+)\}(?!\})", lambda name: quote(self.names[name[1]]), text)

    def words(self, text):
        return shlex.split(self.fill(text))

    def call(self, row):
        node = self.nodes[row.at]
        return subprocess.run([str(harness.QUCTL), *self.words(row.words)], env={**node.env(), **(row.env or {})},
                              input=self.fill(row.input), capture_output=True, text=True, timeout=100 * harness.PATIENCE,
                              check=False)

    def play(self, rows):
        for row in rows:
            begin = time.monotonic()
            done = self.call(row)
            if os.environ.get("QUPTIME_ALL") and time.monotonic() - begin > 1:
                print(f"# {time.monotonic() - begin:.1f} s: {row.words}")
            try:
                self.compare(row, done)
            except AssertionError as error:
                complaint = f"{row.at}: quctl {row.words}: {error}\n{done.returncode}\n{done.stdout}{done.stderr}"
                if not os.environ.get("QUPTIME_ALL"):
                    raise AssertionError(complaint) from error
                print(complaint)
            self.rows.append(row)

    def compare(self, row, done):
        assert done.returncode == row.status, f"exit status {done.returncode}, not {row.status}"
        if row.keys is None:
            assert re.fullmatch(self.fill(row.out, re.escape), done.stdout), "other output"
        else:
            self.compare_json(row, json.loads(done.stdout))
            self.keys[verb_of(self.words(row.words))] |= keys_of(json.loads(done.stdout))
        if row.status in (DONE, 5) or row.status == NO_QUORUM and not row.err:
            assert re.fullmatch(f"warning: .*{re.escape(self.fill(row.err))}.*\n" if row.err else "", done.stderr), "standard error"
            return
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1 and done.stderr.endswith(lines[0] + "\n") or "\n    " in done.stderr, "not one line that says why"
        assert done.stderr.startswith("error: "), "something before the error"
        assert self.fill(row.err) in done.stderr if row.err else True, f"does not say {row.err!r}"

    @staticmethod
    def compare_json(row, value):
        objects = value if isinstance(value, list) else [value]
        assert objects, "an empty list"
        for one in objects:
            assert set(row.keys) <= set(one) if row.words.endswith(("why database", "ops")) else list(one) == row.keys, list(one)
        for name, keys in (("peers", ["node_id", "advertise", "live", "last_seen"]), ("checks", CHECK_KEYS)):
            for one in value.get(name, []) if isinstance(value, dict) and "quorum" in value and "node" in value else []:
                assert list(one) == keys, list(one)


@functools.cache
def table():
    """{verb: flags} of the table of verbs itself."""
    done = subprocess.run([str(harness.QUCTL), "--complete", "table"], capture_output=True, text=True, check=True)
    return [line.split("\t")[1] for line in done.stdout.splitlines() if line.startswith("verb\t")]


def verb_of(words):
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in ("-H", "-M", "--address") else 1:]
    return next((verb for verb in table() if words[: len(verb.split())] == verb.split()), None)


def in_terminal(node):
    """tui is the one verb that needs a terminal: 0 after q."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(str(harness.QUCTL), ["quctl", "tui"], {**node.env(), "TERM": "xterm"})
    shown = b""
    try:
        while b"quit" not in shown:
            shown += os.read(fd, 65536)
        os.write(fd, b"q")
        while os.read(fd, 65536):
            pass
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def monitored(node, *options):
    """The first line of monitor, which ends when it is told to."""
    with subprocess.Popen([str(harness.QUCTL), *options, "monitor"], env=node.env(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20 * harness.PATIENCE) in (DONE, -signal.SIGINT), process.returncode
    return line


def keys_of(value):
    """All keys of a document, at whatever depth."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    return set(value) | keys_of(list(value.values())) if isinstance(value, dict) else set()


def keys_are_documented(play):
    """quctl(1) names each key that was seen, and of most verbs no other."""
    text = MANUAL.read_text().partition('.SH "JSON OUTPUT"')[2].partition("\n.SH ")[0]
    told = {}
    for part in text.split(".TP\n.B ")[1:]:
        verb, _, about = part.partition("\n.PP\n")[0].partition("\n")
        told[verb] = set(re.findall(r"\b[a-z_0-9]+\b", " ".join(re.findall(r"(?m)^\.BR? (.*)", about))))
    told["check list"] |= set(CHECK_KEYS) | {"name", "default"}
    for verb in LISTS - {"config show", "doctor", "monitor"}:
        seen = play.keys[verb]
        seen -= {"kept"} if verb == "alert list" else set()  # a secret, see SECRETS
        assert seen <= told[verb], (verb, seen - told[verb])
        if verb != "why":  # of which some lists may be empty
            assert told[verb] - {"and", "status", "s"} == seen, (verb, told[verb] ^ seen)


def test_every_verb():
    with Cluster(3) as cluster:
        cluster.up()
        play = Play(cluster, cluster.base)
        for name in ("delta", "fresh"):
            cluster.cleanup.callback(play.nodes[name].start().kill)
        play.learn()
        play.names["master_id"] = play.nodes["alpha"].status()["master"]
        play.play(BEFORE)
        play.nodes["delta"].kill()
        play.nodes["delta"].start()
        play.play(OPTIONS)
        for row in NODES:
            play.play([row])
            if row.words.startswith("init") and row.at == "delta":
                delta = play.nodes["delta"]
                delta.node_id = delta.status()["node"]
                play.names |= {"delta_id": delta.node_id, "delta_begin": delta.node_id[:8]}
        for row in CHECKS:
            play.play([row])
            if "--name database" in row.words:
                found = json.loads(play.nodes["bravo"].quctl("--json=short", "check", "list").stdout)
                play.names["database_begin"] = next(one["id"] for one in found if one["name"] == "database")[:12]
                wait_for("all know it", lambda: all(node.check_state("database") for node in cluster.nodes))
        play.play(ALERTS)
        show = play.nodes["alpha"].quctl("config", "show").stdout
        (cluster.base / "document").write_text(show)
        (cluster.base / "smaller").write_text(re.sub(r"(?m)^  - id: \S+\n    name: page\n(?:    .*\n)*", "", show))
        play.play(DOCUMENT)
        assert in_terminal(play.nodes["alpha"]) == DONE
        play.rows.append(ok("tui"))
        line = monitored(play.nodes["alpha"])
        assert re.fullmatch(play.fill(TIME + r" +connected +to node {alpha_id}: master .*\n", re.escape), line), line
        first = json.loads(monitored(play.nodes["alpha"], "--json=short"))
        assert list(first) == ["time", "event", "node_id", "master", "term", "quorum", "version"], first
        play.rows.append(ok("monitor", keys=list(first)))
        for name in ("bravo", "charlie"):
            play.nodes[name].stop()
        wait_for("alpha knows", lambda: play.nodes["alpha"].status()["quorum"] == {"met": False, "live": 1, "need": 2})
        with concurrent.futures.ThreadPoolExecutor() as pool:  # each waits ten seconds for a master
            list(pool.map(lambda row: play.play([row]), ALONE))
        play.nodes["alpha"].stop()
        play.play(GONE)
        everything_has_rows(play)
        keys_are_documented(play)


def everything_has_rows(play):
    rows = [(verb_of(play.words(row.words)), row) for row in play.rows]
    for verb in table():
        assert any(v == verb and row.status == DONE for v, row in rows), f"no row in which {verb} succeeds"
        assert any(v == verb and row.status not in (DONE, 5) for v, row in rows), f"no row in which {verb} is refused"
    for verb in LISTS:
        assert any(v == verb and row.keys for v, row in rows), f"no row with {verb} as JSON"
    assert {row.status for _, row in rows} >= {DONE, REFUSED, USAGE, NO_DAEMON, NO_QUORUM}
    print(f"# {len(rows)} rows, {len(table())} verbs", file=sys.stderr)


if __name__ == "__main__":
    harness.main(globals())
