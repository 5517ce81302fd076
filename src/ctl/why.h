/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Why a check is as it is: the answer of ExplainCheck() (its table is alerts/explanation.h), and its lines
 * for people, which the verb prints and the dashboard shows. */

#include <systemd/sd-bus.h>

#include "alerts/explanation.h"
#include "ctl/lines.h"

/* 0, or what sd-bus says of a message that has another form */
int explanation_read(sd_bus_message *reply, Explanation **ret);

typedef struct WhyStyle {
        usec_t now_realtime;
        unsigned width;  /* of the place: last columns are cut to fit; 0: nothing is cut */
        bool is_whole;   /* last columns are not cut: whoever shows the lines breaks them */
        bool short_ids;  /* the first characters of NodeIDs, as many as tell the nodes apart */
        bool no_headers; /* of tables */
} WhyStyle;

/* of Line; the caller's */
GPtrArray *why_lines(const Explanation *explanation, const WhyStyle *style);
