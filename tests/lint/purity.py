#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pure rooms stay pure: what their library calls outside itself stands in a list, and it has no global state
that can change. So no clock, no randomness, no I/O, no environment, no log can slip in, not even through GLib.

    purity.py LIBRARY.a

A function that is missing in the list and is pure (its answer depends on its arguments alone, and it changes
nothing but them) may be added there.
"""

import fnmatch
import os
import re
import subprocess
import sys

from rooms import report

# looked at first, for a reason that helps; whatever is not in pure-symbols.txt is refused as well
REFUSED = [
    ("g_date_time_new_now*|g_get_*_time|g_get_current_time|time|clock|clock_gettime|gettimeofday", "reads a clock"),
    ("g_date_time_new_local|g_date_time_new_from_unix_local|g_time_zone_new_local|localtime*|mktime", "reads the time zone"),
    ("g_uuid_string_random|g_random_*|g_rand_new|rand|random|rand_r|drand48|getrandom|arc4random*", "is chance"),
    ("open|open64|openat*|fopen*|read|write|close|socket|stat*|printf|puts|putchar|fprintf|fputs|fwrite|perror", "is I/O"),
    ("g_file_*|g_fopen|g_open|g_print|g_printerr|json_parser_load_from_file|json_generator_to_file", "is I/O"),
    ("yaml_parser_set_input_file|yaml_emitter_set_output_file", "is I/O"),
    ("getenv|secure_getenv|g_getenv|g_get_environ|g_setenv|g_get_home_dir|g_get_user_name", "reads the environment"),
    ("g_log|g_logv|g_log_*|g_warn_message|syslog|sd_journal_*", "logs"),
    ("g_return_if_fail_warning|g_assertion_message*|abort|exit|_exit", "ends or warns; use assert()"),
    ("strtod|strtof|strtold|atof|setlocale|strtok|localeconv", "depends on global state"),
    ("__tls_get_addr", "has a variable per thread"),
]


def is_refused(symbol):
    for patterns, reason in REFUSED:
        if any(fnmatch.fnmatchcase(symbol, p) for p in patterns.split("|")):
            return reason
    return None


def read_allowed():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pure-symbols.txt")
    with open(path, encoding="utf-8") as f:
        words = " ".join(line.split("#")[0] for line in f).split()
    return re.compile("|".join(fnmatch.translate(word) for word in words))


def plain_name(symbol):
    """The name in the source: without a version, and without the wrappers of _FORTIFY_SOURCE and C23."""
    symbol = symbol.split("@")[0]
    match = re.fullmatch(r"__(?:(\w+)_chk|isoc(?:99|23)_(\w+))", symbol)
    return (match.group(1) or match.group(2)) if match else symbol


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def check_calls(library):
    defined, wanted, member = set(), {}, ""
    for line in run("nm", "--defined-only", "--extern-only", "--format=posix", library):
        defined.add(line.split()[0])
    for line in run("nm", "--undefined-only", "--format=posix", library):
        if line.endswith(":"):
            member = line[line.find("[") + 1 :].rstrip("]:")
        elif line.strip():
            wanted.setdefault(line.split()[0], set()).add(member)

    allowed = read_allowed()
    for symbol in sorted(set(wanted) - defined):
        name, where = plain_name(symbol), ", ".join(sorted(wanted[symbol]))
        reason = is_refused(name)
        if reason:
            yield f"{where}: calls {name}(), which {reason}"
        elif not allowed.match(name):
            yield f"{where}: calls {name}(), which tests/lint/pure-symbols.txt does not have"


def check_state(library):
    member = ""
    for line in run("objdump", "--syms", library):
        if line.endswith("file format elf64-x86-64") or ":     file format" in line:
            member = line.split(":")[0]
        fields = line.split()
        # value, flags (7 columns, "O" for an object), section, size, name
        match = re.match(r"^[0-9a-f]+ (.{7}) (\S+)\s+[0-9a-f]+\s+(?:\.hidden\s+)?(\S+)$", line)
        if not match or not fields:
            continue
        flags, section, name = match.groups()
        state = section.startswith((".data", ".bss", ".tdata", ".tbss", "*COM*")) and ".data.rel.ro" not in section
        if state and "O" in flags:
            yield f"{member}: {name} is a variable that outlives its function ({section})"


def main():
    library = sys.argv[1]
    return report([*check_calls(library), *check_state(library)], f"purity of {os.path.basename(library)}")


if __name__ == "__main__":
    sys.exit(main())
