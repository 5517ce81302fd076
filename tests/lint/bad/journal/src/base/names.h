/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define JOURNAL_NODE "QUPTIME_NODE"
