/* SPDX-License-Identifier: LGPL-2.1-or-later */
int counter_next(void);
int counter_next(void) {
        static int n;
        return ++n;
}
