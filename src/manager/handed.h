/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The peer port as systemd hands it over (quptime.socket). It was bound before anybody could read node.yaml,
 * so the two are compared: a node that says one port and listens on another would be found by nobody. */

#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* 0: no such socket, or not one of IP */
uint16_t handed_port(const int *fds, size_t n_fds);

/* Whether what was handed over is what node.yaml says: one of them has the port, and none takes more
 * addresses than `bind` does. -EADDRNOTAVAIL, with the drop-in to write, where not. directory: where
 * node.yaml is. */
int handed_check(
                const int *fds,
                size_t n_fds,
                const char *bind,
                uint16_t port,
                const char *directory,
                char **reterr_text);

/* A node without an identity has nothing to say, but its port is open: who knocks is turned away at once and
 * not left waiting. As long as the array lives; the sockets must. */
GPtrArray *handed_turn_away(sd_event *event, const int *fds, size_t n_fds);
