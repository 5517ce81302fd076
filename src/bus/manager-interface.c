/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.quptime1.Manager: each method reads its arguments, asks permission, calls one verb of the manager, and
 * is answered when the manager answers; the lists are read from the local copy at once. */

#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/call.h"
#include "bus/dictionary.h"
#include "bus/document.h"
#include "bus/edit.h"
#include "bus/internal.h"
#include "bus/objects.h"
#include "bus/permission.h"

/* ---- what every gated method does first and last ---- */

/* > 0: go on; 0: asked, return 1; negative: refused */
static int may(Connection *c, sd_bus_message *m, sd_bus_message_handler_t handler, sd_bus_error *reterr) {
        return permission_check(c, m, BUS_INTERFACE_MANAGER, sd_bus_message_get_member(m), handler, reterr);
}

static int
may_after_init(Connection *c, sd_bus_message *m, sd_bus_message_handler_t handler, sd_bus_error *reterr) {
        ManagerStatus status;
        int r;

        r = may(c, m, handler, reterr);
        if (r <= 0)
                return r;
        manager_status(c->bus->manager, &status);
        if (!status.initialized)
                return sd_bus_error_set(
                                reterr,
                                BUS_ERROR_NOT_INITIALIZED,
                                "This node has no identity yet; run \"quctl init\", or call Init().");
        return 1;
}

static int reply_nothing(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        return 0;
}

static int reply_version(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        return sd_bus_message_append(reply, "t", answer->version);
}

static int reply_id_and_version(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        return sd_bus_message_append(reply, "st", answer->id ?: "", answer->version);
}

static int reply_version_and_affected(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        int r;

        r = sd_bus_message_append(reply, "t", answer->version);
        if (r < 0)
                return r;
        return sd_bus_message_append_strv(reply, (char **) answer->affected);
}

static int reply_text(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        return sd_bus_message_append(reply, "s", answer->text ?: "");
}

/* ---- init ---- */

typedef struct InitArguments {
        char *advertise;
        char *bind;
        uint64_t port;
        char *secret;
        char *key_type;
} InitArguments;

static const Field init_fields[] = {
        FIELD(InitArguments, advertise, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(InitArguments, bind, FIELD_STRING, .max = ADVERTISE_MAX_BYTES),
        FIELD(InitArguments, port, FIELD_UINT),
        FIELD(InitArguments, secret, FIELD_STRING, .max = SECRET_FIELD_MAX_BYTES, .flags = FIELD_SECRET),
        FIELD(InitArguments, key_type, FIELD_STRING, .max = NAME_MAX_BYTES),
};
static const ObjectType init_type = OBJECT_TYPE(InitArguments, "node", init_fields);

static int reply_init(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        ManagerStatus status;
        int r;

        manager_status(bus->manager, &status);
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        (void) dictionary_append_string(reply, "node_id", answer->id ?: status.node_id);
        (void) dictionary_append_string(reply, "fingerprint", answer->fingerprint ?: status.fingerprint);
        (void) dictionary_append_string(reply, "directory", status.directory);
        (void) dictionary_append_string(reply, "advertise", status.advertise);
        if (answer->secret)
                (void) dictionary_append_string(reply, "secret", answer->secret);
        return sd_bus_message_close_container(reply);
}

static int method_init(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(dictionary_freep) Dictionary *d = NULL;
        Connection *c = userdata;
        const InitArguments *a;
        BusCall *call;
        int r;

        r = may(c, m, method_init, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = dictionary_read(m, &init_type, 0, &d, reterr);
        if (r < 0)
                return r;
        a = d->object;
        if (a->port > UINT16_MAX || (a->port == 0 && dictionary_has(d, "port")))
                return sd_bus_error_set(reterr, BUS_ERROR_INVALID, "port: wants a number from 1 to 65535.");

        r = bus_call_new(c, m, reply_init, &call, reterr);
        if (r < 0)
                return r;
        /* given but empty: as if not given */
        manager_init(c->bus->manager,
                     &(InitOptions){
                                     .advertise = a->advertise,
                                     .bind = a->bind && *a->bind ? a->bind : NULL,
                                     .port = (uint16_t) a->port,
                                     .secret = a->secret && *a->secret ? a->secret : NULL,
                                     .key_type = a->key_type && *a->key_type ? a->key_type : NULL,
                     },
                     bus_call_answered,
                     call);
        return 1;
}

/* ---- calls with one text, or two ---- */

typedef void (*text_verb_t)(Manager *manager, const char *text, manager_answer_t done, void *userdata);

static int
call_with_text(Connection *c,
               sd_bus_message *m,
               text_verb_t verb,
               sd_bus_message_handler_t handler,
               bus_reply_t reply,
               sd_bus_error *reterr) {
        const char *text;
        BusCall *call;
        int r;

        r = may_after_init(c, m, handler, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return r;
        if (strlen(text) > DETAIL_MAX_BYTES)
                return sd_bus_error_set(reterr, BUS_ERROR_INVALID, "The argument is too long.");
        r = bus_call_new(c, m, reply, &call, reterr);
        if (r < 0)
                return r;
        verb(c->bus->manager, text, bus_call_answered, call);
        return 1;
}

typedef void (*texts_verb_t)(
                Manager *manager, const char *one, const char *other, manager_answer_t done, void *userdata);

static int
call_with_texts(Connection *c,
                sd_bus_message *m,
                texts_verb_t verb,
                sd_bus_message_handler_t handler,
                bus_reply_t reply,
                sd_bus_error *reterr) {
        const char *one, *other;
        BusCall *call;
        int r;

        r = may_after_init(c, m, handler, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_read(m, "ss", &one, &other);
        if (r < 0)
                return r;
        if (strlen(one) > DETAIL_MAX_BYTES || strlen(other) > DETAIL_MAX_BYTES)
                return sd_bus_error_set(reterr, BUS_ERROR_INVALID, "An argument is too long.");
        r = bus_call_new(c, m, reply, &call, reterr);
        if (r < 0)
                return r;
        verb(c->bus->manager, one, other, bus_call_answered, call);
        return 1;
}

/* ---- lists ---- */

static int new_rows(sd_bus_message *m, sd_bus_message **ret) {
        int r;

        r = sd_bus_message_new_method_return(m, ret);
        return r < 0 ? r : sd_bus_message_open_container(*ret, 'a', "a{sv}");
}

static int send_rows(sd_bus_message *reply) {
        int r;

        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_list_peers(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Bus *bus = ((Connection *) userdata)->bus;
        const GPtrArray *peers = snapshot_peers(bus->snapshot);
        int r;

        r = new_rows(m, &reply);
        for (unsigned i = 0; r >= 0 && i < peers->len; i++) {
                const Peer *peer = g_ptr_array_index(peers, i);
                PeerView view;

                if (manager_peer_view(bus->manager, peer->node_id, &view) < 0)
                        view = (PeerView){ .peer = peer };
                r = peer_append_row(reply, &view);
        }
        return r < 0 ? r : send_rows(reply);
}

static int method_list_checks(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Bus *bus = ((Connection *) userdata)->bus;
        const GPtrArray *checks = snapshot_checks(bus->snapshot);
        uint32_t offset, limit;
        int r;

        r = sd_bus_message_read(m, "uu", &offset, &limit);
        if (r < 0)
                return r;
        if (limit == 0 || limit > BUS_LIST_MAX)
                limit = BUS_LIST_MAX;

        r = new_rows(m, &reply);
        for (unsigned i = offset; r >= 0 && i < checks->len && i - offset < limit; i++)
                r = check_append_row(reply, bus, g_ptr_array_index(checks, i));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "u", (uint32_t) checks->len);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_list_alerts(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Bus *bus = ((Connection *) userdata)->bus;
        const GPtrArray *alerts = snapshot_alerts(bus->snapshot);
        int r;

        r = new_rows(m, &reply);
        for (unsigned i = 0; r >= 0 && i < alerts->len; i++)
                r = alert_append_row(reply, bus, g_ptr_array_index(alerts, i));
        return r < 0 ? r : send_rows(reply);
}

static int reply_explanation(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        return dictionary_append_row(reply, &explanation_type, answer->explanation);
}

static int method_explain_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return call_with_text(
                        userdata, m, manager_check_explain, method_explain_check, reply_explanation, reterr);
}

static int trust_append_row(sd_bus_message *reply, const TrustEntry *entry) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        (void) dictionary_append_string(reply, "node_id", entry->node_id);
        (void) dictionary_append_string(reply, "address", entry->address);
        (void) dictionary_append_string(reply, "fingerprint", entry->fingerprint);
        (void) dictionary_append_uint(reply, "added_at", entry->added_at);
        return sd_bus_message_close_container(reply);
}

static int method_list_trust(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const TrustFile *trust = manager_trust(((Connection *) userdata)->bus->manager);
        unsigned n = trust && trust->entries ? trust->entries->len : 0;
        int r;

        r = new_rows(m, &reply);
        for (unsigned i = 0; r >= 0 && i < n; i++)
                r = trust_append_row(reply, g_ptr_array_index(trust->entries, i));
        return r < 0 ? r : send_rows(reply);
}

/* ---- changes of one object ---- */

static int
change_object(Connection *c,
              sd_bus_message *m,
              sd_bus_message_handler_t handler,
              edit_read_t *read,
              const ObjectType *type,
              bus_reply_t reply,
              sd_bus_error *reterr) {
        _cleanup_(change_freep) Change *change = NULL;
        BusCall *call;
        int r;

        r = may_after_init(c, m, handler, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = read(c, m, type, &change, reterr);
        if (r < 0)
                return r;
        r = bus_call_new(c, m, reply, &call, reterr);
        if (r < 0)
                return r;
        manager_change(c->bus->manager, TAKE_PTR(change), /* deadline_usec= */ 0, bus_call_answered, call);
        return 1;
}

static int method_add_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata,
                        m,
                        method_add_check,
                        edit_read_add,
                        &check_type,
                        reply_id_and_version,
                        reterr);
}

static int method_edit_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata, m, method_edit_check, edit_read_edit, &check_type, reply_version, reterr);
}

static int method_remove_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata,
                        m,
                        method_remove_check,
                        edit_read_remove,
                        &check_type,
                        reply_version,
                        reterr);
}

static int method_enable_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata,
                        m,
                        method_enable_check,
                        edit_read_enable,
                        &check_type,
                        reply_version,
                        reterr);
}

static int method_disable_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata,
                        m,
                        method_disable_check,
                        edit_read_disable,
                        &check_type,
                        reply_version,
                        reterr);
}

static int method_add_alert(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata,
                        m,
                        method_add_alert,
                        edit_read_add,
                        &alert_type,
                        reply_id_and_version,
                        reterr);
}

static int method_edit_alert(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata, m, method_edit_alert, edit_read_edit, &alert_type, reply_version, reterr);
}

static int method_remove_alert(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata,
                        m,
                        method_remove_alert,
                        edit_read_remove,
                        &alert_type,
                        reply_version_and_affected,
                        reterr);
}

static int method_enable_alert(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata,
                        m,
                        method_enable_alert,
                        edit_read_enable,
                        &alert_type,
                        reply_version,
                        reterr);
}

static int method_disable_alert(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata,
                        m,
                        method_disable_alert,
                        edit_read_disable,
                        &alert_type,
                        reply_version,
                        reterr);
}

static int method_edit_node(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return change_object(
                        userdata, m, method_edit_node, edit_read_address, &peer_type, reply_version, reterr);
}

/* ---- tests and nodes ---- */

static int method_test_alert(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return call_with_text(userdata, m, manager_alert_test, method_test_alert, reply_text, reterr);
}

static int method_test_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return call_with_texts(userdata, m, manager_check_test, method_test_check, reply_text, reterr);
}

static int reply_findings(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (unsigned i = 0; r >= 0 && answer->findings && i < answer->findings->len; i++) {
                const Finding *finding = g_ptr_array_index(answer->findings, i);

                r = sd_bus_message_open_container(reply, 'a', "{sv}");
                if (r < 0)
                        return r;
                (void) dictionary_append_string(reply, "name", finding->name);
                (void) dictionary_append_string(reply, "verdict", finding->verdict);
                (void) dictionary_append_string(reply, "detail", finding->detail);
                (void) dictionary_append_string(reply, "remedy", finding->remedy);
                r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Open, and before init, too: it costs little, for many askers get one answer. */
static int method_diagnose(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Connection *c = userdata;
        BusCall *call;
        int r;

        r = may(c, m, method_diagnose, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = bus_call_new(c, m, reply_findings, &call, reterr);
        if (r < 0)
                return r;
        manager_diagnose(c->bus->manager, bus_call_answered, call);
        return 1;
}

static int reply_node(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        (void) dictionary_append_string(reply, "node_id", answer->id);
        (void) dictionary_append_string(reply, "fingerprint", answer->fingerprint);
        (void) dictionary_append_string(reply, "state", answer->text);
        return sd_bus_message_close_container(reply);
}

static int method_probe_node(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return call_with_text(userdata, m, manager_node_probe, method_probe_node, reply_node, reterr);
}

static int method_remove_node(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return call_with_text(userdata, m, manager_node_remove, method_remove_node, reply_version, reterr);
}

static int method_remove_trust(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return call_with_text(userdata, m, manager_trust_remove, method_remove_trust, reply_nothing, reterr);
}

static int method_reset_node(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return call_with_text(userdata, m, manager_node_reset, method_reset_node, reply_text, reterr);
}

static int method_add_node(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return call_with_texts(userdata, m, manager_node_add, method_add_node, reply_id_and_version, reterr);
}

/* ---- the object ---- */

static int
get_version(sd_bus *sd,
            const char *path,
            const char *interface,
            const char *property,
            sd_bus_message *reply,
            void *userdata,
            sd_bus_error *reterr) {
        return sd_bus_message_append(reply, "s", QUPTIME_VERSION);
}

int manager_interface_register(Connection *connection, sd_bus *sd) {
        return sd_bus_add_object_vtable(
                        sd, NULL, BUS_PATH, BUS_INTERFACE_MANAGER, manager_vtable, connection);
}

#define CONSTANT SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define OPEN SD_BUS_VTABLE_UNPRIVILEGED
#define SECRETS (SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE)

/* clang-format off */
const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Init", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a{sv}", node),
                                method_init, SECRETS),
        SD_BUS_METHOD_WITH_ARGS("ListPeers", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", peers),
                                method_list_peers, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListChecks", SD_BUS_ARGS("u", offset, "u", limit),
                                SD_BUS_RESULT("aa{sv}", checks, "u", total), method_list_checks, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ExplainCheck", SD_BUS_ARGS("s", id_or_name),
                                SD_BUS_RESULT("a{sv}", explanation), method_explain_check, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListAlerts", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", alerts),
                                method_list_alerts, OPEN),
        SD_BUS_METHOD_WITH_ARGS("AddCheck", SD_BUS_ARGS("a{sv}", check), SD_BUS_RESULT("s", id, "t", version),
                                method_add_check, SECRETS), /* a target may have a password */
        SD_BUS_METHOD_WITH_ARGS("EditCheck", SD_BUS_ARGS("s", id_or_name, "a{sv}", fields),
                                SD_BUS_RESULT("t", version), method_edit_check, SECRETS),
        SD_BUS_METHOD_WITH_ARGS("RemoveCheck", SD_BUS_ARGS("s", id_or_name), SD_BUS_RESULT("t", version),
                                method_remove_check, OPEN),
        SD_BUS_METHOD_WITH_ARGS("AddAlert", SD_BUS_ARGS("a{sv}", alert), SD_BUS_RESULT("s", id, "t", version),
                                method_add_alert, SECRETS),
        SD_BUS_METHOD_WITH_ARGS("EditAlert", SD_BUS_ARGS("s", id_or_name, "a{sv}", fields),
                                SD_BUS_RESULT("t", version), method_edit_alert, SECRETS),
        SD_BUS_METHOD_WITH_ARGS("RemoveAlert", SD_BUS_ARGS("s", id_or_name),
                                SD_BUS_RESULT("t", version, "as", detached_from), method_remove_alert, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Diagnose", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", findings),
                                method_diagnose, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetDocument", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", text, "t", version),
                                method_get_document, OPEN),
        SD_BUS_METHOD_WITH_ARGS("CheckDocument", SD_BUS_ARGS("s", text, "a{sv}", options),
                                SD_BUS_RESULT("aa{sv}", differences, "aa{sv}", warnings),
                                method_check_document, SECRETS),
        SD_BUS_METHOD_WITH_ARGS("ApplyDocument", SD_BUS_ARGS("s", text, "a{sv}", options),
                                SD_BUS_RESULT("t", version), method_apply_document, SECRETS),
        SD_BUS_METHOD_WITH_ARGS("EnableCheck", SD_BUS_ARGS("s", id_or_name), SD_BUS_RESULT("t", version),
                                method_enable_check, OPEN),
        SD_BUS_METHOD_WITH_ARGS("DisableCheck", SD_BUS_ARGS("s", id_or_name), SD_BUS_RESULT("t", version),
                                method_disable_check, OPEN),
        SD_BUS_METHOD_WITH_ARGS("EnableAlert", SD_BUS_ARGS("s", id_or_name), SD_BUS_RESULT("t", version),
                                method_enable_alert, OPEN),
        SD_BUS_METHOD_WITH_ARGS("DisableAlert", SD_BUS_ARGS("s", id_or_name), SD_BUS_RESULT("t", version),
                                method_disable_alert, OPEN),
        SD_BUS_METHOD_WITH_ARGS("TestAlert", SD_BUS_ARGS("s", id_or_name), SD_BUS_RESULT("s", answer),
                                method_test_alert, OPEN),
        SD_BUS_METHOD_WITH_ARGS("TestCheck", SD_BUS_ARGS("s", id_or_name, "s", state),
                                SD_BUS_RESULT("s", answer), method_test_check, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ProbeNode", SD_BUS_ARGS("s", address), SD_BUS_RESULT("a{sv}", node),
                                method_probe_node, OPEN),
        SD_BUS_METHOD_WITH_ARGS("AddNode", SD_BUS_ARGS("s", address, "s", fingerprint),
                                SD_BUS_RESULT("s", node_id, "t", version), method_add_node, OPEN),
        SD_BUS_METHOD_WITH_ARGS("EditNode", SD_BUS_ARGS("s", node_id, "s", address),
                                SD_BUS_RESULT("t", version), method_edit_node, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RemoveNode", SD_BUS_ARGS("s", node_id), SD_BUS_RESULT("t", version),
                                method_remove_node, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListTrust", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", entries),
                                method_list_trust, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RemoveTrust", SD_BUS_ARGS("s", node_id), SD_BUS_NO_RESULT,
                                method_remove_trust, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ResetNode", SD_BUS_ARGS("s", node_id), SD_BUS_RESULT("s", text),
                                method_reset_node, OPEN),
        SD_BUS_SIGNAL_WITH_ARGS("CheckTransition",
                                SD_BUS_ARGS("s", check_id, "s", name, "s", from, "s", to, "t", when, "s", detail),
                                0),
        SD_BUS_SIGNAL_WITH_ARGS("Delivery",
                                SD_BUS_ARGS("s", notice_id, "s", alert, "s", check, "s", event, "s", recipient,
                                            "s", result, "s", answer),
                                0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, CONSTANT),
        SD_BUS_PROPERTY("Directory", "s", manager_property_get, 0, CONSTANT),
        SD_BUS_PROPERTY("Initialized", "b", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("NodeID", "s", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("ClusterID", "s", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("Fingerprint", "s", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("Advertise", "s", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("Master", "s", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("MasterVia", "s", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("Term", "t", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("Quorum", "b", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("QuorumLive", "u", manager_property_get, 0, 0), /* a live value */
        SD_BUS_PROPERTY("QuorumNeed", "u", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("ConfigVersion", "t", manager_property_get, 0, CHANGES),
        SD_BUS_PROPERTY("Hint", "s", manager_property_get, 0, CHANGES),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
