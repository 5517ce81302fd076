/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

void output_write(int n);
void output_write(int n) {
        printf("%d\n", n);
}
