/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/call.h"

#include <assert.h>
#include <stdarg.h>

#include "base/secret.h"

struct Call {
        Calls *calls;
        manager_answer_t done; /* NULL: the caller is gone */
        void *userdata;
        bool answered;
        ManagerAnswer answer; /* owns its texts */
};

struct Calls {
        sd_event *event;
        GPtrArray *list; /* of Call, owned */
        sd_event_source *source;
};

static void call_free(void *p) {
        Call *call = p;

        g_free((char *) call->answer.text);
        g_free((char *) call->answer.id);
        g_free((char *) call->answer.name);
        g_strfreev((char **) call->answer.affected);
        g_clear_pointer(&call->answer.differences, g_ptr_array_unref);
        g_clear_pointer(&call->answer.warnings, g_ptr_array_unref);
        g_clear_pointer(&call->answer.findings, g_ptr_array_unref);
        g_free((char *) call->answer.fingerprint);
        (void) explanation_free((Explanation *) call->answer.explanation);
        (void) secret_free((char *) call->answer.secret);
        g_free(call);
}

Calls *calls_new(sd_event *event) {
        Calls *calls = g_new0(Calls, 1);

        calls->event = event;
        calls->list = g_ptr_array_new_with_free_func(call_free);
        return calls;
}

Calls *calls_free(Calls *calls) {
        if (!calls)
                return NULL;

        sd_event_source_disable_unref(calls->source);
        g_ptr_array_unref(calls->list);
        g_free(calls);
        return NULL;
}

void calls_forget(Calls *calls, const void *userdata) {
        assert(calls);

        for (unsigned i = 0; i < calls->list->len; i++) {
                Call *call = g_ptr_array_index(calls->list, i);

                if (call->userdata == userdata)
                        call->done = NULL;
        }
}

Call *call_new(Calls *calls, manager_answer_t done, void *userdata) {
        Call *call = g_new0(Call, 1);

        assert(calls);

        call->calls = calls;
        call->done = done;
        call->userdata = userdata;
        g_ptr_array_add(calls->list, call);
        return call;
}

static int on_answer(sd_event_source *source, void *userdata) {
        Calls *calls = userdata;

        for (;;) {
                Call *next = NULL;

                /* from the front each time: a call-back may add calls or forget some */
                for (unsigned i = 0; i < calls->list->len && !next; i++) {
                        Call *call = g_ptr_array_index(calls->list, i);

                        if (call->answered)
                                next = g_ptr_array_steal_index(calls->list, i);
                }
                if (!next)
                        return 0;
                if (next->done)
                        next->done(next->userdata, &next->answer);
                call_free(next);
        }
}

void call_answer(Call *call, const ManagerAnswer *answer) {
        Calls *calls;

        assert(call);
        assert(!call->answered);

        calls = call->calls;
        call->answered = true;
        call->answer = (ManagerAnswer){
                .outcome = answer->outcome,
                .text = g_strdup(answer->text ?: ""),
                .version = answer->version,
                .id = g_strdup(answer->id ?: ""),
                .name = g_strdup(answer->name ?: ""),
                .affected = g_strdupv((char **) answer->affected),
                .fingerprint = g_strdup(answer->fingerprint ?: ""),
                .secret = g_strdup(answer->secret),
                .explanation = explanation_copy(answer->explanation),
                .differences = answer->differences ? g_ptr_array_ref(answer->differences) : NULL,
                .warnings = answer->warnings ? g_ptr_array_ref(answer->warnings) : NULL,
                .findings = answer->findings ? g_ptr_array_ref(answer->findings) : NULL,
        };

        if (!calls->source) {
                if (sd_event_add_defer(calls->event, &calls->source, on_answer, calls) < 0)
                        return;
                (void) sd_event_source_set_priority(calls->source, SD_EVENT_PRIORITY_NORMAL);
        }
        (void) sd_event_source_set_enabled(calls->source, SD_EVENT_ONESHOT);
}

void call_fail(Call *call, ChangeOutcome outcome, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        call_answer(call, &(ManagerAnswer){ .outcome = outcome, .text = text });
}
