/* SPDX-License-Identifier: LGPL-2.1-or-later */
const Permission permissions[] = {
        { BUS_INTERFACE_MANAGER, "Remove", BUS_ACTION_CONFIGURE },
};
