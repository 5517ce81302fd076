/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/credentials.h"

#include <assert.h>
#include <string.h>

#include "alerts/holdings.h"
#include "base/limits.h"
#include "base/names.h"
#include "config/validate.h"
#include "manager/internal.h"
#include "manager/messages.h"
#include "manager/replica.h"
#include "manager/timing.h"
#include "model/credential.h"
#include "store/credential.h"
#include "transport/transport.h"
#include "wire/codec.h"

/* systemd may refresh the directory at a reload; others hear of it again, too */
#define LOOK_AGAIN_USEC (10 * USEC_PER_SEC)
#define HINT_ALERTS_MAX 3

struct Credentials {
        Manager *manager;
        char *directory;   /* NULL: systemd gave us none */
        GPtrArray *alerts; /* of Alert, owned: those that name one */
        char **wanted;     /* the names, sorted */
        Holdings *holdings;
        char **live; /* what live_nodes() gave last */
        /* what credentials_hint() gave last, and before: somebody may still read it */
        char *hint, *old_hint;
        sd_event_source *timer;
};

Credentials *credentials_new(Manager *manager) {
        Credentials *credentials = g_new0(Credentials, 1);

        assert(manager);

        credentials->manager = manager;
        credentials->directory = g_strdup(g_getenv(ENV_CREDENTIALS));
        credentials->alerts = g_ptr_array_new_with_free_func(alert_free_item);
        credentials->wanted = g_new0(char *, 1);
        credentials->holdings = holdings_new();
        return credentials;
}

Credentials *credentials_free(Credentials *credentials) {
        if (!credentials)
                return NULL;

        sd_event_source_disable_unref(credentials->timer);
        (void) holdings_free(credentials->holdings);
        g_ptr_array_unref(credentials->alerts);
        g_strfreev(credentials->wanted);
        g_strfreev(credentials->live);
        g_free(credentials->hint);
        g_free(credentials->old_hint);
        g_free(credentials->directory);
        g_free(credentials);
        return NULL;
}

/* ---- what this node holds ---- */

static char **held_here(const Credentials *credentials) {
        g_autoptr(GStrvBuilder) held = g_strv_builder_new();

        for (char **name = credentials->wanted; *name; name++) {
                _cleanup_(secret_freep) char *secret = NULL;

                if (credential_read(credentials->directory, *name, &secret, NULL) >= 0)
                        g_strv_builder_add(held, *name);
        }
        return g_strv_builder_end(held);
}

static void tell(Credentials *credentials, const char *node_id, char **held) {
        manager_send(credentials->manager,
                     node_id,
                     METHOD_CREDENTIALS,
                     &credentials_held_type,
                     &(CredentialsHeld){ .names = held });
}

static void tell_all(Credentials *credentials, char **held) {
        Manager *m = credentials->manager;
        size_t n;
        Record *const *peers = value_slice(m->value, RECORD_PEER, &n);

        for (size_t i = 0; i < n; i++)
                if (strcmp(peers[i]->id, manager_node_id(m)) != 0)
                        tell(credentials, peers[i]->id, held);
}

/* somebody holds something else than before */
static void on_news(Credentials *credentials) {
        Manager *m = credentials->manager;

        if (m->deliveries)
                deliveries_holders_changed(m->deliveries);
        manager_touch_status(m);
}

static void look(Credentials *credentials);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        look(userdata);
        return 0;
}

static void look(Credentials *credentials) {
        Manager *m = credentials->manager;
        g_auto(GStrv) held = held_here(credentials);
        bool is_news = holdings_set(credentials->holdings, manager_node_id(m), held);

        if (is_news || credentials->alerts->len > 0)
                tell_all(credentials, held);
        if (is_news)
                on_news(credentials);
        (void) timer_arm(
                        m->event,
                        &credentials->timer,
                        credentials->alerts->len > 0 ? now_boottime() + LOOK_AGAIN_USEC : USEC_INFINITY,
                        TIMER_RELAXED,
                        on_timer,
                        credentials);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

void credentials_configure(Credentials *credentials, const Value *value) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        size_t n;
        Record *const *alerts = value_slice(value, RECORD_ALERT, &n);

        assert(credentials);

        g_ptr_array_set_size(credentials->alerts, 0);
        for (size_t i = 0; i < n; i++) {
                const char *name = alert_credential(alerts[i]->object);

                if (!name)
                        continue;
                g_ptr_array_add(credentials->alerts, alert_copy(alerts[i]->object));
                if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
                        g_ptr_array_add(names, g_strdup(name));
        }
        g_ptr_array_sort(names, compare_names);
        g_ptr_array_add(names, NULL);
        if (g_strv_equal((const char *const *) names->pdata, (const char *const *) credentials->wanted))
                return;

        g_strfreev(credentials->wanted);
        credentials->wanted = g_strdupv((char **) names->pdata);
        look(credentials);
}

/* ---- what the others hold ---- */

void credentials_connected(Credentials *credentials, const char *node_id) {
        g_auto(GStrv) held = NULL;

        assert(credentials);

        if (credentials->alerts->len == 0)
                return;
        held = held_here(credentials);
        tell(credentials, node_id, held);
}

void credentials_disconnected(Credentials *credentials, const char *node_id) {
        assert(credentials);

        holdings_forget(credentials->holdings, node_id);
        manager_touch_status(credentials->manager);
}

int credentials_receive(Credentials *credentials, const char *from, const char *params, char **reterr_text) {
        _cleanup_(credentials_held_freep) CredentialsHeld *held = NULL;
        int r;

        assert(credentials);

        r = codec_decode(&credentials_held_type, params, strlen(params), (void **) &held, reterr_text);
        if (r < 0)
                return r;
        if (holdings_set(credentials->holdings, from, held->names))
                on_news(credentials);
        return 0;
}

/* ---- the value ---- */

int credentials_resolve(Credentials *credentials, const Alert *alert, Alert **ret, char **reterr_text) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        _cleanup_(alert_freep) Alert *copy = alert_copy(alert);
        const Field *field = alert_credential_field(alert);
        char *secret;
        int r;

        assert(credentials);

        if (field) {
                const char *name = alert_credential(alert);

                r = credential_read(credentials->directory, name, &secret, reterr_text);
                if (r < 0)
                        return r;
                object_clear_field(field, copy);
                *FIELD_AT(char *, field, copy) = secret;
                /* it is whatever somebody put into a file; the complaint does not repeat it */
                r = alert_validate(copy, &complaint);
                if (r < 0) {
                        *reterr_text = g_strdup_printf("the credential \"%s\": %s", name, complaint->text);
                        return r;
                }
        }
        *ret = TAKE_PTR(copy);
        return 0;
}

/* ---- questions ---- */

/* connected, and heard lately: what can be asked now */
static bool is_near(const Manager *m, const char *node_id) {
        return transport_is_up(m->transport, node_id) &&
               transport_silence(m->transport, node_id) < timing()->cluster.dead_after;
}

/* NodeIDs in order, this node's too: those that can be reached from here, or that live at all */
static char **live_nodes(Credentials *credentials, bool only_connected) {
        Manager *m = credentials->manager;
        g_autoptr(GStrvBuilder) live = g_strv_builder_new();
        size_t n;
        Record *const *peers = value_slice(m->value, RECORD_PEER, &n);

        for (size_t i = 0; i < n; i++) {
                bool is_self = strcmp(peers[i]->id, manager_node_id(m)) == 0;
                PeerLife life;

                register_peer_life(replica_register(m->replica), now_boottime(), peers[i]->id, &life);
                if (is_self || (only_connected ? is_near(m, peers[i]->id) : life.live))
                        g_strv_builder_add(live, peers[i]->id);
        }
        g_strfreev(credentials->live);
        credentials->live = g_strv_builder_end(live);
        return credentials->live;
}

const char *credentials_choose(Credentials *credentials, const Alert *alert, uint64_t attempt) {
        const char *name = alert_credential(alert), *self = manager_node_id(credentials->manager);

        if (!name)
                return self;
        return holdings_choose(
                        credentials->holdings,
                        name,
                        self,
                        live_nodes(credentials, /* only_connected= */ true),
                        attempt);
}

unsigned credentials_n_holders(Credentials *credentials, const Alert *alert) {
        const char *name = alert_credential(alert);

        return name ? holdings_count(credentials->holdings,
                                     name,
                                     live_nodes(credentials, /* only_connected= */ true))
                    : 0;
}

char **credentials_lacking(Credentials *credentials, const Alert *alert) {
        const char *name = alert_credential(alert);

        if (!name)
                return g_new0(char *, 1);
        return holdings_lacking(
                        credentials->holdings, name, live_nodes(credentials, /* only_connected= */ false));
}

static void append_hint(GString *hint, const Alert *alert, char **lacking, bool nobody) {
        g_autofree char *nodes = g_strjoinv(", ", lacking);

        if (hint->len > 0)
                g_string_append(hint, "; ");
        if (nobody)
                g_string_append_printf(
                                hint,
                                "alert %s: no live node has the credential %s, so its messages stay owed",
                                alert->name,
                                alert_credential(alert));
        else
                g_string_append_printf(
                                hint,
                                "alert %s: the credential %s is not on %s",
                                alert->name,
                                alert_credential(alert),
                                nodes);
}

const char *credentials_hint(Credentials *credentials, const char *other) {
        g_autoptr(GString) hint = g_string_new(other);
        unsigned n = 0;

        assert(credentials);

        for (unsigned i = 0; i < credentials->alerts->len; i++) {
                const Alert *alert = g_ptr_array_index(credentials->alerts, i);
                g_auto(GStrv) lacking = credentials_lacking(credentials, alert);
                bool nobody = g_strv_length(lacking) == g_strv_length(credentials->live);

                if (*lacking && ++n <= HINT_ALERTS_MAX)
                        append_hint(hint, alert, lacking, nobody);
        }
        if (n > HINT_ALERTS_MAX)
                g_string_append_printf(hint, "; and %u more alerts", n - HINT_ALERTS_MAX);
        if (g_strcmp0(credentials->hint, hint->str) != 0) {
                g_free(credentials->old_hint);
                credentials->old_hint = credentials->hint;
                credentials->hint = g_string_free(g_steal_pointer(&hint), /* free_segment= */ FALSE);
        }
        return credentials->hint;
}
