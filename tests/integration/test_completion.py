# SPDX-License-Identifier: LGPL-2.1-or-later
"""The completions of bash, zsh and fish, in the shells themselves: a person's keys go to a shell in a terminal
(tmux), and what quctl is then called with is what the person meant, byte by byte."""

import contextlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile

import harness
from harness import Cluster, Failure, QUCTL, wait_for

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "completion"
PLAIN = ("--interval", "1h")
# names that shells would split, expand, or take for something else
NAMES = ["web server", "it's \"odd\"", "$HOME `id` *?", "co:lon=x", "a\\b;c|d&", "Zürich 東京 🚀", "~tilde", "(x) {a,b} #!",
         "-dash"]


class Shell:
    """One interactive shell in a terminal of its own, with quctl's completion where that shell looks for it.

    `quctl` is a function's stand-in on the PATH: it writes down what it was called with, and hands on only what
    completion asks."""

    def __init__(self, kind, node):
        self.kind = kind
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"quptime-{kind}-"))
        self.calls = self.dir / "calls"
        self.tmux = ["tmux", "-f", "/dev/null", "-S", str(self.dir / "tmux.sock")]
        (self.dir / "bin").mkdir()
        stand_in = self.dir / "bin" / "quctl"
        stand_in.write_text(f"""#!/usr/bin/python3
import json, os, sys
if sys.argv[1:2] == ["--complete"]:
    os.execv({str(QUCTL)!r}, ["quctl", *sys.argv[1:]])
with open({str(self.calls)!r}, "a") as f:
    print(json.dumps(sys.argv[1:]), file=f)
""")
        stand_in.chmod(0o755)
        share = self.dir / "share"
        for place, name in (("bash-completion/completions/quctl", "quctl.bash"),
                            ("fish/vendor_completions.d/quctl.fish", "quctl.fish"), ("zsh/_quctl", "_quctl")):
            (share / place).parent.mkdir(parents=True)
            shutil.copy(SOURCES / name, share / place)
        self.env = {**node.env(), "PATH": f"{self.dir / 'bin'}:{os.environ['PATH']}", "HOME": str(self.dir),
                    "XDG_DATA_DIRS": f"{share}:/usr/local/share:/usr/share", "TERM": "screen", "PS1": "ready> ",
                    "XDG_CONFIG_HOME": str(self.dir / "config"), "XDG_DATA_HOME": str(self.dir / "data")}

    def command(self):
        if self.kind == "bash":
            rc = self.dir / "bashrc"
            rc.write_text(". /usr/share/bash-completion/bash_completion\nPS1='ready> '\nHISTFILE=\n")
            return ["bash", "--noprofile", "--rcfile", str(rc), "-i"]
        if self.kind == "zsh":
            (self.dir / ".zshrc").write_text(
                f"fpath=({self.dir}/share/zsh $fpath)\nautoload -Uz compinit && compinit -u -D\nPS1='ready> '\n")
            return ["zsh", "-d", "-i"]
        place = self.dir / "config" / "fish"
        place.mkdir(parents=True)
        (place / "config.fish").write_text("function fish_prompt; echo 'ready> '; end\nfunction fish_greeting; end\n")
        return ["fish", "-i"]

    def __enter__(self):
        subprocess.run([*self.tmux, "new-session", "-d", "-x", "160", "-y", "50", "-c", str(self.dir),
                        "exec " + shlex.join(self.command())], env=self.env, check=True)
        wait_for(f"{self.kind} is ready", lambda: "ready>" in self.screen())
        return self

    def __exit__(self, *_):
        subprocess.run([*self.tmux, "kill-server"], check=False, capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    def screen(self):
        return subprocess.run([*self.tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True).stdout

    def keys(self, text):
        """Text, or one of the tab key and Enter."""
        key = {"\t": ["Tab"], "\n": ["Enter"]}.get(text, ["-l", text])
        subprocess.run([*self.tmux, "send-keys", *key], check=True)

    def called(self, typed):
        """What quctl is called with after these keys."""
        before = len(self.calls.read_text().splitlines()) if self.calls.exists() else 0
        for part in typed.replace("\t", "\0\t\0").split("\0"):
            if part:
                self.keys(part)
        self.keys("\n")
        try:
            lines = wait_for(f"{self.kind} calls quctl after {typed!r}",
                             lambda: self.calls.exists() and self.calls.read_text().splitlines()[before:])
        except Failure as failure:
            raise Failure(f"{failure}\n{self.screen()}") from failure
        return json.loads(lines[0])

    def means(self, typed, *args):
        assert self.called(typed) == list(args), (self.kind, typed, args, self.screen())


@contextlib.contextmanager
def one_node():
    """A node with checks and alerts of every name."""
    with Cluster(1) as cluster:
        node = cluster.up().nodes[0]
        for name in NAMES:
            node.quctl("check", "add", "tcp", *PLAIN, "--", name, "127.0.0.1:1")
            node.quctl("alert", "add", "discord", "--webhook", "http://127.0.0.1:1/x", "--", name)
        yield node


def odd_names(shell):
    """A name is completed from its first letters, however the shell has to quote it."""
    for name, start in zip(NAMES, ["web", "it\\'s", "\\$H", "co:l", "a\\\\", "Zür", "\\~t", "\\(x"]):
        shell.means(f"quctl check disable {start}\t", "check", "disable", name)
        shell.means(f"quctl alert test {start}\t", "alert", "test", name)
    # what was quoted by hand
    shell.means("quctl check disable \"web s\t", "check", "disable", "web server")
    shell.means("quctl check disable 'web s\t", "check", "disable", "web server")
    shell.means("quctl check disable web\\ s\t", "check", "disable", "web server")
    # after a colon and an equals sign, at which bash breaks words
    shell.means("quctl check disable co:lon=\t", "check", "disable", "co:lon=x")
    shell.means("quctl check add tcp x y:1 --alerts=web\t", "check", "add", "tcp", "x", "y:1", "--alerts=web server")
    shell.means("quctl check add tcp x y:1 --alerts web\t", "check", "add", "tcp", "x", "y:1", "--alerts", "web server")
    shell.means("quctl check add tcp x y:1 --alerts=co:lon=x,web\t",
                "check", "add", "tcp", "x", "y:1", "--alerts=co:lon=x,web server")


def words_and_options(shell, node):
    shell.means("quctl ch\tlis\t", "check", "list")
    shell.means("quctl --js\tpre\tstat\t", "--json", "pretty", "status")
    shell.means("quctl --json=pre\tstat\t", "--json=pretty", "status")
    shell.means("quctl al\tadd sm\tx --pass\t", "alert", "add", "smtp", "x", "--password")
    shell.means("quctl alert default web\ton\t", "alert", "default", "web server", "on")
    shell.means("quctl help al\trem\t", "help", "alert", "remove")
    shell.means(f"quctl node remove {node.node_id[:3]}\t", "node", "remove", node.node_id)
    (shell.dir / "subject of mail").write_text("x")
    shell.means("quctl alert edit x --subject-file sub\t", "alert", "edit", "x", "--subject-file", "subject of mail")
    shell.means("quctl alert edit x --subject-file=sub\t", "alert", "edit", "x", "--subject-file=subject of mail")


def silent_without_daemon(shell, node):
    node.stop()
    before = shell.screen().count("rror")
    shell.means("quctl check disable we\t", "check", "disable", "we")
    shell.means("quctl ch\tlis\t", "check", "list")
    assert shell.screen().count("rror") == before, shell.screen()


def all_of(kind):
    with one_node() as node, Shell(kind, node) as shell:
        odd_names(shell)
        words_and_options(shell, node)
        silent_without_daemon(shell, node)


def test_bash():
    all_of("bash")


def test_zsh():
    all_of("zsh")


def test_fish():
    all_of("fish")


def test_bash_from_its_variables():
    """As the framework itself calls it: loaded on demand for quctl, after sudo, with COMP_WORDS and COMP_POINT."""
    with one_node() as node, Shell("bash", node) as shell:
        script = r"""
. /usr/share/bash-completion/bash_completion
ask() {
        COMP_LINE=$1 COMP_POINT=${2:-${#1}}
        read -ra COMP_WORDS <<<"$1"
        [[ $1 == *' ' ]] && COMP_WORDS+=("")
        COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        COMPREPLY=()
        "$(complete -p "${COMP_WORDS[0]}" | sed -E 's/.* -F ([^ ]+) .*/\1/')" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" \
                "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}" .
}
if declare -F _comp_load >/dev/null; then load=_comp_load; else load=_completion_loader; fi # 2.12, 2.11
"$load" quctl
"$load" sudo
ask 'quctl check '
ask 'sudo quctl trust '
ask 'quctl check list' 9
ask 'quctl check disable '
"""
        done = subprocess.run(["bash", "-c", script], env=shell.env, capture_output=True, text=True, check=True)
        answers = [part.split("\n") for part in done.stdout.removesuffix("\n.\n").split("\n.\n")]
        assert not done.stderr, done
        assert set(answers[0]) >= {"add", "list", "edit", "remove"}, answers
        assert set(answers[1]) == {"list", "remove"}, answers
        assert answers[2] == ["check"], answers
        quoted = ["web\\ server", "it\\'s\\ \\\"odd\\\"", "\\$HOME\\ \\`id\\`\\ \\*\\?", "Zürich\\ 東京\\ 🚀"]
        assert set(quoted) <= set(answers[3]), answers
        # a name that would be an option stands there by its id
        row = next(row for row in json.loads(node.quctl("check", "list", "--json=short").stdout) if row["name"] == "-dash")
        assert row["id"] in answers[3] and not [a for a in answers[3] if a.startswith("-")], answers


if __name__ == "__main__":
    harness.main(globals())
