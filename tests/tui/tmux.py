# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal with a person before it: `quctl tui` in tmux(1), a server of its own for each terminal."""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import QUCTL, Failure, wait_for  # noqa: E402  pylint: disable=wrong-import-position


class Terminal:
    """A terminal of so many columns and lines that runs `command`; `quctl tui` of a node unless told otherwise."""

    def __init__(self, node, width=80, height=24, command=None, env=None):
        self.node = node
        self.width, self.height = width, height
        self.command = [str(c) for c in command or [QUCTL, "tui"]]
        self.more_env = env or {}
        self.folder = tempfile.TemporaryDirectory(prefix="quptime-tmux-")
        self.socket = f"{self.folder.name}/socket"
        self.everything = ""  # what was ever seen
        self.running = False

    def tmux(self, *args, input=None, check=True):
        done = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *map(str, args)],
                              input=input, env=self.env(), capture_output=True, text=True, timeout=30)
        if check and done.returncode != 0:
            raise Failure(f"tmux {args}: {done.stderr}")
        return done.stdout

    def env(self):
        env = {**self.node.env(), "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", **self.more_env}
        for name in ("TMUX", "TMUX_PANE", "NO_COLOR", "SYSTEMD_COLORS", "COLUMNS", "LINES"):
            env.pop(name, None)
        return {**env, **self.more_env}

    def __enter__(self):
        # the shell stays when the dashboard ends, and says with which status
        self.tmux("new-session", "-d", "-x", self.width, "-y", self.height,
                  "exec sh -c '\"$0\" \"$@\"; echo \"ended with $?\"; exec cat' " +
                  " ".join("'" + word.replace("'", "'\\''") + "'" for word in self.command))
        self.running = True
        return self

    def __exit__(self, kind, value, traceback):
        if kind is not None and self.running:
            print(f"---- the terminal ----\n{self.screen()}", file=sys.stderr)
        self.tmux("kill-server", check=False)
        self.folder.cleanup()
        return False

    # ---- hands ----

    def keys(self, *names):
        """Keys by tmux's names: Enter, Escape, Tab, BTab, Up, NPage, C-s; a single character is itself."""
        for name in names:
            self.tmux("send-keys", *(["-l", name] if len(name) == 1 else [name]))
        return self

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        return self

    def paste(self, text, bracketed=True):
        self.tmux("load-buffer", "-b", "paste", "-", input=text)
        self.tmux("paste-buffer", "-d", *(["-p"] if bracketed else []), "-r", "-b", "paste")
        return self

    def resize(self, width, height):
        self.tmux("resize-window", "-x", width, "-y", height)
        return self

    # ---- eyes ----

    def screen(self, *args):
        text = self.tmux("capture-pane", "-p", *args)
        self.everything += text
        return text

    def wait(self, *texts, seconds=20):
        """All of these stand on the screen; the screen."""
        def seen():
            screen = self.screen()
            missing = [text for text in texts if text not in screen]
            if missing:
                raise Failure(f"{missing[0]!r} is not on the screen:\n{screen}")
            return screen
        return wait_for(f"{texts} on the screen", seen, seconds)

    def gone(self, text, seconds=20):
        """This does not stand there any more."""
        return wait_for(f"{text!r} gone from the screen", lambda: text not in self.screen(), seconds)

    def line(self, part):
        """The line with this."""
        return next((line for line in self.screen().splitlines() if part in line), "")

    # ---- leaving ----

    def quit(self):
        """Ends the dashboard as a person would; it must have nothing to complain about."""
        self.keys("q")
        screen = self.wait("ended with ")
        if "ended with 0" not in screen or "Sanitizer" in screen or "CRITICAL" in screen:
            raise Failure(f"the dashboard's end:\n{screen}")
