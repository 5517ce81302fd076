# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that are full, refuse, or hang, under real daemons.

A node whose register cannot be written keeps probing and sends its observations, but grants no vote, acknowledges
no value, stands for nothing and gives up a lead; it says so (journal, `quctl status`, the bus), and takes part again
by itself when it can. Its memory never runs ahead of the disk: what failed is shown nowhere.

Full disks are small tmpfs of each node's own, in a mount namespace of this test (root); those that refuse or hang
are played by disk-shim.c, preloaded into one daemon, which obeys a control file.
"""

import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import time

import harness
from harness import Cluster, HttpTarget, wait_for

FAST = ("--interval", "1s", "--timeout", "1s")
SHIM = harness.BUILD / "tests" / "integration" / "libdisk-shim.so"
CLONE_NEWNS = 0x20000
SAID = "the register cannot be written"
HINT = "the disk fails"
WELL = "the register can be written again"


def own_mounts():
    """A mount namespace for this process and what it starts: its mounts go with it. None, or why not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return f"cannot make a mount namespace: {os.strerror(ctypes.get_errno())}"
    done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, text=True)
    return done.stderr.strip() or None


NO_MOUNTS = own_mounts()


class Disk:
    """The disk of one node: a tmpfs of its own, and the shim's control file."""

    def __init__(self, cluster, node, size="6m"):
        self.node = node
        self.control = cluster.base / f"{node.name}.disk"
        self.control.write_text("")
        self.ballast = node.dir / "ballast"
        if size:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", node.dir], check=True)
            cluster.cleanup.callback(subprocess.run, ["umount", "-l", node.dir])
        # what the test reads and talks to is on another disk, as the journal and /run are
        node.log = cluster.base / f"{node.name}.log"
        node.socket = cluster.base / f"{node.name}.sock"
        node.disk = self

    def env(self):
        return {"LD_PRELOAD": str(SHIM), "DISK_SHIM_CONTROL": str(self.control),
                "DISK_SHIM_BELOW": str(self.node.dir)}

    def obey(self, words):
        draft = self.control.with_suffix(".new")
        draft.write_text(words)
        os.rename(draft, self.control)

    def fill(self):
        with open(self.ballast, "wb", buffering=0) as f:
            for size in (1 << 16, 4096, 1):
                with contextlib.suppress(OSError):
                    while f.write(b"x" * size):
                        pass

    def free(self):
        self.ballast.unlink(missing_ok=True)


def on_disks(n, mounts=True):
    cluster = Cluster(n)
    for node in cluster.nodes:
        Disk(cluster, node, size="6m" if mounts else None)
    return cluster


def up(cluster):
    for node in cluster.nodes:
        node.start(**node.disk.env())
        node.init(cluster.secret)
    cluster.nodes.sort(key=lambda node: node.node_id)
    for node in cluster.nodes[1:]:
        cluster.nodes[0].quctl("node", "add", node.advertise, "--yes")
    return cluster.settled()


def hint(node):
    return node.quctl("status", check=False).stdout


def hint_on_the_bus(node):
    done = subprocess.run(["busctl", f"--address=unix:path={node.socket}", "--json=short", "get-property",
                           "org.quptime1", "/org/quptime1", "org.quptime1.Manager", "Hint"],
                          capture_output=True, text=True)
    return json.loads(done.stdout)["data"]


@contextlib.contextmanager
def signals(node):
    """A function that gives what the node has signalled since."""
    path = node.disk.control.with_suffix(".signals")
    with open(path, "wb") as out:
        monitor = subprocess.Popen(["gdbus", "monitor", "--address", f"unix:path={node.socket}", "--dest",
                                    "org.quptime1"], stdout=out, stderr=out, preexec_fn=harness.die_with_parent)
    try:
        wait_for("it listens", lambda: "Monitoring" in path.read_text(errors="replace"))
        yield lambda: path.read_text(errors="replace")
    finally:
        monitor.kill()
        monitor.wait()


def names(node):
    return {c["name"] for c in node.status()["checks"]}


def votes(node, name):
    check = node.check_state(name)
    return check["ok"], check["total"]


def gives_up_the_lead(cluster, ill, spoil, mend):
    """The whole story of a disk that goes bad under the master, and is mended: no restart, nothing lost."""
    http = HttpTarget().start()
    others = [n for n in cluster.nodes if n is not ill]
    others[0].quctl("check", "add", "http", "homepage", http.url, *FAST)
    cluster.all_see("homepage", "up")
    wait_for("all three vote", lambda: votes(others[0], "homepage") == (3, 3))

    signalled = cluster.cleanup.enter_context(signals(ill))
    spoil()
    begin = time.monotonic()
    # asked of another node, the change is led by the ill one at first; it is done all the same
    others[0].quctl("check", "add", "tcp", "meanwhile", "127.0.0.1:1", *FAST)
    took = time.monotonic() - begin
    print(f"# a change through the failure took {took:.1f} s", flush=True)
    assert took < 10 * harness.PATIENCE, took
    wait_for("another leads", lambda: all(
        n.status()["master"] in {o.node_id for o in others} for n in others), 20)
    assert SAID in ill.text(), ill.text()
    wait_for("status says so", lambda: HINT in hint(ill))
    wait_for("the bus says so", lambda: HINT in hint_on_the_bus(ill) and HINT in signalled())
    assert all(HINT not in hint(n) for n in others)

    # it acknowledges nothing, so nothing committed since is on its disk or shown as its own
    for i in range(5):
        others[i % 2].quctl("check", "add", "tcp", f"more{i}", "127.0.0.1:1", *FAST)
    assert HINT in hint(ill), "nothing has mended it meanwhile"

    # verdicts go on, and its observations count: three votes say that it is up again
    http.status = 500
    cluster.all_see("homepage", "down", nodes=others)
    http.status = 200
    cluster.all_see("homepage", "up", nodes=others)
    wait_for("all three vote", lambda: votes(others[0], "homepage") == (3, 3), 20)

    # it grants no vote: the last good node alone elects nobody
    leader = next(n for n in others if n.node_id == others[0].status()["master"])
    alone = next(n for n in others if n is not leader)
    leader.kill()
    wait_for("nobody leads", lambda: alone.status()["master"] == ill.status()["master"] == "", 20)
    term = alone.status()["term"]
    end = time.monotonic() + 6
    while time.monotonic() < end:
        assert alone.status()["master"] == "" and ill.status()["master"] == "", "it voted"
    assert HINT in hint(ill)
    print(f"# without its vote nobody led; the term went from {term} to {alone.status()['term']}", flush=True)

    mend()
    wait_for("it takes part again", lambda: WELL in ill.text(), 40)
    wait_for("the two have a master", lambda: alone.status()["master"] in (ill.node_id, alone.node_id), 40)
    wait_for("status is well", lambda: HINT not in hint(ill))
    alone.quctl("check", "add", "tcp", "afterwards", "127.0.0.1:1", *FAST)
    wait_for("it has all of it", lambda: names(ill) == names(alone) and "afterwards" in names(ill))
    leader.start(**leader.disk.env())
    wait_for("all three have it", lambda: names(leader) == names(ill))
    expected = {"homepage", "meanwhile", "afterwards", *(f"more{i}" for i in range(5))}
    assert names(ill) == expected, names(ill)
    http.stop()


def test_the_masters_disk_is_full():
    if NO_MOUNTS:
        return NO_MOUNTS
    with on_disks(3) as cluster:
        master = up(cluster)
        gives_up_the_lead(cluster, master, master.disk.fill, master.disk.free)
    return None


def test_the_masters_disk_refuses_writes():
    with on_disks(3, mounts=False) as cluster:
        master = up(cluster)
        gives_up_the_lead(cluster, master, lambda: master.disk.obey("eio-write"), lambda: master.disk.obey(""))


def test_the_masters_disk_refuses_to_sync():
    """What a failed fsync left behind is unknown until it is read again, which the daemon does by itself."""
    with on_disks(3, mounts=False) as cluster:
        master = up(cluster)
        gives_up_the_lead(cluster, master, lambda: master.disk.obey("eio-sync"), lambda: master.disk.obey(""))


def refused(node, name):
    done = node.quctl("check", "add", "tcp", name, "127.0.0.1:1", *FAST, check=False)
    assert done.returncode != 0, done
    return done


def memory_is_not_ahead(spoil):
    """Alone, so that its own disk is the majority: what was not written was not done, before and after kill -9."""
    with on_disks(1, mounts=not NO_MOUNTS) as cluster:
        node = up(cluster)
        node.quctl("check", "add", "tcp", "done", "127.0.0.1:1", *FAST)
        version = node.status()["version"]
        spoil(node.disk)
        answers = [refused(node, f"failed{i}").stderr for i in range(2)]
        print(f"# {answers}", flush=True)
        assert SAID in node.text()
        assert names(node) == {"done"} and node.status()["version"] == version, node.status()
        node.kill()
        node.disk.obey("")
        node.disk.free()
        node.start(**node.disk.env())
        wait_for("it leads", lambda: node.status()["master"] == node.node_id)
        # of what failed the disk may have the one write that was under way, as a change of unknown outcome
        assert "done" in names(node), names(node)
        print(f"# after the restart: {sorted(names(node))}", flush=True)
        unknown = [f"failed{i}" for i, text in enumerate(answers) if "may or may not" in text]
        assert names(node) <= {"done", *unknown}, (names(node), answers)
        node.quctl("check", "add", "tcp", "afterwards", "127.0.0.1:1", *FAST)


def test_memory_is_not_ahead_of_a_full_disk():
    if NO_MOUNTS:
        return NO_MOUNTS
    memory_is_not_ahead(lambda disk: disk.fill())
    return None


def test_memory_is_not_ahead_of_a_broken_disk():
    memory_is_not_ahead(lambda disk: disk.obey("eio-write"))


def test_a_slow_follower_disturbs_nobody():
    http = HttpTarget().start()
    with on_disks(3, mounts=False) as cluster:
        master = up(cluster)
        slow = next(n for n in cluster.nodes if n is not master)
        rest = [n for n in cluster.nodes if n is not slow]
        master.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        wait_for("all three vote", lambda: votes(master, "homepage") == (3, 3))
        term = master.status()["term"]
        slow.disk.obey("slow-sync 3000")
        worst = 0
        for i in range(10):
            begin = time.monotonic()
            rest[i % 2].quctl("check", "add", "tcp", f"more{i}", "127.0.0.1:1", *FAST)
            worst = max(worst, time.monotonic() - begin)
        print(f"# the slowest of ten changes took {worst * 1000:.0f} ms", flush=True)
        assert worst < 2 * harness.PATIENCE, worst
        http.status = 500
        cluster.all_see("homepage", "down", nodes=rest)
        http.status = 200
        cluster.all_see("homepage", "up", nodes=rest)
        wait_for("all three vote", lambda: votes(master, "homepage") == (3, 3))
        for node in rest:
            status = node.status()
            assert status["master"] == master.node_id and status["term"] == term, status
        assert all(p["live"] for p in master.status()["peers"])
        # it follows at its own pace, and keeps up when its disk does
        slow.disk.obey("")
        wait_for("it has all of it", lambda: names(slow) == names(master), 40)
        assert master.status()["term"] == term
    http.stop()


def test_a_start_on_a_full_disk():
    """It starts, probes and says what is wrong; what it takes part in waits for the disk."""
    if NO_MOUNTS:
        return NO_MOUNTS
    http = HttpTarget().start()
    with on_disks(3) as cluster:
        master = up(cluster)
        ill = next(n for n in cluster.nodes if n is not master)
        master.quctl("check", "add", "http", "homepage", http.url, *FAST)
        cluster.all_see("homepage", "up")
        ill.kill()
        ill.disk.fill()
        master.quctl("check", "add", "tcp", "meanwhile", "127.0.0.1:1", *FAST)
        ill.start(**ill.disk.env())
        wait_for("status says so", lambda: HINT in hint(ill))
        http.status = 500
        cluster.all_see("homepage", "down")
        http.status = 200
        cluster.all_see("homepage", "up")
        wait_for("all three vote", lambda: votes(master, "homepage") == (3, 3))
        ill.disk.free()
        wait_for("status is well", lambda: HINT not in hint(ill), 40)
        wait_for("it has all of it", lambda: names(ill) == {"homepage", "meanwhile"})
        ill.stop()
    http.stop()
    return None


# ---- what is put back, or gone ----

def refuses_to_start(node, words):
    node.start(wait=False)
    assert wait_for("it ends", lambda: node.process.poll()) != 0
    last = node.text().splitlines()[-1]
    assert words in node.text() and "quptimed --reset" in last, last


def comes_back_with_a_new_identity(cluster, node, inviter):
    old = node.node_id
    done = subprocess.run([str(harness.QUPTIMED), "--reset"], env=node.env(), capture_output=True, text=True,
                          timeout=20 * harness.PATIENCE)
    assert done.returncode == 0, done
    inviter.quctl("node", "remove", old)
    node.start()
    node.init(cluster.secret)
    assert node.node_id != old
    inviter.quctl("node", "add", node.advertise, "--yes")
    wait_for("it has all of it", lambda: names(node) == names(inviter))


def test_an_older_register_is_refused():
    """A copy of the database from a minute ago has its state id and is whole, and would vote twice."""
    with Cluster(3) as cluster:
        cluster.up()
        first, _, last = cluster.nodes
        first.quctl("check", "add", "tcp", "one", "127.0.0.1:1", *FAST)
        wait_for("it has it", lambda: names(last) == {"one"})
        last.stop()
        shutil.copytree(last.dir / "state", last.dir / "copy")
        last.start()
        first.quctl("check", "add", "tcp", "two", "127.0.0.1:1", *FAST)
        wait_for("it has it", lambda: names(last) == {"one", "two"})
        last.stop()
        shutil.rmtree(last.dir / "state")
        os.rename(last.dir / "copy", last.dir / "state")
        refuses_to_start(last, "is older than this node was")
        comes_back_with_a_new_identity(cluster, last, first)


def test_a_wiped_register_is_refused():
    with Cluster(3) as cluster:
        cluster.up()
        first, _, last = cluster.nodes
        first.quctl("check", "add", "tcp", "one", "127.0.0.1:1", *FAST)
        last.kill()
        shutil.rmtree(last.dir / "state")
        refuses_to_start(last, "is missing or empty")
        (last.dir / "state").mkdir(mode=0o700)
        (last.dir / "state" / "register.db").touch(mode=0o600)
        refuses_to_start(last, "is missing or empty")
        comes_back_with_a_new_identity(cluster, last, first)


def test_an_older_image_of_all_is_noticed_by_the_leader():
    """Nothing on such a host itself can tell; its leader remembers what it had acknowledged, and counts it no more."""
    with Cluster(3) as cluster:
        cluster.up()
        first, _, last = cluster.nodes
        last.stop()
        image = cluster.base / "image"
        shutil.copytree(last.dir, image)
        last.start()
        for name in ("one", "two"):
            first.quctl("check", "add", "tcp", name, "127.0.0.1:1", *FAST)
        wait_for("it has them", lambda: names(last) == {"one", "two"})
        leader = cluster.settled()
        last.kill()
        shutil.rmtree(last.dir)
        shutil.copytree(image, last.dir)
        last.start()
        wait_for("the leader says so", lambda: "has less on its disk than it once acknowledged" in leader.text())
        assert last.node_id in leader.text()


def test_an_old_text_put_back_before_the_new_one_is_synced():
    """The daemon knows that its text is in the file only when the directory is synced; what is saved before is an edit."""
    with on_disks(1, mounts=False) as cluster:
        up(cluster)
        node = cluster.nodes[0]
        path, rejected, draft = (node.dir / name for name in ("cluster.yaml", "cluster.yaml.rejected", ".draft"))
        node.quctl("check", "add", "tcp", "one", "127.0.0.1:1", *FAST)
        wait_for("the file shows it", lambda: "name: one" in path.read_text())
        draft.write_text(path.read_text())
        draft.chmod(0o600)
        node.disk.obey("slow-sync 1000")
        node.quctl("check", "add", "tcp", "two", "127.0.0.1:2", *FAST)
        wait_for("the file shows it", lambda: "name: two" in path.read_text())
        os.rename(draft, path)
        wait_for("it is rejected", rejected.exists)
        assert "put back" in rejected.read_text().splitlines()[0], rejected.read_text()
        wait_for("the file is right again", lambda: "name: two" in path.read_text())
        assert names(node) == {"one", "two"}


if __name__ == "__main__":
    harness.main(globals())
