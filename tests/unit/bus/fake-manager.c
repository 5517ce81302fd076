/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-manager.h"

#include <errno.h>
#include <string.h>

#include "manager/journal.h"
#include "wire/codec.h"

unsigned n_journal_events;
char *journal_last_call;
Event journal_last_event;
static int level = 6;

void journal_event(Event event, const JournalField *fields, const char *format, ...) {
        g_autoptr(GString) text = g_string_new(NULL);
        va_list ap;

        if (event != EVENT_CALL && event != EVENT_CHANGE_REFUSED) {
                n_journal_events++;
                return;
        }
        va_start(ap, format);
        g_string_append_vprintf(text, format, ap);
        va_end(ap);
        for (; fields && fields->name; fields++)
                if (fields->value)
                        g_string_append_printf(text, " %s=%s", fields->name, fields->value);
        g_free(journal_last_call);
        journal_last_event = event;
        journal_last_call = g_string_free(g_steal_pointer(&text), /* free_segment= */ FALSE);
}

void journal_debug(const char *format, ...) {
}

void journal_set_level(int new_level) {
        level = new_level;
}

int journal_level(void) {
        return level;
}

/* ---- lifecycle ---- */

typedef struct Pending {
        manager_answer_t done;
        void *userdata;
        ChangeOutcome outcome;
        char *text;
        uint64_t version;
        char *id;
        char *fingerprint;
        char *secret;
        char **affected;
        Explanation *explanation;
} Pending;

static void pending_free(void *p) {
        Pending *pending = p;

        (void) explanation_free(pending->explanation);
        g_free(pending->text);
        g_free(pending->id);
        g_free(pending->fingerprint);
        g_free(pending->secret);
        g_strfreev(pending->affected);
        g_free(pending);
}

static int on_defer(sd_event_source *source, void *userdata) {
        Manager *m = userdata;

        if (!m->hold)
                fake_manager_release(m);
        return 0;
}

void fake_manager_release(Manager *m) {
        while (m->pending->len > 0) {
                Pending *p = g_ptr_array_steal_index(m->pending, 0);

                p->done(p->userdata,
                        &(ManagerAnswer){ .outcome = p->outcome,
                                          .text = p->text,
                                          .version = p->version,
                                          .id = p->id,
                                          .fingerprint = p->fingerprint,
                                          .secret = p->secret,
                                          .affected = p->affected,
                                          .explanation = p->explanation });
                pending_free(p);
        }
}

static Pending *answer_later(Manager *m, manager_answer_t done, void *userdata) {
        Pending *p = g_new0(Pending, 1);

        *p = (Pending){ .done = done, .userdata = userdata, .outcome = m->outcome };
        p->text = g_strdup(m->text);
        p->version = m->version;
        g_ptr_array_add(m->pending, p);
        (void) sd_event_source_set_enabled(m->defer, SD_EVENT_ONESHOT);
        return p;
}

static void apply(Manager *m, Delta *delta) {
        Value *next = value_apply(m->value, delta);

        (void) value_unref(m->value);
        m->value = next;
        (void) delta_free(delta);
}

static void put(Manager *m, RecordKind kind, void *object) {
        Delta *delta = delta_new();

        delta_put_object(delta, kind, object);
        apply(m, delta);
}

static Peer *fake_peer(const char *node_id, const char *advertise) {
        Peer *peer = peer_new();

        peer->node_id = g_strdup(node_id);
        peer->advertise = g_strdup(advertise);
        peer->fingerprint = g_strdup("sha256:00");
        return peer;
}

Manager *fake_manager_new(sd_event *event) {
        Manager *m = g_new0(Manager, 1);
        TrustEntry *entry = trust_entry_new();

        m->event = sd_event_ref(event);
        m->value = value_new_empty();
        m->initialized = true;
        m->version = 7;
        m->pending = g_ptr_array_new_with_free_func(pending_free);
        g_assert_cmpint(sd_event_add_defer(event, &m->defer, on_defer, m), >=, 0);
        (void) sd_event_source_set_enabled(m->defer, SD_EVENT_OFF);
        put(m, RECORD_PEER, fake_peer(FAKE_NODE, "127.0.0.1:9901"));
        put(m, RECORD_PEER, fake_peer(FAKE_OTHER, "127.0.0.2:9901"));

        m->trust = trust_file_new();
        m->trust->entries = object_list_new(&trust_entry_type);
        entry->node_id = g_strdup(FAKE_OTHER);
        entry->address = g_strdup("127.0.0.2:9901");
        entry->fingerprint = g_strdup("sha256:00");
        entry->added_at = 5;
        g_ptr_array_add(m->trust->entries, entry);
        return m;
}

Manager *fake_manager_free(Manager *m) {
        if (!m)
                return NULL;

        (void) value_unref(m->value);
        (void) trust_file_free(m->trust);
        (void) change_free(m->last);
        g_free(m->last_text);
        g_ptr_array_unref(m->pending);
        (void) sd_event_source_disable_unref(m->defer);
        (void) sd_event_unref(m->event);
        g_free(m);
        return NULL;
}

/* ---- the tests' hand ---- */

Check *fake_check(const char *id, const char *name) {
        Check *check = check_new();

        check->id = g_strdup(id);
        check->name = g_strdup(name);
        check->type = CHECK_HTTP;
        check->target = g_strdup("https://user:hunter2@example.test/");
        return check;
}

Alert *fake_alert(const char *id, const char *name) {
        Alert *alert = alert_new();

        alert->id = g_strdup(id);
        alert->name = g_strdup(name);
        alert->type = ALERT_SMTP;
        alert->smtp_host = g_strdup("mail.example.test");
        alert->smtp_password = g_strdup("hunter2");
        return alert;
}

static void put_shown(Manager *m, RecordKind kind, const char *id, void *object) {
        g_autofree char *own_id = g_strdup(id);
        bool known = value_find(m->value, kind, id) != NULL;

        put(m, kind, object);
        if (!m->observer)
                return;
        if (known)
                m->observer->object_changed(m->observer_userdata, kind, own_id);
        else
                m->observer->object_added(m->observer_userdata, kind, own_id);
}

void fake_manager_put_check(Manager *m, Check *check) {
        put_shown(m, RECORD_CHECK, check->id, check);
}

void fake_manager_put_alert(Manager *m, Alert *alert) {
        put_shown(m, RECORD_ALERT, alert->id, alert);
}

void fake_manager_put_status(Manager *m, CheckStatus *status) {
        g_autofree char *id = g_strdup(status->check_id);

        put(m, RECORD_STATUS, status);
        if (m->observer)
                m->observer->object_changed(m->observer_userdata, RECORD_STATUS, id);
}

void fake_manager_put_notice(Manager *m, Notice *notice) {
        put(m, RECORD_NOTICE, notice);
}

void fake_manager_remove(Manager *m, RecordKind kind, const char *id) {
        Delta *delta = delta_new();

        if (m->observer)
                m->observer->object_removed(m->observer_userdata, kind, id);
        delta_delete(delta, kind, id);
        apply(m, delta);
}

void fake_manager_fill(Manager *m, unsigned n) {
        Delta *delta = delta_new();
        Alert *alert = fake_alert("pager", "pager");

        alert->is_default = true;
        delta_put_object(delta, RECORD_ALERT, alert);
        for (unsigned i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("check-%05u", i);

                delta_put_object(delta, RECORD_CHECK, fake_check(name, name));
        }
        apply(m, delta);
}

/* ---- the seam ---- */

void manager_set_observer(Manager *m, const ManagerObserver *observer, void *userdata) {
        m->observer = observer;
        m->observer_userdata = userdata;
}

char **manager_alert_lacking(Manager *m, const char *alert_id) {
        return g_new0(char *, 1);
}

void manager_status(Manager *m, ManagerStatus *ret) {
        *ret = (ManagerStatus){
                .initialized = m->initialized,
                .node_id = m->initialized ? FAKE_NODE : "",
                .cluster_id = m->initialized ? "c1" : "",
                .fingerprint = m->initialized ? "sha256:00" : "",
                .directory = "/etc/quptime",
                .advertise = m->initialized ? "127.0.0.1:9901" : "",
                .term = 3,
                .master = m->initialized ? FAKE_NODE : "",
                .master_via = "",
                .quorum = m->initialized,
                .live = 2,
                .need = 2,
                .n_voters = 2,
                .version = m->version,
                .hint = "two nodes: neither may die; add a third",
        };
}

const Value *manager_value(Manager *m) {
        return m->value;
}

int manager_peer_view(Manager *m, const char *node_id, PeerView *ret) {
        const Peer *peer = value_peer(m->value, node_id);

        if (!peer)
                return -ENOENT;
        *ret = (PeerView){
                .peer = peer, .self = strcmp(node_id, FAKE_NODE) == 0, .live = true, .last_seen = 42
        };
        return 0;
}

int manager_check_view(Manager *m, const char *check_id, const CheckView **ret) {
        if (!value_find(m->value, RECORD_CHECK, check_id))
                return -ENOENT;
        *ret = &m->view;
        return 0;
}

const TrustFile *manager_trust(Manager *m) {
        return m->trust;
}

void manager_forget(Manager *m, void *userdata) {
        for (unsigned i = 0; i < m->pending->len;) {
                Pending *p = g_ptr_array_index(m->pending, i);

                if (p->userdata != userdata) {
                        i++;
                        continue;
                }
                g_ptr_array_remove_index(m->pending, i);
                m->n_forgotten++;
        }
}

static void remember(Manager *m, const char *verb, const char *text) {
        g_free(m->last_text);
        m->last_text = g_strdup_printf("%s %s", verb, text ?: "");
}

void manager_init(Manager *m, const InitOptions *options, manager_answer_t done, void *userdata) {
        Pending *p = answer_later(m, done, userdata);

        remember(m, "init", options->advertise);
        m->initialized = p->outcome == CHANGE_DONE;
        p->id = g_strdup(FAKE_NODE);
        p->fingerprint = g_strdup("sha256:00");
        if (!options->secret)
                p->secret = g_strdup("generated");
}

static RecordKind kind_of(const Change *change) {
        return strcmp(change->object_kind, "check") == 0 ? RECORD_CHECK : RECORD_ALERT;
}

static void edit(Manager *m, RecordKind kind, const Change *change) {
        const ObjectType *type = record_object_type(kind);
        const void *old = kind == RECORD_CHECK ? (const void *) value_check(m->value, change->target)
                                               : (const void *) value_alert(m->value, change->target);
        void *given, *next = object_copy(type, old);
        g_autofree char *text = NULL;

        g_assert_cmpint(codec_decode(type, change->body, strlen(change->body), &given, &text), ==, 0);
        for (char **field = change->fields; *field; field++)
                object_copy_field(object_field(type, *field), next, given);
        (void) object_free(type, given);
        if (kind == RECORD_CHECK)
                fake_manager_put_check(m, next);
        else
                fake_manager_put_alert(m, next);
}

static char *add(Manager *m, RecordKind kind, const Change *change) {
        const ObjectType *type = record_object_type(kind);
        g_autofree char *text = NULL;
        void *given;
        char *id;

        g_assert_cmpint(codec_decode(type, change->body, strlen(change->body), &given, &text), ==, 0);
        id = g_strdup(*FIELD_AT(char *const, object_field(type, "id"), given) ?: "made");
        if (kind == RECORD_CHECK) {
                g_free(((Check *) given)->id);
                ((Check *) given)->id = g_strdup(id);
                fake_manager_put_check(m, given);
        } else {
                g_free(((Alert *) given)->id);
                ((Alert *) given)->id = g_strdup(id);
                fake_manager_put_alert(m, given);
        }
        return id;
}

void manager_change(
                Manager *m, Change *change, usec_t deadline_usec, manager_answer_t done, void *userdata) {
        static const char *const affected[] = { "homepage", NULL };
        Pending *p = answer_later(m, done, userdata);
        RecordKind kind = kind_of(change);

        (void) change_free(m->last);
        m->last = change;
        if (m->outcome != CHANGE_DONE)
                return;
        switch (change->kind) {
        case CHANGE_ADD:
                p->id = add(m, kind, change);
                break;
        case CHANGE_EDIT:
                edit(m, kind, change);
                break;
        default:
                fake_manager_remove(m, kind, change->target);
                p->affected = g_strdupv((char **) affected);
        }
        p->version = ++m->version;
        if (m->observer)
                m->observer->node_changed(m->observer_userdata);
}

void manager_node_probe(Manager *m, const char *address, manager_answer_t done, void *userdata) {
        Pending *p = answer_later(m, done, userdata);

        remember(m, "probe", address);
        p->id = g_strdup(FAKE_OTHER);
        p->fingerprint = g_strdup("sha256:11");
        if (!p->text)
                p->text = g_strdup("alone and empty");
}

void manager_node_add(
                Manager *m,
                const char *address,
                const char *fingerprint,
                manager_answer_t done,
                void *userdata) {
        answer_later(m, done, userdata)->id = g_strdup(FAKE_OTHER);
        remember(m, "add", address);
}

void manager_node_remove(Manager *m, const char *node_id, manager_answer_t done, void *userdata) {
        (void) answer_later(m, done, userdata);
        remember(m, "remove", node_id);
}

void manager_alert_test(Manager *m, const char *id_or_name, manager_answer_t done, void *userdata) {
        Pending *p = answer_later(m, done, userdata);

        remember(m, "test", id_or_name);
        if (!p->text)
                p->text = g_strdup("250 queued");
}

void manager_check_test(
                Manager *m,
                const char *id_or_name,
                const char *state,
                manager_answer_t done,
                void *userdata) {
        g_autofree char *both = g_strdup_printf("%s %s", id_or_name, state);
        Pending *p = answer_later(m, done, userdata);

        remember(m, "test-check", both);
        if (!p->text)
                p->text = g_strdup("1 alert delivered");
}

void manager_check_explain(Manager *m, const char *id_or_name, manager_answer_t done, void *userdata) {
        const Check *check = value_check(m->value, id_or_name);
        Pending *p = answer_later(m, done, userdata);

        remember(m, "explain", id_or_name);
        if (!check) {
                p->outcome = CHANGE_NOT_FOUND;
                return;
        }
        p->explanation = explanation_new();
        p->explanation->id = g_strdup(check->id);
        p->explanation->target = check_target_masked(check);
        p->explanation->interval = check_interval(check);
        p->explanation->since = 5;
        p->explanation->rounds = object_list_new(&round_view_type);
        g_ptr_array_add(p->explanation->rounds, round_view_new());
        ((RoundView *) g_ptr_array_index(p->explanation->rounds, 0))->number = 7;
}

void manager_trust_remove(Manager *m, const char *node_id, manager_answer_t done, void *userdata) {
        (void) answer_later(m, done, userdata);
        remember(m, "distrust", node_id);
}

void manager_node_reset(Manager *m, const char *node_id, manager_answer_t done, void *userdata) {
        (void) answer_later(m, done, userdata);
        remember(m, "reset", node_id);
}

void manager_document_read(Manager *m, manager_answer_t done, void *userdata) {
        Pending *p = answer_later(m, done, userdata);

        if (!p->text)
                p->text = g_strdup("version: 7\n");
}

void manager_document_check(
                Manager *m, const DocumentRequest *request, manager_answer_t done, void *userdata) {
        (void) answer_later(m, done, userdata);
        remember(m, "check", request->text);
}

void manager_document_apply(
                Manager *m, const DocumentRequest *request, manager_answer_t done, void *userdata) {
        g_autofree char *what =
                        g_strdup_printf("%s, base %" G_GUINT64_FORMAT "%s, without %s, %s",
                                        request->text,
                                        request->base_version,
                                        request->adopt ? ", adopted" : "",
                                        request->remove_node ?: "nobody",
                                        request->cause);

        (void) answer_later(m, done, userdata);
        remember(m, "apply", what);
}

void manager_diagnose(Manager *m, manager_answer_t done, void *userdata) {
        (void) answer_later(m, done, userdata);
}
