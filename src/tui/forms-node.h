/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The forms of nodes: inviting one, after a look at its fingerprint, and telling where one has moved to. */

#include "tui/actions.h"

Dialog *node_form_add(Desk *desk);
Dialog *node_form_edit(Desk *desk, const PeerRow *row);
