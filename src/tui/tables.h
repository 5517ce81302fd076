/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the three tabs show: columns, cells, order, and what a filter looks at. */

#include "tui/list.h"

typedef enum Tab { TAB_PEERS, TAB_CHECKS, TAB_ALERTS, _TAB_MAX } Tab;

#define SHORT_ID_CHARS 8 /* of a node's id, where there is little room */

extern const ListModel *const tab_models[_TAB_MAX]; /* of PeerRow, CheckRow, AlertRow */
