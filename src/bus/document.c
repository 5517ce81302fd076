/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/document.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/call.h"
#include "bus/dictionary.h"
#include "bus/error.h"
#include "bus/internal.h"
#include "bus/permission.h"
#include "config/complaint.h"
#include "config/merge.h"

typedef struct DocumentOptions {
        bool adopt;
        uint64_t base_version;
        char *remove_node;
} DocumentOptions;

static const Field option_fields[] = {
        FIELD(DocumentOptions, adopt, FIELD_BOOL),
        FIELD(DocumentOptions, base_version, FIELD_UINT),
        FIELD(DocumentOptions, remove_node, FIELD_STRING, .max = NAME_MAX_BYTES),
};
static const ObjectType options_type = OBJECT_TYPE(DocumentOptions, "document option", option_fields);

static int refuse_before_init(Connection *c, sd_bus_error *reterr) {
        ManagerStatus status;

        manager_status(c->bus->manager, &status);
        if (status.initialized)
                return 0;
        return sd_bus_error_set(
                        reterr,
                        BUS_ERROR_NOT_INITIALIZED,
                        "This node has no identity yet; run \"quctl init\", or call Init().");
}

/* The text is borrowed from the message. */
static int read_arguments(sd_bus_message *m, const char **ret_text, Dictionary **ret, sd_bus_error *reterr) {
        int r;

        r = sd_bus_message_rewind(m, /* complete= */ true);
        if (r < 0)
                return r;
        r = sd_bus_message_read(m, "s", ret_text);
        if (r < 0)
                return r;
        if (strlen(*ret_text) > DOCUMENT_MAX_BYTES)
                return bus_error_setf(
                                reterr,
                                BUS_ERROR_INVALID,
                                "The text is longer than %d MiB.",
                                DOCUMENT_MAX_BYTES / (1024 * 1024));
        return dictionary_read(m, &options_type, 0, ret, reterr);
}

/* ---- reading ---- */

static int reply_document(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        return sd_bus_message_append(reply, "st", answer->text ?: "", answer->version);
}

/* Open: it shows what the lists show, and the names of what this version does not know. */
int method_get_document(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Connection *c = userdata;
        BusCall *call;
        int r;

        r = permission_check(c, m, BUS_INTERFACE_MANAGER, "GetDocument", method_get_document, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = refuse_before_init(c, reterr);
        if (r < 0)
                return r;
        r = bus_call_new(c, m, reply_document, &call, reterr);
        if (r < 0)
                return r;
        manager_document_read(c->bus->manager, bus_call_answered, call);
        return 1;
}

/* ---- what would change ---- */

static const char *kind_to_text(DifferenceKind kind) {
        return kind == DIFFERENCE_ADDED ? "added" : kind == DIFFERENCE_REMOVED ? "removed" : "changed";
}

static int append_difference(sd_bus_message *reply, const Difference *difference) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        (void) dictionary_append_string(reply, "kind", kind_to_text(difference->kind));
        (void) dictionary_append_string(reply, "object", difference_noun(difference));
        (void) dictionary_append_string(reply, "id", difference->id);
        (void) dictionary_append_string(reply, "name", difference->name);
        if (difference->kind == DIFFERENCE_CHANGED) {
                (void) dictionary_append_string(reply, "field", difference_field(difference));
                (void) dictionary_append_string(reply, "from", difference->from);
                (void) dictionary_append_string(reply, "to", difference->to);
        }
        return sd_bus_message_close_container(reply);
}

static int append_warning(sd_bus_message *reply, const Complaint *warning) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        (void) dictionary_append_uint(reply, "line", warning->line);
        (void) dictionary_append_uint(reply, "column", warning->column);
        (void) dictionary_append_string(reply, "field", warning->field);
        (void) dictionary_append_string(reply, "text", warning->text);
        return sd_bus_message_close_container(reply);
}

static int reply_check(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (unsigned i = 0; r >= 0 && answer->differences && i < answer->differences->len; i++)
                r = append_difference(reply, g_ptr_array_index(answer->differences, i));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (unsigned i = 0; r >= 0 && answer->warnings && i < answer->warnings->len; i++)
                r = append_warning(reply, g_ptr_array_index(answer->warnings, i));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ---- taking in ---- */

typedef void (*document_verb_t)(
                Manager *manager, const DocumentRequest *request, manager_answer_t done, void *userdata);

static int call_with_document(
                Connection *c,
                sd_bus_message *m,
                document_verb_t verb,
                const char *text,
                const DocumentOptions *options,
                bus_reply_t reply,
                sd_bus_error *reterr) {
        g_autofree char *cause = g_strdup_printf("bus, uid %u", (unsigned) c->uid);
        BusCall *call;
        int r;

        r = refuse_before_init(c, reterr);
        if (r < 0)
                return r;
        r = bus_call_new(c, m, reply, &call, reterr);
        if (r < 0)
                return r;
        verb(c->bus->manager,
             &(DocumentRequest){ .text = text,
                                 .base_version = options->base_version,
                                 .adopt = options->adopt,
                                 .remove_node = options->remove_node,
                                 .cause = cause },
             bus_call_answered,
             call);
        return 1;
}

/* Gated, although it changes nothing: it would tell who guesses a secret whether it differs. */
int method_check_document(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(dictionary_freep) Dictionary *d = NULL;
        Connection *c = userdata;
        const char *text;
        int r;

        r = permission_check(c, m, BUS_INTERFACE_MANAGER, "CheckDocument", method_check_document, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = read_arguments(m, &text, &d, reterr);
        if (r < 0)
                return r;
        return call_with_document(c, m, manager_document_check, text, d->object, reply_check, reterr);
}

static int reply_version(sd_bus_message *reply, Bus *bus, const ManagerAnswer *answer) {
        return sd_bus_message_append(reply, "t", answer->version);
}

static int apply(sd_bus_message *m, Connection *c, bool may_remove_node, sd_bus_error *reterr);

/* The caller may do both: change what is watched, and remove a node. */
static int apply_and_remove_node(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return apply(m, userdata, /* may_remove_node= */ true, reterr);
}

static int apply(sd_bus_message *m, Connection *c, bool may_remove_node, sd_bus_error *reterr) {
        _cleanup_(dictionary_freep) Dictionary *d = NULL;
        const DocumentOptions *options;
        const char *text;
        int r;

        r = read_arguments(m, &text, &d, reterr);
        if (r < 0)
                return r;
        options = d->object;
        if (options->remove_node && *options->remove_node && !may_remove_node) {
                r = permission_check(
                                c, m, BUS_INTERFACE_MANAGER, "RemoveNode", apply_and_remove_node, reterr);
                if (r <= 0)
                        return r < 0 ? r : 1;
        }
        return call_with_document(c, m, manager_document_apply, text, options, reply_version, reterr);
}

int method_apply_document(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Connection *c = userdata;
        int r;

        r = permission_check(c, m, BUS_INTERFACE_MANAGER, "ApplyDocument", method_apply_document, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;
        return apply(m, c, /* may_remove_node= */ false, reterr);
}
