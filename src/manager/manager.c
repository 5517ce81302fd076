/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/manager.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "alerts/templates.h"
#include "base/limits.h"
#include "base/names.h"
#include "manager/cluster-file.h"
#include "manager/credentials.h"
#include "manager/desk.h"
#include "manager/doctor.h"
#include "manager/handed.h"
#include "manager/internal.h"
#include "manager/journal.h"
#include "manager/membership.h"
#include "manager/news.h"
#include "manager/node.h"
#include "manager/parts.h"
#include "manager/replica.h"
#include "manager/router.h"
#include "manager/trials.h"
#include "store/nodefile.h"
#include "transport/identity.h"
#include "wire/codec.h"

#define CHANGE_DEADLINE_USEC (10 * USEC_PER_SEC)

/* ---- what the parts ask of each other ---- */

const char *manager_node_id(const Manager *m) {
        return m->node->config ? m->node->config->node_id : "";
}

const char *manager_master(const Manager *m) {
        return m->replica ? register_leader(replica_register(m->replica)) : "";
}

bool manager_is_master(const Manager *m) {
        return m->replica && register_acts(replica_register(m->replica), now_boottime());
}

uint64_t manager_term(const Manager *m) {
        return m->replica ? register_term(replica_register(m->replica)) : 0;
}

void manager_send_text(
                Manager *m, const char *node_id, const char *method, const char *params, bool urgent) {
        assert(strcmp(node_id, manager_node_id(m)) != 0);

        /* a lost message is the receiver's to survive: without a connection it is dropped */
        if (m->transport)
                (void) transport_send(m->transport, node_id, method, params, urgent);
}

void manager_send(
                Manager *m,
                const char *node_id,
                const char *method,
                const ObjectType *type,
                const void *params) {
        g_autofree char *text = codec_encode_text(type, params);

        manager_send_text(m, node_id, method, text, /* urgent= */ false);
}

void manager_commit(
                Manager *m, Change *change, const char *cause, manager_answer_t answered, void *userdata) {
        change->cause = g_strdup(cause);
        manager_change(m, change, /* deadline_usec= */ 0, answered, userdata);
}

char **manager_alert_lacking(Manager *m, const char *alert_id) {
        const Alert *alert = value_object(m->value, RECORD_ALERT, alert_id);

        return alert && m->credentials ? credentials_lacking(m->credentials, alert) : g_new0(char *, 1);
}

/* ---- news from the register ---- */

static void follow_members(Manager *m, const Value *value) {
        g_autoptr(GPtrArray) peers = value_in_order(value, RECORD_PEER);
        g_autoptr(GPtrArray) barred = g_ptr_array_new();
        size_t n;
        Record *const *records = value_slice(value, RECORD_BARRED, &n);

        for (size_t i = 0; i < n; i++)
                g_ptr_array_add(barred, records[i]->object);
        transport_set_peers(
                        m->transport,
                        (const Peer *const *) peers->pdata,
                        peers->len,
                        (const Barred *const *) barred->pdata,
                        barred->len);
        if (node_follow_members(m->node, peers, now_realtime())) {
                int r = trust_save(m->node->paths, m->node->trust);

                if (r < 0)
                        journal_event(EVENT_WARNING,
                                      NULL,
                                      "cannot write " FILE_TRUST ": %s",
                                      g_strerror(-r));
        }
}

static bool touches(const Delta *delta, RecordKind kind) {
        for (unsigned i = 0; i < delta->ops->len; i++)
                if (((const DeltaOp *) g_ptr_array_index(delta->ops, i))->kind == kind)
                        return true;
        return false;
}

void manager_on_committed(Manager *m, const Value *before, const Value *after) {
        const ClusterMeta *old = value_meta(before), *new = value_meta(after);
        _cleanup_(delta_freep) Delta *delta = delta_between(before, after);
        bool members = touches(delta, RECORD_PEER) || touches(delta, RECORD_BARRED);

        news_before(m, delta);
        (void) value_unref(m->value);
        m->value = value_ref((Value *) after);

        if (members)
                follow_members(m, after);
        watcher_configure(m->watcher, after);
        judge_configure(m->judge, after);
        credentials_configure(m->credentials, after);
        deliveries_update(m->deliveries, after);
        membership_committed(m->membership, after);
        if (m->desk && new && (!old || old->version != new->version))
                desk_committed(m->desk);
        if (m->file && new && (!old || old->version != new->version || members))
                cluster_file_committed(m->file);
        news_after(m->news, TAKE_PTR(delta), before, after);
        manager_touch_status(m);
}

static void leadership_changed(Manager *m) {
        judge_leadership(m->judge);
        deliveries_update(m->deliveries, m->value);
        if (m->file)
                cluster_file_leadership(m->file);
        manager_touch_status(m);
}

void manager_on_leader(Manager *m, uint64_t term, const char *node_id, const char *via) {
        g_autofree char *term_text = g_strdup_printf("%" G_GUINT64_FORMAT, term);

        journal_event(EVENT_LEADER,
                      JOURNAL_FIELDS({ JOURNAL_NODE, node_id && *node_id ? node_id : NULL },
                                     { JOURNAL_TERM, term_text }),
                      node_id && *node_id ? "term %s: %s leads%s%s" : "term %s: nobody leads%s%s%s",
                      term_text,
                      node_id ?: "",
                      via && *via ? ", heard via " : "",
                      via ?: "");
        leadership_changed(m);
        judge_greet(m->judge);
}

void manager_on_lease(Manager *m, bool gained) {
        g_autofree char *term = g_strdup_printf("%" G_GUINT64_FORMAT, manager_term(m));

        journal_event(gained ? EVENT_MASTER : EVENT_MASTER_NO_MORE,
                      JOURNAL_FIELDS({ JOURNAL_NODE, manager_node_id(m) }, { JOURNAL_TERM, term }),
                      gained ? "this node is master in term %s" : "this node is no longer master (term %s)",
                      term);
        leadership_changed(m);
}

void manager_on_removed(Manager *m, const char *told_by, uint64_t version) {
        if (m->removed)
                return;
        m->removed = true;
        replica_left(m->replica, version);
        journal_event(EVENT_REMOVED,
                      JOURNAL_FIELDS({ JOURNAL_NODE, told_by }),
                      "this node was removed from its cluster at version %" G_GUINT64_FORMAT
                      " (said %s). It watches nothing any more; to use the host again, give it a new "
                      "identity: "
                      "`quctl node reset`",
                      version,
                      told_by);
        manager_touch_status(m);
}

/* ---- status ---- */

void manager_status(Manager *m, ManagerStatus *ret) {
        ManagerStatus status = {
                .initialized = m->replica,
                .node_id = manager_node_id(m),
                .cluster_id = "",
                .fingerprint = "",
                .directory = m->node->paths->config_dir,
                .advertise = "",
                .master = "",
                .master_via = "",
                .hint = m->replica ? "" : "waiting for quctl init",
        };

        if (m->replica) {
                const Register *reg = replica_register(m->replica);
                const ClusterMeta *meta = value_meta(m->value);

                status.cluster_id = meta ? meta->cluster_id : "";
                status.version = meta ? meta->version : 0;
                status.fingerprint = identity_fingerprint_text(m->node->identity);
                status.advertise = m->node->config->advertise ?: "";
                status.term = register_term(reg);
                status.n_voters = (unsigned) value_n_voters(m->value);
                status.need = status.n_voters / 2 + 1;
                for (unsigned i = 0; i < status.n_voters; i++) {
                        PeerLife life;

                        register_peer_life(reg, now_boottime(), value_voter(m->value, i), &life);
                        status.live += life.live;
                }
                status.master = register_leader(reg);
                status.master_via = register_via(reg);
                if (strcmp(status.master, status.node_id) == 0 && !manager_is_master(m))
                        status.master = ""; /* it leads, but has no lease now */
                status.quorum = status.live >= status.need && *status.master;
                status.hint = m->removed ? "this node was removed from its cluster: `quctl node reset`"
                              : register_disk_failed(reg) ? "the disk fails: this node probes, but neither "
                                                            "votes nor leads"
                              : status.n_voters == 2      ? "two nodes: neither may die; add a third"
                              : status.n_voters == 4
                                              ? "four nodes survive one loss, as three do; add a fifth"
                                              : "";
                if (m->credentials && !m->removed)
                        status.hint = credentials_hint(m->credentials, status.hint);
        }
        *ret = status;
}

static int on_status(sd_event_source *source, void *userdata) {
        Manager *m = userdata;
        ManagerStatus status;
        size_t n, n_down = 0;
        Record *const *states = value_slice(m->value, RECORD_STATUS, &n);

        for (size_t i = 0; i < n; i++)
                n_down += ((const CheckStatus *) states[i]->object)->state == CHECK_DOWN;
        manager_status(m, &status);
        if (!status.initialized)
                (void) sd_notify(0, "STATUS=waiting for quctl init");
        else
                (void) sd_notifyf(
                                0,
                                "STATUS=master %s, quorum %s (%u of %u live, need %u), %zu check%s down",
                                *status.master ? status.master : "none",
                                status.quorum ? "yes" : "no",
                                status.live,
                                status.n_voters,
                                status.need,
                                n_down,
                                n_down == 1 ? "" : "s");
        if (m->observer)
                m->observer->node_changed(m->observer_userdata);
        return 0;
}

void manager_touch_status(Manager *m) {
        (void) end_of_turn(m->event, &m->status_source, on_status, m);
}

/* ---- lifecycle ---- */

/* All that depends on the register; the transport and what it listens on stay. */
int manager_start_parts(Manager *m, Store *store, const Durable *durable, char **reterr_text) {
        int r;

        (void) value_unref(m->value);
        m->value = value_ref(durable->committed);
        m->replica = replica_new(m, store, durable);
        m->membership = membership_new(m);
        m->credentials = credentials_new(m);
        m->told = told_new();
        m->news = news_new(m);

        r = watcher_new(m, m->ca_file, &m->watcher);
        if (r >= 0)
                r = judge_new(m, &m->judge);
        if (r >= 0)
                r = deliveries_new(m, &m->deliveries);
        if (r < 0) {
                *reterr_text = g_strdup_printf("cannot set up probing and sending: %s", g_strerror(-r));
                return r;
        }

        if (value_meta(m->value))
                transport_set_cluster(m->transport, value_meta(m->value)->cluster_id);
        transport_set_join_key(m->transport, &m->node->join_key);
        follow_members(m, m->value);
        watcher_configure(m->watcher, m->value);
        judge_configure(m->judge, m->value);
        credentials_configure(m->credentials, m->value);
        deliveries_update(m->deliveries, m->value);
        replica_start(m->replica);

        r = cluster_file_new(m, &m->file);
        if (r < 0) {
                *reterr_text = g_strdup_printf(
                                "cannot watch %s: %s", m->node->paths->config_dir, g_strerror(-r));
                return r;
        }
        m->desk = desk_new(m);
        manager_touch_status(m);
        return 0;
}

/* In the order in which they lean on each other; the store waits for what was submitted. */
void manager_stop_parts(Manager *m) {
        m->desk = desk_free(m->desk);
        m->file = cluster_file_free(m->file);
        m->deliveries = deliveries_free(m->deliveries);
        m->credentials = credentials_free(m->credentials);
        m->judge = judge_free(m->judge);
        m->watcher = watcher_free(m->watcher);
        m->membership = membership_free(m->membership);
        m->news = news_free(m->news);
        m->told = told_free(m->told);
        m->replica = replica_free(m->replica);
}

int manager_listen(Manager *m, char **reterr_text) {
        int r;

        g_clear_pointer(&m->turned_away, g_ptr_array_unref);
        r =
                        handed_check(m->peer_fds,
                                     m->n_peer_fds,
                                     node_bind_address(m->node),
                                     node_bind_port(m->node),
                                     m->node->paths->config_dir,
                                     reterr_text);
        if (r < 0)
                return r;
        r =
                        transport_new(m->event,
                                      &(TransportOptions){ .identity = m->node->identity,
                                                           .value_format = WIRE_PROTOCOL_VERSION },
                                      &router_callbacks,
                                      m,
                                      &m->transport);
        if (r < 0) {
                *reterr_text = g_strdup_printf("cannot set up the peer port: %s", g_strerror(-r));
                return r;
        }
        for (size_t i = 0; i < m->n_peer_fds; i++) {
                /* what was handed over is needed again after a reset */
                int fd = fcntl(m->peer_fds[i], F_DUPFD_CLOEXEC, 3);

                r = fd < 0 ? -errno : transport_listen_fd(m->transport, fd, reterr_text);
                if (r < 0)
                        return r;
        }
        if (m->n_peer_fds > 0)
                return 0;
        return transport_listen(
                        m->transport, node_bind_address(m->node), node_bind_port(m->node), reterr_text);
}

int manager_try_listen(
                Manager *m,
                const TransportIdentity *identity,
                const char *address,
                uint16_t port,
                char **reterr_text) {
        _cleanup_(transport_freep) Transport *draft = NULL;
        int r;

        if (m->n_peer_fds > 0)
                return handed_check(
                                m->peer_fds,
                                m->n_peer_fds,
                                address,
                                port,
                                m->node->paths->config_dir,
                                reterr_text);

        r =
                        transport_new(m->event,
                                      &(TransportOptions){ .identity = identity },
                                      &(TransportCallbacks){ 0 },
                                      NULL,
                                      &draft);
        if (r < 0)
                return r;
        return transport_listen(draft, address, port, reterr_text);
}

int manager_new(Loop *loop, const ManagerOptions *options, Manager **ret, char **reterr_text) {
        _cleanup_(manager_freep) Manager *m = NULL;
        int r;

        assert(loop);
        assert(options);
        assert(ret);

        m = g_new0(Manager, 1);
        m->loop = loop;
        m->event = loop_event(loop);
        m->value = value_new_empty();
        m->calls = calls_new(m->event);
        m->doctor = doctor_new(m);
        m->trials = trials_new();
        m->ca_file = g_strdup(options->ca_file);
        m->peer_fds = g_memdup2(options->peer_fds, options->n_peer_fds * sizeof(int));
        m->n_peer_fds = options->n_peer_fds;

        r = node_open(&m->node, reterr_text);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

int manager_start(Manager *m, char **reterr_text) {
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        int r;

        assert(m);

        if (!node_is_initialized(m->node)) {
                journal_event(EVENT_STARTED,
                              NULL,
                              "waiting for `quctl init` (%s is empty)",
                              m->node->paths->config_dir);
                m->turned_away = handed_turn_away(m->event, m->peer_fds, m->n_peer_fds);
                manager_touch_status(m);
                return 0;
        }

        if (!m->node->config->state_id || !*m->node->config->state_id) {
                r = manager_adopt_original(m, reterr_text);
                if (r < 0)
                        return r;
        }
        r = node_open_register(m->node, m->event, &store, &durable, reterr_text);
        if (r < 0)
                return r;

        r = manager_listen(m, reterr_text);
        if (r < 0)
                return r;

        r = manager_start_parts(m, TAKE_PTR(store), durable, reterr_text);
        if (r < 0)
                return r;

        journal_event(EVENT_STARTED,
                      JOURNAL_FIELDS({ JOURNAL_NODE, manager_node_id(m) }),
                      "node %s listens on port %u",
                      manager_node_id(m),
                      transport_port(m->transport));
        return 0;
}

Manager *manager_free(Manager *m) {
        if (!m)
                return NULL;

        manager_drop_adoptions(m);
        m->doctor = doctor_free(m->doctor);
        manager_stop_parts(m);
        (void) transport_free(m->transport);
        (void) trials_free(m->trials);
        (void) calls_free(m->calls);
        sd_event_source_disable_unref(m->status_source);
        g_clear_pointer(&m->turned_away, g_ptr_array_unref);
        for (size_t i = 0; i < m->n_peer_fds; i++)
                (void) close_fd(m->peer_fds[i]);
        g_free(m->peer_fds);
        (void) value_unref(m->value);
        (void) node_close(m->node);
        g_free(m->ca_file);
        g_free(m);
        return NULL;
}

void manager_set_observer(Manager *m, const ManagerObserver *observer, void *userdata) {
        assert(m);

        m->observer = observer;
        m->observer_userdata = userdata;
}

/* ---- questions ---- */

const Value *manager_value(Manager *m) {
        assert(m);
        return m->value;
}

int manager_peer_view(Manager *m, const char *node_id, PeerView *ret) {
        const Peer *peer = value_peer(m->value, node_id);
        PeerLife life;

        if (!peer)
                return -ENOENT;

        register_peer_life(replica_register(m->replica), now_boottime(), node_id, &life);
        *ret = (PeerView){
                .peer = peer,
                .self = strcmp(node_id, manager_node_id(m)) == 0,
                .live = life.live,
        };
        if (ret->self)
                ret->last_seen = now_realtime();
        else if (life.last_heard > 0)
                ret->last_seen = usec_sub(now_realtime(), usec_sub(now_boottime(), life.last_heard));
        return 0;
}

int manager_check_view(Manager *m, const char *check_id, const CheckView **ret) {
        const CheckView *view = m->judge ? judge_view(m->judge, check_id, /* with_votes= */ false) : NULL;

        if (!view)
                return -ENOENT;

        *ret = view;
        return 0;
}

const TrustFile *manager_trust(Manager *m) {
        assert(m);
        return m->node->trust;
}

/* ---- verbs ---- */

void manager_forget(Manager *m, void *userdata) {
        assert(m);
        calls_forget(m->calls, userdata);
}

static bool refuse_uninitialized(Manager *m, Call *call) {
        if (m->replica)
                return false;
        call_fail(call, CHANGE_REFUSED, "this node is not initialized: run `quctl init` first");
        return true;
}

void manager_change(
                Manager *m, Change *change, usec_t deadline_usec, manager_answer_t done, void *userdata) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        Call *call = call_new(m->calls, done, userdata);
        int r;

        assert(change);

        if (refuse_uninitialized(m, call)) {
                (void) change_free(change);
                return;
        }
        r = change_templates_validate(m->value, change, &complaint);
        if (r < 0) {
                call_fail(call,
                          CHANGE_INVALID,
                          "%s: line %u, column %u: %s",
                          complaint->field,
                          complaint->line,
                          complaint->column,
                          complaint->text);
                (void) change_free(change);
                return;
        }
        if (!change->id)
                change->id = random_id();
        if (!change->origin)
                change->origin = g_strdup(manager_node_id(m));
        if (change->asked_at == 0)
                change->asked_at = now_realtime();
        replica_submit(m->replica,
                       change,
                       deadline_usec > 0 ? deadline_usec : now_boottime() + CHANGE_DEADLINE_USEC,
                       call);
}

void manager_diagnose(Manager *m, manager_answer_t done, void *userdata) {
        doctor_diagnose(m->doctor, call_new(m->calls, done, userdata));
}

void manager_document_read(Manager *m, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);

        if (!refuse_uninitialized(m, call))
                desk_hand_out(m->desk, call);
}

void manager_document_check(
                Manager *m, const DocumentRequest *request, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);

        if (!refuse_uninitialized(m, call))
                desk_check(m->desk, request, call);
}

void manager_document_apply(
                Manager *m, const DocumentRequest *request, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);

        if (!refuse_uninitialized(m, call))
                desk_apply(m->desk, request, call);
}

void manager_node_probe(Manager *m, const char *address, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);

        if (!refuse_uninitialized(m, call))
                membership_probe(m->membership, address, call);
}

void manager_node_add(
                Manager *m,
                const char *address,
                const char *fingerprint,
                manager_answer_t done,
                void *userdata) {
        Call *call = call_new(m->calls, done, userdata);

        if (!refuse_uninitialized(m, call))
                membership_add(m->membership, address, fingerprint, call);
}

void manager_node_remove(Manager *m, const char *node_id, manager_answer_t done, void *userdata) {
        Change *change = change_new();

        change->kind = CHANGE_REMOVE;
        change->object_kind = g_strdup("peer");
        change->target = g_strdup(node_id);
        change->cause = g_strdup("node remove");
        manager_change(m, change, /* deadline_usec= */ 0, done, userdata);
}

void manager_trust_remove(Manager *m, const char *node_id, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);

        if (refuse_uninitialized(m, call))
                return;
        if (value_peer(m->value, node_id))
                call_fail(call,
                          CHANGE_REFUSED,
                          "%s is a member; trust follows membership: `quctl node remove %s` takes both "
                          "away, on every "
                          "node",
                          node_id,
                          node_id);
        else
                call_fail(call, CHANGE_NOT_FOUND, "no trust entry for %s", node_id);
}
