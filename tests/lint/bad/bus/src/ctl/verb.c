/* SPDX-License-Identifier: LGPL-2.1-or-later */
const Verb verb_remove = {
        .name = "remove",
};
const Verb verb_list = {
        .name = "list",
};
