#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lints can see: each is shown bad examples, and must refuse each with the words expected of it. TAP.

    test_lints.py CC…   the C compiler (ccache may stand before it) for the examples that must be compiled
"""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BAD = os.path.join(HERE, "bad")
ORDER = os.path.join(HERE, "..", "..", "src", "meson.build")


def run_lint(name, *args):
    run = subprocess.run(
        [sys.executable, os.path.join(HERE, name), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout


def must_refuse(result, *words):
    code, output = result
    missing = [word for word in words if word not in output]
    if code == 77:
        return f"SKIP {output.strip().splitlines()[-1]}"
    return None if code == 1 and not missing else f"exit {code}, without {missing}: {output}"


def in_tree(lint, tree, *words, args=()):
    return lambda: must_refuse(run_lint(lint, os.path.join(BAD, tree), *args), *words)


def compiled(source, *words):
    def run():
        with tempfile.TemporaryDirectory() as folder:
            made = os.path.join(folder, "bad.o")
            subprocess.run([*CC, "-D_GNU_SOURCE", "-O1", "-fno-common", "-c", source, "-o", made], check=True)
            library = os.path.join(folder, "libbad.a")
            subprocess.run(["ar", "rcs", library, made], check=True)
            return must_refuse(run_lint("purity.py", library), *words)

    return run


CC = sys.argv[1:]
PURITY = os.path.join(BAD, "purity", "src")
TESTS = {
    "a header of a later room": in_tree(
        "includes.py", "room-order", "src/base/low.h:3", "verdict/ comes after base/", args=[ORDER]
    ),
    "a path that is not from src/": in_tree(
        "includes.py", "room-order", "src/base/low.h:4", "no path from src/", args=[ORDER]
    ),
    "a room that nobody knows": in_tree(
        "includes.py", "room-order", "utils/ is not in the list of rooms", args=[ORDER]
    ),
    "headers in a circle": in_tree("includes.py", "cycle", "model/a.h -> model/b.h -> model/a.h", args=[ORDER]),
    "a client that reaches into the daemon": in_tree(
        "includes.py", "client", "src/ctl/verb.c:2", "over the bus only", args=[ORDER]
    ),
    "an applet that takes more than base/": in_tree(
        "includes.py", "applet", "src/applet/window.c:3", "only applet and base", args=[ORDER]
    ),
    "a file without licence": in_tree("spdx.py", "spdx", "src/nameless.c:1: no line"),
    "a script without licence": in_tree("spdx.py", "spdx", "src/script:1: no line"),
    "a test that does not exist": in_tree(
        "named_tests.py", "named-tests", "no unit test has the case /nobody/knows", "no test_nothing.py:test_nobody_wrote",
        "rows [1]"
    ),
    "an event that nothing explains": in_tree(
        "journal.py", "journal", "quptime.catalog: event 2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a02 is missing",
        "quptime-journal.7: event 2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a02 is missing", "field QUPTIME_NODE is missing",
        "has no 'Documentation: man:'", "QUPTIME_NOBODY=, which no entry has"
    ),
    "a call that nothing explains": in_tree(
        "bus.py", "bus", "Manager.xml: List has no text", "Remove says that it is gated by []", "'list' has no row",
        "no verb 'forget NAME'", "'remove NAME': the manager has no Delete"
    ),
    "a manual that does not render": in_tree("man.py", "man", "nosuchmacro", "no NAME", "SEE ALSO"),
    "tabs, spaces at the end, long lines": in_tree(
        "format.py", "format", "ugly.c:3: a tab", "ugly.c:4: white space", "ugly.c:5: 1"
    ),
    "a layout of its own": in_tree("format.py", "format", "laid out otherwise", args=["--exact"]),
    "a clock": compiled(os.path.join(PURITY, "clock.c"), "clock_gettime(), which reads a clock"),
    "a clock in GLib's clothes": compiled(
        os.path.join(PURITY, "glib.c"), "g_date_time_new_now_utc(), which reads", "g_uuid_string_random(), which is chance"
    ),
    "output": compiled(os.path.join(PURITY, "output.c"), "which is I/O"),
    "the environment": compiled(os.path.join(PURITY, "environment.c"), "getenv(), which reads the environment"),
    "abort": compiled(os.path.join(PURITY, "abort.c"), "abort(), which ends"),
    "a function not in the list": compiled(os.path.join(PURITY, "unknown.c"), "pure-symbols.txt does not have"),
    "a counter that outlives its function": compiled(os.path.join(PURITY, "counter.c"), "is a variable that outlives"),
}


def main():
    print(f"1..{len(TESTS)}")
    failed = False
    for number, (name, test) in enumerate(TESTS.items(), 1):
        problem = test()
        if problem and problem.startswith("SKIP"):
            print(f"ok {number} {name} # {problem}")
        elif problem:
            print(f"not ok {number} {name}")
            print("# " + problem.replace("\n", "\n# "))
            failed = True
        else:
            print(f"ok {number} {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
