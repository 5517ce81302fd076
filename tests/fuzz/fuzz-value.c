/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A value that a leader that lies has committed: its records were decoded, but no rule of the document was
 * asked. Everybody who reads a committed value must live with it. The input has a record a line: the kind, a
 * blank, the JSON. */
#include "alerts/alerts.h"
#include "alerts/message.h"
#include "base/limits.h"
#include "config/validate.h"
#include "config/yaml.h"
#include "promise.h"
#include "schedule/schedule.h"
#include "verdict/verdict.h"
#include "wire/codec.h"

#define RECORDS_READ 64
#define SECOND (1700000000 * USEC_PER_SEC)

static void read_record(Delta *delta, const char *line) {
        const char *body = strchr(line, ' ');
        g_autofree char *name = body ? g_strndup(line, (size_t) (body - line)) : NULL;
        int kind = record_kind_from_string(name);
        void *object;
        Record *made, *record;

        if (!body || kind < 0 ||
            codec_decode(record_object_type(kind), body + 1, strlen(body + 1), &object, NULL) < 0)
                return;
        made = record_new(kind, object);
        if (record_decode(kind, made->id, body + 1, strlen(body + 1), &record, NULL) == 0)
                delta_put(delta, record);
        (void) record_unref(made);
}

/* ---- who reads it ---- */

static void read_document(const Value *value) {
        _cleanup_(document_freep) Document *document = value_document(value);
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_autofree char *text = yaml_emit(&document_type, document, "by\nn1", YAML_END_MARK);
        void *back = NULL;

        PROMISE(g_utf8_validate(text, -1, NULL));
        if (document_validate(document, &complaint) < 0)
                promise_sentence(complaint->text, 16384);
        /* what the daemon writes it can read, whatever it is */
        if (yaml_parse(&document_type, text, strlen(text), YAML_KEEP_UNKNOWN, &back, NULL, NULL) < 0)
                PROMISE(complaint);
        (void) document_free(back);
}

static void schedule(const Value *value) {
        _cleanup_(schedule_freep) Schedule *s = schedule_new(7);
        g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(DueProbe));
        usec_t now = USEC_PER_HOUR;

        schedule_configure(s, value, "n1", now, SECOND);
        for (unsigned i = 0; i < 4; i++) {
                usec_t next = schedule_next_deadline(s);

                if (next == USEC_INFINITY)
                        return;
                now = MAX(now, next);
                (void) schedule_take_due(s, now, probes);
                PROMISE(schedule_next_deadline(s) > now);
                g_array_set_size(probes, 0);
        }
}

static void judge(const Value *value) {
        _cleanup_(verdict_freep) Verdict *verdict = verdict_new("n1", &verdict_timing_default);
        usec_t now = USEC_PER_HOUR;
        Record *const *checks;
        size_t n;

        verdict_configure(verdict, value, now);
        verdict_lead(verdict, 1, now);
        checks = value_slice(value, RECORD_CHECK, &n);
        for (size_t i = 0; i < n; i++) {
                Observation *observation = observation_new();

                observation->check_id = g_strdup(checks[i]->id);
                observation->revision = ((const Check *) checks[i]->object)->revision;
                observation->result = OBSERVATION_FAILED;
                observation->detail = g_strdup("refused");
                verdict_observe(verdict, "n1", observation, now);
        }
        for (unsigned i = 0; i < 8; i++) {
                usec_t next = verdict_next_deadline(verdict);
                g_autoptr(GPtrArray) effects = NULL;

                if (next == USEC_INFINITY)
                        break;
                now = MAX(now, next);
                verdict_tick(verdict, now);
                effects = verdict_take_effects(verdict);
        }
        for (size_t i = 0; i < n; i++) {
                CheckView *view = verdict_view(verdict, checks[i]->id, true, now);
                g_autofree char *text = check_view_state_text(view);

                promise_clean(text, 64);
                (void) check_view_free(view);
        }
}

static void read_message(const Value *value, const Notice *notice) {
        const Alert *alert = value_object(value, RECORD_ALERT, notice->alert_id ?: "");
        Message *message;
        unsigned flags;

        if (message_render(value, notice, &message, &flags, NULL) < 0)
                return;
        if (alert && alert->type == ALERT_DISCORD) {
                PROMISE(json_guard(message->content, strlen(message->content), NULL) == 0);
        } else {
                PROMISE(g_utf8_validate(message->subject, -1, NULL) && !strpbrk(message->subject, "\r\n"));
                PROMISE(g_utf8_validate(message->body, -1, NULL));
        }
        (void) message_free(message);
}

/* what alerts/ plans can be stored: each record is read back */
static void apply(const Value *value, Delta *delta_consumed) {
        _cleanup_(delta_freep) Delta *delta = delta_consumed;
        _cleanup_(value_unrefp) Value *next = NULL;

        if (!delta)
                return;
        for (unsigned i = 0; i < delta->ops->len; i++) {
                const DeltaOp *op = g_ptr_array_index(delta->ops, i);
                Record *record;

                if (!op->record)
                        continue;
                PROMISE(record_decode(op->kind,
                                      op->id,
                                      op->record->body,
                                      op->record->body_size,
                                      &record,
                                      NULL) == 0);
                (void) record_unref(record);
        }
        next = value_apply(value, delta);
}

static void alert(const Value *value) {
        _cleanup_(value_unrefp) Value *empty = value_new_empty();
        AttemptOutcome outcome = { .result = ATTEMPT_REFUSED, .attempt = 1, .answer = "550 no" };
        Record *const *records;
        DeliveryState state;
        size_t n;

        (void) alerts_summary(value, NULL, NULL);
        records = value_slice(value, RECORD_NOTICE, &n);
        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                read_message(value, notice);
                for (unsigned j = 0; notice->recipients && j < notice->recipients->len; j++) {
                        const Recipient *to = g_ptr_array_index(notice->recipients, j);

                        outcome.result = (AttemptResult) (j % 4);
                        apply(value,
                              alerts_on_outcome(
                                              value,
                                              notice->id,
                                              to->address ?: "",
                                              &outcome,
                                              SECOND,
                                              &state));
                }
        }
        records = value_slice(value, RECORD_CHECK, &n);
        for (size_t i = 0; i < n; i++) {
                const CheckStatus *status = value_object(value, RECORD_STATUS, records[i]->id);
                Transition transition = {
                        .from = status ? status->state : CHECK_UNKNOWN,
                        .to = !status || status->state != CHECK_DOWN ? CHECK_DOWN : CHECK_UP,
                        .total = 3,
                        .when = SECOND,
                        .detail = (char *) "refused",
                        .node_id = (char *) "n1",
                        .term = 1,
                };

                transition.check = check_copy(records[i]->object);
                apply(value, alerts_on_transition(value, &transition));
                (void) check_free(transition.check);
        }
        apply(empty, alerts_on_change(value, empty, "n1", 1, SECOND));
        apply(value, alerts_on_change(empty, value, "n1", 1, SECOND));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);
        _cleanup_(value_unrefp) Value *empty = value_new_empty(), *value = NULL;
        _cleanup_(delta_freep) Delta *delta = delta_new();

        for (unsigned i = 0; i < RECORDS_READ && input.n > 0; i++) {
                g_autofree char *line = input_line(&input);

                read_record(delta, line);
        }
        value = value_apply(empty, delta);
        if (!value_meta(value) || value_n_voters(value) == 0)
                return 0; /* the register takes no such value */
        read_document(value);
        schedule(value);
        judge(value);
        alert(value);
        return 0;
}
