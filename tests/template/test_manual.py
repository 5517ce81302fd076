#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of quptime-templates(7) come out as the manual says.

usage: test_manual.py QUCTL MANUAL
"""

import os
import re
import subprocess
import sys
import tempfile

ESCAPES = {
    "\\e": "\\", "\\-": "-", "\\[em]": "—", "\\(aq": "'", "\\(ga": "`", "\\(ha": "^", "\\(ti": "~", "\\(dq": '"', "\\&": "",
}


def plain(text):
    """A block of the manual as a reader sees it."""
    lines = [line for line in text.splitlines() if not line.startswith(".")]
    pattern = "|".join(re.escape(escape) for escape in ESCAPES)
    return "".join(re.sub(pattern, lambda match: ESCAPES[match.group()], line) + "\n" for line in lines)


def blocks(manual):
    found = re.findall(r'(?ms)^\.\\" example (.+?)\n(.*?)^\.\\" end$', manual)
    return {name: plain(text) for name, text in found}


def render(quctl, folder, number, examples):
    command = [quctl, "alert", "render", "--data", os.path.join(folder, "data")]
    for field in "subject", "body":
        if f"{number} {field}" in examples:
            command += [f"--{field}-file", os.path.join(folder, f"{number} {field}")]
    if f"{number} subject" not in examples:
        command += ["--type", "discord"]
    environment = os.environ | {"QUPTIME_SOCKET": os.path.join(folder, "no-daemon"), "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def main():
    quctl, path = sys.argv[1:3]
    with open(path, encoding="utf-8") as f:
        examples = blocks(f.read())
    numbers = sorted({name.split()[0] for name in examples if name != "data"})
    failed = 0
    print(f"1..{len(numbers)}")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in examples.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        for number in numbers:
            run = render(quctl, folder, number, examples)
            good = run.returncode == 0 and run.stdout == examples[f"{number} output"] and not run.stderr
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} the manual's example {number}")
            if not good:
                print(f"# expected {examples[f'{number} output']!r}\n# got {run.stdout!r} {run.stderr!r}")
    return 1 if failed or len(numbers) < 3 else 0


if __name__ == "__main__":
    sys.exit(main())
