# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` installs, on a node that has just booted with it."""

import contextlib
import re

import bed
from bed import Failure, harness, wait_for

WHY = bed.available()


@contextlib.contextmanager
def one_node():
    yield ONE.nodes[0].fresh()


def test_everything_is_in_its_place():
    if WHY:
        return WHY
    with one_node() as node:
        for unit in ("quptime.service", "quptime.socket", "quptime-control.socket"):
            assert node.show("LoadState", unit) == "loaded", unit
            assert node.show("UnitFileState", unit) == "disabled", unit
        # sysusers.d and tmpfiles.d were obeyed at boot
        assert node.sh("stat -c '%U:%G %a' /etc/quptime") == "quptime:quptime 700"
        assert node.sh("getent passwd quptime").endswith(("nologin", "false"))
        assert node.sh("systemd-tmpfiles --cat-config | grep -c '^d /etc/quptime '") == "1"
        assert "net.ipv4.ping_group_range = 0 2147483647" in node.sh("systemd-analyze cat-config sysctl.d")
        assert "org.quptime1" in node.sh("busctl --activatable list")
        assert "The uptime monitor works" in node.sh("journalctl --list-catalog 2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a01")
        for page in ("quptime-journal.7", "quctl.1", "quptimed.8", "quptime.service.8"):
            assert node.sh(f"man -w {page.rsplit('.', 1)[1]} {page.rsplit('.', 1)[0]}").endswith(page), page


def test_what_an_installation_does_on_a_running_system():
    if WHY:
        return WHY
    with one_node() as node:
        node.sh("userdel quptime; rm -r /etc/quptime; rm /var/lib/systemd/catalog/database")
        out = node.run("sh", "-s", input=(bed.ROOT / "units" / "post-install").read_text()).stdout
        assert "systemctl enable --now quptime" in out, out
        assert node.sh("stat -c %U /etc/quptime") == "quptime"
        assert "The uptime monitor works" in node.sh("journalctl --list-catalog 2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a01")
        node.systemctl("start", "quptime")
        node.init()


def test_systemd_analyze_has_nothing_to_say():
    if WHY:
        return WHY
    with one_node() as node:
        for manager, folder in (("--system", "system"), ("--user", "user")):
            for unit in ("quptime.service", "quptime.socket", "quptime-control.socket"):
                path = node.sh(f"ls /lib/systemd/{folder}/{unit} /usr/local/lib/systemd/{folder}/{unit} "
                               "2>/dev/null | head -n 1")
                done = node.run("env", "XDG_RUNTIME_DIR=/run", "systemd-analyze", manager, "verify", path)
                assert done.stdout + done.stderr == "", f"{path}: {done.stdout}{done.stderr}"
        text = node.sh("systemd-analyze --no-pager security quptime.service")
        exposure = float(re.search(r"exposure level for quptime.service: ([0-9.]+)", text).group(1))
        print(f"# exposure {exposure}")
        assert exposure <= 1.5, text


def test_the_control_socket_alone_answers_the_first_status():
    if WHY:
        return WHY
    with one_node() as node:
        node.systemctl("start", "quptime.socket", "quptime-control.socket")
        assert not node.is_active()
        done = node.quctl("status", socket=True, check=False)
        assert "quctl init" in done.stdout + done.stderr, done
        assert node.is_active()
        assert node.sh("stat -c '%U %a' /run/quptime/quptime.sock") == "quptime 600"


def test_the_peer_port_alone_starts_the_daemon_for_the_first_peer():
    if WHY:
        return WHY
    with one_node() as node:
        node.systemctl("start", "quptime")
        node.init()
        node.systemctl("stop", "quptime")
        node.systemctl("start", "quptime.socket", "quptime-control.socket")
        assert not node.is_active()
        greet_as_stranger(node)
        wait_for("the daemon was started", node.is_active)
        assert node.status()["node"] == node.node_id


def greet_as_stranger(node):
    """A TLS client that no peer knows: it is answered by the daemon, if only by a handshake."""
    with harness.in_namespace(ONE.world):
        import socket
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((node.address, 9901), timeout=20 * bed.PATIENCE) as plain:
            try:
                context.wrap_socket(plain).close()
            except ssl.SSLError as error:  # it wants a certificate of ours
                assert "EOF" not in str(error), error
            except ConnectionResetError:
                pass


def test_the_bus_alone_starts_the_daemon():
    if WHY:
        return WHY
    with one_node() as node:
        assert not node.is_active("quptime-control.socket")
        done = node.quctl("status", check=False)
        assert "quctl init" in done.stdout + done.stderr, done
        assert node.is_active()
        node.fresh()
        # and for whoever speaks D-Bus, also without privileges
        out = node.sh("runuser -u nobody -- busctl call org.quptime1 /org/quptime1 org.quptime1.Manager ListPeers")
        assert out.startswith("aa{sv} 0"), out
        assert node.is_active()


def test_start_and_the_status_line():
    if WHY:
        return WHY
    with one_node() as node:
        node.systemctl("start", "quptime")
        assert node.is_active() and node.is_active("quptime.socket") and node.is_active("quptime-control.socket")
        wait_for("STATUS= before init", lambda: "waiting for quctl init" in node.show("StatusText"))
        node.init()
        node.quctl("check", "add", "tcp", "closed", "127.0.0.1:1", *bed.FAST)
        wait_for("STATUS= in systemctl status", lambda: re.search(
            f'Status: "master {node.node_id}, quorum yes .*, 1 checks? down"',
            node.run("systemctl", "--no-pager", "status", "quptime").stdout))
        # nobody but the daemon's user and root sees what it keeps
        assert node.sh("find /etc/quptime /var/lib/quptime ! -user quptime") == ""
        assert node.sh("find /etc/quptime /var/lib/quptime -perm /077 ! -name cert.pem ! -name public.pem") == ""
        assert node.sh("runuser -u nobody -- ls /etc/quptime /var/lib/quptime 2>&1 || :").count("Permission denied") == 2


def test_enable_now_survives_a_reboot():
    if WHY:
        return WHY
    with one_node() as node:
        node.systemctl("enable", "--now", "quptime")
        assert node.is_active()
        for unit in ("quptime.service", "quptime.socket", "quptime-control.socket"):
            assert node.show("UnitFileState", unit) == "enabled", unit
        node.init()
        node.reboot()
        wait_for("the daemon is there by itself", node.is_active)
        # started at boot and not by somebody who knocked
        assert "multi-user.target" in node.show("WantedBy")
        status = wait_for("it has quorum", lambda: (lambda s: s["quorum"] and s)(node.status()))
        assert status["node"] == node.node_id
        assert node.sh("systemctl --failed --plain --no-legend") == ""


def test_a_drop_in_gives_raw_sockets():
    if WHY:
        return WHY
    with one_node() as node:
        # the very drop-in of quptime.service(8)
        text = node.sh("man -P cat quptime.service | sed -n '/CAP_NET_RAW/p'", check=False)
        node.drop_in("quptime.service", "[Service]\nCapabilityBoundingSet=CAP_NET_RAW\n"
                     "AmbientCapabilities=CAP_NET_RAW\n")
        node.systemctl("start", "quptime")
        node.init()
        assert "0000000000002000" in node.sh(f"grep CapEff /proc/{node.pid()}/status"), text
        node.quctl("check", "add", "icmp", "self", node.address, *bed.FAST)
        wait_for("it probes", lambda: node.check_state("self")["state"] == "up")
        node.quctl("check", "add", "tcp", "by-name", f"{node.name}:9901", *bed.FAST)
        # and without it, by what sysctl.d opens
        node.drop_in("quptime.service", None)
        node.systemctl("restart", "quptime")
        assert "0000000000000000" in node.sh(f"grep CapEff /proc/{node.pid()}/status")
        wait_for("it probes still", lambda: node.check_state("self")["ok"] == 1)
        wait_for("it looks up names", lambda: node.check_state("by-name")["state"] == "up")


if __name__ == "__main__":
    if WHY:
        harness.main(globals())
    with bed.Bed(1) as ONE:
        harness.main(globals())
