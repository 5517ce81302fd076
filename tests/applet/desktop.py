# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop without a person: an X server in memory (Xvfb), a session bus of its own, and the real quptime-applet on
them. What the window shows is read from the file that its hidden option --dump keeps up to date; that it is a window, and
takes keys, is seen from outside by xwininfo(1) and xdotool(1)."""

import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import harness  # noqa: E402
from harness import Failure, die_with_parent, wait_for  # noqa: E402

APPLET = harness.BUILD / "src" / "applet" / "quptime-applet"
ID = "org.quptime.Applet1"
TOOLS = ("Xvfb", "dbus-daemon", "dbus-monitor", "gdbus", "xwininfo", "xdotool")

BUS = """<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth><servicedir>{services}</servicedir><policy context='default'>
<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"""


def missing():
    """Why nothing here can run, or None."""
    absent = [tool for tool in TOOLS if not shutil.which(tool)]
    if not APPLET.exists():
        return "quptime-applet is not built: no GTK 4 here"
    return f"not installed: {' '.join(absent)}" if absent else None


class Bus:
    """A bus daemon at an address that stays the same when it is started again."""

    def __init__(self, base, name):
        self.socket = pathlib.Path(base) / name
        self.address = f"unix:path={self.socket}"
        self.config = pathlib.Path(base) / f"{name}.conf"
        self.config.write_text(BUS.format(address=self.address, services=pathlib.Path(base) / "services"))
        self.process = None

    def start(self, env=None):
        """env: of what it starts itself, by a file in the folder services/ next to it."""
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(["dbus-daemon", f"--config-file={self.config}", "--nofork", "--print-address"],
                                        env=env, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        if not self.process.stdout.readline():
            raise Failure(f"no bus at {self.address}")
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None


class Desktop:
    def __init__(self, size="1280x800"):
        self.size = size
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="quptime-desktop-"))
        self.processes = []
        self.session, self.system = Bus(self.base, "session"), Bus(self.base, "system")
        self.applet = None
        self.dump = self.base / "dump"
        self.log = self.base / "applet.log"
        self.notices = self.base / "notices"

    def __enter__(self):
        read, write = os.pipe()
        self.spawn(["Xvfb", "-displayfd", str(write), "-screen", "0", self.size + "x24", "-nolisten", "tcp",
                    "-fbdir", str(self.base)], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as pipe:
            display = pipe.readline().strip()
        if not display:
            raise Failure("Xvfb does not start")
        home = str(self.base)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("QUPTIME_", "DBUS_", "XDG_", "GTK_", "GDK_", "WAYLAND_"))}
        self.env.update(
            DISPLAY=f":{display}", GDK_BACKEND="x11", GSK_RENDERER="cairo", GTK_A11Y="none", GSETTINGS_BACKEND="memory",
            LC_ALL="C.UTF-8", TZ="UTC", HOME=home, XDG_RUNTIME_DIR=home, G_DEBUG="fatal-criticals",
            DBUS_SESSION_BUS_ADDRESS=self.session.address, DBUS_SYSTEM_BUS_ADDRESS=self.system.address,
            # what GTK and its libraries keep until the end is not ours to free
            ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
        (self.base / "services").mkdir()
        self.session.start(self.env)
        with open(self.notices, "wb") as out:
            self.spawn(["dbus-monitor", "--address", self.session.address,
                        "interface='org.freedesktop.Notifications',member='Notify'"], stdout=out, env=self.env)
        # it says that it listens by a signal that it is sent
        wait_for("the monitor listens", lambda: self.notices.stat().st_size > 0)
        return self

    def __exit__(self, kind, value, traceback):
        self.end()
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
        self.session.stop()
        self.system.stop()
        if kind is not None:
            print(f"---- applet ----\n{self.said()}\n---- shown ----\n{self.shown()}", file=sys.stderr)
        if kind is None and not os.environ.get("QUPTIME_KEEP"):
            shutil.rmtree(self.base, ignore_errors=True)

    def spawn(self, command, **more):
        process = subprocess.Popen(command, preexec_fn=die_with_parent, **{"stdin": subprocess.DEVNULL, **more})
        self.processes.append(process)
        return process

    # ---- the applet ----

    def start(self, *options, wait=True):
        self.dump.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.applet = subprocess.Popen([str(APPLET), f"--dump={self.dump}", *map(str, options)], env=self.env,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
        if wait:
            wait_for("a window", self.window, 60)
        return self

    def end(self):
        if self.applet and self.applet.poll() is None:
            self.applet.terminate()
            self.applet.wait()

    def run(self, *options):
        """Another one, to its end."""
        return subprocess.run([str(APPLET), *map(str, options)], env=self.env, capture_output=True, text=True,
                              timeout=60 * harness.PATIENCE)

    def wait_for_name(self):
        subprocess.run(["gdbus", "wait", "--session", "--timeout", str(int(60 * harness.PATIENCE)), ID], env=self.env,
                       check=True)

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # ---- what it shows ----

    def alive(self):
        if self.applet.poll() is not None:
            raise RuntimeError(f"the applet ended with {self.applet.returncode}:\n{self.said()}")

    def shown(self):
        return self.dump.read_text() if self.dump.exists() else ""

    def line(self, name):
        self.alive()
        for line in self.shown().splitlines():
            if line.startswith(name + "\t"):
                return line.split("\t", 1)[1]
        raise Failure(f"nothing shown about {name}")

    def rows(self):
        """[state, name, type, target, since, votes, detail] of each row, in the order of the window."""
        lines = self.shown().splitlines()
        begin = [i for i, line in enumerate(lines) if line.startswith("rows\t")]
        self.alive()
        return [line.split("\t") for line in lines[begin[0] + 1:]] if begin else []

    def names(self, state=None):
        return [row[1] for row in self.rows() if state is None or row[0] == state]

    # ---- its window ----

    def window(self, alive=True):
        """The id of the applet's window, if it is mapped. alive: that of start()."""
        if alive:
            self.alive()
        tree = subprocess.run(["xwininfo", "-root", "-tree"], env=self.env, capture_output=True, text=True, check=True)
        for line in tree.stdout.splitlines():
            if '"quptime"' in line:
                number = line.split()[0]
                one = subprocess.run(["xwininfo", "-id", number], env=self.env, capture_output=True, text=True)
                if "IsViewable" in one.stdout:
                    return number
        return None

    def keys(self, *keys):
        """Without a window manager nobody gives the focus: we do."""
        subprocess.run(["xdotool", "windowfocus", "--sync", self.window()], env=self.env, check=True, timeout=30)
        subprocess.run(["xdotool", "key", "--delay", "30", *keys], env=self.env, check=True, timeout=30)

    def told(self):
        """What was notified of: [(title, body, urgency)]."""
        notices, strings, urgency = [], [], None
        for line in self.notices.read_text(errors="replace").splitlines():
            text = line.strip()
            if "member=Notify" in text:
                strings = []
            elif text.startswith('string "'):
                strings.append(text[len('string "'):-1])
            elif "variant" in text and "byte" in text and strings and strings[-1] == "urgency":
                urgency = int(text.split()[-1])
            elif text.startswith("int32 -1") and len(strings) > 3:
                notices.append((strings[2], strings[3], urgency))
                strings = []
        return notices

    # ---- its picture ----

    def screen(self):
        """(width, height, rows of RGB bytes) of the whole screen, from the X server's own memory (XWD, version 7)."""
        data = (self.base / "Xvfb_screen0").read_bytes()
        (size, _, _, _, width, height, _, order, _, _, _, bits, stride, *_rest) = struct.unpack(">25I", data[:100])
        colors = struct.unpack(">I", data[76:80])[0]
        if bits != 32:
            raise Failure(f"a screen of {bits} bits per pixel")
        start = size + 12 * colors
        picture = []
        for y in range(height):
            row = data[start + y * stride:start + y * stride + 4 * width]
            rgb = bytearray(3 * width)
            for channel in range(3):
                rgb[channel::3] = row[(2 - channel if order == 0 else 1 + channel)::4]
            picture.append(bytes(rgb))
        return width, height, picture

    def brightness(self):
        """Of the middle of the window, 0 to 255."""
        x, y, width, height = self.geometry()
        row = self.screen()[2][y + height * 3 // 4]
        return sum(row[3 * x:3 * (x + width)]) // (3 * width)

    def screenshot(self, path, cut=None):
        """A PNG of the screen; cut: (x, y, width, height)."""
        width, height, picture = self.screen()
        if cut:
            x, y, width, height = cut
            picture = [row[3 * x:3 * (x + width)] for row in picture[y:y + height]]

        def chunk(kind, content):
            return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

        raw = b"".join(b"\0" + row for row in picture)
        pathlib.Path(path).write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))

    def geometry(self):
        out = subprocess.run(["xwininfo", "-id", self.window()], env=self.env, capture_output=True, text=True).stdout
        number = {}
        for line in out.splitlines():
            if ":" in line:
                key, _, value = line.strip().partition(":")
                number[key] = value.strip()
        return tuple(int(number[key]) for key in
                     ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height"))
