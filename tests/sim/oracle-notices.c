/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Promise 4: what is owed is delivered, refused or given up, never lost; RECOVERED where DOWN was delivered,
 * may have been, or is owed; a repeat only where an outcome is unknown, with the same bytes; each lane in
 * its order. */

#include <string.h>

#include "alerts/alerts.h"
#include "oracle.h"

#define PLAN_LENGTH 8 /* attempts before anything may be given up */

typedef struct Taken {
        char *bytes;
        unsigned n;
        bool refused;
        GHashTable *known; /* "node:life" of processes that know that it is settled */
} Taken;

static void taken_destroy(gpointer data) {
        Taken *taken = data;

        g_free(taken->bytes);
        g_hash_table_unref(taken->known);
        g_free(taken);
}

/* What has become of a DOWN, of an outage that lasts, for one recipient. */
typedef struct Down {
        char *notice_id;
        DeliveryState state;
        bool in_doubt;
} Down;

static void down_destroy(gpointer data) {
        Down *down = data;

        g_free(down->notice_id);
        g_free(down);
}

void notices_init(Oracle *oracle) {
        oracle->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, taken_destroy);
        oracle->downs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, down_destroy);
        oracle->lanes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void notices_done(Oracle *oracle) {
        g_hash_table_unref(oracle->taken);
        g_hash_table_unref(oracle->downs);
        g_hash_table_unref(oracle->lanes);
}

/* ---- the relays' side ---- */

/* "DOWN of check-3 by alert-4 to a@example.com" */
char *oracle_name(const Notice *notice, const char *recipient) {
        return g_strdup_printf(
                        "%s of %s by %s to %s",
                        notice_event_to_string(notice->event),
                        notice->check_id,
                        notice->alert_id,
                        recipient);
}

static Taken *taken_of(const Sim *sim, const char *notice_id, const char *recipient) {
        g_autofree char *key = g_strdup_printf("%s %s", notice_id, recipient);
        Taken *taken = g_hash_table_lookup(sim->oracle->taken, key);

        if (!taken) {
                taken = g_new0(Taken, 1);
                taken->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
                g_hash_table_insert(sim->oracle->taken, g_steal_pointer(&key), taken);
        }
        return taken;
}

void oracle_starts(Sim *sim, const SimNode *node, const SimAttempt *attempt) {
        g_autofree char *process = g_strdup_printf("%d:%u", node->index, node->life);
        const Taken *taken = taken_of(sim, attempt->notice_id, attempt->recipient);

        sim_say(sim, node, "begins to send %s, attempt %" G_GUINT64_FORMAT, attempt->name, attempt->attempt);
        if (g_hash_table_contains(taken->known, process))
                sim_fail(sim, "n%d sends %s again and knows that it is settled", node->index, attempt->name);
}

/* the messages of one check, alert and recipient come in the order of their transitions */
static void in_order(Sim *sim, const SimNode *node, const SimAttempt *attempt) {
        const Notice *notice =
                        value_object(register_committed(node->reg), RECORD_NOTICE, attempt->notice_id);
        g_autofree char *lane = NULL;
        const gint64 *last;

        if (!notice)
                return;
        lane = g_strdup_printf("%s %s %s", notice->check_id, notice->alert_id, attempt->recipient);
        last = g_hash_table_lookup(sim->oracle->lanes, lane);
        if (last && (uint64_t) *last > notice->sequence)
                sim_fail(sim, "%s comes after a later one", attempt->name);
        g_hash_table_replace(
                        sim->oracle->lanes,
                        g_steal_pointer(&lane),
                        g_memdup2(&notice->sequence, sizeof(notice->sequence)));
}

bool oracle_takes(Sim *sim, const SimNode *node, const SimAttempt *attempt) {
        Taken *taken = taken_of(sim, attempt->notice_id, attempt->recipient);

        sim_say(sim,
                node,
                "has relay %u take %s%s",
                attempt->relay,
                attempt->name,
                taken->n > 0 ? ", again" : "");
        sim->count.messages++;
        if (taken->n++ == 0) {
                taken->bytes = g_strdup(attempt->bytes);
                in_order(sim, node, attempt);
                return true;
        }
        sim->count.repeats++;
        if (strcmp(taken->bytes, attempt->bytes) != 0)
                sim_fail(sim, "%s comes again with other bytes", attempt->name);
        return true;
}

void oracle_refuses(Sim *sim, const SimAttempt *attempt) {
        taken_of(sim, attempt->notice_id, attempt->recipient)->refused = true;
}

void oracle_told(Sim *sim, const SimNode *node, const SimAttempt *attempt) {
        static const char *const words[] = {
                "is delivered", "is not taken now", "has no known outcome", "is refused"
        };

        sim_say(sim, node, "learns that %s %s", attempt->name, words[attempt->outcome.result]);
        if (attempt->outcome.result == ATTEMPT_DELIVERED || attempt->outcome.result == ATTEMPT_REFUSED)
                g_hash_table_add(
                                taken_of(sim, attempt->notice_id, attempt->recipient)->known,
                                g_strdup_printf("%d:%u", node->index, node->life));
}

/* ---- the register's side ---- */

static const Recipient *recipient_of(const Value *value, const char *notice_id, const char *address) {
        const Notice *notice = value_object(value, RECORD_NOTICE, notice_id);

        for (guint i = 0; notice && notice->recipients && i < notice->recipients->len; i++) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);

                if (strcmp(recipient->address, address) == 0)
                        return recipient;
        }
        return NULL;
}

static bool still_listens(const Value *value, const char *alert_id, const char *address) {
        const Alert *alert = value_object(value, RECORD_ALERT, alert_id);

        return alert && alert_has_recipient(alert, address);
}

static void owed_before(Sim *sim, const Notice *notice, const Recipient *old, const Value *after) {
        const Recipient *new = recipient_of(after, notice->id, old->address);
        const Taken *taken = taken_of(sim, notice->id, old->address);
        const char *wrong = NULL;

        if (!new && taken->n == 0 && !taken->refused && still_listens(after, notice->alert_id, old->address))
                wrong = "vanishes, and nobody ever took or refused it";
        else if (new &&new->state == DELIVERY_DELIVERED && taken->n == 0)
                wrong = "counts as delivered, and nobody ever took it";
        else if (new &&new->state == DELIVERY_REFUSED && !taken->refused)
                wrong = "counts as refused, and nobody ever refused it";
        else if (new &&new->state == DELIVERY_GAVE_UP &&new->attempts < PLAN_LENGTH &&
                 !(new->in_doubt && !still_listens(after, notice->alert_id, old->address)))
                wrong = "is given up too soon";
        if (wrong) {
                g_autofree char *name = oracle_name(notice, old->address);

                sim_fail(sim, "%s %s", name, wrong);
        }
}

/* One batch may have taken a recipient away and brought it back. */
static bool edited_twice(const Value *before, const Value *after, const char *alert_id) {
        const Alert *old = value_object(before, RECORD_ALERT, alert_id);
        const Alert *new = value_object(after, RECORD_ALERT, alert_id);

        return !old || !new ||
               (old->revision !=
                new->revision &&value_meta(after)->version > value_meta(before)->version + 1);
}

static void nothing_is_lost(Sim *sim, const Value *before, const Value *after) {
        size_t n;
        Record *const *records = value_slice(before, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (value_find(after, RECORD_NOTICE, notice->id) == records[i] ||
                    edited_twice(before, after, notice->alert_id))
                        continue;
                for (guint k = 0; notice->recipients && k < notice->recipients->len; k++) {
                        const Recipient *recipient = g_ptr_array_index(notice->recipients, k);

                        if (recipient->state == DELIVERY_OWED)
                                owed_before(sim, notice, recipient, after);
                }
        }
}

/* its text is there as long as it may be rendered */
static void has_templates(Sim *sim, const Value *after) {
        size_t n;
        Record *const *records = value_slice(after, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;
                const char *hash = notice->body_template_hash;

                if (notice_is_owed(notice) && hash && *hash && !value_find(after, RECORD_TEMPLATE, hash))
                        sim_fail(sim,
                                 "%s of %s has lost its template",
                                 notice_event_to_string(notice->event),
                                 notice->check_id);
        }
}

/* ---- who is told of a transition ---- */

static const Notice *
notice_of(const Value *value,
          const char *check_id,
          const char *alert_id,
          uint64_t sequence,
          NoticeEvent event) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (notice->sequence == sequence && notice->event == event &&
                    strcmp(notice->check_id, check_id) == 0 && strcmp(notice->alert_id, alert_id) == 0)
                        return notice;
        }
        return NULL;
}

static void
is_owed(Sim *sim,
        const Value *after,
        const CheckStatus *status,
        const char *alert_id,
        const char *address,
        NoticeEvent event) {
        const Notice *notice = notice_of(after, status->check_id, alert_id, status->transitions, event);

        if (still_listens(after, alert_id, address) && !edited_twice(sim->oracle->newest, after, alert_id) &&
            (!notice || !recipient_of(after, notice->id, address)))
                sim_fail(sim,
                         "%s of %s is not owed to %s of %s",
                         notice_event_to_string(event),
                         status->check_id,
                         address,
                         alert_id);
}

/* to everyone of every effective alert, as the decision found them */
static void
all_are_told(Sim *sim, const Value *base, const Value *after, const CheckStatus *status, NoticeEvent event) {
        const Check *check = value_object(base, RECORD_CHECK, status->check_id);
        g_autoptr(GPtrArray) alerts = value_in_order(base, RECORD_ALERT);
        g_autoptr(GPtrArray) effective = effective_alerts(check, alerts);

        for (guint i = 0; i < effective->len; i++) {
                const Alert *alert = g_ptr_array_index(effective, i);

                if (alert->type != ALERT_SMTP)
                        is_owed(sim, after, status, alert->id, RECIPIENT_WEBHOOK, event);
                for (char **p = alert->type == ALERT_SMTP ? alert->smtp_to : NULL; p && *p; p++)
                        is_owed(sim, after, status, alert->id, *p, event);
        }
}

/* Whether the end is owed: also where a relay did take DOWN, whatever the register believes. */
static bool is_waiting_for_the_end(const Sim *sim, const Down *down, const char *recipient) {
        return down->state == DELIVERY_OWED || down->state == DELIVERY_DELIVERED || down->in_doubt ||
               taken_of(sim, down->notice_id, recipient)->n > 0;
}

/* A refusal that one batch commits together with what ends the outage: who was owed DOWN before it is no
 * longer. */
static bool may_be_refused_meanwhile(const Sim *sim, const Down *down, const char *recipient) {
        const Taken *taken = taken_of(sim, down->notice_id, recipient);

        return down->state == DELIVERY_OWED && !down->in_doubt && taken->refused && taken->n == 0;
}

/* to whom DOWN went, or may have gone, and to nobody else */
static void the_same_are_told(
                Sim *sim,
                const Value *base,
                const Value *after,
                const CheckStatus *status,
                NoticeEvent event) {
        g_autofree char *prefix = g_strdup_printf("%s ", status->check_id);
        GHashTableIter iter;
        gpointer key, value;
        size_t n;
        Record *const *records = value_slice(after, RECORD_NOTICE, &n);

        g_hash_table_iter_init(&iter, sim->oracle->downs);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
                g_auto(GStrv) parts = g_strsplit(key, " ", 3);

                if (g_str_has_prefix(key, prefix) && is_waiting_for_the_end(sim, value, parts[2]) &&
                    !may_be_refused_meanwhile(sim, value, parts[2]) &&
                    still_listens(base, parts[1], parts[2]))
                        is_owed(sim, after, status, parts[1], parts[2], event);
        }

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (notice->sequence != status->transitions || notice->event != event ||
                    strcmp(notice->check_id, status->check_id) != 0)
                        continue;
                for (guint k = 0; notice->recipients && k < notice->recipients->len; k++) {
                        const Recipient *recipient = g_ptr_array_index(notice->recipients, k);
                        g_autofree char *who = g_strdup_printf(
                                        "%s %s %s", notice->check_id, notice->alert_id, recipient->address);

                        const Down *down = g_hash_table_lookup(sim->oracle->downs, who);

                        if (!down || !is_waiting_for_the_end(sim, down, recipient->address))
                                sim_fail(sim,
                                         "RECOVERED of %s to %s, who never heard of DOWN",
                                         notice->check_id,
                                         recipient->address);
                }
        }
}

static void transition(Sim *sim, const Value *after, const CheckStatus *old, const CheckStatus *new) {
        const Value *base = oracle_base_of(sim->oracle, new);

        if (!base)
                return;
        if (new->state == CHECK_DOWN)
                all_are_told(sim, base, after, new, NOTICE_DOWN);
        else if (old && old->state == CHECK_DOWN)
                the_same_are_told(sim, base, after, new, NOTICE_RECOVERED);
        else if (!old || !old->was_up)
                all_are_told(sim, base, after, new, NOTICE_UP);
}

static void check_removed(Sim *sim, const Value *before, const Value *after, const CheckStatus *old) {
        CheckStatus gone = *old;

        gone.transitions++;
        if (old->state == CHECK_DOWN)
                the_same_are_told(sim, before, after, &gone, NOTICE_UNWATCHED);
}

/* What has become of this outage's DOWNs. */
static void follow_downs(Sim *sim, const Value *before, const Value *after) {
        GHashTable *downs = sim->oracle->downs;
        GHashTableIter iter;
        gpointer key, value;
        size_t n;
        Record *const *records = value_slice(after, RECORD_NOTICE, &n);

        /* of outages that are over, and owed to nobody who listens any more */
        g_hash_table_iter_init(&iter, downs);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
                g_auto(GStrv) parts = g_strsplit(key, " ", 3);
                const CheckStatus *status = value_object(after, RECORD_STATUS, parts[0]);
                bool owed = ((const Down *) value)->state == DELIVERY_OWED;

                if (!status || status->state != CHECK_DOWN || !value_find(after, RECORD_ALERT, parts[1]) ||
                    (owed &&
                     (!still_listens(after, parts[1], parts[2]) || edited_twice(before, after, parts[1]))))
                        g_hash_table_iter_remove(&iter);
        }
        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;
                const CheckStatus *status = value_object(after, RECORD_STATUS, notice->check_id);

                if (notice->event != NOTICE_DOWN || !status || status->state != CHECK_DOWN ||
                    status->transitions != notice->sequence)
                        continue;
                for (guint k = 0; notice->recipients && k < notice->recipients->len; k++) {
                        const Recipient *recipient = g_ptr_array_index(notice->recipients, k);
                        Down *down = g_new0(Down, 1);

                        down->notice_id = g_strdup(notice->id);
                        down->state = recipient->state;
                        down->in_doubt = recipient->in_doubt;
                        g_hash_table_replace(
                                        downs,
                                        g_strdup_printf("%s %s %s",
                                                        notice->check_id,
                                                        notice->alert_id,
                                                        recipient->address),
                                        down);
                }
        }
}

void oracle_notices(Sim *sim, const Value *before, const Value *after, bool next) {
        size_t n;
        Record *const *states;

        nothing_is_lost(sim, before, after);
        has_templates(sim, after);
        states = value_slice(after, RECORD_STATUS, &n);
        for (size_t i = 0; next && i < n; i++) {
                const CheckStatus *new = states[i]->object;
                const CheckStatus *old = value_object(before, RECORD_STATUS, new->check_id);

                if (!old || (old->transitions != new->transitions && old->state != new->state))
                        transition(sim, after, old, new);
        }
        states = value_slice(before, RECORD_STATUS, &n);
        for (size_t i = 0; next && i < n; i++)
                if (!value_find(after, RECORD_CHECK, states[i]->id))
                        check_removed(sim, before, after, states[i]->object);
        follow_downs(sim, before, after);
}
