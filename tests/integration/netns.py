# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts of our own: network namespaces on one bridge, and cuts between them.

Every namespace is named with this process's pid, so that suites can run side by side; they go with close().
Addresses are those of documentation (RFC 5737, RFC 3849). `world` is the namespace where targets and receivers
live; the bridge is in a namespace of its own, so the machine's own network is never touched.
"""

import os
import subprocess


def run(*command, input=None):
    done = subprocess.run(command, capture_output=True, text=True, input=input)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def available():
    """None, or why this machine cannot make network namespaces."""
    name = f"qt{os.getpid()}probe"
    try:
        run("ip", "netns", "add", name)
        run("ip", "netns", "exec", name, "nft", "list", "ruleset")
        return None
    except OSError as error:
        return str(error)
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Network:
    def __init__(self, n, worlds=1):
        self.prefix = f"qt{os.getpid()}"
        self.switch = f"{self.prefix}s"
        self.names = [f"{self.prefix}n{i + 1}" for i in range(n)]
        self.world = f"{self.prefix}w"
        self.addresses = [f"192.0.2.{i + 1}" for i in range(n)]
        self.world_address = "192.0.2.100"

    def __enter__(self):
        try:
            self.make()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def make(self):
        run("ip", "netns", "add", self.switch)
        run("ip", "-n", self.switch, "link", "add", "br0", "type", "bridge", "forward_delay", "0")
        run("ip", "-n", self.switch, "link", "set", "br0", "up")
        run("ip", "netns", "exec", self.switch, "nft", "-f", "-", input="""
            table bridge faults {
                set cut { type ifname . ifname; }
                chain forward {
                    type filter hook forward priority 0; policy accept;
                    iifname . oifname @cut drop
                }
            }""")
        hosts = [*zip(self.names, self.addresses, (f"v{i + 1}" for i in range(len(self.names)))),
                 (self.world, self.world_address, "vw")]
        for number, (name, address, port) in enumerate(hosts, 1):
            run("ip", "netns", "add", name)
            run("ip", "-n", self.switch, "link", "add", port, "type", "veth", "peer", "name", "eth0",
                "address", f"02:00:00:00:00:{number:02x}", "netns", name)
            run("ip", "-n", self.switch, "link", "set", port, "master", "br0", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647")

    def _port(self, who):
        if who in ("world", self.world):
            return "vw"
        return f"v{self.names.index(who) + 1}" if who in self.names else f"v{who}"

    def cut(self, a, b, one_way=False):
        """a and b: node numbers from 1, namespace names, or "world"."""
        pairs = [(a, b)] if one_way else [(a, b), (b, a)]
        for x, y in pairs:
            run("ip", "netns", "exec", self.switch, "nft", "add", "element", "bridge", "faults", "cut",
                "{", self._port(x), ".", self._port(y), "}")

    def heal(self):
        run("ip", "netns", "exec", self.switch, "nft", "flush", "set", "bridge", "faults", "cut")

    def close(self):
        for name in [*self.names, self.world, self.switch]:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
