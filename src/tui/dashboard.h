/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* quctl tui: a dashboard on the terminal, until the person quits. */

#include "ctl/context.h"

/* Connects, takes the terminal, and gives it back on every way out. */
ExitStatus dashboard_run(Context *context);
