# SPDX-License-Identifier: LGPL-2.1-or-later
"""cluster.yaml edited by hand, well and badly, on any node."""

import os
import signal

import harness
from harness import Cluster, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")


def save(node, text, in_place=False):
    path = node.dir / "cluster.yaml"
    if in_place:
        path.write_text(text)
    else:
        draft = node.dir / ".draft"
        draft.write_text(text)
        draft.chmod(0o600)
        os.rename(draft, path)


def text_of(node):
    return (node.dir / "cluster.yaml").read_text()


def interval(node, name):
    return next(c for c in harness.json.loads(node.quctl("--json=short", "check", "list").stdout)
                if c["name"] == name)["interval"]


def test_edits():
    with Cluster(3) as cluster:
        cluster.up()
        a, b, c = cluster.nodes
        a.quctl("check", "add", "tcp", "db", "127.0.0.1:1", "--interval", "10s", "--timeout", "1s")
        for node in cluster.nodes:
            wait_for("the file shows it", lambda node=node: "name: db" in text_of(node))
            assert oct((node.dir / "cluster.yaml").stat().st_mode & 0o777) == "0o600"

        # a good edit, by rename, on the last node
        save(c, text_of(c).replace("interval: 10s", "interval: 20s"))
        wait_for("it is everywhere", lambda: all(interval(n, "db") == "20s" for n in cluster.nodes))
        assert "manual-edit: cluster.yaml changed externally — replicating via master" in c.text()
        wait_for("every file shows it", lambda: all("interval: 20s" in text_of(n) for n in cluster.nodes))

        # in place, whole
        save(b, text_of(b).replace("interval: 20s", "interval: 25s"), in_place=True)
        wait_for("it is everywhere", lambda: all(interval(n, "db") == "25s" for n in cluster.nodes))

        # in place, cut off: the last line is missing
        version = a.status()["version"]
        wait_for("the file is current", lambda: "interval: 25s" in text_of(b))
        save(b, text_of(b).replace("interval: 25s", "interval: 35s").removesuffix("...\n"), in_place=True)
        rejected = b.dir / "cluster.yaml.rejected"
        wait_for("it is kept aside", rejected.exists)
        wait_for("the file is right again", lambda: "interval: 25s" in text_of(b) and text_of(b).endswith("...\n"))
        rejected.unlink()

        # a typo: named with line, column, field and the nearest name; a value that no rule allows
        for wrong, words in ((("interval:", "intervall:"), ("intervall", "interval", "cluster.yaml:")),
                             (("interval: 25s", "interval: 5ms"), ("interval", "1s")),
                             (("checks:", "checks: ["), ("cluster.yaml:",))):
            save(b, text_of(b).replace(*wrong, 1))
            wait_for("it is rejected", rejected.exists)
            head = rejected.read_text()
            assert all(word in head for word in words), head
            wait_for("the file is right again", lambda: wrong[1] not in text_of(b))
            rejected.unlink()
        assert a.status()["version"] == version, "the running configuration stays"

        # an older text saved again is a restore, not an edit
        old = text_of(a)
        a.quctl("check", "add", "tcp", "cache", "127.0.0.1:2", *FAST)
        wait_for("the file shows it", lambda: "name: cache" in text_of(a))
        save(a, old)
        wait_for("it is rejected", lambda: (a.dir / "cluster.yaml.rejected").exists())
        assert len(a.status()["checks"]) == 2

        # an edit that others' changes meanwhile do not touch is merged
        base = text_of(c)
        wait_for("c shows it too", lambda: "name: cache" in text_of(c))
        base = text_of(c)
        a.quctl("alert", "add", "discord", "oncall", "--webhook", "http://127.0.0.1:9/x")
        wait_for("c shows the alert", lambda: "oncall" in text_of(c))
        save(c, base.replace("interval: 25s", "interval: 40s"))
        wait_for("both are there", lambda: all(
            interval(n, "db") == "40s" and "oncall" in n.quctl("alert", "list").stdout for n in cluster.nodes))

        # while the daemon is stopped
        c.stop()
        save(c, text_of(c).replace("interval: 40s", "interval: 50s"))
        c.start()
        wait_for("it is everywhere", lambda: all(interval(n, "db") == "50s" for n in cluster.nodes))

        # a peer cannot be added by hand, and is removed by hand as by `node remove`
        (c.dir / "cluster.yaml.rejected").unlink(missing_ok=True)
        wait_for("c's file is current", lambda: "interval: 50s" in text_of(c))
        save(c, text_of(c).replace("peers:\n", "peers:\n  - node_id: 00000000-0000-4000-8000-000000000000\n"
                                   "    advertise: 127.0.0.1:1\n", 1))
        wait_for("it is rejected", lambda: (c.dir / "cluster.yaml.rejected").exists())
        assert "quctl node add" in (c.dir / "cluster.yaml.rejected").read_text()
        (c.dir / "cluster.yaml.rejected").unlink()

        # without quorum
        wait_for("c's file is current", lambda: text_of(c).endswith("...\n"))
        a.kill(signal.SIGKILL)
        b.kill(signal.SIGKILL)
        wait_for("no quorum", lambda: not c.status()["master"])
        save(c, text_of(c).replace("interval: 50s", "interval: 55s"))
        wait_for("it is kept aside", lambda: (c.dir / "cluster.yaml.rejected").exists())
        assert "quorum" in (c.dir / "cluster.yaml.rejected").read_text()
        assert interval(c, "db") == "50s"


def test_what_is_no_file_of_ours():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        path, rejected = node.dir / "cluster.yaml", node.dir / "cluster.yaml.rejected"
        node.quctl("check", "add", "tcp", "db", "127.0.0.1:1", *FAST)
        wait_for("the file shows it", lambda: "name: db" in text_of(node))

        def put(make, word):
            draft = node.dir / "draft"
            make(draft)
            path.unlink(missing_ok=True)
            os.rename(draft, path)
            wait_for(f"{word} is named", lambda: word in node.text())
            wait_for("the file is right again", lambda: path.is_file() and not path.is_symlink() and
                     "name: db" in text_of(node) and text_of(node).endswith("...\n"))

        other = node.dir / "other"
        other.write_text(text_of(node).replace("name: db", "name: other"))
        put(lambda draft: os.symlink(other, draft), "a symbolic link")
        put(lambda draft: draft.write_text("#" * (20 << 20)), "File too large")
        put(os.mkfifo, "no regular file")
        rejected.unlink()
        rejected.write_text("something\n")
        put(os.mkdir, "a directory")
        assert rejected.read_text() == "something\n"
        assert len(node.status()["checks"]) == 1
        node.stop()


def test_a_deleted_file_changes_nothing():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        path = node.dir / "cluster.yaml"
        node.quctl("check", "add", "tcp", "one", "127.0.0.1:1", *FAST)
        wait_for("the file shows it", lambda: "name: one" in text_of(node))
        path.unlink()
        node.process.send_signal(signal.SIGHUP)
        wait_for("a reload writes it again", lambda: path.exists() and "name: one" in text_of(node))
        path.unlink()
        node.quctl("check", "add", "tcp", "two", "127.0.0.1:1", *FAST)
        wait_for("a change, too", lambda: path.exists() and "name: two" in text_of(node))
        path.unlink()
        node.stop()
        node.start()
        wait_for("the start, too", lambda: path.exists() and "name: two" in text_of(node))
        assert [check["name"] for check in node.status()["checks"]] == ["one", "two"]
        assert not (node.dir / "cluster.yaml.rejected").exists()
        node.stop()


def test_a_file_that_cannot_be_written():
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        node.quctl("check", "add", "tcp", "one", "127.0.0.1:1", *FAST)
        wait_for("the file shows it", lambda: "name: one" in text_of(node))
        hindrance = node.dir / ".cluster.yaml.new"
        wait_for("the writing is through", lambda: not hindrance.exists())
        hindrance.mkdir()
        for name in ("two", "three"):
            node.quctl("check", "add", "tcp", name, "127.0.0.1:1", *FAST)
        wait_for("it is said", lambda: "cannot write" in node.text())
        hindrance.rmdir()
        wait_for("the file shows all", lambda: "name: three" in text_of(node))
        node.quctl("check", "add", "tcp", "four", "127.0.0.1:1", *FAST)
        wait_for("the file shows all", lambda: "name: four" in text_of(node))
        assert not (node.dir / "cluster.yaml.rejected").exists(), "our own older text is no edit"
        node.stop()


if __name__ == "__main__":
    harness.main(globals())
