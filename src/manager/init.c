/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Beginning: `quctl init` makes an identity and the value of a cluster of one; adopting replaces that value
 * by the one of the cluster that invited this node. In both the register's database comes first, and what
 * names it after: a crash in between leaves a node that waits for init, or one that is alone as before. */

#include <errno.h>
#include <string.h>

#include "alerts/templates.h"
#include "base/limits.h"
#include "base/names.h"
#include "config/adopt.h"
#include "config/yaml.h"
#include "manager/handed.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/loop.h"
#include "manager/membership.h"
#include "manager/news.h"
#include "manager/node.h"
#include "manager/parts.h"
#include "manager/replica.h"
#include "store/file.h"
#include "store/store.h"

/* ---- init ---- */

static Durable *first_durable(const Node *node) {
        Durable *durable = g_new0(Durable, 1);
        g_autofree char *cluster_id = random_id();
        const Peer self = {
                .node_id = node->config->node_id,
                .advertise = node->config->advertise,
                .fingerprint = (char *) identity_fingerprint_text(node->identity),
                .cert_pem = (char *) identity_certificate(node->identity),
        };

        durable->state_id = g_strdup(node->config->state_id);
        durable->vote = g_strdup("");
        durable->term = durable->accepted_term = durable->committed_term = 1;
        durable->accepted_seq = durable->committed_seq = 1;
        durable->accepted = register_first_value(cluster_id, &self, now_realtime());
        durable->committed = value_ref(durable->accepted);
        return durable;
}

static StoreBatch *batch_of(const Durable *durable) {
        StoreBatch *batch = g_new0(StoreBatch, 1);
        _cleanup_(value_unrefp) Value *nothing = value_new_empty();

        batch->has_vote = true;
        batch->term = durable->term;
        batch->vote = g_strdup(durable->vote);
        batch->has_accepted = true;
        batch->accepted_term = durable->accepted_term;
        batch->accepted_seq = durable->accepted_seq;
        batch->accepted_whole = true;
        batch->accepted_delta = delta_between(nothing, durable->accepted);
        batch->has_committed = true;
        return batch;
}

static void note_error(void *userdata, int error) {
        *(int *) userdata = error;
}

/* Writes one batch and waits for it: nothing else works with the register now. state_id: NULL, or of a
 * database to be made. */
static int write_alone(Manager *m, const char *state_id, StoreBatch *batch_consumed, char **reterr_text) {
        const char *path = m->node->paths->register_db;
        _cleanup_(durable_freep) Durable *ignored = NULL;
        Store *store;
        int r, error = 0;

        r = store_open(m->event, path, state_id, &store, &ignored, reterr_text);
        if (r < 0) {
                (void) store_batch_free(batch_consumed);
                return r;
        }
        store_submit(store, batch_consumed, note_error, &error);
        (void) store_free(store); /* waits, and tells */
        if (error < 0 && reterr_text)
                *reterr_text = g_strdup_printf("cannot write %s: %s", path, g_strerror(-error));
        return error;
}

/* Makes the database with this content. */
static int write_first(Manager *m, const Durable *durable, Store **ret, char **reterr_text) {
        const Paths *paths = m->node->paths;
        _cleanup_(durable_freep) Durable *same = NULL;
        int r;

        (void) store_set_aside(paths->register_db); /* of a node.yaml that is no more */
        r = directory_make(paths->state_dir, 0700);
        if (r < 0) {
                *reterr_text = g_strdup_printf("cannot make %s: %s", paths->state_dir, g_strerror(-r));
                return r;
        }
        r = write_alone(m, durable->state_id, batch_of(durable), reterr_text);
        if (r < 0)
                return r;
        return store_open(m->event, paths->register_db, NULL, ret, &same, reterr_text);
}

static int initialize(Manager *m, const InitOptions *options, bool *ret_made_secret, char **reterr_text) {
        _cleanup_(new_node_freep) NewNode *new_node = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        _cleanup_(store_freep) Store *store = NULL;
        bool made_secret = false;
        int r;

        r = node_prepare_init(
                        options->advertise,
                        options->bind,
                        options->port ?: handed_port(m->peer_fds, m->n_peer_fds),
                        options->secret,
                        options->key_type,
                        &new_node,
                        reterr_text);
        if (r < 0)
                return r;

        /* an address that cannot be listened on is better known before anything is written */
        r = manager_try_listen(
                        m,
                        new_node->identity,
                        new_node->config->bind_addr,
                        (uint16_t) new_node->config->bind_port,
                        reterr_text);
        if (r < 0)
                return r;

        made_secret = new_node->made_secret;
        {
                Node draft = { .config = new_node->config, .identity = new_node->identity };

                durable = first_durable(&draft);
        }
        r = write_first(m, durable, &store, reterr_text);
        if (r < 0)
                return r;

        r = node_commit_init(m->node, TAKE_PTR(new_node), reterr_text);
        if (r < 0)
                return r;
        node_keep_mark(m->node, store);

        r = manager_listen(m, reterr_text);
        if (r >= 0)
                r = manager_start_parts(m, TAKE_PTR(store), durable, reterr_text);
        if (r < 0) { /* it is initialized, and says at its next start what is wrong */
                loop_quit(m->loop, EXIT_FAILURE);
                return r;
        }
        *ret_made_secret = made_secret;
        return 0;
}

void manager_init(Manager *m, const InitOptions *options, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);
        g_autofree char *error = NULL;
        bool made_secret = false;
        int r;

        if (node_is_initialized(m->node)) {
                call_fail(call,
                          CHANGE_EXISTS,
                          "%s/node.yaml already exists: this is node %s; refusing to overwrite it",
                          m->node->paths->config_dir,
                          manager_node_id(m));
                return;
        }

        r = initialize(m, options, &made_secret, &error);
        if (r < 0) {
                call_fail(call,
                          r == -EINVAL ? CHANGE_INVALID : CHANGE_REFUSED,
                          "%s",
                          error ?: g_strerror(-r));
                return;
        }

        journal_event(EVENT_INITIALIZED,
                      JOURNAL_FIELDS({ JOURNAL_NODE, manager_node_id(m) }),
                      "initialized as node %s, %s",
                      manager_node_id(m),
                      identity_fingerprint_text(m->node->identity));
        call_answer(call,
                    &(ManagerAnswer){
                                    .outcome = CHANGE_DONE,
                                    .version = value_meta(m->value) ? value_meta(m->value)->version : 0,
                                    .id = manager_node_id(m),
                                    .fingerprint = identity_fingerprint_text(m->node->identity),
                                    .secret = made_secret ? m->node->config->cluster_secret : NULL,
                    });
        manager_touch_status(m);
}

/* ---- taking over the original's directory ---- */

static char *next_id(void *userdata) {
        return random_id();
}

/* Each template that does not parse, at its place in the file as it was read: adopting may have left out
 * alerts before it. */
static void warn_of_templates(const char *text, size_t size, GPtrArray *warnings) {
        _cleanup_(document_freep) Document *document = NULL;
        g_autoptr(GPtrArray) found = complaint_list_new();
        void *parsed = NULL;

        if (yaml_parse(&document_type, text, size, YAML_LAX, &parsed, NULL, NULL) < 0)
                return;
        document = parsed;
        document_templates_warn(document, found);
        yaml_locate(found, text, size);
        g_ptr_array_extend_and_steal(warnings, g_steal_pointer(&found));
}

/* The checks and alerts of its cluster.yaml; its peers are invited anew, since none of them is a voter
 * here. */
static int read_original(const Node *node, Document **ret, char **reterr_text) {
        g_autofree char *path = paths_config(node->paths, FILE_CLUSTER);
        g_autoptr(GPtrArray) warnings = complaint_list_new();
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_autofree char *text = NULL;
        size_t size;
        int r;

        r = file_read(path, DOCUMENT_MAX_BYTES, &text, &size);
        if (r == -ENOENT) {
                *ret = document_new();
                return 0;
        }
        if (r < 0) {
                *reterr_text = g_strdup_printf("cannot read %s: %s", path, g_strerror(-r));
                return r;
        }

        r = document_adopt_text(text, size, next_id, NULL, ret, warnings, &complaint);
        if (r < 0) {
                *reterr_text = complaint_to_string(complaint, path);
                return r;
        }
        warn_of_templates(text, size, warnings);
        for (unsigned i = 0; i < warnings->len; i++) {
                g_autofree char *warning = complaint_to_string(g_ptr_array_index(warnings, i), path);

                journal_event(EVENT_WARNING, NULL, "taking over %s", warning);
        }
        return 0;
}

static void put_all(Delta *delta, ClusterMeta *meta, Document *document) {
        for (unsigned i = 0; document->checks && i < document->checks->len; i++) {
                Check *check = check_copy(g_ptr_array_index(document->checks, i));

                check->order = meta->next_order++;
                check->revision = meta->version;
                delta_put_object(delta, RECORD_CHECK, check);
        }
        for (unsigned i = 0; document->alerts && i < document->alerts->len; i++) {
                Alert *alert = alert_copy(g_ptr_array_index(document->alerts, i));

                alert->order = meta->next_order++;
                alert->revision = meta->version;
                delta_put_object(delta, RECORD_ALERT, alert);
        }
}

int manager_adopt_original(Manager *m, char **reterr_text) {
        _cleanup_(document_freep) Document *document = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        _cleanup_(delta_freep) Delta *delta = delta_new();
        _cleanup_(store_freep) Store *store = NULL;
        ClusterMeta *meta;
        Value *value;
        int r;

        r = read_original(m->node, &document, reterr_text);
        if (r < 0)
                return r;

        /* the state id is made first but written last: a crash in between begins again */
        m->node->config->state_id = random_id();
        durable = first_durable(m->node);
        meta = cluster_meta_copy(value_meta(durable->accepted));
        meta->version = MAX(meta->version, document->version);
        put_all(delta, meta, document);
        delta_put_object(delta, RECORD_META, meta);
        value = value_apply(durable->accepted, delta);
        (void) value_unref(durable->accepted);
        (void) value_unref(durable->committed);
        durable->accepted = value;
        durable->committed = value_ref(value);

        r = write_first(m, durable, &store, reterr_text);
        if (r < 0)
                return r;
        r = node_adopt(m->node, reterr_text);
        if (r < 0)
                return r;

        journal_event(EVENT_INITIALIZED,
                      NULL,
                      "took over the files of the original in %s: %u checks and %u alerts. Invite the other "
                      "nodes "
                      "with `quctl node add`",
                      m->node->paths->config_dir,
                      document->checks ? document->checks->len : 0,
                      document->alerts ? document->alerts->len : 0);
        return 0;
}

/* ---- giving it up ---- */

void manager_node_reset(Manager *m, const char *node_id, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);
        _cleanup_(value_unrefp) Value *nothing = value_new_empty();
        _cleanup_(delta_freep) Delta *gone = NULL;
        g_autofree char *where = NULL, *text = NULL;
        int r;

        if (!m->replica) {
                call_fail(call,
                          CHANGE_REFUSED,
                          "this node has no identity to give up: it waits for `quctl init`");
                return;
        }
        if (strcmp(node_id, manager_node_id(m)) != 0) {
                call_fail(call,
                          CHANGE_INVALID,
                          "this is node %s, not %s; nothing was changed",
                          manager_node_id(m),
                          node_id);
                return;
        }

        gone = delta_between(m->value, nothing);
        news_before(m, gone);
        manager_drop_adoptions(m);
        manager_stop_parts(m);
        m->transport = transport_free(m->transport);
        (void) value_unref(m->value);
        m->value = value_ref(nothing);
        m->removed = false;
        r = node_set_aside(m->node->paths, &where);
        if (r < 0) {
                /* half aside is as good as all: without node.yaml nothing counts, with it a restart goes
                 * on */
                journal_event(EVENT_WARNING, NULL, "cannot put the old files aside: %s", g_strerror(-r));
                call_fail(call, CHANGE_REFUSED, "cannot put the old files aside: %s", g_strerror(-r));
                loop_quit(m->loop, EXIT_FAILURE);
                return;
        }
        node_forget(m->node);
        m->turned_away = handed_turn_away(m->event, m->peer_fds, m->n_peer_fds);
        text = g_strdup_printf("the old files are in %s", where);
        journal_event(EVENT_INITIALIZED,
                      NULL,
                      "node %s gave up its identity; %s. Waiting for `quctl init`",
                      node_id,
                      text);
        call_answer(call, &(ManagerAnswer){ .outcome = CHANGE_DONE, .text = text });
        manager_touch_status(m);
}

/* ---- joining ---- */

/* A call of an inviter that waits for its turn of the loop. */
typedef struct Adoption {
        Value *value; /* adoption.h */
        TransportCall *call;
} Adoption;

/* The value is named (0, 0), so whatever the leader sends is newer, and this node grants its vote to
 * anybody. */
static Durable *adopted_durable(const Node *node, Value *value) {
        Durable *durable = g_new0(Durable, 1);

        durable->state_id = g_strdup(node->config->state_id);
        durable->vote = g_strdup("");
        durable->accepted = value_ref(value);
        durable->committed = value_ref(value);
        return durable;
}

static void adoption_free(void *p) {
        Adoption *adoption = p;

        if (adoption->call)
                transport_call_fail(adoption->call, "the invited node stops or gave up its identity");
        (void) value_unref(adoption->value);
        g_free(adoption);
}

static bool is_member_of(const Value *value, const char *cluster_id) {
        const ClusterMeta *meta = value_meta(value);

        return meta && strcmp(meta->cluster_id, cluster_id) == 0;
}

/* One transaction puts the cluster's state in the place of ours, while no replica runs that could write
 * after it. The database then tells which of the two it is; so does a start after a crash. */
static void adopt(Manager *m, Adoption *adoption) {
        _cleanup_(durable_freep) Durable *durable = NULL, *loaded = NULL;
        const char *cluster_id = value_meta(adoption->value)->cluster_id;
        g_autofree char *error = NULL, *write_error = NULL;
        Store *store;
        StoreBatch *batch;
        int r;

        durable = adopted_durable(m->node, adoption->value);
        batch = batch_of(durable);
        batch->new_state_id = g_strdup(durable->state_id); /* drops all that was */

        manager_stop_parts(m);
        (void) write_alone(m, NULL, batch, &write_error);
        r = node_open_register(m->node, m->event, &store, &loaded, &error);
        if (r >= 0)
                r = manager_start_parts(m, store, loaded, &error);
        if (r < 0) {
                journal_event(EVENT_START_REFUSED, NULL, "joining: %s", error ?: g_strerror(-r));
                loop_quit(m->loop, EXIT_FAILURE); /* a new start reads the database again */
        }

        if (loaded ? is_member_of(loaded->committed, cluster_id) : !write_error)
                transport_call_reply(TAKE_PTR(adoption->call), "{}");
        else {
                g_autofree char *text =
                                g_strdup_printf("the invited node stays as it was: %s",
                                                write_error ?: "its register is in the way");

                journal_event(EVENT_JOIN_FAILED, NULL, "joining: %s", write_error ?: "not written");
                transport_call_fail(TAKE_PTR(adoption->call), text);
        }
}

static int on_adopt(sd_event_source *source, void *userdata) {
        Manager *m = userdata;

        while (m->adoptions->len > 0) {
                Adoption *adoption = g_ptr_array_steal_index(m->adoptions, 0);

                /* another member was faster */
                if (is_member_of(m->value, value_meta(adoption->value)->cluster_id))
                        transport_call_reply(TAKE_PTR(adoption->call), "{}");
                else if (!m->membership || !membership_is_free(m->membership))
                        transport_call_fail(
                                        TAKE_PTR(adoption->call),
                                        "the invited node is not alone and empty any more");
                else
                        adopt(m, adoption);
                adoption_free(adoption);
        }
        return 0;
}

void manager_adopt(Manager *m, Value *value, TransportCall *call) {
        Adoption *adoption = g_new0(Adoption, 1);

        adoption->value = value_ref(value);
        adoption->call = call;
        if (!m->adoptions)
                m->adoptions = g_ptr_array_new_with_free_func(adoption_free);
        g_ptr_array_add(m->adoptions, adoption);
        (void) end_of_turn(m->event, &m->adopt_source, on_adopt, m);
}

void manager_drop_adoptions(Manager *m) {
        m->adopt_source = sd_event_source_disable_unref(m->adopt_source);
        g_clear_pointer(&m->adoptions, g_ptr_array_unref);
}
