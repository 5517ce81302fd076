/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/validate.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "config/secret.h"
#include "config/text.h"
#include "model/credential.h"
#include "model/fingerprint.h"

static int refuse(Complaint **reterr, const char *field, const char *format, ...) G_GNUC_PRINTF(3, 4);
static int refuse(Complaint **reterr, const char *field, const char *format, ...) {
        va_list args;

        if (!reterr)
                return -EINVAL;
        va_start(args, format);
        *reterr = complaint_new(0, 0, field, g_strdup_vprintf(format, args));
        va_end(args);
        return -EINVAL;
}

static int refuse_text(Complaint **reterr, const char *field, char *text_consumed) {
        if (reterr)
                *reterr = complaint_new(0, 0, field, text_consumed);
        else
                g_free(text_consumed);
        return -EINVAL;
}

static bool is_empty(const char *text) {
        return !text || !*text;
}

/* what holds for every field of a kind: sizes, UTF-8, control characters */

static int validate_string(const Field *field, const char *text, Complaint **reterr) {
        size_t max = field->max > 0 ? field->max : DETAIL_MAX_BYTES;

        if (is_empty(text))
                return 0;
        if (field->flags & FIELD_SECRET && secret_is_mark(text))
                return refuse(reterr, field->name, "there is no value to keep; give it");
        if (field->flags & FIELD_CREDENTIAL && credential_of(text)) {
                if (credential_name_is_valid(credential_of(text)))
                        return 0;
                return refuse(reterr,
                              field->name,
                              "no name of a credential; 1 to %d printable ASCII characters without : and /",
                              CREDENTIAL_NAME_MAX_BYTES);
        }
        if (strlen(text) > max)
                return refuse(reterr,
                              field->name,
                              "%zu bytes long; at most %zu are allowed",
                              strlen(text),
                              max);
        if (!g_utf8_validate(text, -1, NULL))
                return refuse(reterr, field->name, "not UTF-8; write it in UTF-8");
        if (text_has_control(text, text_allowed_controls(field)))
                return refuse(reterr,
                              field->name,
                              "holds a control character%s; leave it out",
                              *text_allowed_controls(field) ? " other than tab and line break" : "");
        return 0;
}

static int validate_strv(const Field *field, char *const *strv, Complaint **reterr) {
        static const Field element = { .type = FIELD_STRING, .max = DETAIL_MAX_BYTES };
        size_t n = 0;

        for (; strv && strv[n]; n++) {
                Field named = element;
                int r;

                named.name = field->name;
                if (!*strv[n])
                        return refuse(reterr, field->name, "holds an empty entry; leave it out");
                r = validate_string(&named, strv[n], reterr);
                if (r < 0)
                        return r;
        }
        if (n > field->max)
                return refuse(reterr, field->name, "%zu entries; at most %zu are allowed", n, field->max);
        return 0;
}

static int validate_texts(const ObjectType *type, const void *object, Complaint **reterr) {
        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];
                int r = 0;

                if (field->type == FIELD_STRING)
                        r = validate_string(field, *FIELD_AT(char *const, field, object), reterr);
                else if (field->type == FIELD_STRV)
                        r = validate_strv(field, *FIELD_AT(char **const, field, object), reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int validate_id(const char *field, const char *id, Complaint **reterr) {
        if (!is_empty(id) && (g_ascii_isspace(id[0]) || g_ascii_isspace(id[strlen(id) - 1])))
                return refuse(reterr, field, "begins or ends with a blank; leave it out");
        return 0;
}

int name_validate(const char *name, char **reterr_text) {
        const char *problem = NULL;

        if (is_empty(name))
                problem = "missing; give it a name";
        else if (strlen(name) > NAME_MAX_BYTES)
                problem = "longer than 128 bytes; shorten it";
        else if (!g_utf8_validate(name, -1, NULL))
                problem = "not UTF-8; write it in UTF-8";
        else if (text_has_control(name, ""))
                problem = "holds a control character; leave it out";
        else if (text_has_blank_end(name))
                problem = "begins or ends with a blank; leave it out";
        if (!problem)
                return 0;
        if (reterr_text)
                *reterr_text = g_strdup(problem);
        return -EINVAL;
}

static int validate_name(const char *name, Complaint **reterr) {
        char *text = NULL;

        if (name_validate(name, &text) < 0)
                return refuse_text(reterr, "name", text);
        return 0;
}

/* checks */

static int validate_target(const Check *check, Complaint **reterr) {
        char *text = NULL;

        if (target_validate(check->type, check->target, &text) < 0)
                return refuse_text(reterr, "target", text);
        return 0;
}

static int validate_times(const Check *check, Complaint **reterr) {
        g_autofree char *interval = usec_to_duration(check_interval(check));
        g_autofree char *timeout = usec_to_duration(check_timeout(check));

        if (check_interval(check) < INTERVAL_MIN_USEC)
                return refuse(reterr, "interval", "%s is too short; at least 1s", interval);
        if (check_interval(check) > INTERVAL_MAX_USEC)
                return refuse(reterr, "interval", "%s is too long; at most 24h0m0s", interval);
        if (check_timeout(check) < TIMEOUT_MIN_USEC)
                return refuse(reterr, "timeout", "%s is too short; at least 100ms", timeout);
        if (check_timeout(check) > check_interval(check))
                return refuse(reterr,
                              "timeout",
                              "%s is longer than the interval; at most %s, or a longer interval",
                              timeout,
                              interval);
        return 0;
}

static int validate_expectation(const Check *check, Complaint **reterr) {
        if (check->type != CHECK_HTTP && check->expect_status != 0)
                return refuse(reterr, "expect_status", "only http checks have a status; leave it out");
        if (check->type != CHECK_HTTP && !is_empty(check->body_match))
                return refuse(reterr, "body_match", "only http checks have a body; leave it out");
        if (check->expect_status != 0 && (check->expect_status < 100 || check->expect_status > 599))
                return refuse(reterr,
                              "expect_status",
                              "%" G_GUINT64_FORMAT " is no HTTP status; 100 to 599, or nothing for 200",
                              check->expect_status);
        return 0;
}

int check_validate(const Check *check, Complaint **reterr) {
        int r;

        assert(check);

        r = validate_name(check->name, reterr);
        if (r >= 0)
                r = validate_texts(&check_type, check, reterr);
        if (r >= 0)
                r = validate_id("id", check->id, reterr);
        if (r >= 0 && !check_kind_to_string(check->type))
                r = refuse(reterr, "type", "unknown; http, tcp or icmp");
        if (r >= 0)
                r = validate_target(check, reterr);
        if (r >= 0)
                r = validate_times(check, reterr);
        if (r >= 0)
                r = validate_expectation(check, reterr);
        return r;
}

/* alerts */

/* An alert of one kind that carries a field of the other was meant differently. */
static int validate_kind_fields(const Alert *alert, Complaint **reterr) {
        const char *foreign = alert->type == ALERT_SMTP ? "discord_" : "smtp_";

        for (size_t i = 0; i < alert_type.n_fields; i++) {
                const Field *field = &alert_type.fields[i];

                if (g_str_has_prefix(field->name, foreign) && !object_field_is_empty(field, alert))
                        return refuse(reterr,
                                      field->name,
                                      "no field of %s alerts; leave it out",
                                      alert_kind_to_string(alert->type));
        }
        return 0;
}

static int validate_mail_address(const char *field, const char *address, Complaint **reterr) {
        char *text = NULL;

        if (mail_address_validate(address, &text) < 0)
                return refuse_text(reterr, field, text);
        return 0;
}

static int validate_smtp(const Alert *alert, Complaint **reterr) {
        int r;

        if (is_empty(alert->smtp_host))
                return refuse(reterr, "smtp_host", "missing; the name or address of the mail server");
        if (!text_is_host(alert->smtp_host))
                return refuse(reterr,
                              "smtp_host",
                              "not a host name or address; the port belongs to smtp_port");
        if (alert->smtp_port > UINT16_MAX)
                return refuse(reterr,
                              "smtp_port",
                              "%" G_GUINT64_FORMAT " is no port; 1 to 65535, or nothing for 587",
                              alert->smtp_port);
        r = validate_mail_address("smtp_from", alert->smtp_from, reterr);
        if (r < 0)
                return r;

        if (!alert->smtp_to || !alert->smtp_to[0])
                return refuse(reterr, "smtp_to", "missing; at least one address");
        for (char **p = alert->smtp_to; *p; p++) {
                r = validate_mail_address("smtp_to", *p, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int validate_discord(const Alert *alert, Complaint **reterr) {
        char *text = NULL;

        if (credential_of(alert->discord_webhook)) /* each node judges its own */
                return 0;
        if (webhook_validate(alert->discord_webhook, &text) < 0)
                return refuse_text(reterr, "discord_webhook", text);
        return 0;
}

int alert_validate(const Alert *alert, Complaint **reterr) {
        int r;

        assert(alert);

        r = validate_name(alert->name, reterr);
        if (r >= 0)
                r = validate_texts(&alert_type, alert, reterr);
        if (r >= 0)
                r = validate_id("id", alert->id, reterr);
        if (r >= 0 && !alert_kind_to_string(alert->type))
                r = refuse(reterr, "type", "unknown; smtp or discord");
        if (r >= 0)
                r = validate_kind_fields(alert, reterr);
        if (r >= 0)
                r = alert->type == ALERT_SMTP ? validate_smtp(alert, reterr)
                                              : validate_discord(alert, reterr);
        return r;
}

/* peers */

int peer_validate(const Peer *peer, Complaint **reterr) {
        Fingerprint fingerprint;
        int r;

        assert(peer);

        r = validate_texts(&peer_type, peer, reterr);
        if (r < 0)
                return r;
        if (is_empty(peer->node_id))
                return refuse(reterr, "node_id", "missing; every peer needs it");
        r = validate_id("node_id", peer->node_id, reterr);
        if (r < 0)
                return r;
        if (!is_empty(peer->advertise) && address_split(peer->advertise, NULL, NULL) < 0)
                return refuse(reterr,
                              "advertise",
                              "\"%s\" is not host:port; for example alpha.example.com:9901 or "
                              "[2001:db8::1]:9901",
                              peer->advertise);
        if (!is_empty(peer->fingerprint) && fingerprint_from_string(peer->fingerprint, &fingerprint) < 0)
                return refuse(reterr, "fingerprint", "not a fingerprint; sha256: and 64 hexadecimal digits");
        return 0;
}
