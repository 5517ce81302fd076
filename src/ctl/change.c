/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/change.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/ids.h"
#include "ctl/text.h"

ExitStatus
change_add(Context *context,
           const char *member,
           unsigned bits,
           const char *noun,
           const Member *members,
           const Flag *flags,
           const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autofree char *name = NULL, *escaped_id = NULL;
        ExitStatus status;
        uint64_t version;
        const char *id;

        assert(members);

        status = manager_call_fields(
                        context,
                        member,
                        bits,
                        &reply,
                        /* object= */ NULL,
                        members,
                        flags,
                        arguments,
                        /* with_standards= */ true);
        if (status == STATUS_DONE)
                status = answer_read(reply, "st", &id, &version);
        if (status != STATUS_DONE || context->quiet)
                return status;

        name = text_escape(members[0].text);
        escaped_id = text_escape(id);
        (void) printf("added %s %s (%s) id=%s — cluster version %" G_GUINT64_FORMAT "\n",
                      noun,
                      name,
                      members[1].text,
                      escaped_id,
                      version);
        return STATUS_DONE;
}

/* "updated check db — cluster version 7" */
static ExitStatus
say_done(const Context *context,
         sd_bus_message *reply,
         const char *done,
         const char *noun,
         const char *name) {
        g_autofree char *escaped = text_escape(name);
        ExitStatus status;
        uint64_t version;

        status = answer_read(reply, "t", &version);
        if (status == STATUS_DONE && !context->quiet)
                (void) printf("%s %s %s — cluster version %" G_GUINT64_FORMAT "\n",
                              done,
                              noun,
                              escaped,
                              version);
        return status;
}

/* What only another kind has would be stored and never used; the person meant something else. */
static ExitStatus
check_kind(Context *context,
           const char *noun,
           const char *listed_by,
           const Flag *flags,
           const Arguments *arguments) {
        const char *id_or_name = arguments_word(arguments, 0), *kind;
        g_autoptr(GPtrArray) rows = NULL;
        const ObjectType *type;
        const void *row;

        for (; flags->name; flags++) {
                if (!flags->only || !arguments_given(arguments, flags->name))
                        continue;
                if (!rows) {
                        ExitStatus status = objects_list(context, listed_by, &type, &rows);

                        if (status != STATUS_DONE)
                                return status;
                }
                row = row_find(rows, type, id_or_name);
                kind = row ? row_text(type, "type", row) : NULL;
                if (kind && strcmp(flags->only, kind) != 0)
                        return fail(STATUS_USAGE,
                                    "--%s is for %s %ss, and %s is of type %s",
                                    flags->name,
                                    flags->only,
                                    noun,
                                    id_or_name,
                                    kind);
        }
        return STATUS_DONE; /* where there is none, the daemon says it better */
}

static bool changes_anything(const Flag *flags, const Arguments *arguments) {
        for (; flags->name; flags++)
                if (flags->field && arguments_given(arguments, flags->name))
                        return true;
        return false;
}

ExitStatus
change_edit(Context *context,
            const char *member,
            unsigned bits,
            const char *noun,
            const char *listed_by,
            const Flag *flags,
            const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *id_or_name = arguments_word(arguments, 0);
        ExitStatus status;

        if (!changes_anything(flags, arguments))
                return fail(STATUS_USAGE, "nothing to change: \"quctl %s edit -h\" shows the options", noun);

        status = check_kind(context, noun, listed_by, flags, arguments);
        if (status == STATUS_DONE)
                status = manager_call_fields(
                                context,
                                member,
                                bits,
                                &reply,
                                id_or_name,
                                /* members= */ NULL,
                                flags,
                                arguments,
                                /* with_standards= */ false);
        return status == STATUS_DONE ? say_done(context, reply, "updated", noun, id_or_name) : status;
}

ExitStatus
change_simply(Context *context,
              const char *member,
              const char *done,
              const char *noun,
              const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *id_or_name = arguments_word(arguments, 0);
        ExitStatus status;

        status = manager_call(context, member, /* bits= */ 0, &reply, "s", id_or_name);
        return status == STATUS_DONE ? say_done(context, reply, done, noun, id_or_name) : status;
}
