/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An alert: one channel to people, with its own texts. Rules of its fields: config/validate.h. */

#include "model/field.h"

typedef enum AlertKind { ALERT_SMTP, ALERT_DISCORD, _ALERT_KIND_MAX } AlertKind;
DECLARE_STRTAB(alert_kind, AlertKind);

#define SMTP_PORT_DEFAULT 587 /* submission, RFC 6409 */

typedef struct Alert {
        char *id; /* UUID */
        char *name;
        AlertKind type;
        bool is_default; /* "default" outside: attached to every check */
        bool disabled;   /* nobody is told through it */
        char *smtp_host;
        uint64_t smtp_port; /* 0: SMTP_PORT_DEFAULT; 465 is implicit TLS */
        char *smtp_user;
        char *smtp_password;
        char *smtp_from;
        char **smtp_to;
        bool smtp_starttls;
        char *discord_webhook;
        char *subject_template;
        char *body_template;
        uint64_t order;
        uint64_t revision;
        char *extra;
} Alert;
DECLARE_OBJECT(Alert, alert);
