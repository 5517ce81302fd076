/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/loglevel.h"

DEFINE_STRTAB(log_level, LogLevel, "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug");
