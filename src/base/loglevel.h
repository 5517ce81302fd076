/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The levels of syslog(3) by the names that systemd's tools use. */

#include "base/strtab.h"

typedef enum LogLevel { /* the same numbers as LOG_EMERG to LOG_DEBUG */
                        LOG_LEVEL_EMERG,
                        LOG_LEVEL_ALERT,
                        LOG_LEVEL_CRIT,
                        LOG_LEVEL_ERR,
                        LOG_LEVEL_WARNING,
                        LOG_LEVEL_NOTICE,
                        LOG_LEVEL_INFO,
                        LOG_LEVEL_DEBUG
} LogLevel;
DECLARE_STRTAB(log_level, LogLevel); /* "emerg", "alert", … */
