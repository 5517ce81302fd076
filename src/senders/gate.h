/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The body of a POST that asks, each time libsoup comes for bytes, whether they may still leave. */

#include <gio/gio.h>
#include <stdbool.h>

G_DECLARE_FINAL_TYPE(QuptimeGate, quptime_gate, QUPTIME, GATE, GMemoryInputStream)

typedef bool (*gate_asked_t)(void *userdata);

/* text: copied. asked: false makes the read fail. */
GInputStream *gate_new(const char *text, gate_asked_t asked, void *userdata);
void gate_disconnect(GInputStream *gate); /* from now on the answer is no, and nobody is asked */
bool gate_is_empty(GInputStream *gate);   /* all bytes were handed out */
