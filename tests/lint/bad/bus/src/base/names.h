/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define BUS_ACTION_CONFIGURE "org.quptime1.configure"
