/* SPDX-License-Identifier: LGPL-2.1-or-later */
        [EVENT_ONE] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a01", LOG_INFO },
        [EVENT_TWO] = { "2f1c6f0c3b5d4c1ea3a4a7b0cf1e7a02", LOG_INFO },
