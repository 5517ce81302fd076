/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/news.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "alerts/alerts.h"
#include "base/names.h"
#include "config/merge.h"
#include "manager/internal.h"
#include "manager/journal.h"

/* One commit may bring ten thousand entries, and the journal takes its time for each. */
#define TOLD_AT_ONCE 256

struct News {
        Manager *manager;
        sd_event_source *rest;

        /* the commit that is being told of; NULL: all was told */
        Delta *delta;
        Value *before;
        Value *after;
        unsigned next; /* of the delta's ops */
};

static bool is_object(RecordKind kind) {
        return kind == RECORD_CHECK || kind == RECORD_ALERT || kind == RECORD_PEER;
}

static const char *object_name(RecordKind kind, const void *object) {
        switch (kind) {
        case RECORD_CHECK:
                return ((const Check *) object)->name;
        case RECORD_ALERT:
                return ((const Alert *) object)->name;
        case RECORD_PEER:
                return ((const Peer *) object)->node_id;
        default:
                return "";
        }
}

/* ---- the document ---- */

static void tell_member(const char *id, const Peer *old, const Peer *new, const char *version) {
        static const struct {
                const char *change, *words;
        } kinds[] = {
                { "removed", "was removed" }, { "joining", "is joining" },  { "joined", "joined and votes" },
                { "added", "was added" },     { "changed", "was changed" },
        };
        int kind = !new                                   ? 0
                   : !old &&new->joining                  ? 1
                   : old && old->joining && !new->joining ? 2
                   : !old                                 ? 3
                                                          : 4;

        journal_event(EVENT_MEMBER,
                      JOURNAL_FIELDS({ JOURNAL_NODE, id },
                                     { JOURNAL_CHANGE, kinds[kind].change },
                                     { JOURNAL_ADDRESS, (new ?: old)->advertise },
                                     { JOURNAL_VERSION, version }),
                      "peer %s %s (version %s)",
                      id,
                      kinds[kind].words,
                      version);
}

/* `interval: 30s -> 15s, …`, secrets as ***; NULL: added or removed, which says it all. */
static char *differences(RecordKind kind, const void *before, const void *after) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) old = g_ptr_array_new(), new = g_ptr_array_new(), found = NULL;
        Document from = {}, to = {};

        if (!before || !after)
                return NULL;
        g_ptr_array_add(old, (void *) before);
        g_ptr_array_add(new, (void *) after);
        if (kind == RECORD_CHECK) {
                from.checks = old;
                to.checks = new;
        } else {
                from.alerts = old;
                to.alerts = new;
        }
        found = document_diff(&from, &to);
        for (unsigned i = 0; i < found->len; i++) {
                const Difference *d = g_ptr_array_index(found, i);

                g_string_append_printf(
                                text,
                                "%s%s: %s -> %s",
                                i > 0 ? ", " : "",
                                d->field->type == FIELD_EXTRA ? "unknown fields" : d->field->name,
                                d->from,
                                d->to);
        }
        return g_string_free(g_steal_pointer(&text), /* free_segment= */ FALSE);
}

static void tell_change(const DeltaOp *op, const void *before, const void *after, uint64_t version) {
        g_autofree char *version_text = g_strdup_printf("%" G_GUINT64_FORMAT, version);
        const char *kind = record_kind_to_string(op->kind), *name = object_name(op->kind, after ?: before);
        const char *change = !after ? "removed" : !before ? "added" : "changed";
        bool is_check = op->kind == RECORD_CHECK;
        g_autofree char *detail = NULL;

        if (op->kind == RECORD_PEER) {
                tell_member(op->id, before, after, version_text);
                return;
        }
        detail = differences(op->kind, before, after);
        journal_event(EVENT_CHANGE,
                      JOURNAL_FIELDS({ is_check ? JOURNAL_CHECK : JOURNAL_ALERT, op->id },
                                     { is_check ? JOURNAL_CHECK_NAME : JOURNAL_ALERT_NAME, name },
                                     { JOURNAL_CHANGE, change },
                                     { JOURNAL_DETAIL, detail },
                                     { JOURNAL_VERSION, version_text }),
                      "%s %s was %s%s%s (version %s)",
                      kind,
                      name,
                      change,
                      detail && *detail ? ": " : "",
                      detail ?: "",
                      version_text);
}

/* ---- transitions ---- */

/* the check whose state it changes; NULL: none, or its state stays */
static const Check *find_flipped(const Value *after, const CheckStatus *old, const CheckStatus *new) {
        const Check *check = value_object(after, RECORD_CHECK, new->check_id);

        if ((old && old->transitions == new->transitions) ||
            (old ? old->state : CHECK_UNKNOWN) == new->state)
                return NULL;
        return check;
}

static void tell_transition(const Value *after, const CheckStatus *old, const CheckStatus *new) {
        const Check *check = find_flipped(after, old, new);
        CheckState from = old ? old->state : CHECK_UNKNOWN;
        g_autofree char *term = NULL, *number = NULL, *ok = NULL, *not_ok = NULL;

        if (!check)
                return;

        term = g_strdup_printf("%" G_GUINT64_FORMAT, new->decided_term);
        number = g_strdup_printf("%" G_GUINT64_FORMAT, new->transitions);
        ok = g_strdup_printf("%" G_GUINT64_FORMAT, new->ok);
        not_ok = g_strdup_printf("%" G_GUINT64_FORMAT, new->not_ok);
        journal_event(EVENT_TRANSITION,
                      JOURNAL_FIELDS({ JOURNAL_CHECK, check->id },
                                     { JOURNAL_CHECK_NAME, check->name },
                                     { JOURNAL_FROM, check_state_to_string(from) },
                                     { JOURNAL_TO, check_state_to_string(new->state) },
                                     { JOURNAL_NODE, new->decided_by },
                                     { JOURNAL_TERM, term },
                                     { JOURNAL_TRANSITION, number },
                                     { JOURNAL_OK, ok },
                                     { JOURNAL_NOT_OK, not_ok },
                                     { JOURNAL_DETAIL, new->detail }),
                      "check %s: %s -> %s (%" G_GUINT64_FORMAT " ok, %" G_GUINT64_FORMAT " failing)%s%s",
                      check->name,
                      check_state_to_string(from),
                      check_state_to_string(new->state),
                      new->ok,
                      new->not_ok,
                      new->detail &&*new->detail ? ": " : "",
                      new->detail ?: "");
}

static void
announce_transition(Manager *m, const Value *after, const CheckStatus *old, const CheckStatus *new) {
        const Check *check = find_flipped(after, old, new);
        Transition transition;

        if (!check)
                return;
        transition = (Transition){
                .check = (Check *) check,
                .from = old ? old->state : CHECK_UNKNOWN,
                .to = new->state,
                .number = new->transitions,
                .ok = new->ok,
                .not_ok = new->not_ok,
                .detail = new->detail,
                .node_id = new->decided_by,
                .term = new->decided_term,
                .when = new->since,
        };
        m->observer->transition(m->observer_userdata, &transition);
}

/* ---- deliveries ---- */

static const struct {
        Event event;
        const char *words;
} delivery_words[] = {
        [DELIVERY_OWED] = { EVENT_DELIVERY_RETRY, "was not delivered and is tried again" },
        [DELIVERY_DELIVERED] = { EVENT_DELIVERED, "was delivered" },
        [DELIVERY_REFUSED] = { EVENT_DELIVERY_REFUSED, "was refused for good" },
        [DELIVERY_GAVE_UP] = { EVENT_DELIVERY_GAVE_UP, "was given up" },
};

static void tell_delivery(Manager *m, const Notice *notice, const Recipient *recipient) {
        g_autofree char *attempt = g_strdup_printf("%" G_GUINT64_FORMAT, recipient->attempts);
        const Check *check = notice->transition->check;

        journal_event(delivery_words[recipient->state].event,
                      JOURNAL_FIELDS({ JOURNAL_CHECK, notice->check_id },
                                     { JOURNAL_CHECK_NAME, check->name },
                                     { JOURNAL_ALERT, notice->alert_id },
                                     { JOURNAL_ALERT_NAME, notice->alert_name },
                                     { JOURNAL_EVENT, notice_event_to_string(notice->event) },
                                     { JOURNAL_RECIPIENT, recipient->address },
                                     { JOURNAL_ATTEMPT, recipient->attempts > 0 ? attempt : NULL },
                                     { JOURNAL_NOTICE, notice->id },
                                     { JOURNAL_DETAIL, recipient->answer }),
                      "alert %s: %s of %s to %s %s%s%s",
                      notice->alert_name,
                      notice_event_to_string(notice->event),
                      check->name,
                      recipient->address,
                      delivery_words[recipient->state].words,
                      recipient->answer && *recipient->answer ? ": " : "",
                      recipient->answer ?: "");
        if (m->told)
                told_add(m->told, notice, recipient, /* node_id= */ NULL, now_realtime());
        if (m->observer)
                m->observer->delivery(m->observer_userdata, notice, recipient);
}

static const Recipient *find_recipient(const Notice *notice, const char *address) {
        for (unsigned i = 0; notice && notice->recipients && i < notice->recipients->len; i++) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);

                if (strcmp(recipient->address, address) == 0)
                        return recipient;
        }
        return NULL;
}

/* A settled notice that nobody needs any more leaves in the same commit that settles it; the notice into
 * which it collapsed, or the removal of its alert or recipients, are the only other reasons. */
static bool left_delivered(const Notice *notice, const Value *before, const Value *after) {
        size_t n;
        Record *const *notices = value_slice(after, RECORD_NOTICE, &n);

        if (!value_object(after, RECORD_ALERT, notice->alert_id))
                return false;
        for (size_t i = 0; i < n; i++) {
                const Notice *other = notices[i]->object;
                const Notice *was = value_object(before, RECORD_NOTICE, other->id);

                if (g_strcmp0(other->check_id, notice->check_id) == 0 &&
                    g_strcmp0(other->alert_id, notice->alert_id) == 0 &&
                    other->collapsed > (was ? was->collapsed : 0))
                        return false;
        }
        return true;
}

static void tell_left(Manager *m, const Notice *old, const Value *before, const Value *after) {
        const Alert *alert = value_object(after, RECORD_ALERT, old->alert_id);

        if (!left_delivered(old, before, after))
                return;
        for (unsigned i = 0; old->recipients && i < old->recipients->len; i++) {
                Recipient recipient = *(const Recipient *) g_ptr_array_index(old->recipients, i);
                g_autofree char *answer = NULL;
                const Telling *telling;

                if (recipient.state != DELIVERY_OWED || !alert_has_recipient(alert, recipient.address))
                        continue;
                recipient.state = DELIVERY_DELIVERED;
                /* the register's words are older, and telling it moves those that are remembered */
                telling = m->told ? told_find(m->told, old->id, recipient.address) : NULL;
                recipient.answer = answer = g_strdup(telling ? telling->answer : NULL);
                recipient.attempts = telling ? telling->attempts : recipient.attempts;
                tell_delivery(m, old, &recipient);
        }
}

/* Commits may come as one: a notice that is new here may have been tried, and taken, already. Who has just
 * joined does not tell what was before its time. */
static void tell_notice(Manager *m, const Notice *old, const Notice *new, const Value *before) {
        for (unsigned i = 0; value_meta(before) && new->recipients &&i < new->recipients->len; i++) {
                const Recipient *recipient = g_ptr_array_index(new->recipients, i);
                const Recipient *was = find_recipient(old, recipient->address);

                if (recipient->state != (was ? was->state : DELIVERY_OWED) ||
                    recipient->attempts != (was ? was->attempts : 0))
                        tell_delivery(m, new, recipient);
        }
}

/* ---- both ---- */

void news_before(Manager *manager, const Delta *delta) {
        if (!manager->observer)
                return;
        for (unsigned i = 0; i < delta->ops->len; i++) {
                const DeltaOp *op = g_ptr_array_index(delta->ops, i);

                if (is_object(op->kind) && !op->record)
                        manager->observer->object_removed(manager->observer_userdata, op->kind, op->id);
        }
}

static void announce(Manager *m, const DeltaOp *op, const Value *before, const Value *after) {
        const void *old = value_object(before, op->kind, op->id);
        const void *new = op->record ? op->record->object : NULL;

        if (is_object(op->kind) && new &&old)
                m->observer->object_changed(m->observer_userdata, op->kind, op->id);
        else if (is_object(op->kind) && new)
                m->observer->object_added(m->observer_userdata, op->kind, op->id);
        if (op->kind != RECORD_STATUS || !new)
                return;
        announce_transition(m, after, old, new);
        if (value_object(before, RECORD_CHECK, op->id))
                m->observer->object_changed(m->observer_userdata, RECORD_STATUS, op->id);
}

static void tell(News *news, const DeltaOp *op) {
        const void *old = value_object(news->before, op->kind, op->id);
        const void *new = op->record ? op->record->object : NULL;
        const ClusterMeta *meta = value_meta(news->after);

        if (is_object(op->kind))
                tell_change(op, old, new, meta ? meta->version : 0);
        else if (op->kind == RECORD_STATUS && new)
                tell_transition(news->after, old, new);
        else if (op->kind == RECORD_NOTICE && new)
                tell_notice(news->manager, old, new, news->before);
        else if (op->kind == RECORD_NOTICE && old)
                tell_left(news->manager, old, news->before, news->after);
}

/* true: there is more */
static bool tell_some(News *news, unsigned n) {
        if (!news->delta)
                return false;
        for (; n > 0 && news->next < news->delta->ops->len; n--)
                tell(news, g_ptr_array_index(news->delta->ops, news->next++));
        if (news->next < news->delta->ops->len)
                return true;
        news->delta = delta_free(news->delta);
        news->before = value_unref(news->before);
        news->after = value_unref(news->after);
        return false;
}

static int on_rest(sd_event_source *source, void *userdata) {
        News *news = userdata;

        if (tell_some(news, TOLD_AT_ONCE))
                (void) end_of_turn(news->manager->event, &news->rest, on_rest, news);
        return 0;
}

void news_after(News *news, Delta *delta_consumed, const Value *before, const Value *after) {
        Manager *m = news->manager;

        for (unsigned i = 0; m->observer && i < delta_consumed->ops->len; i++)
                announce(m, g_ptr_array_index(delta_consumed->ops, i), before, after);

        (void) tell_some(news, UINT_MAX); /* of an earlier commit: in order */
        news->delta = delta_consumed;
        news->before = value_ref((Value *) before);
        news->after = value_ref((Value *) after);
        news->next = 0;
        if (tell_some(news, TOLD_AT_ONCE))
                (void) end_of_turn(m->event, &news->rest, on_rest, news);
}

/* ---- lifecycle ---- */

News *news_new(Manager *manager) {
        News *news = g_new0(News, 1);

        assert(manager);

        news->manager = manager;
        return news;
}

News *news_free(News *news) {
        if (!news)
                return NULL;

        (void) tell_some(news, UINT_MAX);
        sd_event_source_disable_unref(news->rest);
        g_free(news);
        return NULL;
}
