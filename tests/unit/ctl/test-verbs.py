#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of verbs, quctl's help, quctl(1) and the completions say the same: every verb and option of the table is
in each of them, and nothing stands there that the table does not know.

    test-verbs.py QUCTL MANUAL
"""

import os
import re
import subprocess
import sys

QUCTL, MANUAL = sys.argv[1:3]
# so that no daemon of this machine is asked
ENV = {**os.environ, "QUPTIME_SOCKET": "/nonexistent/quptime.sock", "LC_ALL": "C.UTF-8"}


def quctl(*args, **env):
    done = subprocess.run([QUCTL, *args], capture_output=True, text=True, env={**ENV, **env}, check=False)
    assert done.returncode == 0 and not done.stderr, (args, done)
    return done.stdout


def completed(shell, line, breaks=""):
    lines = quctl("--complete", shell, QUPTIME_COMPLETE_LINE=line, QUPTIME_COMPLETE_BREAKS=breaks).splitlines()
    return [line.partition("\t")[0] for line in lines]


class Table:
    """What "quctl --complete table" says of the table."""

    def __init__(self):
        self.verbs, self.help, self.flags = {}, {}, {}
        for line in quctl("--complete", "table").splitlines():
            kind, where, *rest = line.split("\t")
            if kind == "verb":
                self.verbs[where], self.help[where] = rest
                self.flags[where] = {}
            else:
                name, letter, value, choices = rest
                self.flags.setdefault(where, {})[name] = (letter, value, choices)
        self.connection, self.output = self.flags["(connection)"], self.flags["(output)"]
        assert len(self.verbs) > 25, self.verbs

    def next_words(self, words):
        """The words that may follow these in the name of a verb."""
        n = len(words)
        return {v.split()[n] for v in self.verbs if v.split()[:n] == words and len(v.split()) > n}


# ---- help ----


def options_of_help(text):
    """{title: {name: (letter, value)}} of the lists of options."""
    found, title = {}, None
    for line in text.splitlines():
        if re.match(r"\S.*:$", line):
            title = line[:-1]
        option = re.match(r"  (?:-(\w), |    )--([a-z-]+)(?:=(\S+))?(?:  |$)", line)
        if option:
            found.setdefault(title, {})[option[2]] = (option[1] or "-", option[3] or "")
    return found


def same_options(flags, options, where):
    assert {name: flag[:2] for name, flag in flags.items()} == options, (where, flags, options)


def test_help_is_the_table(table):
    text = quctl("help")
    listed = re.findall(r"(?m)^  ([a-z]+(?: [a-z]+)*?)((?: \S*[^a-z \n]\S*)*)  +\S", text.partition("Verbs:\n")[2])
    names = [name for name, _ in listed if name in table.verbs]
    assert names == list(table.verbs), (names, list(table.verbs))
    options = options_of_help(text)
    assert len(options) == 2, options
    for title, found in options.items():
        same_options(table.connection if title.startswith("Connection") else table.output, found, title)


def test_help_of_a_verb_is_the_table(table):
    for verb, args in table.verbs.items():
        text = quctl(*verb.split(), "-h")
        assert text == quctl("help", *verb.split()) == quctl(*verb.split(), "--help"), verb
        usage = f"quctl {verb}{' ' if args else ''}{args}{' [OPTION…]' if table.flags[verb] else ''}"
        assert text.splitlines()[0] == usage, (text, usage)
        assert text.splitlines()[2] == table.help[verb], text
        same_options(table.flags[verb], options_of_help(text).get("Options", {}), verb)


def test_help_of_a_family_is_its_verbs(table):
    for family in {verb.rpartition(" ")[0] for verb in table.verbs} - {""}:
        text = quctl("help", *family.split())
        assert text == quctl(*family.split()) == quctl(*family.split(), "-h"), family
        named = [verb for verb in table.verbs if re.search(rf"(?m)^  {verb}(?: |$)", text)]
        assert named == [verb for verb in table.verbs if verb.startswith(family + " ")], (family, named)


# ---- manual ----


def plain(text):
    r"""A line of the manual without fonts: its words as a reader sees them."""
    text = re.sub(r"\\f[A-Z]", "", text.replace("\\-", "-").replace("\\&", ""))
    request = re.match(r"\.(BI|BR|IR|RI|RB|IB|B|I) (.*)", text)
    if not request:
        return text
    words = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', request[2])]
    return ("" if len(request[1]) == 2 else " ").join(words)


class Manual:
    """quctl(1): its verbs with the options below each, and the options outside of VERBS. "VERB also takes:" and "VERB
    and VERB both take:" say whose the list is that follows; "Takes the options of VERB" spares a second one."""

    def __init__(self, table):
        self.table = table
        self.verbs, self.options, self.common, self.as_those_of = {}, {}, {}, {}
        section, current, depth, fresh, said = None, [], 0, None, ""
        for line in open(MANUAL, encoding="utf-8").read().splitlines():
            if line.startswith(".SH"):
                section, current = line[4:].strip('"'), []
            elif line.startswith((".RS", ".RE")):
                owners = self.named(said.rpartition(". ")[2]) if said.rstrip().endswith(("take:", "takes:")) else []
                current = owners or current
                depth, said = depth + (1 if line.startswith(".RS") else -1), ""
            elif line in (".TP", ".TQ"):
                fresh = line
            elif fresh:
                self.tag(section, plain(line), depth, current, fresh == ".TQ")
                fresh, said = None, ""
            elif section == "VERBS" and depth == 0 and not line.startswith((".SS", ".IP")):
                said = f"{said} {plain(line)}"
                refers = re.search(r"Takes the options of ([^.:]*[a-z])", said)
                for verb in current if refers else []:
                    self.as_those_of[verb] = self.named(refers[1])

    def named(self, text):
        """The verbs that a sentence names."""
        found = []
        for verb in sorted(self.table.verbs, key=len, reverse=True):
            if verb in text:
                found.append(verb)
                text = text.replace(verb, "")
        return found

    def tag(self, section, text, depth, current, joined):
        if section == "VERBS" and depth == 0:
            verbs = [v for v in self.table.verbs if text.split()[: len(v.split())] == v.split()]
            assert verbs, f"quctl(1) tells of a verb that is none: {text}"
            verb = max(verbs, key=len)
            assert verb not in self.verbs, f"quctl(1) tells of {verb} twice"
            if not joined:
                current.clear()
            current.append(verb)
            self.verbs[verb] = text[len(verb):].strip()
            return
        if not text.startswith("-"):
            return
        option = re.match(r"(?:-(\w), )?--([a-z-]+)(?:[= ]+(\S.*))?$", text)
        assert option, f"quctl(1): not understood: {text}"
        for where in [self.common] if section != "VERBS" else [self.options.setdefault(v, {}) for v in current]:
            assert option[2] not in where, f"quctl(1) tells of --{option[2]} of {current} twice"
            where[option[2]] = (option[1] or "-", option[3] or "")

    def options_of(self, verb):
        found = dict(self.options.get(verb, {}))
        for other in self.as_those_of.get(verb, []):
            found = {**self.options_of(other), **found}
        return found


def words_of(args):
    """The words of a usage, whatever stands between them."""
    return [word.strip("[]") for word in args.replace("…", "...").split()]


def test_manual_is_the_table(table):
    manual = Manual(table)
    assert list(manual.verbs) and set(manual.verbs) == set(table.verbs), set(table.verbs) ^ set(manual.verbs)
    text = open(MANUAL, encoding="utf-8").read()
    for verb, args in table.verbs.items():
        assert words_of(manual.verbs[verb]) == words_of(args), (verb, manual.verbs[verb], args)
        same_options(
            {n: (f[0], f[1].replace("…", "...")) for n, f in table.flags[verb].items()}, manual.options_of(verb), verb
        )
    same_options({**table.connection, **table.output}, manual.common, "common")
    # whatever looks like an option, also in the midst of a sentence, is one of some verb, or of the daemon
    known = {name for flags in table.flags.values() for name in flags} | {"reset"}
    for name in re.findall(r"(?<![\w-])--([a-z][a-z-]*)", text.replace("\\-", "-")):
        assert name in known or name.endswith("-"), f"quctl(1) names --{name}, which no verb has"


def test_manual_has_every_variable(table):
    """Of the environment: each that the client's sources ask for."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(MANUAL)))
    with open(os.path.join(root, "src", "base", "names.h"), encoding="utf-8") as f:
        names = dict(re.findall(r'#define (ENV_\w+) "(\w+)"', f.read()))
    asked = set()
    for room in ("ctl", "tui"):
        for file in sorted(os.listdir(os.path.join(root, "src", room))):
            with open(os.path.join(root, "src", room, file), encoding="utf-8") as f:
                asked |= set(re.findall(r'\b(?:getenv|environment)\("?([A-Z_]+)"?\)', f.read()))
    text = open(MANUAL, encoding="utf-8").read()
    told = set(re.findall(r"\$([A-Z_]+)", text.partition(".SH ENVIRONMENT")[2].partition("\n.SH ")[0]))
    assert len(asked) > 10, asked
    for name in asked:
        assert names.get(name, name) in told, f"quctl(1), ENVIRONMENT, does not tell of ${names.get(name, name)}"


# ---- completions ----


def test_completions_are_the_table(table):
    for verb, args in table.verbs.items():
        words = verb.split()
        for n in range(len(words)):
            line = " ".join(["quctl", *words[:n], ""])
            for shell in ("bash", "zsh", "fish"):
                assert set(completed(shell, line)) == table.next_words(words[:n]), (shell, line)
            assert words[n] in completed("bash", line + words[n][:2]), (line, words[n])
            help_line = " ".join(["quctl", "help", *words[:n], ""])
            assert set(completed("bash", help_line)) == table.next_words(words[:n]), help_line
        known = [f"--{name}" for name in {**table.flags[verb], **table.output}]
        for shell in ("bash", "zsh", "fish"):
            assert sorted(completed(shell, f"quctl {verb} -")) == sorted(known), (shell, verb)
        # an option that was given is not offered again, but for lists
        for name, (_, value, choices) in table.flags[verb].items():
            if choices:
                assert completed("bash", f"quctl {verb} --{name} ") == choices.split(), (verb, name)
                assert completed("fish", f"quctl {verb} --{name}=") == [f"--{name}={c}" for c in choices.split()]
            if not value:
                assert completed("zsh", f"quctl {verb} --{name}=") == [f"--{name}=true", f"--{name}=false"]
                assert f"--{name}" not in completed("zsh", f"quctl {verb} --{name} --"), (verb, name)
    before = [f"--{name}" for name in {**table.connection, **table.output}]
    assert sorted(completed("bash", "quctl --")) == sorted(before)
    assert completed("bash", "quctl --json=s", "=") == ["short"]
    assert completed("bash", "quctl --nonsense=") == completed("bash", "quctl nonsense ") == []


def test_completions_that_need_a_daemon_are_silent_without_one(table):
    for verb in table.verbs:
        for line in (f"quctl {verb} ", f"quctl {verb} --alerts ", f"quctl -H nowhere {verb} "):
            done = subprocess.run(
                [QUCTL, "--complete", "zsh"], capture_output=True, text=True, check=False, timeout=20,
                env={**ENV, "QUPTIME_COMPLETE_LINE": line},
            )
            assert done.returncode == 0 and not done.stderr, (line, done)


def main():
    table = Table()
    tests = [(name, test) for name, test in list(globals().items()) if name.startswith("test_")]
    for name, test in tests:
        test(table)
        print(f"ok {name} ({len(table.verbs)} verbs)")
    print(f"1..{len(tests)}")


if __name__ == "__main__":
    main()
