/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Why a check is as it is, as `quctl why` tells it; `r` asks again. */

#include "tui/actions.h"

void why_open(Desk *desk, Tab tab, const void *row);
