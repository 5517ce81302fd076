# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_polkit.py, test_password.py, test_journal.py and test_busctl.py on one bed: what they need is the same cluster."""

import bed
import test_busctl
import test_journal
import test_password
import test_polkit

FILES = (test_polkit, test_password, test_journal, test_busctl)
FIRST = "test_every_verb_as_a_plain_call"  # it ends with fresh nodes, the next begins with such

if __name__ == "__main__":
    tests = {name: one for file in FILES for name, one in vars(file).items() if name.startswith("test_")}
    bed.main_of({FIRST: tests.pop(FIRST), **tests})
