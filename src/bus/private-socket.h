/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The private socket: every accepted connection is a bus of its own, with the same objects. Only root and
 * the daemon's own user are let in, by the credentials that the kernel vouches for. */

#include "bus/internal.h"

/* control_fd: handed over, consumed; -1: listens at path itself. The folder is made (0700) when it is
 * missing, the socket has mode 0600, and an old one is replaced only when nobody answers on it. -EADDRINUSE:
 * somebody does. A sentence in reterr_text for every error. */
int private_socket_new(Bus *bus, int control_fd, const char *path, PrivateSocket **ret, char **reterr_text);
PrivateSocket *private_socket_free(PrivateSocket *socket); /* removes a socket of our own making */
