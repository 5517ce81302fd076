/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The actions that open forms and questions: adding, editing and removing what the tab shows. */

#include "tui/actions.h"

void edit_add(Desk *desk, Tab tab, const void *row);
void edit_change(Desk *desk, Tab tab, const void *row);
void edit_remove(Desk *desk, Tab tab, const void *row);
