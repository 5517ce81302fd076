/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* quptime-applet: the checks on the desktop. It speaks D-Bus only, and only looks. */

#include "applet/application.h"

int main(int argc, char *argv[]) {
        return applet_run(argc, argv);
}
