/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* html, js and urlquery: text made fit for another language, as Go's functions of these names do it. */

#include <glib.h>

#include "template/tree.h"

void escape_html(Bytes text, GString *to);
void escape_js(Bytes text, GString *to);
void escape_urlquery(Bytes text, GString *to);
