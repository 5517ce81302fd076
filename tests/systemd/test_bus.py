# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_busctl.py and test_polkit.py on one bed: what they need is the same cluster."""

import bed
import test_busctl
import test_polkit

FILES = (test_polkit, test_busctl)

if __name__ == "__main__":
    bed.main_of({name: one for file in FILES for name, one in vars(file).items() if name.startswith("test_")})
