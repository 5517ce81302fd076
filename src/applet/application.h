/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The application: one instance per session, its options, and who tells whom: feed -> board -> window, feed
 * -> notices -> desktop. */

int applet_run(int argc, char *argv[]); /* the exit status */
